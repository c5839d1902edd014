"""What the agencies plan, and streets that were paved anew, over HTTP."""

from __future__ import annotations

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Depends, Query, Response
from fastapi.responses import JSONResponse

from api.deps import CityDep, KeyDep, RequiredKeyDep, RuntimeDep, allowed, context
from api.dig_schemas import DeclineIn, JoinIn, PavingIn, PlanIn
from api.json_answers import answered
from api.schemas import LongText, Strict
from api.security import Holder, Permission
from permits import dig_pavings, dig_planning
from permits.dig_errors import DigRequestInvalid
from permits.dig_vocabulary import PlanStatus
from permits.views import as_json

router = APIRouter(prefix="/v1/cities/{city_id}", tags=["excavations"])

Read = Annotated[Holder, Depends(allowed(Permission.READ_DIGS))]
Plan = Annotated[Holder, Depends(allowed(Permission.PLAN_WORKS))]
Pave = Annotated[Holder, Depends(allowed(Permission.PAVE))]


class TakeBackIn(Strict):
    """Why the street was not paved as entered."""

    reason: LongText


@router.post("/planned-works", status_code=201, summary="Put a planned work on the common calendar")
def plan(resources: RuntimeDep, place: CityDep, who: Plan, key: RequiredKeyDep, body: PlanIn) -> Response:
    """The agency's own number names the plan: the same number again replaces it. Overlaps are in the answer."""
    agency = body.agency or who.agency
    if agency is None:
        raise DigRequestInvalid(reasons=["agency-needed"])
    with resources.sessions.begin() as session:
        view = dig_planning.plan(session, context(place, who, key), body.request(agency))
    return answered(view, 201, {"Location": f"/v1/cities/{place.city_id}/planned-works/{view.plan_id}"})


@router.get("/planned-works", summary="The planned works, soonest first")
def plans(
    resources: RuntimeDep,
    place: CityDep,
    who: Read,
    agency: Annotated[str | None, Query(max_length=64)] = None,
) -> Response:
    """Of all agencies, or of one."""
    with resources.sessions() as session:
        found = dig_planning.plans(session, context(place, who), agency)
    return JSONResponse({"planned_works": as_json(found)})


@router.get("/planned-works/{plan_id}", summary="One planned work")
def planned(resources: RuntimeDep, place: CityDep, who: Read, plan_id: UUID) -> Response:
    """With the works it overlaps."""
    with resources.sessions() as session:
        return answered(dig_planning.plan_view(session, context(place, who), plan_id))


@router.get("/planned-works/{plan_id}/overlaps", summary="Other works nearby in place and time")
def overlaps(resources: RuntimeDep, place: CityDep, who: Read, plan_id: UUID) -> Response:
    """As of an excavation: each, and one trench for all of them, as it could be and as agreed."""
    with resources.sessions() as session:
        return answered(dig_planning.overlaps(session, context(place, who), plan_id))


@router.post("/planned-works/{plan_id}/cancel", summary="The planned work will not be done")
def cancel(resources: RuntimeDep, place: CityDep, who: Plan, key: KeyDep, plan_id: UUID) -> Response:
    """Its offers of a joint trench are gone."""
    with resources.sessions.begin() as session:
        view = dig_planning.end_plan(session, context(place, who, key), plan_id, PlanStatus.CANCELLED)
    return answered(view)


@router.post("/planned-works/{plan_id}/done", summary="The planned work is done")
def done(resources: RuntimeDep, place: CityDep, who: Plan, key: KeyDep, plan_id: UUID) -> Response:
    """Its offers of a joint trench are gone."""
    with resources.sessions.begin() as session:
        view = dig_planning.end_plan(session, context(place, who, key), plan_id, PlanStatus.DONE)
    return answered(view)


@router.post("/planned-works/{plan_id}/join", summary="Accept one trench with another work")
def join(
    resources: RuntimeDep, place: CityDep, who: Plan, key: KeyDep, plan_id: UUID, body: JoinIn
) -> Response:
    """With both sides' acceptance the works are linked; the answer is this side's plan."""
    ctx = context(place, who, key)
    with resources.sessions.begin() as session:
        dig_planning.join(session, ctx, f"plan:{plan_id}", body.with_)
        view = dig_planning.plan_view(session, ctx, plan_id)
    return answered(view)


@router.post("/planned-works/{plan_id}/decline", summary="Decline one trench with another work")
def decline(
    resources: RuntimeDep, place: CityDep, who: Plan, key: KeyDep, plan_id: UUID, body: DeclineIn
) -> Response:
    """Acceptances are void; the offer opens again when either work changes."""
    ctx = context(place, who, key)
    with resources.sessions.begin() as session:
        dig_planning.decline(session, ctx, f"plan:{plan_id}", body.with_, body.reason)
        view = dig_planning.plan_view(session, ctx, plan_id)
    return answered(view)


@router.post("/pavings", status_code=201, summary="A street was paved anew: the moratorium begins")
def pave(resources: RuntimeDep, place: CityDep, who: Pave, key: RequiredKeyDep, body: PavingIn) -> Response:
    """Excavations that begin before its end need the decision of a second officer."""
    with resources.sessions.begin() as session:
        view = dig_pavings.pave(session, context(place, who, key), body.request())
    return answered(view, 201, {"Location": f"/v1/cities/{place.city_id}/pavings/{view.paving_id}"})


@router.get("/pavings", summary="The repaved streets")
def pavings(resources: RuntimeDep, place: CityDep, who: Read, taken_back: bool = False) -> Response:
    """Newest first, each with the end of its moratorium; entries that were taken back only if asked for."""
    with resources.sessions() as session:
        found = dig_pavings.pavings(session, context(place, who), taken_back=taken_back)
    return JSONResponse({"pavings": as_json(found)})


@router.get("/pavings/{paving_id}", summary="One repaved street")
def paved(resources: RuntimeDep, place: CityDep, who: Read, paving_id: UUID) -> Response:
    """With the works that would open it before its moratorium is over."""
    with resources.sessions() as session:
        return answered(dig_pavings.paving(session, context(place, who), paving_id))


@router.get("/pavings/{paving_id}/history", summary="The chained history of a repaved street's entry")
def paving_history(resources: RuntimeDep, place: CityDep, who: Read, paving_id: UUID) -> Response:
    """Who entered it, and who took it back and why."""
    with resources.sessions() as session:
        return answered(dig_pavings.history(session, context(place, who), paving_id))


@router.post("/pavings/{paving_id}/take-back", summary="The street was not paved as entered")
def take_back(
    resources: RuntimeDep, place: CityDep, who: Pave, key: KeyDep, paving_id: UUID, body: TakeBackIn
) -> Response:
    """Its moratorium no longer counts; the entry stays readable. Not by who handles an excavation that it bars."""
    with resources.sessions.begin() as session:
        return answered(dig_pavings.take_back(session, context(place, who, key), paving_id, body.reason))
