"""What every route is given: the process's resources, who asks, which city, and the context of a use case."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from typing import Annotated, Literal

from fastapi import Depends, Header, Request
from sqlalchemy import Engine
from sqlalchemy.orm import Session, sessionmaker

from api import tokens
from api.crisis_pool import CrisisPool
from api.errors import IdempotencyKeyMissing
from api.events import Listener
from api.security import COOKIE, Holder, NotAuthenticated, Permission, check_same_site, require
from api.settings import Settings
from api.tilecache import TileCache
from layers.city import City
from layers.config import UnknownCity
from permits.ports import Actor
from permits.service import Context

_KEY_LENGTH = 255


class IdempotencyKeyInvalid(IdempotencyKeyMissing):
    """An Idempotency-Key is 1 to 255 visible characters."""

    code = "idempotency-key-invalid"


@dataclass(frozen=True, slots=True)
class Runtime:
    """What one web process owns, made once at its start."""

    settings: Settings
    engine: Engine
    """The owner's: listening and deliveries, never a request's reading."""
    app_engine: Engine
    """The application role's, behind `sessions`."""
    reads: Engine
    sessions: sessionmaker[Session]
    cities: dict[str, City]
    listener: Listener
    tiles: TileCache
    crisis: CrisisPool


def runtime(request: Request) -> Runtime:
    """The process's resources."""
    made: Runtime = request.app.state.runtime
    return made


RuntimeDep = Annotated[Runtime, Depends(runtime)]


def bearer(request: Request) -> str | None:
    """The bearer token of the request, if any."""
    scheme, _, token = request.headers.get("authorization", "").partition(" ")
    return token.strip() if scheme.lower() == "bearer" and token.strip() else None


def holder(request: Request, resources: RuntimeDep) -> Holder | None:
    """Who asks; None for nobody. A token that is not live is refused, never treated as nobody."""
    return _who(request, partial(tokens.holder_of, resources.reads))


def holder_in(session: Session, request: Request) -> Holder | None:
    """Who asks, looked up in this session: for those who bring a connection of their own."""
    return _who(request, partial(tokens.holder_in, session))


def _who(
    request: Request, find: Callable[[str, Literal["bearer", "cookie"]], Holder | None]
) -> Holder | None:
    token = bearer(request)
    cookie = request.cookies.get(COOKIE) if "cookie" in request.headers else None
    if token is None and cookie is None:
        return None
    if token is None:
        check_same_site(request.method, request.headers)
        return find(cookie or "", "cookie")
    found = find(token, "bearer")
    if found is None:
        raise NotAuthenticated(hint="token-not-live")
    return found


HolderDep = Annotated[Holder | None, Depends(holder)]


def city(city_id: str, resources: RuntimeDep) -> City:
    """The city of the address; UnknownCity (404) when this installation does not serve it."""
    found = resources.cities.get(city_id)
    if found is None:
        raise UnknownCity(city=city_id, known=sorted(resources.cities))
    return found


CityDep = Annotated[City, Depends(city)]


def allowed(permission: Permission) -> Callable[..., Holder]:
    """A dependency that lets only holders with `permission` in the address's city pass."""

    def check(who: HolderDep, place: CityDep) -> Holder:
        require(who, permission, place.city_id)
        if who is None:
            raise NotAuthenticated(hint="send-bearer-token")
        return who

    return check


def idempotency_key(
    key: Annotated[str | None, Header(alias="Idempotency-Key", max_length=_KEY_LENGTH + 2)] = None,
) -> str | None:
    """The Idempotency-Key header, quoted or not; None when it was not sent."""
    if key is None:
        return None
    bare = key.strip().strip('"')
    if not bare or len(bare) > _KEY_LENGTH or not bare.isascii() or not bare.isprintable():
        raise IdempotencyKeyInvalid(length=len(bare))
    return bare


KeyDep = Annotated[str | None, Depends(idempotency_key)]


def required_key(key: KeyDep) -> str:
    """The Idempotency-Key of a request that creates; IdempotencyKeyMissing (400) without one."""
    if key is None:
        raise IdempotencyKeyMissing(hint="send-idempotency-key")
    return key


RequiredKeyDep = Annotated[str, Depends(required_key)]


def context(place: City, who: Holder, key: str | None = None) -> Context:
    """The context of one use case: where, who, when, and the key that makes a repeat harmless."""
    return Context(
        city=place,
        actor=Actor(id=who.actor_id, role=who.role, agency=who.agency),
        now=datetime.now(UTC),
        idempotency_key=key,
    )
