"""The case's rows: lock, change, chain, notify. Every function works inside the caller's transaction."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from functools import lru_cache
from hashlib import sha256
from typing import Any, TypeVar, cast
from uuid import UUID

from pydantic import TypeAdapter
from sqlalchemy import ARRAY, Text, bindparam, func, insert, select, text, update
from sqlalchemy.dialects.postgresql import distinct_on
from sqlalchemy.dialects.postgresql import insert as pg_insert
from sqlalchemy.orm import Session

from permits import tables as t
from permits.audit import AuditEntry, AuditFault, canonical, verify_chain
from permits.errors import CaseNotFound, KeyReused, StaleCase
from permits.identifiers import new_id
from permits.ports import Actor, Json
from permits.views import as_json
from permits.vocabulary import CaseStatus, Purpose, TariffClass, TaskKind, Wish

CASE_CHANNEL = "panjereh_case"
View = TypeVar("View")
Event = tuple[str, Json]

_AUDIT_ADD = text("SELECT permits.audit_add(:case_id, :actor, :obo, :events, :bodies)").bindparams(
    bindparam("events", type_=ARRAY(Text)), bindparam("bodies", type_=ARRAY(Text))
)


@dataclass(frozen=True, slots=True)
class CaseRow:
    """What a use case must know of a locked case; the heavy parts (dossier, geometry) stay in the table."""

    case_id: UUID
    case_no: str
    city_id: str
    parcel_id: str
    status: CaseStatus
    version: int
    wishes: Mapping[str, Json]
    routing: Json | None
    permanent_class: str | None
    applicant_actor: str

    def wish(self, agency: str) -> Wish:
        """The wish about one agency; none stated means not needed."""
        return Wish(self.wishes.get(agency, {}).get("wish", Wish.NOT_NEEDED))

    @property
    def tariff_agencies(self) -> tuple[str, ...]:
        """The agencies whose tariff changes with the permit."""
        return tuple((self.routing or {}).get("tariff", ()))


_LIGHT = (
    t.case_.c.case_id,
    t.case_.c.case_no,
    t.case_.c.city_id,
    t.case_.c.parcel_id,
    t.case_.c.status,
    t.case_.c.version,
    t.case_.c.wishes,
    t.case_.c.routing,
    t.case_.c.permanent_class,
    t.case_.c.applicant_actor,
)


def database_now(session: Session) -> datetime:
    """The database's clock: the one clock all timers are compared with."""
    found: datetime = session.execute(select(func.clock_timestamp())).scalar_one()
    return found


def lock_case(
    session: Session, case_id: UUID, *, city_id: str | None = None, skip_locked: bool = False
) -> CaseRow:
    """The case, locked until the transaction ends: always the first lock, so that nobody waits in a circle.

    Raises `CaseNotFound` also for a case of another city, or one locked elsewhere when `skip_locked`.
    """
    query = select(*_LIGHT).where(t.case_.c.case_id == case_id).with_for_update(skip_locked=skip_locked)
    if city_id is not None:
        query = query.where(t.case_.c.city_id == city_id)
    row = session.execute(query).one_or_none()
    if row is None:
        raise CaseNotFound(case_id=str(case_id))
    return CaseRow(**{**row._asdict(), "status": CaseStatus(row.status)})


def expect_version(case: CaseRow, expected: int | None) -> None:
    """Raise `StaleCase` when the case is no longer the one that was read."""
    if expected is not None and case.version != expected:
        raise StaleCase(case_id=str(case.case_id), expected=expected, actual=case.version)


def change_case(session: Session, case: CaseRow, status: CaseStatus | None = None, **values: Any) -> CaseRow:
    """The case with its new status and version; tells the live feed when the transaction commits (T18)."""
    changed = replace(case, status=status or case.status, version=case.version + 1)
    session.execute(
        update(t.case_)
        .where(t.case_.c.case_id == case.case_id)
        .values(status=changed.status.value, version=changed.version, updated_at=func.now(), **values)
    )
    notify(session, changed)
    return changed


def notify(session: Session, case: CaseRow) -> None:
    """Announce the case's present status."""
    said = {"case_id": str(case.case_id), "status": case.status.value, "version": case.version}
    announce(session, "case", case.city_id, said)


def announce(session: Session, event: str, city_id: str, said: Mapping[str, str | int]) -> None:
    """Tell everybody who looks at the city, as `event: …` of its stream; delivered only on commit (T18)."""
    payload = json.dumps({"event": event, "city": city_id, **said})
    session.execute(select(func.pg_notify(CASE_CHANNEL, payload)))


def chain(session: Session, case_id: UUID, actor: Actor, events: Iterable[Event]) -> None:
    """Append `events` to the case's history."""
    listed = list(events)
    if not listed:
        return
    session.execute(
        _AUDIT_ADD,
        {
            "case_id": case_id,
            "actor": f"{actor.role.value}:{actor.id}",
            "obo": actor.on_behalf_of or actor.agency or "",
            "events": [event for event, _ in listed],
            "bodies": [canonical(as_json(body)) for _, body in listed],
        },
    )


def next_case_no(session: Session, year: int) -> str:
    """A new case number: year and running number."""
    number: int = session.execute(text("SELECT nextval('permits.case_no_seq')")).scalar_one()
    return f"{year}-{number:06d}"


def fingerprint(operation: str, request: object) -> bytes:
    """What an idempotency key stands for: the operation and its request."""
    text_of = json.dumps([operation, as_json(request)], sort_keys=True, separators=(",", ":"))
    return sha256(text_of.encode()).digest()


@lru_cache
def _adapter(view: Any) -> TypeAdapter[Any]:
    """Building one takes longer than the whole use case it serves."""
    return TypeAdapter(view)


def once(
    session: Session, actor: Actor, key: str | None, mark: bytes, view: type[View], run: Callable[[], View]
) -> View:
    """What `run` returns, at most once per actor and key: a repeat gets the first answer (T8).

    A repeat that arrives while the first is still running waits for it at the unique index. Another request
    under the same key raises `KeyReused`. A refused first attempt leaves no trace, because its transaction
    is rolled back.
    """
    if key is None:
        return run()
    adapter: TypeAdapter[View] = _adapter(cast(Any, view))
    row = {"actor_id": actor.id, "key": key, "fingerprint": mark, "at": func.now()}
    taken = session.execute(pg_insert(t.idem).values(row).on_conflict_do_nothing().returning(t.idem.c.key))
    mine = (t.idem.c.actor_id == actor.id) & (t.idem.c.key == key)
    if taken.one_or_none() is None:
        first = session.execute(select(t.idem.c.fingerprint, t.idem.c.response).where(mine)).one()
        if bytes(first.fingerprint) != mark:
            raise KeyReused(key=key)
        return adapter.validate_python(first.response)
    answer = run()
    stored = adapter.dump_python(answer, mode="json")
    session.execute(update(t.idem).where(mine).values(response=stored))
    return answer


def open_task(
    session: Session, case_id: UUID, kind: TaskKind, agency: str | None, ref: str, detail: Json
) -> bool:
    """Have a person look; False when the same task is open already."""
    row = {
        "task_id": new_id(),
        "case_id": case_id,
        "kind": kind.value,
        "agency_id": agency,
        "ref": ref,
        "opened_at": func.now(),
        "detail": detail,
    }
    made = session.execute(
        pg_insert(t.human_task).values(row).on_conflict_do_nothing().returning(t.human_task.c.task_id)
    )
    return made.one_or_none() is not None


def close_tasks(
    session: Session, case_id: UUID, actor: Actor, kinds: Iterable[TaskKind], agency: str | None = None
) -> None:
    """Close the open tasks of these kinds, of one agency or of all."""
    query = (
        update(t.human_task)
        .where(
            t.human_task.c.case_id == case_id,
            t.human_task.c.kind.in_([kind.value for kind in kinds]),
            t.human_task.c.closed_at.is_(None),
        )
        .values(closed_at=func.now(), closed_by=actor.id)
    )
    session.execute(query if agency is None else query.where(t.human_task.c.agency_id == agency))


def current_tariffs(session: Session, city_id: str, parcel_id: str) -> dict[str, TariffClass]:
    """The class each agency last confirmed for the parcel, by agency; empty where we never changed it."""
    change = t.tariff_change
    rows = session.execute(
        select(change.c.agency_id, change.c.to_class)
        .ext(distinct_on(change.c.agency_id))
        .where(change.c.city_id == city_id, change.c.parcel_id == parcel_id, change.c.state == "confirmed")
        .order_by(change.c.agency_id, change.c.effective_at.desc(), change.c.confirmed_at.desc())
    )
    return {row.agency_id: TariffClass(row.to_class) for row in rows}


def add_decision(
    session: Session, case_id: UUID, actor: Actor, outcome: str, conditions: list[Json], reason: str | None
) -> None:
    """Record who decided what; later decisions do not overwrite earlier ones."""
    row = {
        "decision_id": new_id(),
        "case_id": case_id,
        "outcome": outcome,
        "by_actor": actor.id,
        "at": func.now(),
        "conditions": conditions,
        "reason": reason,
    }
    session.execute(insert(t.decision).values(row))


def permit_no(session: Session, case_id: UUID) -> str:
    """The permit's number; raises if none was issued."""
    found: str = session.execute(
        select(t.permit.c.permit_no).where(t.permit.c.case_id == case_id)
    ).scalar_one()
    return found


def last_exchange(session: Session, case_id: UUID) -> tuple[UUID, Purpose, int, str] | None:
    """The newest exchange: id, purpose, revision and state."""
    row = session.execute(
        select(t.exchange.c.exchange_id, t.exchange.c.purpose, t.exchange.c.revision, t.exchange.c.state)
        .where(t.exchange.c.case_id == case_id)
        .order_by(t.exchange.c.opened_at.desc(), t.exchange.c.exchange_id.desc())
        .limit(1)
    ).one_or_none()
    return None if row is None else (row.exchange_id, Purpose(row.purpose), row.revision, row.state)


def audit_entries(session: Session, case_id: UUID) -> list[AuditEntry]:
    """The whole chain of one case, in order."""
    rows = session.execute(select(t.audit).where(t.audit.c.case_id == case_id).order_by(t.audit.c.n))
    return [AuditEntry(**{**row._asdict(), "prev": bytes(row.prev), "hash": bytes(row.hash)}) for row in rows]


def verify_case(session: Session, case_id: UUID) -> AuditFault | None:
    """The first fault in one case's chain against its head, or None."""
    head = session.execute(
        select(t.audit_head.c.n, t.audit_head.c.hash).where(t.audit_head.c.case_id == case_id)
    ).one_or_none()
    entries = audit_entries(session, case_id)
    if head is None or not entries:
        return AuditFault(case_id, 0, "chain-missing")
    return verify_chain(entries, (head.n, bytes(head.hash)))


def verify_all(session: Session) -> tuple[int, list[AuditFault]]:
    """How many cases were verified, and every chain's first fault."""
    ids = session.execute(select(t.case_.c.case_id).order_by(t.case_.c.case_id)).scalars().all()
    faults = [fault for case_id in ids if (fault := verify_case(session, case_id)) is not None]
    return len(ids), faults
