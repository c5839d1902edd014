"""An area to take along: one ZIP with a GeoPackage, map tiles (PMTiles) and a page that opens without any network.

Everything is read in the caller's one transaction, for the purpose it has stated: the pack shows one state of every
layer, says of each how old it is, and names what was left out and why. Sensitive layers are taken only where the whole
area may be covered by one look (`layers.access`).
"""

from __future__ import annotations

import base64
import csv
import gzip
import io
import json
import math
import re
import zipfile
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any, Final

from pmtiles.tile import Compression, TileType, zxy_to_tileid
from pmtiles.writer import Writer
from shapely.geometry import mapping
from shapely.geometry.base import BaseGeometry

from geo.crs import to_wgs84
from geo.errors import PanjerehError
from layers import tiles
from layers.catalog import LayerSpec, Sensitivity
from layers.city import City
from layers.pack_contents import LeftOut, PackRequest, collect
from layers.pack_geopackage import ATTRIBUTES, contacts, write_geopackage
from layers.reads import Reader
from layers.records import LayerFreshness, NearFeature

LEAST_ZOOM, MOST_ZOOM = 13, 17
_MARKS: Final = ("/*PACK-STYLE*/", "/*PACK-DATA*/", "/*PACK-SCRIPT*/")


class PackPageMissing(PanjerehError):
    """The offline page is not built."""

    code = "pack-page-missing"


@dataclass(frozen=True, slots=True)
class PackPage:
    """The parts of the page that opens without network, as the web build leaves them."""

    template: str
    style: str
    script: str

    @classmethod
    def read(cls, folder: Path) -> PackPage:
        """The parts in `folder` (`web/dist/offline`); raises PackPageMissing."""
        try:
            parts = [
                (folder / name).read_text(encoding="utf-8") for name in ("pack.html", "pack.css", "pack.js")
            ]
        except FileNotFoundError as error:
            raise PackPageMissing(folder=str(folder), hint="build-the-page") from error
        return cls(*parts)

    def filled(self, data: Mapping[str, Any]) -> str:
        """The page with its style, script and data inside: no other file, no other host."""
        # "</" would end the script element; in JSON and in JavaScript strings "<\\/" means the same.
        said = json.dumps(data, ensure_ascii=False, separators=(",", ":")).replace("</", "<\\/")
        script = self.script.replace("</script", "<\\/script")
        parts = dict(zip(_MARKS, (self.style, said, script), strict=True))
        # In one pass: a mark inside a part is text.
        return re.sub("|".join(map(re.escape, _MARKS)), lambda found: parts[found.group()], self.template)


@dataclass(frozen=True, slots=True)
class Pack:
    """What was packed: features by layer, tiles, and what was left out."""

    features: Mapping[str, int]
    tiles: int
    left_out: tuple[LeftOut, ...]


def build_pack(reader: Reader, request: PackRequest, page: PackPage, path: Path) -> Pack:
    """Write the pack to `path`. Raises PackTooLarge, or AccessRefused when a sensitive layer stays shut."""
    made = collect(reader, request)
    taken, left_out, states, found = made.taken, made.left_out, made.states, made.found
    with path.open("wb") as file, zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
        folder = path.with_suffix(".parts")
        folder.mkdir()
        try:
            geopackage = folder / "pack.gpkg"
            write_geopackage(geopackage, request, made)
            archive.write(geopackage, "pack.gpkg", zipfile.ZIP_STORED)
            archived, count = _pmtiles(reader, request, taken)
        finally:
            for each in folder.iterdir():
                each.unlink()
            folder.rmdir()
        archive.writestr("pack.pmtiles", archived, zipfile.ZIP_STORED)
        data = _page_data(request, taken, left_out, states, found)
        archive.writestr("index.html", page.filled({**data, "tiles": base64.b64encode(archived).decode()}))
        archive.writestr("contacts.csv", _contacts_csv(request.city))
        archive.writestr("README.txt", _readme(request, taken, left_out))
    return Pack({name: len(each) for name, each in found.items()}, count, left_out)


def _contacts_csv(city: City) -> bytes:
    """The contacts as CSV; the byte-order mark is for the spreadsheet that would else garble Persian."""
    rows = contacts(city)
    text = io.StringIO()
    writer = csv.DictWriter(text, fieldnames=list(rows[0]))
    writer.writeheader()
    writer.writerows(rows)
    return text.getvalue().encode("utf-8-sig")


# --- tiles


def _addresses(area: BaseGeometry, z: int) -> Iterator[tuple[int, int]]:
    """The tiles of a zoom that the area (WGS84) touches the box of."""
    west, south, east, north = area.bounds

    def column(lon: float) -> int:
        return int((lon + 180) / 360 * 2**z)

    def row(lat: float) -> int:
        return int((1 - math.asinh(math.tan(math.radians(lat))) / math.pi) / 2 * 2**z)

    for x in range(column(west), column(east) + 1):
        for y in range(row(north), row(south) + 1):
            yield x, y


def _pmtiles(reader: Reader, request: PackRequest, taken: Sequence[LayerSpec]) -> tuple[bytes, int]:
    """The tiles of the area as one PMTiles archive (gzip inside), and how many there are."""
    area = to_wgs84(request.area_m, request.city.city_crs)
    from_zoom = tiles.look_zoom(request.city)
    made: dict[int, bytes] = {}
    for z in range(LEAST_ZOOM, MOST_ZOOM + 1):
        ids = [
            spec.layer_id for spec in taken if spec.sensitivity is not Sensitivity.SENSITIVE or z >= from_zoom
        ]
        for x, y in _addresses(area, z):
            content = tiles.tile(reader, request.city.city_id, ids, z, x, y)
            if content:
                made[zxy_to_tileid(z, x, y)] = gzip.compress(content, mtime=0)
    file = io.BytesIO()
    if made:
        writer: Any = Writer(file)  # type: ignore[no-untyped-call]
        for number in sorted(made):
            writer.write_tile(number, made[number])
        west, south, east, north = area.bounds
        writer.finalize(
            _header((west, south, east, north)), {"vector_layers": _vector_layers(request, taken)}
        )
    return file.getvalue(), len(made)


def _header(bounds: tuple[float, float, float, float]) -> dict[str, Any]:
    west, south, east, north = (round(value * 1e7) for value in bounds)
    return {
        "tile_type": TileType.MVT,
        "tile_compression": Compression.GZIP,
        "min_lon_e7": west, "min_lat_e7": south, "max_lon_e7": east, "max_lat_e7": north,
        "center_zoom": 15, "center_lon_e7": (west + east) // 2, "center_lat_e7": (south + north) // 2,
    }  # fmt: skip


def _vector_layers(request: PackRequest, taken: Sequence[LayerSpec]) -> list[dict[str, Any]]:
    said: list[dict[str, Any]] = tiles.tilejson(request.city, taken)["vector_layers"]
    return said


# --- the page


def _page_data(
    request: PackRequest,
    taken: Sequence[LayerSpec],
    left_out: Sequence[LeftOut],
    states: Mapping[str, LayerFreshness],
    found: Mapping[str, Sequence[NearFeature]],
) -> dict[str, Any]:
    city = request.city
    return {
        "city": {
            "id": city.city_id, "name": city.name.as_dict(), "calendar": str(city.calendar), "timezone": city.timezone,
        },
        "made_at": request.made_at.isoformat(),
        "made_by": request.made_by,
        "note": request.note,
        "area": mapping(to_wgs84(request.area_m, city.city_crs)),
        "layers": [
            {
                "id": spec.layer_id, "name": spec.name.as_dict(), "target": str(spec.target),
                "utility": spec.utility and str(spec.utility), "owner": spec.owner, "colour": spec.colour,
                "min_zoom": spec.min_zoom, "sensitivity": str(spec.sensitivity),
                "features": len(found[spec.layer_id]), "state": str(states[spec.layer_id].state),
                "as_of": _iso(states[spec.layer_id].as_of), "credit": spec.source.credit,
            }
            for spec in taken
        ],
        "left_out": [{"layer_id": each.layer_id, "why": each.why} for each in left_out],
        "details": _details(found),
        "contacts": contacts(city),
        **(request.extra or {}),
    }  # fmt: skip


def _iso(day: date | None) -> str | None:
    return None if day is None else day.isoformat()


def _details(found: Mapping[str, Sequence[NearFeature]]) -> dict[str, dict[str, dict[str, Any]]]:
    """What the tiles leave out of every network feature, by layer and id: depth, accuracy, owner, age."""
    names = [name for name in ATTRIBUTES if name not in {"target", "layer_id", "feature_id"}]
    return {
        layer_id: {
            each.feature_id: {
                name: value.isoformat() if isinstance(value, date) else value
                for name in names
                if (value := getattr(each, name)) is not None
            }
            for each in features
            if each.utility is not None
        }
        for layer_id, features in found.items()
    }


def _readme(request: PackRequest, taken: Sequence[LayerSpec], left_out: Sequence[LeftOut]) -> str:
    sources = sorted({f"{spec.source.credit} ({spec.source.licence})" for spec in taken})
    omitted = [f"  {each.layer_id}: {each.why}" for each in left_out]
    lines = [
        f"{request.city.name.fa} / {request.city.name.en}",
        f"{request.made_at.isoformat()}  {request.made_by}",
        "",
        "index.html را با مرورگر باز کنید؛ به شبکه نیازی نیست. pack.gpkg برای QGIS و pack.pmtiles کاشی‌های نقشه است.",
        "Open index.html in a browser; no network is needed. pack.gpkg is for a GIS, pack.pmtiles holds the map tiles.",
        "",
        "لایه‌های کنار گذاشته‌شده / Layers left out:",
        *(omitted or ["  -"]),
        "",
        "Credits and licences of the data:",
        *(f"  {line}" for line in sources),
    ]
    return "\r\n".join(lines) + "\r\n"
