"""The parameters of a request for features: from text to values, each refusal saying what was expected."""

from __future__ import annotations

import math
import re
from collections.abc import Callable
from datetime import UTC, date, datetime
from typing import Final

from shapely.geometry.base import BaseGeometry

from api.errors import ParameterInvalid
from api.ogc_request import Asked
from layers import cql2_json, cql2_text
from layers.catalog import LayerSpec
from layers.cql2 import Expr
from layers.cql2_sql import Field, Kind
from layers.cql2_text import checked_box
from layers.references import CRS84, Reference, Space, find, mercator_box, offered, to_mercator
from layers.selection import ID, Box, Page, Period, Selection, View, fields, queryables, source_of

MAX_LIMIT: Final = 10_000
_MAX_OFFSET: Final = 1_000_000_000
ITEMS: Final = (
    "limit", "offset", "after", "bbox", "bbox-crs", "crs", "datetime", "filter", "filter-lang", "filter-crs",
    "properties", "sortby", "as-of",
)  # fmt: skip
SELECTION: Final = ("bbox", "bbox-crs", "datetime", "filter", "filter-lang", "filter-crs", "as-of")
_INSTANT: Final = re.compile(r"\d{4}-\d\d-\d\d[Tt]\d\d:\d\d:\d\d(\.\d+)?([Zz]|[+-]\d\d:\d\d)")
# cql-text is what GDAL calls the text form since the drafts.
FILTERS: Final[dict[str, Callable[[str], Expr]]] = {
    "cql2-text": cql2_text.parse,
    "cql2-json": cql2_json.parse,
    "cql-text": cql2_text.parse,
}


def refused(parameter: str, value: str, expected: str) -> ParameterInvalid:
    """The refusal of one parameter."""
    return ParameterInvalid(parameter=parameter, value=value[:80], expected=expected)


def selection(this: Asked, spec: LayerSpec) -> Selection:
    """Which features the request asks for."""
    return Selection(
        source=source_of(this.place, spec.layer_id),
        box=_box(this),
        period=_period(this.params.get("datetime")),
        equals=_equals(this, spec),
        filter=_filter(this),
        filter_reference=reference(this, "filter-crs"),
        as_of=as_of(this),
    )


def view(this: Asked, spec: LayerSpec) -> View:
    """How the request wants them shown."""
    return View(reference(this, "crs"), _properties(this, spec), _sort(this, spec))


def page(this: Asked, default: int, most: int = MAX_LIMIT) -> Page:
    """Which part of the answer; a limit above the largest one is cut to it, as the standard asks."""
    limit = _whole(this, "limit", default, lowest=1)
    offset = _whole(this, "offset", 0, lowest=0)
    after = this.params.get("after")
    if after is not None and (offset or "sortby" in this.params):
        raise refused("after", after, "without offset and sortby")
    return Page(min(limit, most), offset, after)


def _whole(this: Asked, name: str, default: int, lowest: int) -> int:
    said = this.params.get(name)
    if said is None:
        return default
    if not re.fullmatch(r"[0-9]{1,12}", said) or not lowest <= int(said) <= _MAX_OFFSET:
        raise refused(name, said, f"a whole number from {lowest}")
    return int(said)


def reference(this: Asked, name: str) -> Reference:
    """The CRS that a parameter names; longitude and latitude without it."""
    said = this.params.get(name)
    if said is None:
        return CRS84
    found = find(this.place, said)
    if found is None:
        raise refused(name, said, ", ".join(each.uri for each in offered(this.place)))
    return found


# --- space and time


def _box(this: Asked) -> Box | None:
    said = this.params.get("bbox")
    asked_in = reference(this, "bbox-crs")
    if said is None:
        return None
    try:
        values = [float(part) for part in said.split(",")]
    except ValueError:
        values = []
    if len(values) not in {4, 6} or not all(math.isfinite(value) and abs(value) < 1e9 for value in values):
        raise refused("bbox", said, "4 or 6 numbers: west,south,east,north")
    return made_box(said, values, asked_in)


def made_box(said: str, values: list[float], asked_in: Reference) -> Box:
    """The rectangle of four or six numbers in a CRS, as the database is asked for it."""
    half = len(values) // 2
    low, high = values[:2], values[half : half + 2]
    if asked_in.is_flipped:
        low, high = low[::-1], high[::-1]
    is_degrees = asked_in.space is Space.LONLAT
    if low[1] > high[1] or (low[0] > high[0] and not is_degrees):
        raise refused("bbox", said, "the lower corner first")
    if is_degrees and not (
        low[1] >= -90 and high[1] <= 90 and all(-360 <= x <= 360 for x in (low[0], high[0]))
    ):
        raise refused("bbox", said, "longitudes and latitudes in degrees")
    if low[0] < high[0] and low[1] < high[1]:
        west, south, east, north = *low, *high
        if is_degrees:
            return Box.between(*mercator_box(west, south, east, north), Space.MERCATOR)
        return Box.between(west, south, east, north, asked_in.space)
    # A line, a point, or a box across the antimeridian.
    shape: BaseGeometry = checked_box([*low, *high]).geometry
    return Box.of(to_mercator(shape), Space.MERCATOR) if is_degrees else Box.of(shape, asked_in.space)


def _period(said: str | None) -> Period | None:
    if said is None:
        return None
    parts = said.split("/")
    days = [_day(part, said, is_end=place == 1) for place, part in enumerate(parts)]
    if len(days) == 1 and days[0] is not None:
        return Period(days[0], days[0])
    if len(days) != 2 or days == [None, None] or (days[0] and days[1] and days[0] > days[1]):
        raise refused("datetime", said, "an instant, or start/end with .. for an open one")
    return Period(days[0], days[1])


def as_of(this: Asked) -> datetime | None:
    """The instant whose layer is asked for, by the deliveries published until then."""
    said = this.params.get("as-of")
    if said is None:
        return None
    try:
        if _INSTANT.fullmatch(said):
            return datetime.fromisoformat(said.upper()).astimezone(UTC)
    except (ValueError, OverflowError):
        pass
    raise refused("as-of", said, "an instant with its time zone, like 2026-01-31T00:00:00Z")


def _day(part: str, said: str, *, is_end: bool) -> date | None:
    del is_end  # a day is counted whole on either side
    if part in {"", ".."} and "/" in said:
        return None
    try:
        if re.fullmatch(r"\d{4}-\d\d-\d\d", part):
            return date.fromisoformat(part)
        if _INSTANT.fullmatch(part):
            return datetime.fromisoformat(part.upper()).astimezone(UTC).date()
    except (ValueError, OverflowError):
        pass
    raise refused("datetime", said, "RFC 3339, like 2026-01-31T00:00:00Z or 2026-01-31")


# --- properties


def _filter(this: Asked) -> Expr | None:
    said = this.params.get("filter")
    language = this.params.get("filter-lang", "cql2-text")
    read = FILTERS.get(language)
    if read is None:
        raise refused("filter-lang", language, ", ".join(FILTERS))
    return None if said is None else read(said)


def _equals(this: Asked, spec: LayerSpec) -> tuple[tuple[str, str | int | float | date], ...]:
    known = queryables(spec.target)
    return tuple(
        (name, _typed(known[name], value)) for name, value in sorted(this.params.items()) if name in known
    )


def _typed(field: Field, said: str) -> str | int | float | date:
    try:
        match field.kind:
            case Kind.INTEGER:
                return int(said) if re.fullmatch(r"[+-]?\d{1,15}", said) else _none(field, said)
            case Kind.NUMBER:
                number = float(said)
                return number if math.isfinite(number) else _none(field, said)
            case Kind.DATE:
                return date.fromisoformat(said)
            case _:
                return said
    except ValueError:
        return _none(field, said)


def _none(field: Field, said: str) -> int:
    raise refused(field.name, said, f"a value of kind {field.kind}")


def _properties(this: Asked, spec: LayerSpec) -> tuple[str, ...] | None:
    said = this.params.get("properties")
    if said is None:
        return None
    names = tuple(name for name in said.split(",") if name)
    known = fields(spec.target)
    if unknown := [name for name in names if name not in known]:
        raise refused("properties", unknown[0], ", ".join(known))
    return tuple(name for name in known if name in names)


def _sort(this: Asked, spec: LayerSpec) -> tuple[tuple[str, bool], ...]:
    said = this.params.get("sortby")
    if said is None:
        return ()
    known = queryables(spec.target)
    made = []
    for part in said.split(","):
        name = part.strip().removeprefix("+").removeprefix("-")
        if name not in known:
            raise refused("sortby", part, ", ".join(known))
        made.append((name, part.strip().startswith("-")))
    return () if made == [(ID, False)] else tuple(made)
