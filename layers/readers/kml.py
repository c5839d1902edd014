"""KML and KMZ: every placemark is a row, its extended data are columns. Always WGS 84, longitude first."""

from __future__ import annotations

import xml.etree.ElementTree as ET
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import shapely
from shapely.errors import ShapelyError
from shapely.geometry.base import BaseGeometry

from geo.crs import WGS84
from layers.readers.faults import SourceDamaged, SourceUnreadable
from layers.readers.markup import survey
from layers.readers.source import Table, frame_of
from layers.report import Severity

_SINGLE = {"Point", "LineString", "LinearRing", "Polygon", "MultiGeometry"}


def read(path: Path, table: str | None) -> Table:
    """Return the placemarks of a KML file; `table` names a folder, None takes all of them.

    Raises SourceTruncated, SourceDamaged, SourceUnsafe, SourceTooLarge or SourceUnreadable (no such folder).
    """
    seen = survey(path)
    if seen.root != "kml" and not seen.elements["Placemark"]:
        raise SourceUnreadable(file=path.name, problem="not a KML document", found=seen.root)
    try:
        root = ET.parse(path).getroot()  # noqa: S314 - surveyed above: no document type, no entities
    except (ET.ParseError, ValueError, LookupError) as error:
        raise SourceDamaged(file=path.name, problem=str(error)) from error
    marks = list(_placemarks(root, ""))
    if table is not None:
        marks = [(folder, mark) for folder, mark in marks if folder == table]
        if not marks:
            raise SourceUnreadable(file=path.name, table=table, problem="no such folder")
    made = _table(marks)
    if links := seen.elements["NetworkLink"]:
        made.say(Severity.WARNING, "network-link-not-followed", count=links)
    return made


def _local(element: ET.Element) -> str:
    return element.tag.rpartition("}")[2] if isinstance(element.tag, str) else ""


def _placemarks(element: ET.Element, folder: str) -> Iterator[tuple[str, ET.Element]]:
    """Walk the document in its own order, with the name of the innermost folder."""
    for child in element:
        kind = _local(child)
        if kind == "Placemark":
            yield folder, child
        elif kind in ("Document", "Folder", "kml"):
            yield from _placemarks(child, _text(child, "name") or folder)


def _text(element: ET.Element, name: str) -> str | None:
    found = next((child for child in element if _local(child) == name), None)
    text = (found.text or "").strip() if found is not None else ""
    return text or None


def _table(marks: list[tuple[str, ET.Element]]) -> Table:
    records: list[dict[str, Any]] = []
    shapes: list[BaseGeometry | None] = []
    problems: list[tuple[int, str]] = []
    for row, (folder, mark) in enumerate(marks):
        records.append(_record(folder, mark))
        try:
            shapes.append(_shape(mark))
        except (ShapelyError, ValueError, TypeError, LookupError) as error:
            shapes.append(None)
            problems.append((row, f"geometry: {str(error) or type(error).__name__}"[:120]))
    table = Table(frame_of(records, shapes), crs=WGS84)
    for row, problem in problems:
        table.refuse("unreadable-feature", row, problem=problem)
    return table


def _record(folder: str, mark: ET.Element) -> dict[str, Any]:
    """Return a placemark's own words and its extended data (untyped `Data` and typed `SimpleData`)."""
    record: dict[str, Any] = {"id": mark.get("id"), "folder": folder or None}
    record |= {name: _text(mark, name) for name in ("name", "description")}
    for element in mark.iter():
        name = element.get("name")
        if name is None:
            continue
        if _local(element) == "Data":
            record[name] = _text(element, "value")
        elif _local(element) == "SimpleData":
            record[name] = (element.text or "").strip() or None
    return {name: value for name, value in record.items() if value is not None}


def _shape(element: ET.Element) -> BaseGeometry | None:
    found = [child for child in element if _local(child) in _SINGLE]
    return _geometry(found[0]) if found else None


def _geometry(element: ET.Element) -> BaseGeometry:
    kind = _local(element)
    if kind == "Point":
        return shapely.Point(_coordinates(element)[0])
    if kind in ("LineString", "LinearRing"):
        return shapely.LineString(_coordinates(element))
    if kind == "Polygon":
        rings = {"outerBoundaryIs": [], "innerBoundaryIs": []}  # type: dict[str, list[Any]]
        for boundary in element:
            if _local(boundary) in rings:
                rings[_local(boundary)].extend(_coordinates(ring) for ring in boundary)
        return shapely.Polygon(rings["outerBoundaryIs"][0], rings["innerBoundaryIs"])
    parts = [_geometry(child) for child in element if _local(child) in _SINGLE]
    return _gathered(parts)


def _gathered(parts: list[BaseGeometry]) -> BaseGeometry:
    """Return parts of one kind as a multi-part shape, others as a collection; one alone as itself."""
    if len(parts) == 1:
        return parts[0]
    kinds = {part.geom_type for part in parts}
    makers: dict[frozenset[str], Any] = {
        frozenset({"Point"}): shapely.MultiPoint,
        frozenset({"LineString"}): shapely.MultiLineString,
        frozenset({"Polygon"}): shapely.MultiPolygon,
    }
    made: BaseGeometry = makers.get(frozenset(kinds), shapely.GeometryCollection)(parts)
    return made


def _coordinates(element: ET.Element) -> list[tuple[float, ...]]:
    """Return "lon,lat[,height]" tuples; blanks after a comma, which some writers leave, are forgiven."""
    text = next((child.text or "" for child in element.iter() if _local(child) == "coordinates"), "")
    points = [tuple(float(part) for part in item.split(",")) for item in text.replace(", ", ",").split()]
    if not points or any(len(point) not in (2, 3) for point in points):
        raise ValueError("coordinates are no pairs of numbers")
    flat = min(len(point) for point in points)
    return [point[:flat] for point in points]
