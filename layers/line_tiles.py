"""The lines of a delivery, gathered batch by batch and looked at tile by tile: never are all of them in memory.

Gathered lines wait in a file. They are then laid out in tiles of about the same number of vertices, each line whole in
every tile that it comes near, so that whatever lies within HALO_M of a place is in the place's own tile. All
coordinates and lengths are metres in the city's CRS.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any, Final, NamedTuple

import numba
import numpy as np
import numpy.typing as npt
import shapely

from layers.columns import Column
from layers.line_ends import LONGEST_M, Floats, Lines, Mask, Whole
from layers.mapping import Mapped
from layers.spilling import Spill

# What lies so near to a place is in the place's tile.
HALO_M: Final = 0.6
# A tile is made of about so many vertices: the working arrays of the rules take some 200 bytes for each.
TILE_VERTICES: Final = 150_000
_CELLS: Final = 512
_LINE: Final = 1
_MULTI: Final = 5
_NAMED: Final = ("feature_id", "from_node", "to_node", "main_id")
_HEAD: Final = np.dtype(
    [("number", "i8"), ("row", "i4"), ("size", "i4"), ("is_service", "?"), ("is_part", "?")]
    + [(name, "u8") for name in _NAMED]
)
_VERTEX: Final = np.dtype([("x", "f8"), ("y", "f8")])

Heads = npt.NDArray[Any]
Places = npt.NDArray[Any]
Extent = tuple[float, float, float, float]


class Tile(NamedTuple):
    """Lines that come near a part of the ground: their numbers in the delivery, and which of their ends lie in it.

    `here` is numbered as `Lines.ends`: first points, then last ones. Each end of each line is in exactly one tile.
    """

    lines: Lines
    number: Whole
    here: Mask


class Plan(NamedTuple):
    """Cells over the ground, and the tile of each."""

    low: Floats
    cell: Floats
    tile_of: npt.NDArray[np.int32]

    @property
    def tiles(self) -> int:
        """How many tiles there are."""
        return int(self.tile_of.max()) + 1


class Gathering:
    """Lines while they come in, and once they are all there; `extent_m` is where they should be, where it is known."""

    def __init__(self, extent_m: Extent | None = None) -> None:
        self._spill = Spill(1, _HEAD, _VERTEX)
        self._extent = extent_m
        self._low, self._high = np.full(2, np.inf), np.full(2, -np.inf)
        self._laid: tuple[Plan, Spill] | None = None
        self._vertices = 0
        self.count = 0
        self.has_mains = False
        self.is_services_only = True
        # What the largest tile was, for whoever wants to know what was in memory at once.
        self.most_vertices = 0

    def __len__(self) -> int:
        return self.count

    def add(self, mapped: Mapped) -> None:
        """Take over the accepted lines of a batch."""
        keep = mapped.accepted()
        columns = {name: mapped.columns[name].take(keep) for name in _NAMED}
        is_service = mapped.columns["role"].take(keep).where(lambda role: role == "service")
        self.add_shapes(mapped.geometry[keep], mapped.rows[keep], columns, is_service)

    def add_shapes(
        self,
        shapes: npt.NDArray[np.object_],
        rows: npt.NDArray[np.int64] | None = None,
        columns: dict[str, Column] | None = None,
        is_service: Mask | None = None,
    ) -> None:
        """Take over lines, with what is known of each."""
        kinds = shapely.get_type_id(shapes)
        parts, owner = shapely.get_parts(shapes, return_index=True)
        fits = np.isin(kinds, (_LINE, _MULTI))[owner] & ~shapely.is_empty(parts)
        parts, owner = parts[fits], owner[fits]
        if not len(parts):
            return
        xy, line = shapely.get_coordinates(parts, return_index=True)
        heads = np.zeros(len(parts), _HEAD)
        heads["number"] = np.arange(self.count, self.count + len(parts))
        heads["row"] = owner if rows is None else rows[owner]
        heads["size"] = np.bincount(line, minlength=len(parts))
        heads["is_part"] = (kinds == _MULTI)[owner]
        if is_service is not None:
            heads["is_service"] = is_service[owner]
        for name, column in (columns or {}).items():
            heads[name] = column.codes()[owner]
        self._take(heads, xy)

    def _take(self, heads: Heads, xy: Floats) -> None:
        whole = heads[~heads["is_part"]]
        self.has_mains |= bool(whole["main_id"].any())
        self.is_services_only &= bool(whole["is_service"].all())
        self.count += len(heads)
        self._vertices += len(xy)
        self._low = np.minimum(self._low, xy.min(axis=0))
        self._high = np.maximum(self._high, xy.max(axis=0))
        places = np.ascontiguousarray(xy).view(_VERTEX).reshape(-1)
        self._spill.add((np.zeros(len(heads), np.uint8), heads), (np.zeros(len(xy), np.uint8), places))

    def lines(self) -> Lines:
        """All of them as one."""
        return _lines(*self._whole())

    def _whole(self) -> tuple[Heads, Places]:
        blocks = list(self._spill.blocks())
        heads, places = ([block[at] for block in blocks] for at in (0, 1))
        return np.concatenate([np.empty(0, _HEAD), *heads]), np.concatenate([np.empty(0, _VERTEX), *places])

    def of(self, numbers: Whole) -> Lines:
        """The lines of some numbers, which are in order."""
        heads, places = [np.empty(0, _HEAD)], [np.empty(0, _VERTEX)]
        for head, place in self._spill.blocks():
            first = head["number"][0]
            low, high = np.searchsorted(numbers, (first, first + len(head)))
            wanted = numbers[low:high] - first
            offsets = offsets_of(head["size"])
            heads.append(head[wanted])
            places.append(place[within(offsets[wanted], head["size"][wanted].astype(np.int64))])
        return _lines(np.concatenate(heads), np.concatenate(places))

    def blocks(self) -> Iterator[Lines]:
        """All lines in their order, some megabytes at a time."""
        for heads, places in self._spill.blocks():
            yield _lines(heads, places)

    def tiles(self, *, with_parts: bool) -> Iterator[Tile]:
        """All lines, a part of the ground at a time; those of several parts have no two ends, each part is a line."""
        if self._vertices <= TILE_VERTICES:
            made = self._tile(*self._whole(), with_parts)
            if made is not None:
                yield made
            return
        if self._laid is None:
            self._laid = self._lay()
        plan, spill = self._laid
        for tile in range(plan.tiles):
            heads, places = spill.bucket(tile)
            made = self._tile(heads, places, with_parts, (plan, tile))
            if made is not None:
                yield made

    def _tile(
        self, heads: Heads, places: Places, with_parts: bool, where: tuple[Plan, int] | None = None
    ) -> Tile | None:
        self.most_vertices = max(self.most_vertices, len(places))
        if not with_parts and heads["is_part"].any():
            whole = ~heads["is_part"]
            places = places[np.repeat(whole, heads["size"])]
            heads = heads[whole]
        if not len(heads):
            return None
        lines = _lines(heads, places)
        here = np.ones(2 * len(lines), dtype=bool)
        if where is not None:
            plan, tile = where
            here = tiles_at(lines.ends, plan) == tile
        return Tile(lines, heads["number"].astype(np.int64), here)

    def _lay(self) -> tuple[Plan, Spill]:
        """Lay all lines out in tiles."""
        plan = self._plan()
        laid = Spill(plan.tiles, _HEAD, _VERTEX)
        for heads, places in self._spill.blocks():
            sizes = heads["size"].astype(np.int64)
            offsets = offsets_of(sizes)
            line, tile = _near_tiles(_xy(places), offsets, plan)
            vertices = within(offsets[line], sizes[line])
            laid.add((tile, heads[line]), (np.repeat(tile, sizes[line]), places[vertices]))
        return plan, laid

    def _plan(self) -> Plan:
        places = (_xy(places) for _, places in self._spill.blocks())
        return planned((self._low, self._high), self._extent, places, TILE_VERTICES)


def planned(
    bounds: tuple[Floats, Floats], extent: Extent | None, places: Iterable[Floats], most: int
) -> Plan:
    """Divide the ground so that about `most` places, of those that come in parts, fall into each tile."""
    low, high = bounds
    if extent is not None:  # a damaged line may run anywhere
        low, high = np.maximum(low, extent[:2]), np.minimum(high, extent[2:])
    cell = np.maximum((high - low) / _CELLS, 1e-3)
    plan = Plan(low, cell, np.arange(_CELLS * _CELLS, dtype=np.int32).reshape(_CELLS, _CELLS))
    weights = np.zeros(_CELLS * _CELLS, dtype=np.int64)
    for part in places:
        weights += np.bincount(tiles_at(part, plan), minlength=len(weights))
    return Plan(low, cell, _divided(weights.reshape(_CELLS, _CELLS), most))


def _divided(weights: Whole, most: int) -> npt.NDArray[np.int32]:
    """Halve the ground, and its halves, until no part holds more than a tile may; the tile of each cell."""
    tile_of = np.zeros(weights.shape, dtype=np.int32)
    waiting, tiles = [(slice(0, weights.shape[0]), slice(0, weights.shape[1]))], 0
    while waiting:
        columns, rows = waiting.pop()
        part = weights[columns, rows]
        if part.sum() <= most or part.size == 1:
            tile_of[columns, rows] = tiles
            tiles += 1
            continue
        axis = 0 if part.shape[0] >= part.shape[1] else 1
        along = part.sum(axis=1 - axis).cumsum()
        at = int(np.clip(np.searchsorted(along, along[-1] / 2) + 1, 1, len(along) - 1))
        for bounds in ((0, at), (at, len(along))):
            start = (columns, rows)[axis].start
            half = slice(start + bounds[0], start + bounds[1])
            waiting.append((half, rows) if axis == 0 else (columns, half))
    return tile_of


def offsets_of(sizes: npt.NDArray[Any]) -> Whole:
    """Where runs of these sizes begin, one behind the other, and where the last one ends."""
    return np.concatenate(([0], np.cumsum(sizes, dtype=np.int64)))


def within(starts: Whole, sizes: Whole) -> Whole:
    """The positions of runs, one behind the other."""
    made: Whole = np.arange(int(sizes.sum())) + np.repeat(starts - (np.cumsum(sizes) - sizes), sizes)
    return made


def _xy(places: Places) -> Floats:
    made: Floats = places.view(np.float64).reshape(-1, 2)
    return made


def _lines(heads: Heads, places: Places) -> Lines:
    codes = {name: np.ascontiguousarray(heads[name]) for name in _NAMED}
    row, is_service, is_part = (
        np.ascontiguousarray(heads[name]) for name in ("row", "is_service", "is_part")
    )
    return Lines(row, _xy(places), offsets_of(heads["size"]), codes, is_service, is_part)


# --- which tiles


@numba.njit(cache=True, nogil=True, inline="always")
def cell_at(value: float, low: float, cell: float, cells: int) -> int:
    """The cell of a place along one axis; what lies beyond is in the outermost."""
    at = (value - low) / cell
    if not at > 0.0:
        return 0
    return cells - 1 if at >= cells else int(at)


def tiles_at(xy: Floats, plan: Plan) -> npt.NDArray[np.int32]:
    """The tile of each place; what lies beyond the ground is in the tile nearest by."""
    made: npt.NDArray[np.int32] = _at(xy, plan)
    return made


@numba.njit(cache=True, nogil=True)
def _at(xy: Floats, plan: Plan) -> npt.NDArray[np.int32]:
    made = np.empty(xy.shape[0], dtype=np.int32)
    columns, rows = plan.tile_of.shape
    for n in range(xy.shape[0]):
        column = cell_at(xy[n, 0], plan.low[0], plan.cell[0], columns)
        made[n] = plan.tile_of[column, cell_at(xy[n, 1], plan.low[1], plan.cell[1], rows)]
    return made


def _near_tiles(xy: Floats, offsets: Whole, plan: Plan) -> tuple[Whole, npt.NDArray[np.int32]]:
    """Pairs of a line and a tile within HALO_M of which it comes."""
    nothing = np.empty(0, np.int64), np.empty(0, np.int32)
    count = _near(xy, offsets, plan, HALO_M, np.full(plan.tiles, -1), nothing)
    made = np.empty(count, np.int64), np.empty(count, np.int32)
    _near(xy, offsets, plan, HALO_M, np.full(plan.tiles, -1), made)
    return made


@numba.njit(cache=True, nogil=True, inline="always")
def _span(a: Floats, b: Floats, west: float, east: float) -> tuple[float, float]:
    """The lowest and the highest place of a segment, drawn eastwards, between two meridians."""
    low, high = a[1], b[1]
    if b[0] > a[0]:
        slope = (b[1] - a[1]) / (b[0] - a[0])
        low = a[1] + slope * (max(a[0], west) - a[0])
        high = a[1] + slope * (min(b[0], east) - a[0])
    return (low, high) if low <= high else (high, low)


@numba.njit(cache=True, nogil=True)
def _near(
    xy: Floats,
    offsets: Whole,
    plan: Plan,
    halo: float,
    seen: Whole,
    out: tuple[Whole, npt.NDArray[np.int32]],
) -> int:
    """Count the pairs; where there is room for them, write them down. `seen`: the last line of each tile."""
    count = 0
    for line in range(offsets.size - 1):
        for at in range(offsets[line], offsets[line + 1]):
            a, b = xy[at], xy[min(at + 1, offsets[line + 1] - 1)]
            if not (b[0] - a[0]) ** 2 + (b[1] - a[1]) ** 2 < LONGEST_M * LONGEST_M:
                b = a  # of a damaged line only the places themselves
            if a[0] > b[0]:
                a, b = b, a
            count = _marked(a, b, plan, halo, (line, count), seen, out)
    return count


@numba.njit(cache=True, nogil=True)
def _marked(
    a: Floats, b: Floats, plan: Plan, halo: float, at: tuple[int, int], seen: Whole,
    out: tuple[Whole, npt.NDArray[np.int32]],
) -> int:  # fmt: skip
    """Mark the tiles near a segment, drawn eastwards, as those of its line; return how many pairs there are then."""
    line, count = at
    columns, rows = plan.tile_of.shape
    first = cell_at(a[0] - halo, plan.low[0], plan.cell[0], columns)
    last = cell_at(b[0] + halo, plan.low[0], plan.cell[0], columns)
    for column in range(first, last + 1):
        # The outermost cells reach as far as anything does.
        west = plan.low[0] + column * plan.cell[0] - halo if column > 0 else a[0]
        east = plan.low[0] + (column + 1) * plan.cell[0] + halo if column < columns - 1 else b[0]
        low, high = _span(a, b, west, east)
        bottom = cell_at(low - halo, plan.low[1], plan.cell[1], rows)
        top = cell_at(high + halo, plan.low[1], plan.cell[1], rows)
        for row in range(bottom, top + 1):
            tile = plan.tile_of[column, row]
            if seen[tile] != line:
                seen[tile] = line
                if out[0].size:
                    out[0][count], out[1][count] = line, tile
                count += 1
    return count
