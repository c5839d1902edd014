"""Checkpoints as rows: made over all heads, linked, and compared with the histories and with pages kept elsewhere."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import timedelta
from pathlib import Path
from uuid import UUID

from sqlalchemy import ARRAY, BigInteger, LargeBinary, Uuid, bindparam, func, insert, select, text
from sqlalchemy.orm import Session, sessionmaker

from permits import dig_tables, witness
from permits import tables as t
from permits.audit import GENESIS, AuditFault, merkle_root
from permits.store import database_now, verify_case
from permits.witness import Checkpoint, Head

_LOCK = 7203219
_COMPARE = text(
    """
    SELECT kept.case_id, kept.n, a.hash IS NULL AS is_missing
      FROM unnest(:chains, :counts, :hashes) AS kept (case_id, n, hash)
      LEFT JOIN permits.audit a ON a.case_id = kept.case_id AND a.n = kept.n
     WHERE a.hash IS DISTINCT FROM kept.hash
     ORDER BY kept.case_id
    """
).bindparams(
    bindparam("chains", type_=ARRAY(Uuid)),
    bindparam("counts", type_=ARRAY(BigInteger)),
    bindparam("hashes", type_=ARRAY(LargeBinary)),
)


def make(session: Session) -> Checkpoint:
    """Make the next checkpoint over the heads as committed now; one at a time."""
    session.execute(select(func.pg_advisory_xact_lock(_LOCK)))
    last = newest(session)
    heads = session.execute(
        select(t.audit_head.c.case_id, t.audit_head.c.n, t.audit_head.c.hash).where(t.audit_head.c.n > 0)
    )
    made = witness.checkpoint_of(
        1 if last is None else last.n + 1,
        database_now(session),
        [(row.case_id, row.n, bytes(row.hash)) for row in heads],
        GENESIS if last is None else last.hash,
    )
    values = {
        "n": made.n,
        "at": made.at,
        "chains": made.chains,
        "entries": made.entries,
        "root": made.root,
        "prev": made.prev,
        "hash": made.hash,
        "heads": witness.pack(made.heads),
    }
    session.execute(insert(t.audit_checkpoint).values(values))
    return made


def newest(session: Session) -> Checkpoint | None:
    """The last checkpoint that was made, with its heads."""
    row = session.execute(select(t.audit_checkpoint).order_by(t.audit_checkpoint.c.n.desc()).limit(1))
    return next(_rows(row), None)


def stored(session: Session, n: int) -> Checkpoint | None:
    """The `n`-th checkpoint with its heads; None when there is none."""
    return next(_rows(session.execute(select(t.audit_checkpoint).where(t.audit_checkpoint.c.n == n))), None)


def _rows(rows: object) -> Iterator[Checkpoint]:
    for row in rows:  # type: ignore[attr-defined]
        bytes_of = {name: bytes(getattr(row, name)) for name in ("root", "prev", "hash")}
        heads = witness.unpack(bytes(row.heads))
        yield Checkpoint(row.n, row.at, row.chains, row.entries, heads=heads, **bytes_of)


def changed_since(session: Session, heads: Sequence[Head]) -> list[AuditFault]:
    """The chains whose history is no longer the one these heads were taken from."""
    if not heads:
        return []
    chains, counts, hashes = zip(*heads, strict=True)
    rows = session.execute(
        _COMPARE, {"chains": list(chains), "counts": list(counts), "hashes": list(hashes)}
    ).all()
    return [
        AuditFault(
            row.case_id, row.n, "cut-since-checkpoint" if row.is_missing else "changed-since-checkpoint"
        )
        for row in rows
    ]


def verify_stored(session: Session) -> tuple[int, list[tuple[int, str]], list[AuditFault]]:
    """How many checkpoints there are, what is wrong with them, and with the histories since the last of them."""
    faults: list[tuple[int, str]] = []
    prev, count, last = GENESIS, 0, None
    for made in _rows(session.execute(select(t.audit_checkpoint).order_by(t.audit_checkpoint.c.n))):
        count += 1
        fault = "checkpoint-missing" if made.n != count else witness.fault_of(made)
        if fault is None and made.prev != prev:
            fault = "link-broken"
        if fault is not None:
            faults.append((made.n, fault))
            break
        prev, last = made.hash, made
    return count, faults, changed_since(session, last.heads) if last is not None else []


def verify_against(
    session: Session, page: Checkpoint, heads: Sequence[Head]
) -> tuple[list[str], list[AuditFault]]:
    """What differs from a page that was kept elsewhere, and, where heads are there, which chains.

    `heads` are the ones kept with the page, or empty: then those in the table are taken, if they have its root.
    """
    mine = stored(session, page.n)
    said: list[str] = []
    if mine is None:
        said.append("checkpoint-missing")
    elif mine.hash != page.hash or witness.fault_of(mine) is not None:
        said.append("checkpoint-differs")
    chosen = tuple(heads) or (mine.heads if mine is not None else ())
    if merkle_root(chosen) != page.root:
        return [*said, "heads-differ"], []
    return said, changed_since(session, chosen)


def verify_others(session: Session) -> tuple[int, list[AuditFault]]:
    """Chains that belong to no case, excavation, plan or report: those of incidents."""
    known = [t.case_.c.case_id, dig_tables.dig.c.dig_id, dig_tables.planned_work.c.plan_id]
    known.append(dig_tables.trench_report.c.report_id)
    head = t.audit_head.c.case_id
    query = select(head).order_by(head)
    for column in known:
        query = query.where(~select(column).where(column == head).exists())
    ids: Sequence[UUID] = session.execute(query).scalars().all()
    faults = [fault for each in ids if (fault := verify_case(session, each)) is not None]
    return len(ids), faults


class NightlyCheckpoint:
    """A chore of the worker: a checkpoint every so many hours, its page and heads beside it for others to fetch."""

    def __init__(self, sessions: sessionmaker[Session], every_h: float, folder: Path, origin: str) -> None:
        self._sessions = sessions
        self._every = timedelta(hours=every_h)
        self._folder = folder
        self._origin = origin

    def __call__(self) -> Checkpoint | None:
        """Make one if the last is older than that; None otherwise. Any number of workers may run."""
        with self._sessions.begin() as session:
            session.execute(select(func.pg_advisory_xact_lock(_LOCK)))
            last_at = session.execute(select(func.max(t.audit_checkpoint.c.at))).scalar_one()
            if last_at is not None and database_now(session) - last_at < self._every:
                return None
            made = make(session)
        write(made, self._folder, witness.note_of(made, self._origin))
        return made


def write(made: Checkpoint, folder: Path, page: str) -> tuple[Path, Path]:
    """The page (to print, sign, send) and the heads (to name a changed chain later) as files."""
    folder.mkdir(parents=True, exist_ok=True)
    stem = f"checkpoint-{made.n:06d}"
    note, heads = folder / f"{stem}.txt", folder / f"{stem}.heads"
    heads.write_text(witness.heads_text(made.heads), encoding="utf-8")
    note.write_text(page, encoding="utf-8")
    return note, heads
