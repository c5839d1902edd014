"""Reference companies for the contract's tests: real servers, real databases, a city's network."""

from __future__ import annotations

import itertools
import json
import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx2
import pytest
from pydantic import SecretStr
from pyogrio.raw import read
from shapely import from_wkb, to_geojson

from integrations.contract.bench import Bench, Site
from integrations.sandbox.profile import CompanyKind, load_profile
from integrations.sandbox.serving import open_company, running
from integrations.sandbox.settings import Settings
from layers.cluster import Cluster

ROOT = Path(__file__).resolve().parent.parent.parent
TOKEN = "a-token-of-the-test"
SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
_numbers = itertools.count(1)


@dataclass(frozen=True)
class Running:
    """A company that runs: where, in which database, and a client with its token."""

    url: str
    database: str
    client: httpx2.Client
    bench: Bench

    def faults(self, **plan: Any) -> None:
        """Other faults are in force."""
        assert self.client.put("/sandbox/faults", json=plan).status_code == 200

    def post(self, path: str, body: dict[str, Any] | None, key: str) -> httpx2.Response:
        return self.client.post(path, json=body, headers={"idempotency-key": key})


def settings_for(database: str, kind: str = "water", **changes: Any) -> Settings:
    values: dict[str, Any] = {
        "kind": CompanyKind(kind),
        "city": "schutterwald",
        "database_url": database,
        "token": SecretStr(TOKEN),
        "webhook_secret": SecretStr(SECRET),
        "cities_dir": ROOT / "cities",
    }
    return Settings(**(values | changes))


@pytest.fixture(scope="session")
def network_of(cluster: Cluster) -> Callable[[str], str]:
    """Gives the name of a database in which a kind of company has its network already."""
    made: dict[str, str] = {}

    def template(kind: str) -> str:
        if kind not in made:
            name = f"template_company_{kind}"
            open_company(settings_for(cluster.url(name), kind)).engine.dispose()
            made[kind] = name
        return made[kind]

    return template


@pytest.fixture(scope="session")
def parcels() -> dict[str, dict[str, Any]]:
    """Every parcel of Schutterwald as GeoJSON, by id."""
    meta, _, shapes, columns = read(
        f"/vsizip/{ROOT}/cities/schutterwald/schutterwald.gpkg.zip", layer="parcels"
    )
    ids = columns[list(meta["fields"]).index("parcel_id")]
    return {str(i): json.loads(to_geojson(from_wkb(s))) for i, s in zip(ids, shapes, strict=True)}


@pytest.fixture(scope="session")
def site(parcels: dict[str, dict[str, Any]]) -> Callable[..., Site]:
    """Gives a parcel by its position in the file."""

    def at(kind: str = "water", index: int = 400) -> Site:
        parcel_id = list(parcels)[index]
        return Site(
            "schutterwald",
            load_profile(CompanyKind(kind)).utility,
            parcel_id,
            parcels[parcel_id],
            "EPSG:25832",
        )

    return at


@pytest.fixture
def start(
    cluster: Cluster, network_of: Callable[[str], str], site: Callable[..., Site]
) -> Iterator[Callable[..., Running]]:
    """Starts companies in this process; each has its own database, which goes with the test."""
    with ExitStack() as stack:

        def begin(kind: str = "water", database: str | None = None, **changes: Any) -> Running:
            if database is None:
                name = f"company_{os.getpid()}_{next(_numbers)}"
                database = cluster.create_database(name, template=network_of(kind))
                stack.callback(cluster.drop_database, name)
            url = stack.enter_context(running(settings_for(database, kind, **changes)))
            bench = Bench(url, TOKEN, site(kind), SECRET, patience_s=20)
            stack.callback(bench.close)
            client = httpx2.Client(base_url=url, headers={"authorization": f"Bearer {TOKEN}"}, timeout=20)
            stack.callback(client.close)
            return Running(url, database, client, bench)

        yield begin


@pytest.fixture
def company(start: Callable[..., Running]) -> Running:
    """A water company."""
    return start()


@dataclass
class Process:
    """A company as a process of its own, that can be killed."""

    command: list[str]
    url: str
    process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        self.process = subprocess.Popen(
            self.command, cwd=ROOT, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
        )
        deadline = time.monotonic() + 60
        while time.monotonic() < deadline:
            try:
                if httpx2.get(f"{self.url}/v1/health", timeout=2).status_code == 200:
                    return
            except httpx2.HTTPError:
                time.sleep(0.05)
        raise TimeoutError

    def kill(self) -> None:
        assert self.process is not None
        self.process.kill()
        self.process.wait()


@pytest.fixture
def process(cluster: Cluster, network_of: Callable[[str], str], tmp_path: Path) -> Iterator[Process]:
    """A water company that is started from the command line."""
    import socket

    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    name = f"company_{os.getpid()}_{next(_numbers)}"
    database = cluster.create_database(name, template=network_of("water"))
    (tmp_path / "token").write_text(f"{TOKEN}\n")
    (tmp_path / "secret").write_text(f"{SECRET}\n")
    options = {
        "--kind": "water",
        "--city": "schutterwald",
        "--port": str(port),
        "--database-url": database,
        "--token-file": str(tmp_path / "token"),
        "--webhook-secret-file": str(tmp_path / "secret"),
        "--cities-dir": str(ROOT / "cities"),
    }
    arguments = [part for pair in options.items() for part in pair]
    made = Process([sys.executable, "-m", "integrations.sandbox", *arguments], f"http://127.0.0.1:{port}")
    yield made
    if made.process is not None and made.process.poll() is None:
        made.kill()
    cluster.drop_database(name)
