"""The made-up city: the same for the same seed, whole, valid in its codes, imported without a refusal."""

from __future__ import annotations

import re
from pathlib import Path

import networkx
import numpy as np
import pyogrio
import pytest
import shapely
from sqlalchemy import Engine

from bench.city import TRADES, SyntheticCity, generate, nemuneh, write_nemuneh
from bench.city_names import POSTAL_CODE
from geo.agreement import AgreementVerdict, compare, corners, dead_ends
from layers.city import load_city
from layers.ingest import import_city

SEED = 11
SEGMENTS = 10_000


@pytest.fixture(scope="module")
def city() -> SyntheticCity:
    print(f"seed {SEED}")
    return generate(SEGMENTS, SEED)


@pytest.fixture(scope="module")
def sample() -> SyntheticCity:
    return nemuneh()


def test_the_same_seed_gives_the_same_city(city: SyntheticCity) -> None:
    again, other = generate(SEGMENTS, SEED), generate(SEGMENTS, SEED + 1)
    for name, layer in city.layers.items():
        assert np.array_equal(shapely.to_wkb(layer.shapes), shapely.to_wkb(again.layers[name].shapes)), name
        for column, values in layer.columns.items():
            assert np.array_equal(values, again.layers[name].columns[column]), (name, column)
    assert not np.array_equal(
        shapely.to_wkb(city.layers["parcels"].shapes[:50]),
        shapely.to_wkb(other.layers["parcels"].shapes[:50]),
    )


def test_the_proportions_are_those_asked_for(city: SyntheticCity) -> None:
    assert city.segments == SEGMENTS
    shares = {name: len(network.lines) / SEGMENTS for name, network in city.networks.items()}
    wanted = {"water": 0.353, "gas": 0.353, "power_lv": 0.120, "sewer": 0.120, "telecom": 0.055}
    assert shares == pytest.approx(wanted, abs=0.002)
    parcels, buildings = city.layers["parcels"], city.layers["buildings"]
    assert len(parcels) == pytest.approx(0.3 * SEGMENTS, rel=0.1)
    assert len(buildings) == pytest.approx(len(parcels) * 5 / 6, rel=0.01)
    valves = city.networks["water"].node_kind == "valve"
    assert valves.sum() + (city.networks["gas"].node_kind == "valve").sum() == pytest.approx(
        0.06 * SEGMENTS, rel=0.12
    )
    assert city.networks["water"].operable[valves].mean() == pytest.approx(0.93, abs=0.03)
    for network in city.networks.values():
        assert set(np.unique(network.accuracy_m)) == {0.1, 0.3, 1.0, 2.0}
        assert ((network.cover_m > 0.3) & (network.cover_m <= 6.0)).all()
    for name in ("water", "gas"):
        assert (city.networks[name].node_kind == city.networks[name].trade.source).sum() == 12


def test_lines_carry_their_depth_as_z_and_come_in_random_order(city: SyntheticCity) -> None:
    layer = city.layers["water_lines"]
    assert shapely.has_z(layer.shapes).all()
    z = shapely.get_z(shapely.get_point(layer.shapes, 0))
    assert z == pytest.approx(-layer.columns["depth_m"])
    numbers = np.array([int(text[2:]) for text in layer.columns["line_id"]])
    assert not (np.diff(numbers) > 0).all()


@pytest.mark.parametrize("trade", [trade.name for trade in TRADES])
@pytest.mark.parametrize("which", ["city", "sample"])
def test_lines_end_on_their_nodes_and_taps_lie_on_their_mains(
    trade: str, which: str, request: pytest.FixtureRequest
) -> None:
    network = request.getfixturevalue(which).networks[trade]
    assert (shapely.length(network.lines) > 0.01).all()
    for end, numbers in ((0, network.from_node), (-1, network.to_node)):
        assert (
            shapely.distance(shapely.get_point(network.lines, end), network.node_points[numbers]).max() < 1e-6
        )
    service = network.is_service
    taps = shapely.get_point(network.lines[service], 0)
    assert shapely.distance(taps, network.lines[network.main[service]]).max() < 1e-6


@pytest.mark.parametrize("trade", [trade.name for trade in TRADES])
def test_every_service_of_the_sample_is_fed(trade: str, sample: SyntheticCity) -> None:
    network = sample.networks[trade]
    graph = networkx.Graph(zip(network.from_node.tolist(), network.to_node.tolist(), strict=True))
    service = network.is_service
    mains = network.from_node[network.main[service]]
    graph.add_edges_from(zip(network.from_node[service].tolist(), mains.tolist(), strict=True))
    sources = np.flatnonzero(network.node_kind == network.trade.source)
    assert len(sources) > 0
    fed = set().union(*(networkx.node_connected_component(graph, int(source)) for source in sources))
    assert fed == set(graph)


def test_sewers_fall_toward_the_outlet(sample: SyntheticCity) -> None:
    network = sample.networks["sewer"]
    mains = ~network.is_service
    graph = networkx.DiGraph(
        zip(network.from_node[mains].tolist(), network.to_node[mains].tolist(), strict=True)
    )
    ends = {node for node, degree in graph.out_degree() if degree == 0}
    assert ends == set(np.flatnonzero(network.node_kind == "outlet").tolist())


def test_parcels_neither_overlap_nor_repeat_a_code(city: SyntheticCity) -> None:
    parcels = city.layers["parcels"]
    assert shapely.is_valid(parcels.shapes).all()
    first, second = shapely.STRtree(parcels.shapes).query(parcels.shapes, predicate="overlaps")
    shared = shapely.area(shapely.intersection(parcels.shapes[first], parcels.shapes[second]))
    assert shared.max(initial=0.0) < 0.05
    for column in ("parcel_id", "renovation_code", "postal_code", "plate"):
        assert len(set(parcels.columns[column])) == len(parcels), column
    assert all(POSTAL_CODE.fullmatch(code) for code in parcels.columns["postal_code"])
    assert all(
        re.fullmatch(r"[1-9]\d*(-[1-9]\d*){3}-0-0-0", code) for code in parcels.columns["renovation_code"]
    )


def test_buildings_stand_in_their_parcels(city: SyntheticCity) -> None:
    parcels, buildings = city.layers["parcels"], city.layers["buildings"]
    by_id = dict(zip(parcels.columns["parcel_id"], parcels.shapes, strict=True))
    own = np.array([by_id[parcel] for parcel in buildings.columns["parcel_id"]])
    outside = shapely.area(shapely.difference(buildings.shapes, own))
    assert outside.max() < 0.5
    assert shapely.is_valid(buildings.shapes).all()


def test_streets_have_persian_names(sample: SyntheticCity) -> None:
    names = sample.layers["streets"].columns["name"]
    assert all(re.fullmatch(r"(بلوار|خیابان|کوچه) [\u0600-\u06ff\u200c ]+", name) for name in names)
    assert len(set(names)) > 8


def test_layers_of_the_sample_agree(sample: SyntheticCity) -> None:
    doors = {name: dead_ends(sample.layers[f"{name}_lines"].shapes) for name in ("water", "gas", "power_lv")}
    for name in ("gas", "power_lv"):
        answer = compare(doors[name], doors["water"], "EPSG:32639")
        assert answer.verdict is AgreementVerdict.AGREES, answer
    walls = compare(
        corners(sample.layers["buildings"].shapes), corners(sample.layers["parcels"].shapes), "EPSG:32639"
    )
    assert walls.verdict is AgreementVerdict.AGREES, walls


def test_the_shipped_file_is_what_the_generator_makes(
    root: Path, tmp_path: Path, sample: SyntheticCity
) -> None:
    shipped = root / "cities" / "nemuneh" / "nemuneh.gpkg.zip"
    made = write_nemuneh(tmp_path)
    for name, layer in sample.layers.items():
        there = pyogrio.read_dataframe(f"/vsizip/{shipped}", layer=name)
        here = pyogrio.read_dataframe(f"/vsizip/{made}", layer=name)
        assert there.equals(here), name
        assert len(there) == len(layer)
        assert there.crs.to_string() == "EPSG:32639"


def test_the_sample_imports_without_a_refusal(root: Path, engine: Engine) -> None:
    """B: the city is data, described as any other; its reports add up and hold no finding."""
    city = load_city(root / "cities", "nemuneh")
    assert (city.crs, city.calendar, city.currency, city.timezone) == (
        "EPSG:32639",
        "jalali",
        "IRR",
        "Asia/Tehran",
    )
    assert [agency.agency_id for agency in city.consulted_agencies] == ["water", "power", "gas"]
    reports = import_city(engine, city, root / "cities")
    assert len(reports) == len(city.layers)
    for report in reports:
        assert (report.refused, report.repaired) == (0, 0), report
        assert report.read == report.good > 0
    assert {str(report.outcome) for report in import_city(engine, city, root / "cities")} == {"unchanged"}
