"""Trial pits: few, on the lines, near the works, and each says what its answer would mean (A13, A08)."""

from __future__ import annotations

import dataclasses
import random
from pathlib import Path

import pytest
import shapely
from hypothesis import given
from hypothesis import strategies as st
from shapely.geometry import LineString

from geo.clearance import Excavation, Placed, assess_all
from geo.packs import load_pack
from geo.quality import Verdict
from geo.trial_pits import LONG_M, MERGE_M, SLACK_M, Suspect, TrialPit, exposed, is_decidable, propose

PACK = load_pack(Path(__file__).resolve().parents[2] / "cities" / "packs" / "default.csv")
PIT = shapely.box(0, 0, 10, 4)


def dig(depth_m: float = 1.5, method: str = "machine", **more: float) -> Excavation:
    return Excavation(PIT, depth_m, method, "excavation_only", **more)


def record(feature: str = "1", utility: str = "water", cover: float | None = 1.0, u: float = 1.0) -> Placed:
    return Placed("l", feature, utility, ("main", "MP", "LV"), None, 0.1, cover, "surveyed", u, 0.3)


def suspects(excavation: Excavation, *drawn: tuple[Placed, LineString]) -> list[Suspect]:
    placed, lines = [each for each, _ in drawn], [line for _, line in drawn]
    found = assess_all(excavation, placed, lines, PACK)
    return [Suspect(*each) for each in zip(found, placed, lines, strict=True) if is_decidable(each[0])]


def beside(gap: float, start: float = -5, stop: float = 15) -> LineString:
    return LineString([(start, 4 + gap), (stop, 4 + gap)])


def only(pits: tuple[TrialPit, ...]) -> TrialPit:
    assert len(pits) == 1
    return pits[0]


def test_a_pit_lies_on_the_line_where_it_is_nearest() -> None:
    line = LineString([(-5, 9), (5, 4.7), (15, 9)])
    pit = only(propose(dig(), suspects(dig(), (record(), line))))
    assert pit.point_m.distance(line) < 1e-6
    assert pit.point_m.distance(shapely.Point(5, 4.7)) < 0.2
    assert pit.refs == ("l/1",)
    assert pit.half_width_m == pytest.approx(1.0, abs=0.1)
    expected = pit.expected[0]
    assert (expected.why, expected.measure) == ("position", ("position", "depth"))
    assert expected.clear_from_separation_m == pytest.approx(0.61 + 1.645 * 0.057, abs=0.01)
    assert expected.clear_from_cover_m == pytest.approx(1.5 + 0.2 + 1.645 * 0.057, abs=0.01)
    assert expected.p_clear is not None
    assert 0.05 < expected.p_clear < 0.95


def test_beside_a_straight_edge_the_pit_is_in_the_middle() -> None:
    pit = only(propose(dig(), suspects(dig(), (record(), beside(0.8)))))
    assert pit.point_m.x == pytest.approx(5, abs=0.05)


def test_one_pit_shows_lines_that_run_together_and_one_their_crossing() -> None:
    together = [(record(str(n)), beside(0.6 + n / 5)) for n in range(3)]
    assert only(propose(dig(), suspects(dig(), *together))).refs == ("l/0", "l/1", "l/2")
    across = [
        (record("a"), LineString([(-5, 5), (15, 4.6)])),
        (record("b"), LineString([(-1, 9), (9, 4.2)])),
    ]
    shared = propose(dig(), suspects(dig(), *across))
    assert {ref for pit in shared for ref in pit.refs} == {"l/a", "l/b"}
    assert len(shared) == 1


def test_lines_far_apart_have_their_own_pits() -> None:
    apart = [(record("a"), beside(0.8)), (record("b"), LineString([(-5, -0.8), (15, -0.8)]))]
    assert sorted(pit.refs for pit in propose(dig(), suspects(dig(), *apart))) == [("l/a",), ("l/b",)]


def test_a_long_stretch_is_opened_at_its_ends_too() -> None:
    long = Excavation(shapely.box(0, 0, 60, 1), 1.5, works="excavation_only")
    pits = propose(long, suspects(long, (record(), LineString([(-5, 1.9), (65, 1.9)]))))
    assert len(pits) == 3
    assert {pit.refs for pit in pits} == {("l/1",)}
    assert max(a.point_m.distance(b.point_m) for a in pits for b in pits) > 2 * LONG_M


@pytest.mark.parametrize(
    ("cover", "line", "why", "mapped"),
    [
        (None, LineString([(-5, 2), (15, 2)]), "depth-unknown", Verdict.UNDECIDABLE),
        (1.65, LineString([(-5, 2), (15, 2)]), "depth", Verdict.VIOLATES),
        (1.85, LineString([(-5, 2), (15, 2)]), "depth", Verdict.CLEAR),
        (None, beside(0.9), "position-and-depth", Verdict.CLEAR),
        (0.5, beside(0.4), "position", Verdict.VIOLATES),
    ],
)
def test_why_and_what_the_map_would_mean(
    cover: float | None, line: LineString, why: str, mapped: Verdict
) -> None:
    expected = only(propose(dig(), suspects(dig(), (record(cover=cover), line)))).expected[0]
    assert (expected.why, expected.verdict_as_mapped) == (why, mapped)
    assert (expected.p_clear is None) is (cover is None)


def test_nothing_to_decide_needs_no_pit() -> None:
    clear = (record(u=0.05), beside(3))
    surely = (record("2", u=0.05), LineString([(-5, 2), (15, 2)]))
    assert suspects(dig(), clear, surely) == []
    assert propose(dig(), []) == ()


def test_over_a_bore_a_small_cover_clears_as_well() -> None:
    bore = dig(2.5, "hand_boring", top_m=2.0)
    cable = dataclasses.replace(record(cover=1.45), vertical_uncertainty_m=0.6)
    expected = only(propose(bore, suspects(bore, (cable, LineString([(-5, 2), (15, 2)]))))).expected[0]
    assert expected.clear_to_cover_m == pytest.approx(2.0 - 0.2 - 0.2 - 1.645 * 0.057, abs=0.01)
    assert expected.verdict_as_mapped is Verdict.CLEAR


@given(gap=st.floats(-1.5, 3), cover=st.floats(0.2, 4), u=st.floats(0.3, 2))
def test_what_is_predicted_is_what_the_check_says_once_the_line_is_exposed(
    gap: float, cover: float, u: float
) -> None:
    """Putting the measured line into the check gives the predicted verdict, but for the sharp edge itself."""
    line = beside(gap)
    found = suspects(dig(), (record(cover=cover, u=u), line))
    for pit in propose(dig(), found):
        after = assess_all(dig(), [exposed(found[0].placed)], [line], PACK)[0]
        for each in pit.expected:
            if each.verdict_as_mapped is Verdict.CLEAR:
                assert after.verdict is Verdict.CLEAR
            else:
                assert after.verdict is not Verdict.CLEAR or after.p_violation == pytest.approx(
                    0.05, abs=0.04
                )


@given(
    gap=st.floats(0.3, 2),
    cover=st.one_of(st.none(), st.floats(0, 2)),
    measured=st.floats(0, 3),
    u=st.floats(0.4, 2),
)
def test_measured_far_enough_is_clear_whatever_the_depth(
    gap: float, cover: float | None, measured: float, u: float
) -> None:
    found = suspects(dig(), (record(cover=cover, u=u), beside(gap)))
    for pit in propose(dig(), found):
        needed = pit.expected[0].clear_from_separation_m
        assert needed is not None
        shown = dataclasses.replace(exposed(found[0].placed), cover_m=measured, cover_source="surveyed")
        after = assess_all(dig(), [shown], [beside(needed + 0.11)], PACK)[
            0
        ]  # 0.1 m: the radius, 1 cm: rounding
        assert after.verdict is Verdict.CLEAR


def test_seeded_streets_every_suspect_is_shown_and_the_order_is_irrelevant() -> None:
    for seed in range(20):
        rng = random.Random(seed)
        print(f"seed {seed}")
        drawn = []
        for n in range(rng.randint(1, 9)):
            ends = [(rng.uniform(-8, 18), rng.uniform(-8, 12)) for _ in range(rng.choice([2, 2, 3]))]
            drawn.append((record(str(n), u=rng.uniform(0.3, 2)), LineString(ends)))
        found = suspects(dig(), *drawn)
        pits = propose(dig(), found)
        assert {ref for pit in pits for ref in pit.refs} == {each.finding.ref for each in found}
        assert len(pits) <= len(found) or any(each.shape_m.length > LONG_M for each in found)
        lines = {each.finding.ref: each.shape_m for each in found}
        for pit in pits:
            for ref in pit.refs:
                assert lines[ref].distance(pit.point_m) <= MERGE_M + 1e-9
                at = lines[ref].interpolate(lines[ref].project(pit.point_m))
                reach = next(each for each in found if each.finding.ref == ref)
                allowed = max(SLACK_M, (reach.finding.required_h_m or 0) + reach.finding.uncertainty_h_m)
                assert at.distance(PIT) <= lines[ref].distance(PIT) + allowed + 0.1
        rng.shuffle(found)
        again = propose(dig(), found)
        assert [(pit.refs, pit.point_m) for pit in again] == [(pit.refs, pit.point_m) for pit in pits]


@given(east=st.floats(-5e5, 5e5), north=st.floats(0, 5e6), spacing=st.floats(0.3, 3))
def test_where_on_earth_and_with_how_many_vertices_is_irrelevant(
    east: float, north: float, spacing: float
) -> None:
    drawn = [(record("a"), beside(0.8)), (record("b"), LineString([(12, -3), (10.5, 2), (12, 9)]))]
    here = propose(dig(), suspects(dig(), *drawn))
    there = dataclasses.replace(dig(), shape_m=shapely.affinity.translate(PIT, east, north))
    moved = [
        (placed, shapely.affinity.translate(shapely.segmentize(line, spacing), east, north))
        for placed, line in drawn
    ]
    for one, other in zip(here, propose(there, suspects(there, *moved)), strict=True):
        assert one.refs == other.refs
        assert shapely.affinity.translate(one.point_m, east, north).distance(other.point_m) < 0.02
