"""The numbers by which people name a parcel in Iran: renovation code, registration plate, postal code.

Sources: the seven parts of the renovation code as municipal systems keep them (district, region, block, house,
building, apartment, shop); the plate as the land register writes it, "sub plate from main plate, section"; the post
company's ten digits, the first five of which know no 0 and no 2.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final

_DIGITS: Final = str.maketrans("۰۱۲۳۴۵۶۷۸۹٠١٢٣٤٥٦٧٨٩", "01234567890123456789")
_RENOVATION: Final = re.compile(r"\d{1,5}(?:[-/]\d{1,5}){6}")
_POSTAL: Final = re.compile(r"(?!(\d)\1{3})[13-9]{5}\d{5}")
_PAIR: Final = re.compile(r"(\d{1,9})\s*/\s*(\d{1,9})")
# "۱ فرعی از ۱۰۰ اصلی، بخش ۵", also without a sub plate or a section, also "1 sub from 100 main, section 5".
_PLATE: Final = re.compile(
    r"(?:(?P<sub>\d{1,9})\s*(?:فرعی|far'?i|sub)\s*(?:از|az|from|of)\s*)?(?P<main>\d{1,9})\s*(?:اصلی|asli|main)"
    r"(?:[،,\s]+(?:بخش|bakhsh|section)\s*(?P<section>\d{1,4}))?",
    re.IGNORECASE,
)


@dataclass(frozen=True, slots=True)
class Plate:
    """A registration plate; `sub` 0: the main plate itself; `section` None: not said."""

    main: int
    sub: int
    section: int | None = None


def plain(text: str) -> str:
    """Return the text with Latin digits, no direction marks and single spaces."""
    marked = re.sub(r"[\u200c-\u200f\u202a-\u202e\u2066-\u2069]", "", text.translate(_DIGITS))
    return re.sub(r"\s+", " ", marked).strip()


def renovation_code(text: str) -> str | None:
    """Return the renovation code of a parcel or what stands on it, parts joined by "-"; None if it is none.

    >>> renovation_code("۳-۱۲-۴۵-۷-۰-۰-۰"), renovation_code("3-0-45-7-0-0-0")
    ('3-12-45-7-0-0-0', None)
    """
    written = plain(text).replace(" ", "")
    if not _RENOVATION.fullmatch(written):
        return None
    parts = [int(part) for part in re.split("[-/]", written)]
    building, apartment = parts[4:6]
    if 0 in parts[:4] or (apartment and not building):
        return None
    return "-".join(map(str, parts))


def parcel_code(text: str) -> str | None:
    """Return the renovation code of the parcel (the first four parts) that a code names, or None.

    >>> parcel_code("3-12-45-7-1-4-0")
    '3-12-45-7-0-0-0'
    """
    code = renovation_code(text)
    return None if code is None else "-".join([*code.split("-")[:4], "0", "0", "0"])


def postal_code(text: str) -> str | None:
    """Return the ten digits of a postal code (a dash or space after the fifth is allowed), or None.

    >>> postal_code("۱۶۱۹۷-۳۵۷۴۴"), postal_code("0200073574")
    ('1619735744', None)
    """
    written = re.sub(r"[\s-]", "", plain(text))
    return written if _POSTAL.fullmatch(written) else None


def plates(text: str) -> tuple[Plate, ...]:
    """Return the plates that a text may mean: one where main and sub are named, both readings of "123/45".

    >>> plates("۱۲۳ فرعی از ۴۵ اصلی، بخش ۵")
    (Plate(main=45, sub=123, section=5),)
    >>> [(plate.main, plate.sub) for plate in plates("45/123")]
    [(45, 123), (123, 45)]
    """
    written = plain(text)
    if named := _PLATE.fullmatch(written):
        section = named["section"]
        read = [Plate(int(named["main"]), int(named["sub"] or 0), None if section is None else int(section))]
    elif pair := _PAIR.fullmatch(written):
        one, other = int(pair[1]), int(pair[2])
        read = [Plate(one, other), Plate(other, one)] if one != other else [Plate(one, other)]
    else:
        read = []
    return tuple(plate for plate in read if plate.main)
