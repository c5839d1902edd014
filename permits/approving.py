"""The approval: permit, orders, tariff changes and their calls in one transaction (A11, A14, T16)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta

from sqlalchemy import insert, select
from sqlalchemy.orm import Session

from layers.city import City
from permits import tables as t
from permits.decision import (
    ConsultationFacts,
    DecisionFacts,
    obstacles,
    required_conditions,
    with_corridors,
)
from permits.errors import ApprovalRefused
from permits.inquiries import REMINDERS
from permits.office_days import working_calendar
from permits.orders import ConnectionWish, OrderHead, exchange_times, order_bodies
from permits.outbox import supersede_inquiries
from permits.ports import Actor, Json
from permits.saga import open_exchange as insert_exchange
from permits.starting_tariff import starting_tariffs
from permits.store import (
    CaseRow,
    Event,
    add_decision,
    chain,
    change_case,
    close_tasks,
    permit_no,
)
from permits.tariff import TariffMove, moves_to_construction
from permits.views import Condition, as_json
from permits.vocabulary import Action, ConsultationStatus, DecisionOutcome, OrderState, Purpose, Wish
from permits.workflow import Guard, advance


def approve(
    session: Session,
    city: City,
    actor: Actor,
    now: datetime,
    case: CaseRow,
    conditions: Sequence[Condition],
) -> CaseRow:
    """Issue the permit of a locked case and order everything that follows from it."""
    facts = _facts(session, case)
    closed = all(item.status is not ConsultationStatus.PENDING for item in facts.consultations)
    guards = [Guard.CONSULTATIONS_CLOSED] if closed else []
    status = advance(case.status, Action.APPROVE, actor.role, guards)
    against = obstacles(facts, conditions, now)
    if against:
        raise ApprovalRefused(reasons=[str(obstacle) for obstacle in against], case_id=str(case.case_id))
    final = [*with_corridors(conditions, _suggested(session, case)), *required_conditions(facts, conditions)]
    stored = [as_json(condition) for condition in final]
    add_decision(session, case.case_id, actor, DecisionOutcome.APPROVED.value, stored, None)
    number = f"P-{case.case_no}"
    _insert_permit(session, city, case, number, now)
    _insert_orders(session, city, case)
    before = starting_tariffs(session, city, case.parcel_id, case.tariff_agencies)
    moves = moves_to_construction(case.tariff_agencies, before)
    opened = open_exchange(session, city, now, case, Opening(Purpose.CONSTRUCTION, 1, moves, number))
    supersede_inquiries(session, case.case_id)
    close_tasks(session, case.case_id, actor, REMINDERS)
    events: list[Event] = [
        ("case.approved", {"from": case.status.value, "conditions": stored}),
        ("permit.issued", {"permit_no": number}),
        *opened,
    ]
    chain(session, case.case_id, actor, events)
    return change_case(session, case, status)


def _facts(session: Session, case: CaseRow) -> DecisionFacts:
    asked = t.consultation
    rows = session.execute(
        select(asked.c.agency_id, asked.c.status, asked.c.answer).where(asked.c.case_id == case.case_id)
    )
    found = session.execute(
        select(
            t.finding.c.verdict,
            t.finding.c.layer_id,
            t.finding.c.feature_id,
            t.finding.c.body["trial_pits"].label("trial_pits"),
        )
        .where(t.finding.c.case_id == case.case_id, t.finding.c.verdict != "clear")
        .order_by(t.finding.c.n)
    )
    missing = session.execute(select(t.case_.c.missing).where(t.case_.c.case_id == case.case_id)).scalar_one()
    return DecisionFacts(
        is_routed=case.routing is not None,
        tariff_agencies=case.tariff_agencies,
        wishes={agency: case.wish(agency) for agency in case.wishes},
        consultations=[_consultation(row.agency_id, row.status, row.answer or {}) for row in rows],
        findings=[row._asdict() for row in found],
        missing_layers=[str(layer.get("layer_id")) for layer in missing],
    )


def _suggested(session: Session, case: CaseRow) -> list[Json]:
    """The conditions that the check of this case proposed."""
    dossier = session.execute(select(t.case_.c.dossier).where(t.case_.c.case_id == case.case_id)).scalar_one()
    return list(dossier.get("suggested_conditions") or ())


def _consultation(agency: str, status: str, said: Json) -> ConsultationFacts:
    return ConsultationFacts(
        agency, ConsultationStatus(status), said.get("serviceable"), _valid_until(said.get("offer"))
    )


def _valid_until(offer: object) -> datetime | None:
    """Until when an offer holds: a date means to its end; one that cannot be read sets no limit."""
    stated = str(offer.get("valid_until") or "") if isinstance(offer, dict) else ""
    try:
        if len(stated) == len("2026-01-31"):
            return datetime.combine(date.fromisoformat(stated), time.max, UTC)
        until = datetime.fromisoformat(stated)
    except ValueError:
        return None
    return until if until.tzinfo is not None else until.replace(tzinfo=UTC)


def _insert_permit(session: Session, city: City, case: CaseRow, number: str, now: datetime) -> None:
    until = now + timedelta(days=city.permit_valid_days)
    session.execute(
        insert(t.permit).values(case_id=case.case_id, permit_no=number, issued_at=now, valid_until=until)
    )


def _insert_orders(session: Session, city: City, case: CaseRow) -> None:
    """One sale per agency of which something is wanted; what is wanted later waits as deferred."""
    rows = [
        {
            "case_id": case.case_id,
            "agency_id": agency,
            "utility": city.agency(agency).utilities[0].value,
            "wish": wish.value,
            "capacity": case.wishes[agency].get("capacity", {}),
            "state": OrderState.DESIRED.value if wish is Wish.NOW else OrderState.DEFERRED.value,
        }
        for agency in case.wishes
        if (wish := case.wish(agency)) is not Wish.NOT_NEEDED
    ]
    if rows:
        session.execute(insert(t.connection_order), rows)


@dataclass(frozen=True, slots=True)
class Opening:
    """What an exchange is opened for; the permit's number is looked up when it is not given."""

    purpose: Purpose
    revision: int
    moves: Sequence[TariffMove]
    permit_no: str | None = None


def open_exchange(
    session: Session, city: City, now: datetime, case: CaseRow, opening: Opening
) -> list[Event]:
    """Open an exchange with one shared effective instant; returns its history events."""
    timing = city.exchange
    times = exchange_times(
        now,
        city.timezone,
        lead_hours=timing.lead_hours,
        margin_minutes=timing.decide_margin_minutes,
        hold_days=timing.hold_days,
        not_before=_desk_time(city, now, opening.moves),
    )
    head = OrderHead(
        case_id=str(case.case_id),
        case_ref=case.case_no,
        permit_no=opening.permit_no or permit_no(session, case.case_id),
        city=case.city_id,
        parcel_id=case.parcel_id,
        purpose=opening.purpose,
        revision=opening.revision,
        times=times,
    )
    bodies = order_bodies(head, list(opening.moves), _wishes(session, city, case))
    return insert_exchange(session, case, head, opening.moves, bodies)


def _desk_time(city: City, now: datetime, moves: Sequence[TariffMove]) -> datetime | None:
    """Until when a desk among the companies has to hold its order: people work on working days only."""
    if not any(city.agency(move.agency).is_at_desk for move in moves):
        return None
    return working_calendar(city).due_after(now, city.exchange.desk_days)


def _wishes(session: Session, city: City, case: CaseRow) -> dict[str, ConnectionWish]:
    asked = t.consultation
    rows = session.execute(
        select(asked.c.agency_id, asked.c.answer["offer"]["offer_ref"].astext)
        .where(asked.c.case_id == case.case_id, asked.c.answer.is_not(None))
        .order_by(asked.c.round)
    )
    offers: dict[str, str | None] = {agency: ref for agency, ref in rows}  # noqa: C416 - rows are no pairs
    return {
        agency: ConnectionWish(
            agency=agency,
            utility=city.agency(agency).utilities[0].value,
            wish=case.wish(agency),
            capacity=stated.get("capacity", {}),
            offer_ref=offers.get(agency),
        )
        for agency, stated in case.wishes.items()
    }
