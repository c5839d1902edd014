"""The history chain: the database and an independent reckoning agree, and every tampering is named."""

from __future__ import annotations

import hashlib
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import Engine, text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm import Session

from layers.database import make_sessions
from permits import store
from permits.audit import GENESIS, AuditEntry, canonical, entry_hash, instant_text, merkle_root, verify_chain
from permits.identifiers import new_id
from permits.ports import SYSTEM, Actor
from permits.vocabulary import Role
from tests.permits.town import ready, submit

NOW = datetime(2026, 3, 2, 9, 30, 15, 42, tzinfo=UTC)
ODD = {"متن": "پنجره", "n": 1.5, "z": [True, None, "\u2028"], "a": {"b": -0.0}}


def written(session: Session, events: int = 5) -> UUID:
    case_id = new_id()
    for n in range(events):
        actor = Actor(f"مریم-{n}", Role.OFFICER, on_behalf_of="desk 3") if n % 2 else SYSTEM
        store.chain(session, case_id, actor, [(f"event.{n}", {**ODD, "i": n}), (f"more.{n}", {})])
    session.commit()
    return case_id


def test_the_database_chains_as_the_verifier_reckons(session: Session) -> None:
    case_id = written(session)
    entries = store.audit_entries(session, case_id)
    assert [e.n for e in entries] == list(range(1, 11))
    assert entries[0].prev == GENESIS
    assert all(e.hash == entry_hash(e) for e in entries)
    assert store.verify_case(session, case_id) is None


def test_the_hash_needs_nothing_but_sha256(session: Session) -> None:
    """An outsider's reckoning from the exported columns, written out by hand."""
    case_id = written(session, 1)
    entry = store.audit_entries(session, case_id)[0]
    parts = [
        "panjereh-audit-1",
        str(case_id),
        "1",
        instant_text(entry.at),
        entry.actor,
        entry.on_behalf_of,
        entry.event,
        entry.body,
    ]
    blob = b"".join(len(p.encode()).to_bytes(4, "big") + p.encode() for p in parts)
    blob += (32).to_bytes(4, "big") + bytes(32)
    assert hashlib.sha256(blob).digest() == entry.hash


@pytest.mark.parametrize(
    "statement",
    ["UPDATE permits.audit SET event = 'x'", "DELETE FROM permits.audit", "TRUNCATE permits.audit"],
)
def test_the_history_is_append_only(session: Session, statement: str) -> None:
    written(session, 1)
    with pytest.raises(DBAPIError, match="append-only"):
        session.execute(text(statement))


TAMPERINGS = {
    "UPDATE permits.audit SET body = replace(body, '1.5', '1.6') WHERE n = 3": "entry-changed",
    "UPDATE permits.audit SET event = 'event.x' WHERE n = 4": "entry-changed",
    "UPDATE permits.audit SET actor = 'officer:other' WHERE n = 4": "entry-changed",
    "UPDATE permits.audit SET on_behalf_of = 'y' WHERE n = 4": "entry-changed",
    "UPDATE permits.audit SET at = at + interval '1 microsecond' WHERE n = 4": "entry-changed",
    "UPDATE permits.audit SET hash = sha256('x') WHERE n = 4": "entry-changed",
    "UPDATE permits.audit SET prev = sha256('x') WHERE n = 4": "link-broken",
    "DELETE FROM permits.audit WHERE n = 4": "entry-missing",
    "DELETE FROM permits.audit WHERE n = 1": "entry-missing",
    "DELETE FROM permits.audit WHERE n > 8": "head-mismatch",
    "DELETE FROM permits.audit": "chain-missing",
    "UPDATE permits.audit SET n = CASE n WHEN 4 THEN 105 ELSE 4 END WHERE n IN (4, 5)": "link-broken",
    "UPDATE permits.audit a SET body = b.body FROM permits.audit b WHERE a.n = 4 AND b.n = 5": "entry-changed",
}


@pytest.mark.parametrize(("statement", "fault"), TAMPERINGS.items())
def test_every_tampering_is_named(session: Session, statement: str, fault: str) -> None:
    case_id = written(session)
    session.execute(text("ALTER TABLE permits.audit DISABLE TRIGGER audit_append_only"))
    session.execute(text(statement))
    found = store.verify_case(session, case_id)
    assert found is not None
    assert (found.case_id, found.fault) == (case_id, fault)


def test_all_chains_at_once(session: Session) -> None:
    good, bad = submit(session).case_id, ready(session, "P-2").case_id
    assert store.verify_all(session) == (2, [])
    session.execute(text("ALTER TABLE permits.audit DISABLE TRIGGER audit_append_only"))
    session.execute(text("UPDATE permits.audit SET event = 'x' WHERE n = 2 AND case_id = :c"), {"c": bad})
    count, faults = store.verify_all(session)
    assert count == 2
    assert [(f.case_id, f.n, f.fault) for f in faults] == [(bad, 2, "entry-changed")]
    assert good != bad


def test_concurrent_writers_make_one_chain(engine: Engine) -> None:
    import threading

    sessions = make_sessions(engine)
    case_id = new_id()
    with sessions.begin() as session:
        store.chain(session, case_id, SYSTEM, [("start", {})])

    def write(name: int) -> None:
        for n in range(20):
            with sessions.begin() as session:
                store.chain(session, case_id, SYSTEM, [("e", {"w": name, "n": n})])

    threads = [threading.Thread(target=write, args=(i,)) for i in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    with sessions() as session:
        assert len(store.audit_entries(session, case_id)) == 81
        assert store.verify_case(session, case_id) is None


def test_a_rolled_back_change_leaves_no_entry(session: Session) -> None:
    case_id = written(session, 1)
    store.chain(session, case_id, SYSTEM, [("never", {})])
    session.rollback()
    assert [e.event for e in store.audit_entries(session, case_id)] == ["event.0", "more.0"]
    assert store.verify_case(session, case_id) is None


def entry(n: int, prev: bytes, **changes: Any) -> AuditEntry:
    values: dict[str, Any] = {
        "case_id": UUID(int=7), "n": n, "at": NOW, "actor": "a", "on_behalf_of": "", "event": "e",
        "body": "{}", "prev": prev, "hash": b"",
    }  # fmt: skip
    bare = AuditEntry(**(values | changes))
    return AuditEntry(**(values | changes | {"hash": entry_hash(bare)}))


@given(st.text(), st.text(), st.text(), st.text())
def test_fields_cannot_run_into_each_other(a: str, b: str, c: str, d: str) -> None:
    """Moving a character from one field to the next changes the hash: each field has its length before it."""
    one = entry(
        1, GENESIS, actor=a.encode("utf-8", "replace").decode(), event=b.encode("utf-8", "replace").decode()
    )
    two = entry(
        1, GENESIS, actor=c.encode("utf-8", "replace").decode(), event=d.encode("utf-8", "replace").decode()
    )
    assert (one.hash == two.hash) == ((one.actor, one.event) == (two.actor, two.event))


def test_pure_chain_and_empty_chain() -> None:
    first = entry(1, GENESIS)
    second = entry(2, first.hash)
    assert verify_chain([first, second], (2, second.hash)) is None
    assert verify_chain([]) is None
    fault = verify_chain([first, second], (3, second.hash))
    assert fault is not None
    assert fault.fault == "head-mismatch"


def test_canonical_is_rfc_8785() -> None:
    assert canonical({"b": 1, "a": [1.0, 1e21, "é"]}) == '{"a":[1,1e+21,"é"],"b":1}'


def test_merkle_root_is_rfc_6962_and_depends_on_every_head() -> None:
    heads = [(UUID(int=i), i + 1, bytes([i]) * 32) for i in range(7)]
    root = merkle_root(heads)
    assert root == merkle_root(reversed(heads))
    assert merkle_root([]) == hashlib.sha256(b"").digest()
    changed = [(c, n, h if i != 3 else bytes(32)) for i, (c, n, h) in enumerate(heads)]
    assert merkle_root(changed) != root
    assert merkle_root(heads[:-1]) != root
    leaf = [hashlib.sha256(b"\x00" + c.bytes + n.to_bytes(8, "big") + h).digest() for c, n, h in heads[:3]]
    pair = hashlib.sha256(b"\x01" + leaf[0] + leaf[1]).digest()
    assert merkle_root(heads[:3]) == hashlib.sha256(b"\x01" + pair + leaf[2]).digest()
