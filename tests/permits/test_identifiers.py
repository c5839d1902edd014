"""Identifiers: every published vector, each check against the algorithm's source."""

from __future__ import annotations

import itertools
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from permits.errors import IdentifierInvalid
from permits.identifiers import (
    amount_rials,
    check_digit,
    is_bill_id,
    is_landline,
    is_legal_id,
    is_national_id,
    is_payment_id,
    make_bill,
    mobile,
    national_id,
    new_id,
)

NATIONAL_VALID = [
    "0499370899",
    "0790419904",
    "1583250689",
    "0684159414",
    "4400276201",
    "2540201288",
    "0084575948",
    "0963695398",
    "0067749828",
    "4032152314",
    "0010350829",
    "7731689956",
    "0860170470",
    "3240175800",
]
NATIONAL_INVALID = [
    "1234567890",
    "0000000000",
    "9999999999",
    "1111111111",
    "4271427685",
    "0684159415",
    "0200203041",
    "06841594156",
    "068415941d",
    "7731685956",
    "68415941",
    "81037511",
] + [""]
LEGAL_VALID = [
    "10380284790",
    "10100387143",
    "77111986110",
    "18061055669",
    "10101780644",
    "10860953980",
    "10340046788",
    "10480020857",
    "14005893875",
    "14006278162",
    "10530125945",
    "10320881604",
]
LEGAL_INVALID = [
    "10380284792",
    "10380285692",
    "09748208301",
    "11111111111",
    "84735069516",
    "65399567978",
    "14006876134",
    "10740086430",
]


@pytest.mark.parametrize("code", NATIONAL_VALID)
def test_national_id_valid(code: str) -> None:
    assert is_national_id(code)
    assert national_id(code) == code


@pytest.mark.parametrize("code", NATIONAL_INVALID)
def test_national_id_invalid(code: str) -> None:
    assert not is_national_id(code)
    with pytest.raises(IdentifierInvalid):
        national_id(code)


@pytest.mark.parametrize("code", ["68415941", "81037511"])
def test_short_national_id_is_padded_in_imports_only(code: str) -> None:
    assert national_id(code, pads=True) == code.zfill(10)


def test_national_id_reads_persian_digits_and_marks() -> None:
    assert national_id("\u200f۰۰۸۴-۵۷۵۹۴۸ ") == "0084575948"


@given(st.integers(0, 999_999_999))
def test_exactly_one_check_digit_fits(head: int) -> None:
    fitting = [d for d in range(10) if is_national_id(f"{head:09d}{d}")]
    assert len(fitting) == (0 if len(set(f"{head:09d}")) == 1 and _sum_digit(head) == head % 10 else 1)


def _sum_digit(head: int) -> int:
    rest = sum(int(c) * (10 - i) for i, c in enumerate(f"{head:09d}")) % 11
    return rest if rest < 2 else 11 - rest


@pytest.mark.parametrize("code", LEGAL_VALID)
def test_legal_id_valid(code: str) -> None:
    assert is_legal_id(code)


@pytest.mark.parametrize("code", LEGAL_INVALID)
def test_legal_id_invalid(code: str) -> None:
    assert not is_legal_id(code)


BILLS = [
    ("7748317800142", "1770160", True, True, 17_000),
    ("2050327604613", "1070189", True, True, 10_000),
    ("1117753200140", "12070160", True, True, 120_000),
    ("1177809000142", "570108", True, True, 5_000),
    ("9174639504124", "12908197", True, False, None),
    ("9100074409151", "12908190", False, False, None),
    ("2234322344613", "1070189", False, False, None),
    ("1117753200140", "1770165", True, False, None),
    ("1000000112163", "245050300", True, True, 2_450_000),
    ("1000000212168", "3550385", True, True, 35_000),
    ("765432130114", "9800050204", True, True, 98_000_000),
    ("5550123441026", "12041229", True, True, 120_000),
    ("9081726322239", "9999999950100", True, True, 99_999_999_000),
]


@pytest.mark.parametrize(("bill", "payment", "bill_ok", "payment_ok", "rials"), BILLS)
def test_bill_and_payment(
    bill: str, payment: str, bill_ok: bool, payment_ok: bool, rials: int | None
) -> None:
    assert is_bill_id(bill) is bill_ok
    assert is_payment_id(bill, payment) is payment_ok
    if rials is not None:
        assert amount_rials(payment) == rials


def test_leading_zeros_of_the_payment_are_stripped_first() -> None:
    assert is_payment_id("7748317800142", "0001770160")
    assert is_payment_id("0765432130114", "9800050204")


@pytest.mark.parametrize(
    ("values", "bill", "payment"),
    [
        ((10000001, 121, 6, 2_450_000, 5, 3), "1000000112163", "245050300"),
        ((10000002, 121, 6, 35_000, 3, 3), "1000000212168", None),
        ((7654321, 301, 1, 98_000_000, 5, 2), "765432130114", "9800050204"),
        ((55501234, 410, 2, 120_000, 4, 12), "5550123441026", "12041229"),
    ],
)
def test_made_bills_pass_their_own_checks(values: tuple[int, ...], bill: str, payment: str | None) -> None:
    file_no, company, service, amount, year_digit, period = values
    made = make_bill(
        file_no=file_no, company=company, service=service, amount=amount, year_digit=year_digit, period=period
    )
    assert made.bill_id == bill
    assert payment is None or made.payment_id == payment
    assert is_payment_id(made.bill_id, made.payment_id)
    assert len(made.barcode) == 26


@pytest.mark.parametrize("amount", [0, -1000, 1500])
def test_bills_are_whole_thousands(amount: int) -> None:
    with pytest.raises(IdentifierInvalid):
        make_bill(file_no=1, company=121, service=6, amount=amount, year_digit=5, period=3)


@given(st.text("0123456789", min_size=5, max_size=12))
def test_check_digit_catches_every_single_digit_error(digits: str) -> None:
    right = check_digit(digits)
    for i, char in enumerate(digits):
        wrong = digits[:i] + str((int(char) + 1) % 10) + digits[i + 1 :]
        # The weights 2…7 are prime to 11, so one changed digit changes the sum; only 10 and 11 share the digit 0.
        if check_digit(wrong) == right:
            assert right == 0


@pytest.mark.parametrize(
    "text",
    [
        "09022002580",
        "+989022002580",
        "989022002580",
        "00989022002580",
        "9022002580",
        "09355214655",
        "09901464762",
        "۰۹۳۵۵۲۱۴۶۵۵",
    ],
)
def test_mobile_valid(text: str) -> None:
    assert mobile(text).startswith("+989")
    assert len(mobile(text)) == 13


@pytest.mark.parametrize("text", ["0935521465", "000989022002580", "", "0912345678a"])
def test_mobile_invalid(text: str) -> None:
    with pytest.raises(IdentifierInvalid):
        mobile(text)


def test_landline() -> None:
    assert is_landline("37236445")
    assert not any(is_landline(text) for text in ("07236445", "7236445", "17236445"))


def test_new_ids_are_uuid7_and_sort_by_time() -> None:
    first = new_id()
    time.sleep(0.002)
    second = new_id()
    assert first < second
    assert first.version == 7
    assert first.variant == "specified in RFC 4122"
    assert len({new_id() for _ in range(5000)}) == 5000


def test_new_ids_of_one_millisecond_sort_by_time(monkeypatch: pytest.MonkeyPatch) -> None:
    """What a transaction writes one after the other is read in that order, however fast it was written."""
    clock = itertools.count(1_800_000_000_000_000_000, 250)
    monkeypatch.setattr(time, "time_ns", lambda: next(clock))
    made = [new_id() for _ in range(8000)]
    assert made == sorted(made)
    assert {each.version for each in made} == {7}
    assert made[-1].int >> 80 == 1_800_000_000_001
