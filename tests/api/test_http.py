"""What every resource has in common: problems, sessions, limits, headers, languages."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import httpx2

from permits.vocabulary import Role
from tests.api.conftest import Served

Code = Callable[[httpx2.Response], str]


def test_health_is_open_and_says_the_database_answers(bare_api: Served) -> None:
    with bare_api.client(None) as client:
        body = client.get("/v1/health").json()
    assert body["status"] == "ok"
    assert body["database"] == "ok"


def test_nobody_gets_nothing_but_the_open_resources(bare_api: Served, problem_of: Code) -> None:
    with bare_api.client(None) as client:
        assert client.get("/v1/cities").status_code == 200
        for path in ("/v1/me", "/v1/cities/schutterwald/cases", "/v1/cities/schutterwald/parcels?q=1"):
            response = client.get(path)
            assert response.status_code == 401
            assert problem_of(response) == "not-authenticated"
            assert response.headers["www-authenticate"] == "Bearer"


def test_an_unknown_token_is_refused_not_treated_as_nobody(bare_api: Served, problem_of: Code) -> None:
    with bare_api.client(None, Authorization="Bearer " + "x" * 43) as client:
        response = client.get("/v1/cities/schutterwald")
    assert response.status_code == 401
    assert problem_of(response) == "not-authenticated"


def test_a_role_without_the_right_gets_403(bare_api: Served, problem_of: Code) -> None:
    with bare_api.client(Role.CRISIS) as client:
        response = client.post("/v1/cities/schutterwald/cases", json={}, headers={"Idempotency-Key": "k"})
    assert response.status_code == 403
    assert problem_of(response) == "not-allowed"
    assert response.json()["params"] == {"role": "crisis", "action": "submit"}


def test_session_cookie_opens_and_closes(bare_api: Served, problem_of: Code) -> None:
    token = bare_api.tokens[Role.OFFICER]
    with bare_api.client(None) as client:
        opened = client.post("/v1/session", json={"token": token})
        assert opened.status_code == 201
        cookie = opened.headers["set-cookie"].lower()
        assert "httponly" in cookie
        assert "samesite=strict" in cookie
        assert token not in cookie
        assert client.get("/v1/me").json()["role"] == "officer"
        assert client.delete("/v1/session").status_code == 204
        assert problem_of(client.get("/v1/me")) == "not-authenticated"


def test_a_wrong_token_opens_no_session(bare_api: Served, problem_of: Code) -> None:
    with bare_api.client(None) as client:
        response = client.post("/v1/session", json={"token": "x" * 43})
    assert response.status_code == 401
    assert problem_of(response) == "not-authenticated"
    assert "set-cookie" not in response.headers


def test_a_change_from_another_page_is_refused(bare_api: Served, problem_of: Code) -> None:
    with bare_api.client(None) as client:
        client.post("/v1/session", json={"token": bare_api.tokens[Role.OFFICER]})
        path = "/v1/cities/schutterwald/cases"
        crossed = client.post(path, json={}, headers={"Sec-Fetch-Site": "cross-site", "Idempotency-Key": "k"})
        assert (crossed.status_code, problem_of(crossed)) == (403, "cross-site-request")
        foreign = client.post(
            path, json={}, headers={"Origin": "https://evil.example", "Idempotency-Key": "k"}
        )
        assert (foreign.status_code, problem_of(foreign)) == (403, "cross-site-request")
        own = client.post(path, json={}, headers={"Sec-Fetch-Site": "same-origin", "Idempotency-Key": "k"})
        assert problem_of(own) == "form-invalid"


def test_problems_speak_the_clients_language(bare_api: Served) -> None:
    with bare_api.client(None) as client:
        fa = client.get("/v1/me", headers={"Accept-Language": "fa-IR, en;q=0.5"})
        en = client.get("/v1/me", headers={"Accept-Language": "de, en;q=0.5, fa;q=0.4"})
    assert fa.headers["content-language"] == "fa"
    assert "توکن" in fa.json()["detail"]
    assert en.headers["content-language"] == "en"
    assert "token" in en.json()["detail"]


def test_unknown_paths_methods_and_bodies_are_problems(bare_api: Served, problem_of: Code) -> None:
    headers = {"Idempotency-Key": "k", "Content-Type": "application/json"}
    with bare_api.client() as client:
        assert problem_of(client.get("/v1/nothing")) == "not-found"
        assert client.put("/v1/me", json={}).status_code == 405
        broken = client.post("/v1/cities/schutterwald/cases", content=b"{", headers=headers)
        assert (broken.status_code, problem_of(broken)) == (400, "form-invalid")
        city = client.get("/v1/cities/atlantis/cases")
        assert (city.status_code, problem_of(city)) == (404, "unknown-city")
        assert city.json()["params"]["known"] == ["karhula", "schutterwald"]


def test_body_limit_holds_with_and_without_a_stated_length(bare_api: Served, problem_of: Code) -> None:
    limit = bare_api.settings.body_limit_bytes
    with bare_api.client() as client:
        stated = client.post("/v1/session", content=b"x" * (limit + 1))
        assert (stated.status_code, problem_of(stated)) == (413, "body-too-large")

        def parts() -> Iterator[bytes]:
            for _ in range(limit // 65_536 + 2):
                yield b"x" * 65_536

        streamed = client.post("/v1/session", content=parts())
        assert (streamed.status_code, problem_of(streamed)) == (413, "body-too-large")


def test_every_answer_names_no_other_host(bare_api: Served) -> None:
    with bare_api.client(None) as client:
        for path in ("/", "/v1/health", "/v1/docs", "/v1/me"):
            policy = client.get(path).headers["content-security-policy"]
            assert "http" not in policy
            assert "default-src 'none'" in policy


def test_docs_need_no_other_host(bare_api: Served) -> None:
    with bare_api.client(None) as client:
        page = client.get("/v1/docs").text
        described = client.get("/v1/openapi.json").json()
    assert "/v1/cities/{city_id}/cases" in page
    assert "http" not in page.replace("HTTP", "")
    assert "/v1/cities/{city_id}/cases/{case_id}/approve" in described["paths"]


def test_words_are_conditional(bare_api: Served) -> None:
    with bare_api.client(None) as client:
        first = client.get("/v1/locales/fa.ftl")
        again = client.get("/v1/locales/fa.ftl", headers={"If-None-Match": first.headers["etag"]})
        assert client.get("/v1/locales/de.ftl").status_code == 422
    assert first.status_code == 200
    assert "error-not-authenticated" in first.text
    assert (again.status_code, again.content) == (304, b"")


def test_text_that_no_database_keeps_is_refused_and_nothing_is_stored(
    bare_api: Served, problem_of: Code
) -> None:
    """A NUL in an address or a form."""
    city = "/v1/cities/schutterwald"
    with bare_api.client(Role.OFFICER) as client:
        for path in ("cases", "digs", "parcels"):
            response = client.get(f"{city}/{path}?q=a%00b")
            assert (path, response.status_code, problem_of(response)) == (path, 422, "text-unstorable")
    place = {"type": "Point", "coordinates": [7.8754, 48.4572]}
    with bare_api.client(Role.CRISIS) as client:
        made = {"kind": "fire", "title": "a\0b", "geometry": place}
        response = client.post(f"{city}/incidents", json=made)
        assert (response.status_code, problem_of(response)) == (422, "text-unstorable")
        assert client.get(f"{city}/incidents").json()["incidents"] == []
