"""The excavation permit's process as a table: which action, by whom, when what holds, leads where, and why.

Nothing moves an excavation permit but a row of `TRANSITIONS`. `basis` names the requirement, recorded failure or
field of practice the row answers. Rows of the same status and action are tried in order.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass

from permits.dig_errors import DigActionNotAllowed
from permits.dig_vocabulary import DigAction, DigGuard, DigStatus
from permits.vocabulary import Role


@dataclass(frozen=True, slots=True)
class Transition:
    """One row of the process; every guard must hold."""

    source: DigStatus
    action: DigAction
    roles: frozenset[Role]
    target: DigStatus
    basis: str
    guards: frozenset[DigGuard] = frozenset()


_S, _A, _G = DigStatus, DigAction, DigGuard
_OFFICER = frozenset({Role.OFFICER})
_DESK = frozenset({Role.OFFICER, Role.FRONT_OFFICE})
_SYSTEM = frozenset({Role.SYSTEM})
_ASKER = frozenset({Role.OFFICER, Role.FRONT_OFFICE, Role.APPLICANT, Role.AGENCY})
_IN_EMERGENCY = _ASKER | {Role.CRISIS}
_ANSWERER = frozenset({Role.AGENCY, Role.OFFICER})

# Until the permit is issued a request may be refused or withdrawn at any point.
_BEFORE_PERMIT = (_S.REQUESTED, _S.VISITED, _S.INQUIRING, _S.INQUIRED, _S.COSTED, _S.PAID)
# While a deemed consent still decides something, its handler may take it back (T22).
_CONSENT_COUNTS = (_S.INQUIRING, _S.INQUIRED, _S.COSTED, _S.PAID)


def _asking() -> Iterator[Transition]:
    """From the draft to the companies' answers."""
    t = Transition
    yield t(_S.DRAFT, _A.CHANGE, _ASKER, _S.DRAFT, "T9")
    yield t(_S.DRAFT, _A.SUBMIT, _ASKER, _S.REQUESTED, "T9", frozenset({_G.COMPLETE, _G.NOT_LISTED}))
    yield t(_S.DRAFT, _A.WITHDRAW, _ASKER, _S.WITHDRAWN, "I05")
    yield t(_S.EMERGENCY, _A.SUPERVISE, _OFFICER, _S.EMERGENCY, "I05")
    yield t(
        _S.EMERGENCY,
        _A.REGULARISE,
        _IN_EMERGENCY,
        _S.REQUESTED,
        "incident: dig first",
        frozenset({_G.COMPLETE}),
    )
    yield t(_S.EMERGENCY, _A.REVOKE, _OFFICER, _S.REVOKED, "T22")
    yield t(_S.REQUESTED, _A.CHANGE, _ASKER, _S.REQUESTED, "I05")
    yield t(_S.REQUESTED, _A.VISIT, _OFFICER, _S.VISITED, "I05")
    yield t(_S.VISITED, _A.CHANGE, _ASKER, _S.VISITED, "I05")
    yield t(_S.VISITED, _A.INQUIRE, _OFFICER, _S.INQUIRING, "T3,T7")
    for each in _BEFORE_PERMIT:
        yield t(each, _A.REFUSE, _OFFICER, _S.REFUSED, "I05")
        yield t(each, _A.WITHDRAW, _ASKER, _S.WITHDRAWN, "I05")
        yield t(each, _A.OVERRIDE_MORATORIUM, _OFFICER, each, "moratorium: higher approval")
    for each in _CONSENT_COUNTS:
        # An answer after the silence is kept and shown to the handler; it changes nothing by itself.
        yield t(each, _A.ANSWER, _ANSWERER, each, "A07,T21")
        yield t(each, _A.REVOKE_SILENCE, _OFFICER, _S.INQUIRING, "T22")
    yield t(
        _S.INQUIRING, _A.INQUIRIES_CLOSED, _SYSTEM, _S.INQUIRED, "T1,T4,T21", frozenset({_G.INQUIRIES_CLOSED})
    )
    yield t(_S.INQUIRED, _A.CHANGE, _ASKER, _S.INQUIRED, "T5")
    for each in (_S.INQUIRED, _S.COSTED, _S.PAID):
        yield t(each, _A.REINQUIRE, _OFFICER, _S.INQUIRING, "T5, repeat 5 days")


def _permitting() -> Iterator[Transition]:
    """From the costs to the works."""
    t = Transition
    settled = frozenset({_G.CONSENT, _G.NOT_BARRED, _G.INQUIRIES_VALID, _G.SETTLED})
    decided = frozenset({_G.CONSENT, _G.NOT_BARRED, _G.INQUIRIES_VALID})
    for each in (_S.INQUIRED, _S.COSTED):
        yield t(each, _A.CALCULATE, _OFFICER, _S.PAID, "T17", settled)
        yield t(each, _A.CALCULATE, _OFFICER, _S.COSTED, "I05", decided)
    yield t(_S.COSTED, _A.PAY, _DESK, _S.PAID, "T17", frozenset({_G.SETTLED}))
    yield t(_S.COSTED, _A.PAY, _DESK, _S.COSTED, "T17")
    issuing = settled | {_G.NOT_LISTED}
    yield t(_S.PAID, _A.PERMIT, _OFFICER, _S.WORKING, "T1,T4", issuing | {_G.WORKS_BEGUN})
    yield t(_S.PAID, _A.PERMIT, _OFFICER, _S.PERMITTED, "T1,T4", issuing)
    yield t(_S.PERMITTED, _A.START, _ASKER, _S.WORKING, "I05")
    yield t(_S.PERMITTED, _A.RENEW, _OFFICER, _S.PERMITTED, "renewal turn", frozenset({_G.RENEWALS_LEFT}))
    yield t(_S.PERMITTED, _A.WITHDRAW, _ASKER, _S.WITHDRAWN, "I05")
    yield t(_S.WORKING, _A.SUPERVISE, _OFFICER, _S.WORKING, "I05")
    yield t(_S.WORKING, _A.RENEW, _OFFICER, _S.WORKING, "renewal turn", frozenset({_G.RENEWALS_LEFT}))
    for each in (_S.PERMITTED, _S.WORKING):
        yield t(each, _A.REVOKE, _OFFICER, _S.REVOKED, "T22")
        yield t(each, _A.EXPIRE, _SYSTEM, _S.EXPIRED, "allowed delay", frozenset({_G.TIME_OVER}))
    again = frozenset({_G.RENEWALS_LEFT})
    yield t(_S.EXPIRED, _A.RENEW, _OFFICER, _S.WORKING, "renewal turn", again | {_G.WORKS_BEGUN})
    yield t(_S.EXPIRED, _A.RENEW, _OFFICER, _S.PERMITTED, "renewal turn", again)
    yield t(_S.EXPIRED, _A.REVOKE, _OFFICER, _S.REVOKED, "T22")


def _handing_over() -> Iterator[Transition]:
    """From the end of the works to the final hand-over."""
    t = Transition
    yield t(_S.WORKING, _A.REQUEST_HANDOVER, _ASKER, _S.HANDOVER_REQUESTED, "1367 directive, art. 14")
    for each in (_S.EXPIRED, _S.REVOKED):
        # Whatever became of the permit, an opened street is handed back.
        yield t(
            each,
            _A.REQUEST_HANDOVER,
            _ASKER,
            _S.HANDOVER_REQUESTED,
            "1367 directive",
            frozenset({_G.WORKS_BEGUN}),
        )
    yield t(_S.HANDOVER_REQUESTED, _A.REPORT_DEFECTS, _OFFICER, _S.DEFECTS, "I05")
    yield t(_S.HANDOVER_REQUESTED, _A.PASS_INSPECTION, _OFFICER, _S.TESTING, "I05")
    yield t(_S.DEFECTS, _A.REPORT_DEFECTS, _OFFICER, _S.DEFECTS, "I05")
    yield t(_S.DEFECTS, _A.FIX_DEFECTS, _ASKER, _S.HANDOVER_REQUESTED, "I05", frozenset({_G.NO_OPEN_DEFECTS}))
    yield t(_S.DEFECTS, _A.FIX_DEFECTS, _ASKER, _S.DEFECTS, "I05")
    yield t(_S.TESTING, _A.RECORD_TEST, _OFFICER, _S.DEFECTS, "asphalt test", frozenset({_G.TEST_FAILED}))
    yield t(_S.TESTING, _A.RECORD_TEST, _OFFICER, _S.TESTING, "asphalt test")
    yield t(_S.TESTING, _A.REPORT_DEFECTS, _OFFICER, _S.DEFECTS, "I05")
    yield t(
        _S.TESTING,
        _A.ACCEPT_PROVISIONALLY,
        _OFFICER,
        _S.GUARANTEE,
        "1367 directive, art. 14",
        frozenset({_G.TESTS_PASSED, _G.NO_OPEN_DEFECTS}),
    )
    yield t(_S.GUARANTEE, _A.REPORT_DEFECTS, _OFFICER, _S.GUARANTEE, "guarantee")
    yield t(_S.GUARANTEE, _A.FIX_DEFECTS, _ASKER, _S.GUARANTEE, "guarantee")
    yield t(
        _S.GUARANTEE,
        _A.ACCEPT_FINALLY,
        _OFFICER,
        _S.CLOSED,
        "final hand-over",
        frozenset({_G.GUARANTEE_OVER, _G.NO_OPEN_DEFECTS}),
    )


TRANSITIONS: tuple[Transition, ...] = (*_asking(), *_permitting(), *_handing_over())

_BY: dict[tuple[DigStatus, DigAction], tuple[Transition, ...]] = {}
for _row in TRANSITIONS:
    _BY[_row.source, _row.action] = (*_BY.get((_row.source, _row.action), ()), _row)

FOR_PEOPLE: frozenset[DigAction] = frozenset(DigAction) - {DigAction.INQUIRIES_CLOSED, DigAction.EXPIRE}
"""What a person may do; the rest is the system's."""

BROUGHT_ABOUT: Mapping[DigAction, frozenset[DigGuard]] = {
    DigAction.REGULARISE: frozenset({DigGuard.COMPLETE}),
    DigAction.CALCULATE: frozenset({DigGuard.SETTLED}),
    DigAction.PAY: frozenset({DigGuard.SETTLED}),
    DigAction.RECORD_TEST: frozenset({DigGuard.TEST_FAILED}),
}
"""Facts that an action itself may bring about; they cannot be missing beforehand."""


def advance(status: DigStatus, action: DigAction, role: Role, facts: Collection[DigGuard] = ()) -> DigStatus:
    """The status after `action` by `role`.

    Raises `DigActionNotAllowed` unless a row of the table says so; `needs` names what is missing when only
    the facts are.
    """
    rows = [row for row in _BY.get((status, action), ()) if role in row.roles]
    for row in rows:
        if row.guards <= set(facts):
            return row.target
    if not rows:
        raise out_of_turn(status, action, role)
    raise DigActionNotAllowed(
        dig_status=status.value,
        dig_action=action.value,
        role=role.value,
        needs=[each.value for each in sorted(rows[-1].guards - set(facts))],
        hint="fulfil-first",
    )


def out_of_turn(status: DigStatus, action: DigAction, role: Role) -> DigActionNotAllowed:
    """The refusal of what no row allows this role now: it says who may do it, or else what this role may do instead."""
    roles = [each.value for each in Role if each is not Role.SYSTEM and may_ever(status, action, each)]
    possible = [each.value for each in DigAction if each in FOR_PEOPLE and may_ever(status, each, role)]
    return DigActionNotAllowed(
        dig_status=status.value,
        dig_action=action.value,
        role=role.value,
        needs=["status-or-role"],
        roles=roles,
        possible=possible,
        hint="ask-who-may" if roles else "do-what-is-possible" if possible else "nothing-to-do-now",
    )


def may_ever(status: DigStatus, action: DigAction, role: Role) -> bool:
    """Whether some row lets `role` do this now, whatever the facts."""
    return any(role in row.roles for row in _BY.get((status, action), ()))


def allowed_actions(
    status: DigStatus, role: Role, facts: Collection[DigGuard] = ()
) -> tuple[list[DigAction], dict[DigAction, list[DigGuard]]]:
    """What `role` may do now, and what is blocked with the facts it still needs; in the table's order."""
    known = set(facts)
    open_: list[DigAction] = []
    blocked: dict[DigAction, list[DigGuard]] = {}
    for row in TRANSITIONS:
        if row.source is not status or role not in row.roles or row.action in open_:
            continue
        missing = row.guards - known - BROUGHT_ABOUT.get(row.action, frozenset())
        if missing:
            blocked[row.action] = sorted(missing)
        else:
            open_.append(row.action)
    return open_, {action: needs for action, needs in blocked.items() if action not in open_}
