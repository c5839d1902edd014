"""Exactly once under torture: the whole system as real processes, faulty companies, kill -9 everywhere.

The API, the delivery worker, three sandbox companies and two private database clusters (ours, and theirs) run on this
machine. Clients submit and approve cases over HTTP and repeat whatever is not answered. Meanwhile worker and API are
killed with SIGKILL, and so is our PostgreSQL. At the end the companies' books are compared with ours.

Every random choice comes from one seed, which is printed; the interleaving of processes is the machine's own.
"""

from __future__ import annotations

import random
import shutil
import socket
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx2
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.pool import NullPool

from api import tokens
from api.settings import AgencyBook, AgencyEndpoint, new_secret, write_agency_book, write_private
from integrations.sandbox.faults import FaultPlan, Rates
from layers.city import load_city
from layers.cluster import Cluster
from layers.database import make_engine, make_sessions, migrate
from layers.ingest import import_city
from permits.vocabulary import Role
from tests.torture.processes import Process, kill_database, wait_healthy

ROOT = Path(__file__).resolve().parent.parent.parent
CITY = "schutterwald"
AGENCIES = ("water", "power", "gas")
OPEN = ("consulting", "awaiting_decision", "exchanging")


@dataclass(frozen=True)
class Plan:
    """What to do. `faults` is the share of calls to a company that go wrong."""

    permits: int = 100
    kills: int = 5
    db_kills: int = 1
    faults: float = 0.30
    seed: int = 0
    clients: int = 8
    workers: int = 1
    settle_timeout_s: float = 180.0


@dataclass
class Tally:
    """What happened."""

    accepted: dict[str, int] = field(default_factory=dict)
    approved: int = 0
    retries: int = 0
    kills: dict[str, int] = field(default_factory=dict)
    db_down_s: float = 0.0
    accepted_s: float = 0.0
    settled_s: float = 0.0


class Harness:
    """One run; use `running` to have everything started and, whatever happens, ended."""

    def __init__(self, plan: Plan, say: Callable[[str], None] = print) -> None:
        self.plan = plan
        self.say = say
        self.random = random.Random(plan.seed)
        self.tally = Tally()
        self.root = Path(tempfile.mkdtemp(prefix="pjx-", dir="/tmp"))
        self.root.chmod(0o755)
        self.ours = Cluster(self._folder("our"), settings={"max_connections": "200"})
        self.theirs = Cluster(self._folder("their"), settings={"fsync": "off", "max_connections": "200"})
        self.processes: list[Process] = []
        self.workers: list[Process] = []
        self.companies: dict[str, str] = {}
        self.officer = new_secret()
        self._lock = threading.Lock()
        self._done = threading.Event()

    def _folder(self, name: str) -> Path:
        folder = self.root / name
        folder.mkdir()
        folder.chmod(0o755)
        return folder

    # --- setting up ---

    def start(self) -> None:
        began = time.monotonic()
        self.ours.ensure_running()
        self.theirs.ensure_running()
        self.port = _free_port()
        self.api_url = f"http://127.0.0.1:{self.port}"
        self._start_companies()
        self._prepare_database()
        self._start_api_and_workers()
        for agency, url in self.companies.items():
            process = next(p for p in self.processes if p.name == agency)
            wait_healthy(process, f"{url}/v1/health", 120)
            bearer = {"authorization": f"Bearer {self.book.agencies[f'{CITY}/{agency}'].token}"}
            faults = self.fault_plan(agency).model_dump()
            answer = httpx2.put(f"{url}/sandbox/faults", json=faults, headers=bearer, trust_env=False)
            answer.raise_for_status()
        wait_healthy(self.api, f"{self.api_url}/v1/health", 60)
        self.say(f"ready in {time.monotonic() - began:.1f} s")

    def fault_plan(self, agency: str) -> FaultPlan:
        share = self.plan.faults
        rates = Rates(
            unavailable=share * 0.34, error_after_effect=share * 0.33, timeout_after_effect=share * 0.08,
            reset_after_effect=share * 0.25, refuse_try=0.02 if share else 0, duplicate_webhook=share / 3,
            late_webhook=share / 3,
        )  # fmt: skip
        return FaultPlan(seed=self.plan.seed + AGENCIES.index(agency), rates=rates, hang_s=1.5, late_s=1.0)

    def _start_companies(self) -> None:
        book: dict[str, AgencyEndpoint] = {}
        for agency in AGENCIES:
            port = _free_port()
            url = self.companies[agency] = f"http://127.0.0.1:{port}"
            endpoint = AgencyEndpoint(
                url=url, token=new_secret(), webhook_secret=_webhook_secret(), timeout_s=1.0
            )
            book[f"{CITY}/{agency}"] = endpoint
            token, secret = self.root / f"{agency}.token", self.root / f"{agency}.secret"
            write_private(token, endpoint.token)
            write_private(secret, endpoint.webhook_secret)
            self._spawn(
                agency,
                [
                    "-m", "integrations.sandbox", "--kind", agency, "--city", CITY, "--port", str(port),
                    "--database-url", self.theirs.url(f"company_{agency}"), "--token-file", str(token),
                    "--webhook-secret-file", str(secret), "--capacity-factor", "100000",
                    "--max-service-length-m", "100000",
                ],
            )  # fmt: skip
        self.book = AgencyBook(agencies=book)
        write_agency_book(self.root / "agencies.json", self.book)

    def _prepare_database(self) -> None:
        url = self.ours.create_database("panjereh")
        migrate(url)
        engine = make_engine(url)
        import_city(engine, load_city(ROOT / "cities", CITY), ROOT / "cities")
        with make_sessions(engine).begin() as session:
            tokens.create_token(session, "officer-1", Role.OFFICER, secret=self.officer)
        engine.dispose()
        self.engine = _plain(url)

    def _start_api_and_workers(self) -> None:
        environment = {
            "PANJEREH_DATABASE_URL": self.ours.url("panjereh"),
            "PANJEREH_DATA_DIR": str(self.root / "data"),
            "PANJEREH_AGENCIES_FILE": str(self.root / "agencies.json"),
            "PANJEREH_CITIES": f'["{CITY}"]',
            "PANJEREH_PORT": str(self.port),
            "PANJEREH_WORKER_BACKOFF_S": "0.1",
            "PANJEREH_WORKER_POLL_AFTER_S": "2",
            "PANJEREH_WORKER_POLL_EVERY_S": "2",
            "PANJEREH_WORKER_THREADS": "12",
        }
        self.api = self._spawn("api", ["-m", "api", "serve"], environment)
        self.workers = [
            self._spawn(f"worker-{n}", ["-m", "tests.torture.worker"], environment)
            for n in range(self.plan.workers)
        ]

    def _spawn(self, name: str, arguments: list[str], environment: dict[str, str] | None = None) -> Process:
        process = Process(name, arguments, environment or {}, self.root / f"{name}.log")
        process.start()
        self.processes.append(process)
        return process

    def stop(self) -> None:
        self._done.set()
        for process in reversed(self.processes):
            process.end()
        for cluster in (self.ours, self.theirs):
            cluster.stop()
        shutil.rmtree(self.root, ignore_errors=True)

    # --- the work ---

    def run(self) -> None:
        """Submit and approve everything under fire, then wait until every case is at rest.

        The killing is done by this thread: children are tied to the thread that started them.
        """
        began = time.monotonic()
        sites = self._sites()
        with ThreadPoolExecutor(self.plan.clients) as pool:
            work = [pool.submit(self._one, number, site) for number, site in enumerate(sites)]
            try:
                self._assassinate(lambda: any(f.done() and f.exception() for f in work))
            finally:
                for future in work:
                    future.result()
        self.tally.accepted_s = time.monotonic() - began
        self._wait_for_rest()
        self.tally.settled_s = time.monotonic() - began
        self._done.set()

    def _sites(self) -> list[tuple[str, list[list[float]]]]:
        """A parcel and a small pit for every permit."""
        with self.engine.connect() as connection:
            rows = connection.execute(
                text(
                    "SELECT feature_id, ST_X(p) AS x, ST_Y(p) AS y "
                    "FROM (SELECT feature_id, ST_PointOnSurface(geom) AS p "
                    "FROM layers.parcel WHERE city_id = :c AND retired_by IS NULL ORDER BY feature_id) AS parcels"
                ),
                {"c": CITY},
            ).all()
        picked = self.random.sample(rows, min(self.plan.permits, len(rows)))
        many = (picked * (self.plan.permits // len(picked) + 1))[: self.plan.permits]
        return [(row.feature_id, _square(row.x, row.y)) for row in many]

    def _one(self, number: int, site: tuple[str, list[list[float]]]) -> None:
        """One applicant and one officer: submit, wait for the answers, approve; repeat whatever was not answered."""
        parcel_id, ring = site
        with httpx2.Client(
            base_url=f"{self.api_url}/v1/cities/{CITY}", timeout=8.0, trust_env=False,
            headers={"authorization": f"Bearer {self.officer}"},
        ) as client:  # fmt: skip
            view = self._persist(client, "POST", "/cases", f"submit-{number}", _form(parcel_id, ring, number))
            with self._lock:
                self.tally.accepted[view["case_id"]] = number
            path = f"/cases/{view['case_id']}"
            while view["status"] == "consulting":
                time.sleep(0.3)
                view = self._persist(client, "GET", path)
            attempt = 0
            while view["status"] == "awaiting_decision":
                attempt += 1
                body = {"expected_version": view["version"], "conditions": [_OVERRIDE]}
                key = f"approve-{number}-{attempt}"
                view = self._persist(client, "POST", f"{path}/approve", key, body, again=path)
            with self._lock:
                self.tally.approved += 1

    def _persist(
        self,
        client: httpx2.Client,
        method: str,
        path: str,
        key: str | None = None,
        body: Any = None,
        again: str = "",
    ) -> dict[str, Any]:
        """Repeat until it is answered; `again` is read anew when the case has changed meanwhile (409)."""
        headers = {"idempotency-key": key} if key else {}
        while True:
            try:
                answer = client.request(method, path, json=body, headers=headers)
            except httpx2.HTTPError:
                answer = None
            if answer is not None and answer.is_success:
                found: dict[str, Any] = answer.json()
                return found
            if answer is not None and answer.status_code == 409 and again:
                return self._persist(client, "GET", again)
            if answer is not None and answer.status_code < 500:
                raise AssertionError(f"{method} {path}: {answer.status_code} {answer.text[:500]}")
            with self._lock:
                self.tally.retries += 1
            if self._done.is_set():
                raise AssertionError("the run was ended")
            time.sleep(0.2)

    # --- the fire ---

    def _assassinate(self, is_lost: Callable[[], bool]) -> None:
        """Kill at points of progress, so that every kill falls into work; worker four times as often as the API."""
        victims: list[str] = ["database"] * self.plan.db_kills
        victims += ["api" if self.random.random() < 0.2 else "worker" for _ in range(self.plan.kills)]
        self.random.shuffle(victims)
        for number, victim in enumerate(victims, start=1):
            due = number / (len(victims) + 1)
            while self._progress() < due:
                if is_lost():
                    self._done.set()
                    return
                time.sleep(0.05)
            self._kill(victim)
            time.sleep(1.0 + self.random.random())

    def _kill(self, victim: str) -> None:
        self.tally.kills[victim] = self.tally.kills.get(victim, 0) + 1
        if victim == "database":
            self.tally.db_down_s += kill_database(self.ours)
            return
        process = self.api if victim == "api" else self.random.choice(self.workers)
        process.kill()
        process.start()

    def _progress(self) -> float:
        """How much of the work is done, 0..1: half for approvals, half for settled cases."""
        with self._lock:
            approved = self.tally.approved
        try:
            settled = self._count("status IN ('active', 'needs_decision')")
        except DBAPIError:
            settled = 0
        return (approved + settled) / (2 * self.plan.permits)

    def _count(self, where: str) -> int:
        with self.engine.connect() as connection:
            return int(
                connection.execute(text(f"SELECT count(*) FROM permits.case_ WHERE {where}")).scalar_one()
            )

    def _wait_for_rest(self) -> None:
        deadline = time.monotonic() + self.plan.settle_timeout_s
        moving = "status IN ('consulting', 'awaiting_decision', 'exchanging')"
        while time.monotonic() < deadline:
            try:
                if self._count(moving) == 0 and self._open_calls() == 0:
                    return
            except DBAPIError:
                pass
            time.sleep(0.2)
        logs = "\n".join(f"--- {p.name}\n{p.tail()}" for p in (self.api, *self.workers))
        raise AssertionError(f"not at rest: {self._count(moving)} cases, {self._open_calls()} calls\n{logs}")

    def _open_calls(self) -> int:
        with self.engine.connect() as connection:
            return int(
                connection.execute(
                    text("SELECT count(*) FROM permits.step WHERE state IN ('pending', 'sending')")
                ).scalar_one()
            )

    def report(self) -> str:
        """One paragraph of figures."""
        with self.engine.connect() as connection:
            calls, attempts = connection.execute(
                text(
                    "SELECT count(*), coalesce(sum(attempts), 0) FROM permits.step WHERE exchange_id IS NOT NULL"
                )
            ).one()
            entries = connection.execute(text("SELECT count(*) FROM permits.audit")).scalar_one()
            by_status = dict(
                connection.execute(text("SELECT status, count(*) FROM permits.case_ GROUP BY 1")).all()
            )
        t = self.tally
        return (
            f"seed {self.plan.seed}: {len(t.accepted)} permits {by_status}, approved after {t.accepted_s:.1f} s, "
            f"at rest after {t.settled_s:.1f} s; killed {t.kills} (database away {t.db_down_s:.1f} s); "
            f"{t.retries} client retries; {calls} calls in exchanges, {attempts} attempts; {entries} history entries"
        )


@contextmanager
def running(plan: Plan, say: Callable[[str], None] = print) -> Iterator[Harness]:
    """The whole system, started; ended and removed whatever happens."""
    say(
        f"seed {plan.seed}: {plan.permits} permits, {plan.kills} + {plan.db_kills} kills, {plan.faults:.0%} faults"
    )
    harness = Harness(plan, say)
    try:
        harness.start()
        yield harness
    finally:
        harness.stop()


_OVERRIDE = {
    "code": "protective-measures",
    "params": {"findings": ["*"]},
    "note": "exposed by hand under the owner's watch",
}


def _form(parcel_id: str, ring: list[list[float]], number: int) -> dict[str, Any]:
    gas = "not_needed" if number % 3 == 0 else "now"
    return {
        "parcel_id": parcel_id,
        "works": "new_building",
        "storeys": 2,
        "units": {"residential": 2, "commercial": 0, "other": 0},
        "excavation": {
            "geometry": {"type": "Polygon", "coordinates": [ring]},
            "crs": "EPSG:25832",
            "depth_m": 1.8,
            "method": "machine",
        },
        "wishes": {
            "water": {"wish": "now", "capacity": {}},
            "power": {"wish": "now", "capacity": {}},
            "gas": {"wish": gas, "capacity": {}},
        },
        "applicant": {"name": f"Applicant {number}"},
    }


def _square(x: float, y: float, half_m: float = 1.5) -> list[list[float]]:
    corners = [(-half_m, -half_m), (half_m, -half_m), (half_m, half_m), (-half_m, half_m), (-half_m, -half_m)]
    return [[x + dx, y + dy] for dx, dy in corners]


def _plain(url: str) -> Any:
    """An engine that keeps no connection: the database it asks is killed under it."""
    from sqlalchemy import create_engine

    return create_engine(url, poolclass=NullPool, connect_args={"connect_timeout": 5})


def _webhook_secret() -> str:
    import base64
    import secrets

    return "whsec_" + base64.b64encode(secrets.token_bytes(24)).decode()


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
