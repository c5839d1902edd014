"""The scheduler of the excavations: warnings, silence, regularisation, expiry, trenches for drafts (T21)."""

from __future__ import annotations

import logging
from collections.abc import Iterable, Iterator
from datetime import datetime
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session, sessionmaker

from geo.errors import PanjerehError
from layers.city import City
from permits import dig_inquiries, dig_spawn
from permits import dig_store as store
from permits import dig_tables as t
from permits.dig_clocks import warnings_due
from permits.dig_errors import DigNotFound
from permits.dig_inquiries import close_if_complete, warn
from permits.dig_store import DigRow
from permits.dig_terms import terms_of
from permits.dig_vocabulary import DigAction, DigGuard, DigStatus, DigWarning
from permits.dig_workflow import advance
from permits.ports import SYSTEM
from permits.store import Event, chain, database_now

log = logging.getLogger("panjereh.digs")
_STEPS = (DigWarning.REGULARISE_HALF_TIME, DigWarning.REGULARISE_NEARLY_DUE, DigWarning.REGULARISE_OVERDUE)


class DigSweeper:
    """Does what passed deadlines demand, one excavation and one transaction at a time; any number may run."""

    def __init__(self, sessions: sessionmaker[Session], cities: Iterable[City]) -> None:
        self._sessions = sessions
        self._cities = tuple(cities)

    def __call__(self) -> int:
        """Sweep once; returns how many excavations were changed."""
        done = 0
        for city in self._cities:
            with self._sessions() as session:
                now = database_now(session)
                due = list(dict.fromkeys(_due(session, city, now)))
                drafts = dig_spawn.unfilled(session, city)
            done += sum(self._one(city, dig_id) for dig_id in due)
            done += sum(self._prefill(city, dig_id) for dig_id in drafts)
        return done

    def _one(self, city: City, dig_id: UUID) -> bool:
        try:
            with self._sessions.begin() as session:
                return sweep_one(session, city, dig_id, database_now(session))
        except DigNotFound:
            return False  # another process holds it; the next sweep sees what it left

    def _prefill(self, city: City, dig_id: UUID) -> bool:
        try:
            with self._sessions.begin() as session:
                return dig_spawn.prefill(session, city, dig_id, database_now(session))
        except DigNotFound:
            return False
        except PanjerehError as error:
            log.warning("no trench proposed for %s: %s", dig_id, error.message)
            with self._sessions.begin() as session:
                dig = store.lock_dig(session, dig_id, city_id=city.city_id)
                store.change_dig(session, dig, city.srid, prefilled_at=database_now(session))
            return False


def _due(session: Session, city: City, now: datetime, limit: int = 100) -> Iterator[UUID]:
    terms, d = terms_of(city.folder), t.dig
    yield from dig_inquiries.due_now(session, terms, city, now, limit)
    emergencies = session.execute(
        select(d.c.dig_id, d.c.created_at, d.c.regularise_by, d.c.warned).where(
            d.c.city_id == city.city_id,
            d.c.status == DigStatus.EMERGENCY.value,
            d.c.warned < len(_STEPS),
        )
    )
    shares = terms.numbers("warn_shares")
    for row in emergencies:
        if warnings_due(row.created_at, row.regularise_by, now, shares) > int(row.warned):
            yield row.dig_id
    over = (DigStatus.PERMITTED.value, DigStatus.WORKING.value)
    yield from session.execute(
        select(d.c.dig_id)
        .where(d.c.city_id == city.city_id, d.c.status.in_(over), d.c.valid_until < now)
        .limit(limit)
    ).scalars()


def sweep_one(session: Session, city: City, dig_id: UUID, now: datetime) -> bool:
    """Do what is due for one excavation; raises `DigNotFound` while another process holds it."""
    dig = store.lock_dig(session, dig_id, city_id=city.city_id, skip_locked=True)
    values: dict[str, object] = {}
    status, events = dig.status, list[Event]()
    if dig.status is DigStatus.INQUIRING:
        events = dig_inquiries.remind(session, city, dig, now)
        asked = store.current(store.inquiries(session, dig_id))
        status, closing = close_if_complete(session, dig, asked)
        events += closing
    elif dig.status is DigStatus.EMERGENCY:
        events = _remind_regularise(session, city, dig, now)
        values["warned"] = dig.warned + len(events)
    elif dig.valid_until is not None and dig.valid_until < now:
        status, events = _expire(session, dig, now)
    if not events:
        return False
    chain(session, dig_id, SYSTEM, events)
    store.change_dig(session, dig, city.srid, status, **values)
    return True


def _remind_regularise(session: Session, city: City, dig: DigRow, now: datetime) -> list[Event]:
    assert dig.regularise_by is not None
    shares = terms_of(city.folder).numbers("warn_shares")
    due = warnings_due(dig.created_at, dig.regularise_by, now, shares)
    events: list[Event] = []
    for kind in _STEPS[dig.warned : due]:
        warn(session, dig, kind, now, dig.agency_id, {"due_at": dig.regularise_by.isoformat()})
        events.append(("dig.warned", {"warning": kind.value, "agency": dig.agency_id}))
    return events


def _expire(session: Session, dig: DigRow, now: datetime) -> tuple[DigStatus, list[Event]]:
    if dig.status not in {DigStatus.PERMITTED, DigStatus.WORKING}:
        return dig.status, []
    status = advance(dig.status, DigAction.EXPIRE, SYSTEM.role, [DigGuard.TIME_OVER])
    if dig.started_on is not None:
        warn(session, dig, DigWarning.OVERRUN, now, dig.agency_id, {})
    return status, [(f"dig.{status.value}", {"from": dig.status.value})]
