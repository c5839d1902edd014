"""What loses supply is found below the cut in the tree of supply: the same as by walks over everything."""

from __future__ import annotations

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from geo.network import DeviceRecord, LinkRecord, Network, SourceRecord, build_network
from geo.trace import Cut, DeviceState
from geo.zones import ZoneGraph, trace_graph, zone_graph
from tests.geo.loss_by_walk import assert_as_by_walk

NONE = np.zeros(0, dtype=np.int32)


def random_network(rng: np.random.Generator, size: int) -> Network:
    """Loops, branches, parallel and looped links, parts without a source, several sources, some valves shut."""
    ends = rng.integers(0, size, (int(size * rng.uniform(0.6, 1.6)) + 1, 2))
    if rng.random() < 0.5:  # as streets: neighbours only
        ends[:, 1] = np.clip(ends[:, 0] + rng.integers(-2, 3, len(ends)), 0, size - 1)
    ends = np.concatenate([ends, ends[rng.integers(0, len(ends), 3)]])
    links = [LinkRecord(f"L{k}", str(a), str(b), 1.0) for k, (a, b) in enumerate(ends.tolist())]
    share = rng.choice([0.2, 0.6, 1.0])
    devices = []
    for k, link in enumerate(links):
        for node in {link.from_node, link.to_node}:
            if node is not None and rng.random() < share / 2:
                whole = rng.random() < 0.3
                devices.append(
                    DeviceRecord(
                        f"V{k} {node}", node, None if whole else link.link_id,
                        bool(rng.random() < 0.15), bool(rng.random() < 0.85),
                    )
                )  # fmt: skip
    used = sorted({str(n) for n in ends.ravel().tolist()})
    sources = [SourceRecord(f"S{k}", str(rng.choice(used))) for k in range(int(rng.integers(0, 4)))]
    return build_network(links, (), devices, sources)


def random_cut(rng: np.random.Generator, network: Network) -> Cut:
    """Mostly one link; several, a node or a device too."""

    def some(count: int, most: int) -> np.ndarray:
        return rng.choice(count, min(count, most), replace=False).astype(np.int32) if count else NONE

    kind = rng.integers(0, 6)
    links = some(network.link_count, 3 if kind == 5 else 1)
    if kind == 0:
        return Cut(NONE, some(network.node_count, 1), NONE) if network.node_count else Cut(links, NONE, NONE)
    if kind == 1 and len(network.device_ids):
        return Cut(NONE, NONE, some(len(network.device_ids), 2))
    return Cut(links, NONE, NONE)


def random_state(rng: np.random.Generator, network: Network) -> DeviceState:
    """As recorded, or as crews have left it: more shut, some opened, some stuck."""
    state = DeviceState.of(network)
    count = len(network.device_ids)
    closed, operable = state.closed.copy(), state.operable & (rng.random(count) < rng.choice([1.0, 0.7]))
    kind = rng.integers(0, 3)
    if kind == 1:
        closed |= rng.random(count) < 0.2
    if kind == 2:
        closed ^= rng.random(count) < 0.2
    return DeviceState(closed, operable)


def _zones(network: Network) -> ZoneGraph:
    return zone_graph(trace_graph(network))


@settings(max_examples=120)
@given(st.integers(0, 2**32 - 1), st.integers(1, 40))
def test_the_tree_says_what_walks_say(seed, size):
    """Any network, any cut, any state of the devices: the section, its valves, who loses supply, the ways back."""
    rng = np.random.default_rng(seed)
    network = random_network(rng, size)
    zones = _zones(network)
    for _ in range(6):
        cut, state = random_cut(rng, network), random_state(rng, network)
        if len(cut.nodes) and not _has_zone(zones, cut):
            continue
        assert_as_by_walk(zones, cut, state)


def _has_zone(zones: ZoneGraph, cut: Cut) -> bool:
    at_nodes = zones.segments.node[cut.nodes]
    return bool((~zones.hollow[at_nodes]).any() or np.isin(zones.network.device_node, cut.nodes).any())


def test_what_hangs_below_a_zone_is_one_run_of_numbers():
    """Zones with supply come first; each one's subtree is a run, and its parent lies outside it."""
    rng = np.random.default_rng(5)
    for size in (1, 7, 60):
        zones = _zones(random_network(rng, size))
        fed, last = zones.fed, zones.last
        assert zones.supplied.sum() == fed
        for k in range(fed):
            assert k < last[k] <= fed
            inner = np.arange(k + 1, last[k])
            assert (last[inner] <= last[k]).all()
        assert (zones.held_by[fed:] == -1).all()
        assert set(np.flatnonzero(zones.held_by[:fed] == -1).tolist()) == set(zones.source_zone.tolist())
