"""The join finds exactly the pairs that comparing everything with everything finds."""

from __future__ import annotations

import itertools
import math

import numpy as np
import pytest
import shapely
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from shapely.geometry import LineString

from geo.audit import (
    AuditRefused,
    Lines,
    Near,
    Requirements,
    from_shapes,
    near_lines,
    near_segments,
    requirements,
)
from geo.near_kernels import segment_distance

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


@settings(max_examples=150, deadline=None)
@given(pairs_of_ends, st.integers(0, 2**32 - 1), st.sampled_from([1, 2]))
def test_the_audit_equals_brute_force(ends, seed, threads):
    given_ = prepared(ends, seed)
    assert_same(as_pairs(near_segments(*given_, RULES, threads)), brute(*given_, RULES))


@settings(max_examples=60, deadline=None)
@given(pairs_of_ends, st.integers(0, 2**32 - 1), st.integers(-(2**20), 2**20), st.integers(0, 2**22))
def test_moving_the_city_changes_nothing(ends, seed, east, north):
    segments, classes, top, bottom = prepared(ends, seed)
    moved = segments + np.array([east, north, east, north], dtype=np.float64)
    here = as_pairs(near_segments(segments, classes, top, bottom, RULES))
    assert as_pairs(near_segments(moved, classes, top, bottom, RULES)) == here


@settings(max_examples=60, deadline=None)
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


@settings(max_examples=150, deadline=None)
@given(place, place, place, place)
def test_the_distance_of_two_segments_is_that_of_geos(a, b, c, d):
    ours = segment_distance(np.array([[*a, *b], [*c, *d]]), 0, 1)
    assert max(ours, 0.0) == pytest.approx(LineString([a, b]).distance(LineString([c, d])), abs=1e-9)
    assert ours >= 0 or LineString([a, b]).crosses(LineString([c, d]))


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


# --- whole lines

vertices = st.lists(place, min_size=2, max_size=5)
drawn_lines = st.lists(vertices, max_size=12)


def whole(drawn: list, seed: int) -> tuple[Lines, list[LineString]]:
    """Lines of several vertices, with random classes, depths and radii."""
    random = np.random.default_rng(seed)
    shapes = [LineString(line) for line in drawn]
    held = np.empty(len(shapes), dtype=object)
    held[:] = shapes
    count = len(shapes)
    top = random.integers(0, 4, count) / 4
    top[random.random(count) < 0.2] = -math.inf
    bottom = np.where(np.isinf(top), math.inf, top + 0.25)
    kinds, radius = random.integers(0, 3, count).astype(np.int32), random.choice([0.0, 0.125, 0.5], count)
    return from_shapes(held, kinds, top, bottom, radius), shapes


def brute_lines(
    lines: Lines, shapes: list[LineString], rules: Requirements, slack_m: float = -1e-9
) -> list[Pair]:
    """Every pair, by GEOS, whose last digit may differ from ours: hence the slack."""
    found = []
    for i, j in itertools.combinations(range(len(shapes)), 2):
        a, b = lines.classes[i], lines.classes[j]
        required = rules.horizontal_m[a, b]
        allowed = required + lines.radius_m[i] + lines.radius_m[j] if required > 0 else 0.0
        gap = max(lines.top_m[i] - lines.bottom_m[j], lines.top_m[j] - lines.bottom_m[i], 0.0)
        apart = shapes[i].distance(shapes[j])
        if apart < allowed + slack_m and gap < rules.vertical_m[a, b]:
            found.append((i, j, apart))
    return found


def pairs_of(near: Near) -> list[Pair]:
    return list(zip(near.a.tolist(), near.b.tolist(), near.apart_m.tolist(), strict=True))


@settings(max_examples=150, deadline=None)
@given(drawn_lines, st.integers(0, 2**32 - 1), st.sampled_from([1, 2]))
def test_whole_lines_with_radius_and_depth_equal_brute_force(drawn, seed, threads):
    lines, shapes = whole(drawn, seed)
    near = near_lines(lines, RULES, threads)
    truth = brute_lines(lines, shapes, RULES)
    assume({(i, j) for i, j, _ in truth} == {(i, j) for i, j, _ in brute_lines(lines, shapes, RULES, 1e-9)})
    assert_same(pairs_of(near), truth)
    for i, j, a, b, d in zip(near.segment_a, near.segment_b, near.a, near.b, near.apart_m, strict=True):
        assert lines.first[a] <= i < lines.first[a + 1]
        assert lines.first[b] <= j < lines.first[b + 1]
        assert max(segment_distance(lines.segments, i, j), 0.0) == d


@settings(max_examples=60, deadline=None)
@given(drawn_lines, st.integers(0, 2**32 - 1), st.sampled_from([0.25, 1.0, 7.0]))
def test_widening_a_rule_removes_no_pair(drawn, seed, wider):
    lines, _ = whole(drawn, seed)
    ruled = RULES.horizontal_m > 0
    more = Requirements(RULES.horizontal_m + np.where(ruled, wider, 0.0), RULES.vertical_m + wider)
    kept = {(i, j): d for i, j, d in pairs_of(near_lines(lines, more))}
    for i, j, d in pairs_of(near_lines(lines, RULES)):
        assert kept[i, j] == d


@settings(max_examples=60, deadline=None)
@given(drawn_lines, st.integers(0, 2**32 - 1))
def test_a_vertex_more_on_a_line_changes_nothing(drawn, seed):
    """A vertex in the middle of a segment, where the lattice makes the middle exact."""
    lines, _ = whole(drawn, seed)
    cut = [[p for a, b in itertools.pairwise(line) for p in (a, middle(a, b))] + [line[-1]] for line in drawn]
    again, _ = whole(cut, seed)
    assert_same(pairs_of(near_lines(again, RULES)), pairs_of(near_lines(lines, RULES)))


def middle(a: tuple[float, float], b: tuple[float, float]) -> tuple[float, float]:
    return (a[0] + b[0]) / 2, (a[1] + b[1]) / 2


@settings(max_examples=60, deadline=None)
@given(drawn_lines, st.integers(0, 2**32 - 1), st.integers(-(2**20), 2**20), st.integers(0, 2**22))
def test_a_pair_is_the_same_to_the_last_digit_wherever_it_is_looked_for(drawn, seed, east, north):
    """What else is there, in what order, in how many threads and how far from the origin does not matter."""
    lines, _ = whole(drawn, seed)
    shift = np.array([east, north, east, north], dtype=np.float64)
    moved = Lines(
        lines.segments + shift, lines.first, lines.classes, lines.top_m, lines.bottom_m, lines.radius_m
    )
    here = near_lines(lines, RULES)
    for there in (near_lines(moved, RULES), near_lines(moved, RULES, 2)):
        for name in ("a", "b", "apart_m", "segment_a", "segment_b"):
            assert getattr(there, name).tolist() == getattr(here, name).tolist()


@pytest.mark.parametrize("seed", [3, 4])
def test_arcs_made_of_many_short_segments_equal_brute_force(seed):
    """Curved mains as delivered: an arc is hundreds of chords, and two of them run beside each other."""
    print("seed", seed)
    random = np.random.default_rng(seed)
    shapes = []
    for _ in range(24):
        x, y, r, turn = *random.uniform(0, 60, 2), random.uniform(4, 25), random.uniform(0, 2 * math.pi)
        at = turn + np.linspace(0, random.uniform(0.5, 4), 200)
        shapes.append(LineString(np.column_stack([x + r * np.cos(at), y + r * np.sin(at)])))
    shapes += shapes[:3] + [LineString([(5, 5), (5, 5)])]  # delivered twice; of no length
    held = np.array(shapes, dtype=object)
    count = len(shapes)
    top = random.uniform(0.4, 1.6, count)
    lines = from_shapes(
        held, random.integers(0, 3, count).astype(np.int32), top, top + 0.2, np.full(count, 0.1)
    )
    truth = brute_lines(lines, shapes, RULES)
    assert truth
    for threads in (1, 2):
        assert_same(pairs_of(near_lines(lines, RULES, threads)), truth)


# --- situations


def lines(*shapes: LineString, classes: tuple[int, ...], radius_m: float = 0.0) -> Lines:
    count = len(shapes)
    held = np.empty(count, dtype=object)
    held[:] = shapes
    blank = np.full(count, math.inf)
    return from_shapes(held, np.array(classes, dtype=np.int32), -blank, blank, np.full(count, radius_m))


TWO = requirements(["gas", "power"], lambda a, b: (1.0, math.inf) if a != b else None)


def test_crossing_touching_and_equal_lines_have_no_distance():
    across = LineString([(0, 0), (10, 0)])
    for other in (
        LineString([(5, -5), (5, 5)]),
        LineString([(10, 0), (10, 5)]),
        across,
        LineString([(4, 0), (20, 0)]),
    ):
        assert near_lines(lines(across, other, classes=(0, 1)), TWO).apart_m.tolist() == [0.0]


def test_a_zero_length_line_is_a_point():
    point, across = LineString([(5, 0.5), (5, 0.5)]), LineString([(0, 0), (10, 0)])
    assert near_lines(lines(point, across, classes=(0, 1)), TWO).apart_m.tolist() == [0.5]


def test_a_distance_that_just_equals_the_rule_keeps_it():
    beside = LineString([(0, 0), (9, 0)]), LineString([(0, 1), (9, 1)])
    assert len(near_lines(lines(*beside, classes=(0, 1)), TWO)) == 0
    assert len(near_lines(lines(*beside, classes=(0, 1), radius_m=0.01), TWO)) == 1


def test_one_network_is_not_held_against_itself():
    beside = LineString([(0, 0), (9, 0)]), LineString([(0, 0.1), (9, 0.1)])
    assert len(near_lines(lines(*beside, classes=(0, 0)), TWO)) == 0


def test_many_segments_of_two_lines_are_one_pair_at_its_closest():
    bent = LineString([(0, 0.9), (5, 0.3), (10, 0.9)])
    near = near_lines(lines(LineString([(0, 0), (4, 0), (10, 0)]), bent, classes=(0, 1)), TWO)
    assert (near.a.tolist(), near.b.tolist()) == ([0], [1])
    assert near.apart_m[0] == pytest.approx(0.3)


def test_multi_part_lines_are_one_line():
    parts = shapely.MultiLineString([[(0, 0.5), (1, 0.5)], [(5, 0.2), (6, 0.2)]])
    near = near_lines(lines(LineString([(0, 0), (9, 0)]), parts, classes=(0, 1)), TWO)
    assert near.apart_m.tolist() == pytest.approx([0.2])


def test_nothing_to_audit():
    assert len(near_lines(lines(classes=()), TWO)) == 0


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
        near_lines(lines(shape, classes=classes), TWO)
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
