"""What the tests of traces have in common."""

from __future__ import annotations

from geo.network import Network
from geo.zones import ZoneGraph, trace_graph, zone_graph


def zones_of(network: Network) -> ZoneGraph:
    return zone_graph(trace_graph(network))
