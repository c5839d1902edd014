"""A small company over real HTTP, in this process: holds, confirms, cancels, bars; its faults are seeded."""

from __future__ import annotations

import json
import random
import socket
import struct
import threading
from dataclasses import dataclass, field
from hashlib import sha256
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any


@dataclass
class Faults:
    """Rates 0..1; `is_down` answers 503 to everything, `refuse` plans refusals by reference."""

    seed: int = 0
    unavailable: float = 0.0
    error_after_effect: float = 0.0
    reset_after_effect: float = 0.0
    refuse: float = 0.0
    is_down: bool = False
    is_silent: bool = False
    """Inquiries are taken in but not answered."""
    hang_s: float = 0.0


@dataclass
class Books:
    """What took effect, in order, and everything that arrived."""

    ledger: list[tuple[str, str]] = field(default_factory=list)
    orders: dict[str, str] = field(default_factory=dict)
    inquiries: dict[str, dict[str, Any]] = field(default_factory=dict)
    keys: dict[str, tuple[str, int, dict[str, Any]]] = field(default_factory=dict)
    posts: list[str] = field(default_factory=list)
    misuse: list[str] = field(default_factory=list)

    def of(self, our_ref: str) -> list[str]:
        return [op for ref, op in self.ledger if ref == our_ref]


class StubCompany:
    """One company; use as a context manager."""

    def __init__(self, agency: str, faults: Faults | None = None) -> None:
        self.agency = agency
        self.faults = faults or Faults()
        self.books = Books()
        self.token = f"token-{agency}"
        self.timeout_s = 2.0
        self.random = random.Random(f"{self.faults.seed}:{agency}")
        self.lock = threading.Lock()
        self.woken = threading.Event()
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), _handler(self))
        self._server.daemon_threads = True
        self.url = f"http://127.0.0.1:{self._server.server_address[1]}"

    def __enter__(self) -> StubCompany:
        threading.Thread(
            target=self._server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True
        ).start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._server.server_close()

    def is_refused(self, our_ref: str) -> bool:
        """Planned by (seed, agency, reference) alone, so that a test can compute it beforehand."""
        digest = sha256(f"{self.faults.seed}:{self.agency}:{our_ref}".encode()).digest()
        return int.from_bytes(digest[:4], "big") / 2**32 < self.faults.refuse

    def answer(
        self, method: str, path: str, key: str | None, body: dict[str, Any]
    ) -> tuple[int, dict[str, Any]]:
        with self.lock:
            if method == "GET":
                return self._get(path)
            if key is None:
                return 400, {"code": "idempotency-key-missing"}
            self.books.posts.append(key)
            mark = json.dumps([path, body], sort_keys=True)
            known = self.books.keys.get(key)
            if known is not None:
                if known[0] != mark:
                    self.books.misuse.append(key)
                    return 422, {"code": "idempotency-key-reused"}
                return known[1], known[2]
            status, said = self._post(path, body)
            self.books.keys[key] = (mark, status, said)
            return status, said

    def _get(self, path: str) -> tuple[int, dict[str, Any]]:
        our_ref = path.rsplit("/", 1)[1]
        if path.startswith("/v1/orders/"):
            return self._order(our_ref)
        if our_ref not in self.books.inquiries:
            return 404, {"code": "not-found"}
        if self.faults.is_silent:
            return 200, {"our_ref": our_ref, "inquiry_id": "Q-1", "status": "received", "answer": None}
        said = {"our_ref": our_ref, "inquiry_id": "Q-1", "serviceable": True, "reason_code": "serviceable"}
        return 200, {"our_ref": our_ref, "inquiry_id": "Q-1", "status": "answered", "answer": said}

    def _order(self, our_ref: str) -> tuple[int, dict[str, Any]]:
        if self.faults.is_down:
            return 503, {"code": "unavailable"}
        if our_ref not in self.books.orders:
            return 404, {"code": "not-found"}
        number = self._number(our_ref)
        return 200, {"our_ref": our_ref, "order_number": number, "status": self.books.orders[our_ref]}

    def _post(self, path: str, body: dict[str, Any]) -> tuple[int, dict[str, Any]]:
        if path == "/v1/inquiries":
            self.books.inquiries[body["our_ref"]] = body
            return 202, {"our_ref": body["our_ref"], "inquiry_id": "Q-1", "status": "received"}
        if path == "/v1/orders":
            return self._try(body["our_ref"])
        our_ref, _, op = path.removeprefix("/v1/orders/").rpartition(":")
        return self._confirm(our_ref) if op == "confirm" else self._cancel(our_ref)

    def _try(self, our_ref: str) -> tuple[int, dict[str, Any]]:
        state = self.books.orders.get(our_ref)
        if state is not None:
            return 409, {"refusal": "tombstoned", "code": "refused"}
        if self.is_refused(our_ref):
            return 422, {"refusal": "no-capacity", "code": "refused"}
        self._enter(our_ref, "try", "held")
        return 201, {"our_ref": our_ref, "order_number": self._number(our_ref), "status": "held"}

    def _confirm(self, our_ref: str) -> tuple[int, dict[str, Any]]:
        if self.books.orders.get(our_ref) != "held":
            return 409, {"refusal": "cancelled", "code": "refused"}
        self._enter(our_ref, "confirm", "confirmed")
        number = self._number(our_ref)
        said = {"our_ref": our_ref, "order_number": number, "status": "confirmed"}
        return 200, {**said, "tariff_receipt": f"T-{number}", "bill": None}

    def _cancel(self, our_ref: str) -> tuple[int, dict[str, Any]]:
        if our_ref not in self.books.orders:
            self.books.orders[our_ref] = "tombstoned"
            return 200, {"our_ref": our_ref, "status": "tombstoned"}
        self._enter(our_ref, "cancel", "cancelled")
        return 200, {"our_ref": our_ref, "status": "cancelled"}

    def _enter(self, our_ref: str, op: str, state: str) -> None:
        self.books.ledger.append((our_ref, op))
        self.books.orders[our_ref] = state

    def _number(self, our_ref: str) -> str:
        return f"{self.agency[0].upper()}-{sha256(our_ref.encode()).hexdigest()[:8]}"

    def draw(self) -> str:
        """Which fault befalls this exchange; "" for none."""
        with self.lock:
            drawn = self.random.random()
        for name in ("unavailable", "error_after_effect", "reset_after_effect"):
            rate = getattr(self.faults, name)
            if drawn < rate:
                return name
            drawn -= rate
        return ""


def _handler(company: StubCompany) -> type[BaseHTTPRequestHandler]:  # noqa: C901 - one small server
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        disable_nagle_algorithm = True

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002
            return

        def do_GET(self) -> None:
            self._serve("GET", {})

        def do_POST(self) -> None:
            length = int(self.headers.get("content-length") or 0)
            raw = self.rfile.read(length)
            self._serve("POST", json.loads(raw) if raw else {})

        def _serve(self, method: str, body: dict[str, Any]) -> None:
            if company.faults.is_down:
                self._send(503, {"code": "unavailable"})
                return
            if company.faults.hang_s:
                company.woken.wait(company.faults.hang_s)
            fault = company.draw() if method == "POST" else ""
            if fault == "unavailable":
                self._send(503, {"code": "unavailable"})
                return
            status, said = company.answer(method, self.path, self.headers.get("idempotency-key"), body)
            if fault == "error_after_effect":
                status, said = 500, {"code": "internal"}
            if fault == "reset_after_effect":
                self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
                self.close_connection = True
                self.connection.close()
                return
            self._send(status, said)

        def _send(self, status: int, said: dict[str, Any]) -> None:
            raw = json.dumps(said).encode()
            self.send_response(status)
            self.send_header("content-type", "application/json")
            self.send_header("content-length", str(len(raw)))
            self.end_headers()
            self.wfile.write(raw)

        def finish(self) -> None:
            try:
                super().finish()
            except (OSError, ValueError):
                return

    return Handler
