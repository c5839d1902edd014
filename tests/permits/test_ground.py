"""The whole intake on a real city: parcel, conflict check, dossier, map."""

from __future__ import annotations

import shutil
from dataclasses import replace
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import pytest
from shapely.geometry import mapping, shape
from sqlalchemy import text
from sqlalchemy.orm import Session

from geo.clearance import Excavation, assess_all, search_radius_m
from geo.crs import to_wgs84
from geo.errors import PanjerehError
from geo.packs import COLUMNS
from geo.quality import Verdict
from layers import query
from layers.catalog import Target
from permits import service
from permits.conflicts import KEEP_CLEAR_WITHIN_M, placed_from
from permits.errors import ExcavationOffParcel, ParcelNotFound
from permits.ground import Ground, pit_in_city, rules_of, survey
from permits.requests import ExcavationRequest
from permits.views import Condition, as_json
from permits.vocabulary import DigMethod, Role, Works
from tests.permits import town
from tests.permits.town import context


def some_parcel(session: Session) -> Any:
    """A parcel with a water main near, in id order."""
    found = session.execute(
        text(
            "SELECT p.feature_id FROM layers.parcel p JOIN layers.network_line w ON w.city_id = p.city_id "
            "AND w.layer_id = 'water_lines' AND w.retired_by IS NULL AND ST_Intersects(p.geom, w.geom) "
            "WHERE p.city_id = 'schutterwald' AND p.retired_by IS NULL ORDER BY p.feature_id LIMIT 1"
        )
    ).scalar_one()
    record = query.parcel(session, "schutterwald", found)
    assert record is not None
    return record


def pit(record: Any, crs: str = "EPSG:25832", grow: float = -1.0) -> ExcavationRequest:
    outline = record.geom.buffer(grow).envelope.intersection(record.geom.buffer(grow))
    outline = max(getattr(outline, "geoms", [outline]), key=lambda g: g.area)
    if crs == "EPSG:4326":
        outline = to_wgs84(outline, town.city().city_crs)
    return ExcavationRequest(as_json(mapping(outline)), crs, 2.5)


def submit(session: Session, record: Any, excavation: ExcavationRequest, now: datetime | None = None) -> Any:
    request = town.request(record.parcel_id, excavation=excavation)
    return service.submit(session, context(Role.FRONT_OFFICE, now=now), request)


def test_a13_submit_finds_what_lies_in_the_ground(city_session: Session) -> None:
    """A13: a pit over a service pipe; the check and the map are in the answer to the submission."""
    record = some_parcel(city_session)
    view = submit(city_session, record, pit(record))
    city_session.commit()
    assert view.verdict in ("violates", "undecidable")
    assert view.findings
    assert all({"layer_id", "feature_id", "verdict", "separation_h_m"} <= set(f) for f in view.findings)
    assert all("geometry" not in f for f in view.findings)
    assert view.dossier["parcel"]["parcel_id"] == record.parcel_id
    assert view.dossier["suggested_conditions"]
    shown = service.geojson(city_session, context(), view.case_id)
    kinds = {f["properties"]["kind"] for f in shown["features"]}
    assert {"excavation", "parcel", "finding", "trial_pit", "hand_dig", "safe_corridor"} <= kinds
    west, south, east, north = shape(shown["features"][0]["geometry"]).bounds
    assert 7 < west < east < 9
    assert 47 < south < north < 50
    checked = service.recheck_conflicts(city_session, context(), view.case_id)
    assert checked.findings == view.findings
    body = city_session.execute(text("SELECT body FROM permits.step WHERE agency_id = 'water'")).scalar_one()
    assert shape(body["parcel"]["geometry"]).equals(record.geom)


def test_degrees_and_metres_give_the_same_answer(city_session: Session) -> None:
    record = some_parcel(city_session)
    metres = submit(city_session, record, pit(record))
    degrees = submit(city_session, record, pit(record, "EPSG:4326"))
    assert [f["ref"] for f in metres.findings] == [f["ref"] for f in degrees.findings]
    assert abs(metres.excavation.area_m2 - degrees.excavation.area_m2) < 0.05


def test_stale_layers_answer_no_information_never_nothing(city_session: Session) -> None:
    record = some_parcel(city_session)
    late = submit(city_session, record, pit(record), datetime(2045, 1, 1, tzinfo=UTC))
    assert {m.state for m in late.missing_information} >= {"stale"}
    assert late.verdict != "clear"


@pytest.mark.parametrize("fault", ["parcel", "elsewhere", "crs", "crossing"])
def test_refusals_say_what_is_wrong_and_leave_nothing(city_session: Session, fault: str) -> None:
    record = some_parcel(city_session)
    excavation = pit(record)
    expected: type[PanjerehError] = PanjerehError
    if fault == "parcel":
        record, expected = replace(record, parcel_id="nowhere"), ParcelNotFound
    elif fault == "elsewhere":
        west, south, _, _ = record.geom.bounds
        ring = [[west - 90, south], [west - 80, south], [west - 80, south + 9], [west - 90, south]]
        excavation = replace(excavation, geometry={"type": "Polygon", "coordinates": [ring]})
        expected = ExcavationOffParcel
    elif fault == "crs":
        excavation = replace(excavation, crs="EPSG:4326")
    else:
        west, south, _, _ = record.geom.bounds
        ring = [[west, south], [west + 9, south + 9], [west + 9, south], [west, south + 9], [west, south]]
        excavation = replace(excavation, geometry={"type": "Polygon", "coordinates": [ring]})
    with pytest.raises(expected):
        submit(city_session, record, excavation)
    city_session.rollback()
    assert town.count(city_session, "case_") == 0


def test_repair_needs_less_room_than_a_new_building(city_session: Session) -> None:
    record = some_parcel(city_session)
    looked = {
        works: survey(city_session, town.city(), record.parcel_id, pit(record), works, date(2026, 12, 1))
        for works in (Works.REPAIR, Works.NEW_BUILDING)
    }
    worse = ("violates", "undecidable", "no_information", "clear")
    assert worse.index(looked[Works.NEW_BUILDING].verdict) <= worse.index(looked[Works.REPAIR].verdict)


def dug(session: Session, record: Any, method: DigMethod, top_m: float = 0.0) -> Ground:
    excavation = replace(pit(record), method=method, top_m=top_m)
    return survey(
        session, town.city(), record.parcel_id, excavation, Works.EXCAVATION_ONLY, date(2026, 12, 1)
    )


def test_a13_findings_say_how_to_dig_where_to_look_and_what_to_ask(city_session: Session) -> None:
    """A13, A08: zones, trial pits and conditions travel with the case, in degrees, and onto the permit."""
    record = some_parcel(city_session)
    view = submit(city_session, record, pit(record))
    for each in view.findings:
        assert each["zone"] in ("machine_ok", "hand_only", "no_dig")
        assert {"trial_pits", "conditions", "relation", "angle_deg", "zones", "cover"} <= set(each)
    suggested = {each["code"]: each for each in view.dossier["suggested_conditions"]}
    assert {"hand-dig", "safe-corridor"} <= set(suggested)
    outline = shape(view.excavation.geometry)
    safe = suggested["safe-corridor"]["corridor"]
    assert safe is None or shape(safe).within(outline.buffer(1e-6))
    assert shape(suggested["hand-dig"]["corridor"]).within(outline.buffer(1e-6))
    unsure = [each for each in view.findings if each["verdict"] == "undecidable"]
    for each in unsure:
        assert each["trial_pits"]
        assert shape(each["trial_pits"][0]["point"]).distance(outline) < 1e-4  # degrees: about ten metres


def test_the_permit_keeps_the_ground_of_its_conditions(city_session: Session) -> None:
    record = some_parcel(city_session)
    view = submit(city_session, record, pit(record))
    city_session.commit()
    town.answer(city_session, view.case_id)
    asked = view.dossier["suggested_conditions"]
    violated = [each["ref"] for each in view.findings if each["verdict"] == "violates"]
    taken = [Condition(each["code"], each["params"]) for each in asked if each["code"] == "hand-dig"]
    taken.append(Condition("protective-measures", {"findings": violated}, "exposed by hand first"))
    ready = service.case(city_session, context(), view.case_id)
    done = town.approve(city_session, ready, *taken)
    assert done.decision is not None
    kept = {each.code: each for each in done.decision.conditions}
    strips = [each.corridor for each in done.decision.conditions if each.code == "hand-dig"]
    assert strips == [each["corridor"] for each in asked if each["code"] == "hand-dig"]
    assert strips
    assert kept["protective-measures"].corridor is None
    if any(each["verdict"] == "undecidable" for each in view.findings):
        assert kept["trial-pit"].corridor is not None
        assert kept["trial-pit"].corridor["type"] == "MultiPoint"


def test_gentler_methods_find_no_more_on_a_real_street(city_session: Session) -> None:
    record = some_parcel(city_session)
    alarms = {
        (method, top): sum(
            each["verdict"] != "clear" for each in dug(city_session, record, method, top).findings
        )
        for method, top in (
            (DigMethod.MACHINE, 0.0),
            (DigMethod.HAND, 0.0),
            (DigMethod.HAND_BORING, 0.0),
            (DigMethod.HAND_BORING, 2.2),
        )
    }
    machine, hand, auger, bore = alarms.values()
    assert machine >= hand >= auger >= bore
    assert machine > 0


def test_a_citys_own_rules_reach_the_finding(city_session: Session, tmp_path: Path) -> None:
    """`cities/<city>/clearance.csv` over the country's pack: the finding names it, and what it replaced."""
    place = town.city()
    folder = tmp_path / place.city_id
    shutil.copytree(town.ROOT / "cities" / "packs", tmp_path / "packs")
    folder.mkdir()
    decided = "water,excavation:machine,4.0,0.5,Council decision 12,4,2026-05-01,confirmed,file,,"
    (folder / "clearance.csv").write_text(f"{','.join(COLUMNS)}\ntown-1,{decided}\n", encoding="utf-8")
    own = replace(place, folder=folder)
    record = some_parcel(city_session)
    looked = {
        each.city_id + str(each.folder): survey(
            city_session, each, record.parcel_id, pit(record), Works.EXCAVATION_ONLY, date(2026, 12, 1)
        )
        for each in (place, own)
    }
    plain, ruled = looked.values()
    water = [each for each in ruled.findings if each["utility"] == "water" and each["verdict"] != "clear"]
    assert water
    for each in water:
        assert (each["rule_pack"], each["rule_id"]) == (place.city_id, "town-1")
        assert each["rule_replaces"] == ["default-001"]
        assert each["rule_date"] == "2026-05-01"
    assert all(each["rule_replaces"] == [] for each in plain.findings)


def test_a13_a_badly_known_line_is_found_from_as_far_as_it_may_lie_off(city_session: Session) -> None:
    """A13: all that one wide look finds, and the line that its layer's accuracy would not have found."""
    city = town.city()
    layer_ids = [spec.layer_id for spec in city.layers if spec.target is Target.NETWORK_LINE]
    rules = rules_of(city)
    wide_m = search_radius_m(rules, 2.0, works=Works.NEW_BUILDING.value)
    record = some_parcel(city_session)
    asked = pit(record, grow=-3.0)
    dug_m = pit_in_city(city.city_crs, asked)

    def findings() -> dict[str, Any]:
        looked = survey(city_session, city, record.parcel_id, asked, Works.NEW_BUILDING, date(2026, 11, 1))
        return {found["ref"]: found for found in looked.findings}

    seen = query.near(city_session, city.city_id, layer_ids, dug_m, wide_m)
    dug = Excavation(dug_m, asked.depth_m, asked.method.value, Works.NEW_BUILDING.value)
    wanted = {
        found.ref: found.verdict.value
        for found in assess_all(
            dug, [placed_from(each) for each in seen], [each.geom for each in seen], rules
        )
        if found.verdict is not Verdict.CLEAR or found.separation_h_m <= KEEP_CLEAR_WITHIN_M
    }
    before = findings()
    assert {ref: found["verdict"] for ref, found in before.items()} == wanted

    around = query.near(city_session, city.city_id, layer_ids, dug_m, wide_m + 10.0)
    far = next(each for each in around if each.distance_m > wide_m)
    city_session.execute(
        text(
            "UPDATE layers.network_line SET horizontal_uncertainty_m = 20 WHERE city_id = :city "
            "AND layer_id = :layer AND feature_id = :feature AND retired_by IS NULL"
        ),
        {"city": city.city_id, "layer": far.layer_id, "feature": far.feature_id},
    )
    after = findings()
    found = after.pop(f"{far.layer_id}/{far.feature_id}")
    assert after == before
    assert found["verdict"] == "undecidable"
    assert not shape(found["geometry"]).is_empty
