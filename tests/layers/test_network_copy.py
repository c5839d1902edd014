"""What COPY sends in binary form becomes columns as it is: nulls, words of any script, (multi)lines with heights."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import shapely
from shapely.geometry import LineString, MultiLineString
from sqlalchemy import Engine

from layers.network_copy import LINES, WORDS, copied, copied_parts


def test_columns_come_as_the_database_says(engine: Engine) -> None:
    """Text with a comma, a line break and Persian letters, empty words, nulls, signs, and no row at all."""
    query = (
        "SELECT a, b, c FROM (VALUES ('x,\"\n', 7, 1.5::float8), ('', -7, 'NaN'), (NULL, NULL, NULL), "
        "('شیر', 2147483647, -1e300)) AS t(a, b, c)"
    )
    types = {"a": pa.string(), "b": pa.int32(), "c": pa.float64()}
    with engine.connect() as connection:
        table = copied(connection, query, {}, types)
        none = copied(connection, query + " WHERE false", {}, types)
    assert table.column("a").to_pylist() == ['x,"\n', "", None, "شیر"]
    assert table.column("b").to_pylist() == [7, -7, None, 2147483647]
    numbers = table.column("c").to_pylist()
    assert (numbers[0], numbers[2], numbers[3]) == (1.5, None, -1e300)
    assert np.isnan(numbers[1])
    assert none.num_rows == 0


def test_lines_come_part_by_part(engine: Engine) -> None:
    """Heights fall away, a system's number does not disturb, empty parts are left out."""
    shapes = [
        LineString([(0, 0, 5), (3, 4, 6)]),
        MultiLineString([[(1, 1), (2, 2)], [(5, 5), (6, 6), (7, 8)]]),
        LineString(),
        LineString([(9, 9), (10, 10)]),
    ]
    values = {f"g{k}": shapely.to_wkb(shape) for k, shape in enumerate(shapes)}
    rows = ", ".join(f"('L{k}', ST_GeomFromWKB(%(g{k})s, 25832))" for k in range(len(shapes)))
    with engine.connect() as connection:
        table = copied(
            connection, f"SELECT a, g FROM (VALUES {rows}) AS t(a, g)", values, {"a": WORDS, "xy": LINES}
        )
    assert table.column("a").to_pylist() == ["L0", "L1", "L1", "L3"]
    assert list(zip(table["part"].to_pylist(), table["parts"].to_pylist(), strict=True)) == [
        (1, 1), (1, 2), (2, 2), (1, 1),
    ]  # fmt: skip
    assert table.column("xy").to_pylist() == [
        [[0, 0], [3, 4]], [[1, 1], [2, 2]], [[5, 5], [6, 6], [7, 8]], [[9, 9], [10, 10]],
    ]  # fmt: skip


def test_bytes_come_row_by_row(engine: Engine) -> None:
    """Whole blocks of bytes, none of them, and one without a byte."""
    with engine.connect() as connection:
        query = "SELECT b FROM (VALUES (%(a)s::bytea), (''::bytea), (%(b)s)) AS t(b)"
        said = copied_parts(connection, query, {"a": b"\x00\xff", "b": b"x" * 70_000})
        none = copied_parts(connection, query + " WHERE false", {"a": b"", "b": b""})
    assert said == [b"\x00\xff", b"", b"x" * 70_000]
    assert none == []
