"""The crisis desk's own way to the database and its own threads: what the permit side does never holds it up."""

from __future__ import annotations

import asyncio
import logging
import threading
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Final, TypeVar

from sqlalchemy import Engine, make_url
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.orm import Session, sessionmaker

from geo.errors import PanjerehError
from layers.access import RoleMode, run_as_app
from layers.city import City
from layers.database import make_engine, make_sessions
from layers.network_layers import published_networks

if TYPE_CHECKING:
    from layers.network import Networks

log = logging.getLogger("panjereh.crisis")
Answer = TypeVar("Answer")
# Questions at one time; each has a thread and a connection of its own, so none waits for the other.
SLOTS: Final = 8
# How often it is looked whether a network, or what says whom it serves, was published.
WATCH_S: Final = 5.0
_OPTIONS: Final = (
    "-c statement_timeout=15000 -c lock_timeout=5000 -c jit=off -c max_parallel_workers_per_gather=0"
)


@dataclass(frozen=True, eq=False)
class CrisisPool:
    """Connections and threads that only the crisis desk uses; networks are built as the owner, kept in `folder`."""

    engine: Engine
    builder: Engine
    sessions: sessionmaker[Session]
    folder: Path
    threads: ThreadPoolExecutor = field(
        default_factory=lambda: ThreadPoolExecutor(SLOTS, thread_name_prefix="crisis")
    )
    _closed: threading.Event = field(default_factory=threading.Event)

    @cached_property
    def networks(self) -> Networks:
        """The networks of the cities."""
        # numba, SciPy and Arrow come with it: 100 MB that a process without questions does not need.
        from layers.network import Networks

        return Networks(self.builder, self.folder)

    async def run(self, work: Callable[[], Answer]) -> Answer:
        """What `work` returns, from one of the desk's own threads."""
        return await asyncio.get_running_loop().run_in_executor(self.threads, work)

    def warm(self, cities: Iterable[City], every_s: float = WATCH_S) -> threading.Thread:
        """Put the networks of these cities together in the background, and again when one of them is published.

        So too what says whom they serve. No question waits for it, the first after a delivery neither.
        """
        at_work = (list(cities), every_s)
        thread = threading.Thread(target=self._watch, args=at_work, name="networks", daemon=True)
        thread.start()
        return thread

    def _watch(self, cities: list[City], every_s: float) -> None:
        ready: dict[str, str] = {}
        while True:
            try:
                with self.builder.connect() as connection:
                    published = published_networks(connection)
            except SQLAlchemyError:  # the database is away; whoever asks is told
                published = {}
            for city in cities:
                shown = published.get(city.city_id)
                if shown is not None and shown != ready.get(city.city_id) and self._warm(city):
                    ready[city.city_id] = shown
            if self._closed.wait(every_s):
                return

    def _warm(self, city: City) -> bool:
        """Whether the city's networks are ready for questions."""
        try:
            with self.sessions() as session:
                for utility in self.networks.utilities(session, city):
                    network = self.networks.get(session, city, utility)
                    self.networks.served(session, city, network)
                    network.warm()
        except (SQLAlchemyError, PanjerehError, OSError) as error:
            log.warning("networks of %s not ready yet: %s", city.city_id, type(error).__name__)
            return False
        return True

    def close(self) -> None:
        """End the threads and the connections."""
        self._closed.set()
        self.threads.shutdown(wait=False, cancel_futures=True)
        self.engine.dispose()
        self.builder.dispose()


def make_crisis_pool(url: str, folder: Path, role: RoleMode) -> CrisisPool:
    """The pool on the database at `url`, with built networks kept in `folder`."""
    address = make_url(url)
    said = " ".join((str(address.query.get("options", "")), _OPTIONS)).strip()
    engine = make_engine(
        address.update_query_dict({"options": said}).render_as_string(hide_password=False),
        application_name="panjereh-crisis",
        pool_size=SLOTS,
        max_overflow=0,
        pool_timeout=5,
    )
    builder = make_engine(
        url, application_name="panjereh-networks", pool_size=2, max_overflow=2, pool_timeout=30
    )
    run_as_app(engine, role)
    return CrisisPool(engine, builder, make_sessions(engine), folder)
