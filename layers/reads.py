"""Reading many bytes fast: raw pooled connections in autocommit, one statement, one retry when the database was away.

A statement here only reads, so it may be repeated; therefore connections are not tested before use, which saves
a round trip per request.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from hashlib import blake2b
from typing import Any

import psycopg2
from sqlalchemy import Engine, Executable
from sqlalchemy.dialects.postgresql.psycopg2 import PGDialect_psycopg2
from sqlalchemy.exc import OperationalError
from sqlalchemy.sql import ClauseElement

from layers.database import make_engine

# Nothing a map client asks may take longer; a filter that would is given up, and said so.
STATEMENT_TIMEOUT_MS = 30_000
_DIALECT = PGDialect_psycopg2()  # type: ignore[no-untyped-call]


@dataclass(frozen=True, slots=True)
class Statement:
    """A compiled statement: its text with named places, and the values that belong to it already."""

    sql: str
    values: Mapping[str, Any]

    @property
    def name(self) -> str:
        """A name for it as a prepared statement."""
        return f"pj_{blake2b(self.sql.encode(), digest_size=10).hexdigest()}"


def compiled(statement: Executable | ClauseElement) -> Statement:
    """Return a statement as the driver takes it; every constant in it stays a bound value."""
    made = statement.compile(dialect=_DIALECT, compile_kwargs={"render_postcompile": True})  # type: ignore[union-attr]
    return Statement(str(made), dict(made.params))


def reading_engine(url: str, *, pool_size: int = 10) -> Engine:
    """Return an engine for `fetch`: autocommit, and no test query before each use."""
    return make_engine(
        url,
        application_name="panjereh-ogc",
        pool_size=pool_size,
        pool_timeout=5,
        pool_pre_ping=False,
        isolation_level="AUTOCOMMIT",
    )


def _is_lost(connection: Any, error: psycopg2.Error) -> bool:
    return isinstance(error, (psycopg2.OperationalError, psycopg2.InterfaceError)) and bool(connection.closed)


def fetch(engine: Engine, statement: Statement, values: Mapping[str, Any] | None = None) -> tuple[Any, ...]:
    """Return the statement's only row.

    Raises sqlalchemy.exc.OperationalError where the database is away or gave up; psycopg2's own errors
    (DataError and its like) where it could not evaluate the statement.
    """
    bound = {**statement.values, **(values or {})}
    for attempt in range(3):
        pooled = engine.raw_connection()
        try:
            cursor = pooled.cursor()
            cursor.execute(statement.sql, bound)
            row: tuple[Any, ...] = cursor.fetchone() or ()
            cursor.close()
        except psycopg2.Error as error:
            # After a restart of the database each idle connection is dead: the whole pool is thrown away once.
            if _is_lost(pooled.dbapi_connection, error):
                pooled.invalidate()
                engine.dispose(close=False)
                if attempt < 2:
                    continue
            if isinstance(error, (psycopg2.OperationalError, psycopg2.InterfaceError)):
                raise OperationalError(None, None, error) from error
            raise
        else:
            return row
        finally:
            pooled.close()
    raise AssertionError


@contextmanager
def streaming(
    engine: Engine, statement: Statement, values: Mapping[str, Any] | None = None, size: int = 5_000
) -> Iterator[Iterator[Sequence[tuple[Any, ...]]]]:
    """Give the statement's rows in batches from one snapshot, without holding them all in memory."""
    pooled = engine.raw_connection()
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
