"""What the officers' lists tell everybody who looks: on commit, and no names (T18)."""

from __future__ import annotations

import json
import select
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


def told(listening: Any) -> list[dict[str, Any]]:
    """What was announced so far; a notification is there when the commit has returned."""
    select.select([listening], [], [], 0)
    listening.poll()
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
        bar = dig_control.enter(
            s, ctx(), BarRequest(BarParty.CONTRACTOR, "did not restore", name="Tiefbau GmbH")
        )
        assert told(listening) == []
        s.commit()
        entered = {"event": "control", "city": "schutterwald", "bar_id": str(bar.bar_id)}
        assert told(listening) == [entered]
        dig_control.lift(s, ctx(), bar.bar_id, "restored")
        s.commit()
        assert told(listening) == [entered]
        line = street.drawn().geometry
        paved = PavingRequest(
            "Main street", Pavement.ASPHALT, TODAY, "contract 12", line, "EPSG:25832", width_m=6
        )
        paving = dig_pavings.pave(s, ctx(), paved)
        s.commit()
        dig_pavings.take_back(s, ctx(), paving.paving_id, "another street")
        s.commit()
        works = {"event": "works", "city": "schutterwald"}
        assert told(listening) == [works | {"paving_id": str(paving.paving_id)}] * 2
        begins, ends = TODAY + timedelta(days=30), TODAY + timedelta(days=40)
        wanted = PlanRequest("gas", "P-1", "New main", line, "EPSG:25832", begins, ends, width_m=1)
        plan = dig_planning.plan(s, agency(), wanted)
        s.commit()
        dig_planning.end_plan(s, agency(), plan.plan_id, PlanStatus.CANCELLED)
        s.commit()
        assert told(listening) == [works | {"plan_id": str(plan.plan_id)}] * 2
        listening.autocommit = False
