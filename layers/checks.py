"""Data-quality rules of a delivery: one function per rule, each finding located issues.

Two principles. A feature whose *place* cannot be trusted is refused, and the agency is told which and where.
A feature with a wrong *number* is kept and only the number becomes unknown: a bad depth must never make a
pipe vanish.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import shapely
from shapely.geometry.base import BaseGeometry

from layers.catalog import geometry_types
from layers.city import City
from layers.mapping import Mapped, forget_cover
from layers.report import Severity

# An invalid polygon is repaired only if that changes its area by less than both of these.
REPAIR_TOLERANCE_M2 = 1.0
REPAIR_TOLERANCE_SHARE = 0.01
# Beyond these a number is a mistake of unit or sign, not an unusual pipe (m, mm, bar, kV).
_RANGES = {
    "cover_m": (0.0, 30.0),
    "diameter_mm": (1.0, 6000.0),
    "pressure_bar": (0.0, 250.0),
    "voltage_kv": (0.01, 1200.0),
    "horizontal_uncertainty_m": (0.001, 500.0),
    "width_m": (0.5, 200.0),
    "storeys": (0, 200),
    "installed_year": (1800, 2100),
    "rating_kva": (1.0, 1_000_000.0),
}

Check = Callable[[Mapped, City], None]


def _live(mapped: Mapped) -> list[int]:
    return [index for index in range(len(mapped)) if index not in mapped.refused]


def missing_id(mapped: Mapped, city: City) -> None:
    """A feature without the agency's id cannot be followed from one delivery to the next."""
    ids = mapped.columns["feature_id"]
    mapped.refuse("missing-id", [index for index in _live(mapped) if ids[index] is None])


def missing_geometry(mapped: Mapped, city: City) -> None:
    """A feature is somewhere: no geometry, or an empty one, is refused."""
    gone = [i for i in _live(mapped) if mapped.geometry[i] is None or mapped.geometry[i].is_empty]
    mapped.refuse("missing-geometry", gone)


def bad_coordinates(mapped: Mapped, city: City) -> None:
    """Coordinates are finite numbers."""
    bad = [i for i in _live(mapped) if not np.isfinite(shapely.get_coordinates(mapped.geometry[i])).all()]
    mapped.refuse("bad-coordinates", bad)


def wrong_geometry_type(mapped: Mapped, city: City) -> None:
    """A pipe is a line, a parcel is an area; a collection with one fitting part is taken as that part."""
    allowed = geometry_types(mapped.spec.target)
    for index in _live(mapped):
        shape = mapped.geometry[index]
        if shape.geom_type in allowed:
            continue
        parts = list(getattr(shape, "geoms", ()))
        if len(parts) == 1 and parts[0].geom_type in allowed:
            mapped.geometry[index] = parts[0]
            continue
        mapped.refuse(
            "wrong-geometry-type", [index], found=shape.geom_type, expected=", ".join(sorted(allowed))
        )


def outside_city(mapped: Mapped, city: City) -> None:
    """A feature wholly outside the city's extent is elsewhere, or in another CRS than its file says."""
    west, south, east, north = city.extent_m
    extent = shapely.box(west, south, east, north)
    mapped.refuse("outside-city", [i for i in _live(mapped) if not mapped.geometry[i].intersects(extent)])


def duplicate_id(mapped: Mapped, city: City) -> None:
    """An id names one feature: the first is kept, the others are refused."""
    first: dict[str, int] = {}
    ids = mapped.columns["feature_id"]
    for index in _live(mapped):
        kept = first.setdefault(ids[index], index)
        if kept != index:
            mapped.refuse("duplicate-id", [index], first_row=int(mapped.rows[kept]))


def repeated_vertices(mapped: Mapped, city: City) -> None:
    """A line with no length has no course."""
    lines = [i for i in _live(mapped) if mapped.geometry[i].geom_type.endswith("LineString")]
    mapped.refuse("zero-length", [i for i in lines if not mapped.geometry[i].length > 0])


def _repaired(shape: BaseGeometry) -> BaseGeometry | None:
    """Return the valid area nearest to `shape`, or None when that changes more than the tolerances."""
    made = shapely.make_valid(shape, method="structure", keep_collapsed=False)
    given = abs(shape.area)
    limit = min(REPAIR_TOLERANCE_M2, REPAIR_TOLERANCE_SHARE * max(given, made.area))
    fits = made.geom_type in ("Polygon", "MultiPolygon") and made.area > 0
    # The outline's own area is ambiguous when it crosses itself, so both readings must agree.
    outline = shapely.make_valid(shape, method="linework").area
    return made if fits and max(abs(made.area - given), abs(made.area - outline)) <= limit else None


def invalid_polygon(mapped: Mapped, city: City) -> None:
    """An invalid area (T23) is repaired where that changes next to nothing, else refused."""
    for index in _live(mapped):
        shape = mapped.geometry[index]
        if shape.geom_type not in ("Polygon", "MultiPolygon") or shape.is_valid:
            continue
        why = shapely.is_valid_reason(shape)
        made = _repaired(shape)
        if made is None:
            mapped.refuse("invalid-polygon", [index], reason=why)
            continue
        change = round(abs(made.area - shape.area), 4)
        mapped.repair("repaired-polygon", index, made, reason=why, area_change_m2=change)


def out_of_range(mapped: Mapped, city: City) -> None:
    """A number outside what is possible (a negative cover) is dropped with a warning."""
    for name, (low, high) in _RANGES.items():
        values = mapped.columns.get(name, [])
        for index, value in enumerate(values):
            if value is not None and not low <= value <= high:
                _drop(mapped, name, index, value, low, high)


def _drop(mapped: Mapped, name: str, index: int, value: Any, low: float, high: float) -> None:
    mapped.issues.append(
        mapped.issue(Severity.WARNING, "out-of-range", index, field=name, value=value, low=low, high=high)
    )
    if name == "cover_m":
        forget_cover(mapped, index)
    elif name == "horizontal_uncertainty_m" and mapped.spec.quality is not None:
        mapped.columns[name][index] = mapped.spec.quality.horizontal_uncertainty_m
    else:
        mapped.columns[name][index] = None


def missing_nodes(mapped: Mapped, city: City) -> None:
    """A line that names only one of its ends cannot be traced."""
    ends = zip(mapped.columns.get("from_node", []), mapped.columns.get("to_node", []), strict=True)
    for index, (start, end) in enumerate(ends):
        if (start is None) != (end is None):
            mapped.issues.append(mapped.issue(Severity.WARNING, "one-end-missing", index))


# In this order: a later rule may rely on what an earlier one refused.
CHECKS: tuple[Check, ...] = (
    missing_id,
    missing_geometry,
    bad_coordinates,
    wrong_geometry_type,
    outside_city,
    duplicate_id,
    repeated_vertices,
    invalid_polygon,
    out_of_range,
    missing_nodes,
)


def check(mapped: Mapped, city: City) -> None:
    """Apply every rule to a mapped delivery; its issues, refused and repaired rows are then known."""
    for rule in CHECKS:
        rule(mapped, city)
