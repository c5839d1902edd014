"""Looking at what lies in an area, for the crisis desk: open layers by one statement, sensitive ones by the door."""

from __future__ import annotations

# ruff: noqa: S608 - names spliced into SQL come from the catalogue, never from data
import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from typing import Any, Final

import numpy as np
import shapely
from shapely.geometry import Polygon, box
from shapely.geometry.base import BaseGeometry
from sqlalchemy import TextClause, text

from geo.errors import PanjerehError
from layers import query
from layers.access import MAX_AREA_M2
from layers.catalog import LayerSpec, Sensitivity, Target
from layers.crisis import Desk, Json
from layers.records import NearFeature

MOST_AREA_M2: Final = 25_000_000.0
MOST_HERE: Final = 1_000
_CELL_M: Final = math.sqrt(MAX_AREA_M2) * 0.96


class AreaTooLarge(PanjerehError):
    """One question covers at most `allowed` square metres; this one has `found`."""

    code = "area-too-large"


@dataclass(frozen=True, slots=True)
class Count:
    """What of one layer lies there: how many, the nearest (m), and between which days they were surveyed."""

    features: int
    nearest_m: float
    surveyed_from: date | None
    surveyed_to: date | None


@dataclass(frozen=True, slots=True)
class Looked:
    """What was found, the nearest first and at most MOST_HERE; `withheld` are the layers that stayed shut."""

    features: list[NearFeature]
    counts: Mapping[str, Count]
    withheld: Mapping[str, LayerSpec]

    @property
    def matched(self) -> int:
        """How many there are in all."""
        return sum(each.features for each in self.counts.values())

    def owners(self) -> list[str]:
        """The owners of what is there, the nearest first, then those of what stayed shut."""
        found = sorted((count.nearest_m, layer) for layer, count in self.counts.items())
        by_layer = {each.layer_id: each.owner_agency for each in self.features}
        named = [by_layer[layer] for _, layer in found if layer in by_layer]
        return [*named, *(spec.owner for spec in self.withheld.values())]


def around(shape_m: BaseGeometry, radius_m: float) -> BaseGeometry:
    """The area that is asked about. Raises AreaTooLarge."""
    area = shape_m.buffer(radius_m, quad_segs=8) if radius_m > 0 else shape_m
    if area.area > MOST_AREA_M2:
        raise AreaTooLarge(found=round(area.area), allowed=MOST_AREA_M2)
    return area


def pieces(area: BaseGeometry) -> Iterator[BaseGeometry]:
    """The area in parts that one look may cover."""
    if area.area <= MAX_AREA_M2 and isinstance(area, Polygon):
        yield area
        return
    west, south, east, north = area.bounds
    for column in range(max(1, math.ceil((east - west) / _CELL_M))):
        for row in range(max(1, math.ceil((north - south) / _CELL_M))):
            x, y = west + column * _CELL_M, south + row * _CELL_M
            part = area.intersection(box(x, y, x + _CELL_M, y + _CELL_M))
            yield from (each for each in shapely.get_parts(part) if each.area > 0)


_BURIED = (
    "t.utility, {kind} AS kind, {line}, t.cover_m, t.cover_source, t.horizontal_uncertainty_m, "
    "t.vertical_uncertainty_m, t.quality_level, t.status, t.surveyed_on"
)
_NO_LINE = (
    "NULL::text AS class_code, NULL::float8 AS pressure_bar, NULL::float8 AS voltage_kv, "
    "NULL::float8 AS diameter_mm, NULL::text AS material, NULL::int AS installed_year"
)
_LINE = "t.class_code, t.pressure_bar, t.voltage_kv, t.diameter_mm, t.material, t.installed_year"
_GROUND = (
    "NULL::text AS utility, {kind} AS kind, " + _NO_LINE + ", NULL::float8 AS cover_m, "
    "NULL::text AS cover_source, NULL::float8 AS horizontal_uncertainty_m, "
    "NULL::float8 AS vertical_uncertainty_m, NULL::text AS quality_level, NULL::text AS status, "
    "NULL::date AS surveyed_on"
)
_COLUMNS: Final[Mapping[Target, str]] = {
    Target.BUILDING: _GROUND.format(kind="t.use"),
    Target.STREET: _GROUND.format(kind="t.street_class"),
    Target.ADDRESS: _GROUND.format(kind="NULL::text"),
    Target.TREE: _GROUND.format(kind="t.species"),
    Target.NETWORK_LINE: _BURIED.format(kind="t.role", line=_LINE),
    Target.NETWORK_NODE: _BURIED.format(kind="t.kind", line=_NO_LINE),
    Target.NETWORK_DEVICE: _BURIED.format(kind="t.kind", line=_NO_LINE),
}
_AREA, _FROM = "ST_GeomFromWKB(:area, :srid)", "ST_GeomFromWKB(:from, :srid)"
# ST_Intersects prepares the area once; && is said besides, because under row-level security only it may use an index.
_INSIDE = (
    "t.city_id = :city_id AND t.retired_by IS NULL AND t.layer_id = ANY(:layer_ids) "
    f"AND t.geom && {_AREA} AND ST_Intersects(t.geom, {_AREA})"
)


def _statement(targets: Iterable[Target]) -> TextClause:
    branches = " UNION ALL ".join(
        f"SELECT '{target}' AS target, t.layer_id, t.feature_id, t.owner_agency, "
        f"ST_Distance(t.geom, {_FROM}) AS distance_m, {_COLUMNS[target]}, t.published_by AS delivery_id, t.geom "
        f"FROM layers.{target} t WHERE {_INSIDE}"
        for target in sorted(set(targets))
    )
    return text(
        f"WITH found AS MATERIALIZED ({branches}), near AS ("
        "SELECT * FROM found ORDER BY distance_m, layer_id, feature_id LIMIT :most), counts AS ("
        "SELECT layer_id, count(*) AS features, min(distance_m) AS nearest_m, min(surveyed_on) AS surveyed_from, "
        "max(surveyed_on) AS surveyed_to FROM found GROUP BY layer_id) "
        "SELECT near.target, c.layer_id, feature_id, owner_agency, distance_m, utility, kind, class_code, "
        "pressure_bar, voltage_kv, diameter_mm, material, cover_m, cover_source, horizontal_uncertainty_m, "
        "vertical_uncertainty_m, quality_level, status, surveyed_on, installed_year, delivery_id, "
        "ST_AsBinary(geom) AS geom, c.features, c.nearest_m, c.surveyed_from, c.surveyed_to "
        "FROM counts c LEFT JOIN near ON near.layer_id = c.layer_id ORDER BY distance_m, c.layer_id, feature_id"
    )


# The last columns of the statement: those of Count.
_COUNTED: Final = 4


def looked(desk: Desk, specs: Iterable[LayerSpec], area: BaseGeometry, from_m: BaseGeometry) -> Looked:
    """What these layers hold in the area, with distances from `from_m` (m); the look is written down.

    A large area is looked at in pieces, each of which the door allows and counts. Raises AccessRefused where it
    stays shut although the policy allows the layer (the day's budget is spent).
    """
    wanted = list(specs)
    withheld = {spec.layer_id: spec for spec in wanted if not desk.sees(spec.sensitivity, spec.owner)}
    free = [spec for spec in wanted if spec.layer_id not in withheld]
    features, counts = _open(desk, [s for s in free if s.sensitivity != Sensitivity.SENSITIVE], area, from_m)
    guarded = [spec.layer_id for spec in free if spec.sensitivity == Sensitivity.SENSITIVE]
    behind: dict[tuple[str, str], NearFeature] = {}
    for piece in pieces(area) if guarded else ():
        for each in query.near(desk.reader, desk.city.city_id, guarded, piece, 0.0):
            behind.setdefault((each.layer_id, each.feature_id), each)
    more = _apart(list(behind.values()), from_m)
    counts |= _counted(more)
    nearest = sorted(features + more, key=lambda each: (each.distance_m, each.layer_id, each.feature_id))
    return Looked(nearest[:MOST_HERE], counts, withheld)


def _open(
    desk: Desk, specs: Sequence[LayerSpec], area: BaseGeometry, from_m: BaseGeometry
) -> tuple[list[NearFeature], dict[str, Count]]:
    if not specs:
        return [], {}
    values = {
        "city_id": desk.city.city_id,
        "layer_ids": [spec.layer_id for spec in specs],
        "area": shapely.to_wkb(area),
        "from": shapely.to_wkb(from_m),
        "srid": desk.city.srid,
        "most": MOST_HERE,
    }
    rows = desk.reader.execute(_statement(spec.target for spec in specs), values).all()
    counts = {row.layer_id: row[-_COUNTED:] for row in rows}
    there = [row for row in rows if row.feature_id is not None]
    shapes = shapely.from_wkb([bytes(row.geom) for row in there])
    # the statement names the fields in the order of NearFeature, the shape last
    features = [
        NearFeature(*[*row[: -_COUNTED - 1], shape]) for row, shape in zip(there, shapes, strict=True)
    ]
    return features, {layer: Count(*count) for layer, count in counts.items()}


def _apart(found: Sequence[NearFeature], from_m: BaseGeometry) -> list[NearFeature]:
    """Features with their distance from `from_m`."""
    shapes = np.array([each.geom for each in found], dtype=object)
    apart = shapely.distance(shapes, from_m).tolist() if len(shapes) else []
    return [replace(each, distance_m=far) for each, far in zip(found, apart, strict=True)]


def _counted(found: Sequence[NearFeature]) -> dict[str, Count]:
    made = {}
    for layer_id in {each.layer_id for each in found}:
        ours = [each for each in found if each.layer_id == layer_id]
        days = sorted(each.surveyed_on for each in ours if each.surveyed_on)
        nearest = min(each.distance_m for each in ours)
        made[layer_id] = Count(len(ours), nearest, days[0] if days else None, days[-1] if days else None)
    return made


def features_json(desk: Desk, found: Sequence[NearFeature]) -> list[Json]:
    """Features as GeoJSON, with owner and distance."""
    return [
        {
            "type": "Feature",
            "id": f"{each.layer_id}/{each.feature_id}",
            "geometry": geometry,
            "properties": _said(each),
        }
        for each, geometry in zip(found, desk.shapes([each.geom for each in found]), strict=True)
    ]


_SAID: Final = (
    "layer_id", "feature_id", "target", "utility", "kind", "class_code", "pressure_bar", "voltage_kv", "diameter_mm",
    "material", "cover_m", "horizontal_uncertainty_m", "quality_level", "status",
)  # fmt: skip


def _said(each: NearFeature) -> Json:
    made: dict[str, Any] = {name: getattr(each, name) for name in _SAID}
    return made | {
        "owner": each.owner_agency,
        "distance_m": round(each.distance_m, 2),
        "surveyed_on": each.surveyed_on.isoformat() if each.surveyed_on else None,
    }
