"""The excavation permit's rows: lock, change, chain, notify. Every function works inside the caller's transaction.

The history is the case's: one hash chain per excavation, under its own id.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, fields, replace
from datetime import date, datetime
from typing import Any
from uuid import UUID

import shapely
from shapely.geometry import Polygon
from sqlalchemy import ARRAY, Row, Text, Uuid, bindparam, func, insert, literal, select, text, update
from sqlalchemy.orm import Session

from layers.database import as_element
from permits import dig_tables as t
from permits.audit import AuditFault, canonical
from permits.dig_errors import DigNotFound, StaleDig
from permits.dig_vocabulary import DigKind, DigRecordKind, DigStatus
from permits.identifiers import new_id
from permits.ports import Actor, Json
from permits.store import Event, announce, verify_case
from permits.views import as_json

AnyRow = Any
"""A result row: its columns are the query's."""


@dataclass(frozen=True, slots=True)
class DigRow:
    """One excavation permit; `shape_m` is its outline in the city's CRS."""

    dig_id: UUID
    dig_no: str
    city_id: str
    kind: DigKind
    status: DigStatus
    version: int
    title: str
    agency_id: str | None
    case_id: UUID | None
    cycle: int | None
    parcel_id: str | None
    applicant: Json
    applicant_actor: str
    handler: str | None
    works: Json
    contractor: Json | None
    supervisor: Json | None
    excavation: Json | None
    starts_on: date | None
    ends_on: date | None
    allowed_delay_days: int
    renewals: int
    ground: Json | None
    moratorium: Json | None
    earlier_digs: int
    costs: Json | None
    payment: Json | None
    permit: Json | None
    reason: str | None
    started_on: date | None
    restored_on: date | None
    regularise_by: datetime | None
    warned: int
    valid_until: datetime | None
    guarantee_until: date | None
    prefilled_at: datetime | None
    asked_at: datetime | None
    submitted_at: datetime | None
    created_at: datetime
    updated_at: datetime
    shape_m: Polygon | None = None

    @property
    def ref(self) -> str:
        """The name of this work among all works."""
        return f"dig:{self.dig_id}"


def blank_dig(
    *, dig_no: str, city_id: str, kind: DigKind, title: str, now: datetime, **values: Any
) -> DigRow:
    """A draft of which nothing but these values is known."""
    unknown = dict.fromkeys(each.name for each in fields(DigRow))
    known = {
        "dig_id": new_id(),
        "status": DigStatus.DRAFT,
        "version": 1,
        "works": {},
        "allowed_delay_days": 0,
        "renewals": 0,
        "earlier_digs": 0,
        "warned": 0,
        "created_at": now,
        "updated_at": now,
    }
    stated: Any = unknown | known | {"dig_no": dig_no, "city_id": city_id, "kind": kind, "title": title}
    return DigRow(**(stated | values))


_COLUMNS = [column for column in t.dig.c if column.name != "geom"]
_WKB = func.ST_AsBinary(t.dig.c.geom).label("wkb")


def dig_from(row: AnyRow) -> DigRow:
    """The excavation in a row of `dig_columns`."""
    values = row._asdict()
    wkb = values.pop("wkb", None)
    shape_m = None if wkb is None else shapely.from_wkb(bytes(wkb))
    values |= {"kind": DigKind(values["kind"]), "status": DigStatus(values["status"]), "shape_m": shape_m}
    return DigRow(**values)


def dig_columns() -> list[Any]:
    """What `dig_from` reads."""
    return [*_COLUMNS, _WKB]


def lock_dig(
    session: Session, dig_id: UUID, *, city_id: str | None = None, skip_locked: bool = False
) -> DigRow:
    """The excavation, locked until the transaction ends; always the first lock, several in order of their ids.

    Raises `DigNotFound` also for one of another city, or one locked elsewhere when `skip_locked`.
    """
    query = select(*dig_columns()).where(t.dig.c.dig_id == dig_id)
    if city_id is not None:
        query = query.where(t.dig.c.city_id == city_id)
    row = session.execute(query.with_for_update(skip_locked=skip_locked, of=t.dig)).one_or_none()
    if row is None:
        raise DigNotFound(dig_id=str(dig_id))
    return dig_from(row)


def read_dig(session: Session, dig_id: UUID, city_id: str) -> DigRow:
    """The excavation as it is now. Raises `DigNotFound`, also for one of another city."""
    query = select(*dig_columns()).where(t.dig.c.dig_id == dig_id, t.dig.c.city_id == city_id)
    row = session.execute(query).one_or_none()
    if row is None:
        raise DigNotFound(dig_id=str(dig_id))
    return dig_from(row)


def expect_version(dig: DigRow, expected: int | None) -> None:
    """Raise `StaleDig` when the excavation is no longer the one that was read."""
    if expected is not None and dig.version != expected:
        raise StaleDig(dig_id=str(dig.dig_id), expected=expected, actual=dig.version)


def insert_dig(session: Session, dig: DigRow, srid: int) -> None:
    """The excavation is stored and announced."""
    values = {column.name: getattr(dig, column.name) for column in _COLUMNS}
    values |= {"kind": dig.kind.value, "status": dig.status.value}
    values["geom"] = None if dig.shape_m is None else as_element(dig.shape_m, srid)
    session.execute(insert(t.dig).values(values))
    notify_dig(session, dig)


def change_dig(
    session: Session, dig: DigRow, srid: int, status: DigStatus | None = None, **values: Any
) -> DigRow:
    """The excavation with its new status, version and values; tells the live feed on commit (T18)."""
    changed = replace(dig, status=status or dig.status, version=dig.version + 1, **values)
    stored = {name: value for name, value in values.items() if name != "shape_m"}
    if "shape_m" in values:
        stored["geom"] = None if changed.shape_m is None else as_element(changed.shape_m, srid)
    session.execute(
        update(t.dig)
        .where(t.dig.c.dig_id == dig.dig_id)
        .values(status=changed.status.value, version=changed.version, updated_at=func.now(), **stored)
    )
    notify_dig(session, changed)
    return changed


def notify_dig(session: Session, dig: DigRow) -> None:
    """Announce the excavation's present status as `event: dig`."""
    said = {"dig_id": str(dig.dig_id), "status": dig.status.value, "version": dig.version}
    announce(session, "dig", dig.city_id, said)


def dig_no_expression(year: int) -> Any:
    """A new number of an excavation, made by the database: D, year and running number."""
    number = func.nextval("permits.dig_no_seq")
    return literal(f"D{year}-").concat(func.to_char(number, "FM000000"))


def next_dig_no(session: Session, year: int) -> str:
    """A new number of an excavation: D, year and running number."""
    made: str = session.execute(select(dig_no_expression(year))).scalar_one()
    return made


_CHAIN_EACH = text(
    """
    SELECT permits.audit_add(r.id, :actor, :obo, ARRAY[r.event], ARRAY[r.body])
      FROM unnest(:ids, :events, :bodies) AS r (id, event, body)
    """
).bindparams(
    bindparam("ids", type_=ARRAY(Uuid)),
    bindparam("events", type_=ARRAY(Text)),
    bindparam("bodies", type_=ARRAY(Text)),
)


def chain_each(session: Session, actor: Actor, said: Sequence[tuple[UUID, Event]]) -> None:
    """Append one event to each of several histories, in one statement."""
    session.execute(
        _CHAIN_EACH,
        {
            "actor": f"{actor.role.value}:{actor.id}",
            "obo": actor.on_behalf_of or actor.agency or "",
            "ids": [number for number, _ in said],
            "events": [event for _, (event, _body) in said],
            "bodies": [canonical(as_json(body)) for _, (_event, body) in said],
        },
    )


def add_record(
    session: Session,
    dig_id: UUID,
    kind: DigRecordKind,
    by: str,
    at: datetime,
    body: Json,
    agency: str | None = None,
) -> UUID:
    """Keep a visit, report, defect, test or warning; open until somebody closes it."""
    record_id = new_id()
    row = {
        "record_id": record_id,
        "dig_id": dig_id,
        "kind": kind.value,
        "agency_id": agency,
        "at": at,
        "by_actor": by,
        "body": body,
    }
    session.execute(insert(t.dig_record).values(row))
    return record_id


def records(session: Session, dig_id: UUID) -> list[Row[Any]]:
    """All records of one excavation, oldest first."""
    query = select(t.dig_record).where(t.dig_record.c.dig_id == dig_id)
    return list(session.execute(query.order_by(t.dig_record.c.at, t.dig_record.c.record_id)).all())


def close_records(
    session: Session,
    dig_id: UUID,
    actor: Actor,
    at: datetime,
    *,
    kind: DigRecordKind,
    ids: Iterable[UUID] | None = None,
    agency: str | None = None,
) -> int:
    """Close open records of a kind, all of them or those named; returns how many were open."""
    query = update(t.dig_record).where(
        t.dig_record.c.dig_id == dig_id,
        t.dig_record.c.kind == kind.value,
        t.dig_record.c.closed_at.is_(None),
    )
    if ids is not None:
        query = query.where(t.dig_record.c.record_id.in_(list(ids)))
    if agency is not None:
        query = query.where(t.dig_record.c.agency_id == agency)
    done = session.execute(query.values(closed_at=at, closed_by=actor.id).returning(t.dig_record.c.record_id))
    return len(done.all())


def inquiries(session: Session, dig_id: UUID) -> list[Row[Any]]:
    """Every round of every question about one excavation, in order."""
    q = t.dig_inquiry
    query = select(q).where(q.c.dig_id == dig_id).order_by(q.c.asked_at, q.c.agency_id, q.c.round)
    return list(session.execute(query).all())


def current(rows: Sequence[AnyRow]) -> dict[str, AnyRow]:
    """The newest round of each company: only that one counts (T1)."""
    newest: dict[str, AnyRow] = {}
    for row in rows:
        if row.agency_id not in newest or row.round > newest[row.agency_id].round:
            newest[row.agency_id] = row
    return newest


def verify_all_digs(session: Session) -> tuple[int, list[AuditFault]]:
    """How many histories of excavations, plans, reports and bars were verified, and every chain's first fault."""
    ids: list[UUID] = []
    for column in (t.dig.c.dig_id, t.planned_work.c.plan_id, t.trench_report.c.report_id, t.dig_bar.c.bar_id):
        ids += session.execute(select(column).order_by(column)).scalars().all()
    faults = [fault for each in ids if (fault := verify_case(session, each)) is not None]
    return len(ids), faults
