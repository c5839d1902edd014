"""How a delivery is to be taken: for real or to look at, whole or in parts; and what takes features away."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING, Final

import numpy as np
import numpy.typing as npt

from layers.readers import BATCH_ROWS

if TYPE_CHECKING:
    from layers.mapping import Mapped
    from layers.readers.source import Batch

# A column of an incremental delivery: where it says yes, the feature is gone.
TOMBSTONE: Final = "_deleted"
_YES: Final = frozenset({"1", "true", "t", "yes", "y", "1.0", "بله"})


def _silent(_state: str) -> None:
    return None


@dataclass(frozen=True, slots=True)
class Handling:
    """How one delivery is to be taken.

    `as_of` is the day whose truth the file shows (None: what the configuration says). `preview` does everything
    but publish. `incremental`: the file holds what came or changed; rows with a true `_deleted` take a feature
    away. `delivery_id` is that of the receipt, where there is one. `progress` is told each state. `batch_rows` are
    in memory at once.
    """

    as_of: date | None = None
    preview: bool = False
    incremental: bool = False
    delivery_id: int | None = None
    file_name: str | None = None
    progress: Callable[[str], None] = _silent
    batch_rows: int = BATCH_ROWS


def without_tombstones(batch: Batch, mapped: Mapped) -> tuple[Mapped, tuple[str, ...]]:
    """Return the rows that are features, and the ids of those that an incremental delivery takes away."""
    if TOMBSTONE not in batch.columns:
        return mapped, ()
    said = batch.columns[TOMBSTONE].take(mapped.rows - batch.first)
    gone = said.where(lambda value: str(value).strip().lower() in _YES)
    ids = mapped.columns["feature_id"].take(np.flatnonzero(gone))
    return _kept(mapped, np.flatnonzero(~gone)), tuple(sorted({name for name in ids if name is not None}))


def _kept(mapped: Mapped, keep: npt.NDArray[np.intp]) -> Mapped:
    place = {int(old): new for new, old in enumerate(keep)}
    dropped = set(mapped.rows.tolist()) - set(mapped.rows[keep].tolist())

    def again(indexes: set[int]) -> set[int]:
        return {place[index] for index in indexes if index in place}

    return dataclasses.replace(
        mapped,
        rows=mapped.rows[keep],
        geometry=mapped.geometry[keep],
        columns={name: values.take(keep) for name, values in mapped.columns.items()},
        attributes=mapped.attributes.take(keep),
        issues=[issue for issue in mapped.issues if issue.row is None or issue.row not in dropped],
        refused=again(mapped.refused),
        repaired=again(mapped.repaired),
        repeated=again(mapped.repeated),
    )
