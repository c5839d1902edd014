"""Compiled loops: network lines out of PostgreSQL's binary COPY stream into arrays."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from geo.kernels import compiled

Bytes = npt.NDArray[np.uint8]
Whole = npt.NDArray[np.int64]

# row_id, feature_id, what many rows say alike, the numbers, the geometry: in this order.
GROUPED = 7
MEASURED = 4
FIELDS = 2 + GROUPED + MEASURED + 1
_NULL = 0xFFFFFFFF


@compiled
def _whole(raw: Bytes, at: int) -> int:
    high = (np.int64(raw[at]) << 24) | (np.int64(raw[at + 1]) << 16)
    return int(high | (np.int64(raw[at + 2]) << 8) | np.int64(raw[at + 3]))


@compiled
def _little(raw: Bytes, at: int) -> int:
    low = np.int64(raw[at]) | (np.int64(raw[at + 1]) << 8)
    return int(low | (np.int64(raw[at + 2]) << 16) | (np.int64(raw[at + 3]) << 24))


@compiled
def _shape(raw: Bytes, at: int) -> tuple[int, int, int, int]:
    """Of one EWKB at `at`: its type (0: not ours), where its body begins, its count, and bytes per vertex."""
    if raw[at] != 1:
        return 0, 0, 0, 0
    kind = _little(raw, at + 1)
    wide = 16 + (8 if kind & 0x80000000 else 0) + (8 if kind & 0x40000000 else 0)
    body = at + 5 + (4 if kind & 0x20000000 else 0)
    kind &= 0xFF
    if kind != 2 and kind != 5:
        return 0, 0, 0, 0
    return kind, body + 4, _little(raw, body), wide


@compiled
def walk(  # noqa: C901 - one compiled loop
    raw: Bytes, rows: int
) -> tuple[int, int, int]:
    """How many segments and bytes of ids the rows hold; -1 and the row's place where the stream is not ours."""
    at, segments, letters = 0, 0, 0
    for _row in range(rows):
        begin = at
        if (np.int64(raw[at]) << 8 | raw[at + 1]) != FIELDS:
            return -1, begin, 0
        at += 2
        for field in range(FIELDS):
            length = _whole(raw, at)
            at += 4
            if length == _NULL:
                continue
            if field == 1:
                letters += length
            elif field == FIELDS - 1:
                kind, body, count, wide = _shape(raw, at)
                if kind == 0:
                    return -1, begin, 1
                if kind == 2:
                    segments += max(count - 1, 0)
                else:
                    for _ in range(count):
                        inner, body, points, wide = _shape(raw, body)
                        if inner != 2:
                            return -1, begin, 1
                        segments += max(points - 1, 0)
                        body += points * wide
            at += length
    return segments, letters, at


@compiled
def _same(raw: Bytes, begin: int, end: int, pool: Bytes, place: int, size: int) -> bool:
    if end - begin != size:
        return False
    for k in range(size):  # noqa: SIM110 - compiled
        if raw[begin + k] != pool[place + k]:
            return False
    return True


@compiled
def _vertices(raw: Bytes, at: int, count: int, wide: int, out: Bytes, filled: int) -> int:
    """Copy consecutive vertices as segments x1, y1, x2, y2; return how many segments there are now."""
    for k in range(count - 1):
        one, other, to = at + k * wide, at + (k + 1) * wide, filled * 32
        for n in range(16):
            out[to + n] = raw[one + n]
            out[to + 16 + n] = raw[other + n]
        filled += 1
    return filled


@compiled
def unpack(  # noqa: C901, PLR0913, PLR0915 - one compiled loop
    raw: Bytes, row_id: Bytes, group: npt.NDArray[np.int32], measures: Bytes, segments: Bytes,
    counts: npt.NDArray[np.int32], letters: Bytes, ends: npt.NDArray[np.int32],
    table: npt.NDArray[np.int32], pool: Bytes, places: Whole, known: int, used: int,
) -> tuple[int, int]:  # fmt: skip
    """Fill the arrays (as bytes) from the rows; return how many groups there are and the bytes of their keys.

    `table` is an open hash table of group numbers, `pool` the groups' keys one behind the other.
    """
    at, filled, spelt = 0, 0, 0
    for row in range(group.size):
        at += 2
        at += 4
        for n in range(8):
            row_id[row * 8 + n] = raw[at + 7 - n]
        at += 8
        length = _whole(raw, at)
        at += 4
        for n in range(length):
            letters[spelt + n] = raw[at + n]
        spelt += length
        ends[row + 1] = spelt
        at += length
        begin, code = at, np.uint64(14695981039346656037)
        for _ in range(GROUPED):
            length = _whole(raw, at)
            at += 4 + (0 if length == _NULL else length)
        for n in range(begin, at):
            code = (code ^ np.uint64(raw[n])) * np.uint64(1099511628211)
        cell = np.int64(code & np.uint64(table.size - 1))
        while table[cell] >= 0:
            number = table[cell]
            if _same(raw, begin, at, pool, places[number], places[number + 1] - places[number]):
                break
            cell = (cell + 1) & (table.size - 1)
        if table[cell] < 0:
            if known + 2 > places.size or used + at - begin > pool.size:
                return -1, 0
            for n in range(at - begin):
                pool[used + n] = raw[begin + n]
            used += at - begin
            table[cell] = known
            known += 1
            places[known] = used
        group[row] = table[cell]
        for k in range(MEASURED):
            length = _whole(raw, at)
            at += 4
            if length == 8:
                for n in range(8):
                    measures[(row * MEASURED + k) * 8 + n] = raw[at + 7 - n]
                at += 8
        length = _whole(raw, at)
        at += 4
        before = filled
        if length != _NULL:
            kind, body, count, wide = _shape(raw, at)
            if kind == 2:
                filled = _vertices(raw, body, count, wide, segments, filled)
            else:
                for _ in range(count):
                    _kind, body, points, wide = _shape(raw, body)
                    filled = _vertices(raw, body, points, wide, segments, filled)
                    body += points * wide
            at += length
        counts[row] = filled - before
    return known, used
