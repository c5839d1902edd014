"""The catalogue of layers: what each one is, who owns it, who may see it, and how its source is read.

One source for the importer, the API, the tiles and the legend. A city describes its layers in
`cities/<city>/layers.toml`; nothing here knows a city.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date
from enum import StrEnum

from geo.quality import QualityLevel
from geo.vocabulary import Utility
from layers.agreement_rules import AgreementRules
from layers.config import Words
from layers.local_grid import LocalGrid


class Target(StrEnum):
    """The canonical table that a layer's features go to."""

    PARCEL = "parcel"
    BUILDING = "building"
    STREET = "street"
    LANDUSE = "landuse"
    ADDRESS = "address"
    TREE = "tree"
    NETWORK_LINE = "network_line"
    NETWORK_NODE = "network_node"
    NETWORK_DEVICE = "network_device"


NETWORK_TARGETS = frozenset({Target.NETWORK_LINE, Target.NETWORK_NODE, Target.NETWORK_DEVICE})


class Sensitivity(StrEnum):
    """Who may see a layer: anyone; people with a role; the owner's and the crisis desk's people."""

    PUBLIC = "public"
    SHARED = "shared"
    SENSITIVE = "sensitive"


class TrunkSource(StrEnum):
    """Whether the office says how thick a trunk is, or the layer's usual trunk stands for it."""

    STATED = "stated"
    ASSUMED = "assumed"


class CoverSource(StrEnum):
    """How a cover depth is known."""

    SURVEYED = "surveyed"
    DESIGN = "design"
    STANDARD = "standard"
    UNKNOWN = "unknown"


_GEOMETRIES: Mapping[Target, frozenset[str]] = {
    Target.PARCEL: frozenset({"Polygon", "MultiPolygon"}),
    Target.BUILDING: frozenset({"Polygon", "MultiPolygon"}),
    Target.LANDUSE: frozenset({"Polygon", "MultiPolygon"}),
    Target.STREET: frozenset({"LineString", "MultiLineString"}),
    Target.NETWORK_LINE: frozenset({"LineString", "MultiLineString"}),
    Target.NETWORK_NODE: frozenset({"Point"}),
    Target.NETWORK_DEVICE: frozenset({"Point"}),
    Target.ADDRESS: frozenset({"Point"}),
    Target.TREE: frozenset({"Point"}),
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
class Trunk:
    """What holds for trees that do not say it: the trunk's diameter (mm), how well its axis is placed (95 %, m)."""

    diameter_mm: float
    horizontal_uncertainty_m: float
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
    trunk: Trunk | None = None

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
    Target.TREE: frozenset(
        {
            "feature_id", "origin", "species", "trunk_diameter_mm", "crown_diameter_m",
            "horizontal_uncertainty_m",
        }
    ),
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

# Thinner is a shoot, thicker than any tree of a street: a mistake of unit (girth for diameter, cm for mm) or of sign.
TRUNK_MM = (10.0, 5000.0)

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
