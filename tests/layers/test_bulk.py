"""Bulk load: every kind of value arrives as it was delivered, in batches."""

from __future__ import annotations

from collections.abc import Generator
from datetime import UTC, date, datetime
from pathlib import Path

import geopandas
import numpy as np
import pytest
from shapely import wkb
from shapely.geometry import LineString
from sqlalchemy import Engine, text

from layers import bulk
from layers.ahead import ahead

SIZE = 2_503


@pytest.fixture
def delivered(tmp_path: Path) -> Path:
    numbers = np.arange(SIZE)
    frame = geopandas.GeoDataFrame(
        {
            "id": [f"خط-{n}" for n in numbers],
            "note": [None if n % 3 else "a\tb\\N\n" for n in numbers],
            "big": numbers.astype("int64") * 10_000_000_000 - 5,
            "small": (numbers % 1000 - 500).astype("int32"),
            "metres": [float("nan") if n % 7 == 0 else n / 3 for n in numbers],
            "is_main": numbers % 2 == 0,
            "day": [date(1960 + int(n) % 100, 2, 28) for n in numbers],
            "at": [datetime(2026, 1, 1, 0, 0, int(n) % 60, 250_000, tzinfo=UTC) for n in numbers],
        },
        geometry=[LineString([(n, 0, -1), (n, 10, n / 7)]) for n in numbers],
        crs="EPSG:32639",
    )
    path = tmp_path / "lines.gpkg"
    frame.to_file(path, layer="lines", engine="pyogrio")
    return path


@pytest.mark.parametrize("batch", [997, 100_000])
def test_every_value_arrives(
    delivered: Path, engine: Engine, batch: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(bulk, "BATCH_ROWS", batch)
    pooled = engine.raw_connection()
    rows = bulk.load(pooled.dbapi_connection, delivered, "lines", ("public", "taken"), 32639, key="id")
    pooled.commit()
    pooled.close()
    assert rows == SIZE
    frame = geopandas.read_file(delivered, layer="lines")
    with engine.connect() as connection:
        statement = text("SELECT *, ST_AsBinary(geom) AS wkb, ST_SRID(geom) AS srid FROM taken ORDER BY big")
        stored = connection.execute(statement).mappings().all()
        indexes = connection.execute(
            text("SELECT count(*) FROM pg_indexes WHERE tablename = 'taken'")
        ).scalar_one()
    assert indexes == 2
    for n, (row, given) in enumerate(zip(stored, frame.itertuples(), strict=True)):
        assert (row["id"], row["big"], row["small"]) == (f"خط-{n}", given.big, given.small)
        assert row["note"] == (None if n % 3 else "a\tb\\N\n")
        assert row["metres"] is None or row["metres"] == given.metres
        assert (row["metres"] is None) == (n % 7 == 0)
        assert row["is_main"] == (n % 2 == 0)
        assert str(row["day"]) == f"{1960 + n % 100}-02-28"
        assert row["at"].isoformat()[:23] == f"2026-01-01T00:00:{n % 60:02d}.250"
        assert wkb.loads(bytes(row["wkb"])) == given.geometry
        assert row["srid"] == 32639


def test_a_load_that_fails_leaves_no_table(delivered: Path, engine: Engine) -> None:
    pooled = engine.raw_connection()
    with pytest.raises(Exception, match="could not create unique index"):
        bulk.load(pooled.dbapi_connection, delivered, "lines", ("public", "taken"), 32639, key="is_main")
    pooled.rollback()
    pooled.close()
    with engine.connect() as connection:
        assert connection.execute(text("SELECT to_regclass('taken')")).scalar_one() is None


def test_parts_made_ahead_come_in_order_with_what_went_wrong_in_its_place() -> None:
    closed = []

    def parts(good: int) -> Generator[int, None, None]:
        try:
            yield from range(good)
            raise ValueError(good)
        finally:
            closed.append(good)

    taken: list[int] = []
    with pytest.raises(ValueError, match="5"), ahead(parts(5)) as made:
        taken.extend(made)
    assert taken == [0, 1, 2, 3, 4]
    with ahead(parts(5)) as made:
        assert [next(made) for _ in range(5)] == [0, 1, 2, 3, 4]
    with ahead(parts(1000), depth=1) as made:
        assert next(made) == 0
    assert closed == [5, 5, 1000]
