"""How the open interface is asked, and what its answers hold."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import httpx2
import shapely
from pyproj import Transformer

from tests.api.conftest import Served

Code = Callable[[httpx2.Response], str]
OGC = "/v1/cities/schutterwald/ogc"
ITEMS = f"{OGC}/collections/parcels/items"
CRS84 = "http://www.opengis.net/def/crs/OGC/1.3/CRS84"
EPSG = "http://www.opengis.net/def/crs/EPSG/0/"


def in_degrees(shapes: dict[str, shapely.Geometry]) -> dict[str, shapely.Geometry]:
    move = Transformer.from_crs(25832, 4326, always_xy=True).transform
    moved = shapely.transform(
        list(shapes.values()), lambda xy: shapely.get_coordinates(shapely.points(*move(*xy.T)))
    )
    return dict(zip(shapes, moved, strict=True))


def anyone(site: Served, **headers: str) -> httpx2.Client:
    return site.client(None, **headers)


def ids(body: dict[str, Any]) -> list[str]:
    return [each["id"] for each in body["features"]]


def linked(body: dict[str, Any], rel: str) -> list[str]:
    return [each["href"] for each in body["links"] if each["rel"] == rel]
