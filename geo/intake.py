"""A drawing becomes an excavation: polygon checked, brought into the city's system, checked again."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from math import hypot
from typing import Any

from shapely.geometry.base import BaseGeometry

from geo.crs import CityCrs, Transformed, transform_to
from geo.shapes import MAX_AREA_M2, checked_polygon
from geo.works import SETTING_OUT_M, Excavation


@dataclass(frozen=True, slots=True)
class Drawing:
    """A polygon as given (GeoJSON or shapely) with the reference system it was stated in; never guessed."""

    geometry: Mapping[str, Any] | BaseGeometry
    crs: str | None
    operation: str | None = None


@dataclass(frozen=True, slots=True)
class TakenIn:
    """An accepted excavation, and by which operation its outline came into the city's system."""

    excavation: Excavation
    operation: str
    source_crs: str


def excavation_from(
    drawing: Drawing,
    depth_m: float,
    method: str,
    works: str,
    city_crs: CityCrs,
    limit_m2: float = MAX_AREA_M2,
) -> TakenIn:
    """The excavation in the city's metric system; depth in metres, area at most `limit_m2` square metres.

    The accuracy of a datum operation becomes part of the outline's uncertainty. Raises a `ShapeError`
    (places in the coordinates given), a `CrsError` or `DepthInvalid`.
    """
    outline = checked_polygon(drawing.geometry)
    moved: Transformed = transform_to(outline, drawing.crs, city_crs, drawing.operation)
    excavation = Excavation(
        shape_m=checked_polygon(moved.shape, limit_m2=limit_m2),
        depth_m=depth_m,
        method=method,
        works=works,
        horizontal_uncertainty_m=hypot(SETTING_OUT_M, moved.uncertainty_m),
    )
    return TakenIn(excavation, moved.operation, moved.source_crs)
