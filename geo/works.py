"""The proposed hole: where, how deep, by which method, and what will stand in it."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Final

from shapely.geometry import Polygon

from geo.errors import DepthInvalid, TopInvalid
from geo.rules import Subject
from geo.vocabulary import BORED, Kind

# Setting-out of a permit's outline and of its depth by ordinary means (95 % half widths, m): our assumption.
SETTING_OUT_M: Final = 0.10
DEPTH_TOLERANCE_M: Final = 0.10
MAX_DEPTH_M: Final = 100.0
# Works that leave no foundation behind; any other word is taken to build.
WITHOUT_FOUNDATION: Final = frozenset({"repair", "excavation_only"})

BY_MACHINE: Final = Subject.of(Kind.EXCAVATION, ["machine"])
BY_HAND: Final = Subject.of(Kind.EXCAVATION, ["hand"])


def _told(length_m: float) -> float | str:
    """A length as a refusal can carry it: JSON has no word for what is not a number."""
    return length_m if math.isfinite(length_m) else str(length_m)


@dataclass(frozen=True, slots=True)
class Excavation:
    """The hole: outline in the city's metric system, depth in metres below the surface.

    `method` is "machine", "hand", "vacuum", "boring" or "hand_boring"; `works` decides whether a foundation
    will stand in it. The uncertainties are 95 % half widths of outline and depth (m). `top_m` is the depth at
    which a bore's upper side lies: above it the ground stays as it is. 0, or any other method: open from the
    surface down.
    """

    shape_m: Polygon
    depth_m: float
    method: str = "machine"
    works: str = "new_building"
    horizontal_uncertainty_m: float = SETTING_OUT_M
    depth_uncertainty_m: float = DEPTH_TOLERANCE_M
    top_m: float = 0.0

    def __post_init__(self) -> None:
        if not 0 < self.depth_m <= MAX_DEPTH_M:  # also refuses NaN
            raise DepthInvalid(depth=_told(self.depth_m), limit=MAX_DEPTH_M, hint="give-the-depth")
        if not 0 <= self.top_m < self.depth_m:
            raise TopInvalid(top=_told(self.top_m), depth=self.depth_m, hint="give-the-top")

    @property
    def open_from_m(self) -> float:
        """Depth (m) below which the ground is disturbed; 0 for every open dig."""
        return self.top_m if self.method in BORED else 0.0

    @property
    def digging(self) -> Subject:
        """The digging itself, as the rules know it."""
        return Subject.of(Kind.EXCAVATION, [self.method])

    @property
    def against(self) -> tuple[Subject, ...]:
        """What the line must keep clear of: the digging, and the foundation when one is built."""
        if self.works in WITHOUT_FOUNDATION:
            return (self.digging,)
        return (self.digging, Subject.of(Kind.BUILDING_FOUNDATION))
