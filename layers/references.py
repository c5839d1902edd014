"""The coordinate reference systems in which a city's layers are offered, and what each costs.

Every feature is stored in the city's own CRS (metres) and in Web Mercator. A longitude-latitude rectangle is a
Web Mercator rectangle, exactly; so a filter in degrees needs no transformation of any stored shape and is
answered by the index of `geom_3857`.
"""

from __future__ import annotations

import math
import re
from dataclasses import dataclass
from enum import StrEnum
from functools import lru_cache

import numpy as np
import shapely
from numpy.typing import NDArray
from pyproj import CRS
from shapely.geometry.base import BaseGeometry

from layers.city import City

CRS84_URI = "http://www.opengis.net/def/crs/OGC/1.3/CRS84"
WEB_MERCATOR = 3857
_URI = "http://www.opengis.net/def/crs/EPSG/0/{code}"
_RADIUS_M = 6378137.0
# The pole is infinitely far away in Web Mercator.
_MAX_LATITUDE = 89.99
# A straight line in degrees is not straight in Web Mercator; in pieces this short the difference is below 2 cm.
_PIECE_DEGREES = 0.02
_MAX_PIECES = 20_000


class Space(StrEnum):
    """Where coordinates live: degrees, Web Mercator, or the city's own CRS."""

    LONLAT = "lonlat"
    MERCATOR = "mercator"
    CITY = "city"


@dataclass(frozen=True, slots=True)
class Reference:
    """One CRS on offer; `is_flipped`: its definition puts the northing (or latitude) first."""

    uri: str
    code: str
    space: Space
    is_flipped: bool


CRS84 = Reference(CRS84_URI, "OGC:CRS84", Space.LONLAT, is_flipped=False)


@lru_cache(maxsize=32)
def _reference(srid: int, space: Space) -> Reference:
    crs = CRS.from_epsg(srid)
    is_flipped = bool(crs.axis_info) and crs.axis_info[0].direction.lower() in {"north", "south"}
    return Reference(_URI.format(code=srid), f"EPSG:{srid}", space, is_flipped)


def storage(city: City) -> Reference:
    """Return the CRS in which the city's layers are stored."""
    return _reference(city.srid, Space.CITY)


def offered(city: City) -> tuple[Reference, ...]:
    """Return every CRS in which the city's layers can be read, the default first."""
    return (
        CRS84,
        storage(city),
        _reference(4326, Space.LONLAT),
        _reference(WEB_MERCATOR, Space.MERCATOR),
    )


def find(city: City, said: str) -> Reference | None:
    """Return the CRS that a client names (URI, URN, `[EPSG:n]` or `EPSG:n`), or None where it is not on offer."""
    bare = said.strip().removeprefix("[").removesuffix("]")
    matched = re.fullmatch(
        r"(?:https?://www\.opengis\.net/def/crs/EPSG/(?:0|\d+(?:\.\d+)*)/|urn:ogc:def:crs:EPSG:[\d.]*:|EPSG:)(\d{1,6})",
        bare,
    )
    if matched is not None:
        code = f"EPSG:{matched.group(1)}"
    elif re.fullmatch(
        r"(?:https?://www\.opengis\.net/def/crs/OGC/(?:0|1\.3)/|urn:ogc:def:crs:OGC:(?:1\.3)?:|OGC:)CRS84",
        bare,
    ):
        code = "OGC:CRS84"
    else:
        return None
    return next((each for each in offered(city) if each.code == code), None)


def mercator_xy(points: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return Web Mercator metres of longitudes and latitudes in degrees (rows of two)."""
    latitude = np.radians(np.clip(points[:, 1], -_MAX_LATITUDE, _MAX_LATITUDE))
    return np.column_stack((np.radians(points[:, 0]) * _RADIUS_M, np.arctanh(np.sin(latitude)) * _RADIUS_M))


def to_mercator(shape: BaseGeometry) -> BaseGeometry:
    """Return a shape in degrees (longitude first) as one in Web Mercator metres."""
    west, south, east, north = shape.bounds
    if not is_axis_parallel(shape):
        piece = max(_PIECE_DEGREES, (east - west + north - south) / _MAX_PIECES, shape.length / _MAX_PIECES)
        shape = shapely.segmentize(shape, piece)
    return shapely.transform(shape, mercator_xy)


def is_axis_parallel(shape: BaseGeometry) -> bool:
    """Say whether every edge runs north-south or east-west: such edges stay straight in Web Mercator."""
    if shape.geom_type in {"Point", "MultiPoint"}:
        return True
    for part in shapely.get_parts(shape):
        rings = [part.exterior, *part.interiors] if part.geom_type == "Polygon" else [part]
        for ring in rings:
            steps = np.diff(shapely.get_coordinates(ring), axis=0)
            if np.any((steps[:, 0] != 0) & (steps[:, 1] != 0)):
                return False
    return True


def mercator_box(west: float, south: float, east: float, north: float) -> tuple[float, float, float, float]:
    """Return a rectangle of degrees as one of Web Mercator metres."""
    lower, upper = (
        math.atanh(math.sin(math.radians(min(max(y, -_MAX_LATITUDE), _MAX_LATITUDE)))) for y in (south, north)
    )
    return (
        math.radians(west) * _RADIUS_M,
        lower * _RADIUS_M,
        math.radians(east) * _RADIUS_M,
        upper * _RADIUS_M,
    )


def lonlat_box(west: float, south: float, east: float, north: float) -> tuple[float, float, float, float]:
    """Return a rectangle of Web Mercator metres as one of degrees."""
    lower, upper = (math.degrees(math.asin(math.tanh(y / _RADIUS_M))) for y in (south, north))
    return math.degrees(west / _RADIUS_M), lower, math.degrees(east / _RADIUS_M), upper


def earthly(values: tuple[float, ...]) -> bool:
    """Say whether all coordinates are finite and of earthly size."""
    return all(math.isfinite(value) and abs(value) < 1e9 for value in values)


def flipped(shape: BaseGeometry) -> BaseGeometry:
    """Return the shape with the two coordinates of every point exchanged."""
    return shapely.transform(shape, lambda points: points[:, ::-1])
