"""The devices that bar the way and the places where supply enters, put onto a network's nodes."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc
from scipy.spatial import cKDTree

from geo.ids import Coded
from geo.network import NOWHERE, Flags, Indices, Metres, Snap, SnapKind
from layers.network_columns import SAME_M, Lines, Nodes, coded, joined, numbers, points, where
from layers.network_copy import column
from layers.network_read import Delivered, ids_of
from layers.network_rules import NetworkRules


@dataclass(frozen=True, slots=True, eq=False)
class Points:
    """Devices or sources on their nodes. `link` (a row of the lines) bars or feeds only that link's end there.

    `ids`, `kind` and `state` are pyarrow arrays of text without nulls; a state that nobody knows is empty.
    """

    ids: Any
    node: Indices
    link: Indices
    layer: npt.NDArray[np.int16]
    kind: Any
    state: Any
    operable: Flags
    xy: Metres
    snaps: tuple[Snap, ...] = ()
    unplaced: tuple[str, ...] = ()

    def only(self, kept: npt.NDArray[np.int64]) -> Points:
        """Some of them."""
        at = pa.array(kept)
        return Points(
            self.ids.take(at), self.node[kept], self.link[kept], self.layer[kept], self.kind.take(at),
            self.state.take(at), self.operable[kept], self.xy[kept], self.snaps, self.unplaced,
        )  # fmt: skip

    def and_(self, other: Points) -> Points:
        """These and others."""
        return Points(
            pa.concat_arrays([self.ids, other.ids]),
            np.concatenate([self.node, other.node]),
            np.concatenate([self.link, other.link]),
            np.concatenate([self.layer, other.layer]),
            pa.concat_arrays([self.kind, other.kind]),
            pa.concat_arrays([self.state, other.state]),
            np.concatenate([self.operable, other.operable]),
            np.concatenate([self.xy, other.xy]),
            self.snaps + other.snaps,
            self.unplaced + other.unplaced,
        )

    def closed(self, rules: NetworkRules) -> Flags:
        """Which of them bar the way as delivered: a valve that is closed, a switch that is open."""
        bars = np.zeros(len(self.ids), dtype=np.bool_)
        for kind, state in rules.barriers.items():
            if state:
                bars |= _are(self.kind, kind) & _are(self.state, state)
        return bars

    def kinds(self) -> Coded:
        """The kinds by number, the words in order."""
        words = pc.unique(self.kind).sort()
        codes = pc.index_in(self.kind, value_set=words).to_numpy(zero_copy_only=False).astype(np.int16)
        return Coded(codes, tuple(words.to_pylist()))


def _are(words: Any, wanted: str) -> Flags:
    made: Flags = pc.equal(words, wanted).to_numpy(zero_copy_only=False)
    return made


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
    if made.kinds().among(rules.infeeds).any():
        ids = found.ids.take(pa.array(whole)).to_pylist()
        lines.add(ids, found.layer[whole], high[whole], low[whole], nodes.xy)
        rest = np.setdiff1d(np.arange(len(found.ids)), whole)
    else:
        rest = np.arange(len(found.ids))
    fed = Points(
        found.ids, low, found.link, found.layer, found.kind, found.state, found.operable, found.xy,
        tuple(snap for snap in found.snaps if snap.distance_m > rules.tolerance_m), found.unplaced,
    )  # fmt: skip
    return made.and_(fed.only(rest[low[rest] != NOWHERE]))


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
    ids = column(rows, "feature_id")
    xy = points(rows)
    cut = np.isin(node, list(lines.cut_nodes))
    snaps = tuple(
        Snap(
            SnapKind.DEVICE_TO_LINE if cut[k] else SnapKind.DEVICE_TO_NODE,
            ids[k].as_py(), nodes.index()[int(node[k])], float(apart[k]), float(xy[k, 0]), float(xy[k, 1]),
            int(node[k]),
        )
        for k in kept[(apart[kept] > SAME_M) | cut[kept]].tolist()
    )  # fmt: skip
    links = _named_links(column(rows, "link"), lines, device_link)
    for k in np.flatnonzero(np.isin(links, list(lines.pieces))).tolist():
        ends_here = [
            one for one in lines.pieces[int(links[k])] if node[k] in (lines.start[one], lines.end[one])
        ]
        links[k] = ends_here[0] if ends_here else links[k]
    said = Points(
        ids, node, links, numbers(rows, "layer", np.int16), column(rows, "kind"),
        pc.fill_null(column(rows, "normal_state"), ""),
        pc.fill_null(pc.equal(column(rows, "operable"), "true"), True).to_numpy(zero_copy_only=False),
        xy, snaps, tuple(ids.take(pa.array(np.flatnonzero(node == NOWHERE))).to_pylist()),
    )  # fmt: skip
    return said.only(kept).and_(_of_nodes(nodes, kinds, node))


def _named_links(said: Any, lines: Lines, device_link: Mapping[str, str]) -> Indices:
    """The line that each device names; NOWHERE where it names none, or one that is not there."""
    if said.null_count == len(said):
        return np.full(len(said), NOWHERE, dtype=np.int32)
    form = device_link.get("form", "{}")
    return where(pa.array([_line_id(one, form) for one in said.to_pylist()], pa.string()), lines.found)


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
    bare = of_kinds(nodes, kinds, taken)
    count = len(bare)
    return Points(
        nodes.ids.take(pa.array(bare)), bare, np.full(count, NOWHERE, dtype=np.int32), nodes.layer[bare],
        pa.array([nodes.kinds[k] for k in bare.tolist()], pa.string()), pa.array([""] * count, pa.string()),
        np.ones(count, dtype=np.bool_), nodes.xy[bare],
    )  # fmt: skip


def of_kinds(nodes: Nodes, kinds: frozenset[str], taken: Indices) -> Indices:
    """The nodes that are of these kinds, but for those that are taken (NOWHERE among them takes none)."""
    found = np.append(nodes.kinds.among(kinds), False)
    found[taken] = False
    made: Indices = np.flatnonzero(found).astype(np.int32)
    return made


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
        names = where(column(delivered.nodes, "names"), ids_of(found.ids))
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
