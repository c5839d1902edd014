"""The open interface of a city: OGC API - Features and Tiles, for every GIS client and for people.

Plain Starlette routes: a request is one hop to the thread pool and, for data, one statement. Parameters are
checked by hand, because a misspelt one must be refused and never ignored.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Final

from fastapi import FastAPI, Request
from fastapi.responses import Response
from starlette.routing import Route, Router

from api import ogc_collections, ogc_export, ogc_items, ogc_pages, ogc_processes, ogc_tiles
from api.ogc_collections import REL
from api.ogc_openapi import document
from api.ogc_request import (
    HTML,
    JSON,
    OPENAPI,
    PREFIX,
    Asked,
    Link,
    asked,
    dumped,
    link,
    sent,
    sent_html,
    sent_json,
)  # fmt: skip

_OGC: Final = "http://www.opengis.net/spec/"
_CLASSES: Final = {
    "ogcapi-common-1/1.0": "core landing-page json html oas30",
    "ogcapi-common-2/1.0": "collections json html",
    "ogcapi-features-1/1.0": "core geojson html oas30",
    "ogcapi-features-2/1.0": "crs",
    "ogcapi-features-3/1.0": "queryables queryables-query-parameters filter features-filter",
    "ogcapi-features-5/1.0": "schemas core-roles-features returnables-and-receivables queryables",
    # basic-spatial-operators is the draft's name for basic-spatial-functions: QGIS asks for it.
    "cql2/1.0": "cql2-text cql2-json basic-cql2 advanced-comparison-operators case-insensitive-comparison "
    "basic-spatial-functions basic-spatial-functions-plus spatial-functions property-property "
    "arithmetic basic-spatial-operators",
    "ogcapi-tiles-1/1.0": "core tileset tilesets-list dataset-tilesets geodata-tilesets collections-selection mvt",
    "ogcapi-processes-1/1.0": "core json ogc-process-description",
    "tms/2.0": "tilematrixset tilematrixsetlimits json-tilematrixset json-tilematrixsetlimits",
}
CONFORMANCE: Final = tuple(
    f"{_OGC}{part}/conf/{name}" for part, names in _CLASSES.items() for name in names.split()
)
"""What is implemented and tested, and nothing else."""


def _links(this: Asked) -> list[Link]:
    return [
        *this.own_links(JSON),
        link("service-desc", this.address("api", f="json"), OPENAPI, this.say("ogc-api")),
        link("service-doc", this.address("api", f="html"), HTML, this.say("ogc-api")),
        link("conformance", this.address("conformance"), JSON, this.say("ogc-conformance")),
        link("data", this.address("collections"), JSON, this.say("ogc-layers")),
        link(f"{REL}tilesets-vector", this.address("tiles"), JSON, this.say("ogc-tiles")),
        link(f"{REL}tiling-schemes", this.address("tileMatrixSets"), JSON, this.say("ogc-tiling-schemes")),
        link("describedby", this.address("tiles", "WebMercatorQuad", "tilejson"), JSON, "TileJSON"),
        link(f"{REL}processes", this.address("processes"), JSON, this.say("ogc-processes")),
        link("style", this.address("style.json"), "application/vnd.mapbox.style+json", this.say("ogc-style")),
    ]


def landing(request: Request) -> Response:
    """What there is."""
    this = asked(request)
    name = this.place.name.as_dict()[this.language]
    body = {
        "title": this.say("ogc-title", city=name),
        "description": this.say("ogc-description", city=name),
        "attribution": "; ".join(sorted({spec.source.credit for spec in this.visible})),
        "links": _links(this),
    }
    if this.is_html:
        return sent_html(this, ogc_pages.landing(this, body))
    return sent_json(this, body)


def conformance(request: Request) -> Response:
    """What is promised."""
    this = asked(request)
    if this.is_html:
        return sent_html(this, ogc_pages.conformance(this, CONFORMANCE))
    return sent_json(this, {"links": this.own_links(JSON), "conformsTo": list(CONFORMANCE)})


def api(request: Request) -> Response:
    """The description for programs, OpenAPI 3.0."""
    this = asked(request)
    body: Mapping[str, Any] = document(this)
    if this.is_html:
        return sent_html(this, ogc_pages.api(this, body))
    return sent(this, dumped(body), OPENAPI)


Endpoint = Callable[[Request], Response]
_LAYER: Final = "/collections/{layer_id}"
_TILE: Final = "/tiles/{matrix_set}/{z:int}/{row:int}/{col:int}"
ROUTES: Final[tuple[tuple[str, Endpoint], ...]] = (
    # What is asked most is found first.
    (f"{_LAYER}/items", ogc_items.items),
    (f"{_LAYER}/items/{{feature_id:path}}", ogc_items.item),
    (_TILE, ogc_tiles.tile),
    ("", landing),
    ("/conformance", conformance),
    ("/api", api),
    ("/collections", ogc_collections.collections),
    (_LAYER, ogc_collections.collection),
    (f"{_LAYER}/schema", ogc_collections.schema),
    (f"{_LAYER}/queryables", ogc_collections.queryables),
    (f"{_LAYER}/export", ogc_export.download),
    ("/style.json", ogc_tiles.style),
    ("/tileMatrixSets", ogc_tiles.matrix_sets),
    ("/tileMatrixSets/{matrix_set}", ogc_tiles.matrix_set),
    *(
        (f"{home}{path}", endpoint)
        for home in ("", _LAYER)
        for path, endpoint in (
            ("/tiles", ogc_tiles.tilesets),
            ("/tiles/{matrix_set}", ogc_tiles.tileset),
            ("/tiles/{matrix_set}/tilejson", ogc_tiles.tilejson),
        )
    ),
    (f"{_LAYER}{_TILE}", ogc_tiles.tile),
    ("/processes", ogc_processes.processes),
    ("/processes/{process_id}", ogc_processes.process),
    ("/jobs/{job_id}", ogc_processes.job),
    ("/jobs/{job_id}/results", ogc_processes.job),
)


def install(app: FastAPI) -> None:
    """Put the interface into the application, before its other routes.

    As a plain Starlette mount: FastAPI looks through every route of every router for each request, which costs
    as much as a small answer.
    """
    app.add_route("/v1/ogc/page.css", ogc_pages.stylesheet, methods=["GET"], include_in_schema=False)
    app.add_route(PREFIX, landing, methods=["GET"], include_in_schema=False)
    read = [Route(path or "/", endpoint, methods=["GET"]) for path, endpoint in ROUTES]
    execute = Route("/processes/{process_id}/execution", ogc_processes.execution, methods=["POST"])
    inner = Router([*read, execute], redirect_slashes=False)
    app.mount(PREFIX, inner)
