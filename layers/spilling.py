"""What must be known of all rows of a delivery waits in temporary files: memory does not grow with the delivery."""

from __future__ import annotations

import hashlib
import os
import tempfile
import weakref
from collections.abc import Iterable, Iterator
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from layers.readers.records import Hashes, repeated

# So much waits in memory before it is written down.
HELD_BYTES: Final = 4 << 20
# Numbers that are as good as random fall into so many parts of about the same size.
_PARTS: Final = 256
_DIGEST: Final = 16

Records = npt.NDArray[Any]


class Spill:
    """Records of one or more fixed types, in buckets; one bucket, or one block as it was added, is read at a time.

    The file has no name and ends with the object.
    """

    def __init__(self, buckets: int, *dtypes: npt.DTypeLike) -> None:
        self._buckets = buckets
        self._dtypes = [np.dtype(each) for each in dtypes]
        self._waiting: list[list[tuple[Records, Records]]] = [[] for _ in dtypes]
        self._held = 0
        self._file: int | None = None
        self._end = 0
        # For each block and type: where it begins in the file, and the bounds of the buckets in it (records).
        self._blocks: list[list[tuple[int, npt.NDArray[np.int64]]]] = []

    def add(self, *parts: tuple[Records, Records]) -> None:
        """Take records of each type, with the bucket of each."""
        for waiting, part in zip(self._waiting, parts, strict=True):
            waiting.append(part)
            self._held += part[0].nbytes + part[1].nbytes
        if self._held > HELD_BYTES:
            self._flush()

    def bucket(self, number: int) -> list[Records]:
        """The records of a bucket, of each type, in the order in which they were added."""
        self._flush()
        made = []
        for at, dtype in enumerate(self._dtypes):
            parts = [np.empty(0, dtype)]
            for start, bounds in (block[at] for block in self._blocks):
                first, last = bounds[number : number + 2].tolist()
                parts.append(self._read(start + first * dtype.itemsize, last - first, dtype))
            made.append(np.concatenate(parts))
        return made

    def blocks(self) -> Iterator[list[Records]]:
        """The records as they were added, of each type, some megabytes at a time; by buckets within a block."""
        self._flush()
        for block in self._blocks:
            yield [
                self._read(start, int(bounds[-1]), dtype)
                for (start, bounds), dtype in zip(block, self._dtypes, strict=True)
            ]

    @property
    def is_short(self) -> bool:
        """Whether all of it is still in memory: one block holds everything."""
        return not self._blocks

    def _flush(self) -> None:
        if not self._held:
            return
        block = []
        for at, waiting in enumerate(self._waiting):
            buckets = np.concatenate([part[0] for part in waiting])
            records = np.concatenate([part[1] for part in waiting]).astype(self._dtypes[at], copy=False)
            waiting.clear()
            counts = np.bincount(buckets, minlength=self._buckets)
            if self._buckets > 1:
                small = np.uint16 if self._buckets <= 1 << 16 else np.int64  # such are sorted faster
                records = records[np.argsort(buckets.astype(small), kind="stable")]
            block.append((self._end, np.concatenate(([0], np.cumsum(counts)))))
            self._write(records)
        self._blocks.append(block)
        self._held = 0

    def _write(self, records: Records) -> None:
        if self._file is None:
            self._file, name = tempfile.mkstemp(prefix="panjereh-")
            os.unlink(name)  # noqa: PTH108 - it goes with its last user, whatever becomes of us
            weakref.finalize(self, os.close, self._file)
        rest = _bytes(np.ascontiguousarray(records))
        while rest:
            written = os.pwrite(self._file, rest, self._end)
            self._end += written
            rest = rest[written:]

    def _read(self, start: int, count: int, dtype: np.dtype[Any]) -> Records:
        made = np.empty(count, dtype)
        rest = _bytes(made)
        while rest:
            assert self._file is not None
            got = os.preadv(self._file, [rest], start)
            if not got:
                raise EOFError(start)
            start += got
            rest = rest[got:]
        return made


def _bytes(records: Records) -> memoryview:
    return records.view(np.uint8).reshape(-1).data if len(records) else memoryview(b"")


class Repeated:
    """Numbers, as good as random, of which only those are asked for that come more than once; 0 is none."""

    def __init__(self) -> None:
        self._spill = Spill(_PARTS, np.uint64)

    def add(self, numbers: Hashes) -> None:
        """Take some numbers."""
        self._spill.add(((numbers >> np.uint64(56)).astype(np.uint8), numbers))

    def found(self) -> Hashes:
        """Those that came more than once, in order."""
        if self._spill.is_short:
            return repeated(
                np.concatenate([np.empty(0, np.uint64), *(block[0] for block in self._spill.blocks())])
            )
        return np.concatenate([repeated(self._spill.bucket(part)[0]) for part in range(_PARTS)])


class Digests:
    """Hashes of rows; together they tell the rows apart, in whatever order they came."""

    def __init__(self) -> None:
        self._spill = Spill(_PARTS, f"S{_DIGEST}")

    def add(self, rows: Iterable[bytes | memoryview]) -> None:
        """Take the bytes of some rows."""
        made = bytearray()
        for row in rows:
            made += hashlib.blake2b(row, digest_size=_DIGEST).digest()
        digests = np.frombuffer(made, dtype=f"S{_DIGEST}")
        self._spill.add((np.frombuffer(made, dtype=np.uint8)[::_DIGEST], digests))

    def whole(self) -> str:
        """One hash of all of them in order."""
        made = hashlib.sha256()
        for part in range(_PARTS):
            made.update(np.sort(self._spill.bucket(part)[0]).view(np.uint8).data)
        return made.hexdigest()
