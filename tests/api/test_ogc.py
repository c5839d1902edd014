"""The open interface over HTTP: OGC API - Features (parts 1, 2, 3, 5) and Tiles, as the standards' tests ask."""

from __future__ import annotations

import gzip
import json
import math
import re
from collections.abc import Callable, Iterator
from datetime import UTC
from pathlib import Path
from typing import Any

import httpx2
import pytest
import shapely
from openapi_spec_validator import validate
from pyproj import Transformer
from shapely.geometry import shape
from sqlalchemy import text

from api.ogc import CONFORMANCE, ROUTES
from layers import features
from layers import served as served_versions
from layers.city import City, load_city
from layers.cluster import Cluster
from layers.database import make_engine
from layers.ingest import deliver, roll_back
from permits.vocabulary import Role
from tests.api.conftest import Served, served
from tests.layers.test_agreeing import moved_file, shift

Code = Callable[[httpx2.Response], str]
OGC = "/v1/cities/schutterwald/ogc"
ITEMS = f"{OGC}/collections/parcels/items"
CRS84 = "http://www.opengis.net/def/crs/OGC/1.3/CRS84"
EPSG = "http://www.opengis.net/def/crs/EPSG/0/"
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


@pytest.fixture(scope="module")
def site(
    cluster: Cluster, schutterwald_template: str, root: Path, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Served]:
    """One server for the whole module: nothing here writes."""
    url = cluster.create_database("ogc_site", template=schutterwald_template)
    with served(url, root, tmp_path_factory.mktemp("ogc"), ["schutterwald", "karhula"]) as made:
        yield made
    cluster.drop_database("ogc_site")


@pytest.fixture(scope="module")
def place(root: Path) -> City:
    return load_city(root / "cities", "schutterwald")


@pytest.fixture(scope="module")
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


def in_degrees(shapes: dict[str, shapely.Geometry]) -> dict[str, shapely.Geometry]:
    move = Transformer.from_crs(25832, 4326, always_xy=True).transform
    moved = shapely.transform(
        list(shapes.values()), lambda xy: shapely.get_coordinates(shapely.points(*move(*xy.T)))
    )
    return dict(zip(shapes, moved, strict=True))


def anyone(site: Served, **headers: str) -> httpx2.Client:
    return site.client(None, **headers)


def tile_of(lon: float, lat: float, z: int) -> tuple[int, int]:
    """Column and row of the tile at a place."""
    y = (1 - math.asinh(math.tan(math.radians(lat))) / math.pi) / 2
    return int((lon + 180) / 360 * 2**z), int(y * 2**z)


def ids(body: dict[str, Any]) -> list[str]:
    return [each["id"] for each in body["features"]]


def linked(body: dict[str, Any], rel: str) -> list[str]:
    return [each["href"] for each in body["links"] if each["rel"] == rel]


# --- what there is


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


# --- who may see what


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


# --- features


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


def test_limit(site: Served, problem_of: Code) -> None:
    """Features 1, 7.15.2: too large a limit is cut, a wrong one refused."""
    with anyone(site) as client:
        assert client.get(f"{ITEMS}?limit=1000000").json()["numberReturned"] > 1000
        for wrong in ("0", "-1", "x", "1.5", "", "1e3", "٣"):
            response = client.get(ITEMS, params={"limit": wrong})
            assert (response.status_code, problem_of(response)) == (400, "parameter-invalid"), wrong


BOXES = [
    (7.8800, 48.4520, 7.8860, 48.4570),
    (7.8810, 48.4530, 7.8811, 48.4531),
    (7.0, 48.0, 9.0, 49.0),
    (-180, -90, 180, 90),
    (8.5, 48.0, 9.0, 49.0),
    (7.8852, 48.4545, 7.8852, 48.4545),
    (7.8800, 48.4545, 7.8900, 48.4545),
]


@pytest.mark.parametrize("box", BOXES)
def test_bbox_is_exact(site: Served, parcels: dict[str, shapely.Geometry], box: tuple[float, ...]) -> None:
    """Exactly the features that meet the rectangle of degrees: not those that meet its image's rectangle."""
    rectangle = (
        shapely.box(*box) if box[0] < box[2] and box[1] < box[3] else shapely.LineString([box[:2], box[2:]])
    )
    if box[:2] == box[2:]:
        rectangle = shapely.Point(box[:2])
    wanted = {key for key, each in in_degrees(parcels).items() if shapely.intersects(each, rectangle)}
    with anyone(site) as client:
        body = client.get(f"{ITEMS}?bbox={','.join(map(str, box))}").json()
        assert set(ids(body)) == wanted
        assert body["numberMatched"] == len(wanted)
        six = [box[0], box[1], -100, box[2], box[3], 100]
        assert set(ids(client.get(f"{ITEMS}?bbox={','.join(map(str, six))}").json())) == wanted
        one = client.get(f"{ITEMS}?limit=1&bbox={','.join(map(str, box))}").json()
        assert one["numberMatched"] == len(wanted)


def test_bbox_in_every_crs(site: Served, parcels: dict[str, shapely.Geometry]) -> None:
    """Features 2: bbox-crs; latitude first in EPSG:4326."""
    metres = (417000.0, 5367000.0, 417400.0, 5367400.0)
    wanted = {key for key, each in parcels.items() if shapely.intersects(each, shapely.box(*metres))}
    degrees = (7.8800, 48.4520, 7.8860, 48.4570)
    wanted_degrees = {
        key for key, each in in_degrees(parcels).items() if shapely.intersects(each, shapely.box(*degrees))
    }
    move = Transformer.from_crs(4326, 3857, always_xy=True).transform
    mercator = (*move(*degrees[:2]), *move(*degrees[2:]))
    flipped = (degrees[1], degrees[0], degrees[3], degrees[2])
    with anyone(site) as client:
        for box, crs, expected in (
            (metres, f"{EPSG}25832", wanted),
            (metres, "[EPSG:25832]", wanted),
            (flipped, f"{EPSG}4326", wanted_degrees),
            (degrees, CRS84, wanted_degrees),
            (mercator, f"{EPSG}3857", wanted_degrees),
        ):
            params = {"bbox": ",".join(repr(float(value)) for value in box), "bbox-crs": crs}
            assert set(ids(client.get(ITEMS, params=params).json())) == expected, crs
            assert expected


def test_bbox_across_the_antimeridian(site: Served, parcels: dict[str, shapely.Geometry]) -> None:
    wanted = {key for key, each in in_degrees(parcels).items() if each.bounds[0] <= 7.885}
    with anyone(site) as client:
        assert set(ids(client.get(f"{ITEMS}?bbox=170,-90,7.885,90").json())) == wanted
    assert wanted


@pytest.mark.parametrize(
    "said",
    ["1,2", "1,2,3", "1,2,3,4,5", "a,b,c,d", "", "1,2,3,nan", "1,2,3,inf", "7,49,8,48", "7,48,8,91", "700,1,701,2"],
)  # fmt: skip
def test_wrong_boxes_are_refused(site: Served, problem_of: Code, said: str) -> None:
    with anyone(site) as client:
        response = client.get(ITEMS, params={"bbox": said})
    assert (response.status_code, problem_of(response)) == (400, "parameter-invalid")
    assert response.json()["params"]["parameter"] == "bbox"


def test_crs(site: Served, parcels: dict[str, shapely.Geometry], problem_of: Code) -> None:
    """Features 2: each CRS that is listed is served, in its own axis order; others are refused."""
    with anyone(site) as client:
        first = client.get(f"{ITEMS}?limit=1").json()["features"][0]
        own = parcels[first["id"]]
        for code, tolerance in ((25832, 1e-3), (4326, 2e-7), (3857, 1e-3)):
            move = Transformer.from_crs(25832, code).transform  # the authority's own axis order
            truth = shapely.transform(
                own, lambda xy, move=move: shapely.get_coordinates(shapely.points(*move(*xy.T)))
            )
            for path in (f"{ITEMS}?limit=1&crs={EPSG}{code}", f"{ITEMS}/{first['id']}?crs={EPSG}{code}"):
                response = client.get(path)
                assert response.headers["content-crs"] == f"<{EPSG}{code}>"
                body = response.json()
                made = shape((body["features"][0] if "features" in body else body)["geometry"])
                assert shapely.hausdorff_distance(made, truth) < tolerance
        for name in ("crs", "bbox-crs", "filter-crs"):
            for wrong in (f"{EPSG}2056", "EPSG:99999999", "WGS84", "", "http://example.org/crs"):
                response = client.get(ITEMS, params={name: wrong})
                assert (response.status_code, problem_of(response)) == (400, "parameter-invalid"), (
                    name,
                    wrong,
                )


def test_datetime(api: Served, problem_of: Code) -> None:
    """A feature of unknown day always matches; a day is counted whole."""
    engine = make_engine(str(api.settings.database_url))
    with engine.begin() as connection:
        connection.execute(
            text(
                "UPDATE layers.network_line SET surveyed_on = date '2020-01-01' + row_id::int % 99 WHERE row_id % 2 = 0"
            )
        )
        days = dict(
            connection.execute(
                text("SELECT feature_id, surveyed_on FROM layers.network_line WHERE layer_id = 'water_lines'")
            ).all()
        )
    engine.dispose()
    path = f"{OGC}/collections/water_lines/items"
    cases = {
        "2020-03-01": ("2020-03-01", "2020-03-01"),
        "2020-03-01T12:30:00Z": ("2020-03-01", "2020-03-01"),
        "2020-03-01/2020-04-01": ("2020-03-01", "2020-04-01"),
        "2020-03-01T00:00:00Z/2020-04-01T23:59:59.5+00:00": ("2020-03-01", "2020-04-01"),
        "../2020-04-01": ("0001-01-01", "2020-04-01"),
        "/2020-04-01": ("0001-01-01", "2020-04-01"),
        "2020-03-01/..": ("2020-03-01", "9999-01-01"),
        "2020-03-01/": ("2020-03-01", "9999-01-01"),
    }
    with api.client() as client:
        for said, (start, end) in cases.items():
            wanted = {key for key, day in days.items() if day is None or start <= day.isoformat() <= end}
            body = client.get(path, params={"datetime": said}).json()
            assert set(ids(body)) == wanted, said
        for wrong in (
            "",
            "..",
            "../..",
            "/",
            "yesterday",
            "2020-13-01",
            "2020-04-01/2020-03-01",
            "2020-03-01T12:30:00",
            "1/2/3",
        ):
            response = client.get(path, params={"datetime": wrong})
            assert (response.status_code, problem_of(response)) == (400, "parameter-invalid"), wrong
        collection = client.get(f"{OGC}/collections/water_lines").json()
        known = [day for day in days.values() if day]
        assert collection["extent"]["temporal"]["interval"] == [
            [f"{min(known)}T00:00:00Z", f"{max(known)}T23:59:59Z"]
        ]
    with anyone(api) as client:  # parcels have no day of their own: all match
        whole = client.get(f"{ITEMS}?limit=1").json()["numberMatched"]
        assert client.get(f"{ITEMS}?limit=1&datetime=1999-01-01").json()["numberMatched"] == whole


def test_what_the_client_has_is_told_without_a_statement_and_never_after_a_change(
    api: Served, root: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """304 from the remembered version (T9); the first answer begun after a commit is already the new one."""
    place = load_city(root / "cities", "schutterwald")
    engine = make_engine(str(api.settings.database_url))
    public = place.layer("buildings")
    path = f"{OGC}/collections/{public.layer_id}/items?limit=3"
    with anyone(api) as client:
        first = client.get(path)

        def asked() -> httpx2.Response:
            return client.get(path, headers={"If-None-Match": tag})

        tag = first.headers["etag"]
        with monkeypatch.context() as frozen:
            frozen.setattr(served_versions, "now", lambda: 1.0)
            assert asked().status_code == 304
            frozen.setattr(served_versions, "fetch", None)
            frozen.setattr(features, "fetch", None)
            again = asked()
            assert (again.status_code, again.headers["etag"]) == (304, tag)
            assert again.headers["cache-control"] == "public, no-cache"
            assert again.headers["x-content-type-options"] == "nosniff"
        served_versions._remembered.clear()
        tags = [tag]
        for change in (
            lambda: deliver(
                engine, place, public, moved_file(place, public.layer_id, tmp_path, shift(0.1, 0))
            ),
            lambda: roll_back(engine, place, public.layer_id),
        ):
            assert asked().status_code == 304
            change()
            answer = asked()
            assert answer.status_code == 200
            tag = answer.headers["etag"]
            tags.append(tag)
        assert len(set(tags)) == 3
        assert answer.json()["features"] == first.json()["features"]
    engine.dispose()


def test_as_of_shows_the_layer_of_any_past_instant(
    api: Served, root: Path, tmp_path: Path, problem_of: Code
) -> None:
    """Evidence over the open interface: pages, filters, boxes, single features and counts of an instant."""
    place = load_city(root / "cities", "schutterwald")
    engine = make_engine(str(api.settings.database_url))
    path = f"{OGC}/collections/gas_lines/items"

    def instant() -> str:
        with engine.connect() as connection:
            now = connection.execute(text("SELECT clock_timestamp()")).scalar_one()
        return str(now.astimezone(UTC).isoformat()).replace("+00:00", "Z")

    with api.client() as client:
        old = client.get(path, params={"limit": 5}).json()
        one = old["features"][0]
        before = instant()
        deliver(
            engine, place, place.layer("gas_lines"), moved_file(place, "gas_lines", tmp_path, shift(0.3, 0))
        )
        after = instant()
        new = client.get(path, params={"limit": 5}).json()
        assert new["features"] != old["features"]
        for said, wanted in ((before, old), (after, new), ("9999-01-01T00:00:00Z", new)):
            found = client.get(path, params={"limit": 5, "as-of": said}).json()
            assert (found["features"], found["numberMatched"]) == (
                wanted["features"],
                wanted["numberMatched"],
            )
            following = client.get(
                next(each["href"] for each in found["links"] if each["rel"] == "next")
            ).json()
            again = client.get(path, params={"limit": 5, "offset": 5, "as-of": said}).json()
            assert following["features"] == again["features"]
            asked = {"as-of": said, "filter": f"id = '{one['id']}'"}
            assert client.get(path, params=asked).json()["features"] == wanted["features"][:1]
            x, y = wanted["features"][0]["geometry"]["coordinates"][0]
            asked = {"as-of": said, "bbox": f"{x - 1e-6},{y - 1e-6},{x + 1e-6},{y + 1e-6}"}
            assert one["id"] in ids(client.get(path, params=asked).json())
            single = client.get(f"{path}/{one['id']}", params={"as-of": said}).json()
            assert single["geometry"] == wanted["features"][0]["geometry"]
        assert client.get(path, params={"as-of": "1999-01-01T00:00:00Z"}).json()["numberMatched"] == 0
        assert client.get(f"{path}/{one['id']}", params={"as-of": "1999-01-01T00:00:00Z"}).status_code == 404
        for wrong in ("yesterday", "2026-11-22", "2026-11-22T10:00:00", "2026-13-01T00:00:00Z"):
            response = client.get(path, params={"as-of": wrong})
            assert (response.status_code, problem_of(response)) == (400, "parameter-invalid"), wrong
    engine.dispose()


def test_filter_in_both_languages(site: Served, problem_of: Code) -> None:
    said = "area_m2 BETWEEN 500 AND 900 AND CASEI(id) LIKE CASEI('08-%1') "
    said += "AND S_INTERSECTS(geometry, BBOX(7.88,48.45,7.89,48.46))"
    as_json = {
        "op": "and",
        "args": [
            {"op": "between", "args": [{"property": "area_m2"}, 500, 900]},
            {
                "op": "like",
                "args": [{"op": "casei", "args": [{"property": "id"}]}, {"op": "casei", "args": ["08-%1"]}],
            },
            {"op": "s_intersects", "args": [{"property": "geometry"}, {"bbox": [7.88, 48.45, 7.89, 48.46]}]},
        ],
    }
    with anyone(site) as client:
        one = client.get(ITEMS, params={"filter": said}).json()
        two = client.get(ITEMS, params={"filter": json.dumps(as_json), "filter-lang": "cql2-json"}).json()
        three = client.get(ITEMS, params={"filter": said, "filter-lang": "cql-text"}).json()
        assert ids(one) == ids(two) == ids(three) != []
        assert all(500 <= each["properties"]["area_m2"] <= 900 for each in one["features"])
        both = client.get(ITEMS, params={"filter": said, "bbox": "7.885,48.45,7.89,48.46"}).json()
        assert set(ids(both)) < set(ids(one))
        follow = client.get(ITEMS, params={"filter": said, "limit": 2}).json()
        assert follow["numberMatched"] == len(one["features"])
        assert ids(client.get(linked(follow, "next")[0]).json()) == ids(one)[2:4]
        for params, code in (
            ({"filter": "area_m2 >"}, "filter-syntax"),
            ({"filter": "none = 1"}, "filter-property"),
            ({"filter": "area_m2 = 'x'"}, "filter-type"),
            ({"filter": "upper(id) = 'X'"}, "filter-unsupported"),
            ({"filter": "area_m2 ^ 100000 > 1"}, "filter-failed"),
            ({"filter": "(0 - area_m2) ^ 0.5 > 1"}, "filter-failed"),
            ({"filter": "TRUE", "filter-lang": "sql"}, "parameter-invalid"),
            ({"filter": "{", "filter-lang": "cql2-json"}, "filter-syntax"),
            ({"filter": "(" * 200}, "filter-too-large"),
            ({"filter": "id = 'a\x00b'"}, "parameter-invalid"),
        ):
            response = client.get(ITEMS, params=params)
            assert (response.status_code, problem_of(response)) == (400, code), params


def test_properties_as_parameters(site: Served, problem_of: Code) -> None:
    """Part 3, queryables as query parameters: equality; a value of the wrong kind is refused."""
    path = f"{OGC}/collections/water_lines/items"
    with site.client() as client:
        mains = client.get(f"{path}?role=main&material=PVC").json()
        assert mains["features"]
        assert {
            (each["properties"]["role"], each["properties"]["material"]) for each in mains["features"]
        } == {("main", "PVC")}
        assert client.get(path, params={"filter": "role = 'main' AND material = 'PVC'"}).json()[
            "numberMatched"
        ] == len(mains["features"])
        assert ids(client.get(f"{path}?id=WM00001").json()) == ["WM00001"]
        assert client.get(f"{path}?installed_year=1985").json()["numberMatched"] > 0
        for wrong in ("installed_year=x", "installed_year=1e3", "diameter_mm=nan", "surveyed_on=x"):
            response = client.get(f"{path}?{wrong}")
            assert (response.status_code, problem_of(response)) == (400, "parameter-invalid"), wrong
        response = client.get(f"{path}?land_use=x")  # another layer's property
        assert (response.status_code, problem_of(response)) == (400, "unknown-parameter")


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


# --- caching


def test_etag_changes_exactly_with_the_delivery(api: Served, place: City) -> None:
    """304 while nothing was published, also for the part that a filter selects; a new delivery is seen at once."""
    paths = [
        ITEMS,
        f"{ITEMS}?bbox=7.88,48.45,7.89,48.46&limit=3",
        f"{ITEMS}/08-5440-00001",
        f"{OGC}/collections/parcels",
    ]
    engine = make_engine(str(api.settings.database_url))
    with anyone(api) as client:
        tags = [client.get(path).headers["etag"] for path in paths]
        assert len(set(tags)) == len(tags)
        for path, tag in zip(paths, tags, strict=True):
            same = client.get(path, headers={"If-None-Match": tag})
            assert (same.status_code, same.content) == (304, b"")
            assert same.headers["etag"] == tag
            assert client.get(path, headers={"If-None-Match": f'"other", {tag}'}).status_code == 304
            assert client.get(path, headers={"If-None-Match": '"other"'}).status_code == 200
        before = client.get(f"{ITEMS}?limit=1").json()["numberMatched"]
        roll_back(engine, place, "parcels")  # a delivery like any other: the layer as it was before, empty
        for path, tag in zip(paths, tags, strict=True):
            assert client.get(path, headers={"If-None-Match": tag}).status_code in {200, 404}
        assert client.get(f"{ITEMS}?limit=1").json()["numberMatched"] == 0 < before
        assert client.get(f"{ITEMS}/08-5440-00001").status_code == 404
    engine.dispose()


def test_answers_differ_by_what_makes_them_differ(site: Served) -> None:
    with anyone(site) as client:
        tags = {client.get(f"{ITEMS}?limit={number}").headers["etag"] for number in (1, 2, 3)}
        tags |= {client.get(f"{ITEMS}?limit=1", headers={"Accept-Language": "fa"}).headers["etag"]}
        tags |= {client.get(f"{ITEMS}?limit=1&f=html").headers["etag"]}
        assert len(tags) == 5
        headers = client.get(f"{ITEMS}?limit=1").headers
        assert headers["cache-control"] == "public, no-cache"
        assert "Authorization" in headers["vary"]
        assert headers["access-control-allow-origin"] == "*"
        assert client.head(f"{ITEMS}?limit=1").status_code == 200
    with site.client() as client:
        assert client.get(f"{ITEMS}?limit=1").headers["cache-control"] == "private, no-cache"


def test_gzip(site: Served) -> None:
    with anyone(site) as client:
        plain = client.get(f"{ITEMS}?limit=50", headers={"Accept-Encoding": "identity"})
        with client.stream("GET", f"{ITEMS}?limit=50", headers={"Accept-Encoding": "gzip"}) as zipped:
            raw = b"".join(zipped.iter_raw())
            assert zipped.headers["content-encoding"] == "gzip"
    assert "content-encoding" not in plain.headers
    assert gzip.decompress(raw) == plain.content
    assert len(raw) < len(plain.content) / 2


def test_the_database_may_restart(own_cluster_site: Served) -> None:
    """Idle connections die with it; the next request is answered all the same."""
    with anyone(own_cluster_site) as client:
        assert client.get(f"{ITEMS}?limit=1").status_code == 200
        engine = make_engine(str(own_cluster_site.settings.database_url))
        with engine.connect() as connection:
            connection.execute(
                text(
                    "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'panjereh-ogc'"
                )
            )
        engine.dispose()
        assert client.get(f"{ITEMS}?limit=1").status_code == 200


@pytest.fixture
def own_cluster_site(api: Served) -> Served:
    return api


# --- tiles and style


def test_tile_sets(site: Served, place: City) -> None:
    with anyone(site) as client:
        for home in (OGC, f"{OGC}/collections/parcels"):
            one = client.get(f"{home}/tiles").json()["tilesets"][0]
            assert one["dataType"] == "vector"
            assert (
                one["tileMatrixSetURI"] == "http://www.opengis.net/def/tilematrixset/OGC/1.0/WebMercatorQuad"
            )
            own = client.get(linked(one, "self")[0]).json()
            template = linked(own, "item")[0]
            limits = next(each for each in own["tileMatrixSetLimits"] if each["tileMatrix"] == "16")
            found = 0
            for row in range(limits["minTileRow"], limits["maxTileRow"] + 1, 2):
                for col in range(limits["minTileCol"], limits["maxTileCol"] + 1, 2):
                    address = (
                        template.replace("{tileMatrix}", "16")
                        .replace("{tileRow}", str(row))
                        .replace("{tileCol}", str(col))
                    )
                    response = client.get(address)
                    assert response.status_code in {200, 204}
                    if response.status_code == 200:
                        found += 1
                        assert response.headers["content-type"] == "application/vnd.mapbox-vector-tile"
                        assert (
                            client.get(
                                address, headers={"If-None-Match": response.headers["etag"]}
                            ).status_code
                            == 304
                        )
            assert found
            scheme = client.get(linked(own, "http://www.opengis.net/def/rel/ogc/1.0/tiling-scheme")[0]).json()
            assert scheme["tileMatrices"][3]["scaleDenominator"] == pytest.approx(69885283.00358972)
        for path in (
            "WorldCRS84Quad/1/0/0",
            "WebMercatorQuad/3/8/0",
            "WebMercatorQuad/30/0/0",
            "WebMercatorQuad/a/0/0",
        ):
            assert client.get(f"{OGC}/tiles/{path}").status_code == 404, path


def test_the_open_tiles_are_the_map_s_tiles(site: Served) -> None:
    """Row and column change places; the bytes are the same."""
    col, row = tile_of(7.8852, 48.4545, 16)
    with anyone(site) as client:
        ours = client.get(f"{OGC}/tiles/WebMercatorQuad/16/{row}/{col}?collections=parcels,buildings")
        theirs = client.get(f"/v1/cities/schutterwald/tiles/16/{col}/{row}.pbf?layers=parcels,buildings")
        assert ours.content == theirs.content != b""


def test_tilejson_and_style_ask_for_nothing_but_our_own(site: Served, place: City) -> None:
    with site.client() as client:
        described = client.get(f"{OGC}/tiles/WebMercatorQuad/tilejson").json()
        style = client.get(f"{OGC}/style.json").json()
    assert described["tiles"][0].endswith("/ogc/tiles/WebMercatorQuad/{z}/{y}/{x}")
    assert style["version"] == 8
    assert "glyphs" not in style
    assert "sprite" not in style
    assert set(re.findall(r"https?://[^/\"]+", json.dumps(style))) == {site.url}
    drawn = [each for each in style["layers"] if "source-layer" in each]
    assert {each["source-layer"] for each in drawn} == {
        spec.layer_id for spec in place.layers if spec.sensitivity != "sensitive"
    }
    order = [place.layer(each["source-layer"]).draw_order for each in drawn]
    assert order == sorted(order)
    colours = {
        each["source-layer"]: each["paint"].get("line-color") for each in drawn if each["type"] == "line"
    }
    assert (colours["water_lines"], colours["gas_lines"]) == ("#0b6fc2", "#e0a800")
    assert len({each["id"] for each in style["layers"]}) == len(style["layers"])


# --- pages for people


class _Page:
    """What an assistive technology would look for in a page."""

    def __init__(self, text_: str) -> None:
        self.text = text_

    def check(self, language: str) -> None:
        assert f'<html lang="{language}" dir="{"rtl" if language == "fa" else "ltr"}">' in self.text
        assert self.text.count("<h1>") == 1
        assert '<main id="main">' in self.text
        assert 'href="#main"' in self.text
        assert "<script" not in self.text
        assert not re.search(r"(?<!/)\b(?:ogc|property)-[a-z-]+\b", re.sub(r"<[^>]*>", " ", self.text)), (
            "a message without words"
        )
        for table in re.findall(r"<table>.*?</table>", self.text, re.DOTALL):
            assert "<caption" in table
            assert 'scope="col"' in table


@pytest.mark.parametrize("language", ["en", "fa"])
def test_pages_in_both_languages(site: Served, language: str) -> None:
    layer = "/collections/water_lines"
    own = [f"{layer}{rest}" for rest in ("", "/schema", "/queryables", "/items", "/items/WM00001", "/tiles")]
    schemes = ["/tileMatrixSets", "/tileMatrixSets/WebMercatorQuad"]
    paths = ["", "/conformance", "/api", "/collections", "/tiles", "/tiles/WebMercatorQuad", *schemes, *own]
    paths.append("/collections/parcels/items?bbox=7.88,48.45,7.89,48.46")
    with site.client(Accept="text/html,application/xhtml+xml,*/*;q=0.8") as client:
        for path in paths:
            response = client.get(f"{OGC}{path}", headers={"Accept-Language": language})
            assert response.status_code == 200, path
            assert response.headers["content-type"].startswith("text/html"), path
            assert response.headers["content-language"] == language
            _Page(response.text).check(language)
            hosts = set(re.findall(r'(?:href|src)="(https?://[^/"]+)', response.text))
            assert hosts <= {site.url}, path
            for href in set(re.findall(r'href="([^"#]+)"', response.text)):
                address = href.replace("&amp;", "&")
                if "/items" not in address and "{" not in address and "/export" not in address:
                    assert client.get(address).status_code == 200, (path, address)


def test_pages_escape_what_agencies_wrote(api: Served) -> None:
    engine = make_engine(str(api.settings.database_url))
    with engine.begin() as connection:
        connection.execute(
            text(
                "UPDATE layers.parcel SET land_use = '<script>alert(1)</script>\"&' WHERE feature_id = '08-5440-00001'"
            )
        )
    engine.dispose()
    with anyone(api) as client:
        for path in (f"{ITEMS}?limit=3&f=html", f"{ITEMS}/08-5440-00001?f=html"):
            page = client.get(path).text
            assert "<script>alert" not in page
            assert "&lt;script&gt;alert(1)&lt;/script&gt;&quot;&amp;" in page
        reflected = client.get(f"{ITEMS}?f=html&land_use=%22%3E%3Cscript%3E").text
        assert "<script>" not in reflected


# --- files


def test_files(site: Served, problem_of: Code, parcels: dict[str, shapely.Geometry]) -> None:
    starts = {
        "gpkg": b"SQLite format 3\x00",
        "fgb": b"fgb\x03",
        "geojson": b'{"type":"FeatureCollection"',
        "geojsonseq": b"\x1e{",
        "dxf": b"  0\n",
    }
    with anyone(site) as client:
        for form, start in starts.items():
            response = client.get(f"{OGC}/collections/parcels/export?f={form}")
            assert response.status_code == 200, response.text
            assert response.content.startswith(start), (form, response.content[:20])
            assert "attachment" in response.headers["content-disposition"]
            again = client.get(
                f"{OGC}/collections/parcels/export?f={form}",
                headers={"If-None-Match": response.headers["etag"]},
            )
            assert again.status_code == 304
        some = client.get(
            f"{OGC}/collections/parcels/export?f=geojson&bbox=7.88,48.45,7.885,48.455&filter=area_m2>500"
        ).json()
        same = client.get(f"{ITEMS}?bbox=7.88,48.45,7.885,48.455&filter=area_m2>500").json()
        assert ids(some) == ids(same) != []
        for wrong in (
            "",
            "?f=shp",
            "?f=gpkg&bbox=1",
            "?f=gpkg&filter=x",
            "?f=geojson&filter=area_m2%5E100000>1",
        ):
            response = client.get(f"{OGC}/collections/parcels/export{wrong}")
            assert response.status_code == 400, wrong


def test_refusals_are_worded_in_persian_too(site: Served) -> None:
    with anyone(site) as client:
        response = client.get(f"{ITEMS}?filter=area_m2>", headers={"Accept-Language": "fa"})
    assert response.headers["content-language"] == "fa"
    assert re.search(r"[\u0600-\u06ff]", response.json()["detail"])
