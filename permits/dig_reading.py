"""The read side of the excavations: one as one actor sees it, the list, the history, the map."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import func, or_, select
from sqlalchemy.orm import Session

from layers.city import City
from permits import dig_control
from permits import dig_store as store
from permits import dig_tables as t
from permits import tables as case_tables
from permits.dig_clocks import local_day
from permits.dig_errors import DigNotFound
from permits.dig_facts import Known, facts_of
from permits.dig_joins import open_offers, overlaps_of, trench_of
from permits.dig_store import AnyRow, DigRow
from permits.dig_terms import terms_of
from permits.dig_views import DigInquiryView, DigRecordView, DigSummary, DigView
from permits.dig_vocabulary import DigInquiryStatus, DigRecordKind
from permits.dig_workflow import FOR_PEOPLE, allowed_actions
from permits.ports import Actor, Json
from permits.views import ApplicantView, ExcavationView, HistoryEntry, MissingLayer, as_json
from permits.vocabulary import Role
from permits.worklist import case_history


@dataclass(frozen=True, slots=True)
class DigFilter:
    """Which excavations; `after` is the last dig_id of the page before."""

    status: str | None = None
    kind: str | None = None
    agency: str | None = None
    case_id: UUID | None = None
    waits_for: str | None = None
    """An agency whose answer is still open."""
    q: str | None = None
    limit: int = 50
    after: UUID | None = None


def check_reader(dig: DigRow, actor: Actor) -> None:
    """An applicant knows of the own excavations only; raises `DigNotFound`."""
    if actor.role is Role.APPLICANT and dig.applicant_actor != actor.id:
        raise DigNotFound(dig_id=str(dig.dig_id))


def is_own(dig: DigRow, actor: Actor) -> bool:
    """Whether the actor may do for this excavation what its asker does."""
    if actor.role is Role.AGENCY:
        return dig.agency_id is not None and dig.agency_id == actor.agency
    if actor.role is Role.APPLICANT:
        return dig.applicant_actor == actor.id
    return True


def dig_view(session: Session, city: City, dig_id: UUID, actor: Actor, now: datetime) -> DigView:
    """The whole excavation as this actor may see it; raises `DigNotFound`."""
    dig = store.read_dig(session, dig_id, city.city_id)
    check_reader(dig, actor)
    asked, kept = store.inquiries(session, dig_id), store.records(session, dig_id)
    terms = terms_of(city.folder)
    listed = dig_control.listed(session, city, dig.agency_id, dig.contractor, local_day(now, city.timezone))
    known = Known(store.current(asked), kept, listed)
    facts = facts_of(dig, known, terms, now, city.timezone)
    open_, blocked = allowed_actions(dig.status, actor.role, facts)
    may = {action for action in FOR_PEOPLE if _may(dig, actor, action.value, store.current(asked))}
    ground = dig.ground or {}
    records = [_record(row) for row in kept]
    pending = [row.due_at for row in asked if row.status == DigInquiryStatus.PENDING.value]
    return DigView(
        dig_id=dig.dig_id,
        dig_no=dig.dig_no,
        city=dig.city_id,
        kind=dig.kind.value,
        status=dig.status.value,
        version=dig.version,
        title=dig.title,
        agency=dig.agency_id,
        case_id=dig.case_id,
        cycle=dig.cycle,
        parcel_id=dig.parcel_id,
        applicant=ApplicantView(dig.applicant.get("name", "")),
        handler=dig.handler,
        works=dig.works,
        contractor=dig.contractor,
        supervisor=dig.supervisor,
        excavation=None if dig.excavation is None else ExcavationView(**dig.excavation),
        starts_on=dig.starts_on,
        ends_on=dig.ends_on,
        allowed_delay_days=dig.allowed_delay_days,
        renewals=dig.renewals,
        verdict=ground.get("verdict"),
        findings=[_without_geometry(each) for each in ground.get("findings", [])],
        missing_information=[MissingLayer(**each) for each in ground.get("missing", [])],
        suggested_conditions=list(ground.get("conditions", [])),
        inquiries=[_inquiry(row) for row in asked],
        moratorium=dig.moratorium,
        earlier_digs=dig.earlier_digs,
        repeat_coefficient=terms.repeat_factor(dig.earlier_digs),
        costs=dig.costs,
        payment=dig.payment,
        permit=dig.permit,
        reason=dig.reason,
        started_on=dig.started_on,
        restored_on=dig.restored_on,
        regularise_by=dig.regularise_by,
        valid_until=dig.valid_until,
        guarantee_until=dig.guarantee_until,
        answers_due_at=max(pending, default=None),
        submitted_at=dig.submitted_at,
        created_at=dig.created_at,
        records=[each for each in records if each.kind != DigRecordKind.WARNING.value],
        warnings=[
            each for each in records if each.kind == DigRecordKind.WARNING.value and each.closed_at is None
        ],
        overlaps=overlaps_of(session, dig.ref),
        trench=trench_of(session, dig.ref),
        actions=[action.value for action in open_ if action in may],
        blocked={
            action.value: [need.value for need in needs] for action, needs in blocked.items() if action in may
        },
        audit_head=_head(session, dig_id),
        listed=listed,
    )


def _may(dig: DigRow, actor: Actor, action: str, asked: dict[str, AnyRow]) -> bool:
    if action == "answer":
        return actor.role is not Role.AGENCY or actor.agency in asked
    return is_own(dig, actor)


def _head(session: Session, dig_id: UUID) -> str:
    head = case_tables.audit_head
    found = session.execute(select(head.c.hash).where(head.c.case_id == dig_id)).scalar_one_or_none()
    return bytes(found or b"").hex()


def _without_geometry(finding: Json) -> Json:
    return {key: value for key, value in finding.items() if key != "geometry"}


def _inquiry(row: AnyRow) -> DigInquiryView:
    return DigInquiryView(
        agency=row.agency_id,
        round=row.round,
        status=row.status,
        asked_at=row.asked_at,
        due_at=row.due_at,
        handler=row.handler,
        answered_at=row.answered_at,
        answered_by=row.answered_by,
        answer=row.answer,
        conditions=list(row.conditions),
        note=row.note,
        valid_until=row.valid_until,
        liable=row.status == DigInquiryStatus.SILENT.value,
    )


def _record(row: AnyRow) -> DigRecordView:
    return DigRecordView(
        row.record_id, row.kind, row.agency_id, row.at, row.by_actor, row.body, row.closed_at
    )


def dig_list(session: Session, city_id: str, actor: Actor, filters: DigFilter) -> list[DigSummary]:
    """The city's excavations, newest first; `q` begins a number or parcel, or is part of the title or name."""
    d = t.dig
    query = _list_query().where(d.c.city_id == city_id)
    if actor.role is Role.APPLICANT:
        query = query.where(d.c.applicant_actor == actor.id)
    equal = {"status": filters.status, "kind": filters.kind, "agency_id": filters.agency}
    for name, value in (equal | {"case_id": filters.case_id}).items():
        if value is not None:
            query = query.where(d.c[name] == value)
    if filters.waits_for is not None:
        asked = t.dig_inquiry
        query = query.where(
            select(asked.c.dig_id)
            .where(
                asked.c.dig_id == d.c.dig_id,
                asked.c.agency_id == filters.waits_for,
                asked.c.status == DigInquiryStatus.PENDING.value,
            )
            .exists()
        )
    if filters.q:
        begins = filters.q.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")
        query = query.where(
            or_(
                d.c.dig_no.like(f"{begins}%"),
                d.c.parcel_id.like(f"{begins}%"),
                d.c.title.ilike(f"%{begins}%"),
                d.c.applicant["name"].astext.ilike(f"%{begins}%"),
            )
        )
    if filters.after is not None:
        query = query.where(d.c.dig_id < filters.after)
    rows = session.execute(query.order_by(d.c.dig_id.desc()).limit(filters.limit)).all()
    offers = open_offers(session, [f"dig:{row.dig_id}" for row in rows])
    return [DigSummary(**row._asdict(), open_overlaps=offers.get(f"dig:{row.dig_id}", 0)) for row in rows]


def _list_query() -> Any:
    d, asked, kept = t.dig, t.dig_inquiry, t.dig_record
    due_at = (
        select(func.min(asked.c.due_at))
        .where(asked.c.dig_id == d.c.dig_id, asked.c.status == DigInquiryStatus.PENDING.value)
        .scalar_subquery()
    )
    warnings = (
        select(func.count())
        .where(
            kept.c.dig_id == d.c.dig_id,
            kept.c.kind == DigRecordKind.WARNING.value,
            kept.c.closed_at.is_(None),
        )
        .scalar_subquery()
    )
    return select(
        d.c.dig_id,
        d.c.dig_no,
        d.c.city_id.label("city"),
        d.c.kind,
        d.c.status,
        d.c.version,
        d.c.title,
        d.c.agency_id.label("agency"),
        d.c.case_id,
        d.c.parcel_id,
        d.c.applicant["name"].astext.label("applicant"),
        d.c.starts_on,
        d.c.ends_on,
        d.c.ground["verdict"].astext.label("verdict"),
        func.coalesce(due_at, d.c.regularise_by).label("due_at"),
        warnings.label("open_warnings"),
    )


def dig_history(session: Session, city: City, dig_id: UUID, actor: Actor) -> list[HistoryEntry]:
    """The excavation's chained history, oldest first. Raises `DigNotFound`."""
    check_reader(store.read_dig(session, dig_id, city.city_id), actor)
    return case_history(session, dig_id)


def dig_geojson(session: Session, city: City, dig_id: UUID, actor: Actor) -> Json:
    """The excavation, the lines of its findings and the works it overlaps, as a WGS84 FeatureCollection."""
    dig = store.read_dig(session, dig_id, city.city_id)
    check_reader(dig, actor)
    features: list[Json] = []
    if dig.excavation is not None:
        features.append(
            _feature(dig.excavation["geometry"], {"kind": "excavation", "depth_m": dig.excavation["depth_m"]})
        )
    for finding in (dig.ground or {}).get("findings", []):
        features.append(_feature(finding.get("geometry"), {"kind": "finding", **_without_geometry(finding)}))
    shown = {view.with_ref: view for view in overlaps_of(session, dig.ref)}
    for ref, geometry in outlines(session, list(shown)).items():
        said = as_json(shown[ref])
        features.append(_feature(geometry, {"kind": "overlap", "ref": ref, **said}))
    return {"type": "FeatureCollection", "features": [f for f in features if f["geometry"] is not None]}


def outlines(session: Session, refs: Sequence[str]) -> dict[str, Json]:
    """The stored WGS84 outlines of works by name."""
    found: dict[str, Json] = {}
    d, p = t.dig, t.planned_work
    digs = [UUID(ref[4:]) for ref in refs if ref.startswith("dig:")]
    plans = [UUID(ref[5:]) for ref in refs if ref.startswith("plan:")]
    if digs:
        rows = session.execute(select(d.c.dig_id, d.c.excavation).where(d.c.dig_id.in_(digs)))
        found |= {f"dig:{row.dig_id}": row.excavation["geometry"] for row in rows if row.excavation}
    if plans:
        rows = session.execute(select(p.c.plan_id, p.c.geometry).where(p.c.plan_id.in_(plans)))
        found |= {f"plan:{row.plan_id}": row.geometry for row in rows}
    return found


def _feature(geometry: Json | None, properties: Json) -> Json:
    return {"type": "Feature", "geometry": geometry, "properties": properties}
