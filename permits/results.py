"""What a call to an agency told us, put on the case: result, history and consequences in one transaction."""

from __future__ import annotations

from dataclasses import replace
from uuid import UUID

from sqlalchemy.orm import Session

from permits import inquiries, outbox, saga
from permits.errors import AnswerUnreadable
from permits.outbox import ClaimedStep
from permits.ports import Actor, Json, Outcome
from permits.requests import answer_from
from permits.store import CaseRow, change_case, database_now, lock_case, open_task
from permits.views import as_json
from permits.vocabulary import OutcomeKind, Role, StepOp, StepState, TaskKind


def record_outcome(
    session: Session, step: ClaimedStep, outcome: Outcome, *, retry_in_s: float | None, poll_after_s: float
) -> StepState | None:
    """Record an outcome and everything that follows from it; None when the call is no longer this worker's.

    `retry_in_s` sends the call back for another attempt; `poll_after_s` is when an accepted inquiry is first
    asked for its answer.
    """
    outcome = replace(outcome, body=as_json(outcome.body), detail=as_json(outcome.detail))
    case = lock_case(session, step.case_id)
    state = outbox.finish_step(session, case, step, outcome, retry_in_s=retry_in_s)
    if state is None or state is StepState.PENDING:
        return state
    if step.exchange_id is None:
        _inquiry_result(session, case, step, outcome, poll_after_s)
    else:
        _exchange_result(session, case, step, state, outcome)
    return state


def _exchange_result(
    session: Session, case: CaseRow, step: ClaimedStep, state: StepState, outcome: Outcome
) -> None:
    assert step.exchange_id is not None
    if state is StepState.DONE:
        saga.book_result(session, case, step, outcome)
    elif state is StepState.UNKNOWN:
        detail: Json = {"op": step.op.value, "our_ref": step.our_ref, "detail": outcome.detail[:200]}
        open_task(session, case.case_id, TaskKind.OUTCOME_UNKNOWN, step.agency_id, step.our_ref, detail)
    settled = saga.settle_exchange(session, case, step.exchange_id, database_now(session))
    if settled.version == case.version:
        change_case(session, settled)


def _inquiry_result(
    session: Session, case: CaseRow, step: ClaimedStep, outcome: Outcome, poll_after_s: float
) -> None:
    detail: Json = {"op": step.op.value, "detail": outcome.detail[:200], "status": outcome.status}
    if outcome.kind is not OutcomeKind.DONE:
        inquiries.inquiry_failed(session, case, step.agency_id, step.our_ref, detail)
    elif step.op is StepOp.INQUIRE:
        inquiries.poll_later(session, case, step.agency_id, step.our_ref, poll_after_s)
    else:
        _polled_answer(session, case, step, outcome.body)


def is_answered(step: ClaimedStep, outcome: Outcome) -> bool:
    """Whether a poll brought the answer; anything else of an inquiry is worth asking again later."""
    return step.op is not StepOp.QUERY or isinstance(outcome.body.get("answer"), dict)


def _polled_answer(session: Session, case: CaseRow, step: ClaimedStep, body: Json) -> None:
    said = {"our_ref": step.our_ref, **(body.get("answer") or {})}
    actor = Actor(step.agency_id, Role.AGENCY, step.agency_id)
    try:
        answer = answer_from(said)
    except AnswerUnreadable as error:
        detail: Json = {"op": step.op.value, "detail": error.message[:200]}
        inquiries.inquiry_failed(session, case, step.agency_id, step.our_ref, detail)
        return
    inquiries.record_response(session, actor, answer, database_now(session))


def sweep(session: Session, limit: int = 100) -> list[tuple[UUID, str]]:
    """What is past a deadline or due for a reminder: (case, exchange id or inquiry reference)."""
    now = database_now(session)
    due: list[tuple[UUID, str]] = [
        (case_id, str(exchange)) for case_id, exchange in saga.overdue_exchanges(session, limit)
    ]
    due += [(case_id, ref) for case_id, ref in inquiries.due_reminders(session, now, limit)]
    return due


def sweep_one(session: Session, case_id: UUID, ref: str) -> None:
    """Do what the passed deadline demands; raises `CaseNotFound` while another process holds the case."""
    now = database_now(session)
    if ":inquiry:" in ref:
        inquiries.remind(session, case_id, ref, now)
    else:
        saga.settle_overdue(session, case_id, UUID(ref), now)
