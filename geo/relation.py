"""How an existing line runs to the works: beside them, across them, or so that it may pass for either.

Norms ask for a distance in plan along a parallel line and for a distance in depth at a crossing. A trench has
an axis and a pit has not: through a squarish pit no direction is "along", so both kinds of rule are asked.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt
import shapely
import shapely.ops
from shapely.geometry import Polygon
from shapely.geometry.base import BaseGeometry

from geo.vocabulary import Relation

# Degrees between two directions: up to the first they run together, from the second on they cross.
PARALLEL_TO: Final = 30.0
CROSSING_FROM: Final = 60.0
# From this ratio of its sides on an outline is a trench with an axis. Our assumption.
TRENCH_RATIO: Final = 2.0
# Within this (m) of the point of a line nearest the works its direction is taken.
NEARBY_M: Final = 1.0
# Edges that differ by less in their distance to the line are equally near (m).
_AS_NEAR_M: Final = 1e-6

Vector = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Lie:
    """How a line runs to the works: the relation and the angle (degrees, 0 to 90) between the two."""

    relation: Relation
    angle_deg: float | None


def lie(works_m: BaseGeometry, line_m: BaseGeometry) -> Lie | None:
    """How the line runs to the works (the outline of a dig, or the axis of a proposed line); None for no line.

    >>> trench = shapely.box(0, 0, 20, 1)
    >>> lie(trench, shapely.LineString([(0, 3), (20, 3)])).relation.value
    'parallel'
    >>> lie(trench, shapely.LineString([(5, -9), (5, 9)])).relation.value
    'crossing'
    """
    if line_m.is_empty or line_m.length == 0 or works_m.is_empty:
        return None
    overlaps, has_axis = bool(line_m.intersects(works_m)), _has_axis(works_m)
    direction = _direction(line_m, works_m, overlaps)
    if direction is None or (overlaps and not has_axis):
        return Lie(Relation.OBLIQUE, None)
    angle = min((_angle(direction, axis) for axis in _axes(works_m, line_m, has_axis)), default=None)
    if angle is None:
        return Lie(Relation.OBLIQUE, None)
    return Lie(_relation(angle, overlaps), round(angle, 1))


def _angle(one: Vector, other: Vector) -> float:
    return float(np.degrees(np.arccos(min(1.0, abs(float(one @ other))))))


def _relation(angle: float, overlaps: bool) -> Relation:
    if angle <= PARALLEL_TO:
        return Relation.PARALLEL
    return Relation.CROSSING if overlaps and angle >= CROSSING_FROM else Relation.OBLIQUE


def _has_axis(works: BaseGeometry) -> bool:
    if not isinstance(works, Polygon):
        return True
    long, short = _sides(works)
    return float(np.hypot(*long)) >= TRENCH_RATIO * float(np.hypot(*short))


def _axes(works: BaseGeometry, line: BaseGeometry, has_axis: bool) -> list[Vector]:
    """The direction of a trench or a proposed line; of a pit, those of the edges nearest to the line."""
    if not isinstance(works, Polygon):
        found = _direction(works, line, bool(works.intersects(line)))
        return [] if found is None else [found]
    if has_axis:
        axis = _unit(_sides(works)[0])
        return [] if axis is None else [axis]
    corners = shapely.get_coordinates(works.exterior)
    edges = shapely.linestrings(np.stack([corners[:-1], corners[1:]], axis=1))
    gaps = shapely.distance(edges, line)
    near = corners[1:][gaps <= gaps.min() + _AS_NEAR_M] - corners[:-1][gaps <= gaps.min() + _AS_NEAR_M]
    return [axis for vector in near if (axis := _unit(vector)) is not None]


def _sides(works: Polygon) -> tuple[Vector, Vector]:
    """The long and the short side of the smallest rectangle around the outline."""
    corners = shapely.get_coordinates(shapely.oriented_envelope(works))
    one, other = corners[1] - corners[0], corners[2] - corners[1]
    return (one, other) if np.hypot(*one) >= np.hypot(*other) else (other, one)


def _direction(line: BaseGeometry, works: BaseGeometry, overlaps: bool) -> Vector | None:
    """The line's direction: the chord of what lies within the works, or of the stretch nearest to them."""
    if overlaps and works.area > 0:
        inside = max(shapely.get_parts(line.intersection(works)), key=lambda part: float(part.length))
        chord = _chord(inside)
        if chord is not None:
            return chord
    part = min(shapely.get_parts(line), key=lambda each: float(each.distance(works)))
    nearest = shapely.shortest_line(part, works)
    at = part.project(shapely.get_point(nearest, 0))
    stretch = shapely.ops.substring(part, max(0.0, at - NEARBY_M), min(part.length, at + NEARBY_M))
    return _chord(stretch)


def _chord(part: BaseGeometry) -> Vector | None:
    points = shapely.get_coordinates(part)
    return _unit(points[-1] - points[0]) if len(points) > 1 else None


def _unit(vector: Vector) -> Vector | None:
    length = float(np.hypot(*vector))
    return vector / length if length > 0 else None
