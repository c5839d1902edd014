"""A small client of our own REST API, for the command line and the demonstration."""

from __future__ import annotations

from typing import Any, Self, cast
from uuid import uuid4

import httpx2

from api import i18n
from geo.errors import PanjerehError


class ApiRefused(PanjerehError):
    """The API refused the request."""

    code = "api-refused"


class ApiAway(PanjerehError):
    """The API does not answer at this address."""

    code = "api-away"


class Client:
    """Speaks as the holder of one token; every refusal is raised with the API's own words."""

    def __init__(self, base_url: str, token: str, language: str = "en", timeout_s: float = 30.0) -> None:
        self._http = httpx2.Client(
            base_url=base_url,
            headers={"Authorization": f"Bearer {token}", "Accept-Language": language},
            timeout=timeout_s,
            trust_env=False,
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_exc_info: object) -> None:
        self._http.close()

    def get(self, path: str, **params: str | int) -> Any:
        """The resource at `path`."""
        return self._call("GET", path, params=params)

    def post(self, path: str, body: dict[str, Any] | None = None, key: str | None = None) -> Any:
        """The answer to a change; with a fresh Idempotency-Key unless one is given."""
        return self._call("POST", path, json=body or {}, headers={"Idempotency-Key": key or str(uuid4())})

    def _call(self, method: str, path: str, **options: Any) -> Any:
        try:
            response = self._http.request(method, path, **options)
        except httpx2.TransportError as error:
            raise ApiAway(address=str(self._http.base_url), reason=str(error)) from error
        if response.is_success:
            return response.json() if response.content else None
        raise ApiRefused(status=response.status_code, **_problem(response))


def _problem(response: httpx2.Response) -> dict[str, str]:
    try:
        body = cast("dict[str, Any]", response.json())
    except ValueError:
        return {"refusal": "unknown", "detail": response.text[:500]}
    return {"refusal": str(body.get("code")), "detail": i18n.bare(str(body.get("detail")))}
