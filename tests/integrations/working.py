"""A worker on real HTTP companies, and how far its cases have come."""

from __future__ import annotations

import threading
from typing import Any

from sqlalchemy import Engine
from sqlalchemy.orm import Session

from integrations.delivery import DeliveryConfig, Worker
from integrations.gateways import gateways_for
from layers.database import make_sessions
from permits.views import CaseView
from tests.integrations.stub_company import StubCompany
from tests.permits import town
from tests.permits.town import reread, steps

QUICK = DeliveryConfig(
    lease_s=3.0,
    idle_s=0.02,
    backoff_s=0.01,
    backoff_cap_s=0.05,
    poll_after_s=0.0,
    poll_every_s=0.05,
    sweep_every_s=0.1,
)
Companies = dict[str, StubCompany]
# Gateways that a test opened: closed after it.
opened: list[Any] = []


def gateways(companies: Companies) -> dict[Any, Any]:
    made = gateways_for(town.city(), companies)
    opened.extend(made.values())
    return dict(made)


def worker(engine: Engine, companies: Companies, config: DeliveryConfig = QUICK, seed: int = 1) -> Worker:
    return Worker(make_sessions(engine), gateways(companies), config, seed)


def until_rest(made: Worker, session: Session, case: CaseView, *statuses: str, rounds: int = 400) -> CaseView:
    for _ in range(rounds):
        made.run_once()
        view = reread(session, case.case_id)
        if view.status in statuses:
            return view
        threading.Event().wait(0.01)
    raise AssertionError(f"{view.status}: {steps(session, case.case_id)}")


def ledgers(companies: Companies, ref: str) -> dict[str, list[str]]:
    return {a: c.books.of(ref.format(agency=a)) for a, c in companies.items()}
