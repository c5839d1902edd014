"""What is answered from memory is what the ordinary way answers, and never to somebody who may not have it any more."""

from __future__ import annotations

import itertools
from collections.abc import Iterator

import httpx2
import pytest
from sqlalchemy import text

from api import answered, tokens
from api.answered import Memory, Remembering, matches
from api.app import create_app
from api.ogc_front import Front
from layers import served as served_versions
from layers.database import make_engine, make_sessions
from permits.vocabulary import Role
from tests.api.conftest import Served, free_port, serving
from tests.api.test_map import a_parcel, tile_of

CITY = "/v1/cities/schutterwald"
OGC = f"{CITY}/ogc"
HOST = "window.example:8080"


@pytest.fixture
def plain(api: Served) -> Iterator[str]:
    """The same application without its short ways."""
    app = create_app(api.settings)
    app.user_middleware = [each for each in app.user_middleware if each.cls not in {Remembering, Front}]
    with serving(app, free_port()) as address:
        yield address


def addresses(api: Served) -> list[str]:
    parcel, lon, lat = a_parcel(api)
    z, x, y = tile_of(lon, lat, 16).split("/")
    tile = f"tiles/WebMercatorQuad/{z}/{y}/{x}"
    return [
        f"{OGC}/collections/parcels/items?limit=3",
        f"{OGC}/collections/parcels/items/{parcel}?lang=fa",
        f"{OGC}/collections/water_lines/items?limit=2&f=json",
        f"{OGC}/collections/gas_devices/items?limit=2",  # sensitive: not in bulk
        f"{OGC}/collections/parcels/items/no-such-parcel",
        f"{OGC}/collections/parcels/items?limit=3&limit=3",
        f"{OGC}/{tile}",
        f"{OGC}/{tile}?collections=parcels,buildings",
        f"{OGC}/collections/parcels/tiles/WebMercatorQuad/16/0/0",  # nothing there
        f"{OGC}/tiles/WebMercatorQuad/3/99/1",
        f"{CITY}/tiles/{z}/{x}/{y}.pbf?layers=parcels",
        f"{CITY}/tiles/{z}/{x}/{y}.pbf?layers=no-such-layer",
        f"{CITY}/tiles/{z}/{x}/{y}.pbf",
        f"{CITY}/tiles/16/0/0.pbf?layers=parcels",
    ]


def askers(api: Served) -> list[list[tuple[str, str]]]:
    with api.client(None) as client:
        cookie = client.post("/v1/session", json={"token": api.tokens[Role.FRONT_OFFICE]}).headers[
            "set-cookie"
        ]
    session = cookie.partition(";")[0]
    officer = ("Authorization", f"Bearer {api.tokens[Role.OFFICER]}")
    return [
        [],
        [officer],
        [("Authorization", f"bearer  {api.tokens[Role.APPLICANT]}")],
        [("Authorization", "Bearer " + "x" * 43)],
        [("Authorization", "Basic eDp5")],
        [("Cookie", session)],
        [("Cookie", f"a=b; {session}; c=d")],
        [("Cookie", f"{session}; {session.partition('=')[0]}=other")],
        [("Cookie", "a=b")],
        [("Cookie", session), officer],
    ]


HEADERS: list[list[tuple[str, str]]] = [
    [],
    [("Accept-Encoding", "gzip, br")],
    [("Accept", "text/html,application/json;q=0.9"), ("Accept-Language", "fa")],
    [("Origin", "https://elsewhere.example"), ("Sec-Fetch-Site", "cross-site")],
    [("If-None-Match", "{tag}")],
    [("If-None-Match", '"other", {bare} ,W/"x"'), ("Accept-Encoding", "gzip")],
    [("If-None-Match", "*")],
    [("If-None-Match", '"other"')],
    [("If-None-Match", '"other"'), ("If-None-Match", "{tag}")],
]


def told(client: httpx2.Client, method: str, path: str, headers: list[tuple[str, str]]) -> object:
    with client.stream(method, path, headers=[("Host", HOST), *headers]) as response:
        body = b"".join(response.iter_raw())
    kept = sorted((name, value) for name, value in response.headers.multi_items() if name != "date")
    return response.status_code, kept, body


def bare_client(address: str) -> httpx2.Client:
    client = httpx2.Client(base_url=address, timeout=60, trust_env=False)
    client.headers.clear()
    return client


def test_memory_says_what_the_ordinary_way_says(
    api: Served, plain: str, monkeypatch: pytest.MonkeyPatch, seed: int
) -> None:
    """Status, every header and every byte, for who may and who may not, asked until it is remembered."""
    monkeypatch.setattr(served_versions, "now", lambda: 1.0)
    monkeypatch.setattr(tokens, "now", lambda: 1.0)
    monkeypatch.setattr(answered, "_LONGEST", 400)
    from_memory: list[int] = []
    answer = Memory.answer

    def counted(self: Memory, question: answered.Question) -> answered.Ready | None:
        ready = answer(self, question)
        from_memory.extend([ready.status] if ready is not None else [])
        return ready

    monkeypatch.setattr(Memory, "answer", counted)
    with bare_client(api.url) as quick, bare_client(plain) as ordinary:
        people = askers(api)
        # Every address, every asker and every way of asking comes by; not each with each.
        pairs = list(itertools.product(addresses(api), people))[seed % 7 :: 7]
        for number, (path, who) in enumerate(pairs):
            first = ordinary.get(path, headers=[("Host", HOST), *who])
            tag = first.headers.get("etag", '"none"')
            names = {"tag": tag, "bare": tag.removeprefix("W/")}
            for more in (HEADERS[4], HEADERS[number % len(HEADERS)]):
                said = [*who, *((name, value.format(**names)) for name, value in more)]
                methods = ("GET", "GET") if number % 5 else ("GET", "HEAD", "GET", "OPTIONS")
                expected = {method: told(ordinary, method, path, said) for method in set(methods)}
                for method in methods:
                    assert told(quick, method, path, said) == expected[method], (method, path, said)
        for path in (addresses(api)[6], addresses(api)[8]):
            assert [told(quick, "GET", path, []) for _ in range(2)] == [told(ordinary, "GET", path, [])] * 2
    assert set(from_memory) == {200, 204, 304}
    assert len(from_memory) > 10


@pytest.mark.parametrize("via", ["bearer", "cookie"])
def test_who_is_out_is_out_at_once(api: Served, via: str) -> None:
    """Neither a remembered token nor a remembered answer outlives the revocation (T9), however often it was asked."""
    _, lon, lat = a_parcel(api)
    path = f"{CITY}/tiles/{tile_of(lon, lat, 16)}.pbf?layers=water_lines"  # shared: not for everybody
    engine = make_engine(api.settings.database_url or "", pool_size=1)
    with api.client(None) as client, make_sessions(engine)() as session:
        token = tokens.create_token(session, "leaving", Role.OFFICER)
        session.commit()
        if via == "bearer":
            client.headers["Authorization"] = f"Bearer {token}"
        else:
            client.post("/v1/session", json={"token": token})
        for _ in range(3):
            assert client.get("/v1/me").status_code == 200
            tag = client.get(path).headers["etag"]
            assert client.get(path, headers={"If-None-Match": tag}).status_code == 304
        if via == "bearer":
            assert tokens.revoke_tokens(session, "leaving") == 1
            session.commit()
        else:
            secret = client.cookies["panjereh_session"]
            assert client.delete("/v1/session").status_code == 204
            client.headers["Cookie"] = f"panjereh_session={secret}"
        assert client.get("/v1/me").status_code == 401
        assert client.get(path, headers={"If-None-Match": tag}).status_code == 401
    engine.dispose()


def test_nothing_is_remembered_while_somebody_revokes(api: Served) -> None:
    """Who asks during a revocation may still be let in, but only for that request."""
    engine = make_engine(api.settings.database_url or "", pool_size=1)
    reads = api.app.state.runtime.reads
    secret = api.tokens[Role.OFFICER]
    digest = tokens.hashed(secret)
    with engine.begin() as connection:
        connection.execute(text("SELECT pg_advisory_xact_lock(:lock)"), {"lock": tokens._LOCK})
        assert tokens.holder_of(reads, secret, "bearer") is not None
        assert tokens.remembered(reads, digest, "bearer") is None
    found = tokens.holder_of(reads, secret, "bearer")
    assert found is not None
    assert tokens.holder_of(reads, secret, "bearer") == found
    assert tokens.remembered(reads, digest, "cookie") is None
    engine.dispose()


@pytest.mark.parametrize(
    ("said", "is_match"),
    [
        (None, False), ("", False), ("*", True), (" * ", True), ('"a"', True), ('W/"a"', True), ('"b","a"', True),
        ('"b", W/"a" , "c"', True), ('"b"', False), ("a", False), ('"A"', False),
    ],
)  # fmt: skip
def test_validators_are_compared_weakly(said: str | None, is_match: bool) -> None:
    for validator in ('"a"', 'W/"a"'):
        assert matches(said, validator) is is_match
