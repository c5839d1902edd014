"""GeoPackage, FlatGeobuf, GeoParquet: formats that say how much they hold."""

from __future__ import annotations

import json
import sqlite3
import struct
from pathlib import Path
from typing import Any

import numpy as np
import shapely

from tests.layers.museum.base import COUNT, cut, exhibit, frame, row, rows, written


@exhibit()
def good_geopackage(folder: Path) -> Path:
    return written(folder, "pipes.gpkg")


@exhibit(refusal="source-truncated")
def truncated_geopackage(folder: Path) -> Path:
    return cut(good_geopackage(folder))


@exhibit(refusal="source-truncated")
def geopackage_without_its_last_byte(folder: Path) -> Path:
    path = good_geopackage(folder)
    path.write_bytes(path.read_bytes()[:-1])
    return path


@exhibit(refusal="source-damaged")
def geopackage_with_a_page_of_zeros(folder: Path) -> Path:
    """GDAL reads the rows before it and says nothing."""
    path = written(folder, "pipes.gpkg", frame(rows(COUNT * 20)))
    raw = bytearray(path.read_bytes())
    with sqlite3.connect(path) as database:
        (page,) = database.execute("SELECT rootpage FROM sqlite_master WHERE name = 'pipes'").fetchone()
    (child,) = struct.unpack(">I", raw[(page - 1) * 4096 + 8 : (page - 1) * 4096 + 12])
    raw[(child - 1) * 4096 : child * 4096] = bytes(4096)
    path.write_bytes(raw)
    return path


@exhibit(refusal="source-damaged")
def geopackage_that_promises_more_rows(folder: Path) -> Path:
    path = good_geopackage(folder)
    with sqlite3.connect(path) as database:
        database.execute("UPDATE gpkg_ogr_contents SET feature_count = 50")
    return path


@exhibit(refusal="source-unreadable")
def text_called_geopackage(folder: Path) -> Path:
    path = folder / "pipes.gpkg"
    path.write_text("not a geopackage")
    return path


@exhibit(refusal="source-table-unstated", spec={"table": None})
def geopackage_of_two_tables(folder: Path) -> Path:
    path = good_geopackage(folder)
    frame().to_file(path, layer="old_pipes", engine="pyogrio", mode="a")
    return path


@exhibit(counts={"notice:curves-linearised": 1}, facts={"curves": {"CompoundCurve": 1}})
def curves(folder: Path) -> Path:
    """An arc cut into chords: no farther than the stated 5 mm from it."""
    path = good_geopackage(folder)
    arc = struct.pack("<BII", 1, 9, 1) + struct.pack("<BII", 1, 8, 3)
    arc += struct.pack("<6d", 501000, 3901000, 501050, 3901050, 501100, 3901000)
    with sqlite3.connect(path) as database:
        # The triggers ask functions that only GDAL has.
        for (name,) in database.execute("SELECT name FROM sqlite_master WHERE type = 'trigger'").fetchall():
            database.execute(f'DROP TRIGGER "{name}"')
        database.execute("UPDATE gpkg_geometry_columns SET geometry_type_name = 'GEOMETRY'")
        blob = b"GP" + struct.pack("<BBi", 0, 1, 32639) + arc
        database.execute("UPDATE pipes SET geom = ? WHERE fid = 1", (blob,))
    return path


@exhibit(
    counts={"error:wrong-geometry-type": 1},
    refused=1,
    facts={"geometry_kinds": {"LineString": 39, "Point": 1}},
)
def mixed_geometry(folder: Path) -> Path:
    return written(folder, "pipes.gpkg", frame(rows(r3={"geometry": shapely.Point(501000, 3901000)})))


@exhibit(
    facts={"heights": {"rows_3d": 1, "rows_2d": 39, "no_height": 0, "like_depths": 0, "like_heights": 1}}
)
def mixed_dimensions(folder: Path) -> Path:
    high = shapely.LineString([(501000, 3901000, 21), (501100, 3901000, 22)])
    return written(folder, "pipes.gpkg", frame(rows(r3={"geometry": high})))


def _all_at(folder: Path, z: float) -> Path:
    return written(folder, "pipes.gpkg", frame([row(n, geometry=_at(n, z)) for n in range(COUNT)]))


def _at(number: int, z: float) -> Any:
    y = 3901000.0 + 10 * number
    return shapely.LineString([(501000, y, z), (501100, y, z)])


_NO_HEIGHT = {"rows_3d": COUNT, "rows_2d": 0, "no_height": 2 * COUNT}


@exhibit(facts={"heights": {"rows_3d": COUNT, "rows_2d": 0, "no_height": 0, "zero": 2 * COUNT}})
def z_is_zero(folder: Path) -> Path:
    return _all_at(folder, 0.0)


@exhibit(facts={"heights": _NO_HEIGHT})
def z_is_not_a_number(folder: Path) -> Path:
    return _all_at(folder, float("nan"))


@exhibit(facts={"heights": _NO_HEIGHT})
def z_is_minus_9999(folder: Path) -> Path:
    return _all_at(folder, -9999.0)


@exhibit(counts={"notice:heights-like-depths": 1}, facts={"heights": {"like_depths": COUNT}})
def z_is_minus_the_depth(folder: Path) -> Path:
    return _all_at(folder, -1.2)


@exhibit(counts={"error:missing-geometry": 2}, refused=2, facts={"without_geometry": 2})
def empties(folder: Path) -> Path:
    given = rows(r3={"geometry": None}, r4={"geometry": shapely.LineString()})
    return written(folder, "pipes.gpkg", frame(given))


@exhibit(counts={"notice:duplicate-row": 5}, refused=5)
def repeated_rows(folder: Path) -> Path:
    """More than five per cent, and yet nothing is lost: the first of each stands."""
    given = rows()
    for number in range(5):
        given[20 + number] = row(number)
    return written(folder, "pipes.gpkg", frame(given))


@exhibit(counts={"error:duplicate-id": 1}, refused=1)
def repeated_ids(folder: Path) -> Path:
    return written(folder, "pipes.gpkg", frame(rows(r9={"id": "P001"})))


@exhibit(counts={"fact:duplicate-geometry": 1})
def repeated_geometry(folder: Path) -> Path:
    return written(folder, "pipes.gpkg", frame(rows(r9={"geometry": rows()[1]["geometry"]})))


@exhibit(counts={"error:bad-coordinates": 1}, refused=1)
def coordinates_that_are_no_numbers(folder: Path) -> Path:
    with np.errstate(invalid="ignore"):
        broken = shapely.LineString([(501000, float("nan")), (501100, 3901000)])
    return written(folder, "pipes.gpkg", frame(rows(r3={"geometry": broken})))


@exhibit(facts={"vertical_crs": "Bandar Abbas height"}, counts={"notice:vertical-crs-not-used": 1})
def heights_of_a_chart_datum(folder: Path) -> Path:
    """Trap 6: no geoid is at hand for Bandar Abbas heights; the place is taken, the height stays a number."""
    path = _all_at(folder, 12.0)
    from pyproj import CRS

    compound = CRS.from_user_input("EPSG:32639+5752").to_wkt("WKT1_GDAL")
    with sqlite3.connect(path) as database:
        database.execute(
            "UPDATE gpkg_spatial_ref_sys SET organization = 'NONE', organization_coordsys_id = 1, definition = ? "
            "WHERE srs_id = 32639",
            (compound,),
        )
    return path


# --- FlatGeobuf -------------------------------------------------------------------------------------------


@exhibit(spec={"table": None})
def good_flatgeobuf(folder: Path) -> Path:
    return written(folder, "pipes.fgb")


@exhibit(refusal="source-truncated", spec={"table": None})
def truncated_flatgeobuf(folder: Path) -> Path:
    return cut(good_flatgeobuf(folder), 0.8)


@exhibit(refusal="source-damaged", spec={"table": None})
def flatgeobuf_with_a_feature_too_many(folder: Path) -> Path:
    path = written(folder, "pipes.fgb", SPATIAL_INDEX="NO")
    raw = path.read_bytes()
    (header,) = struct.unpack("<I", raw[8:12])
    at = 12 + header
    (length,) = struct.unpack("<I", raw[at : at + 4])
    path.write_bytes(raw + raw[at : at + 4 + length])
    return path


# --- GeoParquet -------------------------------------------------------------------------------------------


@exhibit(spec={"table": None}, needs="pyarrow")
def good_geoparquet(folder: Path) -> Path:
    path = folder / "pipes.parquet"
    frame().to_parquet(path)
    return path


@exhibit(refusal="source-truncated", spec={"table": None}, needs="pyarrow")
def truncated_geoparquet(folder: Path) -> Path:
    return cut(good_geoparquet(folder))


@exhibit(refusal="source-crs-missing", spec={"table": None}, needs="pyarrow")
def geoparquet_of_unknown_crs(folder: Path) -> Path:
    path = folder / "pipes.parquet"
    frame(crs=None).to_parquet(path)
    return path


@exhibit(refusal="source-unreadable", spec={"table": None}, needs="pyarrow")
def parquet_without_geometry(folder: Path) -> Path:
    path = folder / "pipes.parquet"
    frame().drop(columns="geometry").to_parquet(path)
    return path


@exhibit(spec={"table": None}, needs="pyarrow", counts={"error:missing-geometry": 1}, refused=1)
def geoparquet_with_a_broken_geometry(folder: Path) -> Path:
    import pyarrow as pa
    import pyarrow.parquet as pq

    path = good_geoparquet(folder)
    table = pq.read_table(path)
    values = table.column("geometry").to_pylist()
    values[7] = values[7][:20]
    at = table.schema.get_field_index("geometry")
    pq.write_table(table.set_column(at, table.schema.field(at), pa.array(values, pa.binary())), path)
    return path


def geo_metadata(path: Path) -> dict[str, Any]:
    """The `geo` key of a GeoParquet file, for tests that look at it."""
    import pyarrow.parquet as pq

    made: dict[str, Any] = json.loads(pq.read_schema(path).metadata[b"geo"])
    return made
