"""Polygon intake: what is taken, what is refused, and where the fault is said to lie (T23)."""

from __future__ import annotations

import math

import numpy as np
import pytest
import shapely
from hypothesis import given
from hypothesis import strategies as st
from shapely.geometry import Polygon, box, mapping

from geo.errors import (
    EmptyShape,
    NotFinite,
    NotPolygon,
    SelfCrossing,
    ShapeUnreadable,
    TooLarge,
    TooManyVertices,
    TooSmall,
)
from geo.shapes import check_area, checked_polygon, looks_like_degrees

SQUARE = [[0, 0], [4, 0], [4, 4], [0, 4], [0, 0]]


def polygon(*rings: list[list[float]]) -> dict[str, object]:
    return {"type": "Polygon", "coordinates": list(rings)}


def _spoil_third(points: np.ndarray) -> np.ndarray:
    points[2, 0] = math.nan
    return points


def test_plain_square_is_taken_counter_clockwise() -> None:
    taken = checked_polygon(polygon(SQUARE[::-1]))
    assert taken.area == 16
    assert taken.exterior.is_ccw


def test_t23_bow_tie_is_refused_where_it_crosses() -> None:
    with pytest.raises(SelfCrossing) as refusal:
        checked_polygon(polygon([[0, 0], [4, 4], [4, 0], [0, 4], [0, 0]]))
    assert (refusal.value.params["x"], refusal.value.params["y"]) == (2.0, 2.0)
    assert refusal.value.code == "shape-self-crossing"


def test_hole_outside_its_shell_is_refused() -> None:
    with pytest.raises(SelfCrossing):
        checked_polygon(polygon(SQUARE, [[8, 8], [9, 8], [9, 9], [8, 9], [8, 8]]))


def test_repeated_vertices_are_dropped_silently() -> None:
    doubled = [point for point in SQUARE[:-1] for _ in range(3)] + [SQUARE[0]]
    taken = checked_polygon(polygon(doubled))
    assert taken.area == 16
    assert len(taken.exterior.coords) == 5


def test_third_coordinate_is_dropped() -> None:
    taken = checked_polygon(polygon([[x, y, 7.5] for x, y in SQUARE]))
    assert not taken.has_z
    assert taken.area == 16


def test_feature_and_single_multipolygon_are_taken() -> None:
    feature = {"type": "Feature", "properties": {}, "geometry": polygon(SQUARE)}
    assert checked_polygon(feature).area == 16
    assert checked_polygon({"type": "MultiPolygon", "coordinates": [[SQUARE]]}).area == 16


@pytest.mark.parametrize(
    "given_shape",
    [
        {"type": "Point", "coordinates": [1, 2]},
        {"type": "LineString", "coordinates": [[0, 0], [1, 1]]},
        {"type": "GeometryCollection", "geometries": []},
        {"type": "MultiPolygon", "coordinates": [[SQUARE], [[[x + 9, y] for x, y in SQUARE]]]},
    ],
)
def test_other_types_are_refused(given_shape: dict[str, object]) -> None:
    with pytest.raises(NotPolygon):
        checked_polygon(given_shape)


@pytest.mark.parametrize(
    "given_shape",
    [
        {},
        {"type": "Polygon"},
        {"type": "Polygon", "coordinates": None},
        {"type": "Polygon", "coordinates": "0 0, 1 1"},
        {"type": "Polygon", "coordinates": [[["0", "0"], ["4", "0"], ["4", "4"], ["0", "0"]]]},
        {"type": "Polygon", "coordinates": [[[0, 0], [4, True], [4, 4], [0, 0]]]},
        {"type": "Polygon", "coordinates": [[[0, 0], [4], [4, 4], [0, 0]]]},
        {"type": "Polygon", "coordinates": [0, 0, 4, 4]},
        {"type": "Polygon", "coordinates": [[[[[[0]]]]]]},
        {"type": 7, "coordinates": []},
        {"type": "Feature", "geometry": None},
    ],
)
def test_unreadable_is_refused(given_shape: dict[str, object]) -> None:
    with pytest.raises(ShapeUnreadable):
        checked_polygon(given_shape)


@pytest.mark.parametrize("bad", [math.nan, math.inf, -math.inf, 10**400])
def test_not_finite_is_refused(bad: float) -> None:
    with pytest.raises(NotFinite):
        checked_polygon(polygon([[0, 0], [bad, 0], [4, 4], [0, 0]]))


def test_not_finite_in_a_shapely_polygon_is_located() -> None:
    with pytest.raises(NotFinite) as refusal:
        checked_polygon(shapely.transform(shapely.box(0, 0, 4, 4), _spoil_third))
    assert refusal.value.params["index"] == 2


@pytest.mark.parametrize(
    "ring",
    [
        [],
        [[0, 0], [4, 0], [0, 0]],
        [[0, 0], [4, 0], [4, 0], [0, 0]],
        [[1, 1], [1, 1], [1, 1], [1, 1]],
        [[0, 0], [4, 4], [2, 2], [0, 0]],
    ],
)
def test_without_area_is_refused(ring: list[list[float]]) -> None:
    with pytest.raises((EmptyShape, ShapeUnreadable)):
        checked_polygon(polygon(ring) if ring else {"type": "Polygon", "coordinates": []})


def test_too_large_is_refused_only_where_square_metres_are_meant() -> None:
    assert checked_polygon(polygon(SQUARE)).area == 16
    with pytest.raises(TooLarge) as refusal:
        checked_polygon(polygon(SQUARE), limit_m2=15.9)
    assert refusal.value.params == {"area": 16.0, "limit": 15.9, "hint": "split-the-works"}


def test_too_many_vertices_are_refused() -> None:
    circle = shapely.Point(0, 0).buffer(10, quad_segs=100)
    assert checked_polygon(circle).area == pytest.approx(circle.area)
    with pytest.raises(TooManyVertices):
        checked_polygon(circle, max_vertices=100)


def test_looks_like_degrees() -> None:
    assert looks_like_degrees((48.6, 31.3, 48.7, 31.4))
    assert not looks_like_degrees((278000, 3467000, 278100, 3467100))


@given(
    centre=st.tuples(st.floats(-1e6, 1e6), st.floats(-1e6, 1e6)),
    radii=st.lists(st.floats(0.5, 50), min_size=3, max_size=30),
)
def test_every_star_shaped_outline_survives_the_round_trip(
    centre: tuple[float, float], radii: list[float]
) -> None:
    """A polygon drawn once around a point never crosses itself: intake must take it and keep its area."""
    turns = [2 * math.pi * i / len(radii) for i in range(len(radii))]
    points = [
        (centre[0] + r * math.cos(a), centre[1] + r * math.sin(a)) for r, a in zip(radii, turns, strict=True)
    ]
    drawn = Polygon(points)
    taken = checked_polygon(mapping(drawn))
    assert taken.area == pytest.approx(drawn.area)
    assert taken.is_valid


def test_a_speck_is_no_works() -> None:
    check_area(box(0, 0, 0.1, 0.1 + 1e-9))
    with pytest.raises(TooSmall):
        check_area(box(0, 0, 0.1, 0.05))
