"""The city's control list over HTTP: who gets no new excavation permit, and who is off the list again."""

from __future__ import annotations

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Depends, Query, Response
from pydantic import BaseModel, ConfigDict, Field

from api.deps import CityDep, RequiredKeyDep, RuntimeDep, allowed, context
from api.dig_schemas import Day
from api.json_answers import answered, paged
from api.schemas import LongText, ShortText, Slug, Strict
from api.security import Holder, Permission
from permits import dig_control
from permits.dig_control import BarFilter
from permits.dig_requests import BarRequest
from permits.dig_vocabulary import BarParty, BarState

router = APIRouter(prefix="/v1/cities/{city_id}/control-list", tags=["excavations"])
Read = Annotated[Holder, Depends(allowed(Permission.READ_CONTROL_LIST))]
Keep = Annotated[Holder, Depends(allowed(Permission.KEEP_CONTROL_LIST))]


class BarIn(Strict):
    """Who is on the list, why and for how long: from today unless said, until it is lifted unless said."""

    party: Annotated[BarParty, Field(strict=False)]
    agency: Slug | None = Field(default=None, description="the company, of an entry of kind 'agency'")
    name: ShortText | None = Field(default=None, description="who digs, of an entry of kind 'contractor'")
    licence_no: ShortText | None = None
    reason: LongText
    from_on: Day | None = None
    until_on: Day | None = None

    def request(self) -> BarRequest:
        """The use case's form."""
        return BarRequest(**self.model_dump())


class LiftIn(Strict):
    """Why somebody is off the list again."""

    reason: LongText


class BarQuery(BaseModel):
    """Which entries."""

    model_config = ConfigDict(extra="forbid")

    state: BarState | None = None
    party: BarParty | None = None
    q: str | None = Field(default=None, max_length=100)
    limit: int = Field(default=100, ge=1, le=200)
    after: UUID | None = None


@router.post("", status_code=201, summary="Put a contractor or a company on the control list")
def enter(resources: RuntimeDep, place: CityDep, who: Keep, key: RequiredKeyDep, body: BarIn) -> Response:
    """No new excavation permit from that day on; what was permitted before stays permitted."""
    with resources.sessions.begin() as session:
        view = dig_control.enter(session, context(place, who, key), body.request())
    return answered(view, 201, {"Location": f"/v1/cities/{place.city_id}/control-list/{view.bar_id}"})


@router.get("", summary="The control list, newest first")
def entries(
    resources: RuntimeDep, place: CityDep, who: Read, asked: Annotated[BarQuery, Query()]
) -> Response:
    """One page; `next` is the `after` of the following page."""
    with resources.sessions() as session:
        found = dig_control.bars(session, context(place, who), BarFilter(**asked.model_dump()))
    return paged("entries", found, asked.limit, lambda each: each.bar_id)


@router.get("/{bar_id}", summary="One entry of the control list")
def entry(resources: RuntimeDep, place: CityDep, who: Read, bar_id: UUID) -> Response:
    """With who entered it, and who lifted it and why."""
    with resources.sessions() as session:
        return answered(dig_control.bar(session, context(place, who), bar_id))


@router.get("/{bar_id}/history", summary="The chained history of an entry")
def history(resources: RuntimeDep, place: CityDep, who: Read, bar_id: UUID) -> Response:
    """Each change linked to the one before by its hash."""
    with resources.sessions() as session:
        return answered(dig_control.history(session, context(place, who), bar_id))


@router.post("/{bar_id}/lift", summary="Take somebody off the control list")
def lift(resources: RuntimeDep, place: CityDep, who: Keep, bar_id: UUID, body: LiftIn) -> Response:
    """From now on; the entry and its reason stay readable."""
    with resources.sessions.begin() as session:
        return answered(dig_control.lift(session, context(place, who), bar_id, body.reason))
