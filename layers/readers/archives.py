"""Archives are opened with suspicion: bounded in size and number, no path outside, every checksum tested."""

from __future__ import annotations

import shutil
import stat
import zipfile
import zlib
from pathlib import Path, PurePosixPath

from layers.readers.faults import SourceDamaged, SourceTableUnstated, SourceTooLarge, SourceUnsafe

MAX_MEMBERS = 1_000
MAX_BYTES = 4 << 30
# Vector data packs ten or twenty times; a bomb packs a thousand times.
MAX_RATIO = 300
_RATIO_FROM = 16 << 20
_COPY = 1 << 20
# What can stand for a delivery inside an archive; other members (.dbf, .prj, read-me) belong to one of these.
MAIN_SUFFIXES = frozenset(
    {".gpkg", ".geojson", ".json", ".shp", ".dxf", ".kml", ".gml", ".csv", ".parquet", ".fgb", ".geojsonl"}
)
_BROKEN = (zipfile.BadZipFile, zlib.error, EOFError, OSError, NotImplementedError, ValueError, RuntimeError)


def unpacked(path: Path, folder: Path) -> Path:
    """Unpack an archive into `folder` and return its one GIS file; checksums are tested on the way.

    Raises SourceUnsafe (paths that lead outside, links, encrypted members, bombs), SourceTooLarge,
    SourceDamaged, or SourceTableUnstated when several GIS files are in it.
    """
    try:
        with zipfile.ZipFile(path) as archive:
            members = _checked(archive, path.name)
            for member in members:
                _unpack(archive, member, folder, path.name)
    except _BROKEN as error:
        raise SourceDamaged(file=path.name, problem=str(error) or type(error).__name__) from error
    return _main(path, folder, [member.filename for member in members])


def _checked(archive: zipfile.ZipFile, file: str) -> list[zipfile.ZipInfo]:
    members = [member for member in archive.infolist() if not member.is_dir()]
    if len(members) > MAX_MEMBERS:
        raise SourceTooLarge(file=file, found=len(members), limit=MAX_MEMBERS, of="members")
    for member in members:
        if problem := _problem(member):
            raise SourceUnsafe(file=file, member=member.filename, problem=problem)
    total, packed = sum(m.file_size for m in members), sum(m.compress_size for m in members)
    if total > MAX_BYTES:
        raise SourceTooLarge(file=file, found=total, limit=MAX_BYTES, of="bytes")
    if total > _RATIO_FROM and total > MAX_RATIO * max(packed, 1):
        raise SourceUnsafe(file=file, problem="bomb", ratio=total // max(packed, 1))
    return members


def _problem(member: zipfile.ZipInfo) -> str | None:
    name = member.filename.replace("\\", "/")
    parts = PurePosixPath(name).parts
    if name.startswith("/") or ".." in parts or ":" in name or "\0" in name:
        return "path-outside"
    if stat.S_ISLNK(member.external_attr >> 16):
        return "link"
    return "encrypted" if member.flag_bits & 0x1 else None


def _unpack(archive: zipfile.ZipFile, member: zipfile.ZipInfo, folder: Path, file: str) -> None:
    """Write one member; what it says about its size is not believed."""
    there = folder / member.filename.replace("\\", "/")
    if not there.resolve().is_relative_to(folder.resolve()):
        raise SourceUnsafe(file=file, member=member.filename, problem="path-outside")
    there.parent.mkdir(parents=True, exist_ok=True)
    left = member.file_size
    with archive.open(member) as packed, there.open("wb") as out:
        while chunk := packed.read(_COPY):
            left -= len(chunk)
            if left < 0:
                raise SourceUnsafe(file=file, member=member.filename, problem="bomb")
            out.write(chunk)


def _main(path: Path, folder: Path, names: list[str]) -> Path:
    mains = [name for name in names if PurePosixPath(name).suffix.lower() in MAIN_SUFFIXES]
    named = [name for name in mains if name == path.stem]
    if len(named or mains) != 1:
        raise SourceTableUnstated(
            file=path.name, tables=sorted(mains or names)[:20], hint="one-file-per-archive"
        )
    return folder / (named or mains)[0].replace("\\", "/")


def copied(path: Path, folder: Path) -> Path:
    """Copy a file into `folder`, for readers that write beside what they read."""
    there = folder / path.name
    shutil.copyfile(path, there)
    return there
