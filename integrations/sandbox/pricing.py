"""The itemised price of a connection by a dated price list, and the bill's check digits: pure.

The shapes follow published practice (installation and equipment by diameter, subscription by units for water;
linear in ampere x phases for electricity; by meter class for gas). The rates are in companies.toml.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

from integrations.sandbox.capacity import Capacity
from integrations.sandbox.profile import CompanyKind, Price, Profile


@dataclass(frozen=True, slots=True)
class Item:
    """One line of an offer or bill; whole units of the currency."""

    code: str
    amount: int


@dataclass(frozen=True, slots=True)
class Offer:
    """What a connection costs; `amount` is the sum of the items."""

    currency: str
    items: tuple[Item, ...]

    @property
    def amount(self) -> int:
        """The sum of the items."""
        return sum(item.amount for item in self.items)

    def as_dict(self) -> dict[str, Any]:
        """The offer as it is sent."""
        items = [{"code": item.code, "amount": item.amount} for item in self.items]
        return {"amount": self.amount, "currency": self.currency, "items": items}


def offer(profile: Profile, on: date, currency: str, units: Mapping[str, int], capacity: Capacity) -> Offer:
    """Return the itemised price of a connection on a day, each item rounded up to the list's unit.

    `units` counts dwellings and shops. Raises LookupError when there is no price list in that currency.
    """
    price = profile.price(on, currency)
    raw = _ITEMS[profile.kind](price, units, capacity)
    items = tuple(
        Item(code, math.ceil(amount / price.unit) * price.unit) for code, amount in raw if amount > 0
    )
    return Offer(currency, items)


_Raw = list[tuple[str, float]]


def _water(price: Price, units: Mapping[str, int], capacity: Capacity) -> _Raw:
    rate = price.rates
    homes, shops = units.get("residential", 0), units.get("commercial", 0)
    inch = capacity.values["diameter_inch"]
    # Dwellings pay by unit; everything else by contractual capacity, plus a fixed part for each shop.
    by_capacity = 0.0 if homes else rate["subscription_m3_month"] * capacity.values["m3_month"]
    return [
        ("installation", rate["installation_per_inch"] * inch),
        ("equipment", rate["equipment_per_inch"] * inch),
        ("subscription", rate["subscription_residential"] * homes + by_capacity),
        ("subscription-commercial", rate["subscription_commercial"] * shops),
        ("network-development", rate["development_unit"] * (homes + shops)),
    ]


def _power(price: Price, units: Mapping[str, int], capacity: Capacity) -> _Raw:
    rate = price.rates
    share = capacity.values["ampere"] / 25 * capacity.values["phases"]
    meter = "meter_single" if capacity.values["phases"] == 1 else "meter_three"
    return [
        ("general-part", rate["general_25a"] * share),
        ("network-share", rate["network_25a"] * share),
        ("meter", rate[meter]),
    ]


def _gas(price: Price, units: Mapping[str, int], capacity: Capacity) -> _Raw:
    rate = price.rates
    return [("branch-fee", rate["per_m3_hour"] * capacity.values["m3_hour"]), ("riser", rate["riser"])]


_ITEMS = {CompanyKind.WATER: _water, CompanyKind.POWER: _power, CompanyKind.GAS: _gas}


def check_digit(digits: str) -> int:
    """Return the check digit of an Iranian bill or payment id: weights 2..7 from the right, modulo 11.

    >>> check_digit("774831780014")
    2
    """
    total = sum(int(digit) * (2 + i % 6) for i, digit in enumerate(reversed(digits)))
    rest = total % 11
    return 0 if rest < 2 else 11 - rest


def bill_id(file_no: int, company: int, service: int) -> str:
    """Return the bill id: file number, company (3), service (1), check digit.

    >>> bill_id(10000001, 121, 6)
    '1000000112163'
    """
    body = f"{file_no}{company:03d}{service}"
    return f"{body}{check_digit(body)}"


def payment_id(bill: str, amount_rial: int, year: int, period: int) -> str:
    """Return the payment id of an amount: thousands of rials, year digit, period (2), two check digits.

    The second digit also covers the bill id. Raises ValueError for an amount that is not whole thousands.

    >>> payment_id("1000000112163", 2_450_000, 5, 3)
    '245050300'
    """
    if amount_rial % 1000 or amount_rial <= 0:
        raise ValueError("an amount in rials is billed in whole thousands")
    body = f"{amount_rial // 1000}{year % 10}{period:02d}"
    first = f"{body}{check_digit(body)}"
    return f"{first}{check_digit(bill + first)}"
