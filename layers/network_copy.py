"""What a query gives as columns, by COPY in binary form: no text is parsed, and no Python object made per record."""

from __future__ import annotations

import io
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import numpy.typing as npt
import pyarrow as pa
from sqlalchemy import Connection

Columns = Any
"""A pyarrow table."""
WORDS: Final = pa.dictionary(pa.int32(), pa.string())
"""Text of few different words, by number."""
LINES: Final = pa.list_(pa.list_(pa.float64(), 2))
"""The type of a column of (multi)lines, which must be the last: x and y of the vertices."""


@dataclass(frozen=True, slots=True, eq=False)
class _Sent:
    """What COPY sent: its bytes, and where each field of each row lies in them."""

    blob: npt.NDArray[np.uint8]
    first: npt.NDArray[np.int64]
    length: npt.NDArray[np.int32]
    count: int

    @property
    def rows(self) -> int:
        """How many rows were sent."""
        return len(self.first) // self.count

    def column(self, field: int, kind: Any) -> Any:
        """One column as a pyarrow array."""
        from layers import copy_kernels

        where = (self.blob, self.first, self.length, field, self.count)
        if kind == WORDS:
            return self.column(field, pa.string()).dictionary_encode()
        if kind == pa.string():
            data, offsets, known, nulls = copy_kernels.texts(*where)
            buffers = [pa.py_buffer(known) if nulls else None, pa.py_buffer(offsets), pa.py_buffer(data)]
            return pa.StringArray.from_buffers(
                len(offsets) - 1, buffers[1], buffers[2], buffers[0], null_count=nulls
            )
        read = copy_kernels.int32s if kind == pa.int32() else copy_kernels.float64s
        values, null = read(*where)
        return pa.array(values, kind, mask=null if null.any() else None)


def _sent(connection: Connection, query: str, values: Mapping[str, Any], count: int) -> _Sent:
    from layers.copy_kernels import fields

    raw: Any = connection.connection.cursor()
    sink = io.BytesIO()
    with raw as cursor:
        said = cursor.mogrify(query, values).decode()
        cursor.copy_expert(f"COPY ({said}) TO STDOUT (FORMAT binary)", sink)
    blob = np.frombuffer(sink.getbuffer(), dtype=np.uint8)
    return _Sent(blob, *fields(blob, count), count)


def column(table: Columns, name: str) -> Any:
    """One column as one pyarrow array."""
    found = table.column(name).combine_chunks()
    if isinstance(found, pa.ChunkedArray):
        found = pa.concat_arrays(found.chunks) if found.num_chunks else pa.array([], found.type)
    return found


def copied(
    connection: Connection, query: str, values: Mapping[str, Any], types: Mapping[str, Any]
) -> Columns:
    """What a query gives, as a pyarrow table.

    Types: string or WORDS for text, int32 for integer, float64 for double precision; LINES for the last column, if
    it holds (multi)lines: then there is a row per part, with its `part` of `parts`.
    """
    sent = _sent(connection, query, values, len(types))
    names = list(types)
    if types[names[-1]] != LINES:
        return pa.table({name: sent.column(k, types[name]) for k, name in enumerate(names)})
    return _with_lines(sent, names, types)


def _with_lines(sent: _Sent, names: list[str], types: Mapping[str, Any]) -> Columns:
    from layers.copy_kernels import lines

    coords, vertices, owner, part, parts = lines(sent.blob, sent.first, len(names) - 1, sent.count)
    table = pa.table({name: sent.column(k, types[name]) for k, name in enumerate(names[:-1])})
    if len(owner) != sent.rows or (len(parts) and parts.max() > 1):
        table = table.take(pa.array(owner)).combine_chunks()
    xy = pa.FixedSizeListArray.from_arrays(pa.array(coords.ravel()), 2)
    for name, made in (
        (names[-1], pa.ListArray.from_arrays(pa.array(vertices, pa.int32()), xy)),
        ("part", pa.array(part)),
        ("parts", pa.array(parts)),
    ):
        table = table.append_column(name, made)
    return table


def copied_parts(connection: Connection, query: str, values: Mapping[str, Any]) -> list[bytes]:
    """The one bytea that each row of a query gives."""
    sent = _sent(connection, query, values, 1)
    return [
        sent.blob[first : first + size].tobytes()
        for first, size in zip(sent.first.tolist(), sent.length.tolist(), strict=True)
    ]
