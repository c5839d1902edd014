"""The statements that make features into GeoJSON text; each is built once per shape of query and kept.

The city is a constant in every statement, so that only its partition is touched, and only live rows are read.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime
from functools import lru_cache
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Date,
    DateTime,
    FromClause,
    Integer,
    LargeBinary,
    Select,
    Text,
    and_,
    asc,
    bindparam,
    case,
    cast,
    desc,
    func,
    literal,
    literal_column,
    not_,
    or_,
    select,
)

from layers.cql2_sql import Ground, condition
from layers.reads import Statement, compiled
from layers.references import WEB_MERCATOR, Reference, Space
from layers.selection import (
    ID,
    TEMPORAL,
    Box,
    Period,
    Selection,
    Source,
    View,
    fields,
    is_temporal,
    queryables,
    table,
)
from layers.tables import DeliveryRow, LayerRow

# How many matches are counted at most where nothing but a scan can tell.
COUNT_CAP = 10_000


# --- conditions


def _live(source: Source, *, is_past: bool = False) -> ColumnElement[bool]:
    """The layer's rows that are shown now, or were at the instant bound as `at`."""
    t = table(source.target).c
    # City ids are plain words (layers.city checks them); as a constant one prunes the other cities' partitions.
    city = literal_column(f"'{source.city_id}'", Text)
    layer = and_(t.city_id == city, t.layer_id == literal(source.layer_id))
    if not is_past:
        return and_(layer, t.retired_by.is_(None))
    delivery = DeliveryRow.__table__.c
    by_then = select(delivery.delivery_id).where(
        delivery.city_id == city,
        delivery.layer_id == literal(source.layer_id),
        delivery.published_at <= bindparam("at", type_=DateTime(timezone=True)),
    )
    is_gone = and_(t.retired_by.is_not(None), t.retired_by.in_(by_then))
    return and_(layer, t.published_by.in_(by_then), not_(is_gone))


def _in_box(source: Source, box: Box) -> ColumnElement[bool]:
    t = table(source.target).c
    is_city = box.space is Space.CITY
    geometry = t.geom if is_city else t.geom_3857
    srid = source.srid if is_city else WEB_MERCATOR
    shape: ColumnElement[Any] = func.ST_GeomFromWKB(bindparam("box", type_=LargeBinary), srid)
    # && is said besides: under row-level security only a leakproof operator may use an index.
    if box.inner is None:
        return and_(geometry.op("&&")(shape), func.ST_Intersects(geometry, shape))
    # One plan for all small boxes: as sub-selects the shapes are made once per statement, not once per row.
    shape = select(shape).scalar_subquery()
    inner = select(func.ST_GeomFromWKB(bindparam("inner", type_=LargeBinary), srid)).scalar_subquery()
    is_met = or_(geometry.op("@")(inner), func.ST_Intersects(geometry, shape))
    return and_(geometry.op("&&")(shape), is_met)


def _in_period(source: Source, period: Period) -> list[ColumnElement[bool]]:
    if not is_temporal(source.target):
        return []
    day = table(source.target).c[TEMPORAL]
    made = []
    if period.start is not None:
        made.append(or_(day.is_(None), day >= bindparam("start", type_=Date)))
    if period.end is not None:
        made.append(or_(day.is_(None), day <= bindparam("end", type_=Date)))
    return made


def _conditions(selection: Selection) -> list[ColumnElement[bool]]:
    source = selection.source
    made = [_live(source, is_past=selection.as_of is not None)]
    if selection.box is not None:
        made.append(_in_box(source, selection.box))
    if selection.period is not None:
        made += _in_period(source, selection.period)
    known = queryables(source.target)
    made += [known[name].column == literal(value) for name, value in selection.equals]
    if selection.filter is not None:
        t = table(source.target).c
        ground = Ground(known, t.geom, t.geom_3857, source.srid, selection.filter_reference)
        made.append(condition(selection.filter, ground))
    return made


_SOME_INSTANT = datetime(1, 1, 2, tzinfo=UTC)


def shape_of(selection: Selection) -> Selection:
    """Return what decides the statement's text: the selection without the values that are bound at each call."""
    box = selection.box and selection.box.shape
    period = selection.period and Period(
        selection.period.start and date.min, selection.period.end and date.min
    )
    return replace(selection, box=box, period=period, as_of=selection.as_of and _SOME_INSTANT)


# --- the text of a feature


def _geometry(source: Source, reference: Reference) -> ColumnElement[Any]:
    """Return the stored column that a CRS on offer is shown from; `geojson` is text already."""
    t = table(source.target).c
    match reference.space:
        case Space.LONLAT:
            made: ColumnElement[Any] = t.geojson if _is_text(source, reference) else t.geom
        case Space.MERCATOR:
            made = t.geom_3857
        case Space.CITY:
            made = t.geom
    return made


def _is_text(source: Source, reference: Reference) -> bool:
    return (
        reference.space is Space.LONLAT and not reference.is_flipped and "geojson" in table(source.target).c
    )


def _geometry_json(source: Source, reference: Reference, column: ColumnElement[Any]) -> ColumnElement[Any]:
    """Return the GeoJSON geometry made from that column: 7 decimals of a degree, or millimetres."""
    if _is_text(source, reference):
        return column
    is_degrees = reference.space is Space.LONLAT
    # As a bound value the 4326 of a prepared statement would be taken for a text, and for PROJ's slow way.
    shape = func.ST_Transform(column, literal_column("4326")) if is_degrees else column
    shape = func.ST_ForcePolygonCCW(shape)
    if reference.is_flipped:
        shape = func.ST_FlipCoordinates(shape)
    return func.ST_AsGeoJSON(shape, literal_column("7" if is_degrees else "3"), literal_column("0"))


def _shown(source: Source, view: View) -> list[ColumnElement[Any]]:
    """Return the columns of the properties to show."""
    offered = fields(source.target)
    return [
        each.column for each in offered.values() if view.properties is None or each.name in view.properties
    ]


def _properties_json(columns: Sequence[ColumnElement[Any]], outer: FromClause) -> ColumnElement[Any]:
    if not columns:
        return literal_column("'{}'::json")
    row = select(*columns).correlate(outer).subquery("p")
    return select(func.row_to_json(literal_column("p"))).select_from(row).correlate(outer).scalar_subquery()


def _joined(*parts: str | ColumnElement[Any]) -> ColumnElement[Any]:
    made: ColumnElement[Any] | None = None
    for part in parts:
        piece = literal_column("'" + part + "'", Text) if isinstance(part, str) else cast(part, Text)
        made = piece if made is None else made.concat(piece)
    assert made is not None
    return made


def _feature(
    identity: ColumnElement[Any], geometry: ColumnElement[Any], properties: ColumnElement[Any]
) -> ColumnElement[Any]:
    return _joined(
        '{"type":"Feature","id":', func.to_json(identity),
        ',"geometry":', geometry,
        ',"properties":', properties,
        "}",
    )  # fmt: skip


def _stored_feature(source: Source, view: View) -> ColumnElement[Any]:
    """Return the text of a feature, made from its row."""
    stored = table(source.target)
    geometry = _geometry_json(source, view.reference, _geometry(source, view.reference))
    return _feature(stored.c.feature_id, geometry, _properties_json(_shown(source, view), stored))


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


@dataclass(frozen=True, slots=True)
class Shape:
    """What decides the text of a page's statement besides what is selected and shown."""

    has_offset: bool
    has_after: bool
    is_counted: bool

    def counts_rows(self, selection: Selection) -> bool:
        """Whether the rows that the page is taken from are counted on the way, as all of a small box are found."""
        return self.is_counted and selection.is_small and not self.has_after


@lru_cache(maxsize=512)
def items_statement(selection: Selection, view: View, shape: Shape) -> Statement:
    """Return the statement of one page: version, rows (one more than asked for), last id, features, count.

    The rows of the page are found first and written as JSON afterwards, so that what is sorted away costs
    nothing. The count, up to COUNT_CAP + 1, is made only where the page does not tell it; in a small box it is
    the number of rows found.
    """
    source = selection.source
    t = table(source.target).c
    shown = _shown(source, view)
    chosen = select(t.feature_id.label("_id"), _geometry(source, view.reference).label("_g"), *shown)
    counts_rows = shape.counts_rows(selection)
    if counts_rows:
        chosen = chosen.add_columns(func.count().over().label("_all"))
    chosen = chosen.where(*_conditions(selection))
    if shape.has_after:
        chosen = chosen.where(t.feature_id > bindparam("after", type_=Text))
    chosen = _ordered(chosen, source, view).limit(bindparam("rows", type_=Integer))
    if shape.has_offset:
        chosen = chosen.offset(bindparam("offset", type_=Integer))
    q = chosen.subquery("q")
    # One row more than asked for tells whether there is another page.
    r = select(q, func.row_number().over().label("_n")).subquery("r")
    limit = bindparam("limit", type_=Integer)
    geometry = _geometry_json(source, view.reference, r.c["_g"])
    text = _feature(r.c["_id"], geometry, _properties_json([r.c[column.name] for column in shown], r))
    on_page = r.c["_n"] <= limit
    parts = [
        _version(source),
        func.count(),
        func.max(r.c["_id"]).filter(on_page),
        func.string_agg(text, literal_column("','")).filter(on_page),
    ]
    if counts_rows:
        parts.append(func.max(r.c["_all"]))
    elif shape.is_counted:
        parts.append(case((func.count() > limit, _count(selection).scalar_subquery())))
    return compiled(select(*parts).select_from(r))


def _count(selection: Selection) -> Select[Any]:
    rows: Select[Any] = (
        select(literal_column("1")).select_from(table(selection.source.target)).where(*_conditions(selection))
    )
    return select(func.count()).select_from(rows.limit(COUNT_CAP + 1).subquery("m"))


@lru_cache(maxsize=512)
def count_statement(selection: Selection) -> Statement:
    """Return the statement that counts what is selected, as far as COUNT_CAP + 1."""
    return compiled(_count(selection))


@lru_cache(maxsize=512)
def item_statement(source: Source, view: View, *, is_past: bool = False) -> Statement:
    """Return the statement of one feature: version, feature; `is_past`: as it was at the instant `at`."""
    t = table(source.target).c
    feature = (
        select(_stored_feature(source, view))
        .where(_live(source, is_past=is_past), t.feature_id == bindparam("feature_id", type_=Text))
        .scalar_subquery()
    )
    return compiled(select(_version(source), feature))


@lru_cache(maxsize=512)
def facts_statement(source: Source) -> Statement:
    """Return the statement of version, count, first and last day, and extents in Web Mercator and city CRS."""
    t = table(source.target).c
    day = t[TEMPORAL] if is_temporal(source.target) else literal_column("NULL::date")
    extents = [func.ST_Extent(column) for column in (t.geom_3857, t.geom)]
    corners = [
        getattr(func, name)(extent)
        for extent in extents
        for name in ("ST_XMin", "ST_YMin", "ST_XMax", "ST_YMax")
    ]
    statement = select(_version(source), func.count(), func.min(day), func.max(day), *corners)
    return compiled(statement.where(_live(source)))


# --- whole layers, row by row


def geojson_rows(selection: Selection, view: View) -> Statement:
    """Return the statement that gives each selected feature as GeoJSON text, in id order."""
    source = selection.source
    t = table(source.target).c
    return compiled(
        select(_stored_feature(source, view)).where(*_conditions(selection)).order_by(t.feature_id)
    )


def selected(selection: Selection) -> Statement:
    """Return the statement that gives each selected feature's id, properties and WKB in the city's CRS."""
    t = table(selection.source.target).c
    columns = [each.column for each in fields(selection.source.target).values()]
    rows = select(t.feature_id, *columns, func.ST_AsBinary(t.geom))
    return compiled(rows.where(*_conditions(selection)).order_by(t.feature_id))
