"""Compiled loops: which lines come near which, by their straight segments on a grid.

Every entry of the grid carries what decides soonest: the class, then a box of single precision that lies in
the order of the search, so that most candidates are dismissed without another look into memory. Depth comes
next, the distance in double precision last. All loops release the interpreter's lock.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from geo.kernels import Floats, Ints, Offsets, compiled

Singles = npt.NDArray[np.float32]
# Cells along both axes, the side (m), and how many buckets the cells are wrapped onto.
Grid = tuple[int, int, float, int]


@compiled
def square_to_segment(px: float, py: float, dx: float, dy: float) -> float:
    """The squared distance of a point from the segment from the origin to (dx, dy), which may be a point."""
    square = dx * dx + dy * dy
    along = px * dx + py * dy
    if along <= 0.0 or square == 0.0:
        return px * px + py * py
    if along >= square:
        return (px - dx) * (px - dx) + (py - dy) * (py - dy)
    aside = px * dy - py * dx
    return aside * aside / square


@compiled
def segment_distance(segments: Floats, i: int, j: int) -> float:
    """The distance of segments i and j (x1, y1, x2, y2); 0 where they touch, -1 where they cross."""
    # from i's first end: differences are exact where absolute coordinates would lose digits
    x, y = segments[i, 0], segments[i, 1]
    ax, ay = segments[i, 2] - x, segments[i, 3] - y
    bx, by = segments[j, 0] - x, segments[j, 1] - y
    cx, cy = segments[j, 2] - x, segments[j, 3] - y
    dx, dy = cx - bx, cy - by
    side_b, side_c = ax * by - ay * bx, ax * cy - ay * cx
    side_o, side_a = dy * bx - dx * by, dx * (ay - by) - dy * (ax - bx)
    if side_b * side_c < 0.0 and side_o * side_a < 0.0:
        return -1.0
    least = min(
        square_to_segment(bx, by, ax, ay),
        square_to_segment(cx, cy, ax, ay),
        square_to_segment(-bx, -by, dx, dy),
        square_to_segment(ax - bx, ay - by, dx, dy),
    )
    return float(np.sqrt(least))


@compiled
def measures(segments: Floats) -> tuple[float, float, float, float, float]:
    """West, south, east, north of the segments, and their mean length; not finite where a coordinate is not."""
    west, south, east, north, length, odd = np.inf, np.inf, -np.inf, -np.inf, 0.0, 0.0
    for k in range(segments.shape[0]):
        x1, y1, x2, y2 = segments[k, 0], segments[k, 1], segments[k, 2], segments[k, 3]
        west, east = min(west, x1, x2), max(east, x1, x2)
        south, north = min(south, y1, y2), max(north, y1, y2)
        length += np.sqrt((x2 - x1) * (x2 - x1) + (y2 - y1) * (y2 - y1))
        odd += (x1 - x1) + (y1 - y1) + (x2 - x2) + (y2 - y2)  # 0, or NaN for anything that is not finite
    return west, south, east, north, length / max(segments.shape[0], 1) + odd


@compiled
def gathered(
    segments: Floats, first: Offsets, order: Ints, x: float, y: float
) -> tuple[Floats, Offsets, Ints, Ints]:
    """The lines in this order, seen from (x, y): segments, where each line's begin, their numbers, their lines."""
    local = np.empty(segments.shape, np.float64)
    begins = np.zeros(order.size + 1, np.int64)
    source = np.empty(segments.shape[0], np.int32)
    line = np.empty(segments.shape[0], np.int32)
    at = 0
    for k in range(order.size):
        for i in range(first[order[k]], first[order[k] + 1]):
            local[at, 0], local[at, 1] = segments[i, 0] - x, segments[i, 1] - y
            local[at, 2], local[at, 3] = segments[i, 2] - x, segments[i, 3] - y
            source[at], line[at] = i, k
            at += 1
        begins[k + 1] = at
    return local, begins, source, line


@compiled
def by_place(
    segments: Floats, first: Offsets, x: float, y: float, side: float, columns: int, rows: int
) -> Ints:
    """The lines cell by cell (corner x, y): neighbours on the ground become neighbours in memory."""
    count = first.size - 1
    cell = np.zeros(count, np.int32)
    start = np.zeros(rows * columns + 1, np.int64)
    for line in range(count):
        if first[line] < first[line + 1]:
            i = first[line]
            south, west = min(segments[i, 1], segments[i, 3]), min(segments[i, 0], segments[i, 2])
            cell[line] = int((south - y) / side) * columns + int((west - x) / side)
        start[cell[line] + 1] += 1
    for k in range(rows * columns):
        start[k + 1] += start[k]
    order = np.empty(count, np.int32)
    for line in range(count):
        order[start[cell[line]]] = line
        start[cell[line]] += 1
    return order


@compiled
def _columns(segments: Floats, i: int, reach_m: float, low: float, high: float) -> tuple[float, float]:
    """The x range of a segment's part between two heights, widened by `reach_m`; empty when left > right."""
    x1, y1, x2, y2 = segments[i, 0], segments[i, 1], segments[i, 2], segments[i, 3]
    bottom, top = low - reach_m, high + reach_m
    if min(y1, y2) > top or max(y1, y2) < bottom:
        return 1.0, 0.0
    if y1 == y2:
        return min(x1, x2) - reach_m, max(x1, x2) + reach_m
    slope = (x2 - x1) / (y2 - y1)
    p = x1 + (min(max(bottom, min(y1, y2)), max(y1, y2)) - y1) * slope
    q = x1 + (max(min(top, max(y1, y2)), min(y1, y2)) - y1) * slope
    # a hair wider than the arithmetic: a candidate too many costs nothing, one too few costs a finding
    hair = 1e-9 * (1.0 + abs(p) + abs(q))
    return min(p, q) - reach_m - hair, max(p, q) + reach_m + hair


@compiled
def _bucket(row: int, column: int, columns: int, buckets: int, wraps: bool) -> int:
    cell = row * columns + column
    return cell % buckets if wraps else cell


@compiled
def fill_grid(  # noqa: C901 - one compiled loop
    segments: Floats, line: Ints, classes: Ints, radius_m: Floats, grid: Grid, slack_m: float
) -> tuple[Offsets, Ints, Ints, Singles]:
    """The segments of each cell as compressed rows: their numbers, classes and boxes widened by the radius.

    Coordinates start at 0; a segment stands in every cell that it, `radius_m` thick, passes. `slack_m` is what
    single precision may lose; the boxes are wider by it.
    """
    columns, rows, side, buckets = grid
    wraps = columns * rows > buckets
    start = np.zeros(buckets + 1, np.int64)
    slack = np.float32(slack_m)
    for sweep in range(2):
        if sweep == 1:
            for k in range(buckets):
                start[k + 1] += start[k]
            fill = start[:-1].copy()
            items = np.empty(start[buckets], np.int32)
            kinds = np.empty(start[buckets], np.int32)
            boxes = np.empty((start[buckets], 4), np.float32)
        for i in range(segments.shape[0]):
            reach = radius_m[line[i]]
            west, east = (
                min(segments[i, 0], segments[i, 2]) - reach,
                max(segments[i, 0], segments[i, 2]) + reach,
            )
            south, north = (
                min(segments[i, 1], segments[i, 3]) - reach,
                max(segments[i, 1], segments[i, 3]) + reach,
            )
            for row in range(max(int(south / side), 0), min(int(north / side), rows - 1) + 1):
                left, right = _columns(segments, i, reach, row * side, (row + 1) * side)
                if left > right:
                    continue
                for column in range(max(int(left / side), 0), min(int(right / side), columns - 1) + 1):
                    bucket = _bucket(row, column, columns, buckets, wraps)
                    if sweep == 0:
                        start[bucket + 1] += 1
                        continue
                    at = fill[bucket]
                    fill[bucket] += 1
                    items[at] = i
                    kinds[at] = classes[line[i]]
                    boxes[at, 0], boxes[at, 1] = np.float32(west) - slack, np.float32(south) - slack
                    boxes[at, 2], boxes[at, 3] = np.float32(east) + slack, np.float32(north) + slack
    return start, items, kinds, boxes


@compiled
def join_near(  # noqa: C901, PLR0913, PLR0915 - one compiled loop
    segments: Floats,
    first: Offsets,
    line: Ints,
    name: Ints,
    classes: Ints,
    low_m: Floats,
    high_m: Floats,
    radius_m: Floats,
    horizontal_m: Floats,
    vertical_m: Floats,
    cells: tuple[Offsets, Ints, Ints, Singles],
    grid: Grid,
    begin: int,
    end: int,
) -> tuple[Ints, Ints, Floats, Ints, Ints]:
    """The pairs of lines from `begin` to `end` with later ones that come closer than their classes may.

    Each pair once, with its least distance (-1: they cross) and the two segments that have it (of equal ones the
    first by number). A pair is measured in the order of the lines' own numbers (`name`): how lines are sorted or cut
    into spans changes no digit of the result.
    """
    start, items, kinds, boxes = cells
    columns, rows, side, buckets = grid
    wraps = columns * rows > buckets
    seen = np.full(segments.shape[0], -1, np.int32)
    slot = np.full(first.size - 1, -1, np.int64)
    limits = horizontal_m.astype(np.float32)
    room, count = 1024, 0
    ones, others, apart_m = np.empty(room, np.int32), np.empty(room, np.int32), np.empty(room, np.float64)
    here, there = np.empty(room, np.int32), np.empty(room, np.int32)
    for a in range(begin, end):
        kind = classes[a]
        widest = horizontal_m[kind].max()
        if widest <= 0.0:
            continue
        own, beyond = count, first[a + 1]
        widest += radius_m[a]
        thick = np.float32(radius_m[a])
        for i in range(first[a], beyond):
            x1, y1, x2, y2 = segments[i, 0], segments[i, 1], segments[i, 2], segments[i, 3]
            low, high = min(y1, y2), max(y1, y2)
            west, east = np.float32(min(x1, x2)) - thick, np.float32(max(x1, x2)) + thick
            south, north = np.float32(low) - thick, np.float32(high) + thick
            for row in range(
                max(int((low - widest) / side), 0), min(int((high + widest) / side), rows - 1) + 1
            ):
                near, far = _columns(segments, i, widest, row * side, (row + 1) * side)
                if near > far:
                    continue
                for column in range(max(int(near / side), 0), min(int(far / side), columns - 1) + 1):
                    bucket = _bucket(row, column, columns, buckets, wraps)
                    for at in range(start[bucket], start[bucket + 1]):
                        j = items[at]
                        limit = limits[kind, kinds[at]]
                        if j < beyond or limit <= 0.0:
                            continue
                        if boxes[at, 0] - east > limit or west - boxes[at, 2] > limit:
                            continue
                        if boxes[at, 1] - north > limit or south - boxes[at, 3] > limit:
                            continue
                        if seen[j] == i:
                            continue
                        seen[j] = i
                        b = line[j]
                        other = classes[b]
                        gap = max(low_m[a] - high_m[b], low_m[b] - high_m[a], 0.0)
                        if gap >= vertical_m[kind, other]:
                            continue
                        allowed = horizontal_m[kind, other] + radius_m[a] + radius_m[b]
                        straight = name[a] < name[b]
                        apart = segment_distance(segments, i if straight else j, j if straight else i)
                        if apart >= allowed:
                            continue
                        place = slot[b]
                        if place >= own:
                            if apart > apart_m[place]:
                                continue
                            if apart == apart_m[place] and not _earlier(
                                i, j, here[place], there[place], straight
                            ):
                                continue
                            apart_m[place], here[place], there[place] = apart, i, j
                            continue
                        if count == room:
                            room *= 2
                            ones, others, apart_m = (
                                _grown(ones, room),
                                _grown(others, room),
                                _grown(apart_m, room),
                            )
                            here, there = _grown(here, room), _grown(there, room)
                        slot[b] = count
                        ones[count], others[count], apart_m[count] = a, b, apart
                        here[count], there[count] = i, j
                        count += 1
    return ones[:count], others[:count], apart_m[:count], here[:count], there[:count]


@compiled
def _earlier(i: int, j: int, old_i: int, old_j: int, straight: bool) -> bool:
    """Say whether segments (i, j) come before (old_i, old_j), by the line with the lower name first."""
    if straight:
        return i < old_i or (i == old_i and j < old_j)
    return j < old_j or (j == old_j and i < old_i)


@compiled
def _grown(old: Any, room: int) -> Any:
    new = np.empty(room, old.dtype)
    new[: old.size] = old
    return new
