"""A city is data: both demo cities load; a wrong value is refused with its file and key."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest

from geo.quality import QualityLevel
from geo.vocabulary import Utility
from layers.catalog import CoverSource, Sensitivity, Target, visible_layers
from layers.city import Calendar, City, city_ids, load_city
from layers.config import CityConfigError, UnknownCity


def test_both_demo_cities_are_configuration_only(cities: Path) -> None:
    assert {"schutterwald", "karhula"} <= set(city_ids(cities))
    for city_id, crs in (("schutterwald", "EPSG:25832"), ("karhula", "EPSG:3067")):
        city = load_city(cities, city_id)
        assert (city.city_id, city.crs) == (city_id, crs)
        assert [agency.agency_id for agency in city.consulted_agencies] == ["water", "power", "gas"]
        assert city.agency("gas").utilities == (Utility.GAS,)
        assert {code.tariff_class for code in city.agency("water").tariffs} >= {"residential", "construction"}
        assert city.layer("gas_lines").target is Target.NETWORK_LINE


def test_no_source_file_names_a_demo_city(root: Path) -> None:
    named = [
        path.name
        for path in (root / "layers").glob("*.py")
        if any(city in path.read_text(encoding="utf-8").lower() for city in ("schutterwald", "karhula"))
    ]
    assert named == []


def test_what_the_source_does_not_say_is_said_openly(cities: Path) -> None:
    gas = load_city(cities, "schutterwald").layer("gas_lines").quality
    water = load_city(cities, "schutterwald").layer("water_lines").quality
    assert gas is not None
    assert water is not None
    assert (gas.quality_level, gas.horizontal_uncertainty_m) == (QualityLevel.D, 1.0)
    assert (gas.vertical_uncertainty_m, gas.cover_source) == (None, CoverSource.UNKNOWN)
    assert (water.vertical_uncertainty_m, water.cover_source) == (0.3, CoverSource.DESIGN)
    assert "assumed" in gas.source


def test_draw_order_puts_areas_under_lines_under_devices(cities: Path) -> None:
    ids = [spec.layer_id for spec in load_city(cities, "karhula").layers]
    assert (
        ids.index("parcels") < ids.index("water_lines") < ids.index("gas_lines") < ids.index("water_devices")
    )


def test_sensitive_layers_are_not_shown_by_default(cities: Path) -> None:
    layers = load_city(cities, "schutterwald").layers
    public = {spec.layer_id for spec in visible_layers(layers, Sensitivity.PUBLIC)}
    shared = {spec.layer_id for spec in visible_layers(layers, Sensitivity.SHARED)}
    assert public == {"parcels", "buildings", "streets"}
    assert "gas_lines" in shared
    assert "power_transformers" not in shared


def test_each_utility_has_its_conventional_colour(cities: Path) -> None:
    """APWA uniform colour code: red electricity, yellow gas, orange telecom, blue water, green sewer."""
    city = load_city(cities, "schutterwald")
    red, green, blue = (
        {
            spec.layer_id: int(spec.colour[at : at + 2], 16)
            for spec in city.layers
            if spec.target is Target.NETWORK_LINE
        }
        for at in (1, 3, 5)
    )
    assert red["power_lv_lines"] > 180 > green["power_lv_lines"] + blue["power_lv_lines"]
    assert blue["water_lines"] > max(red["water_lines"], green["water_lines"])
    assert green["sewer_lines"] > max(red["sewer_lines"], blue["sewer_lines"])
    assert red["gas_lines"] > green["gas_lines"] > 140 > blue["gas_lines"]
    assert red["telecom_lines"] > 220 > green["telecom_lines"] > blue["telecom_lines"]


def test_a_toy_city_in_another_country_needs_no_code(toy: City) -> None:
    assert toy.calendar is Calendar.JALALI
    assert toy.srid == 32639
    assert toy.layer("pipes").fields["cover_m"].unit == "cm"


def test_attendance_hours_may_be_left_out_or_stated(toy: City, toy_root: Path) -> None:
    assert (toy.watch.opens, toy.watch.closes, toy.watch.notice_hours) == ("08:00", "14:00", 48)
    path = toy_root / "toytown" / "city.toml"
    stated = '[watch]\nopens = "07:00"\nnotice_hours = 24\n[exchange]'
    path.write_text(path.read_text(encoding="utf-8").replace("[exchange]", stated), encoding="utf-8")
    own = load_city(toy_root, "toytown").watch
    assert (own.opens, own.closes, own.notice_hours) == ("07:00", "14:00", 24)


def test_holidays_and_validity_are_the_citys(toy: City, toy_root: Path) -> None:
    """A20: holidays in the city's own calendar, yearly or dated; how long a permit holds; a desk's working days."""
    assert (toy.holidays, toy.permit_valid_days, toy.exchange.desk_days) == (frozenset(), 730, 2)
    file = toy_root / toy.city_id / "city.toml"
    plain = file.read_text(encoding="utf-8")
    holidays = '[holidays]\ncalendar = "jalali"\n'
    stated = f'[permit]\nvalid_days = 90\n{holidays}yearly = ["01-01", "12-30"]\ndays = ["1405-03-07"]\n'
    file.write_text(f"{plain}\n{stated}", encoding="utf-8")
    city = load_city(toy_root, toy.city_id)
    assert city.permit_valid_days == 90
    assert {date(2026, 3, 21), date(2027, 3, 21), date(2025, 3, 20), date(2026, 5, 28)} <= city.holidays
    assert len([day for day in city.holidays if day.year == 2026]) == 2  # 1404 has no 30th of Esfand
    for key, wrong in (("days", '["1405-13-01"]'), ("yearly", '["02-32"]')):
        file.write_text(f"{plain}\n{holidays}{key} = {wrong}\n", encoding="utf-8")
        with pytest.raises(CityConfigError) as refused:
            load_city(toy_root, toy.city_id)
        assert refused.value.params["key"] == f"holidays.{key}"


def test_an_unknown_city_is_refused_with_those_known(cities: Path) -> None:
    with pytest.raises(UnknownCity) as refusal:
        load_city(cities, "atlantis")
    assert "schutterwald" in str(refusal.value.params["known"])
    with pytest.raises(UnknownCity):
        load_city(cities, "../cities/schutterwald")


WRONG = [
    ("city.toml", 'crs = "EPSG:32639"', 'crs = "EPSG:4326"', "crs", "metres"),
    ("city.toml", 'crs = "EPSG:32639"', 'crs = "UTM 39"', "crs", "EPSG"),
    ("city.toml", 'crs = "EPSG:32639"', "", "crs", "missing"),
    ("city.toml", "lead_hours = 24", "", "exchange.lead_hours", "missing"),
    ("city.toml", "lead_hours = 24", "lead_hours = 0", "exchange.lead_hours", "more than 0"),
    ("city.toml", "lead_hours = 24", 'lead_hours = "a day"', "exchange.lead_hours", "whole number"),
    (
        "city.toml",
        "lead_hours = 24",
        "lead_hours = 24\nleed_minutes = 3",
        "exchange.leed_minutes",
        "unknown key",
    ),
    ("city.toml", 'timezone = "Asia/Tehran"', 'timezone = "Tehran"', "timezone", "IANA"),
    ("city.toml", 'calendar = "jalali"', 'calendar = "lunar"', "calendar", "gregorian, jalali"),
    ("city.toml", "[exchange]", '[watch]\nopens = "8"\n[exchange]', "watch.opens", "HH:MM"),
    ("city.toml", "[exchange]", '[watch]\nopens = "15:00"\n[exchange]', "watch.opens", "before"),
    ("city.toml", "[exchange]", "[watch]\nnotice_hours = -1\n[exchange]", "watch.opens", "notice"),
    ("city.toml", "[exchange]", "[watch]\ndays = 2\n[exchange]", "watch.days", "unknown key"),
    ("city.toml", 'id = "toytown"', 'id = "othertown"', "id", "folder"),
    ("city.toml", "510000.0, 3910000.0", "490000.0, 3910000.0", "extent_m", "west < east"),
    ("agencies.toml", 'capability = "L3"', 'capability = "L5"', "agency[water].capability", "L5"),
    ("agencies.toml", 'utilities = ["water"]', 'utilities = ["wine"]', "agency[water].utilities", "wine"),
    ("agencies.toml", 'phone = "1"', "", "agency[water].contact.phone", "missing"),
    ("tariffs.toml", 'id = "water"', 'id = "gas"', "agency[water].consulted", "tariff"),
    ("layers.toml", 'owner = "water"\nutility', 'owner = "gas"\nutility', "layer[pipes].owner", "agencies"),
    ("layers.toml", 'utility = "water"', "", "layer[pipes].utility", "missing"),
    ("layers.toml", 'role = "kind"', 'rolle = "kind"', "layer[pipes].fields.rolle", "unknown field"),
    (
        "layers.toml",
        'column = "dn", unit = "cm"',
        'column = "dn", unit = "yd"',
        "layer[pipes].fields.diameter_mm",
        "yd",
    ),
    ("layers.toml", 'M = "main"', 'M = "trunk"', "layer[pipes].codes.role.M", "trunk"),
    ("layers.toml", 'fields.feature_id = "id"', 'fields.role = "id"', "layers.toml", "not a TOML"),
    ("layers.toml", 'feature_id = "pid"', "", "layer[parcels].fields.feature_id", "missing"),
    ("layers.toml", 'level = "D"', 'level = "E"', "layer[pipes].quality.level", "A, B, C, D"),
    (
        "layers.toml",
        "horizontal_uncertainty_m = 1.0",
        "horizontal_uncertainty_m = 0",
        "uncertainty_m",
        "exact",
    ),
    (
        "layers.toml",
        "freshness_days = 30",
        "freshness_days = true",
        "layer[pipes].freshness_days",
        "true/false",
    ),
    ("layers.toml", 'id = "pipes"', 'id = "parcels"', "id", "twice"),
    ("layers.toml", 'target = "network_line"', 'target = "pipe"', "layer[pipes].target", "network_line"),
    ("layers.toml", 'source = "file"\ntable = "pipes"', 'source = "disk"', "layer[pipes].source", "disk"),
]


@pytest.mark.parametrize(("file", "right", "wrong", "key", "words"), WRONG)
def test_a_wrong_value_is_named(
    toy_root: Path, file: str, right: str, wrong: str, key: str, words: str
) -> None:
    path = toy_root / "toytown" / file
    content = path.read_text(encoding="utf-8")
    assert right in content
    path.write_text(content.replace(right, wrong), encoding="utf-8")
    with pytest.raises(CityConfigError) as refusal:
        load_city(toy_root, "toytown")
    said = refusal.value.params
    assert str(said["file"]).endswith(".toml")
    assert key in f"{said['file']} {said['key']}"
    assert words in str(said["problem"])


def test_a_missing_file_is_named(toy_root: Path) -> None:
    (toy_root / "toytown" / "layers.toml").unlink()
    with pytest.raises(CityConfigError, match=r"layers\.toml"):
        load_city(toy_root, "toytown")


def test_names_of_layers_agree_with_the_catalogue_of_words(cities: Path, root: Path) -> None:
    for tag in ("en", "fa"):
        words = (root / "locales" / f"{tag}.ftl").read_text(encoding="utf-8").splitlines()
        said = dict(line.split(" = ", 1) for line in words if line.startswith("layer-"))
        for city_id in ("schutterwald", "karhula"):
            for spec in load_city(cities, city_id).layers:
                assert said[f"layer-{spec.layer_id}"] == getattr(spec.name, tag)
