"""What may be within so many metres of a shape: each network feature is looked for as far as it itself may lie off.

A line's stored reach (`reach_m`: half its width and how well its place is known) is part of its index, so that one
badly known line does not make everybody look as far around as for it. One prepared statement with one plan for
all shapes: planning costs more than looking, and so does nearly everything else that is said besides the shape.
"""

from __future__ import annotations

# ruff: noqa: S608 - names spliced into SQL come from the catalogue or a checked city id, never from data
import math
from collections.abc import Collection
from dataclasses import fields
from operator import itemgetter
from typing import Any, Final
from weakref import WeakKeyDictionary

import shapely
from shapely.geometry.base import BaseGeometry
from sqlalchemy import Engine

from layers import access, query
from layers.catalog import NETWORK_TARGETS, Target
from layers.reads import Reader, Statement, connection_of, execute_prepared
from layers.records import NearFeature

# Sub-selects are made once per statement, not once per row. And what they give is not known to the planner either,
# so that a plan for any value costs it no more than one for this value: it keeps the first.
_MARGIN: Final = "CAST(%(margin)s AS float8)"
# No stored reach is longer.
_MOST_M: Final = 25.0
# Of a feature whose uncertainty is not known.
_UNKNOWN_M: Final = 2.0
_REACHING: Final = NETWORK_TARGETS | {Target.TREE}
_FIELDS: Final = ", ".join(field.name for field in fields(NearFeature) if field.name != "geom")
_LAYER: Final = [field.name for field in fields(NearFeature)].index("layer_id")
_NEAREST_FIRST: Final = itemgetter(2, 0, 1)
_CLOSED: Final = "closed"


def _branch(city_id: str, target: Target, shape: str, columns: str, shown: str) -> str:
    # OFFSET keeps the two apart, so that each distance is measured once.
    return (
        f"SELECT {shown} FROM (SELECT t.layer_id, t.feature_id, {columns}t.reach_m, "
        f"ST_Distance(t.geom, (SELECT {shape})) AS distance_m FROM layers.{target} t WHERE t.city_id = '{city_id}' "
        f"AND t.retired_by IS NULL AND t.reach_box && (SELECT ST_Expand({shape}, {_MARGIN})) "
        f"OFFSET 0) AS q WHERE distance_m <= {_MARGIN} + reach_m"
    )


def _made(city_id: str, srid: int, targets: Collection[Target], *, is_brief: bool) -> Statement:
    """The statement for all layers of these kinds. All but shape and margin stands in it: each value told costs.

    Which layers are meant is not asked there: comparing five names takes longer than the few rows that it saves.
    """
    shape = f"ST_SetSRID(CAST(%(shape)s AS geometry), {srid})"
    made = []
    for target in sorted(targets):
        if is_brief:
            columns, shown = "", "layer_id, feature_id, distance_m"
        else:
            columns = (
                f"'{target}'::text AS target, t.owner_agency, {query.COLUMNS[target]}, "
                "t.published_by AS delivery_id, t.geom, "
            )
            shown = f"{_FIELDS}, ST_AsBinary(geom)"
        made.append(_branch(city_id, target, shape, columns, shown))
    if not is_brief:
        # What the application's role cannot see is told in the same round trip.
        others = ", NULL" * (len(fields(NearFeature)) - _LAYER - 1)
        kinds = ", ".join(f"'{target}'" for target in sorted(targets))
        made.append(
            f"SELECT '{_CLOSED}', l.layer_id{others} FROM layers.layer l WHERE l.city_id = '{city_id}' "
            f"AND l.target IN ({kinds}) AND NOT {access.OPEN}"
        )
    return Statement(" UNION ALL ".join(made), dict.fromkeys(("shape", "margin")))


# By city, layers and kind, as a city's CRS and a layer's table never change; per engine, because tests use many
# databases.
_Key = tuple[str, tuple[str, ...], bool]
_statements: WeakKeyDictionary[Engine, dict[_Key, Statement]] = WeakKeyDictionary()


def statement_for(
    reader: Reader, city_id: str, layer_ids: Collection[str], *, is_brief: bool
) -> Statement | None:
    """Return what is executed to find these layers, and others beside them; None where the city has none of them.

    ValueError for a layer that is neither a network's nor of trees.
    """
    connection = connection_of(reader)
    known = _statements.setdefault(connection.engine, {})
    key = city_id, tuple(layer_ids), is_brief
    if key in known:
        return known[key]
    tables = query.targets(reader, city_id, layer_ids)
    if others := sorted(set(tables.values()) - _REACHING):
        raise ValueError(f"no reach is stored of {', '.join(others)}")
    if not tables:
        return None
    made = _made(city_id, query.srid(reader, city_id), set(tables.values()), is_brief=is_brief)
    if len(tables) == len(set(layer_ids)):
        known[key] = made
    return made


def _rows(
    reader: Reader, statement: Statement, shape_m: BaseGeometry, margin_m: float
) -> list[tuple[Any, ...]]:
    connection = connection_of(reader)
    values = {"shape": shapely.to_wkb(shape_m, hex=True, output_dimension=2), "margin": float(margin_m)}
    return execute_prepared(connection, statement, values)


def within_reach(
    reader: Reader, city_id: str, layer_ids: Collection[str], shape_m: BaseGeometry, margin_m: float
) -> list[NearFeature]:
    """Return the live network features and trees that may lie within `margin_m` of a shape, nearest first.

    `shape_m` is in the city's CRS. A feature is found when the distance of its axis is at most `margin_m` and its
    own reach. As the application's role, sensitive layers are asked for through the door, as by `query.near`; raises
    AccessRefused where it stays shut. ValueError for a layer that is neither a network's nor of trees.
    """
    statement = statement_for(reader, city_id, layer_ids, is_brief=False)
    if statement is None:
        return []
    rows = _rows(reader, statement, shape_m, margin_m)
    closed = {row[_LAYER] for row in rows if row[0] == _CLOSED}.intersection(layer_ids)
    found = _features([row for row in rows if row[0] != _CLOSED and row[_LAYER] in layer_ids])
    if closed and access.is_app(reader):
        widely = query.near(reader, city_id, sorted(closed), shape_m, margin_m + _MOST_M)
        found += [each for each in widely if each.distance_m <= margin_m + _reach_m(each)]
    return sorted(found, key=lambda each: (each.distance_m, each.layer_id, each.feature_id))


def _features(rows: list[tuple[Any, ...]]) -> list[NearFeature]:
    shapes: Any = shapely.from_wkb([bytes(row[-1]) for row in rows])
    values = [[*row[:-1], shape] for row, shape in zip(rows, shapes, strict=True)]
    return [NearFeature(*each) for each in values]


def _reach_m(feature: NearFeature) -> float:
    """The stored reach, made again of what the door shows."""
    unsure_m = feature.horizontal_uncertainty_m or 0.0
    known_m = unsure_m if 0.0 < unsure_m < math.inf else _UNKNOWN_M
    return min(known_m + max(feature.diameter_mm or 0.0, 0.0) / 2000.0, _MOST_M)


def ids_within_reach(
    reader: Reader, city_id: str, layer_ids: Collection[str], shape_m: BaseGeometry, margin_m: float
) -> list[tuple[str, str, float]]:
    """Return layer, id and distance (m) of what `within_reach` finds in layers that are not sensitive."""
    statement = statement_for(reader, city_id, layer_ids, is_brief=True)
    if statement is None:
        return []
    rows = [row for row in _rows(reader, statement, shape_m, margin_m) if row[0] in layer_ids]
    return sorted(rows, key=_NEAREST_FIRST)
