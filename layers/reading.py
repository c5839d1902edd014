"""A delivered file -> GeoDataFrame whose CRS is stated: GeoPackage, GeoJSON, Shapefile, zipped or not."""

from __future__ import annotations

import hashlib
import math
import zipfile
from dataclasses import dataclass
from pathlib import Path

import geopandas
import pyogrio
from pyogrio.errors import DataLayerError, DataSourceError
from pyproj import CRS

from geo.errors import PanjerehError
from geo.shapes import looks_like_degrees

_CHUNK = 1 << 20


class SourceUnreadable(PanjerehError):
    """The file is missing, is no GIS file, or has no such table."""

    code = "source-unreadable"


class SourceCrsMissing(PanjerehError):
    """The file does not say which coordinate reference system it is in."""

    code = "source-crs-missing"


class SourceCrsContradiction(PanjerehError):
    """What the file says about its CRS contradicts its coordinates or the configuration."""

    code = "source-crs-contradiction"


@dataclass(frozen=True, slots=True)
class Source:
    """A table as delivered: its rows in file order, and the code of the CRS that they are in."""

    frame: geopandas.GeoDataFrame
    crs: str
    name: str


def file_hash(path: Path) -> str:
    """Return the SHA-256 of a file's bytes; raises SourceUnreadable if there is none."""
    digest = hashlib.sha256()
    try:
        with path.open("rb") as file:
            while chunk := file.read(_CHUNK):
                digest.update(chunk)
    except OSError as error:
        raise SourceUnreadable(file=path.name, problem=error.strerror or str(error)) from error
    return digest.hexdigest()


def _gdal_path(path: Path) -> str:
    if path.suffix != ".zip":
        return str(path)
    try:
        members = zipfile.ZipFile(path).namelist()
    except zipfile.BadZipFile as error:
        raise SourceUnreadable(file=path.name, problem=str(error)) from error
    inner = next(
        (member for member in members if member == path.stem), members[0] if len(members) == 1 else ""
    )
    return f"/vsizip/{path.resolve()}/{inner}".rstrip("/")


def _code(crs: CRS) -> str | None:
    """Return "EPSG:n" of a CRS, also when the file spells it out in full without its number."""
    epsg = crs.to_epsg(min_confidence=70)
    if epsg is not None:
        return f"EPSG:{epsg}"
    authority = crs.to_authority(min_confidence=70)
    return "EPSG:4326" if authority == ("OGC", "CRS84") else None


def _stated_crs(frame: geopandas.GeoDataFrame, declared: str | None, file: str) -> str:
    found = frame.crs
    if found is None:
        if declared is None:
            raise SourceCrsMissing(file=file, hint="state-the-crs")
        return declared
    code = _code(CRS.from_user_input(found))
    if code is None:
        raise SourceCrsMissing(file=file, found=str(CRS.from_user_input(found).name), hint="write-epsg-code")
    if declared is not None and declared != code:
        raise SourceCrsContradiction(file=file, stated=code, configured=declared)
    return code


def _check_coordinates(frame: geopandas.GeoDataFrame, code: str, file: str) -> None:
    """Refuse metres under a CRS in degrees and the reverse: RFC 7946 lets GeoJSON say neither."""
    west, south, east, north = (float(value) for value in frame.total_bounds)
    if not math.isfinite(west):  # there is no geometry at all
        return
    if looks_like_degrees((west, south, east, north)) != CRS.from_user_input(code).is_geographic:
        raise SourceCrsContradiction(file=file, stated=code, x=west, y=south)


def read(
    path: Path, table: str | None = None, *, crs: str | None = None, encoding: str | None = None
) -> Source:
    """Return one table of a file, in file order, with the CRS that the file or the configuration states.

    `crs` ("EPSG:n") is what the configuration says about files that carry none (a Shapefile without .prj); a
    file that says otherwise is refused. Raises SourceUnreadable, SourceCrsMissing or SourceCrsContradiction.
    """
    if not path.exists():
        raise SourceUnreadable(file=path.name, problem="no such file")
    try:
        frame = pyogrio.read_dataframe(_gdal_path(path), layer=table, encoding=encoding)
    except (DataSourceError, DataLayerError) as error:
        raise SourceUnreadable(file=path.name, table=table, problem=str(error)) from error
    if not isinstance(frame, geopandas.GeoDataFrame):
        raise SourceUnreadable(file=path.name, table=table, problem="the table has no geometry column")
    code = _stated_crs(frame, crs, path.name)
    _check_coordinates(frame, code, path.name)
    return Source(frame, code, f"{path.name}:{table}" if table else path.name)
