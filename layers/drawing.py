"""How layers are drawn: colours, draw order, zooms, and what a tile tells of a feature.

One list for the API, the tiles and the legend.
"""

from __future__ import annotations

from collections.abc import Mapping

from geo.vocabulary import Utility
from layers.catalog import Target

# The uniform colour code of the American Public Works Association (ANSI Z535.1 safety colours), the one that
# crews paint on the street: red electricity, yellow gas, orange telecom, blue water, green sewers and drains.
UTILITY_COLOURS: Mapping[Utility, str] = {
    Utility.WATER: "#0b6fc2",
    Utility.SEWER: "#1f8a3b",
    Utility.STORMWATER: "#5f7f2a",
    Utility.ELECTRICITY: "#d0021b",
    Utility.GAS: "#e0a800",
    Utility.TELECOM: "#f07d00",
    Utility.HEATING: "#8e44ad",
}

_GROUND_COLOURS: Mapping[Target, str] = {
    Target.LANDUSE: "#dfe8d5",
    Target.PARCEL: "#8a8175",
    Target.STREET: "#b9b2a6",
    Target.BUILDING: "#6b6257",
    Target.ADDRESS: "#333333",
    Target.TREE: "#6a8f2f",
}

# Bottom to top: areas, then lines, then points; the most dangerous utility is drawn last within its band.
_TARGET_ORDER: Mapping[Target, int] = {
    Target.LANDUSE: 0,
    Target.PARCEL: 100,
    Target.STREET: 200,
    Target.BUILDING: 300,
    Target.TREE: 350,
    Target.NETWORK_LINE: 400,
    Target.NETWORK_NODE: 500,
    Target.NETWORK_DEVICE: 600,
    Target.ADDRESS: 700,
}
_UTILITY_ORDER: Mapping[Utility, int] = {
    Utility.TELECOM: 10,
    Utility.STORMWATER: 20,
    Utility.SEWER: 30,
    Utility.WATER: 40,
    Utility.HEATING: 50,
    Utility.ELECTRICITY: 60,
    Utility.GAS: 70,
}

# Below 8 a tile is wider than a projected CRS is good for.
MIN_ZOOM, MAX_ZOOM = 8, 22
# The smallest map zoom at which a layer is worth its bytes; a city may say another.
USUAL_MIN_ZOOM: Mapping[Target, int] = {
    Target.LANDUSE: 10,
    Target.STREET: 11,
    Target.PARCEL: 14,
    Target.BUILDING: 14,
    Target.NETWORK_LINE: 13,
    Target.NETWORK_NODE: 17,
    Target.NETWORK_DEVICE: 15,
    Target.ADDRESS: 16,
    Target.TREE: 16,
}

# What a tile may show of a feature, and from which zoom on: an id of its own for each of nine thousand parcels costs
# as much as their shapes. Whatever else the agency delivered stays in the database.
TILE_ATTRIBUTES: Mapping[Target, Mapping[str, int]] = {
    Target.PARCEL: {"id": 15, "land_use": 0},
    Target.BUILDING: {"id": 15, "use": 0, "storeys": 15},
    Target.STREET: {"id": 14, "name": 13, "street_class": 0},
    Target.LANDUSE: {"id": 12, "land_use": 0},
    Target.ADDRESS: {"id": 0, "street": 0, "number": 0},
    Target.TREE: {"id": 0, "species": 0, "trunk_diameter_mm": 0, "crown_diameter_m": 0},
    Target.NETWORK_LINE: {
        "id": 0, "utility": 0, "role": 0, "class_code": 0, "status": 0,
        "diameter_mm": 15, "cover_m": 15, "quality_level": 15,
    },
    Target.NETWORK_NODE: {"id": 0, "utility": 0, "kind": 0},
    Target.NETWORK_DEVICE: {"id": 0, "utility": 0, "kind": 0, "normal_state": 0},
}  # fmt: skip


def usual_colour(target: Target, utility: Utility | None) -> str:
    """Return the colour that a layer has unless its city says another."""
    return UTILITY_COLOURS[utility] if utility else _GROUND_COLOURS[target]


def usual_order(target: Target, utility: Utility | None) -> int:
    """Return a layer's place in the draw order, unless its city says another."""
    return _TARGET_ORDER[target] + (_UTILITY_ORDER[utility] if utility else 0)
