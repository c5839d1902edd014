"""Ids of our own (UUIDv7) and the checks of Iranian identifiers: person, legal entity, bill, payment, phone.

Sources of the check algorithms are named at each function; identifiers are stored as ASCII text, never as
numbers, because leading zeros matter.
"""

from __future__ import annotations

import os
import re
import time
from dataclasses import dataclass
from uuid import UUID

from permits.errors import IdentifierInvalid

_DIGITS = {ord(char): str(i) for block in ("۰۱۲۳۴۵۶۷۸۹", "٠١٢٣٤٥٦٧٨٩") for i, char in enumerate(block)}
_INVISIBLE = dict.fromkeys([0x200C, 0x200E, 0x200F, *range(0x202A, 0x202F), *range(0x2066, 0x206A)])
_SPACES_AND_DASHES = re.compile(r"[\s\-‐-―−]")

_LEGAL_WEIGHTS = (29, 27, 23, 19, 17, 29, 27, 23, 19, 17)
_MOBILE = re.compile(r"(?:\+98|0098|98|0)?(9\d{9})", re.ASCII)
_LANDLINE = re.compile(r"[2-9]\d{7}", re.ASCII)


def new_id() -> UUID:
    """A new UUIDv7: 48 bits of Unix milliseconds, 12 of their fraction (244 ns), then random; sorts by time of making.

    RFC 9562, section 6.2, method 3: what one transaction writes in one millisecond keeps its order too.
    """
    millis, rest_ns = divmod(time.time_ns(), 1_000_000)
    fraction = rest_ns * 4096 // 1_000_000
    value = (millis & (2**48 - 1)) << 80 | 0x7 << 76 | fraction << 64 | int.from_bytes(os.urandom(8), "big")
    value = value & ~(0x3 << 62) | 0x2 << 62
    return UUID(int=value)


def cleaned(text: str) -> str:
    """The text with Persian and Arabic digits as ASCII, without invisible marks, spaces and dashes."""
    return _SPACES_AND_DASHES.sub("", text.strip().translate(_DIGITS).translate(_INVISIBLE))


def _is_digits(text: str, low: int, high: int) -> bool:
    return text.isascii() and text.isdigit() and low <= len(text) <= high


def is_national_id(text: str) -> bool:
    """Whether `text` is the national id of a person: ten digits, the last a check over the first nine.

    Ids of one repeated digit pass the sum but are refused; an unknown place prefix is not an error.
    """
    code = cleaned(text)
    if not _is_digits(code, 10, 10) or len(set(code)) == 1:
        return False
    rest = sum(int(code[i]) * (10 - i) for i in range(9)) % 11
    return int(code[9]) == (rest if rest < 2 else 11 - rest)


def national_id(text: str, *, pads: bool = False) -> str:
    """The id as ten ASCII digits; `pads` restores dropped leading zeros (imports only, never a form)."""
    code = cleaned(text)
    if pads and _is_digits(code, 8, 9):
        code = code.zfill(10)
    if not is_national_id(code):
        raise IdentifierInvalid(kind="national-id")
    return code


def is_legal_id(text: str) -> bool:
    """Whether `text` is a legal entity's national id: eleven digits, weighted check over the first ten."""
    code = cleaned(text)
    if not _is_digits(code, 11, 11) or code[3:9] == "000000":
        return False
    shift = int(code[9]) + 2
    rest = sum((int(code[i]) + shift) * weight for i, weight in enumerate(_LEGAL_WEIGHTS)) % 11
    return int(code[10]) == (0 if rest == 10 else rest)


def legal_id(text: str) -> str:
    """The legal entity's id as eleven ASCII digits; raises `IdentifierInvalid`."""
    if not is_legal_id(text):
        raise IdentifierInvalid(kind="legal-id")
    return cleaned(text)


def check_digit(digits: str) -> int:
    """The bill check digit: from the right times 2…7 repeating, modulo 11; 0 when the rest is 0 or 1."""
    rest = sum(int(char) * (2 + i % 6) for i, char in enumerate(reversed(digits))) % 11
    return 0 if rest < 2 else 11 - rest


def is_bill_id(text: str) -> bool:
    """Whether `text` is a bill id: 6-13 digits, the last a check over the others."""
    bill = cleaned(text)
    return _is_digits(bill, 6, 13) and int(bill[-1]) == check_digit(bill[:-1])


def is_payment_id(bill: str, payment: str) -> bool:
    """Whether `payment` belongs to `bill`: both its check digits hold.

    Leading zeros of the payment id are stripped first: inside the joined number they would shift the weights.
    """
    bill_id, pay = cleaned(bill), cleaned(payment).lstrip("0")
    if not _is_digits(cleaned(payment), 5, 13) or not _is_digits(bill_id, 6, 13) or len(pay) < 5:
        return False
    body, first, second = pay[:-2], pay[-2], pay[-1]
    return int(first) == check_digit(body) and int(second) == check_digit(bill_id + body + first)


@dataclass(frozen=True, slots=True)
class Bill:
    """A bill as banks know it."""

    bill_id: str
    payment_id: str

    @property
    def barcode(self) -> str:
        """Both ids, each padded to 13 digits: 26 in all."""
        return self.bill_id.zfill(13) + self.payment_id.zfill(13)


def amount_rials(payment: str) -> int:
    """The amount a payment id stands for, in rials (whole thousands)."""
    return int(cleaned(payment).lstrip("0")[:-5] or "0") * 1000


def make_bill(*, file_no: int, company: int, service: int, amount: int, year_digit: int, period: int) -> Bill:
    """The bill and payment ids of one bill.

    `amount` in rials must be a whole number of thousands; whoever calculates it carries the remainder over.
    """
    if amount <= 0 or amount % 1000:
        raise IdentifierInvalid(kind="bill-amount", amount=amount)
    bill_body = f"{file_no}{company:03d}{service}"
    bill = f"{bill_body}{check_digit(bill_body)}"
    body = f"{amount // 1000}{year_digit}{period:02d}"
    first = check_digit(body)
    payment = f"{body}{first}{check_digit(f'{bill}{body}{first}')}"
    if not _is_digits(bill, 6, 13) or not _is_digits(payment, 6, 13):
        raise IdentifierInvalid(kind="bill-length")
    return Bill(bill, payment)


def mobile(text: str) -> str:
    """The mobile number as +989xxxxxxxxx; raises `IdentifierInvalid`. The operator prefix is not judged."""
    found = _MOBILE.fullmatch(cleaned(text))
    if found is None:
        raise IdentifierInvalid(kind="mobile")
    return f"+98{found[1]}"


def is_landline(text: str) -> bool:
    """Whether `text` is a local landline number of eight digits."""
    return _LANDLINE.fullmatch(cleaned(text)) is not None
