"""Questions to a network: what to close, what goes dry, what lies up- and downstream, what an outage darkens.

A trace answers for the network as drawn. `geo.snapping.connectivity` and the snaps on each answer say how far
the drawing can be trusted. Every valve or switch bars the way when it is closed (a switch: open); none has a
direction.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np

from geo.network import NOWHERE, Flags, Indices, Network, NetworkError, Snap
from geo.zones import TraceGraph, ZoneGraph, reached_zones, services_among


class NothingBroken(NetworkError):
    """No link, node or device was named, so there is nothing to isolate."""

    code = "trace-nothing-broken"


@dataclass(frozen=True, slots=True)
class Break:
    """What failed, by id: links (pipes, cables), nodes, or devices (which then cannot hold either)."""

    links: tuple[str, ...] = ()
    nodes: tuple[str, ...] = ()
    devices: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Isolation:
    """How to shut a break off, and what that costs. Ids are sorted; `mains` are all links but services.

    `valves_to_close` bound the section; `already_closed` do so as they stand; `stuck` ones could not, so the
    section grew over them; `valves_inside` have the section on both sides. `without_supply` lists what had
    supply, lies outside the section and has no way to a source left (unintended isolation). `restorable_by`
    are closed, operable devices between the living part and such a dead part. `snaps` are the assumed joins
    inside the section.
    """

    valves_to_close: tuple[str, ...]
    already_closed: tuple[str, ...]
    stuck: tuple[str, ...]
    valves_inside: tuple[str, ...]
    isolated_mains: tuple[str, ...]
    services_cut: tuple[str, ...]
    isolated_nodes: tuple[str, ...]
    sources_isolated: tuple[str, ...]
    mains_without_supply: tuple[str, ...]
    services_without_supply: tuple[str, ...]
    restorable_by: tuple[str, ...]
    isolated_length_m: float
    snaps: tuple[Snap, ...]


@dataclass(frozen=True, slots=True)
class Failure:
    """What it costs when one of the valves to close does not: the new answer, and the services added."""

    device_id: str
    more_services: int
    isolation: Isolation


@dataclass(frozen=True, slots=True)
class Outage:
    """What loses supply when something is cut as it lies, before anybody operates a device. Ids are sorted.

    `restorable_by` are barring, operable devices between a living and a dark part: closing that switch
    (opening that valve) would bring supply back from the other side, if the cut itself is isolated first.
    """

    mains_lost: tuple[str, ...]
    services_lost: tuple[str, ...]
    nodes_lost: tuple[str, ...]
    restorable_by: tuple[str, ...]


# --- isolation --------------------------------------------------------------------------------------------


def isolate(zones: ZoneGraph, broken: Break, inoperable: Iterable[str] = ()) -> Isolation:
    """The valves to close around a break and what loses supply by that.

    `inoperable` adds devices that cannot be moved to those the records call so; an open one joins the
    sections on its sides. Raises `NotInNetwork` for an unknown id and `NothingBroken` for an empty break.

    >>> from geo.network import DeviceRecord, LinkRecord, SourceRecord, build_network
    >>> from geo.zones import trace_graph, zone_graph
    >>> pipes = [LinkRecord("a", "1", "2"), LinkRecord("b", "2", "3"), LinkRecord("c", "3", "4")]
    >>> valves = [DeviceRecord("V2", "2"), DeviceRecord("V3", "3")]
    >>> net = zone_graph(trace_graph(build_network(pipes, (), valves, [SourceRecord("S", "1")])))
    >>> answer = isolate(net, Break(links=("b",)))
    >>> answer.valves_to_close, answer.isolated_mains, answer.mains_without_supply
    (('V2', 'V3'), ('b',), ('c',))
    """
    network = zones.network
    failed = failed_devices(network, broken)
    stuck = _stuck(network, failed, inoperable)
    section = _section(zones, _seed_zones(zones, broken, failed), stuck)
    inside = np.flatnonzero(section).astype(np.int32)
    reached = reached_zones(zones, section)
    dry = np.flatnonzero(zones.supplied & ~reached & ~section).astype(np.int32)
    devices, beyond = zones.arcs_at(inside)
    bounding = np.unique(devices[~section[beyond]])
    within = np.setdiff1d(devices[section[beyond]], bounding)
    closed = network.device_closed
    mains, services = services_among(network, zones.links_in(inside))
    dry_mains, dry_services = services_among(network, zones.links_in(dry))
    return Isolation(
        valves_to_close=_devices(network, bounding[~closed[bounding]]),
        already_closed=_devices(network, bounding[closed[bounding]]),
        stuck=_devices(network, within[stuck[within]]),
        valves_inside=_devices(network, within[~stuck[within]]),
        isolated_mains=network.ids_of_links(mains.tolist()),
        services_cut=network.ids_of_links(services.tolist()),
        isolated_nodes=tuple(sorted(network.node_ids[node] for node in zones.nodes_in(inside).tolist())),
        sources_isolated=_sources(network, section[zones.source_zones]),
        mains_without_supply=network.ids_of_links(dry_mains.tolist()),
        services_without_supply=network.ids_of_links(dry_services.tolist()),
        restorable_by=_restoring(zones, reached, dry),
        isolated_length_m=float(network.link_length_m[mains].sum()),
        snaps=_snaps_in(zones, section),
    )


def what_if_stuck(zones: ZoneGraph, broken: Break, inoperable: Sequence[str] = ()) -> tuple[Failure, ...]:
    """For each valve that the isolation closes: what if this one does not close? The costliest first."""
    planned = isolate(zones, broken, inoperable)
    before = _services_hit(planned)
    failures = []
    for device_id in planned.valves_to_close:
        other = isolate(zones, broken, (*inoperable, device_id))
        failures.append(Failure(device_id, _services_hit(other) - before, other))
    return tuple(sorted(failures, key=lambda failure: (-failure.more_services, failure.device_id)))


def _services_hit(answer: Isolation) -> int:
    return len(answer.services_cut) + len(answer.services_without_supply)


def failed_devices(network: Network, broken: Break) -> Indices:
    """The devices that a break takes with it: those named, and those that are a broken node themselves."""
    named = network.devices(broken.devices)
    if not broken.nodes:
        return named
    at = np.isin(network.device_node, network.nodes(broken.nodes)) & (network.device_link == NOWHERE)
    return np.union1d(named, np.flatnonzero(at)).astype(np.int32)


def _stuck(network: Network, failed: Indices, inoperable: Iterable[str]) -> Flags:
    """The devices that stand open and cannot be closed."""
    stuck = ~network.device_operable
    stuck[network.devices(inoperable)] = True
    stuck &= ~network.device_closed
    stuck[failed] = True
    return stuck


def _seed_zones(zones: ZoneGraph, broken: Break, failed: Indices) -> Indices:
    links = zones.segments.link[zones.network.links(broken.links)]
    nodes = zones.segments.node[zones.network.nodes(broken.nodes)]
    beside = np.flatnonzero(np.isin(zones.device, failed)) if len(failed) else np.empty(0, dtype=np.int64)
    # a two-way valve's node has no zone of its own: the zones on the valve's sides stand for it
    seeds = np.concatenate([links, nodes[~zones.hollow[nodes]], zones.a[beside], zones.b[beside]])
    if not len(seeds):
        raise NothingBroken(hint="name-what-broke")
    return np.unique(seeds).astype(np.int32)


def _section(zones: ZoneGraph, seeds: Indices, stuck: Flags) -> Flags:
    """The zones that cannot be told apart from the seeds because what stands between them does not close."""
    from geo.kernels import reach

    free = np.zeros(zones.segments.count, dtype=np.bool_)
    if not stuck.any():
        free[seeds] = True
        return free
    return reach(zones.start, zones.target, zones.arc_device, ~stuck, free, seeds)


def _restoring(zones: ZoneGraph, reached: Flags, dry: Indices) -> tuple[str, ...]:
    if not len(dry):
        return ()
    network = zones.network
    devices, beyond = zones.arcs_at(dry)
    able = network.device_closed[devices] & network.device_operable[devices] & reached[beyond]
    return _devices(network, np.unique(devices[able]))


def _snaps_in(zones: ZoneGraph, section: Flags) -> tuple[Snap, ...]:
    within = np.flatnonzero(section[zones.segments.node[zones.snap_node]])
    return tuple(zones.network.snaps[index] for index in within.tolist())


def _devices(network: Network, indices: Indices) -> tuple[str, ...]:
    return tuple(sorted(network.device_ids[index] for index in indices.tolist()))


def _sources(network: Network, chosen: Flags) -> tuple[str, ...]:
    return tuple(sorted(network.source_ids[index] for index in np.flatnonzero(chosen).tolist()))


# --- outage, upstream, downstream -------------------------------------------------------------------------


def outage(graph: TraceGraph, cut: Break, sources: Iterable[str] = ()) -> Outage:
    """What loses supply when these links, nodes or devices are cut and these `sources` fail.

    A power network: sources are the transformers (or, with the medium-voltage grid in the network, its
    infeeds, and a transformer is a link of that role); open switches bar the way. Raises `NotInNetwork`.
    """
    network = graph.network
    blocked = np.zeros(graph.size, dtype=np.bool_)
    before = _supplied(graph, blocked, network.device_closed, network.source_node)
    blocked[graph.vertices(network.links(cut.links))] = True
    blocked[network.nodes(cut.nodes)] = True
    barred = network.device_closed.copy()
    barred[network.devices(cut.devices)] = True
    alive = np.delete(network.source_node, network.sources(sources))
    after = _supplied(graph, blocked, barred, alive)
    lost = before & ~after & ~blocked
    links = np.flatnonzero(lost[network.node_count : network.node_count + network.link_count])
    mains, services = services_among(network, links.astype(np.int32))
    able = barred & network.device_operable
    able[network.devices(cut.devices)] = False
    return Outage(
        mains_lost=network.ids_of_links(mains.tolist()),
        services_lost=network.ids_of_links(services.tolist()),
        nodes_lost=tuple(
            sorted(network.node_ids[n] for n in np.flatnonzero(lost[: network.node_count]).tolist())
        ),
        restorable_by=_bridging(graph, after, lost, able),
    )


def _supplied(graph: TraceGraph, blocked: Flags, barred: Flags, seeds: Indices) -> Flags:
    from geo.kernels import reach

    return reach(graph.start, graph.target, graph.arc_device, barred, blocked, seeds)


def _bridging(graph: TraceGraph, alive: Flags, lost: Flags, able: Flags) -> tuple[str, ...]:
    """The devices in `able` with a living vertex on one side and a lost one on another."""
    on = graph.device != NOWHERE
    device = graph.device[on]
    ends = np.concatenate([graph.a[on], graph.b[on]])
    both = np.concatenate([device, device])
    # at a node that one switch bars altogether, the two sides are two edges of the same switch
    sees_life, sees_loss = np.zeros_like(able), np.zeros_like(able)
    sees_life[both[alive[ends]]] = True
    sees_loss[both[lost[ends]]] = True
    return _devices(graph.network, np.flatnonzero(able & sees_life & sees_loss).astype(np.int32))


def downstream(graph: TraceGraph, link_id: str) -> tuple[str, ...]:
    """The links that have supply only through this one (in a drain: those that drain through it).

    In a loop nothing hangs on one link alone, so a meshed network's link may have nothing downstream.
    """
    gone = outage(graph, Break(links=(link_id,)))
    return tuple(sorted({*gone.mains_lost, *gone.services_lost}))


def upstream(graph: TraceGraph, link_id: str) -> tuple[str, ...]:
    """The links on any way from a source to this one that passes nothing twice (in a drain: to the outlet).

    These are the links that share a block with an edge drawn from the link back to a root behind all sources.
    """
    from geo.kernels import adjacency, block_of_edge

    network = graph.network
    root = graph.size
    ends = graph.vertices(network.links((link_id,)))
    a = np.concatenate([graph.a, network.source_node, ends]).astype(np.int32)
    b = np.concatenate([graph.b, np.full(len(network.source_node) + len(ends), root)]).astype(np.int32)
    start, target, _, edge = adjacency(root + 1, a, b, np.zeros(len(a), dtype=np.int32))
    use = np.ones(len(a), dtype=np.bool_)
    use[: len(graph.device)] = ~np.append(network.device_closed, False)[graph.device]  # -1: no device
    found = np.zeros(root + 1, dtype=np.bool_)
    first = len(a) - len(ends)
    for k in range(first, len(a)):
        use[first:] = False
        use[k] = True
        found |= block_of_edge(start, target, edge, use, root, k)
    links = np.flatnonzero(found[network.node_count : network.node_count + network.link_count])
    return tuple(one for one in network.ids_of_links(links.tolist()) if one != link_id)
