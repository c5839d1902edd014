"""Questions to a network: what to close, what goes dry, what lies up- and downstream, what an outage darkens.

A trace answers for the network as drawn. `geo.snapping.connectivity` and the snaps on each answer say how far
the drawing can be trusted. Every valve or switch bars the way when it is closed (a switch: open); none has a
direction.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Self

import numpy as np

from geo.network import NOWHERE, SERVICE_CODE, Flags, Indices, Network, NetworkError, Snap
from geo.zones import TraceGraph, ZoneGraph, services_among


class NothingBroken(NetworkError):
    """No link, node or device was named, so there is nothing to isolate."""

    code = "trace-nothing-broken"


@dataclass(frozen=True, slots=True)
class Break:
    """What failed, by id: links (pipes, cables), nodes, or devices (which then cannot hold either)."""

    links: tuple[str, ...] = ()
    nodes: tuple[str, ...] = ()
    devices: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, eq=False)
class Cut:
    """What failed, by index; a break that is known by id is `Cut.of` it."""

    links: Indices
    nodes: Indices
    devices: Indices

    @classmethod
    def of(cls, network: Network, broken: Break) -> Self:
        """The indices of what is broken. Raises `NotInNetwork`."""
        return cls(network.links(broken.links), network.nodes(broken.nodes), network.devices(broken.devices))


@dataclass(frozen=True, slots=True, eq=False)
class DeviceState:
    """How the devices stand now: the records' own state with what a crew has reported since laid over it."""

    closed: Flags
    operable: Flags

    @classmethod
    def of(cls, network: Network, inoperable: Iterable[str] = ()) -> Self:
        """The recorded state, with some devices taken for inoperable. Raises `NotInNetwork`."""
        operable = network.device_operable.copy()
        operable[network.devices(inoperable)] = False
        return cls(network.device_closed, operable)


@dataclass(frozen=True, slots=True, eq=False)
class Section:
    """An `Isolation` by index: zones, devices, then links and sources; `dry_*` lie outside the section."""

    zones: Indices
    dry_zones: Indices
    to_close: Indices
    already_closed: Indices
    stuck: Indices
    inside: Indices
    mains: Indices
    services: Indices
    sources: Indices
    dry_mains: Indices
    dry_services: Indices
    restoring: Indices
    snaps: Indices


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
    found = section_of(zones, Cut.of(network, broken), DeviceState.of(network, inoperable))
    return Isolation(
        valves_to_close=_devices(network, found.to_close),
        already_closed=_devices(network, found.already_closed),
        stuck=_devices(network, found.stuck),
        valves_inside=_devices(network, found.inside),
        isolated_mains=network.ids_of_links(found.mains.tolist()),
        services_cut=network.ids_of_links(found.services.tolist()),
        isolated_nodes=tuple(sorted(network.node_ids[node] for node in zones.nodes_in(found.zones).tolist())),
        sources_isolated=tuple(sorted(network.source_ids[index] for index in found.sources.tolist())),
        mains_without_supply=network.ids_of_links(found.dry_mains.tolist()),
        services_without_supply=network.ids_of_links(found.dry_services.tolist()),
        restorable_by=_devices(network, found.restoring),
        isolated_length_m=float(network.link_length_m[found.mains].sum()),
        snaps=tuple(network.snaps[index] for index in found.snaps.tolist()),
    )


def section_of(zones: ZoneGraph, cut: Cut, state: DeviceState) -> Section:
    """The section around a break with the devices standing as `state` says, by index.

    Supply is lost by what had it with every device as recorded: a valve that a crew has closed since counts
    as part of the same break. Raises `NothingBroken` for an empty cut.
    """
    from geo.zone_kernels import cut_off

    network = zones.network
    failed = failed_devices(network, cut)
    stuck = ~(state.operable | state.closed)
    stuck[failed] = True
    inside, dry, bounding, within, restoring, mains, services, dry_mains, dry_services, at_source = cut_off(
        (zones.start, zones.target, zones.arc_device),
        (zones.last, zones.held_by, zones.fed),
        (zones.link_start, zones.links, network.link_role, SERVICE_CODE),
        (stuck, state.closed, state.closed & state.operable),
        zones.source_zone,
        _seed_zones(zones, cut, failed),
        _changed(network.device_closed, state.closed),
    )
    closed, held = state.closed[bounding], stuck[within]
    return Section(
        zones=inside,
        dry_zones=dry,
        to_close=bounding[~closed],
        already_closed=bounding[closed],
        stuck=within[held],
        inside=within[~held],
        mains=mains,
        services=services,
        sources=_where(at_source),
        dry_mains=dry_mains,
        dry_services=dry_services,
        restoring=restoring,
        snaps=_snaps_in(zones, inside),
    )


def _changed(recorded: Flags, now: Flags) -> int:
    """What `cut_off` must know of the devices' state: 0, as recorded; 1, more bar the way; 2, some bar it no longer."""
    if now is recorded or np.array_equal(now, recorded):
        return 0
    return 2 if (recorded & ~now).any() else 1


def _where(flags: Flags) -> Indices:
    return np.flatnonzero(flags).astype(np.int32)


def _snaps_in(zones: ZoneGraph, inside: Indices) -> Indices:
    """The assumed joins in these zones."""
    if not len(zones.snap_node):
        return zones.snap_node
    return _where(np.isin(zones.segments.node[zones.snap_node], inside))


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


def failed_devices(network: Network, cut: Cut) -> Indices:
    """The devices that a break takes with it: those named, and those that are a broken node themselves."""
    if not len(cut.nodes):
        return cut.devices
    at = np.isin(network.device_node, cut.nodes) & (network.device_link == NOWHERE)
    return np.union1d(cut.devices, np.flatnonzero(at)).astype(np.int32)


def _seed_zones(zones: ZoneGraph, cut: Cut, failed: Indices) -> Indices:
    seeds = [zones.segments.link[cut.links]]
    if len(cut.nodes):
        # a two-way valve's node has no zone of its own: the zones on the valve's sides stand for it
        nodes = zones.segments.node[cut.nodes]
        seeds.append(nodes[~zones.hollow[nodes]])
    if len(failed):
        beside = np.flatnonzero(np.isin(zones.device, failed))
        seeds += [zones.a[beside], zones.b[beside]]
    made = np.concatenate(seeds)
    if not len(made):
        raise NothingBroken(hint="name-what-broke")
    return made


def _devices(network: Network, indices: Indices) -> tuple[str, ...]:
    return tuple(sorted(network.device_ids[index] for index in indices.tolist()))


# --- outage, upstream, downstream -------------------------------------------------------------------------


def outage(graph: TraceGraph, cut: Break, sources: Iterable[str] = ()) -> Outage:
    """What loses supply when these links, nodes or devices are cut and these `sources` fail.

    A power network: sources are the transformers (or, with the medium-voltage grid in the network, its
    infeeds, and a transformer is a link of that role); open switches bar the way. Raises `NotInNetwork`.
    """
    network = graph.network
    lost = outage_of(graph, Cut.of(network, cut), network.sources(sources))
    mains, services = services_among(network, lost.links)
    return Outage(
        mains_lost=network.ids_of_links(mains.tolist()),
        services_lost=network.ids_of_links(services.tolist()),
        nodes_lost=tuple(sorted(network.node_ids[n] for n in lost.nodes.tolist())),
        restorable_by=_devices(network, lost.restoring),
    )


@dataclass(frozen=True, slots=True, eq=False)
class Lost:
    """An `Outage` by index."""

    links: Indices
    nodes: Indices
    restoring: Indices


def outage_of(graph: TraceGraph, cut: Cut, sources: Indices, state: DeviceState | None = None) -> Lost:
    """What loses supply by a cut and by the failing of `sources`, by index.

    `state` is how the devices stand; what they have already taken off is not lost again.
    """
    network = graph.network
    closed, operable = (
        (state.closed, state.operable) if state else (network.device_closed, network.device_operable)
    )
    blocked = np.zeros(graph.size, dtype=np.bool_)
    before = _supplied(graph, blocked, closed, network.source_node)
    blocked[graph.vertices(cut.links)] = True
    blocked[cut.nodes] = True
    barred = closed.copy()
    barred[cut.devices] = True
    alive = np.delete(network.source_node, sources)
    after = _supplied(graph, blocked, barred, alive)
    lost = before & ~after & ~blocked
    able = barred & operable
    able[cut.devices] = False
    count = network.node_count
    return Lost(
        links=np.flatnonzero(lost[count : count + network.link_count]).astype(np.int32),
        nodes=np.flatnonzero(lost[:count]).astype(np.int32),
        restoring=_bridging(graph, after, lost, able),
    )


def _supplied(graph: TraceGraph, blocked: Flags, barred: Flags, seeds: Indices) -> Flags:
    from geo.kernels import reach

    return reach(graph.start, graph.target, graph.arc_device, barred, blocked, seeds)


def _bridging(graph: TraceGraph, alive: Flags, lost: Flags, able: Flags) -> Indices:
    """The devices in `able` with a living vertex on one side and a lost one on another."""
    on = graph.device != NOWHERE
    device = graph.device[on]
    ends = np.concatenate([graph.a[on], graph.b[on]])
    both = np.concatenate([device, device])
    # at a node that one switch bars altogether, the two sides are two edges of the same switch
    sees_life, sees_loss = np.zeros_like(able), np.zeros_like(able)
    sees_life[both[alive[ends]]] = True
    sees_loss[both[lost[ends]]] = True
    return np.flatnonzero(able & sees_life & sees_loss).astype(np.int32)


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
    network = graph.network
    links = upstream_of(graph, network.links((link_id,)))
    return tuple(one for one in network.ids_of_links(links.tolist()) if one != link_id)


def upstream_of(graph: TraceGraph, cut: Indices, state: DeviceState | None = None) -> Indices:
    """The links on any way from a source to the links `cut`, by index, those links among them."""
    from geo.kernels import adjacency, block_of_edge

    network = graph.network
    root = graph.size
    ends = graph.vertices(cut)
    closed = state.closed if state else network.device_closed
    a = np.concatenate([graph.a, network.source_node, ends]).astype(np.int32)
    b = np.concatenate([graph.b, np.full(len(network.source_node) + len(ends), root)]).astype(np.int32)
    start, target, _, edge = adjacency(root + 1, a, b, np.zeros(len(a), dtype=np.int32))
    use = np.ones(len(a), dtype=np.bool_)
    use[: len(graph.device)] = ~np.append(closed, False)[graph.device]  # -1: no device
    found = np.zeros(root + 1, dtype=np.bool_)
    first = len(a) - len(ends)
    for k in range(first, len(a)):
        use[first:] = False
        use[k] = True
        found |= block_of_edge(start, target, edge, use, root, k)
    return np.flatnonzero(found[network.node_count : network.node_count + network.link_count]).astype(
        np.int32
    )
