"""The verdict on one line: against an independent formula, and the properties it must never lose (A13)."""

from __future__ import annotations

import dataclasses
import math
from datetime import date
from pathlib import Path
from statistics import NormalDist

import pytest
import shapely
from hypothesis import given
from hypothesis import strategies as st
from shapely.geometry import LineString

from geo.clearance import Excavation, Finding, Placed, RulePack, assess, assess_all, search_radius_m
from geo.errors import DepthInvalid
from geo.packs import load_pack
from geo.quality import Verdict
from geo.rules import ClearanceRule, Party, RuleStatus
from geo.vocabulary import NETWORKS, Kind, Utility

PACKS = Path(__file__).resolve().parents[2] / "cities" / "packs"
DEFAULT = load_pack(PACKS / "default.csv")
PIT = shapely.box(0, 0, 10, 4)


def rule(
    horizontal_m: float | None, vertical_m: float | None, against: Kind = Kind.EXCAVATION
) -> ClearanceRule:
    return ClearanceRule(
        "x-1", Party(Kind.GAS), Party(against), horizontal_m, vertical_m, "a source", "4.2", date(2026, 1, 1),
        RuleStatus.CONFIRMED, pack="x",
    )  # fmt: skip


def pack(*rules: ClearanceRule) -> RulePack:
    return RulePack("x", "x", rules)


def pit(depth_m: float = 1.0, works: str = "repair", method: str = "machine") -> Excavation:
    return Excavation(PIT, depth_m, method, works)


def main(
    *,
    radius_m: float | None = 0.1,
    cover_m: float | None = 0.8,
    horizontal_m: float | None = 0.3,
    vertical_m: float | None = 0.3,
) -> Placed:
    return Placed(
        "gas", "G1", "gas", ("MP", "main"), "gas-company", radius_m, cover_m, "surveyed", horizontal_m,
        vertical_m, "B",
    )  # fmt: skip


lengths = st.floats(0.0, 5.0)
widths = st.floats(0.02, 3.0)
gaps = st.floats(-3.0, 8.0)


@given(
    gap=gaps,
    radius=lengths,
    cover=lengths,
    depth=st.floats(0.1, 6),
    u_h=widths,
    u_v=widths,
    r_h=lengths,
    r_v=lengths,
)
def test_p_equals_the_reference_formula(
    gap: float, radius: float, cover: float, depth: float, u_h: float, u_v: float, r_h: float, r_v: float
) -> None:
    """P = P_h * P_v, each the normal distribution of the gap at the requirement; written anew here."""
    placed = main(radius_m=radius, cover_m=cover, horizontal_m=u_h, vertical_m=u_v)
    found = assess(pit(depth), placed, gap, pack(rule(r_h, r_v)))
    edge = (
        [0.10] if radius > 0 else [0.10, 0.15]
    )  # setting-out; and the radius of an ordinary gas pipe if unknown
    sd_h = math.sqrt(u_h**2 + sum(part**2 for part in edge)) / 1.959964
    sd_v = math.sqrt(u_v**2 + 0.10**2) / 1.959964
    p_h = NormalDist(gap - radius, sd_h).cdf(r_h)
    p_v = NormalDist(cover - depth, sd_v).cdf(r_v)
    assert found.p_violation == pytest.approx(p_h * p_v, abs=1e-6)
    expected = (
        Verdict.VIOLATES
        if found.p_violation >= 0.95
        else Verdict.CLEAR
        if found.p_violation <= 0.05
        else Verdict.UNDECIDABLE
    )
    assert found.verdict is expected


@given(gap=gaps, r_h=lengths, wider=lengths, r_v=st.one_of(st.none(), lengths), deeper=lengths, cover=lengths)
def test_widening_a_clearance_never_removes_a_conflict(
    gap: float, r_h: float, wider: float, r_v: float | None, deeper: float, cover: float
) -> None:
    placed = main(cover_m=cover)
    narrow = assess(pit(), placed, gap, pack(rule(r_h, r_v)))
    broad = rule(r_h + wider, None if r_v is None else r_v + deeper)
    assert assess(pit(), placed, gap, pack(broad)).verdict.severity >= narrow.verdict.severity
    without_escape = assess(pit(), placed, gap, pack(rule(r_h, None)))
    assert without_escape.verdict.severity >= narrow.verdict.severity


@given(gap=gaps, nearer=lengths)
def test_coming_nearer_never_makes_it_better(gap: float, nearer: float) -> None:
    far = assess(pit(), main(), gap, DEFAULT)
    near = assess(pit(), main(), gap - nearer, DEFAULT)
    assert near.verdict.severity >= far.verdict.severity


@given(gap=gaps, depth=st.floats(0.1, 5), deeper=lengths)
def test_digging_deeper_never_makes_it_better(gap: float, depth: float, deeper: float) -> None:
    shallow = assess(pit(depth), main(), gap, DEFAULT)
    assert assess(pit(depth + deeper), main(), gap, DEFAULT).p_violation >= shallow.p_violation - 1e-12


@given(gap=gaps, cover=lengths)
def test_not_knowing_the_depth_never_helps(gap: float, cover: float) -> None:
    known = assess(pit(), main(cover_m=cover), gap, DEFAULT)
    unknown = assess(pit(), main(cover_m=None), gap, DEFAULT)
    assert unknown.p_violation >= known.p_violation


@given(gap=gaps, works=st.sampled_from(["repair", "new_building"]))
def test_not_knowing_the_class_never_helps(gap: float, works: str) -> None:
    known = assess(pit(works=works), main(), gap, DEFAULT)
    unknown = assess(pit(works=works), dataclasses.replace(main(), classes=(None, "main")), gap, DEFAULT)
    assert unknown.verdict.severity >= known.verdict.severity
    assert "class-unknown" in unknown.assumptions


@given(east=st.floats(-1e5, 1e5), north=st.floats(-1e5, 1e5))
def test_where_on_earth_it_happens_is_irrelevant(east: float, north: float) -> None:
    lines = [LineString([(-5, 1), (15, 1)]), LineString([(-5, 5), (15, 6)]), LineString([(5, -3), (5, 2)])]
    here = assess_all(pit(), [main()] * 3, lines, DEFAULT)
    there_pit = dataclasses.replace(pit(), shape_m=shapely.affinity.translate(PIT, east, north))
    there = assess_all(
        there_pit, [main()] * 3, [shapely.affinity.translate(line, east, north) for line in lines], DEFAULT
    )
    assert [found.verdict for found in here] == [found.verdict for found in there]
    for one, other in zip(here, there, strict=True):
        assert one.p_violation == pytest.approx(other.p_violation, abs=1e-6)


@given(spacing=st.floats(0.2, 3))
def test_how_many_vertices_a_line_has_is_irrelevant(spacing: float) -> None:
    line = LineString([(-5, 1), (4, 1.5), (15, 5)])
    sparse = assess_all(pit(), [main()], [line], DEFAULT)[0]
    dense = assess_all(pit(), [main()], [shapely.segmentize(line, spacing)], DEFAULT)[0]
    assert dense.p_violation == pytest.approx(sparse.p_violation, abs=1e-9)


def test_a_foundation_is_checked_only_where_one_is_built() -> None:
    """1.2 m beside a medium-pressure pipe: the digging keeps clear, the foundation does not."""
    placed = main(horizontal_m=0.05)
    assert assess(pit(works="excavation_only"), placed, 1.2, DEFAULT).verdict is Verdict.CLEAR
    built = assess(pit(works="new_building"), placed, 1.2, DEFAULT)
    assert built.verdict is Verdict.VIOLATES
    assert built.against == "building_foundation"
    assert built.explanation == "finding-foundation-too-near"


def test_by_hand_one_may_dig_nearer() -> None:
    placed = main(horizontal_m=0.05)
    assert assess(pit(method="machine"), placed, 0.5, DEFAULT).verdict is Verdict.VIOLATES
    assert assess(pit(method="hand"), placed, 0.5, DEFAULT).verdict is Verdict.CLEAR
    strange = assess(pit(method="explosives"), placed, 0.5, DEFAULT)
    assert strange.verdict is Verdict.VIOLATES


def test_a_main_deep_below_a_shallow_trench_is_clear_by_depth() -> None:
    found = assess(pit(depth_m=0.4), main(cover_m=3.0), -2.0, DEFAULT)
    assert found.verdict is Verdict.CLEAR
    assert found.explanation == "finding-clear-by-depth"
    assert found.separation_v_m == pytest.approx(2.6)


def test_the_same_main_of_unknown_depth_is_not() -> None:
    found = assess(pit(depth_m=0.4), main(cover_m=None), -2.0, DEFAULT)
    assert found.verdict is Verdict.VIOLATES
    assert found.explanation == "finding-crosses-depth-unknown"
    assert found.separation_v_m is None
    assert "cover-unknown" in found.assumptions


def test_unknown_accuracy_makes_it_undecidable() -> None:
    """A drawn gap is enough for a surveyed pipe and says nothing about one known from records."""
    surveyed = dataclasses.replace(main(horizontal_m=None), quality_level="A")
    records = dataclasses.replace(surveyed, quality_level=None)
    assert assess(pit(), surveyed, 1.2, DEFAULT).verdict is Verdict.CLEAR
    found = assess(pit(), records, 1.2, DEFAULT)
    assert found.verdict is Verdict.UNDECIDABLE
    assert found.explanation == "finding-undecidable"
    assert "accuracy-assumed" in found.assumptions


def test_unknown_diameter_widens_and_is_said() -> None:
    known = assess(pit(), main(radius_m=0.0001), 1.0, DEFAULT)
    unknown = assess(pit(), main(radius_m=None), 1.0, DEFAULT)
    assert unknown.separation_h_m == 1.0
    assert unknown.uncertainty_h_m > known.uncertainty_h_m
    assert "radius-assumed" in unknown.assumptions


@pytest.mark.parametrize("nonsense", [0.0, -1.0, math.nan, math.inf])
def test_zero_and_nonsense_count_as_unknown(nonsense: float) -> None:
    """Sources write "unknown" as 0 or -1; that must not become perfect accuracy or a pipe without width."""
    assert assess(pit(), main(horizontal_m=nonsense), 1.0, DEFAULT) == assess(
        pit(), main(horizontal_m=None), 1.0, DEFAULT
    )
    assert assess(pit(), main(radius_m=nonsense), 1.0, DEFAULT) == assess(
        pit(), main(radius_m=None), 1.0, DEFAULT
    )


@pytest.mark.parametrize("nonsense", [-0.5, math.nan, math.inf])
def test_nonsense_cover_counts_as_unknown(nonsense: float) -> None:
    assert assess(pit(), main(cover_m=nonsense), 0.3, DEFAULT).separation_v_m is None


def test_a_guessed_cover_is_no_measurement() -> None:
    guessed = dataclasses.replace(main(vertical_m=None), cover_source="design", quality_level="A")
    surveyed = dataclasses.replace(guessed, cover_source="surveyed")
    wide = assess(pit(), guessed, 0.3, DEFAULT).uncertainty_v_m
    narrow = assess(pit(), surveyed, 0.3, DEFAULT).uncertainty_v_m
    assert wide is not None
    assert narrow is not None
    assert wide > 0.5 > narrow
    assert "cover-guessed" in assess(pit(), guessed, 0.3, DEFAULT).assumptions


def test_t15_unknown_network_answers_no_information() -> None:
    found = assess(pit(), dataclasses.replace(main(), utility="hyperloop"), 0.0, DEFAULT)
    assert found.verdict is Verdict.NO_INFORMATION
    assert found.explanation == "finding-unknown-network"


def test_a_pair_without_rule_answers_no_information() -> None:
    found = assess(pit(), dataclasses.replace(main(), utility="water"), 0.0, pack(rule(0.5, 0.2)))
    assert found.verdict is Verdict.NO_INFORMATION
    assert found.explanation == "finding-no-rule"


def test_an_empty_shape_answers_no_information() -> None:
    found = assess_all(pit(), [main()], [LineString()], DEFAULT)[0]
    assert found.verdict is Verdict.NO_INFORMATION


def test_a_crossing_rule_bites_only_where_plans_overlap() -> None:
    crossing_only = pack(rule(None, 0.2))
    sharp = main(horizontal_m=0.05, radius_m=0.01)
    assert assess(pit(), sharp, 0.5, crossing_only).verdict is Verdict.CLEAR
    assert assess(pit(), sharp, -0.5, crossing_only).verdict is Verdict.VIOLATES


@pytest.mark.parametrize("depth", [0.0, -1.0, math.nan, math.inf, 1000.0])
def test_impossible_depths_are_refused(depth: float) -> None:
    with pytest.raises(DepthInvalid):
        pit(depth)


@given(
    gap=st.floats(0, 40),
    utility=st.sampled_from(sorted(Utility)),
    works=st.sampled_from(["repair", "new_building"]),
    u_h=st.floats(0.05, 5.0),
    radius=st.one_of(st.none(), st.floats(0.01, 1.0)),
)
def test_nothing_beyond_the_search_radius_matters(
    gap: float, utility: str, works: str, u_h: float, radius: float | None
) -> None:
    reach = search_radius_m(DEFAULT, 5.0, works=works)
    placed = Placed("l", "f", utility, radius_m=radius, horizontal_uncertainty_m=u_h)
    assert assess(pit(works=works), placed, reach + gap, DEFAULT).verdict is Verdict.CLEAR


def test_search_radius_can_be_asked_for_some_networks_only() -> None:
    whole = search_radius_m(DEFAULT, 1.0)
    assert search_radius_m(DEFAULT, 1.0, utilities=["water"]) < whole
    assert search_radius_m(DEFAULT, 1.0, utilities=NETWORKS) == whole
    assert search_radius_m(DEFAULT, 1.0, works="repair") < whole


def test_worst_findings_sort_first() -> None:
    found: list[Finding] = [assess(pit(), main(), gap, DEFAULT) for gap in (5.0, -1.0, 0.8)]
    ranked = sorted(found, key=lambda finding: finding.rank)
    assert [finding.verdict for finding in ranked] == [Verdict.VIOLATES, Verdict.UNDECIDABLE, Verdict.CLEAR]


def test_a_line_that_runs_through_the_dig_says_over_which_length() -> None:
    """A13: the shift that would take it out is no length of a crossing; beside the dig there is none."""
    trench = Excavation(shapely.box(0, 0, 60, 0.8), 1.2)
    across = LineString([(20, -9), (20, 9)])
    bent = LineString([(30, 5), (30, 0.4), (40, 0.4)])
    outside = LineString([(0, 1), (60, 1)])
    placed = [main(), main(), main()]
    crossing, ending, beside = assess_all(trench, placed, [across, bent, outside], DEFAULT)
    assert crossing.separation_h_m < -9
    assert crossing.params["through"] == pytest.approx(0.8)
    assert ending.params["through"] == pytest.approx(10.4)
    assert "through" not in beside.params
