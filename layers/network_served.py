"""Whom a network serves: the parcel and building at the end of each connection, and what of others hangs on it.

Kept like the network itself, under a version that also counts the deliveries of parcels, buildings and devices.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from geo.ids import Coded, Ids
from geo.network import NOWHERE, Indices, Metres
from layers.catalog import Target
from layers.network_files import ids_from, ids_parts
from layers.network_layers import SourceLayer


@dataclass(frozen=True, slots=True, eq=False)
class Served:
    """The connections of a network by position; `of_link` finds a link's (-1: none).

    `parcel` and `building` number the ids (-1: none found); `units` is NaN where the building does not say.
    """

    version: str
    of_link: Indices
    end_xy: Metres
    parcel: Indices
    parcel_ids: Ids
    building: Indices
    building_ids: Ids
    building_use: Coded
    building_name: Ids
    building_units: npt.NDArray[np.float32]
    building_xy: Metres
    dependant_ids: Ids
    dependant_name: Ids
    dependant_kind: Coded
    dependant_layer: npt.NDArray[np.int16]
    dependant_link: Indices
    dependant_apart_m: npt.NDArray[np.float32]
    dependant_xy: Metres
    layers: tuple[SourceLayer, ...]

    def of(self, links: Indices) -> Indices:
        """The connections that these links are, each once."""
        found = np.unique(self.of_link[links])
        made: Indices = found[found != NOWHERE]
        return made

    def dependants(self, links: Indices) -> Indices:
        """The devices of others that take their supply from these links."""
        made: Indices = np.flatnonzero(np.isin(self.dependant_link, links)).astype(np.int32)
        return made


@dataclass(frozen=True, slots=True)
class Asked:
    """Of which network it is asked whom it serves, and what hangs on it: kinds of devices, and how near (m)."""

    city_id: str
    srid: int
    utility: str
    version: str
    layers: tuple[SourceLayer, ...]
    kinds: tuple[str, ...]
    reach_m: float


# --- as a block of arrays

_IDS: Final = ("parcel_ids", "building_ids", "building_name", "dependant_ids", "dependant_name")
_PLAIN: Final = (
    "of_link", "end_xy", "parcel", "building", "building_units", "building_xy", "dependant_layer", "dependant_link",
    "dependant_apart_m", "dependant_xy",
)  # fmt: skip
_WORDS: Final = ("building_use", "dependant_kind")


def as_block(served: Served) -> tuple[dict[str, Any], dict[str, Any]]:
    """Whom a network serves as arrays, and what is said of them."""
    arrays: dict[str, Any] = {name: getattr(served, name) for name in _PLAIN}
    for name in _IDS:
        arrays |= ids_parts(name, getattr(served, name))
    arrays |= {name: getattr(served, name).codes for name in _WORDS}
    words = {name: list(getattr(served, name).words) for name in _WORDS}
    return arrays, {
        "version": served.version,
        "words": words,
        "layers": [each.as_dict() for each in served.layers],
    }


def from_block(array: Callable[[str], Any], about: Mapping[str, Any]) -> Served:
    """Back from `as_block`."""
    made: dict[str, Any] = {name: array(name) for name in _PLAIN}
    made |= {name: ids_from(array, name) for name in _IDS}
    made |= {name: Coded(array(name), tuple(about["words"][name])) for name in _WORDS}
    layers = tuple(SourceLayer(**{**each, "target": Target(each["target"])}) for each in about["layers"])
    return Served(version=about["version"], layers=layers, **made)
