"""Offline packs over HTTP: who may take an area along, and what comes (A20)."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Callable

import httpx2
import pytest
from shapely.geometry import Point, mapping

from permits.vocabulary import Role
from tests.api.conftest import Served

Code = Callable[[httpx2.Response], str]
BASE = "/v1/cities/schutterwald/packs"
AREA = {"geometry": mapping(Point(7.8846, 48.456).buffer(0.0008))}


def test_a20_the_crisis_desk_takes_an_area_along(api: Served) -> None:
    if not (api.settings.web_dir / "offline" / "pack.js").is_file():
        pytest.skip("the page is not built")
    with api.client(Role.CRISIS) as client:
        answer = client.post(BASE, json={**AREA, "note": "test"})
    assert answer.status_code == 200, answer.text
    assert answer.headers["content-type"] == "application/zip"
    assert "no-store" in answer.headers["cache-control"]
    with zipfile.ZipFile(io.BytesIO(answer.content)) as archive:
        names = archive.namelist()
        page = archive.read("index.html").decode()
    assert set(names) == {"pack.gpkg", "pack.pmtiles", "index.html", "contacts.csv", "README.txt"}
    assert "http-equiv" in page
    assert '"note":"test"' in page


def test_a_pack_is_only_for_those_who_see_networks(api: Served, problem_of: Code) -> None:
    for role, status in ((None, 401), (Role.APPLICANT, 403), (Role.FRONT_OFFICE, 403), (Role.AUDITOR, 403)):
        with api.client(role) as client:
            assert client.post(BASE, json=AREA).status_code == status, role


def test_an_area_that_cannot_be_packed_is_refused_with_its_reason(api: Served, problem_of: Code) -> None:
    whole = {"geometry": mapping(Point(7.88, 48.456).buffer(0.02))}
    bow_tie = {
        "geometry": {
            "type": "Polygon",
            "coordinates": [[[7.88, 48.45], [7.89, 48.46], [7.89, 48.45], [7.88, 48.46], [7.88, 48.45]]],
        }
    }
    with api.client(Role.CRISIS) as client:
        if (api.settings.web_dir / "offline" / "pack.js").is_file():
            assert problem_of(client.post(BASE, json=whole)) == "pack-too-large"
        assert client.post(BASE, json=bow_tie).status_code == 422
        assert client.post(BASE, json={"note": "x"}).status_code == 422
