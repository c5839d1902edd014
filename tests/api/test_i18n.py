"""Words: dates, digits, isolation, language choice."""

from __future__ import annotations

from datetime import UTC, date, datetime
from zoneinfo import ZoneInfo

import pytest

from api import i18n


def test_persian_day_is_jalali_with_persian_digits() -> None:
    assert i18n.day("fa", date(2026, 11, 22)) == "یکشنبه ۰۱ آذر ۱۴۰۵"
    assert i18n.day("en", date(2026, 11, 22)) == "2026-11-22"


def test_instant_is_told_by_the_citys_clock() -> None:
    at = datetime(2026, 11, 21, 20, 45, tzinfo=UTC)
    assert i18n.instant("fa", at, ZoneInfo("Asia/Tehran")) == "یکشنبه ۰۱ آذر ۱۴۰۵ ۰۰:۱۵"
    assert i18n.instant("en", at, ZoneInfo("Europe/Berlin")) == "2026-11-21 21:45"


@pytest.mark.parametrize(
    ("value", "en", "fa"),
    [(1234567.5, "1,234,567.5", "۱٬۲۳۴٬۵۶۷٫۵"), (0, "0", "۰"), (-3, "-3", "-۳"), (100.0, "100", "۱۰۰")],
)
def test_numbers(value: float, en: str, fa: str) -> None:
    assert i18n.number("en", value) == en
    assert i18n.number("fa", value) == fa


def test_values_are_isolated_in_sentences_and_plain_for_terminals() -> None:
    said = i18n.say("fa", "error-not-found", {"path": "/v1/x"})
    assert "\u2068/v1/x\u2069" in said
    assert "\u2068" not in i18n.plain("fa", "error-not-found", {"path": "/v1/x"})


def test_an_unknown_id_is_shown_never_blank() -> None:
    assert i18n.say("fa", "no-such-message") == "no-such-message"


@pytest.mark.parametrize(
    ("header", "chosen"),
    [
        (None, "en"),
        ("", "en"),
        ("fa", "fa"),
        ("fa-IR,fa;q=0.9,en;q=0.8", "fa"),
        ("en;q=0.3, fa;q=0.7", "fa"),
        ("de, fr", "en"),
        ("fa;q=x, en", "en"),
    ],
)
def test_language_is_the_clients(header: str | None, chosen: str) -> None:
    assert i18n.preferred(header) == chosen
