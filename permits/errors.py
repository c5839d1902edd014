"""Refusals of the case core; the API maps each class to a status in one table."""

from __future__ import annotations

from geo.errors import PanjerehError


class CaseNotFound(PanjerehError):
    """There is no such case."""

    code = "case-not-found"


class ParcelNotFound(PanjerehError):
    """There is no such parcel in the published layers."""

    code = "parcel-not-found"


class StaleCase(PanjerehError):
    """The case has changed since you read it."""

    code = "stale-case"


class ActionNotAllowed(PanjerehError):
    """The action is not possible for this role in the case's present status."""

    code = "action-not-allowed"


class ApprovalRefused(PanjerehError):
    """The case may not be approved yet; `reasons` says why."""

    code = "approval-refused"


class RequestInvalid(PanjerehError):
    """The request cannot be accepted as it stands; `reasons` says why."""

    code = "request-invalid"


class ExcavationOffParcel(PanjerehError):
    """The excavation is neither on the parcel nor beside it."""

    code = "excavation-off-parcel"


class KeyReused(PanjerehError):
    """The idempotency key was used before for another request."""

    code = "key-reused"


class AgencyUnknown(PanjerehError):
    """The city has no such agency."""

    code = "agency-unknown"


class NothingToRetry(PanjerehError):
    """No exchange of this case waits for another attempt."""

    code = "nothing-to-retry"


class SignatureInvalid(PanjerehError):
    """The message is not signed as agreed, or its signature is too old."""

    code = "signature-invalid"


class IdentifierInvalid(PanjerehError):
    """The identifier does not pass its check."""

    code = "identifier-invalid"


class AnswerUnreadable(PanjerehError):
    """The agency's answer has no reference or no plain yes or no."""

    code = "answer-unreadable"


class DeskTaskNotFound(PanjerehError):
    """There is no such task at this desk."""

    code = "desk-task-not-found"


class DeskTaskChanged(PanjerehError):
    """The task was answered, withdrawn or taken up since you read it."""

    code = "desk-task-changed"


class DeskHasSystem(PanjerehError):
    """The orders of this company go to its own system; its desk answers inquiries only."""

    code = "desk-has-system"


class CheckpointUnreadable(PanjerehError):
    """The checkpoint, its heads or its key cannot be read, or was changed."""

    code = "checkpoint-unreadable"


class SignatureWrong(PanjerehError):
    """The page is not signed by the holder of this key."""

    code = "signature-wrong"
