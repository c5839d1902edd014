"""Read each company's list of the orders it has in our name, and tell people of those that are none of ours."""

from __future__ import annotations

import logging
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from uuid import UUID

from sqlalchemy.orm import Session, sessionmaker

from integrations.company import PAGE
from permits.ports import AgencyGateway, GatewayKey, Json, ListsOrders, Outcome
from permits.unexplained import StrayOrder, close, listing_since, not_seen, read_listed, tell, unexplained
from permits.vocabulary import OutcomeKind

log = logging.getLogger("panjereh.reconcile")
_NOT_OFFERED = frozenset({404, 405, 501})
MOST_PAGES = 20_000
MOST_TOLD = 1_000
"""After so many of one company its list is not about our orders: a person looks at that, not at each of them."""
ATTEMPTS = 3
PAUSE_S = 0.5


@dataclass(slots=True)
class Listed:
    """What the companies' lists said."""

    orders: int = 0
    """Listed under a reference of our form."""

    others: int = 0
    """Listed under some other reference: nothing is concluded from them."""

    strays: list[StrayOrder] = field(default_factory=list)
    closed: int = 0
    not_listed: list[GatewayKey] = field(default_factory=list)
    """Companies that offer no list: nothing is concluded."""

    broken_off: list[tuple[GatewayKey, str]] = field(default_factory=list)
    """Lists that were not read to their end, and why: nothing is concluded from what was not read."""


class _NotOfferedError(Exception):
    """The company has no list."""


class _BrokenOffError(Exception):
    """The list was not read to its end."""


def compare_lists(
    sessions: sessionmaker[Session], gateways: Mapping[GatewayKey, AgencyGateway], days: float
) -> Listed:
    """Compare what every company lists since so many days with what we sent; a stray order opens a task (T16).

    Page by page: no more than one page and what is told of one company is kept. A task is closed by a list that was
    read to its end and has its order no longer, or released, or as one of ours.
    """
    found = Listed()
    for key, gateway in gateways.items():
        if not isinstance(gateway, ListsOrders):
            found.not_listed.append(key)
            continue
        try:
            _compare(sessions, key, gateway, days, found)
        except _NotOfferedError:
            found.not_listed.append(key)
        except _BrokenOffError as error:
            log.warning("the list of %s was not read to its end: %s", "/".join(key), error)
            found.broken_off.append((key, str(error)))
    return found


def _compare(
    sessions: sessionmaker[Session], key: GatewayKey, gateway: ListsOrders, days: float, found: Listed
) -> None:
    with sessions() as session:
        since = listing_since(session, key, days)
    seen: set[UUID] = set()
    numbers: dict[str, str] = {}
    for page in _pages(gateway, since):
        orders = [order for entry in page if (order := read_listed(entry)) is not None]
        found.orders += len(orders)
        found.others += len(page) - len(orders)
        with sessions() as session:
            strays = unexplained(session, key, orders, numbers)
        for stray in strays:
            if len(seen) >= MOST_TOLD:
                raise _BrokenOffError(f"more than {MOST_TOLD} orders that are none of ours")
            with sessions.begin() as session:
                task_id = tell(session, stray, since)
            if task_id not in seen:  # an order that changed meanwhile is on two pages
                seen.add(task_id)
                found.strays.append(stray)
    with sessions() as session:
        gone = not_seen(session, key, seen)
    for task_id, case_id in gone:
        with sessions.begin() as session:
            found.closed += close(session, task_id, case_id)


def _pages(gateway: ListsOrders, since: datetime) -> Iterator[list[object]]:
    """Each page of the list. Raises _NotOfferedError, and _BrokenOffError where it cannot be read on."""
    after: str | None = None
    for _ in range(MOST_PAGES):
        outcome = _asked(gateway, since, after)
        if outcome.kind is not OutcomeKind.DONE:
            if after is None and outcome.status in _NOT_OFFERED:
                raise _NotOfferedError
            raise _BrokenOffError(outcome.detail or f"HTTP {outcome.status}")
        orders, end = _page(outcome.body)
        yield orders
        if end is None:
            return
        if end == after or not orders:
            raise _BrokenOffError("the list does not go on")
        after = end
    raise _BrokenOffError(f"more than {MOST_PAGES} pages")


def _page(body: Json) -> tuple[list[object], str | None]:
    """The orders of a page, and what the next one is asked for by; a full page must say whether it is the last."""
    orders, end = body.get("orders"), body.get("next")
    if not isinstance(orders, list) or not (end is None or isinstance(end, str)):
        raise _BrokenOffError("the page does not follow the contract")
    if "next" not in body and len(orders) >= PAGE:
        raise _BrokenOffError("a full page does not say where the next one begins")
    return orders, end


def _asked(gateway: ListsOrders, since: datetime, after: str | None) -> Outcome:
    """One page; what is only busy is asked again a few times."""
    for attempt in range(1, ATTEMPTS + 1):
        outcome = gateway.list_orders(since, after)
        if outcome.kind is not OutcomeKind.RETRY or attempt == ATTEMPTS:
            break
        time.sleep(min(outcome.retry_after_s or PAUSE_S, 10 * PAUSE_S))
    return outcome
