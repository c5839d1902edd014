"""Which system a file's numbers are in: stated by the file or the configuration, checked against the numbers.

Nothing here guesses. A file that states nothing is asked about; what would bring its numbers into the city is
listed (`fitting`), for the person who is asked.
"""

from __future__ import annotations

from typing import Any, Final

import numpy as np
import numpy.typing as npt
from pyproj import CRS, Transformer
from pyproj.exceptions import CRSError, ProjError

from geo.agreement_readings import Reading, readings
from geo.crs import WGS84, crs_of, lonlat_bounds, parse_code
from geo.errors import CrsUnknown, Param
from geo.shapes import looks_like_degrees
from layers.city import City
from layers.local_grid import LOCAL
from layers.readers.faults import (
    AxesSwapped,
    DegreesInMetricFile,
    DigitsDropped,
    OtherUnit,
    OtherZone,
    PlaceMistaken,
    SourceCrsContradiction,
    SourceCrsMissing,
    StatedCrsWrong,
    WebMercator,
    ZonePrefix,
)
from layers.readers.source import Source, Table, sample
from layers.report import Severity

# PROJ's confidence (per cent) from which a system that is spelt out without its number is taken as that one.
_CONFIDENCE: Final = 70
# A delivery mostly in the city is not misread; single features elsewhere are refused one by one.
_MOST: Final = 0.5
_MARGIN_DEG: Final = 0.02
Points = npt.NDArray[np.float64]

_FAULTS: Final[dict[Reading, type[PlaceMistaken]]] = {
    Reading.AXES_SWAPPED: AxesSwapped,
    Reading.DEGREES: DegreesInMetricFile,
    Reading.DEGREES_SWAPPED: DegreesInMetricFile,
    Reading.OTHER_ZONE: OtherZone,
    Reading.WEB_MERCATOR: WebMercator,
    Reading.ZONE_PREFIX: ZonePrefix,
    Reading.TRUNCATED: DigitsDropped,
    Reading.UNIT: OtherUnit,
}
_ASKED: Final = ("EPSG:4326", "EPSG:3857", "EPSG:2058", "EPSG:2059", "EPSG:2060", "EPSG:2061", "EPSG:4154")


def stated(table: Table, declared: str | None, file: str) -> str:
    """Return the code that the table is in: what the file states, else what the configuration declares.

    The vertical half of a compound system is noted and not used: depth below the surface is what is stored.
    Raises SourceCrsMissing or SourceCrsContradiction.
    """
    crs = None if table.crs is None else _parsed(table.crs, file)
    if crs is None or crs.is_engineering:  # a site's own grid, or "undefined" spelt out: nowhere on Earth
        if crs is not None:
            table.facts["site_crs"] = str(crs.name)
        if declared is None and table.usual_crs is None:
            x, y = _first_point(table)
            raise SourceCrsMissing(file=file, x=x, y=y, hint="state-the-crs")
        return declared or str(table.usual_crs)
    if crs.is_compound:
        table.facts["vertical_crs"] = crs.sub_crs_list[1].name
        table.say(Severity.NOTICE, "vertical-crs-not-used", crs=crs.sub_crs_list[1].name)
        crs = crs.sub_crs_list[0]
    code = _code(crs)
    if code is None:
        raise SourceCrsMissing(file=file, found=str(crs.name), hint="write-epsg-code")
    if declared is not None and declared != code:
        raise SourceCrsContradiction(file=file, stated=code, configured=declared)
    return code


def stated_code(table: Table) -> str | None:
    """Return the code that a table's file (or its format) states by itself; None: a person must say it."""
    if table.crs is None:
        return table.usual_crs
    try:
        crs = _parsed(table.crs, table.name or "")
    except SourceCrsMissing:
        return None
    if crs.is_engineering:  # a site's own grid, or "undefined" spelt out: nowhere on Earth
        return None
    return _code(crs.sub_crs_list[0] if crs.is_compound else crs)


def _parsed(said: Any, file: str) -> CRS:
    try:
        return CRS.from_user_input(said)
    except CRSError as error:
        raise SourceCrsMissing(file=file, found=str(said)[:120], hint="write-epsg-code") from error


def _code(crs: CRS) -> str | None:
    """Return "EPSG:n" of a system, also when the file spells it out in full without its number."""
    epsg = crs.to_epsg(min_confidence=_CONFIDENCE)
    if epsg is not None:
        return f"EPSG:{epsg}"
    authority = crs.to_authority(min_confidence=_CONFIDENCE)
    return WGS84 if authority == ("OGC", "CRS84") else None


def _first_point(table: Table) -> tuple[float | None, float | None]:
    points = sample(table.frame.geometry.array)
    return (round(float(points[0, 0]), 6), round(float(points[0, 1]), 6)) if len(points) else (None, None)


def check_units(source: Source, file: str) -> None:
    """Refuse metres under a system in degrees and the reverse: RFC 7946 lets GeoJSON say neither.

    Single rows that differ from the rest are left to the checks, which refuse and locate them.
    """
    if source.crs == LOCAL:
        return
    points = source.points
    if not len(points):
        return
    degrees = np.array([looks_like_degrees((x, y, x, y)) for x, y in points], dtype=bool)
    wrong = degrees != crs_of(source.crs).is_geographic
    if wrong.mean() > _MOST:
        x, y = (float(value) for value in points[np.flatnonzero(wrong)[0]])
        raise SourceCrsContradiction(file=file, stated=source.crs, x=x, y=y, hint="state-the-crs")


def check_place(source: Source, city: City) -> None:
    """Refuse a delivery that is not in the city when one usual mistake explains where it is.

    Raises a PlaceMistaken naming the mistake and the first point, as delivered. A delivery for which no
    mistake is found is left to the checks: its features are refused one by one as outside the city.
    """
    points = source.points
    if source.crs == LOCAL or not len(points) or _inside(points, source.crs, city).mean() >= _MOST:
        return
    x, y = (round(float(value), 6) for value in points[0])
    place: dict[str, Param] = {"file": source.name, "stated": source.crs, "x": x, "y": y}
    if _inside(points, city.crs, city).mean() >= _MOST and source.crs != city.crs:
        raise StatedCrsWrong(**place, fits=city.crs, hint="state-the-crs")
    if _inside(points[:, ::-1], source.crs, city).mean() >= _MOST:
        raise AxesSwapped(**place, reading=str(Reading.AXES_SWAPPED), detail="", hint="axes-swapped")
    for reading, detail, _ in readings(points, _corners(city), city.crs):
        if reading is Reading.TRUNCATED and not _shorter(points, city):
            continue
        if fault := _FAULTS.get(reading):
            raise fault(**place, reading=str(reading), detail=detail, hint="check-the-crs")


def known_systems(city: City) -> list[str]:
    """Return the codes of the systems that a file for this city may be in: its own, pinned ones, usual ones."""
    return list(dict.fromkeys((parse_code(city.crs), *city.operations, *_ASKED)))


def fitting(source: Table, city: City) -> list[str]:
    """Return the codes of systems in which most of the numbers would lie in the city: what to ask about."""
    points = sample(source.frame.geometry.array)
    if not len(points):
        return []
    return [code for code in known_systems(city) if _inside(points, code, city).mean() >= _MOST]


def _corners(city: City) -> Points:
    west, south, east, north = city.extent_m
    return np.array([[west, south], [east, north], [(west + east) / 2, (south + north) / 2]])


def _shorter(points: Points, city: City) -> bool:
    """Whether the numbers have fewer digits than the city's: else nothing can have been dropped."""
    return bool((np.median(np.abs(points), axis=0) < np.array(city.extent_m[:2])).any())


def _inside(points: Points, code: str, city: City) -> npt.NDArray[np.bool_]:
    """Return which points would lie in the city (within some 500 m, the datum set aside) if read as `code`."""
    nowhere = np.zeros(len(points), dtype=bool)
    west, south, east, north = lonlat_bounds(city.extent_m, city.crs)
    try:
        crs = crs_of(code)
        lonlat = _degrees(points, crs)
    except (CrsUnknown, CRSError, ProjError):
        return nowhere
    if lonlat is None:
        return nowhere
    low = np.array([west - _MARGIN_DEG, south - _MARGIN_DEG])
    high = np.array([east + _MARGIN_DEG, north + _MARGIN_DEG])
    with np.errstate(invalid="ignore"):
        within = (lonlat >= low) & (lonlat <= high)
    return within[:, 0] & within[:, 1]


def _degrees(points: Points, crs: CRS) -> Points | None:
    if crs.is_geographic:
        return points
    if crs.geodetic_crs is None:
        return None
    to = Transformer.from_crs(crs, crs.geodetic_crs, always_xy=True)
    return np.column_stack(to.transform(points[:, 0], points[:, 1]))
