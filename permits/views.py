"""What a case looks like from outside: the exact JSON shape of the API, as frozen values."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, fields, is_dataclass
from datetime import date, datetime
from math import isfinite
from typing import Any
from uuid import UUID

from permits.ports import Json

_EXACT = 2**53
"""Beyond this a JSON reader may round an integer."""


@dataclass(frozen=True, slots=True)
class Units:
    """How many units the building will have."""

    residential: int = 0
    commercial: int = 0
    other: int = 0


@dataclass(frozen=True, slots=True)
class WishView:
    """One utility's wish; capacity in that utility's own units (m3/month, A and phases, m3/h)."""

    wish: str
    capacity: Json = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class ApplicantView:
    """Who asks; identifiers are never shown here."""

    name: str


@dataclass(frozen=True, slots=True)
class ExcavationView:
    """The pit: GeoJSON polygon in WGS84, depth in metres, area in square metres; `top_m` of a bore, else 0."""

    geometry: Json
    depth_m: float
    area_m2: float
    method: str
    top_m: float = 0.0


@dataclass(frozen=True, slots=True)
class MissingLayer:
    """A layer that could not speak: `missing` or `stale`."""

    layer_id: str
    state: str


@dataclass(frozen=True, slots=True)
class ConsultationView:
    """What one agency was asked and what it said; `reason` and condition texts are {en, fa}."""

    agency: str
    status: str
    asked_at: datetime
    due_at: datetime
    answered_at: datetime | None = None
    serviceable: bool | None = None
    reason_code: str | None = None
    reason: Json | None = None
    conditions: list[Json] = field(default_factory=list)
    offer: Json | None = None
    proposed_capacity: Json | None = None


@dataclass(frozen=True, slots=True)
class Condition:
    """A condition of the permit. `params.findings` names what it answers: "layer_id/feature_id" or "*".

    `corridor` is where it holds, as GeoJSON in WGS84: the strips for hand tools, the ground left for the
    machine, the points of the trial pits; None where it holds everywhere or nowhere in particular.
    """

    code: str
    params: Json = field(default_factory=dict)
    note: str | None = None
    corridor: Json | None = None


@dataclass(frozen=True, slots=True)
class DecisionView:
    """How, by whom and when it was decided."""

    outcome: str
    by: str
    at: datetime
    conditions: list[Condition] = field(default_factory=list)
    reason: str | None = None


@dataclass(frozen=True, slots=True)
class PermitView:
    """The document that resulted."""

    permit_no: str
    issued_at: datetime
    valid_until: datetime


@dataclass(frozen=True, slots=True)
class ExchangeAgencyView:
    """One agency's part in an exchange: the states of its three calls, and what came back."""

    agency: str
    order_number: str | None
    try_: str | None
    confirm: str | None
    cancel: str | None
    attempts: int
    refusal: str | None
    connection: Json | None
    tariff_from: str
    tariff_to: str
    receipt: str | None
    tariff_basis: str | None = None
    """On what `tariff_from` rests: `confirmed`, `recorded`, or `assumed`."""


@dataclass(frozen=True, slots=True)
class ExchangeView:
    """One exchange with all agencies; all share `effective_at`."""

    purpose: str
    revision: int
    state: str
    effective_at: datetime
    decide_by: datetime
    hold_until: datetime
    agencies: list[ExchangeAgencyView]


@dataclass(frozen=True, slots=True)
class TariffView:
    """The parcel's tariff at one agency: what we asked for and what the agency confirmed."""

    agency: str
    desired: str | None
    confirmed: str | None
    effective_at: datetime | None


@dataclass(frozen=True, slots=True)
class TaskView:
    """Something a person must look at."""

    task_id: UUID
    kind: str
    agency: str | None
    opened_at: datetime
    detail: Json


@dataclass(frozen=True, slots=True)
class UnexplainedOrderView:
    """An order that a company has in our name and that is none of ours; of a case of the city, or of none."""

    task_id: UUID
    agency: str
    case_id: UUID | None
    case_no: str | None
    opened_at: datetime
    detail: Json


@dataclass(frozen=True, slots=True)
class CaseView:
    """The whole case, for one actor: `actions` are what that actor may do now."""

    case_id: UUID
    case_no: str
    city: str
    status: str
    version: int
    parcel_id: str
    works: str
    storeys: int
    units: Units
    applicant: ApplicantView
    wishes: dict[str, WishView]
    excavation: ExcavationView
    submitted_at: datetime
    dossier: Json
    findings: list[Json]
    verdict: str
    service_lines: list[Json]
    """What was proposed or built for each agency's connection: see docs/service-lines.md."""
    missing_information: list[MissingLayer]
    consultations: list[ConsultationView]
    decision: DecisionView | None
    permit: PermitView | None
    exchanges: list[ExchangeView]
    tariffs: list[TariffView]
    tasks: list[TaskView]
    actions: list[str]
    audit_head: str
    """Hash (hex) of the newest entry of the case's history: whoever keeps it can later prove the past."""


@dataclass(frozen=True, slots=True)
class CaseSummary:
    """One line of the worklist."""

    case_id: UUID
    case_no: str
    city: str
    status: str
    version: int
    parcel_id: str
    works: str
    applicant: str
    verdict: str
    submitted_at: datetime
    due_at: datetime | None
    open_tasks: int


@dataclass(frozen=True, slots=True)
class HistoryEntry:
    """One entry of a case's history, as chained."""

    n: int
    at: datetime
    actor: str
    on_behalf_of: str
    event: str
    body: Json
    hash: str


def as_json(value: Any) -> Any:
    """The JSON form of a view: names without the trailing underscore, ISO instants, ids as text.

    What came from strangers is made storable: no NUL or lone surrogate, no number JSON cannot carry exactly.
    """
    if is_dataclass(value) and not isinstance(value, type):
        return {f.name.rstrip("_"): as_json(getattr(value, f.name)) for f in fields(value)}
    if isinstance(value, Mapping):
        return {str(as_json(str(key))): as_json(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [as_json(item) for item in value]
    return _scalar(value)


def _scalar(value: Any) -> Any:
    if isinstance(value, date):  # a datetime is one too
        return value.isoformat()
    if isinstance(value, UUID):
        return str(value)
    if isinstance(value, str):
        return str(value).replace("\x00", "").encode("utf-8", "replace").decode()
    if isinstance(value, float) and not isfinite(value):
        return str(value)
    if isinstance(value, int) and not isinstance(value, bool) and abs(value) > _EXACT:
        return str(value) if value.bit_length() < 1000 else hex(value)
    return value
