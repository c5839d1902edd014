"""Shapefiles: three parts that may be missing, cut, or written in another alphabet than they say."""

from __future__ import annotations

import struct
from pathlib import Path
from typing import Any

from tests.layers.museum.base import COUNT, cut, exhibit, frame, rows, written

_SHP: dict[str, Any] = {"table": None}
_STEEL = "فولاد"


def _persian(folder: Path, encoding: str, **changes: Any) -> Path:
    given = [each | {"mat": "لوله " + _STEEL} for each in rows()]
    return written(folder, "pipes.shp", frame(given, **changes), encoding=encoding)


@exhibit(spec=_SHP)
def good_shapefile(folder: Path) -> Path:
    return written(folder, "pipes.shp")


@exhibit(spec=_SHP, facts={"encoding": "utf-8"})
def persian_in_utf8(folder: Path) -> Path:
    return _persian(folder, "UTF-8")


@exhibit(spec=_SHP, facts={"encoding": "cp1256", "encoding_known_by": "stated"})
def persian_in_1256_with_cpg(folder: Path) -> Path:
    return _persian(folder, "CP1256")


@exhibit(
    spec=_SHP,
    facts={"encoding": "cp1256", "encoding_known_by": "detected"},
    counts={"notice:encoding-detected": 1},
)
def persian_in_1256_without_cpg(folder: Path) -> Path:
    path = _persian(folder, "CP1256")
    path.with_suffix(".cpg").unlink()
    _forget_language(path)
    return path


@exhibit(
    spec=_SHP,
    facts={"encoding": "utf-8", "encoding_known_by": "detected"},
    counts={"notice:encoding-detected": 1},
)
def persian_in_utf8_without_cpg(folder: Path) -> Path:
    path = _persian(folder, "UTF-8")
    path.with_suffix(".cpg").unlink()
    _forget_language(path)
    return path


@exhibit(
    spec=_SHP,
    facts={"encoding": "cp1256", "encoding_known_by": "corrected"},
    counts={"notice:encoding-corrected": 1},
)
def persian_in_1256_called_utf8(folder: Path) -> Path:
    path = _persian(folder, "CP1256")
    path.with_suffix(".cpg").write_text("UTF-8")
    return path


@exhibit(spec=_SHP, facts={"encoding": "cp1252"}, counts={"notice:encoding-detected": 1})
def german_without_cpg(folder: Path) -> Path:
    """Umlauts stand alone among Latin letters, where 1256 would read ن and ü."""
    given = [each | {"mat": "Stahl, geschweißt, Überzug"} for each in rows()]
    path = written(folder, "pipes.shp", frame(given), encoding="CP1252")
    path.with_suffix(".cpg").unlink()
    _forget_language(path)
    return path


@exhibit(spec=_SHP, refusal="source-encoding-unknown")
def text_of_no_known_encoding(folder: Path) -> Path:
    path = _persian(folder, "CP1256")
    path.with_suffix(".cpg").unlink()
    dbf = path.with_suffix(".dbf")
    dbf.write_bytes(dbf.read_bytes().replace(_STEEL.encode("cp1256"), b"\x81A\x8fB\x9d"))
    _forget_language(path)
    return path


@exhibit(spec=_SHP, counts={"notice:text-cut": COUNT})
def utf8_cut_by_a_narrow_column(folder: Path) -> Path:
    """The last letter of a full column is cut through its middle; the rest of the text is kept."""
    path = _persian(folder, "UTF-8")
    dbf = path.with_suffix(".dbf")
    whole = ("لوله " + _STEEL).encode()
    dbf.write_bytes(dbf.read_bytes().replace(whole, whole[:-1] + b" "))
    return path


def _forget_language(path: Path) -> None:
    dbf = path.with_suffix(".dbf")
    raw = bytearray(dbf.read_bytes())
    raw[29] = 0
    dbf.write_bytes(raw)


@exhibit(spec=_SHP, refusal="source-crs-missing")
def shapefile_without_prj(folder: Path) -> Path:
    path = good_shapefile(folder)
    path.with_suffix(".prj").unlink()
    return path


@exhibit(spec={"table": None, "crs": "EPSG:32639"})
def shapefile_without_prj_that_was_asked(folder: Path) -> Path:
    return shapefile_without_prj(folder)


@exhibit(spec=_SHP, counts={"notice:index-rebuilt": 1})
def shapefile_without_shx(folder: Path) -> Path:
    path = good_shapefile(folder)
    path.with_suffix(".shx").unlink()
    return path


@exhibit(spec=_SHP, refusal="source-part-missing", params={"part": ".dbf"})
def shapefile_without_dbf(folder: Path) -> Path:
    path = good_shapefile(folder)
    path.with_suffix(".dbf").unlink()
    return path


@exhibit(spec=_SHP, refusal="source-truncated")
def truncated_shp(folder: Path) -> Path:
    return cut(good_shapefile(folder))


@exhibit(spec=_SHP, refusal="source-truncated")
def truncated_dbf(folder: Path) -> Path:
    path = good_shapefile(folder)
    cut(path.with_suffix(".dbf"))
    return path


@exhibit(spec=_SHP, refusal="source-incomplete")
def dbf_with_a_row_less(folder: Path) -> Path:
    path = good_shapefile(folder)
    dbf = path.with_suffix(".dbf")
    raw = bytearray(dbf.read_bytes())
    raw[4:8] = struct.pack("<I", COUNT - 1)
    dbf.write_bytes(raw)
    return path


@exhibit(spec=_SHP, refusal="source-damaged")
def shx_of_another_file(folder: Path) -> Path:
    path = good_shapefile(folder)
    shx = path.with_suffix(".shx")
    raw = bytearray(shx.read_bytes())
    raw[100:108] = raw[108:116]
    shx.write_bytes(raw)
    return path


@exhibit(spec=_SHP, read=COUNT - 1, counts={"notice:deleted-records": 1})
def shapefile_with_a_deleted_record(folder: Path) -> Path:
    path = good_shapefile(folder)
    dbf = path.with_suffix(".dbf")
    raw = bytearray(dbf.read_bytes())
    start, length = struct.unpack("<HH", raw[8:12])
    raw[start + 2 * length] = ord("*")
    dbf.write_bytes(raw)
    return path


@exhibit(spec=_SHP, refusal="source-crs-missing", params={"found": "ED50 / UTM zone 39N"})
def prj_that_says_ed50_utm_39(folder: Path) -> Path:
    """Trap 2: there is no ED50 / UTM 39N in EPSG (23039); such files are ED50(ED77) or custom, so it is asked."""
    path = good_shapefile(folder)
    path.with_suffix(".prj").write_text(
        'PROJCS["ED50 / UTM zone 39N",GEOGCS["ED50",DATUM["D_European_1950",SPHEROID["International_1924",'
        '6378388,297]],PRIMEM["Greenwich",0],UNIT["Degree",0.0174532925199433]],PROJECTION["Transverse_Mercator"],'
        'PARAMETER["latitude_of_origin",0],PARAMETER["central_meridian",51],PARAMETER["scale_factor",0.9996],'
        'PARAMETER["false_easting",500000],PARAMETER["false_northing",0],UNIT["Meter",1]]'
    )
    return path
