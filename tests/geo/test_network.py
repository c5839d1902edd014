"""Networks from records and from bare lines; snaps are logged, bounded, and can be taken back."""

from __future__ import annotations

import doctest
import importlib

import numpy as np
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st
from shapely.geometry import LineString

from geo.bare_lines import LineRecord, PointRecord, network_from_lines
from geo.network import (
    DeviceRecord,
    DuplicateId,
    LinkRecord,
    LinkRole,
    Network,
    NodeRecord,
    NotInNetwork,
    SnapKind,
    SourceRecord,
    build_network,
)
from geo.snapping import NoShapes, connectivity, snapped
from geo.trace import Break, isolate
from geo.zones import trace_graph, zone_graph


def line(line_id: str, *xy: tuple[float, float], role: LinkRole = LinkRole.MAIN) -> LineRecord:
    return LineRecord(line_id, LineString(xy), role)


def joins(network: Network) -> list[tuple[str, float]]:
    return [(snap.kind.value, round(snap.distance_m, 6)) for snap in network.snaps if snap.is_join]


# --- from records -----------------------------------------------------------------------------------------


def test_records_keep_their_own_joins():
    network = build_network(
        [LinkRecord("m", "1", "2", 40.0), LinkRecord("s", "t", "h", 8.0, LinkRole.SERVICE, main_id="m")],
        [NodeRecord("1", "junction", 0, 0)],
        [DeviceRecord("v", "2")],
        [SourceRecord("r", "1")],
    )
    assert network.node_kinds[network.nodes(["1"])[0]] == "junction"
    assert [network.node_ids[node] for node in network.tap_node] == ["t"]
    assert network.tap_link.tolist() == [0]
    assert network.snaps == ()
    assert connectivity(network).largest_share == 1.0


def test_what_names_nothing_is_listed_not_lost():
    network = build_network(
        [LinkRecord("m", "1", "2"), LinkRecord("s", "t", "h", main_id="gone")],
        devices=[DeviceRecord("v", "nowhere"), DeviceRecord("w", "1", link_id="gone")],
        sources=[SourceRecord("r", "nowhere")],
    )
    assert network.unplaced == ("s", "v", "w", "r")
    assert network.device_ids == ()
    assert network.source_ids == ()


def test_an_end_without_a_node_joins_nothing():
    network = build_network(
        [LinkRecord("a", "1", None), LinkRecord("b", None, "1"), LinkRecord("c", None, None)]
    )
    assert connectivity(network).parts == 2


@pytest.mark.parametrize(
    ("links", "nodes", "devices"),
    [
        ([LinkRecord("a", "1", "2"), LinkRecord("a", "2", "3")], [], []),
        ([], [NodeRecord("1"), NodeRecord("1")], []),
        ([LinkRecord("a", "1", "2")], [], [DeviceRecord("v", "1"), DeviceRecord("v", "2")]),
    ],
)
def test_two_records_with_one_id_are_refused(links, nodes, devices):
    with pytest.raises(DuplicateId):
        build_network(links, nodes, devices)


@pytest.mark.parametrize("ask", ["links", "nodes", "devices", "sources"])
def test_an_unknown_id_is_refused_by_name(ask):
    with pytest.raises(NotInNetwork) as refused:
        getattr(build_network([LinkRecord("a", "1", "2")]), ask)(["x"])
    assert refused.value.params == {"what": ask.removesuffix("s"), "id": "x"}


def test_an_empty_network_answers():
    assert connectivity(build_network([])).largest_share == 0.0
    assert network_from_lines([]).link_count == 0


# --- from lines -------------------------------------------------------------------------------------------


def test_equal_ends_are_one_node_without_a_snap():
    network = network_from_lines([line("a", (0, 0), (10, 0)), line("b", (10, 0), (10, 5))])
    assert network.node_count == 3
    assert joins(network) == []


@pytest.mark.parametrize(("gap", "joined"), [(0.0, True), (0.19, True), (0.21, False)])
def test_ends_join_within_the_tolerance_only(gap, joined):
    network = network_from_lines(
        [line("a", (0, 0), (10, 0)), line("b", (10 + gap, 0), (20, 0))], tolerance_m=0.2
    )
    assert (connectivity(network).largest_share == 1.0) is joined
    assert joins(network) == ([("end_to_end", gap)] if joined and gap else [])


def test_an_end_joins_the_nearest_line_and_only_it():
    network = network_from_lines(
        [line("a", (0, 0), (10, 0)), line("b", (0, 0.5), (10, 0.5)), line("s", (5, 0.2), (5, -9))],
        tolerance_m=0.4,
    )
    (snap,) = network.snaps
    assert (snap.kind, snap.other, round(snap.distance_m, 9)) == (SnapKind.END_TO_LINE, "a", 0.2)
    assert connectivity(network).parts == 2


def test_lines_that_only_cross_do_not_join():
    network = network_from_lines([line("a", (0, 0), (10, 0)), line("b", (5, -5), (5, 5))], tolerance_m=0.2)
    assert joins(network) == []


def test_the_ends_of_a_short_link_stay_two():
    """A 10 cm spool piece is not a loop."""
    network = network_from_lines(
        [line("a", (0, 0), (10, 0)), line("spool", (10, 0), (10.1, 0))], tolerance_m=0.2
    )
    assert joins(network) == []


def test_a_snap_never_bypasses_the_valve_between_two_pieces():
    pieces = [
        line("a", (0, 0), (10, 0)),
        line("in", (10, 0), (10.1, 0)),
        line("out", (10.1, 0), (10.2, 0)),
        line("b", (10.2, 0), (20, 0)),
    ]
    valve = [PointRecord("V", 10.1, 0)]
    zones = zone_graph(trace_graph(network_from_lines(pieces, valve, tolerance_m=0.25)))
    assert isolate(zones, Break(links=("a",))).isolated_mains == ("a", "in")


def test_a_valve_in_mid_span_cuts_the_line_and_keeps_its_id():
    network = network_from_lines(
        [line("a", (0, 0), (10, 0))], [PointRecord("V", 4, 0.1)], [PointRecord("R", 0, 0)], tolerance_m=0.2
    )
    assert network.link_ids == ("a", "a")
    assert network.link_length_m.tolist() == pytest.approx([4, 6])
    assert [snap.kind for snap in network.snaps] == [SnapKind.DEVICE_TO_LINE]
    assert len(network.links(["a"])) == 2
    assert network.source_ids == ("R",)


def test_a_device_near_a_node_takes_the_node():
    network = network_from_lines([line("a", (0, 0), (10, 0))], [PointRecord("V", 10.1, 0.1)], tolerance_m=0.2)
    assert network.link_count == 1
    assert network.node_xy[network.device_node[0]].tolist() == [10.0, 0.0]


def test_a_device_far_from_everything_is_unplaced():
    network = network_from_lines([line("a", (0, 0), (10, 0))], [PointRecord("V", 5, 3)], tolerance_m=0.2)
    assert network.unplaced == ("V",)


def test_a_multi_part_line_is_several_links_of_one_id():
    shape = shapely.MultiLineString([[(0, 0), (1, 0)], [(5, 0), (6, 0)]])
    network = network_from_lines([LineRecord("a", shape)])
    assert network.link_ids == ("a", "a")
    assert connectivity(network).parts == 2


def test_snaps_can_be_taken_back():
    lines = [line("a", (0, 0), (10, 0)), line("b", (10.05, 0), (20, 0)), line("c", (20.3, 0), (30, 0))]
    network = network_from_lines(lines, tolerance_m=0.5)
    assert connectivity(network).parts == 1
    assert connectivity(network).snapped_share == 1.0
    assert connectivity(network).widest_snap_m == pytest.approx(0.3)
    assert connectivity(network.without_snaps(beyond_m=0.1)).parts == 2
    assert connectivity(network.without_snaps()).parts == 3


def test_recorded_networks_can_be_repaired_too():
    shapes = [LineString([(0, 0), (10, 0)]), LineString([(10.1, 0), (20, 0)])]
    records = [LinkRecord("a", "1", "2", shape=shapes[0]), LinkRecord("b", "3", "4", shape=shapes[1])]
    assert connectivity(build_network(records)).parts == 2
    assert connectivity(snapped(build_network(records), 0.2)).parts == 1


def test_repair_needs_shapes():
    with pytest.raises(NoShapes):
        snapped(build_network([LinkRecord("a", "1", "2")]), 0.1)


def test_supply_reaches_only_parts_with_a_source():
    network = network_from_lines(
        [line("a", (0, 0), (30, 0)), line("b", (50, 0), (60, 0))], sources=[PointRecord("R", 0, 0)]
    )
    found = connectivity(network)
    assert (found.largest_share, found.supplied_share, found.length_m) == (0.75, 0.75, 40.0)


coordinates = st.integers(0, 12).map(lambda n: n / 4)
points = st.tuples(coordinates, coordinates)
segments = st.lists(
    st.tuples(points, points).filter(lambda ends: ends[0] != ends[1]), min_size=1, max_size=10
)


@settings(max_examples=60, deadline=None)
@given(segments, st.sampled_from([0.0, 0.25, 0.5]), st.randoms(use_true_random=False))
def test_snaps_stay_within_the_tolerance_and_ignore_the_order(ends, tolerance, random):
    """What joins what does not depend on the order of delivery; no snap is wider than asked for."""
    lines = [line(f"L{k}", *pair) for k, pair in enumerate(ends)]
    network = network_from_lines(lines, tolerance_m=tolerance)
    assert all(snap.distance_m <= tolerance for snap in network.snaps)
    random.shuffle(lines)
    again = network_from_lines(lines, tolerance_m=tolerance)
    assert _snap_set(again) == _snap_set(network)


def _snap_set(network: Network) -> set[tuple[frozenset[str], float]]:
    return {(frozenset((snap.subject, snap.other)), snap.distance_m) for snap in network.snaps}


def test_lengths_are_those_of_the_shapes():
    network = network_from_lines([line("a", (0, 0), (3, 4)), line("b", (3, 4), (3, 10))])
    assert np.allclose(network.link_length_m, [5, 6])


@pytest.mark.parametrize("module", ["network", "snapping", "zones", "trace", "squeeze", "audit"])
def test_the_examples_in_the_docstrings_hold(module):
    outcome = doctest.testmod(importlib.import_module(f"geo.{module}"))
    assert outcome.failed == 0
