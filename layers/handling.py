"""How a delivery is to be taken: for real or to look at, whole or in parts; and what takes features away."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from typing import Final

import numpy as np

from layers.mapping import Mapped
from layers.reading import Source

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
    away. `delivery_id` is that of the receipt, where there is one. `progress` is told each state.
    """

    as_of: date | None = None
    preview: bool = False
    incremental: bool = False
    delivery_id: int | None = None
    file_name: str | None = None
    progress: Callable[[str], None] = _silent


def without_tombstones(source: Source, mapped: Mapped) -> tuple[Mapped, tuple[str, ...]]:
    """Return the rows that are features, and the ids of those that an incremental delivery takes away."""
    if TOMBSTONE not in source.frame.columns:
        return mapped, ()
    said = source.frame[TOMBSTONE].to_numpy()[mapped.rows]
    gone = np.array([str(value).strip().lower() in _YES for value in said], dtype=bool)
    ids = mapped.columns["feature_id"]
    names = tuple(sorted({ids[index] for index in np.flatnonzero(gone) if ids[index] is not None}))
    return _kept(mapped, np.flatnonzero(~gone)), names


def _kept(mapped: Mapped, keep: np.ndarray[tuple[int], np.dtype[np.intp]]) -> Mapped:
    place = {int(old): new for new, old in enumerate(keep)}
    dropped = set(mapped.rows.tolist()) - set(mapped.rows[keep].tolist())

    def again(indexes: set[int]) -> set[int]:
        return {place[index] for index in indexes if index in place}

    return dataclasses.replace(
        mapped,
        rows=mapped.rows[keep],
        geometry=mapped.geometry[keep],
        columns={name: [values[index] for index in keep] for name, values in mapped.columns.items()},
        attributes=[mapped.attributes[index] for index in keep],
        issues=[issue for issue in mapped.issues if issue.row is None or issue.row not in dropped],
        refused=again(mapped.refused),
        repaired=again(mapped.repaired),
        repeated=again(mapped.repeated),
    )
