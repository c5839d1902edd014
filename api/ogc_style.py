"""A MapLibre style from the catalogue of layers: the same colours and order as the page's own map."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from layers.catalog import LayerSpec, Target

SOURCE = "city"
_AREAS = frozenset({Target.PARCEL, Target.BUILDING, Target.LANDUSE})
_LINES = frozenset({Target.STREET, Target.NETWORK_LINE})
# Mains are drawn stronger than what leads to one house.
_WIDTH = ["match", ["get", "role"], ["main", "feeder", "transmission"], 3, 1.5]


def style(title: str, specs: Sequence[LayerSpec], tilejson: dict[str, Any]) -> dict[str, Any]:
    """Return the style of these layers, bottom to top; it asks for nothing but our own tiles."""
    source = {
        "type": "vector",
        "tiles": tilejson["tiles"],
        "minzoom": tilejson["minzoom"],
        "maxzoom": tilejson["maxzoom"],
        "bounds": tilejson["bounds"],
        "attribution": tilejson["attribution"],
    }
    layers: list[dict[str, Any]] = [
        {"id": "background", "type": "background", "paint": {"background-color": "#f7f5f1"}}
    ]
    for spec in sorted(specs, key=lambda each: (each.draw_order, each.layer_id)):
        layers += _drawn(spec)
    longitude, latitude, zoom = tilejson["center"]
    return {
        "version": 8,
        "name": title,
        "center": [longitude, latitude],
        "zoom": max(zoom, tilejson["minzoom"]),
        "sources": {SOURCE: source},
        "layers": layers,
    }


def _layer(spec: LayerSpec, kind: str, suffix: str, paint: dict[str, Any]) -> dict[str, Any]:
    return {
        "id": f"{spec.layer_id}{suffix}",
        "type": kind,
        "source": SOURCE,
        "source-layer": spec.layer_id,
        "minzoom": spec.min_zoom,
        "metadata": {"title": spec.name.as_dict()},
        "paint": paint,
    }


def _drawn(spec: LayerSpec) -> list[dict[str, Any]]:
    if spec.target in _AREAS:
        opacity = 0.12 if spec.target is Target.PARCEL else 0.55
        return [
            _layer(spec, "fill", "", {"fill-color": spec.colour, "fill-opacity": opacity}),
            _layer(spec, "line", "-outline", {"line-color": spec.colour, "line-width": 0.8}),
        ]
    if spec.target in _LINES:
        width: Any = _WIDTH if spec.target is Target.NETWORK_LINE else 2
        return [_layer(spec, "line", "", {"line-color": spec.colour, "line-width": width})]
    is_device = spec.target is Target.NETWORK_DEVICE
    paint = {
        "circle-color": spec.colour,
        "circle-radius": 5 if is_device else 3,
        "circle-stroke-color": "#ffffff",
        "circle-stroke-width": 1.5 if is_device else 0.5,
    }
    return [_layer(spec, "circle", "", paint)]
