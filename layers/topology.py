"""Rules that look at a delivery as a whole: how a network hangs together, how parcels cover the ground.

Only whole deliveries are asked: a part of a network has loose ends everywhere. What is found is told and kept as
delivered, because a drawing of two pipes that miss each other may be the truth; only gaps too small to be meant
are closed, each logged with the shape as it was. Lengths in metres.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any, Final

import numpy as np
import numpy.typing as npt
import shapely
from sqlalchemy import Connection, text

from layers.catalog import LayerSpec, Target
from layers.city import City
from layers.columns import codes_of
from layers.line_ends import Codes, Floats, Ground, Lines, Mask, ends_within
from layers.readers.records import among, repeated
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
# Names are read so many at a time.
_CHUNK: Final = 50_000

At = npt.NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Told:
    """What a rule found: the positions of lines, and for each what is to be said.

    `other`: the line whose id is told; `own`: the field of the line itself whose value is told, and by which word.
    """

    code: str
    at: At
    other: At | None = None
    own: tuple[str, str] | None = None
    numbers: dict[str, npt.NDArray[Any]] = field(default_factory=dict)
    texts: dict[str, str] = field(default_factory=dict)
    severity: Severity = Severity.WARNING


@dataclass(frozen=True, slots=True)
class Whole:
    """What the rules are given: lines, which ends are free, the pairs of a free end and a line that it just misses.

    `nodes` are the codes of the nodes that the node layers know, None where there are none. Ends are numbered as in
    `Lines.ends`.
    """

    lines: Lines
    free: Mask
    end: At
    line: At
    apart: Floats
    nodes: Codes | None

    @classmethod
    def of(cls, lines: Lines, nodes: Codes | None) -> Whole:
        """Lines and how their ends meet."""
        ground, ends = Ground(lines), lines.ends
        own = np.tile(np.arange(len(lines), dtype=np.int32), 2)
        free = ~ground.touched(ends, own, TOUCHING_M)
        loose = np.flatnonzero(free)
        end, line, apart = ground.near(ends[loose], own[loose], REACH_M)
        kept = apart > TOUCHING_M
        made = loose[end[kept]], line[kept].astype(np.int64), apart[kept]
        may = _may_meet(lines, made[0], made[1])
        return cls(lines, free, made[0][may], made[1][may], made[2][may], nodes)

    @property
    def own(self) -> At:
        """The line of each pair's end."""
        return self.end % len(self.lines)


def _may_meet(lines: Lines, end: At, line: At) -> Mask:
    """Which free ends may touch the lines that they are near, by their nodes: the nodes may say that two never meet."""
    size, codes = len(lines), lines.codes
    own = end % size
    node = np.where(end < size, codes["from_node"][own], codes["to_node"][own])
    start, stop = codes["from_node"][line], codes["to_node"][line]
    is_tap = (codes["main_id"][own] == codes["feature_id"][line]) & (codes["main_id"][own] != 0)
    made: Mask = (node == 0) | (node == start) | (node == stop) | is_tap | ((start == 0) & (stop == 0))
    return made


def undershoot(whole: Whole) -> Iterator[Told]:
    """An end that stops just short of a line: closed within SNAP_M, else told."""
    own, line, apart = whole.own, whole.line, whole.apart
    if not len(own):
        return
    short = ~shapely.intersects(whole.lines.shapes(own), whole.lines.shapes(line))
    order = np.lexsort((apart, whole.end))
    order = order[short[order]]
    first = order[np.unique(whole.end[order], return_index=True)[1]]
    first = first[_each_gap_once(own[first], line[first], len(whole.lines))]
    gap = np.round(apart[first], 4)
    closed = gap <= SNAP_M
    for is_closed, code, severity in (
        (True, "snapped-end", Severity.NOTICE),
        (False, "undershoot", Severity.WARNING),
    ):
        at = first[closed == is_closed]
        yield Told(
            code, own[at], line[at], numbers={"gap_m": gap[closed == is_closed], "end": whole.end[at]},
            severity=severity,
        )  # fmt: skip


def _each_gap_once(own: At, line: At, size: int) -> Mask:
    """Two ends that miss each other are one gap."""
    keep = np.ones(len(own), dtype=bool)
    told: set[tuple[int, int]] = set()
    for at in np.flatnonzero(np.isin(own * size + line, line * size + own)).tolist():
        pair = int(own[at]), int(line[at])
        keep[at] = pair[::-1] not in told
        if keep[at]:
            told.add(pair)
    return keep


def snapped(whole: Whole, told: Told) -> tuple[dict[int, Any], Mask]:
    """Close the gaps of `told`; return the new shapes by position, and which of the gaps were closed."""
    lines, size = whole.lines, len(whole.lines)
    assert told.other is not None
    involved = np.unique(np.concatenate((told.at, told.other)))
    shape = dict(zip(involved.tolist(), lines.shapes(involved), strict=True)) if len(involved) else {}
    changed: dict[int, Any] = {}
    closed = np.zeros(len(told.at), dtype=bool)
    ends = zip(told.at.tolist(), told.other.tolist(), told.numbers["end"].tolist(), strict=True)
    for number, (own, other, end) in enumerate(ends):
        made = _snap(shape[own], shape[other], is_start=end < size)
        if made.length > 0:
            shape[own] = changed[own] = made
            closed[number] = True
    return changed, closed


def _snap(line: Any, target: Any, *, is_start: bool) -> Any:
    """The line with one end moved to the target's nearest end, or, where that is far, to its nearest point."""
    xy = shapely.get_coordinates(line)
    end = shapely.Point(xy[0 if is_start else -1])
    tips = [shapely.get_point(target, 0), shapely.get_point(target, -1)]
    near = min(tips, key=lambda tip: float(shapely.distance(tip, end)))
    if shapely.distance(near, end) > SNAP_M:
        near = shapely.line_interpolate_point(target, shapely.line_locate_point(target, end))
    xy[0 if is_start else -1] = shapely.get_coordinates(near)[0]
    return shapely.LineString(xy)


def overshoot(whole: Whole) -> Iterator[Told]:
    """An end that runs just past a line it meets."""
    own, line = whole.own, whole.line
    if len(own):
        past = np.flatnonzero(shapely.crosses(whole.lines.shapes(own), whole.lines.shapes(line)))
        yield Told("overshoot", own[past], line[past], numbers={"past_m": np.round(whole.apart[past], 4)})


def dangling_service(whole: Whole) -> Iterator[Told]:
    """A service that touches nothing at either end serves nobody."""
    size = len(whole.lines)
    yield Told(
        "dangling-service", np.flatnonzero(whole.lines.is_service & whole.free[:size] & whole.free[size:])
    )


def service_off_main(whole: Whole) -> Iterator[Told]:
    """A service that names its main touches it."""
    lines = whole.lines
    services = np.flatnonzero(lines.is_service & (lines.codes["main_id"] != 0))
    order = np.argsort(lines.codes["feature_id"], kind="stable")
    ids = lines.codes["feature_id"][order]
    wanted = lines.codes["main_id"][services]
    at = np.minimum(np.searchsorted(ids, wanted), len(ids) - 1)
    known = ids[at] == wanted
    yield Told("unknown-main", services[~known], own=("main_id", "main"))
    services, mains = services[known], order[at[known]]
    # A service ends at its main; what does not may still cross it.
    unsure = ~ends_within(lines.xy, lines.offsets, services, mains, REACH_M)
    services, mains = services[unsure], mains[unsure]
    apart = shapely.distance(lines.shapes(services), lines.shapes(mains))
    off = apart > REACH_M
    numbers = {"apart_m": np.round(apart[off], 3)}
    yield Told("service-off-main", services[off], own=("main_id", "main"), numbers=numbers)


def duplicate_link(whole: Whole) -> Iterator[Told]:
    """Two lines of the same course between the same nodes are one line, delivered twice."""
    lines = whole.lines
    start, end = lines.codes["from_node"], lines.codes["to_node"]
    between = _mixed(np.minimum(start, end), np.maximum(start, end))
    between[(start == 0) | (end == 0)] = 0
    at = among(between, repeated(between))
    keys = (
        shapely.to_wkb(shapely.set_precision(shapely.normalize(lines.shapes(at)), TOUCHING_M))
        if len(at)
        else ()
    )
    first: dict[tuple[bytes, int, int], int] = {}
    pairs = []
    for place, key in zip(at.tolist(), keys, strict=True):
        nodes = int(min(start[place], end[place])), int(max(start[place], end[place]))
        kept = first.setdefault((key, *nodes), place)
        if kept != place:
            pairs.append((place, kept))
    found = np.array(pairs, dtype=np.int64).reshape(-1, 2)
    yield Told("duplicate-link", found[:, 0], found[:, 1])


def reversed_link(whole: Whole) -> Iterator[Told]:
    """A line is drawn from its from-node to its to-node, as the other lines at these nodes say."""
    lines = whole.lines
    start, end = lines.codes["from_node"], lines.codes["to_node"]
    begins, stops = _spots(lines.xy[lines.offsets[:-1]]), _spots(lines.xy[lines.offsets[1:] - 1])
    there = np.concatenate((_mixed(start, begins)[start != 0], _mixed(end, stops)[end != 0]))
    there.sort()

    def lines_at(node: Codes, spot: Codes) -> npt.NDArray[np.int64]:
        """How many ends of this node are at this spot."""
        key = _mixed(node, spot)
        return np.searchsorted(there, key, "right") - np.searchsorted(there, key, "left")

    asked = np.flatnonzero((start != 0) & (end != 0) & (start != end) & (begins != stops))
    # In a network that is drawn as it is said, no line begins at the spot where another's same node ends.
    asked = asked[among(_mixed(start[asked], stops[asked]), there)]
    start, end, begins, stops = start[asked], end[asked], begins[asked], stops[asked]
    elsewhere = lines_at(start, stops) > lines_at(start, begins)
    swapped = lines_at(end, begins) >= lines_at(end, stops)
    yield Told("reversed-link", asked[elsewhere & swapped])


def _spots(xy: Floats) -> Codes:
    """A number for each place, the same within a centimetre."""
    grid = np.round(xy * 100.0).astype(np.int64).view(np.uint64)
    return _mixed(grid[:, 0], grid[:, 1])


def _mixed(a: Codes, b: Codes) -> Codes:
    made: Codes = (a * np.uint64(0x9E3779B97F4A7C15)) ^ (
        b * np.uint64(0xC2B2AE3D27D4EB4F) + (a >> np.uint64(31))
    )
    return made


def missing_node(whole: Whole) -> Iterator[Told]:
    """A line ends at nodes that the agency's node layer has."""
    nodes = whole.nodes
    if nodes is None:
        return
    fields = [whole.lines.codes[name] for name in ("from_node", "to_node")]
    named = np.unique(np.concatenate(fields))
    named = named[named != 0]
    # Where most are unknown, the nodes of these lines were never delivered: no fault of the lines.
    if 2 * int(np.isin(named, nodes).sum()) < len(named):
        return
    for name, codes in zip(("from_node", "to_node"), fields, strict=True):
        gone = np.flatnonzero((codes != 0) & ~np.isin(codes, nodes))
        yield Told("missing-node", gone, own=(name, "node"), texts={"field": name})


Rule = Callable[[Whole], Iterator[Told]]
# What lines of one network do to each other where they meet; the rest is said of each line alone.
MEETING_RULES: tuple[Rule, ...] = (undershoot, overshoot, dangling_service, service_off_main)
NETWORK_RULES: tuple[Rule, ...] = (*MEETING_RULES, duplicate_link, reversed_link, missing_node)


def _is_services_alone(lines: Lines) -> bool:
    """Whether these are services whose mains are all in another layer: they leave those, and touch no line here."""
    mains = np.unique(lines.codes["main_id"])
    mains = mains[mains != 0]
    return (
        len(mains) > 0
        and bool(lines.is_service.all())
        and not np.isin(mains, lines.codes["feature_id"]).any()
    )


def network(lines: Lines, nodes: Codes | None) -> tuple[Whole, list[Told]]:
    """Apply the rules of a whole network to its lines (of one part each)."""
    with np.errstate(over="ignore", invalid="ignore"):  # a damaged file may hold any number
        whole = Whole.of(lines, nodes)
        alone = _is_services_alone(lines)
        rules = [rule for rule in NETWORK_RULES if not (alone and rule in MEETING_RULES)]
        return whole, [told for rule in rules for told in rule(whole) if len(told.at)]


def known_nodes(connection: Connection, city: City, spec: LayerSpec) -> Codes | None:
    """Return the codes of the nodes of the same owner and utility that are shown now; None without such a layer."""
    if spec.target is not Target.NETWORK_LINE:
        return None
    statement = text(
        "SELECT t.feature_id FROM layers.network_node t WHERE t.city_id = :city_id AND t.retired_by IS NULL "
        "AND t.utility = :utility AND t.owner_agency = :owner"
    )
    values = {"city_id": city.city_id, "utility": str(spec.utility), "owner": spec.owner}
    found = connection.execute(statement.execution_options(yield_per=_CHUNK), values)
    parts = [codes_of(list(part)) for part in found.scalars().partitions()]
    return np.concatenate(parts) if parts else None
