"""The ready style in MapLibre GL, in a headless browser: loaded, drawn, its features found under the pointer."""

from __future__ import annotations

import json
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from api.ogc_style import SOURCE
from layers.city import City, load_city
from tests.clients.conftest import CITY, Site

CHROMIUM = Path("/usr/bin/chromium")
PLACE = ("7.8830", "48.4545", "16.2")

pytestmark = pytest.mark.e2e
Seen = Callable[[str], dict[str, Any]]


@pytest.fixture(scope="module")
def city(root: Path) -> City:
    return load_city(root / "cities", CITY)


@pytest.fixture(scope="module")
def maplibre(root: Path, open_site: Site, tmp_path_factory: pytest.TempPathFactory) -> Seen:
    """Open the style with a token ("-": without, in a page of another host) and tell what was drawn."""
    if not CHROMIUM.exists():
        pytest.skip(f"no browser: {CHROMIUM} is missing (apt-get install chromium)")
    if shutil.which("node") is None:
        pytest.skip("no Node.js on the path")
    if not (root / "web/node_modules/maplibre-gl/dist").is_dir():
        pytest.skip("the page's tools are not installed (cd web && npm ci)")
    folder = tmp_path_factory.mktemp("maplibre")

    def seen(token: str) -> dict[str, Any]:
        open_site.heard.forget()
        style, picture = f"{open_site.ogc}/style.json", folder / f"{len(list(folder.iterdir()))}.png"
        done = subprocess.run(
            ["node", "e2e/style.mjs", style, token, *PLACE, picture],
            cwd=root / "web",
            capture_output=True,
            text=True,
            timeout=300,
            check=False,
        )
        assert done.returncode == 0, done.stderr
        assert picture.read_bytes().startswith(b"\x89PNG")
        made: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
        return made

    return seen


def _near(seen: dict[str, Any], colour: str) -> int:
    """How many pixels have nearly this colour: software rendering rounds."""
    wanted = bytes.fromhex(colour.removeprefix("#"))
    return sum(
        count
        for each, count in seen["colours"].items()
        if max(abs(a - b) for a, b in zip(bytes.fromhex(each[1:]), wanted, strict=True)) <= 2
    )


def test_a_page_of_another_host_draws_the_public_layers(maplibre: Seen, open_site: Site, city: City) -> None:
    """Style and tiles are readable from anywhere; nothing else is asked for, and nothing is blank."""
    seen = maplibre("-")
    assert (seen["complaints"], seen["errors"], open_site.heard.refusals) == ([], [], [])
    public = {spec.layer_id for spec in city.layers if spec.sensitivity == "public"}
    assert set(seen["rendered"]) == public == {"parcels", "buildings", "streets"}
    assert seen["rendered"]["parcels"] > 100
    assert {"id", "land_use"} & set(seen["parcel"])
    assert _near(seen, "#f7f5f1") < seen["pixels"] * 0.6, "more than the background"
    assert _near(seen, city.layer("streets").colour) > seen["pixels"] * 0.01
    asked = {each.path for each in open_site.heard.questions}
    assert asked - {each for each in asked if each.startswith("/tiles/")} == {"/style.json"}


def test_an_officer_sees_the_utilities_in_their_colours(maplibre: Seen, open_site: Site, city: City) -> None:
    """With a token: the shared layers too, in the catalogue's colours and order; the sensitive ones never."""
    seen = maplibre(open_site.token)
    assert (seen["complaints"], seen["errors"], open_site.heard.refusals) == ([], [], [])
    for layer_id in ("water_lines", "gas_lines", "power_lv_lines"):
        assert seen["rendered"][layer_id] > 0
        assert _near(seen, city.layer(layer_id).colour) > 200, layer_id
    sensitive = {spec.layer_id for spec in city.layers if spec.sensitivity == "sensitive"}
    assert not sensitive & (set(seen["rendered"]) | set(seen["layers"]))
    assert SOURCE not in seen["layers"]
