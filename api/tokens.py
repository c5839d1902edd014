"""Tokens and browser sessions in the database, as hashes only."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Final, Literal
from uuid import UUID

from sqlalchemy import Engine, LargeBinary, bindparam, text
from sqlalchemy.orm import Session

from api.security import Holder
from api.settings import new_secret
from layers.reads import Statement, compiled, fetch
from permits.identifiers import new_id
from permits.vocabulary import Role


def hashed(secret: str) -> bytes:
    """SHA-256 of a secret. The secrets are 256 random bits, so no slow hash is needed."""
    return hashlib.sha256(secret.encode("utf-8")).digest()


def create_token(
    session: Session,
    actor_id: str,
    role: Role,
    *,
    name: str | None = None,
    agency: str | None = None,
    city_id: str | None = None,
    secret: str | None = None,
) -> str:
    """Store a token for the actor and return it: the only moment it can be read.

    A `secret` given by the caller (the demonstration's kept token) is stored once and stays as it was.
    """
    token = secret or new_secret()
    session.execute(
        text(
            "INSERT INTO access.token (token_id, token_hash, actor_id, name, role, agency, city_id)"
            " VALUES (:token_id, :token_hash, :actor_id, :name, :role, :agency, :city_id)"
            " ON CONFLICT (token_hash) DO NOTHING"
        ),
        {
            "token_id": new_id(),
            "token_hash": hashed(token),
            "actor_id": actor_id,
            "name": name or actor_id,
            "role": role.value,
            "agency": agency,
            "city_id": city_id,
        },
    )
    return token


_HOLDER_COLUMNS = "t.actor_id, t.name, t.role, t.agency, t.city_id"
_LIVE = "t.revoked_at IS NULL AND (t.expires_at IS NULL OR t.expires_at > now())"
_BY_TOKEN = text(f"SELECT {_HOLDER_COLUMNS} FROM access.token t WHERE t.token_hash = :hash AND {_LIVE}")  # noqa: S608
_BY_SESSION = text(
    f"SELECT {_HOLDER_COLUMNS} FROM access.browser_session s JOIN access.token t USING (token_id)"  # noqa: S608
    f" WHERE s.session_hash = :hash AND s.expires_at > now() AND {_LIVE}"
)

_FAST: Final[Mapping[str, Statement]] = {
    "bearer": compiled(_BY_TOKEN.bindparams(bindparam("hash", type_=LargeBinary))),
    "cookie": compiled(_BY_SESSION.bindparams(bindparam("hash", type_=LargeBinary))),
}


def token_holder(session: Session, token: str) -> Holder | None:
    """Who holds a bearer token; None when unknown, expired or revoked."""
    return _holder(session, _BY_TOKEN, token, "bearer")


def holder_in(session: Session, secret: str, via: Literal["bearer", "cookie"]) -> Holder | None:
    """Who holds a bearer token or a browser session; None when unknown, expired, or its token was revoked."""
    return _holder(session, _BY_TOKEN if via == "bearer" else _BY_SESSION, secret, via)


def holder_of(engine: Engine, secret: str, via: Literal["bearer", "cookie"]) -> Holder | None:
    """Who holds a bearer token or a browser session, by one prepared statement on a reading engine's connection.

    Asked anew for every request, so that whoever is revoked is out at once.
    """
    row = fetch(engine, _FAST[via], {"hash": hashed(secret)}, prepared=True)
    if not row:
        return None
    actor_id, name, role, agency, city_id = row
    return Holder(actor_id, name, Role(role), agency, city_id, via)


def _holder(
    session: Session, statement: object, secret: str, via: Literal["bearer", "cookie"]
) -> Holder | None:
    row = session.execute(statement, {"hash": hashed(secret)}).one_or_none()  # type: ignore[call-overload]
    if row is None:
        return None
    return Holder(
        actor_id=row.actor_id,
        name=row.name,
        role=Role(row.role),
        agency=row.agency,
        city_id=row.city_id,
        via=via,
    )


def open_session(session: Session, token: str, hours: float) -> tuple[str, datetime] | None:
    """A new browser session for a live token: its secret and end. None when the token is not live."""
    secret = new_secret()
    row = session.execute(
        text(
            "INSERT INTO access.browser_session (session_hash, token_id, expires_at)"
            " SELECT :session_hash, t.token_id, now() + :lifetime FROM access.token t"
            " WHERE t.token_hash = :token_hash AND t.revoked_at IS NULL"
            " AND (t.expires_at IS NULL OR t.expires_at > now()) RETURNING expires_at"
        ),
        {"session_hash": hashed(secret), "token_hash": hashed(token), "lifetime": timedelta(hours=hours)},
    ).one_or_none()
    if row is None:
        return None
    session.execute(text("DELETE FROM access.browser_session WHERE expires_at < now()"))
    return secret, row.expires_at


def close_session(session: Session, secret: str) -> None:
    """The browser session is no more; no error when it was not there."""
    session.execute(
        text("DELETE FROM access.browser_session WHERE session_hash = :hash"), {"hash": hashed(secret)}
    )


def revoke_tokens(session: Session, actor_id: str) -> int:
    """Every live token of the actor is revoked, and with them their sessions; returns how many."""
    result = session.execute(
        text(
            "UPDATE access.token SET revoked_at = now() WHERE actor_id = :actor_id AND revoked_at IS NULL"
            " RETURNING token_id"
        ),
        {"actor_id": actor_id},
    )
    ids: list[UUID] = list(result.scalars())
    return len(ids)
