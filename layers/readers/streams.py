"""A table that is larger than memory: GDAL's Arrow batches, a few thousand rows at a time, as often as asked.

It is gone through twice. The first time only shapes and the few columns that decide something about the whole are
read; the second time the rows become features, each knowing what it must of the others.
"""

from __future__ import annotations

import warnings
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import geopandas
import numba
import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyogrio
import pyogrio.raw
import shapely

from layers.columns import Column
from layers.readers import BATCH_ROWS
from layers.readers.faults import SourceIncomplete, SourceUnreadable
from layers.readers.gdal import BREAKS
from layers.readers.records import Repetitions, Seen, height_column, heights
from layers.readers.source import Batch, Source, Table, sample, step
from layers.spilling import Repeated

_HEAD: Final = 100
_KEPT_MESSAGES: Final = 5


class Stream:
    """One table of a file of `count` rows; `head` are the first of them, for whoever must ask a person."""

    def __init__(self, path: Path, table: str, count: int) -> None:
        self.path = path
        self.table = table
        self.count = count
        self.messages: set[str] = set()
        self.head = self._head()
        self.geometry = self.head.frame.geometry.name
        self.names = tuple(str(name) for name in self.head.frame.columns if name != self.geometry)

    def _head(self) -> Table:
        with warnings.catch_warnings(record=True) as said:
            warnings.simplefilter("always")
            try:
                frame = pyogrio.read_dataframe(
                    self.path, layer=self.table, max_features=_HEAD, on_invalid="ignore"
                )
            except BREAKS as error:
                raise self._unreadable(error) from error
        self.messages |= {str(warning.message) for warning in said}
        if not isinstance(frame, geopandas.GeoDataFrame):
            raise SourceUnreadable(
                file=self.path.name, table=self.table, problem="the table has no geometry column"
            )
        return Table(frame, crs=frame.crs, name=self.table)

    def _unreadable(self, error: BaseException) -> SourceUnreadable:
        return SourceUnreadable(
            file=self.path.name, table=self.table, problem=str(error) or type(error).__name__
        )

    def batches(
        self, size: int = BATCH_ROWS, only: Collection[str] | None = None
    ) -> Iterator[tuple[Batch, npt.NDArray[np.uint64]]]:
        """Give the rows in file order, `size` at a time, and a hash of each place (0: none).

        Raises SourceUnreadable or SourceIncomplete where the file turns out to be damaged.
        """
        wanted = [name for name in self.names if only is None or name in only]
        at = 0
        for part in self._parts(size, wanted):
            for start in range(0, part.num_rows, size):
                batch, hashes = self._batch(part.slice(start, size), at, wanted)
                at += len(batch)
                yield batch, hashes
        if at != self.count:
            raise SourceIncomplete(file=self.path.name, table=self.table, expected=self.count, found=at)

    def _parts(self, size: int, wanted: list[str]) -> Iterator[pa.RecordBatch]:
        try:
            with pyogrio.raw.open_arrow(
                self.path, layer=self.table, columns=wanted, batch_size=size, use_pyarrow=True, return_fids=False
            ) as (_, reader):  # fmt: skip
                while (part := self._next(reader)) is not None:
                    yield part
        except BREAKS as error:
            raise self._unreadable(error) from error

    def _next(self, reader: Any) -> pa.RecordBatch | None:
        with warnings.catch_warnings(record=True) as said:
            warnings.simplefilter("always")
            try:
                part: pa.RecordBatch | None = reader.read_next_batch()
            except StopIteration:
                part = None
        if said:
            self.messages |= {str(warning.message) for warning in said}
        return part

    def _batch(
        self, part: pa.RecordBatch, first: int, wanted: list[str]
    ) -> tuple[Batch, npt.NDArray[np.uint64]]:
        try:
            raw = part.column(part.num_columns - 1)
            with np.errstate(invalid="ignore"):  # coordinates that are no numbers are the checks' affair
                shapes = shapely.from_wkb(raw.to_numpy(zero_copy_only=False), on_invalid="ignore")
            columns = {name: Column.from_arrow(part.column(name)) for name in wanted}
            return Batch(first, columns, shapes), _hashed(raw)
        except BREAKS as error:
            raise self._unreadable(error) from error

    def facts(self) -> dict[str, Any]:
        """What GDAL had to say, as far as the table was read."""
        messages = sorted(self.messages)[:_KEPT_MESSAGES]
        return {"reader_messages": messages} if messages else {}


@dataclass(slots=True)
class StreamSource(Source):
    """A table that is read in batches; it is looked over once before its rows are asked for."""

    stream: Stream
    suspects: npt.NDArray[np.uint64]
    height: str | None

    @classmethod
    def of(cls, stream: Stream, crs: str, name: str) -> StreamSource:
        """A stream with its CRS settled."""
        head = stream.head
        nothing = np.empty((0, 2))
        return cls(
            stream.names, stream.count, crs, name, list(head.issues), dict(head.facts), nothing, stream,
            np.empty(0, dtype=np.uint64), None,
        )  # fmt: skip

    def looked_over(self, size: int, only: Collection[str]) -> Iterator[Batch]:
        """Give the rows a first time, and learn what must be known of all of them."""
        seen, hashes, points = Seen(), Repeated(), []
        stride = step(self.count)
        for batch, places in self.stream.batches(size, only):
            seen.add(batch.shapes)
            hashes.add(places)
            points.append(sample(batch.shapes[-batch.first % stride :: stride]))
            yield batch
        self.suspects = hashes.found()
        self.points = np.concatenate([np.empty((0, 2)), *points])
        self.facts |= seen.facts()
        if seen.has_heights:
            self.height = height_column(self.names)
            self.names = (*self.names, self.height)
            self.issues += seen.notices(self.height)

    def batches(self, size: int = BATCH_ROWS, only: Collection[str] | None = None) -> Iterator[Batch]:
        """Give the rows; those that repeat another in everything are refused."""
        again = Repetitions(self.suspects)
        for batch, places in self.stream.batches(size, only):
            columns = [*batch.columns.values()]

            def cells(row: int, columns: list[Column] = columns) -> tuple[str, ...]:
                return tuple(str(column[row]) for column in columns)

            refused, issues = again.look(batch.first, batch.shapes, places, cells)
            batch.refused |= refused
            batch.issues += issues
            if self.height is not None:
                batch.columns[self.height] = heights(batch.shapes)
            yield batch
        self.facts |= again.facts() | self.stream.facts()


def _hashed(raw: pa.Array[Any]) -> npt.NDArray[np.uint64]:
    """A hash of each value of a binary Arrow array; 0 where there is none."""
    buffers = raw.buffers()
    wide = np.int64 if pa.types.is_large_binary(raw.type) else np.int32
    ends = np.frombuffer(buffers[1], dtype=wide)[raw.offset : raw.offset + len(raw) + 1]
    data = np.frombuffer(buffers[2], dtype=np.uint8) if buffers[2] is not None else np.zeros(0, np.uint8)
    made: npt.NDArray[np.uint64] = _mixed(data, ends.astype(np.int64))
    if raw.null_count:
        made[raw.is_null().to_numpy(zero_copy_only=False)] = 0
    return made


@numba.njit(cache=True, nogil=True)
def _mixed(data: npt.NDArray[np.uint8], ends: npt.NDArray[np.int64]) -> npt.NDArray[np.uint64]:
    """FNV-1a of each run of bytes."""
    made = np.empty(ends.size - 1, dtype=np.uint64)
    for row in range(made.size):
        mixed = np.uint64(14695981039346656037)
        for at in range(ends[row], ends[row + 1]):
            mixed = (mixed ^ np.uint64(data[at])) * np.uint64(1099511628211)
        made[row] = mixed
    return made
