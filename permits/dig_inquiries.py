"""The questions to the network owners near an excavation: ask, repeat, record answers, establish silence.

A question and its clock begin in the transaction that opens them (T3, T7). Silence is established only by the
scheduler, after two warnings to a named handler; the silent company is then liable, and the handler may take the
consent back (T21, T22).
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import insert, select, update
from sqlalchemy.orm import Session

from layers.city import City
from permits import dig_store as store
from permits import dig_tables as t
from permits.dig_clocks import due_after, warnings_due
from permits.dig_errors import DigAnswerUnexpected
from permits.dig_facts import consents, is_valid
from permits.dig_store import AnyRow, DigRow
from permits.dig_terms import DigTerms, terms_of
from permits.dig_vocabulary import (
    DigAction,
    DigAnswer,
    DigGuard,
    DigInquiryStatus,
    DigRecordKind,
    DigStatus,
    DigWarning,
)
from permits.dig_workflow import advance
from permits.ports import SYSTEM, Actor, Json
from permits.store import Event

_STEPS = (DigWarning.HALF_TIME, DigWarning.NEARLY_DUE, DigWarning.SILENT)


def to_ask(dig: DigRow, city: City) -> list[str]:
    """The agencies to ask: owners near and those whose layer cannot speak, never the digging one itself."""
    known = {agency.agency_id for agency in city.agencies}
    owners = set((dig.ground or {}).get("owners", ())) & known
    return sorted(owners - {dig.agency_id})


def to_ask_again(dig: DigRow, city: City, asked: dict[str, AnyRow], now: datetime) -> list[str]:
    """Who must be asked (again): objections, answers that ran out, and owners never asked (T5)."""
    due = {agency for agency, row in asked.items() if not consents(row) or not is_valid(row, now)}
    return sorted(due | (set(to_ask(dig, city)) - set(asked)))


def ask(
    session: Session,
    city: City,
    dig: DigRow,
    agencies: Iterable[str],
    *,
    handler: str,
    now: datetime,
    asked: dict[str, AnyRow],
) -> list[Event]:
    """Open one round per agency: the first with the first clock, a later one with the repeat clock."""
    terms = terms_of(city.folder)
    rows: list[Json] = []
    for agency in agencies:
        before = asked.get(agency)
        days = terms.whole("first_answer_days" if before is None else "repeat_answer_days")
        rows.append(
            {
                "dig_id": dig.dig_id,
                "agency_id": agency,
                "round": 1 if before is None else before.round + 1,
                "status": DigInquiryStatus.PENDING.value,
                "asked_at": now,
                "due_at": due_after(now, days, city.timezone),
                "handler": handler,
                "warned": 0,
                "conditions": [],
            }
        )
    if not rows:
        return []
    session.execute(insert(t.dig_inquiry), rows)
    said = [
        {"agency": row["agency_id"], "round": row["round"], "due_at": row["due_at"].isoformat()}
        for row in rows
    ]
    return [("dig.asked", {"inquiries": said, "handler": handler})]


def _at(dig_id: UUID, agency: str, round_no: int) -> Any:
    q = t.dig_inquiry
    return (q.c.dig_id == dig_id) & (q.c.agency_id == agency) & (q.c.round == round_no)


def record_answer(
    session: Session,
    city: City,
    dig: DigRow,
    actor: Actor,
    now: datetime,
    said: Json,
    asked: dict[str, AnyRow],
) -> list[Event]:
    """Record an answer; one after the silence, or a second one, is kept and shown to the handler.

    `said` is `{agency, answer, conditions, note}`. Raises `DigAnswerUnexpected` when nobody asked the agency.
    """
    agency = str(said["agency"])
    row = asked.get(agency)
    if row is None:
        raise DigAnswerUnexpected(agency=agency, asked=sorted(asked))
    answer = DigAnswer(said["answer"])
    event: Json = {"agency": agency, "round": row.round, "answer": answer.value}
    if row.status != DigInquiryStatus.PENDING.value:
        body = event | {"conditions": said["conditions"], "note": said["note"], "warning": "late_answer"}
        kind = DigRecordKind.LATE_ANSWER
        store.add_record(session, dig.dig_id, kind, actor.id, now, body, agency)
        warn(session, dig, DigWarning.LATE_ANSWER, now, agency, {"answer": answer.value})
        return [("dig.answer_late", event)]
    values = {
        "status": DigInquiryStatus.ANSWERED.value,
        "answered_at": now,
        "answered_by": actor.id,
        "answer": answer.value,
        "conditions": said["conditions"],
        "note": said["note"],
        "valid_until": valid_until(city, now),
    }
    session.execute(update(t.dig_inquiry).where(_at(dig.dig_id, agency, row.round)).values(values))
    kind = DigRecordKind.WARNING
    store.close_records(session, dig.dig_id, actor, now, kind=kind, agency=agency)
    return [("dig.answered", event)]


def valid_until(city: City, now: datetime) -> datetime:
    """How long an answer given now holds."""
    return due_after(now, terms_of(city.folder).whole("inquiry_valid_days"), city.timezone)


def take_back(session: Session, dig: DigRow, agency: str, asked: dict[str, AnyRow]) -> None:
    """The handler does not let a silence count. Raises `DigAnswerUnexpected` when the agency was not silent."""
    row = asked.get(agency)
    if row is None or row.status != DigInquiryStatus.SILENT.value:
        silent = sorted(each for each, r in asked.items() if r.status == DigInquiryStatus.SILENT.value)
        raise DigAnswerUnexpected(agency=agency, asked=silent)
    values = {"status": DigInquiryStatus.REVOKED.value}
    session.execute(update(t.dig_inquiry).where(_at(dig.dig_id, agency, row.round)).values(values))


def outdate(session: Session, dig: DigRow, now: datetime) -> None:
    """The place has changed: no answer given for the old one holds any longer."""
    q = t.dig_inquiry
    session.execute(
        update(q)
        .where(q.c.dig_id == dig.dig_id, q.c.status != DigInquiryStatus.PENDING.value)
        .values(valid_until=now - timedelta(microseconds=1))
    )


def warn(
    session: Session, dig: DigRow, kind: DigWarning, now: datetime, agency: str | None, detail: Json
) -> None:
    """Have the handler look."""
    body = {"warning": kind.value, "handler": dig.handler, **detail}
    store.add_record(session, dig.dig_id, DigRecordKind.WARNING, SYSTEM.id, now, body, agency)


def close_if_complete(
    session: Session, dig: DigRow, asked: dict[str, AnyRow]
) -> tuple[DigStatus, list[Event]]:
    """The status once nobody is waited for; the same status otherwise."""
    waiting = any(row.status == DigInquiryStatus.PENDING.value for row in asked.values())
    if dig.status is not DigStatus.INQUIRING or waiting:
        return dig.status, []
    status = advance(dig.status, DigAction.INQUIRIES_CLOSED, SYSTEM.role, [DigGuard.INQUIRIES_CLOSED])
    liable = sorted(a for a, row in asked.items() if row.status == DigInquiryStatus.SILENT.value)
    return status, [(f"dig.{status.value}", {"from": dig.status.value, "liable": liable})]


# --- the scheduler


def due_now(session: Session, terms: DigTerms, city: City, now: datetime, limit: int) -> list[UUID]:
    """The excavations with an open question whose present warning has not been given yet."""
    q = t.dig_inquiry
    rows = session.execute(
        select(q.c.dig_id, q.c.asked_at, q.c.due_at, q.c.warned)
        .join(t.dig, t.dig.c.dig_id == q.c.dig_id)
        .where(
            q.c.status == DigInquiryStatus.PENDING.value,
            t.dig.c.status == DigStatus.INQUIRING.value,
            t.dig.c.city_id == city.city_id,
        )
        .order_by(q.c.due_at)
    )
    shares = terms.numbers("warn_shares")
    found = [
        row.dig_id for row in rows if warnings_due(row.asked_at, row.due_at, now, shares) > int(row.warned)
    ]
    return list(dict.fromkeys(found))[:limit]


def remind(session: Session, city: City, dig: DigRow, now: datetime) -> list[Event]:
    """Give the warnings that are due for one locked excavation, and establish silence after the last (T21)."""
    terms = terms_of(city.folder)
    events: list[Event] = []
    for agency, row in store.current(store.inquiries(session, dig.dig_id)).items():
        if row.status != DigInquiryStatus.PENDING.value:
            continue
        due = warnings_due(row.asked_at, row.due_at, now, terms.numbers("warn_shares"))
        values: Json = {}
        if due == len(_STEPS) and int(row.warned) < len(_STEPS) - 1:
            # The scheduler was away when it should have warned: nobody falls silent unwarned.
            due = len(_STEPS) - 1
            values["due_at"] = due_after(now, 1, city.timezone)
            events.append(("dig.extended", {"agency": agency, "due_at": values["due_at"].isoformat()}))
        for kind in _STEPS[int(row.warned) : due]:
            detail = {"round": row.round, "due_at": row.due_at.isoformat(), "handler": row.handler}
            warn(session, dig, kind, now, agency, detail)
            events.append(("dig.warned", {"warning": kind.value, "agency": agency, "handler": row.handler}))
        values["warned"] = max(due, int(row.warned))
        if due == len(_STEPS):
            values |= {"status": DigInquiryStatus.SILENT.value, "valid_until": valid_until(city, now)}
            events.append(("dig.silence", {"agency": agency, "round": row.round, "liable": agency}))
        session.execute(update(t.dig_inquiry).where(_at(dig.dig_id, agency, row.round)).values(values))
    return events
