"""The six traps of coordinates in Iran, as a delivery meets them, and what else goes wrong with places.

The city here is Tehran (EPSG:32639); the pipes lie around 535 200 / 3 949 550.
"""

from __future__ import annotations

import json
import math
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import geopandas
import numpy as np
import pytest
import shapely
from pyproj import Transformer
from shapely.geometry import LineString, box
from sqlalchemy import Engine, text

from geo.agreement import compare
from geo.control_points import ControlPointsDisagree, GridModel
from geo.crs import crs_of, operations
from geo.errors import NoOperation, OperationNotPinned, OutOfArea
from layers.catalog import FieldRule
from layers.city import City
from layers.config import CityConfigError
from layers.ingest import deliver
from layers.local_grid import LOCAL, LocalGrid
from layers.mapping import map_layer
from layers.readers.reference import fitting
from layers.reading import read, read_table
from layers.report import DeliveryReport
from tests.layers.museum.base import written

ROOT = Path(__file__).resolve().parents[2]
X, Y = 535_200.0, 3_949_550.0
EXTENT = (X - 20_000, Y - 20_000, X + 20_000, Y + 20_000)
Deliver = Callable[..., DeliveryReport]


def pipe(number: int, move: Callable[[Any], Any] | None = None) -> dict[str, Any]:
    y = Y + 10.0 * number
    shape: Any = LineString([(X, y), (X + 100, y + 5)])
    made = {"id": f"P{number}", "kind": "M", "dn": 10.0, "depth": 120.0, "mat": "PE", "a": "x", "b": "y"}
    return made | {"geometry": shapely.transform(shape, move) if move else shape}


@pytest.fixture
def tehran(toy: City) -> City:
    return replace(toy, extent_m=EXTENT, operations={})


@pytest.fixture
def send(engine: Engine, tehran: City, tmp_path: Path) -> Deliver:
    def sent(
        rows: list[dict[str, Any]], stated: str | None, city: City = tehran, **spec: Any
    ) -> DeliveryReport:
        path = written(tmp_path, "pipes.gpkg", geopandas.GeoDataFrame(rows, geometry="geometry", crs=stated))
        return deliver(engine, city, replace(city.layer("pipes"), **spec), path)

    return sent


def _start(engine: Engine) -> tuple[float, float, str, str, float]:
    with engine.connect() as connection:
        row = connection.execute(
            text(
                "SELECT ST_X(ST_StartPoint(geom)), ST_Y(ST_StartPoint(geom)), source_crs, source_operation, "
                "horizontal_uncertainty_m FROM layers.network_line WHERE feature_id = 'P0' AND retired_by IS NULL"
            )
        ).one()
    return tuple(row)  # type: ignore[return-value]


# --- trap 1: which of six operations ----------------------------------------------------------------------


def test_trap_1_an_operation_is_pinned_never_chosen_by_its_accuracy(send: Deliver) -> None:
    """PROJ would take 15745 (0.2 m, an offshore block): 16.8 m off at Tehran."""
    with pytest.raises(OperationNotPinned) as refusal:
        send([pipe(0)], "EPSG:2059")
    candidates = refusal.value.params["candidates"]
    assert {"EPSG:1514", "EPSG:1141"} <= set(candidates or [])
    assert "EPSG:15745" not in (candidates or [])


def test_trap_1_the_pinned_operation_is_used_named_and_stored(
    engine: Engine, tehran: City, send: Deliver
) -> None:
    pinned = replace(tehran, operations={"EPSG:2059": "EPSG:1514"})
    report = send([pipe(n) for n in range(5)], "EPSG:2059", pinned)
    x, y, crs, operation, uncertainty = _start(engine)
    assert (x - X, y - Y) == pytest.approx((10.8, -176.3), abs=0.15)
    assert (crs, operation, report.source_operation) == ("EPSG:2059", "EPSG:1514", "EPSG:1514")
    assert uncertainty == pytest.approx(math.hypot(1.0, 1.0)), "the operation's own metre is added"


def test_trap_1_1141_is_another_place(engine: Engine, tehran: City, send: Deliver) -> None:
    """1141 and 1514 differ by 4.6 m at Tehran: which one was used is part of the truth."""
    send([pipe(0)], "EPSG:2059", replace(tehran, operations={"EPSG:2059": "EPSG:1514"}))
    first = _start(engine)[:2]
    send([pipe(0)], "EPSG:2059", replace(tehran, operations={"EPSG:2059": "EPSG:1141"}))
    assert math.dist(first, _start(engine)[:2]) == pytest.approx(4.6, abs=0.2)


def test_trap_1_a_layer_may_name_another_operation_than_its_city(
    engine: Engine, tehran: City, send: Deliver
) -> None:
    """One agency's old sheets were brought over by 1141: its layer says so, and the others keep the city's 1514."""
    pinned = replace(tehran, operations={"EPSG:2059": "EPSG:1514"})
    report = send([pipe(0)], "EPSG:2059", pinned, operations={"EPSG:2059": "EPSG:1141"})
    assert (report.source_operation, _start(engine)[3]) == ("EPSG:1141", "EPSG:1141")
    again = send([pipe(0)], "EPSG:2059", pinned)
    assert (again.source_operation, again.diff.changed) == ("EPSG:1514", 1), "the same file, read another way"


def test_an_iranian_city_reads_ed50_maps_as_it_comes() -> None:
    """The city that is shipped as the example names its operation: an ED50(ED77) file needs no question."""
    from geo.crs import lonlat_bounds, operation_for
    from layers.city import load_city

    city = load_city(ROOT / "cities", "nemuneh")
    area = lonlat_bounds(city.extent_m, city.crs)
    assert {operation_for(code, city.city_crs, area).code for code in ("EPSG:2059", "EPSG:4154")} == {
        "EPSG:1514"
    }


def test_trap_1_an_operation_outside_its_area_is_refused(tehran: City, send: Deliver) -> None:
    with pytest.raises(OutOfArea) as refusal:
        send([pipe(0)], "EPSG:2059", replace(tehran, operations={"EPSG:2059": "EPSG:15745"}))
    assert refusal.value.params["name"] == "EPSG:15745"


@pytest.mark.parametrize("code", ["EPSG:4132", "EPSG:3200", "EPSG:4744", "EPSG:3394"])
def test_a_ballpark_is_no_operation(toy: City, send: Deliver, code: str) -> None:
    """FD58 and Nahrwan 1934 at Ahvaz: what PROJ offers is a zero shift, 440 m wrong, or made for elsewhere."""
    ahvaz = replace(toy, extent_m=(270_000.0, 3_460_000.0, 290_000.0, 3_475_000.0), operations={})
    degrees = LineString([(48.669, 31.3183), (48.67, 31.32)])
    into = Transformer.from_crs(crs_of(code).geodetic_crs, code, always_xy=True)
    there = shapely.transform(degrees, lambda xy: np.column_stack(into.transform(xy[:, 0], xy[:, 1])))
    with pytest.raises(NoOperation) as refusal:
        send([pipe(0) | {"geometry": there}], code, ahvaz)
    assert refusal.value.params["hint"] == "fit-control-points"


# --- trap 2: a system that does not exist -----------------------------------------------------------------


def test_trap_2_there_is_no_ed50_utm_39(toy_root: Path) -> None:
    """EPSG:23039 is not in the registry: the configuration that names it is refused with its key."""
    from layers.city import load_city

    path = toy_root / "toytown" / "city.toml"
    path.write_text(path.read_text(encoding="utf-8").replace("EPSG:32639", "EPSG:23039"), encoding="utf-8")
    with pytest.raises(CityConfigError) as refusal:
        load_city(toy_root, "toytown")
    assert refusal.value.params["key"] == "crs"
    # A .prj that says so is in the museum: prj_that_says_ed50_utm_39.


# --- trap 3: metres on the ground -------------------------------------------------------------------------


def test_trap_3_ground_distances_are_fitted_with_scale(engine: Engine, send: Deliver) -> None:
    """0.99961 at Tehran: 18 m over 30 km. A similarity from control points takes the scale out and says it."""
    scale = 0.99961 * (1 - 1300.0 / 6_371_000.0)
    corners = [(0.0, 0.0), (30_000.0, 0.0), (30_000.0, 30_000.0), (0.0, 30_000.0), (12_000.0, 17_000.0)]
    points = tuple((x, y, X - 15_000 + x * scale, Y - 15_000 + y * scale) for x, y in corners)
    ground = [pipe(n, lambda xy: (xy - [X - 15_000, Y - 15_000]) / scale) for n in range(30)]
    grid = LocalGrid(GridModel.SIMILARITY, 0.5, points, "survey of 1402")
    report = send(ground, None, local_grid=grid, crs=LOCAL)
    x, y, *_ = _start(engine)
    assert (x, y) == pytest.approx((X, Y), abs=0.001)
    assert report.facts["local_grid"]["rms_m"] < 0.001
    drift = math.hypot(30_000, 30_000) * (1 - scale)
    assert drift == pytest.approx(25.2, abs=0.5), "what a shift alone would leave"


# --- trap 4: the national frame is Doppler WGS 84 ----------------------------------------------------------


def test_trap_4_doppler_wgs84_is_found_by_agreement() -> None:
    """Both are called WGS 84, 0.61 m apart: no CRS can tell, only the layers that should agree."""
    random = np.random.default_rng(4)
    fixed = random.uniform(0, 3_000, (400, 2)) + [X, Y]
    doppler = Transformer.from_crs("EPSG:8888", "EPSG:9053", always_xy=True, allow_ballpark=False)
    assert doppler.accuracy == pytest.approx(0.7, abs=0.5)
    moving = fixed + [0.45, -0.41] + random.normal(0, 0.05, fixed.shape)
    found = compare(moving, fixed, "EPSG:32639", tolerance_m=0.3)
    assert found.code == "agreement-off"
    assert found.offset_m == pytest.approx((0.45, -0.41), abs=0.05)


# --- trap 5: an undocumented grid -------------------------------------------------------------------------


def _tehran_grid(blunder: bool = False) -> tuple[tuple[float, float, float, float], ...]:
    """Ten-digit coordinates in units of 1.1157 cm, turned by two degrees."""
    at = np.array(
        [[0, 0], [4_000, 300], [3_700, 4_100], [-200, 3_900], [1_900, 2_100], [3_000, 1_000]], dtype=float
    )
    east_north = at + [X - 2_000, Y - 2_000]
    turned = _into_grid(east_north)
    if blunder:
        east_north[4, 0] += 90.0  # a swapped digit
    return tuple((*map(float, a), *map(float, b)) for a, b in zip(turned, east_north, strict=True))


def _into_grid(xy: Any) -> Any:
    angle = math.radians(2.0)
    turn = np.array([[math.cos(angle), -math.sin(angle)], [math.sin(angle), math.cos(angle)]])
    return ((np.asarray(xy) - [X, Y]) @ turn) / 0.011157 + [2_500_000_000.0, 7_100_000_000.0]


@pytest.mark.parametrize("blunder", [False, True], ids=["clean", "one-blundered-point"])
def test_trap_5_a_local_grid_is_fitted_from_control_points(
    engine: Engine, send: Deliver, blunder: bool
) -> None:
    grid = LocalGrid(GridModel.SIMILARITY, 0.5, _tehran_grid(blunder), "manhole covers, RTK")
    report = send([pipe(n, _into_grid) for n in range(30)], None, local_grid=grid, crs=LOCAL)
    x, y, crs, operation, uncertainty = _start(engine)
    assert (x, y) == pytest.approx((X, Y), abs=0.01)
    assert (crs, operation) == (LOCAL, "control-points:similarity")
    stored = report.facts["local_grid"]
    assert stored["rejected"] == ([4] if blunder else [])
    assert len(stored["residuals_m"]) == 6
    assert uncertainty == pytest.approx(1.0, abs=0.01)
    with engine.connect() as connection:
        kept = connection.execute(text("SELECT report FROM layers.delivery")).scalar_one()
    assert kept["facts"]["local_grid"] == json.loads(json.dumps(stored)), (
        "the residuals stay with the delivery"
    )


def test_trap_5_control_points_that_contradict_each_other_are_refused(send: Deliver) -> None:
    points = tuple((x, y, e + 40.0 * i * i, n) for i, (x, y, e, n) in enumerate(_tehran_grid()))
    with pytest.raises(ControlPointsDisagree):
        send(
            [pipe(0, _into_grid)],
            None,
            local_grid=LocalGrid(GridModel.SIMILARITY, 0.5, points, "x"),
            crs=LOCAL,
        )


def test_a_local_grid_is_configuration(toy_root: Path) -> None:
    from layers.city import load_city

    path = toy_root / "toytown" / "layers.toml"
    points = ", ".join(f"{{ x = {x}, y = {y}, east = {e}, north = {n} }}" for x, y, e, n in _tehran_grid())
    path.write_text(
        path.read_text(encoding="utf-8") + f'\n[layer.local_grid]\nsource = "RTK"\npoints = [{points}]\n',
        encoding="utf-8",
    )
    spec = load_city(toy_root, "toytown").layer("pipes")
    assert spec.local_grid is not None
    assert (spec.crs, len(spec.local_grid.points), spec.local_grid.source) == (LOCAL, 6, "RTK")
    assert spec.local_grid.fitted().rms_m < 0.01


# --- trap 6: heights --------------------------------------------------------------------------------------


def test_trap_6_heights_are_not_depths(engine: Engine, tehran: City, tmp_path: Path) -> None:
    """No geoid is at hand for EPSG:5752, so a height is kept as delivered and never becomes a cover."""
    assert operations("EPSG:32639", "EPSG:32639")
    rows = [pipe(n) for n in range(3)]
    for each in rows:
        each["geometry"] = LineString([(x, y, 1_191.5) for x, y in each["geometry"].coords])
        each["depth"] = None
    path = tmp_path / "pipes.gpkg"
    geopandas.GeoDataFrame(rows, geometry="geometry", crs="EPSG:32639").to_file(
        path, layer="pipes", engine="pyogrio"
    )
    deliver(engine, tehran, tehran.layer("pipes"), path)
    with engine.connect() as connection:
        row = connection.execute(
            text("SELECT cover_m, cover_source, attributes FROM layers.network_line LIMIT 1")
        ).one()
    assert (row.cover_m, row.cover_source, row.attributes["z_m"]) == (None, "unknown", 1191.5)


def test_minus_depths_become_covers_only_when_the_mapping_says_so(
    engine: Engine, tehran: City, send: Deliver
) -> None:
    rows = [pipe(n) for n in range(3)]
    for each in rows:
        each["geometry"] = LineString([(x, y, -1.35) for x, y in each["geometry"].coords])
    fields = dict(tehran.layer("pipes").fields) | {"cover_m": FieldRule("z_m", "-m")}
    report = send(rows, "EPSG:32639", fields=fields)
    with engine.connect() as connection:
        assert connection.execute(
            text("SELECT DISTINCT cover_m FROM layers.network_line")
        ).scalars().all() == [1.35]
    assert {"field": "cover_m", "column": "z_m", "unit": "-m", "factor": -1.0, "values": 3} in report.facts[
        "conversions"
    ]


# --- and the rest -----------------------------------------------------------------------------------------


def test_web_mercator_areas_are_recognised_and_dropped(tehran: City, tmp_path: Path) -> None:
    """At 35.7 degrees Web Mercator makes 100 m² of 66: plausible, and wrong for every tariff."""
    to = Transformer.from_crs("EPSG:32639", "EPSG:3857", always_xy=True)
    rows = []
    for number in range(12):
        shape = box(X + 30 * number, Y, X + 30 * number + 20 + number, Y + 25)
        moved = shapely.transform(shape, lambda xy: np.column_stack(to.transform(xy[:, 0], xy[:, 1])))
        rows.append({"pid": str(number), "area": moved.area, "geometry": moved})
    path = tmp_path / "parcels.gpkg"
    geopandas.GeoDataFrame(rows, geometry="geometry", crs="EPSG:3857").to_file(path, engine="pyogrio")
    fields = {"feature_id": FieldRule("pid"), "area_m2": FieldRule("area")}
    spec = replace(tehran.layer("parcels"), table=None, fields=fields)
    mapped = map_layer(read(path), tehran, spec)
    assert set(mapped.columns["area_m2"]) == {None}
    (issue,) = [issue for issue in mapped.issues if issue.code == "web-mercator-areas"]
    assert issue.params["ratio"] == pytest.approx(1 / math.cos(math.radians(35.69)) ** 2, rel=0.01)
    assert mapped.geometry[0].area == pytest.approx(500, rel=0.002), "the outlines themselves are right"


def test_who_is_asked_for_a_crs_is_told_what_would_fit(tehran: City, tmp_path: Path) -> None:
    """A zone that is missing is asked, never guessed; what lies in the city is listed."""
    path = tmp_path / "points.csv"
    path.write_text(f"id,x,y\n1,{X},{Y}\n2,{X + 5},{Y}\n")
    found = fitting(read_table(path), tehran)
    assert found[0] == "EPSG:32639"
    assert "EPSG:2059" in found, "ED50(ED77) would fit as well: 176 m away, so only a person can say"
    assert "EPSG:4326" not in found
