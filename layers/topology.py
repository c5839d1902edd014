"""Rules that look at a delivery as a whole: how a network hangs together, how parcels cover the ground.

Only whole deliveries are asked: a part of a network has loose ends everywhere. What is found is told and kept as
delivered, because a drawing of two pipes that miss each other may be the truth; only gaps too small to be meant
are closed, each logged with the shape as it was. Lengths in metres.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Collection
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import numpy.typing as npt
import shapely
from sqlalchemy import Connection, text

from layers.catalog import LayerSpec, Target
from layers.city import City
from layers.mapping import Mapped
from layers.report import Severity

# Ends this near are the same point, whatever the digits say.
TOUCHING_M: Final = 0.001
# A gap up to this is a slip of the pen: closed, with a notice.
SNAP_M: Final = 0.05
# A gap or an overhang up to this is suspicious: told, and left as it is.
REACH_M: Final = 0.5
# Parcels may overlap, or leave open, slivers of at most this.
SLIVER_M2: Final = 0.5
# A hole larger than this is a square or a lake, not a slip.
LARGEST_GAP_M2: Final = 25.0
# The union of more parcels than these costs more than it tells.
_MOST_PARCELS: Final = 100_000


@dataclass(slots=True)
class _Lines:
    """The accepted lines of a delivery and their ends; `row` is the position in the delivery."""

    row: npt.NDArray[np.intp]
    shapes: npt.NDArray[np.object_]
    ends: npt.NDArray[np.object_]
    xy: npt.NDArray[np.float64]
    free: npt.NDArray[np.bool_]
    tree: shapely.STRtree

    @classmethod
    def of(cls, mapped: Mapped) -> _Lines:
        """Multi-part lines have no two ends and are left out."""
        row = np.array(
            [
                index
                for index in range(len(mapped))
                if index not in mapped.refused and mapped.geometry[index].geom_type == "LineString"
            ],
            dtype=np.intp,
        )
        shapes = mapped.geometry[row]
        ends = np.concatenate((shapely.get_point(shapes, 0), shapely.get_point(shapes, -1)))
        tree = shapely.STRtree(shapes)
        touched, _ = tree.query(ends, predicate="dwithin", distance=TOUCHING_M)
        free = np.bincount(touched, minlength=len(ends)) <= 1
        return cls(row, shapes, ends, shapely.get_coordinates(ends), free, tree)

    def near_free(self, reach_m: float) -> tuple[npt.NDArray[np.intp], npt.NDArray[np.intp]]:
        """Pairs of a free end and another line within reach: positions in `ends` and `shapes`."""
        loose = np.flatnonzero(self.free)
        if not len(loose):
            return loose, loose
        end, line = self.tree.query(self.ends[loose], predicate="dwithin", distance=reach_m)
        end = loose[end]
        other = line != end % len(self.shapes)
        return end[other], line[other]


@dataclass(frozen=True, slots=True)
class Whole:
    """What the rules are given; `nodes` are the ids that the node layers know, None where there are none."""

    mapped: Mapped
    lines: _Lines
    nodes: Collection[str] | None


def _loose(whole: Whole) -> tuple[npt.NDArray[np.intp], npt.NDArray[np.intp]]:
    """Free ends near another line that they do not touch, unless the nodes say that the two never meet."""
    lines, columns = whole.lines, whole.mapped.columns
    end, line = lines.near_free(REACH_M)
    apart = shapely.distance(lines.ends[end], lines.shapes[line])
    end, line = end[apart > TOUCHING_M], line[apart > TOUCHING_M]
    size = len(lines.shapes)

    def may_meet(at: int, other: int) -> bool:
        own, that = int(lines.row[at % size]), int(lines.row[other])
        node = columns["from_node" if at < size else "to_node"][own]
        there = {columns["from_node"][that], columns["to_node"][that]}
        is_tap = columns["main_id"][own] == columns["feature_id"][that]
        return node is None or node in there or is_tap or there == {None}

    kept = np.array([may_meet(a, b) for a, b in zip(end.tolist(), line.tolist(), strict=True)], dtype=bool)
    return end[kept], line[kept]


def _warn(whole: Whole, code: str, index: int, **params: str | float | None) -> None:
    whole.mapped.issues.append(whole.mapped.issue(Severity.WARNING, code, index, **params))


def undershoot(whole: Whole) -> None:
    """An end that stops just short of a line: closed within SNAP_M, else told."""
    lines = whole.lines
    end, line = _loose(whole)
    if not len(end):
        return
    own = end % len(lines.shapes)
    apart = shapely.distance(lines.ends[end], lines.shapes[line])
    short = ~shapely.intersects(lines.shapes[own], lines.shapes[line])
    order = np.lexsort((apart, end))
    order = order[short[order]]
    first = order[np.unique(end[order], return_index=True)[1]]
    told: set[tuple[int, int]] = set()
    for at in first:
        pair = int(own[at]), int(line[at])
        if pair[::-1] in told:  # two ends that miss each other are one gap
            continue
        told.add(pair)
        index = int(lines.row[pair[0]])
        other = whole.mapped.columns["feature_id"][int(lines.row[pair[1]])]
        gap = round(float(apart[at]), 4)
        if gap <= SNAP_M:
            _snap(whole, int(end[at]), pair[1], other, gap)
        else:
            _warn(whole, "undershoot", index, other=other, gap_m=gap)


def _snap(whole: Whole, end: int, line: int, other: str, gap: float) -> None:
    lines = whole.lines
    index = int(lines.row[end % len(lines.shapes)])
    target = whole.mapped.geometry[int(lines.row[line])]
    tips = [shapely.get_point(target, 0), shapely.get_point(target, -1)]
    near = min(tips, key=lambda tip: float(shapely.distance(tip, lines.ends[end])))
    if shapely.distance(near, lines.ends[end]) > SNAP_M:
        near = shapely.line_interpolate_point(target, shapely.line_locate_point(target, lines.ends[end]))
    xy = shapely.get_coordinates(whole.mapped.geometry[index])
    xy[0 if end < len(lines.shapes) else -1] = shapely.get_coordinates(near)[0]
    made = shapely.LineString(xy)
    if made.length > 0:
        whole.mapped.repair("snapped-end", index, made, other=other, gap_m=gap)


def overshoot(whole: Whole) -> None:
    """An end that runs just past a line it meets."""
    lines = whole.lines
    end, line = _loose(whole)
    own = end % len(lines.shapes)
    apart = shapely.distance(lines.ends[end], lines.shapes[line])
    past = shapely.crosses(lines.shapes[own], lines.shapes[line])
    for at in np.flatnonzero(past):
        index = int(lines.row[own[at]])
        other = whole.mapped.columns["feature_id"][int(lines.row[line[at]])]
        _warn(whole, "overshoot", index, other=other, past_m=round(float(apart[at]), 4))


def _services(whole: Whole) -> list[int]:
    """Positions, among the lines, of the services."""
    roles = whole.mapped.columns["role"]
    return [at for at, index in enumerate(whole.lines.row) if roles[index] == "service"]


def dangling_service(whole: Whole) -> None:
    """A service that touches nothing at either end serves nobody."""
    size = len(whole.lines.shapes)
    for at in _services(whole):
        if whole.lines.free[at] and whole.lines.free[at + size]:
            _warn(whole, "dangling-service", int(whole.lines.row[at]))


def service_off_main(whole: Whole) -> None:
    """A service that names its main touches it."""
    mains = whole.mapped.columns["main_id"]
    lines = whole.lines
    place = {whole.mapped.columns["feature_id"][index]: at for at, index in enumerate(lines.row)}
    for at in _services(whole):
        index = int(lines.row[at])
        main = mains[index]
        if main is None:
            continue
        if main not in place:
            _warn(whole, "unknown-main", index, main=main)
            continue
        apart = float(shapely.distance(lines.shapes[at], lines.shapes[place[main]]))
        if apart > REACH_M:
            _warn(whole, "service-off-main", index, main=main, apart_m=round(apart, 3))


def duplicate_link(whole: Whole) -> None:
    """Two lines of the same course between the same nodes are one line, delivered twice."""
    lines = whole.lines
    keys = shapely.to_wkb(shapely.set_precision(shapely.normalize(lines.shapes), TOUCHING_M))
    columns = whole.mapped.columns
    first: dict[tuple[bytes, Any], int] = {}
    for at, key in enumerate(keys):
        index = int(lines.row[at])
        nodes = frozenset((columns["from_node"][index], columns["to_node"][index]))
        kept = first.setdefault((key, nodes), index)
        if kept != index and None not in nodes:
            _warn(whole, "duplicate-link", index, other=columns["feature_id"][kept])


def reversed_link(whole: Whole) -> None:
    """A line is drawn from its from-node to its to-node, as the other lines at these nodes say."""
    lines, columns = whole.lines, whole.mapped.columns
    size = len(lines.shapes)
    places: dict[str, Counter[tuple[float, float]]] = {}
    spots = [(round(x, 2), round(y, 2)) for x, y in lines.xy.tolist()]
    for at, index in enumerate(lines.row):
        ends = ((columns["from_node"][index], spots[at]), (columns["to_node"][index], spots[at + size]))
        for name, spot in ends:
            if name is not None:
                places.setdefault(name, Counter())[spot] += 1
    for at, index in enumerate(lines.row):
        start, end = columns["from_node"][index], columns["to_node"][index]
        if start is None or end is None or start == end:
            continue
        elsewhere = places[start][spots[at + size]] > places[start][spots[at]]
        swapped = places[end][spots[at]] >= places[end][spots[at + size]]
        if elsewhere and swapped and spots[at] != spots[at + size]:
            _warn(whole, "reversed-link", int(index))


def missing_node(whole: Whole) -> None:
    """A line ends at nodes that the agency's node layer has."""
    columns = whole.mapped.columns
    named = {columns[field][index] for field in ("from_node", "to_node") for index in whole.lines.row} - {
        None
    }
    # Where most are unknown, the nodes of these lines were never delivered: no fault of the lines.
    if whole.nodes is None or 2 * len(named & set(whole.nodes)) < len(named):
        return
    for index in whole.lines.row:
        for field in ("from_node", "to_node"):
            name = columns[field][index]
            if name is not None and name not in whole.nodes:
                _warn(whole, "missing-node", int(index), field=field, node=name)


Rule = Callable[[Whole], None]
# What lines of one network do to each other where they meet; the rest is said of each line alone.
MEETING_RULES: tuple[Rule, ...] = (undershoot, overshoot, dangling_service, service_off_main)
NETWORK_RULES: tuple[Rule, ...] = (*MEETING_RULES, duplicate_link, reversed_link, missing_node)


def _is_services_alone(whole: Whole) -> bool:
    """Whether these are services whose mains are all in another layer: they leave those, and touch no line here."""
    columns, rows = whole.mapped.columns, whole.lines.row
    mains = {columns["main_id"][index] for index in rows} - {None}
    has_main = any(columns["role"][index] != "service" for index in rows)
    return bool(mains) and not has_main and mains.isdisjoint(columns["feature_id"])


def parcel_overlaps(mapped: Mapped) -> None:
    """No ground belongs to two parcels."""
    row = np.array([index for index in range(len(mapped)) if index not in mapped.refused], dtype=np.intp)
    shapes = mapped.geometry[row]
    a, b = shapely.STRtree(shapes).query(shapes, predicate="intersects")
    a, b = a[a < b], b[a < b]
    areas = shapely.area(shapely.intersection(shapes[a], shapes[b]))
    for at in np.flatnonzero(areas > SLIVER_M2):
        index, other = int(row[a[at]]), mapped.columns["feature_id"][int(row[b[at]])]
        params = {"other": other, "area_m2": round(float(areas[at]), 3)}
        mapped.issues.append(mapped.issue(Severity.WARNING, "parcels-overlap", index, **params))


def parcel_gaps(mapped: Mapped) -> None:
    """Neighbouring parcels leave no slivers between them that are nobody's."""
    row = np.array([index for index in range(len(mapped)) if index not in mapped.refused], dtype=np.intp)
    shapes = mapped.geometry[row]
    holes = shapely.get_parts(shapely.polygonize([shapely.boundary(shapely.union_all(shapes))]))
    tree = shapely.STRtree(shapes)
    for hole in holes:
        if not SLIVER_M2 < hole.area <= LARGEST_GAP_M2:
            continue
        point = hole.point_on_surface()
        if len(tree.query(point, predicate="intersects")):
            continue
        index = int(row[tree.nearest(point)])
        made = mapped.issue(Severity.WARNING, "parcels-gap", index, area_m2=round(float(hole.area), 3))
        mapped.issues.append(made)


def known_nodes(connection: Connection, city: City, spec: LayerSpec) -> Collection[str] | None:
    """Return the node ids of the same owner and utility that are shown now; None without such a layer."""
    if spec.target is not Target.NETWORK_LINE:
        return None
    found = connection.execute(
        text(
            "SELECT t.feature_id FROM layers.network_node t WHERE t.city_id = :city_id AND t.retired_by IS NULL "
            "AND t.utility = :utility AND t.owner_agency = :owner"
        ),
        {"city_id": city.city_id, "utility": str(spec.utility), "owner": spec.owner},
    ).scalars()
    return frozenset(found) or None


def check_whole(mapped: Mapped, city: City, nodes: Collection[str] | None) -> None:
    """Apply the rules of a whole delivery to what its own rules left of it."""
    target = mapped.spec.target
    if len(mapped.refused) == len(mapped):
        return
    if target is Target.NETWORK_LINE:
        lines = _Lines.of(mapped)
        if len(lines.row):
            whole = Whole(mapped, lines, nodes)
            alone = _is_services_alone(whole)
            for rule in NETWORK_RULES:
                if not (alone and rule in MEETING_RULES):
                    rule(whole)
    elif target is Target.PARCEL:
        parcel_overlaps(mapped)
        if len(mapped) <= _MOST_PARCELS:
            parcel_gaps(mapped)
