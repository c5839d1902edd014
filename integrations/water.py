"""Water companies: contractual capacity in m3 per month, meters by inch (docs/agencies/water.md)."""

from __future__ import annotations

from integrations.company import Capacity, ContractCompany, NotTranslatable, TariffCodes, number, only
from integrations.transport import Endpoint
from permits.ports import Json

TRADE_SIZES = {
    15: 0.5, 20: 0.75, 25: 1.0, 32: 1.25, 40: 1.5, 50: 2.0, 80: 3.0, 100: 4.0,
    125: 5.0, 150: 6.0, 200: 8.0, 250: 10.0, 300: 12.0, 400: 16.0,
}  # fmt: skip
"""Nominal diameter (DN, mm) -> trade size (inch): names of the same pipes, not a conversion of lengths."""


class WaterMeasures:
    """Ours: `m3_month`, and the meter as `diameter_inch` or `diameter_mm` (DN). Theirs: inches alone."""

    def to_company(self, capacity: Capacity) -> Json:
        """Return the smallest trade size not below what is asked. Raises NotTranslatable."""
        only(capacity, "m3_month", "diameter_inch", "diameter_mm")
        form: Json = {}
        volume = number(capacity, "m3_month")
        if volume is not None:
            form["m3_month"] = volume
        inch, diameter = number(capacity, "diameter_inch"), number(capacity, "diameter_mm")
        if inch is not None or diameter is not None:
            form["diameter_inch"] = _trade_size(inch or 0.0, diameter or 0.0)
        return form

    def from_company(self, capacity: Capacity) -> Json:
        """Return their contractual capacity and meter."""
        found = {name: number(capacity, name) for name in ("m3_month", "diameter_inch")}
        return {name: value for name, value in found.items() if value is not None}


def _trade_size(inch: float, diameter_mm: float) -> float:
    """The smallest size that is neither below `inch` nor below the nominal `diameter_mm`."""
    for dn, size in TRADE_SIZES.items():
        if dn >= diameter_mm and size >= inch:
            return size
    raise NotTranslatable(f"no meter of {inch:g} inch or DN {diameter_mm:g}")


def water_company(
    endpoint: Endpoint,
    tariff_codes: TariffCodes | None = None,
    level: type[ContractCompany] = ContractCompany,
) -> ContractCompany:
    """Return the gateway to a water company; `level` is how much of the contract it offers."""
    return level(endpoint, WaterMeasures(), tariff_codes)
