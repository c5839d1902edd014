"""A delivered table -> the canonical model: fields by name, code lists, units, the city's CRS.

What the field map does not name is not lost: it stays in `attributes`, as delivered.
"""

from __future__ import annotations

import dataclasses
import json
import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import shapely
from shapely.geometry.base import BaseGeometry

from geo.vocabulary import Utility, gas_class, voltage_class
from layers.catalog import FIELDS, CoverSource, LayerSpec, Target, Trunk, TrunkSource
from layers.city import City
from layers.columns import Column, Mask
from layers.delivery_errors import ColumnMissing
from layers.field_values import canonical, conversions, is_coded, plain_text
from layers.placing import Placing, Shapes, finite, placing
from layers.readers.records import among
from layers.readers.source import Batch, Source
from layers.report import Issue, Repair, Severity
from layers.stated_areas import StatedAreas

_quoted = json.JSONEncoder(ensure_ascii=False).encode


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


def _column(mapped: Mapped, field: str, raw: Column) -> Column:
    """The canonical values of a field; what cannot be read as one is told row by row."""
    made, bad = canonical(mapped.spec, field, raw)
    if bad:
        code = "unknown-code" if is_coded(mapped.spec, field) else "unreadable-value"
        for index in np.flatnonzero(np.isin(raw.index, bad)).tolist():
            said = mapped.issue(Severity.WARNING, code, index, field=field, value=str(raw[index]))
            mapped.issues.append(said)
    return made


def selected(batch: Batch, spec: LayerSpec) -> npt.NDArray[np.int64]:
    """Return the positions of the rows that the layer takes."""
    keep: Mask = np.ones(len(batch), dtype=bool)
    # A row that could not be read may lack the very value that would have selected it: it counts.
    unread = np.zeros(len(batch), dtype=bool)
    unread[[row - batch.first for row in batch.refused]] = True
    for name, wanted in spec.select.items():
        texts = batch.columns[name].map(plain_text)
        fits: Any = texts.where(set(wanted).__contains__) | (texts.missing() & unread)
        keep = np.asarray(keep & fits)
    return np.flatnonzero(keep)


def ids_of(batch: Batch, spec: LayerSpec) -> Column:
    """Return the rows' ids as texts."""
    given = batch.columns[spec.fields["feature_id"].column]
    return given if given.is_tidy else given.map(plain_text)


def check_columns(source: Source, spec: LayerSpec) -> None:
    """Raise ColumnMissing when the table is not the one that the field map describes."""
    wanted = {rule.column for rule in spec.fields.values()} | set(spec.select)
    if missing := sorted(wanted - set(source.names)):
        raise ColumnMissing(
            source=source.name, layer=spec.layer_id, columns=missing, found=sorted(source.names)
        )


def _json(value: Any) -> str:
    """A plain value as JSON."""
    kind = type(value)
    if kind is str:
        return _quoted(value)
    return repr(value) if kind in (int, float) else json.dumps(value, ensure_ascii=False)


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


def _widen(columns: dict[str, Column], added_m: float) -> None:
    """Add what bringing the shapes here has added (m); what is no width stays as given, for the checks to drop."""
    stated = columns["horizontal_uncertainty_m"]
    columns["horizontal_uncertainty_m"] = stated.map(
        lambda given: math.hypot(given, added_m) if given > 0 else given
    )


def _networked(columns: dict[str, Column], spec: LayerSpec, added_m: float) -> None:
    """Add what every part of a network says; an unknown cover stays unknown, and so does its uncertainty."""
    quality, size = spec.quality, len(columns["feature_id"])
    if quality is None or spec.utility is None:
        return
    for name in ("cover_m", "horizontal_uncertainty_m", "vertical_uncertainty_m", "status", "surveyed_on"):
        columns.setdefault(name, Column.constant(None, size))
    columns["utility"] = Column.constant(str(spec.utility), size)
    _fill(columns, "horizontal_uncertainty_m", quality.horizontal_uncertainty_m)
    _widen(columns, added_m)
    _fill(columns, "vertical_uncertainty_m", quality.vertical_uncertainty_m)
    _fill(columns, "status", "unknown")
    _fill(columns, "surveyed_on", spec.surveyed_on)
    columns["quality_level"] = Column.constant(str(quality.quality_level), size)
    columns["cover_source"] = Column.constant(str(quality.cover_source), size)
    forget_covers(columns, columns["cover_m"].missing())


def _planted(columns: dict[str, Column], spec: LayerSpec, added_m: float) -> None:
    """Add what every tree says; a trunk that is not stated is the layer's usual one, and says so."""
    trunk, size = spec.trunk, len(columns["feature_id"])
    if trunk is None:
        return
    columns["trunk_source"] = Column.constant(str(TrunkSource.STATED), size)
    assume_trunks(columns, trunk, columns["trunk_diameter_mm"].missing())
    _fill(columns, "horizontal_uncertainty_m", trunk.horizontal_uncertainty_m)
    _widen(columns, added_m)


def assume_trunks(columns: dict[str, Column], trunk: Trunk, rows: Mask) -> None:
    """Give some rows the layer's usual trunk."""
    columns["trunk_diameter_mm"].put(rows, trunk.diameter_mm)
    columns["trunk_source"].put(rows, str(TrunkSource.ASSUMED))


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
    if spec.target is Target.TREE:
        _planted(columns, spec, added_m)
    elif spec.target is Target.NETWORK_LINE:
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
    areas = StatedAreas()
    areas.add(mapped.columns.get("area_m2"), mapped.geometry)
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
