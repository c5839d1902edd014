"""Whether each row says what its layer's class says: for tests that write rows in their own ways."""

from __future__ import annotations

from sqlalchemy import Engine, text

from layers.tables import SCHEMA, TABLES


def untrue(engine: Engine) -> dict[str, int]:
    """By table, how many rows say they are open though their layer is not, or the other way round."""
    with engine.connect() as connection:
        found = {
            str(target): connection.execute(
                text(
                    f"SELECT count(*) FROM {SCHEMA}.{target} t JOIN {SCHEMA}.layer l USING (city_id, layer_id) "
                    "WHERE t.is_open <> (l.sensitivity IN ('public', 'shared'))"
                )
            ).scalar_one()
            for target in TABLES
        }
    return {name: rows for name, rows in found.items() if rows}
