"""The sentence of a refusal in one language: its values are words too, from slugs to days and agencies."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from types import MappingProxyType
from typing import Final

from api import i18n
from geo.errors import PanjerehError, Param

Names = Mapping[str, str]
"""What the agencies of a city are called in one language, by id."""
_NOBODY: Final[Names] = MappingProxyType({})


def worded(language: i18n.Language, error: PanjerehError, names: Names = _NOBODY) -> str:
    """The sentence of a refusal and, where there is one, the way out; values are words of the language too."""
    said_params = {name: _value(language, name, value, names) for name, value in error.params.items()}
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
_WORDS: Final = {
    "status": "status",
    "action": "action",
    "role": "role",
    "dig_status": "dig-status",
    "dig_action": "dig-action",
    "plan_status": "plan",
}
"""Parameters whose value is a member of a vocabulary, and the prefix of its words."""


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
    if name == "needs":
        return [_word(language, "dig-need", str(each)) for each in value]
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
