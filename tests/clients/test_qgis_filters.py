"""What QGIS 3.32 and later asks: its own filter expressions, as it writes them in CQL2, come to the server.

Debian's QGIS is older and sends no filters of its own; these are the texts that the newer one makes of the expressions
beside them. All four classes that QGIS looks for before it sends any are declared, and the draft name of one.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import httpx2
import pytest
import shapely
from shapely.geometry import shape

from tests.clients.conftest import Site

Feature = dict[str, Any]
SPEC = "http://www.opengis.net/spec/"
BOX = (7.8800, 48.4520, 7.8860, 48.4570)
POINT = (7.8852, 48.4545)

FILTERS: dict[str, Callable[[Feature], bool]] = {
    # "area_m2" > 1000
    '("area_m2" > 1000)': lambda f: f["area_m2"] > 1000,
    # "area_m2" > -5: a sign is an operator of its own
    '(("area_m2" > ( - (5))) AND ("area_m2" < 300))': lambda f: f["area_m2"] < 300,
    # "area_m2" / 2 >= 500 and "area_m2" % 2 < 1
    '((("area_m2" / 2) >= 500) AND (("area_m2" % 2) < 1))': lambda f: (
        f["area_m2"] >= 1000 and f["area_m2"] % 2 < 1
    ),
    "(\"id\" = '08-5440-00001')": lambda f: f["id"] == "08-5440-00001",
    "(\"id\" LIKE '%7')": lambda f: f["id"].endswith("7"),
    "(\"id\" NOT LIKE '%7')": lambda f: not f["id"].endswith("7"),
    # "origin" ilike 'A%'
    "(CASEI(\"id\") LIKE CASEI('08-544%1'))": lambda f: (
        f["id"].startswith("08-544") and f["id"].endswith("1")
    ),
    "(CASEI(\"id\") NOT LIKE CASEI('%1'))": lambda f: not f["id"].endswith("1"),
    "\"id\" IN ('08-5440-00001','08-5440-00002')": lambda f: f["id"] in {"08-5440-00001", "08-5440-00002"},
    "\"id\" NOT IN ('08-5440-00001')": lambda f: f["id"] != "08-5440-00001",
    '"area_m2" BETWEEN 400 AND 600': lambda f: 400 <= f["area_m2"] <= 600,
    '"area_m2" NOT BETWEEN 400 AND 600': lambda f: not 400 <= f["area_m2"] <= 600,
    '("renovation_code" IS NULL)': lambda f: f["renovation_code"] is None,
    '("area_m2" IS NOT NULL)': lambda f: f["area_m2"] is not None,
    '(NOT (("area_m2" > 500) OR ("area_m2" < 300)))': lambda f: 300 <= f["area_m2"] <= 500,
    "((\"id\" <> 'it''s') AND (\"area_m2\" <> 5))": lambda f: f["area_m2"] != 5,
    # intersects_bbox($geometry, geom_from_wkt('…')), intersects($geometry, geom_from_wkt('POINT(…)'))
    f"S_INTERSECTS(geometry,BBOX({','.join(map(str, BOX))}))": lambda f: f["shape"].intersects(
        shapely.box(*BOX)
    ),
    f"S_INTERSECTS(geometry,POINT({POINT[0]} {POINT[1]}))": lambda f: f["shape"].intersects(
        shapely.Point(POINT)
    ),
    f'(S_INTERSECTS(geometry,BBOX({",".join(map(str, BOX))})) AND ("area_m2" > 500))': lambda f: (
        f["shape"].intersects(shapely.box(*BOX)) and f["area_m2"] > 500
    ),
}


@pytest.fixture(scope="module")
def client(open_site: Site) -> Iterator[httpx2.Client]:
    with httpx2.Client(base_url=open_site.ogc, timeout=60, trust_env=False) as made:
        yield made


@pytest.fixture(scope="module")
def parcels(client: httpx2.Client) -> list[Feature]:
    """Every parcel, its properties and its shape in degrees."""
    body = client.get("/collections/parcels/items?limit=10000").json()
    return [
        {**each["properties"], "id": each["id"], "shape": shape(each["geometry"])}
        for each in body["features"]
    ]


@pytest.mark.parametrize("said", FILTERS)
def test_filter(client: httpx2.Client, parcels: list[Feature], said: str) -> None:
    params = {"filter": said, "filter-lang": "cql2-text", "limit": "10000"}
    response = client.get("/collections/parcels/items", params=params)
    assert response.status_code == 200, response.text
    wanted = sorted(each["id"] for each in parcels if FILTERS[said](each))
    assert sorted(each["id"] for each in response.json()["features"]) == wanted


def test_what_qgis_looks_for(client: httpx2.Client) -> None:
    """Without all of these it filters on the client's side, silently."""
    said = client.get("/conformance").json()["conformsTo"]
    for name in (
        "ogcapi-features-3/1.0/conf/filter",
        "ogcapi-features-3/1.0/conf/features-filter",
        "cql2/1.0/conf/cql2-text",
        "cql2/1.0/conf/basic-cql2",
        "cql2/1.0/conf/advanced-comparison-operators",
        "cql2/1.0/conf/case-insensitive-comparison",
        "cql2/1.0/conf/basic-spatial-operators",
    ):
        assert f"{SPEC}{name}" in said
    asked = client.get(
        "/collections/parcels/queryables", headers={"Accept": "application/schema+json"}
    ).json()
    assert asked["properties"]["geometry"]["format"].startswith("geometry-")
    assert asked["properties"]["area_m2"]["type"] == "number"
    described = client.get("/api").json()["components"]["parameters"]["limit"]["schema"]
    assert described["maximum"] == described["default"] == 10_000


def test_arcgis_pages_by_offset(client: httpx2.Client, parcels: list[Feature]) -> None:
    """ArcGIS asks for `resultOffset`-like pages until one is not full; none is lost or given twice."""
    seen: list[str] = []
    while True:
        body = client.get(f"/collections/parcels/items?limit=500&offset={len(seen)}&f=json").json()
        seen += [each["id"] for each in body["features"]]
        if body["numberReturned"] < 500:
            break
    assert sorted(seen) == sorted(each["id"] for each in parcels)
    assert len(set(seen)) == len(seen)
