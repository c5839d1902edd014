"""Tiles, decoded by a small reader of the Mapbox Vector Tile format (2.1), written here."""

from __future__ import annotations

import math
import struct
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from shapely.geometry import LineString
from sqlalchemy import Engine, event, text

from geo.crs import CityCrs, to_wgs84
from layers import query
from layers.city import City
from layers.ingest import deliver
from layers.parcel_find import parcels_like
from layers.tiles import TileOutOfRange, attributes, tile, tile_version, tilejson
from tests.layers.conftest import Town


def _varint(data: bytes, at: int) -> tuple[int, int]:
    value = shift = 0
    while True:
        byte = data[at]
        at += 1
        value |= (byte & 0x7F) << shift
        if byte < 0x80:
            return value, at
        shift += 7


def _fields(data: bytes) -> Iterator[tuple[int, Any]]:
    at = 0
    while at < len(data):
        key, at = _varint(data, at)
        match key & 7:
            case 0:
                value, at = _varint(data, at)
                yield key >> 3, value
            case 1:
                yield key >> 3, struct.unpack("<d", data[at : at + 8])[0]
                at += 8
            case 2:
                size, at = _varint(data, at)
                yield key >> 3, data[at : at + size]
                at += size
            case 5:
                yield key >> 3, struct.unpack("<f", data[at : at + 4])[0]
                at += 4
            case wire:
                raise AssertionError(f"wire type {wire}")


def _packed(data: bytes) -> list[int]:
    at, values = 0, []
    while at < len(data):
        value, at = _varint(data, at)
        values.append(value)
    return values


def _value(data: bytes) -> Any:
    ((number, value),) = _fields(data)
    return value.decode() if number == 1 else value


def _feature(data: bytes, keys: list[str], values: list[Any]) -> dict[str, Any]:
    parts = dict(_fields(data))
    tags = _packed(parts.get(2, b""))
    properties = {keys[key]: values[value] for key, value in zip(tags[::2], tags[1::2], strict=True)}
    return {"type": parts[3], "properties": properties, "points": _points(_packed(parts[4]))}


def _points(commands: list[int]) -> list[tuple[int, int]]:
    x = y = at = 0
    points = []
    while at < len(commands):
        command, count = commands[at] & 7, commands[at] >> 3
        at += 1
        for _ in range(count if command in (1, 2) else 0):
            x += (commands[at] >> 1) ^ -(commands[at] & 1)
            y += (commands[at + 1] >> 1) ^ -(commands[at + 1] & 1)
            points.append((x, y))
            at += 2
    return points


def decoded(data: bytes) -> dict[str, list[dict[str, Any]]]:
    """The layers of a tile by name, each a list of features."""
    made = {}
    for number, layer in _fields(data):
        assert number == 3
        fields = list(_fields(layer))
        name = next(value.decode() for key, value in fields if key == 1)
        keys = [value.decode() for key, value in fields if key == 3]
        values = [_value(value) for key, value in fields if key == 4]
        made[name] = [_feature(value, keys, values) for key, value in fields if key == 2]
    return made


def tile_at(lon: float, lat: float, z: int) -> tuple[int, int, int]:
    size = 2**z
    y = (1 - math.asinh(math.tan(math.radians(lat))) / math.pi) / 2
    return z, int((lon + 180) / 360 * size), int(y * size)


def _centre(town: Town, z: int) -> tuple[int, int, int]:
    with town.engine.connect() as connection:
        record = parcels_like(connection, town.city.city_id, "", limit=700)[-1]
    point = to_wgs84(record.geom.centroid, CityCrs(town.city.crs))
    return tile_at(point.x, point.y, z)


ASKED = ["parcels", "buildings", "water_lines", "gas_lines", "water_devices"]


def test_a_tile_holds_the_layers_asked_for_and_their_listed_attributes(town: Town) -> None:
    with town.engine.connect() as connection:
        layers = decoded(tile(connection, town.city.city_id, ASKED, *_centre(town, 15)))
    assert set(layers) == set(ASKED)
    assert [layers[name][0]["type"] for name in ASKED] == [3, 3, 2, 2, 1]
    for name, features in layers.items():
        allowed = set(attributes(town.city.layer(name).target))
        assert all(set(feature["properties"]) <= allowed for feature in features), name
    main = next(f for f in layers["water_lines"] if f["properties"]["role"] == "main")["properties"]
    assert (main["utility"], main["quality_level"]) == ("water", "D")
    assert 0.5 < main["cover_m"] < 3.0


def test_every_feature_is_in_the_tiles_and_in_its_place(schutterwald: Town) -> None:
    """At zoom 13 the tiles hold every gas pipe, each start within a tile unit of its true place."""
    z = 13
    with schutterwald.engine.connect() as connection:
        every = {
            f.feature_id: f
            for f in query.near(connection, "schutterwald", ["gas_lines"], _extent(connection), 1.0)
        }
        _, west, south = _tile_of(every["GP00000"].geom)
        found: dict[str, tuple[float, float]] = {}
        for x in range(west - 2, west + 3):
            for y in range(south - 2, south + 3):
                for feature in decoded(tile(connection, "schutterwald", ["gas_lines"], z, x, y)).get(
                    "gas_lines", []
                ):
                    px, py = feature["points"][0]
                    if 0 <= px < 4096 and 0 <= py < 4096:
                        found[feature["properties"]["id"]] = (x + px / 4096, y + py / 4096)
    # A pipe shorter than half a tile unit (0.8 m at this zoom and latitude) leaves no line to draw.
    assert len(set(every) - set(found)) < 0.01 * len(every)
    errors = []
    for feature_id, (tx, ty) in found.items():
        start = to_wgs84(every[feature_id].geom, CityCrs("EPSG:25832")).coords[0]
        lat = (1 - math.asinh(math.tan(math.radians(start[1]))) / math.pi) / 2 * 2**z
        errors.append(math.hypot((start[0] + 180) / 360 * 2**z - tx, lat - ty) * 4096)
    assert sorted(errors)[int(len(errors) * 0.95)] < 1.0


def _extent(connection: Any) -> Any:
    from shapely.geometry import box

    bounds = query.bounds(connection, "schutterwald")
    assert bounds is not None
    return box(*bounds).buffer(500)


def _tile_of(shape: Any) -> tuple[int, int, int]:
    lon, lat = to_wgs84(shape, CityCrs("EPSG:25832")).coords[0]
    return tile_at(lon, lat, 13)


def test_layers_below_their_smallest_zoom_are_left_out(town: Town) -> None:
    with town.engine.connect() as connection:
        low = decoded(tile(connection, town.city.city_id, ASKED, *_centre(town, 13)))
        none = tile(connection, town.city.city_id, ASKED, *_centre(town, 9))
    assert set(low) <= {"water_lines", "gas_lines"}
    assert none == b""


def test_a_tile_elsewhere_is_empty_and_an_impossible_one_refused(schutterwald: Town) -> None:
    with schutterwald.engine.connect() as connection:
        assert decoded(tile(connection, "schutterwald", ASKED, 15, 0, 0)) == {}
        for z, x, y in ((15, 2**15, 0), (15, -1, 0), (15, 0, 2**15), (23, 0, 0), (-1, 0, 0)):
            with pytest.raises(TileOutOfRange):
                tile(connection, "schutterwald", ASKED, z, x, y)


def test_nothing_is_transformed_at_a_request(schutterwald: Town) -> None:
    """ST_Transform builds a pipeline per statement, its text form per feature: seconds for one tile."""
    statements: list[str] = []
    listener = lambda _c, _cur, statement, *_r: statements.append(statement)  # noqa: E731
    event.listen(schutterwald.engine, "before_cursor_execute", listener)
    with schutterwald.engine.connect() as connection:
        tile(connection, "schutterwald", ["parcels"], *_centre(schutterwald, 15))
        made = connection.execute(
            text(
                "SELECT generation_expression FROM information_schema.columns WHERE table_schema = 'layers' "
                "AND table_name = 'parcel' AND column_name = 'geom_3857'"
            )
        ).scalar_one()
    event.remove(schutterwald.engine, "before_cursor_execute", listener)
    assert not any("st_transform" in statement.lower() for statement in statements)
    assert "st_transform(geom, 3857)" in made


def test_the_version_changes_exactly_with_a_delivery(
    engine: Engine, toy: City, write: Callable[..., Path]
) -> None:
    def row(material: str) -> dict[str, Any]:
        shape = LineString([(501000, 3901000), (501100, 3901000)])
        return {
            "id": "1",
            "kind": "M",
            "dn": 1,
            "depth": 9,
            "mat": material,
            "a": "x",
            "b": "y",
            "geometry": shape,
        }

    def versions() -> tuple[str, str]:
        with engine.connect() as connection:
            return tile_version(connection, "toytown", ["pipes"]), tile_version(
                connection, "toytown", ["parcels"]
            )

    deliver(engine, toy, toy.layer("pipes"), write([row("PE")]))
    first = versions()
    deliver(engine, toy, toy.layer("pipes"), write([row("PE")]))
    assert versions() == first
    deliver(engine, toy, toy.layer("pipes"), write([row("PVC")]))
    assert versions()[0] != first[0]
    assert versions()[1] == first[1]


def test_tilejson_describes_what_tiles_hold(town: Town) -> None:
    described = tilejson(town.city)
    assert described["tilejson"] == "3.0.0"
    assert [layer["id"] for layer in described["vector_layers"]] == [
        spec.layer_id for spec in town.city.layers
    ]
    west, south, east, north = described["bounds"]
    assert west < described["center"][0] < east
    assert south < described["center"][1] < north
    assert "OpenStreetMap" in described["attribution"]
