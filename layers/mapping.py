"""A delivered table -> the canonical model: fields by name, code lists, units, the city's CRS.

What the field map does not name is not lost: it stays in `attributes`, as delivered.
"""

from __future__ import annotations

import dataclasses
import json
import math
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

import geopandas
import numpy as np
import pandas as pd
import shapely
from shapely.geometry.base import BaseGeometry

from geo.crs import CONVERSION, lonlat_bounds, mover, operation_for
from geo.errors import PanjerehError
from geo.vocabulary import Utility, gas_class, voltage_class
from layers import local_grid, units
from layers.catalog import FIELDS, VOCABULARIES, CoverSource, LayerSpec, Target
from layers.city import City
from layers.readers.text import normal_letters
from layers.reading import Source
from layers.report import Issue, Repair, Severity

# Areas are compared with Web Mercator's only where there are some, and where its stretch cannot be a mistake.
_FEWEST_AREAS = 5
_LEAST_STRETCH = 1.1
_SAME_STRETCH = 0.01
_OTHER = {"role": "other", "status": "unknown", "normal_state": "unknown"}


class ColumnMissing(PanjerehError):
    """The delivered table lacks a column that the layer's field map names."""

    code = "column-missing"


@dataclass(slots=True)
class Mapped:
    """The rows in the canonical model: parallel columns, geometry in the city's CRS (2D, metres).

    `rows` are positions in the source. Checks mark refused and repaired rows and may set a value to None; the
    object lives within one import only, so it may change.
    """

    spec: LayerSpec
    rows: np.ndarray[Any, np.dtype[np.int64]]
    geometry: np.ndarray[Any, np.dtype[np.object_]]
    columns: dict[str, list[Any]]
    attributes: list[str]
    source_crs: str
    source_operation: str
    not_selected: int
    issues: list[Issue]
    refused: set[int]
    repaired: set[int]
    repeated: set[int] = dataclasses.field(default_factory=set)
    facts: dict[str, Any] = dataclasses.field(default_factory=dict)
    repairs: list[Repair] = dataclasses.field(default_factory=list)

    def __len__(self) -> int:
        return len(self.rows)

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


def _plain(value: Any) -> Any:
    """A value of a delivered table as JSON can hold it; None for every kind of nothing."""
    if isinstance(value, np.generic):
        value = value.item()
    if value is None or value is pd.NaT or (isinstance(value, float) and not math.isfinite(value)):
        return None
    if isinstance(value, (date, datetime)):
        return value.isoformat()
    return value if isinstance(value, (str, int, float, bool)) else str(value)


def _values(frame: geopandas.GeoDataFrame, column: str) -> list[Any]:
    series = frame[column]
    # pandas spells "nothing" in several ways; the model knows one.
    return [None if nothing else _plain(value) for value, nothing in zip(series, series.isna(), strict=True)]


def _text(value: Any) -> str | None:
    """A text without the blanks around it; a whole number in a float column has no decimals."""
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    return (str(value).strip() or None) if value is not None else None


def _coded(spec: LayerSpec, field: str, value: Any) -> str | None:
    """Return our word for a source's word; KeyError where the code list lacks it."""
    text = _text(value)
    codes = spec.codes.get(field)
    if text is None:
        return None
    text = normal_letters(text)
    if codes is not None:
        return codes[text] if text in codes else _in_normal_letters(codes)[text]
    if field in VOCABULARIES and text not in VOCABULARIES[field]:
        raise KeyError(text)
    return text


def _in_normal_letters(codes: Mapping[str, str]) -> dict[str, str]:
    return {normal_letters(word): ours for word, ours in codes.items()}


def _converted(spec: LayerSpec, field: str, value: Any) -> Any:
    """Return one canonical value; ValueError or KeyError where the source's value is not readable as one."""
    unit = spec.fields[field].unit
    if units.is_number(field):
        return units.measure(field, unit, value)
    return units.day(unit, value) if field in units.DAYS else _coded(spec, field, value)


def _column(mapped: Mapped, field: str, raw: Sequence[Any]) -> list[Any]:
    made: list[Any] = []
    for index, value in enumerate(raw):
        try:
            made.append(_converted(mapped.spec, field, value))
        except (ValueError, KeyError):
            made.append(_OTHER.get(field))
            code = (
                "unknown-code" if field in mapped.spec.codes or field in VOCABULARIES else "unreadable-value"
            )
            mapped.issues.append(mapped.issue(Severity.WARNING, code, index, field=field, value=str(value)))
    return made


def _selected(
    frame: geopandas.GeoDataFrame, spec: LayerSpec, refused: Collection[int] = ()
) -> np.ndarray[Any, np.dtype[np.int64]]:
    keep = np.ones(len(frame), dtype=bool)
    for column, wanted in spec.select.items():
        texts = [_text(value) for value in _values(frame, column)]
        # A row that could not be read may lack the very value that would have selected it: it counts.
        keep &= np.array(
            [text in wanted or (text is None and row in refused) for row, text in enumerate(texts)],
            dtype=bool,
        )
    return np.flatnonzero(keep)


def _check_columns(source: Source, spec: LayerSpec) -> None:
    wanted = {rule.column for rule in spec.fields.values()} | set(spec.select)
    there = {str(column) for column in source.frame.columns}
    if missing := sorted(wanted - there):
        raise ColumnMissing(source=source.name, layer=spec.layer_id, columns=missing, found=sorted(there))


def _moved(
    geometry: Any, source: Source, city: City, spec: LayerSpec, facts: dict[str, Any]
) -> tuple[Any, str, float]:
    """Return the geometries in the city's CRS, the operation, and what it adds to the uncertainty (m)."""
    if spec.local_grid is not None:
        fit = spec.local_grid.fitted()
        facts["local_grid"] = local_grid.as_facts(spec.local_grid, fit)
        return local_grid.moved(geometry, fit), spec.local_grid.operation, local_grid.uncertainty_m(fit)
    if source.crs == city.crs or not len(geometry):
        return geometry, CONVERSION, 0.0
    finite = np.array([shape is not None and bool(np.isfinite(shape.bounds).all()) for shape in geometry])
    if not finite.any():
        return geometry, CONVERSION, 0.0
    west, south, east, north = (float(value) for value in shapely.total_bounds(geometry[finite]))
    area = lonlat_bounds((west, south, east, north), source.crs)
    operation = operation_for(source.crs, city.city_crs, area)
    moved = geometry.copy()
    moved[finite] = shapely.transform(geometry[finite], mover(operation))
    return moved, operation.code, operation.accuracy_m or 0.0


def _attributes(frame: geopandas.GeoDataFrame, spec: LayerSpec) -> list[str]:
    """Return, per row, the columns that the field map does not use or that a code list replaced, as JSON."""
    used = {rule.column for field, rule in spec.fields.items() if field not in spec.codes}
    names = [str(name) for name in frame.columns if name not in used and name != frame.geometry.name]
    rows = zip(*(_values(frame, name) for name in names), strict=True) if names else ((),) * len(frame)
    return [
        json.dumps(
            {name: value for name, value in zip(names, row, strict=True) if value is not None},
            ensure_ascii=False,
            sort_keys=True,
        )
        for row in rows
    ]


def _fill(columns: dict[str, list[Any]], name: str, value: Any) -> None:
    """Give `value` to the rows that have none."""
    columns[name] = [value if given is None else given for given in columns[name]]


def _networked(columns: dict[str, list[Any]], spec: LayerSpec, added_m: float) -> None:
    """Add what every part of a network says; an unknown cover stays unknown, and so does its uncertainty."""
    quality, size = spec.quality, len(columns["feature_id"])
    if quality is None or spec.utility is None:
        return
    for name in ("cover_m", "horizontal_uncertainty_m", "vertical_uncertainty_m", "status", "surveyed_on"):
        columns.setdefault(name, [None] * size)
    columns["utility"] = [str(spec.utility)] * size
    _fill(columns, "horizontal_uncertainty_m", quality.horizontal_uncertainty_m)
    columns["horizontal_uncertainty_m"] = [
        math.hypot(u, added_m) for u in columns["horizontal_uncertainty_m"]
    ]
    _fill(columns, "vertical_uncertainty_m", quality.vertical_uncertainty_m)
    _fill(columns, "status", "unknown")
    _fill(columns, "surveyed_on", spec.surveyed_on)
    columns["quality_level"] = [str(quality.quality_level)] * size
    columns["cover_source"] = [str(quality.cover_source)] * size
    for index, cover in enumerate(columns["cover_m"]):
        if cover is None:
            _forget_cover(columns, index)


def _forget_cover(columns: dict[str, list[Any]], index: int) -> None:
    columns["cover_m"][index] = None
    columns["cover_source"][index] = str(CoverSource.UNKNOWN)
    columns["vertical_uncertainty_m"][index] = None


def _classified(columns: dict[str, list[Any]], spec: LayerSpec) -> None:
    """Give lines the class that clearance rules ask for, from their pressure or voltage."""
    if spec.utility is Utility.GAS:
        derived = [gas_class(value) for value in columns["pressure_bar"]]
    elif spec.utility is Utility.ELECTRICITY:
        derived = [voltage_class(value) for value in columns["voltage_kv"]]
    else:
        return
    pairs = zip(columns["class_code"], derived, strict=True)
    columns["class_code"] = [made if given is None else given for given, made in pairs]


def _completed(columns: dict[str, list[Any]], spec: LayerSpec, added_m: float) -> None:
    size = len(columns["feature_id"])
    for field in FIELDS[spec.target]:
        columns.setdefault(field, [None] * size)
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
    _check_columns(source, spec)
    rows = _selected(source.frame, spec, source.refused)
    frame = source.frame.iloc[rows]
    facts: dict[str, Any] = dict(source.facts)
    geometry, operation, added_m = _moved(
        shapely.force_2d(np.asarray(frame.geometry.array, dtype=object)), source, city, spec, facts
    )
    ids = [_text(value) for value in _values(frame, spec.fields["feature_id"].column)]
    mapped = Mapped(
        spec=spec,
        rows=rows,
        geometry=geometry,
        columns={"feature_id": ids},
        attributes=_attributes(frame, spec),
        source_crs=source.crs,
        source_operation=operation,
        not_selected=len(source.frame) - len(rows),
        issues=[],
        refused=set(),
        repaired=set(),
        facts=facts,
    )
    _take_over(mapped, source)
    for field, rule in spec.fields.items():
        if field != "feature_id":
            mapped.columns[field] = _column(mapped, field, _values(frame, rule.column))
    _completed(mapped.columns, spec, added_m)
    if made := _conversions(mapped, frame):
        facts["conversions"] = made
    drop_mercator_areas(mapped, city)
    return mapped


def _take_over(mapped: Mapped, source: Source) -> None:
    """Take over what the reader noticed about the rows that were selected, and about the file."""
    if not source.issues and not source.refused:
        return
    place = {int(row): index for index, row in enumerate(mapped.rows)}
    for said in source.issues:
        if said.row is None:
            mapped.issues.append(said)
        elif said.row in place:
            index = place[said.row]
            mapped.issues.append(mapped.issue(said.severity, said.code, index, **_scalars(said.params)))
            if said.code == "duplicate-row":
                mapped.repeated.add(index)
    mapped.refused |= {place[row] for row in source.refused if row in place}


def _scalars(params: Mapping[str, Any]) -> dict[str, str | float | None]:
    return {name: value for name, value in params.items() if name not in ("row", "feature_id", "x", "y")}


def _conversions(mapped: Mapped, frame: geopandas.GeoDataFrame) -> list[dict[str, Any]]:
    """Return, for the report, every unit, calendar and code list that values went through."""
    made: list[dict[str, Any]] = []
    for name, rule in sorted(mapped.spec.fields.items()):
        how: dict[str, Any] = {}
        if rule.unit is not None:
            how = {"unit": rule.unit, "factor": units.factor(name, rule.unit)}
        elif name in mapped.spec.codes:
            how = {"codes": len(mapped.spec.codes[name])}
        if how:
            given = int(frame[rule.column].notna().sum())
            made.append({"field": name, "column": rule.column, **how, "values": given})
    return made


def forget_cover(mapped: Mapped, index: int) -> None:
    """Make one row's cover unknown, with all that is said about it."""
    _forget_cover(mapped.columns, index)


def drop_mercator_areas(mapped: Mapped, city: City) -> None:
    """Forget areas that were measured in Web Mercator: there a square metre grows with the latitude.

    At 35 degrees it is half as large again, so that the numbers look plausible. They are recognised by their
    ratio to the true areas, the same in the whole delivery.
    """
    given = mapped.columns.get("area_m2")
    if given is None:
        return
    true = [shape.area if shape is not None else 0.0 for shape in mapped.geometry]
    pairs = [(value, area) for value, area in zip(given, true, strict=True) if value and area > 0]
    if len(pairs) < _FEWEST_AREAS:
        return
    ratios = np.array([value / area for value, area in pairs])
    _, south, _, north = lonlat_bounds(city.extent_m, city.crs)
    expected = 1.0 / math.cos(math.radians((south + north) / 2.0)) ** 2
    ratio = float(np.median(ratios))
    if expected < _LEAST_STRETCH or abs(ratio / expected - 1.0) > _SAME_STRETCH:
        return
    params: dict[str, Any] = {"field": "area_m2", "ratio": round(ratio, 4), "count": len(pairs)}
    mapped.issues.append(Issue(Severity.WARNING, "web-mercator-areas", params=params))
    mapped.columns["area_m2"] = [None] * len(given)
