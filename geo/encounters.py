"""What a service line meets in the ground, and the cover that suits it: `geo.line_clearance` along one route."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Final

import shapely
from shapely.geometry import LineString, Point

from geo.line_clearance import ProposedLine, assess_line, crossing_chances
from geo.placed import Placed
from geo.quality import Verdict
from geo.rules import RulePack, Subject
from geo.service_line import Encounter, Existing, Wanted
from geo.vocabulary import Kind

# Where no rule names a distance, trenches still keep this far from lines (our assumption).
LEAST_KEEP_M: Final = 0.3
_DEPTH_STEP_M: Final = 0.05
_GOOD_ENOUGH: Final = 0.05


def keep_m(kinds: Sequence[Kind], placed: Placed, pack: RulePack) -> float:
    """How far (m) a trench for any of these kinds keeps from an existing line's axis."""
    required = [
        rule.horizontal_m or 0.0
        for kind in kinds
        if placed.kind is not None and placed.kind is not kind
        for rule in pack.applicable(Subject.of(kind, ["service"]), Subject.of(placed.kind, placed.classes))[
            :1
        ]
    ]
    return max([LEAST_KEEP_M, *required]) + (placed.radius_m or 0.0)


def stand_off_m(kind: Kind, main: Placed, obstacle: Placed, pack: RulePack) -> float:
    """How far (m) a service off `main` keeps from an obstacle as it is drawn; 0 where no rule names the two.

    From an outline so far as the rule says; from a tree's point the trunk comes to it, unless the rule is from there.
    """
    if obstacle.kind is None:
        return 0.0
    rules = pack.applicable(
        Subject.of(kind, _as_service(main.classes)), Subject.of(obstacle.kind, obstacle.classes)
    )
    thick = obstacle.known_radius_m or 0.0
    keeps = [(rule.horizontal_m or 0.0, 0.0 if rule.is_from_axis else thick) for rule in rules]
    return max((asked + beyond for asked, beyond in keeps if asked > 0.0), default=0.0)


def _as_service(classes: Sequence[str | None]) -> tuple[str | None, ...]:
    """The classes of a service: the pressure or voltage of its main."""
    return ("service", *(each for each in classes if each not in (None, "main")))


def laid(
    wanted: Wanted, route: LineString, cover_m: float, classes: tuple[str | None, ...] = ("service",)
) -> ProposedLine:
    """The line as it would be laid along a route at a cover."""
    return ProposedLine(route, str(wanted.kind), classes, wanted.outer_diameter_mm / 2000, cover_m)


def beside(
    wanted: Wanted, main: Placed, route: LineString, cover_m: float, obstacle: Existing, pack: RulePack
) -> Encounter | None:
    """How near the route comes to an obstacle; None where it keeps the distance, or no rule names one."""
    line = laid(wanted, route, cover_m, _as_service(main.classes))
    finding = assess_line(line, obstacle.placed, obstacle.axis, pack)
    if finding is None or finding.verdict is Verdict.CLEAR:
        return None
    at = Point(shapely.shortest_line(route, obstacle.axis).coords[0])
    return Encounter(obstacle.placed, at, False, finding)


def suitable_cover(wanted: Wanted, route: LineString, crossed: Sequence[Existing], pack: RulePack) -> float:
    """The cover (m) nearest the usual one at which all lines of known depth are crossed with the distance asked for.

    Where none is, the one that comes nearest to it.
    """
    known = [line for line in crossed if line.placed.known_cover_m]
    steps = round((wanted.most_cover_m - wanted.least_cover_m) / _DEPTH_STEP_M)
    choices = [round(wanted.least_cover_m + step * _DEPTH_STEP_M, 2) for step in range(steps + 1)]
    choices.sort(key=lambda cover: (abs(cover - wanted.cover_m), cover))

    choices.insert(0, wanted.cover_m)
    line = laid(wanted, route, wanted.cover_m)
    each = [crossing_chances(line, met.placed, met.axis, pack, choices) for met in known]
    broken = [math.fsum(chances) for chances in zip(*each, strict=True)] or [0.0] * len(choices)
    good = (cover for cover, chance in zip(choices, broken, strict=True) if chance < _GOOD_ENOUGH)
    return next(good, choices[broken.index(min(broken))])


def encounter(
    wanted: Wanted, route: LineString, cover_m: float, line: Existing, pack: RulePack
) -> Encounter | None:
    """What the route does to one line; None when it stays clear of it without crossing.

    A crossing for which no rule speaks is `no_information`: silence is no permission.
    """
    finding = assess_line(laid(wanted, route, cover_m), line.placed, line.axis, pack)
    if route.intersects(line.axis):
        at = shapely.get_parts(route.intersection(line.axis))[0].representative_point()
        return Encounter(line.placed, at, True, finding)
    if finding is None or finding.verdict is Verdict.CLEAR:
        return None
    return Encounter(line.placed, Point(shapely.shortest_line(route, line.axis).coords[0]), False, finding)
