"""Random streets against a formula written anew, by brute force over segments and points (A13).

Straight and bent lines, arcs, crossings, zero-length and duplicate lines, known and unknown depths, every method.
The reference knows nothing of the engine: distances by hand over segments, the normal distribution from the
standard library, the rules as plain numbers.
"""

from __future__ import annotations

import itertools
import math
import random
from collections.abc import Sequence
from datetime import date
from statistics import NormalDist

import pytest
import shapely
from shapely.geometry import LineString, Polygon

from geo.clearance import Excavation, Placed, RulePack, assess_all
from geo.line_clearance import ProposedLine, assess_line
from geo.quality import Verdict
from geo.rules import ClearanceRule, Party, RuleStatus
from geo.vocabulary import Kind

Xy = tuple[float, float]
# Required metres (across, in depth) by network and method; the numbers are this test's own.
DIG = {
    "gas": {"machine": (1.0, 0.5), "hand": (0.4, 0.3)},
    "water": {"machine": (0.6, 0.2), "hand": (0.2, 0.2)},
    "electricity": {"machine": (0.5, None), "hand": (0.3, None)},
    "telecom": {"machine": (None, 0.3), "hand": (None, 0.15)},
}
AS = {"machine": "machine", "boring": "machine", "hand": "hand", "vacuum": "hand", "hand_boring": "hand"}
BORED = ("boring", "hand_boring")
ORDINARY = {"gas": 0.15, "water": 0.15, "electricity": 0.05, "telecom": 0.10}
LAID = {("gas", "water"): (1.0, 0.2), ("electricity", "gas"): (0.8, 0.5), ("telecom", "water"): (0.5, 0.3)}
SEEDS = range(12)
LINES = 30


def rule(a: str, b: Party, across: float | None, deep: float | None) -> ClearanceRule:
    name = f"x-{a}-{b}"
    return ClearanceRule(
        name, Party(Kind(a)), b, across, deep, "this test", "1", date(2026, 1, 1), RuleStatus.CONFIRMED
    )


PACK = RulePack(
    "x",
    "x",
    tuple(
        rule(network, Party(Kind.EXCAVATION, method), *DIG[network][method])
        for network in DIG
        for method in ("machine", "hand")
    )
    + tuple(rule(one, Party(Kind(other)), *needed) for (one, other), needed in LAID.items()),
)


def cdf(required: float, measured: float, *half_widths: float) -> float:
    sd = math.sqrt(sum(width**2 for width in half_widths)) / 1.959963984540054
    return NormalDist(measured, sd).cdf(required)


# --- plane geometry by hand ---


def to_segment(p: Xy, a: Xy, b: Xy) -> float:
    dx, dy = b[0] - a[0], b[1] - a[1]
    square = dx * dx + dy * dy
    t = 0.0 if square == 0 else max(0.0, min(1.0, ((p[0] - a[0]) * dx + (p[1] - a[1]) * dy) / square))
    return math.hypot(p[0] - a[0] - t * dx, p[1] - a[1] - t * dy)


def turns(a: Xy, b: Xy, c: Xy) -> float:
    return (b[0] - a[0]) * (c[1] - a[1]) - (b[1] - a[1]) * (c[0] - a[0])


def cross(a: Xy, b: Xy, c: Xy, d: Xy) -> bool:
    return turns(a, b, c) * turns(a, b, d) < 0 and turns(c, d, a) * turns(c, d, b) < 0


def between(one: Sequence[Xy], other: Sequence[Xy]) -> float:
    """The least distance of two polylines; 0 where they cross."""
    least = math.inf
    for (a, b), (c, d) in itertools.product(itertools.pairwise(one), itertools.pairwise(other)):
        if cross(a, b, c, d):
            return 0.0
        least = min(least, to_segment(a, c, d), to_segment(b, c, d), to_segment(c, a, b), to_segment(d, a, b))
    return least


def inside(p: Xy, ring: Sequence[Xy]) -> bool:
    return all(turns(a, b, p) > 0 for a, b in itertools.pairwise(ring))


def corners(rng: random.Random) -> list[Xy]:
    """A turned rectangle, counter-clockwise, closed."""
    width, height, angle = rng.uniform(3, 12), rng.uniform(1, 6), rng.uniform(0, math.pi)
    c, s = math.cos(angle), math.sin(angle)
    ring = [(0.0, 0.0), (width, 0.0), (width, height), (0.0, height), (0.0, 0.0)]
    return [(c * x - s * y, s * x + c * y) for x, y in ring]


def arc(rng: random.Random) -> list[Xy]:
    x, y, radius, start = rng.uniform(-8, 15), rng.uniform(-8, 15), rng.uniform(1, 9), rng.uniform(0, 6)
    return [
        (x + radius * math.cos(start + n * 0.08), y + radius * math.sin(start + n * 0.08)) for n in range(30)
    ]


def somewhere(rng: random.Random) -> Xy:
    return rng.uniform(-9, 18), rng.uniform(-9, 15)


def drawn(rng: random.Random) -> list[list[Xy]]:
    """Arcs, bends, straight lines, points drawn as lines; every sixth line twice."""
    made: list[list[Xy]] = []
    while len(made) < LINES:
        kind = rng.randrange(6)
        if kind == 0 and made:
            made.append(list(rng.choice(made)))
        elif kind == 1:
            made.append(arc(rng))
        elif kind == 2:
            place = somewhere(rng)
            made.append([place, place])
        else:
            made.append([somewhere(rng) for _ in range(rng.choice([2, 2, 3, 5]))])
    return made


def known(rng: random.Random, feature: int) -> Placed:
    radius = rng.choice([None, 0.0, rng.uniform(0.02, 0.5)])
    cover = rng.choice([None, 0.0, rng.uniform(0, 4), rng.uniform(0, 4), rng.uniform(0, 4)])
    return Placed(
        "l", str(feature), rng.choice(sorted(DIG)), (), None, radius, cover, "surveyed", rng.uniform(0.05, 2),
        rng.uniform(0.05, 1),
    )  # fmt: skip


# --- the excavation ---


def p_reference(pit: Excavation, placed: Placed, gap: float) -> float:
    """P(too near in plan) * P(too near in depth) from the numbers alone; `gap` is of the axis."""
    across, deep = DIG[placed.utility][AS[pit.method]]
    radius = placed.radius_m or 0.0
    extra = () if radius else (ORDINARY[placed.utility],)
    p_h = cdf(across or 0.0, gap - radius, placed.horizontal_uncertainty_m or 0, 0.1, *extra)
    if deep is None or placed.cover_m is None:
        return p_h
    width = placed.vertical_uncertainty_m or 0
    p_v = cdf(deep, placed.cover_m - pit.depth_m, width, 0.1)
    if pit.method in BORED and pit.top_m > 0 and radius and placed.cover_m > 0:
        # the part of the distribution in which the whole line lies above the bore
        p_v -= cdf(pit.top_m - deep - 2 * radius, placed.cover_m, width, 0.1)
    return p_h * max(0.0, p_v)


@pytest.mark.parametrize("seed", SEEDS)
def test_a_dig_in_a_random_street(seed: int) -> None:
    print(f"seed {seed}")
    rng = random.Random(seed)
    ring = corners(rng)
    depth = rng.uniform(0.4, 3.5)
    method = rng.choice(sorted(AS))
    pit = Excavation(
        Polygon(ring),
        depth,
        method,
        "repair",
        top_m=rng.choice([0.0, depth * 0.7]) if method in BORED else 0.0,
    )
    lines = drawn(rng)
    placed = [known(rng, n) for n in range(len(lines))]
    found = assess_all(pit, placed, [LineString(line) for line in lines], PACK)
    outside = 0
    for line, each, finding in zip(lines, placed, found, strict=True):
        distance = between(line, ring)
        meets = distance == 0.0 or inside(line[0], ring)
        if meets:
            # Within, the shift that frees the line is at most the pit's own extent, and never outward.
            gap = finding.separation_h_m + (each.radius_m or 0.0)
            assert -13.5 <= gap <= 1e-9
        else:
            outside += 1
            gap = distance
            assert finding.separation_h_m == pytest.approx(gap - (each.radius_m or 0.0), abs=1e-6)
        expected = p_reference(pit, each, gap)
        assert finding.p_violation == pytest.approx(expected, abs=1e-6)
        bounds = {Verdict.VIOLATES: (0.95, 1), Verdict.UNDECIDABLE: (0.05, 0.95), Verdict.CLEAR: (0, 0.05)}
        low, high = bounds[finding.verdict]
        assert low - 1e-9 <= finding.p_violation <= high + 1e-9
    assert outside > 5


def test_a_straight_line_through_the_pit_is_freed_sideways() -> None:
    """The reference for what lies within: the nearer side by the corners' distances from the line."""
    for seed in range(60):
        rng = random.Random(seed)
        ring = corners(rng)
        centre = (sum(x for x, _ in ring[:4]) / 4, sum(y for _, y in ring[:4]) / 4)
        angle = rng.uniform(0, math.pi)
        unit = (math.cos(angle), math.sin(angle))
        through = [(centre[0] + t * unit[0] + 0.3, centre[1] + t * unit[1]) for t in (-40, 40)]
        side = [turns(through[0], through[1], corner) / 80 for corner in ring[:4]]
        if min(side) >= 0 or max(side) <= 0:
            continue
        placed = Placed("l", "1", "electricity", radius_m=0.05, horizontal_uncertainty_m=1.0)
        found = assess_all(
            Excavation(Polygon(ring), 1.0, works="repair"), [placed], [LineString(through)], PACK
        )
        assert found[0].separation_h_m == pytest.approx(-min(max(side), -min(side)) - 0.05, abs=1e-6), seed


def test_the_same_line_twice_is_found_twice_and_alike() -> None:
    pit = Excavation(shapely.box(0, 0, 10, 4), 1.5, works="repair")
    line = LineString([(-5, 2), (15, 5)])
    one, other = assess_all(pit, [known(random.Random(5), 1)] * 2, [line, LineString(line.coords)], PACK)
    assert one == other


# --- a proposed line ---


def between_lines(proposed: ProposedLine, placed: Placed, gap: float, kind: str) -> float | None:
    needed = LAID.get(tuple(sorted((proposed.utility, placed.utility))))  # type: ignore[call-overload]
    if needed is None:
        return None
    across, deep = needed
    radius = placed.radius_m or 0.0
    extra = () if radius else (ORDINARY[placed.utility],)
    widths = (placed.horizontal_uncertainty_m, 0.1, *extra)
    outsides = gap - radius - proposed.radius_m
    beside = cdf(across, outsides, *widths)
    p_v = 1.0
    if placed.cover_m and proposed.cover_m is not None:
        drop, width = placed.cover_m - proposed.cover_m, placed.vertical_uncertainty_m
        thick = 2 * (radius or ORDINARY[placed.utility])
        p_v = cdf(2 * proposed.radius_m + deep, drop, width, 0.1) - cdf(-thick - deep, drop, width, 0.1)
    crossing = cdf(0.0, outsides, *widths) * p_v
    return {"parallel": beside, "crossing": crossing, "oblique": max(beside, crossing)}[kind]


@pytest.mark.parametrize("seed", SEEDS)
def test_a_proposed_line_in_a_random_street(seed: int) -> None:
    print(f"seed {seed}")
    rng = random.Random(seed)
    path = [somewhere(rng), somewhere(rng)]
    proposed = ProposedLine(
        LineString(path),
        rng.choice(sorted(DIG)),
        radius_m=rng.uniform(0.02, 0.3),
        cover_m=rng.uniform(0.3, 2.5),
    )
    judged = 0
    for n, line in enumerate(drawn(rng)):
        each = known(rng, n)
        found = assess_line(proposed, each, LineString(line), PACK)
        distance = between(path, line)
        if distance == 0:
            ends = [min(to_segment(end, a, b) for a, b in itertools.pairwise(line)) for end in path]
            others = [to_segment(end, *path) for end in (line[0], line[-1])]
            distance = -min(min(ends), min(others))
        kind = "parallel" if found is None or found.relation is None else str(found.relation)
        expected = between_lines(proposed, each, distance, kind)
        if expected is None:
            assert found is None
            continue
        assert found is not None
        assert found.p_violation == pytest.approx(expected, abs=1e-6), n
        judged += 1
    if proposed.utility in {name for pair in LAID for name in pair}:
        assert judged
