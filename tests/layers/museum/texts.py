"""GeoJSON, KML, GML and CSV: text that people, browsers and spreadsheets have touched."""

from __future__ import annotations

import json
import zipfile
from pathlib import Path
from typing import Any

from shapely.geometry import mapping

from geo.crs import CityCrs, to_wgs84
from tests.layers.museum.base import COUNT, CRS, cut, exhibit, frame, line, rows, written

_ANY: dict[str, Any] = {"table": None}
_DEGREES = [to_wgs84(line(number), CityCrs(CRS)) for number in range(COUNT)]


def _properties(number: int) -> dict[str, Any]:
    return {name: value for name, value in rows()[number].items() if name != "geometry"}


def _collection(metres: bool, **members: Any) -> dict[str, Any]:
    shapes = [line(n) for n in range(COUNT)] if metres else _DEGREES
    features = [
        {"type": "Feature", "properties": _properties(n), "geometry": mapping(shape)}
        for n, shape in enumerate(shapes)
    ]
    return {"type": "FeatureCollection", **members, "features": features}


def _json(folder: Path, content: Any, name: str = "pipes.geojson") -> Path:
    path = folder / name
    path.write_text(json.dumps(content, ensure_ascii=False), encoding="utf-8")
    return path


def _crs(name: str) -> dict[str, Any]:
    return {"type": "name", "properties": {"name": name}}


@exhibit(spec=_ANY)
def good_geojson(folder: Path) -> Path:
    return _json(folder, _collection(metres=False))


@exhibit(spec=_ANY)
def geojson_with_the_crs_member_of_2008(folder: Path) -> Path:
    return _json(folder, _collection(metres=True, crs=_crs("urn:ogc:def:crs:EPSG::32639")))


@exhibit(spec=_ANY, refusal="source-crs-contradiction", params={"x": 501000.0})
def geojson_of_projected_values_without_crs(folder: Path) -> Path:
    return _json(folder, _collection(metres=True))


@exhibit(spec={"table": None, "crs": CRS})
def geojson_of_projected_values_that_was_asked(folder: Path) -> Path:
    return _json(folder, _collection(metres=True))


@exhibit(spec=_ANY, refusal="source-crs-missing")
def geojson_that_says_crs_null(folder: Path) -> Path:
    return _json(folder, _collection(metres=True, crs=None))


@exhibit(spec=_ANY, refusal="source-crs-missing")
def geojson_whose_crs_is_a_link(folder: Path) -> Path:
    link = {"type": "link", "properties": {"href": "http://example.com/crs"}}
    return _json(folder, _collection(metres=True, crs=link))


@exhibit(spec=_ANY, refusal="source-truncated")
def truncated_geojson(folder: Path) -> Path:
    return cut(good_geojson(folder))


@exhibit(spec=_ANY, refusal="source-damaged")
def geojson_that_is_no_utf8(folder: Path) -> Path:
    path = folder / "pipes.geojson"
    path.write_bytes(
        json.dumps(_collection(metres=False) | {"name": "لوله"}, ensure_ascii=False).encode("cp1256")
    )
    return path


@exhibit(spec=_ANY, refused=2, counts={"error:unreadable-feature": 2})
def geojson_with_broken_features(folder: Path) -> Path:
    content = _collection(metres=False)
    content["features"][3]["geometry"] = {"type": "LineString", "coordinates": [["x", 1], [2, 3]]}
    content["features"][4]["geometry"]["type"] = "Curve"
    return _json(folder, content)


@exhibit(spec=_ANY)
def geojson_with_a_byte_order_mark(folder: Path) -> Path:
    path = good_geojson(folder)
    path.write_bytes(b"\xef\xbb\xbf" + path.read_bytes())
    return path


@exhibit(spec=_ANY)
def geojson_of_lines(folder: Path) -> Path:
    features = _collection(metres=False)["features"]
    path = folder / "pipes.geojsonl"
    path.write_text("\n".join(json.dumps(feature) for feature in features) + "\n")
    return path


# --- KML --------------------------------------------------------------------------------------------------


def _kml(marks: list[str], head: str = "") -> str:
    return (
        f'<?xml version="1.0" encoding="UTF-8"?>{head}<kml xmlns="http://www.opengis.net/kml/2.2"><Document>'
        f"<Folder><name>pipes</name>{''.join(marks)}</Folder></Document></kml>"
    )


def _mark(number: int, coordinates: str | None = None) -> str:
    data = "".join(f'<Data name="{k}"><value>{v}</value></Data>' for k, v in _properties(number).items())
    text = coordinates or " ".join(f"{x!r},{y!r},0" for x, y in _DEGREES[number].coords)
    shape = f"<LineString><coordinates>{text}</coordinates></LineString>"
    return f"<Placemark><name>{number}</name><ExtendedData>{data}</ExtendedData>{shape}</Placemark>"


@exhibit(spec={"table": "pipes"})
def good_kml(folder: Path) -> Path:
    path = folder / "pipes.kml"
    path.write_text(_kml([_mark(n) for n in range(COUNT)]))
    return path


@exhibit(spec={"table": "pipes"})
def kmz(folder: Path) -> Path:
    inner = good_kml(folder)
    path = folder / "pipes.kmz"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.write(inner, "doc.kml")
    return path


@exhibit(spec=_ANY, refusal="source-truncated")
def truncated_kml(folder: Path) -> Path:
    return cut(good_kml(folder))


@exhibit(spec=_ANY, refused=1, counts={"error:unreadable-feature": 1})
def kml_with_broken_coordinates(folder: Path) -> Path:
    path = folder / "pipes.kml"
    path.write_text(_kml([_mark(n, "51,x 52,35" if n == 3 else None) for n in range(COUNT)]))
    return path


@exhibit(spec=_ANY, refusal="source-unsafe", params={"problem": "document-type"})
def kml_with_entities(folder: Path) -> Path:
    """A billion laughs, and the door to files of this machine."""
    path = folder / "pipes.kml"
    path.write_text(_kml([], '<!DOCTYPE kml [<!ENTITY a SYSTEM "file:///etc/passwd">]>'))
    return path


# --- GML --------------------------------------------------------------------------------------------------


@exhibit(spec=_ANY)
def good_gml(folder: Path) -> Path:
    return written(folder, "pipes.gml", FORMAT="GML3.2")


@exhibit(spec=_ANY, facts={"srs_name": "urn:ogc:def:crs:EPSG::4326"})
def gml_with_latitude_first(folder: Path) -> Path:
    """The URN says latitude, longitude; the pipes are where they are all the same."""
    return written(folder, "pipes.gml", frame([r | {"geometry": g} for r, g in zip(rows(), _DEGREES, strict=True)],
                                              crs="EPSG:4326"), FORMAT="GML3.2")  # fmt: skip


@exhibit(spec=_ANY, refusal="source-truncated")
def truncated_gml(folder: Path) -> Path:
    return cut(good_gml(folder))


@exhibit(spec=_ANY, refusal="source-crs-missing")
def gml_without_srs_name(folder: Path) -> Path:
    import re

    path = good_gml(folder)
    path.write_text(re.sub(r' srsName="[^"]*"', "", path.read_text()))
    path.with_suffix(".xsd").unlink(missing_ok=True)
    return path


@exhibit(spec=_ANY, refusal="source-incomplete")
def gml_page_that_lacks_features(folder: Path) -> Path:
    path = good_gml(folder)
    path.write_text(
        path.read_text().replace("<ogr:FeatureCollection", '<ogr:FeatureCollection numberReturned="41"', 1)
    )
    return path


@exhibit(spec=_ANY, refusal="source-crs-contradiction")
def gml_in_two_systems(folder: Path) -> Path:
    path = good_gml(folder)
    path.write_text(path.read_text().replace("EPSG::32639", "EPSG::32638", 3))
    return path


# --- CSV --------------------------------------------------------------------------------------------------

_POINTS: dict[str, Any] = {"table": None, "crs": CRS}


def _csv(folder: Path, text: str, encoding: str = "utf-8", name: str = "pipes.csv") -> Path:
    path = folder / name
    path.write_bytes(text.encode(encoding))
    return path


def _wkt_lines(separator: str = ",", decimal: str = ".") -> list[str]:
    head = separator.join(("id", "kind", "dn", "depth", "mat", "a", "b", "wkt"))
    made = [head]
    for number in range(COUNT):
        cells = [str(value).replace(".", decimal) for value in _properties(number).values()]
        made.append(separator.join([*cells, f'"{line(number).wkt}"']))
    return made


@exhibit(spec=_POINTS, facts={"separator": ",", "encoding": "ascii", "place_columns": ["wkt"]})
def csv_with_wkt(folder: Path) -> Path:
    return _csv(folder, "\n".join(_wkt_lines()) + "\n")


@exhibit(spec=_ANY, refusal="source-crs-missing")
def csv_that_states_no_crs(folder: Path) -> Path:
    return csv_with_wkt(folder)


@exhibit(spec=_ANY)
def csv_with_srid(folder: Path) -> Path:
    return _csv(folder, "\n".join(_wkt_lines()).replace('"LINE', '"SRID=32639;LINE') + "\n")


@exhibit(spec=_POINTS, facts={"separator": ";", "decimal_comma": ["depth", "dn"]})
def csv_with_semicolons_and_decimal_commas(folder: Path) -> Path:
    return _csv(folder, "\n".join(_wkt_lines(";", ",")) + "\n")


@exhibit(spec=_POINTS, facts={"encoding": "utf-8-sig"})
def csv_with_a_byte_order_mark(folder: Path) -> Path:
    return _csv(folder, "\n".join(_wkt_lines()) + "\n", "utf-8-sig")


@exhibit(spec=_POINTS, facts={"separator": "\t"})
def csv_with_tabs(folder: Path) -> Path:
    return _csv(folder, "\n".join(_wkt_lines("\t")) + "\n", name="pipes.tsv")


@exhibit(spec=_POINTS)
def csv_with_persian_digits(folder: Path) -> Path:
    def persian(text: str) -> str:
        return text.translate(str.maketrans("0123456789.", "۰۱۲۳۴۵۶۷۸۹٫"))

    lines = [row.partition('"') for row in _wkt_lines()]
    return _csv(folder, "".join(f"{persian(a) if q else a}{q}{b}\n" for a, q, b in lines))


@exhibit(spec=_POINTS, facts={"encoding": "cp1256"})
def csv_in_1256(folder: Path) -> Path:
    """Windows-1256 has no Persian ye: such files write the Arabic one."""
    return _csv(folder, ("\n".join(_wkt_lines()) + "\n").replace("PE", "پلي اتيلن"), "cp1256")


@exhibit(spec=_POINTS, refused=2, counts={"error:row-width": 2})
def csv_with_shifted_rows(folder: Path) -> Path:
    lines = _wkt_lines()
    lines[5] = lines[5].replace("PE", "PE,old")
    lines[6] = lines[6].replace(",PE", "")
    return _csv(folder, "\n".join(lines) + "\n")


@exhibit(spec=_POINTS, refusal="source-truncated")
def truncated_csv(folder: Path) -> Path:
    return cut(csv_with_wkt(folder))


@exhibit(spec=_POINTS, refusal="source-columns-unclear")
def csv_without_a_place(folder: Path) -> Path:
    return _csv(folder, "id,kind\nP1,M\n")


@exhibit(spec=_POINTS, refused=1, counts={"error:unreadable-feature": 1, "error:too-many-refused": 1}, read=1)
def csv_with_a_place_that_is_no_number(folder: Path) -> Path:
    return _csv(folder, "id,kind,dn,depth,mat,a,b,x,y\nP1,M,1,2,PE,x,y,here,there\n")
