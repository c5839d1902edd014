"""Seeded faults: the company misbehaves on purpose, the same way for the same seed.

Refusals and webhook faults depend on (seed, kind, our_ref) alone, so a test can compute them beforehand with
`is_drawn`. Faults of one HTTP exchange also depend on the number of the attempt, so that a retry can succeed.
"""

from __future__ import annotations

import asyncio
import hashlib
import json
import logging
import socket
import struct
from collections import defaultdict
from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any

from pydantic import BaseModel, ConfigDict, Field

log = logging.getLogger("company.faults")

Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
Asgi = Callable[[Message, Receive, Send], Awaitable[None]]

MOST_SUBJECTS = 200_000

_Rate = Field(default=0.0, ge=0, le=1)


class Rates(BaseModel):
    """How often each fault happens, 0..1."""

    model_config = ConfigDict(extra="forbid")

    delay: float = _Rate
    late_effect: float = _Rate
    reset_before_effect: float = _Rate
    read_unavailable: float = _Rate
    unavailable: float = _Rate
    error_after_effect: float = _Rate
    timeout_after_effect: float = _Rate
    reset_after_effect: float = _Rate
    refuse_try: float = _Rate
    refuse_tariff: float = _Rate
    duplicate_webhook: float = _Rate
    late_webhook: float = _Rate


class FaultPlan(BaseModel):
    """The faults in force. `outage` answers every request with 503; waiting times are in seconds.

    `late_effect` resets the connection and acts on the request after `delay_s` all the same.
    """

    model_config = ConfigDict(extra="forbid")

    seed: int = 0
    outage: bool = False
    rates: Rates = Field(default_factory=Rates)
    delay_s: float = Field(default=0.5, ge=0, le=300)
    hang_s: float = Field(
        default=15.0, ge=0, le=300, description="how long timeout_after_effect stays silent"
    )
    late_s: float = Field(default=3.0, ge=0, le=86400)


def is_drawn(seed: int, kind: str, subject: str, rate: float) -> bool:
    """Say whether a fault of a kind falls on a subject: always the same answer for the same arguments."""
    if rate <= 0:
        return False
    digest = hashlib.sha256(f"{seed}:{kind}:{subject}".encode()).digest()
    return int(struct.unpack(">Q", digest[:8])[0]) < rate * 2.0**64


class Faults:
    """The plan in force, and how often each request was attempted."""

    def __init__(self, plan: FaultPlan | None = None) -> None:
        self.plan = plan or FaultPlan()
        self._attempts: dict[str, int] = defaultdict(int)

    def replace(self, plan: FaultPlan) -> None:
        """Another plan is in force from now on."""
        self.plan = plan
        self._attempts.clear()

    def is_planned(self, kind: str, our_ref: str) -> bool:
        """Say whether a fault that depends on the reference alone falls on it."""
        return is_drawn(self.plan.seed, kind, our_ref, getattr(self.plan.rates, kind))

    def attempt(self, subject: str) -> str:
        """Return the name of the next attempt at a request."""
        if len(self._attempts) > MOST_SUBJECTS:
            self._attempts.clear()
        self._attempts[subject] += 1
        return f"{subject}#{self._attempts[subject]}"


class FaultGate:
    """The ASGI gate before the company: delays, outages, and answers that are lost after the effect."""

    def __init__(self, app: Asgi, faults: Faults) -> None:
        self._app = app
        self._faults = faults

    async def __call__(self, scope: Message, receive: Receive, send: Send) -> None:
        """Let a request through, or spoil it."""
        if scope["type"] != "http" or not scope["path"].startswith("/v1/"):
            await self._app(scope, receive, send)
            return
        plan = self._faults.plan
        if plan.outage:
            await _unavailable(send)
        elif scope["method"] == "GET" and plan.rates.read_unavailable:
            await self._maybe_read(plan, scope, receive, send)
        elif scope["method"] == "POST" and any(plan.rates.model_dump().values()):
            await self._spoil(plan, scope, receive, send)
        else:
            await self._app(scope, receive, send)

    async def _maybe_read(self, plan: FaultPlan, scope: Message, receive: Receive, send: Send) -> None:
        attempt = self._faults.attempt(f"GET {scope['path']}")
        if is_drawn(plan.seed, "read_unavailable", attempt, plan.rates.read_unavailable):
            await _unavailable(send)
        else:
            await self._app(scope, receive, send)

    async def _spoil(self, plan: FaultPlan, scope: Message, receive: Receive, send: Send) -> None:
        attempt = self._faults.attempt(_subject(scope))

        def drawn(kind: str) -> bool:
            return is_drawn(plan.seed, kind, attempt, getattr(plan.rates, kind))

        if drawn("delay"):
            await asyncio.sleep(plan.delay_s)
        instead = next((kind for kind in _INSTEAD if drawn(kind)), None)
        if instead is not None:
            await self._instead(instead, plan.delay_s, scope, receive, send)
            return
        lost = next((kind for kind in _AFTER_EFFECT if drawn(kind)), None)
        if lost is None:
            await self._app(scope, receive, send)
            return
        await self._app(scope, receive, _swallow)  # the effect happens; the answer is lost
        if lost == "error_after_effect":
            await _problem(send, 500, "internal", "Something broke in the company's system.")
            return
        if lost == "timeout_after_effect":
            await asyncio.sleep(plan.hang_s)
        await _reset(send)

    async def _instead(self, kind: str, delay_s: float, scope: Message, receive: Receive, send: Send) -> None:
        """Nothing happens, or only later, when nobody waits for it any more."""
        if kind == "unavailable":
            await _unavailable(send)
            return
        received = _again(await _whole(receive))
        await _reset(send)
        if kind == "late_effect":
            await asyncio.sleep(delay_s)
            await self._app(scope, received, _swallow)


_INSTEAD = ("unavailable", "reset_before_effect", "late_effect")
_AFTER_EFFECT = ("error_after_effect", "timeout_after_effect", "reset_after_effect")


def _subject(scope: Message) -> str:
    for name, value in scope["headers"]:
        if name == b"idempotency-key":
            return str(value.decode("latin-1"))
    return str(scope["path"])


async def _whole(receive: Receive) -> bytes:
    """The body, before its sender goes away."""
    body, more = b"", True
    while more:
        message = await receive()
        body += message.get("body", b"")
        more = message.get("more_body", False)
    return body


def _again(body: bytes) -> Receive:
    async def receive() -> Message:
        return {"type": "http.request", "body": body, "more_body": False}

    return receive


async def _swallow(message: Message) -> None:
    del message


async def _unavailable(send: Send) -> None:
    await _problem(send, 503, "unavailable", "The company's system is not available now; nothing was done.")


async def _problem(send: Send, status: int, code: str, detail: str) -> None:
    body = {
        "type": f"https://panjereh.example/company/problems/{code}",
        "title": detail,
        "status": status,
        "detail": detail,
        "code": code,
    }
    raw = json.dumps(body).encode()
    headers = [(b"content-type", b"application/problem+json"), (b"content-length", str(len(raw)).encode())]
    if status == 503:
        headers.append((b"retry-after", b"1"))
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": raw})


async def _reset(send: Send) -> None:
    """The connection is reset (RST), as when a machine dies: uvicorn's request cycle knows its transport."""
    cycle = getattr(send, "__self__", None)
    transport = getattr(cycle, "transport", None)
    if transport is None:  # another server: leaving the answer unfinished closes the connection
        await send({"type": "http.response.start", "status": 200, "headers": [(b"content-length", b"1")]})
        return
    if cycle is None or getattr(cycle, "disconnected", True):
        return
    raw_socket = transport.get_extra_info("socket")
    if raw_socket is not None:
        raw_socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    transport.abort()
    while not getattr(cycle, "disconnected", True):
        await asyncio.sleep(0)
