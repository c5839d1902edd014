"""Features: a page of them, or one, as GeoJSON bytes from PostGIS or as a page for people."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

import psycopg2
from fastapi import Request
from fastapi.responses import Response

from api import i18n
from api import ogc_pages as pages
from api.answered import keep
from api.deps import runtime
from api.errors import NotFound, UnknownParameter
from api.ogc_params import ITEMS, as_of, page, selection, view
from api.ogc_request import (
    GEOJSON,
    HTML,
    Asked,
    Link,
    asked,
    dumped,
    etag,
    headers,
    is_known,
    link,
    sent,
    sent_html,
    unchanged,
)
from layers import features, served
from layers.catalog import LayerSpec, Target
from layers.cql2 import FilterFailed
from layers.features import Answer
from layers.on_loop import Lines
from layers.selection import Page, Selection, Source, View, queryables, source_of

HTML_LIMIT, MAX_HTML_LIMIT = 25, 500
# Languages whose words are in memory: to read them for the first time takes a thread.
_spoken: set[i18n.Language] = set()
_LONGEST_ID: Final = 200
_QUERYABLE_NAMES = frozenset(name for target in Target for name in queryables(target))


def _version_tag(this: Asked, version: int | None) -> str:
    return etag(
        version,
        this.origin,
        this.request.scope["path"],
        sorted(this.params.items()),
        this.language,
        this.is_html,
    )


def remembered(request: Request) -> Response | None:
    """304 for somebody unknown who has this version already, where that can be told at once; else None.

    The validator is made of the whole request, so whoever shows it was given a good answer to the same one.
    """
    said = request.headers
    if said.get("if-none-match", "*") == "*" or "authorization" in said or "cookie" in said:
        return None
    known = served.remembered(runtime(request).reads, request.path_params["city_id"])
    if known is None:
        return None
    this = asked(request, *ITEMS, also=_QUERYABLE_NAMES)
    shown = known.get(this.spec.layer_id)
    validator = _version_tag(this, shown.version if shown is not None else None)
    return _unchanged(this, shown.version, validator) if shown and is_known(this, validator) else None


def _unchanged(this: Asked, version: int | None, validator: str) -> Response:
    """304, and the same at once for the next who asks so."""
    city_id, layer_id = this.place.city_id, this.spec.layer_id
    known = served.remembered(this.resources.reads, city_id)
    if known is not None and layer_id in known and known[layer_id].version == version:
        keep(this.request, city_id, this.who, known, validator, headers(this, validator))
    return unchanged(this, validator)


def items(request: Request) -> Response:
    """One page of a layer's features."""
    this = asked(request, *ITEMS, also=_QUERYABLE_NAMES)
    spec = this.spec
    known = queryables(spec.target)
    if foreign := sorted((_QUERYABLE_NAMES - set(known)) & set(this.params)):
        raise UnknownParameter(unknown=foreign, known=sorted({*ITEMS, *known}))
    chosen, shown = selection(this, spec), view(this, spec)
    this.format("json", "html", "geojson")
    wanted = page(this, HTML_LIMIT, MAX_HTML_LIMIT) if this.is_html else page(this, 10_000)
    engine = this.resources.reads
    if "if-none-match" in request.headers:
        current = features.version(engine, chosen.source)
        validator = _version_tag(this, current)
        if is_known(this, validator):
            return _unchanged(this, current, validator)
    try:
        answer = features.items(engine, chosen, shown, wanted)
        count = _matched(this, chosen, wanted, answer)
    except (psycopg2.DataError, psycopg2.InternalError) as error:
        raise FilterFailed(reason=str(error).splitlines()[0][:120]) from error
    validator = _version_tag(this, answer.version)
    links = _links(this, spec, shown, wanted, answer)
    if this.is_html:
        return sent_html(this, pages.items(this, spec, answer, count, links), validator)
    return sent(
        this,
        _collection(answer, count, links),
        GEOJSON,
        validator,
        **{"Content-Crs": f"<{shown.reference.uri}>"},
    )


def _collection(answer: Answer, count: int | None, links: list[Link]) -> bytes:
    matched = "" if count is None else f'"numberMatched":{count},'
    head = f'{{"type":"FeatureCollection",{matched}"numberReturned":{answer.returned},"features":['
    return b"".join((head.encode(), answer.features.encode(), b'],"links":', dumped(links), b"}"))


def _matched(this: Asked, chosen: Selection, wanted: Page, answer: Answer) -> int | None:
    """How many features match: known from the page itself where it is the last one, else from what is kept."""
    is_last = not answer.has_more and (answer.returned > 0 or wanted.offset == 0)
    if is_last and wanted.after is None:
        return wanted.offset + answer.returned
    return features.matched(this.resources.reads, chosen, answer.version)


def _links(this: Asked, spec: LayerSpec, shown: View, wanted: Page, answer: Answer) -> list[Link]:
    made = this.own_links(GEOJSON)
    if answer.has_more:
        # By the last id, not by counting: the last page of a large layer costs what the first does.
        onward: dict[str, Any] = {"offset": None, "after": answer.last_id}
        if shown.sort:
            onward = {"offset": wanted.offset + answer.returned}
        form = "html" if this.is_html else "json"
        media = HTML if this.is_html else GEOJSON
        href = this.same(f=form, limit=wanted.limit, **onward)
        made.append(link("next", href, media, this.say("ogc-next-page")))
    made.append(
        link("collection", this.address("collections", spec.layer_id), "application/json", this.name(spec))
    )
    return made


@dataclass(frozen=True, slots=True)
class _One:
    """What is asked about one feature."""

    this: Asked
    source: Source
    shown: View
    instant: datetime | None
    feature_id: str


def _one(request: Request) -> _One:
    this = asked(request, "crs", "properties", "as-of")
    this.format("json", "html", "geojson")
    shown, instant = view(this, this.spec), as_of(this)
    source = source_of(this.place, this.spec.layer_id)
    return _One(this, source, shown, instant, request.path_params["feature_id"])


async def item_at_once(request: Request, lines: Lines) -> Response | None:
    """One feature for somebody unknown, without a thread; None where it takes the ordinary way."""
    said = request.headers
    if "if-none-match" in said or "authorization" in said or "cookie" in said:
        return None
    one = _one(request)
    is_plain = len(one.feature_id) <= _LONGEST_ID and "\x00" not in one.feature_id
    if not is_plain or one.this.is_html or one.this.language not in _spoken:
        return None
    row = await lines.fetch(*features.item_question(one.source, one.shown, one.feature_id, one.instant))
    return None if row is None else _told(one, row[0], row[1])


def item(request: Request) -> Response:
    """One feature."""
    one = _one(request)
    this, source = one.this, one.source
    engine = this.resources.reads
    if "if-none-match" in request.headers:
        current = features.version(engine, source)
        validator = _version_tag(this, current)
        if is_known(this, validator):
            return _unchanged(this, current, validator)
    version, feature = (
        (None, None)
        if "\x00" in one.feature_id
        else features.item(engine, source, one.shown, one.feature_id, one.instant)
    )
    answer = _told(one, version, feature)
    _spoken.add(this.language)
    return answer


def _told(one: _One, version: int | None, feature: str | None) -> Response:
    this, spec = one.this, one.this.spec
    if feature is None:
        raise NotFound(path=this.request.url.path)
    validator = _version_tag(this, version)
    links = this.own_links(GEOJSON)
    links.append(
        link("collection", this.address("collections", spec.layer_id), "application/json", this.name(spec))
    )
    if this.is_html:
        return sent_html(this, pages.item(this, spec, json.loads(feature), links), validator)
    body = b"".join((feature[:-1].encode(), b',"links":', dumped(links), b"}"))
    return sent(this, body, GEOJSON, validator, **{"Content-Crs": f"<{one.shown.reference.uri}>"})
