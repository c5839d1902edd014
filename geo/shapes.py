"""A polygon at the door: taken when it is one plain, finite, valid area; otherwise refused, place named.

Nothing is repaired silently: a self-crossing outline has two possible meanings, and only its drawer knows
which. Repeated vertices and a third coordinate change nothing about the area, so these are dropped without
a word.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any, Final, NoReturn

import numpy as np
import shapely
from shapely.geometry import Polygon, shape
from shapely.geometry.base import BaseGeometry

from geo.errors import (
    EmptyShape,
    NotFinite,
    NotPolygon,
    SelfCrossing,
    ShapeUnreadable,
    TooLarge,
    TooManyVertices,
    TooSmall,
)

Bounds = tuple[float, float, float, float]

MAX_VERTICES: Final = 10_000
# One permit's works; larger areas are planning, not digging.
MAX_AREA_M2: Final = 100_000.0
# Ten centimetres by ten: a probe. Smaller is a slip of the hand, or degrees taken for metres.
MIN_AREA_M2: Final = 0.01
# No map's coordinates, in any unit, reach this; beyond it areas overflow.
FARTHEST: Final = 1e12
_AREA: Final = 2
_GEOMETRIES: Final = frozenset(
    {"Polygon", "MultiPolygon", "Point", "MultiPoint", "LineString", "MultiLineString"}
)


def checked_polygon(
    given: Mapping[str, Any] | BaseGeometry,
    *,
    limit_m2: float | None = None,
    max_vertices: int = MAX_VERTICES,
) -> Polygon:
    """One valid 2D polygon with an area, counter-clockwise, in the coordinates it was given in.

    `limit_m2` is applied only when given, because only metric coordinates have square metres.
    Raises a `ShapeError` that says what is wrong and where.

    >>> pit = {"type": "Polygon", "coordinates": [[[0, 0], [4, 0], [4, 3], [0, 3], [0, 0]]]}
    >>> checked_polygon(pit).area
    12.0
    """
    polygon = _as_polygon(given)
    _check_vertices(polygon, max_vertices)
    flat = shapely.force_2d(polygon)
    if not flat.is_valid:
        _refuse_invalid(flat)
    tidy = shapely.remove_repeated_points(flat)
    if tidy.is_empty or not tidy.area > 0:
        raise EmptyShape(hint="draw-an-area")
    if limit_m2 is not None:
        check_area(tidy, limit_m2)
    return shapely.geometry.polygon.orient(tidy)


def check_area(polygon_m: Polygon, limit_m2: float = MAX_AREA_M2) -> None:
    """Refuse a metric polygon above `limit_m2` square metres (`TooLarge`) or below a hand's breadth (`TooSmall`)."""
    if polygon_m.area < MIN_AREA_M2:
        raise TooSmall(limit=MIN_AREA_M2, hint="check-the-crs")
    if polygon_m.area > limit_m2:
        raise TooLarge(area=round(polygon_m.area, 1), limit=limit_m2, hint="split-the-works")


def check_crossings(area: BaseGeometry) -> None:
    """Refuse (`SelfCrossing`, with the place) an area of one or several parts whose outline crosses itself.

    Lines and points pass. Raises `NotFinite` or `TooManyVertices` for coordinates that cannot be looked at.
    """
    if shapely.get_dimensions(area) == _AREA and not area.is_valid:
        _check_vertices(area, MAX_VERTICES)
        _refuse_invalid(area)


def looks_like_degrees(bounds: Sequence[float]) -> bool:
    """True when all four bounds (min x, min y, max x, max y) could be longitudes and latitudes.

    >>> looks_like_degrees((48.6, 31.3, 48.7, 31.4)), looks_like_degrees((278000, 3467000, 278100, 3467100))
    (True, False)
    """
    west, south, east, north = bounds
    return west >= -180 and east <= 180 and south >= -90 and north <= 90


def _as_polygon(given: Mapping[str, Any] | BaseGeometry) -> Polygon:
    geometry = given if isinstance(given, BaseGeometry) else _parsed(given)
    if isinstance(geometry, shapely.MultiPolygon) and len(geometry.geoms) == 1:
        geometry = geometry.geoms[0]
    if not isinstance(geometry, Polygon):
        raise NotPolygon(found=geometry.geom_type, hint="draw-one-area")
    if geometry.is_empty:
        raise EmptyShape(hint="draw-an-area")
    return geometry


def _parsed(given: Mapping[str, Any]) -> BaseGeometry:
    kind = given.get("type") if isinstance(given, Mapping) else None
    if kind == "Feature":
        return _parsed(given.get("geometry") or {})
    if not isinstance(kind, str):
        raise ShapeUnreadable(hint="give-geojson")
    if kind not in _GEOMETRIES:
        raise NotPolygon(found=kind, hint="draw-one-area")
    _check_numbers(given.get("coordinates"))
    try:
        return shape(dict(given))
    except (ValueError, TypeError, KeyError, IndexError, AttributeError, shapely.errors.ShapelyError):
        raise ShapeUnreadable(found=kind, hint="give-geojson") from None


def _check_numbers(coordinates: object, depth: int = 0) -> None:
    """Every leaf of the nested lists is a finite number; text, booleans and nulls are unreadable."""
    if isinstance(coordinates, list | tuple):
        if depth > 4:
            raise ShapeUnreadable(hint="give-geojson")
        for part in coordinates:
            _check_numbers(part, depth + 1)
    elif isinstance(coordinates, bool) or not isinstance(coordinates, int | float):
        raise ShapeUnreadable(hint="give-geojson")
    elif not _is_finite(coordinates):
        raise NotFinite(hint="give-numbers")


def _is_finite(number: float) -> bool:
    try:
        return math.isfinite(number)
    except OverflowError:  # an integer too large for a float
        return False


def _check_vertices(polygon: BaseGeometry, limit: int) -> None:
    coordinates = shapely.get_coordinates(polygon)
    if len(coordinates) > limit:
        raise TooManyVertices(vertices=len(coordinates), limit=limit, hint="simplify-the-outline")
    bad = np.flatnonzero(~(np.abs(coordinates) < FARTHEST).all(axis=1))  # not-a-number fails too
    if len(bad):
        raise NotFinite(index=int(bad[0]), hint="give-numbers")


def _refuse_invalid(polygon: BaseGeometry) -> NoReturn:
    """GEOS words the fault as `Reason[x y]`: the place goes to the one who drew it."""
    reason = shapely.is_valid_reason(polygon)
    if "few points" in reason.lower():
        raise EmptyShape(hint="draw-an-area")
    if not shapely.convex_hull(polygon).area > 0:
        raise EmptyShape(hint="draw-an-area")
    x, y = _place(reason, polygon)
    raise SelfCrossing(x=x, y=y, reason=reason.split("[", 1)[0].strip(), hint="redraw-the-outline")


def _place(reason: str, polygon: BaseGeometry) -> tuple[float, float]:
    try:
        x, y = reason.split("[", 1)[1].rstrip("]").split()[:2]
        return float(x), float(y)
    except (IndexError, ValueError):
        centre = polygon.envelope.centroid
        return centre.x, centre.y
