"""GeoParquet: Parquet with a `geo` key that says where the geometry is and in which system.

No system stated means longitude and latitude by the standard; `null` says "unknown", so that it is asked.
"""

from __future__ import annotations

import importlib
import json
from pathlib import Path
from typing import Any

import geopandas
import numpy as np
import pandas as pd
import shapely
from pyproj import CRS
from pyproj.exceptions import CRSError

from geo.crs import WGS84
from layers.readers.faults import (
    ReaderNotInstalled,
    SourceCrsMissing,
    SourceDamaged,
    SourceTruncated,
    SourceUnreadable,
)
from layers.readers.gdal import BREAKS
from layers.readers.source import Table

_MAGIC = b"PAR1"
_NATIVE = {"point", "linestring", "polygon", "multipoint", "multilinestring", "multipolygon"}


def read(path: Path) -> Table:
    """Return the table; raises SourceTruncated, SourceDamaged, SourceCrsMissing or ReaderNotInstalled."""
    _check_ends(path)
    try:
        parquet = importlib.import_module("pyarrow.parquet")
    except ImportError as error:
        raise ReaderNotInstalled(file=path.name, needs="pyarrow") from error
    try:
        with parquet.ParquetFile(path, page_checksum_verification=True) as file:
            metadata = dict(file.schema_arrow.metadata or {})
            expected = file.metadata.num_rows
            frame = file.read().to_pandas()
    except BREAKS as error:  # pyarrow's own errors are ValueError, OSError, KeyError and the like
        raise SourceDamaged(file=path.name, problem=str(error)[:200]) from error
    geo = _geo(metadata.get(b"geo"), path)
    column, said = _geometry_column(geo, frame, path)
    table = Table(_frame(frame, column, said, path))
    table.crs, table.usual_crs = _crs(said, path)
    if len(frame) != expected:
        raise SourceDamaged(file=path.name, problem="rows are missing", expected=expected, found=len(frame))
    return table


def _check_ends(path: Path) -> None:
    size = path.stat().st_size
    with path.open("rb") as file:
        start = file.read(4)
        file.seek(max(size - 4, 0))
        end = file.read(4)
    if start != _MAGIC:
        raise SourceUnreadable(file=path.name, problem="not a Parquet file")
    if end != _MAGIC or size < 12:
        raise SourceTruncated(file=path.name, found=size, unit="bytes")


def _geo(raw: bytes | None, path: Path) -> dict[str, Any]:
    if raw is None:
        raise SourceUnreadable(file=path.name, problem="Parquet without the geo key: not GeoParquet")
    try:
        made = json.loads(raw)
    except ValueError as error:
        raise SourceDamaged(file=path.name, problem=f"geo: {error}") from error
    if not isinstance(made, dict):
        raise SourceDamaged(file=path.name, problem="geo: not an object")
    return made


def _geometry_column(geo: dict[str, Any], frame: pd.DataFrame, path: Path) -> tuple[str, dict[str, Any]]:
    name, columns = geo.get("primary_column"), geo.get("columns")
    said = columns.get(name) if isinstance(columns, dict) else None
    if not isinstance(name, str) or name not in frame.columns or not isinstance(said, dict):
        raise SourceDamaged(file=path.name, problem="geo: no such primary column", found=str(name))
    return name, said


def _frame(frame: pd.DataFrame, column: str, said: dict[str, Any], path: Path) -> geopandas.GeoDataFrame:
    encoding = str(said.get("encoding"))
    if encoding != "WKB":
        hint = "write-wkb" if encoding.lower() in _NATIVE else None
        raise SourceUnreadable(file=path.name, problem=f"geometry encoding {encoding}", hint=hint)
    raw = [value if isinstance(value, bytes) else None for value in frame[column]]
    shapes = shapely.from_wkb(np.array(raw, dtype=object), on_invalid="ignore")
    made = frame.drop(columns=column)
    made[column] = geopandas.GeoSeries(shapes, index=made.index)
    return geopandas.GeoDataFrame(made, geometry=column)


def _crs(said: dict[str, Any], path: Path) -> tuple[Any, str | None]:
    if "crs" not in said:
        return None, WGS84
    if said["crs"] is None:
        return None, None
    try:
        return CRS.from_json_dict(said["crs"]), None
    except (CRSError, TypeError, ValueError, AttributeError) as error:
        raise SourceCrsMissing(file=path.name, found=str(error)[:120], hint="write-epsg-code") from error
