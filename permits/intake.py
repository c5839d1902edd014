"""Opening a case: check the request, store it with what the ground says, and ask the agencies."""

from __future__ import annotations

import json
from collections import Counter
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import delete, func, insert, select
from sqlalchemy.orm import Session

from layers.city import Agency, City
from layers.database import as_element
from permits import inquiries, service_lines
from permits import tables as t
from permits.consultation import AgencyFacts, route
from permits.errors import RequestInvalid
from permits.ground import Ground
from permits.identifiers import mobile, national_id, new_id
from permits.office_days import working_calendar
from permits.ports import SYSTEM, Actor, Json
from permits.requests import ApplicantRequest, ExcavationRequest, SubmitRequest
from permits.store import CaseRow, Event, chain, next_case_no, notify
from permits.views import as_json
from permits.vocabulary import CaseStatus, DigMethod, Role, Wish, Works

SUBMITTERS = frozenset({Role.OFFICER, Role.FRONT_OFFICE, Role.APPLICANT})
MAX_DEPTH_M = 60.0
MAX_STOREYS = 200


def check(request: SubmitRequest, city: City) -> None:
    """Raise `RequestInvalid` naming every fault that needs no look at the ground."""
    reasons = []
    depth = request.excavation.depth_m
    if not 0 < depth <= MAX_DEPTH_M:
        reasons.append("depth-out-of-range")
    if not 0 <= request.storeys <= MAX_STOREYS:
        reasons.append("storeys-out-of-range")
    if min(request.units.residential, request.units.commercial, request.units.other) < 0:
        reasons.append("units-negative")
    if not request.applicant.name.strip():
        reasons.append("applicant-unnamed")
    consulted = {agency.agency_id for agency in city.consulted_agencies}
    reasons += [f"agency-unknown:{agency}" for agency in request.wishes if agency not in consulted]
    if request.works is Works.EXCAVATION_ONLY and any(
        wish.wish is Wish.NOW for wish in request.wishes.values()
    ):
        reasons.append("excavation-takes-no-connection")
    if reasons:
        raise RequestInvalid(reasons=reasons)


def open_case(
    session: Session, city: City, actor: Actor, now: datetime, request: SubmitRequest, found: Ground
) -> UUID:
    """Insert the case, its findings, its consultations with their calls, and its history; returns its id."""
    routing = route(
        {agency: wish.wish for agency, wish in request.wishes.items()},
        [AgencyFacts(a.agency_id, tuple(u.value for u in a.utilities), a.consulted) for a in city.agencies],
    )
    case = CaseRow(
        case_id=new_id(),
        case_no=next_case_no(session, now.year),
        city_id=city.city_id,
        parcel_id=request.parcel_id,
        status=CaseStatus.CONSULTING,
        version=1,
        wishes={agency: as_json(wish) for agency, wish in request.wishes.items()},
        routing=as_json(routing),
        permanent_class=None,
        applicant_actor=actor.id,
    )
    session.execute(insert(t.case_).values(_row(case, city, actor, now, request, found)))
    replace_findings(session, case.case_id, found.findings)
    chain(session, case.case_id, actor, _submitted(case, request, found))
    proposals = service_lines.propose(session, city, case, request, found, now.date())
    bodies = {
        agency_id: _inquiry(city, city.agency(agency_id), case, request, found)
        | {"proposal": proposals.get(agency_id)}
        for agency_id in routing.ask
    }
    _ask_agencies(session, city, now, case, bodies)
    if routing.ask:
        notify(session, case)
    else:
        inquiries.close_if_complete(session, case)
    return case.case_id


def _row(
    case: CaseRow, city: City, actor: Actor, now: datetime, request: SubmitRequest, found: Ground
) -> dict[str, Any]:
    return {
        "case_id": case.case_id,
        "case_no": case.case_no,
        "city_id": case.city_id,
        "parcel_id": case.parcel_id,
        "status": case.status.value,
        "version": case.version,
        "works": request.works.value,
        "storeys": request.storeys,
        "units": as_json(request.units),
        "wishes": case.wishes,
        "applicant": _applicant(request.applicant, city),
        "excavation": {
            "geometry": found.shape_wgs84,
            "depth_m": request.excavation.depth_m,
            "area_m2": round(found.shape_m.area, 2),
            "method": request.excavation.method.value,
            "top_m": request.excavation.top_m,
        },
        "geom": as_element(found.shape_m, city.srid),
        "dossier": found.dossier,
        "verdict": found.verdict,
        "missing": found.missing,
        "routing": case.routing,
        "applicant_actor": actor.id,
        "submitted_at": now,
        "updated_at": now,
    }


def _applicant(applicant: ApplicantRequest, city: City) -> Json:
    """The applicant as stored; identifiers are checked where their algorithm applies."""
    checked = city.country == "IR"
    national, phone = applicant.national_id, applicant.phone
    if checked and national:
        national = national_id(national)
    if checked and phone:
        phone = mobile(phone)
    return {"name": applicant.name.strip(), "national_id": national, "phone": phone}


def _ask_agencies(
    session: Session, city: City, now: datetime, case: CaseRow, bodies: dict[str, Json]
) -> None:
    """Every question is due on the same working day."""
    due_at = working_calendar(city).due_after(now, city.consultation.days)
    chain(session, case.case_id, SYSTEM, inquiries.ask(session, case, bodies, now, due_at))


def _submitted(case: CaseRow, request: SubmitRequest, found: Ground) -> list[Event]:
    submitted = {
        "case_no": case.case_no,
        "parcel_id": case.parcel_id,
        "works": request.works.value,
        **findings_digest(found),
    }
    return [("case.submitted", submitted), ("case.routed", case.routing or {})]


def _inquiry(city: City, agency: Agency, case: CaseRow, request: SubmitRequest, found: Ground) -> Json:
    """The POST /v1/inquiries form; the gateway fills `reply_to`."""
    wish = request.wishes[agency.agency_id]
    pit = found.shape_m.__geo_interface__
    return {
        "our_ref": inquiries.first_ref(case.case_id, agency.agency_id),
        "case_ref": case.case_no,
        "city": city.city_id,
        "parcel": {"parcel_id": case.parcel_id, "geometry": found.parcel_geometry, "crs": city.crs},
        "works": request.works.value,
        "units": as_json(request.units),
        "utility": agency.utilities[0].value,
        "wish": wish.wish.value,
        "capacity": wish.capacity,
        "excavation": {"geometry": as_json(pit), "crs": city.crs, "depth_m": request.excavation.depth_m},
        "reply_to": None,
    }


def findings_digest(found: Ground) -> Json:
    """How many findings of which verdict: what the history keeps of a check."""
    counted = Counter(str(finding.get("verdict")) for finding in found.findings)
    return {
        "verdict": found.verdict,
        "findings": dict(sorted(counted.items())),
        "missing": len(found.missing),
    }


def replace_findings(session: Session, case_id: UUID, findings: list[Json]) -> None:
    """The case's findings are now exactly these."""
    session.execute(delete(t.finding).where(t.finding.c.case_id == case_id))
    if not findings:
        return
    rows = [
        {
            "case_id": case_id,
            "n": n,
            "verdict": str(finding.get("verdict")),
            "layer_id": str(finding.get("layer_id") or ""),
            "feature_id": str(finding.get("feature_id") or ""),
            "body": finding,
        }
        for n, finding in enumerate(findings, start=1)
    ]
    session.execute(insert(t.finding), rows)


def excavation_of(session: Session, case_id: UUID) -> tuple[ExcavationRequest, Works]:
    """The stored excavation as a request, in the city's CRS, and the works it is for."""
    row = session.execute(
        select(
            t.case_.c.excavation,
            t.case_.c.works,
            func.ST_AsGeoJSON(t.case_.c.geom, 9).label("geojson"),
            func.ST_SRID(t.case_.c.geom).label("srid"),
        ).where(t.case_.c.case_id == case_id)
    ).one()
    method = DigMethod(row.excavation["method"])
    depth_m, top_m = float(row.excavation["depth_m"]), float(row.excavation.get("top_m", 0.0))
    request = ExcavationRequest(_parsed(row.geojson), f"EPSG:{row.srid}", depth_m, method, top_m)
    return request, Works(row.works)


def _parsed(geojson: str) -> Json:
    found: Json = json.loads(geojson)
    return found
