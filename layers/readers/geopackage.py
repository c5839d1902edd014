"""GeoPackage: an SQLite file, so its pages, its integrity and its row counts are asked before GDAL reads."""

from __future__ import annotations

import sqlite3
import struct
from collections import Counter
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from urllib.parse import quote

from layers.readers.faults import SourceDamaged, SourceTruncated, SourceUnreadable
from layers.readers.gdal import CURVE_TOLERANCE_M, one_table, read_table
from layers.readers.source import Table
from layers.readers.streams import Stream
from layers.report import Severity

_MAGIC = b"SQLite format 3\0"
_HEADER = 100
# The full check reads every index entry too; above this size only the pages and rows are checked.
_FULL_CHECK_BYTES = 64 << 20
_CURVES = {8: "CircularString", 9: "CompoundCurve", 10: "CurvePolygon", 11: "MultiCurve", 12: "MultiSurface"}
# Byte lengths of the envelope in a GeoPackage geometry header, by its code (OGC 12-128r18, 2.1.3).
_ENVELOPES = {0: 0, 1: 32, 2: 48, 3: 48, 4: 64}


def read(path: Path, table: str | None) -> Table:
    """Return one table; raises SourceTruncated, SourceDamaged, SourceIncomplete or SourceUnreadable."""
    name, expected, curves, _ = _examined(path, table)
    made = read_table(path, name, expected=expected)
    if curves:
        made.facts["curves"] = dict(curves)
        made.facts["curve_tolerance_m"] = CURVE_TOLERANCE_M
        made.say(
            Severity.NOTICE, "curves-linearised", count=sum(curves.values()), tolerance_m=CURVE_TOLERANCE_M
        )
    return made


def stream(path: Path, table: str | None) -> Stream | None:
    """Return one table as a stream of batches, or None where it holds curves or measures: these are read whole.

    Raises as `read` does; a damage that only shows on the way is raised then.
    """
    name, expected, curves, has_measures = _examined(path, table)
    return None if curves or has_measures else Stream(path, name, expected)


def _examined(path: Path, table: str | None) -> tuple[str, int, Counter[str], bool]:
    """The table that is meant, its rows, its curves, whether it has measures; the file is whole and unhurt."""
    _check_size(path)
    with _opened(path) as database:
        _check_integrity(database, path)
    name = one_table(path, table)
    with _opened(path) as database:
        return name, _count(database, path, name), _curves(database, name), _has_measures(database, name)


def _has_measures(database: sqlite3.Connection, table: str) -> bool:
    row = database.execute("SELECT m FROM gpkg_geometry_columns WHERE table_name = ?", (table,)).fetchone()
    return row is not None and row[0] != 0


def _check_size(path: Path) -> None:
    with path.open("rb") as file:
        header = file.read(_HEADER)
    if not header.startswith(_MAGIC):
        raise SourceUnreadable(file=path.name, problem="not a GeoPackage")
    size = path.stat().st_size
    if len(header) < _HEADER:
        raise SourceTruncated(file=path.name, expected=_HEADER, found=size, unit="bytes")
    page = struct.unpack(">H", header[16:18])[0]
    pages, valid_for = struct.unpack(">I", header[28:32])[0], header[92:96]
    expected = pages * (65536 if page == 1 else page)
    # The page count is only kept by writers that also write the counter after it (SQLite format, 1.3.7).
    if valid_for == header[24:28] and size < expected:
        raise SourceTruncated(file=path.name, expected=expected, found=size, unit="bytes")


@contextmanager
def _opened(path: Path) -> Iterator[sqlite3.Connection]:
    """Open for reading only, as a file that nobody else writes: nothing is created beside it."""
    try:
        with closing(
            sqlite3.connect(f"file:{quote(str(path.resolve()))}?mode=ro&immutable=1", uri=True)
        ) as database:
            database.text_factory = lambda raw: raw.decode("utf-8", "replace")
            yield database
    except (sqlite3.Error, OverflowError) as error:
        raise SourceDamaged(file=path.name, problem=str(error)) from error


def _check_integrity(database: sqlite3.Connection, path: Path) -> None:
    check = "integrity_check" if path.stat().st_size <= _FULL_CHECK_BYTES else "quick_check"
    found = [str(row[0]) for row in database.execute(f"PRAGMA {check}(3)")]
    if found != ["ok"]:
        raise SourceDamaged(file=path.name, problem="; ".join(found))


def _quoted(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'


def _count(database: sqlite3.Connection, path: Path, table: str) -> int:
    """Return the rows that are there; what the file says about its count must not be more."""
    found = int(database.execute(f"SELECT count(*) FROM {_quoted(table)}").fetchone()[0])  # noqa: S608
    try:
        row = database.execute(
            "SELECT feature_count FROM gpkg_ogr_contents WHERE table_name = ?", (table,)
        ).fetchone()
    except sqlite3.OperationalError:  # not every writer keeps that table
        return found
    if row is not None and isinstance(row[0], int) and row[0] > found:
        raise SourceDamaged(file=path.name, problem="rows are missing", expected=row[0], found=found)
    return found


def _curves(database: sqlite3.Connection, table: str) -> Counter[str]:
    """Count the curved geometries of a table that says it may hold some."""
    row = database.execute(
        "SELECT column_name, geometry_type_name FROM gpkg_geometry_columns WHERE table_name = ?", (table,)
    ).fetchone()
    counted: Counter[str] = Counter()
    if row is None or str(row[1]).upper() in {"POINT", "LINESTRING", "POLYGON", "MULTIPOINT"}:
        return counted
    statement = f"SELECT substr({_quoted(str(row[0]))}, 1, 77) FROM {_quoted(table)}"  # noqa: S608
    for (start,) in database.execute(statement):
        if isinstance(start, bytes) and (kind := _curve(start)):
            counted[kind] += 1
    return counted


def _curve(blob: bytes) -> str | None:
    """Return the kind of curve that a GeoPackage geometry is, by the type in its WKB."""
    if len(blob) < 8 or blob[:2] != b"GP":
        return None
    at = 8 + _ENVELOPES.get(blob[3] >> 1 & 0x07, 0)
    if len(blob) < at + 5:
        return None
    (code,) = struct.unpack("<I" if blob[at] == 1 else ">I", blob[at + 1 : at + 5])
    return _CURVES.get(code % 1000)
