"""Units of delivered numbers: by what factor each becomes the unit that the field's name ends with.

Besides plain units: a cover may be given as minus metres ("-m": below the surface is negative), a year or a
day in the Jalali calendar, a diameter in inches as pipe-fitters write it (1 1/2"), and a tree's trunk by its girth
("girth-cm") or radius.
"""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from datetime import date
from typing import Any

from persiantools.jdatetime import JalaliDate

from layers.readers.text import fold_digits, number

_LENGTH_M = {"m": 1.0, "dm": 0.1, "cm": 0.01, "mm": 0.001, "km": 1000.0, "ft": 0.3048, "in": 0.0254}
_FACTORS: Mapping[str, Mapping[str, float]] = {
    "_m": _LENGTH_M,
    "_mm": {unit: metres * 1000.0 for unit, metres in _LENGTH_M.items()},
    "_m2": {"m2": 1.0, "ha": 10_000.0},
    "_bar": {"bar": 1.0, "mbar": 0.001, "kPa": 0.01, "MPa": 10.0, "psi": 0.0689475729},
    "_kv": {"kV": 1.0, "V": 0.001},
    "_kva": {"kVA": 1.0, "MVA": 1000.0},
}
# Depths are also kept as heights below the surface.
_DOWNWARD = {f"-{unit}": -metres for unit, metres in _LENGTH_M.items() if unit != "km"}
# Foresters measure around a trunk, drawings give radii.
_ROUND: Mapping[str, Mapping[str, float]] = {
    "trunk_diameter_mm": {
        "girth-m": 1000.0 / math.pi, "girth-cm": 10.0 / math.pi, "girth-mm": 1.0 / math.pi,
        "radius-m": 2000.0, "radius-cm": 20.0, "radius-mm": 2.0,
    },
    "crown_diameter_m": {"radius-m": 2.0, "radius-cm": 0.02},
}  # fmt: skip
_CALENDARS = frozenset({"gregorian", "jalali"})

WHOLE_NUMBERS = frozenset({"installed_year", "storeys", "plate_main", "plate_sub", "plate_section"})
DAYS = frozenset({"surveyed_on"})
YEARS = frozenset({"installed_year"})
# The Jalali year n begins on the March equinox of the year n + 621.
JALALI_EPOCH = 621
# No survey was made outside these: 2023 here is a Gregorian year.
_JALALI_YEARS = (1200, 1500)
_JALALI_DAY = re.compile(r"(\d{4})[/\-.](\d{1,2})[/\-.](\d{1,2})|(\d{4})(\d{2})(\d{2})")
_NOMINAL = re.compile(r"^(?:DN|OD|D|Ø|ø|⌀|Φ|φ)\s*[.:=]?\s*(?=[\d۰-۹])")
_INCHES = re.compile(r"(?:(\d+)[\s\-]+)?(\d+)\s*/\s*(\d+)")
_COMMA = re.compile(r"[-+]?\d+,(?!\d{3}$)\d+")


def _suffix(field: str) -> str:
    return "_" + field.rpartition("_")[2]


def _factors(field: str) -> Mapping[str, float]:
    plain = {**_FACTORS.get(_suffix(field), {}), **_ROUND.get(field, {})}
    return {**plain, **_DOWNWARD} if field == "cover_m" else plain


def is_number(field: str) -> bool:
    """Whether a canonical field holds a number (its name ends with its unit, or it is a count or a year)."""
    return field in WHOLE_NUMBERS or _suffix(field) in _FACTORS


def known_units(field: str) -> frozenset[str]:
    """Return the units (for years and days: calendars) in which a source may give `field`; empty: none."""
    return _CALENDARS if field in YEARS | DAYS else frozenset(_factors(field))


def factor(field: str, unit: str | None) -> float:
    """Return what to multiply a source's number by; KeyError for a unit that `known_units` does not name."""
    return 1.0 if unit is None or unit in _CALENDARS else _factors(field)[unit]


def measure(field: str, unit: str | None, value: Any) -> float | int | None:
    """Return a delivered value as the canonical number of `field`; None for nothing, ValueError for no number.

    >>> measure("cover_m", "-cm", "-120"), measure("diameter_mm", "in", '1 1/2"'), measure("cover_m", "m", "۱٫۲")
    (1.2, 38.1, 1.2)
    """
    if value is None or (isinstance(value, str) and not value.strip()):
        return None
    given = _given(str(value), unit) if not isinstance(value, float) else value
    if not math.isfinite(given):
        raise ValueError(value)
    if field in YEARS and unit == "jalali":
        return round(given) + JALALI_EPOCH
    if field in WHOLE_NUMBERS:
        return round(given)
    made = given * factor(field, unit)
    # 120 * 0.01 is 1.2 here, and no minus remains on a depth of zero.
    return round(made, 9) + 0.0


def _given(text: str, unit: str | None) -> float:
    plain = _NOMINAL.sub("", fold_digits(text.strip()))
    if unit == "in":
        plain = plain.rstrip("\"″”' ").strip()
        if matched := _INCHES.fullmatch(plain):
            whole, part, of = (int(group or 0) for group in matched.groups())
            if of == 0:
                raise ValueError(text)
            return whole + part / of
    # "1,25" is a decimal comma; "1,250" could be either, so it is not read at all.
    return number(plain, decimal_comma=_COMMA.fullmatch(plain) is not None)


def day(unit: str | None, value: Any) -> date | None:
    """Return a delivered day; `unit` names its calendar. ValueError for what is no day of it.

    >>> day("jalali", "1402/08/15").isoformat()
    '2023-11-06'
    """
    if value is None or (isinstance(value, str) and not value.strip()):
        return None
    if unit != "jalali":
        return date.fromisoformat(fold_digits(str(value).strip())[:10])
    matched = _JALALI_DAY.fullmatch(re.split(r"[\sT]", fold_digits(str(value).strip()))[0])
    if matched is None:
        raise ValueError(value)
    year, month, at = (int(group) for group in matched.groups() if group is not None)
    if not _JALALI_YEARS[0] <= year <= _JALALI_YEARS[1]:
        raise ValueError(value)
    made: date = JalaliDate(year, month, at).to_gregorian()  # type: ignore[no-untyped-call]
    return made
