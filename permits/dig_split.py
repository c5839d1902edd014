"""One trench for many works: who digs where together, and who bears what of each stretch. Pure.

Formula `joint-trench-2`; for two works it is `joint-trench-1` (`permits.dig_overlap`):

    group      all works that overlap, directly or through others: those who are asked to one table
    stretch    a length that the same works run along, each within the buffer of each other, each within the window
               of each other (a clique: a chain of neighbours has no day on which all of it is open)
    length     counted once per stretch, by the work that is there for the shortest
    width      of a stretch: the widest of its works
    share      w_i / (sum of the widths in the stretch), in ten-thousandths that sum to one
    cost       area of the stretch x rate of the dearest pavement in it, in the currency's steps; the parts sum to it

The larger a stretch's company the sooner it is formed; what is left over of a work goes to smaller companies, and at
last to itself alone. Nothing depends on the order in which the works are given. Lengths are whole centimetres inside.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Decimal
from itertools import combinations

from shapely.geometry.base import BaseGeometry

from permits.dig_overlap import Relation, Work, overlap, part_within, shares_of
from permits.dig_shares import parts_of

SPLIT_FORMULA = "joint-trench-2"
_CM = 100

Company = frozenset[str]
"""The works of one stretch, by name."""


@dataclass(frozen=True, slots=True)
class Stretch:
    """A length that these works dig together; metres, square metres."""

    works: tuple[str, ...]
    length_m: float
    joint_width_m: float
    area_m2: float
    saved_m: float
    saved_m2: float
    shares: dict[str, float]
    cost: float
    costs: dict[str, float]


@dataclass(frozen=True, slots=True)
class Part:
    """One work in the whole: how long it digs alone and with others (m), and what it bears of all stretches."""

    ref: str
    alone_m: float
    shared_m: float
    cost_alone: float
    cost_shared: float


@dataclass(frozen=True, slots=True)
class Split:
    """The whole group; `total` is the sum of all stretches' costs and of what each digs alone."""

    formula: str
    works: tuple[Part, ...]
    stretches: tuple[Stretch, ...]
    saved_m: float
    saved_m2: float
    total: float


@dataclass(frozen=True, slots=True)
class Reach:
    """What counts as one street: metres between works, days between their dates."""

    buffer_m: float
    window_days: int


@dataclass(frozen=True, slots=True)
class Prices:
    """What a square metre costs to restore for each work, and the currency's smallest step."""

    rates: Mapping[str, float]
    step: float


@dataclass(slots=True)
class _Cell:
    """A part of one work's length that sees the same others; what is left of it, in centimetres."""

    seen: Company
    left_cm: int


@dataclass(frozen=True, slots=True)
class _Ground:
    """The cells of every work, and the metres that each pair could share."""

    cells: Mapping[str, list[_Cell]]
    pairs: Mapping[Company, float]

    def available_cm(self, ref: str, company: Company) -> int:
        """What is left of a work's length where it sees all of the company."""
        return sum(cell.left_cm for cell in self.cells[ref] if company <= cell.seen)

    def consume(self, ref: str, company: Company, length_cm: int) -> None:
        """Take a length from the cells that see the company, from those that see the fewest others first."""
        fitting = [cell for cell in self.cells[ref] if company <= cell.seen]
        for cell in sorted(fitting, key=lambda each: (len(each.seen), sorted(each.seen))):
            taken = min(cell.left_cm, length_cm)
            cell.left_cm -= taken
            length_cm -= taken


def split(
    works: Sequence[Work], reach: Reach, prices: Prices, declined: Collection[Company] = ()
) -> Split | None:
    """Who bears what when these works share one trench; None when no two of them can.

    `declined`: pairs that will not share. Works that meet nobody are parts without stretches.
    """
    by_ref = {work.ref: work for work in sorted(works, key=lambda each: each.ref)}
    pairs = _pairs(by_ref, reach, {frozenset(each) for each in declined})
    if not pairs:
        return None
    near = {ref: frozenset().union(*(pair for pair in pairs if ref in pair)) - {ref} for ref in by_ref}
    cells = {ref: list(_cells(by_ref, ref, near[ref], reach.buffer_m)) for ref in by_ref}
    companies = {
        company
        for ref in by_ref
        for cell in cells[ref]
        for company in _cliques(near, frozenset((ref,)), cell.seen & near[ref], frozenset())
    }
    lengths = _together(_Ground(cells, pairs), companies)
    stretches = [_stretch(by_ref, company, cm, prices) for company, cm in lengths.items()]
    stretches.sort(key=lambda each: (-len(each.works), each.works))
    parts = tuple(_part(work, stretches, prices) for work in by_ref.values())
    total = sum((_exact(each.cost) for each in stretches), Decimal(0))
    total += sum((_exact(each.cost_alone) for each in parts), Decimal(0))
    return Split(
        formula=SPLIT_FORMULA,
        works=parts,
        stretches=tuple(stretches),
        saved_m=round(sum(each.saved_m for each in stretches), 2),
        saved_m2=round(sum(each.saved_m2 for each in stretches), 2),
        total=float(total),
    )


def group_of(ref: str, pairs: Iterable[Collection[str]], most: int) -> tuple[list[str], bool]:
    """The works that meet `ref`, directly or through others, nearest first, at most so many; and whether it is all."""
    met: dict[str, set[str]] = {}
    for a, b in pairs:
        met.setdefault(a, set()).add(b)
        met.setdefault(b, set()).add(a)
    found, front = [ref], [ref]
    while front:
        front = sorted({other for each in front for other in met.get(each, ())} - set(found))
        found += front
    return found[:most], len(found) <= most


def _pairs(by_ref: Mapping[str, Work], reach: Reach, declined: set[Company]) -> dict[Company, float]:
    """The pairs that can share a trench, and the metres they could."""
    found = {}
    for a, b in combinations(by_ref, 2):
        pair = frozenset((a, b))
        met = None if pair in declined else overlap(by_ref[a], by_ref[b], reach.buffer_m, reach.window_days)
        if met is not None and met.relation is Relation.ALONG and met.shared_m > 0:
            found[pair] = met.shared_m
    return found


def _cells(by_ref: Mapping[str, Work], ref: str, near: Company, buffer_m: float) -> Iterator[_Cell]:
    """The work's length, divided by whom it sees; the cells sum to the whole."""
    work = by_ref[ref]
    pieces: list[tuple[BaseGeometry, Company]] = [(work.shape_m, frozenset((ref,)))]
    for other in sorted(near):
        around = by_ref[other].shape_m.buffer(max(buffer_m, 0.001))
        divided = []
        for shape_m, seen in pieces:
            divided += [(shape_m.intersection(around), seen | {other}), (shape_m.difference(around), seen)]
        pieces = [(shape_m, seen) for shape_m, seen in divided if not shape_m.is_empty]
    lengths: dict[Company, float] = {}
    for shape_m, seen in pieces:
        lengths[seen] = lengths.get(seen, 0.0) + part_within(work, shape_m) * work.length_m
    left_cm = round(work.length_m * _CM)
    alone = frozenset((ref,))
    for seen, length_m in sorted(lengths.items(), key=lambda each: (-len(each[0]), sorted(each[0]))):
        if seen != alone:
            # Roundings up of many cells must not make the work longer than it is.
            length_cm = min(round(length_m * _CM), left_cm)
            left_cm -= length_cm
            yield _Cell(seen, length_cm)
    yield _Cell(alone, left_cm)


def _together(ground: _Ground, companies: Collection[Company]) -> dict[Company, int]:
    """The length of every company's stretch in centimetres: the largest company first, each length used once."""
    found: dict[Company, int] = {}
    while present := {each for each in (_present(ground, one) for one in companies) if len(each) > 1}:
        company = min(present, key=lambda each: _rank(ground, each))
        length_cm = min(ground.available_cm(ref, company) for ref in company)
        for ref in company:
            ground.consume(ref, company, length_cm)
        found[company] = found.get(company, 0) + length_cm
    return found


def _rank(ground: _Ground, company: Company) -> tuple[int, float, list[str]]:
    """Larger companies first, then those with more metres in common, then by name."""
    pull = sum(ground.pairs[frozenset(pair)] for pair in combinations(sorted(company), 2))
    return -len(company), -round(pull, 2), sorted(company)


def _present(ground: _Ground, company: Company) -> Company:
    """The company without those that have nothing left to dig in it."""
    while len(company) > 1:
        here = frozenset(ref for ref in company if ground.available_cm(ref, company) > 0)
        if here == company:
            return company
        company = here
    return company


def _cliques(friends: Mapping[str, Company], have: Company, may: Company, had: Company) -> Iterator[Company]:
    """The largest companies of friends around `have` (Bron and Kerbosch, with a pivot)."""
    if not may and not had:
        yield have
        return
    pivot = max(sorted(may | had), key=lambda each: len(friends[each] & may))
    for ref in sorted(may - friends[pivot]):
        yield from _cliques(friends, have | {ref}, may & friends[ref], had & friends[ref])
        may, had = may - {ref}, had | {ref}


def _stretch(by_ref: Mapping[str, Work], company: Company, length_cm: int, prices: Prices) -> Stretch:
    refs = tuple(sorted(company))
    widths = {ref: by_ref[ref].width_m for ref in refs}
    length_m, joint_m = length_cm / _CM, max(widths.values())
    cost = _money(length_m, joint_m, max(prices.rates[ref] for ref in refs), prices.step)
    steps = round(_exact(cost) / _exact(prices.step))
    counted = parts_of(steps, widths)
    return Stretch(
        works=refs,
        length_m=length_m,
        joint_width_m=joint_m,
        area_m2=round(length_m * joint_m, 2),
        saved_m=round(length_m * (len(refs) - 1), 2),
        saved_m2=round(length_m * (sum(widths.values()) - joint_m), 2),
        shares=shares_of(widths),
        cost=cost,
        costs={ref: float(number * _exact(prices.step)) for ref, number in counted.items()},
    )


def _part(work: Work, stretches: Sequence[Stretch], prices: Prices) -> Part:
    mine = [each for each in stretches if work.ref in each.works]
    shared_cm = sum(round(each.length_m * _CM) for each in mine)
    alone_m = (round(work.length_m * _CM) - shared_cm) / _CM
    return Part(
        ref=work.ref,
        alone_m=alone_m,
        shared_m=shared_cm / _CM,
        cost_alone=_money(alone_m, work.width_m, prices.rates[work.ref], prices.step),
        cost_shared=float(sum((_exact(each.costs[work.ref]) for each in mine), Decimal(0))),
    )


def _exact(value: float) -> Decimal:
    return Decimal(str(value))


def _money(length_m: float, width_m: float, rate: float, step: float) -> float:
    product, unit = _exact(length_m) * _exact(width_m) * _exact(rate), _exact(step)
    return float((product / unit).quantize(Decimal(1), ROUND_HALF_UP) * unit)
