"""DXF: what a drawing holds, counted here entity by entity, because GDAL leaves out what it does not know.

A row is an entity of model space. Its columns: `handle`, `layer`, `kind` (LINE, INSERT, TEXT ...), `text`,
`block` and one for each attribute tag of a block, `label` for a line with one text of its own layer beside it.
A block is one point, where it was inserted: a valve is a thing with attributes, not some lines. A drawing
states no reference system; it is always asked.
"""

from __future__ import annotations

import itertools
import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import geopandas
import shapely
from shapely import STRtree
from shapely.geometry.base import BaseGeometry

from layers.readers.faults import (
    SourceDamaged,
    SourceFormatUnknown,
    SourceTooLarge,
    SourceTruncated,
    SourceUnreadable,
)
from layers.readers.gdal import CURVE_TOLERANCE_M, read_table
from layers.readers.source import MAX_TEXT_BYTES, Table, frame_of
from layers.readers.text import encoding_of
from layers.report import Severity

# A text belongs to a line of its own layer when it stands this near, and is the only one.
LABEL_REACH_M = 3.0
_PARTS = frozenset({"VERTEX", "SEQEND", "ATTRIB"})
_CURVED = frozenset({"ARC", "CIRCLE", "ELLIPSE", "SPLINE"})
_TEXTS = frozenset({"TEXT", "MTEXT", "ATTDEF"})
_UNITS = {1: "in", 2: "ft", 4: "mm", 5: "cm", 6: "m", 7: "km"}
_MTEXT_MARKS = re.compile(r"\\[ACcfFHLlOoQTWp][^;\\{}]*;|[{}]|\\[LlOoKk]")
_UTF8_SINCE = "AC1021"


@dataclass(slots=True)
class _Entity:
    kind: str
    handle: str | None = None
    layer: str = "0"
    paper: bool = False
    text: str | None = None
    block: str | None = None
    attributes: dict[str, str] = field(default_factory=dict)


@dataclass(slots=True)
class _Drawing:
    entities: list[_Entity]
    encoding: str
    units: str | None


def read(path: Path, table: str | None, encoding: str | None) -> Table:
    """Return the entities of a drawing's model space; `table` names a DXF layer, None takes all.

    Raises SourceFormatUnknown (DWG, binary DXF), SourceTruncated, SourceDamaged or SourceUnreadable.
    """
    drawing = _scanned(path, encoding)
    made = _joined(drawing, read_table(path, "entities"))
    made.facts |= {"encoding": drawing.encoding, "drawing_units": drawing.units}
    if paper := sum(entity.paper for entity in drawing.entities):
        made.facts["paper_space"] = paper
    if curves := sum(entity.kind in _CURVED for entity in drawing.entities):
        made.facts["curve_tolerance_m"] = CURVE_TOLERANCE_M
        made.say(Severity.NOTICE, "curves-linearised", count=curves, tolerance_m=CURVE_TOLERANCE_M)
    return _of_layer(made, table, path)


# --- what the drawing says --------------------------------------------------------------------------------


def _scanned(path: Path, encoding: str | None) -> _Drawing:
    size = path.stat().st_size
    if size > MAX_TEXT_BYTES:
        raise SourceTooLarge(file=path.name, found=size, limit=MAX_TEXT_BYTES, of="bytes")
    raw = path.read_bytes()
    if raw.startswith(b"AutoCAD Binary DXF") or re.match(rb"AC1\d{3}", raw):
        raise SourceFormatUnknown(file=path.name, found="DWG or binary DXF", hint="save-as-text-dxf")
    pairs = list(_pairs(raw, path))
    if not pairs or pairs[-1] != (0, b"EOF"):
        raise SourceTruncated(file=path.name, problem="no EOF mark", line=2 * len(pairs))
    header = _header(pairs)
    known = encoding or _encoding(header, raw, path)
    entities = list(_entities(_section(pairs, b"ENTITIES", path), known))
    units = header.get("$INSUNITS", b"").strip()
    return _Drawing(entities, known, _UNITS.get(int(units)) if units.isdigit() else None)


def _pairs(raw: bytes, path: Path) -> Iterator[tuple[int, bytes]]:
    """Yield (group code, value); a code that is no number is where the drawing was damaged."""
    lines = raw.split(b"\n")
    if lines and not lines[-1].strip():
        lines.pop()
    for number in range(0, len(lines) - 1, 2):
        try:
            yield int(lines[number]), lines[number + 1].strip(b"\r").strip()
        except ValueError:
            raise SourceDamaged(file=path.name, problem="no group code", line=number + 1) from None
    if len(lines) % 2:
        raise SourceTruncated(file=path.name, problem="a group code without a value", line=len(lines))


def _header(pairs: list[tuple[int, bytes]]) -> dict[str, bytes]:
    """Return the first value of each header variable."""
    found: dict[str, bytes] = {}
    for (code, name), (_, value) in itertools.pairwise(pairs):
        if code == 9 and name.startswith(b"$"):
            found.setdefault(name.decode("ascii", "replace"), value)
        if (code, name) == (0, b"ENDSEC") and found:
            break
    return found


def _encoding(header: dict[str, bytes], raw: bytes, path: Path) -> str:
    """Return how the drawing's text is encoded: by version and code page, unless its bytes say otherwise."""
    version = header.get("$ACADVER", b"").decode("ascii", "replace")
    page = re.search(rb"(?:ANSI_|DOS)?(\d{3,4})$", header.get("$DWGCODEPAGE", b""))
    stated = "utf-8" if version >= _UTF8_SINCE else f"cp{page[1].decode()}" if page else None
    found = encoding_of(line for line in raw.split(b"\n") if not line.isascii())
    if found == "ascii" or found is None:
        return stated or "utf-8"
    # cp1256 and other pages look alike to a guess; a stated page outranks it, but UTF-8 proves itself.
    return found if found == "utf-8" or stated in (None, "utf-8") else str(stated)


def _section(pairs: list[tuple[int, bytes]], name: bytes, path: Path) -> list[tuple[int, bytes]]:
    starts = [i for i, pair in enumerate(pairs[:-1]) if pair == (0, b"SECTION") and pairs[i + 1] == (2, name)]
    if len(starts) != 1:
        raise SourceDamaged(file=path.name, problem=f"{name.decode()} sections", found=len(starts))
    rest = pairs[starts[0] + 2 :]
    end = next((i for i, pair in enumerate(rest) if pair == (0, b"ENDSEC")), None)
    if end is None:
        raise SourceTruncated(file=path.name, problem=f"the {name.decode()} section has no end")
    return rest[:end]


def _entities(pairs: list[tuple[int, bytes]], encoding: str) -> Iterator[_Entity]:
    """Yield the entities; vertices and attributes belong to the entity before them."""
    whole: _Entity | None = None
    for kind, codes in _items(pairs):
        if kind in _PARTS:
            if whole is not None and kind == "ATTRIB":
                tag, value = (_text(codes.get(code, b""), encoding) for code in (2, 1))
                whole.attributes[tag] = value
            continue
        if whole is not None:
            yield whole
        whole = _entity(kind, codes, encoding)
    if whole is not None:
        yield whole


def _items(pairs: list[tuple[int, bytes]]) -> Iterator[tuple[str, dict[int, bytes]]]:
    kind, codes = "", {}  # type: str, dict[int, bytes]
    for code, value in pairs:
        if code != 0:
            codes[code] = codes[code] + value if code == 3 and code in codes else codes.get(code, value)
            continue
        if kind:
            yield kind, codes
        kind, codes = value.decode("ascii", "replace"), {}
    if kind:
        yield kind, codes


def _entity(kind: str, codes: dict[int, bytes], encoding: str) -> _Entity:
    text = _text(codes.get(3, b"") + codes.get(1, b""), encoding) if kind in _TEXTS else None
    handle = codes.get(5)
    return _Entity(
        kind=kind,
        handle=handle.decode("ascii", "replace") if handle else None,
        layer=_text(codes.get(8, b"0"), encoding),
        paper=codes.get(67, b"0").strip() == b"1",
        text=_MTEXT_MARKS.sub("", text.replace("\\P", " ")) if text else None,
        block=_text(codes[2], encoding) if kind == "INSERT" and 2 in codes else None,
    )


def _text(raw: bytes, encoding: str) -> str:
    try:
        text = raw.decode(encoding, "replace")
    except LookupError:
        text = raw.decode("utf-8", "replace")
    return re.sub(r"\\U\+([0-9A-Fa-f]{4})", lambda match: chr(int(match[1], 16)), text)


# --- what GDAL makes of it --------------------------------------------------------------------------------


def _joined(drawing: _Drawing, read_by_gdal: Table) -> Table:
    """Return a row per entity of model space; one that GDAL left out has no geometry and says so."""
    shapes = _by_entity(drawing.entities, read_by_gdal.frame)
    model = [
        (entity, made) for entity, made in zip(drawing.entities, shapes, strict=True) if not entity.paper
    ]
    records = [_record(entity) for entity, _ in model]
    gathered = [_gathered(parts) for _, parts in model]
    for record, label in zip(records, _labels(records, gathered), strict=True):
        if label is not None:
            record["label"] = label
    table = Table(frame_of(records, gathered), facts=dict(read_by_gdal.facts))
    left_out = [row for row, (_, parts) in enumerate(model) if not parts]
    for row in left_out:
        table.refuse("entity-not-read", row, kind=records[row]["kind"], layer=records[row]["layer"])
    table.facts["entities"] = dict(Counter(record["kind"] for record in records))
    return table


def _by_entity(entities: list[_Entity], frame: geopandas.GeoDataFrame) -> list[list[BaseGeometry]]:
    """Return the shapes of each entity: by handle, and for old drawings without handles by order."""
    found: dict[str, list[BaseGeometry]] = {}
    handles = [entity.handle for entity in entities]
    if None in handles or len(set(handles)) < len(handles):
        return _by_order(entities, frame)
    for handle, made in zip(frame["EntityHandle"], frame.geometry, strict=True):
        if made is not None:
            found.setdefault(str(handle), []).append(made)
    return [found.get(str(handle), []) for handle in handles]


def _by_order(entities: list[_Entity], frame: geopandas.GeoDataFrame) -> list[list[BaseGeometry]]:
    """Walk both lists; an entity takes the next shape if layer and text fit, else GDAL left it out."""
    rows = list(zip(frame["Layer"], frame["PaperSpace"], frame.geometry, strict=True))
    made: list[list[BaseGeometry]] = []
    at = 0
    for left, entity in zip(range(len(entities), 0, -1), entities, strict=True):
        fits = at < len(rows) and str(rows[at][0]) == entity.layer and _drawn(entity, rows[at][2])
        if at < len(rows) and (fits or len(rows) - at >= left):
            made.append([rows[at][2]] if rows[at][2] is not None else [])
            at += 1
        else:
            made.append([])
    return made


_DRAWN = {
    "LINE": "LineString", "LWPOLYLINE": "LineString", "POLYLINE": "LineString", "ARC": "LineString",
    "SPLINE": "LineString", "POINT": "Point", "TEXT": "Point", "MTEXT": "Point", "INSERT": "Point",
}  # fmt: skip


def _drawn(entity: _Entity, shape: BaseGeometry | None) -> bool:
    """Whether an entity of this kind can look like that."""
    return entity.kind not in _DRAWN or (shape is not None and shape.geom_type == _DRAWN[entity.kind])


def _gathered(parts: list[BaseGeometry]) -> BaseGeometry | None:
    return None if not parts else parts[0] if len(parts) == 1 else shapely.GeometryCollection(parts)


def _record(entity: _Entity) -> dict[str, Any]:
    record: dict[str, Any] = {
        "handle": entity.handle,
        "layer": entity.layer,
        "kind": entity.kind,
        "text": entity.text,
        "block": entity.block,
        "label": None,
    }
    for tag, value in entity.attributes.items():
        record[tag if tag not in record else f"attribute_{tag}"] = value or None
    return record


def _labels(records: list[dict[str, Any]], shapes: list[Any]) -> list[str | None]:
    """Return, per row, the text that stands beside a line: in the same layer, near, the only one, no other's."""
    texts = [i for i, r in enumerate(records) if r["text"] and shapes[i] is not None]
    lines = [
        i for i, s in enumerate(shapes) if s is not None and s.geom_type == "LineString" and s.length > 0
    ]
    labels: list[str | None] = [None] * len(records)
    if not texts or not lines:
        return labels
    tree = STRtree([shapes[i] for i in lines])
    found: dict[int, set[int]] = {}
    for text in texts:
        for hit in tree.query(shapes[text], predicate="dwithin", distance=LABEL_REACH_M):
            line = lines[int(hit)]
            if records[line]["layer"] == records[text]["layer"]:
                found.setdefault(text, set()).add(line)
    owned = {text: next(iter(near)) for text, near in found.items() if len(near) == 1}
    counted = Counter(owned.values())
    for text, line in owned.items():
        if counted[line] == 1:
            labels[line] = str(records[text]["text"])
    return labels


def _of_layer(table: Table, name: str | None, path: Path) -> Table:
    """Return the rows of one DXF layer, with their rows counted anew."""
    if name is None:
        return table
    keep = [row for row, layer in enumerate(table.frame["layer"]) if layer == name]
    if not keep:
        known = sorted({str(layer) for layer in table.frame["layer"]})
        raise SourceUnreadable(file=path.name, table=name, problem="no such layer", tables=known[:20])
    table.name = name
    return picked(table, keep)


def picked(table: Table, keep: list[int]) -> Table:
    """Return a table of some of the rows of another, with what was said about them."""
    place = {row: index for index, row in enumerate(keep)}
    made = Table(table.frame.iloc[keep].reset_index(drop=True), table.crs, table.usual_crs, table.name)
    made.facts = table.facts
    for issue in table.issues:
        if issue.row is None:
            made.issues.append(issue)
        elif issue.row in place:
            made.say(issue.severity, issue.code, place[issue.row], **issue.params)
    made.refused = {place[row] for row in table.refused if row in place}
    return made
