"""What a cut does to a network, by plain walks over all zones: what `section_of` must say without walking."""

from __future__ import annotations

from typing import Any

import numpy as np

from geo.trace import Cut, DeviceState, Section, failed_devices, section_of
from geo.zones import ZoneGraph


def _walk(zones: ZoneGraph, seeds: set[int], passes: Any, shut: Any) -> set[int]:
    beside: dict[int, list[tuple[int, int]]] = {}
    for a, b, device in zip(zones.a.tolist(), zones.b.tolist(), zones.device.tolist(), strict=True):
        beside.setdefault(a, []).append((b, device))
        beside.setdefault(b, []).append((a, device))
    seen, todo = set(seeds) - shut, list(set(seeds) - shut)
    while todo:
        for other, device in beside.get(todo.pop(), ()):
            if passes[device] and other not in seen and other not in shut:
                seen.add(other)
                todo.append(other)
    return seen


def by_walk(zones: ZoneGraph, cut: Cut, state: DeviceState) -> dict[str, Any]:
    """The section of a cut, as sets."""
    network, parts = zones.network, zones.segments
    failed = failed_devices(network, cut)
    stuck = ~state.operable & ~state.closed
    stuck[failed] = True
    at_nodes = parts.node[cut.nodes]
    seeds = {*parts.link[cut.links].tolist(), *at_nodes[~zones.hollow[at_nodes]].tolist()}
    arcs = list(zip(zones.a.tolist(), zones.b.tolist(), zones.device.tolist(), strict=True))
    for a, b, device in arcs:
        seeds |= {a, b} if device in failed.tolist() else set()
    section = _walk(zones, seeds, stuck, set())
    fed = set(parts.node[network.source_node].tolist())
    before = _walk(zones, fed, ~network.device_closed, set())
    now = _walk(zones, fed, ~state.closed, section)
    dry = before - now - section
    outer = {d for a, b, d in arcs if (a in section) != (b in section)}
    within = {d for a, b, d in arcs if a in section and b in section} - outer
    able = state.closed & state.operable
    return {
        "zones": section,
        "dry_zones": dry,
        "to_close": {d for d in outer if not state.closed[d]},
        "already_closed": {d for d in outer if state.closed[d]},
        "stuck": {d for d in within if stuck[d]},
        "inside": {d for d in within if not stuck[d]},
        "sources": {k for k, n in enumerate(network.source_node.tolist()) if parts.node[n] in section},
        "restoring": {
            d for a, b, d in arcs if able[d] and ((a in dry and b in now) or (b in dry and a in now))
        },
        "snaps": {k for k, n in enumerate(zones.snap_node.tolist()) if parts.node[n] in section},
        "links": set(np.flatnonzero(np.isin(parts.link, list(section))).tolist()),
        "dry_links": set(np.flatnonzero(np.isin(parts.link, list(dry))).tolist()),
    }


def told(section: Section) -> dict[str, Any]:
    """A `Section` as sets; none of its lists names anything twice."""
    names = (
        "zones", "dry_zones", "to_close", "already_closed", "stuck", "inside", "sources", "restoring", "snaps",
    )  # fmt: skip
    lists = {name: getattr(section, name).tolist() for name in names}
    lists["links"] = [*section.mains.tolist(), *section.services.tolist()]
    lists["dry_links"] = [*section.dry_mains.tolist(), *section.dry_services.tolist()]
    assert all(len(each) == len(set(each)) for each in lists.values())
    return {name: set(each) for name, each in lists.items()}


def assert_as_by_walk(zones: ZoneGraph, cut: Cut, state: DeviceState | None = None) -> None:
    """`section_of` says what the walk says."""
    state = state or DeviceState.of(zones.network)
    assert told(section_of(zones, cut, state)) == by_walk(zones, cut, state)
