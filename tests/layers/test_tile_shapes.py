"""Polygons that are only rounded are the ones that ST_AsMVTGeom makes, layer by layer."""

from __future__ import annotations

from itertools import product
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import shapely
from sqlalchemy import Engine, text

from layers import tiles
from layers.catalog import Target
from layers.city import City, load_city
from layers.ingest import deliver
from layers.reads import reading_engine
from layers.served import Shown
from tests.layers.conftest import Town
from tests.layers.test_tiles import _fields, _packed

# Half a unit by which ST_AsMVTGeom simplifies, and half a diagonal of a cell by which both round.
GRID_UNIT = 0.5 + 2**0.5 / 2
WITHIN = shapely.box(-tiles.BUFFER, -tiles.BUFFER, tiles.EXTENT + tiles.BUFFER, tiles.EXTENT + tiles.BUFFER)
AREAS = (Target.PARCEL, Target.BUILDING, Target.LANDUSE)


def _rings(commands: list[int]) -> list[list[tuple[int, int]]]:
    x = y = at = 0
    rings: list[list[tuple[int, int]]] = []
    while at < len(commands):
        command, count = commands[at] & 7, commands[at] >> 3
        at += 1
        if command == 1:
            rings.append([])
        for _ in range(count if command in (1, 2) else 0):
            x += (commands[at] >> 1) ^ -(commands[at] & 1)
            y += (commands[at + 1] >> 1) ^ -(commands[at + 1] & 1)
            rings[-1].append((x, y))
            at += 2
    return rings


def _area(ring: list[tuple[int, int]]) -> float:
    points = np.array([*ring, ring[0]], dtype=float)
    return float((points[:-1, 0] * points[1:, 1] - points[1:, 0] * points[:-1, 1]).sum() / 2)


def polygons(data: bytes) -> dict[int, shapely.MultiPolygon]:
    """The features of a one-layer tile by number; winding is as the format has it: outer rings positive."""
    made = {}
    for _, layer in _fields(data):
        for key, value in _fields(layer):
            if key != 2:
                continue
            parts: dict[int, Any] = dict(_fields(value))
            grouped: list[list[list[tuple[int, int]]]] = []
            for ring in _rings(_packed(parts[4])):
                area = _area(ring)
                assert area != 0, "a ring without area"
                grouped.append([ring]) if area > 0 else grouped[-1].append(ring)
            made[parts[1]] = shapely.MultiPolygon([(each[0], each[1:]) for each in grouped])
    return made


def _addresses(connection: Any, city_id: str, target: Target, z: int, most: int) -> list[tuple[int, int]]:
    """The tiles that hold most features of a kind, and one at the edge of it all."""
    size = 2 * tiles.HALF_M / 2**z
    rows = connection.execute(
        text(
            f"SELECT floor((ST_X(c) + {tiles.HALF_M}) / {size})::int AS x, "
            f"floor(({tiles.HALF_M} - ST_Y(c)) / {size})::int AS y FROM (SELECT ST_Centroid(geom_3857) AS c "
            f"FROM layers.{target} WHERE city_id = :city_id AND retired_by IS NULL) AS q "
            "GROUP BY 1, 2 ORDER BY count(*) DESC, 1, 2"
        ),
        {"city_id": city_id},
    ).all()
    return [(row.x, row.y) for row in [*rows[:most], *rows[-1:]]]


def _compared(engine: Engine, city: City, monkeypatch: pytest.MonkeyPatch, most: int) -> dict[str, int]:
    count = {"same": 0, "unit": 0, "sliver": 0, "cut": 0}
    for target, z in product(AREAS, (14, 15, 16, 17, 18)):
        layers = [spec for spec in city.layers if spec.target is target]
        with engine.connect() as connection:
            where = _addresses(connection, city.city_id, target, z, most) if layers else []
        for spec, (x, y) in product(layers, where):
            shown = [Shown(spec.layer_id, target, 0, 1)]
            tiles._open_statement.cache_clear()
            fast = polygons(tiles.open_tile(engine, city.city_id, shown, z, x, y))
            with monkeypatch.context() as patched:
                patched.setattr(tiles, "_PLAIN_ZOOMS", range(0))
                tiles._open_statement.cache_clear()
                slow = polygons(tiles.open_tile(engine, city.city_id, shown, z, x, y))
            tiles._open_statement.cache_clear()
            assert set(fast) >= set(slow), (spec.layer_id, z, x, y)
            for number, shape in fast.items():
                assert shape.is_valid, (spec.layer_id, z, number)
                if number in slow:
                    count[_seen(shape, slow[number])] += 1
                else:  # it reaches over the border by less than the grid's unit, where nobody looks
                    assert shape.intersection(WITHIN).buffer(-1).is_empty, (spec.layer_id, z, number)
                    assert not shape.intersects(shapely.box(0, 0, tiles.EXTENT, tiles.EXTENT))
    return count


def _seen(shape: shapely.MultiPolygon, clipped: shapely.MultiPolygon) -> str:
    """How the two differ; of a shape that was left to stick out, `cut`: what is drawn of it is the same."""
    if WITHIN.covers(shape):
        return _difference(shape, clipped)
    most = tiles.STICKS_OUT * tiles.EXTENT + 1
    assert WITHIN.buffer(most, join_style="mitre").covers(shape), shape.wkt
    drawn = shape.intersection(WITHIN)
    assert drawn.area > 0
    assert shapely.hausdorff_distance(drawn, clipped) <= 2 * GRID_UNIT or _difference(drawn, clipped)
    return "cut"


def _difference(one: shapely.MultiPolygon, other: shapely.MultiPolygon) -> str:
    """`same`, `unit` (apart by a grid unit at most), or `sliver`: a needle one unit wide that repairing cut off."""
    apart = shapely.hausdorff_distance(one, other)
    if apart <= GRID_UNIT:
        return "unit" if apart else "same"
    assert one.symmetric_difference(other).buffer(-1).is_empty, (apart, one.wkt, other.wkt)
    return "sliver"


def _check(engine: Engine, city: City, monkeypatch: pytest.MonkeyPatch) -> None:
    reads = reading_engine(engine.url.render_as_string(hide_password=False), pool_size=1)
    count = _compared(reads, city, monkeypatch, most=3)
    reads.dispose()
    assert count["same"] >= 0.995 * (sum(count.values()) - count["cut"]), count
    assert count["cut"] > 0


def test_rounded_polygons_are_what_the_slow_way_makes(town: Town, monkeypatch: pytest.MonkeyPatch) -> None:
    """Same features, valid, wound right, and the same shape, in every layer of areas and at every zoom.

    Two in a thousand differ, by a unit or by a needle of one unit's width.
    """
    _check(town.engine, town.city, monkeypatch)


def test_so_are_those_of_the_persian_city(
    engine: Engine, cities: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    city = load_city(cities, "nemuneh")
    for spec in city.layers:
        if spec.target in AREAS:
            deliver(engine, city, spec, cities / city.city_id / spec.source.path)
    _check(engine, city, monkeypatch)


def test_a_polygon_that_rounding_would_break_is_repaired(engine: Engine) -> None:
    """A neck narrower than the grid closes, and nothing is left of a crumb: neither is only rounded."""
    found = []
    with engine.connect() as connection:
        for shape in (
            "POLYGON((0 0, 100 0, 100 100, 0 100, 0 0))",
            "POLYGON((0 0, 40 40, 40 40.2, 40.2 40, 40.1 39.9, 80 0, 40 39.8, 0 0))",
            "POLYGON((0.01 0.01, 0.02 0.01, 0.02 0.02, 0.01 0.01))",
        ):
            statement = text("SELECT layers.plain_zooms(ST_ForcePolygonCW(ST_GeomFromText(:shape, 3857)))")
            found.append(connection.execute(statement, {"shape": shape}).scalar_one())
    assert found[0] == 0b1111
    assert not found[1] & 0b0001
    assert found[2] == 0
