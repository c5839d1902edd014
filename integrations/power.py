"""Electricity companies: capacity in ampere and phases (docs/agencies/power.md)."""

from __future__ import annotations

import math

from integrations.company import Capacity, ContractCompany, NotTranslatable, TariffCodes, number, only
from integrations.transport import Endpoint
from permits.ports import Json

VOLT = 230.0
SINGLE_PHASE_LIMIT_A = 32.0


class PowerMeasures:
    """Ours: `ampere` and `phases`, or `kilowatt`. Theirs: `ampere` and `phases`."""

    def to_company(self, capacity: Capacity) -> Json:
        """Return ampere and phases; kilowatts become amperes at 230 V, on three phases above 32 A."""
        only(capacity, "ampere", "phases", "kilowatt")
        ampere, phases = number(capacity, "ampere"), number(capacity, "phases")
        kilowatt = number(capacity, "kilowatt")
        if phases not in (None, 1.0, 3.0):
            raise NotTranslatable(f"phases = {phases:g}")
        if ampere is None and kilowatt is not None:
            total = kilowatt * 1000 / VOLT
            phases = phases or (1.0 if total <= SINGLE_PHASE_LIMIT_A else 3.0)
            ampere = float(math.ceil(total / phases))
        form: Json = {}
        if ampere is not None:
            form = {"ampere": ampere, "phases": int(phases or 1)}
        elif phases is not None:
            form = {"phases": int(phases)}
        return form

    def from_company(self, capacity: Capacity) -> Json:
        """Return their ampere and phases."""
        ampere, phases = number(capacity, "ampere"), number(capacity, "phases")
        found = {"ampere": ampere, "phases": phases}
        return {name: value for name, value in found.items() if value is not None}


def power_company(
    endpoint: Endpoint,
    tariff_codes: TariffCodes | None = None,
    level: type[ContractCompany] = ContractCompany,
) -> ContractCompany:
    """Return the gateway to an electricity company; `level` is how much of the contract it offers."""
    return level(endpoint, PowerMeasures(), tariff_codes)
