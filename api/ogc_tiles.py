"""OGC API - Tiles: the layers as Mapbox vector tiles, with TileJSON and a ready MapLibre style."""

from __future__ import annotations

import math
from collections.abc import Sequence
from functools import partial
from typing import Any, Final

from fastapi import Request
from fastapi.responses import Response

from api import ogc_pages as pages
from api.answered import MVT, keep
from api.errors import NotFound, ParameterInvalid
from api.ogc_collections import REL
from api.ogc_request import (
    JSON,
    SCHEMA,
    Asked,
    Link,
    asked,
    etag,
    headers,
    is_known,
    link,
    refuse_behind_the_door,
    sent_html,
    sent_json,
    unchanged,
)
from api.ogc_style import style as made_style
from api.security import map_permission, require
from api.tilecache import Tile, kept_or_made
from geo.crs import lonlat_bounds
from layers import served, tiles
from layers.catalog import LayerSpec, Target
from layers.city import City
from layers.drawing import MAX_ZOOM
from layers.references import CRS84_URI, WEB_MERCATOR, mercator_box
from layers.tiles import TileOutOfRange

MATRIX_SET: Final = "WebMercatorQuad"
MATRIX_SET_URI: Final = f"http://www.opengis.net/def/tilematrixset/OGC/1.0/{MATRIX_SET}"
_CRS: Final = f"http://www.opengis.net/def/crs/EPSG/0/{WEB_MERCATOR}"
_HALF: Final = 20037508.342789244
_DIMENSION: Final = {
    Target.PARCEL: 2,
    Target.BUILDING: 2,
    Target.LANDUSE: 2,
    Target.STREET: 1,
    Target.NETWORK_LINE: 1,
}


def _chosen(this: Asked) -> tuple[LayerSpec, ...]:
    """The layers of the address: one, those of `collections`, or all that the asker may see."""
    if "layer_id" in this.request.path_params:
        return (this.spec,)
    said = this.params.get("collections")
    if said is None:
        return this.visible
    known = {spec.layer_id: spec for spec in this.place.layers}
    names = [name for name in said.split(",") if name]
    if not names or set(names) - set(known):
        raise ParameterInvalid(
            parameter="collections", value=said[:80], expected=", ".join(s.layer_id for s in this.visible)
        )
    for name in names:
        require(this.who, map_permission(known[name].sensitivity), this.place.city_id)
        refuse_behind_the_door(this.who, known[name])
    return tuple(spec for spec in this.place.layers if spec.layer_id in names)


def _home(this: Asked) -> tuple[str, ...]:
    layer_id = this.request.path_params.get("layer_id")
    return () if layer_id is None else ("collections", layer_id)


def _template(this: Asked, home: Sequence[str], **params: str) -> str:
    return this.address(*home, "tiles", MATRIX_SET, "{tileMatrix}", "{tileRow}", "{tileCol}", **params)


def _title(this: Asked) -> str:
    chosen = _chosen(this)
    return this.name(chosen[0]) if _home(this) else this.place.name.as_dict()[this.language]


def _known_set(request: Request) -> None:
    if request.path_params.get("matrix_set", MATRIX_SET) != MATRIX_SET:
        raise NotFound(path=request.url.path)


def _tileset_links(this: Asked) -> list[Link]:
    home = _home(this)
    return [
        link("item", _template(this, home), MVT, this.say("ogc-tiles"), templated=True),
        link(f"{REL}tiling-scheme", this.address("tileMatrixSets", MATRIX_SET), JSON, MATRIX_SET),
        link("describedby", this.address(*home, "tiles", MATRIX_SET, "tilejson"), JSON, "TileJSON"),
    ]


def tilesets(request: Request) -> Response:
    """The tile sets of the city or of one layer: one, in Web Mercator."""
    this = asked(request)
    home = _home(this)
    own = link("self", this.address(*home, "tiles", MATRIX_SET), JSON, MATRIX_SET)
    one = {
        "title": _title(this),
        "dataType": "vector",
        "crs": _CRS,
        "tileMatrixSetURI": MATRIX_SET_URI,
        "links": [own, *_tileset_links(this)],
    }
    body = {"links": this.own_links(JSON), "tilesets": [one]}
    if this.is_html:
        return sent_html(this, pages.tilesets(this, {"links": one["links"]}, this.say("ogc-tiles")))
    return sent_json(this, body)


def tileset(request: Request) -> Response:
    """One tile set: which tiles there are and what is in them."""
    _known_set(request)
    this = asked(request)
    west, south, east, north = _bounds(this.place)
    chosen = _chosen(this)
    body = {
        "title": _title(this),
        "dataType": "vector",
        "crs": _CRS,
        "tileMatrixSetURI": MATRIX_SET_URI,
        "attribution": "; ".join(sorted({spec.source.credit for spec in chosen})),
        "accessConstraints": "unclassified"
        if all(s.sensitivity == "public" for s in chosen)
        else "restricted",
        "boundingBox": {"lowerLeft": [west, south], "upperRight": [east, north], "crs": CRS84_URI},
        "tileMatrixSetLimits": _limits(this.place, min((spec.min_zoom for spec in chosen), default=0)),
        "layers": [_vector_layer(this, spec) for spec in chosen],
        "links": [*this.own_links(JSON), *_tileset_links(this)],
    }
    if this.is_html:
        return sent_html(this, pages.tilesets(this, body, this.say("ogc-tiles")))
    return sent_json(this, body)


def _vector_layer(this: Asked, spec: LayerSpec) -> dict[str, Any]:
    kinds = {"Number": "number", "String": "string"}
    fields = tiles.attributes(spec.target).items()
    return {
        "id": spec.layer_id,
        "title": this.name(spec),
        "dataType": "vector",
        "geometryDimension": _DIMENSION.get(spec.target, 0),
        "minTileMatrix": str(spec.min_zoom),
        "maxTileMatrix": str(MAX_ZOOM),
        "propertiesSchema": {
            "type": "object",
            "properties": {name: {"type": kinds[kind]} for name, kind in fields},
        },
        "links": [
            link("describedby", this.address("collections", spec.layer_id, "schema"), SCHEMA, this.name(spec))
        ],
    }


def _bounds(place: City) -> tuple[float, float, float, float]:
    west, south, east, north = (round(value, 6) for value in lonlat_bounds(place.extent_m, place.crs))
    return west, south, east, north


def _limits(place: City, lowest: int) -> list[dict[str, Any]]:
    west, south, east, north = mercator_box(*_bounds(place))
    made = []
    for zoom in range(lowest, MAX_ZOOM + 1):
        size = 2 * _HALF / 2**zoom
        made.append(
            {
                "tileMatrix": str(zoom),
                "minTileCol": math.floor((west + _HALF) / size),
                "maxTileCol": math.floor((east + _HALF) / size),
                "minTileRow": math.floor((_HALF - north) / size),
                "maxTileRow": math.floor((_HALF - south) / size),
            }
        )
    return made


def tile(request: Request) -> Response:
    """One Mapbox vector tile; row before column, as this standard has it."""
    _known_set(request)
    this = asked(request, "collections")
    this.format("mvt")
    z, y, x = (request.path_params[name] for name in ("z", "row", "col"))
    if not (0 <= z <= MAX_ZOOM and 0 <= x < 2**z and 0 <= y < 2**z):
        raise TileOutOfRange(z=z, x=x, y=y)
    chosen = _chosen(this)
    reads, city_id = this.resources.reads, this.place.city_id
    register = served.register(reads, city_id)
    shown = served.in_tile(register, [spec.layer_id for spec in chosen], z)
    validator = etag(city_id, tiles.shown_version(city_id, shown), z, x, y)
    keep(request, city_id, this.who, register, validator, headers(this, validator), is_tile=True)
    if is_known(this, validator):
        return unchanged(this, validator)
    takes_gzip = "gzip" in request.headers.get("accept-encoding", "")
    make = partial(tiles.open_tile, reads, city_id, shown, z, x, y)
    return tile_response(
        kept_or_made(this.resources.tiles, (validator,), make, takes_gzip), headers(this, validator)
    )


def tile_response(made: Tile, said: dict[str, str]) -> Response:
    """A tile, or 204 where there is nothing to draw."""
    if made.is_empty:
        return Response(status_code=204, headers=said)
    if made.is_zipped:
        said = said | {"Content-Encoding": "gzip"}
    return Response(made.data, media_type=MVT, headers=said)


def tilejson(request: Request) -> Response:
    """TileJSON 3.0."""
    _known_set(request)
    this = asked(request, "collections")
    this.format("json")
    return sent_json(this, _tilejson(this))


def _tilejson(this: Asked) -> dict[str, Any]:
    home, chosen = _home(this), _chosen(this)
    more = {"collections": ",".join(spec.layer_id for spec in chosen)} if "collections" in this.params else {}
    template = this.address(*home, "tiles", MATRIX_SET, "{z}", "{y}", "{x}", **more)
    return tiles.tilejson(this.place, chosen, template)


def style(request: Request) -> Response:
    """A style for MapLibre with the conventional colours; no fonts, no pictures, no other host."""
    this = asked(request, "collections")
    this.format("json")
    return sent_json(this, made_style(_title(this), _chosen(this), _tilejson(this)))


def matrix_sets(request: Request) -> Response:
    """The tiling schemes on offer."""
    this = asked(request)
    if this.is_html:
        return sent_html(this, pages.matrix_sets(this, MATRIX_SET))
    # The standard calls it self; OGC's own suite looks for an item.
    links = [
        link(rel, this.address("tileMatrixSets", MATRIX_SET), JSON, MATRIX_SET) for rel in ("self", "item")
    ]
    one = {"id": MATRIX_SET, "title": MATRIX_SET, "uri": MATRIX_SET_URI, "crs": _CRS, "links": links}
    return sent_json(this, {"links": [link("self", this.same(), JSON, MATRIX_SET)], "tileMatrixSets": [one]})


def matrix_set(request: Request) -> Response:
    """The tiling scheme, defined."""
    _known_set(request)
    this = asked(request)
    size = 2 * _HALF / 256
    matrices = [
        {
            "id": str(zoom),
            "scaleDenominator": size / 2**zoom / 0.00028,
            "cellSize": size / 2**zoom,
            "cornerOfOrigin": "topLeft",
            "pointOfOrigin": [-_HALF, _HALF],
            "tileWidth": 256,
            "tileHeight": 256,
            "matrixWidth": 2**zoom,
            "matrixHeight": 2**zoom,
        }
        for zoom in range(MAX_ZOOM + 1)
    ]
    body = {
        "id": MATRIX_SET, "title": "Google Maps Compatible for the World", "uri": MATRIX_SET_URI, "crs": _CRS,
        "orderedAxes": ["X", "Y"], "wellKnownScaleSet": "http://www.opengis.net/def/wkss/OGC/1.0/GoogleMapsCompatible",
        "tileMatrices": matrices,
    }  # fmt: skip
    return sent_html(this, pages.matrix_set(this, body)) if this.is_html else sent_json(this, body)
