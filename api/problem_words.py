"""The sentence of a refusal in one language: its values are words too, from slugs to days and agencies."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import date
from itertools import zip_longest
from types import MappingProxyType
from typing import Final

from api import i18n
from geo.errors import PanjerehError, Param
from geo.shapes import looks_like_degrees

Params = Mapping[str, Param]
Names = Mapping[str, str]
"""What the agencies of a city are called in one language, by id."""
_NOBODY: Final[Names] = MappingProxyType({})


def worded(language: i18n.Language, error: PanjerehError, names: Names = _NOBODY) -> str:
    """The sentence of a refusal and, where there is one, the way out; values are words of the language too."""
    said_params = {name: _value(language, name, value, names) for name, value in error.params.items()}
    if own := _OF_CODE.get(error.code):
        said_params |= own(language, error.params)
    message_id = f"error-{error.code}"
    if i18n.knows(language, message_id):
        said = i18n.say(language, message_id, said_params)
    else:
        said = (type(error).__doc__ or error.code).strip().splitlines()[0]
    hint = error.params.get("hint")
    if isinstance(hint, str) and i18n.knows(language, f"hint-{hint}"):
        said = f"{said} {i18n.say(language, f'hint-{hint}', said_params)}"
    return said


_DAYS: Final = {"from_on", "until_on"}
_AGENCIES: Final = {"agency", "own", "asked", "wanted"}
_LISTS: Final = {"needs": "dig-need", "roles": "role", "possible": "dig-action"}
_WORDS: Final = {
    "status": "status",
    "action": "action",
    "role": "role",
    "dig_status": "dig-status",
    "dig_action": "dig-action",
    "plan_status": "plan",
}
"""Parameters whose value is a member of a vocabulary, and the prefix of its words."""


def _wrong_fields(language: i18n.Language, params: Params) -> dict[str, Param]:
    """Each field of a form with what is wrong with it: in words where the kind is a known one."""

    def stated(name: str) -> list[str]:
        found = params.get(name)
        return [str(each) for each in found] if isinstance(found, list) else []

    kinds, reasons, limits = stated("problems"), stated("reasons"), stated("limits")
    told = []
    for field, kind, reason, limit in zip_longest(stated("fields"), kinds, reasons, limits, fillvalue=""):
        word = next((_FORM[each] for each in _FORM if kind.startswith(each)), None)
        if word is None and kind.endswith(("_type", "_parsing")):
            word = "form-kind"
        said = (
            i18n.say(language, word, {"limit": _number(limit)})
            if word
            else reason.removeprefix("Value error, ")
        )
        told.append(f"{field.removeprefix('body.')} ({said})" if said else field)
    return {"fields": told}


def _number(limit: str) -> float | str:
    try:
        return float(limit)
    except ValueError:
        return limit


# The validator's kinds of fault, by how their names begin; the first that fits.
_FORM: Final = {
    "missing": "form-missing",
    "extra_forbidden": "form-unknown",
    "unexpected_file": "form-unknown",
    "json_invalid": "form-json",
    "day_form": "form-day",
    "enum": "form-one-of",
    "literal_error": "form-one-of",
    "greater_than_equal": "form-at-least",
    "greater_than": "form-more-than",
    "less_than_equal": "form-at-most",
    "less_than": "form-less-than",
    "too_long": "form-too-long",
    "string_too_long": "form-too-long",
    "too_short": "form-too-short",
    "string_too_short": "form-too-short",
    "string_pattern_mismatch": "form-pattern",
}


def _crossing(language: i18n.Language, params: Params) -> dict[str, Param]:
    """The place of a crossing to about a decimetre in degrees, to a centimetre in metres."""
    at = [params.get(name) for name in ("x", "y")]
    x, y = (float(each) if isinstance(each, int | float) else 0.0 for each in at)
    decimals = 6 if looks_like_degrees((x, y, x, y)) else 2
    return {"x": i18n.coordinate(language, x, decimals), "y": i18n.coordinate(language, y, decimals)}


def _area(language: i18n.Language, params: Params) -> dict[str, Param]:
    is_city = params.get("of") == "city"
    return {"name": i18n.say(language, "area-of-city") if is_city else params.get("name")}


def _photo(language: i18n.Language, params: Params) -> dict[str, Param]:
    return {"reason": _word(language, "photo", str(params.get("reason")))}


_OF_CODE: Final[Mapping[str, Callable[[i18n.Language, Params], dict[str, Param]]]] = {
    "form-invalid": _wrong_fields,
    "shape-self-crossing": _crossing,
    "crs-out-of-area": _area,
    "photo-unusable": _photo,
}
"""Refusals whose values are worded in a way of their own."""


def _value(language: i18n.Language, name: str, value: Param, names: Names) -> Param:
    if name in _AGENCIES:
        return _named(value, names)
    if name in _DAYS:
        return _day(language, name, value)
    if isinstance(value, list):
        return _list(language, name, value, names)
    if name in _WORDS and isinstance(value, str):
        return _word(language, _WORDS[name], value)
    return value


def _list(
    language: i18n.Language, name: str, value: list[str] | list[int] | list[float], names: Names
) -> Param:
    if name == "reasons":
        return [_reason(language, str(each), names) for each in value]
    if name in _LISTS:
        return [_word(language, _LISTS[name], str(each)) for each in value]
    return value


def _word(language: i18n.Language, prefix: str, value: str) -> str:
    message_id = f"{prefix}-{value.replace('_', '-')}"
    return i18n.say(language, message_id) if i18n.knows(language, message_id) else value


def _named(value: Param, names: Names) -> Param:
    if isinstance(value, list):
        return [names.get(str(each), str(each)) for each in value]
    return names.get(value, value) if isinstance(value, str) else value


def _day(language: i18n.Language, name: str, value: Param) -> str:
    """A day in the language's calendar; an end that is open, or a day until which something holds."""
    if not isinstance(value, str):
        return i18n.say(language, "until-lifted")
    said = i18n.day(language, date.fromisoformat(value))
    return i18n.say(language, "until-day", {"day": said}) if name == "until_on" else said


def _reason(language: i18n.Language, reason: str, names: Names) -> str:
    """`slug` or `slug:where` in words."""
    slug, _, where = reason.partition(":")
    message_id = f"reason-{slug}"
    if not i18n.knows(language, message_id):
        return reason
    return i18n.say(language, message_id, {"where": names.get(where, where)})
