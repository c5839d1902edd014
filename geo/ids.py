"""Many ids as one block of bytes: no Python object per id, findable in place, kept in files as they are."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import overload

import numpy as np
import numpy.typing as npt

Bytes = npt.NDArray[np.uint8]
Offsets = npt.NDArray[np.int64]
Numbers = npt.NDArray[np.int32]


@dataclass(frozen=True, slots=True, eq=False)
class Ids(Sequence[str]):
    """A sequence of UTF-8 ids; `offsets` has one entry more than there are ids, ids may repeat.

    `slots` is a hash table of the positions (`geo.kernels.slot_table`). No id holds a zero byte.

    >>> ids = Ids.of(["b", "a", "b"])
    >>> ids[1], list(ids), [found.tolist() for found in ids.find(["b", "x"])]
    ('a', ['b', 'a', 'b'], [[0, 2], []])
    >>> ids.texts(np.array([2, 1], np.int32))
    ['b', 'a']
    """

    blob: Bytes
    offsets: Offsets
    slots: Numbers

    @classmethod
    def of(cls, ids: Iterable[str]) -> Ids:
        """The ids of an iterable."""
        encoded = [one.encode() for one in ids]
        offsets = np.zeros(len(encoded) + 1, dtype=np.int64)
        np.cumsum([len(one) for one in encoded], out=offsets[1:])
        return cls.of_bytes(_bytes(b"".join(encoded)), offsets)

    @classmethod
    def of_bytes(cls, blob: Bytes, offsets: Offsets) -> Ids:
        """The ids that lie in `blob` between each offset and the next."""
        from geo.kernels import slot_table

        return cls(blob, offsets, slot_table(blob, offsets))

    @classmethod
    def unsought(cls, blob: Bytes, offsets: Offsets) -> Ids:
        """Words that are asked for by number only: none is ever found.

        A table of words of which one comes n times (buildings without a name) takes n * n / 2 steps to fill.
        """
        return cls(blob, offsets, np.full(8, -1, dtype=np.int32))

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

    def find(self, wanted: Iterable[str]) -> list[Numbers]:
        """The positions of each wanted id, ascending; none for an id that is not there."""
        from geo.kernels import find_slots

        return [find_slots(self.blob, self.offsets, self.slots, _bytes(one.encode())) for one in wanted]

    def firsts(self, blob: Bytes, offsets: Offsets) -> Numbers:
        """The first position of each id that lies in `blob` between two offsets; -1 for one that is not there."""
        from geo.kernels import first_slots

        found: Numbers = first_slots(self.blob, self.offsets, self.slots, blob, offsets)
        return found

    def texts(self, numbers: Numbers) -> list[str]:
        """The ids at these positions, all made at once."""
        from geo.kernels import in_a_row

        if not len(numbers):
            return []
        row = in_a_row(self.blob, self.offsets, numbers)
        return str(row.tobytes(), "utf-8").split("\0")[:-1]


def _bytes(said: bytes) -> Bytes:
    # writable, as arrays of files are: compiled code is then compiled once for both
    return np.frombuffer(bytearray(said), dtype=np.uint8)


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
        # the last: the empty word
        is_wanted = np.array([*(word in asked for word in self.words), False])
        found: npt.NDArray[np.bool_] = is_wanted[self.codes]
        return found
