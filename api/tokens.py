"""Tokens and browser sessions in the database, as hashes only.

A web process remembers for a moment who holds a secret, as `layers.served` remembers what a city shows, and as
safely: whoever revokes takes a lock that forbids remembering, waits until what was remembered is forgotten, and only
then commits. So whoever is revoked is out at once.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final, Literal
from uuid import UUID
from weakref import WeakKeyDictionary

from sqlalchemy import Engine, LargeBinary, bindparam, text
from sqlalchemy.orm import Session

from api.security import Holder
from api.settings import new_secret
from layers.reads import Statement, compiled, fetch
from layers.served import LEASE_S, now
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

Via = Literal["bearer", "cookie"]
_WAIT_S: Final = LEASE_S + 0.05
_LOCK: Final = 5_787_463_271_908_801_107
"""The advisory lock of who revokes tokens; of who ends one session it is that session's own."""
_MAY: Final = "panjereh.may_remember"
_MOST_REMEMBERED: Final = 10_000
# First the locks, then a new snapshot: the other way round an old row could be taken for a quiet one.
_TRY_LOCKS: Final = (
    f"SELECT set_config('{_MAY}', (pg_try_advisory_xact_lock_shared({_LOCK})"
    " AND pg_try_advisory_xact_lock_shared(%(own)s))::text, true); "
)


def _fast(statement: str, ends: str) -> Statement:
    seconds_left = f"extract(epoch FROM {ends} - now())"
    more = f", current_setting('{_MAY}', true) = 'true', {seconds_left}::float8 FROM"
    asked = text(statement.replace(" FROM", more, 1))
    return compiled(asked.bindparams(bindparam("hash", type_=LargeBinary)))


_FAST: Final[Mapping[Via, Statement]] = {
    "bearer": _fast(_BY_TOKEN.text, "t.expires_at"),
    "cookie": _fast(_BY_SESSION.text, "least(s.expires_at, t.expires_at)"),
}


@dataclass(frozen=True, slots=True)
class _Remembered:
    until: float
    holder: Holder


_remembered: WeakKeyDictionary[Engine, dict[bytes, _Remembered]] = WeakKeyDictionary()


def _own_lock(digest: bytes) -> int:
    return int.from_bytes(digest[:8], "big", signed=True)


def token_holder(session: Session, token: str) -> Holder | None:
    """Who holds a bearer token; None when unknown, expired or revoked."""
    return _holder(session, _BY_TOKEN, token, "bearer")


def holder_in(session: Session, secret: str, via: Literal["bearer", "cookie"]) -> Holder | None:
    """Who holds a bearer token or a browser session; None when unknown, expired, or its token was revoked."""
    return _holder(session, _BY_TOKEN if via == "bearer" else _BY_SESSION, secret, via)


def remembered(engine: Engine, digest: bytes | None, via: Via) -> Holder | None:
    """Who holds the secret of this hash, if that is remembered: no statement is sent, nothing waits."""
    kept = _remembered.get(engine, {}).get(digest or b"")
    is_live = kept is not None and kept.holder.via == via and now() < kept.until
    return kept.holder if kept is not None and is_live else None


def holder_of(engine: Engine, secret: str, via: Via) -> Holder | None:
    """Who holds a bearer token or a browser session: as remembered, else by one prepared statement.

    `engine` is a reading one. Whoever is revoked is out at once (`revoke_tokens`, `close_session`); a row that is
    changed by hand takes 0.2 s.
    """
    digest = hashed(secret)
    known = remembered(engine, digest, via)
    if known is not None:
        return known
    before = now()
    values = {"hash": digest, "own": _own_lock(digest)}
    row = fetch(engine, _FAST[via], values, prepared=True, before=_TRY_LOCKS)
    if not row:
        return None
    *said, may_remember, seconds_left = row
    actor_id, name, role, agency, city_id = said
    holder = Holder(actor_id, name, Role(role), agency, city_id, via)
    if may_remember:
        kept = _remembered.setdefault(engine, {})
        if len(kept) >= _MOST_REMEMBERED:
            kept.clear()
        lease = LEASE_S if seconds_left is None else min(LEASE_S, seconds_left)
        kept[digest] = _Remembered(before + lease, holder)
    return holder


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
    """The browser session is no more; no error when it was not there.

    To be committed at once: it has waited until no process remembers the session.
    """
    digest = hashed(secret)
    session.execute(text("SELECT pg_advisory_xact_lock(:own)"), {"own": _own_lock(digest)})
    gone = session.execute(
        text("DELETE FROM access.browser_session WHERE session_hash = :hash RETURNING 1"), {"hash": digest}
    )
    if gone.first() is not None:
        session.execute(text("SELECT pg_sleep(:seconds)"), {"seconds": _WAIT_S})


def revoke_tokens(session: Session, actor_id: str) -> int:
    """Every live token of the actor is revoked, and with them their sessions; returns how many.

    To be committed at once: it has waited until no process remembers them.
    """
    session.execute(text("SELECT pg_advisory_xact_lock(:lock)"), {"lock": _LOCK})
    result = session.execute(
        text(
            "UPDATE access.token SET revoked_at = now() WHERE actor_id = :actor_id AND revoked_at IS NULL"
            " RETURNING token_id"
        ),
        {"actor_id": actor_id},
    )
    ids: list[UUID] = list(result.scalars())
    if ids:
        session.execute(text("SELECT pg_sleep(:seconds)"), {"seconds": _WAIT_S})
    return len(ids)
