"""The process table: every allowed and every forbidden (status, action, role, guard)."""

from __future__ import annotations

import itertools

import pytest

from permits.errors import ActionNotAllowed
from permits.vocabulary import Action, CaseStatus, Role
from permits.workflow import TRANSITIONS, Guard, advance, allowed_actions

# An independent statement of who may do what, for comparison with the table.
PEOPLE = {Role.OFFICER, Role.FRONT_OFFICE, Role.APPLICANT, Role.AGENCY, Role.CRISIS, Role.AUDITOR}
MUTE = {Role.CRISIS, Role.AUDITOR}
GUARD_SETS = [frozenset(c) for n in range(len(Guard) + 1) for c in itertools.combinations(Guard, n)]


@pytest.mark.parametrize("row", TRANSITIONS, ids=lambda r: f"{r.source}-{r.action}-{r.guard or 'free'}")
def test_every_row_allows_its_roles_and_nobody_else(row: object) -> None:
    from permits.workflow import Transition

    assert isinstance(row, Transition)
    facts = [row.guard] if row.guard else []
    for role in Role:
        others = [
            r for r in TRANSITIONS if (r.source, r.action) == (row.source, row.action) and role in r.roles
        ]
        permitted = [r for r in others if r.guard is None or r.guard in facts]
        if permitted:
            assert advance(row.source, row.action, role, facts) is permitted[0].target
        else:
            with pytest.raises(ActionNotAllowed):
                advance(row.source, row.action, role, facts)


def test_every_forbidden_pair_is_refused_for_every_role_and_guard() -> None:
    listed = {(r.source, r.action) for r in TRANSITIONS}
    refused = 0
    for status, action, role in itertools.product(CaseStatus, Action, Role):
        for facts in GUARD_SETS:
            rows = [
                r
                for r in TRANSITIONS
                if (r.source, r.action) == (status, action)
                and role in r.roles
                and (r.guard is None or r.guard in facts)
            ]
            if rows:
                assert advance(status, action, role, facts) is rows[0].target
                continue
            with pytest.raises(ActionNotAllowed) as caught:
                advance(status, action, role, facts)
            assert caught.value.params == {"status": status.value, "action": action.value, "role": role.value}
            refused += 1
        if (status, action) not in listed:
            assert action not in allowed_actions(status, role, set(Guard))
    assert refused > 10_000


def test_t04_no_path_to_issue_that_skips_the_consultations() -> None:
    """T4: every row that issues a permit asks whether the consultations are closed, and so does every way to it."""
    issuing = [r for r in TRANSITIONS if r.target is CaseStatus.EXCHANGING and r.action is Action.APPROVE]
    assert issuing
    assert all(r.guard is Guard.CONSULTATIONS_CLOSED for r in issuing)
    ways = [r for r in TRANSITIONS if r.target is CaseStatus.AWAITING_DECISION and r.source is not r.target]
    assert all(r.guard is Guard.CONSULTATIONS_CLOSED for r in ways)


def test_ends_are_ends() -> None:
    ended = {CaseStatus.REFUSED, CaseStatus.WITHDRAWN, CaseStatus.COMPLETED}
    assert not [r for r in TRANSITIONS if r.source in ended]
    assert all(r.target is CaseStatus.REVOKED for r in TRANSITIONS if r.source is CaseStatus.REVOKED)


def test_no_person_does_what_is_the_systems() -> None:
    own = {Action.CONSULTATIONS_CLOSED, Action.EXCHANGE_CONFIRMED, Action.EXCHANGE_CANCELLED}
    assert all(r.roles == {Role.SYSTEM} for r in TRANSITIONS if r.action in own)
    assert not [r for r in TRANSITIONS if r.roles & MUTE]


def test_every_status_is_reached_and_every_row_has_its_ground() -> None:
    reached = {CaseStatus.CONSULTING} | {r.target for r in TRANSITIONS}
    assert reached == set(CaseStatus)
    assert all(r.basis for r in TRANSITIONS)
