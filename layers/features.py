"""Features of a layer as GeoJSON bytes, made by one statement: PostGIS writes the text, nobody parses it.

Statements are built with SQLAlchemy Core once per shape of query and kept as text; the city is a constant in
them, so that only its partition is touched, and only live rows are read.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from functools import lru_cache
from typing import Any
from weakref import WeakKeyDictionary

import shapely
from sqlalchemy import (
    ColumnElement, Date, Engine, Float, Integer, LargeBinary, Select, Text, and_, asc, bindparam, cast, desc, func,
    literal, literal_column, or_, select,
)  # fmt: skip
from sqlalchemy import Date as DateType
from sqlalchemy.sql.selectable import FromClause

from layers.catalog import Target
from layers.city import City
from layers.cql2 import Expr
from layers.cql2_sql import Field, Ground, Kind, condition
from layers.reads import Statement, compiled, fetch
from layers.references import CRS84, WEB_MERCATOR, Reference, Space, storage
from layers.tables import TABLES, LayerRow

# How many matches are counted at most where nothing but a scan can tell.
COUNT_CAP = 10_000
ID = "id"
_HIDDEN = frozenset(
    {
        "row_id", "city_id", "layer_id", "feature_id", "source_crs", "source_operation", "attributes", "geom",
        "geom_3857", "geojson", "published_by", "retired_by",
    }
)  # fmt: skip
# The day a feature was seen on the ground; what `datetime` asks about.
TEMPORAL = "surveyed_on"


def _kind(column: ColumnElement[Any]) -> Kind:
    match column.type:
        case Integer():
            return Kind.INTEGER
        case Float():
            return Kind.NUMBER
        case Date():
            return Kind.DATE
        case _:
            return Kind.TEXT


@lru_cache(maxsize=len(Target))
def _table(target: Target) -> FromClause:
    return TABLES[target].__table__.alias("t")


@lru_cache(maxsize=len(Target))
def fields(target: Target) -> Mapping[str, Field]:
    """Return what a feature of `target` says, by name: the properties on offer and nothing else."""
    columns = _table(target).c
    return {column.name: Field(column.name, _kind(column), column) for column in columns if column.name not in _HIDDEN}


@lru_cache(maxsize=len(Target))
def queryables(target: Target) -> Mapping[str, Field]:
    """Return what a filter may name: the properties and `id`."""
    return {ID: Field(ID, Kind.TEXT, _table(target).c.feature_id), **fields(target)}


def is_temporal(target: Target) -> bool:
    """Say whether the layer's features have a day of their own."""
    return TEMPORAL in fields(target)


@dataclass(frozen=True, slots=True)
class Source:
    """One stored layer."""

    city_id: str
    srid: int
    layer_id: str
    target: Target


@dataclass(frozen=True, slots=True)
class Box:
    """A rectangle asked for, as a shape in the city's CRS or in Web Mercator (`space`)."""

    shape: shapely.Geometry
    space: Space


@dataclass(frozen=True, slots=True)
class Period:
    """From day to day, both included; None is open. Features of unknown day are always in it."""

    start: date | None
    end: date | None


@dataclass(frozen=True, slots=True)
class Selection:
    """Which features are asked for."""

    source: Source
    box: Box | None = None
    period: Period | None = None
    equals: tuple[tuple[str, str | int | float | date], ...] = ()
    filter: Expr | None = None
    filter_reference: Reference = CRS84

    @property
    def is_whole(self) -> bool:
        """Whether the whole layer is asked for."""
        return self.box is None and self.period is None and not self.equals and self.filter is None


@dataclass(frozen=True, slots=True)
class View:
    """How features are shown: the CRS, the properties (None: all), the order (None: by id)."""

    reference: Reference = CRS84
    properties: tuple[str, ...] | None = None
    sort: tuple[tuple[str, bool], ...] = ()


@dataclass(frozen=True, slots=True)
class Page:
    """Which part of the answer; `after` is the id of the last feature of the page before."""

    limit: int
    offset: int = 0
    after: str | None = None


@dataclass(frozen=True, slots=True)
class Answer:
    """One page: the features as JSON texts joined by commas, and what is known about the rest."""

    version: int | None
    features: str
    returned: int
    has_more: bool
    last_id: str | None


def source_of(city: City, layer_id: str) -> Source:
    """Return where a layer of the city is stored; KeyError if the city has none of that id."""
    return Source(city.city_id, city.srid, layer_id, city.layer(layer_id).target)


# --- conditions


def _live(source: Source) -> ColumnElement[bool]:
    t = _table(source.target).c
    # City ids are plain words (layers.city checks them); as a constant one prunes the other cities' partitions.
    city = literal_column(f"'{source.city_id}'", Text)
    return and_(t.city_id == city, t.layer_id == literal(source.layer_id), t.retired_by.is_(None))


def _in_box(source: Source, space: Space) -> ColumnElement[bool]:
    t = _table(source.target).c
    is_city = space is Space.CITY
    shape = func.ST_GeomFromWKB(bindparam("box", type_=LargeBinary), source.srid if is_city else WEB_MERCATOR)
    made: ColumnElement[bool] = func.ST_Intersects(t.geom if is_city else t.geom_3857, shape)
    return made


def _in_period(source: Source, period: Period) -> list[ColumnElement[bool]]:
    if not is_temporal(source.target):
        return []
    day = _table(source.target).c[TEMPORAL]
    made = []
    if period.start is not None:
        made.append(or_(day.is_(None), day >= bindparam("start", type_=DateType)))
    if period.end is not None:
        made.append(or_(day.is_(None), day <= bindparam("end", type_=DateType)))
    return made


def _conditions(selection: Selection) -> list[ColumnElement[bool]]:
    source = selection.source
    made = [_live(source)]
    if selection.box is not None:
        made.append(_in_box(source, selection.box.space))
    if selection.period is not None:
        made += _in_period(source, selection.period)
    known = queryables(source.target)
    made += [known[name].column == literal(value) for name, value in selection.equals]
    if selection.filter is not None:
        t = _table(source.target).c
        ground = Ground(known, t.geom, t.geom_3857, source.srid, selection.filter_reference)
        made.append(condition(selection.filter, ground))
    return made


def _values(selection: Selection) -> dict[str, Any]:
    made: dict[str, Any] = {}
    if selection.box is not None:
        made["box"] = shapely.to_wkb(selection.box.shape)
    if selection.period is not None:
        made |= {"start": selection.period.start, "end": selection.period.end}
    return made


def _shape_of(selection: Selection) -> Selection:
    """Return what decides the statement's text: the selection without the values that are bound at each call."""
    box = selection.box and Box(shapely.Point(), selection.box.space)
    period = selection.period and Period(
        selection.period.start and date.min, selection.period.end and date.min
    )
    return Selection(
        selection.source, box, period, selection.equals, selection.filter, selection.filter_reference
    )


# --- the text of a feature


def geometry_json(source: Source, reference: Reference) -> ColumnElement[str]:
    """Return the expression of a feature's GeoJSON geometry in a CRS on offer (7 decimals, or millimetres)."""
    t = _table(source.target).c
    match reference.space:
        case Space.LONLAT if not reference.is_flipped and "geojson" in t:
            made: ColumnElement[str] = t.geojson
            return made
        case Space.LONLAT:
            shape, digits = func.ST_Transform(t.geom, 4326), 7
        case Space.MERCATOR:
            shape, digits = t.geom_3857, 3
        case Space.CITY:
            shape, digits = t.geom, 3
    shape = func.ST_ForcePolygonCCW(shape)
    if reference.is_flipped:
        shape = func.ST_FlipCoordinates(shape)
    return func.ST_AsGeoJSON(shape, literal_column(str(digits)), literal_column("0"))  # type: ignore[no-any-return]


def _properties(source: Source, names: tuple[str, ...] | None) -> ColumnElement[Any]:
    offered = fields(source.target)
    chosen = [each.column for each in offered.values() if names is None or each.name in names]
    if not chosen:
        return literal_column("'{}'::json")
    table = _table(source.target)
    row = select(*chosen).correlate(table).subquery("p")
    return select(func.row_to_json(literal_column("p"))).select_from(row).correlate(table).scalar_subquery()


def _joined(*parts: str | ColumnElement[Any]) -> ColumnElement[Any]:
    made: ColumnElement[Any] | None = None
    for part in parts:
        piece = literal_column("'" + part + "'", Text) if isinstance(part, str) else cast(part, Text)
        made = piece if made is None else made.concat(piece)
    assert made is not None
    return made


def _feature(identity: ColumnElement[Any], geometry: ColumnElement[Any], properties: ColumnElement[Any]) -> ColumnElement[Any]:
    return _joined(
        '{"type":"Feature","id":', func.to_json(identity),
        ',"geometry":', geometry,
        ',"properties":', properties,
        "}",
    )  # fmt: skip


def _version(source: Source) -> ColumnElement[Any]:
    row = LayerRow.__table__.c
    return (
        select(row.delivery_id)
        .where(row.city_id == literal(source.city_id), row.layer_id == literal(source.layer_id))
        .scalar_subquery()
    )


# --- statements


def _ordered(statement: Select[Any], source: Source, view: View) -> Select[Any]:
    known = queryables(source.target)
    wanted = [(desc if is_down else asc)(known[name].column).nulls_last() for name, is_down in view.sort]
    return statement.order_by(*wanted, known[ID].column)


@lru_cache(maxsize=512)
def _items_statement(selection: Selection, view: View, has_offset: bool, has_after: bool) -> Statement:
    source = selection.source
    t = _table(source.target).c
    inner = select(
        t.feature_id.label("id"),
        geometry_json(source, view.reference).label("g"),
        _properties(source, view.properties).label("p"),
    ).where(*_conditions(selection))
    if has_after:
        inner = inner.where(t.feature_id > bindparam("after", type_=Text))
    inner = _ordered(inner, source, view).limit(bindparam("rows", type_=Integer))
    if has_offset:
        inner = inner.offset(bindparam("offset", type_=Integer))
    q = inner.subquery("q")
    # One row more than asked for tells whether there is another page.
    numbered = select(q, func.row_number().over().label("n")).subquery("r")
    on_page = numbered.c.n <= bindparam("limit", type_=Integer)
    text = _feature(numbered.c.id, numbered.c.g, numbered.c.p)
    return compiled(
        select(
            _version(source),
            func.count(),
            func.max(numbered.c.id).filter(on_page),
            func.string_agg(text, literal_column("','")).filter(on_page),
        ).select_from(numbered)
    )


@lru_cache(maxsize=512)
def _count_statement(selection: Selection) -> Statement:
    rows = select(literal_column("1")).select_from(_table(selection.source.target)).where(*_conditions(selection))
    return compiled(select(func.count()).select_from(rows.limit(COUNT_CAP + 1).subquery("m")))


@lru_cache(maxsize=512)
def _item_statement(source: Source, view: View) -> Statement:
    t = _table(source.target).c
    feature = (
        select(
            _feature(t.feature_id, geometry_json(source, view.reference), _properties(source, view.properties))
        )
        .where(_live(source), t.feature_id == bindparam("feature_id", type_=Text))
        .scalar_subquery()
    )
    return compiled(select(_version(source), feature))


@lru_cache(maxsize=512)
def _version_statement(source: Source) -> Statement:
    return compiled(select(_version(source)))


@lru_cache(maxsize=512)
def _facts_statement(source: Source) -> Statement:
    t = _table(source.target).c
    day = t[TEMPORAL] if is_temporal(source.target) else literal_column("NULL::date")
    extents = [func.ST_Extent(column) for column in (t.geom_3857, t.geom)]
    corners = [
        getattr(func, name)(extent)
        for extent in extents
        for name in ("ST_XMin", "ST_YMin", "ST_XMax", "ST_YMax")
    ]
    statement = select(_version(source), func.count(), func.min(day), func.max(day), *corners)
    return compiled(statement.where(_live(source)))


# --- reads


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
    counts: dict[tuple[int | None, Selection], int] = field(default_factory=dict)


_known: WeakKeyDictionary[Engine, _Known] = WeakKeyDictionary()
_MAX_COUNTS = 4_096


def version(engine: Engine, source: Source) -> int | None:
    """Return the number of the layer's current delivery: it changes exactly when the layer does."""
    found: int | None = fetch(engine, _version_statement(source))[0]
    return found


def items(engine: Engine, selection: Selection, view: View, page: Page) -> Answer:
    """Return one page of features; all of it is made by one statement, of one delivery."""
    statement = _items_statement(_shape_of(selection), view, page.offset > 0, page.after is not None)
    values = _values(selection) | {
        "limit": page.limit, "rows": page.limit + 1, "offset": page.offset, "after": page.after,
    }  # fmt: skip
    row = fetch(engine, statement, values)
    return Answer(
        version=row[0],
        features=row[3] or "",
        returned=min(row[1], page.limit),
        has_more=row[1] > page.limit,
        last_id=row[2],
    )


def item(engine: Engine, source: Source, view: View, feature_id: str) -> tuple[int | None, str | None]:
    """Return the layer's version and one feature as JSON, None where no live feature has this id."""
    number, feature = fetch(engine, _item_statement(source, view), {"feature_id": feature_id})
    return number, feature


def facts(engine: Engine, source: Source, current: int | None = None) -> Facts:
    """Return count and extents of the layer; scanned once per delivery and process.

    `current` is its version where the caller knows it already.
    """
    kept = _known.setdefault(engine, _Known()).facts
    known = kept.get(source)
    wanted = current if current is not None else version(engine, source)
    if known is None or known.version != wanted:
        row = fetch(engine, _facts_statement(source))
        known = Facts(row[0], row[1], row[2], row[3], _corners(row[4:8]), _corners(row[8:12]))
        kept[source] = known
    return known


def _corners(values: tuple[Any, ...]) -> tuple[float, float, float, float] | None:
    return None if values[0] is None else (values[0], values[1], values[2], values[3])


def matched(engine: Engine, selection: Selection, current: int | None) -> int | None:
    """Return how many features are selected; None for more than COUNT_CAP of a part of the layer."""
    if selection.is_whole:
        return facts(engine, selection.source, current).count
    kept = _known.setdefault(engine, _Known()).counts
    key = (current, selection)
    found = kept.get(key)
    if found is None:
        found = int(fetch(engine, _count_statement(_shape_of(selection)), _values(selection))[0])
        if len(kept) >= _MAX_COUNTS:
            kept.clear()
        kept[key] = found
    return found if found <= COUNT_CAP else None


def default_view(city: City) -> View:
    """Return the view in the city's own CRS, as exports use it."""
    return View(reference=storage(city))
