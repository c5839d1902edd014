"""A town of a stranger's make, imported by configuration alone; its data are GPL-3.0 and are not shipped.

`tests/cities/santboi` describes Giswater's sample project. Without the data the tests are skipped.
`expected.json` was made without PostGIS: shapely.distance of each request against every feature.
"""

from __future__ import annotations

import json
import re
import shutil
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import geopandas
import pytest
from sqlalchemy import text

from layers import query
from layers.city import load_city
from layers.cluster import Cluster
from layers.database import make_engine
from layers.ingest import import_city
from layers.report import DeliveryReport, Outcome
from layers.tables import TABLES
from tests.layers.conftest import Town

CONFIGURATION = Path(__file__).resolve().parent.parent / "cities" / "santboi"
# The reference's rows of these layers hold the service pipes too, which the source keeps in a table of their own.
TOGETHER = {
    "water_lines": ["water_lines", "water_services"],
    "sewer_lines": ["sewer_lines", "sewer_services"],
}
WITHIN = {"within_0.5m": 0.5, "within_1.0m": 1.0, "within_3.0m": 3.0}


@pytest.fixture(scope="module")
def data(root: Path) -> Path:
    """The folder of the data, which lies beside the repository or nowhere."""
    folder = root.parent / "shared/data/santboi"
    if not (folder / "santboi.gpkg").is_file():
        pytest.skip(
            f"the data of Sant Boi are GPL-3.0 and not shipped; there is no {folder / 'santboi.gpkg'}"
        )
    return folder


@pytest.fixture(scope="module")
def town_root(data: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A `cities` folder with the configuration, the data linked to where it expects them."""
    cities = tmp_path_factory.mktemp("cities")
    shutil.copytree(CONFIGURATION, cities / "santboi")
    (cities / "santboi" / "santboi.gpkg").symlink_to(data / "santboi.gpkg")
    return cities


@pytest.fixture(scope="module")
def santboi(cluster: Cluster, template: str, town_root: Path) -> Iterator[Town]:
    """The town in a database of its own."""
    engine = make_engine(cluster.create_database("layers_santboi", template=template))
    yield Town(engine, load_city(town_root, "santboi"))
    engine.dispose()
    cluster.drop_database("layers_santboi")


@pytest.fixture(scope="module")
def reports(santboi: Town, town_root: Path) -> dict[str, DeliveryReport]:
    """The reports of the first import, by layer."""
    return {r.layer_id: r for r in import_city(santboi.engine, santboi.city, town_root)}


@pytest.fixture(scope="module")
def reference(data: Path) -> dict[str, dict[str, dict[str, Any]]]:
    requests: dict[str, Any] = json.loads((data / "expected.json").read_text(encoding="utf-8"))["requests"]
    return requests


@pytest.fixture(scope="module")
def requests(data: Path) -> list[Any]:
    return list(geopandas.read_file(data / "requests.gpkg", engine="pyogrio").itertuples())


def _documented(readme: Path) -> dict[str, int]:
    rows = re.findall(r"^\| (\w+) \| (\d+) \|", readme.read_text(encoding="utf-8"), re.M)
    return {layer: int(count) for layer, count in rows}


def _live(town: Town) -> dict[str, int]:
    counted: dict[str, int] = {}
    with town.engine.connect() as connection:
        for target in TABLES:
            rows = connection.execute(
                text(
                    f"SELECT layer_id, count(*) FROM layers.{target} "
                    "WHERE retired_by IS NULL GROUP BY layer_id"
                )
            )
            counted |= {row[0]: row[1] for row in rows}
    return counted


def test_every_documented_feature_is_published(
    santboi: Town, reports: dict[str, DeliveryReport], data: Path
) -> None:
    documented = _documented(data / "README.md")
    assert len(documented) == 21
    counted = _live(santboi)
    assert {layer: counted.get(layer) for layer in documented} == documented
    # The rest are selections of a documented table: its valves, manholes, chambers.
    assert all(layer.endswith("_devices") for layer in set(counted) - set(documented))
    assert {report.outcome for report in reports.values()} == {Outcome.PUBLISHED}
    assert reports.keys() == {spec.layer_id for spec in santboi.city.layers}


def test_nothing_is_refused_or_moved(reports: dict[str, DeliveryReport]) -> None:
    """Every finding is a true one: cables in one trench, services to one door, and conduits without a size."""
    told: Counter[str] = Counter()
    for report in reports.values():
        assert report.good == report.read == report.diff.added, report.layer_id
        assert report.refused == report.repaired == 0, report.layer_id
        told.update({f"{report.layer_id} {name}": count for name, count in report.counts.items()})
    assert told == {
        "power_lv_lines fact:duplicate-geometry": 11,
        "water_services fact:duplicate-geometry": 2,
        "sewer_lines warning:out-of-range": 6,
    }
    for issue in reports["sewer_lines"].issues:
        said = issue.as_dict()
        assert (said["field"], said["value"]) == ("diameter_mm", 0.0)
        assert said["x"] is not None
        assert said["y"] is not None


def test_no_cover_is_made_of_a_placeholder(santboi: Town, reports: dict[str, DeliveryReport]) -> None:
    """The water depths of the source are 0 and the sewer depths go to the invert: neither is a cover."""
    with santboi.engine.connect() as connection:
        rows = connection.execute(
            text(
                "SELECT layer_id, count(cover_m), array_agg(DISTINCT cover_source), "
                "array_agg(DISTINCT status ORDER BY status), max(diameter_mm) "
                "FROM layers.network_line GROUP BY layer_id"
            )
        )
        found = {row[0]: tuple(row[1:]) for row in rows}
    states = ["in_service", "out_of_service", "planned"]
    assert found["water_lines"] == (0, ["unknown"], states, 200.0)
    assert found["sewer_lines"] == (0, ["unknown"], states, 2000.0)
    assert found["gas_lines"] == (278, ["design"], ["in_service"], 110.0)


def test_importing_again_changes_nothing(
    santboi: Town, town_root: Path, reports: dict[str, DeliveryReport]
) -> None:
    def versions() -> list[Any]:
        with santboi.engine.connect() as connection:
            return list(connection.execute(text("SELECT * FROM layers.delivery ORDER BY delivery_id")))

    before, counted = versions(), _live(santboi)
    again = import_city(santboi.engine, santboi.city, town_root)
    assert len(again) == len(reports) == len(before)
    assert {report.outcome for report in again} == {Outcome.UNCHANGED}
    assert versions() == before
    assert _live(santboi) == counted


def test_a14_conflict_results_equal_the_reference(
    santboi: Town, reports: dict[str, DeliveryReport], reference: dict[str, Any], requests: list[Any]
) -> None:
    """A14: the ids that intersect and those within 0.5, 1 and 3 m, for every request and layer."""
    assert len(requests) == len(reference) == 24
    compared = 0
    with santboi.engine.connect() as connection:
        for row in requests:
            for name, answer in reference[row.request_id].items():
                layers = TOGETHER.get(name, [name])
                found = query.near(connection, "santboi", layers, row.geometry, 3.0)
                distances = {feature.feature_id: feature.distance_m for feature in found}
                where = f"{row.request_id} {name}"
                assert sorted(i for i, d in distances.items() if d == 0.0) == answer["intersects"], where
                for key, limit in WITHIN.items():
                    near = sorted(i for i, d in distances.items() if 0.0 < d <= limit)
                    assert near == answer[key], (where, key)
                    compared += 1
    assert compared == 24 * 8 * 3


def test_a14_nearest_distances_equal_the_reference(
    santboi: Town, reports: dict[str, DeliveryReport], reference: dict[str, Any], requests: list[Any]
) -> None:
    with santboi.engine.connect() as connection:
        for row in requests:
            for name, answer in reference[row.request_id].items():
                found = [
                    query.nearest(connection, "santboi", layer, row.geometry)
                    for layer in TOGETHER.get(name, [name])
                ]
                nearest = min(each[1] for each in found if each is not None)
                assert nearest == pytest.approx(answer["nearest_m"], abs=0.01), (row.request_id, name)


def test_only_the_configuration_is_in_the_repository(root: Path) -> None:
    """The data are GPL-3.0: no file of them lies here, and no code knows the town."""
    assert sorted(path.name for path in CONFIGURATION.iterdir()) == [
        "agencies.toml",
        "city.toml",
        "layers.toml",
        "tariffs.toml",
    ]
    assert not [path for path in (root / "layers").rglob("*.py") if "santboi" in path.read_text("utf-8")]
    city = load_city(CONFIGURATION.parent, "santboi")
    assert {spec.source.licence for spec in city.layers} == {"GPL-3.0"}
    assert (root / "cities" / "packs" / f"{city.clearance_pack}.csv").is_file()
