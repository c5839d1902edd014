"""Areas as a delivery states them, beside those of its shapes: Web Mercator's are found out."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import numpy.typing as npt
import shapely

from geo.crs import lonlat_bounds
from layers.city import City
from layers.columns import Column
from layers.placing import Shapes, finite
from layers.report import Issue, Severity

# Areas are compared with Web Mercator's only where there are some, and where its stretch cannot be a mistake.
_FEWEST_AREAS = 5
_LEAST_STRETCH = 1.1
_SAME_STRETCH = 0.01


class StatedAreas:
    """Stated areas beside the true ones: those measured in Web Mercator are told by their ratio.

    There a square metre grows with the latitude: at 35 degrees it is half as large again, so that the numbers look
    plausible. The ratio is the same in the whole delivery.
    """

    def __init__(self) -> None:
        self._ratios: list[npt.NDArray[np.float64]] = []

    def add(self, given: Column | None, shapes: Shapes) -> None:
        """Look at some rows: the areas they state, if any (m²), and their shapes in the city's CRS."""
        if given is None:
            return
        stated = np.array([value or 0.0 for value in given.values], dtype=np.float64)[given.index]
        there = finite(shapes)
        true = np.zeros(len(shapes))
        with np.errstate(over="ignore", invalid="ignore"):
            true[there] = shapely.area(shapes[there])
        both = (stated != 0) & (true > 0)
        if both.any():
            self._ratios.append(stated[both] / true[both])

    def mistaken(self, city: City) -> Issue | None:
        """Say that the areas are those of Web Mercator and must be forgotten; None where they are not."""
        ratios = np.concatenate([*self._ratios, np.empty(0)])
        if len(ratios) < _FEWEST_AREAS:
            return None
        _, south, _, north = lonlat_bounds(city.extent_m, city.crs)
        expected = 1.0 / math.cos(math.radians((south + north) / 2.0)) ** 2
        ratio = float(np.median(ratios))
        if expected < _LEAST_STRETCH or abs(ratio / expected - 1.0) > _SAME_STRETCH:
            return None
        params: dict[str, Any] = {"field": "area_m2", "ratio": round(ratio, 4), "count": len(ratios)}
        return Issue(Severity.WARNING, "web-mercator-areas", params=params)
