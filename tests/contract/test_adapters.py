"""Our adapters against real reference companies: every outcome the case can see."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from typing import Any

import httpx2
import pytest
from sqlalchemy import Engine
from sqlalchemy.orm import Session

from integrations.company import ContractCompany
from integrations.delivery import DeliveryConfig, Worker
from integrations.gateways import ADAPTERS, gateways_for
from integrations.modest import AskingCompany
from integrations.transport import Endpoint
from layers.city import City, load_city
from layers.database import make_sessions
from permits import store
from permits.views import CaseView
from permits.vocabulary import OutcomeKind
from tests.permits import town
from tests.permits.town import approve, count, reread, submit


@dataclass(frozen=True)
class Reach:
    url: str
    token: str
    timeout_s: float = 10.0


@pytest.fixture
def door(start: Callable[..., Any]) -> Iterator[Callable[..., tuple[Any, ContractCompany]]]:
    opened: list[ContractCompany] = []

    def make(
        kind: str = "water", *, timeout_s: float = 10.0, token: str | None = None, **settings: Any
    ) -> Any:
        company = start(kind, **settings)
        endpoint = Endpoint(company.url, token or company.bench.token, timeout_s)
        gateway = ADAPTERS[kind](endpoint, {"construction": "SW-90"}, ContractCompany)
        opened.append(gateway)
        return company, gateway

    yield make
    for gateway in opened:
        gateway.close()


OURS = {
    "water": ({"m3_month": 30.0, "diameter_mm": 18.0}, {"m3_month": 30.0, "diameter_inch": 0.75}),
    "power": ({"kilowatt": 20.0}, {"ampere": 32.0, "phases": 3.0}),
    "gas": ({"m3_hour": 7.0}, {"m3_hour": 10.0}),
}


@pytest.mark.parametrize("kind", ["water", "power", "gas"])
def test_a_whole_order_through_each_adapter(kind: str, door: Any) -> None:
    """A14, A15: one order sells the connection and changes the tariff; receipt and number come back."""
    company, gateway = door(kind, max_service_length_m=400, capacity_factor=20)
    asked, sold = OURS[kind]
    inquiry = company.bench.inquiry(capacity=asked)
    assert gateway.inquire(inquiry, f"{inquiry['our_ref']}:inquire").kind is OutcomeKind.DONE

    def answered() -> Any:
        found = gateway.query({"our_ref": inquiry["our_ref"], "kind": "inquiry"}, "q")
        assert found.kind is OutcomeKind.DONE
        return found.body["answer"]

    answer = company.bench.wait_for("answer", answered)
    assert answer["proposed_capacity"] == sold
    terms = {"utility": inquiry["utility"], "capacity": sold, "offer_ref": answer["offer"]["offer_ref"]}
    order = company.bench.order(connection=terms)
    ref = {"our_ref": order["our_ref"]}
    held = gateway.try_order(order, f"{order['our_ref']}:try")
    assert (held.kind, held.body["status"]) == (OutcomeKind.DONE, "held")
    confirmed = gateway.confirm(ref, f"{order['our_ref']}:confirm")
    assert confirmed.kind is OutcomeKind.DONE
    assert confirmed.body["order_number"] == held.body["order_number"]
    assert confirmed.body["bill"]["amount"] == answer["offer"]["amount"]
    assert gateway.query(ref | {"kind": "order"}, "q").body["status"] == "confirmed"
    [entry] = company.bench.get(f"/v1/parcels/{order['parcel_id']}/tariff")["history"]
    assert (entry["class"], entry["code"], entry["receipt"]) == (
        "construction",
        "SW-90",
        confirmed.body["tariff_receipt"],
    )
    late = gateway.cancel(ref, f"{order['our_ref']}:cancel")
    assert (late.kind, late.detail) == (OutcomeKind.REFUSED, "already-confirmed")


def test_refusal_keeps_its_code(door: Any) -> None:
    company, gateway = door()
    order = company.bench.order(parcel_id="unknown")
    outcome = gateway.try_order(order, "k")
    assert (outcome.kind, outcome.detail) == (OutcomeKind.REFUSED, "unknown-parcel")
    assert sorted(outcome.body["reason"]) == ["en", "fa"]


def test_empty_cancel_is_done(door: Any) -> None:
    company, gateway = door()
    order = company.bench.order()
    assert gateway.cancel({"our_ref": order["our_ref"]}, "c").body["status"] == "tombstoned"
    assert gateway.try_order(order, "t").detail == "tombstoned"


@pytest.mark.parametrize(
    ("fault", "kind"),
    [
        ("unavailable", OutcomeKind.RETRY),
        ("error_after_effect", OutcomeKind.UNKNOWN),
        ("timeout_after_effect", OutcomeKind.UNKNOWN),
        ("reset_after_effect", OutcomeKind.UNKNOWN),
    ],
)
def test_each_fault_has_its_outcome_and_heals(fault: str, kind: OutcomeKind, door: Any) -> None:
    company, gateway = door(timeout_s=1.5)
    company.faults(rates={fault: 1}, hang_s=4)
    order = company.bench.order()
    assert gateway.try_order(order, "k").kind is kind
    company.faults()
    assert gateway.try_order(order, "k").kind is OutcomeKind.DONE
    assert company.bench.ledger_of(order["our_ref"]) == ["try"]


def test_a_wrong_token_and_a_used_key_are_for_people(door: Any) -> None:
    company, gateway = door()
    _, stranger = door(token="wrong")
    order = company.bench.order()
    refused = stranger.try_order(order, "k")
    assert (refused.kind, refused.status) == (OutcomeKind.UNKNOWN, 401)
    gateway.try_order(order, "k")
    reused = gateway.try_order(order | {"permit_no": "other"}, "k")
    assert (reused.kind, reused.status) == (OutcomeKind.UNKNOWN, 422)
    missing = gateway.confirm({"our_ref": "never-sent"}, "c")
    assert (missing.kind, missing.status) == (OutcomeKind.UNKNOWN, 404)


def test_what_has_no_word_there_is_not_sent(door: Any) -> None:
    company, gateway = door()
    terms = {"utility": "water", "capacity": {"furlong": 3}, "offer_ref": None}
    order = company.bench.order(connection=terms)
    outcome = gateway.try_order(order, "k")
    assert (outcome.kind, outcome.status) == (OutcomeKind.UNKNOWN, 422)
    assert "furlong" in outcome.detail
    assert company.client.get(f"/v1/orders/{order['our_ref']}").status_code == 404


@pytest.fixture(scope="module")
def city() -> City:
    from pathlib import Path

    return load_city(Path(__file__).resolve().parent.parent.parent / "cities", "schutterwald")


def test_a_city_has_a_gateway_for_each_connected_company(city: City, start: Callable[..., Any]) -> None:
    """Without an endpoint, or below L3, an agency has none: people speak with it."""
    company = start()
    reach = Reach(company.url, company.bench.token)
    made = gateways_for(city, {"water": reach, "power": reach, "telecom": reach}, "http://ours/")
    assert sorted(made) == [("schutterwald", "power"), ("schutterwald", "water")]
    water = made["schutterwald", "water"]
    assert water.is_idempotent
    inquiry = company.bench.inquiry()
    assert water.inquire(inquiry, "k").kind is OutcomeKind.DONE
    for gateway in made.values():
        gateway.close()
    desk = replace(city, agencies=tuple(replace(a, capability="L0") for a in city.agencies))
    assert gateways_for(desk, {"water": reach}) == {}


def test_reply_to_is_our_events_resource(city: City, start: Callable[..., Any]) -> None:
    company = start()
    made = gateways_for(city, {"water": Reach(company.url, company.bench.token)}, "http://127.0.0.1:9/")
    gateway = made["schutterwald", "water"]
    inquiry = company.bench.inquiry()
    gateway.inquire(inquiry, "k")
    gateway.close()
    from sqlalchemy import create_engine, pool, text

    engine = create_engine(company.database, poolclass=pool.NullPool)

    def queued() -> Any:
        with engine.connect() as connection:
            return connection.execute(text("SELECT url FROM webhook")).scalar()

    url = company.bench.wait_for("the webhook", queued)
    engine.dispose()
    assert url == "http://127.0.0.1:9/v1/cities/schutterwald/agencies/water/events"


def test_nobody_at_the_address_is_worth_another_attempt() -> None:
    gateway = ADAPTERS["gas"](Endpoint("http://127.0.0.1:9", "t", 0.5), None, ContractCompany)
    outcome = gateway.confirm({"our_ref": "x"}, "k")
    gateway.close()
    assert (outcome.kind, outcome.status) == (OutcomeKind.RETRY, None)
    assert httpx2.ConnectError.__name__ in outcome.detail


# --- the exchange with a company of each level ---

PATIENCE_S = 60.0
LEVEL_OF = {"water": "L3", "power": "L2", "gas": "L1"}


@pytest.fixture
def companies(start: Callable[..., Any]) -> dict[str, Any]:
    """Water holds, power creates and cancels, gas creates alone; each its own network."""
    return {
        agency: start(agency, level=level, capacity_factor=1000, max_service_length_m=100_000)
        for agency, level in LEVEL_OF.items()
    }


@pytest.fixture
def delivering(companies: dict[str, Any], engine: Engine, seed: int) -> Iterator[None]:
    """Two workers deliver while the test lasts."""
    place = town.city()
    mixed = replace(
        place,
        agencies=tuple(
            replace(a, capability=LEVEL_OF.get(a.agency_id, a.capability)) for a in place.agencies
        ),
    )
    reach = {agency: Reach(company.url, company.bench.token) for agency, company in companies.items()}
    gateways = gateways_for(mixed, reach)
    for gateway in gateways.values():
        if isinstance(gateway, AskingCompany):
            gateway.quiet_s = gateway.fresh_s = 0.4
    config = DeliveryConfig(
        lease_s=30.0, idle_s=0.02, backoff_s=0.02, backoff_cap_s=0.1, poll_after_s=0.0, poll_every_s=0.05
    )
    stop = threading.Event()
    workers = [Worker(make_sessions(engine), gateways, config, seed + n) for n in range(2)]
    threads = [threading.Thread(target=worker.run_forever, args=(stop,)) for worker in workers]
    for thread in threads:
        thread.start()
    yield
    stop.set()
    for thread in threads:
        thread.join()
    for gateway in gateways.values():
        gateway.close()


def rest(session: Session, left: str) -> None:
    """Wait until no case is in a status."""
    deadline = time.monotonic() + PATIENCE_S
    while count(session, "case_", f"status = '{left}'"):
        assert time.monotonic() < deadline, left
        session.rollback()
        threading.Event().wait(0.05)


def history(company: Any, parcel_id: str) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = company.bench.get(f"/v1/parcels/{parcel_id}/tariff")["history"]
    return found


def ledger(company: Any) -> dict[str, list[str]]:
    """What took effect at a company, by reference; a second order under one has a name of its own there."""
    found: dict[str, list[str]] = {}
    for our_ref, op, _ in company.bench.get("/v1/ledger")["entries"]:
        found.setdefault(our_ref, []).append(op)
    assert not [ref for ref in found if "~" in ref]
    return found


ACTIVE = {"water": [["try", "confirm"]], "power": [["try", "confirm"]], "gas": [["try", "confirm"]]}
NOWHERE = {"water": [[], ["try", "cancel"]], "power": [[], ["try", "confirm", "cancel"]], "gas": [[]]}


def judge(view: CaseView, companies: dict[str, Any], ledgers: dict[str, dict[str, list[str]]]) -> None:
    """One order everywhere with one date, or none anywhere."""
    allowed = ACTIVE if view.status == "active" else NOWHERE
    dates = set()
    for agency, company in companies.items():
        books = ledgers[agency].get(f"{view.case_id}:{agency}:construction:1", [])
        assert books in allowed[agency], (view.parcel_id, agency, books)
        entries = history(company, view.parcel_id)
        assert len(entries) == (view.status == "active"), (view.parcel_id, agency, entries)
        dates |= {entry["effective_at"] for entry in entries}
    assert len(dates) == (view.status == "active")


def test_three_levels_under_faults_end_all_or_nothing_with_one_order_each(
    companies: dict[str, Any], delivering: None, session: Session, seed: int
) -> None:
    """A11, T2, T8, T16: answers lost before and after the effect, resets, outages, refusals at any level."""
    refusing = {"P-0": "water", "P-1": "power", "P-2": "gas"}
    spoiled = dict.fromkeys(("error_after_effect", "reset_after_effect", "reset_before_effect"), 0.1)
    spoiled |= dict.fromkeys(("unavailable", "read_unavailable"), 0.1)
    for agency, company in companies.items():
        # What is late by chance must not be later than the quiet time; the simulation has that for L2 and L1.
        late = {"late_effect": 0.1} if LEVEL_OF[agency] == "L3" else {}
        company.faults(seed=seed, rates=spoiled | late, delay_s=0.1)
    views = [submit(session, f"P-{n}") for n in range(8)]
    rest(session, "consulting")
    for parcel_id, agency in refusing.items():
        answer = companies[agency].client.put(f"/sandbox/parcels/{parcel_id}/debt", json={"amount": 1})
        assert answer.status_code == 200
    for view in views:
        approve(session, reread(session, view.case_id))
    rest(session, "exchanging")
    for company in companies.values():
        company.faults()
    ledgers = {agency: ledger(company) for agency, company in companies.items()}
    for view in views:
        after = reread(session, view.case_id)
        refuses = refusing.get(after.parcel_id)
        assert after.status == ("needs_decision" if refuses else "active"), (
            seed,
            after.parcel_id,
            after.tasks,
        )
        assert {t.kind for t in after.tasks} == ({"needs_decision"} if refuses else set())
        judge(after, companies, ledgers)
        said = after.exchanges[0].agencies
        assert {one.agency: one.refusal for one in said if one.refusal} == (
            {refuses: "debt"} if refuses else {}
        )
        assert refuses or all(one.order_number and one.receipt for one in said)
        assert store.verify_case(session, view.case_id) is None
    assert count(session, "step", "attempts > 1")  # calls were made again
