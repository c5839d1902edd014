"""The words of the underground, as closed lists, and the few classes that clearance rules distinguish.

Every `Kind` that is a network carries the same text as its `Utility`, so the two never need a table between
them.
"""

from __future__ import annotations

from enum import StrEnum
from typing import Final


class Utility(StrEnum):
    """A network under the street (INSPIRE Utility Networks)."""

    WATER = "water"
    SEWER = "sewer"
    STORMWATER = "stormwater"
    ELECTRICITY = "electricity"
    GAS = "gas"
    TELECOM = "telecom"
    HEATING = "heating"


class Kind(StrEnum):
    """One side of a clearance rule: a network, `any` network, or something that is not a network."""

    WATER = "water"
    SEWER = "sewer"
    STORMWATER = "stormwater"
    ELECTRICITY = "electricity"
    GAS = "gas"
    TELECOM = "telecom"
    HEATING = "heating"
    ANY = "any"
    HAZARDOUS_PIPELINE = "hazardous_pipeline"
    METAL_PIPE = "metal_pipe"
    PLASTIC_PIPE = "plastic_pipe"
    EXCAVATION = "excavation"
    BUILDING_FOUNDATION = "building_foundation"
    BUILDING = "building"
    STRUCTURE = "structure"
    FENCE_FOUNDATION = "fence_foundation"
    TREE = "tree"
    PLOT_LINE = "plot_line"
    POWER_POLE = "power_pole"
    UTILITY_TUNNEL = "utility_tunnel"
    OPEN_CHANNEL = "open_channel"
    KERB = "kerb"
    DITCH_EDGE = "ditch_edge"
    RAIL_AXIS = "rail_axis"
    TRAM_AXIS = "tram_axis"
    COVER = "cover"
    PROTECTION_STRIP = "protection_strip"
    INTEREST_ZONE = "interest_zone"
    EASEMENT_WIDTH = "easement_width"


NETWORKS: Final = frozenset(Kind(utility.value) for utility in Utility)
# What stands in or bounds the ground without being a network.
OBSTACLES: Final = frozenset(
    {
        Kind.BUILDING,
        Kind.BUILDING_FOUNDATION,
        Kind.STRUCTURE,
        Kind.FENCE_FOUNDATION,
        Kind.TREE,
        Kind.PLOT_LINE,
        Kind.POWER_POLE,
        Kind.UTILITY_TUNNEL,
        Kind.OPEN_CHANNEL,
        Kind.KERB,
        Kind.DITCH_EDGE,
        Kind.RAIL_AXIS,
        Kind.TRAM_AXIS,
        Kind.EXCAVATION,
    }
)

ANY_CLASS: Final = "*"

_PRESSURE: Final = "pressure"
_VOLTAGE: Final = "voltage"
_FLOW: Final = "flow"
_ROLE: Final = "role"
_LAYING: Final = "laying"
_METHOD: Final = "method"
_SIZE: Final = "size"

# A class says something in one dimension only. A feature silent in a dimension may be any of its classes.
DIMENSION: Final[dict[str, str]] = {
    **dict.fromkeys(("LP", "MP", "HP", "HP1", "HP2"), _PRESSURE),
    **dict.fromkeys(("LV", "MV", "HV"), _VOLTAGE),
    **dict.fromkeys(("gravity", "pressure"), _FLOW),
    **dict.fromkeys(("main", "service", "transmission", "manhole"), _ROLE),
    **dict.fromkeys(("duct", "channel", "channel_free"), _LAYING),
    **dict.fromkeys(("machine", "hand", "vacuum", "boring", "hand_boring"), _METHOD),
    **dict.fromkeys(("le300", "gt300"), _SIZE),
}
# Dimensions that mean something for a kind; a gas pipe has no voltage.
DIMENSIONS_OF: Final[dict[Kind, frozenset[str]]] = {
    Kind.GAS: frozenset({_PRESSURE, _ROLE, _SIZE}),
    Kind.ELECTRICITY: frozenset({_VOLTAGE, _LAYING}),
    Kind.SEWER: frozenset({_FLOW, _ROLE, _SIZE}),
    Kind.WATER: frozenset({_ROLE, _SIZE}),
    Kind.TELECOM: frozenset({_LAYING}),
    Kind.HEATING: frozenset({_LAYING}),
    Kind.POWER_POLE: frozenset({_VOLTAGE}),
    Kind.EXCAVATION: frozenset({_METHOD}),
}
# The dimensions a rule most often turns on: when one is open, the finding says that the class was not known.
MAIN_DIMENSIONS: Final = frozenset({_PRESSURE, _VOLTAGE, _FLOW})
# "HP" on a rule covers both high-pressure classes; "HP" on a pipe leaves open which of the two it is.
PARENT: Final[dict[str, str]] = {"HP1": "HP", "HP2": "HP"}

# A method without a rule of its own keeps the distance of the one it resembles: suction loosens as gently as a
# spade and an auger turned by hand is felt to stop, while a drill head driven from afar is as blind as a bucket.
JUDGED_AS: Final[dict[str, str]] = {"vacuum": "hand", "hand_boring": "hand", "boring": "machine"}
# Methods that open no trench: the ground is disturbed between two depths only.
BORED: Final = frozenset({"boring", "hand_boring"})


class Relation(StrEnum):
    """How an existing line runs to the proposed works; `oblique` where it may pass for either."""

    PARALLEL = "parallel"
    CROSSING = "crossing"
    OBLIQUE = "oblique"


class DigZone(StrEnum):
    """With what one may dig near a line: anything, hand tools only, nothing until the owner has been there."""

    MACHINE_OK = "machine_ok"
    HAND_ONLY = "hand_only"
    NO_DIG = "no_dig"


# Upper bounds in bar, gauge: LP <= 0.005 MPa, MP <= 0.3, HP2 <= 0.6, HP1 above
# (the four classes of the CIS gas table B.1, the only published ladder in our packs).
_GAS_BOUNDS_BAR: Final = ((0.05, "LP"), (3.0, "MP"), (6.0, "HP2"))
# IEC 60038: low voltage up to 1 kV; above 36 kV is taken as high voltage.
_VOLTAGE_BOUNDS_KV: Final = ((1.0, "LV"), (36.0, "MV"))
# Norms speak of nominal, layers of outer diameters: DN 300 is 300 to 326 mm outside, by material.
_DN300_OUTER_MM: Final = (300.0, 326.0)


def gas_class(pressure_bar: float | None) -> str | None:
    """The pressure class of a gas pipe from its gauge pressure in bar; None when the pressure is unknown.

    >>> gas_class(1.0), gas_class(0.02), gas_class(8), gas_class(None)
    ('MP', 'LP', 'HP1', None)
    """
    return None if pressure_bar is None else _banded(pressure_bar, _GAS_BOUNDS_BAR, "HP1")


def voltage_class(voltage_kv: float | None) -> str | None:
    """The voltage class of a cable from its nominal voltage in kV; None when the voltage is unknown.

    >>> voltage_class(0.4), voltage_class(20), voltage_class(110), voltage_class(None)
    ('LV', 'MV', 'HV', None)
    """
    return None if voltage_kv is None else _banded(voltage_kv, _VOLTAGE_BOUNDS_KV, "HV")


def size_class(outer_diameter_mm: float | None) -> str | None:
    """Whether a pipe is at most DN 300, from its outer diameter in mm; None when it is unknown or on the edge.

    >>> size_class(110), size_class(315), size_class(400), size_class(None)
    ('le300', None, 'gt300', None)
    """
    if outer_diameter_mm is None or not outer_diameter_mm > 0:
        return None
    least, most = _DN300_OUTER_MM
    if outer_diameter_mm <= least:
        return "le300"
    return "gt300" if outer_diameter_mm > most else None


def _banded(value: float, bounds: tuple[tuple[float, str], ...], above: str) -> str | None:
    if not value > 0:  # zero and negative values are how sources write "unknown"
        return None
    return next((name for bound, name in bounds if value <= bound), above)
