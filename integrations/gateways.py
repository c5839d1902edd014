"""Which adapter speaks with which agency of a city."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Protocol

from integrations.company import ContractCompany, TariffCodes
from integrations.gas import gas_company
from integrations.modest import CancellingCompany, FinalCompany
from integrations.power import power_company
from integrations.transport import Endpoint
from integrations.water import water_company
from layers.city import Agency, City
from permits.ports import GatewayKey

ADAPTERS: Mapping[str, Callable[[Endpoint, TariffCodes | None, type[ContractCompany]], ContractCompany]] = {
    "water": water_company,
    "power": power_company,
    "gas": gas_company,
}
"""Adapter by the kind of the agency."""

LEVELS: Mapping[str, type[ContractCompany]] = {
    "L3": ContractCompany,
    "L2": CancellingCompany,
    "L1": FinalCompany,
}
"""How much of the contract a company offers, by the agency's capability."""


class Reachable(Protocol):
    """Where an agency answers, as the agencies file says it."""

    @property
    def url(self) -> str:
        """Base address, without /v1."""
        ...

    @property
    def token(self) -> str:
        """The bearer token the company gave us."""
        ...

    @property
    def timeout_s(self) -> float:
        """How long an answer may take."""
        ...


def gateways_for(
    city: City, endpoints: Mapping[str, Reachable], reply_base: str | None = None
) -> dict[GatewayKey, ContractCompany]:
    """Return a gateway for every consulted agency of a city that has an endpoint (by agency id).

    `reply_base` is our own public address: companies send their webhooks to its events resource; without it
    they are asked, as those below L3 always are. An agency at a desk has no gateway: people speak with it.
    """
    return {
        (city.city_id, agency.agency_id): _gateway(
            city.city_id, agency, endpoints[agency.agency_id], reply_base
        )
        for agency in city.agencies
        if agency.consulted
        and agency.capability in LEVELS
        and agency.kind in ADAPTERS
        and agency.agency_id in endpoints
    }


def _gateway(city_id: str, agency: Agency, reach: Reachable, reply_base: str | None) -> ContractCompany:
    events = f"/v1/cities/{city_id}/agencies/{agency.agency_id}/events"
    reply_to = reply_base.rstrip("/") + events if reply_base else None
    endpoint = Endpoint(reach.url, reach.token, reach.timeout_s, reply_to)
    codes = {code.tariff_class: code.code for code in agency.tariffs}
    return ADAPTERS[agency.kind](endpoint, codes, LEVELS[agency.capability])
