"""Works that overlap: found by the database at every change, offered as one trench, agreed by both sides (T10, A21).

A work is an excavation permit or a planned work, named "dig:<id>" or "plan:<id>". Looking for overlaps is done by
one transaction at a time in a city, so that two requests that arrive together find each other.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any
from uuid import UUID

import shapely
from geoalchemy2.shape import from_shape
from shapely.geometry.base import BaseGeometry
from sqlalchemy import ColumnElement, Table, and_, func, or_, select, text, update
from sqlalchemy.dialects.postgresql import insert as pg_insert
from sqlalchemy.orm import Session

from layers.city import City
from permits import dig_tables as t
from permits.dig_overlap import SPLIT_FORMULA, Overlap, Work, overlap
from permits.dig_store import AnyRow, DigRow
from permits.dig_terms import DigTerms, terms_of
from permits.dig_views import OverlapView, TrenchView
from permits.dig_vocabulary import DigStatus, JoinState, PlanStatus
from permits.identifiers import new_id
from permits.ports import Json
from permits.views import as_json

_OUT = (
    DigStatus.DRAFT.value,
    DigStatus.REFUSED.value,
    DigStatus.WITHDRAWN.value,
    DigStatus.CLOSED.value,
)
"""Works of these statuses are no work of any street."""


@dataclass(frozen=True, slots=True)
class KnownWork:
    """A work with what the other side may know of it."""

    work: Work
    title: str
    agency: str | None
    status: str
    owner_actor: str

    @property
    def ref(self) -> str:
        """Its name among all works."""
        return self.work.ref


def split_ref(ref: str) -> tuple[str, UUID]:
    """The kind and the id in a work's name."""
    kind, _, number = ref.partition(":")
    return kind, UUID(number)


def work_of(dig: DigRow, today: date) -> Work | None:
    """The excavation as a work; None while its place or dates are not stated."""
    if dig.shape_m is None or dig.starts_on is None or dig.ends_on is None:
        return None
    return Work(
        dig.ref,
        dig.shape_m,
        dig.starts_on,
        _lasts_to(dig.ends_on, dig.started_on, dig.restored_on, today),
        float(dig.works["length_m"]),
        float(dig.works["width_m"]),
    )


def _lasts_to(ends_on: date, started_on: date | None, restored_on: date | None, today: date) -> date:
    """The last day of a work: a street that was opened and not restored is open today, whatever was planned."""
    is_open = started_on is not None and restored_on is None
    return max(ends_on, today) if is_open else ends_on


def is_work(dig: DigRow) -> bool:
    """Whether the excavation counts among the works of the street."""
    return dig.status.value not in _OUT


def _near(table: Table, city: City, shape_m: BaseGeometry, buffer_m: float) -> list[ColumnElement[bool]]:
    outline = from_shape(shape_m, srid=city.srid)
    return [
        table.c.city_id == city.city_id,
        table.c.geom.op("&&")(func.ST_Expand(outline, buffer_m)),
        func.ST_DWithin(table.c.geom, outline, buffer_m),
    ]


def neighbours(session: Session, city: City, terms: DigTerms, work: Work, today: date) -> list[KnownWork]:
    """The works near in place and time, without the work itself; those that ended lately count too (T10)."""
    buffer_m, window = terms.number("overlap_buffer_m"), timedelta(days=terms.whole("overlap_window_days"))
    since = max(work.starts_on - window, today - timedelta(days=terms.whole("overlap_tail_days")))

    def dated(table: Table) -> list[ColumnElement[bool]]:
        return [table.c.starts_on <= work.ends_on + window, table.c.ends_on >= since]

    is_open = t.dig.c.started_on.is_not(None) & t.dig.c.restored_on.is_(None)
    digs = session.execute(
        select(
            t.dig.c.dig_id,
            t.dig.c.title,
            t.dig.c.agency_id,
            t.dig.c.status,
            t.dig.c.applicant_actor,
            *_dated_columns(t.dig),
            t.dig.c.started_on,
            t.dig.c.restored_on,
        )
        .where(*_near(t.dig, city, work.shape_m, buffer_m), or_(and_(*dated(t.dig)), is_open))
        .where(t.dig.c.status.not_in(_OUT))
        .where(or_(t.dig.c.status != DigStatus.REVOKED.value, t.dig.c.started_on.is_not(None)))
    )
    plans = session.execute(
        select(
            t.planned_work.c.plan_id,
            t.planned_work.c.title,
            t.planned_work.c.agency_id,
            t.planned_work.c.status,
            t.planned_work.c.created_by,
            *_dated_columns(t.planned_work),
        )
        .where(*_near(t.planned_work, city, work.shape_m, buffer_m), *dated(t.planned_work))
        .where(t.planned_work.c.status == PlanStatus.PLANNED.value)
    )
    found = [
        _known("dig", row[:-2], _lasts_to(row.ends_on, row.started_on, row.restored_on, today))
        for row in digs
    ]
    found += [_known("plan", row, row.ends_on) for row in plans]
    return [each for each in found if each.ref != work.ref]


def _dated_columns(table: Table) -> list[Any]:
    shape_wkb = func.ST_AsBinary(table.c.geom).label("wkb")
    return [table.c.starts_on, table.c.ends_on, table.c.works, shape_wkb]


def _known(kind: str, row: AnyRow, ends_on: date) -> KnownWork:
    work_id, title, agency, status, owner, starts_on, _planned_end, works, wkb = row
    work = Work(
        f"{kind}:{work_id}",
        shapely.from_wkb(bytes(wkb)),
        starts_on,
        ends_on,
        float(works["length_m"]),
        float(works["width_m"]),
    )
    return KnownWork(work, title, agency, status, owner)


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


def works_named(
    session: Session, city: City, refs: Collection[str], today: date
) -> dict[str, tuple[KnownWork, str | None]]:
    """These works by name, each with its pavement; those without place or dates are left out."""
    found: dict[str, tuple[KnownWork, str | None]] = {}
    d, p = t.dig, t.planned_work
    named = [split_ref(ref) for ref in refs]
    sides: tuple[tuple[str, Table, Any, Any], ...] = (
        ("dig", d, d.c.dig_id, d.c.applicant_actor),
        ("plan", p, p.c.plan_id, p.c.created_by),
    )
    for kind, table, key, owner in sides:
        stated = [table.c.title, table.c.agency_id, table.c.status, owner, *_dated_columns(table)]
        ran = [d.c.started_on, d.c.restored_on] if kind == "dig" else []
        query = select(key, *stated, *ran).where(
            key.in_([number for each, number in named if each == kind]),
            table.c.city_id == city.city_id,
            table.c.geom.is_not(None),
            table.c.starts_on.is_not(None),
        )
        for row in session.execute(query):
            columns = len(row) - len(ran)
            ends_on = _lasts_to(row.ends_on, row[columns], row[columns + 1], today) if ran else row.ends_on
            one = _known(kind, row[:columns], ends_on)
            found[one.ref] = (one, row.works.get("pavement"))
    return found


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
