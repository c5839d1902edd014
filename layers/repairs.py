"""What the checks changed in a delivery's shapes: told one by one, and taken back one by one.

A repair is taken back as a delivery of its own: the feature gets the shape that was delivered. Where that shape
can stand in no layer (it was refused but for the repair), the feature is taken out. All else stays, nothing is
erased, and the roll-back of that delivery brings the repair back.
"""

from __future__ import annotations

# ruff: noqa: S608 - names spliced into SQL come from the catalogue, never from data
from collections.abc import Collection
from dataclasses import dataclass, replace
from datetime import date
from typing import Any, Final

import shapely
from shapely.geometry.base import BaseGeometry
from sqlalchemy import Connection, Engine, func, select, text

from layers.catalog import LayerSpec, geometry_types
from layers.city import City
from layers.deliveries import one
from layers.delivery_errors import RepairNotShown
from layers.register import IS_OPEN, current_delivery, delivered_columns, open_delivery
from layers.report import Diff, Outcome
from layers.tables import SCHEMA, DeliveryRow

UNDO: Final = "undo-repairs"
"""How `delivery.decision` names such a delivery."""
MOST_LISTED: Final = 1_000


@dataclass(frozen=True, slots=True)
class RepairedFeature:
    """One repaired feature: what was done (`codes`), the shape as delivered and the one that was published.

    `is_shown`: the layer still shows the repaired shape. `back`: what taking the repair back would do, `delivered`
    (the shape as delivered) or `removed`. Shapes in the city's CRS, as delivered before any correction by movement.
    """

    feature_id: str
    codes: tuple[str, ...]
    params: dict[str, Any]
    before_m: BaseGeometry
    after_m: BaseGeometry | None
    is_shown: bool
    back: str


# A feature's first entry holds it as delivered: later ones of the same feature were made upon the first.
_FOUND = """
    SELECT r.feature_id, array_agg(r.code ORDER BY r.repair_id) AS codes,
        (array_agg(r.params ORDER BY r.repair_id))[1] AS params,
        ST_AsBinary((array_agg(r.before ORDER BY r.repair_id))[1]) AS before,
        ST_AsBinary(t.geom) AS after, t.row_id IS NOT NULL AND t.retired_by IS NULL AS is_shown,
        {fits} AS fits
    FROM layers.repair r
    LEFT JOIN layers.{target} t ON t.city_id = :city_id AND t.layer_id = :layer_id
        AND t.feature_id = r.feature_id AND t.published_by = :delivery_id
    WHERE r.delivery_id = :delivery_id AND (:names IS NULL OR r.feature_id = ANY(:names))
    GROUP BY r.feature_id, t.row_id, t.geom, t.retired_by
    ORDER BY min(r.repair_id) LIMIT :limit"""
_FITS: Final = (
    "ST_IsValid((array_agg(r.before ORDER BY r.repair_id))[1]) AND "
    "NOT ST_IsEmpty((array_agg(r.before ORDER BY r.repair_id))[1]) AND "
    "ST_GeometryType((array_agg(r.before ORDER BY r.repair_id))[1]) = ANY(:kinds)"
)


def repairs(
    connection: Connection,
    city: City,
    spec: LayerSpec,
    delivery_id: int,
    names: Collection[str] | None = None,
    limit: int = MOST_LISTED,
) -> list[RepairedFeature]:
    """Return what a delivery's checks changed, feature by feature in file order; DeliveryNotFound."""
    one(connection, city.city_id, spec.layer_id, delivery_id)
    rows = connection.execute(
        text(_FOUND.format(target=spec.target, fits=_FITS)),
        {
            "city_id": city.city_id,
            "layer_id": spec.layer_id,
            "delivery_id": delivery_id,
            "names": None if names is None else sorted(names),
            "kinds": [f"ST_{kind}" for kind in sorted(geometry_types(spec.target))],
            "limit": limit,
        },
    )
    return [
        RepairedFeature(
            row.feature_id,
            tuple(row.codes),
            row.params,
            shapely.from_wkb(bytes(row.before)),
            None if row.after is None else shapely.from_wkb(bytes(row.after)),
            bool(row.is_shown),
            "delivered" if row.fits else "removed",
        )
        for row in rows
    ]


def undo(
    engine: Engine,
    city: City,
    layer_id: str,
    delivery_id: int,
    names: Collection[str] | None = None,
    *,
    by: str,
    note: str | None = None,
) -> int:
    """Take back the repairs of the features `names` (None: of all that are shown); return the new delivery's number.

    Raises DeliveryNotFound, and RepairNotShown where one of them is no repaired feature that the layer shows as
    this delivery made it.
    """
    # Readers and checks are loaded by the first that is taken back.
    from layers import network_kept
    from layers.ingest import close_with, unread

    spec = city.layer(layer_id)
    with engine.begin() as connection:
        current = current_delivery(connection, city.city_id, layer_id, lock=True)
        origin = one(connection, city.city_id, layer_id, delivery_id)
        found = repairs(connection, city, spec, delivery_id, names, limit=2**31 - 1)
        shown = [each for each in found if each.is_shown]
        missing = sorted(set(names or ()) - {each.feature_id for each in shown})
        if missing or not shown or current is None:
            raise RepairNotShown(delivery=delivery_id, features=missing)
        said = {
            "choice": UNDO,
            "by": by,
            "note": note,
            "at": str(connection.execute(select(func.clock_timestamp())).scalar_one().isoformat()),
            "delivery": delivery_id,
            "features": [each.feature_id for each in shown],
        }
        made = open_delivery(connection, _values(origin, current, said, by))
        diff = _taken_back(connection, city, spec, (origin, made), shown)
        report = unread(city, spec, origin, Outcome.PUBLISHED, diff, made)
        close_with(connection, replace(report, content_hash=None))  # no file has this content
    network_kept.keep(engine, city, [layer_id], stale_only=True)
    return made


def _values(origin: DeliveryRow, current: DeliveryRow, said: dict[str, Any], by: str) -> dict[str, Any]:
    from layers.preparing import content_hash

    what = f"{current.content_hash} {UNDO} {said['delivery']} {said['features']}"
    return {
        "city_id": origin.city_id,
        "layer_id": origin.layer_id,
        "content_hash": content_hash(what, current.as_of or date.min),
        "as_of": current.as_of,
        "source_name": origin.source_name,
        "source_crs": origin.source_crs,
        "source_operation": origin.source_operation,
        "file_name": origin.file_name,
        "previous_id": current.delivery_id,
        "incremental": True,
        "submitted_by": by,
        "decision": said,
    }


def _taken_back(
    connection: Connection,
    city: City,
    spec: LayerSpec,
    deliveries: tuple[DeliveryRow, int],
    shown: list[RepairedFeature],
) -> Diff:
    """Retire the repaired rows and bring back those that fit, as delivered and as the delivery was moved."""
    origin, made = deliveries
    table = f"{SCHEMA}.{spec.target}"
    restored = [each for each in shown if each.back == "delivered"]
    values: dict[str, Any] = {
        "city_id": city.city_id, "layer_id": spec.layer_id, "made": made, "origin": origin.delivery_id,
        "all": [each.feature_id for each in shown], "names": [each.feature_id for each in restored],
        "shapes": [shapely.to_wkb(_moved(each.before_m, origin)) for each in restored], "srid": city.srid,
    }  # fmt: skip
    scope = "t.city_id = :city_id AND t.layer_id = :layer_id AND t.retired_by IS NULL"
    connection.execute(
        text(
            f"UPDATE {table} t SET retired_by = :made WHERE {scope} AND t.published_by = :origin "
            "AND t.feature_id = ANY(:all)"
        ),
        values,
    )
    columns = delivered_columns(spec.target)
    ours = ", ".join("ST_GeomFromWKB(s.shape, :srid)" if name == "geom" else f"t.{name}" for name in columns)
    connection.execute(
        text(
            f"INSERT INTO {table} ({', '.join(columns)}, published_by, is_open) "
            f"SELECT {ours}, :made, {IS_OPEN} FROM {table} t "
            "JOIN unnest(CAST(:names AS text[]), CAST(:shapes AS bytea[])) AS s(name, shape) ON s.name = t.feature_id "
            "WHERE t.city_id = :city_id AND t.layer_id = :layer_id AND t.retired_by = :made"
        ),
        values,
    )
    live = connection.execute(text(f"SELECT count(*) FROM {table} t WHERE {scope}"), values).scalar_one()
    changed = len(restored)
    return Diff(changed=changed, removed=len(shown) - changed, same=live - changed)


def _moved(shape: BaseGeometry, origin: DeliveryRow) -> BaseGeometry:
    """The shape as it was delivered, moved as the whole delivery was corrected, if it was."""
    if origin.correction is None:
        return shape
    from layers.agreement_report import correction_from_dict

    movement = correction_from_dict(origin.correction)
    moved: BaseGeometry = shapely.transform(shape, movement.apply)
    return moved
