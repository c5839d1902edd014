"""Ask every company for the orders that are over and for its own list, and tell people where the books differ."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from dataclasses import dataclass, field

from sqlalchemy.orm import Session, sessionmaker

from integrations.listing import Listed, compare_lists
from permits.ports import AgencyGateway, GatewayKey, Json
from permits.reconciling import EndedOrder, agree_again, ended_orders, tell
from permits.store import database_now
from permits.unexplained import RELEASED
from permits.vocabulary import OutcomeKind

log = logging.getLogger("panjereh.reconcile")
_RELEASED = RELEASED | {"absent"}
NOT_FOUND = 404


@dataclass(slots=True)
class Reconciled:
    """What a comparison found."""

    compared: int = 0
    differences: list[tuple[EndedOrder, Json]] = field(default_factory=list)
    unanswered: list[EndedOrder] = field(default_factory=list)
    """The company did not answer: nothing is known, and nobody is told."""

    lists: Listed = field(default_factory=Listed)

    @property
    def is_explained(self) -> bool:
        """Whether the books agree, as far as they were read."""
        return not self.differences and not self.lists.strays

    @property
    def counts(self) -> dict[str, int]:
        """How many there were of everything."""
        lists = self.lists
        return {
            "compared": self.compared,
            "differ": len(self.differences),
            "unanswered": len(self.unanswered),
            "listed": lists.orders,
            "unexplained": len(lists.strays),
            "explained": lists.closed,
            "others": lists.others,
            "not_listed": len(lists.not_listed),
            "broken_off": len(lists.broken_off),
        }


def reconcile(
    sessions: sessionmaker[Session], gateways: Mapping[GatewayKey, AgencyGateway], days: float
) -> Reconciled:
    """Compare the orders that ended in the last `days` days, one read per order; a difference opens a task (T16).

    Then what the companies list since then is compared with what we sent (`compare_lists`). Reading has no effect at
    the company. Orders of companies without a system are not compared.
    """
    with sessions() as session:
        orders = ended_orders(session, database_now(session), days)
    found = Reconciled()
    for order in orders:
        gateway = gateways.get(order.key)
        if gateway is None:
            continue
        theirs = _asked(gateway, order)
        if theirs is None:
            found.unanswered.append(order)
            continue
        found.compared += 1
        difference = difference_of(order, theirs)
        with sessions.begin() as session:
            if difference is None:
                agree_again(session, order)
            else:
                found.differences.append((order, difference))
                tell(session, order, difference)
    found.lists = compare_lists(sessions, gateways, days)
    return found


def _asked(gateway: AgencyGateway, order: EndedOrder) -> Json | None:
    """The order as the company has it; None when it did not answer."""
    outcome = gateway.query({"our_ref": order.our_ref, "kind": "order"}, f"{order.our_ref}:reconcile")
    if outcome.kind is OutcomeKind.DONE:
        return outcome.body
    if outcome.status == NOT_FOUND:
        return {"status": "absent"}
    log.warning("%s did not say how %s stands: %s", order.agency_id, order.our_ref, outcome.detail)
    return None


def difference_of(order: EndedOrder, theirs: Json) -> Json | None:
    """What differs between the books, or None: the end of the order, and of a confirmed one its number."""
    status, number = str(theirs.get("status")), theirs.get("order_number")
    said: Json = {"ours": "confirmed" if order.is_confirmed else "cancelled", "theirs": status}
    if not order.is_confirmed:
        return None if status in _RELEASED else said
    if status != "confirmed":
        return said
    if order.order_number is not None and number is not None and str(number) != order.order_number:
        return said | {"our_number": order.order_number, "their_number": str(number)}
    return None
