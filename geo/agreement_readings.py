"""Coordinates that were not read the way they were written: whole kilometres off, until re-read.

Each reading undoes one usual mistake. A reading is only proposed when it brings the layer to the place of its
reference, and it counts for nothing until the two layers are found to agree afterwards.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from enum import StrEnum
from typing import Final

import numpy as np
from pyproj import Transformer
from pyproj.exceptions import CRSError, ProjError

from geo.crs import WGS84, crs_of
from geo.errors import CrsUnknown
from geo.planar import Points


class Reading(StrEnum):
    """What was mistaken about the coordinates as a whole."""

    AS_DELIVERED = "as-delivered"
    AXES_SWAPPED = "axes-swapped"  # northing first
    DEGREES = "degrees"  # longitude, latitude in a metric file
    DEGREES_SWAPPED = "degrees-swapped"  # latitude, longitude in a metric file
    OTHER_ZONE = "other-zone"  # the neighbouring UTM zone
    WEB_MERCATOR = "web-mercator"  # EPSG:3857
    ZONE_PREFIX = "zone-prefix"  # 39278182 for zone 39, easting 278182
    TRUNCATED = "truncated"  # leading digits dropped
    UNIT = "unit"  # millimetres, centimetres, kilometres, feet


# Every second UTM family that a city's CRS may belong to: WGS 84 north and south, ETRS89, ED50(ED77) has its
# own.
_UTM: Final = re.compile(r"^EPSG:(326|327|258)(\d\d)$")
_UNITS: Final = (0.001, 0.01, 1000.0, 0.3048)
_WEB_MERCATOR: Final = "EPSG:3857"
# A reading must bring most of the layer this near to its reference.
_NEAR_M: Final = 1_000.0
_MOST: Final = 0.5
_DROPPED_M: Final = 100_000.0
# Beyond this a layer is somewhere else, not truncated: the longest northing.
_LONGEST_M: Final = 1.0e7

Move = Callable[[Points], Points]


def readings(moving: Points, fixed: Points, city_code: str) -> Iterator[tuple[Reading, str, Points]]:
    """The readings that bring `moving` to where `fixed` is: (mistake, detail, points in the city's CRS).

    The detail names the other system, the unit or the digits that were dropped.
    """
    for reading, detail, move in _candidates(moving, fixed, city_code):
        with np.errstate(all="ignore"):
            moved = move(moving)
        if _near(moved, fixed):
            yield reading, detail, moved


def overlaps(moving: Points, fixed: Points, margin_m: float) -> bool:
    """Whether any part of the two boxes, widened by the margin, is shared."""
    low = np.maximum(moving.min(axis=0), fixed.min(axis=0) - margin_m)
    high = np.minimum(moving.max(axis=0), fixed.max(axis=0) + margin_m)
    return bool((low <= high).all())


def _candidates(moving: Points, fixed: Points, city_code: str) -> Iterator[tuple[Reading, str, Move]]:
    yield Reading.AXES_SWAPPED, "", _swap
    if float(np.abs(moving).max()) <= 360.0:
        project = _from(WGS84, city_code)
        yield Reading.DEGREES, WGS84, project
        yield Reading.DEGREES_SWAPPED, WGS84, lambda xy: project(_swap(xy))
        return
    for zone in _zones(city_code):
        yield Reading.OTHER_ZONE, zone, _from(zone, city_code)
    yield Reading.WEB_MERCATOR, _WEB_MERCATOR, _from(_WEB_MERCATOR, city_code)
    yield from _prefixes(city_code)
    for unit in _UNITS:
        yield Reading.UNIT, f"{unit:g} m", _scaled(unit)
    dropped = np.rint((np.median(fixed, axis=0) - np.median(moving, axis=0)) / _DROPPED_M) * _DROPPED_M
    if dropped.any() and np.abs(dropped).max() <= _LONGEST_M:
        yield Reading.TRUNCATED, f"{dropped[0]:.0f} {dropped[1]:.0f}", _shifted(dropped)


def _swap(xy: Points) -> Points:
    return xy[:, ::-1]


def _scaled(unit: float) -> Move:
    return lambda xy: xy * unit


def _shifted(by: Points) -> Move:
    return lambda xy: xy + by


def _zones(city_code: str) -> Iterator[str]:
    match = _UTM.match(city_code)
    if match is None:
        return
    for zone in (int(match[2]) - 1, int(match[2]) + 1):
        code = f"EPSG:{match[1]}{zone:02d}"
        try:
            crs_of(code)
        except CrsUnknown:  # the family ends here
            continue
        yield code


def _prefixes(city_code: str) -> Iterator[tuple[Reading, str, Move]]:
    match = _UTM.match(city_code)
    if match is not None:
        yield Reading.ZONE_PREFIX, match[2], _shifted(np.array([-1e6 * int(match[2]), 0.0]))


def _from(source: str, city_code: str) -> Move:
    def move(xy: Points) -> Points:
        try:
            made = Transformer.from_crs(
                crs_of(source), crs_of(city_code), always_xy=True, allow_ballpark=False
            )
        except (CRSError, ProjError):
            return np.full_like(xy, np.nan)
        return np.column_stack(made.transform(xy[:, 0], xy[:, 1]))

    return move


def _near(moved: Points, fixed: Points) -> bool:
    low, high = fixed.min(axis=0) - _NEAR_M, fixed.max(axis=0) + _NEAR_M
    inside = ((moved >= low) & (moved <= high)).all(axis=1)
    return bool(inside.mean() >= _MOST)
