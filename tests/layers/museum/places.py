"""Coordinates that were written one way and are read another: each refused by name, with the first place."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import shapely
from pyproj import Transformer

from geo.crs import CityCrs, to_wgs84
from tests.layers.museum.base import CRS, exhibit, frame, line, rows, written

Move = Callable[[Any], Any]


def _moved(folder: Path, move: Move, crs: str = CRS, name: str = "pipes.gpkg") -> Path:
    given = [each | {"geometry": shapely.transform(each["geometry"], move)} for each in rows()]
    return written(folder, name, frame(given, crs=crs))


def _to(code: str) -> Move:
    transformer = Transformer.from_crs(CRS, code, always_xy=True)
    return lambda xy: np.column_stack(transformer.transform(xy[:, 0], xy[:, 1]))


@exhibit(refusal="place-axes-swapped", params={"x": 3901000.0, "y": 501000.0})
def northing_first(folder: Path) -> Path:
    return _moved(folder, lambda xy: xy[:, ::-1])


@exhibit(refusal="place-axes-swapped", spec={"table": None})
def latitude_first(folder: Path) -> Path:
    given = [
        r | {"geometry": shapely.transform(to_wgs84(r["geometry"], CityCrs(CRS)), lambda xy: xy[:, ::-1])}
        for r in rows()
    ]
    return written(folder, "pipes.geojson", frame(given, crs="EPSG:4326"))


@exhibit(refusal="source-crs-contradiction", params={"stated": CRS, "hint": "state-the-crs"})
def degrees_in_a_utm_file(folder: Path) -> Path:
    return _moved(folder, _to("EPSG:4326"))


@exhibit(refusal="place-other-zone", params={"detail": "EPSG:32638"})
def numbers_of_the_next_zone(folder: Path) -> Path:
    return _moved(folder, _to("EPSG:32638"))


@exhibit(refusal="place-stated-crs-wrong", params={"stated": "EPSG:32638", "fits": CRS})
def zone_stated_wrong(folder: Path) -> Path:
    return _moved(folder, lambda xy: xy, crs="EPSG:32638")


@exhibit(refusal="place-digits-dropped", params={"detail": "0 3900000"})
def millions_dropped(folder: Path) -> Path:
    return _moved(folder, lambda xy: xy - [0.0, 3_900_000.0])


@exhibit(refusal="place-digits-dropped", params={"detail": "500000 3900000"})
def local_plan_with_short_numbers(folder: Path) -> Path:
    return _moved(folder, lambda xy: xy - [500_000.0, 3_900_000.0])


@exhibit(refusal="place-zone-prefix", params={"detail": "39"})
def zone_number_before_the_easting(folder: Path) -> Path:
    return _moved(folder, lambda xy: xy + [39e6, 0.0])


@exhibit(refusal="place-web-mercator")
def web_mercator_called_utm(folder: Path) -> Path:
    return _moved(folder, _to("EPSG:3857"))


@exhibit(refusal="place-other-unit", params={"detail": "0.001 m"})
def millimetres(folder: Path) -> Path:
    return _moved(folder, lambda xy: xy * 1000.0)


@exhibit(counts={"error:outside-city": 1}, refused=1)
def one_pipe_elsewhere(folder: Path) -> Path:
    """A single feature elsewhere is that feature's fault, not the file's."""
    away = shapely.transform(line(3), lambda xy: xy + [50_000.0, 0.0])
    return written(folder, "pipes.gpkg", frame(rows(r3={"geometry": away})))


@exhibit(counts={"error:outside-city": 40, "error:too-many-refused": 1}, refused=40)
def another_city(folder: Path) -> Path:
    """No mistake explains it: refused feature by feature, and as a whole."""
    return _moved(folder, lambda xy: xy + [61_000.0, 37_000.0])
