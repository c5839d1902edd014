"""From a utility's delivered records to a network that answers: nodes, joins, repairs, devices, sources, zones.

Ends that name a node join there. An end that names none joins by its place. What still hangs apart is joined by
snaps over at most the rules' tolerance, each of them kept with its distance. All is done on whole columns.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from geo.ids import Coded
from geo.network import NOWHERE, Flags, Indices, Metres, Network, Snap
from geo.snapping import Among, parts_of, snapped
from geo.zones import trace_graph, zone_graph
from layers.network_built import UNKNOWN_DAY, Attributes, Built, Shapes
from layers.network_columns import Lines, Nodes, coded, collect_links, collect_nodes, joined, numbers
from layers.network_midspan import cut_in_midspan
from layers.network_points import Points, barriers, sources
from layers.network_read import Delivered, ids_of
from layers.network_rules import NetworkRules, Squeeze

# Ends and lines that hang apart, and ends looked at for them, that are few enough to look only there.
FEW_APART: Final = 100
FEW_BESIDE: Final = 500


def build(delivered: Delivered, rules: NetworkRules) -> Built:
    """The network of a utility's records."""
    from geo.line_kernels import measured

    nodes, start, end = collect_nodes(delivered)
    recorded = len(nodes.ids)
    lines = collect_links(delivered, nodes, start, end)
    cut_in_midspan(delivered, nodes, lines, rules)
    fed = sources(delivered, nodes, lines, rules)
    barred = barriers(delivered, nodes, lines, rules)
    length_m, box = measured(lines.coords, lines.vertices)
    attributes = _attributes(delivered, lines, barred, fed, box)
    network = _network(nodes, lines, barred, fed, rules, length_m)
    squeezable = _squeezable(attributes, rules.squeeze)
    network = replace(_repaired(network, attributes, rules.tolerance_m, recorded), link_squeezable=squeezable)
    return Built(zone_graph(trace_graph(network)), attributes)


def _network(
    nodes: Nodes, lines: Lines, barred: Points, fed: Points, rules: NetworkRules, length_m: Metres
) -> Network:
    shapes = Shapes(lines.coords, lines.vertices)
    # the row of a line is its link: transformers come after them
    return Network(
        node_ids=nodes.index(),
        node_kinds=nodes.kinds,
        node_xy=nodes.xy,
        link_ids=lines.found if len(lines.found) == len(lines.ids) else ids_of(lines.ids),
        link_start=lines.start,
        link_end=lines.end,
        link_role=lines.role,
        link_length_m=length_m,
        link_squeezable=np.zeros(len(lines.row), dtype=np.bool_),
        link_shapes=shapes,
        tap_node=lines.tap_node,
        tap_link=lines.tap_link,
        device_ids=ids_of(barred.ids),
        device_node=barred.node.astype(np.int32),
        device_link=barred.link.astype(np.int32),
        device_closed=barred.closed(rules),
        device_operable=barred.operable.astype(np.bool_),
        source_ids=ids_of(fed.ids),
        source_node=fed.node.astype(np.int32),
        snaps=(*barred.snaps, *fed.snaps),
        unplaced=(*lines.unplaced, *barred.unplaced, *fed.unplaced),
    )


def _repaired(network: Network, attributes: Attributes, tolerance_m: float, recorded: int) -> Network:
    """The network with its parts joined by snaps, each within one layer and one level of pressure or voltage.

    Where the records name the nodes (the first `recorded` ones), a snap only joins what hangs apart, and never
    two parts that each have a source: cables of two transformers may lie in one trench.
    """
    labels = parts_of(network)
    is_bare = np.arange(network.node_count) >= recorded
    of_links = labels[network.node_count :]
    if not network.link_count or (not is_bare.any() and of_links.min() == of_links.max()):
        return network
    among = _among(network, attributes.link_box, (is_bare, labels), tolerance_m)
    shapes = Shapes(attributes.coords, attributes.vertices)
    whole = replace(network, link_shapes=shapes.all() if among is None else shapes)
    level = np.where(
        np.isnan(attributes.link_voltage_kv), attributes.link_pressure_bar, attributes.link_voltage_kv
    )
    beside = _link_at(network)
    parts = _Parts(labels, np.unique(labels[network.source_node]).tolist())
    kept = []
    for snap in sorted(snapped(whole, tolerance_m, among).snaps, key=_by_distance):
        other = snap.other_node if snap.other_link == NOWHERE else network.node_count + snap.other_link
        links = beside[snap.node], snap.other_link if snap.other_node == NOWHERE else beside[snap.other_node]
        if not snap.is_join or (
            attributes.link_layer[links[0]] == attributes.link_layer[links[1]]
            and not _differ(level[links[0]], level[links[1]])
            and (is_bare[snap.node] or parts.joins(int(labels[snap.node]), int(labels[other])))
        ):
            kept.append(snap)
    return replace(network, snaps=tuple(kept))


def _among(
    network: Network, box: npt.NDArray[np.float32], said: tuple[Flags, Indices], tolerance_m: float
) -> Among | None:
    """Where a snap may be of use: at ends that no record names, and beside what hangs apart from most. None: anywhere.

    A line as built brings two such ends into a network that hangs together; to look at all others takes seconds.
    Boxes of lines are half a metre wider than the lines, or more.
    """
    is_bare, labels = said
    count = network.node_count
    apart = labels != np.bincount(labels[count:]).argmax()
    links = np.flatnonzero(apart[count:])
    used = joined(count, network.link_start, network.link_end)
    nodes = used[(is_bare | apart[:count])[used]]
    xy = network.node_xy[used]
    if len(nodes) + len(links) > FEW_APART or np.isnan(xy).any():
        return None
    wide = box + np.array([-1, -1, 1, 1]) * tolerance_m
    beside = [
        used[((xy >= west_south) & (xy <= east_north)).all(axis=1)]
        for west_south, east_north in wide[links].reshape(-1, 2, 2)
    ]
    nodes = np.unique(np.concatenate([nodes, *beside]))
    if len(nodes) > FEW_BESIDE:
        return None
    found = np.zeros(network.link_count, dtype=np.bool_)
    for x, y in network.node_xy[nodes].tolist():
        found |= (wide[:, 0] <= x) & (wide[:, 1] <= y) & (wide[:, 2] >= x) & (wide[:, 3] >= y)
    return Among(nodes.astype(np.int32), np.flatnonzero(found).astype(np.int32))


def _differ(one: float, other: float) -> bool:
    """Whether two known levels are not the same."""
    return bool(one != other and not np.isnan([one, other]).any())


def _by_distance(snap: Snap) -> tuple[float, str, str]:
    return snap.distance_m, snap.subject, snap.other


class _Parts:
    """The parts of a network while snaps join them; never two that each have a source."""

    def __init__(self, labels: npt.NDArray[np.int32], fed: Sequence[int]) -> None:
        self._root = list(range(int(labels.max()) + 1))
        self._fed = set(fed)

    def joins(self, a: int, b: int) -> bool:
        """Join two parts, unless they hang together already or both have a source; say whether that was done."""
        one, other = self._of(a), self._of(b)
        if one == other or {one, other} <= self._fed:
            return False
        kept, gone = (one, other) if one in self._fed else (other, one)
        self._root[gone] = kept
        return True

    def _of(self, part: int) -> int:
        while self._root[part] != part:
            part = self._root[part]
        return part


def _link_at(network: Network) -> npt.NDArray[np.int32]:
    """One link that ends at each node."""
    found = np.full(network.node_count, NOWHERE, dtype=np.int32)
    for ends in (network.link_start, network.link_end):
        known = np.flatnonzero(ends != NOWHERE)
        found[ends[known]] = known
    return found


# --- attributes


def _attributes(delivered: Delivered, lines: Lines, barred: Points, fed: Points, box: Any) -> Attributes:
    table = delivered.lines
    rows = lines.row

    def measured(name: str) -> npt.NDArray[np.float32]:
        made: npt.NDArray[np.float32] = np.append(numbers(table, name, np.float32), np.float32(np.nan))[rows]
        return made

    def worded(name: str) -> Coded:
        said = coded(table, name)
        return Coded(np.append(said.codes, np.int16(-1))[rows], said.words)

    surveyed = np.append(numbers(table, "surveyed", np.int32), np.int32(UNKNOWN_DAY))
    return Attributes(
        link_layer=lines.layer,
        link_material=worded("material"),
        link_diameter_mm=measured("diameter_mm"),
        link_pressure_bar=measured("pressure_bar"),
        link_voltage_kv=measured("voltage_kv"),
        link_quality=worded("quality_level"),
        link_surveyed=surveyed[rows],
        link_box=box,
        device_layer=barred.layer.astype(np.int16),
        device_kind=barred.kinds(),
        device_xy=barred.xy,
        source_layer=fed.layer.astype(np.int16),
        source_kind=fed.kinds(),
        source_xy=fed.xy,
        coords=lines.coords,
        vertices=lines.vertices,
    )


def _squeezable(attributes: Attributes, squeeze: Squeeze) -> Flags:
    able = [squeeze.allows(word, 0.0) for word in attributes.link_material.words]
    by_material = np.append(np.array(able, dtype=np.bool_), False)[attributes.link_material.codes]
    small = attributes.link_diameter_mm <= squeeze.largest_diameter_mm
    made: Flags = by_material & small
    return made
