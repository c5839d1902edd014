"""Position quality: the normal model against an independent one, and the table's own consistency."""

from __future__ import annotations

from statistics import NormalDist

import pytest
from hypothesis import given
from hypothesis import strategies as st

from geo.quality import (
    ACCURACIES,
    CLEAR_AT,
    VIOLATES_AT,
    Scheme,
    Verdict,
    accuracy,
    probability_below,
    standard_deviation,
    verdict,
    worst,
)

metres = st.floats(-20, 20, allow_nan=False)
deviations = st.floats(1e-3, 5, allow_nan=False)


@given(required=metres, measured=metres, sd=deviations)
def test_probability_is_the_normal_distributions(required: float, measured: float, sd: float) -> None:
    """Independent reference: the standard library's normal distribution."""
    assert probability_below(required, measured, sd) == pytest.approx(
        NormalDist(measured, sd).cdf(required), abs=1e-9
    )


@pytest.mark.parametrize(
    ("half_width_m", "expected"),
    [(0.05, 0.00), (0.25, 0.13), (0.30, 0.18), (0.50, 0.29), (1.00, 0.39), (2.00, 0.44)],
)
def test_published_example_is_reproduced(half_width_m: float, expected: float) -> None:
    """Two lines of one class mapped 0.5 m apart where 0.3 m is required: P by class, as published."""
    sd = standard_deviation(half_width_m, half_width_m)
    assert probability_below(0.3, 0.5, sd) == pytest.approx(expected, abs=0.006)


def test_certainty_without_uncertainty() -> None:
    assert probability_below(0.5, 0.49, 0.0) == 1.0
    assert probability_below(0.5, 0.5, 0.0) == 0.0


@pytest.mark.parametrize(
    ("p", "expected"),
    [
        (1.0, Verdict.VIOLATES),
        (VIOLATES_AT, Verdict.VIOLATES),
        (VIOLATES_AT - 1e-9, Verdict.UNDECIDABLE),
        (CLEAR_AT + 1e-9, Verdict.UNDECIDABLE),
        (CLEAR_AT, Verdict.CLEAR),
        (0.0, Verdict.CLEAR),
    ],
)
def test_thresholds(p: float, expected: Verdict) -> None:
    assert verdict(p) is expected


def test_an_unknown_level_is_worth_records_alone() -> None:
    assert accuracy(None) == accuracy("D") == accuracy("surely good") == accuracy("X", Scheme.LER)


def test_better_levels_are_never_wider() -> None:
    ladders = {Scheme.ASCE_38: "ABCD", Scheme.PAS_128: ["A", "B1", "B2", "B3", "B4", "C", "D"]}
    for scheme, ladder in ladders.items():
        widths = [ACCURACIES[(scheme, level)].horizontal_m for level in ladder]
        assert widths == sorted(widths)


def test_every_number_has_a_source_and_a_status() -> None:
    for value in ACCURACIES.values():
        assert value.source
        assert value.status in ("published", "recalled", "assumed")


def test_worst_first() -> None:
    assert worst([]) is Verdict.CLEAR
    assert worst([Verdict.CLEAR, Verdict.NO_INFORMATION]) is Verdict.NO_INFORMATION
    assert worst([Verdict.NO_INFORMATION, Verdict.UNDECIDABLE]) is Verdict.UNDECIDABLE
    assert worst(list(Verdict)) is Verdict.VIOLATES


def test_all_four_schemes_are_in_the_one_table_and_can_be_named() -> None:
    """ASCE 38-22, PAS 128, IMKL and LER: a level may carry its scheme, and is then read by no other."""
    assert {scheme for scheme, _ in ACCURACIES} == set(Scheme)
    for (scheme, level), value in ACCURACIES.items():
        assert accuracy(f"{scheme}:{level}") == value
    assert accuracy("imkl:A") == accuracy("nobody:A") == accuracy(None)


def test_a_width_stated_as_a_share_of_the_depth_grows_with_it() -> None:
    assert accuracy("pas128:B2").vertical_at(2.5) == pytest.approx(1.0)
    assert accuracy("pas128:B2").vertical_at(0.3) == pytest.approx(0.4)
    assert accuracy("pas128:B2").vertical_at(None) == pytest.approx(0.4)
    assert accuracy("A").vertical_at(3.0) == accuracy("A").vertical_m
    assert accuracy("D").vertical_at(3.0) is None
