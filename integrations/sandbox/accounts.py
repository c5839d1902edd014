"""The company's books: ledger, dated tariffs, bills."""

from __future__ import annotations

import json
from datetime import UTC, date, datetime
from typing import Any
from uuid import uuid4

from sqlalchemy import Connection, Row, text

from integrations.sandbox.capacity import Capacity
from integrations.sandbox.company import Company
from integrations.sandbox.pricing import bill_id, offer, payment_id
from integrations.sandbox.problems import InvalidRequest

Json = dict[str, Any]


def enter(connection: Connection, our_ref: str, op: str) -> None:
    """The ledger has one more line; lines are in the order of their effects."""
    connection.execute(text("INSERT INTO ledger (our_ref, op) VALUES (:r, :o)"), {"r": our_ref, "o": op})


def ledger(connection: Connection, after: int, limit: int) -> Json:
    """Return the ledger from a position on, in order of effect, and every tombstone apart from it."""
    rows = connection.execute(
        text("SELECT seq, our_ref, op, at FROM ledger WHERE seq > :a ORDER BY seq LIMIT :n"),
        {"a": after, "n": limit},
    ).all()
    tombstones = connection.execute(text("SELECT our_ref, at FROM tombstone ORDER BY at, our_ref"))
    return {
        "entries": [[row.our_ref, row.op, row.at.isoformat()] for row in rows],
        "tombstones": [[row.our_ref, row.at.isoformat()] for row in tombstones],
        "next_after": rows[-1].seq if len(rows) == limit else None,
    }


def enter_tariff(connection: Connection, order: Row[Any]) -> str:
    """The parcel's tariff has one more dated entry, effective at the instant all companies agreed on."""
    receipt = f"T-{order.order_number}"
    connection.execute(
        text(
            "INSERT INTO tariff_entry (parcel_id, class, code, effective_at, order_number, receipt) "
            "VALUES (:p, :c, :code, :e, :o, :t)"
        ),
        {
            "p": order.parcel_id,
            "c": order.tariff_to,
            "code": order.tariff_code,
            "e": order.effective_at,
            "o": order.order_number,
            "t": receipt,
        },
    )
    return receipt


def tariff(connection: Connection, parcel_id: str) -> Json | None:
    """Return the tariff in force now and the whole dated history; None for an unknown parcel."""
    parcel = connection.execute(
        text("SELECT initial_class, clock_timestamp() AS now FROM parcel WHERE parcel_id = :p"),
        {"p": parcel_id},
    ).first()
    if parcel is None:
        return None
    rows = connection.execute(
        text("SELECT * FROM tariff_entry WHERE parcel_id = :p ORDER BY effective_at, entry_no"),
        {"p": parcel_id},
    ).all()
    current = next((row._mapping["class"] for row in reversed(rows) if row.effective_at <= parcel.now), None)  # noqa: SLF001 - a column named by a keyword
    return {
        "parcel_id": parcel_id,
        "current": current or parcel.initial_class,
        "initial": parcel.initial_class,
        "history": [_entry(row) for row in rows],
    }


def _entry(row: Row[Any]) -> Json:
    return {
        "class": row._mapping["class"],  # noqa: SLF001 - a column named by a keyword
        "code": row.code,
        "effective_at": row.effective_at.isoformat(),
        "order_number": row.order_number,
        "receipt": row.receipt,
        "recorded_at": row.recorded_at.isoformat(),
    }


def _price_of(company: Company, terms: Json) -> Json:
    """The offer the order names while it is valid, or else today's price."""
    today = company.today()
    offered: Json | None = terms.get("offer")
    if offered is not None and offered["valid_until"] >= today.isoformat():
        return offered
    capacity = Capacity(terms["capacity"], 0.0)
    return offer(company.profile, today, company.currency, terms["units"], capacity).as_dict()


def issue_bill(company: Company, connection: Connection, order: Row[Any]) -> str:
    """The connection is billed: by the offer it names while that is valid, or else by today's price list."""
    price = _price_of(company, order.connection)
    bill_no = f"B-{order.order_number}"
    file_no = connection.execute(
        text(
            "INSERT INTO bill (bill_no, parcel_id, order_number, amount, currency, items) "
            "VALUES (:b, :p, :o, :a, :c, cast(:i AS jsonb)) RETURNING file_no"
        ),
        {
            "b": bill_no,
            "p": order.parcel_id,
            "o": order.order_number,
            "a": price["amount"],
            "c": price["currency"],
            "i": json.dumps(price["items"]),
        },
    ).scalar_one()
    if price["currency"] == "IRR":
        _number_bill(company, connection, bill_no, file_no, price["amount"])
    return bill_no


def _number_bill(company: Company, connection: Connection, bill_no: str, file_no: int, amount: int) -> None:
    """A bill in rials carries the two numbers by which any bank takes it."""
    bill = bill_id(file_no, company.profile.bill_company, company.profile.bill_service)
    today = company.today()
    payment = payment_id(bill, amount, today.year, today.month)
    connection.execute(
        text("UPDATE bill SET bill_id = :i, payment_id = :p WHERE bill_no = :b"),
        {"i": bill, "p": payment, "b": bill_no},
    )


def _bill(row: Row[Any]) -> Json:
    return {
        "bill_no": row.bill_no,
        "amount": row.amount,
        "currency": row.currency,
        "items": row.items,
        "bill_id": row.bill_id,
        "payment_id": row.payment_id,
        "order_number": row.order_number,
        "issued_at": row.issued_at.isoformat(),
    }


def bills(connection: Connection, parcel_id: str) -> Json:
    """Return the bills of a parcel, oldest first."""
    rows = connection.execute(
        text("SELECT * FROM bill WHERE parcel_id = :p ORDER BY issued_at, bill_no"), {"p": parcel_id}
    )
    return {"parcel_id": parcel_id, "bills": [_bill(row) for row in rows]}


def _bill_of(connection: Connection, bill_no: str | None) -> Json | None:
    if bill_no is None:
        return None
    return _bill(connection.execute(text("SELECT * FROM bill WHERE bill_no = :b"), {"b": bill_no}).one())


def confirmation(connection: Connection, our_ref: str) -> Json:
    """Return what a confirm answers: the order number, the tariff's receipt and the bill."""
    order = connection.execute(text("SELECT * FROM orders WHERE our_ref = :r"), {"r": our_ref}).one()
    return {
        "our_ref": our_ref,
        "order_number": order.order_number,
        "status": order.state,
        "tariff_receipt": order.tariff_receipt,
        "bill": _bill_of(connection, order.bill_no),
    }


def order_view(connection: Connection, our_ref: str) -> Json | None:
    """Return an order as it stands; a tombstone is shown too; None when the reference is unknown."""
    row = connection.execute(text("SELECT * FROM orders WHERE our_ref = :r"), {"r": our_ref}).first()
    if row is not None:
        return _order(row) | {"bill": _bill_of(connection, row.bill_no)}
    buried = connection.execute(text("SELECT at FROM tombstone WHERE our_ref = :r"), {"r": our_ref}).first()
    if buried is None:
        return None
    return {
        "our_ref": our_ref,
        "order_number": None,
        "status": "tombstoned",
        "changed_at": buried.at.isoformat(),
    }


def _order(row: Row[Any]) -> Json:
    change = {"from": row.tariff_from, "to": row.tariff_to} if row.tariff_to else None
    return {
        "our_ref": row.our_ref,
        "order_number": row.order_number,
        "status": row.state,
        "case_ref": row.case_ref,
        "permit_no": row.permit_no,
        "parcel_id": row.parcel_id,
        "connection": {"capacity": row.connection["capacity"], "main_id": row.main_id}
        if row.connection
        else None,
        "tariff_change": change,
        "tariff_before": row.tariff_before,
        "effective_at": row.effective_at.isoformat(),
        "hold_until": row.hold_until.isoformat(),
        "changed_at": row.changed_at.isoformat(),
        "tariff_receipt": row.tariff_receipt,
    }


def orders_since(connection: Connection, since: datetime | None, after: str | None, limit: int) -> Json:
    """Return a page of the orders changed at or after an instant, oldest change first; `after` is its forerunner's end.

    Raises InvalidRequest for an `after` that no page ended with.
    """
    changed_at, our_ref = _read_end(after)
    rows = connection.execute(
        text(
            "SELECT * FROM orders WHERE (cast(:s AS timestamptz) IS NULL OR changed_at >= :s) "
            "AND (cast(:a AS timestamptz) IS NULL OR (changed_at, our_ref) > (:a, :r)) "
            "ORDER BY changed_at, our_ref LIMIT :n"
        ),
        {"s": since, "a": changed_at, "r": our_ref, "n": limit + 1},
    ).all()
    page = rows[:limit]
    end = f"{page[-1].changed_at.isoformat()}~{page[-1].our_ref}" if len(rows) > limit else None
    return {"orders": [_order(row) for row in page], "next": end}


def _read_end(after: str | None) -> tuple[datetime | None, str]:
    """The instant and reference of a page's last order."""
    if after is None:
        return None, ""
    at, _, our_ref = after.partition("~")
    try:
        changed_at = datetime.fromisoformat(at)
    except ValueError as error:
        raise InvalidRequest(members=["query.after"], details=["no page ended with this"]) from error
    if changed_at.tzinfo is None or "\x00" in our_ref:
        raise InvalidRequest(members=["query.after"], details=["no page ended with this"])
    return changed_at, our_ref


def announce_execution(connection: Connection, order: Row[Any]) -> None:
    """The municipality will hear that the order was carried out, where its inquiry said whom to tell."""
    found = connection.execute(
        text(
            "SELECT form->>'reply_to' AS url, form->'proposal' AS proposal FROM inquiry "
            "WHERE case_ref = :c AND form->>'reply_to' IS NOT NULL ORDER BY received_at DESC LIMIT 1"
        ),
        {"c": order.case_ref},
    ).first()
    if found is not None:
        data = {
            "our_ref": order.our_ref,
            "order_number": order.order_number,
            "effective_at": order.effective_at.isoformat(),
        }
        if order.connection and found.proposal:
            data["as_built"] = _as_built(found.proposal, datetime.now(UTC).date())
        queue_webhook(connection, order.our_ref, found.url, "order.executed", data)


def _as_built(proposal: Json, surveyed_on: date) -> Json:
    """What the crew surveyed: the line as it was proposed, which is how the reference company builds."""
    return {
        "main_id": proposal["main_id"],
        "geometry": proposal["route"],
        "crs": proposal["crs"],
        "cover_m": proposal["cover_m"],
        "outer_diameter_mm": proposal["size"]["outer_diameter_mm"],
        "surveyed_on": surveyed_on.isoformat(),
        "horizontal_uncertainty_m": 0.05,
        "vertical_uncertainty_m": 0.05,
    }


def queue_webhook(
    connection: Connection,
    our_ref: str,
    url: str,
    kind: str,
    data: Json,
    copies: int = 1,
    late_s: float = 0.0,
) -> None:
    """A webhook waits to be delivered; its id stays the same through every attempt."""
    now = connection.execute(text("SELECT clock_timestamp()")).scalar_one()
    body = json.dumps({"type": kind, "timestamp": now.isoformat(), "data": data}, ensure_ascii=False)
    connection.execute(
        text(
            "INSERT INTO webhook (webhook_id, our_ref, url, body, copies, next_at) VALUES "
            "(:w, :r, :u, :b, :c, clock_timestamp() + make_interval(secs => :late))"
        ),
        {"w": f"msg_{uuid4().hex}", "r": our_ref, "u": url, "b": body, "c": copies, "late": late_s},
    )
