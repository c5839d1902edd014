"""The words of incidents, as closed lists."""

from __future__ import annotations

from enum import StrEnum


class IncidentKind(StrEnum):
    """What has happened."""

    GAS_LEAK = "gas_leak"
    WATER_BURST = "water_burst"
    POWER_OUTAGE = "power_outage"
    SEWER_COLLAPSE = "sewer_collapse"
    CABLE_CUT = "cable_cut"
    EXCAVATION_DAMAGE = "excavation_damage"
    FIRE = "fire"
    FLOOD = "flood"
    EARTHQUAKE = "earthquake"
    OTHER = "other"


class IncidentStatus(StrEnum):
    """Whether it is over."""

    OPEN = "open"
    CLOSED = "closed"


class IncidentEvent(StrEnum):
    """What somebody did about it; the first and last are written by opening and closing."""

    OPENED = "opened"
    NOTE = "note"
    CALLED = "called"
    ARRIVED = "arrived"
    VALVE_CLOSED = "valve_closed"
    VALVE_OPENED = "valve_opened"
    VALVE_STUCK = "valve_stuck"
    VALVE_FREED = "valve_freed"
    SQUEEZED = "squeezed"
    EVACUATED = "evacuated"
    SUPPLY_CUT = "supply_cut"
    SUPPLY_RESTORED = "supply_restored"
    AREA_CHANGED = "area_changed"
    CLOSED = "closed"


DEVICE_EVENTS = frozenset(
    {
        IncidentEvent.VALVE_CLOSED,
        IncidentEvent.VALVE_OPENED,
        IncidentEvent.VALVE_STUCK,
        IncidentEvent.VALVE_FREED,
    }
)
"""Events that name a valve or switch and change how it stands for every later question."""
