"""Orders that a company has in our name: which of them are ours, and a person for each that nothing here explains.

An order is ours when we sent it: its reference, company and number are those of one of our calls, whatever has become
of it. One that the company has released holds nobody to anything, and is not asked about.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, DateTime, and_, cast, func, select, update
from sqlalchemy.dialects.postgresql import insert as pg_insert
from sqlalchemy.orm import Session

from permits import tables as t
from permits.identifiers import new_id
from permits.ports import SYSTEM, GatewayKey, Json
from permits.store import CaseRow, chain, change_case, database_now, lock_case
from permits.views import UnexplainedOrderView, as_json
from permits.vocabulary import StepOp, StepState, TaskKind, Unexplained

RELEASED = frozenset({"cancelled", "tombstoned", "expired"})
"""What a company says of an order that holds nobody to anything any more."""

_FORM = re.compile(r"([0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}):[^:]+:[^:]+:\d+", re.ASCII | re.IGNORECASE)
_LONGEST = 100
_KIND = TaskKind.UNEXPLAINED_ORDER.value
AnyRow = Any


@dataclass(frozen=True, slots=True)
class ListedOrder:
    """An order as its company lists it, under a reference of our form."""

    our_ref: str
    case_id: UUID
    status: str
    order_number: str | None
    case_no: str | None

    @property
    def name(self) -> str:
        """What tells it from every other order of its company, for a second one may have its reference."""
        return f"{self.our_ref}#{self.order_number or ''}"


@dataclass(frozen=True, slots=True)
class StrayOrder:
    """A listed order that nothing here explains, and why; `case_id` where the case is one of this city."""

    key: GatewayKey
    order: ListedOrder
    reason: Unexplained
    case_id: UUID | None = None
    our_number: str | None = None


def read_listed(entry: object) -> ListedOrder | None:
    """The order in a line of a company's list; None for one whose reference is not of our form."""
    if not isinstance(entry, dict):
        return None
    said = {name: _short(entry.get(name)) for name in ("status", "order_number", "case_ref")}
    our_ref = _short(entry.get("our_ref"), 2 * _LONGEST) or ""
    form = _FORM.fullmatch(our_ref)
    if form is None:
        return None
    return ListedOrder(our_ref, UUID(form[1]), said["status"] or "", said["order_number"], said["case_ref"])


def _short(value: object, longest: int = _LONGEST) -> str | None:
    """What a stranger wrote, storable and no longer than that."""
    return None if value is None else str(as_json(str(value)))[:longest]


def unexplained(
    session: Session, key: GatewayKey, orders: Sequence[ListedOrder], numbers: dict[str, str]
) -> list[StrayOrder]:
    """Those of a page's orders that nothing here explains; read the page before, for ours are noted before they go out.

    `numbers` keeps the numbers under which orders of ours were listed whose number we were not told.
    """
    bound = [order for order in orders if order.status not in RELEASED]
    if not bound:
        return []
    ours = _ours(session, {order.our_ref for order in bound})
    cases = _cases(session, {order.case_id for order in bound})
    told = _told_as_differing(session, {order.our_ref for order in bound})
    found = []
    for order in bound:
        sent = ours.get(order.our_ref)
        stray = _of_nobody(key, order, cases) if sent is None else _compared(key, order, sent, numbers)
        if stray is not None and (order.our_ref, order.order_number) not in told:
            case = cases.get(order.case_id)
            is_here = case is not None and case.city_id == key[0]
            found.append(replace(stray, case_id=order.case_id if is_here else None))
    return found


def _of_nobody(key: GatewayKey, order: ListedOrder, cases: dict[UUID, AnyRow]) -> StrayOrder:
    is_known = order.case_id in cases
    return StrayOrder(key, order, Unexplained.UNKNOWN_ORDER if is_known else Unexplained.UNKNOWN_CASE)


def _compared(
    key: GatewayKey, order: ListedOrder, sent: AnyRow, numbers: dict[str, str]
) -> StrayOrder | None:
    """What is wrong with an order under one of our references; None when it is ours."""
    if (sent.city_id, sent.agency_id) != key:
        return StrayOrder(key, order, Unexplained.OTHER_COMPANY)
    if sent.attempts == 0:
        return StrayOrder(key, order, Unexplained.UNKNOWN_ORDER)
    if order.case_no is not None and order.case_no != sent.case_no:
        return StrayOrder(key, order, Unexplained.OTHER_CASE)
    number = sent.order_number
    if number is None and order.order_number is not None:
        number = numbers.setdefault(order.our_ref, order.order_number)
    if order.order_number is not None and order.order_number != number:
        return StrayOrder(key, order, Unexplained.OTHER_NUMBER, our_number=number)
    if sent.state == StepState.REFUSED.value:
        return StrayOrder(key, order, Unexplained.REFUSED)
    return None


def _ours(session: Session, refs: Collection[str]) -> dict[str, AnyRow]:
    s = t.step
    rows = session.execute(
        select(
            s.c.our_ref,
            s.c.city_id,
            s.c.agency_id,
            s.c.attempts,
            s.c.state,
            s.c.result["order_number"].astext.label("order_number"),
            t.case_.c.case_no,
        )
        .join(t.case_, t.case_.c.case_id == s.c.case_id)
        .where(s.c.our_ref.in_(refs), s.c.op == StepOp.TRY.value)
    )
    return {row.our_ref: row for row in rows}


def _cases(session: Session, ids: Collection[UUID]) -> dict[UUID, AnyRow]:
    c = t.case_.c
    rows = session.execute(select(c.case_id, c.city_id).where(c.case_id.in_(ids)))
    return {row.case_id: row for row in rows}


def _told_as_differing(session: Session, refs: Collection[str]) -> set[tuple[str, str]]:
    """(reference, their number) of ended orders whose number a person looks at already."""
    task = t.human_task.c
    rows = session.execute(
        select(task.ref, task.detail["their_number"].astext.label("number")).where(
            task.kind == TaskKind.BOOKS_DIFFER.value, task.closed_at.is_(None), task.ref.in_(refs)
        )
    )
    return {(row.ref, row.number) for row in rows}


def listing_since(session: Session, key: GatewayKey, days: float) -> datetime:
    """From when on a company's list is needed: so many days, or as far back as an open task of it lies."""
    since = database_now(session) - timedelta(days=days)
    told_since = cast(t.human_task.c.detail["since"].astext, DateTime(timezone=True))
    oldest: datetime | None = session.execute(select(func.min(told_since)).where(_open_at(key))).scalar_one()
    return since if oldest is None else min(since, oldest)


def _open_at(key: GatewayKey) -> ColumnElement[bool]:
    task = t.human_task.c
    return and_(
        task.city_id == key[0], task.agency_id == key[1], task.kind == _KIND, task.closed_at.is_(None)
    )


def tell(session: Session, stray: StrayOrder, since: datetime) -> UUID:
    """The open task about the order; a new one if there is none, or if the company says something else of it now."""
    order = stray.order
    detail: Json = {
        "reason": stray.reason.value,
        "our_ref": order.our_ref,
        "order_number": order.order_number,
        "status": order.status,
        "case_ref": order.case_no,
        "our_number": stray.our_number,
    }
    case = None if stray.case_id is None else lock_case(session, stray.case_id)
    known = _told(session, stray)
    if known is not None:
        if {**known.detail, "since": None} == {**detail, "since": None}:
            return _id(known)
        since = min(since, datetime.fromisoformat(known.detail["since"]))
        _close(session, known, case)
    return _open(session, stray, {**detail, "since": since.astimezone(UTC).isoformat()}, case)


def _told(session: Session, stray: StrayOrder) -> AnyRow | None:
    query = select(t.human_task).where(_open_at(stray.key), t.human_task.c.ref == stray.order.name)
    return session.execute(query).one_or_none()


def _id(task: AnyRow) -> UUID:
    task_id: UUID = task.task_id
    return task_id


def _open(session: Session, stray: StrayOrder, detail: Json, case: CaseRow | None) -> UUID:
    city_id, agency = stray.key
    task_id = new_id()
    row = {
        "task_id": task_id,
        "case_id": stray.case_id,
        "city_id": city_id,
        "kind": _KIND,
        "agency_id": agency,
        "ref": stray.order.name,
        "opened_at": func.now(),
        "detail": detail,
    }
    made = session.execute(
        pg_insert(t.human_task).values(row).on_conflict_do_nothing().returning(t.human_task.c.task_id)
    )
    if made.one_or_none() is None:  # another comparison told it at this moment
        other = _told(session, stray)
        return task_id if other is None else _id(other)
    _note(session, case, task_id, "task.opened", {"kind": _KIND, "agency": agency, **detail})
    return task_id


def _note(session: Session, case: CaseRow | None, task_id: UUID, event: str, said: Json) -> None:
    """The history has it: the case's, or where there is no case, the task's own."""
    chain(session, task_id if case is None else case.case_id, SYSTEM, [(event, said)])
    if case is not None:
        change_case(session, case)


def _close(session: Session, task: AnyRow, case: CaseRow | None) -> None:
    session.execute(
        update(t.human_task)
        .where(t.human_task.c.task_id == task.task_id)
        .values(closed_at=func.now(), closed_by=SYSTEM.id)
    )
    names = ("our_ref", "order_number")
    said = {"kind": _KIND, "agency": task.agency_id, **{name: task.detail[name] for name in names}}
    _note(session, case, task.task_id, "task.closed", said)


def not_seen(session: Session, key: GatewayKey, seen: Collection[UUID]) -> list[tuple[UUID, UUID | None]]:
    """(task, case) of what is told of orders that are not among these any more."""
    task = t.human_task.c
    rows = session.execute(select(task.task_id, task.case_id).where(_open_at(key)))
    return [(row.task_id, row.case_id) for row in rows if row.task_id not in seen]


def close(session: Session, task_id: UUID, case_id: UUID | None) -> bool:
    """Close what was told of an order that is gone, or ours; False when it is closed already."""
    case = None if case_id is None else lock_case(session, case_id)
    query = select(t.human_task).where(t.human_task.c.task_id == task_id, t.human_task.c.closed_at.is_(None))
    task = session.execute(query.with_for_update()).one_or_none()
    if task is None:
        return False
    _close(session, task, case)
    return True


def open_orders(session: Session, city_id: str, limit: int) -> list[UnexplainedOrderView]:
    """What is told and not explained yet in a city, the oldest first."""
    task, case = t.human_task, t.case_
    rows = session.execute(
        select(task, case.c.case_no)
        .outerjoin(case, case.c.case_id == task.c.case_id)
        .where(task.c.city_id == city_id, task.c.kind == _KIND, task.c.closed_at.is_(None))
        .order_by(task.c.opened_at, task.c.task_id)
        .limit(limit)
    )
    return [
        UnexplainedOrderView(r.task_id, r.agency_id, r.case_id, r.case_no, r.opened_at, r.detail)
        for r in rows
    ]
