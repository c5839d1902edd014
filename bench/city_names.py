"""Names and codes of a city that does not exist: streets, renovation codes, plates, postal codes.

The names are of the kind that every Iranian city has (flowers, poets, rivers, cities); none stands for a real
street.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Final

import numpy as np
import numpy.typing as npt

Indexes = npt.NDArray[np.int64]

_WORDS: Final = (
    "گلستان نرگس لاله یاس نسترن ارغوان بنفشه شقایق نیلوفر سوسن سنبل مریم اقاقیا بهار شکوفه سرو صنوبر "
    "سپیدار چنار نخل "
    "حافظ سعدی فردوسی مولوی خیام نظامی رودکی عطار صائب پروین دهخدا نیما ابن‌سینا فارابی بیرونی رازی خوارزمی "
    "کارون کرخه دز زاینده‌رود ارس اروند هیرمند سپیدرود دماوند الوند البرز زاگرس سهند سبلان دنا تفتان "
    "آزادی استقلال آبادانی دانش فرهنگ مهر امید وحدت دانشگاه کتابخانه بازار پل ساحل باغ شهرداری کشاورز "
    "کارگر معلم اهواز شیراز اصفهان تبریز یزد کرمان رشت همدان سنندج زنجان قزوین بوشهر شوشتر دزفول "
    "ماهشهر بهبهان رامهرمز ایذه"
)
NAMES: Final = tuple(_WORDS.split())
# What tells the second, third… street of a name from the first.
_EXTRA: Final = ("", " شمالی", " جنوبی", " شرقی", " غربی", " نو", " بالا", " پایین")
_KINDS: Final = {"primary": "بلوار", "secondary": "خیابان", "residential": "کوچه"}
_PERSIAN: Final = str.maketrans("0123456789", "۰۱۲۳۴۵۶۷۸۹")
# The post's first five digits use neither 0 nor 2.
_ROUTE_DIGITS: Final = "13456789"
POSTAL_CODE: Final = re.compile(r"(?!(\d)\1{3})[13-9]{5}\d{5}")
# Routes of the made-up city begin with 61.
_FIRST_ROUTE: Final = 4 * 8**4


def street_name(number: int, kind: str) -> str:
    """The name of the street `number` (0, 1, …) of a kind: unique within the kind.

    >>> street_name(0, "primary"), street_name(1, "residential")
    ('بلوار گلستان', 'کوچه نرگس')
    """
    turn, name = divmod(number, len(NAMES))
    extra = _EXTRA[turn] if turn < len(_EXTRA) else f" {turn}".translate(_PERSIAN)
    return f"{_KINDS[kind]} {NAMES[name]}{extra}"


def lane_name(parent: str, number: int) -> str:
    """A numbered lane off a named street: the usual name of a small street.

    >>> lane_name("خیابان حافظ", 12)
    'کوچه حافظ ۱۲'
    """
    return f"کوچه {parent.split(' ', 1)[1]} {str(number).translate(_PERSIAN)}"


def renovation_codes(district: Indexes, region: Indexes, block: Indexes, house: Indexes) -> list[str]:
    """The municipality's seven-part code of each parcel; the last three (building, flat, shop) are 0."""
    parts = zip(district.tolist(), region.tolist(), block.tolist(), house.tolist(), strict=True)
    return [f"{d}-{r}-{b}-{h}-0-0-0" for d, r, b, h in parts]


def plate_texts(main: Indexes, sub: Indexes, section: Indexes) -> list[str]:
    """Registration plates as they are written: sub plate from main plate, section."""
    parts = zip(main.tolist(), sub.tolist(), section.tolist(), strict=True)
    return [f"{s} فرعی از {m} اصلی، بخش {n}".translate(_PERSIAN) for m, s, n in parts]


def postal_codes(route: Indexes, place: Indexes) -> list[str]:
    """Valid ten-digit postal codes: five of the route, five of the place; unique for `place` below 7,000."""
    codes = _routes(int(route.max()) + 1 if len(route) else 0)
    return [f"{codes[r]}{10_000 + 13 * p:05d}" for r, p in zip(route.tolist(), place.tolist(), strict=True)]


def _routes(count: int) -> Sequence[str]:
    found: list[str] = []
    number = _FIRST_ROUTE
    while len(found) < count:
        digits = "".join(_ROUTE_DIGITS[(number // 8**power) % 8] for power in (4, 3, 2, 1, 0))
        if not re.match(r"(\d)\1{3}", digits):
            found.append(digits)
        number += 1
    return found
