"""What a use case is given: who acts with which request. Pure values; nothing here has been checked yet."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from permits.ports import Json
from permits.views import Units
from permits.vocabulary import DigMethod, Wish, Works


@dataclass(frozen=True, slots=True)
class ExcavationRequest:
    """GeoJSON polygon in `crs` ("EPSG:n", required, never guessed); depth in metres below ground."""

    geometry: Json
    crs: str
    depth_m: float
    method: DigMethod = DigMethod.MACHINE


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
