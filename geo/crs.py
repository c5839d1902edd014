"""Into the city's metric reference system, by a named operation or not at all.

PROJ, left alone, chooses an operation by the accuracy printed beside it and falls back to a "ballpark" zero
shift when it knows none: at Tehran the first is 17 m wrong, at Ahvaz the second about 175 m. So here

* a reference system is stated, never guessed;
* ballpark operations are not even listed (`allow_ballpark=False`);
* an operation is used only where its published area of use holds the shape;
* when several remain, the city must pin one by its EPSG code.

All coordinates here are in x, y order (longitude, latitude; easting, northing), as in GeoJSON, whatever
order the authority prints.
"""

from __future__ import annotations

import math
import re
import warnings
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import lru_cache, partial
from typing import Any, Final

import numpy as np
import numpy.typing as npt
import shapely
from pyproj import CRS, Transformer
from pyproj.exceptions import CRSError, ProjError
from pyproj.transformer import TransformerGroup
from shapely.geometry.base import BaseGeometry

from geo.errors import (
    CrsMissing,
    CrsNotMetric,
    CrsUnknown,
    DegreesAsMetres,
    EmptyShape,
    MetresAsDegrees,
    NoOperation,
    OperationNotPinned,
    OperationUnknown,
    OutOfArea,
)
from geo.shapes import Bounds, looks_like_degrees

Coordinates = npt.NDArray[np.float64]

WGS84: Final = "EPSG:4326"
# Published areas of use end on the meridian; a parcel a few streets beyond still projects to the millimetre.
CRS_AREA_TOLERANCE_DEG: Final = 0.25
# Datums lie apart by hundreds of metres: the same place has degrees that differ by less than this.
DATUM_SLACK_DEG: Final = 0.05
CONVERSION: Final = "conversion"
_CODE: Final = re.compile(
    r"^(?:EPSG:|urn:ogc:def:crs:EPSG:[\d.]*:|https?://www\.opengis\.net/def/crs/EPSG/[\d.]+/)(\d{4,6})$", re.I
)
_CRS84: Final = re.compile(
    r"^(?:OGC:CRS84|urn:ogc:def:crs:OGC:[\d.]*:CRS84|https?://.*/OGC/[\d.]+/CRS84)$", re.I
)
_OPERATION: Final = re.compile(r"^EPSG:(\d{4,6})$", re.I)


@dataclass(frozen=True, slots=True)
class Operation:
    """One way between two reference systems.

    `code` names the datum operation ("EPSG:1514"), or `conversion` when both share a datum. `area` is its
    area of use (west, south, east, north in degrees); `accuracy_m` is the authority's figure, None when it
    gives none.
    """

    code: str
    name: str
    accuracy_m: float | None
    area: Bounds | None
    pipeline: str

    def covers(self, area: Bounds) -> bool:
        """True when the published area of use holds `area` (degrees)."""
        return self.area is None or _holds(self.area, area)


@dataclass(frozen=True, slots=True)
class CityCrs:
    """A city's storage system: projected, in metres.

    `bounds_wgs84` (west, south, east, north in degrees) is where the city's own shapes may lie; None =
    anywhere in the system's area of use. `pinned` names, per source system, the operation the city has
    decided on.
    """

    code: str
    bounds_wgs84: Bounds | None = None
    pinned: Mapping[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        crs = crs_of(self.code)
        object.__setattr__(self, "code", parse_code(self.code))
        metric = crs.is_projected and all(axis.unit_conversion_factor == 1.0 for axis in crs.axis_info[:2])
        if not metric:
            raise CrsNotMetric(crs=self.code, hint="use-a-projected-system")


@dataclass(frozen=True, slots=True)
class Transformed:
    """A shape in the city's system, and how it came there."""

    shape: BaseGeometry
    source_crs: str
    operation: str
    operation_name: str
    accuracy_m: float | None

    @property
    def uncertainty_m(self) -> float:
        """What the operation adds to the position (95 % half width, m).

        Nothing for a plain conversion; nothing for WGS 84, because such shapes are drawn on this city's own
        map and come back by the inverse of the operation that put them there.
        """
        drawn_here = self.operation == CONVERSION or self.source_crs == WGS84
        return 0.0 if drawn_here else self.accuracy_m or 0.0


def parse_code(stated: str | None) -> str:
    """The canonical "EPSG:n" of a stated reference system; a bare number is not a statement.

    >>> parse_code("urn:ogc:def:crs:EPSG::25832"), parse_code("OGC:CRS84")
    ('EPSG:25832', 'EPSG:4326')
    """
    text = (stated or "").strip()
    if not text:
        raise CrsMissing(known=WGS84, hint="state-crs")
    if _CRS84.match(text):
        return WGS84
    match = _CODE.match(text)
    if match is None:
        raise CrsUnknown(crs=text, hint="write-epsg-code")
    return f"EPSG:{int(match[1])}"


def crs_of(stated: str | None) -> CRS:
    """The reference system of a stated code. Raises `CrsMissing` or `CrsUnknown`."""
    return _crs(parse_code(stated))


@lru_cache(maxsize=256)
def _crs(code: str) -> CRS:
    try:
        found = CRS.from_user_input(code)
    except CRSError:
        raise CrsUnknown(crs=code, hint="write-epsg-code") from None
    if not (found.is_projected or found.is_geographic):
        raise CrsUnknown(crs=code, hint="use-a-map-system")
    return found


@lru_cache(maxsize=256)
def operations(source: str, target: str) -> tuple[Operation, ...]:
    """Every published, usable operation between two codes, ballpark ones left out; PROJ's order."""
    with warnings.catch_warnings():
        # PROJ tells of better operations whose grid files are not installed; what is installed is listed.
        warnings.simplefilter("ignore", UserWarning)
        try:
            group = TransformerGroup(_crs(source), _crs(target), always_xy=True, allow_ballpark=False)
        except (ProjError, IndexError):  # pyproj 3.7 raises the latter when not one operation is left
            return ()
    return tuple(_described(transformer) for transformer in group.transformers)


def operation_for(source: str, city: CityCrs, area: Bounds, pinned: str | None = None) -> Operation:
    """The one operation from `source` to the city's system for shapes within `area` (degrees).

    `pinned` ("EPSG:1514") outranks the city's own pin. Raises `NoOperation`, `OperationUnknown`,
    `OperationNotPinned`, or `OutOfArea` when the pinned operation is not made for this place.
    """
    found = operations(parse_code(source), city.code)
    wanted = pinned or city.pinned.get(parse_code(source))
    return _chosen(found, wanted, area, source, city.code)


def transform_to(
    shape: BaseGeometry, from_crs: str | None, city_crs: CityCrs, operation: str | None = None
) -> Transformed:
    """The shape in the city's system (2D, metres), by the pinned or the only fitting operation.

    Raises a `CrsError`: reference system not stated or unknown, degrees given for metres or the reverse, no
    or no single operation, or a place outside the operation's, the system's or the city's area.

    >>> ahvaz = CityCrs("EPSG:32639", pinned={"EPSG:2059": "EPSG:1514"})
    >>> moved = transform_to(shapely.Point(278182.86, 3467224.63), "EPSG:2059", ahvaz)
    >>> moved.operation, round(moved.shape.y - 3467224.63)
    ('EPSG:1514', -175)
    """
    source = parse_code(from_crs)
    crs = crs_of(source)
    if shape.is_empty:
        raise EmptyShape(hint="draw-an-area")
    check_units(crs, shape.bounds, source)
    area = lonlat_bounds(shape.bounds, source)
    hint = partial(_hint, shape.bounds, source, city_crs)
    _check_area(area, source, hint)
    flat = shapely.force_2d(shape)
    if source == city_crs.code:
        _check_city(area, city_crs, hint)
        return Transformed(flat, source, CONVERSION, "identity", 0.0)
    # A place far from the city has operations of its own, and none of them is the question.
    _check_city(area, city_crs, hint, DATUM_SLACK_DEG)
    chosen = operation_for(source, city_crs, area, operation)
    moved = shapely.transform(flat, mover(chosen))
    landed = lonlat_bounds(moved.bounds, city_crs.code)
    _check_area(landed, city_crs.code, hint)
    _check_city(landed, city_crs, hint)
    return Transformed(moved, source, chosen.code, chosen.name, chosen.accuracy_m)


def to_wgs84(shape_m: BaseGeometry, city_crs: CityCrs) -> BaseGeometry:
    """A shape of the city's system as longitude and latitude, by the inverse of the city's operation."""
    return lonlat_around(shape_m, city_crs)(shape_m)


def lonlat_around(place_m: BaseGeometry, city_crs: CityCrs) -> Callable[[BaseGeometry], BaseGeometry]:
    """What `to_wgs84` does, for many shapes around one place: the operation is chosen once."""
    area = lonlat_bounds(place_m.bounds, city_crs.code)
    found = operations(city_crs.code, WGS84)
    move = mover(_chosen(found, city_crs.pinned.get(WGS84), area, city_crs.code, WGS84))

    def shown(shape_m: BaseGeometry) -> BaseGeometry:
        return shapely.transform(shapely.force_2d(shape_m), move)

    return shown


def mover(operation: Operation) -> Callable[[Coordinates], Coordinates]:
    """A function from an (n, 2) array of x, y to the same in the target system, for `shapely.transform`."""
    transformer = _transformer(operation.pipeline)

    def move(xy: Coordinates) -> Coordinates:
        return np.column_stack(transformer.transform(xy[:, 0], xy[:, 1]))

    return move


def lonlat_bounds(bounds: Bounds, source: str) -> Bounds:
    """Bounds as degrees in the system's own datum: within 500 m of WGS 84, enough for areas of use."""
    crs = crs_of(source)
    if crs.is_geographic:
        return bounds
    west, south, east, north = bounds
    lon, lat = _to_geographic(parse_code(source)).transform(
        np.array([west, east, west, east]), np.array([south, north, north, south])
    )
    return float(np.min(lon)), float(np.min(lat)), float(np.max(lon)), float(np.max(lat))


def check_units(crs: CRS, bounds: Bounds, source: str) -> None:
    """Refuse degrees stated to be metres, and metres stated to be degrees."""
    degrees = looks_like_degrees(bounds)
    if crs.is_projected and degrees:
        raise DegreesAsMetres(crs=source, x=bounds[0], y=bounds[1], hint="state-epsg-4326")
    if crs.is_geographic and not degrees:
        raise MetresAsDegrees(crs=source, x=bounds[0], y=bounds[1], hint="state-the-metric-crs")


@lru_cache(maxsize=64)
def _to_geographic(code: str) -> Transformer:
    crs = _crs(code)
    if crs.geodetic_crs is None:
        raise CrsUnknown(crs=code, hint="use-a-map-system")
    return Transformer.from_crs(crs, crs.geodetic_crs, always_xy=True)


@lru_cache(maxsize=64)
def _transformer(pipeline: str) -> Transformer:
    # Made from the pipeline text because such transformers are safe to share between threads.
    return Transformer.from_pipeline(pipeline)


def _described(transformer: Transformer) -> Operation:
    codes = [code for code in map(_datum_code, _steps(transformer.to_json_dict())) if code]
    use = transformer.area_of_use
    accuracy = transformer.accuracy
    return Operation(
        code="+".join(codes) or CONVERSION,
        name=transformer.description,
        accuracy_m=accuracy if accuracy is not None and accuracy >= 0 else None,
        area=(use.west, use.south, use.east, use.north) if use and codes else None,
        pipeline=transformer.definition,
    )


def _steps(operation: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    steps = operation.get("steps")
    return [operation] if steps is None else [inner for step in steps for inner in _steps(step)]


def _datum_code(step: Mapping[str, Any]) -> str | None:
    """The code of a step that changes the datum; projections and axis orders are conversions: None."""
    if step.get("type") == "Conversion":
        return None
    known = step.get("id") or {}
    return f"EPSG:{known['code']}" if "EPSG" in str(known.get("authority")) else str(step.get("name"))


def _chosen(
    found: tuple[Operation, ...], wanted: str | None, area: Bounds, source: str, target: str
) -> Operation:
    if wanted is not None:
        return _pinned(found, wanted, area, source, target)
    fitting = [operation for operation in found if operation.covers(area)]
    listed = [operation.code for operation in found]
    if not fitting:
        raise NoOperation(source=source, target=target, candidates=listed, hint="fit-control-points")
    if len({operation.code for operation in fitting}) > 1:
        candidates = [operation.code for operation in fitting]
        raise OperationNotPinned(source=source, target=target, candidates=candidates, hint="pin-an-operation")
    return fitting[0]


def _pinned(found: tuple[Operation, ...], wanted: str, area: Bounds, source: str, target: str) -> Operation:
    code = wanted.upper() if _OPERATION.match(wanted) else wanted
    match = next((operation for operation in found if operation.code == code), None)
    if match is None:
        listed = [operation.code for operation in found]
        raise OperationUnknown(
            source=source, target=target, operation=wanted, candidates=listed, hint="pin-an-operation"
        )
    if not match.covers(area):
        raise OutOfArea(of="operation", name=match.code, x=area[0], y=area[1], hint="pin-an-operation")
    return match


def _check_area(area: Bounds, source: str, hint: Callable[[], str]) -> None:
    """The place lies in the area of use of the system its coordinates are stated in."""
    if not all(math.isfinite(value) for value in area):
        raise OutOfArea(of="crs", name=source, hint=hint())
    use = crs_of(source).area_of_use
    if use is None:
        return
    slack = CRS_AREA_TOLERANCE_DEG
    wide = (use.west - slack, use.south - slack, use.east + slack, use.north + slack)
    if not _holds(wide, area):
        raise OutOfArea(of="crs", name=source, x=area[0], y=area[1], hint=hint())


def _check_city(area: Bounds, city: CityCrs, hint: Callable[[], str], slack_deg: float = 0.0) -> None:
    """The place lies within the city's bounds, or `slack_deg` around them."""
    if city.bounds_wgs84 is None:
        return
    west, south, east, north = city.bounds_wgs84
    wide = (west - slack_deg, south - slack_deg, east + slack_deg, north + slack_deg)
    if not _holds(wide, area):
        raise OutOfArea(of="city", name=city.code, x=area[0], y=area[1], hint=hint())


def _hint(stated: Bounds, source: str, city: CityCrs) -> str:
    """Whether the place would lie in the city if x and y were exchanged."""
    west, south, east, north = stated
    swapped = lonlat_bounds((south, west, north, east), source)
    inside = city.bounds_wgs84 is not None and _holds(city.bounds_wgs84, swapped)
    return "axes-swapped" if inside else "check-the-crs"


def _holds(outer: Bounds, inner: Bounds) -> bool:
    if outer[0] > outer[2]:  # across the 180th meridian
        return (
            outer[1] <= inner[1] and inner[3] <= outer[3] and (inner[0] >= outer[0] or inner[2] <= outer[2])
        )
    return outer[0] <= inner[0] and outer[1] <= inner[1] and inner[2] <= outer[2] and inner[3] <= outer[3]
