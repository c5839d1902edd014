"""Which lines may be within so many metres of many areas, in memory: for asking about all parcels at once.

The same question that the database answers for one excavation (`layers.reach`), by the same rule: a line is found
when its distance from the area is at most the margin and the line's own reach. Imports numba: import it only
where it is used.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import shapely

from geo.kernels import Floats, Ints, Offsets, compiled
from geo.near_kernels import square_to_segment

Shapes = npt.NDArray[Any]
_SEGMENTS_PER_CELL = 2.0


@compiled
def _apart(s: Floats, t: Floats) -> float:
    """The distance of two segments (x1, y1, x2, y2); 0 where they cross or touch."""
    # from the first end of s: differences are exact where absolute coordinates would lose digits
    ax, ay = s[2] - s[0], s[3] - s[1]
    bx, by = t[0] - s[0], t[1] - s[1]
    cx, cy = t[2] - s[0], t[3] - s[1]
    dx, dy = cx - bx, cy - by
    if (ax * by - ay * bx) * (ax * cy - ay * cx) < 0.0 and (dy * bx - dx * by) * (
        dx * (ay - by) - dy * (ax - bx)
    ) < 0.0:
        return 0.0
    least = min(
        square_to_segment(bx, by, ax, ay),
        square_to_segment(cx, cy, ax, ay),
        square_to_segment(-bx, -by, dx, dy),
        square_to_segment(ax - bx, ay - by, dx, dy),
    )
    return float(np.sqrt(least))


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
    """The distance of a segment from an area, if it is at most `within`; else more than that."""
    best = np.inf
    low_x, high_x = min(s[0], s[2]) - within, max(s[0], s[2]) + within
    low_y, high_y = min(s[1], s[3]) - within, max(s[1], s[3]) + within
    for e in range(first, last):
        t = edges[e]
        if min(t[0], t[2]) > high_x or max(t[0], t[2]) < low_x:
            continue
        if min(t[1], t[3]) > high_y or max(t[1], t[3]) < low_y:
            continue
        best = min(best, _apart(s, t))
        if best == 0.0:
            return 0.0
    return 0.0 if _is_inside(s[0], s[1], edges, first, last) else best


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
) -> tuple[Ints, Ints, Floats]:
    """Area, line and distance of every pair that is found; a line's segments count as one."""
    start, items, side, columns, rows = grid
    seen = np.full(segments.shape[0], -1, np.int32)
    place = np.full(reach_m.size, -1, np.int32)
    stamp = np.full(reach_m.size, -1, np.int32)
    room, count = 4096, 0
    areas, lines, apart = np.empty(room, np.int32), np.empty(room, np.int32), np.empty(room, np.float64)
    for q in range(starts.size - 1):
        first, last = starts[q], starts[q + 1]
        west, south, east, north = np.inf, np.inf, -np.inf, -np.inf
        for e in range(first, last):
            west, east = min(west, edges[e, 0]), max(east, edges[e, 0])
            south, north = min(south, edges[e, 1]), max(north, edges[e, 1])
        wide = margin_m + widest_m
        for row in range(max(int((south - wide) / side), 0), min(int((north + wide) / side), rows - 1) + 1):
            for column in range(
                max(int((west - wide) / side), 0), min(int((east + wide) / side), columns - 1) + 1
            ):
                cell = row * columns + column
                for at in range(start[cell], start[cell + 1]):
                    i = items[at]
                    if seen[i] == q:
                        continue
                    seen[i] = q
                    s, line = segments[i], owner[i]
                    within = margin_m + reach_m[line]
                    if min(s[0], s[2]) > east + within or max(s[0], s[2]) < west - within:
                        continue
                    if min(s[1], s[3]) > north + within or max(s[1], s[3]) < south - within:
                        continue
                    d = _distance(s, edges, first, last, within)
                    if d > within:
                        continue
                    if stamp[line] == q:
                        apart[place[line]] = min(apart[place[line]], d)
                        continue
                    if count == room:
                        room *= 2
                        areas, lines, apart = _grown(areas, room), _grown(lines, room), _grown(apart, room)
                    stamp[line], place[line] = q, count
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
        )
        return Found(*found)
