"""The clocks of an excavation: answers, regularisation, validity, moratorium, guarantee. Pure.

Days are calendar days of the city, whole ones: a term ends with the last second of its last day. A clock starts
with the event that is its ground (the question was sent, the ground was opened), never before (T7).
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

from permits.calendars import WorkingCalendar
from permits.clocks import share_left


def due_after(start: datetime, days: int, timezone: str) -> datetime:
    """The last second (UTC) of the `days`-th day after the local day of `start`."""
    return WorkingCalendar(timezone, frozenset()).due_after(start, days)


def local_day(at: datetime, timezone: str) -> date:
    """The city's date at an instant."""
    return at.astimezone(ZoneInfo(timezone)).date()


def warnings_due(asked_at: datetime, due_at: datetime, now: datetime, shares: Sequence[float]) -> int:
    """How many warnings are due: one for each share of the time that is gone, and one for its end."""
    gone = 1.0 - share_left(asked_at, due_at, now)
    return sum(gone >= share for share in shares) + (now >= due_at)


def years_after(day: date, years: int) -> date:
    """The same day so many years later; the 29th of February becomes the 1st of March."""
    try:
        return day.replace(year=day.year + years)
    except ValueError:
        return date(day.year + years, 3, 1)


def bars_until(paved_on: date, years: int, starts_on: date) -> date | None:
    """Until when the young pavement may not be opened; None when it does not bar works of `starts_on`."""
    until = years_after(paved_on, years)
    return until if paved_on <= starts_on < until else None


def permit_until(ends_on: date, allowed_delay_days: int) -> date:
    """The last day on which one may still work on a permit: its planned end and the allowed delay."""
    return ends_on + timedelta(days=allowed_delay_days)
