"""Where in a dig one may use which tools: the strips around the lines, and what they leave for the machine."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import shapely
from shapely.geometry import Polygon
from shapely.geometry.base import BaseGeometry

from geo.finding import Finding
from geo.vocabulary import DigZone

# Sides of a quarter circle in a strip's rounding. Its chords may cut 1.1 % off the width (one and a half steps
# become one where an arc ends), so as much is added: nowhere is a strip narrower than it says.
_ARC: Final = 8
_CHORDS: Final = 1.0 / math.cos(0.75 * math.pi / (2 * _ARC))
# A strip narrower than this (m) is none: coordinates are kept to the millimetre.
_NOTHING_M: Final = 1e-6


@dataclass(frozen=True, slots=True)
class Strip:
    """The ground beside one line, `within_m` to either side of its mapped outside, as far as it is dug."""

    within_m: float
    shape_m: BaseGeometry


def hand_width_m(finding: Finding) -> float:
    """How far (m) from the mapped line only hand tools are let: the machine's distance and the line's width.

    No rule for machines: the width of the doubt alone.
    """
    machine = finding.zones.machine_m if finding.zones is not None else None
    return (machine or 0.0) + finding.uncertainty_h_m


def strip(outline_m: Polygon, line_m: BaseGeometry, radius_m: float | None, within_m: float) -> Strip:
    """The strip `within_m` beside a line's outside, cut to the dig's outline; both in one metric system."""
    width = within_m + (radius_m or 0.0)
    if width < _NOTHING_M:
        return Strip(within_m, Polygon())
    wide = line_m.buffer(width * _CHORDS, quad_segs=_ARC)
    return Strip(within_m, _areas(wide.intersection(outline_m)))


def machine_ground(outline_m: Polygon, strips: Sequence[Strip]) -> BaseGeometry:
    """What of the outline is left for the machine once every strip is taken out; may be empty.

    >>> pit = shapely.box(0, 0, 10, 4)
    >>> line = shapely.LineString([(5, -9), (5, 9)])
    >>> round(machine_ground(pit, [strip(pit, line, 0.1, 0.9)]).area, 1)
    31.9
    """
    taken = shapely.union_all([each.shape_m for each in strips])
    return _areas(outline_m.difference(taken))


def limits_machine(finding: Finding) -> bool:
    """Whether the finding keeps the machine away from its line."""
    return finding.zone is not DigZone.MACHINE_OK


def _areas(shape: BaseGeometry) -> BaseGeometry:
    """Without the points and lines that are left where areas only touch."""
    parts = [part for part in shapely.get_parts(shape) if isinstance(part, Polygon) and not part.is_empty]
    return shapely.union_all(parts) if parts else Polygon()
