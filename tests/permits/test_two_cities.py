"""Two cities in one process, each in its own coordinate system: what is kept of one is not asked of the other."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

from shapely.geometry import LineString, Point, box
from sqlalchemy import Engine, func, select, text
from sqlalchemy.orm import Session

from layers.city import load_city
from layers.database import as_element
from permits import dig_pavings, dig_planning, dig_service, dig_worklist
from permits.dig_requests import PavingRequest, PlanRequest
from permits.dig_vocabulary import Pavement
from permits.service import Context
from tests.permits import street, town
from tests.permits.street import TODAY, agency, ctx

KARHULA_M = LineString([(497250.0, 6710440.0), (497310.0, 6710440.0)])


def test_a_statement_asked_of_three_cities_has_each_ones_system(engine: Engine) -> None:
    """The text of a statement is kept for all later values; the SRID must not be part of it."""
    with engine.connect() as connection:
        asked = [
            connection.execute(select(func.ST_SRID(as_element(Point(1, 2), srid)))).scalar_one()
            for srid in (25832, 3067, 32639)
        ]
    assert asked == [25832, 3067, 32639]


def test_excavations_plans_and_pavements_of_a_second_city(city_session: Session) -> None:
    """Everything that is filed in one city can be filed in the next one, by the same process (A19)."""
    s = city_session
    s.execute(text("SELECT layers.add_city('karhula', 3067)"))
    karhula = load_city(town.ROOT / "cities", "karhula")

    def there(who: Context) -> Context:
        return replace(who, city=karhula)

    for where, line, crs in (
        (lambda who: who, street.TRENCH_M, "EPSG:25832"),
        (there, KARHULA_M, "EPSG:3067"),
    ):
        drawn = replace(street.drawn(line), crs=crs)
        paved = PavingRequest("Street", Pavement.ASPHALT, TODAY, "contract", drawn.geometry, crs, width_m=6)
        dig_pavings.pave(s, where(ctx()), paved)
        begins, ends = TODAY + timedelta(days=30), TODAY + timedelta(days=40)
        wanted = PlanRequest("water", "P-1", "Main", drawn.geometry, crs, begins, ends, width_m=1)
        plan = dig_planning.plan(s, where(agency("water")), wanted)
        view = dig_service.file(s, where(agency("water")), street.request(agency="water", excavation=drawn))
        assert view.moratorium is not None
        assert [each.with_id for each in view.overlaps] == [plan.plan_id]
        around = box(*line.buffer(50).bounds)
        assert dig_worklist.contacts_in(s, where(ctx()).city, around)
