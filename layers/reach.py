"""What may be within so many metres of a shape: each network feature is looked for as far as it itself may lie off.

A line's stored reach (`reach_m`: half its width and how well its place is known) is part of its index, so that one
badly known line does not make everybody look as far around as for it. One prepared statement with one plan for
all shapes: planning costs more than looking.
"""

from __future__ import annotations

# ruff: noqa: S608 - names spliced into SQL come from the catalogue or a checked city id, never from data
import math
from collections.abc import Collection
from dataclasses import fields
from functools import lru_cache
from typing import Any, Final

import shapely
from shapely.geometry.base import BaseGeometry
from sqlalchemy.orm import Session

from layers import access, query
from layers.catalog import NETWORK_TARGETS, Target
from layers.query import Reader
from layers.reads import Statement, execute_prepared
from layers.records import NearFeature

# As a sub-select it is made once per statement, not once per row.
_SHAPE: Final = "(SELECT ST_GeomFromWKB(%(shape)s, %(srid)s))"
_MARGIN: Final = "CAST(%(margin)s AS float8)"
# No stored reach is longer.
_MOST_M: Final = 25.0
# Of a feature whose uncertainty is not known.
_UNKNOWN_M: Final = 2.0
_FIELDS: Final = ", ".join(field.name for field in fields(NearFeature) if field.name != "geom")


def _branch(city_id: str, target: Target, columns: str, shown: str) -> str:
    # OFFSET keeps the two apart, so that each distance is measured once.
    return (
        f"SELECT {shown} FROM (SELECT t.layer_id, t.feature_id, {columns}t.reach_m, "
        f"ST_Distance(t.geom, {_SHAPE}) AS distance_m FROM layers.{target} t WHERE t.city_id = '{city_id}' "
        f"AND t.retired_by IS NULL AND t.layer_id = ANY(%(layer_ids)s) "
        f"AND t.reach_box && ST_Expand({_SHAPE}, {_MARGIN}) "
        f"OFFSET 0) AS q WHERE distance_m <= {_MARGIN} + reach_m"
    )


@lru_cache(maxsize=256)
def _statement(city_id: str, targets: tuple[Target, ...], *, is_brief: bool) -> Statement:
    made = []
    for target in targets:
        if is_brief:
            made.append(_branch(city_id, target, "", "layer_id, feature_id, distance_m"))
        else:
            columns = (
                f"'{target}'::text AS target, t.owner_agency, {query.COLUMNS[target]}, "
                "t.published_by AS delivery_id, t.geom, "
            )
            made.append(_branch(city_id, target, columns, f"{_FIELDS}, ST_AsBinary(geom)"))
    sql = " UNION ALL ".join(made) + " ORDER BY distance_m, layer_id, feature_id"
    return Statement(sql, dict.fromkeys(("shape", "srid", "layer_ids", "margin")))


def _rows(
    reader: Reader,
    city_id: str,
    opened: dict[str, Target],
    asked: tuple[BaseGeometry, float],
    *,
    is_brief: bool,
) -> list[tuple[Any, ...]]:
    shape_m, margin_m = asked
    values = {
        "shape": shapely.to_wkb(shapely.force_2d(shape_m)),
        "srid": query.srid(reader, city_id),
        "layer_ids": sorted(opened),
        "margin": margin_m,
    }
    connection = reader.connection() if isinstance(reader, Session) else reader
    statement = _statement(city_id, tuple(sorted(set(opened.values()))), is_brief=is_brief)
    return execute_prepared(connection, statement, values, is_generic=True)


def _networks(reader: Reader, city_id: str, layer_ids: Collection[str]) -> dict[str, Target]:
    known = query.targets(reader, city_id, layer_ids)
    if others := sorted(set(known.values()) - NETWORK_TARGETS):
        raise ValueError(f"no reach is stored of {', '.join(others)}")
    return known


def within_reach(
    reader: Reader, city_id: str, layer_ids: Collection[str], shape_m: BaseGeometry, margin_m: float
) -> list[NearFeature]:
    """Return the live network features that may lie within `margin_m` of a shape, nearest first.

    `shape_m` is in the city's CRS. A feature is found when the distance of its axis is at most `margin_m` and its
    own reach. As the application's role, sensitive layers are asked for through the door, as by `query.near`; raises
    AccessRefused where it stays shut. ValueError for a layer that is not a network's.
    """
    tables = _networks(reader, city_id, layer_ids)
    closed = access.behind_the_door(reader, city_id, tables)
    found: list[NearFeature] = []
    if closed:
        widely = query.near(reader, city_id, sorted(closed), shape_m, margin_m + _MOST_M)
        found = [each for each in widely if each.distance_m <= margin_m + _reach_m(each)]
    opened = {layer_id: target for layer_id, target in tables.items() if layer_id not in closed}
    if opened:
        rows = _rows(reader, city_id, opened, (shape_m, margin_m), is_brief=False)
        found += [_feature(row) for row in rows]
    return (
        sorted(found, key=lambda each: (each.distance_m, each.layer_id, each.feature_id)) if closed else found
    )


def _feature(row: tuple[Any, ...]) -> NearFeature:
    values = [*row[:-1], shapely.from_wkb(bytes(row[-1]))]
    return NearFeature(*values)


def _reach_m(feature: NearFeature) -> float:
    """The stored reach, made again of what the door shows."""
    unsure_m = feature.horizontal_uncertainty_m or 0.0
    known_m = unsure_m if 0.0 < unsure_m < math.inf else _UNKNOWN_M
    return min(known_m + max(feature.diameter_mm or 0.0, 0.0) / 2000.0, _MOST_M)


def ids_within_reach(
    reader: Reader, city_id: str, layer_ids: Collection[str], shape_m: BaseGeometry, margin_m: float
) -> list[tuple[str, str, float]]:
    """Return layer, id and distance (m) of what `within_reach` finds in layers that are not sensitive."""
    opened = _networks(reader, city_id, layer_ids)
    if not opened:
        return []
    rows = _rows(reader, city_id, opened, (shape_m, margin_m), is_brief=True)
    return [(row[0], row[1], row[2]) for row in rows]
