"""What is open in the ground of an area, and whom to call about it (T12): for the crisis desk and street programmes."""

from __future__ import annotations

from typing import Any

from shapely import from_wkb
from shapely.geometry import mapping
from shapely.geometry.base import BaseGeometry
from sqlalchemy import func, or_, select
from sqlalchemy.orm import Session

from geo.crs import to_wgs84
from layers.city import City
from layers.database import as_element
from permits import dig_store as store
from permits import dig_tables as t
from permits import tables as case_tables
from permits.dig_store import AnyRow
from permits.dig_vocabulary import DigStatus
from permits.dig_works import near
from permits.ports import Json
from permits.views import as_json

_OPEN_DIG = (
    DigStatus.EMERGENCY.value,
    DigStatus.WORKING.value,
    DigStatus.DEFECTS.value,
    DigStatus.HANDOVER_REQUESTED.value,
)
_MAYBE_OPEN = (
    DigStatus.EXPIRED.value,
    DigStatus.REVOKED.value,
    DigStatus.REQUESTED.value,
    DigStatus.VISITED.value,
    DigStatus.INQUIRING.value,
    DigStatus.INQUIRED.value,
    DigStatus.COSTED.value,
    DigStatus.PAID.value,
)
"""Open ground only where the works have begun: an incident under way, or a permit that ran out or was revoked."""
_OVER_DIG = (
    DigStatus.CLOSED.value,
    DigStatus.REFUSED.value,
    DigStatus.WITHDRAWN.value,
    DigStatus.DRAFT.value,
)
_OPEN_CASE = ("exchanging", "active", "completing", "needs_decision")
_OVER_CASE = ("refused", "withdrawn", "completed")


def open_trenches(
    session: Session, city: City, shape_m: BaseGeometry, radius_m: float = 0.0, limit: int = 500
) -> list[Json]:
    """Every trench or pit that may be open within `radius_m` of a shape in the city's CRS, nearest first.

    Each: `{kind: "dig"|"case", ref, number, dig_kind, title, parcel_id, status, agency, distance_m, geometry
    (WGS84), contact}`; a case's pit counts from its permit to its completion.
    """
    d = t.dig
    open_now = or_(d.c.status.in_(_OPEN_DIG), (d.c.status.in_(_MAYBE_OPEN)) & d.c.started_on.is_not(None))
    found = _digs_near(session, city, shape_m, radius_m, open_now, limit)
    found += _cases_near(session, city, shape_m, radius_m, case_tables.case_.c.status.in_(_OPEN_CASE), limit)
    return sorted(found, key=lambda each: (each["distance_m"], each["ref"]))[:limit]


def contacts_in(
    session: Session, city: City, shape_m: BaseGeometry, radius_m: float = 0.0, limit: int = 2000
) -> list[Json]:
    """Whom to call about every excavation and permit that touches an area and is not over (T12).

    One row per work with its `contact`: the people named in it, and the desk of its agency in the city's data.
    """
    found = _digs_near(session, city, shape_m, radius_m, t.dig.c.status.not_in(_OVER_DIG), limit)
    not_over = case_tables.case_.c.status.not_in(_OVER_CASE)
    found += _cases_near(session, city, shape_m, radius_m, not_over, limit)
    return sorted(found, key=lambda each: (each["distance_m"], each["ref"]))[:limit]


def _digs_near(
    session: Session, city: City, shape_m: BaseGeometry, radius_m: float, which: Any, limit: int
) -> list[Json]:
    d = t.dig
    outline = as_element(shape_m, city.srid)
    distance = func.ST_Distance(d.c.geom, outline)
    rows = session.execute(
        select(*store.dig_columns(), distance.label("distance_m"))
        .where(*near(d, city, shape_m, radius_m), which)
        .order_by(distance, d.c.dig_id)
        .limit(limit)
    )
    return [_dig_here(city, row) for row in rows]


def _dig_here(city: City, row: AnyRow) -> Json:
    return {
        "kind": "dig",
        "ref": str(row.dig_id),
        "number": row.dig_no,
        "dig_kind": row.kind,
        "title": row.title,
        "parcel_id": row.parcel_id,
        "status": row.status,
        "agency": row.agency_id,
        "starts_on": None if row.starts_on is None else row.starts_on.isoformat(),
        "ends_on": None if row.ends_on is None else row.ends_on.isoformat(),
        "distance_m": round(float(row.distance_m), 2),
        "geometry": None if row.excavation is None else row.excavation["geometry"],
        "contact": _contact(city, row.agency_id, row.applicant, row.contractor, row.supervisor),
    }


def _contact(
    city: City, agency_id: str | None, applicant: Json, contractor: Json | None, supervisor: Json | None
) -> Json:
    """The people of one work, and its agency's desk."""
    desk = next((each for each in city.agencies if each.agency_id == agency_id), None)
    return {
        "applicant": {"name": applicant.get("name"), "phone": applicant.get("phone")},
        "contractor": contractor,
        "supervisor": supervisor,
        "agency": None
        if desk is None
        else {
            "id": desk.agency_id,
            "name": desk.name.as_dict(),
            "phone": desk.contact.phone,
            "email": desk.contact.email,
            "desk": desk.contact.desk.as_dict(),
        },
    }


def _cases_near(
    session: Session, city: City, shape_m: BaseGeometry, radius_m: float, which: Any, limit: int
) -> list[Json]:
    c = case_tables.case_
    outline = as_element(shape_m, city.srid)
    distance = func.ST_Distance(c.c.geom, outline)
    rows = session.execute(
        select(
            c.c.case_id,
            c.c.case_no,
            c.c.parcel_id,
            c.c.status,
            c.c.works,
            c.c.applicant,
            func.ST_AsBinary(c.c.geom).label("wkb"),
            distance.label("distance_m"),
        )
        .where(*near(c, city, shape_m, radius_m), which)
        .order_by(distance, c.c.case_id)
        .limit(limit)
    )
    return [_case_here(city, row) for row in rows]


def _case_here(city: City, row: AnyRow) -> Json:
    return {
        "kind": "case",
        "ref": str(row.case_id),
        "number": row.case_no,
        "dig_kind": None,
        "title": row.works,
        "parcel_id": row.parcel_id,
        "status": row.status,
        "agency": None,
        "starts_on": None,
        "ends_on": None,
        "distance_m": round(float(row.distance_m), 2),
        "geometry": as_json(mapping(to_wgs84(from_wkb(bytes(row.wkb)), city.city_crs))),
        "contact": _contact(city, None, row.applicant, None, None),
    }
