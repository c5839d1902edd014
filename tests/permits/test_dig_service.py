"""Excavation permits on a real city: the whole way, and each turn that practice knows."""

from __future__ import annotations

from datetime import timedelta

from sqlalchemy.orm import Session

from permits import store
from permits.vocabulary import Role
from tests.permits import street
from tests.permits.street import NOON, TODAY, act, agency, ctx, file, read


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
