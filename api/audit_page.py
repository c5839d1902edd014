"""The audit as one page that opens without a network: map, list and explanation, in Persian and English."""

from __future__ import annotations

import base64
import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any, Final
from zoneinfo import ZoneInfo

import numpy as np
import shapely
from shapely.geometry.base import BaseGeometry

from api import i18n
from geo.quality import Verdict
from layers.auditing import Audit, lonlat
from layers.city import City
from layers.drawing import UTILITY_COLOURS
from layers.surveys import LISTED, Drawn

_TEMPLATE: Final = Path(__file__).with_name("audit_page.html")
_WORDS: Final = (
    "survey-a", "survey-all", "survey-b", "survey-beside", "survey-by", "survey-chance", "survey-clause",
    "survey-confirmed", "survey-crosses", "survey-depth", "survey-dots", "survey-gap", "survey-kinds",
    "survey-metres", "survey-note", "survey-overlap", "survey-place", "survey-private", "survey-required",
    "survey-rule", "survey-severity", "survey-sure", "survey-unconfirmed", "survey-unknown", "survey-unsure",
    "survey-weighing",
)  # fmt: skip
_CELLS: Final = 160


@dataclass(frozen=True, slots=True)
class Page:
    """What the page and the printed summary tell."""

    city: City
    audit: Audit
    made_at: datetime
    drawn: Drawn


def summary(page: Page, language: i18n.Language) -> list[str]:
    """The sentences that go before any table or map: what this is, and what it is not."""
    made, city = page.audit, page.city
    counts: dict[str, Any] = {"pairs": len(made), "lines": made.lines, "unconfirmed": made.unconfirmed}
    at = i18n.instant(language, page.made_at, ZoneInfo(city.timezone))
    said = [
        i18n.plain(language, "survey-title", {"city": getattr(city.name, language)}),
        i18n.plain(language, "survey-note"),
        i18n.plain(language, "survey-found", counts),
        i18n.plain(language, "survey-made", {"at": at, "pack": made.pack.pack_id}),
        i18n.plain(language, "survey-weighing"),
    ]
    if made.unruled:
        pairs = [" + ".join(_utility(language, kind) for kind in pair.split("|")) for pair in made.unruled]
        said.append(i18n.plain(language, "survey-unruled", {"pairs": list(pairs)}))
    return said


def table(page: Page, language: i18n.Language, count: int) -> tuple[str, list[str], list[list[str]]]:
    """Title, columns and rows of the printed table."""
    say = [
        i18n.plain(language, f"survey-{name}")
        for name in ("severity", "chance", "a", "b", "gap", "required", "depth", "required", "rule", "place")
    ]
    rows = [
        [
            i18n.number(language, row["rank"]),
            i18n.number(language, round(row["severity"], 3)),
            i18n.number(language, round(row["p_violation"], 3)),
            f"{row['a_layer']}/{row['a_id']}",
            f"{row['b_layer']}/{row['b_id']}",
            *(_length(language, row[name]) for name in _LENGTHS),
            f"{row['rule_id']} ({i18n.plain(language, 'survey-' + row['rule_status'])})",
            f"{row['x']:.1f} {row['y']:.1f}",
        ]
        for row in page.audit.pairs.slice(0, count).to_pylist()
    ]
    return (
        i18n.plain(language, "survey-title", {"city": getattr(page.city.name, language)}),
        ["#", *say],
        rows,
    )


def _length(language: i18n.Language, value: float | None) -> str:
    return "-" if value is None else i18n.number(language, round(value, 2))


_LENGTHS: Final = ("separation_h_m", "required_h_m", "separation_v_m", "required_v_m")


def render(page: Page, web_dir: Path) -> str:
    """The page as one HTML text; the font is taken from the built web page where there is one."""
    data = json.dumps(_payload(page), ensure_ascii=False, separators=(",", ":"))
    safe = data.replace("<", "\\u003c")  # nothing in it can end the script element
    html = _TEMPLATE.read_text(encoding="utf-8")
    return html.replace("/*FONT*/", _font(web_dir)).replace('"DATA"', safe)


def _font(web_dir: Path) -> str:
    found = next(iter(sorted((web_dir / "assets").glob("Vazirmatn*.woff2"))), None)
    if found is None:
        return ""
    coded = base64.b64encode(found.read_bytes()).decode("ascii")
    return (
        '@font-face{font-family:"Vazirmatn";font-weight:100 900;'
        f'src:url("data:font/woff2;base64,{coded}") format("woff2")}}'
    )


def _payload(page: Page) -> dict[str, Any]:
    made, city = page.audit, page.city
    listed = made.pairs.slice(0, LISTED)
    west, south = _corner(page)
    rows = listed.to_pylist()
    names: dict[int, list[Any]] = {}
    for row in rows:
        for side in ("a", "b"):
            names[row[f"{side}_row"]] = [row[f"{side}_{name}"] for name in _OF_LINE]
    number = {row_id: index for index, row_id in enumerate(names)}
    rules = {rule.rule_id: rule for rule in made.pack}
    used = list(dict.fromkeys(row["rule_id"] for row in rows))
    ends = lonlat(listed, city.city_crs)
    middles = np.round((ends[:, :2] + ends[:, 2:]) / 2, 6).tolist() if len(ends) else []
    return {
        "title": {lang: i18n.plain(lang, "survey-title", {"city": getattr(city.name, lang)}) for lang in _BOTH},
        "said": {lang: [*summary(page, lang)[2:], _shown(lang, rows)] for lang in _BOTH},
        "words": {lang: {word.removeprefix("survey-"): i18n.plain(lang, word) for word in _WORDS} for lang in _BOTH},
        "utilities": {
            utility: {"colour": colour, **{lang: _utility(lang, utility) for lang in _BOTH}}
            for utility, colour in UTILITY_COLOURS.items()
        },
        "owners": {agency.agency_id: agency.name.as_dict() for agency in city.agencies},
        "layers": {spec.layer_id: spec.name.as_dict() for spec in city.layers},
        "lines": [
            [*said, _dm(page.drawn.lines.get(row_id), west, south)] for row_id, said in names.items()
        ],
        "rules": [
            [rule_id, rules[rule_id].pack, str(rules[rule_id].status), rules[rule_id].clause, rules[rule_id].source]
            for rule_id in used
        ],
        "pairs": [
            [
                row["rank"], round(row["severity"], 3), round(row["p_violation"], 3),
                int(row["verdict"] == Verdict.VIOLATES), number[row["a_row"]], number[row["b_row"]],
                int(row["crosses"]), *(None if row[name] is None else round(row[name], 3) for name in _LENGTHS),
                used.index(row["rule_id"]), round((row["x"] - west) * 10), round((row["y"] - south) * 10), *middle,
            ]
            for row, middle in zip(rows, middles, strict=True)
        ],
        "cells": _cells(made, west, south),
        "streets": [_dm(street, west, south) for street in page.drawn.streets],
    }  # fmt: skip


_BOTH: Final = i18n.LANGUAGES
_OF_LINE: Final = ("layer", "id", "owner", "utility", "class")


def _shown(language: i18n.Language, rows: Sequence[Any]) -> str:
    return i18n.plain(language, "survey-shown", {"count": len(rows)})


def _utility(language: i18n.Language, utility: str) -> str:
    return i18n.plain(language, f"utility-{utility}")


def _corner(page: Page) -> tuple[float, float]:
    x, y = (page.audit.pairs[name].to_numpy() for name in ("x", "y"))
    if not len(x):
        return page.city.extent_m[0], page.city.extent_m[1]
    return float(np.floor(x.min())), float(np.floor(y.min()))


def _dm(shape: BaseGeometry | None, west: float, south: float) -> list[list[int]]:
    """A shape's parts as decimetres from the corner: x, y, then differences."""
    return [_differences(part, west, south) for part in shapely.get_parts(shape)] if shape else []


def _differences(part: BaseGeometry, west: float, south: float) -> list[int]:
    xy = np.rint((shapely.get_coordinates(part) - (west, south)) * 10).astype(np.int64)
    xy[1:] -= xy[:-1].copy()
    flat: list[int] = xy.ravel().tolist()
    return flat


def _cells(made: Audit, west: float, south: float) -> dict[str, Any]:
    """How many pairs there are in each square of the city: side (dm), and column, row, count."""
    x, y = made.pairs["x"].to_numpy() - west, made.pairs["y"].to_numpy() - south
    if not len(x):
        return {"side": 1, "counts": []}
    side = max(25.0, float(max(x.max(), y.max())) / _CELLS)
    cells, counts = np.unique(
        np.column_stack((x // side, y // side)).astype(np.int64), axis=0, return_counts=True
    )
    return {"side": round(side * 10), "counts": np.column_stack((cells, counts)).ravel().tolist()}
