"""Working days, midnights, warnings."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from layers.city import load_city
from permits.calendars import WorkingCalendar, first_midnight
from permits.clocks import share_left, warning_due
from permits.office_days import working_calendar
from permits.orders import exchange_times
from permits.vocabulary import TaskKind

BERLIN = WorkingCalendar("Europe/Berlin", holidays=frozenset({date(2026, 4, 3), date(2026, 4, 6)}))
AHVAZ = WorkingCalendar("Asia/Tehran", frozenset({4, 5}))
INSTANTS = st.integers(1_577_836_800, 2_050_000_000).map(lambda s: datetime.fromtimestamp(s, UTC))
ZONES = ["Europe/Berlin", "Europe/Helsinki", "Asia/Tehran", "America/Sao_Paulo", "Pacific/Apia", "UTC"]


@pytest.mark.parametrize(
    ("calendar", "start", "days", "last_day"),
    [
        (BERLIN, datetime(2026, 3, 2, 9, tzinfo=UTC), 1, date(2026, 3, 3)),
        (BERLIN, datetime(2026, 3, 6, 9, tzinfo=UTC), 1, date(2026, 3, 9)),  # over a weekend
        (BERLIN, datetime(2026, 4, 2, 9, tzinfo=UTC), 2, date(2026, 4, 8)),  # over Easter
        (BERLIN, datetime(2026, 3, 2, 23, 30, tzinfo=UTC), 1, date(2026, 3, 4)),  # already the 3rd in Berlin
        (AHVAZ, datetime(2026, 3, 4, 9, tzinfo=UTC), 1, date(2026, 3, 7)),  # Thursday and Friday are off
    ],
)
def test_due_after(calendar: WorkingCalendar, start: datetime, days: int, last_day: date) -> None:
    due = calendar.due_after(start, days).astimezone(ZoneInfo(calendar.timezone))
    assert due.date() == last_day
    assert (due.hour, due.minute, due.second) == (23, 59, 59)


@pytest.mark.parametrize(
    ("start", "days", "last_day"),
    [
        # 27 Esfand 1404 is a Wednesday; 1 to 4 Farvardin 1405 are a Saturday to a Tuesday.
        (datetime(2026, 3, 18, 6, tzinfo=UTC), 1, date(2026, 3, 25)),
        (datetime(2026, 3, 18, 6, tzinfo=UTC), 2, date(2026, 3, 28)),  # and over its weekend
        (datetime(2026, 3, 31, 6, tzinfo=UTC), 1, date(2026, 4, 4)),  # over 12 and 13 Farvardin
        # A leap year: 29 Esfand 1403 is a holiday, the 30th is not, but a Thursday; 1404 begins on a Friday.
        (datetime(2025, 3, 18, 6, tzinfo=UTC), 1, date(2025, 3, 25)),
    ],
)
def test_no_clock_runs_over_nowruz(root: Path, start: datetime, days: int, last_day: date) -> None:
    """A20: a city names its holidays in its own calendar; the working-day clocks stand still on them."""
    calendar = working_calendar(load_city(root / "cities", "nemuneh"))
    assert calendar.due_after(start, days).astimezone(ZoneInfo("Asia/Tehran")).date() == last_day


def test_a_calendar_without_working_days_is_refused() -> None:
    with pytest.raises(ValueError, match="no working day"):
        WorkingCalendar("UTC", frozenset(range(1, 8))).due_after(datetime(2026, 1, 1, tzinfo=UTC), 1)


@given(INSTANTS, st.sampled_from(ZONES))
def test_first_midnight_is_the_next_local_day_start(after: datetime, zone: str) -> None:
    found = first_midnight(after, zone)
    assert timedelta(0) <= found - after <= timedelta(hours=49)
    local = found.astimezone(ZoneInfo(zone))
    # Where the clock jumps over midnight (or a whole day is left out) the day starts later.
    assert (local.hour, local.minute) in {(0, 0), (1, 0), (23, 0)} or zone == "Pacific/Apia"


@given(INSTANTS)
def test_the_exchange_leaves_the_lead_and_decides_before_it_takes_effect(approved_at: datetime) -> None:
    times = exchange_times(approved_at, "Europe/Berlin", lead_hours=24, margin_minutes=120, hold_days=7)
    assert times.effective_at - approved_at >= timedelta(hours=24)
    assert times.effective_at - approved_at < timedelta(hours=50)
    assert times.decide_by == times.effective_at - timedelta(hours=2)
    assert times.hold_until == times.effective_at + timedelta(days=7)
    local = times.effective_at.astimezone(ZoneInfo("Europe/Berlin"))
    assert (local.hour, local.minute, local.second) == (0, 0, 0)


def test_t21_warnings_come_at_half_and_at_a_fifth_then_silence() -> None:
    """T21: warn at T-50 % and T-20 %; nothing is decided by the clock."""
    asked, due = datetime(2026, 3, 2, tzinfo=UTC), datetime(2026, 3, 12, tzinfo=UTC)
    said = [warning_due(asked, due, asked + timedelta(days=day)) for day in range(12)]
    assert said[:5] == [None] * 5
    assert said[5:8] == [TaskKind.CONSULTATION_HALF_TIME] * 3
    assert said[8:10] == [TaskKind.CONSULTATION_NEARLY_DUE] * 2
    assert said[10:] == [TaskKind.CONSULTATION_OVERDUE] * 2
    assert share_left(due, asked, asked) == 0.0
