"""One HTTP client for every company: pooled connections, timeouts, key, token, and errors as outcomes.

Nothing here raises for what a company or the network does. What an answer means is decided in `outcome_of`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import httpx2

from permits.ports import Json, Outcome
from permits.vocabulary import OutcomeKind

MAX_BODY_BYTES = 4 * 1024 * 1024
MAX_DETAIL = 300
_NOT_SENT = (httpx2.ConnectError, httpx2.ConnectTimeout, httpx2.PoolTimeout)
_AGAIN = frozenset({408, 425, 429, 503})
_MAYBE = frozenset({500, 502, 504})


@dataclass(frozen=True, slots=True)
class Endpoint:
    """Where a company answers; `reply_to` is where it sends its webhooks (None: it is asked instead)."""

    url: str
    token: str
    timeout_s: float = 10.0
    reply_to: str | None = None
    connections: int = 16


class Transport:
    """The connection to one company. Safe to share between threads; close it when done."""

    def __init__(self, endpoint: Endpoint) -> None:
        self._client = httpx2.Client(
            base_url=endpoint.url.rstrip("/"),
            headers={"authorization": f"Bearer {endpoint.token}", "accept": "application/json"},
            timeout=httpx2.Timeout(endpoint.timeout_s, connect=min(3.0, endpoint.timeout_s)),
            limits=httpx2.Limits(
                max_connections=endpoint.connections,
                max_keepalive_connections=endpoint.connections,
                # Shorter than the servers' own: a connection the other side is closing is not used again.
                keepalive_expiry=15.0,
            ),
            follow_redirects=False,
            trust_env=False,
        )

    def close(self) -> None:
        """The connections are closed."""
        self._client.close()

    def post(self, path: str, body: Json | None, idem_key: str) -> Outcome:
        """Send a form under its idempotency key and say what came of it."""
        return self._send("POST", path, body, {"idempotency-key": idem_key})

    def get(self, path: str) -> Outcome:
        """Read something and say what came of it; a lost answer is simply worth another attempt."""
        outcome = self._send("GET", path, None, {})
        if outcome.kind is OutcomeKind.UNKNOWN and (outcome.status is None or outcome.status >= 500):
            return Outcome(OutcomeKind.RETRY, outcome.status, outcome.body, outcome.detail)
        return outcome

    def _send(self, method: str, path: str, body: Json | None, headers: Mapping[str, str]) -> Outcome:
        try:
            response = self._client.request(method, path, json=body, headers=dict(headers))
        except _NOT_SENT as error:
            return Outcome(OutcomeKind.RETRY, None, detail=_said(error))
        except (httpx2.HTTPError, httpx2.InvalidURL, OSError) as error:
            return Outcome(OutcomeKind.UNKNOWN, None, detail=_said(error))
        return outcome_of(response)


def _said(error: Exception) -> str:
    return f"{type(error).__name__}: {error}"[:MAX_DETAIL]


def outcome_of(response: httpx2.Response) -> Outcome:
    """Return what an answer means.

    2xx with a JSON object: done. 409/422 with `refusal`: refused, by it. 409 in progress, 408, 425, 429, 503:
    not done, worth another attempt. 500, 502, 504: unknown, but the same key may be sent again. The rest
    (400, 401, 403, 404, a key used twice, no JSON) is unknown with its status: a person must look.
    """
    status = response.status_code
    body = _object(response)
    if response.is_success:
        if body is None:
            return Outcome(OutcomeKind.UNKNOWN, status, detail="the answer is no JSON object")
        return Outcome(OutcomeKind.DONE, status, body)
    body = body or {}
    refusal = body.get("refusal")
    if status in (409, 422) and isinstance(refusal, str) and refusal:
        return Outcome(OutcomeKind.REFUSED, status, body, refusal)
    detail = str(body.get("detail") or body.get("code") or response.reason_phrase)[:MAX_DETAIL]
    if status in _AGAIN or (status == 409 and body.get("code") == "idempotency-in-progress"):
        return Outcome(OutcomeKind.RETRY, status, body, detail, _retry_after_s(response))
    if status in _MAYBE:
        return Outcome(OutcomeKind.UNKNOWN, status, body, detail, _retry_after_s(response))
    return Outcome(OutcomeKind.UNKNOWN, status, body, f"HTTP {status}: {detail}")


def _object(response: httpx2.Response) -> Json | None:
    if len(response.content) > MAX_BODY_BYTES:
        return None
    try:
        body: Any = response.json()
    except ValueError:
        return None
    return body if isinstance(body, dict) else None


def _retry_after_s(response: httpx2.Response) -> float | None:
    """Seconds from Retry-After; its date form is left to our own backoff."""
    value = response.headers.get("retry-after", "")
    return min(float(value), 3600.0) if value.isascii() and value.isdigit() else None
