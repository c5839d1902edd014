"""Excavation permits on a real city: the whole way, and each turn that practice knows."""

from __future__ import annotations

from datetime import timedelta

import pytest
from sqlalchemy.orm import Session

from permits import dig_service, dig_spawn, dig_worklist, service, store
from permits.dig_errors import (
    DigActionNotAllowed,
    DigAnswerUnexpected,
    DigRequestInvalid,
)
from permits.dig_reading import DigFilter
from permits.dig_requests import DigChange, WorksRequest
from permits.dig_vocabulary import DigKind, Pavement
from permits.vocabulary import Role
from tests.permits import street, town
from tests.permits.street import NOON, TODAY, act, agency, ctx, file, read, sweep


def test_the_whole_way_of_a_development_plan(city_session: Session) -> None:
    """I05: requested, visited, asked, costed, paid, permitted, dug, tested, handed over, guaranteed, closed."""
    s = city_session
    view = file(s)
    assert view.status == "requested"
    assert view.verdict in {"violates", "undecidable", "no_information", "clear"}
    assert view.works["length_m"] == 60.0
    assert view.works["width_m"] == 1.0
    asked = street.asked(s, view)
    assert asked.status == "inquiring"
    assert asked.handler == "officer-1"
    assert {each.agency for each in asked.inquiries}
    assert "gas" not in {each.agency for each in asked.inquiries}
    for each in asked.inquiries:
        assert each.due_at.date() == TODAY + timedelta(days=15)
        seen = act(s, agency(each.agency), view, "answer")
    assert seen.status == "inquired"
    costed = act(s, ctx(), view, "calculate")
    assert costed.status == "costed"
    assert costed.costs is not None
    assert costed.costs["total"] > 0
    part = act(s, ctx(Role.FRONT_OFFICE), view, "pay", amount=1.0)
    assert part.status == "costed"
    paid = act(s, ctx(Role.FRONT_OFFICE), view, "pay", amount=costed.costs["total"], receipt_no="R-2")
    assert paid.status == "paid"
    permitted = act(s, ctx(), view, "permit")
    assert permitted.status == "permitted"
    assert permitted.permit is not None
    assert permitted.permit["liable"] == []
    assert permitted.suggested_conditions, "the ground asks for something here"
    assert permitted.permit["conditions"] == permitted.suggested_conditions
    begun = NOON + timedelta(days=30)
    working = act(s, agency(now=begun), view, "start")
    assert (working.status, working.started_on) == ("working", TODAY + timedelta(days=30))
    act(s, ctx(now=begun), view, "supervise", score=70)
    renewed = act(s, ctx(now=begun), view, "renew", ends_on=TODAY + timedelta(days=44))
    assert (renewed.renewals, renewed.ends_on) == (1, TODAY + timedelta(days=44))
    end = NOON + timedelta(days=43)
    asked_over = act(s, agency(now=end), view, "request_handover")
    assert asked_over.status == "handover_requested"
    assert act(s, ctx(now=end), view, "report_defects").status == "defects"
    assert act(s, agency(now=end), view, "fix_defects").status == "handover_requested"
    assert act(s, ctx(now=end), view, "pass_inspection").status == "testing"
    assert act(s, ctx(now=end), view, "record_test", stage=1).status == "testing"
    failed = act(s, ctx(now=end), view, "record_test", stage=2, passed=False)
    assert failed.status == "defects"
    act(s, agency(now=end), view, "fix_defects")
    act(s, ctx(now=end), view, "pass_inspection")
    tested = act(s, ctx(now=end), view, "record_test", stage=2)
    assert "accept_provisionally" in tested.actions
    guaranteed = act(s, ctx(now=end), view, "accept_provisionally")
    assert guaranteed.status == "guarantee"
    assert guaranteed.guarantee_until == end.date() + timedelta(days=365)
    assert guaranteed.blocked == {"accept_finally": ["guarantee_over"]}
    over = end + timedelta(days=367)
    assert act(s, ctx(now=over), view, "accept_finally").status == "closed"
    assert read(s, view).actions == []
    assert store.verify_case(s, view.dig_id) is None


# --- the companies


def test_t21_silence_is_warned_of_twice_then_lets_the_file_go_on(city_session: Session) -> None:
    """T21: half time, four fifths, silence; nobody falls silent unwarned; the silent company is liable."""
    s = city_session
    view = street.asked(s, file(s))
    mute, *others = view.inquiries
    for each in others:
        act(s, agency(each.agency), view, "answer")
    assert sweep(s, view, NOON + timedelta(days=6)).warnings == []
    half = sweep(s, view, NOON + timedelta(days=8))
    assert [(w.agency, w.body["warning"], w.body["handler"]) for w in half.warnings] == [
        (mute.agency, "half_time", "officer-1")
    ]
    assert len(sweep(s, view, NOON + timedelta(days=8, hours=1)).warnings) == 1
    late = sweep(s, view, NOON + timedelta(days=14))
    assert [w.body["warning"] for w in late.warnings] == ["half_time", "nearly_due"]
    assert late.status == "inquiring"
    over = sweep(s, view, NOON + timedelta(days=16))
    assert over.status == "inquired"
    silent = next(each for each in over.inquiries if each.agency == mute.agency)
    assert (silent.status, silent.liable, silent.handler) == ("silent", True, "officer-1")
    now = NOON + timedelta(days=16)
    act(s, ctx(now=now), view, "calculate")
    act(s, ctx(Role.FRONT_OFFICE, now=now), view, "pay")
    permitted = act(s, ctx(now=now), view, "permit")
    assert permitted.permit is not None
    assert permitted.permit["liable"] == [mute.agency]
    assert permitted.warnings == []


def test_t21_a_scheduler_that_was_away_warns_and_gives_another_day(city_session: Session) -> None:
    s = city_session
    view = street.asked(s, file(s))
    late = sweep(s, view, NOON + timedelta(days=40))
    assert late.status == "inquiring"
    assert {each.due_at.date() for each in late.inquiries} == {TODAY + timedelta(days=41)}
    assert {w.body["warning"] for w in late.warnings} == {"half_time", "nearly_due"}
    over = sweep(s, view, NOON + timedelta(days=42))
    assert over.status == "inquired"
    assert all(each.liable for each in over.inquiries)


def test_t22_the_handler_takes_a_silence_back_and_the_company_is_asked_again(city_session: Session) -> None:
    """T22: a deemed consent has a named owner who can revoke it; the repeat's clock is 5 days."""
    s = city_session
    view = street.asked(s, file(s))
    for day in (8, 14, 16):
        seen = sweep(s, view, NOON + timedelta(days=day))
    now = NOON + timedelta(days=17)
    act(s, ctx(now=now), view, "calculate")
    silent = seen.inquiries[0].agency
    back = act(s, ctx(now=now), view, "revoke_silence", agency=silent)
    assert back.status == "inquiring"
    rounds = [each for each in back.inquiries if each.agency == silent]
    assert [(each.round, each.status) for each in rounds] == [(1, "revoked"), (2, "pending")]
    assert rounds[1].due_at.date() == now.date() + timedelta(days=5)
    no = act(s, agency(silent, now=now), view, "answer", answer="conflict")
    assert no.status == "inquired"
    assert read(s, view, ctx(now=now)).blocked["calculate"] == ["consent"]


def test_a_late_answer_is_shown_and_changes_nothing_by_itself(city_session: Session) -> None:
    s = city_session
    view = street.asked(s, file(s))
    for day in (8, 14, 16):
        seen = sweep(s, view, NOON + timedelta(days=day))
    late = seen.inquiries[0].agency
    now = NOON + timedelta(days=17)
    told = act(s, agency(late, now=now), view, "answer", answer="conflict")
    assert told.status == "inquired"
    assert [r.kind for r in told.records if r.kind == "late_answer"] == ["late_answer"]
    assert "late_answer" in {w.body["warning"] for w in read(s, view, ctx(now=now)).warnings}
    assert "calculate" in read(s, view, ctx(now=now)).actions


def test_t05_only_who_must_answer_again_is_asked_again(city_session: Session) -> None:
    """T5: an objection is asked again alone; a changed place asks everybody, changed dates nobody."""
    s = city_session
    view = street.asked(s, file(s))
    first, *others = view.inquiries
    act(s, agency(first.agency), view, "answer", answer="re_examine", note="our valve")
    for each in others:
        seen = act(s, agency(each.agency), view, "answer")
    assert seen.status == "inquired"
    dated = act(s, agency(), view, "change", change=DigChange(ends_on=TODAY + timedelta(days=42)))
    assert all(each.valid_until > NOON for each in dated.inquiries if each.valid_until)
    again = act(s, ctx(), view, "reinquire")
    assert [(e.agency, e.due_at.date()) for e in again.inquiries if e.round == 2] == [
        (first.agency, TODAY + timedelta(days=5))
    ]
    ready = act(s, agency(first.agency), view, "answer")
    assert "calculate" in read(s, ready).actions
    later = NOON + timedelta(minutes=1)
    elsewhere = act(s, agency(now=later), view, "change", change=DigChange(excavation=street.moved(2.0)))
    assert elsewhere.status == "inquired"
    shown = read(s, view, ctx(now=later))
    assert shown.blocked["calculate"] == ["inquiries_valid"]
    everybody = act(s, ctx(now=later), view, "reinquire")
    asked = [e.agency for e in everybody.inquiries if e.status == "pending"]
    assert set(asked) >= {each.agency for each in view.inquiries}


def test_an_agency_answers_for_itself_and_only_when_asked(city_session: Session) -> None:
    s = city_session
    view = street.asked(s, file(s))
    with pytest.raises(DigAnswerUnexpected):
        act(s, agency("gas"), view, "answer")
    s.rollback()
    named = view.inquiries[0].agency
    act(s, agency(named), view, "answer", agency="somebody-else")
    assert next(e for e in read(s, view).inquiries if e.agency == named).status == "answered"
    with pytest.raises(DigRequestInvalid):
        act(s, ctx(), view, "answer")


def test_an_agency_moves_its_own_works_only(city_session: Session) -> None:
    s = city_session
    view = file(s)
    with pytest.raises(DigActionNotAllowed) as caught:
        act(s, agency("water"), view, "withdraw")
    assert caught.value.params["needs"] == ["own-works"]
    assert act(s, agency("gas"), view, "withdraw").status == "withdrawn"


def test_answers_run_out_before_the_permit(city_session: Session) -> None:
    """The validity of the inquiry: after it, those who answered are asked again, and what was paid stays paid."""
    s = city_session
    view = file(s, ends_on=TODAY + timedelta(days=300))
    street.answered(s, view)
    act(s, ctx(), view, "calculate")
    act(s, ctx(Role.FRONT_OFFICE), view, "pay")
    later = NOON + timedelta(days=100)
    assert read(s, view, ctx(now=later)).blocked["permit"] == ["inquiries_valid"]
    again = act(s, ctx(now=later), view, "reinquire")
    for each in (e for e in again.inquiries if e.status == "pending"):
        act(s, agency(each.agency, now=later), view, "answer")
    assert act(s, ctx(now=later), view, "calculate").status == "paid"
    assert act(s, ctx(now=later), view, "permit").status == "permitted"


# --- incidents, moratorium, repetition, time


def test_an_incident_is_dug_first_and_regularised_within_its_clock(city_session: Session) -> None:
    s = city_session
    made = file(s, kind=DigKind.INCIDENT, works=WorksRequest(width_m=1.0), starts_on=None, ends_on=None)
    assert (made.status, made.started_on) == ("emergency", TODAY)
    assert made.regularise_by is not None
    assert made.regularise_by.date() == TODAY + timedelta(days=3)
    assert [w.body["warning"] for w in sweep(s, made, NOON + timedelta(days=2)).warnings] == [
        "regularise_half_time"
    ]
    late = sweep(s, made, NOON + timedelta(days=4))
    assert late.warnings[-1].body["warning"] == "regularise_overdue"
    assert len(sweep(s, made, NOON + timedelta(days=5)).warnings) == 3
    now = NOON + timedelta(days=5)
    change = DigChange(works=WorksRequest(pavement=Pavement.ASPHALT), ends_on=now.date())
    done = act(s, agency(now=now), made, "regularise", change=change)
    assert (done.status, done.warnings) == ("requested", [])
    permitted = street.permitted(s, made)
    assert permitted.status == "working"
    assert act(s, agency(now=now), made, "request_handover").status == "handover_requested"


def test_the_second_dig_at_a_place_costs_more(city_session: Session) -> None:
    s = city_session
    first = street.permitted(s, file(s))
    begun = NOON + timedelta(days=30)
    act(s, agency(now=begun), first, "start")
    again = file(s, agency("water", now=begun), starts_on=TODAY + timedelta(days=60),
                 ends_on=TODAY + timedelta(days=70), agency="water")  # fmt: skip
    assert (again.earlier_digs, again.repeat_coefficient) == (1, 1.25)


def test_a_permit_runs_out_is_renewed_twice_and_the_delay_is_fined(city_session: Session) -> None:
    s = city_session
    view = street.permitted(s, file(s))
    begun = NOON + timedelta(days=30)
    act(s, agency(now=begun), view, "start")
    over = NOON + timedelta(days=46)
    assert sweep(s, view, NOON + timedelta(days=45)).status == "working"
    expired = sweep(s, view, over)
    assert expired.status == "expired"
    assert expired.warnings[0].body["warning"] == "overrun"
    assert act(s, ctx(now=over), view, "renew", ends_on=TODAY + timedelta(days=50)).status == "working"
    act(s, ctx(now=over), view, "renew", ends_on=TODAY + timedelta(days=52))
    with pytest.raises(DigActionNotAllowed) as caught:
        act(s, ctx(now=over), view, "renew", ends_on=TODAY + timedelta(days=60))
    assert caught.value.params["needs"] == ["renewals_left"]
    s.rollback()
    late = NOON + timedelta(days=60)
    done = act(s, agency(now=late), view, "request_handover")
    assert done.costs is not None
    assert done.costs["fine"] == {"days_late": 8, "amount": 150.0}


def test_works_begin_neither_before_their_time_nor_in_the_future(city_session: Session) -> None:
    s = city_session
    view = street.permitted(s, file(s))
    for on, reason in ((TODAY, "starts-before-its-time"), (TODAY + timedelta(90), "starts-in-the-future")):
        with pytest.raises(DigRequestInvalid) as caught:
            act(s, agency(), view, "start", on=on)
        assert caught.value.params["reasons"] == [reason]
        s.rollback()


def test_t08_the_same_command_twice_is_one(city_session: Session) -> None:
    """T8: a renewal saved twice moves the end once."""
    s = city_session
    view = street.permitted(s, file(s))
    for _ in range(2):
        seen = act(s, ctx(key="k-1"), view, "renew", ends_on=TODAY + timedelta(days=45))
    assert seen.renewals == 1
    assert read(s, view).renewals == 1
    assert street.events(s, view).count("dig.renewed") == 1


# --- T9, T2: related applications


def test_t09_an_approved_case_files_the_excavations_of_its_connections(city_session: Session) -> None:
    """T9, T2: one draft per connection wanted now, linked and prefilled; a repeat adds none."""
    s = city_session
    ready = town.ready(s, wishes=town.wishes(gas="later"), survey=town.ground())
    street.put_pit(s, ready.case_id)
    town.approve(s, ready)
    drafts = dig_service.digs(s, ctx(), DigFilter(case_id=ready.case_id))
    assert {(d.agency, d.status, d.kind) for d in drafts} == {
        ("water", "draft", "connection"),
        ("power", "draft", "connection"),
    }
    assert {d.title for d in drafts} == {ready.parcel_id}, "a title that the system gives is in no language"
    case = store.lock_case(s, ready.case_id)
    assert dig_spawn.spawn(s, town.city(), town.OFFICER, NOON, case) == []
    assert len(dig_spawn.spawn(s, town.city(), town.OFFICER, NOON, case, cycle=2)) == 2
    s.rollback()
    for dig_id in dig_spawn.unfilled(s, town.city()):
        dig_spawn.prefill(s, town.city(), dig_id, NOON)
    s.commit()
    assert dig_spawn.unfilled(s, town.city()) == []
    water = read(s, next(d.dig_id for d in drafts if d.agency == "water"))
    assert water.excavation is not None
    assert water.applicant.name == "Maryam Karimi"
    assert water.parcel_id == ready.parcel_id
    assert water.blocked["submit"] == ["complete"]
    owner = ctx(Role.FRONT_OFFICE)
    act(s, owner, water, "change", change=DigChange(works=WorksRequest(pavement=Pavement.SOIL)))
    assert act(s, owner, water, "submit").status == "requested"
    assert "digs.spawned" in [h.event for h in service.history(s, town.context(), ready.case_id)]


# --- T12


def test_t12_whom_to_call_about_everything_in_an_area(city_session: Session) -> None:
    """T12: every excavation and permit touching an area, with the people named in it."""
    s = city_session
    open_one = street.permitted(s, file(s))
    act(s, agency(now=NOON + timedelta(days=30)), open_one, "start")
    quiet = file(s, excavation=street.moved(0, 10))
    gone = file(s, excavation=street.moved(0, 12))
    act(s, agency(), gone, "withdraw")
    away = file(s, excavation=street.moved(0, 400))
    case = town.ready(s, survey=town.ground())
    street.put_pit(s, case.case_id)
    town.approve(s, case)
    area = street.around()
    found = dig_worklist.contacts_in(s, town.city(), area)
    assert {each["ref"] for each in found} == {str(open_one.dig_id), str(quiet.dig_id), str(case.case_id)}
    assert str(away.dig_id) not in {each["ref"] for each in found}
    first = next(each for each in found if each["ref"] == str(open_one.dig_id))
    assert first["contact"]["contractor"]["phone"] == "+49 30 2"
    assert first["contact"]["agency"]["phone"] == "+49 30 23125 013"
    trenches = dig_worklist.open_trenches(s, town.city(), area)
    assert {(each["kind"], each["ref"]) for each in trenches} == {
        ("dig", str(open_one.dig_id)),
        ("case", str(case.case_id)),
    }
    assert dig_worklist.open_trenches(s, town.city(), street.around().buffer(-100).envelope) == []
