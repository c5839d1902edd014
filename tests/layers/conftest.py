"""Both demo cities imported once per run (read only), and a toy city whose deliveries a test writes."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import geopandas
import pytest
from sqlalchemy import Engine, text

from layers.city import City, load_city
from layers.cluster import Cluster
from layers.database import make_engine

TOY_CITY = """
id = "toytown"
name = { en = "Toytown", fa = "شهرک" }
country = "IR"
crs = "EPSG:32639"
extent_m = [500000.0, 3900000.0, 510000.0, 3910000.0]
timezone = "Asia/Tehran"
calendar = "jalali"
currency = "IRR"
clearance_pack = "default"
[exchange]
lead_hours = 24
decide_margin_minutes = 60
hold_days = 7
[consultation]
days = 10
lapse = "human"
"""

TOY_AGENCIES = """
[[agency]]
id = "water"
kind = "water"
utilities = ["water"]
name = { en = "Water", fa = "آب" }
capability = "L3"
consulted = true
[agency.contact]
phone = "1"
email = "water@example"
desk = { en = "Desk", fa = "میز" }
"""

TOY_TARIFFS = """
[[company]]
id = "water"
tariff = [{ class = "residential", code = "1", name = { en = "Domestic", fa = "خانگی" } }]
"""

TOY_LAYERS = """
[[source]]
id = "file"
path = "pipes.gpkg"
delivered_on = 2026-10-01
licence = "CC0-1.0"
credit = "the tests"

[[layer]]
id = "parcels"
name = { en = "Parcels", fa = "قطعات" }
target = "parcel"
source = "file"
table = "parcels"
owner = "water"
sensitivity = "public"
freshness_days = 100
fields = { feature_id = "pid" }

[[layer]]
id = "pipes"
name = { en = "Pipes", fa = "لوله‌ها" }
target = "network_line"
source = "file"
table = "pipes"
owner = "water"
utility = "water"
sensitivity = "shared"
freshness_days = 30
fields.feature_id = "id"
fields.role = "kind"
fields.diameter_mm = { column = "dn", unit = "cm" }
fields.cover_m = { column = "depth", unit = "cm" }
fields.material = "mat"
fields.from_node = "a"
fields.to_node = "b"
quality.level = "D"
quality.horizontal_uncertainty_m = 1.0
quality.vertical_uncertainty_m = 0.3
quality.cover_source = "design"
quality.source = "the tests"
codes.role = { M = "main", S = "service" }
"""

FILES = {
    "city.toml": TOY_CITY,
    "agencies.toml": TOY_AGENCIES,
    "tariffs.toml": TOY_TARIFFS,
    "layers.toml": TOY_LAYERS,
}


@dataclass(frozen=True, slots=True)
class Town:
    """A city with its published layers."""

    engine: Engine
    city: City


@pytest.fixture(scope="session")
def cities(root: Path) -> Path:
    return root / "cities"


def _town(cluster: Cluster, template: str, cities: Path, city_id: str) -> Iterator[Town]:
    # Read only: tests that write take the per-test clones of the main conftest.
    name = cluster.create_database(f"layers_{city_id}", template=template)
    engine = make_engine(name)
    yield Town(engine, load_city(cities, city_id))
    engine.dispose()


@pytest.fixture(scope="session")
def schutterwald(cluster: Cluster, schutterwald_template: str, cities: Path) -> Iterator[Town]:
    yield from _town(cluster, schutterwald_template, cities, "schutterwald")


@pytest.fixture(scope="session")
def karhula(cluster: Cluster, karhula_template: str, cities: Path) -> Iterator[Town]:
    yield from _town(cluster, karhula_template, cities, "karhula")


@pytest.fixture(params=["schutterwald", "karhula"])
def town(request: pytest.FixtureRequest) -> Town:
    found: Town = request.getfixturevalue(request.param)
    return found


@pytest.fixture
def toy_root(tmp_path: Path) -> Path:
    """A `cities` folder with one toy city; tests change its files before loading."""
    folder = tmp_path / "cities" / "toytown"
    folder.mkdir(parents=True)
    for name, content in FILES.items():
        (folder / name).write_text(content, encoding="utf-8")
    return tmp_path / "cities"


@pytest.fixture
def toy(toy_root: Path) -> City:
    return load_city(toy_root, "toytown")


Write = Callable[..., Path]


@pytest.fixture
def write(toy_root: Path) -> Write:
    """Write rows (dicts with `geometry`) as a table of a file in the toy city's folder."""

    def written(
        rows: list[dict[str, Any]],
        name: str = "pipes.gpkg",
        table: str | None = "pipes",
        crs: str | None = "EPSG:32639",
    ) -> Path:
        path = toy_root / "toytown" / name
        path.unlink(missing_ok=True)
        options = {"layer": table} if name.endswith(".gpkg") else {}
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", UserWarning)  # a file without CRS is what some tests want
            geopandas.GeoDataFrame(rows, geometry="geometry", crs=crs).to_file(
                path, engine="pyogrio", **options
            )
        return path

    return written


@pytest.fixture
def live() -> Callable[..., list[Any]]:
    """Live rows of a table, in id order."""

    def rows(engine: Engine, columns: str, table: str = "network_line") -> list[Any]:
        with engine.connect() as connection:
            statement = f"SELECT {columns} FROM layers.{table} WHERE retired_by IS NULL ORDER BY feature_id"
            return [tuple(row) for row in connection.execute(text(statement))]

    return rows
