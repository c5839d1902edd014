"""CSV and its relatives: separator, decimal comma, byte order mark, encoding and Persian digits recognised.

The place is a WKT column or a pair of columns. Which system the numbers are in is asked, unless the WKT says
it (`SRID=32639;POINT (...)`). A row with too few or too many cells is refused with its number, never shifted.
"""

from __future__ import annotations

import csv
import io
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import shapely
from shapely.errors import ShapelyError
from shapely.geometry.base import BaseGeometry

from geo.crs import parse_code
from layers.readers.faults import (
    SourceColumnsUnclear,
    SourceCrsContradiction,
    SourceEncodingUnknown,
    SourceTooLarge,
    SourceTruncated,
    SourceUnreadable,
)
from layers.readers.source import MAX_TEXT_BYTES, Table, frame_of
from layers.readers.text import encoding_of, fold_digits, marked_encoding, normal_letters, number
from layers.report import Severity

_SEPARATORS = (",", ";", "\t", "|")
_WKT_NAMES = ("wkt", "the_geom", "geom", "geometry", "wkt_geom", "shape")
_WKT = re.compile(
    r"\s*(?:SRID=(\d+)\s*;)?\s*(?:MULTI)?(?:POINT|LINESTRING|POLYGON|GEOMETRYCOLLECTION)\b", re.I
)
# Pairs of names for east and north, as they are met; the first pair that is there is taken.
_PAIRS = (
    ("x", "y"), ("easting", "northing"), ("east", "north"), ("e", "n"), ("utm_e", "utm_n"), ("utm_x", "utm_y"),
    ("x_utm", "y_utm"), ("xcoord", "ycoord"), ("x_coord", "y_coord"), ("coord_x", "coord_y"), ("point_x", "point_y"),
    ("rechtswert", "hochwert"), ("ostwert", "nordwert"), ("lon", "lat"), ("long", "lat"), ("lng", "lat"),
    ("longitude", "latitude"), ("طول", "عرض"), ("طول_جغرافیایی", "عرض_جغرافیایی"), ("مختصات_x", "مختصات_y"),
)  # fmt: skip
_INTEGER = re.compile(r"[-+]?\d+")
_COMMA_NUMBER = re.compile(r"[-+]?\d{1,3}(?:\.\d{3})*,\d+|[-+]?\d+,\d+")
csv.field_size_limit(16 << 20)


@dataclass(frozen=True, slots=True)
class _Text:
    rows: list[list[str]]
    encoding: str
    separator: str
    ended: bool


def read(path: Path, encoding: str | None) -> Table:
    """Return the rows of a delimited text file.

    Raises SourceTruncated (an open quotation), SourceColumnsUnclear, SourceEncodingUnknown, SourceTooLarge,
    SourceCrsContradiction (several SRIDs) or SourceUnreadable.
    """
    text = _rows(path, encoding)
    if not text.rows or not any(cell.strip() for cell in text.rows[0]):
        raise SourceUnreadable(file=path.name, problem="no header line")
    header = _header(text.rows[0])
    rows = text.rows[1:]
    whole = [len(row) == len(header) for row in rows]
    if rows and not whole[-1] and not text.ended and len(rows[-1]) < len(header):
        raise SourceTruncated(file=path.name, problem="the last row is cut", row=len(rows) - 1)
    cells = [row if fits else [""] * len(header) for row, fits in zip(rows, whole, strict=True)]
    columns = {name: [row[at] for row in cells] for at, name in enumerate(header)}
    commas = {name for name, values in columns.items() if _has_comma_numbers(values)}
    made = _placed(columns, commas, path)
    _note(made, text, commas)
    for row, fits in enumerate(whole):
        if not fits:
            made.refuse("row-width", row, expected=len(header), found=len(rows[row]))
    return made


def _note(table: Table, text: _Text, commas: set[str]) -> None:
    table.facts |= {"encoding": text.encoding, "separator": text.separator}
    if commas:
        table.facts["decimal_comma"] = sorted(commas)
    if not text.ended:
        table.say(Severity.NOTICE, "no-final-newline")


# --- text -> rows -----------------------------------------------------------------------------------------


def _rows(path: Path, encoding: str | None) -> _Text:
    size = path.stat().st_size
    if size > MAX_TEXT_BYTES:
        raise SourceTooLarge(file=path.name, found=size, limit=MAX_TEXT_BYTES, of="bytes")
    raw = path.read_bytes()
    known = encoding or marked_encoding(raw) or encoding_of([raw])
    if known is None or (b"\0" in raw and known != "utf-16"):
        raise SourceEncodingUnknown(file=path.name, hint="state-the-encoding")
    try:
        text = raw.decode("utf-8" if known == "ascii" else known)
    except (UnicodeDecodeError, LookupError) as error:
        raise SourceEncodingUnknown(file=path.name, stated=known, hint="state-the-encoding") from error
    separator = _separator(text)
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=separator, strict=True)
    try:
        rows = [row for row in reader if row]
    except csv.Error as error:
        problem = str(error)
        fault = SourceTruncated if "unexpected end" in problem else SourceUnreadable
        raise fault(file=path.name, problem=problem, line=reader.line_num) from error
    return _Text(rows, known, separator, text.endswith(("\n", "\r")))


def _separator(text: str) -> str:
    """Return the separator that cuts the first lines into equally many cells, and into most of them."""
    lines = [line for line in text[: 1 << 16].splitlines()[:20] if line.strip()]

    def score(separator: str) -> tuple[bool, int]:
        widths = [len(row) for row in csv.reader(lines, delimiter=separator)]
        return len(set(widths[:1] + widths[1:-1])) == 1 and widths[0] > 1, widths[0] if widths else 0

    return max(_SEPARATORS, key=score)


def _header(cells: list[str]) -> list[str]:
    """Return the column names, each of them once."""
    names: list[str] = []
    for at, cell in enumerate(cells):
        name = cell.strip().lstrip("\ufeff") or f"column_{at + 1}"
        while name in names:
            name += "_"
        names.append(name)
    return names


# --- rows -> places ---------------------------------------------------------------------------------------


def _plain(name: str) -> str:
    """Return a column's name for comparison: "X (m)" is x."""
    text = re.sub(r"\(.*?\)|\[.*?\]", "", normal_letters(fold_digits(name))).strip().lower()
    return re.sub(r"[\s\-.]+", "_", text).strip("_")


def _has_comma_numbers(values: list[str]) -> bool:
    filled = [fold_digits(value.strip()) for value in values if value.strip()]
    return (
        bool(filled)
        and all(_COMMA_NUMBER.fullmatch(v) or _INTEGER.fullmatch(v) for v in filled)
        and any("," in value for value in filled)
    )


def _placed(columns: dict[str, list[str]], commas: set[str], path: Path) -> Table:
    plain = {_plain(name): name for name in reversed(columns)}
    wkt = next((plain[name] for name in _WKT_NAMES if name in plain and _is_wkt(columns[plain[name]])), None)
    wkt = wkt or next((name for name, values in columns.items() if _is_wkt(values)), None)
    if wkt is not None:
        return _from_wkt(columns, commas, wkt, path)
    pair = next(((plain[x], plain[y]) for x, y in _PAIRS if x in plain and y in plain), None)
    if pair is None:
        raise SourceColumnsUnclear(file=path.name, columns=list(columns)[:40], hint="name-x-and-y")
    return _from_pair(columns, commas, pair)


def _is_wkt(values: list[str]) -> bool:
    filled = [value for value in values[:50] if value.strip()]
    return bool(filled) and sum(_WKT.match(value) is not None for value in filled) * 2 > len(filled)


def _records(columns: dict[str, list[str]], commas: set[str], without: set[str]) -> list[dict[str, Any]]:
    made = {name: _cells(values, name in commas) for name, values in columns.items() if name not in without}
    size = len(next(iter(columns.values()), []))
    return [{name: values[row] for name, values in made.items()} for row in range(size)]


def _cells(values: list[str], comma: bool) -> list[Any]:
    """Return a column's values: numbers with decimals as numbers, all else as text, digits folded in numbers."""
    filled = [value for value in values if value.strip()]
    try:
        numbers = {value: number(value, decimal_comma=comma) for value in filled}
    except ValueError:
        return [value.strip() or None for value in values]
    folded = {value: fold_digits(value.strip()) for value in filled}
    # 007 is an id and 12 may be one: only columns with decimals are certainly numbers.
    if all(_INTEGER.fullmatch(text) for text in folded.values()):
        return [folded.get(value) for value in values]
    return [numbers.get(value) for value in values]


def _from_wkt(columns: dict[str, list[str]], commas: set[str], wkt: str, path: Path) -> Table:
    shapes: list[BaseGeometry | None] = []
    problems: list[tuple[int, str]] = []
    codes = set()
    for row, value in enumerate(columns[wkt]):
        head = _WKT.match(value)
        if head is not None and head[1]:
            codes.add(head[1])
        try:
            shapes.append(shapely.from_wkt(value.rpartition(";")[2].strip()) if value.strip() else None)
        except (ShapelyError, ValueError) as error:
            shapes.append(None)
            problems.append((row, f"WKT: {error}"[:120]))
    if len(codes) > 1:
        raise SourceCrsContradiction(file=path.name, stated=min(codes), found=sorted(codes))
    crs = parse_code(f"EPSG:{codes.pop()}") if codes else None
    table = Table(frame_of(_records(columns, commas, {wkt}), shapes), crs=crs)
    for row, problem in problems:
        table.refuse("unreadable-feature", row, problem=problem)
    table.facts["place_columns"] = [wkt]
    return table


def _from_pair(columns: dict[str, list[str]], commas: set[str], pair: tuple[str, str]) -> Table:
    """Return points; the columns stay, because an agency knows its own numbers by them."""
    xs, ys = ([_coordinate(v, name in commas) for v in columns[name]] for name in pair)
    shapes = [shapely.Point(x, y) if np.isfinite((x, y)).all() else None for x, y in zip(xs, ys, strict=True)]
    table = Table(frame_of(_records(columns, commas, set()), shapes))
    for row, made in enumerate(shapes):
        if made is None:
            x, y = (columns[name][row] for name in pair)
            table.refuse("unreadable-feature", row, problem=f"coordinates: {x!r}, {y!r}"[:120])
    table.facts["place_columns"] = list(pair)
    return table


def _coordinate(text: str, comma: bool) -> float:
    try:
        return number(text, decimal_comma=comma)
    except ValueError:
        return float("nan")
