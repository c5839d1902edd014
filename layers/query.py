"""Reads of the stored layers: at a point, near a shape, about a parcel. Returns values, never rows.

Every statement names the city as a literal, so that only its partitions are touched, and asks for live rows,
so that the partial GiST index answers. Shapes go in and come out in the city's CRS (metres); distances are
horizontal. Each layer is read by one statement, so no answer mixes two deliveries of it.
"""

from __future__ import annotations

# ruff: noqa: S608 - names spliced into SQL come from the catalogue, never from data
from collections.abc import Collection, Iterable, Mapping
from datetime import UTC, date, datetime
from functools import lru_cache
from typing import Any, Final
from weakref import WeakKeyDictionary

import shapely
from shapely.geometry.base import BaseGeometry
from sqlalchemy import Engine, RowMapping, TextClause, text
from sqlalchemy.orm import Session

from geo.errors import PanjerehError
from layers import access
from layers.catalog import Target
from layers.city import City
from layers.reads import Reader, Statement, compiled, connection_of, execute_prepared
from layers.records import (
    AdjoiningStreet,
    BuildingOnParcel,
    Dossier,
    Freshness,
    LayerFreshness,
    NearFeature,
    NetworkNearby,
    ParcelRecord,
)

DOSSIER_RADIUS_M = 10.0
# Parcels reach the kerb, streets are axes: half a wide street and its pavement.
ADJOINING_M = 15.0
# Two outlines that share an edge overlap by slivers; a building on a parcel covers more than that.
SLIVER_M2 = 1.0


class CityNotStored(PanjerehError):
    """No layer of this city was ever imported."""

    code = "city-not-stored"


class ParcelNotStored(PanjerehError):
    """The city's live layers hold no parcel of this id."""

    code = "parcel-not-stored"


_BURIED = """t.utility, {kind} AS kind, {line}, t.cover_m, t.cover_source, t.horizontal_uncertainty_m,
    t.vertical_uncertainty_m, t.quality_level, t.status, t.surveyed_on"""
_LINE = "t.class_code, t.pressure_bar, t.voltage_kv, t.diameter_mm, t.material"
_NO_LINE = (
    "NULL::text AS class_code, NULL::float8 AS pressure_bar, NULL::float8 AS voltage_kv, "
    "NULL::float8 AS diameter_mm, NULL::text AS material"
)
_GROUND = (
    "NULL::text AS utility, {kind} AS kind, "
    + _NO_LINE
    + ", NULL::float8 AS cover_m, NULL::text AS cover_source, "
    "NULL::float8 AS horizontal_uncertainty_m, NULL::float8 AS vertical_uncertainty_m, "
    "NULL::text AS quality_level, NULL::text AS status, NULL::date AS surveyed_on"
)
# A trunk's diameter is the tree's, as an outer diameter is a pipe's.
TREE: Final = (
    _GROUND.format(kind="t.species")
    .replace("NULL::float8 AS diameter_mm", "t.trunk_diameter_mm AS diameter_mm")
    .replace("NULL::float8 AS horizontal", "t.horizontal_uncertainty_m AS horizontal")
)
COLUMNS: Final[Mapping[Target, str]] = {
    Target.PARCEL: _GROUND.format(kind="t.land_use") + ", NULL::int AS installed_year",
    Target.BUILDING: _GROUND.format(kind="t.use") + ", NULL::int AS installed_year",
    Target.STREET: _GROUND.format(kind="t.street_class") + ", NULL::int AS installed_year",
    Target.LANDUSE: _GROUND.format(kind="t.land_use") + ", NULL::int AS installed_year",
    Target.ADDRESS: _GROUND.format(kind="NULL::text") + ", NULL::int AS installed_year",
    Target.TREE: TREE + ", NULL::int AS installed_year",
    Target.NETWORK_LINE: _BURIED.format(kind="t.role", line=_LINE) + ", t.installed_year",
    Target.NETWORK_NODE: _BURIED.format(kind="t.kind", line=_NO_LINE) + ", NULL::int AS installed_year",
    Target.NETWORK_DEVICE: _BURIED.format(kind="t.kind", line=_NO_LINE) + ", NULL::int AS installed_year",
}
# A constant of the statement, so that the planner knows its box.
_SHAPE = "ST_GeomFromWKB(:shape, :srid)"
_LIVE = "t.city_id = :city_id AND t.retired_by IS NULL"
# Said besides ST_DWithin, which implies it: under row-level security only a leakproof operator may use an index.
_AROUND = f"t.geom && ST_Expand({_SHAPE}, CAST(:radius_m AS float8))"


def _branch(target: Target, condition: str, distance: str = f"ST_Distance(t.geom, {_SHAPE})") -> str:
    return (
        f"SELECT '{target}' AS target, t.layer_id, t.feature_id, t.owner_agency, {distance} AS distance_m, "
        f"{COLUMNS[target]}, t.published_by AS delivery_id, ST_AsBinary(t.geom) AS geom "
        f"FROM layers.{target} t WHERE {_LIVE} AND {condition}"
    )


def near_statement(targets: Iterable[Target]) -> TextClause:
    """Return the one statement that finds what lies within a radius of a shape, over all these tables."""
    condition = f"t.layer_id = ANY(:layer_ids) AND {_AROUND} AND ST_DWithin(t.geom, {_SHAPE}, :radius_m)"
    branches = " UNION ALL ".join(_branch(target, condition) for target in sorted(set(targets)))
    return text(f"{branches} ORDER BY distance_m, layer_id, feature_id")


@lru_cache(maxsize=64)
def _near_statement(targets: tuple[Target, ...]) -> Statement:
    return compiled(near_statement(targets))


_NEAR_FIELDS: Final = (
    "target", "layer_id", "feature_id", "owner_agency", "distance_m", "utility", "kind", "class_code", "pressure_bar",
    "voltage_kv", "diameter_mm", "material", "cover_m", "cover_source", "horizontal_uncertainty_m",
    "vertical_uncertainty_m", "quality_level", "status", "surveyed_on", "installed_year", "delivery_id", "geom",
)  # fmt: skip
"""The columns of `near_statement`, in order."""


def _near_feature(row: tuple[Any, ...]) -> NearFeature:
    values = dict(zip(_NEAR_FIELDS, row, strict=True))
    return NearFeature(**{**values, "geom": shapely.from_wkb(bytes(row[-1]))})


_THROUGH_THE_DOOR = text(
    "SELECT target, layer_id, feature_id, owner_agency, distance_m, utility, kind, class_code, pressure_bar, "
    "voltage_kv, diameter_mm, material, cover_m, cover_source, horizontal_uncertainty_m, "
    "vertical_uncertainty_m, quality_level, status, surveyed_on, installed_year, delivery_id, "
    f"ST_AsBinary(geom) AS geom FROM {access.DOOR.format(shape=_SHAPE, radius=':radius_m')}"
)

# What never changes once written: a city's SRID, a layer's table. Kept per engine, because tests use many
# databases.
_srids: WeakKeyDictionary[Engine, dict[str, int]] = WeakKeyDictionary()
_targets: WeakKeyDictionary[Engine, dict[tuple[str, str], Target]] = WeakKeyDictionary()


def _engine(reader: Reader) -> Engine:
    bind = reader.get_bind() if isinstance(reader, Session) else reader
    return bind.engine


def srid(reader: Reader, city_id: str) -> int:
    """Return the number of the CRS of all the city's geometries; raises CityNotStored."""
    known = _srids.setdefault(_engine(reader), {})
    if city_id not in known:
        found = reader.execute(
            text("SELECT srid FROM layers.city WHERE city_id = :city_id"), {"city_id": city_id}
        ).scalar_one_or_none()
        if found is None:
            raise CityNotStored(city=city_id)
        known[city_id] = int(found)
    return known[city_id]


def targets(reader: Reader, city_id: str, layer_ids: Collection[str]) -> dict[str, Target]:
    """Return the table of each of the layers that the city has; ids it does not have are left out."""
    known = _targets.setdefault(_engine(reader), {})
    if any((city_id, layer_id) not in known for layer_id in layer_ids):
        rows = reader.execute(
            text("SELECT layer_id, target FROM layers.layer WHERE city_id = :city_id"), {"city_id": city_id}
        )
        known.update({(city_id, row.layer_id): Target(row.target) for row in rows})
    return {layer_id: known[city_id, layer_id] for layer_id in layer_ids if (city_id, layer_id) in known}


def _shape_values(reader: Reader, city_id: str, shape_m: BaseGeometry) -> dict[str, Any]:
    wkb = shapely.to_wkb(shapely.force_2d(shape_m))
    return {"city_id": city_id, "srid": srid(reader, city_id), "shape": wkb}


def _feature(row: RowMapping) -> NearFeature:
    return NearFeature(**{**row, "geom": shapely.from_wkb(bytes(row["geom"]))})


def near(
    reader: Reader, city_id: str, layer_ids: Collection[str], shape_m: BaseGeometry, radius_m: float
) -> list[NearFeature]:
    """Return the live features of the layers within `radius_m` of a shape in the city's CRS, nearest first.

    One indexed statement over all tables concerned; as the application's role, sensitive layers are asked for
    through the door and clipped to the radius (`layers.access`), and AccessRefused is raised where it stays
    shut: they are never left out silently. Layers without a delivery contribute nothing: ask `freshness` before
    reading an empty answer as "nothing there".
    """
    tables = targets(reader, city_id, layer_ids)
    if not tables:
        return []
    values = _shape_values(reader, city_id, shape_m) | {"radius_m": radius_m}
    closed = access.behind_the_door(reader, city_id, tables)
    found: list[NearFeature] = []
    if closed:
        with access.refusals():
            rows = reader.execute(_THROUGH_THE_DOOR, values | {"layer_ids": sorted(closed)}).mappings()
        found = [_feature(row) for row in rows]
    opened = {layer_id: table for layer_id, table in tables.items() if layer_id not in closed}
    if opened:
        connection = connection_of(reader)
        statement = _near_statement(tuple(sorted(set(opened.values()))))
        # The same plan for every shape: planning costs more than looking.
        made = execute_prepared(
            connection, statement, values | {"layer_ids": sorted(opened)}, is_generic=True
        )
        found += [_near_feature(row) for row in made]
    return sorted(found, key=_by_distance) if closed else found


def _by_distance(feature: NearFeature) -> tuple[float, str, str]:
    return feature.distance_m, feature.layer_id, feature.feature_id


def nearest(reader: Reader, city_id: str, layer_id: str, shape_m: BaseGeometry) -> tuple[str, float] | None:
    """Return the id and distance (m) of the layer's nearest feature; None for an empty layer."""
    table = targets(reader, city_id, [layer_id]).get(layer_id)
    if table is None:
        return None
    statement = text(
        f"SELECT t.feature_id, ST_Distance(t.geom, {_SHAPE}) AS distance_m FROM layers.{table} t "
        f"WHERE {_LIVE} AND t.layer_id = :layer_id ORDER BY t.geom <-> {_SHAPE} LIMIT 1"
    )
    values = _shape_values(reader, city_id, shape_m) | {"layer_id": layer_id}
    row = reader.execute(statement, values).one_or_none()
    return (row.feature_id, float(row.distance_m)) if row is not None else None


def features(reader: Reader, city_id: str, layer_id: str, feature_ids: Collection[str]) -> list[NearFeature]:
    """Return live features by id, with distance 0; ids that are not live are left out."""
    table = targets(reader, city_id, [layer_id]).get(layer_id)
    if table is None or not feature_ids:
        return []
    condition = "t.layer_id = :layer_id AND t.feature_id = ANY(:feature_ids) ORDER BY t.feature_id"
    statement = text(_branch(table, condition, distance="0.0::float8"))
    values = {"city_id": city_id, "layer_id": layer_id, "feature_ids": list(feature_ids)}
    return [_feature(row) for row in reader.execute(statement, values).mappings()]


_PARCEL = f"""SELECT t.feature_id AS parcel_id, t.layer_id, t.owner_agency, t.area_m2, t.land_use,
    t.renovation_code, t.origin, ST_AsBinary(t.geom) AS geom FROM layers.parcel t WHERE {_LIVE}"""
_PARCEL_BY_ID = text(_PARCEL + " AND t.feature_id = :parcel_id ORDER BY t.layer_id LIMIT 1")
_PARCEL_AT = text(
    _PARCEL
    + f" AND t.geom && {_SHAPE} AND ST_Intersects(t.geom, {_SHAPE}) ORDER BY ST_Area(t.geom), t.feature_id LIMIT 1"
)


def _parcel(row: RowMapping) -> ParcelRecord:
    return ParcelRecord(**{**row, "geom": shapely.from_wkb(bytes(row["geom"]))})


def parcel(reader: Reader, city_id: str, parcel_id: str) -> ParcelRecord | None:
    """Return the live parcel of this id, or None."""
    row = reader.execute(_PARCEL_BY_ID, {"city_id": city_id, "parcel_id": parcel_id}).mappings().one_or_none()
    return _parcel(row) if row is not None else None


def parcel_at(reader: Reader, city_id: str, point_m: BaseGeometry) -> ParcelRecord | None:
    """Return the parcel at a point in the city's CRS (the smallest of several), or None."""
    row = reader.execute(_PARCEL_AT, _shape_values(reader, city_id, point_m)).mappings().one_or_none()
    return _parcel(row) if row is not None else None


def bounds(reader: Reader, city_id: str) -> tuple[float, float, float, float] | None:
    """Return west, south, east, north of the live parcels in the city's CRS (m), or None."""
    row = reader.execute(
        text(
            "SELECT ST_XMin(e), ST_YMin(e), ST_XMax(e), ST_YMax(e) FROM "
            f"(SELECT ST_Extent(t.geom) AS e FROM layers.parcel t WHERE {_LIVE}) AS extent"
        ),
        {"city_id": city_id},
    ).one()
    return (float(row[0]), float(row[1]), float(row[2]), float(row[3])) if row[0] is not None else None


_REGISTER = text(
    "SELECT l.layer_id, l.target, l.owner_agency, l.utility, l.freshness_days, d.as_of, d.delivery_id "
    "FROM layers.layer l LEFT JOIN layers.delivery d ON d.delivery_id = l.delivery_id "
    "WHERE l.city_id = :city_id ORDER BY l.layer_id"
)


def judged(as_of: date | None, limit_days: int, today: date) -> tuple[Freshness, int | None]:
    """Return whether a layer of this day may still be relied on today, and its age in days."""
    if as_of is None:
        return Freshness.MISSING, None
    age = (today - as_of).days
    return (Freshness.STALE if age > limit_days else Freshness.FRESH), age


def _fresh(row: RowMapping, today: date) -> LayerFreshness:
    state, age = judged(row["as_of"], row["freshness_days"], today)
    return LayerFreshness(
        layer_id=row["layer_id"],
        target=row["target"],
        owner_agency=row["owner_agency"],
        utility=row["utility"],
        state=state,
        as_of=row["as_of"],
        age_days=age,
        limit_days=row["freshness_days"],
        delivery_id=row["delivery_id"] if row["as_of"] is not None else None,
    )


def freshness(reader: Reader, city: City, today: date) -> list[LayerFreshness]:
    """Return how fresh every layer of the city's configuration is on the day `today`, bottom to top.

    A layer that was never delivered, or whose only delivery was taken back, is `missing`; one older than its
    limit is `stale`. Either way it answers "no information".
    """
    stored = {row["layer_id"]: row for row in reader.execute(_REGISTER, {"city_id": city.city_id}).mappings()}
    made = []
    for spec in city.layers:
        row = stored.get(spec.layer_id)
        as_of = row["as_of"] if row else None
        state, age = judged(as_of, spec.freshness_days, today)
        made.append(
            LayerFreshness(
                layer_id=spec.layer_id,
                target=str(spec.target),
                owner_agency=spec.owner,
                utility=spec.utility and str(spec.utility),
                state=state,
                as_of=as_of,
                age_days=age,
                limit_days=spec.freshness_days,
                delivery_id=row["delivery_id"] if row and as_of else None,
            )
        )
    return made


_BUILDINGS = text(
    "SELECT t.feature_id AS building_id, t.use, t.storeys, t.area_m2, "
    f"ST_Area(ST_Intersection(t.geom, {_SHAPE})) AS overlap_m2 FROM layers.building t "
    f"WHERE {_LIVE} AND t.geom && {_SHAPE} AND ST_Intersects(t.geom, {_SHAPE}) ORDER BY overlap_m2 DESC, t.feature_id"
)
_STREETS = text(
    "SELECT t.feature_id AS street_id, t.name, t.street_class, t.width_m, "
    f"ST_Distance(t.geom, {_SHAPE}) AS distance_m FROM layers.street t "
    f"WHERE {_LIVE} AND {_AROUND} AND ST_DWithin(t.geom, {_SHAPE}, :radius_m) ORDER BY distance_m, t.feature_id"
)


def _network(entry: LayerFreshness, found: list[NearFeature]) -> NetworkNearby:
    ours = [feature for feature in found if feature.layer_id == entry.layer_id]
    # A service that reaches the parcel itself is one that supplies it, or crosses it.
    services = sorted(f.feature_id for f in ours if f.kind == "service" and f.distance_m == 0.0)
    return NetworkNearby(
        layer_id=entry.layer_id,
        utility=entry.utility or "",
        owner_agency=entry.owner_agency,
        within_radius=len(ours),
        nearest_id=ours[0].feature_id if ours else None,
        nearest_m=ours[0].distance_m if ours else None,
        service_ids=tuple(services),
    )


def dossier(
    reader: Reader,
    city_id: str,
    parcel_id: str,
    *,
    today: date | None = None,
    radius_m: float = DOSSIER_RADIUS_M,
) -> Dossier:
    """Return what all layers say about a parcel, with networks within `radius_m`.

    `today` (default: now, in UTC) decides freshness. Raises ParcelNotStored.
    """
    found = parcel(reader, city_id, parcel_id)
    if found is None:
        raise ParcelNotStored(city=city_id, parcel=parcel_id)
    shape = _shape_values(reader, city_id, found.geom)
    day = today or datetime.now(UTC).date()
    rows = reader.execute(_REGISTER, {"city_id": city_id}).mappings().all()
    register = tuple(_fresh(row, day) for row in rows)
    lines = [entry for entry in register if entry.target == Target.NETWORK_LINE]
    nearby = near(reader, city_id, [entry.layer_id for entry in lines], found.geom, radius_m)
    buildings = reader.execute(_BUILDINGS, shape).mappings()
    streets = reader.execute(_STREETS, shape | {"radius_m": ADJOINING_M}).mappings()
    return Dossier(
        parcel=found,
        buildings=tuple(BuildingOnParcel(**row) for row in buildings if row["overlap_m2"] > SLIVER_M2),
        streets=tuple(AdjoiningStreet(**row) for row in streets),
        networks=tuple(_network(entry, nearby) for entry in lines),
        freshness=register,
        radius_m=radius_m,
    )
