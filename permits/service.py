"""The use cases: one function each, one transaction each, committed by the caller at the edge.

Every write locks the case row first, moves the case along `workflow.TRANSITIONS`, and leaves history
entries and a `panjereh_case` notification in the same transaction. With `ctx.idempotency_key` a repeated
call returns the first answer; the same key with another request raises `KeyReused`.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from layers.city import City
from permits import approving, case_map, dig_spawn, ground, inquiries, intake, saga, store, worklist
from permits import tables as t
from permits.approving import Opening
from permits.errors import ActionNotAllowed, AgencyUnknown, CaseNotFound, NothingToRetry, RequestInvalid
from permits.outbox import supersede_inquiries
from permits.ports import Actor, Json
from permits.requests import Answer, SubmitRequest
from permits.store import CaseRow, Event
from permits.tariff import PERMANENT_CLASSES, TariffMove, moves_back
from permits.views import CaseSummary, CaseView, Condition, HistoryEntry
from permits.vocabulary import (
    Action,
    CaseStatus,
    DecisionOutcome,
    OrderState,
    Purpose,
    Role,
    TariffClass,
    TaskKind,
    Wish,
)
from permits.workflow import Guard, advance

_STUCK_TASKS = (
    TaskKind.CONFIRM_REFUSED,
    TaskKind.CONFIRM_OVERDUE,
    TaskKind.CANCEL_REFUSED,
    TaskKind.CANCEL_OVERDUE,
    TaskKind.OUTCOME_UNKNOWN,
)


@dataclass(frozen=True, slots=True)
class Context:
    """One use of the system: in which city, by whom, when, and under which idempotency key."""

    city: City
    actor: Actor
    now: datetime
    idempotency_key: str | None = None


@dataclass(frozen=True, slots=True)
class CaseFilter:
    """Which cases; `after` is the last case_id of the page before."""

    status: str | None = None
    q: str | None = None
    limit: int = 50
    after: UUID | None = None


def submit(
    session: Session, ctx: Context, request: SubmitRequest, survey: ground.Survey = ground.survey
) -> CaseView:
    """Open a case: dossier, conflict check and consultations in one transaction.

    Raises `RequestInvalid`, `ParcelNotFound`, `ExcavationOffParcel`, or a geometry refusal of `geo`.
    """

    def run() -> CaseView:
        if ctx.actor.role not in intake.SUBMITTERS:
            raise ActionNotAllowed(status="none", action="submit", role=ctx.actor.role.value)
        intake.check(request, ctx.city)
        ground.look_as(session, ctx.city, ctx.actor)
        found = survey(
            session, ctx.city, request.parcel_id, request.excavation, request.works, ctx.now.date()
        )
        case_id = intake.open_case(session, ctx.city, ctx.actor, ctx.now, request, found)
        return _view(session, ctx, case_id)

    return _once(session, ctx, "submit", request, run)


def approve(
    session: Session, ctx: Context, case_id: UUID, conditions: Sequence[Condition], expected_version: int
) -> CaseView:
    """Issue the permit and, in the same transaction, orders and tariff changes for all (A11, A14).

    Raises `StaleCase`, `ActionNotAllowed`, or `ApprovalRefused` with the reasons.
    """

    def run() -> CaseView:
        case = _locked(session, ctx, case_id)
        store.expect_version(case, expected_version)
        approving.approve(session, ctx.city, ctx.actor, ctx.now, case, conditions)
        dig_spawn.spawn(session, ctx.city, ctx.actor, ctx.now, case)
        return _view(session, ctx, case_id)

    asked = {"case": case_id, "conditions": list(conditions), "version": expected_version}
    return _once(session, ctx, "approve", asked, run)


def refuse(session: Session, ctx: Context, case_id: UUID, reason: str, expected_version: int) -> CaseView:
    """Refuse the case, with a reason. Raises `StaleCase` or `ActionNotAllowed`."""

    def run() -> CaseView:
        case = _locked(session, ctx, case_id)
        store.expect_version(case, expected_version)
        status = advance(case.status, Action.REFUSE, ctx.actor.role)
        outcome = DecisionOutcome.REFUSED.value
        store.add_decision(session, case_id, ctx.actor, outcome, [], reason)
        return _end(session, ctx, case, status, {"reason": reason})

    asked = {"case": case_id, "reason": reason, "version": expected_version}
    return _once(session, ctx, "refuse", asked, run)


def withdraw(session: Session, ctx: Context, case_id: UUID) -> CaseView:
    """Withdraw the request before a decision. Raises `ActionNotAllowed`."""

    def run() -> CaseView:
        case = _locked(session, ctx, case_id)
        status = advance(case.status, Action.WITHDRAW, ctx.actor.role)
        return _end(session, ctx, case, status, {})

    return _once(session, ctx, "withdraw", {"case": case_id}, run)


def retry_exchange(session: Session, ctx: Context, case_id: UUID) -> CaseView:
    """Try the exchange again as a new revision, or send its parked calls again. Raises `ActionNotAllowed`."""

    def run() -> CaseView:
        case = _locked(session, ctx, case_id)
        facts = saga.facts_for_workflow(session, case_id)
        status = advance(case.status, Action.RETRY, ctx.actor.role, facts)
        last = store.last_exchange(session, case_id)
        if last is None:
            raise NothingToRetry(case_id=str(case_id))
        exchange_id, purpose, revision, _ = last
        store.close_tasks(session, case_id, ctx.actor, (*_STUCK_TASKS, TaskKind.NEEDS_DECISION))
        if Guard.CALLS_PARKED in facts:
            saga.rearm(session, case, exchange_id, ctx.actor)
            events: list[Event] = [("exchange.rearmed", {"purpose": purpose.value, "revision": revision})]
        else:
            moves = saga.moves_of(session, exchange_id)
            events = approving.open_exchange(
                session, ctx.city, ctx.now, case, Opening(purpose, revision + 1, moves)
            )
        return _changed(session, ctx, case, status, events)

    return _once(session, ctx, "retry", {"case": case_id}, run)


def defer_utility(session: Session, ctx: Context, case_id: UUID, agency: str) -> CaseView:
    """Leave one agency's connection for later; its tariff change stays (A06).

    Raises `AgencyUnknown` when nothing is wanted now of this agency, or `ActionNotAllowed`.
    """

    def run() -> CaseView:
        case = _locked(session, ctx, case_id)
        facts = saga.facts_for_workflow(session, case_id)
        status = advance(case.status, Action.DEFER, ctx.actor.role, facts)
        if case.wish(agency) is not Wish.NOW:
            raise AgencyUnknown(agency=agency, hint="wish-not-now")
        wishes = {**case.wishes, agency: {**case.wishes[agency], "wish": Wish.LATER.value}}
        session.execute(
            update(t.connection_order)
            .where(t.connection_order.c.case_id == case_id, t.connection_order.c.agency_id == agency)
            .values(wish=Wish.LATER.value, state=OrderState.DEFERRED.value)
        )
        return _changed(session, ctx, case, status, [("wish.deferred", {"agency": agency})], wishes=wishes)

    return _once(session, ctx, "defer", {"case": case_id, "agency": agency}, run)


def revoke(session: Session, ctx: Context, case_id: UUID, reason: str) -> CaseView:
    """Take the permit back, by a named person (T22); an active case's tariffs return through an exchange.

    Connections that were sold stay sold: undoing them is between the owner and the company.
    """

    def run() -> CaseView:
        case = _locked(session, ctx, case_id)
        facts = saga.facts_for_workflow(session, case_id)
        status = advance(case.status, Action.REVOKE, ctx.actor.role, facts)
        outcome = DecisionOutcome.REVOKED.value
        store.add_decision(session, case_id, ctx.actor, outcome, [], reason)
        session.execute(update(t.permit).where(t.permit.c.case_id == case_id).values(revoked_at=ctx.now))
        events: list[Event] = [(f"case.{status.value}", {"from": case.status.value, "reason": reason})]
        last = store.last_exchange(session, case_id)
        if case.status is CaseStatus.ACTIVE and last is not None:
            back = [
                TariffMove(move.agency, move.to_class, move.from_class)
                for move in saga.moves_of(session, last[0])
            ]
            events += approving.open_exchange(
                session, ctx.city, ctx.now, case, Opening(Purpose.PERMANENT, 1, back)
            )
        store.close_tasks(session, case_id, ctx.actor, [TaskKind.NEEDS_DECISION])
        return _changed(session, ctx, case, status, events)

    return _once(session, ctx, "revoke", {"case": case_id, "reason": reason}, run)


def complete(
    session: Session,
    ctx: Context,
    case_id: UUID,
    certificate_no: str,
    permanent_class: TariffClass,
    expected_version: int | None = None,
) -> CaseView:
    """Open the exchange that returns the tariff to its permanent class, on a completion certificate (A14).

    Raises `RequestInvalid` for a class no finished building has, `StaleCase` or `ActionNotAllowed`.
    """

    def run() -> CaseView:
        case = _locked(session, ctx, case_id)
        store.expect_version(case, expected_version)
        status = advance(case.status, Action.COMPLETE, ctx.actor.role)
        if permanent_class not in PERMANENT_CLASSES:
            raise RequestInvalid(reasons=["not-a-permanent-class"], permanent_class=permanent_class.value)
        moves = moves_back(case.tariff_agencies, permanent_class)
        opened = approving.open_exchange(
            session, ctx.city, ctx.now, case, Opening(Purpose.PERMANENT, 1, moves)
        )
        events: list[Event] = [
            (f"case.{status.value}", {"from": case.status.value, "certificate_no": certificate_no}),
            *opened,
        ]
        values = {"certificate_no": certificate_no, "permanent_class": permanent_class.value}
        return _changed(session, ctx, case, status, events, **values)

    asked = {"case": case_id, "certificate": certificate_no, "class": permanent_class}
    return _once(session, ctx, "complete", asked, run)


def record_response(session: Session, actor: Actor, answer: Answer, now: datetime) -> UUID:
    """Record an agency's answer to an inquiry; the case is ready for decision once all have answered.

    `answer.our_ref` names the inquiry; an actor with an agency may answer for that agency only
    (`CaseNotFound`).
    """
    return inquiries.record_response(session, actor, answer, now)


def recheck_conflicts(
    session: Session, ctx: Context, case_id: UUID, survey: ground.Survey = ground.survey
) -> CaseView:
    """Check the excavation against the layers as published now; an open decision becomes stale."""

    def run() -> CaseView:
        case = _locked(session, ctx, case_id)
        status = advance(case.status, Action.RECHECK, ctx.actor.role)
        excavation, works = intake.excavation_of(session, case_id)
        ground.look_as(session, ctx.city, ctx.actor, case_id)
        found = survey(session, ctx.city, case.parcel_id, excavation, works, ctx.now.date())
        intake.replace_findings(session, case_id, found.findings)
        events = [("conflicts.rechecked", intake.findings_digest(found))]
        values: Json = {"verdict": found.verdict, "missing": found.missing, "dossier": found.dossier}
        return _changed(session, ctx, case, status, events, **values)

    return _once(session, ctx, "recheck", {"case": case_id}, run)


def case(session: Session, ctx: Context, case_id: UUID) -> CaseView:
    """The case as this actor may see it. Raises `CaseNotFound`."""
    _check_owner(session, ctx, case_id)
    return _view(session, ctx, case_id)


def cases(session: Session, ctx: Context, filters: CaseFilter) -> list[CaseSummary]:
    """The city's cases, newest first; an applicant sees the own ones."""
    return worklist.case_list(
        session,
        ctx.city.city_id,
        status=filters.status,
        q=filters.q,
        limit=filters.limit,
        after=filters.after,
        owner=ctx.actor.id if ctx.actor.role is Role.APPLICANT else None,
    )


def history(session: Session, ctx: Context, case_id: UUID) -> list[HistoryEntry]:
    """The case's chained history, oldest first. Raises `CaseNotFound`."""
    _check_owner(session, ctx, case_id)
    return worklist.case_history(session, case_id)


def geojson(session: Session, ctx: Context, case_id: UUID) -> Json:
    """Excavation, parcel and the lines of the findings as a WGS84 FeatureCollection."""
    _check_owner(session, ctx, case_id)
    return case_map.case_geojson(session, case_id)


# --- shared by the use cases ---


def _once(
    session: Session, ctx: Context, operation: str, request: object, run: Callable[[], CaseView]
) -> CaseView:
    mark = store.fingerprint(f"{ctx.city.city_id}:{operation}", request)
    return store.once(session, ctx.actor, ctx.idempotency_key, mark, CaseView, run)


def _locked(session: Session, ctx: Context, case_id: UUID) -> CaseRow:
    case = store.lock_case(session, case_id, city_id=ctx.city.city_id)
    if ctx.actor.role is Role.APPLICANT and case.applicant_actor != ctx.actor.id:
        raise CaseNotFound(case_id=str(case_id))
    return case


def _check_owner(session: Session, ctx: Context, case_id: UUID) -> None:
    """An applicant knows of the own cases only; everyone knows only of the city they act in."""
    query = select(t.case_.c.applicant_actor).where(
        t.case_.c.case_id == case_id, t.case_.c.city_id == ctx.city.city_id
    )
    owner = session.execute(query).scalar_one_or_none()
    if owner is None or (ctx.actor.role is Role.APPLICANT and owner != ctx.actor.id):
        raise CaseNotFound(case_id=str(case_id))


def _view(session: Session, ctx: Context, case_id: UUID) -> CaseView:
    return worklist.case_view(session, case_id, ctx.actor.role, ctx.city.city_id)


def _end(session: Session, ctx: Context, case: CaseRow, status: CaseStatus, said: Json) -> CaseView:
    """Close a case that never came to an exchange: nobody is asked any longer."""
    supersede_inquiries(session, case.case_id)
    store.close_tasks(session, case.case_id, ctx.actor, inquiries.REMINDERS)
    event: Event = (f"case.{status.value}", {"from": case.status.value, **said})
    return _changed(session, ctx, case, status, [event])


def _changed(
    session: Session, ctx: Context, case: CaseRow, status: CaseStatus, events: list[Event], **values: Any
) -> CaseView:
    store.chain(session, case.case_id, ctx.actor, events)
    changed = store.change_case(session, replace(case), status, **values)
    return _view(session, ctx, changed.case_id)
