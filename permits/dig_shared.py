"""The cost split of one trench among all works of a street: as offered to everybody, and as agreed (A21)."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import date

from sqlalchemy.orm import Session

from layers.city import City
from permits import dig_joins, dig_works
from permits.dig_clocks import local_day
from permits.dig_costs import SharedPart
from permits.dig_split import Company, Part, Prices, Reach, Split, group_of, split
from permits.dig_terms import DigTerms, terms_of
from permits.dig_views import OverlapView, SplitView, SplitWork
from permits.dig_vocabulary import JoinState, Pavement
from permits.dig_works import KnownWork
from permits.ports import Json
from permits.service import Context

MAX_WORKS = 24
"""So many works are looked at together, those that meet the asked one soonest first."""

_Known = dict[str, tuple[KnownWork, str | None]]


def around(session: Session, ctx: Context, ref: str, overlaps: Sequence[OverlapView]) -> Json:
    """The works near a work as it sees them, and one trench for all of them: as it could be, and as agreed."""
    today = local_day(ctx.now, ctx.city.timezone)
    return {
        "overlaps": overlaps,
        "trench": dig_joins.trench_of(session, ref),
        "split": offered_split(session, ctx.city, ref, today),
        "agreed_split": agreed_split(session, ctx.city, ref, today),
    }


def offered_split(session: Session, city: City, ref: str, today: date) -> SplitView | None:
    """What one trench of all works that meet this one, directly or through others, would cost whom.

    Pairs that one side declined do not share; None when nobody is left to share with.
    """
    pairs = dig_joins.pairs_around(session, ref, MAX_WORKS)
    sharing = [(each["a"], each["b"]) for each in pairs if _may_share(each)]
    refs, is_all = group_of(ref, sharing, MAX_WORKS)
    return _view(session, city, refs, _declined(pairs), today, is_all=is_all)


def agreed_split(session: Session, city: City, ref: str, today: date) -> SplitView | None:
    """The same for the works that have agreed on one trench, whatever their number."""
    trench = dig_joins.trench_of(session, ref)
    if trench is None:
        return None
    declined = _declined(dig_joins.pairs_around(session, ref, len(trench.members)))
    return _view(session, city, trench.members, declined, today)


def shared_parts(session: Session, city: City, ref: str, today: date) -> tuple[SharedPart, ...]:
    """The stretches of the agreed trench that this work is in, with what it bears of each."""
    agreed = agreed_split(session, city, ref, today)
    if agreed is None:
        return ()
    return tuple(
        SharedPart(each.length_m, each.joint_width_m, each.shares[ref])
        for each in agreed.stretches
        if ref in each.works
    )


def _may_share(pair: Json) -> bool:
    return bool(pair["state"] != JoinState.DECLINED.value and pair["shared_m"] > 0)


def _declined(pairs: Sequence[Json]) -> list[Company]:
    return [frozenset((each["a"], each["b"])) for each in pairs if each["state"] == JoinState.DECLINED.value]


def _view(
    session: Session,
    city: City,
    refs: Collection[str],
    declined: Collection[Company],
    today: date,
    *,
    is_all: bool = True,
) -> SplitView | None:
    terms = terms_of(city.folder)
    known = dig_works.works_named(session, city, refs, today)
    reach = Reach(terms.number("overlap_buffer_m"), terms.whole("overlap_window_days"))
    works = [each.work for each, _ in known.values()]
    found = split(works, reach, _prices(terms, known), declined)
    return None if found is None else _said(found, known, city, terms, is_all=is_all)


def _prices(terms: DigTerms, known: _Known) -> Prices:
    """Each work's rate; who has not said what lies on top is priced like the dearest that is known."""
    stated = {ref: terms.rate(Pavement(on_top)) for ref, (_, on_top) in known.items() if on_top}
    unknown = max(stated.values(), default=terms.rate(Pavement.ASPHALT))
    return Prices({ref: stated.get(ref, unknown) for ref in known}, terms.number("rounding"))


def _said(found: Split, known: _Known, city: City, terms: DigTerms, *, is_all: bool) -> SplitView:
    return SplitView(
        formula=found.formula,
        currency=city.currency,
        works=[_work(part, known[part.ref][0]) for part in found.works],
        stretches=list(found.stretches),
        saved_m=found.saved_m,
        saved_m2=found.saved_m2,
        total=found.total,
        truncated=not is_all,
        unconfirmed=terms.unconfirmed("overlap_buffer_m", "overlap_window_days", "damage_rates", "rounding"),
    )


def _work(part: Part, one: KnownWork) -> SplitWork:
    return SplitWork(
        ref=part.ref,
        title=one.title,
        agency=one.agency,
        status=one.status,
        width_m=one.work.width_m,
        alone_m=part.alone_m,
        shared_m=part.shared_m,
        cost_alone=part.cost_alone,
        cost_shared=part.cost_shared,
    )
