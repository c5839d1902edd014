"""The whole intake on a real city: parcel, conflict check, dossier, map."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime
from typing import Any

import pytest
from shapely.geometry import mapping, shape
from sqlalchemy import text
from sqlalchemy.orm import Session

from geo.crs import to_wgs84
from geo.errors import PanjerehError
from layers import query
from permits import service
from permits.errors import ExcavationOffParcel, ParcelNotFound
from permits.requests import ExcavationRequest
from permits.views import as_json
from permits.vocabulary import Role, Works
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
    assert kinds - {"service_line", "shared_trench"} == {"excavation", "parcel", "finding"}
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
    from permits.ground import survey

    record = some_parcel(city_session)
    looked = {
        works: survey(city_session, town.city(), record.parcel_id, pit(record), works, date(2026, 12, 1))
        for works in (Works.REPAIR, Works.NEW_BUILDING)
    }
    worse = ("violates", "undecidable", "no_information", "clear")
    assert worse.index(looked[Works.NEW_BUILDING].verdict) <= worse.index(looked[Works.REPAIR].verdict)
