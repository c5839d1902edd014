"""The questions of a crisis over HTTP: answers, access, and that no load elsewhere holds them up (A13, A20, T12)."""

from __future__ import annotations

import csv
import io
import json
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import httpx2
import pytest
from sqlalchemy import text

from layers.cluster import Cluster
from layers.database import make_engine, make_sessions
from permits.incident_vocabulary import IncidentEvent
from permits.incidents import verify
from permits.vocabulary import Role
from tests.api.conftest import Served, served

CITY = "/v1/cities/schutterwald"
MAIN = "WM00122"
WATER_VALVE = "WN00438"
PLACE = {"lon": 7.8754, "lat": 48.4572}


def post(client: httpx2.Client, path: str, body: Any, status: int = 200, **headers: str) -> Any:
    response = client.post(f"{CITY}/{path}", json=body, headers=headers)
    assert response.status_code == status, response.text
    return response.json()


def read(api: Served, statement: str) -> list[Any]:
    """What only the owner of the tables can read."""
    engine = make_engine(str(api.settings.database_url), pool_size=1)
    with engine.connect() as connection:
        rows = connection.execute(text(statement)).all()
    engine.dispose()
    return list(rows)


@pytest.fixture(scope="module")
def api(
    cluster: Cluster, schutterwald_template: str, root: Path, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Served]:
    """One server for all: networks are put together once, as in life. Tests leave valves as they found them."""
    url = cluster.create_database("crisis_api", template=schutterwald_template)
    with served(url, root, tmp_path_factory.mktemp("crisis"), ["schutterwald"]) as made:
        yield made
    cluster.drop_database("crisis_api")


@pytest.fixture
def desk(api: Served) -> Iterator[httpx2.Client]:
    with api.client(Role.CRISIS) as client:
        yield client


# --- isolation


def test_a_click_on_a_leak_names_valves_and_who_loses_supply(desk: httpx2.Client, root: Path) -> None:
    """A20: the answer for a broken main is the one worked out by hand, with places, counts and confidence."""
    truth = json.loads((root / "cities/schutterwald/expected.json").read_text())["water_isolation"][MAIN]
    answer = post(desk, "networks/water/isolation", {"at": PLACE})
    assert (answer["start"]["feature_id"], answer["start"]["layer_id"]) == (MAIN, "water_lines")
    assert [valve["feature_id"] for valve in answer["valves"]] == truth["valves_to_close"]
    assert all(
        valve["operable"] and valve["turn_to"] == "closed" and valve["point"] for valve in answer["valves"]
    )
    mains = {each["properties"]["feature_id"] for each in answer["segment"]["features"]}
    assert mains == {*truth["isolated_mains"], *truth["services_cut"]}
    beyond = {each["properties"]["feature_id"] for each in answer["unintended"]["features"]}
    assert beyond == {*truth["mains_without_supply_after"], *truth["services_without_supply_after"]}
    lost = answer["lost"]
    assert (lost["cut"], lost["without_supply"]) == (
        len(truth["services_cut"]),
        len(truth["services_without_supply_after"]),
    )
    assert lost["connections"] == lost["cut"] + lost["without_supply"]
    assert len(lost["parcels_list"]) == lost["parcels"] > 0
    assert answer["confidence"]["level"] == "medium"
    assert answer["contacts"][0]["agency"] == "water"


def test_by_id_is_the_same_as_by_place(desk: httpx2.Client) -> None:
    by_place = post(desk, "networks/water/isolation", {"at": PLACE})
    by_id = post(desk, "networks/water/isolation", {"at": {"feature_id": MAIN, "layer_id": "water_lines"}})
    for part in ("valves", "lost", "segment", "network_version"):
        assert by_place[part] == by_id[part]


def test_a_valve_is_found_by_its_number(api: Served, desk: httpx2.Client) -> None:
    """A20: by the whole number, the running number in Persian digits, a part of it; whose it is narrows the search."""
    (valve, *_) = post(desk, "networks/water/isolation", {"at": PLACE})["valves"]

    def search(query: str, client: httpx2.Client = desk, limit: int = 20) -> list[Any]:
        response = client.get(f"{CITY}/networks/features", params={"q": query, "limit": limit})
        assert response.status_code == 200, response.text
        return list(response.json()["features"])

    first = search(valve["feature_id"].lower())[0]
    assert (first["feature_id"], first["layer_id"], first["kind"], first["network_kind"], first["point"]) == (
        valve["feature_id"], valve["layer_id"], "device", "valve", valve["point"],
    )  # fmt: skip
    running = str(int("".join(filter(str.isdigit, valve["feature_id"]))))
    persian = running.translate(str.maketrans("0123456789", "۰۱۲۳۴۵۶۷۸۹"))
    assert valve["feature_id"] in {each["feature_id"] for each in search(f"water {persian}")}
    assert search(f"water_lines/{MAIN}")[0]["kind"] == "line"
    assert {each["utility"] for each in search("gas 12")} == {"gas"}
    assert [search("no such number"), search("water")] == [[], []]
    # an agency finds in its own networks only
    with api.client(Role.AGENCY) as gas:
        assert search(MAIN, gas) == []
        assert search("GP00356", gas)[0]["owner"] == "gas"


def test_a_stuck_valve_widens_the_section(desk: httpx2.Client) -> None:
    planned = post(desk, "networks/water/isolation", {"at": PLACE})
    costly = max(planned["valves"], key=lambda valve: valve["if_stuck"]["more_connections"])
    grown = post(desk, "networks/water/isolation", {"at": PLACE, "stuck_valves": [costly["feature_id"]]})
    assert [each["feature_id"] for each in grown["stuck"]] == [costly["feature_id"]]
    more = grown["lost"]["connections"] - planned["lost"]["connections"]
    assert more == costly["if_stuck"]["more_connections"] > 0


def test_where_there_are_no_valves_pipes_are_squeezed(desk: httpx2.Client) -> None:
    """The published gas network has no valves: all of it would be shut, or two pipes squeezed."""
    answer = post(desk, "networks/gas/isolation", {"at": PLACE})
    assert answer["valves"] == []
    assert answer["valves_are_sparse"] is True
    assert answer["lost"]["connections"] == 1506
    assert [each["kind"] for each in answer["sources"]] == ["source"]
    assert len(answer["squeeze_points"]) >= 1
    assert answer["squeeze"]["connections_lost"] < 100


@pytest.mark.parametrize(
    ("body", "status", "code"),
    [
        ({"at": {"lon": 7.9003, "lat": 48.4633}}, 404, "nothing-there"),
        ({"at": {"lon": 51.4, "lat": 35.7}}, 422, None),
        ({"at": {"feature_id": "nope"}}, 404, "feature-not-in-network"),
        ({"at": {"feature_id": MAIN}, "stuck_valves": ["nope"]}, 422, "network-not-in-network"),
        ({"at": {"lon": 7.87}}, 422, "form-invalid"),
        ({"at": PLACE, "stuck": []}, 422, "form-invalid"),
        ({}, 422, "form-invalid"),
    ],
)
def test_what_cannot_be_answered_says_why(
    desk: httpx2.Client, body: Any, status: int, code: str | None, problem_of: Callable[[Any], str]
) -> None:
    response = desk.post(f"{CITY}/networks/water/isolation", json=body)
    assert response.status_code == status, response.text
    said = problem_of(response)
    assert code is None or said == code


def test_unknown_utilities_and_networks_without_lines(desk: httpx2.Client) -> None:
    assert desk.post(f"{CITY}/networks/milk/isolation", json={"at": PLACE}).status_code == 422
    assert desk.post(f"{CITY}/networks/heating/isolation", json={"at": PLACE}).status_code == 404


# --- up, down, cascade, here


def test_upstream_leads_to_the_source_and_downstream_to_those_who_hang_on_it(desk: httpx2.Client) -> None:
    at = {"feature_id": MAIN}
    up = post(desk, "networks/water/trace", {"at": at, "direction": "upstream"})
    assert [each["kind"] for each in up["sources"]] == ["reservoir"]
    assert up["lost"] is None
    assert MAIN in {each["properties"]["feature_id"] for each in up["features"]}
    down = post(desk, "networks/water/trace", {"at": at, "direction": "downstream"})
    assert down["sources"] == []
    assert down["lost"]["connections"] >= 0


def test_a_drain_runs_the_other_way(desk: httpx2.Client) -> None:
    """What is downstream of a sewer is its way to the outlet; upstream of it, those who drain through it."""
    down = post(desk, "networks/sewer/trace", {"at": PLACE, "direction": "downstream"})
    assert [each["kind"] for each in down["sources"]] == ["outlet"]
    up = post(desk, "networks/sewer/trace", {"at": PLACE, "direction": "upstream"})
    assert up["sources"] == []


def test_a_transformer_that_fails_darkens_its_exchange(api: Served, desk: httpx2.Client) -> None:
    """The telephone exchange takes its power from one transformer: that one, and no other, takes it down."""
    fed = []
    transformers = read(
        api, "SELECT feature_id FROM layers.network_device WHERE kind = 'transformer' LIMIT 99"
    )
    assert len(transformers) == 14
    for (number,) in transformers:
        answer = post(desk, "networks/electricity/cascade", {"at": {"feature_id": number}})
        assert answer["start"]["kind"] == "source"
        assert answer["lost"]["connections"] > 0
        if answer["depends"]:
            fed.append((number, [each["kind"] for each in answer["depends"]]))
            assert "exchange" in [each["kind"] for each in answer["lost"]["priority"]]
            assert "telecom" in [each["agency"] for each in answer["contacts"]]
    assert [kinds for _, kinds in fed] == [["exchange"]]


def test_what_lies_in_the_hazard_zone_of_a_burst(desk: httpx2.Client) -> None:
    """A13: others' lines within 100 m of a gas leak, with owner, distance and the rule's source."""
    answer = post(desk, "networks/gas/cascade", {"at": PLACE})
    assert answer["hazard_rule"]["hazard_m"] == 100.0
    assert "Guide 115" in answer["hazard_rule"]["clause"]
    owners = {each["properties"]["owner"] for each in answer["in_danger"]}
    assert {"water", "power", "telecom", "municipality"} <= owners
    assert "gas" not in owners
    distances = [each["properties"]["distance_m"] for each in answer["in_danger"]]
    assert distances == sorted(distances)
    assert max(distances) <= 100.01
    assert answer["buildings"]["count"] > 0
    near = post(desk, "networks/gas/cascade", {"at": PLACE, "hazard_m": 5})
    assert len(near["in_danger"]) < len(answer["in_danger"])
    assert near["hazard_rule"]["source"] == "asked"


def test_what_is_here(desk: httpx2.Client) -> None:
    """A20: what lies under a place, whose it is, how fresh, whom to call, the nearest first."""
    geometry = {"type": "Point", "coordinates": [PLACE["lon"], PLACE["lat"]]}
    answer = post(desk, "ground/here", {"geometry": geometry})
    assert answer["area"]["radius_m"] == 30.0
    found = answer["features"]["features"]
    distances = [each["properties"]["distance_m"] for each in found]
    assert distances == sorted(distances)
    assert answer["features"]["numberMatched"] == len(found) == answer["limits"]["matched"]
    counted = {each["layer_id"]: each["count"] for each in answer["layers"] if each["count"]}
    assert sum(counted.values()) == len(found)
    assert {each["state"] for each in answer["layers"]} <= {"fresh", "stale", "missing"}
    assert answer["contacts"][0]["agency"] == found[0]["properties"]["owner"]
    assert len(answer["contacts"]) == 5
    assert answer["parcels"]
    assert answer["open_trenches"] == []


def test_a_large_area_is_looked_at_in_pieces(desk: httpx2.Client) -> None:
    """More than one look of 250,000 m² may cover, sensitive layers and all."""
    west, south, east, north = 7.873, 48.452, 7.886, 48.459
    ring = [[west, south], [east, south], [east, north], [west, north], [west, south]]
    answer = post(desk, "ground/here", {"geometry": {"type": "Polygon", "coordinates": [ring]}})
    assert answer["area"]["area_m2"] > 250_000
    counts = {each["layer_id"]: each["count"] for each in answer["layers"]}
    assert counts["power_transformers"] > 0
    assert counts["power_switches"] > 0
    assert answer["limits"]["truncated"] is True
    assert len(answer["features"]["features"]) == answer["limits"]["features"]


def test_too_large_an_area_is_refused(desk: httpx2.Client, problem_of: Callable[[Any], str]) -> None:
    body = {
        "geometry": {"type": "LineString", "coordinates": [[7.873, 48.45], [7.899, 48.462]]},
        "radius_m": 2000,
    }
    response = desk.post(f"{CITY}/ground/here", json=body)
    assert response.status_code == 200 or problem_of(response) == "area-too-large"
    empty = desk.post(f"{CITY}/ground/here", json={"geometry": {"type": "Point", "coordinates": []}})
    assert empty.status_code == 422


def test_networks_are_listed_with_how_far_they_can_be_trusted(desk: httpx2.Client) -> None:
    response = desk.get(f"{CITY}/networks")
    found = {each["utility"]: each for each in response.json()["networks"]}
    assert set(found) == {"water", "gas", "electricity", "sewer", "telecom"}
    assert found["water"]["confidence"] == "medium"
    assert "parts-without-source" in found["electricity"]["explanations"]
    assert found["gas"]["valves"] == 0
    assert response.headers["cache-control"] == "no-store"


# --- who may ask


@pytest.mark.parametrize("role", [Role.FRONT_OFFICE, Role.APPLICANT, Role.AUDITOR, None])
def test_who_has_no_business_with_a_crisis_is_refused(api: Served, role: Role | None) -> None:
    with api.client(role) as client:
        for path, body in (
            ("ground/here", {"geometry": {"type": "Point", "coordinates": [7.8754, 48.4572]}}),
            ("networks/water/isolation", {"at": PLACE}),
        ):
            assert client.post(f"{CITY}/{path}", json=body).status_code == (401 if role is None else 403)


def test_an_agency_asks_about_its_own_network_only(api: Served, desk: httpx2.Client) -> None:
    """The gas company traces gas; of others it sees what is shared, and what stays shut is named."""
    with api.client(Role.AGENCY) as client:
        assert client.post(f"{CITY}/networks/gas/isolation", json={"at": PLACE}).status_code == 200
        refused = client.post(f"{CITY}/networks/water/isolation", json={"at": PLACE})
        assert (refused.status_code, refused.json()["code"]) == (403, "access-refused")
        path = f"{CITY}/incidents/{opened(desk)['incident_id']}/log"
        valve = {"layer_id": "water_devices", "feature_id": WATER_VALVE}
        foreign = client.post(path, json={"kind": "valve_closed", "device": valve})
        assert (foreign.status_code, foreign.json()["code"]) == (403, "access-refused")
        listed = client.get(f"{CITY}/networks").json()["networks"]
        assert [each["utility"] for each in listed] == ["gas"]
        place = {"type": "Point", "coordinates": [PLACE["lon"], PLACE["lat"]]}
        seen = post(client, "ground/here", {"geometry": place})
    states = {each["layer_id"]: (each["state"], each["count"]) for each in seen["layers"]}
    assert states["power_switches"] == ("withheld", None)
    assert states["gas_devices"][0] == "fresh"


def test_looks_at_sensitive_parts_are_written_down(api: Served, desk: httpx2.Client) -> None:
    """One row per trace through sensitive layers and one per look at an area: who, for what, where."""
    (last,) = read(api, "SELECT coalesce(max(view_id), 0) FROM layers.asset_view")[0]
    post(desk, "networks/electricity/isolation", {"at": PLACE})
    post(desk, "ground/here", {"geometry": {"type": "Point", "coordinates": [PLACE["lon"], PLACE["lat"]]}})
    post(desk, "networks/water/isolation", {"at": PLACE})
    rows = read(
        api,
        f"SELECT actor_id, purpose, layer_ids FROM layers.asset_view WHERE view_id > {last} ORDER BY view_id",
    )
    assert [(row.actor_id, row.purpose) for row in rows] == [("crisis-1", "emergency")] * 2
    assert rows[0].layer_ids == ["power_switches", "power_transformers"]
    assert set(rows[1].layer_ids) == {"gas_devices", "power_switches", "power_transformers"}


# --- never held up


def test_the_desk_answers_while_every_permit_connection_is_busy(api: Served, desk: httpx2.Client) -> None:
    """All connections of the permit side are taken, and its threads wait for them: the desk does not notice."""
    resources = api.app.state.runtime
    post(desk, "networks/water/isolation", {"at": PLACE})
    pool = resources.app_engine.pool
    taken = [resources.app_engine.connect() for _ in range(pool.size() + pool._max_overflow)]
    waiting = [threading.Thread(target=lambda: _ask_permits(api), daemon=True) for _ in range(45)]
    try:
        for thread in waiting:
            thread.start()
        answer = post(desk, "networks/water/isolation", {"at": PLACE})
        here = {"geometry": {"type": "Point", "coordinates": [PLACE["lon"], PLACE["lat"]]}}
        assert post(desk, "ground/here", here)["features"]["features"]
        assert answer["valves"]
        assert pool.checkedout() == len(taken)
    finally:
        for connection in taken:
            connection.close()
        for thread in waiting:
            thread.join(timeout=60)


def _ask_permits(api: Served) -> None:
    with api.client(Role.OFFICER) as client:
        client.get(f"{CITY}/cases")


# --- incidents


def opened(client: httpx2.Client, **changes: Any) -> dict[str, Any]:
    body = {
        "kind": "water_burst",
        "title": "Burst in Hindenburgstraße",
        "geometry": {"type": "Point", "coordinates": [PLACE["lon"], PLACE["lat"]]},
        "utility": "water",
        "at": PLACE,
    } | changes
    made: dict[str, Any] = post(client, "incidents", body, 201)
    return made


def test_an_incident_is_logged_by_who_did_what_when(api: Served, desk: httpx2.Client) -> None:
    """Opened, called, a station closed by its company, restored, closed; each entry hashes the one before it."""
    made = opened(desk, note="water on the road")
    path = f"incidents/{made['incident_id']}/log"
    post(desk, path, {"kind": "called", "text": "on their way", "agency": "water"})
    valve = {"layer_id": "gas_devices", "feature_id": "GJ00168"}
    with api.client(Role.AGENCY) as company:
        post(company, path, {"kind": "valve_closed", "device": valve})
        assert (
            company.post(f"{CITY}/incidents/{made['incident_id']}/close", json={"outcome": "x"}).status_code
            == 403
        )
    post(desk, path, {"kind": "supply_restored", "text": "all but two", "params": {"connections": 27}})
    done = post(desk, f"incidents/{made['incident_id']}/close", {"outcome": "pipe replaced"})
    assert [entry["event"] for entry in done["log"]] == [
        "opened", "called", "valve_closed", "supply_restored", "closed",
    ]  # fmt: skip
    assert [entry["actor"] for entry in done["log"]][2] == "agency:agency-1"
    assert done["log"][0]["text"] == "water on the road"
    assert (done["status"], done["outcome"], done["closed_by"]) == ("closed", "pipe replaced", "crisis-1")
    late = desk.post(f"{CITY}/{path}", json={"kind": "note", "text": "late"})
    assert (late.status_code, late.json()["code"]) == (409, "incident-closed")
    engine = make_engine(str(api.settings.database_url), pool_size=1)
    with make_sessions(engine)() as session:
        assert verify(session, made["incident_id"]) is None
    engine.dispose()
    still = desk.get(f"{CITY}/incidents", params={"status": "open"}).json()["incidents"]
    assert made["incident_id"] not in {each["incident_id"] for each in still}
    post(desk, f"incidents/{opened(desk)['incident_id']}/log", {"kind": "valve_opened", "device": valve})


def test_a_valve_reported_closed_or_stuck_stands_so_for_every_later_question(desk: httpx2.Client) -> None:
    planned = post(desk, "networks/water/isolation", {"at": PLACE})
    closed, stuck, *_ = (valve["feature_id"] for valve in planned["valves"])
    path = f"incidents/{opened(desk)['incident_id']}/log"
    post(desk, path, {"kind": "valve_closed", "device": {"layer_id": "water_devices", "feature_id": closed}})
    post(desk, path, {"kind": "valve_stuck", "device": {"layer_id": "water_devices", "feature_id": stuck}})
    after = post(desk, "networks/water/isolation", {"at": PLACE})
    assert [each["feature_id"] for each in after["already_closed"]] == [closed]
    assert [each["feature_id"] for each in after["stuck"]] == [stuck]
    assert after["lost"]["connections"] >= planned["lost"]["connections"]
    for event, valve in (("valve_opened", closed), ("valve_freed", stuck)):
        post(desk, path, {"kind": event, "device": {"layer_id": "water_devices", "feature_id": valve}})
    assert post(desk, "networks/water/isolation", {"at": PLACE})["valves"] == planned["valves"]


@pytest.mark.parametrize(
    ("entry", "reason"),
    [
        ({"kind": "valve_closed"}, "device-missing"),
        ({"kind": "closed"}, "event-of-its-own"),
        ({"kind": "called", "agency": "milk"}, "agency-unknown:milk"),
        ({"kind": "note", "text": "x", "device": {"layer_id": "milk", "feature_id": "1"}}, "layer-unknown"),
        ({"kind": "note", "text": " "}, "text-missing"),
        (
            {"kind": "valve_closed", "device": {"layer_id": "water_devices", "feature_id": "NOPE"}},
            "device-unknown",
        ),
        (
            {"kind": "valve_stuck", "device": {"layer_id": "gas_lines", "feature_id": "GP00356"}},
            "device-unknown",
        ),
    ],
)
def test_entries_that_cannot_be_right_are_refused(desk: httpx2.Client, entry: Any, reason: str) -> None:
    response = desk.post(f"{CITY}/incidents/{opened(desk)['incident_id']}/log", json=entry)
    assert (response.status_code, response.json()["code"]) == (422, "incident-invalid")
    assert response.json()["params"]["reasons"] == [reason]
    assert entry["kind"] in {each.value for each in IncidentEvent}


def test_the_same_key_opens_an_incident_once(desk: httpx2.Client) -> None:
    """T8: a retry after a lost answer is the same incident."""
    body = {"kind": "fire", "title": "Fire", "geometry": {"type": "Point", "coordinates": [7.8754, 48.4572]}}
    keys = {"Idempotency-Key": "fire-1"}
    first = post(desk, "incidents", body, 201, **keys)
    again = post(desk, "incidents", body, 201, **keys)
    assert again == first
    listed = desk.get(f"{CITY}/incidents").json()["incidents"]
    assert [each["title"] for each in listed].count("Fire") == 1


def test_viewers_are_told_of_incidents(api: Served, desk: httpx2.Client) -> None:
    made = opened(desk)
    told: dict[str, Any] = {}
    heard = threading.Event()

    def keep_logging() -> None:
        # what happens before the process listens is told by no one: so something happens until it is heard
        with api.client(Role.CRISIS) as client:
            while not heard.wait(0.3):
                post(client, f"incidents/{made['incident_id']}/log", {"kind": "note", "text": "still here"})

    logging = threading.Thread(target=keep_logging, daemon=True)
    try:
        with api.client(Role.OFFICER) as viewer, viewer.stream("GET", f"{CITY}/events") as stream:
            events: list[str] = []
            for line in stream.iter_lines():
                events.append(line)
                if line == "event: hello":
                    logging.start()
                if line.startswith("data: ") and made["incident_id"] in line:
                    told = json.loads(line.removeprefix("data: "))
                    break
    finally:
        heard.set()
        logging.join(timeout=60)
    assert events[-2] == "event: incident"
    assert (told["incident_id"], told["status"]) == (made["incident_id"], "open")
    assert told["version"] > made["version"]


def test_whom_to_call_is_one_list(api: Served, desk: httpx2.Client) -> None:
    """T12: every agency and every permit that touches the area, with names and numbers, as a file."""
    ring = [[7.8750, 48.4569], [7.8758, 48.4569], [7.8758, 48.4574], [7.8750, 48.4574], [7.8750, 48.4569]]
    made = opened(desk, geometry={"type": "Polygon", "coordinates": [ring]})
    response = desk.get(f"{CITY}/incidents/{made['incident_id']}/contacts.csv")
    assert response.headers["content-type"] == "text/csv; charset=utf-8"
    assert response.text.startswith("\ufeff")
    rows = list(csv.DictReader(io.StringIO(response.text.removeprefix("\ufeff"))))
    agencies = [row for row in rows if row["kind"] == "agency"]
    assert {row["ref"] for row in agencies} == {"municipality", "water", "power", "gas", "telecom"}
    assert all(row["phone"].startswith("+49") and "@" in row["email"] for row in agencies)
    assert agencies[0]["status"] == "in_area"
    with api.client(Role.AGENCY) as company:
        assert company.get(f"{CITY}/incidents/{made['incident_id']}/contacts.csv").status_code == 403


def test_an_incident_of_another_city_is_not_here(desk: httpx2.Client) -> None:
    missing = "0190a000-0000-7000-8000-000000000000"
    assert desk.get(f"{CITY}/incidents/{missing}").status_code == 404
    assert desk.post(f"{CITY}/incidents/{missing}/log", json={"kind": "note"}).status_code == 404
    assert desk.get(f"{CITY}/incidents/{missing}/contacts.csv").status_code == 404


# --- the same as OGC API - Processes


def test_the_processes_are_described(desk: httpx2.Client) -> None:
    """OGC API - Processes, core: the list, each description, links to execution; open to all."""
    listed = desk.get(f"{CITY}/ogc/processes").json()["processes"]
    assert {each["id"] for each in listed} == {"isolation", "what-is-here", "cascade"}
    for each in listed:
        assert each["jobControlOptions"] == ["sync-execute"]
        described = desk.get(f"{CITY}/ogc/processes/{each['id']}").json()
        assert described["inputs"]
        assert described["outputs"]["result"]["schema"]["contentMediaType"] == "application/geo+json"
        assert all("schema" in value for value in described["inputs"].values())
    declared = desk.get(f"{CITY}/ogc/conformance", params={"f": "json"}).json()["conformsTo"]
    assert "http://www.opengis.net/spec/ogcapi-processes-1/1.0/conf/core" in declared


def test_a_process_answers_as_the_route_does(desk: httpx2.Client) -> None:
    at = {"type": "Point", "coordinates": [PLACE["lon"], PLACE["lat"]]}
    route = post(desk, "networks/water/isolation", {"at": PLACE})
    raw = post(
        desk, "ogc/processes/isolation/execution", {"inputs": {"utility": "water", "at": {"value": at}}}
    )
    assert raw["type"] == "FeatureCollection"
    parts = [each["properties"]["part"] for each in raw["features"]]
    assert parts.count("valve") == len(route["valves"])
    assert parts.count("segment") == len(route["segment"]["features"])
    assert raw["lost"] == route["lost"]
    inputs = {"utility": "water", "feature": f"water_lines/{MAIN}", "stuck_valves": []}
    wrapped = post(desk, "ogc/processes/isolation/execution", {"inputs": inputs, "response": "document"})
    assert wrapped["result"]["lost"] == route["lost"]
    here = post(desk, "ogc/processes/what-is-here/execution", {"inputs": {"geometry": at, "radius_m": 20}})
    assert here["features"]
    assert here["contacts"]
    spread = post(desk, "ogc/processes/cascade/execution", {"inputs": {"utility": "gas", "at": at}})
    assert spread["features"][0]["properties"]["part"] == "hazard"


@pytest.mark.parametrize(
    "inputs",
    [
        {},
        {"utility": "water"},
        {"utility": "milk", "at": {"type": "Point", "coordinates": [7.8754, 48.4572]}},
        {"utility": "water", "at": {"type": "Point", "coordinates": ["a", "b"]}},
        {"utility": "water", "at": {"type": "Point", "coordinates": [7.8754, 48.4572]}, "more": 1},
        {"utility": "water", "feature": 7},
    ],
)
def test_inputs_that_do_not_fit_are_refused(desk: httpx2.Client, inputs: Any) -> None:
    response = desk.post(f"{CITY}/ogc/processes/isolation/execution", json={"inputs": inputs})
    assert (response.status_code, response.json()["code"]) == (422, "form-invalid")


def test_what_is_no_process_or_job_says_so_in_the_standards_words(api: Served, desk: httpx2.Client) -> None:
    for path in ("processes/milk", "jobs/1", "jobs/1/results"):
        response = desk.get(f"{CITY}/ogc/{path}")
        assert response.status_code == 404
        what = "no-such-process" if "processes" in path else "no-such-job"
        assert response.json()["type"].endswith(f"ogcapi-processes-1/1.0/{what}")
    assert desk.post(f"{CITY}/ogc/processes/milk/execution", json={}).status_code == 404
    with api.client(None) as nobody:
        refused = nobody.post(
            f"{CITY}/ogc/processes/isolation/execution",
            json={"inputs": {"utility": "water", "feature": MAIN}},
        )
        assert refused.status_code == 401
