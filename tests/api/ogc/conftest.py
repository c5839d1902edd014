"""The open interface over HTTP: OGC API - Features (parts 1, 2, 3, 5) and Tiles, as the standards' tests ask."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
import shapely
from sqlalchemy import text

from layers.city import City, load_city
from layers.cluster import Cluster
from layers.database import make_engine
from tests.api.conftest import Served, served


@pytest.fixture(scope="session")
def site(
    cluster: Cluster, schutterwald_template: str, root: Path, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Served]:
    """One server for all that only reads."""
    url = cluster.create_database("ogc_site", template=schutterwald_template)
    with served(url, root, tmp_path_factory.mktemp("ogc"), ["schutterwald", "karhula"]) as made:
        yield made
    cluster.drop_database("ogc_site")


@pytest.fixture(scope="session")
def place(root: Path) -> City:
    return load_city(root / "cities", "schutterwald")


@pytest.fixture(scope="session")
def parcels(site: Served) -> dict[str, shapely.Geometry]:
    """Every parcel's shape in the city's own CRS, straight from the database."""
    engine = make_engine(str(site.settings.database_url))
    with engine.connect() as connection:
        rows = connection.execute(
            text("SELECT feature_id, ST_AsBinary(geom) FROM layers.parcel WHERE retired_by IS NULL")
        )
        made = {row[0]: shapely.from_wkb(bytes(row[1])) for row in rows}
    engine.dispose()
    return made
