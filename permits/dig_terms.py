"""The terms of excavation permits, as dated data: `dig_terms.toml` here, overridden by `cities/<city>/digs.toml`.

Each term has a value, a unit, a source, the source's date and a status; nothing here is a constant of the code.
"""

from __future__ import annotations

import tomllib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from functools import lru_cache
from pathlib import Path
from typing import Any

from permits.dig_errors import DigTermsInvalid
from permits.dig_vocabulary import Pavement
from permits.ports import Json
from permits.vocabulary import DigMethod

FILE = "digs.toml"
DEFAULTS = Path(__file__).with_name("dig_terms.toml")


class TermStatus(StrEnum):
    """Whether a local authority stands behind a value."""

    CONFIRMED = "confirmed"
    UNCONFIRMED = "unconfirmed"


@dataclass(frozen=True, slots=True)
class Term:
    """One value with where it comes from."""

    term_id: str
    value: Any
    unit: str
    source: str
    dated: date
    status: TermStatus


@dataclass(frozen=True, slots=True)
class DigTerms:
    """All terms of one city; every id of `KNOWN` is there."""

    terms: Mapping[str, Term]

    def number(self, term_id: str) -> float:
        """The value of a term that is one number."""
        return float(self.terms[term_id].value)

    def whole(self, term_id: str) -> int:
        """The value of a term that is a whole number."""
        return int(self.terms[term_id].value)

    def numbers(self, term_id: str) -> list[float]:
        """The value of a term that is a list of numbers."""
        return [float(each) for each in self.terms[term_id].value]

    def rate(self, pavement: Pavement) -> float:
        """What one square metre of this pavement costs to restore."""
        return float(self.terms["damage_rates"].value[pavement.value])

    def age_factor(self, years: float | None) -> float:
        """The factor for the pavement's age; an unknown age counts as neither young nor old (1)."""
        if years is None:
            return 1.0
        rows = self.terms["age_factors"].value
        return float(next((factor for up_to, factor in rows if years <= up_to), rows[-1][1]))

    def repeat_factor(self, earlier: int) -> float:
        """The coefficient for so many earlier digs at the same place."""
        rows = self.numbers("repeat_coefficients")
        return rows[min(earlier, len(rows) - 1)]

    def method_factor(self, method: DigMethod) -> float:
        """The part of the pavement that this way of digging opens."""
        return float(self.terms["method_factors"].value[method.value])

    def needs_tests(self, pavement: Pavement | None) -> bool:
        """Whether the laboratory tests this pavement before the hand-over."""
        return pavement is not None and pavement.value in self.terms["tests_for"].value

    def unconfirmed(self, *term_ids: str) -> list[str]:
        """Which of these terms no authority has confirmed."""
        return [each for each in term_ids if self.terms[each].status is TermStatus.UNCONFIRMED]

    def as_json(self) -> list[Json]:
        """The terms as the API shows them, by id."""
        return [
            {
                "id": term.term_id,
                "value": term.value,
                "unit": term.unit,
                "source": term.source,
                "dated": term.dated.isoformat(),
                "status": term.status.value,
            }
            for _, term in sorted(self.terms.items())
        ]


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and value >= 0


def _is_whole(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and value >= 0


def _is_shares(value: Any) -> bool:
    return (
        isinstance(value, list)
        and len(value) == 2
        and all(_is_number(each) and 0 < each < 1 for each in value)
        and value[0] < value[1]
    )


def _is_factors(value: Any) -> bool:
    return isinstance(value, list) and bool(value) and all(map(_is_number, value))


def _is_age_table(value: Any) -> bool:
    if not isinstance(value, list) or not value:
        return False
    if not all(isinstance(row, list) and len(row) == 2 and all(map(_is_number, row)) for row in value):
        return False
    ages = [row[0] for row in value]
    return ages == sorted(set(ages))


def _is_rates(value: Any) -> bool:
    return isinstance(value, dict) and set(value) == set(Pavement) and all(map(_is_number, value.values()))


def _is_methods(value: Any) -> bool:
    return isinstance(value, dict) and set(value) == set(DigMethod) and all(map(_is_number, value.values()))


def _is_pavements(value: Any) -> bool:
    return isinstance(value, list) and set(value) <= set(Pavement)


def _is_step(value: Any) -> bool:
    return _is_number(value) and value > 0


KNOWN: Mapping[str, Callable[[Any], bool]] = {
    "first_answer_days": _is_whole,
    "repeat_answer_days": _is_whole,
    "warn_shares": _is_shares,
    "inquiry_valid_days": _is_whole,
    "inquiry_reach_m": _is_number,
    "regularise_days": _is_whole,
    "allowed_delay_days": _is_whole,
    "renewals": _is_whole,
    "guarantee_days": _is_whole,
    "tests_for": _is_pavements,
    "overlap_buffer_m": _is_number,
    "overlap_window_days": _is_whole,
    "overlap_tail_days": _is_whole,
    "moratorium_years": _is_whole,
    "repeat_window_days": _is_whole,
    "repeat_radius_m": _is_number,
    "repeat_coefficients": _is_factors,
    "age_factors": _is_age_table,
    "damage_rates": _is_rates,
    "method_factors": _is_methods,
    "min_area_m2": _is_number,
    "supervision_share": _is_number,
    "delay_fine_per_day": _is_number,
    "rounding": _is_step,
}
"""Every term there is, and what its value must be."""


def read_terms(city_folder: Path) -> DigTerms:
    """The terms of the city whose folder this is: the defaults, with its own values over them.

    Raises `DigTermsInvalid` naming the file, the term and what is wrong.
    """
    found = _read(DEFAULTS)
    own = city_folder / FILE
    if own.is_file():
        found |= _read(own)
    missing = sorted(set(KNOWN) - set(found))
    if missing:
        raise DigTermsInvalid(file=str(own), term=missing[0], problem="missing")
    return DigTerms(found)


@lru_cache(maxsize=64)
def terms_of(city_folder: Path) -> DigTerms:
    """The terms of a city, read once per process."""
    return read_terms(city_folder)


def _read(path: Path) -> dict[str, Term]:
    try:
        rows = tomllib.loads(path.read_text(encoding="utf-8")).get("terms", {})
    except (OSError, tomllib.TOMLDecodeError) as error:
        raise DigTermsInvalid(file=str(path), term="-", problem=str(error)) from error
    return {term_id: _term(path, term_id, row) for term_id, row in rows.items()}


def _term(path: Path, term_id: str, row: Any) -> Term:
    def refuse(problem: str) -> DigTermsInvalid:
        return DigTermsInvalid(file=str(path), term=term_id, problem=problem)

    if term_id not in KNOWN:
        raise refuse("unknown")
    if not isinstance(row, dict) or set(row) != {"value", "unit", "source", "dated", "status"}:
        raise refuse("value, unit, source, dated and status are needed, nothing else")
    if not KNOWN[term_id](row["value"]):
        raise refuse("wrong value")
    if not isinstance(row["dated"], date) or row["status"] not in set(TermStatus):
        raise refuse("dated is a date, status confirmed or unconfirmed")
    return Term(
        term_id, row["value"], str(row["unit"]), str(row["source"]), row["dated"], TermStatus(row["status"])
    )
