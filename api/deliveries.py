"""Layers by delivery: upload with progress, reports, decisions, roll-back, differences, any past instant."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from typing import Annotated, Any, Final
from zoneinfo import ZoneInfo

from fastapi import APIRouter, Depends, Query, Request
from fastapi import Path as InPath
from fastapi.responses import JSONResponse
from pydantic import BaseModel, ConfigDict, Field, ValidationError
from shapely.geometry import mapping

from api import i18n
from api.deps import CityDep, HolderDep, RuntimeDep, allowed
from api.errors import NotFound, ParameterInvalid, invalid_fields
from api.security import Holder, NotAllowed, Permission, map_permission, require
from api.uploads import UPLOAD_BODY, Received, Runs, received
from api.words_of_deliveries import as_json, with_places
from geo.crs import to_wgs84
from layers import deliveries as stored
from layers import repairs as repaired
from layers import versions
from layers.catalog import LayerSpec, Sensitivity
from layers.city import City
from layers.handling import Handling
from layers.scorecard import scorecard
from permits.vocabulary import Role

router = APIRouter(prefix="/v1/cities/{city_id}", tags=["deliveries"])
_GEOJSON: Final = "application/geo+json"


class LayerNotFound(NotFound):
    """The city has no such layer."""

    code = "layer-unknown"


@dataclass(frozen=True, slots=True)
class Asked:
    """A request about one layer's deliveries by somebody who may deliver it."""

    place: City
    spec: LayerSpec
    who: Holder
    language: i18n.Language


def layer_of(place: CityDep, layer_id: Annotated[str, InPath(max_length=100)]) -> LayerSpec:
    """The layer of the address; LayerNotFound (404)."""
    for spec in place.layers:
        if spec.layer_id == layer_id:
            return spec
    raise LayerNotFound(unknown=[layer_id], known=[spec.layer_id for spec in place.layers])


LayerDep = Annotated[LayerSpec, Depends(layer_of)]
Deliverer = Annotated[Holder, Depends(allowed(Permission.DELIVER))]


def asked(request: Request, place: CityDep, spec: LayerDep, who: Deliverer) -> Asked:
    """An officer, or somebody of the agency that owns the layer; NotAllowed (403) for anybody else."""
    if who.role is Role.AGENCY and who.agency != spec.owner:
        raise NotAllowed(role=who.role.value, action=Permission.DELIVER.value, owner=spec.owner)
    return Asked(place, spec, who, i18n.preferred(request.headers.get("accept-language")))


AskedDep = Annotated[Asked, Depends(asked)]
Number = Annotated[int, InPath(ge=1, le=2**31 - 1)]


def runs(request: Request) -> Runs:
    """The deliveries in hand."""
    made: Runs = request.app.state.runs
    return made


def _one(resources: Any, ask: Asked, delivery_id: int) -> dict[str, Any]:
    with resources.engine.connect() as connection:
        row = stored.one(connection, ask.place.city_id, ask.spec.layer_id, delivery_id)
        current = stored.shown(connection, ask.place.city_id, ask.spec.layer_id)
        is_corrected = row.state == stored.State.CORRECTED
        corrected_by = versions.correction_of(connection, delivery_id) if is_corrected else None
    return as_json(row, ask.place, current, ask.language, corrected_by=corrected_by)


class Options(BaseModel):
    """How an upload is to be taken."""

    model_config = ConfigDict(extra="forbid")

    filename: str | None = Field(
        default=None,
        max_length=300,
        description="of a raw body: the file's own name; its ending says the format",
    )
    as_of: date | None = Field(default=None, description="the day whose truth the file shows; default: today")
    preview: bool = Field(default=False, description="everything but publishing")
    incremental: bool = Field(default=False, description="what came or changed; `_deleted` takes away")
    table: str | None = Field(default=None, max_length=200, description="which table of the file")


@dataclass(frozen=True, slots=True)
class Taken:
    """A received file, and what the address and the form say about it."""

    file: Received
    options: Options


async def upload(
    request: Request, resources: RuntimeDep, _asked: AskedDep, options: Annotated[Options, Query()]
) -> Taken:
    """The body, streamed to disk; who may not deliver is refused before a byte is read."""
    file = await received(request, resources.settings, Options.model_fields)
    try:
        said = options.model_dump(exclude_unset=True) | dict(file.said)
        return Taken(file, Options.model_validate(said))
    except ValidationError as error:
        file.remove()
        raise invalid_fields(error.errors()) from error


@router.post(
    "/layers/{layer_id}/deliveries",
    status_code=202,
    summary="Deliver a layer: the file as raw body, or as a form with the file or a Shapefile's parts",
    openapi_extra=UPLOAD_BODY,
)
def deliver(
    request: Request,
    resources: RuntimeDep,
    ask: AskedDep,
    taken: Annotated[Taken, Depends(upload)],
    in_hand: Annotated[Runs, Depends(runs)],
) -> JSONResponse:
    """Write down the receipt and answer; reading, checking and publishing go on in the background."""
    file, options = taken.file, taken.options
    today = datetime.now(ZoneInfo(ask.place.timezone)).date()
    handling = Handling(
        as_of=options.as_of or today, preview=options.preview, incremental=options.incremental
    )
    delivery_id = in_hand.take(ask.place, ask.spec, file, handling, by=ask.who.actor_id, table=options.table)
    answer = JSONResponse(_one(resources, ask, delivery_id), status_code=202)
    answer.headers["Location"] = f"{request.url.path}/{delivery_id}"
    return answer


@router.get("/deliveries/newest", summary="The newest delivery of every layer one may deliver")
def newest(request: Request, resources: RuntimeDep, place: CityDep, who: Deliverer) -> dict[str, Any]:
    """For an officer all layers, for an agency its own; null where nothing was ever delivered."""
    language = i18n.preferred(request.headers.get("accept-language"))
    ids = [spec.layer_id for spec in place.layers if who.role is not Role.AGENCY or who.agency == spec.owner]
    with resources.engine.connect() as connection:
        found = versions.newest(connection, place.city_id, ids)
    told = {
        layer_id: as_json(row, place, shown, language, is_brief=True)
        for layer_id, (row, shown) in found.items()
    }
    return {"deliveries": {layer_id: told.get(layer_id) for layer_id in ids}}


@router.get("/layers/{layer_id}/deliveries", summary="A layer's deliveries, newest first")
def listed(
    resources: RuntimeDep,
    ask: AskedDep,
    limit: Annotated[int, Query(ge=1, le=500)] = 50,
    before: Annotated[int | None, Query(ge=1, le=2**31 - 1)] = None,
) -> dict[str, Any]:
    """Everything that was received, whatever became of it."""
    with resources.engine.connect() as connection:
        rows = stored.listed(connection, ask.place.city_id, ask.spec.layer_id, limit=limit + 1, before=before)
        current = stored.shown(connection, ask.place.city_id, ask.spec.layer_id)
    made = [as_json(row, ask.place, current, ask.language, is_brief=True) for row in rows[:limit]]
    return {"deliveries": made, "next": made[-1]["delivery_id"] if len(rows) > limit else None}


@router.get("/layers/{layer_id}/deliveries/{delivery_id}", summary="A delivery with its report")
def one(resources: RuntimeDep, ask: AskedDep, delivery_id: Number) -> dict[str, Any]:
    """State while it runs, then the report with located issues."""
    return _one(resources, ask, delivery_id)


@router.get("/layers/{layer_id}/deliveries/{delivery_id}/diff", summary="How two deliveries differ")
def diff(
    resources: RuntimeDep,
    ask: AskedDep,
    delivery_id: Number,
    origin: Annotated[int | None, Query(alias="from", ge=1, le=2**31 - 1)] = None,
    limit: Annotated[int, Query(ge=0, le=10_000)] = 1000,
) -> dict[str, Any]:
    """Added, changed, removed, and moved by how much; default: against the delivery before."""
    with resources.engine.connect() as connection:
        found = versions.difference(connection, ask.place, ask.spec, delivery_id, origin)
    made = found.as_dict(limit)
    made["features"] = with_places(made["features"], ask.place)
    return made


class Decision(BaseModel):
    """What is decided about a held delivery."""

    model_config = ConfigDict(extra="forbid")

    decision: stored.Choice
    note: str | None = Field(default=None, max_length=2000)


@router.post("/layers/{layer_id}/deliveries/{delivery_id}/decide", summary="Decide about a held delivery")
def decide(resources: RuntimeDep, ask: AskedDep, delivery_id: Number, said: Decision) -> dict[str, Any]:
    """`accept` as it is, `correct` by the offered movement (a new delivery), or `refuse`."""
    made = stored.decide(
        resources.engine,
        ask.place,
        ask.spec.layer_id,
        delivery_id,
        said.decision,
        by=ask.who.actor_id,
        note=said.note,
    )
    return _one(resources, ask, made)


@router.get("/layers/{layer_id}/deliveries/{delivery_id}/repairs", summary="What the checks changed")
def repairs(
    resources: RuntimeDep,
    ask: AskedDep,
    delivery_id: Number,
    limit: Annotated[int, Query(ge=1, le=10_000)] = repaired.MOST_LISTED,
) -> dict[str, Any]:
    """Feature by feature: the shape as delivered, the one that was published, and whether it is shown still."""
    with resources.engine.connect() as connection:
        found = repaired.repairs(connection, ask.place, ask.spec, delivery_id, limit=limit + 1)
    city_crs = ask.place.city_crs
    made = [
        {
            "feature_id": each.feature_id,
            "codes": list(each.codes),
            "params": each.params,
            "before": mapping(to_wgs84(each.before_m, city_crs)),
            "after": None if each.after_m is None else mapping(to_wgs84(each.after_m, city_crs)),
            "is_shown": each.is_shown,
            "back": each.back,
        }
        for each in found[:limit]
    ]
    return {"repairs": made, "truncated": len(found) > limit}


class Undo(BaseModel):
    """Which repairs are taken back: those of these features, or, without any, all that are shown."""

    model_config = ConfigDict(extra="forbid")

    features: list[str] | None = Field(default=None, min_length=1, max_length=10_000)
    note: str | None = Field(default=None, max_length=2000)


@router.post("/layers/{layer_id}/deliveries/{delivery_id}/repairs/undo", summary="Take repairs back")
def undo_repairs(resources: RuntimeDep, ask: AskedDep, delivery_id: Number, said: Undo) -> dict[str, Any]:
    """The features get the shape that was delivered, as a new delivery; one that cannot stand so is taken out."""
    made = repaired.undo(
        resources.engine,
        ask.place,
        ask.spec.layer_id,
        delivery_id,
        said.features,
        by=ask.who.actor_id,
        note=said.note,
    )
    return _one(resources, ask, made)


@router.post("/layers/{layer_id}/rollback", summary="Show again what was shown before")
def roll_back(resources: RuntimeDep, ask: AskedDep) -> dict[str, Any]:
    """Take back the current delivery, as a new one; nothing is erased."""
    from layers import ingest  # readers and checks are loaded by the first that is taken back

    report = ingest.roll_back(resources.engine, ask.place, ask.spec.layer_id)
    return _one(resources, ask, report.delivery_id or 0)


@router.get("/layers/{layer_id}/features", summary="What a layer showed at an instant")
def features(
    resources: RuntimeDep,
    place: CityDep,
    spec: LayerDep,
    who: HolderDep,
    as_of: Annotated[datetime, Query(description="an instant with its time zone")],
    limit: Annotated[int, Query(ge=1, le=versions.MOST_FEATURES)] = 1000,
    after: Annotated[str | None, Query(max_length=200)] = None,
) -> JSONResponse:
    """GeoJSON in WGS 84, in id order; `next` is the `after` of the following page."""
    require(who, map_permission(spec.sensitivity), place.city_id)
    if spec.sensitivity is Sensitivity.SENSITIVE and (who is None or who.agency != spec.owner):
        # Others look at sensitive layers through the door alone, which knows the present and writes it down.
        raise NotAllowed(role=who.role.value if who else "-", action=Permission.READ_MAP_SENSITIVE.value)
    if as_of.tzinfo is None:
        raise ParameterInvalid(parameter="as_of", value=as_of.isoformat(), expected="2026-11-22T10:00:00Z")
    with resources.engine.connect() as connection:
        found = versions.as_of(connection, place, spec, as_of, limit=limit + 1, after=after)
    city_crs = place.city_crs
    body = {
        "type": "FeatureCollection",
        "as_of": as_of.isoformat(),
        "features": [
            {
                "type": "Feature",
                "id": each.feature_id,
                "geometry": mapping(to_wgs84(each.shape_m, city_crs)),
                "properties": {**_plain(each.properties), "delivery_id": each.delivery_id},
            }
            for each in found[:limit]
        ],
        "next": found[limit - 1].feature_id if len(found) > limit else None,
    }
    return JSONResponse(body, media_type=_GEOJSON)


def _plain(properties: dict[str, Any]) -> dict[str, Any]:
    return {
        name: value.isoformat() if isinstance(value, date) else value for name, value in properties.items()
    }


@router.get("/scorecard", summary="How good each owner's data is")
def scores(
    resources: RuntimeDep,
    place: CityDep,
    _who: Annotated[Holder, Depends(allowed(Permission.READ_SCORECARD))],
) -> dict[str, Any]:
    """Levels 1 to 5 by measure and owner."""
    with resources.engine.connect() as connection:
        cards = scorecard(connection, place)
    return {"city_id": place.city_id, "owners": [card.as_dict() for card in cards]}
