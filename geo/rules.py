"""Clearance rules, and how the governing one is found: exact beats general, own law beats borrowed law.

A pair has no order. Where the feature's class is unknown, every class's rule may apply, and all of them are
returned: the caller checks each and keeps the worst outcome.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, replace
from datetime import date
from enum import StrEnum
from typing import Final

from geo.vocabulary import (
    ANY_CLASS,
    DIMENSION,
    DIMENSIONS_OF,
    JUDGED_AS,
    NETWORKS,
    PARENT,
    Kind,
    Relation,
)


class RuleStatus(StrEnum):
    """`confirmed`: read in the named source itself; `unconfirmed`: second-hand, recalled or borrowed."""

    CONFIRMED = "confirmed"
    UNCONFIRMED = "unconfirmed"


@dataclass(frozen=True, slots=True)
class Party:
    """One side of a rule: a kind, and one class of it or `*`."""

    kind: Kind
    class_code: str = ANY_CLASS

    def __str__(self) -> str:
        return str(self.kind) if self.class_code == ANY_CLASS else f"{self.kind}:{self.class_code}"


@dataclass(frozen=True, slots=True)
class Subject:
    """A real thing to find rules for: its kind, the classes it is known to have, the dimensions left open."""

    kind: Kind
    classes: frozenset[str]
    open_dimensions: frozenset[str]

    @classmethod
    def of(cls, kind: Kind, classes: Iterable[str | None] = ()) -> Subject:
        """A thing with the classes we know; words that are no class of this kind count as unknown."""
        dimensions = DIMENSIONS_OF.get(kind, frozenset())
        known = frozenset(code for code in classes if code and DIMENSION.get(code) in dimensions)
        closed = {DIMENSION[code] for code in known}
        return cls(kind, known, dimensions - closed)

    @classmethod
    def other(cls, kind: Kind, classes: Iterable[str] = ()) -> Subject:
        """A thing known to be of none of the named classes: only `*` rules fit, so it proves they exist."""
        return cls(kind, frozenset(classes), frozenset())


@dataclass(frozen=True, slots=True)
class ClearanceRule:
    """The least distance between two things, surface to surface, in metres; `is_from_axis`: from a tree's axis.

    `horizontal_m` None: stated for crossings only, so it bites where the two overlap in plan. `vertical_m`
    None: no difference in depth makes up for a short horizontal distance. `date` is the day the value was
    taken into the pack; the edition of the norm stands in `source` and `clause`. `relation` None: the same
    beside the works and across them. `replaces` names the rules that this one has taken the place of.
    """

    rule_id: str
    a: Party
    b: Party
    horizontal_m: float | None
    vertical_m: float | None
    source: str
    clause: str
    date: date
    status: RuleStatus
    note: str = ""
    pack: str = ""
    evidence: str = ""
    original: str = ""
    relation: Relation | None = None
    replaces: tuple[str, ...] = ()
    is_from_axis: bool = False

    @property
    def about(self) -> tuple[str, str, Relation | None]:
        """The pair, in no order, and the condition under which the rule speaks of it."""
        first, second = sorted((str(self.a), str(self.b)))
        return first, second, self.relation

    @property
    def strictness(self) -> tuple[float, float]:
        """Sorts rules from lenient to strict; no vertical distance is the strictest vertical rule."""
        vertical = self.vertical_m if self.vertical_m is not None else float("inf")
        return (self.horizontal_m or 0.0, vertical)


class Stating(StrEnum):
    """Which distance a rule must give to be asked."""

    ANYTHING = "anything"
    HORIZONTAL = "horizontal"
    VERTICAL = "vertical"

    def among(self, rules: Iterable[ClearanceRule]) -> list[ClearanceRule]:
        """Those of the rules that give it."""
        return [rule for rule in rules if self._given(rule)]

    def _given(self, rule: ClearanceRule) -> bool:
        if self is Stating.ANYTHING:
            return True
        return (rule.horizontal_m if self is Stating.HORIZONTAL else rule.vertical_m) is not None


@dataclass(frozen=True, slots=True, eq=False)
class RulePack:
    """The rules of one place; `fallbacks` are asked in turn for pairs the pack itself does not mention.

    `overrides` are a city's own decisions: each has taken the place of the rules for the same pair and
    condition, and is weighed together with whichever pack answers.
    """

    pack_id: str
    title: str
    own: tuple[ClearanceRule, ...]
    fallbacks: tuple[RulePack, ...] = ()
    overrides: tuple[ClearanceRule, ...] = ()
    _found: dict[tuple[Subject, Subject, Relation | None, Stating], tuple[ClearanceRule, ...]] = field(
        default_factory=dict, repr=False
    )

    def __iter__(self) -> Iterator[ClearanceRule]:
        """Every rule: the city's own, the pack's, the fallbacks'."""
        yield from self.overrides
        for pack in (self, *self.fallbacks):
            yield from pack.own

    @property
    def distinguishes(self) -> bool:
        """Whether any rule asks how the line runs to the works."""
        return any(rule.relation is not None for rule in self)

    def overridden(self, rules: Iterable[ClearanceRule]) -> RulePack:
        """The same pack with a city's own rules in place of those for the same pair and condition."""
        own = tuple(rules)
        mine = {rule.about for rule in own}
        replaced = [rule for rule in self if rule.about in mine]
        named = tuple(
            replace(rule, replaces=tuple(old.rule_id for old in replaced if old.about == rule.about))
            for rule in own
        )
        stripped = tuple(_without(pack, mine) for pack in self.fallbacks)
        return RulePack(self.pack_id, self.title, _without(self, mine).own, stripped, named)

    def applicable(
        self,
        one: Subject,
        other: Subject,
        relation: Relation | None = None,
        stating: Stating = Stating.ANYTHING,
    ) -> tuple[ClearanceRule, ...]:
        """The rules that govern this pair, strictest first; empty when no pack mentions it.

        Several only when they fit equally well, as for a pipe of unknown class. The order of the pair is
        irrelevant. `relation` None or `oblique`: rules for beside and for across both count. `stating` asks
        for rules that give a distance across, or in depth.
        """
        key = (one, other, relation, stating)
        found = self._found.get(key)
        if found is None:
            found = self._search(one, other, relation, stating)
            self._found[key] = found  # subjects come from closed lists, so this stays small
        return found

    def governing(self, one: Subject, other: Subject) -> ClearanceRule | None:
        """The strictest applicable rule, None when no pack mentions the pair."""
        return next(iter(self.applicable(one, other)), None)

    def _search(
        self, one: Subject, other: Subject, relation: Relation | None, stating: Stating
    ) -> tuple[ClearanceRule, ...]:
        fits = _fits(stating.among(self.overrides), one, other, relation)
        for pack in (self, *self.fallbacks):
            found = _fits(stating.among(pack.own), one, other, relation)
            if found:
                fits += found
                break
        if not fits:
            return ()
        best = max(fit for fit, _ in fits)
        rules = [rule for fit, rule in fits if fit == best]
        return tuple(sorted(rules, key=lambda rule: (rule.strictness, rule.rule_id), reverse=True))


def _without(pack: RulePack, abouts: set[tuple[str, str, Relation | None]]) -> RulePack:
    return RulePack(pack.pack_id, pack.title, tuple(rule for rule in pack.own if rule.about not in abouts))


def required_pairs() -> list[tuple[Subject, Subject, str]]:
    """What every usable pack must answer: each network against digging by either method and a foundation.

    Networks of a class that no rule names are asked for, so a `*` rule must stand behind each.
    """
    against = [
        (Subject.other(Kind.EXCAVATION, ["machine"]), "excavation:machine"),
        (Subject.other(Kind.EXCAVATION, ["hand"]), "excavation:hand"),
        (Subject.other(Kind.BUILDING_FOUNDATION), str(Kind.BUILDING_FOUNDATION)),
    ]
    return [
        (Subject.other(network), subject, f"{network}|{name}")
        for network in sorted(NETWORKS)
        for subject, name in against
    ]


def missing_pairs(pack: RulePack) -> list[str]:
    """The required pairs that no rule covers, as "network|against"."""
    return [name for one, other, name in required_pairs() if not pack.applicable(one, other)]


Fit = tuple[int, int]
_EXACT: Final = 2
_PARENT: Final = 1


def _fits(
    rules: Iterable[ClearanceRule], one: Subject, other: Subject, relation: Relation | None
) -> list[tuple[tuple[int, int, int], ClearanceRule]]:
    """The rules that fit, with how exactly they do: kinds, then classes, then the way the line runs."""
    found = []
    for rule in rules:
        running = _running(rule.relation, relation)
        fit = None if running is None else _fit(rule, one, other)
        if fit is not None and running is not None:
            found.append(((*fit, running), rule))
    return found


def _running(asked: Relation | None, relation: Relation | None) -> int | None:
    """None when the rule is for the other way of running; a rule for just this way beats one for both."""
    if asked is None:
        return 0
    if relation is None or relation is Relation.OBLIQUE:
        return 0
    return 1 if asked is relation else None


def _fit(rule: ClearanceRule, one: Subject, other: Subject) -> Fit | None:
    """How exactly the rule fits the pair, either way round: kinds, then classes; None = not at all."""
    straight = _added(_side(rule.a, one), _side(rule.b, other))
    crossed = _added(_side(rule.a, other), _side(rule.b, one))
    return max((fit for fit in (straight, crossed) if fit is not None), default=None)


def _added(left: Fit | None, right: Fit | None) -> Fit | None:
    return None if left is None or right is None else (left[0] + right[0], left[1] + right[1])


def _side(party: Party, subject: Subject) -> Fit | None:
    if party.kind == Kind.ANY:
        return (0, 0) if subject.kind in NETWORKS else None
    if party.kind != subject.kind:
        return None
    exactness = _class_fit(party.class_code, subject)
    return None if exactness is None else (1, exactness)


def _class_fit(code: str, subject: Subject) -> int | None:
    if code == ANY_CLASS:
        return 0
    if code in subject.classes:
        return _EXACT
    if any(code in (PARENT.get(known), JUDGED_AS.get(known)) for known in subject.classes):
        return _PARENT
    # Not excluded by what we know: the class is open, or only its parent ("HP") is known.
    may_be = DIMENSION.get(code) in subject.open_dimensions or PARENT.get(code) in subject.classes
    return 0 if may_be else None
