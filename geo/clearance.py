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
from dataclasses import dataclass, field
from typing import Final

from shapely.geometry import Polygon
from shapely.geometry.base import BaseGeometry

from geo.errors import DepthInvalid
from geo.packs import load_pack
from geo.quality import (
    UNKNOWN_VERTICAL_M,
    Z95,
    Verdict,
    accuracy,
    probability_below,
    standard_deviation,
    verdict,
)
from geo.rules import ClearanceRule, Party, RulePack, RuleStatus, Subject
from geo.separation import separations
from geo.vocabulary import MAIN_DIMENSIONS, NETWORKS, Kind, Utility, gas_class, voltage_class

__all__ = [
    "ClearanceRule", "Excavation", "Finding", "Party", "Placed", "RulePack", "RuleStatus", "Subject",
    "assess", "assess_all", "gas_class", "load_pack", "search_radius_m", "separations", "voltage_class",
]  # fmt: skip

# Setting-out of a permit's outline and of its depth by ordinary means (95 % half widths, m): our assumption.
SETTING_OUT_M: Final = 0.10
DEPTH_TOLERANCE_M: Final = 0.10
MAX_DEPTH_M: Final = 100.0
# Works that leave no foundation behind; any other word is taken to build.
WITHOUT_FOUNDATION: Final = frozenset({"repair", "excavation_only"})

# Outer radius (m) of an ordinary large line of each network. Used where the record gives no diameter: not
# as a radius, which would be invented, but as a further uncertainty of the edge. Our assumption.
ORDINARY_RADIUS_M: Final[dict[Kind, float]] = {
    Kind.WATER: 0.15,
    Kind.SEWER: 0.30,
    Kind.STORMWATER: 0.40,
    Kind.ELECTRICITY: 0.05,
    Kind.GAS: 0.15,
    Kind.TELECOM: 0.10,
    Kind.HEATING: 0.30,
}
# The widest line that the search must still find by its axis (m).
WIDEST_RADIUS_M: Final = 1.0
# Depths that were never measured at the line itself: without a stated uncertainty they are no better than a
# guess.
GUESSED_COVER: Final = frozenset({"assumed", "default", "design", "estimated", "standard", "unknown"})


@dataclass(frozen=True, slots=True)
class Excavation:
    """The hole: outline in the city's metric system, depth in metres below the surface.

    `method` is "machine" or "hand"; `works` decides whether a foundation will stand in it. The
    uncertainties are 95 % half widths of outline and depth (m).
    """

    shape_m: Polygon
    depth_m: float
    method: str = "machine"
    works: str = "new_building"
    horizontal_uncertainty_m: float = SETTING_OUT_M
    depth_uncertainty_m: float = DEPTH_TOLERANCE_M

    def __post_init__(self) -> None:
        if not 0 < self.depth_m <= MAX_DEPTH_M:  # also refuses NaN
            raise DepthInvalid(depth=str(self.depth_m), limit=MAX_DEPTH_M, hint="give-the-depth")

    @property
    def against(self) -> tuple[Subject, ...]:
        """What the line must keep clear of: the digging, and the foundation when one is built."""
        digging = Subject.of(Kind.EXCAVATION, [self.method])
        if self.works in WITHOUT_FOUNDATION:
            return (digging,)
        return (digging, Subject.of(Kind.BUILDING_FOUNDATION))


@dataclass(frozen=True, slots=True)
class Placed:
    """What is known of one existing line; None = unknown, which never counts in its favour.

    `radius_m` is the outer radius, `cover_m` the depth of the top below the surface; the uncertainties are
    95 % half widths (m). `classes` are any of pressure or voltage class, role, laying ("MP", "main",
    "duct").
    """

    layer_id: str
    feature_id: str
    utility: str
    classes: tuple[str | None, ...] = ()
    owner: str | None = None
    radius_m: float | None = None
    cover_m: float | None = None
    cover_source: str | None = None
    horizontal_uncertainty_m: float | None = None
    vertical_uncertainty_m: float | None = None
    quality_level: str | None = None

    @property
    def kind(self) -> Kind | None:
        """The network as the rules know it; None for a word outside the vocabulary."""
        return Kind(self.utility) if self.utility in NETWORKS else None


@dataclass(frozen=True, slots=True)
class Finding:
    """The recorded result for one line, by the rule that fares worst. Lengths in metres, 95 % half widths.

    `separation_h_m` is from the line's outside to the excavation, negative when it runs through it;
    `separation_v_m` from the excavation's floor down to the top of the line, negative when it is dug past.
    `assumptions` are slugs of what had to be assumed; `explanation` is a message id, `params` its values.
    """

    layer_id: str
    feature_id: str
    utility: str
    owner: str | None
    verdict: Verdict
    p_violation: float
    separation_h_m: float
    separation_v_m: float | None
    required_h_m: float | None
    required_v_m: float | None
    uncertainty_h_m: float
    uncertainty_v_m: float | None
    against: str
    rule_id: str | None
    rule_pack: str | None
    clause: str
    source: str
    rule_status: str | None
    rule_date: str | None
    explanation: str
    params: dict[str, str | int | float] = field(default_factory=dict)
    assumptions: tuple[str, ...] = ()

    @property
    def ref(self) -> str:
        """`layer_id/feature_id`, as permit conditions name a line."""
        return f"{self.layer_id}/{self.feature_id}"

    @property
    def rank(self) -> tuple[int, float, float, str]:
        """Sorts findings worst first."""
        return (-self.verdict.severity, -self.p_violation, self.separation_h_m, self.ref)


@dataclass(frozen=True, slots=True)
class _Measured:
    """The parts of the calculation that no rule changes."""

    placed: Placed
    kind: Kind
    separation_h_m: float
    sd_h: float
    separation_v_m: float | None
    sd_v: float | None
    assumptions: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class _Outcome:
    rule: ClearanceRule
    against: Kind
    p_h: float
    p_v: float

    @property
    def p(self) -> float:
        return self.p_h * self.p_v


def assess(excavation: Excavation, placed: Placed, centreline_m: float, pack: RulePack) -> Finding:
    """The finding for one line whose axis lies `centreline_m` (signed, see `separations`) from the pit.

    The outer radius is taken off here. Never raises for odd data: a network outside the vocabulary, a pair
    without a rule or a missing distance answers `no_information`.

    >>> from datetime import date
    >>> gas, digging = Party(Kind.GAS), Party(Kind.EXCAVATION)
    >>> day, standing = date(2026, 1, 1), RuleStatus.UNCONFIRMED
    >>> rule = ClearanceRule("x-1", gas, digging, 0.5, 0.2, "test", "1", day, standing)
    >>> pit = Excavation(Polygon([(0, 0), (4, 0), (4, 4), (0, 4)]), 1.0, works="repair")
    >>> main = Placed("gas", "G1", "gas", ("MP",), radius_m=0.1, cover_m=0.8, quality_level="A")
    >>> assess(pit, main, 0.3, RulePack("x", "x", (rule,))).verdict.value
    'violates'
    """
    kind = placed.kind
    if kind is None or math.isnan(centreline_m):
        return _no_rule(placed, centreline_m)
    measured = _measure(excavation, placed, kind, centreline_m)
    subject = Subject.of(kind, placed.classes)
    outcomes = [
        _outcome(rule, against.kind, measured)
        for against in excavation.against
        for rule in pack.applicable(subject, against)
    ]
    if not outcomes:
        return _no_rule(placed, measured.separation_h_m)
    worst = max(outcomes, key=lambda outcome: (outcome.p, outcome.rule.strictness))
    return _finding(worst, measured, excavation, bool(subject.open_dimensions & MAIN_DIMENSIONS))


def assess_all(
    excavation: Excavation, placed: Sequence[Placed], shapes_m: Sequence[BaseGeometry], pack: RulePack
) -> list[Finding]:
    """The findings for many lines, in their order; `shapes_m` are their axes in the excavation's system."""
    distances = separations(excavation.shape_m, shapes_m)
    return [
        assess(excavation, each, float(distance), pack)
        for each, distance in zip(placed, distances, strict=True)
    ]


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
    against = (
        {Kind.EXCAVATION} if works in WITHOUT_FOUNDATION else {Kind.EXCAVATION, Kind.BUILDING_FOUNDATION}
    )
    networks = NETWORKS if utilities is None else {Kind(name) for name in utilities if name in NETWORKS}
    widths = [rule.horizontal_m or 0.0 for rule in pack if _concerns(rule, networks, against)]
    position = math.hypot(max_uncertainty_m, SETTING_OUT_M, max(ORDINARY_RADIUS_M.values()))
    return max(widths, default=0.0) + position + WIDEST_RADIUS_M


def _concerns(rule: ClearanceRule, networks: Iterable[Kind], against: set[Kind]) -> bool:
    kinds = {rule.a.kind, rule.b.kind}
    return bool(kinds & against) and bool(kinds & {*networks, Kind.ANY})


def _measure(excavation: Excavation, placed: Placed, kind: Kind, centreline_m: float) -> _Measured:
    radius = _positive(placed.radius_m)
    stated = _positive(placed.horizontal_uncertainty_m)
    level = accuracy(placed.quality_level)
    sd_h = standard_deviation(
        stated if stated is not None else level.horizontal_m,
        excavation.horizontal_uncertainty_m,
        0.0 if radius is not None else ORDINARY_RADIUS_M[kind],
    )
    cover = _known(placed.cover_m)
    assumptions = (
        ("radius-assumed", radius is None),
        ("accuracy-assumed", stated is None),
        ("cover-unknown", cover is None),
        ("cover-guessed", cover is not None and placed.cover_source in GUESSED_COVER),
    )
    return _Measured(
        placed=placed,
        kind=kind,
        separation_h_m=centreline_m - (radius or 0.0),
        sd_h=sd_h,
        separation_v_m=None if cover is None else cover - excavation.depth_m,
        sd_v=None if cover is None else _vertical_sd(excavation, placed),
        assumptions=tuple(name for name, holds in assumptions if holds),
    )


def _vertical_sd(excavation: Excavation, placed: Placed) -> float:
    width = _positive(placed.vertical_uncertainty_m)
    if width is None and placed.cover_source not in GUESSED_COVER:
        width = accuracy(placed.quality_level).vertical_m
    return standard_deviation(UNKNOWN_VERTICAL_M if width is None else width, excavation.depth_uncertainty_m)


def _positive(value: float | None) -> float | None:
    """A length, or None: zero, negative and not-a-number are how sources write "unknown"."""
    return value if value is not None and value > 0 and math.isfinite(value) else None


def _known(value: float | None) -> float | None:
    """A cover, or None; zero is a line that lies open, less than zero is nonsense."""
    return value if value is not None and value >= 0 and math.isfinite(value) else None


def _outcome(rule: ClearanceRule, against: Kind, measured: _Measured) -> _Outcome:
    p_h = probability_below(rule.horizontal_m or 0.0, measured.separation_h_m, measured.sd_h)
    p_v = 1.0
    if rule.vertical_m is not None and measured.separation_v_m is not None and measured.sd_v is not None:
        p_v = probability_below(rule.vertical_m, measured.separation_v_m, measured.sd_v)
    return _Outcome(rule, against, p_h, p_v)


def _finding(worst: _Outcome, measured: _Measured, excavation: Excavation, class_open: bool) -> Finding:
    rule, placed = worst.rule, measured.placed
    found = verdict(worst.p)
    extra = (("class-unknown", class_open), ("rule-unconfirmed", rule.status is RuleStatus.UNCONFIRMED))
    return Finding(
        layer_id=placed.layer_id,
        feature_id=placed.feature_id,
        utility=placed.utility,
        owner=placed.owner,
        verdict=found,
        p_violation=worst.p,
        separation_h_m=measured.separation_h_m,
        separation_v_m=measured.separation_v_m,
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
        assumptions=measured.assumptions + tuple(name for name, holds in extra if holds),
    )


def _explanation(found: Verdict, worst: _Outcome, measured: _Measured) -> str:
    """The message that names what decided: place, depth, or the lack of a known depth."""
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
        "measured": measured.separation_h_m,
        "required": worst.rule.horizontal_m or 0.0,
        "uncertainty": measured.sd_h * Z95,
        "depth": excavation.depth_m,
        "cover": None if measured.separation_v_m is None else measured.separation_v_m + excavation.depth_m,
    }
    shown: dict[str, str | int | float] = {
        name: round(value, 2) for name, value in values.items() if value is not None
    }
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
