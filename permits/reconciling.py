"""What our books say of the orders that are over, to be compared with the companies' own books."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy import func, insert, select, update
from sqlalchemy.orm import Session

from permits import tables as t
from permits.ports import SYSTEM, GatewayKey, Json
from permits.store import chain, change_case, database_now, lock_case, open_task
from permits.vocabulary import ExchangeState, StepOp, StepState, TaskKind

_LOCK = 7203220


@dataclass(frozen=True, slots=True)
class EndedOrder:
    """One order of an exchange that is over; `is_confirmed` as our books say it."""

    case_id: UUID
    case_no: str
    city_id: str
    agency_id: str
    our_ref: str
    order_number: str | None
    is_confirmed: bool

    @property
    def key(self) -> GatewayKey:
        """Whose books to compare with."""
        return self.city_id, self.agency_id


def ended_orders(session: Session, now: datetime, days: float) -> list[EndedOrder]:
    """The orders of exchanges that ended in the last `days` days and may have reached their company."""
    x, s = t.exchange, t.step
    rows = session.execute(
        select(
            s.c.case_id,
            t.case_.c.case_no,
            s.c.city_id,
            s.c.agency_id,
            s.c.our_ref,
            s.c.result,
            x.c.state,
        )
        .join(x, x.c.exchange_id == s.c.exchange_id)
        .join(t.case_, t.case_.c.case_id == s.c.case_id)
        .where(
            s.c.op == StepOp.TRY.value,
            s.c.attempts > 0,
            s.c.state != StepState.REFUSED.value,
            x.c.state.in_((ExchangeState.CONFIRMED.value, ExchangeState.CANCELLED.value)),
            x.c.closed_at >= now - timedelta(days=days),
        )
        .order_by(x.c.closed_at, s.c.our_ref)
    )
    return [
        EndedOrder(
            row.case_id,
            row.case_no,
            row.city_id,
            row.agency_id,
            row.our_ref,
            (row.result or {}).get("order_number"),
            row.state == ExchangeState.CONFIRMED.value,
        )
        for row in rows
    ]


def begin(session: Session, every: timedelta | None) -> datetime | None:
    """Note that a comparison begins, and when; None when the last began less than `every` ago (None: at any time).

    The very first to ask only starts the counting: companies and workers that are just being set up are left alone.
    """
    session.execute(select(func.pg_advisory_xact_lock(_LOCK)))
    row = t.reconciliation
    last: datetime | None = session.execute(select(func.max(row.c.began_at))).scalar_one()
    if every is not None and last is not None and database_now(session) - last < every:
        return None
    noted = insert(row).values(began_at=func.clock_timestamp()).returning(row.c.began_at)
    began_at: datetime = session.execute(noted).scalar_one()
    return began_at if every is None or last is not None else None


def end(session: Session, began_at: datetime | None, said: Mapping[str, int]) -> None:
    """Note what the comparison that began then found."""
    row = t.reconciliation
    session.execute(
        update(row).where(row.c.began_at == began_at).values(ended_at=func.now(), said=dict(said))
    )


def tell(session: Session, order: EndedOrder, difference: Json) -> bool:
    """Have a person look at a difference between the books; False when the same is told already."""
    case = lock_case(session, order.case_id)
    kind = TaskKind.BOOKS_DIFFER
    if not open_task(session, case.case_id, kind, order.agency_id, order.our_ref, difference):
        return False
    said = {"kind": kind.value, "agency": order.agency_id, "our_ref": order.our_ref, **difference}
    chain(session, case.case_id, SYSTEM, [("task.opened", said)])
    change_case(session, case)
    return True


def agree_again(session: Session, order: EndedOrder) -> bool:
    """Close what was told of an order whose books agree now; False when nothing was told."""
    task = t.human_task
    mine = (
        (task.c.ref == order.our_ref)
        & (task.c.kind == TaskKind.BOOKS_DIFFER.value)
        & task.c.closed_at.is_(None)
    )
    if session.execute(select(task.c.task_id).where(task.c.case_id == order.case_id, mine)).first() is None:
        return False
    case = lock_case(session, order.case_id)
    session.execute(
        update(task)
        .where(task.c.case_id == order.case_id, mine)
        .values(closed_at=func.now(), closed_by=SYSTEM.id)
    )
    said = {"kind": TaskKind.BOOKS_DIFFER.value, "agency": order.agency_id, "our_ref": order.our_ref}
    chain(session, case.case_id, SYSTEM, [("task.closed", said)])
    change_case(session, case)
    return True
