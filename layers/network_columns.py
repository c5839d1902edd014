"""A delivery's columns as arrays, and the nodes and links of a network while they are put together from them."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Final

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc
from scipy.spatial import cKDTree

from geo.ids import Coded, Ids
from geo.network import NOWHERE, Flags, Indices, LinkRole, Metres, role_code
from layers.network_built import UNKNOWN_DAY
from layers.network_copy import Columns, column
from layers.network_read import Delivered, flat, ids_of

# Two coordinates nearer than this are one point: files are written to the millimetre at best.
SAME_M: Final = 0.001


def numbers(table: Columns, name: str, kind: Any) -> Any:
    """A column of numbers; NaN or UNKNOWN_DAY where nothing is said."""
    missing = float("nan") if np.issubdtype(kind, np.floating) else UNKNOWN_DAY
    return pc.fill_null(column(table, name), missing).to_numpy(zero_copy_only=False).astype(kind)


def coded(table: Columns, name: str) -> Coded:
    """A column of few different words."""
    found = column(table, name)
    if not pa.types.is_dictionary(found.type):
        found = found.dictionary_encode()
    codes = pc.fill_null(found.indices, -1).to_numpy(zero_copy_only=False).astype(np.int16)
    return Coded(codes, tuple(found.dictionary.to_pylist()))


def where(wanted: Any, among: Ids) -> Indices:
    """The place of each of the `wanted` words `among` others; NOWHERE for one that is not there or is null."""
    if wanted.null_count == len(wanted):
        return np.full(len(wanted), NOWHERE, dtype=np.int32)
    made = among.firsts(*flat(wanted))
    if wanted.null_count:
        made[is_null(wanted)] = NOWHERE
    return made


def is_null(words: Any) -> Flags:
    """Where nothing is said."""
    made: Flags = pc.is_null(words).to_numpy(zero_copy_only=False)
    return made


# --- nodes


@dataclass(slots=True, eq=False)
class Nodes:
    """The nodes while they are collected: ids (a pyarrow array), kinds, layers, places (NaN: not placed)."""

    ids: Any
    kinds: Coded
    layer: npt.NDArray[np.int16]
    xy: Metres
    _found: Ids | None = None

    def index(self) -> Ids:
        """The ids, to be found by."""
        if self._found is None or len(self._found) != len(self.ids):
            self._found = ids_of(self.ids)
        return self._found

    def add(self, places: Metres) -> Indices:
        """Add nodes that no record names at these places; return their numbers."""
        first, count = len(self.ids), len(places)
        names = [f"@{x:.3f},{y:.3f}#{first + k}" for k, (x, y) in enumerate(places.tolist())]
        self.ids = pa.concat_arrays([self.ids, pa.array(names, pa.string())])
        none = np.full(count, -1, dtype=np.int16)
        self.kinds = Coded(np.concatenate([self.kinds.codes, none]), self.kinds.words)
        self.layer = np.concatenate([self.layer, none])
        self.xy = np.concatenate([self.xy, places])
        return np.arange(first, first + count, dtype=np.int32)


def collect_nodes(delivered: Delivered) -> tuple[Nodes, Indices, Indices]:
    """The nodes that node layers hold and that ends of lines name; and the node that each line's ends name."""
    from geo.kernels import numbered

    own = column(delivered.nodes, "feature_id")
    lines = delivered.lines
    named = pa.concat_arrays([own, column(lines, "from_node"), column(lines, "to_node")])
    number, came = numbered(*flat(named), is_null(named))
    ids = named.take(pa.array(came))
    start, end = np.split(number[len(own) :], 2)
    first = np.where(came < len(own), came, NOWHERE)
    known = first != NOWHERE
    at = first[known]
    said = coded(delivered.nodes, "kind")
    kinds = np.full(len(ids), -1, dtype=np.int16)
    layer = np.full(len(ids), -1, dtype=np.int16)
    xy = np.full((len(ids), 2), np.nan)
    kinds[known] = said.codes[at]
    layer[known] = numbers(delivered.nodes, "layer", np.int16)[at]
    xy[known] = points(delivered.nodes)[at]
    return Nodes(ids, Coded(kinds, said.words), layer, xy), start.copy(), end.copy()


def points(table: Columns) -> Metres:
    """The x and y of a table's rows."""
    return np.column_stack([numbers(table, "x", np.float64), numbers(table, "y", np.float64)])


# --- links


@dataclass(slots=True, eq=False)
class Lines:
    """The links while they are collected; `row` is the line of the delivery each comes from (-1: none).

    The vertices of link k are `coords[vertices[k]:vertices[k + 1]]`.
    """

    ids: Any
    found: Ids
    row: Indices
    layer: npt.NDArray[np.int16]
    start: Indices
    end: Indices
    role: npt.NDArray[np.uint8]
    coords: Metres
    vertices: npt.NDArray[np.int64]
    tap_node: Indices = field(default_factory=lambda: np.zeros(0, dtype=np.int32))
    tap_link: Indices = field(default_factory=lambda: np.zeros(0, dtype=np.int32))
    unplaced: list[str] = field(default_factory=list)
    pieces: dict[int, list[int]] = field(default_factory=dict)
    """Of a line that was cut under a device: the links that it is now."""
    cut_nodes: set[int] = field(default_factory=set)

    def add(
        self, ids: list[str], layer: npt.NDArray[np.int16], start: Indices, end: Indices, xy: Metres
    ) -> None:
        """Add transformers as straight links from their high- to their low-voltage nodes, at the places `xy`."""
        count = len(ids)
        self.ids = pa.concat_arrays([self.ids, pa.array(ids, pa.string())])
        self.row = np.concatenate([self.row, np.full(count, -1, dtype=np.int32)])
        self.layer = np.concatenate([self.layer, layer])
        self.start, self.end = np.concatenate([self.start, start]), np.concatenate([self.end, end])
        code = np.full(count, role_code(LinkRole.TRANSFORMER), dtype=np.uint8)
        self.role = np.concatenate([self.role, code])
        ends = np.stack([xy[start], xy[end]], axis=1).reshape(-1, 2)
        self.coords = np.concatenate([self.coords, ends])
        self.vertices = np.concatenate([self.vertices, self.vertices[-1] + 2 * np.arange(1, count + 1)])


def collect_links(delivered: Delivered, nodes: Nodes, start: Indices, end: Indices) -> Lines:
    """The links with the nodes their ends join; nodes that no record names are added to `nodes`.

    `start`, `end`: the node that each line's record names (`collect_nodes`); they are changed.
    """
    lines = delivered.lines
    part, parts = numbers(lines, "part", np.int32), numbers(lines, "parts", np.int32)
    # of a line in several parts, the first begins and the last ends where the record says
    start[part > 1] = NOWHERE
    end[part < parts] = NOWHERE
    tips = delivered.coords[delivered.vertices[:-1]], delivered.coords[delivered.vertices[1:] - 1]
    _place_nodes(nodes, start, end, tips)
    _join_by_place(nodes, start, end, tips)
    service = coded(lines, "role").among([LinkRole.SERVICE])
    ids = column(lines, "feature_id")
    found = ids_of(ids)
    main = where(column(lines, "main_id"), found)
    named = ~is_null(column(lines, "main_id")) & (part == 1)
    tapped = np.flatnonzero(named & (main != NOWHERE))
    tap_node = _tap_nodes(delivered, start, end, tapped, main[tapped])
    return Lines(
        ids=ids,
        found=found,
        row=np.arange(lines.num_rows, dtype=np.int32),
        layer=numbers(lines, "layer", np.int16),
        start=start,
        end=end,
        role=np.where(service, role_code(LinkRole.SERVICE), role_code(LinkRole.MAIN)).astype(np.uint8),
        coords=delivered.coords,
        vertices=delivered.vertices,
        tap_node=tap_node,
        tap_link=main[tapped],
        unplaced=pc.filter(ids, pa.array(named & (main == NOWHERE))).to_pylist(),
    )


def _tap_nodes(
    delivered: Delivered, start: Indices, end: Indices, tapped: npt.NDArray[np.int64], main: Indices
) -> Indices:
    """The node at which each service leaves its main: of its two ends, the one nearer to the main.

    Water runs to the customer and sewage from him, so neither end is always the one.
    """
    from geo.line_kernels import ends_nearer

    at_end = ends_nearer(delivered.coords, delivered.vertices, tapped.astype(np.int32), main)
    made: Indices = np.where(at_end, end[tapped], start[tapped]).astype(np.int32)
    return made


def joined(count: int, *ends: Indices) -> Indices:
    """The nodes, of `count`, at which something ends; ascending."""
    used = np.zeros(count + 1, dtype=np.bool_)
    for each in ends:
        used[each] = True  # the last: an end that joins nothing
    made: Indices = np.flatnonzero(used[:-1]).astype(np.int32)
    return made


def _place_nodes(nodes: Nodes, start: Indices, end: Indices, tips: tuple[Metres, Metres]) -> None:
    """Nodes that ends name but no layer holds stand where the first such end is."""
    bare = np.append(np.isnan(nodes.xy[:, 0]), False)  # the last: an end that joins nothing
    for joined, tip in ((end, tips[1]), (start, tips[0])):
        here = np.flatnonzero(bare[joined])[::-1]
        nodes.xy[joined[here]] = tip[here]


def _join_by_place(nodes: Nodes, start: Indices, end: Indices, tips: tuple[Metres, Metres]) -> None:
    """Ends that name no node take the node that another end has at the same place, or a new one there."""
    open_start, open_end = np.flatnonzero(start == NOWHERE), np.flatnonzero(end == NOWHERE)
    places = np.concatenate([tips[0][open_start], tips[1][open_end]])
    if not len(places):
        return
    used = joined(len(nodes.ids), start, end)
    found = np.full(len(places), NOWHERE, dtype=np.int32)
    if len(used):
        apart, at = cKDTree(nodes.xy[used]).query(places, distance_upper_bound=SAME_M)
        near = np.isfinite(apart)
        found[near] = used[at[near]]
    fresh = np.flatnonzero(found == NOWHERE)
    rounded = np.round(places[fresh] / SAME_M).astype(np.int64)
    _, first, back = np.unique(rounded, axis=0, return_index=True, return_inverse=True)
    found[fresh] = nodes.add(places[fresh[first]])[back.ravel()]
    start[open_start], end[open_end] = found[: len(open_start)], found[len(open_start) :]
