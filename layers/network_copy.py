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
LINES: Final = "lines"
"""Stands for the type of a column of lines in the query of `copied_lines`."""


@dataclass(frozen=True, slots=True, eq=False)
class _Sent:
    """What COPY sent: its bytes, and where each field of each row lies in them."""

    blob: npt.NDArray[np.uint8]
    first: npt.NDArray[np.int64]
    length: npt.NDArray[np.int32]
    count: int

    def column(self, field: int, kind: Any) -> Any:
        """One column as a pyarrow array."""
        from layers import copy_kernels

        where = (self.blob, self.first, self.length, field, self.count)
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


def copied(
    connection: Connection, query: str, values: Mapping[str, Any], types: Mapping[str, Any]
) -> Columns:
    """What a query gives, as a pyarrow table.

    Types: string for text, int32 for integer, float64 for double precision.
    """
    sent = _sent(connection, query, values, len(types))
    return pa.table({name: sent.column(k, kind) for k, (name, kind) in enumerate(types.items())})


def copied_lines(
    connection: Connection, query: str, values: Mapping[str, Any], types: Mapping[str, Any]
) -> tuple[Columns, npt.NDArray[np.float64], npt.NDArray[np.int64]]:
    """As `copied`, where the query's last column holds (multi)lines: a row per part, with its `part` of `parts`.

    Besides, the x and y of all vertices, and where each part's begin among them.
    """
    from layers.copy_kernels import lines

    sent = _sent(connection, query, values, len(types) + 1)
    coords, vertices, owner, part, parts = lines(sent.blob, sent.first, len(types), sent.count)
    table = pa.table({name: sent.column(k, kind) for k, (name, kind) in enumerate(types.items())})
    if len(owner) != table.num_rows or (len(parts) and parts.max() > 1):
        table = table.take(pa.array(owner))
    made = table.append_column("part", pa.array(part)).append_column("parts", pa.array(parts))
    return made.combine_chunks(), coords, vertices
