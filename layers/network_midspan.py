"""Devices that stand in mid-span: the line under each is cut there, so that the device has a node to stand at.

Only what finds no end of a line is looked at, and only within the snap tolerance. The pieces keep the line's id;
each such placing is a logged snap onto the line.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import numpy as np
import pyarrow as pa
import shapely
from scipy.spatial import cKDTree
from shapely.geometry import LineString
from shapely.ops import substring

from geo.network import NOWHERE, Indices, Metres
from layers.network_columns import SAME_M, Lines, Nodes, coded, joined, points, where
from layers.network_copy import column
from layers.network_points import of_kinds
from layers.network_read import Delivered
from layers.network_rules import NetworkRules


@dataclass(frozen=True, slots=True, eq=False)
class _Loose:
    """Devices without an end of a line to stand at: the node that each names (-1: none), and their places."""

    node: Indices
    xy: Metres

    def only(self, kept: Any) -> _Loose:
        """Some of them."""
        return _Loose(self.node[kept], self.xy[kept])


def cut_in_midspan(delivered: Delivered, nodes: Nodes, lines: Lines, rules: NetworkRules) -> None:
    """Cut the lines under devices and sources that stand in mid-span; `nodes` and `lines` are changed."""
    loose = _loose(delivered, nodes, lines, rules)
    if not len(loose.node) or not len(lines.start):
        return
    owner = np.repeat(np.arange(len(lines.vertices) - 1), np.diff(lines.vertices))
    whole = np.diff(lines.vertices) > 1
    shapes = np.full(len(whole), None, dtype=object)
    keep = whole[owner]
    number = np.cumsum(whole) - 1
    shapes[whole] = shapely.linestrings(lines.coords[keep], indices=number[owner[keep]])
    tree = shapely.STRtree(shapes)
    at, line = tree.query_nearest(
        shapely.points(loose.xy), max_distance=max(rules.tolerance_m, SAME_M), all_matches=False
    )
    under: dict[int, list[int]] = {}
    for which, one in zip(at.tolist(), line.tolist(), strict=True):
        under.setdefault(one, []).append(which)
    stops = {one: _stops(shapes[one], loose.only(which)) for one, which in under.items()}
    stops = {one: found for one, found in stops.items() if found}
    if stops:
        _cut(nodes, lines, stops)


def _loose(delivered: Delivered, nodes: Nodes, lines: Lines, rules: NetworkRules) -> _Loose:
    """The devices and device nodes that stand at no end of a line, nor within the tolerance of one."""
    kinds = frozenset(rules.barriers) | rules.sources | rules.infeeds
    chosen = np.flatnonzero(coded(delivered.devices, "kind").among(kinds)).astype(np.int32)
    rows = delivered.devices.take(pa.array(chosen))
    named = where(column(rows, "node_id"), nodes.index())
    own = of_kinds(nodes, kinds, named)
    found = _Loose(np.concatenate([named, own]), np.concatenate([points(rows), nodes.xy[own]]))
    ends = joined(len(nodes.ids), lines.start, lines.end)
    stands = np.zeros(len(nodes.ids) + 1, dtype=np.bool_)
    stands[ends] = True
    found = found.only(~stands[found.node] & ~np.isnan(found.xy[:, 0]))
    if not len(found.node) or not len(ends):
        return found
    gap, _ = cKDTree(nodes.xy[ends]).query(found.xy, distance_upper_bound=max(rules.tolerance_m, SAME_M))
    return found.only(~np.isfinite(gap))


def _stops(line: LineString, loose: _Loose) -> list[tuple[float, int, float, float]]:
    """Where a line is cut: how far along, at which node (-1: a new one), and the place; each place once.

    At a line's very end nothing is cut: its end is a node, if not the one that the device names.
    """
    found: list[tuple[float, int, float, float]] = []
    for node, (x, y) in zip(loose.node.tolist(), loose.xy.tolist(), strict=True):
        along = line.project(shapely.Point(x, y))
        on = line.interpolate(along)
        found.append((along, node, on.x, on.y))
    made: list[tuple[float, int, float, float]] = []
    for stop in sorted(found, key=lambda each: (each[0], -each[1])):
        last = made[-1][0] if made else 0.0
        if stop[0] - last > SAME_M and line.length - stop[0] > SAME_M:
            made.append(stop)
    return made


def _cut(nodes: Nodes, lines: Lines, stops: dict[int, list[tuple[float, int, float, float]]]) -> None:
    """Cut lines at their stops: the first piece stays in the line's place, the others come after all lines."""
    fresh = [stop for one in stops.values() for stop in one if stop[1] == NOWHERE]
    new = iter(nodes.add(np.array([stop[2:] for stop in fresh]).reshape(-1, 2)).tolist())
    more = _Pieces()
    first: dict[int, Metres] = {}
    for line, cuts in stops.items():
        shape = LineString(lines.coords[lines.vertices[line] : lines.vertices[line + 1]])
        measures = [0.0, *(each[0] for each in cuts), shape.length]
        parts = [np.asarray(substring(shape, a, b).coords) for a, b in pairwise(measures)]
        at = [node if node != NOWHERE else next(new) for _, node, _, _ in cuts]
        lines.cut_nodes.update(at)
        first[line] = parts[0]
        number = len(lines.ids) + len(more.line)
        lines.pieces[line] = [line, *range(number, number + len(cuts))]
        more.add(line, parts[1:], at, [*at[1:], int(lines.end[line])])
        lines.end[line] = at[0]
    _replaced(lines, first)
    more.append_to(lines)
    _retapped(nodes, lines)


class _Pieces:
    """The further pieces of lines that were cut."""

    def __init__(self) -> None:
        self.line: list[int] = []
        self.coords: list[Metres] = []
        self.start: list[int] = []
        self.end: list[int] = []

    def add(self, line: int, coords: list[Metres], start: list[int], end: list[int]) -> None:
        """The further pieces of one line."""
        self.line += [line] * len(coords)
        self.coords += coords
        self.start += start
        self.end += end

    def append_to(self, lines: Lines) -> None:
        """Put them after all lines."""
        at = np.array(self.line, dtype=np.int32)
        lines.ids = pa.concat_arrays([lines.ids, lines.ids.take(pa.array(at))])
        lines.row = np.concatenate([lines.row, lines.row[at]])
        lines.layer = np.concatenate([lines.layer, lines.layer[at]])
        lines.role = np.concatenate([lines.role, lines.role[at]])
        lines.start = np.concatenate([lines.start, np.array(self.start, dtype=np.int32)])
        lines.end = np.concatenate([lines.end, np.array(self.end, dtype=np.int32)])
        sizes = [len(each) for each in self.coords]
        lines.vertices = np.concatenate([lines.vertices, lines.vertices[-1] + np.cumsum(sizes)])
        lines.coords = np.concatenate([lines.coords, *self.coords])


def _replaced(lines: Lines, first: dict[int, Metres]) -> None:
    """The lines with the vertices of some of them replaced."""
    sizes = np.diff(lines.vertices)
    kept: list[Metres] = []
    done = 0
    for line in sorted(first):
        kept += [lines.coords[done : lines.vertices[line]], first[line]]
        done = int(lines.vertices[line + 1])
        sizes[line] = len(first[line])
    lines.coords = np.concatenate([*kept, lines.coords[done:]])
    lines.vertices = np.concatenate([np.zeros(1, dtype=np.int64), np.cumsum(sizes)])


def _retapped(nodes: Nodes, lines: Lines) -> None:
    """A service that leaves a main that was cut leaves the piece which its node is nearest to."""
    for tap in np.flatnonzero(np.isin(lines.tap_link, list(lines.pieces))).tolist():
        place = shapely.Point(nodes.xy[lines.tap_node[tap]])
        pieces = lines.pieces[int(lines.tap_link[tap])]
        apart = [
            LineString(lines.coords[lines.vertices[k] : lines.vertices[k + 1]]).distance(place)
            for k in pieces
        ]
        lines.tap_link[tap] = pieces[int(np.argmin(apart))]
