"""The company with a modest system: at level L2 and L1 it offers less of the contract (docs/agencies/levels.md).

No hold: an order is final at once, with effect from its instant. No keys: a second create under the same reference is a
second order. No webhooks. L2 cancels until the order's instant; L1 does not cancel at all.
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any
from uuid import uuid4

from sqlalchemy import Connection, text
from starlette.responses import JSONResponse

from integrations.sandbox import accounts, orders
from integrations.sandbox.company import Company
from integrations.sandbox.faults import Asgi, Message, Receive, Send
from integrations.sandbox.idempotency import Reply, reply
from integrations.sandbox.problems import MEDIA_TYPE, NotFound, Refused
from integrations.sandbox.settings import Level

_MISSING = {Level.L1: (":confirm", ":cancel"), Level.L2: (":confirm",)}


def take(company: Company, connection: Connection, form: dict[str, Any], mark: str) -> Reply:
    """Hold the order; a company without holds makes it, whatever it has under the reference already.

    The second order under a reference is kept as `<reference>~2`, and so on: its books show the duplicate.
    """
    if company.level is Level.L3:
        return orders.try_order(company, connection, form, mark)
    ours = form["our_ref"]
    count = connection.execute(
        text("SELECT count(*) FROM orders WHERE our_ref = :r OR starts_with(our_ref, :more)"),
        {"r": ours, "more": f"{ours}~"},
    ).scalar_one()
    kept_as = f"{ours}~{count + 1}" if count else ours
    orders.try_order(company, connection, form | {"our_ref": kept_as}, mark)
    orders.confirm(company, connection, kept_as)
    made = accounts.order_view(connection, kept_as) or {}
    return reply(201, made | {"our_ref": ours})


def release(company: Company, connection: Connection, our_ref: str) -> Reply:
    """Release what is held; a company without holds takes the order back while its instant has not come.

    Raises NotFound for an unknown reference (there are no tombstones here), Refused from that instant on.
    """
    if company.level is Level.L3:
        return orders.cancel(connection, our_ref)
    order = connection.execute(
        text("SELECT order_number, state, effective_at FROM orders WHERE our_ref = :r FOR UPDATE"),
        {"r": our_ref},
    ).first()
    if order is None:
        raise NotFound(our_ref=our_ref)
    if order.state == "confirmed":
        if order.effective_at <= datetime.now(UTC):
            raise Refused("already-confirmed")
        _undo(connection, our_ref, order.order_number)
    return reply(200, {"our_ref": our_ref, "order_number": order.order_number, "status": "cancelled"})


def _undo(connection: Connection, our_ref: str, order_number: str) -> None:
    """The dated tariff and the bill go: neither has taken effect."""
    for table in ("tariff_entry", "bill"):
        connection.execute(text(f"DELETE FROM {table} WHERE order_number = :n"), {"n": order_number})  # noqa: S608
    connection.execute(
        text(
            "UPDATE orders SET state = 'cancelled', tariff_receipt = NULL, bill_no = NULL, "
            "changed_at = clock_timestamp() WHERE our_ref = :r"
        ),
        {"r": our_ref},
    )
    accounts.enter(connection, our_ref, "cancel")


class LevelGate:
    """The ASGI gate of a modest company: what it does not offer is not there, and no key is looked at."""

    def __init__(self, app: Asgi, level: Level) -> None:
        self._app = app
        self._missing = _MISSING[level]

    async def __call__(self, scope: Message, receive: Receive, send: Send) -> None:
        """Let a request through as if it had a key of its own, whatever it brought."""
        if scope["type"] != "http" or scope["method"] != "POST":
            await self._app(scope, receive, send)
            return
        if scope["path"].endswith(self._missing):
            problem = JSONResponse(NotFound().body(), 404, media_type=MEDIA_TYPE)
            await problem(scope, receive, send)
            return
        others = [header for header in scope["headers"] if header[0] != b"idempotency-key"]
        headers = [*others, (b"idempotency-key", uuid4().hex.encode())]
        await self._app({**scope, "headers": headers}, receive, send)


def at_level(app: Asgi, level: Level) -> Asgi:
    """Return the company's door as it is at a level."""
    return app if level is Level.L3 else LevelGate(app, level)
