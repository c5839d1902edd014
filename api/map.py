"""The read path: cities, parcels, tiles and live events. No case, no commit."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, date, datetime
from functools import lru_cache, partial
from typing import Annotated, Any, NamedTuple
from uuid import UUID
from zoneinfo import ZoneInfo

from fastapi import APIRouter, Depends, Path, Query, Request
from fastapi.responses import JSONResponse, Response, StreamingResponse

from api.answered import MVT, keep, matches
from api.deps import CityDep, HolderDep, RuntimeDep, allowed
from api.errors import UnknownParameter, Unprocessable
from api.ogc_tiles import tile_response
from api.security import Holder, NotAllowed, Permission, asker, map_permission, may_look_at, require
from api.tilecache import Tile, kept_or_made
from geo.crs import lonlat_bounds
from layers import query, served, tiles
from layers.access import Purpose, identify, map_purpose
from layers.catalog import LayerSpec, Sensitivity
from layers.city import Agency, City
from layers.drawing import MAX_ZOOM
from layers.records import LayerFreshness

VARY = "Accept-Encoding, Cookie, Authorization"


class TileAddress(NamedTuple):
    """Zoom, column and row of a tile."""

    z: int
    x: int
    y: int


def tile_address(
    z: Annotated[int, Path(ge=0, le=MAX_ZOOM)],
    x: Annotated[int, Path(ge=0, lt=2**MAX_ZOOM)],
    y: Annotated[int, Path(ge=0, lt=2**MAX_ZOOM)],
) -> TileAddress:
    """The tile of the address."""
    return TileAddress(z, x, y)


class LayerUnknown(Unprocessable):
    """The city has no such layer."""

    code = "layer-unknown"


def only(*known: str) -> Any:
    """A dependency that refuses query parameters not named here: a misspelt filter must not be ignored."""

    def check(request: Request) -> None:
        unknown = sorted(set(request.query_params) - set(known))
        if unknown:
            raise UnknownParameter(unknown=unknown, known=list(known) or ["-"])

    return Depends(check)


router = APIRouter(prefix="/v1/cities", tags=["map"])
LayerList = Annotated[str | None, Query(description="layer ids, separated by commas", max_length=1000)]
ReadCases = Annotated[Holder, Depends(allowed(Permission.READ_CASES))]


@lru_cache(maxsize=64)
def _bounds_wgs84(crs: str, extent_m: tuple[float, float, float, float]) -> tuple[float, float, float, float]:
    """West, south, east, north in degrees of an extent in the city's CRS."""
    west, south, east, north = lonlat_bounds(extent_m, crs)
    return west, south, east, north


def _brief(place: City) -> dict[str, Any]:
    west, south, east, north = _bounds_wgs84(place.crs, place.extent_m)
    return {
        "id": place.city_id,
        "name": place.name.as_dict(),
        "country": place.country,
        "bounds_wgs84": [west, south, east, north],
        "center": [(west + east) / 2, (south + north) / 2],
        "crs": place.crs,
        "currency": place.currency,
        "calendar": place.calendar,
        "timezone": place.timezone,
    }


def _agency(agency: Agency) -> dict[str, Any]:
    return {
        "id": agency.agency_id,
        "kind": agency.kind,
        "utilities": list(agency.utilities),
        "name": agency.name.as_dict(),
        "contact": {
            "phone": agency.contact.phone,
            "email": agency.contact.email,
            "desk": agency.contact.desk.as_dict(),
        },
        "capability": agency.capability,
        "consulted": agency.consulted,
        "tariffs": [
            {"class": each.tariff_class, "code": each.code, "name": each.name.as_dict()}
            for each in agency.tariffs
        ],
    }


@router.get("", dependencies=[only()], summary="The cities this window serves")
def cities(resources: RuntimeDep) -> Response:
    """Names, extents and clocks; open to all."""
    return JSONResponse([_brief(place) for place in resources.cities.values()])


@router.get("/{city_id}", dependencies=[only()], summary="One city: agencies and layers")
def city(resources: RuntimeDep, place: CityDep, who: HolderDep) -> Response:
    """Agencies with their desks, layers with colour, order, freshness and whether the asker may see them."""
    with resources.sessions() as session:
        fresh = {each.layer_id: each for each in query.freshness(session, place, city_day(place))}
    described = [
        {
            "id": spec.layer_id,
            "name": spec.name.as_dict(),
            "target": spec.target,
            "utility": spec.utility,
            "owner": spec.owner,
            "sensitivity": spec.sensitivity,
            "visible": may_look_at(who, spec, place.city_id),
            "colour": spec.colour,
            "min_zoom": _shown_from(place, spec).min_zoom,
            "draw_order": spec.draw_order,
            "credit": spec.source.credit,
            "licence": spec.source.licence,
            "freshness": freshness_of(fresh[spec.layer_id]),
        }
        for spec in place.layers
    ]
    body = _brief(place) | {"agencies": [_agency(each) for each in place.agencies], "layers": described}
    return JSONResponse(body)


def city_day(place: City) -> date:
    """The day it is in the city."""
    return datetime.now(UTC).astimezone(ZoneInfo(place.timezone)).date()


def freshness_of(entry: LayerFreshness) -> dict[str, Any]:
    """How old a layer is, as the pages read it."""
    return {
        "layer_id": entry.layer_id,
        "state": entry.state,
        "surveyed_on": entry.as_of.isoformat() if entry.as_of else None,
        "age_days": entry.age_days,
        "limit_days": entry.limit_days,
    }


@router.get("/{city_id}/tilejson", dependencies=[only("layers")], summary="TileJSON of the visible layers")
def tilejson(request: Request, place: CityDep, who: HolderDep, layers: LayerList = None) -> Response:
    """TileJSON 3.0 of the layers the asker may see."""
    specs = [_shown_from(place, spec) for spec in _wanted(place, who, layers)]
    ids = ",".join(spec.layer_id for spec in specs)
    base = str(request.base_url).rstrip("/")
    url = f"{base}/v1/cities/{place.city_id}/tiles/{{z}}/{{x}}/{{y}}.pbf?layers={ids}"
    return JSONResponse(tiles.tilejson(place, specs, url))


@router.get(
    "/{city_id}/tiles/{z}/{x}/{y}.pbf",
    dependencies=[only("layers", "case")],
    summary="A vector tile of one or more layers",
    response_class=Response,
    responses={
        200: {"content": {MVT: {}}},
        204: {"description": "nothing to draw"},
        304: {"description": "same"},
    },
)
def tile(
    request: Request,
    resources: RuntimeDep,
    place: CityDep,
    who: HolderDep,
    at: Annotated[TileAddress, Depends(tile_address)],
    layers: LayerList = None,
    case: Annotated[UUID | None, Query(description="the open case whose site is looked at")] = None,
) -> Response:
    """A Mapbox vector tile; conditional by the version of the layers in it, so an edit is seen at once.

    A tile with a sensitive layer in it is never kept: each look is allowed and written down anew.
    """
    purpose = Purpose.REVIEW if case is not None else None
    specs = [
        spec for spec in _wanted(place, who, layers, purpose) if at.z >= _shown_from(place, spec).min_zoom
    ]
    ids = tuple(spec.layer_id for spec in specs)
    takes_gzip = "gzip" in request.headers.get("accept-encoding", "")
    if who is not None and any(spec.sensitivity == Sensitivity.SENSITIVE for spec in specs):
        with resources.sessions.begin() as session:
            identify(session, asker(who), place.city_id, purpose or map_purpose(who.role.value), case)
            looked = Tile(tiles.tile(session, place.city_id, ids, *at), is_zipped=False)
        once = {"Cache-Control": "private, no-store", "Vary": VARY}
        return tile_response(looked.zipped() if takes_gzip else looked, once)
    register = served.register(resources.reads, place.city_id)
    shown = served.in_tile(register, ids, at.z)
    etag = _etag(place.city_id, ids, tiles.shown_version(place.city_id, shown), *at)
    headers = {"ETag": etag, "Cache-Control": "private, no-cache", "Vary": VARY}
    keep(request, place.city_id, who, register, etag, headers, is_tile=True)
    if matches(request.headers.get("if-none-match"), etag):
        return Response(status_code=304, headers=headers)
    make = partial(tiles.open_tile, resources.reads, place.city_id, shown, *at)
    return tile_response(kept_or_made(resources.tiles, (etag,), make, takes_gzip), headers)


def _etag(*parts: object) -> str:
    digest = hashlib.blake2b("\n".join(str(part) for part in parts).encode(), digest_size=12).hexdigest()
    return f'"{digest}"'


def _shown_from(place: City, spec: LayerSpec) -> LayerSpec:
    """The layer with the zoom from which it is shown: a sensitive one only where a tile is small enough."""
    if spec.sensitivity != Sensitivity.SENSITIVE:
        return spec
    return replace(spec, min_zoom=max(spec.min_zoom, tiles.look_zoom(place)))


def _wanted(
    place: City, who: Holder | None, layers: str | None, purpose: Purpose | None = None
) -> Sequence[LayerSpec]:
    """The layers asked for, each of which the asker must be allowed to see; without a list, all those."""
    if layers is None:
        return [spec for spec in place.layers if may_look_at(who, spec, place.city_id, purpose)]
    known = {spec.layer_id: spec for spec in place.layers}
    ids = [part for part in layers.split(",") if part]
    unknown = sorted(set(ids) - set(known))
    if unknown or not ids:
        raise LayerUnknown(unknown=unknown, known=sorted(known))
    for layer_id in ids:
        require(who, map_permission(known[layer_id].sensitivity), place.city_id)
        if not may_look_at(who, known[layer_id], place.city_id, purpose):
            raise NotAllowed(role=who.role.value if who else "-", action=map_permission("sensitive").value)
    return [spec for spec in place.layers if spec.layer_id in ids]


@router.get("/{city_id}/events", dependencies=[only()], summary="Case changes as they happen (SSE)")
async def events(resources: RuntimeDep, place: CityDep, _who: ReadCases) -> Response:
    """`event: case` with {case_id, status, version}; `event: resync` when some may have been missed."""
    return StreamingResponse(
        resources.listener.stream(place.city_id),
        media_type="text/event-stream",
        headers={"Cache-Control": "no-store", "X-Accel-Buffering": "no"},
    )
