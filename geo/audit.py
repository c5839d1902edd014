"""The city-wide clearance audit: existing lines that lie closer than they should, ranked.

Existing lines break today's rules in great numbers (in one real half square kilometre a 1 m gas-to-power rule
flags 38 % of the gas network), so the result is a list of where to survey first, not a list of offences.
Cheap tests come first: is there a rule for the two classes, do their boxes come near, do their depths; the
distance comes last.

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
from scipy.special import erfc
from shapely.geometry.base import BaseGeometry

from geo.errors import PanjerehError
from geo.network import Indices, Metres
from geo.quality import Z95

Class = TypeVar("Class")

_PIECES_PER_THREAD: Final = 8


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
class AuditedLines:
    """Existing lines: id, shape, class (row of the requirements), depths of top and bottom, 95 % half width.

    Depths count downward from the ground; unknown ones are -inf and inf, so that depth excuses nothing.
    """

    ids: Sequence[str]
    shapes: npt.NDArray[np.object_]
    classes: Indices
    top_m: Metres
    bottom_m: Metres
    half_width_m: Metres


@dataclass(frozen=True, slots=True)
class Shortfall:
    """Two lines too close: `p_violation` is the probability that they truly are.."""

    a: str
    b: str
    separation_m: float
    required_m: float
    p_violation: float
    x: float
    y: float

    @property
    def shortfall_m(self) -> float:
        """How many metres are missing."""
        return self.required_m - self.separation_m


@dataclass(frozen=True, slots=True, eq=False)
class AuditResult:
    """All violating pairs as arrays, the worst first: the two lines (a < b), metres, probability."""

    lines: AuditedLines
    a: Indices
    b: Indices
    separation_m: Metres
    required_m: Metres
    p_violation: Metres

    def __len__(self) -> int:
        return len(self.a)

    def top(self, count: int) -> tuple[Shortfall, ...]:
        """The worst `count` pairs, each with its place."""
        a, b = self.a[:count], self.b[:count]
        between = shapely.line_interpolate_point(
            shapely.shortest_line(self.lines.shapes[a], self.lines.shapes[b]), 0.5, normalized=True
        )
        return tuple(
            Shortfall(self.lines.ids[i], self.lines.ids[j], separation, required, p, at.x, at.y)
            for i, j, separation, required, p, at in zip(
                a.tolist(), b.tolist(), self.separation_m.tolist(), self.required_m.tolist(),
                self.p_violation.tolist(), between, strict=False,
            )
        )  # fmt: skip


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


def audit(lines: AuditedLines, rules: Requirements, threads: int = 1) -> AuditResult:
    """Every pair of lines closer than its rule, ranked by probability, then by the share that is missing.

    Raises `AuditRefused` for shapes that are no lines, coordinates that are not finite, classes without a
    row.
    """
    segments, owner = exploded(lines)
    i, j, apart = near_segments(
        segments, lines.classes[owner], lines.top_m[owner], lines.bottom_m[owner], rules, threads
    )
    a, b, separation = _closest(owner[i], owner[j], apart, len(lines.ids))
    required = rules.horizontal_m[lines.classes[a], lines.classes[b]]
    sd = np.hypot(lines.half_width_m[a], lines.half_width_m[b]) / Z95
    p = np.ones(len(a))  # every pair here is below its rule as measured
    vague = sd > 0
    # the same formula as `geo.quality.probability_below`, for a whole array
    p[vague] = 0.5 * erfc((separation - required)[vague] / (sd[vague] * np.sqrt(2.0)))
    # the pairs come sorted by (a, b), so two stable sorts settle all ties
    order = np.argsort(separation / required, kind="stable")
    order = order[np.argsort(-p[order], kind="stable")]
    return AuditResult(lines, a[order], b[order], separation[order], required[order], p[order])


def near_segments(
    segments: Metres, classes: Indices, top_m: Metres, bottom_m: Metres, rules: Requirements, threads: int = 1
) -> tuple[Indices, Indices, Metres]:
    """The pairs of segments (rows x1, y1, x2, y2) that violate `rules`: i < j, and their distances, sorted.

    >>> two = np.array([[0.0, 0, 10, 0], [0, 0.3, 10, 0.3]])
    >>> kinds, none = np.array([0, 1], dtype=np.int32), np.zeros(2)
    >>> rules = requirements("gw", lambda a, b: (0.4, 0.1))
    >>> [found.tolist() for found in near_segments(two, kinds, none, none, rules)]
    [[0], [1], [0.3]]
    """
    from geo.kernels import fill_grid, join_near

    _refuse_misfits(segments, classes, top_m, bottom_m, rules)
    if not len(segments):
        return np.empty(0, dtype=np.int32), np.empty(0, dtype=np.int32), np.empty(0)
    local = segments - np.tile(np.minimum(segments[:, :2], segments[:, 2:]).min(axis=0), 2)
    side, columns, buckets = _grid(local, rules)
    # neighbours on the ground become neighbours in memory
    middle = (local[:, :2] + local[:, 2:]) / (2 * side)
    order = np.argsort(np.floor(middle[:, 1]) * columns + middle[:, 0])
    local, kinds = np.ascontiguousarray(local[order]), np.ascontiguousarray(classes[order], dtype=np.int32)
    top, bottom = top_m[order].astype(np.float64), bottom_m[order].astype(np.float64)
    grid = (*fill_grid(local, side, columns, buckets), side, columns)

    def run(span: tuple[int, int]) -> tuple[Indices, Indices, Metres]:
        return join_near(local, kinds, top, bottom, rules.horizontal_m, rules.vertical_m, grid, *span)

    pieces = 1 if threads == 1 else threads * _PIECES_PER_THREAD
    spans = list(pairwise([len(local) * k // pieces for k in range(pieces + 1)]))
    with ThreadPoolExecutor(threads) as pool:
        found = list(pool.map(run, spans)) if threads > 1 else [run(spans[0])]
    i, j = (order[np.concatenate([part[k] for part in found])].astype(np.int32) for k in (0, 1))
    apart = np.concatenate([part[2] for part in found])
    i, j = np.minimum(i, j), np.maximum(i, j)
    ranks = np.argsort(i.astype(np.int64) * len(segments) + j)
    return i[ranks], j[ranks], apart[ranks]


def _grid(local: Metres, rules: Requirements) -> tuple[float, int, int]:
    """Cell side (m), columns and buckets: cells as wide as a segment is long, on average."""
    lengths = np.hypot(local[:, 2] - local[:, 0], local[:, 3] - local[:, 1])
    side = max(float(rules.horizontal_m.max(initial=0.0)), float(lengths.mean()), 1e-3)
    width, height = np.maximum(local[:, :2], local[:, 2:]).max(axis=0).tolist()
    columns, rows = int(width / side) + 2, int(height / side) + 2
    return side, columns, min(columns * rows, 8 * len(local) + 1024)


def _refuse_misfits(
    segments: Metres, classes: Indices, top_m: Metres, bottom_m: Metres, rules: Requirements
) -> None:
    if (
        segments.ndim != 2
        or segments.shape[1] != 4
        or not len(segments) == len(classes) == len(top_m) == len(bottom_m)
    ):
        raise AuditRefused(what="lengths")
    if not np.isfinite(segments).all():
        raise AuditRefused(what="coordinates")
    if len(classes) and not (int(classes.min()) >= 0 and int(classes.max()) < len(rules.horizontal_m)):
        raise AuditRefused(what="classes")
    if np.isnan(top_m).any() or np.isnan(bottom_m).any():
        raise AuditRefused(what="depths")


def exploded(lines: AuditedLines) -> tuple[Metres, Indices]:
    """The lines' straight segments (x1, y1, x2, y2) and the line each belongs to."""
    parts, of = lines.shapes, np.arange(len(lines.shapes))
    if (shapely.get_type_id(parts) != shapely.GeometryType.LINESTRING).any():
        parts, of = shapely.get_parts(lines.shapes, return_index=True)
    if (shapely.get_type_id(parts) != shapely.GeometryType.LINESTRING).any():
        raise AuditRefused(what="shapes")
    xy, part = shapely.get_coordinates(parts, return_index=True)
    inner = np.flatnonzero(part[1:] == part[:-1])
    return np.hstack([xy[inner], xy[inner + 1]]), of[part[inner]].astype(np.int32)


def _closest(a: Indices, b: Indices, apart: Metres, count: int) -> tuple[Indices, Indices, Metres]:
    """Each pair of different lines once, with the least distance of their segments."""
    differ = a != b
    a, b, apart = np.minimum(a, b)[differ], np.maximum(a, b)[differ], apart[differ]
    key = a.astype(np.int64) * count + b
    order = np.lexsort((apart, key))
    first = order[np.unique(key[order], return_index=True)[1]]
    return a[first], b[first], apart[first]


def as_lines(shapes: Sequence[BaseGeometry]) -> npt.NDArray[np.object_]:
    """The shapes as the array that `AuditedLines` holds, in plan only."""
    held = np.empty(len(shapes), dtype=object)
    held[:] = list(shapes)
    flat: npt.NDArray[np.object_] = shapely.force_2d(held)
    return flat
