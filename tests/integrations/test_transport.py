"""What an answer means, decided in one place: every status and every way a connection can fail."""

from __future__ import annotations

import json
from typing import Any

import httpx2
import pytest

from integrations.transport import Endpoint, Transport, outcome_of
from permits.vocabulary import OutcomeKind

DONE, REFUSED, RETRY, UNKNOWN = (
    OutcomeKind.DONE,
    OutcomeKind.REFUSED,
    OutcomeKind.RETRY,
    OutcomeKind.UNKNOWN,
)


def response(status: int, body: Any = None, **headers: str) -> httpx2.Response:
    content = body if isinstance(body, bytes) else json.dumps(body).encode()
    return httpx2.Response(status, content=content, headers=headers)


@pytest.mark.parametrize(
    ("status", "body", "kind", "detail"),
    [
        (200, {"a": 1}, DONE, ""),
        (201, {"a": 1}, DONE, ""),
        (202, {"a": 1}, DONE, ""),
        (200, b"<html>", UNKNOWN, "the answer is no JSON object"),
        (200, [1], UNKNOWN, "the answer is no JSON object"),
        (200, b"", UNKNOWN, "the answer is no JSON object"),
        (200, b"\xff\xfe", UNKNOWN, "the answer is no JSON object"),
        (302, {}, UNKNOWN, "HTTP 302: Found"),
        (400, {"detail": "wrong"}, UNKNOWN, "HTTP 400: wrong"),
        (401, {"code": "unauthorised"}, UNKNOWN, "HTTP 401: unauthorised"),
        (403, b"no", UNKNOWN, "HTTP 403: Forbidden"),
        (404, {}, UNKNOWN, "HTTP 404: Not Found"),
        (408, {}, RETRY, "Request Timeout"),
        (409, {"refusal": "tombstoned"}, REFUSED, "tombstoned"),
        (409, {"code": "idempotency-in-progress"}, RETRY, "idempotency-in-progress"),
        (409, {"code": "order-differs"}, UNKNOWN, "HTTP 409: order-differs"),
        (422, {"refusal": "debt", "detail": "owes"}, REFUSED, "debt"),
        (422, {"refusal": ""}, UNKNOWN, "HTTP 422: Unprocessable Content"),
        (422, {"refusal": 5}, UNKNOWN, "HTTP 422: Unprocessable Content"),
        (422, {"code": "idempotency-key-reused"}, UNKNOWN, "HTTP 422: idempotency-key-reused"),
        (425, {}, RETRY, "Too Early"),
        (429, {}, RETRY, "Too Many Requests"),
        (500, {"refusal": "debt"}, UNKNOWN, "Internal Server Error"),
        (502, b"<html>", UNKNOWN, "Bad Gateway"),
        (503, b"", RETRY, "Service Unavailable"),
        (504, {}, UNKNOWN, "Gateway Timeout"),
    ],
)
def test_what_a_status_means(status: int, body: Any, kind: OutcomeKind, detail: str) -> None:
    outcome = outcome_of(response(status, body))
    assert (outcome.kind, outcome.status) == (kind, status)
    assert outcome.detail.replace("Entity", "Content") == detail


@pytest.mark.parametrize(
    ("header", "seconds"),
    [("7", 7.0), ("999999", 3600.0), ("-1", None), ("soon", None), ("", None), ("۷", None)],
)
def test_retry_after(header: str, seconds: float | None) -> None:
    raw = [(b"retry-after", header.encode())]
    assert outcome_of(httpx2.Response(503, headers=raw)).retry_after_s == seconds


def transport(monkeypatch: Any, answer: Any) -> tuple[Transport, list[httpx2.Request]]:
    """A transport whose network is a function: it returns an answer or raises what a network raises."""
    seen: list[httpx2.Request] = []

    def handle(request: httpx2.Request) -> httpx2.Response:
        seen.append(request)
        if isinstance(answer, Exception):
            raise answer
        assert isinstance(answer, httpx2.Response)
        return answer

    client = httpx2.Client

    def with_network(**options: Any) -> httpx2.Client:
        return client(transport=httpx2.MockTransport(handle), **options)

    monkeypatch.setattr(httpx2, "Client", with_network)
    return Transport(Endpoint("http://company/", "secret")), seen


def test_a_post_carries_token_key_and_form(monkeypatch: Any) -> None:
    sender, seen = transport(monkeypatch, response(201, {}))
    assert sender.post("/v1/orders", {"a": "سلام"}, "key-1").kind is DONE
    [request] = seen
    assert str(request.url) == "http://company/v1/orders"
    assert request.headers["authorization"] == "Bearer secret"
    assert request.headers["idempotency-key"] == "key-1"
    assert json.loads(request.content) == {"a": "سلام"}
    sender.close()


@pytest.mark.parametrize(
    ("error", "posted", "got"),
    [
        (httpx2.ConnectError("refused"), RETRY, RETRY),
        (httpx2.ConnectTimeout("slow"), RETRY, RETRY),
        (httpx2.PoolTimeout("busy"), RETRY, RETRY),
        (httpx2.ReadTimeout("silence"), UNKNOWN, RETRY),
        (httpx2.WriteTimeout("stuck"), UNKNOWN, RETRY),
        (httpx2.ReadError("reset"), UNKNOWN, RETRY),
        (httpx2.WriteError("reset"), UNKNOWN, RETRY),
        (httpx2.RemoteProtocolError("cut off"), UNKNOWN, RETRY),
        (httpx2.InvalidURL("bad"), UNKNOWN, RETRY),
        (OSError("strange"), UNKNOWN, RETRY),
    ],
    ids=lambda value: type(value).__name__ if isinstance(value, Exception) else str(value),
)
def test_a_broken_connection_is_an_outcome(
    error: Exception, posted: OutcomeKind, got: OutcomeKind, monkeypatch: Any
) -> None:
    """Not sent: worth another attempt. Sent: the effect may have happened. Reading has no effect to lose."""
    sender, _ = transport(monkeypatch, error)
    assert sender.post("/v1/orders", {}, "k").kind is posted
    outcome = sender.get("/v1/orders/x")
    assert (outcome.kind, outcome.status) == (got, None)
    assert type(error).__name__ in outcome.detail
    sender.close()


def test_a_flood_is_not_read(monkeypatch: Any) -> None:
    sender, _ = transport(monkeypatch, response(200, b'{"a": "' + b"x" * (5 << 20) + b'"}'))
    assert sender.get("/v1/ledger").kind is UNKNOWN
    sender.close()


def test_a_person_is_asked_about_a_get_that_is_not_understood(monkeypatch: Any) -> None:
    sender, _ = transport(monkeypatch, response(404, {}))
    assert sender.get("/v1/orders/x").kind is UNKNOWN
    sender.close()
