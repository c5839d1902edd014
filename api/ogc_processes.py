"""OGC API - Processes for the questions of a crisis: core, synchronous execution, GeoJSON out."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final

from fastapi import Request
from fastapi.responses import JSONResponse, Response
from sqlalchemy.orm import Session

from api import i18n
from api.crisis import area_in, at_desk, what_is_here
from api.errors import PROBLEM, FormInvalid
from api.ogc_request import GEOJSON, JSON, PREFIX, Link, asked, link
from api.security import Holder, Permission
from geo.vocabulary import Utility
from layers.crisis import Desk, Json, StartAt
from layers.crisis_cascade import cascade
from layers.crisis_trace import isolation

_EXCEPTIONS: Final = "http://www.opengis.net/def/exceptions/ogcapi-processes-1/1.0"
_REL: Final = "http://www.opengis.net/def/rel/ogc/1.0"
_GEOJSON_SCHEMA: Final = {
    "allOf": [
        {"format": "geojson-feature-collection"},
        {"$ref": "https://geojson.org/schema/FeatureCollection.json"},
    ]
}
_LARGEST: Final = 1_048_576
VERSION: Final = "1.0.0"

_GEOMETRY: Final = {
    "allOf": [{"format": "geojson-geometry"}, {"$ref": "https://geojson.org/schema/Geometry.json"}]
}
_UTILITY: Final = {"type": "string", "enum": [str(each) for each in Utility]}


@dataclass(frozen=True, slots=True)
class Process:
    """One process: its id, its inputs by name (required, schema), and what answers it."""

    process_id: str
    inputs: Mapping[str, tuple[bool, Json]]
    run: Callable[[Desk, Session, Mapping[str, Any]], Json]


def _point(geometry: Json, properties: Json) -> Json:
    return {"type": "Feature", "geometry": geometry, "properties": properties}


def _at(place: Any) -> Json:
    return {"type": "Point", "coordinates": place}


def _places(features: Any, role: str) -> list[Json]:
    return [
        _point(_at(each["point"]), {"part": role, **{k: v for k, v in each.items() if k != "point"}})
        for each in features
        if each["point"] is not None
    ]


def _lines(collection: Json, role: str) -> list[Json]:
    return [{**each, "properties": {"part": role, **each["properties"]}} for each in collection["features"]]


def _collection(features: list[Json], answer: Json, *left_out: str) -> Json:
    figures = {name: value for name, value in answer.items() if name not in left_out}
    return {"type": "FeatureCollection", "features": features, **figures}


def _isolation(desk: Desk, _session: Session, inputs: Mapping[str, Any]) -> Json:
    answer = isolation(desk, inputs["utility"], _start(inputs), inputs.get("stuck_valves", []))
    features = [
        *_places(answer["valves"], "valve"),
        *_places(answer["sources"], "source"),
        *_places(answer["squeeze_points"], "squeeze_point"),
        *_lines(answer["segment"], "segment"),
        *_lines(answer["unintended"], "unintended"),
    ]
    return _collection(features, answer, "segment", "unintended", "squeeze_points", "sources")


def _here(desk: Desk, session: Session, inputs: Mapping[str, Any]) -> Json:
    answer = what_is_here(desk, session, area_in(desk, inputs["geometry"]), inputs.get("radius_m"))
    return _collection(answer["features"]["features"], answer, "features")


def _cascade(desk: Desk, _session: Session, inputs: Mapping[str, Any]) -> Json:
    answer = cascade(desk, inputs["utility"], _start(inputs), inputs.get("hazard_m"))
    zone = _point(answer["hazard"], {"part": "hazard", **answer["hazard_rule"]})
    danger = _lines({"features": answer["in_danger"]}, "in_danger")
    features = [zone, *danger, *_places(answer["depends"], "depends")]
    return _collection(features, answer, "hazard", "in_danger")


_WHERE: Final[dict[str, tuple[bool, Json]]] = {
    "utility": (True, _UTILITY),
    "at": (False, _GEOMETRY),
    "feature": (False, {"type": "string"}),
}
PROCESSES: Final[Mapping[str, Process]] = {
    each.process_id: each
    for each in (
        Process(
            "isolation",
            {**_WHERE, "stuck_valves": (False, {"type": "array", "items": {"type": "string"}})},
            _isolation,
        ),
        Process(
            "what-is-here",
            {
                "geometry": (True, _GEOMETRY),
                "radius_m": (False, {"type": "number", "minimum": 0, "maximum": 2000}),
            },
            _here,
        ),
        Process(
            "cascade",
            {**_WHERE, "hazard_m": (False, {"type": "number", "minimum": 0, "maximum": 2000})},
            _cascade,
        ),
    )
}


def _start(inputs: Mapping[str, Any]) -> StartAt:
    named = inputs.get("feature")
    if named is not None:
        layer, _, feature = named.partition("/")
        return StartAt(layer_id=layer, feature_id=feature) if feature else StartAt(feature_id=named)
    place = inputs.get("at") or {}
    coordinates = place.get("coordinates")
    if place.get("type") != "Point" or not isinstance(coordinates, list) or len(coordinates) < 2:
        raise FormInvalid(fields=["inputs.at"], reasons=["a GeoJSON Point, or feature"])
    lon, lat = coordinates[:2]
    if not all(isinstance(each, (int, float)) for each in (lon, lat)):
        raise FormInvalid(fields=["inputs.at.coordinates"], reasons=["longitude, latitude"])
    return StartAt(lon=float(lon), lat=float(lat))


# --- described


def _base(request: Request) -> tuple[str, i18n.Language]:
    """The address of the city's open interface; the asker's language.

    Raises UnknownCity, and UnknownParameter and ParameterInvalid (400) for what a request may not say.
    """
    this = asked(request)
    this.format("json")
    place = this.place
    origin = str(request.base_url).rstrip("/")
    language = i18n.preferred(request.headers.get("accept-language"))
    return origin + PREFIX.replace("{city_id}", place.city_id), language


_ABOUT: Final = {
    "isolation": "ogc-process-isolation-about",
    "what-is-here": "ogc-process-what-is-here-about",
    "cascade": "ogc-process-cascade-about",
}


def _summary(base: str, language: i18n.Language, process: Process) -> Json:
    address = f"{base}/processes/{process.process_id}"
    title = i18n.plain(language, f"ogc-process-{process.process_id}")
    links: list[Link] = [
        link("self", address, JSON, title),
        link(f"{_REL}/execute", f"{address}/execution", JSON, title),
    ]
    return {
        "id": process.process_id,
        "title": title,
        "description": i18n.plain(language, _ABOUT[process.process_id]),
        "version": VERSION,
        "jobControlOptions": ["sync-execute"],
        "outputTransmission": ["value"],
        "links": links,
    }


def processes(request: Request) -> Response:
    """The processes there are."""
    base, language = _base(request)
    own = link("self", f"{base}/processes", JSON, i18n.plain(language, "ogc-processes"))
    listed = [_summary(base, language, each) for each in PROCESSES.values()]
    return _json({"processes": listed, "links": [own]})


def process(request: Request) -> Response:
    """One process with its inputs and output."""
    base, language = _base(request)
    found = PROCESSES.get(request.path_params["process_id"])
    if found is None:
        return _missing(request, "no-such-process")
    inputs = {
        name: {"title": name, "schema": schema, "minOccurs": int(required), "maxOccurs": 1}
        for name, (required, schema) in found.inputs.items()
    }
    output = {"result": {"title": "result", "schema": {**_GEOJSON_SCHEMA, "contentMediaType": GEOJSON}}}
    return _json(_summary(base, language, found) | {"inputs": inputs, "outputs": output})


def job(request: Request) -> Response:
    """There are no jobs: everything is answered at once."""
    _base(request)
    return _missing(request, "no-such-job")


async def execution(request: Request) -> Response:
    """Run a process and answer with its GeoJSON."""
    found = PROCESSES.get(request.path_params["process_id"])
    if found is None:
        return _missing(request, "no-such-process")
    body = await _body(request)
    inputs = _inputs(found, body)

    def ask(desk: Desk, _who: Holder, session: Session) -> Response:
        made = found.run(desk, session, inputs)
        as_document = body.get("response") == "document"
        return _json({"result": made} if as_document else made, JSON if as_document else GEOJSON)

    answer: Response = await at_desk(request, request.path_params["city_id"], Permission.ASK_CRISIS, ask)
    return answer


async def _body(request: Request) -> Json:
    raw = await request.body()
    try:
        body = json.loads(raw) if len(raw) <= _LARGEST else None
    except ValueError as error:
        raise FormInvalid(fields=["body"], reasons=[str(error)]) from error
    if not isinstance(body, dict) or not isinstance(body.get("inputs", {}), dict):
        raise FormInvalid(fields=["inputs"], reasons=["an object"])
    if body.get("response", "raw") not in ("raw", "document"):
        raise FormInvalid(fields=["response"], reasons=["raw or document"])
    return body


def _inputs(found: Process, body: Json) -> Json:
    """The inputs, checked; an object may come bare or as {"value": …}. Raises FormInvalid."""
    sent = body.get("inputs", {})
    unknown = sorted(set(sent) - set(found.inputs))
    missing = sorted(name for name, (required, _) in found.inputs.items() if required and name not in sent)
    if unknown or missing:
        raise FormInvalid(
            fields=[f"inputs.{name}" for name in (*unknown, *missing)], reasons=["unknown or missing"]
        )
    made = {}
    for name, value in sent.items():
        is_qualified = isinstance(value, dict) and "value" in value and set(value) <= {"value", "mediaType"}
        bare = value["value"] if is_qualified else value
        if not _fits(found.inputs[name][1], bare):
            raise FormInvalid(fields=[f"inputs.{name}"], reasons=[json.dumps(found.inputs[name][1])])
        made[name] = bare
    return made


def _fits(schema: Json, value: Any) -> bool:
    match schema.get("type"):
        case None:
            return isinstance(value, dict)
        case "array":
            return isinstance(value, list) and all(isinstance(each, str) for each in value)
        case "number":
            is_number = isinstance(value, (int, float)) and not isinstance(value, bool)
            return is_number and bool(schema["minimum"] <= value <= schema["maximum"])
    return isinstance(value, str) and ("enum" not in schema or value in schema["enum"])


def _json(body: Json, media: str = JSON) -> Response:
    content = json.dumps(body, ensure_ascii=False, separators=(",", ":")).encode()
    return Response(
        content, media_type=media, headers={"Cache-Control": "no-store", "Vary": "Accept-Language"}
    )


def _missing(request: Request, what: str) -> Response:
    body = {"type": f"{_EXCEPTIONS}/{what}", "title": what, "status": 404, "instance": request.url.path}
    return JSONResponse(body, 404, media_type=PROBLEM)
