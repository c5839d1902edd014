"""Traces against independent truths: WNTR on published networks, the demo cities' walks."""

from __future__ import annotations

import json
import random
import warnings
from dataclasses import replace
from pathlib import Path
from typing import Any

import networkx as nx
import numpy as np
import pyogrio
import pytest

from geo.bare_lines import LineRecord, PointRecord, network_from_lines
from geo.network import (
    DeviceRecord,
    LinkRecord,
    LinkRole,
    Network,
    NodeRecord,
    SourceRecord,
    build_network,
)
from geo.trace import (
    Break,
    Cut,
    Isolation,
    downstream,
    isolate,
    outage,
    upstream,
    what_if_stuck,
)
from geo.zones import TraceGraph, ZoneGraph, segments, trace_graph, zone_graph
from tests.geo.loss_by_walk import assert_as_by_walk
from tests.geo.tracing import zones_of

ROOT = Path(__file__).resolve().parents[2]
CITIES = ("schutterwald", "karhula")


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
