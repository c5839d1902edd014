"""The read path over HTTP: cities, parcels, tiles, live events."""

from __future__ import annotations

import json
import math
import threading
from collections.abc import Callable
from pathlib import Path

import httpx2
import pytest
from sqlalchemy import text

from layers.city import City, load_city
from layers.database import make_engine, make_sessions
from layers.ingest import roll_back
from permits.vocabulary import Role
from tests.api.conftest import Served

Code = Callable[[httpx2.Response], str]
BASE = "/v1/cities/schutterwald"


@pytest.fixture(scope="module")
def place(root: Path) -> City:
    return load_city(root / "cities", "schutterwald")


def a_parcel(api: Served) -> tuple[str, float, float]:
    """Some parcel's id and a point on it (longitude, latitude)."""
    with api.client() as client:
        first = client.get(f"{BASE}/parcels?q=").json()["parcels"][0]
    ring = first["geometry"]["coordinates"][0]
    lon = sum(point[0] for point in ring[:-1]) / (len(ring) - 1)
    lat = sum(point[1] for point in ring[:-1]) / (len(ring) - 1)
    return first["parcel_id"], lon, lat


def tile_of(lon: float, lat: float, z: int) -> str:
    """The tile address z/x/y of a point."""
    n = 2**z
    x = int((lon + 180) / 360 * n)
    y = int((1 - math.asinh(math.tan(math.radians(lat))) / math.pi) / 2 * n)
    return f"{z}/{x}/{y}"


def test_city_tells_agencies_layers_and_freshness(api: Served, place: City) -> None:
    with api.client() as client:
        city = client.get(BASE).json()
    assert city["name"]["fa"]
    assert {each["id"] for each in city["agencies"]} == {each.agency_id for each in place.agencies}
    layers = {each["id"]: each for each in city["layers"]}
    assert set(layers) == {each.layer_id for each in place.layers}
    for each in layers.values():
        assert each["freshness"]["state"] in {"fresh", "stale", "missing"}
        assert each["visible"] is True
    west, south, east, north = city["bounds_wgs84"]
    assert west < city["center"][0] < east
    assert south < city["center"][1] < north


def test_sensitive_layers_are_only_for_those_who_need_them(
    api: Served, problem_of: Code, place: City
) -> None:
    mine = [each for each in place.layers if each.sensitivity == "sensitive" and each.owner == "gas"]
    sensitive = mine[0].layer_id
    shared = next(each.layer_id for each in place.layers if each.sensitivity == "shared")
    path = f"{BASE}/tiles/14/8550/5640.pbf"
    for role in (None, Role.APPLICANT, Role.FRONT_OFFICE, Role.AUDITOR):
        with api.client(role) as client:
            refused = client.get(path, params={"layers": sensitive})
            assert refused.status_code == (401 if role is None else 403), role
            seen = {each["id"] for each in client.get(BASE).json()["layers"] if each["visible"]}
            assert sensitive not in seen
            assert (shared in seen) == (role in {Role.FRONT_OFFICE, Role.AUDITOR})
    for role in (Role.OFFICER, Role.CRISIS, Role.AGENCY):
        with api.client(role) as client:
            assert client.get(path, params={"layers": sensitive}).status_code in {200, 204}


def test_parcel_by_point_prefix_and_id(api: Served, problem_of: Code) -> None:
    parcel_id, lon, lat = a_parcel(api)
    with api.client() as client:
        at = client.get(f"{BASE}/parcels?at={lon:.7f},{lat:.7f}").json()["parcels"]
        like = client.get(f"{BASE}/parcels?q={parcel_id[:4]}&limit=5").json()["parcels"]
        dossier = client.get(f"{BASE}/parcels/{parcel_id}").json()
        nowhere = client.get(f"{BASE}/parcels?at=0,0")
        words = client.get(f"{BASE}/parcels?at=here,there")
        unknown = client.get(f"{BASE}/parcels/none-such")
    assert [each["parcel_id"] for each in at] == [parcel_id]
    assert parcel_id in [each["parcel_id"] for each in like]
    assert dossier["parcel_id"] == parcel_id
    assert dossier["geometry"]["type"] in {"Polygon", "MultiPolygon"}
    assert dossier["freshness"]
    assert (nowhere.status_code, problem_of(nowhere)) == (422, "crs-out-of-area")
    assert (words.status_code, problem_of(words)) == (422, "point-invalid")
    assert (unknown.status_code, problem_of(unknown)) == (404, "parcel-not-stored")


def test_unknown_query_parameters_are_refused(api: Served, problem_of: Code) -> None:
    with api.client() as client:
        for path in ("", "/parcels?adress=1", "/tilejson?layer=x", "/tiles/14/8550/5640.pbf?v=2"):
            response = client.get(f"{BASE}{path or '?x=1'}")
            assert (response.status_code, problem_of(response)) == (400, "unknown-parameter")
            assert response.json()["params"]["unknown"]


def test_tile_is_conditional_and_compressed(api: Served) -> None:
    _, lon, lat = a_parcel(api)
    path = f"{BASE}/tiles/{tile_of(lon, lat, 16)}.pbf?layers=parcels,buildings"
    with api.client() as client:
        first = client.get(path, headers={"Accept-Encoding": "identity"})
        zipped = client.get(path, headers={"Accept-Encoding": "gzip"})
        same = client.get(path, headers={"If-None-Match": first.headers["etag"]})
        other = client.get(path.replace("parcels,buildings", "parcels"))
    assert first.status_code == 200
    assert first.headers["content-type"] == "application/vnd.mapbox-vector-tile"
    assert b"parcels" in first.content
    assert zipped.headers["content-encoding"] == "gzip"
    assert zipped.content == first.content  # the client unzips
    assert (same.status_code, same.content) == (304, b"")
    assert other.headers["etag"] != first.headers["etag"]


def test_a_new_delivery_is_seen_at_once(api: Served, place: City) -> None:
    """No stale tile after a commit: the version is part of the ETag and of the cache's key."""
    _, lon, lat = a_parcel(api)
    path = f"{BASE}/tiles/{tile_of(lon, lat, 16)}.pbf?layers=parcels"
    engine = make_engine(api.settings.database_url or "")
    with api.client() as client:
        first = client.get(path)
        roll_back(engine, place, "parcels")
        after = client.get(path, headers={"If-None-Match": first.headers["etag"]})
    engine.dispose()
    assert after.status_code == 204
    assert after.headers["etag"] != first.headers["etag"]


def test_no_such_tile_and_no_such_layer(api: Served, problem_of: Code) -> None:
    with api.client() as client:
        outside = client.get(f"{BASE}/tiles/3/9/1.pbf?layers=parcels")
        unknown = client.get(f"{BASE}/tiles/14/8550/5640.pbf?layers=parcels,gold")
    assert (outside.status_code, problem_of(outside)) == (404, "tile-out-of-range")
    assert (unknown.status_code, problem_of(unknown)) == (422, "layer-unknown")
    assert unknown.json()["params"]["unknown"] == ["gold"]


def test_tilejson_lists_what_the_asker_may_see(api: Served) -> None:
    with api.client(None) as client:
        public = {each["id"] for each in client.get(f"{BASE}/tilejson").json()["vector_layers"]}
    with api.client() as client:
        officer = client.get(f"{BASE}/tilejson").json()
    ids = {each["id"] for each in officer["vector_layers"]}
    assert public < ids
    assert officer["tiles"][0].startswith(f"{api.url}{BASE}/tiles/")


def test_a_change_of_a_case_reaches_every_open_stream(api: Served) -> None:
    """The feed carries what the writing transaction announced, once it has committed (T18)."""
    seen: list[str] = []
    ready, done = threading.Event(), threading.Event()

    def listen() -> None:
        with api.client() as client, client.stream("GET", f"{BASE}/events") as response:
            assert response.headers["content-type"].startswith("text/event-stream")
            for line in response.iter_lines():
                seen.append(line)
                if line.startswith("event: hello"):
                    ready.set()
                if line.startswith("data:") and "case_id" in line:
                    done.set()
                    return

    thread = threading.Thread(target=listen, daemon=True)
    thread.start()
    assert ready.wait(10)
    engine = make_engine(api.settings.database_url or "")
    payload = {"city": "schutterwald", "case_id": "c1", "status": "consulting", "version": 1}
    with make_sessions(engine).begin() as session:
        session.execute(
            text("SELECT pg_notify('panjereh_case', :p)"), {"p": json.dumps({**payload, "city": "x"})}
        )
        session.execute(text("SELECT pg_notify('panjereh_case', :p)"), {"p": json.dumps(payload)})
    engine.dispose()
    assert done.wait(10), seen
    thread.join(5)
    told = [json.loads(line.removeprefix("data: ")) for line in seen if "case_id" in line]
    assert told == [payload]
