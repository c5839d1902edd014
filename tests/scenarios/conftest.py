"""The whole system for scenarios: a cluster, the API, the worker and three companies, as real processes."""

from __future__ import annotations

import itertools
import shutil
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx2
import pytest
from rich.console import Console

from api import demo
from api.demo import Candidate
from api.run import Run
from api.settings import Settings
from api.supervisor import Child
from api.teller import Teller
from layers.city import City, load_city
from layers.database import make_engine

CITY = "schutterwald"
CASES = f"/v1/cities/{CITY}/cases"


@dataclass(slots=True)
class Town:
    """A running system, and parcels nobody has used yet."""

    made: Run
    url: str
    city: City
    tokens: dict[str, str]
    spare: Iterator[Candidate]
    keys: Iterator[int] = field(default_factory=itertools.count)

    def client(self, actor: str = "officer-1", **headers: str) -> httpx2.Client:
        headers["Authorization"] = f"Bearer {self.tokens[actor]}"
        return httpx2.Client(base_url=self.url, headers=headers, timeout=30, trust_env=False)

    def company(self, agency: str) -> httpx2.Client:
        """The company itself, as its operator sees it."""
        endpoint = self.made.settings.agency_book().of(CITY)[agency]
        headers = {"Authorization": f"Bearer {endpoint.token}"}
        return httpx2.Client(base_url=endpoint.url, headers=headers, timeout=30, trust_env=False)

    def child(self, name: str) -> Child:
        return next(each for each in self.made.supervisor.children if each.program.name == name)

    def body(self, **changes: Any) -> dict[str, Any]:
        """The request of an ordinary house on a fresh parcel."""
        return demo.request_body(next(self.spare), self.city) | changes

    def key(self) -> dict[str, str]:
        return {"Idempotency-Key": f"scenario-{next(self.keys)}"}

    def submit(self, client: httpx2.Client, **changes: Any) -> dict[str, Any]:
        response = client.post(CASES, json=self.body(**changes), headers=self.key())
        assert response.status_code == 201, response.text
        view: dict[str, Any] = response.json()
        return view

    def wait(self, client: httpx2.Client, case_id: str, *wanted: str, seconds: float = 90) -> dict[str, Any]:
        """The case once it has one of the wanted statuses."""
        deadline = time.monotonic() + seconds
        while True:
            view: dict[str, Any] = client.get(f"{CASES}/{case_id}").json()
            if view.get("status") in wanted:
                return view
            assert time.monotonic() < deadline, f"still {view.get('status')}, wanted {wanted}"
            time.sleep(0.1)

    def ready(self, client: httpx2.Client) -> dict[str, Any]:
        """A case that waits for its decision."""
        return self.wait(client, self.submit(client)["case_id"], "awaiting_decision")

    def approve(self, client: httpx2.Client, view: dict[str, Any], **headers: str) -> httpx2.Response:
        body = {"expected_version": view["version"], "conditions": demo.conditions(view)}
        return client.post(f"{CASES}/{view['case_id']}/approve", json=body, headers=self.key() | headers)

    def orders(self, agency: str, case_id: str) -> list[str]:
        """What the company's books say was done for this case, in order."""
        with self.company(agency) as client:
            entries = client.get("/v1/ledger").json()["entries"]
        return [op for our_ref, op, _at in entries if our_ref.startswith(case_id) and op != "inquire"]


@pytest.fixture(scope="module")
def town(root: Path) -> Iterator[Town]:
    """One system for all scenarios of a module; each scenario uses parcels of its own."""
    folder = Path(tempfile.mkdtemp(prefix="pjb-", dir="/tmp"))
    folder.chmod(0o755)
    settings = Settings(
        data_dir=folder, cities_dir=root / "cities", cities=[CITY], port=18300, worker_backoff_s=0.3
    )
    with (folder / "said.txt").open("w") as said:
        made = Run(settings, Teller(Console(file=said)))
        try:
            url = made.up()
            city = load_city(root / "cities", CITY)
            engine = make_engine(made.database.url, pool_size=1)
            with engine.connect() as connection:
                spare = demo.candidates(connection, city, 40)
            engine.dispose()
            yield Town(made, url, city, made.home.tokens(), iter(spare))
        finally:
            made.down()
            shutil.rmtree(folder, ignore_errors=True)
