"""The words of an excavation permit, as closed lists: every value that is stored, sent or shown.

Values are slugs; their wording in each language lives in `locales/`.
"""

from __future__ import annotations

from enum import StrEnum


class DigKind(StrEnum):
    """Why the street is opened: the three kinds that practice knows."""

    CONNECTION = "connection"
    """One customer's service connection (انشعاب شخصی)."""
    DEVELOPMENT = "development"
    """A utility's own plan (طرح توسعه)."""
    INCIDENT = "incident"
    """An emergency: dug first, regularised afterwards (اتفاقات)."""


class DigStatus(StrEnum):
    """Where an excavation permit stands."""

    DRAFT = "draft"
    EMERGENCY = "emergency"
    REQUESTED = "requested"
    VISITED = "visited"
    INQUIRING = "inquiring"
    INQUIRED = "inquired"
    COSTED = "costed"
    PAID = "paid"
    PERMITTED = "permitted"
    WORKING = "working"
    HANDOVER_REQUESTED = "handover_requested"
    DEFECTS = "defects"
    TESTING = "testing"
    GUARANTEE = "guarantee"
    CLOSED = "closed"
    REFUSED = "refused"
    WITHDRAWN = "withdrawn"
    REVOKED = "revoked"
    EXPIRED = "expired"


class DigAction(StrEnum):
    """What is done to an excavation permit; the last two are done by the system alone."""

    SUBMIT = "submit"
    CHANGE = "change"
    REGULARISE = "regularise"
    VISIT = "visit"
    INQUIRE = "inquire"
    ANSWER = "answer"
    REINQUIRE = "reinquire"
    REVOKE_SILENCE = "revoke_silence"
    OVERRIDE_MORATORIUM = "override_moratorium"
    CALCULATE = "calculate"
    PAY = "pay"
    PERMIT = "permit"
    START = "start"
    SUPERVISE = "supervise"
    RENEW = "renew"
    REQUEST_HANDOVER = "request_handover"
    REPORT_DEFECTS = "report_defects"
    FIX_DEFECTS = "fix_defects"
    PASS_INSPECTION = "pass_inspection"  # noqa: S105 - an action, not a password
    RECORD_TEST = "record_test"
    ACCEPT_PROVISIONALLY = "accept_provisionally"
    ACCEPT_FINALLY = "accept_finally"
    REFUSE = "refuse"
    WITHDRAW = "withdraw"
    REVOKE = "revoke"
    INQUIRIES_CLOSED = "inquiries_closed"
    EXPIRE = "expire"


class DigGuard(StrEnum):
    """A fact that a row of the process may require."""

    COMPLETE = "complete"
    """Place, dates and dimensions are stated."""
    INQUIRIES_CLOSED = "inquiries_closed"
    CONSENT = "consent"
    """Every asked company said no objection, or its silence is established; none objects."""
    NOT_BARRED = "not_barred"
    """No repaving moratorium, or a second officer has lifted it."""
    NOT_LISTED = "not_listed"
    """Neither the company nor who digs for it is on the city's control list; an incident cannot wait for it."""
    INQUIRIES_VALID = "inquiries_valid"
    SETTLED = "settled"
    """What was paid covers what was calculated."""
    WORKS_BEGUN = "works_begun"
    RENEWALS_LEFT = "renewals_left"
    TIME_OVER = "time_over"
    TEST_FAILED = "test_failed"
    TESTS_PASSED = "tests_passed"
    NO_OPEN_DEFECTS = "no_open_defects"
    GUARANTEE_OVER = "guarantee_over"


class DigAnswer(StrEnum):
    """The three answers of a company to an excavation inquiry."""

    NO_OBJECTION = "no_objection"
    CONFLICT = "conflict"
    RE_EXAMINE = "re_examine"


class DigInquiryStatus(StrEnum):
    """Where the question to one company stands; `silent`: it may proceed, the silent company is liable."""

    PENDING = "pending"
    ANSWERED = "answered"
    SILENT = "silent"
    REVOKED = "revoked"
    """The handler took the silence back and asked again."""


class Pavement(StrEnum):
    """What lies on top."""

    ASPHALT = "asphalt"
    CONCRETE = "concrete"
    PAVING_STONE = "paving_stone"
    GRAVEL = "gravel"
    SOIL = "soil"


class DigRecordKind(StrEnum):
    """What is kept of an excavation beside its status."""

    VISIT = "visit"
    SUPERVISION = "supervision"
    RENEWAL = "renewal"
    DEFECT = "defect"
    TEST = "test"
    OVERRIDE = "override"
    LATE_ANSWER = "late_answer"
    WARNING = "warning"


class BarParty(StrEnum):
    """Whom an entry of the control list names."""

    AGENCY = "agency"
    """A company whose works are dug."""
    CONTRACTOR = "contractor"
    """Who digs."""


class BarState(StrEnum):
    """Whether an entry of the control list holds."""

    ACTIVE = "active"
    AHEAD = "ahead"
    """From a later day on."""
    OVER = "over"
    LIFTED = "lifted"


class DigWarning(StrEnum):
    """Why the handler must look."""

    HALF_TIME = "half_time"
    NEARLY_DUE = "nearly_due"
    SILENT = "silent"
    LATE_ANSWER = "late_answer"
    REGULARISE_HALF_TIME = "regularise_half_time"
    REGULARISE_NEARLY_DUE = "regularise_nearly_due"
    REGULARISE_OVERDUE = "regularise_overdue"
    OVERRUN = "overrun"
    LISTED = "listed"
    """An incident is dug by somebody on the control list."""


class PlanStatus(StrEnum):
    """Where a planned work stands."""

    PLANNED = "planned"
    DONE = "done"
    CANCELLED = "cancelled"


class JoinState(StrEnum):
    """Where the offer of one trench for two works stands."""

    OFFERED = "offered"
    HALF_ACCEPTED = "half_accepted"
    AGREED = "agreed"
    DECLINED = "declined"
    GONE = "gone"
    """The works moved apart, or one of them ended."""


class TrenchFault(StrEnum):
    """What was found in the trench."""

    NOT_WHERE_SHOWN = "not_where_shown"
    NOT_SHOWN = "not_shown"
    OTHER_DEPTH = "other_depth"
    DAMAGED = "damaged"


class TrenchReportStatus(StrEnum):
    """Where a report from the trench stands."""

    OPEN = "open"
    ACCEPTED = "accepted"
    REJECTED = "rejected"


class DamageCause(StrEnum):
    """Why a line was damaged, as far as its map is concerned (A27)."""

    LAYER_MISSING = "layer_missing"
    POSITION_WRONG = "position_wrong"
    DEPTH_WRONG = "depth_wrong"
    CARELESSNESS = "carelessness"
    UNKNOWN = "unknown"
