"""Two thin ASGI layers: what every answer carries, and how large a request may be."""

from __future__ import annotations

import re
from typing import Final

from starlette.datastructures import Headers, MutableHeaders
from starlette.requests import Request
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from api.errors import BodyTooLarge, problem
from api.security import SAFE_METHODS
from api.uploads import STREAMED

PHOTOS: Final = re.compile(r"/v1/cities/[^/]+/trench-reports")
PHOTO_BODY: Final = 13 * 1_048_576
"""A report from the trench carries a photo, and little else."""

CSP: Final = "; ".join(
    (
        "default-src 'none'",
        "script-src 'self'",
        "style-src 'self'",
        "style-src-attr 'unsafe-inline'",
        "img-src 'self' data: blob:",
        "font-src 'self'",
        "connect-src 'self'",
        "worker-src 'self' blob:",
        "child-src 'self' blob:",
        "manifest-src 'self'",
        "base-uri 'none'",
        "form-action 'self'",
        "frame-ancestors 'none'",
    )
)
"""No host but our own, ever: the page works without the internet."""

HEADERS: Final = {
    "Content-Security-Policy": CSP,
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
}


COMMON: Final = [(name.lower().encode(), value.encode()) for name, value in HEADERS.items()]
"""The same as the server sends them."""


class CommonHeaders:
    """Every answer carries the security headers; hashed assets may be kept for ever."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on and dress the answer."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        is_asset = scope["path"].startswith("/assets/")

        async def dressed(message: Message) -> None:
            if message["type"] == "http.response.start":
                raw = message["headers"] = list(message.get("headers", ()))
                said = {name for name, _ in raw}
                raw += [each for each in COMMON if each[0] not in said]
                if is_asset and message["status"] in {200, 304}:
                    MutableHeaders(raw=raw)["Cache-Control"] = "public, max-age=31536000, immutable"
                elif b"cache-control" not in said and scope["path"].startswith("/v1/"):
                    raw.append((b"cache-control", b"no-store"))
            await send(message)

        await self._app(scope, receive, dressed)


class BodyLimit:
    """A body above the limit is refused (413) before the application reads it."""

    def __init__(self, app: ASGIApp, limit_bytes: int) -> None:
        self._app = app
        self._limit = limit_bytes

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Read at most the limit, then pass the request on with what was read."""
        is_short = scope["type"] != "http" or scope["method"] in SAFE_METHODS
        if is_short or STREAMED.fullmatch(scope["path"]) is not None:
            await self._app(scope, receive, send)
            return
        limit = self._limit if PHOTOS.fullmatch(scope["path"]) is None else max(self._limit, PHOTO_BODY)
        stated = Headers(scope=scope).get("content-length", "")
        body = None if stated.isdigit() and int(stated) > limit else await self._read(receive, limit)
        if body is None:
            refusal = problem(Request(scope), BodyTooLarge(limit_bytes=limit))
            await refusal(scope, receive, send)
            return
        await self._app(scope, _replay(body, receive), send)

    async def _read(self, receive: Receive, limit: int) -> bytes | None:
        parts: list[bytes] = []
        size = 0
        while True:
            message = await receive()
            if message["type"] != "http.request":
                return b"".join(parts)
            size += len(message.get("body", b""))
            if size > limit:
                return None
            parts.append(message.get("body", b""))
            if not message.get("more_body", False):
                return b"".join(parts)


def _replay(body: bytes, receive: Receive) -> Receive:
    is_sent = False

    async def again() -> Message:
        nonlocal is_sent
        if is_sent:
            return await receive()
        is_sent = True
        return {"type": "http.request", "body": body, "more_body": False}

    return again
