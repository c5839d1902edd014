"""Translation of capacities: pure, exhaustive over what is traded, refusing what has no word."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from integrations.company import NotTranslatable, read_answer
from integrations.gas import GasMeasures
from integrations.power import VOLT, PowerMeasures
from integrations.water import TRADE_SIZES, WaterMeasures

ALL = [WaterMeasures(), PowerMeasures(), GasMeasures()]


@pytest.mark.parametrize("measures", ALL, ids=lambda m: type(m).__name__)
def test_nothing_asked_is_nothing_sent(measures: Any) -> None:
    assert measures.to_company({}) == {}
    assert measures.from_company({}) == {}
    assert measures.to_company({"anything": None}) == {}


@pytest.mark.parametrize("measures", ALL, ids=lambda m: type(m).__name__)
@pytest.mark.parametrize(
    "bad", [{"parsec": 1}, {"ampere": -1}, {"m3_month": True}, {"m3_hour": "6"}, {"phases": 2}]
)
def test_nonsense_is_refused(measures: Any, bad: dict[str, Any]) -> None:
    with pytest.raises(NotTranslatable):
        measures.to_company(bad)


@pytest.mark.parametrize(("dn", "inch"), TRADE_SIZES.items())
def test_every_trade_size_there_and_back(dn: int, inch: float) -> None:
    water = WaterMeasures()
    assert water.to_company({"diameter_mm": dn}) == {"diameter_inch": inch}
    assert water.to_company({"diameter_inch": inch}) == {"diameter_inch": inch}
    assert water.from_company({"diameter_inch": inch}) == {"diameter_inch": inch}


@given(st.floats(min_value=0.1, max_value=400))
def test_a_pipe_is_never_smaller_than_asked(diameter_mm: float) -> None:
    inch = WaterMeasures().to_company({"diameter_mm": diameter_mm})["diameter_inch"]
    [dn] = [dn for dn, size in TRADE_SIZES.items() if size == inch]
    assert dn >= diameter_mm
    assert all(other < diameter_mm or other >= dn for other in TRADE_SIZES)


def test_no_pipe_is_larger_than_the_largest() -> None:
    with pytest.raises(NotTranslatable):
        WaterMeasures().to_company({"diameter_mm": 401})


def test_an_answer_we_cannot_read_is_left_out() -> None:
    """Rather nothing than a number in the wrong unit."""
    said = {"our_ref": "r", "proposed_capacity": {"diameter_inch": "half"}}
    assert read_answer(WaterMeasures(), said) == {"our_ref": "r", "proposed_capacity": None}
    assert read_answer(WaterMeasures(), {"proposed_capacity": None}) == {"proposed_capacity": None}


@given(st.floats(min_value=0.1, max_value=400), st.sampled_from([None, 1, 3]))
def test_kilowatts_are_covered_by_the_amperes(kilowatt: float, phases: int | None) -> None:
    form = PowerMeasures().to_company({"kilowatt": kilowatt, "phases": phases})
    got = form["ampere"] * form["phases"] * VOLT / 1000
    assert got >= kilowatt - 1e-9
    assert got - kilowatt <= form["phases"] * VOLT / 1000 + 1e-9
    assert phases is None or form["phases"] == phases


@pytest.mark.parametrize(
    ("ours", "theirs"),
    [
        ({"ampere": 25}, {"ampere": 25.0, "phases": 1}),
        ({"ampere": 32, "phases": 3}, {"ampere": 32.0, "phases": 3}),
        ({"phases": 3}, {"phases": 3}),
        ({"kilowatt": 7}, {"ampere": 31.0, "phases": 1}),
        ({"kilowatt": 8}, {"ampere": 12.0, "phases": 3}),
    ],
)
def test_power_by_example(ours: dict[str, float], theirs: dict[str, float]) -> None:
    assert PowerMeasures().to_company(ours) == theirs
