"""How delivered shapes come into the city's CRS: a named operation, or a fit of the layer's own local grid."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import shapely

from geo.crs import CONVERSION, lonlat_bounds, mover, operation_for
from layers import local_grid
from layers.catalog import LayerSpec
from layers.city import City
from layers.columns import Mask
from layers.readers.source import Source

Shapes = npt.NDArray[np.object_]
Bounds = tuple[float, float, float, float]


@dataclass(frozen=True, slots=True)
class Placing:
    """How shapes come into the city's CRS: by which named operation, and what that adds to the uncertainty (m)."""

    operation: str
    added_m: float
    move: Callable[[Shapes], Shapes]


def finite(shapes: Shapes) -> Mask:
    """Which shapes are somewhere: not missing, not empty, and no number of their bounds is infinite."""
    return np.asarray(np.isfinite(shapely.bounds(shapes)).all(axis=1))


def placing(source: Source, bounds: Bounds | None, city: City, spec: LayerSpec) -> Placing:
    """Return how the source's shapes come into the city's CRS; `bounds` are those of all of them, as delivered.

    Raises geo's CRS errors when no named operation leads there.
    """
    if spec.local_grid is not None:
        fit = spec.local_grid.fitted()
        source.facts["local_grid"] = local_grid.as_facts(spec.local_grid, fit)
        return Placing(
            spec.local_grid.operation,
            local_grid.uncertainty_m(fit),
            lambda shapes: local_grid.moved(shapes, fit),
        )
    if source.crs == city.crs or bounds is None:
        return Placing(CONVERSION, 0.0, lambda shapes: shapes)
    pinned = spec.operations.get(source.crs)  # outranks the city's
    operation = operation_for(source.crs, city.city_crs, lonlat_bounds(bounds, source.crs), pinned)
    mover_of = mover(operation)

    def moved(shapes: Shapes) -> Shapes:
        made, there = shapes.copy(), finite(shapes)
        if there.any():
            made[there] = shapely.transform(shapes[there], mover_of)
        return made

    return Placing(operation.code, operation.accuracy_m or 0.0, moved)
