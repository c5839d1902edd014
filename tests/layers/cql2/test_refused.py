"""What is no filter is refused by name, and nothing that a client writes is ever SQL."""

from __future__ import annotations

from contextlib import suppress

import pytest
from sqlalchemy import text

from layers import cql2_json, cql2_text
from layers.cql2 import (
    MAX_DEPTH,
    MAX_LENGTH,
    FilterError,
    FilterGeometry,
    FilterProperty,
    FilterSyntax,
    FilterTooLarge,
    FilterType,
    FilterUnsupported,
)
from layers.selection import queryables
from tests.layers.cql2.subject import LAYERS, Subject, answered, expected

INJECTIONS = [
    r"material = 'x\'' OR 1=1 --'",  # CVE class: the quote escaped by a backslash
    r"material = 'x\' OR 1=1 --'",
    "material = 'x'' OR 1=1 --'",
    "material = '; DROP TABLE layers.network_line; --'",
    "material = 'PVC'; DROP TABLE layers.network_line",
    "material = 'PVC' -- comment",
    "material = 'PVC' /* comment */",
    "material = $$PVC$$",
    "material = E'\\x27'",
    "\"material\" = 'PVC'",
    "\"material\"\" = '' OR 1=1 --\" = 'PVC'",
    "\"material) OR (1=1\" = 'PVC'",
    "attributes = 'x'",
    "retired_by IS NULL",
    "row_id > 0",
    "city_id = 'karhula'",
    "t.feature_id = 'x'",
    "pg_sleep(10) = 1",
    "material = (SELECT version())",
    "material LIKE '%' || version()",
    "1=1) OR (TRUE",
    "material = %(param_1)s",
    "material = '%(param_1)s'",
    "material LIKE '%s%%'",
    "material = 'x' UNION SELECT 1",
    "S_INTERSECTS(geometry, POINT(0 0)'); DROP TABLE layers.parcel; --)",
    "S_INTERSECTS(geometry, ST_GeomFromText('POINT(0 0)'))",
    "DATE('2020-01-01'')') = surveyed_on",
    "surveyed_on = DATE('2020-01-01'')')",
    "surveyed_on > TIMESTAMP('now()')",
    "material = 'a\x00b'",
]


@pytest.mark.parametrize("said", INJECTIONS)
def test_injections_are_refused_or_are_plain_values(subject: Subject, said: str) -> None:
    """Nothing a client writes is ever SQL: refused, or a value like any other."""
    with suppress(FilterError):
        tree = cql2_text.parse(said)
        assert answered(subject, tree, "water_lines") == expected(subject, tree, "water_lines")
    with subject.reads.connect() as connection:
        assert connection.execute(text("SELECT count(*) FROM layers.network_line")).scalar_one() > 0


REFUSED = [
    ("", FilterSyntax),
    ("   ", FilterSyntax),
    ("material", FilterType),
    ("'PVC'", FilterSyntax),
    ("1", FilterSyntax),
    ("material =", FilterSyntax),
    ("= 'PVC'", FilterSyntax),
    ("material == 'PVC'", FilterSyntax),
    ("material = 'PVC", FilterSyntax),
    ('material = "PVC', FilterSyntax),
    ("material = 'PVC' AND", FilterSyntax),
    ("material = 'PVC' material = 'PE'", FilterSyntax),
    ("(material = 'PVC'", FilterSyntax),
    ("material = 'PVC')", FilterSyntax),
    ("material IN ()", FilterSyntax),
    ("material IN 'PVC'", FilterSyntax),
    ("diameter_mm BETWEEN 1", FilterSyntax),
    ("diameter_mm BETWEEN 1 OR 2", FilterSyntax),
    ("material IS 'PVC'", FilterSyntax),
    ("material NOT = 'PVC'", FilterSyntax),
    ("diameter_mm = 1e999", FilterSyntax),
    ("diameter_mm = 1.2.3", FilterSyntax),
    ("surveyed_on = DATE('2020-02-30')", FilterSyntax),
    ("surveyed_on = DATE('yesterday')", FilterSyntax),
    ("surveyed_on = DATE(2020)", FilterSyntax),
    ("surveyed_on = 'yesterday'", FilterSyntax),
    ("material LIKE 'x\\'", FilterSyntax),
    ("material LIKE 'x\\\\\\'", FilterSyntax),
    ("material LIKE material", FilterSyntax),
    ("none_such = 1", FilterProperty),
    ("MATERIAL = 'PVC'", FilterProperty),
    ("material = 1", FilterType),
    ("diameter_mm = '110'", FilterType),
    ("diameter_mm IN (1, 'a')", FilterType),
    ("diameter_mm BETWEEN 'a' AND 'b'", FilterType),
    ("diameter_mm LIKE '1%'", FilterType),
    ("CASEI(diameter_mm) = CASEI('1')", FilterType),
    ("surveyed_on = 2020", FilterType),
    ("surveyed_on > TIMESTAMP('2020-01-01T00:00:00Z')", FilterType),
    ("material = TRUE", FilterType),
    ("diameter_mm <> TRUE", FilterType),  # although `diameter_mm <> 1` was asked before
    ("geometry = 'x'", FilterType),
    ("S_INTERSECTS(material, POINT(0 0))", FilterProperty),
    ("S_INTERSECTS(geometry, POINT(0))", FilterGeometry),
    ("S_INTERSECTS(geometry, POINT EMPTY)", FilterSyntax),
    ("S_INTERSECTS(geometry, POLYGON((0 0,1 1,1 0,0 1,0 0)))", FilterGeometry),
    ("S_INTERSECTS(geometry, POLYGON((0 0,1 1)))", FilterGeometry),
    ("S_INTERSECTS(geometry, BBOX(1,2,3))", FilterSyntax),
    ("S_INTERSECTS(geometry, BBOX(0,9,1,1))", FilterGeometry),
    ("S_INTERSECTS(geometry)", FilterSyntax),
    ("S_INTERSECTS(geometry, 'POINT(0 0)')", FilterSyntax),
    ("S_INTERSECTS(geometry, POINT(1e300 0))", FilterGeometry),
    ("S_WITHIN(geometry, GEOMETRYCOLLECTION(POINT(0 0)))", FilterGeometry),
    ("S_NEAR(geometry, POINT(0 0))", FilterUnsupported),
    ("T_AFTER(surveyed_on, DATE('2020-01-01'))", FilterUnsupported),
    ("A_CONTAINS(material, ('x'))", FilterUnsupported),
    ("ACCENTI(material) = 'x'", FilterUnsupported),
    ("upper(material) = 'PVC'", FilterUnsupported),
    ("diameter_mm +", FilterSyntax),
    ("diameter_mm + 1", FilterSyntax),
    ("(diameter_mm + 1)", FilterSyntax),
    ("diameter_mm * = 2", FilterSyntax),
    ("diameter_mm = (1", FilterSyntax),
    ("2 ^ 2 ^ 2 = 16", FilterSyntax),
    ("material + 1 = 2", FilterType),
    ("diameter_mm + '1' = 2", FilterType),
    ("diameter_mm + TRUE = 2", FilterType),
    ("surveyed_on - 1 > 2", FilterType),
    ("geometry + 1 > 2", FilterType),
    ("diameter_mm + 1 = 'x'", FilterType),
    ("diameter_mm" + " + 1" * (MAX_DEPTH + 1) + " > 2", FilterTooLarge),
    ("(" * (MAX_DEPTH + 2) + "diameter_mm" + ")" * (MAX_DEPTH + 2) + " > 2", FilterTooLarge),
    ("(" * (MAX_DEPTH + 2) + "TRUE" + ")" * (MAX_DEPTH + 2), FilterTooLarge),
    ("CASEI(" * 100 + "material" + ")" * 100 + " = 'x'", FilterTooLarge),
    ("x" * (MAX_LENGTH + 1), FilterTooLarge),
    (" OR ".join(["TRUE"] * 3000), FilterTooLarge),
]


@pytest.mark.parametrize(("said", "refusal"), REFUSED, ids=[said[:40] for said, _ in REFUSED])
def test_refusals_say_what_is_wrong(subject: Subject, said: str, refusal: type[FilterError]) -> None:
    with pytest.raises(refusal) as caught:
        answered(subject, cql2_text.parse(said), "water_lines")
    assert caught.value.params


REFUSED_JSON = [
    "",
    "{",
    "null",
    "[]",
    "1",
    '"TRUE"',
    "{}",
    '{"op":"="}',
    '{"op":"=","args":[1]}',
    '{"op":"and","args":[true]}',
    '{"op":"not","args":[true,true]}',
    '{"op":"in","args":[{"property":"material"},[]]}',
    '{"op":"in","args":[{"property":"material"},"PVC"]}',
    '{"op":"between","args":[{"property":"diameter_mm"},1]}',
    '{"op":"like","args":[{"property":"material"}]}',
    '{"op":"drop table","args":[]}',
    '{"op":"=","args":[{"property":5},1]}',
    '{"op":"=","args":[{"property":"material"},null]}',
    '{"op":"=","args":[{"property":"diameter_mm"},NaN]}',
    '{"op":"=","args":[{"property":"diameter_mm"},1e999]}',
    '{"op":"=","args":[{"property":"surveyed_on"},{"date":"2020-13-01"}]}',
    '{"op":"=","args":[{"property":"surveyed_on"},{"timestamp":"2020-01-01"}]}',
    '{"op":"=","args":[{"op":"+","args":[1]},3]}',
    '{"op":"=","args":[{"op":"+","args":[1,"2"]},3]}',
    '{"op":"+","args":[1,2]}',
    '{"op":"=","args":[' + '{"op":"+","args":[1,' * 100 + "1" + "]}" * 100 + ",3]}",
    '{"op":"s_intersects","args":[{"property":"geometry"},{"type":"Point"}]}',
    '{"op":"s_intersects","args":[{"property":"geometry"},{"type":"Point","coordinates":["a","b"]}]}',
    '{"op":"s_intersects","args":[{"property":"geometry"},{"type":"Nothing","coordinates":[0,0]}]}',
    '{"op":"s_intersects","args":[{"property":"geometry"},{"bbox":[1,2,"3",4]}]}',
    '{"op":"s_intersects","args":[{"property":"geometry"},{"bbox":[1,2,3]}]}',
    '{"op":"s_intersects","args":[{"property":"geometry"},7]}',
    '{"op":"not","args":[' * 100 + "true" + "]}" * 100,
    "[" * 100_00,
]


@pytest.mark.parametrize("said", REFUSED_JSON, ids=[said[:50] for said in REFUSED_JSON])
def test_json_refusals(subject: Subject, said: str) -> None:
    with pytest.raises(FilterError):
        answered(subject, cql2_json.parse(said), "water_lines")


def test_only_listed_columns_can_be_named(subject: Subject) -> None:
    """What agencies delivered besides, and our own bookkeeping, stay where they are."""
    for layer_id in LAYERS:
        known = set(queryables(subject.town.city.layer(layer_id).target))
        assert not known & {
            "attributes",
            "row_id",
            "city_id",
            "layer_id",
            "published_by",
            "retired_by",
            "geom",
            "geojson",
        }
