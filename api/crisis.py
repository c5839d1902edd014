"""The questions of a crisis over HTTP: what is here, which valves, who loses supply, what else is in danger.

Every question runs on the desk's own threads and connections (`api.crisis_pool`), login included.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Request
from fastapi.responses import Response
from pydantic import Field
from shapely.errors import ShapelyError
from shapely.geometry import shape as shapely_shape
from shapely.geometry.base import BaseGeometry
from sqlalchemy.orm import Session

from api.deps import Runtime, city, holder_in, runtime
from api.errors import FormInvalid, Unprocessable
from api.schemas import GeometryIn, Number, ShortText, Strict
from api.security import Holder, NotAuthenticated, Permission, asker, require
from geo.crs import WGS84
from geo.shapes import check_crossings
from geo.vocabulary import Utility
from layers.crisis import Desk, Json, StartAt
from layers.crisis_cascade import cascade
from layers.crisis_here import here
from layers.crisis_said import network_json
from layers.crisis_trace import isolation, trace
from permits.dig_worklist import open_trenches

router = APIRouter(prefix="/v1/cities/{city_id}", tags=["crisis"])


class GeometryEmpty(Unprocessable):
    """The geometry has no place: it is empty, or is no point, line or area."""

    code = "geometry-empty"


class PlaceIn(Strict):
    """A place in degrees (WGS 84)."""

    lon: Number = Field(ge=-180, le=180)
    lat: Number = Field(ge=-90, le=90)


class FeatureIn(Strict):
    """A feature by the agency's own id; without `layer_id`, in any layer of the network."""

    feature_id: ShortText
    layer_id: ShortText | None = None


At = Annotated[
    PlaceIn | FeatureIn, Field(description="a place, or a line, valve, switch or transformer by id")
]


class HereIn(Strict):
    """Around what: a point, line or area."""

    geometry: GeometryIn
    crs: str = Field(default=WGS84, max_length=20)
    radius_m: Number | None = Field(default=None, ge=0, le=2_000, description="default: 30 m around a point")


class IsolationIn(Strict):
    """What broke, and which valves do not move."""

    at: At
    stuck_valves: list[ShortText] = Field(default_factory=list, max_length=200)


class TraceIn(Strict):
    """From where, and which way."""

    at: At
    direction: Literal["upstream", "downstream"]


class CascadeIn(Strict):
    """What failed, and how far it reaches if that is known better than the hazard table."""

    at: At
    hazard_m: Number | None = Field(default=None, gt=0, le=2_000)


def start_of(at: PlaceIn | FeatureIn) -> StartAt:
    """The start as the questions take it."""
    if isinstance(at, PlaceIn):
        return StartAt(lon=at.lon, lat=at.lat)
    return StartAt(layer_id=at.layer_id, feature_id=at.feature_id)


def area_in(desk: Desk, geometry: Json, crs: str = WGS84) -> BaseGeometry:
    """A GeoJSON geometry in the city's CRS. Raises FormInvalid, GeometryEmpty, ShapeError, CrsError."""
    try:
        made = shapely_shape(geometry)
    except (ShapelyError, ValueError, TypeError, AttributeError, KeyError, IndexError) as error:
        raise FormInvalid(fields=["geometry"], reasons=[type(error).__name__]) from error
    check_crossings(made)
    if made.is_empty or not made.is_valid:
        raise GeometryEmpty(kind=made.geom_type)
    return desk.metres(made, crs)


Ask = Callable[[Desk, Holder, Session], Any]


async def at_desk(request: Request, city_id: str, permission: Permission, ask: Ask) -> Any:
    """What `ask` returns in one transaction of the desk's own, after the login and the permission were checked."""
    resources: Runtime = runtime(request)

    def work() -> Any:
        place = city(city_id, resources)
        with resources.crisis.sessions.begin() as session:
            who = holder_in(session, request)
            require(who, permission, place.city_id)
            if who is None:
                raise NotAuthenticated(hint="send-bearer-token")
            return ask(Desk(session, place, asker(who), resources.crisis.networks), who, session)

    return await resources.crisis.run(work)


def sent(body: Any, status: int = 200, **headers: str) -> Response:
    """A JSON answer; never kept by anybody."""
    content = json.dumps(body, ensure_ascii=False, separators=(",", ":")).encode()
    return Response(
        content, status, media_type="application/json", headers={"Cache-Control": "no-store", **headers}
    )


def what_is_here(desk: Desk, session: Session, shape_m: BaseGeometry, radius_m: float | None) -> Json:
    """What the layers hold there, and what is open in the ground."""
    answer = here(desk, shape_m, radius_m)
    return answer | {"open_trenches": open_trenches(session, desk.city, shape_m, answer["area"]["radius_m"])}


async def _answered(request: Request, city_id: str, answer: Callable[[Desk, Session], Json]) -> Response:
    """A question of the crisis desk, answered in one transaction."""

    def ask(desk: Desk, _who: Holder, session: Session) -> Response:
        return sent(answer(desk, session))

    made: Response = await at_desk(request, city_id, Permission.ASK_CRISIS, ask)
    return made


@router.post("/ground/here", summary="What is here, whose, how fresh, whom to call")
async def ground_here(request: Request, city_id: str, body: HereIn) -> Response:
    """Everything within an area, the nearest first; layers that stay shut are named with their owner."""
    geometry = body.geometry.model_dump()
    return await _answered(
        request,
        city_id,
        lambda desk, session: what_is_here(desk, session, area_in(desk, geometry, body.crs), body.radius_m),
    )


@router.get("/networks", summary="The networks as published now, and how far each can be trusted")
async def networks(request: Request, city_id: str) -> Response:
    """One entry per utility with published lines; an agency sees its own."""

    def listed(desk: Desk, session: Session) -> Json:
        named = desk.networks.utilities(session, desk.city)
        agency = desk.asker.organisation
        own = {str(each) for each in desk.city.agency(agency).utilities} if agency else set(named)
        return {"networks": [network_json(desk, desk.network(each)) for each in named if each in own]}

    return await _answered(request, city_id, listed)


@router.post("/networks/{utility}/isolation", summary="Which valves to close, and who loses supply by that")
async def isolate(request: Request, city_id: str, utility: Utility, body: IsolationIn) -> Response:
    """The valves around a break, the section, unintended isolation, squeeze-off points, who loses supply."""
    at, stuck = start_of(body.at), body.stuck_valves
    return await _answered(request, city_id, lambda desk, _: isolation(desk, str(utility), at, stuck))


@router.post("/networks/{utility}/trace", summary="What lies upstream or downstream")
async def follow(request: Request, city_id: str, utility: Utility, body: TraceIn) -> Response:
    """A FeatureCollection of lines, with the sources reached or the supply that hangs on the place."""
    at, way = start_of(body.at), body.direction
    return await _answered(request, city_id, lambda desk, _: trace(desk, str(utility), at, way))


@router.post("/networks/{utility}/cascade", summary="What else is in danger, and what stops with it")
async def spread(request: Request, city_id: str, utility: Utility, body: CascadeIn) -> Response:
    """Others' things within the hazard distance, the devices of others that lose their supply, whom to call."""
    at, reach_m = start_of(body.at), body.hazard_m
    return await _answered(request, city_id, lambda desk, _: cascade(desk, str(utility), at, reach_m))
