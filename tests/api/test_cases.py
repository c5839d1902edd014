"""The case over HTTP: who sees what, paging, idempotency, signed messages from agencies."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import httpx2
import pytest
from openapi_spec_validator import validate
from standardwebhooks.webhooks import Webhook

from api import demo
from layers.city import load_city
from layers.database import make_engine
from permits.vocabulary import Role
from tests.api.conftest import SECRET, Served

Code = Callable[[httpx2.Response], str]
BASE = "/v1/cities/schutterwald"


@pytest.fixture
def body(api: Served) -> dict[str, Any]:
    """The request of an ordinary house."""
    city = load_city(api.settings.cities_dir, "schutterwald")
    engine = make_engine(api.settings.database_url or "", pool_size=1)
    with engine.connect() as connection:
        candidate = demo.candidates(connection, city, 1)[0]
    engine.dispose()
    return demo.request_body(candidate, city)


def post(client: httpx2.Client, body: dict[str, Any], key: str | None = None) -> httpx2.Response:
    return client.post(f"{BASE}/cases", json=body, headers={"Idempotency-Key": key or str(uuid4())})


def signed(
    message: dict[str, Any], webhook_id: str, at: datetime | None = None
) -> tuple[bytes, dict[str, str]]:
    raw = json.dumps(message)
    sent = at or datetime.now(UTC)
    headers = {
        "webhook-id": webhook_id,
        "webhook-timestamp": str(int(sent.timestamp())),
        "webhook-signature": Webhook(SECRET).sign(webhook_id, sent, raw),
        "content-type": "application/json",
    }
    return raw.encode(), headers


def answer(case_id: str, agency: str, **changes: Any) -> dict[str, Any]:
    data = {"our_ref": f"{case_id}:{agency}:inquiry:1", "inquiry_id": "q-1", "serviceable": True} | changes
    return {"type": "inquiry.answered", "timestamp": datetime.now(UTC).isoformat(), "data": data}


def test_a_submitted_case_says_where_it_is_and_what_was_found(api: Served, body: dict[str, Any]) -> None:
    with api.client() as client:
        created = post(client, body)
        assert created.status_code == 201, created.text
        view = created.json()
        assert created.headers["location"] == f"{BASE}/cases/{view['case_id']}"
        assert client.get(created.headers["location"]).json() == view
        assert view["findings"]
        assert {each["agency"] for each in view["consultations"]} == {"water", "power", "gas"}
        shown = client.get(f"{BASE}/cases/{view['case_id']}/geojson")
        assert shown.headers["content-type"] == "application/geo+json"
        kinds = {each["properties"]["kind"] for each in shown.json()["features"]}
        assert {"excavation", "parcel"} <= kinds
        events = [each["event"] for each in client.get(f"{BASE}/cases/{view['case_id']}/history").json()]
        assert events[0] == "case.submitted"


def test_the_same_key_gives_the_same_answer_and_another_body_is_refused(
    api: Served, body: dict[str, Any], problem_of: Code
) -> None:
    with api.client() as client:
        first, again = post(client, body, "k1"), post(client, body, "k1")
        quoted = post(client, body, '"k1"')
        other = post(client, body | {"storeys": 5}, "k1")
        blank = post(client, body, '""')
    assert first.json() == again.json() == quoted.json()
    assert (other.status_code, problem_of(other)) == (422, "key-reused")
    assert (blank.status_code, problem_of(blank)) == (400, "idempotency-key-invalid")


def test_worklist_pages_without_loss(api: Served, body: dict[str, Any]) -> None:
    with api.client() as client:
        made = {post(client, body).json()["case_id"] for _ in range(5)}
        seen: list[str] = []
        after: dict[str, str] = {}
        while True:
            page = client.get(f"{BASE}/cases", params={"limit": 2, **after}).json()
            seen += [each["case_id"] for each in page["cases"]]
            if page["next"] is None:
                break
            after = {"after": page["next"]}
        assert sorted(seen) == sorted(made)
        assert len(seen) == 5
        none = client.get(f"{BASE}/cases", params={"status": "active"}).json()
        assert none == {"cases": [], "next": None}
        assert client.get(f"{BASE}/cases", params={"status": "sleeping"}).status_code == 422


def test_an_applicant_sees_the_own_case_and_no_other(
    api: Served, body: dict[str, Any], problem_of: Code
) -> None:
    with api.client(Role.APPLICANT) as applicant, api.client() as officer:
        own = post(applicant, body).json()
        foreign = post(officer, body).json()
        listed = applicant.get(f"{BASE}/cases").json()["cases"]
        assert [each["case_id"] for each in listed] == [own["case_id"]]
        assert applicant.get(f"{BASE}/cases/{own['case_id']}").status_code == 200
        hidden = applicant.get(f"{BASE}/cases/{foreign['case_id']}")
        assert (hidden.status_code, problem_of(hidden)) == (404, "case-not-found")
        assert applicant.post(f"{BASE}/cases/{foreign['case_id']}/withdraw", json={}).status_code == 404
        assert own["applicant"] == {"name": body["applicant"]["name"]}
        withdrawn = applicant.post(f"{BASE}/cases/{own['case_id']}/withdraw", json={})
        assert withdrawn.json()["status"] == "withdrawn"


def test_a_case_is_only_found_in_its_city(api: Served, body: dict[str, Any], problem_of: Code) -> None:
    with api.client() as client:
        view = post(client, body).json()
        missing = client.get(f"{BASE}/cases/{UUID(int=7)}")
        assert (missing.status_code, problem_of(missing)) == (404, "case-not-found")
        elsewhere = client.get(f"/v1/cities/karhula/cases/{view['case_id']}")
        assert elsewhere.status_code == 404
        assert client.get(f"{BASE}/cases/not-an-id").status_code == 422


def test_too_early_too_late_and_stale(api: Served, body: dict[str, Any], problem_of: Code) -> None:
    with api.client() as client:
        view = post(client, body).json()
        path = f"{BASE}/cases/{view['case_id']}"
        early = client.post(f"{path}/approve", json={"expected_version": view["version"]})
        assert (early.status_code, problem_of(early)) == (409, "action-not-allowed")
        stale = client.post(f"{path}/refuse", json={"expected_version": 999, "reason": "x"})
        assert (stale.status_code, problem_of(stale)) == (409, "stale-case")
        assert stale.json()["params"]["actual"] == view["version"]
        refused = client.post(
            f"{path}/refuse", json={"expected_version": view["version"], "reason": "no plan"}
        )
        assert refused.json()["status"] == "refused"
        late = client.post(f"{path}/withdraw", json={})
        assert (late.status_code, problem_of(late)) == (409, "action-not-allowed")


def test_signed_answers_are_taken_once_and_close_the_consultation(api: Served, body: dict[str, Any]) -> None:
    with api.client() as client, api.client(None) as company:
        view = post(client, body).json()
        for agency in ("water", "power", "gas"):
            raw, headers = signed(answer(view["case_id"], agency), f"msg_{agency}")
            path = f"{BASE}/agencies/{agency}/events"
            first = company.post(path, content=raw, headers=headers)
            again = company.post(path, content=raw, headers=headers)
            assert (first.status_code, first.json()) == (202, {"outcome": "accepted"})
            assert (again.status_code, again.json()) == (202, {"outcome": "duplicate"})
        final = client.get(f"{BASE}/cases/{view['case_id']}").json()
    assert final["status"] == "awaiting_decision"
    assert all(each["serviceable"] for each in final["consultations"])


def test_messages_that_are_not_signed_as_agreed_are_refused(
    api: Served, body: dict[str, Any], problem_of: Code
) -> None:
    with api.client() as client, api.client(None) as company:
        view = post(client, body).json()
        path = f"{BASE}/agencies/gas/events"
        raw, headers = signed(answer(view["case_id"], "gas"), "msg_1")
        tampered = company.post(path, content=raw.replace(b"true", b"false"), headers=headers)
        unsigned = company.post(path, content=raw, headers={"content-type": "application/json"})
        old_raw, old_headers = signed(
            answer(view["case_id"], "gas"), "msg_2", datetime.now(UTC) - timedelta(hours=1)
        )
        old = company.post(path, content=old_raw, headers=old_headers)
        for response in (tampered, unsigned, old):
            assert (response.status_code, problem_of(response)) == (401, "signature-invalid")
        nobody = company.post(f"{BASE}/agencies/oil/events", content=raw, headers=headers)
        assert (nobody.status_code, problem_of(nobody)) == (404, "not-found")
        consultations = client.get(f"{BASE}/cases/{view['case_id']}").json()["consultations"]
    assert {each["status"] for each in consultations} == {"pending"}


def test_a_company_cannot_answer_for_another(api: Served, body: dict[str, Any]) -> None:
    with api.client() as client, api.client(None) as company:
        view = post(client, body).json()
        raw, headers = signed(answer(view["case_id"], "gas"), "msg_1")
        said = company.post(f"{BASE}/agencies/water/events", content=raw, headers=headers)
        consultations = client.get(f"{BASE}/cases/{view['case_id']}").json()["consultations"]
    assert said.json() == {"outcome": "quarantined"}
    assert {each["status"] for each in consultations} == {"pending"}


def test_the_published_description_is_valid(api: Served) -> None:
    with api.client(None) as client:
        described = client.get("/v1/openapi.json").json()
    validate(described)
