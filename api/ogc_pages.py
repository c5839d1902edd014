"""The pages for people: plain HTML without scripts, in English and Persian, readable by a screen reader."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from html import escape
from typing import Any, Final

from fastapi import Request
from fastapi.responses import Response

from api import i18n
from api.ogc_request import HTML, Asked, Link, etag
from layers.catalog import LayerSpec
from layers.features import Answer
from layers.selection import fields

CSS: Final = """
:root { color-scheme: light dark; --ink: #1b1f24; --paper: #fff; --line: #8a929b; --soft: #f1f3f5; --link: #0b57a8; }
@media (prefers-color-scheme: dark) {
  :root { --ink: #e8eaed; --paper: #15181c; --line: #7b848e; --soft: #22272d; --link: #8ab8f5; }
}
* { box-sizing: border-box; }
body { margin: 0 auto; padding: 1rem; max-width: 72rem; background: var(--paper); color: var(--ink);
  font: 1rem/1.6 Vazirmatn, system-ui, Tahoma, sans-serif; }
a { color: var(--link); } a:focus-visible { outline: 3px solid var(--link); outline-offset: 2px; }
.skip { position: absolute; inset-inline-start: -99rem; } .skip:focus { position: static; }
nav ol { list-style: none; display: flex; flex-wrap: wrap; gap: .25rem .75rem; margin: 0; padding: 0; }
.scroll { overflow-x: auto; }
table { border-collapse: collapse; width: 100%; } caption { text-align: start; padding-block: .5rem; }
th, td { border: 1px solid var(--line); padding: .3rem .6rem; text-align: start; vertical-align: top; }
th { background: var(--soft); } .num { text-align: end; font-variant-numeric: tabular-nums; }
code, bdi { overflow-wrap: anywhere; } a, code { unicode-bidi: isolate; } code { direction: ltr; }
.aloud { position: absolute; inline-size: 1px; block-size: 1px; overflow: hidden; clip-path: inset(50%); }
.key { display: inline-block; inline-size: .9em; block-size: .9em; border: 1px solid var(--line); }
dl { display: grid; grid-template-columns: max-content 1fr; gap: .3rem 1rem; } dd { margin: 0; }
dt { font-weight: 600; }
"""


def stylesheet(_request: Request) -> Response:
    """The pages' stylesheet."""
    return Response(
        CSS, media_type="text/css", headers={"ETag": etag(CSS), "Cache-Control": "public, max-age=3600"}
    )


# --- pieces


def field_title(this: Asked, name: str) -> str:
    """A property's name in words."""
    known = f"property-{name.replace('_', '-')}"
    return this.say(known) if i18n.knows(this.language, known) else name.replace("_", " ")


def _a(href: str, text: str) -> str:
    return f'<a href="{escape(href)}">{escape(text)}</a>'


def _value(this: Asked, value: object) -> str:
    if value is None:
        return '<span aria-hidden="true">–</span>'
    if isinstance(value, (int, float)) and not isinstance(value, bool):
        return escape(i18n.number(this.language, value))
    return f"<bdi>{escape(str(value))}</bdi>"


def _table(
    caption: str, heads: Sequence[str], rows: Iterable[Sequence[str]], *, is_titled: bool = True
) -> str:
    """A table that scrolls by itself; `is_titled`: the page says the caption already, so it is only read aloud."""
    head = "".join(f'<th scope="col">{escape(each)}' for each in heads)
    body = "".join(
        "<tr>"
        + "".join(f'<th scope="row">{cell}' if not place else f"<td>{cell}" for place, cell in enumerate(row))
        for row in rows
    )
    hidden = ' class="aloud"' if is_titled else ""
    return (
        f'<div class="scroll" tabindex="0" role="region" aria-label="{escape(caption)}">'
        f"<table><caption{hidden}>{escape(caption)}</caption><thead><tr>{head}<tbody>{body}</table></div>"
    )


def _facts(pairs: Iterable[tuple[str, str]]) -> str:
    return "<dl>" + "".join(f"<dt>{escape(name)}<dd>{value}" for name, value in pairs) + "</dl>"


def _list(links: Iterable[Link]) -> str:
    return (
        "<ul>"
        + "".join(
            f"<li>{_a(each['href'], each['title'])} <code>{escape(each['type'])}</code>" for each in links
        )
        + "</ul>"
    )


def page(this: Asked, title: str, body: str, *crumbs: tuple[str, str]) -> str:
    """A whole page; `crumbs` lead back to where it is kept."""
    other = "en" if this.language == "fa" else "fa"
    direction = "rtl" if this.language == "fa" else "ltr"
    city = this.place.name.as_dict()[this.language]
    trail = [(city, this.address(f="html", lang=this.language)), *crumbs]
    steps = "".join(f"<li>{_a(href, text)}" for text, href in trail)
    machine = this.same(f="json", lang=None)
    return (
        f'<!doctype html><html lang="{this.language}" dir="{direction}"><head><meta charset="utf-8">'
        f'<meta name="viewport" content="width=device-width, initial-scale=1">'
        f"<title>{escape(title)} – {escape(city)}</title>"
        f'<link rel="stylesheet" href="{escape(this.origin)}/v1/ogc/page.css">'
        f'<link rel="alternate" type="application/json" href="{escape(machine)}"></head><body>'
        f'<a class="skip" href="#main">{escape(this.say("ogc-skip"))}</a>'
        f'<header><nav aria-label="{escape(this.say("ogc-trail"))}"><ol>{steps}'
        f'<li><a href="{escape(this.same(f="html", lang=other))}" lang="{other}" hreflang="{other}">'
        f"{'English' if other == 'en' else 'فارسی'}</a><li>{_a(machine, 'JSON')}</ol></nav></header>"
        f'<main id="main"><h1>{escape(title)}</h1>{body}</main></body></html>'
    )


def _html(this: Asked, *parts: str, **params: str) -> str:
    return this.address(*parts, f="html", lang=this.language, **params)


def _layers(this: Asked) -> tuple[str, str]:
    return this.say("ogc-layers"), _html(this, "collections")


def _layer(this: Asked, layer_id: str, name: str) -> tuple[str, str]:
    return name, _html(this, "collections", layer_id)


# --- pages


def landing(this: Asked, body: Mapping[str, Any]) -> str:
    """The first page: what is here."""
    shown = [each for each in body["links"] if each["rel"] not in {"self", "alternate"}]
    rows = "".join(
        f"<li>{_a(_html(this, 'collections', spec.layer_id), this.name(spec))}"
        for spec in reversed(this.visible)
    )
    text = f"<p>{escape(body['description'])}</p><h2>{escape(this.say('ogc-layers'))}</h2><ul>{rows}</ul>"
    return page(this, body["title"], f"{text}<h2>{escape(this.say('ogc-for-programs'))}</h2>{_list(shown)}")


def conformance(this: Asked, classes: Sequence[str]) -> str:
    """What the service promises."""
    rows = "".join(f"<li><code>{escape(each)}</code>" for each in classes)
    return page(
        this, this.say("ogc-conformance"), f"<p>{escape(this.say('ogc-conformance-note'))}</p><ul>{rows}</ul>"
    )


def collections(this: Asked, body: Mapping[str, Any]) -> str:
    """All layers."""
    specs = {spec.layer_id: spec for spec in this.visible}
    rows = [
        (
            f'<span class="key" style="background:{specs[each["id"]].colour}"></span> '
            + _a(_html(this, "collections", each["id"]), each["title"]),
            escape(this.place.agency(specs[each["id"]].owner).name.as_dict()[this.language]),
            _value(this, each["itemCount"]),
            _a(_html(this, "collections", each["id"], "items"), this.say("ogc-features")),
        )
        for each in reversed(body["collections"])
    ]
    heads = [this.say(f"ogc-{name}") for name in ("layer", "owner", "count", "features")]
    return page(this, this.say("ogc-layers"), _table(this.say("ogc-layers"), heads, rows))


def collection(this: Asked, body: Mapping[str, Any]) -> str:
    """One layer."""
    spec = this.spec
    facts = [
        (this.say("ogc-count"), _value(this, body["itemCount"])),
        (this.say("ogc-credit"), _value(this, body["attribution"])),
        (this.say("ogc-licence"), _value(this, body["license"])),
        (this.say("ogc-storage-crs"), f"<code>{escape(body['storageCrs'])}</code>"),
    ]
    if box := body.get("extent", {}).get("spatial"):
        facts.append((this.say("ogc-extent"), f"<code>{escape(', '.join(map(str, box['bbox'][0])))}</code>"))
    ways = "".join(
        f"<li>{_a(_html(this, 'collections', spec.layer_id, part), this.say(f'ogc-{word}'))}"
        for part, word in (
            ("items", "features"),
            ("schema", "schema"),
            ("queryables", "queryables"),
            ("tiles", "tiles"),
        )
    )
    files = _list(each for each in body["links"] if each["rel"] == "enclosure")
    text = f"<p>{escape(body['description'])}</p>{_facts(facts)}<ul>{ways}</ul>"
    return page(
        this, this.name(spec), f"{text}<h2>{escape(this.say('ogc-download'))}</h2>{files}", _layers(this)
    )


def schema(this: Asked, spec: LayerSpec, body: Mapping[str, Any], title: str) -> str:
    """The properties of a layer."""
    rows = [
        (
            f"<code>{escape(name)}</code>",
            escape(each["title"]),
            f"<code>{escape(each.get('type', each.get('format', '')))}</code>",
            escape(", ".join(each.get("enum", ())) or each.get("x-ogc-unit", "")),
        )
        for name, each in body["properties"].items()
    ]
    heads = [this.say(f"ogc-{name}") for name in ("property", "meaning", "kind", "values")]
    crumbs = (_layers(this), _layer(this, spec.layer_id, this.name(spec)))
    return page(this, f"{this.name(spec)}: {title}", _table(title, heads, rows), *crumbs)


def items(this: Asked, spec: LayerSpec, answer: Answer, count: int | None, links: Sequence[Link]) -> str:
    """One page of features as a table."""
    listed = json.loads(f"[{answer.features}]")
    names = [
        name
        for name in fields(spec.target)
        if any(each["properties"].get(name) is not None for each in listed)
    ]
    rows = [
        (
            _a(_html(this, "collections", spec.layer_id, "items", each["id"]), each["id"]),
            *(_value(this, each["properties"].get(name)) for name in names),
        )
        for each in listed
    ]
    heads = [field_title(this, "id"), *(field_title(this, name) for name in names)]
    said = this.say(
        "ogc-shown", shown=answer.returned, all=count if count is not None else this.say("ogc-many")
    )
    onward = "".join(f"<p>{_a(each['href'], each['title'])}" for each in links if each["rel"] == "next")
    crumbs = (_layers(this), _layer(this, spec.layer_id, this.name(spec)))
    return page(this, this.name(spec), f"{_table(said, heads, rows, is_titled=False)}{onward}", *crumbs)


def item(this: Asked, spec: LayerSpec, feature: Mapping[str, Any], links: Sequence[Link]) -> str:
    """One feature."""
    facts = [(field_title(this, name), _value(this, value)) for name, value in feature["properties"].items()]
    facts.append((field_title(this, "geometry"), escape(feature["geometry"]["type"])))
    data = "".join(
        f"<p>{_a(each['href'], 'GeoJSON')}"
        for each in links
        if each["rel"] == "alternate" and each["type"] != HTML
    )
    crumbs = (_layers(this), _layer(this, spec.layer_id, this.name(spec)))
    return page(this, f"{this.name(spec)} {feature['id']}", _facts(facts) + data, *crumbs)


def tilesets(this: Asked, body: Mapping[str, Any], title: str) -> str:
    """The tiles on offer."""
    return page(this, title, f"<p>{escape(this.say('ogc-tiles-note'))}</p>{_list(body['links'])}")


def matrix_sets(this: Asked, name: str) -> str:
    """The tiling schemes on offer."""
    one = _a(_html(this, "tileMatrixSets", name), name)
    return page(
        this, this.say("ogc-tiling-schemes"), f"<p>{escape(this.say('ogc-tiles-note'))}</p><ul><li>{one}</ul>"
    )


def matrix_set(this: Asked, body: Mapping[str, Any]) -> str:
    """A tiling scheme: scale, cell and number of tiles of each level."""
    heads = [this.say(f"ogc-tiling-{name}") for name in ("level", "scale", "cell", "tiles")]
    rows = [
        (
            escape(i18n.number(this.language, int(each["id"]))),
            f"<bdi>1 : {escape(i18n.number(this.language, round(each['scaleDenominator'])))}</bdi>",
            _value(this, round(each["cellSize"], 3)),
            (
                f"<bdi>{escape(i18n.number(this.language, each['matrixWidth']))} × "
                f"{escape(i18n.number(this.language, each['matrixHeight']))}</bdi>"
            ),
        )
        for each in body["tileMatrices"]
    ]
    crumb = (this.say("ogc-tiling-schemes"), _html(this, "tileMatrixSets"))
    return page(this, body["id"], _table(body["title"], heads, rows), crumb)


def api(this: Asked, document: Mapping[str, Any]) -> str:
    """The list of resources."""
    rows = [
        (f"<code>{escape(path)}</code>", escape(each["get"]["summary"]))
        for path, each in document["paths"].items()
    ]
    return page(
        this,
        this.say("ogc-api"),
        _table(this.say("ogc-api"), [this.say("ogc-path"), this.say("ogc-meaning")], rows),
    )
