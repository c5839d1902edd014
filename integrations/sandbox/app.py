"""The company's door: the published contract over HTTP."""

from __future__ import annotations

import hmac
import logging
from collections.abc import Callable
from typing import Annotated, Any, cast

from fastapi import APIRouter, Depends, FastAPI, Header, Path, Query, Request, Response, Security
from fastapi.exceptions import RequestValidationError
from fastapi.openapi.utils import get_openapi
from fastapi.responses import JSONResponse
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer
from pydantic import AwareDatetime, BaseModel
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError, InterfaceError, OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeout

from integrations.sandbox import accounts, control, inquiries, levels, orders, schemas
from integrations.sandbox.company import Company
from integrations.sandbox.idempotency import Reply, fingerprint, once
from integrations.sandbox.problems import (
    MEDIA_TYPE,
    Broken,
    CompanyProblem,
    IdempotencyKeyMissing,
    InvalidRequest,
    NotFound,
    Unauthorised,
    Unavailable,
)

log = logging.getLogger("company.app")

CONTRACT_VERSION = "1.1.0"
_bearer = HTTPBearer(auto_error=False, description="The token the company gave the municipality.")


def _company(request: Request) -> Company:
    return cast(Company, request.app.state.company)


def _admit(
    request: Request, given: Annotated[HTTPAuthorizationCredentials | None, Security(_bearer)]
) -> None:
    token = given.credentials.encode() if given is not None else b""
    if not hmac.compare_digest(token, _company(request).token.encode()):
        raise Unauthorised


Here = Annotated[Company, Depends(_company)]
Key = Annotated[
    str,
    Header(
        alias="Idempotency-Key",
        min_length=1,
        max_length=255,
        description="One key per operation and order; a repeat with the same body has the same answer.",
    ),
]
OurRef = Annotated[str, Path(min_length=1, max_length=200, pattern=r"^[A-Za-z0-9._:~-]+$")]
ParcelId = Annotated[str, Path(min_length=1, max_length=100)]


def _problems(*statuses: int) -> dict[int | str, dict[str, Any]]:
    meanings = {
        400: "The request does not follow the contract.",
        401: "The token is missing or wrong.",
        404: "Nothing under this reference.",
        409: "Refused by the order's state (see `refusal`), or a request with this key is still at work.",
        422: "Refused by the company (`refusal` is there), or the key was used for another request.",
        503: "Not available; nothing was done.",
    }
    content = {MEDIA_TYPE: {"schema": {"$ref": "#/components/schemas/Problem"}}}
    return {status: {"description": meanings[status], "content": content} for status in statuses}


router = APIRouter(prefix="/v1")
private = APIRouter(prefix="/v1", dependencies=[Depends(_admit)], responses=_problems(401, 503))


@router.get("/health", tags=["service"], operation_id="health", response_model=schemas.Health)
def health(company: Here) -> dict[str, str]:
    """Say that the company and its database answer."""
    with company.engine.connect() as connection:
        connection.execute(text("SELECT 1"))
    return {"status": "ok", "kind": company.profile.kind.value, "city": company.place.city_id}


def _send(reply: Reply) -> Response:
    headers = {"Idempotent-Replayed": "true"} if reply.is_replay else None
    media_type = MEDIA_TYPE if reply.is_problem else "application/json"
    return Response(reply.body, reply.status, headers, media_type)


def _plain(form: BaseModel) -> dict[str, Any]:
    return form.model_dump(mode="json", by_alias=True)


def _found(view: dict[str, Any] | None, **params: str) -> JSONResponse:
    if view is None:
        raise NotFound(**params)
    return JSONResponse(view)


@private.post(
    "/inquiries",
    status_code=202,
    tags=["inquiries"],
    operation_id="sendInquiry",
    response_model=schemas.InquiryReceived,
    responses=_problems(400, 409, 422),
)
def send_inquiry(form: schemas.InquiryForm, key: Key, company: Here) -> Response:
    """Take an inquiry in; the answer comes by webhook to `reply_to` and can be fetched."""
    body = _plain(form)
    inquiries.check(company, body)
    answer = once(
        company.engine,
        key,
        fingerprint("inquire", body),
        form.our_ref,
        lambda connection: inquiries.receive(company, connection, body),
    )
    company.work_came.set()
    return _send(answer)


@private.get(
    "/inquiries/{our_ref}",
    tags=["inquiries"],
    operation_id="getInquiry",
    response_model=schemas.InquiryView,
    responses=_problems(404),
)
def get_inquiry(our_ref: OurRef, company: Here) -> Response:
    """Return an inquiry, with its answer once there is one."""
    with company.engine.connect() as connection:
        return _found(inquiries.view(connection, our_ref), our_ref=our_ref)


@private.post(
    "/orders",
    status_code=201,
    tags=["orders"],
    operation_id="tryOrder",
    response_model=schemas.OrderHeld,
    responses=_problems(400, 409, 422),
)
def try_order(form: schemas.OrderForm, key: Key, company: Here) -> Response:
    """Hold an order (TRY): capacity reserved, tariff change noted, nothing final. Refused once cancelled."""
    body = _plain(form)
    mark = fingerprint("try", body)
    return _send(
        once(
            company.engine,
            key,
            mark,
            form.our_ref,
            lambda connection: levels.take(company, connection, body, mark),
        )
    )


@private.post(
    "/orders/{our_ref}:confirm",
    tags=["orders"],
    operation_id="confirmOrder",
    response_model=schemas.OrderConfirmed,
    responses=_problems(400, 404, 409, 422),
)
def confirm_order(our_ref: OurRef, key: Key, company: Here) -> Response:
    """Make a held order final (CONFIRM), until `hold_until`, with effect from `effective_at` even if past."""
    mark = fingerprint("confirm", {"our_ref": our_ref})
    effect = lambda connection: orders.confirm(company, connection, our_ref)  # noqa: E731
    return _send(once(company.engine, key, mark, our_ref, effect))


@private.post(
    "/orders/{our_ref}:cancel",
    tags=["orders"],
    operation_id="cancelOrder",
    response_model=schemas.OrderCancelled,
    responses=_problems(400, 409, 422),
)
def cancel_order(our_ref: OurRef, key: Key, company: Here) -> Response:
    """Release a held order (CANCEL); an unknown reference is tombstoned, so that a late TRY is refused."""
    mark = fingerprint("cancel", {"our_ref": our_ref})
    return _send(
        once(
            company.engine,
            key,
            mark,
            our_ref,
            lambda connection: levels.release(company, connection, our_ref),
        )
    )


@private.get(
    "/orders",
    tags=["orders"],
    operation_id="listOrders",
    response_model=schemas.OrderList,
    responses=_problems(400),
)
def list_orders(
    company: Here,
    since: AwareDatetime | None = None,
    after: Annotated[str | None, Query(max_length=300, description="`next` of the page before")] = None,
    limit: Annotated[int, Query(ge=1, le=1000)] = 1000,
) -> Response:
    """Return the orders changed since an instant, oldest change first, page by page: for reconciliation."""
    with company.engine.connect() as connection:
        return JSONResponse(accounts.orders_since(connection, since, after, limit))


@private.get(
    "/orders/{our_ref}",
    tags=["orders"],
    operation_id="getOrder",
    response_model=schemas.OrderView,
    responses=_problems(404),
)
def get_order(our_ref: OurRef, company: Here) -> Response:
    """Return an order as it stands."""
    with company.engine.connect() as connection:
        return _found(accounts.order_view(connection, our_ref), our_ref=our_ref)


@private.get(
    "/parcels/{parcel_id}/tariff",
    tags=["parcels"],
    operation_id="getTariff",
    response_model=schemas.TariffView,
    responses=_problems(404),
)
def get_tariff(parcel_id: ParcelId, company: Here) -> Response:
    """Return a parcel's tariff now, and its dated history."""
    with company.engine.connect() as connection:
        return _found(accounts.tariff(connection, parcel_id), parcel_id=parcel_id)


@private.get(
    "/parcels/{parcel_id}/bills", tags=["parcels"], operation_id="listBills", response_model=schemas.BillList
)
def list_bills(parcel_id: ParcelId, company: Here) -> Response:
    """Return a parcel's bills, oldest first."""
    with company.engine.connect() as connection:
        return JSONResponse(accounts.bills(connection, parcel_id))


@private.get("/ledger", tags=["service"], operation_id="getLedger", response_model=schemas.LedgerView)
def get_ledger(
    company: Here,
    after: Annotated[int, Query(ge=0)] = 0,
    limit: Annotated[int, Query(ge=1, le=100_000)] = 100_000,
) -> Response:
    """Return what took effect, in order."""
    with company.engine.connect() as connection:
        return JSONResponse(accounts.ledger(connection, after, limit))


def _problem(problem: CompanyProblem) -> Response:
    headers = {"Retry-After": "1"} if problem.http_status == 503 else {}
    if problem.http_status == 401:
        headers["WWW-Authenticate"] = "Bearer"
    return JSONResponse(problem.body(), problem.http_status, headers, MEDIA_TYPE)


def _install_problems(app: FastAPI) -> None:
    def known(_request: Request, error: Exception) -> Response:
        return _problem(cast(CompanyProblem, error))

    def invalid(_request: Request, error: Exception) -> Response:
        errors = cast(RequestValidationError, error).errors()
        if any(item["type"] == "missing" and item["loc"] == ("header", "Idempotency-Key") for item in errors):
            return _problem(IdempotencyKeyMissing())
        where = [".".join(str(part) for part in item["loc"]) for item in errors]
        return _problem(InvalidRequest(members=where, details=[item["msg"] for item in errors]))

    def database(_request: Request, error: Exception) -> Response:
        if isinstance(error, DBAPIError) and not isinstance(error, OperationalError | InterfaceError):
            return broken(_request, error)
        log.warning("database: %s", str(error).splitlines()[0])
        return _problem(Unavailable())

    def broken(_request: Request, error: Exception) -> Response:
        log.error("unexpected", exc_info=error)
        return _problem(Broken())

    handlers: list[tuple[type[Exception], Callable[[Request, Exception], Response]]] = [
        (CompanyProblem, known),
        (RequestValidationError, invalid),
        (DBAPIError, database),
        (PoolTimeout, database),
        (Exception, broken),
    ]
    for kind, handler in handlers:
        app.add_exception_handler(kind, handler)


def build_app(company: Company | None) -> FastAPI:
    """Return the company's application; without a company it can only describe itself."""
    app = FastAPI(
        title="Utility company contract",
        version=CONTRACT_VERSION,
        docs_url=None,
        redoc_url=None,
        openapi_url="/v1/openapi.json",
    )
    app.state.company = company
    app.include_router(router)
    app.include_router(private)
    app.include_router(control.router, dependencies=[Depends(_admit)])
    _install_problems(app)
    app.openapi = lambda: _openapi(app)  # type: ignore[method-assign]
    return app


def _openapi(app: FastAPI) -> dict[str, Any]:
    if app.openapi_schema is None:
        document = get_openapi(
            title=app.title,
            version=app.version,
            description="What a utility company offers so that one building permit orders its connection and "
            "changes its tariff exactly once.",
            routes=app.routes,
        )
        document["components"]["schemas"]["Problem"] = schemas.Problem.model_json_schema(
            ref_template="#/components/schemas/{model}"
        )
        document["components"]["schemas"]["Problem"].pop("$defs", None)
        _drop_framework_errors(document)
        app.openapi_schema = document
    return app.openapi_schema


def _drop_framework_errors(document: dict[str, Any]) -> None:
    """The framework announces a 422 of its own for every parameter; this company answers 400 instead."""
    for path in document["paths"].values():
        for operation in path.values():
            found = operation["responses"].get("422", {}).get("content", {})
            if "application/json" in found:
                del operation["responses"]["422"]
    for name in ("HTTPValidationError", "ValidationError"):
        document["components"]["schemas"].pop(name, None)
