"""What the officers' lists tell everybody who looks: on commit, and no names (T18)."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import Any

from sqlalchemy import Engine
from sqlalchemy.orm import Session

from permits import dig_control, dig_pavings, dig_planning
from permits.dig_requests import BarRequest, PavingRequest, PlanRequest
from permits.dig_vocabulary import BarParty, Pavement, PlanStatus
from permits.store import CASE_CHANNEL
from tests.permits import street
from tests.permits.street import TODAY, agency, ctx
from tests.waiting import wait_until


def told(listening: Any, count: int) -> list[dict[str, Any]]:
    """The next `count` announcements, and what came with them."""

    def is_told() -> bool:
        listening.poll()
        return len(listening.notifies) >= count

    assert wait_until(is_told)
    made = [json.loads(each.payload) for each in listening.notifies]
    listening.notifies.clear()
    return made


def test_t18_lists_that_officers_keep_are_read_again_by_all(
    city_session: Session, city_engine: Engine
) -> None:
    """The control list, repaved streets and planned works; what is not committed is told to nobody."""
    s = city_session
    with city_engine.connect() as connection:
        listening: Any = connection.connection.dbapi_connection
        listening.autocommit = True
        listening.cursor().execute(f"LISTEN {CASE_CHANNEL}")
        dig_control.enter(s, ctx(), BarRequest(BarParty.CONTRACTOR, "a mistake", name="Tiefbau GmbH"))
        s.rollback()
        bar = dig_control.enter(
            s, ctx(), BarRequest(BarParty.CONTRACTOR, "did not restore", name="Tiefbau GmbH")
        )
        s.commit()
        entered = {"event": "control", "city": "schutterwald", "bar_id": str(bar.bar_id)}
        assert told(listening, 1) == [entered]
        dig_control.lift(s, ctx(), bar.bar_id, "restored")
        s.commit()
        assert told(listening, 1) == [entered]
        line = street.drawn().geometry
        paved = PavingRequest(
            "Main street", Pavement.ASPHALT, TODAY, "contract 12", line, "EPSG:25832", width_m=6
        )
        paving = dig_pavings.pave(s, ctx(), paved)
        s.commit()
        dig_pavings.take_back(s, ctx(), paving.paving_id, "another street")
        s.commit()
        works = {"event": "works", "city": "schutterwald"}
        assert told(listening, 2) == [works | {"paving_id": str(paving.paving_id)}] * 2
        begins, ends = TODAY + timedelta(days=30), TODAY + timedelta(days=40)
        wanted = PlanRequest("gas", "P-1", "New main", line, "EPSG:25832", begins, ends, width_m=1)
        plan = dig_planning.plan(s, agency(), wanted)
        s.commit()
        dig_planning.end_plan(s, agency(), plan.plan_id, PlanStatus.CANCELLED)
        s.commit()
        assert told(listening, 2) == [works | {"plan_id": str(plan.plan_id)}] * 2
        listening.autocommit = False
