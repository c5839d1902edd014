"""A delivered table -> the canonical model: fields by name, code lists, units, the city's CRS.

What the field map does not name is not lost: it stays in `attributes`, as delivered.
"""

from __future__ import annotations

import dataclasses
import json
import math
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np
import numpy.typing as npt
import shapely
from shapely.geometry.base import BaseGeometry

from geo.crs import CONVERSION, lonlat_bounds, mover, operation_for
from geo.errors import PanjerehError
from geo.vocabulary import Utility, gas_class, voltage_class
from layers import local_grid, units
from layers.catalog import FIELDS, VOCABULARIES, CoverSource, LayerSpec, Target
from layers.city import City
from layers.columns import Column, Mask
from layers.readers.records import among
from layers.readers.source import Batch, Source
from layers.readers.text import normal_letters
from layers.report import Issue, Repair, Severity

# Areas are compared with Web Mercator's only where there are some, and where its stretch cannot be a mistake.
_FEWEST_AREAS = 5
_LEAST_STRETCH = 1.1
_SAME_STRETCH = 0.01
_quoted = json.JSONEncoder(ensure_ascii=False).encode
_OTHER = {"role": "other", "status": "unknown", "normal_state": "unknown"}


Shapes = npt.NDArray[np.object_]
Bounds = tuple[float, float, float, float]


class ColumnMissing(PanjerehError):
    """The delivered table lacks a column that the layer's field map names."""

    code = "column-missing"


@dataclass(frozen=True, slots=True)
class Placing:
    """How shapes come into the city's CRS: by which named operation, and what that adds to the uncertainty (m)."""

    operation: str
    added_m: float
    move: Callable[[Shapes], Shapes]


class FirstRows:
    """The row in which each id was first seen; `suspects` (None: all) are the codes of ids that may come again."""

    def __init__(self, suspects: npt.NDArray[np.uint64] | None = None) -> None:
        self._suspects = suspects
        self._rows: dict[str, int] = {}

    def suspected(self, ids: Column) -> npt.NDArray[np.intp]:
        """Which rows have an id that may be another row's too."""
        if self._suspects is None:
            return np.arange(len(ids))
        return among(ids.codes(), self._suspects) if len(self._suspects) else np.empty(0, dtype=np.intp)

    def row_of(self, name: str, row: int) -> int:
        """The first row of this id: the given one, or an earlier one."""
        return self._rows.setdefault(name, row)


@dataclass(slots=True)
class Mapped:
    """Rows in the canonical model: parallel columns, geometry in the city's CRS (2D, metres).

    `rows` are positions in the source. Checks mark refused and repaired rows and may set a value to None; the
    object lives within one import only, so it may change. `given` says how many values went through a conversion.
    """

    spec: LayerSpec
    rows: npt.NDArray[np.int64]
    geometry: Shapes
    columns: dict[str, Column]
    attributes: Column
    source_crs: str
    source_operation: str
    not_selected: int
    issues: list[Issue]
    refused: set[int]
    repaired: set[int]
    repeated: set[int] = dataclasses.field(default_factory=set)
    facts: dict[str, Any] = dataclasses.field(default_factory=dict)
    repairs: list[Repair] = dataclasses.field(default_factory=list)
    first_rows: FirstRows = dataclasses.field(default_factory=FirstRows)
    given: dict[str, int] = dataclasses.field(default_factory=dict)

    def __len__(self) -> int:
        return len(self.rows)

    def accepted(self) -> npt.NDArray[np.intp]:
        """Positions of the rows that are not refused."""
        keep = np.ones(len(self.rows), dtype=bool)
        keep[list(self.refused)] = False
        return np.flatnonzero(keep)

    def issue(self, severity: Severity, code: str, index: int, **params: str | float | None) -> Issue:
        """Return an issue of one row, located at a point of its geometry where it has one."""
        shape = self.geometry[index]
        point = None if shape is None or shape.is_empty else shapely.get_coordinates(shape)[0]
        located = point is not None and bool(np.isfinite(point).all())
        return Issue(
            severity,
            code,
            row=int(self.rows[index]),
            feature_id=self.columns["feature_id"][index],
            x=round(float(point[0]), 3) if located and point is not None else None,
            y=round(float(point[1]), 3) if located and point is not None else None,
            params=dict(params),
        )

    def repair(self, code: str, index: int, shape: BaseGeometry, **params: str | float | None) -> None:
        """Replace a row's shape, with a notice, and a log that keeps the shape as delivered."""
        before = self.geometry[index]
        self.issues.append(self.issue(Severity.NOTICE, code, index, **params))
        self.repairs.append(Repair(self.columns["feature_id"][index], code, before, dict(params)))
        self.geometry[index] = shape
        self.repaired.add(index)

    def refuse(self, code: str, indexes: Iterable[int], **params: str | float | None) -> None:
        """Mark rows as refused, with an error for each."""
        for index in indexes:
            self.issues.append(self.issue(Severity.ERROR, code, index, **params))
            self.refused.add(index)


def _text(value: Any) -> str | None:
    """A text without the blanks around it; a whole number in a float column has no decimals."""
    if isinstance(value, str):
        return value.strip() or None
    if value is None:
        return None
    if isinstance(value, bool):
        return str(value).lower()
    return str(int(value) if isinstance(value, float) and value.is_integer() else value)


def _json(value: Any) -> str:
    """A plain value as JSON."""
    kind = type(value)
    if kind is str:
        return _quoted(value)
    return repr(value) if kind in (int, float) else json.dumps(value, ensure_ascii=False)


def _coded(spec: LayerSpec, field: str) -> Callable[[Any], str | None]:
    """Return what makes our word of a source's word; KeyError where the code list lacks it."""
    codes, words = spec.codes.get(field), VOCABULARIES.get(field)
    normal = (
        None if codes is None else {normal_letters(word): ours for word, ours in codes.items()} | dict(codes)
    )

    def coded(value: Any) -> str | None:
        text = _text(value)
        if text is None:
            return None
        if not text.isascii():
            text = normal_letters(text)
        if normal is not None:
            return normal[text]
        if words is not None and text not in words:
            raise KeyError(text)
        return text

    return coded


def _converter(spec: LayerSpec, field: str) -> Callable[[Any], Any]:
    """Return what makes one canonical value; ValueError or KeyError where the source's is not readable as one."""
    unit = spec.fields[field].unit
    if units.is_number(field):
        return partial(units.measure, field, unit)
    return partial(units.day, unit) if field in units.DAYS else _coded(spec, field)


def _is_text(spec: LayerSpec, field: str) -> bool:
    """Whether a field holds any words, as they are delivered."""
    return not (field in spec.codes or field in VOCABULARIES or units.is_number(field) or field in units.DAYS)


def _column(mapped: Mapped, field: str, raw: Column) -> Column:
    """The canonical values of a field; what cannot be read as one is told row by row."""
    if raw.is_tidy and _is_text(mapped.spec, field):
        return raw
    made: list[Any] = []
    bad: list[int] = []
    converted = _converter(mapped.spec, field)
    for at, value in enumerate(raw.values):
        try:
            made.append(converted(value))
        except (ValueError, KeyError):
            made.append(_OTHER.get(field))
            bad.append(at)
    if bad:
        is_code = field in mapped.spec.codes or field in VOCABULARIES
        code = "unknown-code" if is_code else "unreadable-value"
        for index in np.flatnonzero(np.isin(raw.index, bad)).tolist():
            said = mapped.issue(Severity.WARNING, code, index, field=field, value=str(raw[index]))
            mapped.issues.append(said)
    return Column(made, raw.index.copy())


def selected(batch: Batch, spec: LayerSpec) -> npt.NDArray[np.int64]:
    """Return the positions of the rows that the layer takes."""
    keep: Mask = np.ones(len(batch), dtype=bool)
    # A row that could not be read may lack the very value that would have selected it: it counts.
    unread = np.zeros(len(batch), dtype=bool)
    unread[[row - batch.first for row in batch.refused]] = True
    for name, wanted in spec.select.items():
        texts = batch.columns[name].map(_text)
        fits: Any = texts.where(set(wanted).__contains__) | (texts.missing() & unread)
        keep = np.asarray(keep & fits)
    return np.flatnonzero(keep)


def ids_of(batch: Batch, spec: LayerSpec) -> Column:
    """Return the rows' ids as texts."""
    given = batch.columns[spec.fields["feature_id"].column]
    return given if given.is_tidy else given.map(_text)


def check_columns(source: Source, spec: LayerSpec) -> None:
    """Raise ColumnMissing when the table is not the one that the field map describes."""
    wanted = {rule.column for rule in spec.fields.values()} | set(spec.select)
    if missing := sorted(wanted - set(source.names)):
        raise ColumnMissing(
            source=source.name, layer=spec.layer_id, columns=missing, found=sorted(source.names)
        )


def finite(shapes: Shapes) -> Mask:
    """Which shapes are somewhere: not missing, not empty, and no number of their bounds is infinite."""
    return np.asarray(np.isfinite(shapely.bounds(shapes)).all(axis=1))


def placing(source: Source, bounds: Bounds | None, city: City, spec: LayerSpec) -> Placing:
    """Return how the source's shapes come into the city's CRS; `bounds` are those of all of them, as delivered.

    Raises geo's CRS errors when no named operation leads there.
    """
    if spec.local_grid is not None:
        fit = spec.local_grid.fitted()
        source.facts["local_grid"] = local_grid.as_facts(spec.local_grid, fit)
        return Placing(
            spec.local_grid.operation,
            local_grid.uncertainty_m(fit),
            lambda shapes: local_grid.moved(shapes, fit),
        )
    if source.crs == city.crs or bounds is None:
        return Placing(CONVERSION, 0.0, lambda shapes: shapes)
    pinned = spec.operations.get(source.crs)  # outranks the city's
    operation = operation_for(source.crs, city.city_crs, lonlat_bounds(bounds, source.crs), pinned)
    mover_of = mover(operation)

    def moved(shapes: Shapes) -> Shapes:
        made, there = shapes.copy(), finite(shapes)
        if there.any():
            made[there] = shapely.transform(shapes[there], mover_of)
        return made

    return Placing(operation.code, operation.accuracy_m or 0.0, moved)


def _attributes(batch: Batch, spec: LayerSpec, rows: npt.NDArray[np.int64]) -> Column:
    """Return, per row, the columns that the field map does not use or that a code list replaced, as JSON."""
    used = {rule.column for field, rule in spec.fields.items() if field not in spec.codes}
    names = sorted(name for name in batch.columns if name not in used)
    made = Column.constant("", len(rows))
    for name in names:
        key = json.dumps(name, ensure_ascii=False)
        part = batch.columns[name].take(rows)
        texts = [None if value is None else f"{key}: {_json(value)}" for value in part.values]
        made = _joined(made, Column(texts, part.index))
    return made.map(lambda text: f"{{{text}}}")


def _joined(left: Column, right: Column) -> Column:
    """The two texts of each row with a comma between; each pair that occurs is made once."""
    size = len(right.values)
    pairs, index = np.unique(left.index * size + right.index, return_inverse=True)
    texts = []
    for pair in pairs.tolist():
        before, after = left.values[pair // size], right.values[pair % size]
        texts.append(before if after is None else f"{before}, {after}" if before else after)
    return Column(texts, index)


def _fill(columns: dict[str, Column], name: str, value: Any) -> None:
    """Give `value` to the rows that have none."""
    columns[name] = columns[name].filled(value)


def _networked(columns: dict[str, Column], spec: LayerSpec, added_m: float) -> None:
    """Add what every part of a network says; an unknown cover stays unknown, and so does its uncertainty."""
    quality, size = spec.quality, len(columns["feature_id"])
    if quality is None or spec.utility is None:
        return
    for name in ("cover_m", "horizontal_uncertainty_m", "vertical_uncertainty_m", "status", "surveyed_on"):
        columns.setdefault(name, Column.constant(None, size))
    columns["utility"] = Column.constant(str(spec.utility), size)
    _fill(columns, "horizontal_uncertainty_m", quality.horizontal_uncertainty_m)
    columns["horizontal_uncertainty_m"] = columns["horizontal_uncertainty_m"].map(
        lambda given: math.hypot(given, added_m)
    )
    _fill(columns, "vertical_uncertainty_m", quality.vertical_uncertainty_m)
    _fill(columns, "status", "unknown")
    _fill(columns, "surveyed_on", spec.surveyed_on)
    columns["quality_level"] = Column.constant(str(quality.quality_level), size)
    columns["cover_source"] = Column.constant(str(quality.cover_source), size)
    forget_covers(columns, columns["cover_m"].missing())


def forget_covers(columns: dict[str, Column], rows: Mask) -> None:
    """Make some rows' cover unknown, with all that is said about it."""
    columns["cover_m"].put(rows, None)
    columns["cover_source"].put(rows, str(CoverSource.UNKNOWN))
    columns["vertical_uncertainty_m"].put(rows, None)


def _classified(columns: dict[str, Column], spec: LayerSpec) -> None:
    """Give lines the class that clearance rules ask for, from their pressure or voltage."""
    if spec.utility is Utility.GAS:
        derived = columns["pressure_bar"].map(gas_class)
    elif spec.utility is Utility.ELECTRICITY:
        derived = columns["voltage_kv"].map(voltage_class)
    else:
        return
    columns["class_code"] = columns["class_code"].otherwise(derived)


def _completed(columns: dict[str, Column], spec: LayerSpec, added_m: float) -> None:
    size = len(columns["feature_id"])
    for field in FIELDS[spec.target]:
        columns.setdefault(field, Column.constant(None, size))
        if field in spec.constants:
            _fill(columns, field, spec.constants[field])
    if spec.is_network:
        _networked(columns, spec, added_m)
    if spec.target is Target.NETWORK_LINE:
        _fill(columns, "role", "other")
        _classified(columns, spec)
    elif spec.is_network:
        _fill(columns, "kind", "other")


def map_layer(source: Source, city: City, spec: LayerSpec) -> Mapped:
    """Return a delivered table in the canonical model, with a warning for each value that could not be read.

    Raises ColumnMissing when the table is not the one that the field map describes, and geo's CRS errors when
    no named operation leads from the source's CRS to the city's.
    """
    check_columns(source, spec)
    (batch,) = source.batches(max(1, source.count))
    there = batch.shapes[selected(batch, spec)]
    there = there[finite(there)]
    bounds: Any = tuple(shapely.total_bounds(there).tolist()) if len(there) else None
    mapped = map_batch(batch, source.crs, spec, placing(source, bounds, city, spec))
    mapped.facts |= source.facts
    mapped.issues[:0] = source.issues
    if made := conversions(spec, mapped.given):
        mapped.facts["conversions"] = made
    areas = Areas()
    areas.add(mapped)
    if issue := areas.mistaken(city):
        mapped.issues.append(issue)
        mapped.columns["area_m2"] = Column.constant(None, len(mapped))
    return mapped


def map_batch(
    batch: Batch, source_crs: str, spec: LayerSpec, place: Placing, first_rows: FirstRows | None = None
) -> Mapped:
    """Return the rows of a batch that the layer takes, in the canonical model."""
    rows = selected(batch, spec)
    mapped = Mapped(
        spec=spec,
        rows=rows + batch.first,
        geometry=place.move(shapely.force_2d(batch.shapes[rows])),
        columns={"feature_id": ids_of(batch, spec).take(rows)},
        attributes=_attributes(batch, spec, rows),
        source_crs=source_crs,
        source_operation=place.operation,
        not_selected=len(batch) - len(rows),
        issues=[],
        refused=set(),
        repaired=set(),
        first_rows=first_rows or FirstRows(),
    )
    _take_over(mapped, batch)
    for field, rule in spec.fields.items():
        raw = batch.columns[rule.column].take(rows)
        if field != "feature_id":
            mapped.columns[field] = _column(mapped, field, raw)
        if rule.unit is not None or field in spec.codes:
            mapped.given[field] = int((~raw.missing()).sum())
    _completed(mapped.columns, spec, place.added_m)
    return mapped


def _take_over(mapped: Mapped, batch: Batch) -> None:
    """Take over what the reader noticed about the rows that were selected."""
    if not batch.issues and not batch.refused:
        return
    place = {int(row): index for index, row in enumerate(mapped.rows)}
    for said in batch.issues:
        if said.row in place:
            index = place[said.row]
            mapped.issues.append(mapped.issue(said.severity, said.code, index, **_scalars(said.params)))
            if said.code == "duplicate-row":
                mapped.repeated.add(index)
    mapped.refused |= {place[row] for row in batch.refused if row in place}


def _scalars(params: Mapping[str, Any]) -> dict[str, str | float | None]:
    return {name: value for name, value in params.items() if name not in ("row", "feature_id", "x", "y")}


def conversions(spec: LayerSpec, given: Mapping[str, int]) -> list[dict[str, Any]]:
    """Return, for the report, every unit, calendar and code list that values went through."""
    made: list[dict[str, Any]] = []
    for name, rule in sorted(spec.fields.items()):
        how: dict[str, Any] = {}
        if rule.unit is not None:
            how = {"unit": rule.unit, "factor": units.factor(name, rule.unit)}
        elif name in spec.codes:
            how = {"codes": len(spec.codes[name])}
        if how:
            made.append({"field": name, "column": rule.column, **how, "values": given.get(name, 0)})
    return made


class Areas:
    """Stated areas beside the true ones: those measured in Web Mercator are told by their ratio.

    There a square metre grows with the latitude: at 35 degrees it is half as large again, so that the numbers look
    plausible. The ratio is the same in the whole delivery.
    """

    def __init__(self) -> None:
        self._ratios: list[npt.NDArray[np.float64]] = []

    def add(self, mapped: Mapped) -> None:
        """Look at some rows."""
        given = mapped.columns.get("area_m2")
        if given is None:
            return
        stated = np.array([value or 0.0 for value in given.values], dtype=np.float64)[given.index]
        there = finite(mapped.geometry)
        true = np.zeros(len(mapped))
        with np.errstate(over="ignore", invalid="ignore"):
            true[there] = shapely.area(mapped.geometry[there])
        both = (stated != 0) & (true > 0)
        if both.any():
            self._ratios.append(stated[both] / true[both])

    def mistaken(self, city: City) -> Issue | None:
        """Say that the areas are those of Web Mercator and must be forgotten; None where they are not."""
        ratios = np.concatenate([*self._ratios, np.empty(0)])
        if len(ratios) < _FEWEST_AREAS:
            return None
        _, south, _, north = lonlat_bounds(city.extent_m, city.crs)
        expected = 1.0 / math.cos(math.radians((south + north) / 2.0)) ** 2
        ratio = float(np.median(ratios))
        if expected < _LEAST_STRETCH or abs(ratio / expected - 1.0) > _SAME_STRETCH:
            return None
        params: dict[str, Any] = {"field": "area_m2", "ratio": round(ratio, 4), "count": len(ratios)}
        return Issue(Severity.WARNING, "web-mercator-areas", params=params)
