"""The demo cities as published: counts as documented, every check result equal to a brute-force reference.

`expected.json` was made without PostGIS: shapely.distance of each request against every feature.
"""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import geopandas
import pytest
from sqlalchemy import text

from layers import query
from layers.ingest import import_city
from layers.report import Outcome
from layers.tables import TABLES
from tests.layers.conftest import Town


def _documented(readme: Path) -> dict[str, int]:
    rows = re.findall(r"^\| (\w+) \| (\d+) \|", readme.read_text(encoding="utf-8"), re.M)
    return {layer: int(count) for layer, count in rows}


def test_every_documented_feature_is_published(town: Town) -> None:
    documented = _documented(town.city.folder / "README.md")
    assert len(documented) == 17
    with town.engine.connect() as connection:
        counted: dict[str, int] = {}
        for target in TABLES:
            rows = connection.execute(
                text(
                    f"SELECT layer_id, count(*) FROM layers.{target} "
                    "WHERE retired_by IS NULL GROUP BY layer_id"
                )
            )
            counted |= {row[0]: row[1] for row in rows}
    assert {layer: counted[layer] for layer in documented} == documented
    # The rest are selections of a documented table: its valves, manholes, chambers.
    assert all(layer.endswith("_devices") for layer in set(counted) - set(documented))


def test_reports_add_up_and_nothing_was_refused(town: Town) -> None:
    with town.engine.connect() as connection:
        reports = connection.execute(text("SELECT report FROM layers.delivery")).scalars().all()
    assert len(reports) == len(town.city.layers)
    for report in reports:
        assert report["good"] + report["repaired"] + report["refused"] == report["read"] == report["added"]
        assert report["refused"] == 0
        # Lines of the published networks that lie at one place, and ends of its LV cables that stop millimetres
        # or decimetres short of their nodes: true findings, told; nothing is refused for them.
        assert set(report["counts"]) <= {
            "fact:duplicate-geometry",
            "warning:duplicate-link",
            "warning:undershoot",
            "warning:overshoot",
            "warning:dangling-service",
            "notice:snapped-end",
        }


def test_importing_again_changes_nothing(city_engine: Any, schutterwald: Town, cities: Path) -> None:
    def versions() -> list[Any]:
        with city_engine.connect() as connection:
            return list(connection.execute(text("SELECT * FROM layers.delivery ORDER BY delivery_id")))

    before = versions()
    reports = import_city(city_engine, schutterwald.city, cities)
    assert {report.outcome for report in reports} == {Outcome.UNCHANGED}
    assert versions() == before


def test_gas_of_the_published_model_has_no_cover(schutterwald: Town) -> None:
    with schutterwald.engine.connect() as connection:
        rows = connection.execute(
            text(
                "SELECT layer_id, count(*), count(cover_m), array_agg(DISTINCT cover_source), "
                "array_agg(DISTINCT class_code), min(vertical_uncertainty_m), max(horizontal_uncertainty_m) "
                "FROM layers.network_line GROUP BY layer_id"
            )
        )
        found = {row[0]: tuple(row[1:]) for row in rows}
    assert found["gas_lines"] == (2559, 0, ["unknown"], ["MP"], None, 1.0)
    assert found["power_lv_lines"] == (3000, 0, ["unknown"], ["LV"], None, 1.0)
    assert found["power_mv_lines"] == (28, 0, ["unknown"], ["MV"], None, 1.0)
    assert found["water_lines"] == (2279, 2279, ["design"], [None], 0.3, 1.0)
    assert found["sewer_lines"] == (2209, 2209, ["design"], ["gravity"], 0.3, 1.0)


def test_unmapped_columns_are_kept(schutterwald: Town) -> None:
    with schutterwald.engine.connect() as connection:
        kept = connection.execute(
            text(
                "SELECT attributes FROM layers.network_line "
                "WHERE layer_id = 'gas_lines' AND feature_id = 'GP00000'"
            )
        ).scalar_one()
    assert kept["catalogue"] == "125 PE 100 SDR 11"
    assert kept["kind"] == "main"


def test_devices_are_found_by_kind(town: Town) -> None:
    with town.engine.connect() as connection:
        kinds = set(connection.execute(text("SELECT DISTINCT kind FROM layers.network_device")).scalars())
    assert kinds >= {"valve", "hydrant", "reservoir", "transformer", "manhole", "chamber"}


WITHIN = {"within_0.5m": 0.5, "within_1.0m": 1.0, "within_3.0m": 3.0}


def test_a14_conflict_results_equal_the_reference(town: Town) -> None:
    """A14: the ids that intersect and those within 0.5, 1 and 3 m, for every request and layer."""
    reference = json.loads((town.city.folder / "expected.json").read_text(encoding="utf-8"))["requests"]
    requests = geopandas.read_file(town.city.folder / "requests.gpkg", engine="pyogrio")
    assert len(requests) == len(reference) == 24
    compared = 0
    with town.engine.connect() as connection:
        for row in requests.itertuples():
            expected = reference[row.request_id]
            found = query.near(connection, town.city.city_id, list(expected), row.geometry, 3.0)
            for layer, answer in expected.items():
                distances = {f.feature_id: f.distance_m for f in found if f.layer_id == layer}
                where = f"{row.request_id} {layer}"
                assert sorted(i for i, d in distances.items() if d == 0.0) == answer["intersects"], where
                for key, limit in WITHIN.items():
                    assert sorted(i for i, d in distances.items() if 0.0 < d <= limit) == answer[key], (
                        where,
                        key,
                    )
                    compared += 1
    assert compared == 24 * 8 * 3


def test_a14_nearest_distances_equal_the_reference(town: Town) -> None:
    reference = json.loads((town.city.folder / "expected.json").read_text(encoding="utf-8"))["requests"]
    requests = geopandas.read_file(town.city.folder / "requests.gpkg", engine="pyogrio")
    with town.engine.connect() as connection:
        for row in requests.itertuples():
            for layer, answer in reference[row.request_id].items():
                found = query.nearest(connection, town.city.city_id, layer, row.geometry)
                assert found is not None
                assert found[1] == pytest.approx(answer["nearest_m"], abs=0.01), (row.request_id, layer)
