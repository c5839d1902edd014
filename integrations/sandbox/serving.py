"""Starting and stopping a company: as a process, or inside another one (for tests)."""

from __future__ import annotations

import logging
import socket
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import ExitStack, asynccontextmanager, contextmanager
from datetime import UTC, datetime
from threading import Event, Thread

import uvicorn
from anyio import to_thread
from fastapi import FastAPI

from integrations.sandbox.app import build_app
from integrations.sandbox.company import Company
from integrations.sandbox.control import stored_faults
from integrations.sandbox.courier import BackOffice
from integrations.sandbox.database import ensure_database, make_engine, migrate
from integrations.sandbox.faults import FaultGate, Faults
from integrations.sandbox.levels import at_level
from integrations.sandbox.network import load_once, network_file
from integrations.sandbox.profile import load_place, load_profile
from integrations.sandbox.settings import Level, Settings

log = logging.getLogger("company")


def open_company(settings: Settings) -> Company:
    """Return the company, ready: database there, schema up to date, network loaded, faults as they were."""
    ensure_database(settings.database_url)
    migrate(settings.database_url)
    profile, place = load_profile(settings.kind), load_place(settings.city)
    engine = make_engine(settings.database_url, settings.threads)
    path = network_file(settings.cities_dir, place, settings.network_file)
    load_once(engine, profile, place, path, settings.capacity_factor)
    with engine.connect() as connection:
        plan = stored_faults(connection)
    currency = settings.currency or place.currency
    profile.price(datetime.now(UTC).date(), currency)  # a company that cannot price anything does not open
    can_tell = settings.webhook_secret if settings.level is Level.L3 else None
    secret = can_tell.get_secret_value() if can_tell else None
    return Company(
        profile=profile,
        place=place,
        engine=engine,
        faults=Faults(plan),
        currency=currency,
        token=settings.token.get_secret_value(),
        webhook_secret=secret,
        max_service_length_m=settings.max_service_length_m or profile.max_service_length_m,
        answer_delay_s=settings.answer_delay_s,
        announce_execution=settings.announce_execution,
        work_came=Event(),
        level=settings.level,
    )


def _server(company: Company, threads: int) -> uvicorn.Server:
    app = build_app(company)

    @asynccontextmanager
    async def lifespan(_app: FastAPI) -> AsyncIterator[None]:
        to_thread.current_default_thread_limiter().total_tokens = threads
        office = BackOffice(company)
        office.start()
        yield
        await to_thread.run_sync(office.stop)
        company.engine.dispose()

    app.router.lifespan_context = lifespan
    gate = FaultGate(at_level(app, company.level), company.faults)
    config = uvicorn.Config(
        gate,
        # Said, so that a company behaves the same whatever else is installed.
        http="h11",
        ws="none",
        loop="asyncio",
        log_level="warning",
        access_log=False,
        lifespan="on",
        timeout_keep_alive=30,
        timeout_graceful_shutdown=2,
        server_header=False,
    )
    return uvicorn.Server(config)


def _listen(settings: Settings) -> socket.socket:
    family = socket.AF_INET6 if ":" in settings.host else socket.AF_INET
    # asyncio turns Nagle's algorithm off only for sockets that name their protocol: else 40 ms an answer.
    listening = socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    listening.bind((settings.host, settings.port))
    return listening


def _address(settings: Settings, listening: socket.socket) -> str:
    return f"http://{settings.host}:{listening.getsockname()[1]}"


def run(settings: Settings, *more: Settings) -> None:
    """Serve until the process is told to end; branches in further cities are served beside, and open first."""
    with ExitStack() as branches:
        for branch in more:
            branches.enter_context(running(branch))
        _serve(settings)


def _serve(settings: Settings) -> None:
    company = open_company(settings)
    listening = _listen(settings)
    log.warning("%s of %s at %s", company.profile.name["en"], settings.city, _address(settings, listening))
    _server(company, settings.threads).run(sockets=[listening])


@contextmanager
def running(settings: Settings, timeout_s: float = 60.0) -> Iterator[str]:
    """Serve in a thread of this process; gives the base address. Raises TimeoutError if it does not start."""
    company = open_company(settings)
    listening = _listen(settings)
    server = _server(company, settings.threads)
    thread = Thread(target=server.run, kwargs={"sockets": [listening]}, daemon=True, name="company")
    thread.start()
    deadline = time.monotonic() + timeout_s
    while not server.started:
        if time.monotonic() > deadline or not thread.is_alive():
            raise TimeoutError("the company did not start")
        time.sleep(0.01)
    try:
        yield _address(settings, listening)
    finally:
        server.should_exit = True
        thread.join(timeout=20)
        listening.close()
