"""What a misread datum looks like at a place: the known shifts that an estimated one is compared with.

Coordinates of an old datum, taken as the city's, lie wrong by an amount that the published operations predict
at each place. All datums with a claim on the neighbourhood are computed here (through pinned operations,
never a ballpark), read in both ways that happen: as projected coordinates of the same zone, and as degrees. A
found shift is named only when it lies within the gap to the nearest other name; names that the evidence
cannot part are listed together, and a shift that is near none stays an unknown local shift.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from functools import lru_cache
from typing import Final

import numpy as np
from pyproj import CRS, Proj, Transformer
from pyproj.aoi import AreaOfInterest, AreaOfUse
from pyproj.crs import ProjectedCRS
from pyproj.database import query_crs_info
from pyproj.enums import PJType
from pyproj.exceptions import ProjError

from geo.crs import WGS84, crs_of, lonlat_bounds, mover, operations
from geo.planar import Points, Similarity
from geo.shapes import Bounds

# Datums in use so many degrees around: old maps do not stop at borders (Nahrwan 1967, Karbala 1979 at Ahvaz).
_NEIGHBOURHOOD_DEG: Final = 5.0
# Beyond this a misreading is not a shifted layer but another place: see `geo.agreement_readings`.
_MOST_SHIFT_M: Final = 3_000.0
# Smaller shifts have a hundred everyday causes; a name would only mislead.
_LEAST_SHIFT_M: Final = 1.0
# World-wide frames agree to less than that, but for the ones that old satellite receivers gave.
_OLD_WORLD: Final = frozenset({"EPSG:4322", "EPSG:4324"})  # WGS 72, WGS 72BE
# No name is given to a shift that is farther from it than this, whatever the gap.
_MOST_OFF_M: Final = 2.0
_GRID: Final = 5
# Ground distances are recognised by their scale alone; heights add some parts per million to it.
_GROUND_PPM: Final = 30.0
_WORTH_PPM: Final = 80.0


class Misreading(StrEnum):
    """How coordinates of one system came to be taken as another's."""

    PROJECTED = "projected"  # eastings and northings of the old datum's zone taken as the city's
    GEOGRAPHIC = "geographic"  # degrees of the old datum taken as WGS 84
    GROUND_DISTANCES = "ground-distances"  # a survey's own metres taken as grid metres


@dataclass(frozen=True, slots=True)
class Signature:
    """A known cause that the found shift looks like.

    `offset_m` is what it does here (delivered minus true, east and north), `residual_m` how far the found
    movement is from it over the layer (root mean square). `in_area` says whether the operation is made for
    this place: it may have been used, wrongly, and is still no operation to correct with.
    """

    misreading: Misreading
    source: str
    source_name: str
    operation: str
    offset_m: tuple[float, float]
    residual_m: float
    in_area: bool
    accuracy_m: float | None


@dataclass(frozen=True, slots=True)
class _Hypothesis:
    signature: Signature
    landed: Points


def looks_like(
    movement: Similarity, city_code: str, bounds_m: Bounds, error_m: float, scale_se: float | None = None
) -> tuple[Signature, ...]:
    """The known causes that the movement (delivered to true) cannot be told apart from, the nearest first.

    `scale_se` is the standard error of a scale that stands out, None when there is none. `bounds_m` is the
    layer's box in the city's CRS, `error_m` the standard error of the movement at its edge. Empty: an unknown
    local shift.

    >>> from geo.planar import Similarity
    >>> found = looks_like(Similarity(278_000.0, 3_467_000.0, 14.9, -174.9), "EPSG:32639",
    ...                    (275_000.0, 3_465_000.0, 281_000.0, 3_469_000.0), 0.05)
    >>> [(s.source_name, s.operation, s.misreading.value) for s in found]
    [('ED50(ED77)', 'EPSG:1514', 'projected')]
    >>> looks_like(Similarity(278_000.0, 3_467_000.0, 137.0, -62.0), "EPSG:32639",
    ...            (275_000.0, 3_465_000.0, 281_000.0, 3_469_000.0), 0.05)
    ()
    """
    box = _rounded(bounds_m)
    landed = movement.apply(_grid(box))
    near = sorted(
        ((_rms(known.landed - landed), known) for known in known_shifts(city_code, box)),
        key=lambda pair: pair[0],
    )
    named = _inseparable(near, error_m) if near else ()
    return named or _ground(movement, city_code, box, scale_se)


def _inseparable(near: list[tuple[float, _Hypothesis]], error_m: float) -> tuple[Signature, ...]:
    """The nearest, and whatever lies within twice its distance."""
    best, nearest = near[0]
    size = float(np.hypot(*nearest.signature.offset_m))
    if best > max(3.0 * error_m, min(_MOST_OFF_M, 0.25 * size)):
        return ()
    limit = max(2.0 * best, best + 3.0 * error_m + 0.05)
    return tuple(_with_residual(known.signature, off) for off, known in near if off <= limit)


def _with_residual(known: Signature, residual_m: float) -> Signature:
    return Signature(
        known.misreading,
        known.source,
        known.source_name,
        known.operation,
        known.offset_m,
        residual_m,
        known.in_area,
        known.accuracy_m,
    )


def _ground(
    movement: Similarity, city_code: str, box: Bounds, scale_se: float | None
) -> tuple[Signature, ...]:
    """Distances measured on the ground and drawn as grid metres differ by the grid's own scale factor."""
    if scale_se is None:
        return ()
    x, y = (box[0] + box[2]) / 2.0, (box[1] + box[3]) / 2.0
    projection = Proj(crs_of(city_code))
    lon, lat = projection(x, y, inverse=True)
    factor = float(projection.get_factors(lon, lat).meridional_scale)
    worth, off = abs(factor - 1.0) * 1e6, abs(movement.scale - factor) * 1e6
    error = 3.0 * scale_se * 1e6
    if worth < _WORTH_PPM or error > worth / 2.0 or off > max(_GROUND_PPM, error):
        return ()
    east, north = (float(v) for v in -(movement.apply(np.array([[x, y]]))[0] - (x, y)))
    name = crs_of(city_code).name
    return (Signature(Misreading.GROUND_DISTANCES, city_code, name, "scale", (east, north), 0.0, True, None),)


@lru_cache(maxsize=32)
def known_shifts(city_code: str, box: Bounds) -> tuple[_Hypothesis, ...]:
    """Every datum misreading of 1 m to 3 km at the box (metres, city's CRS), computed once per place."""
    grid = _grid(box)
    area = lonlat_bounds(box, city_code)
    made = [
        known for source in _datums(city_code, area) for known in _readings(source, city_code, grid, area)
    ]
    return tuple(made)


def _datums(city_code: str, area: Bounds) -> list[str]:
    pad = _NEIGHBOURHOOD_DEG
    around = AreaOfInterest(area[0] - pad, area[1] - pad, area[2] + pad, area[3] + pad)
    found = query_crs_info("EPSG", [PJType.GEOGRAPHIC_2D_CRS], around, contains=False)
    local = {
        f"EPSG:{info.code}" for info in found if info.area_of_use and _width_deg(info.area_of_use) < 180.0
    }
    return sorted(local | _OLD_WORLD - {WGS84})


def _width_deg(area: AreaOfUse) -> float:
    width = area.east - area.west
    return width if width >= 0.0 else width + 360.0


def _readings(source: str, city_code: str, grid: Points, area: Bounds) -> list[_Hypothesis]:
    as_delivered = {
        Misreading.PROJECTED: _degrees_of_zone(source, city_code, grid),
        Misreading.GEOGRAPHIC: _degrees_of_zone(None, city_code, grid),
    }
    made = []
    for operation in operations(source, city_code):
        for misreading, degrees in as_delivered.items():
            landed = mover(operation)(degrees)
            off = grid - landed
            size = float(np.hypot(*off.mean(axis=0)))
            if not (np.isfinite(landed).all() and _LEAST_SHIFT_M <= size <= _MOST_SHIFT_M):
                continue
            signature = Signature(
                misreading=misreading,
                source=source,
                source_name=crs_of(source).name,
                operation=operation.code,
                offset_m=(float(off[:, 0].mean()), float(off[:, 1].mean())),
                residual_m=float("nan"),
                in_area=operation.covers(area),
                accuracy_m=operation.accuracy_m,
            )
            made.append(_Hypothesis(signature, landed))
    return made


def _degrees_of_zone(source: str | None, city_code: str, grid: Points) -> Points:
    """Longitude and latitude of grid coordinates on `source`'s own ellipsoid; None: on the city's."""
    city = crs_of(city_code)
    zone = city if source is None else _same_zone(crs_of(source), city)
    geographic = zone.geodetic_crs
    if geographic is None:
        return np.full_like(grid, np.nan)
    try:
        back = Transformer.from_crs(zone, geographic, always_xy=True)
    except ProjError:  # a sphere has no transverse Mercator zone
        return np.full_like(grid, np.nan)
    return np.column_stack(back.transform(grid[:, 0], grid[:, 1]))


def _same_zone(datum: CRS, city: CRS) -> CRS:
    return ProjectedCRS(conversion=city.coordinate_operation, geodetic_crs=datum)


def _grid(box: Bounds) -> Points:
    x = np.linspace(box[0], box[2], _GRID)
    y = np.linspace(box[1], box[3], _GRID)
    across, up = np.meshgrid(x, y)
    return np.column_stack((across.ravel(), up.ravel()))


def _rounded(bounds: Bounds) -> Bounds:
    """The box to whole kilometres outward, so that layers of one place share the computed shifts."""
    low, high = np.floor(np.array(bounds[:2]) / 1e3) * 1e3, np.ceil(np.array(bounds[2:]) / 1e3) * 1e3
    return float(low[0]), float(low[1]), float(high[0]), float(high[1])


def _rms(off: Points) -> float:
    return float(np.sqrt((off**2).sum(axis=1).mean()))
