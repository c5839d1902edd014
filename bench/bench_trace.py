"""Isolation traces: ours beside WNTR, networkx, scipy, igraph, SQL and pgRouting; same network, same breaks, one run.

    python bench/bench_trace.py [--segments N ...] [--million] [--breaks 15] [--stored] [--peers VENV]

`--stored` asks the network as the product does: from published layers in a database of its own (bench.trace_stored);
pgRouting takes part where the server has it (Debian: postgresql-15-pgrouting). `--peers` is a virtual environment with
igraph and what it reads the database with:

    make peers      # into .peers

First the isolation segments of WNTR's own example networks, against `wntr.metrics.valve_segments`. Then the
water network of a made-up city (`bench.city`, seeded): the full answer to a break, which is the valves to close,
what is cut and what loses supply. Every answer is compared; the figures that hold are the ratios.
"""

from __future__ import annotations

import argparse
import random
import statistics
import sys
import time
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

import networkx as nx
import numpy as np
from scipy.sparse import coo_matrix
from scipy.sparse.csgraph import connected_components

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from bench.city import generate
from geo.network import DeviceRecord, LinkRecord, LinkRole, Network, NodeRecord, SourceRecord, build_network
from geo.trace import Break, isolate
from geo.zones import segments, trace_graph, zone_graph

SEED = 20
Answer = tuple[tuple[str, ...], set[str], set[str]]


def timed(run: Callable[[], Any]) -> tuple[float, Any]:
    start = time.perf_counter()
    result = run()
    return time.perf_counter() - start, result


# --- segments against WNTR --------------------------------------------------------------------------------


def against_wntr(name: str) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        import wntr

        model = wntr.network.WaterNetworkModel(
            str(Path(wntr.__file__).parent / "library/networks" / f"{name}.inp")
        )
        valves = wntr.network.generate_valve_layer(model, "strategic", 1, SEED)
        graph = model.to_graph()
        theirs_s, (nodes, links, _) = timed(lambda: wntr.metrics.valve_segments(graph, valves))
    network = build_network(
        [LinkRecord(key, link.start_node_name, link.end_node_name) for key, link in model.links()],
        [NodeRecord(key) for key in model.node_name_list],
        [DeviceRecord(f"V{k}", node, link) for k, (link, node) in enumerate(valves.itertuples(index=False))],
    )
    runs = [timed(lambda: segments(trace_graph(network))) for _ in range(9)]
    ours_s, ours = statistics.median(seconds for seconds, _ in runs), runs[0][1]
    truth = [*nodes[list(network.node_ids)], *links[list(network.link_ids)]]
    pairs = set(zip([*ours.node.tolist(), *ours.link.tolist()], truth, strict=True))
    assert len(pairs) == len({a for a, _ in pairs}) == len({b for _, b in pairs}), "segments differ"
    print(
        f"{name:6} {network.link_count:6} links {len(pairs):5} segments, equal   "
        f"WNTR {theirs_s:7.3f} s   ours {ours_s * 1e3:7.2f} ms   {theirs_s / ours_s:8,.0f}x"
    )


# --- a city -----------------------------------------------------------------------------------------------


def city(size: int) -> tuple[list[LinkRecord], list[DeviceRecord], list[SourceRecord]]:
    """The water network of a made-up city of `size` segments in all networks, mains cut at every tap and valve."""
    made = generate(size, SEED, with_z=False)
    lines, nodes = made.layers["water_lines"].columns, made.layers["water_nodes"].columns
    keys = ("line_id", "from_node", "to_node", "kind")
    links = [
        LinkRecord(line_id, start, end, 1.0, LinkRole(kind))
        for line_id, start, end, kind in zip(*(lines[key].tolist() for key in keys), strict=True)
    ]
    keys = ("node_id", "kind", "operable")
    found = list(zip(*(nodes[key].tolist() for key in keys), strict=True))
    valves = [
        DeviceRecord(node, node, operable=operable) for node, kind, operable in found if kind == "valve"
    ]
    return links, valves, [SourceRecord(node, node) for node, kind, _ in found if kind == "reservoir"]


class ByNetworkx:
    """The walk written by hand on a networkx graph: out to the valves, then from the sources around the section."""

    def __init__(
        self, links: list[LinkRecord], valves: list[DeviceRecord], sources: list[SourceRecord]
    ) -> None:
        self.graph = nx.MultiGraph()
        self.graph.add_edges_from((link.from_node, link.to_node, link.link_id) for link in links)
        self.ends = {link.link_id: (link.from_node, link.to_node) for link in links}
        self.operable = {valve.node_id for valve in valves if valve.operable}
        self.sources = [source.node_id for source in sources if source.node_id in self.graph]
        self.supplied = self._walk(set())

    def _walk(self, cut: set[str]) -> set[str]:
        seen, todo, found = set(self.sources), list(self.sources), set()
        adjacent = self.graph.adj
        while todo:
            for other, keys in adjacent[todo.pop()].items():
                alive = [key for key in keys if key not in cut]
                found.update(alive)
                if alive and other not in seen:
                    seen.add(other)
                    todo.append(other)
        return found

    def answer(self, broken: str) -> Answer:
        section, todo, valves = {broken}, list(self.ends[broken]), set()
        seen = set(todo)
        while todo:
            node = todo.pop()
            if node in self.operable:
                valves.add(node)
                continue
            for other, keys in self.graph.adj[node].items():
                section.update(keys)
                if other not in seen:
                    seen.add(other)
                    todo.append(other)
        return tuple(sorted(valves)), section, self.supplied - self._walk(section) - section


class ByScipy:
    """Connected components on all edges, twice: without the valves, then without the section."""

    def __init__(self, network: Network) -> None:
        self.network = network
        self.a, self.b = network.link_start, network.link_end
        self.holds = np.zeros(network.node_count, dtype=np.bool_)
        self.holds[network.device_node[network.device_operable]] = True
        self.valve_of = dict(zip(network.device_node.tolist(), network.device_ids, strict=True))
        self.supplied = self._fed(np.ones(network.link_count, dtype=np.bool_))

    def _labels(self, keep: Any) -> Any:
        count = self.network.node_count
        graph = coo_matrix((np.ones(keep.sum(), np.int8), (self.a[keep], self.b[keep])), shape=(count, count))
        return connected_components(graph, directed=False)[1]

    def _fed(self, keep: Any) -> Any:
        labels = self._labels(keep)
        fed = np.zeros(labels.max() + 1, dtype=np.bool_)
        fed[labels[self.network.source_node]] = True
        return fed[labels[self.a]] & keep

    def answer(self, broken: str) -> Answer:
        link = int(self.network.links([broken])[0])
        labels = self._labels(~(self.holds[self.a] | self.holds[self.b]))
        inner = [n for n in (self.a[link], self.b[link]) if not self.holds[n]]
        mine = np.isin(labels, labels[inner]) & ~self.holds
        section = mine[self.a] | mine[self.b]
        section[link] = True
        ends = np.unique(np.concatenate([self.a[section], self.b[section]]))
        lost = self.supplied & ~self._fed(~section) & ~section
        ids = self.network.link_ids
        return (
            tuple(sorted(self.valve_of[n] for n in ends[self.holds[ends]].tolist())),
            {ids[k] for k in np.flatnonzero(section).tolist()},
            {ids[k] for k in np.flatnonzero(lost).tolist()},
        )


def against_graphs(size: int, breaks: int) -> None:
    links, valves, sources = city(size)
    records_s, network = timed(lambda: build_network(links, (), valves, sources))
    zone_graph(trace_graph(network))  # compile
    condense_s, zones = timed(lambda: zone_graph(trace_graph(network)))
    peer_scipy = ByScipy(network)
    networkx_s, peer_networkx = timed(lambda: ByNetworkx(links, valves, sources))
    print(
        f"\ncity: {network.link_count:,} links, {len(valves):,} valves, "
        f"{len(np.unique(zones.segments.link)):,} segments, {len(sources)} sources"
    )
    print(
        f"cold: arrays from records {records_s:.2f} s; condense {condense_s:.3f} s; "
        f"networkx graph {networkx_s:.2f} s = {networkx_s / condense_s:.0f}x our condensing"
    )

    def ours(broken: str) -> Answer:
        told = isolate(zones, Break(links=(broken,)))
        section = {*told.isolated_mains, *told.services_cut}
        return told.valves_to_close, section, {*told.mains_without_supply, *told.services_without_supply}

    mains = [link.link_id for link in links if link.role is LinkRole.MAIN]
    chosen = random.Random(SEED + 1).sample(mains, breaks)
    network.links(chosen)  # the id index is built once, at the first question
    methods: dict[str, Callable[[str], Answer]] = {
        "ours": ours,
        "scipy on all edges": peer_scipy.answer,
        "networkx by hand": peer_networkx.answer,
    }
    took: dict[str, list[float]] = {name: [] for name in methods}
    sizes = []
    for broken in chosen:
        answers = []
        for name, method in methods.items():
            seconds, answer = timed(lambda method=method, broken=broken: method(broken))  # type: ignore[misc]
            took[name].append(seconds)
            answers.append(_inner_valves_aside(answer, zones.network))
        assert answers[0] == answers[1] == answers[2], f"answers to {broken} differ"
        sizes.append(len(answers[0][0]))
    base = statistics.median(took["ours"])
    print(f"{breaks} breaks, all answers equal; valves to close: {statistics.mean(sizes):.2f} on average")
    for name, seconds in took.items():
        print(
            f"  {name:20} p50 {statistics.median(seconds) * 1e3:9.3f} ms   {statistics.median(seconds) / base:8.1f}x"
        )


def _inner_valves_aside(answer: Answer, network: Network) -> Answer:
    """Valves with the section on both sides need no closing; only ours tells them apart."""
    valves, section, lost = answer
    around: dict[str, list[str]] = {}
    for link in network.links(section).tolist():
        for node in (network.link_start[link], network.link_end[link]):
            around.setdefault(network.node_ids[node], []).append(network.link_ids[link])
    return tuple(valve for valve in valves if len(around[valve]) < 2), section, lost


def main() -> None:
    ask = argparse.ArgumentParser(description=__doc__)
    ask.add_argument(
        "--segments", type=int, nargs="+", default=[10_000, 100_000, 300_000], help="of all networks"
    )
    ask.add_argument("--million", action="store_true", help="the city of 1,000,000 segments too")
    ask.add_argument("--breaks", type=int, default=15)
    ask.add_argument("--stored", action="store_true", help="from a database, beside SQL, pgRouting, igraph")
    ask.add_argument("--peers", type=Path, help="virtual environment with igraph: make peers")
    options = ask.parse_args()
    print(f"seed {SEED}")
    for name in ("Net3", "ky10", "Net6"):
        against_wntr(name)
    sizes = (*options.segments, *((1_000_000,) if options.million else ()))
    for size in sizes:
        against_graphs(size, options.breaks)
    if options.stored:
        from bench.trace_stored import run

        for size in sizes:
            print(f"\nstored, a city of {size:,} segments in all networks")
            run(size, SEED, options.breaks, options.peers and options.peers / "bin" / "python")


if __name__ == "__main__":
    main()
