"""Drawings and archives: DXF by hand, as old programs wrote it; zips that want out."""

from __future__ import annotations

import stat
import zipfile
from pathlib import Path
from typing import Any

from layers.catalog import FieldRule
from tests.layers.museum.base import COUNT, CRS, cut, exhibit, line, written
from tests.layers.museum.shapes import good_shapefile
from tests.layers.museum.tables import good_geopackage

Pairs = list[tuple[int, Any]]
_DXF: dict[str, Any] = {
    "table": "WATER",
    "crs": CRS,
    "fields": {"feature_id": FieldRule("handle"), "material": FieldRule("label")},
    "codes": {},
    "select": {"kind": ("LINE", "LWPOLYLINE", "POLYLINE", "ARC", "3DSOLID")},
}


def _text(pairs: Pairs) -> str:
    return "".join(f"{code:>3}\n{value}\n" for code, value in pairs)


def _section(name: str, pairs: Pairs) -> Pairs:
    return [(0, "SECTION"), (2, name), *pairs, (0, "ENDSEC")]


def _pipes(first: int = 0, count: int = COUNT) -> Pairs:
    made: Pairs = []
    for number in range(first, first + count):
        (x1, y1), (x2, y2) = line(number).coords
        made += [(0, "LINE"), (5, f"A{number:03X}"), (8, "WATER"), (10, x1), (20, y1), (11, x2), (21, y2)]
    return made


def _drawing(folder: Path, entities: Pairs, page: str = "ANSI_1256", encoding: str = "cp1256") -> Path:
    head = _section(
        "HEADER", [(9, "$ACADVER"), (1, "AC1009"), (9, "$DWGCODEPAGE"), (3, page), (9, "$INSUNITS"), (70, 6)]
    )
    circle: Pairs = [(0, "CIRCLE"), (8, "0"), (10, 0), (20, 0), (40, 0.5)]
    tag: Pairs = [(0, "ATTDEF"), (8, "0"), (10, 0), (20, 0), (40, 1), (1, ""), (3, "p"), (2, "DN"), (70, 0)]
    block = [
        (0, "BLOCK"),
        (8, "0"),
        (2, "VALVE"),
        (70, 2),
        (10, 0),
        (20, 0),
        (3, "VALVE"),
        *circle,
        *tag,
        (0, "ENDBLK"),
        (8, "0"),
    ]
    text = _text([*head, *_section("BLOCKS", block), *_section("ENTITIES", entities), (0, "EOF")])
    path = folder / "pipes.dxf"
    path.write_bytes(text.encode(encoding))
    return path


_LABEL: Pairs = [(0, "TEXT"), (5, "B1"), (8, "WATER"), (10, 501050), (20, 3901003.5), (40, 2), (1, "چدن")]
_VALVE: Pairs = [
    (0, "INSERT"), (5, "B2"), (8, "VALVES"), (66, 1), (2, "VALVE"), (10, 501050), (20, 3901002.5),
    (0, "ATTRIB"), (8, "VALVES"), (10, 501050), (20, 3901002.5), (40, 1), (1, "150"), (2, "DN"), (70, 0), (0, "SEQEND"),
    (8, "VALVES"),
]  # fmt: skip


@exhibit(spec=_DXF, facts={"encoding": "cp1256", "drawing_units": "m", "not_selected": 1})
def drawing(folder: Path) -> Path:
    return _drawing(folder, [*_pipes(), *_LABEL, *_VALVE])


@exhibit(spec={**_DXF, "crs": None}, refusal="source-crs-missing", params={"x": 501000.0})
def drawing_without_crs(folder: Path) -> Path:
    return drawing(folder)


@exhibit(
    spec={**_DXF, "table": "VALVES", "fields": {"feature_id": FieldRule("handle"), "diameter_mm": FieldRule("DN")},
          "select": {}},
    read=1, refused=1, counts={"error:wrong-geometry-type": 1, "error:too-many-refused": 1},
)  # fmt: skip
def valve_of_a_drawing(folder: Path) -> Path:
    """A block is a point with its attributes: right in a layer of devices, refused in one of pipes."""
    return drawing(folder)


@exhibit(spec=_DXF, read=COUNT + 1, refused=1, counts={"error:entity-not-read": 1})
def drawing_with_an_entity_that_gdal_leaves_out(folder: Path) -> Path:
    return _drawing(folder, [*_pipes(), (0, "3DSOLID"), (5, "C1"), (8, "WATER"), (1, "x")])


@exhibit(spec=_DXF, read=COUNT + 1, counts={"notice:curves-linearised": 1})
def drawing_with_an_arc(folder: Path) -> Path:
    arc: Pairs = [
        (0, "ARC"),
        (5, "C1"),
        (8, "WATER"),
        (10, 501500),
        (20, 3901500),
        (40, 50),
        (50, 0),
        (51, 90),
    ]
    return _drawing(folder, [*_pipes(), *arc])


@exhibit(spec=_DXF, refusal="source-truncated")
def truncated_drawing(folder: Path) -> Path:
    return cut(drawing(folder))


@exhibit(spec=_DXF, refusal="source-format-unknown")
def dwg_called_dxf(folder: Path) -> Path:
    path = folder / "pipes.dxf"
    path.write_bytes(b"AC1032\0\0\0\0\0\0 binary")
    return path


@exhibit(spec=_DXF, facts={"encoding": "utf-8"})
def drawing_in_utf8_that_says_1256(folder: Path) -> Path:
    return _drawing(folder, [*_pipes(), *_LABEL], encoding="utf-8")


# --- archives ---------------------------------------------------------------------------------------------


def _zip(folder: Path, members: dict[str, bytes], name: str = "pipes.zip") -> Path:
    path = folder / name
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for member, content in members.items():
            archive.writestr(member, content)
    return path


@exhibit()
def zipped_geopackage(folder: Path) -> Path:
    return _zip(folder, {"pipes.gpkg": good_geopackage(folder).read_bytes(), "read me.txt": b"hello"})


@exhibit(spec={"table": None})
def zipped_shapefile_in_a_folder(folder: Path) -> Path:
    parts = [part for part in good_shapefile(folder).parent.iterdir() if part.stem == "pipes"]
    return _zip(folder, {f"data/{part.name}": part.read_bytes() for part in parts})


@exhibit(refusal="source-unsafe", params={"problem": "path-outside"})
def zip_slip(folder: Path) -> Path:
    return _zip(folder, {"../../escaped.gpkg": good_geopackage(folder).read_bytes()})


@exhibit(refusal="source-unsafe", params={"problem": "path-outside"})
def zip_with_an_absolute_path(folder: Path) -> Path:
    return _zip(folder, {"/tmp/escaped.gpkg": b"x"})


@exhibit(refusal="source-unsafe", params={"problem": "link"})
def zip_with_a_link(folder: Path) -> Path:
    path = folder / "pipes.zip"
    link = zipfile.ZipInfo("pipes.gpkg")
    link.external_attr = (stat.S_IFLNK | 0o777) << 16
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr(link, "/etc/passwd")
    return path


@exhibit(refusal="source-unsafe", params={"problem": "bomb"})
def zip_bomb(folder: Path) -> Path:
    return _zip(folder, {"pipes.gpkg": bytes(32 << 20)})


@exhibit(refusal="source-table-unstated")
def zip_of_two_files(folder: Path) -> Path:
    raw = good_geopackage(folder).read_bytes()
    return _zip(folder, {"a.gpkg": raw, "b.gpkg": raw})


@exhibit(refusal="source-damaged")
def truncated_zip(folder: Path) -> Path:
    return cut(zipped_geopackage(folder))


@exhibit(refusal="source-format-unknown")
def file_of_no_known_format(folder: Path) -> Path:
    path = folder / "pipes.docx"
    path.write_bytes(b"PK")
    return path


@exhibit(refusal="source-crs-missing", spec={"table": None})
def mapinfo_would_be_asked(folder: Path) -> Path:
    """A format with silence about its system: here a Shapefile whose .prj says "local"."""
    path = written(folder, "pipes.shp")
    path.with_suffix(".prj").write_text(
        'LOCAL_CS["site",LOCAL_DATUM["site",0],UNIT["metre",1],AXIS["X",EAST],AXIS["Y",NORTH]]'
    )
    return path
