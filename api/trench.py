"""Reports from the trench over HTTP: three taps and a photo, the owner's answer, the damage register."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Depends, Query, Request, Response
from fastapi.responses import FileResponse, JSONResponse
from pydantic import BaseModel, ConfigDict, Field, ValidationError
from starlette.datastructures import UploadFile

from api.deps import CityDep, KeyDep, RequiredKeyDep, Runtime, RuntimeDep, allowed, context
from api.dig_schemas import TrenchAnswerIn, TrenchReportIn
from api.errors import FormInvalid, invalid_fields
from api.json_answers import answered, paged
from api.security import Holder, Permission
from permits import dig_reports
from permits.dig_errors import PhotoNotFound
from permits.dig_photo import Photo, photo_from
from permits.dig_reports import PhotoStore, ReportFilter
from permits.dig_requests import TrenchReportRequest
from permits.dig_vocabulary import TrenchFault, TrenchReportStatus
from permits.views import as_json

router = APIRouter(prefix="/v1/cities/{city_id}", tags=["excavations"])

Read = Annotated[Holder, Depends(allowed(Permission.READ_DIGS))]
Report = Annotated[Holder, Depends(allowed(Permission.REPORT_TRENCH))]
Answer = Annotated[Holder, Depends(allowed(Permission.ANSWER_TRENCH))]
Damages = Annotated[Holder, Depends(allowed(Permission.READ_DAMAGES))]


@dataclass(frozen=True, slots=True)
class Sent:
    """A report as it came, with the bytes of its photo."""

    report: TrenchReportIn
    photo: bytes | None


async def sent(request: Request) -> Sent:
    """The report of a form with a `photo`, or of a JSON body; raises FormInvalid naming every wrong field."""
    if request.headers.get("content-type", "").startswith("multipart/form-data"):
        async with request.form(max_files=1, max_fields=30) as form:
            fields: dict[str, Any] = {}
            photo: bytes | None = None
            for name, value in form.multi_items():
                if isinstance(value, UploadFile):
                    photo = await value.read()
                    if name != "photo":
                        raise FormInvalid(fields=[name], problems=["unexpected_file"])
                elif value:
                    fields[name] = value
        if isinstance(fields.get("damage"), str):
            fields["damage"] = _parsed(fields["damage"], "damage")
        return Sent(_checked(fields), photo)
    raw = await request.body()
    return Sent(_checked(_parsed(raw, "body")), None)


def _parsed(raw: str | bytes, name: str) -> Any:
    try:
        return json.loads(raw)
    except ValueError:
        raise FormInvalid(fields=[name], problems=["json_invalid"]) from None


def _checked(fields: Any) -> TrenchReportIn:
    try:
        return TrenchReportIn.model_validate(fields, strict=False)
    except ValidationError as error:
        problems = [{**each, "loc": ("body", *each["loc"])} for each in error.errors()]
        raise invalid_fields(problems) from None


SentDep = Annotated[Sent, Depends(sent)]

_FORM = {
    "requestBody": {
        "required": True,
        "content": {
            "application/json": {
                "schema": {"type": "object", "required": ["kind", "lon", "lat"], "additionalProperties": True}
            },
            "multipart/form-data": {
                "schema": {
                    "type": "object",
                    "required": ["kind", "lon", "lat"],
                    "properties": {
                        "kind": {"type": "string", "enum": [each.value for each in TrenchFault]},
                        "lon": {"type": "number"},
                        "lat": {"type": "number"},
                        "photo": {"type": "string", "format": "binary"},
                    },
                    "additionalProperties": True,
                }
            },
        },
    }
}


def photo_store(resources: Runtime) -> PhotoStore:
    """Where the pictures lie: beside the data, outside the database."""
    return PhotoStore(resources.settings.data_dir / "photos")


@router.post(
    "/trench-reports",
    status_code=201,
    summary="Something in the trench is not as shown",
    openapi_extra=_FORM,
)
def report(
    resources: RuntimeDep, place: CityDep, who: Report, key: RequiredKeyDep, given: SentDep
) -> Response:
    """Kind, position, and if known whose it is; a form may carry a `photo` (JPEG, PNG or WebP, at most 12 MB)."""
    photo: Photo | None = None if given.photo is None else photo_from(given.photo)
    body = given.report
    request = TrenchReportRequest(**{**body.model_dump(), "kind": body.kind.value})
    if photo is not None:
        # Stored first: a report never names a picture that is not there. One that is named by none is harmless.
        photo_store(resources).put(photo)
    with resources.sessions.begin() as session:
        view = dig_reports.report(session, context(place, who, key), request, photo)
    return answered(view, 201, {"Location": f"/v1/cities/{place.city_id}/trench-reports/{view.report_id}"})


class ReportQuery(BaseModel):
    """Which reports."""

    model_config = ConfigDict(extra="forbid")

    status: TrenchReportStatus | None = None
    kind: TrenchFault | None = None
    agency: str | None = Field(default=None, max_length=64)
    dig_id: UUID | None = None
    case_id: UUID | None = None
    limit: int = Field(default=50, ge=1, le=200)
    after: UUID | None = None


@router.get("/trench-reports", summary="The reports, newest first")
def reports(
    resources: RuntimeDep, place: CityDep, who: Read, asked: Annotated[ReportQuery, Query()]
) -> Response:
    """One page; `next` is the `after` of the following page."""
    with resources.sessions() as session:
        found = dig_reports.reports(session, context(place, who), ReportFilter(**asked.model_dump()))
    return paged("trench_reports", found, asked.limit, lambda each: each.report_id)


@router.get("/trench-reports/{report_id}", summary="One report")
def trench_report(resources: RuntimeDep, place: CityDep, who: Read, report_id: UUID) -> Response:
    """What was found and what its owner said."""
    with resources.sessions() as session:
        return answered(dig_reports.trench_report(session, context(place, who), report_id))


@router.get("/trench-reports/{report_id}/photo", summary="The report's photo", response_class=FileResponse)
def photo_of(resources: RuntimeDep, place: CityDep, who: Read, report_id: UUID) -> Response:
    """The picture without the camera's data."""
    with resources.sessions() as session:
        view = dig_reports.trench_report(session, context(place, who), report_id)
    if view.photo is None:
        raise PhotoNotFound(report_id=str(report_id))
    path = photo_store(resources).path(view.photo)
    return FileResponse(path, media_type=view.photo["media_type"], headers={"Cache-Control": "private"})


@router.post("/trench-reports/{report_id}/answer", summary="The owner's answer closes the loop")
def answer(
    resources: RuntimeDep, place: CityDep, who: Answer, key: KeyDep, report_id: UUID, body: TrenchAnswerIn
) -> Response:
    """Accepted: the feature carries a quality flag until it is corrected. Rejected: with a reason."""
    with resources.sessions.begin() as session:
        view = dig_reports.answer(session, context(place, who, key), report_id, body.model_dump())
    return answered(view)


@router.get("/quality-flags", summary="Features whose owner agreed that they are not as shown")
def quality_flags(resources: RuntimeDep, place: CityDep, who: Read) -> Response:
    """By feature, with the report and the day by which a correction is expected."""
    assert who
    with resources.sessions() as session:
        return JSONResponse({"flags": as_json(dig_reports.quality_flags(session, place))})


@router.get("/damages", summary="The damage register")
def damages(resources: RuntimeDep, place: CityDep, who: Damages) -> Response:
    """Every damage, and how many each layer was missing or wrong in."""
    with resources.sessions() as session:
        return answered(dig_reports.damages(session, context(place, who)))
