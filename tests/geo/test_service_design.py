"""Service lines that design themselves: routes, covers, and the trench that several share (A08, A11, A21)."""

from __future__ import annotations

import math
from dataclasses import replace
from datetime import date
from itertools import pairwise

import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st
from shapely.geometry import LineString, MultiLineString, Point, box
from shapely.geometry.base import BaseGeometry

from geo.clearance import Placed
from geo.corridor import Zone, corridor
from geo.quality import Verdict
from geo.rules import ClearanceRule, Party, RulePack, RuleStatus
from geo.service_design import OVER_A_PARCEL, design, frontage
from geo.service_line import Existing, Main, ServiceLine, Site, Wanted
from geo.vocabulary import Kind

# A parcel 20 m wide between two neighbours; the street runs along its south side, 8 m wide, mains below it.
PARCEL = box(0, 0, 20, 30)
NEIGHBOURS = (box(-20, 0, 0, 30), box(20, 0, 40, 30), box(0, 30, 20, 60))
ACROSS = (box(-20, -38, 40, -8),)
PIT = box(4, 10, 16, 24)
STREET = LineString([(-60, -4), (100, -4)])


def placed(utility: str, number: str, cover: float | None = 1.2, radius: float = 0.05) -> Placed:
    return Placed(utility, number, utility, ("main",), utility, radius, cover, "surveyed", 0.1, 0.05, "A")


def main(utility: str, number: str, y: float, spare: float | None = None, cover: float = 1.2) -> Main:
    return Main(placed(utility, number, cover), LineString([(-60, y), (100, y)]), spare)


WATER, POWER, GAS = main("water", "W1", -2), main("electricity", "E1", -5), main("gas", "G1", -6.5)


def wanted(name: str, kind: Kind, *mains: Main, **changes: object) -> Wanted:
    made = Wanted(name, kind, mains, 1.0, 1.2, 1.0, 2.0, 32.0, 0.4, 50.0)
    return replace(made, **changes)  # type: ignore[arg-type]


def rule(a: Kind, b: Kind, horizontal: float, vertical: float) -> ClearanceRule:
    return ClearanceRule(
        f"{a}-{b}",
        Party(a),
        Party(b),
        horizontal,
        vertical,
        "test",
        "1",
        date(2026, 1, 1),
        RuleStatus.CONFIRMED,
    )


KINDS = (Kind.WATER, Kind.ELECTRICITY, Kind.GAS)
PACK = RulePack(
    "test", "test", tuple(rule(a, b, 0.5, 0.2) for i, a in enumerate(KINDS) for b in KINDS[i + 1 :])
)
LINES = tuple(Existing(each.placed, each.axis) for each in (WATER, POWER, GAS))
SITE = Site(PARCEL, PIT, (*NEIGHBOURS, *ACROSS), (), (STREET,), LINES)
ALL = (
    wanted("water", Kind.WATER, WATER),
    wanted("power", Kind.ELECTRICITY, POWER, cover_m=0.7, least_cover_m=0.6, most_cover_m=1.8),
    wanted("gas", Kind.GAS, GAS, cover_m=0.9, least_cover_m=0.8, most_cover_m=1.8),
)


def one(site: Site, *asked: Wanted) -> ServiceLine:
    [line] = design(site, asked, PACK).lines
    return line


def test_the_frontage_is_the_edge_to_the_street() -> None:
    assert frontage(PARCEL, NEIGHBOURS, [STREET]).equals(LineString([(0.5, 0), (19.5, 0)]))
    behind = box(0, 60, 20, 90)  # a plot in the second row: no street near, what is free remains
    assert frontage(behind, [box(0, 30, 20, 60)], [STREET]).length == pytest.approx(20 + 2 * 29.5)
    assert frontage(PARCEL, [PARCEL.buffer(10).difference(PARCEL)], [STREET]).is_empty


def test_the_line_takes_the_short_way_to_the_main_and_ends_on_both() -> None:
    line = one(SITE, ALL[0])
    start, end = Point(line.route.coords[0]), Point(line.route.coords[-1])
    assert line.length_m == pytest.approx(2.0, abs=0.1)
    assert start.distance(PARCEL.boundary) < 1e-6
    assert end.distance(WATER.axis) < 1e-6
    assert line.inside_m == pytest.approx(10.0, abs=0.6)
    assert line.over_parcels_m == 0.0
    assert line.verdict is Verdict.CLEAR


def test_a_building_in_the_way_is_walked_around_and_a_neighbour_only_when_nothing_else_leads() -> None:
    kiosk = box(-2, -1.5, 19, -0.6)
    around = one(replace(SITE, buildings=(kiosk,)), ALL[0])
    assert not around.route.intersects(kiosk)
    walls = box(-20, -0.6, 40, -0.4)
    assert [each.reason for each in design(replace(SITE, buildings=(walls,)), ALL[:1], PACK).unserved] == [
        "no-way"
    ]
    # The main lies under the neighbour's land only.
    under = main("water", "W2", -20)
    over = one(SITE, wanted("water", Kind.WATER, under))
    assert over.over_parcels_m == pytest.approx(20 - 8 - 0.5, abs=0.6)


def test_a_main_without_room_is_passed_over_and_one_of_unknown_room_is_used() -> None:
    """A08: what cannot be served is said before anybody pays."""
    full, roomy = main("water", "W0", -1.0, spare=0.5), main("water", "W3", -7, spare=5)
    assert one(SITE, wanted("water", Kind.WATER, full, roomy)).main is roomy
    assert one(SITE, wanted("water", Kind.WATER, full, WATER)).main is WATER
    refused = design(SITE, [wanted("water", Kind.WATER, full), wanted("gas", Kind.GAS)], PACK)
    assert {each.name: each.reason for each in refused.unserved} == {"water": "no-capacity", "gas": "no-main"}
    assert refused.lines == ()


def test_a_line_that_is_too_long_says_how_long() -> None:
    far = design(SITE, [wanted("water", Kind.WATER, WATER, max_length_m=8.0)], PACK)
    [reason] = far.unserved
    assert reason.reason == "too-far"
    assert reason.length_m == pytest.approx(12, abs=0.7)


def test_the_cover_gives_way_to_what_is_crossed() -> None:
    """The gas line crosses water (cover 1.2) and power (cover 1.2): it goes over or under them, not through."""
    gas = one(SITE, wanted("gas", Kind.GAS, GAS, cover_m=1.2, least_cover_m=0.7, most_cover_m=2.0))
    crossed = {each.placed.feature_id: each for each in gas.encounters if each.crossing}
    assert set(crossed) == {"W1", "E1"}
    assert gas.cover_m != 1.2
    for each in crossed.values():
        assert each.verdict is Verdict.CLEAR
        assert each.measured_m is not None
        assert each.measured_m >= 0.2
    # No cover that the company accepts is far enough: it is said, not hidden.
    tight = one(SITE, wanted("gas", Kind.GAS, GAS, cover_m=1.2, least_cover_m=1.15, most_cover_m=1.25))
    assert tight.verdict is Verdict.VIOLATES


def test_a_line_of_unknown_depth_never_passes() -> None:
    unknown = Existing(placed("water", "W1", None), WATER.axis)
    line = one(replace(SITE, lines=(unknown, LINES[2])), ALL[2])
    [met] = [each for each in line.encounters if each.crossing]
    assert met.verdict is not Verdict.CLEAR
    assert met.measured_m is None
    assert met.finding is not None
    assert met.finding.explanation == "finding-line-crossing-depth-unknown"


def test_where_no_rule_speaks_a_crossing_is_no_permission() -> None:
    silent = RulePack("silent", "silent", ())
    [line] = design(SITE, [ALL[2]], silent).lines
    assert {each.verdict for each in line.encounters} == {Verdict.NO_INFORMATION}
    assert line.cover_m == ALL[2].cover_m


def test_one_trench_for_three_saves_metres_and_keeps_their_distances() -> None:
    """A21: one trench instead of three, and how many metres that saves."""
    found = design(SITE, ALL, PACK)
    trench = found.trench
    assert trench is not None
    assert trench.separate_m == pytest.approx(sum(line.length_m for line in found.lines))
    assert trench.length_m == pytest.approx(6.5, abs=0.7)
    assert trench.saved_m == pytest.approx(2 + 5, abs=1.2)
    for line in trench.lines:
        assert line.route.difference(trench.shape.buffer(0.01)).length < 0.05
    places = sorted(slot.offset_m for slot in trench.slots)
    assert all(b - a >= 0.5 for a, b in pairwise(places))


def test_two_mains_on_two_sides_share_nothing() -> None:
    corner = replace(
        SITE, neighbours=(NEIGHBOURS[0], NEIGHBOURS[2]), streets=(STREET, LineString([(24, -50), (24, 80)]))
    )
    east = Main(placed("gas", "G9"), LineString([(22, -60), (22, 90)]))
    found = design(corner, [ALL[0], wanted("gas", Kind.GAS, east)], PACK)
    assert len(found.lines) == 2
    assert found.trench is None


@settings(max_examples=25)
@given(st.floats(-5e5, 5e5), st.floats(-5e5, 5e5))
def test_the_design_does_not_depend_on_where_the_city_is(dx: float, dy: float) -> None:
    here, there = (
        design(SITE, ALL, PACK),
        design(_moved(SITE, dx, dy), [_moved_wish(w, dx, dy) for w in ALL], PACK),
    )
    assert [line.cover_m for line in here.lines] == [line.cover_m for line in there.lines]
    for one_, other in zip(here.lines, there.lines, strict=True):
        assert other.length_m == pytest.approx(one_.length_m, abs=0.8)


@settings(max_examples=40)
@given(
    st.lists(
        st.tuples(st.floats(-15, 30), st.floats(-7.5, -0.5), st.floats(0.5, 4), st.floats(0.3, 2)), max_size=4
    )
)
def test_no_route_enters_a_building_and_none_is_cheaper_than_free_ground(
    kiosks: list[tuple[float, float, float, float]],
) -> None:
    boxes = tuple(box(x, y, x + width, y + height) for x, y, width, height in kiosks)
    free = one(SITE, ALL[1])
    found = design(replace(SITE, buildings=boxes), [ALL[1]], PACK)
    for line in found.lines:
        inside = line.route.intersection(shapely.union_all(boxes).buffer(-0.51)).length if boxes else 0.0
        assert inside == 0.0
        assert line.length_m + line.inside_m >= free.length_m + free.inside_m - 1.1
    assert len(found.lines) + len(found.unserved) == 1


def test_the_raster_way_is_as_cheap_as_a_way_can_be() -> None:
    """Against the known optimum: around the end of a wall, and through a strip of dearer ground."""
    wall = Zone(box(9, -1, 11, 20), math.inf)
    ground = corridor(box(0, 0, 20, 30), [wall])
    ways = ground.ways({int(ground.cells_of(Point(0, 10))[0]): 0.0})
    end = ways.best_of(ground.cells_of(Point(20, 10)))
    assert end is not None
    line = ways.line(ways.to(end))
    best = 2 * math.hypot(9, 10) + 2  # over the wall's two upper corners
    assert best - 0.8 <= line.length <= best * 1.03
    assert not line.intersects(box(9.3, -1, 10.7, 19.5))
    strip = corridor(box(0, 0, 20, 10), [Zone(box(8, -1, 12, 11), OVER_A_PARCEL)])
    across = strip.ways({int(strip.cells_of(Point(0, 5))[0]): 0.0})
    end = across.best_of(strip.cells_of(Point(20, 5)))
    assert end is not None
    assert across.cost[end] == pytest.approx(16 + 4 * OVER_A_PARCEL, rel=0.12)  # a cell's width more at most


def _moved(site: Site, dx: float, dy: float) -> Site:
    def move(shape: BaseGeometry) -> BaseGeometry:
        return shapely.transform(shape, lambda xy: xy + (dx, dy))

    return Site(
        move(site.parcel), move(site.pit),
        [move(shape) for shape in site.neighbours], [], [move(shape) for shape in site.streets],
        [Existing(line.placed, move(line.axis)) for line in site.lines],
    )  # fmt: skip


def _moved_wish(wish: Wanted, dx: float, dy: float) -> Wanted:
    mains = tuple(
        replace(each, axis=shapely.transform(each.axis, lambda xy: xy + (dx, dy))) for each in wish.mains
    )
    return replace(wish, mains=mains)


def test_the_trench_is_one_piece() -> None:
    trench = design(SITE, ALL, PACK).trench
    assert trench is not None
    assert isinstance(trench.shape, MultiLineString)
    assert trench.shape.buffer(0.05).geom_type == "Polygon"


# --- what stands beside ---


def obstacle(kind: Kind, shape: BaseGeometry) -> Existing:
    return Existing(
        Placed("ground", str(kind), str(kind), owner="municipality", horizontal_uncertainty_m=0.1), shape
    )


STANDING = RulePack(
    "t",
    "t",
    tuple(rule(Kind.WATER, kind, 2.0, 0.0) for kind in (Kind.BUILDING_FOUNDATION, Kind.TREE, Kind.PLOT_LINE)),
)


@pytest.mark.parametrize("kind", [Kind.BUILDING_FOUNDATION, Kind.TREE, Kind.PLOT_LINE])
def test_a_line_keeps_its_distance_from_what_stands_beside(kind: Kind) -> None:
    """Foundations, trees and plot lines: walked around where there is room, told where there is none."""
    here = SITE
    free = design(here, [wanted("water", Kind.WATER, WATER)], STANDING).lines[0]
    beside = Point(free.route.coords[0]).buffer(0.3)
    moved = design(
        replace(here, obstacles=(obstacle(kind, beside),)), [wanted("water", Kind.WATER, WATER)], STANDING
    )
    assert moved.lines[0].route.distance(beside) >= 1.5
    assert moved.lines[0].verdict is Verdict.CLEAR
    wall = box(-60, -0.9, 100, -0.4)
    (stuck,) = design(
        replace(here, obstacles=(obstacle(kind, wall),)), [wanted("water", Kind.WATER, WATER)], STANDING
    ).lines
    (met,) = [each for each in stuck.encounters if each.placed.utility == str(kind)]
    assert (met.verdict, met.crossing, stuck.verdict) == (Verdict.VIOLATES, False, Verdict.VIOLATES)
    assert met.finding is not None
    assert met.finding.required_h_m == 2.0


def test_where_no_rule_names_an_obstacle_it_is_as_if_it_were_not_there() -> None:
    here = SITE
    wish = [wanted("water", Kind.WATER, WATER)]
    trees = replace(here, obstacles=(obstacle(Kind.TREE, box(-60, -0.9, 100, -0.4)),))
    assert design(trees, wish, PACK).lines == design(here, wish, PACK).lines
