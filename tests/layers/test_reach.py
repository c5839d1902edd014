"""What may be within so many metres: by the stored reach, by measuring all, and by the kernel in memory (J1)."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
import shapely
import shapely.affinity
from shapely.geometry import Polygon, box
from sqlalchemy import Engine, text

from geo.reach import ReachGrid
from layers import access, query
from layers.access import Asker, Purpose, RoleMode, run_as_app
from layers.database import make_engine, make_sessions
from layers.parcel_find import parcels_like
from layers.reach import ids_within_reach, statement_for, within_reach
from tests.layers.conftest import Town

MARGIN_M = 1.0
_UNKNOWN_M, _MOST_M = 2.0, 25.0
Line = tuple[str, str, shapely.Geometry, float]


def _sites(town: Town, count: int) -> list[Polygon]:
    """Seeded squares and trenches about the middle of the town's parcels."""
    random = np.random.default_rng(11)
    with town.engine.connect() as connection:
        parcels = parcels_like(connection, town.city.city_id, "", limit=700)
    made = []
    for index in random.integers(0, len(parcels), count):
        middle = parcels[index].geom.centroid
        wide, high = random.uniform(1, 60), random.uniform(1, 60)
        site = box(middle.x - wide / 2, middle.y - high / 2, middle.x + wide / 2, middle.y + high / 2)
        made.append(shapely.affinity.rotate(site, random.uniform(0, 90)))
    return made


def _lines(town: Town, layer_ids: list[str]) -> list[Line]:
    """Every line with its reach, worked out here from what the database stores about it."""
    with town.engine.connect() as connection:
        rows = connection.execute(
            text(
                "SELECT layer_id, feature_id, ST_AsBinary(geom), horizontal_uncertainty_m, diameter_mm "
                "FROM layers.network_line WHERE city_id = :city AND retired_by IS NULL AND layer_id = ANY(:ids)"
            ),
            {"city": town.city.city_id, "ids": layer_ids},
        ).all()
    return [
        (
            row[0],
            row[1],
            shapely.from_wkb(bytes(row[2])),
            min((row[3] if row[3] > 0 else _UNKNOWN_M) + (row[4] or 0.0) / 2000, _MOST_M),
        )
        for row in rows
    ]


def test_the_stored_reach_finds_what_measuring_all_finds(town: Town) -> None:
    """Same lines and distances (1e-6 m) from the index, from brute force, and from the kernel."""
    ids = [spec.layer_id for spec in town.city.layers if spec.target == "network_line"]
    lines, sites = _lines(town, ids), _sites(town, 25)
    shapes = np.array([line[2] for line in lines])
    grid = ReachGrid(shapes, np.array([line[3] for line in lines]))
    kernel = grid.near(np.array(sites), MARGIN_M)
    total = 0
    with town.engine.connect() as connection:
        for number, site in enumerate(sites):
            apart = shapely.distance(shapes, site)
            wanted = {
                (layer, feature): distance
                for (layer, feature, _, reach), distance in zip(lines, apart, strict=True)
                if distance <= MARGIN_M + reach
            }
            brief = ids_within_reach(connection, town.city.city_id, ids, site, MARGIN_M)
            whole = within_reach(connection, town.city.city_id, ids, site, MARGIN_M)
            in_memory = {
                lines[line][:2]: float(kernel.distance_m[at])
                for at, line in enumerate(kernel.lines)
                if kernel.areas[at] == number
            }
            assert {(a, b): d for a, b, d in brief} == pytest.approx(wanted, abs=1e-6)
            assert {(f.layer_id, f.feature_id): f.distance_m for f in whole} == pytest.approx(
                wanted, abs=1e-6
            )
            assert in_memory == pytest.approx(wanted, abs=1e-6)
            assert [each[2] for each in brief] == sorted(each[2] for each in brief)
            one = ids[number % len(ids) : number % len(ids) + 1]
            assert ids_within_reach(connection, town.city.city_id, one, site, MARGIN_M) == [
                each for each in brief if each[0] in one
            ]
            assert {
                f.feature_id for f in within_reach(connection, town.city.city_id, one, site, MARGIN_M)
            } == {each[1] for each in brief if each[0] in one}
            total += len(wanted)
    assert total > 50


def test_a_whole_feature_says_what_near_says_of_it(schutterwald: Town) -> None:
    ids = ["gas_lines", "water_lines"]
    with schutterwald.engine.connect() as connection:
        for site in _sites(schutterwald, 5):
            near = {f.feature_id: f for f in query.near(connection, "schutterwald", ids, site, 30.0)}
            for found in within_reach(connection, "schutterwald", ids, site, MARGIN_M):
                assert found == near[found.feature_id]


def test_only_networks_have_a_reach(schutterwald: Town) -> None:
    with schutterwald.engine.connect() as connection, pytest.raises(ValueError, match="parcel"):
        within_reach(connection, "schutterwald", ["parcels"], box(0, 0, 1, 1), 1.0)


@pytest.fixture
def app(city_database_url: str) -> Iterator[Engine]:
    engine = run_as_app(make_engine(city_database_url), RoleMode.REQUIRE)
    yield engine
    engine.dispose()


def test_the_index_answers_under_row_level_security(app: Engine, schutterwald: Town) -> None:
    """As the application's role the reach is looked up, not measured line by line."""
    values = {"shape": shapely.to_wkb(_sites(schutterwald, 1)[0], hex=True), "margin": MARGIN_M}
    with app.connect() as connection:
        assert access.is_app(connection)
        statement = statement_for(connection, "schutterwald", ["gas_lines"], is_brief=True)
        assert statement is not None
        cursor = connection.connection.cursor()
        cursor.execute("SET enable_seqscan = off")  # so small a table is read whole otherwise
        cursor.execute("EXPLAIN " + statement.sql, values)
        plan = "\n".join(row[0] for row in cursor.fetchall())
    assert "reach_box && " in plan
    assert "Index Cond" in plan.split("reach_box && ")[0].splitlines()[-1], plan


def test_sensitive_layers_come_through_the_door_by_their_own_reach(app: Engine) -> None:
    """Each look is written down, and what is beyond a feature's reach is not told."""
    owner = make_engine(app.url.render_as_string(hide_password=False))
    with owner.connect() as connection:
        point = connection.execute(
            text("SELECT ST_X(geom), ST_Y(geom), reach_m FROM layers.network_device "
                 "WHERE layer_id = 'power_transformers' AND retired_by IS NULL ORDER BY feature_id LIMIT 1")
        ).one()  # fmt: skip
    for gap, is_found in ((MARGIN_M + point[2] - 0.01, True), (MARGIN_M + point[2] + 0.01, False)):
        site = box(point[0] + gap, point[1] - 1, point[0] + gap + 2, point[1] + 1)
        with make_sessions(app).begin() as session:
            access.identify(session, Asker("officer-1", "officer"), "schutterwald", Purpose.PERMIT)
            found = within_reach(session, "schutterwald", ["power_transformers"], site, MARGIN_M)
        assert bool([each for each in found if each.distance_m == pytest.approx(gap)]) is is_found
    with owner.connect() as connection:
        assert connection.execute(text("SELECT count(*) FROM layers.asset_view")).scalar_one() == 2
    owner.dispose()


def test_the_kernel_finds_what_shapely_measures_among_awkward_lines() -> None:
    """Points drawn as lines, doubles, lines that touch, cross or lie inside; slanting trenches and a ring."""
    random = np.random.default_rng(5)
    starts = random.integers(0, 200, (600, 2)).astype(float)
    ends = starts + random.integers(-12, 13, (600, 2))  # about one in 600 of no length
    ends[:5] = starts[:5]
    ends[5], starts[6], ends[6] = starts[5] + (150, 0), starts[5], starts[5] + (150, 0)
    lines = np.asarray(shapely.linestrings(np.stack([starts, ends], axis=1)), dtype=object)
    reach = random.choice([0.0, 0.1, 0.5, 2.0], 600)
    trenches = [
        shapely.affinity.rotate(box(x, y, x + 150, y + 1.2), angle)
        for x, y, angle in random.uniform((0, 0, 0), (100, 200, 180), (20, 3))
    ]
    squares = [box(x, y, x + 20, y + 20) for x, y in random.integers(0, 180, (20, 2)).astype(float)]
    ring = box(40, 40, 160, 160).difference(box(60, 60, 140, 140))
    areas = np.array([*trenches, *squares, ring])
    found = ReachGrid(lines, reach).near(areas, MARGIN_M)
    apart = shapely.distance(areas[:, None], lines[None, :])
    wanted = np.argwhere(apart <= MARGIN_M + reach)
    pairs = sorted(zip(found.areas.tolist(), found.lines.tolist(), strict=True))
    assert pairs == [tuple(pair) for pair in wanted.tolist()]
    assert np.abs(found.distance_m - apart[found.areas, found.lines]).max() < 1e-9


def test_the_kernel_answers_alike_one_by_one_again_and_in_threads(monkeypatch: pytest.MonkeyPatch) -> None:
    """What it marked for one question says nothing to the next, when its turns begin anew neither."""
    random = np.random.default_rng(11)
    starts = random.uniform(0, 300, (800, 2))
    lines = shapely.linestrings(np.stack([starts, starts + random.uniform(-15, 15, (800, 2))], axis=1))
    areas = np.array([box(x, y, x + 25, y + 15) for x, y in random.uniform(0, 280, (40, 2))])
    grid = ReachGrid(np.asarray(lines, dtype=object), random.choice([0.1, 2.0], 800))
    assert len(grid.near(areas[:0], MARGIN_M).lines) == 0
    found = grid.near(areas, MARGIN_M)
    wanted = [found.lines[found.areas == k].tolist() for k in range(len(areas))]
    monkeypatch.setattr("geo.reach._MOST_TURNS", 7)

    def asked(first: int) -> list[list[int]]:
        fresh = [grid.near(areas[k : k + 1], MARGIN_M).lines.tolist() for k in range(first, len(areas))]
        return [wanted[k] for k in range(first)] + fresh

    with ThreadPoolExecutor(4) as threads:
        assert all(each == wanted for each in threads.map(asked, [0, 3, 1, 2] * 3))
