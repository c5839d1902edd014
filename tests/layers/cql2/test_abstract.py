"""The counts that CQL2's own abstract tests expect (OGC 21-065r2, annex A), on the data they are stated for.

The tests name three Natural Earth layers. The countries come with pyogrio's package, of an older edition: names and
shapes are those of the tests, the populations are not, so what the tests count by population is left out here; the
operators they try are in `test_terms.py` and `test_spatial.py`, over the demo city's columns.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pyogrio
import pytest
from sqlalchemy import Column, Integer, MetaData, Table, Text, column, select, text
from sqlalchemy.engine import Engine

from layers import cql2_json, cql2_text
from layers.cluster import Cluster
from layers.cql2 import Expr
from layers.cql2_sql import Field, Ground, Kind, condition
from layers.database import make_engine
from layers.references import CRS84_URI, Reference, Space
from tests.layers.cql2.reference import json_of, text_of

COUNTRIES = Path(pyogrio.__file__).parent / "tests/fixtures/naturalearth_lowres/naturalearth_lowres.shp"
TOTAL = 177
LUXEMBOURG = (
    "6.043073357781111 50.128051662794235,6.242751092156993 49.90222565367873,6.186320428094177 49.463802802114515,"
    "5.897759230176348 49.44266714130711,5.674051954784829 49.529483547557504,5.782417433300907 50.09032786722122,"
    "6.043073357781111 50.128051662794235"
)
# Tests 7, 26, 38 and 45: predicates over ne_110m_admin_0_countries and the number of items expected.
EXPECTED = {
    "name='Luxembourg'": 1,
    "name>='Luxembourg'": 84,
    "name>'Luxembourg'": 83,
    "name<='Luxembourg'": 94,
    "name<'Luxembourg'": 93,
    "name<>'Luxembourg'": 176,
    "'Luxembourg'=name": 1,
    "'Luxembourg'<=name": 84,
    "'Luxembourg'>name": 93,
    "S_INTERSECTS(geometry,BBOX(0,40,10,50))": 8,
    "S_INTERSECTS(geometry,BBOX(150,-90,-150,90))": 10,
    "S_INTERSECTS(geometry,POINT(7.02 49.92))": 1,
    "S_INTERSECTS(geometry,BBOX(0,40,10,50)) and S_INTERSECTS(geometry,BBOX(5,50,10,60))": 3,
    "S_INTERSECTS(geometry,BBOX(0,40,10,50)) and not S_INTERSECTS(geometry,BBOX(5,50,10,60))": 5,
    "S_INTERSECTS(geometry,BBOX(0,40,10,50)) or S_INTERSECTS(geometry,BBOX(-90,40,-60,50))": 10,
    "S_INTERSECTS(geometry,POLYGON((0 40,10 40,10 50,0 50,0 40)))": 8,
    "S_INTERSECTS(geometry,LINESTRING(0 40,10 50))": 4,
    "S_DISJOINT(geometry,BBOX(0,40,10,50))": 169,
    "S_DISJOINT(geometry,POLYGON((0 40,10 40,10 50,0 50,0 40)))": 169,
    "S_DISJOINT(geometry,LINESTRING(0 40,10 50))": 173,
    "S_DISJOINT(geometry,POINT(7.02 49.92))": 176,
    f"S_TOUCHES(geometry,POLYGON(({LUXEMBOURG})))": 3,
    "S_TOUCHES(geometry,POINT(6.043073357781111 50.128051662794235))": 3,
    "S_TOUCHES(geometry,POINT(6.242751092156993 49.90222565367873))": 2,
    "S_TOUCHES(geometry,LINESTRING(6.043073357781111 50.128051662794235,6.242751092156993 49.90222565367873))": 3,
    "S_WITHIN(geometry,BBOX(-180,-90,0,90))": 44,
    "S_CONTAINS(geometry,BBOX(7,50,8,51))": 1,
    "S_CONTAINS(geometry,LINESTRING(7 50,8 51))": 1,
    "S_CONTAINS(geometry,POINT(7.02 49.92))": 1,
    "S_OVERLAPS(geometry,BBOX(-180,-90,0,90))": 11,
}
# Predicates whose count the tests do not state for this layer, but whose sums must agree (tests 8, 13, 17, 51).
MORE = [
    "name LIKE 'B_r%'",
    "CASEI(name) IN (CASEI('LUXEMBOURG'),CASEI('iran'),CASEI('foo'))",
    "pop_est BETWEEN 1000000 AND 3000000",
    "pop_est / 1000 > 5 * 1000 + 2 ^ 3",
    "continent IN ('Asia','Europe')",
]


@dataclass(frozen=True, slots=True)
class World:
    """The table of countries."""

    engine: Engine
    table: Table

    def ids(self, tree: Expr) -> frozenset[int]:
        """What the database gives for a filter."""
        c = self.table.c
        fields = {
            name: Field(name, kind, c[name])
            for name, kind in (("name", Kind.TEXT), ("continent", Kind.TEXT), ("pop_est", Kind.NUMBER))
        }
        plane = Reference(CRS84_URI, "OGC:CRS84", Space.CITY, is_flipped=False)
        geom = column("geom")
        statement = select(c.id).where(condition(tree, Ground(fields, geom, geom, 4326, plane)))
        with self.engine.connect() as connection:
            return frozenset(connection.execute(statement).scalars())


@pytest.fixture(scope="module")
def world(cluster: Cluster, template: str) -> Iterator[World]:
    if not COUNTRIES.exists():
        pytest.skip("this pyogrio comes without Natural Earth's countries")
    engine = make_engine(cluster.create_database("cql2_ats", template=template))
    table = Table(
        "countries",
        MetaData(),
        Column("id", Integer, primary_key=True),
        Column("name", Text),
        Column("continent", Text),
        Column("pop_est", Integer),
    )
    frame = pyogrio.read_dataframe(COUNTRIES)
    with engine.begin() as connection:
        table.create(connection)
        connection.execute(text("ALTER TABLE countries ADD COLUMN geom geometry(Geometry, 4326)"))
        connection.execute(
            text("INSERT INTO countries VALUES (:id, :name, :continent, :pop, ST_GeomFromWKB(:wkb, 4326))"),
            [
                {
                    "id": place,
                    "name": row["name"],
                    "continent": row["continent"],
                    "pop": int(row["pop_est"]),
                    "wkb": row["geometry"].wkb,
                }
                for place, row in enumerate(frame.to_dict("records"))
            ],
        )
    yield World(engine, table)
    engine.dispose()
    cluster.drop_database("cql2_ats")


@pytest.mark.parametrize("said", EXPECTED)
def test_predicate(world: World, said: str) -> None:
    """As text, and as the JSON of the same tree."""
    tree = cql2_text.parse(said)
    assert len(world.ids(tree)) == EXPECTED[said]
    assert len(world.ids(cql2_json.parse(json_of(tree)))) == EXPECTED[said]
    assert cql2_text.parse(text_of(tree)) == tree


def test_not(world: World) -> None:
    """Nothing here is unknown: a predicate and its contrary share out all countries."""
    for said in (*EXPECTED, *MORE):
        yes, no = (world.ids(cql2_text.parse(f"{sign}({said})")) for sign in ("", "NOT "))
        assert not yes & no
        assert len(yes | no) == TOTAL


def test_logic(world: World) -> None:
    """Test 27 and its like: the combination that the tests name, over predicates of every class."""
    said = [*EXPECTED, *MORE]
    everything = frozenset(range(TOTAL))
    answers = [world.ids(cql2_text.parse(each)) for each in said]
    for numbers in itertools.islice(itertools.combinations(range(len(said)), 4), 0, None, 997):
        p1, p2, p3, p4 = (f"({said[number]})" for number in numbers)
        a1, a2, a3, a4 = (answers[number] for number in numbers)
        tree = cql2_text.parse(f"((NOT {p1} AND {p2}) OR ({p3} and NOT {p4}) or not ({p1} AND {p4}))")
        assert world.ids(tree) == ((everything - a1) & a2) | (a3 - a4) | (everything - (a1 & a4))
