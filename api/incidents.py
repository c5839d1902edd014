"""Incidents over HTTP: opened, logged, closed, and the list of whom to call (T12)."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Annotated, Any, Final, Literal
from uuid import UUID

from fastapi import APIRouter, Query, Request
from fastapi.responses import Response
from pydantic import Field
from sqlalchemy.orm import Session

from api.crisis import At, area_in, at_desk, sent, start_of
from api.csv_text import as_csv
from api.deps import idempotency_key
from api.schemas import GeometryIn, LongText, ShortText, Strict
from api.security import Holder, Permission
from geo.vocabulary import Utility
from layers.catalog import Target
from layers.crisis import Desk, Json
from layers.crisis_find import is_device
from layers.crisis_here import POINT_RADIUS_M
from layers.crisis_look import around, looked
from permits import incidents
from permits.dig_worklist import contacts_in
from permits.incident_vocabulary import IncidentEvent, IncidentKind
from permits.ports import Actor
from permits.views import as_json

router = APIRouter(prefix="/v1/cities/{city_id}/incidents", tags=["incidents"])


class IncidentIn(Strict):
    """What has happened, and where (WGS 84)."""

    kind: Annotated[IncidentKind, Field(strict=False)]
    title: ShortText
    geometry: GeometryIn = Field(description="a point, line or area")
    utility: Annotated[Utility, Field(strict=False)] | None = None
    at: At | None = None
    note: LongText | None = None


class DeviceIn(Strict):
    """A valve or switch."""

    layer_id: ShortText
    feature_id: ShortText


class LogIn(Strict):
    """What was done about it."""

    kind: Annotated[IncidentEvent, Field(strict=False)]
    text: Annotated[str, Field(max_length=4000)] = ""
    device: DeviceIn | None = None
    agency: ShortText | None = None
    params: dict[str, Any] = Field(default_factory=dict, max_length=20)


class AreaIn(Strict):
    """Where it is now (WGS 84)."""

    geometry: GeometryIn


class CloseIn(Strict):
    """What came of it."""

    outcome: LongText


def _actor(who: Holder) -> Actor:
    return Actor(id=who.actor_id, role=who.role, agency=who.agency)


def _key(request: Request) -> str | None:
    return idempotency_key(request.headers.get("idempotency-key"))


async def _use(
    request: Request,
    city_id: str,
    permission: Permission,
    use: Callable[[Desk, Holder, Session], incidents.IncidentView],
    status: int = 200,
) -> Response:
    def ask(desk: Desk, who: Holder, session: Session) -> Response:
        view = use(desk, who, session)
        place = f"/v1/cities/{city_id}/incidents/{view.incident_id}"
        return sent(as_json(view), status, Location=place)

    answer: Response = await at_desk(request, city_id, permission, ask)
    return answer


@router.post("", status_code=201, summary="Open an incident")
async def open_one(request: Request, city_id: str, body: IncidentIn) -> Response:
    """Everybody who looks at the city is told at once; the same Idempotency-Key opens it once."""

    def use(desk: Desk, who: Holder, session: Session) -> incidents.IncidentView:
        geometry = body.geometry.model_dump()
        wanted = incidents.OpenIncident(
            kind=body.kind,
            title=body.title,
            geometry=geometry,
            area_m=area_in(desk, geometry),
            utility=body.utility and str(body.utility),
            start=_start(body.at),
            note=body.note,
        )
        return incidents.open_incident(session, desk.city, _actor(who), wanted, _key(request))

    return await _use(request, city_id, Permission.RUN_INCIDENT, use, 201)


def _start(at: Any) -> Json | None:
    if at is None:
        return None
    found = start_of(at)
    named = {"lon": found.lon, "lat": found.lat, "layer_id": found.layer_id, "feature_id": found.feature_id}
    return {name: value for name, value in named.items() if value is not None}


@router.get("", summary="The city's incidents, the open ones first")
async def listed(
    request: Request,
    city_id: str,
    status: Annotated[Literal["open", "closed"] | None, Query()] = None,
    limit: Annotated[int, Query(ge=1, le=500)] = 100,
) -> Response:
    """Without their logs."""

    def ask(desk: Desk, _who: Holder, session: Session) -> Response:
        found = incidents.incidents(session, desk.city, status, limit)
        return sent({"incidents": [as_json(each) for each in found]})

    answer: Response = await at_desk(request, city_id, Permission.READ_INCIDENTS, ask)
    return answer


@router.get("/{incident_id}", summary="One incident with its log")
async def one(request: Request, city_id: str, incident_id: UUID) -> Response:
    """Who did what when, oldest first."""

    def use(desk: Desk, _who: Holder, session: Session) -> incidents.IncidentView:
        return incidents.incident(session, desk.city, incident_id)

    return await _use(request, city_id, Permission.READ_INCIDENTS, use)


@router.post("/{incident_id}/log", summary="Write down what was done")
async def log(request: Request, city_id: str, incident_id: UUID, body: LogIn) -> Response:
    """A valve that was closed, opened or found stuck stands so for every later question."""

    def use(desk: Desk, who: Holder, session: Session) -> incidents.IncidentView:
        device = body.device.model_dump() if body.device else None
        known = body.device is None or is_device(desk, body.device.layer_id, body.device.feature_id)
        entry = incidents.LogEntry(body.kind, body.text, device, body.agency, dict(body.params), known)
        return incidents.log(session, desk.city, _actor(who), incident_id, entry, _key(request))

    return await _use(request, city_id, Permission.LOG_INCIDENT, use)


@router.post("/{incident_id}/area", summary="Draw the incident's area anew")
async def area(request: Request, city_id: str, incident_id: UUID, body: AreaIn) -> Response:
    """The change is part of the log."""

    def use(desk: Desk, who: Holder, session: Session) -> incidents.IncidentView:
        geometry = body.geometry.model_dump()
        shape_m = area_in(desk, geometry)
        return incidents.change_area(session, desk.city, _actor(who), incident_id, geometry, shape_m)

    return await _use(request, city_id, Permission.RUN_INCIDENT, use)


@router.post("/{incident_id}/close", summary="Close an incident")
async def close(request: Request, city_id: str, incident_id: UUID, body: CloseIn) -> Response:
    """Its log takes no more entries."""

    def use(desk: Desk, who: Holder, session: Session) -> incidents.IncidentView:
        return incidents.close(session, desk.city, _actor(who), incident_id, body.outcome)

    return await _use(request, city_id, Permission.RUN_INCIDENT, use)


# --- whom to call

_HEAD: Final = (
    "kind", "ref", "number", "status", "name", "name_fa", "phone", "email", "desk", "agency", "parcel_id",
    "distance_m", "layers", "title",
)  # fmt: skip


@router.get("/{incident_id}/contacts.csv", summary="All agencies, permits and contractors in the area")
async def contacts(
    request: Request,
    city_id: str,
    incident_id: UUID,
    radius_m: Annotated[float | None, Query(ge=0, le=2_000)] = None,
) -> Response:
    """A CSV (UTF-8 with a mark, so that spreadsheets read it): one row per agency and per permit in the area."""

    def ask(desk: Desk, _who: Holder, session: Session) -> Response:
        desk.open()
        shape_m = incidents.area_of(session, desk.city, incident_id)
        radius = radius_m if radius_m is not None else (0.0 if shape_m.area else POINT_RADIUS_M)
        specs = [
            spec
            for spec in desk.city.layers
            if spec.target not in (Target.PARCEL, Target.LANDUSE, Target.TREE)
        ]
        found = looked(desk, specs, around(shape_m, radius), shape_m)
        by_owner: dict[str, list[str]] = {}
        for spec in specs:
            if spec.layer_id in found.counts or spec.layer_id in found.withheld:
                by_owner.setdefault(spec.owner, []).append(spec.layer_id)
        rows = [*_agencies(desk, by_owner), *map(_work, contacts_in(session, desk.city, shape_m, radius))]
        name = f'attachment; filename="contacts-{incident_id}.csv"'
        return Response(
            "\ufeff" + as_csv(_HEAD, rows),
            media_type="text/csv; charset=utf-8",
            headers={"Content-Disposition": name, "Cache-Control": "no-store"},
        )

    answer: Response = await at_desk(request, city_id, Permission.RUN_INCIDENT, ask)
    return answer


def _agencies(desk: Desk, by_owner: Mapping[str, list[str]]) -> Iterable[Json]:
    for each in desk.contacts([*by_owner, *(agency.agency_id for agency in desk.city.agencies)]):
        layers = by_owner.get(each["agency"], [])
        yield {
            "kind": "agency",
            "ref": each["agency"],
            "status": "in_area" if layers else "not_in_area",
            "name": each["name"]["en"],
            "name_fa": each["name"]["fa"],
            "phone": each["phone"],
            "email": each["email"],
            "desk": each["desk"]["en"],
            "agency": each["agency"],
            "layers": " ".join(layers),
        }


def _work(found: Json) -> Json:
    people = found["contact"]
    agency = people["agency"] or {}
    contractor, applicant = people["contractor"] or {}, people["applicant"]
    return {
        **{
            name: found[name]
            for name in ("kind", "ref", "number", "status", "parcel_id", "distance_m", "title")
        },
        "name": contractor.get("name") or applicant["name"],
        "phone": contractor.get("phone") or applicant["phone"] or agency.get("phone"),
        "email": agency.get("email"),
        "agency": found["agency"],
    }
