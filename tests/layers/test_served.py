"""Remembered versions are never older than the last commit, and nothing is asked while they are remembered."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from shapely.geometry import LineString
from sqlalchemy import Engine, text

from layers import served
from layers.access import run_as_app
from layers.city import City
from layers.ingest import deliver
from layers.reads import fetch, reading_engine

CITY = "toytown"


def row(material: str) -> dict[str, Any]:
    shape = LineString([(501000, 3901000), (501100, 3901000)])
    return {
        "id": "1",
        "kind": "M",
        "dn": 1,
        "depth": 9,
        "mat": material,
        "a": "x",
        "b": "y",
        "geometry": shape,
    }


@pytest.fixture
def reads(engine: Engine, toy: City, write: Callable[..., Path]) -> Iterator[Engine]:
    """A web process's connections, to a toy city with one delivery."""
    deliver(engine, toy, toy.layer("pipes"), write([row("PE")]))
    made = run_as_app(reading_engine(engine.url.render_as_string(hide_password=False)))
    yield made
    made.dispose()


def _current(engine: Engine) -> int | None:
    with engine.connect() as connection:
        found: int | None = connection.execute(
            text("SELECT delivery_id FROM layers.layer WHERE layer_id = 'pipes'")
        ).scalar_one()
    return found


def test_no_statement_is_sent_while_the_register_is_remembered(
    reads: Engine, engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    now = 1000.0
    monkeypatch.setattr(served, "now", lambda: now)
    assert served.remembered(reads, CITY) is None
    assert served.version(reads, CITY, "pipes") == _current(engine)
    monkeypatch.setattr(served, "fetch", None)
    assert served.version(reads, CITY, "pipes") == _current(engine)
    assert served.remembered(reads, "no-such-city") is None
    now += served.LEASE_S
    assert served.remembered(reads, CITY) is None


def test_a_city_that_is_not_stored_shows_nothing(reads: Engine) -> None:
    assert served.register(reads, "no-such-city") == {}
    assert served.version(reads, CITY, "no-such-layer") is None


def test_no_version_is_older_than_the_last_commit(
    reads: Engine, engine: Engine, toy: City, write: Callable[..., Path]
) -> None:
    """Readers ask as fast as they can while deliveries are published: whoever begins after a commit sees it."""
    committed = [_current(engine) or 0]
    stale: list[tuple[int, int | None]] = []
    asked = [0, 0]
    stop = threading.Event()

    def read(number: int) -> None:
        while not stop.is_set():
            least = committed[-1]
            found = served.version(reads, CITY, "pipes")
            asked[number] += 1
            if found is None or found < least:
                stale.append((least, found))

    readers = [threading.Thread(target=read, args=(number,)) for number in (0, 1)]
    for reader in readers:
        reader.start()
    try:
        for number in range(3):
            deliver(engine, toy, toy.layer("pipes"), write([row(f"M{number}")]))
            committed.append(_current(engine) or 0)
    finally:
        stop.set()
        for reader in readers:
            reader.join(30)
    assert len(set(committed)) == 4
    assert min(asked) > 0
    assert stale == []


def test_nothing_is_remembered_while_a_change_is_under_way(reads: Engine, engine: Engine) -> None:
    """The lock is held until the change is committed or taken back."""
    with engine.connect() as connection:
        connection.execute(text("SELECT pg_advisory_xact_lock(1347045978, hashtext(:city))"), {"city": CITY})
        assert served.version(reads, CITY, "pipes") is not None
        assert served.remembered(reads, CITY) is None
        connection.rollback()
    assert served.version(reads, CITY, "pipes") is not None
    assert served.remembered(reads, CITY) is not None


def test_a_change_waits_longer_than_anything_is_remembered(reads: Engine, engine: Engine) -> None:
    """Where nobody reads, nobody waits: the length of the pause is in the database, and is what we rely on."""
    with engine.connect() as connection:
        body = connection.execute(
            text("SELECT prosrc FROM pg_proc WHERE proname = 'layer_changes'")
        ).scalar_one()
    paused_s = float(body.split("pg_sleep(")[1].split(")")[0])
    assert paused_s >= 1.2 * served.LEASE_S
    fetch(reads, served._SHOWN, {"city_id": CITY})
    with engine.begin() as connection:
        before = connection.execute(text("SELECT clock_timestamp()")).scalar_one()
        connection.execute(text("UPDATE layers.layer SET min_zoom = min_zoom + 1 WHERE layer_id = 'pipes'"))
        after = connection.execute(text("SELECT clock_timestamp()")).scalar_one()
    assert (after - before).total_seconds() >= paused_s
