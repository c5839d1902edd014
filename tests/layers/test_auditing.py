"""The audit from PostGIS to its files: what is read, what is found, by tiles on a cluster, what is kept."""

from __future__ import annotations

import json
import math
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import geopandas
import numpy as np
import pyarrow as pa
import pyogrio
import pytest
import shapely
from pyarrow import parquet
from shapely.geometry import LineString, MultiLineString, box
from sqlalchemy import Engine, text
from sqlalchemy.exc import ProgrammingError
from sqlalchemy.orm import Session

from geo.packs import load_pack
from geo.rules import RulePack
from geo.survey import Group, reach_m
from layers import surveys
from layers.access import Asker, LookUnidentified, Purpose, RoleMode, identify, run_as_app
from layers.audit_tiles import Farm, Job, Plan, audit_by_tiles, read_lines, work, write_lines
from layers.auditing import NOTE, SCHEMA, Audit, audit, plain, ranked, write
from layers.city import City
from layers.database import make_engine, make_sessions
from layers.survey_reading import snapshot, snapshots
from tests.layers.conftest import Town

PACKS = Path(__file__).resolve().parents[2] / "cities" / "packs"
SEED = 20261122
TOY = "toytown"

INSERT = """
INSERT INTO layers.network_line (city_id, layer_id, feature_id, owner_agency, source_crs, source_operation, utility,
    role, class_code, diameter_mm, cover_m, cover_source, horizontal_uncertainty_m, vertical_uncertainty_m,
    quality_level, status, published_by, geom)
VALUES ('toytown', :layer, :id, :owner, 'EPSG:32639', '-', :utility, :role, :class_code, :diameter, :cover,
    :cover_source, :wide, :high, :level, 'in_service', :delivery, ST_GeomFromEWKB(CAST(:geom AS bytea)))
"""
NETWORKS = (
    ("water", "water", "main", None), ("water", "water", "service", None), ("gas", "gas", "main", "MP"),
    ("gas", "gas", "service", None), ("electricity", "power", "feeder", "LV"), ("electricity", "power", "feeder", "MV"),
    ("sewer", "water", "main", "gravity"), ("telecom", "telecom", "main", None),
)  # fmt: skip


def streets(random: np.random.Generator, count: int) -> list[Any]:
    """Random streets around the origin of the tiles: short and long lines, bends, depths, odd ones."""
    shapes: list[Any] = []
    for _ in range(count):
        start, turn = random.uniform(-130, 130, 2), random.choice([0.0, math.pi / 2, random.uniform(0, 6)])
        steps = np.cumsum(random.exponential(random.choice([4.0, 40.0]), random.integers(1, 5)))
        along = np.concatenate(([0.0], steps))[:, None] * [math.cos(turn), math.sin(turn)]
        bend = random.normal(0, 0.4, along.shape)
        xyz = np.column_stack((start + along + bend, random.uniform(90, 100, len(along))))
        shapes.append(LineString(xyz if random.random() < 0.5 else xyz[:, :2]))
    shapes[:6] = [
        LineString([(-900, 3), (900, 4)]),  # through every tile
        shapes[7], shapes[7],  # delivered twice, and a third time by another network
        LineString([(10, 10), (10, 10)]),  # of no length
        MultiLineString([[(0, 0), (5, 0.3)], [(60, 2), (62, 2), (64, 2.5)]]),
        LineString([(0, -50), (0, 50)]),  # along the edge of the tiles
    ]  # fmt: skip
    return shapes


@pytest.fixture
def random_town(engine: Engine, toy: City) -> tuple[Engine, City]:
    """A small random city in the database, in disorder, with a retired line and unknown everything."""
    print("seed", SEED)
    random = np.random.default_rng(SEED)
    rows = []
    for number, shape in enumerate(streets(random, 420)):
        utility, owner, role, code = NETWORKS[int(random.integers(len(NETWORKS)))]
        known = random.random(4) < 0.7
        moved = shapely.set_srid(shapely.transform(shape, lambda xy: xy + [505_000.0, 3_905_000.0]), 32639)
        if shapely.has_z(shape):
            moved = shapely.set_srid(shapely.force_3d(moved, 95.0), 32639)
        rows.append({
            "layer": f"{utility}_lines", "id": f"{utility}-{number}", "owner": owner, "utility": utility, "role": role,
            "class_code": code, "diameter": float(random.choice([63, 110, 400])) if known[0] else None,
            "cover": float(random.choice([0.6, 0.8, 1.0, 1.4])) if known[1] else None,
            "cover_source": "design" if known[2] else "surveyed", "wide": float(random.choice([0.1, 1.0])),
            "high": 0.2 if known[3] else None, "level": "B" if known[2] else "D",
            "geom": shapely.to_wkb(moved, include_srid=True, output_dimension=3),
        })  # fmt: skip
    with engine.begin() as connection:
        connection.execute(text("SELECT layers.add_city('toytown', 32639)"))
        made = connection.execute(text(
            "INSERT INTO layers.delivery (city_id, layer_id, source_name, source_crs, source_operation, row_count, "
            "added, changed, removed, report, published_at) SELECT 'toytown', 'x', 'x', 'x', 'x', 0, 0, 0, 0, '{}', "
            "now() FROM generate_series(1, 2) RETURNING delivery_id"
        )).scalars().all()  # fmt: skip
        connection.execute(text(INSERT), [{**row, "delivery": min(made)} for row in rows])
        connection.execute(
            text("UPDATE layers.network_line SET retired_by = :last WHERE feature_id LIKE '%-13'"),
            {"last": max(made)},
        )
        # rewritten rows stand at the end of the table: in no order on the disk
        connection.execute(text("UPDATE layers.network_line SET status = status WHERE row_id % 3 = 0"))
    return engine, toy


@pytest.fixture(scope="module")
def pack() -> RulePack:
    return load_pack(PACKS / "ir-default.csv")


# --- reading


def test_what_is_read_is_what_is_stored(random_town: tuple[Engine, City]) -> None:
    """Every vertex to the last digit, every number and word, unknown as unknown, no retired line."""
    engine, _ = random_town
    taken = snapshot(engine, TOY)
    with engine.connect() as connection:
        stored = connection.execute(text(
            "SELECT row_id, feature_id, layer_id, owner_agency, utility, role, class_code, cover_source, "
            "quality_level, cover_m, diameter_mm, horizontal_uncertainty_m, vertical_uncertainty_m, "
            "ST_AsBinary(ST_Force2D(geom)) AS geom FROM layers.network_line WHERE retired_by IS NULL ORDER BY row_id"
        )).all()  # fmt: skip
    assert len(taken) == len(stored) == 419
    lines = taken.lines
    for k, row in enumerate(stored):
        assert (lines.row_id[k], taken.feature_ids[k].as_py()) == (row.row_id, row.feature_id)
        assert lines.groups[lines.group[k]] == Group(*row[2:9])
        numbers = [lines.cover_m[k], lines.radius_m[k] * 2000, lines.horizontal_m[k], lines.vertical_m[k]]
        assert [None if math.isnan(n) else n for n in numbers] == pytest.approx(list(row[9:13]))
        parts = [
            shapely.get_coordinates(part) for part in shapely.get_parts(shapely.from_wkb(bytes(row.geom)))
        ]
        segments = np.concatenate([np.hstack((xy[:-1], xy[1:])) for xy in parts])
        assert np.array_equal(lines.segments[lines.first[k] : lines.first[k + 1]], segments)


def test_a_stream_cut_into_many_parts_is_the_same(
    random_town: tuple[Engine, City], monkeypatch: pytest.MonkeyPatch
) -> None:
    engine, _ = random_town
    whole = snapshot(engine, TOY)
    monkeypatch.setattr("layers.survey_reading.PART_BYTES", 3000)
    again, parts = snapshot(engine, TOY), []
    snapshots(engine, TOY, parts.append)
    assert len(parts) > 10
    assert sum(len(part) for part in parts) == len(whole) == len(again)
    assert np.array_equal(again.lines.segments, whole.lines.segments)
    assert again.feature_ids.equals(whole.feature_ids)
    assert again.lines.groups == whole.lines.groups


def test_a_city_without_lines_has_an_empty_list(engine: Engine, pack: RulePack) -> None:
    made = audit(engine, TOY, pack)
    assert (len(made), made.lines, plain(made.pairs).schema) == (0, 0, SCHEMA)


# --- finding


def test_the_pairs_are_those_of_postgis(karhula: Town) -> None:
    """Every pair of two networks that PostGIS finds nearer than its rule, with the same distance (A13)."""
    found = audit(karhula.engine, "karhula", load_pack(PACKS / "default.csv")).pairs
    # of networks the default pack knows one rule: any two that meet in plan keep 0.2 m in depth
    assert set(found["rule_id"].to_pylist()) == {"default-029"}
    statement = """
        WITH line AS NOT MATERIALIZED (SELECT row_id, utility, owner_agency, geom,
            coalesce(diameter_mm, 0) / 2000 AS r, cover_m AS top, cover_m + coalesce(diameter_mm, 0) / 1000 AS bottom
            FROM layers.network_line WHERE city_id = 'karhula' AND retired_by IS NULL)
        SELECT a.row_id, b.row_id, ST_Distance(a.geom, b.geom) - a.r - b.r FROM line a JOIN line b
        ON a.row_id < b.row_id AND (a.utility, a.owner_agency) <> (b.utility, b.owner_agency)
            AND ST_DWithin(a.geom, b.geom, 2) AND ST_Distance(a.geom, b.geom) < a.r + b.r + 0.001
            AND coalesce(greatest(a.top - b.bottom, b.top - a.bottom) < 0.2, true)
    """
    with karhula.engine.connect() as connection:
        truth = {(a, b): d for a, b, d in connection.execute(text(statement))}
    ours = {
        (a, b): d
        for a, b, d in zip(
            *(found[name].to_pylist() for name in ("a_row", "b_row", "separation_h_m")), strict=True
        )
    }
    assert truth
    assert ours.keys() == truth.keys()
    assert all(ours[pair] == pytest.approx(truth[pair], abs=1e-6) for pair in truth)


def test_the_same_pairs_however_the_city_is_cut(
    random_town: tuple[Engine, City], pack: RulePack, tmp_path: Path
) -> None:
    """Tiles smaller and larger than the city, edges on lines, one owner for each pair (no cluster needed)."""
    engine, city = random_town
    taken = snapshot(engine, TOY)
    whole = audit(engine, TOY, pack)
    assert len(whole) > 300
    for side in (90.0, 10_000.0):
        made = _by_hand(taken, pack, side, tmp_path / str(side), city)
        assert made.equals(plain(whole.pairs)), side


def _by_hand(taken: Any, pack: RulePack, side: float, folder: Path, city: City) -> pa.Table:
    """What `audit_by_tiles` does, in this process."""
    from layers.audit_tiles import _name, _tiles

    plan, tables = Plan(side, reach_m(pack) / 2, city.srid), []
    for tile, part in _tiles(taken, plan):
        lines, pairs = folder / _name(tile), folder / f"{_name(tile)}.parquet"
        lines.mkdir(parents=True)
        write_lines(part, city.srid, lines / "0.parquet")
        work(Job(tile, lines, pairs, plan, pack))
        tables.append(parquet.read_table(pairs, schema=SCHEMA))
    return ranked(pa.concat_tables(tables))


def test_several_processes_find_what_one_finds(
    random_town: tuple[Engine, City], pack: RulePack, tmp_path: Path
) -> None:
    """A real Dask cluster of two worker processes on this machine, ports from the system, no dashboard."""
    engine, city = random_town
    made = audit_by_tiles(engine, city, pack, tmp_path / "tiles", Farm(processes=2), side_m=150.0)
    whole = audit(engine, TOY, pack)
    assert len(list((tmp_path / "tiles" / "lines").iterdir())) > 4
    assert made.lines == whole.lines
    assert made.unruled == whole.unruled
    assert made.pairs.equals(plain(whole.pairs))


def test_lines_survive_geoparquet_to_the_last_digit(random_town: tuple[Engine, City], tmp_path: Path) -> None:
    engine, city = random_town
    taken = snapshot(engine, TOY)
    (tmp_path / "lines").mkdir()
    write_lines(taken, city.srid, tmp_path / "lines" / "0.parquet")
    again = read_lines(tmp_path / "lines")
    assert np.array_equal(again.lines.segments, taken.lines.segments)
    assert np.array_equal(again.lines.first, taken.lines.first)
    assert np.array_equal(again.lines.row_id, taken.lines.row_id)
    for name in ("cover_m", "radius_m", "horizontal_m", "vertical_m"):
        assert np.array_equal(getattr(again.lines, name), getattr(taken.lines, name), equal_nan=True)
    groups = [[lines.groups[k] for k in lines.group] for lines in (again.lines, taken.lines)]
    assert groups[0] == groups[1]
    frame = geopandas.read_parquet(tmp_path / "lines" / "0.parquet")
    assert (frame.crs.to_epsg(), set(frame.geom_type)) == (32639, {"LineString", "MultiLineString"})


# --- files and what is kept


@pytest.fixture(scope="module")
def karhula_audit(karhula: Town) -> Audit:
    return audit(karhula.engine, "karhula", load_pack(PACKS / "fi-demo.csv"))


def test_the_files_open_elsewhere_and_say_what_they_are(
    karhula: Town, karhula_audit: Audit, tmp_path: Path
) -> None:
    made = karhula_audit
    counts = write(made, karhula.city, tmp_path, 500)
    assert counts == {"audit.parquet": len(made), "audit.gpkg": 500, "audit.geojson": 500}
    whole = geopandas.read_parquet(tmp_path / "audit.parquet")
    assert (len(whole), whole.crs.to_epsg()) == (len(made), 3067)
    assert whole["rank"].tolist() == list(range(1, len(made) + 1))
    assert (np.diff(whole["severity"]) <= 1e-6).all()  # ranks are settled to a millionth
    assert np.allclose(whole.length, np.maximum(whole["separation_h_m"], 0), atol=1.0)
    table = pyogrio.read_dataframe(tmp_path / "audit.gpkg", layer="survey_list")
    assert (len(table), table.crs.to_epsg()) == (500, 3067)
    assert {"a_layer", "a_id", "a_owner", "b_owner", "clause", "required_h_m", "p_violation"} <= set(
        table.columns
    )
    said = json.loads((tmp_path / "audit.geojson").read_text(encoding="utf-8"))
    assert said["note"] == NOTE
    assert "not a list of offences" in NOTE
    assert "فهرست تخلف نیست" in NOTE
    west, south, east, north = karhula.city.city_crs.bounds_wgs84
    lonlat = np.array([feature["geometry"]["coordinates"] for feature in said["features"]]).reshape(-1, 2)
    assert ((lonlat > [west, south]) & (lonlat < [east, north])).all()
    assert parquet.read_schema(tmp_path / "audit.parquet").metadata[b"note"].decode() == NOTE


ROLE_OFFICER = Asker("officer-1", "officer")


@pytest.fixture
def kept(karhula_database_url: str, karhula: Town, karhula_audit: Audit) -> Iterator[Engine]:
    """The application's connections to a Karhula whose audit is kept."""
    owner = make_engine(karhula_database_url)
    surveys.keep(owner, karhula.city, karhula_audit, datetime(2026, 11, 1, tzinfo=UTC))
    surveys.keep(owner, karhula.city, karhula_audit, datetime(2026, 11, 22, tzinfo=UTC))
    owner.dispose()
    app = run_as_app(make_engine(karhula_database_url), RoleMode.REQUIRE)
    yield app
    app.dispose()


def _looking(engine: Engine) -> Session:
    session = make_sessions(engine)()
    identify(session, ROLE_OFFICER, "karhula", Purpose.OVERVIEW)
    return session


def test_the_last_audit_is_kept_and_read_by_what_one_may_see(
    kept: Engine, karhula: Town, karhula_audit: Audit
) -> None:
    layer_ids = [spec.layer_id for spec in karhula.city.network_layers]
    with _looking(kept) as session:
        run = surveys.run_of(session, "karhula")
        assert (run.made_at.day, run.pairs, run.lines) == (22, len(karhula_audit), karhula_audit.lines)
        found = surveys.pairs(session, karhula.city, layer_ids, 50)
        assert [each.rank for each in found] == list(range(1, 51))
        first = karhula_audit.pairs.slice(0, 1).to_pylist()[0]
        assert found[0].said["a_id"] == first["a_id"]
        assert shapely.to_wkb(found[0].geom) == first["geometry"]
        gas_only = surveys.pairs(session, karhula.city, ["gas_lines", "water_lines"], 50)
        assert {layer for each in gas_only for layer in (each.said["a_layer"], each.said["b_layer"])} == {
            "gas_lines", "water_lines",
        }  # fmt: skip
        around = box(*found[0].geom.buffer(30).bounds)
        there = surveys.pairs(session, karhula.city, layer_ids, 1000, around)
        assert 0 < len(there) < 1000
        assert all(each.geom.intersects(around) for each in there)


def test_nobody_reads_the_list_past_its_door(kept: Engine, karhula: Town) -> None:
    with make_sessions(kept)() as session, pytest.raises(LookUnidentified):
        surveys.pairs(session, karhula.city, ["gas_lines"], 5)
    with kept.connect() as connection:
        assert connection.execute(text("SELECT count(*) FROM layers.survey_pair")).scalar_one() == 0
        with pytest.raises(ProgrammingError):
            connection.execute(text("DELETE FROM layers.survey_pair"))
    with _looking(kept) as session:
        surveys.pairs(session, karhula.city, ["gas_lines", "water_lines"], 5)
        looked = session.execute(text("SELECT actor_id, layer_ids, features FROM layers.asset_view")).one()
        assert tuple(looked) == ("officer-1", ["gas_lines", "water_lines"], 5)


def test_no_audit_kept_is_said(session: Session) -> None:
    with pytest.raises(surveys.SurveyListMissing):
        surveys.run_of(session, "karhula")
