"""A proposed line among what is there: beside, across, over and under, buildings, trees and plot lines (A13)."""

from __future__ import annotations

import dataclasses
from functools import cache
from pathlib import Path

import pytest
import shapely
from hypothesis import given
from hypothesis import strategies as st
from shapely.geometry import LineString, Point

from geo.clearance import Placed, RulePack
from geo.finding import Finding
from geo.line_clearance import (
    ProposedLine,
    assess_line,
    assess_line_all,
    line_cover,
    line_search_radius_m,
    plan_gap_m,
)
from geo.packs import load_pack
from geo.quality import Verdict
from geo.vocabulary import Relation

PACKS = Path(__file__).resolve().parents[2] / "cities" / "packs"
AXIS = LineString([(0, 0), (20, 0)])


@cache
def pack(name: str) -> RulePack:
    return load_pack(PACKS / f"{name}.csv")


def service(utility: str = "gas", cover: float | None = 0.8, *classes: str) -> ProposedLine:
    return ProposedLine(AXIS, utility, classes or ("LP", "service"), 0.03, cover)


def main(utility: str = "water", cover: float | None = 1.2, u: float = 0.1) -> Placed:
    return Placed("l", "1", utility, ("main", "LV", "LP"), None, 0.1, cover, "surveyed", u, 0.1)


def found(line: ProposedLine, placed: Placed, shape: shapely.Geometry, name: str) -> Finding:
    made = assess_line(line, placed, shape, pack(name))
    assert made is not None
    return made


ACROSS = LineString([(10, -15), (10, 15)])


def beside(gap: float) -> LineString:
    return LineString([(0, gap), (20, gap)])


def test_beside_a_line_the_distance_in_plan_counts_whatever_the_depth() -> None:
    near = found(service(), main(cover=4.0), beside(0.5), "cis")
    assert (near.verdict, near.relation) == (Verdict.VIOLATES, Relation.PARALLEL)
    assert (near.required_h_m, near.required_v_m) == (1.0, None)
    assert near.explanation == "finding-line-beside"
    assert found(service(), main(cover=4.0), beside(1.6), "cis").verdict is Verdict.CLEAR


def test_across_a_line_the_distance_in_depth_counts() -> None:
    over = found(service(cover=0.5), main(cover=1.2), ACROSS, "cis")
    assert (over.verdict, over.relation, over.angle_deg) == (Verdict.CLEAR, Relation.CROSSING, 90.0)
    assert over.separation_v_m == pytest.approx(1.2 - 0.5 - 0.06)
    assert over.required_v_m == 0.2
    under = found(service(cover=2.0), main(cover=1.2), ACROSS, "cis")
    assert under.verdict is Verdict.CLEAR
    assert under.separation_v_m == pytest.approx(2.0 - 1.4)
    through = found(service(cover=1.2), main(cover=1.2), ACROSS, "cis")
    assert (through.verdict, through.explanation) == (Verdict.VIOLATES, "finding-line-crossing-same-depth")
    near = found(service(cover=1.05), main(cover=1.25), ACROSS, "cis")
    assert (near.verdict, near.explanation) == (Verdict.UNDECIDABLE, "finding-line-crossing-undecidable")


@pytest.mark.parametrize(
    ("cover", "words", "vertical"),
    [
        (3.0, "finding-line-crosses", 1.74),
        (1.2, "finding-line-crosses-same-depth", 0.0),
        (None, "finding-line-crosses-depth-unknown", None),
    ],
)
def test_what_meets_the_line_is_said_to_cross_it(
    cover: float | None, words: str, vertical: float | None
) -> None:
    """A13: no line lies a negative distance beside another, whichever rule decides."""
    rules = (dataclasses.replace(rule, vertical_m=None) for rule in pack("cis") if rule.horizontal_m)
    beside_only = RulePack("x", "x", tuple(rules))
    met = assess_line(service(cover=1.2), main(cover=cover), LineString([(5, -5), (15, 5)]), beside_only)
    assert met is not None
    assert (met.verdict, met.relation) == (Verdict.VIOLATES, Relation.OBLIQUE)
    assert (met.required_h_m, met.explanation) == (1.0, words)
    assert (met.params["measured"], met.params.get("vertical")) == (0.0, vertical)
    assert met.separation_h_m < 0


def test_what_stands_in_the_way_is_run_through() -> None:
    house = Placed("b", "7", "building_foundation", horizontal_uncertainty_m=0.1)
    met = found(service("gas", 0.8, "HP1", "main"), house, shapely.box(0, -3, 9, 3), "cis")
    assert (met.explanation, met.params["measured"]) == ("finding-line-through", 0.0)


@pytest.mark.parametrize(("mine", "theirs"), [(None, 1.2), (0.5, None), (None, None), (1.2, 0.0), (0.0, 1.2)])
def test_a_crossing_at_unknown_depth_never_passes(mine: float | None, theirs: float | None) -> None:
    crossing = found(service(cover=mine), main(cover=theirs), ACROSS, "cis")
    assert crossing.verdict is Verdict.VIOLATES
    assert crossing.explanation == "finding-line-crossing-depth-unknown"


def test_the_pair_of_iran_gas_and_power() -> None:
    low, medium = (dataclasses.replace(main("electricity"), classes=(code,)) for code in ("LV", "MV"))
    assert found(service(), low, beside(0.8), "ir-default").required_h_m == 1.0
    deep = LineString([(10, -15), (10, 15)])
    assert found(service(cover=0.5), low, deep, "ir-default").required_v_m == 0.5
    assert found(service(cover=0.5), medium, deep, "ir-default").required_v_m == 1.0


def test_buildings_trees_and_plot_lines() -> None:
    """What stands beside has no depth; where no rule names the pair there is no finding, and none is invented."""
    gas = service("gas", 0.8, "HP1", "main")
    house = Placed("b", "7", "building_foundation", horizontal_uncertainty_m=0.1)
    wall = shapely.box(0, 5, 10, 9)
    near = found(gas, house, wall, "cis")
    assert (near.verdict, near.required_h_m) == (Verdict.VIOLATES, 10.0)
    assert near.relation is None
    assert "cover-unknown" not in near.assumptions
    assert found(gas, house, shapely.box(0, 11, 9, 19), "cis").verdict is Verdict.CLEAR
    assert found(gas, house, shapely.box(0, -3, 9, 3), "cis").separation_h_m < -8
    tree = Placed("t", "1", "tree", horizontal_uncertainty_m=0.1)
    assert found(gas, tree, Point(5, 1.0), "cis").verdict is Verdict.VIOLATES
    assert found(gas, tree, Point(5, 2.0), "cis").verdict is Verdict.CLEAR
    assert assess_line(gas, Placed("p", "1", "plot_line"), beside(0.2), pack("cis")) is None
    assert assess_line(gas, Placed("p", "1", "hyperloop"), beside(0.2), pack("cis")) is None
    assert assess_line(gas, main(), LineString(), pack("cis")) is None


def test_an_open_excavation_beside_a_proposed_line() -> None:
    trench = Placed("d", "9", "excavation", ("machine",), horizontal_uncertainty_m=0.1)
    near = found(service(), trench, shapely.box(0, 0.3, 10, 2), "default")
    assert (near.verdict, near.required_h_m) == (Verdict.VIOLATES, 0.61)
    assert found(service(), trench, shapely.box(0, 1.2, 10, 2), "default").verdict is Verdict.CLEAR


def test_cover() -> None:
    kinds = {cover: line_cover(service("gas", cover, "main"), pack("uk")) for cover in (0.5, 1.0, None)}
    told = {cover: check.verdict for cover, check in kinds.items() if check is not None}
    assert told == {0.5: Verdict.VIOLATES, 1.0: Verdict.CLEAR, None: Verdict.UNDECIDABLE}
    assert line_cover(service(), pack("default")) is None


def test_worst_first_and_nothing_beyond_the_search_radius() -> None:
    line = service()
    reach = line_search_radius_m(line, pack("cis"), 1.0)
    shapes = [beside(0.3), beside(reach), beside(1.4)]
    ranked = assess_line_all(line, [main(u=1.0)] * 3, shapes, pack("cis"))
    assert [each.verdict for each in ranked] == [Verdict.UNDECIDABLE, Verdict.UNDECIDABLE, Verdict.CLEAR]
    assert ranked[0].p_violation > ranked[1].p_violation


ends = st.tuples(st.floats(-10, 30), st.floats(-10, 10))
two_ends = st.lists(ends, min_size=2, max_size=2, unique=True).map(LineString)
covers = st.one_of(st.none(), st.floats(0.2, 3))


@given(one=two_ends, other=two_ends, c1=covers, c2=covers, u=st.floats(0.05, 1), v=st.floats(0.05, 1))
def test_which_of_the_two_is_proposed_is_irrelevant(
    one: LineString, other: LineString, c1: float | None, c2: float | None, u: float, v: float
) -> None:
    """With the same knowledge of both: the gap is symmetric, so is the rule, so is the answer."""
    rules = pack("cis")

    def asked(
        mine: LineString, my_cover: float | None, theirs: LineString, their_cover: float | None
    ) -> Finding:
        line = ProposedLine(mine, "water", ("main",), 0.1, my_cover, u, v)
        there = Placed("l", "1", "gas", ("MP", "main"), None, 0.1, their_cover, "surveyed", u, v)
        return found_or_fail(assess_line(line, there, theirs, rules))

    def found_or_fail(made: Finding | None) -> Finding:
        assert made is not None
        return made

    here = asked(one, c1, other, c2)
    there = asked(other, c2, one, c1)
    assert here.separation_h_m == pytest.approx(there.separation_h_m)
    assert here.separation_v_m == pytest.approx(there.separation_v_m)
    if here.relation is there.relation:
        assert here.p_violation == pytest.approx(there.p_violation, abs=1e-9)


@given(one=two_ends, other=two_ends, spacing=st.floats(0.3, 3), east=st.floats(-5e5, 5e5))
def test_gap_is_symmetric_and_invariant(
    one: LineString, other: LineString, spacing: float, east: float
) -> None:
    gap = plan_gap_m(one, other)
    assert plan_gap_m(other, one) == pytest.approx(gap)
    dense = shapely.segmentize(one, spacing)
    assert plan_gap_m(dense, other) == pytest.approx(gap, abs=1e-6)
    moved = (shapely.affinity.translate(each, east, 5e6) for each in (one, other))
    assert plan_gap_m(*moved) == pytest.approx(gap, abs=1e-4)


@given(gap=st.floats(0, 4), wider=st.floats(0, 2), cover=covers)
def test_widening_a_clearance_never_removes_a_conflict(gap: float, wider: float, cover: float | None) -> None:
    plain = pack("cis")
    broad = RulePack(
        "x",
        "x",
        tuple(
            dataclasses.replace(
                rule,
                horizontal_m=None if rule.horizontal_m is None else rule.horizontal_m + wider,
                vertical_m=None if rule.vertical_m is None else rule.vertical_m + wider,
            )
            for rule in plain.own
        ),
        plain.fallbacks,
    )
    for shape in (beside(gap), ACROSS):
        before = assess_line(service(), main(cover=cover), shape, plain)
        after = assess_line(service(), main(cover=cover), shape, broad)
        assert before is not None
        assert after is not None
        assert after.verdict.severity >= before.verdict.severity
