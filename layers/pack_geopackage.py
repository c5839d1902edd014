"""A pack's features as a GeoPackage: one layer each, the area, the contacts, and each layer's age."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from shapely.geometry import LineString, MultiLineString, MultiPolygon, Polygon
from shapely.geometry.base import BaseGeometry

from layers.catalog import LayerSpec, geometry_types
from layers.city import City
from layers.pack_contents import Collected, PackRequest
from layers.records import LayerFreshness, NearFeature

if TYPE_CHECKING:
    import geopandas

# What a pack says of each feature.
ATTRIBUTES: Final = (
    "target", "layer_id", "feature_id", "owner_agency", "utility", "kind", "class_code", "pressure_bar", "voltage_kv",
    "diameter_mm", "material", "cover_m", "cover_source", "horizontal_uncertainty_m", "vertical_uncertainty_m",
    "quality_level", "status", "surveyed_on", "installed_year",
)  # fmt: skip


def write_geopackage(path: Path, request: PackRequest, made: Collected) -> None:
    """Write one layer per collected one that has features, the area, the contacts, and each layer's age."""
    import geopandas  # pandas and GDAL are loaded by the first pack
    import pandas as pd
    import pyogrio

    taken, found, states = made.taken, made.found, made.states
    for spec in taken:
        features = found[spec.layer_id]
        if features:
            frame = _frame(spec, features, request.city)
            pyogrio.write_dataframe(frame, path, layer=spec.layer_id, driver="GPKG", append=path.exists())
    area = geopandas.GeoDataFrame(
        {"made_at": [request.made_at.isoformat()], "made_by": [request.made_by], "note": [request.note]},
        geometry=[request.area_m],
        crs=request.city.crs,
    )
    pyogrio.write_dataframe(area, path, layer="pack_area", driver="GPKG", append=path.exists())
    tables = {
        "contacts": contacts(request.city),
        "layer_states": [layer_state(spec, states) for spec in taken],
    }
    for name, rows in tables.items():
        pyogrio.write_dataframe(pd.DataFrame(rows), path, layer=name, driver="GPKG", append=True)


def _frame(spec: LayerSpec, features: Sequence[NearFeature], city: City) -> geopandas.GeoDataFrame:
    import geopandas
    import pandas as pd

    columns = {name: [getattr(each, name) for each in features] for name in ATTRIBUTES}
    frame = pd.DataFrame(columns).dropna(axis="columns", how="all")
    if "surveyed_on" in frame:
        frame["surveyed_on"] = [None if day is None else day.isoformat() for day in frame["surveyed_on"]]
    shapes = [each.geom for each in features]
    if any(name.startswith("Multi") for name in geometry_types(spec.target)):
        shapes = [_multi(shape) for shape in shapes]
    return geopandas.GeoDataFrame(frame, geometry=shapes, crs=city.crs)


def _multi(shape: BaseGeometry) -> BaseGeometry:
    """The shape as its multi type: a GeoPackage's layer has one."""
    if isinstance(shape, LineString):
        return MultiLineString([shape])
    return MultiPolygon([shape]) if isinstance(shape, Polygon) else shape


def layer_state(spec: LayerSpec, states: Mapping[str, LayerFreshness]) -> dict[str, Any]:
    """How old a layer is, as a row: its names, owner, day, licence and credit."""
    state = states[spec.layer_id]
    return {
        "layer_id": spec.layer_id,
        "name_en": spec.name.en,
        "name_fa": spec.name.fa,
        "owner": spec.owner,
        "state": str(state.state),
        "as_of": None if state.as_of is None else state.as_of.isoformat(),
        "limit_days": state.limit_days,
        "licence": spec.source.licence,
        "credit": spec.source.credit,
    }


def contacts(city: City) -> list[dict[str, Any]]:
    """Whom to call at each agency, as rows."""
    return [
        {
            "agency": agency.agency_id,
            "name_en": agency.name.en,
            "name_fa": agency.name.fa,
            "phone": agency.contact.phone,
            "email": agency.contact.email,
            "desk_en": agency.contact.desk.en,
            "desk_fa": agency.contact.desk.fa,
        }
        for agency in city.agencies
    ]
