"""The 24 requests of each demo city: distances and verdicts against brute force over whole layers."""

from __future__ import annotations

import json
from functools import cache
from pathlib import Path
from statistics import NormalDist
from typing import Any

import numpy as np
import pyogrio
import pytest
import shapely

from geo.clearance import Excavation, Placed, assess_all, search_radius_m, separations
from geo.packs import load_pack
from geo.quality import Verdict
from geo.vocabulary import gas_class, voltage_class

ROOT = Path(__file__).resolve().parents[2]
CITIES = ROOT / "cities"
# Giswater's town is not shipped (GPL-3.0); it lies beside the repository or nowhere.
SANTBOI = ROOT.parent / "shared" / "data" / "santboi"
UTILITY = {
    "gas_lines": "gas",
    "water_lines": "water",
    "sewer_lines": "sewer",
    "power_lv_lines": "electricity",
    "power_mv_lines": "electricity",
    "telecom_lines": "telecom",
}
PACK = {"schutterwald": "de-demo", "karhula": "fi-demo"}
UNCERTAINTY_M = 1.0

pytestmark = pytest.mark.skipif(
    not (CITIES / "schutterwald" / "expected.json").exists(), reason="the demo cities' data is not here"
)


def _rows(path: str, layer: str | None = None) -> tuple[dict[str, Any], Any]:
    meta, _, geometry, values = pyogrio.raw.read(path, layer=layer)
    columns = dict(zip(meta["fields"].tolist(), values, strict=True))
    return columns, shapely.from_wkb(geometry)


@cache
def _layer(city: str, layer: str) -> tuple[dict[str, Any], Any]:
    if city == "santboi":
        return _rows(str(SANTBOI / "santboi.gpkg"), layer)
    return _rows(f"/vsizip/{CITIES}/{city}/{city}.gpkg.zip/{city}.gpkg", layer)


def _folder(city: str) -> Path:
    return SANTBOI if city == "santboi" else CITIES / city


@cache
def _requests(city: str) -> list[tuple[str, float, shapely.Polygon]]:
    columns, shapes = _rows(str(_folder(city) / "requests.gpkg"))
    return list(zip(columns["request_id"], columns["dig_depth_m"], shapes, strict=True))


@cache
def _expected(city: str) -> dict[str, Any]:
    text = (_folder(city) / "expected.json").read_text(encoding="utf-8")
    return dict(json.loads(text)["requests"])


def _placed(city: str, layer: str) -> list[Placed]:
    columns, shapes = _layer(city, layer)
    unknown = [None] * len(shapes)
    diameters = columns.get("diameter_mm", columns.get("outer_diameter_mm", unknown))
    classes = (
        [gas_class(bar) for bar in columns.get("pressure_bar", unknown)]
        if layer == "gas_lines"
        else [voltage_class(kv) for kv in columns.get("voltage_kv", unknown)]
    )
    covers = columns.get("depth_m", unknown)
    return [
        Placed(
            layer, str(feature), UTILITY[layer], (class_code,), None,
            None if diameter is None else float(diameter) / 2000,
            None if cover is None else float(cover), "design", UNCERTAINTY_M, 0.3, "D",
        )
        for feature, class_code, diameter, cover in zip(
            columns["line_id"], classes, diameters, covers, strict=True
        )
    ]  # fmt: skip


@pytest.mark.parametrize("city", [*sorted(PACK), "santboi"])
@pytest.mark.parametrize("layer", sorted(UTILITY))
def test_separations_agree_with_the_published_answers(city: str, layer: str) -> None:
    if not (_folder(city) / "expected.json").is_file():
        pytest.skip(f"the data of {city} are not here")
    columns, shapes = _layer(city, layer)
    ids = np.asarray(columns["line_id"])
    if city == "santboi" and layer in ("water_lines", "sewer_lines"):
        more, services = _layer(city, layer.replace("_lines", "_services"))
        ids, shapes = np.append(ids, more["line_id"]), np.append(shapes, services)
    for request_id, _, pit in _requests(city):
        expected = _expected(city)[request_id][layer]
        found = separations(pit, shapes)
        assert sorted(ids[found <= 0]) == expected["intersects"], request_id
        for limit in (0.5, 1.0, 3.0):
            assert sorted(ids[(found > 0) & (found <= limit)]) == expected[f"within_{limit}m"], request_id
        assert max(0.0, float(found.min())) == pytest.approx(expected["nearest_m"], abs=6e-4)


@pytest.mark.parametrize("city", sorted(PACK))
def test_the_search_radius_loses_no_finding(city: str) -> None:
    """Judging what lies within the search radius gives the same open findings as judging 50 m around."""
    pack = load_pack(CITIES / "packs" / f"{PACK[city]}.csv")
    reach = search_radius_m(pack, UNCERTAINTY_M)
    seen = 0
    for layer in UTILITY:
        placed, (_, shapes) = _placed(city, layer), _layer(city, layer)
        tree = shapely.STRtree(shapes)
        for _, depth, pit in _requests(city):
            excavation = Excavation(pit, float(depth))
            wide = tree.query(pit, predicate="dwithin", distance=50.0)
            every = assess_all(excavation, [placed[i] for i in wide], [shapes[i] for i in wide], pack)
            near = {int(index) for index in tree.query(pit, predicate="dwithin", distance=reach)}
            found = zip(wide, every, strict=True)
            open_ones = {int(i) for i, finding in found if finding.verdict is not Verdict.CLEAR}
            assert open_ones <= near
            seen += len(open_ones)
    assert seen > 100


@pytest.mark.parametrize("city", sorted(PACK))
def test_disjoint_lines_have_the_reference_probability(city: str) -> None:
    """Plan probability written anew for lines outside the pit: the digging rule alone, depth left out."""
    pack = load_pack(CITIES / "packs" / f"{PACK[city]}.csv")
    checked = 0
    for layer in UTILITY:
        placed, (_, shapes) = _placed(city, layer), _layer(city, layer)
        for _, depth, pit in _requests(city):
            distance = shapely.distance(pit, shapes)
            chosen = np.flatnonzero((distance > 0) & (distance < 5))
            excavation = Excavation(pit, float(depth), works="repair")
            lines = [placed[i] for i in chosen]
            findings = assess_all(excavation, lines, [shapes[i] for i in chosen], pack)
            for finding, gap, line in zip(findings, distance[chosen], lines, strict=True):
                radius = line.radius_m if line.radius_m is not None and line.radius_m > 0 else None
                extra = 0.0 if radius else {"electricity": 0.05}.get(line.utility, 0.15)
                sd = (1.0**2 + 0.1**2 + extra**2) ** 0.5 / 1.959964
                p_h = NormalDist(gap - (radius or 0.0), sd).cdf(0.61)
                assert finding.p_violation <= p_h + 1e-6
                if line.cover_m is None or line.cover_m < depth - 1:
                    assert finding.p_violation == pytest.approx(p_h, abs=2e-3)
                checked += 1
    assert checked > 50
