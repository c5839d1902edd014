"""The nightly comparison with the companies' books, by whichever worker is first; beside its deliveries."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from datetime import datetime, timedelta
from threading import Thread

from sqlalchemy.orm import Session, sessionmaker

from integrations.reconcile import reconcile
from permits.ports import AgencyGateway, GatewayKey
from permits.reconciling import begin, end

log = logging.getLogger("panjereh.reconcile")
DAYS = 7.0


class NightlyReconcile:
    """A chore of the worker: every so many hours one comparison, in a thread of its own, for companies are slow."""

    def __init__(
        self, sessions: sessionmaker[Session], gateways: Mapping[GatewayKey, AgencyGateway], every_h: float
    ) -> None:
        self._sessions = sessions
        self._gateways = gateways
        self._every = timedelta(hours=every_h)
        self._thread: Thread | None = None

    def __call__(self) -> bool:
        """Begin one if the last, also one by command, began longer ago; whether it did. Any number may ask."""
        if self._thread is not None and self._thread.is_alive():
            return False
        with self._sessions.begin() as session:
            began_at = begin(session, self._every)
        if began_at is None:
            return False
        self._thread = Thread(target=self._run, args=(began_at,), name="reconcile", daemon=True)
        self._thread.start()
        return True

    def wait(self) -> None:
        """Return when what was begun has ended."""
        if self._thread is not None:
            self._thread.join()

    def _run(self, began_at: datetime) -> None:
        try:
            found = reconcile(self._sessions, self._gateways, DAYS)
            with self._sessions.begin() as session:
                end(session, began_at, found.counts)
        except Exception:
            log.exception("the comparison with the companies' books did not end")
        else:
            level = logging.INFO if found.is_explained else logging.WARNING
            log.log(level, "books compared: %s", ", ".join(f"{name} {n}" for name, n in found.counts.items()))
