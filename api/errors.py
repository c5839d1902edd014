"""Refusals on the wire: one table from class to status, one body (RFC 9457), words by language."""

from __future__ import annotations

import logging
import time
from collections.abc import Mapping, Sequence
from typing import Any, Final

import psycopg2
from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from sqlalchemy.exc import DBAPIError, InterfaceError, OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeout
from starlette.exceptions import HTTPException

from api import i18n, security
from api.forms import UploadFormInvalid
from api.problem_words import worded
from api.upload_parts import UploadPartsUnclear
from geo.control_points import ControlPointError
from geo.errors import CrsError, DepthInvalid, PanjerehError, ShapeError
from geo.network import NetworkError
from layers.access import AccessRefused
from layers.config import UnknownCity
from layers.cql2 import FilterError
from layers.crisis import FeatureNotInNetwork, NothingThere
from layers.crisis_look import AreaTooLarge
from layers.delivery_errors import (
    ColumnMissing,
    DeliveryNotFound,
    DeliveryNotHeld,
    LayerNotPreviewed,
    MappingIncomplete,
    MappingInvalid,
    MappingNotKept,
    NoCorrectionOffered,
    NothingToRollBack,
    RepairNotShown,
)
from layers.network_errors import NetworkMoving, NetworkNotStored
from layers.offline_pack import PackPageMissing
from layers.pack_contents import PackTooLarge
from layers.query import CityNotStored, ParcelNotStored
from layers.readers import faults as source
from layers.surveys import SurveyListMissing
from layers.tiles import TileOutOfRange
from permits import dig_errors as digs
from permits import errors as permits
from permits import incidents

log = logging.getLogger("panjereh.api")
PROBLEM: Final = "application/problem+json"
RETRY_AFTER_S: Final = 2


class NotFound(PanjerehError):
    """There is nothing at this address."""

    code = "not-found"


class UnknownParameter(PanjerehError):
    """The address has a query parameter that this resource does not know."""

    code = "unknown-parameter"


class ParameterInvalid(PanjerehError):
    """The query parameter `parameter` cannot be `value`; `expected` says what it may be."""

    code = "parameter-invalid"


class FormInvalid(PanjerehError):
    """The request does not have the form this resource asks for."""

    code = "form-invalid"


class MethodNotOffered(PanjerehError):
    """The address does not take requests of this `method`."""

    code = "method-not-offered"


class TextUnstorable(PanjerehError):
    """The text holds a character that no database keeps (NUL, or half of one); nothing was stored."""

    code = "text-unstorable"


class Unprocessable(PanjerehError):
    """The request is well-formed and cannot be carried out."""

    code = "unprocessable"


class BodyTooLarge(PanjerehError):
    """The body is larger than this resource takes."""

    code = "body-too-large"


class IdempotencyKeyMissing(PanjerehError):
    """A request that creates something must carry an Idempotency-Key."""

    code = "idempotency-key-missing"


class DatabaseAway(PanjerehError):
    """The database does not answer now; nothing was lost, try again shortly."""

    code = "database-away"


class Internal(PanjerehError):
    """Something failed that should not have; the incident number finds it in the log."""

    code = "internal"


STATUS: Final[dict[type[PanjerehError], int]] = {
    FormInvalid: 422,
    MethodNotOffered: 405,
    TextUnstorable: 422,
    UnknownParameter: 400,
    ParameterInvalid: 400,
    FilterError: 400,
    IdempotencyKeyMissing: 400,
    UploadFormInvalid: 400,
    UploadPartsUnclear: 422,
    security.NotAuthenticated: 401,
    permits.SignatureInvalid: 401,
    security.NotAllowed: 403,
    AccessRefused: 403,
    security.CrossSiteRequest: 403,
    NotFound: 404,
    UnknownCity: 404,
    CityNotStored: 404,
    ParcelNotStored: 404,
    TileOutOfRange: 404,
    permits.CaseNotFound: 404,
    permits.DeskTaskNotFound: 404,
    DeliveryNotFound: 404,
    SurveyListMissing: 404,
    LayerNotPreviewed: 404,
    DeliveryNotHeld: 409,
    RepairNotShown: 409,
    MappingIncomplete: 409,
    MappingNotKept: 409,
    NothingToRollBack: 409,
    NoCorrectionOffered: 409,
    digs.DigNotFound: 404,
    incidents.IncidentNotFound: 404,
    NetworkNotStored: 404,
    NothingThere: 404,
    FeatureNotInNetwork: 404,
    incidents.IncidentClosed: 409,
    digs.PlanNotFound: 404,
    digs.PlanEnded: 409,
    digs.PavingNotFound: 404,
    digs.PavingTakenBack: 409,
    digs.TrenchReportNotFound: 404,
    digs.PhotoNotFound: 404,
    digs.StaleDig: 409,
    digs.DigActionNotAllowed: 409,
    digs.DigAnswerUnexpected: 409,
    digs.SecondOfficerNeeded: 409,
    digs.NoOverlap: 409,
    digs.PartyBarred: 409,
    digs.BarNotFound: 404,
    digs.BarLifted: 409,
    digs.ReportAnswered: 409,
    digs.DigRequestInvalid: 422,
    digs.OtherAgencysWorks: 422,
    digs.PhotoUnusable: 422,
    digs.PhotoTooLarge: 413,
    permits.StaleCase: 409,
    permits.DeskTaskChanged: 409,
    permits.DeskHasSystem: 409,
    permits.ActionNotAllowed: 409,
    permits.NothingToRetry: 409,
    PackTooLarge: 422,
    PackPageMissing: 503,
    BodyTooLarge: 413,
    source.SourceTooLarge: 413,
    Unprocessable: 422,
    NetworkError: 422,
    AreaTooLarge: 422,
    incidents.IncidentInvalid: 422,
    NetworkMoving: 503,
    ShapeError: 422,
    CrsError: 422,
    source.SourceUnreadable: 422,
    source.SourceCrsMissing: 422,
    source.SourceCrsContradiction: 422,
    source.PlaceMistaken: 422,
    ColumnMissing: 422,
    MappingInvalid: 422,
    ControlPointError: 422,
    DepthInvalid: 422,
    permits.ParcelNotFound: 422,
    permits.ExcavationOffParcel: 422,
    permits.RequestInvalid: 422,
    permits.ApprovalRefused: 422,
    permits.KeyReused: 422,
    permits.AgencyUnknown: 422,
    permits.IdentifierInvalid: 422,
    source.ServiceRefused: 502,
    source.ServiceUnreachable: 504,
    DatabaseAway: 503,
    PanjerehError: 500,
}
"""The one table: a class has the status of its nearest listed ancestor. The rest is our own fault."""


def status_of(error: type[PanjerehError]) -> int:
    """The HTTP status of a refusal, by its nearest listed ancestor."""
    return next(STATUS[cls] for cls in error.__mro__ if cls in STATUS)


def problem(request: Request, error: PanjerehError, status: int | None = None) -> JSONResponse:
    """The RFC 9457 answer for a refusal, worded in the language the client prefers."""
    language = i18n.preferred(request.headers.get("accept-language"))
    code = status if status is not None else status_of(type(error))
    body = {
        "type": f"https://panjereh.example/problems/{error.code}",
        "title": i18n.say(language, f"problem-{code}"),
        "status": code,
        "detail": worded(language, error, _names(request, language)),
        "code": error.code,
        "params": error.params,
        "instance": request.url.path,
    }
    headers = {"Content-Language": language, "Vary": "Accept-Language"}
    if code == 503:
        headers["Retry-After"] = str(RETRY_AFTER_S)
    if code == 401:
        headers["WWW-Authenticate"] = "Bearer"
    return JSONResponse(body, status_code=code, headers=headers, media_type=PROBLEM)


def _names(request: Request, language: i18n.Language) -> dict[str, str]:
    """What the agencies of the address's city are called, by id."""
    resources = getattr(request.app.state, "runtime", None)
    cities = {} if resources is None else resources.cities
    city = cities.get(str(request.path_params.get("city_id")))
    return {} if city is None else {each.agency_id: getattr(each.name, language) for each in city.agencies}


_LIMITS: Final = ("expected", "ge", "gt", "le", "lt", "max_length", "min_length", "pattern")


def invalid_fields(problems: Sequence[Mapping[str, Any]]) -> FormInvalid:
    """One refusal that names every field that is wrong, where it is and what is wrong with it."""
    fields = [".".join(str(part) for part in item["loc"]) for item in problems]
    reasons = [str(item["msg"]) for item in problems]
    kinds = [str(item["type"]) for item in problems]
    limits = [_limit(item.get("ctx") or {}) for item in problems]
    return FormInvalid(fields=fields, problems=kinds, reasons=reasons, limits=limits)


def _limit(said: Mapping[str, Any]) -> str:
    """What a field may be, in the validator's own words; empty when it says nothing of it."""
    return next((str(said[each]) for each in _LIMITS if each in said), "")


class Quiet:
    """Says the same thing at most once in `seconds`: a database that is away must not fill the disk."""

    def __init__(self, seconds: float = 5.0) -> None:
        self._seconds = seconds
        self._last: dict[str, float] = {}

    def __call__(self, what: str) -> bool:
        """True when `what` may be said now."""
        now = time.monotonic()
        if now - self._last.get(what, -1e9) < self._seconds:
            return False
        self._last[what] = now
        return True


_quiet = Quiet()
# What PostgreSQL says of text it cannot keep, in a column and inside of JSON.
_UNSTORABLE: Final = frozenset({"22021", "22P05"})


def is_database_away(error: BaseException) -> bool:
    """True for a lost, refused or exhausted connection, and for a conflict that a repeat resolves."""
    lost = (PoolTimeout, OperationalError, InterfaceError, psycopg2.OperationalError, psycopg2.InterfaceError)
    if isinstance(error, lost):
        return True
    return isinstance(error, DBAPIError) and error.connection_invalidated


def _refused(request: Request, error: PanjerehError) -> JSONResponse:
    return problem(request, error)


def _invalid(request: Request, error: RequestValidationError) -> JSONResponse:
    problems = error.errors()
    is_unreadable = any(item["type"] == "json_invalid" for item in problems)
    return problem(request, invalid_fields(problems), 400 if is_unreadable else None)


def _plain(request: Request, error: HTTPException) -> JSONResponse:
    response = problem(request, _plain_refusal(request, error), error.status_code)
    response.headers.update(error.headers or {})
    return response


def _plain_refusal(request: Request, error: HTTPException) -> PanjerehError:
    if error.status_code == 404:
        return NotFound(path=request.url.path)
    if error.status_code == 405:
        return MethodNotOffered(method=request.method, path=request.url.path)
    return FormInvalid(fields=["body"], reasons=[str(error.detail)])


def _unstorable(request: Request, error: ValueError) -> JSONResponse:
    """The driver refuses a NUL, and nothing can be encoded of half a character: all other such errors are ours."""
    is_text = isinstance(error, UnicodeEncodeError) or "NUL (0x00)" in str(error)
    return problem(request, TextUnstorable()) if is_text else _unexpected(request, error)


def _database(request: Request, error: Exception) -> JSONResponse:
    if getattr(getattr(error, "orig", error), "pgcode", None) in _UNSTORABLE:
        return problem(request, TextUnstorable())
    if not is_database_away(error):
        return _unexpected(request, error)
    if _quiet("database-away"):
        log.warning("database away: %s", str(error).splitlines()[0])
    return problem(request, DatabaseAway(retry_after_s=RETRY_AFTER_S))


def _unexpected(request: Request, error: Exception) -> JSONResponse:
    incident = f"{time.time_ns():x}"
    if _quiet(f"internal:{type(error).__name__}:{request.url.path}"):
        log.error("incident %s %s %s", incident, request.method, request.url.path, exc_info=error)
    return problem(request, Internal(incident=incident))


def install(app: FastAPI) -> None:
    """Every error of the application leaves as a problem document."""
    handlers: dict[type[Exception], Any] = {
        PanjerehError: _refused,
        RequestValidationError: _invalid,
        HTTPException: _plain,
        DBAPIError: _database,
        psycopg2.Error: _database,
        PoolTimeout: _database,
        ValueError: _unstorable,
        Exception: _unexpected,
    }
    for cls, handler in handlers.items():
        app.add_exception_handler(cls, handler)
