"""The devices that bar the way and the places where supply enters, put onto a network's nodes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc
from scipy.spatial import cKDTree

from geo.ids import Ids
from geo.network import NOWHERE, Flags, Indices, Metres, Snap, SnapKind
from layers.network_columns import SAME_M, Lines, Nodes, coded, column, joined, numbers, points, where
from layers.network_read import Delivered
from layers.network_rules import NetworkRules


@dataclass(frozen=True, slots=True, eq=False)
class Points:
    """Devices or sources on their nodes. `link` (a row of the lines) bars or feeds only that link's end there."""

    ids: tuple[str, ...]
    node: Indices
    link: Indices
    layer: npt.NDArray[np.int16]
    kind: tuple[str, ...]
    state: tuple[str, ...]
    operable: Flags
    xy: Metres
    snaps: tuple[Snap, ...] = ()
    unplaced: tuple[str, ...] = ()

    def only(self, kept: Sequence[int]) -> Points:
        """Some of them."""
        at = np.array(kept, dtype=np.int64)
        return Points(
            tuple(self.ids[k] for k in kept), self.node[at], self.link[at], self.layer[at],
            tuple(self.kind[k] for k in kept), tuple(self.state[k] for k in kept), self.operable[at],
            self.xy[at], self.snaps, self.unplaced,
        )  # fmt: skip

    def and_(self, other: Points) -> Points:
        """These and others."""
        return Points(
            self.ids + other.ids,
            np.concatenate([self.node, other.node]),
            np.concatenate([self.link, other.link]),
            np.concatenate([self.layer, other.layer]),
            self.kind + other.kind,
            self.state + other.state,
            np.concatenate([self.operable, other.operable]),
            np.concatenate([self.xy, other.xy]),
            self.snaps + other.snaps,
            self.unplaced + other.unplaced,
        )

    def closed(self, rules: NetworkRules) -> Flags:
        """Which of them bar the way as delivered: a valve that is closed, a switch that is open."""
        bars = [
            bool(state) and rules.barriers.get(kind) == state
            for kind, state in zip(self.kind, self.state, strict=True)
        ]
        return np.array(bars, dtype=np.bool_)


def barriers(delivered: Delivered, nodes: Nodes, lines: Lines, rules: NetworkRules) -> Points:
    """The devices a crew can close or open."""
    return _points(delivered, nodes, lines, frozenset(rules.barriers), rules.tolerance_m, rules.device_link)


def sources(delivered: Delivered, nodes: Nodes, lines: Lines, rules: NetworkRules) -> Points:
    """Where supply enters. Where a grid has an infeed, transformers become links; else they are its sources."""
    made = _points(delivered, nodes, lines, rules.sources | rules.infeeds, rules.tolerance_m)
    if not rules.transformers:
        return made
    found = _points(delivered, nodes, lines, rules.transformers, rules.transformer_reach_m)
    low, high = _sides(delivered, nodes, lines, found, rules)
    whole = np.flatnonzero((low != NOWHERE) & (high != NOWHERE) & (low != high))
    if any(kind in rules.infeeds for kind in made.kind):
        ids = [found.ids[k] for k in whole.tolist()]
        lines.add(ids, found.layer[whole], high[whole], low[whole], nodes.xy)
        rest = np.setdiff1d(np.arange(len(found.ids)), whole)
    else:
        rest = np.arange(len(found.ids))
    fed = Points(
        found.ids, low, found.link, found.layer, found.kind, found.state, found.operable, found.xy,
        tuple(snap for snap in found.snaps if snap.distance_m > rules.tolerance_m), found.unplaced,
    )  # fmt: skip
    return made.and_(fed.only([k for k in rest.tolist() if low[k] != NOWHERE]))


_NO_LINKS: Final[Mapping[str, str]] = {}


def _points(
    delivered: Delivered,
    nodes: Nodes,
    lines: Lines,
    kinds: frozenset[str],
    tolerance_m: float,
    device_link: Mapping[str, str] = _NO_LINKS,
) -> Points:
    """The devices of these kinds, then the nodes of these kinds at which none of those devices stands.

    `device_link` says how a device names the line that it is on.
    """
    devices = delivered.devices
    chosen = np.flatnonzero(coded(devices, "kind").among(kinds)).astype(np.int32)
    rows = devices.take(pa.array(chosen))
    node, apart = _placed(rows, nodes, lines, tolerance_m)
    kept = np.flatnonzero(node != NOWHERE)
    ids = column(rows, "feature_id").to_pylist()
    xy = points(rows)
    snaps = tuple(
        Snap(
            SnapKind.DEVICE_TO_LINE if int(node[k]) in lines.cut_nodes else SnapKind.DEVICE_TO_NODE,
            ids[k], nodes.index()[int(node[k])], float(apart[k]), float(xy[k, 0]), float(xy[k, 1]), int(node[k]),
        )
        for k in kept.tolist()
        if apart[k] > SAME_M or int(node[k]) in lines.cut_nodes
    )  # fmt: skip
    named = [_line_id(said, device_link.get("form", "{}")) for said in column(rows, "link").to_pylist()]
    links = where(pa.array(named, pa.string()), lines.found)
    for k in np.flatnonzero(np.isin(links, list(lines.pieces))).tolist():
        ends_here = [
            one for one in lines.pieces[int(links[k])] if node[k] in (lines.start[one], lines.end[one])
        ]
        links[k] = ends_here[0] if ends_here else links[k]
    said = Points(
        tuple(ids), node, links, numbers(rows, "layer", np.int16), tuple(column(rows, "kind").to_pylist()),
        tuple(pc.fill_null(column(rows, "normal_state"), "").to_pylist()),
        pc.fill_null(pc.equal(column(rows, "operable"), "true"), True).to_numpy(zero_copy_only=False),
        xy, snaps, tuple(ids[k] for k in np.flatnonzero(node == NOWHERE).tolist()),
    )  # fmt: skip
    return said.only(kept.tolist()).and_(_of_nodes(nodes, kinds, node))


def _line_id(said: str | None, form: str) -> str | None:
    """The id of the line that a device names; a number takes the line's own form ("EL{:05d}")."""
    if said is None:
        return None
    try:
        return form.format(int(float(said)) if ":" in form else said)
    except ValueError:
        return said


def _of_nodes(nodes: Nodes, kinds: frozenset[str], taken: Indices) -> Points:
    """The nodes that are of these kinds themselves."""
    bare = np.setdiff1d(np.flatnonzero(nodes.kinds.among(kinds)), taken).astype(np.int32)
    count = len(bare)
    return Points(
        tuple(pc.take(nodes.ids, pa.array(bare)).to_pylist()), bare, np.full(count, NOWHERE, dtype=np.int32),
        nodes.layer[bare], tuple(nodes.kinds[k] for k in bare.tolist()), ("",) * count,
        np.ones(count, dtype=np.bool_), nodes.xy[bare],
    )  # fmt: skip


def _placed(
    rows: object, nodes: Nodes, lines: Lines, tolerance_m: float
) -> tuple[Indices, npt.NDArray[np.float64]]:
    """The node of each device and how far off it was taken (0: the record names it)."""
    node = where(column(rows, "node_id"), nodes.index())
    xy = points(rows)
    apart = np.zeros(len(node))
    ends = joined(len(nodes.ids), lines.start, lines.end)
    stands = np.zeros(len(nodes.ids) + 1, dtype=np.bool_)
    stands[ends] = True
    loose = np.flatnonzero(~stands[node] & ~np.isnan(xy[:, 0]))
    if len(loose) and len(ends):
        gap, at = cKDTree(nodes.xy[ends]).query(xy[loose], distance_upper_bound=max(tolerance_m, SAME_M))
        near = np.isfinite(gap)
        node[loose[near]] = ends[at[near]]
        apart[loose[near]] = gap[near]
    return node, apart


def _sides(
    delivered: Delivered, nodes: Nodes, lines: Lines, found: Points, rules: NetworkRules
) -> tuple[Indices, Indices]:
    """The low- and the high-voltage node of each transformer, by the voltage of the lines that end there."""
    voltage = numbers(delivered.lines, "voltage_kv", np.float64)[lines.row]
    level = np.full(len(nodes.ids), np.nan)
    for ends in (lines.start, lines.end):
        known = ~np.isnan(voltage)
        level[ends[known]] = voltage[known]
    low, high = found.node.copy(), np.full(len(found.ids), NOWHERE, dtype=np.int32)
    for k, groups in enumerate(_beside(delivered, nodes, found, rules)):
        graded = [sorted((level[node], node) for node in group if level[node] > 0) for group in groups]
        told = [each for each in graded if each]
        if not told:
            continue
        low[k] = told[0][0][1]
        highest = max(each[-1] for each in told)
        if highest[0] > told[0][0][0]:
            high[k] = highest[1]
    return low, high


def _beside(delivered: Delivered, nodes: Nodes, found: Points, rules: NetworkRules) -> list[list[set[int]]]:
    """The nodes that may be a transformer's, the likelier first: those that name it, its own, those near it."""
    named: list[set[int]] = [set() for _ in found.ids]
    if rules.transformer_node:
        names = where(column(delivered.nodes, "names"), Ids.of(found.ids))
        kinds = coded(delivered.nodes, "kind").among([rules.transformer_node.get("kind", "")])
        at = where(column(delivered.nodes, "feature_id"), nodes.index())
        for row in np.flatnonzero((names != NOWHERE) & kinds).tolist():
            named[int(names[row])].add(int(at[row]))
    own = [{node} - {NOWHERE} for node in found.node.tolist()]
    near: list[set[int]] = [set() for _ in found.ids]
    placed = np.flatnonzero(~np.isnan(nodes.xy[:, 0]))
    if len(placed) and len(found.ids):
        balls = cKDTree(nodes.xy[placed]).query_ball_point(found.xy, rules.transformer_reach_m)
        near = [set(placed[these].tolist()) for these in balls]
    return [list(each) for each in zip(named, own, near, strict=True)]
