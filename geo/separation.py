"""How far a line lies from a pit in plan, with a sign: negative when it runs through.

A distance of zero would say the same of a cable that touches a corner and of a main through the middle.
What matters when positions are uncertain is how far the line would have to lie elsewhere to be out of the
pit; so inside, the separation is minus that shift.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import numpy as np
import numpy.typing as npt
import shapely
from shapely.geometry import LineString, Polygon
from shapely.geometry.base import BaseGeometry

Metres = npt.NDArray[np.float64]

# Below this a line "inside" is only touching: coordinates are kept to the millimetre.
TOUCH_M: Final = 1e-6


def separations(excavation_m: Polygon, shapes_m: Sequence[BaseGeometry]) -> Metres:
    """Signed plan distance (m) from each shape's axis to the excavation, in the same metric system.

    Positive outside: the plain distance. Inside: minus the shift that would take the shape out. NaN for an
    empty shape.

    >>> pit = shapely.box(0, 0, 10, 4)
    >>> separations(pit, [LineString([(12, 0), (12, 4)]), LineString([(-5, 1), (15, 1)])]).round(3).tolist()
    [2.0, -1.0]
    """
    shapely.prepare(excavation_m)
    shapes = np.asarray(shapes_m, dtype=object)
    if not len(shapes):
        return np.empty(0, dtype=np.float64)
    result: Metres = np.asarray(shapely.distance(shapes, excavation_m), dtype=np.float64)
    for index in np.flatnonzero(result == 0.0):
        result[index] = -penetration(excavation_m, shapes[index])
    return result


def penetration(excavation_m: Polygon, shape_m: BaseGeometry) -> float:
    """The shift (m) that would take the shape out of the excavation; 0 when it only touches.

    For a line: sideways by its own direction, or back along it when it ends inside; the shorter counts.
    For a point: to the nearest edge. For an area: the radius of the largest circle within the overlap.
    """
    inside = shapely.intersection(shape_m, excavation_m)
    parts = [part for part in shapely.get_parts(inside) if not part.is_empty]
    return max((_part(excavation_m, part) for part in parts), default=0.0)


def _part(excavation: Polygon, part: BaseGeometry) -> float:
    if isinstance(part, LineString):
        return _along(excavation, part)
    if isinstance(part, Polygon):
        return float(shapely.maximum_inscribed_circle(part).length)
    return float(part.distance(excavation.boundary))


def _along(excavation: Polygon, part: LineString) -> float:
    ends = shapely.get_coordinates(part)[[0, -1]]
    chord = ends[1] - ends[0]
    length = float(np.hypot(*chord))
    if length < TOUCH_M:
        return float(
            shapely.distance(shapely.points(shapely.get_coordinates(part)), excavation.boundary).max()
        )
    direction = chord / length
    outline = shapely.get_coordinates(excavation.exterior)
    sideways = (outline - ends[0]) @ np.array([-direction[1], direction[0]])
    shifts = [
        float(sideways.max()),
        float(-sideways.min()),
        *_withdrawals(excavation, ends, direction, outline),
    ]
    return max(0.0, min(shifts))


def _withdrawals(excavation: Polygon, ends: Metres, direction: Metres, outline: Metres) -> list[float]:
    """Shifts along the line that free it: only towards a side on which it does not go on beyond the pit."""
    to_edge = np.asarray(shapely.distance(shapely.points(ends), excavation.boundary), dtype=np.float64)
    starts_inside, stops_inside = bool(to_edge[0] > TOUCH_M), bool(to_edge[1] > TOUCH_M)
    along = (outline - ends[0]) @ direction
    length = float(np.hypot(*(ends[1] - ends[0])))
    forward, back = float(along.max()), length - float(along.min())
    if starts_inside and stops_inside:
        return [forward, back]
    if starts_inside:  # the line comes in at its far end: pull it out forward
        return [length]
    return [length] if stops_inside else []
