"""From an applicant's drawing to an excavation: checked before and after it is moved."""

from __future__ import annotations

import math

import pytest
import shapely
from shapely.geometry import mapping

from geo.crs import CityCrs, to_wgs84
from geo.errors import (
    CrsMissing,
    DegreesAsMetres,
    DepthInvalid,
    OutOfArea,
    PanjerehError,
    SelfCrossing,
    TooLarge,
)
from geo.intake import Drawing, excavation_from

CITY = CityCrs("EPSG:25832", (7.82, 48.42, 7.95, 48.49))
AHVAZ = CityCrs("EPSG:32639", pinned={"EPSG:2059": "EPSG:1514"})
PIT_M = shapely.box(417200, 5367000, 417210, 5367004)
PIT_LONLAT = mapping(to_wgs84(PIT_M, CITY))


def test_a_drawing_on_the_map_arrives_in_metres() -> None:
    taken = excavation_from(Drawing(PIT_LONLAT, "EPSG:4326"), 1.5, "machine", "new_building", CITY)
    assert taken.excavation.shape_m.area == pytest.approx(40.0, abs=1e-4)
    assert taken.excavation.shape_m.hausdorff_distance(PIT_M) < 1e-5
    assert taken.operation == "EPSG:1149"
    assert taken.excavation.horizontal_uncertainty_m == pytest.approx(0.10)


def test_a_datum_operation_widens_the_outline() -> None:
    pit = shapely.box(278180, 3467220, 278190, 3467224)
    taken = excavation_from(Drawing(pit, "EPSG:2059"), 1.5, "machine", "repair", AHVAZ)
    assert taken.excavation.horizontal_uncertainty_m == pytest.approx(math.hypot(0.1, 1.0))


@pytest.mark.parametrize(
    ("drawing", "depth", "refusal"),
    [
        (Drawing(PIT_LONLAT, None), 1.0, CrsMissing),
        (Drawing(PIT_LONLAT, "EPSG:25832"), 1.0, DegreesAsMetres),
        (Drawing(shapely.Polygon([(0, 0), (1, 1), (1, 0), (0, 1)]), "EPSG:4326"), 1.0, SelfCrossing),
        (Drawing(shapely.box(417000, 5366000, 418000, 5367000), "EPSG:25832"), 1.0, TooLarge),
        (Drawing(PIT_M, "EPSG:25832"), 0.0, DepthInvalid),
        (Drawing(shapely.box(1e300, 1e300, 2e300, 2e300), "EPSG:25832"), 1.0, PanjerehError),
        (Drawing(shapely.box(9.5, 50.1, 9.6, 50.2), "EPSG:4326"), 1.0, OutOfArea),
    ],
)
def test_refusals(drawing: Drawing, depth: float, refusal: type[PanjerehError]) -> None:
    with pytest.raises(refusal):
        excavation_from(drawing, depth, "machine", "new_building", CITY)
