"""CQL2 by brute force in Python: what each feature answers, in three-valued logic; and trees written out again."""

from __future__ import annotations

import json
import math
import operator
import re
from collections.abc import Callable, Mapping
from datetime import date, datetime
from typing import Any

import shapely
from shapely.geometry import mapping

from layers.cql2 import (
    And,
    Arithmetic,
    Between,
    CaseI,
    Compare,
    Comparison,
    Expr,
    In,
    IsNull,
    Like,
    Literal,
    Not,
    Or,
    Property,
    Scalar,
    Shape,
    Sign,
    Spatial,
)

Row = Mapping[str, Any]
_OPERATORS: Mapping[Compare, Callable[[Any, Any], bool]] = {
    Compare.EQ: operator.eq,
    Compare.NE: operator.ne,
    Compare.LT: operator.lt,
    Compare.LE: operator.le,
    Compare.GT: operator.gt,
    Compare.GE: operator.ge,
}


def holds(tree: Expr, row: Row) -> bool | None:  # noqa: C901 - one case for each kind of node
    """True, false or unknown; `row["geometry"]` is a shapely geometry in the filter's CRS."""
    match tree:
        case And(terms):
            answers = [holds(term, row) for term in terms]
            return False if False in answers else None if None in answers else True
        case Or(terms):
            answers = [holds(term, row) for term in terms]
            return True if True in answers else None if None in answers else False
        case Not(term):
            answer = holds(term, row)
            return None if answer is None else not answer
        case Literal(value):
            return bool(value)
        case Comparison(op, left, right):
            return _compared(op, left, right, row)
        case Between(of, low, high):
            return holds(And((Comparison(Compare.GE, of, low), Comparison(Compare.LE, of, high))), row)
        case In(of, items):
            return holds(Or(tuple(Comparison(Compare.EQ, of, item) for item in items)), row)
        case IsNull(of):
            return value_of(of, row) is None
        case Like(of, pattern):
            text, wanted = value_of(of, row), value_of(pattern, row)
            return None if text is None else bool(re.fullmatch(_pattern(wanted), text, re.DOTALL))
        case Spatial(relation, first, second):
            a, b = (each.geometry if isinstance(each, Shape) else row["geometry"] for each in (first, second))
            return bool(getattr(shapely, relation.removeprefix("s_"))(a, b))
    raise AssertionError(tree)


def _compared(op: Compare, left: Scalar, right: Scalar, row: Row) -> bool | None:
    a, b = value_of(left, row), value_of(right, row)
    if a is None or b is None:
        return None
    if isinstance(a, date) and isinstance(b, str):
        b = date.fromisoformat(b)
    if isinstance(a, str) and isinstance(b, str):  # the database compares by code points (C.UTF-8)
        a, b = a.encode(), b.encode()
    return _OPERATORS[op](a, b)


def value_of(node: Scalar, row: Row) -> Any:
    """The value of a scalar for one feature."""
    match node:
        case Literal(value):
            return value
        case Property(name):
            return row[name]
        case CaseI(of):
            inner = value_of(of, row)
            return None if inner is None else inner.lower()
        case Arithmetic(op, left, right):
            a, b = value_of(left, row), value_of(right, row)
            if a is None or b is None or (b == 0 and op in {Sign.BY, Sign.DIV, Sign.MODULO}):
                return None
            return _CALCULATED[op](float(a), float(b))


_CALCULATED: Mapping[Sign, Callable[[float, float], float]] = {
    Sign.PLUS: operator.add,
    Sign.MINUS: operator.sub,
    Sign.TIMES: operator.mul,
    Sign.BY: operator.truediv,
    Sign.DIV: lambda a, b: float(math.trunc(a / b)),
    Sign.MODULO: math.fmod,
    Sign.POWER: operator.pow,
}


def _pattern(text: str) -> str:
    made, is_escaped = "", False
    for char in text:
        if is_escaped:
            made, is_escaped = made + re.escape(char), False
        elif char == "\\":
            is_escaped = True
        else:
            made += {"%": ".*", "_": "."}.get(char, re.escape(char))
    return made


# --- the tree as CQL2 text and as CQL2 JSON


def text_of(tree: Expr | Scalar | Shape) -> str:  # noqa: C901 - one case for each kind of node
    """CQL2 text with brackets around every part."""
    match tree:
        case And(terms) | Or(terms):
            word = " AND " if isinstance(tree, And) else " or "
            return word.join(f"({text_of(term)})" for term in terms)
        case Not(term):
            return f"NOT ({text_of(term)})"
        case Comparison(op, left, right):
            return f"{text_of(left)} {op} {text_of(right)}"
        case Between(of, low, high):
            return f"{text_of(of)} between {text_of(low)} AND {text_of(high)}"
        case In(of, items):
            return f"{text_of(of)} IN ({', '.join(map(text_of, items))})"
        case IsNull(of):
            return f"{text_of(of)} IS NULL"
        case Like(of, pattern):
            return f"{text_of(of)} LIKE {text_of(pattern)}"
        case Spatial(relation, first, second):
            return f"{relation.upper()}({text_of(first)},{text_of(second)})"
        case Literal(value):
            return _literal(value)
        case Property(name):
            return '"' + name.replace('"', '""') + '"'
        case CaseI(of):
            return f"CASEI({text_of(of)})"
        case Arithmetic(op, left, right):
            return f"(({text_of(left)}) {op} ({text_of(right)}))"
        case Shape(geometry):
            return shapely.to_wkt(geometry, rounding_precision=-1)
    raise AssertionError(tree)


def _literal(value: object) -> str:
    match value:
        case bool():
            return str(value).upper()
        case str():
            return "'" + value.replace("'", "''") + "'"
        case datetime():
            return f"TIMESTAMP('{value.isoformat()}')"
        case date():
            return f"DATE('{value.isoformat()}')"
        case _:
            return repr(value)


def json_of(tree: Expr) -> str:
    """CQL2 JSON."""
    return json.dumps(_plain(tree))


def _plain(tree: Any) -> Any:  # noqa: C901 - one case for each kind of node
    match tree:
        case And(terms) | Or(terms):
            return {"op": type(tree).__name__.lower(), "args": [_plain(term) for term in terms]}
        case Not(term):
            return {"op": "not", "args": [_plain(term)]}
        case Comparison(op, left, right):
            return {"op": str(op), "args": [_plain(left), _plain(right)]}
        case Between(of, low, high):
            return {"op": "between", "args": [_plain(of), _plain(low), _plain(high)]}
        case In(of, items):
            return {"op": "in", "args": [_plain(of), [_plain(item) for item in items]]}
        case IsNull(of):
            return {"op": "isNull", "args": [_plain(of)]}
        case Like(of, pattern):
            return {"op": "like", "args": [_plain(of), _plain(pattern)]}
        case Spatial(relation, first, second):
            return {"op": str(relation), "args": [_plain(first), _plain(second)]}
        case Literal(datetime() as value):
            return {"timestamp": value.isoformat()}
        case Literal(date() as value):
            return {"date": value.isoformat()}
        case Literal(value):
            return value
        case Property(name):
            return {"property": name}
        case CaseI(of):
            return {"op": "casei", "args": [_plain(of)]}
        case Arithmetic(op, left, right):
            return {"op": str(op), "args": [_plain(left), _plain(right)]}
        case Shape(geometry):
            return mapping(geometry)
    raise AssertionError(tree)
