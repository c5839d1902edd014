"""A server that remembers what it was asked, for clients that are programs of their own."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import parse_qs

import numpy as np
import pytest
import shapely
from pyproj import Transformer
from sqlalchemy import text
from starlette.types import ASGIApp, Receive, Scope, Send

from api.app import create_app
from api.settings import AgencyBook, Settings, write_agency_book
from layers.cluster import Cluster
from layers.database import make_engine
from permits.vocabulary import Role
from tests.api.conftest import free_port, make_tokens, serving

CITY = "schutterwald"


@dataclass(frozen=True, slots=True)
class Question:
    """One request: its path below the landing page, and its parameters."""

    path: str
    params: dict[str, str]


@dataclass(slots=True)
class Heard:
    """The application, and everything it was asked and how it answered."""

    app: ASGIApp
    questions: list[Question] = field(default_factory=list)
    refusals: list[tuple[str, int]] = field(default_factory=list)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer, and write down."""
        if scope["type"] == "http":
            query = scope["query_string"].decode()
            asked = {name: values[-1] for name, values in parse_qs(query, keep_blank_values=True).items()}
            self.questions.append(Question(scope["path"].split("/ogc", 1)[-1], asked))
            send = self._listening(f"{scope['path']}?{query}", send)
        await self.app(scope, receive, send)

    def _listening(self, address: str, send: Send) -> Send:
        async def listening(message: dict[str, object]) -> None:
            if message["type"] == "http.response.start" and int(str(message["status"])) >= 400:
                self.refusals.append((address, int(str(message["status"]))))
            await send(message)

        return listening

    def forget(self) -> None:
        """Begin a new page."""
        self.questions.clear()
        self.refusals.clear()


@dataclass(frozen=True, slots=True)
class Site:
    """A running server, the database behind it, an officer's token, and what it heard."""

    url: str
    database_url: str
    token: str
    heard: Heard

    @property
    def ogc(self) -> str:
        """The landing page of the city's open interface."""
        return f"{self.url}/v1/cities/{CITY}/ogc"


@contextmanager
def listening_site(database_url: str, root: Path, folder: Path) -> Iterator[Site]:
    """The whole API on a database, open to anyone for what is public."""
    port = free_port()
    settings = Settings(
        database_url=database_url, data_dir=folder, cities_dir=root / "cities", cities=[CITY], port=port
    )
    write_agency_book(settings.agencies_path, AgencyBook())
    app = create_app(settings)
    token = make_tokens(database_url)[Role.OFFICER]
    heard = Heard(app)
    with serving(heard, port) as address:  # type: ignore[arg-type]
        yield Site(address, database_url, token, heard)


@pytest.fixture(scope="session")
def open_site(
    cluster: Cluster, schutterwald_template: str, root: Path, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Site]:
    """One server for every client: none of them writes."""
    url = cluster.create_database("clients_site", template=schutterwald_template)
    with listening_site(url, root, tmp_path_factory.mktemp("clients")) as site:
        yield site
    cluster.drop_database("clients_site")


def shapes_in_degrees(site: Site, table: str) -> dict[str, shapely.Geometry]:
    """Every live shape of a table by its feature's id, straight from the database, longitude first."""
    engine = make_engine(site.database_url)
    with engine.connect() as connection:
        rows = connection.execute(
            text(f"SELECT feature_id, ST_AsBinary(geom) FROM layers.{table} WHERE retired_by IS NULL")
        ).all()
    engine.dispose()
    move = Transformer.from_crs(25832, 4326, always_xy=True).transform
    shapes = shapely.transform(
        [shapely.from_wkb(bytes(row[1])) for row in rows], lambda xy: np.column_stack(move(*xy.T))
    )
    return {row[0]: each for row, each in zip(rows, shapes, strict=True)}
