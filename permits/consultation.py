"""Whom to ask, and when every answer that is needed is there."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from permits.vocabulary import ConsultationStatus, Wish


@dataclass(frozen=True, slots=True)
class AgencyFacts:
    """What routing must know of an agency: may it be asked, and for which utilities does it answer."""

    agency_id: str
    utilities: tuple[str, ...]
    is_consulted: bool


@dataclass(frozen=True, slots=True)
class Routing:
    """Who is asked about a connection, who is not and why, and whose tariff changes (all that are consulted).

    `not_asked` maps an agency to its reason key. A case without a routing may not be decided (T4).
    """

    ask: tuple[str, ...]
    not_asked: Mapping[str, str]
    tariff: tuple[str, ...]


def route(wishes: Mapping[str, Wish], agencies: Iterable[AgencyFacts]) -> Routing:
    """Ask about wishes `now` and `later`; `not_needed` only gets the tariff change (A06, A14).

    An agency without a wish counts as `not_needed`; agencies outside the exchange are recorded, never asked.
    """
    ask: list[str] = []
    not_asked: dict[str, str] = {}
    tariff: list[str] = []
    for agency in agencies:
        if not agency.is_consulted:
            not_asked[agency.agency_id] = "not_in_exchange"
            continue
        tariff.append(agency.agency_id)
        if wishes.get(agency.agency_id, Wish.NOT_NEEDED) is Wish.NOT_NEEDED:
            not_asked[agency.agency_id] = "not_needed"
        else:
            ask.append(agency.agency_id)
    return Routing(tuple(ask), not_asked, tuple(tariff))


def is_closed(statuses: Iterable[ConsultationStatus]) -> bool:
    """Whether nobody is still being waited for: each has answered, or its silence has been established."""
    return all(status is not ConsultationStatus.PENDING for status in statuses)


def inquiry_ref(case_id: object, agency: str, round_no: int) -> str:
    """The reference of one inquiry, ours at the agency: unique per case, agency and round (T2)."""
    return f"{case_id}:{agency}:inquiry:{round_no}"
