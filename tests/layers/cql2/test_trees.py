"""Any filter is one tree, in text and in JSON; any other text is refused."""

from __future__ import annotations

from contextlib import suppress
from datetime import date

import shapely
from hypothesis import given, settings
from hypothesis import strategies as st

from layers import cql2_json, cql2_text
from layers.cql2 import (
    And,
    Arithmetic,
    Between,
    CaseI,
    Compare,
    Comparison,
    Expr,
    FilterError,
    In,
    IsNull,
    Like,
    Literal,
    Not,
    Or,
    Property,
    Relation,
    Shape,
    Sign,
    Spatial,
)
from tests.layers.cql2.reference import json_of, text_of
from tests.layers.cql2.subject import Subject


def test_json_box_and_geojson(subject: Subject) -> None:
    box = '{"op":"s_intersects","args":[{"property":"geometry"},{"bbox":[7.880,48.452,7.886,48.457]}]}'
    assert cql2_json.parse(box) == cql2_text.parse("S_INTERSECTS(geometry, BBOX(7.880,48.452,7.886,48.457))")


_texts = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\x00\\"), max_size=12)
_values = st.one_of(
    _texts,
    st.integers(-(10**12), 10**12),
    st.floats(allow_nan=False, allow_infinity=False),
    st.booleans(),
    st.dates(min_value=date(1000, 1, 1)),
)
_names = st.text(st.characters(exclude_categories=["Cs", "Cc"]), min_size=1, max_size=10).map(Property)
_numbers = st.one_of(st.integers(-(10**12), 10**12).map(Literal), _names)
_calculated = st.recursive(
    _numbers, lambda inner: st.builds(Arithmetic, st.sampled_from(Sign), inner, inner), max_leaves=6
)
_scalars = st.one_of(_values.map(Literal), _names, _calculated)
_characters = st.one_of(_texts.map(Literal), _names, _names.map(CaseI))
_points = st.tuples(st.floats(-180, 180), st.floats(-89, 89)).map(lambda xy: Shape(shapely.Point(xy)))
_predicates = st.one_of(
    st.builds(Comparison, st.sampled_from(Compare), _scalars, _scalars),
    st.builds(Between, _scalars, _scalars, _scalars),
    st.builds(In, _scalars, st.lists(_scalars, min_size=1, max_size=4).map(tuple)),
    st.builds(IsNull, _scalars),
    st.builds(Like, _characters, _characters),
    st.builds(Spatial, st.sampled_from(Relation), _names, _points),
)
_trees = st.recursive(
    _predicates,
    lambda inner: st.one_of(
        st.builds(And, st.lists(inner, min_size=2, max_size=3).map(tuple)),
        st.builds(Or, st.lists(inner, min_size=2, max_size=3).map(tuple)),
        st.builds(Not, _predicates),
    ),
    max_leaves=8,
)


@settings(max_examples=150, deadline=None)
@given(tree=_trees)
def test_any_tree_survives_text_and_json(tree: Expr) -> None:
    assert cql2_text.parse(text_of(tree)) == tree
    assert cql2_json.parse(json_of(tree)) == tree


_PIECES = [
    "material",
    " = ",
    "'",
    "''",
    "\\'",
    '"',
    "(",
    ")",
    " AND ",
    " OR ",
    " NOT ",
    " BETWEEN ",
    " LIKE ",
    " IN ",
    ",",
    "1",
    "-",
    ".",
    "e",
    "S_INTERSECTS",
    "geometry",
    "POINT",
    "CASEI",
    "DATE",
    "IS NULL",
    "%",
    "^",
    "*",
    " div ",
    ";",
    "--",
    "\x00",
]
_ALPHABET = st.one_of(st.sampled_from(_PIECES), st.text(max_size=3))


@settings(max_examples=300, deadline=None)
@given(said=st.lists(_ALPHABET, max_size=20).map("".join))
def test_any_text_is_read_or_refused(said: str) -> None:
    """Never anything but a tree or a FilterError."""
    for read in (cql2_text.parse, cql2_json.parse):
        with suppress(FilterError):
            read(said)
