"""Where to look: the few trial pits that would turn "cannot be told" into a verdict.

A pit shows where a line really lies and how deep. It is best dug where the line comes nearest to the works, and
one pit may show several lines. What the pit will find is unknown, but not what each finding would mean: for
every line the proposal says from which measured distance or cover on the works may go ahead.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final

import shapely
import shapely.ops
from shapely.geometry import Point
from shapely.geometry.base import BaseGeometry

from geo.finding import Finding
from geo.placed import Placed
from geo.quality import (
    EXPOSED,
    Verdict,
    probability_below,
    standard_deviation,
)
from geo.vocabulary import Kind
from geo.works import Excavation

# Lines whose pits would lie this near (m) are shown by one slit trench.
MERGE_M: Final = 1.5
# Where a line may be opened farther along (m) so that one pit shows it together with another.
SLACK_M: Final = 1.5
# A stretch this long (m) beside the works is opened at both ends as well: lines do bend.
LONG_M: Final = 20.0
# Points of a line that differ by less in their distance to the works are equally near (m).
_AS_NEAR_M: Final = 0.05
# One-sided 95 % of the normal distribution: the distance kept for certain.
_SURELY: Final = 1.6448536269514722


@dataclass(frozen=True, slots=True)
class Suspect:
    """One line whose finding a trial pit would decide, with its axis in the works' metric system."""

    finding: Finding
    placed: Placed
    shape_m: BaseGeometry


@dataclass(frozen=True, slots=True)
class Expected:
    """What a pit will mean for one line, by its rule and the accuracy of an exposed line.

    `clear_from_separation_m`: measured this far from the works or farther (m), the line is clear whatever its
    depth; `clear_from_cover_m`: measured this deep or deeper, clear wherever it runs; `clear_to_cover_m`: the
    same for a line that passes over a bore. None: not to be had that way. `p_clear`: how probable it is, by
    today's records, that the pit will find the line clear; None where they say nothing of the depth.
    """

    ref: str
    why: str
    measure: tuple[str, ...]
    clear_from_separation_m: float | None
    clear_from_cover_m: float | None
    clear_to_cover_m: float | None
    p_clear: float | None
    verdict_as_mapped: Verdict


@dataclass(frozen=True, slots=True)
class TrialPit:
    """One pit: where (m), how far to either side the line must be looked for, and what it means for whom."""

    point_m: Point
    half_width_m: float
    expected: tuple[Expected, ...]

    @property
    def refs(self) -> tuple[str, ...]:
        """The lines it would show."""
        return tuple(each.ref for each in self.expected)


def is_decidable(finding: Finding) -> bool:
    """Undecidable by position or depth, or violated only because nobody knows the depth; a tree is not dug for."""
    if finding.utility == Kind.TREE:
        return False
    return finding.verdict is Verdict.UNDECIDABLE or finding.explanation.endswith("depth-unknown")


def propose(excavation: Excavation, suspects: Sequence[Suspect]) -> tuple[TrialPit, ...]:
    """The pits that would decide these findings, those serving most lines first.

    Each suspect is shown by at least one pit; neither the order of the suspects nor of a line's vertices
    changes the answer.
    """
    usable = [each for each in suspects if is_decidable(each.finding) and each.shape_m.length > 0]
    left = {each.finding.ref: each for each in sorted(usable, key=lambda one: one.finding.ref)}
    places = _places(excavation, list(left.values()))
    pits: list[TrialPit] = []
    while left:
        shown = [(place, _shown(place, left.values(), excavation)) for place in places]
        place, served = max(shown, key=lambda pair: _worth(pair[0], pair[1], excavation))
        pits.append(_pit(place, served, excavation))
        for each in served:
            del left[each.finding.ref]
    return tuple(pits + _farther(excavation, sorted(usable, key=lambda one: one.finding.ref), pits))


def exposed(placed: Placed) -> Placed:
    """The same line after a pit has shown it where the map has it: position and cover measured.

    A cover that nobody knew stays unknown: what the pit will find cannot be told beforehand.
    """
    return Placed(
        layer_id=placed.layer_id,
        feature_id=placed.feature_id,
        utility=placed.utility,
        classes=placed.classes,
        owner=placed.owner,
        radius_m=placed.radius_m,
        cover_m=placed.cover_m,
        cover_source=None if placed.cover_m is None else "surveyed",
        horizontal_uncertainty_m=EXPOSED.horizontal_m,
        vertical_uncertainty_m=EXPOSED.vertical_m,
        quality_level="A",
    )


def expected(excavation: Excavation, suspect: Suspect) -> Expected:
    """What a pit on this line will mean, by the rule of its finding."""
    finding = suspect.finding
    sd_h = standard_deviation(EXPOSED.horizontal_m, excavation.horizontal_uncertainty_m)
    sd_v = standard_deviation(EXPOSED.vertical_m or 0.0, excavation.depth_uncertainty_m)
    needed_h = (finding.required_h_m or 0.0) + _SURELY * sd_h
    needed_v = None if finding.required_v_m is None else finding.required_v_m + _SURELY * sd_v
    cover = suspect.placed.known_cover_m
    bounds = _covers(excavation, suspect.placed, needed_v)
    return Expected(
        ref=finding.ref,
        why=_why(finding, cover),
        measure=("position",) if needed_v is None else ("position", "depth"),
        clear_from_separation_m=round(needed_h, 2),
        clear_from_cover_m=_rounded(bounds[0]),
        clear_to_cover_m=_rounded(bounds[1]),
        p_clear=_p_clear(finding, excavation, cover, (needed_h, needed_v)),
        verdict_as_mapped=_as_mapped(finding, cover, needed_h, bounds),
    )


Bounds = tuple[float | None, float | None]


def _covers(excavation: Excavation, placed: Placed, needed_v: float | None) -> Bounds:
    """The cover (m) from which a line lies deep enough, and up to which it passes over a bore."""
    if needed_v is None:
        return None, None
    radius = placed.known_radius_m
    over = None if radius is None else excavation.open_from_m - 2 * radius - needed_v
    return needed_v + excavation.depth_m, over if over is not None and over >= 0 else None


def _p_clear(
    finding: Finding, excavation: Excavation, cover: float | None, needed: tuple[float, float | None]
) -> float | None:
    needed_h, needed_v = needed
    p_near = probability_below(needed_h, finding.separation_h_m, standard_deviation(finding.uncertainty_h_m))
    if needed_v is None:
        return 1.0 - p_near
    if cover is None or finding.uncertainty_v_m is None:
        return None
    below = cover - excavation.depth_m
    return 1.0 - p_near * probability_below(needed_v, below, standard_deviation(finding.uncertainty_v_m))


def _rounded(value: float | None) -> float | None:
    return None if value is None else round(value, 2)


def _why(finding: Finding, cover: float | None) -> str:
    """What is not known well enough."""
    if finding.required_v_m is not None and cover is None:
        return "depth-unknown" if finding.verdict is Verdict.VIOLATES else "position-and-depth"
    return "depth" if finding.explanation == "finding-undecidable-depth" else "position"


def _as_mapped(finding: Finding, cover: float | None, needed_h: float, covers: Bounds) -> Verdict:
    """The verdict if the pit finds the line exactly where the record has it; undecidable without a record."""
    deep, shallow = covers
    if finding.separation_h_m >= needed_h:
        return Verdict.CLEAR
    if deep is None:
        return Verdict.VIOLATES
    if cover is None:
        return Verdict.UNDECIDABLE
    passes = cover >= deep or (shallow is not None and cover <= shallow)
    return Verdict.CLEAR if passes else Verdict.VIOLATES


# --- where ---


def _places(excavation: Excavation, suspects: Sequence[Suspect]) -> list[Point]:
    """Where a pit may be dug: on each line nearest the works, and where two of the lines cross near there."""
    own = [_nearest(excavation, each.shape_m) for each in suspects]
    around = excavation.shape_m.buffer(SLACK_M + max((_reach(each) for each in suspects), default=0.0))
    near = [each.shape_m.intersection(around) for each in suspects]
    meetings = [
        point
        for index, one in enumerate(near)
        for other in near[index + 1 :]
        for point in _points(one.intersection(other))
    ]
    return sorted(own + meetings, key=_order)


def _nearest(excavation: Excavation, line: BaseGeometry) -> Point:
    """The middle of what lies within the works, or of what comes as near to them as the line does at all.

    The middle, because beside a straight edge many points are equally near.
    """
    near = line.intersection(excavation.shape_m)
    if not near.length > 0:
        near = line.intersection(excavation.shape_m.buffer(line.distance(excavation.shape_m) + _AS_NEAR_M))
    parts = sorted(shapely.get_parts(near), key=lambda part: (-round(part.length, 6), *part.bounds))
    middle: Point = parts[0].interpolate(0.5, normalized=True)
    return middle


def _reach(suspect: Suspect) -> float:
    """Within this distance (m) of the works the line matters."""
    return (suspect.finding.required_h_m or 0.0) + suspect.finding.uncertainty_h_m


def _points(shape: BaseGeometry) -> list[Point]:
    return [part for part in shapely.get_parts(shape) if isinstance(part, Point) and not part.is_empty]


def _shown(place: Point, suspects: Iterable[Suspect], excavation: Excavation) -> list[Suspect]:
    """The lines that a pit here would show, where they still tell about the works."""
    return [each for each in suspects if _shows(place, each, excavation)]


def _shows(place: Point, suspect: Suspect, excavation: Excavation) -> bool:
    line = suspect.shape_m
    if line.distance(place) > MERGE_M:
        return False
    at = line.interpolate(line.project(place))
    return float(at.distance(excavation.shape_m)) <= line.distance(excavation.shape_m) + SLACK_M


def _worth(place: Point, served: Sequence[Suspect], excavation: Excavation) -> tuple[float, ...]:
    """Most lines first, then nearest the lines and the works; ties fall the same way every time."""
    stray = sum(each.shape_m.distance(place) for each in served)
    x, y = _order(place)
    return (len(served), -round(stray, 6), -round(place.distance(excavation.shape_m), 6), -x, -y)


def _order(point: Point) -> tuple[float, float]:
    return round(point.x, 6), round(point.y, 6)


def _pit(place: Point, served: Sequence[Suspect], excavation: Excavation) -> TrialPit:
    return TrialPit(
        place,
        max(each.finding.uncertainty_h_m + float(each.shape_m.distance(place)) for each in served),
        tuple(expected(excavation, each) for each in served),
    )


def _farther(excavation: Excavation, suspects: Sequence[Suspect], pits: Sequence[TrialPit]) -> list[TrialPit]:
    """Pits at both ends of a long stretch beside the works, unless one lies there already."""
    found: list[TrialPit] = []
    for each in suspects:
        beside = each.shape_m.intersection(excavation.shape_m.buffer(_reach(each)))
        for part in shapely.get_parts(beside):
            if part.length <= LONG_M:
                continue
            for end in sorted((Point(part.coords[0]), Point(part.coords[-1])), key=_order):
                if all(end.distance(pit.point_m) > MERGE_M for pit in (*pits, *found)):
                    found.append(_pit(end, [each], excavation))
    return found
