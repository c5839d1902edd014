"""What there is and who may see it: landing page, conformance, API description, collections, schemas, policy."""

from __future__ import annotations

import pytest
import shapely
from openapi_spec_validator import validate

from api.ogc import CONFORMANCE
from layers.catalog import Target
from layers.city import City
from layers.selection import fields
from permits.vocabulary import Role
from tests.api.conftest import Served
from tests.api.ogc.asking import CRS84, EPSG, OGC, Code, anyone, in_degrees

# What GDAL, QGIS and the standards' tests look for.
NEEDED = [
    "ogcapi-features-1/1.0/conf/core",
    "ogcapi-features-1/1.0/conf/geojson",
    "ogcapi-features-1/1.0/conf/html",
    "ogcapi-features-1/1.0/conf/oas30",
    "ogcapi-features-2/1.0/conf/crs",
    "ogcapi-features-3/1.0/conf/filter",
    "ogcapi-features-3/1.0/conf/features-filter",
    "cql2/1.0/conf/cql2-text",
    "cql2/1.0/conf/cql2-json",
    "cql2/1.0/conf/basic-cql2",
    "cql2/1.0/conf/advanced-comparison-operators",
    "cql2/1.0/conf/case-insensitive-comparison",
    "cql2/1.0/conf/basic-spatial-functions",
    "cql2/1.0/conf/basic-spatial-operators",
    "cql2/1.0/conf/arithmetic",
    "ogcapi-tiles-1/1.0/conf/core",
]


def test_landing_page_leads_everywhere(site: Served) -> None:
    """Features 1, A.3: landing page; every link answers in the type it promises."""
    with anyone(site) as client:
        body = client.get(OGC).json()
        assert {"service-desc", "service-doc", "conformance", "data", "self", "alternate"} <= {
            x["rel"] for x in body["links"]
        }
        for each in body["links"]:
            response = client.get(each["href"])
            assert response.status_code == 200, each
            assert response.headers["content-type"].split(";")[0] in {
                each["type"].split(";")[0],
                "application/json",
            }, each


def test_conformance_names_what_clients_look_for(site: Served) -> None:
    with anyone(site) as client:
        said = client.get(f"{OGC}/conformance").json()["conformsTo"]
    assert said == list(CONFORMANCE)
    assert len(set(said)) == len(said)
    for name in NEEDED:
        assert f"http://www.opengis.net/spec/{name}" in said
    for name in (
        "temporal-functions",
        "array-functions",
        "accent-insensitive-comparison",
        "functions",
    ):
        assert f"http://www.opengis.net/spec/cql2/1.0/conf/{name}" not in said


@pytest.mark.parametrize("role", [None, Role.OFFICER])
def test_api_description_is_valid_and_gives_the_page_size(site: Served, role: Role | None) -> None:
    with site.client(role) as client:
        response = client.get(f"{OGC}/api")
    assert response.headers["content-type"] == "application/vnd.oai.openapi+json;version=3.0"
    document = response.json()
    validate(document)
    limit = document["components"]["parameters"]["limit"]["schema"]
    assert (limit["minimum"], limit["default"], limit["maximum"]) == (1, 10_000, 10_000)
    operations = [each["get"]["operationId"] for each in document["paths"].values()]
    assert len(set(operations)) == len(operations)
    assert ("/collections/water_lines/items" in document["paths"]) == (role is not None)


def test_collections_say_where_and_what(
    site: Served, place: City, parcels: dict[str, shapely.Geometry]
) -> None:
    with anyone(site) as client:
        body = client.get(f"{OGC}/collections").json()
        public = {spec.layer_id for spec in place.layers if spec.sensitivity == "public"}
        assert {each["id"] for each in body["collections"]} == public
        for each in body["collections"]:
            own = client.get(f"{OGC}/collections/{each['id']}").json()
            assert {key: own[key] for key in own if key != "links"} == {
                key: each[key] for key in each if key != "links"
            }
    found = next(each for each in body["collections"] if each["id"] == "parcels")
    assert found["itemType"] == "feature"
    assert found["storageCrs"] == f"{EPSG}25832"
    assert found["crs"] == [CRS84, f"{EPSG}25832", f"{EPSG}4326", f"{EPSG}3857"]
    assert found["attribution"]
    assert found["itemCount"] == len(parcels)
    west, south, east, north = found["extent"]["spatial"]["bbox"][0]
    truth = shapely.total_bounds(list(in_degrees(parcels).values()))
    assert west <= truth[0] < west + 1e-6
    assert south <= truth[1] < south + 1e-6
    assert east - 1e-6 < truth[2] <= east
    assert north - 1e-6 < truth[3] <= north


def test_what_the_database_keeps_for_itself_is_no_property() -> None:
    """A13: versions, and who may see a row, are not part of what a feature says."""
    kept = {"row_id", "city_id", "layer_id", "published_by", "retired_by", "is_open"}
    assert [target for target in Target if kept & set(fields(target))] == []


def test_schema_and_queryables(site: Served) -> None:
    """Features 5: the schema describes exactly what features say; part 3: queryables."""
    with site.client() as client:
        for layer_id in ("parcels", "water_lines", "gas_nodes"):
            base = f"{OGC}/collections/{layer_id}"
            described = client.get(f"{base}/schema")
            assert described.headers["content-type"] == "application/schema+json"
            properties = described.json()["properties"]
            feature = client.get(f"{base}/items?limit=1").json()["features"][0]
            assert set(properties) - {"id", "geometry"} == set(feature["properties"])
            assert properties["id"]["x-ogc-role"] == "id"
            assert properties["geometry"]["x-ogc-role"] == "primary-geometry"
            asked = client.get(f"{base}/queryables").json()
            assert asked["$id"].endswith(f"/collections/{layer_id}/queryables")
            for name in asked["properties"]:
                condition = f"{name} IS NULL" if name == "geometry" else f"{name} IS NOT NULL"
                response = client.get(f"{base}/items", params={"filter": condition, "limit": 1})
                assert response.status_code == 200, (layer_id, name)


def test_layers_follow_the_same_policy_as_the_map(site: Served, place: City, problem_of: Code) -> None:
    """Public layers for anyone; shared ones by role; what is hidden is nowhere listed, described, drawn or given."""
    shared = {spec.layer_id for spec in place.layers if spec.sensitivity == "shared"}
    public = {spec.layer_id for spec in place.layers if spec.sensitivity == "public"}
    for role in (None, *Role):
        wanted = public | (shared if role not in {None, Role.APPLICANT, Role.SYSTEM} else set())
        with site.client(role) as client:
            listed = {each["id"] for each in client.get(f"{OGC}/collections").json()["collections"]}
            assert listed == wanted, role
            for rest in ("", "/items", "/items/x", "/schema", "/queryables", "/tiles", "/export?f=gpkg"):
                response = client.get(f"{OGC}/collections/water_lines{rest}")
                if "water_lines" not in wanted:
                    assert response.status_code == (401 if role is None else 403), (role, rest)
                elif rest == "/items":
                    assert response.json()["numberMatched"] > 0
            drawn = client.get(f"{OGC}/tiles/WebMercatorQuad/tilejson").json()["vector_layers"]
            assert {each["id"] for each in drawn} == wanted
            response = client.get(f"{OGC}/tiles/WebMercatorQuad/16/22557/34200?collections=water_lines")
            assert (response.status_code in {200, 204}) == ("water_lines" in wanted)


def test_sensitive_layers_are_not_in_the_open_interface(site: Served, place: City, problem_of: Code) -> None:
    """They are looked at for a purpose, by area, on the map; never paged through or taken home, by nobody."""
    sensitive = [spec.layer_id for spec in place.layers if spec.sensitivity == "sensitive"]
    assert sensitive
    for role in (None, Role.OFFICER, Role.CRISIS, Role.AGENCY, Role.APPLICANT):
        with site.client(role) as client:
            for layer_id in sensitive:
                for rest in ("", "/items", "/items/x", "/schema", "/queryables", "/tiles", "/export?f=gpkg"):
                    response = client.get(f"{OGC}/collections/{layer_id}{rest}")
                    assert response.status_code == (401 if role is None else 403), (role, layer_id, rest)
                response = client.get(
                    f"{OGC}/tiles/WebMercatorQuad/16/22557/34200?collections=parcels,{layer_id}"
                )
                assert response.status_code == (401 if role is None else 403)
            for path in ("/collections", "/api", "/style.json", "/tiles/WebMercatorQuad"):
                said = client.get(f"{OGC}{path}").text
                assert not [layer_id for layer_id in sensitive if layer_id in said]
