"""A delivery in batches is the delivery: whatever their size, what is stored and said is the same, or nothing is."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import shapely
from shapely.geometry import LineString, box
from sqlalchemy import Engine, text

from layers import publishing, staging
from layers.city import City, load_city
from layers.cluster import Cluster
from layers.database import make_engine
from layers.handling import Handling
from layers.ingest import deliver, roll_back
from layers.line_ends import Ground
from layers.line_tiles import Gathering
from layers.report import DeliveryReport, Outcome
from layers.tables import TABLES
from tests.layers.open_rows import untrue

Write = Callable[..., Path]
SMALL = 7
X, Y = 501000.0, 3901000.0


def pipe(number: int, **changes: Any) -> dict[str, Any]:
    y = Y + 10.0 * number
    made = {"id": f"P{number:03d}", "kind": "M", "dn": 10.0, "depth": 120.0, "mat": "PE", "a": "x", "b": "y"}
    return made | {"geometry": LineString([(X, y), (X + 100, y)])} | changes


def awkward() -> list[dict[str, Any]]:
    """Some pipes with a fault of each kind, far enough apart to fall into different batches of seven."""
    rows = [pipe(number, depth=100.0 + number, n=number if number % 3 else None) for number in range(200)]
    rows[3] |= {"mat": None, "depth": -5.0}
    rows[11] |= {"kind": "unheard of"}
    rows[40] = rows[3] | {}  # repeats a row in everything
    rows[60] |= {"id": "P002"}  # an id that is taken
    rows[75] |= {"geometry": rows[74]["geometry"]}  # the very place of another
    rows[90] |= {"geometry": None}
    rows[120] |= {"b": None, "mat": "چدن"}
    # One that stops 2 cm short of the pipe of another batch, and one that stops 30 cm short.
    rows[150] |= {"geometry": LineString([(X + 50, Y + 0.02), (X + 50, Y + 5)]), "a": None, "b": None}
    rows[171] |= {"geometry": LineString([(X + 60, Y + 20.3), (X + 60, Y + 25)]), "a": None, "b": None}
    return rows


def told(report: DeliveryReport) -> dict[str, Any]:
    """All that a report says, but the number of the delivery."""
    return report.as_dict()


def stored(engine: Engine, city: City) -> dict[str, list[Any]]:
    """All that is shown of a city, and all repairs."""
    found: dict[str, list[Any]] = {}
    with engine.connect() as connection:
        for target in {spec.target for spec in city.layers}:
            every = [column.name for column in TABLES[target].__table__.columns]
            names = [name for name in every if name not in ("row_id", "published_by")]
            said = ", ".join(f"t.{name}::text" for name in names)
            statement = f"SELECT {said} FROM layers.{target} t ORDER BY t.layer_id, t.feature_id"
            found[target] = [tuple(row) for row in connection.execute(text(statement))]
        repairs = "SELECT feature_id, code, params::text, before::text FROM layers.repair ORDER BY 1, 2, 4"
        found["repair"] = [tuple(row) for row in connection.execute(text(repairs))]
    return found


@contextmanager
def two_databases(cluster: Cluster, template: str, name: str) -> Iterator[tuple[Engine, Engine]]:
    urls = [cluster.create_database(f"batches_{name}_{n}", template=template) for n in (1, 2)]
    engines = [make_engine(url) for url in urls]
    try:
        yield engines[0], engines[1]
    finally:
        for engine in engines:
            engine.dispose()


@pytest.mark.parametrize("name", ["pipes.gpkg", "pipes.geojson"])
def test_the_size_of_a_batch_changes_nothing(
    cluster: Cluster, template: str, toy: City, write: Write, name: str
) -> None:
    """Streamed or read whole: the same rows, repairs, findings and content, in batches of seven or in one."""
    path = write(awkward(), name=name, table="pipes")
    with two_databases(cluster, template, name.rpartition(".")[2]) as engines:
        reports = [
            deliver(engine, toy, toy.layer("pipes"), path, handling=Handling(batch_rows=size))
            for engine, size in zip(engines, (SMALL, 20_000), strict=True)
        ]
        assert told(reports[0]) == told(reports[1])
        assert stored(engines[0], toy) == stored(engines[1], toy)
    report = reports[0]
    assert report.outcome is Outcome.PUBLISHED
    assert (report.read, report.refused, report.repaired) == (200, 3, 1)
    counts = {code.partition(":")[2]: count for code, count in report.counts.items()}
    expected = {"duplicate-row", "duplicate-id", "duplicate-geometry", "missing-geometry", "out-of-range"}
    assert expected | {"unknown-code", "one-end-missing", "snapped-end", "undershoot"} <= set(counts)


def test_a_demo_city_in_batches_of_seven(cluster: Cluster, template: str, root: Path) -> None:
    """Nemuneh's layers by hundreds of batches and by one each: to the last byte the same."""
    city = load_city(root / "cities", "nemuneh")
    wanted = ("parcels", "gas_lines", "power_nodes")
    city = replace(city, layers=tuple(spec for spec in city.layers if spec.layer_id in wanted))
    assert city.layers
    with two_databases(cluster, template, "city") as engines:
        for engine, size in zip(engines, (SMALL, 20_000), strict=True):
            for spec in city.layers:
                path = root / "cities" / "nemuneh" / spec.source.path
                report = deliver(engine, city, spec, path, handling=Handling(batch_rows=size))
                assert report.outcome is Outcome.PUBLISHED
        assert stored(engines[0], city) == stored(engines[1], city)


@pytest.mark.parametrize("batch", [1, 5])
def test_a_failure_in_the_middle_of_a_batch_leaves_nothing(
    engine: Engine, toy: City, write: Write, monkeypatch: pytest.MonkeyPatch, batch: int
) -> None:
    """The connection to the database breaks half-way through a batch's bytes: the layer is as it was."""

    def send(rows: list[dict[str, Any]]) -> DeliveryReport:
        how = Handling(batch_rows=SMALL)
        return deliver(engine, toy, toy.layer("pipes"), write(rows), handling=how)

    first = send([pipe(number) for number in range(50)])
    before = stored(engine, toy)
    whole, count = staging._Feed.read, [0]

    def broken(feed: Any, size: int = -1) -> bytes:
        count[0] += 1
        if count[0] > 3 * batch:
            raise OSError("the disk is gone")
        return whole(feed, min(size, 100))

    monkeypatch.setattr(staging._Feed, "read", broken)
    with pytest.raises(Exception, match=r"the disk is gone|COPY from stdin failed"):
        send([pipe(number, mat="PVC") for number in range(60)])
    monkeypatch.undo()
    assert stored(engine, toy) == before
    with engine.connect() as connection:
        numbers = connection.execute(text("SELECT delivery_id FROM layers.delivery")).scalars().all()
        left = connection.execute(
            text("SELECT count(*) FROM pg_class WHERE relpersistence = 't'")
        ).scalar_one()
    assert (numbers, left) == ([first.delivery_id], 0)
    assert send([pipe(number, mat="PVC") for number in range(60)]).diff.changed == 50


@pytest.mark.parametrize("is_held_up", [False, True])
def test_a_first_large_delivery_fills_a_partition_of_its_own(
    engine: Engine, toy: City, write: Write, monkeypatch: pytest.MonkeyPatch, is_held_up: bool
) -> None:
    """The new partition has the old one's indexes and constraints; a reader who is in the way only makes it slower."""
    monkeypatch.setattr(publishing, "LARGE_ROWS", 10)
    monkeypatch.setattr(publishing, "_PATIENCE", "100ms")
    rows = [pipe(number) for number in range(30)]
    spec = toy.layer("pipes")
    deliver(engine, toy, replace(spec, layer_id="pipes"), write(rows[:5]))
    with engine.connect() as connection:
        made = _made(connection)
    roll_back(engine, toy, "pipes")
    with engine.begin() as connection:  # history too must be gone for a partition to be empty
        connection.execute(text("DELETE FROM layers.network_line"))
    with engine.connect() as reader:
        if is_held_up:
            reader.execute(text("SELECT count(*) FROM layers.network_line")).scalar_one()
        report = deliver(engine, toy, spec, write(rows))
    assert (report.outcome, report.diff.added) == (Outcome.PUBLISHED, 30)
    with engine.connect() as connection:
        assert _made(connection) == made
        assert connection.execute(text("SELECT count(*) FROM layers.network_line")).scalar_one() == 30
    again = deliver(engine, toy, spec, write([pipe(number, mat="PVC") for number in range(1, 40)]))
    assert (again.diff.changed, again.diff.added, again.diff.removed) == (29, 10, 1)
    roll_back(engine, toy, "pipes")
    with engine.connect() as connection:
        shown = "SELECT count(*), min(material) FROM layers.network_line WHERE retired_by IS NULL"
        assert tuple(connection.execute(text(shown)).one()) == (30, "PE")
    assert untrue(engine) == {}


def _made(connection: Any) -> list[Any]:
    """What the partition of the toy's lines consists of."""
    statement = """
        SELECT pg_get_indexdef(indexrelid) FROM pg_index WHERE indrelid = 'layers.network_line_toytown'::regclass
        UNION ALL SELECT conname || ' ' || pg_get_constraintdef(oid) FROM pg_constraint
        WHERE conrelid = 'layers.network_line_toytown'::regclass
        UNION ALL SELECT column_name || ' ' || coalesce(column_default, generation_expression, '') || is_nullable
        FROM information_schema.columns WHERE table_name = 'network_line_toytown'
        ORDER BY 1"""
    return list(connection.execute(text(statement)).scalars())


def test_ends_in_a_grid_are_those_of_a_tree(seed: int) -> None:
    """Random lines, some long, some with many turns: what is near each end, against shapely's tree."""
    random = np.random.default_rng(seed)
    starts = random.uniform(0, 400, (300, 1, 2)) + (3e5, 3.4e6)
    steps = random.normal(0, 1, (300, 4, 2)) * random.choice([2.0, 20.0, 150.0], (300, 1, 1))
    shapes: Any = shapely.linestrings(np.concatenate([starts, starts + steps.cumsum(axis=1)], axis=1))
    gathering = Gathering()
    for part in (shapes[:100], shapes[100:]):
        gathering.add_shapes(part)
    lines = gathering.lines()
    own = np.tile(np.arange(300, dtype=np.int32), 2)
    tree, points = shapely.STRtree(shapes), np.asarray(shapely.points(lines.ends))
    for reach_m in (0.5, 6.0):
        end, line = tree.query(points, predicate="dwithin", distance=reach_m)
        expected = {(int(a), int(b)) for a, b in zip(end, line, strict=True) if b != own[a]}
        ends, near, apart = Ground(lines).near(lines.ends, own, reach_m)
        assert set(zip(ends.tolist(), near.tolist(), strict=True)) == expected
        assert apart == pytest.approx(shapely.distance(points[ends], shapes[near]))
        touched = Ground(lines).touched(lines.ends, own, reach_m)
        assert set(np.flatnonzero(touched).tolist()) == {a for a, _ in expected}


def test_a_preview_in_batches_counts_and_writes_nothing(engine: Engine, toy: City, write: Write) -> None:
    spec = toy.layer("pipes")
    deliver(engine, toy, spec, write([pipe(number) for number in range(20)]))
    before = stored(engine, toy)
    changed = [pipe(number, mat="PVC" if number % 2 else "PE") for number in range(5, 30)]
    report = deliver(engine, toy, spec, write(changed), handling=Handling(batch_rows=SMALL, preview=True))
    diff = report.diff
    assert (diff.added, diff.changed, diff.removed, diff.same) == (10, 8, 5, 7)
    assert stored(engine, toy) == before


def test_parcels_in_batches_cover_the_ground_as_in_one(
    cluster: Cluster, template: str, toy: City, write: Write
) -> None:
    rows = [{"pid": f"{n}", "geometry": box(X + 20 * n, Y, X + 20 * n + 20, Y + 20)} for n in range(30)]
    rows[20]["geometry"] = box(X + 399, Y, X + 420, Y + 20)
    path = write(rows, table="parcels")
    with two_databases(cluster, template, "parcels") as engines:
        reports = [
            deliver(engine, toy, toy.layer("parcels"), path, handling=Handling(batch_rows=size))
            for engine, size in zip(engines, (SMALL, 20_000), strict=True)
        ]
    assert told(reports[0]) == told(reports[1])
    assert reports[0].counts == {"warning:parcels-overlap": 1}
