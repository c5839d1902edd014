"""Reads of the layers: near, nearest, parcels, dossier, freshness."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest
from shapely.geometry import LineString, Point, box
from sqlalchemy import Engine, text
from sqlalchemy.orm import Session

from layers import query
from layers.catalog import Target
from layers.city import City
from layers.ingest import deliver, roll_back
from layers.parcel_find import parcels_like
from layers.query import CityNotStored, ParcelNotStored
from layers.records import Freshness
from tests.layers.conftest import Town

SPOT = box(417600, 5367500, 417610, 5367506)


def _plan(connection: Any, statement: Any, values: dict[str, Any]) -> str:
    return "\n".join(connection.execute(text(f"EXPLAIN {statement}"), values).scalars())


def test_near_is_one_statement_on_the_gist_indexes_of_one_city(schutterwald: Town) -> None:
    network = [spec.layer_id for spec in schutterwald.city.network_layers]
    with schutterwald.engine.connect() as connection:
        tables = query.targets(connection, "schutterwald", network)
        values = {
            "city_id": "schutterwald",
            "srid": 25832,
            "shape": SPOT.wkb,
            "layer_ids": network,
            "radius_m": 5.0,
        }
        plan = _plan(connection, query.near_statement(tables.values()), values)
    for table in ("network_line", "network_node", "network_device"):
        assert f"{table}_schutterwald_geom_idx" in plan, plan
    assert "Seq Scan" not in plan, plan


def test_near_asks_only_the_partition_of_its_city(karhula: Town) -> None:
    with karhula.engine.connect() as connection:
        connection.execute(text("SELECT layers.add_city('elsewhere', 25832)"))
        values = {
            "city_id": "karhula",
            "srid": 3067,
            "shape": SPOT.wkb,
            "layer_ids": ["gas_lines"],
            "radius_m": 5.0,
        }
        plan = _plan(connection, query.near_statement([Target.NETWORK_LINE]), values)
        connection.rollback()
    assert "network_line_karhula" in plan
    assert "elsewhere" not in plan


def test_near_tells_all_that_a_check_needs(schutterwald: Town) -> None:
    with schutterwald.engine.connect() as connection:
        record = query.features(connection, "schutterwald", "water_lines", ["WM00001"])[0]
        found = query.near(connection, "schutterwald", ["water_lines"], record.geom.buffer(0.2), 0.5)
        main = next(feature for feature in found if feature.feature_id == "WM00001")
    assert main.distance_m == 0.0
    assert (main.utility, main.kind, main.material, main.diameter_mm) == ("water", "main", "PVC", 63.0)
    assert (main.cover_m, main.cover_source, main.vertical_uncertainty_m) == (1.46, "design", 0.3)
    assert (main.quality_level, main.horizontal_uncertainty_m, main.status) == ("D", 1.0, "in_service")
    assert (main.installed_year, main.owner_agency) == (1985, "water")
    assert main.geom.geom_type == "LineString"


def test_near_of_unknown_layers_is_empty_and_of_an_unknown_city_refused(schutterwald: Town) -> None:
    with schutterwald.engine.connect() as connection:
        assert query.near(connection, "schutterwald", ["moon_lines"], SPOT, 5.0) == []
        assert query.nearest(connection, "schutterwald", "moon_lines", SPOT) is None
        with pytest.raises(CityNotStored):
            query.parcel_at(connection, "atlantis", SPOT.centroid)


def test_reads_work_on_a_session_too(schutterwald: Town) -> None:
    with Session(schutterwald.engine) as session:
        assert query.nearest(session, "schutterwald", "gas_lines", SPOT) is not None


def test_parcel_by_id_at_a_point_and_by_prefix(town: Town) -> None:
    with town.engine.connect() as connection:
        by_prefix = parcels_like(connection, town.city.city_id, "", limit=5)
        assert len(by_prefix) == 5
        wanted = by_prefix[3]
        inside = wanted.geom.representative_point()
        at = query.parcel_at(connection, town.city.city_id, inside)
        by_id = query.parcel(connection, town.city.city_id, wanted.parcel_id)
        assert at is not None
        assert at.parcel_id == wanted.parcel_id
        assert by_id == at
        assert {each.found_by for each in by_prefix} == {"parcel_id"}
        assert query.parcel_at(connection, town.city.city_id, Point(0, 0)) is None
        assert query.parcel(connection, town.city.city_id, "no such parcel") is None
        assert parcels_like(connection, town.city.city_id, "%") == []


def test_bounds_are_those_of_the_parcels(schutterwald: Town) -> None:
    with schutterwald.engine.connect() as connection:
        found = query.bounds(connection, "schutterwald")
    assert found == pytest.approx((416577, 5366745, 418699, 5368427), abs=1.0)


def test_dossier_of_a_parcel(town: Town) -> None:
    with town.engine.connect() as connection:
        parcel_id, building_id = connection.execute(
            text(
                "SELECT b.parcel_ref, b.feature_id FROM layers.building b JOIN layers.parcel p "
                "ON p.feature_id = b.parcel_ref AND ST_Contains(p.geom, b.geom) ORDER BY 1 LIMIT 1"
            )
        ).one()
        found = query.dossier(connection, town.city.city_id, parcel_id, today=date(2026, 12, 1))
    assert building_id in {building.building_id for building in found.buildings}
    assert all(street.distance_m <= query.ADJOINING_M for street in found.streets)
    lines = {spec.layer_id for spec in town.city.layers if spec.target == "network_line"}
    assert {network.layer_id for network in found.networks} == lines
    for network in found.networks:
        assert (network.nearest_m is None) == (network.within_radius == 0)
        assert network.nearest_m is None or network.nearest_m <= found.radius_m
    assert {layer.state for layer in found.freshness} == {Freshness.FRESH}
    assert {layer.layer_id for layer in found.freshness} == {spec.layer_id for spec in town.city.layers}
    assert json.loads(json.dumps(found.as_dict()))["parcel"]["parcel_id"] == parcel_id


def test_dossier_networks_agree_with_nearest(schutterwald: Town) -> None:
    with schutterwald.engine.connect() as connection:
        for record in parcels_like(connection, "schutterwald", "08-5440-001", limit=5):
            found = query.dossier(connection, "schutterwald", record.parcel_id)
            for network in found.networks:
                answer = query.nearest(connection, "schutterwald", network.layer_id, record.geom)
                assert answer is not None
                expected = answer[1] if answer[1] <= found.radius_m else None
                assert network.nearest_m == pytest.approx(expected)


def test_dossier_of_an_unknown_parcel_is_refused(schutterwald: Town) -> None:
    with schutterwald.engine.connect() as connection, pytest.raises(ParcelNotStored):
        query.dossier(connection, "schutterwald", "no such parcel")


PIPE = LineString([(501000, 3901000), (501100, 3901000)])


def test_freshness_is_missing_then_fresh_then_stale(
    engine: Engine, toy: City, write: Callable[..., Path]
) -> None:
    """A layer nobody delivered, or older than its limit, must answer "no information"."""
    spec = toy.layer("pipes")

    def state(today: date) -> Freshness:
        with engine.connect() as connection:
            return {f.layer_id: f.state for f in query.freshness(connection, toy, today)}["pipes"]

    day = date(2026, 10, 1)
    assert state(day) is Freshness.MISSING
    path = write(
        [{"id": "1", "kind": "M", "dn": 10, "depth": 100, "mat": "PE", "a": "x", "b": "y", "geometry": PIPE}]
    )
    deliver(engine, toy, spec, path)
    assert state(day) is Freshness.FRESH
    assert state(day + timedelta(days=30)) is Freshness.FRESH
    assert state(day + timedelta(days=31)) is Freshness.STALE
    deliver(engine, toy, spec, path, as_of=day + timedelta(days=20))
    assert state(day + timedelta(days=31)) is Freshness.FRESH
    roll_back(engine, toy, "pipes")
    assert state(day + timedelta(days=31)) is Freshness.STALE
    with engine.connect() as connection:
        parcels = {f.layer_id: f for f in query.freshness(connection, toy, day)}["parcels"]
    assert (parcels.state, parcels.as_of, parcels.delivery_id) == (Freshness.MISSING, None, None)
