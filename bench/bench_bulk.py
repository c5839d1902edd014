"""Line features from GeoPackage into PostGIS: ours, `ogr2ogr` and `geopandas.to_postgis` in the same run.

    python -m bench.bench_bulk [--million] [--repeats 3] [--no-publish] [--file lines.gpkg]
    python -m bench.bench_bulk --peaks 10000 100000 250000 1000000

Two questions. *Copy*: the table as delivered, with primary key and GiST index (`layers.bulk.load`). *Publish*: from
the file to a published layer: read, mapped, checked, hashed, compared with what was there, versioned, with all its
indexes (`layers.ingest.deliver`); no peer does that, so its ratio is to the plain loads. Each load is a
process of its own, so that its peak memory can be told; times exclude the imports. Medians, interleaved.
`--peaks` asks a third one: the peak memory of a whole delivery by its number of lines, at the same density, and what
of it the process had before it began.
"""

from __future__ import annotations

import argparse
import json
import os
import re
import resource
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pyogrio
import pyogrio.raw
import shapely
from sqlalchemy import create_engine, text

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from bench.city import generate
from bench.city_ground import CRS
from layers.cluster import Cluster
from layers.database import make_engine, migrate

ROOT = Path(__file__).resolve().parent.parent
SRID = 32639
PLAIN = ("ours", "ogr2ogr", "to_postgis")


def write_lines(path: Path, count: int, seed: int = 1) -> None:
    """All network lines of a made-up city as one table `lines` of a GeoPackage, in random order."""
    city = generate(count, seed)
    layers = [city.layers[f"{name}_lines"] for name in city.networks]
    columns: dict[str, Any] = {}
    for name in ("line_id", "kind", "diameter_mm", "material", "depth_m", "accuracy_m", "year", "from_node",
                 "to_node", "main_id", "status", "origin"):  # fmt: skip
        parts = [layer.columns[name if name in layer.columns else "cable_type"] for layer in layers]
        columns[name] = np.concatenate(parts)
    shapes = np.concatenate([layer.shapes for layer in layers])
    order = np.random.default_rng(seed).permutation(len(shapes))
    pyogrio.raw.write(
        str(path), geometry=shapely.to_wkb(shapes[order]), field_data=[c[order] for c in columns.values()],
        fields=list(columns), geometry_type="LineString Z", crs=CRS, driver="GPKG", layer="lines",
    )  # fmt: skip


# --- the loads, each in a process of its own


# getrusage would tell the parent's peak where that is higher: it outlives exec.
_peak = {"ogr2ogr": 0.0}


def _high_water(pid: int | str) -> float:
    """The peak memory of a process in MB; 0 when it has ended."""
    try:
        found = re.search(r"VmHWM:\s+(\d+) kB", Path(f"/proc/{pid}/status").read_text())
    except OSError:
        return 0.0
    return int(found.group(1)) / 1024 if found else 0.0


def _ours(path: Path, url: str) -> None:
    from layers import bulk

    engine = create_engine(url)
    pooled = engine.raw_connection()
    bulk.load(pooled.dbapi_connection, path, "lines", ("public", "ours"), SRID, key="line_id")
    pooled.commit()


def _to_postgis(path: Path, url: str) -> None:
    import geopandas

    engine = create_engine(url)
    frame = geopandas.read_file(path, layer="lines")
    frame.to_postgis("to_postgis", engine, schema="public", index=False)
    with engine.begin() as connection:
        connection.execute(text("ALTER TABLE to_postgis ADD PRIMARY KEY (line_id)"))


def _ogr2ogr(path: Path, url: str) -> None:
    engine = create_engine(url)
    parts = engine.url
    where = f"PG:dbname={parts.database} user={parts.username} host={parts.query['host']}"
    child = subprocess.Popen(
        ["ogr2ogr", "-f", "PostgreSQL", where, str(path), "lines", "-nln", "ogr2ogr", "-lco", "GEOMETRY_NAME=geom",
         "-lco", "SCHEMA=public", "--config", "PG_USE_COPY", "YES"],
        stderr=subprocess.DEVNULL,
    )  # fmt: skip
    while child.poll() is None:
        _peak["ogr2ogr"] = max(_peak["ogr2ogr"], _high_water(child.pid))
        time.sleep(0.01)
    if child.returncode:
        raise SystemExit(f"ogr2ogr ended with {child.returncode}")


def _publish(path: Path, url: str) -> None:
    from layers.city import load_city
    from layers.ingest import deliver

    city = load_city(ROOT / "cities", "nemuneh")
    x0, y0, x1, y1 = (
        float(v) for v in pyogrio.read_info(path, layer="lines", force_total_bounds=True)["total_bounds"]
    )
    city = replace(city, extent_m=(x0 - 1000, y0 - 1000, x1 + 1000, y1 + 1000))
    spec = replace(city.layer("water_lines"), table="lines")
    report = deliver(make_engine(url), city, spec, path)
    if report.diff.added != report.read or not report.read:
        raise SystemExit(f"not all published: {report.as_dict() | {'issues': []}}")


LOADS: dict[str, Callable[[Path, str], None]] = {
    "ours": _ours,
    "ogr2ogr": _ogr2ogr,
    "to_postgis": _to_postgis,
    "publish": _publish,
}


def _child(name: str, path: Path, url: str) -> None:
    import geopandas  # noqa: F401 - imports are not part of the load

    from layers import bulk, ingest  # noqa: F401

    before = _high_water("self")
    started = time.perf_counter()
    LOADS[name](path, url)
    seconds = time.perf_counter() - started
    peak = _peak["ogr2ogr"] if name == "ogr2ogr" else _high_water("self")
    print(json.dumps({"seconds": seconds, "rss_mb": peak, "libraries_mb": before}))


# --- the bench


def _run(name: str, path: Path, cluster: Cluster) -> dict[str, Any]:
    database = f"b_{name}"
    if name == "publish":
        url = cluster.create_database(database, template="empty")
    else:
        url = cluster.create_database(database)
        engine = create_engine(url)
        with engine.begin() as connection:
            connection.execute(text("CREATE EXTENSION postgis"))
        engine.dispose()
    before = _cpu_seconds(cluster)
    done = subprocess.run(
        [sys.executable, "-m", "bench.bench_bulk", "--one", name, "--file", str(path), "--url", url],
        cwd=ROOT, capture_output=True, text=True, check=False,
    )  # fmt: skip
    if done.returncode:
        raise SystemExit(f"{name}: {done.stderr[-2000:]}")
    made: dict[str, Any] = json.loads(done.stdout.strip().splitlines()[-1])
    made["cpu"] = _cpu_seconds(cluster) - before
    made["sum"] = _checked(name, url)
    cluster.drop_database(database)
    return made


def _cpu_seconds(cluster: Cluster) -> float:
    """What ended processes have used so far: the loads' and the server's backends'. The same on a busy machine."""
    ours = resource.getrusage(resource.RUSAGE_CHILDREN)
    ticks = Path(f"/proc/{cluster.server_pid()}/stat").read_text().rpartition(")")[2].split()[13:15]
    return ours.ru_utime + ours.ru_stime + sum(map(int, ticks)) / os.sysconf("SC_CLK_TCK")


def _checked(name: str, url: str) -> tuple[int, float]:
    """Rows and their total length (2D): the same for all, or the load was no load."""
    engine = create_engine(url)
    source = "layers.network_line" if name == "publish" else f"public.{name}"
    geometry = "geometry" if name == "to_postgis" else "geom"
    with engine.connect() as connection:
        row = connection.execute(text(f"SELECT count(*), sum(ST_Length({geometry})) FROM {source}")).one()
    engine.dispose()
    return int(row[0]), round(float(row[1]), 1)


@contextmanager
def _cluster(with_publish: bool) -> Iterator[tuple[Path, Cluster]]:
    """A folder, and a cluster of its own in it."""
    folder = Path(tempfile.mkdtemp(prefix="pjb-", dir="/tmp"))
    folder.chmod(0o755)
    cluster = Cluster(folder / "c", settings={"max_wal_size": "4GB", "maintenance_work_mem": "256MB"})
    (folder / "c").mkdir(mode=0o755)
    try:
        cluster.ensure_running()
        if with_publish:
            migrate(cluster.create_database("empty"))
        yield folder, cluster
    finally:
        cluster.stop()
        shutil.rmtree(folder, ignore_errors=True)


def bench(count: int, repeats: int, with_publish: bool, given: Path | None = None) -> int:
    """Run every load `repeats` times, interleaved, and print medians and ratios; `given` is a file made before."""
    names = [*PLAIN, "publish"] if with_publish else list(PLAIN)
    runs: dict[str, list[dict[str, Any]]] = {name: [] for name in names}
    with _cluster(with_publish) as (folder, cluster):
        path = given or folder / "lines.gpkg"
        if given is None:
            write_lines(path, count)
        count = pyogrio.read_info(path, layer="lines")["features"]
        said = subprocess.run(["ogr2ogr", "--version"], capture_output=True, text=True, check=True)
        version = said.stdout.split(",")[0]
        print(f"{count:,} lines, {path.stat().st_size / 1e6:,.0f} MB, {repeats} runs; {version}, pyogrio "
              f"{pyogrio.__version__} (GDAL {pyogrio.__gdal_version_string__})")  # fmt: skip
        for _ in range(repeats):
            for name in names:
                runs[name].append(_run(name, path, cluster))
    return _report(count, runs)


def peaks(counts: list[int]) -> int:
    """Deliver so many lines each time, and print the peak memory of each delivery."""
    print(f"{'lines':>12}{'s':>8}{'peak MB':>9}{'libraries MB':>14}{'CPU s':>8}")
    with _cluster(with_publish=True) as (folder, cluster):
        for count in counts:
            path = folder / "lines.gpkg"
            write_lines(path, count)
            made = _run("publish", path, cluster)
            path.unlink()
            print(f"{count:>12,}{made['seconds']:>8.1f}{made['rss_mb']:>9,.0f}{made['libraries_mb']:>14,.0f}"
                  f"{made['cpu']:>8.1f}", flush=True)  # fmt: skip
    return 0


def _report(count: int, runs: dict[str, list[dict[str, Any]]]) -> int:
    sums = {each["sum"][0] for made in runs.values() for each in made}
    lengths = [each["sum"][1] for made in runs.values() for each in made]
    same = sums == {count} and max(lengths) - min(lengths) <= 1e-6 * max(lengths)
    print(f"{'':<12}{'s':>8}{'rows/s':>12}{'peak MB':>9}{'x to_postgis':>14}{'x ogr2ogr':>11}{'CPU s':>8}")
    for name, made in runs.items():
        seconds = statistics.median(each["seconds"] for each in made)
        rss = max(each["rss_mb"] for each in made)
        ratios = [
            statistics.median(p["seconds"] / o["seconds"] for p, o in zip(runs[peer], made, strict=True))
            for peer in ("to_postgis", "ogr2ogr")
        ]
        print(
            f"{name:<12}{seconds:>8.2f}{count / seconds:>12,.0f}{rss:>9,.0f}{ratios[0]:>14.2f}{ratios[1]:>11.2f}"
            f"{statistics.median(each['cpu'] for each in made):>8.1f}"
        )
    print("same rows and total length everywhere" if same else f"THE LOADS DIFFER: {sums} {lengths}")
    return 0 if same else 1


def main(arguments: list[str] | None = None) -> int:
    """Run the bench, or one load of it."""
    parser = argparse.ArgumentParser(description="Bulk load of line features.")
    parser.add_argument("--million", action="store_true", help="1,000,000 lines instead of 250,000")
    parser.add_argument("--lines", type=int, default=250_000)
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--no-publish", action="store_true", help="plain loads only")
    parser.add_argument(
        "--peaks", type=int, nargs="+", metavar="LINES", help="the peak memory of deliveries only"
    )
    parser.add_argument("--one", choices=LOADS, help=argparse.SUPPRESS)
    parser.add_argument(
        "--file", type=Path, help="a file that `write_lines` made before, instead of a new one"
    )
    parser.add_argument("--url", help=argparse.SUPPRESS)
    options = parser.parse_args(arguments)
    if options.one:
        _child(options.one, options.file, options.url)
        return 0
    if options.peaks:
        return peaks(options.peaks)
    count = 1_000_000 if options.million else options.lines
    return bench(count, options.repeats, not options.no_publish, options.file)


if __name__ == "__main__":
    sys.exit(main())
