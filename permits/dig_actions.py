"""What each action changes of a locked excavation. One function per action; the table at the end names them all.

A function returns the new values and what the history says; whether the action is possible at all, the process
table decides afterwards on the facts that then hold. Raising undoes everything.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import date, datetime, time, timedelta
from uuid import UUID
from zoneinfo import ZoneInfo

from permits import dig_control, dig_inquiries
from permits import dig_store as store
from permits.dig_acting import Act, Change, changed_values, digest, surveyed
from permits.dig_clocks import permit_until
from permits.dig_costs import CostBasis, costs, delay_fine
from permits.dig_errors import DigAnswerUnexpected, DigRequestInvalid, SecondOfficerNeeded
from permits.dig_facts import is_complete, open_defects
from permits.dig_requests import WorksRequest, work_faults
from permits.dig_shared import shared_parts
from permits.dig_store import DigRow
from permits.dig_vocabulary import DigAction, DigGuard, DigInquiryStatus, DigRecordKind, DigStatus, Pavement
from permits.ports import Json
from permits.store import Event
from permits.views import as_json
from permits.vocabulary import DigMethod, Role


def _change(act: Act) -> Change:
    values, moved = changed_values(act, act.said["change"])
    dig = replace(act.dig, **values)
    said: Json = {"changed": sorted(name for name in values if getattr(act.dig, name) != values[name])}
    if act.dig.status is DigStatus.DRAFT:
        return Change(values, [("dig.changed", said)])
    if not is_complete(dig):
        raise DigRequestInvalid(reasons=["incomplete"])
    told = _digger_checked(act, dig)
    values |= surveyed(act, dig)
    if moved and act.dig.asked_at is not None:
        dig_inquiries.outdate(act.session, dig, act.now)
    return Change(values, [("dig.changed", said | digest(values)), *told], moves_in_street=True)


def _digger_checked(act: Act, dig: DigRow) -> list[Event]:
    """Another contractor than before must not be on the control list; raises `PartyBarred`."""
    if dig.contractor == act.dig.contractor:
        return []
    return dig_control.check_dig(act.session, act.city, dig, act.today)


def _submit(act: Act) -> Change:
    if not is_complete(act.dig):
        return Change()
    dig_control.check_dig(act.session, act.city, act.dig, act.today)
    values = surveyed(act, act.dig) | {"submitted_at": act.now}
    return Change(values, [("dig.surveyed", digest(values))], moves_in_street=True)


def _regularise(act: Act) -> Change:
    values, _moved = changed_values(act, act.said["change"])
    dig = replace(act.dig, **values)
    if not is_complete(dig):
        return Change(values)
    values |= surveyed(act, dig) | {"submitted_at": act.now}
    late = act.dig.regularise_by is not None and act.now > act.dig.regularise_by
    warning = DigRecordKind.WARNING
    store.close_records(act.session, dig.dig_id, act.actor, act.now, kind=warning)
    told = dig_control.check_dig(act.session, act.city, dig, act.today)
    events: list[Event] = [("dig.regularised", {"late": late, **digest(values)}), *told]
    return Change(values, events, moves_in_street=True)


# --- visit, inquiries, moratorium


def _visit(act: Act) -> Change:
    said = act.said
    act.keep(DigRecordKind.VISIT, {key: value for key, value in said.items() if value is not None})
    found = {name: said[name] for name in _FOUND_ON_SITE if said.get(name) is not None}
    stated = WorksRequest(**{**found, **_pavement(found)})
    faults = list(work_faults(stated))
    if faults:
        raise DigRequestInvalid(reasons=faults)
    works = act.dig.works | as_json(found)
    return Change({"works": works, "handler": act.actor.id}, [("dig.seen", {"found": as_json(found)})])


_FOUND_ON_SITE = (
    "pavement",
    "asphalt_age_years",
    "asphalt_thickness_cm",
    "quality_coefficient",
    "surplus_length_m",
    "surplus_width_m",
    "traffic_approval_no",
    "safety_approval_no",
)


def _pavement(found: Json) -> Json:
    return {"pavement": Pavement(found["pavement"])} if "pavement" in found else {}


def _asking(act: Act, agencies: list[str]) -> Change:
    handler = act.dig.handler or act.actor.id
    events = dig_inquiries.ask(
        act.session, act.city, act.dig, agencies, handler=handler, now=act.now, asked=act.asked
    )
    return Change({"handler": handler, "asked_at": act.now}, events)


def _inquire(act: Act) -> Change:
    return _asking(act, dig_inquiries.to_ask(act.dig, act.city))


def _reinquire(act: Act) -> Change:
    asked = act.asked
    wanted = act.said.get("agencies") or dig_inquiries.to_ask_again(act.dig, act.city, asked, act.now)
    known = {agency.agency_id for agency in act.city.agencies} - {act.dig.agency_id}
    if not wanted:
        raise DigRequestInvalid(reasons=["nobody-to-ask"])
    if unknown := sorted(set(wanted) - known):
        raise DigAnswerUnexpected(agency=unknown, asked=sorted(asked))
    return _asking(act, sorted(wanted))


def _answer(act: Act) -> Change:
    said = act.said
    if act.actor.role is Role.AGENCY:
        said = said | {"agency": act.actor.agency}
    if not said.get("agency"):
        raise DigRequestInvalid(reasons=["agency-needed"])
    events = dig_inquiries.record_answer(act.session, act.city, act.dig, act.actor, act.now, said, act.asked)
    return Change({}, events)


def _revoke_silence(act: Act) -> Change:
    agency = str(act.said["agency"])
    dig_inquiries.take_back(act.session, act.dig, agency, act.asked)
    asking = _asking(act, [agency])
    said = {"agency": agency, "reason": act.said["reason"]}
    return replace(asking, events=[("dig.silence_revoked", said), *asking.events])


def _override_moratorium(act: Act) -> Change:
    if act.dig.moratorium is None:
        raise DigRequestInvalid(reasons=["no-moratorium"])
    if act.actor.id in {act.dig.handler, act.dig.applicant_actor}:
        raise SecondOfficerNeeded(handler=act.dig.handler, hint="ask-second-officer")
    lifted = {
        "lifted_by": act.actor.id,
        "authority": act.said["authority"],
        "lifted_why": act.said["reason"],
    }
    act.keep(DigRecordKind.OVERRIDE, lifted | {"paving_id": act.dig.moratorium["paving_id"]})
    return Change({"moratorium": act.dig.moratorium | lifted}, [("dig.moratorium_lifted", lifted)])


# --- costs and permit


def _calculate(act: Act) -> Change:
    works = act.dig.works
    basis = CostBasis(
        length_m=float(works["length_m"]),
        width_m=float(works["width_m"]),
        pavement=Pavement(works["pavement"]),
        surplus_length_m=float(works.get("surplus_length_m") or 0),
        surplus_width_m=float(works.get("surplus_width_m") or 0),
        asphalt_age_years=works.get("asphalt_age_years"),
        quality_coefficient=float(works.get("quality_coefficient") or 1),
        earlier_digs=act.dig.earlier_digs,
        shared=shared_parts(act.session, act.city, act.dig.ref, act.today),
        method=DigMethod((act.dig.excavation or {}).get("method", DigMethod.MACHINE)),
    )
    bill: Json = as_json(costs(basis, act.terms, act.city.currency))
    bill["calculated_at"] = act.now.isoformat()
    return Change({"costs": bill}, [("dig.calculated", {"total": bill["total"], "items": bill["items"]})])


def _pay(act: Act) -> Change:
    before = act.dig.payment or {"amount": 0.0, "receipts": []}
    receipt = {key: act.said[key] for key in ("receipt_no", "amount")} | {
        "paid_on": (act.said.get("paid_on") or act.today).isoformat()
    }
    if any(each["receipt_no"] == receipt["receipt_no"] for each in before["receipts"]):
        return Change({}, [("dig.payment_repeated", {"receipt_no": receipt["receipt_no"]})])
    receipts = [*before["receipts"], receipt]
    payment = {"amount": round(sum(each["amount"] for each in receipts), 2), "receipts": receipts}
    return Change({"payment": payment}, [("dig.payment", receipt)])


def _end_of(day: date, timezone: str) -> datetime:
    return datetime.combine(day, time(23, 59, 59), ZoneInfo(timezone))


def _permit(act: Act) -> Change:
    dig = act.dig
    if dig.moratorium is not None and dig.moratorium.get("lifted_by") == act.actor.id:
        raise SecondOfficerNeeded(handler=dig.handler, hint="ask-second-officer")
    assert dig.ends_on is not None
    told_of = dig_control.check_dig(act.session, act.city, dig, act.today)
    last = permit_until(max(dig.ends_on, act.today), dig.allowed_delay_days)
    liable = sorted(a for a, r in act.asked.items() if r.status == DigInquiryStatus.SILENT.value)
    told = [{"agency": agency, **each} for agency, row in act.asked.items() for each in row.conditions or ()]
    permit = {
        "permit_no": f"E-{dig.dig_no}",
        "issued_at": act.now.isoformat(),
        "issued_by": act.actor.id,
        "last_day": last.isoformat(),
        "conditions": [*_conditions(act), *told],
        "liable": liable,
    }
    values = {"permit": permit, "valid_until": _end_of(last, act.city.timezone)}
    warning = DigRecordKind.WARNING
    store.close_records(act.session, dig.dig_id, act.actor, act.now, kind=warning)
    return Change(values, [("dig.permit", {"permit_no": permit["permit_no"], "liable": liable}), *told_of])


def _conditions(act: Act) -> list[Json]:
    """As the office stated them; what the check of the ground asks for when it stated none. An empty list is stated."""
    stated: list[Json] | None = act.said.get("conditions")
    return list((act.dig.ground or {}).get("conditions", ())) if stated is None else stated


def _start(act: Act) -> Change:
    started_on = act.said.get("on") or act.today
    if started_on > act.today:
        raise DigRequestInvalid(reasons=["starts-in-the-future"])
    if act.dig.starts_on is not None and started_on < act.dig.starts_on:
        raise DigRequestInvalid(reasons=["starts-before-its-time"])
    return Change({"started_on": started_on}, [("dig.started", {"on": started_on.isoformat()})])


def _supervise(act: Act) -> Change:
    body = {"score": act.said["score"], "note": act.said.get("note")}
    act.keep(DigRecordKind.SUPERVISION, body)
    return Change({}, [("dig.supervised", {"score": body["score"]})])


def _renew(act: Act) -> Change:
    dig, ends_on = act.dig, act.said["ends_on"]
    if dig.ends_on is None or ends_on <= max(dig.ends_on, act.today - timedelta(days=1)):
        raise DigRequestInvalid(reasons=["renewal-not-later"])
    turn = dig.renewals + 1
    body = {
        "turn": turn,
        "reason": act.said["reason"],
        "from": dig.ends_on.isoformat(),
        "to": ends_on.isoformat(),
    }
    act.keep(DigRecordKind.RENEWAL, body)
    last = permit_until(ends_on, dig.allowed_delay_days)
    values = {
        "ends_on": ends_on,
        "valid_until": _end_of(last, act.city.timezone),
        "permit": (dig.permit or {}) | {"last_day": last.isoformat()},
        "renewals": turn,
    }
    store.close_records(act.session, dig.dig_id, act.actor, act.now, kind=DigRecordKind.WARNING)
    return Change(values, [("dig.renewed", body)], moves_in_street=True)


# --- hand-over


def _request_handover(act: Act) -> Change:
    restored_on = act.said.get("restored_on") or act.today
    if restored_on > act.today:
        raise DigRequestInvalid(reasons=["restored-in-the-future"])
    values: Json = {"restored_on": restored_on}
    event: Json = {"restored_on": restored_on.isoformat()}
    if act.dig.ends_on is not None:
        late = (restored_on - act.dig.ends_on).days
        fine = delay_fine(late, act.dig.allowed_delay_days, act.terms)
        if fine > 0:
            values["costs"] = (act.dig.costs or {}) | {"fine": {"days_late": late, "amount": fine}}
            event |= {"days_late": late, "fine": fine}
    return Change(values, [("dig.restored", event)])


def _report_defects(act: Act) -> Change:
    told = [str(each) for each in act.said["defects"]]
    for each in told:
        act.keep(DigRecordKind.DEFECT, {"text": each, "status": act.dig.status.value})
    return Change({}, [("dig.defects_found", {"count": len(told), "defects": told})])


def _fix_defects(act: Act) -> Change:
    open_ones = {row.record_id for row in open_defects(store.records(act.session, act.dig.dig_id))}
    wanted = {UUID(str(each)) for each in act.said.get("records") or open_ones}
    if wanted - open_ones:
        raise DigRequestInvalid(reasons=["defect-not-open"])
    store.close_records(
        act.session, act.dig.dig_id, act.actor, act.now, kind=DigRecordKind.DEFECT, ids=wanted
    )
    return Change({}, [("dig.mended", {"count": len(wanted), "note": act.said.get("note")})])


def _pass_inspection(act: Act) -> Change:
    return Change({}, [("dig.inspected", {"note": act.said.get("note")})])


def _record_test(act: Act) -> Change:
    said = act.said
    body = {key: said.get(key) for key in ("stage", "passed", "laboratory", "result")}
    act.keep(DigRecordKind.TEST, body)
    if said["passed"]:
        return Change({}, [("dig.tested", body)])
    act.keep(DigRecordKind.DEFECT, {"text": f"asphalt-test-{said['stage']}", "status": act.dig.status.value})
    return Change({}, [("dig.tested", body)], frozenset({DigGuard.TEST_FAILED}))


def _accept_provisionally(act: Act) -> Change:
    until = act.today + timedelta(days=act.terms.whole("guarantee_days"))
    said = {"minutes_no": act.said["minutes_no"], "guarantee_until": until.isoformat()}
    return Change({"guarantee_until": until}, [("dig.accepted_provisionally", said)])


def _accept_finally(act: Act) -> Change:
    return Change({}, [("dig.accepted_finally", {"minutes_no": act.said["minutes_no"]})])


# --- ends


def _with_reason(act: Act) -> Change:
    reason = act.said.get("reason")
    warning = DigRecordKind.WARNING
    store.close_records(act.session, act.dig.dig_id, act.actor, act.now, kind=warning)
    return Change({"reason": reason}, moves_in_street=True)


ACTIONS: Mapping[DigAction, Callable[[Act], Change]] = {
    DigAction.CHANGE: _change,
    DigAction.SUBMIT: _submit,
    DigAction.REGULARISE: _regularise,
    DigAction.VISIT: _visit,
    DigAction.INQUIRE: _inquire,
    DigAction.ANSWER: _answer,
    DigAction.REINQUIRE: _reinquire,
    DigAction.REVOKE_SILENCE: _revoke_silence,
    DigAction.OVERRIDE_MORATORIUM: _override_moratorium,
    DigAction.CALCULATE: _calculate,
    DigAction.PAY: _pay,
    DigAction.PERMIT: _permit,
    DigAction.START: _start,
    DigAction.SUPERVISE: _supervise,
    DigAction.RENEW: _renew,
    DigAction.REQUEST_HANDOVER: _request_handover,
    DigAction.REPORT_DEFECTS: _report_defects,
    DigAction.FIX_DEFECTS: _fix_defects,
    DigAction.PASS_INSPECTION: _pass_inspection,
    DigAction.RECORD_TEST: _record_test,
    DigAction.ACCEPT_PROVISIONALLY: _accept_provisionally,
    DigAction.ACCEPT_FINALLY: _accept_finally,
    DigAction.REFUSE: _with_reason,
    DigAction.WITHDRAW: _with_reason,
    DigAction.REVOKE: _with_reason,
}
"""Every action of a person, and what it changes."""
