"""Many words as one block of bytes: found by name, or asked for by number only."""

from __future__ import annotations

import numpy as np

from geo.ids import Ids


def test_words_that_nobody_seeks_have_no_table_to_fill() -> None:
    """However often one word comes (buildings without a name), what is kept of them is its bytes; none is found."""
    names = Ids.of(["", "School", "", "School", ""])
    bare = Ids.unsought(names.blob, names.offsets)
    numbers = np.array([3, 0, 1], dtype=np.int32)
    assert bare.texts(numbers) == names.texts(numbers) == ["School", "", "School"]
    assert list(bare) == list(names)
    assert bare[1:3] == ("School", "")
    assert [found.tolist() for found in names.find(["School", ""])] == [[1, 3], [0, 2, 4]]
    assert [found.tolist() for found in bare.find(["School", ""])] == [[], []]
    assert bare.firsts(names.blob, names.offsets).tolist() == [-1] * 5
    many = Ids.unsought(np.zeros(0, dtype=np.uint8), np.zeros(100_001, dtype=np.int64))
    assert len(many) == 100_000
    assert len(many.slots) == len(bare.slots), "its table does not grow with the words"
