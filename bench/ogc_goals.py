"""The goals of the open interface, each beside what the bench measured."""

from __future__ import annotations

import gzip
import statistics
import time
from collections.abc import Iterator, Mapping
from functools import partial
from pathlib import Path

from sqlalchemy import text

from api.zipped import zipped
from bench.ogc_servers import Server
from layers.access import ROLE
from layers.database import make_engine

Results = Mapping[str, Mapping[str, list[float]]]
_BOX = """EXPLAIN SELECT count(*) FROM layers.parcel t WHERE t.city_id = 'benchton' AND t.retired_by IS NULL
AND t.layer_id = 'parcels' AND t.geom_3857 && (SELECT ST_MakeEnvelope(5397000, 3670000, 5397300, 3670300, 3857))"""


def pss_mb(server: Server) -> float:
    """The server process's own share of memory (MB)."""
    assert server.process is not None
    said = Path(f"/proc/{server.process.pid}/smaps_rollup").read_text()
    return int(next(line for line in said.splitlines() if line.startswith("Pss:")).split()[1]) / 1000


def gzip_figures(tile: bytes) -> tuple[float, float, float]:
    """CPU-ms to compress a tile as the server does, the same at zlib's level 6, and how much larger ours is."""
    took = []
    for pack in (zipped, partial(gzip.compress, compresslevel=6, mtime=0)):
        before = time.thread_time()
        for _ in range(5):
            packed = pack(tile)
        took.append(((time.thread_time() - before) * 200, len(packed)))
    return took[0][0], took[1][0], took[0][1] / took[1][1]


def gist_is_used(url: str) -> bool:
    """Whether the application's role, with row-level security, finds a box by the index of shapes."""
    engine = make_engine(url, pool_size=1)
    with engine.connect() as connection:
        connection.execute(text(f"SET ROLE {ROLE}"))
        plan = "\n".join(connection.execute(text(_BOX)).scalars())
    engine.dispose()
    return "geom_3857_idx" in plan and "is_open" in plan


def _median(results: Results, case: str, name: str = "ours") -> float | None:
    values = results.get(case, {}).get(name) or []
    return statistics.median(values) if values else None


def _ratio(results: Results, case: str, one: str, other: str) -> float | None:
    """The median over rounds of how many times as much `one` takes as `other`."""
    above, below = results.get(case, {}).get(one) or [], results.get(case, {}).get(other) or []
    ratios = [a / b for a, b in zip(above, below, strict=False)]
    return statistics.median(ratios) if ratios else None


def _line(number: str, what: str, found: float | None, goal: float, *, is_least: bool = False) -> str:
    if found is None:
        return f"  {number:3} {what:62} not measured"
    is_met = found >= goal if is_least else found <= goal
    sign = ">=" if is_least else "<="
    return f"  {number:3} {what:62} {found:7.2f}  {sign} {goal:<5}  {'met' if is_met else 'NOT met'}"


def _compared(results: Results) -> Iterator[str]:
    yield _line("1", "items: tipg / ours", _ratio(results, "items", "tipg", "ours"), 5.5, is_least=True)
    yield _line(
        "1", "items: pygeoapi / ours", _ratio(results, "items", "pygeoapi", "ours"), 18, is_least=True
    )
    yield _line("2", "single item: tipg / ours", _ratio(results, "item", "tipg", "ours"), 3.5, is_least=True)
    yield _line(
        "2", "single item: pygeoapi / ours", _ratio(results, "item", "pygeoapi", "ours"), 15, is_least=True
    )
    yield _line("2", "single item: ours / floor (unprepared)", _ratio(results, "item", "ours", "floor"), 1.2)
    yield _line(
        "3", "tile z16, not cached: tipg / ours", _ratio(results, "tile16", "tipg", "ours"), 3, is_least=True
    )
    yield _line("3", "tile z16, not cached: ours / floor", _ratio(results, "tile16", "ours", "floor"), 0.36)
    yield _line(
        "4", "tile z14, not cached: tipg / ours", _ratio(results, "tile14", "tipg", "ours"), 3, is_least=True
    )


def told(results: Results, packed: tuple[float, float, float], pss: float, is_indexed: bool) -> list[str]:
    """One line for each goal."""
    made = [
        "goal                                                            measured   goal",
        *_compared(results),
    ]
    for case in ("304", "304 token", "tile 304", "map 304", "tile kept", "map kept"):
        made.append(_line("5", f"{case}: CPU-ms, rights looked at", _median(results, case), 0.30))
    first, last = _median(results, "first"), _median(results, "page")
    made.append(_line("7", "last page / first page", last / first if first and last else None, 1.3))
    for case in ("items", "item", "tile16"):
        made.append(_line("8", f"{case}: rights on / off", _ratio(results, case, "ours", "owner"), 1.1))
    made.append(
        f"  8   a box is found by the index of shapes under the rights: {'yes' if is_indexed else 'NO'}"
    )
    made.append(_line("9", f"gzip of a tile z14, CPU-ms (level 6: {packed[1]:.1f})", packed[0], 3))
    made.append(_line("9", "gzip of a tile z14, bytes / level 6", packed[2], 1.2))
    made.append(_line("10", "memory of the process (PSS, MB), no tiles kept", pss, 90))
    made.append("  6, 11, 12: by tests (docs/ogc.md)")
    return made
