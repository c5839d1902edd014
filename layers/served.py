"""Which delivery each layer of a city shows, remembered for a moment: most answers need not ask the database.

What is remembered is never older than the last commit. Who changes a layer's delivery takes a lock of the city,
waits until everything that was remembered before is forgotten, and only then commits; while that lock is held
nobody remembers anything (`layers.shown` and `layers.layer_changes` in the database). It takes no message that
could be late or lost, only that two clocks run at about the same speed.
"""

from __future__ import annotations

import time
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any, Final
from weakref import WeakKeyDictionary

from sqlalchemy import Engine, bindparam, func, literal_column, select
from sqlalchemy.types import Text

from layers.catalog import Target
from layers.reads import Statement, compiled, fetch

LEASE_S: Final = 0.2
"""How long a register is remembered; a change waits 0.25 s (`layers.layer_changes`)."""


@dataclass(frozen=True, slots=True)
class Shown:
    """A layer as it is shown now; `version` is its current delivery, None where nothing was ever delivered."""

    layer_id: str
    target: Target
    min_zoom: int
    version: int | None


Register = Mapping[str, Shown]


@dataclass(frozen=True, slots=True)
class _Remembered:
    until: float
    register: Register


_remembered: WeakKeyDictionary[Engine, dict[str, _Remembered]] = WeakKeyDictionary()


def _statement() -> Statement:
    shown = func.layers.shown(bindparam("city_id", type_=Text)).table_valued("may_remember", "register")
    return compiled(select(literal_column("may_remember"), literal_column("register")).select_from(shown))


_SHOWN: Final = _statement()


def now() -> float:
    """Return seconds that go on while the machine sleeps."""
    return time.clock_gettime(time.CLOCK_BOOTTIME)


def remembered(engine: Engine, city_id: str) -> Register | None:
    """Return the city's register if it is remembered: no statement is sent, nothing waits."""
    kept = _remembered.get(engine, {}).get(city_id)
    return kept.register if kept is not None and now() < kept.until else None


def register(engine: Engine, city_id: str) -> Register:
    """Return what the city's layers show, as of a moment after this call began; empty for a city not stored."""
    known = remembered(engine, city_id)
    if known is not None:
        return known
    before = now()
    row = fetch(engine, _SHOWN, {"city_id": city_id}, prepared=True)
    made: Register = {each[0]: Shown(each[0], Target(each[1]), each[2], each[3]) for each in _rows(row[1])}
    if row[0]:
        kept = _remembered.setdefault(engine, {})
        # The same object while nothing changes: what was made from it is known to be still true.
        if city_id in kept and kept[city_id].register == made:
            made = kept[city_id].register
        kept[city_id] = _Remembered(before + LEASE_S, made)
    return made


def _rows(found: list[Any] | None) -> list[Any]:
    return found or []


def version(engine: Engine, city_id: str, layer_id: str) -> int | None:
    """Return the number of the layer's current delivery: it changes exactly when the layer does."""
    shown = register(engine, city_id).get(layer_id)
    return shown.version if shown is not None else None


def in_tile(found: Register, layer_ids: Collection[str], z: int) -> list[Shown]:
    """Return those of the layers that are shown at this zoom, in the order asked for."""
    shown = (found.get(layer_id) for layer_id in layer_ids)
    return [each for each in shown if each is not None and z >= each.min_zoom]
