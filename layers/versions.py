"""What a layer showed at an instant, and how two of its deliveries differ.

Rows are never erased: each knows the delivery that made it live and the one that ended it, and each delivery
knows its instant.
"""

from __future__ import annotations

import math
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

import numpy as np
import shapely
from shapely.geometry.base import BaseGeometry
from sqlalchemy import Connection, select, text, true

from layers.catalog import LayerSpec
from layers.city import City
from layers.delivery_errors import DeliveryNotFound
from layers.reads import Reader
from layers.register import delivered_columns
from layers.tables import DeliveryRow, LayerRow

MOST_FEATURES: Final = 10_000
# What a delivery says of a row that is no property of the thing itself.
_NOT_COMPARED: Final = frozenset({"city_id", "layer_id", "feature_id", "source_crs", "source_operation"})

_AS_OF = """
    FROM layers.{target} t
    JOIN layers.delivery p ON p.delivery_id = t.published_by
    LEFT JOIN layers.delivery r ON r.delivery_id = t.retired_by
    WHERE t.city_id = :city_id AND t.layer_id = :layer_id
      AND p.published_at <= :at AND (r.delivery_id IS NULL OR r.published_at > :at)"""


@dataclass(frozen=True, slots=True)
class PastFeature:
    """A feature as a layer showed it; `shape_m` in the city's CRS, `properties` as stored."""

    feature_id: str
    shape_m: BaseGeometry
    properties: dict[str, Any]
    delivery_id: int


def as_of(
    reader: Reader,
    city: City,
    spec: LayerSpec,
    at: datetime,
    *,
    limit: int = MOST_FEATURES,
    after: str | None = None,
) -> list[PastFeature]:
    """Return what the layer showed at the instant `at` (with time zone), in id order, `limit` at a time.

    Before the layer's first delivery that is nothing.
    """
    if at.tzinfo is None:
        raise ValueError("an instant has a time zone")
    columns = [name for name in delivered_columns(spec.target) if name not in ("geom", "feature_id")]
    what = ", ".join(f"t.{name}" for name in columns)
    statement = text(
        f"SELECT t.feature_id, ST_AsBinary(t.geom), t.published_by, {what} "
        f"{_AS_OF.format(target=spec.target)} AND t.feature_id > :after ORDER BY t.feature_id LIMIT :limit"
    )
    values = {
        "city_id": city.city_id,
        "layer_id": spec.layer_id,
        "at": at,
        "after": after or "",
        "limit": limit,
    }
    return [
        PastFeature(row[0], shapely.from_wkb(bytes(row[1])), dict(zip(columns, row[3:], strict=True)), row[2])
        for row in reader.execute(statement, values)
    ]


def correction_of(connection: Connection, delivery_id: int) -> int | None:
    """Return the number of the delivery that was published in place of a held one, moved; None: there is none."""
    table = DeliveryRow.__table__.c
    statement = select(table.delivery_id).where(table.corrects_id == delivery_id).limit(1)
    return connection.execute(statement).scalar_one_or_none()


def newest(
    connection: Connection, city_id: str, layer_ids: Collection[str]
) -> dict[str, tuple[DeliveryRow, int | None]]:
    """Return each layer's newest delivery, without its report's issues, and the number of the one it shows.

    Layers that were never delivered are left out. One statement, one step along the index for each layer.
    """
    table = DeliveryRow.__table__
    columns = [column for column in table.c if column.name != "report"]
    layers = LayerRow.__table__.c
    last = (
        select(*columns, (table.c.report.op("-")("issues")).label("report"))
        .where(table.c.city_id == layers.city_id, table.c.layer_id == layers.layer_id)
        .order_by(table.c.delivery_id.desc())
        .limit(1)
        .correlate(LayerRow.__table__)
        .lateral("last")
    )
    statement = (
        select(layers.delivery_id.label("_shown"), last)
        .select_from(LayerRow.__table__.join(last, true()))
        .where(layers.city_id == city_id, layers.layer_id.in_(layer_ids))
    )
    made = {}
    for row in connection.execute(statement).mappings():
        values = dict(row)
        shown = values.pop("_shown")
        made[values["layer_id"]] = (DeliveryRow(**values), shown)
    return made


@dataclass(frozen=True, slots=True)
class Change:
    """How one feature differs; `moved_m` is the largest distance between the two shapes (Hausdorff)."""

    feature_id: str
    change: str
    moved_m: float | None
    fields: tuple[str, ...]
    x: float
    y: float


@dataclass(frozen=True, slots=True)
class VersionDiff:
    """How delivery `to` differs from delivery `origin`; `changes` are all of them, in id order."""

    origin: int | None
    to: int
    changes: tuple[Change, ...]

    def count(self, change: str) -> int:
        """How many features were `added`, `changed` or `removed`."""
        return sum(each.change == change for each in self.changes)

    @property
    def moved_m(self) -> list[float]:
        """The distances (m) of the features that moved."""
        return [each.moved_m for each in self.changes if each.moved_m]

    def as_dict(self, limit: int = 1000) -> dict[str, Any]:
        """The difference as JSON, with the first `limit` features."""
        moved = self.moved_m
        return {
            "from": self.origin,
            "to": self.to,
            **{change: self.count(change) for change in ("added", "changed", "removed")},
            "moved": {
                "count": len(moved),
                "median_m": round(float(np.median(moved)), 4) if moved else None,
                "max_m": round(max(moved), 4) if moved else None,
            },
            "features": [
                {
                    "feature_id": each.feature_id,
                    "change": each.change,
                    "moved_m": each.moved_m,
                    "fields": list(each.fields),
                    "x": each.x,
                    "y": each.y,
                }
                for each in self.changes[:limit]
            ],
            "not_listed": max(0, len(self.changes) - limit),
        }


def _published(reader: Reader, city: City, layer_id: str, delivery_id: int) -> Mapping[str, Any]:
    row = (
        reader.execute(
            text(
                "SELECT delivery_id, previous_id, published_at FROM layers.delivery WHERE city_id = :city_id "
                "AND layer_id = :layer_id AND delivery_id = :delivery_id AND published_at IS NOT NULL"
            ),
            {"city_id": city.city_id, "layer_id": layer_id, "delivery_id": delivery_id},
        )
        .mappings()
        .one_or_none()
    )
    if row is None:
        raise DeliveryNotFound(city=city.city_id, layer=layer_id, delivery=delivery_id)
    return dict(row)


def difference(
    reader: Reader, city: City, spec: LayerSpec, to: int, origin: int | None = None
) -> VersionDiff:
    """Return how the layer after delivery `to` differs from the layer after `origin` (default: the one before).

    Both must have been published; raises DeliveryNotFound. Only rows that changed in between are read.
    """
    last = _published(reader, city, spec.layer_id, to)
    before = origin if origin is not None else last["previous_id"]
    first = _published(reader, city, spec.layer_id, before) if before is not None else None
    values = {"city_id": city.city_id, "layer_id": spec.layer_id}
    start, end = first["published_at"] if first else None, last["published_at"]
    old = _between(reader, spec, values | {"at": start, "not_at": end}) if start is not None else {}
    new = _between(reader, spec, values | {"at": end, "not_at": start})
    ids = sorted(old.keys() | new.keys())
    changes = (_change(spec, name, old.get(name), new.get(name)) for name in ids)
    return VersionDiff(before, to, tuple(each for each in changes if each is not None))


def _between(reader: Reader, spec: LayerSpec, values: dict[str, Any]) -> dict[str, Any]:
    """Rows shown at one instant that were not the ones shown at the other."""
    columns = ", ".join(f"t.{name}" for name in delivered_columns(spec.target) if name != "geom")
    also = (
        "AND NOT (p.published_at <= CAST(:not_at AS timestamptz) "
        "AND (r.delivery_id IS NULL OR r.published_at > CAST(:not_at AS timestamptz)))"
        if values["not_at"] is not None
        else ""
    )
    statement = text(
        f"SELECT {columns}, ST_AsBinary(t.geom) AS geom {_AS_OF.format(target=spec.target)} {also}"
    )
    return {row["feature_id"]: dict(row) for row in reader.execute(statement, values).mappings()}


def _change(
    spec: LayerSpec, feature_id: str, old: dict[str, Any] | None, new: dict[str, Any] | None
) -> Change | None:
    shapes = [shapely.from_wkb(bytes(row["geom"])) if row else None for row in (old, new)]
    x, y = shapely.get_coordinates(shapes[1] or shapes[0])[0].tolist()
    place = (round(x, 3), round(y, 3))
    if old is None or new is None:
        return Change(feature_id, "added" if old is None else "removed", None, (), *place)
    moved = float(shapely.hausdorff_distance(shapes[0], shapes[1]))
    compared = [name for name in delivered_columns(spec.target) if name not in _NOT_COMPARED | {"geom"}]
    fields = tuple(name for name in compared if old[name] != new[name])
    if not fields and not moved:
        return None
    return Change(feature_id, "changed", round(moved, 4) if math.isfinite(moved) else None, fields, *place)
