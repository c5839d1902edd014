"""Where numbers stand on a drawing so that all of them can be read: none on another, each on its line or led to it."""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Iterator, Sequence
from typing import Final

from shapely.geometry.base import BaseGeometry
from shapely.ops import nearest_points

Spot = tuple[float, float]
Box = tuple[float, float, float, float]
_ALONG: Final = (0.5, 0.25, 0.75, 0.1, 0.9)
"""Where along a line a number may stand."""
_NEAR_M: Final = 3.0
"""The stretch of a line that the works concern lies within so many metres of them."""
_RINGS, _DIRECTIONS = 24, 16
_AIR: Final = 1.08
"""Circles that just touch are hard to tell apart."""


class Places:
    """The free places of a drawing from (0, 0) to (wide, high) for circles of one radius."""

    def __init__(self, wide: float, high: float, radius: float, reserved: Sequence[Box] = ()) -> None:
        self.wide, self.high, self.radius = wide, high, radius
        self.apart = 2 * radius * _AIR
        self.reserved = reserved
        self.cells: defaultdict[tuple[int, int], list[Spot]] = defaultdict(list)

    def take(self, anchors: Sequence[Spot]) -> tuple[Spot, Spot] | None:
        """The place taken and the anchor it belongs to: an anchor itself where one is free, else the nearest room.

        None where there is no room within reach.
        """
        for anchor in anchors:
            if self._is_free(anchor):
                return self._taken(anchor), anchor
        for anchor in anchors[:1]:
            for spot in self._around(anchor):
                if self._is_free(spot):
                    return self._taken(spot), anchor
        return None

    def _around(self, anchor: Spot) -> Iterator[Spot]:
        for ring in range(2, _RINGS):
            for step in range(_DIRECTIONS):
                turn = 2 * math.pi * (step + 0.5) / _DIRECTIONS
                far = ring * self.radius
                yield anchor[0] + far * math.cos(turn), anchor[1] + far * math.sin(turn)

    def _is_free(self, spot: Spot) -> bool:
        x, y = spot
        edge = self.radius
        if not (edge <= x <= self.wide - edge and edge <= y <= self.high - edge):
            return False
        for left, top, right, bottom in self.reserved:
            if left - edge < x < right + edge and top - edge < y < bottom + edge:
                return False
        column, row = self._cell(spot)
        around = ((column + i, row + j) for i in (-1, 0, 1) for j in (-1, 0, 1))
        return all(
            math.dist(spot, other) >= self.apart for cell in around for other in self.cells.get(cell, ())
        )

    def _cell(self, spot: Spot) -> tuple[int, int]:
        return int(spot[0] // self.apart), int(spot[1] // self.apart)

    def _taken(self, spot: Spot) -> Spot:
        self.cells[self._cell(spot)].append(spot)
        return spot


def anchors_of(shape_m: BaseGeometry, works_m: BaseGeometry) -> list[Spot]:
    """Where the number of this shape would best stand: on what of it lies in the works or near, the middle first."""
    near = shape_m.intersection(works_m.buffer(_NEAR_M))
    if near.is_empty:
        near = nearest_points(shape_m, works_m)[0]
    parts = sorted(getattr(near, "geoms", [near]), key=lambda part: -part.length)
    longest = parts[0]
    if longest.geom_type != "LineString" or not longest.length:
        middle = longest.representative_point()
        return [(middle.x, middle.y)]
    spots = [longest.interpolate(share, normalized=True) for share in _ALONG]
    return [(spot.x, spot.y) for spot in spots]
