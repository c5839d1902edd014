"""How parcels cover the ground: what belongs to two, and the slivers that belong to nobody."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import numpy.typing as npt
import shapely

from layers.report import Issue, Severity

# Parcels may overlap, or leave open, slivers of at most this.
SLIVER_M2: Final = 0.5
# A hole larger than this is a square or a lake, not a slip.
LARGEST_GAP_M2: Final = 25.0
# The union of more parcels than these costs more than it tells.
MOST_PARCELS: Final = 100_000


@dataclass(frozen=True, slots=True)
class Parcels:
    """Accepted parcels: their rows in the file, ids and shapes (city CRS)."""

    rows: npt.NDArray[np.int64]
    ids: list[str]
    shapes: npt.NDArray[np.object_]

    def issue(self, code: str, at: int, params: dict[str, Any]) -> Issue:
        """Say something of one parcel, located at its first point."""
        x, y = shapely.get_coordinates(self.shapes[at])[0].tolist()
        return Issue(
            Severity.WARNING, code, int(self.rows[at]), self.ids[at], round(x, 3), round(y, 3), params
        )


def overlaps(parcels: Parcels) -> list[Issue]:
    """No ground belongs to two parcels."""
    shapes = parcels.shapes
    a, b = shapely.STRtree(shapes).query(shapes, predicate="intersects")
    a, b = a[a < b], b[a < b]
    areas = shapely.area(shapely.intersection(shapes[a], shapes[b]))
    return [
        parcels.issue(
            "parcels-overlap",
            int(a[at]),
            {"other": parcels.ids[int(b[at])], "area_m2": round(float(areas[at]), 3)},
        )
        for at in np.flatnonzero(areas > SLIVER_M2)
    ]


def gaps(parcels: Parcels) -> list[Issue]:
    """Neighbouring parcels leave no slivers between them that are nobody's."""
    shapes = parcels.shapes
    holes = shapely.get_parts(shapely.polygonize([shapely.boundary(shapely.union_all(shapes))]))
    tree = shapely.STRtree(shapes)
    found: list[Issue] = []
    for hole in holes:
        if not SLIVER_M2 < hole.area <= LARGEST_GAP_M2:
            continue
        point = hole.point_on_surface()
        if len(tree.query(point, predicate="intersects")):
            continue
        found.append(
            parcels.issue("parcels-gap", int(tree.nearest(point)), {"area_m2": round(float(hole.area), 3)})
        )
    return found
