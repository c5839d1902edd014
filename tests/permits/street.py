"""A street for the tests of excavations: the real city's configuration and layers, and short ways to the use cases."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from typing import Any
from uuid import UUID

from shapely.geometry import LineString, box, mapping
from shapely.geometry.base import BaseGeometry
from sqlalchemy import text
from sqlalchemy.orm import Session

from permits import dig_service, dig_sweep
from permits.dig_requests import DigRequest, WorksRequest
from permits.dig_views import DigView
from permits.dig_vocabulary import DigAction, DigKind, Pavement
from permits.ports import Actor
from permits.requests import ApplicantRequest, ExcavationRequest
from permits.service import Context
from permits.views import as_json
from permits.vocabulary import Role
from tests.permits import town

TODAY = date(2026, 5, 4)
NOON = datetime(2026, 5, 4, 10, 0, tzinfo=UTC)
TRENCH_M = LineString([(418566.0, 5367463.0), (418626.0, 5367463.0)])
ASPHALT = WorksRequest(pavement=Pavement.ASPHALT, width_m=1.0)


def ctx(
    role: Role = Role.OFFICER,
    *,
    now: datetime = NOON,
    agency: str | None = None,
    actor: str | None = None,
    key: str | None = None,
) -> Context:
    """Who acts; an agency's people are named after it."""
    name = actor or (f"{agency}-1" if agency else f"{role.value}-1")
    return Context(town.city(), Actor(name, role, agency), now, key)


def agency(name: str = "gas", **changes: Any) -> Context:
    return ctx(Role.AGENCY, agency=name, **changes)


def drawn(shape_m: BaseGeometry = TRENCH_M, depth_m: float = 1.2) -> ExcavationRequest:
    return ExcavationRequest(as_json(mapping(shape_m)), "EPSG:25832", depth_m)


def request(**changes: Any) -> DigRequest:
    """A gas main's renewal in the village's middle, in a month's time."""
    made = DigRequest(
        kind=DigKind.DEVELOPMENT,
        title="Renewal of the gas main",
        works=ASPHALT,
        excavation=drawn(),
        starts_on=TODAY + timedelta(days=30),
        ends_on=TODAY + timedelta(days=40),
        agency="gas",
        applicant=ApplicantRequest("Gas works", phone="+49 30 1"),
        contractor={"name": "Tiefbau GmbH", "licence_no": "L-1", "phone": "+49 30 2"},
        supervisor={"name": "N. Ahmadi", "phone": "+49 30 3"},
    )
    return replace(made, **changes)


def file(session: Session, who: Context | None = None, **changes: Any) -> DigView:
    view = dig_service.file(session, who or agency(), request(**changes))
    session.commit()
    return view


def act(session: Session, who: Context, view: DigView | UUID, action: str, **said: Any) -> DigView:
    dig_id = view if isinstance(view, UUID) else view.dig_id
    made = dig_service.act_on(session, who, dig_id, DigAction(action), SAID.get(action, {}) | said)
    session.commit()
    return made


SAID: dict[str, dict[str, Any]] = {
    "answer": {"answer": "no_objection", "conditions": [], "note": None},
    "pay": {"receipt_no": "R-1", "amount": 1e9},
    "supervise": {"score": 80},
    "record_test": {"stage": 1, "passed": True},
    "accept_provisionally": {"minutes_no": "M-1"},
    "accept_finally": {"minutes_no": "M-2"},
    "refuse": {"reason": "no"},
    "revoke": {"reason": "no"},
    "report_defects": {"defects": ["sunken surface"]},
    "renew": {"reason": "rain"},
    "revoke_silence": {"reason": "it phoned"},
    "override_moratorium": {"authority": "Council 12", "reason": "hospital"},
}


def read(session: Session, view: DigView | UUID, who: Context | None = None) -> DigView:
    session.rollback()
    return dig_service.dig(session, who or ctx(), view if isinstance(view, UUID) else view.dig_id)


def asked(session: Session, view: DigView) -> DigView:
    """Visited, and the companies are asked."""
    act(session, ctx(), view, "visit")
    return act(session, ctx(), view, "inquire")


def answered(session: Session, view: DigView, now: datetime = NOON) -> DigView:
    """Nobody objects."""
    seen = asked(session, view)
    for each in seen.inquiries:
        seen = act(session, agency(each.agency, now=now), view, "answer")
    return seen


def permitted(session: Session, view: DigView) -> DigView:
    """Asked, costed, paid and permitted."""
    answered(session, view)
    act(session, ctx(), view, "calculate")
    act(session, ctx(Role.FRONT_OFFICE), view, "pay")
    return act(session, ctx(), view, "permit")


def sweep(session: Session, view: DigView, now: datetime) -> DigView:
    """The scheduler comes by at `now`."""
    dig_sweep.sweep_one(session, town.city(), view.dig_id, now)
    session.commit()
    return read(session, view, ctx(now=now))


def events(session: Session, view: DigView) -> list[str]:
    rows = session.execute(
        text("SELECT event FROM permits.audit WHERE case_id = :d ORDER BY n"), {"d": view.dig_id}
    )
    return list(rows.scalars())


def moved(dx: float, dy: float = 0.0) -> ExcavationRequest:
    """The same trench somewhere else in the city (m)."""
    return drawn(LineString([(x + dx, y + dy) for x, y in TRENCH_M.coords]))


def around(shape_m: BaseGeometry = TRENCH_M, margin: float = 30.0) -> BaseGeometry:
    return box(*shape_m.buffer(margin).bounds)


def put_pit(session: Session, case_id: UUID, x: float = 418590.0, y: float = 5367475.0) -> None:
    """The case's pit lies beside the street; a fixed survey put it elsewhere."""
    outline = box(x, y, x + 10, y + 8).wkt
    session.execute(
        text("UPDATE permits.case_ SET geom = ST_GeomFromText(:wkt, 25832) WHERE case_id = :c"),
        {"wkt": outline, "c": case_id},
    )
    session.commit()
