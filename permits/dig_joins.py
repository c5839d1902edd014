"""Works that overlap: found by the database at every change, offered as one trench, agreed by both sides (T10, A21).

Looking for overlaps is done by one transaction at a time in a city, so that two requests that arrive together find
each other.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from datetime import date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import func, or_, select, text, update
from sqlalchemy.dialects.postgresql import insert as pg_insert
from sqlalchemy.orm import Session

from layers.city import City
from permits import dig_tables as t
from permits.dig_overlap import SPLIT_FORMULA, Overlap, Work, overlap
from permits.dig_store import AnyRow
from permits.dig_terms import terms_of
from permits.dig_views import OverlapView, TrenchView
from permits.dig_vocabulary import JoinState
from permits.dig_works import KnownWork, neighbours, split_ref
from permits.identifiers import new_id
from permits.ports import Json
from permits.views import as_json


def one_at_a_time(session: Session, city: City) -> None:
    """Until this transaction ends, no other looks for overlaps in this city."""
    session.execute(
        text("SELECT pg_advisory_xact_lock(hashtextextended(:name, 0))"),
        {"name": f"panjereh-digs:{city.city_id}"},
    )


def refresh(
    session: Session, city: City, ref: str, work: Work | None, now: datetime, today: date
) -> list[KnownWork]:
    """The offers of one work are those of its present place and dates; returns the works newly met.

    `work` None: it is no longer a work of the street. An offer whose terms changed is open again.
    """
    terms = terms_of(city.folder)
    one_at_a_time(session, city)
    met: dict[str, tuple[KnownWork, Overlap]] = {}
    if work is not None:
        buffer_m, window = terms.number("overlap_buffer_m"), terms.whole("overlap_window_days")
        for other in neighbours(session, city, terms, work, today):
            found = overlap(work, other.work, buffer_m, window)
            if found is not None:
                met[other.ref] = (other, found)
    standing = {_other(row, ref): row for row in _rows(session, ref)}
    for other_ref, row in standing.items():
        if other_ref not in met and row.state != JoinState.GONE.value:
            _set(session, row.join_id, now, state=JoinState.GONE.value)
    newly = []
    for other_ref, (other, found) in met.items():
        old = standing.get(other_ref)
        if old is not None and old.state != JoinState.GONE.value and old.overlap == _stored(found):
            continue
        _offer(session, city, ref, other_ref, found, now)
        newly.append(other)
    return newly


def _stored(found: Overlap) -> Json:
    made: Json = as_json(found)
    return made | {"relation": found.relation.value, "formula": SPLIT_FORMULA}


def _offer(session: Session, city: City, ref: str, other: str, found: Overlap, now: datetime) -> None:
    a, b = sorted((ref, other))
    values = {
        "state": JoinState.OFFERED.value,
        "overlap": _stored(found),
        "a_accepted_by": None,
        "b_accepted_by": None,
        "reason": None,
        "updated_at": now,
    }
    row = {"join_id": new_id(), "city_id": city.city_id, "a_ref": a, "b_ref": b, "created_at": now}
    session.execute(
        pg_insert(t.dig_join)
        .values(row | values)
        .on_conflict_do_update(index_elements=["a_ref", "b_ref"], set_=values)
    )


def _set(session: Session, join_id: UUID, now: datetime, **values: Any) -> None:
    session.execute(
        update(t.dig_join).where(t.dig_join.c.join_id == join_id).values(updated_at=now, **values)
    )


def _rows(session: Session, ref: str) -> list[AnyRow]:
    j = t.dig_join
    query = select(j).where(or_(j.c.a_ref == ref, j.c.b_ref == ref)).order_by(j.c.created_at, j.c.join_id)
    return list(session.execute(query).all())


def _other(row: AnyRow, ref: str) -> str:
    return str(row.b_ref if row.a_ref == ref else row.a_ref)


def join_row(session: Session, ref: str, other: str) -> AnyRow | None:
    """The offer between two works, if there is one that still stands or was declined."""
    a, b = sorted((ref, other))
    row = session.execute(
        select(t.dig_join).where(t.dig_join.c.a_ref == a, t.dig_join.c.b_ref == b)
    ).one_or_none()
    return None if row is None or row.state == JoinState.GONE.value else row


def accept(session: Session, row: AnyRow, ref: str, by: str, now: datetime) -> JoinState:
    """One side accepts; once both have, the works share one trench."""
    mine, theirs = ("a", "b") if row.a_ref == ref else ("b", "a")
    other_said = getattr(row, f"{theirs}_accepted_by")
    state = JoinState.AGREED if other_said else JoinState.HALF_ACCEPTED
    _set(session, row.join_id, now, state=state.value, reason=None, **{f"{mine}_accepted_by": by})
    return state


def decline(session: Session, row: AnyRow, reason: str, now: datetime) -> None:
    """One side will not; acceptances are void."""
    _set(
        session,
        row.join_id,
        now,
        state=JoinState.DECLINED.value,
        reason=reason,
        a_accepted_by=None,
        b_accepted_by=None,
    )


# --- what the sides see


def overlaps_of(session: Session, ref: str) -> list[OverlapView]:
    """The works this one overlaps, nearest in time first."""
    rows = {_other(row, ref): row for row in _rows(session, ref) if row.state != JoinState.GONE.value}
    known = _briefs(session, rows)
    views = [_view(row, ref, other, known[other]) for other, row in rows.items() if other in known]
    return sorted(views, key=lambda view: (view.gap_days, view.distance_m, view.with_ref))


def _briefs(session: Session, refs: Iterable[str]) -> dict[str, AnyRow]:
    named = [split_ref(ref) for ref in refs]
    d, p = t.dig, t.planned_work
    columns = ("title", "agency_id", "status", "starts_on", "ends_on")
    found: dict[str, AnyRow] = {}
    for kind, table, key in (("dig", d, d.c.dig_id), ("plan", p, p.c.plan_id)):
        ids = [number for each, number in named if each == kind]
        if ids:
            query = select(key.label("work_id"), *[table.c[name] for name in columns]).where(key.in_(ids))
            found |= {f"{kind}:{row.work_id}": row for row in session.execute(query)}
    return found


def _view(row: AnyRow, ref: str, other: str, brief: AnyRow) -> OverlapView:
    kind, number = split_ref(other)
    mine, theirs = ("a", "b") if row.a_ref == ref else ("b", "a")
    said = dict(row.overlap)
    return OverlapView(
        with_ref=other,
        with_id=number,
        with_kind=kind,
        title=brief.title,
        agency=brief.agency_id,
        status=brief.status,
        starts_on=brief.starts_on,
        ends_on=brief.ends_on,
        state=row.state,
        mine=getattr(row, f"{mine}_accepted_by"),
        theirs=getattr(row, f"{theirs}_accepted_by"),
        **said,
    )


def pairs_among(session: Session, city: City, refs: Collection[str]) -> list[Json]:
    """Every standing offer between two of these works: `a`, `b`, its state, its terms, and which sides accepted."""
    j, shown = t.dig_join, set(refs)
    query = select(j).where(j.c.city_id == city.city_id, j.c.state != JoinState.GONE.value)
    rows = session.execute(query.order_by(j.c.created_at, j.c.join_id))
    return [_pair(row) for row in rows if row.a_ref in shown and row.b_ref in shown]


def _pair(row: AnyRow) -> Json:
    sides = {
        "a": row.a_ref,
        "b": row.b_ref,
        "state": row.state,
        "a_accepted": row.a_accepted_by is not None,
        "b_accepted": row.b_accepted_by is not None,
    }
    return {**sides, **row.overlap}


def pairs_around(session: Session, ref: str, most: int) -> list[Json]:
    """The standing pairs of the works that meet `ref`, directly or through others that may share its trench.

    Reads on while fewer than `most` works are known. Declined pairs are told, but lead no further.
    """
    found: dict[UUID, Json] = {}
    known, front = {ref}, {ref}
    j = t.dig_join
    while front and len(known) <= most:
        query = select(j).where(
            or_(j.c.a_ref.in_(front), j.c.b_ref.in_(front)), j.c.state != JoinState.GONE.value
        )
        rows = session.execute(query).all()
        found |= {row.join_id: _pair(row) for row in rows}
        leading = [
            row for row in rows if row.state != JoinState.DECLINED.value and row.overlap["shared_m"] > 0
        ]
        front = {each for row in leading for each in (row.a_ref, row.b_ref)} - known
        known |= front
    return list(found.values())


def trench_of(session: Session, ref: str) -> TrenchView | None:
    """The trench this work shares: all works that agreed with it, directly or through others."""
    members, found, todo = {ref}, set(), [ref]
    while todo:
        for row in _rows(session, todo.pop()):
            if row.state != JoinState.AGREED.value:
                continue
            found.add(row.join_id)
            todo += [each for each in (row.a_ref, row.b_ref) if each not in members]
            members |= {row.a_ref, row.b_ref}
    return TrenchView(min(found), sorted(members)) if found else None


def open_offers(session: Session, refs: list[str]) -> dict[str, int]:
    """How many offers of each work wait for an answer."""
    waiting = (JoinState.OFFERED.value, JoinState.HALF_ACCEPTED.value)
    counted: dict[str, int] = {}
    j = t.dig_join
    for column in (j.c.a_ref, j.c.b_ref):
        rows = session.execute(
            select(column, func.count()).where(column.in_(refs), j.c.state.in_(waiting)).group_by(column)
        )
        for ref, count in rows:
            counted[ref] = counted.get(ref, 0) + count
    return counted
