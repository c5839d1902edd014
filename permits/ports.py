"""What the case core asks of the outside: protocols and the values that cross them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Protocol, runtime_checkable

from permits.vocabulary import OutcomeKind, Role

Json = dict[str, Any]
"""A JSON object."""

GatewayKey = tuple[str, str]
"""(city_id, agency_id)."""


@dataclass(frozen=True, slots=True)
class Actor:
    """Who acts: a person, an agency's machine, or the system itself."""

    id: str
    role: Role
    agency: str | None = None
    on_behalf_of: str | None = None


SYSTEM = Actor("system", Role.SYSTEM)


@dataclass(frozen=True, slots=True)
class Outcome:
    """What one call to an agency told us.

    `done`: the effect is in the agency's books; `body` is its answer (order_number, tariff_receipt …).
    `refused`: the agency will not; `detail` is its reason code, kept as `refusal`.
    `retry`: certainly worth another attempt (not sent, 429, 503, in progress); `retry_after_s` if it said so.
    `unknown`: the effect may or may not have happened (timeout, reset, 5xx after sending).
    `is_final`: calling again would teach nothing more; an unknown outcome goes to a person at once.
    """

    kind: OutcomeKind
    status: int | None = None
    body: Json = field(default_factory=dict)
    detail: str = ""
    retry_after_s: float | None = None
    is_final: bool = False


class AgencyGateway(Protocol):
    """One agency's door. Methods never raise for what the agency or the network does: they return an Outcome.

    Bodies are the contract's own forms (`integrations/contract`): for `inquire` the POST /v1/inquiries form
    with `reply_to` null (the gateway fills it), for `try_order` the POST /v1/orders form, for the others
    `{"our_ref": …}`. Where `try_order` answers `"is_held": false`, nothing is held at the agency, and its order is made
    by `confirm`, which is given the POST /v1/orders form too. `query` answers an inquiry
    (`{"our_ref", "kind": "inquiry"}`, body = the agency's `{status, answer}`) or an order (`"kind": "order"`).
    """

    @property
    def is_idempotent(self) -> bool:
        """True when a call with an unknown outcome may be made again without a second effect.

        The agency honours Idempotency-Key, or the gateway asks how things stand before it sends anything.
        """
        ...

    def inquire(self, body: Json, idem_key: str) -> Outcome:
        """Ask whether and how the parcel can be served."""
        ...

    def try_order(self, body: Json, idem_key: str) -> Outcome:
        """Have the order and the tariff change held."""
        ...

    def confirm(self, body: Json, idem_key: str) -> Outcome:
        """Make a held order final."""
        ...

    def cancel(self, body: Json, idem_key: str) -> Outcome:
        """Release a held order, or bar one that may still arrive."""
        ...

    def query(self, body: Json, idem_key: str) -> Outcome:
        """Read the state of an inquiry or order; no effect."""
        ...


@runtime_checkable
class ListsOrders(Protocol):
    """What a gateway can do besides, where the agency says which orders it has."""

    def list_orders(self, since: datetime, after: str | None) -> Outcome:
        """Read a page of the orders that changed since an instant, in a stable order, oldest change first.

        The body is `{"orders": [{"our_ref", "order_number", "status"}, …], "next"}`: `next` is the `after` of the
        following page, null on the last one.
        """
        ...


Gateways = Mapping[GatewayKey, AgencyGateway]
