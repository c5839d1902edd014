"""A network from bare lines and points: what touches is joined, what lies near is snapped, and every snap is listed.

All coordinates and distances are metres in the city CRS.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import pairwise

import numpy as np
import shapely
from shapely.geometry import LineString, MultiLineString, Point
from shapely.ops import substring

from geo.network import (
    DeviceRecord,
    LinkRecord,
    LinkRole,
    Network,
    NodeRecord,
    Snap,
    SnapKind,
    SourceRecord,
    build_network,
    link_columns,
)
from geo.snapping import snapped


@dataclass(frozen=True, slots=True)
class LineRecord:
    """A pipe or cable known only by its line (city CRS)."""

    line_id: str
    shape: LineString | MultiLineString
    role: LinkRole = LinkRole.MAIN
    squeezable: bool = False


@dataclass(frozen=True, slots=True)
class PointRecord:
    """A device or source known only by its point (city CRS)."""

    point_id: str
    x: float
    y: float
    closed: bool = False
    operable: bool = True


def network_from_lines(
    lines: Sequence[LineRecord],
    devices: Sequence[PointRecord] = (),
    sources: Sequence[PointRecord] = (),
    tolerance_m: float = 0.0,
) -> Network:
    """The network that the lines' geometry shows, with joins assumed over at most `tolerance_m` metres.

    Ends with equal coordinates are one node. A device takes the node within the tolerance, else it cuts the
    nearest line within the tolerance in two; a source takes the nearest node or cuts a line alike. What finds
    no place is in `unplaced`. The parts of a cut line keep its id.

    >>> west, east = LineString([(0, 0), (10, 0)]), LineString([(10.1, 0), (20, 0)])
    >>> gap = network_from_lines([LineRecord("w", west), LineRecord("e", east)], tolerance_m=0.2)
    >>> [(snap.kind.value, round(snap.distance_m, 3)) for snap in gap.snaps]
    [('end_to_end', 0.1)]
    """
    whole = [
        (record, part)
        for record in lines
        for part in shapely.get_parts(shapely.force_2d(record.shape))
        if len(part.coords) > 1
    ]
    points = [*devices, *sources]
    places = _places([part for _, part in whole], points, tolerance_m)
    links = _cut_links(whole, points, places)
    node_of, names = _names(links, points, places)
    kept = [i for i in range(len(points)) if node_of[i] is not None]
    at_device = [i for i in kept if i < len(devices)]
    at_source = [i for i in kept if i >= len(devices)]
    base = build_network(
        _numbered(links),
        names,
        [
            DeviceRecord(points[i].point_id, str(node_of[i]), None, points[i].closed, points[i].operable)
            for i in at_device
        ],
        [SourceRecord(points[i].point_id, str(node_of[i])) for i in at_source],
    )
    network = replace(
        base,
        **link_columns(links),
        snaps=tuple(_placing(base, points[i], str(node_of[i]), places[i]) for i in at_device),
        unplaced=tuple(points[i].point_id for i in range(len(points)) if node_of[i] is None),
    )
    return snapped(network, tolerance_m)


# --- placing devices on lines -----------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class _Place:
    """Where a point belongs: a line's end (`measure_m` None: `x`, `y` is the end) or a measure along it."""

    line: int
    measure_m: float | None
    distance_m: float
    x: float
    y: float


def _places(
    parts: Sequence[LineString], points: Sequence[PointRecord], tolerance_m: float
) -> list[_Place | None]:
    if not parts or not points:
        return [None] * len(points)
    tree = shapely.STRtree(parts)
    dots = shapely.points([(point.x, point.y) for point in points])
    found: list[_Place | None] = [None] * len(points)
    for which, line in sorted(
        zip(*tree.query(dots, predicate="dwithin", distance=tolerance_m).tolist(), strict=True)
    ):
        place = _place(line, parts[line], dots[which], tolerance_m)
        best = found[which]
        if best is None or _rank(place) < _rank(best):
            found[which] = place
    return found


def _rank(place: _Place) -> tuple[bool, float, int]:
    return (place.measure_m is not None, place.distance_m, place.line)


def _place(line: int, part: LineString, dot: Point, tolerance_m: float) -> _Place:
    for end in (part.coords[0], part.coords[-1]):
        apart = float(np.hypot(dot.x - end[0], dot.y - end[1]))
        if apart <= tolerance_m:
            return _Place(line, None, apart, end[0], end[1])
    measure = part.project(dot)
    on = part.interpolate(measure)
    return _Place(line, measure, float(dot.distance(on)), on.x, on.y)


def _cut_links(
    whole: Sequence[tuple[LineRecord, LineString]],
    points: Sequence[PointRecord],
    places: Sequence[_Place | None],
) -> list[LinkRecord]:
    measures: dict[int, set[float]] = {}
    for place in places:
        if place is not None and place.measure_m is not None:
            measures.setdefault(place.line, set()).add(place.measure_m)
    links = []
    for index, (record, part) in enumerate(whole):
        at = [0.0, *sorted(measures.get(index, ())), part.length]
        pieces = [substring(part, a, b) for a, b in pairwise(at)] if len(at) > 2 else [part]
        links += [_link(record, LineString(piece.coords)) for piece in pieces]
    return links


def _link(record: LineRecord, piece: LineString) -> LinkRecord:
    ends = _name(piece.coords[0]), _name(piece.coords[-1])
    return LinkRecord(record.line_id, *ends, piece.length, record.role, None, piece, record.squeezable)


def _numbered(links: Sequence[LinkRecord]) -> list[LinkRecord]:
    return [replace(link, link_id=str(index)) for index, link in enumerate(links)]


def _name(at: Sequence[float]) -> str:
    return f"{float(at[0])!r} {float(at[1])!r}"


def _names(
    links: Sequence[LinkRecord], points: Sequence[PointRecord], places: Sequence[_Place | None]
) -> tuple[list[str | None], list[NodeRecord]]:
    nodes: dict[str, NodeRecord] = {}
    for link in links:
        assert link.shape is not None
        for at in (link.shape.coords[0], link.shape.coords[-1]):
            nodes.setdefault(_name(at), NodeRecord(_name(at), "", float(at[0]), float(at[1])))
    node_of: list[str | None] = []
    for place in places:
        if place is None:
            node_of.append(None)
            continue
        name = _name((place.x, place.y))
        node_of.append(name if name in nodes else _nearest_name(nodes, place))
    return node_of, list(nodes.values())


def _nearest_name(nodes: dict[str, NodeRecord], place: _Place) -> str:
    # `substring` may round the cut point otherwise than `interpolate`
    return min(nodes.values(), key=lambda node: np.hypot(node.x - place.x, node.y - place.y)).node_id


def _placing(network: Network, point: PointRecord, node_id: str, place: _Place | None) -> Snap:
    assert place is not None
    kind = SnapKind.DEVICE_TO_NODE if place.measure_m is None else SnapKind.DEVICE_TO_LINE
    node = int(network.nodes([node_id])[0])
    return Snap(kind, point.point_id, node_id, place.distance_m, place.x, place.y, node)
