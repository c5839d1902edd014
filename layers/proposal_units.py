"""In which unit a column is, by its values: what is certain is proposed, what is not is asked.

Pipes come in standard sizes, covers in a narrow range, years in one of two calendars. A unit is proposed when
one fits clearly better than every other one; else all that fit are listed in a question.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

# Nominal and outside diameters of water, gas and sewer pipes (mm): ISO 6708 DN, ISO 4065 / EN 12201 OD.
_SIZES_MM = (
    15, 16, 20, 25, 32, 40, 50, 63, 65, 75, 80, 90, 100, 110, 125, 140, 150, 160, 180, 200, 225, 250, 280, 300, 315,
    350, 355, 400, 450, 500, 560, 600, 630, 700, 710, 800, 900, 1000, 1100, 1200, 1400, 1500, 1600, 1800, 2000,
)  # fmt: skip
_SIZES_IN = (
    0.25, 0.375, 0.5, 0.75, 1, 1.25, 1.5, 2, 2.5, 3, 4, 5, 6, 8, 10, 12, 14, 16, 18, 20, 22, 24, 26, 28, 30, 32, 36,
    40, 42, 48, 56,
)  # fmt: skip
# Every network has pipes as small as this.
_SMALLEST_MM = 500
_FITS = 0.8
# Between these a buried line's top lies (m); a column is judged by its middle value.
_SHALLOW_M, _DEEP_M = 0.25, 8.0
_JALALI, _GREGORIAN = (1290, 1420), (1850, 2100)


def diameter_units(values: Sequence[float]) -> list[str]:
    """Return the units in which most values are standard sizes, the likeliest first."""
    low, high = min(values), max(values)
    shares: dict[str, float] = {}
    for unit, factor in (("mm", 1.0), ("cm", 10.0), ("m", 1000.0)):
        if 12 <= low * factor <= _SMALLEST_MM and high * factor <= 4000:
            shares[unit] = _share(values, _SIZES_MM, factor)
    if high <= 80:
        shares["in"] = _share(values, _SIZES_IN, 1.0)
    fitting = [unit for unit, share in shares.items() if share >= _FITS]
    # Fractions of an inch, and inch numbers that no metric size is ten times of, decide for inches.
    if set(fitting) == {"cm", "in"}:
        inch_only = any(_share([v], _SIZES_MM, 10.0) == 0 for v in values)
        fitting = ["in"] if inch_only else fitting
    return sorted(fitting, key=lambda unit: -shares[unit])


def _share(values: Sequence[float], sizes: Sequence[float], factor: float) -> float:
    hits = sum(any(abs(value * factor - size) <= 0.005 * size for size in sizes) for value in values)
    return hits / len(values)


def cover_units(values: Sequence[float]) -> list[str]:
    """Return the units in which the middle value is a usual cover; negative values mean below the surface."""
    filled = sorted(abs(value) for value in values if value != 0)
    if not filled:
        return []
    middle = filled[len(filled) // 2]
    sign = "-" if sum(value < 0 for value in values) * 2 > len(filled) else ""
    return [
        sign + unit
        for unit, factor in (("m", 1.0), ("cm", 0.01), ("mm", 0.001))
        if _SHALLOW_M <= middle * factor <= _DEEP_M
    ]


def calendars(values: Sequence[float]) -> list[str]:
    """Return the calendar of years: 1290-1420 is Jalali, 1850-2100 Gregorian; nothing is both."""
    filled = [value for value in values if value]
    for name, (low, high) in (("jalali", _JALALI), ("gregorian", _GREGORIAN)):
        if filled and sum(low <= value <= high for value in filled) >= _FITS * len(filled):
            return [name]
    return []


def voltage_units(values: Sequence[float]) -> list[str]:
    """Return V or kV; 230 and 400 alone are asked: a street cable or a transmission line."""
    low, high = min(values), max(values)
    if high >= 1000:
        return ["V"]
    return ["kV"] if low <= 66 else ["V", "kV"]


def pressure_units(values: Sequence[float]) -> list[str]:
    """Return the units of operating pressures; numbers that are usual in several are asked."""
    high = max(values)
    if high <= 0.1:
        return ["bar"]
    if set(values) <= {60.0, 100.0, 250.0, 1000.0, 1050.0} and high >= 250:
        return ["psi"]
    if high <= 16 and min(values) < 10:
        return ["bar"]
    return ["bar", "mbar", "psi"]


def trunk_units(values: Sequence[float]) -> list[str]:
    """Return the units in which the middle value is a usual trunk's diameter or girth, 0.05 to 2.5 m."""
    filled = sorted(value for value in values if value > 0)
    middle = filled[len(filled) // 2] if filled else 0.0
    return [
        unit for unit, factor in (("cm", 0.01), ("mm", 0.001), ("m", 1.0)) if 0.05 <= middle * factor <= 2.5
    ]


BY_VALUES: Mapping[str, Callable[[Sequence[float]], list[str]]] = {
    "diameter_mm": diameter_units,
    "cover_m": cover_units,
    "installed_year": calendars,
    "voltage_kv": voltage_units,
    "pressure_bar": pressure_units,
    "trunk_diameter_mm": trunk_units,
}
