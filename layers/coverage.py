"""How parcels cover the ground: what belongs to two, and the slivers that belong to nobody.

Parcels wait in a file, as lines do (`layers.line_tiles`), and overlaps are looked for tile by tile, each parcel in
every tile that its box reaches into. Lengths in metres in the city's CRS, areas in square metres.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final

import numba
import numpy as np
import numpy.typing as npt
import shapely

from layers.hanging import Found, Tally
from layers.line_ends import Floats, Whole
from layers.line_tiles import Extent, Plan, cell_at, offsets_of, planned, tiles_at, within
from layers.mapping import Mapped
from layers.report import KEPT_ISSUES
from layers.spilling import Spill
from layers.topology import Told

# Parcels may overlap, or leave open, slivers of at most this.
SLIVER_M2: Final = 0.5
# A hole larger than this is a square or a lake, not a slip.
LARGEST_GAP_M2: Final = 25.0
# The union of more parcels than these costs more than it tells.
MOST_PARCELS: Final = 100_000
# So many parcels are shapes at once.
TILE_PARCELS: Final = 20_000
_WORD: Final = 8
_HEAD: Final = np.dtype(
    [("number", "i8"), ("row", "i8"), ("size", "i4"), ("words", "i4"), ("box", "f8", 4), ("start", "f8", 2)]
)

Heads = npt.NDArray[Any]
Shapes = npt.NDArray[np.object_]


class Covering:
    """Parcels while they come in, and once they are all there; `extent_m` is where they should be."""

    def __init__(self, extent_m: Extent) -> None:
        self._extent = extent_m
        self._spill = Spill(1, _HEAD, np.uint64)
        self._low, self._high = np.full(2, np.inf), np.full(2, -np.inf)
        self.count = 0
        # How many were shapes at once, for whoever wants to know.
        self.most_parcels = 0

    def __len__(self) -> int:
        return self.count

    def add(self, mapped: Mapped) -> None:
        """Take over the accepted parcels of a batch."""
        keep = mapped.accepted()
        self.add_shapes(mapped.geometry[keep], mapped.rows[keep])

    def add_shapes(self, shapes: Shapes, rows: npt.NDArray[np.int64]) -> None:
        """Take over parcels and their rows in the file."""
        if not len(shapes):
            return
        raw: list[bytes] = shapely.to_wkb(shapes).tolist()
        heads = np.zeros(len(shapes), _HEAD)
        heads["number"] = np.arange(self.count, self.count + len(shapes))
        heads["row"] = rows
        heads["size"] = [len(each) for each in raw]
        heads["words"] = -(-heads["size"] // _WORD)
        heads["box"] = shapely.bounds(shapes)
        xy, owner = shapely.get_coordinates(shapes, return_index=True)
        heads["start"] = xy[np.unique(owner, return_index=True)[1]]
        words = np.frombuffer(b"".join(each + bytes(-len(each) % _WORD) for each in raw), dtype=np.uint64)
        self.count += len(shapes)
        self._low = np.minimum(self._low, heads["box"][:, :2].min(axis=0))
        self._high = np.maximum(self._high, heads["box"][:, 2:].max(axis=0))
        self._spill.add((np.zeros(len(heads), np.uint8), heads), (np.zeros(len(words), np.uint8), words))

    def _whole(self) -> tuple[Heads, Shapes]:
        blocks = list(self._spill.blocks())
        self.most_parcels = max(self.most_parcels, self.count)
        heads, words = (np.concatenate([block[at] for block in blocks]) for at in (0, 1))
        return heads, _shapes(heads, words)

    def _tiles(self) -> Iterator[tuple[Heads, Shapes, Plan | None, int]]:
        if self.count <= TILE_PARCELS:
            if self.count:
                yield *self._whole(), None, 0
            return
        middles = ((heads["box"][:, :2] + heads["box"][:, 2:]) / 2 for heads, _ in self._spill.blocks())
        plan = planned((self._low, self._high), self._extent, middles, TILE_PARCELS)
        laid = Spill(plan.tiles, _HEAD, np.uint64)
        for heads, words in self._spill.blocks():
            parcel, tiles = _near_tiles(np.ascontiguousarray(heads["box"]), plan)
            sizes = heads["words"].astype(np.int64)
            run = within(offsets_of(sizes)[parcel], sizes[parcel])
            laid.add((tiles, heads[parcel]), (np.repeat(tiles, sizes[parcel]), words[run]))
        for tile in range(plan.tiles):
            heads, words = laid.bucket(tile)
            self.most_parcels = max(self.most_parcels, len(heads))
            if len(heads):
                yield heads, _shapes(heads, words), plan, tile

    def overlaps(self) -> Found:
        """No ground belongs to two parcels."""
        tally = Tally()
        for heads, shapes, plan, tile in self._tiles():
            a, b = shapely.STRtree(shapes).query(shapes, predicate="intersects")
            a, b = a[a < b], b[a < b]
            if (
                plan is not None
            ):  # two parcels may meet in several tiles: told by that of a corner of what they share
                corner = np.maximum(heads["box"][a, :2], heads["box"][b, :2])
                here = tiles_at(corner, plan) == tile
                a, b = a[here], b[here]
            areas = shapely.area(shapely.intersection(shapes[a], shapes[b]))
            wrong = areas > SLIVER_M2
            tally.add(heads["number"], _told(heads, a[wrong], b[wrong], areas[wrong]))
        if not tally.count:
            return _nothing("parcels-overlap")
        kept = tally.kept()
        place, areas = np.column_stack((kept["x"], kept["y"])), np.round(kept["area_m2"], 3)
        return Found(
            "parcels-overlap", tally.count, kept["row"], place, kept["other_row"], numbers={"area_m2": areas}
        )

    def gaps(self) -> Found:
        """Neighbouring parcels leave no slivers between them that are nobody's; asked of at most MOST_PARCELS."""
        if not 0 < self.count <= MOST_PARCELS:
            return _nothing("parcels-gap")
        heads, shapes = self._whole()
        holes = shapely.get_parts(shapely.polygonize([shapely.boundary(shapely.union_all(shapes))]))
        tree = shapely.STRtree(shapes)
        found: list[tuple[int, float]] = []
        for hole in holes:
            if not SLIVER_M2 < hole.area <= LARGEST_GAP_M2:
                continue
            point = hole.point_on_surface()
            if not len(tree.query(point, predicate="intersects")):
                found.append((int(tree.nearest(point)), round(float(hole.area), 3)))
        if not found:
            return _nothing("parcels-gap")
        found.sort(key=lambda each: each[0])
        at = np.array([near for near, _ in found[:KEPT_ISSUES]])
        areas = np.array([area for _, area in found[:KEPT_ISSUES]])
        return Found(
            "parcels-gap", len(found), heads["row"][at], heads["start"][at], numbers={"area_m2": areas}
        )


def _told(heads: Heads, a: Whole, b: Whole, areas: Floats) -> Told:
    x, y = heads["start"][a].T
    numbers = {"row": heads["row"][a], "other_row": heads["row"][b], "x": x, "y": y, "area_m2": areas}
    return Told("parcels-overlap", a, b, numbers=numbers)


def _nothing(code: str) -> Found:
    return Found(code, 0, np.empty(0, np.int64), np.empty((0, 2)))


def _shapes(heads: Heads, words: npt.NDArray[np.uint64]) -> Shapes:
    raw, ends = words.tobytes(), offsets_of(heads["words"]) * _WORD
    made = np.empty(len(heads), dtype=object)
    sizes = heads["size"].tolist()
    made[:] = shapely.from_wkb([raw[at : at + size] for at, size in zip(ends.tolist(), sizes, strict=False)])
    return made


def _near_tiles(boxes: Floats, plan: Plan) -> tuple[Whole, npt.NDArray[np.int32]]:
    """Pairs of a box and a tile that it reaches into."""
    nothing = np.empty(0, np.int64), np.empty(0, np.int32)
    count = _near(boxes, plan, np.full(plan.tiles, -1), nothing)
    made = np.empty(count, np.int64), np.empty(count, np.int32)
    _near(boxes, plan, np.full(plan.tiles, -1), made)
    return made


@numba.njit(cache=True, nogil=True)
def _near(boxes: Floats, plan: Plan, seen: Whole, out: tuple[Whole, npt.NDArray[np.int32]]) -> int:
    """Count the pairs; where there is room for them, write them down. `seen`: the last box of each tile."""
    count = 0
    columns, rows = plan.tile_of.shape
    for box in range(boxes.shape[0]):
        west, south, east, north = boxes[box]
        left, right = (
            cell_at(west, plan.low[0], plan.cell[0], columns),
            cell_at(east, plan.low[0], plan.cell[0], columns),
        )
        bottom, top = (
            cell_at(south, plan.low[1], plan.cell[1], rows),
            cell_at(north, plan.low[1], plan.cell[1], rows),
        )
        for column in range(left, right + 1):
            for row in range(bottom, top + 1):
                tile = plan.tile_of[column, row]
                if seen[tile] != box:
                    seen[tile] = box
                    if out[0].size:
                        out[0][count], out[1][count] = box, tile
                    count += 1
    return count
