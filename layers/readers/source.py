"""What a reader hands on: the rows in file order, the stated CRS, and everything that was noticed."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import geopandas
import numpy as np
import pandas as pd

from layers.report import Issue, Severity, Value

# So many bytes of a text format are held in memory at once.
MAX_TEXT_BYTES = 512 << 20


@dataclass(slots=True)
class Table:
    """A table while it is read. `crs` is what the file states; `usual_crs` what its format means by silence.

    Every record of the file is a row, also one that cannot be used: such a row has no geometry and is in
    `refused` with the reason, so that nothing is lost without a word.
    """

    frame: geopandas.GeoDataFrame
    crs: Any = None
    usual_crs: str | None = None
    name: str | None = None
    issues: list[Issue] = field(default_factory=list)
    refused: set[int] = field(default_factory=set)
    facts: dict[str, Any] = field(default_factory=dict)

    def say(self, severity: Severity, code: str, row: int | None = None, **params: Value) -> None:
        """Note something about the table, or about one row of it."""
        self.issues.append(Issue(severity, code, row=row, params=dict(params)))

    def refuse(self, code: str, row: int, severity: Severity = Severity.ERROR, **params: Value) -> None:
        """Note that one row cannot be used, and why."""
        self.refused.add(row)
        self.say(severity, code, row, **params)


@dataclass(frozen=True, slots=True)
class Source:
    """A table as delivered: its rows in file order, and the code of the CRS that they are in.

    `issues` are what the reader noticed (rows counted from 0 in the file), `refused` the rows that it could
    not use, `facts` how it read: encoding, separators, counts.
    """

    frame: geopandas.GeoDataFrame
    crs: str
    name: str
    issues: tuple[Issue, ...] = ()
    refused: frozenset[int] = frozenset()
    facts: Mapping[str, Any] = field(default_factory=dict)


def frame_of(records: list[dict[str, Any]], shapes: list[Any]) -> geopandas.GeoDataFrame:
    """Return records and their shapes (None: there is none) as a frame without a CRS."""
    array = np.empty(len(shapes), dtype=object)
    array[:] = shapes
    columns = {str(name): None for record in records for name in record}
    made = {name: [record.get(name) for record in records] for name in columns}
    geometry = free_name("geometry", columns)
    table = pd.DataFrame(
        {name: pd.Series(values, dtype=_dtype(values)) for name, values in made.items()},
        index=range(len(shapes)),
    )
    table[geometry] = geopandas.GeoSeries(array, index=table.index)
    return geopandas.GeoDataFrame(table, geometry=geometry)


def _dtype(values: list[Any]) -> str | None:
    """Mixed values stay what they are: pandas must not turn an id 7 into 7.0 because another is missing."""
    kinds = {type(value) for value in values}
    return None if kinds == {float} else "object"


def free_name(name: str, taken: Mapping[str, Any]) -> str:
    """Return `name`, with underscores appended until no column has it."""
    while name in taken:
        name += "_"
    return name
