"""Excavations over HTTP: every address, who may, what is refused and how, photos without the camera's data."""

from __future__ import annotations

import json
import struct
import zlib
from collections.abc import Callable
from datetime import date, timedelta
from typing import Any
from uuid import uuid4

import httpx2
import pytest
from openapi_spec_validator import validate

from layers.database import make_engine, make_sessions
from permits.vocabulary import Role
from tests.api.conftest import Served

Code = Callable[[httpx2.Response], str]
BASE = "/v1/cities/schutterwald"
START = date.today() + timedelta(days=30)  # noqa: DTZ011 - any day will do
END = START + timedelta(days=10)


def key() -> dict[str, str]:
    return {"Idempotency-Key": str(uuid4())}


def body(dx: float = 0.0, **changes: Any) -> dict[str, Any]:
    axis = [[418566.0 + dx, 5367463.0], [418626.0 + dx, 5367463.0]]
    made: dict[str, Any] = {
        "kind": "development",
        "title": "Renewal of the main",
        "excavation": {
            "geometry": {"type": "LineString", "coordinates": axis},
            "crs": "EPSG:25832",
            "depth_m": 1.2,
        },
        "works": {"pavement": "asphalt", "width_m": 1.0},
        "starts_on": START.isoformat(),
        "ends_on": END.isoformat(),
        "contractor": {"name": "Tiefbau GmbH", "phone": "+49 30 2"},
    }
    return made | changes


def file(client: httpx2.Client, **changes: Any) -> dict[str, Any]:
    response = client.post(f"{BASE}/digs", json=body(**changes), headers=key())
    assert response.status_code == 201, response.text
    view: dict[str, Any] = response.json()
    assert response.headers["location"] == f"{BASE}/digs/{view['dig_id']}"
    return view


def act(client: httpx2.Client, view: dict[str, Any], action: str, **said: Any) -> dict[str, Any]:
    response = client.post(f"{BASE}/digs/{view['dig_id']}/{action}", json=said, headers=key())
    assert response.status_code == 200, (action, response.text)
    made: dict[str, Any] = response.json()
    return made


def test_the_way_to_a_permit_and_what_each_role_sees(api: Served, problem_of: Code) -> None:
    """A07, I05: the gas company asks, the officer visits and asks, the others answer, the office takes the money."""
    with api.client(Role.AGENCY) as gas, api.client() as officer, api.client(Role.AUDITOR) as auditor:
        view = file(gas)
        assert view["agency"] == "gas"
        assert view["status"] == "requested"
        assert {"change", "withdraw"} == set(view["actions"])
        listed = officer.get(f"{BASE}/digs", params={"status": "requested"}).json()
        assert [each["dig_id"] for each in listed["digs"]] == [view["dig_id"]]
        act(officer, view, "visit", note="seen", asphalt_age_years=3)
        asked = act(officer, view, "inquire", expected_version=act_version(officer, view))
        for each in asked["inquiries"]:
            seen = act(officer, view, "answers", agency=each["agency"], answer="no_objection")
        assert seen["status"] == "inquired"
        assert gas.get(f"{BASE}/digs/{view['dig_id']}").json()["actions"] == ["withdraw", "change"]
        costed = act(officer, view, "calculate")
        assert costed["costs"]["items"][0]["inputs"]["age_factor"] == 1.5
        refused = officer.post(f"{BASE}/digs/{view['dig_id']}/permit", json={}, headers=key())
        assert refused.status_code == 409
        assert problem_of(refused) == "dig-action-not-allowed"
        act(officer, view, "pay", receipt_no="R-1", amount=costed["costs"]["total"])
        permitted = act(officer, view, "permit", conditions=[{"code": "night-work", "params": {}}])
        assert permitted["permit"]["permit_no"].startswith("E-D")
        assert [each["code"] for each in permitted["permit"]["conditions"]] == ["night-work"]
        assert auditor.get(f"{BASE}/digs/{view['dig_id']}").json()["actions"] == []
        told = auditor.get(f"{BASE}/digs/{view['dig_id']}/history").json()
        assert told[0]["event"] == "dig.filed"
        assert permitted["audit_head"] == told[-1]["hash"]
        shown = officer.get(f"{BASE}/digs/{view['dig_id']}/geojson").json()
        assert shown["features"][0]["properties"]["kind"] == "excavation"


def act_version(client: httpx2.Client, view: dict[str, Any]) -> int:
    return int(client.get(f"{BASE}/digs/{view['dig_id']}").json()["version"])


def test_repeats_and_stale_versions(api: Served, problem_of: Code) -> None:
    """T8: the same key gives the same answer; another body under it, or an old version, is refused."""
    with api.client(Role.AGENCY) as gas, api.client() as officer:
        named = key()
        first = gas.post(f"{BASE}/digs", json=body(), headers=named)
        again = gas.post(f"{BASE}/digs", json=body(), headers=named)
        assert first.json() == again.json()
        assert problem_of(gas.post(f"{BASE}/digs", json=body(title="x"), headers=named)) == "key-reused"
        assert problem_of(gas.post(f"{BASE}/digs", json=body())) == "idempotency-key-missing"
        view = first.json()
        path = f"{BASE}/digs/{view['dig_id']}/visit"
        assert problem_of(officer.post(path, json={"expected_version": 1})) == "stale-dig"
        named = key()
        one = officer.post(path, json={"expected_version": view["version"]}, headers=named).json()
        two = officer.post(path, json={"expected_version": view["version"]}, headers=named).json()
        assert one == two
        assert len(two["records"]) == 1


@pytest.mark.parametrize(
    ("changes", "status", "code"),
    [
        ({"starts_on": "tomorrow"}, 422, "form-invalid"),
        ({"starts_on": 20260101}, 422, "form-invalid"),
        ({"unknown": 1}, 422, "form-invalid"),
        ({"ends_on": (START - timedelta(days=1)).isoformat()}, 422, "dig-request-invalid"),
        ({"works": {"pavement": "asphalt", "width_m": -1}}, 422, "dig-request-invalid"),
        ({"works": {}}, 422, "dig-request-invalid"),
        ({"excavation": None}, 422, "dig-request-invalid"),
        ({"excavation": {"geometry": {"type": "LineString", "coordinates": []}, "crs": "EPSG:25832",
                         "depth_m": 1}}, 422, "shape-empty"),
        ({"excavation": {"geometry": {"type": "LineString", "coordinates": [["a", 1], [2, 3]]},
                         "crs": "EPSG:25832", "depth_m": 1}}, 422, "shape-unreadable"),
        ({"excavation": {"geometry": {"type": "Point", "coordinates": [7.88, 48.45]}, "crs": "EPSG:25832",
                         "depth_m": 1}}, 422, "crs-degrees-as-metres"),
        ({"excavation": {"geometry": {"type": "Point", "coordinates": [1.0, 48.45]}, "crs": "EPSG:4326",
                         "depth_m": 1}}, 422, "crs-out-of-area"),
    ],
)  # fmt: skip
def test_what_is_refused_says_why(
    bad_api: Served, problem_of: Code, changes: dict[str, Any], status: int, code: str
) -> None:
    """T23: nothing unusable gets in."""
    with bad_api.client(Role.AGENCY) as gas:
        response = gas.post(f"{BASE}/digs", json=body(**changes), headers=key())
        assert (response.status_code, problem_of(response)) == (status, code)


@pytest.fixture(scope="module")
def bad_api(cluster: Any, schutterwald_template: str, root: Any, tmp_path_factory: Any) -> Any:
    """One server for all the refusals, which leave nothing behind."""
    from tests.api.conftest import served

    url = cluster.create_database(f"bad_{uuid4().hex[:8]}", template=schutterwald_template)
    with served(url, root, tmp_path_factory.mktemp("bad"), ["schutterwald"]) as made:
        yield made


def test_the_calendar_shows_every_agencys_plans_and_overlaps_are_offered(api: Served) -> None:
    """A07, A21, A22: a plan and a dig in one street find each other; both accept; the costs are split."""
    with api.client(Role.AGENCY) as gas, api.client() as officer:
        plan = officer.post(
            f"{BASE}/planned-works",
            json={
                "agency_ref": "W-7",
                "agency": "water",
                "title": "New water main",
                "geometry": {"type": "LineString", "coordinates": [[418566, 5367467], [418666, 5367467]]},
                "crs": "EPSG:25832",
                "starts_on": (START + timedelta(days=20)).isoformat(),
                "ends_on": (END + timedelta(days=20)).isoformat(),
                "width_m": 1.5,
            },
            headers=key(),
        )
        assert plan.status_code == 201, plan.text
        view = file(gas)
        (met,) = view["overlaps"]
        assert met["with_ref"] == f"plan:{plan.json()['plan_id']}"
        assert (met["state"], met["gap_days"], met["shared_m"]) == ("offered", 10, 60.0)
        assert met["shares"][f"dig:{view['dig_id']}"] == 0.4
        window = {"from": START.isoformat(), "to": (END + timedelta(days=60)).isoformat()}
        shown = gas.get(f"{BASE}/digs/calendar", params=window).json()
        assert {each["properties"]["kind"] for each in shown["features"]} == {"dig", "plan"}
        west = gas.get(f"{BASE}/digs/calendar", params=window | {"bbox": "7.0,48.0,7.1,48.1"}).json()
        assert west["features"] == []
        half = act(gas, view, "join", **{"with": met["with_ref"]})
        assert half["overlaps"][0]["state"] == "half_accepted"
        done = officer.post(
            f"{BASE}/planned-works/{plan.json()['plan_id']}/join", json={"with": f"dig:{view['dig_id']}"}
        )
        assert done.json()["overlaps"][0]["state"] == "agreed"
        both = gas.get(f"{BASE}/digs/{view['dig_id']}/overlaps").json()
        assert len(both["trench"]["members"]) == 2
        same = gas.get(f"{BASE}/planned-works/{plan.json()['plan_id']}/overlaps").json()
        assert (same["split"], same["agreed_split"]) == (both["split"], both["agreed_split"])
        assert [each["with_ref"] for each in same["overlaps"]] == [f"dig:{view['dig_id']}"]


def test_who_may_call_whom(api: Served, problem_of: Code) -> None:
    """T12: contacts of all works touching an area, for the crisis desk and the officer only."""
    area = {
        "geometry": {"type": "Point", "coordinates": [418596, 5367473]},
        "crs": "EPSG:25832",
        "radius_m": 50,
    }
    with api.client(Role.CRISIS) as crisis, api.client(Role.AGENCY) as gas:
        incident = file(crisis, kind="incident", agency="gas", works={"width_m": 1.0})
        assert incident["status"] == "emergency"
        assert incident["regularise_by"]
        found = crisis.post(f"{BASE}/digs/contacts", json=area).json()["contacts"]
        assert found[0]["contact"]["contractor"]["phone"] == "+49 30 2"
        assert found[0]["contact"]["agency"]["id"] == "gas"
        open_ = crisis.post(f"{BASE}/digs/open-trenches", json=area).json()["open_trenches"]
        assert [each["ref"] for each in open_] == [incident["dig_id"]]
        assert problem_of(gas.post(f"{BASE}/digs/contacts", json=area)) == "not-allowed"


def picture() -> bytes:
    """A PNG of one pixel with a comment and a position in it."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    return b"".join(
        (
            b"\x89PNG\r\n\x1a\n",
            chunk(b"IHDR", struct.pack(">IIBBBBB", 1, 1, 8, 0, 0, 0, 0)),
            chunk(b"tEXt", b"Comment\0secret place"),
            chunk(b"IDAT", zlib.compress(b"\0\x7f")),
            chunk(b"IEND", b""),
        )
    )


def test_a_report_in_three_taps_with_a_photo_and_its_owners_answer(api: Served, problem_of: Code) -> None:
    """A27: multipart with a photo; stripped, stored outside the database, answered, flagged, registered."""
    with api.client(Role.AGENCY) as gas, api.client() as officer, api.client(Role.FRONT_OFFICE) as desk:
        view = file(gas)
        form = {
            "kind": "damaged",
            "lon": "7.872",
            "lat": "48.447",
            "dig_id": view["dig_id"],
            "layer_id": "gas_lines",
            "feature_id": "GP00356",
            "damage": json.dumps({"cause": "position_wrong", "cost": 1200}),
        }
        sent = desk.post(
            f"{BASE}/trench-reports",
            data=form,
            files={"photo": ("p.png", picture(), "image/png")},
            headers=key(),
        )
        assert sent.status_code == 201, sent.text
        told = sent.json()
        assert (told["agency"], told["status"], told["utility"]) == ("gas", "open", "gas")
        shown = officer.get(f"{BASE}/trench-reports/{told['report_id']}/photo")
        assert shown.headers["content-type"] == "image/png"
        assert b"secret" not in shown.content
        assert len(list((api.settings.data_dir / "photos").rglob("*.png"))) == 1
        path = f"{BASE}/trench-reports/{told['report_id']}/answer"
        assert problem_of(gas.post(path, json={"accepted": False})) == "dig-request-invalid"
        accepted = gas.post(path, json={"accepted": True, "correction_by": END.isoformat()})
        assert accepted.json()["status"] == "accepted"
        assert problem_of(gas.post(path, json={"accepted": True})) == "trench-report-answered"
        flags = officer.get(f"{BASE}/quality-flags").json()["flags"]
        assert [(each["layer_id"], each["feature_id"]) for each in flags] == [("gas_lines", "GP00356")]
        register = officer.get(f"{BASE}/damages").json()
        assert register["by_layer"] == [
            {"layer_id": "gas_lines", "cause": "position_wrong", "count": 1, "cost": 1200.0}
        ]
        plain = desk.post(
            f"{BASE}/trench-reports",
            json={"kind": "not_shown", "lon": 7.872, "lat": 48.447, "utility": "telecom"},
            headers=key(),
        )
        assert plain.json()["agency"] == "telecom"
        wrong = desk.post(
            f"{BASE}/trench-reports",
            data=form,
            files={"photo": ("p.png", b"GIF89a....", "image/png")},
            headers=key(),
        )
        assert (wrong.status_code, problem_of(wrong)) == (422, "photo-unusable")
        big = desk.post(
            f"{BASE}/trench-reports",
            data=form,
            files={"photo": ("p.png", b"x" * (12 * 1024 * 1024 + 1), "image/png")},
            headers=key(),
        )
        assert (big.status_code, problem_of(big)) == (413, "photo-too-large")
        assert problem_of(desk.post(f"{BASE}/trench-reports", data={"kind": "x"}, headers=key())) == (
            "form-invalid"
        )


def test_an_applicant_knows_of_the_own_only(api: Served, problem_of: Code) -> None:
    with api.client(Role.AGENCY) as gas, api.client(Role.APPLICANT) as citizen:
        theirs = file(gas)
        assert problem_of(citizen.get(f"{BASE}/digs/{theirs['dig_id']}")) == "dig-not-found"
        mine = file(citizen, kind="connection", agency="water", dx=400.0)
        assert [each["dig_id"] for each in citizen.get(f"{BASE}/digs").json()["digs"]] == [mine["dig_id"]]
        refused = citizen.post(f"{BASE}/digs", json=body(kind="development", agency="water"), headers=key())
        assert problem_of(refused) == "dig-action-not-allowed"
        other = act(citizen, mine, "withdraw")
        assert other["status"] == "withdrawn"


def test_the_terms_say_where_they_come_from(api: Served) -> None:
    with api.client(Role.AUDITOR) as auditor:
        terms = {each["id"]: each for each in auditor.get(f"{BASE}/digs/terms").json()["terms"]}
    assert terms["first_answer_days"]["value"] == 15
    assert all(each["source"] and each["status"] in {"confirmed", "unconfirmed"} for each in terms.values())


def test_the_description_names_every_action(api: Served) -> None:
    with api.client(None) as nobody:
        described = nobody.get("/v1/openapi.json").json()
    validate(described)
    paths = [path for path in described["paths"] if "/digs/{dig_id}/" in path]
    assert len(paths) >= 28


def test_a_repaved_street_needs_a_second_officer(api: Served, problem_of: Code) -> None:
    """Moratorium: what was repaved may not be opened without another officer's decision."""
    engine = make_engine(api.settings.database_url or "", pool_size=1)
    from api import tokens

    with make_sessions(engine).begin() as session:
        other = tokens.create_token(session, "officer-2", Role.OFFICER, name="second", agency=None)
    engine.dispose()
    with api.client(Role.AGENCY) as gas, api.client() as officer:
        officer.post(
            f"{BASE}/pavings",
            json={
                "title": "Main street",
                "pavement": "asphalt",
                "paved_on": (START - timedelta(days=400)).isoformat(),
                "source": "contract 12",
                "geometry": {"type": "LineString", "coordinates": [[418466, 5367463], [418666, 5367463]]},
                "crs": "EPSG:25832",
            },
            headers=key(),
        ).raise_for_status()
        view = file(gas)
        assert view["moratorium"]["title"] == "Main street"
        act(officer, view, "visit")
        asked = act(officer, view, "inquire")
        for each in asked["inquiries"]:
            seen = act(officer, view, "answers", agency=each["agency"], answer="no_objection")
        assert seen["blocked"]["calculate"] == ["not_barred"]
        why = {"authority": "Council 12", "reason": "hospital"}
        path = f"{BASE}/digs/{view['dig_id']}/override_moratorium"
        assert problem_of(officer.post(path, json=why)) == "second-officer-needed"
        second = httpx2.Client(
            base_url=api.url, headers={"Authorization": f"Bearer {other}"}, timeout=30, trust_env=False
        )
        with second:
            lifted = second.post(path, json=why).json()
        assert "calculate" in lifted["actions"]
        assert officer.get(f"{BASE}/pavings").json()["pavings"][0]["title"] == "Main street"


def test_a_street_paved_anew_bars_what_waits_there(api: Served, problem_of: Code) -> None:
    """What is planned or asked for in the street is told at once, and a request without a permit is barred by it."""
    line = {"type": "LineString", "coordinates": [[418466, 5367463], [418666, 5367463]]}
    with api.client(Role.AGENCY) as gas, api.client() as officer:
        view = file(gas)
        assert view["moratorium"] is None
        planned = {
            "agency": "power", "agency_ref": "P-1", "title": "Cable", "geometry": line, "crs": "EPSG:25832",
            "starts_on": START.isoformat(), "ends_on": (START + timedelta(days=9)).isoformat(),
        }  # fmt: skip
        plan = officer.post(f"{BASE}/planned-works", json=planned, headers=key()).json()
        assert plan["moratorium"] is None
        paving = {
            "title": "Main street", "pavement": "asphalt", "paved_on": (START - timedelta(days=40)).isoformat(),
            "source": "contract 12", "geometry": line, "crs": "EPSG:25832", "width_m": 6,
        }  # fmt: skip
        made = officer.post(f"{BASE}/pavings", json=paving, headers=key())
        assert made.status_code == 201, made.text
        works = {each["ref"]: each["kind"] for each in made.json()["works"]}
        assert works == {f"dig:{view['dig_id']}": "dig", f"plan:{plan['plan_id']}": "plan"}
        again = officer.get(made.headers["location"]).json()
        assert again == made.json()
        assert (
            officer.get(f"{BASE}/planned-works/{plan['plan_id']}").json()["moratorium"]["title"]
            == "Main street"
        )
        barred = officer.get(f"{BASE}/digs/{view['dig_id']}").json()
        assert (barred["moratorium"]["until"], barred["version"]) == (again["until"], view["version"] + 1)
        events = [each["event"] for each in officer.get(f"{BASE}/digs/{view['dig_id']}/history").json()]
        assert events[-1] == "dig.barred"
        assert problem_of(officer.get(f"{BASE}/pavings/{uuid4()}")) == "paving-not-found"
