"""A permit's condition in full: its sentence and what its values say.

The browser words them alike (`web/src/lib/conditions.ts`), from the same messages.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from itertools import pairwise
from typing import Any, Final

from persiantools import digits

from api import i18n
from layers.city import City

ALL_DAYS: Final = 7
OTHER: Final = "other"
# Conditions that hold everywhere, or whose ground is told in another way: a width would say nothing.
_WITHOUT_WIDTH: Final = frozenset({"ask-owner", "safe-corridor", "locate-first"})
_TEXTS: Final = frozenset({"utility", "owner", "agency"})


def condition_text(language: i18n.Language, city: City, code: str, params: Mapping[str, Any]) -> str:
    """The sentence of the code, then who, how wide, when, how many: everything `params` holds but the lines.

    A code without words of ours (a company's own) is shown as it is; `other` has only its note.
    """
    return _Words(language, city).text(code, params)


def joined(language: i18n.Language, parts: Sequence[str]) -> str:
    """Several things in a row; the comma is the language's, so that digits never grow together."""
    return i18n.plain(language, "list-comma").join(parts)


def line_name(language: i18n.Language, city: City, ref: str) -> tuple[str, str]:
    """The layer's name and the line's id of `layer_id/feature_id`; ids are never translated."""
    layer_id, _, feature_id = ref.partition("/")
    return _Words(language, city).layer(layer_id), feature_id


def _is_usable(name: str, value: Any) -> bool:
    """Values may come from anyone who writes to the API: what is not of the right kind is not worded."""
    if name in _TEXTS:
        return isinstance(value, str)
    if name == "weekdays":
        return isinstance(value, list) and bool(value) and all(day in range(1, ALL_DAYS + 1) for day in value)
    if name == "layers":
        return isinstance(value, list) and all(isinstance(each, str) for each in value)
    return isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)


class _Words:
    def __init__(self, language: i18n.Language, city: City) -> None:
        self.language, self.city = language, city

    def text(self, code: str, params: Mapping[str, Any]) -> str:
        head = "" if code == OTHER else self.word("condition", code)
        told = self.say("list-semicolon").join(self.details(code, params))
        return f"{head}: {told}" if head and told else head or told

    def details(self, code: str, params: Mapping[str, Any]) -> Iterator[str]:
        """What the values say, in a fixed order."""
        parts: dict[str, Callable[[Any], str]] = {
            "utility": lambda value: self.word("utility", value),
            "owner": self.agency,
            "agency": self.agency,
            "cover_m": lambda value: self.say("condition-told-cover", cover=self.number(value)),
            "within": lambda value: self.width(code, value),
            "pits": lambda value: self.say("condition-told-pits", count=value) if value else "",
            "weekdays": lambda value: self.hours(value, params),
            "notice_hours": lambda value: self.say("condition-told-notice", hours=self.number(value)),
            "area_m2": lambda value: self.machine(value, params.get("share")),
            "layers": lambda value: joined(self.language, [self.layer(each) for each in value]),
        }
        for name, words in parts.items():
            value = params.get(name)
            said = words(value) if _is_usable(name, value) else ""
            if said:
                yield said

    def width(self, code: str, within: float) -> str:
        if code in _WITHOUT_WIDTH or not within:
            return ""
        if code == "protect-tree":
            return self.say("condition-told-around", within=self.number(within))
        return self.say("condition-told-beside", within=self.number(within))

    def hours(self, weekdays: Sequence[int], params: Mapping[str, Any]) -> str:
        opens, closes = (self.digits(str(params.get(name) or "")) for name in ("from", "to"))
        return self.say("condition-told-hours", **{"days": self.days(weekdays), "from": opens, "to": closes})

    def days(self, weekdays: Sequence[int]) -> str:
        """Days that follow one another as "from to", across the week's end as well; others one by one."""
        names = [self.say(f"weekday-{day}") for day in weekdays]
        if len(set(weekdays)) == ALL_DAYS:
            return self.say("condition-told-days-all")
        follows = all(b == a % ALL_DAYS + 1 for a, b in pairwise(weekdays))
        if len(names) > 2 and follows:
            return self.say("condition-told-days-run", first=names[0], last=names[-1])
        return joined(self.language, names)

    def machine(self, area_m2: float, share: Any) -> str:
        if not area_m2:
            return self.say("condition-told-machine-none")
        percent = round(float(share) * 100) if _is_usable("share", share) else 0
        area = self.number(round(float(area_m2), 1))
        return self.say("condition-told-machine", area=area, percent=self.number(percent))

    def agency(self, agency_id: Any) -> str:
        names = {each.agency_id: each.name.as_dict()[self.language] for each in self.city.agencies}
        return names.get(str(agency_id)) or self.word("agency", agency_id)

    def layer(self, layer_id: Any) -> str:
        """The layer's name; where a city has no such layer, the id is the utility that ought to have one."""
        names = {spec.layer_id: spec.name.as_dict()[self.language] for spec in self.city.layers}
        return names.get(str(layer_id)) or self.word("utility", layer_id)

    def word(self, group: str, value: Any) -> str:
        """The word of a slug, or the slug where there is none."""
        message = f"{group}-{str(value).replace('_', '-')}"
        return self.say(message) if i18n.knows(self.language, message) else str(value)

    def say(self, message: str, **params: Any) -> str:
        return i18n.plain(self.language, message, params)

    def number(self, value: float) -> str:
        return i18n.number(self.language, value)

    def digits(self, text: str) -> str:
        return str(digits.en_to_fa(text)) if self.language == "fa" else text
