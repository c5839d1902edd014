"""What every check stands on: a client to the company under test, fresh forms, and expectations."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

import httpx2

from integrations.contract.listener import Listener

Json = dict[str, Any]


class CheckFailed(Exception):
    """The company did something else than the contract says."""


class NotTried(Exception):
    """The check needs something that was not given."""


@dataclass(frozen=True, slots=True)
class Site:
    """A parcel of the company's test system that can be served, and what to ask for it."""

    city: str
    utility: str
    parcel_id: str
    geometry: Json
    crs: str
    capacity: Json = field(default_factory=dict)
    units: Json = field(default_factory=lambda: {"residential": 1})
    excavation: Json | None = None


@dataclass(slots=True)
class Bench:
    """The company under test. References carry the run's own prefix: a test system can be used again."""

    base_url: str
    token: str
    site: Site
    webhook_secret: str | None = None
    listener: Listener | None = None
    patience_s: float = 30.0
    run: str = field(default_factory=lambda: f"certify-{uuid4().hex[:10]}")
    _count: int = 0
    _client: httpx2.Client | None = None

    @property
    def client(self) -> httpx2.Client:
        """The client; it carries the token."""
        if self._client is None:
            self._client = httpx2.Client(
                base_url=self.base_url.rstrip("/"),
                timeout=self.patience_s,
                headers={"authorization": f"Bearer {self.token}"},
                trust_env=False,
            )
        return self._client

    def close(self) -> None:
        """The connections are closed."""
        if self._client is not None:
            self._client.close()

    def reference(self, kind: str) -> str:
        """Return a reference nobody has used."""
        self._count += 1
        return f"{self.run}-{self._count}:{self.site.utility}:{kind}:1"

    def inquiry(self, **changes: Any) -> Json:
        """Return an inquiry form with a fresh reference."""
        our_ref = self.reference("inquiry")
        form: Json = {
            "our_ref": our_ref,
            "case_ref": our_ref.split(":")[0],
            "city": self.site.city,
            "parcel": {
                "parcel_id": self.site.parcel_id,
                "geometry": self.site.geometry,
                "crs": self.site.crs,
            },
            "works": "new_building",
            "units": self.site.units,
            "utility": self.site.utility,
            "wish": "now",
            "capacity": self.site.capacity,
            "excavation": self.site.excavation,
            "reply_to": None,
        }
        return form | changes

    def order(self, **changes: Any) -> Json:
        """Return an order form with a fresh reference: a tariff change, no connection."""
        our_ref = self.reference("construction")
        now = datetime.now(UTC).replace(microsecond=0)
        form: Json = {
            "our_ref": our_ref,
            "case_ref": our_ref.split(":")[0],
            "permit_no": f"P-{self.run}",
            "parcel_id": self.site.parcel_id,
            "connection": None,
            "tariff_change": {"from": "residential", "to": "construction"},
            "effective_at": (now + timedelta(days=2)).isoformat(),
            "hold_until": (now + timedelta(days=9)).isoformat(),
        }
        return form | changes

    def post(self, path: str, body: Json | None = None, key: str | None = None) -> httpx2.Response:
        """Send a form, under a fresh key unless one is given."""
        return self.client.post(
            path, json=body, headers={"idempotency-key": key or f"{self.run}:{uuid4().hex}"}
        )

    def held(self, **changes: Any) -> Json:
        """Return the form of an order that is held now."""
        form = self.order(**changes)
        expect(self.post("/v1/orders", form, f"{form['our_ref']}:try"), 201)
        return form

    def get(self, path: str) -> Json:
        """Return what is at an address."""
        return expect(self.client.get(path), 200)

    def ledger_of(self, our_ref: str) -> list[str]:
        """Return what took effect for a reference, in order."""
        found: list[str] = []
        after: int | None = 0
        while after is not None:
            page = self.get(f"/v1/ledger?after={after}")
            found += [entry[1] for entry in page["entries"] if entry[0] == our_ref]
            after = page["next_after"]
        return found

    def wait_for(self, what: str, found: Callable[[], Any]) -> Any:
        """Return what `found` gives as soon as it gives something. Raises CheckFailed after `patience_s`."""
        deadline = time.monotonic() + self.patience_s
        while time.monotonic() < deadline:
            if value := found():
                return value
            time.sleep(0.1)
        raise CheckFailed(f"{what}: not within {self.patience_s:g} s")


def same(what: str, found: object, expected: object) -> None:
    """Two things are equal. Raises CheckFailed naming both."""
    if found != expected:
        raise CheckFailed(f"{what}: expected {expected!r}, found {found!r}")


def expect(response: httpx2.Response, *statuses: int) -> Json:
    """Return the JSON object of an answer that has one of the statuses. Raises CheckFailed."""
    if response.status_code not in statuses:
        wanted = " or ".join(map(str, statuses))
        raise CheckFailed(f"expected HTTP {wanted}, found {response.status_code}: {response.text[:300]}")
    try:
        body = json.loads(response.content)
    except ValueError as error:
        raise CheckFailed("the answer is not JSON") from error
    if not isinstance(body, dict):
        raise CheckFailed("the answer is not a JSON object")
    return body


def problem(response: httpx2.Response, *statuses: int) -> Json:
    """Return the problem document (RFC 9457) of an answer. Raises CheckFailed."""
    body = expect(response, *statuses)
    kind = response.headers.get("content-type", "").split(";")[0]
    same("content type of a problem", kind, "application/problem+json")
    for member in ("type", "title", "status", "detail", "code"):
        if member not in body:
            raise CheckFailed(f"the problem has no {member!r}")
    same("status inside the problem", body["status"], response.status_code)
    return body


def refused(response: httpx2.Response, code: str) -> None:
    """The company refused by this code, with its reason in words. Raises CheckFailed."""
    body = problem(response, 409, 422)
    same("refusal", body.get("refusal"), code)
    same("languages of the reason", sorted(body.get("reason") or {}), ["en", "fa"])
