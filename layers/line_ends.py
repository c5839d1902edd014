"""Lines as bare numbers, and which ends of them touch or nearly touch another: a million lines in a few seconds.

What the rules of a network ask of all lines at once fits into arrays of some hundred bytes per line; no line is an
object. Segments lie in buckets by the cells of a grid that they cross; an end looks into the cells around it.
All coordinates and lengths are metres in the city's CRS.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final, NamedTuple

import numba
import numpy as np
import numpy.typing as npt
import shapely

Floats = npt.NDArray[np.float64]
Codes = npt.NDArray[np.uint64]
Small = npt.NDArray[np.int32]
Whole = npt.NDArray[np.int64]
Mask = npt.NDArray[np.bool_]

_SMALLEST_CELL_M: Final = 1.0
# No pipe runs straight for so long: a damaged number, which would lie in millions of cells.
LONGEST_M: Final = 100_000.0


@dataclass(slots=True)
class Lines:
    """Accepted lines: `row` is the number of each in its file, `xy[offsets[n]:offsets[n + 1]]` its course.

    `codes` hold the ids and nodes as numbers (0: none). Lines of several parts have no two ends: each part is a
    line here, told by `is_part`.
    """

    row: Small
    xy: Floats
    offsets: npt.NDArray[np.int64]
    codes: dict[str, Codes]
    is_service: Mask
    is_part: Mask

    def __len__(self) -> int:
        return len(self.row)

    def shapes(self, at: npt.NDArray[np.integer[Any]]) -> npt.NDArray[np.object_]:
        """The lines at some positions, as shapes."""
        starts, ends = self.offsets[at], self.offsets[np.asarray(at) + 1]
        sizes = ends - starts
        owner = np.repeat(np.arange(len(sizes)), sizes)
        within = np.arange(len(owner)) - np.repeat(np.cumsum(sizes) - sizes, sizes)
        made: npt.NDArray[np.object_] = shapely.linestrings(
            self.xy[np.repeat(starts, sizes) + within], indices=owner
        )
        return made

    @property
    def ends(self) -> Floats:
        """The first points of all lines, then their last ones."""
        return np.concatenate((self.xy[self.offsets[:-1]], self.xy[self.offsets[1:] - 1]))


class _Grid(NamedTuple):
    """Segments by the cells that they cross: those of a bucket are `held[first[bucket]:first[bucket + 1]]`."""

    cell: float
    xy: Floats
    starts: Small
    line: Small
    first: Small
    held: Small


class Ground:
    """Lines in a grid, so that what is near a point is found without looking at the rest."""

    def __init__(self, lines: Lines) -> None:
        line_of = np.repeat(np.arange(len(lines), dtype=np.int32), np.diff(lines.offsets))
        starts = np.flatnonzero(line_of[1:] == line_of[:-1]).astype(np.int32)
        lengths = _lengths(lines.xy, starts)
        sane = lengths < LONGEST_M
        starts = starts[sane]
        cell = max(_SMALLEST_CELL_M, float(np.median(lengths[sane])) if len(starts) else 1.0)
        first, held = _bucketed(lines.xy, starts, cell, 1 << max(4, len(starts).bit_length()))
        self._grid = _Grid(cell, lines.xy, starts, line_of[starts], first, held)

    def touched(self, ends: Floats, own: Small, reach_m: float) -> Mask:
        """Which ends have another line than their own within reach."""
        made: Mask = _touched(ends, own, reach_m, self._grid)
        return made

    def near(self, ends: Floats, own: Small, reach_m: float) -> tuple[Small, Small, Floats]:
        """Pairs of an end and another line within reach, and how far apart they are; each pair once."""
        nothing = np.empty(0, np.int32), np.empty(0, np.int32), np.empty(0)
        count = _near(ends, own, reach_m, self._grid, nothing)
        end, line, apart = np.empty(count, np.int32), np.empty(count, np.int32), np.empty(count)
        _near(ends, own, reach_m, self._grid, (end, line, apart))
        order = np.lexsort((apart, line, end))
        end, line, apart = end[order], line[order], apart[order]
        first = np.ones(count, dtype=bool)
        first[1:] = (end[1:] != end[:-1]) | (line[1:] != line[:-1])
        return end[first], line[first], apart[first]


@numba.njit(cache=True, nogil=True)
def _lengths(xy: Floats, starts: Small) -> npt.NDArray[np.float32]:
    made = np.empty(starts.size, dtype=np.float32)
    for at in range(starts.size):
        a, b = xy[starts[at]], xy[starts[at] + 1]
        made[at] = np.sqrt((b[0] - a[0]) ** 2 + (b[1] - a[1]) ** 2)
    return made


@numba.njit(cache=True, nogil=True, inline="always")
def _bucket(column: int, row: int, buckets: int) -> Any:
    mixed = np.uint64(column) * np.uint64(0x9E3779B97F4A7C15) ^ np.uint64(row) * np.uint64(0xC2B2AE3D27D4EB4F)
    return np.int64((mixed ^ (mixed >> np.uint64(29))) & np.uint64(buckets - 1))


@numba.njit(cache=True, nogil=True, inline="always")
def _rows_in(column: int, cell: float, a: Floats, b: Floats) -> tuple[int, int]:
    """The first and the last row of cells that a segment, drawn eastwards, crosses in a column of them."""
    low, high = a[1], b[1]
    if b[0] > a[0]:
        slope = (b[1] - a[1]) / (b[0] - a[0])
        low = a[1] + slope * (max(a[0], column * cell) - a[0])
        high = a[1] + slope * (min(b[0], (column + 1) * cell) - a[0])
    if low > high:
        low, high = high, low
    return int(np.floor((low - 1e-6) / cell)), int(np.floor((high + 1e-6) / cell))


@numba.njit(cache=True, nogil=True)
def _put(xy: Floats, starts: Small, cell: float, first: Small, held: Small) -> None:
    """Count the segments of each bucket; where there is room for them, put them there."""
    buckets = first.size - 1
    for segment in range(starts.size):
        a, b = xy[starts[segment]], xy[starts[segment] + 1]
        if a[0] > b[0]:
            a, b = b, a
        for column in range(int(np.floor(a[0] / cell)), int(np.floor(b[0] / cell)) + 1):
            low, high = _rows_in(column, cell, a, b)
            for row in range(low, high + 1):
                at = _bucket(column, row, buckets)
                if held.size:
                    first[at] -= 1
                    held[first[at]] = segment
                else:
                    first[at] += 1


def _bucketed(xy: Floats, starts: Small, cell: float, buckets: int) -> tuple[Small, Small]:
    """Where the segments of each bucket begin in the second array; one place more says where they end."""
    first = np.zeros(buckets + 1, dtype=np.int32)
    _put(xy, starts, cell, first, np.empty(0, dtype=np.int32))
    first = np.cumsum(first, dtype=np.int32)
    held = np.empty(int(first[-1]), dtype=np.int32)
    if len(held):
        _put(xy, starts, cell, first, held)
    return first, held


@numba.njit(cache=True, nogil=True, inline="always")
def _apart2(x: float, y: float, a: Floats, b: Floats) -> Any:
    """The square of the distance between a point and a segment."""
    dx, dy = b[0] - a[0], b[1] - a[1]
    length2 = dx * dx + dy * dy
    along = 0.0
    if length2 > 0.0:
        along = min(1.0, max(0.0, ((x - a[0]) * dx + (y - a[1]) * dy) / length2))
    px, py = a[0] + along * dx - x, a[1] + along * dy - y
    return px * px + py * py


@numba.njit(cache=True, nogil=True)
def ends_within(xy: Floats, offsets: Whole, own: Whole, other: Whole, reach: float) -> Mask:
    """Whether, of each pair of lines, an end of the first lies within reach of the second."""
    made = np.zeros(own.size, dtype=np.bool_)
    for pair in range(own.size):
        for end in (offsets[own[pair]], offsets[own[pair] + 1] - 1):
            for at in range(offsets[other[pair]], offsets[other[pair] + 1] - 1):
                if _apart2(xy[end][0], xy[end][1], xy[at], xy[at + 1]) <= reach * reach:
                    made[pair] = True
    return made


@numba.njit(cache=True, nogil=True)
def _touched(ends: Floats, own: Small, reach: float, grid: _Grid) -> Mask:
    made = np.zeros(own.size, dtype=np.bool_)
    cell, buckets = grid.cell, grid.first.size - 1
    for end in range(own.size):
        x, y = ends[end]
        for column in range(int(np.floor((x - reach) / cell)), int(np.floor((x + reach) / cell)) + 1):
            for row in range(int(np.floor((y - reach) / cell)), int(np.floor((y + reach) / cell)) + 1):
                at = _bucket(column, row, buckets)
                for place in range(grid.first[at], grid.first[at + 1]):
                    segment = grid.held[place]
                    if made[end] or grid.line[segment] == own[end]:
                        continue
                    start = grid.starts[segment]
                    made[end] = _apart2(x, y, grid.xy[start], grid.xy[start + 1]) <= reach * reach
    return made


@numba.njit(cache=True, nogil=True)
def _near(ends: Floats, own: Small, reach: float, grid: _Grid, out: tuple[Small, Small, Floats]) -> int:
    """Count the pairs; where there is room for them, write them down."""
    count = 0
    cell, buckets = grid.cell, grid.first.size - 1
    for end in range(own.size):
        x, y = ends[end]
        for column in range(int(np.floor((x - reach) / cell)), int(np.floor((x + reach) / cell)) + 1):
            for row in range(int(np.floor((y - reach) / cell)), int(np.floor((y + reach) / cell)) + 1):
                at = _bucket(column, row, buckets)
                for place in range(grid.first[at], grid.first[at + 1]):
                    segment = grid.held[place]
                    start = grid.starts[segment]
                    apart2 = _apart2(x, y, grid.xy[start], grid.xy[start + 1])
                    if grid.line[segment] == own[end] or apart2 > reach * reach:
                        continue
                    if out[0].size:
                        out[0][count], out[1][count], out[2][count] = end, grid.line[segment], np.sqrt(apart2)
                    count += 1
    return count
