"""A city's `layers.toml` -> the catalogue of its layers; what is wrong in it is told by file and key."""

from __future__ import annotations

import codecs
from collections.abc import Iterable, Mapping

from geo.quality import QualityLevel
from geo.vocabulary import Utility
from layers.agreement_rules import read_agreement
from layers.catalog import (
    FIELDS,
    NETWORK_TARGETS,
    TRUNK_MM,
    VOCABULARIES,
    CoverSource,
    FieldRule,
    LayerSpec,
    Quality,
    Sensitivity,
    SourceFile,
    Target,
    Trunk,
)
from layers.config import CityConfigError, Section, read_operations
from layers.drawing import MAX_ZOOM, MIN_ZOOM, USUAL_MIN_ZOOM, usual_colour, usual_order
from layers.local_grid import LOCAL, LocalGrid, read_local_grid
from layers.units import known_units


def _fields(section: Section, target: Target) -> dict[str, FieldRule]:
    rules: dict[str, FieldRule] = {}
    for name, value in section.mapping("fields").items():
        if name not in FIELDS[target]:
            section.refuse(
                f"fields.{name}", f"unknown field of {target}; known: {', '.join(sorted(FIELDS[target]))}"
            )
        match value:
            case str():
                rules[name] = FieldRule(value)
            case {"column": str(column), "unit": str(unit), **rest} if not rest:
                rules[name] = FieldRule(column, unit)
            case _:
                section.refuse(f"fields.{name}", 'expected "column" or { column = "…", unit = "…" }')
    for name, rule in rules.items():
        if rule.unit is not None and rule.unit not in known_units(name):
            section.refuse(
                f"fields.{name}", f"{rule.unit!r} is none of {', '.join(sorted(known_units(name)))}"
            )
    if "feature_id" not in rules:
        section.refuse("fields.feature_id", "missing; every layer needs the agency's own id")
    return rules


def _codes(section: Section) -> dict[str, dict[str, str]]:
    lists: dict[str, dict[str, str]] = {}
    for name, values in section.mapping("codes").items():
        if not isinstance(values, dict):
            section.refuse(f"codes.{name}", "expected a table of source word = our word")
        allowed = VOCABULARIES.get(name)
        for word, ours in values.items():
            if allowed is not None and ours not in allowed:
                section.refuse(f"codes.{name}.{word}", f"{ours!r} is none of {', '.join(sorted(allowed))}")
        lists[name] = {str(word): str(ours) for word, ours in values.items()}
    return lists


def _quality(section: Section, target: Target) -> Quality | None:
    if target not in NETWORK_TARGETS:
        return None
    inner = section.section("quality")
    made = Quality(
        quality_level=inner.choice("level", QualityLevel),
        horizontal_uncertainty_m=inner.number("horizontal_uncertainty_m"),
        vertical_uncertainty_m=inner.maybe_number("vertical_uncertainty_m"),
        cover_source=inner.choice("cover_source", CoverSource, CoverSource.UNKNOWN),
        source=inner.text("source"),
    )
    if made.horizontal_uncertainty_m <= 0:
        inner.refuse("horizontal_uncertainty_m", "must be more than 0 m: no position is exact")
    inner.done()
    return made


def _trunk(section: Section, target: Target) -> Trunk | None:
    if target is not Target.TREE:
        return None
    inner = section.section("trunk")
    made = Trunk(
        diameter_mm=inner.number("diameter_mm"),
        horizontal_uncertainty_m=inner.number("horizontal_uncertainty_m"),
        source=inner.text("source"),
    )
    thin, thick = TRUNK_MM
    if not thin <= made.diameter_mm <= thick:
        inner.refuse("diameter_mm", f"must be from {thin:g} to {thick:g} mm: no trunk is thinner or thicker")
    if made.horizontal_uncertainty_m <= 0:
        inner.refuse("horizontal_uncertainty_m", "must be more than 0 m: no position is exact")
    inner.done()
    return made


def _select(section: Section) -> dict[str, tuple[str, ...]]:
    chosen: dict[str, tuple[str, ...]] = {}
    for column, values in section.mapping("select").items():
        if not isinstance(values, list):
            section.refuse(f"select.{column}", "expected a list of the values to take")
        chosen[column] = tuple(str(value) for value in values)
    return chosen


def _constants(section: Section, target: Target) -> dict[str, str]:
    values = section.mapping("constants")
    for name, value in values.items():
        if name not in FIELDS[target] or not isinstance(value, str):
            section.refuse(f"constants.{name}", f"expected a text for a field of {target}")
    return values


def _sources(root: Section) -> dict[str, SourceFile]:
    made = {}
    for inner in root.sections("source"):
        delivered_on = inner.day("delivered_on") or inner.refuse("delivered_on", "missing; expected a date")
        made[inner.text("id")] = SourceFile(
            inner.text("path"), delivered_on, inner.text("licence"), inner.text("credit")
        )
        inner.done()
    return made


def _source_crs(section: Section, local_grid: LocalGrid | None) -> str | None:
    """Return what the files of a layer are in when they do not say: a code, or "local" for its own grid."""
    stated = section.maybe_text("crs")
    if local_grid is not None and stated is not None:
        section.refuse("crs", "a layer with a local_grid is in no other system")
    return LOCAL if local_grid is not None else stated


def _encoding(section: Section) -> str | None:
    stated = section.maybe_text("encoding")
    if stated is not None:
        try:
            codecs.lookup(stated)
        except LookupError:
            section.refuse("encoding", f"{stated!r} is not the name of an encoding (utf-8, cp1256)")
    return stated


def _layer(section: Section, sources: Mapping[str, SourceFile]) -> LayerSpec:
    target = section.choice("target", Target)
    utility = section.choice("utility", Utility) if target in NETWORK_TARGETS else None
    source_id = section.text("source")
    if source_id not in sources:
        section.refuse("source", f"{source_id!r} is none of the sources {', '.join(sources)}")
    freshness_days = section.integer("freshness_days")
    if freshness_days <= 0:
        section.refuse("freshness_days", "must be more than 0 days")
    local_grid = read_local_grid(section)
    min_zoom = section.integer("min_zoom", USUAL_MIN_ZOOM[target])
    if not MIN_ZOOM <= min_zoom <= MAX_ZOOM:
        section.refuse("min_zoom", f"must be from {MIN_ZOOM} to {MAX_ZOOM}")
    spec = LayerSpec(
        layer_id=section.text("id"),
        name=section.words("name"),
        target=target,
        source=sources[source_id],
        table=section.maybe_text("table"),
        owner=section.text("owner"),
        utility=utility,
        sensitivity=section.choice("sensitivity", Sensitivity),
        freshness_days=freshness_days,
        surveyed_on=section.day("surveyed_on"),
        quality=_quality(section, target),
        fields=_fields(section, target),
        codes=_codes(section),
        select=_select(section),
        constants=_constants(section, target),
        crs=_source_crs(section, local_grid),
        min_zoom=min_zoom,
        draw_order=section.integer("draw_order", usual_order(target, utility)),
        colour=section.text("colour", usual_colour(target, utility)),
        encoding=_encoding(section),
        local_grid=local_grid,
        agreement=read_agreement(section),
        operations=read_operations(section),
        trunk=_trunk(section, target),
    )
    section.done()
    return spec


def _check_references(root: Section, specs: Mapping[str, LayerSpec]) -> None:
    for spec in specs.values():
        named = {*(spec.agreement.layers or ()), *spec.agreement.usual_m}
        if unknown := sorted(named - set(specs)):
            root.refuse(f"layer[{spec.layer_id}].agreement", f"{unknown[0]!r} is no layer of this city")


def read_layers(root: Section, agencies: Iterable[str]) -> tuple[LayerSpec, ...]:
    """Return the layers of a `layers.toml`, bottom to top; raises CityConfigError naming the file and key."""
    sources = _sources(root)
    known = set(agencies)
    specs: dict[str, LayerSpec] = {}
    for section in root.sections("layer"):
        spec = _layer(section, sources)
        if spec.owner not in known:
            section.refuse("owner", f"{spec.owner!r} is none of the agencies {', '.join(sorted(known))}")
        if spec.layer_id in specs:
            section.refuse("id", f"{spec.layer_id!r} is used twice")
        specs[spec.layer_id] = spec
    root.done()
    _check_references(root, specs)
    if not specs:
        raise CityConfigError(
            file=str(root.file), key="layer", problem="missing; a city needs at least one layer"
        )
    return tuple(sorted(specs.values(), key=lambda spec: (spec.draw_order, spec.layer_id)))
