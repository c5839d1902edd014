"""The delivery worker against real HTTP companies and a real PostGIS."""

from __future__ import annotations

import logging
import threading
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest
from sqlalchemy import Engine, text
from sqlalchemy.exc import OperationalError
from sqlalchemy.orm import Session, sessionmaker

from integrations.delivery import DeliveryConfig, Worker
from integrations.gateways import gateways_for
from integrations.reconcile import reconcile
from layers.cluster import Cluster
from layers.database import make_engine, make_sessions
from permits import outbox, results, service, store
from permits.ports import Json, Outcome
from permits.views import CaseView
from permits.vocabulary import OutcomeKind, StepState, TariffClass
from tests.integrations.stub_company import Faults, StubCompany
from tests.permits import town
from tests.permits.town import AGENCIES, approve, context, count, ready, reread, steps, submit

QUICK = DeliveryConfig(
    lease_s=3.0,
    idle_s=0.02,
    backoff_s=0.01,
    backoff_cap_s=0.05,
    poll_after_s=0.0,
    poll_every_s=0.05,
    sweep_every_s=0.1,
)
Companies = dict[str, StubCompany]


_opened: list[Any] = []


@pytest.fixture(autouse=True)
def _close_gateways() -> Iterator[None]:
    yield
    while _opened:
        _opened.pop().close()


def gateways(companies: Companies) -> dict[Any, Any]:
    made = gateways_for(town.city(), companies)
    _opened.extend(made.values())
    return dict(made)


@pytest.fixture
def companies() -> Iterator[Companies]:
    with ExitStack() as stack:
        yield {a: stack.enter_context(StubCompany(a)) for a in AGENCIES}


def worker(engine: Engine, companies: Companies, config: DeliveryConfig = QUICK, seed: int = 1) -> Worker:
    return Worker(make_sessions(engine), gateways(companies), config, seed)


def until_rest(made: Worker, session: Session, case: CaseView, *statuses: str, rounds: int = 400) -> CaseView:
    for _ in range(rounds):
        made.run_once()
        view = reread(session, case.case_id)
        if view.status in statuses:
            return view
        threading.Event().wait(0.01)
    raise AssertionError(f"{view.status}: {steps(session, case.case_id)}")


def ledgers(companies: Companies, ref: str) -> dict[str, list[str]]:
    return {a: c.books.of(ref.format(agency=a)) for a, c in companies.items()}


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


def test_an_outage_of_one_company_delays_no_other(
    engine: Engine, session: Session, companies: Companies
) -> None:
    """Fairness: 40 cases, gas down; water and power get every call although gas has the oldest backlog."""
    companies["gas"].faults = Faults(is_down=True)
    made = worker(engine, companies, replace(QUICK, backoff_s=60, backoff_cap_s=60))
    views = [approve(session, ready(session, f"P-{i}")) for i in range(40)]
    made.run_until_idle()
    for view in views:
        ref = f"{view.case_id}:{{agency}}:construction:1"
        assert ledgers(companies, ref) == {"water": ["try"], "power": ["try"], "gas": []}
    assert (
        count(session, "step", "agency_id = 'gas' AND op = 'try' AND state = 'pending' AND attempts > 0")
        == 40
    )


def test_a_slow_company_takes_only_its_own_slots(
    engine: Engine, session: Session, companies: Companies
) -> None:
    companies["gas"].faults = Faults(hang_s=20.0)
    companies["gas"].timeout_s = 30.0
    for i in range(12):
        approve(session, ready(session, f"P-{i}"))
    made = worker(engine, companies)
    stop = threading.Event()
    running = threading.Thread(target=made.run_forever, args=(stop,))
    running.start()
    try:
        for _ in range(500):
            if len(companies["water"].books.ledger) == len(companies["power"].books.ledger) == 12:
                break
            threading.Event().wait(0.02)
        assert len(companies["water"].books.ledger) == 12
        assert len(companies["power"].books.ledger) == 12
        assert companies["gas"].books.ledger == []
    finally:
        companies["gas"].woken.set()
        stop.set()
        running.join()


def test_a_failing_company_is_probed_one_call_at_a_time(
    engine: Engine, session: Session, companies: Companies
) -> None:
    companies["gas"].faults = Faults(is_down=True)
    made = worker(engine, companies)
    for i in range(10):
        approve(session, ready(session, f"P-{i}"))
    for _ in range(6):
        made.run_once()
    before = count(session, "step", "agency_id = 'gas' AND attempts > 0")
    assert made._slots(None).get(("schutterwald", "gas")) == 1
    assert before >= 5


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


def test_an_agency_without_idempotency_is_never_asked_blindly_again(
    engine: Engine, session: Session, companies: Companies
) -> None:
    """An unknown outcome where the key is not honoured waits for a person; the others are released."""
    broken = Broken(
        try_=Outcome(OutcomeKind.UNKNOWN, None, {}, "timeout"), cancel=Outcome(OutcomeKind.DONE, 200, {})
    )
    broken.is_idempotent = False
    made = with_broken(engine, companies, broken)
    view = until_rest(made, session, approve(session, ready(session)), "needs_decision")
    assert sum(":try" in key for key in broken.calls) == 1
    assert sum(":cancel" in key for key in broken.calls) == 1  # it may hold the order
    assert {t.kind for t in view.tasks} == {"outcome_unknown", "needs_decision"}


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


def test_thirty_percent_faults_two_workers_many_cases(engine: Engine, session: Session, seed: int) -> None:
    """The invariants under seeded faults: exactly try+confirm or nothing held, every case at rest."""
    faults = [
        Faults(seed + i, unavailable=0.1, error_after_effect=0.1, reset_after_effect=0.1, refuse=0.05)
        for i in range(3)
    ]
    with ExitStack() as stack:
        companies = {a: stack.enter_context(StubCompany(a, f)) for a, f in zip(AGENCIES, faults, strict=True)}
        views = [approve(session, ready(session, f"P-{i}")) for i in range(40)]
        stop = threading.Event()
        threads = [
            threading.Thread(target=worker(engine, companies, seed=seed + n).run_forever, args=(stop,))
            for n in range(2)
        ]
        for thread in threads:
            thread.start()
        try:
            for _ in range(1500):
                session.rollback()
                if count(session, "case_", "status = 'exchanging'") == 0:
                    break
                threading.Event().wait(0.02)
        finally:
            stop.set()
            for thread in threads:
                thread.join()
        for view in views:
            after = reread(session, view.case_id)
            ref = f"{view.case_id}:{{agency}}:construction:1"
            refused = any(c.is_refused(ref.format(agency=a)) for a, c in companies.items())
            books = ledgers(companies, ref)
            assert after.status == ("needs_decision" if refused else "active"), seed
            allowed = ([], ["try", "cancel"]) if refused else (["try", "confirm"],)
            assert all(ledger in allowed for ledger in books.values()), (seed, books)
            assert store.verify_case(session, view.case_id) is None
        assert not any(c.books.misuse for c in companies.values())
        posts = sum(len(c.books.posts) for c in companies.values())
        assert posts > len(set().union(*(c.books.posts for c in companies.values())))  # repeats did happen


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


def test_the_worker_outlives_a_restart_of_the_database(tmp_path_factory: pytest.TempPathFactory) -> None:
    """The server is stopped and started under a running worker; it waits quietly and goes on."""
    import shutil
    import tempfile
    from pathlib import Path

    from layers.database import migrate

    directory = Path(tempfile.mkdtemp(prefix="pjt-", dir="/tmp"))
    directory.chmod(0o755)
    cluster = Cluster(directory)
    try:
        cluster.ensure_running()
        url = cluster.create_database("restart")
        migrate(url)
        engine = make_engine(url)
        sessions: sessionmaker[Session] = make_sessions(engine)
        with ExitStack() as stack:
            companies = {a: stack.enter_context(StubCompany(a)) for a in AGENCIES}
            stop = threading.Event()
            thread = threading.Thread(target=worker(engine, companies).run_forever, args=(stop,))
            with sessions() as session:
                views = [approve(session, ready(session, f"P-{i}")) for i in range(3)]
                thread.start()
            cluster.stop()
            threading.Event().wait(0.5)
            cluster.ensure_running()
            try:
                for _ in range(500):
                    if _all_active(sessions, views):
                        break
                    threading.Event().wait(0.05)
            finally:
                stop.set()
                thread.join()
            assert _all_active(sessions, views)
        engine.dispose()
    finally:
        cluster.stop()
        shutil.rmtree(directory, ignore_errors=True)


def _all_active(sessions: sessionmaker[Session], views: list[CaseView]) -> bool:
    try:
        with sessions() as session:
            return all(reread(session, v.case_id).status == "active" for v in views)
    except OperationalError:
        return False


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
