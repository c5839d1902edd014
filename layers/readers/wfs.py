"""WFS 2.0: counted first, then paged as GML 3.2 (what every server speaks), each page read as a GML file."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import Any
from xml.parsers import expat

import pandas as pd
import shapely

from layers.readers import gml
from layers.readers.faults import ServiceRefused, SourceUnreadable
from layers.readers.markup import local
from layers.readers.pulling import Pulled
from layers.readers.reference import stated
from layers.readers.web import MAX_PAGES, Answer, Fetcher

_PAGE = 1_000


def pull(fetcher: Fetcher, address: str, collection: str) -> Pulled:
    """Return every feature of a type. Raises ServiceUnreachable, ServiceRefused or a SourceUnreadable."""
    got = Pulled(address, collection)
    asked = {"service": "WFS", "version": "2.0.0", "request": "GetFeature", "typeNames": collection}
    root, attributes = _root(fetcher.get(address, {**asked, "resultType": "hits"}))
    if root != "FeatureCollection":
        raise ServiceRefused(address=address, problem=f"answered with {root}")
    got.count(_whole(attributes.get("numberMatched")))
    for _ in range(MAX_PAGES):
        answer = fetcher.get(address, {**asked, "count": str(_PAGE), "startIndex": str(len(got.features))})
        features = _page(got, answer)
        got.take(features)
        if not features or len(got.features) == got.matched:
            return got
    raise ServiceRefused(address=address, problem="too many pages", limit=MAX_PAGES)


def _whole(text: str | None) -> int | None:
    return int(text) if text is not None and text.isdigit() else None


def _root(answer: Answer) -> tuple[str, dict[str, str]]:
    """Return the name and attributes of an answer's outermost element."""
    found: list[tuple[str, dict[str, str]]] = []
    parser = expat.ParserCreate()
    parser.StartElementHandler = lambda name, attributes: found.append((local(name), attributes))

    def refuse_doctype(*_: object) -> None:
        raise ServiceRefused(address=answer.url, problem="document-type")

    parser.StartDoctypeDeclHandler = refuse_doctype
    try:
        parser.Parse(answer.body, True)
    except expat.ExpatError as error:
        raise ServiceRefused(address=answer.url, problem=f"no XML: {error}") from error
    name, attributes = found[0]
    return name, {local(key): value for key, value in attributes.items()}


def _page(got: Pulled, answer: Answer) -> list[dict[str, Any]]:
    root, attributes = _root(answer)
    if root != "FeatureCollection":
        raise ServiceRefused(
            address=answer.url,
            problem=f"answered with {root}: {answer.body[:200].decode('utf-8', 'replace')}",
        )
    if attributes.get("numberReturned") == "0":
        return []
    with tempfile.TemporaryDirectory(prefix="panjereh-") as folder:
        path = Path(folder) / "page.gml"
        path.write_bytes(answer.body)
        try:
            table = gml.read(path, None)
        except SourceUnreadable as error:
            raise ServiceRefused(address=answer.url, problem=error.message[:200]) from error
    crs = stated(table, None, answer.url)
    if got.crs not in (None, crs):
        raise ServiceRefused(address=answer.url, problem="the pages are in several systems", found=crs)
    got.crs = crs
    frame = table.frame
    names = [str(name) for name in frame.columns if name != frame.geometry.name]
    return [_feature(names, frame, row) for row in range(len(frame))]


def _feature(names: list[str], frame: Any, row: int) -> dict[str, Any]:
    values = {name: _plain(frame[name].iloc[row]) for name in names}
    shape = frame.geometry.iloc[row]
    geometry = None if shape is None or shape.is_empty else shapely.geometry.mapping(shape)
    made: dict[str, Any] = {"type": "Feature", "properties": values, "geometry": geometry}
    if values.get("gml_id") is not None:
        made["id"] = values["gml_id"]
    return made


def _plain(value: Any) -> Any:
    if value is None or (not isinstance(value, (list, dict)) and pd.isna(value)):
        return None
    if hasattr(value, "item"):
        value = value.item()
    return value if isinstance(value, (str, int, float, bool)) else str(value)
