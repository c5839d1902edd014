"""Orders that only a company knows: a real reference company over HTTP, a real database, our own books."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from sqlalchemy import Engine, text
from sqlalchemy.orm import Session
from typer.testing import CliRunner

from api.cli import app
from integrations.company import PAGE
from integrations.gateways import gateways_for
from integrations.listing import Listed, compare_lists
from integrations.nightly import NightlyReconcile
from layers.database import make_sessions
from permits import checkpoints, store, unexplained
from permits.ports import Outcome
from permits.reconciling import begin
from permits.requests import WishRequest
from permits.vocabulary import OutcomeKind, Role, Unexplained, Wish
from tests.api.conftest import served
from tests.integrations.stub_company import StubCompany
from tests.integrations.working import QUICK, Worker, until_rest
from tests.permits import town

KEY = ("schutterwald", "water")


@dataclass(frozen=True)
class Reach:
    url: str
    token: str
    timeout_s: float = 10.0


@dataclass
class Town:
    """A case that went through: water is a reference company, power and gas are small ones that list nothing."""

    water: Any
    case_id: Any
    case_no: str
    gateways: dict[Any, Any]
    reach: dict[str, Reach]
    engine: Engine

    @property
    def our_ref(self) -> str:
        return f"{self.case_id}:water:construction:1"

    def books(self, **changes: Any) -> dict[str, Any]:
        """An order is put into the company's books in our name, without us."""
        form: dict[str, Any] = self.water.bench.order(case_ref=self.case_no) | changes
        answer = self.water.post("/v1/orders", form, f"{form['our_ref']}:try")
        assert answer.status_code == 201, answer.text
        return form | dict(answer.json())

    def compared(self, days: float = 7) -> Listed:
        return compare_lists(make_sessions(self.engine), self.gateways, days)

    def tasks(self, session: Session) -> list[tuple[str, str | None, str]]:
        """(reference, case number, reason) of what a person is told in the city."""
        session.rollback()
        found = unexplained.open_orders(session, "schutterwald", 100)
        return [(each.detail["our_ref"], each.case_no, each.detail["reason"]) for each in found]


@pytest.fixture
def place(engine: Engine, session: Session, start: Callable[..., Any]) -> Iterator[Town]:
    with ExitStack() as stack:
        water = start("water")
        reach = {"water": Reach(water.url, water.bench.token)}
        for agency in ("power", "gas"):
            company = stack.enter_context(StubCompany(agency))
            reach[agency] = Reach(company.url, company.token)
        gateways = gateways_for(town.city(), reach)
        for gateway in gateways.values():
            stack.callback(gateway.close)
        worker = Worker(make_sessions(engine), gateways, QUICK, 1)
        wishes = {agency: WishRequest(Wish.NOT_NEEDED) for agency in town.AGENCIES}
        parcel = water.bench.site.parcel_id
        view = until_rest(worker, session, town.submit(session, parcel, wishes=wishes), "awaiting_decision")
        view = until_rest(worker, session, town.approve(session, view), "active")
        yield Town(water, view.case_id, view.case_no, dict(gateways), reach, engine)


def test_t16_after_a_normal_run_every_listed_order_is_ours(place: Town, session: Session) -> None:
    """T16: all orders are explained; companies without a list are named, and nothing is concluded of them."""
    found = place.compared()
    assert (found.orders, found.others, found.strays, found.broken_off) == (1, 0, [], [])
    assert sorted(found.not_listed) == [("schutterwald", "gas"), ("schutterwald", "power")]
    assert place.tasks(session) == []


def test_t16_an_order_that_only_the_company_knows_is_told_until_it_is_gone(
    place: Town, session: Session, root: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """T16: one task for each, once, on its case or the city's; the command says so; released at the company: closed."""
    stranger, case = str(uuid4()), str(place.case_id)
    made = {
        Unexplained.UNKNOWN_CASE: place.books(our_ref=f"{stranger}:water:construction:1", case_ref="2026-9"),
        Unexplained.UNKNOWN_ORDER: place.books(our_ref=f"{case}:water:construction:2"),
    }
    place.books(our_ref="by-telephone-7")  # in another form: not in our name
    for _ in range(2):
        found = place.compared()
        assert {stray.reason: stray.order.our_ref for stray in found.strays} == {
            reason: order["our_ref"] for reason, order in made.items()
        }
        assert (found.orders, found.others, found.closed) == (3, 1, 0)
        assert sorted(place.tasks(session)) == sorted(
            [
                (made[Unexplained.UNKNOWN_CASE]["our_ref"], None, "unknown-case"),
                (made[Unexplained.UNKNOWN_ORDER]["our_ref"], place.case_no, "unknown-order"),
            ]
        )
    view = town.reread(session, place.case_id)
    assert [(task.kind, task.agency) for task in view.tasks] == [("unexplained_order", "water")]
    detail = view.tasks[0].detail
    number = made[Unexplained.UNKNOWN_ORDER]["order_number"]
    assert (detail["order_number"], detail["status"]) == (number, "held")

    code, said = _command(place, tmp_path, monkeypatch)
    assert code == 1, said
    assert f"{case}:water:construction:2 {number} held: unexplained, unknown-order" in said
    assert "3 orders listed, 2 unexplained, 0 explained since, 1 under other references" in said
    assert "companies: 2 not listed, 0 broken off" in said

    with served(
        place.engine.url.render_as_string(hide_password=False), root, tmp_path / "api", [KEY[0]]
    ) as api:
        asked = {role: api.client(role) for role in (Role.AUDITOR, Role.FRONT_OFFICE)}
        answers = {
            role: each.get("/v1/cities/schutterwald/reports/unexplained-orders")
            for role, each in asked.items()
        }
        for each in asked.values():
            each.close()
    assert answers[Role.FRONT_OFFICE].status_code == 403
    orders = answers[Role.AUDITOR].json()["orders"]
    assert {(each["case_no"], each["detail"]["reason"]) for each in orders} == {
        (None, "unknown-case"),
        (place.case_no, "unknown-order"),
    }

    for order in made.values():  # days later: what is told is asked for as far back as it lies
        assert place.water.post(f"/v1/orders/{order['our_ref']}:cancel", None, "c").status_code == 200
        break
    found = place.compared(days=0)
    assert ([stray.reason for stray in found.strays], found.closed) == ([Unexplained.UNKNOWN_ORDER], 1)
    place.water.post(f"/v1/orders/{made[Unexplained.UNKNOWN_ORDER]['our_ref']}:cancel", None, "d")
    code, said = _command(place, tmp_path, monkeypatch)
    assert (code, place.tasks(session)) == (0, []), said
    assert town.reread(session, place.case_id).tasks == []
    assert store.verify_case(session, place.case_id) is None
    assert checkpoints.verify_others(session) == (1, [])  # of the order that no case has


def _command(place: Town, folder: Path, monkeypatch: pytest.MonkeyPatch) -> tuple[int, str]:
    """`panjereh reconcile`: its exit code and what it says."""
    book = {
        f"schutterwald/{name}": {"url": each.url, "token": each.token, "webhook_secret": "whsec_x"}
        for name, each in place.reach.items()
    }
    (folder / "agencies.json").write_text(json.dumps({"agencies": book}))
    values = {
        "DATABASE_URL": place.engine.url.render_as_string(hide_password=False),
        "DATA_DIR": str(folder),
        "AGENCIES_FILE": str(folder / "agencies.json"),
        "CITIES": '["schutterwald"]',
    }
    for name, value in values.items():
        monkeypatch.setenv(f"PANJEREH_{name}", value)
    done = CliRunner().invoke(app, ["reconcile"])
    return done.exit_code, done.output


def test_t16_why_an_order_is_none_of_ours(place: Town, session: Session) -> None:
    """T16: of another company or case, under another number, a second one, refused to us; released ones bind nobody."""
    ours = f"{place.case_id}:{{}}:construction:1"
    number = session.execute(
        text("SELECT result->>'order_number' FROM permits.step WHERE our_ref = :r AND op = 'try'"),
        {"r": place.our_ref},
    ).scalar_one()
    session.execute(
        text("UPDATE permits.step SET state = 'refused', result = NULL WHERE our_ref = :r AND op = 'try'"),
        {"r": ours.format("gas")},
    )
    session.execute(
        text("UPDATE permits.step SET result = NULL WHERE our_ref = :r AND op = 'try'"),
        {"r": ours.format("power")},
    )

    def reasons(agency: str, *lines: tuple[str, str | None, str, str | None]) -> list[str | None]:
        names = ("our_ref", "order_number", "status", "case_ref")
        read = [unexplained.read_listed(dict(zip(names, line, strict=True))) for line in lines]
        orders = [order for order in read if order is not None]
        found = unexplained.unexplained(session, (KEY[0], agency), orders, {})
        said = {stray.order: stray.reason.value for stray in found}
        return [said.get(order) for order in orders]

    water, power, gas = (ours.format(agency) for agency in ("water", "power", "gas"))
    no = place.case_no
    assert reasons("water", (water, number, "confirmed", no), (water, number, "held", None)) == [None, None]
    assert reasons("water", (water, number, "confirmed", "2026-000009")) == ["other-case"]
    assert reasons("water", (water, number, "confirmed", no), (water, "W-2", "held", no)) == [
        None,
        "other-number",
    ]
    assert reasons("power", (power, "P-1", "held", no), (power, "P-1", "confirmed", no)) == [None, None]
    assert reasons("power", (power, "P-1", "held", no), (power, "P-2", "held", no)) == [None, "other-number"]
    assert reasons("power", (water, number, "held", no)) == ["other-company"]
    assert reasons("gas", (gas, "G-1", "held", no), (gas, None, "cancelled", no)) == ["refused", None]
    session.execute(text("UPDATE permits.step SET attempts = 0 WHERE our_ref = :r"), {"r": gas})
    assert reasons("gas", (gas, "G-1", "held", no)) == ["unknown-order"]  # made here, and never sent
    assert reasons("gas", ("x" + gas, "G-1", "held", no), ("telephone", None, "held", None)) == []
    assert reasons("water", (water.upper(), number, "held", no)) == ["unknown-order"]


def test_a_list_that_ends_too_soon_concludes_nothing_of_the_rest(
    place: Town, session: Session, monkeypatch: pytest.MonkeyPatch
) -> None:
    """T16: page by page; what was read is told, what was not read closes nothing, and it is said."""
    monkeypatch.setattr("integrations.company.PAGE", 1)
    monkeypatch.setattr("integrations.listing.ATTEMPTS", 1)
    first, second = (place.books(our_ref=f"{place.case_id}:water:construction:{n}") for n in (2, 3))
    whole = place.compared()
    assert (whole.orders, len(whole.strays), whole.broken_off) == (3, 2, [])
    assert whole.closed == 0

    door, pages = place.gateways[KEY], iter(("read", "read"))

    class Failing:
        """The company's own door; the company is away once two pages are read."""

        def list_orders(self, since: datetime, after: str | None) -> Outcome:
            if next(pages, None) is None:
                place.water.faults(outage=True)
            found: Outcome = door.list_orders(since, after)
            return found

    place.water.post(f"/v1/orders/{second['our_ref']}:cancel", None, "c")
    place.gateways[KEY] = Failing()
    found = place.compared()
    assert [stray.order.our_ref for stray in found.strays] == [first["our_ref"]]
    assert ([key for key, _ in found.broken_off], found.closed) == ([KEY], 0)
    assert len(place.tasks(session)) == 2
    place.water.faults()
    place.gateways[KEY] = door
    assert place.compared().closed == 1


def test_t16_one_worker_compares_each_night(place: Town, session: Session) -> None:
    """T16: without anybody's timer; not at the first start, not twice a night, not again after the command."""
    place.books(our_ref=f"{place.case_id}:water:construction:2")
    sessions = make_sessions(place.engine)
    one, other = (NightlyReconcile(sessions, place.gateways, 24) for _ in range(2))
    assert (one(), other(), place.tasks(session)) == (False, False, [])
    later = text("UPDATE permits.reconciliation SET began_at = began_at - interval '25 hours'")
    session.execute(later)
    session.commit()
    assert (one(), other()) == (True, False)
    one.wait()
    assert [reason for _, _, reason in place.tasks(session)] == ["unknown-order"]
    said = session.execute(text("SELECT said FROM permits.reconciliation ORDER BY began_at DESC LIMIT 1"))
    counts = said.scalar_one()
    assert (counts["listed"], counts["unexplained"], counts["not_listed"], counts["differ"]) == (2, 1, 2, 0)
    session.execute(later)
    with sessions.begin() as another:
        assert begin(another, None) is not None
    session.commit()
    assert (one(), other()) == (False, False)


def test_an_odd_list_is_no_list(engine: Engine) -> None:
    """T15: a list in a circle, in another form, or cut off without a word, concludes nothing and ends."""

    class Odd:
        def __init__(self, body: dict[str, Any]) -> None:
            self.body = body

        def list_orders(self, since: datetime, after: str | None) -> Outcome:
            return Outcome(OutcomeKind.DONE, 200, self.body)

    bodies: list[tuple[dict[str, Any], str]] = [
        ({"orders": [], "next": "x"}, "does not go on"),
        ({"orders": [None], "next": "x"}, "does not go on"),
        ({"orders": "none", "next": None}, "contract"),
        ({"orders": [], "next": 7}, "contract"),
        ({"orders": [None] * PAGE}, "full page"),
    ]
    for body, why in bodies:
        found = compare_lists(make_sessions(engine), {KEY: Odd(body)}, 7)  # type: ignore[dict-item]
        assert (found.orders, found.strays, [key for key, _ in found.broken_off]) == (0, [], [KEY])
        assert why in found.broken_off[0][1]
    line = {"our_ref": f"{uuid4()}:water:construction:1", "order_number": "W-1", "status": "held"}
    twice = compare_lists(make_sessions(engine), {KEY: Odd({"orders": [line, line], "next": None})}, 7)  # type: ignore[dict-item]
    assert (twice.orders, len(twice.strays), twice.broken_off) == (
        2,
        1,
        [],
    )  # it changed while the list was read
    odd = {
        "our_ref": f"{uuid4()}:\x00wa\ud800ter:construction:1",
        "order_number": "\x00" * 9_999,
        "status": "\udfff",
    }
    told = compare_lists(make_sessions(engine), {KEY: Odd({"orders": [odd], "next": None})}, 7)  # type: ignore[dict-item]
    assert [stray.order.status for stray in told.strays] == ["?"]
