"""Which lines may be within so many metres of many areas, in memory: for asking about all parcels at once.

The same question that the database answers for one excavation (`layers.reach`), by the same rule: a line is found
when its distance from the area is at most the margin and the line's own reach. Imports numba: import it only
where it is used.
"""

from __future__ import annotations

import threading
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import shapely

from geo.kernels import Floats, Ints, Offsets, compiled
from geo.near_kernels import square_to_segment

Shapes = npt.NDArray[Any]
_SEGMENTS_PER_CELL = 2.0
# From a cell's middle to its corner, in sides, and a little for the rounding.
_HALF_DIAGONAL = 0.7072
_MANY_CELLS = 12
# A question's areas are numbered on from the last one's, until 32 bits are full.
_MOST_TURNS = 2**31 - 1


@compiled
def _fill(segments: Floats, side: float, columns: int, rows: int) -> tuple[Offsets, Ints]:
    """The segments of each cell as compressed rows; each stands in every cell that its box touches."""
    start = np.zeros(columns * rows + 1, np.int64)
    fill = start
    items = np.empty(0, np.int32)
    for sweep in range(2):
        if sweep == 1:
            for k in range(columns * rows):
                start[k + 1] += start[k]
            fill = start[:-1].copy()
            items = np.empty(start[columns * rows], np.int32)
        for i in range(segments.shape[0]):
            s = segments[i]
            for row in range(int(min(s[1], s[3]) / side), int(max(s[1], s[3]) / side) + 1):
                for column in range(int(min(s[0], s[2]) / side), int(max(s[0], s[2]) / side) + 1):
                    cell = row * columns + column
                    if sweep == 0:
                        start[cell + 1] += 1
                    else:
                        items[fill[cell]] = i
                        fill[cell] += 1
    return start, items


@compiled
def _is_inside(x: float, y: float, edges: Floats, first: int, last: int) -> bool:
    inside = False
    for e in range(first, last):
        y1, y2 = edges[e, 1], edges[e, 3]
        if (y1 > y) != (y2 > y) and x < (edges[e, 2] - edges[e, 0]) * (y - y1) / (y2 - y1) + edges[e, 0]:
            inside = not inside
    return inside


@compiled
def _distance(s: Floats, edges: Floats, first: int, last: int, within: float) -> float:
    """The distance of a segment (x1, y1, x2, y2) from an area, if it is at most `within`; else more than that."""
    best = within * within
    is_near = False
    x1, y1, x2, y2 = s[0], s[1], s[2], s[3]
    for e in range(first, last):
        # all from the first end of the edge: differences are exact where absolute coordinates would lose digits
        ox, oy = edges[e, 0], edges[e, 1]
        ax, ay = edges[e, 2] - ox, edges[e, 3] - oy
        bx, by, cx, cy = x1 - ox, y1 - oy, x2 - ox, y2 - oy
        length = ax * ax + ay * ay
        # both ends on one side of the edge, too far from its line; or both too far beyond the same end of it
        beside_b, beside_c = ax * by - ay * bx, ax * cy - ay * cx
        if beside_b * beside_c > 0.0 and min(beside_b * beside_b, beside_c * beside_c) > best * length:
            continue
        along_b, along_c = ax * bx + ay * by, ax * cx + ay * cy
        beyond = max(-max(along_b, along_c), min(along_b, along_c) - length)
        if beyond > 0.0 and beyond * beyond > best * length:
            continue
        dx, dy = cx - bx, cy - by
        if beside_b * beside_c < 0.0 and (dy * bx - dx * by) * (dx * (ay - by) - dy * (ax - bx)) < 0.0:
            return 0.0
        least = min(
            square_to_segment(bx, by, ax, ay),
            square_to_segment(cx, cy, ax, ay),
            square_to_segment(-bx, -by, dx, dy),
            square_to_segment(ax - bx, ay - by, dx, dy),
        )
        if least <= best:
            best, is_near = least, True
            if best == 0.0:
                return 0.0
    if _is_inside(x1, y1, edges, first, last):
        return 0.0
    return float(np.sqrt(best)) if is_near else np.inf


@compiled
def _is_beyond(x: float, y: float, edges: Floats, first: int, last: int, within: float) -> bool:
    """Whether a place is neither inside an area nor within so much of its edge."""
    square = within * within
    for e in range(first, last):
        x1, y1 = edges[e, 0], edges[e, 1]
        if square_to_segment(x - x1, y - y1, edges[e, 2] - x1, edges[e, 3] - y1) <= square:
            return False
    return not _is_inside(x, y, edges, first, last)


@compiled
def _near(  # noqa: C901, PLR0913 - one compiled loop
    segments: Floats,
    owner: Ints,
    reach_m: Floats,
    grid: tuple[Offsets, Ints, float, int, int],
    edges: Floats,
    starts: Offsets,
    margin_m: float,
    widest_m: float,
    marks: tuple[Ints, Ints, Ints],
    turn: int,
) -> tuple[Ints, Ints, Floats]:
    """Area, line and distance of every pair that is found; a line's segments count as one.

    `marks` say of each segment, and of each line, at which turn it was met; area k is looked at in turn `turn + k`.
    """
    start, items, side, columns, rows = grid
    seen, stamp, place = marks
    room, count = 4096, 0
    areas, lines, apart = np.empty(room, np.int32), np.empty(room, np.int32), np.empty(room, np.float64)
    for q in range(starts.size - 1):
        first, last = starts[q], starts[q + 1]
        west, south, east, north = np.inf, np.inf, -np.inf, -np.inf
        for e in range(first, last):
            west, east = min(west, edges[e, 0]), max(east, edges[e, 0])
            south, north = min(south, edges[e, 1]), max(north, edges[e, 1])
        wide = margin_m + widest_m
        low, high = max(int((south - wide) / side), 0), min(int((north + wide) / side), rows - 1)
        left, right = max(int((west - wide) / side), 0), min(int((east + wide) / side), columns - 1)
        # The box of a slanting trench is mostly empty: then each cell is asked first whether it lies near at all.
        is_sparse = (high - low + 1) * (right - left + 1) > _MANY_CELLS
        around = wide + side * _HALF_DIAGONAL
        for row in range(low, high + 1):
            for column in range(left, right + 1):
                if is_sparse and _is_beyond(
                    (column + 0.5) * side, (row + 0.5) * side, edges, first, last, around
                ):
                    continue
                cell = row * columns + column
                for at in range(start[cell], start[cell + 1]):
                    i = items[at]
                    if seen[i] == turn + q:
                        continue
                    seen[i] = turn + q
                    s, line = segments[i], owner[i]
                    within = margin_m + reach_m[line]
                    if min(s[0], s[2]) > east + within or max(s[0], s[2]) < west - within:
                        continue
                    if min(s[1], s[3]) > north + within or max(s[1], s[3]) < south - within:
                        continue
                    d = _distance(s, edges, first, last, within)
                    if d == np.inf:
                        continue
                    if stamp[line] == turn + q:
                        apart[place[line]] = min(apart[place[line]], d)
                        continue
                    if count == room:
                        room *= 2
                        areas, lines, apart = _grown(areas, room), _grown(lines, room), _grown(apart, room)
                    stamp[line], place[line] = turn + q, count
                    areas[count], lines[count], apart[count] = q, line, d
                    count += 1
    return areas[:count], lines[:count], apart[:count]


@compiled
def _grown(old: Any, room: int) -> Any:
    new = np.empty(room, old.dtype)
    new[: old.size] = old
    return new


@dataclass(frozen=True, slots=True)
class Found:
    """Pairs: the area's and the line's place in what was given, and their distance (m)."""

    areas: Ints
    lines: Ints
    distance_m: Floats


def _edges(rings: Shapes) -> tuple[Floats, npt.NDArray[np.int64]]:
    """The straight pieces (x1, y1, x2, y2) of lines or rings, and which of them each belongs to."""
    xy, owner = shapely.get_coordinates(rings, return_index=True)
    joined = owner[1:] == owner[:-1]
    return np.hstack([xy[:-1], xy[1:]])[joined], owner[:-1][joined]


class ReachGrid:
    """Lines on a grid, ready to be asked about areas. Coordinates are in metres of one CRS."""

    def __init__(self, lines: Shapes, reach_m: Floats) -> None:
        parts, line_of = shapely.get_parts(lines, return_index=True)
        segments, part_of = _edges(parts)
        self._owner = line_of[part_of].astype(np.int32)
        self._reach_m = np.ascontiguousarray(reach_m, dtype=np.float64)
        if len(self._reach_m) != len(lines) or not np.isfinite(self._reach_m).all():
            raise ValueError("every line has a reach, a finite number of metres")
        self._origin = np.tile(segments.reshape(-1, 2).min(axis=0) if len(segments) else np.zeros(2), 2)
        self._segments = np.ascontiguousarray(segments - self._origin)
        extent = self._segments.reshape(-1, 2).max(axis=0) if len(segments) else np.ones(2)
        area = max(float(extent[0] * extent[1]), 1.0)
        side = max((area * _SEGMENTS_PER_CELL / max(len(segments), 1)) ** 0.5, 1.0)
        columns, rows = (int(value / side) + 1 for value in extent)
        start, items = _fill(self._segments, side, columns, rows)
        self._grid = (start, items, side, columns, rows)
        self._widest_m = float(self._reach_m.max(initial=0.0))
        self._own = threading.local()

    def _marks(self, turns: int) -> tuple[tuple[Ints, Ints, Ints], int]:
        """What this thread marks what it met with, and its next turn: made once, not wiped at each question."""
        own = self._own
        if getattr(own, "turn", _MOST_TURNS + 1) > _MOST_TURNS - turns:
            own.marks = tuple(np.full(k, -1, np.int32) for k in (len(self._owner), *[len(self._reach_m)] * 2))
            own.turn = 0
        turn: int = own.turn
        own.turn += turns
        return own.marks, turn

    def near(self, areas: Shapes, margin_m: float) -> Found:
        """Return every area (Polygon, MultiPolygon) and line that may be within `margin_m` of each other."""
        parts, area_of = shapely.get_parts(areas, return_index=True)
        rings, part_of = shapely.get_rings(parts, return_index=True)
        edges, ring_of = _edges(rings)
        belongs = area_of[part_of][ring_of]
        starts = np.searchsorted(belongs, np.arange(len(areas) + 1)).astype(np.int64)
        found = _near(
            self._segments,
            self._owner,
            self._reach_m,
            self._grid,
            np.ascontiguousarray(edges - self._origin),
            starts,
            float(margin_m),
            self._widest_m,
            *self._marks(len(areas)),
        )
        return Found(*found)
