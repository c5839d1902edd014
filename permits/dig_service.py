"""The use cases of excavation permits: one function each, one transaction each, committed by the caller at the edge.

Every write locks the excavation's row first, moves it along `dig_workflow.TRANSITIONS`, and leaves history entries
and an `event: dig` notification in the same transaction. A repeated idempotency key returns the first answer (T8).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from permits import dig_control, dig_ground, dig_joins, dig_planning, dig_reading, dig_shared, dig_works
from permits import dig_store as store
from permits import tables as case_tables
from permits.dig_acting import Act, Change, excavation_json, surveyed, works_json
from permits.dig_actions import ACTIONS
from permits.dig_clocks import due_after
from permits.dig_errors import DigActionNotAllowed, DigRequestInvalid, OtherAgencysWorks
from permits.dig_facts import Known, facts_of, is_complete
from permits.dig_ground import hold_pavings, place_of
from permits.dig_inquiries import close_if_complete
from permits.dig_requests import DigRequest, date_faults, depth_faults, work_faults
from permits.dig_store import DigRow
from permits.dig_terms import terms_of
from permits.dig_views import DigSummary, DigView
from permits.dig_vocabulary import DigAction, DigGuard, DigKind, DigRecordKind, DigStatus, DigWarning
from permits.dig_workflow import advance, may_ever, out_of_turn
from permits.errors import AgencyUnknown, CaseNotFound
from permits.ports import SYSTEM, Actor, Json
from permits.service import Context
from permits.store import Event, chain, fingerprint, once
from permits.views import HistoryEntry
from permits.vocabulary import Role

FILERS: dict[DigKind, frozenset[Role]] = {
    DigKind.CONNECTION: frozenset({Role.OFFICER, Role.FRONT_OFFICE, Role.APPLICANT, Role.AGENCY}),
    DigKind.DEVELOPMENT: frozenset({Role.OFFICER, Role.AGENCY}),
    DigKind.INCIDENT: frozenset({Role.OFFICER, Role.FRONT_OFFICE, Role.AGENCY, Role.CRISIS}),
}
"""Who may ask for which kind."""

_AFTER = frozenset({DigGuard.SETTLED, DigGuard.COMPLETE, DigGuard.NO_OPEN_DEFECTS})
"""Facts that are judged on what the action leaves; all others on what it found."""

_ENDS_WORK = frozenset({DigStatus.REFUSED, DigStatus.WITHDRAWN, DigStatus.CLOSED})


def file(session: Session, ctx: Context, request: DigRequest) -> DigView:
    """Ask for an excavation; an incident's ground is open already and is regularised within its clock.

    Raises `DigRequestInvalid`, `DigActionNotAllowed`, `AgencyUnknown`, `OtherAgencysWorks`, `ParcelNotFound`,
    `CaseNotFound`, `PartyBarred` or a refusal of `geo`.
    """

    def run() -> DigView:
        hold_pavings(session, ctx.city)
        dig = _new(session, ctx, _checked(session, ctx, request))
        events: list[Event] = [("dig.filed", {"dig_no": dig.dig_no, "kind": dig.kind.value})]
        store.insert_dig(session, dig, ctx.city.srid)
        if dig.status is DigStatus.DRAFT:
            chain(session, dig.dig_id, ctx.actor, events)
            return _view(session, ctx, dig.dig_id)
        act = Act(session, ctx.city, ctx.actor, ctx.now, dig)
        events += _flagged(act)
        values = surveyed(act, dig)
        events.append((f"dig.{dig.status.value}", {"verdict": values["ground"]["verdict"]}))
        changed = store.change_dig(session, dig, ctx.city.srid, **values)
        events += _look_for_overlaps(act, changed)
        chain(session, dig.dig_id, ctx.actor, events)
        return _view(session, ctx, dig.dig_id)

    return _once(session, ctx, "dig.file", request, run)


def _flagged(act: Act) -> list[Event]:
    """Raises `PartyBarred` for somebody on the control list; an incident is let through with a warning."""
    found = dig_control.check_dig(act.session, act.city, act.dig, act.today)
    for _event, said in found:
        act.keep(DigRecordKind.WARNING, {"warning": DigWarning.LISTED.value, **said})
    return found


def _checked(session: Session, ctx: Context, request: DigRequest) -> DigRequest:
    """The request as this actor may make it, or a refusal naming every fault."""
    actor = ctx.actor
    if actor.role not in FILERS[request.kind]:
        raise DigActionNotAllowed(
            dig_status="none",
            dig_action="submit",
            role=actor.role.value,
            needs=[request.kind.value],
            hint="fulfil-first",
        )
    if actor.role is Role.AGENCY and request.agency is None:
        request = replace(request, agency=actor.agency)
    faults = _faults(request)
    if faults:
        raise DigRequestInvalid(reasons=faults)
    if request.agency not in {agency.agency_id for agency in ctx.city.agencies}:
        raise AgencyUnknown(agency=request.agency)
    if actor.role is Role.AGENCY and request.agency != actor.agency:
        raise OtherAgencysWorks(agency=request.agency, own=actor.agency)
    dig_ground.check_parcel(session, ctx.city, request.parcel_id)
    if request.case_id is not None:
        request = _with_case(session, ctx, request)
    return request


def _faults(request: DigRequest) -> list[str]:
    """What needs no look at the ground."""
    faults = [
        *work_faults(request.works),
        *date_faults(request.starts_on, request.ends_on),
        *depth_faults(request.excavation),
    ]
    if request.agency is None:
        faults.append("agency-needed")
    if request.excavation is None and not request.draft:
        faults.append("excavation-needed")
    if request.kind is DigKind.INCIDENT and request.draft:
        faults.append("incident-is-no-draft")
    return faults


def _with_case(session: Session, ctx: Context, request: DigRequest) -> DigRequest:
    c = case_tables.case_
    query = select(c.c.parcel_id, c.c.applicant_actor).where(
        c.c.case_id == request.case_id, c.c.city_id == ctx.city.city_id
    )
    row = session.execute(query).one_or_none()
    if row is None or (ctx.actor.role is Role.APPLICANT and row.applicant_actor != ctx.actor.id):
        raise CaseNotFound(case_id=str(request.case_id))
    return replace(request, parcel_id=request.parcel_id or row.parcel_id)


def _new(session: Session, ctx: Context, request: DigRequest) -> DigRow:
    city, now = ctx.city, ctx.now
    terms = terms_of(city.folder)
    is_incident = request.kind is DigKind.INCIDENT
    act = Act(session, city, ctx.actor, now, _blank(session, ctx, request))
    place = None
    if request.excavation is not None:
        place = place_of(city, request.excavation, request.works.width_m)
    starts_on = request.starts_on or (act.today if is_incident else None)
    dig = replace(
        act.dig,
        works=works_json(request.works, place, {}),
        excavation=None if place is None or request.excavation is None
        else excavation_json(city, request.excavation, place),
        shape_m=None if place is None else place.shape_m,
        starts_on=starts_on,
        ends_on=request.ends_on or starts_on,
        allowed_delay_days=terms.whole("allowed_delay_days"),
    )  # fmt: skip
    if is_incident:
        by = due_after(now, terms.whole("regularise_days"), city.timezone)
        return replace(dig, status=DigStatus.EMERGENCY, started_on=starts_on, regularise_by=by)
    if request.draft:
        return dig
    if not is_complete(dig):
        raise DigRequestInvalid(reasons=["incomplete"])
    return replace(dig, status=DigStatus.REQUESTED, submitted_at=now)


def _blank(session: Session, ctx: Context, request: DigRequest) -> DigRow:
    """A draft with the names in it."""
    asker = request.applicant
    return store.blank_dig(
        dig_no=store.next_dig_no(session, ctx.now.year),
        city_id=ctx.city.city_id,
        kind=request.kind,
        title=request.title,
        now=ctx.now,
        applicant_actor=ctx.actor.id,
        agency_id=request.agency,
        applicant={
            "name": asker.name.strip() if asker else (request.agency or ctx.actor.id),
            "national_id": asker.national_id if asker else None,
            "phone": asker.phone if asker else None,
        },
        case_id=request.case_id,
        parcel_id=request.parcel_id,
        contractor=request.contractor,
        supervisor=request.supervisor,
    )


def act_on(
    session: Session,
    ctx: Context,
    dig_id: UUID,
    action: DigAction,
    said: Json,
    expected_version: int | None = None,
) -> DigView:
    """Carry out one action of a person on one excavation.

    Raises `DigNotFound`, `StaleDig`, `DigActionNotAllowed` (with what is still needed), or the action's refusals.
    """

    def run() -> DigView:
        hold_pavings(session, ctx.city)
        dig = store.lock_dig(session, dig_id, city_id=ctx.city.city_id)
        _check_actor(dig, ctx.actor, action)
        store.expect_version(dig, expected_version)
        act = Act(session, ctx.city, ctx.actor, ctx.now, dig, said)
        _carry_out(act, action)
        return _view(session, ctx, dig_id)

    asked = {"dig": dig_id, "action": action.value, "said": said, "version": expected_version}
    return _once(session, ctx, f"dig.{action.value}", asked, run)


def _check_actor(dig: DigRow, actor: Actor, action: DigAction) -> None:
    """An applicant knows of the own excavations only; an agency acts for its own, and answers about others'."""
    dig_reading.check_reader(dig, actor)
    if not may_ever(dig.status, action, actor.role):
        raise out_of_turn(dig.status, action, actor.role)
    if action is not DigAction.ANSWER and not dig_reading.is_own(dig, actor):
        raise DigActionNotAllowed(
            dig_status=dig.status.value,
            dig_action=action.value,
            role=actor.role.value,
            needs=["own-works"],
            hint="fulfil-first",
        )


def _carry_out(act: Act, action: DigAction) -> DigRow:
    dig, session = act.dig, act.session
    before = _facts(act, dig)
    change: Change = ACTIONS[action](act)
    after = _facts(act, replace(dig, **change.values))
    facts = (before - _AFTER) | (after & _AFTER) | change.facts
    status = advance(dig.status, action, act.actor.role, facts)
    moved = replace(dig, **change.values, status=status)
    status, closing = close_if_complete(session, moved, act.asked)
    events = list(change.events)
    if moved.status is not dig.status:
        events.append((f"dig.{moved.status.value}", {"from": dig.status.value}))
    elif not events:
        events.append((f"dig.{action.value}", {}))
    changed = store.change_dig(session, dig, act.city.srid, status, **change.values)
    if change.moves_in_street or changed.status in _ENDS_WORK:
        events += _look_for_overlaps(act, changed)
    chain(session, dig.dig_id, act.actor, events)
    chain(session, dig.dig_id, SYSTEM, closing)
    return changed


def _facts(act: Act, dig: DigRow) -> set[DigGuard]:
    kept = store.records(act.session, dig.dig_id)
    listed = dig_control.listed(act.session, act.city, dig.agency_id, dig.contractor, act.today)
    return facts_of(dig, Known(act.asked, kept, listed), act.terms, act.now, act.city.timezone)


def _look_for_overlaps(act: Act, dig: DigRow) -> list[Event]:
    """Offers are those of the present place and dates; neighbours' viewers are told (T10)."""
    work = dig_works.work_of(dig, act.today) if dig_works.is_work(dig) else None
    found = dig_joins.refresh(act.session, act.city, dig.ref, work, act.now, act.today)
    for other in found:
        kind, number = dig_works.split_ref(other.ref)
        if kind == "dig":
            near = store.read_dig(act.session, number, act.city.city_id)
            store.notify_dig(act.session, near)
    return [("dig.overlaps", {"with": [other.ref for other in found]})] if found else []


def joined(
    session: Session, ctx: Context, dig_id: UUID, other: str, declined_because: str | None = None
) -> DigView:
    """One side accepts one trench with the work `other` ("dig:<id>" or "plan:<id>"), or declines it."""

    def run() -> DigView:
        ref = f"dig:{dig_id}"
        if declined_because is None:
            dig_planning.join(session, ctx, ref, other)
        else:
            dig_planning.decline(session, ctx, ref, other, declined_because)
        return _view(session, ctx, dig_id)

    asked = {"dig": dig_id, "with": other, "declined": declined_because}
    return _once(session, ctx, "dig.join", asked, run)


def dig(session: Session, ctx: Context, dig_id: UUID) -> DigView:
    """The excavation as this actor may see it. Raises `DigNotFound`."""
    return _view(session, ctx, dig_id)


def overlaps(session: Session, ctx: Context, dig_id: UUID) -> Json:
    """The works nearby, and one trench for all of them: as it could be, and as agreed. Raises `DigNotFound`."""
    view = dig(session, ctx, dig_id)
    return dig_shared.around(session, ctx, f"dig:{dig_id}", view.overlaps)


def digs(session: Session, ctx: Context, filters: dig_reading.DigFilter) -> list[DigSummary]:
    """The city's excavations, newest first; an applicant sees the own ones."""
    return dig_reading.dig_list(session, ctx.city.city_id, ctx.actor, filters)


def history(session: Session, ctx: Context, dig_id: UUID) -> list[HistoryEntry]:
    """The excavation's chained history, oldest first. Raises `DigNotFound`."""
    return dig_reading.dig_history(session, ctx.city, dig_id, ctx.actor)


def geojson(session: Session, ctx: Context, dig_id: UUID) -> Json:
    """The excavation, its findings' lines and the works it overlaps. Raises `DigNotFound`."""
    return dig_reading.dig_geojson(session, ctx.city, dig_id, ctx.actor)


# --- shared by the use cases


def _once(
    session: Session, ctx: Context, operation: str, request: object, run: Callable[[], DigView]
) -> DigView:
    mark = fingerprint(f"{ctx.city.city_id}:{operation}", request)
    return once(session, ctx.actor, ctx.idempotency_key, mark, DigView, run)


def _view(session: Session, ctx: Context, dig_id: UUID) -> DigView:
    return dig_reading.dig_view(session, ctx.city, dig_id, ctx.actor, ctx.now)
