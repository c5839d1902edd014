"""Vector tiles straight from PostGIS: several layers in one tile, listed attributes, versioned by delivery.

Nothing is transformed at a request: PROJ builds its pipeline anew for every `ST_Transform` of a statement
(20-50 ms), so each row keeps its Web Mercator shape beside the city's own. Polygons that rounding to the tile's
grid leaves valid (`plain_zooms`, known since they were written) and that lie in the tile, or stick out of one side of
it by no more than a quarter of its width, are only rounded: whoever draws a tile cuts off what is not in it.
ST_AsMVTGeom, which repairs and clips, is for the others and for lines.
"""

from __future__ import annotations

# ruff: noqa: S608 - names spliced into SQL come from the catalogue, never from data
import hashlib
import math
import re
from collections.abc import Collection, Sequence
from functools import lru_cache
from typing import Any, Final

from shapely.geometry import box
from sqlalchemy import Engine, text

from geo.crs import to_wgs84
from geo.errors import PanjerehError
from layers import access
from layers.catalog import LayerSpec, Target
from layers.city import City
from layers.drawing import MAX_ZOOM, TILE_ATTRIBUTES
from layers.query import srid
from layers.reads import Reader, Statement, fetch
from layers.served import Shown

EXTENT = 4096
BUFFER = 64
# Half the width of the Web Mercator square, in its metres.
HALF_M: Final = 20037508.342789244
# A metre of the city's CRS and one of the sphere differ by less than this.
_GRID_SLACK = 1.01
# The zoom of each bit of `plain_zooms`.
_PLAIN_ZOOMS: Final = range(14, 18)
_AREAS: Final = frozenset({Target.PARCEL, Target.BUILDING, Target.LANDUSE})
_TYPES = dict.fromkeys(
    ("diameter_mm", "cover_m", "storeys", "trunk_diameter_mm", "crown_diameter_m"), "Number"
)


class TileOutOfRange(PanjerehError):
    """There is no such tile."""

    code = "tile-out-of-range"


def attributes(target: Target, z: int = MAX_ZOOM) -> dict[str, str]:
    """Return the attributes of a feature in a tile of this zoom, with TileJSON types; `id` is the agency's id."""
    return {name: _TYPES.get(name, "String") for name, zoom in TILE_ATTRIBUTES[target].items() if z >= zoom}


_REGISTER = text(
    "SELECT layer_id, target, min_zoom, delivery_id FROM layers.layer "
    "WHERE city_id = :city_id AND layer_id = ANY(:layer_ids)"
)


def _columns(target: Target, z: int) -> str:
    names = attributes(target, z)
    return ", ".join(["t.row_id", *("t.feature_id AS id" if name == "id" else f"t.{name}" for name in names)])


def _closed_layer_sql(number: int, target: Target, z: int) -> str:
    """The same for a layer behind the door, which is asked for the tile's ground in the city's CRS."""
    ground = f"ST_Transform(ST_TileEnvelope(:z, :x, :y, margin => {BUFFER / EXTENT}), CAST(:srid AS int))"
    door = access.DOOR.replace(":layer_ids", f"ARRAY[CAST(:layer{number} AS text)]")
    return (
        f"coalesce((SELECT ST_AsMVT(m, :layer{number}, {EXTENT}, 'geom', 'row_id') FROM ("
        f"SELECT {_columns(target, z)}, ST_AsMVTGeom(ST_Transform(t.geom, 3857), "
        f"ST_TileEnvelope(:z, :x, :y), {EXTENT}, {BUFFER}, true) AS geom "
        f"FROM {door.format(shape=ground, radius='0')} t) AS m WHERE m.geom IS NOT NULL), ''::bytea)"
    )


# As sub-selects they are made once per statement, not once per row.
_ENVELOPE = "(SELECT ST_TileEnvelope(CAST(:z AS int), CAST(:x AS int), CAST(:y AS int)))"
_BOX = (
    "ST_MakeEnvelope(CAST(:west AS float8), CAST(:south AS float8), CAST(:east AS float8), "
    "CAST(:north AS float8), 3857)"
)
_SURROUNDINGS = f"(SELECT {_BOX})"
# The index knows boxes in single precision, half a metre here; what is a metre inside by them is inside.
_WELL_INSIDE = f"(SELECT ST_Expand({_BOX}, -1))"
# How far (parts of a tile) a whole polygon may stick out. Whose box keeps between two opposite sides and reaches in
# over a third is in the tile with some of it: it is of one piece. Of one that comes in over a corner this is not known.
STICKS_OUT = 0.25
_OVER_A_SIDE = tuple(
    f"(SELECT ST_Expand({_BOX}, {dx}, {dy}))"
    for dx, dy in (("-1", "CAST(:reach AS float8)"), ("CAST(:reach AS float8)", "-1"))
)
_ROUNDED = (
    "ST_SnapToGrid(ST_TransScale(t.geom_3857, CAST(:to_x AS float8), CAST(:to_y AS float8), "
    "CAST(:scale AS float8), -CAST(:scale AS float8)), 1)"
)
_REPAIRED = f"ST_AsMVTGeom(t.geom_3857, {_ENVELOPE}, {EXTENT}, {BUFFER}, true)"


def _shape_sql(target: Target, z: int) -> str:
    if target not in _AREAS or z not in _PLAIN_ZOOMS:
        return _REPAIRED
    sticks_out = " OR ".join(f"t.geom_3857 @ {strip}" for strip in _OVER_A_SIDE)
    is_plain = (
        f"(t.plain_zooms & {1 << _PLAIN_ZOOMS.index(z)}) <> 0 AND (t.geom_3857 @ {_WELL_INSIDE} "
        f"OR ({sticks_out}) AND GeometryType(t.geom_3857) = 'POLYGON')"
    )
    return f"CASE WHEN {is_plain} THEN {_ROUNDED} ELSE {_REPAIRED} END"


def _layer_sql(number: int, target: Target, z: int) -> str:
    return (
        f"coalesce((SELECT ST_AsMVT(m, CAST(:layer{number} AS text), {EXTENT}, 'geom', 'row_id') FROM ("
        f"SELECT {_columns(target, z)}, {_shape_sql(target, z)} AS geom "
        f"FROM layers.{target} t WHERE t.city_id = :city_id AND t.retired_by IS NULL "
        # What is of no size in the tile has no shape there, and ST_AsMVT leaves it out.
        f"AND t.layer_id = :layer{number} AND t.geom_3857 && {_SURROUNDINGS}) AS m), ''::bytea)"
    )


def _place(z: int, x: int, y: int) -> dict[str, Any]:
    """Where a tile lies: its address, its surroundings in Web Mercator, and the way from there to its grid."""
    size = 2 * HALF_M / 2**z
    margin = size * BUFFER / EXTENT
    west, north = -HALF_M + x * size, HALF_M - y * size
    return {
        "z": z, "x": x, "y": y, "reach": size * STICKS_OUT, "to_x": -west, "to_y": -north, "scale": EXTENT / size,
        "west": west - margin, "south": north - size - margin, "east": west + size + margin, "north": north + margin,
    }  # fmt: skip


def look_zoom(city: City) -> int:
    """Return the zoom from which each tile of the city is small enough for one look at a sensitive layer."""
    _west, south, _east, north = to_wgs84(box(*city.extent_m), city.city_crs).bounds
    least = 0.0 if south < 0 < north else min(abs(south), abs(north))
    whole = 2 * math.pi * 6378137.0 * math.cos(math.radians(least)) * (1 + 2 * BUFFER / EXTENT) * _GRID_SLACK
    return max(0, math.ceil(math.log2(whole / math.sqrt(access.MAX_AREA_M2))))


def _check_address(z: int, x: int, y: int) -> None:
    if not (0 <= z <= MAX_ZOOM and 0 <= x < 2**z and 0 <= y < 2**z):
        raise TileOutOfRange(z=z, x=x, y=y)


def tile(reader: Reader, city_id: str, layer_ids: Collection[str], z: int, x: int, y: int) -> bytes:
    """Return one Mapbox Vector Tile with a layer for each id that the city has and shows at this zoom.

    Tiles are in Web Mercator. An empty tile is zero bytes. Raises TileOutOfRange; as the application's role also
    AccessRefused, where a sensitive layer is among them and the transaction may not look at it.
    """
    _check_address(z, x, y)
    values: dict[str, Any] = {"city_id": city_id, "layer_ids": list(layer_ids)}
    asked = list(layer_ids)
    rows = reader.execute(_REGISTER, values).all()
    shown = sorted((row for row in rows if z >= row.min_zoom), key=lambda row: asked.index(row.layer_id))
    if not shown:
        return b""
    closed = access.behind_the_door(reader, city_id, [row.layer_id for row in shown])
    parts = [
        (_closed_layer_sql if row.layer_id in closed else _layer_sql)(n, Target(row.target), z)
        for n, row in enumerate(shown)
    ]
    named = {f"layer{number}": row.layer_id for number, row in enumerate(shown)}
    place: dict[str, Any] = {"city_id": city_id, **_place(z, x, y)}
    if closed:
        place["srid"] = srid(reader, city_id)
    with access.refusals():
        return bytes(reader.execute(text("SELECT " + " || ".join(parts)), named | place).scalar_one())


_NAMED: Final = re.compile(r"(?<!:):(\w+)")


@lru_cache(maxsize=256)
def _open_statement(city_id: str, targets: tuple[Target, ...], z: int) -> Statement:
    """Return the statement of a tile with layers of these kinds; the city is a constant, for its partitions."""
    sql = "SELECT " + " || ".join(_layer_sql(number, target, z) for number, target in enumerate(targets))
    sql = sql.replace(":city_id", f"'{city_id}'")
    names = dict.fromkeys(_NAMED.findall(sql))
    return Statement(_NAMED.sub(r"%(\1)s", sql), names)


def open_tile(engine: Engine, city_id: str, shown: Sequence[Shown], z: int, x: int, y: int) -> bytes:
    """Return the tile of layers that are not sensitive, in this order, by one prepared statement.

    `engine` is a reading one (`layers.reads.reading_engine`); `shown` are the layers as its register has them. A
    layer that is sensitive after all is empty to the application's role. Raises TileOutOfRange.
    """
    _check_address(z, x, y)
    if not shown:
        return b""
    statement = _open_statement(city_id, tuple(each.target for each in shown), z)
    named = {f"layer{number}": each.layer_id for number, each in enumerate(shown)}
    return bytes(fetch(engine, statement, named | _place(z, x, y), prepared=True)[0])


def shown_version(city_id: str, shown: Collection[Shown]) -> str:
    """Return a text that changes exactly when one of these layers does: for an ETag."""
    current = sorted((each.layer_id, each.version, each.min_zoom) for each in shown)
    return hashlib.sha256(repr((city_id, current)).encode()).hexdigest()[:20]


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
