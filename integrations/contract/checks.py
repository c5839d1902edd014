"""What a company must do, one check each. A check raises CheckFailed; its docstring is its title."""

from __future__ import annotations

import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta

import httpx2
from standardwebhooks import Webhook, WebhookVerificationError

from integrations.contract.bench import (
    Bench,
    CheckFailed,
    Json,
    NotTried,
    expect,
    problem,
    refused,
    same,
)

Check = Callable[[Bench], None]
CHECKS: list[Check] = []


def check(function: Check) -> Check:
    """The function is one of the checks."""
    CHECKS.append(function)
    return function


@check
def health_needs_no_token(bench: Bench) -> None:
    """Health answers without a token."""
    body = expect(httpx2.get(f"{bench.base_url.rstrip('/')}/v1/health", timeout=bench.patience_s), 200)
    same("status", body.get("status"), "ok")


@check
def token_is_asked_for(bench: Bench) -> None:
    """A missing or wrong token is 401."""
    address = f"{bench.base_url.rstrip('/')}/v1/ledger"
    for headers in ({}, {"authorization": "Bearer wrong"}, {"authorization": f"Bearer {bench.token}x"}):
        problem(httpx2.get(address, headers=headers, timeout=bench.patience_s), 401)


@check
def key_is_asked_for(bench: Bench) -> None:
    """A POST without Idempotency-Key is 400 and has no effect."""
    form = bench.order()
    for path, body in (
        ("/v1/orders", form),
        ("/v1/inquiries", bench.inquiry()),
        (f"/v1/orders/{form['our_ref']}:confirm", None),
        (f"/v1/orders/{form['our_ref']}:cancel", None),
    ):
        problem(bench.client.post(path, json=body), 400)
    same("status of the order", bench.client.get(f"/v1/orders/{form['our_ref']}").status_code, 404)


@check
def malformed_is_400(bench: Bench) -> None:
    """A form that does not follow the contract is 400."""
    no_zone = bench.order(effective_at="2030-01-01T00:00:00")
    backwards = bench.order(hold_until=bench.order()["effective_at"])
    for form in ({}, bench.order(our_ref="with space"), no_zone, backwards, bench.order(tariff_change=None)):
        problem(bench.post("/v1/orders", form), 400)
    nowhere = {"parcel_id": "x", "geometry": {"type": "Polygon", "coordinates": []}, "crs": bench.site.crs}
    for inquiry in (
        bench.inquiry(wish="perhaps"),
        bench.inquiry(parcel=nowhere),
        bench.inquiry(city="nowhere"),
    ):
        problem(bench.post("/v1/inquiries", inquiry), 400)


@check
def unknown_members_are_tolerated(bench: Bench) -> None:
    """A member the company does not know is no error."""
    expect(bench.post("/v1/orders", bench.order(added_in_2031={"a": 1})), 201)


@check
def same_key_same_answer(bench: Bench) -> None:
    """The same request under the same key has the same answer and one effect."""
    form = bench.order()
    key = f"{form['our_ref']}:try"
    first, second = (expect(bench.post("/v1/orders", form, key), 201) for _ in range(2))
    same("second answer", second, first)
    same("ledger", bench.ledger_of(form["our_ref"]), ["try"])


@check
def other_request_under_the_key(bench: Bench) -> None:
    """Another request under a used key is 422 and has no effect."""
    form = bench.held()
    key = f"{form['our_ref']}:try"
    other = bench.order()
    for path, body in (
        ("/v1/orders", other),
        ("/v1/orders", form | {"permit_no": "another"}),
        (f"/v1/orders/{form['our_ref']}:cancel", None),
    ):
        same("refusal", problem(bench.post(path, body, key), 422).get("refusal"), None)
    same("status of the other order", bench.client.get(f"/v1/orders/{other['our_ref']}").status_code, 404)
    same("ledger", bench.ledger_of(form["our_ref"]), ["try"])


@check
def all_at_once(bench: Bench) -> None:
    """Eight equal requests at once have one effect; each is answered with it, or 409 in progress."""
    form = bench.order()
    key = f"{form['our_ref']}:try"
    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(lambda _: bench.post("/v1/orders", form, key), range(8)))
    bodies = [expect(answer, 201) for answer in answers if answer.status_code != 409]
    for answer in answers:
        if answer.status_code == 409:
            same("refusal", problem(answer, 409).get("refusal"), None)
    if not bodies or any(body != bodies[0] for body in bodies):
        raise CheckFailed(f"the answers differ: {bodies}")
    same("ledger", bench.ledger_of(form["our_ref"]), ["try"])


@check
def same_order_under_another_key(bench: Bench) -> None:
    """The same order under another key is the same order; other terms under its reference are 409."""
    form = bench.held()
    number = bench.get(f"/v1/orders/{form['our_ref']}")["order_number"]
    same("order number", expect(bench.post("/v1/orders", form), 201)["order_number"], number)
    differs = bench.post("/v1/orders", form | {"permit_no": "another"})
    same("refusal", problem(differs, 409).get("refusal"), None)
    same("ledger", bench.ledger_of(form["our_ref"]), ["try"])


@check
def confirm_is_final(bench: Bench) -> None:
    """Confirm gives receipt and order number, under any key the same, and bars a cancel."""
    form = bench.held()
    path = f"/v1/orders/{form['our_ref']}:confirm"
    first = expect(bench.post(path), 200)
    same("second confirm", expect(bench.post(path), 200), first)
    same("status", first["status"], "confirmed")
    if not first.get("tariff_receipt"):
        raise CheckFailed("a confirmed tariff change has no receipt")
    refused(bench.post(f"/v1/orders/{form['our_ref']}:cancel"), "already-confirmed")
    same("ledger", bench.ledger_of(form["our_ref"]), ["try", "confirm"])


@check
def tariff_is_dated(bench: Bench) -> None:
    """The tariff's history holds exactly one entry of a confirmed order, from the agreed instant on."""
    past = (datetime.now(UTC) - timedelta(hours=1)).replace(microsecond=0).isoformat()
    for form in (bench.held(), bench.held(effective_at=past)):
        number = expect(bench.post(f"/v1/orders/{form['our_ref']}:confirm"), 200)["order_number"]
        tariff = bench.get(f"/v1/parcels/{form['parcel_id']}/tariff")
        entries = [entry for entry in tariff["history"] if entry["order_number"] == number]
        same("entries", [entry["class"] for entry in entries], [form["tariff_change"]["to"]])
        found = datetime.fromisoformat(entries[0]["effective_at"])
        same("effective_at", found, datetime.fromisoformat(form["effective_at"]))
    same("tariff in force", tariff["current"], "construction")


@check
def held_is_not_yet_in_force(bench: Bench) -> None:
    """A held order changes no tariff."""
    form = bench.held()
    number = bench.get(f"/v1/orders/{form['our_ref']}")["order_number"]
    history = bench.get(f"/v1/parcels/{form['parcel_id']}/tariff")["history"]
    same("entries of a held order", [e for e in history if e["order_number"] == number], [])


@check
def cancel_releases(bench: Bench) -> None:
    """Cancel releases a held order, under any key; a confirm after it is refused."""
    form = bench.held()
    path = f"/v1/orders/{form['our_ref']}:cancel"
    for _ in range(2):
        same("status", expect(bench.post(path), 200)["status"], "cancelled")
    refused(bench.post(f"/v1/orders/{form['our_ref']}:confirm"), "cancelled")
    same("ledger", bench.ledger_of(form["our_ref"]), ["try", "cancel"])


@check
def empty_cancel_bars_a_late_try(bench: Bench) -> None:
    """Cancel of an unknown order leaves a tombstone: the late try is refused and has no effect."""
    form = bench.order()
    path = f"/v1/orders/{form['our_ref']}:cancel"
    for _ in range(2):
        same("status", expect(bench.post(path), 200)["status"], "tombstoned")
    for _ in range(2):
        refused(bench.post("/v1/orders", form), "tombstoned")
    same("ledger", bench.ledger_of(form["our_ref"]), [])
    buried = [stone[0] for stone in bench.get("/v1/ledger")["tombstones"]]
    same("tombstones", buried.count(form["our_ref"]), 1)


@check
def confirm_of_nothing_is_404(bench: Bench) -> None:
    """Confirm of an unknown order is 404."""
    problem(bench.post(f"/v1/orders/{bench.reference('construction')}:confirm"), 404)


@check
def unknown_parcel_is_refused(bench: Bench) -> None:
    """An order for a parcel the company does not know is refused."""
    refused(bench.post("/v1/orders", bench.order(parcel_id="no-such-parcel")), "unknown-parcel")


@check
def hold_ends(bench: Bench) -> None:
    """A held order whose time is over cannot be confirmed, and its cancel succeeds."""
    now = datetime.now(UTC)
    past, soon = (now - timedelta(hours=1)).isoformat(), (now + timedelta(seconds=2)).isoformat()
    form = bench.held(effective_at=past, hold_until=soon)
    time.sleep(2.2)
    refused(bench.post(f"/v1/orders/{form['our_ref']}:confirm"), "hold-expired")
    same("status", expect(bench.post(f"/v1/orders/{form['our_ref']}:cancel"), 200)["status"], "cancelled")


@check
def orders_can_be_reconciled(bench: Bench) -> None:
    """The feed of orders shows every order once, page by page, by the instant of its last change."""
    since = datetime.now(UTC) - timedelta(minutes=5)
    ours = {bench.held()["our_ref"]: ["held"] for _ in range(3)}
    found: dict[str, list[str]] = {our_ref: [] for our_ref in ours}
    query: dict[str, str | int] | None = {"since": since.isoformat(), "limit": 2}
    while query is not None:
        page = expect(bench.client.get("/v1/orders", params=query), 200)
        if len(page["orders"]) > 2:
            raise CheckFailed(f"{len(page['orders'])} orders on a page of 2")
        for order in page["orders"]:
            found.setdefault(order["our_ref"], []).append(order["status"])
        query = query | {"after": page["next"]} if page.get("next") is not None else None
    same("status in the feed", {our_ref: found[our_ref] for our_ref in ours}, ours)


def _answered(bench: Bench, our_ref: str) -> Json:
    def answer() -> Json | None:
        view = bench.get(f"/v1/inquiries/{our_ref}")
        return view["answer"] if view["status"] == "answered" else None

    found: Json = bench.wait_for("an answer", answer)
    return found


@check
def inquiry_is_answered(bench: Bench) -> None:
    """An inquiry is answered with a reason in words and, if serviceable, an itemised price that adds up."""
    form = bench.inquiry()
    received = expect(bench.post("/v1/inquiries", form), 202)
    same("status", received["status"], "received")
    answer = _answered(bench, form["our_ref"])
    same("our_ref", answer["our_ref"], form["our_ref"])
    same("inquiry_id", answer["inquiry_id"], received["inquiry_id"])
    same("languages of the reason", sorted(answer["reason"]), ["en", "fa"])
    same("serviceable", answer["serviceable"], True)
    offer = answer["offer"]
    same("sum of the items", sum(item["amount"] for item in offer["items"]), offer["amount"])
    if answer["nearest_main"]["distance_m"] < 0:
        raise CheckFailed("a distance below zero")


@check
def connection_is_sold(bench: Bench) -> None:
    """An order by an offer is confirmed with a bill of the offered amount."""
    inquiry = bench.inquiry()
    expect(bench.post("/v1/inquiries", inquiry), 202)
    answer = _answered(bench, inquiry["our_ref"])
    connection = {
        "utility": bench.site.utility,
        "capacity": answer["proposed_capacity"],
        "offer_ref": answer["offer"]["offer_ref"],
    }
    form = bench.held(connection=connection)
    bill = expect(bench.post(f"/v1/orders/{form['our_ref']}:confirm"), 200)["bill"]
    same("billed amount", bill["amount"], answer["offer"]["amount"])
    listed = [each["bill_no"] for each in bench.get(f"/v1/parcels/{form['parcel_id']}/bills")["bills"]]
    same("bills of that number", listed.count(bill["bill_no"]), 1)


@check
def far_away_is_not_serviceable(bench: Bench) -> None:
    """A parcel far from every main is answered: not serviceable, too far, no offer."""
    form = bench.inquiry()
    away = _moved(bench.site.geometry, 0.5 if bench.site.crs == "EPSG:4326" else 50_000.0)
    form["parcel"] = {"parcel_id": f"far-{bench.run}", "geometry": away, "crs": bench.site.crs}
    form["excavation"] = None
    expect(bench.post("/v1/inquiries", form), 202)
    answer = _answered(bench, form["our_ref"])
    same(
        "answer",
        [answer["serviceable"], answer["reason_code"], answer["offer"]],
        [False, "too-far-from-main", None],
    )


def _moved(geometry: Json, by: float) -> Json:
    def shift(part: list[object]) -> list[object]:
        if part and isinstance(part[0], int | float):
            return [part[0] + by, *part[1:]]
        return [shift(inner) for inner in part if isinstance(inner, list)]

    return {**geometry, "coordinates": shift(list(geometry["coordinates"]))}


@check
def webhook_is_signed_and_sent_again(bench: Bench) -> None:
    """The answer comes by a signed webhook, again after a 503 under the same id, as it can be fetched."""
    if bench.listener is None or bench.webhook_secret is None:
        raise NotTried("needs --webhook-secret-file and --listen")
    form = bench.inquiry(reply_to=bench.listener.url)
    expect(bench.post("/v1/inquiries", form), 202)
    ours = form["our_ref"].encode()
    listener = bench.listener
    arrived = bench.wait_for(
        "two deliveries",
        lambda: found if len(found := [a for a in listener.arrived if ours in a.body]) >= 2 else None,
    )
    same("ids of the deliveries", len({each.headers.get("webhook-id") for each in arrived}), 1)
    for each in arrived:
        try:
            message = Webhook(bench.webhook_secret).verify(each.body, each.headers)
        except WebhookVerificationError as error:
            raise CheckFailed(f"the signature does not hold: {error}") from error
        same("type", message["type"], "inquiry.answered")
        same("data", message["data"], _answered(bench, form["our_ref"]))
