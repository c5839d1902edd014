"""The abstract tests of OGC API - Features (parts 1 and 2), Tiles and their OpenAPI class, asked from outside.

Nothing here knows our server: a client starts at the landing page and follows links and the API description, as OGC's
own executable suites do. Names and numbers are those of OGC 17-069r4 (annex A), 18-058r1 (annex A), 20-057 (annex A).
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any

import httpx2
import pytest
import shapely
from openapi_spec_validator import validate
from pyproj import CRS, Transformer
from shapely.geometry import shape

from tests.clients.conftest import Site

CRS84 = "http://www.opengis.net/def/crs/OGC/1.3/CRS84"
REL = "http://www.opengis.net/def/rel/ogc/1.0/"
SPEC = "http://www.opengis.net/spec/"
# Over the meridian, the equator, the antimeridian and both poles (abstract test 18).
BOXES = [
    (-1.5, 50.0, 1.5, 53.0),
    (-80.0, -5.0, -70.0, 5.0),
    (177.0, 65.0, -177.0, 70.0),
    (-180.0, 85.0, 180.0, 90.0),
    (-180.0, -90.0, 180.0, -85.0),
]


class Client:
    """What a client learns from the landing page."""

    def __init__(self, root: str, token: str | None = None) -> None:
        self.root = root
        headers = {"Authorization": f"Bearer {token}"} if token else {}
        self.http = httpx2.Client(timeout=60, trust_env=False, headers=headers)
        self.landing = self.get(root).json()
        self.api = self.get(self.link(self.landing, "service-desc")).json()
        self.collections = self.get(self.link(self.landing, "data")).json()

    def get(
        self, address: str, status: int = 200, accept: str = "application/json", **params: Any
    ) -> httpx2.Response:
        """Ask, and see that the status is as the standard has it."""
        response = self.http.get(address, params=params or None, headers={"Accept": accept})
        assert response.status_code == status, (address, params, response.status_code, response.text[:300])
        return response

    @staticmethod
    def links(body: dict[str, Any], rel: str) -> list[dict[str, Any]]:
        """Every link of a relation."""
        return [each for each in body["links"] if each["rel"] == rel]

    def link(self, body: dict[str, Any], rel: str) -> str:
        """The address of a relation."""
        return str(self.links(body, rel)[0]["href"])

    def items(self, collection: dict[str, Any]) -> str:
        """The address of a collection's features in GeoJSON."""
        return next(
            each["href"] for each in self.links(collection, "items") if each["type"] == "application/geo+json"
        )

    def parameter(self, collection: dict[str, Any], name: str) -> dict[str, Any]:
        """The definition of a parameter of a collection's features in the API description."""
        path = self.api["paths"][f"/collections/{collection['id']}/items"]["get"]
        for each in path["parameters"]:
            found = each
            for part in each.get("$ref", "#").split("/")[1:]:
                found = self.api if found is each else found
                found = found[part]
            if found["name"] == name:
                return dict(found)
        raise AssertionError(f"no parameter {name}")


@pytest.fixture(scope="module", params=["anyone", "officer"])
def client(request: pytest.FixtureRequest, open_site: Site) -> Iterator[Client]:
    """As anyone, and as somebody who sees the networks too: of these, one layer of each kind of geometry."""
    if request.param == "officer":
        made = Client(open_site.ogc, open_site.token)
        wanted = {"water_lines", "gas_nodes", "sewer_devices"}
        made.collections["collections"] = [
            each for each in made.collections["collections"] if each["id"] in wanted
        ]
        assert len(made.collections["collections"]) == len(wanted)
    else:
        made = Client(open_site.ogc)
    yield made
    made.http.close()


def _has_both_forms(body: dict[str, Any], media: str) -> None:
    own = Client.links(body, "self")
    assert [each["type"] for each in own] == [media]
    assert "text/html" in {each["type"] for each in Client.links(body, "alternate")}
    for each in body["links"]:
        assert {"rel", "href", "type"} <= set(each)
        assert each["href"].startswith("http")


# --- Features part 1, core


def test_landing_page_and_api_definition(client: Client) -> None:
    """A.2.2, A.2.3: /conf/core/root-op, root-success, api-definition-op, api-definition-success."""
    rels = {each["rel"] for each in client.landing["links"]}
    assert rels & {"service-desc", "service-doc"}
    assert {"conformance", "data", "self"} <= rels
    _has_both_forms(client.landing, "application/json")
    assert client.get(client.root + "/").json()["title"] == client.landing["title"]
    described = client.links(client.landing, "service-desc")[0]
    response = client.get(described["href"], accept=described["type"])
    assert response.headers["content-type"].replace(" ", "") == "application/vnd.oai.openapi+json;version=3.0"
    validate(response.json())
    assert client.api["servers"][0]["url"] == client.root


def test_conformance(client: Client) -> None:
    """A.2.4: /conf/core/conformance-op, conformance-success."""
    said = client.get(client.link(client.landing, "conformance")).json()["conformsTo"]
    for name in ("core", "geojson", "html", "oas30"):
        assert f"{SPEC}ogcapi-features-1/1.0/conf/{name}" in said
    assert "/conformance" in client.api["paths"]


def test_http_is_1_1(client: Client) -> None:
    """A.2.1: /conf/core/http."""
    response = client.get(client.root)
    assert response.http_version == "HTTP/1.1"


def test_collections(client: Client) -> None:
    """A.2.5, A.2.6: /conf/core/fc-md-op, fc-md-success, fc-md-links, fc-md-items, sfc-md-op, sfc-md-success."""
    _has_both_forms(client.collections, "application/json")
    assert client.collections["crs"][0] == CRS84
    assert client.collections["collections"]
    for each in client.collections["collections"]:
        assert {"id", "links", "extent"} <= set(each)
        items = client.links(each, "items")
        assert {"application/geo+json", "text/html"} <= {link["type"] for link in items}
        west, south, east, north = each["extent"]["spatial"]["bbox"][0]
        assert -180 <= west <= east <= 180
        assert -90 <= south <= north <= 90
        assert each["extent"]["spatial"].get("crs", CRS84) == CRS84
        own = client.get(f"{client.root}/collections/{each['id']}").json()
        _has_both_forms(own, "application/json")
        assert {key: own[key] for key in ("id", "title", "extent", "crs")} == {
            key: each[key] for key in ("id", "title", "extent", "crs")
        }


def test_parameters_are_defined_as_the_standard_words_them(client: Client) -> None:
    """Abstract tests 14/18, 16/20, 18/22: fc-bbox-definition, fc-limit-definition, fc-time-definition."""
    for each in client.collections["collections"]:
        for name, kind in (("bbox", "array"), ("limit", "integer"), ("datetime", "string")):
            defined = client.parameter(each, name)
            assert (defined["in"], defined["style"], defined["explode"]) == ("query", "form", False), name
            assert not defined["required"]
            assert defined["schema"]["type"] == kind
        box = client.parameter(each, "bbox")["schema"]
        assert box["items"]["type"] == "number"
        assert [(one["minItems"], one["maxItems"]) for one in box["oneOf"]] == [(4, 4), (6, 6)]
        limit = client.parameter(each, "limit")["schema"]
        assert 1 <= limit["minimum"] <= limit["default"] <= limit["maximum"]


def _is_a_collection_of_features(body: dict[str, Any]) -> list[shapely.Geometry]:
    """Abstract tests 22/26 and 23/27: fc-response, fc-links, fc-numberReturned, CRS84."""
    assert body["type"] == "FeatureCollection"
    assert body["numberReturned"] == len(body["features"])
    _has_both_forms(body, "application/geo+json")
    shapes = [shape(each["geometry"]) for each in body["features"] if each["geometry"]]
    for each in shapes:
        west, south, east, north = each.bounds
        assert -180 <= west <= east <= 180
        assert -90 <= south <= north <= 90
    return shapes


def test_items(client: Client) -> None:
    """A.2.7: fc-op, fc-response, fc-numberMatched over every page."""
    for each in client.collections["collections"]:
        address: str | None = client.items(each)
        matched, seen = None, 0
        while address:
            response = client.get(address, accept="application/geo+json")
            assert response.headers["content-type"].startswith("application/geo+json")
            body = response.json()
            _is_a_collection_of_features(body)
            matched = body["numberMatched"] if matched is None else matched
            seen += len(body["features"])
            address = next((link["href"] for link in client.links(body, "next")), None)
        assert matched == seen == each["itemCount"]


def test_items_by_box(client: Client) -> None:
    """Abstract tests 17, 18, 19: fc-bbox-response at the extent and over the meridian, equator, 180 degrees, poles."""
    for each in client.collections["collections"]:
        whole = tuple(each["extent"]["spatial"]["bbox"][0])
        for box in [whole, *BOXES]:
            body = client.get(client.items(each), bbox=",".join(map(str, box)), limit=200).json()
            rectangle = shapely.box(*box) if box[0] < box[2] else shapely.box(box[0], box[1], 180.0, box[3])
            assert all(one.intersects(rectangle.buffer(1e-6)) for one in _is_a_collection_of_features(body))
            assert (body["numberMatched"] == each["itemCount"]) == (box == whole)


def test_items_by_limit(client: Client) -> None:
    """Abstract tests 20, 21: fc-limit-response-1."""
    for each in client.collections["collections"]:
        limit = client.parameter(each, "limit")["schema"]
        for number in (limit["minimum"], 7, limit["maximum"], limit["maximum"] + 1):
            body = client.get(client.items(each), limit=number).json()
            assert len(body["features"]) <= min(number, limit["maximum"])


def test_items_by_time(client: Client) -> None:
    """Abstract tests 22, 23: fc-time-response; every answer is whole where no feature has a time of its own."""
    for each in client.collections["collections"]:
        interval = (
            each["extent"]
            .get("temporal", {})
            .get("interval", [["2020-01-01T00:00:00Z", "2021-01-01T00:00:00Z"]])
        )
        start, end = (datetime.fromisoformat(one) for one in interval[0])
        middle = start + (end - start) / 4
        for said in (
            start.isoformat(),
            f"{middle:%Y-%m-%dT%H:%M:%SZ}/{end:%Y-%m-%dT%H:%M:%SZ}",
            f"../{middle + timedelta(days=2):%Y-%m-%dT%H:%M:%SZ}",
            f"{start:%Y-%m-%dT%H:%M:%SZ}/..",
        ):
            body = client.get(client.items(each), datetime=said, limit=50).json()
            _is_a_collection_of_features(body)
            if "temporal" not in each["extent"]:
                assert body["numberMatched"] == each["itemCount"]


def test_wrong_queries(client: Client) -> None:
    """Abstract tests 7, 8: query-param-unknown, query-param-invalid; 404 for what is not there."""
    address = client.items(client.collections["collections"][0])
    for params in (
        {"unknownQueryParameter": "1"},
        {"limit": "0"},
        {"limit": "x"},
        {"bbox": "1,2,3"},
        {"bbox": "x"},
        {"datetime": "yesterday"},
        {"filter": "("},
        {"crs": "http://www.opengis.net/def/crs/0/unknown"},
    ):
        response = client.get(address, status=400, **params)
        assert response.headers["content-type"].startswith("application/problem+json")
    client.get(f"{client.root}/collections/no-such-collection", status=404)
    client.get(
        f"{client.root}/collections/{client.collections['collections'][0]['id']}/items/no-such-id", status=404
    )


def test_one_feature(client: Client) -> None:
    """A.2.8: f-op, f-success, f-links."""
    for each in client.collections["collections"]:
        first = client.get(client.items(each), limit=1).json()["features"][0]
        response = client.get(
            f"{client.root}/collections/{each['id']}/items/{first['id']}", accept="application/geo+json"
        )
        body = response.json()
        assert (body["type"], body["id"], body["geometry"]) == ("Feature", first["id"], first["geometry"])
        _has_both_forms(body, "application/geo+json")
        assert client.link(body, "collection").split("?")[0].endswith(f"/collections/{each['id']}")


def test_pages_for_people(client: Client) -> None:
    """A.4: /conf/html/definition, content: the same addresses answer a browser, with the same links."""
    first = client.collections["collections"][0]
    for address in (
        client.root,
        client.link(client.landing, "data"),
        f"{client.root}/collections/{first['id']}",
        f"{client.root}/collections/{first['id']}/items?limit=2",
    ):
        bare = re.sub(r"[?&]f=json", "", address)
        response = client.get(bare, accept="text/html")
        assert response.headers["content-type"].startswith("text/html")
        assert "<!doctype html>" in response.text[:40].lower()


# --- Features part 2, CRS


def test_crs_lists(client: Client) -> None:
    """Part 2, abstract tests 1-3: crs-uri, fc-md-crs-list, fc-md-storageCrs-valid-value."""
    for each in client.collections["collections"]:
        assert each["crs"][0] == CRS84
        assert each["storageCrs"] in each["crs"]
        assert all(
            re.fullmatch(r"http://www\.opengis\.net/def/crs/(OGC|EPSG)/[\d.]+/\w+", uri)
            for uri in each["crs"]
        )


def _transformer(uri: str) -> Transformer | None:
    found = re.fullmatch(r".*/EPSG/[\d.]+/(\d+)", uri)
    if found is None:
        return None
    return Transformer.from_crs(CRS.from_authority("OGC", "CRS84"), CRS.from_epsg(int(found[1])))


def test_crs_of_answers(client: Client) -> None:
    """Part 2, abstract tests 4-9: crs-parameter, default, invalid value, Content-Crs, transformation."""
    for each in client.collections["collections"]:
        address = client.items(each)
        plain = client.get(address, limit=3)
        assert plain.headers["content-crs"] == f"<{CRS84}>"
        one = plain.json()["features"][0]
        for uri in each["crs"]:
            answers = [
                client.get(address, limit=3, crs=uri),
                client.get(f"{client.root}/collections/{each['id']}/items/{one['id']}", crs=uri),
            ]
            move = _transformer(uri)
            for answer in answers:
                assert answer.headers["content-crs"] == f"<{uri}>"
                body = answer.json()
                made = shape((body["features"][0] if "features" in body else body)["geometry"])
                wanted = shape(one["geometry"])
                if move is not None:
                    wanted = shapely.transform(
                        wanted, lambda x, y, move=move: move.transform(x, y), interleaved=False
                    )
                tolerance = 0.05 if abs(made.bounds[0]) > 360 else 1e-6
                assert shapely.hausdorff_distance(made, wanted) < tolerance, (each["id"], uri)


def test_crs_of_boxes(client: Client) -> None:
    """Part 2, abstract tests 10-13: bbox-crs-definition, bbox-crs-action, defaults, invalid values."""
    for each in client.collections["collections"]:
        west, south, east, north = each["extent"]["spatial"]["bbox"][0]
        assert client.parameter(each, "bbox-crs")["in"] == "query"
        for uri in each["crs"]:
            move = _transformer(uri)
            corners = shapely.box(west, south, east, north).segmentize((east - west) / 20)
            if move is not None:
                corners = shapely.transform(
                    corners, lambda x, y, move=move: move.transform(x, y), interleaved=False
                )
            said = ",".join(repr(value) for value in corners.bounds)
            body = client.get(client.items(each), bbox=said, **{"bbox-crs": uri, "limit": 1}).json()
            assert body["numberMatched"] == each["itemCount"], uri
        wrong = {
            "bbox": f"{west},{south},{east},{north}",
            "bbox-crs": "http://www.opengis.net/def/crs/0/0/unsupported",
        }
        client.get(client.items(each), status=400, **wrong)


# --- Tiles


def _tilesets(client: Client) -> Iterator[dict[str, Any]]:
    homes = [client.landing, *client.collections["collections"][:4]]
    for home in homes:
        listed = client.get(client.link(home, f"{REL}tilesets-vector")).json()["tilesets"]
        assert listed
        yield from listed


def test_tile_sets(client: Client) -> None:
    """Tiles A.8-A.13: tilesets-list, tileset-links, landing page, geodata desc-links and operation."""
    for each in _tilesets(client):
        assert {"dataType", "crs", "tileMatrixSetURI", "links"} <= set(each)
        assert each["dataType"] == "vector"
        assert each["crs"] == "http://www.opengis.net/def/crs/EPSG/0/3857"
        assert each["tileMatrixSetURI"].endswith("/WebMercatorQuad")
        assert client.links(each, f"{REL}tiling-scheme")
        own = client.get(client.link(each, "self")).json()
        assert own["tileMatrixSetURI"] == each["tileMatrixSetURI"]
        assert own["links"]
        scheme = client.get(client.link(each, f"{REL}tiling-scheme")).json()
        assert {one["id"] for one in scheme["tileMatrices"]} >= {
            one["tileMatrix"] for one in own["tileMatrixSetLimits"]
        }


def test_tiling_schemes(client: Client) -> None:
    """Each scheme on offer is defined where its links say."""
    listed = client.get(f"{client.root}/tileMatrixSets").json()["tileMatrixSets"]
    assert listed
    for each in listed:
        for rel in ("self", "item"):
            scheme = client.get(client.link(each, rel)).json()
            assert scheme["id"] == each["id"]
            assert scheme["tileMatrices"]


def test_tiles(client: Client) -> None:
    """Tiles A.2-A.7: tc-op, template, tile matrix, row and column, tc-success, tc-error."""
    for each in _tilesets(client):
        own = client.get(client.link(each, "self")).json()
        template = client.links(own, "item")[0]
        assert template["templated"]
        for part in ("tileMatrix", "tileRow", "tileCol"):
            assert f"{{{part}}}" in template["href"]
        address = lambda matrix, row, col, href=template["href"]: (  # noqa: E731
            href.replace("{tileMatrix}", matrix).replace("{tileRow}", str(row)).replace("{tileCol}", str(col))
        )
        statuses = set()
        for limits in own["tileMatrixSetLimits"][-4:]:
            row = (limits["minTileRow"] + limits["maxTileRow"]) // 2
            col = (limits["minTileCol"] + limits["maxTileCol"]) // 2
            response = client.http.get(address(limits["tileMatrix"], row, col))
            statuses.add(response.status_code)
            if response.status_code == 200:
                assert response.headers["content-type"] == template["type"]
                assert response.content
            client.get(address(limits["tileMatrix"], 2**31 - 1, 2**31 - 1), status=404)
        assert statuses <= {200, 204}
        client.get(address("99", 0, 0), status=404)


def test_tiles_in_the_description(client: Client) -> None:
    """Tiles A.23, A.24: /conf/oas30/completeness, operation-id."""
    said = {each["get"]["operationId"] for each in client.api["paths"].values()}
    for home in ("dataset", "collection"):
        for name in ("getTileSetsList", "getTileSet", "getTile"):
            assert f"{home}.vector.{name}" in said
    for path in ("/tileMatrixSets", "/tiles", "/collections/{collectionId}/tiles"):
        assert path in client.api["paths"]
