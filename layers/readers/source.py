"""What a reader hands on: the rows in file order, the stated CRS, and everything that was noticed."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

import geopandas
import numpy as np
import numpy.typing as npt
import pandas as pd
import shapely

from layers.columns import Column
from layers.readers import BATCH_ROWS
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


@dataclass(slots=True)
class Batch:
    """Some rows in file order: what was asked of their columns, and their shapes (None: there is none).

    `first` is the number of the first one in the file; `issues` and `refused` name rows by those numbers.
    """

    first: int
    columns: dict[str, Column]
    shapes: npt.NDArray[np.object_]
    issues: list[Issue] = field(default_factory=list)
    refused: set[int] = field(default_factory=set)

    def __len__(self) -> int:
        return len(self.shapes)


@dataclass(slots=True)
class Source:
    """A table as delivered, with the code of the CRS that its rows are in.

    `names` are its columns, `count` its rows, `issues` what is said of the whole, `facts` how it was read (encoding,
    separators, counts); what is said of single rows comes with their batches. `points` are some of its places,
    spread over the table.
    """

    names: tuple[str, ...]
    count: int
    crs: str
    name: str
    issues: list[Issue]
    facts: dict[str, Any]
    points: npt.NDArray[np.float64]

    def batches(self, size: int = BATCH_ROWS, only: Collection[str] | None = None) -> Iterator[Batch]:
        """Give the rows, `size` at a time, with all columns or only some; may be asked again."""
        raise NotImplementedError

    def looked_over(self, size: int, only: Collection[str]) -> Iterator[Batch]:
        """Give the rows a first time: after it, `issues`, `facts` and `points` are known."""
        return self.batches(size, only)


@dataclass(slots=True)
class FrameSource(Source):
    """A table that is in memory as a whole."""

    frame: geopandas.GeoDataFrame
    row_issues: Mapping[int, list[Issue]]
    refused: frozenset[int]

    @classmethod
    def of(cls, table: Table, crs: str) -> FrameSource:
        """A table that was read, with its CRS settled."""
        frame = table.frame
        by_row: dict[int, list[Issue]] = defaultdict(list)
        for issue in table.issues:
            if issue.row is not None:
                by_row[issue.row].append(issue)
        return cls(
            names=tuple(str(name) for name in frame.columns if name != frame.geometry.name),
            count=len(frame),
            crs=crs,
            name=table.name or "",
            issues=[issue for issue in table.issues if issue.row is None],
            facts=dict(table.facts),
            points=sample(frame.geometry.array),
            frame=frame,
            row_issues=by_row,
            refused=frozenset(table.refused),
        )

    def batches(self, size: int = BATCH_ROWS, only: Collection[str] | None = None) -> Iterator[Batch]:
        """Give the rows, `size` at a time."""
        wanted = self.names if only is None else [name for name in self.names if name in only]
        for first in range(0, self.count, size):
            part = self.frame.iloc[first : first + size]
            numbers = range(first, first + len(part))
            yield Batch(
                first=first,
                columns={name: Column.from_series(part[name]) for name in wanted},
                shapes=np.asarray(part.geometry.array, dtype=object),
                issues=[issue for row in numbers for issue in self.row_issues.get(row, ())],
                refused={row for row in numbers if row in self.refused},
            )


_SAMPLE: Final = 5_000


def sample(shapes: Any) -> npt.NDArray[np.float64]:
    """Return one finite point of each of at most 5000 shapes, spread over the table."""
    array = np.asarray(shapes, dtype=object)
    there = [shape for shape in array[:: step(len(array))] if shape is not None and not shape.is_empty]
    if not there:
        return np.empty((0, 2))
    coordinates, owner = shapely.get_coordinates(np.array(there, dtype=object), return_index=True)
    first = coordinates[np.flatnonzero(np.diff(owner, prepend=-1))]
    made: npt.NDArray[np.float64] = first[np.isfinite(first).all(axis=1)]
    return made


def step(count: int) -> int:
    """How many rows of `count` to go on for the next one of a sample."""
    return max(1, count // _SAMPLE)


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
