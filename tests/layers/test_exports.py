"""A layer as a file: every format is read again with another program's reader and says the same."""

from __future__ import annotations

import importlib.util
import json
from collections.abc import Iterator
from pathlib import Path

import geopandas
import pyogrio
import pytest
import shapely
from sqlalchemy import Engine, text

from layers import cql2_text
from layers.exports import FORMATS, Format, export, is_available
from layers.reads import reading_engine
from layers.references import Space
from layers.selection import Box, Selection, fields, source_of
from tests.layers.conftest import Town

TABULAR = [Format.GEOPACKAGE, Format.FLATGEOBUF, Format.GEOPARQUET]


@pytest.fixture
def reads(town: Town) -> Iterator[Engine]:
    engine = reading_engine(town.engine.url.render_as_string(hide_password=False), pool_size=2)
    yield engine
    engine.dispose()


def _needs(form: Format) -> None:
    if not is_available(form):
        pytest.skip(f"{form} needs pyarrow, which is not installed here")


def _read(path: Path, form: Format) -> geopandas.GeoDataFrame:
    return (
        geopandas.read_parquet(path)
        if form is Format.GEOPARQUET
        else geopandas.read_file(path, engine="pyogrio")
    )


def _stored(town: Town, layer_id: str) -> dict[str, tuple[bytes, dict[str, object]]]:
    spec = town.city.layer(layer_id)
    names = ", ".join(fields(spec.target))
    with town.engine.connect() as connection:
        rows = connection.execute(
            text(
                f"SELECT feature_id, ST_AsBinary(geom) AS wkb, {names} FROM layers.{spec.target} "
                "WHERE layer_id = :layer AND city_id = :city AND retired_by IS NULL"
            ),
            {"layer": layer_id, "city": town.city.city_id},
        ).mappings()
        return {
            row["feature_id"]: (bytes(row["wkb"]), {name: row[name] for name in fields(spec.target)})
            for row in rows
        }


@pytest.mark.parametrize("form", TABULAR)
@pytest.mark.parametrize("layer_id", ["parcels", "streets", "water_lines", "water_devices"])
def test_tables_hold_every_feature_value_and_coordinate(
    town: Town, reads: Engine, tmp_path: Path, form: Format, layer_id: str
) -> None:
    _needs(form)
    path = tmp_path / f"out.{FORMATS[form].suffix}"
    stored = _stored(town, layer_id)
    assert export(reads, Selection(source_of(town.city, layer_id)), form, path) == len(stored)
    frame = _read(path, form)
    assert frame.crs.to_epsg() == town.city.srid
    assert set(frame["id"]) == set(stored)
    for row in frame.sample(60, random_state=7, replace=len(frame) < 60).to_dict("records"):
        wkb, said = stored[row["id"]]
        assert shapely.equals(row["geometry"], shapely.from_wkb(wkb))
        for name, value in said.items():
            if value is None:
                assert row[name] is None or row[name] != row[name] or str(row[name]) == "NaT"
            else:
                assert row[name] == value


@pytest.mark.parametrize("form", [Format.GEOJSON, Format.GEOJSON_SEQUENCE])
def test_geojson_is_in_wgs84_and_right_handed(
    town: Town, reads: Engine, tmp_path: Path, form: Format
) -> None:
    """RFC 7946: longitude first, outer rings anticlockwise; RFC 8142: a record separator before each text."""
    path = tmp_path / f"out.{FORMATS[form].suffix}"
    count = export(reads, Selection(source_of(town.city, "parcels")), form, path)
    raw = path.read_text(encoding="utf-8")
    if form is Format.GEOJSON:
        features = json.loads(raw)["features"]
    else:
        assert raw.startswith("\x1e")
        assert raw.endswith("\n")
        features = [json.loads(each) for each in raw.split("\x1e")[1:]]
    assert len(features) == count == len(_stored(town, "parcels"))
    frame = geopandas.read_file(path, engine="pyogrio")
    west, south, east, north = frame.total_bounds
    assert -180 < west < east < 180
    assert 40 < south < north < 70
    for shape in frame.geometry:
        for part in shapely.get_parts(shape):
            assert part.exterior.is_ccw


def test_dxf_draws_every_feature(town: Town, reads: Engine, tmp_path: Path) -> None:
    for layer_id in ("buildings", "water_lines", "water_devices"):
        path = tmp_path / f"{layer_id}.dxf"
        count = export(reads, Selection(source_of(town.city, layer_id)), Format.DXF, path)
        frame = pyogrio.read_dataframe(path, layer="entities")
        assert len(frame) >= count == len(_stored(town, layer_id))
        assert set(frame["Layer"]) == {layer_id}
        west, south, east, north = town.city.extent_m
        assert west - 1e4 < frame.total_bounds[0] < frame.total_bounds[2] < east + 1e4
        assert south - 1e4 < frame.total_bounds[1] < frame.total_bounds[3] < north + 1e4


@pytest.mark.parametrize("form", list(Format))
def test_a_selection_and_an_empty_one(schutterwald: Town, tmp_path: Path, form: Format) -> None:
    _needs(form)
    engine = reading_engine(schutterwald.engine.url.render_as_string(hide_password=False), pool_size=2)
    source = source_of(schutterwald.city, "parcels")
    box = shapely.box(417000, 5367000, 417400, 5367400)
    tree = cql2_text.parse("area_m2 > 500")
    chosen = Selection(source, box=Box.of(box, Space.CITY), filter=tree)
    stored = _stored(schutterwald, "parcels")
    wanted = {
        name
        for name, (wkb, said) in stored.items()
        if shapely.intersects(shapely.from_wkb(wkb), box) and float(str(said["area_m2"])) > 500
    }
    path = tmp_path / f"out.{FORMATS[form].suffix}"
    assert export(engine, chosen, form, path) == len(wanted) > 0
    nothing = Selection(source, filter=cql2_text.parse("area_m2 < 0"))
    empty = tmp_path / f"empty.{FORMATS[form].suffix}"
    assert export(engine, nothing, form, empty) == 0
    assert empty.stat().st_size > 0 or form is Format.GEOJSON_SEQUENCE
    engine.dispose()


def test_geoparquet_says_what_it_is(schutterwald: Town, tmp_path: Path) -> None:
    if importlib.util.find_spec("pyarrow") is None:
        pytest.skip("GeoParquet needs pyarrow, which is not installed here")
    from pyarrow import parquet

    engine = reading_engine(schutterwald.engine.url.render_as_string(hide_password=False), pool_size=2)
    path = tmp_path / "out.parquet"
    export(engine, Selection(source_of(schutterwald.city, "water_lines")), Format.GEOPARQUET, path)
    engine.dispose()
    geo = json.loads(parquet.read_schema(path).metadata[b"geo"])
    assert geo["version"] == "1.1.0"
    column = geo["columns"][geo["primary_column"]]
    assert column["encoding"] == "WKB"
    assert column["crs"]["id"] == {"authority": "EPSG", "code": 25832}
