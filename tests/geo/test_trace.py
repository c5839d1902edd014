"""Traces in situations small enough to be followed by hand, and where pipes are squeezed off."""

from __future__ import annotations

import pytest
from shapely.geometry import LineString

from geo.bare_lines import LineRecord, network_from_lines
from geo.network import (
    DeviceRecord,
    LinkRecord,
    LinkRole,
    NotInNetwork,
    SourceRecord,
    build_network,
)
from geo.squeeze import squeeze_off
from geo.trace import (
    Break,
    NothingBroken,
    downstream,
    isolate,
    upstream,
)
from geo.zones import ZoneGraph, trace_graph
from tests.geo.tracing import zones_of

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
