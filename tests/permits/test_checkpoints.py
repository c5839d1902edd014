"""Checkpoints: whoever rewrites everything in the database is still caught by a page that others keep."""

from __future__ import annotations

import base64
import hashlib
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import Engine, text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm import Session

from api.cli import main
from layers.database import make_sessions
from permits import checkpoints, store, witness
from permits.audit import GENESIS, entry_hash, merkle_root
from permits.checkpoints import NightlyCheckpoint
from permits.errors import CheckpointUnreadable, SignatureWrong
from permits.identifiers import new_id
from permits.ports import SYSTEM
from permits.witness import Checkpoint

ORIGIN = "panjereh/test"
NOW = datetime(2026, 3, 2, 9, 30, 15, 42, tzinfo=UTC)


def written(session: Session, entries: int = 3) -> UUID:
    chain = new_id()
    for n in range(entries):
        store.chain(session, chain, SYSTEM, [(f"event.{n}", {"n": n})])
    session.commit()
    return chain


def checkpoint(session: Session) -> Checkpoint:
    made = checkpoints.make(session)
    session.commit()
    return made


def rewrite(session: Session, chain: UUID) -> None:
    """What somebody with every right does: another past, with every hash and the head made to fit."""
    session.execute(text("SET LOCAL session_replication_role = replica"))
    prev = GENESIS
    for entry in store.audit_entries(session, chain):
        changed = replace(entry, body='{"n":9}' if entry.n == 2 else entry.body, prev=prev)
        prev = entry_hash(changed)
        session.execute(
            text("UPDATE permits.audit SET body = :b, prev = :p, hash = :h WHERE case_id = :c AND n = :n"),
            {"b": changed.body, "p": changed.prev, "h": prev, "c": chain, "n": entry.n},
        )
    session.execute(
        text("UPDATE permits.audit_head SET hash = :h WHERE case_id = :c"), {"h": prev, "c": chain}
    )
    session.commit()


def forge(session: Session, kept: Checkpoint) -> None:
    """And the checkpoint too, as it would have been over the new past."""
    heads = [
        (row.case_id, row.n, bytes(row.hash))
        for row in session.execute(text("SELECT case_id, n, hash FROM permits.audit_head"))
    ]
    made = witness.checkpoint_of(kept.n, kept.at, heads, kept.prev)
    session.execute(text("SET LOCAL session_replication_role = replica"))
    session.execute(
        text(
            "UPDATE permits.audit_checkpoint SET root = :r, hash = :h, heads = :s, entries = :e WHERE n = :n"
        ),
        {"r": made.root, "h": made.hash, "s": witness.pack(made.heads), "e": made.entries, "n": made.n},
    )
    session.commit()


def test_t08_a_rewritten_past_is_caught_by_the_page_that_others_keep(session: Session) -> None:
    """T08: chains agree with a consistent forgery; the checkpoint does not, nor does the page elsewhere."""
    good, bad = written(session), written(session)
    made = checkpoint(session)
    page = witness.note_of(made, ORIGIN)
    store.chain(session, good, SYSTEM, [("later", {})])  # going on is no tampering
    session.commit()
    assert checkpoints.verify_stored(session) == (1, [], [])
    assert checkpoints.verify_against(session, witness.read_note(page)[1], ()) == ([], [])

    rewrite(session, bad)
    assert checkpoints.verify_others(session) == (2, [])  # every chain fits again
    _, _, since = checkpoints.verify_stored(session)
    assert [(each.case_id, each.fault) for each in since] == [(bad, "changed-since-checkpoint")]

    forge(session, made)
    assert checkpoints.verify_stored(session) == (1, [], [])  # and so does the table of checkpoints
    origin, kept = witness.read_note(page)
    assert (origin, kept.root, kept.chains, kept.entries) == (ORIGIN, made.root, 2, 6)
    assert checkpoints.verify_against(session, kept, ()) == (["checkpoint-differs", "heads-differ"], [])
    heads = witness.heads_from(witness.heads_text(made.heads))
    said, named = checkpoints.verify_against(session, kept, heads)
    assert (said, [each.case_id for each in named]) == (["checkpoint-differs"], [bad])


def test_t08_a_cut_tail_and_a_lost_checkpoint_are_named(session: Session) -> None:
    """T08: entries cut off with their head, and a checkpoint taken out, are found."""
    chain = written(session)
    first, second = checkpoint(session), checkpoint(session)
    assert (second.n, second.prev, second.root) == (2, first.hash, first.root)
    session.execute(text("SET LOCAL session_replication_role = replica"))
    session.execute(text("DELETE FROM permits.audit WHERE case_id = :c AND n = 3"), {"c": chain})
    session.execute(
        text(
            "UPDATE permits.audit_head h SET n = 2, hash = a.hash FROM permits.audit a"
            " WHERE a.case_id = h.case_id AND a.n = 2"
        )
    )
    session.commit()
    assert checkpoints.verify_others(session) == (1, [])
    assert [each.fault for each in checkpoints.verify_stored(session)[2]] == ["cut-since-checkpoint"]
    session.execute(text("SET LOCAL session_replication_role = replica"))
    session.execute(text("DELETE FROM permits.audit_checkpoint WHERE n = 1"))
    session.commit()
    assert checkpoints.verify_stored(session)[1] == [(2, "checkpoint-missing")]
    assert checkpoints.verify_against(session, first, first.heads)[0] == ["checkpoint-missing"]


def test_checkpoints_cannot_be_changed_by_the_application(session: Session) -> None:
    """T08: no UPDATE, no DELETE; the application's own role cannot even add one."""
    written(session)
    checkpoint(session)
    for statement in ("UPDATE permits.audit_checkpoint SET n = 7", "DELETE FROM permits.audit_checkpoint"):
        with pytest.raises(DBAPIError, match="append-only"):
            session.execute(text(statement))
        session.rollback()
    allowed = session.execute(
        text("SELECT has_table_privilege('panjereh_app', 'permits.audit_checkpoint', 'INSERT')")
    ).scalar_one()
    assert allowed is False


def test_the_page_is_a_signed_note_and_its_signature_is_checked() -> None:
    """C2SP signed-note: text, empty line, signature; whoever has the public half checks it without us."""
    made = witness.checkpoint_of(
        3, NOW, [(UUID(int=2), 4, b"b" * 32), (UUID(int=1), 2, b"a" * 32)], b"p" * 32
    )
    assert made.heads[0][0] == UUID(int=1)
    assert made.root == merkle_root(made.heads)
    pem, other = witness.new_key(), witness.new_key()
    verifier = witness.verifier_of(pem, ORIGIN)
    page = witness.sign(witness.note_of(made, ORIGIN), pem, ORIGIN)
    witness.check_signature(page, verifier)
    assert witness.read_note(page)[1] == replace(made, heads=())
    name, key_id, key = verifier.split("+", 2)
    raw = base64.b64decode(key)
    assert (raw[:1], key_id) == (b"\x01", hashlib.sha256(name.encode() + b"\n" + raw).hexdigest()[:8])
    for wrong in (
        page.replace("entries 6", "entries 7"),
        page.replace("checkpoint 3", "checkpoint 4"),
        page[:-9],
    ):
        with pytest.raises(SignatureWrong):
            witness.check_signature(wrong, verifier)
    with pytest.raises(SignatureWrong):
        witness.check_signature(page, witness.verifier_of(other, ORIGIN))
    with pytest.raises(CheckpointUnreadable):
        witness.read_note(page.replace("entries 6", "entries 7"))
    for text_of in ("", "nonsense", "a\nb\nc\nd"):
        with pytest.raises(CheckpointUnreadable):
            witness.read_note(text_of)


def test_a_checkpoint_every_so_many_hours_by_whichever_worker_is_first(
    engine: Engine, tmp_path: Path
) -> None:
    sessions = make_sessions(engine)
    with sessions() as session:
        written(session)
    first, second = (NightlyCheckpoint(sessions, 24.0, tmp_path / name, ORIGIN) for name in ("a", "b"))
    made = first()
    assert made is not None
    assert second() is None
    assert {path.name for path in (tmp_path / "a").iterdir()} == {
        "checkpoint-000001.txt",
        "checkpoint-000001.heads",
    }
    assert not (tmp_path / "b").exists()
    with sessions.begin() as session:
        session.execute(text("SET LOCAL session_replication_role = replica"))
        session.execute(text("UPDATE permits.audit_checkpoint SET at = at - interval '25 hours'"))
    assert second() is not None


def test_the_commands_make_sign_and_verify(
    database_url: str, session: Session, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: Any
) -> None:
    """T08: key, signed page, and verification against it; a forgery ends with 1 and names the chain."""

    def run(*words: str) -> tuple[int, str, str]:
        monkeypatch.setattr("sys.argv", ["panjereh", "audit", *words])
        with pytest.raises(SystemExit) as ended:
            main()
        told = capsys.readouterr()
        return int(ended.value.code or 0), told.out, told.err

    monkeypatch.setenv("PANJEREH_DATABASE_URL", database_url)
    monkeypatch.setenv("PANJEREH_DATA_DIR", str(tmp_path))
    bad = written(session)
    key = tmp_path / "elsewhere" / "key.pem"
    code, verifier, _ = run("key", "--out", str(key))
    assert (code, key.stat().st_mode & 0o777) == (0, 0o600)
    assert run("key", "--out", str(key))[0] == 2
    assert run("checkpoint", "--key", str(key), "--out", str(tmp_path / "kept"))[0] == 0
    page, heads = (str(tmp_path / "kept" / f"checkpoint-000001.{end}") for end in ("txt", "heads"))
    kept = ("verify", "--checkpoint", page, "--heads", heads, "--verifier", verifier.strip())
    code, said, _ = run(*kept)
    assert (code, said) == (0, "1 chains verified, 0 broken\n1 checkpoints verified, 0 broken\n")
    rewrite(session, bad)
    code, _, wrong = run(*kept)
    assert code == 1
    assert f"{bad} entry 3: changed-since-checkpoint" in wrong
    assert run("verify", "--checkpoint", page, "--verifier", verifier.replace("+", "x+", 1))[0] == 1
