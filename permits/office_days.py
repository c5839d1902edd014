"""Which days count in a city: its weekend and its holidays, for every clock that runs in working days."""

from __future__ import annotations

from layers.city import City
from permits.calendars import WEEKEND, WorkingCalendar


def working_calendar(city: City) -> WorkingCalendar:
    """The days on which the offices of a city are open."""
    return WorkingCalendar(city.timezone, WEEKEND[city.calendar.value], city.holidays)
