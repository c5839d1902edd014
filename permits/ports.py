"""What the case core asks of the outside: protocols and the values that cross them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol

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
    """

    kind: OutcomeKind
    status: int | None = None
    body: Json = field(default_factory=dict)
    detail: str = ""
    retry_after_s: float | None = None


class AgencyGateway(Protocol):
    """One agency's door. Methods never raise for what the agency or the network does: they return an Outcome.

    Bodies are the contract's own forms (`integrations/contract`): for `inquire` the POST /v1/inquiries form
    with `reply_to` null (the gateway fills it), for `try_order` the POST /v1/orders form, for the others
    `{"our_ref": …}`. `query` answers an inquiry (`{"our_ref", "kind": "inquiry"}`, body = the agency's
    `{status, answer}`) or an order (`"kind": "order"`).
    """

    @property
    def is_idempotent(self) -> bool:
        """True when the agency honours Idempotency-Key, so that an unknown outcome may be sent again."""
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


Gateways = Mapping[GatewayKey, AgencyGateway]
