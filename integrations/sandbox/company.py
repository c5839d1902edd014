"""The company as it runs: who it is, where it is, its database and its faults."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from threading import Event
from zoneinfo import ZoneInfo

from sqlalchemy import Engine

from integrations.sandbox.faults import Faults
from integrations.sandbox.profile import Place, Profile
from integrations.sandbox.settings import Level


@dataclass(frozen=True, slots=True)
class Company:
    """Everything a request needs to know; one per process."""

    profile: Profile
    place: Place
    engine: Engine
    faults: Faults
    currency: str
    token: str
    webhook_secret: str | None
    max_service_length_m: float
    answer_delay_s: float
    announce_execution: bool
    work_came: Event
    level: Level = Level.L3

    def today(self) -> date:
        """The company's own date."""
        return datetime.now(ZoneInfo(self.place.timezone)).date()
