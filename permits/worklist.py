"""The read side: the case as one actor sees it, the list of cases, the history."""

from __future__ import annotations

import json
from collections.abc import Collection, Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import Select, and_, bindparam, func, or_, select, true
from sqlalchemy.orm import Session

from permits import service_lines
from permits import tables as t
from permits.case_map import without_geometry
from permits.errors import CaseNotFound
from permits.ports import Json
from permits.store import audit_entries
from permits.views import (
    ApplicantView,
    CaseSummary,
    CaseView,
    Condition,
    ConsultationView,
    DecisionView,
    ExcavationView,
    ExchangeAgencyView,
    ExchangeView,
    HistoryEntry,
    MissingLayer,
    PermitView,
    TariffView,
    TaskView,
    Units,
    WishView,
)
from permits.vocabulary import (
    Action,
    CaseStatus,
    ConsultationStatus,
    ExchangeState,
    Purpose,
    Role,
    StepOp,
    StepState,
    TariffState,
)
from permits.workflow import Guard, allowed_actions

AnyRow = Any
"""A result row: its columns are the query's."""

_FOR_PEOPLE = frozenset(
    {
        Action.APPROVE,
        Action.REFUSE,
        Action.WITHDRAW,
        Action.RETRY,
        Action.DEFER,
        Action.REVOKE,
        Action.COMPLETE,
        Action.RECHECK,
    }
)
_STUCK = {StepState.REFUSED.value, StepState.PARKED.value, StepState.UNKNOWN.value}
_LAST_DECISION = (
    select(t.decision)
    .where(t.decision.c.case_id == t.case_.c.case_id)
    .order_by(t.decision.c.at.desc(), t.decision.c.decision_id.desc())
    .limit(1)
    .lateral("decision")
)
# The case with its permit, its newest decision and the head of its history, in one statement.
_CASE = (
    select(
        *[column for column in t.case_.c if column.name != "geom"],
        t.permit.c.permit_no,
        t.permit.c.issued_at,
        t.permit.c.valid_until,
        _LAST_DECISION.c.outcome,
        _LAST_DECISION.c.by_actor,
        _LAST_DECISION.c.at.label("decided_at"),
        _LAST_DECISION.c.conditions,
        _LAST_DECISION.c.reason,
        t.audit_head.c.hash.label("head"),
    )
    .select_from(t.case_)
    .outerjoin(t.permit, t.permit.c.case_id == t.case_.c.case_id)
    .outerjoin(_LAST_DECISION, true())
    .outerjoin(t.audit_head, t.audit_head.c.case_id == t.case_.c.case_id)
    .where(t.case_.c.case_id == bindparam("case_id"))
)


def case_view(session: Session, case_id: UUID, role: Role, city_id: str | None = None) -> CaseView:
    """The whole case; raises `CaseNotFound`, also for a case of another city."""
    row = session.execute(_CASE, {"case_id": case_id}).one_or_none()
    if row is None or (city_id is not None and row.city_id != city_id):
        raise CaseNotFound(case_id=str(case_id))
    exchanges, changes = _exchanges(session, case_id)
    consultations = _consultations(session, case_id)
    return CaseView(
        case_id=row.case_id,
        case_no=row.case_no,
        city=row.city_id,
        status=row.status,
        version=row.version,
        parcel_id=row.parcel_id,
        works=row.works,
        storeys=row.storeys,
        units=Units(**row.units),
        applicant=ApplicantView(row.applicant["name"]),
        wishes={agency: WishView(w["wish"], w["capacity"]) for agency, w in row.wishes.items()},
        excavation=ExcavationView(**row.excavation),
        submitted_at=row.submitted_at,
        dossier=row.dossier,
        findings=[without_geometry(finding) for finding in _findings(session, case_id)],
        verdict=row.verdict,
        service_lines=service_lines.of_case(session, case_id),
        missing_information=[MissingLayer(**layer) for layer in row.missing],
        consultations=consultations,
        decision=_decision(row),
        permit=_permit(row),
        exchanges=exchanges,
        tariffs=_tariffs(changes),
        tasks=_tasks(session, case_id),
        actions=_actions(CaseStatus(row.status), role, _guards(exchanges, consultations)),
        audit_head=bytes(row.head or b"").hex(),
    )


def _actions(status: CaseStatus, role: Role, facts: Collection[Guard]) -> list[str]:
    return [action.value for action in allowed_actions(status, role, facts) if action in _FOR_PEOPLE]


def _guards(exchanges: Sequence[ExchangeView], consultations: Sequence[ConsultationView]) -> set[Guard]:
    """The guards that hold, read off the view; `saga.facts_for_workflow` asks the locked rows the same."""
    found: set[Guard] = set()
    if all(asked.status != ConsultationStatus.PENDING.value for asked in consultations):
        found.add(Guard.CONSULTATIONS_CLOSED)
    if not exchanges:
        return found
    last = exchanges[-1]
    if last.state == ExchangeState.CANCELLED.value:
        is_first = last.purpose == Purpose.CONSTRUCTION.value
        found.add(Guard.CONSTRUCTION_FAILED if is_first else Guard.PERMANENT_FAILED)
    if any({part.confirm, part.cancel} & _STUCK for part in last.agencies):
        found.add(Guard.CALLS_PARKED)
    return found


def _findings(session: Session, case_id: UUID) -> list[Json]:
    rows = session.execute(
        select(t.finding.c.body).where(t.finding.c.case_id == case_id).order_by(t.finding.c.n)
    )
    return [row.body for row in rows]


def _consultations(session: Session, case_id: UUID) -> list[ConsultationView]:
    c = t.consultation
    rows = session.execute(select(c).where(c.c.case_id == case_id).order_by(c.c.asked_at, c.c.agency_id))
    return [_consultation(row) for row in rows]


def _consultation(row: AnyRow) -> ConsultationView:
    said = row.answer or {}
    return ConsultationView(
        agency=row.agency_id,
        status=row.status,
        asked_at=row.asked_at,
        due_at=row.due_at,
        answered_at=row.answered_at,
        serviceable=said.get("serviceable"),
        reason_code=said.get("reason_code"),
        reason=said.get("reason"),
        conditions=list(said.get("conditions") or ()),
        offer=said.get("offer"),
        proposed_capacity=_as_object(said.get("proposed_capacity")),
    )


def _as_object(value: object) -> Json | None:
    """What a tolerant reader makes of a value that should be an object."""
    if value is None or isinstance(value, dict):
        return value
    return {"value": value}


def _decision(row: AnyRow) -> DecisionView | None:
    if row.outcome is None:
        return None
    conditions = [Condition(**condition) for condition in row.conditions]
    return DecisionView(row.outcome, row.by_actor, row.decided_at, conditions, row.reason)


def _permit(row: AnyRow) -> PermitView | None:
    return None if row.permit_no is None else PermitView(row.permit_no, row.issued_at, row.valid_until)


def _exchanges(session: Session, case_id: UUID) -> tuple[list[ExchangeView], list[AnyRow]]:
    """The exchanges, oldest first, and the tariff changes they carry, in the same order."""
    heads = session.execute(
        select(t.exchange)
        .where(t.exchange.c.case_id == case_id)
        .order_by(t.exchange.c.opened_at, t.exchange.c.exchange_id)
    ).all()
    if not heads:
        return [], []
    s, change = t.step, t.tariff_change
    steps = session.execute(
        select(
            s.c.exchange_id, s.c.agency_id, s.c.op, s.c.state, s.c.attempts, s.c.refusal, s.c.body, s.c.result
        )
        .where(s.c.case_id == case_id, s.c.exchange_id.is_not(None))
        .order_by(s.c.created_at, s.c.step_id)
    ).all()
    changes = session.execute(
        select(change)
        .join(t.exchange, t.exchange.c.exchange_id == change.c.exchange_id)
        .where(change.c.case_id == case_id)
        .order_by(t.exchange.c.opened_at, t.exchange.c.exchange_id, change.c.agency_id)
    ).all()
    views = [
        ExchangeView(
            purpose=head.purpose,
            revision=head.revision,
            state=head.state,
            effective_at=head.effective_at,
            decide_by=head.decide_by,
            hold_until=head.hold_until,
            agencies=[
                _agency(c, [s for s in steps if (s.exchange_id, s.agency_id) == (c.exchange_id, c.agency_id)])
                for c in changes
                if c.exchange_id == head.exchange_id
            ],
        )
        for head in heads
    ]
    return views, list(changes)


def _agency(change: AnyRow, steps: Sequence[AnyRow]) -> ExchangeAgencyView:
    by_op = {step.op: step for step in steps}

    def state(op: StepOp) -> str | None:
        return by_op[op.value].state if op.value in by_op else None

    tried = by_op.get(StepOp.TRY.value)
    results = [step.result for step in steps if step.result]
    numbers = [str(result["order_number"]) for result in results if result.get("order_number")]
    refusals = [step.refusal for step in steps if step.refusal]
    return ExchangeAgencyView(
        agency=change.agency_id,
        order_number=numbers[-1] if numbers else None,
        try_=state(StepOp.TRY),
        confirm=state(StepOp.CONFIRM),
        cancel=state(StepOp.CANCEL),
        attempts=sum(step.attempts for step in steps),
        refusal=refusals[-1] if refusals else None,
        connection=tried.body.get("connection") if tried is not None else None,
        tariff_from=change.from_class,
        tariff_to=change.to_class,
        receipt=change.receipt,
        tariff_basis=change.from_basis,
    )


def _tariffs(changes: Sequence[AnyRow]) -> list[TariffView]:
    """Per agency: the class last confirmed, the one now desired, and from when the newer of both holds."""
    agencies = sorted({row.agency_id for row in changes})
    return [_tariff(agency, [row for row in changes if row.agency_id == agency]) for agency in agencies]


def _tariff(agency: str, changes: Sequence[AnyRow]) -> TariffView:
    desired, confirmed, effective_at = None, None, None
    for row in changes:
        if row.state == TariffState.CANCELLED.value:
            continue
        desired, effective_at = row.to_class, row.effective_at
        if row.state == TariffState.CONFIRMED.value:
            confirmed = row.to_class
    return TariffView(agency, desired, confirmed, effective_at)


def _tasks(session: Session, case_id: UUID) -> list[TaskView]:
    task = t.human_task
    rows = session.execute(
        select(task).where(task.c.case_id == case_id, task.c.closed_at.is_(None)).order_by(task.c.opened_at)
    )
    return [TaskView(r.task_id, r.kind, r.agency_id, r.opened_at, r.detail) for r in rows]


def case_list(
    session: Session,
    city_id: str,
    *,
    status: str | None,
    q: str | None,
    limit: int,
    after: UUID | None,
    owner: str | None = None,
) -> list[CaseSummary]:
    """The city's cases, newest first; `q` begins a case or parcel number, or is part of the applicant."""
    query = _list_query().where(t.case_.c.city_id == city_id)
    if owner is not None:
        query = query.where(t.case_.c.applicant_actor == owner)
    if status is not None:
        query = query.where(t.case_.c.status == status)
    if q:
        begins = q.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")
        query = query.where(
            or_(
                t.case_.c.case_no.like(f"{begins}%"),
                t.case_.c.parcel_id.like(f"{begins}%"),
                t.case_.c.applicant["name"].astext.ilike(f"%{begins}%"),
            )
        )
    if after is not None:
        query = query.where(t.case_.c.case_id < after)
    rows = session.execute(query.order_by(t.case_.c.case_id.desc()).limit(limit))
    return [CaseSummary(**row._asdict()) for row in rows]


def _list_query() -> Select[Any]:
    c, task, asked = t.case_, t.human_task, t.consultation
    open_tasks = (
        select(func.count())
        .where(task.c.case_id == c.c.case_id, task.c.closed_at.is_(None))
        .scalar_subquery()
    )
    due_at = (
        select(func.min(asked.c.due_at))
        .where(and_(asked.c.case_id == c.c.case_id, asked.c.status == "pending"))
        .scalar_subquery()
    )
    return select(
        c.c.case_id,
        c.c.case_no,
        c.c.city_id.label("city"),
        c.c.status,
        c.c.version,
        c.c.parcel_id,
        c.c.works,
        c.c.applicant["name"].astext.label("applicant"),
        c.c.verdict,
        c.c.submitted_at,
        due_at.label("due_at"),
        open_tasks.label("open_tasks"),
    )


def case_history(session: Session, case_id: UUID) -> list[HistoryEntry]:
    """The case's chained history, oldest first; bodies parsed, hashes in hex."""
    return [
        HistoryEntry(e.n, e.at, e.actor, e.on_behalf_of, e.event, json.loads(e.body), e.hash.hex())
        for e in audit_entries(session, case_id)
    ]
