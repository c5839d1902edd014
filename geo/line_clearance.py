"""Is there room for a new line? A proposed line against an existing one, a building, a tree or a plot line.

Beside an existing line the norms ask for a distance in plan, whatever the depths; where the two cross they ask
for one in depth. So along a parallel stretch P = P_h, and at a crossing P = P_overlap * P_v. Where the angle
leaves open which it is, both are asked and the worse counts. Unknown depth gives P_v = 1.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Final

import shapely
from shapely.geometry import LineString
from shapely.geometry.base import BaseGeometry

from geo.cover import CoverCheck, check_cover
from geo.finding import Finding
from geo.placed import ORDINARY_RADIUS_M, WIDEST_RADIUS_M, Placed, subject_of
from geo.quality import Z95, Verdict, probability_below, standard_deviation, verdict
from geo.relation import Lie, lie
from geo.rules import ClearanceRule, RulePack, RuleStatus, Stating, Subject
from geo.vocabulary import MAIN_DIMENSIONS, OBSTACLES, Kind, Relation
from geo.works import DEPTH_TOLERANCE_M, SETTING_OUT_M


@dataclass(frozen=True, slots=True)
class ProposedLine:
    """A line to be laid: axis in the city's metric system, outer radius and cover to its top in metres.

    The uncertainties are 95 % half widths of what setting-out and laying leave open (m).
    """

    shape_m: LineString
    utility: str
    classes: tuple[str | None, ...] = ()
    radius_m: float = 0.0
    cover_m: float | None = None
    horizontal_uncertainty_m: float = SETTING_OUT_M
    depth_uncertainty_m: float = DEPTH_TOLERANCE_M

    @property
    def kind(self) -> Kind:
        """The network as the rules know it. Raises ValueError for a word outside the vocabulary."""
        return Kind(self.utility)

    @property
    def subject(self) -> Subject:
        """The line as the rules ask for it."""
        return subject_of(self.kind, self.classes, self.radius_m or None)


@dataclass(frozen=True, slots=True)
class _Pair:
    """What no rule changes: gaps between the outsides (m) and their standard deviations."""

    line: ProposedLine
    placed: Placed
    kind: Kind
    lie: Lie | None
    gap_h_m: float
    sd_h: float
    drop_m: float | None
    """Top of the existing line below the top of the proposed one; None = some depth is unknown."""
    sd_v: float
    heights_m: tuple[float, float]

    def gap_for(self, rule: ClearanceRule) -> float:
        """The gap (m) in plan that the rule means: to the outside, or to the axis of a trunk."""
        return self.gap_h_m + ((self.placed.known_radius_m or 0.0) if rule.is_from_axis else 0.0)

    @property
    def meets(self) -> bool:
        """Whether the two meet in plan: then no gap beside can be told."""
        return self.gap_h_m + self.line.radius_m + (self.placed.known_radius_m or 0.0) <= 0

    @property
    def gap_v_m(self) -> float | None:
        """The vertical gap between the outsides; negative where they overlap in depth."""
        if self.drop_m is None:
            return None
        proposed, existing = self.heights_m
        return max(self.drop_m - proposed, -self.drop_m - existing)


@dataclass(frozen=True, slots=True)
class _Outcome:
    rule: ClearanceRule
    is_crossing: bool
    p: float


def assess_line(line: ProposedLine, placed: Placed, shape_m: BaseGeometry, pack: RulePack) -> Finding | None:
    """The finding for one existing thing beside or across a proposed line; None where no rule speaks of them.

    A network or obstacle outside the vocabulary, or an empty shape, has no rule either: the caller decides
    what silence means.
    """
    kind = placed.kind
    if kind is None or shape_m.is_empty or line.shape_m.is_empty:
        return None
    pair = _pair(line, placed, kind, shape_m)
    worst = max(_outcomes(pair, pack), key=lambda each: (each.p, each.rule.strictness), default=None)
    return None if worst is None else _finding(pair, worst)


def crossing_chances(
    line: ProposedLine, placed: Placed, shape_m: BaseGeometry, pack: RulePack, covers_m: Sequence[float]
) -> list[float]:
    """P(too near) across one existing line at each of several covers of the proposed one; 0 where no rule speaks.

    The same as `assess_line` at each cover, with what the cover does not change measured once.
    """
    kind = placed.kind
    if kind is None or shape_m.is_empty or line.shape_m.is_empty:
        return [0.0] * len(covers_m)
    pair = _pair(line, placed, kind, shape_m)
    known = placed.known_cover_m
    chances = []
    for cover in covers_m:
        at = replace(pair, drop_m=None if not known or not cover else known - cover)
        chances.append(max((each.p for each in _outcomes(at, pack)), default=0.0))
    return chances


def assess_line_all(
    line: ProposedLine, placed: Sequence[Placed], shapes_m: Sequence[BaseGeometry], pack: RulePack
) -> list[Finding]:
    """The findings against many existing things, worst first; pairs without a rule are left out."""
    found = (assess_line(line, each, shape, pack) for each, shape in zip(placed, shapes_m, strict=True))
    return sorted((each for each in found if each is not None), key=lambda finding: finding.rank)


def line_cover(line: ProposedLine, pack: RulePack) -> CoverCheck | None:
    """Whether the proposed line lies deep enough for its kind; None where no rule asks."""
    return check_cover(line.subject, line.cover_m, line.depth_uncertainty_m, pack)


def line_search_radius_m(line: ProposedLine, pack: RulePack, max_uncertainty_m: float) -> float:
    """How far (m) from the proposed axis something can lie and still not be clear by the pack's widest rule."""
    kinds = {line.kind, Kind.ANY}
    widths = [rule.horizontal_m or 0.0 for rule in pack if {rule.a.kind, rule.b.kind} & kinds]
    position = math.hypot(max_uncertainty_m, line.horizontal_uncertainty_m, max(ORDINARY_RADIUS_M.values()))
    return max(widths, default=0.0) + position + WIDEST_RADIUS_M + line.radius_m


def plan_gap_m(one_m: BaseGeometry, other_m: BaseGeometry) -> float:
    """The signed distance (m) of two axes in plan; where they meet, minus the shift that would part them.

    The shift: what is left of either line beyond their meeting, since a line is freed past its nearest end.

    >>> plan_gap_m(LineString([(0, 0), (10, 0)]), LineString([(4, -3), (4, 8)]))
    -3.0
    """
    distance = float(one_m.distance(other_m))
    if distance > 0:
        return distance
    return -min(_farthest_end(one_m, other_m), _farthest_end(other_m, one_m))


def _farthest_end(line: BaseGeometry, other: BaseGeometry) -> float:
    """How far the nearer end of `line` lies from `other`: by so much it would have to be pulled back."""
    if line.length == 0:
        return 0.0
    ends = shapely.points(shapely.get_coordinates(line)[[0, -1]])
    return float(shapely.distance(ends, other).min())


def _pair(line: ProposedLine, placed: Placed, kind: Kind, shape_m: BaseGeometry) -> _Pair:
    axis, edge = placed.horizontal_parts()
    radius, cover = placed.known_radius_m, placed.known_cover_m
    runs = isinstance(shape_m, LineString | shapely.MultiLineString)
    # A cover of 0 is how some write "unknown"; taken at its word, it would lift the line over the other.
    drop = None if not cover or not line.cover_m else cover - line.cover_m
    thick = radius if radius is not None else ORDINARY_RADIUS_M.get(kind, 0.0)
    return _Pair(
        line=line,
        placed=placed,
        kind=kind,
        lie=lie(line.shape_m, shape_m) if runs else None,
        gap_h_m=_gap(line.shape_m, shape_m) - line.radius_m - (radius or 0.0),
        sd_h=standard_deviation(axis, line.horizontal_uncertainty_m, edge),
        drop_m=drop,
        sd_v=standard_deviation(placed.vertical_width_m(), line.depth_uncertainty_m),
        heights_m=(2 * line.radius_m, 2 * thick),
    )


def _gap(line: LineString, shape: BaseGeometry) -> float:
    """For areas the depth of the overlap counts, for what is no area the shift that would part them."""
    if shape.area == 0:
        return plan_gap_m(line, shape)
    distance = float(line.distance(shape))
    if distance > 0:
        return distance
    return -float(line.intersection(shape).length)


def _outcomes(pair: _Pair, pack: RulePack) -> Iterator[_Outcome]:
    subject, other = pair.line.subject, pair.placed.subject(pair.kind)
    relation = pair.lie.relation if pair.lie is not None else Relation.PARALLEL
    across = pack.applicable(subject, other, relation, Stating.VERTICAL)
    beside = pack.applicable(subject, other, relation, Stating.HORIZONTAL)
    if relation is not Relation.PARALLEL or not beside:
        for rule in across:
            yield _Outcome(rule, True, _p_overlap(pair) * _p_v(pair, rule))
    if relation is not Relation.CROSSING or not across:
        for rule in beside:
            yield _Outcome(
                rule, False, probability_below(rule.horizontal_m or 0.0, pair.gap_for(rule), pair.sd_h)
            )


def _p_overlap(pair: _Pair) -> float:
    return probability_below(0.0, pair.gap_h_m, pair.sd_h)


def _p_v(pair: _Pair, rule: ClearanceRule) -> float:
    """P(vertical gap < required): the existing line neither deep enough below nor high enough above."""
    if pair.drop_m is None or rule.vertical_m is None:
        return 1.0
    proposed, existing = pair.heights_m
    below = probability_below(proposed + rule.vertical_m, pair.drop_m, pair.sd_v)
    above = probability_below(-existing - rule.vertical_m, pair.drop_m, pair.sd_v)
    return max(0.0, below - above)


_WORDS: Final = {
    (Verdict.VIOLATES, False): "finding-line-beside",
    (Verdict.VIOLATES, True): "finding-line-crossing",
    (Verdict.UNDECIDABLE, False): "finding-line-beside-undecidable",
    (Verdict.UNDECIDABLE, True): "finding-line-crossing-undecidable",
    (Verdict.CLEAR, False): "finding-line-clear",
    (Verdict.CLEAR, True): "finding-line-clear",
}

# What meets the line, by whether the rule is one for crossings: its depth unknown, the same, or another.
_MEETING: Final = {
    True: ("finding-line-crossing-depth-unknown", "finding-line-crossing-same-depth", None),
    False: (
        "finding-line-crosses-depth-unknown",
        "finding-line-crosses-same-depth",
        "finding-line-crosses",
    ),
}


def _finding(pair: _Pair, worst: _Outcome) -> Finding:
    rule, placed, found = worst.rule, pair.placed, verdict(worst.p)
    subject = placed.subject(pair.kind)
    extra = (
        ("class-unknown", bool(subject.open_dimensions & MAIN_DIMENSIONS)),
        ("rule-unconfirmed", rule.status is RuleStatus.UNCONFIRMED),
    )
    stands = pair.kind in OBSTACLES
    known = tuple(
        slug for slug in placed.assumptions() if not (stands and slug.startswith(("cover", "radius")))
    )
    made = Finding(
        layer_id=placed.layer_id,
        feature_id=placed.feature_id,
        utility=placed.utility,
        owner=placed.owner,
        verdict=found,
        p_violation=worst.p,
        separation_h_m=pair.gap_for(rule),
        separation_v_m=pair.gap_v_m,
        required_h_m=None if worst.is_crossing else rule.horizontal_m,
        required_v_m=rule.vertical_m if worst.is_crossing else None,
        uncertainty_h_m=pair.sd_h * Z95,
        uncertainty_v_m=None if pair.drop_m is None else pair.sd_v * Z95,
        against=str(pair.line.kind),
        rule_id=rule.rule_id,
        rule_pack=rule.pack,
        clause=rule.clause,
        source=rule.source,
        rule_status=str(rule.status),
        rule_date=rule.date.isoformat(),
        explanation=_explanation(pair, worst, found),
        params=_params(pair, worst),
        assumptions=known + tuple(slug for slug, holds in extra if holds),
        replaces=rule.replaces,
    )
    if pair.lie is None:
        return made
    return replace(made, relation=pair.lie.relation, angle_deg=pair.lie.angle_deg)


def _explanation(pair: _Pair, worst: _Outcome, found: Verdict) -> str:
    """The message; what meets the line is said to cross it, whichever rule decided."""
    if found is Verdict.CLEAR or not (worst.is_crossing or pair.meets):
        return _WORDS[found, worst.is_crossing]
    if pair.kind in OBSTACLES:
        return "finding-line-through"
    depth_unknown, same_depth, apart = _MEETING[worst.is_crossing]
    if pair.gap_v_m is None:
        return depth_unknown
    return same_depth if pair.gap_v_m <= 0 else apart or _WORDS[found, True]


def _params(pair: _Pair, worst: _Outcome) -> dict[str, str | int | float]:
    """Values of the message: the gap in depth at a crossing where it is known, else the gap in plan; none below 0.

    `vertical` is the gap in depth wherever it is known.
    """
    if worst.is_crossing and pair.gap_v_m is not None:
        measured, required, sd = pair.gap_v_m, worst.rule.vertical_m, pair.sd_v
    else:
        measured, sd = pair.gap_for(worst.rule), pair.sd_h
        required = 0.0 if worst.is_crossing else worst.rule.horizontal_m
    told: dict[str, str | int | float] = {
        "measured": round(max(measured, 0.0), 2),
        "required": round(required or 0.0, 2),
        "uncertainty": round(sd * Z95, 2),
    }
    if pair.gap_v_m is not None:
        told["vertical"] = round(max(pair.gap_v_m, 0.0), 2)
    return told | {"percent": round(worst.p * 100), "source": worst.rule.source, "clause": worst.rule.clause}
