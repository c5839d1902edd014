"""Streets that were paved anew bar excavations, also those that are filed in the same instant."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import TypeVar
from uuid import UUID

import pytest
from sqlalchemy import Engine, text
from sqlalchemy.orm import Session

from layers.database import make_sessions
from permits import dig_pavings, dig_service
from permits.dig_errors import SecondOfficerNeeded
from permits.dig_requests import DigChange, PavingRequest
from permits.dig_vocabulary import Pavement
from permits.vocabulary import Role
from tests.permits import street
from tests.permits.street import TODAY, act, agency, ctx, file, read
from tests.waiting import wait_until

PAVED = PavingRequest(
    "Main street",
    Pavement.ASPHALT,
    TODAY - timedelta(days=200),
    "contract 12",
    street.drawn().geometry,
    "EPSG:25832",
)
First = TypeVar("First")
Second = TypeVar("Second")


def together(
    engine: Engine, first: Callable[[Session], First], second: Callable[[Session], Second]
) -> tuple[First, Second]:
    """`second` begins when `first` has done all but commit; both commit."""
    sessions = make_sessions(engine)

    def later() -> Second:
        with sessions.begin() as session:
            return second(session)

    def is_waiting() -> bool:
        waits = "SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND NOT granted"
        with engine.connect() as connection:
            return bool(connection.execute(text(waits)).scalar_one())

    with ThreadPoolExecutor(1) as pool:
        with sessions.begin() as session:
            made = first(session)
            answer = pool.submit(later)
            assert wait_until(lambda: answer.done() or is_waiting())
        return made, answer.result(timeout=60)


def test_an_excavation_filed_while_a_street_is_entered_is_barred(
    city_session: Session, city_engine: Engine
) -> None:
    """Whichever commits first, the other knows of it."""
    _, view = together(
        city_engine,
        lambda session: dig_pavings.pave(session, ctx(), PAVED),
        lambda session: dig_service.file(session, agency(), street.request()),
    )
    assert read(city_session, view).moratorium is not None
    drawn = street.moved(0, 30)
    paved = PavingRequest(
        "Side street",
        Pavement.ASPHALT,
        PAVED.paved_on,
        "contract 13",
        drawn.geometry,
        "EPSG:25832",
    )
    view, _ = together(
        city_engine,
        lambda session: dig_service.file(session, agency(), street.request(excavation=drawn)),
        lambda session: dig_pavings.pave(session, ctx(), paved),
    )
    assert read(city_session, view).moratorium is not None


def test_an_excavation_filed_while_the_entry_is_taken_back_is_free(
    city_session: Session, city_engine: Engine
) -> None:
    """It neither keeps a bar that no longer stands, nor is one overlooked that was just filed."""
    s = city_session

    def entered() -> UUID:
        paving_id = dig_pavings.pave(s, ctx(), PAVED).paving_id
        s.commit()
        return paving_id

    def files(session: Session) -> UUID:
        return dig_service.file(session, agency(), street.request()).dig_id

    def takes_back(paving_id: UUID) -> Callable[[Session], object]:
        return lambda session: dig_pavings.take_back(session, ctx(), paving_id, "another street")

    filed_second = together(city_engine, takes_back(entered()), files)[1]
    assert read(s, filed_second).moratorium is None
    filed_first = together(city_engine, files, takes_back(entered()))[0]
    assert read(s, filed_first).moratorium is None


def test_a_repaved_street_needs_a_second_officer_who_does_not_issue_the_permit(city_session: Session) -> None:
    """Moratorium: barred until another officer lifts it by a named decision; the lifting survives a change."""
    s = city_session
    dig_pavings.pave(s, ctx(), PAVED)
    view = file(s)
    assert view.moratorium is not None
    street.answered(s, view)
    assert read(s, view).blocked["calculate"] == ["not_barred"]
    with pytest.raises(SecondOfficerNeeded):
        act(s, ctx(), view, "override_moratorium")
    s.rollback()
    second = ctx(actor="officer-2")
    lifted = act(s, second, view, "override_moratorium")
    assert lifted.moratorium is not None
    assert lifted.moratorium["lifted_by"] == "officer-2"
    changed = act(s, agency(), view, "change", change=DigChange(ends_on=TODAY + timedelta(days=41)))
    assert changed.moratorium is not None
    assert changed.moratorium["lifted_by"] == "officer-2"
    act(s, ctx(), view, "calculate")
    act(s, ctx(Role.FRONT_OFFICE), view, "pay")
    with pytest.raises(SecondOfficerNeeded):
        act(s, second, view, "permit")
    s.rollback()
    assert act(s, ctx(), view, "permit").status == "permitted"
    elsewhere = file(s, excavation=street.moved(0, 30))
    assert elsewhere.moratorium is None
