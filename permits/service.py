"""The use cases: one function each, one transaction each, committed by the caller at the edge.

Every write locks the case row first, moves the case along `workflow.TRANSITIONS`, and leaves audit rows and a
`panjereh_case` notification in the same transaction. With `ctx.idempotency_key` a repeated call returns the first
answer; the same key with another request raises `KeyReused`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy.orm import Session

from layers.city import City
from permits.ports import Actor
from permits.requests import Answer, SubmitRequest
from permits.views import CaseSummary, CaseView, Condition, HistoryEntry
from permits.vocabulary import TariffClass


@dataclass(frozen=True, slots=True)
class Context:
    """One use of the system: in which city, by whom, when, and under which idempotency key."""

    city: City
    actor: Actor
    now: datetime
    idempotency_key: str | None = None


@dataclass(frozen=True, slots=True)
class CaseFilter:
    """Which cases; `after` is the last case_id of the page before."""

    status: str | None = None
    q: str | None = None
    limit: int = 50
    after: UUID | None = None


def submit(session: Session, ctx: Context, request: SubmitRequest) -> CaseView:
    """Open a case: dossier, conflict check and consultations in one transaction."""
    raise NotImplementedError


def approve(
    session: Session, ctx: Context, case_id: UUID, conditions: Sequence[Condition], expected_version: int
) -> CaseView:
    """Issue the permit and, in the same transaction, the orders and tariff changes for every agency."""
    raise NotImplementedError


def refuse(session: Session, ctx: Context, case_id: UUID, reason: str, expected_version: int) -> CaseView:
    """Refuse the case."""
    raise NotImplementedError


def withdraw(session: Session, ctx: Context, case_id: UUID) -> CaseView:
    """Withdraw the request before a decision."""
    raise NotImplementedError


def retry_exchange(session: Session, ctx: Context, case_id: UUID) -> CaseView:
    """Try the exchange again (revision + 1), or send parked calls again."""
    raise NotImplementedError


def defer_utility(session: Session, ctx: Context, case_id: UUID, agency: str) -> CaseView:
    """Leave one agency's connection for later; its tariff change stays."""
    raise NotImplementedError


def revoke(session: Session, ctx: Context, case_id: UUID, reason: str) -> CaseView:
    """Take the permit back."""
    raise NotImplementedError


def complete(
    session: Session,
    ctx: Context,
    case_id: UUID,
    certificate_no: str,
    permanent_class: TariffClass,
    expected_version: int | None = None,
) -> CaseView:
    """Open the exchange that returns the tariff to its permanent class."""
    raise NotImplementedError


def record_response(session: Session, actor: Actor, answer: Answer, now: datetime) -> UUID:
    """Record an agency's answer to an inquiry; the case is ready for decision once all have answered."""
    raise NotImplementedError


def recheck_conflicts(session: Session, ctx: Context, case_id: UUID) -> CaseView:
    """Check the excavation against the layers as published now."""
    raise NotImplementedError


def case(session: Session, ctx: Context, case_id: UUID) -> CaseView:
    """The case as this actor may see it."""
    raise NotImplementedError


def cases(session: Session, ctx: Context, filters: CaseFilter) -> list[CaseSummary]:
    """The city's cases, newest first."""
    raise NotImplementedError


def history(session: Session, ctx: Context, case_id: UUID) -> list[HistoryEntry]:
    """The case's chained history."""
    raise NotImplementedError


def geojson(session: Session, ctx: Context, case_id: UUID) -> dict[str, object]:
    """Excavation, parcel and the lines of the findings as a WGS84 FeatureCollection."""
    raise NotImplementedError
