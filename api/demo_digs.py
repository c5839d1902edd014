"""A few excavations for the demonstration: plans of two companies, a permit request and an incident in one street."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from datetime import date, timedelta
from typing import Any, Final

import httpx2
from shapely.geometry import LineString, MultiLineString, mapping, shape
from shapely.geometry.base import BaseGeometry
from shapely.ops import linemerge, substring

from api.client import Client
from geo.crs import WGS84, transform_to
from geo.errors import PanjerehError
from layers import query
from layers.catalog import Target
from layers.city import City
from layers.database import make_engine

log = logging.getLogger("panjereh.demo")
REACH_M: Final = 150.0
LONG_ENOUGH_M: Final = 70.0


def seed(address: str, token: str, city: City, url: str, case: dict[str, Any], today: date) -> int:
    """File the demonstration's works near its case; returns how many. Nothing is filed where no street is near.

    A refusal is logged, never raised: the demonstration goes on without.
    """
    try:
        street = _street_near(city, url, case)
        if street is None:
            return 0
        with Client(address, token) as client:
            return _file(client, city, street, today)
    except (PanjerehError, httpx2.HTTPError, OSError) as error:
        log.warning("no excavations for the demonstration: %s", error)
        return 0


def _street_near(city: City, url: str, case: dict[str, Any]) -> LineString | None:
    """The nearest street's axis that is long enough."""
    pit = transform_to(shape(case["excavation"]["geometry"]), WGS84, city.city_crs).shape
    layer_ids = [spec.layer_id for spec in city.layers if spec.target is Target.STREET]
    engine = make_engine(url, application_name="panjereh-demo", pool_size=1)
    with engine.connect() as connection:
        near = query.near(connection, city.city_id, layer_ids, pit, REACH_M)
    engine.dispose()
    found = sorted(near, key=lambda each: (each.distance_m, each.feature_id))
    axes = (axis for each in found for axis in _axes(each.geom))
    return next((axis for axis in axes if axis.length >= LONG_ENOUGH_M), None)


def _axes(geom: BaseGeometry) -> Sequence[LineString]:
    merged = linemerge(geom) if isinstance(geom, MultiLineString) else geom
    parts = getattr(merged, "geoms", [merged])
    return [part for part in parts if isinstance(part, LineString)]


def _part(street: LineString, begin: float, end: float, beside_m: float) -> dict[str, Any]:
    part = LineString(substring(street, begin, end).coords)
    return dict(mapping(part.offset_curve(beside_m)))


def _file(client: Client, city: City, street: LineString, today: date) -> int:
    base = f"/v1/cities/{city.city_id}"
    owners = {u.value: agency.agency_id for agency in city.agencies for u in agency.utilities}
    plans = (
        ("water", "New water main", _part(street, 0, 65, 1.5), 25, 45, 1.2),
        ("electricity", "Low-voltage cable", _part(street, 15, 70, -2.0), 60, 75, 0.6),
    )
    made = 0
    for utility, title, geometry, start, end, width in plans:
        if utility not in owners:
            continue
        body = {
            "agency": owners[utility],
            "agency_ref": f"DEMO-{utility}",
            "title": title,
            "geometry": geometry,
            "crs": city.crs,
            "starts_on": (today + timedelta(days=start)).isoformat(),
            "ends_on": (today + timedelta(days=end)).isoformat(),
            "width_m": width,
            "pavement": "asphalt",
        }
        client.post(f"{base}/planned-works", body, f"demo-plan-{utility}")
        made += 1
    for number, body in enumerate(_digs(city, owners, street, today)):
        client.post(f"{base}/digs", body, f"demo-dig-{number}")
        made += 1
    return made


def _digs(city: City, owners: dict[str, str], street: LineString, today: date) -> list[dict[str, Any]]:
    def excavation(geometry: dict[str, Any], depth_m: float) -> dict[str, Any]:
        return {"geometry": geometry, "crs": city.crs, "depth_m": depth_m, "method": "machine"}

    works = {"pavement": "asphalt", "width_m": 0.8, "asphalt_age_years": 6}
    made = []
    if "gas" in owners:
        made.append(
            {
                "kind": "development",
                "title": "Renewal of the gas main",
                "agency": owners["gas"],
                "excavation": excavation(_part(street, 5, 60, -1.0), 1.2),
                "works": works,
                "starts_on": (today + timedelta(days=40)).isoformat(),
                "ends_on": (today + timedelta(days=55)).isoformat(),
                "contractor": {"name": "Rahsazan", "licence_no": "K-204", "phone": "+49 30 23125 021"},
                "supervisor": {"name": "N. Ahmadi", "phone": "+49 30 23125 022"},
            }
        )
    if "water" in owners:
        leak = dict(mapping(street.interpolate(30)))
        made.append(
            {
                "kind": "incident",
                "title": "Leak at a valve",
                "agency": owners["water"],
                "excavation": excavation(leak, 1.5),
                "works": {"width_m": 2.0},
                "contractor": {"name": "Abkar", "phone": "+49 30 23125 023"},
            }
        )
    return made
