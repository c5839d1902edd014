"""The words of an excavation's map, for HTML: numbers, days, names in one language."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from html import escape
from typing import Any

from api import i18n
from api.condition_words import condition_text, joined, line_name
from permits.dig_map import DigMap


@dataclass(frozen=True, slots=True)
class Teller:
    """The words of one language, escaped for HTML."""

    language: i18n.Language
    made: DigMap

    @property
    def direction(self) -> str:
        """In which direction the language is read."""
        return "rtl" if self.language == "fa" else "ltr"

    def say(self, message: str, **params: Any) -> str:
        """A sentence."""
        return escape(i18n.plain(self.language, message, params))

    def word(self, prefix: str, value: object) -> str:
        """The word of a slug."""
        return self.say(f"{prefix}-{str(value).replace('_', '-')}")

    def day(self, value: date | str | None) -> str:
        """A day in the language's calendar."""
        if value is None:
            return "–"
        return escape(i18n.day(self.language, date.fromisoformat(value) if isinstance(value, str) else value))

    def number(self, value: float) -> str:
        """A number in the language's digits."""
        return escape(i18n.number(self.language, value))

    def agency(self, agency_id: str | None) -> str:
        """A company's name."""
        names = {each.agency_id: each.name.as_dict()[self.language] for each in self.made.city.agencies}
        return escape(names.get(agency_id or "", agency_id or "–"))

    def line(self, ref: str) -> str:
        """A line: its layer's name, and its id as it is stored."""
        layer, feature_id = line_name(self.language, self.made.city, ref)
        return f'{escape(layer)} <bdi dir="ltr">{escape(feature_id)}</bdi>'

    def condition(self, condition: dict[str, Any]) -> str:
        """A condition with what its values say, and the officer's note."""
        params = condition.get("params") or {}
        told = escape(condition_text(self.language, self.made.city, str(condition["code"]), params))
        note = condition.get("note")
        parts = [told] if told else []
        return ": ".join([*parts, f"<bdi>{escape(str(note))}</bdi>"] if note else parts)

    def listed(self, parts: list[str]) -> str:
        """Several things in a row."""
        return joined(self.language, parts)
