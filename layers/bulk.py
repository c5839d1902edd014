"""A delivered table into PostGIS as fast as it can be read: Arrow batches -> binary COPY, in flat memory.

GDAL hands over columns (the Arrow C stream interface); no row becomes a Python object. Each batch is packed
into PostgreSQL's binary COPY format by one small compiled loop and sent on; geometry goes as plain WKB, which
takes the SRID of its column. Indexes are made after the rows, in one pass each.
"""

from __future__ import annotations

import ctypes
from collections.abc import Generator, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np
import numpy.typing as npt
import pyogrio
import pyogrio.raw
from psycopg2 import sql

from geo.errors import PanjerehError
from layers.ahead import ahead
from layers.packing import EPOCH_DAYS, HEADER, TRAILER, Field, packed

BATCH_ROWS: Final = 20_000
# What an index is sorted in.
SORT_MEMORY: Final = "256MB"
GEOMETRY: Final = "geom"
_DAY_US: Final = 86_400_000_000


class ColumnTypeUnknown(PanjerehError):
    """A column of the delivered table has a type that is not loaded in bulk."""

    code = "column-type-unknown"


# --- the Arrow C data interface (arrow.apache.org/docs/format/CDataInterface.html)


class _Schema(ctypes.Structure):
    pass


class _Array(ctypes.Structure):
    pass


class _Stream(ctypes.Structure):
    pass


_Pointer = ctypes.POINTER
_Schema._fields_ = [
    ("format", ctypes.c_char_p),
    ("name", ctypes.c_char_p),
    ("metadata", ctypes.c_void_p),
    ("flags", ctypes.c_int64),
    ("n_children", ctypes.c_int64),
    ("children", _Pointer(_Pointer(_Schema))),
    ("dictionary", _Pointer(_Schema)),
    ("release", ctypes.CFUNCTYPE(None, _Pointer(_Schema))),
    ("private_data", ctypes.c_void_p),
]
_Array._fields_ = [
    ("length", ctypes.c_int64),
    ("null_count", ctypes.c_int64),
    ("offset", ctypes.c_int64),
    ("n_buffers", ctypes.c_int64),
    ("n_children", ctypes.c_int64),
    ("buffers", _Pointer(ctypes.c_void_p)),
    ("children", _Pointer(_Pointer(_Array))),
    ("dictionary", _Pointer(_Array)),
    ("release", ctypes.CFUNCTYPE(None, _Pointer(_Array))),
    ("private_data", ctypes.c_void_p),
]
_Stream._fields_ = [
    ("get_schema", ctypes.CFUNCTYPE(ctypes.c_int, _Pointer(_Stream), _Pointer(_Schema))),
    ("get_next", ctypes.CFUNCTYPE(ctypes.c_int, _Pointer(_Stream), _Pointer(_Array))),
    ("get_last_error", ctypes.CFUNCTYPE(ctypes.c_char_p, _Pointer(_Stream))),
    ("release", ctypes.CFUNCTYPE(None, _Pointer(_Stream))),
    ("private_data", ctypes.c_void_p),
]
_capsule_pointer = ctypes.pythonapi.PyCapsule_GetPointer
_capsule_pointer.restype = ctypes.c_void_p
_capsule_pointer.argtypes = [ctypes.py_object, ctypes.c_char_p]


@dataclass(frozen=True, slots=True)
class Column:
    """A column's name, its Arrow format, and the PostgreSQL type it becomes."""

    name: str
    format: str
    sql_type: str


_TYPES: Final = {
    "b": "boolean", "c": "smallint", "s": "smallint", "i": "integer", "l": "bigint", "f": "real",
    "g": "double precision", "u": "text", "U": "text", "z": "bytea", "Z": "bytea", "tdD": "date",
    "tsm:": "timestamp", "tsu:": "timestamp",
}  # fmt: skip
_NUMBERS: Final = {"c": "i1", "s": "i2", "i": "i4", "l": "i8", "f": "f4", "g": "f8"}


def _view(address: int | None, dtype: str, count: int) -> npt.NDArray[Any]:
    if not address or count == 0:
        return np.zeros(0, dtype=dtype)
    size = np.dtype(dtype).itemsize * count
    seen = memoryview((ctypes.c_char * size).from_address(address))
    made: npt.NDArray[Any] = np.frombuffer(seen, dtype=np.dtype(dtype))
    return made


def _bits(address: int, first: int, count: int) -> npt.NDArray[np.bool_]:
    packed = _view(address, "u1", (first + count + 7) // 8)
    return np.unpackbits(packed, bitorder="little")[first : first + count].astype(bool)


def _field(column: Column, array: Any, rows: int, first: int) -> Field:
    """One Arrow array as wire bytes; `first` is where the batch begins in it."""
    buffers = [array.buffers[n] for n in range(array.n_buffers)]
    offset = array.offset + first
    present = _bits(buffers[0], offset, rows) if buffers[0] and array.null_count else None
    if column.format in "uUzZ":
        wide = "i8" if column.format in "UZ" else "i4"
        ends = _view(buffers[1], wide, offset + rows + 1)[offset:].astype(np.int64)
        source = _view(buffers[2], "u1", int(ends[-1]))
        starts, lengths = ends[:-1], np.diff(ends).astype(np.int32)
    else:
        wire = _wire(column.format, buffers[1], offset, rows)
        source, size = wire.view(np.uint8), wire.dtype.itemsize
        starts = np.arange(rows, dtype=np.int64) * size
        lengths = np.full(rows, size, dtype=np.int32)
    if present is not None:
        lengths = np.where(present, lengths, np.int32(-1)).astype(np.int32)
    return Field(np.ascontiguousarray(source), np.ascontiguousarray(starts), lengths)


def _wire(kind: str, address: int, offset: int, rows: int) -> npt.NDArray[Any]:
    """A fixed-width array in network byte order, dates counted from PostgreSQL's own beginning."""
    if kind == "b":
        return _bits(address, offset, rows).astype(np.uint8)
    if kind == "tdD":
        return (_view(address, "i4", offset + rows)[offset:] - EPOCH_DAYS).astype(">i4")
    if kind.startswith("ts"):
        unit = 1000 if kind == "tsm:" else 1
        return (_view(address, "i8", offset + rows)[offset:] * unit - EPOCH_DAYS * _DAY_US).astype(">i8")
    values = _view(address, _NUMBERS[kind], offset + rows)[offset:]
    return values.astype(">i2" if kind == "c" else values.dtype.newbyteorder(">"))


class Table:
    """One table of a file as a stream of batches; read it once."""

    def __init__(self, stream: _Stream, geometry_name: str, has_z: bool) -> None:
        self._stream = stream
        self.has_z = has_z
        schema = _Schema()
        self._ask(stream.get_schema(ctypes.byref(stream), ctypes.byref(schema)))
        self.columns = [
            self._column(schema.children[n].contents, geometry_name) for n in range(schema.n_children)
        ]
        schema.release(ctypes.byref(schema))

    @staticmethod
    def _column(schema: Any, geometry_name: str) -> Column:
        name, kind = schema.name.decode(), schema.format.decode()
        known = "tsm:" if kind.startswith("tsm:") else "tsu:" if kind.startswith("tsu:") else kind
        if known not in _TYPES:
            raise ColumnTypeUnknown(column=name, found=kind, known=sorted(_TYPES))
        if name == geometry_name:
            return Column(GEOMETRY, known, "geometry")
        return Column(name, known, _TYPES[known])

    def _ask(self, code: int) -> None:
        if code:
            said = self._stream.get_last_error(ctypes.byref(self._stream)) or b""
            raise OSError(code, said.decode(errors="replace"))

    def batches(self) -> Iterator[list[Field]]:
        """Give the batches; the fields of one are valid until the next is asked for."""
        while True:
            array = _Array()
            self._ask(self._stream.get_next(ctypes.byref(self._stream), ctypes.byref(array)))
            if not array.release:  # the end of the stream
                return
            try:
                yield [
                    _field(column, array.children[n].contents, array.length, array.offset)
                    for n, column in enumerate(self.columns)
                ]
            finally:
                array.release(ctypes.byref(array))


@contextmanager
def opened(path: Path, table: str | None = None) -> Iterator[Table]:
    """Give a table of a file as a stream; raises pyogrio's DataSourceError where there is none."""
    with pyogrio.raw.open_arrow(
        path, layer=table, batch_size=BATCH_ROWS, use_pyarrow=False, return_fids=False
    ) as (meta, capsule):
        holder = capsule.__arrow_c_stream__() if hasattr(capsule, "__arrow_c_stream__") else capsule
        stream = _Stream.from_address(_capsule_pointer(holder, b"arrow_array_stream"))
        has_z = " Z" in (meta["geometry_type"] or "")
        yield Table(stream, meta["geometry_name"] or "wkb_geometry", has_z)


def _packed(table: Table) -> Generator[tuple[int, memoryview], None, None]:
    """The batches as COPY takes them, with the rows of each."""
    for fields in table.batches():
        yield len(fields[0].lengths), packed(fields)[0].data


class _Feed:
    """What psycopg2 reads from: the header, the batches as they come, the trailer."""

    def __init__(self, batches: Iterator[tuple[int, memoryview]]) -> None:
        self._parts = self._framed(batches)
        self._rest = memoryview(b"")
        self.rows = 0

    def _framed(self, batches: Iterator[tuple[int, memoryview]]) -> Iterator[bytes | memoryview]:
        yield HEADER
        for rows, part in batches:
            self.rows += rows
            yield part
        yield TRAILER

    def read(self, size: int = -1) -> bytes:
        """Return up to `size` bytes; none at the end."""
        while not self._rest:
            part = next(self._parts, None)
            if part is None:
                return b""
            self._rest = memoryview(part)
        taken, self._rest = self._rest[:size], self._rest[size:]
        return bytes(taken)


def load(
    connection: Any,
    path: Path,
    table: str | None,
    into: tuple[str, str],
    srid: int,
    *,
    key: str | None = None,
) -> int:
    """Create the table `into` (schema, name) from a table of a file, index it, and return its rows.

    `connection` is psycopg2's; everything happens in its open transaction. Geometries are taken to be in the
    CRS `srid` and stored as they are: whoever publishes them checks them. `key` becomes the primary key; a text is
    then ordered by its bytes, which is the order of its letters' numbers and sorts in half the time. Statistics are
    left to autovacuum or the caller's ANALYZE. Raises ColumnTypeUnknown for a column that is neither number, text,
    bytes, date nor time.
    """
    name = sql.Identifier(*into)
    with opened(path, table) as source, connection.cursor() as cursor:
        shape = f"geometry(Geometry{'Z' if source.has_z else ''}, {int(srid)})"
        columns = [
            sql.SQL("{} {}").format(sql.Identifier(column.name), sql.SQL(_sql_type(column, shape, key)))
            for column in source.columns
        ]
        cursor.execute(sql.SQL("CREATE TABLE {} ({})").format(name, sql.SQL(", ").join(columns)))
        cursor.execute(f"SET LOCAL maintenance_work_mem = '{SORT_MEMORY}'")
        # The file is read by one processor while the database's own takes in the batch before.
        with ahead(_packed(source)) as batches:
            feed = _Feed(batches)
            # Larger pieces than the default of 8 KiB: each one is a call into Python.
            cursor.copy_expert(sql.SQL("COPY {} FROM STDIN (FORMAT binary)").format(name), feed, 1 << 20)
        cursor.execute(sql.SQL("CREATE INDEX ON {} USING gist ({})").format(name, sql.Identifier(GEOMETRY)))
        if key is not None:
            cursor.execute(sql.SQL("ALTER TABLE {} ADD PRIMARY KEY ({})").format(name, sql.Identifier(key)))
    return feed.rows


def _sql_type(column: Column, shape: str, key: str | None) -> str:
    if column.name == GEOMETRY:
        return shape
    is_text_key = column.name == key and column.sql_type == "text"
    return 'text COLLATE "C"' if is_text_key else column.sql_type
