"""Units of delivered numbers: by what factor each becomes the unit that the field's name ends with."""

from __future__ import annotations

from collections.abc import Mapping

_LENGTH_M = {"m": 1.0, "dm": 0.1, "cm": 0.01, "mm": 0.001, "km": 1000.0, "ft": 0.3048, "in": 0.0254}
_FACTORS: Mapping[str, Mapping[str, float]] = {
    "_m": _LENGTH_M,
    "_mm": {unit: metres * 1000.0 for unit, metres in _LENGTH_M.items()},
    "_m2": {"m2": 1.0, "ha": 10_000.0},
    "_bar": {"bar": 1.0, "mbar": 0.001, "kPa": 0.01, "MPa": 10.0, "psi": 0.0689475729},
    "_kv": {"kV": 1.0, "V": 0.001},
    "_kva": {"kVA": 1.0, "MVA": 1000.0},
}

WHOLE_NUMBERS = frozenset({"installed_year", "storeys"})
DAYS = frozenset({"surveyed_on"})


def _suffix(field: str) -> str:
    return "_" + field.rpartition("_")[2]


def is_number(field: str) -> bool:
    """Whether a canonical field holds a number (its name ends with its unit, or it is a count or a year)."""
    return field in WHOLE_NUMBERS or _suffix(field) in _FACTORS


def known_units(field: str) -> frozenset[str]:
    """Return the units in which a source may give `field`; empty for fields without a unit."""
    return frozenset(_FACTORS.get(_suffix(field), {}))


def factor(field: str, unit: str | None) -> float:
    """Return what to multiply a source's number by; KeyError for a unit that `known_units` does not name."""
    return 1.0 if unit is None else _FACTORS[_suffix(field)][unit]
