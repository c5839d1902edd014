"""What the ground says: the parcel's dossier and the conflict check, from the layers as published."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import date

from shapely.geometry import Polygon
from sqlalchemy.orm import Session

from layers.city import City
from permits.ports import Json
from permits.requests import ExcavationRequest


@dataclass(frozen=True, slots=True)
class Ground:
    """The pit in the city's CRS (`shape_m`) and in WGS84, the dossier, the findings as stored."""

    shape_m: Polygon
    shape_wgs84: Json
    parcel_geometry: Json
    """GeoJSON in the city's CRS, for the inquiry to the agencies."""
    dossier: Json
    verdict: str
    findings: list[Json] = field(default_factory=list)
    missing: list[Json] = field(default_factory=list)


Survey = Callable[[Session, City, str, ExcavationRequest, date], Ground]


def survey(
    session: Session, city: City, parcel_id: str, excavation: ExcavationRequest, today: date
) -> Ground:
    """Look at the ground; raises `ParcelNotFound`, `ExcavationOffParcel` or a geometry refusal of `geo`."""
    raise NotImplementedError
