"""The map of an excavation as one page: drawn to scale for A4, and read on a phone without any network.

No script, no other file, no other host: the map is an SVG in the city's metres, so paper shows it to scale.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from html import escape
from typing import Any, Final
from zoneinfo import ZoneInfo

from api import i18n
from api.dig_drawing import Frame, Numbered, drawing, frame_of
from api.dig_teller import Teller
from geo.quality import Verdict
from permits.dig_map import DigMap

CSP: Final = "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'"
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


def sheet(made: DigMap, language: i18n.Language) -> str:
    """The page."""
    tell = Teller(language, made)
    frame = frame_of(made)
    findings = _numbered(each for each in made.own["features"] if each["properties"]["kind"] == "finding")
    body = "".join(
        (
            _head(tell),
            drawing(tell, frame, findings),
            f'<p class="small">{tell.say("sheet-scale", scale=frame.scale)} · {_corner(made, frame)}</p>',
            _legend(tell),
            _findings(tell, findings),
            _conditions(tell, findings),
            _contacts(tell),
            _ages(tell),
        )
    )
    title = f"{made.dig.dig_no} {made.dig.title}"
    return (
        f'<!doctype html><html lang="{language}" dir="{tell.direction}"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1"><meta name="robots" content="noindex">'
        f'<meta http-equiv="Content-Security-Policy" content="{CSP}"><title>{escape(title)}</title>'
        f"<style>{_STYLE}</style></head>"
        f'<body style="--wide:{frame.wide_m / frame.mm:.1f}mm">{body}</body></html>'
    )


def _numbered(findings: Iterable[dict[str, Any]]) -> list[Numbered]:
    """Worst first, as they come; a finding that is clear needs no number, neither on the map nor in the list."""
    count, found = 0, []
    for each in findings:
        is_clear = each["properties"]["verdict"] == Verdict.CLEAR
        count += not is_clear
        found.append(Numbered(each, None if is_clear else count))
    return found


def _head(tell: Teller) -> str:
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


def _corner(made: DigMap, frame: Frame) -> str:
    return (
        f'<bdi dir="ltr">{escape(made.city.crs)} · E {frame.west:.1f}–{frame.west + frame.wide_m:.1f} '
        f"· N {frame.north - frame.high_m:.1f}–{frame.north:.1f}</bdi>"
    )


def _legend(tell: Teller) -> str:
    networks = [spec for spec in tell.made.around.taken if spec.is_network and spec.utility]
    keys = [("#a3211b", tell.say("sheet-dig")), ("#7a1fa2", tell.say("sheet-near"))]
    keys += [
        (colour, tell.word("utility", utility))
        for utility, colour in sorted({(str(spec.utility), spec.colour) for spec in networks})
    ]
    said = [f'<i class="key" style="border-color:{colour}"></i>{name}' for colour, name in keys]
    return f"<p>{' '.join(said)}</p>"


def _findings(tell: Teller, findings: Sequence[Numbered]) -> str:
    if not findings:
        return f"<h2>{tell.say('sheet-findings')}</h2><p>{tell.say('sheet-no-findings')}</p>"
    rows = []
    for each in findings:
        said = each.said
        text = tell.say(str(said.get("explanation")), **(said.get("params") or {}))
        css = ' class="bad"' if said["verdict"] == "violates" else ""
        whose = f"{tell.word('utility', said['utility'])}<br>{tell.agency(said['owner'])}"
        rows.append(
            f"<tr><td>{'' if each.number is None else tell.number(each.number)}</td><td>{whose}</td>"
            f"<td{css}>{tell.word('verdict', said['verdict'])}</td>"
            f'<td>{text}<br><span class="small">{tell.line(str(said["ref"]))}{_through(tell, said)}</span></td></tr>'
        )
    return f"<h2>{tell.say('sheet-findings')}</h2><table>{''.join(rows)}</table>"


def _through(tell: Teller, said: Mapping[str, Any]) -> str:
    length = (said.get("params") or {}).get("through")
    if length is None:
        return ""
    return f" – {tell.say('ui-crosses-over', distance=tell.say('sheet-metres', length=length))}"


def _conditions(tell: Teller, findings: Sequence[Numbered]) -> str:
    """Each condition once, with what it answers: by its number in the list, or by name where it has none."""
    dig = tell.made.dig
    conditions = dig.suggested_conditions if dig.permit is None else dig.permit.get("conditions")
    if not conditions:
        return ""
    heading = "sheet-conditions" if dig.permit else "sheet-conditions-suggested"
    numbers = {each.said["ref"]: each.number for each in findings}
    rows: dict[str, list[str]] = {}
    for each in conditions:
        whose = f" ({tell.agency(each['agency'])})" if each.get("agency") else ""
        refs = (each.get("params") or {}).get("findings")
        known = [ref for ref in numbers if ref in refs] if isinstance(refs, list) else []
        rows.setdefault(f"{tell.condition(each)}{whose}", []).extend(known)
    listed = "".join(f"<li>{line}{_answered(tell, refs, numbers)}</li>" for line, refs in rows.items())
    return f"<h2>{tell.say(heading)}</h2><ul>{listed}</ul>"


def _answered(tell: Teller, refs: Iterable[str], numbers: Mapping[str, int | None]) -> str:
    unique = list(dict.fromkeys(refs))
    called = [tell.number(number) for ref in unique if (number := numbers[ref]) is not None]
    parts = [tell.say("sheet-rows", rows=tell.listed(called))] if called else []
    parts += [tell.line(ref) for ref in unique if numbers[ref] is None]
    return f' <span class="small">– {tell.listed(parts)}</span>' if parts else ""


def _contacts(tell: Teller) -> str:
    rows = "".join(
        f"<tr><td>{tell.agency(each.agency_id)}</td><td>{_phone(each.contact.phone)}</td>"
        f"<td>{escape(each.contact.desk.as_dict()[tell.language])}</td></tr>"
        for each in tell.made.city.agencies
    )
    return f"<h2>{tell.say('sheet-contacts')}</h2><table>{rows}</table>"


def _ages(tell: Teller) -> str:
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
