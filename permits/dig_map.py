"""The map of one excavation to take along: what was permitted, what lies around it, whose it is and how old it is.

What is read of sensitive layers goes through the layers' one door, for the purpose the caller has stated.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path
from typing import Any, Final
from uuid import UUID

from shapely.geometry import Polygon, mapping, shape
from sqlalchemy.orm import Session

from geo.crs import WGS84, to_wgs84
from layers.catalog import LayerSpec
from layers.city import City
from layers.pack_contents import Collected, LeftOut, PackRequest, collect
from layers.pack_geopackage import write_geopackage
from layers.records import NearFeature
from permits import dig_reading
from permits import dig_store as store
from permits.dig_errors import DigRequestInvalid
from permits.dig_views import DigView
from permits.ports import Json
from permits.service import Context
from permits.views import as_json

MARGIN_M: Final = 30.0
_SAID: Final = (
    "owner_agency", "utility", "class_code", "pressure_bar", "voltage_kv", "diameter_mm", "material", "cover_m",
    "cover_source", "horizontal_uncertainty_m", "vertical_uncertainty_m", "quality_level", "status", "surveyed_on",
    "installed_year",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Wanted:
    """Whose map: the layers that the asker may see and those withheld, metres around the excavation, by whom."""

    layers: Sequence[LayerSpec]
    withheld: Sequence[LayerSpec]
    margin_m: float
    made_by: str


@dataclass(frozen=True, slots=True)
class DigMap:
    """One excavation with its surroundings; shapes in the city's CRS, `own` in WGS84 as the excavation's GeoJSON."""

    city: City
    dig: DigView
    shape_m: Polygon
    request: PackRequest
    around: Collected
    own: Json
    made_at: datetime


def request_of(session: Session, ctx: Context, dig_id: UUID, wanted: Wanted) -> PackRequest:
    """The excavation's area as a request for a pack. Raises `DigNotFound`; `DigRequestInvalid` without a place."""
    dig = store.read_dig(session, dig_id, ctx.city.city_id)
    dig_reading.check_reader(dig, ctx.actor)
    if dig.shape_m is None:
        raise DigRequestInvalid(reasons=["excavation-needed"])
    return PackRequest(
        city=ctx.city,
        area_m=dig.shape_m.buffer(wanted.margin_m),
        layers=wanted.layers,
        made_by=wanted.made_by,
        made_at=ctx.now,
        note=f"{dig.dig_no} · {dig.title}",
    )


def dig_map(session: Session, ctx: Context, dig_id: UUID, wanted: Wanted) -> DigMap:
    """Read the map. Raises as `request_of`, `PackTooLarge`, or `AccessRefused` when a sensitive layer stays shut."""
    request = request_of(session, ctx, dig_id, wanted)
    dig = store.read_dig(session, dig_id, ctx.city.city_id)
    assert dig.shape_m is not None
    around = collect(session, request)
    withheld = tuple(LeftOut(spec.layer_id, "withheld") for spec in wanted.withheld)
    return DigMap(
        city=ctx.city,
        dig=dig_reading.dig_view(session, ctx.city, dig_id, ctx.actor, ctx.now),
        shape_m=dig.shape_m,
        request=request,
        around=replace(around, left_out=(*around.left_out, *withheld)),
        own=dig_reading.dig_geojson(session, ctx.city, dig_id, ctx.actor),
        made_at=ctx.now,
    )


def as_geojson(made: DigMap) -> Json:
    """The map as one WGS84 FeatureCollection: `kind` tells the excavation, findings, works nearby and `feature`s."""
    features = list(made.own["features"])
    for spec in made.around.taken:
        features += [_feature(made.city, each) for each in made.around.found[spec.layer_id]]
    dig = made.dig
    return {
        "type": "FeatureCollection",
        "features": features,
        "dig_no": dig.dig_no,
        "title": dig.title,
        "status": dig.status,
        "made_at": made.made_at.isoformat(),
        "made_by": made.request.made_by,
        "layers": [_layer(made, spec) for spec in made.around.taken],
        "left_out": [{"layer_id": each.layer_id, "why": each.why} for each in made.around.left_out],
    }


def _feature(city: City, one: NearFeature) -> Json:
    said = {name: value for name in _SAID if (value := getattr(one, name)) is not None}
    said |= {"of": one.kind} if one.kind is not None else {}
    return {
        "type": "Feature",
        "id": f"{one.layer_id}/{one.feature_id}",
        "geometry": as_json(mapping(to_wgs84(one.geom, city.city_crs))),
        "properties": {
            "kind": "feature",
            "layer_id": one.layer_id,
            "feature_id": one.feature_id,
            **as_json(said),
        },
    }


def _layer(made: DigMap, spec: LayerSpec) -> Json:
    state = made.around.states[spec.layer_id]
    return {
        "layer_id": spec.layer_id,
        "owner": spec.owner,
        "state": str(state.state),
        "as_of": None if state.as_of is None else state.as_of.isoformat(),
        "features": len(made.around.found[spec.layer_id]),
    }


def write_gpkg(made: DigMap, path: Path) -> None:
    """The map as a GeoPackage in the city's CRS: the layers around, and the excavation's own parts, `dig_…`."""
    import geopandas  # pandas and GDAL are loaded by the first map
    import pyogrio

    write_geopackage(path, made.request, made.around)
    dig = made.dig
    own = {
        "dig_no": dig.dig_no,
        "title": dig.title,
        "status": dig.status,
        "agency": dig.agency,
        "depth_m": dig.excavation and dig.excavation.depth_m,
        "method": dig.excavation and dig.excavation.method,
        "starts_on": dig.starts_on and dig.starts_on.isoformat(),
        "ends_on": dig.ends_on and dig.ends_on.isoformat(),
        "permit_no": (dig.permit or {}).get("permit_no"),
        "contractor": (dig.contractor or {}).get("name"),
    }
    rows: dict[str, list[tuple[Any, Json]]] = {"dig_excavation": [(made.shape_m, own)]}
    for each in made.own["features"]:
        kind = each["properties"]["kind"]
        if kind != "excavation":
            plain = {
                name: value
                for name, value in each["properties"].items()
                if not isinstance(value, dict | list)
            }
            rows.setdefault(f"dig_{kind}", []).append((shape(each["geometry"]), plain))
    for name, listed in rows.items():
        crs = made.city.crs if name == "dig_excavation" else WGS84
        frame = geopandas.GeoDataFrame(
            [said for _, said in listed], geometry=[place for place, _ in listed], crs=crs
        )
        pyogrio.write_dataframe(frame.to_crs(made.city.crs), path, layer=name, driver="GPKG", append=True)
