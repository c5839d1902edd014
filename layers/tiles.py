"""Vector tiles straight from PostGIS: several layers in one tile, listed attributes, versioned by delivery.

Nothing is transformed at a request: PROJ builds its pipeline anew for every `ST_Transform` of a statement
(20-50 ms), so each row keeps its Web Mercator shape beside the city's own.
"""

from __future__ import annotations

# ruff: noqa: S608 - names spliced into SQL come from the catalogue, never from data
import hashlib
import math
from collections.abc import Collection, Mapping
from typing import Any

from shapely.geometry import box
from sqlalchemy import text

from geo.crs import to_wgs84
from geo.errors import PanjerehError
from layers import access
from layers.catalog import MAX_ZOOM, LayerSpec, Target
from layers.city import City
from layers.query import Reader, srid

EXTENT = 4096
BUFFER = 64
# A metre of the city's CRS and one of the sphere differ by less than this.
_GRID_SLACK = 1.01

# What the map may show of a feature; whatever else the agency delivered stays in the database.
_ATTRIBUTES: Mapping[Target, tuple[str, ...]] = {
    Target.PARCEL: ("land_use",),
    Target.BUILDING: ("use", "storeys"),
    Target.STREET: ("name", "street_class"),
    Target.LANDUSE: ("land_use",),
    Target.ADDRESS: ("street", "number"),
    Target.NETWORK_LINE: (
        "utility",
        "role",
        "class_code",
        "diameter_mm",
        "cover_m",
        "quality_level",
        "status",
    ),
    Target.NETWORK_NODE: ("utility", "kind"),
    Target.NETWORK_DEVICE: ("utility", "kind", "normal_state"),
}
_TYPES = {"diameter_mm": "Number", "cover_m": "Number", "storeys": "Number"}


class TileOutOfRange(PanjerehError):
    """There is no such tile."""

    code = "tile-out-of-range"


def attributes(target: Target) -> dict[str, str]:
    """Return the attributes of a feature in a tile, with TileJSON types; `id` is the agency's id."""
    return {"id": "String", **{name: _TYPES.get(name, "String") for name in _ATTRIBUTES[target]}}


_REGISTER = text(
    "SELECT layer_id, target, min_zoom, delivery_id FROM layers.layer "
    "WHERE city_id = :city_id AND layer_id = ANY(:layer_ids)"
)


def _closed_layer_sql(number: int, target: Target) -> str:
    """The same for a layer behind the door, which is asked for the tile's ground in the city's CRS."""
    columns = ", ".join(("t.feature_id AS id", *(f"t.{name}" for name in _ATTRIBUTES[target])))
    ground = f"ST_Transform(ST_TileEnvelope(:z, :x, :y, margin => {BUFFER / EXTENT}), CAST(:srid AS int))"
    door = access.DOOR.replace(":layer_ids", f"ARRAY[CAST(:layer{number} AS text)]")
    return (
        f"coalesce((SELECT ST_AsMVT(m, :layer{number}, {EXTENT}, 'geom', 'row_id') FROM ("
        f"SELECT t.row_id, {columns}, ST_AsMVTGeom(ST_Transform(t.geom, 3857), "
        f"ST_TileEnvelope(:z, :x, :y), {EXTENT}, {BUFFER}, true) AS geom "
        f"FROM {door.format(shape=ground, radius='0')} t) AS m WHERE m.geom IS NOT NULL), ''::bytea)"
    )


def look_zoom(city: City) -> int:
    """Return the zoom from which each tile of the city is small enough for one look at a sensitive layer."""
    _west, south, _east, north = to_wgs84(box(*city.extent_m), city.city_crs).bounds
    least = 0.0 if south < 0 < north else min(abs(south), abs(north))
    whole = 2 * math.pi * 6378137.0 * math.cos(math.radians(least)) * (1 + 2 * BUFFER / EXTENT) * _GRID_SLACK
    return max(0, math.ceil(math.log2(whole / math.sqrt(access.MAX_AREA_M2))))


def _layer_sql(number: int, target: Target) -> str:
    columns = ", ".join(("t.feature_id AS id", *(f"t.{name}" for name in _ATTRIBUTES[target])))
    envelope = "ST_TileEnvelope(:z, :x, :y)"
    return (
        f"coalesce((SELECT ST_AsMVT(m, :layer{number}, {EXTENT}, 'geom', 'row_id') FROM ("
        f"SELECT t.row_id, {columns}, "
        f"ST_AsMVTGeom(t.geom_3857, {envelope}, {EXTENT}, {BUFFER}, true) AS geom "
        f"FROM layers.{target} t WHERE t.city_id = :city_id AND t.retired_by IS NULL "
        f"AND t.layer_id = :layer{number} "
        f"AND t.geom_3857 && ST_TileEnvelope(:z, :x, :y, margin => {BUFFER / EXTENT})"
        f") AS m WHERE m.geom IS NOT NULL), ''::bytea)"
    )


def tile(reader: Reader, city_id: str, layer_ids: Collection[str], z: int, x: int, y: int) -> bytes:
    """Return one Mapbox Vector Tile with a layer for each id that the city has and shows at this zoom.

    Tiles are in Web Mercator. An empty tile is zero bytes. Raises TileOutOfRange; as the application's role also
    AccessRefused, where a sensitive layer is among them and the transaction may not look at it.
    """
    if not (0 <= z <= MAX_ZOOM and 0 <= x < 2**z and 0 <= y < 2**z):
        raise TileOutOfRange(z=z, x=x, y=y)
    values: dict[str, Any] = {"city_id": city_id, "layer_ids": list(layer_ids)}
    asked = list(layer_ids)
    rows = reader.execute(_REGISTER, values).all()
    shown = sorted((row for row in rows if z >= row.min_zoom), key=lambda row: asked.index(row.layer_id))
    if not shown:
        return b""
    closed = access.behind_the_door(reader, city_id, [row.layer_id for row in shown])
    parts = [
        (_closed_layer_sql if row.layer_id in closed else _layer_sql)(n, Target(row.target))
        for n, row in enumerate(shown)
    ]
    named = {f"layer{number}": row.layer_id for number, row in enumerate(shown)}
    place: dict[str, Any] = {"city_id": city_id, "z": z, "x": x, "y": y}
    if closed:
        place["srid"] = srid(reader, city_id)
    with access.refusals():
        return bytes(reader.execute(text("SELECT " + " || ".join(parts)), named | place).scalar_one())


def tile_version(reader: Reader, city_id: str, layer_ids: Collection[str]) -> str:
    """Return a text that changes exactly when a delivery of one of the layers is published: for an ETag."""
    rows = reader.execute(_REGISTER, {"city_id": city_id, "layer_ids": list(layer_ids)}).all()
    current = sorted((row.layer_id, row.delivery_id, row.min_zoom) for row in rows)
    return hashlib.sha256(repr((city_id, current)).encode()).hexdigest()[:20]


def _vector_layer(spec: LayerSpec) -> dict[str, Any]:
    return {
        "id": spec.layer_id,
        "description": spec.name.en,
        "minzoom": spec.min_zoom,
        "maxzoom": MAX_ZOOM,
        "fields": attributes(spec.target),
    }


def tilejson(
    city: City, layers: Collection[LayerSpec] | None = None, tiles_url: str | None = None
) -> dict[str, Any]:
    """Return the TileJSON 3.0 of the city's layers (default: all of them), bottom to top."""
    chosen = city.layers if layers is None else tuple(layers)
    west, south, east, north = to_wgs84(box(*city.extent_m), city.city_crs).bounds
    return {
        "tilejson": "3.0.0",
        "name": city.name.en,
        "scheme": "xyz",
        "tiles": [tiles_url or f"/v1/cities/{city.city_id}/tiles/{{z}}/{{x}}/{{y}}.pbf"],
        "bounds": [round(value, 6) for value in (west, south, east, north)],
        "center": [round((west + east) / 2, 6), round((south + north) / 2, 6), 14],
        "minzoom": min((spec.min_zoom for spec in chosen), default=0),
        "maxzoom": MAX_ZOOM,
        "attribution": "; ".join(sorted({spec.source.credit for spec in chosen})),
        "vector_layers": [_vector_layer(spec) for spec in chosen],
    }
