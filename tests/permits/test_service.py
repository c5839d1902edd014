"""The use cases on a real PostGIS: one transaction each, refused or whole."""

from __future__ import annotations

import threading
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

import pytest
from sqlalchemy import Engine, event, text
from sqlalchemy.orm import Session

from layers.database import make_sessions
from permits import results, service, store
from permits.errors import (
    ActionNotAllowed,
    ApprovalRefused,
    CaseNotFound,
    KeyReused,
    RequestInvalid,
    StaleCase,
)
from permits.ports import SYSTEM, Actor
from permits.requests import WishRequest
from permits.views import Condition, Units, as_json
from permits.vocabulary import Role, TariffClass, Wish, Works
from tests.permits import town
from tests.permits.town import (
    AGENCIES,
    answer,
    approve,
    context,
    count,
    finding,
    ground,
    ready,
    reread,
    steps,
    submit,
)


def test_t03_case_questions_and_their_sending_are_one_transaction(session: Session) -> None:
    """T3: a question never exists without its call, nor a call without its question."""
    view = submit(session)
    assert view.status == "consulting"
    assert {c.agency: c.status for c in view.consultations} == dict.fromkeys(AGENCIES, "pending")
    assert steps(session, view.case_id) == {(agency, "inquire"): "pending" for agency in AGENCIES}
    assert count(session, "audit") == 2 + 1 + 3  # submitted, routed; asked; three calls
    body = session.execute(text("SELECT body FROM permits.step WHERE agency_id = 'gas'")).scalar_one()
    assert body["utility"] == "gas"
    assert body["parcel"]["crs"] == "EPSG:25832"
    assert body["reply_to"] is None


def test_a06_not_needed_is_not_asked_but_its_tariff_changes(session: Session) -> None:
    view = ready(session, wishes=town.wishes(gas="not_needed", power="later"))
    assert {c.agency for c in view.consultations} == {"water", "power"}
    done = approve(session, view)
    agencies = {a.agency: a for a in done.exchanges[0].agencies}
    assert set(agencies) == set(AGENCIES)
    assert agencies["gas"].connection is None
    assert agencies["power"].connection is None
    assert agencies["water"].connection == {"utility": "water", "capacity": {}, "offer_ref": "Q-water"}
    assert {a.tariff_to for a in agencies.values()} == {"construction"}


def test_nobody_asked_goes_straight_to_decision_with_its_routing_on_record(session: Session) -> None:
    """T4: zero branches, but evaluated: the routing says whom, and why not."""
    view = submit(session, wishes=town.wishes(water="not_needed", power="not_needed", gas="not_needed"))
    assert view.status == "awaiting_decision"
    events = [h.event for h in service.history(session, context(), view.case_id)]
    assert "case.routed" in events
    assert approve(session, view).status == "exchanging"


def test_t04_unrouted_case_cannot_be_approved(session: Session) -> None:
    view = ready(session)
    session.execute(text("UPDATE permits.case_ SET routing = NULL"))
    session.commit()
    with pytest.raises(ApprovalRefused) as caught:
        approve(session, view)
    assert caught.value.params["reasons"] == ["not-routed"]


def test_t01_open_consultation_bars_the_approval(session: Session) -> None:
    view = submit(session)
    answer(session, view.case_id, "water", "power")
    view = reread(session, view.case_id)
    assert view.status == "consulting"
    assert "approve" not in view.actions
    with pytest.raises(ActionNotAllowed):
        approve(session, view)


@pytest.mark.parametrize(
    ("changes", "reasons"),
    [
        ({"serviceable": False}, [f"not-serviceable:{a}" for a in AGENCIES]),
        ({"offer": {"valid_until": "2020-01-01"}}, [f"offer-expired:{a}" for a in AGENCIES]),
        ({"offer": {"valid_until": "2020-01-01T00:00:00+00:00"}}, [f"offer-expired:{a}" for a in AGENCIES]),
        ({"offer": {"valid_until": "next spring"}}, []),
        ({"offer": {"valid_until": "2999-01-01"}}, []),
    ],
)
def test_answers_bar_the_approval(session: Session, changes: dict[str, Any], reasons: list[str]) -> None:
    view = submit(session)
    answer(session, view.case_id, **changes)
    view = reread(session, view.case_id)
    assert view.status == "awaiting_decision"
    if not reasons:
        assert approve(session, view).status == "exchanging"
        return
    with pytest.raises(ApprovalRefused) as caught:
        approve(session, view)
    assert sorted(caught.value.params["reasons"]) == sorted(reasons)  # type: ignore[arg-type, type-var]


def test_a_violation_needs_an_explicit_condition_and_the_undecidable_a_trial_pit(session: Session) -> None:
    look = ground(
        finding("violates", "g7"),
        finding("undecidable", "g8"),
        missing=[{"layer_id": "telecom", "state": "missing"}],
    )
    view = ready(session, survey=look)
    assert view.verdict == "violates"
    with pytest.raises(ApprovalRefused) as caught:
        approve(session, view)
    assert caught.value.params["reasons"] == ["violates:gas_lines/g7"]
    session.rollback()
    done = approve(session, view, Condition("relocate-first", {"findings": ["gas_lines/g7"]}, "moved in May"))
    assert done.decision is not None
    assert [c.code for c in done.decision.conditions] == ["relocate-first", "trial-pit", "ask-owner"]
    assert done.decision.conditions[1].params == {"findings": ["gas_lines/g8"]}
    assert done.decision.by == "officer-1"


def test_a11_a14_approval_is_one_transaction_with_one_effective_instant(session: Session) -> None:
    """A11, A14: permit, orders, tariff changes, calls and history appear together; all agencies share the instant."""
    view = approve(session, ready(session))
    assert view.status == "exchanging"
    assert view.permit is not None
    assert view.permit.permit_no == f"P-{view.case_no}"
    exchange = view.exchanges[0]
    assert (exchange.purpose, exchange.revision, exchange.state) == ("construction", 1, "trying")
    assert [a.try_ for a in exchange.agencies] == ["pending"] * 3
    bodies = session.execute(text("SELECT body FROM permits.step WHERE op = 'try'")).scalars().all()
    assert {b["effective_at"] for b in bodies} == {exchange.effective_at.isoformat()}
    assert {b["tariff_change"]["to"] for b in bodies} == {"construction"}
    assert {b["our_ref"] for b in bodies} == {f"{view.case_id}:{a}:construction:1" for a in AGENCIES}
    local = exchange.effective_at.astimezone(store_zone())
    assert (local.hour, local.minute) == (0, 0)
    events = [h.event for h in service.history(session, context(), view.case_id)]
    assert events.count("permit.issued") == 1
    assert events.count("step.pending") == 6


def store_zone() -> Any:
    from zoneinfo import ZoneInfo

    return ZoneInfo(town.city().timezone)


def test_t16_an_approval_that_fails_midway_leaves_nothing(session: Session, engine: Engine) -> None:
    """T16: no partial fan-out. The third order's insert fails; nothing of the approval remains."""
    view = ready(session)
    before = count(session, "audit")
    session.execute(
        text("ALTER TABLE permits.step ADD CONSTRAINT no_third CHECK (op <> 'try' OR agency_id <> 'power')")
    )
    session.commit()
    with pytest.raises(Exception, match="no_third"):
        approve(session, view)
    session.rollback()
    for table in ("permit", "exchange", "tariff_change", "connection_order", "decision"):
        assert count(session, table) == 0, table
    assert count(session, "audit") == before
    assert reread(session, view.case_id).status == "awaiting_decision"


def test_t18_nothing_is_announced_unless_it_is_committed(session: Session, engine: Engine) -> None:
    """T18: the feed hears of an approval after its commit, and never of one that was rolled back."""
    view = ready(session)
    raw = engine.raw_connection()
    try:
        raw.driver_connection.set_isolation_level(0)
        raw.cursor().execute("LISTEN panjereh_case")
        service.approve(session, context(), view.case_id, [], view.version)
        assert _heard(raw.driver_connection) == []
        session.rollback()
        assert _heard(raw.driver_connection) == []
        approve(session, view)
        heard = _heard(raw.driver_connection)
        assert len(heard) == 1
        assert str(view.case_id) in heard[0]
        assert "exchanging" in heard[0]
    finally:
        raw.driver_connection.close()


def _heard(connection: Any) -> list[str]:
    connection.cursor().execute("SELECT 1")
    connection.poll()
    found = [n.payload for n in connection.notifies]
    connection.notifies.clear()
    return found


def test_t08_same_command_twice_is_done_once(session: Session) -> None:
    """T8: the repeat gets the first answer, byte for byte; another request under the key is refused."""
    view = ready(session)
    first = approve(session, view, key="k-1")
    again = approve(session, view, key="k-1")
    assert as_json(again) == as_json(first)
    assert count(session, "permit") == 1
    assert count(session, "exchange") == 1
    with pytest.raises(KeyReused):
        approve(session, view, Condition("hand-dig"), key="k-1")
    session.rollback()
    one = submit(session, key="k-2")
    two = submit(session, key="k-2")
    assert as_json(one) == as_json(two)
    assert count(session, "case_") == 2


def test_t08_the_same_key_at_the_same_time_waits_and_gets_the_same_answer(engine: Engine) -> None:
    sessions = make_sessions(engine)
    seen: list[str] = []

    def post() -> None:
        with sessions.begin() as s:
            seen.append(str(service.submit(s, context(key="same"), town.request(), ground()).case_id))

    threads = [threading.Thread(target=post) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(seen) == 6
    assert len(set(seen)) == 1


def test_a_refused_command_leaves_its_key_free(session: Session) -> None:
    view = submit(session)
    with pytest.raises(ActionNotAllowed):
        approve(session, view, key="again")
    session.rollback()
    answer(session, view.case_id)
    view = reread(session, view.case_id)
    assert approve(session, view, key="again").status == "exchanging"


def test_two_officers_at_once_second_is_told_the_case_has_changed(engine: Engine, session: Session) -> None:
    view = ready(session)
    sessions = make_sessions(engine)
    outcomes: list[str] = []
    barrier = threading.Barrier(2)

    def decide(name: str) -> None:
        with sessions() as s:
            barrier.wait()
            try:
                service.approve(s, context(actor=name), view.case_id, [], view.version)
                s.commit()
                outcomes.append("approved")
            except StaleCase:
                outcomes.append("stale")

    threads = [threading.Thread(target=decide, args=(f"officer-{i}",)) for i in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(outcomes) == ["approved", "stale"]
    assert count(session, "permit") == 1


def test_t02_no_second_exchange_or_question_for_the_same_cause(session: Session) -> None:
    """T2: references are unique in the database itself, and a case has one open exchange."""
    view = approve(session, ready(session))
    with pytest.raises(Exception, match="uq_exchange_case_id_open"):
        session.execute(
            text(
                "INSERT INTO permits.exchange SELECT gen_random_uuid(), case_id, city_id, purpose, 2, state, "
                "effective_at, decide_by, hold_until, opened_at, closed_at FROM permits.exchange"
            )
        )
    session.rollback()
    with pytest.raises(Exception, match="uq_step_idem_key"):
        session.execute(
            text(
                "INSERT INTO permits.step (step_id, case_id, exchange_id, city_id, agency_id, op, state, our_ref, "
                "idem_key, body) SELECT gen_random_uuid(), case_id, exchange_id, city_id, agency_id, op, 'pending', "
                "our_ref, idem_key, body FROM permits.step WHERE op = 'try'"
            )
        )
    session.rollback()
    assert reread(session, view.case_id).status == "exchanging"


def test_the_first_answer_counts_a_second_is_kept_as_late(session: Session) -> None:
    view = submit(session)
    answer(session, view.case_id, "water")
    answer(session, view.case_id, "water", serviceable=False)
    seen = {c.agency: c.serviceable for c in reread(session, view.case_id).consultations}
    assert seen["water"] is True
    assert count(session, "response", "is_late") == 1
    events = [h.event for h in service.history(session, context(), view.case_id)]
    assert events.count("response.received") == 1
    assert events.count("response.late") == 1


def test_an_agency_answers_for_itself_only(session: Session) -> None:
    view = submit(session)
    with pytest.raises(CaseNotFound):
        service.record_response(
            session, Actor("gas", Role.AGENCY, "gas"), town.yes(view.case_id, "water"), datetime.now(UTC)
        )


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"storeys": -1}, "storeys-out-of-range"),
        ({"units": Units(residential=-1)}, "units-negative"),
        ({"wishes": {"telecom": WishRequest(Wish.NOW)}}, "agency-unknown:telecom"),
        ({"works": Works.EXCAVATION_ONLY}, "excavation-takes-no-connection"),
    ],
)
def test_requests_are_refused_with_every_fault(
    session: Session, changes: dict[str, Any], reason: str
) -> None:
    with pytest.raises(RequestInvalid) as caught:
        submit(session, **changes)
    assert caught.value.params["reasons"] == [reason]
    assert count(session, "case_") == 0


def test_withdraw_and_refuse_stop_the_questions(session: Session) -> None:
    view = submit(session)
    gone = service.withdraw(session, context(Role.FRONT_OFFICE), view.case_id)
    assert gone.status == "withdrawn"
    assert set(steps(session, view.case_id).values()) == {"superseded"}
    other = ready(session, "P-2")
    no = service.refuse(session, context(), other.case_id, "outside the plan", other.version)
    assert no.status == "refused"
    assert no.decision is not None
    assert (no.decision.outcome, no.decision.reason) == ("refused", "outside the plan")
    assert no.actions == []


def test_an_applicant_sees_and_withdraws_only_the_own_case(session: Session) -> None:
    mine = service.submit(session, context(Role.APPLICANT, actor="a1"), town.request(), ground())
    session.commit()
    stranger = context(Role.APPLICANT, actor="a2")
    assert service.cases(session, stranger, service.CaseFilter()) == []
    for act in (service.case, service.withdraw, service.history):
        with pytest.raises(CaseNotFound):
            act(session, stranger, mine.case_id)
    assert [
        c.case_id for c in service.cases(session, context(Role.APPLICANT, actor="a1"), service.CaseFilter())
    ] == [mine.case_id]


def test_a_city_knows_nothing_of_another_citys_case(session: Session) -> None:
    from dataclasses import replace

    view = submit(session)
    abroad = replace(context(), city=replace(town.city(), city_id="karhula"))
    with pytest.raises(CaseNotFound):
        service.case(session, abroad, view.case_id)
    with pytest.raises(CaseNotFound):
        service.withdraw(session, abroad, view.case_id)


def test_the_list_is_paged_and_searched(session: Session) -> None:
    made = [submit(session, f"P-{i}") for i in range(5)]
    first = service.cases(session, context(), service.CaseFilter(limit=3))
    rest = service.cases(session, context(), service.CaseFilter(limit=3, after=first[-1].case_id))
    assert [c.case_id for c in first + rest] == [v.case_id for v in reversed(made)]
    assert [c.parcel_id for c in service.cases(session, context(), service.CaseFilter(q="P-3"))] == ["P-3"]
    assert len(service.cases(session, context(), service.CaseFilter(q="maryam"))) == 5
    assert service.cases(session, context(), service.CaseFilter(q="%")) == []
    assert len(service.cases(session, context(), service.CaseFilter(status="consulting"))) == 5


def test_unknown_case(session: Session) -> None:
    with pytest.raises(CaseNotFound):
        service.case(session, context(), uuid4())


def _tick(session: Session) -> None:
    for case_id, ref in results.sweep(session):
        results.sweep_one(session, case_id, ref)
    session.commit()


def test_t21_silence_is_announced_twice_then_established_never_a_yes(session: Session) -> None:
    """T21, T22: warned at half time and near the end; after it a named officer must take it upon themselves."""
    view = submit(session)
    answer(session, view.case_id, "water", "power")
    session.execute(
        text(
            "UPDATE permits.consultation SET asked_at = now() - interval '6 days', due_at = now() + interval '4 days'"
        )
    )
    session.commit()
    _tick(session)
    _tick(session)
    assert [t.kind for t in reread(session, view.case_id).tasks] == ["consultation_half_time"]
    session.execute(
        text(
            "UPDATE permits.consultation SET asked_at = now() - interval '9 days', due_at = now() + interval '1 day'"
        )
    )
    session.commit()
    _tick(session)
    assert reread(session, view.case_id).status == "consulting"
    session.execute(text("UPDATE permits.consultation SET due_at = now() - interval '1 second'"))
    session.commit()
    _tick(session)
    late = reread(session, view.case_id)
    assert late.status == "awaiting_decision"
    assert {c.agency: c.status for c in late.consultations}["gas"] == "lapsed"
    assert [t.kind for t in late.tasks] == [
        "consultation_half_time",
        "consultation_nearly_due",
        "consultation_overdue",
    ]
    with pytest.raises(ApprovalRefused) as caught:
        approve(session, late)
    assert caught.value.params["reasons"] == ["consultation-lapsed:gas"]
    session.rollback()
    taken = Condition("accept-silence", {"agency": "gas"}, "telephoned on 3 March, no objection")
    done = approve(session, late, taken)
    assert done.decision is not None
    assert done.decision.by == "officer-1"
    assert done.tasks == []


def test_an_answer_after_the_silence_still_counts_before_the_decision(session: Session) -> None:
    view = submit(session)
    answer(session, view.case_id, "water", "power")
    session.execute(text("UPDATE permits.consultation SET due_at = now() - interval '1 second'"))
    session.commit()
    _tick(session)
    answer(session, view.case_id, "gas")
    after = reread(session, view.case_id)
    assert {c.status for c in after.consultations} == {"answered"}
    assert approve(session, after).status == "exchanging"


def test_recheck_makes_an_open_decision_stale(session: Session) -> None:
    view = ready(session)
    checked = service.recheck_conflicts(session, context(), view.case_id, ground(finding("violates")))
    session.commit()
    assert checked.verdict == "violates"
    with pytest.raises(StaleCase):
        approve(session, view)


def test_defer_while_the_case_waits_for_its_decision(session: Session) -> None:
    view = submit(session)
    answer(session, view.case_id, "water", "power")
    answer(session, view.case_id, "gas", serviceable=False)
    view = reread(session, view.case_id)
    later = service.defer_utility(session, context(), view.case_id, "gas")
    session.commit()
    assert later.wishes["gas"].wish == "later"
    done = approve(session, later)
    assert {a.agency: a.connection is None for a in done.exchanges[0].agencies} == {
        "gas": True,
        "power": False,
        "water": False,
    }


def test_only_the_officer_decides(session: Session) -> None:
    view = ready(session)
    for role in Role:
        if role in (Role.OFFICER, Role.APPLICANT):
            continue
        with pytest.raises(ActionNotAllowed):
            service.approve(session, context(role), view.case_id, [], view.version)
        session.rollback()
        seen = service.case(session, context(role), view.case_id)
        assert "approve" not in seen.actions
    assert {"approve", "refuse", "withdraw", "defer", "recheck"} == set(view.actions)


def test_complete_takes_permanent_classes_only(session: Session) -> None:
    view = ready(session)
    session.execute(text("UPDATE permits.case_ SET status = 'active'"))
    session.commit()
    with pytest.raises(RequestInvalid):
        service.complete(session, context(), view.case_id, "C-1", TariffClass.CONSTRUCTION)


def test_every_chain_verifies_and_heads_are_given_out(session: Session) -> None:
    view = approve(session, ready(session))
    assert store.verify_case(session, view.case_id) is None
    history = service.history(session, context(), view.case_id)
    assert view.audit_head == history[-1].hash
    assert [h.n for h in history] == list(range(1, len(history) + 1))
    assert history[0].actor == "front_office:front_office-1"


def test_approval_needs_few_statements(session: Session, engine: Engine) -> None:
    """The approval's transaction is lean: its number of statements does not grow with the agencies."""
    view = ready(session)
    seen: list[str] = []

    def note(conn: object, cursor: object, statement: str, *rest: object) -> None:
        seen.append(statement.split(None, 3)[0])

    event.listen(engine, "before_cursor_execute", note)
    approve(session, view)
    event.remove(engine, "before_cursor_execute", note)
    writes = [s for s in seen if s in ("INSERT", "UPDATE")]
    assert len(writes) <= 10, seen
    assert len(seen) <= 34, seen


def test_system_actor_is_named_in_the_history(session: Session) -> None:
    view = ready(session)
    named = {h.actor for h in service.history(session, context(), view.case_id)}
    assert f"system:{SYSTEM.id}" in named
    assert "agency:gas" in named


def test_a_deadline_in_the_past_is_settled_by_the_sweep(session: Session) -> None:
    """decide_by passes with nothing sent: nothing was held, so the case is a person's at once."""
    view = approve(session, ready(session))
    session.execute(
        text(
            "UPDATE permits.exchange SET decide_by = now() - interval '1 s', effective_at = now() + interval '1 h'"
        )
    )
    session.commit()
    _tick(session)
    after = reread(session, view.case_id)
    assert after.status == "needs_decision"
    assert [t.kind for t in after.tasks] == ["needs_decision"]
    assert {v for (_, op), v in steps(session, view.case_id).items() if op == "try"} == {"superseded"}
    assert set(after.actions) == {"retry", "defer", "revoke"}
    again = service.retry_exchange(session, context(), view.case_id)
    assert (again.status, again.exchanges[-1].revision) == ("exchanging", 2)
    assert again.exchanges[-1].effective_at > datetime.now(UTC) + timedelta(hours=20)
