"""CQL2 (OGC 21-065r2): a filter as values. Text and JSON both become this tree; `cql2_sql` makes the statement.

No part of a client's filter ever becomes SQL text: names are looked up in the layer's own list of columns,
everything else is bound.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date, datetime
from enum import StrEnum

import shapely
from shapely.geometry.base import BaseGeometry

from geo.errors import PanjerehError

# A filter is typed by a person or made from a dialogue; what is larger than this is an attack or a mistake.
MAX_LENGTH = 20_000
MAX_DEPTH = 40
MAX_TERMS = 2_000
MAX_VERTICES = 20_000


class FilterError(PanjerehError):
    """The filter cannot be used."""

    code = "filter-invalid"


class FilterSyntax(FilterError):
    """The filter is not CQL2: at character `position`, `expected` was expected and `found` was found."""

    code = "filter-syntax"


class FilterProperty(FilterError):
    """The layer has no property `property` to filter by; `known` lists those it has."""

    code = "filter-property"


class FilterType(FilterError):
    """The two sides of the filter's `operator` are not of one kind: `left` and `right`."""

    code = "filter-type"


class FilterUnsupported(FilterError):
    """The filter uses `what`, which this service does not offer."""

    code = "filter-unsupported"


class FilterTooLarge(FilterError):
    """The filter is larger than `limit` (`what`)."""

    code = "filter-too-large"


class FilterGeometry(FilterError):
    """The filter's geometry cannot be used: `reason`."""

    code = "filter-geometry"


class FilterFailed(FilterError):
    """The database could not evaluate the filter."""

    code = "filter-failed"


class Compare(StrEnum):
    """The comparison operators."""

    EQ = "="
    NE = "<>"
    LT = "<"
    LE = "<="
    GT = ">"
    GE = ">="


class Relation(StrEnum):
    """The spatial functions, by their CQL2 names in lower case."""

    INTERSECTS = "s_intersects"
    DISJOINT = "s_disjoint"
    EQUALS = "s_equals"
    CONTAINS = "s_contains"
    WITHIN = "s_within"
    TOUCHES = "s_touches"
    CROSSES = "s_crosses"
    OVERLAPS = "s_overlaps"


class Sign(StrEnum):
    """The arithmetic operators."""

    PLUS = "+"
    MINUS = "-"
    TIMES = "*"
    BY = "/"
    DIV = "div"
    MODULO = "%"
    POWER = "^"


Value = str | int | float | bool | date | datetime


@dataclass(frozen=True, slots=True)
class Literal:
    """A constant."""

    value: Value
    # In Python TRUE equals 1; statements are kept by tree, and must not be confused.
    is_truth: bool = field(init=False, repr=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "is_truth", isinstance(self.value, bool))


@dataclass(frozen=True, slots=True)
class Property:
    """A property of the feature, by name."""

    name: str


@dataclass(frozen=True, slots=True)
class CaseI:
    """A text without regard to upper and lower case."""

    of: Scalar


@dataclass(frozen=True, slots=True)
class Arithmetic:
    """A number made of two others; not known where it is divided by zero."""

    op: Sign
    left: Scalar
    right: Scalar


@dataclass(frozen=True, slots=True)
class Shape:
    """A constant geometry, in the filter's CRS with x (or longitude) first."""

    geometry: BaseGeometry


@dataclass(frozen=True, slots=True)
class Comparison:
    """left operator right."""

    op: Compare
    left: Scalar
    right: Scalar


@dataclass(frozen=True, slots=True)
class Like:
    """A text like a pattern: `%` any text, `_` one character, `\\` takes the next one as it is."""

    of: Scalar
    pattern: Scalar


@dataclass(frozen=True, slots=True)
class Between:
    """low <= of <= high."""

    of: Scalar
    low: Scalar
    high: Scalar


@dataclass(frozen=True, slots=True)
class In:
    """`of` equals one of the items."""

    of: Scalar
    items: tuple[Scalar, ...]


@dataclass(frozen=True, slots=True)
class IsNull:
    """`of` is not known."""

    of: Scalar


@dataclass(frozen=True, slots=True)
class Spatial:
    """A spatial relation between two geometries."""

    relation: Relation
    left: Property | Shape
    right: Property | Shape


@dataclass(frozen=True, slots=True)
class And:
    """All of them."""

    terms: tuple[Expr, ...]


@dataclass(frozen=True, slots=True)
class Or:
    """At least one of them."""

    terms: tuple[Expr, ...]


@dataclass(frozen=True, slots=True)
class Not:
    """The contrary; what is not known stays not known."""

    term: Expr


Scalar = Literal | Property | CaseI | Arithmetic
Predicate = Comparison | Like | Between | In | IsNull | Spatial
Expr = Predicate | And | Or | Not | Literal | Property


def children(node: Expr | Scalar | Shape) -> tuple[Expr | Scalar | Shape, ...]:
    """Return the parts a node is made of."""
    match node:
        case And(terms) | Or(terms):
            return terms
        case Not(term):
            return (term,)
        case Comparison(_, left, right) | Spatial(_, left, right) | Arithmetic(_, left, right):
            return (left, right)
        case Like(of, pattern):
            return (of, pattern)
        case Between(of, low, high):
            return (of, low, high)
        case In(of, items):
            return (of, *items)
        case IsNull(of) | CaseI(of):
            return (of,)
        case _:
            return ()


def walk(node: Expr | Scalar | Shape) -> Iterator[Expr | Scalar | Shape]:
    """Yield the node and everything under it."""
    waiting = [node]
    while waiting:
        current = waiting.pop()
        yield current
        waiting.extend(children(current))


def checked_shape(shape: BaseGeometry) -> Shape:
    """Return a geometry literal; raises FilterGeometry where it is empty, not finite or invalid."""
    shape = shapely.force_2d(shape)
    count = int(shapely.get_num_coordinates(shape))
    if shape.is_empty:
        raise FilterGeometry(reason="it is empty")
    if count > MAX_VERTICES:
        raise FilterTooLarge(what="vertices", limit=MAX_VERTICES)
    if not all(abs(value) < 1e9 for value in shape.bounds):
        raise FilterGeometry(reason="a coordinate is not a finite number of earthly size")
    if not shape.is_valid:
        raise FilterGeometry(reason=shapely.is_valid_reason(shape))
    return Shape(shape)


def checked_text(value: str, position: int | None = None) -> str:
    """Return a text literal; a NUL cannot be stored and is refused."""
    if "\x00" in value:
        raise FilterSyntax(position=position or 0, expected="a text without NUL", found="NUL")
    return value


def checked(tree: Expr) -> Expr:
    """Return the tree; raises FilterTooLarge where it has too many parts."""
    for count, _ in enumerate(walk(tree), start=1):
        if count > MAX_TERMS:
            raise FilterTooLarge(what="terms", limit=MAX_TERMS)
    return tree
