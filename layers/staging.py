"""The database side of an import: the rows of a delivery while it is looked at; the register is `layers.register`.

Every function works in the caller's transaction; until it commits, no other connection sees anything.
"""

from __future__ import annotations

# ruff: noqa: S608 - names spliced into SQL come from the catalogue or a checked city id, never from data
import io
import itertools
import json
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import numpy.typing as npt
import shapely
from shapely.geometry.base import BaseGeometry
from sqlalchemy import Connection, delete, select, text
from sqlalchemy.dialects import postgresql
from sqlalchemy.dialects.postgresql import insert

from layers.catalog import Target
from layers.city import City
from layers.columns import Column
from layers.mapping import Mapped
from layers.packing import HEADER, TRAILER, Field, field_of, field_of_numbers, field_of_shapes, packed
from layers.register import delivered_columns
from layers.report import Repair
from layers.spilling import Digests
from layers.tables import SCHEMA, TABLES, StagedRow

_PART_LINES: Final = 20_000
_GONE_PART: Final = -1
_DIALECT: Final = postgresql.dialect()  # type: ignore[no-untyped-call]
# The count of fields, and the row's number with its length: what is not the row's content.
_ROW_HEAD: Final = 10
_JOINED: Final = ("layer_id", "feature_id", "from_node", "to_node", "main_id")
# Each piece that COPY is given is a call into Python.
_PIECE: Final = 1 << 20


@dataclass(frozen=True, slots=True)
class Packed:
    """A batch as COPY takes it: so many rows, and what the checks repaired in it."""

    count: int
    rows: npt.NDArray[np.uint8]
    repairs: Sequence[Repair]


class Stage:
    """The accepted rows of one delivery in a temporary table that ends with the transaction.

    Rows are numbered as in their file (`row_no`). `digest` tells the content apart: the rows, in any order.
    """

    def __init__(self, connection: Connection, city: City, target: Target) -> None:
        self.connection = connection
        self.city = city
        self.target = target
        self.name = f"stage_{target}"
        self.rows = 0
        self._repairs = 0
        self._digests = Digests()
        columns = TABLES[target].__table__.columns
        self._types = {
            name: str(columns[name].type.compile(_DIALECT)).lower() for name in delivered_columns(target)
        }
        self._types["geom"] = f"geometry(Geometry, {city.srid})"
        self._make(self.name, {"row_no": "integer", **self._types})
        self._make(
            "stage_repair", {"feature_id": "text", "code": "text", "params": "jsonb", "before": "geometry"}
        )

    def _make(self, name: str, columns: Mapping[str, str]) -> None:
        said = ", ".join(f"{column} {kind}" for column, kind in columns.items())
        self.connection.execute(text(f"DROP TABLE IF EXISTS pg_temp.{name}"))
        self.connection.execute(text(f"CREATE TEMP TABLE {name} ({said}) ON COMMIT DROP"))

    def add(self, mapped: Mapped) -> None:
        """Copy the accepted rows of a batch; the repairs of all of them are logged by `log_repairs`."""
        self.send(self.pack(mapped))

    def pack(self, mapped: Mapped) -> Packed:
        """Make the accepted rows of a batch what COPY takes; the database is not asked."""
        keep = mapped.accepted()
        rows, ends = packed(self._fields(mapped, keep))
        starts = np.concatenate((np.zeros(1, np.int64), ends[:-1])) + _ROW_HEAD
        self._digests.add(
            rows.data[start:end] for start, end in zip(starts.tolist(), ends.tolist(), strict=False)
        )
        return Packed(len(keep), rows, mapped.repairs)

    def send(self, batch: Packed) -> None:
        """Copy what was packed."""
        if batch.count:
            self._copy(self.name, ("row_no", *self._types), batch.rows)
            self.rows += batch.count
        self.add_repairs(batch.repairs)

    def _fields(self, mapped: Mapped, keep: npt.NDArray[np.intp]) -> list[Field]:
        spec, size = mapped.spec, len(keep)
        constant = {
            "city_id": self.city.city_id,
            "layer_id": spec.layer_id,
            "owner_agency": spec.owner,
            "source_crs": mapped.source_crs,
            "source_operation": mapped.source_operation,
        }
        columns = {name: Column.constant(value, size) for name, value in constant.items()}
        columns |= {name: column.take(keep) for name, column in mapped.columns.items()}
        columns["attributes"] = mapped.attributes.take(keep)
        made = [field_of_numbers(mapped.rows[keep])]
        for name, kind in self._types.items():
            is_shape = name == "geom"
            made.append(field_of_shapes(mapped.geometry[keep]) if is_shape else field_of(columns[name], kind))
        return made

    def _copy(self, table: str, columns: Sequence[str], rows: npt.NDArray[np.uint8]) -> None:
        said = f"COPY {table} ({', '.join(columns)}) FROM STDIN (FORMAT binary)"
        with _cursor(self.connection) as cursor:
            cursor.copy_expert(said, _Feed(HEADER, rows.data, TRAILER), _PIECE)

    def add_repairs(self, repairs: Sequence[Repair]) -> None:
        """Keep what the checks changed, with the shapes as they were delivered."""
        if not repairs:
            return
        before = np.empty(len(repairs), dtype=object)
        before[:] = [shapely.set_srid(each.before, self.city.srid) for each in repairs]
        fields = [
            field_of(Column.of(each.feature_id for each in repairs), "text"),
            field_of(Column.of(each.code for each in repairs), "text"),
            field_of(Column.of(json.dumps(each.params, ensure_ascii=False) for each in repairs), "jsonb"),
            field_of_shapes(before, with_srid=True),
        ]
        self._copy("stage_repair", ("feature_id", "code", "params", "before"), packed(fields)[0])
        self._repairs += len(repairs)

    def log_repairs(self, delivery_id: int) -> None:
        """Log the repairs as those of a delivery."""
        if self._repairs:
            self.connection.execute(
                text(
                    f"INSERT INTO {SCHEMA}.repair (delivery_id, feature_id, code, params, before) "
                    "SELECT :delivery_id, feature_id, code, params, before FROM stage_repair"
                ),
                {"delivery_id": delivery_id},
            )

    def reshape(self, rows: Sequence[int], shapes: Sequence[BaseGeometry]) -> None:
        """Give some rows another shape."""
        if not rows:
            return
        self._make("stage_reshaped", {"row_no": "integer", "geom": f"geometry(Geometry, {self.city.srid})"})
        array = np.empty(len(shapes), dtype=object)
        array[:] = shapes
        numbers = np.asarray(rows, dtype=np.int64)
        made, ends = packed([field_of_numbers(numbers), field_of_shapes(array)])
        self._copy("stage_reshaped", ("row_no", "geom"), made)
        self._digests.add([made[: int(ends[-1])].data])
        self.connection.execute(
            text(f"UPDATE {self.name} s SET geom = r.geom FROM stage_reshaped r WHERE r.row_no = s.row_no")
        )

    def forget(self, column: str) -> None:
        """Make a column unknown in every row."""
        self._digests.add([column.encode()])
        self.connection.execute(text(f"UPDATE {self.name} SET {column} = NULL"))

    def analyse(self) -> None:
        """Let the planner know what is staged: as much as joins by name ask for."""
        names = [name for name in _JOINED if name in self._types]
        self.connection.execute(text(f"ANALYZE {self.name} (row_no, {', '.join(names)})"))

    def digest(self) -> str:
        """Return what is equal for equal rows, whatever the order of their file."""
        return self._digests.whole()


class _Feed:
    """Pieces of bytes as psycopg2 reads them."""

    def __init__(self, *parts: bytes | memoryview) -> None:
        self._parts = [memoryview(part).cast("B") for part in reversed(parts)]

    def read(self, size: int = -1) -> bytes:
        """Return at most so many bytes; none at the end."""
        while self._parts:
            part = self._parts.pop()
            if size < 0 or len(part) <= size:
                if len(part):
                    return bytes(part)
                continue
            self._parts.append(part[size:])
            return bytes(part[:size])
        return b""


@contextmanager
def _cursor(connection: Connection) -> Iterator[Any]:
    cursor = connection.connection.cursor()
    try:
        yield cursor
    finally:
        cursor.close()


def keep_staged(stage: Stage, delivery_id: int, gone: Sequence[str] | None = None) -> None:
    """Keep a held delivery's rows until somebody decides, as COPY text in parts that a client can hold."""
    columns = ", ".join(delivered_columns(stage.target))
    with tempfile.TemporaryFile() as kept, _cursor(stage.connection) as cursor:
        cursor.copy_expert(f"COPY (SELECT {columns} FROM {stage.name} ORDER BY row_no) TO STDOUT", kept)
        kept.seek(0)
        number = 0
        while lines := list(itertools.islice(kept, _PART_LINES)):
            part = {"delivery_id": delivery_id, "part": number, "rows": b"".join(lines).decode()}
            stage.connection.execute(insert(StagedRow).values(part))
            number += 1
    if gone is not None:
        part = {"delivery_id": delivery_id, "part": _GONE_PART, "rows": json.dumps(gone)}
        stage.connection.execute(insert(StagedRow).values(part))


def take_staged(
    connection: Connection, city: City, target: Target, delivery_id: int
) -> tuple[Stage, list[str] | None]:
    """Stage a held delivery's rows again, with what it takes away (None: whatever is not in it); forget them."""
    stage = Stage(connection, city, target)
    columns = ", ".join(delivered_columns(target))
    whose = StagedRow.delivery_id == delivery_id
    parts = connection.execute(select(StagedRow.part).where(whose).order_by(StagedRow.part)).scalars().all()
    gone: list[str] | None = None
    for part in parts:
        rows = connection.execute(select(StagedRow.rows).where(whose, StagedRow.part == part)).scalar_one()
        if part == _GONE_PART:
            gone = json.loads(rows)
            continue
        with _cursor(connection) as cursor:
            cursor.copy_expert(f"COPY {stage.name} ({columns}) FROM STDIN", io.StringIO(rows))
    stage.analyse()
    forget_staged(connection, delivery_id)
    return stage, gone


def forget_staged(connection: Connection, delivery_id: int) -> None:
    """Forget a held delivery's rows."""
    connection.execute(delete(StagedRow).where(StagedRow.delivery_id == delivery_id))
