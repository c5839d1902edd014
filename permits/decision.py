"""May the case be approved, on which conditions, and if not, why not - in reason keys, never in free text."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from geo.vocabulary import Kind
from permits.ports import Json
from permits.views import Condition
from permits.vocabulary import ConsultationStatus, Wish

OVERRIDES = frozenset({"override-violation", "relocate-first", "protective-measures"})
"""Conditions that may answer a violation; each must say why (`note`)."""

ACCEPT_SILENCE = "accept-silence"
TRIAL_PIT = "trial-pit"
PROTECT_TREE = "protect-tree"
ASK_OWNER = "ask-owner"


@dataclass(frozen=True, slots=True)
class ConsultationFacts:
    """One agency's answer as the decision sees it."""

    agency: str
    status: ConsultationStatus
    serviceable: bool | None
    offer_valid_until: datetime | None


@dataclass(frozen=True, slots=True)
class DecisionFacts:
    """All that an approval rests on; findings in their stored form."""

    is_routed: bool
    tariff_agencies: Sequence[str]
    wishes: Mapping[str, Wish]
    consultations: Sequence[ConsultationFacts]
    findings: Sequence[Json]
    missing_layers: Sequence[str]


@dataclass(frozen=True, slots=True)
class Obstacle:
    """One reason against approval: key and where it applies."""

    reason: str
    where: str

    def __str__(self) -> str:
        return f"{self.reason}:{self.where}" if self.where else self.reason


def finding_ref(finding: Mapping[str, Any]) -> str:
    """How a finding is named in a condition: layer and feature."""
    return f"{finding.get('layer_id', '')}/{finding.get('feature_id', '')}"


def _covered(refs: Iterable[str], conditions: Sequence[Condition]) -> set[str]:
    """The refs that an override condition with a stated reason answers."""
    named: set[str] = set()
    for condition in conditions:
        if condition.code in OVERRIDES and (condition.note or "").strip():
            named.update(str(ref) for ref in condition.params.get("findings", ()))
    return set(refs) if "*" in named else named & set(refs)


def _consultation_obstacles(
    facts: DecisionFacts, conditions: Sequence[Condition], now: datetime
) -> list[Obstacle]:
    silence = {str(c.params.get("agency", "")) for c in conditions if c.code == ACCEPT_SILENCE and c.note}
    found: list[Obstacle] = []
    for item in facts.consultations:
        wanted_now = facts.wishes.get(item.agency) is Wish.NOW
        if item.status is ConsultationStatus.PENDING:
            found.append(Obstacle("consultation-open", item.agency))
        elif item.status is ConsultationStatus.LAPSED and item.agency not in silence:
            found.append(Obstacle("consultation-lapsed", item.agency))
        elif wanted_now and item.serviceable is False:
            found.append(Obstacle("not-serviceable", item.agency))
        elif wanted_now and item.offer_valid_until is not None and item.offer_valid_until < now:
            found.append(Obstacle("offer-expired", item.agency))
    return found


def obstacles(facts: DecisionFacts, conditions: Sequence[Condition], now: datetime) -> list[Obstacle]:
    """Everything that stands against approval at `now` under `conditions`; empty means it may be approved."""
    found: list[Obstacle] = []
    if not facts.is_routed:
        found.append(Obstacle("not-routed", ""))
    elif not facts.tariff_agencies:
        found.append(Obstacle("no-agency-in-exchange", ""))
    asked = {item.agency for item in facts.consultations}
    for agency, wish in facts.wishes.items():
        if wish is not Wish.NOT_NEEDED and agency not in asked:
            found.append(Obstacle("never-asked", agency))
    found += _consultation_obstacles(facts, conditions, now)
    violated = [finding_ref(f) for f in facts.findings if f.get("verdict") == "violates"]
    covered = _covered(violated, conditions)
    found += [Obstacle("violates", ref) for ref in dict.fromkeys(violated) if ref not in covered]
    return found


def required_conditions(facts: DecisionFacts, given: Sequence[Condition] = ()) -> list[Condition]:
    """What the permit must demand whatever the officer adds; `given` is what the officer did add.

    Each undecidable finding, and each that counts as violated only because nobody knows the depth, becomes a
    trial pit; each layer that could not speak a question to its owner. A tree that is too near, or may be, is to be
    protected: nobody digs for it.
    """
    lines = [f for f in facts.findings if f.get("utility") != Kind.TREE]
    unsure = [f for f in lines if f.get("verdict") == "undecidable" or f.get("trial_pits")]
    undecided = [finding_ref(f) for f in unsure]
    silent = [finding_ref(f) for f in facts.findings if f.get("verdict") == "no_information"]
    found: list[Condition] = []
    if undecided:
        found.append(Condition(TRIAL_PIT, {"findings": list(dict.fromkeys(undecided))}, None, _pits(unsure)))
    if bare := _unprotected(facts, given):
        found.append(Condition(PROTECT_TREE, {"findings": bare}))
    if silent or facts.missing_layers:
        params = {"findings": list(dict.fromkeys(silent)), "layers": list(facts.missing_layers)}
        found.append(Condition(ASK_OWNER, params))
    return found


def _unprotected(facts: DecisionFacts, given: Sequence[Condition]) -> list[str]:
    """The trees that are too near, or may be, and that no condition protects yet."""
    trees = [f for f in facts.findings if f.get("utility") == Kind.TREE]
    near = [finding_ref(f) for f in trees if f.get("verdict") in ("violates", "undecidable")]
    named = {ref for each in given if each.code == PROTECT_TREE for ref in each.params.get("findings", ())}
    return [ref for ref in dict.fromkeys(near) if ref not in named]


def with_corridors(conditions: Sequence[Condition], suggested: Sequence[Json]) -> list[Condition]:
    """The conditions with the ground in which each holds: what the check proposed is taken as it proposed it."""
    proposed = {_about(str(each.get("code")), each.get("params") or {}): each for each in suggested}
    found = []
    for condition in conditions:
        known = proposed.get(_about(condition.code, condition.params))
        found.append(condition if known is None else replace(condition, corridor=known.get("corridor")))
    return found


def _about(code: str, params: Mapping[str, Any]) -> tuple[str, tuple[str, ...]]:
    named = params.get("findings")
    return code, tuple(sorted(str(ref) for ref in named)) if isinstance(named, list) else ()


def _pits(findings: Sequence[Json]) -> Json | None:
    """Where the proposed pits of these findings lie; None when none were proposed."""
    points = [pit["point"]["coordinates"] for finding in findings for pit in finding.get("trial_pits") or ()]
    if not points:
        return None
    return {"type": "MultiPoint", "coordinates": [list(at) for at in dict.fromkeys(map(tuple, points))]}
