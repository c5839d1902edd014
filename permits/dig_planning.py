"""What the agencies plan, on one calendar: works, and one trench for two works (A07, A21, A22)."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from typing import Any
from uuid import UUID

from shapely import from_wkb
from shapely.geometry import Polygon
from sqlalchemy import func, insert, select, update
from sqlalchemy.orm import Session

from layers.database import as_element
from permits import dig_ground, dig_joins, dig_pavings, dig_reading, dig_shared, dig_works
from permits import dig_store as store
from permits import dig_tables as t
from permits.dig_clocks import local_day
from permits.dig_errors import (
    DigActionNotAllowed,
    DigNotFound,
    DigRequestInvalid,
    NoOverlap,
    PlanEnded,
    PlanNotFound,
)
from permits.dig_overlap import Work, overlap
from permits.dig_requests import PlanRequest, WorksRequest, date_faults, work_faults
from permits.dig_store import AnyRow, DigRow
from permits.dig_terms import terms_of
from permits.dig_views import OverlapView, PlanView
from permits.dig_vocabulary import JoinState, PlanStatus
from permits.errors import AgencyUnknown
from permits.identifiers import new_id
from permits.ports import Actor, Json
from permits.requests import ExcavationRequest
from permits.service import Context
from permits.store import announce, chain, fingerprint, once
from permits.vocabulary import Role

MAX_FEATURES = 5000


# --- planned works


def plan(session: Session, ctx: Context, request: PlanRequest) -> PlanView:
    """An agency's planned work is on the calendar; the same `agency_ref` again replaces what was planned.

    Raises `AgencyUnknown`, `DigRequestInvalid`, `DigActionNotAllowed` or a refusal of `geo`.
    """

    def run() -> PlanView:
        _check_planner(ctx.actor, request.agency, "plan")
        dig_joins.one_at_a_time(session, ctx.city)  # two first plans of one number must not meet
        if request.agency not in {agency.agency_id for agency in ctx.city.agencies}:
            raise AgencyUnknown(agency=request.agency)
        faults = [
            *date_faults(request.starts_on, request.ends_on),
            *work_faults(WorksRequest(width_m=request.width_m)),
        ]
        if faults:
            raise DigRequestInvalid(reasons=faults)
        return _planned(session, ctx, request)

    mark = fingerprint(f"{ctx.city.city_id}:plan", request)
    return once(session, ctx.actor, ctx.idempotency_key, mark, PlanView, run)


def _check_planner(actor: Actor, agency: str, action: str) -> None:
    """An agency plans for itself; the officer for any."""
    if actor.role is not Role.OFFICER and (actor.role is not Role.AGENCY or actor.agency != agency):
        raise _not_own(actor, action)


def _not_own(actor: Actor, action: str) -> DigActionNotAllowed:
    role = actor.role.value
    return DigActionNotAllowed(
        dig_status="none", dig_action=action, role=role, needs=["own-works"], hint="fulfil-first"
    )


def _planned(session: Session, ctx: Context, request: PlanRequest) -> PlanView:
    drawn = ExcavationRequest(request.geometry, request.crs, request.depth_m or 1.0)
    place = dig_ground.place_of(ctx.city, drawn, request.width_m)
    works = {
        "length_m": round(place.length_m, 2),
        "width_m": round(request.width_m or place.width_m, 2),
        "depth_m": request.depth_m,
        "pavement": None if request.pavement is None else request.pavement.value,
    }
    values = {
        "title": request.title,
        "status": PlanStatus.PLANNED.value,
        "works": works,
        "geometry": dig_ground.in_wgs84(ctx.city, place.shape_m),
        "geom": as_element(place.shape_m, ctx.city.srid),
        "starts_on": request.starts_on,
        "ends_on": request.ends_on,
        "updated_at": ctx.now,
    }
    p = t.planned_work
    before = session.execute(
        select(p.c.plan_id, p.c.version)
        .where(
            p.c.city_id == ctx.city.city_id,
            p.c.agency_id == request.agency,
            p.c.agency_ref == request.agency_ref,
        )
        .with_for_update()
    ).one_or_none()
    if before is None:
        plan_id = new_id()
        row = {
            "plan_id": plan_id,
            "city_id": ctx.city.city_id,
            "agency_id": request.agency,
            "agency_ref": request.agency_ref,
            "version": 1,
            "created_by": ctx.actor.id,
            "created_at": ctx.now,
        }
        session.execute(insert(p).values(row | values))
    else:
        plan_id = before.plan_id
        changed = values | {"version": before.version + 1}
        session.execute(update(p).where(p.c.plan_id == plan_id).values(changed))
    said = {"title": request.title, "from": request.starts_on.isoformat(), "to": request.ends_on.isoformat()}
    chain(session, plan_id, ctx.actor, [("plan.set", said)])
    _look(session, ctx, _work(_read_plan(session, ctx, plan_id)))
    return plan_view(session, ctx, plan_id)


def _look(session: Session, ctx: Context, work: Work, *, gone: bool = False) -> None:
    """Its neighbours as they are now; whoever looks at the calendar or one of them is told."""
    announce(session, "works", ctx.city.city_id, {"plan_id": work.ref.partition(":")[2]})
    today = local_day(ctx.now, ctx.city.timezone)
    found = dig_joins.refresh(session, ctx.city, work.ref, None if gone else work, ctx.now, today)
    for other in found:
        kind, number = dig_works.split_ref(other.ref)
        if kind == "dig":
            store.notify_dig(session, store.read_dig(session, number, ctx.city.city_id))


def end_plan(session: Session, ctx: Context, plan_id: UUID, status: PlanStatus) -> PlanView:
    """The planned work is done or cancelled; its offers are gone. Raises `PlanNotFound`, `PlanEnded`.

    Work whose `agency_ref` is planned again is on the calendar again.
    """

    def run() -> PlanView:
        dig_joins.one_at_a_time(session, ctx.city)
        row = _read_plan(session, ctx, plan_id, lock=True)
        _check_planner(ctx.actor, row.agency_id, status.value)
        if row.status != PlanStatus.PLANNED.value:
            raise PlanEnded(plan_id=str(plan_id), plan_status=row.status)
        session.execute(
            update(t.planned_work)
            .where(t.planned_work.c.plan_id == plan_id)
            .values(status=status.value, version=row.version + 1, updated_at=ctx.now)
        )
        chain(session, plan_id, ctx.actor, [(f"plan.{status.value}", {})])
        _look(session, ctx, _work(row), gone=True)
        return plan_view(session, ctx, plan_id)

    mark = fingerprint(f"{ctx.city.city_id}:plan.{status.value}", {"plan": plan_id})
    return once(session, ctx.actor, ctx.idempotency_key, mark, PlanView, run)


def _read_plan(session: Session, ctx: Context, plan_id: UUID, *, lock: bool = False) -> AnyRow:
    p = t.planned_work
    columns = [column for column in p.c if column.name != "geom"]
    query = select(*columns, func.ST_AsBinary(p.c.geom).label("wkb")).where(
        p.c.plan_id == plan_id, p.c.city_id == ctx.city.city_id
    )
    row = session.execute(query.with_for_update() if lock else query).one_or_none()
    if row is None:
        raise PlanNotFound(plan_id=str(plan_id))
    return row


def _work(row: AnyRow) -> Work:
    return Work(
        f"plan:{row.plan_id}",
        from_wkb(bytes(row.wkb)),
        row.starts_on,
        row.ends_on,
        float(row.works["length_m"]),
        float(row.works["width_m"]),
    )


def plan_view(session: Session, ctx: Context, plan_id: UUID) -> PlanView:
    """One planned work with what it overlaps. Raises `PlanNotFound`."""
    row = _read_plan(session, ctx, plan_id)
    barred = dig_pavings.moratoria(session, ctx.city, [plan_id])
    return _plan_view(row, dig_joins.overlaps_of(session, f"plan:{plan_id}"), barred.get(plan_id))


def overlaps(session: Session, ctx: Context, plan_id: UUID) -> Json:
    """The works nearby, and one trench for all of them: as it could be, and as agreed. Raises `PlanNotFound`."""
    view = plan_view(session, ctx, plan_id)
    return dig_shared.around(session, ctx, f"plan:{plan_id}", view.overlaps)


def _plan_view(row: AnyRow, overlaps: list[OverlapView], moratorium: Json | None) -> PlanView:
    return PlanView(
        plan_id=row.plan_id,
        city=row.city_id,
        agency=row.agency_id,
        agency_ref=row.agency_ref,
        title=row.title,
        status=row.status,
        version=row.version,
        works=row.works,
        geometry=row.geometry,
        starts_on=row.starts_on,
        ends_on=row.ends_on,
        overlaps=overlaps,
        moratorium=moratorium,
    )


def plans(session: Session, ctx: Context, agency: str | None, limit: int = 200) -> list[PlanView]:
    """The planned works of the city, or of one agency, soonest first."""
    p = t.planned_work
    columns = [column for column in p.c if column.name != "geom"]
    query = select(*columns).where(p.c.city_id == ctx.city.city_id, p.c.status == PlanStatus.PLANNED.value)
    if agency is not None:
        query = query.where(p.c.agency_id == agency)
    rows = session.execute(query.order_by(p.c.starts_on, p.c.plan_id).limit(limit)).all()
    barred = dig_pavings.moratoria(session, ctx.city, [row.plan_id for row in rows])
    return [
        _plan_view(row, dig_joins.overlaps_of(session, f"plan:{row.plan_id}"), barred.get(row.plan_id))
        for row in rows
    ]


# --- the calendar


@dataclass(frozen=True, slots=True)
class CalendarWindow:
    """Which works: dates inclusive, `area_m` in the city's CRS."""

    from_on: date
    to_on: date
    area_m: Polygon | None = None
    agency: str | None = None


def calendar(session: Session, ctx: Context, window: CalendarWindow) -> Json:
    """Every planned work of every agency in a time, as a WGS84 FeatureCollection (A22).

    An applicant sees all works, but neither names nor people: none are in it.
    """
    features = [_calendar_feature(kind, row) for kind, row in _in_window(session, ctx, window)]
    shown = sorted(features, key=lambda each: (each["properties"]["starts_on"], each["id"]))
    refs = [each["id"] for each in shown[:MAX_FEATURES]]
    return {
        "type": "FeatureCollection",
        "features": shown[:MAX_FEATURES],
        "overlaps": dig_joins.pairs_among(session, ctx.city, refs),
        "truncated": len(shown) > MAX_FEATURES,
        "from": window.from_on.isoformat(),
        "to": window.to_on.isoformat(),
    }


def _in_window(session: Session, ctx: Context, window: CalendarWindow) -> Iterator[tuple[str, AnyRow]]:
    d, p = t.dig, t.planned_work
    for kind, table in (("dig", d), ("plan", p)):
        query: Any = select(*[column for column in table.c if column.name != "geom"]).where(
            table.c.city_id == ctx.city.city_id,
            table.c.starts_on <= window.to_on,
            table.c.ends_on >= window.from_on,
        )
        if window.area_m is not None:
            outline = as_element(window.area_m, ctx.city.srid)
            query = query.where(table.c.geom.op("&&")(outline), func.ST_Intersects(table.c.geom, outline))
        if window.agency is not None:
            query = query.where(table.c.agency_id == window.agency)
        if kind == "dig":
            query = query.where(d.c.status.not_in(("draft", "refused", "withdrawn")), d.c.geom.is_not(None))
        else:
            query = query.where(p.c.status == PlanStatus.PLANNED.value)
        for row in session.execute(query.order_by(table.c.starts_on).limit(MAX_FEATURES + 1)):
            yield kind, row


def _calendar_feature(kind: str, row: AnyRow) -> Json:
    is_dig = kind == "dig"
    return {
        "type": "Feature",
        "id": f"{kind}:{row.dig_id if is_dig else row.plan_id}",
        "geometry": row.excavation["geometry"] if is_dig else row.geometry,
        "properties": {
            "kind": kind,
            "dig_kind": row.kind if is_dig else None,
            "number": row.dig_no if is_dig else row.agency_ref,
            "title": row.title,
            "agency": row.agency_id,
            "status": row.status,
            "starts_on": row.starts_on.isoformat(),
            "ends_on": row.ends_on.isoformat(),
            "length_m": row.works.get("length_m"),
            "width_m": row.works.get("width_m"),
            "pavement": row.works.get("pavement"),
        },
    }


# --- one trench for two works


def join(session: Session, ctx: Context, ref: str, other: str) -> JoinState:
    """The side `ref` accepts one trench with `other`; with both sides it is agreed and the works are linked.

    Raises `NoOverlap`, `DigNotFound`, `PlanNotFound` or `DigActionNotAllowed` for who may not speak for `ref`.
    """
    works, row = _both(session, ctx, ref, other)
    by = f"{ctx.actor.role.value}:{ctx.actor.id}"
    state = dig_joins.accept(session, row, ref, by, ctx.now)
    _tell_both(session, ctx, works, f"join.{state.value}", {"by": ref})
    return state


def decline(session: Session, ctx: Context, ref: str, other: str, reason: str) -> JoinState:
    """The side `ref` will not share a trench with `other`. Raises as `join` does."""
    works, row = _both(session, ctx, ref, other)
    dig_joins.decline(session, row, reason, ctx.now)
    _tell_both(session, ctx, works, "join.declined", {"by": ref, "reason": reason})
    return JoinState.DECLINED


_Side = tuple[str, DigRow | AnyRow]


def _both(session: Session, ctx: Context, ref: str, other: str) -> tuple[list[_Side], AnyRow]:
    """Both works, locked in the order of their names, and their offer."""
    if ref == other:
        raise NoOverlap(a=ref, b=other)
    works: dict[str, Any] = {}
    for each in sorted((ref, other)):
        kind, number = dig_works.split_ref(each)
        if kind == "dig":
            works[each] = store.lock_dig(session, number, city_id=ctx.city.city_id)
        else:
            works[each] = _read_plan(session, ctx, number, lock=True)
    _check_speaker(ctx.actor, works[ref])
    row = dig_joins.join_row(session, ref, other)
    if row is None or not _still_overlap(ctx, works):
        raise NoOverlap(a=ref, b=other)
    return list(works.items()), row


def _still_overlap(ctx: Context, works: dict[str, Any]) -> bool:
    terms = terms_of(ctx.city.folder)
    today = local_day(ctx.now, ctx.city.timezone)
    a, b = (
        dig_works.work_of(each, today) if isinstance(each, DigRow) else _work(each) for each in works.values()
    )
    if a is None or b is None:
        return False
    return overlap(a, b, terms.number("overlap_buffer_m"), terms.whole("overlap_window_days")) is not None


def _check_speaker(actor: Actor, work: Any) -> None:
    """The works' own side speaks for it; at the counter, the office writes down what that side said."""
    if actor.role in {Role.OFFICER, Role.FRONT_OFFICE}:
        return
    if isinstance(work, DigRow):
        if actor.role is Role.APPLICANT and work.applicant_actor != actor.id:
            raise DigNotFound(dig_id=str(work.dig_id))
        may = dig_reading.is_own(work, actor) and actor.role in {Role.AGENCY, Role.APPLICANT}
    else:
        may = actor.role is Role.AGENCY and work.agency_id == actor.agency
    if not may:
        raise _not_own(actor, "join")


def _tell_both(session: Session, ctx: Context, works: list[_Side], event: str, said: Json) -> None:
    """The history of both says it, and both have a new version."""
    refs = [ref for ref, _ in works]
    for ref, work in works:
        other = next(each for each in refs if each != ref)
        body = said | {"with": other}
        if isinstance(work, DigRow):
            chain(session, work.dig_id, ctx.actor, [(event, body)])
            store.change_dig(session, work, ctx.city.srid)
        else:
            chain(session, work.plan_id, ctx.actor, [(event, body)])
            session.execute(
                update(t.planned_work)
                .where(t.planned_work.c.plan_id == work.plan_id)
                .values(version=work.version + 1, updated_at=ctx.now)
            )
