"""`panjereh run`: one command starts the whole system on one machine, watches it, stops it in order."""

from __future__ import annotations

import json
import signal
import threading
import time
import webbrowser
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from types import FrameType
from typing import Any, Final

from sqlalchemy.exc import OperationalError

from api import demo, demo_digs, setup
from api.home import Home, company_names
from api.places import served_cities, served_city
from api.settings import AgencyBook, Settings
from api.supervisor import Child, Program, Supervisor, python
from api.teller import Teller
from layers.city import OVER_THE_WIRE, City
from layers.cluster import Cluster
from layers.database import make_engine, migrate

TICK_S: Final = 0.3
READY_S: Final = 120.0
SHOWN_ACTOR: Final = "officer-1"


class Stopped(Exception):
    """Someone asked the supervisor to stop."""


@contextmanager
def stopping_on_signals(stop: threading.Event) -> Iterator[None]:
    """SIGINT and SIGTERM end what runs by raising Stopped once; more of them change nothing."""

    def asked(_signum: int, _frame: FrameType | None) -> None:
        if not stop.is_set():
            stop.set()
            raise Stopped

    before = {signum: signal.signal(signum, asked) for signum in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield
    finally:
        for signum, handler in before.items():
            signal.signal(signum, handler)


@dataclass(slots=True)
class Database:
    """The database of a run: the private cluster, or the one the settings name."""

    settings: Settings
    cluster: Cluster | None

    def start(self) -> str:
        """The database answers and has the whole schema; its URL."""
        if self.cluster is not None:
            self.cluster.ensure_running()
            self.cluster.ensure_database(self.settings.database_name)
        migrate(self.url)
        return self.url

    @property
    def url(self) -> str:
        """The URL of our own database."""
        return self.url_of(self.settings.database_name)

    def url_of(self, name: str) -> str:
        """The URL of another database on the same server."""
        if self.cluster is not None:
            return self.cluster.url(name)
        base = self.settings.database_url or ""
        if name == self.settings.database_name:
            return base
        head, _, query = base.partition("?")
        return head.rsplit("/", 1)[0] + f"/{name}" + (f"?{query}" if query else "")

    def keep(self) -> bool:
        """Start the cluster again if it died; True when it was started."""
        if self.cluster is None or self.cluster.is_running():
            return False
        self.cluster.ensure_running()
        return True

    def stop(self) -> None:
        """The private cluster has ended; a database of others is left alone."""
        if self.cluster is not None:
            self.cluster.stop()


class Run:
    """One start of the whole system."""

    def __init__(self, settings: Settings, teller: Teller) -> None:
        self.home = Home(settings)
        self.settings = settings.with_(data_dir=self.home.root)
        self.teller = teller
        self.supervisor = Supervisor(self.settings.logs_dir)
        cluster = None if settings.database_url else Cluster(self.home.root)
        self.database = Database(self.settings, cluster)
        self.started_at = time.monotonic()

    def up(self) -> str:
        """Everything runs and is healthy; the address of the API."""
        say = self.teller.say
        cities = list(served_cities(self.settings).values())
        with self.teller.working("Starting the database"):
            url = self.database.start()
        say(f"database     ready after {self.elapsed()}")
        ports = self.home.ports(["api", *company_names(cities)])
        book = self.home.agencies({name: f"http://127.0.0.1:{ports[name]}" for name in company_names(cities)})
        for agency_id in dict.fromkeys(name.partition("/")[2] for name in company_names(cities)):
            self._start_company(agency_id, cities, ports, book)
        self._fill(url, cities)
        self._start_ours(url, ports["api"])
        with self.teller.working("Waiting for every part to be ready"):
            self.supervisor.wait_healthy(READY_S)
        say(f"all parts    ready after {self.elapsed()}")
        return f"http://{self.settings.host}:{ports['api']}"

    def elapsed(self) -> str:
        """Seconds since the start, for people."""
        return f"{time.monotonic() - self.started_at:.1f} s"

    def tick(self) -> list[str]:
        """What died is started again; the names of what was."""
        revived = ["database"] if self.database.keep() else []
        return revived + [child.program.name for child in self.supervisor.tick()]

    def down(self) -> None:
        """Everything this run started has ended, in order: worker, API, companies, database."""
        self.supervisor.stop()
        self.database.stop()

    def _start_company(
        self, agency_id: str, cities: Sequence[City], ports: dict[str, int], book: AgencyBook
    ) -> Child:
        """One process per company; its branches in the other cities are served by the same process."""
        served = [city for city in cities if any(a.agency_id == agency_id for a in city.consulted_agencies)]
        branches = [self._branch(city, agency_id, ports, book) for city in served]
        file = self.home.branches_file(agency_id, branches)
        kind = served[0].agency(agency_id).kind
        command = python(
            "-m", "integrations.sandbox", "--kind", kind, "--host", "127.0.0.1", "--branches", str(file),
            "--cities-dir", str(self.settings.cities_dir),
        )  # fmt: skip
        # The branches open before the first city does, so its answer means that all are open.
        health = f"{book.agencies[f'{served[0].city_id}/{agency_id}'].url}/v1/health"
        return self.supervisor.add(Program(agency_id, command, self.settings.for_child(), health))

    def _branch(
        self, city: City, agency_id: str, ports: dict[str, int], book: AgencyBook
    ) -> dict[str, str | int]:
        name, agency = f"{city.city_id}/{agency_id}", city.agency(agency_id)
        token, secret = self.home.company_files(name, book.agencies[name])
        return {
            "city": city.city_id,
            "port": ports[name],
            # The company of a desk has a system all the same, which nobody calls.
            "level": OVER_THE_WIRE[0] if agency.is_at_desk else agency.capability,
            "token_file": str(token),
            "webhook_secret_file": str(secret),
            "database_url": self.database.url_of(f"company_{city.city_id}_{agency_id}"),
        }

    def _start_ours(self, url: str, port: int) -> None:
        address = f"http://{self.settings.host}:{port}"
        environment = self.settings.for_child(
            database_url=url,
            data_dir=str(self.home.root),
            cities=json.dumps(self.settings.cities),
            cities_dir=str(self.settings.cities_dir),
            host=self.settings.host,
            port=str(port),
            public_url=self.settings.public_url or address,
            agencies_file=str(self.settings.agencies_path),
            worker_backoff_s=str(self.settings.worker_backoff_s),
            worker_poll_after_s=str(self.settings.worker_poll_after_s),
            worker_poll_every_s=str(self.settings.worker_poll_every_s),
        )
        self.supervisor.add(Program("api", python("-m", "api", "serve"), environment, f"{address}/v1/health"))
        self.supervisor.add(Program("worker", python("-m", "api", "worker"), environment))

    def _fill(self, url: str, cities: Sequence[City]) -> None:
        engine = make_engine(url, application_name="panjereh-setup", pool_size=2)
        try:
            for n, city in enumerate(cities, start=1):
                what = f"Importing {city.name.en} ({n} of {len(cities)}): {len(city.layers)} layers"
                with self.teller.working(what):
                    setup.import_cities(engine, self.home, [city], self.teller.say)
            setup.store_tokens(engine, self.home)
        finally:
            engine.dispose()


def run(settings: Settings, teller: Teller, *, once: bool = False, show: bool = False) -> int:
    """Start everything, show the demonstration case and the address, and stay until asked to stop.

    With `once` the run ends after the table, with 0. `show` opens the page in the browser.
    """
    stop = threading.Event()
    made = Run(settings, teller)
    with made.home.locked():
        try:
            with stopping_on_signals(stop):
                address = made.up()
                _demonstrate(made, address)
                _tell_address(made, address, show=show)
                if not once:
                    _stay(made, stop)
        except Stopped:
            teller.say("stopping")
        finally:
            with _deaf():
                made.down()
    teller.say("stopped")
    return 0


@contextmanager
def _deaf() -> Iterator[None]:
    """While it stops, more Ctrl-C change nothing."""
    before = {signum: signal.signal(signum, signal.SIG_IGN) for signum in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield
    finally:
        for signum, handler in before.items():
            signal.signal(signum, handler)


def _stay(made: Run, stop: threading.Event) -> None:
    while not stop.wait(TICK_S):
        try:
            for name in made.tick():
                made.teller.say(f"{name} had ended; started again")
        except OperationalError:
            continue


def _demonstrate(made: Run, address: str) -> None:
    """The demonstration's case: played on the first start, shown again on every later one."""
    token = made.home.tokens()[SHOWN_ACTOR]
    remembered: dict[str, Any] | None = made.home.state().get("demo")
    city_id = made.settings.cities[0] if remembered is None else remembered["city_id"]
    city = served_city(made.settings, city_id)
    at_desk = [each.agency_id for each in city.agencies if each.is_at_desk]
    if remembered is None and at_desk:
        # People are to answer here: the first case is theirs to try.
        made.teller.say(f"No case is played in {city_id}: {', '.join(at_desk)} answer at their desk.")
        made.teller.say("`panjereh demo` plays one, and acts at the desk for them.")
        return
    if remembered is None:
        story = demo.play(address, token, city, made.database.url, made.teller)
        made.home.remember(demo=story.as_state())
        today = datetime.now(UTC).date()
        demo_digs.seed(address, token, city, made.database.url, story.case, today)
    else:
        story = demo.recall(address, token, remembered)
    demo.tell(story, city, made.teller)


def _tell_address(made: Run, address: str, *, show: bool) -> None:
    page = f"{address}/#token={made.home.tokens()[SHOWN_ACTOR]}"
    made.teller.say()
    made.teller.say(f"Everything runs after {made.elapsed()}. Open this address; Ctrl-C stops everything:")
    made.teller.say(f"  {page}")
    if show:
        webbrowser.open(page)
