"""The delivery worker against real HTTP companies and a real PostGIS: cases as they should go."""

from __future__ import annotations

import threading
from datetime import UTC, datetime

from sqlalchemy import Engine, text
from sqlalchemy.orm import Session

from integrations.reconcile import reconcile
from layers.database import make_sessions
from permits import outbox, service, store
from permits.vocabulary import StepState, TariffClass
from tests.integrations.stub_company import Faults
from tests.integrations.working import Companies, gateways, ledgers, until_rest, worker
from tests.permits.town import AGENCIES, approve, context, count, ready, reread, submit


def test_a11_a_case_from_inquiry_to_active(engine: Engine, session: Session, companies: Companies) -> None:
    """A11, A15: asked, answered, approved; every company sold and acknowledged once, with its own number."""
    made = worker(engine, companies)
    view = until_rest(made, session, submit(session), "awaiting_decision")
    assert all(c.status == "answered" for c in view.consultations)
    active = until_rest(made, session, approve(session, view), "active")
    assert ledgers(companies, f"{view.case_id}:{{agency}}:construction:1") == {
        a: ["try", "confirm"] for a in AGENCIES
    }
    for agency in active.exchanges[0].agencies:
        assert agency.order_number is not None
        assert agency.receipt == f"T-{agency.order_number}"
        assert (agency.try_, agency.confirm, agency.cancel) == ("done", "done", None)
    assert {(t.agency, t.desired, t.confirmed) for t in active.tariffs} == {
        (a, "construction", "construction") for a in AGENCIES
    }
    assert set(session.execute(text("SELECT state FROM permits.connection_order")).scalars()) == {"confirmed"}
    assert store.verify_case(session, view.case_id) is None


def test_a14_completion_returns_the_tariff(engine: Engine, session: Session, companies: Companies) -> None:
    made = worker(engine, companies)
    active = until_rest(made, session, approve(session, ready(session)), "active")
    service.complete(session, context(), active.case_id, "C-7", TariffClass.RESIDENTIAL, active.version)
    session.commit()
    done = until_rest(made, session, active, "completed")
    assert {t.confirmed for t in done.tariffs} == {"residential"}
    assert [e.purpose for e in done.exchanges] == ["construction", "permanent"]
    assert all(a.connection is None for a in done.exchanges[1].agencies)
    assert store.current_tariffs(session, "schutterwald", "P-1") == dict.fromkeys(
        AGENCIES, TariffClass.RESIDENTIAL
    )


def test_one_refusal_cancels_the_others_and_a_person_decides(
    engine: Engine, session: Session, companies: Companies
) -> None:
    """T16: water holds, gas refuses: water is released; the officer defers gas and tries again."""
    companies["gas"].faults = Faults(refuse=1.0)
    made = worker(engine, companies)
    view = until_rest(made, session, approve(session, ready(session)), "needs_decision")
    assert ledgers(companies, f"{view.case_id}:{{agency}}:construction:1") == {
        "water": ["try", "cancel"],
        "power": ["try", "cancel"],
        "gas": [],
    }
    assert {a.agency: a.refusal for a in view.exchanges[0].agencies}["gas"] == "no-capacity"
    [task] = view.tasks
    assert task.detail["agencies"]["gas"]["refusal"] == "no-capacity"
    assert {t.confirmed for t in view.tariffs} <= {None}
    companies["gas"].faults = Faults()
    service.defer_utility(session, context(), view.case_id, "gas")
    service.retry_exchange(session, context(), view.case_id)
    session.commit()
    active = until_rest(made, session, view, "active")
    assert active.tasks == []
    second = ledgers(companies, f"{view.case_id}:{{agency}}:construction:2")
    assert second == {a: ["try", "confirm"] for a in AGENCIES}
    assert {a.agency: a.connection is None for a in active.exchanges[1].agencies}["gas"]


def test_revoke_after_failure_and_after_activity(
    engine: Engine, session: Session, companies: Companies
) -> None:
    """T22: a permit can be taken back; the tariffs of an active case return through an exchange."""
    companies["gas"].faults = Faults(refuse=1.0)
    made = worker(engine, companies)
    failed = until_rest(made, session, approve(session, ready(session)), "needs_decision")
    gone = service.revoke(session, context(), failed.case_id, "applicant has no title")
    session.commit()
    assert (gone.status, gone.decision and gone.decision.outcome) == ("revoked", "revoked")
    assert gone.tasks == []
    companies["gas"].faults = Faults()
    active = until_rest(made, session, approve(session, ready(session, "P-2")), "active")
    service.revoke(session, context(), active.case_id, "built outside the permit")
    session.commit()
    for _ in range(50):
        made.run_once()
    back = reread(session, active.case_id)
    assert back.status == "revoked"
    assert back.exchanges[-1].state == "confirmed"
    assert {t.confirmed for t in back.tariffs} == {"residential"}


def test_a_silent_agency_is_polled_until_it_answers(
    engine: Engine, session: Session, companies: Companies
) -> None:
    companies["gas"].faults.is_silent = True
    made = worker(engine, companies)
    view = submit(session)
    for _ in range(8):
        made.run_once()
        threading.Event().wait(0.06)
    waiting = reread(session, view.case_id)
    assert {c.agency: c.status for c in waiting.consultations} == {
        "water": "answered",
        "power": "answered",
        "gas": "pending",
    }
    companies["gas"].faults.is_silent = False
    until_rest(made, session, view, "awaiting_decision")
    assert count(session, "step", "op = 'query'") == 3


def test_every_transition_of_a_call_has_its_entry(
    engine: Engine, session: Session, companies: Companies
) -> None:
    made = worker(engine, companies)
    view = until_rest(made, session, approve(session, ready(session)), "active")
    history = service.history(session, context(), view.case_id)
    calls = session.execute(
        text("SELECT agency_id, op, our_ref, state FROM permits.step WHERE exchange_id IS NOT NULL")
    ).all()
    for call in calls:
        said = [
            h.event for h in history if (h.body.get("our_ref"), h.body.get("op")) == (call.our_ref, call.op)
        ]
        assert said == ["step.pending", f"step.{call.state}"]


def test_lease_and_states_are_what_the_claim_says(session: Session) -> None:
    view = approve(session, ready(session))
    now = datetime.now(UTC)
    claimed = outbox.claim(session, {("schutterwald", "water"): 5, ("elsewhere", "water"): 5}, lease_s=30)
    assert [(s.agency_id, s.attempts, s.fence) for s in claimed] == [("water", 1, 1)]
    row = session.execute(
        text("SELECT state, next_at FROM permits.step WHERE op = 'try' AND agency_id = 'water'")
    ).one()
    assert row.state == StepState.SENDING.value
    assert 29 <= (row.next_at - now).total_seconds() <= 32
    assert view.case_id == claimed[0].case_id
    assert outbox.claim(session, {("schutterwald", "water"): 0}, lease_s=30) == []


def test_t16_books_that_differ_are_told_once_and_closed_when_they_agree(
    engine: Engine, session: Session, companies: Companies
) -> None:
    """T16: every ended order is compared with its company's books; silence is no difference."""
    companies["gas"].faults.refuse = 1.0
    made = worker(engine, companies)
    failed = until_rest(made, session, approve(session, ready(session)), "needs_decision")
    companies["gas"].faults.refuse = 0.0
    active = until_rest(made, session, approve(session, ready(session, "P-2")), "active")
    sessions, doors = make_sessions(engine), gateways(companies)
    clean = reconcile(sessions, doors, 7)
    assert (clean.differences, clean.unanswered) == ([], [])
    assert 3 <= clean.compared <= 5  # what was never sent, or was refused, is in no books

    water, power = (f"{active.case_id}:{agency}:construction:1" for agency in ("water", "power"))
    companies["water"].books.orders[water] = "cancelled"
    companies["power"].faults.is_down = True
    for _ in range(2):
        found = reconcile(sessions, doors, 7)
        assert [(o.our_ref, said) for o, said in found.differences] == [
            (water, {"ours": "confirmed", "theirs": "cancelled"})
        ]
        assert power in {order.our_ref for order in found.unanswered}
    told = reread(session, active.case_id).tasks
    assert [(task.kind, task.agency) for task in told] == [("books_differ", "water")]
    assert "books_differ" not in {task.kind for task in reread(session, failed.case_id).tasks}

    companies["water"].books.orders[water] = "confirmed"
    assert reconcile(sessions, doors, 7).differences == []
    assert reread(session, active.case_id).tasks == []
    assert store.verify_case(session, active.case_id) is None
    assert reconcile(sessions, doors, 0).compared == 0
