"""Trees delivered as points: a trunk in any unit, what a missing or absurd one becomes, and what is no point (A2)."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from shapely.affinity import translate
from shapely.geometry import LineString, MultiPoint, Point, Polygon, box
from sqlalchemy import Engine, text

from layers import query, tiles
from layers.catalog import LayerSpec, Target
from layers.city import City
from layers.config import CityConfigError
from layers.ingest import deliver
from layers.preview import preview, spec_of
from layers.reach import within_reach
from layers.report import DeliveryReport, Outcome
from layers.units import known_units, measure

Write = Callable[..., Path]
HOME = (
    'id = "file"\npath = "trees.gpkg"\ndelivered_on = 2026-10-01\nlicence = "CC0-1.0"\ncredit = "the tests"\n'
)
TRUNK = 'trunk = { diameter_mm = 300, horizontal_uncertainty_m = 0.5, source = "the tests" }\n'


def _layer(trunk: str = TRUNK, more: str = "", target: str = "tree") -> str:
    return (
        f'[[source]]\n{HOME}\n[[layer]]\nid = "trees"\nname = {{ en = "Trees", fa = "درختان" }}\n'
        f'target = "{target}"\nsource = "file"\nowner = "water"\nsensitivity = "public"\nfreshness_days = 365\n'
        f'fields.feature_id = "number"\n{trunk}{more}'
    )


MAPPED = """fields.species = "art"
fields.trunk_diameter_mm = { column = "girth", unit = "girth-cm" }
fields.crown_diameter_m = "crown"
fields.horizontal_uncertainty_m = { column = "accuracy", unit = "cm" }
"""


@pytest.fixture
def city(toy: City) -> City:
    return replace(toy, layers=(*toy.layers, spec_of(_layer(more=MAPPED), toy)))


def _tree(number: int, **changes: Any) -> dict[str, Any]:
    made = {
        "number": f"T{number}",
        "art": "Platanus orientalis",
        "girth": 94.2,
        "crown": 6.0,
        "accuracy": 20.0,
    }
    return made | {"planted": 1370, "geometry": Point(501000 + 5 * number, 3901000)} | changes


@pytest.fixture
def send(engine: Engine, city: City, write: Write) -> Callable[..., DeliveryReport]:
    def sent(rows: list[dict[str, Any]], **more: Any) -> DeliveryReport:
        return deliver(engine, city, city.layer("trees"), write(rows), **more)

    return sent


def _stored(engine: Engine, number: int) -> Any:
    said = (
        "SELECT species, trunk_diameter_mm, trunk_source, crown_diameter_m, horizontal_uncertainty_m, attributes, "
        "ST_AsText(geom) AS geom, reach_m FROM layers.tree WHERE retired_by IS NULL AND feature_id = :id"
    )
    with engine.connect() as connection:
        return connection.execute(text(said), {"id": f"T{number}"}).one()


@pytest.mark.parametrize(
    ("unit", "value", "expected"),
    [
        ("girth-cm", "100", 1000 / math.pi), ("girth-m", 1.0, 1000 / math.pi), ("girth-mm", 1000, 1000 / math.pi),
        ("radius-cm", 20, 400.0), ("radius-m", "۰٫۲", 400.0), ("cm", 40, 400.0), ("mm", 400, 400.0),
        ("in", "12", 304.8),
    ],
)  # fmt: skip
def test_a_trunk_is_told_by_diameter_girth_or_radius(unit: str, value: Any, expected: float) -> None:
    """A2: foresters measure around the trunk."""
    assert unit in known_units("trunk_diameter_mm")
    assert measure("trunk_diameter_mm", unit, value) == pytest.approx(expected, abs=1e-6)


def test_a_crown_may_be_told_by_its_radius_and_a_pipe_has_no_girth() -> None:
    assert measure("crown_diameter_m", "radius-m", 3.5) == 7.0
    assert not known_units("diameter_mm") & {"girth-cm", "radius-cm"}


def test_a_tree_is_stored_as_its_point_with_what_the_office_says(engine: Engine, send: Any) -> None:
    """The point is the trunk's axis and stays where it is; what no field names is kept as delivered."""
    report = send([_tree(1)])
    assert report.outcome is Outcome.PUBLISHED
    found = _stored(engine, 1)
    assert found.trunk_diameter_mm == pytest.approx(299.848, abs=0.001)
    assert (found.species, found.trunk_source, found.crown_diameter_m) == (
        "Platanus orientalis",
        "stated",
        6.0,
    )
    assert found.horizontal_uncertainty_m == pytest.approx(0.2)
    assert found.reach_m == pytest.approx(0.2 + 0.149924, abs=1e-6)
    assert (found.attributes, found.geom) == ({"planted": 1370}, "POINT(501005 3901000)")
    assert report.facts["trunk_assumed"] == 0
    assert {"field": "trunk_diameter_mm", "column": "girth", "unit": "girth-cm"}.items() <= next(
        each for each in report.facts["conversions"] if each["field"] == "trunk_diameter_mm"
    ).items()


ABSURD = (-94.0, 0.0, 9400.0, 1.0)


def test_a_missing_or_absurd_trunk_is_the_usual_one_and_the_report_says_so(engine: Engine, send: Any) -> None:
    """A bad number never makes a tree vanish: the layer's usual trunk stands for it, marked as assumed."""
    rows = [_tree(n, girth=girth, accuracy=None) for n, girth in enumerate((None, *ABSURD))]
    report = send([*rows, _tree(9)])
    assert (report.good, report.refused) == (6, 0)
    assert report.counts == {"warning:trunk-impossible": len(ABSURD)}
    assert [issue.feature_id for issue in report.issues] == ["T1", "T2", "T3", "T4"]
    for number in range(5):
        found = _stored(engine, number)
        assert (found.trunk_diameter_mm, found.trunk_source) == (300.0, "assumed")
        assert found.horizontal_uncertainty_m == 0.5
    assert _stored(engine, 9).trunk_source == "stated"
    assert (report.facts["trunk_assumed"], report.facts["trunk_assumed_mm"]) == (5, 300.0)


def test_an_absurd_crown_or_accuracy_is_dropped(engine: Engine, send: Any) -> None:
    report = send([_tree(1, crown=-3.0, accuracy=-10.0)])
    assert report.counts == {"warning:out-of-range": 2}
    found = _stored(engine, 1)
    assert (found.crown_diameter_m, found.horizontal_uncertainty_m) == (None, 0.5)


def test_what_is_no_point_is_refused_with_the_way_to_deliver_it(engine: Engine, send: Any) -> None:
    """T21: an outline is no trunk; where it is one tree's only point, the point is taken."""
    odd = (
        box(501000, 3901000, 501001, 3901001),
        LineString([(501000, 3901000), (501001, 3901001)]),
        MultiPoint([(501000, 3901000), (501003, 3901000)]),
        MultiPoint([(501000, 3901010)]),
    )
    report = send(
        [*(_tree(n) for n in range(60)), *(_tree(70 + n, geometry=shape) for n, shape in enumerate(odd))]
    )
    assert (report.refused, report.outcome) == (3, Outcome.PUBLISHED)
    assert report.counts == {"error:tree-not-a-point": 2, "error:wrong-geometry-type": 1}
    assert {issue.params["expected"] for issue in report.issues} == {"Point"}
    assert _stored(engine, 73).geom == "POINT(501000 3901010)"


def test_points_where_land_use_is_expected_are_refused_with_the_way_to_deliver_them(
    engine: Engine, toy: City, write: Write
) -> None:
    """The reverse: a land use is an area, and a tree's point belongs to a layer of trees."""
    spec = spec_of(_layer(trunk="", target="landuse"), toy)
    ground = replace(toy, layers=(*toy.layers, spec))
    area = Polygon([(501000, 3901000), (501009, 3901000), (501009, 3901009)])
    rows = [{"number": f"A{n}", "geometry": translate(area, 10 * n)} for n in range(30)]
    report = deliver(
        engine, ground, spec, write([*rows, {"number": "T1", "geometry": Point(501000, 3901000)}])
    )
    assert (report.counts, report.refused) == ({"error:landuse-as-point": 1}, 1)


@pytest.mark.parametrize(
    ("trunk", "key"),
    [
        ("", "trunk.diameter_mm"),
        (TRUNK.replace("300", "0"), "trunk.diameter_mm"),
        (TRUNK.replace("300", "60000"), "trunk.diameter_mm"),
        (TRUNK.replace("0.5", "0"), "trunk.horizontal_uncertainty_m"),
        (TRUNK + 'fields.diameter_mm = "d"\n', "fields.diameter_mm"),
        (TRUNK + 'fields.trunk_diameter_mm = { column = "d", unit = "kV" }\n', "fields.trunk_diameter_mm"),
        (TRUNK + 'utility = "water"\n', "utility"),
    ],
)
def test_a_wrong_layer_of_trees_is_refused_by_its_key(toy: City, trunk: str, key: str) -> None:
    with pytest.raises(CityConfigError) as refused:
        spec_of(_layer(trunk=trunk), toy)
    assert refused.value.params["key"] == f"layer[trees].{key}"


def test_only_trees_have_a_trunk(toy: City) -> None:
    with pytest.raises(CityConfigError) as refused:
        spec_of(_layer(target="landuse"), toy)
    assert refused.value.params["key"] == "layer[trees].trunk"


def _spec(city: City) -> LayerSpec:
    return city.layer("trees")


def test_trees_are_found_by_reach_and_served_with_their_trunk(engine: Engine, city: City, send: Any) -> None:
    """A13: what stands as far off as its own accuracy and trunk allow is found; the tile has the point."""
    send([_tree(1), _tree(2, girth=314.159265, accuracy=100.0)])
    with engine.connect() as connection:
        pit = box(501000, 3900990, 501001, 3900998)  # T1: 4.472 m off, T2: 9.220 m
        near = within_reach(connection, city.city_id, ["trees"], pit, 4.2)
        assert [each.feature_id for each in near] == ["T1"]
        near = within_reach(connection, city.city_id, ["trees"], pit, 7.73)
        assert [(each.feature_id, each.diameter_mm) for each in near] == [
            ("T1", pytest.approx(299.848, abs=0.001)), ("T2", pytest.approx(1000.0, abs=1e-3)),
        ]  # fmt: skip
        assert {each.target for each in near} == {Target.TREE}
        plain = query.near(connection, city.city_id, ["trees"], pit, 5.0)
        assert [(each.feature_id, each.kind, each.horizontal_uncertainty_m) for each in plain] == [
            ("T1", "Platanus orientalis", pytest.approx(0.2))
        ]
        assert {"species", "trunk_diameter_mm", "crown_diameter_m"} <= set(
            tiles.attributes(_spec(city).target)
        )


@pytest.mark.parametrize(
    ("column", "values", "unit", "is_asked"),
    [
        ("محیط تنه (سانتی‌متر)", [94.0, 75.0, 120.0], "girth-cm", False),
        ("Stammumfang", [0.94, 0.75, 1.2], "girth-m", False),
        ("dbh_mm", [300.0, 240.0, 380.0], "mm", False),
        ("girth", [94.0, 75.0, 120.0], "girth-cm", True),
    ],
)
def test_a_file_of_trees_is_proposed_as_one(
    toy: City, write: Write, column: str, values: list[float], unit: str, is_asked: bool
) -> None:
    """A girth is never taken for a diameter; where a column may be in two units, it is asked."""
    rows = [
        {"number": f"T{n}", "گونه": "چنار", column: each, "geometry": Point(501000 + n, 3901000)}
        for n, each in enumerate(values)
    ]
    path = write(rows, "trees.gpkg", "درختان")
    made = preview(path, toy, "درختان")
    assert made.proposal.target is Target.TREE
    fields = {each.field: (each.column, each.unit) for each in made.proposal.fields}
    assert (fields["trunk_diameter_mm"], fields["species"]) == ((column, unit), ("گونه", None))
    asked = {each.field for each in made.proposal.questions if each.code == "unit-unclear"}
    assert asked == ({"trunk_diameter_mm"} if is_asked else set())
    spec = spec_of(made.toml, toy)
    assert spec.trunk is not None
    assert spec.trunk.diameter_mm == 300.0
