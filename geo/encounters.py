"""What a proposed line meets in the ground: crossings and stretches beside other lines, and the cover that suits them.

The same uncertainties and three-way verdicts as for an excavation (`geo.clearance`): the record of the existing line
may be wrong by its accuracy, the new one is set out to a decimetre, and an unknown depth never passes.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Final

import shapely
from shapely.geometry import LineString, Point

from geo.clearance import Placed
from geo.quality import UNKNOWN_VERTICAL_M, Verdict, accuracy, probability_below, standard_deviation, verdict
from geo.rules import ClearanceRule, RulePack, Subject
from geo.service_line import Encounter, Existing, Wanted
from geo.vocabulary import Kind

# Where no rule names a distance, trenches still keep this far from lines (our assumption).
LEAST_KEEP_M: Final = 0.3
_DEPTH_STEP_M: Final = 0.05
# Setting-out of a service trench (95 % half widths).
_LAID_H_M: Final = 0.10
_LAID_V_M: Final = 0.05


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


def _rule(wanted: Wanted, placed: Placed, pack: RulePack) -> ClearanceRule | None:
    if placed.kind is None:
        return None
    return pack.governing(Subject.of(wanted.kind, ["service"]), Subject.of(placed.kind, placed.classes))


def suitable_cover(wanted: Wanted, crossed: Sequence[Existing], pack: RulePack) -> float:
    """The cover nearest the usual one at which every line of known depth is crossed with the distance it asks for."""
    known = [line.placed for line in crossed if line.placed.cover_m is not None]
    steps = round((wanted.most_cover_m - wanted.least_cover_m) / _DEPTH_STEP_M)
    choices = [wanted.least_cover_m + step * _DEPTH_STEP_M for step in range(steps + 1)]
    choices.sort(key=lambda cover: (abs(cover - wanted.cover_m), cover))

    def broken(cover: float) -> float:
        return math.fsum(_crossing(wanted, cover, placed, _rule(wanted, placed, pack))[0] for placed in known)

    fitting = (cover for cover in [wanted.cover_m, *choices] if broken(cover) < 0.05)
    best: float = next(fitting, min([wanted.cover_m, *choices], key=broken))
    return round(best, 2)


def _crossing(
    wanted: Wanted, cover_m: float, placed: Placed, rule: ClearanceRule | None
) -> tuple[float, float | None]:
    """P(too near) of a crossing at this cover, and the gap in metres between the two (negative: they collide)."""
    if placed.cover_m is None:
        return 1.0, None
    height = 2 * (placed.radius_m or 0.0)
    bottom = cover_m + wanted.outer_diameter_mm / 1000
    gap = max(placed.cover_m - bottom, cover_m - (placed.cover_m + height))
    stated = placed.vertical_uncertainty_m
    width = stated if stated is not None else accuracy(placed.quality_level).vertical_m
    sd = standard_deviation(UNKNOWN_VERTICAL_M if width is None else width, _LAID_V_M)
    required = 0.0 if rule is None else (rule.vertical_m or 0.0)
    return probability_below(required, gap, sd), gap


def encounter(
    wanted: Wanted, route: LineString, cover_m: float, line: Existing, pack: RulePack
) -> Encounter | None:
    """What the route does to one line; None when it stays clear of it by more than both could be misplaced."""
    rule = _rule(wanted, line.placed, pack)
    if route.intersects(line.axis):
        at = shapely.get_parts(route.intersection(line.axis))[0].representative_point()
        p, gap = _crossing(wanted, cover_m, line.placed, rule)
        found = Verdict.UNDECIDABLE if gap is None else verdict(p)
        required = None if rule is None else rule.vertical_m
        return Encounter(line.placed, at, True, found, p, gap, required, rule)
    required_h = LEAST_KEEP_M if rule is None else (rule.horizontal_m or 0.0)
    separation = route.distance(line.axis) - (line.placed.radius_m or 0.0) - wanted.outer_diameter_mm / 2000
    stated = line.placed.horizontal_uncertainty_m
    width = stated if stated is not None else accuracy(line.placed.quality_level).horizontal_m
    p = probability_below(required_h, separation, standard_deviation(width, _LAID_H_M))
    if verdict(p) is Verdict.CLEAR:
        return None
    at = Point(shapely.shortest_line(route, line.axis).coords[0])
    vertical, gap = _crossing(wanted, cover_m, line.placed, rule)
    if rule is not None and rule.vertical_m is not None and gap is not None:
        p *= vertical
    return Encounter(line.placed, at, False, verdict(p), p, separation, required_h, rule)
