"""From the decision to what each agency is sent: one order with the tariff and, if wanted, a connection."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from permits.calendars import first_midnight
from permits.ports import Json
from permits.tariff import TariffMove, order_ref
from permits.vocabulary import Purpose, Wish


@dataclass(frozen=True, slots=True)
class ExchangeTimes:
    """The shared instants of one exchange: same for every agency, which is what makes it simultaneous."""

    effective_at: datetime
    decide_by: datetime
    hold_until: datetime


@dataclass(frozen=True, slots=True)
class ConnectionWish:
    """The connection one agency will sell; capacity in its own units."""

    agency: str
    utility: str
    wish: Wish
    capacity: Json
    offer: Json | None = None
    offer_ref: str | None = None


@dataclass(frozen=True, slots=True)
class OrderHead:
    """What all orders of one exchange share."""

    case_id: str
    case_ref: str
    permit_no: str
    city: str
    parcel_id: str
    purpose: Purpose
    revision: int
    times: ExchangeTimes


def exchange_times(
    approved_at: datetime,
    timezone: str,
    *,
    lead_hours: float,
    margin_minutes: float,
    hold_days: float,
    not_before: datetime | None = None,
) -> ExchangeTimes:
    """The first local midnight at least `lead_hours` after approval, and the two deadlines around it.

    It is not before `not_before`, where a company needs longer than that.
    """
    earliest = approved_at + timedelta(hours=lead_hours)
    effective_at = first_midnight(max(earliest, not_before or earliest), timezone)
    return ExchangeTimes(
        effective_at,
        effective_at - timedelta(minutes=margin_minutes),
        effective_at + timedelta(days=hold_days),
    )


def connection_of(wish: ConnectionWish | None) -> Json | None:
    """The connection part of an order: only what is wanted now is sold now."""
    if wish is None or wish.wish is not Wish.NOW:
        return None
    return {"utility": wish.utility, "capacity": wish.capacity, "offer_ref": wish.offer_ref}


def order_body(head: OrderHead, move: TariffMove, connection: Json | None) -> Json:
    """The POST /v1/orders form for one agency."""
    return {
        "our_ref": order_ref(head.case_id, move.agency, head.purpose, head.revision),
        "case_ref": head.case_ref,
        "permit_no": head.permit_no,
        "city": head.city,
        "parcel_id": head.parcel_id,
        "connection": connection,
        "tariff_change": {"from": move.from_class.value, "to": move.to_class.value},
        "effective_at": head.times.effective_at.isoformat(),
        "hold_until": head.times.hold_until.isoformat(),
    }


def order_bodies(
    head: OrderHead, moves: list[TariffMove], wishes: Mapping[str, ConnectionWish]
) -> dict[str, Json]:
    """The forms for every agency; connections are sold with the permit, not with the tariff's return."""
    sells = head.purpose is Purpose.CONSTRUCTION
    return {
        move.agency: order_body(head, move, connection_of(wishes.get(move.agency)) if sells else None)
        for move in moves
    }
