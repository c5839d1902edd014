"""Trees under a permit: the finding and its clause, the same for point and outline; a line goes around (A13)."""

from __future__ import annotations

import math
import shutil
from collections.abc import Sequence
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any

import geopandas
import pytest
from shapely.geometry import Point, box, mapping, shape
from shapely.geometry.base import BaseGeometry
from sqlalchemy import Engine
from sqlalchemy.orm import Session

from geo.crs import transform_to
from geo.packs import COLUMNS
from geo.quality import probability_below
from layers import query
from layers.city import City
from layers.ingest import deliver
from layers.preview import spec_of
from layers.report import Outcome
from permits import service
from permits.decision import required_conditions
from permits.ground import check_pit, survey
from permits.requests import ExcavationRequest
from permits.views import Condition, as_json
from permits.vocabulary import DigMethod, Role, Works
from tests.permits import town
from tests.permits.test_decision import facts, finding
from tests.permits.test_ground import pit, some_parcel
from tests.permits.test_service_lines import line_of
from tests.permits.town import context

TODAY = date(2026, 12, 1)
TRUNK_M = 0.40
HEAD = """[[source]]
id = "trees"
path = "trees.gpkg"
delivered_on = 2026-11-01
licence = "CC0-1.0"
credit = "the tests"

[[layer]]
id = "{id}"
name = {{ en = "Trees", fa = "درختان" }}
source = "trees"
owner = "municipality"
sensitivity = "public"
freshness_days = 365
fields.feature_id = "no"
"""
POINTS = HEAD.format(id="trees") + (
    'target = "tree"\ntrunk = { diameter_mm = 300, horizontal_uncertainty_m = 0.5, source = "the tests" }\n'
    'fields.trunk_diameter_mm = { column = "girth", unit = "girth-cm" }\n'
    'fields.horizontal_uncertainty_m = "accuracy"\n'
)
AREAS = HEAD.format(id="groves") + 'target = "landuse"\nconstants = { land_use = "tree" }\n'
RULES = (
    "town-1,excavation,tree,2.5,,Council decision 12,§ 4,2026-05-01,confirmed,file,,",
    "town-2,water,tree,2,,Council decision 12,§ 5,2026-05-01,confirmed,file,,,,axis",
)


@pytest.fixture
def place(tmp_path: Path) -> City:
    """The city with layers of trees, and with its own distances to them."""
    known = town.city()
    folder = tmp_path / "cities" / known.city_id
    shutil.copytree(town.ROOT / "cities" / "packs", tmp_path / "cities" / "packs")
    shutil.copy(town.ROOT / "cities" / "service_lines.toml", tmp_path / "cities")
    folder.mkdir()
    header = ",".join((*COLUMNS, "relation", "from"))
    (folder / "clearance.csv").write_text("\n".join((header, *RULES)) + "\n", encoding="utf-8")
    specs = [spec_of(text, known) for text in (POINTS, AREAS)]
    return replace(known, folder=folder, layers=(*known.layers, *specs))


def plant(engine: Engine, city: City, layer_id: str, shapes: Sequence[BaseGeometry]) -> None:
    path = city.folder / f"{layer_id}.gpkg"
    path.unlink(missing_ok=True)
    rows = [
        {"no": f"T{n}", "girth": TRUNK_M * 100 * math.pi, "accuracy": 0.1, "geometry": each}
        for n, each in enumerate(shapes)
    ]
    geopandas.GeoDataFrame(rows, geometry="geometry", crs=city.crs).to_file(path, engine="pyogrio")
    assert deliver(engine, city, city.layer(layer_id), path).outcome is Outcome.PUBLISHED


def found_trees(session: Session, city: City, record: Any, dug: BaseGeometry) -> dict[str, Any]:
    asked = ExcavationRequest(as_json(mapping(dug)), city.crs, 2.5)
    looked = survey(session, city, record.parcel_id, asked, Works.EXCAVATION_ONLY, TODAY)
    suggested = looked.dossier["suggested_conditions"]
    return {
        "findings": {each["ref"]: each for each in looked.findings if each["utility"] == "tree"},
        "conditions": [each for each in suggested if each["code"] == "protect-tree"],
        "safe": [each for each in suggested if each["code"] == "safe-corridor"],
    }


def test_a_dig_near_a_tree_is_told_with_its_clause(
    city_engine: Engine, city_session: Session, place: City
) -> None:
    """A13: 2.10 m from the axis are 1.90 m from the bark, where 2.50 m are asked for; then 2.50, 2.90 and more."""
    record = some_parcel(city_session)
    x, y = record.geom.representative_point().coords[0]
    dug = box(x - 2, y - 2, x + 2, y + 2)
    off = (2.1, 2.7, 3.1, 9.0)
    plant(city_engine, place, "trees", [Point(x + 2 + each, y) for each in off])
    told = found_trees(city_session, place, record, dug)
    near = told["findings"]
    assert {ref: each["verdict"] for ref, each in near.items()} == {
        "trees/T0": "violates", "trees/T1": "undecidable", "trees/T2": "clear",
    }  # fmt: skip
    first, second = near["trees/T0"], near["trees/T1"]
    assert (first["clause"], first["source"], first["rule_id"]) == ("§ 4", "Council decision 12", "town-1")
    assert (first["separation_h_m"], first["required_h_m"], first["owner"]) == (1.9, 2.5, "municipality")
    assert (first["explanation"], first["params"]["from"]) == ("finding-tree-too-near", "bark")
    by_hand = probability_below(2.5, 2.5, math.hypot(0.1, 0.1) / 1.959964)
    assert second["p_violation"] == pytest.approx(by_hand, abs=1e-4) == 0.5
    assert first["trial_pits"] == second["trial_pits"] == []
    assert [each["code"] for each in first["conditions"]] == ["protect-tree"]
    (protect,) = told["conditions"]
    assert set(protect["params"]["findings"]) == {"trees/T0", "trees/T1"}
    strip = transform_to(shape(protect["corridor"]), "EPSG:4326", place.city_crs).shape
    assert strip.within(dug.buffer(0.01))
    assert strip.distance(Point(x + 1.9, y)) < 0.01
    assert "trees/T0" in told["safe"][0]["params"]["findings"]
    assert shape(first["geometry"]).geom_type == "Point"
    # The country's pack has no distance between trees and a dig: there they keep nobody from digging.
    plain = replace(place, folder=town.city().folder)
    assert not found_trees(city_session, plain, record, dug)["findings"]


def test_the_same_tree_as_an_outline_is_found_the_same(
    city_engine: Engine, city_session: Session, place: City
) -> None:
    """Symmetric with the other way of delivery: only the accuracy differs, which outlines cannot state."""
    record = some_parcel(city_session)
    x, y = record.geom.representative_point().coords[0]
    dug = box(x - 2, y - 2, x + 2, y + 2)
    stands = Point(x + 4.1, y)
    plant(city_engine, place, "trees", [stands])
    plant(city_engine, place, "groves", [stands.buffer(TRUNK_M / 2, quad_segs=128)])
    near = found_trees(city_session, place, record, dug)["findings"]
    point, area = near["trees/T0"], near["groves/T0"]
    same = ("verdict", "separation_h_m", "required_h_m", "clause", "explanation", "rule_id", "owner")
    assert {name: point[name] for name in same} == {name: area[name] for name in same}
    assert (point["uncertainty_h_m"], area["uncertainty_h_m"]) == (0.141, 0.316)


def test_the_owner_of_the_tree_is_among_those_near_a_street_dig(
    city_engine: Engine, city_session: Session, place: City
) -> None:
    record = some_parcel(city_session)
    x, y = record.geom.representative_point().coords[0]
    dug = box(x - 0.5, y - 0.5, x + 0.5, y + 0.5)
    plant(city_engine, place, "trees", [Point(x + 1.5, y)])
    asked = ExcavationRequest(as_json(mapping(dug)), place.crs, 1.0, DigMethod.HAND)
    looked = check_pit(city_session, place, dug, asked, Works.REPAIR, TODAY, 1.0)
    assert "municipality" in looked.owners
    assert [each["code"] for each in looked.conditions if "tree" in each["code"]] == ["protect-tree"]


def test_a_service_line_goes_around_a_tree(city_engine: Engine, city_session: Session, place: City) -> None:
    """2.00 m from the axis: the point itself keeps the distance, whatever the trunk's girth."""
    record = some_parcel(city_session)
    request = town.request(record.parcel_id, excavation=pit(record))
    desk = replace(context(Role.FRONT_OFFICE), city=place)

    def water() -> tuple[BaseGeometry, list[Any]]:
        case = city_session.begin_nested()
        line = line_of(service.submit(city_session, desk, request), "water")
        case.rollback()
        route = transform_to(shape(line["route"]), "EPSG:4326", place.city_crs).shape
        return route, [each for each in line["encounters"] if each["utility"] == "tree"]

    free, met = water()
    assert not met
    stands = free.interpolate(0.5, normalized=True)
    plant(city_engine, place, "trees", [stands])
    around, met = water()
    assert query.near(city_session, place.city_id, ["trees"], around, 10.0)
    assert around.distance(stands) > free.distance(stands) + 1.0
    assert all(each["verdict"] != "violates" for each in met)


def test_a_permit_protects_every_tree_that_may_be_too_near() -> None:
    """Whatever the officer adds, and once; no trial pit is dug for a tree."""
    trees = [
        {**finding(verdict, name), "utility": "tree", "layer_id": "trees"}
        for name, verdict in (("T1", "violates"), ("T2", "undecidable"), ("T3", "clear"))
    ]
    (asked,) = required_conditions(facts(findings=trees))
    assert (asked.code, asked.params) == ("protect-tree", {"findings": ["trees/T1", "trees/T2"]})
    given = [Condition("protect-tree", {"findings": ["trees/T1", "trees/T2"]})]
    assert required_conditions(facts(findings=trees), given) == []
