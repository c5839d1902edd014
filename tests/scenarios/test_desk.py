"""Companies without a system: their people answer, hold and carry out at the desk, over HTTP, exactly once.

Gas always works at the desk; water and power are served by nobody here, so their people answer inquiries in the
place of a system that is away, and the system's late message changes nothing.
"""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import uuid4

import httpx2
import pytest
from sqlalchemy import text
from standardwebhooks.webhooks import Webhook

from api import demo
from api.teller import Teller
from layers.cluster import Cluster
from layers.database import make_sessions
from permits.office_days import working_calendar
from permits.results import sweep, sweep_one
from permits.store import verify_all
from permits.vocabulary import Role
from tests.api.conftest import SECRET
from tests.scenarios.people import BASE, CITY, People, signed_in

DESK = f"{BASE}/desk"
COMPANIES = ("water", "power", "gas")


@dataclass(slots=True)
class Counter(People):
    """A served city whose three companies have people only, and fresh parcels."""

    spare: Iterator[demo.Candidate] = field(init=False)

    def __post_init__(self) -> None:
        with self.engine.connect() as connection:
            self.spare = iter(demo.candidates(connection, self.city, 12))

    def submit(self, **changes: Any) -> dict[str, Any]:
        return self.post(
            "officer", f"{BASE}/cases", **demo.request_body(next(self.spare), self.city) | changes
        )

    def case(self, view: dict[str, Any]) -> dict[str, Any]:
        found: dict[str, Any] = self.get("officer", f"{BASE}/cases/{view['case_id']}")
        return found

    def task(self, agency: str, view: dict[str, Any]) -> dict[str, Any]:
        """The one thing of this case that waits at the company's desk."""
        found = [t for t in self.get(agency, DESK)["tasks"] if t["case_id"] == view["case_id"]]
        assert len(found) == 1, found
        task: dict[str, Any] = found[0]
        return task

    def answer(self, agency: str, view: dict[str, Any], **said: Any) -> dict[str, Any]:
        task = self.task(agency, view)
        body = {"expected_version": task["version"], "serviceable": True} | said
        return self.post(agency, f"{DESK}/{task['task_id']}/answer", **body)

    def done(self, agency: str, view: dict[str, Any], op: str) -> dict[str, Any]:
        task = self.task(agency, view)
        assert task["op"] == op
        body = {"expected_version": task["version"], "number": f"{agency}-{op}-{view['case_no']}"}
        return self.post(agency, f"{DESK}/{task['task_id']}/done", **body)

    def decide(self, view: dict[str, Any]) -> dict[str, Any]:
        seen = self.case(view)
        body = {"expected_version": seen["version"], "conditions": demo.conditions(seen)}
        return self.post("officer", f"{BASE}/cases/{view['case_id']}/approve", **body)

    def approved(self) -> dict[str, Any]:
        view = self.submit()
        for agency in COMPANIES:
            self.answer(agency, view)
        return self.decide(view)

    def hook(self, agency: str, data: dict[str, Any]) -> httpx2.Response:
        """A message of the company's own system, signed."""
        raw = json.dumps({"type": "inquiry.answered", "timestamp": "2026-01-01T00:00:00Z", "data": data})
        now, number = datetime.now(UTC), f"msg_{uuid4().hex}"
        headers = {
            "webhook-id": number,
            "webhook-timestamp": str(int(now.timestamp())),
            "webhook-signature": Webhook(SECRET).sign(number, now, raw),
            "Content-Type": "application/json",
        }
        return httpx2.post(f"{self.api.url}{BASE}/agencies/{agency}/events", content=raw, headers=headers)

    def count(self, table: str, view: dict[str, Any], where: str = "true") -> int:
        with self.engine.connect() as connection:
            found: int = connection.execute(
                text(f"SELECT count(*) FROM permits.{table} WHERE case_id = :c AND {where}"),
                {"c": view["case_id"]},
            ).scalar_one()
        return found

    def pass_days(self, view: dict[str, Any], days: float) -> None:
        """Everything this case waits for becomes older by so many days; then deadlines are acted upon."""
        moved = {"consultation": ("asked_at", "due_at"), "exchange": ("decide_by",)}
        with self.engine.begin() as connection:
            for table, columns in moved.items():
                sets = ", ".join(f"{each} = {each} - make_interval(secs => :s)" for each in columns)
                connection.execute(
                    text(f"UPDATE permits.{table} SET {sets} WHERE case_id = :c"),
                    {"s": days * 86400, "c": view["case_id"]},
                )
        sessions = make_sessions(self.engine)
        with sessions() as session:
            due = [(case, ref) for case, ref in sweep(session) if str(case) == view["case_id"]]
        for case, ref in due:
            with sessions.begin() as session:
                sweep_one(session, case, ref)


@pytest.fixture(scope="module")
def counter(
    cluster: Cluster, schutterwald_template: str, root: Path, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Counter]:
    roles = {"officer": Role.OFFICER, "auditor": Role.AUDITOR, "citizen": Role.APPLICANT}
    at_desk = [f"{CITY}/{agency}" for agency in COMPANIES]
    with signed_in(
        Counter,
        cluster,
        schutterwald_template,
        root,
        tmp_path_factory.mktemp("desk"),
        roles,
        desk_agencies=at_desk,
        database_role="always",
    ) as made:
        yield made


def test_a08_a11_a14_a_whole_case_is_done_by_people_alone(counter: Counter) -> None:
    """A08, A11, A14: inquiry with offer, hold, carry out and the tariff's return, each with an own number."""
    view = counter.submit()
    waiting = counter.task("gas", view)
    assert (waiting["op"], waiting["state"], waiting["at_desk"]) == ("inquire", "pending", True)
    whole = counter.get("gas", f"{DESK}/{waiting['task_id']}")
    assert whole["form"]["parcel"]["parcel_id"] == view["parcel_id"]
    assert whole["form"]["excavation"]["depth_m"] == demo.DEPTH_M
    assert whole["form"]["proposal"]["length_m"] > 0  # the service line that was designed for it
    until = (datetime.now(UTC) + timedelta(days=60)).date().isoformat()
    offer = {"amount": 1200.5, "valid_until": until, "offer_ref": "O-7"}
    said = counter.answer(
        "gas", view, conditions=["پیش از حفاری تماس بگیرید"], offer=offer, proposed_capacity={"m3_hour": 6}
    )
    assert (said["task"]["state"], said["task"]["is_open"]) == ("answered", False)
    for agency in ("water", "power"):
        counter.answer(agency, view)
    asked = {each["agency"]: each for each in counter.case(view)["consultations"]}
    assert (asked["gas"]["offer"]["amount"], asked["gas"]["offer"]["currency"]) == (1200.5, "EUR")
    assert asked["gas"]["conditions"][0]["text"]["fa"] == "پیش از حفاری تماس بگیرید"
    assert asked["gas"]["proposed_capacity"] == {"m3_hour": 6}

    counter.decide(view)
    held = counter.get("gas", f"{DESK}/{counter.task('gas', view)['task_id']}")
    assert held["form"]["connection"]["offer_ref"] == "O-7"
    assert held["form"]["tariff_change"] == {"from": "residential", "to": "construction"}
    for agency in COMPANIES:
        counter.done(agency, view, "try")
    for agency in COMPANIES:
        counter.done(agency, view, "confirm")
    active = counter.case(view)
    assert active["status"] == "active"
    order = active["exchanges"][-1]["agencies"][0]
    assert (order["order_number"], order["receipt"]) == (
        f"{order['agency']}-try-{view['case_no']}",
        f"{order['agency']}-confirm-{view['case_no']}",
    )
    assert counter.get("gas", DESK)["tasks"] == []

    body = {"expected_version": active["version"], "certificate_no": "C-1", "permanent_class": "commercial"}
    counter.post("officer", f"{BASE}/cases/{view['case_id']}/complete", **body)
    back = counter.get("power", f"{DESK}/{counter.task('power', view)['task_id']}")
    assert (back["form"]["connection"], back["form"]["tariff_change"]["to"]) == (None, "commercial")
    for op in ("try", "confirm"):
        for agency in COMPANIES:
            counter.done(agency, view, op)
    over = counter.case(view)
    assert over["status"] == "completed"
    assert {each["tariff_basis"] for each in over["exchanges"][-1]["agencies"]} == {"confirmed"}
    assert {each["confirmed"] for each in over["tariffs"]} == {"commercial"}
    with make_sessions(counter.engine)() as session:
        assert verify_all(session)[1] == []


def test_t2_t8_a_late_message_of_the_system_does_not_count_too(counter: Counter) -> None:
    """T2, T8: the desk answers first, the system's own message later: kept as late, the first answer stands."""
    view = counter.submit()
    counter.answer("gas", view, note="desk")
    late = {"our_ref": f"{view['case_id']}:gas:inquiry:1", "serviceable": False, "reason_code": "no-capacity"}
    response = counter.hook("gas", late)
    assert (response.status_code, response.json()["outcome"]) == (202, "accepted")
    asked = next(each for each in counter.case(view)["consultations"] if each["agency"] == "gas")
    assert (asked["serviceable"], asked["reason"]["en"]) == (True, "desk")
    assert counter.count("response", view) == 2
    assert counter.count("response", view, "is_late") == 1
    assert counter.count("audit", view, "event = 'response.received'") == 1
    # And the other way: what the system answered first, the desk cannot answer again.
    task = counter.task("water", view)
    counter.hook("water", late | {"our_ref": f"{view['case_id']}:water:inquiry:1"})
    again = counter.send(
        "water", f"{DESK}/{task['task_id']}/answer", expected_version=task["version"], serviceable=True
    )
    assert (again.status_code, again.json()["code"]) == (409, "desk-task-changed")
    assert counter.count("response", view) == 3


def test_t8_two_people_of_one_desk_at_once_count_once(counter: Counter) -> None:
    """T8: of several who press at the same moment one is heard, and pressing again with the same key is harmless."""
    view = counter.approved()
    task = counter.task("gas", view)
    path = f"{DESK}/{task['task_id']}/done"
    said = {"expected_version": task["version"], "number": "G-1"}
    with ThreadPoolExecutor(4) as pool:
        answers = list(pool.map(lambda key: counter.send("gas", path, key, **said), ["a", "b", "c", "d"]))
    assert sorted(each.status_code for each in answers) == [200, 409, 409, 409]
    heard = next(key for key, each in zip("abcd", answers, strict=True) if each.status_code == 200)
    repeat = counter.send("gas", path, heard, **said)
    assert (repeat.status_code, repeat.json()["result"]["order_number"]) == (200, "G-1")
    assert counter.send("gas", path, heard, **said | {"number": "G-2"}).json()["code"] == "key-reused"
    assert counter.count("audit", view, "event = 'desk.done'") == 1
    assert counter.count("step", view, "agency_id = 'gas' AND op = 'try' AND attempts = 1") == 1


def test_t16_t17_a_refusal_at_the_desk_releases_what_the_others_hold(counter: Counter) -> None:
    """T16, T17: water holds, gas refuses: water releases, power was never told; the officer tries again."""
    view = counter.approved()
    power = counter.task("power", view)
    counter.done("water", view, "try")
    gas = counter.task("gas", view)
    path = f"{DESK}/{gas['task_id']}/refuse"
    counter.post("gas", path, expected_version=gas["version"], reason_code="debt", note="1403")
    stale = counter.send(
        "power", f"{DESK}/{power['task_id']}/done", expected_version=power["version"], number="P-1"
    )
    assert (stale.status_code, stale.json()["params"]["state"]) == (409, "superseded")
    assert counter.case(view)["status"] == "exchanging"
    counter.done("water", view, "cancel")
    seen = counter.case(view)
    assert (seen["status"], seen["tasks"][0]["detail"]["agencies"]["gas"]["refusal"]) == (
        "needs_decision",
        "debt",
    )
    counter.post("officer", f"{BASE}/cases/{view['case_id']}/retry")
    for agency in COMPANIES:
        counter.done(agency, view, "try")
    # Carrying out is refused too: an officer is told, sends it again, and the old page is stale.
    task = counter.task("gas", view)
    refused = {"expected_version": task["version"], "reason_code": "tariff-change-refused"}
    counter.post("gas", f"{DESK}/{task['task_id']}/refuse", **refused)
    assert [each["kind"] for each in counter.case(view)["tasks"]] == ["confirm_refused"]
    counter.post("officer", f"{BASE}/cases/{view['case_id']}/retry")
    old = counter.send("gas", f"{DESK}/{task['task_id']}/done", expected_version=task["version"], number="G")
    assert old.json()["code"] == "desk-task-changed"
    for agency in COMPANIES:
        counter.done(agency, view, "confirm")
    assert counter.case(view)["status"] == "active"


def test_t21_silence_is_no_answer_and_a_late_one_still_counts(counter: Counter) -> None:
    """T21: past its time a question is marked late and the officer may decide; until then the desk may answer."""
    view = counter.submit()
    counter.pass_days(view, 60)
    assert counter.case(view)["status"] == "awaiting_decision"
    late = counter.task("gas", view)
    assert (late["state"], late["is_late"], late["is_open"]) == ("lapsed", True, True)
    counter.answer("gas", view, serviceable=False, reason_code="too-far-from-main")
    asked = next(each for each in counter.case(view)["consultations"] if each["agency"] == "gas")
    assert (asked["status"], asked["serviceable"]) == ("answered", False)
    water = counter.task("water", view)
    counter.post(
        "officer", f"{BASE}/cases/{view['case_id']}/refuse",
        expected_version=counter.case(view)["version"], reason="no gas",
    )  # fmt: skip
    over = counter.send("water", f"{DESK}/{water['task_id']}/answer", expected_version=0, serviceable=True)
    assert over.json()["code"] == "desk-task-changed"


def test_a_hold_that_nobody_gave_in_time_is_taken_off_the_desk(counter: Counter) -> None:
    """T17, A14: a desk has working days to hold; past `decide_by` what was never said is no longer asked."""
    view = counter.approved()
    issued_at = datetime.fromisoformat(view["permit"]["issued_at"])
    last_second = working_calendar(counter.city).due_after(issued_at, counter.city.exchange.desk_days)
    effective_at = datetime.fromisoformat(view["exchanges"][-1]["effective_at"])
    assert effective_at - last_second == timedelta(seconds=1)
    counter.done("water", view, "try")
    counter.pass_days(view, 30)
    assert [t["op"] for t in counter.get("officer", DESK)["tasks"] if t["case_id"] == view["case_id"]] == [
        "cancel"
    ]
    counter.done("water", view, "cancel")
    assert counter.case(view)["status"] == "needs_decision"


def test_a14_the_tariff_before_is_taken_from_the_parcels_delivery(counter: Counter) -> None:
    """A14: the class before is the company's receipt, else what the layer records, else assumed, and it says which."""
    view = counter.submit()
    with counter.engine.begin() as connection:
        connection.execute(
            text(
                "UPDATE layers.parcel SET attributes = attributes || CAST(:said AS jsonb)"
                " WHERE feature_id = :parcel AND retired_by IS NULL"
            ),
            {"said": '{"tariff_gas": "SW-G-02", "tariff_class": " Public "}', "parcel": view["parcel_id"]},
        )
    for agency in COMPANIES:
        counter.answer(agency, view)
    before = {a["agency"]: a for a in counter.decide(view)["exchanges"][-1]["agencies"]}
    assert {name: (a["tariff_from"], a["tariff_basis"]) for name, a in before.items()} == {
        "gas": ("commercial", "recorded"),  # by the company's own code
        "power": ("public", "recorded"),
        "water": ("public", "recorded"),
    }
    assumed = {a["tariff_basis"] for a in counter.approved()["exchanges"][-1]["agencies"]}
    assert assumed == {"assumed"}


def test_who_may_stand_at_which_desk(counter: Counter) -> None:
    """A21: a company's people see and answer their own; an officer and an auditor look; nobody else comes in."""
    view = counter.submit()
    task = counter.task("gas", view)
    path = f"{DESK}/{task['task_id']}"
    assert {t["agency"] for t in counter.get("gas", DESK)["tasks"]} == {"gas"}
    assert {
        t["agency"] for t in counter.get("officer", DESK)["tasks"] if t["case_id"] == view["case_id"]
    } == set(COMPANIES)
    assert {t["agency"] for t in counter.get("auditor", DESK, agency="water")["tasks"]} <= {"water"}
    assert counter.client("water").get(path).json()["code"] == "desk-task-not-found"
    assert counter.client("water").get(DESK, params={"agency": "gas"}).status_code == 404
    assert counter.client("citizen").get(DESK).status_code == 403
    body = {"expected_version": 0, "serviceable": True}
    assert counter.send("water", f"{path}/answer", **body).status_code == 404
    assert counter.send("officer", f"{path}/answer", **body).status_code == 403
    bad = counter.send("gas", f"{path}/answer", **body | {"serviceable": False})
    assert (bad.status_code, bad.json()["params"]["reasons"]) == (422, ["reason-missing"])
    past = {"offer": {"amount": 1, "valid_until": "2020-01-01"}, "proposed_capacity": {"m3_hour": -1}}
    assert counter.send("gas", f"{path}/answer", **body | past).json()["params"]["reasons"] == [
        "offer-already-over",
        "capacity-unreadable:m3_hour",
    ]
    assert (
        counter.send("gas", f"{path}/done", expected_version=0, number="x").json()["code"]
        == "request-invalid"
    )


def test_a14_a16_how_long_a_tariff_takes_open_ones_first(counter: Counter) -> None:
    """A14, A16: from the approval to the change at every company, the open ones on top, also as a table file."""
    done, waits = counter.approved(), counter.approved()
    for op in ("try", "confirm"):
        for agency in COMPANIES:
            counter.done(agency, done, op)
    lag = counter.get("auditor", f"{BASE}/reports/tariff-lag")
    mine = [row for row in lag["rows"] if row["case_id"] in (done["case_id"], waits["case_id"])]
    assert [row["confirmed_at"] is None for row in mine] == [True] * 3 + [False] * 3
    assert {row["case_no"] for row in mine[:3]} == {waits["case_no"]}
    assert all(row["lag_hours"] >= 0 and row["days_late"] == 0 for row in mine)
    gas = next(each for each in lag["agencies"] if each["agency"] == "gas")
    assert gas["open"] >= 1
    assert gas["confirmed"] >= 1
    assert gas["median_hours"] <= gas["longest_hours"]
    response = counter.client("officer").get(
        f"{BASE}/reports/tariff-lag", params={"f": "csv", "agency": "gas"}
    )
    rows = list(csv.DictReader(io.StringIO(response.text.removeprefix("\ufeff"))))
    assert {row["agency"] for row in rows} == {"gas"}
    assert any(row["case_no"] == done["case_no"] and row["receipt"] for row in rows)
    assert counter.client("gas").get(f"{BASE}/reports/tariff-lag").status_code == 403


def test_the_demonstration_acts_at_the_desk_or_says_what_waits_there(
    counter: Counter, capsys: pytest.CaptureFixture[str]
) -> None:
    """`panjereh demo` where companies work by people: their own person acts; where none is known, the link is told."""
    url = counter.engine.url.render_as_string(hide_password=False)
    teller = Teller()

    def play(people: dict[str, str]) -> demo.Story:
        made = demo.play(counter.api.url, counter.tokens["officer"], counter.city, url, teller, people)
        demo.tell(made, counter.city, teller)
        return made

    done = play({agency: counter.tokens[agency] for agency in COMPANIES})
    assert (done.case["status"], done.waits) == ("active", ())
    assert {agency for agency, _ in done.at_desk} == set(COMPANIES)
    assert "acted there for them: inquire, try, confirm" in capsys.readouterr().out
    assert set(done.as_state()) == {"city_id", "case_id", "timings"}

    waiting = play({"water": counter.tokens["water"], "power": counter.tokens["power"], "gas": "x" * 32})
    assert waiting.case["status"] == "consulting"
    assert [(each.agency, each.op) for each in waiting.waits] == [("gas", "inquire")]
    link = f"{counter.api.url}/#/{CITY}/desk/{counter.task('gas', waiting.case)['task_id']}"
    assert link in capsys.readouterr().out, "the very task at the company's desk"
