"""The offline pack: one file with everything about an area, for crews without network (A20)."""

from __future__ import annotations

import base64
import gzip
import json
import re
import shutil
import subprocess
import zipfile
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pyogrio
import pytest
from pmtiles.reader import MemorySource, Reader
from shapely.geometry import Point
from sqlalchemy import Connection, Engine

from layers import query, tiles
from layers.city import City, load_city
from layers.offline_pack import Pack, PackPage, PackPageMissing, build_pack
from layers.pack_contents import MAX_AREA_M2, PackRequest, PackTooLarge

PAGE = PackPage(
    "<style>/*PACK-STYLE*/</style><b>/*PACK-DATA*/</b><script>/*PACK-SCRIPT*/</script>", "a{}", "run()"
)
NOW = datetime(2026, 11, 22, 9, 30, tzinfo=UTC)
EVIL = "</script><img src=x> /*PACK-SCRIPT*/"


@pytest.fixture(scope="module")
def place(root: Path) -> City:
    return load_city(root / "cities", "schutterwald")


def centre(connection: Connection) -> Point:
    west, south, east, north = query.bounds(connection, "schutterwald") or (0, 0, 0, 0)
    return Point((west + east) / 2, (south + north) / 2)


def packed(
    connection: Connection, place: City, folder: Path, radius: float, page: PackPage = PAGE
) -> tuple[Pack, Path]:
    request = PackRequest(place, centre(connection).buffer(radius), place.layers, "crisis-1", NOW, EVIL)
    pack = build_pack(connection, request, page, folder / "pack.zip")
    with zipfile.ZipFile(folder / "pack.zip") as archive:
        archive.extractall(folder / "out")
    return pack, folder / "out"


def page_data(out: Path) -> dict[str, Any]:
    found = re.search("<b>(.*?)</b>", (out / "index.html").read_text(encoding="utf-8"), re.DOTALL)
    assert found is not None
    return dict(json.loads(found.group(1)))


def test_a20_the_pack_holds_what_the_map_holds(city_engine: Engine, place: City, tmp_path: Path) -> None:
    with city_engine.connect() as connection:
        pack, out = packed(connection, place, tmp_path, 150)
        area = centre(connection).buffer(150)
        for spec in place.layers:
            there = {
                each.feature_id for each in query.near(connection, place.city_id, [spec.layer_id], area, 0.0)
            }
            assert pack.features[spec.layer_id] == len(there)
            if there:
                kept = pyogrio.read_dataframe(out / "pack.gpkg", layer=spec.layer_id)
                assert set(kept["feature_id"]) == there
                assert kept.crs.to_epsg() == place.srid
        archive = (out / "pack.pmtiles").read_bytes()
        reader: Any = Reader(MemorySource(archive))  # type: ignore[no-untyped-call]
        bounds = reader.header()
        z = 16
        lon = (bounds["min_lon_e7"] + bounds["max_lon_e7"]) / 2e7
        lat = (bounds["min_lat_e7"] + bounds["max_lat_e7"]) / 2e7
        [(x, y)] = list(_tile(lon, lat, z))
        ids = [spec.layer_id for spec in place.layers if spec.sensitivity != "sensitive"]
        ids += [
            spec.layer_id
            for spec in place.layers
            if spec.sensitivity == "sensitive" and z >= tiles.look_zoom(place)
        ]
        ordered = [spec.layer_id for spec in place.layers if spec.layer_id in ids]
        assert gzip.decompress(reader.get(z, x, y)) == tiles.tile(connection, place.city_id, ordered, z, x, y)
    data = page_data(out)
    assert base64.b64decode(data["tiles"]) == archive
    assert data["note"] == EVIL
    assert {each["id"] for each in data["layers"]} == set(pack.features)
    assert len(data["contacts"]) == len(place.agencies)
    some = next(iter(data["details"]["water_lines"].values()))
    assert {"utility", "cover_m", "quality_level"} <= set(some)


def _tile(lon: float, lat: float, z: int) -> Any:
    from layers.offline_pack import _addresses

    return _addresses(Point(lon, lat), z)


def test_nothing_in_the_data_can_end_the_page(city_engine: Engine, place: City, tmp_path: Path) -> None:
    """A note is data, whatever it contains; the script is put in once and after the data."""
    with city_engine.connect() as connection:
        _, out = packed(connection, place, tmp_path, 30)
    page = (out / "index.html").read_text(encoding="utf-8")
    assert page.count("</script>") == 1
    assert page.count("run()") == 1
    assert page.endswith("<script>run()</script>")


def test_guarded_layers_stay_out_of_a_large_pack_and_are_named(
    city_engine: Engine, place: City, tmp_path: Path
) -> None:
    sensitive = {spec.layer_id for spec in place.layers if spec.sensitivity == "sensitive"}
    assert sensitive
    with city_engine.connect() as connection:
        pack, out = packed(connection, place, tmp_path, 300)
    assert {each.layer_id for each in pack.left_out} == sensitive
    assert {each.why for each in pack.left_out} == {"sensitive-area-too-large"}
    assert not sensitive & set(pyogrio.list_layers(out / "pack.gpkg")[:, 0])
    assert not sensitive & set(page_data(out)["details"])
    readme = (out / "README.txt").read_text(encoding="utf-8")
    assert all(name in readme for name in sensitive)
    assert "BSD-3-Clause" in readme
    assert (out / "contacts.csv").read_bytes().startswith(b"\xef\xbb\xbf")


def test_too_large_an_area_and_a_missing_page_are_refused(
    city_engine: Engine, place: City, tmp_path: Path
) -> None:
    with city_engine.connect() as connection, pytest.raises(PackTooLarge) as refusal:
        packed(connection, place, tmp_path, 2000)
    assert refusal.value.params["allowed"] == MAX_AREA_M2
    assert list(tmp_path.iterdir()) == []
    with pytest.raises(PackPageMissing):
        PackPage.read(tmp_path)


@pytest.mark.e2e
@pytest.mark.parametrize(("language", "size"), [("fa", ("1280", "800")), ("en", ("390", "844"))])
def test_the_pack_opens_in_a_browser_without_network(
    city_engine: Engine, place: City, root: Path, tmp_path: Path, language: str, size: tuple[str, str]
) -> None:
    """A20: opened from the file, it draws its map, tells what lies there, and asks nobody anything."""
    node = root / ".venv" / "bin" / "node"
    if not Path("/usr/bin/chromium").exists() or not (node.exists() or shutil.which("node")):
        pytest.skip("needs chromium and node")
    with city_engine.connect() as connection:
        _, out = packed(connection, place, tmp_path, 200, PackPage.read(root / "web" / "dist" / "offline"))
    command = [
        str(node) if node.exists() else "node", "e2e/pack.mjs", str(out / "index.html"), language, *size,
        str(tmp_path / "pack.png"),
    ]  # fmt: skip
    done = subprocess.run(command, cwd=root / "web", capture_output=True, text=True, check=False, timeout=180)
    assert done.returncode == 0, done.stderr
    seen = json.loads(done.stdout.strip().splitlines()[-1])
    assert seen["asked"] == ["file"]
    assert seen["complaints"] == []
    assert seen["dir"] == {"fa": "rtl", "en": "ltr"}[language]
    assert seen["idle"] == "true"
    assert seen["told"] is True
    assert seen["overflow"] is False
    assert seen["layers"] == len(place.layers)
    assert seen["contacts"] == len(place.agencies)
