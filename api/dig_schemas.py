"""What clients send about excavations, checked strictly: unknown fields are refused, numbers are numbers."""

from __future__ import annotations

from datetime import date
from typing import Annotated, Any
from uuid import UUID

from pydantic import BeforeValidator, Field, StringConstraints
from pydantic_core import PydanticCustomError

from api.schemas import ApplicantIn, GeometryIn, LongText, Number, ShortText, Slug, Strict
from permits.dig_requests import DigRequest, PavingRequest, PlanRequest, WorksRequest
from permits.dig_vocabulary import DamageCause, DigAnswer, DigKind, Pavement, TrenchFault
from permits.requests import ApplicantRequest, ExcavationRequest
from permits.vocabulary import DigMethod


def _day(value: object) -> object:
    """A date is ten characters, never a number or an instant."""
    if isinstance(value, date) or (isinstance(value, str) and len(value) == len("2026-01-31")):
        return value
    raise PydanticCustomError("day_form", "expected a date as YYYY-MM-DD")


Day = Annotated[date, BeforeValidator(_day), Field(strict=False, examples=["2026-05-04"])]
Id = Annotated[UUID, Field(strict=False)]
Kind = Annotated[DigKind, Field(strict=False)]
PavementIn = Annotated[Pavement, Field(strict=False)]
Answer = Annotated[DigAnswer, Field(strict=False)]


class DigExcavationIn(Strict):
    """Where the street is opened: an area, a trench's axis, or a point; the width widens the last two."""

    geometry: GeometryIn
    crs: Annotated[str, StringConstraints(max_length=20)] = Field(
        description="the CRS of the coordinates, 'EPSG:n'; never guessed", examples=["EPSG:4326"]
    )
    depth_m: Number = Field(description="metres below ground, more than 0")
    method: Annotated[DigMethod, Field(strict=False)] = DigMethod.MACHINE
    top_m: Number = Field(
        default=0.0, ge=0, description="of a bore: metres from the surface to its upper side; else 0"
    )

    def request(self) -> ExcavationRequest:
        """The use case's form."""
        geometry = self.geometry.model_dump()
        return ExcavationRequest(geometry, self.crs, self.depth_m, self.method, self.top_m)


class WorksIn(Strict):
    """Dimensions and pavement; what is left out is drawn, found at the visit, or unknown."""

    pavement: PavementIn | None = None
    length_m: Number | None = None
    width_m: Number | None = None
    surplus_length_m: Number | None = None
    surplus_width_m: Number | None = None
    section: ShortText | None = None
    asphalt_thickness_cm: Number | None = None
    asphalt_age_years: Number | None = None
    quality_coefficient: Number | None = None
    spoil_m3: Number | None = None
    phases: list[dict[str, Any]] | None = Field(default=None, max_length=20)
    traffic_approval_no: ShortText | None = None
    safety_approval_no: ShortText | None = None

    def request(self) -> WorksRequest:
        """The use case's form."""
        values = self.model_dump()
        if self.phases is not None:
            values["phases"] = tuple(self.phases)
        return WorksRequest(**values)


class PartyIn(Strict):
    """A contractor or supervisor."""

    name: ShortText
    licence_no: ShortText | None = None
    phone: Annotated[str, StringConstraints(max_length=40)] | None = None


class DigIn(Strict):
    """A request to open the street."""

    kind: Kind
    title: ShortText
    agency: Slug | None = Field(
        default=None, description="whose works; an agency's own people may leave it out"
    )
    case_id: Id | None = None
    parcel_id: ShortText | None = None
    excavation: DigExcavationIn | None = None
    works: WorksIn = Field(default_factory=WorksIn)
    starts_on: Day | None = None
    ends_on: Day | None = None
    applicant: ApplicantIn | None = None
    contractor: PartyIn | None = None
    supervisor: PartyIn | None = None
    draft: bool = False

    def request(self) -> DigRequest:
        """The use case's form."""
        return DigRequest(
            kind=self.kind,
            title=self.title,
            works=self.works.request(),
            excavation=None if self.excavation is None else self.excavation.request(),
            starts_on=self.starts_on,
            ends_on=self.ends_on,
            agency=self.agency,
            case_id=self.case_id,
            parcel_id=self.parcel_id,
            applicant=None if self.applicant is None else ApplicantRequest(**self.applicant.model_dump()),
            contractor=None if self.contractor is None else self.contractor.model_dump(),
            supervisor=None if self.supervisor is None else self.supervisor.model_dump(),
            draft=self.draft,
        )


class JoinIn(Strict):
    """The other work, by its name: `dig:<id>` or `plan:<id>`."""

    with_: Annotated[str, StringConstraints(pattern=r"^(dig|plan):[0-9a-f-]{36}$")] = Field(alias="with")


class DeclineIn(JoinIn):
    """The other work, and why there will be no joint trench."""

    reason: LongText


class PlanIn(Strict):
    """One planned work of an agency."""

    agency_ref: ShortText = Field(description="the agency's own number; the same again replaces the plan")
    title: ShortText
    agency: Slug | None = None
    geometry: GeometryIn
    crs: Annotated[str, StringConstraints(max_length=20)]
    starts_on: Day
    ends_on: Day
    width_m: Number | None = None
    depth_m: Number | None = None
    pavement: PavementIn | None = None

    def request(self, agency: str) -> PlanRequest:
        """The use case's form."""
        stated = self.model_dump(exclude={"agency", "geometry"})
        return PlanRequest(agency=agency, geometry=self.geometry.model_dump(), **stated)


class PavingIn(Strict):
    """A street that was paved anew."""

    title: ShortText
    pavement: PavementIn
    paved_on: Day
    source: ShortText
    geometry: GeometryIn
    crs: Annotated[str, StringConstraints(max_length=20)]
    years: int | None = Field(default=None, ge=0, le=50)
    width_m: Number | None = Field(default=None, gt=0, le=50, description="of a street drawn as a line")

    def request(self) -> PavingRequest:
        """The use case's form."""
        return PavingRequest(**{**self.model_dump(), "geometry": self.geometry.model_dump()})


class AreaIn(Strict):
    """An area, a line or a point, and how far around it."""

    geometry: GeometryIn
    crs: Annotated[str, StringConstraints(max_length=20)] = "EPSG:4326"
    radius_m: Number = Field(default=0.0, ge=0, le=2000)


class DamageIn(Strict):
    """A line of the damage register."""

    cause: Annotated[DamageCause, Field(strict=False)]
    cost: Number | None = Field(default=None, ge=0)
    outage_minutes: int | None = Field(default=None, ge=0)
    connections_lost: int | None = Field(default=None, ge=0)


class TrenchReportIn(Strict):
    """What was found in the trench; position in degrees."""

    kind: Annotated[TrenchFault, Field(strict=False)]
    lon: Number = Field(ge=-180, le=180)
    lat: Number = Field(ge=-90, le=90)
    dig_id: Id | None = None
    case_id: Id | None = None
    agency: Slug | None = None
    utility: Slug | None = None
    layer_id: Annotated[str, StringConstraints(max_length=80)] | None = None
    feature_id: Annotated[str, StringConstraints(max_length=200)] | None = None
    depth_m: Number | None = None
    note: LongText | None = None
    damage: DamageIn | None = None


class TrenchAnswerIn(Strict):
    """The owner's answer: accepted, with the day of the correction; or rejected, with a reason."""

    accepted: bool
    reason: LongText | None = None
    correction_by: Day | None = None
