"""The audit of a city too large for one machine: tiles with a halo on a Dask cluster, the same join in each.

A line goes whole, not clipped, to every tile that its box, half the widest reach wider, touches; so each pair
lies in one tile at least, and its distance there is that of the whole lines. It is counted in the one tile that
holds the south-western corner of what their two widened boxes share. Tiles come and go as GeoParquet in a folder
that all workers see; only their names travel. Dask is imported here alone, and only to run.
"""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import shapely
from pyarrow import parquet
from pyproj import CRS
from sqlalchemy import Engine

from geo.audit import from_shapes
from geo.rules import RulePack
from geo.survey import Group, SurveyLines, reach_m, unruled
from layers.auditing import GEOMETRY, SCHEMA, Audit, found, ranked, write_parquet
from layers.city import City
from layers.survey_reading import Snapshot, snapshots

Tile = tuple[int, int]
Boxes = npt.NDArray[np.float64]

_SAID: Final = ("layer_id", "owner", "utility", "role", "class_code", "cover_source", "quality_level")
_NUMBERS: Final = ("cover_m", "radius_m", "horizontal_m", "vertical_m")
_START: Final = "120s"


@dataclass(frozen=True, slots=True)
class Farm:
    """Where the tiles are worked on: a running scheduler's address, or so many processes of this machine."""

    address: str | None = None
    processes: int = 2


@dataclass(frozen=True, slots=True)
class Plan:
    """How a city is cut: side of a tile and halo around it (m), and the EPSG number of its coordinates."""

    side_m: float
    halo_m: float
    srid: int

    def cell(self, metres: npt.NDArray[np.float64]) -> npt.NDArray[np.int64]:
        """The column or row of tiles of these coordinates."""
        return np.floor(metres / self.side_m).astype(np.int64)


@dataclass(frozen=True, slots=True)
class Job:
    """One tile's work: the files of its lines, by which rules, and where its pairs go."""

    tile: Tile
    lines: Path
    pairs: Path
    plan: Plan
    pack: RulePack


def audit_by_tiles(
    engine: Engine, city: City, pack: RulePack, folder: Path, farm: Farm, side_m: float = 2000.0
) -> Audit:
    """Audit a city tile by tile; the same pairs in the same order as `layers.auditing.audit` finds.

    `folder` must be reachable by all workers; earlier tiles in it are removed.
    """
    plan = Plan(side_m, reach_m(pack) / 2, city.srid)
    for part in ("lines", "pairs"):
        shutil.rmtree(folder / part, ignore_errors=True)
        (folder / part).mkdir(parents=True)
    count, groups = _cut(engine, city.city_id, plan, folder / "lines")
    jobs = [
        Job(_tile_of(each), each, folder / "pairs" / f"{each.name}.parquet", plan, pack)
        for each in sorted((folder / "lines").iterdir())
    ]
    if jobs:
        with _client(farm) as client:
            client.gather(client.map(work, jobs, pure=False))
    tables = [parquet.read_table(job.pairs, schema=SCHEMA) for job in jobs]
    found_all = pa.concat_tables(tables) if tables else SCHEMA.empty_table()
    return Audit(ranked(found_all), count, pack, tuple(unruled(groups, pack)))


@contextmanager
def _client(farm: Farm) -> Iterator[Any]:
    import dask
    import distributed

    client_of: Any = distributed.Client
    cluster_of: Any = distributed.LocalCluster
    if farm.address is not None:
        with client_of(farm.address, timeout=_START, set_as_default=False) as client:
            yield client
        return
    # no dashboard, ports from the system, no limit that would restart a busy worker, patience on a busy machine
    with (
        dask.config.set({"distributed.comm.timeouts.connect": _START, "distributed.comm.timeouts.tcp": _START}),
        cluster_of(
            n_workers=farm.processes, threads_per_worker=1, processes=True, dashboard_address=None,
            memory_limit=0, silence_logs="ERROR",
        ) as cluster,
        client_of(cluster, timeout=_START, set_as_default=False) as client,
    ):  # fmt: skip
        yield client


def work(job: Job) -> int:
    """Audit one tile: write the pairs that are its own, and return how many they are."""
    taken = read_lines(job.lines)
    pairs = found(taken, job.pack)
    if pairs.num_rows:
        pairs = pairs.filter(pa.array(_own(taken, pairs, job)))
    write_parquet(pairs.cast(SCHEMA), job.plan.srid, job.pairs)
    return int(pairs.num_rows)


def _own(taken: Snapshot, pairs: pa.Table, job: Job) -> npt.NDArray[np.bool_]:
    corners = boxes(taken.lines)[:, :2] - job.plan.halo_m
    a, b = (np.searchsorted(taken.lines.row_id, pairs[name].to_numpy()) for name in ("a_row", "b_row"))
    at = job.plan.cell(np.maximum(corners[a], corners[b]))
    own: npt.NDArray[np.bool_] = (at == np.array(job.tile)).all(axis=1)
    return own


def boxes(lines: SurveyLines) -> Boxes:
    """West, south, east, north of each line (all must have segments)."""
    ends, begins = lines.segments, lines.first[:-1]
    low, high = np.minimum(ends[:, :2], ends[:, 2:]), np.maximum(ends[:, :2], ends[:, 2:])
    return np.hstack((np.minimum.reduceat(low, begins), np.maximum.reduceat(high, begins)))


# --- cutting


def _cut(engine: Engine, city_id: str, plan: Plan, folder: Path) -> tuple[int, tuple[Group, ...]]:
    """Write the city's lines tile by tile as they come; return how many there are, and their groups."""
    counts: list[int] = []
    groups: dict[Group, None] = {}

    def take(part: Snapshot) -> None:
        for tile, chosen in _tiles(part, plan):
            path = folder / _name(tile) / f"{len(counts):06d}.parquet"
            path.parent.mkdir(exist_ok=True)
            write_lines(chosen, plan.srid, path)
        counts.append(len(part))
        groups.update(dict.fromkeys(part.lines.groups))

    snapshots(engine, city_id, take)
    return sum(counts), tuple(groups)


def _tiles(part: Snapshot, plan: Plan) -> Iterator[tuple[Tile, Snapshot]]:
    """Each tile with those of the lines whose widened boxes touch it."""
    whole = part.taken(np.flatnonzero(np.diff(part.lines.first) > 0))
    if not len(whole):
        return
    corners = boxes(whole.lines)
    low, high = plan.cell(corners[:, :2] - plan.halo_m), plan.cell(corners[:, 2:] + plan.halo_m)
    spans = high - low + 1
    counts = spans.prod(axis=1)
    line = np.repeat(np.arange(len(whole)), counts)
    nth = np.arange(len(line)) - np.repeat(np.cumsum(counts) - counts, counts)
    columns, rows = low[line, 0] + nth % spans[line, 0], low[line, 1] + nth // spans[line, 0]
    cells, of = np.unique(np.column_stack((columns, rows)), axis=0, return_inverse=True)
    for number, (column, row) in enumerate(cells.tolist()):
        yield (column, row), whole.taken(line[of.ravel() == number])


def _name(tile: Tile) -> str:
    return f"{tile[0]}_{tile[1]}"


def _tile_of(folder: Path) -> Tile:
    column, row = folder.name.split("_")
    return int(column), int(row)


# --- GeoParquet of lines


def write_lines(taken: Snapshot, srid: int, path: Path) -> None:
    """Write lines as GeoParquet 1.1; `read_lines` gives them back to the last digit."""
    lines = taken.lines
    of = pa.array(lines.group, pa.int32())
    columns: dict[str, Any] = {"row_id": lines.row_id, "feature_id": taken.feature_ids}
    for name in _SAID:
        told = pa.array([getattr(group, name) for group in lines.groups], pa.string())
        columns[name] = told.take(of)
    columns |= {name: pa.array(getattr(lines, name), from_pandas=True) for name in _NUMBERS}
    columns[GEOMETRY] = pa.array(shapely.to_wkb(_shapes(lines)), pa.binary())
    geo = {
        "version": "1.1.0",
        "primary_column": GEOMETRY,
        "columns": {GEOMETRY: {
            "encoding": "WKB", "geometry_types": ["LineString", "MultiLineString"],
            "crs": CRS.from_epsg(srid).to_json_dict(), "edges": "planar",
        }},
    }  # fmt: skip
    table = pa.table(columns).replace_schema_metadata({"geo": json.dumps(geo)})
    parquet.write_table(table, path, compression="zstd")


def _shapes(lines: SurveyLines) -> npt.NDArray[np.object_]:
    """The lines as shapes: segments that go on where the one before ends are one string."""
    ends, first = lines.segments, lines.first
    opens = np.ones(len(ends), dtype=bool)
    opens[1:] = (ends[1:, :2] != ends[:-1, 2:]).any(axis=1)
    opens[first[:-1]] = True
    string = np.cumsum(opens) - 1
    # each string's vertices: where it opens, and the far end of all its segments
    xy = np.concatenate((ends[opens][:, :2], ends[:, 2:]))
    of = np.concatenate((string[opens], string))
    order = np.argsort(of, kind="stable")
    strings = np.asarray(shapely.linestrings(xy[order], indices=of[order]), dtype=object)
    line = np.repeat(np.arange(len(lines)), np.diff(first))[opens]
    single = np.bincount(line, minlength=len(lines)) == 1
    made = np.empty(len(lines), dtype=object)
    alone = single[line]
    made[single] = strings[alone]
    if not alone.all():
        shapely.multilinestrings(strings[~alone], indices=line[~alone], out=made)
    return made


def read_lines(folder: Path) -> Snapshot:
    """The lines of all files of a folder, in the order of their rows."""
    table = pa.concat_tables([parquet.read_table(path) for path in sorted(folder.glob("*.parquet"))])
    table = table.take(pa.array(np.argsort(table["row_id"].to_numpy()))).combine_chunks()
    keys = list(zip(*(table[name].to_pylist() for name in _SAID), strict=True))
    number = {key: index for index, key in enumerate(dict.fromkeys(keys))}
    shapes = shapely.from_wkb(table[GEOMETRY].to_numpy())
    numbers = {name: table[name].to_numpy() for name in _NUMBERS}
    blank = np.zeros(len(shapes))
    cut = from_shapes(shapes, np.zeros(len(shapes), dtype=np.int32), blank, blank, blank)
    lines = SurveyLines(
        row_id=table["row_id"].to_numpy(),
        segments=cut.segments,
        first=cut.first,
        group=np.array([number[key] for key in keys], dtype=np.int32),
        groups=tuple(Group(*key) for key in number),
        **numbers,
    )
    return Snapshot(lines, table["feature_id"].combine_chunks())
