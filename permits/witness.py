"""One value that stands for every history, as a page that can be printed, signed and kept by others.

A checkpoint is the Merkle root over the heads of all chains, linked to the checkpoint before. Written as a signed note
(C2SP signed-note with Ed25519) it needs nothing of ours to be checked: whoever keeps it can later show that an entry,
a tail or a whole chain was changed, also by somebody who rewrote every table consistently.
"""

from __future__ import annotations

import base64
import hashlib
import zlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from uuid import UUID

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from permits.audit import GENESIS, instant_text, merkle_root
from permits.errors import CheckpointUnreadable, SignatureWrong

SCHEMA = "panjereh-checkpoint-1"
Head = tuple[UUID, int, bytes]
"""(chain, number of entries, hash of the newest)."""

_HEAD_BYTES = 16 + 8 + 32
_ED25519 = b"\x01"
_DASH = "\u2014"


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """The heads of all chains at one instant under one root; `hash` covers all but `heads`, which the root does."""

    n: int
    at: datetime
    chains: int
    entries: int
    root: bytes
    prev: bytes
    hash: bytes
    heads: tuple[Head, ...] = field(default=(), repr=False)


def checkpoint_of(n: int, at: datetime, heads: Iterable[Head], prev: bytes = GENESIS) -> Checkpoint:
    """The `n`-th checkpoint over these heads, after the one whose hash is `prev`."""
    kept = tuple(sorted(heads))
    root = merkle_root(kept)
    made = Checkpoint(n, at, len(kept), sum(count for _, count, _ in kept), root, prev, b"", kept)
    return Checkpoint(made.n, made.at, made.chains, made.entries, root, prev, checkpoint_hash(made), kept)


def checkpoint_hash(made: Checkpoint) -> bytes:
    """SHA-256 over the fields, each preceded by its length in bytes (4 bytes, big-endian)."""
    texts = (SCHEMA, str(made.n), instant_text(made.at), str(made.chains), str(made.entries))
    digest = hashlib.sha256()
    for part in (*(text.encode() for text in texts), made.root, made.prev):
        digest.update(len(part).to_bytes(4, "big"))
        digest.update(part)
    return digest.digest()


def fault_of(made: Checkpoint) -> str | None:
    """What is wrong with a checkpoint in itself: its hash, or its heads against its root."""
    if checkpoint_hash(made) != made.hash:
        return "checkpoint-changed"
    if made.heads and (len(made.heads) != made.chains or merkle_root(made.heads) != made.root):
        return "heads-changed"
    return None


def pack(heads: Sequence[Head]) -> bytes:
    """Heads as they are stored beside their checkpoint."""
    return zlib.compress(b"".join(chain.bytes + n.to_bytes(8, "big") + head for chain, n, head in heads))


def unpack(stored: bytes) -> tuple[Head, ...]:
    """The heads that were stored. Raises `CheckpointUnreadable`."""
    try:
        flat = zlib.decompress(stored)
    except zlib.error as error:
        raise CheckpointUnreadable(reason=str(error)) from error
    if len(flat) % _HEAD_BYTES:
        raise CheckpointUnreadable(reason="length")
    cut = (flat[i : i + _HEAD_BYTES] for i in range(0, len(flat), _HEAD_BYTES))
    return tuple((UUID(bytes=one[:16]), int.from_bytes(one[16:24], "big"), one[24:]) for one in cut)


def heads_text(heads: Iterable[Head]) -> str:
    """One line per chain: its id, how many entries, the newest hash."""
    return "".join(f"{chain} {n} {head.hex()}\n" for chain, n, head in heads)


def heads_from(text: str) -> tuple[Head, ...]:
    """The heads of a kept file. Raises `CheckpointUnreadable`."""
    try:
        rows = [line.split() for line in text.splitlines() if line.strip()]
        return tuple((UUID(chain), int(n), bytes.fromhex(head)) for chain, n, head in rows)
    except ValueError as error:
        raise CheckpointUnreadable(reason=str(error)) from error


# --- the page: a note, and its signature


def note_of(made: Checkpoint, origin: str) -> str:
    """The page without a signature: origin, number of chains, root; then what else identifies it, one to a line."""
    lines = (
        origin,
        str(made.chains),
        base64.b64encode(made.root).decode(),
        f"checkpoint {made.n}",
        f"at {instant_text(made.at)}",
        f"entries {made.entries}",
        f"prev {made.prev.hex()}",
        f"hash {made.hash.hex()}",
    )
    return "".join(f"{line}\n" for line in lines)


def read_note(page: str) -> tuple[str, Checkpoint]:
    """The origin and the checkpoint (without heads) of a page. Raises `CheckpointUnreadable`."""
    lines = page.partition("\n\n")[0].splitlines()
    try:
        origin, chains, root = lines[:3]
        said = dict(line.split(" ", 1) for line in lines[3:])
        at = datetime.strptime(said["at"], "%Y-%m-%dT%H:%M:%S.%fZ").replace(tzinfo=UTC)
        made = Checkpoint(
            n=int(said["checkpoint"]),
            at=at,
            chains=int(chains),
            entries=int(said["entries"]),
            root=base64.b64decode(root, validate=True),
            prev=bytes.fromhex(said["prev"]),
            hash=bytes.fromhex(said["hash"]),
        )
    except (ValueError, KeyError) as error:
        raise CheckpointUnreadable(reason=f"{type(error).__name__}: {error}") from error
    if checkpoint_hash(made) != made.hash:
        raise CheckpointUnreadable(reason="checkpoint-changed")
    return origin, made


def new_key() -> bytes:
    """A private key (PEM, PKCS 8): it belongs to somebody who does not keep the database."""
    return Ed25519PrivateKey.generate().private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )


def _private(pem: bytes) -> Ed25519PrivateKey:
    try:
        key = serialization.load_pem_private_key(pem, password=None)
    except (ValueError, TypeError) as error:
        raise CheckpointUnreadable(reason="key") from error
    if not isinstance(key, Ed25519PrivateKey):
        raise CheckpointUnreadable(reason="key")
    return key


def _key_id(name: str, public: bytes) -> bytes:
    return hashlib.sha256(name.encode() + b"\n" + _ED25519 + public).digest()[:4]


def verifier_of(pem: bytes, name: str) -> str:
    """The public half as others keep it: `name+id+key`."""
    public = _private(pem).public_key().public_bytes_raw()
    return f"{name}+{_key_id(name, public).hex()}+{base64.b64encode(_ED25519 + public).decode()}"


def sign(note: str, pem: bytes, name: str) -> str:
    """The note with its signature line."""
    key = _private(pem)
    signature = _key_id(name, key.public_key().public_bytes_raw()) + key.sign(note.encode())
    return f"{note}\n{_DASH} {name} {base64.b64encode(signature).decode()}\n"


def check_signature(page: str, verifier: str) -> None:
    """Return if the page is signed by the holder of this key. Raises `SignatureWrong`, `CheckpointUnreadable`."""
    try:
        name, key_id, encoded = verifier.strip().split("+", 2)
        public = base64.b64decode(encoded, validate=True)[1:]
        key = Ed25519PublicKey.from_public_bytes(public)
    except ValueError as error:
        raise CheckpointUnreadable(reason="verifier") from error
    note, _, signatures = page.partition("\n\n")
    for line in signatures.splitlines():
        dash, signer, signature = (*line.split(" "), "", "", "")[:3]
        if dash != _DASH or signer != name:
            continue
        try:
            raw = base64.b64decode(signature, validate=True)
            key.verify(raw[4:], f"{note}\n".encode())
        except (InvalidSignature, ValueError):
            continue
        if raw[:4].hex() == key_id:
            return
    raise SignatureWrong(signer=name)
