"""The conflict check of one excavation: ours, plain PostGIS, and the kernel in memory, on one synthetic city.

    python bench/bench_conflict.py [--segments 10000 100000] [--million] [--asks 150] [--rounds 5]

Question: which lines may be within 1 m of the excavation, each by its own half width and uncertainty (0.1 to 2 m)?
Every method must answer the same lines with the same distances (1e-6 m). The methods take turns every 25 questions.
Of each question the quickest round counts, so that others at work on the machine do not: printed are the median and
the 99th percentile of that (ms), the CPU time of client and server together (ms, of all rounds), and the ratios to
plain psycopg2 with ST_DWithin and to an empty prepared round trip that carries the same shape. The product's lines
lie in the order in which a first large delivery is written; the plain table is as delivered, and once more in the
same order as ours. What the server can do at best is a table that holds nothing but this question's columns, with an
index over the shapes widened by their reach, asked by its owner with one plan: no rights, no history, no attributes.
"""

from __future__ import annotations

import argparse
import io
import math
import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import shapely
from sqlalchemy import Connection, Engine, text

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from bench.city import SyntheticCity, generate  # noqa: E402 - the bench runs from a checkout
from geo.reach import ReachGrid  # noqa: E402
from layers.access import run_as_app  # noqa: E402
from layers.cluster import Cluster  # noqa: E402
from layers.database import make_engine, migrate  # noqa: E402
from layers.reach import ids_within_reach, within_reach  # noqa: E402
from layers.reads import reading_engine  # noqa: E402

CITY, SRID, MARGIN_M = "benchton", 32639, 1.0
UTILITY = {"water": "water", "gas": "gas", "power_lv": "electricity", "sewer": "sewer", "telecom": "telecom"}
FIRST = f"""
SELECT layers.add_city('{CITY}', {SRID});
INSERT INTO layers.delivery (city_id, layer_id, source_name, source_crs, source_operation, row_count, added, changed,
    removed, report, published_at) VALUES ('{CITY}', 'lines', 'bench', '', '', 0, 0, 0, 0, '{{}}', now());
INSERT INTO layers.layer (city_id, layer_id, target, owner_agency, sensitivity, freshness_days, min_zoom, delivery_id)
    SELECT '{CITY}', utility || '_lines', 'network_line', utility, 'shared', 1000, 13, 1 FROM unnest(
    ARRAY['water', 'gas', 'electricity', 'sewer', 'telecom']) AS utility;
CREATE TEMP TABLE delivered (id text, utility text, diameter_mm float8, uncertainty_m float8, geom geometry);
"""
LOAD = f"""
INSERT INTO layers.network_line (city_id, layer_id, feature_id, owner_agency, source_crs, source_operation, utility,
    cover_source, horizontal_uncertainty_m, quality_level, status, role, diameter_mm, published_by, is_open, geom)
    SELECT '{CITY}', utility || '_lines', id, utility, '', '', utility, 'unknown', uncertainty_m, 'B', 'in_service',
    'main', diameter_mm, 1, true, geom FROM delivered ORDER BY geom;
CREATE SCHEMA bench;
CREATE TABLE bench.lines AS SELECT row_id, id, reach_m, l.geom FROM delivered
    JOIN layers.network_line l ON feature_id = id
    ORDER BY hashtext(id);
ALTER TABLE bench.lines ADD PRIMARY KEY (row_id);
CREATE INDEX ON bench.lines USING gist (geom);
CREATE TABLE bench.ordered AS SELECT * FROM bench.lines ORDER BY geom;
CREATE INDEX ON bench.ordered USING gist (geom);
CREATE TABLE bench.narrow AS SELECT id, reach_m, geom FROM bench.lines ORDER BY geom;
CREATE INDEX ON bench.narrow USING gist (ST_Expand(geom, reach_m));
ANALYZE layers.network_line_{CITY};
ANALYZE bench.lines;
ANALYZE bench.ordered;
ANALYZE bench.narrow;
"""
DWITHIN = (
    "SELECT id, d FROM (SELECT id, reach_m, ST_Distance(geom, p) AS d FROM bench.lines, "
    f"(SELECT ST_GeomFromWKB(%(p)s, {SRID}) AS p) AS a WHERE ST_DWithin(geom, ST_GeomFromWKB(%(p)s, {SRID}), %(far)s)"
    f") AS q WHERE d <= {MARGIN_M} + reach_m"
)
BUFFER = DWITHIN.replace(
    f"ST_DWithin(geom, ST_GeomFromWKB(%(p)s, {SRID}), %(far)s)",
    f"ST_Intersects(geom, ST_Buffer(ST_GeomFromWKB(%(p)s, {SRID}), %(far)s))",
)
NARROW = (
    "PREPARE narrow(geometry, float8) AS SELECT id, ST_Distance(geom, $1) FROM bench.narrow "
    "WHERE ST_Expand(geom, reach_m) && ST_Expand($1, $2) AND ST_Distance(geom, $1) <= $2 + reach_m"
)
ORDERED = DWITHIN.replace("bench.lines", "bench.ordered")
CHUNK = 25
Rows = list[tuple[str, float]]
Shapes = Any


@dataclass
class Method:
    """A way to answer; `many` answers all of them at once."""

    name: str
    one: Callable[[Any], Any] | None
    rows: Callable[[Any], Rows]
    many: Callable[[list[Any]], Any] | None = None
    pid: int | None = None
    """The server's process that works for it."""


@dataclass
class Took:
    """Milliseconds: of each question the quickest round, and the CPU time of all."""

    quickest: list[float]
    cpu: float = 0.0
    asked: int = 0


def load(engine: Engine, city: SyntheticCity) -> tuple[Shapes, np.ndarray[Any, Any], list[str]]:
    """The city's lines into the product's table and a plain one; the lines, their reach and ids."""
    shapes, reach, ids, rows = [], [], [], io.StringIO()
    for trade, utility in UTILITY.items():
        layer = city.layers[f"{trade}_lines"]
        flat = shapely.force_2d(layer.shapes)
        wide = np.asarray(layer.columns["diameter_mm"], dtype=float)
        unsure = np.asarray(layer.columns["accuracy_m"], dtype=float)
        names = [f"{utility}-{name}" for name in layer.columns["line_id"]]
        hexed = shapely.to_wkb(shapely.set_srid(flat, SRID), hex=True, include_srid=True)
        for name, a, b, wkb in zip(names, wide, unsure, hexed, strict=True):
            rows.write(f"{name}\t{utility}\t{a if math.isfinite(a) else chr(92) + 'N'}\t{b}\t{wkb}\n")
        shapes.append(flat)
        reach.append(unsure + np.nan_to_num(wide) / 2000)
        ids += names
    rows.seek(0)
    with engine.begin() as connection:
        for statement in FIRST.split(";\n"):
            if statement.strip():
                connection.execute(text(statement))
        cursor = connection.connection.cursor()
        cursor.copy_expert("COPY delivered FROM STDIN", rows)
        for statement in LOAD.split(";\n"):
            if statement.strip():
                connection.execute(text(statement))
    return np.concatenate(shapes), np.concatenate(reach), ids


def asks(city: SyntheticCity, count: int, seed: int) -> dict[str, list[Any]]:
    """Seeded excavations: whole parcels, and street trenches of 150 by 1.2 m along a line."""
    random = np.random.default_rng(seed)
    parcels = city.layers["parcels"].shapes
    lines = shapely.force_2d(city.layers["water_lines"].shapes)
    trenches = []
    for index in random.integers(0, len(lines), count):
        middle, angle = lines[index].centroid, random.uniform(0, math.pi)
        dx, dy = 75 * math.cos(angle), 75 * math.sin(angle)
        axis = shapely.LineString([(middle.x - dx, middle.y - dy), (middle.x + dx, middle.y + dy)])
        trenches.append(axis.buffer(0.6, cap_style="flat"))
    return {
        "parcel": list(parcels[random.integers(0, len(parcels), count)]),
        "trench 150 x 1.2 m": trenches,
    }


def methods(url: str, known: tuple[Shapes, Any, list[str]], opened: list[Connection]) -> list[Method]:
    """Every way to ask, each on a connection of its own."""
    lines, reach, ids = known
    far = MARGIN_M + float(reach.max())
    reads = run_as_app(reading_engine(url))
    ours, plain, best = reads.connect(), make_engine(url).connect(), reading_engine(url).connect()
    opened += [ours, plain, best]
    raw, narrow = plain.connection.cursor(), best.connection.cursor()
    ours_pid, plain_pid, best_pid = (
        each.exec_driver_sql("SELECT pg_backend_pid()").scalar_one() for each in (ours, plain, best)
    )
    raw.execute("PREPARE nothing AS SELECT 1 WHERE $1::bytea IS NULL")
    narrow.execute(NARROW)
    layer_ids = [f"{utility}_lines" for utility in UTILITY.values()]
    grid = ReachGrid(lines, reach)

    def sql(statement: str) -> Callable[[Any], Rows]:
        def ask(shape: Any) -> Rows:
            raw.execute(statement, {"p": shapely.to_wkb(shape), "far": far})
            return [(row[0], row[1]) for row in raw.fetchall()]

        return ask

    def empty(shape: Any) -> Rows:
        raw.execute("EXECUTE nothing (%(p)s)", {"p": shapely.to_wkb(shape)})
        raw.fetchall()
        return []

    def possible(shape: Any) -> Rows:
        known = shapely.to_wkb(shapely.set_srid(shape, SRID), hex=True, include_srid=True)
        narrow.execute("EXECUTE narrow (%(p)s, %(far)s)", {"p": known, "far": MARGIN_M})
        return [(row[0], row[1]) for row in narrow.fetchall()]

    def brief(shape: Any) -> Rows:
        return [(row[1], row[2]) for row in ids_within_reach(ours, CITY, layer_ids, shape, MARGIN_M)]

    def whole(shape: Any) -> Rows:
        found = within_reach(ours, CITY, layer_ids, shape, MARGIN_M)
        return [(each.feature_id, each.distance_m) for each in found]

    def kernel(shape: Any) -> Rows:
        found = grid.near(np.array([shape]), MARGIN_M)
        return [(ids[line], apart) for line, apart in zip(found.lines, found.distance_m, strict=True)]

    return [
        Method("plain psycopg2, ST_DWithin", sql(DWITHIN), sql(DWITHIN), pid=plain_pid),
        Method("the same, rows in our order", sql(ORDERED), sql(ORDERED), pid=plain_pid),
        Method("plain psycopg2, ST_Buffer", sql(BUFFER), sql(BUFFER), pid=plain_pid),
        Method("empty prepared round trip", empty, empty, pid=plain_pid),
        Method("the server at best, no rights", possible, possible, pid=best_pid),
        Method("ours: ids and distances", brief, brief, pid=ours_pid),
        Method("ours: whole features", whole, whole, pid=ours_pid),
        Method("kernel, one by one", kernel, kernel),
        Method("kernel, all at once", None, kernel, lambda some: grid.near(np.array(some), MARGIN_M)),
    ]


def check(ways: list[Method], some: list[Any]) -> int:
    """All answer the same lines at the same distances; return how many lines were found."""
    total = 0
    for shape in some:
        wanted = dict(ways[0].rows(shape))
        total += len(wanted)
        for way in ways[1:]:
            if way.name.startswith("empty"):
                continue
            found = dict(way.rows(shape))
            assert found.keys() == wanted.keys(), (way.name, found.keys() ^ wanted.keys())
            assert all(abs(found[name] - apart) <= 1e-6 for name, apart in wanted.items()), way.name
    return total


def cpu_ms(way: Method) -> float:
    """CPU time so far of this process and of the server's that works for the method (Linux)."""
    served = int(Path(f"/proc/{way.pid}/schedstat").read_text().split()[0]) if way.pid else 0
    return time.process_time() * 1e3 + served / 1e6


def measure(ways: list[Method], some: list[Any], rounds: int) -> dict[str, Took]:
    """What the questions took, by method; a first round is not counted."""
    took = {way.name: Took([math.inf] * len(some)) for way in ways}
    for number in range(rounds + 1):
        for begin in range(0, len(some), CHUNK):
            for way in ways:
                mine, chunk = took[way.name], some[begin : begin + CHUNK]
                cpu = cpu_ms(way)
                each = asked(way, chunk)
                if number:
                    mine.cpu += cpu_ms(way) - cpu
                    mine.asked += len(chunk)
                    for at, value in enumerate(each, begin):
                        mine.quickest[at] = min(mine.quickest[at], value)
    return took


def asked(way: Method, some: list[Any]) -> list[float]:
    """Milliseconds of each question; where all are asked at once, the same share for each."""
    if way.many is not None:
        start = time.perf_counter()
        way.many(some)
        return [(time.perf_counter() - start) * 1000 / len(some)] * len(some)
    assert way.one is not None
    each = []
    for shape in some:
        start = time.perf_counter()
        way.one(shape)
        each.append((time.perf_counter() - start) * 1000)
    return each


def main() -> None:
    """Run and print."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--segments", type=int, nargs="+", default=[10_000, 100_000])
    parser.add_argument("--million", action="store_true", help="1,000,000 lines as well")
    parser.add_argument("--asks", type=int, default=150)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--seed", type=int, default=7)
    said = parser.parse_args()
    grown: dict[str, list[str]] = {}
    for segments in [*said.segments, *([1_000_000] if said.million else [])]:
        for name, cell in run(segments, said).items():
            grown.setdefault(name, []).append(cell)
    print("\nby number of lines: p50 ms (x plain / x empty)")
    for name, cells in grown.items():
        print(f"  {name:48} " + "".join(f"{cell:>24}" for cell in cells))


def run(segments: int, said: argparse.Namespace) -> dict[str, str]:
    """One city of so many lines; returns its column of the last table."""
    city = generate(segments, said.seed, with_z=False)
    opened: list[Connection] = []
    with tempfile.TemporaryDirectory(prefix="pjb-", dir="/tmp") as name:
        folder = Path(name)
        folder.chmod(0o755)
        cluster = Cluster(folder)
        cluster.ensure_running()
        try:
            url = cluster.create_database("conflict")
            migrate(url)
            engine = make_engine(url)
            known = load(engine, city)
            with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
                connection.execute(text("VACUUM ANALYZE"))
            return report(said, city, methods(url, known, opened))
        finally:
            for each in opened:
                each.close()
                each.engine.dispose()
            cluster.stop()


def report(said: argparse.Namespace, city: SyntheticCity, ways: list[Method]) -> dict[str, str]:
    """Print one city's tables; return what goes into the last one."""
    print(
        f"\n{city.segments} lines, seed {said.seed}, {said.rounds} rounds of {said.asks} questions, one client"
    )
    cells = {}
    for kind, some in asks(city, said.asks, said.seed).items():
        found = check(ways, some[:60])
        took = measure(ways, some, said.rounds)
        base = statistics.median(took[ways[0].name].quickest)
        trip = statistics.median(took["empty prepared round trip"].quickest)
        print(f"\n{kind}: {found / min(60, len(some)):.1f} lines found on average, the same by every method")
        print(f"  {'':30} {'p50 ms':>8} {'p99 ms':>8} {'CPU ms':>8} {'x plain':>8} {'x empty':>8}")
        for way in ways:
            mine = took[way.name]
            middle = statistics.median(mine.quickest)
            last = sorted(mine.quickest)[min(len(some) - 1, int(len(some) * 0.99))]
            print(
                f"  {way.name:30} {middle:8.3f} {last:8.3f} {mine.cpu / mine.asked:8.3f} "
                f"{base / middle:8.2f} {middle / trip:8.2f}"
            )
            cells[f"{kind}, {way.name}"] = f"{middle:.3f} ({base / middle:.2f} / {middle / trip:.2f})"
    return cells


if __name__ == "__main__":
    main()
