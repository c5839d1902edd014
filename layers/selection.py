"""What is asked of a layer: which features, what of them, in which CRS and which part of the answer. Values only."""

from __future__ import annotations

import struct
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from functools import lru_cache
from typing import Any

import shapely
from shapely.geometry.base import BaseGeometry
from sqlalchemy import ColumnElement, Date, Float, FromClause, Integer

from layers.catalog import Target
from layers.city import City
from layers.cql2 import Expr
from layers.cql2_sql import Field, Kind
from layers.references import CRS84, Reference, Space
from layers.tables import TABLES

ID = "id"
_HIDDEN = frozenset(
    {
        "row_id", "city_id", "layer_id", "feature_id", "source_crs", "source_operation", "attributes", "geom",
        "geom_3857", "geojson", "plain_zooms", "reach_m", "reach_box", "published_by", "retired_by", "is_open",
    }
)  # fmt: skip
# The day a feature was seen on the ground; what `datetime` asks about.
TEMPORAL = "surveyed_on"


def _kind(column: ColumnElement[Any]) -> Kind:
    match column.type:
        case Integer():
            return Kind.INTEGER
        case Float():
            return Kind.NUMBER
        case Date():
            return Kind.DATE
        case _:
            return Kind.TEXT


@lru_cache(maxsize=len(Target))
def table(target: Target) -> FromClause:
    """Return the table of a kind of layer, under the name that all statements here use."""
    return TABLES[target].__table__.alias("t")


@lru_cache(maxsize=len(Target))
def fields(target: Target) -> Mapping[str, Field]:
    """Return what a feature of `target` says, by name: the properties on offer and nothing else."""
    columns = table(target).c
    return {
        column.name: Field(column.name, _kind(column), column)
        for column in columns
        if column.name not in _HIDDEN
    }


@lru_cache(maxsize=len(Target))
def queryables(target: Target) -> Mapping[str, Field]:
    """Return what a filter may name: the properties and `id`."""
    return {ID: Field(ID, Kind.TEXT, table(target).c.feature_id), **fields(target)}


def is_temporal(target: Target) -> bool:
    """Say whether the layer's features have a day of their own."""
    return TEMPORAL in fields(target)


@dataclass(frozen=True, slots=True)
class Source:
    """One stored layer."""

    city_id: str
    srid: int
    layer_id: str
    target: Target


# WKB of a polygon with one ring of five points: byte order, type, rings, points, coordinates.
_RECTANGLE = struct.Struct("<BIII10d")


# Within a box no larger than this (m) one looks by the index of shapes, whatever else is asked.
_SMALL_M = 3_000.0
# What the index takes for a shape's box may be larger than it by the precision of its numbers: 2 m at the map's edge.
_MARGIN_M = 4.0


@dataclass(frozen=True, slots=True)
class Box:
    """A rectangle asked for, as the WKB of a shape in the city's CRS or in Web Mercator (`space`).

    A small one has an `inner` rectangle: a shape whose box in the index lies in there needs no closer look.
    """

    wkb: bytes
    space: Space
    inner: bytes | None = None

    @classmethod
    def of(cls, shape: BaseGeometry, space: Space) -> Box:
        """Return the box that a shape in that space makes."""
        return cls(shapely.to_wkb(shape), space)

    @classmethod
    def between(cls, west: float, south: float, east: float, north: float, space: Space) -> Box:
        """Return an ordinary rectangle; west < east, south < north."""
        wide, high = east - west, north - south
        is_small = max(wide, high) <= _SMALL_M and min(wide, high) > 2 * _MARGIN_M
        inner = (west + _MARGIN_M, south + _MARGIN_M, east - _MARGIN_M, north - _MARGIN_M)
        return cls(_rectangle(west, south, east, north), space, _rectangle(*inner) if is_small else None)

    @property
    def shape(self) -> Box:
        """The box without its place."""
        return Box(b"", self.space, None if self.inner is None else b"")


def _rectangle(west: float, south: float, east: float, north: float) -> bytes:
    ring = (west, south, east, south, east, north, west, north, west, south)
    return _RECTANGLE.pack(1, 3, 1, 5, *ring)


@dataclass(frozen=True, slots=True)
class Period:
    """From day to day, both included; None is open. Features of unknown day are always in it."""

    start: date | None
    end: date | None


@dataclass(frozen=True, slots=True)
class Selection:
    """Which features are asked for."""

    source: Source
    box: Box | None = None
    period: Period | None = None
    equals: tuple[tuple[str, str | int | float | date], ...] = ()
    filter: Expr | None = None
    filter_reference: Reference = CRS84
    as_of: datetime | None = None
    """The instant whose layer is asked for (with time zone); None: as it is shown now."""

    @property
    def bound(self) -> dict[str, Any]:
        """The values that go with the statement of this selection."""
        made: dict[str, Any] = {}
        if self.box is not None:
            made["box"] = self.box.wkb
            if self.box.inner is not None:
                made["inner"] = self.box.inner
        if self.period is not None:
            made |= {"start": self.period.start, "end": self.period.end}
        if self.as_of is not None:
            made["at"] = self.as_of
        return made

    @property
    def is_small(self) -> bool:
        """Whether only a small box is asked about, so that one plan is the best for all such boxes."""
        return self.box is not None and self.box.inner is not None and self.as_of is None

    @property
    def is_whole(self) -> bool:
        """Whether the whole layer is asked for, as it is now."""
        is_part = self.box is not None or self.period is not None or bool(self.equals)
        return not is_part and self.filter is None and self.as_of is None


@dataclass(frozen=True, slots=True)
class View:
    """How features are shown: the CRS, the properties (None: all), the order (None: by id)."""

    reference: Reference = CRS84
    properties: tuple[str, ...] | None = None
    sort: tuple[tuple[str, bool], ...] = ()


@dataclass(frozen=True, slots=True)
class Page:
    """Which part of the answer; `after` is the id of the last feature of the page before."""

    limit: int
    offset: int = 0
    after: str | None = None


def source_of(city: City, layer_id: str) -> Source:
    """Return where a layer of the city is stored; KeyError if the city has none of that id."""
    return Source(city.city_id, city.srid, layer_id, city.layer(layer_id).target)
