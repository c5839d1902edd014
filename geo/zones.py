"""The graph that a trace walks, and its condensation into isolation segments joined by devices.

Vertices are nodes *and* links; an edge says that a link ends at, is tapped at, or was snapped to a node. A
device stands on an edge, so cutting the devices' edges leaves the isolation segments (Walski; WNTR's
`valve_segments`) as connected components. Condensed to those, a city's network shrinks some fifteen-fold and
one answer costs a walk over zones. Which devices are stuck or closed is a question's overlay, never a
rebuild.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from geo.network import NOWHERE, SERVICE_CODE, Flags, Indices, Network

Offsets = npt.NDArray[np.int64]


@dataclass(frozen=True, slots=True, eq=False)
class TraceGraph:
    """The network's joins: edge k lies between vertices a[k] and b[k], under device[k] (-1: none).

    Vertices: nodes, then links, then the points between two devices on one join. `start`, `target`,
    `arc_device` and `arc_edge` hold the same edges as compressed rows.
    """

    network: Network
    a: Indices
    b: Indices
    device: Indices
    start: Offsets
    target: Indices
    arc_device: Indices
    arc_edge: Indices

    @property
    def size(self) -> int:
        """How many vertices."""
        return len(self.start) - 1

    def vertices(self, links: Indices) -> Indices:
        """The vertices of these links."""
        return (links + np.int32(self.network.node_count)).astype(np.int32)


@dataclass(frozen=True, slots=True, eq=False)
class Segments:
    """The isolation segment of each vertex of the graph; the numbers 0 to `count` - 1 carry no meaning."""

    vertex: Indices
    nodes: int
    links: int
    count: int

    @property
    def node(self) -> Indices:
        """The segment of each node."""
        return self.vertex[: self.nodes]

    @property
    def link(self) -> Indices:
        """The segment of each link."""
        return self.vertex[self.nodes : self.nodes + self.links]


@dataclass(frozen=True, slots=True, eq=False)
class ZoneGraph:
    """Segments (zones) joined by devices, with what each zone holds.

    Arc k joins zones a[k] and b[k] through device[k]. A two-way valve is one arc; where three or more links
    meet at one valve, its node is a zone of its own. `hollow` zones are valve nodes that became an arc.
    `links` lists link indices zone by zone (`link_start`).

    The first `fed` zones have supply with every device as recorded. They are numbered in preorder of a
    breadth-first tree from the sources: what hangs below zone k is k to `last[k]`, and `held_by[k]` is the device
    on the way to its parent. What a cut takes supply from lies below what is cut, so nothing else is looked at.
    """

    graph: TraceGraph
    segments: Segments
    hollow: Flags
    device: Indices
    a: Indices
    b: Indices
    start: Offsets
    target: Indices
    arc_device: Indices
    link_start: Offsets
    links: Indices
    node_start: Offsets
    nodes: Indices
    snap_node: Indices
    source_zone: Indices
    last: Indices
    held_by: Indices
    fed: int

    @property
    def network(self) -> Network:
        """The network that was condensed."""
        return self.graph.network

    @property
    def supplied(self) -> Flags:
        """The zones that have supply with every device as recorded."""
        found: Flags = np.arange(self.segments.count) < self.fed
        return found

    def links_in(self, zones: Indices) -> Indices:
        """The indices of the links in these zones."""
        return _gathered(self.link_start, self.links, zones)

    def nodes_in(self, zones: Indices) -> Indices:
        """The indices of the nodes in these zones."""
        return _gathered(self.node_start, self.nodes, zones)


def joins_of(network: Network) -> tuple[Indices, Indices]:
    """The edges of the network's graph: a node (index), and a link (index + node count) or another node."""
    first = np.int32(network.node_count)
    each = np.arange(network.link_count, dtype=np.int32) + first
    joined = [snap for snap in network.snaps if snap.is_join]
    snap_a = np.array([snap.node for snap in joined], dtype=np.int32)
    snap_b = np.array(
        [s.other_node if s.other_link == NOWHERE else first + s.other_link for s in joined], dtype=np.int32
    )
    a = np.concatenate([network.link_start, network.link_end, network.tap_node, snap_a])
    b = np.concatenate([each, each, network.tap_link + first, snap_b])
    real = a != NOWHERE
    return a[real], b[real]


def trace_graph(network: Network) -> TraceGraph:
    """The network as the graph that traces walk."""
    from geo.kernels import adjacency, devices_on

    a, b = joins_of(network)
    edge, device = devices_on(network.node_count, a, b, network.device_node, network.device_link)
    a, b, under, size = _subdivided(network, a, b, edge, device)
    start, target, arc_device, arc_edge = adjacency(size, a, b, under)
    return TraceGraph(network, a, b, under, start, target, arc_device, arc_edge)


def segments(graph: TraceGraph) -> Segments:
    """The isolation segments: what stays connected with every device closed.

    >>> from geo.network import DeviceRecord, LinkRecord, build_network
    >>> pipes = [LinkRecord("a", "1", "2"), LinkRecord("b", "2", "3"), LinkRecord("c", "3", "4")]
    >>> parts = segments(trace_graph(build_network(pipes, devices=[DeviceRecord("V", "3")])))
    >>> parts.link[0] == parts.link[1], parts.link[1] == parts.link[2]
    (np.True_, np.False_)
    """
    from geo.zone_kernels import components

    free = graph.device == NOWHERE
    labels, count = components(graph.size, graph.a[free], graph.b[free])
    return Segments(labels, graph.network.node_count, graph.network.link_count, int(count))


def zone_graph(graph: TraceGraph) -> ZoneGraph:
    """The condensed graph of zones and devices, ready to answer."""
    from geo.kernels import adjacency, grouped

    parts = segments(graph)
    barred = graph.device != NOWHERE
    zone_a, zone_b, device = (
        parts.vertex[graph.a[barred]],
        parts.vertex[graph.b[barred]],
        graph.device[barred],
    )
    hollow = _two_way(graph.network, parts, zone_a, zone_b, device)
    zone_a, zone_b, device = _contracted(hollow, zone_a, zone_b, device)
    parts, tree = _renumbered(graph.network, parts, hollow, zone_a, zone_b, device)
    rank, last, held_by, fed = tree
    zone_a, zone_b = rank[zone_a], rank[zone_b]
    start, target, arc_device, _ = adjacency(parts.count, zone_a, zone_b, device)
    link_start, link_list = grouped(parts.link, parts.count)
    node_start, node_list = grouped(parts.node, parts.count)
    snap_node = np.array([snap.node for snap in graph.network.snaps], dtype=np.int32)
    shell = np.zeros_like(hollow)
    shell[rank] = hollow
    return ZoneGraph(
        graph, parts, shell, device, zone_a, zone_b, start, target, arc_device, link_start, link_list,
        node_start, node_list, snap_node, parts.node[graph.network.source_node], last, held_by, int(fed),
    )  # fmt: skip


def services_among(network: Network, links: Indices) -> tuple[Indices, Indices]:
    """These links as (mains and the like, services)."""
    service = network.link_role[links] == SERVICE_CODE
    return links[~service], links[service]


# --- devices on joins -------------------------------------------------------------------------------------


def _subdivided(
    network: Network, a: Indices, b: Indices, edge: Indices, device: Indices
) -> tuple[Indices, Indices, Indices, int]:
    """The edges with at most one device each: several on one join stand in a row, node side first."""
    size = network.node_count + network.link_count
    under = np.full(len(a), NOWHERE, dtype=np.int32)
    under[edge] = device
    several = np.flatnonzero(np.bincount(edge, minlength=len(a)) > 1)
    extra: list[tuple[int, int, int]] = []
    for k in several.tolist():
        line = sorted(
            device[edge == k].tolist(),
            key=lambda d: (network.device_node[d] != a[k], network.device_link[d] != NOWHERE, d),
        )
        stops = [int(a[k]), *range(size, size + len(line) - 1), int(b[k])]
        size += len(line) - 1
        extra += [(stops[i], stops[i + 1], d) for i, d in enumerate(line)]
    if not extra:
        return a, b, under, size
    rest = np.ones(len(a), dtype=np.bool_)
    rest[several] = False
    more = np.array(extra, dtype=np.int32)
    joined = [np.concatenate([old[rest], more[:, i]]) for i, old in enumerate((a, b, under))]
    return joined[0], joined[1], joined[2], size


# --- condensation -----------------------------------------------------------------------------------------


def _two_way(network: Network, parts: Segments, zone_a: Indices, zone_b: Indices, device: Indices) -> Flags:
    """The zones that are nothing but the node of one valve between two joins."""
    labels, count = parts.vertex, parts.count
    whole = network.device_link == NOWHERE
    at = labels[network.device_node]
    ends = np.bincount(zone_a, minlength=count) + np.bincount(zone_b, minlength=count)
    alone = np.bincount(labels, minlength=count) == 1
    mine = np.full(count, NOWHERE, dtype=np.int32)
    mine[at[whole]] = np.flatnonzero(whole)
    single = np.bincount(at, minlength=count) == 1
    foreign = np.zeros(count, dtype=np.bool_)
    foreign[zone_a[mine[zone_a] != device]] = True
    foreign[zone_b[mine[zone_b] != device]] = True
    holds_source = np.zeros(count, dtype=np.bool_)
    holds_source[labels[network.source_node]] = True
    two_way: Flags = (mine != NOWHERE) & (ends == 2) & alone & single & ~foreign & ~holds_source
    return two_way


def _contracted(
    hollow: Flags, zone_a: Indices, zone_b: Indices, device: Indices
) -> tuple[Indices, Indices, Indices]:
    touching = hollow[zone_a] | hollow[zone_b]
    inner = np.where(hollow[zone_a], zone_a, zone_b)[touching]
    outer = np.where(hollow[zone_a], zone_b, zone_a)[touching]
    order = np.argsort(inner, kind="stable")
    pairs, by = outer[order].reshape(-1, 2), device[touching][order].reshape(-1, 2)
    return (
        np.concatenate([zone_a[~touching], pairs[:, 0]]).astype(np.int32),
        np.concatenate([zone_b[~touching], pairs[:, 1]]).astype(np.int32),
        np.concatenate([device[~touching], by[:, 0]]).astype(np.int32),
    )


def _renumbered(
    network: Network, parts: Segments, hollow: Flags, zone_a: Indices, zone_b: Indices, device: Indices
) -> tuple[Segments, tuple[Indices, Indices, Indices, int]]:
    """The zones numbered along the tree by which supply comes (`supply_tree`), which is nearly as they are walked."""
    from geo.kernels import adjacency
    from geo.zone_kernels import supply_tree

    start, target, by, _ = adjacency(parts.count, zone_a, zone_b, device)
    sources = parts.node[network.source_node]
    tree = supply_tree(start, target, by, network.device_closed, sources, hollow)
    return replace(parts, vertex=tree[0][parts.vertex]), tree


def _gathered(start: Offsets, items: Indices, rows: Indices) -> Indices:
    sizes = start[rows + 1] - start[rows]
    at = np.repeat(start[rows] - (np.cumsum(sizes) - sizes), sizes) + np.arange(int(sizes.sum()))
    return items[at]
