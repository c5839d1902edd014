"""The delivery process: everything it owns is made here, and nothing else of it reads the environment."""

from __future__ import annotations

import logging
import signal
import sys
import threading
from collections.abc import Callable
from datetime import timedelta
from types import FrameType

from api.background import SurveyRenewal, starter
from api.places import served_cities
from api.settings import Settings, database_url
from integrations.company import ContractCompany
from integrations.delivery import DeliveryConfig, Worker
from integrations.gateways import gateways_for
from integrations.nightly import NightlyReconcile
from layers.database import make_engine, make_sessions
from permits import as_built
from permits.checkpoints import NightlyCheckpoint
from permits.dig_sweep import DigSweeper
from permits.ports import GatewayKey


def make_gateways(settings: Settings) -> dict[GatewayKey, ContractCompany]:
    """A gateway for every company of the served cities that the agencies file names."""
    book = settings.agency_book()
    made: dict[GatewayKey, ContractCompany] = {}
    for city_id, city in served_cities(settings).items():
        made |= gateways_for(city, book.of(city_id), settings.address)
    return made


def delivery_config(settings: Settings) -> DeliveryConfig:
    """How the worker behaves; the lease outlives the slowest call by far."""
    slowest = max((each.timeout_s for each in settings.agency_book().agencies.values()), default=10.0)
    return DeliveryConfig(
        lease_s=max(45.0, 3 * slowest),
        slots_per_agency=settings.worker_slots_per_agency,
        threads=settings.worker_threads,
        backoff_s=settings.worker_backoff_s,
        poll_after_s=settings.worker_poll_after_s,
        poll_every_s=settings.worker_poll_every_s,
    )


def main(settings: Settings) -> None:
    """Deliver until SIGTERM or SIGINT, then finish what is under way and return."""
    logging.basicConfig(
        level=logging.INFO, stream=sys.stderr, format="%(asctime)s %(levelname)s %(name)s %(message)s"
    )
    logging.getLogger("httpx2").setLevel(logging.WARNING)
    config = delivery_config(settings)
    engine = make_engine(
        database_url(settings), application_name="panjereh-worker", pool_size=config.threads + 2
    )
    gateways = make_gateways(settings)
    cities = served_cities(settings)
    sessions = make_sessions(engine)
    chores: list[Callable[[], object]] = [
        lambda: as_built.publish_due(engine, cities),
        DigSweeper(sessions, cities.values()),
    ]
    if settings.checkpoint_hours > 0:
        nightly = NightlyCheckpoint(
            sessions, settings.checkpoint_hours, settings.checkpoints_dir, settings.origin
        )
        chores.append(nightly)
    renewal = SurveyRenewal(
        engine,
        cities.values() if settings.renew_survey else (),
        starter(settings.for_child(database_url=database_url(settings), cities_dir=str(settings.cities_dir))),
        timedelta(seconds=settings.survey_quiet_s),
    )
    chores.append(renewal)
    if settings.reconcile_hours > 0:
        chores.append(NightlyReconcile(sessions, gateways, settings.reconcile_hours))
    worker = Worker(sessions, gateways, config, chores=chores)
    stop = threading.Event()

    def asked(_signum: int, _frame: FrameType | None) -> None:
        stop.set()

    for signum in (signal.SIGTERM, signal.SIGINT):
        signal.signal(signum, asked)
    logging.getLogger("panjereh.worker").info("delivering to %s", sorted("/".join(key) for key in gateways))
    try:
        worker.run_forever(stop)
    finally:
        renewal.close()
        for gateway in gateways.values():
            gateway.close()
        engine.dispose()
