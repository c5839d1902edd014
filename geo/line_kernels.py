"""Compiled loops over lines as blocks of vertices: line k is `coords[vertices[k]:vertices[k + 1]]`; metres."""

from __future__ import annotations

from typing import Any

import numpy as np

from geo.kernels import Flags, Floats, Ints, Offsets, compiled


@compiled
def _apart2(coords: Floats, first: int, end: int, x: float, y: float) -> float:
    """The square of the distance of a point from a line."""
    best = (coords[first, 0] - x) ** 2 + (coords[first, 1] - y) ** 2
    for k in range(first + 1, end):
        ax, ay = coords[k - 1, 0], coords[k - 1, 1]
        dx, dy = coords[k, 0] - ax, coords[k, 1] - ay
        long2 = dx * dx + dy * dy
        along = 0.0
        if long2 > 0.0:
            along = min(1.0, max(0.0, ((x - ax) * dx + (y - ay) * dy) / long2))
        best = min(best, (ax + along * dx - x) ** 2 + (ay + along * dy - y) ** 2)
    return float(best)


@compiled
def ends_nearer(coords: Floats, vertices: Offsets, lines: Ints, others: Ints) -> Flags:
    """Whether the last vertex of each line is nearer to the other line of its pair than the first one is."""
    made = np.zeros(lines.size, np.bool_)
    for k in range(lines.size):
        first, last = vertices[lines[k]], vertices[lines[k] + 1] - 1
        begin, end = vertices[others[k]], vertices[others[k] + 1]
        of_first = _apart2(coords, begin, end, coords[first, 0], coords[first, 1])
        of_last = _apart2(coords, begin, end, coords[last, 0], coords[last, 1])
        made[k] = of_last < of_first
    return made


@compiled
def nearest(
    coords: Floats, vertices: Offsets, boxes: Any, x: float, y: float, reach: float
) -> tuple[int, float]:
    """The line nearest to a place, the first of several, and how far it is; -1 where none lies within `reach`.

    `boxes`: west, south, east, north of each line, or a little more.
    """
    found, best = -1, reach
    for k in range(vertices.size - 1):
        if (
            boxes[k, 0] > x + best
            or boxes[k, 2] < x - best
            or boxes[k, 1] > y + best
            or boxes[k, 3] < y - best
        ):
            continue
        apart = np.sqrt(_apart2(coords, vertices[k], vertices[k + 1], x, y))
        if apart < best or (found < 0 and apart <= best):
            found, best = k, apart
    return found, best


@compiled
def measured(coords: Floats, vertices: Offsets) -> tuple[Floats, Any]:
    """The length of each line, and its box as 32-bit west, south, east, north, a metre wider than the line."""
    count = vertices.size - 1
    length = np.zeros(count, np.float64)
    box = np.empty((count, 4), np.float32)
    for k in range(count):
        first = vertices[k]
        west = east = coords[first, 0]
        south = north = coords[first, 1]
        for at in range(first + 1, vertices[k + 1]):
            x, y = coords[at, 0], coords[at, 1]
            length[k] += np.hypot(x - coords[at - 1, 0], y - coords[at - 1, 1])
            west, east = min(west, x), max(east, x)
            south, north = min(south, y), max(north, y)
        box[k, 0], box[k, 1] = np.float32(west) - np.float32(1), np.float32(south) - np.float32(1)
        box[k, 2], box[k, 3] = np.float32(east) + np.float32(1), np.float32(north) + np.float32(1)
    return length, box
