"""The excavation's process table: every allowed and every forbidden (status, action, role, facts)."""

from __future__ import annotations

import itertools

import pytest

from permits.dig_errors import DigActionNotAllowed
from permits.dig_vocabulary import DigAction, DigGuard, DigStatus
from permits.dig_workflow import (
    BROUGHT_ABOUT,
    FOR_PEOPLE,
    TRANSITIONS,
    Transition,
    advance,
    allowed_actions,
    may_ever,
)
from permits.vocabulary import Role

ENDS = {DigStatus.REFUSED, DigStatus.WITHDRAWN, DigStatus.CLOSED}
SYSTEMS = {DigAction.INQUIRIES_CLOSED, DigAction.EXPIRE}
# An independent statement of who may do what, for comparison with the table.
OFFICERS = {
    DigAction.VISIT,
    DigAction.INQUIRE,
    DigAction.REINQUIRE,
    DigAction.REVOKE_SILENCE,
    DigAction.OVERRIDE_MORATORIUM,
    DigAction.CALCULATE,
    DigAction.PERMIT,
    DigAction.SUPERVISE,
    DigAction.RENEW,
    DigAction.REPORT_DEFECTS,
    DigAction.PASS_INSPECTION,
    DigAction.RECORD_TEST,
    DigAction.ACCEPT_PROVISIONALLY,
    DigAction.ACCEPT_FINALLY,
    DigAction.REFUSE,
    DigAction.REVOKE,
}


def fact_sets(rows: list[Transition]) -> list[frozenset[DigGuard]]:
    """Nothing, everything, each row's facts, and each row's facts without one of them."""
    named = [frozenset(), frozenset(DigGuard), *(row.guards for row in rows)]
    named += [row.guards - {each} for row in rows for each in row.guards]
    return list(dict.fromkeys(named))


def test_every_allowed_and_every_forbidden_transition_for_every_role() -> None:
    refused = allowed = 0
    for status, action, role in itertools.product(DigStatus, DigAction, Role):
        pair = [row for row in TRANSITIONS if (row.source, row.action) == (status, action)]
        for facts in fact_sets(pair):
            rows = [row for row in pair if role in row.roles and row.guards <= facts]
            if rows:
                assert advance(status, action, role, facts) is rows[0].target
                allowed += 1
                continue
            with pytest.raises(DigActionNotAllowed) as caught:
                advance(status, action, role, facts)
            assert caught.value.params["dig_status"] == status.value
            assert caught.value.params["role"] == role.value
            refused += 1
        assert may_ever(status, action, role) == any(role in row.roles for row in pair)
    assert allowed > 250
    assert refused > 5_000


@pytest.mark.parametrize("row", TRANSITIONS, ids=lambda r: f"{r.source}-{r.action}-{len(r.guards)}")
def test_every_row_has_its_ground_and_a_person_or_the_system(row: Transition) -> None:
    assert row.basis
    assert row.roles
    assert Role.AUDITOR not in row.roles
    if row.action in SYSTEMS:
        assert row.roles == {Role.SYSTEM}
    else:
        assert Role.SYSTEM not in row.roles
        assert Role.OFFICER in row.roles
    if row.action in OFFICERS:
        assert row.roles == {Role.OFFICER}
    if Role.CRISIS in row.roles:
        assert row.action is DigAction.REGULARISE


def test_ends_are_ends_and_everything_is_reached() -> None:
    assert not [row for row in TRANSITIONS if row.source in ENDS]
    begins = {DigStatus.DRAFT, DigStatus.EMERGENCY, DigStatus.REQUESTED}
    assert begins | {row.target for row in TRANSITIONS} == set(DigStatus)
    assert {row.action for row in TRANSITIONS} == set(DigAction)


def test_t04_no_permit_without_consent_settlement_and_moratorium() -> None:
    """T1, T4: every way into a permit asks for all answers of the current round, still valid, and for the money."""
    issued = {DigStatus.PERMITTED, DigStatus.WORKING}
    ways = [
        row for row in TRANSITIONS if row.target in issued and row.source not in issued | {DigStatus.EXPIRED}
    ]
    needed = {DigGuard.CONSENT, DigGuard.NOT_BARRED, DigGuard.INQUIRIES_VALID, DigGuard.SETTLED}
    assert ways
    assert all(row.action is DigAction.PERMIT and needed <= row.guards for row in ways)
    into_paid = [row for row in TRANSITIONS if row.target is DigStatus.PAID and row.source is not row.target]
    assert all(DigGuard.SETTLED in row.guards for row in into_paid)


def test_t22_a_deemed_consent_can_be_taken_back_as_long_as_it_counts() -> None:
    """T22: from the inquiry to the permit the handler may revoke a silence; after it, the permit itself."""
    back = {row.source for row in TRANSITIONS if row.action is DigAction.REVOKE_SILENCE}
    assert back == {DigStatus.INQUIRING, DigStatus.INQUIRED, DigStatus.COSTED, DigStatus.PAID}
    revoked = {row.source for row in TRANSITIONS if row.action is DigAction.REVOKE}
    assert {DigStatus.PERMITTED, DigStatus.WORKING, DigStatus.EXPIRED} <= revoked


def test_opened_ground_is_always_handed_back() -> None:
    """Every status in which the street may be open leads to the hand-over."""
    for status in (DigStatus.WORKING, DigStatus.EXPIRED, DigStatus.REVOKED):
        facts = {DigGuard.WORKS_BEGUN}
        assert advance(status, DigAction.REQUEST_HANDOVER, Role.AGENCY, facts) is DigStatus.HANDOVER_REQUESTED


@pytest.mark.parametrize("role", Role)
def test_what_is_shown_as_possible_is_possible(role: Role) -> None:
    for status in DigStatus:
        for facts in (frozenset[DigGuard](), frozenset(DigGuard)):
            open_, blocked = allowed_actions(status, role, facts)
            assert not set(open_) & set(blocked)
            for action in open_:
                advance(status, action, role, facts | BROUGHT_ABOUT.get(action, frozenset()))
            for action, needs in blocked.items():
                assert needs
                with pytest.raises(DigActionNotAllowed):
                    advance(status, action, role, facts)
            if role is Role.SYSTEM:
                assert not set(open_) & FOR_PEOPLE
