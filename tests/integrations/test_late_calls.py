"""Calls whose worker died, or whose exchange was given up meanwhile: taken over, fenced, cancelled."""

from __future__ import annotations

import threading

from sqlalchemy import Engine, text
from sqlalchemy.orm import Session

from layers.database import make_sessions
from permits import outbox, results, service
from permits.ports import Outcome
from permits.vocabulary import OutcomeKind
from tests.integrations.working import Companies, gateways, until_rest, worker
from tests.permits.town import AGENCIES, approve, context, count, ready, reread, steps


def test_a_dead_workers_call_is_taken_over_and_the_dead_one_is_fenced(
    engine: Engine, session: Session, companies: Companies
) -> None:
    """A worker claims and dies; after its lease another calls; the first one's late result is void."""
    view = approve(session, ready(session))
    slots = {("schutterwald", a): 4 for a in AGENCIES}
    dead = outbox.claim(session, slots, lease_s=0.05)
    session.commit()
    assert len(dead) == 3
    assert outbox.claim(session, slots, lease_s=0.05) == []
    session.commit()
    threading.Event().wait(0.1)
    active = until_rest(worker(engine, companies), session, view, "active")
    version = active.version
    for step in dead:
        late = Outcome(OutcomeKind.REFUSED, 409, {}, "made-up")
        said = results.record_outcome(session, step, late, retry_in_s=None, poll_after_s=1)
        assert said is None
    session.commit()
    after = reread(session, view.case_id)
    assert (after.status, after.version) == ("active", version)


def test_late_accept_after_giving_up_is_cancelled_and_on_record(
    engine: Engine, session: Session, companies: Companies
) -> None:
    """A try was in flight when its exchange was given up; its late acceptance is chained and cancelled."""
    view = approve(session, ready(session))
    [step] = outbox.claim(session, {("schutterwald", "water"): 1}, lease_s=30)
    session.commit()
    session.execute(text("UPDATE permits.exchange SET decide_by = now() - interval '1 s'"))
    session.commit()
    made = worker(engine, companies)
    made.sweep()
    assert steps(session, view.case_id)["water", "try"] == "superseded"
    assert steps(session, view.case_id)["water", "cancel"] == "pending"
    until_rest(made, session, view, "needs_decision")
    assert companies["water"].books.orders == {step.our_ref: "tombstoned"}
    gateway = gateways(companies)["schutterwald", "water"]
    assert (
        gateway.try_order(step.body, step.idem_key).kind is OutcomeKind.REFUSED
    )  # the hanging try is barred
    held = Outcome(OutcomeKind.DONE, 201, {"order_number": "W-9"})  # a company that does not know tombstones
    assert results.record_outcome(session, step, held, retry_in_s=None, poll_after_s=1) is None
    session.commit()
    events = [h.event for h in service.history(session, context(), view.case_id)]
    assert "late_accept" in events
    assert count(session, "step", "idem_key LIKE '%:cancel:late' AND state = 'pending'") == 1
    assert "late_accept" in {t.kind for t in reread(session, view.case_id).tasks}


def test_a_call_claimed_while_its_exchange_is_given_up_is_cancelled_too(
    engine: Engine, session: Session
) -> None:
    """Found by the long torture run: a try was claimed between the look at the calls and their superseding.

    It had been seen as never sent, so nobody cancelled it; its worker was killed after the company had taken it in,
    and the hold stayed. Settling now locks the calls it looks at: it sees the claim, or the claim does not happen.
    """
    view = approve(session, ready(session))
    session.execute(text("UPDATE permits.exchange SET decide_by = now() - interval '1 s'"))
    session.commit()
    exchange_id = session.execute(text("SELECT exchange_id FROM permits.exchange")).scalar_one()
    session.rollback()
    sessions = make_sessions(engine)
    claiming = sessions()
    assert len(outbox.claim(claiming, {("schutterwald", "water"): 1}, lease_s=30)) == 1  # not committed yet

    def give_up() -> None:
        with sessions.begin() as other:
            results.sweep_one(other, view.case_id, str(exchange_id))

    sweeping = threading.Thread(target=give_up)
    sweeping.start()
    sweeping.join(0.5)
    claiming.commit()
    claiming.close()
    sweeping.join(10)
    assert {op for agency, op in steps(session, view.case_id) if agency == "water"} >= {"try", "cancel"}
    assert {op for agency, op in steps(session, view.case_id) if agency == "gas"} == {"inquire", "try"}
