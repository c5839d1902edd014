"""Rows as PostgreSQL's binary COPY takes them: every value its length and its bytes, packed by one compiled loop."""

from __future__ import annotations

import struct
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any, Final

import numba
import numpy as np
import numpy.typing as npt
import shapely

from layers.columns import Column

HEADER: Final = b"PGCOPY\n\xff\r\n\x00" + b"\x00" * 8
TRAILER: Final = b"\xff\xff"
# Days from 1970-01-01 to 2000-01-01, PostgreSQL's own beginning.
EPOCH_DAYS: Final = 10957
_FIRST_DAY: Final = date(2000, 1, 1).toordinal()

Bytes = npt.NDArray[np.uint8]
Whole = npt.NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Field:
    """One column of one batch as bytes on the wire: where each value begins in `source`, how long (-1: NULL)."""

    source: Bytes
    starts: Whole
    lengths: npt.NDArray[np.int32]


_WIRE: Final[dict[str, Callable[[Any], bytes]]] = {
    "float": struct.Struct(">d").pack,
    "integer": struct.Struct(">i").pack,
    "date": lambda value: struct.pack(">i", value.toordinal() - _FIRST_DAY),
}
# What stands before each value: of jsonb, the version of the format.
_MARKS: Final = {"text": "", "jsonb": "\x01"}


def field_of(column: Column, sql_type: str) -> Field:
    """Return a column as bytes on the wire; each distinct value is written down once."""
    values = column.values
    nothing = [at for at, value in enumerate(values) if value is None] if None in values else []
    if sql_type in _MARKS:
        source, lengths = _texts(values, _MARKS[sql_type])
    else:
        wire = _WIRE[sql_type]
        made = [b"" if value is None else wire(value) for value in values]
        source, lengths = b"".join(made), np.fromiter(map(len, made), dtype=np.int64, count=len(made))
    starts = np.cumsum(lengths) - lengths
    lengths[nothing] = -1
    return Field(
        np.frombuffer(source, np.uint8), starts[column.index], lengths[column.index].astype(np.int32)
    )


def _texts(values: Sequence[Any], mark: str) -> tuple[bytes, Whole]:
    """Texts as UTF-8, one behind the other, each behind the mark; and their lengths in bytes."""
    texts = ["" if value is None else mark + str(value) for value in values]
    whole = "".join(texts)
    if whole.isascii():
        return whole.encode("ascii"), np.fromiter(map(len, texts), dtype=np.int64, count=len(texts))
    made = [text.encode("utf-8", "replace") for text in texts]
    return b"".join(made), np.fromiter(map(len, made), dtype=np.int64, count=len(made))


def field_of_numbers(numbers: npt.NDArray[np.integer[Any]]) -> Field:
    """Return whole numbers as `integer` on the wire."""
    size = len(numbers)
    source = numbers.astype(">i4").view(np.uint8)
    return Field(source, np.arange(size, dtype=np.int64) * 4, np.full(size, 4, dtype=np.int32))


def field_of_shapes(shapes: npt.NDArray[np.object_], *, with_srid: bool = False) -> Field:
    """Return shapes as WKB on the wire; they take the SRID of their column, where it has one."""
    made = shapely.to_wkb(shapes, byte_order=1, include_srid=with_srid).tolist()
    lengths = np.fromiter(map(len, made), dtype=np.int64, count=len(made))
    source = np.frombuffer(b"".join(made), dtype=np.uint8)
    return Field(source, np.cumsum(lengths) - lengths, lengths.astype(np.int32))


@numba.njit(cache=True, nogil=True)
def _put(out: Bytes, at: Whole, source: Bytes, starts: Whole, lengths: npt.NDArray[np.int32]) -> None:
    """Write each row's value of one column behind its length, and move the row's cursor on."""
    for row in range(at.size):
        position, length = at[row], lengths[row]
        out[position] = (length >> 24) & 255
        out[position + 1] = (length >> 16) & 255
        out[position + 2] = (length >> 8) & 255
        out[position + 3] = length & 255
        position += 4
        begin = starts[row]
        for n in range(length):
            out[position + n] = source[begin + n]
        at[row] = position + max(length, 0)


def packed(fields: Sequence[Field]) -> tuple[Bytes, Whole]:
    """Return the rows of a batch in PostgreSQL's binary COPY format, without header and trailer, and their ends."""
    rows = len(fields[0].lengths)
    sizes = np.full(rows, 2 + 4 * len(fields), dtype=np.int64)
    for field in fields:
        sizes += np.maximum(field.lengths, 0)
    ends = np.cumsum(sizes)
    out = np.empty(int(ends[-1]) if rows else 0, dtype=np.uint8)
    at = ends - sizes
    out[at] = len(fields) >> 8
    out[at + 1] = len(fields) & 255
    at += 2
    for field in fields:
        _put(out, at, field.source, field.starts, field.lengths)
    return out, ends
