"""Staged rows become what a layer shows: compared in the database, set against set, in one transaction."""

from __future__ import annotations

# ruff: noqa: S608 - names spliced into SQL come from the catalogue or a checked city id, never from data
from collections.abc import Iterable, Sequence
from typing import Any, Final

from sqlalchemy import Connection, text
from sqlalchemy.exc import OperationalError

from layers.catalog import Target
from layers.register import IS_OPEN, delivered_columns
from layers.report import Diff
from layers.staging import Stage
from layers.tables import SCHEMA

# From so many rows on it pays to make the indexes once over all of them, where nothing is shown yet.
LARGE_ROWS = 50_000
# So long a reader of the whole table may keep us from showing a new partition, before we take the slower way.
_PATIENCE: Final = "2s"
_SORT_MEMORY: Final = "256MB"

_LOCK_NOT_AVAILABLE: Final = "55P03"
_SCOPE: Final = "t.city_id = :city_id AND t.layer_id = :layer_id AND t.retired_by IS NULL"


def publish(stage: Stage, layer_id: str, delivery_id: int, gone: Sequence[str] | None = None) -> Diff:
    """Retire what went or changed, add what came or changed, leave the rest; return how many of each.

    `gone` None: the stage is the whole layer, and what is not in it goes. Else the stage holds what came or
    changed, and only the features named in `gone` go.
    """
    connection, city_id, staged, target = stage.connection, stage.city.city_id, stage.name, stage.target
    columns = delivered_columns(target)
    table = f"{SCHEMA}.{target}"
    values: dict[str, Any] = {"city_id": city_id, "layer_id": layer_id, "delivery_id": delivery_id}
    values["gone"] = list(gone or ())
    connection.execute(text(f"SET LOCAL work_mem = '{_SORT_MEMORY}'"))
    if stage.rows >= LARGE_ROWS and gone is None and _filled_new(stage, layer_id, delivery_id):
        return Diff(added=stage.rows)
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
        f"INSERT INTO {table} ({', '.join(columns)}, published_by, is_open) "
        f"SELECT {theirs}, :delivery_id, {IS_OPEN} FROM {staged} s WHERE NOT EXISTS "
        f"(SELECT FROM {table} t WHERE {_SCOPE} AND t.feature_id = s.feature_id)"
    )
    live = f"{table} t WHERE {_SCOPE}" if gone is not None else staged
    total = connection.execute(text(f"SELECT count(*) FROM {live}"), values).scalar_one()
    return Diff(added=written - changed, changed=changed, removed=removed, same=total - written)


def compared(stage: Stage, layer_id: str, gone: Sequence[str] | None = None) -> Diff:
    """Return what `publish` would change; nothing is."""
    columns = delivered_columns(stage.target)
    ours, theirs = (", ".join(f"{alias}.{column}" for column in columns) for alias in ("t", "s"))
    table = f"{SCHEMA}.{stage.target}"
    is_gone = "t.feature_id = ANY(:gone)" if gone is not None else "TRUE"
    values = {"city_id": stage.city.city_id, "layer_id": layer_id, "gone": list(gone or ())}
    came = stage.connection.execute(
        text(
            f"SELECT count(*) FILTER (WHERE t.feature_id IS NULL) AS added, "
            f"count(*) FILTER (WHERE t.feature_id IS NOT NULL AND ({ours}) IS DISTINCT FROM ({theirs})) AS changed "
            f"FROM {stage.name} s LEFT JOIN {table} t ON t.feature_id = s.feature_id AND {_SCOPE}"
        ),
        values,
    ).one()
    went = stage.connection.execute(
        text(
            f"SELECT count(*) AS shown, count(*) FILTER (WHERE {is_gone} AND NOT EXISTS "
            f"(SELECT FROM {stage.name} s WHERE s.feature_id = t.feature_id)) AS removed FROM {table} t WHERE {_SCOPE}"
        ),
        values,
    ).one()
    same = went.shown - went.removed - came.changed
    return Diff(added=came.added, changed=came.changed, removed=went.removed, same=same)


def _filled_new(stage: Stage, layer_id: str, delivery_id: int) -> bool:
    """Fill a partition that holds nothing yet from the stage; False where it holds something, or is in use.

    The rows go into a table without indexes, these are made over all of them, and only then, for as long as the
    commit takes, readers of the parent wait for the new partition to take the place of the old one.
    """
    connection = stage.connection
    names = {"kind": str(stage.target), "city": stage.city.city_id}
    partition = f"{SCHEMA}.{stage.target}_{stage.city.city_id}"
    columns = ", ".join(delivered_columns(stage.target))

    def is_empty() -> bool:
        return not connection.execute(text(f"SELECT EXISTS (SELECT FROM {partition})")).scalar_one()

    if not is_empty():
        return False
    attempt = connection.begin_nested()
    try:
        connection.execute(text(f"SET LOCAL lock_timeout = '{_PATIENCE}'"))
        connection.execute(text(f"SET LOCAL maintenance_work_mem = '{_SORT_MEMORY}'"))
        # Other layers of the same kind may be delivered at the same moment.
        connection.execute(text(f"LOCK TABLE {partition} IN SHARE ROW EXCLUSIVE MODE"))
        if is_empty():
            made = connection.execute(
                text(f"SELECT {SCHEMA}.new_partition(:kind, :city)"), names
            ).scalar_one()
            connection.execute(
                text(
                    f"INSERT INTO {made} ({columns}, published_by, is_open) SELECT {columns}, :delivery_id, {IS_OPEN} "
                    f"FROM {stage.name} ORDER BY geom"
                ),
                {"delivery_id": delivery_id, "city_id": stage.city.city_id, "layer_id": layer_id},
            )
            connection.execute(text(f"SELECT {SCHEMA}.index_partition(:kind, :city)"), names)
            connection.execute(text(f"SELECT {SCHEMA}.show_partition(:kind, :city)"), names)
            attempt.commit()
            return True
    except OperationalError as error:
        if getattr(error.orig, "pgcode", None) != _LOCK_NOT_AVAILABLE:
            raise
    attempt.rollback()
    return False


def revert(
    connection: Connection, city_id: str, spec_id: tuple[str, Target], delivery_id: int, undone: int
) -> Diff:
    """Bring back, as the work of `delivery_id`, exactly the rows that were live before delivery `undone`."""
    layer_id, target = spec_id
    columns = ", ".join(delivered_columns(target))
    table = f"{SCHEMA}.{target}"
    values = {"city_id": city_id, "layer_id": layer_id, "delivery_id": delivery_id, "undone": undone}
    connection.execute(
        text(f"UPDATE {table} t SET retired_by = :delivery_id WHERE {_SCOPE} AND t.published_by = :undone"),
        values,
    )
    connection.execute(
        text(
            f"INSERT INTO {table} ({columns}, published_by, is_open) "
            f"SELECT {columns}, :delivery_id, {IS_OPEN} FROM {table} "
            "WHERE city_id = :city_id AND layer_id = :layer_id AND retired_by = :undone"
        ),
        values,
    )
    found = connection.execute(
        text(
            "SELECT count(*) FILTER (WHERE went.feature_id IS NULL) AS added, "
            "count(*) FILTER (WHERE came.feature_id IS NULL) AS removed, count(*) AS touched "
            f"FROM (SELECT feature_id FROM {table} WHERE city_id = :city_id AND retired_by = :delivery_id) went "
            f"FULL JOIN (SELECT feature_id FROM {table} WHERE city_id = :city_id AND published_by = :delivery_id) came "
            "USING (feature_id)"
        ),
        values,
    ).one()
    live = connection.execute(text(f"SELECT count(*) FROM {table} t WHERE {_SCOPE}"), values).scalar_one()
    changed = found.touched - found.added - found.removed
    return Diff(found.added, changed, found.removed, same=live - found.added - changed)


def move_staged(stage: Stage, coefficients: Sequence[float]) -> None:
    """Move the staged shapes by an affine transform, as ST_Affine takes it (a, b, d, e, xoff, yoff)."""
    names = ("a", "b", "d", "e", "x", "y")
    places = ", ".join(f"CAST(:{name} AS float8)" for name in names)
    stage.connection.execute(
        text(f"UPDATE {stage.name} SET geom = ST_Affine(geom, {places})"),
        dict(zip(names, coefficients, strict=True)),
    )


def analyse(connection: Connection, city_id: str, targets: Iterable[Target]) -> None:
    """Refresh the planner's statistics of the city's partitions: the indexes are chosen by them."""
    for target in sorted(set(targets)):
        connection.execute(text(f"ANALYZE {SCHEMA}.{target}_{city_id}"))
