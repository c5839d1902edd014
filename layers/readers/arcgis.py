"""ArcGIS REST (FeatureServer, MapServer): counted, paged in the service's own system, rings sorted out.

Its errors come with status 200, its dates as milliseconds, its polygons as rings without saying which is a
hole (clockwise ones are not), its systems as numbers of which some are Esri's own.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import shapely
from shapely.geometry.base import BaseGeometry

from geo.crs import crs_of
from geo.errors import CrsUnknown
from layers.readers.faults import ServiceRefused
from layers.readers.pulling import Pulled
from layers.readers.web import MAX_PAGES, Fetcher

_PAGE = 1_000
_IDS_AT_ONCE = 100
_WEB_MERCATOR = {102100: 3857, 102113: 3857, 900913: 3857}
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def pull(fetcher: Fetcher, address: str, collection: str) -> Pulled:
    """Return every feature of a layer. Raises ServiceUnreachable or ServiceRefused."""
    layer = f"{address}/{collection}"
    about = _asked(fetcher, layer, {})
    ids = str(about.get("objectIdField") or _id_field(about, layer))
    dates = {f["name"] for f in about.get("fields", []) if f.get("type") == "esriFieldTypeDate"}
    got = Pulled(address, collection)
    got.count(_asked(fetcher, f"{layer}/query", {"where": "1=1", "returnCountOnly": "true"}).get("count"))
    for page in _pages(fetcher, layer, about, ids):
        got.crs = got.crs or _crs(page, about, layer)
        got.take([_feature(given, ids, dates) for given in page.get("features", [])])
    return got


def _asked(fetcher: Fetcher, url: str, params: dict[str, str]) -> dict[str, Any]:
    answer = fetcher.get(url, {"f": "json", **params}).json()
    if not isinstance(answer, dict) or "error" in answer:
        said = answer.get("error") if isinstance(answer, dict) else answer
        raise ServiceRefused(address=url, problem=str(said)[:200])
    return answer


def _id_field(about: dict[str, Any], layer: str) -> str:
    found = [f["name"] for f in about.get("fields", []) if f.get("type") == "esriFieldTypeOID"]
    if len(found) != 1:
        raise ServiceRefused(address=layer, problem="the layer has no object id")
    return str(found[0])


def _pages(fetcher: Fetcher, layer: str, about: dict[str, Any], ids: str) -> Iterator[dict[str, Any]]:
    """Yield the pages: by offset where the service can, else by the ids themselves."""
    params = {"where": "1=1", "outFields": "*", "orderByFields": ids}
    size = min(int(about.get("maxRecordCount") or _PAGE), _PAGE)
    if not (about.get("advancedQueryCapabilities") or {}).get("supportsPagination"):
        yield from _by_ids(fetcher, layer, min(size, _IDS_AT_ONCE))
        return
    offset = 0
    for _ in range(MAX_PAGES):
        page = _asked(
            fetcher, f"{layer}/query", {**params, "resultOffset": str(offset), "resultRecordCount": str(size)}
        )
        found = len(page.get("features", []))
        yield page
        offset += found
        if not found or (found < size and not page.get("exceededTransferLimit")):
            return
    raise ServiceRefused(address=layer, problem="too many pages", limit=MAX_PAGES)


def _by_ids(fetcher: Fetcher, layer: str, size: int) -> Iterator[dict[str, Any]]:
    listed = _asked(fetcher, f"{layer}/query", {"where": "1=1", "returnIdsOnly": "true"}).get("objectIds")
    wanted = sorted(listed or [])
    for at in range(0, len(wanted), size):
        some = ",".join(str(each) for each in wanted[at : at + size])
        yield _asked(fetcher, f"{layer}/query", {"objectIds": some, "outFields": "*"})


def _crs(page: dict[str, Any], about: dict[str, Any], layer: str) -> str | None:
    """Return the system that a page is in; None where the service does not say, so that it is asked."""
    said = page.get("spatialReference") or (about.get("extent") or {}).get("spatialReference") or {}
    number = said.get("latestWkid") or said.get("wkid")
    if not isinstance(number, int):
        return None
    code = f"EPSG:{_WEB_MERCATOR.get(number, number)}"
    try:
        crs_of(code)
    except CrsUnknown as error:
        raise ServiceRefused(address=layer, problem="a system of Esri's own", found=code) from error
    return code


def _feature(given: dict[str, Any], ids: str, dates: set[str]) -> dict[str, Any]:
    attributes = dict(given.get("attributes") or {})
    for name in dates & set(attributes):
        attributes[name] = _day(attributes[name])
    shape = geometry_of(given.get("geometry"))
    made: dict[str, Any] = {
        "type": "Feature",
        "properties": attributes,
        "geometry": None if shape is None else shapely.geometry.mapping(shape),
    }
    if attributes.get(ids) is not None:
        made["id"] = attributes[ids]
    return made


def _day(milliseconds: Any) -> str | None:
    if not isinstance(milliseconds, (int, float)):
        return None
    try:
        return (_EPOCH + timedelta(milliseconds=milliseconds)).isoformat()
    except OverflowError:
        return None


def geometry_of(given: Any) -> BaseGeometry | None:
    """Return an Esri JSON geometry as a shape; None for none, or for one that cannot be built."""
    if not isinstance(given, dict):
        return None
    try:
        if "x" in given:
            return shapely.Point(float(given["x"]), float(given["y"]))
        if "points" in given:
            return shapely.MultiPoint([point[:2] for point in given["points"]])
        if "paths" in given:
            lines = [shapely.LineString([point[:2] for point in path]) for path in given["paths"]]
            return lines[0] if len(lines) == 1 else shapely.MultiLineString(lines)
        return _polygon([[point[:2] for point in ring] for ring in given["rings"]])
    except (ValueError, TypeError, LookupError, shapely.errors.ShapelyError):
        return None


def _polygon(rings: list[list[Any]]) -> BaseGeometry:
    """Return rings as areas: clockwise ones are outlines, the others holes of the outline around them."""
    made = [shapely.LinearRing(ring) for ring in rings]
    outlines = [ring for ring in made if not ring.is_ccw]
    holes: list[list[Any]] = [[] for _ in outlines]
    areas = [shapely.Polygon(ring) for ring in outlines]
    for hole in (ring for ring in made if ring.is_ccw):
        owner = next((i for i, area in enumerate(areas) if area.covers(shapely.Polygon(hole))), None)
        if owner is None:  # written the wrong way round: still an outline
            outlines.append(hole)
            holes.append([])
            areas.append(shapely.Polygon(hole))
        else:
            holes[owner].append(hole)
    parts = [shapely.Polygon(ring, inner) for ring, inner in zip(outlines, holes, strict=True)]
    return parts[0] if len(parts) == 1 else shapely.MultiPolygon(parts)
