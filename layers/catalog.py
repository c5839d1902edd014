"""The catalogue of layers: what each one is, who owns it, how it is drawn, and how its source is read.

One source for the importer, the API, the tiles and the legend. A city describes its layers in
`cities/<city>/layers.toml`; nothing here knows a city.
"""

from __future__ import annotations

import codecs
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date
from enum import StrEnum

from geo.quality import QualityLevel
from geo.vocabulary import Utility
from layers.agreement_rules import AgreementRules, read_agreement
from layers.config import CityConfigError, Section, Words, read_operations
from layers.local_grid import LOCAL, LocalGrid, read_local_grid
from layers.units import known_units


class Target(StrEnum):
    """The canonical table that a layer's features go to."""

    PARCEL = "parcel"
    BUILDING = "building"
    STREET = "street"
    LANDUSE = "landuse"
    ADDRESS = "address"
    NETWORK_LINE = "network_line"
    NETWORK_NODE = "network_node"
    NETWORK_DEVICE = "network_device"


NETWORK_TARGETS = frozenset({Target.NETWORK_LINE, Target.NETWORK_NODE, Target.NETWORK_DEVICE})


class Sensitivity(StrEnum):
    """Who may see a layer: anyone; people with a role; the owner's and the crisis desk's people."""

    PUBLIC = "public"
    SHARED = "shared"
    SENSITIVE = "sensitive"


class CoverSource(StrEnum):
    """How a cover depth is known."""

    SURVEYED = "surveyed"
    DESIGN = "design"
    STANDARD = "standard"
    UNKNOWN = "unknown"


# The uniform colour code of the American Public Works Association (ANSI Z535.1 safety colours), the one that
# crews paint on the street: red electricity, yellow gas, orange telecom, blue water, green sewers and drains.
UTILITY_COLOURS: Mapping[Utility, str] = {
    Utility.WATER: "#0b6fc2",
    Utility.SEWER: "#1f8a3b",
    Utility.STORMWATER: "#5f7f2a",
    Utility.ELECTRICITY: "#d0021b",
    Utility.GAS: "#e0a800",
    Utility.TELECOM: "#f07d00",
    Utility.HEATING: "#8e44ad",
}

_GROUND_COLOURS: Mapping[Target, str] = {
    Target.LANDUSE: "#dfe8d5",
    Target.PARCEL: "#8a8175",
    Target.STREET: "#b9b2a6",
    Target.BUILDING: "#6b6257",
    Target.ADDRESS: "#333333",
}

# Bottom to top: areas, then lines, then points; the most dangerous utility is drawn last within its band.
_TARGET_ORDER: Mapping[Target, int] = {
    Target.LANDUSE: 0,
    Target.PARCEL: 100,
    Target.STREET: 200,
    Target.BUILDING: 300,
    Target.NETWORK_LINE: 400,
    Target.NETWORK_NODE: 500,
    Target.NETWORK_DEVICE: 600,
    Target.ADDRESS: 700,
}
_UTILITY_ORDER: Mapping[Utility, int] = {
    Utility.TELECOM: 10,
    Utility.STORMWATER: 20,
    Utility.SEWER: 30,
    Utility.WATER: 40,
    Utility.HEATING: 50,
    Utility.ELECTRICITY: 60,
    Utility.GAS: 70,
}

# Below 8 a tile is wider than a projected CRS is good for.
MIN_ZOOM, MAX_ZOOM = 8, 22
# The smallest map zoom at which a layer is worth its bytes; a city may say another.
_MIN_ZOOM: Mapping[Target, int] = {
    Target.LANDUSE: 10,
    Target.STREET: 11,
    Target.PARCEL: 14,
    Target.BUILDING: 14,
    Target.NETWORK_LINE: 13,
    Target.NETWORK_NODE: 17,
    Target.NETWORK_DEVICE: 15,
    Target.ADDRESS: 16,
}

# What a tile may show of a feature, and from which zoom on: an id of its own for each of nine thousand parcels costs
# as much as their shapes. Whatever else the agency delivered stays in the database.
TILE_ATTRIBUTES: Mapping[Target, Mapping[str, int]] = {
    Target.PARCEL: {"id": 15, "land_use": 0},
    Target.BUILDING: {"id": 15, "use": 0, "storeys": 15},
    Target.STREET: {"id": 14, "name": 13, "street_class": 0},
    Target.LANDUSE: {"id": 12, "land_use": 0},
    Target.ADDRESS: {"id": 0, "street": 0, "number": 0},
    Target.NETWORK_LINE: {
        "id": 0, "utility": 0, "role": 0, "class_code": 0, "status": 0,
        "diameter_mm": 15, "cover_m": 15, "quality_level": 15,
    },
    Target.NETWORK_NODE: {"id": 0, "utility": 0, "kind": 0},
    Target.NETWORK_DEVICE: {"id": 0, "utility": 0, "kind": 0, "normal_state": 0},
}  # fmt: skip

_GEOMETRIES: Mapping[Target, frozenset[str]] = {
    Target.PARCEL: frozenset({"Polygon", "MultiPolygon"}),
    Target.BUILDING: frozenset({"Polygon", "MultiPolygon"}),
    Target.LANDUSE: frozenset({"Polygon", "MultiPolygon"}),
    Target.STREET: frozenset({"LineString", "MultiLineString"}),
    Target.NETWORK_LINE: frozenset({"LineString", "MultiLineString"}),
    Target.NETWORK_NODE: frozenset({"Point"}),
    Target.NETWORK_DEVICE: frozenset({"Point"}),
    Target.ADDRESS: frozenset({"Point"}),
}


def geometry_types(target: Target) -> frozenset[str]:
    """Return the geometry types that features of `target` may have."""
    return _GEOMETRIES[target]


@dataclass(frozen=True, slots=True)
class SourceFile:
    """One delivered file of a city: path relative to the city's folder, date, licence and credit."""

    path: str
    delivered_on: date
    licence: str
    credit: str


@dataclass(frozen=True, slots=True)
class Quality:
    """What is known of a layer's positions where its features do not say: 95 % half-widths in metres."""

    quality_level: QualityLevel
    horizontal_uncertainty_m: float
    vertical_uncertainty_m: float | None
    cover_source: CoverSource
    source: str


@dataclass(frozen=True, slots=True)
class FieldRule:
    """Where a canonical field comes from: a source column, in `unit` (None: already canonical)."""

    column: str
    unit: str | None = None


@dataclass(frozen=True, slots=True)
class LayerSpec:
    """One layer of a city, as `layers.toml` describes it."""

    layer_id: str
    name: Words
    target: Target
    source: SourceFile
    table: str | None
    owner: str
    utility: Utility | None
    sensitivity: Sensitivity
    freshness_days: int
    surveyed_on: date | None
    quality: Quality | None
    fields: Mapping[str, FieldRule]
    codes: Mapping[str, Mapping[str, str]]
    select: Mapping[str, tuple[str, ...]]
    constants: Mapping[str, str]
    crs: str | None
    min_zoom: int
    draw_order: int
    colour: str
    encoding: str | None = None
    local_grid: LocalGrid | None = None
    agreement: AgreementRules = field(default_factory=AgreementRules)
    operations: Mapping[str, str] = field(default_factory=dict)

    @property
    def is_network(self) -> bool:
        """Whether the layer is part of a utility network."""
        return self.target in NETWORK_TARGETS

    @property
    def as_of(self) -> date:
        """The day whose truth the layer shows: the survey's where known, else the delivery's."""
        return self.surveyed_on or self.source.delivered_on


# The canonical fields that a source column may fill, by target; the rest of the columns stay in `attributes`.
FIELDS: Mapping[Target, frozenset[str]] = {
    Target.PARCEL: frozenset(
        {
            "feature_id", "origin", "area_m2", "land_use", "renovation_code", "postal_code",
            "plate_main", "plate_sub", "plate_section",
        }
    ),
    Target.BUILDING: frozenset({"feature_id", "origin", "area_m2", "use", "storeys", "name", "parcel_ref"}),
    Target.STREET: frozenset({"feature_id", "origin", "name", "street_class", "width_m"}),
    Target.LANDUSE: frozenset({"feature_id", "origin", "land_use", "name"}),
    Target.ADDRESS: frozenset({"feature_id", "origin", "street", "number", "building_ref"}),
    Target.NETWORK_LINE: frozenset(
        {
            "feature_id", "origin", "role", "class_code", "pressure_bar", "voltage_kv", "diameter_mm",
            "material", "cover_m", "horizontal_uncertainty_m", "vertical_uncertainty_m", "status",
            "surveyed_on", "installed_year", "from_node", "to_node", "main_id",
        }
    ),
    Target.NETWORK_NODE: frozenset({"feature_id", "origin", "kind", "cover_m"}),
    Target.NETWORK_DEVICE: frozenset(
        {"feature_id", "origin", "kind", "cover_m", "node_id", "normal_state", "rating_kva"}
    ),
}  # fmt: skip

# Fields with a closed vocabulary: a source's own words need a code list in layers.toml.
VOCABULARIES: Mapping[str, frozenset[str]] = {
    "role": frozenset({"main", "service", "feeder", "transmission", "other"}),
    "status": frozenset({"in_service", "out_of_service", "planned", "abandoned", "unknown"}),
    "normal_state": frozenset({"open", "closed", "unknown"}),
}


def visible_layers(layers: Iterable[LayerSpec], clearance: Sensitivity) -> tuple[LayerSpec, ...]:
    """Return the layers that a reader with `clearance` may see, bottom to top."""
    order = list(Sensitivity)
    seen = [layer for layer in layers if order.index(layer.sensitivity) <= order.index(clearance)]
    return tuple(sorted(seen, key=lambda layer: (layer.draw_order, layer.layer_id)))


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
    min_zoom = section.integer("min_zoom", _MIN_ZOOM[target])
    if not MIN_ZOOM <= min_zoom <= MAX_ZOOM:
        section.refuse("min_zoom", f"must be from {MIN_ZOOM} to {MAX_ZOOM}")
    colour = UTILITY_COLOURS[utility] if utility else _GROUND_COLOURS[target]
    order = _TARGET_ORDER[target] + (_UTILITY_ORDER[utility] if utility else 0)
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
        draw_order=section.integer("draw_order", order),
        colour=section.text("colour", colour),
        encoding=_encoding(section),
        local_grid=local_grid,
        agreement=read_agreement(section),
        operations=read_operations(section),
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
