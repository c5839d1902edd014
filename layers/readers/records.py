"""What is the same in every format: kinds of geometry, heights, duplicates. Handled by rule, and said.

* The place is two-dimensional; a third number is kept aside in the column `z_m`, because nobody can see from
  it whether it is a height or a depth. 0 everywhere, NaN and -9999 mean "no height".
* A row that repeats another in everything is refused as a repetition; the first one stands.
* A line or area at the very place of another one is told, and stays: two cables may share a trench.
"""

from __future__ import annotations

from collections import Counter
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
import shapely

from layers.readers.source import Table, free_name
from layers.report import Severity

# No ground on Earth is that high or deep; writers that know no height put -9999, 99999 or -32768 there.
_FARTHEST_HEIGHT_M = 9_000.0
# Depths of utilities below the surface, as negative heights.
_DEEPEST_M = 30.0
HEIGHT_COLUMN = "z_m"
Shapes = npt.NDArray[np.object_]


def examine(table: Table) -> None:
    """Apply every rule to a table that was read."""
    shapes: Shapes = np.asarray(table.frame.geometry.array, dtype=object)
    _kinds(table, shapes)
    _heights(table, shapes)
    _repetitions(table, shapes)


def _kinds(table: Table, shapes: Shapes) -> None:
    """Say which kinds of geometry there are when there is more than one, and how many rows have none."""
    there = ~shapely.is_missing(shapes)
    empty = there & shapely.is_empty(shapes)
    used = there & ~empty
    # One shape of each kind is enough to know the kind's name.
    found, first, counts = np.unique(shapely.get_type_id(shapes[used]), return_index=True, return_counts=True)
    if len(found) > 1:
        names = [str(shape.geom_type) for shape in shapes[used][first]]
        kinds = Counter(dict(zip(names, map(int, counts), strict=True)))
        table.facts["geometry_kinds"] = dict(kinds.most_common())
    if nothing := int((~there | empty).sum()) - sum(shapes[row] is None for row in table.refused):
        table.facts["without_geometry"] = nothing


def _heights(table: Table, shapes: Shapes) -> None:
    """Take the third coordinate into a column of its own where it says something."""
    high = np.flatnonzero(shapely.has_z(shapes))
    if not len(high):
        return
    coordinates, owner = shapely.get_coordinates(shapes[high], include_z=True, return_index=True)
    z = coordinates[:, 2]
    said = np.isfinite(z) & (np.abs(z) < _FARTHEST_HEIGHT_M)
    zero = said & (z == 0.0)
    counts = {"rows_3d": len(high), "rows_2d": len(shapes) - len(high), "no_height": int((~said).sum())}
    if zero.any():
        counts["zero"] = int(zero.sum())
    # A lone 0 among heights is a height that was not measured; 0 everywhere is a flat drawing.
    use = said & ~zero
    if use.any():
        counts |= _height_column(table, high[owner[use]], z[use])
    table.facts["heights"] = counts


def _height_column(table: Table, rows: npt.NDArray[np.int64], z: npt.NDArray[np.float64]) -> dict[str, int]:
    means = pd.Series(z).groupby(rows).mean()
    column = free_name(HEIGHT_COLUMN, dict.fromkeys(map(str, table.frame.columns)))
    values: list[Any] = [None] * len(table.frame)
    for row, mean in means.items():
        values[int(row)] = round(float(mean), 3)
    table.frame[column] = pd.Series(values, index=table.frame.index, dtype="object")
    deep = int(((means < 0) & (means >= -_DEEPEST_M)).sum())
    if deep * 2 > len(means):
        table.say(Severity.NOTICE, "heights-like-depths", count=deep, column=column)
    return {"like_depths": deep, "like_heights": len(means) - deep}


def _repetitions(table: Table, shapes: Shapes) -> None:
    """Refuse rows that repeat another in everything; tell lines and areas at the same place."""
    good = ~shapely.is_missing(shapes)
    good[list(table.refused)] = False
    usable = np.flatnonzero(good)
    if not len(usable):
        return
    wkb = pd.Series(shapely.to_wkb(shapes[usable]), index=usable)
    again = wkb[wkb.duplicated(keep=False)]
    if again.empty:
        return
    names = [name for name in table.frame.columns if name != table.frame.geometry.name]
    cells = {row: tuple(str(table.frame[name].iloc[row]) for name in names) for row in again.index}
    first_row: dict[tuple[bytes, tuple[str, ...]], int] = {}
    first_place: dict[bytes, int] = {}
    same_points = 0
    for row, place in again.items():
        first = first_row.setdefault((place, cells[row]), row)
        if first != row:
            table.refuse("duplicate-row", row, Severity.NOTICE, first_row=first)
            continue
        before = first_place.setdefault(place, row)
        if before == row:
            continue
        if shapes[row].geom_type.endswith("Point"):
            same_points += 1
        else:
            table.say(Severity.FACT, "duplicate-geometry", row, first_row=before)
    if same_points:
        table.facts["points_at_the_same_place"] = same_points
