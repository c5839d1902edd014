"""Many ids as one block of bytes: no Python object per id, findable in place, kept in files as they are."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import overload

import numpy as np
import numpy.typing as npt

Bytes = npt.NDArray[np.uint8]
Offsets = npt.NDArray[np.int64]
Hashes = npt.NDArray[np.uint64]


@dataclass(frozen=True, slots=True, eq=False)
class Ids(Sequence[str]):
    """A sequence of UTF-8 ids; `offsets` has one entry more than there are ids, ids may repeat.

    `hashes` are the ids' hashes in ascending order, `order` the positions they belong to.

    >>> ids = Ids.of(["b", "a", "b"])
    >>> ids[1], list(ids), [found.tolist() for found in ids.find(["b", "x"])]
    ('a', ['b', 'a', 'b'], [[0, 2], []])
    """

    blob: Bytes
    offsets: Offsets
    hashes: Hashes
    order: npt.NDArray[np.int32]

    @classmethod
    def of(cls, ids: Iterable[str]) -> Ids:
        """The ids of an iterable."""
        encoded = [one.encode() for one in ids]
        offsets = np.zeros(len(encoded) + 1, dtype=np.int64)
        np.cumsum([len(one) for one in encoded], out=offsets[1:])
        return cls.of_bytes(np.frombuffer(b"".join(encoded), dtype=np.uint8), offsets)

    @classmethod
    def of_bytes(cls, blob: Bytes, offsets: Offsets) -> Ids:
        """The ids that lie in `blob` between each offset and the next."""
        from geo.kernels import hash_ids

        hashes = hash_ids(blob, offsets)
        order = np.argsort(hashes, kind="stable").astype(np.int32)
        return cls(blob, offsets, hashes[order], order)

    def __len__(self) -> int:
        return len(self.offsets) - 1

    @overload
    def __getitem__(self, index: int) -> str: ...
    @overload
    def __getitem__(self, index: slice) -> tuple[str, ...]: ...
    def __getitem__(self, index: int | slice) -> str | tuple[str, ...]:
        if isinstance(index, slice):
            return tuple(self[at] for at in range(*index.indices(len(self))))
        at = index + len(self) if index < 0 else index
        if not 0 <= at < len(self):
            raise IndexError(index)
        return self.blob[self.offsets[at] : self.offsets[at + 1]].tobytes().decode()

    def find(self, wanted: Sequence[str]) -> list[npt.NDArray[np.int32]]:
        """The positions of each wanted id, ascending; none for an id that is not there."""
        if not wanted:
            return []
        from geo.kernels import hash_ids

        asked = Ids.of(wanted) if len(wanted) > 1 else None
        hashes = hash_ids(asked.blob, asked.offsets) if asked else _hash_of(wanted[0])
        low = np.searchsorted(self.hashes, hashes, side="left").tolist()
        high = np.searchsorted(self.hashes, hashes, side="right").tolist()
        found = []
        for one, first, last in zip(wanted, low, high, strict=True):
            at = [index for index in self.order[first:last].tolist() if self[index] == one]
            found.append(np.array(sorted(at), dtype=np.int32))
        return found


def _hash_of(one: str) -> Hashes:
    from geo.kernels import hash_ids

    encoded = one.encode()
    ends = np.array([0, len(encoded)], dtype=np.int64)
    found: Hashes = hash_ids(np.frombuffer(encoded, dtype=np.uint8), ends)
    return found


@dataclass(frozen=True, slots=True, eq=False)
class Coded(Sequence[str]):
    """A sequence of few different words, by number; -1 stands for the empty word."""

    codes: npt.NDArray[np.int16]
    words: tuple[str, ...]

    def __len__(self) -> int:
        return len(self.codes)

    @overload
    def __getitem__(self, index: int) -> str: ...
    @overload
    def __getitem__(self, index: slice) -> tuple[str, ...]: ...
    def __getitem__(self, index: int | slice) -> str | tuple[str, ...]:
        if isinstance(index, slice):
            return tuple(self._word(code) for code in self.codes[index].tolist())
        return self._word(int(self.codes[index]))

    def _word(self, code: int) -> str:
        return self.words[code] if code >= 0 else ""

    def among(self, wanted: Iterable[str]) -> npt.NDArray[np.bool_]:
        """Where one of these words stands."""
        asked = set(wanted)
        numbers = [code for code, word in enumerate(self.words) if word in asked]
        found: npt.NDArray[np.bool_] = np.isin(self.codes, numbers)
        return found
