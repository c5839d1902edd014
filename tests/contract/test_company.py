"""The reference company's own conduct: real answers, capacity, money, restarts, faults."""

from __future__ import annotations

import itertools
import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx2
import pytest
from sqlalchemy import create_engine, pool, text
from standardwebhooks import Webhook, WebhookVerificationError

from integrations.contract.listener import Listener
from integrations.sandbox.faults import is_drawn

SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"


def answer(company: Any, **changes: Any) -> dict[str, Any]:
    form = company.bench.inquiry(**changes)
    assert company.post("/v1/inquiries", form, form["our_ref"]).status_code == 202
    found: dict[str, Any] = company.bench.wait_for(
        "answer", lambda: company.bench.get(f"/v1/inquiries/{form['our_ref']}")["answer"]
    )
    return found


def sql(company: Any, statement: str, **values: Any) -> list[Any]:
    engine = create_engine(company.database, poolclass=pool.NullPool)
    with engine.connect() as connection:
        rows = list(connection.execute(text(statement), values))
    engine.dispose()
    return rows


# --- the order of calls ------------------------------------------------------------

CALLS = ["try", "confirm", "cancel"]
EXPECTED = {
    ("try", "confirm", "cancel"): ([201, 200, 409], ["try", "confirm"]),
    ("try", "cancel", "confirm"): ([201, 200, 409], ["try", "cancel"]),
    ("confirm", "try", "cancel"): ([404, 201, 200], ["try", "cancel"]),
    ("confirm", "cancel", "try"): ([404, 200, 409], []),
    ("cancel", "try", "confirm"): ([200, 409, 404], []),
    ("cancel", "confirm", "try"): ([200, 404, 409], []),
}


@pytest.mark.parametrize("order", list(itertools.permutations(CALLS)), ids="-".join)
def test_every_order_of_calls_ends_in_one_clear_state(order: tuple[str, ...], company: Any) -> None:
    """Empty cancel and hanging try included: no order of arrival leaves an effect nobody asked for."""
    form = company.bench.order()
    ref = form["our_ref"]
    calls = {
        "try": lambda: company.post("/v1/orders", form, f"{ref}:try"),
        "confirm": lambda: company.post(f"/v1/orders/{ref}:confirm", None, f"{ref}:confirm"),
        "cancel": lambda: company.post(f"/v1/orders/{ref}:cancel", None, f"{ref}:cancel"),
    }
    statuses, effects = EXPECTED[order]
    assert [calls[name]().status_code for name in order] == statuses
    # Every answer is the same the second time; only "there is nothing" was no answer to keep.
    again = [calls[name]().status_code for name in order]
    assert [a for a, first in zip(again, statuses, strict=True) if first != 404] == [
        s for s in statuses if s != 404
    ]
    assert company.bench.ledger_of(ref) == effects


# --- real answers ------------------------------------------------------------


@pytest.mark.parametrize(
    ("kind", "units", "capacity"),
    [
        ("water", {"residential": 1}, {"m3_month": 20.0, "diameter_inch": 0.5}),
        ("water", {"residential": 8}, {"m3_month": 160.0, "diameter_inch": 1.25}),
        ("power", {"residential": 1}, {"ampere": 25.0, "phases": 3.0}),
        ("gas", {"residential": 1}, {"m3_hour": 6.0}),
        ("gas", {"residential": 4}, {"m3_hour": 16.0}),
    ],
)
def test_capacity_is_proposed_from_the_units(
    kind: str, units: dict[str, int], capacity: dict[str, float], start: Callable[..., Any]
) -> None:
    found = answer(start(kind, max_service_length_m=400), units=units)
    assert found["proposed_capacity"] == capacity
    assert found["serviceable"]


def test_the_nearest_main_is_the_nearest(company: Any) -> None:
    """The distance is that of a brute-force search in the company's own books."""
    found = answer(company)
    rows = sql(
        company,
        "SELECT m.main_id, ST_Distance(m.geom, p.geom) AS d FROM main m, parcel p WHERE p.parcel_id = :p",
        p=company.bench.site.parcel_id,
    )
    nearest = min(rows, key=lambda row: row.d)
    assert found["nearest_main"]["distance_m"] == pytest.approx(nearest.d, abs=0.005)


def test_a_site_in_degrees_is_the_same_site(company: Any) -> None:
    from pyproj import Transformer

    to_degrees = Transformer.from_crs("EPSG:25832", "EPSG:4326", always_xy=True)
    ring = company.bench.site.geometry["coordinates"][0]
    moved = {"type": "Polygon", "coordinates": [[to_degrees.transform(*point) for point in ring]]}
    parcel = {"parcel_id": company.bench.site.parcel_id, "geometry": moved, "crs": "EPSG:4326"}
    here, there = answer(company), answer(company, parcel=parcel)
    assert there["nearest_main"]["id"] == here["nearest_main"]["id"]
    assert there["nearest_main"]["distance_m"] == pytest.approx(here["nearest_main"]["distance_m"], abs=0.05)


def test_an_unknown_reference_system_is_refused(company: Any) -> None:
    parcel = {"parcel_id": "x", "geometry": company.bench.site.geometry, "crs": "EPSG:999999"}
    form = company.bench.inquiry(parcel=parcel)
    response = company.post("/v1/inquiries", form, form["our_ref"])
    assert (response.status_code, response.json()["code"]) == (400, "invalid-request")
    assert response.json()["params"]["member"] == "parcel.crs"


def test_no_connection_asked_for_is_no_objection_without_a_price(company: Any) -> None:
    found = answer(company, wish="not_needed")
    assert (found["serviceable"], found["reason_code"], found["offer"]) == (
        True,
        "no-connection-requested",
        None,
    )


def test_more_than_is_sold_is_out_of_range(start: Callable[..., Any]) -> None:
    """A minor gas subscriber takes at most 160 m3/h."""
    found = answer(start("gas"), capacity={"m3_hour": 161})
    assert (found["serviceable"], found["reason_code"]) == (False, "capacity-out-of-range")


def test_a_pit_at_our_line_brings_the_condition_to_dig_by_hand(company: Any) -> None:
    [line] = sql(
        company, "SELECT main_id, ST_AsGeoJSON(ST_Buffer(geom, 0.5)) AS pit FROM main ORDER BY 1 LIMIT 1"
    )
    pit = {"geometry": json.loads(line.pit), "crs": "EPSG:25832", "depth_m": 2.0}
    found = {c["code"]: c for c in answer(company, excavation=pit)["conditions"]}
    assert "hand-dig-near-line" in found
    assert sorted(found["hand-dig-near-line"]["text"]) == ["en", "fa"]
    assert "hand-dig-near-line" not in {c["code"] for c in answer(company, excavation=None)["conditions"]}


def test_demolition_brings_the_condition_to_disconnect(company: Any) -> None:
    [row] = sql(
        company, "SELECT parcel_id, ST_AsGeoJSON(geom) AS g FROM parcel WHERE services > 0 ORDER BY 1 LIMIT 1"
    )
    parcel = {"parcel_id": row.parcel_id, "geometry": json.loads(row.g), "crs": "EPSG:25832"}
    codes = {c["code"] for c in answer(company, parcel=parcel, works="demolish_rebuild")["conditions"]}
    assert "disconnect-before-demolition" in codes


# --- capacity ------------------------------------------------------------


def connection(company: Any, **capacity: float) -> dict[str, Any]:
    return {"utility": company.bench.site.utility, "capacity": capacity, "offer_ref": None}


def test_capacity_runs_out_and_comes_back(company: Any) -> None:
    """Orders take capacity; with none left a parcel is not serviceable; a cancel gives it back."""
    sold: list[str] = []
    big = 420.0
    for _ in range(200):
        form = company.bench.order(connection=connection(company, m3_month=big))
        response = company.post("/v1/orders", form, form["our_ref"])
        if response.status_code != 201:
            break
        sold.append(form["our_ref"])
    assert (response.status_code, response.json()["refusal"]) == (422, "no-capacity")
    assert sold
    confirmed = company.post(f"/v1/orders/{sold[0]}:confirm", None, "c")
    assert confirmed.status_code == 200
    found = answer(company, capacity={"m3_month": big})
    assert (found["serviceable"], found["reason_code"], found["offer"]) == (False, "no-capacity", None)
    [[over]] = sql(
        company,
        "SELECT count(*) FROM (SELECT m.main_id FROM main m JOIN orders o USING (main_id) "
        "GROUP BY 1 HAVING sum(o.demand) + min(m.existing) > min(m.capacity)) x",
    )
    assert over == 0
    assert company.post(f"/v1/orders/{sold[-1]}:cancel", None, "x").status_code == 200
    assert answer(company, capacity={"m3_month": big})["serviceable"]


def test_two_orders_cannot_share_the_last_of_a_main(start: Callable[..., Any]) -> None:
    from concurrent.futures import ThreadPoolExecutor

    company = start(max_service_length_m=30)
    forms = [company.bench.order(connection=connection(company, m3_month=420.0)) for _ in range(60)]
    with ThreadPoolExecutor(8) as workers:
        statuses = list(workers.map(lambda f: company.post("/v1/orders", f, f["our_ref"]).status_code, forms))
    assert set(statuses) == {201, 422}
    rows = sql(
        company,
        "SELECT m.capacity, m.existing + sum(o.demand) AS taken FROM main m JOIN orders o USING (main_id) "
        "WHERE o.state = 'held' GROUP BY m.main_id",
    )
    assert rows
    assert all(row.taken <= row.capacity for row in rows)


def test_a_debt_is_a_refusal(company: Any) -> None:
    path = f"/sandbox/parcels/{company.bench.site.parcel_id}/debt"
    assert company.client.put(path, json={"amount": 5}).status_code == 200
    form = company.bench.order()
    assert company.post("/v1/orders", form, "1").json()["refusal"] == "debt"
    assert company.client.put(path, json={"amount": 0}).status_code == 200
    assert company.post("/v1/orders", form, "1").json()["refusal"] == "debt"  # the key's own answer
    assert company.post("/v1/orders", form, "2").status_code == 201


# --- money ------------------------------------------------------------


def test_a_bill_in_rials_carries_valid_bill_and_payment_ids(start: Callable[..., Any]) -> None:
    from integrations.sandbox.pricing import check_digit

    company = start("power", currency="IRR")
    form = company.bench.held(connection=connection(company, ampere=32, phases=3))
    bill = company.post(f"/v1/orders/{form['our_ref']}:confirm", None, "c").json()["bill"]
    assert bill["currency"] == "IRR"
    assert bill["amount"] % 1000 == 0
    assert check_digit(bill["bill_id"][:-1]) == int(bill["bill_id"][-1])
    assert bill["bill_id"][-2] == "2"  # electricity
    assert check_digit(bill["payment_id"][:-2]) == int(bill["payment_id"][-2])
    assert check_digit(bill["bill_id"] + bill["payment_id"][:-1]) == int(bill["payment_id"][-1])
    assert int(bill["payment_id"][:-5]) * 1000 == bill["amount"]


# --- restarts ------------------------------------------------------------


def test_a_killed_company_has_forgotten_nothing(process: Any, site: Callable[..., Any]) -> None:
    """Killed between the calls: order, key, tombstone, faults and an open inquiry are all still there."""
    from integrations.contract.bench import Bench

    process.start()
    bench = Bench(process.url, "a-token-of-the-test", site(), patience_s=20)
    form = bench.order()
    buried = bench.reference("construction")
    first = bench.post("/v1/orders", form, "try").content
    bench.post(f"/v1/orders/{buried}:cancel", None, "bury")
    assert bench.client.put("/sandbox/faults", json={"seed": 7, "delay_s": 0.25}).status_code == 200
    with Listener() as listener:
        inquiry = bench.inquiry(reply_to=listener.url)
        bench.post("/v1/inquiries", inquiry, "ask")
        process.kill()
        process.start()
        assert bench.wait_for("the webhook", lambda: len(listener.arrived) >= 2)
    assert bench.post("/v1/orders", form, "try").content == first
    assert bench.post(f"/v1/orders/{form['our_ref']}:confirm", None, "confirm").status_code == 200
    process.kill()
    process.start()
    assert bench.get(f"/v1/orders/{form['our_ref']}")["status"] == "confirmed"
    assert bench.get(f"/v1/orders/{buried}")["status"] == "tombstoned"
    assert bench.ledger_of(form["our_ref"]) == ["try", "confirm"]
    assert bench.get("/sandbox/faults")["seed"] == 7
    bench.close()


def test_a_company_outlives_the_connections_to_its_database(company: Any) -> None:
    form = company.bench.held()
    sql(
        company,
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
        "WHERE datname = current_database() AND pid <> pg_backend_pid()",
    )
    assert company.post(f"/v1/orders/{form['our_ref']}:confirm", None, "c").status_code == 200
    assert answer(company)["serviceable"]


def test_an_inquiry_that_cannot_be_answered_holds_up_no_other(company: Any, monkeypatch: Any) -> None:
    from integrations.sandbox import inquiries

    decide = inquiries._decide
    poisoned = company.bench.inquiry()

    def poisonous(company_: Any, connection_: Any, row: Any) -> Any:
        if row.our_ref == poisoned["our_ref"]:
            raise ZeroDivisionError
        return decide(company_, connection_, row)

    monkeypatch.setattr(inquiries, "_decide", poisonous)
    assert company.post("/v1/inquiries", poisoned, "p").status_code == 202
    assert answer(company)["serviceable"]
    assert company.bench.get(f"/v1/inquiries/{poisoned['our_ref']}")["status"] == "received"


def test_a_company_without_a_price_list_does_not_open(start: Callable[..., Any]) -> None:
    with pytest.raises(LookupError, match="CHF"):
        start(currency="CHF")


def test_the_network_is_loaded_once(company: Any, start: Callable[..., Any]) -> None:
    [[before]] = sql(company, "SELECT count(*) FROM main")
    again = start(database=company.database)
    [[after]] = sql(again, "SELECT count(*) FROM main")
    assert (before, after) == (786, 786)


# --- faults ------------------------------------------------------------


def test_unavailable_has_no_effect(company: Any) -> None:
    company.faults(rates={"unavailable": 1})
    form = company.bench.order()
    response = company.post("/v1/orders", form, "k")
    assert response.status_code == 503
    assert response.headers["retry-after"] == "1"
    assert company.bench.ledger_of(form["our_ref"]) == []


@pytest.mark.parametrize("kind", ["error_after_effect", "reset_after_effect", "timeout_after_effect"])
def test_a_lost_answer_is_found_again_under_its_key(kind: str, company: Any) -> None:
    company.faults(rates={kind: 1}, hang_s=5)
    form = company.bench.order()
    try:
        status: int | None = company.client.post(
            "/v1/orders", json=form, headers={"idempotency-key": "k"}, timeout=1.5
        ).status_code
    except httpx2.ReadTimeout:
        status = None
        assert kind == "timeout_after_effect"
    except httpx2.NetworkError:
        status = None
        assert kind == "reset_after_effect"
    assert status == (500 if kind == "error_after_effect" else None)
    assert company.bench.ledger_of(form["our_ref"]) == ["try"]
    company.faults()
    response = company.post("/v1/orders", form, "k")
    assert response.status_code == 201
    assert response.headers["idempotent-replayed"] == "true"
    assert company.bench.ledger_of(form["our_ref"]) == ["try"]


def test_an_outage_spares_only_the_switches(company: Any) -> None:
    company.faults(outage=True)
    assert company.client.get("/v1/ledger").status_code == 503
    assert company.client.get("/v1/health").status_code == 503
    company.faults()
    assert company.client.get("/v1/ledger").status_code == 200


@pytest.mark.parametrize(
    ("kind", "refusal"), [("refuse_try", "no-capacity"), ("refuse_tariff", "tariff-change-refused")]
)
def test_planned_refusals_can_be_computed_beforehand(kind: str, refusal: str, company: Any) -> None:
    """The draw depends on seed and reference alone, so a test knows what will be refused (seed 42)."""
    company.faults(seed=42, rates={kind: 0.3})
    drawn = []
    for _ in range(40):
        form = company.bench.order()
        response = company.post("/v1/orders", form, form["our_ref"])
        expected = is_drawn(42, kind, form["our_ref"], 0.3)
        assert (response.status_code == 422) == expected
        assert response.json().get("refusal") == (refusal if expected else None)
        drawn.append(expected)
    assert 0 < sum(drawn) < 40


def test_the_fault_plan_is_checked(company: Any) -> None:
    assert company.client.put("/sandbox/faults", json={"rates": {"unavailable": 2}}).status_code == 400
    assert company.client.put("/sandbox/faults", json={"rates": {"no_such": 1}}).status_code == 400
    assert httpx2.put(f"{company.url}/sandbox/faults", json={}).status_code == 401


def test_fault_rates_are_kept() -> None:
    drawn = sum(is_drawn(1, "delay", str(i), 0.25) for i in range(4000))
    assert 900 < drawn < 1100
    assert not is_drawn(1, "delay", "x", 0)
    assert is_drawn(1, "delay", "x", 1)


# --- webhooks ------------------------------------------------------------


def test_duplicate_and_late_webhooks_are_one_message(company: Any) -> None:
    company.faults(rates={"duplicate_webhook": 1, "late_webhook": 1}, late_s=1)
    with Listener(refuse_first=False) as listener:
        form = company.bench.inquiry(reply_to=listener.url)
        asked_at = datetime.now(UTC)
        company.post("/v1/inquiries", form, "k")
        company.bench.wait_for("both", lambda: len(listener.arrived) == 2)
    first, second = listener.arrived
    assert first.headers["webhook-id"] == second.headers["webhook-id"]
    assert first.body == second.body
    sent_at = datetime.fromtimestamp(int(first.headers["webhook-timestamp"]), UTC)
    assert sent_at >= asked_at.replace(microsecond=0) + timedelta(seconds=1)


def test_a_changed_webhook_is_found_out(company: Any) -> None:
    with Listener(refuse_first=False) as listener:
        form = company.bench.inquiry(reply_to=listener.url)
        company.post("/v1/inquiries", form, "k")
        company.bench.wait_for("the webhook", lambda: listener.arrived)
    [arrived] = listener.arrived
    assert Webhook(SECRET).verify(arrived.body, arrived.headers)["data"]["our_ref"] == form["our_ref"]
    with pytest.raises(WebhookVerificationError):
        Webhook(SECRET).verify(arrived.body.replace(b"true", b"false"), arrived.headers)
    with pytest.raises(WebhookVerificationError):
        Webhook("whsec_" + "A" * 32).verify(arrived.body, arrived.headers)


def test_without_a_secret_nothing_is_sent_and_the_answer_can_be_fetched(start: Callable[..., Any]) -> None:
    company = start(webhook_secret=None)
    with Listener() as listener:
        found = answer(company, reply_to=listener.url)
    assert found["serviceable"]
    assert listener.arrived == []


def test_execution_is_announced_where_the_inquiry_said(start: Callable[..., Any]) -> None:
    company = start(announce_execution=True)
    with Listener(refuse_first=False) as listener:
        asked = answer(company, reply_to=listener.url)
        # The answer can be fetched before its message has left: wait for it, or the execution may overtake it.
        company.bench.wait_for("the answer's message", lambda: listener.arrived)
        case_ref = asked["our_ref"].split(":")[0]
        form = company.bench.held(case_ref=case_ref, connection=connection(company))
        company.post(f"/v1/orders/{form['our_ref']}:confirm", None, "c")
        company.bench.wait_for("two messages", lambda: len(listener.arrived) == 2)
    kinds = [json.loads(each.body)["type"] for each in listener.arrived]
    assert kinds == ["inquiry.answered", "order.executed"]
    assert "as_built" not in json.loads(listener.arrived[1].body)["data"]


def test_what_was_proposed_and_built_comes_back_as_a_drawing(start: Callable[..., Any]) -> None:
    company = start(announce_execution=True)
    route = {"type": "LineString", "coordinates": [[0.0, 0.0], [3.0, 4.0]]}
    proposal = {
        "main_id": "W1", "route": route, "crs": "EPSG:25832", "length_m": 5.0, "cover_m": 1.2,
        "size": {"name": "PE 32", "outer_diameter_mm": 32},
    }  # fmt: skip
    with Listener(refuse_first=False) as listener:
        asked = answer(company, reply_to=listener.url, proposal=proposal)
        company.bench.wait_for("the answer's message", lambda: listener.arrived)
        form = company.bench.held(case_ref=asked["our_ref"].split(":")[0], connection=connection(company))
        company.post(f"/v1/orders/{form['our_ref']}:confirm", None, "c")
        company.bench.wait_for("two messages", lambda: len(listener.arrived) == 2)
    built = json.loads(listener.arrived[1].body)["data"]["as_built"]
    assert built["geometry"] == route
    assert (built["cover_m"], built["outer_diameter_mm"], built["crs"]) == (1.2, 32, "EPSG:25832")


def test_an_unreachable_address_does_not_hold_up_the_others(company: Any) -> None:
    with Listener(refuse_first=False) as listener:
        lost = company.bench.inquiry(reply_to="http://127.0.0.1:9/none")
        found = company.bench.inquiry(reply_to=listener.url)
        for form in (lost, found):
            company.post("/v1/inquiries", form, form["our_ref"])
        company.bench.wait_for("the webhook", lambda: listener.arrived)
    [row] = sql(company, "SELECT attempts, last_error FROM webhook WHERE our_ref = :r", r=lost["our_ref"])
    assert row.attempts >= 1
    assert "Connect" in row.last_error
