"""Squeeze-off: where to pinch plastic pipes where valves are too sparse.

From the break the walk goes outward until a valve holds, or a pipe that can be squeezed. A squeeze needs room
from joints and fittings on both sides; how much is the company's own rule, so it is asked for, never assumed.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
import shapely

from geo.network import SERVICE_CODE, Flags, Indices, Network
from geo.trace import Break, Cut, DeviceState, NothingBroken, failed_devices
from geo.zones import TraceGraph, services_among


@dataclass(frozen=True, slots=True)
class SqueezePoint:
    """Pinch this link `offset_m` metres from `node_id`, one of its ends; x, y in the city CRS if known."""

    link_id: str
    node_id: str
    offset_m: float
    x: float | None
    y: float | None


@dataclass(frozen=True, slots=True)
class SqueezePlan:
    """How to isolate a break by pinching, and what that costs. Ids are sorted.

    Services of a squeezed link are counted as kept: their taps are taken to lie beyond the squeeze.
    `services_without_supply` lie outside the section but hang on it.
    """

    squeezes: tuple[SqueezePoint, ...]
    valves_to_close: tuple[str, ...]
    isolated_mains: tuple[str, ...]
    services_cut: tuple[str, ...]
    mains_without_supply: tuple[str, ...]
    services_without_supply: tuple[str, ...]


def squeeze_off(
    graph: TraceGraph,
    broken: Break,
    room_m: float,
    inoperable: Iterable[str] = (),
    spared: Iterable[str] = (),
) -> SqueezePlan:
    """The nearest squeeze points and valves around broken links or nodes.

    A main is squeezed `room_m` metres from its near end if its material allows and it is at least twice as
    long (four times if both ends need it); `spared` links are never squeezed, `inoperable` devices never
    closed. Raises `NotInNetwork`, `NothingBroken`.

    >>> from geo.network import LinkRecord, SourceRecord, build_network
    >>> from geo.zones import trace_graph
    >>> pipes = [LinkRecord(name, name, chr(ord(name) + 1), 50.0, squeezable=True) for name in "ab"]
    >>> graph = trace_graph(build_network(pipes, (), (), [SourceRecord("S", "a")]))
    >>> plan = squeeze_off(graph, Break(links=("b",)), room_m=1.0)
    >>> [(point.link_id, point.node_id) for point in plan.squeezes], plan.mains_without_supply
    ([('a', 'b')], ())
    """
    network = graph.network
    state = DeviceState.of(network, inoperable)
    return squeeze_around(graph, Cut.of(network, broken), state, room_m, network.links(spared))


def squeeze_around(
    graph: TraceGraph, cut: Cut, state: DeviceState, room_m: float, spared: Indices | None = None
) -> SqueezePlan:
    """As `squeeze_off`, for a break by index and with the devices standing as `state` says."""
    network = graph.network
    failed = failed_devices(network, cut)
    seeds = np.concatenate([graph.vertices(cut.links), cut.nodes, network.device_node[failed]])
    if not len(seeds):
        raise NothingBroken(hint="name-what-broke")
    holds = state.operable | state.closed
    holds[failed] = False
    able = _squeezable(network, room_m, spared)
    walk = _Walk(graph, holds, able, room_m)
    walk.from_seeds(seeds.tolist())
    return _plan(graph, walk, room_m)


def _squeezable(network: Network, room_m: float, spared: Indices | None) -> Flags:
    long_enough: Flags = network.link_length_m >= 2 * room_m
    able: Flags = network.link_squeezable & (network.link_role != SERVICE_CODE) & long_enough
    if spared is not None:
        able[spared] = False
    return able


class _Walk:
    """The walk outward: what is inside, the devices that hold, and near which nodes links are pinched."""

    def __init__(self, graph: TraceGraph, holds: Flags, able: Flags, room_m: float) -> None:
        self.graph = graph
        self.holds = holds
        self.able = able
        self.room_m = room_m
        self.inside: set[int] = set()
        self.valves: set[int] = set()
        self.pinched: dict[int, set[int]] = {}

    def from_seeds(self, seeds: list[int]) -> None:
        """Walk until everything that leads out is held or pinched."""
        todo = list(seeds)
        self.inside.update(todo)
        while todo:
            vertex = todo.pop()
            for beyond in self._out_of(vertex):
                if beyond not in self.inside:
                    self.inside.add(beyond)
                    self.pinched.pop(beyond, None)
                    todo.append(beyond)

    def _out_of(self, vertex: int) -> list[int]:
        graph = self.graph
        beyond = []
        for arc in range(int(graph.start[vertex]), int(graph.start[vertex + 1])):
            target, device = int(graph.target[arc]), int(graph.arc_device[arc])
            if device >= 0 and self.holds[device]:
                self.valves.add(device)
            elif not self._pinches(vertex, target):
                beyond.append(target)
        return beyond

    def _pinches(self, vertex: int, target: int) -> bool:
        network = self.graph.network
        link = target - network.node_count
        if vertex >= network.node_count or not 0 <= link < network.link_count or target in self.inside:
            return False
        ends = (int(network.link_start[link]), int(network.link_end[link]))
        if vertex not in ends or not self.able[link] or ends[0] == ends[1]:
            return False
        near = self.pinched.setdefault(target, set())
        near.add(vertex)
        return len(near) == 1 or bool(network.link_length_m[link] >= 4 * self.room_m)


def _plan(graph: TraceGraph, walk: _Walk, room_m: float) -> SqueezePlan:
    from geo.kernels import reach

    network = graph.network
    section = np.zeros(graph.size, dtype=np.bool_)
    before = reach(
        graph.start, graph.target, graph.arc_device, network.device_closed, section, network.source_node
    )
    section[list(walk.inside)] = True
    after = reach(
        graph.start, graph.target, graph.arc_device, network.device_closed, section, network.source_node
    )
    nodes, links = network.node_count, network.link_count
    mains, services = _among(network, section[nodes : nodes + links])
    dry_mains, dry_services = _among(network, (before & ~after & ~section)[nodes : nodes + links])
    valves = [device for device in walk.valves if not network.device_closed[device]]
    points = [
        _point(network, target - nodes, node, room_m)
        for target, near in walk.pinched.items()
        for node in near
    ]
    return SqueezePlan(
        squeezes=tuple(sorted(points, key=lambda point: (point.link_id, point.node_id))),
        valves_to_close=tuple(sorted(network.device_ids[device] for device in valves)),
        isolated_mains=network.ids_of_links(mains.tolist()),
        services_cut=network.ids_of_links(services.tolist()),
        mains_without_supply=network.ids_of_links(dry_mains.tolist()),
        services_without_supply=network.ids_of_links(dry_services.tolist()),
    )


def _among(network: Network, chosen: Flags) -> tuple[Indices, Indices]:
    return services_among(network, np.flatnonzero(chosen).astype(np.int32))


def _point(network: Network, link: int, node: int, room_m: float) -> SqueezePoint:
    shape = network.link_shapes[link]
    x = y = None
    if shape is not None:
        from_start = network.link_start[link] == node
        at = shapely.line_interpolate_point(shape, room_m if from_start else shape.length - room_m)
        x, y = float(at.x), float(at.y)
    return SqueezePoint(network.link_ids[link], network.node_ids[node], room_m, x, y)
