"""Streets that were paved anew: until when they may not be opened, which works lie in them, entries taken back."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from typing import Any, Final
from uuid import UUID

from sqlalchemy import ColumnElement, func, insert, literal, select, update
from sqlalchemy.orm import Session

from layers.city import City
from layers.database import as_element
from permits import dig_ground
from permits import dig_store as store
from permits import dig_tables as t
from permits.dig_clocks import bars_until, local_day
from permits.dig_errors import DigRequestInvalid, PavingNotFound, PavingTakenBack, SecondOfficerNeeded
from permits.dig_facts import is_not_barred
from permits.dig_requests import PavingRequest
from permits.dig_store import DigRow
from permits.dig_terms import DigTerms, terms_of
from permits.dig_views import BarredWork, PavingView, TakenBack
from permits.dig_vocabulary import DigRecordKind, DigStatus, PlanStatus
from permits.identifiers import new_id
from permits.ports import Json
from permits.requests import ExcavationRequest
from permits.service import Context
from permits.store import announce, chain, fingerprint, once
from permits.views import HistoryEntry
from permits.worklist import case_history

# Works whose permit is still to come: a street that is paved meanwhile bars them. The others have what they have.
_BEFORE_PERMIT: Final = (
    DigStatus.DRAFT, DigStatus.REQUESTED, DigStatus.VISITED, DigStatus.INQUIRING, DigStatus.INQUIRED,
    DigStatus.COSTED, DigStatus.PAID,
)  # fmt: skip
_Work = tuple[str, Any]
_OVER: Final = (DigStatus.REFUSED, DigStatus.WITHDRAWN, DigStatus.REVOKED, DigStatus.CLOSED)


def pave(session: Session, ctx: Context, request: PavingRequest) -> PavingView:
    """The street is newly paved: it may not be opened for the city's moratorium.

    Raises `DigRequestInvalid` for a day that is still to come, or a refusal of `geo`. Excavations there that wait
    for their permit are barred from now on, and say so in their history.
    """

    def run() -> PavingView:
        if request.paved_on > local_day(ctx.now, ctx.city.timezone):
            raise DigRequestInvalid(reasons=["paved-in-the-future"])
        dig_ground.hold_pavings(session, ctx.city, to_change=True)
        drawn = ExcavationRequest(request.geometry, request.crs, 1.0)
        place = dig_ground.place_of(ctx.city, drawn, request.width_m)
        paving_id = new_id()
        row = {
            "paving_id": paving_id,
            "city_id": ctx.city.city_id,
            "title": request.title,
            "pavement": request.pavement.value,
            "paved_on": request.paved_on,
            "years": request.years,
            "source": request.source,
            "geometry": dig_ground.in_wgs84(ctx.city, place.shape_m),
            "geom": as_element(place.shape_m, ctx.city.srid),
            "created_by": ctx.actor.id,
            "created_at": ctx.now,
        }
        session.execute(insert(t.paving).values(row))
        view = paving(session, ctx, paving_id)
        said = {"title": view.title, "paved_on": view.paved_on, "until": view.until, "source": view.source}
        chain(session, paving_id, ctx.actor, [("paving.entered", said)])
        announce(session, "works", ctx.city.city_id, {"paving_id": str(paving_id)})
        _bar(session, ctx, view)
        return view

    mark = fingerprint(f"{ctx.city.city_id}:pave", request)
    return once(session, ctx.actor, ctx.idempotency_key, mark, PavingView, run)


def _bar(session: Session, ctx: Context, view: PavingView) -> None:
    """The excavations that lie there and have no permit yet are barred."""
    terms = terms_of(ctx.city.folder)
    waiting = sorted(UUID(each.ref.partition(":")[2]) for each in view.works if each.kind == "dig")
    for dig_id in waiting:
        dig = store.lock_dig(session, dig_id, city_id=ctx.city.city_id)
        if dig.status not in _BEFORE_PERMIT or dig.shape_m is None or dig.starts_on is None:
            continue
        young = dig_ground.moratorium(session, ctx.city, terms, dig.shape_m, dig.starts_on)
        if young is None or young["paving_id"] != str(view.paving_id):
            continue
        store.change_dig(session, dig, ctx.city.srid, moratorium=young)
        chain(session, dig_id, ctx.actor, [("dig.barred", {"title": view.title, "until": young["until"]})])


def take_back(session: Session, ctx: Context, paving_id: UUID, reason: str) -> PavingView:
    """The street was not paved as entered: it bars nothing any more. The entry stays, with who said so and why.

    Excavations it barred are free again, unless another pavement bars them, and say so in their history. Raises
    `PavingNotFound`, `PavingTakenBack`, and `SecondOfficerNeeded` for who handles or filed one of them: to take the
    entry back would be a way around the second officer.
    """

    def run() -> PavingView:
        dig_ground.hold_pavings(session, ctx.city, to_change=True)
        barred = _barred_digs(session, ctx.city, paving_id)
        _check_second_officer(ctx, barred)
        taken = {"taken_back_by": ctx.actor.id, "taken_back_at": ctx.now, "taken_back_why": reason}
        mine = (t.paving.c.paving_id == paving_id) & (t.paving.c.city_id == ctx.city.city_id)
        still = mine & t.paving.c.taken_back_at.is_(None)
        changed = session.execute(update(t.paving).where(still).values(taken).returning(t.paving.c.paving_id))
        is_first = changed.one_or_none() is not None
        view = paving(session, ctx, paving_id)
        if not is_first:
            raise PavingTakenBack(by=view.taken_back.by if view.taken_back else None)
        chain(session, paving_id, ctx.actor, [("paving.taken_back", {"reason": reason})])
        announce(session, "works", ctx.city.city_id, {"paving_id": str(paving_id)})
        _free(session, ctx, barred, view, reason)
        return view

    mark = fingerprint(f"{ctx.city.city_id}:paving.take_back", {"paving": paving_id, "reason": reason})
    return once(session, ctx.actor, ctx.idempotency_key, mark, PavingView, run)


def _barred_digs(session: Session, city: City, paving_id: UUID) -> list[DigRow]:
    """The living excavations whose moratorium this pavement is, locked in the order of their ids."""
    query = select(t.dig.c.dig_id).where(
        t.dig.c.city_id == city.city_id,
        t.dig.c.moratorium["paving_id"].astext == str(paving_id),
        t.dig.c.status.not_in([each.value for each in _OVER]),
    )
    return [
        store.lock_dig(session, dig_id, city_id=city.city_id)
        for dig_id in session.execute(query.order_by(t.dig.c.dig_id)).scalars().all()
    ]


def _check_second_officer(ctx: Context, barred: Sequence[DigRow]) -> None:
    for dig in barred:
        waits = dig.status in _BEFORE_PERMIT and not is_not_barred(dig)
        if waits and ctx.actor.id in {dig.handler, dig.applicant_actor}:
            raise SecondOfficerNeeded(handler=ctx.actor.id, hint="ask-second-officer")


def _free(session: Session, ctx: Context, barred: Sequence[DigRow], view: PavingView, reason: str) -> None:
    """What the taken-back pavement barred is barred by what is left there, or by nothing."""
    terms = terms_of(ctx.city.folder)
    for dig in barred:
        left: Json | None = None
        if dig.shape_m is not None and dig.starts_on is not None:
            left = dig_ground.moratorium(session, ctx.city, terms, dig.shape_m, dig.starts_on)
        if left is not None:
            left |= _lifted_before(session, dig.dig_id, left["paving_id"])
        store.change_dig(session, dig, ctx.city.srid, moratorium=left)
        told = {"title": view.title, "reason": reason, "until": None if left is None else left["until"]}
        chain(session, dig.dig_id, ctx.actor, [("dig.unbarred", told)])


def _lifted_before(session: Session, dig_id: UUID, paving_id: str) -> Json:
    """By whose decision the moratorium of this pavement was lifted for the excavation, if it was."""
    for row in reversed(store.records(session, dig_id)):
        if row.kind == DigRecordKind.OVERRIDE.value and row.body.get("paving_id") == paving_id:
            return {key: row.body[key] for key in ("lifted_by", "authority", "lifted_why")}
    return {}


def history(session: Session, ctx: Context, paving_id: UUID) -> list[HistoryEntry]:
    """The chained history of a repaved street's entry, oldest first. Raises `PavingNotFound`."""
    paving(session, ctx, paving_id)
    return case_history(session, paving_id)


def pavings(
    session: Session, ctx: Context, *, taken_back: bool = False, limit: int = 1000
) -> list[PavingView]:
    """The repaved streets, newest first; with `taken_back` also those that were taken back."""
    wanted = t.paving.c.city_id == ctx.city.city_id
    return _views(session, ctx, wanted if taken_back else wanted & t.paving.c.taken_back_at.is_(None), limit)


def paving(session: Session, ctx: Context, paving_id: UUID) -> PavingView:
    """One repaved street with the works in it. Raises `PavingNotFound`."""
    found = _views(session, ctx, t.paving.c.paving_id == paving_id, 1)
    if not found:
        raise PavingNotFound(paving_id=str(paving_id))
    return found[0]


def _views(session: Session, ctx: Context, wanted: ColumnElement[bool], limit: int) -> list[PavingView]:
    columns = [column for column in t.paving.c if column.name != "geom"]
    query = select(*columns).where(t.paving.c.city_id == ctx.city.city_id, wanted)
    rows = session.execute(
        query.order_by(t.paving.c.paved_on.desc(), t.paving.c.paving_id).limit(limit)
    ).all()
    works = _works_in(session, ctx.city, [row.paving_id for row in rows])
    terms = terms_of(ctx.city.folder)
    return [_view(terms, row, works[row.paving_id]) for row in rows]


def _view(terms: DigTerms, row: Any, works: Sequence[_Work]) -> PavingView:
    years = terms.whole("moratorium_years") if row.years is None else row.years
    return PavingView(
        paving_id=row.paving_id,
        title=row.title,
        pavement=row.pavement,
        paved_on=row.paved_on,
        until=dig_ground.paving_until(terms, row.paved_on, row.years),
        source=row.source,
        geometry=row.geometry,
        works=[
            _barred(kind, each)
            for kind, each in works
            if row.taken_back_at is None and bars_until(row.paved_on, years, each.starts_on) is not None
        ],
        entered_by=row.created_by,
        entered_at=row.created_at,
        taken_back=(
            TakenBack(row.taken_back_by, row.taken_back_at, row.taken_back_why) if row.taken_back_at else None
        ),
    )


def _works_in(session: Session, city: City, paving_ids: Sequence[UUID]) -> dict[UUID, list[_Work]]:
    """The excavations and plans that lie in each repaved street, soonest first, by the street's id."""
    found: dict[UUID, list[_Work]] = defaultdict(list)
    d, p, v = t.dig, t.planned_work, t.paving
    sides: tuple[tuple[str, Any, Any, Any, Any, Any], ...] = (
        ("dig", d, d.c.dig_id, d.c.dig_no, d.c.kind, d.c.status.not_in([each.value for each in _OVER])),
        ("plan", p, p.c.plan_id, p.c.agency_ref, literal(None), p.c.status == PlanStatus.PLANNED.value),
    )
    for kind, table, number, name, dig_kind, alive in sides:
        query = (
            select(
                v.c.paving_id, number.label("work_id"), name.label("number"), table.c.title, table.c.agency_id,
                table.c.status, table.c.starts_on, table.c.ends_on, dig_kind.label("dig_kind"),
            )
            .join(v, v.c.geom.op("&&")(table.c.geom) & func.ST_Intersects(v.c.geom, table.c.geom))
            .where(v.c.paving_id.in_(paving_ids), table.c.city_id == city.city_id, alive)
            .where(table.c.starts_on.is_not(None))
            .order_by(table.c.starts_on, number)
        )  # fmt: skip
        for row in session.execute(query):
            found[row.paving_id].append((kind, row))
    return found


def _barred(kind: str, row: Any) -> BarredWork:
    return BarredWork(
        ref=f"{kind}:{row.work_id}",
        kind=kind,
        dig_kind=row.dig_kind,
        number=row.number,
        title=row.title,
        agency=row.agency_id,
        status=row.status,
        starts_on=row.starts_on,
        ends_on=row.ends_on,
    )


def moratoria(session: Session, city: City, plan_ids: Sequence[UUID]) -> dict[UUID, Json]:
    """The young pavement that bars each of these plans, the one that bars longest; plans that none bars are absent."""
    terms = terms_of(city.folder)
    p, v = t.planned_work, t.paving
    rows = session.execute(
        select(p.c.plan_id, p.c.starts_on, v.c.paving_id, v.c.title, v.c.paved_on, v.c.years, v.c.source)
        .join(v, v.c.geom.op("&&")(p.c.geom) & func.ST_Intersects(v.c.geom, p.c.geom))
        .where(p.c.plan_id.in_(plan_ids), v.c.city_id == city.city_id, v.c.taken_back_at.is_(None))
    )
    found: dict[UUID, Json] = {}
    for row in rows:
        years = terms.whole("moratorium_years") if row.years is None else row.years
        until = bars_until(row.paved_on, years, row.starts_on)
        if until is not None and until.isoformat() > found.get(row.plan_id, {}).get("until", ""):
            found[row.plan_id] = dig_ground.barring_of(terms, row, until)
    return found
