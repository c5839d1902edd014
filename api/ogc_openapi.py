"""The OpenAPI 3.0 description of a city's open interface, of the layers that the asker may see."""

from __future__ import annotations

from typing import Any, Final

from api.answered import MVT
from api.ogc_params import FILTERS, MAX_LIMIT
from api.ogc_request import GEOJSON, HTML, JSON, OPENAPI, SCHEMA, Asked
from layers.catalog import LayerSpec
from layers.cql2_sql import Kind
from layers.exports import FORMATS, Format, is_available
from layers.references import CRS84_URI, offered
from layers.selection import queryables

_VERSION: Final = "1.0.0"
_TYPES: Final[dict[Kind, dict[str, str]]] = {
    Kind.NUMBER: {"type": "number"},
    Kind.INTEGER: {"type": "integer"},
    Kind.DATE: {"type": "string", "format": "date"},
}
_PROBLEM: Final = {"$ref": "#/components/responses/Problem"}
Parameter = dict[str, Any]


def _query(name: str, schema: dict[str, Any], description: str, **more: Any) -> Parameter:
    return {
        "name": name,
        "in": "query",
        "required": False,
        "description": description,
        "schema": schema,
        **more,
    }


def _list_of(kind: str, **more: Any) -> dict[str, Any]:
    return {"type": "array", "items": {"type": kind}, **more}


def _parameters(this: Asked) -> dict[str, Parameter]:
    uris = [each.uri for each in offered(this.place)]
    crs = {"type": "string", "format": "uri", "default": CRS84_URI, "enum": uris}
    box = _list_of("number", oneOf=[{"minItems": size, "maxItems": size} for size in (4, 6)])
    limit = {"type": "integer", "minimum": 1, "maximum": MAX_LIMIT, "default": MAX_LIMIT}
    listed = {"style": "form", "explode": False}
    return {
        "f": _query(
            "f", {"type": "string"}, "form of the answer: json, html and, for data, what the path lists"
        ),
        "lang": _query("lang", {"type": "string", "enum": ["en", "fa"]}, "language of the words"),
        "limit": _query("limit", limit, "features per page", **listed),
        "offset": _query(
            "offset", {"type": "integer", "minimum": 0, "default": 0}, "features to leave out first"
        ),
        "after": _query(
            "after", {"type": "string"}, "id of the last feature of the page before (in `next` links)"
        ),
        "bbox": _query("bbox", box, "west,south,east,north in bbox-crs", **listed),
        "bbox-crs": _query("bbox-crs", crs, "CRS of bbox"),
        "crs": _query("crs", crs, "CRS of the answer"),
        "datetime": _query(
            "datetime",
            {"type": "string"},
            "instant or interval; features of unknown day always match",
            **listed,
        ),
        "as-of": _query(
            "as-of",
            {"type": "string", "format": "date-time"},
            "the layer as it was shown at this instant, by the deliveries published until then",
        ),
        "filter": _query("filter", {"type": "string"}, "CQL2 filter"),
        "filter-lang": _query(
            "filter-lang",
            {"type": "string", "enum": list(FILTERS), "default": "cql2-text"},
            "language of filter",
        ),
        "filter-crs": _query("filter-crs", crs, "CRS of the geometries in filter"),
        "properties": _query("properties", _list_of("string"), "properties to show", **listed),
        "sortby": _query(
            "sortby", _list_of("string"), "properties to sort by, with - for downwards", **listed
        ),
        "collections": _query("collections", _list_of("string"), "layers to draw", **listed),
    }


def _got(
    summary: str, tag: str, media: dict[str, Any], parameters: list[Any], operation: str
) -> dict[str, Any]:
    content = {name: {"schema": schema} for name, schema in media.items()}
    return {
        "get": {
            "summary": summary,
            "operationId": operation,
            "tags": [tag],
            "parameters": parameters,
            "responses": {
                "200": {"description": summary, "content": content},
                "304": {"description": "the client has this version"},
                "400": _PROBLEM, "401": _PROBLEM, "403": _PROBLEM, "404": _PROBLEM,
                "default": _PROBLEM,
            },
        }
    }  # fmt: skip


def _refs(*names: str) -> list[dict[str, str]]:
    return [{"$ref": f"#/components/parameters/{name}"} for name in ("f", "lang", *names)]


def _layer_paths(this: Asked, spec: LayerSpec) -> dict[str, Any]:
    home, name = f"/collections/{spec.layer_id}", this.name(spec)
    own = [
        _query(each.name, dict(_TYPES.get(each.kind, {"type": "string"})), "features with exactly this value")
        for each in queryables(spec.target).values()
    ]
    selection = ("bbox", "bbox-crs", "datetime", "as-of", "filter", "filter-lang", "filter-crs")
    # QGIS looks for the page size among the components, GDAL here.
    limit = _parameters(this)["limit"]
    everything = [limit, *_refs("offset", "after", *selection, "crs", "properties", "sortby"), *own]
    feature_id = {"name": "featureId", "in": "path", "required": True, "schema": {"type": "string"}}
    files = {
        FORMATS[form].media: {"type": "string", "format": "binary"} for form in Format if is_available(form)
    }
    plain, page = {"type": "object"}, {HTML: {"type": "string"}}
    slug = spec.layer_id
    return {
        home: _got(name, slug, {JSON: plain, **page}, _refs(), f"describe.{slug}"),
        f"{home}/schema": _got(f"{name}: {this.say('ogc-schema')}", slug, {SCHEMA: plain}, _refs(), f"schema.{slug}"),
        f"{home}/queryables": _got(
            f"{name}: {this.say('ogc-queryables')}", slug, {SCHEMA: plain}, _refs(), f"queryables.{slug}"
        ),
        f"{home}/items": _got(
            f"{name}: {this.say('ogc-features')}", slug,
            {GEOJSON: {"$ref": "#/components/schemas/featureCollection"}, **page}, everything, f"items.{slug}",
        ),
        f"{home}/items/{{featureId}}": _got(
            f"{name}: {this.say('ogc-feature')}", slug, {GEOJSON: {"$ref": "#/components/schemas/feature"}, **page},
            [feature_id, *_refs("crs", "properties")], f"item.{slug}",
        ),
        f"{home}/export": _got(
            f"{name}: {this.say('ogc-download')}", slug, files, _refs(*selection), f"export.{slug}"
        ),
    }  # fmt: skip


def _tile_paths(this: Asked) -> dict[str, Any]:
    place = [
        {"name": name, "in": "path", "required": True, "schema": {"type": "integer", "minimum": 0}}
        for name in ("tileMatrix", "tileRow", "tileCol")
    ]
    plain, binary = {"type": "object"}, {"type": "string", "format": "binary"}
    collection = {
        "name": "collectionId", "in": "path", "required": True,
        "schema": {"type": "string", "enum": [spec.layer_id for spec in this.visible]},
    }  # fmt: skip
    made: dict[str, Any] = {}
    for kind, home, own in (("dataset", "", []), ("collection", "/collections/{collectionId}", [collection])):
        for path, what in (
            ("", "getTileSetsList"),
            ("/WebMercatorQuad", "getTileSet"),
            ("/WebMercatorQuad/tilejson", "getTileJSON"),
        ):
            made[f"{home}/tiles{path}"] = _got(
                f"{this.say('ogc-tiles')} ({what})",
                "tiles",
                {JSON: plain},
                [*own, *_refs()],
                f"{kind}.vector.{what}",
            )
        chosen = ["collections"] if kind == "dataset" else []
        made[f"{home}/tiles/WebMercatorQuad/{{tileMatrix}}/{{tileRow}}/{{tileCol}}"] = _got(
            this.say("ogc-tile"),
            "tiles",
            {MVT: binary},
            [*own, *place, *_refs(*chosen)],
            f"{kind}.vector.getTile",
        )
    return made


def _paths(this: Asked) -> dict[str, Any]:
    plain, page = {JSON: {"type": "object"}}, {HTML: {"type": "string"}}
    schemes = this.say("ogc-tiling-schemes")
    made = {
        "/": _got(this.say("ogc-landing"), "capabilities", {**plain, **page}, _refs(), "landing"),
        "/conformance": _got(this.say("ogc-conformance"), "capabilities", {**plain, **page}, _refs(), "conformance"),
        "/api": _got(this.say("ogc-api"), "capabilities", {OPENAPI: {"type": "object"}, **page}, _refs(), "api"),
        "/collections": _got(this.say("ogc-layers"), "capabilities", {**plain, **page}, _refs(), "collections"),
        "/style.json": _got(this.say("ogc-style"), "tiles", plain, _refs("collections"), "style"),
        "/tileMatrixSets": _got(schemes, "tiles", plain, _refs(), "tileMatrixSets"),
        "/tileMatrixSets/WebMercatorQuad": _got(schemes, "tiles", plain, _refs(), "tileMatrixSet"),
    }  # fmt: skip
    for spec in this.visible:
        made |= _layer_paths(this, spec)
    return made | _tile_paths(this)


def document(this: Asked) -> dict[str, Any]:
    """Return the description; clients read the page size from the parameter `limit`."""
    name = this.place.name.as_dict()[this.language]
    problem = {
        "type": "object",
        "properties": {key: {"type": "string"} for key in ("type", "title", "detail", "code", "instance")}
        | {"status": {"type": "integer"}, "params": {"type": "object"}},
    }
    feature = {
        "type": "object",
        "required": ["type", "geometry", "properties"],
        "properties": {
            "type": {"type": "string", "enum": ["Feature"]},
            "id": {"type": "string"},
            "geometry": {"type": "object"},
            "properties": {"type": "object", "nullable": True},
        },
    }
    collection = {
        "type": "object",
        "required": ["type", "features"],
        "properties": {
            "type": {"type": "string", "enum": ["FeatureCollection"]},
            "features": {"type": "array", "items": {"$ref": "#/components/schemas/feature"}},
            "numberMatched": {"type": "integer", "minimum": 0},
            "numberReturned": {"type": "integer", "minimum": 0},
            "links": {"type": "array", "items": {"type": "object"}},
        },
    }
    return {
        "openapi": "3.0.3",
        "info": {
            "title": this.say("ogc-title", city=name),
            "version": _VERSION,
            "description": this.say("ogc-description", city=name),
        },
        "servers": [{"url": this.base}],
        "paths": _paths(this),
        "components": {
            "parameters": _parameters(this),
            "schemas": {"feature": feature, "featureCollection": collection, "problem": problem},
            "responses": {
                "Problem": {
                    "description": "refused, with the reason (RFC 9457)",
                    "content": {
                        "application/problem+json": {"schema": {"$ref": "#/components/schemas/problem"}}
                    },
                }
            },
        },
    }
