"""A live pull becomes a file: a GeoJSON snapshot of everything a service holds, then delivered as any file.

So what was pulled is kept as evidence, is checked by the same rules, and the same content pulled again is the
same delivery. Coordinates are pulled in the service's own system: no server transforms them unseen.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path
from typing import Any

from layers.readers.faults import ServiceRefused, SourceIncomplete
from layers.readers.web import Fetcher


class Service(StrEnum):
    """The kinds of service that are pulled from."""

    OGC_API = "ogcapi"
    WFS = "wfs"
    ARCGIS = "arcgis"


@dataclass(slots=True)
class Pulled:
    """What came so far: GeoJSON features in x, y order, their system, and how many the service says it has."""

    address: str
    collection: str
    crs: str | None = None
    matched: int | None = None
    features: list[dict[str, Any]] = field(default_factory=list)
    seen: set[str] = field(default_factory=set)

    def take(self, features: list[dict[str, Any]]) -> None:
        """Add a page; an id that came before means that the pages overlap, and others are then missing."""
        for feature in features:
            known = feature.get("id")
            if known is not None:
                if str(known) in self.seen:
                    raise ServiceRefused(address=self.address, problem="pages overlap", id=str(known))
                self.seen.add(str(known))
            self.features.append(feature)

    def count(self, matched: Any) -> None:
        """Take note of the stated number of features; raises ServiceRefused when it changes on the way."""
        if not isinstance(matched, int) or isinstance(matched, bool):
            return
        if self.matched is not None and matched != self.matched:
            raise ServiceRefused(
                address=self.address, problem="the data changed while it was read", hint="try-again"
            )
        self.matched = matched

    def done(self) -> None:
        """Compare the counts; raises SourceIncomplete."""
        if self.matched is not None and self.matched != len(self.features):
            raise SourceIncomplete(file=self.address, expected=self.matched, found=len(self.features))


def pull(service: Service, address: str, collection: str, into: Path, fetcher: Fetcher | None = None) -> Path:
    """Pull one collection whole and write it to `into` (GeoJSON); return that path.

    `address` is the landing page (OGC API), the WFS's address or the address of the FeatureServer; `collection`
    the collection's id, the type name or the layer's number. Raises ServiceUnreachable, ServiceRefused or
    SourceIncomplete; then nothing is written.
    """
    from layers.readers import arcgis, ogcapi, wfs

    pullers: dict[Service, Callable[[Fetcher, str, str], Pulled]] = {
        Service.OGC_API: ogcapi.pull,
        Service.WFS: wfs.pull,
        Service.ARCGIS: arcgis.pull,
    }
    asked = fetcher or Fetcher()
    try:
        got = pullers[service](asked, address.rstrip("/"), collection)
    finally:
        asked.close()
    got.done()
    partial = into.with_name(into.name + ".part")
    partial.write_text(_snapshot(service, got), encoding="utf-8")
    partial.replace(into)
    return into


def _snapshot(service: Service, got: Pulled) -> str:
    content: dict[str, Any] = {"type": "FeatureCollection"}
    # Without the member the file would say WGS 84; null says that the service did not tell.
    content["crs"] = None if got.crs is None else {"type": "name", "properties": {"name": got.crs}}
    content["pulled"] = {"service": str(service), "address": got.address, "collection": got.collection}
    content["features"] = got.features
    return json.dumps(content, ensure_ascii=False)
