"""When a kept survey list is of yesterday, and who makes it again: one, once, not while deliveries come.

Deliveries, audits, locks and rows are real; that time has passed is said by a quiet time of none, or by writing down an
earlier instant.
"""

from __future__ import annotations

import os
import shutil
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from shapely.geometry import LineString
from sqlalchemy import Engine, text

from geo.packs import load_pack
from layers import survey_state, surveys
from layers.auditing import audit
from layers.city import City
from layers.deliveries import Alive, Receipt, receive
from layers.handling import Handling
from layers.ingest import deliver, roll_back
from layers.survey_making import make, make_again
from layers.survey_state import ListState, Renewal, Since, Standing, begin, pause_after

AT_ONCE = timedelta(0)
LATER = timedelta(hours=1)
Publish = Callable[..., None]


@pytest.fixture(autouse=True)
def packs(root: Path, toy_root: Path) -> None:
    """The toy city has the packs of all cities beside it."""
    shutil.copytree(root / "cities" / "packs", toy_root / "packs")


@pytest.fixture
def publish(engine: Engine, toy: City, write: Callable[..., Path]) -> Publish:
    """Deliver and publish so many pipes."""

    def published(count: int, progress: Callable[[str], None] = lambda _state: None) -> None:
        rows = [
            {
                "id": f"P-{n}", "kind": "M", "dn": 10.0, "depth": 120.0, "mat": "PE", "a": "N-1", "b": "N-2",
                "geometry": LineString([(501000, 3901000 + 9 * n), (501100, 3901000 + 9 * n)]),
            }
            for n in range(count)
        ]  # fmt: skip
        deliver(engine, toy, toy.layer("pipes"), write(rows), handling=Handling(progress=progress))

    return published


def _standing(engine: Engine, toy: City, *, is_on: bool = True) -> Standing:
    with engine.connect() as connection:
        return survey_state.standing(connection, toy, is_on=is_on)


def _say(engine: Engine, statement: str) -> None:
    with engine.begin() as connection:
        connection.execute(text(statement))


def test_a_delivery_makes_the_list_again_exactly_once(engine: Engine, toy: City, publish: Publish) -> None:
    """Published, quiet, begun by one, made, and true until the next; a delivery taken back is the next (T9)."""
    assert not begin(engine, toy, AT_ONCE), "nothing was delivered: there is nothing to make"
    assert _standing(engine, toy) == Standing(ListState.NONE, Renewal.NOT_DUE)
    publish(3)
    now = _standing(engine, toy)
    assert (now.state, now.renewal, now.newer) == (ListState.NONE, Renewal.WAITING, ())
    assert not begin(engine, toy, LATER)
    assert begin(engine, toy, AT_ONCE)
    assert _standing(engine, toy).renewal is Renewal.MAKING
    assert not begin(engine, toy, AT_ONCE)
    made = make_again(engine, toy)
    assert made is not None
    assert made.audit.lines == 3
    now = _standing(engine, toy)
    assert (now.state, now.renewal, now.made_at) == (ListState.CURRENT, Renewal.NOT_DUE, made.at)
    assert not begin(engine, toy, AT_ONCE)
    assert make_again(engine, toy) is None
    publish(4)
    now = _standing(engine, toy)
    assert (now.state, now.renewal, now.newer) == (ListState.BEHIND, Renewal.WAITING, (Since.DELIVERIES,))
    assert now.newer_since is not None
    assert now.newer_since > made.at
    assert begin(engine, toy, AT_ONCE)
    assert make_again(engine, toy) is not None
    assert not begin(engine, toy, AT_ONCE)
    roll_back(engine, toy, "pipes")
    assert begin(engine, toy, AT_ONCE)


def test_ten_deliveries_make_one_list(engine: Engine, toy: City, publish: Publish) -> None:
    """While deliveries follow each other nothing is begun; then one list holds them all."""
    for count in range(1, 11):
        publish(count)
        assert not begin(engine, toy, LATER)
    made = [make_again(engine, toy) for _sweep in range(5) if begin(engine, toy, AT_ONCE)]
    assert [each.audit.lines for each in made if each is not None] == [10]
    assert len(made) == 1


def test_deliveries_that_never_end_do_not_keep_the_list_back(
    engine: Engine, toy: City, publish: Publish
) -> None:
    publish(2)
    make_again(engine, toy)
    _say(engine, "UPDATE layers.survey_run SET made_at = made_at - interval '2 days'")
    publish(3)
    assert not begin(engine, toy, LATER)
    _say(
        engine, "UPDATE layers.delivery SET published_at = now() - interval '1 day' WHERE previous_id IS NULL"
    )
    assert begin(engine, toy, LATER), "for more than twenty quiet times something newer has been there"


def test_of_workers_that_ask_at_once_one_makes_it(engine: Engine, toy: City, publish: Publish) -> None:
    """Two workers do not both run it: not when they begin, and not while one makes it (T9)."""
    publish(2)
    gate = threading.Barrier(6)

    def ask(_worker: int) -> bool:
        gate.wait(30)
        return begin(engine, toy, AT_ONCE)

    with ThreadPoolExecutor(6) as workers:
        assert sum(workers.map(ask, range(6))) == 1
    _say(engine, "DELETE FROM layers.survey_try")
    with survey_state.alone(engine):
        assert not begin(engine, toy, AT_ONCE), (
            "another process makes a list: also by hand, also of another city"
        )
    assert begin(engine, toy, AT_ONCE)


def test_nothing_is_begun_while_a_delivery_is_under_way(engine: Engine, toy: City, publish: Publish) -> None:
    """Neither while a file is read, nor while a received one waits its turn; a dead one does not count."""
    publish(2)
    with engine.begin() as connection:
        survey_state.delivering(connection, "toytown")
        assert not begin(engine, toy, AT_ONCE)
    begun: list[bool] = []

    def while_staged(state: str) -> None:
        if state == "staged":
            begun.append(begin(engine, toy, AT_ONCE))

    publish(3, while_staged)
    assert begun == [False]
    number = receive(engine, toy, "pipes", Receipt("pipes.gpkg", 1, "clerk", Handling()))
    _say(
        engine, "UPDATE layers.delivery SET updated_at = now() + interval '1 minute' WHERE state = 'received'"
    )
    assert not begin(engine, toy, AT_ONCE), "received this moment: its process takes it in hand"
    alive = Alive(engine)
    with alive.holding(number):
        _say(engine, "UPDATE layers.delivery SET updated_at = updated_at - interval '1 hour'")
        assert not begin(engine, toy, AT_ONCE)
    alive.close()
    assert begin(engine, toy, AT_ONCE)


def test_a_failed_try_is_made_again_later(engine: Engine, toy: City, publish: Publish) -> None:
    """Not at once and not ever more often: each pause is twice the last, up to six hours; success forgets them."""
    publish(2)
    assert begin(engine, toy, AT_ONCE)
    again = survey_state.failed(engine, "toytown", "ended with -9")
    now = _standing(engine, toy)
    assert (now.state, now.renewal, now.again_at) == (ListState.NONE, Renewal.FAILED, again)
    assert not begin(engine, toy, AT_ONCE)
    _say(engine, "UPDATE layers.survey_try SET next_at = now(), began_at = now()")
    assert begin(engine, toy, AT_ONCE)
    with engine.connect() as connection:
        row = connection.execute(
            text("SELECT tries, next_at - began_at AS pause, problem FROM layers.survey_try")
        ).one()
    assert (row.tries, row.pause, row.problem) == (2, pause_after(2), None)
    _say(engine, "UPDATE layers.survey_try SET next_at = now()")  # its worker died with it and said nothing
    assert begin(engine, toy, AT_ONCE)
    assert make_again(engine, toy) is not None
    assert survey_state.failed(engine, "toytown", "too late to say so") is None
    publish(3)
    assert begin(engine, toy, AT_ONCE)
    pauses = [pause_after(tries) for tries in range(1, 60)]
    assert (pauses[0], pauses[1], pauses[-1]) == (
        timedelta(minutes=10),
        timedelta(minutes=20),
        timedelta(hours=6),
    )
    assert pauses == sorted(pauses)


def test_a_list_made_by_hand_is_not_made_again(
    engine: Engine, toy: City, root: Path, publish: Publish
) -> None:
    """Also one by other rules than the city's: it stays until something changes. One that was not kept is none."""
    publish(2)
    other = load_pack(root / "cities" / "packs" / "de-demo.csv")
    make(engine, toy, other, kept=False)
    assert _standing(engine, toy).state is ListState.NONE
    make(engine, toy, other)
    assert _standing(engine, toy).state is ListState.CURRENT
    assert not begin(engine, toy, AT_ONCE)
    publish(3)
    assert begin(engine, toy, AT_ONCE)


def test_new_rules_make_the_list_again(engine: Engine, toy: City, root: Path, publish: Publish) -> None:
    """By what they say, as the files say now: a comment or a copy changes nothing, a row does."""
    publish(2)
    make_again(engine, toy)
    pack = toy.folder.parent / "packs" / "default.csv"
    told = pack.read_text(encoding="utf-8")
    pack.write_text(told.replace("# title:", "# note: read again\n# title:"), encoding="utf-8")
    os.utime(pack, ns=(1, 1))
    assert _standing(engine, toy).state is ListState.CURRENT
    first = next(line for line in told.splitlines() if line.startswith("default-"))
    pack.write_text(told.replace(first, first.replace(",unconfirmed,", ",confirmed,")), encoding="utf-8")
    now = _standing(engine, toy, is_on=False)
    assert (now.state, now.renewal, now.newer) == (ListState.BEHIND, Renewal.OFF, (Since.RULES,))
    assert begin(engine, toy, AT_ONCE)


def test_a_list_from_before_it_was_remembered_is_made_again(
    engine: Engine, toy: City, root: Path, publish: Publish
) -> None:
    """What it was made of nobody knows, so nothing is named as newer."""
    publish(2)
    pack = load_pack(root / "cities" / "packs" / "default.csv")
    surveys.keep(engine, toy, audit(engine, "toytown", pack), datetime(2026, 1, 1, tzinfo=UTC))
    now = _standing(engine, toy)
    assert (now.state, now.newer) == (ListState.BEHIND, ())
    assert begin(engine, toy, AT_ONCE)
