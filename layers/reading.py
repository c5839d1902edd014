"""A delivered file -> its rows, its stated CRS, and all that was noticed on the way.

GeoPackage, GeoJSON, Shapefile, DXF, KML and KMZ, GML, delimited text, GeoParquet and FlatGeobuf, also in a
zip archive. Every record of the file is a row of the result, or the file is refused as a whole.
"""

from __future__ import annotations

import hashlib
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from layers.readers import (
    delimited,
    dxf,
    flatgeobuf,
    geojson,
    geopackage,
    geoparquet,
    gml,
    kml,
    records,
    reference,
    shapefile,
)
from layers.readers.archives import unpacked
from layers.readers.faults import (
    SourceCrsContradiction,
    SourceCrsMissing,
    SourceDamaged,
    SourceFormatUnknown,
    SourceUnreadable,
)
from layers.readers.gdal import BREAKS
from layers.readers.source import FrameSource, Source, Table
from layers.readers.streams import Stream, StreamSource

__all__ = [
    "Source",
    "SourceCrsContradiction",
    "SourceCrsMissing",
    "SourceUnreadable",
    "Table",
    "file_hash",
    "read",
    "read_table",
]

_CHUNK = 1 << 20
_ARCHIVES = frozenset({".zip", ".kmz"})
# (path, table, encoding) -> the table as delivered.
_READERS: dict[str, Callable[[Path, str | None, str | None], Table]] = {
    ".gpkg": lambda path, table, _: geopackage.read(path, table),
    ".geojson": lambda path, _, __: geojson.read(path),
    ".json": lambda path, _, __: geojson.read(path),
    ".geojsonl": lambda path, _, __: geojson.read(path),
    ".geojsons": lambda path, _, __: geojson.read(path),
    ".ndjson": lambda path, _, __: geojson.read(path),
    ".shp": lambda path, _, encoding: shapefile.read(path, encoding),
    ".dxf": dxf.read,
    ".kml": lambda path, table, _: kml.read(path, table),
    ".gml": lambda path, table, _: gml.read(path, table),
    ".xml": lambda path, table, _: gml.read(path, table),
    ".csv": lambda path, _, encoding: delimited.read(path, encoding),
    ".tsv": lambda path, _, encoding: delimited.read(path, encoding),
    ".txt": lambda path, _, encoding: delimited.read(path, encoding),
    ".parquet": lambda path, _, __: geoparquet.read(path),
    ".geoparquet": lambda path, _, __: geoparquet.read(path),
    ".fgb": lambda path, _, __: flatgeobuf.read(path),
}


def file_hash(path: Path) -> str:
    """Return the SHA-256 of a file's bytes, and of those that belong to it; SourceUnreadable if there is none."""
    digest = hashlib.sha256()
    try:
        for part in _parts(path):
            with part.open("rb") as file:
                while chunk := file.read(_CHUNK):
                    digest.update(chunk)
    except OSError as error:
        raise SourceUnreadable(file=path.name, problem=error.strerror or str(error)) from error
    return digest.hexdigest()


def _parts(path: Path) -> list[Path]:
    """Return a file and, for a Shapefile, its companions: other attributes are another delivery."""
    if path.suffix.lower() != ".shp" or not path.is_file():
        return [path]
    kinds = (".dbf", ".prj", ".cpg")
    beside = [p for p in path.parent.iterdir() if p.stem == path.stem and p.suffix.lower() in kinds]
    return [path, *sorted(beside)]


def read_table(path: Path, table: str | None = None, *, encoding: str | None = None) -> Table:
    """Return one table of a file, examined, before anything is said about its CRS.

    Raises a SourceUnreadable: truncated, damaged, unsafe, too large, unknown format, unclear table.
    """
    if not path.is_file():
        raise SourceUnreadable(file=path.name, problem="no such file")
    if path.suffix.lower() in _ARCHIVES:
        with tempfile.TemporaryDirectory(prefix="panjereh-") as folder:
            return _named(_read(unpacked(path, Path(folder)), table, encoding), path)
    return _named(_read(path, table, encoding), path)


def _read(path: Path, table: str | None, encoding: str | None) -> Table:
    reader = _READERS.get(path.suffix.lower())
    if reader is None:
        raise SourceFormatUnknown(file=path.name, found=path.suffix, known=sorted(_READERS))
    try:
        made = reader(path, table, encoding)
        records.examine(made)
    except BREAKS as error:  # what no reader foresaw is still a fault of the file, told as one
        raise SourceDamaged(file=path.name, problem=f"{type(error).__name__}: {error}"[:200]) from error
    return made


def _named(table: Table, path: Path) -> Table:
    table.name = f"{path.name}:{table.name}" if table.name else path.name
    return table


def read(
    path: Path, table: str | None = None, *, crs: str | None = None, encoding: str | None = None
) -> FrameSource:
    """Return one table of a file, in file order, with the CRS that the file or the configuration states.

    `crs` ("EPSG:n", or "local" for a grid of its own) is what the configuration says about files that carry
    none (a drawing, a Shapefile without .prj); a file that says otherwise is refused. Raises a
    SourceUnreadable, SourceCrsMissing or SourceCrsContradiction.
    """
    made = read_table(path, table, encoding=encoding)
    source = as_source(made, reference.stated(made, crs, path.name))
    reference.check_units(source, path.name)
    return source


def as_source(table: Table, crs: str) -> FrameSource:
    """Return a table with its CRS settled."""
    return FrameSource.of(table, crs)


@contextmanager
def opened(
    path: Path, table: str | None = None, *, crs: str | None = None, encoding: str | None = None
) -> Iterator[Source]:
    """Give one table of a file as `read` does, but in batches where the format allows it: memory stays flat.

    Whether its numbers fit its units is to be asked after the first look (`reference.check_units`). Raises as `read`;
    a stream's damage may only show on the way, as a SourceUnreadable.
    """
    if not path.is_file():
        raise SourceUnreadable(file=path.name, problem="no such file")
    with tempfile.TemporaryDirectory(prefix="panjereh-") as folder:
        is_archive = path.suffix.lower() in _ARCHIVES
        file = unpacked(path, Path(folder)) if is_archive else path
        streamed = _streamed(file, table)
        if streamed is None:
            made = read_table(path, table, encoding=encoding)
            yield as_source(made, reference.stated(made, crs, path.name))
            return
        code = reference.stated(streamed.head, crs, path.name)
        yield StreamSource.of(streamed, code, f"{path.name}:{streamed.table}")


def _streamed(path: Path, table: str | None) -> Stream | None:
    if path.suffix.lower() != ".gpkg":
        return None
    try:
        return geopackage.stream(path, table)
    except BREAKS as error:
        raise SourceDamaged(file=path.name, problem=f"{type(error).__name__}: {error}"[:200]) from error
