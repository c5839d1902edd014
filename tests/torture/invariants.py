"""What must hold once everything is at rest: the companies' books against ours, line by line."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from typing import Any

import httpx2
from sqlalchemy import text
from sqlalchemy.orm import Session

from integrations.gateways import gateways_for
from integrations.listing import compare_lists
from integrations.sandbox.faults import is_drawn
from layers.city import load_city
from layers.database import make_sessions
from permits import store
from tests.torture.harness import AGENCIES, CITY, ROOT, Harness

ONCE = ["try", "confirm"]
NOTHING_HELD = ([], ["try", "cancel"])


@dataclass(frozen=True)
class Books:
    """One company's ledger: effects in order by reference."""

    effects: dict[str, list[str]]
    tombstones: set[str]


def books(harness: Harness, agency: str) -> Books:
    token = harness.book.agencies[f"schutterwald/{agency}"].token
    effects: dict[str, list[str]] = defaultdict(list)
    tombstones: set[str] = set()
    after = 0
    with httpx2.Client(
        base_url=harness.companies[agency], headers={"authorization": f"Bearer {token}"}, trust_env=False
    ) as client:
        while True:
            page = client.get("/v1/ledger", params={"after": after, "limit": 1000}).raise_for_status().json()
            for our_ref, op, _ in page["entries"]:
                effects[our_ref].append(op)
            tombstones |= {our_ref for our_ref, _ in page["tombstones"]}
            if page["next_after"] is None:
                return Books(dict(effects), tombstones)
            after = page["next_after"]


def check(harness: Harness) -> list[str]:
    """Everything that is wrong; empty when the run kept its promise."""
    wrong: list[str] = []
    kept = {agency: books(harness, agency) for agency in AGENCIES}
    with make_sessions(harness.engine)() as session:
        cases = dict(session.execute(text("SELECT case_id::text, status FROM permits.case_")).all())
        wrong += _lost_or_doubled(harness, cases)
        wrong += _ledgers(harness, cases, kept)
        wrong += _unexplained(cases, kept)
        wrong += _listed(harness, kept)
        wrong += _transitions(session)
        wrong += _tasks(session)
        wrong += _tariffs(session, kept)
        count, faults = store.verify_all(session)
        wrong += [f"chain of {fault.case_id} at {fault.n}: {fault.fault}" for fault in faults]
        if count != len(cases):
            wrong.append(f"{count} chains for {len(cases)} cases")
    return wrong


def _lost_or_doubled(harness: Harness, cases: dict[str, str]) -> list[str]:
    accepted = set(harness.tally.accepted)
    wrong = [f"lost: {case_id} was accepted and is not there" for case_id in accepted - set(cases)]
    wrong += [f"doubled: {case_id} was never accepted" for case_id in set(cases) - accepted]
    if len(accepted) != harness.plan.permits:
        wrong.append(f"{len(accepted)} accepted of {harness.plan.permits}")
    return wrong


def _ledgers(harness: Harness, cases: dict[str, str], kept: dict[str, Books]) -> list[str]:
    """Active: exactly [try, confirm] everywhere. In a person's hands: exactly the planned refusals, nothing held."""
    wrong = []
    for case_id, status in cases.items():
        refs = {agency: f"{case_id}:{agency}:construction:1" for agency in AGENCIES}
        found = {agency: kept[agency].effects.get(ref, []) for agency, ref in refs.items()}
        refused = [agency for agency, ref in refs.items() if _is_refused(harness, agency, ref)]
        expected = "needs_decision" if refused else "active"
        if status != expected:
            wrong.append(f"{case_id} is {status}, planned refusals {refused}: {found}")
        fits = [ops == ONCE if expected == "active" else ops in NOTHING_HELD for ops in found.values()]
        if not all(fits):
            wrong.append(f"{case_id} {status}: {found}")
    return wrong


def _is_refused(harness: Harness, agency: str, ref: str) -> bool:
    plan = harness.fault_plan(agency)
    return is_drawn(plan.seed, "refuse_try", ref, plan.rates.refuse_try)


def _unexplained(cases: dict[str, str], kept: dict[str, Books]) -> list[str]:
    """Reconciliation: no line in a company's books that is not ours."""
    ours = {f"{case_id}:{agency}:construction:1" for case_id in cases for agency in AGENCIES}
    return [
        f"unexplained at {agency}: {ref}"
        for agency, b in kept.items()
        for ref in {*b.effects, *b.tombstones} - ours
    ]


def _listed(harness: Harness, kept: dict[str, Books]) -> list[str]:
    """The nightly comparison with the companies' lists, which people rely on: complete, and 0 unexplained (T16)."""
    gateways = gateways_for(load_city(ROOT / "cities", CITY), harness.book.of(CITY))
    try:
        found = compare_lists(make_sessions(harness.engine), dict(gateways), 7)
    finally:
        for gateway in gateways.values():
            gateway.close()
    wrong = [f"unexplained at {stray.key}: {stray.order} {stray.reason}" for stray in found.strays]
    wrong += [f"the list of {key} was not read: {why}" for key, why in found.broken_off]
    effects = sum(len(b.effects) for b in kept.values())
    if (found.orders, found.others, found.not_listed) != (effects, 0, []):
        wrong.append(
            f"listed {found.orders} and {found.others} of {effects}; without a list {found.not_listed}"
        )
    return wrong


def _transitions(session: Session) -> list[str]:
    """Every call: one entry when it was put out, one for its end, and one for every answered attempt between."""
    steps: list[Any] = list(
        session.execute(
            text(
                "SELECT case_id, op, our_ref, agency_id, state, attempts FROM permits.step "
                "WHERE exchange_id IS NOT NULL"
            )
        )
    )
    said: dict[tuple[str, str], list[str]] = defaultdict(list)
    rows = session.execute(
        text(
            "SELECT event, body::jsonb->>'our_ref' AS ref, body::jsonb->>'op' AS op FROM permits.audit "
            "WHERE event LIKE 'step.%' ORDER BY case_id, n"
        )
    )
    for row in rows:
        said[row.ref or "", row.op or ""].append(row.event)
    wrong = []
    for step in steps:
        events = said[step.our_ref, step.op]
        ends = [e for e in events if e not in ("step.pending", "step.retry")]
        expected = [] if step.state == "superseded" else [f"step.{step.state}"]
        retries = events.count("step.retry")
        if events[:1] != ["step.pending"] or ends != expected or retries + len(ends) > step.attempts:
            wrong.append(f"{step.our_ref} {step.op} {step.state} after {step.attempts}: {events}")
    superseded = sum(step.state == "superseded" for step in steps)
    noted = session.execute(
        text("SELECT count(*) FROM permits.audit WHERE event = 'step.superseded'")
    ).scalar_one()
    if noted != superseded:
        wrong.append(f"{superseded} calls superseded, {noted} entries")
    return wrong


def _tasks(session: Session) -> list[str]:
    rows = session.execute(
        text(
            "SELECT c.case_id FROM permits.case_ c WHERE c.status = 'needs_decision' AND NOT EXISTS (SELECT 1 FROM "
            "permits.human_task t WHERE t.case_id = c.case_id AND t.kind = 'needs_decision' AND t.closed_at IS NULL)"
        )
    )
    return [f"nobody was told of {row.case_id}" for row in rows]


def _tariffs(session: Session, kept: dict[str, Books]) -> list[str]:
    """Ours say confirmed exactly where the company's books do, each with its receipt, all from one instant."""
    rows = session.execute(
        text(
            "SELECT case_id::text AS case_id, agency_id, state, receipt, effective_at FROM permits.tariff_change"
        )
    ).all()
    wrong = []
    instants: dict[str, set[Any]] = defaultdict(set)
    for row in rows:
        ops = kept[row.agency_id].effects.get(f"{row.case_id}:{row.agency_id}:construction:1", [])
        instants[row.case_id].add(row.effective_at)
        if (row.state == "confirmed") != (ops == ONCE) or (row.state == "confirmed") != bool(row.receipt):
            wrong.append(
                f"tariff of {row.case_id} at {row.agency_id}: {row.state}, {row.receipt}, books {ops}"
            )
    return wrong + [
        f"{case_id} has {len(found)} effective instants"
        for case_id, found in instants.items()
        if len(found) != 1
    ]
