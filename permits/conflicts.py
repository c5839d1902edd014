"""The conflict check of a case: findings sorted, one verdict, the permit conditions that answer them.

Pure assembly: the lines near the excavation and the standing of the layers come from outside, the judgement
of each line from `geo.clearance`. What nobody could see is said as loudly as what was seen: a missing or
stale network layer answers "no information", never "no line".
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any, Final, Protocol

from shapely.geometry.base import BaseGeometry

from geo.clearance import Excavation, Finding, Placed, RulePack, assess_all
from geo.quality import Verdict, worst
from geo.vocabulary import NETWORKS, Kind
from permits.conditions import Answers, Found, Shown, Window, answers
from permits.ports import Json
from permits.trees import is_tree, tree_from
from permits.views import Condition, MissingLayer

FRESH: Final = "fresh"
ABSENT: Final = "absent"
# Clear lines farther away than this (m) are counted but not kept: they would bury the ones that matter.
KEEP_CLEAR_WITHIN_M: Final = 3.0


class Near(Protocol):
    """A feature near the excavation; further canonical attributes are read by name when it has them."""

    @property
    def layer_id(self) -> str:
        """The layer it belongs to."""

    @property
    def feature_id(self) -> str:
        """The owner's own id of it."""

    @property
    def geom(self) -> BaseGeometry:
        """Its axis in the city's metric system."""


class LayerState(Protocol):
    """How a layer stands today: `fresh`, `stale` or `missing`; may say its `utility` (None: no network)."""

    @property
    def layer_id(self) -> str:
        """The layer."""

    @property
    def state(self) -> str:
        """Its standing."""


@dataclass(frozen=True, slots=True)
class ConflictReport:
    """What the check found, worst first. `checked` counts every line looked at, also those not kept."""

    verdict: Verdict
    findings: tuple[Finding, ...]
    conditions: tuple[Condition, ...]
    missing_information: tuple[MissingLayer, ...]
    checked: int
    pack_id: str
    answers: Answers = field(default_factory=Answers)

    @property
    def findings_json(self) -> list[Json]:
        """The findings as the API shows them: metres to the millimetre, probabilities to four places."""
        return [finding_json(finding, self.answers) for finding in self.findings]


def check_conflicts(
    excavation: Excavation,
    near: Sequence[Near],
    pack: RulePack,
    layers: Iterable[LayerState],
    expected: Iterable[str] = (),
    window: Window | None = None,
    shown: Shown | None = None,
) -> ConflictReport:
    """The report for one excavation.

    `near` may hold features of any layer; those of a utility are judged, and trees where a rule names them.
    `layers` is the standing of the city's layers, `expected` the utilities that ought to have one. The verdict
    is the worst of all findings, and `no_information` where a network layer cannot speak and nothing worse was
    found. `window` is when owners can attend; `shown` brings the conditions' geometry out of the city's system.
    """
    lines = [feature for feature in near if _attribute(feature, "utility") is not None]
    trees = [feature for feature in near if is_tree(feature)]
    placed = [placed_from(feature) for feature in lines] + [tree_from(feature) for feature in trees]
    shapes = [feature.geom for feature in (*lines, *trees)]
    found = assess_all(excavation, placed, shapes, pack)
    told = [Found(*each) for each in zip(found, placed, shapes, strict=True) if _is_ruled(each[0])]
    kept = sorted((each for each in told if _worth_keeping(each.finding)), key=lambda each: each.finding.rank)
    findings = tuple(each.finding for each in kept)
    standing = list(layers)
    missing = _missing(standing, expected)
    blind = tuple(layer.layer_id for layer in missing if layer.layer_id in _blinding(standing, missing))
    verdicts = [finding.verdict for finding in findings] + [Verdict.NO_INFORMATION for _ in blind]
    answered = answers(kept, blind, excavation, window or Window(), shown or _as_it_is)
    return ConflictReport(
        verdict=worst(verdicts),
        findings=findings,
        conditions=answered.conditions,
        missing_information=missing,
        checked=len(lines),
        pack_id=pack.pack_id,
        answers=answered,
    )


def placed_from(feature: Near) -> Placed:
    """What the layer knows of one line, in the words of the check; unknown attributes stay None."""
    diameter_mm = _attribute(feature, "diameter_mm")
    return Placed(
        layer_id=feature.layer_id,
        feature_id=feature.feature_id,
        utility=str(_attribute(feature, "utility")),
        classes=(
            _attribute(feature, "class_code"),
            _attribute(feature, "role"),
            _attribute(feature, "laying"),
        ),
        owner=_attribute(feature, "owner_agency"),
        radius_m=None if diameter_mm is None else diameter_mm / 2000.0,
        cover_m=_attribute(feature, "cover_m"),
        cover_source=_attribute(feature, "cover_source"),
        horizontal_uncertainty_m=_attribute(feature, "horizontal_uncertainty_m"),
        vertical_uncertainty_m=_attribute(feature, "vertical_uncertainty_m"),
        quality_level=_attribute(feature, "quality_level"),
    )


def finding_json(finding: Finding, answered: Answers) -> Json:
    """One finding as neutral values, with its zone, its trial pits and the conditions it calls for."""
    return {
        **plain_finding(finding),
        "zone": str(finding.zone),
        "zones": _zones_json(finding),
        "cover": _cover_json(finding),
        "trial_pits": answered.pits.get(finding.ref, []),
        "conditions": [
            {"code": each.code, "params": each.params, "corridor": each.corridor}
            for each in answered.by_finding.get(finding.ref, ())
        ],
    }


def plain_finding(finding: Finding) -> Json:
    """What was measured, by which rule, and with what result: the part that all findings have."""
    numbers = {
        "separation_h_m": finding.separation_h_m,
        "separation_v_m": finding.separation_v_m,
        "required_h_m": finding.required_h_m,
        "required_v_m": finding.required_v_m,
        "uncertainty_h_m": finding.uncertainty_h_m,
        "uncertainty_v_m": finding.uncertainty_v_m,
    }
    rounded = {name: None if value is None else round(value, 3) for name, value in numbers.items()}
    return {
        "ref": finding.ref,
        "layer_id": finding.layer_id,
        "feature_id": finding.feature_id,
        "utility": finding.utility,
        "owner": finding.owner,
        "verdict": str(finding.verdict),
        "p_violation": None if finding.rule_id is None else round(finding.p_violation, 4),
        **rounded,
        "against": finding.against,
        "rule_id": finding.rule_id,
        "rule_pack": finding.rule_pack,
        "rule_status": finding.rule_status,
        "rule_date": finding.rule_date,
        "clause": finding.clause,
        "source": finding.source,
        "explanation": finding.explanation,
        "params": dict(finding.params),
        "assumptions": list(finding.assumptions),
        "rule_replaces": list(finding.replaces),
        "relation": None if finding.relation is None else str(finding.relation),
        "angle_deg": finding.angle_deg,
    }


def _zones_json(finding: Finding) -> Json | None:
    zones = finding.zones
    if zones is None:
        return None
    return {
        "machine_m": zones.machine_m,
        "hand_m": zones.hand_m,
        "machine_rule": zones.machine_rule,
        "hand_rule": zones.hand_rule,
        "confirmed": zones.is_confirmed,
    }


def _cover_json(finding: Finding) -> Json | None:
    cover = finding.cover
    if cover is None:
        return None
    return {
        "required_m": cover.required_m,
        "left_m": None if cover.left_m is None else round(cover.left_m, 3),
        "p_short": round(cover.p_short, 4),
        "verdict": str(cover.verdict),
        "rule_id": cover.rule.rule_id,
        "source": cover.rule.source,
        "rule_status": str(cover.rule.status),
    }


def _as_it_is(shape: BaseGeometry) -> BaseGeometry:
    return shape


def _attribute(feature: object, name: str) -> Any:
    return getattr(feature, name, None)


def _is_ruled(finding: Finding) -> bool:
    """A line without a rule is told; a tree that no rule names keeps nobody from digging."""
    return finding.utility != Kind.TREE or finding.rule_id is not None


def _worth_keeping(finding: Finding) -> bool:
    return finding.verdict is not Verdict.CLEAR or finding.separation_h_m <= KEEP_CLEAR_WITHIN_M


def _missing(standing: Sequence[LayerState], expected: Iterable[str]) -> tuple[MissingLayer, ...]:
    told = [MissingLayer(layer.layer_id, str(layer.state)) for layer in standing if str(layer.state) != FRESH]
    present = {str(_attribute(layer, "utility")) for layer in standing}
    absent = [MissingLayer(utility, ABSENT) for utility in sorted(set(expected) - present)]
    return tuple(sorted(told, key=lambda layer: layer.layer_id)) + tuple(absent)


def _blinding(standing: Sequence[LayerState], missing: Sequence[MissingLayer]) -> set[str]:
    """The missing layers that hide lines: all but those that say they belong to no network."""
    ground = {
        layer.layer_id
        for layer in standing
        if hasattr(layer, "utility") and str(_attribute(layer, "utility")) not in NETWORKS
    }
    return {layer.layer_id for layer in missing} - ground
