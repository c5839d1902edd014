"""A city's network lines out of PostGIS as arrays: one binary COPY, unpacked by one compiled loop.

No row becomes a Python object. What many lines say alike (layer, owner, class …) is kept once, as a group; the
numbers and segments go straight into arrays, the feature ids into one Arrow column. Parts are unpacked as they
arrive, so that the stream itself is never held whole.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import pairwise
from typing import Any, Final

import numpy as np
import numpy.typing as npt
import pyarrow as pa
from psycopg2 import sql
from sqlalchemy import Engine

from geo.errors import PanjerehError
from geo.survey import Group, SurveyLines

Bytes = npt.NDArray[np.uint8]
Whole = npt.NDArray[np.int64]
Numbers = npt.NDArray[np.float64]

PART_BYTES: Final = 16 << 20
_HEADER_BYTES: Final = 19
_TRAILER_BYTES: Final = 2
_GROUPED: Final = (
    "layer_id", "owner_agency", "utility", "role", "class_code", "cover_source", "quality_level",
)  # fmt: skip
_MEASURED: Final = ("cover_m", "diameter_mm", "horizontal_uncertainty_m", "vertical_uncertainty_m")
# City ids are plain words (layers.city checks them); as a constant one prunes the other cities' partitions.
_COPY: Final = sql.SQL(
    "COPY (SELECT row_id, feature_id, {columns}, geom FROM layers.network_line "
    "WHERE city_id = {city} AND retired_by IS NULL) TO STDOUT (FORMAT binary)"
)


class SurveyUnreadable(PanjerehError):
    """The database's stream of lines has an unexpected form: `what` is wrong."""

    code = "survey-unreadable"


@dataclass(frozen=True, slots=True, eq=False)
class Snapshot:
    """All live network lines of a city at one moment, in the order of their rows, and their feature ids."""

    lines: SurveyLines
    feature_ids: pa.Array

    def __len__(self) -> int:
        return len(self.lines)

    def taken(self, order: npt.NDArray[np.int64]) -> Snapshot:
        """These of the lines, in this order."""
        return Snapshot(self.lines.taken(order), self.feature_ids.take(pa.array(order)))


@dataclass(slots=True, eq=False)
class _Part:
    row_id: Whole
    group: npt.NDArray[np.int32]
    measures: Numbers
    segments: Numbers
    counts: npt.NDArray[np.int32]
    feature_ids: Any = None


class _Groups:
    """The groups met so far, by the bytes in which a row spells them."""

    def __init__(self, limit: int = 1 << 15) -> None:
        self.table = np.full(4 * limit, -1, dtype=np.int32)
        self.pool = np.zeros(limit * 64, dtype=np.uint8)
        self.places = np.zeros(limit + 1, dtype=np.int64)
        self.known = self.used = 0

    def spelt(self) -> tuple[Group, ...]:
        """The groups in the order in which they were met."""
        ends = self.places[: self.known + 1].tolist()
        return tuple(Group(*_texts(self.pool[begin:end].tobytes())) for begin, end in pairwise(ends))


def _texts(key: bytes) -> Iterator[Any]:
    at = 0
    while at < len(key):
        length = int.from_bytes(key[at : at + 4], "big", signed=True)
        at += 4
        yield key[at : at + length].decode() if length >= 0 else None
        at += max(length, 0)


class _Feed:
    """What psycopg2 writes to: whole rows, unpacked part by part."""

    def __init__(self, take: Callable[[_Part], None]) -> None:
        self.groups = _Groups()
        self._raw, self._rows = bytearray(), 0
        self._take = take
        self._is_begun = False

    def write(self, data: bytes) -> None:
        """Take one row; the first brings the stream's header with it, the trailer comes alone."""
        if not self._is_begun:
            data, self._is_begun = data[_HEADER_BYTES:], True
        if len(data) == _TRAILER_BYTES:
            return
        self._raw += data
        self._rows += 1
        if len(self._raw) > PART_BYTES:
            self.flush()

    def flush(self) -> None:
        """Unpack what has come."""
        if self._rows:
            self._take(_part(np.frombuffer(self._raw, dtype=np.uint8), self._rows, self.groups))
        self._raw, self._rows = bytearray(), 0


def _part(raw: Bytes, rows: int, groups: _Groups) -> _Part:
    from layers.survey_unpack import unpack, walk

    count, letters, end = walk(raw, rows)
    if count < 0 or end != len(raw):
        raise SurveyUnreadable(what="shape" if count < 0 and end else "rows")
    part = _Part(
        np.empty(rows, dtype=np.int64),
        np.empty(rows, dtype=np.int32),
        np.full((rows, len(_MEASURED)), np.nan),
        np.empty((count, 4)),
        np.empty(rows, dtype=np.int32),
    )
    ids, ends = np.empty(letters, dtype=np.uint8), np.zeros(rows + 1, dtype=np.int32)
    groups.known, groups.used = unpack(
        raw, part.row_id.view(np.uint8), part.group, _as_bytes(part.measures), _as_bytes(part.segments),
        part.counts, ids, ends, groups.table, groups.pool, groups.places, groups.known, groups.used,
    )  # fmt: skip
    if groups.known < 0:
        raise SurveyUnreadable(what="groups")
    part.feature_ids = pa.StringArray.from_buffers(rows, pa.py_buffer(ends), pa.py_buffer(ids))
    return part


def _as_bytes(numbers: Numbers) -> Bytes:
    return numbers.reshape(-1).view(np.uint8)


def snapshots(engine: Engine, city_id: str, take: Callable[[Snapshot], None]) -> None:
    """Hand over the city's live lines part by part, each in the order of its rows.

    One statement, so no part mixes two deliveries of a layer. As the owner of the tables: row-level security
    would hide the sensitive layers. Raises SurveyUnreadable.
    """
    feed = _Feed(lambda part: take(_joined([part], feed.groups.spelt())))
    _copy(engine, city_id, feed)


def snapshot(engine: Engine, city_id: str) -> Snapshot:
    """The city's live lines, all at once; see `snapshots`."""
    parts: list[_Part] = []
    feed = _Feed(parts.append)
    _copy(engine, city_id, feed)
    return _joined(parts, feed.groups.spelt())


def _copy(engine: Engine, city_id: str, feed: _Feed) -> None:
    statement = _COPY.format(
        columns=sql.SQL(", ").join(map(sql.Identifier, (*_GROUPED, *_MEASURED))), city=sql.Literal(city_id)
    )
    connection: Any = engine.raw_connection()
    try:
        with connection.cursor() as cursor:
            cursor.copy_expert(statement, feed)
        connection.rollback()
    finally:
        connection.close()
    feed.flush()


def _joined(parts: list[_Part], groups: tuple[Group, ...]) -> Snapshot:
    """The parts as one, in the order of the rows."""
    if not parts:
        return _EMPTY
    row_id = np.concatenate([part.row_id for part in parts])
    first = np.zeros(len(row_id) + 1, dtype=np.int64)
    np.cumsum(np.concatenate([part.counts for part in parts]), out=first[1:])
    measures = np.concatenate([part.measures for part in parts])
    lines = SurveyLines(
        row_id=row_id,
        segments=np.concatenate([part.segments for part in parts]),
        first=first,
        group=np.concatenate([part.group for part in parts]),
        groups=groups,
        cover_m=measures[:, 0],
        radius_m=measures[:, 1] / 2000.0,
        horizontal_m=measures[:, 2],
        vertical_m=measures[:, 3],
    )
    made = Snapshot(lines, pa.concat_arrays([part.feature_ids for part in parts]))
    if (row_id[1:] > row_id[:-1]).all():
        return made
    return made.taken(np.argsort(row_id))


_NONE: Final = np.empty(0)
_EMPTY: Final = Snapshot(
    SurveyLines(
        np.empty(0, dtype=np.int64), np.empty((0, 4)), np.zeros(1, dtype=np.int64), np.empty(0, dtype=np.int32),
        (), _NONE, _NONE, _NONE, _NONE,
    ),
    pa.array([], pa.string()),
)  # fmt: skip
