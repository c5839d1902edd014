"""Reading many bytes fast: raw pooled connections in autocommit, one statement, one retry when the database was away.

A statement here only reads, so it may be repeated; therefore connections are not tested before use, which saves
a round trip per request.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property
from hashlib import blake2b
from typing import Any, Final, TypeVar

import psycopg2
from sqlalchemy import Connection, Engine, Executable, make_url
from sqlalchemy.dialects.postgresql.psycopg2 import PGDialect_psycopg2
from sqlalchemy.exc import DBAPIError, OperationalError
from sqlalchemy.orm import Session
from sqlalchemy.pool import PoolProxiedConnection
from sqlalchemy.sql import ClauseElement

from layers.database import make_engine

Result = TypeVar("Result")
Reader = Session | Connection
# Nothing a map client asks may take longer; a filter that would is given up, and said so.
STATEMENT_TIMEOUT_MS = 30_000
# A map request reads a few hundred rows: starting a parallel worker or compiling costs more than the whole answer,
# and so does planning a prepared statement anew for every box.
_SESSION = (
    f"-c statement_timeout={STATEMENT_TIMEOUT_MS} -c max_parallel_workers_per_gather=0 -c jit=off "
    "-c plan_cache_mode=force_generic_plan"
)
READER: Final = "panjereh-ogc"
"""The name of these connections; `layers.layer_changes` in the database looks for it."""
MOST_PREPARED: Final = 200
"""Statements prepared on one connection; after so many it begins anew, for filters are without end."""
_DIALECT = PGDialect_psycopg2()  # type: ignore[no-untyped-call]


@dataclass(frozen=True)
class Statement:
    """A compiled statement: its text with named places, and the values that belong to it already."""

    sql: str
    values: Mapping[str, Any]

    @cached_property
    def prepared(self) -> tuple[str, str, str]:
        """Its name as a prepared statement, how it is prepared, and how it is executed."""
        name = f"pj_{blake2b(self.sql.encode(), digest_size=10).hexdigest()}"
        places = {value: f"${number}" for number, value in enumerate(self.values, start=1)}
        arguments = ", ".join(f"%({value})s" for value in self.values)
        return name, f"PREPARE {name} AS {self.sql % places}", f"EXECUTE {name} ({arguments})"


def compiled(statement: Executable | ClauseElement) -> Statement:
    """Return a statement as the driver takes it; every constant in it stays a bound value."""
    made = statement.compile(dialect=_DIALECT, compile_kwargs={"render_postcompile": True})  # type: ignore[union-attr]
    return Statement(str(made), dict(made.params))


def reading_engine(url: str, *, pool_size: int = 10) -> Engine:
    """Return an engine for `fetch` and `reading`: autocommit, and no test query before each use."""
    address = make_url(url)
    said = " ".join((str(address.query.get("options", "")), _SESSION)).strip()
    return make_engine(
        address.update_query_dict({"options": said}).render_as_string(hide_password=False),
        application_name=READER,
        pool_size=pool_size,
        pool_timeout=5,
        pool_pre_ping=False,
        isolation_level="AUTOCOMMIT",
    )


def connection_of(reader: Reader) -> Connection:
    """The connection that reads: a session's own, in its transaction."""
    return reader.connection() if isinstance(reader, Session) else reader


def _is_lost(connection: Any) -> bool:
    """Whether an error ended the connection: psycopg2 says so by different classes, the connection itself surely."""
    return bool(connection.closed)


def _execute(
    cursor: Any,
    pooled: PoolProxiedConnection,
    statement: Statement,
    bound: Mapping[str, Any],
    before: str = "",
) -> None:
    """Execute a statement that is prepared once per connection: planning costs more than finding one row."""
    name, prepare, execute = statement.prepared
    known = pooled.info.setdefault(READER, set())
    if name not in known:
        if len(known) >= MOST_PREPARED:
            cursor.execute("DEALLOCATE ALL")
            known.clear()
        cursor.execute(prepare)
        known.add(name)
    cursor.execute(before + execute, bound)


def execute_prepared(
    connection: Connection, statement: Statement, values: Mapping[str, Any], *, is_generic: bool = False
) -> list[tuple[Any, ...]]:
    """Return the rows of a statement that is prepared once per connection, in the caller's transaction.

    `is_generic`: by one plan for all values, from here to the end of the transaction.
    """
    pooled = connection.connection
    cursor = pooled.cursor()
    try:
        before = "SET LOCAL plan_cache_mode = force_generic_plan; " if is_generic else ""
        _execute(cursor, pooled, statement, {**statement.values, **values}, before)
        rows: list[tuple[Any, ...]] = list(cursor.fetchall())
        cursor.close()
    except psycopg2.Error as error:
        if not _is_lost(pooled.dbapi_connection):
            raise
        connection.invalidate(error)
        raise OperationalError(None, None, error, connection_invalidated=True) from error
    return rows


def _pooled(engine: Engine) -> Any:
    """A connection of the pool; unlike `engine.connect`, `raw_connection` gives psycopg2's own error of a refusal."""
    try:
        return engine.raw_connection()
    except psycopg2.Error as error:
        raise OperationalError(None, None, error) from error


def fetch(
    engine: Engine,
    statement: Statement,
    values: Mapping[str, Any] | None = None,
    *,
    prepared: bool = False,
    before: str = "",
) -> tuple[Any, ...]:
    """Return the statement's only row; `prepared` where its best plan does not depend on the values.

    `before`: a statement that a prepared one is sent with, in one transaction and with an earlier snapshot; its
    places are filled from the same values.

    Raises sqlalchemy.exc.OperationalError where the database is away or gave up; psycopg2's own errors
    (DataError and its like) where it could not evaluate the statement.
    """
    bound = {**statement.values, **(values or {})}
    for attempt in range(3):
        pooled = _pooled(engine)
        try:
            cursor = pooled.cursor()
            if prepared:
                _execute(cursor, pooled, statement, bound, before)
            else:
                cursor.execute(statement.sql, bound)
            row: tuple[Any, ...] = cursor.fetchone() or ()
            cursor.close()
        except psycopg2.Error as error:
            # After a restart of the database each idle connection is dead: the whole pool is thrown away once.
            is_lost = _is_lost(pooled.dbapi_connection)
            if is_lost:
                pooled.invalidate()
                engine.dispose(close=False)
                if attempt < 2:
                    continue
            if is_lost or isinstance(error, (psycopg2.OperationalError, psycopg2.InterfaceError)):
                raise OperationalError(None, None, error) from error
            raise
        else:
            return row
        finally:
            pooled.close()
    raise AssertionError


def reading(engine: Engine, read: Callable[[Connection], Result]) -> Result:
    """Return what `read` finds; asked again once where the connection had died while it was idle."""
    try:
        with engine.connect() as connection:
            return read(connection)
    except DBAPIError as error:
        if not error.connection_invalidated:
            raise
    with engine.connect() as connection:
        return read(connection)


@contextmanager
def streaming(
    engine: Engine, statement: Statement, values: Mapping[str, Any] | None = None, size: int = 5_000
) -> Iterator[Iterator[Sequence[tuple[Any, ...]]]]:
    """Give the statement's rows in batches from one snapshot, without holding them all in memory."""
    pooled = _pooled(engine)
    raw: Any = pooled.dbapi_connection
    raw.autocommit = False  # a server-side cursor lives in a transaction
    try:
        cursor = raw.cursor("panjereh_export")
        cursor.itersize = size
        cursor.execute(statement.sql, {**statement.values, **(values or {})})
        yield iter(lambda: cursor.fetchmany(size), [])
    finally:
        raw.rollback()
        raw.autocommit = True
        pooled.close()
