"""One row from the database without a thread: for answers that cost less than the way to a thread and back.

The connections are of the kind that `layers.reads` has (address, session, role), but psycopg2's asynchronous ones.
Whatever is out of the ordinary (none is free, one has died, the statement is refused) is told by None: the caller goes
the ordinary way then, which knows what to do about it. A statement here only reads, so it may be asked again.
"""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Mapping
from contextlib import suppress
from typing import Any, Final

import psycopg2
from psycopg2.extensions import POLL_OK
from psycopg2.extras import wait_select
from sqlalchemy import Engine
from sqlalchemy.exc import SQLAlchemyError

from geo.errors import PanjerehError
from layers.access import ROLE
from layers.reads import MOST_PREPARED, READER, Statement

Row = tuple[Any, ...]
_MOST: Final = 4
# A database that is away is not tried again with every question.
_PAUSE_S: Final = 2.0


class _Line:
    """One connection, with at most one question under way."""

    def __init__(self, connection: Any) -> None:
        self.connection = connection
        self.number = connection.fileno()
        self.prepared: set[str] = set()
        self.cursor: Any = None
        self.answer: asyncio.Future[Row] | None = None

    def ask(self, statement: Statement, values: Mapping[str, Any], answer: asyncio.Future[Row]) -> None:
        """Send the statement, which is prepared once per connection."""
        name, prepare, execute = statement.prepared
        if name not in self.prepared:
            execute = f"{prepare.replace('%', '%%')}; {execute}"
            self.prepared.add(name)
        self.cursor = self.connection.cursor()
        self.answer = answer
        self.cursor.execute(execute, {**statement.values, **values})

    def told(self) -> Row | None:
        """The answer, if all of it has come; psycopg2.Error where there will be none."""
        if self.connection.poll() != POLL_OK:
            return None
        row: Row = self.cursor.fetchone() or ()
        return row


class Lines:
    """The connections of one event loop; every method but `_connect` is called there."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._free: list[_Line] = []
        self._all: set[_Line] = set()
        self._connecting = False
        self._not_before = 0.0
        self._is_closed = False

    async def fetch(self, statement: Statement, values: Mapping[str, Any]) -> Row | None:
        """Return the statement's only row; None where the caller has to ask the ordinary way."""
        if not self._free:
            self._have_one_more()
            return None
        line = self._free.pop()
        answer: asyncio.Future[Row] = asyncio.get_running_loop().create_future()
        try:
            line.ask(statement, values, answer)
            row = await answer
        except psycopg2.Error:
            self._drop(line)
            return None
        except BaseException:  # nobody waits any more, and the answer is still on its way
            self._drop(line)
            raise
        line.answer = None
        if len(line.prepared) >= MOST_PREPARED:
            self._drop(line)
        elif line in self._all:  # it may have died since it answered
            self._free.append(line)
        return row

    def close(self) -> None:
        """End the connections."""
        self._is_closed = True
        for line in tuple(self._all):
            self._drop(line)

    def _readable(self, line: _Line) -> None:
        answer = line.answer
        if answer is None or answer.done():  # something comes unasked, most often the end
            self._drop(line)
            return
        try:
            row = line.told()
        except psycopg2.Error as error:
            answer.set_exception(error)
            return
        if row is not None:
            answer.set_result(row)

    def _drop(self, line: _Line) -> None:
        if line in self._all:
            self._all.discard(line)
            if line in self._free:
                self._free.remove(line)
            asyncio.get_running_loop().remove_reader(line.number)
            line.connection.close()

    def _have_one_more(self) -> None:
        if self._connecting or self._is_closed or len(self._all) >= _MOST:
            return
        loop = asyncio.get_running_loop()
        if loop.time() < self._not_before:
            return
        self._connecting = True
        threading.Thread(target=self._connect, args=(loop,), name="line", daemon=True).start()

    def _connect(self, loop: asyncio.AbstractEventLoop) -> None:
        """Make a connection like the engine's, in a thread of its own."""
        made = None
        with suppress(psycopg2.Error, SQLAlchemyError, PanjerehError):
            pooled = (
                self._engine.raw_connection()
            )  # says whether this server lets us be the application's role
            is_app = bool(pooled.info.get(ROLE))
            pooled.close()
            _, said = self._engine.dialect.create_connect_args(self._engine.url)
            connection = psycopg2.connect(**{**said, "application_name": READER, "async_": True})
            wait_select(connection)
            if is_app:
                cursor = connection.cursor()  # named: it has to live until the answer has come
                cursor.execute(f"SET ROLE {ROLE}")
                wait_select(connection)
            made = _Line(connection)
        with suppress(RuntimeError):  # the loop has ended meanwhile
            loop.call_soon_threadsafe(self._connected, loop, made)

    def _connected(self, loop: asyncio.AbstractEventLoop, line: _Line | None) -> None:
        self._connecting = False
        if line is None:
            self._not_before = loop.time() + _PAUSE_S
            return
        if self._is_closed:
            line.connection.close()
            return
        self._all.add(line)
        loop.add_reader(line.number, self._readable, line)
        self._free.append(line)
