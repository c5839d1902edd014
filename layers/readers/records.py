"""What is the same in every format: kinds of geometry, heights, duplicates. Handled by rule, and said.

* The place is two-dimensional; a third number is kept aside in the column `z_m`, because nobody can see from
  it whether it is a height or a depth. 0 everywhere, NaN and -9999 mean "no height".
* A row that repeats another in everything is refused as a repetition; the first one stands.
* A line or area at the very place of another one is told, and stays: two cables may share a trench.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
import shapely

from layers.columns import Column
from layers.readers.source import Table, free_name
from layers.report import Issue, Severity

# No ground on Earth is that high or deep; writers that know no height put -9999, 99999 or -32768 there.
_FARTHEST_HEIGHT_M = 9_000.0
# Depths of utilities below the surface, as negative heights.
_DEEPEST_M = 30.0
HEIGHT_COLUMN = "z_m"
Shapes = npt.NDArray[np.object_]
Hashes = npt.NDArray[np.uint64]


def examine(table: Table) -> None:
    """Apply every rule to a table that was read."""
    shapes: Shapes = np.asarray(table.frame.geometry.array, dtype=object)
    seen = Seen()
    seen.add(shapes, [shapes[row] is None for row in table.refused].count(True))
    names = [name for name in table.frame.columns if name != table.frame.geometry.name]
    table.facts |= seen.facts()
    if seen.has_heights:
        column = height_column(map(str, table.frame.columns))
        values = list(heights(shapes))
        table.frame[column] = pd.Series(values, index=table.frame.index, dtype="object")
        table.issues += seen.notices(column)
    places = Repetitions(repeated(_place_hashes(shapes)))
    refused, issues = places.look(
        0, shapes, _place_hashes(shapes), lambda row: tuple(str(table.frame[name].iloc[row]) for name in names),
        table.refused,
    )  # fmt: skip
    table.refused |= refused
    table.issues += issues
    table.facts |= places.facts()


def _place_hashes(shapes: Shapes) -> Hashes:
    """A number for each shape that is the same for equal ones; 0 where there is none."""
    there = ~shapely.is_missing(shapes)
    made = np.zeros(len(shapes), dtype=np.uint64)
    if there.any():
        made[there] = pd.util.hash_array(shapely.to_wkb(shapes[there]), categorize=False)
    return made


def height_column(names: Any) -> str:
    """Return the name of the column that the heights go to."""
    return free_name(HEIGHT_COLUMN, dict.fromkeys(names))


def heights(shapes: Shapes) -> Column:
    """Return the mean height of each shape, None where it says none."""
    rows, means = _means(*_spoken(shapes)[:2])
    index = np.full(len(shapes), len(means), dtype=np.int64)
    index[rows] = np.arange(len(means))
    return Column([*np.round(means, 3).tolist(), None], index)


def _spoken(
    shapes: Shapes,
) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.float64], tuple[int, int, int]]:
    """The heights that say something, with the row of each; and how many rows are 3D, say nothing, say zero."""
    high = np.flatnonzero(shapely.has_z(shapes))
    if not len(high):
        return np.empty(0, np.int64), np.empty(0), (0, 0, 0)
    coordinates, owner = shapely.get_coordinates(shapes[high], include_z=True, return_index=True)
    z = coordinates[:, 2]
    said = np.isfinite(z) & (np.abs(z) < _FARTHEST_HEIGHT_M)
    zero = said & (z == 0.0)
    # A lone 0 among heights is a height that was not measured; 0 everywhere is a flat drawing.
    use = said & ~zero
    return high[owner[use]], z[use], (len(high), int((~said).sum()), int(zero.sum()))


def _means(
    rows: npt.NDArray[np.int64], z: npt.NDArray[np.float64]
) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.float64]]:
    if not len(rows):
        return rows, z
    starts = np.flatnonzero(np.diff(rows, prepend=-1))
    counts = np.diff(np.append(starts, len(rows)))
    return rows[starts], np.add.reduceat(z, starts) / counts


@dataclass(slots=True)
class Seen:
    """What kinds of geometry and what heights a table holds; it is shown the table's shapes, in any parts."""

    rows: int = 0
    without: int = 0
    kinds: dict[str, int] = field(default_factory=dict)
    order: dict[str, int] = field(default_factory=dict)
    rows_3d: int = 0
    no_height: int = 0
    zero: int = 0
    means: int = 0
    deep: int = 0

    def add(self, shapes: Shapes, known_missing: int = 0) -> None:
        """Look at some shapes; of so many it is known why they are missing."""
        there = ~shapely.is_missing(shapes)
        empty = there & shapely.is_empty(shapes)
        used = shapes[there & ~empty]
        self.rows += len(shapes)
        self.without += int((~there | empty).sum()) - known_missing
        found, first, counts = np.unique(shapely.get_type_id(used), return_index=True, return_counts=True)
        # One shape of each kind is enough to know the kind's name.
        for kind, shape, count in zip(found.tolist(), used[first], counts.tolist(), strict=True):
            self.kinds[shape.geom_type] = self.kinds.get(shape.geom_type, 0) + count
            self.order[shape.geom_type] = kind
        owners, z, (rows_3d, no_height, zero) = _spoken(shapes)
        self.rows_3d += rows_3d
        self.no_height += no_height
        self.zero += zero
        _, means = _means(owners, z)
        self.means += len(means)
        self.deep += int(((means < 0) & (means >= -_DEEPEST_M)).sum())

    @property
    def has_heights(self) -> bool:
        """Whether any height says something."""
        return self.means > 0

    def facts(self) -> dict[str, Any]:
        """What was seen, for the report."""
        made: dict[str, Any] = {}
        if len(self.kinds) > 1:
            ranked = sorted(self.kinds, key=lambda name: (-self.kinds[name], self.order[name]))
            made["geometry_kinds"] = {name: self.kinds[name] for name in ranked}
        if self.without:
            made["without_geometry"] = self.without
        if self.rows_3d:
            flat = self.rows - self.rows_3d
            made["heights"] = {"rows_3d": self.rows_3d, "rows_2d": flat, "no_height": self.no_height}
            if self.zero:
                made["heights"]["zero"] = self.zero
            if self.has_heights:
                made["heights"] |= {"like_depths": self.deep, "like_heights": self.means - self.deep}
        return made

    def notices(self, column: str) -> list[Issue]:
        """Say of heights that look like depths that they were not taken for such."""
        if self.deep * 2 <= self.means:
            return []
        params: dict[str, Any] = {"count": self.deep, "column": column}
        return [Issue(Severity.NOTICE, "heights-like-depths", params=params)]


def repeated(hashes: Hashes) -> Hashes:
    """Return, in order, the numbers that are there more than once; 0 is none."""
    ordered = np.sort(hashes)
    made: Hashes = np.unique(ordered[1:][(ordered[1:] == ordered[:-1]) & (ordered[1:] != 0)])
    return made


def among(hashes: Hashes, known: Hashes) -> npt.NDArray[np.intp]:
    """Return the positions of the numbers that are among `known`, which is in order."""
    if not len(known):
        return np.empty(0, dtype=np.intp)
    at = np.searchsorted(known, hashes)
    at[at == len(known)] = 0
    return np.flatnonzero(known[at] == hashes)


class Repetitions:
    """Rows that repeat another in everything, and shapes at the very place of another; shown in file order.

    `suspects` are the hashes of the places that may be there more than once: only they are remembered.
    """

    def __init__(self, suspects: Hashes) -> None:
        self._suspects = suspects
        self._rows: dict[tuple[bytes, tuple[str, ...]], int] = {}
        self._places: dict[bytes, int] = {}
        self._points = 0

    def look(
        self,
        first: int,
        shapes: Shapes,
        hashes: Hashes,
        cells: Callable[[int], tuple[str, ...]],
        refused: Sequence[int] | set[int] = (),
    ) -> tuple[set[int], list[Issue]]:
        """Return which of these rows repeat an earlier one, and what is to be said; rows as numbered in the file."""
        again: set[int] = set()
        issues: list[Issue] = []
        rows = [row for row in among(hashes, self._suspects).tolist() if first + row not in refused]
        places = shapely.to_wkb(shapes[rows]) if rows else ()
        for row, place in zip(rows, places, strict=True):
            number = first + row
            kept = self._rows.setdefault((place, cells(row)), number)
            if kept != number:
                again.add(number)
                issues.append(Issue(Severity.NOTICE, "duplicate-row", row=number, params={"first_row": kept}))
                continue
            before = self._places.setdefault(place, number)
            if before == number:
                continue
            if shapes[row].geom_type.endswith("Point"):
                self._points += 1
            else:
                said: dict[str, Any] = {"first_row": before}
                issues.append(Issue(Severity.FACT, "duplicate-geometry", row=number, params=said))
        return again, issues

    def facts(self) -> dict[str, Any]:
        """How many points lie where another one does."""
        return {"points_at_the_same_place": self._points} if self._points else {}
