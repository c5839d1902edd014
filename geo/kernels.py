"""Compiled loops: reachability, blocks of a graph, and the self-join of segments on a grid.

Numba costs a second to import, so only those who run a kernel import this module. Compiled code is cached
beside the source, or not at all where the disk is read-only. All kernels release the interpreter's lock.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar, cast

import numba
import numpy as np
import numpy.typing as npt

Kernel = TypeVar("Kernel", bound=Callable[..., Any])
Ints = npt.NDArray[np.int32]
Offsets = npt.NDArray[np.int64]
Flags = npt.NDArray[np.bool_]
Floats = npt.NDArray[np.float64]


def compiled(function: Kernel) -> Kernel:
    """The function, compiled at its first call; cached on disk if the disk lets us."""
    try:
        return cast(Kernel, numba.njit(cache=True, nogil=True)(function))
    except RuntimeError:  # numba finds no place to write its cache
        return cast(Kernel, numba.njit(nogil=True)(function))


# --- graphs -----------------------------------------------------------------------------------------------


@compiled
def adjacency(size: int, a: Ints, b: Ints, label: Ints) -> tuple[Offsets, Ints, Ints, Ints]:
    """The undirected edges (a, b) as compressed rows: offsets, targets, each arc's label and its edge."""
    start = np.zeros(size + 1, np.int64)
    for k in range(a.size):
        start[a[k] + 1] += 1
        start[b[k] + 1] += 1
    for v in range(size):
        start[v + 1] += start[v]
    fill = start[:-1].copy()
    target = np.empty(2 * a.size, np.int32)
    labels = np.empty(2 * a.size, np.int32)
    edge = np.empty(2 * a.size, np.int32)
    for k in range(a.size):
        for side in range(2):
            u, v = (a[k], b[k]) if side == 0 else (b[k], a[k])
            at = fill[u]
            fill[u] += 1
            target[at] = v
            labels[at] = label[k]
            edge[at] = k
    return start, target, labels, edge


@compiled
def reach(start: Offsets, target: Ints, device: Ints, barred: Flags, blocked: Flags, seeds: Ints) -> Flags:
    """The vertices that a walk from `seeds` finds: over no barred device's arc, onto no blocked vertex."""
    seen = np.zeros(start.size - 1, np.bool_)
    queue = np.empty(start.size - 1, np.int32)
    tail = 0
    for k in range(seeds.size):
        v = seeds[k]
        if not seen[v] and not blocked[v]:
            seen[v] = True
            queue[tail] = v
            tail += 1
    head = 0
    while head < tail:
        u = queue[head]
        head += 1
        for arc in range(start[u], start[u + 1]):
            v = target[arc]
            if seen[v] or blocked[v] or (device[arc] >= 0 and barred[device[arc]]):
                continue
            seen[v] = True
            queue[tail] = v
            tail += 1
    return seen


@compiled
def walk_ranks(start: Offsets, target: Ints) -> Ints:
    """Each vertex's place in a breadth-first walk through all parts: numbered so, neighbours lie close in memory."""
    size = start.size - 1
    rank = np.full(size, -1, np.int32)
    queue = np.empty(size, np.int32)
    tail = 0
    for root in range(size):
        if rank[root] >= 0:
            continue
        rank[root] = tail
        queue[tail] = root
        head = tail
        tail += 1
        while head < tail:
            u = queue[head]
            head += 1
            for arc in range(start[u], start[u + 1]):
                v = target[arc]
                if rank[v] < 0:
                    rank[v] = tail
                    queue[tail] = v
                    tail += 1
    return rank


@compiled
def block_of_edge(  # noqa: C901, PLR0915 - one compiled loop
    start: Offsets, target: Ints, edge: Ints, use: Flags, root: int, wanted: int
) -> Flags:
    """The vertices that share a block (biconnected component) with edge `wanted`, over the edges in `use`.

    Tarjan's depth-first search without recursion. An edge that the search from `root` never meets gives no
    vertex.
    """
    size = start.size - 1
    found = np.zeros(size, np.bool_)
    number = np.zeros(size, np.int32)
    low = np.zeros(size, np.int32)
    cursor = start[:-1].copy()
    entered = np.full(size, -1, np.int32)
    path = np.empty(size, np.int32)
    pending_u = np.empty(target.size, np.int32)
    pending_v = np.empty(target.size, np.int32)
    pending_edge = np.empty(target.size, np.int32)
    depth, top, clock = 1, 0, 1
    path[0] = root
    number[root] = 1
    low[root] = 1
    while depth > 0:
        u = path[depth - 1]
        if cursor[u] < start[u + 1]:
            arc = cursor[u]
            cursor[u] += 1
            v = target[arc]
            if not use[edge[arc]] or edge[arc] == entered[u]:
                continue
            if number[v] == 0:
                pending_u[top], pending_v[top], pending_edge[top] = u, v, edge[arc]
                top += 1
                clock += 1
                number[v] = clock
                low[v] = clock
                entered[v] = edge[arc]
                path[depth] = v
                depth += 1
            elif number[v] < number[u]:
                pending_u[top], pending_v[top], pending_edge[top] = u, v, edge[arc]
                top += 1
                low[u] = min(low[u], number[v])
            continue
        depth -= 1
        if depth == 0:
            break
        parent = path[depth - 1]
        low[parent] = min(low[parent], low[u])
        if low[u] < number[parent]:
            continue
        bottom = top
        holds = False
        while True:
            bottom -= 1
            holds = holds or pending_edge[bottom] == wanted
            if pending_edge[bottom] == entered[u]:
                break
        if holds:
            for k in range(bottom, top):
                found[pending_u[k]] = True
                found[pending_v[k]] = True
            return found
        top = bottom
    return found


# --- segments on a grid -----------------------------------------------------------------------------------


@compiled
def point_to_segment(px: float, py: float, x1: float, y1: float, x2: float, y2: float) -> float:
    """The distance of a point from a segment, which may be a point itself."""
    dx, dy = x2 - x1, y2 - y1
    square = dx * dx + dy * dy
    t = 0.0 if square == 0.0 else ((px - x1) * dx + (py - y1) * dy) / square
    if t <= 0.0:
        return float(np.hypot(px - x1, py - y1))
    if t >= 1.0:
        return float(np.hypot(px - x2, py - y2))
    return float(abs((px - x1) * dy - (py - y1) * dx) / np.sqrt(square))


@compiled
def segment_distance(s: Floats, t: Floats) -> float:
    """The distance of two segments (x1, y1, x2, y2); 0 where they cross or touch."""
    # from s's first end: differences are exact where absolute coordinates would lose digits
    ax, ay = s[2] - s[0], s[3] - s[1]
    bx, by = t[0] - s[0], t[1] - s[1]
    cx, cy = t[2] - s[0], t[3] - s[1]
    side_b, side_c = ax * by - ay * bx, ax * cy - ay * cx
    dx, dy = cx - bx, cy - by
    side_o, side_a = dy * bx - dx * by, dx * (ay - by) - dy * (ax - bx)
    if side_b * side_c < 0.0 and side_o * side_a < 0.0:
        return 0.0
    return min(
        point_to_segment(bx, by, 0.0, 0.0, ax, ay),
        point_to_segment(cx, cy, 0.0, 0.0, ax, ay),
        point_to_segment(0.0, 0.0, bx, by, cx, cy),
        point_to_segment(ax, ay, bx, by, cx, cy),
    )


@compiled
def _columns(s: Floats, reach_m: float, low: float, high: float) -> tuple[float, float]:
    """The x range of a segment's part between two heights, widened by `reach_m`; empty when left > right."""
    x1, y1, x2, y2 = s[0], s[1], s[2], s[3]
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
def fill_grid(  # noqa: C901 - one compiled loop
    segments: Floats, side: float, columns: int, buckets: int
) -> tuple[Offsets, Ints]:
    """The segments of each grid cell as compressed rows. Wrapping cells onto `buckets` only adds candidates.

    Coordinates start at 0; a segment stands in every cell it passes.
    """
    start = np.zeros(buckets + 1, np.int64)
    for sweep in range(2):
        if sweep == 1:
            for k in range(buckets):
                start[k + 1] += start[k]
            fill = start[:-1].copy()
            items = np.empty(start[buckets], np.int32)
        for i in range(segments.shape[0]):
            s = segments[i]
            for row in range(int(min(s[1], s[3]) / side), int(max(s[1], s[3]) / side) + 1):
                left, right = _columns(s, 0.0, row * side, (row + 1) * side)
                if left > right:
                    continue
                for column in range(max(int(left / side), 0), int(right / side) + 1):
                    bucket = (row * columns + column) % buckets
                    if sweep == 0:
                        start[bucket + 1] += 1
                    else:
                        items[fill[bucket]] = i
                        fill[bucket] += 1
    return start, items


@compiled
def _apart_if_too_close(s: Floats, t: Floats, radius: float) -> float:
    """The distance of two segments if it is below `radius`, else -1: the boxes first, the distance last."""
    if min(t[0], t[2]) - max(s[0], s[2]) >= radius or min(s[0], s[2]) - max(t[0], t[2]) >= radius:
        return -1.0
    if min(t[1], t[3]) - max(s[1], s[3]) >= radius or min(s[1], s[3]) - max(t[1], t[3]) >= radius:
        return -1.0
    apart = segment_distance(s, t)
    return apart if apart < radius else -1.0


@compiled
def join_near(  # noqa: C901, PLR0913 - one compiled loop
    segments: Floats,
    classes: Ints,
    low_m: Floats,
    high_m: Floats,
    horizontal_m: Floats,
    vertical_m: Floats,
    grid: tuple[Offsets, Ints, float, int],
    first: int,
    last: int,
) -> tuple[Ints, Ints, Floats]:
    """The pairs i < j, `first` <= i < `last`, that come closer than their classes may.

    A pair is found from i, whose surroundings are searched as widely as the strictest rule of its class asks.
    """
    start, items, side, columns = grid
    buckets = start.size - 1
    seen = np.full(segments.shape[0], -1, np.int32)
    room, count = 1024, 0
    ones, others, apart_m = np.empty(room, np.int32), np.empty(room, np.int32), np.empty(room, np.float64)
    for i in range(first, last):
        s, kind = segments[i], classes[i]
        widest = horizontal_m[kind].max()
        if widest <= 0.0:
            continue
        low, high = min(s[1], s[3]) - widest, max(s[1], s[3]) + widest
        for row in range(max(int(low / side), 0), int(high / side) + 1):
            near, far = _columns(s, widest, row * side, (row + 1) * side)
            if near > far:
                continue
            for column in range(max(int(near / side), 0), int(far / side) + 1):
                bucket = (row * columns + column) % buckets
                for at in range(start[bucket], start[bucket + 1]):
                    j = items[at]
                    if j <= i or seen[j] == i:
                        continue
                    seen[j] = i
                    gap = max(low_m[i] - high_m[j], low_m[j] - high_m[i], 0.0)
                    if horizontal_m[kind, classes[j]] <= 0.0 or gap >= vertical_m[kind, classes[j]]:
                        continue
                    apart = _apart_if_too_close(s, segments[j], horizontal_m[kind, classes[j]])
                    if apart < 0.0:
                        continue
                    if count == room:
                        room *= 2
                        ones, others = _grown(ones, room), _grown(others, room)
                        apart_m = _grown(apart_m, room)
                    ones[count], others[count], apart_m[count] = i, j, apart
                    count += 1
    return ones[:count], others[:count], apart_m[:count]


@compiled
def _grown(old: Any, room: int) -> Any:
    new = np.empty(room, old.dtype)
    new[: old.size] = old
    return new
