"""OGC API - Features (parts 1 and 2): pages by `next`, in the storage CRS, its axes turned to x, y."""

from __future__ import annotations

from typing import Any
from urllib.parse import quote

from geo.crs import WGS84, crs_of, parse_code
from geo.errors import CrsUnknown
from layers.readers.faults import ServiceRefused
from layers.readers.pulling import Pulled
from layers.readers.web import MAX_PAGES, Answer, Fetcher, next_page

_PAGE = 1_000


def pull(fetcher: Fetcher, address: str, collection: str) -> Pulled:
    """Return every feature of a collection. Raises ServiceUnreachable or ServiceRefused."""
    about = f"{address}/collections/{quote(collection, safe='')}"
    described = fetcher.get(about, {"f": "json"}).json()
    storage = described.get("storageCrs") if isinstance(described, dict) else None
    params = {"f": "json", "limit": str(_PAGE)}
    if isinstance(storage, str) and _known(storage):
        params["crs"] = storage
    got = Pulled(address, collection)
    answer = fetcher.get(f"{about}/items", params)
    visited = set()
    for _ in range(MAX_PAGES):
        _take(got, answer, params.get("crs"))
        link = _next(answer.json())
        if link is None:
            return got
        url = next_page(answer.url, link)
        if url in visited:
            raise ServiceRefused(address=url, problem="the pages lead in a circle")
        visited.add(url)
        answer = fetcher.get(url)
    raise ServiceRefused(address=address, problem="too many pages", limit=MAX_PAGES)


def _known(uri: str) -> bool:
    try:
        crs_of(uri)
    except CrsUnknown:
        return False
    return True


def _take(got: Pulled, answer: Answer, asked: str | None) -> None:
    """Take one page, in the system that its header states: asking for one does not mean getting it."""
    page = answer.json()
    features = page.get("features") if isinstance(page, dict) else None
    if not isinstance(features, list) or not all(isinstance(f, dict) for f in features):
        raise ServiceRefused(address=answer.url, problem="not a page of features")
    returned = page.get("numberReturned")
    if isinstance(returned, int) and returned != len(features):
        raise ServiceRefused(
            address=answer.url, problem="a page lacks features", expected=returned, found=len(features)
        )
    stated = answer.headers.get("content-crs", "").strip().strip("<>") or None
    if asked is not None and stated is None:
        raise ServiceRefused(address=answer.url, problem="the page does not state its CRS", asked=asked)
    crs = parse_code(stated) if stated else WGS84
    if got.crs not in (None, crs):
        raise ServiceRefused(address=answer.url, problem="the pages are in several systems", found=crs)
    got.crs = crs
    if stated is not None and _northing_first(stated):
        features = [{**f, "geometry": _turned(f.get("geometry"))} for f in features]
    got.count(page.get("numberMatched"))
    got.take(features)


def _northing_first(uri: str) -> bool:
    """Whether the authority's axis order, which part 2 demands, puts the northing or latitude first."""
    if uri.upper().endswith("CRS84"):
        return False
    return str(crs_of(uri).axis_info[0].direction).lower() in ("north", "south")


def _turned(geometry: Any) -> Any:
    if not isinstance(geometry, dict):
        return geometry
    if "geometries" in geometry:
        return {**geometry, "geometries": [_turned(inner) for inner in geometry["geometries"]]}
    return {**geometry, "coordinates": _swapped(geometry.get("coordinates"))}


def _swapped(coordinates: Any) -> Any:
    if not isinstance(coordinates, list) or not coordinates:
        return coordinates
    if isinstance(coordinates[0], list):
        return [_swapped(inner) for inner in coordinates]
    return [coordinates[1], coordinates[0], *coordinates[2:]] if len(coordinates) > 1 else coordinates


def _next(page: Any) -> str | None:
    links = page.get("links") if isinstance(page, dict) else None
    for link in links if isinstance(links, list) else []:
        if isinstance(link, dict) and link.get("rel") == "next" and isinstance(link.get("href"), str):
            return str(link["href"])
    return None
