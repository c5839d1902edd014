"""What is here: everything under a place, whose it is, how fresh, and whom to call, the nearest first."""

from __future__ import annotations

import time
from typing import Final

import shapely
from shapely.geometry.base import BaseGeometry
from sqlalchemy import text

from layers.catalog import Target
from layers.crisis import Desk, Json
from layers.crisis_look import MOST_HERE, Looked, around, features_json, looked

POINT_RADIUS_M: Final = 30.0
MOST_PARCELS: Final = 500


def here(desk: Desk, shape_m: BaseGeometry, radius_m: float | None = None) -> Json:
    """What the layers hold within `radius_m` of a shape in the city's CRS. Raises AccessRefused, AreaTooLarge.

    Layers that the asker may not see are named with their owner, never left out silently.
    """
    started = time.perf_counter()
    desk.open()
    radius = radius_m if radius_m is not None else (0.0 if shape_m.area else POINT_RADIUS_M)
    area = around(shape_m, radius)
    specs = [
        spec for spec in desk.city.layers if spec.target not in (Target.PARCEL, Target.LANDUSE, Target.TREE)
    ]
    found = looked(desk, specs, area, shape_m)
    parcels = _parcels(desk, area, shape_m)
    rest = [each.agency_id for each in desk.city.agencies]
    return {
        "area": {
            "geometry": desk.shape(area),
            "area_m2": round(area.area, 1),
            "radius_m": radius,
            "center": desk.point(area.representative_point()),
        },
        "layers": _layers(desk, found),
        "features": {
            "type": "FeatureCollection",
            "features": features_json(desk, found.features),
            "numberMatched": found.matched,
            "numberReturned": len(found.features),
        },
        "contacts": desk.contacts([*found.owners(), *rest]),
        "parcels": parcels[:MOST_PARCELS],
        "limits": {
            "truncated": found.matched > MOST_HERE or len(parcels) > MOST_PARCELS,
            "features": MOST_HERE,
            "parcels": MOST_PARCELS,
            "matched": found.matched,
        },
        "took_ms": round((time.perf_counter() - started) * 1e3, 1),
    }


def _layers(desk: Desk, found: Looked) -> list[Json]:
    """Every layer of the city: how fresh it is, what of it is here, and whether it may be seen."""
    made = []
    for spec in desk.city.layers:
        fresh, count = desk.freshness[spec.layer_id], found.counts.get(spec.layer_id)
        shut = spec.layer_id in found.withheld
        made.append(
            {
                "layer_id": spec.layer_id,
                "name": spec.name.as_dict(),
                "target": str(spec.target),
                "utility": spec.utility and str(spec.utility),
                "owner": spec.owner,
                "state": "withheld" if shut else str(fresh.state),
                "as_of": fresh.as_of.isoformat() if fresh.as_of else None,
                "delivered_at": spec.source.delivered_on.isoformat() if fresh.as_of else None,
                "surveyed_from": count.surveyed_from.isoformat() if count and count.surveyed_from else None,
                "surveyed_to": count.surveyed_to.isoformat() if count and count.surveyed_to else None,
                "age_days": fresh.age_days,
                "count": None if shut else (count.features if count else 0),
                "nearest_m": round(count.nearest_m, 2) if count else None,
            }
        )
    return made


_PARCELS = text(
    "SELECT t.feature_id AS parcel_id, t.land_use, ST_Distance(t.geom, ST_GeomFromWKB(:from, :srid)) AS distance_m "
    "FROM layers.parcel t WHERE t.city_id = :city_id AND t.retired_by IS NULL "
    "AND t.geom && ST_GeomFromWKB(:area, :srid) AND ST_Intersects(t.geom, ST_GeomFromWKB(:area, :srid)) "
    "ORDER BY distance_m, t.feature_id LIMIT :most"
)


def _parcels(desk: Desk, area: BaseGeometry, from_m: BaseGeometry) -> list[Json]:
    """The parcels that the area touches, the nearest first, and one more than are shown where there are more."""
    values = {
        "city_id": desk.city.city_id,
        "srid": desk.city.srid,
        "area": shapely.to_wkb(area),
        "from": shapely.to_wkb(from_m),
        "most": MOST_PARCELS + 1,
    }
    rows = desk.reader.execute(_PARCELS, values).mappings()
    return [{**row, "distance_m": round(row["distance_m"], 2)} for row in rows]
