"""Inquiries: taken in at once, worked on at the desk, answered by webhook and kept for whoever asks."""

from __future__ import annotations

import json
import logging
from datetime import timedelta
from typing import Any
from uuid import uuid4

from shapely import from_geojson, get_num_coordinates, is_valid, is_valid_reason, make_valid
from shapely.errors import GEOSException
from sqlalchemy import Connection, Row, text
from sqlalchemy.exc import InterfaceError, OperationalError

from integrations.sandbox import accounts
from integrations.sandbox.capacity import Capacity, CapacityOutOfRange, sold
from integrations.sandbox.company import Company
from integrations.sandbox.idempotency import Reply, reply
from integrations.sandbox.pricing import offer
from integrations.sandbox.problems import InvalidRequest
from integrations.sandbox.survey import Surroundings, Verdict, assess, surroundings
from integrations.sandbox.texts import words

Json = dict[str, Any]
MAX_COORDINATES = 20_000

log = logging.getLogger("company.desk")


def check(company: Company, form: Json) -> None:
    """Nothing about the inquiry speaks against taking it in. Raises InvalidRequest naming the member."""
    if form["city"] != company.place.city_id:
        raise InvalidRequest(member="city", detail=f"this company serves {company.place.city_id}")
    if form["utility"] != company.profile.utility:
        raise InvalidRequest(member="utility", detail=f"this company supplies {company.profile.utility}")
    _check_geometry("parcel.geometry", form["parcel"]["geometry"])
    if form.get("excavation"):
        _check_geometry("excavation.geometry", form["excavation"]["geometry"])


def _check_geometry(member: str, geometry: Json) -> None:
    try:
        shape = from_geojson(json.dumps(geometry))
    except (GEOSException, ValueError, TypeError) as error:
        raise InvalidRequest(member=member, detail="not a GeoJSON geometry") from error
    if shape is None or shape.is_empty or get_num_coordinates(shape) > MAX_COORDINATES:
        raise InvalidRequest(member=member, detail="empty, or too many points")
    # A cadastre's small faults are repaired; a shape that collapses when repaired was no area.
    if not is_valid(shape) and make_valid(shape).area == 0:
        raise InvalidRequest(member=member, detail=is_valid_reason(shape))


def _srid(connection: Connection, member: str, crs: str) -> int:
    srid = int(crs.removeprefix("EPSG:"))
    known = connection.execute(text("SELECT 1 FROM spatial_ref_sys WHERE srid = :s"), {"s": srid}).first()
    if known is None:
        raise InvalidRequest(member=member, detail=f"unknown coordinate reference system {crs}")
    return srid


_INSERT = text(
    """
INSERT INTO inquiry (our_ref, inquiry_id, case_ref, parcel_id, form, due_at, site, pit)
VALUES (:r, :i, :c, :p, cast(:form AS jsonb), clock_timestamp() + :delay,
        ST_Transform(ST_MakeValid(ST_SetSRID(ST_Force2D(ST_GeomFromGeoJSON(:site)), :site_srid)), :srid),
        ST_Transform(ST_MakeValid(ST_SetSRID(ST_Force2D(ST_GeomFromGeoJSON(:pit)), :pit_srid)), :srid))
ON CONFLICT (our_ref) DO NOTHING
"""
)


def receive(company: Company, connection: Connection, form: Json) -> Reply:
    """The inquiry is on the desk; asking again under the same reference finds it there."""
    our_ref = form["our_ref"]
    pit = form.get("excavation")
    connection.execute(
        _INSERT,
        {
            "r": our_ref,
            "i": f"Q-{company.profile.letter}-{uuid4().hex[:16]}",
            "c": form["case_ref"],
            "p": form["parcel"]["parcel_id"],
            "form": json.dumps(form),
            "delay": timedelta(seconds=company.answer_delay_s),
            "site": json.dumps(form["parcel"]["geometry"]),
            "site_srid": _srid(connection, "parcel.crs", form["parcel"]["crs"]),
            "pit": json.dumps(pit["geometry"]) if pit else None,
            "pit_srid": _srid(connection, "excavation.crs", pit["crs"]) if pit else 0,
            "srid": company.place.crs,
        },
    )
    _note_parcel(connection, our_ref)
    known = connection.execute(
        text("SELECT inquiry_id FROM inquiry WHERE our_ref = :r"), {"r": our_ref}
    ).scalar_one()
    return reply(202, {"our_ref": our_ref, "inquiry_id": known, "status": "received"})


def _note_parcel(connection: Connection, our_ref: str) -> None:
    """A parcel the company had not heard of is known from now on; it has no supply."""
    connection.execute(
        text(
            "INSERT INTO parcel (parcel_id, source, initial_class, geom) "
            "SELECT parcel_id, 'inquiry', 'none', site FROM inquiry WHERE our_ref = :r ON CONFLICT DO NOTHING"
        ),
        {"r": our_ref},
    )


def view(connection: Connection, our_ref: str) -> Json | None:
    """Return the inquiry as it stands, with its answer once there is one; None when it is unknown."""
    row = connection.execute(
        text("SELECT inquiry_id, answer FROM inquiry WHERE our_ref = :r"), {"r": our_ref}
    ).first()
    if row is None:
        return None
    status = "answered" if row.answer is not None else "received"
    return {"our_ref": our_ref, "inquiry_id": row.inquiry_id, "status": status, "answer": row.answer}


_DUE = text(
    "SELECT our_ref, inquiry_id, form, encode(ST_AsEWKB(site), 'hex') AS site FROM inquiry "
    "WHERE answered_at IS NULL AND due_at <= clock_timestamp() "
    "ORDER BY due_at LIMIT 20 FOR UPDATE SKIP LOCKED"
)


_ASIDE = text("UPDATE inquiry SET due_at = clock_timestamp() + interval '1 minute' WHERE our_ref = :r")


def work(company: Company) -> int:
    """Every due inquiry has its answer, and its webhook waits, in one transaction; return how many.

    One that cannot be answered is put aside for a while and holds up no other.
    """
    with company.engine.begin() as connection:
        rows = connection.execute(_DUE).all()
        for row in rows:
            try:
                with connection.begin_nested():
                    _answer(company, connection, row)
            except (OperationalError, InterfaceError):
                raise  # the database is away: all of them wait
            except Exception:
                log.exception("inquiry %s cannot be answered now", row.our_ref)
                connection.execute(_ASIDE, {"r": row.our_ref})
    return len(rows)


def _answer(company: Company, connection: Connection, row: Row[Any]) -> None:
    answer = _decide(company, connection, row)
    connection.execute(
        text(
            "UPDATE inquiry SET answer = cast(:a AS jsonb), answered_at = clock_timestamp() "
            "WHERE our_ref = :r"
        ),
        {"a": json.dumps(answer), "r": row.our_ref},
    )
    url = row.form.get("reply_to")
    if url and company.webhook_secret:
        copies = 2 if company.faults.is_planned("duplicate_webhook", row.our_ref) else 1
        late_s = company.faults.plan.late_s if company.faults.is_planned("late_webhook", row.our_ref) else 0.0
        accounts.queue_webhook(connection, row.our_ref, url, "inquiry.answered", answer, copies, late_s)


def _decide(company: Company, connection: Connection, row: Row[Any]) -> Json:
    form = row.form
    around = surroundings(connection, row.our_ref)
    answer: Json = {
        "our_ref": row.our_ref,
        "inquiry_id": row.inquiry_id,
        "serviceable": False,
        "reason_code": "capacity-out-of-range",
        "conditions": [],
        "offer": None,
        "proposed_capacity": None,
        "nearest_main": None,
        "existing_services": around.services,
    }
    try:
        capacity = sold(company.profile, form.get("capacity") or {}, form.get("units") or {})
    except CapacityOutOfRange:
        return answer | {"reason": words("reason", "capacity-out-of-range")}
    verdict = assess(connection, company.profile, row.site, capacity, company.max_service_length_m)
    code = "no-connection-requested" if form["wish"] == "not_needed" else verdict.code
    answer |= {
        "serviceable": code != verdict.code or verdict.is_serviceable,
        "reason_code": code,
        "reason": words("reason", code),
        "conditions": _conditions(company, form, verdict, capacity, around),
        "proposed_capacity": capacity.values,
        "nearest_main": _nearest(verdict),
    }
    if code == "serviceable":
        answer["offer"] = _offer(company, form, row.inquiry_id, capacity)
    return answer


def _nearest(verdict: Verdict) -> Json | None:
    if verdict.nearest is None:
        return None
    return {"id": verdict.nearest.main_id, "distance_m": verdict.nearest.distance_m}


def _offer(company: Company, form: Json, inquiry_id: str, capacity: Capacity) -> Json:
    today = company.today()
    made = offer(company.profile, today, company.currency, form.get("units") or {}, capacity)
    until = today + timedelta(days=company.profile.offer_valid_days)
    return made.as_dict() | {"offer_ref": inquiry_id, "valid_until": until.isoformat()}


def _conditions(
    company: Company, form: Json, verdict: Verdict, capacity: Capacity, around: Surroundings
) -> list[Json]:
    """What must hold for the works and the connection, each with its code and words."""
    profile = company.profile
    wanted = form["wish"] != "not_needed" and verdict.is_serviceable
    found: list[Json] = []

    def add(code: str, **values: Any) -> None:
        found.append({"code": code, "params": values, "text": words("condition", code, **values)})

    if around.line_distance_m is not None and around.line_distance_m <= profile.hand_dig_within_m:
        add("hand-dig-near-line", line=around.line_id, metres=profile.hand_dig_within_m)
    if around.services and form["works"] == "demolish_rebuild":
        add("disconnect-before-demolition")
    elif around.services:
        add("existing-service", count=around.services)
    if wanted:
        for code in profile.conditions:
            add(code)
    if wanted and profile.demand_from_kw is not None and capacity.kilowatt >= profile.demand_from_kw:
        add("substation-land")
    return found
