"""CQL2 text, read by recursive descent: each grammar rule is one function."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from datetime import UTC, date, datetime
from typing import NoReturn, TypeVar

import shapely
from shapely.errors import ShapelyError
from shapely.geometry import box

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
from layers.cql2_tokens import WORDS, Token, closing, tokens

_WKT = frozenset(
    {
        "POINT", "LINESTRING", "POLYGON", "MULTIPOINT", "MULTILINESTRING", "MULTIPOLYGON", "GEOMETRYCOLLECTION",
    }
)  # fmt: skip
# What may follow a number, and not a condition.
_AFTER_SCALAR = frozenset({*Compare, *Sign, "LIKE", "BETWEEN", "IN", "IS", "DIV", "NOT"})
_OTHER_FUNCTIONS = re.compile(r"(?:T_\w+|A_\w+|ACCENTI|DIV|INTERVAL)", re.IGNORECASE)
Item = TypeVar("Item")


def parse(text: str) -> Expr:
    """Return the tree of a CQL2 text; raises FilterError saying where and what was expected."""
    if len(text) > MAX_LENGTH:
        raise FilterTooLarge(what="characters", limit=MAX_LENGTH)
    parser = _Parser(text)
    tree = parser.boolean()
    parser.end()
    return checked(tree)


def number(text: str) -> int | float:
    """Return a number literal, whole where it is written so."""
    return int(text) if re.fullmatch(r"[+-]?\d+", text) and len(text) < 30 else float(text)


def day(text: str, position: int = 0) -> date:
    """Return a DATE literal's value."""
    try:
        return date.fromisoformat(text) if re.fullmatch(r"\d{4}-\d\d-\d\d", text) else _no_day(text, position)
    except ValueError:
        _no_day(text, position)


def instant(text: str, position: int = 0) -> datetime:
    """Return a TIMESTAMP literal's value, an instant in UTC."""
    try:
        made = datetime.fromisoformat(text)
    except ValueError:
        made = None
    if made is None or made.tzinfo is None or "T" not in text.upper():
        raise FilterSyntax(
            position=position, expected="an instant like 2026-01-31T12:00:00Z", found=text[:60]
        )
    return made.astimezone(UTC)


def _no_day(text: str, position: int) -> NoReturn:
    raise FilterSyntax(position=position, expected="a date like 2026-01-31", found=text[:60])


class _Parser:
    def __init__(self, text: str) -> None:
        self._text = text
        self._tokens = tokens(text)
        self._closing = closing(self._tokens)
        self._at = 0
        self._depth = 0

    # --- tokens

    @property
    def _now(self) -> Token:
        return self._tokens[self._at]

    @property
    def _after(self) -> Token:
        return self._tokens[min(self._at + 1, len(self._tokens) - 1)]

    def _refuse(self, expected: str) -> NoReturn:
        found = self._now.text or "the end"
        raise FilterSyntax(position=self._now.start, expected=expected, found=found[:60])

    def _take(self) -> Token:
        token = self._now
        self._at = min(self._at + 1, len(self._tokens) - 1)
        return token

    def _takes(self, text: str) -> bool:
        """Take the word or operator if it comes next."""
        if text in (self._now.word, self._now.text if self._now.kind == "operator" else ""):
            self._take()
            return True
        return False

    def _need(self, text: str) -> None:
        if not self._takes(text):
            self._refuse(text)

    def end(self) -> None:
        """Refuse anything that is left over."""
        if self._now.kind != "end":
            self._refuse("AND, OR or the end")

    # --- boolean

    def boolean(self) -> Expr:
        """A boolean expression: terms joined by OR."""
        self._depth += 1
        if self._depth > MAX_DEPTH:
            raise FilterTooLarge(what="nesting", limit=MAX_DEPTH)
        terms = self._joined("OR", self._conjunction)
        self._depth -= 1
        return terms[0] if len(terms) == 1 else Or(tuple(terms))

    def _conjunction(self) -> Expr:
        terms = self._joined("AND", self._factor)
        return terms[0] if len(terms) == 1 else And(tuple(terms))

    def _joined(self, word: str, read: Callable[[], Item]) -> list[Item]:
        terms = [read()]
        while self._takes(word):
            terms.append(read())
        return terms

    def _factor(self) -> Expr:
        negations = 0
        while self._takes("NOT"):
            negations += 1
        term = self._primary()
        return Not(term) if negations % 2 else term

    def _primary(self) -> Expr:
        if self._now.text == "(" and self._now.kind == "operator" and not self._is_scalar_group():
            self._take()
            inner = self.boolean()
            self._need(")")
            return inner
        relation = self._relation()
        if relation is not None:
            return self._spatial(relation)
        return self._predicate(self._scalar())

    # --- predicates

    def _predicate(self, left: Scalar) -> Expr:
        if self._now.kind == "operator" and self._now.text in list(Compare):
            return Comparison(Compare(self._take().text), left, self._scalar())
        if self._takes("IS"):
            is_not = self._takes("NOT")
            self._need("NULL")
            return Not(IsNull(left)) if is_not else IsNull(left)
        is_not = self._takes("NOT")
        made = self._listed(left)
        if made is not None:
            return Not(made) if is_not else made
        if is_not:
            self._refuse("LIKE, BETWEEN or IN")
        if isinstance(left, CaseI | Arithmetic) or (
            isinstance(left, Literal) and not isinstance(left.value, bool)
        ):
            self._refuse("a comparison")
        return left

    def _listed(self, left: Scalar) -> Expr | None:
        if self._takes("LIKE"):
            return Like(left, self._scalar())
        if self._takes("BETWEEN"):
            low = self._scalar()
            self._need("AND")
            return Between(left, low, self._scalar())
        if self._takes("IN"):
            self._need("(")
            items = self._joined(",", self._scalar)
            self._need(")")
            return In(left, tuple(items))
        return None

    # --- scalars

    def _is_scalar_group(self) -> bool:
        """Whether the brackets that open here hold a number to go on with, not a condition."""
        end = self._closing.get(self._at)
        if end is None:
            return False
        after = self._tokens[end + 1]
        return after.kind == "number" or (after.word or after.text) in _AFTER_SCALAR

    def _scalar(self) -> Scalar:
        """A sum of products of powers."""
        return self._chain(self._product, {"+": Sign.PLUS, "-": Sign.MINUS})

    def _product(self) -> Scalar:
        products = {"*": Sign.TIMES, "/": Sign.BY, "%": Sign.MODULO, "DIV": Sign.DIV}
        return self._chain(self._power, products)

    def _chain(self, read: Callable[[], Scalar], signs: Mapping[str, Sign]) -> Scalar:
        made = read()
        for _ in range(MAX_DEPTH):
            sign = signs.get(self._now.word or self._now.text)
            if sign is None or self._now.kind not in {"operator", "name"}:
                return made
            self._take()
            made = Arithmetic(sign, made, read())
        raise FilterTooLarge(what="nesting", limit=MAX_DEPTH)

    def _power(self) -> Scalar:
        base = self._signed()
        return Arithmetic(Sign.POWER, base, self._signed()) if self._takes("^") else base

    def _signed(self) -> Scalar:
        is_minus = False
        while self._now.kind == "operator" and self._now.text in {"+", "-"}:
            is_minus ^= self._take().text == "-"
        made = self._group() if self._now.kind == "operator" else self._atom()
        if not is_minus:
            return made
        if (
            isinstance(made, Literal)
            and isinstance(made.value, int | float)
            and not isinstance(made.value, bool)
        ):
            return Literal(-made.value)
        return Arithmetic(Sign.MINUS, Literal(0), made)

    def _group(self) -> Scalar:
        if not self._takes("("):
            self._refuse("a property, a number or a text")
        made = self._nested()
        self._need(")")
        return made

    def _atom(self) -> Scalar:
        token = self._now
        if token.kind == "text":
            self._take()
            return Literal(checked_text(_unquoted(token.text), token.start))
        if token.kind == "number":
            self._take()
            return Literal(_finite(number(token.text), token))
        if token.kind == "quoted":
            self._take()
            return Property(token.text[1:-1].replace('""', '"'))
        if token.kind != "name" or token.word in WORDS:
            self._refuse("a property, a number or a text")
        return self._named()

    def _named(self) -> Scalar:
        token = self._take()
        if token.word in {"TRUE", "FALSE"}:
            return Literal(token.word == "TRUE")
        if not self._takes("("):
            return Property(token.text)
        match token.word:
            case "CASEI":
                made: Scalar = CaseI(self._nested())
            case "DATE":
                made = Literal(day(self._argument(), token.start))
            case "TIMESTAMP":
                made = Literal(instant(self._argument(), token.start))
            case _:
                raise FilterUnsupported(what=token.text[:60])
        self._need(")")
        return made

    def _nested(self) -> Scalar:
        self._depth += 1
        if self._depth > MAX_DEPTH:
            raise FilterTooLarge(what="nesting", limit=MAX_DEPTH)
        made = self._scalar()
        self._depth -= 1
        return made

    def _argument(self) -> str:
        if self._now.kind != "text":
            self._refuse("a text in quotes")
        return _unquoted(self._take().text)

    # --- space

    def _relation(self) -> Relation | None:
        token = self._now
        if token.kind != "name" or self._after.text != "(":
            return None
        if token.text.lower() in list(Relation):
            return Relation(token.text.lower())
        if _OTHER_FUNCTIONS.fullmatch(token.text) or token.word.startswith("S_"):
            raise FilterUnsupported(what=token.text[:60])
        return None

    def _spatial(self, relation: Relation) -> Spatial:
        self._take()
        self._need("(")
        left = self._geometry()
        self._need(",")
        right = self._geometry()
        self._need(")")
        return Spatial(relation, left, right)

    def _geometry(self) -> Property | Shape:
        token = self._now
        if token.kind == "quoted" or (token.kind == "name" and token.word not in _WKT | {"BBOX"}):
            made = self._scalar()
            return made if isinstance(made, Property) else self._refuse("a geometry")
        if token.kind != "name":
            self._refuse("a geometry")
        self._take()
        if self._takes("Z"):
            pass  # heights are read and left out
        text = self._balanced()
        return self._bbox(text, token) if token.word == "BBOX" else _wkt(token.word + text)

    def _balanced(self) -> str:
        """Take everything up to the bracket that closes this one, and return it as written."""
        start = self._now.start
        self._need("(")
        depth = 1
        while depth:
            token = self._take()
            if token.kind == "end":
                self._refuse(")")
            depth += {"(": 1, ")": -1}.get(token.text if token.kind == "operator" else "", 0)
        return self._text[start : self._tokens[self._at - 1].end]

    def _bbox(self, text: str, token: Token) -> Shape:
        try:
            values = [float(part) for part in text.strip("() ").split(",")]
        except ValueError:
            values = []
        return checked_box(values, token.start)


def checked_box(values: list[float], position: int = 0) -> Shape:
    """Return a BBOX literal of 4 or 6 numbers as a shape; across the antimeridian it is two boxes."""
    if len(values) not in {4, 6}:
        raise FilterSyntax(position=position, expected="BBOX with 4 or 6 numbers", found=str(len(values)))
    half = len(values) // 2
    west, south, east, north = values[0], values[1], values[half], values[half + 1]
    if not (south <= north):
        raise FilterGeometry(reason="the box's lower edge is above its upper one")
    if west > east:
        return checked_shape(shapely.union(box(west, south, 180.0, north), box(-180.0, south, east, north)))
    if west == east or south == north:
        line = shapely.LineString([(west, south), (east, north)])
        return checked_shape(shapely.Point(west, south) if (west, south) == (east, north) else line)
    return checked_shape(box(west, south, east, north))


def _wkt(text: str) -> Shape:
    try:
        return checked_shape(shapely.from_wkt(text))
    except (ShapelyError, ValueError) as error:
        raise FilterGeometry(reason=str(error)[:120]) from None


def _unquoted(text: str) -> str:
    return re.sub(r"''|\\'", "'", text[1:-1])


def _finite(value: float, token: Token) -> int | float:
    if isinstance(value, float) and value in (float("inf"), float("-inf")):
        raise FilterSyntax(position=token.start, expected="a number of ordinary size", found=token.text[:60])
    return value
