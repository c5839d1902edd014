"""A network from bare lines, and the repair of its gaps by logged snaps.

Delivered lines are rarely a routable network: of one published low-pressure gas layer 52 % of the length
hangs together by equal end points, 93 % once ends within 0.2 m of another end or line count as joined. So the
joins are assumed, but openly: each snap is listed with its distance, can be dropped again
(`Network.without_snaps`), and `connectivity` says how much of the network rests on them.

All coordinates and distances are metres in the city CRS.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import Final

import numpy as np
import numpy.typing as npt
import shapely
from scipy.spatial import cKDTree
from shapely.geometry import LineString, MultiLineString, Point
from shapely.ops import substring

from geo.network import (
    NOWHERE,
    DeviceRecord,
    Indices,
    LinkRecord,
    LinkRole,
    Metres,
    Network,
    NetworkError,
    NodeRecord,
    Snap,
    SnapKind,
    SourceRecord,
    build_network,
    link_columns,
)
from geo.zones import joins_of


class NoShapes(NetworkError):
    """The links carry no geometry, so no end can be compared with another; `links` have none."""

    code = "network-no-shapes"


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


@dataclass(frozen=True, slots=True)
class Connectivity:
    """How far a network can be trusted to be one: shares are of 1.

    `largest_share`: length in the largest connected part; `supplied_share`: length in parts that hold a
    source; `snapped_share`: joins that were assumed; `widest_snap_m`: the longest gap among them (0: none).
    """

    parts: int
    length_m: float
    largest_share: float
    supplied_share: float
    joins: int
    snapped: int
    widest_snap_m: float

    @property
    def snapped_share(self) -> float:
        """Assumed joins among all joins; 0 when nothing joins."""
        return self.snapped / self.joins if self.joins else 0.0


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


def snapped(network: Network, tolerance_m: float) -> Network:
    """The network with every end within `tolerance_m` metres of another end or line taken as joined to it.

    An end joins the ends near it, and the one nearest line when that is nearer still. Two ends of one link,
    and two full nodes that already meet at a neighbour (the pieces around a valve), are never joined: that
    would bypass what stands between them. Raises `NoShapes`.
    """
    bare = sum(shape is None for shape in network.link_shapes)
    if bare:
        raise NoShapes(links=bare)
    if not network.link_count:
        return network
    ends = _End.of(network)
    joined = _end_snaps(ends, network, tolerance_m)
    nearest: dict[int, float] = {}
    for snap in joined:
        for node in (snap.node, snap.other_node):
            nearest[node] = min(snap.distance_m, nearest.get(node, snap.distance_m))
    onto = [
        snap
        for snap in _line_snaps(ends, network, tolerance_m)
        if snap.distance_m < nearest.get(snap.node, float("inf"))
    ]
    return replace(network, snaps=(*(s for s in network.snaps if not s.is_join), *joined, *onto))


def connectivity(network: Network) -> Connectivity:
    """How much of the network hangs together, and how many joins were assumed; every valve counts as open."""
    labels = parts_of(network)
    count = network.node_count
    lengths = network.link_length_m if network.link_length_m.sum() > 0 else np.ones(network.link_count)
    by_part = np.bincount(labels[count:], weights=lengths, minlength=1)
    fed = np.unique(labels[network.source_node])
    total = float(lengths.sum()) or 1.0
    ends = np.concatenate([network.link_start, network.link_end])
    at_node = np.bincount(ends[ends != NOWHERE], minlength=1)
    snaps = [snap for snap in network.snaps if snap.is_join]
    return Connectivity(
        parts=len(np.unique(labels[count:])),
        length_m=float(network.link_length_m.sum()),
        largest_share=float(by_part.max()) / total,
        supplied_share=float(by_part[fed[fed < len(by_part)]].sum()) / total,
        joins=int(np.maximum(at_node - 1, 0).sum()) + len(network.tap_node) + len(snaps),
        snapped=len(snaps),
        widest_snap_m=max((snap.distance_m for snap in snaps), default=0.0),
    )


def parts_of(network: Network) -> Indices:
    """The connected part of each node and then each link, with every valve open; numbers carry no meaning."""
    from geo.zone_kernels import components

    labels: Indices = components(network.node_count + network.link_count, *joins_of(network))[0]
    return labels


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


# --- joining ends -----------------------------------------------------------------------------------------

_TOUCHING: Final = 1e-12


@dataclass(frozen=True, slots=True)
class _End:
    """Where links end: node, x, y; and, as compressed rows, the nodes each node is one link away from."""

    node: Indices
    xy: npt.NDArray[np.float64]
    start: npt.NDArray[np.int64]
    target: Indices

    @classmethod
    def of(cls, network: Network) -> _End:
        """The ends by geometry; a node without a place takes the place of the first end there."""
        from geo.kernels import adjacency

        xy = network.node_xy.copy()
        shapes = np.array(network.link_shapes, dtype=object)
        ends = np.concatenate([network.link_start, network.link_end])
        # all ends in the order of the links: of several that could place a node, the first does
        tips = shapely.get_coordinates([*shapely.get_point(shapes, 0), *shapely.get_point(shapes, -1)])
        order = np.arange(len(ends)).reshape(2, -1).T.ravel()
        order = order[ends[order] != NOWHERE]
        used, first = np.unique(ends[order], return_index=True)
        bare = np.isnan(xy[used, 0])
        xy[used[bare]] = tips[order[first[bare]]]
        whole = (network.link_start != NOWHERE) & (network.link_end != NOWHERE)
        a, b = network.link_start[whole], network.link_end[whole]
        start, target, _, _ = adjacency(network.node_count, a, b, a)
        used = used.astype(np.int32)
        return cls(used, xy[used], start, target)

    def beside(self, node: int) -> set[int]:
        """The nodes one link away."""
        return set(self.target[self.start[node] : self.start[node + 1]].tolist())


def _dots(xy: Metres) -> npt.NDArray[np.object_]:
    made: npt.NDArray[np.object_] = shapely.points(xy.reshape(-1, 2))  # type: ignore[assignment]
    return made


def _end_snaps(ends: _End, network: Network, tolerance_m: float) -> list[Snap]:
    pairs = cKDTree(ends.xy).query_pairs(max(tolerance_m, _TOUCHING), output_type="ndarray")
    degree = np.bincount(
        np.concatenate([network.link_start, network.link_end, network.tap_node]) + 1,
        minlength=network.node_count + 1,
    )[1:]
    snaps = []
    for i, j in sorted(map(tuple, pairs.tolist())):
        a, b = int(ends.node[i]), int(ends.node[j])
        if _bypasses(ends, degree, a, b):
            continue
        apart = float(np.hypot(*(ends.xy[i] - ends.xy[j])))
        x, y = ((ends.xy[i] + ends.xy[j]) / 2).tolist()
        snaps.append(Snap(SnapKind.END_TO_END, network.node_ids[a], network.node_ids[b], apart, x, y, a, b))
    return snaps


def _bypasses(ends: _End, degree: npt.NDArray[np.int64], a: int, b: int) -> bool:
    near_a = ends.beside(a)
    full = degree[a] > 1 and degree[b] > 1
    return b in near_a or (full and bool(near_a & ends.beside(b)))


def _line_snaps(ends: _End, network: Network, tolerance_m: float) -> list[Snap]:
    shapes = np.array(network.link_shapes, dtype=object)
    tree = shapely.STRtree(shapes)
    dots = _dots(ends.xy)
    end, link = tree.query(dots, predicate="dwithin", distance=max(tolerance_m, _TOUCHING))
    node = ends.node[end]
    stride = np.int64(max(network.link_count, 1))
    tapped = network.tap_node.astype(np.int64) * stride + network.tap_link
    own = (network.link_start[link] == node) | (network.link_end[link] == node)
    known = np.isin(node.astype(np.int64) * stride + link, tapped)
    end, link = end[~own & ~known], link[~own & ~known]
    # an end near the other line's end is an end-to-end matter
    first_tip = shapely.distance(dots[end], shapely.get_point(shapes[link], 0))
    tips = np.minimum(first_tip, shapely.distance(dots[end], shapely.get_point(shapes[link], -1)))
    end, link = end[tips > tolerance_m], link[tips > tolerance_m]
    apart = shapely.distance(dots[end], shapes[link])
    rank = np.argsort(
        np.argsort(np.array(list(network.link_ids)))
    )  # ties go by id, not by the order of delivery
    order = np.lexsort((rank[link], apart, end))
    first = order[np.unique(end[order], return_index=True)[1]]
    return [
        Snap(
            SnapKind.END_TO_LINE,
            network.node_ids[ends.node[end[k]]],
            network.link_ids[link[k]],
            float(apart[k]),
            float(ends.xy[end[k], 0]),
            float(ends.xy[end[k], 1]),
            int(ends.node[end[k]]),
            other_link=int(link[k]),
        )
        for k in first
    ]
