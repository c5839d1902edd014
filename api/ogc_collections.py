"""The layers as collections: what each one is, where it lies, what its features say and can be filtered by."""

from __future__ import annotations

from typing import Any, Final

from fastapi import Request
from fastapi.responses import Response

from api import i18n
from api import ogc_pages as pages
from api.ogc_request import (
    GEOJSON,
    HTML,
    JSON,
    SCHEMA,
    Asked,
    Link,
    asked,
    link,
    sent_html,
    sent_json,
)  # fmt: skip
from layers import features
from layers.catalog import VOCABULARIES, LayerSpec, Target, geometry_types
from layers.cql2_sql import Field, Kind
from layers.exports import FORMATS, Format, is_available
from layers.references import CRS84_URI, lonlat_box, offered, storage
from layers.selection import ID, TEMPORAL, fields, source_of

REL: Final = "http://www.opengis.net/def/rel/ogc/1.0/"
_JSON_TYPES: Final = {
    Kind.TEXT: {"type": "string"},
    Kind.NUMBER: {"type": "number"},
    Kind.INTEGER: {"type": "integer"},
    Kind.DATE: {"type": "string", "format": "date"},
}
_UNITS: Final = {"_m2": "m2", "_mm": "mm", "_m": "m", "_bar": "bar", "_kv": "kV", "_kva": "kVA"}


def links(this: Asked, spec: LayerSpec) -> list[Link]:
    """Where everything about one layer is."""
    here = ("collections", spec.layer_id)
    name = this.name(spec)
    made = [
        link("items", this.address(*here, "items", f="json"), GEOJSON, name),
        link("items", this.address(*here, "items", f="html"), HTML, name),
        link("describedby", this.address(*here, "schema"), SCHEMA, this.say("ogc-schema")),
        link(f"{REL}schema", this.address(*here, "schema"), SCHEMA, this.say("ogc-schema")),
        link(f"{REL}queryables", this.address(*here, "queryables"), SCHEMA, this.say("ogc-queryables")),
        link(f"{REL}tilesets-vector", this.address(*here, "tiles"), JSON, this.say("ogc-tiles")),
    ]
    made += [
        link("enclosure", this.address(*here, "export", f=form), FORMATS[form].media, f"{name}: {form}")
        for form in Format
        if is_available(form)
    ]
    return made


def described(this: Asked, spec: LayerSpec) -> dict[str, Any]:
    """One collection, as the list of all and its own document show it."""
    known = features.facts(this.resources.reads, source_of(this.place, spec.layer_id))
    made: dict[str, Any] = {
        "id": spec.layer_id,
        "title": this.name(spec),
        "description": this.say(
            "ogc-layer-description",
            name=this.name(spec),
            owner=this.place.agency(spec.owner).name.as_dict()[this.language],
            day=i18n.day(this.language, spec.as_of),
        ),
        "attribution": spec.source.credit,
        "license": spec.source.licence,
        "itemType": "feature",
        "itemCount": known.count,
        "crs": [each.uri for each in offered(this.place)],
        "storageCrs": storage(this.place).uri,
    }
    extent = _extent(known)
    if extent:
        made["extent"] = extent
    here = this.address("collections", spec.layer_id)
    return made | {"links": [link("self", here, JSON, this.name(spec)), *links(this, spec)]}


def _extent(known: features.Facts) -> dict[str, Any]:
    made: dict[str, Any] = {}
    if known.extent_3857 is not None:
        west, south, east, north = lonlat_box(*known.extent_3857)
        box = [round(west - 5e-8, 7), round(south - 5e-8, 7), round(east + 5e-8, 7), round(north + 5e-8, 7)]
        made["spatial"] = {"bbox": [box], "crs": CRS84_URI}
    if known.first_day and known.last_day:
        days = [f"{known.first_day}T00:00:00Z", f"{known.last_day}T23:59:59Z"]
        made["temporal"] = {"interval": [days], "trs": "http://www.opengis.net/def/uom/ISO-8601/0/Gregorian"}
    return made


def collections(request: Request) -> Response:
    """Every layer that the asker may see."""
    this = asked(request)
    body = {
        "links": this.own_links(JSON),
        "crs": [each.uri for each in offered(this.place)],
        "collections": [described(this, spec) for spec in this.visible],
    }
    if this.is_html:
        return sent_html(this, pages.collections(this, body))
    return sent_json(this, body)


def collection(request: Request) -> Response:
    """One layer."""
    this = asked(request)
    body = described(this, this.spec)
    body["links"] = [*this.own_links(JSON), *links(this, this.spec)]
    if this.is_html:
        return sent_html(this, pages.collection(this, body))
    return sent_json(this, body)


# --- what a feature says


def _unit(name: str) -> str | None:
    return next((unit for ending, unit in _UNITS.items() if name.endswith(ending)), None)


def _described_field(this: Asked, field: Field) -> dict[str, Any]:
    made: dict[str, Any] = {"title": pages.field_title(this, field.name), **_JSON_TYPES[field.kind]}
    if field.name in VOCABULARIES:
        made["enum"] = sorted(VOCABULARIES[field.name])
    if unit := _unit(field.name):
        made["x-ogc-unit"] = unit
    if field.name == TEMPORAL:
        made["x-ogc-role"] = "primary-instant"
    return made


def _geometry_format(target: Target) -> str:
    kinds = sorted(geometry_types(target))
    plain = min(kinds, key=len).lower()
    return f"geometry-{plain}" if len(kinds) == 1 else f"geometry-{plain}-or-multi{plain}"


def _schema(this: Asked, spec: LayerSpec, own: str) -> dict[str, Any]:
    properties: dict[str, Any] = {
        ID: {"title": pages.field_title(this, "id"), "type": "string", "x-ogc-role": "id"},
        "geometry": {
            "title": pages.field_title(this, "geometry"),
            "x-ogc-role": "primary-geometry",
            "format": _geometry_format(spec.target),
        },
    }
    properties |= {name: _described_field(this, field) for name, field in fields(spec.target).items()}
    for place, each in enumerate(properties.values(), start=1):
        each["x-ogc-propertySeq"] = place
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "$id": this.address("collections", spec.layer_id, own),
        "type": "object",
        "title": this.name(spec),
        "properties": properties,
    }


def schema(request: Request) -> Response:
    """What a feature of the layer says, as JSON Schema."""
    this = asked(request)
    body = _schema(this, this.spec, "schema")
    if this.is_html:
        return sent_html(this, pages.schema(this, this.spec, body, this.say("ogc-schema")))
    return sent_json(this, body, SCHEMA)


def queryables(request: Request) -> Response:
    """What a filter may name, as JSON Schema."""
    this = asked(request)
    body = _schema(this, this.spec, "queryables") | {"additionalProperties": False}
    if this.is_html:
        return sent_html(this, pages.schema(this, this.spec, body, this.say("ogc-queryables")))
    return sent_json(this, body, SCHEMA)
