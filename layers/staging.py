"""The database side of an import: COPY into a stage, compare with what is live, publish or revert.

Every function works in the caller's transaction; until it commits, no other connection sees anything.
"""

from __future__ import annotations

# ruff: noqa: S608 - names spliced into SQL come from the catalogue or a checked city id, never from data
import io
import json
from collections.abc import Iterable, Sequence
from datetime import date
from typing import Any

import numpy as np
import shapely
from sqlalchemy import Connection, delete, func, select, text, update
from sqlalchemy.dialects.postgresql import insert

from geo.errors import PanjerehError
from layers.catalog import Target
from layers.city import City
from layers.mapping import Mapped
from layers.report import Diff, Repair
from layers.tables import SCHEMA, TABLES, DeliveryRow, LayerRow, StagedRow

# Kept by the database, not delivered; as are the columns that it makes from others.
_KEPT = ("row_id", "published_by", "retired_by")
_PART_LINES = 20_000
_GONE_PART = -1
_ESCAPES = str.maketrans({"\\": "\\\\", "\n": "\\n", "\r": "\\r", "\t": "\\t"})


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


def _cell(value: Any) -> str:
    if value is None:
        return "\\N"
    if isinstance(value, str):
        return value.translate(_ESCAPES)
    return value.isoformat() if isinstance(value, date) else str(value)


def _lines(columns: Sequence[Sequence[Any]], keep: Sequence[int]) -> list[str]:
    cells = [[_cell(column[index]) for index in keep] for column in columns]
    return ["\t".join(row) + "\n" for row in zip(*cells, strict=True)]


def payload(city: City, mapped: Mapped) -> str:
    """Return the accepted rows as COPY text, one line each; the file's own order does not matter."""
    spec, size = mapped.spec, len(mapped)
    constant = {
        "city_id": city.city_id,
        "layer_id": spec.layer_id,
        "owner_agency": spec.owner,
        "source_crs": mapped.source_crs,
        "source_operation": mapped.source_operation,
    }
    keep = [index for index in range(size) if index not in mapped.refused]
    filled: dict[str, Sequence[Any]] = {key: [value] * size for key, value in constant.items()}
    filled |= mapped.columns
    filled["attributes"] = mapped.attributes
    shapes = np.full(size, None, dtype=object)
    shapes[keep] = shapely.to_wkb(
        shapely.set_srid(mapped.geometry[keep], city.srid), hex=True, include_srid=True
    )
    filled["geom"] = list(shapes)
    return "".join(sorted(_lines([filled[column] for column in delivered_columns(spec.target)], keep)))


def stage(connection: Connection, target: Target, rows: str) -> str:
    """Copy a payload into a temporary table that ends with the transaction, and return its name."""
    name = f"stage_{target}"
    columns = ", ".join(delivered_columns(target))
    connection.execute(text(f"DROP TABLE IF EXISTS pg_temp.{name}"))
    connection.execute(
        text(
            f"CREATE TEMP TABLE {name} ON COMMIT DROP AS SELECT {columns} FROM {SCHEMA}.{target} WITH NO DATA"
        )
    )
    cursor = connection.connection.cursor()
    cursor.copy_expert(f"COPY {name} ({columns}) FROM STDIN", io.StringIO(rows))
    cursor.close()
    return name


_SCOPE = "t.city_id = :city_id AND t.layer_id = :layer_id AND t.retired_by IS NULL"


def publish(
    connection: Connection,
    city_id: str,
    spec_id: tuple[str, Target],
    delivery_id: int,
    staged: str,
    gone: Sequence[str] | None = None,
) -> Diff:
    """Retire what went or changed, add what came or changed, leave the rest; return how many of each.

    `gone` None: the stage is the whole layer, and what is not in it goes. Else the stage holds what came or
    changed, and only the features named in `gone` go.
    """
    layer_id, target = spec_id
    columns = delivered_columns(target)
    table = f"{SCHEMA}.{target}"
    values: dict[str, Any] = {"city_id": city_id, "layer_id": layer_id, "delivery_id": delivery_id}
    values["gone"] = list(gone or ())
    is_gone = "t.feature_id = ANY(:gone)" if gone is not None else "TRUE"
    ours, theirs = (", ".join(f"{alias}.{column}" for column in columns) for alias in ("t", "s"))

    def run(statement: str) -> int:
        return int(connection.execute(text(statement), values).rowcount)

    removed = run(
        f"UPDATE {table} t SET retired_by = :delivery_id WHERE {_SCOPE} AND {is_gone} "
        f"AND NOT EXISTS (SELECT FROM {staged} s WHERE s.feature_id = t.feature_id)"
    )
    changed = run(
        f"UPDATE {table} t SET retired_by = :delivery_id FROM {staged} s WHERE {_SCOPE} "
        f"AND s.feature_id = t.feature_id AND ({ours}) IS DISTINCT FROM ({theirs})"
    )
    written = run(
        f"INSERT INTO {table} ({', '.join(columns)}, published_by) "
        f"SELECT {theirs}, :delivery_id FROM {staged} s WHERE NOT EXISTS "
        f"(SELECT FROM {table} t WHERE {_SCOPE} AND t.feature_id = s.feature_id)"
    )
    live = f"{table} t WHERE {_SCOPE}" if gone is not None else staged
    total = connection.execute(text(f"SELECT count(*) FROM {live}"), values).scalar_one()
    return Diff(added=written - changed, changed=changed, removed=removed, same=total - written)


def revert(
    connection: Connection, city_id: str, spec_id: tuple[str, Target], delivery_id: int, undone: int
) -> Diff:
    """Bring back, as the work of `delivery_id`, exactly the rows that were live before delivery `undone`."""
    layer_id, target = spec_id
    columns = ", ".join(delivered_columns(target))
    table = f"{SCHEMA}.{target}"
    values = {"city_id": city_id, "layer_id": layer_id, "delivery_id": delivery_id, "undone": undone}
    gone = connection.execute(
        text(
            f"UPDATE {table} t SET retired_by = :delivery_id WHERE {_SCOPE} AND t.published_by = :undone "
            "RETURNING feature_id"
        ),
        values,
    ).scalars()
    back = connection.execute(
        text(
            f"INSERT INTO {table} ({columns}, published_by) SELECT {columns}, :delivery_id FROM {table} "
            "WHERE city_id = :city_id AND layer_id = :layer_id AND retired_by = :undone RETURNING feature_id"
        ),
        values,
    ).scalars()
    went, came = set(gone), set(back)
    live = connection.execute(text(f"SELECT count(*) FROM {table} t WHERE {_SCOPE}"), values).scalar_one()
    return Diff(
        added=len(came - went), changed=len(came & went), removed=len(went - came), same=live - len(came)
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


def keep_staged(
    connection: Connection, delivery_id: int, rows: str, gone: Sequence[str] | None = None
) -> None:
    """Keep a held delivery's rows until somebody decides, in parts that a client can hold."""
    lines = rows.splitlines(keepends=True)
    size = _PART_LINES
    parts = [
        {"delivery_id": delivery_id, "part": number, "rows": "".join(lines[at : at + size])}
        for number, at in enumerate(range(0, len(lines), size))
    ]
    if gone is not None:
        parts.append({"delivery_id": delivery_id, "part": _GONE_PART, "rows": json.dumps(gone)})
    if parts:
        connection.execute(insert(StagedRow), parts)


def take_staged(connection: Connection, delivery_id: int) -> tuple[str, list[str] | None]:
    """Return a held delivery's rows, and what it takes away (None: whatever is not in it); forget them."""
    kept = connection.execute(
        select(StagedRow.part, StagedRow.rows)
        .where(StagedRow.delivery_id == delivery_id)
        .order_by(StagedRow.part)
    ).all()
    rows = "".join(each.rows for each in kept if each.part != _GONE_PART)
    gone = [json.loads(each.rows) for each in kept if each.part == _GONE_PART]
    connection.execute(delete(StagedRow).where(StagedRow.delivery_id == delivery_id))
    return rows, gone[0] if gone else None


def move_staged(connection: Connection, staged: str, coefficients: Sequence[float]) -> None:
    """Move the staged shapes by an affine transform, as ST_Affine takes it (a, b, d, e, xoff, yoff)."""
    names = ("a", "b", "d", "e", "x", "y")
    places = ", ".join(f"CAST(:{name} AS float8)" for name in names)
    connection.execute(
        text(f"UPDATE {staged} SET geom = ST_Affine(geom, {places})"),
        dict(zip(names, coefficients, strict=True)),
    )


def write_repairs(connection: Connection, city: City, delivery_id: int, repairs: Sequence[Repair]) -> None:
    """Log what the checks changed in the delivery's features, with the shapes as they were delivered."""
    if not repairs:
        return
    connection.execute(
        text(
            f"INSERT INTO {SCHEMA}.repair (delivery_id, feature_id, code, params, before) VALUES "
            "(:delivery_id, :feature_id, :code, CAST(:params AS jsonb), ST_GeomFromWKB(:before, :srid))"
        ),
        [
            {
                "delivery_id": delivery_id,
                "feature_id": each.feature_id,
                "code": each.code,
                "params": json.dumps(each.params),
                "before": shapely.to_wkb(each.before),
                "srid": city.srid,
            }
            for each in repairs
        ],
    )


def analyse(connection: Connection, city_id: str, targets: Iterable[Target]) -> None:
    """Refresh the planner's statistics of the city's partitions: the indexes are chosen by them."""
    for target in sorted(set(targets)):
        connection.execute(text(f"ANALYZE {SCHEMA}.{target}_{city_id}"))
