"""A served city and its people, each signed in under a name: what scenarios over HTTP begin with."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeVar
from uuid import uuid4

import httpx2
from sqlalchemy import Engine

from api import tokens
from layers.city import City, load_city
from layers.cluster import Cluster
from layers.database import make_engine, make_sessions
from permits.vocabulary import Role
from tests.api.conftest import Served, served

CITY = "schutterwald"
BASE = f"/v1/cities/{CITY}"


@dataclass(slots=True)
class People:
    """A running API, its database, and one client for each name."""

    api: Served
    engine: Engine
    city: City
    tokens: dict[str, str]
    clients: dict[str, httpx2.Client] = field(default_factory=dict)

    def client(self, who: str) -> httpx2.Client:
        if who not in self.clients:
            headers = {"Authorization": f"Bearer {self.tokens[who]}"}
            # Given up well before the server would close it: none is used while that happens.
            idle = httpx2.Limits(keepalive_expiry=1)
            self.clients[who] = httpx2.Client(
                base_url=self.api.url, headers=headers, timeout=60, trust_env=False, limits=idle
            )
        return self.clients[who]

    def get(self, who: str, path: str, **params: Any) -> Any:
        response = self.client(who).get(path, params=params)
        assert response.is_success, (path, response.text)
        return response.json()

    def send(self, who: str, path: str, key: str | None = None, **said: Any) -> httpx2.Response:
        return self.client(who).post(path, json=said, headers={"Idempotency-Key": key or str(uuid4())})

    def post(self, who: str, path: str, **said: Any) -> dict[str, Any]:
        response = self.send(who, path, **said)
        assert response.is_success, (path, response.text)
        made: dict[str, Any] = response.json()
        return made


Town = TypeVar("Town", bound=People)


@contextmanager
def signed_in(
    make: Callable[[Served, Engine, City, dict[str, str]], Town],
    cluster: Cluster,
    template: str,
    root: Path,
    folder: Path,
    roles: Mapping[str, Role],
    **settings: object,
) -> Iterator[Town]:
    """A copy of the city for one module: these people by name, and every agency's under the agency's own."""
    name = f"people_{uuid4().hex[:10]}"
    url = cluster.create_database(name, template=template)
    engine = make_engine(url, pool_size=4)
    city = load_city(root / "cities", CITY)
    people: dict[str, tuple[Role, str | None]] = {who: (role, None) for who, role in roles.items()}
    people |= {each.agency_id: (Role.AGENCY, each.agency_id) for each in city.agencies}
    with served(url, root, folder, [CITY], **settings) as api:
        with make_sessions(engine).begin() as session:
            given = {
                who: tokens.create_token(session, who, role, name=who, agency=agency)
                for who, (role, agency) in people.items()
            }
        made = make(api, engine, city, given)
        yield made
        for client in made.clients.values():
            client.close()
    engine.dispose()
    cluster.drop_database(name)
