"""A network layer's columns, kept beside its rows as they were published: so a network is put together at once.

Reading rows is most of what a rebuild takes, and a delivery is read as often as networks of it are built. Kept are
Arrow streams, in parts that bound the memory; they count only for the delivery and the form of reading that they
were made of. Where a few features changed since, those are read as rows, beside the others as kept. So columns may
be missing or old: then all rows are read. Lines lie beside the other columns as `xy`.
"""

from __future__ import annotations

import io
import logging

# ruff: noqa: S608 - what is spliced into SQL is a constant of the code, never data
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from hashlib import blake2b
from typing import Any, Final

import psycopg2
import pyarrow as pa
import pyarrow.compute as pc
from sqlalchemy import Connection, Engine, text
from sqlalchemy.exc import DBAPIError

from layers.catalog import Target
from layers.city import City
from layers.config import CityConfigError
from layers.network_copy import copied_parts
from layers.network_layers import FORMAT, MARK, SourceLayer, network_layers
from layers.network_read import Delivered, LayerQuery, delivered, layer_query, read_rows
from layers.network_rules import NetworkRules, crisis_rules
from layers.packing import HEADER, TRAILER

log = logging.getLogger("panjereh.networks")
# Fewer rows are read as quickly as columns.
WORTH_ROWS: Final = 2_000
# Of a layer's features so many may have changed since; and so many deliveries are looked back.
WORTH_SHARE: Final = 0.1
MOST_DELIVERIES: Final = 1_000
# Blocks of a table (8 kB each) whose rows make a part.
PART_BLOCKS: Final = 1_000
_COLUMNS: Final = "city_id, layer_id, part, mark, form, columns"


def form_of(query: LayerQuery) -> str:
    """What columns depend on besides the delivery: the query, and the attributes that the city's rules look for."""
    said = repr(
        (FORMAT, query.statement, sorted(query.values.items()), sorted(map(str, query.types.items())))
    )
    return blake2b(said.encode(), digest_size=12).hexdigest()


@dataclass(frozen=True, slots=True)
class Standing:
    """Columns that what a layer shows now can be made of: they are of the delivery `mark`.

    `since` are the deliveries that came after it, `changed` the features that any of them touched.
    """

    mark: str
    since: Sequence[int] = ()
    changed: Sequence[str] = ()


# From what the layer shows back to what its columns are of. Every delivery that changes a row names the one that
# the layer showed before, under the layer's lock: numbers would not do, a held one is shown after younger ones.
_SINCE: Final = text(f"""
WITH RECURSIVE shown AS (
    SELECT d.delivery_id, d.previous_id, {MARK} AS mark, 0 AS back FROM layers.delivery d WHERE d.delivery_id = :shown
    UNION ALL
    SELECT d.delivery_id, d.previous_id, {MARK}, s.back + 1
    FROM shown s JOIN layers.delivery d ON d.delivery_id = s.previous_id
    WHERE s.mark <> :mark AND s.back < {MOST_DELIVERIES}
) SELECT delivery_id, mark FROM shown ORDER BY back""")
_CHANGED: Final = """
SELECT feature_id FROM layers.{target} WHERE city_id = :city AND layer_id = :layer AND published_by = ANY(:since)
UNION
SELECT feature_id FROM layers.{target} WHERE city_id = :city AND layer_id = :layer AND retired_by = ANY(:since)
LIMIT :most"""


def standing(connection: Connection, city_id: str, layer: SourceLayer, query: LayerQuery) -> Standing | None:
    """What is kept of the layer, if it is worth more than its rows; None where it is not."""
    values: dict[str, Any] = {"city": city_id, "layer": layer.layer_id, "form": form_of(query)}
    marks = connection.execute(
        text(
            "SELECT DISTINCT mark FROM layers.kept_columns "
            "WHERE city_id = :city AND layer_id = :layer AND form = :form"
        ),
        values,
    ).scalars()
    mark = next(iter(marks.all()), None)
    if mark is None:
        return None
    back = connection.execute(_SINCE, {"shown": layer.delivery_id, "mark": mark}).all()
    if back[-1].mark != mark:
        return None
    since = [row.delivery_id for row in back[:-1]]
    if not since:
        return Standing(mark)
    if layer.target is Target.NETWORK_DEVICE:  # they are few, and read in order
        return None
    most = int(_row_count(connection, layer) * WORTH_SHARE)
    changed = connection.execute(
        text(_CHANGED.format(target=layer.target)), values | {"since": since, "most": most + 1}
    ).scalars()
    found = Standing(mark, since, tuple(changed))
    return found if len(found.changed) <= most else None


def _row_count(connection: Connection, layer: SourceLayer) -> int:
    counted = text("SELECT row_count FROM layers.delivery WHERE delivery_id = :id")
    return int(connection.execute(counted, {"id": layer.delivery_id}).scalar_one())


def kept(connection: Connection, city_id: str, layer: SourceLayer, query: LayerQuery) -> Any | None:
    """The layer's columns as what is kept says (a pyarrow table), with the rows that changed since; else None.

    A feature that no delivery touched since is as it was kept. Of one that was touched the live row, if there is
    one, was made by one of these deliveries.
    """
    found = standing(connection, city_id, layer, query)
    if found is None:
        return None
    parts = copied_parts(
        connection,
        "SELECT k.columns FROM layers.kept_columns k WHERE k.city_id = %(city)s AND k.layer_id = %(layer)s "
        "AND k.mark = %(mark)s AND k.form = %(form)s ORDER BY k.part",
        {"city": city_id, "layer": layer.layer_id, "mark": found.mark, "form": form_of(query)},
    )
    tables = [_without(pa.ipc.open_stream(part).read_all(), found.changed) for part in parts]
    if found.changed:
        tables.append(read_rows(connection, query, made_by=found.since))
    return pa.concat_tables(tables)


def _without(table: Any, changed: Sequence[str]) -> Any:
    if not changed:
        return table
    gone = pc.is_in(table.column("feature_id"), value_set=pa.array(changed, pa.string()))
    return table.filter(pc.invert(gone)) if pc.any(gone).as_py() else table


def read_network(
    connection: Connection, city_id: str, layers: tuple[SourceLayer, ...], rules: NetworkRules
) -> Delivered:
    """The live records of a utility's layers, as this transaction sees them: as kept, else from the rows.

    The transaction sees one state of the database (REPEATABLE READ) and the layers as they are in it.
    """
    tables = []
    for layer in layers:
        query = layer_query(city_id, layer, rules)
        found = kept(connection, city_id, layer, query)
        tables.append(read_rows(connection, query) if found is None else found)
    return delivered(layers, tables)


def keep(engine: Engine, city: City, layer_ids: Iterable[str], *, stale_only: bool = False) -> None:
    """Keep the columns of these layers as they are published now, in a transaction of its own.

    `stale_only`, after a few changes: not those that are still worth more than the rows.
    Layers that no network is made of, and small ones, are passed over. What goes wrong is logged, no more: where
    nothing is kept, rows are read. So it is where another publication comes between, and keeps its own.
    """
    wanted = set(layer_ids)
    with engine.connect() as plain:
        connection = plain.execution_options(isolation_level="REPEATABLE READ")
        try:
            with connection.begin():
                rules = crisis_rules(city).networks
                for layer in network_layers(connection, city.city_id):
                    own = rules.get(layer.utility) if layer.utility else None  # type: ignore[call-overload]
                    if layer.layer_id in wanted and own is not None:
                        _keep(connection, city.city_id, layer, own, stale_only)
        except (DBAPIError, psycopg2.Error, CityConfigError) as error:
            log.warning("columns of %s not kept: %s", city.city_id, error)


def _keep(
    connection: Connection, city_id: str, layer: SourceLayer, rules: NetworkRules, stale_only: bool
) -> None:
    query = layer_query(city_id, layer, rules)
    if stale_only and standing(connection, city_id, layer, query):
        return
    values = {"city": city_id, "layer": layer.layer_id}
    connection.execute(
        text("DELETE FROM layers.kept_columns WHERE city_id = :city AND layer_id = :layer"), values
    )
    if _row_count(connection, layer) < WORTH_ROWS:
        return
    scope = (city_id, layer.layer_id), (layer.mark, form_of(query))
    where, what = ([word.encode() for word in words] for words in scope)
    raw: Any = connection.connection.cursor()
    with raw as cursor:
        for number, table in enumerate(_parts(connection, city_id, layer, query)):
            fields = [*where, number.to_bytes(4, "big"), *what, _stream(table)]
            row = b"".join(len(each).to_bytes(4, "big") + each for each in fields)
            sent = b"".join((HEADER, len(fields).to_bytes(2, "big"), row, TRAILER))
            cursor.copy_expert(
                f"COPY layers.kept_columns ({_COLUMNS}) FROM STDIN (FORMAT binary)", io.BytesIO(sent)
            )


def _parts(connection: Connection, city_id: str, layer: SourceLayer, query: LayerQuery) -> Iterator[Any]:
    """The layer's columns, so many blocks of its table at a time; devices, which are few and in order, at once."""
    if layer.target is Target.NETWORK_DEVICE:
        yield read_rows(connection, query)
        return
    blocks = connection.execute(
        text("SELECT pg_relation_size(CAST(:name AS regclass)) / current_setting('block_size')::integer"),
        {"name": f"layers.{layer.target}_{city_id}"},
    ).scalar_one()
    for first in range(0, max(blocks, 1), PART_BLOCKS):
        yield read_rows(connection, query, blocks=(first, first + PART_BLOCKS))


def _stream(table: Any) -> bytes:
    sink = pa.BufferOutputStream()
    with pa.ipc.new_stream(sink, table.schema, options=pa.ipc.IpcWriteOptions(compression="lz4")) as stream:
        stream.write_table(table)
    made: bytes = sink.getvalue().to_pybytes()
    return made
