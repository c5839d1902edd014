"""Rules that look at a network as a whole: how its lines hang together.

Only whole deliveries are asked: a part of a network has loose ends everywhere. What is found is told and kept as
delivered, because a drawing of two pipes that miss each other may be the truth; only gaps too small to be meant
are closed, each logged with the shape as it was. Each rule is asked of the lines of one tile after the other
(`layers.line_tiles`) and answers for the ends that lie in it; what one tile cannot know is left to `layers.hanging`.
Lengths in metres.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any, Final

import numpy as np
import numpy.typing as npt
import shapely

from layers.line_ends import Codes, Floats, Ground, Lines, Mask, Whole, ends_within
from layers.line_tiles import HALO_M, Tile
from layers.readers.records import among, repeated
from layers.report import Severity

# Ends this near are the same point, whatever the digits say.
TOUCHING_M: Final = 0.001
# A gap up to this is a slip of the pen: closed, with a notice.
SNAP_M: Final = 0.05
# A gap or an overhang up to this is suspicious: told, and left as it is.
REACH_M: Final = 0.5
assert REACH_M < HALO_M


@dataclass(frozen=True, slots=True)
class Told:
    """What a rule found in a tile: the positions of lines, and for each what is to be said.

    `other`: the line whose id is told; `own`: the field of the line itself whose value is told, and by which word;
    `is_last`: whether it is said of the line's last end.
    """

    code: str
    at: Whole
    other: Whole | None = None
    own: tuple[str, str] | None = None
    is_last: Mask | None = None
    numbers: dict[str, npt.NDArray[Any]] = field(default_factory=dict)
    severity: Severity = Severity.WARNING


@dataclass(frozen=True, slots=True)
class Near:
    """What the rules are given: the lines of a tile, which of its ends are free, and which of these just miss a line.

    `end`, `line` and `apart` are such pairs. Ends are numbered as in `Lines.ends`.
    """

    tile: Tile
    free: Mask
    end: Whole
    line: Whole
    apart: Floats

    @classmethod
    def of(cls, tile: Tile) -> Near:
        """The lines of a tile and how their ends meet."""
        lines, here = tile.lines, np.flatnonzero(tile.here)
        ground, ends = Ground(lines), lines.ends[here]
        own = (here % len(lines)).astype(np.int32)
        is_free = ~ground.touched(ends, own, TOUCHING_M)
        free = np.zeros(2 * len(lines), dtype=bool)
        free[here] = is_free
        loose = here[is_free]
        end, line, apart = ground.near(ends[is_free], own[is_free], REACH_M)
        kept = apart > TOUCHING_M
        made = loose[end[kept]], line[kept].astype(np.int64), apart[kept]
        may = _may_meet(lines, made[0], made[1])
        return cls(tile, free, made[0][may], made[1][may], made[2][may])

    @property
    def lines(self) -> Lines:
        """The lines of the tile."""
        return self.tile.lines

    @property
    def own(self) -> Whole:
        """The line of each pair's end."""
        return self.end % len(self.lines)

    @property
    def is_last(self) -> Mask:
        """Whether each pair's end is the last one of its line."""
        made: Mask = self.end >= len(self.lines)
        return made


def _may_meet(lines: Lines, end: Whole, line: Whole) -> Mask:
    """Which free ends may touch the lines that they are near, by their nodes: the nodes may say that two never meet."""
    size, codes = len(lines), lines.codes
    own = end % size
    node = np.where(end < size, codes["from_node"][own], codes["to_node"][own])
    start, stop = codes["from_node"][line], codes["to_node"][line]
    is_tap = (codes["main_id"][own] == codes["feature_id"][line]) & (codes["main_id"][own] != 0)
    made: Mask = (node == 0) | (node == start) | (node == stop) | is_tap | ((start == 0) & (stop == 0))
    return made


def undershoot(near: Near) -> Iterator[Told]:
    """An end that stops just short of a line: of the lines that it may have been meant for, the nearest."""
    own, line, apart = near.own, near.line, near.apart
    if not len(own):
        return
    short = ~shapely.intersects(near.lines.shapes(own), near.lines.shapes(line))
    order = np.lexsort((apart, near.end))
    order = order[short[order]]
    first = order[np.unique(near.end[order], return_index=True)[1]]
    gap = np.round(apart[first], 4)
    yield Told("undershoot", own[first], line[first], is_last=near.is_last[first], numbers={"gap_m": gap})


def overshoot(near: Near) -> Iterator[Told]:
    """An end that runs just past a line it meets."""
    own, line = near.own, near.line
    if len(own):
        past = np.flatnonzero(shapely.crosses(near.lines.shapes(own), near.lines.shapes(line)))
        numbers = {"past_m": np.round(near.apart[past], 4)}
        yield Told("overshoot", own[past], line[past], is_last=near.is_last[past], numbers=numbers)


def services_at_mains(near: Near) -> Whole:
    """Positions of services of which an end lies at the main that they name, as far as the tile knows."""
    lines = near.lines
    services = np.flatnonzero(lines.is_service & (lines.codes["main_id"] != 0))
    order = np.argsort(lines.codes["feature_id"], kind="stable")
    ids = lines.codes["feature_id"][order]
    wanted = lines.codes["main_id"][services]
    at = np.minimum(np.searchsorted(ids, wanted), len(ids) - 1)
    known = ids[at] == wanted
    services, mains = services[known], order[at[known]]
    # A service ends at its main; what does not may still cross it.
    made: Whole = services[ends_within(lines.xy, lines.offsets, services, mains, REACH_M)]
    return made


def duplicate_link(near: Near) -> Iterator[Told]:
    """Two lines of the same course between the same nodes are one line, delivered twice."""
    lines = near.lines
    start, end = lines.codes["from_node"], lines.codes["to_node"]
    between = mixed(np.minimum(start, end), np.maximum(start, end))
    between[(start == 0) | (end == 0)] = 0
    at = among(between, repeated(between))
    if not len(at):
        return
    # Tiles hold their lines in the order of the delivery; the first of several is told by the tile of its first point.
    keys = shapely.to_wkb(shapely.set_precision(shapely.normalize(lines.shapes(at)), TOUCHING_M))
    first: dict[tuple[bytes, int, int], int] = {}
    pairs = []
    for place, key in zip(at.tolist(), keys, strict=True):
        nodes = int(min(start[place], end[place])), int(max(start[place], end[place]))
        kept = first.setdefault((key, *nodes), place)
        if kept != place and near.tile.here[kept]:
            pairs.append((place, kept))
    found = np.array(pairs, dtype=np.int64).reshape(-1, 2)
    yield Told("duplicate-link", found[:, 0], found[:, 1])


@dataclass(frozen=True, slots=True)
class Turned:
    """Lines that may be drawn against their nodes, by number, and how often these are where the lines' ends are.

    At the last point (`stops`) and at the first one (`begins`): ends of the from-node there, and of the to-node.
    """

    number: Whole
    stops: tuple[Whole, Whole]
    begins: tuple[Whole, Whole]
    spots: tuple[Codes, Codes]

    @property
    def is_reversed(self) -> Mask:
        """Which of them are: the other lines at these nodes say so."""
        made: Mask = (self.stops[0] > self.begins[0]) & (self.begins[1] >= self.stops[1])
        return made


def turned(near: Near) -> tuple[Turned, Turned]:
    """The lines that end here where others say that they begin: a line is drawn from its from-node to its to-node.

    First those that begin here too, then those of which only the last point is here.
    """
    lines, here = near.lines, near.tile.here
    size = len(lines)
    start, end = lines.codes["from_node"], lines.codes["to_node"]
    begins, stops = spots(lines.xy[lines.offsets[:-1]]), spots(lines.xy[lines.offsets[1:] - 1])
    there = np.concatenate((mixed(start, begins)[start != 0], mixed(end, stops)[end != 0]))
    there.sort()
    asked = np.flatnonzero((start != 0) & (end != 0) & (start != end) & (begins != stops) & here[size:])
    # In a network that is drawn as it is said, no line begins at the spot where another's same node ends.
    asked = asked[among(mixed(start[asked], stops[asked]), there)]

    def counted(which: Whole) -> Turned:
        keys = mixed(start[which], begins[which]), mixed(end[which], begins[which])
        return Turned(
            near.tile.number[which],
            (
                how_often(mixed(start[which], stops[which]), there),
                how_often(mixed(end[which], stops[which]), there),
            ),
            (how_often(keys[0], there), how_often(keys[1], there)),
            keys,
        )

    is_whole = here[:size][asked]
    return counted(asked[is_whole]), counted(asked[~is_whole])


def how_often(keys: Codes, there: Codes) -> Whole:
    """How many of some numbers, which are in order, are equal to each key."""
    made: Whole = np.searchsorted(there, keys, "right") - np.searchsorted(there, keys, "left")
    return made


def spots(xy: Floats) -> Codes:
    """A number for each place, the same within a centimetre."""
    grid = np.round(xy * 100.0).astype(np.int64).view(np.uint64)
    return mixed(grid[:, 0], grid[:, 1])


def mixed(a: Codes, b: Codes) -> Codes:
    """A number for each pair of numbers."""
    made: Codes = (a * np.uint64(0x9E3779B97F4A7C15)) ^ (
        b * np.uint64(0xC2B2AE3D27D4EB4F) + (a >> np.uint64(31))
    )
    return made


Rule = Callable[[Near], Iterator[Told]]
# What lines of one network do to each other where they meet; the rest is said of each line alone.
MEETING_RULES: Final[tuple[Rule, ...]] = (undershoot, overshoot)
RULES: Final[tuple[Rule, ...]] = (*MEETING_RULES, duplicate_link)


def snap(line: Any, target: Any, *, is_last: bool) -> Any:
    """The line with one end moved to the target's nearest end, or, where that is far, to its nearest point."""
    xy = shapely.get_coordinates(line)
    at = -1 if is_last else 0
    end = shapely.Point(xy[at])
    tips = [shapely.get_point(target, 0), shapely.get_point(target, -1)]
    near = min(tips, key=lambda tip: float(shapely.distance(tip, end)))
    if shapely.distance(near, end) > SNAP_M:
        near = shapely.line_interpolate_point(target, shapely.line_locate_point(target, end))
    xy[at] = shapely.get_coordinates(near)[0]
    return shapely.LineString(xy)
