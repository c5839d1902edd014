"""CQL2 after the abstract tests of OGC 21-065r2 (annex A): comparisons, text, lists, arithmetic."""

from __future__ import annotations

import pytest

from layers import cql2_json, cql2_text
from layers.cql2 import Compare
from layers.references import Space
from tests.layers.cql2.reference import json_of, text_of
from tests.layers.cql2.subject import Subject, answered, expected, rows_of

PIPES = [
    # basic-cql2: comparisons of every operator with every kind of value
    *(f"diameter_mm {op} 110" for op in Compare),
    *(f"cover_m {op} 1.3" for op in Compare),
    *(f"installed_year {op} 1985" for op in Compare),
    *(f"material {op} 'PVC'" for op in Compare),
    *(f"surveyed_on {op} DATE('2020-06-15')" for op in Compare),
    "installed_year = 1985.0",
    "installed_year < 1984.5",
    "110 = diameter_mm",
    "surveyed_on = '2020-06-15'",
    "surveyed_on IS NULL",
    "surveyed_on IS NOT NULL",
    "main_id IS NULL AND role = 'service'",
    "NOT (surveyed_on > DATE('2020-06-15'))",  # an unknown day is neither after nor not after
    "TRUE",
    "FALSE",
    "NOT TRUE",
    "TRUE AND role = 'main'",
    "role = 'main' AND material = 'PVC' OR diameter_mm > 150",
    "role = 'main' AND (material = 'PVC' OR diameter_mm > 150)",
    "NOT role = 'main' AND material = 'PVC'",
    "NOT NOT role = 'main'",
    "role='main'and(diameter_mm>100)",
    "diameter_mm = -1",
    "diameter_mm <> 1",
    "diameter_mm > +1e2",
    "\"role\" = 'main'",
    # advanced-comparison-operators
    "diameter_mm BETWEEN 60 AND 110",
    "diameter_mm NOT BETWEEN 60 AND 110",
    "diameter_mm BETWEEN 110 AND 60",
    # The terms after BETWEEN … AND … must not be lost.
    "diameter_mm BETWEEN 60 AND 110 AND material = 'PVC'",
    "diameter_mm BETWEEN 60 AND 110 AND material = 'PVC' AND installed_year > 1990",
    "material = 'PVC' AND diameter_mm BETWEEN 60 AND 110 OR role = 'service'",
    "NOT diameter_mm BETWEEN 60 AND 110 AND NOT cover_m BETWEEN 1 AND 1.5",
    "surveyed_on BETWEEN DATE('2020-02-01') AND DATE('2020-09-30')",
    "material LIKE 'P%'",
    "material LIKE '%C%'",
    "material NOT LIKE 'P_C'",
    "id LIKE 'WM0001_'",
    "material IN ('PVC', 'PE', 'none')",
    "material NOT IN ('PVC')",
    "diameter_mm IN (63, 110.0)",
    "surveyed_on IN (DATE('2020-06-15'), DATE('2020-06-18'))",
    # property-property
    "from_node = to_node",
    "from_node < to_node",
    "horizontal_uncertainty_m > vertical_uncertainty_m",
    "diameter_mm > installed_year",
    # arithmetic
    "diameter_mm + 10 > 120",
    "diameter_mm + 1 = 2",
    "diameter_mm -10 > 100",
    "diameter_mm-10>100",
    "diameter_mm * 2 = 220",
    "2 * diameter_mm - installed_year / 20 > 40",
    "(installed_year - 1900) / 10 = 8.5",
    "(diameter_mm + 10) * 2 >= 240 AND role = 'main'",
    "((diameter_mm) > (100))",
    "(diameter_mm > ( - (-100)))",
    "- diameter_mm < -100",
    "installed_year % 10 = 5",
    "installed_year DIV 10 = 198",
    "installed_year div 10 * 10 = installed_year",
    "cover_m ^ 2 > 1.69",
    "2 + 3 * 2 ^ 2 = 14",
    "diameter_mm / 0 > 1",
    "NOT (diameter_mm / (diameter_mm - diameter_mm) > 1)",
    "diameter_mm BETWEEN 50 + 10 AND 100 + 10",
    "diameter_mm IN (100 + 10, 7 * 9)",
    "(diameter_mm) BETWEEN 60 AND 110",
    "(cover_m + 0) IS NULL",
    "(material) = 'PVC' AND ((role) = 'main' OR (role) = 'service')",
    # case-insensitive-comparison
    "CASEI(material) = CASEI('pvc')",
    "casei(material) LIKE casei('P%c')",
    "CASEI(material) IN (casei('pVc'), CASEI('pe'))",
    "CASEI(material) = 'PVC'",
    "id = 'WM00001'",
]
BUILDINGS = [
    "name = 'it''s'",
    r"name = 'it\'s'",
    "name = 'say \"so\"'",
    "name = 'خیابان آزادی'",
    "name LIKE 'خیابان%'",
    "name = ''",
    "name LIKE ''",
    "name LIKE '%'",
    r"name LIKE '100\%'",
    r"name LIKE 'a\_b'",
    "name LIKE 'a_b'",
    r"name LIKE 'back\\slash'",
    r"name = 'back\slash'",
    "CASEI(name) = CASEI('strasse')",
    "CASEI(name) LIKE CASEI('STRA%')",
    "storeys IN (1, 3, 5) AND area_m2 > 100",
    "storeys IS NULL OR storeys = 0",
    "area_m2 >= 100 AND area_m2 <= 200",
    "area_m2 BETWEEN 100 AND 200",
]


@pytest.mark.parametrize(
    ("layer_id", "said"), [*(("water_lines", x) for x in PIPES), *(("buildings", x) for x in BUILDINGS)]
)
def test_filters_answer_as_counted_by_hand(subject: Subject, layer_id: str, said: str) -> None:
    """Text, and the same tree as JSON and as text again, all select what Python selects."""
    tree = cql2_text.parse(said)
    assert answered(subject, tree, layer_id) == expected(subject, tree, layer_id)
    assert cql2_json.parse(json_of(tree)) == tree
    assert cql2_text.parse(text_of(tree)) == tree


def test_the_situations_are_not_empty(subject: Subject) -> None:
    """Most filters above select something and not everything, or they would prove nothing."""
    telling = 0
    for layer_id, filters in (("water_lines", PIPES), ("buildings", BUILDINGS)):
        total = len(rows_of(subject, layer_id, Space.LONLAT))
        for said in filters:
            telling += 0 < len(expected(subject, cql2_text.parse(said), layer_id)) < total
    assert telling >= 0.7 * (len(PIPES) + len(BUILDINGS))


def test_two_constants(subject: Subject) -> None:
    every = len(rows_of(subject, "buildings", Space.LONLAT))
    assert (
        len(answered(subject, cql2_text.parse("S_INTERSECTS(POINT(1 1), BBOX(0,0,2,2))"), "buildings"))
        == every
    )
    assert not answered(subject, cql2_text.parse("S_INTERSECTS(POINT(1 1), BBOX(3,3,4,4))"), "buildings")
    assert len(answered(subject, cql2_text.parse("'a' = 'a' AND 1 < 2"), "buildings")) == every
