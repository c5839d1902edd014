"""Files of several formats; a reference system is stated or refused, never guessed."""

from __future__ import annotations

import json
import zipfile
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import geopandas
import pytest
from shapely.geometry import LineString, Point
from sqlalchemy import Engine, text

from geo.crs import CityCrs, to_wgs84
from layers.city import City
from layers.delivery_errors import ColumnMissing
from layers.ingest import deliver
from layers.readers.faults import SourceTableMissing
from layers.reading import SourceCrsContradiction, SourceCrsMissing, SourceUnreadable, read

Write = Callable[..., Path]
PIPE = LineString([(501000, 3901000), (501100, 3901050)])
ROW = {"id": "P1", "kind": "M", "dn": 10.0, "depth": 120.0, "mat": "PE", "a": "x", "b": "y", "geometry": PIPE}


@pytest.mark.parametrize("name", ["pipes.gpkg", "pipes.shp", "pipes.geojson"])
def test_each_format_is_read_with_its_crs(write: Write, name: str) -> None:
    source = read(write([ROW], name=name, crs="EPSG:32639"), "pipes" if name.endswith("gpkg") else None)
    assert source.crs == "EPSG:32639"
    assert source.frame.geometry.iloc[0].equals_exact(PIPE, 1e-3)


def test_a_zipped_file_is_read_where_it_lies(write: Write, tmp_path: Path) -> None:
    gpkg, shape = write([ROW]), write([ROW], name="pipes.shp")
    for name, members in (
        ("pipes.gpkg.zip", [gpkg]),
        ("pipes.shp.zip", sorted(shape.parent.glob("pipes.[sdp]*"))),
    ):
        path = tmp_path / name
        with zipfile.ZipFile(path, "w") as archive:
            for member in members:
                if member.suffix != ".gpkg" or name == "pipes.gpkg.zip":
                    archive.write(member, member.name)
        assert len(read(path, "pipes").frame) == 1


def test_persian_text_of_a_shapefile_in_cp1256_is_read(write: Write) -> None:
    path = write([ROW | {"mat": "چدن"}], name="pipes.shp")
    frame = geopandas.GeoDataFrame([ROW | {"mat": "چدن"}], geometry="geometry", crs="EPSG:32639")
    frame.to_file(path, engine="pyogrio", encoding="cp1256")
    path.with_suffix(".cpg").unlink(missing_ok=True)
    assert read(path, encoding="cp1256").frame["mat"].iloc[0] == "چدن"


def test_a_file_without_crs_is_refused(write: Write) -> None:
    path = write([ROW], name="pipes.shp", crs=None)
    with pytest.raises(SourceCrsMissing):
        read(path)
    assert (
        read(path, crs="EPSG:32639").crs == "EPSG:32639"
    )  # said in the configuration: a statement, not a guess


def test_a_file_that_contradicts_its_crs_is_refused(write: Write) -> None:
    metres_as_degrees = write([ROW], name="pipes.geojson", crs=None)
    with pytest.raises(SourceCrsContradiction):
        read(metres_as_degrees)
    degrees_as_metres = write([ROW | {"geometry": LineString([(51, 35), (51.1, 35)])}])
    with pytest.raises(SourceCrsContradiction):
        read(degrees_as_metres, "pipes")
    with pytest.raises(SourceCrsContradiction):
        read(write([ROW]), "pipes", crs="EPSG:32638")


def test_what_is_no_gis_file_is_refused(tmp_path: Path, write: Write) -> None:
    text_file = tmp_path / "notes.gpkg"
    text_file.write_text("not a geopackage")
    broken = tmp_path / "broken.gpkg.zip"
    broken.write_bytes(b"PK\x03\x04 nothing")
    for path, table in (
        (text_file, None),
        (broken, None),
        (tmp_path / "absent.gpkg", None),
        (write([ROW]), "pipe"),
    ):
        with pytest.raises(SourceUnreadable):
            read(path, table)


def test_a_table_of_another_name_is_refused_with_those_that_are_there(write: Write) -> None:
    with pytest.raises(SourceTableMissing) as refusal:
        read(write([ROW]), "pipe")
    assert (refusal.value.params["table"], refusal.value.params["tables"]) == ("pipe", ["pipes"])


def test_a_table_with_other_columns_is_refused_by_name(engine: Engine, toy: City, write: Write) -> None:
    row = {key: value for key, value in ROW.items() if key != "depth"}
    with pytest.raises(ColumnMissing) as refusal:
        deliver(engine, toy, toy.layer("pipes"), write([row]))
    assert refusal.value.params["columns"] == ["depth"]


def test_degrees_come_into_the_citys_crs_by_a_named_operation(
    engine: Engine, toy: City, write: Write
) -> None:
    """A delivery in WGS 84 lands where it was drawn, and says by which operation it came."""
    degrees = to_wgs84(PIPE, CityCrs("EPSG:32639"))
    spec = replace(toy.layer("pipes"), table=None)
    report = deliver(
        engine, toy, spec, write([ROW | {"geometry": degrees}], name="pipes.geojson", crs="EPSG:4326")
    )
    assert (report.source_crs, report.source_operation) == ("EPSG:4326", "conversion")
    with engine.connect() as connection:
        x, y = connection.execute(
            text("SELECT ST_X(ST_StartPoint(geom)), ST_Y(ST_StartPoint(geom)) FROM layers.network_line")
        ).one()
    assert (x, y) == pytest.approx((501000, 3901000), abs=0.02)  # GeoJSON keeps 7 decimals: 1 cm


def test_rows_without_geometry_do_not_stop_a_transformation(engine: Engine, toy: City, write: Write) -> None:
    shape = {"type": "LineString", "coordinates": [[51.01, 35.25], [51.02, 35.26]]}
    features: list[dict[str, Any]] = []
    for number in range(40):
        properties = {key: value for key, value in ROW.items() if key != "geometry"} | {"id": f"P{number}"}
        features.append({"type": "Feature", "properties": properties, "geometry": shape if number else None})
    path = toy.folder / "pipes.geojson"
    path.write_text(json.dumps({"type": "FeatureCollection", "features": features}))
    report = deliver(engine, toy, replace(toy.layer("pipes"), table=None), path)
    assert (report.read, report.good, report.refused) == (40, 39, 1)
    assert report.counts["error:missing-geometry"] == 1
    assert report.counts["fact:duplicate-geometry"] == 38


def test_heights_are_dropped_because_cover_is_what_is_stored(engine: Engine, toy: City, write: Write) -> None:
    high = LineString([(501000, 3901000, 1200.0), (501100, 3901050, 1201.0)])
    deliver(engine, toy, toy.layer("pipes"), write([ROW | {"geometry": high}]))
    with engine.connect() as connection:
        assert connection.execute(text("SELECT ST_NDims(geom) FROM layers.network_line")).scalar_one() == 2


def test_a_point_table_is_no_pipe_layer(engine: Engine, toy: City, write: Write) -> None:
    report = deliver(engine, toy, toy.layer("pipes"), write([ROW | {"geometry": Point(501000, 3901000)}]))
    assert report.counts == {"error:wrong-geometry-type": 1, "error:too-many-refused": 1}
