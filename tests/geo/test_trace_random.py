"""Traces against brute force by networkx on random graphs."""

from __future__ import annotations

import random
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import networkx as nx
from hypothesis import given, settings
from hypothesis import strategies as st

from geo.network import (
    DeviceRecord,
    LinkRecord,
    LinkRole,
    Network,
    SourceRecord,
    build_network,
)
from geo.trace import (
    Break,
    downstream,
    isolate,
    outage,
    upstream,
)
from geo.zones import segments, trace_graph
from tests.geo.tracing import zones_of


@dataclass(frozen=True)
class Drawn:
    """A random network as records."""

    links: list[LinkRecord]
    devices: list[DeviceRecord]
    sources: list[SourceRecord]

    def network(self, shuffled: random.Random | None = None) -> Network:
        parts: list[list[Any]] = [list(self.links), list(self.devices), list(self.sources)]
        if shuffled is not None:
            for part in parts:
                shuffled.shuffle(part)
        return build_network(parts[0], (), parts[1], parts[2])

    def joins(self) -> list[tuple[Any, Any, list[DeviceRecord]]]:
        """Every join, with the devices that stand on it; written from the definitions, not from our code."""
        made = []
        for link in self.links:
            for node in (link.from_node, link.to_node):
                on = [d for d in self.devices if d.node_id == node and d.link_id in (None, link.link_id)]
                made.append((("n", node), ("l", link.link_id), on))
            if link.main_id is not None:
                on = [
                    d
                    for d in self.devices
                    if d.node_id == link.from_node and d.link_id in (None, link.main_id)
                ]
                made.append((("n", link.from_node), ("l", link.main_id), on))
        return made

    def graph(self, passes: Any) -> Any:
        made = nx.MultiGraph()
        made.add_nodes_from(("l", link.link_id) for link in self.links)
        made.add_nodes_from(("n", source.node_id) for source in self.sources)
        for a, b, on in self.joins():
            made.add_nodes_from((a, b))
            if all(passes(device) for device in on):
                made.add_edge(a, b)
        return made


@st.composite
def drawings(draw: st.DrawFn) -> Drawn:
    nodes = [str(n) for n in range(draw(st.integers(2, 7)))]
    node = st.sampled_from(nodes)
    ends = draw(st.lists(st.tuples(node, node), min_size=1, max_size=9))
    links = [LinkRecord(f"m{k}", a, b, 1.0) for k, (a, b) in enumerate(ends)]
    main = st.sampled_from([link.link_id for link in links])
    taps = draw(st.lists(main, max_size=4))
    links += [LinkRecord(f"s{k}", f"t{k}", f"h{k}", 1.0, LinkRole.SERVICE, on) for k, on in enumerate(taps)]
    named = [(link.from_node, link.link_id) for link in links] + [
        (link.to_node, link.link_id) for link in links
    ]
    places = draw(
        st.lists(
            st.one_of(st.sampled_from(named), st.sampled_from([(n, None) for n, _ in named])), max_size=5
        )
    )
    devices = [
        DeviceRecord(
            f"V{k}", str(at), on, draw(st.booleans()) and draw(st.booleans()), draw(st.integers(0, 3)) > 0
        )
        for k, (at, on) in enumerate(places)
    ]
    sources = [
        SourceRecord(f"S{k}", str(n))
        for k, (n, _) in enumerate(draw(st.lists(st.sampled_from(named), max_size=2)))
    ]
    return Drawn(links, devices, sources)


def ids(vertices: Iterable[tuple[str, str]]) -> set[str]:
    return {name for kind, name in vertices if kind == "l"}


def reached(graph: Any, starts: Iterable[Any]) -> set[Any]:
    return {
        vertex for start in starts if start in graph for vertex in nx.node_connected_component(graph, start)
    }


@settings(max_examples=150, deadline=None)
@given(drawings(), st.randoms(use_true_random=False))
def test_segments_do_not_depend_on_the_order_of_records(drawn, order):
    first, again = drawn.network(), drawn.network(order)
    assert _partition(first) == _partition(again)
    barriers = drawn.graph(lambda _device: False)
    truth = {frozenset(ids(part)) for part in nx.connected_components(barriers)} - {frozenset()}
    assert _partition(first) == truth


def _partition(network: Network) -> set[frozenset[str]]:
    labels = segments(trace_graph(network)).link.tolist()
    return {
        frozenset(network.link_ids[k] for k, other in enumerate(labels) if other == one) for one in labels
    }


@settings(max_examples=250, deadline=None)
@given(drawings(), st.data())
def test_closing_the_returned_valves_really_isolates(drawn, data):
    """Close them: the break sees exactly the section; without the section exactly the listed lose supply."""
    broken = data.draw(st.sampled_from(drawn.links)).link_id
    answer = isolate(zones_of(drawn.network()), Break(links=(broken,)))
    shut = {*answer.valves_to_close, *(d.device_id for d in drawn.devices if d.closed)}
    section = reached(drawn.graph(lambda d: d.device_id not in shut), [("l", broken)])
    listed = {*answer.isolated_mains, *answer.services_cut}
    stuck = {d.device_id for d in drawn.devices if not d.operable and not d.closed}
    assert not stuck & set(answer.valves_to_close)
    merged = drawn.graph(lambda d: d.device_id in stuck)
    assert listed == ids(reached(merged, [("l", broken)]))
    assert listed >= ids(section)
    fed = [("n", source.node_id) for source in drawn.sources]
    assert answer.sources_isolated or not section & set(fed)
    now = drawn.graph(lambda d: not d.closed)
    before = ids(reached(now, fed))
    now.remove_nodes_from(reached(merged, [("l", broken)]))
    lost = before - ids(reached(now, fed)) - listed
    assert {*answer.mains_without_supply, *answer.services_without_supply} == lost


@settings(max_examples=150, deadline=None)
@given(drawings(), st.data())
def test_an_inoperable_valve_only_grows_the_section(drawn, data):
    zones = zones_of(drawn.network())
    broken = Break(links=(data.draw(st.sampled_from(drawn.links)).link_id,))
    planned = isolate(zones, broken)
    for valve in planned.valves_to_close:
        grown = isolate(zones, broken, [valve])
        assert set(planned.isolated_mains) <= set(grown.isolated_mains)
        assert set(planned.services_cut) <= set(grown.services_cut)
        hit = {*grown.services_cut, *grown.services_without_supply}
        assert {*planned.services_cut, *planned.services_without_supply} <= hit
        assert valve not in grown.valves_to_close


@settings(max_examples=150, deadline=None)
@given(drawings(), st.data())
def test_up_and_downstream_are_what_all_simple_ways_say(drawn, data):
    link = data.draw(st.sampled_from(drawn.links)).link_id
    graph = trace_graph(drawn.network())
    now = nx.Graph(drawn.graph(lambda d: not d.closed))
    fed = [("n", source.node_id) for source in drawn.sources]
    now.add_edges_from(("root", source) for source in fed)
    now.add_node("root")
    ways = nx.all_simple_paths(now, "root", ("l", link))
    assert set(upstream(graph, link)) == ids(v for way in ways for v in way if v != "root") - {link}
    before = ids(reached(now, ["root"]) - {"root"})
    now.remove_node(("l", link))
    assert set(downstream(graph, link)) == before - ids(reached(now, ["root"]) - {"root"}) - {link}
    gone = outage(graph, Break(links=(link,)))
    assert {*gone.mains_lost, *gone.services_lost} == set(downstream(graph, link))
