"""What every resource of the open interface is asked, and how it answers: parameters, links, languages, caching."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from functools import cached_property, lru_cache
from typing import Any, Final
from urllib.parse import quote

from fastapi import Request
from fastapi.responses import Response

from api import i18n
from api.answered import matches
from api.deps import Runtime, city, holder, runtime
from api.errors import NotFound, ParameterInvalid, UnknownParameter
from api.security import Holder, NotAllowed, map_permission, may_see, require
from api.zipped import zipped
from layers.catalog import LayerSpec, Sensitivity
from layers.city import City

PREFIX: Final = "/v1/cities/{city_id}/ogc"
JSON: Final = "application/json"
GEOJSON: Final = "application/geo+json"
SCHEMA: Final = "application/schema+json"
OPENAPI: Final = "application/vnd.oai.openapi+json;version=3.0"
HTML: Final = "text/html"
VARY: Final = "Accept, Accept-Encoding, Accept-Language, Authorization, Cookie"
MAX_VALUE: Final = 25_000
_HOST: Final = re.compile(r"[A-Za-z0-9.-]+(?::\d{1,5})?")
# Below this a compressed answer is hardly smaller.
_GZIP_FROM = 1_000
_written: Final = json.JSONEncoder(ensure_ascii=False, separators=(",", ":")).encode

Link = dict[str, Any]


@dataclass(frozen=True)
class Asked:
    """One request of the open interface, with its parameters checked."""

    request: Request
    resources: Runtime
    place: City
    who: Holder | None
    params: Mapping[str, str]

    @cached_property
    def language(self) -> i18n.Language:
        """The language of the words in the answer."""
        said = self.params.get("lang")
        if said is None:
            return i18n.preferred(self.request.headers.get("accept-language"))
        for known in i18n.LANGUAGES:
            if said == known:
                return known
        raise ParameterInvalid(parameter="lang", value=said[:20], expected=", ".join(i18n.LANGUAGES))

    @cached_property
    def origin(self) -> str:
        """Scheme and host by which the client came."""
        host = self.request.headers.get("host", "")
        if _HOST.fullmatch(host) is None:
            return str(self.request.base_url).rstrip("/")
        scope = self.request.scope
        root = scope.get("app_root_path", scope.get("root_path", ""))
        return f"{scope['scheme']}://{host}{root.rstrip('/')}"

    @cached_property
    def base(self) -> str:
        """The address of the landing page."""
        return f"{self.origin}/v1/cities/{self.place.city_id}/ogc"

    def say(self, message_id: str, **values: i18n.Value) -> str:
        """The words of a message in the asker's language."""
        return i18n.plain(self.language, message_id, values)

    def name(self, spec: LayerSpec) -> str:
        """A layer's name in the asker's language."""
        return spec.name.as_dict()[self.language]

    @cached_property
    def visible(self) -> tuple[LayerSpec, ...]:
        """The layers that the asker may see, bottom to top."""
        return tuple(
            spec
            for spec in self.place.layers
            if not is_behind_the_door(spec) and may_see(self.who, spec.sensitivity, self.place.city_id)
        )

    @cached_property
    def spec(self) -> LayerSpec:
        """The layer of the address; 404 where there is none, 401 or 403 where the asker may not see it."""
        wanted = self.request.path_params["layer_id"]
        for spec in self.place.layers:
            if spec.layer_id == wanted:
                require(self.who, map_permission(spec.sensitivity), self.place.city_id)
                refuse_behind_the_door(self.who, spec)
                return spec
        raise NotFound(path=self.request.url.path)

    @cached_property
    def is_html(self) -> bool:
        """Whether a person with a browser asks."""
        return self.format("json", "html") == "html"

    def format(self, *offered: str) -> str:
        """The form asked for: `f`, else html for a browser's Accept header, else the first on offer."""
        said = self.params.get("f")
        if said is not None:
            if said not in offered:
                raise ParameterInvalid(parameter="f", value=said[:40], expected=", ".join(offered))
            return said
        return "html" if "html" in offered and self._prefers_html() else offered[0]

    def _prefers_html(self) -> bool:
        accept = self.request.headers.get("accept", "")
        html, data = accept.find("text/html"), accept.find("json")
        return html >= 0 and (data < 0 or html < data)

    def address(self, *parts: str, **params: str | int) -> str:
        """An absolute address below the landing page."""
        path = "/".join([self.base, *(quote(part, safe="{}") for part in parts)])
        return f"{path}?{_query(params)}" if params else path

    def same(self, **changes: str | int | None) -> str:
        """The request's own address with some parameters changed (None: left out)."""
        merged = {**self.params, **changes}
        kept = {name: value for name, value in merged.items() if value is not None}
        path = f"{self.origin}{self.request.scope['path']}"
        return f"{path}?{_query(kept)}" if kept else path

    def own_links(self, media: str) -> list[Link]:
        """The links of a resource to itself and to its page for people."""
        bare = self.same(f=None)
        mark = "&" if "?" in bare else "?"
        json_form, html_form = f"{bare}{mark}f=json", f"{bare}{mark}f=html"
        title = _title(self.language, "ogc-this-document")
        if self.is_html:
            return [link("self", html_form, HTML, title), link("alternate", json_form, media, title)]
        return [link("self", json_form, media, title), link("alternate", html_form, HTML, title)]


def _query(params: Mapping[str, str | int]) -> str:
    # Commas stay readable: a bbox is the parameter most often looked at.
    return "&".join(f"{name}={quote(str(value), safe=',:')}" for name, value in params.items())


@lru_cache(maxsize=64)
def _title(language: i18n.Language, message_id: str) -> str:
    return i18n.plain(language, message_id)


def link(rel: str, href: str, media: str, title: str, **more: Any) -> Link:
    """One link object."""
    return {"rel": rel, "href": href, "type": media, "title": title, **more}


def is_behind_the_door(spec: LayerSpec) -> bool:
    """True for a sensitive layer: it is looked at for a purpose, by area, never paged through."""
    return spec.sensitivity == Sensitivity.SENSITIVE


def refuse_behind_the_door(who: Holder | None, spec: LayerSpec) -> None:
    """Raise NotAllowed (403) for a sensitive layer."""
    if is_behind_the_door(spec):
        raise NotAllowed(role=who.role.value if who else "-", action="read-sensitive-layer-in-bulk")


def asked(request: Request, *known: str, also: Collection[str] = ()) -> Asked:
    """The request, its city and its asker; UnknownParameter and ParameterInvalid (400) for what it may not say."""
    resources = runtime(request)
    place = city(request.path_params["city_id"], resources)
    params: dict[str, str] = {}
    allowed = {"f", "lang", *known}
    for name, value in request.query_params.multi_items() if request.scope["query_string"] else ():
        if name not in allowed and name not in also:
            raise UnknownParameter(unknown=[name[:60]], known=sorted(allowed))
        if name in params:
            raise ParameterInvalid(parameter=name, value=value[:60], expected="only once")
        if "\x00" in value or len(value) > MAX_VALUE:
            raise ParameterInvalid(parameter=name, value=value[:20], expected="a shorter text without NUL")
        params[name] = value
    return Asked(request, resources, place, holder(request, resources), params)


# --- answers


def etag(*parts: object) -> str:
    """A weak validator: answers with the same parts say the same."""
    text = "\n".join(str(part) for part in parts)
    return f'W/"{hashlib.blake2b(text.encode(), digest_size=12).hexdigest()}"'


def is_known(this: Asked, validator: str) -> bool:
    """True when the client has this version already."""
    return matches(this.request.headers.get("if-none-match"), validator)


def headers(this: Asked, validator: str) -> dict[str, str]:
    """The headers of a good answer: kept by caches, asked again each time, readable by pages of other hosts.

    A page elsewhere never sends our cookie along with `*`, so it reads what is public.
    """
    return {
        "ETag": validator,
        "Cache-Control": f"{'public' if this.who is None else 'private'}, no-cache",
        "Vary": VARY,
        "Access-Control-Allow-Origin": "*",
        "Access-Control-Expose-Headers": "Content-Crs, ETag, Link",
        "Cross-Origin-Resource-Policy": "cross-origin",
    }


def unchanged(this: Asked, validator: str) -> Response:
    """304: the client has it."""
    return Response(status_code=304, headers=headers(this, validator))


def sent(this: Asked, content: bytes, media: str, validator: str | None = None, **more: str) -> Response:
    """A good answer, compressed where the client takes it; 304 where it has it already."""
    validator = validator or etag(media, this.language, content)
    if is_known(this, validator):
        return unchanged(this, validator)
    made = headers(this, validator) | more
    if len(content) >= _GZIP_FROM and "gzip" in this.request.headers.get("accept-encoding", ""):
        content = zipped(content)
        made["Content-Encoding"] = "gzip"
    return Response(content, media_type=media, headers=made)


def dumped(body: object) -> bytes:
    """JSON in UTF-8 without spaces."""
    return _written(body).encode()


def sent_json(this: Asked, body: Mapping[str, Any], media: str = JSON) -> Response:
    """A JSON answer in the asker's language."""
    return sent(this, dumped(body), media, **{"Content-Language": this.language})


def sent_html(this: Asked, page: str, validator: str | None = None) -> Response:
    """A page in the asker's language."""
    return sent(
        this, page.encode(), "text/html; charset=utf-8", validator, **{"Content-Language": this.language}
    )
