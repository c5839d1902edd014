"""Signing in with a token, who one is, health, and the words of the interface."""

from __future__ import annotations

import hashlib
from typing import Annotated

from fastapi import APIRouter, Path, Request
from fastapi.responses import JSONResponse, Response
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.exc import TimeoutError as PoolTimeout

from api import i18n, tokens
from api.deps import HolderDep, RuntimeDep
from api.errors import RETRY_AFTER_S
from api.schemas import TokenIn
from api.security import COOKIE, POLICY, NotAuthenticated, check_same_site

router = APIRouter(prefix="/v1")
VERSION = "0.1.0"


@router.post("/session", status_code=201, tags=["account"], summary="Open a browser session with a token")
def sign_in(request: Request, resources: RuntimeDep, body: TokenIn) -> Response:
    """The cookie is HttpOnly and SameSite=Strict; the page's scripts never see it."""
    check_same_site(request.method, request.headers)
    hours = resources.settings.session_hours
    with resources.sessions.begin() as session:
        opened = tokens.open_session(session, body.token, hours)
        who = tokens.token_holder(session, body.token)
    if opened is None or who is None:
        raise NotAuthenticated(hint="token-not-live")
    secret, expires_at = opened
    response = JSONResponse(
        {"actor_id": who.actor_id, "role": who.role, "name": who.name, "expires_at": expires_at.isoformat()},
        status_code=201,
    )
    response.set_cookie(
        COOKIE, secret, max_age=int(hours * 3600), path="/", httponly=True, samesite="strict",
        secure=resources.settings.secure_cookies,
    )  # fmt: skip
    return response


@router.delete("/session", status_code=204, tags=["account"], summary="Close the browser session")
def sign_out(request: Request, resources: RuntimeDep) -> Response:
    """Close the session of the cookie; no error when there is none."""
    check_same_site(request.method, request.headers)
    secret = request.cookies.get(COOKIE)
    if secret is not None:
        with resources.sessions.begin() as session:
            tokens.close_session(session, secret)
    response = Response(status_code=204)
    response.delete_cookie(COOKIE, path="/", httponly=True, samesite="strict")
    return response


@router.get("/me", tags=["account"], summary="Who I am")
def me(who: HolderDep) -> Response:
    """The holder of the token or session, and what the role may do at all; 401 without one."""
    if who is None:
        raise NotAuthenticated(hint="send-bearer-token")
    return JSONResponse(
        {
            "actor_id": who.actor_id,
            "role": who.role,
            "name": who.name,
            "agency": who.agency,
            "city": who.city_id,
            "may": sorted(each for each, roles in POLICY.items() if who.role in roles),
        }
    )


@router.get("/health", tags=["operations"], summary="Is everything this process needs there?")
def health(resources: RuntimeDep) -> Response:
    """200 when the database answers, 503 with Retry-After when it does not."""
    try:
        with resources.sessions() as session:
            session.execute(text("SELECT 1"))
    except (DBAPIError, PoolTimeout):
        return JSONResponse(
            {"status": "degraded", "database": "down", "version": VERSION},
            status_code=503,
            headers={"Retry-After": str(RETRY_AFTER_S)},
        )
    return JSONResponse({"status": "ok", "database": "ok", "version": VERSION})


@router.get("/locales/{lang}.ftl", tags=["operations"], summary="The words of one language")
def words(request: Request, lang: Annotated[i18n.Language, Path()]) -> Response:
    """The message file, the same one the server words its letters with."""
    body = i18n.source(lang).encode("utf-8")
    etag = f'"{hashlib.sha256(body).hexdigest()[:24]}"'
    headers = {"ETag": etag, "Cache-Control": "no-cache", "Content-Language": lang}
    if request.headers.get("if-none-match") == etag:
        return Response(status_code=304, headers=headers)
    return Response(body, media_type="text/plain; charset=utf-8", headers=headers)
