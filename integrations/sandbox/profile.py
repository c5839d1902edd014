"""Who the company is: its utility, its rules and its prices, read from companies.toml."""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from functools import cache
from pathlib import Path
from typing import Any


class CompanyKind(StrEnum):
    """The three kinds of company this server can be."""

    WATER = "water"
    POWER = "power"
    GAS = "gas"


class TariffClass(StrEnum):
    """The price categories the company sells under; `none` = no supply yet."""

    RESIDENTIAL = "residential"
    COMMERCIAL = "commercial"
    INDUSTRIAL = "industrial"
    PUBLIC = "public"
    CONSTRUCTION = "construction"
    NONE = "none"


@dataclass(frozen=True, slots=True)
class Place:
    """The city the company serves: its network file, EPSG code, currency and time zone."""

    city_id: str
    file: str
    crs: int
    currency: str
    timezone: str


@dataclass(frozen=True, slots=True)
class Price:
    """One dated price list; amounts are rounded up to `unit` of the currency."""

    valid_from: date
    currency: str
    unit: int
    rates: dict[str, float]


@dataclass(frozen=True, slots=True)
class Profile:
    """What the company is and goes by; capacities in the utility's own unit (m3/month, A x phases, m3/h)."""

    kind: CompanyKind
    utility: str
    letter: str
    name: dict[str, str]
    max_service_length_m: float
    offer_valid_days: int
    hand_dig_within_m: float
    bill_company: int
    bill_service: int
    existing_service: float
    simultaneity: float
    min_main_diameter_mm: float
    conditions: tuple[str, ...]
    tables: tuple[dict[str, Any], ...]
    carries: tuple[tuple[float, float], ...]
    ampacity: tuple[tuple[str, float], ...]
    cable_loading: float
    max_pressure_bar: float | None
    demand_from_kw: float | None
    needs: dict[str, Any]
    prices: tuple[Price, ...]

    def price(self, on: date, currency: str) -> Price:
        """Return the price list in force on a day. Raises LookupError when there is none."""
        lists = [p for p in self.prices if p.currency == currency and p.valid_from <= on]
        if not lists:
            raise LookupError(f"{self.kind}: no price list in {currency} on {on}")
        return max(lists, key=lambda p: p.valid_from)

    def carried_by(self, diameter_mm: float | None, cable: str | None, ampere: float | None) -> float:
        """Return what a main is promised to carry, in the utility's unit; 0 for a main of unknown size."""
        if self.kind is CompanyKind.POWER:
            rated = ampere or max((a for name, a in self.ampacity if name in (cable or "")), default=0.0)
            return rated * 3 * self.cable_loading
        if diameter_mm is None:
            return 0.0
        return next((capacity for limit, capacity in self.carries if diameter_mm <= limit), 0.0)


@cache
def _book() -> dict[str, Any]:
    return tomllib.loads((Path(__file__).parent / "companies.toml").read_text(encoding="utf-8"))


def parcels_table() -> tuple[str, str]:
    """Return the table and id column of the parcels in a city's file."""
    return _book()["parcels"]["table"], _book()["parcels"]["id"]


def load_place(city_id: str) -> Place:
    """Return the city. Raises KeyError for one the companies do not serve."""
    return Place(city_id=city_id, **_book()["city"][city_id])


def _price(row: dict[str, Any]) -> Price:
    meta = {"valid_from", "currency", "unit", "status"}
    rates = {key: float(value) for key, value in row.items() if key not in meta}
    return Price(row["valid_from"], row["currency"], int(row["unit"]), rates)


@cache
def load_profile(kind: CompanyKind) -> Profile:
    """Return the company of a kind."""
    row = dict(_book()[kind.value])
    return Profile(
        kind=kind,
        conditions=tuple(row.pop("conditions")),
        tables=tuple(row.pop("tables")),
        carries=tuple((c["diameter_mm"], c["capacity"]) for c in row.pop("carries", [])),
        ampacity=tuple((c["cable"], c["ampere"]) for c in row.pop("ampacity", [])),
        cable_loading=row.pop("cable_loading", 1.0),
        max_pressure_bar=row.pop("max_pressure_bar", None),
        demand_from_kw=row.pop("demand_from_kw", None),
        prices=tuple(_price(p) for p in row.pop("price")),
        **row,
    )
