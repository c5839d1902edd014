"""A city's survey list is made and kept: the one way, for who asks at a terminal and for the background."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import nullcontext
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from sqlalchemy import Engine

from geo.rules import RulePack
from layers import auditing, survey_state, surveys
from layers.auditing import Audit
from layers.city import City


@dataclass(frozen=True, slots=True, eq=False)
class Made:
    """An audit, when it began and how long it took without being kept."""

    audit: Audit
    at: datetime
    took: timedelta


def make(
    engine: Engine,
    city: City,
    pack: RulePack,
    audited: Callable[[], Audit] | None = None,
    *,
    kept: bool = True,
) -> Made:
    """Audit a city by these rules, and keep the list with what it was made of; one at a time on a database.

    A list made by another pack than the city's own counts as made of the city's rules: who asked for it meant it,
    and it stays until something changes. The engine must be the owner's. `audited` makes the audit another way
    than in one thread of this process.
    """
    with survey_state.alone(engine) if kept else nullcontext():
        return _made(engine, city, audited or (lambda: auditing.audit(engine, city.city_id, pack)), kept=kept)


def make_again(engine: Engine, city: City) -> Made | None:
    """Make the list by the city's own rules where it is behind; None where it is not, or is no more."""
    with survey_state.alone(engine):
        if not survey_state.is_behind(engine, city):
            return None
        pack = survey_state.rules_now(city)
        return _made(engine, city, lambda: auditing.audit(engine, city.city_id, pack), kept=True)


def _made(engine: Engine, city: City, audited: Callable[[], Audit], *, kept: bool) -> Made:
    with engine.connect() as connection:
        of = survey_state.made_of(connection, city)
    at = datetime.now(UTC)
    made = audited()
    took = datetime.now(UTC) - at
    if kept:
        surveys.keep(engine, city, made, at, of)
    return Made(made, at, took)
