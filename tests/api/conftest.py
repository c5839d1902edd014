"""A real server on a real database: uvicorn in a thread, spoken to over HTTP."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import httpx2
import pytest
import uvicorn
from fastapi import FastAPI

from api import tokens
from api.app import create_app
from api.http1 import server_config
from api.settings import AgencyBook, AgencyEndpoint, Settings, write_agency_book
from layers.database import make_engine, make_sessions
from permits.vocabulary import Role

SECRET = "whsec_" + "c2VjcmV0c2VjcmV0c2VjcmV0c2VjcmV0c2VjcmV0c2U="


@dataclass(frozen=True, slots=True)
class Served:
    """A running server and its people's tokens."""

    app: FastAPI
    url: str
    tokens: dict[Role, str]
    settings: Settings

    def client(self, role: Role | None = Role.OFFICER, **headers: str) -> httpx2.Client:
        """A client with the role's token (None: without any)."""
        if role is not None:
            headers["Authorization"] = f"Bearer {self.tokens[role]}"
        return httpx2.Client(base_url=self.url, headers=headers, timeout=30, trust_env=False)


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@contextmanager
def serving(app: FastAPI, port: int) -> Iterator[str]:
    """Uvicorn in a thread until the block ends."""
    server = uvicorn.Server(server_config(app, "127.0.0.1", port, timeout_graceful_shutdown=2))
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    while not server.started:
        time.sleep(0.01)
    try:
        yield f"http://127.0.0.1:{port}"
    finally:
        server.should_exit = True
        thread.join(timeout=20)


def make_tokens(url: str) -> dict[Role, str]:
    """One token for each role."""
    engine = make_engine(url, pool_size=1)
    made = {}
    with make_sessions(engine).begin() as session:
        for role in Role:
            agency = "gas" if role is Role.AGENCY else None
            made[role] = tokens.create_token(session, f"{role}-1", role, name=str(role), agency=agency)
    engine.dispose()
    return made


@contextmanager
def served(url: str, root: Path, folder: Path, cities: list[str], **changes: object) -> Iterator[Served]:
    """The API on the database at `url`."""
    book = AgencyBook(
        agencies={
            f"{city}/{agency}": AgencyEndpoint(
                url="http://127.0.0.1:9", token="t" * 32, webhook_secret=SECRET
            )
            for city in cities
            for agency in ("water", "power", "gas")
        }
    )
    port = free_port()
    settings = Settings(
        database_url=url, data_dir=folder, cities_dir=root / "cities", cities=cities, port=port
    ).with_(warm_networks=False, **changes)
    write_agency_book(settings.agencies_path, book)
    app = create_app(settings)
    made = make_tokens(url)
    with serving(app, port) as address:
        yield Served(app, address, made, settings)


@pytest.fixture
def api(city_database_url: str, root: Path, tmp_path: Path) -> Iterator[Served]:
    """The API on a fresh copy of Schutterwald."""
    with served(city_database_url, root, tmp_path, ["schutterwald"]) as made:
        yield made


@pytest.fixture
def bare_api(database_url: str, root: Path, tmp_path: Path) -> Iterator[Served]:
    """The API on an empty database with the whole schema."""
    with served(database_url, root, tmp_path, ["schutterwald", "karhula"]) as made:
        yield made


@pytest.fixture
def problem_of() -> Callable[[httpx2.Response], str]:
    """The code of a refusal, after a check that it has the RFC 9457 form."""

    def code(response: httpx2.Response) -> str:
        assert response.headers["content-type"].startswith("application/problem+json"), response.text
        body = response.json()
        assert body["status"] == response.status_code
        assert {"type", "title", "detail", "code", "params", "instance"} <= set(body)
        assert body["detail"]
        return str(body["code"])

    return code
