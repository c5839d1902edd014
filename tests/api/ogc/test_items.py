"""Features: right GeoJSON, every one once however it is paged, sorted and with the properties asked for."""

from __future__ import annotations

import re
import time
from collections.abc import Iterator
from typing import Any

import httpx2
import pytest
import shapely
from shapely.geometry import shape

from api.ogc import ROUTES
from layers import features
from tests.api.conftest import Served
from tests.api.ogc.asking import CRS84, EPSG, ITEMS, OGC, Code, anyone, ids, in_degrees, linked


def test_items_are_right_geojson(site: Served, parcels: dict[str, shapely.Geometry]) -> None:
    with anyone(site) as client:
        response = client.get(f"{ITEMS}?limit=7")
    assert response.headers["content-type"] == "application/geo+json"
    assert response.headers["content-crs"] == f"<{CRS84}>"
    body = response.json()
    assert body["type"] == "FeatureCollection"
    assert (body["numberMatched"], body["numberReturned"], len(body["features"])) == (len(parcels), 7, 7)
    truth = in_degrees(parcels)
    for each in body["features"]:
        assert each["type"] == "Feature"
        made = shape(each["geometry"])
        assert made.exterior.is_ccw
        assert shapely.hausdorff_distance(made, truth[each["id"]]) < 2e-7


def test_paging_visits_every_feature_once(site: Served, parcels: dict[str, shapely.Geometry]) -> None:
    """By `next` links (by the last id) and by offset, as ArcGIS pages."""
    with anyone(site) as client:
        seen: list[str] = []
        address: str | None = f"{ITEMS}?limit=400"
        while address:
            body = client.get(address).json()
            assert body["numberMatched"] == len(parcels)
            seen += ids(body)
            address = next(iter(linked(body, "next")), None)
        assert seen == sorted(parcels)
        by_offset = [
            one
            for offset in range(0, 1600, 400)
            for one in ids(client.get(f"{ITEMS}?limit=400&offset={offset}").json())
        ]
        assert by_offset == seen
        beyond = client.get(f"{ITEMS}?offset=100000").json()
        assert (beyond["features"], beyond["numberMatched"], linked(beyond, "next")) == ([], len(parcels), [])
        last = client.get(f"{ITEMS}?limit=1&after={seen[-2]}").json()
        assert (ids(last), linked(last, "next")) == ([seen[-1]], [])


def test_one_feature_is_the_same_with_and_without_a_thread(
    site: Served, parcels: dict[str, shapely.Geometry], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Somebody unknown is answered on the event loop as soon as there is a connection for it, byte by byte the same."""
    by_thread: list[str] = []
    ordinary = features.item

    def noted(engine: Any, source: Any, view: Any, feature_id: str, *more: Any) -> Any:
        by_thread.append(feature_id)
        return ordinary(engine, source, view, feature_id, *more)

    monkeypatch.setattr(features, "item", noted)
    with anyone(site) as client:
        for path in (
            f"{ITEMS}/{min(parcels)}?f=json",
            f"{ITEMS}/{max(parcels)}?crs={EPSG}25832",
            f"{ITEMS}/none",
        ):
            said = client.get(path, headers={"If-None-Match": '"another"'})
            assert by_thread
            until = time.monotonic() + 60
            while by_thread:
                assert time.monotonic() < until
                by_thread.clear()
                found = client.get(path)
            assert found.status_code == said.status_code
            assert found.headers.get("etag") == said.headers.get("etag")
            if found.status_code == 200:
                assert (found.content, dict(found.headers) | {"date": ""}) == (
                    said.content,
                    dict(said.headers) | {"date": ""},
                )


def test_limit(site: Served, problem_of: Code) -> None:
    """Features 1, 7.15.2: too large a limit is cut, a wrong one refused."""
    with anyone(site) as client:
        assert client.get(f"{ITEMS}?limit=1000000").json()["numberReturned"] > 1000
        for wrong in ("0", "-1", "x", "1.5", "", "1e3", "٣"):
            response = client.get(ITEMS, params={"limit": wrong})
            assert (response.status_code, problem_of(response)) == (400, "parameter-invalid"), wrong


def test_unknown_and_repeated_parameters_are_refused(site: Served, problem_of: Code) -> None:
    fill = {
        "layer_id": "parcels",
        "feature_id:path": "x",
        "matrix_set": "WebMercatorQuad",
        "z:int": "14",
        "row:int": "0",
        "col:int": "0",
        "process_id": "isolation",
        "job_id": "x",
    }
    with anyone(site) as client:
        for path, _ in ROUTES:
            address = OGC + re.sub(r"\{([^}]+)\}", lambda found: fill[found.group(1)], path)
            response = client.get(f"{address}?bobx=1,2,3,4")
            assert (response.status_code, problem_of(response)) == (400, "unknown-parameter"), path
            assert response.json()["params"]["unknown"] == ["bobx"]
            assert client.get(f"{address}?f=nonsense").status_code == 400, path
        response = client.get(f"{ITEMS}?limit=1&limit=2")
        assert (response.status_code, problem_of(response)) == (400, "parameter-invalid")
        assert client.get(f"{ITEMS}?lang=de").status_code == 400


def test_properties_and_sortby(site: Served, problem_of: Code) -> None:
    with anyone(site) as client:
        body = client.get(f"{ITEMS}?limit=5&properties=area_m2,origin&sortby=-area_m2,id").json()
        areas = [each["properties"]["area_m2"] for each in body["features"]]
        assert areas == sorted(areas, reverse=True)
        assert set(body["features"][0]["properties"]) == {"area_m2", "origin"}
        following = client.get(linked(body, "next")[0]).json()
        assert following["features"][0]["properties"]["area_m2"] <= areas[-1]
        assert client.get(f"{ITEMS}?limit=1&properties=").json()["features"][0]["properties"] == {}
        every = list(_pages(client, f"{ITEMS}?limit=300&properties=&sortby=origin"))
        assert len(every) == len(set(every)) == body["numberMatched"]
        for wrong in (
            "properties=none",
            "sortby=none",
            "sortby=",
            "sortby=-",
            "after=x&offset=3",
            "after=x&sortby=area_m2",
        ):
            response = client.get(f"{ITEMS}?{wrong}")
            assert (response.status_code, problem_of(response)) == (400, "parameter-invalid"), wrong


def _pages(client: httpx2.Client, address: str | None) -> Iterator[str]:
    while address:
        body = client.get(address).json()
        yield from ids(body)
        address = next(iter(linked(body, "next")), None)


def test_one_feature(site: Served, problem_of: Code) -> None:
    with anyone(site) as client:
        first = client.get(f"{ITEMS}?limit=1").json()["features"][0]
        response = client.get(f"{ITEMS}/{first['id']}")
        assert response.headers["content-type"] == "application/geo+json"
        body = response.json()
        assert {key: body[key] for key in first} == first
        assert {"self", "alternate", "collection"} <= {each["rel"] for each in body["links"]}
        for unknown in ("none-such", "08-5440-00001%00", "a/b", "%27%20OR%201=1", "x" * 3000):
            response = client.get(f"{ITEMS}/{unknown}")
            assert (response.status_code, problem_of(response)) == (404, "not-found")
        response = client.get(f"{OGC}/collections/none/items")
        assert (response.status_code, problem_of(response)) == (404, "not-found")
        response = client.get("/v1/cities/atlantis/ogc")
        assert (response.status_code, problem_of(response)) == (404, "unknown-city")
