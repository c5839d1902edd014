"""A layer drawn in a grid of its own, brought into the city's CRS by control points that its owner measured."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import shapely

from geo.control_points import DEFAULT_TOLERANCE_M, ControlPointFit, GridModel, fit_control_points
from layers.config import Section

# The "CRS" of a file in a grid of its own.
LOCAL: Final = "local"
# From the root mean square of a two-dimensional error to its 95 % radius (Rayleigh: sqrt(-ln 0.05)).
_R95 = math.sqrt(-math.log(0.05))


@dataclass(frozen=True, slots=True)
class LocalGrid:
    """Control points: (x, y in the local grid, easting, northing in the city's CRS), at least four."""

    model: GridModel
    tolerance_m: float
    points: tuple[tuple[float, float, float, float], ...]
    source: str

    @property
    def operation(self) -> str:
        """The name of the operation, as it is stored with each feature."""
        return f"control-points:{self.model}"

    def fitted(self) -> ControlPointFit:
        """Return the fit; raises a ControlPointError when the points fix nothing or contradict each other."""
        local = [(x, y) for x, y, _, _ in self.points]
        city_m = [(east, north) for _, _, east, north in self.points]
        return fit_control_points(local, city_m, self.model, self.tolerance_m)


def moved(geometry: Any, fit: ControlPointFit) -> Any:
    """Return an array of geometries (None stays None) moved by the fit."""
    made = geometry.copy()
    there = np.array([shape is not None for shape in geometry], dtype=bool)
    made[there] = shapely.transform(geometry[there], fit.transform.apply)
    return made


def uncertainty_m(fit: ControlPointFit) -> float:
    """Return what the fit adds to a position: the 95 % radius at a point that was not used (m)."""
    return _R95 * (fit.predicted_m if math.isfinite(fit.predicted_m) else fit.rms_m)


def as_facts(grid: LocalGrid, fit: ControlPointFit) -> dict[str, Any]:
    """Return what is stored with the delivery: every residual, the points set aside, and the errors."""
    return {
        "model": str(fit.model),
        "source": grid.source,
        "tolerance_m": fit.tolerance_m,
        "points": len(grid.points),
        "residuals_m": [[round(dx, 4), round(dy, 4)] for dx, dy in fit.residuals_m],
        "rejected": list(fit.rejected),
        "rms_m": round(fit.rms_m, 4),
        "predicted_m": round(fit.predicted_m, 4) if math.isfinite(fit.predicted_m) else None,
        "worst_m": round(fit.worst_m, 4),
    }


def read_local_grid(section: Section) -> LocalGrid | None:
    """Return the `local_grid` of a layer of layers.toml, or None; raises CityConfigError."""
    if "local_grid" not in section:
        return None
    inner = section.section("local_grid")
    points = []
    for point in inner.sections("points"):
        points.append(tuple(point.number(key) for key in ("x", "y", "east", "north")))
        point.done()
    tolerance = inner.maybe_number("tolerance_m")
    made = LocalGrid(
        model=inner.choice("model", GridModel, GridModel.SIMILARITY),
        tolerance_m=DEFAULT_TOLERANCE_M if tolerance is None else tolerance,
        points=tuple((x, y, east, north) for x, y, east, north in points),
        source=inner.text("source"),
    )
    inner.done()
    return made
