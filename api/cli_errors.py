"""What the terminal is told when a command cannot go on: one line in each language, never a traceback."""

from __future__ import annotations

from typing import Final

import psycopg2
from psycopg2 import errors as pg
from sqlalchemy.exc import DBAPIError, InterfaceError, OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeout

from api import i18n

DATABASE: Final = 2
"""The exit code when the database does not answer, or is not the one of this version."""

_AWAY = (PoolTimeout, OperationalError, InterfaceError, psycopg2.OperationalError, psycopg2.InterfaceError)
_NOT_MIGRATED = (pg.UndefinedTable, pg.InvalidSchemaName, pg.UndefinedFunction, pg.UndefinedColumn)


def told(error: BaseException) -> list[str]:
    """What to say of a failed connection or a schema that is not there; empty for any other error."""
    message_id = _message_of(error)
    if message_id is None:
        return []
    cause = getattr(error, "orig", None) or error
    reason = " ".join(str(cause).split("\n", 1)[0].split()) or type(cause).__name__
    return [i18n.plain(language, message_id, {"reason": reason}) for language in i18n.LANGUAGES]


def _message_of(error: BaseException) -> str | None:
    if isinstance(error, DBAPIError) and isinstance(error.orig, _NOT_MIGRATED):
        return "cli-schema-missing"
    is_lost = isinstance(error, DBAPIError) and error.connection_invalidated
    return "cli-database-away" if is_lost or isinstance(error, _AWAY) else None
