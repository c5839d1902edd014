"""The attribute part of a Shapefile, looked at byte by byte: record counts, and how its letters are encoded."""

from __future__ import annotations

import struct
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from layers.readers.faults import SourceDamaged, SourceEncodingUnknown, SourceTruncated
from layers.readers.text import encoding_of

# What the language byte of dBase says; others of its codes are DOS pages that no GIS writes today.
_LANGUAGE = {0x03: "cp1252", 0x57: "cp1252", 0x7E: "cp1256", 0x7D: "cp1255", 0xC8: "cp1250", 0xC9: "cp1251"}
_NAMES = {"1256": "cp1256", "1252": "cp1252", "1250": "cp1250", "1251": "cp1251", "65001": "utf-8"}
_SAMPLES = 20_000


@dataclass(frozen=True, slots=True)
class Dbf:
    """What the header of a .dbf says: how many records, how long, in which columns (name bytes, start, length)."""

    records: int
    start: int
    length: int
    language: int
    columns: tuple[tuple[bytes, int, int], ...]


def header(path: Path) -> Dbf:
    """Return a .dbf's header; raises SourceTruncated or SourceDamaged when the file is not as long as it says."""
    raw = path.read_bytes()[:65_536] if path.stat().st_size <= 65_536 else _first(path)
    size = path.stat().st_size
    if len(raw) < 33:
        raise SourceTruncated(file=path.name, expected=33, found=size, unit="bytes")
    records, start, length = struct.unpack("<IHH", raw[4:12])
    if start < 33 or length < 1 or start > len(raw):
        raise SourceDamaged(file=path.name, problem="the header contradicts itself")
    expected = start + records * length
    if size < expected:
        raise SourceTruncated(file=path.name, expected=expected, found=size, unit="bytes")
    return Dbf(records, start, length, raw[29], _columns(raw[32:start], length, path))


def _first(path: Path) -> bytes:
    with path.open("rb") as file:
        return file.read(65_536)


def _columns(raw: bytes, length: int, path: Path) -> tuple[tuple[bytes, int, int], ...]:
    """Return the text columns with their place in a record; the first byte of a record marks deletion."""
    found, at = [], 1
    for index in range(0, len(raw) - 31, 32):
        field = raw[index : index + 32]
        if field[0] == 0x0D:
            break
        width = field[16] + (field[17] << 8 if field[11:12] == b"C" else 0)
        if field[11:12] == b"C":
            found.append((field[:11].split(b"\0", 1)[0], at, width))
        at += width
    if at != length:
        raise SourceDamaged(
            file=path.name, problem="the columns do not fill a record", expected=length, found=at
        )
    return tuple(found)


def deleted(path: Path, dbf: Dbf) -> int:
    """Return how many records are marked as deleted: they are there, but belong to no one."""
    return sum(record[:1] == b"*" for record in _records(path, dbf))


def _records(path: Path, dbf: Dbf) -> Iterator[bytes]:
    with path.open("rb") as file:
        file.seek(dbf.start)
        for _ in range(dbf.records):
            yield file.read(dbf.length)


def _samples(path: Path, dbf: Dbf) -> Iterator[bytes]:
    yield from (name for name, _, _ in dbf.columns)
    for count, record in enumerate(_records(path, dbf)):
        if count >= _SAMPLES:
            return
        if not record.isascii():
            yield from (record[at : at + width].rstrip(b" \0") for _, at, width in dbf.columns)


def stated_encoding(path: Path, dbf: Dbf) -> str | None:
    """Return the encoding that the .cpg beside a .dbf states, or else its language byte, or None."""
    cpg = next((p for p in path.parent.glob(f"{_escaped(path.stem)}.[cC][pP][gG]")), None)
    if cpg is None:
        return _LANGUAGE.get(dbf.language)
    said = cpg.read_bytes()[:40].decode("ascii", "replace").strip().strip("\0").lower()
    digits = "".join(letter for letter in said if letter.isdigit())
    if said in ("utf-8", "utf8"):
        return "utf-8"
    return _NAMES.get(digits) or {"88591": "cp1252", "iso88591": "cp1252"}.get(digits)


def _escaped(stem: str) -> str:
    return "".join(f"[{letter}]" if letter in "[]*?" else letter for letter in stem)


def encoding(path: Path, dbf: Dbf, configured: str | None) -> tuple[str, str]:
    """Return the encoding of a .dbf and how it is known: configured, ascii, detected, stated or corrected.

    What the file states is believed only where its bytes allow it: a .cpg of "UTF-8" beside Windows-1256 text
    is common. Raises SourceEncodingUnknown where neither the file nor its bytes tell.
    """
    if configured is not None:
        return configured, "configured"
    stated = stated_encoding(path, dbf)
    found = encoding_of(_samples(path, dbf), may_be_cut=True)
    if found == "ascii":
        return stated or "utf-8", "ascii"
    if found is None and stated in (None, "utf-8"):
        raise SourceEncodingUnknown(file=path.name, stated=stated, hint="state-the-encoding")
    if found is None:
        return str(stated), "stated"
    return found, "stated" if found == stated else "corrected" if stated else "detected"
