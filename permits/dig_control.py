"""The city's control list: contractors and companies that get no new excavation permit for a time.

Who is on it cannot ask for an excavation nor be given a permit. An incident is dug first: it is let through, and says
in its history and among its warnings that somebody on the list digs. What was permitted before stays permitted.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any
from uuid import UUID

from sqlalchemy import insert, or_, select, update
from sqlalchemy.orm import Session

from layers.city import City
from layers.readers.text import fold_digits, normal_letters
from permits import dig_tables as t
from permits.dig_clocks import local_day
from permits.dig_errors import BarLifted, BarNotFound, DigRequestInvalid, PartyBarred
from permits.dig_requests import BarRequest
from permits.dig_store import AnyRow, DigRow
from permits.dig_views import BarView
from permits.dig_vocabulary import BarParty, BarState, DigKind
from permits.errors import AgencyUnknown
from permits.identifiers import new_id
from permits.ports import Json
from permits.service import Context
from permits.store import Event, announce, chain, fingerprint, once
from permits.views import HistoryEntry
from permits.worklist import case_history


def key_of(text: str | None) -> str:
    """What two spellings of one name or number have in common: letters and digits, without case, marks or gaps."""
    plain = fold_digits(normal_letters(unicodedata.normalize("NFKC", text or "")))
    return "".join(sign for sign in plain.casefold() if sign.isalnum())


# --- keeping the list


def enter(session: Session, ctx: Context, request: BarRequest) -> BarView:
    """Somebody is on the list from a day on. Raises `DigRequestInvalid`, `AgencyUnknown`."""

    def run() -> BarView:
        today = _today(ctx)
        row = _row(ctx, request, today)
        session.execute(insert(t.dig_bar).values(row))
        said = {name: row[name] for name in ("party", "agency_id", "name", "licence_no", "reason")}
        said |= {"from": row["from_on"].isoformat(), "until": _iso(row["until_on"])}
        chain(session, row["bar_id"], ctx.actor, [("bar.entered", said)])
        _announce(session, ctx, row["bar_id"])
        return bar(session, ctx, row["bar_id"])

    mark = fingerprint(f"{ctx.city.city_id}:bar", request)
    return once(session, ctx.actor, ctx.idempotency_key, mark, BarView, run)


def _row(ctx: Context, request: BarRequest, today: date) -> dict[str, Any]:
    agencies = {agency.agency_id: agency for agency in ctx.city.agencies}
    is_agency = request.party is BarParty.AGENCY
    from_on = request.from_on or today
    faults = []
    if is_agency and request.agency is None:
        faults.append("agency-needed")
    if not is_agency and not key_of(request.name):
        faults.append("contractor-name-needed")
    if request.until_on is not None and request.until_on < max(from_on, today):
        faults.append("bar-ends-too-soon")
    if faults:
        raise DigRequestInvalid(reasons=faults)
    if is_agency and request.agency not in agencies:
        raise AgencyUnknown(agency=request.agency)
    name = (request.name or "").strip()
    if is_agency:
        called = agencies[request.agency or ""].name
        name = " / ".join(dict.fromkeys((called.fa, called.en)))
    licence_no = None if is_agency else request.licence_no
    return {
        "bar_id": new_id(),
        "city_id": ctx.city.city_id,
        "party": request.party.value,
        "agency_id": request.agency if is_agency else None,
        "name": name,
        "licence_no": licence_no,
        "name_key": "" if is_agency else key_of(name),
        "licence_key": key_of(licence_no),
        "reason": request.reason,
        "from_on": from_on,
        "until_on": request.until_on,
        "entered_by": ctx.actor.id,
        "entered_at": ctx.now,
    }


def lift(session: Session, ctx: Context, bar_id: UUID, reason: str) -> BarView:
    """Somebody is off the list from now on; the entry stays. Raises `BarNotFound`, `BarLifted`."""
    row = _read(session, ctx.city, bar_id, lock=True)
    if row.lifted_at is not None:
        raise BarLifted(bar_id=str(bar_id), by=row.lifted_by)
    session.execute(
        update(t.dig_bar)
        .where(t.dig_bar.c.bar_id == bar_id)
        .values(lifted_by=ctx.actor.id, lifted_at=ctx.now, lifted_why=reason)
    )
    chain(session, bar_id, ctx.actor, [("bar.lifted", {"reason": reason})])
    _announce(session, ctx, bar_id)
    return bar(session, ctx, bar_id)


def _announce(session: Session, ctx: Context, bar_id: UUID) -> None:
    """Who looks at the list reads it again; the stream names nobody."""
    announce(session, "control", ctx.city.city_id, {"bar_id": str(bar_id)})


def _today(ctx: Context) -> date:
    return local_day(ctx.now, ctx.city.timezone)


# --- reading it


@dataclass(frozen=True, slots=True)
class BarFilter:
    """Which entries; `q` is part of a name or licence, however it is spelt; `after` the last bar_id of the page."""

    state: BarState | None = None
    party: BarParty | None = None
    q: str | None = None
    limit: int = 100
    after: UUID | None = None


def bars(session: Session, ctx: Context, filters: BarFilter) -> list[BarView]:
    """The city's list, newest first: what holds, what will, what is over."""
    b, today = t.dig_bar, _today(ctx)
    query = select(b).where(b.c.city_id == ctx.city.city_id)
    if filters.party is not None:
        query = query.where(b.c.party == filters.party.value)
    if filters.state is not None:
        query = query.where(_in_state(b.c, filters.state, today))
    if filters.q and (wanted := key_of(filters.q)):
        like = [column.contains(wanted, autoescape=True) for column in (b.c.name_key, b.c.licence_key)]
        query = query.where(or_(*like, b.c.agency_id == filters.q))
    if filters.after is not None:
        query = query.where(b.c.bar_id < filters.after)
    rows = session.execute(query.order_by(b.c.bar_id.desc()).limit(filters.limit))
    return [_view(row, today) for row in rows]


def bar(session: Session, ctx: Context, bar_id: UUID) -> BarView:
    """One entry. Raises `BarNotFound`, also for one of another city."""
    return _view(_read(session, ctx.city, bar_id), _today(ctx))


def history(session: Session, ctx: Context, bar_id: UUID) -> list[HistoryEntry]:
    """The entry's chained history, oldest first. Raises `BarNotFound`."""
    _read(session, ctx.city, bar_id)
    return case_history(session, bar_id)


def _read(session: Session, city: City, bar_id: UUID, *, lock: bool = False) -> AnyRow:
    b = t.dig_bar
    query = select(b).where(b.c.bar_id == bar_id, b.c.city_id == city.city_id)
    row = session.execute(query.with_for_update() if lock else query).one_or_none()
    if row is None:
        raise BarNotFound(bar_id=str(bar_id))
    return row


def _holds(columns: Any, today: date) -> Any:
    on = or_(columns.until_on.is_(None), columns.until_on >= today)
    return columns.lifted_at.is_(None) & (columns.from_on <= today) & on


def _in_state(columns: Any, state: BarState, today: date) -> Any:
    if state is BarState.ACTIVE:
        return _holds(columns, today)
    if state is BarState.LIFTED:
        return columns.lifted_at.is_not(None)
    when = columns.from_on > today if state is BarState.AHEAD else columns.until_on < today
    return columns.lifted_at.is_(None) & when


def _state(row: AnyRow, today: date) -> BarState:
    if row.lifted_at is not None:
        return BarState.LIFTED
    if row.from_on > today:
        return BarState.AHEAD
    return BarState.OVER if row.until_on is not None and row.until_on < today else BarState.ACTIVE


def _view(row: AnyRow, today: date) -> BarView:
    return BarView(
        bar_id=row.bar_id,
        city=row.city_id,
        party=row.party,
        agency=row.agency_id,
        name=row.name,
        licence_no=row.licence_no,
        reason=row.reason,
        state=_state(row, today).value,
        from_on=row.from_on,
        until_on=row.until_on,
        entered_by=row.entered_by,
        entered_at=row.entered_at,
        lifted_by=row.lifted_by,
        lifted_at=row.lifted_at,
        lifted_why=row.lifted_why,
    )


# --- what follows from it


def listed(
    session: Session, city: City, agency: str | None, contractor: Json | None, today: date
) -> list[Json]:
    """The entries that hold today for the company whose works these are, or for who carries them out, oldest first.

    A contractor is known by licence number or by name: one of them is enough, as a name alone is easily respelt and
    a number easily left out.
    """
    b = t.dig_bar
    said = contractor or {}
    name, licence = key_of(said.get("name")), key_of(said.get("licence_no"))
    known = [b.c.agency_id == agency] if agency else []
    known += [b.c.name_key == name] if name else []
    known += [b.c.licence_key == licence] if licence else []
    if not known:
        return []
    query = select(b).where(b.c.city_id == city.city_id, _holds(b.c, today), or_(*known))
    return [_told(row) for row in session.execute(query.order_by(b.c.entered_at, b.c.bar_id))]


def _told(row: AnyRow) -> Json:
    return {
        "bar_id": str(row.bar_id),
        "party": row.party,
        "name": row.name,
        "reason": row.reason,
        "from_on": row.from_on.isoformat(),
        "until_on": _iso(row.until_on),
    }


def _iso(day: date | None) -> str | None:
    return None if day is None else day.isoformat()


def refuse_listed(found: Sequence[Json]) -> None:
    """Raise `PartyBarred` for the first of these entries."""
    if found:
        raise PartyBarred(**found[0], hint="ask-the-control-list")


def check_dig(session: Session, city: City, dig: DigRow, today: date) -> list[Event]:
    """Raise `PartyBarred` when somebody of the excavation is on the list; of an incident its history says it."""
    found = listed(session, city, dig.agency_id, dig.contractor, today)
    if dig.kind is not DigKind.INCIDENT:
        refuse_listed(found)
    return [("dig.listed", each) for each in found]
