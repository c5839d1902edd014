"""Features of a layer as GeoJSON bytes, made by one statement: PostGIS writes the text, nobody parses it."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any
from weakref import WeakKeyDictionary

from sqlalchemy import Engine

from layers import served
from layers.feature_sql import (
    COUNT_CAP,
    Shape,
    count_statement,
    facts_statement,
    item_statement,
    items_statement,
    shape_of,
)
from layers.reads import Statement, fetch
from layers.selection import Page, Selection, Source, View


@dataclass(frozen=True, slots=True)
class Answer:
    """One page: the features as JSON texts joined by commas, and what is known about the rest."""

    version: int | None
    features: str
    returned: int
    has_more: bool
    last_id: str | None


@dataclass(frozen=True, slots=True)
class Facts:
    """What a layer's current delivery holds; extents are west, south, east, north (None: nothing there)."""

    version: int | None
    count: int
    first_day: date | None
    last_day: date | None
    extent_3857: tuple[float, float, float, float] | None
    extent_m: tuple[float, float, float, float] | None


@dataclass(slots=True)
class _Known:
    facts: dict[Source, Facts] = field(default_factory=dict)
    counts: dict[Selection, tuple[int | None, int]] = field(default_factory=dict)


_known: WeakKeyDictionary[Engine, _Known] = WeakKeyDictionary()
_MAX_COUNTS = 4_096


def _of(engine: Engine) -> _Known:
    return _known.setdefault(engine, _Known())


def _keep(engine: Engine, selection: Selection, current: int | None, count: int) -> None:
    kept = _of(engine).counts
    if len(kept) >= _MAX_COUNTS:
        kept.clear()
    kept[selection] = (current, count)


def version(engine: Engine, source: Source) -> int | None:
    """Return the number of the layer's current delivery: it changes exactly when the layer does."""
    return served.version(engine, source.city_id, source.layer_id)


def items(engine: Engine, selection: Selection, view: View, page: Page) -> Answer:
    """Return one page of features; all of it is made by one statement, of one delivery."""
    is_counted = not selection.is_whole and selection not in _of(engine).counts
    shape = Shape(page.offset > 0, page.after is not None, is_counted)
    statement = items_statement(shape_of(selection), view, shape)
    values = selection.bound | {
        "limit": page.limit, "rows": page.limit + 1, "offset": page.offset, "after": page.after,
    }  # fmt: skip
    row = fetch(engine, statement, values, prepared=selection.is_small)
    if is_counted and row[4] is not None:
        _keep(engine, selection, row[0], min(row[4], COUNT_CAP + 1))
    return Answer(
        version=row[0],
        features=row[3] or "",
        returned=min(row[1], page.limit),
        has_more=row[1] > page.limit,
        last_id=row[2],
    )


def item(
    engine: Engine, source: Source, view: View, feature_id: str, as_of: datetime | None = None
) -> tuple[int | None, str | None]:
    """Return the layer's version and one feature as JSON, None where there is none of this id (at that instant)."""
    number, feature = fetch(engine, *item_question(source, view, feature_id, as_of), prepared=True)
    return number, feature


def item_question(
    source: Source, view: View, feature_id: str, as_of: datetime | None = None
) -> tuple[Statement, dict[str, Any]]:
    """Return the statement that `item` asks, and its values."""
    statement = item_statement(source, view, is_past=as_of is not None)
    return statement, {"feature_id": feature_id} if as_of is None else {"feature_id": feature_id, "at": as_of}


def facts(engine: Engine, source: Source, current: int | None = None) -> Facts:
    """Return count and extents of the layer; scanned once per delivery and process.

    `current` is its version where the caller knows it already.
    """
    kept = _of(engine).facts
    known = kept.get(source)
    wanted = current if current is not None else version(engine, source)
    if known is None or known.version != wanted:
        row = fetch(engine, facts_statement(source))
        known = Facts(row[0], row[1], row[2], row[3], _corners(row[4:8]), _corners(row[8:12]))
        kept[source] = known
    return known


def _corners(values: tuple[Any, ...]) -> tuple[float, float, float, float] | None:
    return None if values[0] is None else (values[0], values[1], values[2], values[3])


def matched(engine: Engine, selection: Selection, current: int | None) -> int | None:
    """Return how many features are selected; None for more than COUNT_CAP of a part of the layer."""
    if selection.is_whole:
        return facts(engine, selection.source, current).count
    version_then, found = _of(engine).counts.get(selection, (None, -1))
    if found < 0 or version_then != current:
        found = int(fetch(engine, count_statement(shape_of(selection)), selection.bound)[0])
        _keep(engine, selection, current, found)
    return found if found <= COUNT_CAP else None
