"""The pure parts of the reference company: classes, prices, check digits, by vectors and by properties."""

from __future__ import annotations

import doctest
from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from integrations.sandbox import pricing
from integrations.sandbox.capacity import Capacity, CapacityOutOfRange, sold
from integrations.sandbox.pricing import bill_id, check_digit, offer, payment_id
from integrations.sandbox.profile import CompanyKind, load_place, load_profile

WATER, POWER, GAS = (load_profile(kind) for kind in (CompanyKind.WATER, CompanyKind.POWER, CompanyKind.GAS))
ON = date(2026, 11, 22)


def test_examples() -> None:
    assert doctest.testmod(pricing).failed == 0


@pytest.mark.parametrize(
    ("bill", "payment", "holds"),
    [
        ("7748317800142", "1770160", True),
        ("2050327604613", "1070189", True),
        ("1117753200140", "12070160", True),
        ("1177809000142", "570108", True),
        ("9174639504124", "12908197", False),
        ("2234322344613", "1070189", False),
        ("1117753200140", "1770165", False),
    ],
)
def test_check_digits_by_published_vectors(bill: str, payment: str, holds: bool) -> None:
    """persian-tools test/bill.spec.ts and py-persian-tools tests/test_bill.py."""
    bill_holds = check_digit(bill[:-1]) == int(bill[-1])
    first = check_digit(payment[:-2]) == int(payment[-2])
    second = check_digit(bill + payment[:-1]) == int(payment[-1])
    assert (bill_holds and first and second) == holds


@pytest.mark.parametrize(
    ("made", "expected"),
    [
        ((10000001, 121, 6, 2_450_000, 5, 3), ("1000000112163", "245050300")),
        ((10000002, 121, 6, 35_000, 5, 3), ("1000000212168", "3550385")),
        ((7654321, 301, 1, 98_000_000, 5, 2), ("765432130114", "9800050204")),
        ((55501234, 410, 2, 120_000, 4, 12), ("5550123441026", "12041229")),
    ],
)
def test_bill_and_payment_ids(made: tuple[int, ...], expected: tuple[str, str]) -> None:
    file_no, company, service, amount, year, period = made
    bill = bill_id(file_no, company, service)
    assert (bill, payment_id(bill, amount, year, period)) == expected


@pytest.mark.parametrize("amount", [0, -1000, 1500])
def test_only_whole_thousands_of_rials_are_billed(amount: int) -> None:
    with pytest.raises(ValueError, match="thousands"):
        payment_id("1000000112163", amount, 5, 3)


def test_electricity_is_linear_in_ampere_times_phases() -> None:
    """The published list of 1398: 32 A three-phase = 6,862,080 + 57,792,000 + 5,410,000 rials."""
    from integrations.sandbox.profile import Price

    rates = {"general_25a": 1_787_000.0, "network_25a": 15_050_000.0, "meter_single": 1_887_000.0}
    listed = Price(ON, "IRR", 1, rates | {"meter_three": 5_410_000.0})
    share = 32 / 25 * 3
    raw = pricing._power(listed, {}, Capacity({"ampere": 32.0, "phases": 3.0}, 0.0))
    assert [round(amount) for _, amount in raw] == [6_862_080, 57_792_000, 5_410_000]
    assert share == pytest.approx(3.84)


def test_prices_are_dated() -> None:
    capacity = sold(GAS, {"m3_hour": 6}, {})
    old, new = (offer(GAS, day, "EUR", {}, capacity).amount for day in (date(2026, 6, 30), date(2026, 7, 1)))
    assert (old, new) == (6 * 115 + 780, 6 * 124 + 830)
    with pytest.raises(LookupError, match="EUR"):
        offer(GAS, date(2024, 12, 31), "EUR", {}, capacity)
    with pytest.raises(LookupError, match="XXX"):
        offer(GAS, ON, "XXX", {}, capacity)


counts = st.fixed_dictionaries(
    {"residential": st.integers(0, 60), "commercial": st.integers(0, 20), "other": st.integers(0, 20)}
)


@pytest.mark.parametrize("profile", [WATER, POWER, GAS], ids=["water", "power", "gas"])
@given(units=counts, currency=st.sampled_from(["EUR", "IRR"]))
def test_every_offer_adds_up(profile: object, units: dict[str, int], currency: str) -> None:
    from integrations.sandbox.profile import Profile

    assert isinstance(profile, Profile)
    try:
        capacity = sold(profile, {}, units)
    except CapacityOutOfRange:
        return
    made = offer(profile, ON, currency, units, capacity)
    assert made.amount == sum(item.amount for item in made.items) > 0
    assert currency == "EUR" or made.amount % 1000 == 0


@pytest.mark.parametrize("profile", [WATER, POWER, GAS], ids=["water", "power", "gas"])
@given(units=counts, more=st.integers(1, 5))
def test_more_units_never_need_less(profile: object, units: dict[str, int], more: int) -> None:
    from integrations.sandbox.profile import Profile

    assert isinstance(profile, Profile)
    try:
        larger = sold(profile, {}, units | {"residential": units["residential"] + more})
    except CapacityOutOfRange:
        return
    assert larger.demand >= sold(profile, {}, units).demand


def test_the_companies_serve_the_demo_cities_only() -> None:
    assert load_place("karhula").crs == 3067
    with pytest.raises(KeyError):
        load_place("nowhere")


@pytest.mark.parametrize(
    ("ours", "largest"), [(WATER, {"m3_month": 7501}), (POWER, {"ampere": 401}), (GAS, {"m3_hour": 161})]
)
def test_beyond_the_largest_class(ours: object, largest: dict[str, float]) -> None:
    from integrations.sandbox.profile import Profile

    assert isinstance(ours, Profile)
    with pytest.raises(CapacityOutOfRange):
        sold(ours, largest, {})


def test_a_main_of_unknown_size_carries_nothing() -> None:
    assert WATER.carried_by(None, None, None) == 0
    assert POWER.carried_by(None, "unheard of", None) == 0
    assert POWER.carried_by(None, "NAYY 4x150 SE", None) == pytest.approx(729)
