"""How long every company takes from the approval to the change of the parcel's tariff (A14, A16)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from statistics import median
from uuid import UUID

from sqlalchemy import func, select
from sqlalchemy.dialects.postgresql import distinct_on
from sqlalchemy.orm import Session

from permits import tables as t
from permits.store import database_now
from permits.vocabulary import CaseStatus, TariffState

HOUR_S = 3600.0


@dataclass(frozen=True, slots=True)
class TariffLag:
    """One parcel's tariff at one company: asked for with the decision, and confirmed, or still open.

    `lag_hours` runs from the decision (`asked_at`: the approval, or the completion) to the confirmation or, while it
    is open, until now; `days_late` counts whole days past `effective_at` without a confirmation.
    """

    case_id: UUID
    case_no: str
    case_status: str
    permit_no: str | None
    parcel_id: str
    agency: str
    purpose: str
    tariff_from: str
    tariff_to: str
    state: str
    attempts: int
    """Exchanges it took: 1 where nothing had to be tried again."""
    asked_at: datetime
    effective_at: datetime
    confirmed_at: datetime | None
    receipt: str | None
    lag_hours: float
    days_late: int


@dataclass(frozen=True, slots=True)
class AgencyLag:
    """One company's record: how many are open and late, and how long the confirmed ones took."""

    agency: str
    open: int
    late: int
    confirmed: int
    median_hours: float | None
    longest_hours: float | None
    longest_open_hours: float | None


@dataclass(frozen=True, slots=True)
class LagReport:
    """All of it, the open ones first and the longest waiting on top."""

    as_of: datetime
    agencies: list[AgencyLag]
    rows: list[TariffLag]
    truncated: bool


def tariff_lag(session: Session, city_id: str, agency: str | None = None, limit: int = 500) -> LagReport:
    """The report for a city, or for one company; `rows` are at most `limit`, the figures count all."""
    now = database_now(session)
    rows = _rows(session, city_id, agency, now)
    ordered = sorted(rows, key=lambda row: (row.confirmed_at is not None, -row.lag_hours))
    names = sorted({row.agency for row in rows})
    summed = [_sum_of(name, [row for row in rows if row.agency == name]) for name in names]
    return LagReport(now, summed, ordered[:limit], len(ordered) > limit)


def _rows(session: Session, city_id: str, agency: str | None, now: datetime) -> list[TariffLag]:
    """Per case, company and purpose the newest exchange; a change that was given up and not tried again is none."""
    change, x = t.tariff_change, t.exchange
    other = t.exchange.alias("first")
    first_asked = select(func.min(other.c.opened_at)).where(
        other.c.case_id == change.c.case_id, other.c.purpose == x.c.purpose
    )
    query = (
        select(
            t.case_.c.case_id,
            t.case_.c.case_no,
            t.case_.c.status.label("case_status"),
            t.permit.c.permit_no,
            change.c.parcel_id,
            change.c.agency_id,
            x.c.purpose,
            x.c.revision,
            change.c.from_class,
            change.c.to_class,
            change.c.state,
            change.c.effective_at,
            change.c.confirmed_at,
            change.c.receipt,
            first_asked.scalar_subquery().label("asked_at"),
        )
        .ext(distinct_on(change.c.case_id, change.c.agency_id, x.c.purpose))
        .join(x, x.c.exchange_id == change.c.exchange_id)
        .join(t.case_, t.case_.c.case_id == change.c.case_id)
        .outerjoin(t.permit, t.permit.c.case_id == change.c.case_id)
        .where(change.c.city_id == city_id)
        .order_by(change.c.case_id, change.c.agency_id, x.c.purpose, x.c.revision.desc())
    )
    if agency is not None:
        query = query.where(change.c.agency_id == agency)
    found = session.execute(query).all()
    return [
        TariffLag(
            case_id=row.case_id,
            case_no=row.case_no,
            case_status=row.case_status,
            permit_no=row.permit_no,
            parcel_id=row.parcel_id,
            agency=row.agency_id,
            purpose=row.purpose,
            tariff_from=row.from_class,
            tariff_to=row.to_class,
            state=row.state,
            attempts=row.revision,
            asked_at=row.asked_at,
            effective_at=row.effective_at,
            confirmed_at=row.confirmed_at,
            receipt=row.receipt,
            lag_hours=round(((row.confirmed_at or now) - row.asked_at).total_seconds() / HOUR_S, 2),
            days_late=0 if row.confirmed_at is not None else max(0, (now - row.effective_at).days),
        )
        for row in found
        if not (row.state == TariffState.CANCELLED.value and row.case_status == CaseStatus.REVOKED.value)
    ]


def _sum_of(agency: str, rows: Sequence[TariffLag]) -> AgencyLag:
    done = [row.lag_hours for row in rows if row.confirmed_at is not None]
    waiting = [row for row in rows if row.confirmed_at is None]
    return AgencyLag(
        agency=agency,
        open=len(waiting),
        late=sum(row.days_late > 0 for row in waiting),
        confirmed=len(done),
        median_hours=round(median(done), 2) if done else None,
        longest_hours=max(done, default=None),
        longest_open_hours=max((row.lag_hours for row in waiting), default=None),
    )
