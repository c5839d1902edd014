"""The register: which layers a city has, what was delivered for each, and which delivery each shows.

Every function works in the caller's transaction; until it commits, no other connection sees anything. The rows
themselves are `layers.staging`'s, with all that reads and packs them; the register is asked by every server.
"""

from __future__ import annotations

# ruff: noqa: S608 - what is spliced into SQL is a constant of the code, never data
from typing import Any, Final

from sqlalchemy import Connection, func, select, text, update
from sqlalchemy.dialects.postgresql import insert

from geo.errors import PanjerehError
from layers.access import OPEN
from layers.catalog import Target
from layers.city import City
from layers.tables import SCHEMA, TABLES, DeliveryRow, LayerRow

# Kept by the database, not delivered; as are the columns that it makes from others.
_KEPT = ("row_id", "published_by", "retired_by", "is_open")
IS_OPEN: Final = f"(SELECT {OPEN} FROM layers.layer l WHERE l.city_id = :city_id AND l.layer_id = :layer_id)"
"""Whether the rows of a layer are open to the application's role, as SQL; who writes rows says it (`is_open`)."""


class LayerTargetChanged(PanjerehError):
    """A layer that has deliveries cannot become another kind of layer."""

    code = "layer-target-changed"


def delivered_columns(target: Target) -> tuple[str, ...]:
    """Return the columns of `target` that a delivery fills, in table order."""
    columns = TABLES[target].__table__.columns
    return tuple(each.name for each in columns if each.name not in _KEPT and each.computed is None)


def register(connection: Connection, city: City) -> None:
    """Make the city's partitions and its register of layers what its configuration says."""
    connection.execute(
        text(f"SELECT {SCHEMA}.add_city(:city_id, :srid)"), {"city_id": city.city_id, "srid": city.srid}
    )
    for spec in city.layers:
        said: dict[str, Any] = {
            "target": str(spec.target),
            "owner_agency": spec.owner,
            "utility": spec.utility and str(spec.utility),
            "sensitivity": str(spec.sensitivity),
            "freshness_days": spec.freshness_days,
            "min_zoom": spec.min_zoom,
        }
        statement = insert(LayerRow).values(city_id=city.city_id, layer_id=spec.layer_id, **said)
        known = connection.execute(
            statement.on_conflict_do_update(
                index_elements=["city_id", "layer_id"],
                set_={**said, "target": LayerRow.target},
            ).returning(LayerRow.target)
        ).scalar_one()
        if known != spec.target:
            raise LayerTargetChanged(
                city=city.city_id, layer=spec.layer_id, stored=known, configured=spec.target
            )


def current_delivery(
    connection: Connection, city_id: str, layer_id: str, *, lock: bool = False
) -> DeliveryRow | None:
    """Return the layer's current delivery; `lock` makes its other publishers wait until the commit."""
    statement = select(LayerRow.delivery_id).where(LayerRow.city_id == city_id, LayerRow.layer_id == layer_id)
    delivery_id = connection.execute(statement.with_for_update() if lock else statement).scalar_one_or_none()
    return delivery(connection, delivery_id)


def delivery(connection: Connection, delivery_id: int | None) -> DeliveryRow | None:
    """Return one delivery as a detached row."""
    table = DeliveryRow.__table__
    row = connection.execute(select(table).where(table.c.delivery_id == delivery_id)).mappings().one_or_none()
    return DeliveryRow(**row) if row is not None else None


def was_shown(connection: Connection, current: DeliveryRow, file_hash: str) -> bool:
    """Return whether the layer of `current` has shown this reading of a file, now or at any time before."""
    table = DeliveryRow.__table__.c
    statement = (
        select(table.delivery_id)
        .where(
            table.city_id == current.city_id,
            table.layer_id == current.layer_id,
            table.file_hash == file_hash,
            table.published_at.is_not(None),
        )
        .limit(1)
    )
    return connection.execute(statement).scalar_one_or_none() is not None


def open_delivery(connection: Connection, values: dict[str, Any], delivery_id: int | None = None) -> int:
    """Write down a delivery whose counts are not known yet, and return its id.

    `delivery_id` is that of a delivery whose receipt was written down before.
    """
    if delivery_id is not None:
        known = update(DeliveryRow).where(DeliveryRow.delivery_id == delivery_id)
        connection.execute(known.values(**values))
        return delivery_id
    waiting = {"row_count": 0, "added": 0, "changed": 0, "removed": 0, "report": {}, "state": "received"}
    statement = insert(DeliveryRow).values(**waiting, **values).returning(DeliveryRow.delivery_id)
    return connection.execute(statement).scalar_one()


def close_delivery(
    connection: Connection, city_id: str, layer_id: str, delivery_id: int, values: dict[str, Any]
) -> None:
    """Complete a delivery's row and make it the layer's current one; the caller holds the layer's lock.

    The clock is read under that lock, so a layer's deliveries are published in the order of their instants.
    """
    now = func.clock_timestamp()
    connection.execute(
        update(DeliveryRow)
        .where(DeliveryRow.delivery_id == delivery_id)
        .values(published_at=now, updated_at=now, **values)
    )
    connection.execute(
        update(LayerRow)
        .where(LayerRow.city_id == city_id, LayerRow.layer_id == layer_id)
        .values(delivery_id=delivery_id)
    )


def set_state(connection: Connection, delivery_id: int, state: str, **values: Any) -> None:
    """Write down where a delivery stands that is not shown."""
    now = func.clock_timestamp()
    connection.execute(
        update(DeliveryRow)
        .where(DeliveryRow.delivery_id == delivery_id)
        .values(state=state, updated_at=now, **values)
    )


def held_twin(connection: Connection, city_id: str, layer_id: str, content_hash: str) -> int | None:
    """Return the delivery of this content that is held already, or None."""
    statement = select(DeliveryRow.delivery_id).where(
        DeliveryRow.city_id == city_id,
        DeliveryRow.layer_id == layer_id,
        DeliveryRow.content_hash == content_hash,
        DeliveryRow.state == "held",
    )
    return connection.execute(statement.order_by(DeliveryRow.delivery_id).limit(1)).scalar_one_or_none()
