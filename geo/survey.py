"""The survey list: pairs of existing lines that lie closer than a rule pack asks, ranked.

Existing lines break published distances in great numbers (in one real half square kilometre a 1 m gas-to-power
rule flags 38 % of the gas network): old ground was laid by older rules, and records are vague. So the result says
where to survey first; it is no list of offences.

Separations are surface to surface, in metres: the distance of the axes in plan less both outer radii, and down
the gap between the upper one's bottom and the lower one's top. As in `geo.clearance`, both must fall short, the
stated accuracies are 95 % half widths, and a depth that nobody knows excuses nothing.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt
from scipy.special import erfc

from geo.audit import Lines, Near, Offsets, Requirements, near_lines
from geo.network import Indices, Metres
from geo.placed import GUESSED_COVER, ORDINARY_RADIUS_M
from geo.quality import UNKNOWN_VERTICAL_M, Z95, accuracy
from geo.rules import ClearanceRule, RulePack, Subject
from geo.vocabulary import NETWORKS, Kind, Relation

Flags = npt.NDArray[np.bool_]

# A rule for crossings only asks for no distance in plan: it bites where the lines meet, to the millimetre.
TOUCH_M: Final = 1e-3
# No pipe or cable is wider: a larger number is a slip of the unit, and counts as unknown.
WIDEST_RADIUS_M: Final = 2.5
# Ranks are settled by severity to a millionth, then by the lines' numbers.
_STEPS: Final = 1_000_000

# How much harm a broken line of a kind does, 0 to 1: our working numbers, to order a list by; no law.
DANGER: Final[dict[tuple[Kind, str], float]] = {
    (Kind.GAS, "HP1"): 1.0, (Kind.GAS, "HP2"): 1.0, (Kind.GAS, "HP"): 1.0, (Kind.GAS, "MP"): 0.9,
    (Kind.GAS, "LP"): 0.8, (Kind.GAS, ""): 0.9,
    (Kind.ELECTRICITY, "HV"): 1.0, (Kind.ELECTRICITY, "MV"): 0.9, (Kind.ELECTRICITY, "LV"): 0.7,
    (Kind.ELECTRICITY, ""): 0.8,
    (Kind.HEATING, ""): 0.5, (Kind.WATER, ""): 0.4, (Kind.SEWER, ""): 0.3, (Kind.STORMWATER, ""): 0.2,
    (Kind.TELECOM, ""): 0.2,
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Group:
    """What many lines say alike; None = unknown."""

    layer_id: str
    owner: str
    utility: str
    role: str | None = None
    class_code: str | None = None
    cover_source: str | None = None
    quality_level: str | None = None

    @property
    def kind(self) -> Kind | None:
        """The network as the rules know it; None for a word outside the vocabulary."""
        return Kind(self.utility) if self.utility in NETWORKS else None

    @property
    def danger(self) -> float:
        """How much harm a broken line of this kind and class does, 0 to 1."""
        if self.kind is None:
            return 0.0
        return DANGER.get((self.kind, self.class_code or ""), DANGER[(self.kind, "")])


@dataclass(frozen=True, slots=True, eq=False)
class SurveyLines:
    """A city's lines as arrays, in the order of `row_id` (unique); NaN = unknown, `group` a row of `groups`.

    Line k's straight segments (x1, y1, x2, y2) are `first[k]` to `first[k + 1]`; half widths are 95 % ones.
    """

    row_id: npt.NDArray[np.int64]
    segments: Metres
    first: Offsets
    group: Indices
    groups: tuple[Group, ...]
    cover_m: Metres
    radius_m: Metres
    horizontal_m: Metres
    vertical_m: Metres

    def __len__(self) -> int:
        return len(self.row_id)

    def taken(self, order: npt.NDArray[np.int64]) -> SurveyLines:
        """These of the lines, in this order."""
        first, source = regrouped(self.first, order)
        return SurveyLines(
            self.row_id[order], self.segments[source], first, self.group[order], self.groups, self.cover_m[order],
            self.radius_m[order], self.horizontal_m[order], self.vertical_m[order],
        )  # fmt: skip


def regrouped(first: Offsets, order: npt.NDArray[np.int64]) -> tuple[Offsets, Offsets]:
    """For parts kept in rows one behind the other: where they begin in another order, and which row comes where."""
    counts = np.diff(first)[order]
    begins = np.zeros(len(order) + 1, dtype=np.int64)
    np.cumsum(counts, out=begins[1:])
    return begins, np.arange(begins[-1]) + np.repeat(first[order] - begins[:-1], counts)


@dataclass(frozen=True, slots=True, eq=False)
class Pairs:
    """Pairs that break a rule as measured: lines a < b, the rule that fares worst, and how they fare by it.

    `separation_v_m` is NaN where a depth is unknown; `required_h_m` is 0 for a rule on crossings, `required_v_m`
    NaN for a rule that no depth makes up for. `link` is the shortest connection (x1, y1 on a; x2, y2 on b).
    `severity` (0 to 1) = `p_violation` x `missing` (the share of the distance that is missing, the lesser of
    plan and depth) x danger of the two kinds.
    """

    a: Indices
    b: Indices
    rules: tuple[ClearanceRule, ...]
    rule: Indices
    separation_h_m: Metres
    separation_v_m: Metres
    required_h_m: Metres
    required_v_m: Metres
    p_violation: Metres
    missing: Metres
    severity: Metres
    link: Metres
    crosses: Flags

    def __len__(self) -> int:
        return len(self.a)

    def taken(self, order: npt.NDArray[np.int64]) -> Pairs:
        """These of the pairs, in this order."""
        return Pairs(
            self.a[order], self.b[order], self.rules, self.rule[order], self.separation_h_m[order],
            self.separation_v_m[order], self.required_h_m[order], self.required_v_m[order],
            self.p_violation[order], self.missing[order], self.severity[order], self.link[order],
            self.crosses[order],
        )  # fmt: skip


@dataclass(frozen=True, slots=True, eq=False)
class _Book:
    """The rules of a city's groups: class of each group, set of rules for two classes, the sets.

    `set_of` has two layers: for lines beside each other, and for lines that cross; the last set is empty.
    """

    class_of: Indices
    set_of: Indices
    sets: tuple[tuple[ClearanceRule, ...], ...]

    @property
    def rules(self) -> tuple[ClearanceRule, ...]:
        return tuple(dict.fromkeys(rule for rules in self.sets for rule in rules))

    @property
    def requirements(self) -> Requirements:
        """The envelope: what any of a set's rules may ask."""
        widths = np.array([max(map(_horizontal, rules), default=0.0) for rules in self.sets])
        heights = np.array([max(map(_vertical, rules), default=0.0) for rules in self.sets])
        return Requirements(widths[self.set_of].max(axis=0), heights[self.set_of].max(axis=0))


def survey(lines: SurveyLines, pack: RulePack, threads: int = 1) -> Pairs:
    """All pairs of lines of different networks that break a rule of the pack as measured, in no order of rank.

    Lines of one kind and one owner are one network and are not held against each other. Raises `AuditRefused`
    for coordinates that are not finite.
    """
    book = _book(lines.groups, pack)
    known = _known(lines)
    near = near_lines(_as_lines(lines, book, known.radius), book.requirements, threads)
    return _judged(lines, book, near, known)


def reach_m(pack: RulePack) -> float:
    """How far apart (m) two axes can lie and still break a rule of the pack between networks."""
    sides = NETWORKS | {Kind.ANY}
    widths = [_horizontal(rule) for rule in pack if {rule.a.kind, rule.b.kind} <= sides]
    return max(widths, default=0.0) + 2 * WIDEST_RADIUS_M


def ranks(severity: Metres, a: npt.NDArray[np.int64], b: npt.NDArray[np.int64]) -> npt.NDArray[np.int64]:
    """The order of the pairs, worst first; pairs alike to a millionth come by their lines' row ids."""
    order = np.arange(len(a))
    if ((a[1:] < a[:-1]) | ((a[1:] == a[:-1]) & (b[1:] < b[:-1]))).any():
        order = np.lexsort((b, a))
    steps = _STEPS - np.rint(severity[order] * _STEPS).astype(np.int64)
    # whole numbers that are all different sort soonest
    return order[np.argsort(steps * np.int64(len(order) + 1) + np.arange(len(order)))]


def unruled(groups: Iterable[Group], pack: RulePack) -> list[str]:
    """The pairs of kinds that the pack says nothing about, as "gas|water": they could not be checked."""
    kinds = sorted({group.kind for group in groups if group.kind is not None})
    return [
        f"{one}|{other}"
        for index, one in enumerate(kinds)
        for other in kinds[index + 1 :]
        if not pack.applicable(Subject.of(one), Subject.of(other))
    ]


def _horizontal(rule: ClearanceRule) -> float:
    return max(rule.horizontal_m or 0.0, TOUCH_M)


def _vertical(rule: ClearanceRule) -> float:
    return np.inf if rule.vertical_m is None else max(rule.vertical_m, TOUCH_M)


def _book(groups: Sequence[Group], pack: RulePack) -> _Book:
    # one class for all groups that the rules cannot tell apart
    keys = [(group.kind, group.owner, group.role, group.class_code) for group in groups]
    classes = list(dict.fromkeys(keys))
    subjects = [
        None if kind is None else Subject.of(kind, (code, role)) for kind, _owner, role, code in classes
    ]
    sets: dict[tuple[ClearanceRule, ...], int] = {(): 0}
    found = np.zeros((2, len(classes), len(classes)), dtype=np.int32)
    for i, one in enumerate(subjects):
        for j, other in enumerate(subjects[: i + 1]):
            if one is None or other is None or classes[i][:2] == classes[j][:2]:
                continue
            for layer, relation in enumerate((None, Relation.CROSSING)):
                rules = pack.applicable(one, other, relation)
                found[layer, i, j] = found[layer, j, i] = sets.setdefault(rules, len(sets))
    number = {key: index for index, key in enumerate(classes)}
    return _Book(np.array([number[key] for key in keys], dtype=np.int32), found, tuple(sets))


@dataclass(frozen=True, slots=True, eq=False)
class _Known:
    """Radius (0 if unknown) and 95 % half widths across and down, with what must be assumed filled in."""

    radius: Metres
    across: Metres
    down: Metres


def _known(lines: SurveyLines) -> _Known:
    groups = lines.groups
    ordinary = np.array([ORDINARY_RADIUS_M.get(group.kind, 0.0) if group.kind else 0.0 for group in groups])
    levels = [accuracy(group.quality_level) for group in groups]
    across = np.array([level.horizontal_m for level in levels])
    down = np.array([
        UNKNOWN_VERTICAL_M if level.vertical_m is None or group.cover_source in GUESSED_COVER else level.vertical_m
        for group, level in zip(groups, levels, strict=True)
    ])  # fmt: skip
    known = (lines.radius_m > 0) & (lines.radius_m <= WIDEST_RADIUS_M)
    guess = np.where(known, 0.0, ordinary[lines.group])
    wide = np.where(lines.horizontal_m > 0, lines.horizontal_m, across[lines.group])
    high = np.where(lines.vertical_m > 0, lines.vertical_m, down[lines.group])
    return _Known(np.where(known, lines.radius_m, 0.0), np.hypot(wide, guess), np.hypot(high, 2 * guess))


def _as_lines(lines: SurveyLines, book: _Book, radius: Metres) -> Lines:
    known = _cover_known(lines)
    top = np.where(known, lines.cover_m, -np.inf)
    bottom = np.where(known, lines.cover_m + 2 * radius, np.inf)
    return Lines(lines.segments, lines.first, book.class_of[lines.group], top, bottom, radius)


def _cover_known(lines: SurveyLines) -> Flags:
    """Zero is a line that lies open; below zero and NaN are unknown."""
    return np.isfinite(lines.cover_m) & (lines.cover_m >= 0)


def _judged(lines: SurveyLines, book: _Book, near: Near, given: _Known) -> Pairs:
    a, b, radius = near.a, near.b, given.radius
    crosses = near.crosses
    link = connections(lines.segments[near.segment_a], lines.segments[near.segment_b], crosses)
    sep_h = near.apart_m - (radius[a] + radius[b])
    known = _cover_known(lines)
    top, bottom = lines.cover_m, lines.cover_m + 2 * radius
    sep_v = np.where(known[a] & known[b], np.maximum(top[a] - bottom[b], top[b] - bottom[a]), np.nan)
    sd_h, sd_v = (np.hypot(width[a], width[b]) / Z95 for width in (given.across, given.down))
    rules = book.rules
    classes = book.class_of[lines.group]
    sets = book.set_of[crosses.astype(np.int32), classes[a], classes[b]]
    rule, p = _worst(rules, book.sets, sets, _Measured(sep_h, sep_v, sd_h, sd_v, crosses))
    need_h = np.array([rule.horizontal_m or 0.0 for rule in rules] or [0.0])[rule]
    need_v = np.array([np.nan if r.vertical_m is None else r.vertical_m for r in rules] or [0.0])[rule]
    missing = np.minimum(_share(need_h, sep_h), _share(need_v, sep_v))
    danger = np.array([group.danger for group in lines.groups] or [0.0])[lines.group]
    severity = p * missing * (danger[a] + danger[b]) / 2
    made = Pairs(a, b, rules, rule, sep_h, sep_v, need_h, need_v, p, missing, severity, link, crosses)
    return made if (rule >= 0).all() else made.taken(np.flatnonzero(rule >= 0))


@dataclass(frozen=True, slots=True, eq=False)
class _Measured:
    sep_h: Metres
    sep_v: Metres
    sd_h: Metres
    sd_v: Metres
    crosses: Flags


def _worst(
    rules: tuple[ClearanceRule, ...],
    sets: tuple[tuple[ClearanceRule, ...], ...],
    set_of: Indices,
    at: _Measured,
) -> tuple[Indices, Metres]:
    """Of each pair's rules the one that fares worst (-1: all are kept, as measured) and its probability."""
    number = {rule: index for index, rule in enumerate(rules)}
    worst, p = np.full(len(set_of), -1, dtype=np.int32), np.zeros(len(set_of))
    for index, group in enumerate(sets):
        these = np.flatnonzero(set_of == index)
        # the strictest comes first and so keeps its place when another fares the same
        for rule in group if len(these) else ():
            chance, broken = _chance(rule, at, these)
            better = broken & ((worst[these] < 0) | (chance > p[these]))
            worst[these[better]], p[these[better]] = number[rule], chance[better]
    return worst, p


def _chance(rule: ClearanceRule, at: _Measured, these: npt.NDArray[np.int64]) -> tuple[Metres, Flags]:
    """P(the rule is broken) for these pairs, and whether it is broken as measured."""
    sep_h, sep_v = at.sep_h[these], at.sep_v[these]
    p = _below(rule.horizontal_m or 0.0, sep_h, at.sd_h[these])
    # lines that cross do so wherever exactly they lie
    p[at.crosses[these]] = 1.0
    broken = sep_h < _horizontal(rule)
    if rule.vertical_m is not None:
        unknown = np.isnan(sep_v)
        p *= np.where(unknown, 1.0, _below(rule.vertical_m, np.where(unknown, 0.0, sep_v), at.sd_v[these]))
        broken &= unknown | (sep_v < _vertical(rule))
    return p, broken


def _below(required: float, measured: Metres, sd: Metres) -> Metres:
    """`geo.quality.probability_below` for arrays."""
    certain = ~(sd > 0)
    p: Metres = 0.5 * erfc((measured - required) / (np.where(certain, 1.0, sd) * np.sqrt(2.0)))
    return np.where(certain, (measured < required).astype(np.float64), p)


def _share(required: Metres, separation: Metres) -> Metres:
    """The share (0 to 1) of a required distance that is missing; 1 where nothing is required or known."""
    stated = required > 0
    share = np.clip((required - separation) / np.where(stated, required, 1.0), 0.0, 1.0)
    return np.where(stated & ~np.isnan(separation), share, 1.0)


def connections(s: Metres, t: Metres, crosses: Flags) -> Metres:
    """The shortest connection of each two segments, row by row; of those that cross, where they meet."""
    best, squares = np.empty((len(s), 4)), np.full(len(s), np.inf)
    for moving, still, turned in (
        (t[:, :2], s, True),
        (t[:, 2:], s, True),
        (s[:, :2], t, False),
        (s[:, 2:], t, False),
    ):
        foot = _foot(moving, still)
        square = ((moving - foot) ** 2).sum(axis=1)
        nearer = square < squares
        squares[nearer] = square[nearer]
        pair = np.hstack((foot, moving) if turned else (moving, foot))
        best[nearer] = pair[nearer]
    along, beside = s[:, 2:] - s[:, :2], t[:, 2:] - t[:, :2]
    turn = along[:, 0] * beside[:, 1] - along[:, 1] * beside[:, 0]
    offset = t[:, :2] - s[:, :2]
    share = (offset[:, 0] * beside[:, 1] - offset[:, 1] * beside[:, 0]) / np.where(crosses, turn, 1.0)
    meet = s[:, :2] + share[:, None] * along
    best[crosses] = np.hstack((meet, meet))[crosses]
    return best


def _foot(points: Metres, segments: Metres) -> Metres:
    """The nearest place on each segment to its point."""
    along = segments[:, 2:] - segments[:, :2]
    square = (along**2).sum(axis=1)
    share = ((points - segments[:, :2]) * along).sum(axis=1) / np.where(square > 0, square, 1.0)
    foot: Metres = segments[:, :2] + np.clip(share, 0.0, 1.0)[:, None] * along
    return foot
