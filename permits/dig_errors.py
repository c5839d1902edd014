"""Refusals of the excavation permits; the API maps each class to a status in one table."""

from __future__ import annotations

from geo.errors import PanjerehError


class DigNotFound(PanjerehError):
    """There is no such excavation permit."""

    code = "dig-not-found"


class PlanNotFound(PanjerehError):
    """There is no such planned work."""

    code = "plan-not-found"


class PlanEnded(PanjerehError):
    """The planned work is done or cancelled already; `plan_status` says which."""

    code = "plan-ended"


class PavingNotFound(PanjerehError):
    """There is no such repaved street."""

    code = "paving-not-found"


class PavingTakenBack(PanjerehError):
    """The entry of the repaved street has been taken back already."""

    code = "paving-taken-back"


class TrenchReportNotFound(PanjerehError):
    """There is no such report from a trench."""

    code = "trench-report-not-found"


class StaleDig(PanjerehError):
    """The excavation permit has changed since you read it."""

    code = "stale-dig"


class DigActionNotAllowed(PanjerehError):
    """The action is not possible in the present status, for this role, or before `needs` is fulfilled."""

    code = "dig-action-not-allowed"


class DigRequestInvalid(PanjerehError):
    """The excavation request cannot be accepted as it stands; `reasons` says why."""

    code = "dig-request-invalid"


class OtherAgencysWorks(PanjerehError):
    """The people of an agency ask for its own works only."""

    code = "other-agencys-works"


class DigAnswerUnexpected(PanjerehError):
    """The agency was not asked about this excavation."""

    code = "dig-answer-unexpected"


class SecondOfficerNeeded(PanjerehError):
    """A repaving moratorium is lifted by another officer than the one who handles the permit."""

    code = "second-officer-needed"


class PartyBarred(PanjerehError):
    """Who digs, or whose works these are, is on the city's control list and gets no new excavation permit."""

    code = "party-barred"


class BarNotFound(PanjerehError):
    """There is no such entry in the control list."""

    code = "bar-not-found"


class BarLifted(PanjerehError):
    """The entry of the control list has been lifted already."""

    code = "bar-lifted"


class NoOverlap(PanjerehError):
    """The two works do not overlap in place and time, so they cannot share a trench."""

    code = "no-overlap"


class ReportAnswered(PanjerehError):
    """The report has been answered already."""

    code = "trench-report-answered"


class PhotoUnusable(PanjerehError):
    """The photo is not a JPEG, PNG or WebP image of a usable size; `reason` says why."""

    code = "photo-unusable"


class PhotoTooLarge(PhotoUnusable):
    """The photo has more bytes than are taken."""

    code = "photo-too-large"


class PhotoNotFound(PanjerehError):
    """The report has no photo, or its file is not in the store."""

    code = "photo-not-found"


class DigTermsInvalid(PanjerehError):
    """The city's file of excavation terms has a missing or wrong value."""

    code = "dig-terms-invalid"
