"""Our adapters against real reference companies: every outcome the case can see."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from typing import Any

import httpx2
import pytest

from integrations.company import ContractCompany
from integrations.gateways import ADAPTERS, gateways_for
from integrations.transport import Endpoint
from layers.city import City, load_city
from permits.vocabulary import OutcomeKind


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
