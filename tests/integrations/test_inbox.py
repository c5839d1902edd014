"""What agencies send: signed, once, kept; the odd and the unknown hold nothing up."""

from __future__ import annotations

import base64
import json
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import text
from sqlalchemy.orm import Session
from standardwebhooks.webhooks import Webhook

from integrations.inbox import receive
from permits import outbox, service
from permits.errors import SignatureInvalid
from permits.ports import Actor
from permits.service import Context
from permits.vocabulary import InboxOutcome, Role
from tests.permits import town
from tests.permits.town import approve, context, count, ready, reread, steps, submit

SECRET = "whsec_" + base64.b64encode(b"0123456789abcdef0123456789abcdef").decode()
OTHER = "whsec_" + base64.b64encode(b"another-secret-another-secret-00").decode()


def as_agency(agency: str) -> Context:
    return Context(town.city(), Actor(agency, Role.AGENCY, agency), datetime.now(UTC))


def signed(body: bytes, webhook_id: str, at: datetime, secret: str = SECRET) -> dict[str, str]:
    return {
        "Webhook-Id": webhook_id,
        "Webhook-Timestamp": str(int(at.timestamp())),
        "Webhook-Signature": Webhook(secret).sign(webhook_id, at, body.decode("utf-8", "replace")),
        "Content-Type": "application/json",
    }


def send(
    session: Session,
    agency: str,
    message: Any,
    webhook_id: str = "m-1",
    *,
    at: datetime | None = None,
    secret: str = SECRET,
) -> InboxOutcome:
    body = message if isinstance(message, bytes) else json.dumps(message).encode()
    headers = signed(body, webhook_id, at or datetime.now(UTC), secret)
    outcome = receive(session, as_agency(agency), agency, headers, body, SECRET)
    session.commit()
    return outcome


def answered(case_id: Any, agency: str, **changes: Any) -> dict[str, Any]:
    data = {"our_ref": f"{case_id}:{agency}:inquiry:1", "inquiry_id": "Q-1", "serviceable": True, **changes}
    return {"type": "inquiry.answered", "timestamp": "2026-01-01T00:00:00Z", "data": data}


def test_answers_by_webhook_make_the_case_ready(session: Session) -> None:
    view = submit(session)
    for agency in town.AGENCIES:
        assert send(session, agency, answered(view.case_id, agency), f"m-{agency}") is InboxOutcome.ACCEPTED
    after = reread(session, view.case_id)
    assert after.status == "awaiting_decision"
    assert set(steps(session, view.case_id).values()) == {"superseded"}  # nobody is polled any more
    history = service.history(session, context(), view.case_id)
    assert {h.actor for h in history if h.event == "response.received"} == {
        f"agency:{a}" for a in town.AGENCIES
    }


def test_a_duplicate_is_acknowledged_without_a_second_effect(session: Session) -> None:
    view = submit(session)
    message = answered(view.case_id, "gas")
    assert send(session, "gas", message) is InboxOutcome.ACCEPTED
    assert send(session, "gas", message) is InboxOutcome.DUPLICATE
    assert count(session, "response") == 1
    assert count(session, "inbox") == 1
    assert (
        send(session, "power", answered(view.case_id, "power")) is InboxOutcome.ACCEPTED
    )  # ids are per agency


@pytest.mark.parametrize("fault", ["secret", "body", "old", "missing"])
def test_what_is_not_signed_as_agreed_is_refused_and_not_kept(session: Session, fault: str) -> None:
    view = submit(session)
    body = json.dumps(answered(view.case_id, "gas")).encode()
    at = datetime.now(UTC) - (timedelta(hours=1) if fault == "old" else timedelta())
    headers = signed(body, "m-1", at, OTHER if fault == "secret" else SECRET)
    if fault == "missing":
        del headers["Webhook-Signature"]
    with pytest.raises(SignatureInvalid):
        receive(session, as_agency("gas"), "gas", headers, body + (b" " if fault == "body" else b""), SECRET)
    assert count(session, "inbox") == 0


@pytest.mark.parametrize(
    ("message", "outcome"),
    [
        ({"type": "weather.changed", "data": {}}, InboxOutcome.UNKNOWN),
        ({"type": 7, "data": []}, InboxOutcome.UNKNOWN),
        (b"not json at all", InboxOutcome.UNKNOWN),
        (b"[1,2,3]", InboxOutcome.UNKNOWN),
        (
            {"type": "inquiry.answered", "data": {"our_ref": "nobody:gas:inquiry:1", "serviceable": True}},
            InboxOutcome.QUARANTINED,
        ),
        ({"type": "inquiry.answered", "data": {"serviceable": "yes"}}, InboxOutcome.QUARANTINED),
        ({"type": "inquiry.answered"}, InboxOutcome.QUARANTINED),
        ({"type": "order.executed", "data": {"our_ref": "nothing"}}, InboxOutcome.QUARANTINED),
    ],
)
def test_t15_the_odd_is_kept_and_holds_nothing_up(
    session: Session, message: Any, outcome: InboxOutcome
) -> None:
    """T15: one poisoned message is acknowledged, kept and marked; the next one is acted on."""
    view = submit(session)
    assert send(session, "gas", message, "odd") is outcome
    assert count(session, "inbox", f"outcome = '{outcome.value}'") == 1
    assert send(session, "gas", answered(view.case_id, "gas"), "next") is InboxOutcome.ACCEPTED


def test_unknown_members_and_odd_values_are_tolerated(session: Session) -> None:
    view = submit(session)
    odd = {
        "mood": "good",
        "reason": "text not object",
        "conditions": [1, {"code": "x\u0000"}],
        "offer": [],
        "nearest_main": None,
    }
    assert send(session, "gas", answered(view.case_id, "gas", **odd)) is InboxOutcome.ACCEPTED
    said = {c.agency: c for c in reread(session, view.case_id).consultations}["gas"]
    assert (said.reason, said.offer, said.conditions) == (None, None, [{"code": "x"}])


def test_an_agency_cannot_answer_for_another(session: Session) -> None:
    view = submit(session)
    assert send(session, "power", answered(view.case_id, "gas")) is InboxOutcome.QUARANTINED
    assert {c.status for c in reread(session, view.case_id).consultations} == {"pending"}


def test_news_of_an_order_is_chained(session: Session) -> None:
    view = approve(session, ready(session))
    ref = f"{view.case_id}:gas:construction:1"
    news = {"type": "order.executed", "data": {"our_ref": ref, "executed_on": "2026-05-01"}}
    assert send(session, "gas", news) is InboxOutcome.ACCEPTED
    assert service.history(session, context(), view.case_id)[-1].event == "order.executed"


def test_the_built_line_comes_with_the_news_and_an_odd_drawing_stops_nothing(session: Session) -> None:
    """The as-built drawing is kept with the case; one that cannot be used is kept with its reason (T15)."""
    view = approve(session, ready(session))
    line = {"type": "LineString", "coordinates": [[414000.0, 5367000.0], [414004.0, 5367001.0]]}
    drawing = {
        "geometry": line,
        "crs": "EPSG:25832",
        "cover_m": 1.2,
        "outer_diameter_mm": 32,
        "main_id": "G1",
    }
    for agency, said in {"gas": drawing, "water": {**drawing, "crs": "mud"}}.items():
        data = {"our_ref": f"{view.case_id}:{agency}:construction:1", "as_built": said}
        assert (
            send(session, agency, {"type": "order.executed", "data": data}, agency) is InboxOutcome.ACCEPTED
        )
    kept = {row["agency"]: row for row in reread(session, view.case_id).service_lines}
    assert kept["gas"]["state"] == "built"
    assert kept["gas"]["as_built"]["length_m"] == 4.12
    assert kept["water"]["state"] == "unrecorded"


def test_late_accept_after_the_cancel_is_cancelled_again_and_on_record(session: Session) -> None:
    """An accept after cancel creates an automatic cancel and the entry `late_accept`."""
    view = approve(session, ready(session))
    outbox.claim(session, {("schutterwald", "gas"): 1}, lease_s=30)
    session.execute(text("UPDATE permits.exchange SET decide_by = now() - interval '1 s'"))
    session.commit()
    from permits import results

    for case_id, what in results.sweep(session):
        results.sweep_one(session, case_id, what)
    session.execute(text("UPDATE permits.step SET state = 'done' WHERE op = 'cancel'"))
    session.commit()
    ref = f"{view.case_id}:gas:construction:1"
    assert send(session, "gas", {"type": "order.held", "data": {"our_ref": ref}}) is InboxOutcome.ACCEPTED
    assert count(session, "step", f"idem_key = '{ref}:cancel:late' AND state = 'pending'") == 1
    events = [h.event for h in service.history(session, context(), view.case_id)]
    assert events[-3:] == ["order.held", "late_accept", "step.pending"]
    assert "late_accept" in {t.kind for t in reread(session, view.case_id).tasks}
