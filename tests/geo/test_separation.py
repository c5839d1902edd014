"""Signed separation: distance outside, the shift that frees the line inside."""

from __future__ import annotations

import math

import numpy as np
import pytest
import shapely
from hypothesis import assume, given
from hypothesis import strategies as st
from shapely.geometry import LineString, MultiLineString, Point, Polygon

from geo.separation import separations

PIT = shapely.box(0, 0, 10, 4)


def one(shape: shapely.Geometry, pit: Polygon = PIT) -> float:
    return float(separations(pit, [shape])[0])


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ([(12, 0), (12, 4)], 2.0),  # beside
        ([(-5, 1), (15, 1)], -1.0),  # along, 1 m from the long side
        ([(5, -5), (5, 9)], -5.0),  # across the middle: 5 m to either short side
        ([(0.3, -5), (0.3, 9)], -0.3),  # across near one end
        ([(5, -5), (5, 0.2)], -0.2),  # a dead end that just reaches in
        ([(5, 1), (5, 3)], -3.0),  # wholly inside: lengthwise out is shorter than sideways
        ([(-5, 0), (15, 0)], 0.0),  # on the edge
        ([(5, -5), (5, 0)], 0.0),  # touching with its end
        ([(-5, -5), (0, 0)], 0.0),  # touching a corner
    ],
)
def test_lines(line: list[tuple[float, float]], expected: float) -> None:
    assert one(LineString(line)) == pytest.approx(expected, abs=1e-9)


def test_points_and_areas() -> None:
    assert one(Point(5, 1)) == pytest.approx(-1.0)
    assert one(Point(5, 6)) == pytest.approx(2.0)
    assert one(shapely.box(9, 1, 30, 3)) == pytest.approx(-0.5, abs=0.01)


def test_the_deepest_part_counts() -> None:
    both = MultiLineString([[(0.1, -1), (0.1, 5)], [(5, -1), (5, 5)]])
    assert one(both) == pytest.approx(-5.0)


def test_empty_shape_is_unknown_not_near() -> None:
    assert math.isnan(one(LineString()))
    assert separations(PIT, []).shape == (0,)


def test_a_closed_loop_inside_does_not_fail() -> None:
    ring = LineString([(4, 1), (6, 1), (6, 3), (4, 3), (4, 1)])
    assert one(ring) < 0


# Half millimetres off the grid of the pit: a vertex exactly on its edge is a case for the table above.
coordinates = st.tuples(
    st.integers(-15_000, 25_000).map(lambda mm: (mm + 0.5) / 1000),
    st.integers(-15_000, 19_000).map(lambda mm: (mm + 0.5) / 1000),
)
lines = st.lists(coordinates, min_size=2, max_size=6, unique=True).map(LineString)


@given(line=lines)
def test_outside_is_the_plain_distance_and_the_sign_tells_touching(line: LineString) -> None:
    found = one(line)
    if line.intersects(PIT):
        assert found <= 0
    else:
        assert found == pytest.approx(line.distance(PIT))


@given(line=lines, east=st.floats(-5e5, 5e5), north=st.floats(0, 5e6))
def test_translation_changes_nothing(line: LineString, east: float, north: float) -> None:
    moved = shapely.affinity.translate(line, east, north)
    moved_pit = shapely.affinity.translate(PIT, east, north)
    before, after = one(line), one(moved, moved_pit)
    assume(line.is_simple)
    assert after == pytest.approx(before, abs=1e-5)


@given(line=lines, spacing=st.floats(0.3, 3))
def test_more_vertices_change_nothing(line: LineString, spacing: float) -> None:
    assume(line.is_simple)
    dense, dense_pit = shapely.segmentize(line, spacing), shapely.segmentize(PIT, spacing)
    assert one(dense, dense_pit) == pytest.approx(one(line), abs=1e-6)


def test_many_at_once_equal_one_by_one() -> None:
    rng = np.random.default_rng(20260101)
    shapes = [LineString(rng.uniform(-10, 20, (3, 2))) for _ in range(200)]
    together = separations(PIT, shapes)
    assert together.tolist() == [one(shape) for shape in shapes]
