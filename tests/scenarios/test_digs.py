"""Excavations as people meet them: over HTTP, with the scheduler at work, and with time passing.

Time passes by moving what was written into the past; nothing waits and nothing depends on the day.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import uuid4

import pyogrio
import pytest
from shapely.geometry import mapping
from sqlalchemy import text

from api import demo, demo_digs
from api.events import Listener
from geo.crs import to_wgs84
from layers.access import ROLE
from layers.cluster import Cluster
from layers.database import make_sessions
from permits import service
from permits.dig_sweep import DigSweeper
from permits.ports import Actor
from permits.requests import Answer
from permits.views import as_json
from permits.vocabulary import Role
from tests.scenarios.people import BASE, CITY, People, signed_in
from tests.waiting import wait_until

DIGS = f"{BASE}/digs"


@dataclass(slots=True)
class Street(People):
    """A served city, its people by name, and its scheduler."""

    sweep: DigSweeper = field(init=False)

    def __post_init__(self) -> None:
        self.sweep = DigSweeper(make_sessions(self.engine), [self.city])

    def refused(self, who: str, path: str, **said: Any) -> dict[str, Any]:
        response = self.client(who).post(path, json=said)
        assert response.status_code == 409, response.text
        problem: dict[str, Any] = response.json()
        return problem

    def act(self, who: str, dig: dict[str, Any], action: str, **said: Any) -> dict[str, Any]:
        return self.post(who, f"{DIGS}/{dig['dig_id']}/{action}", **said)

    def read(self, dig: dict[str, Any], who: str = "officer") -> dict[str, Any]:
        return self.get(who, f"{DIGS}/{dig['dig_id']}")

    def body(self, title: str, start: int, days: int, y: float = 0.0, **changes: Any) -> dict[str, Any]:
        """A trench of 60 m in a street of the village, begun in `start` days."""
        north = 5367463.0 + y
        today = datetime.now(UTC).date()
        made: dict[str, Any] = {
            "kind": "development",
            "title": title,
            "excavation": {
                "geometry": {"type": "LineString", "coordinates": [[418566, north], [418626, north]]},
                "crs": "EPSG:25832",
                "depth_m": 1.2,
            },
            "works": {"pavement": "asphalt", "width_m": 1.0},
            "starts_on": (today + timedelta(days=start)).isoformat(),
            "ends_on": (today + timedelta(days=start + days)).isoformat(),
            "contractor": {"name": "Rahsazan", "phone": "+49 30 5"},
        }
        return made | changes

    def pass_days(self, dig: dict[str, Any], days: float) -> None:
        """Everything written about this excavation becomes older by so many days."""
        moved = {
            "dig": ("created_at", "regularise_by", "valid_until", "asked_at"),
            "dig_inquiry": ("asked_at", "due_at", "answered_at", "valid_until"),
        }
        with self.engine.begin() as connection:
            for table, columns in moved.items():
                sets = ", ".join(f"{each} = {each} - make_interval(secs => :s)" for each in columns)
                connection.execute(
                    text(f"UPDATE permits.{table} SET {sets} WHERE dig_id = :d"),
                    {"s": days * 86400, "d": dig["dig_id"]},
                )
            whole = int(days)
            connection.execute(
                text(
                    "UPDATE permits.dig SET starts_on = starts_on - :n, ends_on = ends_on - :n, "
                    "guarantee_until = guarantee_until - :n, started_on = started_on - :n WHERE dig_id = :d"
                ),
                {"n": whole, "d": dig["dig_id"]},
            )
        self.sweep()


@pytest.fixture(scope="module")
def street(
    cluster: Cluster, schutterwald_template: str, root: Path, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Street]:
    """One city for all scenarios; each uses a stretch of its own, or looks for its own works only."""
    roles = {
        "officer": Role.OFFICER,
        "officer-b": Role.OFFICER,
        "desk": Role.FRONT_OFFICE,
        "citizen": Role.APPLICANT,
        "crisis": Role.CRISIS,
    }
    folder = tmp_path_factory.mktemp("digs")
    with signed_in(Street, cluster, schutterwald_template, root, folder, roles) as made:
        yield made


def answers(street: Street, dig: dict[str, Any], but: str | None = None) -> dict[str, Any]:
    for each in street.read(dig)["inquiries"]:
        if each["status"] == "pending" and each["agency"] != but:
            street.act(each["agency"], dig, "answers", answer="no_objection")
    return street.read(dig)


def permit(street: Street, dig: dict[str, Any]) -> dict[str, Any]:
    bill = street.act("officer", dig, "calculate")["costs"]["total"]
    street.act("desk", dig, "pay", receipt_no=f"R-{uuid4().hex[:8]}", amount=bill)
    return street.act("officer", dig, "permit")


def test_t21_t22_a_silent_company_is_warned_liable_and_asked_again(street: Street) -> None:
    """T21, T22: warnings at half and four fifths, silence by the scheduler, revoked by the named handler."""
    dig = street.post("gas", DIGS, **street.body("Silence", 40, 10))
    street.act("officer", dig, "visit", note="seen")
    asked = street.act("officer", dig, "inquire")
    mute = next(each["agency"] for each in asked["inquiries"] if each["agency"] != "municipality")
    answers(street, dig, but=mute)
    street.pass_days(dig, 9)  # of 15 to 16, and an hour where the clock is set back
    assert [w["body"]["warning"] for w in street.read(dig)["warnings"]] == ["half_time"]
    street.pass_days(dig, 5)
    seen = street.read(dig)
    assert [w["body"]["warning"] for w in seen["warnings"]] == ["half_time", "nearly_due"]
    assert {w["body"]["handler"] for w in seen["warnings"]} == {"officer"}
    assert seen["status"] == "inquiring"
    street.pass_days(dig, 4)
    seen = street.read(dig)
    assert (seen["status"], [i["agency"] for i in seen["inquiries"] if i["liable"]]) == ("inquired", [mute])
    waiting = street.get(mute, DIGS, waits_for=mute)["digs"]
    assert dig["dig_id"] not in {each["dig_id"] for each in waiting}
    back = street.act("officer", dig, "revoke_silence", agency=mute, reason="the desk had no power")
    assert back["status"] == "inquiring"
    assert dig["dig_id"] in {each["dig_id"] for each in street.get(mute, DIGS, waits_for=mute)["digs"]}
    street.act(mute, dig, "answers", answer="conflict", note="our cable")
    problem = street.refused("officer", f"{DIGS}/{dig['dig_id']}/calculate")
    assert problem["params"]["needs"] == ["consent"]
    assert "no objection" in problem["detail"]
    street.act("officer", dig, "refuse", reason="the cable cannot be moved")


def test_t10_a21_two_works_find_each_other_and_share_one_trench(street: Street) -> None:
    """T10, A21: found at filing, on both sides, whatever the order; agreed, linked, billed by share."""
    first = street.post("gas", DIGS, **street.body("Gas main", 40, 10, y=100))
    second = street.post("water", DIGS, **street.body("Water main", 100, 10, y=103, works={
        "pavement": "asphalt", "width_m": 1.5}))  # fmt: skip
    ref, other = f"dig:{first['dig_id']}", f"dig:{second['dig_id']}"
    (met,) = [o for o in street.read(first)["overlaps"] if o["with_ref"] == other]
    assert (met["state"], met["gap_days"], met["shares"][ref]) == ("offered", 50, 0.4)
    street.act("gas", first, "join", **{"with": other})
    assert street.read(second)["overlaps"][0]["theirs"] == "agency:gas"
    street.act("water", second, "join", **{"with": ref})
    assert street.read(first)["trench"] == street.read(second)["trench"]
    street.act("officer", first, "visit")
    street.act("officer", first, "inquire")
    answers(street, first)
    inputs = street.act("officer", first, "calculate")["costs"]["items"][0]["inputs"]
    assert inputs["area_m2"] == pytest.approx(60 * 1.5 * 0.4)
    third = street.post("power", DIGS, **street.body("Cable", 45, 10, y=106, works={
        "pavement": "asphalt", "width_m": 0.5}))  # fmt: skip
    told = street.get("officer", f"{DIGS}/{first['dig_id']}/overlaps")
    (stretch,) = told["split"]["stretches"]
    assert set(stretch["works"]) == {ref, other, f"dig:{third['dig_id']}"}
    assert (stretch["length_m"], stretch["joint_width_m"], stretch["shares"][other]) == (60.0, 1.5, 0.5)
    assert round(sum(stretch["costs"].values()), 2) == stretch["cost"] == told["split"]["total"]
    assert {each["ref"] for each in told["agreed_split"]["works"]} == {ref, other}
    street.act("power", third, "join", **{"with": other})
    street.act("water", second, "join", **{"with": f"dig:{third['dig_id']}"})
    inputs = street.act("officer", first, "calculate")["costs"]["items"][0]["inputs"]
    assert inputs["area_m2"] == pytest.approx(60 * 1.5 / 3, abs=0.01)
    far = (datetime.now(UTC).date() + timedelta(days=400)).isoformat()
    street.act("water", second, "change", starts_on=far, ends_on=far)
    assert other not in {o["with_ref"] for o in street.read(first)["overlaps"]}
    assert street.read(first)["trench"] is None


def test_t12_the_crisis_desk_gets_the_list_it_calls(street: Street) -> None:
    """T12: an incident is open ground at once; the list has the people's and the agency's numbers."""
    leak = street.post("crisis", DIGS, **street.body("Leak", 0, 1, y=200, kind="incident", agency="water"))
    assert leak["status"] == "emergency"
    area = {
        "geometry": {"type": "Point", "coordinates": [418600, 5367663]},
        "crs": "EPSG:25832",
        "radius_m": 20,
    }
    open_ = street.post("crisis", f"{DIGS}/open-trenches", **area)["open_trenches"]
    assert [each["ref"] for each in open_] == [leak["dig_id"]]
    told = street.post("crisis", f"{DIGS}/contacts", **area)["contacts"][0]["contact"]
    assert told["contractor"]["phone"] == "+49 30 5"
    assert told["agency"]["phone"]
    street.pass_days(leak, 2.1)  # of 3 to 4
    assert street.read(leak)["warnings"][0]["body"]["warning"] == "regularise_half_time"
    street.act("water", leak, "regularise", title="Leak at the valve, mended")
    street.act("officer", leak, "visit")
    street.act("officer", leak, "inquire")
    answers(street, leak)
    assert permit(street, leak)["status"] == "working"
    street.act("water", leak, "request_handover")
    street.act("officer", leak, "pass_inspection")
    for stage in (1, 2):
        street.act("officer", leak, "record_test", stage=stage, passed=True)
    street.act("officer", leak, "accept_provisionally", minutes_no="M-1")
    assert street.post("crisis", f"{DIGS}/open-trenches", **area)["open_trenches"] == []
    street.pass_days(leak, 400)
    assert street.act("officer", leak, "accept_finally", minutes_no="M-2")["status"] == "closed"


def test_t09_the_citizen_files_once(street: Street) -> None:
    """T9, T2: one building request, approved, becomes one prefilled excavation per connection."""
    with street.engine.connect() as connection:
        candidate = demo.candidates(connection, street.city, 1)[0]
    wishes = {"water": {"wish": "now"}, "power": {"wish": "now"}, "gas": {"wish": "later"}}
    body = demo.request_body(candidate, street.city) | {"wishes": wishes}
    case = street.post("citizen", f"{BASE}/cases", **body)
    sessions = make_sessions(street.engine)
    for each in case["consultations"]:
        our_ref = f"{case['case_id']}:{each['agency']}:inquiry:1"
        with sessions.begin() as session:
            answer = Answer(our_ref, serviceable=True, offer={"offer_ref": "Q", "amount": 1})
            actor = Actor(each["agency"], Role.AGENCY, each["agency"])
            service.record_response(session, actor, answer, datetime.now(UTC))
    ready = street.get("officer", f"{BASE}/cases/{case['case_id']}")
    street.post(
        "officer",
        f"{BASE}/cases/{case['case_id']}/approve",
        expected_version=ready["version"],
        conditions=demo.conditions(ready),
    )
    mine = street.get("citizen", DIGS, case_id=case["case_id"])["digs"]
    assert {(each["agency"], each["status"]) for each in mine} == {("water", "draft"), ("power", "draft")}
    street.sweep()
    street.sweep()
    drafts = [street.read(each, "citizen") for each in mine]
    assert len(drafts) == 2
    assert all(each["applicant"]["name"] == "Sara Ahmadi" for each in drafts)
    drawn = [each for each in drafts if each["excavation"] is not None]
    assert drawn
    designed = street.get("officer", f"{BASE}/cases/{case['case_id']}")["service_lines"]
    lengths = {each["agency"]: each["length_m"] for each in designed if each["state"] == "proposed"}
    assert lengths
    for each in drawn:
        if each["agency"] in lengths:
            assert each["works"]["drawn_length_m"] == pytest.approx(lengths[each["agency"]], abs=0.1)
        street.act("citizen", each, "change", works={"pavement": "soil"})
        assert street.act("citizen", each, "submit")["status"] == "requested"


def test_who_is_on_the_control_list_gets_no_new_permit(street: Street) -> None:
    """Practice's control list: refused at filing and at the permit, let through and told for an incident, lifted."""
    body = street.body("Barred", 20, 5, y=500)
    waiting = street.post(
        "gas", DIGS, **body | {"contractor": {"name": "شركت راه‌سازي ۱", "licence_no": "L-7"}}
    )
    street.act("officer", waiting, "visit")
    street.act("officer", waiting, "inquire")
    answers(street, waiting)
    bill = street.act("officer", waiting, "calculate")["costs"]["total"]
    street.act("desk", waiting, "pay", receipt_no="R-bar", amount=bill)
    path = f"{BASE}/control-list"
    entry = {
        "party": "contractor",
        "name": "شرکت راهسازی 1",
        "licence_no": "L/7",
        "reason": "open trenches left",
    }
    client = street.client("gas")
    assert client.post(path, json=entry, headers={"Idempotency-Key": "k"}).status_code == 403
    made = street.post("officer", path, **entry)
    assert (made["state"], made["entered_by"], made["until_on"]) == ("active", "officer", None)

    blocked = street.read(waiting)
    assert blocked["blocked"]["permit"] == ["not_listed"]
    assert [each["bar_id"] for each in blocked["listed"]] == [made["bar_id"]]
    problem = street.refused("officer", f"{DIGS}/{waiting['dig_id']}/permit")
    assert (problem["code"], problem["params"]["reason"]) == ("party-barred", "open trenches left")
    assert "until it is lifted" in problem["detail"]
    again = body | {"contractor": {"name": "Other name", "licence_no": "l7"}}
    client = street.client("gas")
    headers = {"Idempotency-Key": str(uuid4()), "Accept-Language": "fa"}
    answer = client.post(DIGS, json=again, headers=headers)
    assert (answer.status_code, answer.json()["code"]) == (409, "party-barred")
    assert "لیست کنترلی" in answer.json()["detail"]
    draft = street.post("gas", DIGS, **again | {"draft": True})
    assert street.refused("gas", f"{DIGS}/{draft['dig_id']}/submit")["code"] == "party-barred"
    leak = street.post("gas", DIGS, **again | {"kind": "incident"})
    assert leak["status"] == "emergency"
    assert [each["body"]["warning"] for each in leak["warnings"]] == ["listed"]
    told = [each["event"] for each in street.get("officer", f"{DIGS}/{leak['dig_id']}/history")]
    assert "dig.listed" in told

    swapped = street.act("gas", draft, "change", contractor={"name": "Free hands"})
    assert swapped["listed"] == []
    assert street.act("gas", draft, "submit")["status"] == "requested"
    problem = street.refused("gas", f"{DIGS}/{draft['dig_id']}/change", contractor=again["contractor"])
    assert problem["code"] == "party-barred"
    lifted = street.post("officer-b", f"{path}/{made['bar_id']}/lift", reason="mended")
    assert (lifted["state"], lifted["lifted_by"]) == ("lifted", "officer-b")
    assert street.refused("officer", f"{path}/{made['bar_id']}/lift", reason="again")["code"] == "bar-lifted"
    history = street.get("officer", f"{path}/{made['bar_id']}/history")
    assert [each["event"] for each in history] == ["bar.entered", "bar.lifted"]
    assert street.act("officer", waiting, "permit")["status"] == "permitted"


def test_a_company_on_the_control_list_for_a_time(street: Street) -> None:
    """An entry holds between its days; the list is read by state, kind and spelling."""
    path = f"{BASE}/control-list"
    today = datetime.now(UTC).date()
    days = {
        "from_on": (today + timedelta(days=3)).isoformat(),
        "until_on": (today + timedelta(days=9)).isoformat(),
    }
    made = street.post("officer", path, party="agency", agency="telecom", reason="debt", **days)
    assert made["state"] == "ahead"
    dig = street.post("telecom", DIGS, **street.body("Fibre", 30, 5, y=600))
    assert dig["listed"] == []
    with street.engine.begin() as connection:
        moved = (
            "UPDATE permits.dig_bar SET from_on = from_on - :n, until_on = until_on - :n WHERE bar_id = :b"
        )
        connection.execute(text(moved), {"n": 5, "b": made["bar_id"]})
    assert [each["bar_id"] for each in street.read(dig)["listed"]] == [made["bar_id"]]
    found = street.get("desk", path, state="active", party="agency", q="telecom")["entries"]
    assert [each["bar_id"] for each in found] == [made["bar_id"]]
    assert street.get("desk", path, state="over", q="telecom")["entries"] == []
    with street.engine.begin() as connection:
        connection.execute(text(moved), {"n": 6, "b": made["bar_id"]})
    assert street.get("desk", f"{path}/{made['bar_id']}")["state"] == "over"
    assert street.read(dig)["listed"] == []
    for wrong in ({"party": "contractor", "reason": "x"}, {"party": "agency", "reason": "x", "agency": "nobody"},
                  {"party": "agency", "reason": "x", "agency": "gas", "until_on": "2020-01-01"}):  # fmt: skip
        client = street.client("officer")
        answer = client.post(path, json=wrong, headers={"Idempotency-Key": str(uuid4())})
        assert answer.status_code == 422, answer.text


def test_a_repaving_entered_wrongly_is_taken_back(street: Street) -> None:
    """Its moratorium no longer counts, what barred before it does again; both entries stay. Not by the handler."""
    dig = street.post("gas", DIGS, **street.body("Repaved by mistake", 30, 5, y=700))
    street.act("officer", dig, "visit")
    today = datetime.now(UTC).date()
    line = street.body("", 1, 1, y=700)["excavation"]["geometry"]

    def paved(title: str, days_ago: int) -> dict[str, Any]:
        said = {"title": title, "pavement": "asphalt", "source": "minutes 3", "width_m": 6.0}
        day = (today - timedelta(days=days_ago)).isoformat()
        return street.post(
            "officer-b", f"{BASE}/pavings", **said, paved_on=day, geometry=line, crs="EPSG:25832"
        )

    real = paved("Paved", 300)
    assert street.read(dig)["moratorium"]["paving_id"] == real["paving_id"]
    street.act("officer-b", dig, "override_moratorium", authority="Council 12", reason="hospital")
    wrong = paved("Another street was meant", 20)
    assert wrong["taken_back"] is None
    assert street.read(dig)["moratorium"]["lifted_by"] is None, "the younger pavement bars it anew"

    path = f"{BASE}/pavings/{wrong['paving_id']}"
    client = street.client("gas")
    assert client.post(f"{path}/take-back", json={"reason": "x"}).status_code == 403
    refused = street.refused("officer", f"{path}/take-back", reason="wrong street")
    assert refused["code"] == "second-officer-needed", "the handler may not go around the second officer"
    taken = street.post("officer-b", f"{path}/take-back", reason="wrong street")
    assert (taken["works"], taken["taken_back"]["by"]) == ([], "officer-b")
    assert street.get("desk", path) == taken

    freed = street.read(dig)
    said = freed["moratorium"]
    assert (said["paving_id"], said["lifted_by"], said["authority"]) == (
        real["paving_id"],
        "officer-b",
        "Council 12",
    )
    last = street.get("officer", f"{DIGS}/{dig['dig_id']}/history")[-1]
    assert (last["event"], last["body"]["reason"]) == ("dig.unbarred", "wrong street")
    history = street.get("officer", f"{path}/history")
    assert [each["event"] for each in history] == ["paving.entered", "paving.taken_back"]
    assert street.refused("officer-b", f"{path}/take-back", reason="again")["code"] == "paving-taken-back"
    shown = {each["paving_id"] for each in street.get("desk", f"{BASE}/pavings")["pavings"]}
    assert real["paving_id"] in shown
    assert wrong["paving_id"] not in shown
    kept = street.get("desk", f"{BASE}/pavings", taken_back=True)["pavings"]
    assert wrong["paving_id"] in {each["paving_id"] for each in kept}

    street.post("officer-b", f"{BASE}/pavings/{real['paving_id']}/take-back", reason="the day was wrong")
    assert street.read(dig)["moratorium"] is None
    assert street.post("water", DIGS, **street.body("After it", 60, 5, y=702))["moratorium"] is None


def test_the_map_goes_along_on_a_phone_and_on_paper(street: Street, tmp_path: Path) -> None:
    """A13, A20: one page without network or script, GeoJSON and a GeoPackage; what a role may not see is named."""
    title = "Map <b>& more"
    dig = street.post("gas", DIGS, **street.body(title, 50, 5, y=60))
    path = f"{DIGS}/{dig['dig_id']}/map"
    with street.engine.connect() as connection:
        looks = connection.execute(text("SELECT count(*) FROM layers.asset_view")).scalar_one()
    client = street.client("officer")
    page = client.get(path, params={"lang": "fa"})
    gpkg = client.get(path, params={"f": "gpkg"})
    assert client.get(path, params={"margin_m": 500}).status_code == 422
    assert page.status_code == 200, page.text
    assert 'dir="rtl"' in page.text
    assert "<svg" in page.text
    assert "Map &lt;b&gt;&amp; more" in page.text
    assert "<script" not in page.text
    assert "http://" not in page.text.replace("http-equiv", "")
    assert "style-src 'unsafe-inline'" in page.headers["content-security-policy"]
    assert gpkg.status_code == 200, gpkg.text
    file = tmp_path / "map.gpkg"
    file.write_bytes(gpkg.content)
    names = {str(name) for name, _ in pyogrio.list_layers(file)}
    assert {"dig_excavation", "pack_area", "contacts", "layer_states"} <= names
    assert pyogrio.read_info(file, layer="dig_excavation")["crs"] == street.city.crs

    whole = street.get("officer", path, f="geojson")
    assert whole["dig_no"] == dig["dig_no"]
    kinds = {each["properties"]["kind"] for each in whole["features"]}
    assert {"excavation", "feature"} <= kinds
    shown = {each["layer_id"] for each in whole["layers"]}
    guarded = {spec.layer_id for spec in street.city.layers if spec.sensitivity == "sensitive"}
    assert guarded & shown
    with street.engine.connect() as connection:
        seen = connection.execute(text("SELECT count(*) FROM layers.asset_view")).scalar_one()
    with street.api.app.state.runtime.app_engine.connect() as connection:
        assert seen > looks or not connection.info.get(ROLE)
    desk = street.get("desk", path, f="geojson")
    assert not guarded & {each["layer_id"] for each in desk["layers"]}
    assert {each["layer_id"] for each in desk["left_out"] if each["why"] == "withheld"} >= guarded & shown
    for who, form, status in (("citizen", "html", 404), ("desk", "zip", 403), ("desk", "pdf", 422)):
        client = street.client(who)
        assert client.get(path, params={"f": form}).status_code == status, (who, form)


def test_a_damage_is_reported_answered_and_counted(street: Street) -> None:
    """A27: from the trench to its owner and back, and into the register."""
    dig = street.post("water", DIGS, **street.body("Digging", 1, 5, y=300))
    said = {"kind": "damaged", "lon": 7.9, "lat": 48.455, "dig_id": dig["dig_id"], "layer_id": "gas_lines",
            "damage": {"cause": "layer_missing", "cost": 900}}  # fmt: skip
    report = street.post("water", f"{BASE}/trench-reports", **said)
    assert report["agency"] == "gas"
    assert not report["may_answer"]
    path = f"{BASE}/trench-reports/{report['report_id']}"
    assert street.get("gas", path)["may_answer"]
    street.post("gas", f"{path}/answer", accepted=True, correction_by="2030-01-01")
    events = [each["event"] for each in street.get("officer", f"{DIGS}/{dig['dig_id']}/history")]
    assert {"trench.reported", "trench.accepted"} <= set(events)
    assert any(
        row["cause"] == "layer_missing" for row in street.get("officer", f"{BASE}/damages")["by_layer"]
    )


def test_the_demonstrations_works_are_filed(street: Street) -> None:
    with street.engine.connect() as connection:
        candidate = demo.candidates(connection, street.city, 2)[-1]
    pit = to_wgs84(candidate.pit, street.city.city_crs)
    case = {"excavation": {"geometry": as_json(mapping(pit))}}
    url = street.api.settings.database_url or ""
    today = datetime.now(UTC).date()
    assert demo_digs.seed(street.api.url, street.tokens["officer"], street.city, url, case, today) == 4
    titles = {each["title"] for each in street.get("officer", DIGS)["digs"]}
    assert {"Renewal of the gas main", "Leak at a valve"} <= titles


def test_the_live_feed_tells_of_excavations(street: Street, monkeypatch: pytest.MonkeyPatch) -> None:
    """Every change is an `event: dig` of its city; what it says now is read where it is guarded."""
    heard: list[tuple[str | None, str]] = []
    listener: Listener = street.api.app.state.runtime.listener

    def note(city_id: str | None, message: str) -> None:
        heard.append((city_id, message))

    monkeypatch.setattr(listener, "_tell", note)
    dig = street.post("gas", DIGS, **street.body("Told", 40, 10, y=400))

    def is_told() -> bool:
        # Said again at every try: the listener may just be connecting.
        street.act("gas", dig, "change", title="Told again")
        return wait_until(
            lambda: any("event: dig\n" in said and dig["dig_id"] in said for _, said in heard), 2
        )

    assert wait_until(is_told)
    assert {city for city, said in heard if dig["dig_id"] in said} == {CITY}
