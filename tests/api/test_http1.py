"""The HTTP server itself: what is not HTTP, what is too long or too slow, and what stays open (no database)."""

from __future__ import annotations

import asyncio
import socket
import threading
from collections.abc import AsyncIterator, Iterator
from contextlib import closing

import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response, StreamingResponse
from starlette.routing import Route

from api import http1
from tests.api.conftest import free_port, serving

LIMIT_S = 60.0
left = threading.Event()


async def _hello(request: Request) -> Response:
    return PlainTextResponse(f"{request.method} {request.url.path} {len(await request.body())}")


async def _endless(_request: Request) -> Response:
    async def said() -> AsyncIterator[bytes]:
        try:
            while True:
                yield b"x" * 1000
                await asyncio.sleep(0.01)
        finally:
            left.set()

    return StreamingResponse(said())


@pytest.fixture(scope="module")
def port() -> Iterator[int]:
    app = Starlette(
        routes=[Route("/endless", _endless), Route("/{path:path}", _hello, methods=["GET", "POST"])]
    )
    chosen = free_port()
    with serving(app, chosen):
        yield chosen


def opened(port: int) -> socket.socket:
    return socket.create_connection(("127.0.0.1", port), timeout=LIMIT_S)


def until_closed(client: socket.socket) -> bytes:
    made = b""
    try:
        while piece := client.recv(65_536):
            made += piece
    except ConnectionResetError:  # closed with bytes of ours not read yet
        pass
    return made


def asked(port: int, *pieces: bytes) -> bytes:
    """Everything the server says until it closes the connection."""
    with closing(opened(port)) as client:
        for piece in pieces:
            try:
                client.sendall(piece)
            except (ConnectionResetError, BrokenPipeError):  # it has heard enough
                break
        return until_closed(client)


def one_answer(client: socket.socket) -> bytes:
    made = b""
    while b"\r\n\r\n" not in made:
        made += client.recv(65_536)
    head, _, body = made.partition(b"\r\n\r\n")
    length = next(
        int(line.split(b":")[1]) for line in head.split(b"\r\n") if line.startswith(b"content-length")
    )
    while len(body) < length:
        body += client.recv(65_536)
    return head + b"\r\n\r\n" + body


@pytest.mark.parametrize(
    "request_bytes",
    [
        b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\r\n\r\n",  # TLS knocking
        b"GET\r\n\r\n",
        b"GET / HTTP/9.9\r\nHost: a\r\n\r\n",
        b"GE T / HTTP/1.1\r\nHost: a\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost : a\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost: a\r\n folded: b\r\n\x00: c\r\n\r\n",
        b"GET http:// HTTP/1.1\r\nHost: a\r\n\r\n",
        b"CONNECT a:80 HTTP/1.1\r\nHost: a\r\n\r\n",
        b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: -1\r\n\r\n",
        b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nab",
        b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
        b"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked, identity\r\n\r\n0\r\n\r\n",
    ],
)
def test_what_is_not_http_is_refused(port: int, request_bytes: bytes) -> None:
    """400 and the connection closed; two lengths or a length beside chunks could smuggle a request in."""
    assert asked(port, request_bytes).startswith(b"HTTP/1.1 400 ")


@pytest.mark.parametrize("in_pieces", [False, True])
@pytest.mark.parametrize("what", ["one", "many", "address", "unfinished"])
def test_a_head_without_end_is_refused(port: int, what: str, in_pieces: bool) -> None:
    """431: headers are read as far as 64 KiB, in one piece or in many."""
    start = b"GET / HTTP/1.1\r\nHost: a\r\n"
    said = {
        "one": start + b"X: " + b"x" * 70_000 + b"\r\n\r\n",
        "many": start + b"X: y\r\n" * 20_000 + b"\r\n",
        "address": b"GET /" + b"x" * 70_000 + b" HTTP/1.1\r\nHost: a\r\n\r\n",
        "unfinished": start + b"X: " + b"x" * 2_000_000,
    }[what]
    size = 30_000 if in_pieces else len(said)
    answer = asked(port, *(said[n : n + size] for n in range(0, len(said), size)))
    # Bytes that were not read any more may take the answer with them when the connection is reset.
    assert answer.startswith(b"HTTP/1.1 431 ") or answer == b""


def test_a_large_head_is_still_answered(port: int) -> None:
    head = b"GET /a HTTP/1.1\r\nHost: a\r\nConnection: close\r\nX: " + b"x" * 60_000 + b"\r\n\r\n"
    assert asked(port, head).startswith(b"HTTP/1.1 200 ")
    assert asked(port, head[:30_000], head[30_000:]).endswith(b"GET /a 0")


def test_a_slow_head_is_given_up(port: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """408 after the limit; who says nothing at all, or only empty lines, is let go without a word."""
    for rest, said in ((b"GET /b HTTP/1.1\r\nHo", b"HTTP/1.1 408 "), (b"\r\n\r\n", b"")):
        with closing(opened(port)) as client:
            client.sendall(b"GET /a HTTP/1.1\r\nHost: a\r\n\r\n")
            assert one_answer(client).endswith(b"GET /a 0")
            with (
                monkeypatch.context() as short
            ):  # only now, or a busy machine would be too slow for a good head
                short.setattr(http1, "HEAD_SECONDS", 0.05)
                client.sendall(rest)
                answer = until_closed(client)
            assert answer.startswith(said)
            assert bool(answer) == bool(said)
    monkeypatch.setattr(http1, "HEAD_SECONDS", 0.05)
    assert asked(port) == b""


def test_a_connection_stays_open(port: int) -> None:
    """Keep-alive, requests sent ahead of their answers, a head that comes byte by byte, HTTP/1.0 and HEAD."""
    with closing(opened(port)) as client:
        for number in range(3):
            client.sendall(f"GET /{number} HTTP/1.1\r\nHost: a\r\n\r\n".encode())
            assert one_answer(client).endswith(f"GET /{number} 0".encode())
        for byte in b"GET /slow HTTP/1.1\r\nHost: a\r\n\r\n":
            client.sendall(bytes([byte]))
        assert one_answer(client).endswith(b"GET /slow 0")
        client.sendall(b"POST /p HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\n\r\nabc")
        assert one_answer(client).endswith(b"POST /p 3")
        upgrade = b"GET /u HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: h2c\r\n\r\n"
        client.sendall(upgrade)  # not offered, so answered as any other
        assert one_answer(client).endswith(b"GET /u 0")
    ahead = b"".join(f"GET /{number} HTTP/1.1\r\nHost: a\r\n\r\n".encode() for number in range(4))
    answers = asked(port, ahead + b"GET /end HTTP/1.0\r\n\r\n")
    assert answers.count(b"HTTP/1.1 200") == 5
    assert answers.index(b"GET /0 0") < answers.index(b"GET /3 0") < answers.index(b"GET /end 0")
    head = asked(port, b"HEAD /h HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n")
    assert b"content-length: 9" in head
    assert head.endswith(b"\r\n\r\n")


def test_who_asks_first_may_then_send(port: int) -> None:
    """`Expect: 100-continue`, as curl sends it before a large file."""
    with closing(opened(port)) as client:
        client.sendall(
            b"POST /f HTTP/1.1\r\nHost: a\r\nContent-Length: 200000\r\nExpect: 100-continue\r\n\r\n"
        )
        assert client.recv(1_000).startswith(b"HTTP/1.1 100 ")
        client.sendall(b"x" * 200_000)
        assert one_answer(client).endswith(b"POST /f 200000")


def test_a_client_that_leaves_ends_its_stream(port: int) -> None:
    left.clear()
    with closing(opened(port)) as client:
        client.sendall(b"GET /endless HTTP/1.1\r\nHost: a\r\n\r\n")
        assert client.recv(1_000).startswith(b"HTTP/1.1 200 ")
    assert left.wait(LIMIT_S)
