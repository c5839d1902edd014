"""The questions to the agencies as rows: ask, record the answer, remind, establish silence."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import ScalarSelect, Table, func, insert, select, update
from sqlalchemy.orm import Session

from permits import tables as t
from permits.clocks import warning_due
from permits.consultation import inquiry_ref, is_closed
from permits.errors import CaseNotFound
from permits.identifiers import new_id
from permits.outbox import StepRow, add_steps, supersede_inquiries
from permits.ports import SYSTEM, Actor, Json
from permits.requests import Answer
from permits.store import CaseRow, Event, chain, change_case, close_tasks, lock_case, open_task
from permits.views import as_json
from permits.vocabulary import Action, CaseStatus, ConsultationStatus, StepOp, TaskKind
from permits.workflow import Guard, advance

REMINDERS = (
    TaskKind.CONSULTATION_HALF_TIME,
    TaskKind.CONSULTATION_NEARLY_DUE,
    TaskKind.CONSULTATION_OVERDUE,
    TaskKind.INQUIRY_FAILED,
)
_OPEN_CASE = (CaseStatus.CONSULTING, CaseStatus.AWAITING_DECISION)


def ask(
    session: Session, case: CaseRow, bodies: Mapping[str, Json], asked_at: datetime, due_at: datetime
) -> list[Event]:
    """Open one consultation per agency together with its call: no question without its sending (T3)."""
    if not bodies:
        return []
    rows = [
        {
            "case_id": case.case_id,
            "agency_id": agency,
            "round": 1,
            "our_ref": body["our_ref"],
            "status": ConsultationStatus.PENDING.value,
            "asked_at": asked_at,
            "due_at": due_at,
        }
        for agency, body in bodies.items()
    ]
    session.execute(insert(t.consultation), rows)
    steps = [
        StepRow(agency, StepOp.INQUIRE, body["our_ref"], f"{body['our_ref']}:inquire", body, due_at)
        for agency, body in bodies.items()
    ]
    return [
        ("consultation.asked", {"agencies": list(bodies), "due_at": due_at.isoformat()}),
        *add_steps(session, case, None, steps),
    ]


def first_ref(case_id: UUID, agency: str) -> str:
    """The reference of the first question to an agency."""
    return inquiry_ref(case_id, agency, 1)


def poll_later(session: Session, case: CaseRow, agency: str, our_ref: str, delay_s: float) -> None:
    """Ask for the answer after `delay_s` seconds, should no message bring it before."""
    row = session.execute(
        select(t.consultation.c.status, t.consultation.c.due_at).where(t.consultation.c.our_ref == our_ref)
    ).one()
    if row.status == ConsultationStatus.ANSWERED.value:
        return
    step = StepRow(
        agency,
        StepOp.QUERY,
        our_ref,
        f"{our_ref}:query",
        {"our_ref": our_ref, "kind": "inquiry"},
        row.due_at,
        delay_s,
    )
    chain(session, case.case_id, SYSTEM, add_steps(session, case, None, [step]))


def inquiry_failed(session: Session, case: CaseRow, agency: str, our_ref: str, detail: Json) -> None:
    """An agency refuses the question itself: a person must ask by other means."""
    if open_task(session, case.case_id, TaskKind.INQUIRY_FAILED, agency, our_ref, detail):
        chain(session, case.case_id, SYSTEM, [("task.opened", {"kind": "inquiry_failed", "agency": agency})])
        change_case(session, case)


def case_of(session: Session, our_ref: str, agency: str | None = None) -> UUID:
    """The case an inquiry belongs to; raises `CaseNotFound`, also when another agency was asked."""
    query = select(t.consultation.c.case_id).where(t.consultation.c.our_ref == our_ref)
    if agency is not None:
        query = query.where(t.consultation.c.agency_id == agency)
    found: UUID | None = session.execute(query).scalar_one_or_none()
    if found is None:
        raise CaseNotFound(our_ref=our_ref)
    return found


def record_response(session: Session, actor: Actor, answer: Answer, now: datetime) -> UUID:
    """Record an agency's answer; with the last one the case becomes ready for decision.

    The first answer counts; a later one, or one after the decision, is kept as a late response and changes
    nothing.
    """
    case = lock_case(session, case_of(session, answer.our_ref, actor.agency))
    asked = session.execute(
        select(t.consultation.c.agency_id, t.consultation.c.status).where(
            t.consultation.c.our_ref == answer.our_ref
        )
    ).one()
    is_late = asked.status == ConsultationStatus.ANSWERED.value or case.status not in _OPEN_CASE
    body = as_json(answer)
    session.execute(
        insert(t.response).values(
            response_id=new_id(),
            case_id=case.case_id,
            agency_id=asked.agency_id,
            our_ref=answer.our_ref,
            received_at=now,
            is_late=is_late,
            body=body,
        )
    )
    said = {"agency": asked.agency_id, "our_ref": answer.our_ref, "serviceable": answer.serviceable}
    if is_late:
        chain(session, case.case_id, actor, [("response.late", said)])
        return case.case_id
    advance(case.status, Action.RESPOND, actor.role)
    session.execute(
        update(t.consultation)
        .where(t.consultation.c.our_ref == answer.our_ref)
        .values(status=ConsultationStatus.ANSWERED.value, answered_at=now, answer=body)
    )
    supersede_inquiries(session, case.case_id, answer.our_ref)
    close_tasks(session, case.case_id, actor, REMINDERS, asked.agency_id)
    chain(session, case.case_id, actor, [("response.received", {**said, "reason_code": answer.reason_code})])
    close_if_complete(session, case)
    return case.case_id


def close_if_complete(session: Session, case: CaseRow) -> CaseRow:
    """Make the case ready for decision once nobody is waited for; otherwise only mark it as changed."""
    if case.status is not CaseStatus.CONSULTING:
        return change_case(session, case)
    statuses = session.execute(
        select(t.consultation.c.status).where(t.consultation.c.case_id == case.case_id)
    ).scalars()
    if case.routing is None or not is_closed(ConsultationStatus(status) for status in statuses):
        return change_case(session, case)
    status = advance(case.status, Action.CONSULTATIONS_CLOSED, SYSTEM.role, [Guard.CONSULTATIONS_CLOSED])
    chain(session, case.case_id, SYSTEM, [(f"case.{status.value}", {"from": case.status.value})])
    return change_case(session, case, status)


def due_reminders(session: Session, now: datetime, limit: int) -> list[tuple[UUID, str]]:
    """Open questions whose present warning has not been given yet: (case, our_ref), most urgent first."""
    c, task = t.consultation, t.human_task
    rows = session.execute(
        select(c.c.case_id, c.c.our_ref, c.c.asked_at, c.c.due_at, _given(c, task).label("given"))
        .join(t.case_, t.case_.c.case_id == c.c.case_id)
        .where(
            c.c.status == ConsultationStatus.PENDING.value,
            t.case_.c.status == CaseStatus.CONSULTING.value,
            c.c.due_at - now <= now - c.c.asked_at,  # half of the time is gone
        )
        .order_by(c.c.due_at)
    )
    found: list[tuple[UUID, str]] = []
    for row in rows:
        kind = warning_due(row.asked_at, row.due_at, now)
        if kind is not None and kind.value not in (row.given or ()):
            found.append((row.case_id, row.our_ref))
        if len(found) == limit:
            break
    return found


def _given(c: Table, task: Table) -> ScalarSelect[Any]:
    """The kinds of the warnings already given for one question."""
    return (
        select(func.array_agg(task.c.kind))
        .where(task.c.case_id == c.c.case_id, task.c.ref == c.c.our_ref, task.c.closed_at.is_(None))
        .scalar_subquery()
    )


def remind(session: Session, case_id: UUID, our_ref: str, now: datetime) -> TaskKind | None:
    """Raise the warning that is due for one open question; after its deadline establish the silence (T21).

    Silence lets the case go on to a decision by a named person; it is never an answer.
    """
    case = lock_case(session, case_id, skip_locked=True)
    row = session.execute(
        select(
            t.consultation.c.agency_id,
            t.consultation.c.status,
            t.consultation.c.asked_at,
            t.consultation.c.due_at,
        ).where(t.consultation.c.our_ref == our_ref)
    ).one()
    if row.status != ConsultationStatus.PENDING.value or case.status is not CaseStatus.CONSULTING:
        return None
    kind = warning_due(row.asked_at, row.due_at, now)
    detail = {"due_at": row.due_at.isoformat()}
    if kind is None or not open_task(session, case_id, kind, row.agency_id, our_ref, detail):
        return None
    events: list[Event] = [("task.opened", {"kind": kind.value, "agency": row.agency_id})]
    if kind is not TaskKind.CONSULTATION_OVERDUE:
        chain(session, case_id, SYSTEM, events)
        change_case(session, case)
        return kind
    session.execute(
        update(t.consultation)
        .where(t.consultation.c.our_ref == our_ref)
        .values(status=ConsultationStatus.LAPSED.value)
    )
    chain(session, case_id, SYSTEM, [*events, ("consultation.lapsed", {"agency": row.agency_id})])
    close_if_complete(session, case)
    return kind
