"""The self-join of the clearance audit: which existing lines lie closer than their classes may.

Cheap tests come first: is there a rule for the two classes, do their boxes come near, do their depths; the
distance comes last. What becomes of the pairs is `geo.survey`'s matter: a list of where to survey first.

Coordinates, distances and depths are metres; coordinates in one metric CRS. Distances are between axes in
plan.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from itertools import pairwise
from typing import Final, TypeVar

import numpy as np
import numpy.typing as npt
import shapely

from geo.errors import PanjerehError
from geo.network import Indices, Metres

Class = TypeVar("Class")
Offsets = npt.NDArray[np.int64]

_PIECES_PER_THREAD: Final = 8
# What single precision may lose of a coordinate, several times over (m per m, and m).
_SLACK: Final = (6e-7, 1e-6)


class AuditRefused(PanjerehError):
    """The audit's input does not fit together: `what` is wrong."""

    code = "audit-refused"


@dataclass(frozen=True, slots=True, eq=False)
class Requirements:
    """Required distances between classes, two symmetric square matrices in metres.

    A pair violates when its plan distance is below `horizontal_m` *and* its vertical gap below `vertical_m`.
    A horizontal 0 means no rule (as within one network); a vertical infinity means that no vertical gap
    excuses.
    """

    horizontal_m: Metres
    vertical_m: Metres

    def __post_init__(self) -> None:
        for matrix in (self.horizontal_m, self.vertical_m):
            if (
                matrix.ndim != 2
                or matrix.shape != self.horizontal_m.shape
                or matrix.shape[0] != matrix.shape[1]
            ):
                raise AuditRefused(what="matrix-shape")
            if np.isnan(matrix).any() or not np.array_equal(matrix, matrix.T):
                raise AuditRefused(what="matrix-symmetry")
        if not np.isfinite(self.horizontal_m).all():
            raise AuditRefused(what="matrix-finite")


@dataclass(frozen=True, slots=True, eq=False)
class Lines:
    """Existing lines as arrays: line k's straight segments (x1, y1, x2, y2) are `first[k]` to `first[k + 1]`.

    `classes` are rows of the requirements. Depths of top and bottom count downward from the ground; unknown
    ones are -inf and inf, so that depth excuses nothing. `radius_m` is added to what is required between axes.
    """

    segments: Metres
    first: Offsets
    classes: Indices
    top_m: Metres
    bottom_m: Metres
    radius_m: Metres

    def __len__(self) -> int:
        return len(self.classes)


@dataclass(frozen=True, slots=True, eq=False)
class Near:
    """The pairs of lines (a < b, sorted) that are too close: distance of the axes, and the segments that have it.

    Of lines that cross these are the segments that do, and the distance is 0.
    """

    a: Indices
    b: Indices
    apart_m: Metres
    segment_a: Indices
    segment_b: Indices
    crosses: npt.NDArray[np.bool_]

    def __len__(self) -> int:
        return len(self.a)


def requirements(
    classes: Sequence[Class], required: Callable[[Class, Class], tuple[float, float] | None]
) -> Requirements:
    """The matrices for these classes from a rule look-up: (horizontal, vertical) metres, or None for no rule.

    The look-up is asked both ways round and the wider answer holds.

    >>> rules = requirements(["gas", "water"], lambda a, b: (0.4, 0.2) if a != b else None)
    >>> rules.horizontal_m.tolist()
    [[0.0, 0.4], [0.4, 0.0]]
    """
    size = len(classes)
    horizontal, vertical = np.zeros((size, size)), np.zeros((size, size))
    for i, one in enumerate(classes):
        for j, other in enumerate(classes):
            rule = required(one, other)
            if rule is not None:
                horizontal[i, j], vertical[i, j] = rule
    return Requirements(np.maximum(horizontal, horizontal.T), np.maximum(vertical, vertical.T))


def near_lines(lines: Lines, rules: Requirements, threads: int = 1) -> Near:
    """Every pair of lines closer than its rule, once, with its least distance.

    The digits of the result depend on the two lines alone, not on what else is there nor on the number of
    threads. Raises `AuditRefused` for coordinates that are not finite, classes without a row, depths that are
    no numbers.

    >>> flat = np.zeros(2)
    >>> two = np.array([[0.0, 0, 10, 0], [0, 0.3, 10, 0.3]])
    >>> kinds = np.array([0, 1], dtype=np.int32)
    >>> rules = requirements("gw", lambda a, b: (0.4, 0.1))
    >>> near_lines(Lines(two, np.arange(3), kinds, flat, flat, flat), rules).apart_m.tolist()
    [0.3]
    """
    from geo.near_kernels import by_place, fill_grid, gathered, join_near, measures

    _refuse_misfits(lines, rules)
    if not len(lines.segments):
        none = np.empty(0, dtype=np.int32)
        return Near(none, none, np.empty(0), none, none, np.empty(0, dtype=np.bool_))
    west, south, east, north, length = measures(lines.segments)
    if not np.isfinite(length):
        raise AuditRefused(what="coordinates")
    west, south = float(np.floor(west)), float(np.floor(south))
    wide, high = east - west, north - south
    widest = float(rules.horizontal_m.max(initial=0.0))
    side = max(widest, length, 1e-3)  # as wide as a segment is long, on average, and as a rule reaches
    order = by_place(lines.segments, lines.first, west, south, *_coarse(side, wide, high, len(lines)))
    local, first, source, line = gathered(lines.segments, lines.first, order, west, south)
    kinds = np.ascontiguousarray(lines.classes[order], dtype=np.int32)
    top, bottom, radius = lines.top_m[order], lines.bottom_m[order], lines.radius_m[order]
    columns, rows = int(wide / side) + 2, int(high / side) + 2
    grid = (columns, rows, side, min(columns * rows, 8 * len(local) + 1024))
    slack = _SLACK[0] * (max(wide, high) + widest + 2 * float(radius.max())) + _SLACK[1]
    cells = fill_grid(local, line, kinds, radius, grid, slack)

    def run(span: tuple[int, int]) -> tuple[Indices, Indices, Metres, Indices, Indices]:
        return join_near(
            local, first, line, order, kinds, top, bottom, radius, rules.horizontal_m, rules.vertical_m, cells,
            grid, *span,
        )  # fmt: skip

    pieces = 1 if threads == 1 else threads * _PIECES_PER_THREAD
    spans = list(pairwise([len(order) * k // pieces for k in range(pieces + 1)]))
    with ThreadPoolExecutor(threads) as pool:
        found = list(pool.map(run, spans)) if threads > 1 else [run(spans[0])]
    a, b, apart, i, j = (np.concatenate([part[k] for part in found]) for k in range(5))
    return _in_order(order[a], order[b], apart, source[i], source[j], len(lines))


def near_segments(
    segments: Metres, classes: Indices, top_m: Metres, bottom_m: Metres, rules: Requirements, threads: int = 1
) -> tuple[Indices, Indices, Metres]:
    """The pairs of segments (rows x1, y1, x2, y2) that violate `rules`: i < j, and their distances, sorted."""
    if segments.ndim != 2 or segments.shape[1] != 4:
        raise AuditRefused(what="lengths")
    first = np.arange(len(segments) + 1, dtype=np.int64)
    none = np.zeros(len(segments))
    near = near_lines(Lines(segments, first, classes, top_m, bottom_m, none), rules, threads)
    return near.a, near.b, near.apart_m


def from_shapes(
    shapes: npt.NDArray[np.object_], classes: Indices, top_m: Metres, bottom_m: Metres, radius_m: Metres
) -> Lines:
    """The lines of these (multi) line strings. Raises `AuditRefused` for other shapes."""
    parts, of = shapes, np.arange(len(shapes))
    if (shapely.get_type_id(parts) != shapely.GeometryType.LINESTRING).any():
        parts, of = shapely.get_parts(shapes, return_index=True)
    if (shapely.get_type_id(parts) != shapely.GeometryType.LINESTRING).any():
        raise AuditRefused(what="shapes")
    xy, part = shapely.get_coordinates(parts, return_index=True)
    inner = np.flatnonzero(part[1:] == part[:-1])
    owner = of[part[inner]]
    first = np.zeros(len(shapes) + 1, dtype=np.int64)
    np.cumsum(np.bincount(owner, minlength=len(shapes)), out=first[1:])
    return Lines(np.hstack([xy[inner], xy[inner + 1]]), first, classes, top_m, bottom_m, radius_m)


def _coarse(side: float, wide: float, high: float, count: int) -> tuple[float, int, int]:
    """Side, columns and rows of a grid for sorting: no more cells than a few to a line."""
    while (wide / side + 1) * (high / side + 1) > 4 * count + 1024:
        side *= 2
    return side, int(wide / side) + 1, int(high / side) + 1


def _in_order(a: Indices, b: Indices, apart: Metres, i: Indices, j: Indices, count: int) -> Near:
    turned = a > b
    a, b = np.where(turned, b, a), np.where(turned, a, b)
    i, j = np.where(turned, j, i), np.where(turned, i, j)
    ranks = np.argsort(a.astype(np.int64) * count + b)
    apart = apart[ranks]
    return Near(a[ranks], b[ranks], np.maximum(apart, 0.0), i[ranks], j[ranks], apart < 0)


def _refuse_misfits(lines: Lines, rules: Requirements) -> None:
    count = len(lines)
    parts = (lines.first[1:], lines.top_m, lines.bottom_m, lines.radius_m)
    if any(len(part) != count for part in parts) or lines.first[-1] != len(lines.segments):
        raise AuditRefused(what="lengths")
    if not np.isfinite(lines.radius_m).all():
        raise AuditRefused(what="radii")
    if count and not (int(lines.classes.min()) >= 0 and int(lines.classes.max()) < len(rules.horizontal_m)):
        raise AuditRefused(what="classes")
    if np.isnan(lines.top_m).any() or np.isnan(lines.bottom_m).any():
        raise AuditRefused(what="depths")
