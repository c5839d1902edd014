"""A place for a company's webhooks to arrive at while it is certified."""

from __future__ import annotations

import threading
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Self


@dataclass(frozen=True, slots=True)
class Arrived:
    """One delivery: its headers (lower case) and its raw body."""

    headers: dict[str, str]
    body: bytes


@dataclass(slots=True)
class Listener:
    """Takes webhooks in at `url`; refuses each message's first delivery with 503, to see it come again."""

    host: str = "127.0.0.1"
    port: int = 0
    public_url: str | None = None
    refuse_first: bool = True
    arrived: list[Arrived] = field(default_factory=list)
    _server: ThreadingHTTPServer | None = None

    @property
    def url(self) -> str:
        """Where webhooks are to be sent."""
        assert self._server is not None
        return self.public_url or f"http://{self.host}:{self._server.server_port}/events"

    def __enter__(self) -> Self:
        """Listen from now on."""
        listener = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers.get("content-length", "0")))
                headers = {name.lower(): value for name, value in self.headers.items()}
                self.send_response(listener.take(Arrived(headers, body)))
                self.send_header("content-length", "0")
                self.end_headers()

            def log_message(self, *_: object) -> None:
                return

        self._server = ThreadingHTTPServer((self.host, self.port), Handler)
        threading.Thread(target=self._server.serve_forever, daemon=True, name="listener").start()
        return self

    def take(self, delivery: Arrived) -> int:
        """Note a delivery and return the status it is answered with."""
        seen = {each.headers.get("webhook-id") for each in self.arrived}
        self.arrived.append(delivery)
        return 503 if self.refuse_first and delivery.headers.get("webhook-id") not in seen else 204

    def __exit__(self, *_exc_info: object) -> None:
        """Stop listening."""
        assert self._server is not None
        self._server.shutdown()
        self._server.server_close()
