"""GeoJSON, parsed here and not by GDAL: every feature is a row, and a bad one says what is wrong with it.

RFC 7946 knows WGS 84 only. The `crs` member of 2008 is still common and is believed; a file without it
*means* WGS 84, and when its numbers are not degrees the system is asked, never guessed.
"""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import shapely
from shapely.errors import ShapelyError
from shapely.geometry import shape
from shapely.geometry.base import BaseGeometry

from geo.crs import WGS84, parse_code
from geo.errors import CrsUnknown
from layers.readers.faults import (
    SourceCrsMissing,
    SourceDamaged,
    SourceTooLarge,
    SourceTruncated,
    SourceUnreadable,
)
from layers.readers.source import MAX_TEXT_BYTES, Table, frame_of
from layers.readers.text import marked_encoding

_CUT = re.compile(r"Expecting|Unterminated|delimiter|value")
_GEOMETRIES = frozenset(
    {
        "Point", "MultiPoint", "LineString", "MultiLineString", "Polygon", "MultiPolygon", "GeometryCollection"
    }
)  # fmt: skip


def read(path: Path) -> Table:
    """Return the features of a GeoJSON file or of one with a feature per line.

    Raises SourceTruncated or SourceDamaged (no JSON), SourceUnreadable (JSON of another kind),
    SourceTooLarge, or SourceCrsMissing for a `crs` member that names nothing.
    """
    text = _text(path)
    if path.suffix.lower() in (".geojsonl", ".geojsons", ".ndjson"):
        return _table({"features": _lines(text, path)}, path)
    content = _parsed(text, path)
    return _table(_collection(content, path), path)


def _text(path: Path) -> str:
    if path.stat().st_size > MAX_TEXT_BYTES:
        raise SourceTooLarge(file=path.name, found=path.stat().st_size, limit=MAX_TEXT_BYTES, of="bytes")
    raw = path.read_bytes()
    try:
        return raw.decode(marked_encoding(raw) or "utf-8")
    except UnicodeDecodeError as error:
        raise SourceDamaged(file=path.name, problem="not UTF-8", byte=error.start) from error


def _parsed(text: str, path: Path) -> Any:
    try:
        return json.loads(text)
    except json.JSONDecodeError as error:
        # A text that ends inside its JSON was cut off; one that goes wrong before its end is damaged.
        fault = (
            SourceTruncated
            if error.pos >= len(text.rstrip()) or "Unterminated" in error.msg
            else SourceDamaged
        )
        raise fault(file=path.name, problem=error.msg, line=error.lineno, column=error.colno) from error
    except (RecursionError, ValueError) as error:
        raise SourceDamaged(file=path.name, problem=str(error)) from error


def _lines(text: str, path: Path) -> list[Any]:
    lines = (line.strip("\x1e \t\r") for line in text.split("\n"))
    return [_parsed(line, path) for line in lines if line]


def _collection(content: Any, path: Path) -> dict[str, Any]:
    kind = content.get("type") if isinstance(content, dict) else None
    if kind == "FeatureCollection" and isinstance(content.get("features"), list):
        return dict(content)
    if kind == "Feature":
        return {**content, "features": [content]}
    if kind in _GEOMETRIES:
        return {**content, "features": [{"type": "Feature", "properties": {}, "geometry": content}]}
    raise SourceUnreadable(file=path.name, problem="not a GeoJSON feature collection", found=str(kind))


def _table(content: dict[str, Any], path: Path) -> Table:
    records: list[dict[str, Any]] = []
    shapes: list[BaseGeometry | None] = []
    problems: list[tuple[int, str]] = []
    for row, feature in enumerate(content["features"]):
        record, made, problem = _feature(feature)
        records.append(record)
        shapes.append(made)
        if problem:
            problems.append((row, problem))
    stated, usual = _stated(content, path)
    table = Table(frame_of(records, shapes), crs=stated, usual_crs=usual)
    for row, problem in problems:
        table.refuse("unreadable-feature", row, problem=problem)
    matched = content.get("numberMatched")
    if isinstance(matched, int) and matched > len(records):
        table.facts["number_matched"] = matched
    return table


def _feature(feature: Any) -> tuple[dict[str, Any], BaseGeometry | None, str | None]:
    if not isinstance(feature, dict) or feature.get("type") != "Feature":
        return {}, None, "not a feature"
    properties = feature.get("properties")
    given = properties if isinstance(properties, dict) else {}
    record = {str(name): _flat(value) for name, value in given.items()}
    if feature.get("id") is not None:
        record.setdefault("id", _flat(feature["id"]))
    geometry = feature.get("geometry")
    if geometry is None:
        return record, None, None
    try:
        return record, geometry_of(geometry), None
    except (ShapelyError, ValueError, TypeError, LookupError, AttributeError, RecursionError) as error:
        return record, None, f"geometry: {str(error) or type(error).__name__}"[:120]


def geometry_of(given: Any) -> BaseGeometry:
    """Return a GeoJSON geometry as a shape; raises ValueError, TypeError, LookupError or ShapelyError."""
    if not isinstance(given, dict) or given.get("type") not in _GEOMETRIES:
        raise ValueError(
            f"no such geometry: {given.get('type') if isinstance(given, dict) else given!r}"[:80]
        )
    if given["type"] == "GeometryCollection":
        return shapely.GeometryCollection([geometry_of(inner) for inner in given["geometries"]])
    return shape(given)


def _flat(value: Any) -> Any:
    return json.dumps(value, ensure_ascii=False) if isinstance(value, (dict, list)) else value


def _stated(content: dict[str, Any], path: Path) -> tuple[str | None, str | None]:
    """Return the code in the `crs` member, and what silence means: without the member WGS 84, with null nothing."""
    if "crs" not in content:
        return None, WGS84
    member = content["crs"]
    if member is None:
        return None, None
    properties = member.get("properties") if isinstance(member, dict) else None
    name = properties.get("name") if isinstance(properties, dict) else None
    try:
        return parse_code(name if isinstance(name, str) else "?"), None
    except CrsUnknown as error:
        found = json.dumps(member, ensure_ascii=False)[:120]
        raise SourceCrsMissing(file=path.name, found=found, hint="write-epsg-code") from error
