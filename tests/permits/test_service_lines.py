"""Service lines with the case: proposed at once, told to the companies, and in the layer once built (A08, A11, A21)."""

from __future__ import annotations

import shutil
from dataclasses import replace
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import pytest
from shapely.geometry import LineString, mapping, shape
from sqlalchemy import Engine, text
from sqlalchemy.orm import Session

from geo.packs import COLUMNS
from geo.vocabulary import Utility
from layers import query
from layers.catalog import Target
from layers.config import CityConfigError
from layers.service_rules import Per, load_service_rules
from permits import as_built, service, service_lines
from permits.requests import WishRequest
from permits.vocabulary import Role, ServiceLineState, Wish
from tests.permits import town
from tests.permits.test_ground import pit, some_parcel, submit
from tests.permits.town import ROOT, context

RULES = load_service_rules(ROOT / "cities" / "schutterwald")


def line_of(view: Any, agency: str) -> dict[str, Any]:
    [found] = [line for line in view.service_lines if line["agency"] == agency]
    return dict(found)


def test_a11_every_wanted_connection_comes_with_a_line_and_a_price(city_session: Session) -> None:
    record = some_parcel(city_session)
    view = submit(city_session, record, pit(record), now=datetime(2026, 11, 1, tzinfo=UTC))
    assert {line["agency"] for line in view.service_lines} == {"water", "power", "gas"}
    water = line_of(view, "water")
    assert water["state"] == "proposed"
    assert water["size"]["name"] == "PE 32"  # four dwellings at 20 m3 a month
    assert water["price"]["formula_id"] == "water-eur-2026-07"
    amounts = {item["code"]: item["amount"] for item in water["price"]["items"]}
    assert amounts["subscription"] == 4 * 690
    assert water["price"]["amount"] == sum(amounts.values())
    route = shape(water["route"])
    assert 7 < route.centroid.x < 9
    stored = city_session.execute(
        text("SELECT ST_Length(geom), ST_SRID(geom) FROM permits.service_line WHERE agency_id = 'water'")
    ).one()
    assert stored[0] == pytest.approx(water["length_m"], abs=0.01)
    assert stored[1] == 25832
    kinds = {
        f["properties"]["kind"] for f in service.geojson(city_session, context(), view.case_id)["features"]
    }
    assert "service_line" in kinds


def test_the_companies_are_asked_about_the_proposal(city_session: Session) -> None:
    record = some_parcel(city_session)
    view = submit(city_session, record, pit(record))
    rows = city_session.execute(
        text("SELECT agency_id, body FROM permits.step WHERE case_id = :c AND op = 'inquire'"),
        {"c": view.case_id},
    )
    bodies = {row.agency_id: row.body for row in rows}
    assert set(bodies) == {"water", "power", "gas"}
    for line in view.service_lines:
        told = bodies[line["agency"]]["proposal"]
        assert (told is not None) == line["serviceable"]
        if told is not None:
            assert told["crs"] == "EPSG:25832"
            assert LineString(told["route"]["coordinates"]).length == pytest.approx(
                line["length_m"], abs=0.01
            )
            assert told["main_id"] == line["main"]["feature_id"]


def test_what_stands_beside_a_line_is_told_where_a_rule_names_it(
    city_session: Session, tmp_path: Path
) -> None:
    """The neighbours' foundations and plot lines, by the city's own distances; never the parcel's own."""
    place = town.city()
    folder = tmp_path / place.city_id
    shutil.copytree(ROOT / "cities" / "packs", tmp_path / "packs")
    shutil.copy(ROOT / "cities" / "service_lines.toml", tmp_path)
    folder.mkdir()
    decided = "Council decision 12,4,2026-05-01,confirmed,file,,"
    (folder / "clearance.csv").write_text(
        f"{','.join(COLUMNS)}\ntown-1,water,building_foundation,40,,{decided}\ntown-2,water,plot_line,40,,{decided}\n",
        encoding="utf-8",
    )
    record = some_parcel(city_session)
    request = town.request(record.parcel_id, excavation=pit(record))
    view = service.submit(
        city_session, replace(context(Role.FRONT_OFFICE), city=replace(place, folder=folder)), request
    )
    met = [each for each in line_of(view, "water")["encounters"] if each["obstacle"]]
    assert {each["utility"] for each in met} == {"building_foundation", "plot_line"}
    assert f"parcels/{record.parcel_id}" not in {each["ref"] for each in met}
    assert {(each["rule_pack"], each["verdict"]) for each in met} == {(place.city_id, "violates")}
    assert not [each for each in line_of(view, "power")["encounters"] if each["utility"] == "plot_line"]


def test_a06_what_is_not_wanted_now_gets_no_line(city_session: Session) -> None:
    record = some_parcel(city_session)
    wishes = {
        "water": WishRequest(Wish.NOW),
        "power": WishRequest(Wish.LATER),
        "gas": WishRequest(Wish.NOT_NEEDED),
    }
    request = town.request(record.parcel_id, excavation=pit(record), wishes=wishes)
    view = service.submit(city_session, context(Role.FRONT_OFFICE), request)
    assert [line["agency"] for line in view.service_lines] == ["water"]


def test_a_wish_beyond_any_service_line_is_said_so(city_session: Session) -> None:
    record = some_parcel(city_session)
    wishes = {**town.wishes(), "gas": WishRequest(Wish.NOW, {"m3_hour": 900})}
    request = town.request(record.parcel_id, excavation=pit(record), wishes=wishes)
    gas = line_of(service.submit(city_session, context(Role.FRONT_OFFICE), request), "gas")
    assert (gas["state"], gas["reason"], gas["serviceable"]) == ("unserved", "beyond-a-service", False)


def test_a_main_has_less_room_after_every_offer(city_session: Session) -> None:
    """A08: two requests cannot both be promised the last of a main; a withdrawn one gives its share back."""
    record = some_parcel(city_session)
    wishes = {**town.wishes(power="later", gas="later"), "water": WishRequest(Wish.NOW, {"m3_month": 700})}
    asked = town.request(record.parcel_id, excavation=pit(record), wishes=wishes)
    ctx = context(Role.FRONT_OFFICE)
    first = service.submit(city_session, ctx, asked)
    one = line_of(first, "water")["main"]
    assert 700 <= one["spare"] < 1400
    two = line_of(service.submit(city_session, ctx, asked), "water")["main"]
    assert two["feature_id"] != one["feature_id"]
    service.withdraw(city_session, ctx, first.case_id)
    three = line_of(service.submit(city_session, ctx, asked), "water")["main"]
    assert three == one


def test_rules_are_data_and_a_fault_in_them_is_named(tmp_path: Any) -> None:
    assert set(RULES) == {Utility.WATER, Utility.ELECTRICITY, Utility.GAS}
    power = RULES[Utility.ELECTRICITY]
    assert power.demand({"ampere": 32, "phases": 3}, {}) == 96
    assert power.demand({}, {"residential": 2, "commercial": 1}) == 130
    assert power.demand({}, {}) == 25
    assert RULES[Utility.WATER].capacity(100) == 2700
    assert RULES[Utility.WATER].capacity(None) is None
    assert RULES[Utility.GAS].fits(None, 16.0, None) is False
    formula = RULES[Utility.GAS].price(date(2026, 11, 1), "IRR")
    assert formula is not None
    assert dict(formula.estimate({Per.SIZE: 6.0, Per.METRE: 10.01})) == {
        "branch-fee": 87_000_000,
        "trench": 90_090_000,
    }
    assert RULES[Utility.GAS].price(date(2020, 1, 1), "IRR") is None
    folder = tmp_path / "cities" / "here"
    folder.mkdir(parents=True)
    good = (ROOT / "cities" / "service_lines.toml").read_text(encoding="utf-8")
    (tmp_path / "cities" / "service_lines.toml").write_text(
        good.replace("cover_m = 0.9\n", "cover_m = 9.9\n", 1)
    )
    with pytest.raises(CityConfigError) as refusal:
        load_service_rules(folder)
    assert refusal.value.params["key"] == "gas.cover_m"
    (folder / "service_lines.toml").write_text("[steam]\n")
    (tmp_path / "cities" / "service_lines.toml").write_text(good)
    with pytest.raises(CityConfigError, match="steam"):
        load_service_rules(folder)


def built(view: Any, **changes: Any) -> dict[str, Any]:
    """What the water company surveyed: the proposed line, a hand's breadth to the east."""
    route = shape(line_of(view, "water")["route"])
    said = {
        "geometry": mapping(route), "crs": "EPSG:4326", "cover_m": 1.31, "outer_diameter_mm": 32,
        "main_id": line_of(view, "water")["main"]["feature_id"], "surveyed_on": "2026-11-20",
        "horizontal_uncertainty_m": 0.04, "vertical_uncertainty_m": 0.05,
    }  # fmt: skip
    return {**said, **changes}


def test_the_as_built_line_becomes_a_feature_of_the_companys_layer(
    city_engine: Engine, city_session: Session
) -> None:
    """The proposal goes out, the survey comes back, and the next dig sees the new line with its accuracy."""
    record = some_parcel(city_session)
    view = submit(city_session, record, pit(record))
    layer = line_of(view, "water")["main"]["layer_id"]
    assert (
        as_built.keep(city_session, town.city(), view.case_id, "water", built(view)) is ServiceLineState.BUILT
    )
    city_session.commit()
    cities = {"schutterwald": town.city()}
    assert as_built.publish_due(city_engine, cities) == 1
    assert as_built.publish_due(city_engine, cities) == 0
    line = line_of(service.case(city_session, context(), view.case_id), "water")
    assert line["state"] == "recorded", line["as_built"]
    feature_id = f"AB-{view.case_id.hex[-12:]}-water"
    [feature] = query.features(city_session, "schutterwald", layer, [feature_id])
    assert feature.kind == "service"
    assert feature.cover_m == 1.31
    assert feature.cover_source == "surveyed"
    assert feature.quality_level == "A"
    assert feature.horizontal_uncertainty_m == 0.04
    assert feature.geom.length == pytest.approx(line["as_built"]["length_m"], abs=0.02)
    states = query.freshness(city_session, town.city(), date(2026, 11, 30))
    before = {spec.layer_id: spec.as_of for spec in town.city().layers if spec.target is Target.NETWORK_LINE}
    assert next(state.as_of for state in states if state.layer_id == layer) == before[layer]


@pytest.mark.parametrize(
    ("changes", "member"),
    [
        ({"crs": None}, "crs"),
        ({"geometry": {"type": "Point", "coordinates": [7.9, 48.4]}}, "geometry"),
        ({"geometry": "nonsense"}, "geometry"),
        ({"geometry": {"type": "LineString", "coordinates": [[51.4, 35.7], [51.5, 35.7]]}}, "geometry"),
    ],
)
def test_a_drawing_that_cannot_be_used_is_kept_with_its_reason(
    city_session: Session, changes: dict[str, Any], member: str
) -> None:
    """T15: one company's odd message stops nothing and is not lost."""
    record = some_parcel(city_session)
    view = submit(city_session, record, pit(record))
    state = as_built.keep(city_session, town.city(), view.case_id, "water", built(view, **changes))
    assert state is ServiceLineState.UNRECORDED
    line = line_of(service.case(city_session, context(), view.case_id), "water")
    assert line["as_built"]["problem"] == "as-built-unusable"
    assert line["as_built"]["params"]["member"] == member


def test_a_city_without_layers_proposes_nothing(session: Session) -> None:
    view = town.submit(session)
    assert view.service_lines == []
    assert service_lines.of_case(session, view.case_id) == []


def test_no_rule_no_line(city_session: Session, tmp_path: Any) -> None:
    """A company of whose ways we know nothing is asked all the same, without a drawing."""
    bare = replace(town.city(), folder=tmp_path / "cities" / "bare")
    made, refused = service_lines._wishes(bare, town.request())
    assert (made, refused) == ([], {})
