"""Traces against three independent truths: WNTR, the demo cities' walks, networkx on random graphs."""

from __future__ import annotations

import json
import random
import warnings
from collections.abc import Iterable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import networkx as nx
import numpy as np
import pyogrio
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from shapely.geometry import LineString

from geo.bare_lines import LineRecord, PointRecord, network_from_lines
from geo.network import (
    DeviceRecord,
    LinkRecord,
    LinkRole,
    Network,
    NodeRecord,
    NotInNetwork,
    SourceRecord,
    build_network,
)
from geo.squeeze import squeeze_off
from geo.trace import (
    Break,
    Cut,
    Isolation,
    NothingBroken,
    downstream,
    isolate,
    outage,
    upstream,
    what_if_stuck,
)
from geo.zones import TraceGraph, ZoneGraph, segments, trace_graph, zone_graph
from tests.geo.loss_by_walk import assert_as_by_walk

ROOT = Path(__file__).resolve().parents[2]
CITIES = ("schutterwald", "karhula")


def zones_of(network: Network) -> ZoneGraph:
    return zone_graph(trace_graph(network))


# --- WNTR -------------------------------------------------------------------------------------------------


def _wntr(name: str) -> Any:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        import wntr

        return wntr, wntr.network.WaterNetworkModel(
            str(Path(wntr.__file__).parent / "library" / "networks" / f"{name}.inp")
        )


@pytest.mark.parametrize(
    ("name", "placement", "number"),
    [
        ("Net3", "strategic", 1),
        ("Net3", "random", 60),
        ("ky4", "strategic", 0),
        ("ky4", "random", 400),
        ("ky10", "strategic", 2),
        ("Net6", "strategic", 1),
    ],
)
def test_segments_equal_those_of_wntr(name, placement, number):
    """The partition of all nodes and links is the one that WNTR's `valve_segments` finds."""
    seed = 11
    print("seed", seed)
    wntr, model = _wntr(name)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        valves = wntr.network.generate_valve_layer(model, placement, number, seed)
        node_truth, link_truth, _ = wntr.metrics.valve_segments(model.to_graph(), valves)
    network = build_network(
        [LinkRecord(k, link.start_node_name, link.end_node_name) for k, link in model.links()],
        [NodeRecord(node_id) for node_id in model.node_name_list],
        [DeviceRecord(f"V{k}", node, link) for k, (link, node) in enumerate(valves.itertuples(index=False))],
    )
    ours = segments(trace_graph(network))
    truth = [*node_truth[list(network.node_ids)], *link_truth[list(network.link_ids)]]
    pairs = set(zip([*ours.node.tolist(), *ours.link.tolist()], truth, strict=True))
    assert len(pairs) == len({a for a, _ in pairs}) == len({b for _, b in pairs})
    assert len(pairs) == len(set(truth))
    fed = [SourceRecord(name, name) for name in (*model.reservoir_name_list, *model.tank_name_list)]
    zones = zones_of(replace(network, **_sources(network, fed)))
    for link in random.Random(seed).sample(range(network.link_count), 12):
        assert_as_by_walk(zones, Cut(np.array([link], np.int32), _NONE, _NONE))


_NONE = np.zeros(0, dtype=np.int32)


def _sources(network: Network, fed: list[SourceRecord]) -> dict[str, Any]:
    names = [source.source_id for source in fed]
    return {"source_ids": tuple(names), "source_node": network.nodes(names)}


# --- the demo cities --------------------------------------------------------------------------------------


def _table(city: str, layer: str, **options: Any) -> Any:
    return pyogrio.read_dataframe(f"/vsizip/{ROOT}/cities/{city}/{city}.gpkg.zip", layer=layer, **options)


def _text(value: Any) -> str | None:
    return value if isinstance(value, str) else None


def _expected(city: str) -> dict[str, dict[str, Any]]:
    found: dict[str, dict[str, Any]] = json.loads((ROOT / "cities" / city / "expected.json").read_text())[
        "water_isolation"
    ]
    return found


def _water_by_ids(city: str) -> ZoneGraph:
    lines = _table(city, "water_lines", read_geometry=False)
    nodes = _table(city, "water_nodes", read_geometry=False)
    return zones_of(
        build_network(
            [
                LinkRecord(x.line_id, x.from_node, x.to_node, 1.0, LinkRole(x.kind), _text(x.main_id))
                for x in lines.itertuples()
            ],
            [NodeRecord(x.node_id, x.kind) for x in nodes.itertuples()],
            [DeviceRecord(x.node_id, x.node_id) for x in nodes.itertuples() if x.kind == "valve"],
            [SourceRecord(x.node_id, x.node_id) for x in nodes.itertuples() if x.kind == "reservoir"],
        )
    )


def _water_by_geometry(city: str) -> ZoneGraph:
    lines, nodes = _table(city, "water_lines"), _table(city, "water_nodes")
    points = [PointRecord(x.node_id, x.geometry.x, x.geometry.y) for x in nodes.itertuples()]
    kinds = nodes["kind"].tolist()
    return zones_of(
        network_from_lines(
            [LineRecord(x.line_id, x.geometry, LinkRole(x.kind)) for x in lines.itertuples()],
            [point for point, kind in zip(points, kinds, strict=True) if kind == "valve"],
            [point for point, kind in zip(points, kinds, strict=True) if kind == "reservoir"],
            tolerance_m=0.02,
        )
    )


def _as_expected(answer: Isolation) -> dict[str, Any]:
    return {
        "isolated_mains": list(answer.isolated_mains),
        "valves_to_close": list(answer.valves_to_close),
        "source_in_section": bool(answer.sources_isolated),
        "services_cut": list(answer.services_cut),
        "mains_without_supply_after": list(answer.mains_without_supply),
        "services_without_supply_after": list(answer.services_without_supply),
    }


@pytest.mark.parametrize("city", CITIES)
@pytest.mark.parametrize("read", [_water_by_ids, _water_by_geometry])
def test_every_broken_main_of_a_city_is_isolated_as_by_hand(city, read):
    """All 15 breaks, from the recorded topology and from bare geometry alike."""
    zones = read(city)
    truth = _expected(city)
    assert len(truth) == 15
    assert {main: _as_expected(isolate(zones, Break(links=(main,)))) for main in truth} == truth
    for main in truth:
        assert_as_by_walk(zones, Cut.of(zones.network, Break(links=(main,))))


@pytest.mark.parametrize("city", CITIES)
def test_a_stuck_valve_of_a_city_only_adds(city):
    zones = _water_by_ids(city)
    for main in _expected(city):
        planned = isolate(zones, Break(links=(main,)))
        failures = what_if_stuck(zones, Break(links=(main,)))
        assert {failure.device_id for failure in failures} == set(planned.valves_to_close)
        for failure in failures:
            assert set(planned.isolated_mains) <= set(failure.isolation.isolated_mains)
            assert failure.device_id not in failure.isolation.valves_to_close
            assert failure.more_services >= 0


def _low_voltage() -> TraceGraph:
    lines = _table("schutterwald", "power_lv_lines", read_geometry=False)
    switches = _table("schutterwald", "power_switches", read_geometry=False)
    transformers = _table("schutterwald", "power_transformers", read_geometry=False)
    return trace_graph(
        build_network(
            [
                LinkRecord(x.line_id, x.from_node, x.to_node, 1.0, LinkRole(x.kind))
                for x in lines.itertuples()
            ],
            [],
            [
                DeviceRecord(x.switch_id, x.bus, f"EL{x.element:05d}", closed=not x.closed)
                for x in switches.itertuples()
            ],
            [SourceRecord(x.transformer_id, x.lv_node) for x in transformers.itertuples()],
        )
    )


def test_a_failed_transformer_darkens_its_own_island():
    """The published grid runs with open ties: each transformer feeds one island of closed lines."""
    graph = _low_voltage()
    network = graph.network
    assert network.unplaced == ()
    barred = {network.device_link[k] for k in np.flatnonzero(network.device_closed)}
    walk = nx.Graph()
    for link, (a, b) in enumerate(zip(network.link_start.tolist(), network.link_end.tolist(), strict=True)):
        if link not in barred:
            walk.add_edge(a, b, link=link)
    for source, node in zip(network.source_ids, network.source_node.tolist(), strict=True):
        island = {
            network.link_ids[d["link"]]
            for *_, d in walk.edges(nx.node_connected_component(walk, node), data=True)
        }
        gone = outage(graph, Break(), sources=[source])
        lost = {*gone.mains_lost, *gone.services_lost}
        # a line that is open at one end still hangs on the other
        assert island <= lost
        assert all(network.links([one])[0] in barred for one in lost - island)


def test_an_open_tie_is_named_as_the_way_back():
    """S - a - 1 - b - 2 -/tie/- c - T : cutting a leaves b dark, and the tie would bring it back from T."""
    graph = trace_graph(
        build_network(
            [LinkRecord("a", "S", "1"), LinkRecord("b", "1", "2"), LinkRecord("c", "2", "T")],
            devices=[DeviceRecord("tie", "2", "c", closed=True)],
            sources=[SourceRecord("S", "S"), SourceRecord("T", "T")],
        )
    )
    gone = outage(graph, Break(links=("a",)))
    assert (gone.mains_lost, gone.restorable_by) == (("b",), ("tie",))
    assert outage(graph, Break(), sources=["S"]).mains_lost == ("a", "b")
    isolation = isolate(zone_graph(graph), Break(links=("c",)))
    assert isolation.already_closed == ("tie",)


def test_a_transformer_can_be_a_link_between_two_voltages():
    graph = trace_graph(
        build_network(
            [
                LinkRecord("mv", "infeed", "bus"),
                LinkRecord("T1", "bus", "lv", role=LinkRole.TRANSFORMER),
                LinkRecord("cable", "lv", "cabinet"),
                LinkRecord("house", "cabinet", "meter", role=LinkRole.SERVICE),
            ],
            sources=[SourceRecord("grid", "infeed")],
        )
    )
    gone = outage(graph, Break(links=("T1",)))
    assert (gone.mains_lost, gone.services_lost) == (("cable",), ("house",))
    assert downstream(graph, "mv") == ("T1", "cable", "house")
    assert upstream(graph, "house") == ("T1", "cable", "mv")


# --- situations -------------------------------------------------------------------------------------------


def chain(*devices: DeviceRecord, sources: tuple[str, ...] = ("0",), count: int = 6) -> ZoneGraph:
    """0 -p0- 1 -p1- 2 -p2- 3 ... with a service s<k> tapped on each pipe."""
    pipes = [LinkRecord(f"p{k}", str(k), str(k + 1), 10.0, squeezable=True) for k in range(count)]
    services = [LinkRecord(f"s{k}", f"t{k}", f"h{k}", 5.0, LinkRole.SERVICE, f"p{k}") for k in range(count)]
    return zones_of(
        build_network(pipes + services, (), devices, [SourceRecord(node, node) for node in sources])
    )


def test_an_inoperable_valve_merges_the_sections_beside_it():
    valves = [DeviceRecord(f"V{k}", str(k)) for k in (1, 2, 4)]
    zones = chain(*valves)
    assert isolate(zones, Break(links=("p2",))).valves_to_close == ("V2", "V4")
    grown = isolate(zones, Break(links=("p2",)), inoperable=["V2"])
    assert (grown.valves_to_close, grown.stuck) == (("V1", "V4"), ("V2",))
    assert grown.isolated_mains == ("p1", "p2", "p3")
    assert grown.services_without_supply == ("s4", "s5")
    recorded = chain(valves[0], DeviceRecord("V2", "2", operable=False), valves[2])
    assert isolate(recorded, Break(links=("p2",))) == grown


def test_a_valve_stuck_shut_still_holds():
    zones = chain(
        DeviceRecord("V2", "2", closed=True, operable=False), DeviceRecord("V4", "4"), sources=("0", "6")
    )
    answer = isolate(zones, Break(links=("p2",)))
    assert (answer.already_closed, answer.valves_to_close, answer.stuck) == (("V2",), ("V4",), ())
    assert answer.services_without_supply == ()


def test_a_broken_valve_takes_both_sides():
    zones = chain(*(DeviceRecord(f"V{k}", str(k)) for k in (1, 2, 4)))
    answer = isolate(zones, Break(devices=("V2",)))
    assert (answer.valves_to_close, answer.isolated_mains) == (("V1", "V4"), ("p1", "p2", "p3"))
    assert isolate(zones, Break(nodes=("2",))) == answer


def test_a_valve_at_a_dead_end_is_closed_too():
    """What lies behind it may only be missing from the map."""
    assert isolate(
        chain(DeviceRecord("V6", "6"), DeviceRecord("V5", "5")), Break(links=("p5",))
    ).valves_to_close == (
        "V5",
        "V6",
    )


def test_a_valve_with_the_section_on_both_sides_need_not_be_closed():
    ring = [
        LinkRecord("a", "1", "2"),
        LinkRecord("b", "2", "3"),
        LinkRecord("c", "3", "1"),
        LinkRecord("in", "0", "1"),
    ]
    zones = zones_of(build_network(ring, (), [DeviceRecord("V2", "2"), DeviceRecord("V0", "1", "in")]))
    answer = isolate(zones, Break(links=("c",)))
    assert (answer.valves_to_close, answer.valves_inside) == (("V0",), ("V2",))


def test_three_pipes_at_one_valve():
    star = [LinkRecord(name, name, "hub") for name in "abc"]
    zones = zones_of(build_network(star, (), [DeviceRecord("V", "hub")], [SourceRecord("S", "a")]))
    answer = isolate(zones, Break(links=("b",)))
    assert (answer.valves_to_close, answer.isolated_mains, answer.mains_without_supply) == (
        ("V",),
        ("b",),
        (),
    )


def test_two_valves_in_a_row_stand_one_behind_the_other():
    zones = chain(DeviceRecord("near", "2", "p2"), DeviceRecord("far", "2"))
    assert isolate(zones, Break(links=("p2",))).valves_to_close == ("near",)
    assert isolate(zones, Break(links=("p2",)), inoperable=["near"]).valves_to_close == ("far",)


def test_an_isolated_source_is_named():
    answer = isolate(chain(DeviceRecord("V2", "2")), Break(links=("p0",)))
    assert answer.sources_isolated == ("0",)
    assert answer.services_without_supply == ("s2", "s3", "s4", "s5")


def test_a_normally_closed_valve_may_restore_the_dead_part():
    valves = [DeviceRecord("V1", "1"), DeviceRecord("V2", "2"), DeviceRecord("V4", "4", closed=True)]
    answer = isolate(chain(*valves, sources=("0", "6")), Break(links=("p1",)))
    assert (answer.services_without_supply, answer.restorable_by) == (("s2", "s3"), ("V4",))


def test_what_never_had_supply_is_not_lost():
    answer = isolate(chain(DeviceRecord("V2", "2"), sources=()), Break(links=("p0",)))
    assert answer.mains_without_supply == ()


def test_snaps_in_the_section_are_shown():
    lines = [LineRecord("a", LineString([(0, 0), (9, 0)])), LineRecord("b", LineString([(9.1, 0), (20, 0)]))]
    zones = zones_of(network_from_lines(lines, tolerance_m=0.2))
    assert [round(snap.distance_m, 3) for snap in isolate(zones, Break(links=("b",))).snaps] == [0.1]


def test_refusals_name_what_is_unknown():
    zones = chain()
    with pytest.raises(NothingBroken):
        isolate(zones, Break())
    with pytest.raises(NotInNetwork):
        isolate(zones, Break(links=("x",)))
    with pytest.raises(NotInNetwork):
        isolate(zones, Break(links=("p1",)), inoperable=["x"])


def test_a_loop_has_no_single_way_downstream():
    ring = [
        LinkRecord("in", "S", "1"),
        LinkRecord("a", "1", "2"),
        LinkRecord("b", "2", "3"),
        LinkRecord("c", "3", "1"),
    ]
    tail = LinkRecord("tail", "3", "4")
    graph = trace_graph(build_network([*ring, tail], sources=[SourceRecord("S", "S")]))
    assert downstream(graph, "a") == ()
    assert downstream(graph, "in") == ("a", "b", "c", "tail")
    assert upstream(graph, "tail") == ("a", "b", "c", "in")
    assert upstream(graph, "in") == ()


# --- squeeze-off ------------------------------------------------------------------------------------------


def test_squeezes_spare_what_valves_would_cut():
    """One valve at the source: a break at p3 costs everyone; two squeezes cost s3 and what hangs behind."""
    zones = chain(DeviceRecord("V0", "1"))
    assert len(isolate(zones, Break(links=("p3",))).services_cut) == 5
    plan = squeeze_off(zones.graph, Break(links=("p3",)), room_m=1.0)
    assert [(point.link_id, point.node_id) for point in plan.squeezes] == [("p2", "3"), ("p4", "4")]
    assert plan.services_cut == ("s3",)
    assert plan.services_without_supply == ("s4", "s5")
    assert plan.valves_to_close == ()


def test_a_valve_on_the_way_spares_a_squeeze():
    plan = squeeze_off(chain(DeviceRecord("V3", "3")).graph, Break(links=("p3",)), room_m=1.0)
    assert plan.valves_to_close == ("V3",)
    assert [point.link_id for point in plan.squeezes] == ["p4"]
    stuck = squeeze_off(
        chain(DeviceRecord("V3", "3")).graph, Break(links=("p3",)), room_m=1.0, inoperable=["V3"]
    )
    assert [point.link_id for point in stuck.squeezes] == ["p2", "p4"]


def test_short_or_spared_pipes_are_passed_over():
    plan = squeeze_off(chain().graph, Break(links=("p3",)), room_m=5.5)
    assert plan.squeezes == ()
    spared = squeeze_off(chain().graph, Break(links=("p3",)), room_m=1.0, spared=["p2"])
    assert [point.link_id for point in spared.squeezes] == ["p1", "p4"]
    assert spared.isolated_mains == ("p2", "p3")


def test_a_squeeze_has_a_place():
    lines = [LineString([(10 * k, 0), (10 * k + 10, 0)]) for k in range(3)]
    links = [
        LinkRecord(f"p{k}", str(k), str(k + 1), 10.0, shape=shape, squeezable=True)
        for k, shape in enumerate(lines)
    ]
    plan = squeeze_off(trace_graph(build_network(links)), Break(links=("p1",)), room_m=2.0)
    assert [(point.x, point.y) for point in plan.squeezes] == [(8.0, 0.0), (22.0, 0.0)]


# --- against brute force on random graphs -----------------------------------------------------------------


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
