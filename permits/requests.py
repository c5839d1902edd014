"""What a use case is given: who acts with which request. Pure values; nothing here has been checked yet."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from permits.errors import AnswerUnreadable
from permits.ports import Json
from permits.views import Units, as_json
from permits.vocabulary import DigMethod, Wish, Works


@dataclass(frozen=True, slots=True)
class ExcavationRequest:
    """GeoJSON polygon in `crs` ("EPSG:n", required, never guessed); depth in metres below ground.

    `top_m` is the depth of a bore's upper side; 0 for what is open from the surface down.
    """

    geometry: Json
    crs: str
    depth_m: float
    method: DigMethod = DigMethod.MACHINE
    top_m: float = 0.0


@dataclass(frozen=True, slots=True)
class WishRequest:
    """What is wanted of one agency; capacity in that agency's own units."""

    wish: Wish
    capacity: Json = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class ApplicantRequest:
    """Who asks."""

    name: str
    national_id: str | None = None
    phone: str | None = None


@dataclass(frozen=True, slots=True)
class SubmitRequest:
    """One building request on one parcel; wishes by agency id."""

    parcel_id: str
    works: Works
    storeys: int
    units: Units
    excavation: ExcavationRequest
    wishes: Mapping[str, WishRequest]
    applicant: ApplicantRequest


@dataclass(frozen=True, slots=True)
class Answer:
    """An agency's answer to an inquiry: the `data` of `inquiry.answered`."""

    our_ref: str
    serviceable: bool
    inquiry_id: str | None = None
    reason_code: str | None = None
    reason: Json | None = None
    conditions: tuple[Json, ...] = ()
    offer: Json | None = None
    proposed_capacity: Json | None = None
    nearest_main: Json | None = None


def answer_from(said: Json) -> Answer:
    """The answer in a message; members nobody knows are left out, odd ones are dropped (T15).

    Raises `AnswerUnreadable` without a reference or without a plain yes or no.
    """
    our_ref, serviceable = said.get("our_ref"), said.get("serviceable")
    if not isinstance(our_ref, str) or not isinstance(serviceable, bool):
        raise AnswerUnreadable(our_ref=str(our_ref))
    conditions = said.get("conditions")
    return Answer(
        our_ref=our_ref,
        serviceable=serviceable,
        inquiry_id=_text(said.get("inquiry_id")),
        reason_code=_text(said.get("reason_code")),
        reason=_object(said.get("reason")),
        conditions=tuple(filter(None, map(_object, conditions))) if isinstance(conditions, list) else (),
        offer=_object(said.get("offer")),
        proposed_capacity=_object(said.get("proposed_capacity")),
        nearest_main=_object(said.get("nearest_main")),
    )


def _text(value: object) -> str | None:
    return str(as_json(value)) if isinstance(value, str | int) else None


def _object(value: object) -> Json | None:
    return as_json(value) if isinstance(value, dict) else None
