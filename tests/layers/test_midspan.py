"""A valve in mid-span of a line stands on the line: cut there, logged as a snap, and the trace uses it."""

from __future__ import annotations

from typing import Any

import numpy as np
import pyarrow as pa

from geo.network import SnapKind
from geo.trace import Break, isolate
from geo.vocabulary import Utility
from layers.network_build import build
from layers.network_built import Built
from layers.network_read import Delivered
from layers.network_rules import NetworkRules

RULES = NetworkRules(
    Utility.WATER, tolerance_m=0.2, sources=frozenset({"reservoir"}), barriers={"valve": "closed"}
)


def table(columns: dict[str, Any], rows: list[dict[str, Any]]) -> pa.Table:
    return pa.table({name: pa.array([row.get(name) for row in rows], kind) for name, kind in columns.items()})


TEXT, INT, REAL = pa.string(), pa.int32(), pa.float64()
LINES = {
    "feature_id": TEXT, "layer": INT, "role": TEXT, "from_node": TEXT, "to_node": TEXT, "main_id": TEXT,
    "material": TEXT, "diameter_mm": REAL, "pressure_bar": REAL, "voltage_kv": REAL, "quality_level": TEXT,
    "surveyed": INT, "part": INT, "parts": INT,
}  # fmt: skip
NODES = {"feature_id": TEXT, "layer": INT, "kind": TEXT, "x": REAL, "y": REAL, "names": TEXT}
DEVICES = {
    "feature_id": TEXT, "layer": INT, "kind": TEXT, "node_id": TEXT, "normal_state": TEXT, "operable": TEXT,
    "link": TEXT, "name": TEXT, "quality_level": TEXT, "surveyed": INT, "x": REAL, "y": REAL,
}  # fmt: skip


def line(name: str, *places: tuple[float, float], **more: Any) -> tuple[dict[str, Any], list[Any]]:
    row = {"feature_id": name, "layer": 0, "role": "main", "material": "PE", "part": 1, "parts": 1} | more
    return row, list(places)


def device(name: str, x: float, y: float, **more: Any) -> dict[str, Any]:
    row = {"feature_id": name, "layer": 1, "kind": "valve", "operable": "true", "x": x, "y": y}
    return row | more


def town(devices: list[dict[str, Any]], nodes: list[dict[str, Any]] | None = None, **ends: Any) -> Built:
    """A main of 100 m from a reservoir in the west, two houses on it at 20 m and 80 m."""
    lines = [
        line("M", (0, 0), (50, 0), (100, 0), **ends),
        line("S1", (20, 0), (20, 5), role="service", main_id="M"),
        line("S2", (80, 0), (80, 5), role="service", main_id="M"),
    ]
    places = [np.array(each, dtype=np.float64) for _, each in lines]
    vertices = np.cumsum([0, *(len(each) for each in places)]).astype(np.int64)
    source = device("R", 0, 0, kind="reservoir")
    made = Delivered(
        layers=(),
        lines=table(LINES, [row for row, _ in lines]),
        nodes=table(NODES, nodes or []),
        devices=table(DEVICES, [source, *devices]),
        coords=np.concatenate(places),
        vertices=vertices,
    )
    return build(made, RULES)


def test_a_valve_in_midspan_cuts_the_line_under_it() -> None:
    """Within the tolerance: two pieces of one id, the houses on their own piece, a snap with its distance."""
    built = town([device("V", 50.0, 0.1)])
    network = built.zones.network
    assert network.unplaced == ()
    assert list(network.link_ids).count("M") == 2
    assert network.link_length_m[network.links(["M"])].tolist() == [50.0, 50.0]
    (snap,) = [each for each in network.snaps if each.kind is SnapKind.DEVICE_TO_LINE]
    assert (snap.subject, round(snap.distance_m, 3)) == ("V", 0.1)
    assert built.attributes.link_material[len(network.link_ids) - 1] == "PE"
    answer = isolate(built.zones, Break(links=("S2",)))
    assert answer.valves_to_close == ("V",)
    assert (answer.services_cut, answer.services_without_supply) == (("S2",), ())
    before = isolate(built.zones, Break(links=("S1",)))
    assert (before.services_cut, before.services_without_supply) == (("S1",), ("S2",))


def test_several_valves_cut_one_line_in_their_order() -> None:
    built = town([device("V3", 90.0, 0.0), device("V1", 10.0, 0.0), device("V2", 50.0, 0.0)])
    network = built.zones.network
    assert sorted(network.link_length_m[network.links(["M"])].round(6).tolist()) == [10.0, 10.0, 40.0, 40.0]
    answer = isolate(built.zones, Break(links=("S1",)))
    assert answer.valves_to_close == ("V1", "V2")
    assert answer.services_without_supply == ("S2",)


def test_a_valve_node_in_midspan_keeps_its_own_node() -> None:
    """Named by the device's record, or itself of that kind; the line's ends have nodes of their own."""
    node = {"feature_id": "N", "layer": 2, "kind": "valve", "x": 50.0, "y": 0.0}
    for devices in ([], [device("V", 50.0, 0.0, node_id="N")]):
        built = town(devices, [node], from_node="A", to_node="B")
        network = built.zones.network
        assert list(network.link_ids).count("M") == 2
        at = network.nodes(["N"])[0]
        assert sorted([*network.link_start.tolist(), *network.link_end.tolist()]).count(at) == 2
        assert len(isolate(built.zones, Break(links=("S2",))).valves_to_close) == 1


def test_beyond_the_tolerance_nothing_is_cut() -> None:
    network = town([device("V", 50.0, 0.3)]).zones.network
    assert network.unplaced == ("V",)
    assert list(network.link_ids) == ["M", "S1", "S2"]
