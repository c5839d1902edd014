"""Try, confirm, cancel: the order of a connection and the dated change of tariff, as one thing.

An order is held by `try`, made final by `confirm`, released by `cancel` or by its `hold_until`. A cancel of a
reference that never arrived leaves a tombstone, so that a try that was still on its way is refused.
"""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import Connection, Row, text

from integrations.sandbox import accounts
from integrations.sandbox.capacity import CapacityOutOfRange, sold
from integrations.sandbox.company import Company
from integrations.sandbox.idempotency import Reply, reply
from integrations.sandbox.problems import NotFound, OrderDiffers, Refused
from integrations.sandbox.survey import reserve

_ORDER = text(
    "SELECT *, hold_until <= clock_timestamp() AS is_late FROM orders WHERE our_ref = :r FOR UPDATE"
)

# One round trip for everything a try depends on.
_BEFORE_TRY = text(
    """
SELECT EXISTS (SELECT 1 FROM tombstone WHERE our_ref = :r) AS is_tombstoned,
       o.order_number, o.state, o.fingerprint, p.parcel_id, p.debt, p.initial_class,
       encode(ST_AsEWKB(p.geom), 'hex') AS site,
       (SELECT class FROM tariff_entry t WHERE t.parcel_id = :p
        ORDER BY effective_at DESC, entry_no DESC LIMIT 1) AS tariff_now
FROM (SELECT 1) one LEFT JOIN orders o ON o.our_ref = :r LEFT JOIN parcel p ON p.parcel_id = :p
"""
)

_INSERT = text(
    """
INSERT INTO orders (our_ref, order_number, case_ref, permit_no, parcel_id, fingerprint, state, connection,
                    main_id, demand, tariff_from, tariff_to, tariff_code, tariff_before,
                    effective_at, hold_until)
SELECT :our_ref, format('%s-%s-%s', cast(:letter AS text), cast(:year AS text),
                        lpad(cast(nextval('order_no') AS text), 6, '0')),
       :case_ref, :permit_no, :parcel_id, :fingerprint, 'held', cast(:connection AS jsonb), :main_id, :demand,
       :tariff_from, :tariff_to, :tariff_code, :tariff_before,
       cast(:effective_at AS timestamptz), cast(:hold_until AS timestamptz)
RETURNING order_number
"""
)


def try_order(company: Company, connection: Connection, form: dict[str, Any], mark: str) -> Reply:
    """Hold the order: its capacity is reserved and its tariff change noted, and nothing is final.

    Raises Refused with the company's reason, OrderDiffers for another order under the same reference.
    """
    our_ref = form["our_ref"]
    before = connection.execute(_BEFORE_TRY, {"r": our_ref, "p": form["parcel_id"]}).one()
    if before.is_tombstoned:
        raise Refused("tombstoned")
    if before.order_number is not None:
        return _known(before, our_ref, mark)
    _refuse_by_rule(company, before, form)
    main_id, demand, connection_terms = _connection(company, connection, before.site, form.get("connection"))
    change = form.get("tariff_change") or {}
    order_number = connection.execute(
        _INSERT,
        {
            "our_ref": our_ref,
            "letter": company.profile.letter,
            "year": datetime.now(UTC).year,
            "fingerprint": mark,
            "connection": json.dumps(connection_terms) if connection_terms else None,
            "main_id": main_id,
            "demand": demand,
            "tariff_from": change.get("from"),
            "tariff_to": change.get("to"),
            "tariff_code": change.get("to_code"),
            "tariff_before": before.tariff_now or before.initial_class,
            **{
                name: form[name]
                for name in ("case_ref", "permit_no", "parcel_id", "effective_at", "hold_until")
            },
        },
    ).scalar_one()
    accounts.enter(connection, our_ref, "try")
    return reply(201, {"our_ref": our_ref, "order_number": order_number, "status": "held"})


def _known(before: Row[Any], our_ref: str, mark: str) -> Reply:
    """The answer to a try under another key: the order as it stands, if it is the same order."""
    if before.fingerprint != mark:
        raise OrderDiffers(our_ref=our_ref)
    if before.state in ("cancelled", "expired"):
        raise Refused("cancelled" if before.state == "cancelled" else "hold-expired")
    return reply(201, {"our_ref": our_ref, "order_number": before.order_number, "status": before.state})


def _refuse_by_rule(company: Company, before: Row[Any], form: dict[str, Any]) -> None:
    if datetime.fromisoformat(form["hold_until"]) <= datetime.now(UTC):
        raise Refused("hold-expired")
    if company.faults.is_planned("refuse_try", form["our_ref"]):
        raise Refused("no-capacity")
    if form.get("tariff_change") and company.faults.is_planned("refuse_tariff", form["our_ref"]):
        raise Refused("tariff-change-refused")
    if before.parcel_id is None:
        raise Refused("unknown-parcel")
    if before.debt > 0:
        raise Refused("debt")


def _connection(
    company: Company, connection: Connection, site: str, wanted: dict[str, Any] | None
) -> tuple[str | None, float, dict[str, Any] | None]:
    """The main, load and terms of a connection; a plain tariff change has none."""
    if wanted is None:
        return None, 0.0, None
    terms = _offered(connection, wanted.get("offer_ref"))
    try:
        capacity = sold(company.profile, wanted.get("capacity") or {}, terms["units"])
    except CapacityOutOfRange as error:
        raise Refused("capacity-out-of-range") from error
    verdict = reserve(connection, company.profile, site, capacity, company.max_service_length_m)
    if not verdict.is_serviceable or verdict.nearest is None:
        raise Refused(verdict.code)
    return verdict.nearest.main_id, capacity.demand, {**terms, "capacity": capacity.values}


def _offered(connection: Connection, offer_ref: str | None) -> dict[str, Any]:
    """What the company offered under a reference; an order without one is priced when confirmed."""
    if offer_ref:
        found = connection.execute(
            text(
                "SELECT form->'units' AS units, answer->'offer' AS offer FROM inquiry WHERE inquiry_id = :i"
            ),
            {"i": offer_ref},
        ).first()
        if found is not None:
            return {"units": found.units or {}, "offer": found.offer, "offer_ref": offer_ref}
    return {"units": {"residential": 1}, "offer": None, "offer_ref": None}


def confirm(company: Company, connection: Connection, our_ref: str) -> Reply:
    """Make a held order final: its tariff entry takes effect at the agreed instant, even if that is past.

    Repeating it changes nothing. Raises NotFound, and Refused when it is cancelled or its hold is over.
    """
    order = connection.execute(_ORDER, {"r": our_ref}).first()
    if order is None:
        raise NotFound(our_ref=our_ref)
    if order.state == "confirmed":
        return reply(200, accounts.confirmation(connection, our_ref))
    if order.state == "cancelled":
        raise Refused("cancelled")
    if order.state == "expired" or order.is_late:
        raise Refused("hold-expired")
    receipt = accounts.enter_tariff(connection, order) if order.tariff_to else None
    bill_no = accounts.issue_bill(company, connection, order) if order.connection else None
    connection.execute(
        text(
            "UPDATE orders SET state = 'confirmed', tariff_receipt = :t, bill_no = :b, "
            "changed_at = clock_timestamp() WHERE our_ref = :r"
        ),
        {"r": our_ref, "t": receipt, "b": bill_no},
    )
    accounts.enter(connection, our_ref, "confirm")
    if order.connection and company.announce_execution:
        accounts.announce_execution(connection, order)
    return reply(200, accounts.confirmation(connection, our_ref))


def cancel(connection: Connection, our_ref: str) -> Reply:
    """Release a held order, or bar one that has not arrived yet; repeating it changes nothing.

    Raises Refused for an order that is confirmed.
    """
    order = connection.execute(_ORDER, {"r": our_ref}).first()
    if order is None:
        connection.execute(
            text("INSERT INTO tombstone (our_ref) VALUES (:r) ON CONFLICT DO NOTHING"), {"r": our_ref}
        )
        return reply(200, {"our_ref": our_ref, "status": "tombstoned"})
    if order.state == "confirmed":
        raise Refused("already-confirmed")
    if order.state == "held":
        _move(connection, our_ref, "cancelled")
        accounts.enter(connection, our_ref, "cancel")
    return reply(200, {"our_ref": our_ref, "order_number": order.order_number, "status": "cancelled"})


def _move(connection: Connection, our_ref: str, state: str) -> None:
    connection.execute(
        text("UPDATE orders SET state = :s, changed_at = clock_timestamp() WHERE our_ref = :r"),
        {"s": state, "r": our_ref},
    )


def expire(connection: Connection) -> int:
    """Release every order whose hold is over, and return how many there were."""
    late = text(
        "SELECT our_ref FROM orders WHERE state = 'held' AND hold_until <= clock_timestamp() "
        "ORDER BY our_ref LIMIT 200 FOR UPDATE SKIP LOCKED"
    )
    references = list(connection.execute(late).scalars())
    for our_ref in references:
        _move(connection, our_ref, "expired")
        accounts.enter(connection, our_ref, "expire")
    return len(references)
