"""Each case's history as a hash chain: what was written cannot be changed, dropped or swapped unnoticed.

Every entry hashes its own fields and the hash before it. The body is RFC 8785 canonical JSON kept as text,
so that any language can verify an export with nothing but SHA-256. The database function
`permits.audit_add` computes the same. A chain alone does not show a cut tail or a removed case: the heads
that were given out (`audit_head` on every case view, the count in `permits.audit_head`, checkpoints over
all heads) do.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from uuid import UUID

import rfc8785

from permits.ports import Json

SCHEMA = "panjereh-audit-1"
GENESIS = bytes(32)


@dataclass(frozen=True, slots=True)
class AuditEntry:
    """One entry as stored; `n` counts from 1 within the case."""

    case_id: UUID
    n: int
    at: datetime
    actor: str
    on_behalf_of: str
    event: str
    body: str
    prev: bytes
    hash: bytes


@dataclass(frozen=True, slots=True)
class AuditFault:
    """The first thing wrong in a chain, and where."""

    case_id: UUID
    n: int
    fault: str


def canonical(body: Json) -> str:
    """The RFC 8785 text of `body`."""
    return rfc8785.dumps(body).decode()


def instant_text(at: datetime) -> str:
    """The instant as it is hashed: UTC with microseconds and Z."""
    return at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")


def entry_hash(entry: AuditEntry) -> bytes:
    """SHA-256 over the fields, each preceded by its length in bytes (4 bytes, big-endian)."""
    texts = (
        SCHEMA,
        str(entry.case_id),
        str(entry.n),
        instant_text(entry.at),
        entry.actor,
        entry.on_behalf_of,
        entry.event,
        entry.body,
    )
    digest = hashlib.sha256()
    for field in (*(text.encode() for text in texts), entry.prev):
        digest.update(len(field).to_bytes(4, "big"))
        digest.update(field)
    return digest.digest()


def verify_chain(entries: Sequence[AuditEntry], head: tuple[int, bytes] | None = None) -> AuditFault | None:
    """The first fault of one case's chain, or None; `head` (count, hash) also catches a cut tail."""
    prev = GENESIS
    for i, entry in enumerate(entries, start=1):
        fault = _fault_of(entry, i, prev)
        if fault is not None:
            return AuditFault(entry.case_id, entry.n, fault)
        prev = entry.hash
    if head is not None and entries and head != (len(entries), prev):
        return AuditFault(entries[0].case_id, len(entries), "head-mismatch")
    return None


def _fault_of(entry: AuditEntry, n: int, prev: bytes) -> str | None:
    if entry.n != n:
        return "entry-missing"
    if entry.prev != prev:
        return "link-broken"
    if entry_hash(entry) != entry.hash:
        return "entry-changed"
    return None


def merkle_root(heads: Iterable[tuple[UUID, int, bytes]]) -> bytes:
    """The RFC 6962 root over all case heads, ordered by case id: one value that stands for every history."""
    leaves = [
        hashlib.sha256(b"\x00" + case_id.bytes + n.to_bytes(8, "big") + head).digest()
        for case_id, n, head in sorted(heads)
    ]
    return _merkle(leaves)


def _merkle(leaves: Sequence[bytes]) -> bytes:
    if not leaves:
        return hashlib.sha256(b"").digest()
    if len(leaves) == 1:
        return leaves[0]
    split = 1 << (len(leaves) - 1).bit_length() - 1
    return hashlib.sha256(b"\x01" + _merkle(leaves[:split]) + _merkle(leaves[split:])).digest()
