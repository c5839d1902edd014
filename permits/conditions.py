"""The permit's conditions, as a machine can read them: code, values, and the ground in which each holds.

Every finding that is not clear is answered by at least one. The same conditions stand twice: gathered for the
permit, one for each utility or owner, and with each finding those that it calls for.
"""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

import shapely
from shapely.geometry import MultiPoint
from shapely.geometry.base import BaseGeometry

from geo.clearance import Excavation, Finding, Placed
from geo.dig_zones import Strip, hand_width_m, limits_machine, machine_ground, strip
from geo.quality import Verdict
from geo.trial_pits import Suspect, TrialPit, is_decidable, propose
from geo.vocabulary import Kind
from permits.ports import Json
from permits.views import Condition

# Lines whose owner stands by even when the verdict is still open.
_DANGEROUS: Final = frozenset({Kind.GAS, Kind.ELECTRICITY})
_OPEN: Final = (Verdict.VIOLATES, Verdict.UNDECIDABLE)
# Methods that need no room for a machine near the line.
_GENTLE: Final = frozenset({"hand", "vacuum", "hand_boring"})

Shown = Callable[[BaseGeometry], BaseGeometry]
"""Brings a shape from the city's metric system into the one that is shown (WGS84)."""


@dataclass(frozen=True, slots=True)
class Window:
    """When the owners' people can attend: ISO weekdays, local hours, and how long before they are asked."""

    weekdays: tuple[int, ...] = (1, 2, 3, 4, 5)
    opens: str = "08:00"
    closes: str = "14:00"
    notice_hours: int = 48


@dataclass(frozen=True, slots=True)
class Found:
    """One finding with the line it is about."""

    finding: Finding
    placed: Placed
    shape_m: BaseGeometry


@dataclass(frozen=True, slots=True)
class Answers:
    """What answers the findings: the permit's conditions, and by reference each finding's own and its pits."""

    conditions: tuple[Condition, ...] = ()
    by_finding: Mapping[str, tuple[Condition, ...]] = field(default_factory=dict)
    pits: Mapping[str, list[Json]] = field(default_factory=dict)


def answers(
    found: Sequence[Found], blind_layers: Sequence[str], excavation: Excavation, window: Window, shown: Shown
) -> Answers:
    """The conditions that would answer the findings, most urgent first; each names what it answers.

    `params.within` is the strip (m) on either side of the mapped line in which the condition holds: the
    clearance and the position's 95 % half width together.
    """
    work = _Work(found, excavation, window, shown)
    gathered = tuple(work.gathered())
    if blind_layers:
        asked = {"findings": ["*"], "layers": list(blind_layers)}
        gathered += (Condition("locate-first", asked),)
    own = {each.finding.ref: tuple(work.of(each)) for each in found if each.finding.verdict in _OPEN}
    return Answers(gathered, own, _pits_json(work.pits, shown))


class _Work:
    """One excavation's findings, with the strips and pits that several conditions speak of."""

    def __init__(self, found: Sequence[Found], excavation: Excavation, window: Window, shown: Shown) -> None:
        self.found = found
        unkept = [each for each in found if each.finding.verdict in _OPEN]
        self.open = [each for each in unkept if not _is_tree(each)]
        self.trees = [each for each in unkept if _is_tree(each)]
        self.excavation = excavation
        self.window = window
        self.shown = shown
        self.is_gentle = excavation.method in _GENTLE
        self.strips = {each.finding.ref: self._strip(each, hand_width_m(each.finding)) for each in unkept}
        self.wide: dict[str, BaseGeometry] = {}
        suspects = [Suspect(each.finding, each.placed, each.shape_m) for each in self.open]
        self.pits = propose(excavation, suspects)

    def gathered(self) -> Iterable[Condition]:
        """One condition for each utility or owner, most urgent first."""
        way = [each for each in self.open if _stands_in_the_way(each.finding)]
        unsure = [each for each in self.open if is_decidable(each.finding)]
        bared = [each for each in self.found if _loses_cover(each.finding)]
        unruled = [each for each in self.found if each.finding.rule_id is None]
        for name, members in _by(way, "utility"):
            yield Condition(
                "move-or-protect", {"utility": name, **_extent(members)}, None, self._wide(members)
            )
        yield from self._watched()
        for name, members in _by(unsure, "utility"):
            yield self._trial_pit(name, members)
        yield from self._by_hand()
        for name, members in _by(self.trees, "owner"):
            yield Condition("protect-tree", {"owner": name, **_extent(members)}, None, self._wide(members))
        for name, members in _by(bared, "utility"):
            yield Condition("restore-cover", {"utility": name, **_cover(members)}, None, self._wide(members))
        for name, members in _by(unruled, "owner"):
            yield Condition("ask-owner", {"owner": name, **_extent(members)})

    def _watched(self) -> Iterable[Condition]:
        watched = _by([each for each in self.open if _needs_its_owner(each.finding)], "owner")
        for name, members in watched:
            yield Condition("owner-watch", {"owner": name, **_extent(members)}, None, self._wide(members))
        for name, members in watched:
            yield Condition("work-window", {"owner": name, **_extent(members), **self._hours()})

    def _by_hand(self) -> Iterable[Condition]:
        """The strips for hand tools, and what is left for the machine."""
        limited = [each for each in (*self.open, *self.trees) if limits_machine(each.finding)]
        if self.is_gentle or not limited:
            return
        for name, members in _by([each for each in limited if not _is_tree(each)], "utility"):
            yield Condition("hand-dig", {"utility": name, **_hand(members)}, None, self._narrow(members))
        yield self._safe_corridor(limited)

    def of(self, one: Found) -> Iterable[Condition]:
        """The conditions that one open finding calls for."""
        finding, alone = one.finding, [one]
        if _is_tree(one):
            yield Condition(
                "protect-tree", {"owner": finding.owner, **_extent(alone)}, None, self._wide(alone)
            )
            return
        if _stands_in_the_way(finding):
            yield Condition("move-or-protect", _extent(alone), None, self._wide(alone))
        if _needs_its_owner(finding):
            yield Condition(
                "owner-watch", {"owner": finding.owner, **_extent(alone)}, None, self._wide(alone)
            )
            yield Condition("work-window", {"owner": finding.owner, **_extent(alone), **self._hours()})
        if is_decidable(finding):
            yield self._trial_pit(finding.utility, alone)
        if not self.is_gentle and limits_machine(finding):
            yield Condition("hand-dig", _hand(alone), None, self._narrow(alone))

    def _trial_pit(self, utility: str, members: Sequence[Found]) -> Condition:
        refs = {each.finding.ref for each in members}
        places = [pit.point_m for pit in self.pits if refs & set(pit.refs)]
        params = {"utility": utility, **_extent(members), "pits": len(places)}
        return Condition("trial-pit", params, None, self._json(MultiPoint(places)))

    def _safe_corridor(self, members: Sequence[Found]) -> Condition:
        """Where the machine may work: the outline without the strips of every line that keeps it away."""
        ground = machine_ground(self.excavation.shape_m, [self.strips[each.finding.ref] for each in members])
        params = {
            "findings": [each.finding.ref for each in members],
            "area_m2": round(ground.area, 2),
            "share": round(ground.area / self.excavation.shape_m.area, 4),
        }
        return Condition("safe-corridor", params, None, self._json(ground))

    def _hours(self) -> Json:
        window = self.window
        return {
            "weekdays": list(window.weekdays),
            "from": window.opens,
            "to": window.closes,
            "notice_hours": window.notice_hours,
        }

    def _narrow(self, members: Sequence[Found]) -> Json | None:
        return self._json(shapely.union_all([self.strips[each.finding.ref].shape_m for each in members]))

    def _wide(self, members: Sequence[Found]) -> Json | None:
        """The strips by the finding's own rule, which may be a foundation's."""
        for each in members:
            if each.finding.ref not in self.wide:
                self.wide[each.finding.ref] = self._strip(each, _within(each.finding)).shape_m
        return self._json(shapely.union_all([self.wide[each.finding.ref] for each in members]))

    def _strip(self, one: Found, within_m: float) -> Strip:
        return strip(self.excavation.shape_m, one.shape_m, one.placed.known_radius_m, within_m)

    def _json(self, shape_m: BaseGeometry) -> Json | None:
        return None if shape_m.is_empty else _geojson(self.shown(shape_m))


def _pits_json(pits: Sequence[TrialPit], shown: Shown) -> dict[str, list[Json]]:
    """Each line's pits as neutral values: where, why, what to measure, and what each measure would mean."""
    told: dict[str, list[Json]] = {}
    for pit in pits:
        point = _geojson(shown(pit.point_m))
        for each in pit.expected:
            one = {
                "point": point,
                "why": each.why,
                "measure": list(each.measure),
                "serves": list(pit.refs),
                "half_width_m": round(pit.half_width_m, 2),
                "clear_from_separation_m": each.clear_from_separation_m,
                "clear_from_cover_m": each.clear_from_cover_m,
                "clear_to_cover_m": each.clear_to_cover_m,
                "p_clear": None if each.p_clear is None else round(each.p_clear, 4),
                "verdict_as_mapped": str(each.verdict_as_mapped),
            }
            told.setdefault(each.ref, []).append(one)
    return told


def _geojson(shape: BaseGeometry) -> Json:
    written: Json = json.loads(shapely.to_geojson(shape))
    return written


def _by(found: Iterable[Found], name: str) -> list[tuple[str, list[Found]]]:
    grouped: dict[str, list[Found]] = {}
    for each in found:
        grouped.setdefault(str(getattr(each.finding, name) or "unknown"), []).append(each)
    return sorted(grouped.items())


def _is_tree(one: Found) -> bool:
    """Trees are spared, not uncovered: nobody comes to show where they lie."""
    return one.placed.kind is Kind.TREE


def _stands_in_the_way(finding: Finding) -> bool:
    return finding.verdict is Verdict.VIOLATES and finding.against == Kind.BUILDING_FOUNDATION


def _needs_its_owner(finding: Finding) -> bool:
    return finding.verdict is Verdict.VIOLATES or finding.utility in _DANGEROUS


def _loses_cover(finding: Finding) -> bool:
    """Whether the dig stands over the line and leaves less ground above it than its rule asks for."""
    return (
        finding.cover is not None
        and finding.separation_h_m < 0
        and finding.cover.verdict is not Verdict.CLEAR
    )


def _cover(members: Sequence[Found]) -> Json:
    asked = [each.finding.cover.required_m for each in members if each.finding.cover is not None]
    return {**_extent(members), "cover_m": max(asked, default=0.0)}


def _within(finding: Finding) -> float:
    return (finding.required_h_m or 0.0) + finding.uncertainty_h_m


def _extent(members: Sequence[Found]) -> Json:
    return _named(members, [_within(each.finding) for each in members])


def _hand(members: Sequence[Found]) -> Json:
    return _named(members, [hand_width_m(each.finding) for each in members])


def _named(members: Sequence[Found], widths: Sequence[float]) -> Json:
    within = math.ceil(max(widths, default=0.0) * 10) / 10
    return {"findings": [each.finding.ref for each in members], "within": within}
