"""The values of one field: a source's words by the layer's code list, its numbers by unit, its days by calendar."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from typing import Any

from layers import units
from layers.catalog import VOCABULARIES, LayerSpec
from layers.columns import Column
from layers.readers.text import normal_letters

_OTHER = {"role": "other", "status": "unknown", "normal_state": "unknown"}


def plain_text(value: Any) -> str | None:
    """A text without the blanks around it; a whole number in a float column has no decimals."""
    if isinstance(value, str):
        return value.strip() or None
    if value is None:
        return None
    if isinstance(value, bool):
        return str(value).lower()
    return str(int(value) if isinstance(value, float) and value.is_integer() else value)


def _coded(spec: LayerSpec, field: str) -> Callable[[Any], str | None]:
    """Return what makes our word of a source's word; KeyError where the code list lacks it."""
    codes, words = spec.codes.get(field), VOCABULARIES.get(field)
    normal = (
        None if codes is None else {normal_letters(word): ours for word, ours in codes.items()} | dict(codes)
    )

    def coded(value: Any) -> str | None:
        text = plain_text(value)
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


def canonical(spec: LayerSpec, field: str, raw: Column) -> tuple[Column, list[int]]:
    """Return the canonical values of a field, and the positions among `raw.values` of those that are not readable."""
    if raw.is_tidy and _is_text(spec, field):
        return raw, []
    made: list[Any] = []
    bad: list[int] = []
    converted = _converter(spec, field)
    for at, value in enumerate(raw.values):
        try:
            made.append(converted(value))
        except (ValueError, KeyError):
            made.append(_OTHER.get(field))
            bad.append(at)
    return Column(made, raw.index.copy()), bad


def is_coded(spec: LayerSpec, field: str) -> bool:
    """Whether a field's words are those of a list."""
    return field in spec.codes or field in VOCABULARIES


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
