"""A company that follows the published contract (capability L3): what all such companies have in common.

How capacities are measured differs from utility to utility; each adapter brings its own `Measures`.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Protocol
from urllib.parse import quote, urlencode

from integrations.transport import Endpoint, Transport
from permits.ports import Json, Outcome
from permits.vocabulary import OutcomeKind

Capacity = Mapping[str, object]
"""What is asked of one utility, by unit. Ours and theirs differ in units and names."""

LARGEST = 1e9
PAGE = 500
"""How many orders are asked for at once."""

TariffCodes = Mapping[str, str]
"""Our tariff class -> the company's own code for it."""


class NotTranslatable(Exception):
    """The company has no word for this."""


class Measures(Protocol):
    """How one utility measures capacity: ours -> the company's form, and back. Raises NotTranslatable."""

    def to_company(self, capacity: Capacity) -> Json:
        """Return the capacity in the company's units; empty when it is left to the company."""
        ...

    def from_company(self, capacity: Capacity) -> Json:
        """Return the company's capacity in ours."""
        ...


def number(capacity: Capacity, name: str) -> float | None:
    """Return a member that is a number above zero, None if it is missing. Raises NotTranslatable."""
    value = capacity.get(name)
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 < value < LARGEST:
        raise NotTranslatable(f"{name} = {value!r}")
    return float(value)


def only(capacity: Capacity, *names: str) -> None:
    """Nothing else is asked for. Raises NotTranslatable naming what would be lost in translation."""
    unknown = sorted(name for name, value in capacity.items() if name not in names and value is not None)
    if unknown:
        raise NotTranslatable(f"no such unit here: {', '.join(unknown)}")


class ContractCompany:
    """One company behind the published contract: an AgencyGateway."""

    def __init__(
        self, endpoint: Endpoint, measures: Measures, tariff_codes: TariffCodes | None = None
    ) -> None:
        self._transport = Transport(endpoint)
        self._reply_to = endpoint.reply_to
        self._measures = measures
        self._codes = tariff_codes or {}

    @property
    def is_idempotent(self) -> bool:
        """The contract demands Idempotency-Key: an unknown outcome may be sent again."""
        return True

    @property
    def capability(self) -> str:
        """L3: try/confirm/cancel, idempotency, webhooks and queries."""
        return "L3"

    def close(self) -> None:
        """The connections are closed."""
        self._transport.close()

    def inquire(self, body: Json, idem_key: str) -> Outcome:
        """Ask whether and how the parcel can be served; the answer comes by webhook, or by `query`."""
        try:
            form = {**body, "capacity": self._measures.to_company(body.get("capacity") or {})}
        except NotTranslatable as error:
            return untranslatable(error)
        form["reply_to"] = body.get("reply_to") or self._reply_to
        return self._transport.post("/v1/inquiries", form, idem_key)

    def try_order(self, body: Json, idem_key: str) -> Outcome:
        """Have the connection and the tariff change held until `hold_until`."""
        try:
            form = self.order_form(body)
        except NotTranslatable as error:
            return untranslatable(error)
        return self._transport.post("/v1/orders", form, idem_key)

    def confirm(self, body: Json, idem_key: str) -> Outcome:
        """Make the held order final."""
        return self._transport.post(f"/v1/orders/{path_ref(body)}:confirm", None, idem_key)

    def cancel(self, body: Json, idem_key: str) -> Outcome:
        """Release the held order, or bar one that may still arrive."""
        return self._transport.post(f"/v1/orders/{path_ref(body)}:cancel", None, idem_key)

    def query(self, body: Json, idem_key: str) -> Outcome:
        """Read an inquiry (`kind` = inquiry: `{status, answer}`, in our units) or an order as it stands."""
        del idem_key  # reading has no effect to be kept from happening twice
        if body.get("kind") == "order":
            return self._transport.get(f"/v1/orders/{path_ref(body)}")
        outcome = self._transport.get(f"/v1/inquiries/{path_ref(body)}")
        answer = outcome.body.get("answer")
        if outcome.kind is not OutcomeKind.DONE or not isinstance(answer, dict):
            return outcome
        return Outcome(
            outcome.kind, outcome.status, {**outcome.body, "answer": read_answer(self._measures, answer)}
        )

    def list_orders(self, since: datetime, after: str | None) -> Outcome:
        """Read a page of the orders changed since an instant, as the company has them: {orders, next}."""
        asked = {"since": since.isoformat(), "limit": str(PAGE)} | ({"after": after} if after else {})
        return self._transport.get(f"/v1/orders?{urlencode(asked, errors='replace')}")

    def order_form(self, body: Json) -> Json:
        """Return the company's form of an order. Raises NotTranslatable."""
        connection, change = body.get("connection"), body.get("tariff_change")
        form = dict(body)
        if connection is not None:
            form["connection"] = {
                **connection,
                "capacity": self._measures.to_company(connection.get("capacity") or {}),
            }
        if change is not None:
            codes = {f"{end}_code": self._codes.get(change[end]) for end in ("from", "to")}
            form["tariff_change"] = {**change, **codes}
        return form


def read_answer(measures: Measures, answer: Json) -> Json:
    """Return an answer with its proposed capacity in our units.

    A capacity we cannot read is left out rather than shown in the wrong unit.
    """
    proposed = answer.get("proposed_capacity")
    try:
        ours = measures.from_company(proposed) if isinstance(proposed, dict) else None
    except NotTranslatable:
        ours = None
    return {**answer, "proposed_capacity": ours}


def path_ref(body: Json) -> str:
    """Return our reference as it stands in an address."""
    return quote(str(body["our_ref"]), safe=":")


def untranslatable(error: NotTranslatable) -> Outcome:
    """Nothing was sent, and sending it again would not help."""
    return Outcome(OutcomeKind.UNKNOWN, 422, detail=f"not in the company's terms: {error}")
