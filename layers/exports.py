"""A layer as a file: GeoJSON, GeoJSON text sequence, GeoPackage, FlatGeobuf, GeoParquet or DXF.

GeoJSON is in WGS 84, as RFC 7946 wants it; all other formats are in the city's own CRS, which they name (DXF
cannot). Rows come from one statement, so a file never mixes two deliveries.
"""

from __future__ import annotations

import importlib.util
import json
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Any, Final

import numpy as np
import shapely
from pyproj import CRS
from shapely.geometry import MultiLineString, MultiPolygon
from shapely.geometry.base import BaseGeometry
from sqlalchemy import Engine

from layers.catalog import Target, geometry_types
from layers.cql2_sql import Kind
from layers.feature_sql import geojson_rows, selected
from layers.reads import streaming
from layers.references import CRS84
from layers.selection import Selection, View, fields

Rows = Sequence[tuple[Any, ...]]
Batches = Iterator[Rows]
BATCH: Final = 20_000
_RECORD_SEPARATOR = "\x1e"


class Format(StrEnum):
    """The formats on offer."""

    GEOJSON = "geojson"
    GEOJSON_SEQUENCE = "geojsonseq"
    GEOPACKAGE = "gpkg"
    FLATGEOBUF = "fgb"
    GEOPARQUET = "parquet"
    DXF = "dxf"


@dataclass(frozen=True, slots=True)
class FormatInfo:
    """A format's media type and file ending."""

    media: str
    suffix: str


FORMATS: Final[Mapping[Format, FormatInfo]] = {
    Format.GEOJSON: FormatInfo("application/geo+json", "geojson"),
    Format.GEOJSON_SEQUENCE: FormatInfo("application/geo+json-seq", "geojsons"),
    Format.GEOPACKAGE: FormatInfo("application/geopackage+sqlite3", "gpkg"),
    Format.FLATGEOBUF: FormatInfo("application/flatgeobuf", "fgb"),
    Format.GEOPARQUET: FormatInfo("application/vnd.apache.parquet", "parquet"),
    Format.DXF: FormatInfo("image/vnd.dxf", "dxf"),
}


def is_available(form: Format) -> bool:
    """Say whether this installation can write the format: GeoParquet needs pyarrow."""
    return form is not Format.GEOPARQUET or importlib.util.find_spec("pyarrow") is not None


@dataclass(frozen=True, slots=True)
class _Column:
    name: str
    kind: Kind


@dataclass(frozen=True, slots=True)
class _Layer:
    """What a writer must know; `columns` go with the rows, whose last value is the WKB."""

    name: str
    target: Target
    srid: int
    columns: tuple[_Column, ...]

    @property
    def geometry_type(self) -> str:
        """One type for all its features: the multi one where both occur."""
        return max(geometry_types(self.target), key=len)


def export(engine: Engine, selection: Selection, form: Format, path: Path) -> int:
    """Write the selected features to a new file and return how many there are."""
    if form in {Format.GEOJSON, Format.GEOJSON_SEQUENCE}:
        with streaming(engine, geojson_rows(selection, View(CRS84)), selection.bound, BATCH) as batches:
            return _write_json(batches, path, is_sequence=form is Format.GEOJSON_SEQUENCE)
    source = selection.source
    known = fields(source.target)
    columns = (_Column("id", Kind.TEXT), *(_Column(each.name, each.kind) for each in known.values()))
    layer = _Layer(source.layer_id, source.target, source.srid, columns)
    with streaming(engine, selected(selection), selection.bound, BATCH) as batches:
        return _WRITERS[form](layer, batches, path)


def _write_json(batches: Batches, path: Path, *, is_sequence: bool) -> int:
    count = 0
    with path.open("w", encoding="utf-8") as file:
        if not is_sequence:
            file.write('{"type":"FeatureCollection","features":[\n')
        for rows in batches:
            for (feature,) in rows:
                mark = _RECORD_SEPARATOR if is_sequence else ",\n" if count else ""
                file.write(f"{mark}{feature}{chr(10) if is_sequence else ''}")
                count += 1
        if not is_sequence:
            file.write("\n]}\n")
    return count


# --- GDAL's formats


def _arrays(layer: _Layer, rows: Rows) -> tuple[Any, list[Any], list[Any]]:
    """The rows as columns: WKB, values, and which values are missing."""
    values = list(zip(*rows, strict=True)) if rows else [()] * (len(layer.columns) + 1)
    wkb = np.empty(len(rows), dtype=object)
    wkb[:] = [bytes(each) for each in values[-1]]
    made, masks = [], []
    for column, cells in zip(layer.columns, values, strict=False):
        missing = np.array([cell is None for cell in cells], dtype=bool)
        made.append(_array(column.kind, cells))
        masks.append(missing if column.kind is Kind.INTEGER else None)
    return _promoted(layer, wkb), made, masks


def _promoted(layer: _Layer, wkb: Any) -> Any:
    """All of one type, as a GeoPackage's or FlatGeobuf's layer is."""
    if not layer.geometry_type.startswith("Multi") or not len(wkb):
        return wkb
    shapes = shapely.from_wkb(wkb)
    make = MultiPolygon if layer.geometry_type == "MultiPolygon" else MultiLineString
    for place in np.flatnonzero(np.isin(shapely.get_type_id(shapes), (1, 3))):
        shapes[place] = make([shapes[place]])
    return shapely.to_wkb(shapes)


def _array(kind: Kind, cells: Sequence[Any]) -> Any:
    match kind:
        case Kind.NUMBER:
            return np.array([np.nan if cell is None else cell for cell in cells], dtype=np.float64)
        case Kind.INTEGER:
            return np.array([0 if cell is None else cell for cell in cells], dtype=np.int64)
        case Kind.DATE:
            return np.array(cells, dtype="datetime64[D]")
        case _:
            made = np.empty(len(cells), dtype=object)
            made[:] = cells
            return made


def _gdal(driver: str) -> Callable[[_Layer, Batches, Path], int]:
    def write(layer: _Layer, batches: Batches, path: Path) -> int:
        import pyogrio.raw  # GDAL is loaded by the first file

        # A GeoPackage grows batch by batch; a FlatGeobuf is sorted, so it is written at once.
        parts = batches if driver == "GPKG" else iter([[row for rows in batches for row in rows]])
        count = 0
        for rows in _at_least_one(parts):
            shapes, values, masks = _arrays(layer, rows)
            pyogrio.raw.write(
                path, shapes, values, [column.name for column in layer.columns], masks,
                layer=layer.name, driver=driver, geometry_type=layer.geometry_type,
                crs=f"EPSG:{layer.srid}", encoding="UTF-8", append=count > 0,
            )  # fmt: skip
            count += len(rows)
        return count

    return write


def _at_least_one(batches: Iterable[Rows]) -> Iterator[Rows]:
    """The batches; one empty one where there is none, so that an empty layer is an empty file of right form."""
    is_empty = True
    for rows in batches:
        is_empty = False
        yield rows
    if is_empty:
        yield []


def _dxf(layer: _Layer, batches: Batches, path: Path) -> int:
    """Lines and points as entities of one DXF layer; no attributes, no CRS: the form knows neither."""
    import pyogrio.raw

    rows = [row for batch in batches for row in batch]
    shapes = (
        shapely.from_wkb(np.array([bytes(row[-1]) for row in rows], dtype=object)) if rows else np.array([])
    )
    # An area is drawn by its rings: a drawing programme shows a filled one on top of everything else.
    drawn = np.array([_outline(shape) for shape in shapes], dtype=object)
    names = np.full(len(rows), layer.name, dtype=object)
    pyogrio.raw.write(
        path, shapely.to_wkb(drawn), [names], ["Layer"], driver="DXF", geometry_type="Unknown",
        crs=f"EPSG:{layer.srid}", encoding="UTF-8",
    )  # fmt: skip
    return len(rows)


def _outline(shape: BaseGeometry) -> BaseGeometry:
    return shape.boundary if shape.geom_type in {"Polygon", "MultiPolygon"} else shape


# --- GeoParquet


def _parquet(layer: _Layer, batches: Batches, path: Path) -> int:
    import pyarrow as pa
    from pyarrow import parquet

    kinds = {Kind.NUMBER: pa.float64(), Kind.INTEGER: pa.int64(), Kind.DATE: pa.date32()}
    schema = pa.schema(
        [
            *(pa.field(column.name, kinds.get(column.kind, pa.string())) for column in layer.columns),
            pa.field("geometry", pa.binary()),
        ]
    ).with_metadata({"geo": json.dumps(_geo(layer))})
    count = 0
    with parquet.ParquetWriter(path, schema, compression="zstd") as writer:
        for rows in batches:
            values = list(zip(*rows, strict=True))
            values[-1] = tuple(bytes(each) for each in values[-1])
            arrays = [pa.array(cells, type=each.type) for cells, each in zip(values, schema, strict=True)]
            writer.write_table(pa.Table.from_arrays(arrays, schema=schema))
            count += len(rows)
    return count


def _geo(layer: _Layer) -> dict[str, Any]:
    """The `geo` metadata of GeoParquet 1.1."""
    column = {
        "encoding": "WKB",
        "geometry_types": sorted(geometry_types(layer.target)),
        "crs": CRS.from_epsg(layer.srid).to_json_dict(),
        "edges": "planar",
    }
    return {"version": "1.1.0", "primary_column": "geometry", "columns": {"geometry": column}}


_WRITERS: Final[Mapping[Format, Callable[[_Layer, Batches, Path], int]]] = {
    Format.GEOPACKAGE: _gdal("GPKG"),
    Format.FLATGEOBUF: _gdal("FlatGeobuf"),
    Format.DXF: _dxf,
    Format.GEOPARQUET: _parquet,
}
