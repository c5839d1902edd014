"""The desk of a company without a system: what waits for its people, and what they answer and carry out.

There is no second list of tasks. What waits at a desk are the very calls of the outbox that a company's system
would be sent: an inquiry without an answer, an order to hold, to carry out, to release. Whoever does one here takes
its row under the same fence as the worker does, and records the outcome by the same road, so an answer counts once,
whoever brings it first (T2, T8).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from sqlalchemy import Select, and_, func, or_, select
from sqlalchemy.orm import Session, aliased

from layers.city import City
from permits import inquiries, outbox, results, store
from permits import tables as t
from permits.errors import DeskHasSystem, DeskTaskChanged, DeskTaskNotFound, RequestInvalid
from permits.ports import Actor, Json, Outcome
from permits.requests import Answer
from permits.service import Context
from permits.vocabulary import (
    CaseStatus,
    ConsultationStatus,
    DeskReason,
    DeskRefusal,
    OutcomeKind,
    Role,
    StepOp,
    StepState,
)

OPEN_CASE = (CaseStatus.CONSULTING.value, CaseStatus.AWAITING_DECISION.value)
_UNANSWERED = (ConsultationStatus.PENDING.value, ConsultationStatus.LAPSED.value)
_OPEN_STEP = (StepState.PENDING.value, StepState.SENDING.value)
_ORDER_OPS = (StepOp.TRY.value, StepOp.CONFIRM.value, StepOp.CANCEL.value)
_SERVICEABLE = "serviceable"
MAX_AMOUNT = 1e15


@dataclass(frozen=True, slots=True)
class DeskTask:
    """One thing that waits, or waited, at a company's desk.

    `op` says what is asked: `inquire` (can you serve?), `try` (hold the order), `confirm` (carry it out), `cancel`
    (release it). `state` is the consultation's or the call's. `version` counts what has happened to this one task:
    whoever acts says which version was read. `is_late`: the time to answer has passed, the answer still counts.
    """

    task_id: UUID
    op: str
    state: str
    is_open: bool
    is_late: bool
    version: int
    agency: str
    at_desk: bool
    case_id: UUID
    case_no: str
    case_status: str
    city: str
    parcel_id: str
    works: str
    our_ref: str
    asked_at: datetime
    due_at: datetime | None
    purpose: str | None = None
    utility: str | None = None
    wish: str | None = None


@dataclass(frozen=True, slots=True)
class DeskTaskView:
    """One task whole: the form a company's system would receive, and what came of it."""

    task: DeskTask
    form: Json
    """The POST /v1/inquiries or /v1/orders form of the published contract; geometry in the city's CRS."""
    held: Json | None
    """What was said when the order was held: number, note; None before."""
    answer: Json | None
    result: Json | None
    units: Json = field(default_factory=dict)
    storeys: int = 0
    ended_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class DeskAnswer:
    """What a person answers to an inquiry; texts in the language they were written in.

    `offer` is {amount, valid_until: date | None, offer_ref: str | None}; `proposed_capacity` in the units of the wish.
    """

    serviceable: bool
    reason: DeskReason | None = None
    note: str = ""
    conditions: tuple[str, ...] = ()
    offer_amount: float | None = None
    offer_ref: str | None = None
    offer_until: date | None = None
    proposed_capacity: Json = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class DeskDone:
    """What a person says of an order: done (with the company's own number or receipt), or refused with a reason."""

    refusal: DeskRefusal | None = None
    number: str = ""
    note: str = ""


# --- what waits


def desk(session: Session, ctx: Context, agency: str | None) -> list[DeskTask]:
    """What waits for an agency (None: for every one), what is due first on top; an agency sees its own only."""
    own = ctx.actor.agency if ctx.actor.role is Role.AGENCY else agency
    if own != agency and agency is not None:
        raise DeskTaskNotFound(agency=agency)
    found = [*_inquiries(session, ctx.city, own), *_orders(session, ctx.city, own)]
    now = store.database_now(session)
    tasks = [_task(ctx.city, row, now) for row in found]
    return sorted(tasks, key=lambda task: (task.due_at or datetime.max.replace(tzinfo=UTC), task.asked_at))


def _inquiries(session: Session, city: City, agency: str | None) -> Iterator[Any]:
    asked = t.consultation
    query = _rows(city).where(
        t.step.c.op == StepOp.INQUIRE.value,
        asked.c.status.in_(_UNANSWERED),
        t.case_.c.status.in_(OPEN_CASE),
    )
    yield from session.execute(query if agency is None else query.where(asked.c.agency_id == agency))


def _orders(session: Session, city: City, agency: str | None) -> Iterator[Any]:
    """Open calls of an exchange: only where people stand in for a system, otherwise the worker makes them."""
    desks = [each.agency_id for each in city.agencies if each.is_at_desk and agency in (None, each.agency_id)]
    if not desks:
        return
    yield from session.execute(
        _rows(city).where(
            t.step.c.op.in_(_ORDER_OPS), t.step.c.state.in_(_OPEN_STEP), t.step.c.agency_id.in_(desks)
        )
    )


def _rows(city: City) -> Select[Any]:
    """Calls with their case and, of an inquiry, its question; of an order, the form of its TRY."""
    asked, first = t.consultation, aliased(t.step)
    answers = select(func.count()).where(t.response.c.our_ref == t.step.c.our_ref).scalar_subquery()
    return (
        select(
            t.step.c.step_id,
            t.step.c.op,
            t.step.c.state,
            t.step.c.fence,
            t.step.c.agency_id,
            t.step.c.our_ref,
            t.step.c.created_at,
            t.step.c.deadline_at,
            t.step.c.ended_at,
            t.step.c.result,
            t.case_.c.case_id,
            t.case_.c.case_no,
            t.case_.c.status.label("case_status"),
            t.case_.c.parcel_id,
            t.case_.c.works,
            t.case_.c.units,
            t.case_.c.storeys,
            t.case_.c.wishes,
            asked.c.status.label("asked_state"),
            asked.c.asked_at,
            asked.c.due_at,
            asked.c.answered_at,
            asked.c.answer,
            answers.label("answers"),
            t.exchange.c.purpose,
            func.coalesce(first.c.body, t.step.c.body).label("form"),
            first.c.result.label("held"),
        )
        .join(t.case_, t.case_.c.case_id == t.step.c.case_id)
        .outerjoin(asked, and_(asked.c.our_ref == t.step.c.our_ref, t.step.c.exchange_id.is_(None)))
        .outerjoin(t.exchange, t.exchange.c.exchange_id == t.step.c.exchange_id)
        .outerjoin(
            first,
            and_(
                first.c.our_ref == t.step.c.our_ref,
                first.c.op == StepOp.TRY.value,
                t.step.c.exchange_id.is_not(None),
            ),
        )
        .where(t.step.c.city_id == city.city_id)
        .where(or_(asked.c.our_ref.is_not(None), t.step.c.exchange_id.is_not(None)))
    )


def _task(city: City, row: Any, now: datetime) -> DeskTask:
    is_inquiry = row.op == StepOp.INQUIRE.value
    due_at = row.due_at if is_inquiry else row.deadline_at
    state = row.asked_state if is_inquiry else row.state
    is_open = state in _UNANSWERED and row.case_status in OPEN_CASE if is_inquiry else state in _OPEN_STEP
    agency = city.agency(row.agency_id)
    return DeskTask(
        task_id=row.step_id,
        op=row.op,
        state=state,
        is_open=is_open,
        is_late=is_open and due_at is not None and due_at < now,
        version=row.answers if is_inquiry else row.fence,
        agency=row.agency_id,
        at_desk=agency.is_at_desk,
        case_id=row.case_id,
        case_no=row.case_no,
        case_status=row.case_status,
        city=city.city_id,
        parcel_id=row.parcel_id,
        works=row.works,
        our_ref=row.our_ref,
        asked_at=row.asked_at if is_inquiry else row.created_at,
        due_at=due_at,
        purpose=row.purpose,
        utility=agency.utilities[0].value if agency.utilities else None,
        wish=row.wishes.get(row.agency_id, {}).get("wish"),
    )


def task(session: Session, ctx: Context, task_id: UUID) -> DeskTaskView:
    """One task, open or over. Raises `DeskTaskNotFound`, for another agency's too."""
    row = session.execute(
        _rows(ctx.city).where(t.step.c.step_id == task_id, t.step.c.op != StepOp.QUERY.value)
    ).one_or_none()
    actor = ctx.actor
    if row is None or (actor.role is Role.AGENCY and actor.agency != row.agency_id):
        raise DeskTaskNotFound(task_id=str(task_id))
    is_inquiry = row.op == StepOp.INQUIRE.value
    return DeskTaskView(
        task=_task(ctx.city, row, store.database_now(session)),
        form=row.form,
        held=None if is_inquiry else row.held,
        answer=row.answer,
        result=None if is_inquiry else row.result,
        units=row.units,
        storeys=row.storeys,
        ended_at=row.answered_at if is_inquiry else row.ended_at,
    )


# --- acting


def answer(
    session: Session, ctx: Context, task_id: UUID, said: DeskAnswer, expected_version: int
) -> DeskTaskView:
    """Answer an inquiry at the desk; what the company's system still sends afterwards is kept and changes nothing.

    Raises `DeskTaskNotFound`, `DeskTaskChanged` when it was answered or closed meanwhile, `RequestInvalid`.
    """

    def run() -> DeskTaskView:
        seen = _locked(session, ctx, task_id, expected_version)
        if seen.task.op != StepOp.INQUIRE.value:
            raise RequestInvalid(reasons=["desk-not-an-inquiry"])
        made = _answer(ctx, seen, said)
        store.chain(session, seen.task.case_id, ctx.actor, [("desk.answered", _told(seen.task, said.note))])
        inquiries.record_response(session, ctx.actor, made, ctx.now)
        return task(session, ctx, task_id)

    return _once(session, ctx, "desk.answer", {"task": task_id, "said": said, "v": expected_version}, run)


def carry_out(
    session: Session, ctx: Context, task_id: UUID, said: DeskDone, expected_version: int
) -> DeskTaskView:
    """Say of an order that it is held, carried out or released, or refuse it; the exchange settles at once (T16).

    Raises `DeskTaskNotFound`, `DeskTaskChanged`, `DeskHasSystem`, `RequestInvalid`.
    """

    def run() -> DeskTaskView:
        seen = _locked(session, ctx, task_id, expected_version)
        if seen.task.op not in _ORDER_OPS:
            raise RequestInvalid(reasons=["desk-not-an-order"])
        if not seen.task.at_desk:
            raise DeskHasSystem(agency=seen.task.agency)
        outcome = _outcome(ctx.actor, seen, said)
        claimed = outbox.claim_one(session, task_id, expected_version)
        if claimed is None:  # the worker of an earlier setting has it in hand
            raise DeskTaskChanged(state=StepState.SENDING.value)
        event = "desk.done" if said.refusal is None else "desk.refused"
        store.chain(session, seen.task.case_id, ctx.actor, [(event, _told(seen.task, said.note))])
        results.record_outcome(session, claimed, outcome, retry_in_s=None, poll_after_s=0.0)
        return task(session, ctx, task_id)

    return _once(session, ctx, "desk.order", {"task": task_id, "said": said, "v": expected_version}, run)


def _locked(session: Session, ctx: Context, task_id: UUID, expected_version: int) -> DeskTaskView:
    """The task as it stands behind its case's lock; refused unless it is open and as it was read."""
    if ctx.actor.role is not Role.AGENCY:
        raise DeskTaskNotFound(task_id=str(task_id))
    store.lock_case(session, task(session, ctx, task_id).task.case_id, city_id=ctx.city.city_id)
    seen = task(session, ctx, task_id)
    if not seen.task.is_open or seen.task.version != expected_version:
        raise DeskTaskChanged(state=seen.task.state)
    return seen


def _told(seen: DeskTask, note: str) -> Json:
    return {"agency": seen.agency, "op": seen.op, "our_ref": seen.our_ref, "note": note}


def _once(
    session: Session, ctx: Context, operation: str, request: object, run: Callable[[], DeskTaskView]
) -> DeskTaskView:
    mark = store.fingerprint(f"{ctx.city.city_id}:{operation}", request)
    return store.once(session, ctx.actor, ctx.idempotency_key, mark, DeskTaskView, run)


def _answer(ctx: Context, seen: DeskTaskView, said: DeskAnswer) -> Answer:
    """The answer in the contract's form. Raises `RequestInvalid` naming every fault."""
    reasons = list(_faults(ctx, seen, said))
    if reasons:
        raise RequestInvalid(reasons=reasons)
    code = _SERVICEABLE if said.serviceable else str(said.reason)
    offer: Json | None = None
    if said.serviceable and said.offer_amount is not None:
        offer = {"amount": said.offer_amount, "currency": ctx.city.currency, "items": []}
        offer |= {"offer_ref": said.offer_ref} if said.offer_ref else {}
        offer |= {"valid_until": _end_of(ctx.city, said.offer_until)} if said.offer_until else {}
    return Answer(
        our_ref=seen.task.our_ref,
        serviceable=said.serviceable,
        reason_code=code,
        reason=_both(said.note) if said.note else None,
        conditions=tuple({"code": "desk", "text": _both(text)} for text in said.conditions),
        offer=offer,
        proposed_capacity=dict(said.proposed_capacity) or None,
    )


def _faults(ctx: Context, seen: DeskTaskView, said: DeskAnswer) -> Iterator[str]:
    if not said.serviceable and said.reason is None:
        yield "reason-missing"
    if said.offer_amount is not None and not 0 <= said.offer_amount <= MAX_AMOUNT:
        yield "offer-out-of-range"
    today = ctx.now.astimezone(ZoneInfo(ctx.city.timezone)).date()
    if said.offer_until is not None and said.offer_until < today:
        yield "offer-already-over"
    asked = set(seen.form.get("capacity") or {})
    for unit, amount in said.proposed_capacity.items():
        is_number = isinstance(amount, int | float) and not isinstance(amount, bool) and 0 < amount < 1e9
        if not is_number or (asked and unit not in asked):
            yield f"capacity-unreadable:{unit}"


def _end_of(city: City, day: date) -> str:
    """The last second of a day in the city, as the contract says instants."""
    return datetime.combine(day, time(23, 59, 59), ZoneInfo(city.timezone)).astimezone(UTC).isoformat()


def _both(text: str) -> Json:
    """What a person wrote, in whatever language: shown as it is to readers of either."""
    return {"en": text, "fa": text}


def _outcome(actor: Actor, seen: DeskTaskView, said: DeskDone) -> Outcome:
    """What the company's system would have answered."""
    told: Json = {"by": actor.id} | ({"note": said.note} if said.note else {})
    if said.refusal is not None:
        return Outcome(OutcomeKind.REFUSED, None, told, said.refusal.value)
    op = StepOp(seen.task.op)
    if op is not StepOp.CANCEL and not said.number.strip():
        raise RequestInvalid(reasons=["order-number-missing" if op is StepOp.TRY else "receipt-missing"])
    if op is StepOp.TRY:
        told |= {"order_number": said.number.strip(), "status": "held"}
    elif op is StepOp.CONFIRM:
        number = (seen.held or {}).get("order_number")
        told |= {"order_number": number, "status": "confirmed", "tariff_receipt": said.number.strip()}
    else:
        told |= {"status": "cancelled"}
    return Outcome(OutcomeKind.DONE, None, told)
