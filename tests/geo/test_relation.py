"""Beside or across: the angle between the works and a line (A13)."""

from __future__ import annotations

import pytest
import shapely
from hypothesis import assume, given
from hypothesis import strategies as st
from shapely.geometry import LineString
from shapely.geometry.base import BaseGeometry

from geo.relation import Lie, lie
from geo.vocabulary import Relation

TRENCH = shapely.box(0, 0, 20, 1)
SQUARE = shapely.box(0, 0, 6, 6)
AXIS = LineString([(0, 0), (20, 0)])


def told(works: BaseGeometry, *points: tuple[float, float]) -> Lie:
    found = lie(works, LineString(points))
    assert found is not None
    return found


@pytest.mark.parametrize(
    ("works", "points", "relation", "angle"),
    [
        (TRENCH, [(0, 3), (20, 3)], Relation.PARALLEL, 0.0),
        (TRENCH, [(0, 0.5), (20, 0.5)], Relation.PARALLEL, 0.0),
        (TRENCH, [(5, -9), (5, 9)], Relation.CROSSING, 90.0),
        (TRENCH, [(0, -5), (10, 5)], Relation.OBLIQUE, 45.0),
        (TRENCH, [(5, 2), (5, 9)], Relation.OBLIQUE, 90.0),  # ends before it: across only if it goes on
        (SQUARE, [(-5, 8), (12, 8)], Relation.PARALLEL, 0.0),
        (SQUARE, [(-5, 3), (12, 3)], Relation.OBLIQUE, None),  # through a pit nothing is "along"
        (AXIS, [(5, -9), (5, 9)], Relation.CROSSING, 90.0),
        (AXIS, [(0, 1), (20, 1)], Relation.PARALLEL, 0.0),
        (AXIS, [(0, -1), (20, 1)], Relation.PARALLEL, 5.7),  # crosses at so small an angle that it runs along
    ],
)
def test_relations(
    works: BaseGeometry, points: list[tuple[float, float]], relation: Relation, angle: float | None
) -> None:
    found = told(works, *points)
    assert found.relation is relation
    assert found.angle_deg == (None if angle is None else pytest.approx(angle, abs=0.1))


def test_what_has_no_direction_has_no_relation() -> None:
    assert lie(TRENCH, LineString()) is None
    assert lie(TRENCH, LineString([(3, 3), (3, 3)])) is None
    ring = LineString([(40, 2), (41, 2), (41, 3), (40, 3), (40, 2)])
    assert told(TRENCH, *ring.coords).relation in set(Relation)


coordinates = st.tuples(st.integers(-150, 250), st.integers(-150, 190)).map(
    lambda xy: (xy[0] / 10 + 0.05, xy[1] / 10 + 0.05)
)
straight = st.lists(coordinates, min_size=2, max_size=2, unique=True).map(LineString)


@given(line=straight, east=st.floats(-5e5, 5e5), north=st.floats(0, 5e6), spacing=st.floats(0.3, 3))
def test_place_direction_of_drawing_and_vertices_are_irrelevant(
    line: LineString, east: float, north: float, spacing: float
) -> None:
    assume(line.length > 0.5)
    before = lie(TRENCH, line)
    assert before is not None
    moved = shapely.affinity.translate(line, east, north)
    for works, other in (
        (shapely.affinity.translate(TRENCH, east, north), moved),
        (TRENCH, shapely.reverse(line)),
        (shapely.segmentize(TRENCH, spacing), shapely.segmentize(line, spacing)),
    ):
        after = lie(works, other)
        assert after is not None
        assert after.angle_deg == pytest.approx(before.angle_deg, abs=0.2)
