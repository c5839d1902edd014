"""What is asked for, in the company's own classes: pure.

Water is sold by contractual capacity (m3 per month) and meter diameter (inch), electricity by ampere and
phases, gas by meter class (m3 per hour). A request is rounded up to the next class that is sold.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from integrations.sandbox.profile import CompanyKind, Profile

VOLT = 230.0


class CapacityOutOfRange(Exception):
    """The request is larger than the largest class sold."""


@dataclass(frozen=True, slots=True)
class Capacity:
    """A class that is sold, and the load a main is counted with for it (own unit, after simultaneity)."""

    values: dict[str, float]
    demand: float

    @property
    def kilowatt(self) -> float:
        """Electrical capacity in kW at 230 V per phase; 0 for the other utilities."""
        return self.values.get("ampere", 0.0) * self.values.get("phases", 0.0) * VOLT / 1000


def needed(profile: Profile, units: dict[str, int]) -> float:
    """Return the capacity a building of so many units needs, in the utility's unit."""
    total = sum(units.get(use, 0) * profile.needs[use] for use in ("residential", "commercial", "other"))
    return float(max(total, profile.needs["least"]))


def sold(profile: Profile, asked: dict[str, Any], units: dict[str, int]) -> Capacity:
    """Return the smallest class that covers what is asked (or, where nothing is, what the units need).

    Raises CapacityOutOfRange.
    """
    return _SOLD[profile.kind](profile, asked, needed(profile, units))


def _first(found: dict[str, float] | None) -> dict[str, float]:
    if found is None:
        raise CapacityOutOfRange
    return found


def _water(profile: Profile, asked: dict[str, Any], need: float) -> Capacity:
    m3_month = float(asked.get("m3_month") or need)
    diameter = float(asked.get("diameter_inch") or 0)
    fits = (
        {"m3_month": m3_month, "diameter_inch": float(inch)}
        for inch, most in profile.needs["meters"]
        if most >= m3_month and inch >= diameter
    )
    return Capacity(_first(next(fits, None)), m3_month * profile.simultaneity)


def _power(profile: Profile, asked: dict[str, Any], need: float) -> Capacity:
    ampere, phases = float(asked.get("ampere") or 0), float(asked.get("phases") or 0)
    product = ampere * phases if ampere and phases else max(need, ampere)
    fits = (
        {"ampere": float(a), "phases": float(p)}
        for a, p in profile.needs["classes"]
        if a * p >= product and a >= ampere and p >= phases
    )
    values = _first(next(fits, None))
    return Capacity(values, values["ampere"] * values["phases"] * profile.simultaneity)


def _gas(profile: Profile, asked: dict[str, Any], need: float) -> Capacity:
    m3_hour = float(asked.get("m3_hour") or need)
    fits = ({"m3_hour": float(size)} for size in profile.needs["classes"] if size >= m3_hour)
    values = _first(next(fits, None))
    return Capacity(values, values["m3_hour"] * profile.simultaneity)


_SOLD = {CompanyKind.WATER: _water, CompanyKind.POWER: _power, CompanyKind.GAS: _gas}
