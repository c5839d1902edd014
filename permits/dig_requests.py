"""What an excavation's use case is given. Pure values; `faults` names what can be seen without the ground."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date
from uuid import UUID

from permits.dig_vocabulary import BarParty, DigKind, Pavement
from permits.ports import Json
from permits.requests import ApplicantRequest, ExcavationRequest

MAX_DEPTH_M = 60.0
MAX_WIDTH_M = 100.0
MAX_LENGTH_M = 100_000.0
MAX_DAYS = 3660


@dataclass(frozen=True, slots=True)
class WorksRequest:
    """The dimensions and the pavement; metres, years, centimetres. None: not stated; length and width are drawn."""

    pavement: Pavement | None = None
    length_m: float | None = None
    width_m: float | None = None
    surplus_length_m: float | None = None
    surplus_width_m: float | None = None
    section: str | None = None
    asphalt_thickness_cm: float | None = None
    asphalt_age_years: float | None = None
    quality_coefficient: float | None = None
    spoil_m3: float | None = None
    phases: tuple[Json, ...] | None = None
    traffic_approval_no: str | None = None
    safety_approval_no: str | None = None


@dataclass(frozen=True, slots=True)
class DigRequest:
    """One request to open the street; `draft` keeps it open for changes."""

    kind: DigKind
    title: str
    works: WorksRequest
    excavation: ExcavationRequest | None = None
    starts_on: date | None = None
    ends_on: date | None = None
    agency: str | None = None
    case_id: UUID | None = None
    parcel_id: str | None = None
    applicant: ApplicantRequest | None = None
    contractor: Json | None = None
    supervisor: Json | None = None
    draft: bool = False


@dataclass(frozen=True, slots=True)
class DigChange:
    """What is changed of a request; None leaves what was."""

    title: str | None = None
    works: WorksRequest | None = None
    excavation: ExcavationRequest | None = None
    starts_on: date | None = None
    ends_on: date | None = None
    contractor: Json | None = None
    supervisor: Json | None = None


@dataclass(frozen=True, slots=True)
class PlanRequest:
    """One planned work of an agency; `agency_ref` is the agency's own number, by which a repeat is known."""

    agency: str
    agency_ref: str
    title: str
    geometry: Json
    crs: str
    starts_on: date
    ends_on: date
    width_m: float | None = None
    depth_m: float | None = None
    pavement: Pavement | None = None


@dataclass(frozen=True, slots=True)
class PavingRequest:
    """A street that was paved anew; `years` None: the city's moratorium. `width_m`: of a street drawn as a line."""

    title: str
    pavement: Pavement
    paved_on: date
    source: str
    geometry: Json
    crs: str
    years: int | None = None
    width_m: float | None = None


@dataclass(frozen=True, slots=True)
class BarRequest:
    """Who gets no new permit, why, and for how long; `until_on` None: until it is lifted."""

    party: BarParty
    reason: str
    agency: str | None = None
    name: str | None = None
    licence_no: str | None = None
    from_on: date | None = None
    until_on: date | None = None


@dataclass(frozen=True, slots=True)
class TrenchReportRequest:
    """What was found in the trench, in three taps: what, where, and whose if known."""

    kind: str
    lon: float
    lat: float
    dig_id: UUID | None = None
    case_id: UUID | None = None
    agency: str | None = None
    utility: str | None = None
    layer_id: str | None = None
    feature_id: str | None = None
    depth_m: float | None = None
    note: str | None = None
    damage: Json | None = field(default=None)


def work_faults(works: WorksRequest) -> Iterator[str]:
    """The faults of the stated dimensions."""
    limits = (("length_m", MAX_LENGTH_M), ("width_m", MAX_WIDTH_M))
    for name, most in limits:
        value = getattr(works, name)
        if value is not None and not 0 < value <= most:
            yield f"{name.removesuffix('_m')}-out-of-range"
    if min(works.surplus_length_m or 0, works.surplus_width_m or 0) < 0:
        yield "surplus-negative"
    if works.quality_coefficient is not None and not 0 < works.quality_coefficient <= 10:
        yield "quality-coefficient-out-of-range"
    if works.asphalt_age_years is not None and not 0 <= works.asphalt_age_years <= 200:
        yield "asphalt-age-out-of-range"


def date_faults(starts_on: date | None, ends_on: date | None) -> Iterator[str]:
    """The faults of the stated dates."""
    if starts_on is None or ends_on is None:
        return
    if ends_on < starts_on:
        yield "ends-before-start"
    elif (ends_on - starts_on).days > MAX_DAYS:
        yield "works-too-long"


def depth_faults(excavation: ExcavationRequest | None) -> Iterator[str]:
    """The faults of the stated depth, and of a bore's upper side."""
    if excavation is None:
        return
    if not 0 < excavation.depth_m <= MAX_DEPTH_M:
        yield "depth-out-of-range"
    elif not 0 <= excavation.top_m < excavation.depth_m:
        yield "top-out-of-range"
