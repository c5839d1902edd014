"""The open interface with strangers' clients: GDAL's OGC API driver, Debian's 3.6 and the one inside pyogrio."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import geopandas
import numpy as np
import pandas
import pyogrio
import pytest
import shapely
from pyproj import Transformer
from sqlalchemy import text

from layers.city import City, load_city
from layers.cluster import Cluster
from layers.database import make_engine
from permits.vocabulary import Role
from tests.api.conftest import Served, served

Ask = Callable[..., str]
Read = Callable[..., geopandas.GeoDataFrame]


@pytest.fixture(scope="module", params=["schutterwald", "karhula"])
def town(
    request: pytest.FixtureRequest, cluster: Cluster, root: Path, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[tuple[Served, City]]:
    """A server for each demo city."""
    city_id = request.param
    url = cluster.create_database(f"ogc_{city_id}", template=request.getfixturevalue(f"{city_id}_template"))
    with served(url, root, tmp_path_factory.mktemp("ogc"), [city_id]) as made:
        yield made, load_city(root / "cities", city_id)
    cluster.drop_database(f"ogc_{city_id}")


def address(site: Served, city: City) -> str:
    return f"OAPIF:{site.url}/v1/cities/{city.city_id}/ogc"


def stored(site: Served, city: City, layer_id: str) -> geopandas.GeoDataFrame:
    """The layer straight from the database, in the city's own CRS."""
    engine = make_engine(str(site.settings.database_url))
    with engine.connect() as connection:
        rows = connection.execute(
            text(
                f"SELECT feature_id, ST_AsBinary(geom) FROM layers.{city.layer(layer_id).target} "
                "WHERE layer_id = :layer AND retired_by IS NULL"
            ),
            {"layer": layer_id},
        ).all()
    engine.dispose()
    shapes = shapely.from_wkb([bytes(row[1]) for row in rows])
    return geopandas.GeoDataFrame({"id": [row[0] for row in rows]}, geometry=shapes, crs=city.crs)


def public(city: City) -> list[str]:
    return [spec.layer_id for spec in city.layers if spec.sensitivity == "public"]


def middle(frame: geopandas.GeoDataFrame) -> tuple[float, float, float, float]:
    """A box in the middle of a layer, a third as wide."""
    west, south, east, north = frame.total_bounds
    return (
        west + (east - west) / 3,
        south + (north - south) / 3,
        east - (east - west) / 3,
        north - (north - south) / 3,
    )


# --- Debian's GDAL


@pytest.fixture
def ogrinfo() -> Ask:
    """Run ogrinfo and return what it says."""
    command = shutil.which("ogrinfo")
    if command is None:
        pytest.skip("ogrinfo is not installed (apt-get install gdal-bin)")
    formats = subprocess.run(
        [command, "--formats"], capture_output=True, text=True, check=True, timeout=60
    ).stdout
    if "OAPIF" not in formats:
        pytest.skip("this ogrinfo has no OAPIF driver")

    def ask(*arguments: str) -> str:
        done = subprocess.run(
            [command, "-ro", *arguments], capture_output=True, text=True, check=False, timeout=120
        )
        assert done.returncode == 0, done.stderr
        assert "ERROR" not in done.stderr, done.stderr
        return done.stdout

    return ask


def _count(said: str) -> int:
    found = re.search(r"Feature Count: (\d+)", said)
    assert found is not None, said
    return int(found.group(1))


def test_ogrinfo_lists_and_reads_every_public_layer(town: tuple[Served, City], ogrinfo: Ask) -> None:
    site, city = town
    listed = re.findall(r"^\d+: (\S+)", ogrinfo(address(site, city)), re.MULTILINE)
    assert sorted(listed) == sorted(public(city))
    for layer_id in listed:
        truth = stored(site, city, layer_id)
        said = ogrinfo("-so", address(site, city), layer_id)
        assert _count(said) == len(truth), layer_id
        assert 'ID["EPSG",4326]' in said
        full = ogrinfo("-al", "-geom=SUMMARY", "-oo", "PAGE_SIZE=700", address(site, city), layer_id)
        assert full.count("OGRFeature(") == len(truth), layer_id
        assert set(re.findall(r"^  id \(String\) = (.+)$", full, re.MULTILINE)) == set(truth["id"])


def test_ogrinfo_by_box(town: tuple[Served, City], ogrinfo: Ask) -> None:
    site, city = town
    for layer_id in public(city):
        truth = stored(site, city, layer_id).to_crs(4326)
        box = middle(truth)
        wanted = int(truth.intersects(shapely.box(*box)).sum())
        said = ogrinfo("-so", "-spat", *(repr(float(value)) for value in box), address(site, city), layer_id)
        assert _count(said) == wanted, layer_id
        assert wanted > 0 or layer_id != "parcels"


def test_ogrinfo_sends_its_filter_to_the_server(town: tuple[Served, City], ogrinfo: Ask) -> None:
    """GDAL finds the CQL2 text filter in the description and uses it: fewer features come over the wire."""
    site, city = town
    truth = stored(site, city, "parcels")
    some = sorted(truth["id"])[10:13]
    chosen = "', '".join(some)
    said = ogrinfo("-al", "-geom=NO", "-where", f"id IN ('{chosen}')", address(site, city), "parcels")
    assert sorted(re.findall(r"^  id \(String\) = (.+)$", said, re.MULTILINE)) == some
    done = subprocess.run(
        ["ogrinfo", "-ro", "-q", "-geom=NO", "-where", "area_m2 > 1000", address(site, city), "parcels"],
        capture_output=True, text=True, check=True, timeout=120,
        env={"CPL_DEBUG": "OAPIF,HTTP", "PATH": "/usr/bin:/bin"},
    )  # fmt: skip
    assert re.search(r"items\?.*filter=area_m2.*filter-lang=cql", done.stderr)
    areas = truth[truth["id"].isin(re.findall(r"^  id \(String\) = (.+)$", done.stdout, re.MULTILINE))].area
    assert len(areas) > 0


def test_ogrinfo_with_a_token_reads_the_networks(town: tuple[Served, City], ogrinfo: Ask) -> None:
    """An agency's desk reads the shared layers; the sensitive ones are not even listed."""
    site, city = town
    said_to_gdal = {"GDAL_HTTP_HEADERS": f"Authorization: Bearer {site.tokens[Role.OFFICER]}"}
    settings = [part for name, value in said_to_gdal.items() for part in ("--config", name, value)]
    listed = re.findall(r"^\d+: (\S+)", ogrinfo(*settings, address(site, city)), re.MULTILINE)
    assert sorted(listed) == sorted(spec.layer_id for spec in city.layers if spec.sensitivity != "sensitive")
    for layer_id in ("water_lines", "gas_lines"):
        said = ogrinfo(*settings, "-so", address(site, city), layer_id)
        assert _count(said) == len(stored(site, city, layer_id)) > 0


# --- the GDAL inside pyogrio

needs_oapif = pytest.mark.skipif(
    "OAPIF" not in pyogrio.list_drivers(), reason="this pyogrio has no OAPIF driver"
)
# A process of its own, as a real client has: GDAL waits for the answer without letting other threads run.
_READ = """
import json, sys, pyogrio
source, options, path = sys.argv[1:]
options = {name: tuple(value) if name == "bbox" else value for name, value in json.loads(options).items()}
pyogrio.read_dataframe(source, **options).to_pickle(path)
"""
_LIST = "import sys, pyogrio; print(*pyogrio.list_layers(sys.argv[1])[:, 0])"


@pytest.fixture
def read(tmp_path: Path) -> Read:
    """pyogrio.read_dataframe in another process."""

    def reading(source: str, **options: object) -> geopandas.GeoDataFrame:
        path = tmp_path / "frame.pickle"
        command = [sys.executable, "-c", _READ, source, json.dumps(options), str(path)]
        done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=180)
        assert done.returncode == 0, done.stderr
        return pandas.read_pickle(path)

    return reading


@needs_oapif
def test_pyogrio_reads_every_public_layer_exactly(town: tuple[Served, City], read: Read) -> None:
    """GDAL >= 3.7 takes the storage CRS: coordinates come as they are stored, to the millimetre."""
    site, city = town
    command = [sys.executable, "-c", _LIST, address(site, city)]
    listed = subprocess.run(command, capture_output=True, text=True, check=True, timeout=120).stdout.split()
    assert sorted(listed) == sorted(public(city))
    for layer_id in public(city):
        frame = read(address(site, city), layer=layer_id).set_index("id").sort_index()
        truth = stored(site, city, layer_id).set_index("id").sort_index()
        assert frame.crs.to_epsg() == city.srid
        assert list(frame.index) == list(truth.index)
        distance = shapely.hausdorff_distance(np.asarray(frame.geometry), np.asarray(truth.geometry))
        assert float(np.max(distance)) < 1.5e-3, layer_id


@needs_oapif
def test_pyogrio_box_filter_and_crs(town: tuple[Served, City], read: Read) -> None:
    site, city = town
    truth = stored(site, city, "parcels")
    box = middle(truth)
    wanted = set(truth[truth.intersects(shapely.box(*box))]["id"])
    frame = read(address(site, city), layer="parcels", bbox=box)
    assert set(frame["id"]) == wanted
    filtered = read(address(site, city), layer="parcels", bbox=box, where="area_m2 > 400 AND id LIKE '%1%'")
    assert set(filtered["id"]) == {
        row["id"] for row in frame.to_dict("records") if row["area_m2"] > 400 and "1" in row["id"]
    }
    assert len(filtered) > 0
    for code in (3857, 4326):
        other = read(address(site, city), layer="parcels", CRS=f"EPSG:{code}").set_index("id")
        one = truth.set_index("id").iloc[0]
        move = Transformer.from_crs(city.srid, code, always_xy=True).transform
        moved = shapely.transform(one.geometry, lambda xy, move=move: np.column_stack(move(*xy.T)))
        distance = shapely.hausdorff_distance(other.loc[truth.iloc[0]["id"]].geometry, moved)
        assert distance < (0.01 if code == 3857 else 1e-6)
