"""Data-quality rules of a delivery: one function per rule, each finding located issues.

Two principles. A feature whose *place* cannot be trusted is refused, and the agency is told which and where.
A feature with a wrong *number* is kept and only the number becomes unknown: a bad depth must never make a
pipe vanish.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

import numpy as np
import shapely
from shapely.geometry.base import BaseGeometry

from layers.catalog import TRUNK_MM, Target, geometry_types
from layers.city import City
from layers.columns import Mask
from layers.mapping import Mapped, assume_trunks, forget_covers
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
    "trunk_diameter_mm": TRUNK_MM,
    "crown_diameter_m": (0.1, 60.0),
}

_TYPE_IDS: Final = {
    "Point": 0,
    "LineString": 1,
    "Polygon": 3,
    "MultiPoint": 4,
    "MultiLineString": 5,
    "MultiPolygon": 6,
}
_LINES: Final = (1, 5)
_AREAS: Final = (3, 6)
_POINTS: Final = ("Point", "MultiPoint")
# By what is expected and whether points came: where trees are meant, it is said how else they are delivered.
_WRONG_TYPES: Final = {(Target.TREE, False): "tree-not-a-point", (Target.LANDUSE, True): "landuse-as-point"}

Check = Callable[[Mapped, City], None]


def _among_live(mapped: Mapped, found: Mask) -> list[int]:
    """Positions of the rows that are marked and not refused yet."""
    found[list(mapped.refused)] = False
    made: list[int] = np.flatnonzero(found).tolist()
    return made


def missing_id(mapped: Mapped, city: City) -> None:
    """A feature without the agency's id cannot be followed from one delivery to the next."""
    mapped.refuse("missing-id", _among_live(mapped, mapped.columns["feature_id"].missing()))


def missing_geometry(mapped: Mapped, city: City) -> None:
    """A feature is somewhere: no geometry, or an empty one, is refused."""
    gone = shapely.is_missing(mapped.geometry) | shapely.is_empty(mapped.geometry)
    mapped.refuse("missing-geometry", _among_live(mapped, gone))


def bad_coordinates(mapped: Mapped, city: City) -> None:
    """Coordinates are finite numbers."""
    xy, owner = shapely.get_coordinates(mapped.geometry, return_index=True)
    bad = np.zeros(len(mapped), dtype=bool)
    bad[owner[~np.isfinite(xy).all(axis=1)]] = True
    mapped.refuse("bad-coordinates", _among_live(mapped, bad))


def wrong_geometry_type(mapped: Mapped, city: City) -> None:
    """A pipe is a line, a parcel is an area; a collection with one fitting part is taken as that part."""
    allowed = geometry_types(mapped.spec.target)
    numbers = [_TYPE_IDS[name] for name in allowed]
    other = ~np.isin(shapely.get_type_id(mapped.geometry), numbers)
    for index in _among_live(mapped, other):
        shape = mapped.geometry[index]
        parts = list(getattr(shape, "geoms", ()))
        if len(parts) == 1 and parts[0].geom_type in allowed:
            mapped.geometry[index] = parts[0]
            continue
        code = _WRONG_TYPES.get((mapped.spec.target, shape.geom_type in _POINTS), "wrong-geometry-type")
        mapped.refuse(code, [index], found=shape.geom_type, expected=", ".join(sorted(allowed)))


def outside_city(mapped: Mapped, city: City) -> None:
    """A feature wholly outside the city's extent is elsewhere, or in another CRS than its file says."""
    west, south, east, north = city.extent_m
    w, s, e, n = shapely.bounds(mapped.geometry).T
    within = (w >= west) & (s >= south) & (e <= east) & (n <= north)
    extent = shapely.box(west, south, east, north)
    shapely.prepare(extent)
    near = _among_live(mapped, ~within)
    mapped.refuse("outside-city", [i for i in near if not extent.intersects(mapped.geometry[i])])


def duplicate_id(mapped: Mapped, city: City) -> None:
    """An id names one feature: the first is kept, the others are refused."""
    ids = mapped.columns["feature_id"]
    suspected = np.zeros(len(mapped), dtype=bool)
    suspected[mapped.first_rows.suspected(ids)] = True
    for index in _among_live(mapped, suspected):
        row = int(mapped.rows[index])
        kept = mapped.first_rows.row_of(ids[index], row)
        if kept != row:
            mapped.refuse("duplicate-id", [index], first_row=kept)


def repeated_vertices(mapped: Mapped, city: City) -> None:
    """A line with no length has no course."""
    lines = np.isin(shapely.get_type_id(mapped.geometry), _LINES)
    lines[list(mapped.refused)] = False
    lines[lines] = ~(shapely.length(mapped.geometry[lines]) > 0)
    mapped.refuse("zero-length", _among_live(mapped, lines))


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
    bad = np.isin(shapely.get_type_id(mapped.geometry), _AREAS)
    bad[list(mapped.refused)] = False
    bad[bad] = ~shapely.is_valid(mapped.geometry[bad])
    for index in _among_live(mapped, bad):
        shape = mapped.geometry[index]
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
        column = mapped.columns.get(name)
        if column is None:
            continue
        bad = np.array(
            [value is not None and not low <= value <= high for value in column.values], dtype=bool
        )
        if not bad.any():
            continue
        rows = bad[column.index]
        for index in np.flatnonzero(rows).tolist():
            params = {"field": name, "value": column[index], "low": low, "high": high}
            code = "trunk-impossible" if name == "trunk_diameter_mm" else "out-of-range"
            mapped.issues.append(mapped.issue(Severity.WARNING, code, index, **params))
        _drop(mapped, name, rows)


def _drop(mapped: Mapped, name: str, rows: Mask) -> None:
    if name == "cover_m":
        forget_covers(mapped.columns, rows)
    elif name == "trunk_diameter_mm" and mapped.spec.trunk is not None:
        assume_trunks(mapped.columns, mapped.spec.trunk, rows)
    elif name == "horizontal_uncertainty_m" and (known := mapped.spec.quality or mapped.spec.trunk):
        mapped.columns[name].put(rows, known.horizontal_uncertainty_m)
    else:
        mapped.columns[name].put(rows, None)


def missing_nodes(mapped: Mapped, city: City) -> None:
    """A line that names only one of its ends cannot be traced."""
    if "from_node" not in mapped.columns:
        return
    one = mapped.columns["from_node"].missing() != mapped.columns["to_node"].missing()
    for index in np.flatnonzero(one).tolist():
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
    with np.errstate(over="ignore", invalid="ignore"):  # a damaged file may hold any number
        for rule in CHECKS:
            rule(mapped, city)
