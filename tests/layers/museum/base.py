"""What every exhibit is made of: forty pipes of the toy city, and the label that says what must be reported."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import geopandas
from shapely.geometry import LineString

CRS = "EPSG:32639"
COUNT = 40


@dataclass(frozen=True)
class Exhibit:
    """A file with one fault, and what its delivery must say. `refusal` is the code of the whole file's refusal."""

    build: Callable[[Path], Path]
    refusal: str | None = None
    refused: int = 0
    repaired: int = 0
    read: int = COUNT
    counts: dict[str, int] = field(default_factory=dict)
    facts: dict[str, Any] = field(default_factory=dict)
    params: dict[str, Any] = field(default_factory=dict)
    spec: dict[str, Any] = field(default_factory=dict)
    needs: str | None = None

    @property
    def name(self) -> str:
        return self.build.__name__


EXHIBITS: list[Exhibit] = []


def exhibit(**label: Any) -> Callable[[Callable[[Path], Path]], Callable[[Path], Path]]:
    """Put a builder into the museum, with its label."""

    def shown(build: Callable[[Path], Path]) -> Callable[[Path], Path]:
        EXHIBITS.append(Exhibit(build, **label))
        return build

    return shown


def line(number: int) -> LineString:
    y = 3901000.0 + 10.0 * number
    return LineString([(501000, y), (501100, y + 5)])


def row(number: int, **changes: Any) -> dict[str, Any]:
    made = {"id": f"P{number:03d}", "kind": "M", "dn": 10.5, "depth": 120.5, "mat": "PE", "a": "x", "b": "y"}
    return made | {"geometry": line(number)} | changes


def rows(count: int = COUNT, **changed: Any) -> list[dict[str, Any]]:
    """Forty good rows; `r3={...}` changes row 3."""
    return [row(number, **changed.get(f"r{number}", {})) for number in range(count)]


def frame(given: list[dict[str, Any]] | None = None, crs: str | None = CRS) -> geopandas.GeoDataFrame:
    return geopandas.GeoDataFrame(given if given is not None else rows(), geometry="geometry", crs=crs)


def written(folder: Path, name: str, given: geopandas.GeoDataFrame | None = None, **options: Any) -> Path:
    """Write with GDAL, in the format of the name's suffix."""
    path = folder / name
    options |= {"layer": "pipes"} if name.endswith(".gpkg") else {}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        (given if given is not None else frame()).to_file(path, engine="pyogrio", **options)
    return path


def cut(path: Path, part: float = 0.6) -> Path:
    """Keep only the first part of a file's bytes, as a broken transfer does."""
    raw = path.read_bytes()
    path.write_bytes(raw[: int(len(raw) * part)])
    return path
