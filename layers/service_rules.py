"""How a city's companies lay and price service lines: read from `cities/service_lines.toml`, overridden per city.

A city's own `service_lines.toml` replaces whole sections (one per utility). Demands, capacities and sizes are in the
utility's own unit (`unit`: m3 per month, ampere x phases, m3 per hour); lengths and covers in metres.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from pathlib import Path

from geo.vocabulary import Utility
from layers.config import Section

FILE = "service_lines.toml"


class Per(StrEnum):
    """What one amount of a price is multiplied by."""

    CONNECTION = "connection"
    METRE = "metre"
    DEMAND = "demand"
    SIZE = "size"
    RESIDENTIAL = "residential"
    COMMERCIAL = "commercial"
    OTHER = "other"


@dataclass(frozen=True, slots=True)
class LineSize:
    """A line that is enough for `demand`: its name, outer diameter (mm), and the size that prices count."""

    demand: float
    name: str
    outer_diameter_mm: float
    size: float


@dataclass(frozen=True, slots=True)
class PriceItem:
    """One amount of a price formula."""

    code: str
    per: Per
    amount: float


@dataclass(frozen=True, slots=True)
class PriceFormula:
    """A dated price list of one currency; every item is rounded up to whole `unit`s."""

    formula_id: str
    valid_from: date
    currency: str
    unit: int
    status: str
    source: str
    items: tuple[PriceItem, ...]

    def estimate(self, counts: Mapping[Per, float]) -> tuple[tuple[str, int], ...]:
        """The items with an amount, in whole units of the currency."""
        raw = [(item.code, item.amount * counts.get(item.per, 0.0)) for item in self.items]
        return tuple(
            (code, math.ceil(amount / self.unit - 1e-9) * self.unit) for code, amount in raw if amount > 0
        )


@dataclass(frozen=True, slots=True)
class ServiceRule:
    """How the service lines of one utility are laid, sized and priced."""

    utility: Utility
    unit: str
    least_diameter_mm: float
    max_pressure_bar: float | None
    max_voltage_kv: float | None
    cover_m: float
    least_cover_m: float
    most_cover_m: float
    trench_width_m: float
    max_length_m: float
    existing: float
    simultaneity: float
    needs: Mapping[str, float]
    carries: tuple[tuple[float, float], ...]
    sizes: tuple[LineSize, ...]
    prices: tuple[PriceFormula, ...]

    def demand(self, stated: Mapping[str, object], units: Mapping[str, int]) -> float:
        """What is asked of the main: the stated capacity, else the need of the units; never below `least`."""
        amount = _stated(self.unit, stated)
        if amount is None:
            amount = math.fsum(self.needs[use] * count for use, count in units.items() if use in self.needs)
        return max(amount, self.needs["least"])

    def size(self, demand: float) -> LineSize | None:
        """The smallest line that is enough; None when the demand is beyond a service line."""
        return next((size for size in self.sizes if size.demand >= demand), None)

    def capacity(self, diameter_mm: float | None) -> float | None:
        """What a main of this outer diameter may be promised in all; None when its size does not tell."""
        if diameter_mm is None or not self.carries:
            return None
        return next(
            (capacity for largest, capacity in self.carries if diameter_mm <= largest), self.carries[-1][1]
        )

    def promised(self, services: int, proposals: float) -> float:
        """How much of a main is taken: by the services that are there, and by what others were offered."""
        return (services * self.existing + proposals) * self.simultaneity

    def fits(self, diameter_mm: float | None, pressure_bar: float | None, voltage_kv: float | None) -> bool:
        """Whether a service may be tapped from such a main; what is not known does not speak against it."""
        return (
            (diameter_mm is None or diameter_mm >= self.least_diameter_mm)
            and (
                pressure_bar is None or self.max_pressure_bar is None or pressure_bar <= self.max_pressure_bar
            )
            and (voltage_kv is None or self.max_voltage_kv is None or voltage_kv <= self.max_voltage_kv)
        )

    def price(self, on: date, currency: str) -> PriceFormula | None:
        """The newest formula of the currency that holds on the day."""
        held = [each for each in self.prices if each.currency == currency and each.valid_from <= on]
        return max(held, key=lambda each: each.valid_from, default=None)


def _stated(unit: str, stated: Mapping[str, object]) -> float | None:
    if unit == "ampere_phases":
        ampere, phases = _number(stated.get("ampere")), _number(stated.get("phases"))
        return None if ampere is None else ampere * (phases or 1)
    return _number(stated.get(unit))


def _number(value: object) -> float | None:
    return (
        float(value) if isinstance(value, int | float) and not isinstance(value, bool) and value > 0 else None
    )


def load_service_rules(city_folder: Path) -> dict[Utility, ServiceRule]:
    """The rules of a city (`city_folder` is `cities/<city>`); empty where nobody wrote any. Raises CityConfigError."""
    made: dict[Utility, ServiceRule] = {}
    for file in (city_folder.parent / FILE, city_folder / FILE):
        if file.is_file():
            root = Section.read(file)
            for name in root.keys():  # noqa: SIM118 - a Section is no mapping
                if name not in set(Utility):
                    root.refuse(name, f"none of {', '.join(Utility)}")
                made[Utility(name)] = _rule(Utility(name), root.section(name))
            root.done()
    return made


def _rule(utility: Utility, section: Section) -> ServiceRule:
    made = ServiceRule(
        utility=utility,
        unit=section.text("unit"),
        least_diameter_mm=section.number("least_diameter_mm", 0.0),
        max_pressure_bar=section.maybe_number("max_pressure_bar"),
        max_voltage_kv=section.maybe_number("max_voltage_kv"),
        cover_m=section.number("cover_m"),
        least_cover_m=section.number("least_cover_m"),
        most_cover_m=section.number("most_cover_m"),
        trench_width_m=section.number("trench_width_m"),
        max_length_m=section.number("max_length_m"),
        existing=section.number("existing"),
        simultaneity=section.number("simultaneity"),
        needs=_needs(section.section("needs")),
        carries=tuple(_carry(row) for row in section.sections("carries")),
        sizes=tuple(_size(row) for row in section.sections("sizes")),
        prices=tuple(_price(row) for row in section.sections("price")),
    )
    if not made.least_cover_m <= made.cover_m <= made.most_cover_m:
        section.refuse("cover_m", "must lie between least_cover_m and most_cover_m")
    if [size.demand for size in made.sizes] != sorted(size.demand for size in made.sizes) or not made.sizes:
        section.refuse("sizes", "at least one, in the order of their demand")
    if list(made.carries) != sorted(made.carries):
        section.refuse("carries", "must be in the order of their diameter")
    section.done()
    return made


def _needs(section: Section) -> dict[str, float]:
    made = {use: section.number(use) for use in ("residential", "commercial", "other", "least")}
    section.done()
    return made


def _carry(section: Section) -> tuple[float, float]:
    made = section.number("diameter_mm"), section.number("capacity")
    section.done()
    return made


def _size(section: Section) -> LineSize:
    made = LineSize(
        section.number("demand"),
        section.text("name"),
        section.number("outer_diameter_mm"),
        section.number("size"),
    )
    section.done()
    return made


def _price(section: Section) -> PriceFormula:
    valid_from = section.day("valid_from") or section.refuse("valid_from", "missing; expected a date")
    made = PriceFormula(
        section.text("formula_id"),
        valid_from,
        section.text("currency"),
        section.integer("unit"),
        section.text("status"),
        section.text("source"),
        tuple(_item(row) for row in section.sections("items")),
    )
    if made.unit <= 0:
        section.refuse("unit", "must be more than 0")
    section.done()
    return made


def _item(section: Section) -> PriceItem:
    made = PriceItem(section.text("code"), section.choice("per", Per), section.number("amount"))
    section.done()
    return made
