"""Shapefile: three files that must agree. A lost index is rebuilt, a lost attribute file cannot be.

GDAL reads what it can of a damaged one and says nothing, so lengths and record counts of all parts are
compared here first. Text is decoded here too: GDAL trusts the .cpg, and Persian deliveries often lack it.
"""

from __future__ import annotations

import struct
import tempfile
from pathlib import Path
from typing import Any

from layers.readers import dbf
from layers.readers.faults import SourceDamaged, SourceIncomplete, SourcePartMissing, SourceTruncated
from layers.readers.gdal import read_table
from layers.readers.source import Table
from layers.readers.text import utf8
from layers.report import Severity

_HEADER = 100
_FILE_CODE = 9994
_RAW = "ISO-8859-1"  # each byte becomes one letter, so that GDAL changes none of them


def read(path: Path, encoding: str | None) -> Table:
    """Return the table of a Shapefile; `encoding` is what the configuration says about its text.

    Raises SourcePartMissing, SourceTruncated, SourceDamaged, SourceIncomplete or SourceEncodingUnknown.
    """
    parts = _parts(path)
    if ".dbf" not in parts:
        raise SourcePartMissing(file=path.name, part=".dbf", hint="send-all-parts")
    index = _index(path)
    attributes = dbf.header(parts[".dbf"])
    if attributes.records != len(index):
        raise SourceIncomplete(file=path.name, of=".dbf", expected=len(index), found=attributes.records)
    known, how = dbf.encoding(parts[".dbf"], attributes, encoding)
    rebuilt = ".shx" not in parts
    if not rebuilt:
        _check_index(parts[".shx"], index)
    with tempfile.TemporaryDirectory(prefix="panjereh-") as folder:
        there = _linked(path, parts, Path(folder), index if rebuilt else None)
        table = read_table(
            there, None, encoding=_RAW, expected=len(index) - dbf.deleted(parts[".dbf"], attributes)
        )
    table.name = None
    _decode(table, known)
    table.facts |= {"encoding": known, "encoding_known_by": how}
    if rebuilt:
        table.say(Severity.NOTICE, "index-rebuilt", records=len(index))
    if how in ("detected", "corrected"):
        table.say(Severity.NOTICE, f"encoding-{how}", encoding=known)
    if gone := len(index) - len(table.frame):
        table.say(Severity.NOTICE, "deleted-records", count=gone)
    return table


def _parts(path: Path) -> dict[str, Path]:
    """Return the files that belong to a .shp, by lower-case suffix, whatever the case on the disk."""
    return {
        other.suffix.lower(): other
        for other in sorted(path.parent.iterdir())
        if other.stem == path.stem and other.is_file()
    }


def _header(raw: bytes, path: Path) -> int:
    """Check one of the two headers and return the file's length as it states it."""
    size = path.stat().st_size
    if len(raw) < _HEADER:
        raise SourceTruncated(file=path.name, expected=_HEADER, found=size, unit="bytes")
    code, words = struct.unpack(">I20xI", raw[:28])
    if code != _FILE_CODE:
        raise SourceDamaged(file=path.name, problem="not a Shapefile")
    if size < words * 2:
        raise SourceTruncated(file=path.name, expected=words * 2, found=size, unit="bytes")
    return int(words) * 2


def _index(path: Path) -> list[tuple[int, int]]:
    """Return offset and length (bytes) of every record, by walking the file from record to record."""
    found: list[tuple[int, int]] = []
    with path.open("rb") as file:
        end = _header(file.read(_HEADER), path)
        at = _HEADER
        while at + 8 <= end:
            file.seek(at)
            number, words = struct.unpack(">II", file.read(8))
            if number != len(found) + 1 or at + 8 + words * 2 > end:
                raise SourceDamaged(
                    file=path.name, problem="the records are not in a row", row=len(found), byte=at
                )
            found.append((at, words * 2))
            at += 8 + words * 2
    if at != end:
        raise SourceTruncated(file=path.name, expected=at + 8, found=end, unit="bytes")
    return found


def _check_index(path: Path, index: list[tuple[int, int]]) -> None:
    raw = path.read_bytes()
    end = _header(raw, path)
    rows = raw[_HEADER : max(end, _HEADER)]
    stated = [
        (offset * 2, words * 2) for offset, words in struct.iter_unpack(">II", rows[: len(rows) // 8 * 8])
    ]
    if stated != index:
        raise SourceDamaged(
            file=path.name,
            problem="the index does not fit the shapes",
            expected=len(index),
            found=len(stated),
        )


def _linked(path: Path, parts: dict[str, Path], folder: Path, index: list[tuple[int, int]] | None) -> Path:
    """Lay the parts side by side in `folder`, without .cpg, with a new index where one is given."""
    for suffix in (".shp", ".shx", ".dbf", ".prj"):
        if suffix in parts:
            (folder / f"table{suffix}").symlink_to(parts[suffix].resolve())
    if index is not None:
        with path.open("rb") as file:
            start = bytearray(file.read(_HEADER))
        start[24:28] = struct.pack(">I", (_HEADER + 8 * len(index)) // 2)
        rows = b"".join(struct.pack(">II", at // 2, length // 2) for at, length in index)
        (folder / "table.shx").write_bytes(bytes(start) + rows)
    return folder / "table.shp"


def _decode(table: Table, encoding: str) -> None:
    """Make letters of the bytes in every text column; a letter cut by a narrow column is left out, and said."""
    frame = table.frame
    for name in [name for name in frame.columns if name != frame.geometry.name]:
        if not any(isinstance(value, str) for value in frame[name]):
            continue
        values = [_decoded(value, encoding) for value in frame[name]]
        for row, (_, problem) in enumerate(values):
            if problem:
                table.say(Severity.NOTICE, problem, row, field=str(name))
        frame[name] = [value for value, _ in values]
    table.frame = frame.rename(columns={name: _decoded(name, encoding)[0] for name in frame.columns})


def _decoded(value: Any, encoding: str) -> tuple[Any, str | None]:
    if not isinstance(value, str) or value.isascii():
        return value, None
    raw = value.encode(_RAW, "replace")
    if encoding == "utf-8":
        text = utf8(raw, may_be_cut=True)
        cut = text is not None and text.encode() != raw
        return (text, "text-cut" if cut else None) if text is not None else (None, "text-unreadable")
    try:
        return raw.decode(encoding), None
    except (UnicodeDecodeError, LookupError):
        return None, "text-unreadable"
