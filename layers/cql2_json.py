"""CQL2 JSON, into the same tree as the text."""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Mapping
from typing import Any, NoReturn

import shapely
from shapely.errors import ShapelyError
from shapely.geometry import shape as shape_of

from layers.cql2 import (
    MAX_DEPTH,
    MAX_LENGTH,
    And,
    Arithmetic,
    Between,
    CaseI,
    Compare,
    Comparison,
    Expr,
    FilterGeometry,
    FilterSyntax,
    FilterTooLarge,
    FilterUnsupported,
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
    checked,
    checked_shape,
    checked_text,
)
from layers.cql2_text import checked_box, day, instant

Node = Mapping[str, Any]


def parse(text: str) -> Expr:
    """Return the tree of a CQL2 JSON document; raises FilterError saying what was expected."""
    if len(text) > MAX_LENGTH:
        raise FilterTooLarge(what="characters", limit=MAX_LENGTH)
    try:
        document = json.loads(text, parse_constant=_not_finite)
    except RecursionError:
        raise FilterTooLarge(what="nesting", limit=MAX_DEPTH) from None
    except json.JSONDecodeError as error:
        raise FilterSyntax(
            position=error.pos, expected="JSON", found=text[error.pos : error.pos + 20]
        ) from None
    return checked(_boolean(document, 0))


def _not_finite(text: str) -> NoReturn:
    _refuse("a finite number", text)


def _refuse(expected: str, found: object) -> NoReturn:
    raise FilterSyntax(position=0, expected=expected, found=json.dumps(found, ensure_ascii=False)[:60])


def _op(node: object) -> tuple[str, list[Any]]:
    if (
        not isinstance(node, dict)
        or not isinstance(node.get("op"), str)
        or not isinstance(node.get("args"), list)
    ):
        _refuse('{"op": …, "args": […]}', node)
    return node["op"], node["args"]


def _count(args: list[Any], wanted: int, op: str) -> list[Any]:
    if len(args) != wanted:
        _refuse(f"{wanted} arguments of {op}", args)
    return args


def _boolean(node: Any, depth: int) -> Expr:
    if depth > MAX_DEPTH:
        raise FilterTooLarge(what="nesting", limit=MAX_DEPTH)
    if isinstance(node, bool):
        return Literal(node)
    if isinstance(node, dict) and "property" in node:
        return _property(node)
    op, args = _op(node)
    if op in {"and", "or"}:
        if len(args) < 2:
            _refuse(f"two or more arguments of {op}", args)
        terms = tuple(_boolean(arg, depth + 1) for arg in args)
        return And(terms) if op == "and" else Or(terms)
    if op == "not":
        return Not(_boolean(_count(args, 1, op)[0], depth + 1))
    return _predicate(op, args)


def _predicate(op: str, args: list[Any]) -> Expr:
    if op in list(Compare):
        left, right = _count(args, 2, op)
        return Comparison(Compare(op), _scalar(left), _scalar(right))
    if op in list(Relation):
        left, right = _count(args, 2, op)
        return Spatial(Relation(op), _geometry(left), _geometry(right))
    reader = _READERS.get(op)
    if reader is None:
        raise FilterUnsupported(what=op[:60])
    return reader(args)


def _like(args: list[Any]) -> Expr:
    of, pattern = _count(args, 2, "like")
    return Like(_scalar(of), _scalar(pattern))


def _between(args: list[Any]) -> Expr:
    of, low, high = _count(args, 3, "between")
    return Between(_scalar(of), _scalar(low), _scalar(high))


def _in(args: list[Any]) -> Expr:
    of, items = _count(args, 2, "in")
    if not isinstance(items, list) or not items:
        _refuse("a list of values", items)
    return In(_scalar(of), tuple(_scalar(item) for item in items))


def _is_null(args: list[Any]) -> Expr:
    return IsNull(_scalar(_count(args, 1, "isNull")[0]))


_READERS: Mapping[str, Callable[[list[Any]], Expr]] = {
    "like": _like,
    "between": _between,
    "in": _in,
    "isNull": _is_null,
}


def _property(node: Node) -> Property:
    name = node["property"]
    return Property(name) if isinstance(name, str) else _refuse("a property's name", name)


def _scalar(node: Any, depth: int = 0) -> Scalar:
    if isinstance(node, str):
        return Literal(checked_text(node))
    if isinstance(node, (bool, int, float)):
        return Literal(node) if math.isfinite(node) else _refuse("a finite number", str(node))
    if not isinstance(node, dict):
        _refuse("a property or a value", node)
    return _named(node, depth)


def _named(node: Node, depth: int) -> Scalar:
    if "property" in node:
        return _property(node)
    if isinstance(node.get("date"), str):
        return Literal(day(node["date"]))
    if isinstance(node.get("timestamp"), str):
        return Literal(instant(node["timestamp"]))
    op, args = _op(node)
    if op != "casei" and op not in list(Sign):
        raise FilterUnsupported(what=op[:60])
    if depth > MAX_DEPTH:
        raise FilterTooLarge(what="nesting", limit=MAX_DEPTH)
    if op != "casei":
        left, right = _count(args, 2, op)
        return Arithmetic(Sign(op), _scalar(left, depth + 1), _scalar(right, depth + 1))
    return CaseI(_scalar(_count(args, 1, op)[0], depth + 1))


def _geometry(node: Any) -> Property | Shape:
    if not isinstance(node, dict):
        _refuse("a geometry", node)
    if "property" in node:
        return _property(node)
    if "bbox" in node:
        values = node["bbox"]
        if not isinstance(values, list) or not all(_is_number(value) for value in values):
            _refuse("a bbox of numbers", values)
        return checked_box([float(value) for value in values])
    try:
        made = shape_of(node)
    except (
        KeyError,
        TypeError,
        ValueError,
        AttributeError,
        IndexError,
        ShapelyError,
        RecursionError,
    ) as error:
        raise FilterGeometry(reason=f"not a GeoJSON geometry ({type(error).__name__})") from None
    return checked_shape(shapely.force_2d(made))


def _is_number(value: object) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool)
