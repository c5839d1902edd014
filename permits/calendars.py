"""Working days and local midnights. The calendar is the city's data: weekend days and dated holidays."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

# ISO weekdays on which offices are closed, by the calendar the city keeps.
WEEKEND = {"jalali": frozenset({4, 5}), "gregorian": frozenset({6, 7})}

_END_OF_OFFICE = time(23, 59, 59)


@dataclass(frozen=True, slots=True)
class WorkingCalendar:
    """Which days count. `weekend` holds ISO weekdays (Monday = 1 … Sunday = 7)."""

    timezone: str
    weekend: frozenset[int] = frozenset({6, 7})
    holidays: frozenset[date] = frozenset()

    def is_working_day(self, day: date) -> bool:
        """Whether offices are open on `day`."""
        return day.isoweekday() not in self.weekend and day not in self.holidays

    def due_after(self, start: datetime, working_days: int) -> datetime:
        """The last second (UTC) of the `working_days`-th working day after the local day of `start`.

        The day of `start` itself does not count; a calendar without any working day is refused.
        """
        if len(self.weekend) >= 7:
            raise ValueError("the calendar has no working day")
        zone = ZoneInfo(self.timezone)
        day = start.astimezone(zone).date()
        left = working_days
        while left > 0:
            day += timedelta(days=1)
            left -= self.is_working_day(day)
        return datetime.combine(day, _END_OF_OFFICE, zone).astimezone(UTC)


def first_midnight(after: datetime, timezone: str) -> datetime:
    """The first local midnight (as UTC) at or after the instant `after`.

    Where the clock jumps over midnight, the first instant of that local day is meant.
    """
    zone = ZoneInfo(timezone)
    local = after.astimezone(zone)
    for days in (0, 1, 2):
        day = local.date() + timedelta(days=days)
        midnight = datetime.combine(day, time(0), zone).astimezone(UTC)
        if midnight >= after:
            return midnight
    raise ValueError("no midnight found")  # pragma: no cover - two days always hold one
