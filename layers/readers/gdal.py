"""GDAL, spoken to in one place: fixed options, every failure a refusal, every warning kept.

Curves become lines here: arcs are cut every degree and every two metres at most, so that no chord is farther
than 5 mm from its arc at any radius (at 115 m both limits give 4.4 mm; elsewhere one of them gives less).
"""

from __future__ import annotations

import struct
import warnings
from pathlib import Path
from typing import Any

import geopandas
import numpy as np
import pyogrio
from pyogrio.errors import DataLayerError, DataSourceError, FeatureError, FieldError, GeometryError
from pyproj.exceptions import ProjError
from shapely.errors import ShapelyError

from layers.readers.faults import SourceIncomplete, SourceTableMissing, SourceTableUnstated, SourceUnreadable
from layers.readers.source import Table

CURVE_TOLERANCE_M = 0.005
pyogrio.set_gdal_config_options(
    {
        "OGR_ARC_STEPSIZE": "1",
        "OGR_ARC_MAX_GAP": "2",
        "DXF_INLINE_BLOCKS": "FALSE",  # a block is a thing with attributes, not some more lines
        "GDAL_HTTP_MAX_RETRY": "0",
    }
)

# What a damaged file makes GDAL, numpy, shapely or pyproj raise; whatever it is, the file is not readable.
BREAKS = (
    DataSourceError,
    DataLayerError,
    FeatureError,
    FieldError,
    GeometryError,
    ShapelyError,
    ProjError,
    ValueError,
    TypeError,
    LookupError,
    ArithmeticError,
    RuntimeError,
    OSError,
    MemoryError,
    struct.error,
)
_KEPT_MESSAGES = 5


def tables(path: Path) -> list[str]:
    """Return the names of a file's tables; raises SourceUnreadable."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            return [str(name) for name in np.atleast_2d(pyogrio.list_layers(path))[:, 0]]
        except BREAKS as error:
            raise SourceUnreadable(file=path.name, problem=_said(error)) from error


def one_table(path: Path, table: str | None) -> str:
    """Return the table that is meant: the named one, or the only one."""
    there = tables(path)
    if table is None:
        if len(there) != 1:
            raise SourceTableUnstated(file=path.name, tables=there[:20], hint="name-the-table")
        return there[0]
    if table not in there:
        raise SourceTableMissing(file=path.name, table=table, tables=there[:20], hint="name-the-table")
    return table


def read_table(
    path: Path, table: str | None, *, encoding: str | None = None, expected: int | None = None, **options: Any
) -> Table:
    """Return one table as GDAL reads it; `expected` rows must come, else SourceIncomplete.

    A geometry that cannot be built is None in its row, not the end of the file.
    """
    with warnings.catch_warnings(record=True) as said:
        warnings.simplefilter("always")
        try:
            frame = pyogrio.read_dataframe(
                path, layer=table, encoding=encoding, on_invalid="ignore", **options
            )
        except BREAKS as error:
            raise SourceUnreadable(file=path.name, table=table, problem=_said(error)) from error
    if not isinstance(frame, geopandas.GeoDataFrame):
        raise SourceUnreadable(file=path.name, table=table, problem="the table has no geometry column")
    if expected is not None and len(frame) != expected:
        raise SourceIncomplete(file=path.name, table=table, expected=expected, found=len(frame))
    made = Table(frame, crs=frame.crs, name=table)
    if messages := sorted({str(warning.message) for warning in said}):
        made.facts["reader_messages"] = messages[:_KEPT_MESSAGES]
    return made


def _said(error: BaseException) -> str:
    return str(error) or type(error).__name__
