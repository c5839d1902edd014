"""The short way to features and tiles, which are asked for most: past the frameworks, and at best past the database.

What the client has already is told without a statement and without a thread while the layer's version is
remembered (`layers.served`); one feature for somebody unknown takes a statement and no thread (`layers.on_loop`).
Everything else goes to the same functions as by the long way (`api.ogc.ROUTES`).
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any, Final

from fastapi import FastAPI
from starlette.middleware.exceptions import ExceptionMiddleware
from starlette.requests import Request
from starlette.responses import Response
from starlette.types import ASGIApp, Receive, Scope, Send

from api import ogc_items, ogc_tiles
from api.hands import Hands
from layers.on_loop import Lines

_ITEMS: Final = re.compile(r"/v1/cities/([^/]+)/ogc/collections/([^/]+)/items(?:/(.+))?")
_TILE: Final = re.compile(
    r"/v1/cities/([^/]+)/ogc(?:/collections/([^/]+))?/tiles/([^/]+)/(\d{1,2})/(\d{1,9})/(\d{1,9})"
)
_THREADS: Final = 16


class Front:
    """Answers the requests that it knows, and passes the others on."""

    def __init__(self, app: ASGIApp, owner: FastAPI) -> None:
        self._app = app
        self._owner = owner
        self._hands = Hands(_THREADS, "ogc")
        self._lines = Lines(owner.state.runtime.reads)
        self._guarded: ASGIApp | None = None

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer or pass on."""
        known = _known(scope) if scope["type"] == "http" and scope["method"] == "GET" else None
        if known is None:
            try:
                await self._app(scope, receive, send)
            finally:
                if scope["type"] == "lifespan":
                    self._lines.close()
            return
        if self._guarded is None:
            handlers = {
                kind: handler
                for kind, handler in self._owner.exception_handlers.items()
                if kind not in (500, Exception)
            }
            self._guarded = ExceptionMiddleware(self._answer, handlers=handlers)
        asked = {"app": self._owner, "path_params": known[1], "panjereh.endpoint": known[0]}
        await self._guarded({**scope, **asked}, receive, send)

    async def _answer(self, scope: Scope, receive: Receive, send: Send) -> None:
        endpoint: Callable[[Request], Response] = scope["panjereh.endpoint"]
        request = Request(scope)
        answer = ogc_items.remembered(request) if endpoint is not ogc_tiles.tile else None
        if answer is None and endpoint is ogc_items.item:
            answer = await ogc_items.item_at_once(request, self._lines)
        if answer is None:
            answer = await self._hands.call(endpoint, request)
        await answer(scope, receive, send)


def _known(scope: Scope) -> tuple[Callable[[Request], Response], dict[str, Any]] | None:
    """The function that answers this address, with what the address says."""
    path = scope["path"]
    found = _ITEMS.fullmatch(path)
    if found is not None:
        city, layer, feature = found.groups()
        if feature is None:
            return ogc_items.items, {"city_id": city, "layer_id": layer}
        return ogc_items.item, {"city_id": city, "layer_id": layer, "feature_id": feature}
    found = _TILE.fullmatch(path)
    if found is None:
        return None
    city, layer, matrix_set, *address = found.groups()
    z, row, col = (int(each) for each in address)
    named = {"city_id": city, "matrix_set": matrix_set, "z": z, "row": row, "col": col}
    return ogc_tiles.tile, named if layer is None else named | {"layer_id": layer}
