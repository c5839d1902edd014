"""What a network is once it is built: its zones, and what is said of its parts; no library of those who build it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final, overload

import numpy as np
import numpy.typing as npt
import shapely
from shapely.geometry import LineString

from geo.ids import Coded
from geo.network import Metres
from geo.zones import ZoneGraph

UNKNOWN_DAY: Final = int(np.iinfo(np.int32).min)
"""Stands for an unknown day among days since 1970."""


@dataclass(frozen=True, slots=True, eq=False)
class Attributes:
    """What is said of links, devices and sources besides how they join; position = index in the network.

    `*_layer` number the layers the network was read from; an unknown number is NaN, an unknown day UNKNOWN_DAY.
    """

    link_layer: npt.NDArray[np.int16]
    link_material: Coded
    link_diameter_mm: npt.NDArray[np.float32]
    link_pressure_bar: npt.NDArray[np.float32]
    link_voltage_kv: npt.NDArray[np.float32]
    link_quality: Coded
    link_surveyed: npt.NDArray[np.int32]
    link_box: npt.NDArray[np.float32]
    device_layer: npt.NDArray[np.int16]
    device_kind: Coded
    device_xy: Metres
    source_layer: npt.NDArray[np.int16]
    source_kind: Coded
    source_xy: Metres
    coords: Metres
    vertices: npt.NDArray[np.int64]


@dataclass(frozen=True, slots=True, eq=False)
class Built:
    """A network with its zones, and what is said of its parts."""

    zones: ZoneGraph
    attributes: Attributes


@dataclass(frozen=True, slots=True, eq=False)
class Shapes(Sequence[LineString | None]):
    """The lines of the links, made when they are asked for."""

    coords: Metres
    vertices: npt.NDArray[np.int64]

    def __len__(self) -> int:
        return len(self.vertices) - 1

    @overload
    def __getitem__(self, index: int) -> LineString | None: ...
    @overload
    def __getitem__(self, index: slice) -> tuple[LineString | None, ...]: ...
    def __getitem__(self, index: int | slice) -> LineString | tuple[LineString | None, ...] | None:
        if isinstance(index, slice):
            return tuple(self[at] for at in range(*index.indices(len(self))))
        if not 0 <= index < len(self):
            raise IndexError(index)
        return LineString(self.coords[self.vertices[index] : self.vertices[index + 1]])

    def all(self) -> tuple[LineString, ...]:
        """Every line at once."""
        owner = np.repeat(np.arange(len(self)), np.diff(self.vertices))
        made: Any = shapely.linestrings(self.coords, indices=owner) if len(self) else ()
        return tuple(made)
