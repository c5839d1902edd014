"""Once: a key, its request and its answer are stored in the same transaction as the effect.

draft-ietf-httpapi-idempotency-key-header-07: same key and same request -> the stored answer; same key and
another request -> 422; a request with that key still at work -> 409.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, Engine, text
from sqlalchemy.exc import DBAPIError

from integrations.sandbox.problems import Broken, CompanyProblem, KeyInProgress, KeyReused, Refused


@dataclass(frozen=True, slots=True)
class Reply:
    """An answer as it is sent and stored."""

    status: int
    body: str
    is_problem: bool = False
    is_replay: bool = False


Effect = Callable[[Connection], Reply]
"""What a request does; a refusal is raised before anything is changed."""


def reply(status: int, body: dict[str, Any]) -> Reply:
    """Return the answer that carries a JSON object."""
    return Reply(status, json.dumps(body, ensure_ascii=False, separators=(",", ":")))


def refusal(problem: CompanyProblem) -> Reply:
    """Return the answer that carries a problem document."""
    return Reply(problem.http_status, json.dumps(problem.body(), ensure_ascii=False), is_problem=True)


def fingerprint(operation: str, form: dict[str, Any]) -> str:
    """Return what two requests share exactly when they ask for the same (member order does not matter)."""
    canonical = json.dumps(form, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    return hashlib.sha256(f"{operation}\n{canonical}".encode()).hexdigest()


def once(engine: Engine, key: str, mark: str, our_ref: str, effect: Effect) -> Reply:
    """Run `effect` once for a key and return its answer, now and for every repeat.

    The effect runs in one transaction that also holds the reference's lock, so that a try and a cancel of the
    same order are never at work together. A refusal has no effect and is an answer like any other. Raises
    KeyReused, KeyInProgress, and Broken when the connection is lost at the commit.
    """
    with engine.connect() as connection:
        transaction = connection.begin()
        answer = _stored(connection, key, mark) or _first(connection, key, mark, our_ref, effect)
        try:
            transaction.commit()
        except DBAPIError as error:
            # The one moment in which nobody knows whether it happened; the next repeat will find out.
            raise Broken from error
        return answer


def _stored(connection: Connection, key: str, mark: str) -> Reply | None:
    """The answer this key has already had."""
    if not _lock(connection, key):
        raise KeyInProgress(key=key)
    stored = connection.execute(
        text("SELECT fingerprint, status, body FROM idempotency WHERE key = :k"), {"k": key}
    ).first()
    if stored is None:
        return None
    if stored.fingerprint != mark:
        raise KeyReused(key=key)
    return Reply(stored.status, stored.body, is_problem=stored.status >= 400, is_replay=True)


def _first(connection: Connection, key: str, mark: str, our_ref: str, effect: Effect) -> Reply:
    """The effect happens, and its answer is stored beside it."""
    connection.execute(text("SELECT pg_advisory_xact_lock(hashtextextended(:r, 1))"), {"r": our_ref})
    try:
        answer = effect(connection)
    except Refused as problem:
        answer = refusal(problem)
    connection.execute(
        text("INSERT INTO idempotency (key, fingerprint, status, body) VALUES (:k, :f, :s, :b)"),
        {"k": key, "f": mark, "s": answer.status, "b": answer.body},
    )
    return answer


def _lock(connection: Connection, key: str) -> bool:
    found = connection.execute(text("SELECT pg_try_advisory_xact_lock(hashtextextended(:k, 0))"), {"k": key})
    return bool(found.scalar_one())
