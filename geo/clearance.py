"""Is there room to dig? One line against one excavation: separation, required clearance, verdict.

The rule asks for a distance r; the map shows a distance s; both the map and the setting-out are uncertain.
With independent normal errors the probability that the true distance falls short is P = Phi((r - s) / sd).
A rule is broken only when the line is too near in plan AND too near in depth, so P = P_h * P_v; a depth
nobody has measured gives P_v = 1 and so never lets a line pass. From 0.95 the rule is violated, down from
0.05 it is kept, in between nobody can tell from the map and a trial pit must decide.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Final

from shapely.geometry.base import BaseGeometry

from geo.cover import CoverCheck, check_cover
from geo.finding import Finding, Zones
from geo.packs import load_pack
from geo.placed import ORDINARY_RADIUS_M, WIDEST_RADIUS_M, Placed
from geo.quality import (
    CLEAR_AT,
    VIOLATES_AT,
    Z95,
    Verdict,
    accuracy,
    probability_below,
    standard_deviation,
    verdict,
)
from geo.relation import Lie, lie
from geo.rules import ClearanceRule, Party, RulePack, RuleStatus, Subject
from geo.separation import separations
from geo.vocabulary import (
    MAIN_DIMENSIONS,
    NETWORKS,
    OBSTACLES,
    DigZone,
    Kind,
    Relation,
    Utility,
    gas_class,
    voltage_class,
)
from geo.works import BY_HAND, BY_MACHINE, SETTING_OUT_M, WITHOUT_FOUNDATION, Excavation

__all__ = [
    "ClearanceRule", "Excavation", "Finding", "Party", "Placed", "RulePack", "RuleStatus", "Subject",
    "assess", "assess_all", "gas_class", "load_pack", "search_radius_m", "separations", "voltage_class",
]  # fmt: skip


@dataclass(frozen=True, slots=True)
class _Measured:
    """The parts of the calculation that no rule changes."""

    placed: Placed
    kind: Kind
    subject: Subject
    lie: Lie | None
    separation_h_m: float
    sd_h: float
    separation_v_m: float | None
    sd_v: float | None
    over_m: float | None
    """From the line's underside down to the upper side of a bore; None where the dig is open or it is unknown."""

    @property
    def relation(self) -> Relation | None:
        return None if self.lie is None else self.lie.relation

    def distance_m(self, rule: ClearanceRule) -> float:
        """The distance in plan that the rule means: from the outside, or from the axis of a trunk."""
        return self.separation_h_m + ((self.placed.known_radius_m or 0.0) if rule.is_from_axis else 0.0)


@dataclass(frozen=True, slots=True)
class _Outcome:
    rule: ClearanceRule
    against: Kind
    p_h: float
    p_v: float

    @property
    def p(self) -> float:
        return self.p_h * self.p_v


def assess(
    excavation: Excavation, placed: Placed, centreline_m: float, pack: RulePack, lies: Lie | None = None
) -> Finding:
    """The finding for one line whose axis lies `centreline_m` (signed, see `separations`) from the pit.

    The outer radius is taken off here. `lies` says how the line runs to the pit; without it the rules for
    beside and for across both count. Never raises for odd data: a network outside the vocabulary, a pair
    without a rule or a missing distance answers `no_information`.

    >>> from datetime import date
    >>> from shapely import box
    >>> gas, digging = Party(Kind.GAS), Party(Kind.EXCAVATION)
    >>> day, standing = date(2026, 1, 1), RuleStatus.UNCONFIRMED
    >>> rule = ClearanceRule("x-1", gas, digging, 0.5, 0.2, "test", "1", day, standing)
    >>> pit = Excavation(box(0, 0, 4, 4), 1.0, works="repair")
    >>> main = Placed("gas", "G1", "gas", ("MP",), radius_m=0.1, cover_m=0.8, quality_level="A")
    >>> assess(pit, main, 0.3, RulePack("x", "x", (rule,))).verdict.value
    'violates'
    """
    kind = placed.kind
    if kind is None or math.isnan(centreline_m):
        return _no_rule(placed, centreline_m)
    measured = _measure(excavation, placed, kind, centreline_m, lies)
    judged = [_worst(measured, against, pack) for against in excavation.against]
    outcomes = [outcome for outcome in judged if outcome is not None]
    if not outcomes:
        return _no_rule(placed, measured.separation_h_m)
    worst = max(outcomes, key=_by_p)
    return _finding(worst, measured, excavation, pack)


def assess_all(
    excavation: Excavation, placed: Sequence[Placed], shapes_m: Sequence[BaseGeometry], pack: RulePack
) -> list[Finding]:
    """The findings for many lines, in their order; `shapes_m` are their axes in the excavation's system."""
    distances = separations(excavation.shape_m, shapes_m)
    distinguishes = pack.distinguishes
    found = []
    for each, shape_m, distance in zip(placed, shapes_m, distances, strict=True):
        runs = each.kind not in OBSTACLES
        lies = lie(excavation.shape_m, shape_m) if distinguishes and runs else None
        finding = assess(excavation, each, float(distance), pack, lies)
        if lies is None and runs and finding.verdict is not Verdict.CLEAR:
            lies = lie(excavation.shape_m, shape_m)
        if distance < 0 and runs:
            finding = _through(finding, shape_m, excavation)
        found.append(finding if lies is None else _running(finding, lies))
    return found


def search_radius_m(
    pack: RulePack,
    max_uncertainty_m: float,
    *,
    works: str = "new_building",
    utilities: Iterable[str] | None = None,
) -> float:
    """How far (m) from the excavation a line's axis can lie and still not be clear by the pack's widest rule.

    `max_uncertainty_m` is the largest 95 % half width of any layer. One-sided 95 % is 1.645 of a standard
    deviation, so the whole half width is enough.
    """
    position = math.hypot(max_uncertainty_m, SETTING_OUT_M, max(ORDINARY_RADIUS_M.values()))
    return _widest_rule_m(pack, works, utilities) + position + WIDEST_RADIUS_M


def search_margin_m(pack: RulePack, *, works: str = "new_building") -> float:
    """How far (m) beyond its own reach a line's axis can lie and still not be clear by the pack's widest rule.

    A line's own reach is its outer radius and the 95 % half width of its axis. The parts of a half width add in
    squares, so their plain sum is enough.
    """
    return _widest_rule_m(pack, works, None) + math.hypot(SETTING_OUT_M, max(ORDINARY_RADIUS_M.values()))


@lru_cache(maxsize=64)
def tree_margin_m(pack: RulePack, *, works: str = "new_building") -> float | None:
    """As `search_margin_m` for trees; None where no rule names a tree and such works: then nobody need look."""
    against = _against(works)
    rules = [rule for rule in pack if Kind.TREE in (kinds := {rule.a.kind, rule.b.kind}) and kinds & against]
    return max(rule.horizontal_m or 0.0 for rule in rules) + SETTING_OUT_M if rules else None


def _against(works: str) -> set[Kind]:
    return {Kind.EXCAVATION} if works in WITHOUT_FOUNDATION else {Kind.EXCAVATION, Kind.BUILDING_FOUNDATION}


def _widest_rule_m(pack: RulePack, works: str, utilities: Iterable[str] | None) -> float:
    against = _against(works)
    networks = NETWORKS if utilities is None else {Kind(name) for name in utilities if name in NETWORKS}
    widths = [rule.horizontal_m or 0.0 for rule in pack if _concerns(rule, networks, against)]
    return max(widths, default=0.0)


def _concerns(rule: ClearanceRule, networks: Iterable[Kind], against: set[Kind]) -> bool:
    kinds = {rule.a.kind, rule.b.kind}
    return bool(kinds & against) and bool(kinds & {*networks, Kind.ANY})


def _through(finding: Finding, shape_m: BaseGeometry, excavation: Excavation) -> Finding:
    """With the length (m) of the line within the dig: how deep it lies inside says little of one that crosses."""
    length = float(shape_m.intersection(excavation.shape_m).length)
    return replace(finding, params=finding.params | {"through": round(length, 2)}) if length else finding


def _running(finding: Finding, lies: Lie) -> Finding:
    return replace(finding, relation=lies.relation, angle_deg=lies.angle_deg)


def _measure(
    excavation: Excavation, placed: Placed, kind: Kind, centreline_m: float, lies: Lie | None
) -> _Measured:
    radius, cover = placed.known_radius_m, placed.known_cover_m
    axis, edge = placed.horizontal_parts()
    over = None
    if excavation.open_from_m and cover and radius is not None:  # a cover of 0 is how some write "unknown"
        over = excavation.open_from_m - (cover + 2 * radius)
    return _Measured(
        placed=placed,
        kind=kind,
        subject=placed.subject(kind),
        lie=lies,
        separation_h_m=centreline_m - (radius or 0.0),
        sd_h=standard_deviation(axis, excavation.horizontal_uncertainty_m, edge),
        separation_v_m=None if cover is None else cover - excavation.depth_m,
        sd_v=None
        if cover is None
        else standard_deviation(placed.vertical_width_m(), excavation.depth_uncertainty_m),
        over_m=over,
    )


def _worst(measured: _Measured, against: Subject, pack: RulePack) -> _Outcome | None:
    """By the rule that fares worst against this; None where no rule speaks of the pair."""
    rules = pack.applicable(measured.subject, against, measured.relation)
    return max((_outcome(rule, against.kind, measured) for rule in rules), key=_by_p, default=None)


def _by_p(outcome: _Outcome) -> tuple[float, tuple[float, float]]:
    return outcome.p, outcome.rule.strictness


def _outcome(rule: ClearanceRule, against: Kind, measured: _Measured) -> _Outcome:
    p_h = probability_below(rule.horizontal_m or 0.0, measured.distance_m(rule), measured.sd_h)
    p_v = 1.0
    if rule.vertical_m is not None and measured.separation_v_m is not None and measured.sd_v is not None:
        p_v = probability_below(rule.vertical_m, measured.separation_v_m, measured.sd_v)
        if measured.over_m is not None and against is Kind.EXCAVATION:
            # The line passes over the bore when its cover is small enough: the same error moves both gaps.
            p_v -= probability_below(-rule.vertical_m, -measured.over_m, measured.sd_v)
    return _Outcome(rule, against, p_h, max(0.0, p_v))


def _zones(measured: _Measured, pack: RulePack) -> Zones | None:
    """What one may dig with here, whatever was asked for; None where either method has no rule.

    By machine only where it is sure to keep its distance; not at all where even by hand it surely would not.
    """
    machine, hand = _worst(measured, BY_MACHINE, pack), _worst(measured, BY_HAND, pack)
    if machine is None or hand is None:
        return None
    if machine.p <= CLEAR_AT:
        zone = DigZone.MACHINE_OK
    else:
        zone = DigZone.NO_DIG if hand.p >= VIOLATES_AT else DigZone.HAND_ONLY
    return Zones(
        zone=zone,
        machine_m=machine.rule.horizontal_m or 0.0,
        hand_m=hand.rule.horizontal_m or 0.0,
        machine_rule=machine.rule.rule_id,
        hand_rule=hand.rule.rule_id,
        is_confirmed=RuleStatus.UNCONFIRMED not in (machine.rule.status, hand.rule.status),
    )


def _finding(worst: _Outcome, measured: _Measured, excavation: Excavation, pack: RulePack) -> Finding:
    rule, placed, zones = worst.rule, measured.placed, _zones(measured, pack)
    found = verdict(worst.p)
    unconfirmed = rule.status is RuleStatus.UNCONFIRMED or (zones is not None and not zones.is_confirmed)
    extra = (
        ("class-unknown", bool(measured.subject.open_dimensions & MAIN_DIMENSIONS)),
        ("rule-unconfirmed", unconfirmed),
    )
    return Finding(
        layer_id=placed.layer_id,
        feature_id=placed.feature_id,
        utility=placed.utility,
        owner=placed.owner,
        verdict=found,
        p_violation=worst.p,
        separation_h_m=measured.distance_m(rule),
        separation_v_m=_gap_v(measured),
        required_h_m=rule.horizontal_m,
        required_v_m=rule.vertical_m,
        uncertainty_h_m=measured.sd_h * Z95,
        uncertainty_v_m=None if measured.sd_v is None else measured.sd_v * Z95,
        against=str(worst.against),
        rule_id=rule.rule_id,
        rule_pack=rule.pack,
        clause=rule.clause,
        source=rule.source,
        rule_status=str(rule.status),
        rule_date=rule.date.isoformat(),
        explanation=_explanation(found, worst, measured),
        params=_params(worst, measured, excavation),
        assumptions=_assumptions(measured) + tuple(name for name, holds in extra if holds),
        zones=zones,
        replaces=rule.replaces,
        cover=_cover(measured, excavation, pack),
    )


def _assumptions(measured: _Measured) -> tuple[str, ...]:
    """What had to be assumed; what stands in the ground has no cover, and its outline is what is drawn."""
    told = measured.placed.assumptions()
    return tuple(s for s in told if not (measured.kind in OBSTACLES and s.startswith(("cover", "radius"))))


def _cover(measured: _Measured, excavation: Excavation, pack: RulePack) -> CoverCheck | None:
    """The ground above the line: as recorded, or under an open dig's floor what the dig leaves of it."""
    left = measured.placed.known_cover_m
    if left is not None and measured.separation_h_m < 0 and not excavation.open_from_m:
        left -= min(excavation.depth_m, left)
    return check_cover(measured.subject, left, (measured.sd_v or 0.0) * Z95, pack)


def _gap_v(measured: _Measured) -> float | None:
    """The wider of the gaps below and, for a bore, above."""
    gaps = [gap for gap in (measured.separation_v_m, measured.over_m) if gap is not None]
    return max(gaps, default=None)


_TREE_WORDS: Final = {
    Verdict.VIOLATES: "finding-tree-too-near",
    Verdict.UNDECIDABLE: "finding-tree-undecidable",
    Verdict.CLEAR: "finding-tree-clear",
}


def _explanation(found: Verdict, worst: _Outcome, measured: _Measured) -> str:
    """The message that names what decided: place, depth, or the lack of a known depth."""
    if measured.kind is Kind.TREE:
        stands_inside = found is Verdict.VIOLATES and measured.separation_h_m <= 0
        return "finding-tree-in-dig" if stands_inside else _TREE_WORDS[found]
    depth_unknown = worst.rule.vertical_m is not None and measured.separation_v_m is None
    if found is Verdict.CLEAR:
        return "finding-clear-by-depth" if worst.p_h > worst.p_v else "finding-clear"
    if found is Verdict.UNDECIDABLE:
        by_depth = worst.p_h >= 0.95
        return "finding-undecidable-depth" if by_depth else "finding-undecidable"
    if worst.against is Kind.BUILDING_FOUNDATION:
        return "finding-foundation-too-near"
    crosses = measured.separation_h_m <= 0
    if depth_unknown:
        return "finding-crosses-depth-unknown" if crosses else "finding-too-near-depth-unknown"
    return "finding-crosses" if crosses else "finding-too-near"


def _params(worst: _Outcome, measured: _Measured, excavation: Excavation) -> dict[str, str | int | float]:
    """Values of the message: metres to the centimetre, probability in percent."""
    values: dict[str, float | None] = {
        "measured": measured.distance_m(worst.rule),
        "required": worst.rule.horizontal_m or 0.0,
        "uncertainty": measured.sd_h * Z95,
        "depth": excavation.depth_m,
        "cover": None if measured.separation_v_m is None else measured.separation_v_m + excavation.depth_m,
    }
    shown: dict[str, str | int | float] = {
        name: round(value, 2) for name, value in values.items() if value is not None
    }
    if measured.kind is Kind.TREE:
        shown["from"] = "axis" if worst.rule.is_from_axis else "bark"
    return shown | {"percent": round(worst.p * 100), "source": worst.rule.source, "clause": worst.rule.clause}


def _no_rule(placed: Placed, separation_h_m: float) -> Finding:
    known = placed.utility in {str(utility) for utility in Utility}
    return Finding(
        layer_id=placed.layer_id,
        feature_id=placed.feature_id,
        utility=placed.utility,
        owner=placed.owner,
        verdict=Verdict.NO_INFORMATION,
        p_violation=1.0,
        separation_h_m=0.0 if math.isnan(separation_h_m) else separation_h_m,
        separation_v_m=None,
        required_h_m=None,
        required_v_m=None,
        uncertainty_h_m=accuracy(placed.quality_level).horizontal_m,
        uncertainty_v_m=None,
        against=str(Kind.EXCAVATION),
        rule_id=None,
        rule_pack=None,
        clause="",
        source="",
        rule_status=None,
        rule_date=None,
        explanation="finding-no-rule" if known else "finding-unknown-network",
    )
