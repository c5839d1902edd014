"""The HTTP server's settings, and what its parser leaves to us: how long a request's head may be and may take.

httptools parses in C and costs a third of what h11 does, but it knows neither limit: whoever sends headers without
end, or one byte a minute, would be listened to for ever.
"""

from __future__ import annotations

import asyncio
from typing import Any, Final, cast

import uvicorn
from starlette.types import ASGIApp
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

HEAD_LIMIT: Final = 65_536
"""Bytes of a request's address and headers; more is refused (431)."""
HEAD_SECONDS: Final = 30.0
"""How long a request's head may take to come, also the first one of a connection."""
_TOO_LARGE: Final = b"The request's headers are too large."
_TOO_LATE: Final = b"The request did not come in time."


class _TooLarge(Exception):
    """Raised inside the parser to stop it."""


class Connection(HttpToolsProtocol):
    """One client's connection."""

    _is_in_head = False
    _head_bytes = 0
    _deadline: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """A client has come; it should say something."""
        super().connection_made(cast("asyncio.Transport", transport))
        self._await_head()

    def connection_lost(self, exc: Exception | None) -> None:
        """The client has gone."""
        self._head_is_over()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        """Some bytes have come: most often one whole request."""
        began_before = self._is_in_head
        super().data_received(data)
        if self.transport.is_closing():
            return
        if self._is_in_head and began_before:  # of the piece it began in, the head may have only the end
            self._head_bytes += len(data)
            if self._head_bytes > HEAD_LIMIT:
                self._refuse(b"431 Request Header Fields Too Large", _TOO_LARGE)
                return
        # Empty lines before a request are no request, and end the wait for the next one all the same.
        is_idle = self.cycle is None or self.cycle.response_complete
        if (self._is_in_head or is_idle) and self._deadline is None:
            self._await_head()

    def on_message_begin(self) -> None:
        """A request begins."""
        self._is_in_head = True
        self._head_bytes = 0
        super().on_message_begin()

    def on_headers_complete(self) -> None:
        """The head is whole: the request is answered from here on."""
        self._is_in_head = False
        if self._deadline is not None:
            self._head_is_over()
        if len(self.url) + sum(len(name) + len(value) + 4 for name, value in self.headers) > HEAD_LIMIT:
            self._refuse(b"431 Request Header Fields Too Large", _TOO_LARGE)
            raise _TooLarge
        super().on_headers_complete()

    def send_400_response(self, msg: str) -> None:
        """Refuse what is not HTTP, unless the connection was closed for another reason."""
        if not self.transport.is_closing():
            super().send_400_response(msg)

    def _await_head(self) -> None:
        self._deadline = self.loop.call_later(HEAD_SECONDS, self._give_up)

    def _head_is_over(self) -> None:
        if self._deadline is not None:
            self._deadline.cancel()
            self._deadline = None

    def _give_up(self) -> None:
        self._deadline = None
        if self._is_in_head:
            self._refuse(b"408 Request Timeout", _TOO_LATE)
        else:
            self.transport.close()

    def _refuse(self, status: bytes, why: bytes) -> None:
        """Say so, as far as no other answer of this connection is on its way, and close."""
        if self.transport.is_closing():
            return
        if self.cycle is None or self.cycle.response_complete:
            length = str(len(why)).encode()
            self.transport.write(
                b"HTTP/1.1 " + status + b"\r\ncontent-type: text/plain; charset=utf-8\r\ncontent-length: "
                + length + b"\r\nconnection: close\r\n\r\n" + why
            )  # fmt: skip
        self.transport.close()


def server_config(app: ASGIApp, host: str, port: int, **more: Any) -> uvicorn.Config:
    """Return how the API is served, chosen here and not by what happens to be installed."""
    return uvicorn.Config(
        app,
        host=host,
        port=port,
        http=Connection,
        ws="none",
        loop="asyncio",
        log_level="warning",
        access_log=False,
        server_header=False,
        **more,
    )
