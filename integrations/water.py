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

_DIAMETERS = {inch: dn for dn, inch in TRADE_SIZES.items()}


class WaterMeasures:
    """Ours: `m3_month`, `diameter_mm` (DN). Theirs: `m3_month`, `diameter_inch`."""

    def to_company(self, capacity: Capacity) -> Json:
        """Return the smallest trade size not below ours. Raises NotTranslatable beyond DN 400."""
        only(capacity, "m3_month", "m3_per_month", "diameter_mm")
        form: Json = {}
        volume, diameter = number(capacity, "m3_month", "m3_per_month"), number(capacity, "diameter_mm")
        if volume is not None:
            form["m3_month"] = volume
        if diameter is not None:
            sizes = [inch for dn, inch in TRADE_SIZES.items() if dn >= diameter]
            if not sizes:
                raise NotTranslatable(f"diameter_mm = {diameter:g}")
            form["diameter_inch"] = sizes[0]
        return form

    def from_company(self, capacity: Capacity) -> Json:
        """Return their capacity with the meter as DN. Raises NotTranslatable for a size nobody trades."""
        ours: Json = {}
        volume, inch = number(capacity, "m3_month"), number(capacity, "diameter_inch")
        if volume is not None:
            ours["m3_month"] = volume
        if inch is not None:
            if inch not in _DIAMETERS:
                raise NotTranslatable(f"diameter_inch = {inch:g}")
            ours["diameter_mm"] = _DIAMETERS[inch]
        return ours


def water_company(endpoint: Endpoint, tariff_codes: TariffCodes | None = None) -> ContractCompany:
    """Return the gateway to a water company."""
    return ContractCompany(endpoint, WaterMeasures(), tariff_codes)
