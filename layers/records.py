"""What reads of the layers return: values, never rows. Geometries are in the city's CRS (metres)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import date
from enum import StrEnum
from typing import Any

from shapely.geometry.base import BaseGeometry


class Freshness(StrEnum):
    """Whether a layer may be relied on; a missing or stale one answers "no information"."""

    MISSING = "missing"
    STALE = "stale"
    FRESH = "fresh"


@dataclass(frozen=True, slots=True)
class ParcelRecord:
    """A parcel; `geom` is a Polygon or MultiPolygon."""

    parcel_id: str
    layer_id: str
    owner_agency: str
    area_m2: float | None
    land_use: str | None
    renovation_code: str | None
    origin: str | None
    geom: BaseGeometry


@dataclass(frozen=True, slots=True)
class NearFeature:
    """A feature and its horizontal distance from what was asked about (0: they touch or overlap).

    `kind` is a line's role, a node's or device's kind, a building's use or a street's class. An unknown
    `cover_m` (metres to the top) is None, and with it `vertical_uncertainty_m`; uncertainties are 95 %
    half-widths.
    """

    target: str
    layer_id: str
    feature_id: str
    owner_agency: str
    distance_m: float
    utility: str | None
    kind: str | None
    class_code: str | None
    pressure_bar: float | None
    voltage_kv: float | None
    diameter_mm: float | None
    material: str | None
    cover_m: float | None
    cover_source: str | None
    horizontal_uncertainty_m: float | None
    vertical_uncertainty_m: float | None
    quality_level: str | None
    status: str | None
    surveyed_on: date | None
    installed_year: int | None
    delivery_id: int
    geom: BaseGeometry


@dataclass(frozen=True, slots=True)
class BuildingOnParcel:
    """A building that stands, in whole or in part, on a parcel."""

    building_id: str
    use: str | None
    storeys: int | None
    area_m2: float | None
    overlap_m2: float


@dataclass(frozen=True, slots=True)
class AdjoiningStreet:
    """A street that passes a parcel; the distance is to its axis."""

    street_id: str
    name: str | None
    street_class: str | None
    width_m: float | None
    distance_m: float


@dataclass(frozen=True, slots=True)
class NetworkNearby:
    """One network layer around a parcel; `nearest_m` is None where no line lies within the radius."""

    layer_id: str
    utility: str
    owner_agency: str
    within_radius: int
    nearest_id: str | None
    nearest_m: float | None
    service_ids: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class LayerFreshness:
    """How old a layer's truth is, on a given day; `as_of` is None where nothing was ever delivered."""

    layer_id: str
    target: str
    owner_agency: str
    utility: str | None
    state: Freshness
    as_of: date | None
    age_days: int | None
    limit_days: int
    delivery_id: int | None


@dataclass(frozen=True, slots=True)
class Dossier:
    """What all layers say about one parcel; `radius_m` is how far networks were looked for."""

    parcel: ParcelRecord
    buildings: tuple[BuildingOnParcel, ...]
    streets: tuple[AdjoiningStreet, ...]
    networks: tuple[NetworkNearby, ...]
    freshness: tuple[LayerFreshness, ...]
    radius_m: float

    def as_dict(self) -> dict[str, Any]:
        """The dossier as JSON, without geometry."""
        made: dict[str, Any] = _jsonable(asdict(self))
        del made["parcel"]["geom"]
        return made


def _jsonable(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {str(key): _jsonable(inner) for key, inner in value.items()}
    if isinstance(value, (list, tuple)):
        return [_jsonable(inner) for inner in value]
    if isinstance(value, float):
        return round(value, 3)
    return value.isoformat() if isinstance(value, date) else value
