"""Compiled loops over what COPY in binary form sends: fields to columns, and extended WKB to vertices."""

from __future__ import annotations

from typing import Any

import numpy as np

from geo.kernels import Floats, Ints, Offsets, compiled

_HEADER = 19  # signature (11), flags (4), length of what is added to the header (4)


@compiled
def _int32(blob: Any, at: int) -> int:
    """Four bytes, the highest first, with their sign."""
    value = (
        (np.int64(blob[at]) << 24)
        | (np.int64(blob[at + 1]) << 16)
        | (np.int64(blob[at + 2]) << 8)
        | np.int64(blob[at + 3])
    )
    return int(value - (1 << 32) if value >= (1 << 31) else value)


@compiled
def fields(blob: Any, count: int) -> tuple[Offsets, Ints]:
    """Where each field of each row begins, and how many bytes it has (-1: null), row by row of `count` fields."""
    rows = 0
    for turn in range(2):
        at, row = _HEADER, 0
        if turn == 1:
            first = np.empty(rows * count, np.int64)
            length = np.empty(rows * count, np.int32)
        while at + 2 <= blob.size:
            if blob[at] == 255:  # the trailer: -1 fields
                break
            at += 2
            for k in range(count):
                size = _int32(blob, at)
                at += 4
                if turn == 1:
                    first[row * count + k] = at
                    length[row * count + k] = size
                at += max(size, 0)
            row += 1
        rows = row
    return first, length


@compiled
def texts(blob: Any, first: Offsets, length: Ints, field: int, count: int) -> tuple[Any, Ints, Any, int]:
    """One column of text: bytes, offsets, a bit per row that is not null, and how many are null."""
    rows = first.size // count
    total = nulls = 0
    for row in range(rows):
        size = length[row * count + field]
        total += max(size, 0)
        nulls += size < 0
    data = np.empty(total, np.uint8)
    offsets = np.zeros(rows + 1, np.int32)
    known = np.zeros((rows + 7) // 8, np.uint8)
    at = 0
    for row in range(rows):
        begin = first[row * count + field]
        size = length[row * count + field]
        if size >= 0:
            known[row >> 3] |= np.uint8(1 << (row & 7))
            for k in range(size):
                data[at + k] = blob[begin + k]
            at += size
        offsets[row + 1] = at
    return data, offsets, known, nulls


@compiled
def int32s(blob: Any, first: Offsets, length: Ints, field: int, count: int) -> tuple[Ints, Any]:
    """One column of 32-bit whole numbers, and where it is null."""
    rows = first.size // count
    made = np.zeros(rows, np.int32)
    null = np.zeros(rows, np.bool_)
    for row in range(rows):
        if length[row * count + field] < 0:
            null[row] = True
        else:
            made[row] = _int32(blob, first[row * count + field])
    return made, null


@compiled
def float64s(blob: Any, first: Offsets, length: Ints, field: int, count: int) -> tuple[Floats, Any]:
    """One column of 64-bit floating numbers, and where it is null."""
    rows = first.size // count
    bits = np.zeros(rows, np.uint64)
    null = np.zeros(rows, np.bool_)
    for row in range(rows):
        if length[row * count + field] < 0:
            null[row] = True
            continue
        begin = first[row * count + field]
        value = np.uint64(0)
        for k in range(8):
            value = (value << np.uint64(8)) | np.uint64(blob[begin + k])
        bits[row] = value
    return bits.view(np.float64), null


@compiled
def _uint32(blob: Any, at: int) -> int:
    """Four bytes, the lowest first."""
    return int(
        np.int64(blob[at])
        | (np.int64(blob[at + 1]) << 8)
        | (np.int64(blob[at + 2]) << 16)
        | (np.int64(blob[at + 3]) << 24)
    )


@compiled
def _head(blob: Any, at: int) -> tuple[int, int, int]:
    """The kind of a little-endian extended WKB, the bytes of one of its vertices, and where its count stands."""
    kind = _uint32(blob, at + 1)
    width = 16 + (8 if kind & 0x80000000 else 0) + (8 if kind & 0x40000000 else 0)
    return kind & 0xFF, width, at + (9 if kind & 0x20000000 else 5)


@compiled
def _vertices(blob: Any, at: int, width: int, count: int, coords: Any, to: int) -> None:
    for k in range(count):
        for axis in range(2):
            begin = at + k * width + axis * 8
            value = np.uint64(0)
            for byte in range(7, -1, -1):
                value = (value << np.uint64(8)) | np.uint64(blob[begin + byte])
            coords[to + k, axis] = value


@compiled
def lines(  # noqa: C901 - one compiled loop
    blob: Any, first: Offsets, field: int, count: int
) -> tuple[Floats, Offsets, Ints, Ints, Ints]:
    """The parts of one column of (multi)lines; parts without a vertex are left out.

    Returns x and y of all vertices, where each part begins among them, its row, its number from 1 within the row,
    and how many parts the row has.
    """
    rows = first.size // count
    parts = points = 0
    for turn in range(2):
        if turn == 1:
            coords = np.empty((points, 2), np.uint64)
            begins = np.zeros(parts + 1, np.int64)
            owner = np.empty(parts, np.int32)
            number = np.empty(parts, np.int32)
            of = np.empty(parts, np.int32)
        part = point = 0
        for row in range(rows):
            kind, width, at = _head(blob, first[row * count + field])
            inner = _uint32(blob, at) if kind == 5 else 1
            if kind == 5:
                at += 4
            for k in range(inner):
                if kind == 5:
                    _, width, at = _head(blob, at)
                size = _uint32(blob, at)
                at += 4
                if size > 0:
                    if turn == 1:
                        _vertices(blob, at, width, size, coords, point)
                        owner[part], number[part], of[part] = row, k + 1, inner
                        begins[part + 1] = point + size
                    part += 1
                    point += size
                at += size * width
        parts, points = part, point
    return coords.view(np.float64), begins, owner, number, of
