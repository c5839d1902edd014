"""Deliveries over HTTP: uploaded, followed, held, decided, rolled back, asked as of an instant."""

from __future__ import annotations

import json
import subprocess
import sys
import textwrap
import time
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import httpx2
import pytest
from sqlalchemy import text
from typer.testing import CliRunner

from api.cli import app
from layers.city import City, load_city
from layers.database import make_engine
from layers.deliveries import mark_interrupted
from permits.vocabulary import Role
from tests.api.conftest import Served, served
from tests.layers.test_agreeing import moved_file, shift

Code = Callable[[httpx2.Response], str]
BASE = "/v1/cities/schutterwald"
GAS = f"{BASE}/layers/gas_lines"
RUNNING = {"received", "reading", "checking", "staged"}


@pytest.fixture(scope="module")
def place(root: Path) -> City:
    return load_city(root / "cities", "schutterwald")


def finished(client: httpx2.Client, answer: httpx2.Response) -> dict[str, Any]:
    """The delivery once it runs no longer."""
    assert answer.status_code == 202, answer.text
    while True:
        made: dict[str, Any] = client.get(answer.headers["location"]).json()
        assert made["running"] == (made["state"] in RUNNING)
        if not made["running"]:
            return made
        time.sleep(0.05)


def send(client: httpx2.Client, path: Path, layer: str = GAS, **query: str) -> httpx2.Response:
    return client.post(
        f"{layer}/deliveries", params={"filename": path.name, **query}, content=path.read_bytes()
    )


def test_a_delivery_goes_from_upload_to_roll_back(api: Served, place: City, tmp_path: Path) -> None:
    path = moved_file(place, "gas_lines", tmp_path, shift(0.1, 0.0))
    with api.client(Role.AGENCY) as client:
        before = datetime.now(UTC)
        preview = finished(client, send(client, path, preview="true"))
        assert preview["state"] == "previewed"
        assert preview["counts"]["changed"] == 2559
        made = finished(client, send(client, path))
        assert (made["state"], made["current"], made["counts"]["changed"]) == ("published", True, 2559)
        assert made["report"]["agreement"]["verdict"] == "agrees"
        assert made["submitted_by"] == "agency-1"
        diff = client.get(f"{GAS}/deliveries/{made['delivery_id']}/diff?limit=3").json()
        assert (diff["added"], diff["changed"], diff["removed"]) == (0, 2559, 0)
        assert diff["moved"]["median_m"] == pytest.approx(0.1, abs=0.001)
        assert len(diff["features"]) == 3
        assert diff["features"][0]["lon"] == pytest.approx(7.88, abs=0.05)
        query = {"as_of": before.isoformat(), "limit": "2"}
        old = client.get(f"{GAS}/features", params=query).json()["features"]
        query["as_of"] = datetime.now(UTC).isoformat()
        new = client.get(f"{GAS}/features", params=query).json()["features"]
        assert [each["id"] for each in old] == [each["id"] for each in new]
        assert old[0]["geometry"] != new[0]["geometry"]
        back = client.post(f"{GAS}/rollback").json()
        assert (back["state"], back["current"]) == ("rolled_back", True)
        query["as_of"] = datetime.now(UTC).isoformat()
        again = client.get(f"{GAS}/features", params=query).json()["features"]
        assert [each["geometry"] for each in again] == [each["geometry"] for each in old]
        listed = client.get(f"{GAS}/deliveries?limit=2").json()
        assert [each["delivery_id"] for each in listed["deliveries"]] == [
            back["delivery_id"],
            made["delivery_id"],
        ]
        assert listed["next"] == made["delivery_id"]
    assert list(api.settings.uploads_dir.glob("d-*")) == []


def test_a_shifted_delivery_is_held_and_corrected(
    api: Served, place: City, tmp_path: Path, problem_of: Code
) -> None:
    path = moved_file(place, "gas_lines", tmp_path, shift(0.0, 1.5))
    with api.client(Role.OFFICER) as client:
        held = finished(client, send(client, path))
        assert held["state"] == "held"
        assert held["decisions"] == ["accept", "correct", "refuse"]
        first = held["report"]["agreement"]["compared"][0]
        assert first["offset_m"] == pytest.approx([0.0, 1.5], abs=0.01)
        at = f"{GAS}/deliveries/{held['delivery_id']}"
        done = client.post(f"{at}/decide", json={"decision": "correct", "note": "as offered"}).json()
        assert (done["state"], done["corrects_id"]) == ("published", held["delivery_id"])
        assert done["correction"]["shift_m"] == pytest.approx([0.0, -1.5], abs=0.01)
        corrected = client.get(at).json()
        assert (corrected["state"], corrected["corrected_by"]) == ("corrected", done["delivery_id"])
        refused = client.post(f"{at}/decide", json={"decision": "accept"})
        assert (refused.status_code, problem_of(refused)) == (409, "delivery-not-held")


def test_a_repair_is_told_and_taken_back(api: Served, place: City, tmp_path: Path, problem_of: Code) -> None:
    """A plot with a needle to its side: the needle goes, and the repair alone can be taken back."""
    x, y = place.extent_m[0] + 1000, place.extent_m[1] + 1000
    outline = [[x, y], [x + 20, y], [x + 20, y + 20], [x + 20, y + 25], [x + 20, y + 20], [x, y + 20], [x, y]]
    columns = {rule.column for rule in place.layer("parcels").fields.values()}
    said = {"type": "Feature", "properties": dict.fromkeys(columns) | {"parcel_id": "needle"}}
    made = {
        "type": "FeatureCollection",
        "crs": {"type": "name", "properties": {"name": f"urn:ogc:def:crs:EPSG::{place.srid}"}},
    }
    made["features"] = [said | {"geometry": {"type": "Polygon", "coordinates": [outline]}}]
    path = tmp_path / "plot.geojson"
    path.write_text(json.dumps(made), encoding="utf-8")
    parcels = f"{BASE}/layers/parcels"
    with api.client(Role.OFFICER) as client:
        sent = finished(client, send(client, path, parcels, incremental="true"))
        assert (sent["state"], sent["counts"]["repaired"], sent["counts"]["added"]) == ("published", 1, 1)
        repairs = f"{parcels}/deliveries/{sent['delivery_id']}/repairs"
        (found,) = client.get(repairs).json()["repairs"]
        assert (found["feature_id"], found["codes"], found["is_shown"], found["back"]) == (
            "needle", ["repaired-polygon"], True, "removed",
        )  # fmt: skip
        assert len(found["before"]["coordinates"][0]) == len(outline)
        assert problem_of(client.post(f"{repairs}/undo", json={"features": ["other"]})) == "repair-not-shown"
        back = client.post(f"{repairs}/undo", json={"features": ["needle"], "note": "as surveyed"}).json()
        assert (back["current"], back["counts"]["removed"]) == (True, 1)
        assert (back["decision"]["choice"], back["decision"]["note"]) == ("undo-repairs", "as surveyed")
        assert problem_of(client.post(f"{repairs}/undo", json={})) == "repair-not-shown"


def test_a_file_that_cannot_be_read_is_refused_in_words(api: Served, tmp_path: Path) -> None:
    path = tmp_path / "broken.gpkg"
    path.write_bytes(b"SQLite format 3\x00 and no more")
    with api.client(Role.OFFICER, **{"Accept-Language": "fa"}) as client:
        made = finished(client, send(client, path))
    assert made["state"] == "refused"
    assert made["report"] is None
    assert made["problem"]["code"].startswith("source-")
    assert any("\u0600" <= letter <= "\u06ff" for letter in made["problem"]["detail"])


def test_the_newest_delivery_of_every_layer_comes_in_one_answer(
    api: Served, place: City, tmp_path: Path
) -> None:
    """For each layer what its own list says first: for an officer of all, for an agency of its own layers."""
    (tmp_path / "broken.gpkg").write_bytes(b"SQLite format 3\x00 and no more")
    with api.client(Role.OFFICER) as client:
        refused = finished(client, send(client, tmp_path / "broken.gpkg"))
        newest = client.get(f"{BASE}/deliveries/newest").json()["deliveries"]
        assert list(newest) == [spec.layer_id for spec in place.layers]
        for layer_id, told in newest.items():
            listed = client.get(f"{BASE}/layers/{layer_id}/deliveries?limit=1").json()["deliveries"]
            assert [told] == listed, layer_id
    assert newest["gas_lines"]["delivery_id"] == refused["delivery_id"]
    assert (newest["gas_lines"]["state"], newest["gas_lines"]["current"]) == ("refused", False)
    assert newest["water_lines"]["current"]
    with api.client(Role.AGENCY) as client:
        own = client.get(f"{BASE}/deliveries/newest").json()["deliveries"]
    assert set(own) == {spec.layer_id for spec in place.layers if spec.owner == "gas"}


@pytest.mark.parametrize("role", [None, Role.APPLICANT, Role.FRONT_OFFICE, Role.AUDITOR, Role.CRISIS])
def test_others_may_not_deliver(api: Served, role: Role | None) -> None:
    with api.client(role) as client:
        for answer in (
            client.post(f"{GAS}/deliveries?filename=a.gpkg", content=b"x"),
            client.get(f"{GAS}/deliveries"),
            client.get(f"{BASE}/deliveries/newest"),
            client.post(f"{GAS}/rollback"),
        ):
            assert answer.status_code == (401 if role is None else 403)


def test_an_agency_delivers_its_own_layers_only(api: Served, problem_of: Code) -> None:
    with api.client(Role.AGENCY) as client:
        answer = client.post(f"{BASE}/layers/water_lines/deliveries?filename=a.gpkg", content=b"x")
        assert (answer.status_code, problem_of(answer)) == (403, "not-allowed")
        answer = client.get(f"{BASE}/layers/no_such/deliveries")
        assert (answer.status_code, problem_of(answer)) == (404, "layer-unknown")
        answer = client.get(f"{GAS}/deliveries/999999")
        assert (answer.status_code, problem_of(answer)) == (404, "delivery-not-found")


@pytest.mark.parametrize("name", ["", "..", "/etc/passwd", "noending"])
def test_a_file_needs_a_name_with_an_ending(api: Served, name: str) -> None:
    with api.client(Role.OFFICER) as client:
        answer = client.post(f"{GAS}/deliveries", params={"filename": name}, content=b"x")
    assert answer.status_code in {400, 422}


def test_a_file_above_the_limit_is_refused(
    city_database_url: str, root: Path, tmp_path: Path, problem_of: Code
) -> None:
    with (
        served(city_database_url, root, tmp_path, ["schutterwald"], upload_limit_bytes=2000) as small,
        small.client(Role.OFFICER) as client,
    ):
        answer = client.post(f"{GAS}/deliveries?filename=a.gpkg", content=b"x" * 3000)
        assert (answer.status_code, problem_of(answer)) == (413, "body-too-large")
        answer = client.post(f"{GAS}/deliveries?filename=a.gpkg", content=(b"x" * 1000 for _ in range(3)))
        assert (answer.status_code, problem_of(answer)) == (413, "body-too-large")


def test_scorecard(api: Served) -> None:
    with api.client(Role.AUDITOR) as client:
        owners = {each["agency"]: each for each in client.get(f"{BASE}/scorecard").json()["owners"]}
    gas = {each["measure"]: each for each in owners["gas"]["measures"]}
    assert (gas["depth"]["share"], gas["depth"]["level"]) == (0.0, 1)
    assert gas["valid-geometry"]["level"] == 5
    assert owners["gas"]["level"] == 1


KILLED = """
import sys, time
from pathlib import Path
import layers.staging as staging, layers.ingest as ingest, layers.deliveries as d
from layers.city import load_city
from layers.database import make_engine
from layers.handling import Handling
from dataclasses import replace
real = ingest.publish
def stuck(*args):
    real(*args)
    print("published, not committed", flush=True)
    time.sleep(600)
ingest.publish = stuck
engine = make_engine(sys.argv[1])
city = load_city(Path(sys.argv[2]), "schutterwald")
how = Handling()
number = d.receive(engine, city, "gas_lines", d.Receipt("gas.gpkg", 1, "tests", how))
alive = d.Alive(engine)
alive.hold(number)
print(number, flush=True)
d.run(engine, city, city.layer("gas_lines"), Path(sys.argv[3]), replace(how, delivery_id=number))
"""


def test_a_killed_process_leaves_an_interrupted_delivery_and_the_old_layer(
    city_database_url: str, place: City, root: Path, tmp_path: Path
) -> None:
    """Killed after every row was written and before the commit: the worst moment there is."""
    path = moved_file(place, "gas_lines", tmp_path, shift(0.1, 0.1))
    engine = make_engine(city_database_url)
    live = text("SELECT md5(string_agg(feature_id || ST_AsText(geom), '' ORDER BY feature_id)) "
                "FROM layers.network_line WHERE layer_id = 'gas_lines' AND retired_by IS NULL")  # fmt: skip
    with engine.connect() as connection:
        before = connection.execute(live).scalar_one()
    child = subprocess.Popen(
        [sys.executable, "-c", textwrap.dedent(KILLED), city_database_url, str(root / "cities"), str(path)],
        cwd=root,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert child.stdout is not None
    number = int(child.stdout.readline())
    assert child.stdout.readline().startswith("published")
    assert mark_interrupted(engine) == []  # it lives
    child.kill()
    child.wait()
    child.stdout.close()
    found: list[int] = []
    deadline = time.monotonic() + 30
    while not found and time.monotonic() < deadline:
        time.sleep(0.2)
        found = mark_interrupted(engine)
    assert found == [number]
    with engine.connect() as connection:
        assert connection.execute(live).scalar_one() == before
        state = connection.execute(
            text("SELECT state, published_at FROM layers.delivery WHERE delivery_id = :n"), {"n": number}
        ).one()
    assert tuple(state) == ("interrupted", None)
    engine.dispose()


def test_the_terminal_delivers_decides_and_rolls_back(
    api: Served, place: City, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PANJEREH_DATABASE_URL", api.settings.database_url or "")
    monkeypatch.setenv("PANJEREH_CITIES", '["schutterwald"]')

    def run(*words: str, code: int = 0) -> str:
        done = CliRunner().invoke(app, list(words), catch_exceptions=False)
        assert done.exit_code == code, done.output
        return done.output

    path = moved_file(place, "gas_lines", tmp_path, shift(3.0, 0.0))
    said = run("delivery", "send", "gas_lines", str(path), code=1)
    assert "Held for a decision" in said
    assert "off by +3.00 m east" in said
    number = said.split()[0]
    assert "corrected" not in run("delivery", "show", "gas_lines", number)
    assert run("delivery", "decide", "gas_lines", number, "correct").startswith("*")
    made = json.loads(run("delivery", "diff", "gas_lines", str(int(number) + 1)))
    assert (made["added"], made["removed"]) == (0, 0)
    assert run("delivery", "repairs", "gas_lines", number) == ""
    assert run("delivery", "rollback", "gas_lines").startswith("*")
    assert len(run("delivery", "list", "gas_lines").splitlines()) == 4
    now = datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    lines = run("delivery", "as-of", "gas_lines", now).splitlines()
    assert len(lines) == 2559
    assert "level 1" in run("city", "scorecard", "schutterwald")
    assert json.loads(run("city", "scorecard", "schutterwald", "--json"))[0]["agency"] == "gas"
