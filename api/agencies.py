"""What agencies send: signed messages on the same case."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Annotated

from fastapi import APIRouter, Depends, Path, Request
from fastapi.responses import JSONResponse, Response

from api.deps import CityDep, RuntimeDep
from api.errors import NotFound
from integrations import inbox
from permits.errors import SignatureInvalid
from permits.ports import Actor
from permits.service import Context
from permits.vocabulary import Role

router = APIRouter(prefix="/v1/cities/{city_id}/agencies", tags=["agencies"])


async def raw_body(request: Request) -> bytes:
    """The message exactly as it was signed."""
    return await request.body()


RawBody = Annotated[bytes, Depends(raw_body)]
AgencyId = Annotated[str, Path(max_length=64)]


@router.post(
    "/{agency_id}/events",
    status_code=202,
    summary="A signed message (Standard Webhooks)",
    openapi_extra={"requestBody": {"required": True, "content": {"application/json": {"schema": {}}}}},
)
def receive(
    request: Request, resources: RuntimeDep, place: CityDep, agency_id: AgencyId, raw: RawBody
) -> Response:
    """Verify, store once, and act; a duplicate is acknowledged again without a second effect."""
    if all(agency.agency_id != agency_id for agency in place.agencies):
        raise NotFound(path=request.url.path, known=[agency.agency_id for agency in place.agencies])
    endpoint = resources.settings.agency_book().of(place.city_id).get(agency_id)
    if endpoint is None:
        raise SignatureInvalid(agency=agency_id, hint="agency-not-connected")
    ctx = Context(
        city=place,
        actor=Actor(id=agency_id, role=Role.AGENCY, agency=agency_id),
        now=datetime.now(UTC),
    )
    with resources.sessions.begin() as session:
        outcome = inbox.receive(session, ctx, agency_id, dict(request.headers), raw, endpoint.webhook_secret)
    return JSONResponse({"outcome": str(outcome)}, status_code=202)
