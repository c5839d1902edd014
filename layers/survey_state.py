"""Whether a city's kept survey list is still true, and who makes it again: state, tries and locks, all in the database.

A run remembers the deliveries of the network lines that it saw and the hash of the city's rules. Where these are no
longer the ones that are published, the list is behind, and one worker makes it again once the deliveries have been
quiet for a while. A try is written down before it is made, with the instant of the next one: whatever ends it, also
the end of the machine, nobody tries again before then.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from functools import lru_cache
from pathlib import Path
from typing import Any, Final

from sqlalchemy import Connection, Engine, text

from geo.packs import load_pack
from geo.rules import RulePack
from layers.city import City
from layers.deliveries import is_in_hand
from layers.reads import Reader

# The first half of the keys of advisory locks ("SURV"); the second: 0 for who makes a list, of whichever city.
LOCK_CLASS: Final = 0x53555256
MAKER: Final = 0
FIRST_PAUSE: Final = timedelta(minutes=10)
LONGEST_PAUSE: Final = timedelta(hours=6)
# Deliveries that never are quiet for so long get their list all the same, after so many quiet times.
PATIENCE: Final = 20


class ListState(StrEnum):
    """How the kept list stands to what is published."""

    CURRENT = "current"
    BEHIND = "behind"
    NONE = "none"


class Renewal(StrEnum):
    """What becomes of a list that is not current."""

    NOT_DUE = "not-due"
    WAITING = "waiting"
    MAKING = "making"
    FAILED = "failed"
    OFF = "off"


class Since(StrEnum):
    """What is newer than the kept list."""

    DELIVERIES = "deliveries"
    RULES = "rules"


@dataclass(frozen=True, slots=True)
class Standing:
    """A city's list: its state, since when and by what it is behind, and what becomes of it."""

    state: ListState
    renewal: Renewal
    made_at: datetime | None = None
    newer: tuple[Since, ...] = ()
    newer_since: datetime | None = None
    again_at: datetime | None = None


# --- what a list is made of


def rules_now(city: City) -> RulePack:
    """The city's rules as its files say now: read again when one of them has changed."""
    own = city.folder / "clearance.csv"
    packs = city.folder.parent / "packs"
    files = sorted(packs.glob("*.csv")) + ([own] if own.is_file() else [])
    signature = tuple((each.name, each.stat().st_mtime_ns, each.stat().st_size) for each in files)
    return _read(packs / f"{city.clearance_pack}.csv", own if own.is_file() else None, signature)


@lru_cache(maxsize=64)
def _read(path: Path, override: Path | None, _signature: object) -> RulePack:
    return load_pack(path, override=override)


@lru_cache(maxsize=64)
def rules_hash(pack: RulePack) -> str:
    """What identifies the rules of a pack: their content, not the bytes of its files."""
    said = [pack.pack_id, *(repr(rule) for rule in pack)]
    return hashlib.sha256("\n".join(said).encode()).hexdigest()


_PUBLISHED: Final = text(
    "SELECT l.layer_id, l.delivery_id FROM layers.layer l WHERE l.city_id = :city_id "
    "AND l.target = 'network_line' AND l.delivery_id IS NOT NULL"
)


def made_of(reader: Reader, city: City) -> dict[str, Any]:
    """What a list of the city would be made of now; to be asked before the lines are read.

    A delivery that is published in between makes the list older than its lines, never newer: it is made again.
    """
    rows = reader.execute(_PUBLISHED, {"city_id": city.city_id})
    return {
        "deliveries": {row.layer_id: row.delivery_id for row in rows},
        "rules": rules_hash(rules_now(city)),
    }


# --- how it stands

_KEPT: Final = text(
    "SELECT r.made_at, r.made_of, t.tries, t.began_at, t.ended_at, t.next_at, t.problem, now() AS now "
    "FROM layers.city c LEFT JOIN layers.survey_run r USING (city_id) LEFT JOIN layers.survey_try t USING (city_id) "
    "WHERE c.city_id = :city_id"
)
_NEWER: Final = text(
    "SELECT min(d.published_at) FILTER (WHERE d.published_at > :made_at) AS first, max(d.published_at) AS last "
    "FROM layers.delivery d WHERE d.city_id = :city_id"
)
_LONG_AGO: Final = datetime.fromisoformat("0001-01-02T00:00:00+00:00")


def standing(reader: Reader, city: City, *, is_on: bool) -> Standing:
    """How the city's kept list stands; `is_on`: lists are made again by themselves here."""
    kept = _kept(reader, city)
    newer = _newer(kept.get("made_of"), made_of(reader, city))
    made_at: datetime | None = kept.get("made_at")
    if newer is None:
        return Standing(ListState.NONE if made_at is None else ListState.CURRENT, Renewal.NOT_DUE, made_at)
    state = ListState.NONE if made_at is None else ListState.BEHIND
    if not is_on:
        return Standing(state, Renewal.OFF, made_at, newer, _since(reader, city, made_at))
    renewal = _renewal(kept)
    again_at = kept["next_at"] if renewal is Renewal.FAILED else None
    return Standing(state, renewal, made_at, newer, _since(reader, city, made_at), again_at)


def _kept(reader: Reader, city: City) -> Mapping[str, Any]:
    row = reader.execute(_KEPT, {"city_id": city.city_id}).mappings().one_or_none()
    return {} if row is None else dict(row)


def _newer(was: Mapping[str, Any] | None, now: Mapping[str, Any]) -> tuple[Since, ...] | None:
    """What differs; None where nothing does. Of a run from before it was kept nobody knows: nothing is named."""
    if was is None:
        return () if now["deliveries"] else None
    differs = {Since.DELIVERIES: "deliveries", Since.RULES: "rules"}
    return tuple(since for since, name in differs.items() if was.get(name) != now[name]) or None


def _since(reader: Reader, city: City, made_at: datetime | None) -> datetime | None:
    values = {"city_id": city.city_id, "made_at": made_at or _LONG_AGO}
    first: datetime | None = reader.execute(_NEWER, values).one().first
    return first


def _renewal(kept: Mapping[str, Any]) -> Renewal:
    if kept.get("tries") is None or kept["next_at"] <= kept["now"]:
        return Renewal.WAITING
    return Renewal.MAKING if kept["ended_at"] is None else Renewal.FAILED


# --- who makes it again


def begin(engine: Engine, city: City, quiet: timedelta) -> bool:
    """Take the making of the city's list upon oneself where it is due; False where it is not, or another has it.

    Due is a list that is behind, when no delivery of the city is under way, none was published within `quiet`, nobody
    makes any city's list, and the last try does not ask to wait. True is written down: the caller makes it now.
    """
    with engine.begin() as connection:
        if not (_is_due(connection, city, quiet) and _may_make(connection, city)):
            return False
        # Asked again under the lock: another worker may have begun, and ended, since it was asked first.
        if not _is_due(connection, city, quiet):
            return False
        tries = (_kept(connection, city)["tries"] or 0) + 1
        connection.execute(_BEGIN, {"city_id": city.city_id, "pause": pause_after(tries)})
        return True


def is_behind(engine: Engine, city: City) -> bool:
    """Whether the kept list is not of what is published now; False also where there is nothing to make one of."""
    with engine.connect() as connection:
        return _newer(_kept(connection, city).get("made_of"), made_of(connection, city)) is not None


def _is_due(connection: Connection, city: City, quiet: timedelta) -> bool:
    kept = _kept(connection, city)
    if not kept or _newer(kept["made_of"], made_of(connection, city)) is None:
        return False
    waits = kept["tries"] is not None and kept["next_at"] > kept["now"]
    return not waits and _is_quiet(connection, city, kept, quiet)


_BEGIN: Final = text(
    "INSERT INTO layers.survey_try (city_id, tries, began_at, next_at) "
    "VALUES (:city_id, 1, statement_timestamp(), statement_timestamp() + :pause) ON CONFLICT (city_id) DO UPDATE "
    "SET tries = survey_try.tries + 1, began_at = excluded.began_at, next_at = excluded.next_at, ended_at = NULL, "
    "problem = NULL"
)


def pause_after(tries: int) -> timedelta:
    """How long after the beginning of the `tries`-th try the next may be made, at the least."""
    return min(LONGEST_PAUSE, FIRST_PAUSE * float(2 ** min(tries - 1, 20)))


def _is_quiet(connection: Connection, city: City, kept: Mapping[str, Any], quiet: timedelta) -> bool:
    values = {"city_id": city.city_id, "made_at": kept["made_at"] or _LONG_AGO}
    row = connection.execute(_NEWER, values).one()
    if row.last is None or kept["now"] - row.last >= quiet:
        return True
    return row.first is not None and kept["now"] - row.first >= PATIENCE * quiet


def _may_make(connection: Connection, city: City) -> bool:
    """Whether nobody makes a list, and nobody delivers to this city: for as long as this transaction looks."""
    locks = {"kind": LOCK_CLASS, "maker": MAKER, "city_id": city.city_id}
    return bool(connection.execute(_FREE, locks).scalar_one()) and not is_in_hand(connection, city.city_id)


# A delivery holds its city's lock shared, from before its file is read until it is published (`layers.ingest`).
_FREE: Final = text(
    "SELECT pg_try_advisory_xact_lock(:kind, :maker) AND pg_try_advisory_xact_lock(:kind, hashtext(:city_id))"
)
_DELIVERING: Final = text("SELECT pg_advisory_xact_lock_shared(:kind, hashtext(:city_id))")


def delivering(connection: Connection, city_id: str) -> None:
    """Until the transaction ends, a delivery of this city is under way."""
    connection.execute(_DELIVERING, {"kind": LOCK_CLASS, "city_id": city_id})


@contextmanager
def alone(engine: Engine) -> Iterator[None]:
    """Nobody else makes a list meanwhile, in any process on this database; ends with the process."""
    with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        values = {"kind": LOCK_CLASS, "maker": MAKER}
        connection.execute(text("SELECT pg_advisory_lock(:kind, :maker)"), values)
        try:
            yield
        finally:
            connection.execute(text("SELECT pg_advisory_unlock(:kind, :maker)"), values)


def failed(engine: Engine, city_id: str, problem: str) -> datetime | None:
    """Write down how a try ended; return when the next one may be made. None where its list was kept meanwhile."""
    with engine.begin() as connection:
        return connection.execute(_FAILED, {"city_id": city_id, "problem": problem}).scalar_one_or_none()


def give_back(engine: Engine, city_id: str) -> None:
    """The try was broken off by who made it, and does not count: anybody may make the next one at once."""
    with engine.begin() as connection:
        connection.execute(_GIVEN_BACK, {"city_id": city_id})


_FAILED: Final = text(
    "UPDATE layers.survey_try SET ended_at = clock_timestamp(), problem = :problem, "
    "next_at = clock_timestamp() + (next_at - began_at) WHERE city_id = :city_id RETURNING next_at"
)
_GIVEN_BACK: Final = text(
    "UPDATE layers.survey_try SET ended_at = clock_timestamp(), next_at = clock_timestamp(), tries = tries - 1 "
    "WHERE city_id = :city_id AND ended_at IS NULL"
)
