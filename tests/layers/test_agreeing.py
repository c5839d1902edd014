"""Deliveries that do not lie where they should are held, named and corrected; those that do raise no alarm."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import geopandas
import numpy as np
import pytest
import shapely
from pyproj import Transformer
from sqlalchemy import Engine, text

from geo.planar import Similarity
from layers.city import City, load_city
from layers.deliveries import Choice, decide
from layers.delivery_errors import DeliveryNotHeld
from layers.ingest import deliver, import_city, roll_back
from layers.report import DeliveryReport, Outcome

Movement = Callable[[Any], Any]


def moved_file(city: City, layer_id: str, folder: Path, movement: Movement) -> Path:
    """The layer's own delivery with every coordinate moved."""
    spec = city.layer(layer_id)
    frame = geopandas.read_file(city.folder / spec.source.path, layer=spec.table)
    frame.geometry = shapely.transform(shapely.force_2d(frame.geometry.to_numpy()), movement)
    path = folder / f"{layer_id}.gpkg"
    frame.to_file(path, layer=spec.table, engine="pyogrio")
    return path


def shift(dx: float, dy: float) -> Movement:
    return lambda xy: xy + (dx, dy)


def live(engine: Engine, layer_id: str, table: str) -> dict[str, Any]:
    statement = (
        f"SELECT feature_id, ST_AsBinary(geom) FROM layers.{table} WHERE layer_id = :l AND retired_by IS NULL"
    )
    with engine.connect() as connection:
        rows = connection.execute(text(statement), {"l": layer_id}).all()
    return {row[0]: shapely.from_wkb(bytes(row[1])) for row in rows}


def apart(a: dict[str, Any], b: dict[str, Any]) -> float:
    """The largest distance between the vertices of the same features."""
    assert a.keys() == b.keys()
    return max(
        float(np.abs(shapely.get_coordinates(a[key]) - shapely.get_coordinates(b[key])).max()) for key in a
    )


def agreement(report: DeliveryReport) -> dict[str, Any]:
    assert report.agreement is not None
    return report.agreement


@pytest.fixture(scope="module")
def place(root: Path) -> City:
    return load_city(root / "cities", "schutterwald")


@pytest.fixture(scope="module")
def sample(root: Path) -> City:
    return load_city(root / "cities", "nemuneh")


@pytest.mark.parametrize("city_id", ["schutterwald", "karhula", "nemuneh"])
def test_the_demo_cities_raise_no_alarm(engine: Engine, root: Path, city_id: str) -> None:
    city = load_city(root / "cities", city_id)
    reports = import_city(engine, city, root / "cities")
    held = {report.layer_id: report.agreement for report in reports if report.outcome is Outcome.HELD}
    assert held == {}
    compared = {report.layer_id: agreement(report)["verdict"] for report in reports}
    assert compared["buildings"] == "agrees"
    assert compared["gas_lines"] == "agrees"
    assert {report.outcome for report in reports} == {Outcome.PUBLISHED}


@pytest.mark.parametrize(
    ("layer_id", "table"),
    [("gas_lines", "network_line"), ("water_lines", "network_line"), ("buildings", "building")],
)
def test_half_a_metre_is_held_and_corrected_back(
    city_engine: Engine, place: City, tmp_path: Path, layer_id: str, table: str
) -> None:
    before = live(city_engine, layer_id, table)
    path = moved_file(place, layer_id, tmp_path, shift(0.3, -0.4))
    report = deliver(city_engine, place, place.layer(layer_id), path)
    assert report.outcome is Outcome.HELD
    said = agreement(report)
    assert (said["verdict"], said["worst"]) == ("off", layer_id)
    first = said["compared"][0]
    assert first["offset_m"] == pytest.approx([0.3, -0.4], abs=0.01)
    # How sure that is: the true shift lies within what is stated (and the rounding), and far more agree than by chance.
    assert [abs(got - true) <= error + 0.001 for got, true, error in zip(
        first["offset_m"], [0.3, -0.4], first["offset_error_m"], strict=True)] == [True, True]  # fmt: skip
    assert max(first["offset_error_m"]) < 0.05
    assert first["rotation_error_deg"] is not None
    assert first["scale_error_ppm"] is not None
    assert first["inlier_share"] > 0.9 > 0.5 > first["chance_share"]
    assert apart(live(city_engine, layer_id, table), before) == 0.0
    assert report.delivery_id is not None
    made = decide(city_engine, place, layer_id, report.delivery_id, Choice.CORRECT, by="tests")
    assert made != report.delivery_id
    assert apart(live(city_engine, layer_id, table), before) < 0.05
    with city_engine.connect() as connection:
        row = connection.execute(
            text("SELECT corrects_id, correction, state FROM layers.delivery WHERE delivery_id = :d"),
            {"d": made},
        ).one()
    assert (row.corrects_id, row.state) == (report.delivery_id, "published")
    assert row.correction["shift_m"] == pytest.approx([-0.3, 0.4], abs=0.01)
    roll_back(city_engine, place, layer_id)
    assert apart(live(city_engine, layer_id, table), before) == 0.0


def test_a_rotated_layer_is_corrected_back(city_engine: Engine, place: City, tmp_path: Path) -> None:
    before = live(city_engine, "gas_lines", "network_line")
    turn = Similarity(417_500.0, 5_368_000.0, 12.0, -7.0, 0.1)
    path = moved_file(place, "gas_lines", tmp_path, turn.apply)
    report = deliver(city_engine, place, place.layer("gas_lines"), path)
    assert report.outcome is Outcome.HELD
    assert agreement(report)["compared"][0]["rotation_deg"] == pytest.approx(-0.1, abs=0.001)
    decide(city_engine, place, "gas_lines", report.delivery_id or 0, Choice.CORRECT, by="tests")
    assert apart(live(city_engine, "gas_lines", "network_line"), before) < 0.05


@pytest.mark.parametrize("is_first", [True, False])
def test_ed50_read_as_wgs84_is_named(
    engine: Engine, sample: City, root: Path, tmp_path: Path, is_first: bool
) -> None:
    """Nemuneh's water in ED50(ED77) / UTM 39N numbers, delivered as WGS 84 / UTM 39N: first, or as a renewal."""
    to_old = Transformer.from_pipeline(
        # EPSG:32639 -> WGS 84 -> ED50(ED77) by EPSG:1850 (-117, -132, -164) reversed -> UTM 39N on International 1924
        "+proj=pipeline +step +inv +proj=utm +zone=39 +ellps=WGS84 +step +proj=cart +ellps=WGS84 "
        "+step +inv +proj=helmert +x=-117 +y=-132 +z=-164 +step +inv +proj=cart +ellps=intl "
        "+step +proj=utm +zone=39 +ellps=intl"
    )

    def ed50(xy: Any) -> Any:
        return np.column_stack(to_old.transform(xy[:, 0], xy[:, 1]))

    import_city(engine, sample, root / "cities")
    before = live(engine, "water_lines", "network_line")
    if is_first:
        roll_back(engine, sample, "water_lines")
    path = moved_file(sample, "water_lines", tmp_path, ed50)
    report = deliver(engine, sample, sample.layer("water_lines"), path)
    assert report.outcome is Outcome.HELD, report.agreement
    worst = next(
        each for each in agreement(report)["compared"] if each["layer_id"] == agreement(report)["worst"]
    )
    truth = ed50(np.array([[278_000.0, 3_467_000.0]]))[0] - (278_000.0, 3_467_000.0)
    assert worst["offset_m"] == pytest.approx(truth.tolist(), abs=0.05 if not is_first else 0.3)
    assert any("ED50" in known["name"] for known in worst["looks_like"])
    decide(engine, sample, "water_lines", report.delivery_id or 0, Choice.CORRECT, by="tests")
    after = live(engine, "water_lines", "network_line")
    assert apart(after, before) < (
        0.05 if not is_first else 0.5
    )  # against other utilities' doors: their scatter


def test_a_held_delivery_is_accepted_or_refused_once(
    city_engine: Engine, place: City, tmp_path: Path
) -> None:
    path = moved_file(place, "gas_lines", tmp_path, shift(2.0, 0.0))
    before = live(city_engine, "gas_lines", "network_line")
    held = deliver(city_engine, place, place.layer("gas_lines"), path)
    again = deliver(city_engine, place, place.layer("gas_lines"), path)
    assert (again.outcome, again.delivery_id) == (Outcome.HELD, held.delivery_id)
    number = held.delivery_id or 0
    decide(city_engine, place, "gas_lines", number, Choice.ACCEPT, by="tests")
    assert apart(live(city_engine, "gas_lines", "network_line"), before) == pytest.approx(2.0, abs=0.01)
    with pytest.raises(DeliveryNotHeld):
        decide(city_engine, place, "gas_lines", number, Choice.REFUSE, by="tests")
    with city_engine.connect() as connection:
        assert connection.execute(text("SELECT count(*) FROM layers.staged")).scalar_one() == 0


def test_a_refused_delivery_leaves_no_rows(city_engine: Engine, place: City, tmp_path: Path) -> None:
    path = moved_file(place, "gas_lines", tmp_path, shift(2.0, 0.0))
    before = live(city_engine, "gas_lines", "network_line")
    held = deliver(city_engine, place, place.layer("gas_lines"), path)
    decide(city_engine, place, "gas_lines", held.delivery_id or 0, Choice.REFUSE, by="tests")
    assert apart(live(city_engine, "gas_lines", "network_line"), before) == 0.0
    with city_engine.connect() as connection:
        assert connection.execute(text("SELECT count(*) FROM layers.staged")).scalar_one() == 0


def test_less_than_the_limit_is_told_and_published(city_engine: Engine, place: City, tmp_path: Path) -> None:
    path = moved_file(place, "gas_lines", tmp_path, shift(0.2, 0.2))
    report = deliver(city_engine, place, place.layer("gas_lines"), path)
    assert report.outcome is Outcome.PUBLISHED
