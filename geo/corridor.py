"""Where a new line may run: the ground between a parcel and a main as a raster of what each metre costs.

The unit of cost is one metre of trench in the open street. Ground that a trench may not take (a building) is closed;
ground that it had better not take (beside another line, on a neighbour's parcel) costs a multiple. The cheapest way is
found on the raster with its eight neighbours and then pulled straight, so that it keeps few corners and never enters
dearer ground than the raster way did. Coordinates and lengths are metres in one metric CRS.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Final

import numpy as np
import numpy.typing as npt
import shapely
from shapely.geometry import LineString
from shapely.geometry.base import BaseGeometry

if TYPE_CHECKING:  # SciPy is loaded by the first way that is looked for
    from scipy.sparse import csr_matrix

Costs = npt.NDArray[np.float64]
Cells = npt.NDArray[np.intp]

FINEST_CELL_M: Final = 0.5
MOST_CELLS: Final = 9_000
# A way onto a source or a target cell costs at least this, because a sparse matrix drops edges of no weight.
_NOTHING: Final = 1e-6
_STEPS: Final = ((0, 1), (1, 0), (1, 1), (1, -1))
_TURN_TOLERANCE: Final = 1.001


@dataclass(frozen=True, slots=True)
class Zone:
    """Ground of one price: every metre within `shape` costs `factor` times open ground; infinity closes it."""

    shape: BaseGeometry
    factor: float


@dataclass(frozen=True, slots=True, eq=False)
class Corridor:
    """A raster of cost factors (rows from south to north); the centre of cell (0, 0) is at `west_m`, `south_m`."""

    west_m: float
    south_m: float
    cell_m: float
    factor: Costs
    _graph: csr_matrix
    # Which cells lie by a shape, open or not: asked again for every line of a site. The shape is kept as well, so that
    # its number means it for as long as this lasts.
    _near: dict[int, tuple[BaseGeometry, Cells]] = field(default_factory=dict)

    @property
    def centres(self) -> npt.NDArray[np.float64]:
        """The centre (x, y) of every cell, in the order of cell numbers."""
        rows, columns = np.divmod(np.arange(self.factor.size), self.factor.shape[1])
        return np.column_stack((self.west_m + columns * self.cell_m, self.south_m + rows * self.cell_m))

    def cells_of(self, shape: BaseGeometry) -> Cells:
        """The open cells whose centre lies within one cell of the shape, in number order."""
        if shape.is_empty:
            return np.empty(0, dtype=np.intp)
        if id(shape) not in self._near:
            self._near[id(shape)] = shape, self._cells_by(shape)
        numbers = self._near[id(shape)][1]
        found: Cells = numbers[np.isfinite(self.factor.ravel()[numbers])]
        return found

    def _cells_by(self, shape: BaseGeometry) -> Cells:
        margin = self.cell_m * 0.75
        window = _window(self.factor, (self.west_m, self.south_m, self.cell_m), shape, margin)
        if window is None:
            return np.empty(0, dtype=np.intp)
        numbers, x, y = window
        shapely.prepare(shape)
        near: Cells = numbers[np.asarray(shapely.dwithin(shape, shapely.points(x, y), margin), dtype=bool)]
        return near

    def ways(self, sources: Mapping[int, float]) -> Ways:
        """The cheapest ways from the source cells, each entered at the given cost, to every cell."""
        from scipy.sparse import csr_matrix
        from scipy.sparse.csgraph import dijkstra

        count = self.factor.size
        starts = np.fromiter(sources, dtype=np.intp, count=len(sources))
        entry = np.maximum(np.fromiter(sources.values(), dtype=np.float64, count=len(sources)), _NOTHING)
        graph = self._graph
        # One more node, from which every source is entered.
        row = csr_matrix((entry, (np.zeros(len(starts), dtype=np.intp), starts)), shape=(1, count + 1))
        joined = csr_matrix(
            (
                np.concatenate((graph.data, row.data)),
                np.concatenate((graph.indices, row.indices)),
                np.concatenate((graph.indptr, [graph.indptr[-1] + row.nnz])),
            ),
            shape=(count + 1, count + 1),
        )
        cost, before = dijkstra(joined, directed=True, indices=count, return_predecessors=True)
        return Ways(self, np.asarray(cost[:count]), np.asarray(before))

    def with_zone(self, zone: Zone) -> Corridor:
        """The same ground with one zone more."""
        factor = self.factor.copy()
        _price(factor, (self.west_m, self.south_m, self.cell_m), zone)
        return replace(self, factor=factor, _graph=_graph(factor, self.cell_m))

    def cost_of(self, line: LineString) -> float:
        """What a straight-edged trench along `line` costs, sampled at a third of a cell."""
        steps = max(2, math.ceil(line.length / self.cell_m * 3))
        points = shapely.line_interpolate_point(line, (np.arange(steps) + 0.5) / steps, normalized=True)
        x, y = shapely.get_x(points), shapely.get_y(points)
        rows = np.clip(np.rint((y - self.south_m) / self.cell_m).astype(np.intp), 0, self.factor.shape[0] - 1)
        columns = np.clip(
            np.rint((x - self.west_m) / self.cell_m).astype(np.intp), 0, self.factor.shape[1] - 1
        )
        return float(self.factor[rows, columns].mean() * line.length)


@dataclass(frozen=True, slots=True, eq=False)
class Ways:
    """The cheapest ways found from one set of sources; `cost` is infinite where no way leads."""

    corridor: Corridor
    cost: Costs
    _before: npt.NDArray[np.int32]

    def best_of(self, targets: Cells) -> int | None:
        """The target cell that is cheapest to reach (the lowest number of equals); None when none can be reached."""
        if not len(targets):
            return None
        best = int(targets[int(np.argmin(self.cost[targets]))])
        return best if math.isfinite(self.cost[best]) else None

    def to(self, cell: int) -> list[int]:
        """The cells from the source to `cell`, both included."""
        found = [cell]
        beyond = len(self.cost)
        while (before := int(self._before[found[-1]])) not in (beyond, -9999):
            found.append(before)
        return found[::-1]

    def line(self, cells: Sequence[int]) -> LineString:
        """The way through these cells, pulled straight wherever that is not dearer."""
        points = self.corridor.centres[np.asarray(cells, dtype=np.intp)]
        if len(points) < 2:
            return LineString([points[0], points[0]])
        kept, at = [0], 0
        while at < len(points) - 1:
            at = self._farthest(points, at)
            kept.append(at)
        return LineString(points[kept])

    def _farthest(self, points: npt.NDArray[np.float64], start: int) -> int:
        """The last point that may be reached from `start` in a straight line at no more than the way's own cost."""
        reached = start + 1
        step = 1
        while reached < len(points) - 1:
            ahead = min(reached + step, len(points) - 1)
            if not self._as_cheap(points, start, ahead):
                if step == 1:
                    break
                step = 1
                continue
            reached, step = ahead, step * 2
        return reached

    def _as_cheap(self, points: npt.NDArray[np.float64], start: int, end: int) -> bool:
        straight = self.corridor.cost_of(LineString(points[[start, end]]))
        stepped = self.corridor.cost_of(LineString(points[start : end + 1]))
        return straight <= stepped * _TURN_TOLERANCE


def corridor(area: BaseGeometry, zones: Iterable[Zone]) -> Corridor:
    """The raster over the box of `area`; where zones overlap the dearest counts.

    Cells are 0.5 m, larger where more than 9,000 would be needed.
    """
    west, south, east, north = area.bounds
    cell_m = max(FINEST_CELL_M, math.sqrt((east - west) * (north - south) / MOST_CELLS))
    columns, rows = math.ceil((east - west) / cell_m) + 1, math.ceil((north - south) / cell_m) + 1
    raster = np.ones((rows, columns))
    for zone in zones:
        _price(raster, (west, south, cell_m), zone)
    return Corridor(west, south, cell_m, raster, _graph(raster, cell_m))


def _price(raster: Costs, place: tuple[float, float, float], zone: Zone) -> None:
    """Put the zone's factor on the cells within it that are cheaper."""
    window = None if zone.shape.is_empty else _window(raster, place, zone.shape, 0.0)
    if window is not None:
        numbers, x, y = window
        shapely.prepare(zone.shape)
        inside = numbers[np.asarray(shapely.intersects_xy(zone.shape, x, y), dtype=bool)]
        factor = raster.ravel()
        factor[inside] = np.maximum(factor[inside], zone.factor)


def _window(
    raster: Costs, place: tuple[float, float, float], shape: BaseGeometry, margin: float
) -> tuple[Cells, Costs, Costs] | None:
    """The numbers and centres of the cells in the box of a shape, widened by a margin; None outside the raster."""
    west, south, cell_m = place
    rows, columns = raster.shape
    x0, y0, x1, y1 = shape.bounds
    left, right = math.ceil((x0 - margin - west) / cell_m), math.floor((x1 + margin - west) / cell_m)
    low, high = math.ceil((y0 - margin - south) / cell_m), math.floor((y1 + margin - south) / cell_m)
    column = np.arange(max(left, 0), min(right, columns - 1) + 1, dtype=np.intp)
    row = np.arange(max(low, 0), min(high, rows - 1) + 1, dtype=np.intp)
    if not len(row) or not len(column):
        return None
    x, y = np.meshgrid(west + column * cell_m, south + row * cell_m)
    numbers = (row[:, None] * columns + column[None, :]).ravel()
    return numbers, x.ravel(), y.ravel()


def _graph(factor: Costs, cell_m: float) -> csr_matrix:
    """The neighbours of every open cell, both ways; a step costs its length times the mean of the two factors."""
    from scipy.sparse import csr_matrix

    rows, columns = factor.shape
    number = np.arange(factor.size, dtype=np.intp).reshape(rows, columns)
    starts, ends, weights = [], [], []
    for down, right in _STEPS:
        here, there = _shifted(number, down, right)
        mean = (factor.ravel()[here] + factor.ravel()[there]) / 2
        open_ = np.isfinite(mean)
        starts.append(here[open_])
        ends.append(there[open_])
        weights.append(mean[open_] * cell_m * math.hypot(down, right))
    one, other, weight = np.concatenate(starts), np.concatenate(ends), np.concatenate(weights)
    return csr_matrix(
        (np.concatenate((weight, weight)), (np.concatenate((one, other)), np.concatenate((other, one)))),
        shape=(factor.size, factor.size + 1),
    )


def _shifted(number: Cells, down: int, right: int) -> tuple[Cells, Cells]:
    rows, columns = number.shape
    if right < 0:
        return number[: rows - down, -right:].ravel(), number[down:, : columns + right].ravel()
    return number[: rows - down, : columns - right].ravel(), number[down:, right:].ravel()
