"""The exchange's rows: open it, and let `exchange.settle` say what follows from what its calls told us.

The case row is locked before anything here runs.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Text, and_, cast, func, insert, or_, select, update
from sqlalchemy.orm import Session

from permits import tables as t
from permits.exchange import (
    AddStep,
    Effect,
    ExchangeFacts,
    MoveCase,
    OpenTask,
    SetState,
    StepView,
    Supersede,
    settle,
)
from permits.identifiers import new_id
from permits.orders import OrderHead
from permits.outbox import ClaimedStep, StepRow, add_steps, is_held
from permits.ports import SYSTEM, Actor, Json, Outcome
from permits.store import CaseRow, Event, chain, change_case, lock_case, open_task
from permits.tariff import TariffMove
from permits.vocabulary import (
    Action,
    ExchangeState,
    OrderState,
    Purpose,
    StepOp,
    StepState,
    TariffBasis,
    TariffClass,
    TariffState,
    TaskKind,
)
from permits.workflow import Guard, advance

_STUCK = (StepState.REFUSED.value, StepState.PARKED.value, StepState.UNKNOWN.value)


def open_exchange(
    session: Session, case: CaseRow, head: OrderHead, moves: Sequence[TariffMove], bodies: Mapping[str, Json]
) -> list[Event]:
    """Insert the exchange, its tariff changes and one TRY call per agency; returns the history events."""
    exchange_id = new_id()
    times = head.times
    session.execute(
        insert(t.exchange).values(
            exchange_id=exchange_id,
            case_id=case.case_id,
            city_id=case.city_id,
            purpose=head.purpose.value,
            revision=head.revision,
            state=ExchangeState.TRYING.value,
            effective_at=times.effective_at,
            decide_by=times.decide_by,
            hold_until=times.hold_until,
            opened_at=func.now(),
        )
    )
    changes = [
        {
            "exchange_id": exchange_id,
            "agency_id": move.agency,
            "case_id": case.case_id,
            "city_id": case.city_id,
            "parcel_id": case.parcel_id,
            "from_class": move.from_class.value,
            "to_class": move.to_class.value,
            "from_basis": move.basis.value,
            "effective_at": times.effective_at,
            "state": TariffState.DESIRED.value,
        }
        for move in moves
    ]
    session.execute(insert(t.tariff_change), changes)
    steps = [
        StepRow(
            move.agency,
            StepOp.TRY,
            bodies[move.agency]["our_ref"],
            f"{bodies[move.agency]['our_ref']}:{StepOp.TRY.value}",
            bodies[move.agency],
            times.decide_by,
        )
        for move in moves
    ]
    opened = {
        "purpose": head.purpose.value,
        "revision": head.revision,
        "effective_at": times.effective_at.isoformat(),
        "agencies": [move.agency for move in moves],
        "tariff_from": {move.agency: [move.from_class.value, move.basis.value] for move in moves},
    }
    return [("exchange.opened", opened), *add_steps(session, case, exchange_id, steps)]


def book_result(session: Session, case: CaseRow, step: ClaimedStep, outcome: Outcome) -> None:
    """Bring the agency's own order number and tariff receipt onto the case."""
    if step.op is StepOp.TRY and is_held(outcome.body):
        _book_order(session, case, step.agency_id, OrderState.HELD, outcome.body.get("order_number"))
    elif step.op is StepOp.CONFIRM:
        _book_order(session, case, step.agency_id, OrderState.CONFIRMED, outcome.body.get("order_number"))
        session.execute(
            update(t.tariff_change)
            .where(
                t.tariff_change.c.exchange_id == step.exchange_id,
                t.tariff_change.c.agency_id == step.agency_id,
            )
            .values(
                state=TariffState.CONFIRMED.value,
                receipt=_receipt_text(outcome.body.get("tariff_receipt")),
                confirmed_at=func.now(),
            )
        )


def _receipt_text(receipt: object) -> str | None:
    return None if receipt is None else str(receipt)


def _book_order(session: Session, case: CaseRow, agency_id: str, state: OrderState, number: object) -> None:
    """The sale of the connection; an exchange that only returns the tariff leaves a finished sale alone."""
    values: dict[str, Any] = {"state": state.value}
    if number is not None:
        values["order_number"] = str(number)
    session.execute(
        update(t.connection_order)
        .where(
            t.connection_order.c.case_id == case.case_id,
            t.connection_order.c.agency_id == agency_id,
            t.connection_order.c.state.in_((OrderState.DESIRED.value, OrderState.HELD.value)),
        )
        .values(values)
    )


# --- settling ---


def settle_exchange(session: Session, case: CaseRow, exchange_id: UUID, now: datetime) -> CaseRow:
    """Apply what follows from the calls' states until nothing more follows; the case row must be locked."""
    events: list[Event] = []
    for _ in range(8):
        facts = _load(session, exchange_id)
        effects = settle(facts, now)
        if not effects:
            break
        for effect in effects:
            case = _apply(session, case, exchange_id, effect, events)
    chain(session, case.case_id, SYSTEM, events)
    return case


def _load(session: Session, exchange_id: UUID) -> ExchangeFacts:
    """The exchange as it stands, its calls locked: none can be claimed between this look and what follows from it."""
    head = session.execute(
        select(t.exchange.c.state, t.exchange.c.decide_by, t.exchange.c.hold_until).where(
            t.exchange.c.exchange_id == exchange_id
        )
    ).one()
    steps = session.execute(
        select(
            t.step.c.agency_id,
            t.step.c.op,
            t.step.c.state,
            t.step.c.attempts,
            (t.step.c.result["is_held"].astext == "false").label("is_unheld"),
        )
        .where(t.step.c.exchange_id == exchange_id)
        .order_by(t.step.c.created_at, t.step.c.agency_id)
        .with_for_update()
    )
    tasks = session.execute(
        select(t.human_task.c.kind, t.human_task.c.agency_id).where(
            t.human_task.c.ref == str(exchange_id), t.human_task.c.closed_at.is_(None)
        )
    )
    return ExchangeFacts(
        ExchangeState(head.state),
        head.decide_by,
        head.hold_until,
        tuple(
            StepView(s.agency_id, StepOp(s.op), StepState(s.state), s.attempts, not s.is_unheld)
            for s in steps
        ),
        frozenset((TaskKind(task.kind), task.agency_id) for task in tasks),
    )


def _apply(
    session: Session, case: CaseRow, exchange_id: UUID, effect: Effect, events: list[Event]
) -> CaseRow:
    if isinstance(effect, AddStep):
        events += _follow_up(session, case, exchange_id, effect)
    elif isinstance(effect, Supersede):
        events.append(_supersede(session, exchange_id, effect))
    elif isinstance(effect, SetState):
        events.append(_set_state(session, case, exchange_id, effect.state))
    elif isinstance(effect, OpenTask):
        if open_task(session, case.case_id, effect.kind, effect.agency, str(exchange_id), {}):
            events.append(("task.opened", {"kind": effect.kind.value, "agency": effect.agency}))
    elif isinstance(effect, MoveCase):
        case = _move(session, case, exchange_id, effect.action, events)
    return case


def _follow_up(session: Session, case: CaseRow, exchange_id: UUID, effect: AddStep) -> list[Event]:
    row = session.execute(
        select(t.step.c.our_ref, t.step.c.body, t.step.c.result, t.exchange.c.hold_until)
        .join(t.exchange, t.exchange.c.exchange_id == t.step.c.exchange_id)
        .where(
            t.step.c.exchange_id == exchange_id,
            t.step.c.agency_id == effect.agency,
            t.step.c.op == StepOp.TRY.value,
        )
    ).one()
    key = f"{row.our_ref}:{effect.op.value}"
    # Where nothing is held, the confirm makes the order: it has the whole form.
    makes = effect.op is StepOp.CONFIRM and not is_held(row.result)
    body: Json = row.body if makes else {"our_ref": row.our_ref}
    step = StepRow(effect.agency, effect.op, row.our_ref, key, body, row.hold_until)
    return add_steps(session, case, exchange_id, [step])


def _supersede(session: Session, exchange_id: UUID, effect: Supersede) -> Event:
    session.execute(
        update(t.step)
        .where(
            t.step.c.exchange_id == exchange_id,
            t.step.c.agency_id == effect.agency,
            t.step.c.op == effect.op.value,
        )
        .values(state=StepState.SUPERSEDED.value, fence=t.step.c.fence + 1, ended_at=func.now())
    )
    return "step.superseded", {"agency": effect.agency, "op": effect.op.value}


def _set_state(session: Session, case: CaseRow, exchange_id: UUID, state: ExchangeState) -> Event:
    ended = state in (ExchangeState.CONFIRMED, ExchangeState.CANCELLED)
    session.execute(
        update(t.exchange)
        .where(t.exchange.c.exchange_id == exchange_id)
        .values(state=state.value, closed_at=func.now() if ended else None)
    )
    if state is ExchangeState.CANCELLED:
        session.execute(
            update(t.tariff_change)
            .where(t.tariff_change.c.exchange_id == exchange_id)
            .values(state=TariffState.CANCELLED.value)
        )
        session.execute(
            update(t.connection_order)
            .where(
                t.connection_order.c.case_id == case.case_id,
                t.connection_order.c.state == OrderState.HELD.value,
            )
            .values(state=OrderState.DESIRED.value, order_number=None)
        )
    return f"exchange.{state.value}", {}


def _move(session: Session, case: CaseRow, exchange_id: UUID, action: Action, events: list[Event]) -> CaseRow:
    status = advance(case.status, action, SYSTEM.role)
    if action is Action.EXCHANGE_CANCELLED:
        refusals = _refusals(session, exchange_id)
        open_task(session, case.case_id, TaskKind.NEEDS_DECISION, None, str(exchange_id), refusals)
        events.append(("task.opened", {"kind": TaskKind.NEEDS_DECISION.value, "agency": None}))
    events.append((f"case.{status.value}", {"from": case.status.value, "action": action.value}))
    return change_case(session, case, status)


def _refusals(session: Session, exchange_id: UUID) -> Json:
    rows = session.execute(
        select(t.step.c.agency_id, t.step.c.state, t.step.c.refusal, t.step.c.last_error).where(
            t.step.c.exchange_id == exchange_id,
            or_(
                and_(t.step.c.op == StepOp.TRY.value, t.step.c.state != StepState.DONE.value),
                and_(t.step.c.op == StepOp.CONFIRM.value, t.step.c.state == StepState.REFUSED.value),
            ),
        )
    )
    return {
        "agencies": {
            row.agency_id: {"state": row.state, "refusal": row.refusal, "last_error": row.last_error}
            for row in rows
        }
    }


def rearm(session: Session, case: CaseRow, exchange_id: UUID, actor: Actor) -> int:
    """Send refused, parked or unknown confirms and cancels again; returns how many."""
    rows = session.execute(
        update(t.step)
        .where(
            t.step.c.exchange_id == exchange_id,
            t.step.c.op.in_((StepOp.CONFIRM.value, StepOp.CANCEL.value)),
            t.step.c.state.in_(_STUCK),
        )
        .values(state=StepState.PENDING.value, next_at=func.now(), ended_at=None)
        .returning(t.step.c.agency_id, t.step.c.op, t.step.c.our_ref)
    ).all()
    events: list[Event] = [
        ("step.pending", {"agency": row.agency_id, "op": row.op, "our_ref": row.our_ref}) for row in rows
    ]
    chain(session, case.case_id, actor, events)
    return len(rows)


def facts_for_workflow(session: Session, case_id: UUID) -> frozenset[Guard]:
    """The guards that hold: what the newest exchange was for and whether it waits for a person."""
    row = session.execute(
        select(t.exchange.c.exchange_id, t.exchange.c.purpose, t.exchange.c.state)
        .where(t.exchange.c.case_id == case_id)
        .order_by(t.exchange.c.opened_at.desc(), t.exchange.c.exchange_id.desc())
        .limit(1)
    ).one_or_none()
    found: set[Guard] = set()
    if row is not None and row.state == ExchangeState.CANCELLED.value:
        is_first = Purpose(row.purpose) is Purpose.CONSTRUCTION
        found.add(Guard.CONSTRUCTION_FAILED if is_first else Guard.PERMANENT_FAILED)
    if row is not None and _has_parked(session, row.exchange_id):
        found.add(Guard.CALLS_PARKED)
    open_questions = session.execute(
        select(func.count()).where(t.consultation.c.case_id == case_id, t.consultation.c.status == "pending")
    ).scalar_one()
    if open_questions == 0:
        found.add(Guard.CONSULTATIONS_CLOSED)
    return frozenset(found)


def _has_parked(session: Session, exchange_id: UUID) -> bool:
    count: int = session.execute(
        select(func.count()).where(
            t.step.c.exchange_id == exchange_id,
            t.step.c.op.in_((StepOp.CONFIRM.value, StepOp.CANCEL.value)),
            t.step.c.state.in_(_STUCK),
        )
    ).scalar_one()
    return count > 0


def overdue_exchanges(session: Session, limit: int) -> list[tuple[UUID, UUID]]:
    """(case, exchange) whose deadline has passed and about which nothing has been done yet."""
    x, task = t.exchange, t.human_task
    told = (
        select(task.c.task_id)
        .where(
            task.c.case_id == x.c.case_id,
            task.c.ref == cast(x.c.exchange_id, Text),
            task.c.closed_at.is_(None),
            task.c.kind.in_([TaskKind.CONFIRM_OVERDUE.value, TaskKind.CANCEL_OVERDUE.value]),
        )
        .exists()
    )
    rows = session.execute(
        select(x.c.case_id, x.c.exchange_id)
        .where(
            ((x.c.state == "trying") & (x.c.decide_by < func.now()))
            | (x.c.state.in_(("confirming", "cancelling")) & (x.c.hold_until < func.now()) & ~told)
        )
        .order_by(x.c.decide_by)
        .limit(limit)
    )
    return [(row.case_id, row.exchange_id) for row in rows]


def settle_overdue(session: Session, case_id: UUID, exchange_id: UUID, now: datetime) -> None:
    """Settle one exchange past its deadline, unless another process holds its case."""
    case = lock_case(session, case_id, skip_locked=True)
    settle_exchange(session, case, exchange_id, now)


def moves_of(session: Session, exchange_id: UUID) -> list[TariffMove]:
    """The tariff changes of one exchange, by agency."""
    change = t.tariff_change
    rows = session.execute(
        select(change.c.agency_id, change.c.from_class, change.c.to_class, change.c.from_basis)
        .where(change.c.exchange_id == exchange_id)
        .order_by(change.c.agency_id)
    )
    return [
        TariffMove(
            row.agency_id, TariffClass(row.from_class), TariffClass(row.to_class), TariffBasis(row.from_basis)
        )
        for row in rows
    ]
