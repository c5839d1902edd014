"""Gas companies: capacity by meter class in m3 per hour (docs/agencies/gas.md)."""

from __future__ import annotations

from integrations.company import Capacity, ContractCompany, TariffCodes, number, only
from integrations.transport import Endpoint
from permits.ports import Json


class GasMeasures:
    """Ours and theirs: `m3_hour`, the greatest flow of the meter class (6 = G4, 10 = G6 … 160 = G100)."""

    def to_company(self, capacity: Capacity) -> Json:
        """Return the flow asked for; the company rounds it up to a meter class."""
        only(capacity, "m3_hour")
        flow = number(capacity, "m3_hour")
        return {} if flow is None else {"m3_hour": flow}

    def from_company(self, capacity: Capacity) -> Json:
        """Return the meter class by its flow."""
        flow = number(capacity, "m3_hour")
        return {} if flow is None else {"m3_hour": flow}


def gas_company(
    endpoint: Endpoint,
    tariff_codes: TariffCodes | None = None,
    level: type[ContractCompany] = ContractCompany,
) -> ContractCompany:
    """Return the gateway to a gas company; `level` is how much of the contract it offers."""
    return level(endpoint, GasMeasures(), tariff_codes)
