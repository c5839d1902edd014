"""The survey list by rule pack: every pair judged as one would by hand, in the order that its severity gives."""

from __future__ import annotations

import itertools
import math
from datetime import date
from pathlib import Path

import numpy as np
import pytest
import shapely
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from shapely.geometry import LineString

from geo.audit import from_shapes
from geo.packs import load_pack
from geo.placed import GUESSED_COVER, ORDINARY_RADIUS_M
from geo.quality import UNKNOWN_VERTICAL_M, accuracy, probability_below, standard_deviation
from geo.rules import ClearanceRule, Party, RulePack, RuleStatus, Subject
from geo.survey import TOUCH_M, Group, Pairs, SurveyLines, connections, ranks, reach_m, survey, unruled
from geo.vocabulary import Kind, Relation

PACKS = Path(__file__).resolve().parents[2] / "cities" / "packs"
NAN = math.nan


def rule(rule_id: str, a: str, b: str, h: float | None, v: float | None, relation: Relation | None = None):
    sides = [Party(Kind(text.split(":")[0]), (text.split(":") + ["*"])[1]) for text in (a, b)]
    return ClearanceRule(
        rule_id, *sides, h, v, "test", "1", date(2026, 1, 1), RuleStatus.UNCONFIRMED, relation=relation
    )


PACK = RulePack("test", "test", (
    rule("t-1", "gas:MP", "electricity", 1.0, 0.5),
    rule("t-2", "gas:LP", "electricity", 0.5, None),
    rule("t-3", "gas", "electricity", 0.75, 0.3),
    rule("t-4", "water", "sewer", 1.5, None),
    rule("t-5", "water", "gas", 0.4, 0.2),
    rule("t-6", "any", "any", None, 0.2),
    rule("t-7", "telecom", "electricity", 0.3, 0.3, Relation.PARALLEL),
    rule("t-8", "telecom", "electricity", None, 0.1, Relation.CROSSING),
))  # fmt: skip

GROUPS = (
    Group("gas", "gas", "gas", "main", "MP", "surveyed", "A"),
    Group("gas", "gas", "gas", "service", None, "design", "D"),
    Group("gas2", "other", "gas", "main", "LP", "unknown", None),
    Group("lv", "power", "electricity", "feeder", "LV", "surveyed", "B"),
    Group("water", "water", "water", "main", None, "standard", "C"),
    Group("sewer", "water", "sewer", "main", "gravity", "surveyed", "A"),
    Group("tele", "tele", "telecom", "main", None, "surveyed", "B"),
    Group("odd", "odd", "pneumatic", "main", None, "surveyed", "A"),
)

lattice = st.integers(0, 60).map(lambda n: n / 8)
drawn_lines = st.lists(st.lists(st.tuples(lattice, lattice), min_size=2, max_size=4), max_size=10)


def made(shapes: list[LineString], groups: list[int], **told: list[float]) -> SurveyLines:
    held = np.empty(len(shapes), dtype=object)
    held[:] = shapes
    blank = np.zeros(len(shapes))
    cut = from_shapes(held, np.zeros(len(shapes), dtype=np.int32), blank, blank, blank)
    numbers = {
        name: np.array(told.get(name, [NAN] * len(shapes)), dtype=np.float64)
        for name in ("cover_m", "radius_m", "horizontal_m", "vertical_m")
    }
    return SurveyLines(
        np.arange(100, 100 + len(shapes)), cut.segments, cut.first, np.array(groups, dtype=np.int32), GROUPS,
        **numbers,
    )  # fmt: skip


def random_lines(drawn: list, seed: int) -> tuple[SurveyLines, list[LineString]]:
    random = np.random.default_rng(seed)
    shapes, count = [LineString(line) for line in drawn], len(drawn)

    def some(values: list[float]) -> list[float]:
        return random.choice([*values, NAN], count).tolist()

    told = {
        "cover_m": some([0.0, 0.5, 0.75, 1.2, -1.0]), "radius_m": some([0.05, 0.1, 9.0]),
        "horizontal_m": some([0.1, 1.0, 0.0]), "vertical_m": some([0.1, 0.3]),
    }  # fmt: skip
    return made(shapes, random.integers(0, len(GROUPS), count).tolist(), **told), shapes


def by_hand(
    lines: SurveyLines, shapes: list[LineString], pack: RulePack
) -> dict[tuple[int, int], tuple[str, float]]:
    """The pairs that break a rule as measured, with the rule and the probability: one by one, from the words."""
    facts = [_facts(lines, k) for k in range(len(shapes))]
    found = {}
    for i, j in itertools.combinations(range(len(shapes)), 2):
        one, other = (GROUPS[lines.group[k]] for k in (i, j))
        if one.kind is None or other.kind is None or (one.kind, one.owner) == (other.kind, other.owner):
            continue
        (r1, w1, d1), (r2, w2, d2) = facts[i], facts[j]
        sep_h = shapes[i].distance(shapes[j]) - (r1 + r2)
        crossing = crosses(shapes[i], shapes[j])
        covers = [lines.cover_m[k] if lines.cover_m[k] >= 0 else NAN for k in (i, j)]
        # From the bottom of the upper line to the top of the lower: exactly as far as asked is far enough.
        sep_v = max(covers[0] - (covers[1] + 2 * r2), covers[1] - (covers[0] + 2 * r1))
        subjects = [Subject.of(group.kind, (group.class_code, group.role)) for group in (one, other)]
        outcomes = []
        for each in pack.applicable(*subjects, Relation.CROSSING if crossing else None):
            asked = max(each.horizontal_m or 0.0, TOUCH_M)
            assume(abs(sep_h - asked) > 1e-9)
            if sep_h >= asked or (each.vertical_m is not None and sep_v >= each.vertical_m):
                continue
            p = (
                1.0
                if crossing
                else probability_below(each.horizontal_m or 0.0, sep_h, standard_deviation(w1, w2))
            )
            if each.vertical_m is not None and not math.isnan(sep_v):
                p *= probability_below(each.vertical_m, sep_v, standard_deviation(d1, d2))
            outcomes.append((p, each.strictness, each.rule_id))
        if outcomes:
            p, _, rule_id = max(outcomes)
            found[i, j] = rule_id, p
    return found


def _facts(lines: SurveyLines, k: int) -> tuple[float, float, float]:
    group = GROUPS[lines.group[k]]
    level = accuracy(group.quality_level)
    guess = ORDINARY_RADIUS_M.get(group.kind, 0.0) if group.kind else 0.0
    radius = lines.radius_m[k]
    radius, guess = (radius, 0.0) if 0 < radius <= 2.5 else (0.0, guess)
    across = lines.horizontal_m[k] if lines.horizontal_m[k] > 0 else level.horizontal_m
    down = (
        level.vertical_m
        if level.vertical_m and group.cover_source not in GUESSED_COVER
        else UNKNOWN_VERTICAL_M
    )
    down = lines.vertical_m[k] if lines.vertical_m[k] > 0 else down
    return radius, math.hypot(across, guess), math.hypot(down, 2 * guess)


def crosses(a: LineString, b: LineString) -> bool:
    """Whether any two of their segments cross in their midst."""

    def side(o: tuple[float, float], e: tuple[float, float], x: tuple[float, float]) -> float:
        return (e[0] - o[0]) * (x[1] - o[1]) - (e[1] - o[1]) * (x[0] - o[0])

    return any(
        side(p, q, u) * side(p, q, v) < 0 and side(u, v, p) * side(u, v, q) < 0
        for (p, q), (u, v) in itertools.product(itertools.pairwise(a.coords), itertools.pairwise(b.coords))
    )


def told(pairs: Pairs) -> dict[tuple[int, int], tuple[str, float]]:
    return {
        (a, b): (pairs.rules[r].rule_id, p)
        for a, b, r, p in zip(
            pairs.a.tolist(), pairs.b.tolist(), pairs.rule.tolist(), pairs.p_violation.tolist(), strict=True
        )
    }


@settings(max_examples=150, deadline=None)
@given(drawn_lines, st.integers(0, 2**32 - 1))
def test_every_pair_is_judged_as_by_hand(drawn, seed):
    """Crossings, unknown depths, diameters and classes, guessed covers, one's own network, words unknown (A13)."""
    lines, shapes = random_lines(drawn, seed)
    ours, truth = told(survey(lines, PACK)), by_hand(lines, shapes, PACK)
    assert ours.keys() == truth.keys()
    for pair in truth:
        assert ours[pair][1] == pytest.approx(truth[pair][1], abs=1e-9)
        assert ours[pair][0] == truth[pair][0]


@settings(max_examples=60, deadline=None)
@given(drawn_lines, st.integers(0, 2**32 - 1))
def test_the_order_of_the_lines_and_wider_rules(drawn, seed):
    """Symmetric: turned and shuffled lines give the same pairs; a wider pack loses none of them."""
    lines, shapes = random_lines(drawn, seed)
    order = np.random.default_rng(seed).permutation(len(shapes))
    names = lines.row_id.tolist()

    def of(found: Pairs, ids: list[int]) -> dict[frozenset[int], float]:
        return {
            frozenset((ids[a], ids[b])): p
            for a, b, p in zip(found.a.tolist(), found.b.tolist(), found.p_violation.tolist(), strict=True)
        }

    here = of(survey(lines, PACK), names)
    there = of(survey(lines.taken(order), PACK), [names[k] for k in order])
    assert there.keys() == here.keys()
    assert all(there[pair] == pytest.approx(here[pair], abs=1e-9) for pair in here)
    wide = RulePack("wide", "wide", tuple(
        rule(each.rule_id, str(each.a), str(each.b), (each.horizontal_m or 0.0) + 1.0,
             None if each.vertical_m is None else each.vertical_m + 1.0, each.relation)
        for each in PACK.own
    ))  # fmt: skip
    assert of(survey(lines, wide), names).keys() >= here.keys()


@settings(max_examples=100, deadline=None)
@given(*[st.tuples(lattice, lattice)] * 4)
def test_the_shortest_connection_is_that_of_geos(a, b, c, d):
    one, other = LineString([a, b]), LineString([c, d])
    crossing = crosses(one, other)
    (link,) = connections(np.array([[*a, *b]]), np.array([[*c, *d]]), np.array([crossing]))
    ends = shapely.points(link.reshape(2, 2))
    assert shapely.distance(ends[0], one) == pytest.approx(0, abs=1e-9)
    assert shapely.distance(ends[1], other) == pytest.approx(0, abs=1e-9)
    assert math.hypot(link[2] - link[0], link[3] - link[1]) == pytest.approx(one.distance(other), abs=1e-9)
    assert not crossing or one.crosses(other)


def test_severity_orders_the_list():
    """P x what is missing x danger: the MP gas main beside the cable before the pipe in the sewer trench."""
    lines = made(
        [LineString([(0, y), (9, y)]) for y in (0.0, 0.2, 10.0, 10.2, 20.0, 20.95)],
        [0, 3, 4, 5, 0, 3],
        radius_m=[0.01] * 6,
        horizontal_m=[0.05] * 6,
    )
    found = survey(lines, PACK)
    order = ranks(found.severity, lines.row_id[found.a], lines.row_id[found.b])
    assert [(int(found.a[k]), int(found.b[k])) for k in order] == [(0, 1), (2, 3), (4, 5)]
    assert found.missing[order[2]] < 0.1
    assert (found.severity <= 1).all()


def test_ranks_do_not_depend_on_the_order_found():
    severity, a, b = np.array([0.5, 0.9, 0.5, 0.5]), np.array([7, 1, 2, 2]), np.array([8, 9, 4, 3])
    expected = [(1, 9), (2, 3), (2, 4), (7, 8)]
    for order in itertools.permutations(range(4)):
        these = np.array(order)
        ranked = these[ranks(severity[these], a[these], b[these])]
        assert [(int(a[k]), int(b[k])) for k in ranked] == expected


def test_what_the_rules_do_not_speak_of_is_said():
    some = RulePack("some", "some", (rule("s-1", "gas", "electricity", 1.0, None),))
    assert unruled(GROUPS[:5], some) == ["electricity|water", "gas|water"]
    assert unruled(GROUPS, PACK) == []


def test_the_reach_covers_every_rule_of_every_pack():
    for path in sorted(PACKS.glob("*.csv")):
        pack = load_pack(path, complete=False)
        between = [
            each for each in pack if {each.a.kind, each.b.kind} <= {Kind.GAS, Kind.ELECTRICITY, Kind.ANY}
        ]
        assert reach_m(pack) >= max((each.horizontal_m or 0.0 for each in between), default=0.0)


def test_nothing_to_survey():
    assert len(survey(made([], []), PACK)) == 0
