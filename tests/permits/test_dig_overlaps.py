"""Works that meet in one street: found by themselves, offered as one trench, shown on one calendar."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest
from shapely.geometry import LineString
from sqlalchemy import Engine
from sqlalchemy.orm import Session

from layers.database import make_sessions
from permits import dig_planning, dig_service
from permits.dig_errors import (
    DigActionNotAllowed,
    NoOverlap,
)
from permits.dig_requests import DigChange, PlanRequest
from permits.dig_views import PlanView
from permits.dig_vocabulary import PlanStatus
from tests.permits import street
from tests.permits.street import NOON, TODAY, act, agency, ctx, file, read, sweep


def plan(session: Session, who: str = "water", **changes: Any) -> PlanView:
    stated: dict[str, Any] = {
        "agency": who,
        "agency_ref": "W-1",
        "title": "New main",
        "geometry": street.moved(0, 5).geometry,
        "crs": "EPSG:25832",
        "starts_on": TODAY + timedelta(days=60),
        "ends_on": TODAY + timedelta(days=70),
        "width_m": 1.5,
    }
    made = dig_planning.plan(session, agency(who), PlanRequest(**(stated | changes)))
    session.commit()
    return made


def test_t10_overlaps_are_found_by_themselves_at_submission_and_at_every_change(
    city_session: Session,
) -> None:
    """T10: within 50 m and 90 days, in both directions, also across a crossing; moving apart ends the offer."""
    s = city_session
    planned = plan(s)
    view = file(s)
    (met,) = view.overlaps
    assert (met.with_ref, met.state, met.gap_days) == (f"plan:{planned.plan_id}", "offered", 20)
    assert met.shared_m == 60.0
    crossing = street.drawn(LineString([(418600.0, 5367440.0), (418600.0, 5367500.0)]))
    cross = file(s, agency("power"), agency="power", excavation=crossing)
    assert {o.relation for o in cross.overlaps} == {"crossing"}
    assert len(read(s, view).overlaps) == 2
    far = DigChange(starts_on=TODAY + timedelta(days=400), ends_on=TODAY + timedelta(days=410))
    act(s, agency("power"), cross, "change", change=far)
    assert [o.with_ref for o in read(s, view).overlaps] == [f"plan:{planned.plan_id}"]
    plan(s, geometry=street.moved(0, 300).geometry)
    assert read(s, view).overlaps == []


def test_t10_what_ended_lately_still_counts(city_session: Session) -> None:
    """T10: works that expired less than 30 days ago are found; older ones are not."""
    s = city_session
    old = street.permitted(s, file(s))
    act(s, agency(now=NOON + timedelta(days=30)), old, "start")
    sweep(s, old, NOON + timedelta(days=47))
    act(
        s,
        agency(now=NOON + timedelta(days=48)),
        old,
        "request_handover",
        restored_on=TODAY + timedelta(days=40),
    )
    for days, found in ((25, 1), (35, 0)):
        now = NOON + timedelta(days=40 + days)
        new = file(s, agency("water", now=now), agency="water", excavation=street.moved(0, 6),
                   starts_on=now.date() + timedelta(days=5), ends_on=now.date() + timedelta(days=9))  # fmt: skip
        assert [o.with_id for o in new.overlaps] == [old.dig_id] * found
        act(s, agency("water", now=now), new, "withdraw")


def test_t10_a_street_that_was_never_restored_is_still_open(city_session: Session) -> None:
    """T10: however long ago its permit ran out."""
    s = city_session
    old = street.permitted(s, file(s))
    act(s, agency(now=NOON + timedelta(days=30)), old, "start")
    sweep(s, old, NOON + timedelta(days=47))
    now = NOON + timedelta(days=200)
    new = file(s, agency("water", now=now), agency="water", excavation=street.moved(0, 6),
               starts_on=now.date() + timedelta(days=5), ends_on=now.date() + timedelta(days=9))  # fmt: skip
    assert [(o.with_id, o.gap_days) for o in new.overlaps] == [(old.dig_id, 5)]


def test_a21_two_works_agree_on_one_trench_and_each_pays_its_share(city_session: Session) -> None:
    """A21: both sides accept; the works are linked; the bill is the share; the metres saved are told."""
    s = city_session
    planned = plan(s)
    view = file(s)
    ref, other = f"dig:{view.dig_id}", f"plan:{planned.plan_id}"
    with pytest.raises(DigActionNotAllowed):
        dig_planning.join(s, agency("water"), ref, other)
    s.rollback()
    assert dig_planning.join(s, agency("gas"), ref, other) == "half_accepted"
    assert dig_planning.join(s, agency("water"), other, ref) == "agreed"
    s.commit()
    shown = read(s, view)
    assert shown.trench is not None
    assert set(shown.trench.members) == {ref, other}
    assert (shown.overlaps[0].mine, shown.overlaps[0].theirs) == ("agency:gas-1", "agency:water-1")
    assert shown.overlaps[0].saved_m == 60.0
    street.answered(s, view)
    costed = act(s, ctx(), view, "calculate")
    assert costed.costs is not None
    assert costed.costs["items"][0]["inputs"]["area_m2"] == pytest.approx(60 * 1.5 * 0.4)
    assert "join.agreed" in street.events(s, view)
    plan(s, ends_on=TODAY + timedelta(days=75), starts_on=TODAY + timedelta(days=65))
    again = read(s, view)
    assert (again.overlaps[0].state, again.trench) == ("offered", None)
    dig_planning.decline(s, agency("gas"), ref, other, "too late")
    s.commit()
    assert read(s, view).overlaps[0].state == "declined"


def test_works_that_do_not_meet_cannot_be_joined(city_session: Session) -> None:
    s = city_session
    a, b = file(s), file(s, excavation=street.moved(0, 300))
    with pytest.raises(NoOverlap):
        dig_planning.join(s, agency(), f"dig:{a.dig_id}", f"dig:{b.dig_id}")
    with pytest.raises(NoOverlap):
        dig_planning.join(s, agency(), f"dig:{a.dig_id}", f"dig:{a.dig_id}")


def test_two_requests_that_arrive_together_find_each_other(
    city_session: Session, city_engine: Engine
) -> None:
    """T10: whichever commits first, one of them has looked after the other was there."""
    sessions = make_sessions(city_engine)
    start = threading.Barrier(2)

    def one(who: str) -> UUID:
        with sessions.begin() as session:
            start.wait(timeout=30)
            request = street.request(agency=who)
            return dig_service.file(session, agency(who), request).dig_id

    with ThreadPoolExecutor(2) as pool:
        made = list(pool.map(one, ("gas", "water")))
    for dig_id in made:
        assert [o.with_id for o in read(city_session, dig_id).overlaps] == [m for m in made if m != dig_id]


def test_a22_the_calendar_holds_every_agencys_works(city_session: Session) -> None:
    s = city_session
    planned = plan(s)
    view, draft = file(s), file(s, draft=True, excavation=street.moved(0, 8))
    window = dig_planning.CalendarWindow(TODAY, TODAY + timedelta(days=365))
    shown = {f["id"]: f["properties"] for f in dig_planning.calendar(s, ctx(), window)["features"]}
    assert set(shown) == {f"dig:{view.dig_id}", f"plan:{planned.plan_id}"}
    assert f"dig:{draft.dig_id}" not in shown
    (pair,) = dig_planning.calendar(s, ctx(), window)["overlaps"]
    assert {pair["a"], pair["b"]} == set(shown)
    assert (pair["state"], pair["a_accepted"], pair["b_accepted"]) == ("offered", False, False)
    assert pair["saved_m"] == read(s, view).overlaps[0].saved_m
    early = dig_planning.CalendarWindow(TODAY, TODAY + timedelta(days=35))
    alone = dig_planning.calendar(s, ctx(), early)
    assert (len(alone["features"]), alone["overlaps"]) == (1, [])
    dig_planning.end_plan(s, agency("water"), planned.plan_id, PlanStatus.CANCELLED)
    s.commit()
    assert len(dig_planning.calendar(s, ctx(), window)["features"]) == 1
    assert read(s, view).overlaps == []
