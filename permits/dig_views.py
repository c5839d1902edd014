"""What an excavation permit looks like from outside: the exact JSON shape of the API, as frozen values."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date, datetime
from uuid import UUID

from permits.dig_split import Stretch
from permits.ports import Json
from permits.views import ApplicantView, ExcavationView, MissingLayer


@dataclass(frozen=True, slots=True)
class DigInquiryView:
    """What one company was asked about the excavation and what it said; `liable`: it was silent."""

    agency: str
    round: int
    status: str
    asked_at: datetime
    due_at: datetime
    handler: str
    answered_at: datetime | None
    answered_by: str | None
    answer: str | None
    conditions: list[Json]
    note: str | None
    valid_until: datetime | None
    liable: bool


@dataclass(frozen=True, slots=True)
class DigRecordView:
    """A visit, supervision report, renewal, defect, test, override, late answer or warning."""

    record_id: UUID
    kind: str
    agency: str | None
    at: datetime
    by: str
    body: Json
    closed_at: datetime | None


@dataclass(frozen=True, slots=True)
class OverlapView:
    """Another work nearby in place and time; `with_ref` is "dig:<id>" or "plan:<id>".

    `mine` and `theirs` say who of both sides has accepted one trench; `shares` are by ref.
    """

    with_ref: str
    with_id: UUID
    with_kind: str
    title: str
    agency: str | None
    status: str
    starts_on: date
    ends_on: date
    state: str
    distance_m: float
    gap_days: int
    relation: str
    shared_m: float
    joint_width_m: float
    saved_m: float
    saved_m2: float
    shares: dict[str, float]
    formula: str
    mine: str | None
    theirs: str | None


@dataclass(frozen=True, slots=True)
class TrenchView:
    """The works that share one trench."""

    trench_id: UUID
    members: list[str]


@dataclass(frozen=True, slots=True)
class SplitWork:
    """One work in a split: what it digs alone and with others (m), and what both cost it."""

    ref: str
    title: str
    agency: str | None
    status: str
    width_m: float
    alone_m: float
    shared_m: float
    cost_alone: float
    cost_shared: float


@dataclass(frozen=True, slots=True)
class SplitView:
    """One trench for all works of a street; `truncated`: more works meet than are looked at together."""

    formula: str
    currency: str
    works: list[SplitWork]
    stretches: list[Stretch]
    saved_m: float
    saved_m2: float
    total: float
    truncated: bool
    unconfirmed: list[str]


@dataclass(frozen=True, slots=True)
class DigView:
    """The whole excavation permit, for one actor.

    `actions` are what that actor may do now, `blocked` what it could do once the named facts hold.
    """

    dig_id: UUID
    dig_no: str
    city: str
    kind: str
    status: str
    version: int
    title: str
    agency: str | None
    case_id: UUID | None
    cycle: int | None
    parcel_id: str | None
    applicant: ApplicantView
    handler: str | None
    works: Json
    contractor: Json | None
    supervisor: Json | None
    excavation: ExcavationView | None
    starts_on: date | None
    ends_on: date | None
    allowed_delay_days: int
    renewals: int
    verdict: str | None
    findings: list[Json]
    missing_information: list[MissingLayer]
    suggested_conditions: list[Json]
    inquiries: list[DigInquiryView]
    moratorium: Json | None
    earlier_digs: int
    repeat_coefficient: float
    costs: Json | None
    payment: Json | None
    permit: Json | None
    reason: str | None
    started_on: date | None
    restored_on: date | None
    regularise_by: datetime | None
    valid_until: datetime | None
    guarantee_until: date | None
    answers_due_at: datetime | None
    submitted_at: datetime | None
    created_at: datetime
    records: list[DigRecordView]
    warnings: list[DigRecordView]
    overlaps: list[OverlapView]
    trench: TrenchView | None
    actions: list[str]
    blocked: dict[str, list[str]]
    audit_head: str
    listed: list[Json] = field(default_factory=list)
    """Entries of the city's control list that hold for the company or the contractor."""


@dataclass(frozen=True, slots=True)
class DigSummary:
    """One line of the worklist."""

    dig_id: UUID
    dig_no: str
    city: str
    kind: str
    status: str
    version: int
    title: str
    agency: str | None
    case_id: UUID | None
    parcel_id: str | None
    applicant: str
    starts_on: date | None
    ends_on: date | None
    verdict: str | None
    due_at: datetime | None
    open_warnings: int
    open_overlaps: int


@dataclass(frozen=True, slots=True)
class PlanView:
    """One planned work of an agency."""

    plan_id: UUID
    city: str
    agency: str
    agency_ref: str
    title: str
    status: str
    version: int
    works: Json
    geometry: Json
    starts_on: date
    ends_on: date
    overlaps: list[OverlapView]
    moratorium: Json | None = None


@dataclass(frozen=True, slots=True)
class BarredWork:
    """A work that begins in a repaved street before its moratorium is over."""

    ref: str
    kind: str
    dig_kind: str | None
    number: str
    title: str
    agency: str | None
    status: str
    starts_on: date
    ends_on: date


@dataclass(frozen=True, slots=True)
class TakenBack:
    """Who said that the street was not paved as entered, when and why."""

    by: str
    at: datetime
    reason: str


@dataclass(frozen=True, slots=True)
class PavingView:
    """A repaved street and until when it may not be opened; one that was taken back bars nothing."""

    paving_id: UUID
    title: str
    pavement: str
    paved_on: date
    until: date
    source: str
    geometry: Json
    works: list[BarredWork]
    entered_by: str
    entered_at: datetime
    taken_back: TakenBack | None


@dataclass(frozen=True, slots=True)
class BarView:
    """One entry of the city's control list."""

    bar_id: UUID
    city: str
    party: str
    agency: str | None
    name: str
    licence_no: str | None
    reason: str
    state: str
    from_on: date
    until_on: date | None
    entered_by: str
    entered_at: datetime
    lifted_by: str | None
    lifted_at: datetime | None
    lifted_why: str | None


@dataclass(frozen=True, slots=True)
class TrenchReportView:
    """What was found in a trench and what its owner said; coordinates in WGS84."""

    report_id: UUID
    report_no: str
    city: str
    kind: str
    status: str
    dig_id: UUID | None
    case_id: UUID | None
    agency: str | None
    utility: str | None
    layer_id: str | None
    feature_id: str | None
    depth_m: float | None
    note: str | None
    geometry: Json
    photo: Json | None
    damage: Json | None
    reported_by: str
    reported_at: datetime
    answer: Json | None
    answered_by: str | None
    answered_at: datetime | None
    may_answer: bool
