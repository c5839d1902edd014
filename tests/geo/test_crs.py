"""Reference systems: the traps of real deliveries, each refused or resolved by a named operation."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st
from pyproj import Transformer

from geo import crs
from geo.crs import CityCrs, operations, parse_code, to_wgs84, transform_to
from geo.errors import (
    CrsMissing,
    CrsNotMetric,
    CrsUnknown,
    DegreesAsMetres,
    EmptyShape,
    MetresAsDegrees,
    NoOperation,
    OperationNotPinned,
    OperationUnknown,
    OutOfArea,
)

AHVAZ = (48.669, 31.3183)
AHVAZ_UTM = (278182.86, 3467224.63)
AHVAZ_CITY = CityCrs(
    "EPSG:32639", (48.4, 31.1, 48.9, 31.5), {"EPSG:2059": "EPSG:1514", "EPSG:4154": "EPSG:1514"}
)
SCHUTTERWALD = CityCrs("EPSG:25832", (7.82, 48.42, 7.95, 48.49))


def pit(x: float, y: float, size: float = 10.0) -> shapely.Polygon:
    return shapely.box(x, y, x + size, y + size)


def test_ed50_ed77_moves_by_the_pinned_operation() -> None:
    """Read as WGS 84 UTM, ED50(ED77) coordinates at Ahvaz lie 14.9 m west and 174.9 m north of the truth."""
    moved = transform_to(shapely.Point(AHVAZ_UTM), "EPSG:2059", AHVAZ_CITY)
    assert moved.operation == "EPSG:1514"
    assert moved.shape.x - AHVAZ_UTM[0] == pytest.approx(14.9, abs=0.1)
    assert moved.shape.y - AHVAZ_UTM[1] == pytest.approx(-174.9, abs=0.1)
    assert moved.accuracy_m == 1.0
    assert moved.uncertainty_m == 1.0


def test_ed50_ed77_without_a_pin_is_refused_with_both_candidates() -> None:
    """Operations 1514 (1 m) and 1141 (19 m) both cover Iran and differ by metres: none is chosen silently."""
    with pytest.raises(OperationNotPinned) as refusal:
        transform_to(shapely.Point(AHVAZ_UTM), "EPSG:2059", CityCrs("EPSG:32639"))
    assert refusal.value.params["candidates"] == ["EPSG:1514", "EPSG:1141"]


def test_argument_outranks_the_citys_pin() -> None:
    by_city = transform_to(shapely.Point(AHVAZ_UTM), "EPSG:2059", AHVAZ_CITY)
    by_call = transform_to(shapely.Point(AHVAZ_UTM), "EPSG:2059", AHVAZ_CITY, operation="epsg:1141")
    assert by_call.operation == "EPSG:1141"
    assert by_city.shape.distance(by_call.shape) > 4


def test_operation_with_the_best_figure_but_made_for_elsewhere_is_refused() -> None:
    """EPSG:15745 prints 0.2 m, but for one offshore block; at Tehran it is 17 m wrong."""
    with pytest.raises(OutOfArea) as refusal:
        transform_to(shapely.Point(AHVAZ_UTM), "EPSG:2059", AHVAZ_CITY, operation="EPSG:15745")
    assert refusal.value.params["of"] == "operation"


def test_operation_of_another_pair_is_refused() -> None:
    with pytest.raises(OperationUnknown):
        transform_to(shapely.Point(AHVAZ_UTM), "EPSG:2059", AHVAZ_CITY, operation="EPSG:1513")


@pytest.mark.parametrize("operation", [None, "EPSG:1513"])
def test_fd58_at_ahvaz_is_refused(operation: str | None) -> None:
    """FD58 has operations for Kangan, Lavan and Kharg only; none is borrowed for Ahvaz, nor a zero shift."""
    with pytest.raises((NoOperation, OutOfArea)) as refusal:
        transform_to(shapely.Point(AHVAZ), "EPSG:4132", AHVAZ_CITY, operation=operation)
    if operation is None:
        assert refusal.value.params["hint"] == "fit-control-points"


def test_ballpark_operations_are_never_offered() -> None:
    """Plainly asked, PROJ answers FD58 to WGS 84 at Ahvaz with a zero shift."""
    naive = Transformer.from_crs(4132, 4326, always_xy=True)
    assert naive.transform(*AHVAZ) == pytest.approx(AHVAZ, abs=1e-9)
    names = [operation.name.lower() for operation in operations("EPSG:4132", "EPSG:32639")]
    assert names
    assert not [name for name in names if "ballpark" in name]


def test_degrees_read_as_metres_are_refused() -> None:
    with pytest.raises(DegreesAsMetres) as refusal:
        transform_to(pit(*AHVAZ, size=0.001), "EPSG:32639", AHVAZ_CITY)
    assert refusal.value.params["hint"] == "state-epsg-4326"


def test_metres_read_as_degrees_are_refused() -> None:
    with pytest.raises(MetresAsDegrees):
        transform_to(pit(*AHVAZ_UTM), "EPSG:4326", AHVAZ_CITY)


def test_wrong_zone_is_refused() -> None:
    """The same numbers in the neighbouring zone lie six degrees away: in another city."""
    with pytest.raises(OutOfArea) as refusal:
        transform_to(pit(*AHVAZ_UTM), "EPSG:32640", AHVAZ_CITY)
    assert refusal.value.params["of"] in ("city", "crs")


def test_swapped_axes_are_named() -> None:
    with pytest.raises(OutOfArea) as refusal:
        transform_to(shapely.Point(AHVAZ[1], AHVAZ[0]), "EPSG:4326", AHVAZ_CITY)
    assert refusal.value.params["hint"] == "axes-swapped"


def test_northing_first_is_refused() -> None:
    with pytest.raises(OutOfArea):
        transform_to(shapely.Point(AHVAZ_UTM[1], AHVAZ_UTM[0]), "EPSG:32639", AHVAZ_CITY)


def test_another_continent_is_out_of_area() -> None:
    with pytest.raises(OutOfArea):
        transform_to(shapely.Point(7.88, 48.45), "EPSG:4326", AHVAZ_CITY)


def test_same_system_is_only_checked() -> None:
    moved = transform_to(shapely.Point(417182.0, 5366923.0), "EPSG:25832", SCHUTTERWALD)
    assert (moved.shape.x, moved.shape.y) == (417182.0, 5366923.0)
    assert moved.operation == "conversion"
    with pytest.raises(OutOfArea) as refusal:
        transform_to(shapely.Point(517182.0, 5366923.0), "EPSG:25832", SCHUTTERWALD)
    assert refusal.value.params["of"] == "city"


@pytest.mark.parametrize("stated", [None, "", "  "])
def test_crs_is_never_guessed(stated: str | None) -> None:
    with pytest.raises(CrsMissing):
        transform_to(shapely.Point(7.88, 48.45), stated, SCHUTTERWALD)


@pytest.mark.parametrize(
    "stated", ["4326", "WGS84", "EPSG:23039", "EPSG:abc", "EPSG:4978", "EPSG:5752", "+proj=utm"]
)
def test_what_names_no_map_system_is_refused(stated: str) -> None:
    """EPSG:23039 does not exist though files carry it; heights and geocentric systems hold no map."""
    with pytest.raises(CrsUnknown):
        transform_to(shapely.Point(7.88, 48.45), stated, SCHUTTERWALD)


def test_spellings_of_one_code() -> None:
    spellings = [
        "epsg:25832",
        "urn:ogc:def:crs:EPSG::25832",
        "http://www.opengis.net/def/crs/EPSG/0/25832",
        " EPSG:25832 ",
    ]
    assert {parse_code(spelling) for spelling in spellings} == {"EPSG:25832"}
    assert parse_code("urn:ogc:def:crs:OGC:1.3:CRS84") == "EPSG:4326"


@pytest.mark.parametrize("code", ["EPSG:4326", "EPSG:2222"])
def test_a_city_needs_metres(code: str) -> None:
    """EPSG:2222 is projected in feet."""
    with pytest.raises(CrsNotMetric):
        CityCrs(code)


def test_empty_shape_is_refused() -> None:
    with pytest.raises(EmptyShape):
        transform_to(shapely.Polygon(), "EPSG:4326", SCHUTTERWALD)


def test_third_coordinate_is_dropped() -> None:
    assert not transform_to(shapely.Point(7.88, 48.45, 150.0), "EPSG:4326", SCHUTTERWALD).shape.has_z


def test_drawn_on_our_map_adds_no_uncertainty() -> None:
    moved = transform_to(shapely.Point(7.88, 48.45), "EPSG:4326", SCHUTTERWALD)
    assert moved.operation == "EPSG:1149"
    assert moved.uncertainty_m == 0.0


def test_same_datum_needs_no_operation() -> None:
    finland = CityCrs("EPSG:3067")
    moved = transform_to(shapely.Point(497755.0, 6711371.0), "EPSG:25835", finland)
    assert moved.operation == "conversion"


@given(lon=st.floats(7.83, 7.94), lat=st.floats(48.43, 48.48))
@settings(max_examples=50)
def test_round_trip_through_the_map_is_exact(lon: float, lat: float) -> None:
    there = transform_to(shapely.Point(lon, lat), "EPSG:4326", SCHUTTERWALD).shape
    back = to_wgs84(there, SCHUTTERWALD)
    assert (back.x, back.y) == pytest.approx((lon, lat), abs=1e-9)


def test_transformers_may_be_shared_by_threads() -> None:
    operation = operations("EPSG:4326", "EPSG:25832")[0]
    points = np.array([[7.88, 48.45]] * 1000)
    expected = crs.mover(operation)(points)
    with ThreadPoolExecutor(8) as pool:
        results = list(pool.map(lambda _: crs.mover(operation)(points), range(64)))
    assert all(np.array_equal(result, expected) for result in results)


def test_northing_first_in_metres_is_named_too() -> None:
    with pytest.raises(OutOfArea) as refusal:
        transform_to(shapely.Point(AHVAZ_UTM[1], AHVAZ_UTM[0]), "EPSG:32639", AHVAZ_CITY)
    assert refusal.value.params["hint"] == "axes-swapped"


@pytest.mark.parametrize("lonlat", [(48.447, 7.872), (7.872, 35.0)])
def test_a_place_far_from_the_city_is_no_question_of_operations(lonlat: tuple[float, float]) -> None:
    """East Africa and the Sahara have operations of their own to every European system."""
    with pytest.raises(OutOfArea) as refusal:
        transform_to(shapely.Point(lonlat), "EPSG:4326", SCHUTTERWALD)
    assert refusal.value.params["of"] == "city"
