"""QGIS reads the layers, filters them and draws them beside our tiles: Debian's python3-qgis, without a window."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path
from typing import Any

import pytest
import shapely
from sqlalchemy import text

from layers.database import make_engine
from tests.clients.conftest import Question, Site, shapes_in_degrees

SYSTEM_PYTHON = Path("/usr/bin/python3")
BOX = (7.8800, 48.4520, 7.8860, 48.4570)
LAYER, OTHER = "parcels", "buildings"
TOP, BELOW, GROUND = "#d01c8b", "#4dac26", "#f7f5f1"
# From this version on QGIS sends its own filters as CQL2; before, only GDAL inside it does.
SENDS_CQL2 = 33200


@pytest.fixture(scope="module")
def qgis(open_site: Site, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """What QGIS saw, and under `questions` what the server was asked meanwhile."""
    if not SYSTEM_PYTHON.exists():
        pytest.skip("no system Python to run QGIS with")
    probe = subprocess.run([SYSTEM_PYTHON, "-c", "import qgis.core"], capture_output=True, check=False)
    if probe.returncode != 0:
        pytest.skip("QGIS is not installed (apt-get install python3-qgis qgis-providers)")
    folder = tmp_path_factory.mktemp("qgis")
    folder.chmod(0o700)
    done = None
    # A crash is QGIS's own (headless 3.22 knows some); what it says when it does not crash is ours.
    for _ in range(3):
        open_site.heard.forget()
        done = _run(open_site, folder)
        if done.returncode >= 0:
            break
    assert done is not None
    assert done.returncode == 0, done.stderr
    seen = json.loads(done.stdout.splitlines()[-1])
    if "missing" in seen:
        pytest.skip(f"this QGIS lacks {', '.join(seen['missing'])} (apt-get install qgis-providers)")
    return seen | {
        "questions": list(open_site.heard.questions),
        "refusals": list(open_site.heard.refusals),
        "folder": folder,
    }


def _run(site: Site, folder: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [
            SYSTEM_PYTHON,
            Path(__file__).with_name("qgis_client.py"),
            site.ogc,
            LAYER,
            OTHER,
            ",".join(map(str, BOX)),
            folder,
        ],
        env={
            "HOME": str(folder),
            "XDG_RUNTIME_DIR": str(folder),
            "QT_QPA_PLATFORM": "offscreen",
            "PATH": "/usr/bin:/bin",
            "LANG": "C.UTF-8",
        },
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )


@pytest.fixture(scope="module")
def stored(open_site: Site) -> dict[str, dict[str, shapely.Geometry]]:
    """Every shape of both layers in degrees, straight from the database."""
    return {
        layer: shapes_in_degrees(open_site, table)
        for layer, table in ((LAYER, "parcel"), (OTHER, "building"))
    }


def _items(seen: dict[str, Any], layer: str) -> list[Question]:
    return [each for each in seen["questions"] if each.path == f"/collections/{layer}/items"]


def test_qgis_complains_of_nothing(qgis: dict[str, Any]) -> None:
    assert qgis["complaints"] == []
    assert qgis["refusals"] == []
    for picture in qgis["pictures"].values():
        assert picture["errors"] == []


def test_qgis_opens_the_layers(qgis: dict[str, Any], stored: dict[str, dict[str, shapely.Geometry]]) -> None:
    """Count, fields, kind of geometry and extent, as a person would see them in the layer's properties."""
    for key, layer in (("layer", LAYER), ("other", OTHER)):
        seen = qgis[key]
        assert (seen["valid"], seen["error"]) == (True, "")
        assert seen["count"] == len(stored[layer])
        assert "Polygon" in seen["geometry"]
        assert seen["crs"] in {"EPSG:4326", "OGC:CRS84"}
        assert seen["extent"] == pytest.approx(
            shapely.total_bounds(list(stored[layer].values())).tolist(), abs=1e-6
        )
    assert qgis["layer"]["fields"]["area_m2"] == "Real"
    assert qgis["layer"]["fields"]["id"] == "String"


def test_qgis_reads_everything_in_one_page(
    qgis: dict[str, Any], stored: dict[str, dict[str, shapely.Geometry]]
) -> None:
    """The largest page that `/api` offers is the one that QGIS asks for."""
    assert qgis["all"] == sorted(stored[LAYER])
    assert "10000" in {each.params.get("limit") for each in _items(qgis, LAYER)}


def test_qgis_asks_by_box(qgis: dict[str, Any], stored: dict[str, dict[str, shapely.Geometry]]) -> None:
    rectangle = shapely.box(*BOX)
    assert qgis["in_box"] == sorted(key for key, each in stored[LAYER].items() if each.intersects(rectangle))
    assert any("bbox" in each.params for each in _items(qgis, OTHER)), "the map asks for what it shows"


def test_qgis_filters(qgis: dict[str, Any], open_site: Site) -> None:
    """The same features by QGIS's own filter and by the server's; the latter came over the wire as CQL2."""
    engine = make_engine(open_site.database_url)
    with engine.connect() as connection:
        wanted = sorted(
            connection.execute(
                text("SELECT feature_id FROM layers.parcel WHERE retired_by IS NULL AND area_m2 > 1000")
            ).scalars()
        )
    engine.dispose()
    assert qgis["filtered"] == wanted != []
    assert qgis["by_gdal"] == {"valid": True, "ids": wanted}
    filters = {each.params["filter"] for each in _items(qgis, LAYER) if "filter" in each.params}
    assert "area_m2 > 1000" in filters
    if qgis["version"] >= SENDS_CQL2:
        assert '("area_m2" > 1000)' in filters


def test_qgis_draws_features_and_tiles(qgis: dict[str, Any]) -> None:
    """Not blank: the layers' colours are there, and each picture differs from the other by what is on it."""
    assert (qgis["tiles"]["valid"], qgis["tiles"]["styled"], qgis["tiles"]["error"]) == (True, True, "")
    assert {LAYER, OTHER, "streets"} <= set(qgis["tiles"]["styles"])
    pixels = 800 * 600
    features, tiles, both = (qgis["pictures"][name]["colours"] for name in ("features", "tiles", "both"))
    assert features[TOP] > pixels * 0.03
    assert features[BELOW] > pixels * 0.3
    assert tiles[GROUND] > pixels * 0.1, "the style's background"
    assert len([count for count in tiles.values() if count > pixels * 0.003]) >= 4, "parcels, houses, streets"
    assert TOP not in tiles
    assert both[TOP] == pytest.approx(features[TOP], rel=0.05), "the features lie on the tiles"
    assert any(each.path.startswith("/tiles/WebMercatorQuad/") for each in qgis["questions"])
    for name in ("features", "tiles", "both"):
        assert (qgis["folder"] / f"{name}.png").read_bytes().startswith(b"\x89PNG")
