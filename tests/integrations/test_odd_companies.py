"""Companies that refuse what they held, answer oddly, or honour no key: a person is told, nothing stops."""

from __future__ import annotations

import logging
from dataclasses import replace

import pytest
from sqlalchemy import Engine, text
from sqlalchemy.orm import Session

from integrations.delivery import DeliveryConfig, Worker
from layers.database import make_sessions
from permits import service, store
from permits.ports import Json, Outcome
from permits.vocabulary import OutcomeKind
from tests.integrations.working import QUICK, Companies, gateways, until_rest
from tests.permits.town import approve, context, ready, reread, steps, submit


class Broken:
    """A gateway whose confirm is refused, whose cancel is unclear, or which breaks."""

    is_idempotent = True

    def __init__(self, **said: Outcome) -> None:
        self.said = said
        self.calls: list[str] = []

    def _do(self, op: str, key: str) -> Outcome:
        self.calls.append(key)
        said = self.said.get(op)
        if said is None:
            raise RuntimeError("adapter broke")
        return said

    def inquire(self, body: Json, idem_key: str) -> Outcome:
        return self._do("inquire", idem_key)

    def query(self, body: Json, idem_key: str) -> Outcome:
        return self._do("query", idem_key)

    def try_order(self, body: Json, idem_key: str) -> Outcome:
        return self._do("try_", idem_key)

    def confirm(self, body: Json, idem_key: str) -> Outcome:
        return self._do("confirm", idem_key)

    def cancel(self, body: Json, idem_key: str) -> Outcome:
        return self._do("cancel", idem_key)


HELD = Outcome(OutcomeKind.DONE, 201, {"order_number": "G-1"})


def with_broken(
    engine: Engine, companies: Companies, broken: Broken, config: DeliveryConfig = QUICK
) -> Worker:
    doors = {**gateways(companies), ("schutterwald", "gas"): broken}
    return Worker(make_sessions(engine), doors, config, 1)


def test_a_refused_confirm_is_a_persons_and_can_be_sent_again(
    engine: Engine, session: Session, companies: Companies
) -> None:
    broken = Broken(try_=HELD, confirm=Outcome(OutcomeKind.REFUSED, 409, {}, "hold-expired"))
    made = with_broken(engine, companies, broken)
    view = approve(session, ready(session))
    for _ in range(20):
        made.run_once()
    stuck = reread(session, view.case_id)
    assert stuck.status == "exchanging"
    assert stuck.exchanges[0].state == "confirming"
    assert [(t.kind, t.agency) for t in stuck.tasks] == [("confirm_refused", "gas")]
    assert "retry" in stuck.actions
    broken.said["confirm"] = Outcome(
        OutcomeKind.DONE, 200, {"order_number": "G-1", "tariff_receipt": "T-G-1"}
    )
    service.retry_exchange(session, context(), view.case_id)
    session.commit()
    assert until_rest(made, session, view, "active").tasks == []


def test_confirms_are_never_given_up_but_a_person_is_told_when_the_hold_is_over(
    engine: Engine, session: Session, companies: Companies
) -> None:
    broken = Broken(try_=HELD, confirm=Outcome(OutcomeKind.RETRY, 503, {}, "down"))
    made = with_broken(engine, companies, broken)
    view = approve(session, ready(session))
    for _ in range(10):
        made.run_once()
    session.execute(
        text(
            "UPDATE permits.exchange SET hold_until = now() - interval '1 s', "
            "effective_at = now() - interval '2 s', decide_by = now() - interval '3 s'"
        )
    )
    session.commit()
    made.sweep()
    made.sweep()
    told = reread(session, view.case_id)
    assert [(t.kind, t.agency) for t in told.tasks] == [("confirm_overdue", "gas")]
    broken.said["confirm"] = Outcome(OutcomeKind.DONE, 200, {"order_number": "G-1"})
    until_rest(made, session, view, "active")


@pytest.mark.parametrize("is_final", [False, True])
def test_an_agency_without_idempotency_is_never_asked_blindly_again(
    is_final: bool, engine: Engine, session: Session, companies: Companies
) -> None:
    """An unknown outcome where no key is honoured, or which is final, waits for a person; the others are released."""
    broken = Broken(
        try_=Outcome(OutcomeKind.UNKNOWN, None, {}, "timeout", is_final=is_final),
        cancel=Outcome(OutcomeKind.DONE, 200, {}),
    )
    broken.is_idempotent = is_final
    made = with_broken(engine, companies, broken)
    view = until_rest(made, session, approve(session, ready(session)), "needs_decision")
    assert sum(":try" in key for key in broken.calls) == 1
    assert sum(":cancel" in key for key in broken.calls) == 1  # it may hold the order
    assert {t.kind for t in view.tasks} == {"outcome_unknown", "needs_decision"}


def test_who_cannot_hold_is_asked_with_the_whole_form_while_the_others_hold(
    engine: Engine, session: Session, companies: Companies
) -> None:
    """T16: an unclear end there is a person's, who sends it again; nobody else is confirmed before it is clear."""
    looked = Outcome(OutcomeKind.DONE, 404, {"is_held": False})
    broken = Broken(try_=looked, confirm=Outcome(OutcomeKind.UNKNOWN, 200, {}, "differs", is_final=True))
    made = with_broken(engine, companies, broken)
    view = approve(session, ready(session))
    for _ in range(10):
        made.run_once()
    stuck = reread(session, view.case_id)
    assert {t.kind for t in stuck.tasks} == {"confirm_refused", "outcome_unknown"}
    assert set(companies["water"].books.orders.values()) == {"held"}
    body = session.execute(text("SELECT body FROM permits.step WHERE op = 'confirm'")).scalar_one()
    assert {"our_ref", "parcel_id", "tariff_change", "effective_at", "hold_until"} <= set(body)
    order_state = text("SELECT state FROM permits.connection_order WHERE agency_id = 'gas'")
    assert session.execute(order_state).scalar_one() == "desired"
    broken.said["confirm"] = Outcome(OutcomeKind.DONE, 201, {"order_number": "G-1", "tariff_receipt": "T-1"})
    service.retry_exchange(session, context(), view.case_id)
    session.commit()
    active = until_rest(made, session, view, "active")
    assert {a.agency: a.order_number for a in active.exchanges[0].agencies}["gas"] == "G-1"
    assert session.execute(order_state).scalar_one() == "confirmed"


def test_an_answer_that_blames_us_is_given_up_after_some_attempts(
    engine: Engine, session: Session, companies: Companies
) -> None:
    broken = Broken(
        try_=Outcome(OutcomeKind.UNKNOWN, 401, {}, "HTTP 401"), cancel=Outcome(OutcomeKind.DONE, 200, {})
    )
    made = with_broken(engine, companies, broken, replace(QUICK, doubtful_attempts=3))
    until_rest(made, session, approve(session, ready(session)), "needs_decision")
    assert sum(":try" in key for key in broken.calls) == 3


def test_an_adapter_that_breaks_stops_nothing(
    engine: Engine, session: Session, companies: Companies, caplog: pytest.LogCaptureFixture
) -> None:
    broken = Broken()
    made = with_broken(engine, companies, broken)
    view = approve(session, ready(session))
    with caplog.at_level(logging.CRITICAL, "panjereh.delivery"):
        for _ in range(3):
            made.run_once()
    assert steps(session, view.case_id)["water", "try"] == "done"
    assert steps(session, view.case_id)["gas", "try"] == "pending"
    broken.said = {"try_": HELD, "confirm": HELD}
    until_rest(made, session, view, "active")


def test_refused_and_unreadable_inquiries_are_a_persons(
    engine: Engine, session: Session, companies: Companies
) -> None:
    broken = Broken(
        inquire=Outcome(OutcomeKind.DONE, 202, {}),
        query=Outcome(OutcomeKind.DONE, 200, {"answer": {"serviceable": "maybe"}}),
    )
    made = with_broken(engine, companies, broken)
    view = submit(session)
    for _ in range(6):
        made.run_once()
    assert [(t.kind, t.agency) for t in reread(session, view.case_id).tasks] == [("inquiry_failed", "gas")]


def test_strange_answers_are_stored_and_chained(
    engine: Engine, session: Session, companies: Companies
) -> None:
    """T15: a NUL, a lone surrogate, numbers nobody can hold: kept in a form the database takes."""
    odd = {
        "order_number": "G\x00-1\ud800",
        "huge": 10**400,
        "nan": float("nan"),
        "nested": [{"\x00k": -(2**60)}],
    }
    broken = Broken(
        try_=Outcome(OutcomeKind.DONE, 201, odd, "x\x00"), confirm=Outcome(OutcomeKind.DONE, 200, odd)
    )
    made = with_broken(engine, companies, broken)
    view = until_rest(made, session, approve(session, ready(session)), "active")
    assert {a.agency: a.order_number for a in view.exchanges[0].agencies}["gas"] == "G-1?"
    assert store.verify_case(session, view.case_id) is None
