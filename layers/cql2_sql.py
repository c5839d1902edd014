"""A CQL2 tree becomes one SQLAlchemy condition: columns by look-up, constants bound."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum
from typing import Any

import shapely
from shapely.geometry.base import BaseGeometry
from sqlalchemy import ColumnElement, Double, Numeric, and_, cast, false, func, literal, not_, or_, true
from sqlalchemy.types import TypeEngine

from layers.cql2 import (
    And,
    Arithmetic,
    Between,
    CaseI,
    Compare,
    Comparison,
    Expr,
    FilterGeometry,
    FilterProperty,
    FilterSyntax,
    FilterType,
    In,
    IsNull,
    Like,
    Literal,
    Not,
    Or,
    Property,
    Relation,
    Scalar,
    Shape,
    Sign,
    Spatial,
)
from layers.cql2_text import day
from layers.references import WEB_MERCATOR, Reference, Space, flipped, to_mercator

GEOMETRY = "geometry"
Sql = ColumnElement[bool]


class Kind(StrEnum):
    """What can be compared with what."""

    TEXT = "text"
    NUMBER = "number"
    INTEGER = "integer"
    BOOLEAN = "boolean"
    DATE = "date"
    INSTANT = "instant"
    GEOMETRY = "geometry"


@dataclass(frozen=True, slots=True)
class Field:
    """One property that a filter may name."""

    name: str
    kind: Kind
    column: ColumnElement[object]


@dataclass(frozen=True, slots=True)
class Ground:
    """What a filter is about: the layer's fields, its two geometry columns, and the filter's own CRS."""

    fields: Mapping[str, Field]
    geom: ColumnElement[object]
    geom_3857: ColumnElement[object]
    srid: int
    reference: Reference


@dataclass(frozen=True, slots=True)
class _Side:
    sql: ColumnElement[object]
    kind: Kind
    literal: object = None


_COMPARE: Mapping[Compare, Callable[[ColumnElement[object], ColumnElement[object]], Sql]] = {
    Compare.EQ: lambda a, b: a == b,
    Compare.NE: lambda a, b: a != b,
    Compare.LT: lambda a, b: a < b,
    Compare.LE: lambda a, b: a <= b,
    Compare.GT: lambda a, b: a > b,
    Compare.GE: lambda a, b: a >= b,
}
_ARITHMETIC: Mapping[Sign, Callable[[ColumnElement[Any], ColumnElement[Any]], ColumnElement[Any]]] = {
    Sign.PLUS: lambda a, b: a + b,
    Sign.MINUS: lambda a, b: a - b,
    Sign.TIMES: lambda a, b: a * b,
    Sign.BY: lambda a, b: a / func.nullif(b, 0),
    Sign.DIV: lambda a, b: func.trunc(a / func.nullif(b, 0)),
    Sign.MODULO: lambda a, b: func.mod(a, func.nullif(b, 0)),
    Sign.POWER: func.power,
}
_FUNCTIONS: Mapping[Relation, str] = {
    Relation.INTERSECTS: "ST_Intersects",
    Relation.DISJOINT: "ST_Disjoint",
    Relation.EQUALS: "ST_Equals",
    Relation.CONTAINS: "ST_Contains",
    Relation.WITHIN: "ST_Within",
    Relation.TOUCHES: "ST_Touches",
    Relation.CROSSES: "ST_Crosses",
    Relation.OVERLAPS: "ST_Overlaps",
}


def condition(tree: Expr, ground: Ground) -> Sql:
    """Return the condition of a tree; raises FilterError where a name or a kind does not fit."""
    match tree:
        case And(terms):
            return and_(*(condition(term, ground) for term in terms))
        case Or(terms):
            return or_(*(condition(term, ground) for term in terms))
        case Not(term):
            return not_(condition(term, ground))
        case Literal(bool(value)):
            return true() if value else false()
        case Literal() | Property():
            raise FilterType(operator="condition", left=_kind_of(tree, ground), right=Kind.BOOLEAN)
        case _:
            return _predicate(tree, ground)


def _predicate(node: Expr, ground: Ground) -> Sql:
    match node:
        case Comparison(op, left, right):
            a, b = _alike(op, _side(left, ground), _side(right, ground))
            return _COMPARE[op](a.sql, b.sql)
        case Between(of, low, high):
            middle = _side(of, ground)
            return and_(
                *(
                    _COMPARE[op](*(each.sql for each in _alike("BETWEEN", middle, _side(bound, ground))))
                    for op, bound in ((Compare.GE, low), (Compare.LE, high))
                )
            )
        case In(of, items):
            return _in(of, items, ground)
        case IsNull(Property(name)) if name == GEOMETRY:
            return false()
        case IsNull(of):
            return _side(of, ground).sql.is_(None)
        case Like(of, pattern):
            return _like(of, pattern, ground)
        case Spatial(relation, first, second):
            return _spatial(relation, first, second, ground)
        case _:
            raise AssertionError(node)


def _in(of: Scalar, items: tuple[Scalar, ...], ground: Ground) -> Sql:
    side = _side(of, ground)
    pairs = [_alike("IN", side, _side(item, ground)) for item in items]
    return pairs[0][0].sql.in_([item.sql for _, item in pairs])


def _like(of: Scalar, pattern: Scalar, ground: Ground) -> Sql:
    side, wanted = _side(of, ground), _side(pattern, ground)
    if side.kind is not Kind.TEXT or wanted.kind is not Kind.TEXT:
        raise FilterType(operator="LIKE", left=side.kind, right=wanted.kind)
    if not isinstance(wanted.literal, str):
        raise FilterSyntax(position=0, expected="a pattern in quotes after LIKE", found="a property")
    if re.search(r"(?<!\\)(?:\\\\)*\\\Z", wanted.literal):
        raise FilterSyntax(
            position=0, expected="a character after the last backslash", found=wanted.literal[-20:]
        )
    return side.sql.like(wanted.sql)


# --- scalars


def _kind_of(node: Scalar, ground: Ground) -> Kind:
    return _side(node, ground).kind


def _side(node: Scalar, ground: Ground) -> _Side:
    match node:
        case Literal(value):
            return _Side(literal(value), _literal_kind(value), value)
        case Property(name):
            field = ground.fields.get(name)
            if name == GEOMETRY:
                raise FilterType(operator=name, left=Kind.GEOMETRY, right="value")
            if field is None:
                raise FilterProperty(property=name[:60], known=[*ground.fields, GEOMETRY])
            return _Side(field.column, field.kind)
        case CaseI(of):
            inner = _side(of, ground)
            if inner.kind is not Kind.TEXT:
                raise FilterType(operator="CASEI", left=inner.kind, right=Kind.TEXT)
            return _Side(func.lower(inner.sql), Kind.TEXT, inner.literal)
        case Arithmetic(op, left, right):
            return _calculated(op, _side(left, ground), _side(right, ground))


def _calculated(op: Sign, left: _Side, right: _Side) -> _Side:
    """A number; in floating point, but the rest of a division, which PostgreSQL has for exact numbers only."""
    if any(_FAMILY.get(each.kind, each.kind) is not Kind.NUMBER for each in (left, right)):
        raise FilterType(operator=op, left=left.kind, right=right.kind)
    exact: TypeEngine[Any] = Numeric() if op is Sign.MODULO else Double()
    return _Side(cast(_ARITHMETIC[op](cast(left.sql, exact), cast(right.sql, exact)), Double()), Kind.NUMBER)


def _literal_kind(value: object) -> Kind:
    match value:
        case bool():
            return Kind.BOOLEAN
        case str():
            return Kind.TEXT
        case datetime():
            return Kind.INSTANT
        case date():
            return Kind.DATE
        case _:
            return Kind.NUMBER


_FAMILY = {Kind.INTEGER: Kind.NUMBER}


def _alike(operator: str, left: _Side, right: _Side) -> tuple[_Side, _Side]:
    """Return both sides, made comparable; a text is taken as a date where the other side is one."""
    left, right = _dated(left, right.kind), _dated(right, left.kind)
    if _FAMILY.get(left.kind, left.kind) is not _FAMILY.get(right.kind, right.kind):
        raise FilterType(operator=operator, left=left.kind, right=right.kind)
    return left, right


def _dated(side: _Side, other: Kind) -> _Side:
    if other is Kind.DATE and side.kind is Kind.TEXT and isinstance(side.literal, str):
        made = day(side.literal)
        return _Side(literal(made), Kind.DATE, made)
    return side


# --- space


def _spatial(relation: Relation, left: Property | Shape, right: Property | Shape, ground: Ground) -> Sql:
    if isinstance(left, Shape) and isinstance(right, Shape):
        answer = getattr(shapely, relation.removeprefix("s_"))(left.geometry, right.geometry)
        return true() if bool(answer) else false()
    sides = [_geometry(relation, side, ground) for side in (left, right)]
    made: Sql = getattr(func, _FUNCTIONS[relation])(*sides)
    if relation is Relation.DISJOINT:
        return made
    # && is said besides: under row-level security only a leakproof operator may use an index.
    return and_(sides[0].op("&&")(sides[1]), made)


def _geometry(relation: Relation, side: Property | Shape, ground: Ground) -> ColumnElement[object]:
    is_city = ground.reference.space is Space.CITY
    if isinstance(side, Property):
        if side.name != GEOMETRY:
            raise FilterProperty(property=side.name[:60], known=[GEOMETRY])
        return ground.geom if is_city else ground.geom_3857
    shape = side.geometry
    if shape.geom_type == "GeometryCollection" and relation not in {Relation.INTERSECTS, Relation.DISJOINT}:
        raise FilterGeometry(reason=f"{relation.upper()} takes no GEOMETRYCOLLECTION")
    return constant(shape, ground.srid, ground.reference)


def constant(shape: BaseGeometry, srid: int, reference: Reference) -> ColumnElement[object]:
    """Return a bound geometry: in the city's CRS where it was given so, in Web Mercator otherwise."""
    if reference.is_flipped:
        shape = flipped(shape)
    if reference.space is Space.LONLAT:
        shape = to_mercator(shape)
    number = srid if reference.space is Space.CITY else WEB_MERCATOR
    return func.ST_GeomFromWKB(literal(shapely.to_wkb(shape)), number)
