"""A gas leak in Schutterwald, a burst main in Karhula: told through the API as the desk would live them (A20, A27)."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx2
import pytest
from sqlalchemy import text

from api import demo
from layers.city import load_city
from layers.cluster import Cluster
from layers.database import make_engine, make_sessions
from permits.incidents import verify
from permits.vocabulary import Role
from tests.api.conftest import Served, served

LEAK = {"lon": 7.8754, "lat": 48.4572}
# The main in front of a school: one valve shuts it off, and a fault of that valve would cost thirteen more.
BURST = {"feature_id": "WM01101", "layer_id": "water_lines"}


def town(cluster: Cluster, template: str, root: Path, folder: Path, city: str) -> Iterator[Served]:
    url = cluster.create_database(f"incident_{city}", template=template)
    with served(url, root, folder, [city]) as made:
        yield made
    cluster.drop_database(f"incident_{city}")


@pytest.fixture
def schutterwald(
    cluster: Cluster, schutterwald_template: str, root: Path, tmp_path: Path
) -> Iterator[Served]:
    yield from town(cluster, schutterwald_template, root, tmp_path, "schutterwald")


@pytest.fixture
def karhula(cluster: Cluster, karhula_template: str, root: Path, tmp_path: Path) -> Iterator[Served]:
    yield from town(cluster, karhula_template, root, tmp_path, "karhula")


def ask(client: httpx2.Client, path: str, body: Any, status: int = 200) -> Any:
    response = client.post(path, json=body)
    assert response.status_code == status, response.text
    return response.json()


def permit_at(api: Served, root: Path) -> dict[str, Any]:
    """A house whose pit is open, and where it is."""
    city = load_city(root / "cities", "schutterwald")
    engine = make_engine(str(api.settings.database_url), pool_size=1)
    with engine.connect() as connection:
        candidate = demo.candidates(connection, city, 1)[0]
    with api.client(Role.OFFICER) as officer:
        keys = {"Idempotency-Key": "incident-1"}
        response = officer.post(
            "/v1/cities/schutterwald/cases", json=demo.request_body(candidate, city), headers=keys
        )
        assert response.status_code == 201, response.text
    case: dict[str, Any] = response.json()
    with engine.begin() as connection:  # the companies' part is another scenario's
        connection.execute(
            text("UPDATE permits.case_ SET status = 'active' WHERE case_id = :case_id"),
            {"case_id": case["case_id"]},
        )
    engine.dispose()
    return case


def test_a_gas_leak_in_schutterwald(schutterwald: Served, root: Path) -> None:
    """Somebody digs into the gas main beside an open pit: who is told, what is shut, who is called, what is kept."""
    base = "/v1/cities/schutterwald"
    case = permit_at(schutterwald, root)
    lon, lat = case["excavation"]["geometry"]["coordinates"][0][0]
    place = {"lon": lon, "lat": lat}
    with schutterwald.client(Role.CRISIS) as desk, schutterwald.client(Role.AGENCY) as company:
        here = ask(desk, f"{base}/ground/here", {"geometry": {"type": "Point", "coordinates": [lon, lat]}})
        assert [each["ref"] for each in here["open_trenches"]] == [case["case_id"]]
        assert here["open_trenches"][0]["contact"]["applicant"]["name"]
        near = [
            each["properties"]
            for each in here["features"]["features"]
            if each["properties"]["utility"] == "gas"
        ]
        leak = next(each for each in near if each["layer_id"] == "gas_lines")

        shut = ask(desk, f"{base}/networks/gas/isolation", {"at": {"feature_id": leak["feature_id"]}})
        assert shut["valves"] == []  # the published network has none …
        assert shut["valves_are_sparse"] is True  # … so pipes are squeezed, or all 1506 connections go
        assert shut["lost"]["connections"] == 1506
        assert shut["squeeze"]["connections_lost"] < 1506
        assert {"no-valves", "records-only"} <= set(shut["confidence"]["explanations"])

        spread = ask(desk, f"{base}/networks/gas/cascade", {"at": place})
        assert {"power", "water"} <= {each["owner"] for each in spread["in_danger_by_owner"]}

        made = ask(
            desk,
            f"{base}/incidents",
            {
                "kind": "gas_leak",
                "title": "Excavator in the gas main",
                "utility": "gas",
                "geometry": spread["hazard"],
                "at": place,
            },
            201,
        )
        log = f"{base}/incidents/{made['incident_id']}/log"
        ask(desk, log, {"kind": "called", "agency": "gas", "text": "two crews"})
        ask(desk, log, {"kind": "evacuated", "params": {"buildings": spread["buildings"]["count"]}})
        for point in shut["squeeze_points"]:
            ask(company, log, {"kind": "squeezed", "params": {"line": point["feature_id"]}})
        done = ask(desk, f"{base}/incidents/{made['incident_id']}/close", {"outcome": "sleeve welded on"})

        sheet = desk.get(f"{base}/incidents/{made['incident_id']}/contacts.csv").text.removeprefix("\ufeff")
        rows = list(csv.DictReader(io.StringIO(sheet)))
        assert {row["ref"] for row in rows if row["kind"] == "agency"} == {
            "municipality", "water", "power", "gas", "telecom",
        }  # fmt: skip
        assert [row["number"] for row in rows if row["kind"] == "case"] == [case["case_no"]]

    assert done["log"][0]["event"] == "opened"
    assert done["log"][-1]["event"] == "closed"
    assert {each["actor"] for each in done["log"]} == {"crisis:crisis-1", "agency:agency-1"}
    engine = make_engine(str(schutterwald.settings.database_url), pool_size=1)
    with make_sessions(engine)() as session:
        assert verify(session, made["incident_id"]) is None
    engine.dispose()


def test_a_burst_main_in_karhula(karhula: Served) -> None:
    """The valve in front of the school is stuck: the section grows, a second one is closed, water comes back."""
    base = "/v1/cities/karhula"
    with karhula.client(Role.CRISIS) as desk:
        planned = ask(desk, f"{base}/networks/water/isolation", {"at": BURST})
        (valve,) = planned["valves"]
        first = planned["lost"]["priority"][0]
        assert (first["kind"], first["name"]) == ("school", "Otsolan Koulu")
        assert first["point"]
        more = valve["if_stuck"]["more_connections"]
        assert more > 0

        made = ask(
            desk,
            f"{base}/incidents",
            {
                "kind": "water_burst",
                "title": "Burst by the school",
                "utility": "water",
                "geometry": {"type": "Point", "coordinates": planned["start"]["point"]},
                "at": BURST,
            },
            201,
        )
        log = f"{base}/incidents/{made['incident_id']}/log"
        device = {"layer_id": valve["layer_id"], "feature_id": valve["feature_id"]}
        ask(desk, log, {"kind": "valve_stuck", "device": device, "text": "spindle broken"})

        grown = ask(desk, f"{base}/networks/water/isolation", {"at": BURST})
        assert [each["feature_id"] for each in grown["stuck"]] == [valve["feature_id"]]
        assert grown["lost"]["connections"] == planned["lost"]["connections"] + more
        for each in grown["valves"]:
            one = {"layer_id": each["layer_id"], "feature_id": each["feature_id"]}
            ask(desk, log, {"kind": "valve_closed", "device": one})
        shut = ask(desk, f"{base}/networks/water/isolation", {"at": BURST})
        assert shut["valves"] == []
        assert {each["feature_id"] for each in shut["already_closed"]} == {
            each["feature_id"] for each in grown["valves"]
        }
        assert shut["lost"] == grown["lost"]

        for each in grown["valves"]:
            one = {"layer_id": each["layer_id"], "feature_id": each["feature_id"]}
            ask(desk, log, {"kind": "valve_opened", "device": one})
        ask(desk, log, {"kind": "supply_restored"})
        ask(
            desk,
            f"{base}/incidents/{made['incident_id']}/close",
            {"outcome": "pipe replaced, valve to be mended"},
        )
        after = ask(desk, f"{base}/networks/water/isolation", {"at": BURST})
        assert [each["feature_id"] for each in after["stuck"]] == [
            valve["feature_id"]
        ]  # until somebody frees it
        listed = desk.get(f"{base}/incidents").json()["incidents"]
        assert [(each["status"], each["entries"]) for each in listed] == [
            ("closed", 4 + 2 * len(grown["valves"]))
        ]
