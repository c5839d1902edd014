"""Uploads as forms: a Shapefile's parts together, limits, wrong parts, two layers at once (T8)."""

from __future__ import annotations

import time
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import geopandas
import httpx2
import pytest

from layers.city import City, load_city
from permits.vocabulary import Role
from tests.api.conftest import Served, served
from tests.api.test_deliveries import BASE, finished
from tests.layers.test_agreeing import moved_file, shift

Code = Callable[[httpx2.Response], str]
WATER = f"{BASE}/layers/water_lines"
Part = tuple[str, tuple[str, bytes, str]]


@pytest.fixture(scope="module")
def place(root: Path) -> City:
    return load_city(root / "cities", "schutterwald")


@pytest.fixture(scope="module")
def shapefile(place: City, tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    """The water pipes, moved by a decimetre, as a Shapefile: its column names are cut to ten letters."""
    folder = tmp_path_factory.mktemp("shapefile")
    frame = geopandas.read_file(moved_file(place, "water_lines", folder, shift(0.1, 0.0)))
    frame.rename(columns={"diameter_mm": "diameter_m"}).to_file(folder / "pipes.shp", encoding="utf-8")
    return sorted(folder.glob("pipes.*"))


def part(path: Path, name: str = "file", called: str | None = None) -> Part:
    return (name, (called or path.name, path.read_bytes(), "application/octet-stream"))


def text(name: str, value: str) -> tuple[str, tuple[None, str]]:
    return (name, (None, value))


def post(client: httpx2.Client, parts: list[Any], **query: str) -> httpx2.Response:
    return client.post(f"{WATER}/deliveries", params=query, files=parts)


def emptied(api: Served) -> bool:
    """Whether nothing of any upload stays; a file goes just after its delivery has come to its end."""
    folder = api.settings.uploads_dir
    until = time.monotonic() + 30
    while any(folder.glob("d-*")):
        if time.monotonic() > until:
            return False
        time.sleep(0.02)
    return True


def test_a_shapefile_comes_in_its_parts(api: Served, shapefile: list[Path]) -> None:
    """Parts named in capitals belong to it too; what the form says counts as if the address said it."""
    parts: list[Any] = [part(path, called=path.name.upper()) for path in shapefile if path.suffix != ".shp"]
    parts += [part(path) for path in shapefile if path.suffix == ".shp"]
    with api.client() as client:
        lacking = finished(client, post(client, [*parts, text("preview", "true")]))
        assert (lacking["state"], lacking["problem"]["code"]) == ("refused", "column-missing")
        assert lacking["problem"]["params"]["columns"] == ["diameter_mm"]
    made = lacking
    assert (made["preview"], made["file_name"]) == (True, "pipes.shp")
    assert made["size_bytes"] == sum(path.stat().st_size for path in shapefile)
    assert emptied(api)


def test_one_file_in_a_form_is_that_file(api: Served, tmp_path: Path) -> None:
    path = tmp_path / "broken.gpkg"
    path.write_bytes(b"SQLite format 3\x00 and no more")
    with api.client() as client:
        made = finished(client, post(client, [part(path, called="لوله‌ها.gpkg")], as_of="2026-01-02"))
    assert (made["state"], made["as_of"]) == ("refused", "2026-01-02")
    assert made["file_name"].startswith("لوله")
    assert made["file_name"].endswith(".gpkg")


def test_two_layers_in_one_zip_are_refused_by_name(
    api: Served, shapefile: list[Path], tmp_path: Path
) -> None:
    both = tmp_path / "both.zip"
    with zipfile.ZipFile(both, "w") as archive:
        for path in shapefile:
            archive.write(path, path.name)
            archive.write(path, path.name.replace("pipes", "water"))
    with api.client(Role.OFFICER, **{"Accept-Language": "fa"}) as client:
        made = finished(client, post(client, [part(both)]))
    assert (made["state"], made["problem"]["code"]) == ("refused", "source-table-unstated")
    assert made["problem"]["params"]["tables"] == ["pipes.shp", "water.shp"]
    assert "pipes.shp" in made["problem"]["detail"]


def _form(body: bytes, content_type: str = "multipart/form-data; boundary=x") -> dict[str, Any]:
    return {"content": body, "headers": {"content-type": content_type}}


def test_what_is_no_upload_is_refused_and_leaves_nothing(
    api: Served, shapefile: list[Path], problem_of: Code
) -> None:
    """Each refusal says what is wrong; nothing stays on the disk."""
    shp = next(path for path in shapefile if path.suffix == ".shp")
    dbf = next(path for path in shapefile if path.suffix == ".dbf")
    wrong: list[tuple[list[Any], int, str]] = [
        ([part(shp, "shape")], 400, "upload-form-invalid"),
        ([part(shp), text("colour", "red")], 400, "upload-form-invalid"),
        ([part(shp), part(shp)], 400, "upload-form-invalid"),
        ([text("preview", "true")], 400, "upload-form-invalid"),
        ([part(shp), part(dbf), part(shp, called="b.shp")], 422, "upload-parts-unclear"),
        ([part(shp), part(dbf, called="other.dbf")], 422, "upload-parts-unclear"),
        ([part(dbf), part(dbf, called="b.gpkg")], 422, "upload-parts-unclear"),
        ([part(shp), text("as_of", "yesterday")], 422, "form-invalid"),
        ([part(shp, called="../")], 400, "parameter-invalid"),
        ([part(shp), text("table", "x" * 3000)], 400, "upload-form-invalid"),
    ]
    with api.client() as client:
        for parts, status, code in wrong:
            answer = post(client, parts)
            assert (answer.status_code, problem_of(answer)) == (status, code), answer.text
        for body in (b"", b"--x\r\n", b"no form at all"):
            answer = client.post(f"{WATER}/deliveries", **_form(body))
            assert (answer.status_code, problem_of(answer)) == (400, "upload-form-invalid"), answer.text
        answer = client.post(f"{WATER}/deliveries", **_form(b"", "multipart/form-data"))
        assert (answer.status_code, problem_of(answer)) == (400, "upload-form-invalid")
        assert client.post(f"{WATER}/deliveries", content=b"x").status_code == 400
    assert emptied(api)


def test_a_form_above_the_limit_is_cut_off(
    city_database_url: str, root: Path, tmp_path: Path, shapefile: list[Path], problem_of: Code
) -> None:
    """The limit is of the whole form; also where nothing says its length beforehand."""
    with served(city_database_url, root, tmp_path, ["schutterwald"], upload_limit_bytes=4096) as api:
        with api.client() as client:
            answer = post(client, [part(path) for path in shapefile])
            assert (answer.status_code, problem_of(answer)) == (413, "body-too-large")
            head = b'--x\r\ncontent-disposition: form-data; name="file"; filename="a.gpkg"\r\n\r\n'
            chunks = (chunk for chunk in (head, *[b"x" * 1000] * 5))
            answer = client.post(
                f"{WATER}/deliveries",
                content=chunks,
                headers={"content-type": "multipart/form-data; boundary=x"},
            )
            assert (answer.status_code, problem_of(answer)) == (413, "body-too-large")
        assert emptied(api)
