"""Parcels: found by a place or by a number, and the dossier of one."""

from __future__ import annotations

from dataclasses import asdict
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Path, Query
from fastapi.responses import JSONResponse, Response
from shapely.geometry import Point, mapping
from sqlalchemy.orm import Session

from api.deps import CityDep, RuntimeDep, allowed
from api.errors import Unprocessable
from api.map import city_day, freshness_of, only
from api.security import Holder, Permission, asker
from geo.crs import WGS84, to_wgs84, transform_to
from layers import query
from layers.access import Purpose, identify
from layers.catalog import Target
from layers.city import City
from layers.parcel_find import FoundParcel, parcels_like
from layers.records import Dossier, ParcelRecord

ParcelId = Annotated[str, Path(max_length=200)]
ReadParcel = Annotated[Holder, Depends(allowed(Permission.READ_PARCEL))]
_NUMBER = "the beginning of a parcel id, or a whole renovation code, registration plate or postal code"

router = APIRouter(prefix="/v1/cities", tags=["map"])


class PointInvalid(Unprocessable):
    """The point is not longitude,latitude in degrees."""

    code = "point-invalid"


@router.get("/{city_id}/parcels", dependencies=[only("at", "q", "limit")], summary="Find a parcel")
def parcels(
    resources: RuntimeDep,
    place: CityDep,
    _who: ReadParcel,
    at: Annotated[str | None, Query(description="longitude,latitude in degrees", max_length=60)] = None,
    q: Annotated[str | None, Query(description=_NUMBER, max_length=80)] = None,
    limit: Annotated[int, Query(ge=1, le=50)] = 10,
) -> Response:
    """The parcel at a point, or the parcels that a number may name, whole numbers first."""
    with resources.sessions() as session:
        if at is not None:
            point_m = transform_to(_point(at), WGS84, place.city_crs).shape
            found = query.parcel_at(session, place.city_id, point_m)
            shown = [_parcel(place, found)] if found is not None else []
        else:
            shown = [_found(place, each) for each in parcels_like(session, place.city_id, q or "", limit)]
    return JSONResponse({"parcels": shown})


def _point(text: str) -> Point:
    parts = text.split(",")
    try:
        lon, lat = (float(part) for part in parts)
    except ValueError:
        raise PointInvalid(at=text) from None
    if not (-180 <= lon <= 180 and -90 <= lat <= 90):  # also false for not-a-number
        raise PointInvalid(at=text)
    return Point(lon, lat)


def _footprints(session: Session, place: City, found: Dossier) -> dict[str, Any]:
    """Footprints in WGS 84, by id, of the buildings on the parcel: where a dig usually begins."""
    layer_ids = [spec.layer_id for spec in place.layers if spec.target is Target.BUILDING]
    near = query.near(session, place.city_id, layer_ids, found.parcel.geom, 0.0)
    return {each.feature_id: mapping(to_wgs84(each.geom, place.city_crs)) for each in near}


def _dossier(place: City, found: Dossier, footprints: dict[str, Any]) -> dict[str, Any]:
    """The dossier as the page reads it: the parcel's own fields first, geometry in WGS 84."""
    plain = found.as_dict()
    buildings = [{**each, "geometry": footprints.get(each["building_id"])} for each in plain["buildings"]]
    networks = [
        {
            **each,
            "feature_id": each["nearest_id"],
            "distance_m": each["nearest_m"],
            "count": each["within_radius"],
        }
        for each in plain["networks"]
    ]
    return {
        **plain["parcel"],
        "geometry": mapping(to_wgs84(found.parcel.geom, place.city_crs)),
        "buildings": buildings,
        "streets": plain["streets"],
        "networks": networks,
        "freshness": [freshness_of(each) for each in found.freshness],
        "radius_m": found.radius_m,
    }


def _parcel(place: City, record: ParcelRecord) -> dict[str, Any]:
    return {
        "parcel_id": record.parcel_id,
        "area_m2": record.area_m2,
        "geometry": mapping(to_wgs84(record.geom, place.city_crs)),
    }


def _found(place: City, each: FoundParcel) -> dict[str, Any]:
    return {
        "parcel_id": each.parcel_id,
        "found_by": each.found_by,
        "area_m2": each.area_m2,
        "renovation_code": each.renovation_code,
        "postal_code": each.postal_code,
        "plate": asdict(each.plate) if each.plate is not None else None,
        "geometry": mapping(to_wgs84(each.geom, place.city_crs)),
    }


@router.get("/{city_id}/parcels/{parcel_id}", dependencies=[only()], summary="The dossier of a parcel")
def parcel(resources: RuntimeDep, place: CityDep, who: ReadParcel, parcel_id: ParcelId) -> Response:
    """The parcel, its buildings, streets and networks nearby, and how fresh each layer is."""
    with resources.sessions.begin() as session:  # a look at sensitive layers is written down
        identify(session, asker(who), place.city_id, Purpose.PERMIT)
        found = query.dossier(session, place.city_id, parcel_id, today=city_day(place))
        footprints = _footprints(session, place, found)
    return JSONResponse(_dossier(place, found, footprints))
