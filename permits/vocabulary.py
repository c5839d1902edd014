"""The words of the case, as closed lists: every value that is stored, sent or shown.

Values are slugs; their wording in each language lives in `locales/`.
"""

from __future__ import annotations

from enum import StrEnum


class Wish(StrEnum):
    """What the applicant wants of one utility (A06)."""

    NOW = "now"
    LATER = "later"
    NOT_NEEDED = "not_needed"


class Works(StrEnum):
    """What will be built."""

    NEW_BUILDING = "new_building"
    EXTENSION = "extension"
    DEMOLISH_REBUILD = "demolish_rebuild"
    REPAIR = "repair"
    EXCAVATION_ONLY = "excavation_only"


class DigMethod(StrEnum):
    """How the ground is opened; `boring` is steered from afar, `hand_boring` turned by hand."""

    MACHINE = "machine"
    HAND = "hand"
    VACUUM = "vacuum"
    BORING = "boring"
    HAND_BORING = "hand_boring"


class CaseStatus(StrEnum):
    """Where a case stands."""

    CONSULTING = "consulting"
    AWAITING_DECISION = "awaiting_decision"
    REFUSED = "refused"
    EXCHANGING = "exchanging"
    ACTIVE = "active"
    NEEDS_DECISION = "needs_decision"
    COMPLETING = "completing"
    COMPLETED = "completed"
    WITHDRAWN = "withdrawn"
    REVOKED = "revoked"


class Role(StrEnum):
    """Who acts."""

    OFFICER = "officer"
    FRONT_OFFICE = "front_office"
    APPLICANT = "applicant"
    AGENCY = "agency"
    CRISIS = "crisis"
    SYSTEM = "system"
    AUDITOR = "auditor"


class Action(StrEnum):
    """What an actor does to a case; the last five are done by the system alone."""

    APPROVE = "approve"
    REFUSE = "refuse"
    WITHDRAW = "withdraw"
    RETRY = "retry"
    DEFER = "defer"
    REVOKE = "revoke"
    COMPLETE = "complete"
    RESPOND = "respond"
    RECHECK = "recheck"
    CONSULTATIONS_CLOSED = "consultations_closed"
    EXCHANGE_CONFIRMED = "exchange_confirmed"
    EXCHANGE_CANCELLED = "exchange_cancelled"


class TariffClass(StrEnum):
    """The price category of a parcel's supply; `none` = no supply yet."""

    RESIDENTIAL = "residential"
    COMMERCIAL = "commercial"
    INDUSTRIAL = "industrial"
    PUBLIC = "public"
    CONSTRUCTION = "construction"
    NONE = "none"


class Purpose(StrEnum):
    """What an exchange brings about: the construction tariff, or the return from it."""

    CONSTRUCTION = "construction"
    PERMANENT = "permanent"


class ExchangeState(StrEnum):
    """Where an exchange with the agencies stands."""

    TRYING = "trying"
    CONFIRMING = "confirming"
    CANCELLING = "cancelling"
    CONFIRMED = "confirmed"
    CANCELLED = "cancelled"


class StepOp(StrEnum):
    """One call to one agency."""

    INQUIRE = "inquire"
    QUERY = "query"
    TRY = "try"
    CONFIRM = "confirm"
    CANCEL = "cancel"


class StepState(StrEnum):
    """Where a call stands; `unknown` and `parked` wait for a person."""

    PENDING = "pending"
    SENDING = "sending"
    DONE = "done"
    REFUSED = "refused"
    UNKNOWN = "unknown"
    PARKED = "parked"
    SUPERSEDED = "superseded"


class OutcomeKind(StrEnum):
    """What a call told us."""

    DONE = "done"
    REFUSED = "refused"
    RETRY = "retry"
    UNKNOWN = "unknown"


class ConsultationStatus(StrEnum):
    """Where the question to one agency stands."""

    PENDING = "pending"
    ANSWERED = "answered"
    LAPSED = "lapsed"


class DecisionOutcome(StrEnum):
    """How the officer decided."""

    APPROVED = "approved"
    REFUSED = "refused"
    REVOKED = "revoked"


class OrderState(StrEnum):
    """Where the sale of one service connection stands."""

    DESIRED = "desired"
    HELD = "held"
    CONFIRMED = "confirmed"
    CANCELLED = "cancelled"
    DEFERRED = "deferred"


class TariffState(StrEnum):
    """Where a dated tariff change stands."""

    DESIRED = "desired"
    CONFIRMED = "confirmed"
    CANCELLED = "cancelled"


class TariffBasis(StrEnum):
    """On what the class that a parcel had before rests: the company's receipt, the parcel's delivery, or nothing."""

    CONFIRMED = "confirmed"
    RECORDED = "recorded"
    ASSUMED = "assumed"


class TaskKind(StrEnum):
    """Why a person must look at a case."""

    CONSULTATION_HALF_TIME = "consultation_half_time"
    CONSULTATION_NEARLY_DUE = "consultation_nearly_due"
    CONSULTATION_OVERDUE = "consultation_overdue"
    INQUIRY_FAILED = "inquiry_failed"
    NEEDS_DECISION = "needs_decision"
    CONFIRM_REFUSED = "confirm_refused"
    CONFIRM_OVERDUE = "confirm_overdue"
    CANCEL_REFUSED = "cancel_refused"
    CANCEL_OVERDUE = "cancel_overdue"
    OUTCOME_UNKNOWN = "outcome_unknown"
    LATE_ACCEPT = "late_accept"
    BOOKS_DIFFER = "books_differ"
    UNEXPLAINED_ORDER = "unexplained_order"


class Unexplained(StrEnum):
    """Why an order that a company has in our name is not one of ours."""

    UNKNOWN_CASE = "unknown-case"
    UNKNOWN_ORDER = "unknown-order"
    OTHER_COMPANY = "other-company"
    OTHER_CASE = "other-case"
    OTHER_NUMBER = "other-number"
    REFUSED = "refused"


class DeskReason(StrEnum):
    """Why a company's people cannot serve a parcel: the codes a company's system uses too."""

    NO_CAPACITY = "no-capacity"
    TOO_FAR_FROM_MAIN = "too-far-from-main"
    NO_SUITABLE_MAIN = "no-suitable-main"
    CAPACITY_OUT_OF_RANGE = "capacity-out-of-range"
    DOCUMENTS_MISSING = "documents-missing"
    OTHER = "other"


class DeskRefusal(StrEnum):
    """Why a company's people do not hold, carry out or release an order."""

    NO_CAPACITY = "no-capacity"
    TARIFF_CHANGE_REFUSED = "tariff-change-refused"
    DEBT = "debt"
    UNKNOWN_PARCEL = "unknown-parcel"
    ALREADY_CONFIRMED = "already-confirmed"
    OTHER = "other"


class ServiceLineState(StrEnum):
    """How far a service line has come: on paper, impossible, built, and in the company's layer or not."""

    PROPOSED = "proposed"
    UNSERVED = "unserved"
    BUILT = "built"
    RECORDED = "recorded"
    UNRECORDED = "unrecorded"


class InboxOutcome(StrEnum):
    """What became of a message an agency sent."""

    ACCEPTED = "accepted"
    DUPLICATE = "duplicate"
    UNKNOWN = "unknown"
    QUARANTINED = "quarantined"
