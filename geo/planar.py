"""Transforms of the plane: the similarity (shift, rotation, scale) and the affine, as plain numbers.

Both are kept relative to an origin near the data: a rotation about the city's own middle has the same shift
whoever reads it, and no digits are lost to eastings of six figures.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Self

import numpy as np
import numpy.typing as npt

Points = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Affine:
    """`target + matrix @ (point - origin)`: six free numbers; `matrix` is (xx, xy, yx, yy).

    >>> quarter = Affine(10.0, 20.0, 0.0, 0.0, (0.0, -1.0, 1.0, 0.0))
    >>> quarter.apply(np.array([[11.0, 20.0]])).tolist()
    [[0.0, 1.0]]
    """

    origin_x: float
    origin_y: float
    target_x: float
    target_y: float
    matrix: tuple[float, float, float, float]

    def apply(self, xy: Points) -> Points:
        """The (n, 2) points, transformed."""
        xx, xy_, yx, yy = self.matrix
        dx, dy = xy[:, 0] - self.origin_x, xy[:, 1] - self.origin_y
        return np.column_stack((self.target_x + xx * dx + xy_ * dy, self.target_y + yx * dx + yy * dy))

    def inverse(self) -> Affine:
        """The way back. Raises ZeroDivisionError when the matrix flattens the plane."""
        xx, xy_, yx, yy = self.matrix
        det = xx * yy - xy_ * yx
        inverted = (yy / det, -xy_ / det, -yx / det, xx / det)
        return Affine(self.target_x, self.target_y, self.origin_x, self.origin_y, inverted)

    def coefficients(self) -> tuple[float, float, float, float, float, float]:
        """(a, b, d, e, xoff, yoff) as `shapely.affinity.affine_transform` and `ST_Affine` take them."""
        xx, xy_, yx, yy = self.matrix
        x_off = self.target_x - xx * self.origin_x - xy_ * self.origin_y
        y_off = self.target_y - yx * self.origin_x - yy * self.origin_y
        return xx, xy_, yx, yy, x_off, y_off

    @property
    def scales(self) -> tuple[float, float]:
        """The lengths that a unit east and a unit north become; equal in a similarity."""
        xx, xy_, yx, yy = self.matrix
        return math.hypot(xx, yx), math.hypot(xy_, yy)

    @property
    def rotation_deg(self) -> float:
        """The counter-clockwise turn of the east axis in degrees."""
        return math.degrees(math.atan2(self.matrix[2], self.matrix[0]))

    @property
    def skew_deg(self) -> float:
        """By how much the north axis leaves the right angle to the east axis (degrees); 0 in a similarity."""
        _, xy_, _, yy = self.matrix
        return math.degrees(math.atan2(-xy_, yy)) - self.rotation_deg


@dataclass(frozen=True, slots=True)
class Similarity:
    """Shift (m), counter-clockwise rotation (degrees), scale: `origin + shift + scale R (p - origin)`.

    >>> shift = Similarity(280_000.0, 3_467_000.0, 14.9, -174.9)
    >>> shift.apply(np.array([[280_000.0, 3_467_000.0]])).tolist()
    [[280014.9, 3466825.1]]
    """

    origin_x_m: float
    origin_y_m: float
    dx_m: float
    dy_m: float
    rotation_deg: float = 0.0
    scale: float = 1.0

    @classmethod
    def identity(cls, origin: Points) -> Self:
        """No change, about `origin` (x, y)."""
        return cls(float(origin[0]), float(origin[1]), 0.0, 0.0)

    @property
    def shift_m(self) -> float:
        """The length of the shift at the origin."""
        return math.hypot(self.dx_m, self.dy_m)

    @property
    def scale_ppm(self) -> float:
        """The scale as parts per million above 1: millimetres per kilometre."""
        return (self.scale - 1.0) * 1e6

    def affine(self) -> Affine:
        """The same, as an affine transform."""
        cos, sin = _turn(self.rotation_deg, self.scale)
        x, y = self.origin_x_m, self.origin_y_m
        return Affine(x, y, x + self.dx_m, y + self.dy_m, (cos, -sin, sin, cos))

    def apply(self, xy: Points) -> Points:
        """The (n, 2) points in metres, moved."""
        return self.affine().apply(xy)

    def inverse(self) -> Similarity:
        """The way back: about the moved origin, so that a reversed correction restores every point."""
        x, y = self.origin_x_m + self.dx_m, self.origin_y_m + self.dy_m
        return Similarity(x, y, -self.dx_m, -self.dy_m, -self.rotation_deg, 1.0 / self.scale)

    def about(self, origin: Points) -> Similarity:
        """The same movement, written about another origin; only the shift's numbers change."""
        there = np.asarray(origin, dtype=np.float64)
        dx, dy = self.apply(there[np.newaxis])[0] - there
        return Similarity(
            float(there[0]), float(there[1]), float(dx), float(dy), self.rotation_deg, self.scale
        )

    def coefficients(self) -> tuple[float, float, float, float, float, float]:
        """(a, b, d, e, xoff, yoff) as `shapely.affinity.affine_transform` and `ST_Affine` take them."""
        return self.affine().coefficients()


def fit_similarity(source: Points, target: Points, weights: Points | None = None) -> Similarity:
    """The weighted least-squares similarity from `source` to `target`, about the weighted middle of `source`.

    Closed form (Helmert); needs two distinct points of positive weight.
    """
    weight = np.ones(len(source)) if weights is None else weights
    total = float(weight.sum())
    middle = weight @ source / total
    end = weight @ target / total
    p, q = source - middle, target - end
    spread = float(weight @ (p * p).sum(axis=1))
    along = float(weight @ (p * q).sum(axis=1)) / spread
    across = float(weight @ (p[:, 0] * q[:, 1] - p[:, 1] * q[:, 0])) / spread
    shift = end - middle
    return Similarity(
        float(middle[0]),
        float(middle[1]),
        float(shift[0]),
        float(shift[1]),
        math.degrees(math.atan2(across, along)),
        math.hypot(along, across),
    )


def fit_shift(source: Points, target: Points, weights: Points | None = None) -> Similarity:
    """The weighted mean shift from `source` to `target`, about the weighted middle of `source`."""
    weight = np.ones(len(source)) if weights is None else weights
    total = float(weight.sum())
    middle = weight @ source / total
    shift = weight @ (target - source) / total
    return Similarity(float(middle[0]), float(middle[1]), float(shift[0]), float(shift[1]))


def fit_affine(source: Points, target: Points) -> Affine:
    """The least-squares affine from `source` to `target`; needs three points that are not on one line."""
    middle = source.mean(axis=0)
    end = target.mean(axis=0)
    solution, *_ = np.linalg.lstsq(source - middle, target - end, rcond=None)
    (xx, yx), (xy, yy) = solution.tolist()
    return Affine(float(middle[0]), float(middle[1]), float(end[0]), float(end[1]), (xx, xy, yx, yy))


def _turn(rotation_deg: float, scale: float) -> tuple[float, float]:
    angle = math.radians(rotation_deg)
    return scale * math.cos(angle), scale * math.sin(angle)
