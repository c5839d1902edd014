"""A bad day at the counter: what a person gets wrong, what breaks underneath, and that nothing is lost.

Every refusal is checked to be a problem document with a code, a sentence in both languages, and a way out.
"""

from __future__ import annotations

import os
import signal
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import httpx2
import pytest
from pyproj import Transformer
from shapely import transform
from shapely.geometry import mapping, shape

from layers.database import make_engine, make_sessions
from permits import store
from tests.scenarios.conftest import CASES, Town
from tests.waiting import wait_until


def refused(response: httpx2.Response, status: int, code: str) -> dict[str, Any]:
    """The params of a refusal that has the RFC 9457 form and a sentence for the reader."""
    assert response.status_code == status, response.text
    assert response.headers["content-type"].startswith("application/problem+json")
    body = response.json()
    assert body["code"] == code
    assert body["status"] == status
    assert len(body["detail"]) > 10
    params: dict[str, Any] = body["params"]
    return params


def both_languages(town: Town, body: dict[str, Any], code: str) -> None:
    """The same refusal in Persian is a Persian sentence."""
    with town.client(**{"Accept-Language": "fa"}) as client:
        said = client.post(CASES, json=body, headers=town.key()).json()
    assert said["code"] == code
    assert any("\u0600" <= letter <= "\u06ff" for letter in said["detail"]), said["detail"]


def dug(body: dict[str, Any], **changes: Any) -> dict[str, Any]:
    """The request with another excavation."""
    return body | {"excavation": body["excavation"] | changes}


def in_crs(body: dict[str, Any], code: str) -> dict[str, Any]:
    """The same pit, its coordinates in another CRS."""
    move = Transformer.from_crs(body["excavation"]["crs"], code, always_xy=True)
    moved = transform(shape(body["excavation"]["geometry"]), move.transform, interleaved=False)
    return dug(body, geometry=mapping(moved), crs=code)


# --- what a person gets wrong --------------------------------------------------------------------


def test_unknown_parcel(town: Town) -> None:
    body = town.body(parcel_id="no-such-parcel")
    with town.client() as client:
        params = refused(client.post(CASES, json=body, headers=town.key()), 422, "parcel-not-found")
    assert params["parcel_id"] == "no-such-parcel"
    both_languages(town, body, "parcel-not-found")


def test_excavation_outside_the_city(town: Town) -> None:
    """Freiburg is next door and, in degrees, easily typed."""
    ring = [[7.85, 47.99], [7.8502, 47.99], [7.8502, 47.9902], [7.85, 47.99]]
    body = dug(town.body(), geometry={"type": "Polygon", "coordinates": [ring]}, crs="EPSG:4326")
    with town.client() as client:
        params = refused(client.post(CASES, json=body, headers=town.key()), 422, "crs-out-of-area")
    assert params["of"] == "city"
    assert (round(params["x"], 2), round(params["y"], 2)) == (7.85, 47.99)
    both_languages(town, body, "crs-out-of-area")


def test_excavation_on_another_parcel(town: Town) -> None:
    body = town.body()
    away = transform(shape(body["excavation"]["geometry"]), lambda xy: xy + [150.0, 0.0])
    body = dug(body, geometry=mapping(away))
    with town.client() as client:
        params = refused(client.post(CASES, json=body, headers=town.key()), 422, "excavation-off-parcel")
    assert params["distance"] > params["limit"]
    both_languages(town, body, "excavation-off-parcel")


def test_self_crossing_excavation_is_told_where(town: Town) -> None:
    body = town.body()
    west, south, east, north = shape(body["excavation"]["geometry"]).bounds
    bow = [[west, south], [east, north], [east, south], [west, north], [west, south]]
    body = dug(body, geometry={"type": "Polygon", "coordinates": [bow]})
    with town.client() as client:
        params = refused(client.post(CASES, json=body, headers=town.key()), 422, "shape-self-crossing")
    assert params["x"] == pytest.approx((west + east) / 2, abs=0.01)
    assert params["y"] == pytest.approx((south + north) / 2, abs=0.01)
    both_languages(town, body, "shape-self-crossing")


@pytest.mark.parametrize("code", ["EPSG:4326", "EPSG:32632", "EPSG:4258"])
def test_another_stated_crs_gives_the_same_findings(town: Town, code: str) -> None:
    body = town.body()
    with town.client() as client:
        own = client.post(CASES, json=body, headers=town.key()).json()
        other = client.post(CASES, json=in_crs(body, code), headers=town.key())
        assert other.status_code == 201, other.text
    moved = other.json()
    assert moved["excavation"]["area_m2"] == pytest.approx(own["excavation"]["area_m2"], rel=1e-3)

    def found(view: dict[str, Any]) -> set[tuple[str, str, str]]:
        return {(each["layer_id"], each["feature_id"], each["verdict"]) for each in view["findings"]}

    assert found(moved) == found(own)
    with town.client() as client:
        for view in (own, moved):
            assert client.post(f"{CASES}/{view['case_id']}/withdraw", json={}).status_code == 200


def test_degrees_for_metres_metres_for_degrees_and_neither(town: Town) -> None:
    body = town.body()
    degrees = in_crs(body, "EPSG:4326")
    with town.client() as client:
        as_metres = dug(degrees, crs=town.city.crs)
        refused(client.post(CASES, json=as_metres, headers=town.key()), 422, "crs-degrees-as-metres")
        as_degrees = dug(body, crs="EPSG:4326")
        refused(client.post(CASES, json=as_degrees, headers=town.key()), 422, "crs-metres-as-degrees")
        unsaid = dug(body, crs=None)
        params = refused(client.post(CASES, json=unsaid, headers=town.key()), 422, "crs-missing")
        assert params["known"] == ["EPSG:4326", town.city.crs]
        unheard = dug(body, crs="EPSG:999999")
        refused(client.post(CASES, json=unheard, headers=town.key()), 422, "crs-unknown")
    for wrong, code in ((as_metres, "crs-degrees-as-metres"), (unsaid, "crs-missing")):
        both_languages(town, wrong, code)


@pytest.mark.parametrize("depth_m", [-1.0, 0.0, 1000.0])
def test_depth_that_is_no_depth(town: Town, depth_m: float) -> None:
    body = dug(town.body(), depth_m=depth_m)
    with town.client() as client:
        response = client.post(CASES, json=body, headers=town.key())
    params = refused(response, 422, response.json()["code"])
    assert "depth" in f"{response.json()['code']} {params}"
    both_languages(town, body, response.json()["code"])


def test_wrong_forms_are_told_field_by_field(town: Town) -> None:
    body = town.body()
    cases: list[tuple[dict[str, Any], str]] = [
        (dug(body, depth_m="deep"), "body.excavation.depth_m"),
        (dug(body, method="dynamite"), "body.excavation.method"),
        (body | {"works": "palace"}, "body.works"),
        (body | {"storeys": 2.5}, "body.storeys"),
        (body | {"colour": "red"}, "body.colour"),
        (body | {"wishes": {"water": {"wish": "perhaps"}}}, "body.wishes.water.wish"),
    ]
    with town.client() as client:
        for wrong, field in cases:
            params = refused(client.post(CASES, json=wrong, headers=town.key()), 422, "form-invalid")
            assert field in params["fields"]
    both_languages(town, cases[0][0], "form-invalid")


def test_unknown_agency_in_the_wishes(town: Town) -> None:
    body = town.body(wishes={"oil": {"wish": "now"}})
    with town.client() as client:
        response = client.post(CASES, json=body, headers=town.key())
    assert response.status_code == 422
    assert "oil" in str(response.json()["params"])


def test_nothing_is_accepted_without_an_idempotency_key(town: Town) -> None:
    with town.client() as client:
        refused(client.post(CASES, json=town.body()), 400, "idempotency-key-missing")


# --- twice, and at once --------------------------------------------------------------------------


def test_the_same_request_posted_twice_is_one_case(town: Town) -> None:
    """T8: also when both arrive at the same moment."""
    body, key = town.body(), town.key()

    def post(_number: int) -> httpx2.Response:
        with town.client() as client:
            return client.post(CASES, json=body, headers=key)

    with ThreadPoolExecutor(4) as pool:
        answers = list(pool.map(post, range(4)))
    assert [each.status_code for each in answers] == [201] * 4, [each.text for each in answers]
    assert len({each.json()["case_id"] for each in answers}) == 1
    with town.client() as client:
        listed = client.get(CASES, params={"q": body["parcel_id"]}).json()["cases"]
        assert len([each for each in listed if each["parcel_id"] == body["parcel_id"]]) == 1
        other = client.post(CASES, json=body | {"storeys": 9}, headers=key)
        refused(other, 422, "key-reused")


def test_two_officers_approving_at_once(town: Town) -> None:
    with town.client() as client:
        view = town.ready(client)
    gate = threading.Barrier(2)

    def approve(actor: str) -> httpx2.Response:
        with town.client(actor) as client:
            gate.wait()
            return town.approve(client, view)

    with ThreadPoolExecutor(2) as pool:
        answers = list(pool.map(approve, ("officer-1", "officer-2")))
    assert sorted(each.status_code for each in answers) == [200, 409], [each.text for each in answers]
    late = next(each for each in answers if each.status_code == 409)
    refused(late, 409, "stale-case")
    with town.client() as client:
        final = town.wait(client, view["case_id"], "active")
    assert [each["revision"] for each in final["exchanges"]] == [1]
    for agency in ("water", "power", "gas"):
        assert town.orders(agency, view["case_id"]) == ["try", "confirm"]


# --- what breaks underneath ----------------------------------------------------------------------


def test_a_company_down_for_the_whole_case(town: Town) -> None:
    """The others answer, the case waits in plain sight, and it goes on by itself when the company is back."""
    gas = town.child("gas")
    gas.stop_process()
    try:
        with town.client() as client:
            view = town.submit(client)
            path = f"{CASES}/{view['case_id']}"

            def pending() -> set[str]:
                asked = client.get(path).json()["consultations"]
                return {each["agency"] for each in asked if each["status"] == "pending"}

            assert wait_until(lambda: pending() == {"gas"})
            seen = client.get(path).json()
            assert seen["status"] == "consulting"
            response = town.approve(client, seen)
            refused(response, 409, "action-not-allowed")
            # Other work goes on meanwhile.
            assert client.get(f"/v1/cities/{town.city.city_id}").status_code == 200
    finally:
        gas.start()
    with town.client() as client:
        ready = town.wait(client, view["case_id"], "awaiting_decision")
        gas.stop_process()
        try:
            assert town.approve(client, ready).status_code == 200
            path = f"{CASES}/{view['case_id']}"

            def held() -> bool:
                agencies = client.get(path).json()["exchanges"][0]["agencies"]
                return {each["agency"]: each["try"] for each in agencies}.items() >= {
                    "water": "done",
                    "power": "done",
                }.items()

            assert wait_until(held)
            assert client.get(path).json()["status"] == "exchanging"
        finally:
            gas.start()
        final = town.wait(client, view["case_id"], "active")
    assert final["permit"]
    for agency in ("water", "power", "gas"):
        assert town.orders(agency, view["case_id"]) == ["try", "confirm"]


def test_a_refused_tariff_change_undoes_the_others_and_asks_a_person(town: Town) -> None:
    with town.company("gas") as gas:
        plan = {"seed": 1, "rates": {"refuse_tariff": 1.0}}
        assert gas.put("/sandbox/faults", json=plan).status_code == 200
    try:
        with town.client() as client:
            view = town.ready(client)
            assert town.approve(client, view).status_code == 200
            stopped = town.wait(client, view["case_id"], "needs_decision")
    finally:
        with town.company("gas") as gas:
            gas.put("/sandbox/faults", json={})
    exchange = stopped["exchanges"][-1]
    assert exchange["state"] == "cancelled"
    by_agency = {each["agency"]: each for each in exchange["agencies"]}
    assert by_agency["gas"]["refusal"] == "tariff-change-refused"
    assert "needs_decision" in {each["kind"] for each in stopped["tasks"]}
    assert "retry" in stopped["actions"]
    for agency in ("water", "power"):
        assert town.orders(agency, view["case_id"]) in (["try", "cancel"], [])
    assert town.orders("gas", view["case_id"]) == []
    # The officer tries again: a new revision, and everything that was promised is done once.
    with town.client() as client:
        again = client.post(f"{CASES}/{view['case_id']}/retry", json={}, headers=town.key())
        assert again.status_code == 200, again.text
        final = town.wait(client, view["case_id"], "active")
    assert [each["revision"] for each in final["exchanges"]] == [1, 2]
    assert town.orders("gas", view["case_id"]) == ["try", "confirm"]


def test_the_database_killed_in_the_middle(town: Town) -> None:
    """503 while it is away, the same request again when it is back, nothing lost and nothing doubled."""
    cluster = town.made.database.cluster
    assert cluster is not None
    with town.client() as client:
        view = town.ready(client)
        key = town.key()
        pid = cluster.server_pid()
        assert pid is not None
        os.kill(pid, signal.SIGKILL)
        away = client.get(CASES)
        params = refused(away, 503, "database-away")
        assert int(away.headers["retry-after"]) == params["retry_after_s"]
        assert town.approve(client, view, **key).status_code == 503
        health = client.get("/v1/health")
        assert (health.status_code, health.json()["database"]) == (503, "down")
        cluster.ensure_running()
        assert wait_until(lambda: client.get("/v1/health").status_code == 200)
        first = town.approve(client, view, **key)
        assert first.status_code == 200, first.text
        same = town.approve(client, view, **key)
        assert (same.status_code, same.json()["permit"]) == (200, first.json()["permit"])
        # And again, killed while the companies are being told.
        os.kill(cluster.server_pid() or 0, signal.SIGKILL)
        time.sleep(1)
        cluster.ensure_running()
        final = town.wait(client, view["case_id"], "active")
    assert len(final["exchanges"]) == 1
    for agency in ("water", "power", "gas"):
        assert town.orders(agency, view["case_id"]) == ["try", "confirm"]


def test_after_the_bad_day_every_chain_holds(town: Town) -> None:
    engine = make_engine(town.made.database.url, pool_size=1)
    with make_sessions(engine)() as session:
        count, faults = store.verify_all(session)
    engine.dispose()
    assert count > 5
    assert faults == []
