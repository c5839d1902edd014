"""CQL2 after the abstract tests of OGC 21-065r2 (annex A): spatial functions, in every CRS on offer."""

from __future__ import annotations

import pytest
import shapely
from pyproj import Transformer

from layers import cql2_text
from layers.cql2 import Property, Relation, Shape, Spatial
from layers.references import Space, offered
from tests.layers.cql2.subject import LAYERS, Subject, answered, expected, rows_of

SHAPES = [
    "POINT(7.8852 48.4545)",
    "MULTIPOINT(7.8852 48.4545, 7.8790 48.4550)",
    "LINESTRING(7.875 48.450, 7.890 48.460)",
    "MULTILINESTRING((7.875 48.450, 7.890 48.450), (7.88 48.45, 7.88 48.46))",
    "POLYGON((7.880 48.452, 7.886 48.452, 7.886 48.457, 7.880 48.457, 7.880 48.452))",
    "POLYGON((7.88 48.45,7.89 48.45,7.88 48.46,7.88 48.45),(7.881 48.451,7.884 48.451,7.881 48.454,7.881 48.451))",
    "MULTIPOLYGON(((7.88 48.45,7.882 48.45,7.882 48.46,7.88 48.45)),((7.89 48.45,7.9 48.456,7.89 48.46,7.89 48.45)))",
    "BBOX(7.880, 48.452, 7.886, 48.457)",
    "BBOX(7.880, 48.452, -100, 7.886, 48.457, 100)",
    "POLYGON Z((7.880 48.452 1, 7.886 48.452 1, 7.886 48.457 1, 7.880 48.452 1))",
]


@pytest.mark.parametrize("layer_id", LAYERS)
@pytest.mark.parametrize("relation", list(Relation))
@pytest.mark.parametrize("shape", SHAPES)
def test_spatial_functions(subject: Subject, layer_id: str, relation: Relation, shape: str) -> None:
    """basic-spatial-functions(-plus), spatial-functions: every function with every kind of geometry."""
    tree = cql2_text.parse(f"{relation}(geometry, {shape})")
    assert answered(subject, tree, layer_id) == expected(subject, tree, layer_id)


def test_spatial_functions_select_something(subject: Subject) -> None:
    wanted = {Relation.INTERSECTS, Relation.WITHIN, Relation.CROSSES, Relation.DISJOINT}
    for relation in wanted:
        tree = cql2_text.parse(f"{relation}(geometry, {SHAPES[4]})")
        assert expected(subject, tree, "water_lines"), relation


def test_contains_and_equals_find_the_one(subject: Subject) -> None:
    """In the city's own CRS a stored shape is found by itself."""
    city = offered(subject.town.city)[1]
    row = rows_of(subject, "buildings", Space.CITY)[17]
    own = Shape(row["geometry"])
    inside = Shape(row["geometry"].representative_point())
    for tree in (
        Spatial(Relation.EQUALS, Property("geometry"), own),
        Spatial(Relation.EQUALS, own, Property("geometry")),
        Spatial(Relation.CONTAINS, Property("geometry"), inside),
        Spatial(Relation.WITHIN, inside, Property("geometry")),
    ):
        assert row["id"] in answered(subject, tree, "buildings", city)
        assert answered(subject, tree, "buildings", city) == expected(subject, tree, "buildings", city)


def test_touching_neighbours(subject: Subject) -> None:
    city = offered(subject.town.city)[1]
    rows = rows_of(subject, "water_lines", Space.CITY)
    tree = Spatial(Relation.TOUCHES, Property("geometry"), Shape(rows[3]["geometry"]))
    assert (
        answered(subject, tree, "water_lines", city) == expected(subject, tree, "water_lines", city) != set()
    )


@pytest.mark.parametrize("number", range(4))
def test_filter_crs(subject: Subject, number: int) -> None:
    """The same place in every CRS on offer; latitude comes first where the CRS says so."""
    reference = offered(subject.town.city)[number]
    code = {0: 4326, 1: subject.town.city.srid, 2: 4326, 3: 3857}[number]
    move = Transformer.from_crs(4326, code, always_xy=True).transform
    corners = [move(*corner) for corner in ((7.880, 48.452), (7.886, 48.453), (7.885, 48.457))]
    tree = Spatial(Relation.INTERSECTS, Property("geometry"), Shape(shapely.Polygon(corners)))
    said = tree
    if reference.is_flipped:
        said = Spatial(
            Relation.INTERSECTS, Property("geometry"), Shape(shapely.Polygon([(y, x) for x, y in corners]))
        )
    found = answered(subject, said, "water_lines", reference)
    assert found == expected(subject, tree, "water_lines", reference)
    assert len(found) > 20


def test_spatial_and_other_terms_together(subject: Subject) -> None:
    said = (
        "S_INTERSECTS(geometry, BBOX(7.875, 48.450, 7.890, 48.460)) AND role = 'main' "
        "AND NOT S_WITHIN(geometry, BBOX(7.880, 48.452, 7.886, 48.457)) "
        "AND diameter_mm BETWEEN 50 AND 120 AND material = 'PVC'"
    )
    tree = cql2_text.parse(said)
    found = answered(subject, tree, "water_lines")
    assert found == expected(subject, tree, "water_lines")
    assert found


def test_a_box_across_the_antimeridian_is_two(subject: Subject) -> None:
    tree = cql2_text.parse("S_INTERSECTS(geometry, BBOX(170, -80, 7.88, 80))")
    found = answered(subject, tree, "water_lines")
    assert found == expected(subject, tree, "water_lines")
    assert 0 < len(found) < len(rows_of(subject, "water_lines", Space.LONLAT))
