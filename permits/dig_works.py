"""The works of the streets: excavation permits and planned works alike, by name, and those near one another (T10).

A work is named "dig:<id>" or "plan:<id>".
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any
from uuid import UUID

import shapely
from shapely.geometry.base import BaseGeometry
from sqlalchemy import ColumnElement, Table, and_, func, or_, select
from sqlalchemy.orm import Session

from layers.city import City
from layers.database import as_element
from permits import dig_tables as t
from permits.dig_overlap import Work
from permits.dig_store import AnyRow, DigRow
from permits.dig_terms import DigTerms
from permits.dig_vocabulary import DigStatus, PlanStatus

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


def near(table: Table, city: City, shape_m: BaseGeometry, buffer_m: float) -> list[ColumnElement[bool]]:
    """Conditions: rows of this city no farther than so many metres from a shape in its CRS; the index is used."""
    outline = as_element(shape_m, city.srid)
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
        .where(*near(t.dig, city, work.shape_m, buffer_m), or_(and_(*dated(t.dig)), is_open))
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
        .where(*near(t.planned_work, city, work.shape_m, buffer_m), *dated(t.planned_work))
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
