"""One private PostGIS cluster per test run; every test gets its own database, cloned from a template."""

from __future__ import annotations

import itertools
import os
import random
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import settings
from sqlalchemy import Engine
from sqlalchemy.orm import Session

from layers.cluster import Cluster
from layers.database import make_engine, make_sessions, migrate

ROOT = Path(__file__).resolve().parent.parent
_numbers = itertools.count(1)

# A run repeats the one before it, so that a red run is about the change. `PANJEREH_EXPLORE=1 make test` looks further,
# with new seeds (printed) and new examples.
EXPLORE = bool(os.environ.get("PANJEREH_EXPLORE"))  # noqa: TID251 - a choice of the run, not a setting
settings.register_profile("repeat", derandomize=True, deadline=None, database=None)
settings.register_profile("explore", deadline=None, print_blob=True)
settings.load_profile("explore" if EXPLORE else "repeat")

# Tests need no durability, except those that kill the server: these make a cluster of their own.
FAST = {"fsync": "off", "synchronous_commit": "off", "full_page_writes": "off", "autovacuum": "off"}


@pytest.fixture
def seed(request: pytest.FixtureRequest) -> int:
    """The seed of a randomised test, printed: the same in every run, or a new one when exploring."""
    chosen = random.SystemRandom().randrange(10**6) if EXPLORE else 754368
    print(f"{request.node.name}: seed {chosen}")
    return chosen


@pytest.fixture(scope="session")
def root() -> Path:
    """The repository's root."""
    return ROOT


@pytest.fixture(scope="session")
def cluster() -> Iterator[Cluster]:
    """The run's private cluster, in a short directory that the server's user can enter."""
    directory = Path(tempfile.mkdtemp(prefix="pjt-", dir="/tmp"))
    directory.chmod(0o755)
    made = Cluster(directory, settings=FAST)
    made.ensure_running()
    yield made
    made.stop()
    shutil.rmtree(directory, ignore_errors=True)


@pytest.fixture(scope="session")
def template(cluster: Cluster) -> str:
    """The name of a database with the whole schema."""
    migrate(cluster.create_database("template_empty"))
    return "template_empty"


@pytest.fixture(scope="session")
def template_url(cluster: Cluster, template: str) -> str:
    return cluster.url(template)


def _clone(cluster: Cluster, template: str) -> Iterator[str]:
    name = f"t{os.getpid()}_{next(_numbers)}"
    yield cluster.create_database(name, template=template)
    cluster.drop_database(name)


@pytest.fixture
def database_url(cluster: Cluster, template: str) -> Iterator[str]:
    """The URL of a fresh database with the whole schema and no rows."""
    yield from _clone(cluster, template)


def _city_template(cluster: Cluster, template: str, city_id: str) -> str:
    from layers.city import load_city
    from layers.ingest import import_city

    name = f"template_{city_id}"
    engine = make_engine(cluster.create_database(name, template=template))
    import_city(engine, load_city(ROOT / "cities", city_id), ROOT / "cities")
    engine.dispose()
    return name


@pytest.fixture(scope="session")
def schutterwald_template(cluster: Cluster, template: str) -> str:
    """The name of a database in which Schutterwald is imported and published."""
    return _city_template(cluster, template, "schutterwald")


@pytest.fixture(scope="session")
def karhula_template(cluster: Cluster, template: str) -> str:
    """The name of a database in which Karhula is imported and published."""
    return _city_template(cluster, template, "karhula")


@pytest.fixture
def city_database_url(cluster: Cluster, schutterwald_template: str) -> Iterator[str]:
    yield from _clone(cluster, schutterwald_template)


@pytest.fixture
def karhula_database_url(cluster: Cluster, karhula_template: str) -> Iterator[str]:
    yield from _clone(cluster, karhula_template)


def _engine(url: str) -> Iterator[Engine]:
    engine = make_engine(url)
    yield engine
    engine.dispose()


@pytest.fixture
def engine(database_url: str) -> Iterator[Engine]:
    yield from _engine(database_url)


@pytest.fixture
def city_engine(city_database_url: str) -> Iterator[Engine]:
    yield from _engine(city_database_url)


@pytest.fixture
def session(engine: Engine) -> Iterator[Session]:
    with make_sessions(engine)() as session:
        yield session


@pytest.fixture
def city_session(city_engine: Engine) -> Iterator[Session]:
    with make_sessions(city_engine)() as session:
        yield session
