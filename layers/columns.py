"""A column of a batch of rows: each distinct value once, and for every row which one it is.

Delivered tables repeat themselves: a few materials, years and kinds for a million pipes. What is done to a value
(converted, checked, written down) is done to each distinct one; a row costs no more than a number in an array.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import date, datetime
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

Mask = npt.NDArray[np.bool_]
Index = npt.NDArray[np.int64]


def plain(value: Any) -> Any:
    """A value of a delivered table as JSON can hold it; None for every kind of nothing."""
    if isinstance(value, np.generic):
        value = value.item()
    if value is None or value is pd.NaT or value is pd.NA:
        return None
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if isinstance(value, str):
        return value.replace("\0", "") if "\0" in value else value  # the database holds no such letter
    if isinstance(value, (date, datetime)):
        return value.isoformat()
    return value if isinstance(value, (int, float, bool)) else str(value)


class Column:
    """Values of one field, in row order; a value may be None. Reads like a sequence.

    `is_tidy`: all values are texts that no reading would change: ASCII letters, none empty, no blanks around them.
    """

    __slots__ = ("index", "is_tidy", "values")

    def __init__(self, values: list[Any], index: Index, *, is_tidy: bool = False) -> None:
        self.values = values
        self.index = index
        self.is_tidy = is_tidy

    @classmethod
    def of(cls, values: Iterable[Any]) -> Column:
        """One value per row, taken as they are."""
        made = list(values)
        return cls(made, np.arange(len(made), dtype=np.int64))

    @classmethod
    def constant(cls, value: Any, rows: int) -> Column:
        """The same value in every row."""
        return cls([value], np.zeros(rows, dtype=np.int64))

    @classmethod
    def from_series(cls, series: pd.Series[Any]) -> Column:
        """A column of a pandas frame."""
        if series.dtype == object:  # 1, True and 1.0 are equal and not the same
            pairs = zip(series, series.isna(), strict=True)
            return cls.of(None if nothing else plain(value) for value, nothing in pairs)
        codes, distinct = pd.factorize(series)
        values = [plain(value) for value in distinct]
        return cls([*values, None], np.where(codes < 0, len(values), codes).astype(np.int64))

    @classmethod
    def from_arrow(cls, array: pa.Array[Any]) -> Column:
        """A column of an Arrow batch."""
        try:
            coded = array.dictionary_encode()
        except pa.ArrowNotImplementedError:  # lists and the like
            return cls.of(plain(value) for value in array.to_pylist())
        is_tidy = pa.types.is_string(array.type) and _are_tidy(coded.dictionary)
        values = coded.dictionary.to_pylist()
        if not is_tidy:
            values = [plain(value) for value in values]
        index = coded.indices.fill_null(len(values)).to_numpy(zero_copy_only=False)
        if coded.null_count:
            values.append(None)
        return cls(values, index.astype(np.int64), is_tidy=is_tidy)

    def __len__(self) -> int:
        return len(self.index)

    def __getitem__(self, row: int) -> Any:
        return self.values[self.index[row]]

    def __iter__(self) -> Iterator[Any]:
        values = self.values
        return (values[at] for at in self.index.tolist())

    def __setitem__(self, row: int, value: Any) -> None:
        self.is_tidy = False
        self.values.append(value)
        self.index[row] = len(self.values) - 1

    def take(self, rows: Index) -> Column:
        """The given rows."""
        return Column(list(self.values), self.index[rows], is_tidy=self.is_tidy)

    def map(self, function: Callable[[Any], Any]) -> Column:
        """What the function makes of each value; it is asked once per distinct one."""
        return Column([function(value) for value in self.values], self.index.copy())

    def where(self, asked: Callable[[Any], bool]) -> Mask:
        """Which rows have a value of which the answer is yes."""
        return np.fromiter((asked(value) for value in self.values), dtype=bool, count=len(self.values))[
            self.index
        ]

    def missing(self) -> Mask:
        """Which rows have no value."""
        if None not in self.values:
            return np.zeros(len(self.index), dtype=bool)
        return self.where(lambda value: value is None)

    def put(self, rows: Mask, value: Any) -> None:
        """Set some rows to one value."""
        self.is_tidy = False
        self.values.append(value)
        self.index[rows] = len(self.values) - 1

    def filled(self, value: Any) -> Column:
        """The column with `value` where there is none."""
        return self.map(lambda given: value if given is None else given)

    def otherwise(self, other: Column) -> Column:
        """The column with the other's values where it has none."""
        place = np.where(self.missing(), other.index + len(self.values), self.index)
        return Column([*self.values, *other.values], place)

    def codes(self) -> npt.NDArray[np.uint64]:
        """A number per row that is the same for equal texts in any batch; 0 where there is none."""
        return codes_of(self.values)[self.index]


def _are_tidy(texts: pa.Array[Any]) -> bool:
    if not len(texts):
        return True
    is_plain = pc.all(pc.string_is_ascii(texts)).as_py() and pc.min(pc.binary_length(texts)).as_py() > 0
    return bool(is_plain and texts.equals(pc.utf8_trim_whitespace(texts)) and b"\0" not in _bytes(texts))


def _bytes(texts: pa.Array[Any]) -> bytes:
    buffer = texts.buffers()[2]
    return b"" if buffer is None else buffer.to_pybytes()


def codes_of(texts: Sequence[str | None]) -> npt.NDArray[np.uint64]:
    """A 64-bit number for each text, 0 for None: two texts of a delivery share one by an accident of 1 in 10^7."""
    nothing = [at for at, text in enumerate(texts) if text is None] if None in texts else []
    array = np.empty(len(texts), dtype=object)
    array[:] = texts
    array[nothing] = ""
    made: npt.NDArray[np.uint64] = pd.util.hash_array(array, categorize=False)
    made[nothing] = 0
    return made
