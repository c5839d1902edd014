"""FlatGeobuf: its header says how many features there are; walking from feature to feature proves it."""

from __future__ import annotations

import struct
from pathlib import Path

from layers.readers.faults import SourceDamaged, SourceTruncated, SourceUnreadable
from layers.readers.gdal import read_table
from layers.readers.source import Table

_MAGIC = b"fgb"
_NODE = 40
# Positions of two fields in the header table of the FlatGeobuf schema, version 3.
_FEATURES_COUNT, _INDEX_NODE_SIZE = 8, 9
_MOST_HEADER = 64 << 20


def read(path: Path) -> Table:
    """Return the table; raises SourceTruncated, SourceDamaged, SourceIncomplete or SourceUnreadable."""
    expected = _walked(path)
    return read_table(path, None, expected=expected)


def _walked(path: Path) -> int:
    """Return the number of features, having found each of them whole."""
    size = path.stat().st_size
    with path.open("rb") as file:
        start = file.read(12)
        if start[:3] != _MAGIC or start[4:7] != _MAGIC:
            raise SourceUnreadable(file=path.name, problem="not a FlatGeobuf file")
        if len(start) < 12:
            raise SourceTruncated(file=path.name, expected=12, found=size, unit="bytes")
        (length,) = struct.unpack("<I", start[8:12])
        if length > min(size - 12, _MOST_HEADER):
            raise SourceTruncated(file=path.name, expected=12 + length, found=size, unit="bytes")
        stated, node_size = _header(file.read(length), path)
        at = 12 + length + _index_bytes(stated, node_size)
        count = 0
        while at < size:
            file.seek(at)
            prefix = file.read(4)
            at += 4 + struct.unpack("<I", prefix.ljust(4, b"\xff"))[0]
            count += 1
    if at > size or (stated and count < stated):
        raise SourceTruncated(file=path.name, expected=stated or at, found=count, unit="features")
    if stated and count != stated:
        raise SourceDamaged(file=path.name, problem="more features than stated", expected=stated, found=count)
    return count


def _header(raw: bytes, path: Path) -> tuple[int, int]:
    """Return features_count and index_node_size of the header table (FlatBuffers: offsets by a vtable)."""
    try:
        root = struct.unpack_from("<I", raw, 0)[0]
        vtable = root - struct.unpack_from("<i", raw, root)[0]
        slots = (struct.unpack_from("<H", raw, vtable)[0] - 4) // 2

        def field(slot: int, form: str, otherwise: int) -> int:
            offset = struct.unpack_from("<H", raw, vtable + 4 + 2 * slot)[0] if slot < slots else 0
            return int(struct.unpack_from(form, raw, root + offset)[0]) if offset else otherwise

        return field(_FEATURES_COUNT, "<Q", 0), field(_INDEX_NODE_SIZE, "<H", 16)
    except struct.error as error:
        raise SourceDamaged(file=path.name, problem="the header cannot be read") from error


def _index_bytes(count: int, node_size: int) -> int:
    """Return the size of the packed R-tree: all its levels, 40 bytes a node."""
    if not count or node_size < 2:
        return 0
    nodes = level = count
    while level > 1:
        level = -(-level // node_size)
        nodes += level
    return nodes * _NODE
