"""Asking a public or an agency's service for its data: bounded in time, size and number, repeated when safe.

Only GET is used, which changes nothing, so that a lost answer is simply asked for again.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urljoin, urlsplit

import httpx2

from layers.readers.faults import ServiceRefused, ServiceUnreachable

MAX_PAGE_BYTES = 256 << 20
MAX_PAGES = 20_000
MAX_REDIRECTS = 3
_AGAIN = frozenset({408, 425, 429, 500, 502, 503, 504})
_LONGEST_PAUSE_S = 30.0
_MAX_SAID = 200


@dataclass(frozen=True, slots=True)
class Answer:
    """What a service said: the body and the headers, names in lower case."""

    url: str
    body: bytes
    headers: Mapping[str, str]

    def json(self) -> Any:
        """The body as JSON; raises ServiceRefused when it is none."""
        try:
            return json.loads(self.body)
        except (ValueError, RecursionError) as error:
            raise ServiceRefused(address=self.url, problem=f"no JSON: {error}"[:_MAX_SAID]) from error


@dataclass(slots=True)
class Fetcher:
    """Speaks to one service. `tries` per request, with a growing pause; close it when done."""

    timeout_s: float = 30.0
    tries: int = 4
    pause_s: float = 0.5
    headers: Mapping[str, str] = field(default_factory=dict)
    sleep: Callable[[float], None] = time.sleep
    _client: httpx2.Client | None = None

    def get(self, url: str, params: Mapping[str, str] | None = None) -> Answer:
        """Return the answer to a GET.

        Raises ServiceUnreachable after the last try, and ServiceRefused for an answer that asking again will
        not mend: a client error, a redirect to another host, a page of endless size.
        """
        full = str(httpx2.URL(_checked(url)).copy_merge_params(dict(params or {})))
        problem = ""
        for attempt in range(self.tries):
            try:
                answer, wait = self._once(full)
            except (httpx2.TransportError, OSError) as error:
                answer, wait, problem = None, None, f"{type(error).__name__}: {error}"[:_MAX_SAID]
            if isinstance(answer, Answer):
                return answer
            problem = answer or problem
            if attempt + 1 < self.tries:
                self.sleep(wait if wait is not None else self.pause_s * 2**attempt)
        raise ServiceUnreachable(address=full, tries=self.tries, problem=problem)

    def _once(self, url: str) -> tuple[Answer | str | None, float | None]:
        """Return the answer, or the status that is worth another try with the pause that the service asks."""
        client = self._open()
        for _ in range(MAX_REDIRECTS + 1):
            with client.stream("GET", url) as response:
                if response.is_redirect:
                    url = _same_host(url, response.headers.get("location", ""))
                    continue
                if response.status_code in _AGAIN:
                    return f"status {response.status_code}", _pause(response.headers.get("retry-after"))
                body = _bounded(response, url)
                if response.status_code != 200:
                    said = body[:_MAX_SAID].decode("utf-8", "replace")
                    raise ServiceRefused(address=url, status=response.status_code, problem=said)
                return Answer(url, body, {k.lower(): v for k, v in response.headers.items()}), None
        raise ServiceRefused(address=url, problem="too many redirects")

    def _open(self) -> httpx2.Client:
        if self._client is None:
            self._client = httpx2.Client(
                headers={"user-agent": "panjereh", **self.headers},
                timeout=httpx2.Timeout(self.timeout_s, connect=min(10.0, self.timeout_s)),
                follow_redirects=False,
                trust_env=False,
            )
        return self._client

    def close(self) -> None:
        """The connections are closed."""
        if self._client is not None:
            self._client.close()
            self._client = None


def _checked(url: str) -> str:
    parts = urlsplit(url)
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise ServiceRefused(address=url[:_MAX_SAID], problem="not an http address")
    return url


def _same_host(url: str, location: str) -> str:
    """Return where a redirect leads; another host may be inside our own walls, so it is not followed."""
    there = urljoin(url, location)
    if urlsplit(there)[:2] != urlsplit(url)[:2]:
        raise ServiceRefused(address=url, problem="redirect to another host", to=there[:_MAX_SAID])
    return there


def next_page(url: str, link: str) -> str:
    """Return the address of the next page; raises ServiceRefused when it leads to another host."""
    return _same_host(url, link)


def _bounded(response: httpx2.Response, url: str) -> bytes:
    parts, size = [], 0
    for chunk in response.iter_bytes():
        size += len(chunk)
        if size > MAX_PAGE_BYTES:
            raise ServiceRefused(address=url, problem="page too large", limit=MAX_PAGE_BYTES)
        parts.append(chunk)
    return b"".join(parts)


def _pause(said: str | None) -> float | None:
    return min(float(said), _LONGEST_PAUSE_S) if said is not None and said.isdigit() else None
