"""The audit finds exactly the pairs that comparing everything with everything finds, and ranks them."""

from __future__ import annotations

import itertools
import math

import numpy as np
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st
from shapely.geometry import LineString

from geo.audit import AuditedLines, AuditRefused, Requirements, as_lines, audit, near_segments, requirements
from geo.kernels import segment_distance
from geo.quality import probability_below, standard_deviation

# A quarter-metre lattice: distances that equal a rule exactly, crossings, touches, copies, points occur.
# Steps of 1/1024 m are exact in binary, also far from the origin.
lattice = st.integers(0, 40).map(lambda n: n / 4)
fine = st.integers(0, 10_240).map(lambda n: n / 1024)
place = st.one_of(st.tuples(lattice, lattice), st.tuples(fine, fine))
pairs_of_ends = st.lists(st.tuples(place, place), max_size=25)
RULES = Requirements(
    np.array([[0.0, 0.5, 1.25], [0.5, 0.25, 0.0], [1.25, 0.0, 0.0]]),
    np.array([[0.0, 0.5, math.inf], [0.5, math.inf, 0.0], [math.inf, 0.0, 0.0]]),
)
Pair = tuple[int, int, float]


def brute(
    segments: np.ndarray, classes: np.ndarray, top: np.ndarray, bottom: np.ndarray, rules: Requirements
) -> list[Pair]:
    """Every pair, by GEOS, one at a time, straight from the definition."""
    found = []
    shapes = [LineString(s.reshape(2, 2)) for s in segments]
    for i, j in itertools.combinations(range(len(shapes)), 2):
        apart = shapes[i].distance(shapes[j])
        gap = max(top[i] - bottom[j], top[j] - bottom[i], 0.0)
        if (
            apart < rules.horizontal_m[classes[i], classes[j]]
            and gap < rules.vertical_m[classes[i], classes[j]]
        ):
            found.append((i, j, apart))
    return found


def as_pairs(found: tuple[np.ndarray, np.ndarray, np.ndarray]) -> list[Pair]:
    return list(zip(*(column.tolist() for column in found), strict=True))


def assert_same(ours: list[Pair], truth: list[Pair]) -> None:
    assert [(i, j) for i, j, _ in ours] == [(i, j) for i, j, _ in truth]
    assert [d for *_, d in ours] == pytest.approx([d for *_, d in truth], abs=1e-9)


def prepared(ends: list, seed: int) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    random = np.random.default_rng(seed)
    segments = np.array(ends, dtype=np.float64).reshape(-1, 4)
    top = random.integers(0, 4, len(segments)) / 4
    top[random.random(len(segments)) < 0.2] = -math.inf
    bottom = np.where(np.isinf(top), math.inf, top + 0.25)
    return segments, random.integers(0, 3, len(segments)).astype(np.int32), top, bottom


@settings(max_examples=300, deadline=None)
@given(pairs_of_ends, st.integers(0, 2**32 - 1), st.sampled_from([1, 2]))
def test_the_audit_equals_brute_force(ends, seed, threads):
    given_ = prepared(ends, seed)
    assert_same(as_pairs(near_segments(*given_, RULES, threads)), brute(*given_, RULES))


@settings(max_examples=100, deadline=None)
@given(pairs_of_ends, st.integers(0, 2**32 - 1), st.integers(-(2**20), 2**20), st.integers(0, 2**22))
def test_moving_the_city_changes_nothing(ends, seed, east, north):
    segments, classes, top, bottom = prepared(ends, seed)
    moved = segments + np.array([east, north, east, north], dtype=np.float64)
    here = as_pairs(near_segments(segments, classes, top, bottom, RULES))
    assert as_pairs(near_segments(moved, classes, top, bottom, RULES)) == here


@settings(max_examples=100, deadline=None)
@given(pairs_of_ends, st.integers(0, 2**32 - 1))
def test_the_order_of_lines_and_the_direction_of_drawing_change_nothing(ends, seed):
    segments, classes, top, bottom = prepared(ends, seed)
    order = np.random.default_rng(seed).permutation(len(segments))
    turned = segments[:, [2, 3, 0, 1]]
    here = {
        frozenset((i, j)): d for i, j, d in as_pairs(near_segments(segments, classes, top, bottom, RULES))
    }
    there = as_pairs(near_segments(turned[order], classes[order], top[order], bottom[order], RULES))
    again = {frozenset((int(order[i]), int(order[j]))): d for i, j, d in there}
    assert again.keys() == here.keys()
    assert all(again[pair] == pytest.approx(here[pair], abs=1e-9) for pair in here)


@settings(max_examples=300, deadline=None)
@given(place, place, place, place)
def test_the_distance_of_two_segments_is_that_of_geos(a, b, c, d):
    ours = segment_distance(np.array([*a, *b]), np.array([*c, *d]))
    assert ours == pytest.approx(LineString([a, b]).distance(LineString([c, d])), abs=1e-9)


@pytest.mark.parametrize("seed", [1, 2])
def test_a_city_block_equals_brute_force(seed):
    """Longer and shorter lines than the grid's cells, one across the whole block, at real coordinates."""
    print("seed", seed)
    random = np.random.default_rng(seed)
    start = random.uniform(0, 120, (250, 2))
    angle, length = random.uniform(0, 2 * math.pi, 250), random.exponential(8, 250)
    ends = start + np.column_stack([np.cos(angle), np.sin(angle)]) * length[:, None]
    segments = np.hstack([start, ends])
    segments[0] = [0, 0, 130, 90]
    segments[1] = [-3000, 7, 4000, 7.5]
    segments += np.array([412_000, 5_370_000] * 2)
    top = random.uniform(0.4, 1.6, 250)
    given_ = segments, random.integers(0, 3, 250).astype(np.int32), top, top + 0.2
    truth = brute(*given_, RULES)
    assert truth
    for threads in (1, 2):
        assert_same(as_pairs(near_segments(*given_, RULES, threads)), truth)


# --- situations -------------------------------------------------------------------------------------------


def lines(*shapes: LineString, classes: tuple[int, ...], half_width_m: float = 0.0) -> AuditedLines:
    count = len(shapes)
    return AuditedLines(
        [f"L{k}" for k in range(count)],
        as_lines(shapes),
        np.array(classes, dtype=np.int32),
        np.full(count, -math.inf),
        np.full(count, math.inf),
        np.full(count, half_width_m),
    )


TWO = requirements(["gas", "power"], lambda a, b: (1.0, math.inf) if a != b else None)


def test_crossing_touching_and_equal_lines_have_no_distance():
    across = LineString([(0, 0), (10, 0)])
    for other in (
        LineString([(5, -5), (5, 5)]),
        LineString([(10, 0), (10, 5)]),
        across,
        LineString([(4, 0), (20, 0)]),
    ):
        assert audit(lines(across, other, classes=(0, 1)), TWO).separation_m.tolist() == [0.0]


def test_a_zero_length_line_is_a_point():
    found = audit(lines(LineString([(5, 0.5), (5, 0.5)]), LineString([(0, 0), (10, 0)]), classes=(0, 1)), TWO)
    assert found.separation_m.tolist() == [0.5]


def test_a_distance_that_just_equals_the_rule_keeps_it():
    assert (
        len(audit(lines(LineString([(0, 0), (9, 0)]), LineString([(0, 1), (9, 1)]), classes=(0, 1)), TWO))
        == 0
    )


def test_one_network_is_not_held_against_itself():
    assert (
        len(audit(lines(LineString([(0, 0), (9, 0)]), LineString([(0, 0.1), (9, 0.1)]), classes=(0, 0)), TWO))
        == 0
    )


def test_many_segments_of_two_lines_are_one_pair_at_its_closest():
    bent = LineString([(0, 0.9), (5, 0.3), (10, 0.9)])
    found = audit(lines(LineString([(0, 0), (4, 0), (10, 0)]), bent, classes=(0, 1)), TWO)
    assert (found.a.tolist(), found.b.tolist()) == ([0], [1])
    assert found.separation_m[0] == pytest.approx(0.3)
    (worst,) = found.top(5)
    assert (worst.a, worst.b, worst.required_m) == ("L0", "L1", 1.0)
    assert worst.shortfall_m == pytest.approx(0.7)
    assert (worst.x, worst.y) == pytest.approx((5, 0.15))


def test_a_vertical_gap_excuses_only_where_the_rule_knows_one():
    across = lines(LineString([(0, 0), (9, 0)]), LineString([(5, -5), (5, 5)]), classes=(0, 1))
    deep = AuditedLines(
        across.ids,
        across.shapes,
        across.classes,
        np.array([0.5, 1.5]),
        np.array([0.7, 1.7]),
        across.half_width_m,
    )
    rules = requirements(["gas", "power"], lambda a, b: (1.0, 0.3) if a != b else None)
    assert len(audit(deep, rules)) == 0
    assert len(audit(across, rules)) == 1  # unknown depths excuse nothing
    assert len(audit(deep, TWO)) == 1


def test_the_surest_and_widest_shortfall_comes_first():
    near, far = LineString([(0, 0.2), (9, 0.2)]), LineString([(0, -0.8), (9, -0.8)])
    drawn = lines(LineString([(0, 0), (9, 0)]), far, near, classes=(0, 1, 1), half_width_m=0.5)
    found = audit(drawn, TWO)
    assert found.b.tolist() == [2, 1]
    sd = standard_deviation(0.5, 0.5)
    assert found.p_violation.tolist() == pytest.approx([probability_below(1.0, d, sd) for d in (0.2, 0.8)])


def test_multi_part_lines_are_one_line():
    parts = shapely.MultiLineString([[(0, 0.5), (1, 0.5)], [(5, 0.2), (6, 0.2)]])
    shapes = as_lines([LineString([(0, 0), (9, 0)]), parts])
    blank = lines(*shapes[:1], shapes[0], classes=(0, 1))
    found = audit(
        AuditedLines(blank.ids, shapes, blank.classes, blank.top_m, blank.bottom_m, blank.half_width_m), TWO
    )
    assert found.separation_m.tolist() == pytest.approx([0.2])


def test_nothing_to_audit():
    assert len(audit(lines(classes=()), TWO)) == 0


@pytest.mark.parametrize(
    ("shape", "classes", "what"),
    [
        (LineString([(0, 0), (math.inf, 1)]), (0,), "coordinates"),
        (shapely.Point(0, 0).buffer(1), (0,), "shapes"),
        (LineString([(0, 0), (1, 1)]), (2,), "classes"),
        (LineString([(0, 0), (1, 1)]), (-1,), "classes"),
    ],
)
def test_misfits_are_refused(shape, classes, what):
    with pytest.raises(AuditRefused) as refused:
        audit(lines(shape, classes=classes), TWO)
    assert refused.value.params["what"] == what


@pytest.mark.parametrize(
    ("horizontal", "what"),
    [([[0, 1], [2, 0]], "matrix-symmetry"), ([[0, 1]], "matrix-shape"), ([[math.inf]], "matrix-finite")],
)
def test_rules_that_contradict_themselves_are_refused(horizontal, what):
    matrix = np.array(horizontal, dtype=np.float64)
    with pytest.raises(AuditRefused) as refused:
        Requirements(matrix, matrix)
    assert refused.value.params["what"] == what
