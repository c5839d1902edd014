"""A small town for the tests: the real city configuration, a fixed ground, and short ways to the use cases."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, date, datetime
from functools import lru_cache
from pathlib import Path
from typing import Any
from uuid import UUID

from shapely.geometry import box, mapping
from sqlalchemy import text
from sqlalchemy.orm import Session

from layers.city import City, load_city
from permits import service
from permits.ground import Ground
from permits.ports import Actor
from permits.requests import Answer, ApplicantRequest, ExcavationRequest, SubmitRequest, WishRequest
from permits.service import Context
from permits.views import CaseView, Condition, Units, as_json
from permits.vocabulary import Role, Wish, Works

ROOT = Path(__file__).resolve().parent.parent.parent
AGENCIES = ("water", "power", "gas")
PIT_M = box(414000, 5367000, 414010, 5367008)
OFFICER = Actor("officer-1", Role.OFFICER)


@lru_cache
def city() -> City:
    return load_city(ROOT / "cities", "schutterwald")


def context(
    role: Role = Role.OFFICER, key: str | None = None, now: datetime | None = None, actor: str | None = None
) -> Context:
    who = Actor(actor or f"{role.value}-1", role)
    return Context(city(), who, now or datetime.now(UTC), key)


def wishes(**stated: str) -> dict[str, WishRequest]:
    """Wishes by agency; what is not stated is wanted now."""
    return {agency: WishRequest(Wish(stated.get(agency, "now"))) for agency in AGENCIES}


def request(parcel: str = "P-1", **changes: Any) -> SubmitRequest:
    made = SubmitRequest(
        parcel_id=parcel,
        works=Works.NEW_BUILDING,
        storeys=3,
        units=Units(residential=4),
        excavation=ExcavationRequest(as_json(mapping(PIT_M)), "EPSG:25832", 2.5),
        wishes=wishes(),
        applicant=ApplicantRequest("Maryam Karimi"),
    )
    return replace(made, **changes)


def finding(verdict: str, feature: str = "g7") -> dict[str, Any]:
    return {"verdict": verdict, "layer_id": "gas_lines", "feature_id": feature, "utility": "gas"}


def ground(*findings: dict[str, Any], missing: Sequence[dict[str, Any]] = ()) -> Any:
    """A survey with a fixed result: the ground itself has its own tests."""
    verdict = "violates" if any(f["verdict"] == "violates" for f in findings) else "clear"

    def look(
        session: Session, place: City, parcel_id: str, excavation: object, works: Works, today: date
    ) -> Ground:
        outline = as_json(mapping(PIT_M))
        return Ground(PIT_M, outline, outline, {"parcel": parcel_id}, verdict, list(findings), list(missing))

    return look


def submit(session: Session, parcel: str = "P-1", survey: Any = None, **changes: Any) -> CaseView:
    ctx = context(Role.FRONT_OFFICE, key=changes.pop("key", None), now=changes.pop("now", None))
    view = service.submit(session, ctx, request(parcel, **changes), survey or ground())
    session.commit()
    return view


def yes(case_id: UUID, agency: str, **changes: Any) -> Answer:
    made = Answer(
        our_ref=f"{case_id}:{agency}:inquiry:1",
        serviceable=True,
        reason_code="serviceable",
        offer={"offer_ref": f"Q-{agency}", "amount": 100, "currency": "EUR", "items": []},
    )
    return replace(made, **changes)


def answer(session: Session, case_id: UUID, *agencies: str, **changes: Any) -> None:
    for agency in agencies or AGENCIES:
        actor = Actor(agency, Role.AGENCY, agency)
        service.record_response(session, actor, yes(case_id, agency, **changes), datetime.now(UTC))
        session.commit()


def ready(session: Session, parcel: str = "P-1", survey: Any = None, **changes: Any) -> CaseView:
    """A case that all agencies have answered."""
    view = submit(session, parcel, survey, **changes)
    answer(session, view.case_id, *(c.agency for c in view.consultations))
    return service.case(session, context(), view.case_id)


def approve(session: Session, view: CaseView, *conditions: Condition, key: str | None = None) -> CaseView:
    made = service.approve(session, context(key=key), view.case_id, list(conditions), view.version)
    session.commit()
    return made


def reread(session: Session, case_id: UUID, role: Role = Role.OFFICER) -> CaseView:
    session.rollback()
    return service.case(session, context(role), case_id)


def count(session: Session, table: str, where: str = "true") -> int:
    found: int = session.execute(text(f"SELECT count(*) FROM permits.{table} WHERE {where}")).scalar_one()
    return found


def steps(session: Session, case_id: UUID) -> dict[tuple[str, str], str]:
    rows = session.execute(
        text("SELECT agency_id, op, state FROM permits.step WHERE case_id = :c"), {"c": case_id}
    )
    return {(row.agency_id, row.op): row.state for row in rows}
