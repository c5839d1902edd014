"""Companies with a modest API (L2, L1) against the real adapters: asked before anything is sent, one order each."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from integrations.company import ContractCompany
from integrations.gateways import ADAPTERS, LEVELS
from integrations.modest import AskingCompany
from integrations.transport import Endpoint
from permits.ports import Outcome
from permits.vocabulary import OutcomeKind

PATIENCE_S = 60.0
DONE, REFUSED, RETRY, UNKNOWN = OutcomeKind.DONE, OutcomeKind.REFUSED, OutcomeKind.RETRY, OutcomeKind.UNKNOWN


@pytest.fixture
def door(start: Callable[..., Any]) -> Iterator[Callable[..., Any]]:
    """Starts a water company at a level, and opens the gateway to it; its quiet time is `quiet_s`."""
    opened: list[ContractCompany] = []

    def make(level: str, *, quiet_s: float = 0.2, fresh_s: float = 60.0, path: str = "") -> Any:
        company = start("water", level=level)
        endpoint = Endpoint(company.url + path, company.bench.token, 10.0, "http://127.0.0.1:9/events")
        gateway = ADAPTERS["water"](endpoint, {"construction": "SW-90"}, LEVELS[level])
        assert isinstance(gateway, AskingCompany)
        gateway.quiet_s, gateway.fresh_s = quiet_s, fresh_s
        opened.append(gateway)
        return company, gateway

    yield make
    for gateway in opened:
        gateway.close()


def until(act: Callable[[], Outcome], kind: OutcomeKind) -> Outcome:
    """Call again, after as long as is said, until the outcome is of a kind."""
    deadline = time.monotonic() + PATIENCE_S
    while (said := act()).kind is not kind:
        assert time.monotonic() < deadline, said
        assert not said.is_final, said
        threading.Event().wait(said.retry_after_s or 0.01)
    return said


def orders(company: Any) -> list[str]:
    """Every order in the company's books, duplicates with a name of their own."""
    return [entry[0] for entry in company.bench.get("/v1/ledger")["entries"] if entry[1] == "try"]


def history(company: Any, parcel_id: str) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = company.bench.get(f"/v1/parcels/{parcel_id}/tariff")["history"]
    return found


def test_the_reference_company_makes_a_second_order_where_it_has_no_keys(door: Any) -> None:
    """T2, T8: what the adapters must not let happen is seen here as a fault."""
    company, _ = door("L2")
    order = company.bench.order()
    numbers = {company.post("/v1/orders", order, "the same key").json()["order_number"] for _ in range(2)}
    assert len(numbers) == 2
    assert orders(company) == [order["our_ref"], f"{order['our_ref']}~2"]
    assert len(history(company, order["parcel_id"])) == 2
    assert company.post(f"/v1/orders/{order['our_ref']}:confirm", None, "c").status_code == 404


def test_l2_makes_its_order_at_try_and_takes_it_back_at_cancel(door: Any) -> None:
    """A14, T2: one order however often it is asked for; cancelled before its instant it leaves no trace."""
    company, gateway = door("L2")
    order = company.bench.order()
    ref = {"our_ref": order["our_ref"]}
    made = [gateway.try_order(order, "k") for _ in range(3)]
    assert {(one.kind, one.body["order_number"]) for one in made} == {(DONE, made[0].body["order_number"])}
    stands = gateway.confirm(ref, "c")
    assert (stands.kind, stands.body["order_number"]) == (DONE, made[0].body["order_number"])
    [entry] = history(company, order["parcel_id"])
    assert (entry["receipt"], entry["code"]) == (stands.body["tariff_receipt"], "SW-90")
    assert [gateway.cancel(ref, "x").body["status"] for _ in range(2)] == ["cancelled"] * 2
    assert company.bench.ledger_of(order["our_ref"]) == ["try", "confirm", "cancel"]
    assert history(company, order["parcel_id"]) == []
    gone = gateway.confirm(ref, "c")
    assert (gone.kind, gone.is_final) == (UNKNOWN, True)
    again = gateway.try_order(order, "k")
    assert (again.kind, again.is_final) == (UNKNOWN, True)
    assert orders(company) == [order["our_ref"]]


@pytest.mark.parametrize(
    ("level", "fault"),
    [
        ("L2", "late_effect"),
        ("L2", "reset_after_effect"),
        ("L1", "error_after_effect"),
        ("L1", "reset_before_effect"),
    ],
)
def test_a_lost_answer_is_asked_for_after_a_quiet_time(level: str, fault: str, door: Any) -> None:
    """T2, T8: whether it was acted on, is acted on later, or never: one order."""
    company, gateway = door(level)
    order = company.bench.order()
    create = gateway.try_order if level == "L2" else gateway.confirm
    company.faults(rates={fault: 1}, delay_s=0.1)
    lost = create(order, "k")
    assert (lost.kind, lost.is_final) == (UNKNOWN, False)
    assert lost.retry_after_s is not None
    assert lost.retry_after_s >= gateway.quiet_s
    company.faults()
    if fault != "reset_before_effect":
        company.bench.wait_for("the order", lambda: orders(company))
    assert until(lambda: create(order, "k"), DONE).body["status"] == "confirmed"
    assert orders(company) == [order["our_ref"]]


@pytest.mark.parametrize("level", ["L2", "L1"])
def test_nothing_is_sent_while_the_question_has_no_answer(level: str, door: Any) -> None:
    company, gateway = door(level)
    order = company.bench.order()
    ref = {"our_ref": order["our_ref"]}
    company.faults(rates={"read_unavailable": 1})
    for act in (gateway.try_order, gateway.confirm):
        assert act(order, "k").kind is RETRY
    assert gateway.cancel(ref, "k").kind is RETRY
    assert gateway.inquire(company.bench.inquiry(), "k").kind is RETRY
    company.faults()
    assert orders(company) == []


def test_a_404_that_is_not_the_companys_word_is_no_leave_to_create(door: Any) -> None:
    """A proxy's 404 says nothing about orders."""
    company, gateway = door("L1", path="/elsewhere")
    said = gateway.confirm(company.bench.order(), "k")
    assert (said.kind, said.status, said.retry_after_s) == (UNKNOWN, 404, None)


def test_l2_believes_that_there_is_nothing_only_after_a_while(door: Any) -> None:
    """A create that its sender gave up arrives after the first look of the cancel: it is found and taken back."""
    company, gateway = door("L2", quiet_s=0.2, fresh_s=0.2)
    order, never = company.bench.order(), company.bench.order()
    ref = {"our_ref": order["our_ref"]}
    first = gateway.cancel(ref, "x")
    assert (first.kind, first.retry_after_s) == (RETRY, pytest.approx(0.4))
    assert company.post("/v1/orders", order, "late").status_code == 201
    assert until(lambda: gateway.cancel(ref, "x"), DONE).body["status"] == "cancelled"
    absent = until(lambda: gateway.cancel({"our_ref": never["our_ref"]}, "x"), DONE)
    assert absent.body["status"] == "absent"


def test_l1_makes_its_order_at_confirm_and_keeps_it(door: Any) -> None:
    """A14: TRY has no effect there; what stands is a person's to take back."""
    company, gateway = door("L1")
    order = company.bench.order()
    ref = {"our_ref": order["our_ref"]}
    looked = gateway.try_order(order, "k")
    assert (looked.kind, looked.body["is_held"], orders(company)) == (DONE, False, [])
    assert gateway.cancel(ref, "x").body["status"] == "absent"
    made = [gateway.confirm(order, "c") for _ in range(2)]
    assert {one.body["order_number"] for one in made} == {made[0].body["order_number"]}
    assert made[0].body["tariff_receipt"]
    for said in (gateway.cancel(ref, "x"), gateway.try_order(order, "k")):
        assert (said.kind, said.is_final) == (UNKNOWN, True)
    assert company.post(f"/v1/orders/{order['our_ref']}:cancel", None, "x").status_code == 404
    assert company.bench.ledger_of(order["our_ref"]) == ["try", "confirm"]


def test_another_order_under_our_reference_is_a_persons(door: Any) -> None:
    company, gateway = door("L1")
    order = company.bench.order()
    gateway.confirm(order, "c")
    later = (datetime.now(UTC) + timedelta(days=3)).isoformat()
    for other in ({**order, "effective_at": later}, {**order, "parcel_id": "another"}):
        said = gateway.confirm(other, "c")
        assert (said.kind, said.is_final) == (UNKNOWN, True)
    assert orders(company) == [order["our_ref"]]


@pytest.mark.parametrize("level", ["L2", "L1"])
def test_nothing_is_made_once_its_instant_has_come(level: str, door: Any) -> None:
    """L2 could not take it back for nothing; L1 says so, so that the others are released."""
    company, gateway = door(level)
    order = company.bench.order()
    past = {**order, "effective_at": datetime.now(UTC).isoformat()}
    said = gateway.try_order(past, "k") if level == "L2" else gateway.confirm(past, "k")
    assert said.kind is (RETRY if level == "L2" else REFUSED)
    assert orders(company) == []
    refused = gateway.try_order(company.bench.order(parcel_id="unknown"), "k")
    assert (refused.kind, refused.detail) == ((REFUSED, "unknown-parcel") if level == "L2" else (DONE, ""))


@pytest.mark.parametrize("level", ["L2", "L1"])
def test_an_inquiry_is_made_once_and_its_answer_fetched(level: str, door: Any) -> None:
    company, gateway = door(level)
    inquiry = company.bench.inquiry()
    company.faults(rates={"reset_after_effect": 1})
    assert gateway.inquire(inquiry, "k").kind is UNKNOWN
    company.faults()
    assert gateway.inquire(inquiry, "k").kind is DONE
    asked = {"our_ref": inquiry["our_ref"], "kind": "inquiry"}
    answer = company.bench.wait_for("the answer", lambda: gateway.query(asked, "q").body.get("answer"))
    assert answer["our_ref"] == inquiry["our_ref"]
