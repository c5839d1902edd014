"""The company's background work: answering inquiries, delivering webhooks until they arrive, ending holds.

What is to be done is in the database, so that a killed company goes on where it was. Webhooks are signed by
the Standard Webhooks scheme; their id stays the same through every attempt and every duplicate.
"""

from __future__ import annotations

import logging
import random
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from threading import Event, Thread
from typing import Any

import httpx2
from sqlalchemy import Row, text
from sqlalchemy.exc import InterfaceError, OperationalError
from standardwebhooks import Webhook

from integrations.sandbox import inquiries, orders
from integrations.sandbox.company import Company

log = logging.getLogger("company.courier")

LEASE_S = 30.0
TIMEOUT_S = 5.0
BATCH = 16
FIRST_WAIT_S = 0.5
LONGEST_WAIT_S = 30.0
IDLE_S = 0.2

_CLAIM = text(
    """
UPDATE webhook w SET attempts = attempts + 1, next_at = clock_timestamp() + make_interval(secs => :lease)
FROM (SELECT webhook_id FROM webhook WHERE delivered_at IS NULL AND next_at <= clock_timestamp()
      ORDER BY next_at LIMIT :n FOR UPDATE SKIP LOCKED) due
WHERE w.webhook_id = due.webhook_id RETURNING w.webhook_id, w.url, w.body, w.copies, w.attempts
"""
)
_DELIVERED = text(
    "UPDATE webhook SET copies = copies - 1, last_error = NULL, "
    "delivered_at = CASE WHEN copies <= 1 THEN clock_timestamp() END, next_at = clock_timestamp() "
    "WHERE webhook_id = :w"
)
_FAILED = text(
    "UPDATE webhook SET last_error = :e, next_at = clock_timestamp() + make_interval(secs => :wait) "
    "WHERE webhook_id = :w"
)


class BackOffice:
    """The background threads of one company; start once, stop once."""

    def __init__(self, company: Company) -> None:
        self._company = company
        self._stop = Event()
        self._client = httpx2.Client(timeout=TIMEOUT_S, follow_redirects=False)
        self._threads = [
            Thread(target=self._repeat, args=(job, idle_s), daemon=True, name=job.__name__)
            for job, idle_s in ((self.answer, IDLE_S), (self.deliver, IDLE_S), (self.expire, 5.0))
        ]

    def start(self) -> None:
        """The background work goes on from where the database says it was."""
        for thread in self._threads:
            thread.start()

    def stop(self) -> None:
        """The background work has ended; what is left waits in the database."""
        self._stop.set()
        self._company.work_came.set()
        for thread in self._threads:
            thread.join(timeout=TIMEOUT_S + 1)
        self._client.close()

    def _repeat(self, job: Callable[[], int], idle_s: float) -> None:
        pause = 0.0
        while not self._stop.is_set():
            done = 0
            try:
                done = job()
                pause = 0.0
            except Exception as error:
                # Mostly the database is away: say so once, then wait longer each time instead of filling the log.
                if pause == 0.0:
                    self._complain(job.__name__, error)
                pause = min(5.0, pause * 2 or 0.2)
            if not done:
                self._wait(max(idle_s, pause))

    def _complain(self, job: str, error: Exception) -> None:
        if isinstance(error, OperationalError | InterfaceError):
            log.warning("%s waits for the database: %s", job, str(error).splitlines()[0])
        else:
            log.error("%s failed and goes on", job, exc_info=error)

    def _wait(self, seconds: float) -> None:
        if self._company.work_came.wait(seconds) and not self._stop.is_set():
            self._company.work_came.clear()

    def answer(self) -> int:
        """Answer what is due on the desk."""
        return inquiries.work(self._company)

    def expire(self) -> int:
        """Release the holds that are over."""
        with self._company.engine.begin() as connection:
            return orders.expire(connection)

    def deliver(self) -> int:
        """Send the webhooks that are due, and note what became of each."""
        if self._company.webhook_secret is None:
            return 0
        with self._company.engine.begin() as connection:
            due = connection.execute(_CLAIM, {"n": BATCH, "lease": LEASE_S}).all()
        if due:
            with ThreadPoolExecutor(max_workers=4) as pool:
                results = list(pool.map(self._send, due))
            with self._company.engine.begin() as connection:
                for statement, values in results:
                    connection.execute(statement, values)
        return len(due)

    def _send(self, row: Row[Any]) -> tuple[Any, dict[str, Any]]:
        now = datetime.now(UTC)
        signature = Webhook(self._company.webhook_secret or "").sign(row.webhook_id, now, row.body)
        headers = {
            "content-type": "application/json",
            "webhook-id": row.webhook_id,
            "webhook-timestamp": str(int(now.timestamp())),
            "webhook-signature": signature,
        }
        try:
            response = self._client.post(row.url, content=row.body.encode(), headers=headers)
        except (httpx2.HTTPError, httpx2.InvalidURL) as error:
            return _FAILED, _failure(row, f"{type(error).__name__}: {error}")
        if response.is_success:
            return _DELIVERED, {"w": row.webhook_id}
        return _FAILED, _failure(row, f"HTTP {response.status_code}")


def _failure(row: Row[Any], error: str) -> dict[str, Any]:
    wait = min(LONGEST_WAIT_S, FIRST_WAIT_S * 2.0 ** min(row.attempts - 1, 10))
    return {"w": row.webhook_id, "e": error[:500], "wait": wait * random.uniform(0.8, 1.2)}
