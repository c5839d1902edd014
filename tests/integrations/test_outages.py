"""The delivery worker while something is down: a company, many calls at once, the database."""

from __future__ import annotations

import threading
from contextlib import ExitStack
from dataclasses import replace

import pytest
from sqlalchemy import Engine
from sqlalchemy.exc import OperationalError
from sqlalchemy.orm import Session, sessionmaker

from layers.cluster import Cluster
from layers.database import make_engine, make_sessions
from permits import store
from permits.views import CaseView
from tests.integrations.stub_company import Faults, StubCompany
from tests.integrations.working import QUICK, Companies, ledgers, worker
from tests.permits.town import AGENCIES, approve, count, ready, reread


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
