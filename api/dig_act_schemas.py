"""What clients send with an act on an excavation, checked strictly; each act has a body of its own."""

from __future__ import annotations

from typing import Any, Final

from pydantic import Field

from api.dig_schemas import Answer, Day, DigExcavationIn, Id, PartyIn, PavementIn, WorksIn
from api.schemas import LongText, Number, ShortText, Slug, Strict
from permits.dig_requests import DigChange
from permits.dig_vocabulary import DigAction


class ActionIn(Strict):
    """Any action: the version that was read, so that nobody acts on what has changed since."""

    expected_version: int | None = Field(default=None, ge=0)

    def said(self) -> dict[str, Any]:
        """What the action is given."""
        return self.model_dump(exclude={"expected_version"})


class ChangeIn(ActionIn):
    """What is changed; what is left out stays."""

    title: ShortText | None = None
    excavation: DigExcavationIn | None = None
    works: WorksIn | None = None
    starts_on: Day | None = None
    ends_on: Day | None = None
    contractor: PartyIn | None = None
    supervisor: PartyIn | None = None

    def said(self) -> dict[str, Any]:
        """What the action is given."""
        change = DigChange(
            title=self.title,
            works=None if self.works is None else self.works.request(),
            excavation=None if self.excavation is None else self.excavation.request(),
            starts_on=self.starts_on,
            ends_on=self.ends_on,
            contractor=None if self.contractor is None else self.contractor.model_dump(),
            supervisor=None if self.supervisor is None else self.supervisor.model_dump(),
        )
        return {"change": change}


class VisitIn(ActionIn):
    """What was found on site."""

    note: LongText | None = None
    pavement: PavementIn | None = None
    asphalt_age_years: Number | None = None
    asphalt_thickness_cm: Number | None = None
    quality_coefficient: Number | None = None
    surplus_length_m: Number | None = None
    surplus_width_m: Number | None = None
    traffic_approval_no: ShortText | None = None
    safety_approval_no: ShortText | None = None


class DigAnswerIn(ActionIn):
    """A company's answer; the officer names the company whose letter this is."""

    answer: Answer
    agency: Slug | None = None
    conditions: list[dict[str, Any]] = Field(default_factory=list, max_length=50)
    note: LongText | None = None


class ReinquireIn(ActionIn):
    """Whom to ask again; nobody named: all who object or whose answer ran out."""

    agencies: list[Slug] = Field(default_factory=list, max_length=20)


class RevokeSilenceIn(ActionIn):
    """Whose silence no longer counts, and why."""

    agency: Slug
    reason: LongText


class OverrideIn(ActionIn):
    """By whose decision the moratorium is lifted, and why."""

    authority: ShortText
    reason: LongText


class PayIn(ActionIn):
    """A payment; the same receipt counts once."""

    receipt_no: ShortText
    amount: Number = Field(gt=0)
    paid_on: Day | None = None


class PermitIn(ActionIn):
    """The conditions of the permit, besides those of the companies; left out: those the check suggests."""

    conditions: list[dict[str, Any]] | None = Field(
        default=None,
        max_length=50,
        description="left out: the excavation's `suggested_conditions`; an empty list: none",
    )


class StartIn(ActionIn):
    """When the works began; today if left out."""

    on: Day | None = None


class SuperviseIn(ActionIn):
    """A supervision report: 0 (bad) to 100."""

    score: int = Field(ge=0, le=100)
    note: LongText | None = None


class RenewIn(ActionIn):
    """Until when, and why."""

    ends_on: Day
    reason: LongText


class HandoverIn(ActionIn):
    """When the street was restored; today if left out."""

    restored_on: Day | None = None
    note: LongText | None = None


class DefectsIn(ActionIn):
    """What is not in order."""

    defects: list[LongText] = Field(min_length=1, max_length=50)


class FixIn(ActionIn):
    """Which defects are mended (ids of records); none named: all."""

    records: list[Id] = Field(default_factory=list, max_length=50)
    note: LongText | None = None


class NoteIn(ActionIn):
    """A remark, if any."""

    note: LongText | None = None


class TestIn(ActionIn):
    """A laboratory test of the pavement."""

    stage: int = Field(ge=1, le=2)
    passed: bool
    laboratory: ShortText | None = None
    result: LongText | None = None


class MinutesIn(ActionIn):
    """The number of the minutes that both sides signed."""

    minutes_no: ShortText


class WhyIn(ActionIn):
    """A reason."""

    reason: LongText


class PerhapsWhyIn(ActionIn):
    """A reason, if one is given."""

    reason: LongText | None = None


BODIES: Final[dict[DigAction, type[ActionIn]]] = {
    DigAction.CHANGE: ChangeIn,
    DigAction.SUBMIT: ActionIn,
    DigAction.REGULARISE: ChangeIn,
    DigAction.VISIT: VisitIn,
    DigAction.INQUIRE: ActionIn,
    DigAction.ANSWER: DigAnswerIn,
    DigAction.REINQUIRE: ReinquireIn,
    DigAction.REVOKE_SILENCE: RevokeSilenceIn,
    DigAction.OVERRIDE_MORATORIUM: OverrideIn,
    DigAction.CALCULATE: ActionIn,
    DigAction.PAY: PayIn,
    DigAction.PERMIT: PermitIn,
    DigAction.START: StartIn,
    DigAction.SUPERVISE: SuperviseIn,
    DigAction.RENEW: RenewIn,
    DigAction.REQUEST_HANDOVER: HandoverIn,
    DigAction.REPORT_DEFECTS: DefectsIn,
    DigAction.FIX_DEFECTS: FixIn,
    DigAction.PASS_INSPECTION: NoteIn,
    DigAction.RECORD_TEST: TestIn,
    DigAction.ACCEPT_PROVISIONALLY: MinutesIn,
    DigAction.ACCEPT_FINALLY: MinutesIn,
    DigAction.REFUSE: WhyIn,
    DigAction.WITHDRAW: PerhapsWhyIn,
    DigAction.REVOKE: WhyIn,
}
"""What each action takes."""
