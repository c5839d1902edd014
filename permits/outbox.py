"""The outbox: calls to agencies as rows, written with the change that needs them, claimed, recorded.

Lock order: the case row, then steps, then the head of its history. Claiming takes step rows only, skips
those that are locked, and never waits, so it cannot take part in a circle.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import ARRAY, Integer, Text, bindparam, func, select, text, update
from sqlalchemy.orm import Session

from permits import tables as t
from permits.identifiers import new_id
from permits.ports import SYSTEM, Json, Outcome
from permits.store import CaseRow, Event, chain, open_task
from permits.views import as_json
from permits.vocabulary import OutcomeKind, StepOp, StepState, TaskKind

_OPEN_STEP = (StepState.PENDING.value, StepState.SENDING.value)

_CLAIM = text(
    """
    UPDATE permits.step AS s
       SET state = 'sending', attempts = s.attempts + 1, fence = s.fence + 1,
           next_at = clock_timestamp() + make_interval(secs => :lease_s)
      FROM (SELECT due.step_id
              FROM unnest(:cities, :agencies, :slots) AS k (city_id, agency_id, slots)
             CROSS JOIN LATERAL (
                   SELECT p.step_id FROM permits.step p
                    WHERE p.city_id = k.city_id AND p.agency_id = k.agency_id
                      AND p.state IN ('pending', 'sending') AND p.next_at <= clock_timestamp()
                    ORDER BY p.next_at
                    LIMIT k.slots
                      FOR UPDATE SKIP LOCKED) AS due) AS claimed
     WHERE s.step_id = claimed.step_id
    RETURNING s.step_id, s.case_id, s.exchange_id, s.city_id, s.agency_id, s.op, s.our_ref, s.idem_key,
    s.body,
              s.attempts, s.fence
    """
).bindparams(
    bindparam("cities", type_=ARRAY(Text)),
    bindparam("agencies", type_=ARRAY(Text)),
    bindparam("slots", type_=ARRAY(Integer)),
)


_CLAIM_ONE = text(
    """
    UPDATE permits.step AS s
       SET state = 'sending', attempts = s.attempts + 1, fence = s.fence + 1, next_at = clock_timestamp()
     WHERE s.step_id = :step_id AND s.fence = :fence
       AND (s.state = 'pending' OR (s.state = 'sending' AND s.next_at <= clock_timestamp()))
    RETURNING s.step_id, s.case_id, s.exchange_id, s.city_id, s.agency_id, s.op, s.our_ref, s.idem_key, s.body,
              s.attempts, s.fence
    """
)

# All rows in one statement that is planned and compiled once.
_ADD = text(
    """
    INSERT INTO permits.step (step_id, case_id, exchange_id, city_id, agency_id, op, state, our_ref, idem_key, body,
                              next_at, deadline_at)
    SELECT r.step_id, :case_id, CAST(:exchange_id AS uuid), :city_id, r.agency_id, r.op, 'pending', r.our_ref,
           r.idem_key, r.body, now() + make_interval(secs => r.delay_s), r.deadline_at
      FROM jsonb_to_recordset(CAST(:rows AS jsonb)) AS r (
           step_id uuid, agency_id text, op text, our_ref text, idem_key text, body jsonb, delay_s float8,
           deadline_at timestamptz)
        ON CONFLICT (idem_key) DO NOTHING
    RETURNING idem_key
    """
)


@dataclass(frozen=True, slots=True)
class ClaimedStep:
    """A call this worker may make until its lease ends; `fence` proves it when the result is recorded."""

    step_id: UUID
    case_id: UUID
    exchange_id: UUID | None
    city_id: str
    agency_id: str
    op: StepOp
    our_ref: str
    idem_key: str
    body: Json
    attempts: int
    fence: int


@dataclass(frozen=True, slots=True)
class StepRow:
    """A call to be made."""

    agency_id: str
    op: StepOp
    our_ref: str
    idem_key: str
    body: Json
    deadline_at: datetime | None
    delay_s: float = 0.0


def claim(session: Session, slots: Mapping[tuple[str, str], int], lease_s: float) -> list[ClaimedStep]:
    """Due calls, at most `slots` of each (city, agency): one agency's backlog never takes another's turn.

    The lease (`lease_s`, longer than the HTTP timeout) hands a call of a dead worker to the next one.
    """
    keys = [key for key, free in slots.items() if free > 0]
    if not keys:
        return []
    rows = session.execute(
        _CLAIM,
        {
            "lease_s": lease_s,
            "cities": [city for city, _ in keys],
            "agencies": [agency for _, agency in keys],
            "slots": [slots[key] for key in keys],
        },
    )
    return [ClaimedStep(**{**row._asdict(), "op": StepOp(row.op)}) for row in rows]


def claim_one(session: Session, step_id: UUID, fence: int) -> ClaimedStep | None:
    """One call for a person at a desk, who has it done before this transaction ends; the case row is locked.

    None when the call is not open any more, another has it in hand, or it is not the one that was read (`fence`).
    """
    row = session.execute(_CLAIM_ONE, {"step_id": step_id, "fence": fence}).one_or_none()
    return None if row is None else ClaimedStep(**{**row._asdict(), "op": StepOp(row.op)})


def add_steps(
    session: Session, case: CaseRow, exchange_id: UUID | None, steps: Sequence[StepRow]
) -> list[Event]:
    """Put calls into the outbox; one that is there already (same idempotency key) stays as it is (T2)."""
    if not steps:
        return []
    rows = [
        {
            "step_id": str(new_id()),
            "agency_id": step.agency_id,
            "op": step.op.value,
            "our_ref": step.our_ref,
            "idem_key": step.idem_key,
            "body": step.body,
            "delay_s": step.delay_s,
            "deadline_at": step.deadline_at,
        }
        for step in steps
    ]
    made = session.execute(
        _ADD,
        {
            "case_id": case.case_id,
            "exchange_id": exchange_id,
            "city_id": case.city_id,
            "rows": json.dumps(as_json(rows)),
        },
    )
    keys = set(made.scalars())
    return [_step_event("pending", step) for step in steps if step.idem_key in keys]


def _step_event(state: str, step: StepRow) -> Event:
    return f"step.{state}", {"agency": step.agency_id, "op": step.op.value, "our_ref": step.our_ref}


def supersede_inquiries(session: Session, case_id: UUID, our_ref: str | None = None) -> None:
    """Stop asking: open inquiry and query calls are fenced off."""
    query = (
        update(t.step)
        .where(
            t.step.c.case_id == case_id,
            t.step.c.exchange_id.is_(None),
            t.step.c.state.in_(_OPEN_STEP),
        )
        .values(state=StepState.SUPERSEDED.value, fence=t.step.c.fence + 1, ended_at=func.now())
    )
    session.execute(query if our_ref is None else query.where(t.step.c.our_ref == our_ref))


# --- recording what a call told us ---


def finish_step(
    session: Session, case: CaseRow, step: ClaimedStep, outcome: Outcome, *, retry_in_s: float | None
) -> StepState | None:
    """Record an outcome under the fence; None when the call was taken over or superseded meanwhile.

    `retry_in_s` puts the call back to `pending` for later; otherwise the outcome's kind decides its end
    state.
    """
    state = StepState.PENDING if retry_in_s is not None else _END_STATE[outcome.kind]
    values: dict[str, Any] = {"state": state.value, "last_error": _error_of(outcome)}
    if retry_in_s is not None:
        values["next_at"] = func.clock_timestamp() + timedelta(seconds=retry_in_s)
    else:
        values |= {"ended_at": func.now(), "result": outcome.body}
        values["refusal"] = outcome.detail[:200] or "refused" if state is StepState.REFUSED else None
    mine = session.execute(
        update(t.step)
        .where(
            t.step.c.step_id == step.step_id,
            t.step.c.fence == step.fence,
            t.step.c.state == StepState.SENDING.value,
        )
        .values(values)
        .returning(t.step.c.step_id)
    ).one_or_none()
    if mine is None:
        _late(session, case, step, outcome)
        return None
    chain(session, case.case_id, SYSTEM, [_outcome_event(state, step, outcome)])
    return state


_END_STATE = {
    OutcomeKind.DONE: StepState.DONE,
    OutcomeKind.REFUSED: StepState.REFUSED,
    OutcomeKind.UNKNOWN: StepState.UNKNOWN,
    OutcomeKind.RETRY: StepState.PARKED,
}


def _error_of(outcome: Outcome) -> str | None:
    if outcome.kind is OutcomeKind.DONE:
        return None
    return f"{outcome.kind.value} {outcome.status or ''} {outcome.detail}".strip()[:500]


def _outcome_event(state: StepState, step: ClaimedStep, outcome: Outcome) -> Event:
    name = "retry" if state is StepState.PENDING else state.value
    body: Json = {
        "agency": step.agency_id,
        "op": step.op.value,
        "our_ref": step.our_ref,
        "attempt": step.attempts,
        "status": outcome.status,
        "detail": outcome.detail[:200],
    }
    if state is StepState.DONE and step.exchange_id is not None:
        body["answer"] = outcome.body
    return f"step.{name}", body


def _late(session: Session, case: CaseRow, step: ClaimedStep, outcome: Outcome) -> None:
    """A result that lost its fence: an order accepted after we gave it up must be cancelled, on record."""
    if step.op is not StepOp.TRY or outcome.kind is not OutcomeKind.DONE:
        return
    if not is_held(outcome.body):
        return
    state = session.execute(select(t.step.c.state).where(t.step.c.step_id == step.step_id)).scalar_one()
    if state == StepState.SUPERSEDED.value:
        late_accept(session, case, step.our_ref)


def is_held(result: Json | None) -> bool:
    """Whether a try that is done holds something at its company; one that cannot hold says so."""
    return (result or {}).get("is_held") is not False


def late_accept(session: Session, case: CaseRow, our_ref: str) -> None:
    """An agency accepted an order we gave up: chain it, and cancel it unless a cancel is on its way."""
    row = session.execute(
        select(t.step.c.exchange_id, t.step.c.agency_id, t.exchange.c.hold_until)
        .join(t.exchange, t.exchange.c.exchange_id == t.step.c.exchange_id)
        .where(t.step.c.our_ref == our_ref, t.step.c.op == StepOp.TRY.value)
    ).one()
    cancelled = session.execute(
        select(t.step.c.state).where(t.step.c.our_ref == our_ref, t.step.c.op == StepOp.CANCEL.value)
    ).scalars()
    # A cancel that was answered before the order came cannot have released it: send another one.
    suffix = "cancel:late" if StepState.DONE.value in set(cancelled) else "cancel"
    cancel = StepRow(
        row.agency_id, StepOp.CANCEL, our_ref, f"{our_ref}:{suffix}", {"our_ref": our_ref}, row.hold_until
    )
    events: list[Event] = [("late_accept", {"agency": row.agency_id, "our_ref": our_ref})]
    if suffix != "cancel":
        open_task(session, case.case_id, TaskKind.LATE_ACCEPT, row.agency_id, our_ref, {"our_ref": our_ref})
    events += add_steps(session, case, row.exchange_id, [cancel])
    chain(session, case.case_id, SYSTEM, events)
