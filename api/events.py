"""Case changes, live: one listening connection per process, fanned out to every open browser.

The notification only says *that* a case changed; what it says now is read through the guarded resources.
"""

from __future__ import annotations

import asyncio
import json
import logging
import select
import threading
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from typing import Any, Final

import psycopg2
from sqlalchemy import Engine
from sqlalchemy.exc import SQLAlchemyError

log = logging.getLogger("panjereh.events")
CHANNEL: Final = "panjereh_case"
HEARTBEAT_S: Final = 15.0
QUEUE_LENGTH: Final = 256
_POLL_S: Final = 1.0


@dataclass(frozen=True, slots=True, eq=False)
class Subscriber:
    """One open stream: its city, and the loop and queue of its request."""

    city_id: str
    loop: asyncio.AbstractEventLoop
    queue: asyncio.Queue[str] = field(default_factory=lambda: asyncio.Queue(QUEUE_LENGTH))

    def offer(self, message: str) -> None:
        """Hand a message over from any thread; a reader that lags is told to read everything again."""
        self.loop.call_soon_threadsafe(self._put, message)

    def _put(self, message: str) -> None:
        if self.queue.full():
            while not self.queue.empty():
                self.queue.get_nowait()
            message = frame("resync", {})
        self.queue.put_nowait(message)


def frame(event: str, data: dict[str, Any]) -> str:
    """One event in the text/event-stream form."""
    return f"event: {event}\ndata: {json.dumps(data, separators=(',', ':'))}\n\n"


class Listener:
    """The background thread that listens on the channel and survives restarts of the database."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._subscribers: set[Subscriber] = set()
        self._lock = threading.Lock()
        self._stop = threading.Event()
        self._thread: threading.Thread | None = None

    def start(self) -> None:
        """Listening begins; idempotent."""
        if self._thread is None:
            self._thread = threading.Thread(target=self._run, name="case-events", daemon=True)
            self._thread.start()

    def stop(self) -> None:
        """Listening ends and every open stream ends with it."""
        self._stop.set()
        self._tell(None, "")
        if self._thread is not None:
            self._thread.join(timeout=5)

    async def stream(self, city_id: str) -> AsyncIterator[str]:
        """The events of one city, with a comment as heartbeat while nothing happens."""
        subscriber = Subscriber(city_id, asyncio.get_running_loop())
        with self._lock:
            self._subscribers.add(subscriber)
        try:
            yield "retry: 2000\n\n" + frame("hello", {"city": city_id})
            while not self._stop.is_set():
                try:
                    message = await asyncio.wait_for(subscriber.queue.get(), HEARTBEAT_S)
                except TimeoutError:
                    message = ": still here\n\n"
                if message:
                    yield message
        finally:
            with self._lock:
                self._subscribers.discard(subscriber)

    def _run(self) -> None:
        while not self._stop.is_set():
            try:
                self._listen()
            except (psycopg2.Error, SQLAlchemyError, OSError) as error:
                log.warning("event connection lost, trying again: %s", type(error).__name__)
                self._stop.wait(_POLL_S)

    def _listen(self) -> None:
        pooled = self._engine.raw_connection()
        pooled.detach()  # its own connection: a LISTEN must never return to the pool
        connection: Any = pooled.dbapi_connection
        try:
            connection.set_session(autocommit=True)
            with connection.cursor() as cursor:
                cursor.execute(f"LISTEN {CHANNEL}")
            # What happened while nobody listened is unknown here: browsers read again.
            self._tell(None, frame("resync", {}))
            while not self._stop.is_set():
                if select.select([connection], [], [], _POLL_S)[0]:
                    self._receive(connection)
        finally:
            connection.close()

    def _receive(self, connection: Any) -> None:
        connection.poll()
        while connection.notifies:
            payload = connection.notifies.pop(0).payload
            try:
                data = json.loads(payload)
                city = str(data["city"])
            except (ValueError, KeyError, TypeError):
                log.warning("notification not understood, dropped")
                continue
            self._tell(city, frame(str(data.pop("event", "case")), data))

    def _tell(self, city_id: str | None, message: str) -> None:
        """To the streams of one city, or of all."""
        with self._lock:
            subscribers = [each for each in self._subscribers if city_id in {None, each.city_id}]
        for subscriber in subscribers:
            try:
                subscriber.offer(message)
            except RuntimeError:  # its loop has just ended
                continue
