"""Excavation permits over HTTP: one request, one use case, one transaction committed here."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from datetime import date, timedelta
from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Body, Depends, Query, Response
from fastapi.responses import JSONResponse
from pydantic import BaseModel, ConfigDict, Field
from shapely.geometry import Polygon, box, shape
from shapely.geometry.base import BaseGeometry

from api.deps import CityDep, KeyDep, RequiredKeyDep, Runtime, RuntimeDep, allowed, context
from api.dig_act_schemas import BODIES, ActionIn
from api.dig_schemas import AreaIn, DeclineIn, DigIn, JoinIn
from api.errors import ParameterInvalid
from api.json_answers import answered, paged, shown
from api.security import Holder, Permission
from geo.crs import WGS84, transform_to
from geo.errors import ShapeUnreadable
from layers.city import City
from permits import dig_planning, dig_service, dig_worklist
from permits.dig_clocks import local_day
from permits.dig_reading import DigFilter
from permits.dig_terms import terms_of
from permits.dig_views import DigView
from permits.dig_vocabulary import DigAction, DigKind, DigStatus
from permits.views import as_json

router = APIRouter(prefix="/v1/cities/{city_id}/digs", tags=["excavations"])


class Guard:
    """Who passed for each permission, as an annotated dependency."""

    Read = Annotated[Holder, Depends(allowed(Permission.READ_DIGS))]
    File = Annotated[Holder, Depends(allowed(Permission.FILE_DIG))]
    Act = Annotated[Holder, Depends(allowed(Permission.ACT_ON_DIG))]
    Contacts = Annotated[Holder, Depends(allowed(Permission.READ_CONTACTS))]


@router.post("", status_code=201, summary="Ask for an excavation; conflicts and overlaps are in the answer")
def file(
    resources: RuntimeDep, place: CityDep, who: Guard.File, key: RequiredKeyDep, body: DigIn
) -> Response:
    """Three kinds: a service connection, an agency's development plan, an incident that is dug first."""
    with resources.sessions.begin() as session:
        view = dig_service.file(session, context(place, who, key), body.request())
    return answered(view, 201, {"Location": f"/v1/cities/{place.city_id}/digs/{view.dig_id}"})


class DigQuery(BaseModel):
    """Which excavations."""

    model_config = ConfigDict(extra="forbid")

    status: DigStatus | None = None
    kind: DigKind | None = None
    agency: str | None = Field(default=None, max_length=64)
    case_id: UUID | None = None
    waits_for: str | None = Field(
        default=None, max_length=64, description="an agency whose answer is still open"
    )
    q: str | None = Field(default=None, max_length=100)
    limit: int = Field(default=50, ge=1, le=200)
    after: UUID | None = None


@router.get("", summary="The excavations, newest first")
def digs(
    resources: RuntimeDep, place: CityDep, who: Guard.Read, asked: Annotated[DigQuery, Query()]
) -> Response:
    """One page; `next` is the `after` of the following page."""
    filters = DigFilter(**asked.model_dump())
    with resources.sessions() as session:
        found = dig_service.digs(session, context(place, who), filters)
    return paged("digs", found, asked.limit, lambda each: each.dig_id)


def area_of_bbox(place: City, bbox: str | None) -> Polygon | None:
    """`west,south,east,north` in degrees as an area of the city's CRS; raises ParameterInvalid."""
    if bbox is None:
        return None
    try:
        west, south, east, north = (float(each) for each in bbox.split(","))
    except ValueError:
        raise ParameterInvalid(parameter="bbox", value=bbox[:100], expected="west,south,east,north") from None
    if not (-180 <= west < east <= 180 and -90 <= south < north <= 90):
        raise ParameterInvalid(parameter="bbox", value=bbox[:100], expected="west,south,east,north")
    # A map's window may reach beyond the city: what is outside of it holds no works.
    frame = place.city_crs.bounds_wgs84 or (west, south, east, north)
    clipped = box(west, south, east, north).intersection(box(*frame))
    if not isinstance(clipped, Polygon) or clipped.is_empty:
        return Polygon()
    moved = transform_to(clipped, WGS84, place.city_crs).shape
    return moved if isinstance(moved, Polygon) else Polygon()


@router.get("/calendar", summary="Every planned work of every agency, for the map")
def calendar(
    resources: RuntimeDep,
    place: CityDep,
    who: Guard.Read,
    start: Annotated[date | None, Query(alias="from")] = None,
    to: Annotated[date | None, Query()] = None,
    bbox: Annotated[str | None, Query(max_length=200)] = None,
    agency: Annotated[str | None, Query(max_length=64)] = None,
) -> Response:
    """A WGS84 FeatureCollection; from today for a year unless said otherwise."""
    ctx = context(place, who)
    from_on = start or local_day(ctx.now, place.timezone)
    to_on = to or from_on + timedelta(days=365)
    if to_on < from_on:
        raise ParameterInvalid(parameter="to", value=to_on.isoformat(), expected=f">= {from_on}")
    window = dig_planning.CalendarWindow(from_on, to_on, area_of_bbox(place, bbox), agency)
    with resources.sessions() as session:
        collection = dig_planning.calendar(session, ctx, window)
    return shown(collection)


@router.get("/terms", summary="The city's clocks, coefficients and rates, each with source and status")
def terms(place: CityDep, who: Guard.Read) -> Response:
    """What decides about excavations here, and whether anybody has confirmed it."""
    assert who
    return JSONResponse({"terms": as_json(terms_of(place.folder).as_json()), "currency": place.currency})


def shape_of_area(place: City, area: AreaIn) -> BaseGeometry:
    """The stated area in the city's CRS."""
    try:
        stated = shape(area.geometry.model_dump())
    except (ValueError, TypeError, KeyError, IndexError, AttributeError):
        raise ShapeUnreadable(found=area.geometry.type, hint="give-geojson") from None
    return transform_to(stated, area.crs, place.city_crs).shape


@router.post("/contacts", summary="Whom to call about all works that touch an area")
def contacts(resources: RuntimeDep, place: CityDep, who: Guard.Contacts, body: AreaIn) -> Response:
    """Everybody named in an excavation or permit here that is not over, nearest first."""
    assert who
    area_m = shape_of_area(place, body)
    with resources.sessions() as session:
        found = dig_worklist.contacts_in(session, place, area_m, body.radius_m)
    return JSONResponse({"contacts": as_json(found)})


@router.post("/open-trenches", summary="What is open in the ground of an area now")
def open_trenches(resources: RuntimeDep, place: CityDep, who: Guard.Contacts, body: AreaIn) -> Response:
    """Trenches and pits that may be open, nearest first."""
    assert who
    area_m = shape_of_area(place, body)
    with resources.sessions() as session:
        found = dig_worklist.open_trenches(session, place, area_m, body.radius_m)
    return JSONResponse({"open_trenches": as_json(found)})


@router.get("/{dig_id}", summary="The whole excavation")
def dig(resources: RuntimeDep, place: CityDep, who: Guard.Read, dig_id: UUID) -> Response:
    """The excavation as this actor may see it, with what the actor may do now and what that waits for."""
    with resources.sessions() as session:
        return answered(dig_service.dig(session, context(place, who), dig_id))


@router.get("/{dig_id}/history", summary="The chained history")
def history(resources: RuntimeDep, place: CityDep, who: Guard.Read, dig_id: UUID) -> Response:
    """Every change, each linked to the one before by its hash."""
    with resources.sessions() as session:
        return answered(dig_service.history(session, context(place, who), dig_id))


@router.get("/{dig_id}/geojson", summary="Excavation, findings and overlapping works for the map")
def geojson(resources: RuntimeDep, place: CityDep, who: Guard.Read, dig_id: UUID) -> Response:
    """A WGS84 FeatureCollection."""
    with resources.sessions() as session:
        collection = dig_service.geojson(session, context(place, who), dig_id)
    return shown(collection)


@router.get("/{dig_id}/overlaps", summary="Other works nearby in place and time")
def overlaps(resources: RuntimeDep, place: CityDep, who: Guard.Read, dig_id: UUID) -> Response:
    """Each with what one trench would save, who would bear what, and who has accepted.

    `split` is one trench for all works that meet there, however many, stretch by stretch; `agreed_split` the same for
    those that have agreed on it.
    """
    with resources.sessions() as session:
        found = dig_service.overlaps(session, context(place, who), dig_id)
    return answered(found)


@router.post("/{dig_id}/join", summary="Accept one trench with another work")
def join(
    resources: RuntimeDep, place: CityDep, who: Guard.Act, key: KeyDep, dig_id: UUID, body: JoinIn
) -> Response:
    """With both sides' acceptance the works are linked; the answer is this side's excavation."""
    ctx = context(place, who, key)
    with resources.sessions.begin() as session:
        view = dig_service.joined(session, ctx, dig_id, body.with_)
    return answered(view)


@router.post("/{dig_id}/decline", summary="Decline one trench with another work")
def decline(
    resources: RuntimeDep, place: CityDep, who: Guard.Act, key: KeyDep, dig_id: UUID, body: DeclineIn
) -> Response:
    """Acceptances are void; the offer opens again when either work changes."""
    ctx = context(place, who, key)
    with resources.sessions.begin() as session:
        view = dig_service.joined(session, ctx, dig_id, body.with_, body.reason)
    return answered(view)


def _carry_out(
    resources: Runtime,
    place: City,
    who: Holder,
    key: str | None,
    dig_id: UUID,
    act: DigAction,
    body: ActionIn,
) -> Response:
    ctx = context(place, who, key)
    with resources.sessions.begin() as session:
        view: DigView = dig_service.act_on(session, ctx, dig_id, act, body.said(), body.expected_version)
    return answered(view)


def _endpoint(action: DigAction, form: type[ActionIn]) -> Callable[..., Response]:
    """The route of one action, with its own body in the description."""

    def endpoint(**given: Any) -> Response:
        return _carry_out(
            given["resources"], given["place"], given["who"], given["key"], given["dig_id"], action,
            given["body"] if given["body"] is not None else form(),
        )  # fmt: skip

    is_optional = not any(field.is_required() for field in form.model_fields.values())
    body_type: Any = Annotated[form | None, Body()] if is_optional else form
    parts: list[tuple[str, Any]] = [
        ("resources", RuntimeDep),
        ("place", CityDep),
        ("who", Guard.Act),
        ("key", KeyDep),
        ("dig_id", UUID),
    ]
    named = [inspect.Parameter(name, inspect.Parameter.KEYWORD_ONLY, annotation=kind) for name, kind in parts]
    default = None if is_optional else inspect.Parameter.empty
    named.append(
        inspect.Parameter("body", inspect.Parameter.KEYWORD_ONLY, annotation=body_type, default=default)
    )
    endpoint.__signature__ = inspect.Signature(named, return_annotation=Response)  # type: ignore[attr-defined]
    endpoint.__name__ = f"dig_{action.value}"
    endpoint.__doc__ = (form.__doc__ or "").strip()
    return endpoint


_PATHS = {DigAction.ANSWER: "answers"}
"""A company's answer is one of several: its address is a list."""

for _action, _form in BODIES.items():
    router.add_api_route(
        f"/{{dig_id}}/{_PATHS.get(_action, _action.value)}",
        _endpoint(_action, _form),
        methods=["POST"],
        summary=f"Excavation: {_action.value.replace('_', ' ')}",
        response_class=JSONResponse,
    )
