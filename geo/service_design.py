"""The service lines of a site, designed: where each runs, how deep, and the common trench that saves metres.

A line is asked for at the parcel's frontage (the edge no neighbour shares), runs in the street, keeps away from what
lies there and crosses it as squarely as it can. Several lines are also laid out as one tree of trenches; the metres of
trench this saves are the reason to coordinate. Pure and repeatable.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import Final

import numpy as np
import shapely
from shapely.geometry import LineString, MultiLineString, Point, box
from shapely.geometry.base import BaseGeometry
from shapely.ops import substring

from geo.corridor import Corridor, Ways, Zone, corridor
from geo.encounters import LEAST_KEEP_M, beside, encounter, keep_m, stand_off_m, suitable_cover
from geo.placed import Placed
from geo.rules import RulePack, Subject
from geo.service_line import (
    CommonTrench,
    Design,
    Existing,
    Main,
    ServiceLine,
    Site,
    Slot,
    Unreached,
    Unserved,
    Wanted,
)
from geo.vocabulary import NETWORKS

# Two outlines that should share an edge are drawn apart by less than this.
SHARED_EDGE_M: Final = 0.5
# A frontage lies no farther than this from the street's axis; where no street is that near, every free edge counts.
STREET_REACH_M: Final = 30.0
MARGIN_M: Final = 6.0
# Price of a metre, in metres of open street: along another line within its clearance; over a neighbour's land.
BESIDE_A_LINE: Final = 6.0
OVER_A_PARCEL: Final = 25.0
# Of the suitable mains only the nearest are looked at.
MOST_MAINS: Final = 6
# What a line may meet lies within this of its route: the widest rule beside a service, and both positions wrong.
LOOK_M: Final = 6.0
# So much farther than its distance something may stand and still be too near, both positions wrong.
LOOSE_M: Final = 2.0
# How exactly a new line is set out (95 % half width).
_LAID_M: Final = 0.1
# A common trench that saves less is not worth the coordination.
LEAST_SAVING_M: Final = 1.0

_Sort = tuple[str, float | None]


@dataclass(frozen=True, slots=True)
class _Start:
    ground: Corridor
    ways: Ways
    inside_m: Mapping[int, float]


@dataclass(frozen=True, slots=True)
class _Course:
    """Where a line would run, before anybody has looked at what it meets."""

    main: Main
    route: LineString
    inside_m: float

    @property
    def whole_m(self) -> float:
        return float(self.route.length) + self.inside_m


def frontage(
    parcel: BaseGeometry, neighbours: Sequence[BaseGeometry], streets: Sequence[BaseGeometry]
) -> BaseGeometry:
    """The part of the parcel's edge that looks onto a street; every free edge where no street is near.

    Empty when neighbours stand all around.
    """
    edge = parcel.boundary
    beside = shapely.union_all([shapely.buffer(each, SHARED_EDGE_M) for each in neighbours])
    free = edge.difference(beside)
    near = [street for street in streets if street.distance(parcel) <= STREET_REACH_M]
    if not near:
        return free
    axes = shapely.union_all(near)
    pieces = [
        piece
        for part in shapely.get_parts(free)
        if isinstance(part, LineString)
        for piece in _edges(part)
        if _faces(piece, axes, parcel)
    ]
    return shapely.union_all(pieces) if pieces else free


def _edges(line: LineString) -> list[LineString]:
    return [LineString(pair) for pair in pairwise(line.coords)]


def _faces(edge: LineString, axes: BaseGeometry, parcel: BaseGeometry) -> bool:
    """Whether the shortest way from the edge's middle to a street leaves the parcel at once."""
    middle = edge.interpolate(0.5, normalized=True)
    way = shapely.shortest_line(middle, axes)
    return bool(way.length <= STREET_REACH_M and way.intersection(parcel).length <= SHARED_EDGE_M)


def design(site: Site, wanted: Sequence[Wanted], pack: RulePack) -> Design:
    """The proposed lines for one site, each alone and all together; pure and repeatable.

    A main that cannot spare the demand is passed over for the next; one whose spare is unknown is used and left to the
    company to confirm.
    """
    front = frontage(site.parcel, site.neighbours, site.streets)
    unserved = [_refusal(each) for each in wanted if not _suited(each)]
    able = [_nearest(each, front) for each in wanted if _suited(each)]
    if not able or front.is_empty:
        return Design((), (*unserved, *(Unserved(each.name, Unreached.NO_WAY) for each in able)), None)
    start = _start(site, able, front, pack)
    lines: list[ServiceLine] = []
    beside, way = site, start
    for each in able:
        course = _lay(each, way, way.ways, site.parcel.boundary)
        if course is None:
            unserved.append(Unserved(each.name, Unreached.NO_WAY))
        elif course.whole_m > each.max_length_m:
            unserved.append(Unserved(each.name, Unreached.TOO_FAR, course.whole_m))
        else:
            lines.append(_met(beside, each, course, pack))
            if each is not able[-1]:
                beside, way = _with_line(beside, way, lines[-1], each, able, pack)
    by_name = {each.name: each for each in able}
    trench = _common(site, [by_name[line.name] for line in lines], lines, start, pack)
    return Design(tuple(lines), tuple(unserved), trench)


def _with_line(
    site: Site, start: _Start, line: ServiceLine, wish: Wanted, all_wanted: Sequence[Wanted], pack: RulePack
) -> tuple[Site, _Start]:
    """The site and its raster once `line` lies there too, for the next ones to keep away from."""
    laid = Existing(
        Placed(
            "proposed", line.name, str(wish.kind), ("service",), line.name, wish.outer_diameter_mm / 2000,
            line.cover_m, "design", _LAID_M, _LAID_M,
        ),
        line.route,
    )  # fmt: skip
    keep = keep_m([each.kind for each in all_wanted], laid.placed, pack)
    ground = start.ground.with_zone(Zone(line.route.buffer(keep), BESIDE_A_LINE))
    return replace(site, lines=(*site.lines, laid)), replace(
        start, ground=ground, ways=ground.ways(start.inside_m)
    )


def _suited(wanted: Wanted) -> list[Main]:
    return [main for main in wanted.mains if main.spare is None or main.spare >= wanted.demand]


def _nearest(wanted: Wanted, front: BaseGeometry) -> Wanted:
    """The same wish with only the nearest of the mains that can carry it."""
    mains = sorted(_suited(wanted), key=lambda main: main.axis.distance(front))
    return replace(wanted, mains=tuple(mains[:MOST_MAINS]))


def _refusal(wanted: Wanted) -> Unserved:
    return Unserved(wanted.name, Unreached.NO_CAPACITY if wanted.mains else Unreached.NO_MAIN)


def _start(site: Site, wanted: Sequence[Wanted], front: BaseGeometry, pack: RulePack) -> _Start:
    """The raster around frontage and mains, entered from the frontage at the cost of the way within the parcel."""
    reach = max(each.max_length_m for each in wanted)
    near = [shapely.shortest_line(front, main.axis) for each in wanted for main in each.mains]
    bounds = shapely.total_bounds([front, *(line for line in near if line.length <= reach)])
    area = box(*bounds).buffer(MARGIN_M, cap_style="square", join_style="mitre")
    kinds = sorted({each.kind for each in wanted})
    zones = [Zone(shape, math.inf) for shape in site.buildings]
    beside = [shape for shape in site.neighbours if shape.intersects(area)]
    zones += [Zone(shape.buffer(-SHARED_EDGE_M), OVER_A_PARCEL) for shape in beside]
    zones.append(Zone(site.parcel.buffer(-SHARED_EDGE_M), math.inf))
    lines = [line for line in site.lines if line.axis.distance(area) == 0.0]
    zones += [Zone(line.axis.buffer(keep_m(kinds, line.placed, pack)), BESIDE_A_LINE) for line in lines]
    zones += _stand_offs(site, wanted, area, pack)
    ground = corridor(area, zones)
    cells = ground.cells_of(front)
    inside = shapely.distance(shapely.points(ground.centres[cells]), site.pit)
    entry = dict(zip(cells.tolist(), np.asarray(inside, dtype=np.float64).tolist(), strict=True))
    return _Start(ground, ground.ways(entry), entry)


def _stand_offs(site: Site, wanted: Sequence[Wanted], area: BaseGeometry, pack: RulePack) -> Iterator[Zone]:
    """The ground that is too near to a foundation, a tree or a plot line for one of the lines."""
    keeps = [_keeps(site, each, main.placed, pack) for each in wanted for main in each.mains[:1]]
    for obstacle in site.obstacles:
        keep = max(found[_sort(obstacle.placed)] for found in keeps)
        if keep > 0.0 and obstacle.axis.distance(area) <= keep:
            yield Zone(obstacle.axis.buffer(keep), BESIDE_A_LINE)


def _keeps(site: Site, wanted: Wanted, main: Placed, pack: RulePack) -> dict[_Sort, float]:
    """How far (m) a service off `main` keeps from each sort of obstacle that there is."""
    sorts = {_sort(each.placed): each.placed for each in site.obstacles}
    return {sort: stand_off_m(wanted.kind, main, placed, pack) for sort, placed in sorts.items()}


def _sort(placed: Placed) -> _Sort:
    """What decides how far one keeps from an obstacle: its kind, and how thick it is around what is drawn."""
    return placed.utility, placed.known_radius_m


def _lay(wanted: Wanted, start: _Start, ways: Ways, origin: BaseGeometry) -> _Course | None:
    """The cheapest course from the sources of `ways`, which lie on `origin`, to a main that can carry it."""
    best: tuple[float, int, Main] | None = None
    for main in wanted.mains:
        cell = ways.best_of(start.ground.cells_of(main.axis))
        if cell is not None and (best is None or ways.cost[cell] < best[0]):
            best = (float(ways.cost[cell]), cell, main)
    if best is None:
        return None
    _, cell, main = best
    cells = ways.to(cell)
    return _Course(main, _ended(ways.line(cells), main, origin), start.inside_m.get(cells[0], 0.0))


def _ended(line: LineString, main: Main, origin: BaseGeometry) -> LineString:
    """The line from exactly its origin (frontage or trench) to exactly the main's axis."""
    points = [Point(xy) for xy in line.coords]
    first = shapely.shortest_line(origin, points[0]).coords[0]
    last = shapely.shortest_line(points[-1], main.axis).coords[-1]
    middle = [point.coords[0] for point in points[1:-1]]
    return shapely.remove_repeated_points(LineString([first, *middle, last]))


def _met(site: Site, wanted: Wanted, course: _Course, pack: RulePack) -> ServiceLine:
    """The line of a course: its cover, and what it meets there."""
    main, route = course.main, course.route
    others = [
        line
        for line in _around(site.lines, route)
        if (line.placed.layer_id, line.placed.feature_id) != (main.placed.layer_id, main.placed.feature_id)
        and line.placed.utility in NETWORKS
        and line.placed.kind is not wanted.kind
    ]
    cover = suitable_cover(wanted, route, [line for line in others if line.axis.intersects(route)], pack)
    met = [encounter(wanted, route, cover, line, pack) for line in others]
    keeps = _keeps(site, wanted, main.placed, pack)
    named = [each for each in site.obstacles if keeps[_sort(each.placed)] > 0.0]
    near = _around(named, route, max(keeps.values(), default=0.0) + LOOSE_M)
    met += [beside(wanted, main.placed, route, cover, each, pack) for each in near]
    found = tuple(each for each in met if each is not None)
    over = sum(
        route.intersection(shape.buffer(-SHARED_EDGE_M)).length
        for shape in site.neighbours
        if shape.intersects(route)
    )
    return ServiceLine(wanted.name, main, route, course.inside_m, cover, found, float(over))


def _around(lines: Sequence[Existing], route: LineString, reach_m: float = LOOK_M) -> list[Existing]:
    if not lines:
        return []
    shapely.prepare(route)
    near = shapely.dwithin(route, np.array([line.axis for line in lines], dtype=object), reach_m)
    return [line for line, is_near in zip(lines, near.tolist(), strict=True) if is_near]


def _common(
    site: Site, wanted: Sequence[Wanted], separate: Sequence[ServiceLine], start: _Start, pack: RulePack
) -> CommonTrench | None:
    """The tree of trenches that serves all with the fewest metres; None when it saves less than a metre."""
    if len(wanted) < 2:
        return None
    far_first = sorted(wanted, key=lambda each: -_length(separate, each.name))
    trees = [_tree(site.parcel.boundary, order, start) for order in (far_first, far_first[::-1])]
    made = [tree for tree in trees if tree is not None]
    if not made:
        return None
    shape, courses = min(made, key=lambda tree: tree[0].length)
    total = sum(line.length_m for line in separate)
    if total - shape.length < LEAST_SAVING_M:
        return None
    lines = [_met(site, each, course, pack) for each, course in courses]
    slots, width = _slots(wanted, lines, pack)
    return CommonTrench(shape, float(shape.length), total, width, slots, tuple(lines))


def _length(lines: Sequence[ServiceLine], name: str) -> float:
    return next(line.length_m for line in lines if line.name == name)


def _tree(
    edge: BaseGeometry, order: Sequence[Wanted], start: _Start
) -> tuple[MultiLineString, list[tuple[Wanted, _Course]]] | None:
    """Lay one line after the other, each from the frontage or from a trench that is dug anyway."""
    branches: list[LineString] = []
    courses: list[tuple[Wanted, _Course]] = []
    for each in order:
        joined = shapely.union_all(branches) if branches else None
        ways = start.ways if joined is None else start.ground.ways(_from_tree(start, joined))
        course = _lay(each, start, ways, edge if joined is None else joined)
        if course is None:
            return None
        branches.append(course.route)
        if joined is not None:
            course = _from_frontage(course, [known for _, known in courses])
        if course.whole_m > each.max_length_m:
            return None
        courses.append((each, course))
    return MultiLineString(branches), courses


def _from_tree(start: _Start, joined: BaseGeometry) -> dict[int, float]:
    return dict.fromkeys(start.ground.cells_of(joined).tolist(), 0.0)


def _from_frontage(branch: _Course, laid: Sequence[_Course]) -> _Course:
    """The whole course of a line that leaves a trench: along the line already laid there, then along its own branch."""
    at = Point(branch.route.coords[0])
    carrier = min(laid, key=lambda course: course.route.distance(at))
    root = substring(carrier.route, 0.0, carrier.route.project(at))
    route = shapely.remove_repeated_points(LineString([*root.coords, *branch.route.coords]))
    return _Course(branch.main, route, carrier.inside_m)


def _slots(
    wanted: Sequence[Wanted], lines: Sequence[ServiceLine], pack: RulePack
) -> tuple[tuple[Slot, ...], float]:
    """Who lies where across the trench, side by side with the distance each pair asks for, and the trench's width."""
    order = sorted(wanted, key=lambda each: each.name)
    places = [0.0]
    for left, right in pairwise(order):
        rule = pack.governing(Subject.of(left.kind, ["service"]), Subject.of(right.kind, ["service"]))
        apart = max(LEAST_KEEP_M, (rule.horizontal_m or 0.0) if rule is not None else 0.0)
        places.append(places[-1] + apart + (left.outer_diameter_mm + right.outer_diameter_mm) / 2000)
    width = places[-1] + max(each.trench_width_m for each in wanted)
    covers = {line.name: line.cover_m for line in lines}
    slots = tuple(
        Slot(each.name, round(place - places[-1] / 2, 2), covers[each.name])
        for each, place in zip(order, places, strict=True)
    )
    return slots, round(width, 2)
