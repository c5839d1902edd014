"""The desk of a company without a system, over HTTP: what waits for its people, and what they say."""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Depends, Query, Response
from fastapi.responses import JSONResponse
from pydantic import Field
from sqlalchemy.orm import Session

from api.deps import CityDep, KeyDep, Runtime, RuntimeDep, allowed, context
from api.dig_schemas import Day
from api.json_answers import answered
from api.schemas import LongText, Number, ShortText, Slug, Strict
from api.security import Holder, Permission
from layers.city import City
from permits import desk
from permits.desk import DeskAnswer, DeskDone, DeskTaskView
from permits.service import Context
from permits.views import as_json
from permits.vocabulary import DeskReason, DeskRefusal

router = APIRouter(prefix="/v1/cities/{city_id}/desk", tags=["desk"])
Read = Annotated[Holder, Depends(allowed(Permission.READ_DESK))]
Work = Annotated[Holder, Depends(allowed(Permission.WORK_AT_DESK))]


class OfferIn(Strict):
    """A price for the connection, in the city's currency, and until which day (its end) it holds."""

    amount: Number = Field(ge=0)
    valid_until: Day | None = None
    offer_ref: ShortText | None = None


class AnswerIn(Strict):
    """An answer to an inquiry; a refusal says why. Texts in the language they are written in."""

    expected_version: int = Field(ge=0)
    serviceable: bool
    reason_code: Annotated[DeskReason | None, Field(strict=False)] = None
    note: LongText | None = None
    conditions: list[LongText] = Field(default_factory=list, max_length=50)
    offer: OfferIn | None = None
    proposed_capacity: dict[str, Number] = Field(default_factory=dict, max_length=10)

    def said(self) -> DeskAnswer:
        """The use case's form of the answer."""
        offer = self.offer
        return DeskAnswer(
            serviceable=self.serviceable,
            reason=self.reason_code,
            note=self.note or "",
            conditions=tuple(self.conditions),
            offer_amount=None if offer is None else offer.amount,
            offer_ref=None if offer is None else offer.offer_ref,
            offer_until=None if offer is None else offer.valid_until,
            proposed_capacity=dict(self.proposed_capacity),
        )


class DoneIn(Strict):
    """An order is held, carried out or released; `number` is the company's own: of the order, or the receipt."""

    expected_version: int = Field(ge=0)
    number: ShortText | None = None
    note: LongText | None = None


class RefusedIn(Strict):
    """An order is not held, not carried out or not released, and why."""

    expected_version: int = Field(ge=0)
    reason_code: Annotated[DeskRefusal, Field(strict=False)]
    note: LongText | None = None


@router.get("", summary="What waits at a company's desk, what is due first on top")
def tasks(
    resources: RuntimeDep,
    place: CityDep,
    who: Read,
    agency: Annotated[Slug | None, Query(description="a company; an agency's people see their own")] = None,
) -> Response:
    """Open inquiries of every company, open orders of those that have no system."""
    with resources.sessions() as session:
        found = desk.desk(session, context(place, who), agency)
    return JSONResponse({"tasks": as_json(found)})


@router.get("/{task_id}", summary="One task, with the form a company's system would receive")
def task(resources: RuntimeDep, place: CityDep, who: Read, task_id: UUID) -> Response:
    """Open or over."""
    with resources.sessions() as session:
        return answered(desk.task(session, context(place, who), task_id))


Act = Callable[[Session, Context], DeskTaskView]


def _act(resources: Runtime, place: City, who: Holder, key: str | None, act: Act) -> Response:
    with resources.sessions.begin() as session:
        view = act(session, context(place, who, key))
    return answered(view)


@router.post("/{task_id}/answer", summary="Answer an inquiry")
def answer(
    resources: RuntimeDep, place: CityDep, who: Work, key: KeyDep, task_id: UUID, body: AnswerIn
) -> Response:
    """The first answer counts; one that a system sends later is kept and changes nothing."""
    return _act(
        resources, place, who, key,
        lambda session, ctx: desk.answer(session, ctx, task_id, body.said(), body.expected_version),
    )  # fmt: skip


@router.post("/{task_id}/done", summary="An order is held, carried out or released")
def done(
    resources: RuntimeDep, place: CityDep, who: Work, key: KeyDep, task_id: UUID, body: DoneIn
) -> Response:
    """What follows for the other companies is settled in the same transaction."""
    said = DeskDone(number=body.number or "", note=body.note or "")
    return _act(
        resources, place, who, key,
        lambda session, ctx: desk.carry_out(session, ctx, task_id, said, body.expected_version),
    )  # fmt: skip


@router.post("/{task_id}/refuse", summary="An order is refused, with its reason")
def refuse(
    resources: RuntimeDep, place: CityDep, who: Work, key: KeyDep, task_id: UUID, body: RefusedIn
) -> Response:
    """Before all hold, a refusal cancels what the others hold; after it, an officer is told."""
    said = DeskDone(refusal=body.reason_code, note=body.note or "")
    return _act(
        resources, place, who, key,
        lambda session, ctx: desk.carry_out(session, ctx, task_id, said, body.expected_version),
    )  # fmt: skip
