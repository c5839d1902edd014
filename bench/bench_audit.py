"""The city-wide clearance audit, end to end from PostGIS, beside PostGIS's own self-join, shapely and GeoPandas.

    python bench/bench_audit.py [--million] [--repeats 3]

One city, one set of rules, one run; every method finds the same pairs with the same sum of distances. "From
PostGIS" counts everything from the stored rows to the pairs, ranked in our case only; CPU is that of this program
and of the database's process together, which is what one core would need. Ours runs in a process of its own, whose
peak memory is printed. "Join alone" compares the joins without reading, on shapes or arrays in memory. The ratios
are what holds on a shared machine.
"""

from __future__ import annotations

import argparse
import io
import json
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from itertools import pairwise
from pathlib import Path
from typing import Any

import geopandas as gpd
import numpy as np
import shapely
from sqlalchemy import Engine, text

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from bench.city import generate
from geo.audit import near_lines
from geo.rules import ClearanceRule, Party, RulePack, RuleStatus
from geo.survey import _as_lines, _book, _known
from geo.vocabulary import Kind
from layers.auditing import audit
from layers.cluster import Cluster
from layers.database import make_engine, migrate
from layers.survey_reading import snapshot

SEED = 7
CITY = "benchtown"
# layer of the generator -> kind, and the class of its mains and of its services
TRADES = {
    "water": (Kind.WATER, "main", "service"), "gas": (Kind.GAS, "main", "service"),
    "power_lv": (Kind.ELECTRICITY, "MV", "LV"), "sewer": (Kind.SEWER, "main", "service"),
    "telecom": (Kind.TELECOM, "duct", "channel"),
}  # fmt: skip
PARTIES = [(kind, code) for kind, *codes in TRADES.values() for code in codes]
Pairs = tuple[Any, Any, Any]


def pack() -> RulePack:
    """Made-up rules between ten classes (five networks, two each): 0.3 to 1.5 m aside, 0.2 to 0.5 m in depth."""
    random = np.random.default_rng(SEED)
    rules = []
    for i, (kind, code) in enumerate(PARTIES):
        for other, other_code in PARTIES[:i]:
            aside, down = round(random.uniform(0.3, 1.5), 3), round(random.uniform(0.2, 0.5), 3)
            if kind != other:
                rules.append(ClearanceRule(
                    f"bench-{len(rules)}", Party(kind, code), Party(other, other_code), aside, down, "made up", "",
                    date(2026, 11, 22), RuleStatus.UNCONFIRMED,
                ))  # fmt: skip
    return RulePack("bench", "bench", tuple(rules))


# --- the city in the database


def load(engine: Engine, segments: int) -> None:
    """The city's lines in the product's own table, in the order of delivery: none."""
    city = generate(segments, SEED, with_z=False)
    rows: list[str] = []
    for name, (kind, main, service) in TRADES.items():
        layer = city.layers[f"{name}_lines"]
        told = layer.columns
        wkb = shapely.to_wkb(shapely.set_srid(layer.shapes, 32639), hex=True, include_srid=True)
        is_service = told["kind"] == "service"
        code = np.where(is_service, service, main)
        role = np.where(is_service, "service", "main")
        has_role = main == "main"
        rows += [
            f"{CITY}\t{name}\t{i}\t{kind}\tx\t-\t{kind}\t{r}\t{'' if has_role else c}\t{d}\t{t}\tsurveyed\t{a}\tB\t"
            f"in_service\t1\t{g}\n"
            for i, r, c, d, t, a, g in zip(
                told["line_id"], role, code, told["diameter_mm"].tolist(), told["depth_m"].tolist(),
                told["accuracy_m"].tolist(), wkb, strict=True,
            )
        ]  # fmt: skip
    order = np.random.default_rng(SEED).permutation(len(rows)).tolist()
    stream = io.StringIO("".join(rows[k] for k in order))
    with engine.begin() as connection:
        connection.execute(text(f"SELECT layers.add_city('{CITY}', 32639)"))
        connection.execute(text(
            "INSERT INTO layers.delivery (city_id, layer_id, source_name, source_crs, source_operation, row_count, "
            f"added, changed, removed, report, published_at) VALUES ('{CITY}', 'x', 'x', 'x', 'x', 0, 0, 0, 0, "
            "'{}', now())"
        ))  # fmt: skip
        cursor = connection.connection.cursor()
        cursor.copy_expert(
            "COPY layers.network_line (city_id, layer_id, feature_id, owner_agency, source_crs, source_operation, "
            "utility, role, class_code, diameter_mm, cover_m, cover_source, horizontal_uncertainty_m, quality_level, "
            "status, published_by, geom) FROM STDIN WITH (NULL '')",
            stream, 1 << 20,
        )  # fmt: skip
    # the peer's own table: no more than it needs, its classes as numbers, its rules beside it
    parties = ", ".join(f"('{kind}', '{code}', {n})" for n, (kind, code) in enumerate(PARTIES))
    rules = ", ".join(
        f"({PARTIES.index((one.kind, one.class_code))}, {PARTIES.index((other.kind, other.class_code))}, "
        f"{rule.horizontal_m}, {rule.vertical_m})"
        for rule in pack()
        for one, other in ((rule.a, rule.b), (rule.b, rule.a))
    )
    with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        for statement in (
            f"""CREATE TABLE lean AS SELECT row_id AS id, c.n AS class, diameter_mm / 2000 AS r, cover_m AS top,
                cover_m + diameter_mm / 1000 AS bottom, geom FROM layers.network_line l
                JOIN (VALUES {parties}) AS c (kind, code, n)
                ON c.kind = l.utility AND c.code = coalesce(class_code, role)
                ORDER BY random()""",
            "CREATE INDEX ON lean USING gist (geom)",
            f"CREATE TABLE rule AS SELECT * FROM (VALUES {rules}) AS v (a, b, h, v)",
            "VACUUM ANALYZE lean",
            "ANALYZE rule",
            "VACUUM ANALYZE layers.network_line",
            "CHECKPOINT",
        ):
            connection.execute(text(statement))


# --- the methods


@dataclass
class Timed:
    wall: float
    cpu: float
    count: int
    metres: float
    peak_gb: float = 0.0
    reading: float = 0.0


def backend(pid: int) -> float:
    """CPU seconds of a process until now."""
    fields = Path(f"/proc/{pid}/stat").read_text(encoding="ascii").rsplit(") ", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


# ST_DWithin by the widest rule, then the rules; and, with more care, boxes first, rules next, distance last.
BY_DWITHIN = """
    SELECT count(*), sum(d) FROM (
        SELECT ST_Distance(a.geom, b.geom) AS d, rule.h + (a.r + b.r) AS allowed
        FROM lean a JOIN lean b ON a.id < b.id AND ST_DWithin(a.geom, b.geom, {reach})
        JOIN rule ON rule.a = a.class AND rule.b = b.class
            AND greatest(a.top - b.bottom, b.top - a.bottom, 0) < rule.v
        OFFSET 0) AS near WHERE d < allowed
"""
BY_BOXES = """
    SELECT count(*), sum(d) FROM (
        SELECT ST_Distance(a.geom, b.geom) AS d, rule.h + (a.r + b.r) AS allowed
        FROM lean a JOIN lean b ON a.id < b.id AND b.geom && ST_Expand(a.geom, {reach})
        JOIN rule ON rule.a = a.class AND rule.b = b.class
            AND greatest(a.top - b.bottom, b.top - a.bottom, 0) < rule.v
        OFFSET 0) AS near WHERE d < allowed
"""


def by_postgis(engine: Engine, statement: str) -> Timed:
    """The self-join in one backend, with GiST; only the count and the sum of the distances leave the database."""
    with engine.connect() as connection:
        connection.execute(text("SET max_parallel_workers_per_gather = 0"))
        connection.execute(text("SET jit = off"))
        pid = connection.execute(text("SELECT pg_backend_pid()")).scalar_one()
        reach = connection.execute(
            text("SELECT max(h) + 2 * (SELECT max(r) FROM lean) FROM rule")
        ).scalar_one()
        start, cpu = time.perf_counter(), backend(pid)
        count, metres = connection.execute(text(statement.format(reach=reach))).one()
        return Timed(time.perf_counter() - start, backend(pid) - cpu, count, metres)


def by_ours(engine: Engine) -> Timed:
    """In a process of its own: the second of two audits, so that its code is compiled."""
    done = subprocess.run(
        [sys.executable, __file__, "--ours", engine.url.render_as_string(hide_password=False)],
        check=True, capture_output=True, text=True,
    )  # fmt: skip
    return Timed(**json.loads(done.stdout))


def peak_kib() -> int:
    """The program's highest memory: what `getrusage` says would count the program that started it."""
    told = Path("/proc/self/status").read_text(encoding="ascii")
    return next(int(line.split()[1]) for line in told.splitlines() if line.startswith("VmHWM"))


def ours(url: str) -> None:
    engine = make_engine(url, pool_size=1)
    rules = pack()
    audit(engine, CITY, rules)  # imports, compiled code, the database's cache
    with engine.connect() as connection:
        pid = connection.execute(text("SELECT pg_backend_pid()")).scalar_one()
    start, cpu = time.perf_counter(), time.process_time() + backend(pid)
    made = audit(engine, CITY, rules)
    wall, spent = time.perf_counter() - start, time.process_time() + backend(pid) - cpu
    metres = float(np.asarray(made.pairs["separation_h_m"]).sum())
    peak = peak_kib() / 2**20
    json.dump({"wall": wall, "cpu": spent, "count": len(made), "metres": metres, "peak_gb": peak}, sys.stdout)


@dataclass
class Shapes:
    """What the peers in memory are given."""

    shapes: Any
    classes: Any
    radius: Any
    top: Any
    bottom: Any


def read_shapes(engine: Engine) -> Shapes:
    with engine.connect() as connection:
        rows = connection.execute(
            text("SELECT class, r, top, bottom, ST_AsBinary(geom) FROM lean ORDER BY id")
        )
        classes, r, top, bottom, wkb = zip(*rows.cursor.fetchall(), strict=True)
    shapes = shapely.from_wkb([bytes(each) for each in wkb])
    return Shapes(shapes, np.array(classes, dtype=np.int32), *(np.array(each) for each in (r, top, bottom)))


def matrices() -> tuple[Any, Any]:
    h, v = np.zeros((len(PARTIES),) * 2), np.zeros((len(PARTIES),) * 2)
    for rule in pack():
        i, j = (PARTIES.index((side.kind, side.class_code)) for side in (rule.a, rule.b))
        h[i, j] = h[j, i] = rule.horizontal_m
        v[i, j] = v[j, i] = rule.vertical_m
    return h, v


def ruled(s: Shapes, i: Any, j: Any) -> tuple[Any, Any]:
    """Of these candidate pairs those that the classes and the depths leave."""
    h, v = matrices()
    once = i < j
    i, j = i[once], j[once]
    one, other = s.classes[i], s.classes[j]
    gap = np.maximum(np.maximum(s.top[i] - s.bottom[j], s.top[j] - s.bottom[i]), 0.0)
    keep = (h[one, other] > 0) & (gap < v[one, other])
    return i[keep], j[keep]


def allowed(s: Shapes, i: Any, j: Any) -> Any:
    return matrices()[0][s.classes[i], s.classes[j]] + (s.radius[i] + s.radius[j])


def measured(s: Shapes, i: Any, j: Any) -> Pairs:
    apart = shapely.distance(s.shapes[i], s.shapes[j])
    close = apart < allowed(s, i, j)
    return i[close], j[close], apart[close]


def reach(s: Shapes) -> Any:
    return matrices()[0].max(axis=1)[s.classes] + s.radius + s.radius.max()


def by_dwithin(s: Shapes) -> Pairs:
    i, j = shapely.STRtree(s.shapes).query(s.shapes, predicate="dwithin", distance=reach(s))
    return measured(s, *ruled(s, i, j))


def by_boxes(s: Shapes) -> Pairs:
    """As good as shapely gets: boxes from the tree, rules first, distance last, in chunks that fit the memory."""
    tree, bounds, wide = shapely.STRtree(s.shapes), shapely.bounds(s.shapes), reach(s)
    grown = shapely.box(*(bounds + np.stack([-wide, -wide, wide, wide], axis=1)).T)
    found = []
    for first in range(0, len(grown), 50_000):
        i, j = tree.query(grown[first : first + 50_000])
        i, j = ruled(s, i + first, j)
        a, b = bounds[i], bounds[j]
        apart = np.maximum(a[:, :2], b[:, :2]) - np.minimum(a[:, 2:], b[:, 2:])
        near = (apart < allowed(s, i, j)[:, None]).all(axis=1)
        found.append(measured(s, i[near], j[near]))
    return tuple(np.concatenate(column) for column in zip(*found, strict=True))  # type: ignore[return-value]


def by_geopandas(s: Shapes) -> Pairs:
    frame = gpd.GeoDataFrame(geometry=s.shapes)
    joined = frame.sjoin(frame, predicate="dwithin", distance=reach(s))
    return measured(s, *ruled(s, joined.index.to_numpy(), joined["index_right"].to_numpy()))


PEERS: dict[str, Callable[[Shapes], Pairs]] = {
    "shapely boxes, rules first": by_boxes,
    "shapely STRtree dwithin": by_dwithin,
    "GeoPandas sjoin dwithin": by_geopandas,
}


def by_peer(engine: Engine, method: Callable[[Shapes], Pairs]) -> Timed:
    with engine.connect() as connection:
        pid = connection.execute(text("SELECT pg_backend_pid()")).scalar_one()
    start, cpu = time.perf_counter(), time.process_time() + backend(pid)
    shapes = read_shapes(engine)
    reading = time.process_time() + backend(pid) - cpu
    _, _, apart = method(shapes)
    spent = time.process_time() + backend(pid) - cpu
    return Timed(time.perf_counter() - start, spent, len(apart), float(apart.sum()), reading=reading)


# --- the run


def compare(cluster: Cluster, segments: int, repeats: int, brief: bool) -> dict[str, Timed]:
    engine = make_engine(cluster.create_database(f"bench{segments}", template="bench"), pool_size=1)
    began = time.perf_counter()
    load(engine, segments)
    print(f"\n{segments:,} lines, loaded in {time.perf_counter() - began:.0f} s", flush=True)
    methods: dict[str, Callable[[], Timed]] = {
        "ours, ranked": lambda: by_ours(engine),
        "PostGIS self-join ST_DWithin": lambda: by_postgis(engine, BY_DWITHIN),
        "PostGIS boxes, rules first": lambda: by_postgis(engine, BY_BOXES),
    }
    for name, method in PEERS.items():
        methods[name] = lambda method=method: by_peer(engine, method)
    if brief:
        methods = {name: methods[name] for name in list(methods)[:2]}
    runs: dict[str, list[Timed]] = {name: [] for name in methods}
    for _ in range(repeats):
        for name, run in methods.items():
            runs[name].append(run())
    told = {name: median(each) for name, each in runs.items()}
    base = told["ours, ranked"]
    core_ours, core_boxes = cores(engine, repeats)
    print(f"  {base.count:,} pairs; from PostGIS to pairs:")
    print(f"  {'':32} {'wall s':>8} {'ratio':>8} {'CPU s':>8} {'ratio':>8} {'pairs/CPU s':>12}")
    for name, each in told.items():
        print(
            f"  {name:32} {each.wall:8.3f} {each.wall / base.wall:7.1f}x {each.cpu:8.3f} {each.cpu / base.cpu:7.1f}x"
            f" {each.count / each.cpu:12,.0f}"
        )
        assert each.count == base.count, f"{name} finds other pairs"
    print(
        f"  join alone, CPU: ours {core_ours:.3f} s, shapely boxes {core_boxes:.3f} s: {core_boxes / core_ours:.1f}x;"
        f"  peak memory of ours {base.peak_gb:.2f} GB"
    )
    engine.dispose()
    cluster.drop_database(f"bench{segments}")
    return told


def cores(engine: Engine, repeats: int) -> tuple[float, float]:
    """CPU seconds of the joins alone: our arrays and the peer's shapes are in memory."""
    shapes, lines, rules = read_shapes(engine), snapshot(engine, CITY).lines, pack()
    book, known = _book(lines.groups, rules), _known(lines)
    given, need = _as_lines(lines, book, known.radius), book.requirements
    mine, theirs = [], []
    for _ in range(repeats + 1):
        start = time.process_time()
        near = near_lines(given, need)
        middle = time.process_time()
        _, _, apart = by_boxes(shapes)
        theirs.append(time.process_time() - middle)
        mine.append(middle - start)
        assert len(near) == len(apart)
        assert abs(near.apart_m.sum() - apart.sum()) < 1e-3
    return statistics.median(mine[1:]), statistics.median(theirs[1:])


def median(runs: list[Timed]) -> Timed:
    """The run with the median CPU time; they all found the same."""
    assert len({run.count for run in runs}) == 1
    return sorted(runs, key=lambda run: run.cpu)[len(runs) // 2]


def main() -> None:
    ask = argparse.ArgumentParser(description=__doc__)
    ask.add_argument("--million", action="store_true", help="also 1,000,000 lines (minutes)")
    ask.add_argument("--repeats", type=int, default=3)
    ask.add_argument("--brief", action="store_true", help="at 1,000,000 only ours and the self-join")
    ask.add_argument("--ours", help=argparse.SUPPRESS)
    options = ask.parse_args()
    if options.ours:
        ours(options.ours)
        return
    print(f"seed {SEED}")
    folder = Path(tempfile.mkdtemp(prefix="pjb-", dir="/tmp"))
    folder.chmod(0o755)
    settings = {
        "fsync": "off",
        "synchronous_commit": "off",
        "full_page_writes": "off",
        "shared_buffers": "512MB",
    }
    cluster = Cluster(folder, settings=settings)
    try:
        cluster.ensure_running()
        migrate(cluster.create_database("bench"))
        sizes = [10_000, 100_000, *([1_000_000] if options.million else [])]
        told = {}
        for size in sizes:
            repeats = options.repeats if size < 1_000_000 else 1
            told[size] = compare(cluster, size, repeats, options.brief and size == 1_000_000)
    finally:
        cluster.stop()
        shutil.rmtree(folder, ignore_errors=True)
    print("\ngrowth of CPU time with ten times the lines")
    for name in told[sizes[0]]:
        grown = [
            f"{told[b][name].cpu / told[a][name].cpu:.1f}x" for a, b in pairwise(sizes) if name in told[b]
        ]
        print(f"  {name:32} {', '.join(grown)}")


if __name__ == "__main__":
    main()
