"""First sight over HTTP: an unknown file is uploaded, its mapping looked at, changed, accepted, and delivered."""

from __future__ import annotations

import shutil
import tomllib
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import geopandas
import httpx2
import pytest

from layers.city import City, load_city
from layers.preview import preview, spec_of
from layers.proposal import Wishes
from permits.vocabulary import Role
from tests.api.conftest import Served, served
from tests.api.test_deliveries import BASE, finished
from tests.api.test_uploads import emptied, part
from tests.layers.test_agreeing import moved_file, shift

Code = Callable[[httpx2.Response], str]
WATER = f"{BASE}/layers/water_lines"


@pytest.fixture(scope="module")
def place(root: Path) -> City:
    return load_city(root / "cities", "schutterwald")


@pytest.fixture(scope="module")
def foreign(place: City, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """The water pipes as another company would send them: Persian names, depths below zero, no CRS."""
    folder = tmp_path_factory.mktemp("foreign")
    frame = geopandas.read_file(moved_file(place, "water_lines", folder, shift(0.05, 0.0)))
    frame["depth_m"] *= -100
    frame["kind"] = frame["kind"].map({"main": "اصلی", "service": "انشعاب"})
    frame["diameter_mm"] = frame["diameter_mm"].round()
    names = {"line_id": "شناسه", "kind": "نوع", "depth_m": "عمق", "diameter_mm": "قطر", "material": "xyz"}
    kept = frame.rename(columns=names)[[*names.values(), "year", "geometry"]]
    kept.to_file(folder / "pipes.shp", encoding="utf-8")
    (folder / "pipes.prj").unlink()
    return {path.suffix: path for path in folder.glob("pipes.*")}


@pytest.fixture
def api(city_database_url: str, root: Path, tmp_path: Path) -> Iterator[Served]:
    """The API on a copy of the cities, because an accepted mapping is written there."""
    cities = tmp_path / "cities"
    shutil.copytree(root / "cities", cities)
    with served(city_database_url, root, tmp_path, ["schutterwald"], cities_dir=cities) as made:
        yield made


def look(client: httpx2.Client, files: dict[str, Path], layer: str = WATER) -> dict[str, Any]:
    answer = client.post(f"{layer}/sights", files=[part(path) for path in files.values()])
    assert answer.status_code == 201, answer.text
    made: dict[str, Any] = answer.json()
    assert answer.headers["location"].endswith(made["sight_id"])
    return made


def picked(preview: dict[str, Any]) -> dict[str, dict[str, Any]]:
    return {each["field"]: {"column": each["column"], "unit": each["unit"]} for each in preview["fields"]}


def test_a_file_is_looked_at_mapped_and_accepted(
    api: Served, foreign: dict[str, Path], problem_of: Code
) -> None:
    """The CRS is asked, never guessed; the mapping is kept beside the city; the file is published with it."""
    with api.client() as client:
        made = look(client, foreign)
        at = f"{WATER}/sights/{made['sight_id']}"
        first = made["preview"]
        assert (made["file_name"], made["problem"], first["rows"]) == ("pipes.shp", None, [])
        assert "crs-unstated" in {each["code"] for each in first["blocking"]}
        assert not first["systems"]["is_stated"]
        known = {each["code"]: each for each in first["systems"]["known"]}
        assert known["EPSG:25832"]["fits"]
        assert known["EPSG:25832"]["name"] == "ETRS89 / UTM zone 32N"
        refused = client.post(f"{at}/accept", json={})
        assert (refused.status_code, problem_of(refused)) == (409, "mapping-incomplete")
        assert refused.json()["params"]["questions"] == ["crs-unstated"]

        said: dict[str, Any] = {"crs": "EPSG:25832", "fields": picked(first)}
        assert said["fields"]["cover_m"] == {"column": "عمق", "unit": "-cm"}
        said["fields"]["material"] = {"column": "xyz"}
        second = client.post(at, json=said).json()["preview"]
        assert (second["crs"], second["read"], second["refused"]) == ("EPSG:25832", 2279, 0)
        assert second["good"] + second["repaired"] + second["refused"] == second["read"]
        sure = {each["field"]: each["confidence"] for each in second["fields"]}
        assert (sure["material"], sure["feature_id"]) == ("said", "sure")
        assert second["agreement"]["verdict"] == "agrees"
        assert len(second["shapes"]["features"]) + second["shapes"]["left_off"] == 2279
        lon, lat = second["shapes"]["features"][0]["geometry"]["coordinates"][0]
        assert (lon, lat) == (pytest.approx(7.88, abs=0.1), pytest.approx(48.45, abs=0.1))
        assert {each["word"]: each["ours"] for each in second["codes"]["role"]} == {
            "اصلی": "main",
            "انشعاب": "service",
        }
        assert second["rows"][0]["cover_m"] > 0
        columns = {each["name"]: each for each in second["columns"]}
        assert columns["عمق"]["filled"] == 2279
        assert second["unused"] == []

        said["codes"] = {"role": {"اصلی": "main", "انشعاب": "other"}}
        delivered = finished(client, client.post(f"{at}/accept", json={**said, "as_of": "2026-02-03"}))
        assert (delivered["state"], delivered["as_of"]) == ("published", "2026-02-03"), delivered["problem"]
        assert delivered["counts"]["read"] == 2279
        gone = client.post(at, json={})
        assert (gone.status_code, problem_of(gone)) == (404, "sight-not-found")
    assert list((api.settings.data_dir / "sights").iterdir()) == []
    assert emptied(api)

    city = load_city(api.settings.cities_dir, "schutterwald")
    spec = city.layer("water_lines")
    assert spec.fields["cover_m"].unit == "-cm"
    assert spec.codes["role"]["انشعاب"] == "other"
    assert (city.folder / spec.source.path).is_file()
    assert spec.source.delivered_on.isoformat() == "2026-02-03"
    assert api.app.state.runtime.cities["schutterwald"].layer("water_lines") == spec
    with api.client() as client:  # the same columns again need no second look, and what they are is known
        parts = [part(path) for path in foreign.values()]
        again = finished(
            client, client.post(f"{WATER}/deliveries", files=parts, params={"as_of": "2026-02-03"})
        )
        assert again["state"] == "unchanged"


def test_what_cannot_be_is_refused_in_words(
    api: Served, foreign: dict[str, Path], tmp_path: Path, problem_of: Code
) -> None:
    """A mapping names what there is; a file that cannot be read says why and may be asked again."""
    broken = tmp_path / "broken.gpkg"
    broken.write_bytes(b"SQLite format 3\x00 and no more")
    with api.client() as client:
        made = look(client, {"": broken})
        assert made["preview"] is None
        assert made["problem"]["code"].startswith("source-")
        at = f"{WATER}/sights/{look(client, foreign)['sight_id']}"
        wrong: list[dict[str, Any]] = [
            {"fields": {"no_such": {"column": "عمق"}}},
            {"fields": {"cover_m": {"column": "no such"}}},
            {"fields": {"cover_m": {"column": "عمق", "unit": "furlong"}}},
            {"codes": {"role": {"اصلی": "king"}}},
        ]
        for said in wrong:
            answer = client.post(at, json=said)
            assert (answer.status_code, problem_of(answer)) == (422, "mapping-invalid"), said
        answer = client.post(at, json={"owner": "nobody"})
        assert (answer.status_code, problem_of(answer)) == (400, "parameter-invalid")
        far = client.post(at, json={"crs": "EPSG:3857", "fields": {"feature_id": {"column": "شناسه"}}}).json()
        assert far["problem"]["code"].startswith("place-")
        assert client.delete(at).status_code == 204
        assert client.delete(at).status_code == 404
        other = f"{BASE}/layers/gas_lines/sights/{made['sight_id']}"
        assert client.post(other, json={}).status_code == 404


def test_a_layer_that_the_city_does_not_have_yet(
    api: Served, foreign: dict[str, Path], problem_of: Code
) -> None:
    """An officer adds a layer from its first file; an agency may not, nor may it look at another's layer."""
    fresh = f"{BASE}/layers/fresh_pipes"
    with api.client(Role.AGENCY) as client:
        for layer in (fresh, WATER):
            answer = client.post(f"{layer}/sights", files=[part(path) for path in foreign.values()])
            assert (answer.status_code, problem_of(answer)) == (403, "not-allowed")
    with api.client() as client:
        assert client.post(f"{BASE}/layers/No Such!/sights?filename=a.gpkg", content=b"x").status_code == 404
        made = look(client, foreign, fresh)
        at = f"{fresh}/sights/{made['sight_id']}"
        assert not made["preview"]["is_known"]
        assert "utility-unclear" in {each["code"] for each in made["preview"]["blocking"]}
        name = {"en": "Ducts", "fa": "کانال‌ها"}
        said = {"crs": "EPSG:25832", "utility": "telecom", "owner": "telecom", "name": name}
        asked = client.post(at, json=said).json()["preview"]
        assert (asked["blocking"], asked["owner"], asked["utility"]) == ([], "telecom", "telecom")
        done = finished(client, client.post(f"{at}/accept", json={**said, "sensitivity": "sensitive"}))
        assert done["state"] in {"published", "held"}, done["problem"]
    spec = load_city(api.settings.cities_dir, "schutterwald").layer("fresh_pipes")
    assert (spec.name.as_dict(), spec.owner, str(spec.sensitivity)) == (name, "telecom", "sensitive")


def test_what_a_layer_says_beside_its_mapping_stays(place: City, root: Path) -> None:
    """Selected rows and constants of the layer outlive a new mapping of it."""
    for city_id in ("schutterwald", "nemuneh"):
        city = load_city(root / "cities", city_id)
        spec = next(each for each in city.layers if each.select)
        made = preview(city.folder / spec.source.path, city, spec.layer_id, Wishes(table=spec.table))
        again = spec_of(made.toml, city)
        assert (again.select, again.constants, again.min_zoom) == (spec.select, spec.constants, spec.min_zoom)
        assert tomllib.loads(made.toml)["layer"][0]["select"]
