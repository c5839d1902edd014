"""Questions that were answered before and whose answer is still true: told at once, on the event loop.

What the address of a feature or a tile answers depends on the address, on four headers, on who asks and on which
deliveries the city shows. A question is remembered with the register its answer was made from; while that register
is the one that holds (`layers.served`) and the asker still is who he was (`api.tokens`), the same question has the
same answer. Everything else, and everything unusual, goes the ordinary way, which alone decides who may see what.
"""

from __future__ import annotations

import re
import threading
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final, Literal, NamedTuple

from fastapi import FastAPI, Request
from starlette.types import ASGIApp, Receive, Scope, Send

from api import tokens
from api.deps import Runtime
from api.middleware import COMMON
from api.security import COOKIE, Holder
from layers import served
from layers.served import Register

MVT: Final = "application/vnd.mapbox-vector-tile"
RawHeaders = list[tuple[bytes, bytes]]
_QUESTION: Final = "panjereh.question"
_HEEDED: Final = frozenset(
    (
        b"host",
        b"accept",
        b"accept-language",
        b"accept-encoding",
        b"authorization",
        b"cookie",
        b"if-none-match",
    )
)
_MOST: Final = 4_096
_LONGEST: Final = 1_500
_BEARER: Final = re.compile(rb"[Bb]earer +([!-~]+)")
_SESSION: Final = re.compile(rb"(?:^|; ?)" + COOKIE.encode() + rb"=([A-Za-z0-9_-]+)(?:;|$)")
_MVT: Final = (b"content-type", MVT.encode())
_GZIP: Final = (b"content-encoding", b"gzip")


class Key(NamedTuple):
    """All that an answer depends on, but for what the city shows and who the secret belongs to."""

    root_path: str
    scheme: str
    path: str
    query: bytes
    host: bytes | None
    accept: bytes | None
    language: bytes | None
    secret: bytes | None
    """SHA-256 of the token or the session's secret."""
    via: Literal["bearer", "cookie"] | None


@dataclass(frozen=True, slots=True)
class Question:
    """A request for something that may be remembered."""

    key: Key
    if_none_match: bytes | None
    takes_gzip: bool


@dataclass(frozen=True, slots=True)
class _Kept:
    city_id: str
    register: Register
    who: Holder | None
    validator: str
    headers: RawHeaders
    is_tile: bool


class Ready(NamedTuple):
    """A whole answer."""

    status: int
    headers: RawHeaders
    body: bytes


def matches(said: str | None, validator: str) -> bool:
    """True when an If-None-Match header names this validator, weakly compared, or anything at all (`*`)."""
    if said is None:
        return False
    return said.strip() == "*" or validator.removeprefix("W/") in {
        each.strip().removeprefix("W/") for each in said.split(",")
    }


def question_of(scope: Scope) -> Question | None:
    """Return what is asked, as far as it is of the plain kind that is remembered."""
    if scope["type"] != "http" or scope["method"] != "GET" or not scope["path"].startswith("/v1/cities/"):
        return None
    said: dict[bytes, bytes] = {}
    for name, value in scope["headers"]:
        if name in _HEEDED:
            if name in said:
                return None
            said[name] = value
    asker = _asker(said.get(b"authorization"), said.get(b"cookie"))
    key = Key(
        scope.get("root_path", ""),
        scope["scheme"],
        scope["path"],
        scope["query_string"],
        said.get(b"host"),
        said.get(b"accept"),
        said.get(b"accept-language"),
        *(asker or (None, None)),
    )
    if asker is None or sum(len(part) for part in key if part) > _LONGEST:
        return None
    return Question(key, said.get(b"if-none-match"), b"gzip" in said.get(b"accept-encoding", b""))


def _asker(
    authorization: bytes | None, cookie: bytes | None
) -> tuple[bytes | None, Literal["bearer", "cookie"] | None] | None:
    """Return the hash of the secret and how it came, (None, None) for nobody; None where it takes a closer look."""
    if authorization is not None:
        bearer = _BEARER.fullmatch(authorization)
        return (tokens.hashed(bearer[1].decode("ascii")), "bearer") if bearer is not None else None
    if cookie is None or COOKIE.encode() not in cookie:
        return None, None
    session = _SESSION.findall(cookie)
    if len(session) != 1 or cookie.count(COOKIE.encode()) != 1:
        return None
    return tokens.hashed(session[0].decode("ascii")), "cookie"


class Memory:
    """The questions of one process; the tiles themselves are in its tile cache."""

    def __init__(self, resources: Runtime) -> None:
        self._resources = resources
        self._kept: dict[Key, _Kept] = {}
        self._lock = threading.Lock()

    def keep(self, key: Key, kept: _Kept) -> None:
        """Remember; the oldest is forgotten for it."""
        with self._lock:
            self._kept.pop(key, None)
            if len(self._kept) >= _MOST:
                del self._kept[next(iter(self._kept))]
            self._kept[key] = kept

    def answer(self, question: Question) -> Ready | None:
        """Return the whole answer where it is known to be true now."""
        key = question.key
        kept = self._kept.get(key)
        if kept is None:
            return None
        reads = self._resources.reads
        if served.remembered(reads, kept.city_id) is not kept.register:
            return None
        if key.via is not None and tokens.remembered(reads, key.secret, key.via) != kept.who:
            return None
        said = question.if_none_match
        if said is not None and matches(said.decode("latin-1"), kept.validator):
            return Ready(304, kept.headers, b"")
        return self._tile(kept, question.takes_gzip) if kept.is_tile else None

    def _tile(self, kept: _Kept, takes_gzip: bool) -> Ready | None:
        tile = self._resources.tiles.get((kept.validator,))
        if tile is None:
            return None
        if tile.is_empty:
            return Ready(204, kept.headers, b"")
        if tile.is_zipped is not takes_gzip:
            return None
        headers = [*kept.headers, (b"content-length", str(len(tile.data)).encode()), _MVT]
        if takes_gzip:
            headers.append(_GZIP)
        return Ready(200, headers, tile.data)


def keep(
    request: Request,
    city_id: str,
    who: Holder | None,
    register: Register,
    validator: str,
    said: Mapping[str, str],
    *,
    is_tile: bool = False,
) -> None:
    """Remember that the request's answer has this validator and these headers while the register holds.

    Only for good answers of which the register's versions and the question are all there is to know.
    """
    found = request.scope.get(_QUESTION)
    if found is None:
        return
    memory, question = found
    headers = [(name.lower().encode("latin-1"), value.encode("latin-1")) for name, value in said.items()]
    names = {name for name, _ in headers}
    headers += [each for each in COMMON if each[0] not in names]
    memory.keep(question.key, _Kept(city_id, register, who, validator, headers, is_tile))


class Remembering:
    """The outermost layer: answers what it remembers, passes the rest on with room for what is to be remembered."""

    def __init__(self, app: ASGIApp, owner: FastAPI) -> None:
        self._app = app
        self._memory = Memory(owner.state.runtime)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer or pass on."""
        question = question_of(scope)
        if question is None:
            await self._app(scope, receive, send)
            return
        ready = self._memory.answer(question)
        if ready is None:
            scope[_QUESTION] = (self._memory, question)
            await self._app(scope, receive, send)
            return
        await send({"type": "http.response.start", "status": ready.status, "headers": ready.headers})
        await send({"type": "http.response.body", "body": ready.body})
