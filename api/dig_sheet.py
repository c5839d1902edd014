"""The map of an excavation as one page: drawn to scale for A4, and read on a phone without any network.

No script, no other file, no other host: the map is an SVG in the city's metres, so paper shows it to scale.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date
from html import escape
from typing import Any, Final
from zoneinfo import ZoneInfo

from shapely.geometry import box, shape
from shapely.geometry.base import BaseGeometry

from api import i18n
from geo.crs import WGS84, transform_to
from layers.catalog import NETWORK_TARGETS, LayerSpec, Target
from permits.dig_map import DigMap

CSP: Final = "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'"
_WIDE_MM, _HIGH_MM = 186.0, 170.0
_SCALES: Final = (100, 200, 250, 500, 1000, 2000, 2500, 5000, 10_000, 25_000, 50_000, 100_000)
_UNDRAWN: Final = frozenset({Target.LANDUSE, Target.ADDRESS})
_DASH: Final = {
    "gas": "",
    "water": "",
    "electricity": "2 1",
    "telecom": "1 1",
    "sewer": "4 1",
    "stormwater": "4 2",
}
"""A black-and-white copier must not make all lines one."""

_STYLE: Final = """
:root { font: 14px/1.5 Vazirmatn, Tahoma, system-ui, sans-serif; color: #14252d; }
body { margin: 0 auto; padding: 8px; max-width: 190mm; }
h1 { font-size: 1.2rem; margin: 0; } h2 { font-size: 1rem; margin: 12px 0 4px; } p { margin: 2px 0; }
svg { display: block; width: 100%; height: auto; border: 1px solid #14252d; background: #fff; direction: ltr; }
dl { display: grid; grid-template-columns: repeat(auto-fill, minmax(16em, 1fr)); gap: 0 14px; margin: 6px 0; }
dl div { display: flex; gap: 6px; } dt { color: #43565f; } dd { margin: 0; font-weight: 600; }
table { border-collapse: collapse; width: 100%; }
td { border: 1px solid #b9c5c9; padding: 2px 6px; text-align: start; vertical-align: top; }
.small { font-size: 0.8rem; color: #43565f; } .bad { color: #a3211b; font-weight: 700; } a { color: inherit; }
.warn { border: 1px solid #8a4f00; padding: 3px 8px; color: #8a4f00; font-weight: 600; }
.key { display: inline-block; width: 2.2em; border-top: 3px solid; vertical-align: middle; margin-inline: 10px 6px; }
@page { size: A4; margin: 10mm; }
@media print {
  body { padding: 0; font-size: 11px; } svg { width: var(--wide); } tr, li { break-inside: avoid; }
}
"""


@dataclass(frozen=True, slots=True)
class _Frame:
    """The map's window in the city's CRS and its scale on paper; `mm` is one millimetre of paper in metres."""

    west: float
    north: float
    wide_m: float
    high_m: float
    scale: int

    @property
    def mm(self) -> float:
        """Metres of ground under one millimetre of paper."""
        return self.scale / 1000

    @property
    def window(self) -> BaseGeometry:
        """The window as a shape."""
        return box(self.west, self.north - self.high_m, self.west + self.wide_m, self.north)

    def at(self, xy: Iterable[tuple[float, ...]]) -> str:
        """Coordinates of the drawing: metres from the upper left corner."""
        return " ".join(f"{each[0] - self.west:.2f},{self.north - each[1]:.2f}" for each in xy)


@dataclass(frozen=True, slots=True)
class _Teller:
    """The words of one language, for HTML."""

    language: i18n.Language
    made: DigMap

    def say(self, message: str, **params: Any) -> str:
        """A sentence."""
        return escape(i18n.bare(i18n.say(self.language, message, params)))

    def word(self, prefix: str, value: object) -> str:
        """The word of a slug."""
        return self.say(f"{prefix}-{str(value).replace('_', '-')}")

    def day(self, value: date | str | None) -> str:
        """A day in the language's calendar."""
        if value is None:
            return "–"
        return escape(i18n.day(self.language, date.fromisoformat(value) if isinstance(value, str) else value))

    def number(self, value: float) -> str:
        """A number in the language's digits."""
        return escape(i18n.number(self.language, value))

    def agency(self, agency_id: str | None) -> str:
        """A company's name."""
        names = {each.agency_id: each.name.as_dict()[self.language] for each in self.made.city.agencies}
        return escape(names.get(agency_id or "", agency_id or "–"))


def sheet(made: DigMap, language: i18n.Language) -> str:
    """The page."""
    tell = _Teller(language, made)
    frame = _frame(made)
    findings = [each for each in made.own["features"] if each["properties"]["kind"] == "finding"]
    body = "".join(
        (
            _head(tell),
            _svg(made, frame, findings),
            f'<p class="small">{tell.say("sheet-scale", scale=frame.scale)} · {_corner(made, frame)}</p>',
            _legend(tell),
            _findings(tell, findings),
            _conditions(tell, findings),
            _contacts(tell),
            _ages(tell),
        )
    )
    direction = "rtl" if language == "fa" else "ltr"
    title = f"{made.dig.dig_no} {made.dig.title}"
    return (
        f'<!doctype html><html lang="{language}" dir="{direction}"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1"><meta name="robots" content="noindex">'
        f'<meta http-equiv="Content-Security-Policy" content="{CSP}"><title>{escape(title)}</title>'
        f"<style>{_STYLE}</style></head>"
        f'<body style="--wide:{frame.wide_m / frame.mm:.1f}mm">{body}</body></html>'
    )


def _head(tell: _Teller) -> str:
    made, dig = tell.made, tell.made.dig
    at = i18n.instant(tell.language, made.made_at, ZoneInfo(made.city.timezone))
    rows = [
        ("sheet-status", tell.word("dig-status", dig.status)),
        ("sheet-permit", escape(str((dig.permit or {}).get("permit_no") or "–"))),
        ("sheet-dates", f"{tell.day(dig.starts_on)} – {tell.day(dig.ends_on)}"),
        ("sheet-last-day", tell.day((dig.permit or {}).get("last_day"))),
        ("sheet-company", tell.agency(dig.agency)),
        ("sheet-contractor", _party(dig.contractor)),
        ("sheet-supervisor", _party(dig.supervisor)),
        (
            "sheet-size",
            " × ".join(tell.number(float(dig.works.get(name) or 0)) for name in ("length_m", "width_m")),
        ),
    ]
    if dig.excavation is not None:
        rows.append(("sheet-depth", tell.number(dig.excavation.depth_m)))
        rows.append(("sheet-method", tell.word("method", dig.excavation.method)))
    facts = "".join(
        f"<div><dt>{tell.say(name)}</dt><dd><bdi>{value}</bdi></dd></div>" for name, value in rows
    )
    warned = [f"{tell.say('dig-warning-listed')}: {escape(str(each['name']))}" for each in dig.listed]
    warnings = "".join(f'<p class="warn">{each}</p>' for each in (*warned, tell.say("sheet-copy")))
    city = escape(made.city.name.as_dict()[tell.language])
    by = tell.say("sheet-made", at=at, by=made.request.made_by)
    return (
        f"<h1><bdi>{escape(dig.dig_no)}</bdi> · <bdi>{escape(dig.title)}</bdi></h1>"
        f'<p class="small">{city} · {tell.word("dig-kind", dig.kind)} · {by}</p>{warnings}<dl>{facts}</dl>'
    )


def _party(said: dict[str, Any] | None) -> str:
    if not said:
        return "–"
    phone = str(said.get("phone") or "")
    return escape(str(said.get("name") or "–")) + (f" {_phone(phone)}" if phone else "")


def _phone(number: str) -> str:
    """To be tapped on a phone, and read on paper."""
    dialled = "".join(sign for sign in number if sign.isdigit() or sign == "+")
    return f'<a href="tel:{escape(dialled)}" dir="ltr">{escape(number)}</a>'


# --- the drawing


def _frame(made: DigMap) -> _Frame:
    west, south, east, north = made.request.area_m.bounds
    wide, high = east - west, north - south
    fits = (each for each in _SCALES if wide * 1000 / each <= _WIDE_MM and high * 1000 / each <= _HIGH_MM)
    return _Frame(west, north, wide, high, next(fits, _SCALES[-1]))


def _corner(made: DigMap, frame: _Frame) -> str:
    return (
        f'<bdi dir="ltr">{escape(made.city.crs)} · E {frame.west:.1f}–{frame.west + frame.wide_m:.1f} '
        f"· N {frame.north - frame.high_m:.1f}–{frame.north:.1f}</bdi>"
    )


def _path(frame: _Frame, shape_m: BaseGeometry) -> str:
    """The shape as the data of an SVG path; points are dots of zero length with round ends."""
    if hasattr(shape_m, "geoms"):
        return "".join(_path(frame, each) for each in shape_m.geoms)
    if shape_m.is_empty:
        return ""
    if shape_m.geom_type == "Polygon":
        rings = [shape_m.exterior, *shape_m.interiors]  # type: ignore[attr-defined]
        return "".join(f"M{frame.at(ring.coords)}Z" for ring in rings)
    return f"M{frame.at(shape_m.coords)}" + ("h0" if shape_m.geom_type == "Point" else "")


def _drawn(frame: _Frame, shape_m: BaseGeometry, style: str) -> str:
    data = _path(frame, shape_m.intersection(frame.window) if shape_m.is_valid else shape_m)
    return f'<path d="{data}" style="{style}"/>' if data else ""


def _style(frame: _Frame, spec: LayerSpec) -> str:
    mm = frame.mm
    if spec.target in NETWORK_TARGETS:
        pattern = _DASH.get(str(spec.utility), "3 1 1 1").split()
        dash = " ".join(f"{float(part) * mm:.2f}" for part in pattern) or "none"
        wide = 0.7 if spec.target is Target.NETWORK_LINE else 1.6
        line = f"fill:none;stroke:{spec.colour};stroke-width:{wide * mm:.2f}"
        return f"{line};stroke-linecap:round;stroke-dasharray:{dash}"
    if spec.target is Target.TREE:  # the trunk's place, not its size
        return f"fill:none;stroke:{spec.colour};stroke-width:{1.6 * mm:.2f};stroke-linecap:round"
    fill = "#ece8e1" if spec.target is Target.BUILDING else "none"
    return f"fill:{fill};stroke:{spec.colour};stroke-width:{0.2 * mm:.2f}"


def _svg(made: DigMap, frame: _Frame, findings: list[dict[str, Any]]) -> str:
    mm = frame.mm
    parts = []
    for spec in sorted(made.around.taken, key=lambda each: each.draw_order):
        if spec.target not in _UNDRAWN:
            style = _style(frame, spec)
            parts += [_drawn(frame, each.geom, style) for each in made.around.found[spec.layer_id]]
    for each in made.own["features"]:
        if each["properties"]["kind"] == "overlap":
            line = f"fill:none;stroke:#7a1fa2;stroke-width:{0.5 * mm:.2f};stroke-dasharray:{2 * mm:.2f}"
            parts.append(_drawn(frame, _in_city(made, each["geometry"]), line))
    parts.append(_drawn(frame, made.shape_m, f"fill:#a3211b33;stroke:#a3211b;stroke-width:{0.8 * mm:.2f}"))
    parts += _badges(made, frame, findings)
    parts += [_scale_bar(frame), _north(frame)]
    return (
        f'<svg viewBox="0 0 {frame.wide_m:.2f} {frame.high_m:.2f}" role="img" '
        f'aria-label="{escape(made.dig.dig_no)}">{"".join(parts)}</svg>'
    )


def _in_city(made: DigMap, geometry: dict[str, Any]) -> BaseGeometry:
    return transform_to(shape(geometry), WGS84, made.city.city_crs).shape


def _badges(made: DigMap, frame: _Frame, findings: list[dict[str, Any]]) -> Iterator[str]:
    """The findings' lines, which come with the permit whatever layers the asker may see, and their numbers."""
    mm = frame.mm
    for number, each in enumerate(findings, 1):
        line = _in_city(made, each["geometry"]).intersection(frame.window)
        if line.is_empty:
            continue
        yield _drawn(frame, line, f"fill:none;stroke:#14252d;stroke-width:{0.3 * mm:.2f}")
        is_line = line.geom_type == "LineString"
        # Lines lie upon each other: their numbers must not.
        spot = (
            line.interpolate(0.1 + number * 0.37 % 0.8, normalized=True)
            if is_line
            else line.representative_point()
        )
        x, y = spot.x - frame.west, frame.north - spot.y
        ring = f"fill:#fff;stroke:#14252d;stroke-width:{0.3 * mm:.2f}"
        yield f'<circle cx="{x:.2f}" cy="{y:.2f}" r="{2.3 * mm:.2f}" style="{ring}"/>'
        yield _text(
            x, y + 1.1 * mm, str(number), f"font-size:{3 * mm:.2f}px;text-anchor:middle;font-weight:700"
        )


def _text(x: float, y: float, said: str, style: str) -> str:
    return f'<text x="{x:.2f}" y="{y:.2f}" style="{style}">{said}</text>'


def _scale_bar(frame: _Frame) -> str:
    """A bar of a round number of metres, about a quarter of the map long."""
    goal = frame.wide_m / 4
    rounds = (1, 2, 5, 10, 20, 50, 100, 200, 500, 1000, 2000, 5000)
    length = max((each for each in rounds if each <= goal), default=1)
    mm, y = frame.mm, frame.high_m - 4 * frame.mm
    bar = f'<path d="M{3 * mm:.2f},{y:.2f}h{length}" style="stroke:#14252d;stroke-width:{1.2 * mm:.2f}"/>'
    return bar + _text(3 * mm, y - 1.5 * mm, f"{length} m", f"font-size:{3.2 * mm:.2f}px")


def _north(frame: _Frame) -> str:
    """An arrow: the city's grid north is up."""
    mm = frame.mm
    x, y = frame.wide_m - 6 * mm, 3 * mm
    arrow = f"l{2 * mm:.2f},{7 * mm:.2f}l{-2 * mm:.2f},{-2 * mm:.2f}l{-2 * mm:.2f},{2 * mm:.2f}Z"
    said = _text(x, y + 11 * mm, "N", f"font-size:{3.5 * mm:.2f}px;text-anchor:middle")
    return f'<path d="M{x:.2f},{y:.2f}{arrow}"/>{said}'


# --- the words


def _legend(tell: _Teller) -> str:
    networks = [spec for spec in tell.made.around.taken if spec.is_network and spec.utility]
    keys = [("#a3211b", tell.say("sheet-dig")), ("#7a1fa2", tell.say("sheet-near"))]
    keys += [
        (colour, tell.word("utility", utility))
        for utility, colour in sorted({(str(spec.utility), spec.colour) for spec in networks})
    ]
    said = [f'<i class="key" style="border-color:{colour}"></i>{name}' for colour, name in keys]
    return f"<p>{' '.join(said)}</p>"


def _findings(tell: _Teller, findings: list[dict[str, Any]]) -> str:
    if not findings:
        return f"<h2>{tell.say('sheet-findings')}</h2><p>{tell.say('sheet-no-findings')}</p>"
    rows = []
    for number, each in enumerate(findings, 1):
        said = each["properties"]
        text = tell.say(str(said.get("explanation")), **(said.get("params") or {}))
        css = ' class="bad"' if said["verdict"] == "violates" else ""
        whose = f"{tell.word('utility', said['utility'])}<br>{tell.agency(said['owner'])}"
        rows.append(
            f"<tr><td>{tell.number(number)}</td><td>{whose}</td>"
            f"<td{css}>{tell.word('verdict', said['verdict'])}</td>"
            f'<td>{text}<br><bdi class="small">{escape(str(said["ref"]))}</bdi></td></tr>'
        )
    return f"<h2>{tell.say('sheet-findings')}</h2><table>{''.join(rows)}</table>"


def _conditions(tell: _Teller, findings: list[dict[str, Any]]) -> str:
    """Each condition once, with the numbers of the findings it answers."""
    dig = tell.made.dig
    conditions = (dig.permit or {}).get("conditions") or dig.suggested_conditions
    if not conditions:
        return ""
    heading = "sheet-conditions" if dig.permit else "sheet-conditions-suggested"
    numbers = {each["properties"]["ref"]: tell.number(number) for number, each in enumerate(findings, 1)}
    rows: dict[str, list[str]] = {}
    for each in conditions:
        words = tell.word("condition", each["code"]) if each["code"] != "other" else ""
        whose = f" ({tell.agency(each['agency'])})" if each.get("agency") else ""
        line = f"{words} <bdi>{escape(str(each.get('note') or ''))}</bdi>{whose}"
        refs = (each.get("params") or {}).get("findings") or ()
        rows.setdefault(line, []).extend(numbers[ref] for ref in refs if ref in numbers)
    listed = "".join(
        f"<li>{line}{' – ' + ' · '.join(dict.fromkeys(which)) if which else ''}</li>"
        for line, which in rows.items()
    )
    return f"<h2>{tell.say(heading)}</h2><ul>{listed}</ul>"


def _contacts(tell: _Teller) -> str:
    rows = "".join(
        f"<tr><td>{tell.agency(each.agency_id)}</td><td>{_phone(each.contact.phone)}</td>"
        f"<td>{escape(each.contact.desk.as_dict()[tell.language])}</td></tr>"
        for each in tell.made.city.agencies
    )
    return f"<h2>{tell.say('sheet-contacts')}</h2><table>{rows}</table>"


def _ages(tell: _Teller) -> str:
    """How old each layer is, and which are not on the map and why: an empty place is no promise."""
    made = tell.made
    names = {spec.layer_id: escape(spec.name.as_dict()[tell.language]) for spec in made.city.layers}
    rows = []
    for spec in made.around.taken:
        state = made.around.states[spec.layer_id]
        cells = (names[spec.layer_id], tell.agency(spec.owner), tell.day(state.as_of))
        standing = tell.word("freshness-short", state.state)
        rows.append(f"<tr>{''.join(f'<td>{each}</td>' for each in cells)}<td>{standing}</td></tr>")
    for each in made.around.left_out:
        why = tell.word("left-out", each.why)
        rows.append(f'<tr><td>{names[each.layer_id]}</td><td colspan="3" class="bad">{why}</td></tr>')
    credit = escape(" · ".join(sorted({spec.source.credit for spec in made.around.taken})))
    table = f'<table class="small">{"".join(rows)}</table><p class="small">{credit}</p>'
    return f"<h2>{tell.say('sheet-ages')}</h2>{table}"
