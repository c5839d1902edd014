"""OGC API - Features and Tiles: ours, the bare floor, tipg and pygeoapi on the same rows, interleaved in one run.

    python bench/bench_ogc.py [--peers VENV] [--parcels 100000] [--rounds 5] [--requests 60]

Prints the processor time (ms) of one request, server and PostgreSQL together, as the median over rounds, its ratio to
the floor, and each goal with what was measured. "owner" is ours without rights in the database, "kept" ours with its
memory of tiles. Peers come from a scratch environment, because nothing of ours depends on them:

    python3.12 -m venv /path/to/peers
    /path/to/peers/bin/pip install tipg==1.6.1 uvicorn pygeoapi==0.24.0 gunicorn psycopg2-binary geoalchemy2
"""

from __future__ import annotations

import argparse
import json
import math
import random
import statistics
import sys
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import geopandas
import numpy as np
import shapely
from sqlalchemy import text

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from api import tokens  # noqa: E402
from bench.ogc_goals import gist_is_used, gzip_figures, pss_mb, told  # noqa: E402
from bench.ogc_servers import SRID, Server, floor_server, our_server, pygeoapi_server, tipg_server  # noqa: E402
from layers.city import load_city  # noqa: E402 - the bench runs from a checkout
from layers.cluster import Cluster  # noqa: E402
from layers.database import make_engine, make_sessions, migrate  # noqa: E402
from layers.ingest import import_city  # noqa: E402
from permits.vocabulary import Role  # noqa: E402

WEST, SOUTH = 270_000.0, 3_460_000.0
STEP_M = 18.0
CITY = """
id = "benchton"
name = { en = "Benchton", fa = "بنچ‌تون" }
country = "IR"
crs = "EPSG:32639"
extent_m = [260000.0, 3450000.0, 290000.0, 3480000.0]
operations = {}
timezone = "Asia/Tehran"
calendar = "jalali"
currency = "IRR"
clearance_pack = "default"
exchange = { lead_hours = 24, decide_margin_minutes = 60, hold_days = 7 }
consultation = { days = 10, lapse = "human" }
"""
AGENCIES = """
[[agency]]
id = "municipality"
kind = "municipality"
utilities = []
name = { en = "Municipality", fa = "شهرداری" }
capability = "L3"
consulted = false
contact = { phone = "1", email = "a@example", desk = { en = "Desk", fa = "میز" } }
"""
LAYERS = """
[[source]]
id = "file"
path = "parcels.gpkg"
delivered_on = 2026-10-01
licence = "CC0-1.0"
credit = "synthetic"

[[layer]]
id = "parcels"
name = { en = "Parcels", fa = "قطعات" }
target = "parcel"
source = "file"
table = "parcels"
owner = "municipality"
sensitivity = "public"
freshness_days = 1000
fields = { feature_id = "pid", area_m2 = "area", land_use = "use", renovation_code = "code", origin = "origin" }
"""


# --- data


def write_city(folder: Path, count: int, seed: int) -> None:
    """A city folder with one layer of warped parcels, and the GeoPackage it comes from."""
    place = folder / "benchton"
    place.mkdir(parents=True)
    for name, said in (("city", CITY), ("agencies", AGENCIES), ("tariffs", ""), ("layers", LAYERS)):
        (place / f"{name}.toml").write_text(said, encoding="utf-8")
    rng = np.random.default_rng(seed)
    side = math.isqrt(count - 1) + 1
    x, y = np.meshgrid(np.arange(side + 1) * STEP_M, np.arange(side + 1) * STEP_M)
    x, y = x + rng.normal(0, 1.5, x.shape) + WEST, y + rng.normal(0, 1.5, y.shape) + SOUTH
    corners = np.stack([x, y], axis=-1)
    middle = (corners[:-1, :-1] + corners[:-1, 1:]) / 2
    rings = np.stack(
        [corners[:-1, :-1], middle, corners[:-1, 1:], corners[1:, 1:], corners[1:, :-1], corners[:-1, :-1]],
        axis=2,
    )
    shapes = shapely.polygons(rings.reshape(-1, 6, 2))[:count]
    uses = np.array(["residential", "commercial", "mixed", "green"])
    frame = geopandas.GeoDataFrame(
        {
            "pid": [f"P{number:07d}" for number in range(count)],
            "area": np.round(shapely.area(shapes), 1),
            "use": uses[rng.integers(0, 4, count)],
            "code": [f"{number // 999:03d}-{number % 999:03d}" for number in range(count)],
            "origin": "synthetic",
        },
        geometry=shapes,
        crs=SRID,
    )
    frame.sample(frac=1, random_state=seed).to_file(place / "parcels.gpkg", layer="parcels", engine="pyogrio")


PLAIN = """
CREATE SCHEMA bench;
CREATE TABLE bench.parcels AS SELECT feature_id, area_m2, land_use, renovation_code, owner_agency, origin, geom
    FROM layers.parcel WHERE city_id = 'benchton' AND retired_by IS NULL;
ALTER TABLE bench.parcels ADD PRIMARY KEY (feature_id);
ALTER TABLE bench.parcels ALTER geom TYPE geometry(Polygon, 32639);
CREATE INDEX ON bench.parcels USING gist (geom);
ANALYZE bench.parcels;
"""


# --- measuring


def _tree(pid: int) -> list[int]:
    made, waiting = [], [pid]
    while waiting:
        current = waiting.pop()
        made.append(current)
        for task in Path(f"/proc/{current}/task").glob("*/children"):
            try:
                waiting += [int(child) for child in task.read_text().split()]
            except OSError:
                continue
    return made


def cpu_ms(pids: list[int]) -> float:
    """Processor time (ms) that these processes and their children have used so far."""
    total = 0
    for pid in {each for parent in pids for each in _tree(parent)}:
        for task in Path(f"/proc/{pid}/task").glob("*/schedstat"):
            try:
                total += int(task.read_text().split()[0])
            except OSError:
                continue
    return total / 1e6


@dataclass(frozen=True)
class Place:
    """Something to ask for."""

    values: dict[str, str]


def places(count: int, seed: int, parcels: int) -> list[Place]:
    """Seeded boxes (about 130 parcels), ids and tiles, the same for every server."""
    import pyproj

    rng = random.Random(seed)
    move = pyproj.Transformer.from_crs(SRID, 4326, always_xy=True).transform
    side = math.isqrt(parcels - 1) * STEP_M
    made = []
    for _ in range(count):
        x, y = WEST + rng.uniform(0.1, 0.85) * side, SOUTH + rng.uniform(0.1, 0.85) * side
        (west, east), (south, north) = move([x, x + 11 * STEP_M], [y, y + 11 * STEP_M])
        values = {
            "box": f"{west:.7f},{south:.7f},{east:.7f},{north:.7f}",
            "pid": f"P{rng.randrange(parcels):07d}",
        }
        values["deep"] = f"P{parcels - 150:07d}"
        for zoom in (14, 16):
            row = (1 - math.asinh(math.tan(math.radians(south))) / math.pi) / 2
            values |= {
                f"x{zoom}": str(int((west + 180) / 360 * 2**zoom)),
                f"y{zoom}": str(int(row * 2**zoom)),
            }
        made.append(Place(values))
    return made


def measured(
    server: Server,
    case: str,
    asked: list[Place],
    postmaster: int,
    hook: Callable[[], dict[str, str]] | None = None,
) -> float:
    """CPU-ms per request of this server and of PostgreSQL."""
    assert server.process is not None
    pids = [server.process.pid, postmaster]
    headers = hook() if hook else {}
    before = cpu_ms(pids)
    for place in asked:
        status, body, _ = server.get(server.paths[case].format(**place.values), headers)
        assert status in {200, 204, 304}, (server.name, case, status, body[:300])
    return (cpu_ms(pids) - before) / len(asked)


def check(servers: list[Server], asked: list[Place]) -> None:
    """All servers answer the same: the number of features of a box, and one feature's area."""
    for place in asked[:5]:
        counts = {}
        for server in servers:
            body = json.loads(server.get(server.paths["items"].format(**place.values))[1])
            counts[server.name] = len(body["features"])
            one = json.loads(server.get(server.paths["item"].format(**place.values))[1])
            assert one["properties"]["area_m2"] > 0, server.name
        assert set(counts.values()) == {100}, counts


CASES = {
    "items": "items, bbox, 100 of ~130",
    "item": "single item",
    "tile16": "tile z16, not cached",
    "tile14": "tile z14, not cached",
    "filter": "items, CQL2 filter, 100",
    "first": "100 items, first page",
    "page": "100 items, last page by key",
}
KEPT = {
    "304": "items, If-None-Match: 304, nobody",
    "304 token": "items, If-None-Match: 304, an officer's token",
    "tile 304": "tile z16, If-None-Match: 304, an officer's token",
    "map 304": "the page's own tile z16, If-None-Match: 304, an officer's token",
    "tile kept": "tile z16 from memory, gzip, an officer's token",
    "map kept": "the page's own tile z16 from memory, gzip, an officer's token",
}
"""What a process answers from memory: the rights are looked at each time."""


def main() -> None:
    """Run and print."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--peers", type=Path, help="virtual environment with tipg and pygeoapi")
    parser.add_argument("--parcels", type=int, default=100_000)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--requests", type=int, default=60)
    parser.add_argument("--seed", type=int, default=7)
    said = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="pjb-", dir="/tmp") as name:
        folder = Path(name)
        folder.chmod(0o755)
        cluster = Cluster(folder / "pg")
        (folder / "pg").mkdir(mode=0o755)
        cluster.ensure_running()
        try:
            run(said, folder, cluster)
        finally:
            cluster.stop()


def run(said: argparse.Namespace, folder: Path, cluster: Cluster) -> None:
    cities = folder / "cities"
    write_city(cities, said.parcels, said.seed)
    url = cluster.create_database("ogc")
    migrate(url)
    engine = make_engine(url)
    import_city(engine, load_city(cities, "benchton"), cities)
    with engine.begin() as connection:
        for statement in PLAIN.split(";\n"):
            if statement.strip():
                connection.execute(text(statement))
    with make_sessions(engine).begin() as session:
        token = tokens.create_token(session, "bench", Role.OFFICER)
    engine.dispose()
    socket_dir = str(cluster.socket_dir)
    servers = [our_server(url, cities), floor_server(f"dbname=ogc user=panjereh host={socket_dir}")]
    if said.peers and (said.peers / "bin" / "uvicorn").exists():
        servers.append(tipg_server(said.peers, socket_dir, "ogc"))
    if said.peers and (said.peers / "bin" / "pygeoapi").exists():
        servers.append(pygeoapi_server(said.peers, socket_dir, "ogc", folder))
    if len(servers) < 4:
        print(
            "tipg and pygeoapi are not measured; to have them side by side:",
            *(__doc__ or "").strip().splitlines()[-2:],
            sep="\n",
        )
    postmaster = cluster.server_pid()
    assert postmaster is not None
    owner = our_server(url, cities, "owner", role="off")
    keeping = our_server(url, cities, "kept", cache=10**8)
    everybody = [*servers, owner, keeping]
    try:
        for server in everybody:
            server.start()
        results = report(said, servers, owner, postmaster)
        results |= from_memory(said, keeping, token, postmaster)
        tile = servers[0].get(
            servers[0].paths["tile14"].format(**places(1, said.seed, said.parcels)[0].values)
        )[1]
        goals = told(results, gzip_figures(tile), pss_mb(servers[0]), gist_is_used(url))
    finally:
        for server in everybody:
            server.stop()
    print("", *goals, sep="\n")


def from_memory(
    said: argparse.Namespace, server: Server, token: str, postmaster: int
) -> dict[str, dict[str, list[float]]]:
    """CPU-ms of what is known already: a 304, and a kept tile; asked by nobody and with a token."""
    officer = {"Authorization": f"Bearer {token}"}
    place = places(1, said.seed + 3, said.parcels)[0]
    results: dict[str, dict[str, list[float]]] = {case: {"ours": []} for case in KEPT}
    for number in range(said.rounds + 1):
        for case in KEPT:
            path = {"tile": "tile16", "map": "map16"}.get(case.split()[0], "items")
            who = officer if " " in case else {}
            headers = {**who, "Accept-Encoding": "gzip"}
            if "304" in case:
                tag = server.get(server.paths[path].format(**place.values), headers)[2]["etag"]
                headers["If-None-Match"] = tag
            took = measured(server, path, [place] * 4 * said.requests, postmaster, lambda said=headers: said)
            if number:
                results[case]["ours"].append(took)
    print("\nfrom memory, CPU-ms, server + PostgreSQL")
    for case, found in results.items():
        values = found["ours"]
        print(f"  {KEPT[case]:66} {statistics.median(values):6.3f} [{min(values):.3f}-{max(values):.3f}]")
    return results


def report(
    said: argparse.Namespace, servers: list[Server], owner: Server, postmaster: int
) -> dict[str, dict[str, list[float]]]:
    warm = places(20, said.seed + 1, said.parcels)
    check(servers, warm)
    results: dict[str, dict[str, list[float]]] = {
        case: {server.name: [] for server in [*servers, owner]} for case in CASES
    }
    for number in range(said.rounds + 1):
        asked = places(said.requests, said.seed + 100 + number, said.parcels)
        for case in CASES:
            some = asked[: max(8, said.requests // 5)] if case.startswith("tile") else asked
            asking = [*servers, owner] if case in {"items", "item", "tile16"} else servers
            for server in asking:
                if case in server.paths and number == 0:
                    measured(server, case, some[:8], postmaster)  # warm
                elif case in server.paths:
                    results[case][server.name].append(measured(server, case, some, postmaster))
    print(
        f"{said.parcels} parcels, seed {said.seed}, {said.rounds} rounds of {said.requests} requests, one client"
    )
    print(
        "CPU-ms per request, server + PostgreSQL: median [lowest-highest]; ratio to the floor of the same round"
    )
    for case, found in results.items():
        print(f"\n{CASES[case]}")
        floor = found.get("floor") or []
        for name, values in found.items():
            if not values:
                continue
            ratios = [value / base for value, base in zip(values, floor, strict=False)]
            ratio = f"{statistics.median(ratios):6.2f} x floor" if ratios else ""
            print(
                f"  {name:9} {statistics.median(values):8.2f} [{min(values):.2f}-{max(values):.2f}]  {ratio}"
            )
    return results


if __name__ == "__main__":
    main()
