"""The demo city as filters are asked of it, with brute force in Python as the reference.

The standard's own data set is not ours to ship; each of its situations is asked of the demo city's pipes and
buildings, and the expected answer is counted in Python.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import shapely
from pyproj import Transformer
from sqlalchemy import Engine, text

from layers import features
from layers.cql2 import Expr
from layers.references import CRS84, Reference, Space
from layers.selection import Page, Selection, View, source_of
from tests.layers.conftest import Town
from tests.layers.cql2.reference import holds

LAYERS = ("water_lines", "buildings")


@dataclass(frozen=True, slots=True)
class Subject:
    """The demo city with some survey days and names put in, on an engine of its own."""

    town: Town
    reads: Engine


def rows_of(subject: Subject, layer_id: str, space: Space) -> list[dict[str, Any]]:
    return _cached_rows(
        subject.reads, subject.town.city.srid, str(subject.town.city.layer(layer_id).target), layer_id, space
    )


@lru_cache(maxsize=16)
def _cached_rows(engine: Engine, srid: int, target: str, layer_id: str, space: Space) -> list[dict[str, Any]]:
    with engine.connect() as connection:
        rows = [
            dict(row)
            for row in connection.execute(
                text(
                    "SELECT t.feature_id AS id, t.*, ST_AsBinary(geom) AS wkb "
                    f"FROM layers.{target} t WHERE layer_id = :layer AND retired_by IS NULL"
                ),
                {"layer": layer_id},
            ).mappings()
        ]
    shapes = shapely.from_wkb([bytes(row["wkb"]) for row in rows])
    if space is not Space.CITY:
        code = 4326 if space is Space.LONLAT else 3857
        move = Transformer.from_crs(srid, code, always_xy=True).transform
        shapes = shapely.transform(
            shapes, lambda points: shapely.get_coordinates(shapely.points(*move(*points.T)))
        )
    for row, shape in zip(rows, shapes, strict=True):
        row["geometry"] = shape
    return rows


def answered(subject: Subject, tree: Expr, layer_id: str, reference: Reference = CRS84) -> set[str]:
    """The ids that the database gives."""
    source = source_of(subject.town.city, layer_id)
    chosen = Selection(source, filter=tree, filter_reference=reference)
    answer = features.items(subject.reads, chosen, View(properties=()), Page(10_000))
    return {each["id"] for each in json.loads(f"[{answer.features}]")}


def expected(subject: Subject, tree: Expr, layer_id: str, reference: Reference = CRS84) -> set[str]:
    """The ids that Python counts."""
    return {row["id"] for row in rows_of(subject, layer_id, reference.space) if holds(tree, row) is True}
