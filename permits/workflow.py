"""The process as a table: which action, by whom, under which guard, leads where, and on what ground.

Nothing moves a case but a row of `TRANSITIONS`. `basis` names the requirement or recorded failure the row
answers.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from enum import StrEnum

from permits.errors import ActionNotAllowed
from permits.vocabulary import Action, CaseStatus, Role


class Guard(StrEnum):
    """A fact about the case that a row may require."""

    CONSULTATIONS_CLOSED = "consultations_closed"
    CONSTRUCTION_FAILED = "construction_failed"
    PERMANENT_FAILED = "permanent_failed"
    CALLS_PARKED = "calls_parked"


@dataclass(frozen=True, slots=True)
class Transition:
    """One row of the process."""

    source: CaseStatus
    action: Action
    roles: frozenset[Role]
    target: CaseStatus
    basis: str
    guard: Guard | None = None


_S, _A = CaseStatus, Action
_OFFICER = frozenset({Role.OFFICER})
_SYSTEM = frozenset({Role.SYSTEM})
_ASKER = frozenset({Role.OFFICER, Role.FRONT_OFFICE, Role.APPLICANT})
_ANSWERER = frozenset({Role.AGENCY, Role.OFFICER, Role.SYSTEM})
_CHECKER = frozenset({Role.OFFICER, Role.SYSTEM})

TRANSITIONS: tuple[Transition, ...] = (
    Transition(_S.CONSULTING, _A.RESPOND, _ANSWERER, _S.CONSULTING, "A08"),
    Transition(
        _S.CONSULTING,
        _A.CONSULTATIONS_CLOSED,
        _SYSTEM,
        _S.AWAITING_DECISION,
        "T1,T4",
        Guard.CONSULTATIONS_CLOSED,
    ),
    Transition(_S.CONSULTING, _A.RECHECK, _CHECKER, _S.CONSULTING, "A13"),
    Transition(_S.CONSULTING, _A.REFUSE, _OFFICER, _S.REFUSED, "T08"),
    Transition(_S.CONSULTING, _A.WITHDRAW, _ASKER, _S.WITHDRAWN, "A06"),
    Transition(_S.AWAITING_DECISION, _A.RESPOND, _ANSWERER, _S.AWAITING_DECISION, "T21"),
    Transition(_S.AWAITING_DECISION, _A.RECHECK, _CHECKER, _S.AWAITING_DECISION, "A13"),
    Transition(_S.AWAITING_DECISION, _A.DEFER, _OFFICER, _S.AWAITING_DECISION, "A06"),
    Transition(
        _S.AWAITING_DECISION, _A.APPROVE, _OFFICER, _S.EXCHANGING, "A11,T4", Guard.CONSULTATIONS_CLOSED
    ),
    Transition(_S.AWAITING_DECISION, _A.REFUSE, _OFFICER, _S.REFUSED, "T08"),
    Transition(_S.AWAITING_DECISION, _A.WITHDRAW, _ASKER, _S.WITHDRAWN, "A06"),
    Transition(_S.EXCHANGING, _A.EXCHANGE_CONFIRMED, _SYSTEM, _S.ACTIVE, "A11,A14"),
    Transition(_S.EXCHANGING, _A.EXCHANGE_CANCELLED, _SYSTEM, _S.NEEDS_DECISION, "T16"),
    Transition(_S.EXCHANGING, _A.RETRY, _OFFICER, _S.EXCHANGING, "T17", Guard.CALLS_PARKED),
    Transition(_S.NEEDS_DECISION, _A.RETRY, _OFFICER, _S.EXCHANGING, "T17", Guard.CONSTRUCTION_FAILED),
    Transition(_S.NEEDS_DECISION, _A.RETRY, _OFFICER, _S.COMPLETING, "T17", Guard.PERMANENT_FAILED),
    Transition(_S.NEEDS_DECISION, _A.DEFER, _OFFICER, _S.NEEDS_DECISION, "A06", Guard.CONSTRUCTION_FAILED),
    Transition(_S.NEEDS_DECISION, _A.REVOKE, _OFFICER, _S.REVOKED, "T22", Guard.CONSTRUCTION_FAILED),
    Transition(_S.ACTIVE, _A.COMPLETE, _OFFICER, _S.COMPLETING, "A14"),
    Transition(_S.ACTIVE, _A.REVOKE, _OFFICER, _S.REVOKED, "T22"),
    Transition(_S.COMPLETING, _A.EXCHANGE_CONFIRMED, _SYSTEM, _S.COMPLETED, "A14"),
    Transition(_S.COMPLETING, _A.EXCHANGE_CANCELLED, _SYSTEM, _S.NEEDS_DECISION, "T16"),
    Transition(_S.COMPLETING, _A.RETRY, _OFFICER, _S.COMPLETING, "T17", Guard.CALLS_PARKED),
    # A revoked case may still be returning the tariff; its exchange ends without changing the status.
    Transition(_S.REVOKED, _A.EXCHANGE_CONFIRMED, _SYSTEM, _S.REVOKED, "A14"),
    Transition(_S.REVOKED, _A.EXCHANGE_CANCELLED, _SYSTEM, _S.REVOKED, "T16"),
    Transition(_S.REVOKED, _A.RETRY, _OFFICER, _S.REVOKED, "T17", Guard.PERMANENT_FAILED),
    Transition(_S.REVOKED, _A.RETRY, _OFFICER, _S.REVOKED, "T17", Guard.CALLS_PARKED),
)

_ROWS: dict[tuple[CaseStatus, Action], tuple[Transition, ...]] = {}
for _row in TRANSITIONS:
    _ROWS[_row.source, _row.action] = (*_ROWS.get((_row.source, _row.action), ()), _row)


def advance(status: CaseStatus, action: Action, role: Role, facts: Collection[Guard] = ()) -> CaseStatus:
    """The status after `action` by `role`; raises `ActionNotAllowed` unless a row of the table says so."""
    for row in _ROWS.get((status, action), ()):
        if role in row.roles and (row.guard is None or row.guard in facts):
            return row.target
    raise ActionNotAllowed(status=status.value, action=action.value, role=role.value)


def allowed_actions(status: CaseStatus, role: Role, facts: Collection[Guard] = ()) -> list[Action]:
    """What `role` may do now, in the table's order, each once."""
    rows = (row for row in TRANSITIONS if row.source is status and role in row.roles)
    found = [row.action for row in rows if row.guard is None or row.guard in facts]
    return list(dict.fromkeys(found))
