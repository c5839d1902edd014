"""A photo from the trench: checked, stripped of everything but the picture, and what it said kept as data. Pure.

The stored file has no EXIF, XMP, comments or colour profile. Two things are read from EXIF before it is dropped:
when the picture was taken and where the camera believed to be; they are data of the report, shown to those who may
read it, never part of the picture.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from dataclasses import dataclass
from hashlib import sha256

from permits.dig_errors import PhotoTooLarge, PhotoUnusable
from permits.ports import Json

MAX_BYTES = 12 * 1024 * 1024
MAX_PIXELS = 80_000_000
MAX_SIDE = 20_000

_PNG = b"\x89PNG\r\n\x1a\n"
_PNG_KEPT = frozenset({b"IHDR", b"PLTE", b"IDAT", b"IEND", b"tRNS", b"gAMA", b"sRGB"})
_WEBP_DROPPED = frozenset({b"EXIF", b"XMP ", b"ICCP"})
_SOF = frozenset({*range(0xC0, 0xC4), *range(0xC5, 0xC8), *range(0xC9, 0xCC), *range(0xCD, 0xD0)})
_STANDALONE = frozenset({0x01, *range(0xD0, 0xD9)})


@dataclass(frozen=True, slots=True)
class Photo:
    """A picture ready to be stored; `said` is what its EXIF told (`taken_at`, `place` {lon, lat})."""

    content: bytes
    media_type: str
    suffix: str
    width: int
    height: int
    digest: str
    said: Json

    def as_json(self) -> Json:
        """What the report keeps of it; the file lies in the store under its digest."""
        return {
            "sha256": self.digest,
            "media_type": self.media_type,
            "bytes": len(self.content),
            "width": self.width,
            "height": self.height,
            **self.said,
        }


def photo_from(raw: bytes) -> Photo:
    """The photo in `raw`. Raises `PhotoTooLarge` or `PhotoUnusable` with the reason."""
    if len(raw) > MAX_BYTES:
        raise PhotoTooLarge(bytes=len(raw), limit=MAX_BYTES, reason="too-many-bytes")
    if raw.startswith(b"\xff\xd8\xff"):
        made, size, exif, names = *_jpeg(raw), ("image/jpeg", "jpg")
    elif raw.startswith(_PNG):
        made, size, exif, names = *_png(raw), ("image/png", "png")
    elif raw[:4] == b"RIFF" and raw[8:12] == b"WEBP":
        made, size, exif, names = *_webp(raw), ("image/webp", "webp")
    else:
        raise PhotoUnusable(reason="not-an-image")
    width, height = size
    if not (0 < width <= MAX_SIDE and 0 < height <= MAX_SIDE and width * height <= MAX_PIXELS):
        raise PhotoUnusable(reason="size", width=width, height=height)
    return Photo(made, *names, width, height, sha256(made).hexdigest(), _exif(exif))


Parsed = tuple[bytes, tuple[int, int], bytes]
"""The stripped file, its width and height, and the EXIF block (TIFF form) it carried."""


def _jpeg(raw: bytes) -> Parsed:
    kept, size, exif = [b"\xff\xd8"], (0, 0), b""
    at = 2
    for marker, segment, after in _segments(raw):
        at = after
        if marker in _SOF:
            height, width = struct.unpack_from(">HH", segment, 5)
            size = (width, height)
        if marker == 0xE1 and segment[4:10] == b"Exif\0\0":
            exif = exif or segment[10:]
        if not (0xE1 <= marker <= 0xEF or marker == 0xFE):
            kept.append(segment)
    return b"".join([*kept, _scan(raw, at)]), size, exif


def _segments(raw: bytes) -> Iterator[tuple[int, bytes, int]]:
    """The segments up to the first scan: marker, bytes, and where the next one begins."""
    at, marker = 2, 0
    while marker != 0xDA:
        if at + 4 > len(raw) or raw[at] != 0xFF:
            raise PhotoUnusable(reason="damaged")
        marker = raw[at + 1]
        if marker in _STANDALONE or marker == 0xFF:
            at += 1 if marker == 0xFF else 2
            continue
        (length,) = struct.unpack_from(">H", raw, at + 2)
        segment = raw[at : at + 2 + length]
        if length < 2 + 6 * (marker in _SOF) or len(segment) < 2 + length:
            raise PhotoUnusable(reason="damaged")
        at += 2 + length
        yield marker, segment, at


def _scan(raw: bytes, at: int) -> bytes:
    """The picture itself, to its end mark; what hides behind it is dropped."""
    end = raw.rfind(b"\xff\xd9")
    if end < at:
        raise PhotoUnusable(reason="damaged")
    return raw[at : end + 2]


def _png(raw: bytes) -> Parsed:
    kept, size, exif, ended = [_PNG], (0, 0), b"", False
    at = len(_PNG)
    while at + 12 <= len(raw) and not ended:
        (length,) = struct.unpack_from(">I", raw, at)
        kind, chunk = raw[at + 4 : at + 8], raw[at : at + 12 + length]
        if len(chunk) < 12 + length:
            break
        if kind == b"IHDR" and length == 13:
            size = struct.unpack_from(">II", chunk, 8)
        exif = chunk[8:-4] if kind == b"eXIf" else exif
        if kind in _PNG_KEPT:
            kept.append(chunk)
        ended = kind == b"IEND"
        at += 12 + length
    if not ended:
        raise PhotoUnusable(reason="damaged")
    return b"".join(kept), size, exif


def _webp(raw: bytes) -> Parsed:
    kept, size, exif = [], (0, 0), b""
    for kind, body in _riff(raw):
        if kind == b"EXIF":
            exif = body.removeprefix(b"Exif\0\0")
        if kind in _WEBP_DROPPED:
            continue
        size = _webp_size(kind, body) or size
        chunk = body
        if kind == b"VP8X" and body:
            # Its flags say which chunks follow: the dropped ones are no longer there.
            chunk = bytes([body[0] & ~0b0010_1100]) + body[1:]
        kept.append(kind + struct.pack("<I", len(chunk)) + chunk + b"\0" * (len(chunk) % 2))
    inner = b"WEBP" + b"".join(kept)
    return b"RIFF" + struct.pack("<I", len(inner)) + inner, size, exif


def _riff(raw: bytes) -> Iterator[tuple[bytes, bytes]]:
    at = 12
    while at + 8 <= len(raw):
        kind, (length,) = raw[at : at + 4], struct.unpack_from("<I", raw, at + 4)
        body = raw[at + 8 : at + 8 + length]
        if len(body) < length:
            raise PhotoUnusable(reason="damaged")
        yield kind, body
        at += 8 + length + length % 2


def _webp_size(kind: bytes, body: bytes) -> tuple[int, int] | None:
    if kind == b"VP8X" and len(body) >= 10:
        return 1 + int.from_bytes(body[4:7], "little"), 1 + int.from_bytes(body[7:10], "little")
    if kind == b"VP8 " and len(body) >= 10:
        width, height = struct.unpack_from("<HH", body, 6)
        return width & 0x3FFF, height & 0x3FFF
    if kind == b"VP8L" and len(body) >= 5:
        bits = int.from_bytes(body[1:5], "little")
        return 1 + (bits & 0x3FFF), 1 + (bits >> 14 & 0x3FFF)
    return None


# --- the two things EXIF is asked for

_TAKEN, _EXIF_IFD, _GPS_IFD = 0x9003, 0x8769, 0x8825


def _exif(block: bytes) -> Json:
    """`taken_at` (the camera's own clock, without a zone) and `place`; nothing where it cannot be read."""
    try:
        tiff = _Tiff(block)
        first = tiff.entries(tiff.first)
        said: Json = {}
        if _EXIF_IFD in first:
            taken = tiff.text(tiff.entries(tiff.number(first[_EXIF_IFD])).get(_TAKEN))
            if taken:
                said["taken_at"] = taken.replace(":", "-", 2).replace(" ", "T", 1)
        if _GPS_IFD in first:
            place = _place(tiff, tiff.entries(tiff.number(first[_GPS_IFD])))
            said |= {} if place is None else {"place": place}
    except (struct.error, IndexError, ValueError, ZeroDivisionError):
        return {}
    return said


def _place(tiff: _Tiff, gps: dict[int, bytes]) -> Json | None:
    if not {1, 2, 3, 4} <= set(gps):
        return None
    lat, lon = (tiff.degrees(gps[tag]) for tag in (2, 4))
    lat = -lat if tiff.text(gps[1]).startswith("S") else lat
    lon = -lon if tiff.text(gps[3]).startswith("W") else lon
    if not (-90 <= lat <= 90 and -180 <= lon <= 180):
        return None
    return {"lon": round(lon, 7), "lat": round(lat, 7)}


class _Tiff:
    """Just enough of TIFF to read EXIF; raises struct.error or ValueError on what it cannot read."""

    def __init__(self, block: bytes) -> None:
        if block[:2] not in {b"II", b"MM"}:
            raise ValueError("no TIFF")
        self._block = block
        self._order = "<" if block[:2] == b"II" else ">"
        self.first = self._unpack("I", 4)

    def _unpack(self, form: str, at: int) -> int:
        return int(struct.unpack_from(self._order + form, self._block, at)[0])

    def entries(self, at: int) -> dict[int, bytes]:
        """The entries of one directory: tag -> its 12 bytes."""
        count = min(self._unpack("H", at), 200)
        rows = [self._block[at + 2 + 12 * i : at + 14 + 12 * i] for i in range(count)]
        return {struct.unpack_from(self._order + "H", row)[0]: row for row in rows if len(row) == 12}

    def number(self, entry: bytes) -> int:
        """The entry's value as one 32-bit number."""
        return int(struct.unpack_from(self._order + "I", entry, 8)[0])

    def text(self, entry: bytes | None) -> str:
        """The entry's value as text, at most 40 characters."""
        if entry is None:
            return ""
        count = min(int(struct.unpack_from(self._order + "I", entry, 4)[0]), 40)
        raw = (
            entry[8 : 8 + count]
            if count <= 4
            else self._block[self.number(entry) : self.number(entry) + count]
        )
        return raw.split(b"\0")[0].decode("ascii", "replace").strip()

    def degrees(self, entry: bytes) -> float:
        """Three fractions: degrees, minutes, seconds."""
        at = self.number(entry)
        parts = struct.unpack_from(self._order + "6I", self._block, at)
        return float(sum(parts[2 * i] / parts[2 * i + 1] / 60**i for i in range(3)))
