"""Two incidents at the crisis desk, in a real browser and in both languages: a gas leak and a burst water main (A20).

The steps are in `web/e2e/crisis.mjs`, which reads every figure twice: off the page, and out of the API's own answer.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from layers.cluster import Cluster
from permits.vocabulary import Role
from tests.api.conftest import Served, served
from tests.e2e.conftest import Scene, System

BURST = "WM00535"

pytestmark = pytest.mark.e2e


@pytest.fixture(scope="module")
def karhula(
    root: Path, cluster: Cluster, karhula_template: str, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Served]:
    """The API with the built page, for the other city."""
    url = cluster.create_database("desk_karhula", template=karhula_template)
    with served(url, root, tmp_path_factory.mktemp("karhula"), ["karhula"]) as made:
        yield made
    cluster.drop_database("desk_karhula")


def _same(seen: dict[str, Any], *names: str) -> None:
    """What the page shows is what the API answers."""
    assert {name: seen[name][0] for name in names} == {name: seen[name][1] for name in names}


@pytest.mark.parametrize("lang", ["fa", "en"])
def test_a_gas_leak(scene: Scene, system: System, lang: str) -> None:
    """A click on a leaking pipe: what is here, where to squeeze, what is in danger; the incident, heard of at once."""
    seen = scene("crisis", system.address, system.tokens["crisis-1"], lang, "gas")
    assert seen["inNavigation"] == 1
    _same(seen, "here", "owners", "phones", "clicked", "squeezed", "gasValves", "gasLost", "confidence")
    _same(seen, "upstream", "danger")
    assert seen["letters"] == len(seen["squeezed"][0]) >= 1, "every point to squeeze is on the map"
    assert seen["kind"] == "gas_leak"
    assert (seen["heardOpening"], seen["heardNote"], seen["heardClosing"]) == (True, True, True)
    assert seen["redrawn"] == "Polygon"
    assert seen["contacts"] == [200, True]


@pytest.mark.parametrize("lang", ["fa", "en"])
def test_a_burst_water_main(scene: Scene, root: Path, karhula: Served, lang: str) -> None:
    """Valves and losses are the API's and those worked out by hand; one stuck, one ticked off, all put back."""
    truth = json.loads((root / "cities/karhula/expected.json").read_text())["water_isolation"][BURST]
    seen = scene("crisis", karhula.url, karhula.tokens[Role.CRISIS], lang, "water")
    _same(seen, "looked", "burst", "valves", "lost", "stuckValves", "stuckLost")
    assert seen["valves"][0] == truth["valves_to_close"]
    cut = len(truth["services_cut"]) + len(truth["services_without_supply_after"])
    assert seen["lost"][0][0] == cut
    assert seen["stuckLost"][0][0] >= cut
    assert seen["stuckValves"][0] != seen["valves"][0], "behind a stuck valve is another"
    assert seen["signs"] == seen["signsInView"] == len(truth["valves_to_close"])
    assert seen["numbersStay"] is True, "a crew sent to number 3 still finds number 3"
    assert seen["waterKind"] == "water_burst"
    assert seen["ticked"][0] == seen["ticked"][1]
    assert seen["switchedDir"] == ("ltr" if lang == "fa" else "rtl")
    assert seen["stillThere"] == truth["valves_to_close"]
