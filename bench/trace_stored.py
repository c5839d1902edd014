"""The network as stored, kept and asked, beside what others do from the same database; used by bench_trace.

Ours: published layers in PostgreSQL -> COPY -> zones -> files; a question is the version's round trip, the section
with what loses supply beyond it, and the names of all of it. Peers: a recursive CTE over the edges and pgRouting in
the same database (a table of edges, indexed, analysed), igraph in memory (bench.trace_igraph, its own process; its
questions check no version and its answers are counted without names).
"""

from __future__ import annotations

import json
import os
import random
import resource
import shutil
import statistics
import subprocess
import tempfile
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
from sqlalchemy import Connection, Engine, text

from bench.city import generate
from geo.network import LinkRole, role_code
from geo.trace import Cut, DeviceState, section_of
from layers.city import City, load_city
from layers.cluster import Cluster
from layers.database import make_engine, migrate
from layers.ingest import import_city
from layers.network import CityNetwork, Networks
from layers.network_kept import keep
from layers.reads import reading_engine

ROOT = Path(__file__).resolve().parent.parent
WITH_IGRAPH = Path(__file__).with_name("trace_igraph.py")
NONE = np.zeros(0, dtype=np.int32)
# Each break is asked so often, and the quickest counts: others use the machine meanwhile. (SQL is asked twice.)
AGAIN = 5
Answer = tuple[frozenset[str], frozenset[str], frozenset[str]]


def timed(run: Callable[[], Any]) -> tuple[float, Any]:
    start = time.perf_counter()
    result = run()
    return time.perf_counter() - start, result


# --- the database


def stored_city(folder: Path, size: int, seed: int) -> tuple[Cluster, Engine, City]:
    """A private cluster in which the water network of a made-up city is imported and published."""
    whole = generate(size, seed, with_z=False)
    water = {name: layer for name, layer in whole.layers.items() if name.startswith("water")}
    made = replace(whole, layers=water)
    home = folder / "cities"
    shutil.copytree(ROOT / "cities" / "nemuneh", home / "nemuneh")
    for name in ("networks.toml", "hazards.csv"):
        shutil.copy(ROOT / "cities" / name, home / name)
    made.write(home / "nemuneh" / "nemuneh.gpkg")
    layers = home / "nemuneh" / "layers.toml"
    layers.write_text(
        layers.read_text(encoding="utf-8").replace("nemuneh.gpkg.zip", "nemuneh.gpkg"), encoding="utf-8"
    )
    city = load_city(home, "nemuneh")
    xy = np.concatenate([np.asarray(layer.shapes[0].coords)[:1] for layer in made.layers.values()])
    wide = (
        xy[:, 0].min() - 30_000,
        xy[:, 1].min() - 30_000,
        xy[:, 0].max() + 30_000,
        xy[:, 1].max() + 30_000,
    )
    specs = tuple(spec for spec in city.layers if spec.utility == "water")
    city = replace(city, layers=specs, extent_m=tuple(float(each) for each in wide))
    cluster = Cluster(folder / "cluster")
    cluster.ensure_running()
    url = cluster.create_database("bench")
    migrate(url)
    engine = make_engine(url)
    took, _ = timed(lambda: import_city(engine, city, home))
    print(f"import of the water layers {took:.1f} s (read, checked, compared, published, indexed)")
    return cluster, engine, city


# --- ours


Named = tuple[list[str], list[str], list[str]]


def section(network: CityNetwork, link: str) -> Named:
    """The names of the valves to close, of the links of the section, and of those beyond it that lose supply."""
    inner = network.zones.network
    found = section_of(network.zones, Cut(inner.links([link]), NONE, NONE), DeviceState.of(inner))
    names = inner.link_ids
    return (
        inner.device_ids.texts(found.to_close),  # type: ignore[attr-defined]
        names.texts(found.mains) + names.texts(found.services),  # type: ignore[attr-defined]
        names.texts(found.dry_mains) + names.texts(found.dry_services),  # type: ignore[attr-defined]
    )


def ours(
    engine: Engine, city: City, folder: Path, chosen: list[str]
) -> tuple[list[float], list[Answer], tuple[float, float]]:
    """Seconds of each question, the answers, and the seconds of a rebuild: by kept columns, by the rows."""
    reader = reading_engine(engine.url.render_as_string(hide_password=False))
    with reader.connect() as connection:
        Networks(engine, folder / "first").get(connection, city, "water")  # compile

        def rebuilt(name: str) -> float:
            homes = (folder / f"{name}{k}" for k in range(AGAIN))
            return min(
                timed(lambda h=home: Networks(engine, h).get(connection, city, "water"))[0]  # type: ignore[misc]
                for home in homes
            )

        cold = rebuilt("cold")
        with engine.begin() as owner:
            stored = owner.execute(
                text("SELECT sum(octet_length(columns)) FROM layers.kept_columns")
            ).scalar_one()
            owner.execute(text("DELETE FROM layers.kept_columns"))
        from_rows = rebuilt("rows")
        keeping, _ = timed(lambda: keep(engine, city, [spec.layer_id for spec in city.layers]))
        network = Networks(engine, folder / "cold3").get(connection, city, "water")
        kept = sum(path.stat().st_size for path in (folder / "cold3").rglob("*") if path.is_file())
        attach = [
            timed(lambda: Networks(engine, folder / "cold3").get(connection, city, "water"))[0]
            for _ in range(9)
        ]
        networks = Networks(engine, folder / "cold3")
        for link in chosen[:5]:
            section(networks.get(connection, city, "water"), link)  # pages of the files, compiled code
        print(
            f"{network.about['links']:,} links, {network.about['valves']:,} valves, {network.about['zones']:,} zones\n"
            f"ours: cold from PostgreSQL to files {cold:.3f} s by the columns kept at publication "
            f"({stored / 1e6:.1f} MB, made in {keeping:.2f} s), {from_rows:.3f} s by the rows alone; "
            f"lines, attributes and places included; "
            f"another process attaches in {statistics.median(attach) * 1e3:.1f} ms; "
            f"{kept / 1e6:.1f} MB of files, pages shared"
        )
        took, answers = [], []
        for link in chosen:
            tries = [
                timed(lambda link=link: section(networks.get(connection, city, "water"), link))  # type: ignore[misc]
                for _ in range(AGAIN)
            ]
            answer = tries[0][1]
            took.append(min(seconds for seconds, _ in tries))
            answers.append(tuple(frozenset(part) for part in answer))
        version = [timed(lambda: networks.get(connection, city, "water"))[0] for _ in range(200)]
    reader.dispose()
    print(f"  of a warm question, the version's round trip {statistics.median(version) * 1e3:.2f} ms")
    return took, answers, (cold, from_rows)


# --- peers in the database

EDGES = """
CREATE TABLE edge AS
    SELECT (row_number() OVER (ORDER BY l.feature_id))::bigint AS id, l.feature_id AS name,
        a.n AS source, b.n AS target, 1.0::float8 AS cost, 1.0::float8 AS reverse_cost
    FROM layers.network_line l
    JOIN node a ON a.name = l.from_node JOIN node b ON b.name = l.to_node WHERE l.retired_by IS NULL;
ALTER TABLE edge ADD PRIMARY KEY (id);
CREATE INDEX ON edge (name);
CREATE TABLE arc AS SELECT source AS a, target AS b, id FROM edge UNION ALL SELECT target, source, id FROM edge;
CREATE INDEX ON arc (a) INCLUDE (b, id);
CREATE TABLE valve AS SELECT n.n, d.feature_id AS name FROM layers.network_device d JOIN node n ON n.name = d.node_id
    WHERE d.retired_by IS NULL AND d.kind = 'valve'
        AND coalesce(d.attributes ->> 'operable', 'true') NOT IN ('false', '0');
CREATE UNIQUE INDEX ON valve (n);
CREATE TABLE source AS SELECT n.n FROM layers.network_device d JOIN node n ON n.name = d.node_id
    WHERE d.retired_by IS NULL AND d.kind = 'reservoir';
"""
FREE = """
CREATE VIEW edge_free AS
SELECT e.* FROM edge e WHERE NOT EXISTS (SELECT FROM valve v WHERE v.n IN (e.source, e.target))
"""
NODES = """
CREATE TABLE node AS SELECT row_number() OVER ()::bigint AS n, name FROM (
    SELECT from_node AS name FROM layers.network_line WHERE retired_by IS NULL
    UNION SELECT to_node FROM layers.network_line WHERE retired_by IS NULL) x;
CREATE UNIQUE INDEX ON node (name);
"""
SECTION = """
CREATE TEMP TABLE section ON COMMIT DROP AS
WITH RECURSIVE walk(n) AS (
    SELECT v.n FROM edge e CROSS JOIN LATERAL (VALUES (e.source), (e.target)) AS v(n)
        WHERE e.name = :link
    UNION
    SELECT c.b FROM walk w JOIN arc c ON c.a = w.n WHERE NOT EXISTS (SELECT FROM valve v WHERE v.n = w.n))
SELECT n, EXISTS (SELECT FROM valve v WHERE v.n = walk.n) AS bars FROM walk
"""
INSIDE = """
CREATE TEMP TABLE inside ON COMMIT DROP AS
SELECT DISTINCT c.id FROM section s JOIN arc c ON c.a = s.n WHERE NOT s.bars
UNION SELECT id FROM edge WHERE name = :link
"""
FED = """
WITH RECURSIVE fed(n) AS (
    SELECT n FROM source WHERE n NOT IN (SELECT n FROM section WHERE NOT bars)
    UNION
    SELECT c.b FROM fed f JOIN arc c ON c.a = f.n WHERE NOT EXISTS (SELECT FROM inside i WHERE i.id = c.id))
SELECT e.name FROM edge e WHERE NOT EXISTS (SELECT FROM fed f WHERE f.n = e.source)
    AND NOT EXISTS (SELECT FROM inside i WHERE i.id = e.id)
"""


def by_cte(connection: Connection, link: str) -> Answer:
    with connection.begin():
        connection.execute(text(SECTION), {"link": link})
        connection.execute(text(INSIDE), {"link": link})
        connection.execute(text("CREATE UNIQUE INDEX ON inside (id)"))
        connection.execute(text("ANALYZE inside"))
        lost = frozenset(connection.execute(text(FED)).scalars())
        return _told(connection, lost)


def _told(connection: Connection, lost: frozenset[str]) -> Answer:
    valves = connection.execute(text("SELECT v.name FROM section s JOIN valve v ON v.n = s.n")).scalars()
    inside = connection.execute(text("SELECT e.name FROM inside i JOIN edge e ON e.id = i.id")).scalars()
    return frozenset(valves), frozenset(inside), lost


BFS = """
CREATE TEMP TABLE section ON COMMIT DROP AS
SELECT DISTINCT x.n, EXISTS (SELECT FROM valve v WHERE v.n = x.n) AS bars FROM (
    SELECT r.node AS n FROM edge e CROSS JOIN LATERAL pgr_breadthFirstSearch(
        'SELECT id, source, target, cost, reverse_cost FROM edge_free',
        ARRAY(SELECT n FROM (VALUES (e.source), (e.target)) AS v(n)
            WHERE NOT EXISTS (SELECT FROM valve w WHERE w.n = v.n)),
        directed := false) r
        WHERE e.name = :link
    UNION SELECT v.n FROM edge e CROSS JOIN LATERAL (VALUES (e.source), (e.target)) AS v(n) WHERE e.name = :link) x
"""
BFS_FED = """
WITH fed AS MATERIALIZED (
    SELECT DISTINCT r.node AS n FROM pgr_breadthFirstSearch(
        'SELECT id, source, target, cost, reverse_cost FROM edge WHERE id NOT IN (SELECT id FROM inside)',
        ARRAY(SELECT n FROM source WHERE n NOT IN (SELECT n FROM section WHERE NOT bars)), directed := false) r)
SELECT e.name FROM edge e WHERE NOT EXISTS (SELECT FROM fed f WHERE f.n = e.source)
    AND NOT EXISTS (SELECT FROM inside i WHERE i.id = e.id)
"""


def by_pgrouting(connection: Connection, link: str) -> Answer:
    """Two calls: out from the break over edges between non-valves, then from the sources around the section."""
    with connection.begin():
        connection.execute(text(BFS), {"link": link})
        # the edges to the bounding valves, and those valves themselves
        connection.execute(
            text("INSERT INTO section SELECT DISTINCT c.b, true FROM section s JOIN arc c ON c.a = s.n "
                 "JOIN valve v ON v.n = c.b WHERE NOT s.bars AND NOT EXISTS (SELECT FROM section t WHERE t.n = c.b)")
        )  # fmt: skip
        connection.execute(text(INSIDE), {"link": link})
        lost = frozenset(connection.execute(text(BFS_FED)).scalars())
        return _told(connection, lost)


# --- igraph


def by_igraph(
    python: Path, folder: Path, engine: Engine, chosen: list[str]
) -> tuple[dict[str, Any], list[Answer]]:
    """What igraph says, in its own environment."""
    wanted, out = folder / "chosen.json", folder / "igraph.json"
    wanted.write_text(json.dumps(chosen))
    url = engine.url
    dsn = f"host={url.query['host']} user={url.username} dbname={url.database}"
    subprocess.run([str(python), str(WITH_IGRAPH), dsn, str(wanted), str(out)], check=True)
    said = json.loads(out.read_text())
    return said, [tuple(frozenset(part) for part in answer) for answer in said["answers"]]


# --- together


def _compared(one: Answer, other: Answer) -> bool:
    """Equal but for the valves that have the section on both sides: only ours tells them apart."""
    return one[0] <= other[0] and one[1] == other[1] and one[2] == other[2]


def run(size: int, seed: int, breaks: int, python: Path | None) -> None:
    folder = Path(tempfile.mkdtemp(prefix="pjn-", dir="/tmp"))
    folder.chmod(0o755)
    cluster, engine, city = stored_city(folder, size, seed)
    try:
        _run(folder, engine, city, breaks, seed, python)
    finally:
        engine.dispose()
        cluster.stop()
        shutil.rmtree(folder, ignore_errors=True)


def _run(folder: Path, engine: Engine, city: City, breaks: int, seed: int, python: Path | None) -> None:
    with engine.connect() as connection:
        network = Networks(engine, folder / "nets").get(connection, city, "water")
    inner = network.zones.network
    mains = np.flatnonzero(inner.link_role == role_code(LinkRole.MAIN))
    chosen = [inner.link_ids[k] for k in random.Random(seed).sample(mains.tolist(), max(breaks, 200))]
    took, answers, cold = ours(engine, city, folder, chosen)
    base = statistics.median(took)
    memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(
        f"  warm question p50 {base * 1e3:.2f} ms, p99 {np.quantile(took, 0.99) * 1e3:.2f} ms, "
        f"quickest {min(took) * 1e3:.2f} ms; "
        f"peak memory of this process {memory:.0f} MB, the import included"
    )
    with engine.begin() as connection:
        for statement in (NODES, EDGES, "ANALYZE"):
            connection.execute(text(statement))
        connection.execute(text(FREE))
        has_pgrouting = connection.execute(
            text("SELECT count(*) FROM pg_available_extensions WHERE name = 'pgrouting'")
        ).scalar_one()
        if has_pgrouting:
            connection.execute(text("CREATE EXTENSION pgrouting"))
    few = chosen[: min(breaks, 1 if len(mains) > 100_000 else 5)]
    peers: dict[str, list[float]] = {}
    methods: dict[str, Callable[[Connection, str], Answer]] = {"recursive CTE on edges": by_cte}
    if has_pgrouting:
        methods["pgRouting BFS, 2 calls"] = by_pgrouting
    with engine.connect() as connection:
        for name, method in methods.items():
            for k, link in enumerate(few):
                tries = [timed(lambda m=method, one=link: m(connection, one)) for _ in range(2)]  # type: ignore[misc]
                answer = tries[0][1]
                peers.setdefault(name, []).append(min(seconds for seconds, _ in tries))
                assert _compared(answers[k], answer), (name, link)
    if python is not None:
        said, theirs = by_igraph(python, folder, engine, chosen[:breaks])
        assert all(_compared(one, other) for one, other in zip(answers, theirs, strict=False)), (
            "igraph differs"
        )
        peers[f"igraph {said['version']}"] = said["took"]
        for way, seconds in said["load"].items():
            print(
                f"igraph: load from PostgreSQL {way} {seconds:.2f} s; our rebuild is {cold[0] / seconds:.2f}x "
                f"(goal 0.4), by the rows alone {cold[1] / seconds:.2f}x; "
                f"{said['mb']:.0f} MB"
            )
    for name, seconds in peers.items():
        slower = statistics.median(seconds) / base
        print(
            f"  {name:28} p50 {statistics.median(seconds) * 1e3:10.1f} ms   {slower:10,.0f}x   "
            f"quickest {min(seconds) * 1e3:.1f} ms, {min(seconds) / min(took):,.0f}x our quickest "
            f"({len(seconds)} breaks, answers equal)"
        )
    if not has_pgrouting:
        print("  pgRouting: not installed on this server (Debian: postgresql-15-pgrouting)")
    os.sync()
