"""Snaps are sought where something hangs apart: the same ones as when all ends and lines are looked at."""

from __future__ import annotations

import random
from typing import Any

import pyarrow as pa
import pytest

from geo import snapping
from geo.vocabulary import Utility
from layers import network_build
from layers.network_build import build
from layers.network_kept import read_network
from layers.network_layers import layers_of
from layers.network_read import Delivered
from layers.network_rules import crisis_rules
from tests.layers.equal import same

SEED = 11
# Lines whose ends a test forgets, and lines that it moves aside by up to a metre.
FORGOTTEN, MOVED = 25, 10


def changed(delivered: Delivered, chance: random.Random) -> Delivered:
    """Some lines name no nodes any more, as lines as built do not; some of them lie a little aside."""
    lines = delivered.lines
    rows = chance.sample(range(lines.num_rows), FORGOTTEN)
    for name in ("from_node", "to_node"):
        words = lines.column(name).to_pylist()
        for row in rows:
            words[row] = None
        lines = lines.set_column(lines.column_names.index(name), name, pa.array(words, pa.string()))
    coords = delivered.coords.copy()
    for row in rows[:MOVED]:
        first, end = delivered.vertices[row : row + 2]
        coords[first:end] += [chance.uniform(-0.7, 0.7), chance.uniform(-0.7, 0.7)]
    return Delivered(delivered.layers, lines, delivered.nodes, delivered.devices, coords, delivered.vertices)


@pytest.mark.parametrize("utility", ["water", "gas"])
def test_looking_where_something_hangs_apart_finds_every_snap(
    town: Any, utility: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Every array of the network and every snap, with few ends that no record names and with all of them so."""
    print(f"seed {SEED}")
    rules = crisis_rules(town.city).networks[Utility(utility)]
    with town.engine.connect() as connection:
        layers = layers_of(connection, town.city.city_id, utility)
        delivered = read_network(connection, town.city.city_id, layers, rules)
    looked: list[bool] = []
    sought = snapping.snapped

    def counted(network: Any, tolerance_m: float, among: Any) -> Any:
        looked.append(among is not None)
        return sought(network, tolerance_m, among)

    monkeypatch.setattr(network_build, "snapped", counted)
    for given in (delivered, changed(delivered, random.Random(SEED))):
        made = []
        for few in (10**9, -1):
            monkeypatch.setattr(network_build, "FEW_APART", few)
            monkeypatch.setattr(network_build, "FEW_BESIDE", few)
            made.append(build(given, rules))
        same(*made)
    assert made[0].zones.network.snaps, "the lines that were moved are joined"
    assert looked[-2:] == [True, False]
