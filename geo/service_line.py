"""What a service line is: from a utility's main to a parcel, what it meets on its way, who shares its trench.

Values only; `geo.service_design` makes them. Coordinates, lengths and depths are metres, coordinates in the city's
metric CRS; covers are from the surface to the top of the line.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

from shapely.geometry import LineString, MultiLineString, Point
from shapely.geometry.base import BaseGeometry

from geo.finding import Finding
from geo.placed import Placed
from geo.quality import Verdict
from geo.vocabulary import Kind


@dataclass(frozen=True, slots=True)
class Main:
    """A main that could serve: its axis, what is known of it, and what it can still carry (None: not known)."""

    placed: Placed
    axis: BaseGeometry
    spare: float | None = None


@dataclass(frozen=True, slots=True)
class Wanted:
    """One utility's connection: the suitable mains near, and how its line is laid.

    `cover_m` is the usual cover, `least_cover_m` to `most_cover_m` what the company accepts; `outer_diameter_mm` is the
    line's own size, `demand` what the main must be able to spare, in the company's unit.
    """

    name: str
    kind: Kind
    mains: tuple[Main, ...]
    demand: float
    cover_m: float
    least_cover_m: float
    most_cover_m: float
    outer_diameter_mm: float
    trench_width_m: float
    max_length_m: float


@dataclass(frozen=True, slots=True)
class Existing:
    """A line that is in the ground already, by its axis; or an obstacle that stands in it, by its outline."""

    placed: Placed
    axis: BaseGeometry


class Obstacle(StrEnum):
    """What stands beside a line without being one; the words are those of `geo.vocabulary.Kind`."""

    BUILDING_FOUNDATION = "building_foundation"
    TREE = "tree"
    PLOT_LINE = "plot_line"


@dataclass(frozen=True, slots=True)
class Site:
    """The parcel and what surrounds it: `pit` is where the building comes, `streets` are axes, `lines` all networks.

    `obstacles` are foundations, trees and plot lines: from them a line keeps the distance that a rule asks for.
    """

    parcel: BaseGeometry
    pit: BaseGeometry
    neighbours: Sequence[BaseGeometry]
    buildings: Sequence[BaseGeometry]
    streets: Sequence[BaseGeometry]
    lines: Sequence[Existing]
    obstacles: Sequence[Existing] = ()


@dataclass(frozen=True, slots=True)
class Encounter:
    """Where a new line meets an existing one, across or beside; `finding` is None where no rule speaks."""

    placed: Placed
    at: Point
    crossing: bool
    finding: Finding | None

    @property
    def verdict(self) -> Verdict:
        """What the rules say of it; without a rule, no information."""
        return Verdict.NO_INFORMATION if self.finding is None else self.finding.verdict

    @property
    def measured_m(self) -> float | None:
        """The gap in depth at a crossing (None: not known), in plan beside a line."""
        if self.finding is None:
            return None
        return self.finding.separation_v_m if self.crossing else self.finding.separation_h_m


@dataclass(frozen=True, slots=True)
class ServiceLine:
    """A proposed line: `route` from the frontage to the main's axis; `inside_m` goes on from there to the pit."""

    name: str
    main: Main
    route: LineString
    inside_m: float
    cover_m: float
    encounters: tuple[Encounter, ...]
    over_parcels_m: float

    @property
    def length_m(self) -> float:
        """The length in the street, from the frontage to the main."""
        return float(self.route.length)

    @property
    def verdict(self) -> Verdict:
        """The worst verdict of what the line meets."""
        return max(
            (each.verdict for each in self.encounters), key=lambda v: v.severity, default=Verdict.CLEAR
        )


class Unreached(StrEnum):
    """Why no line can be proposed."""

    NO_MAIN = "no-main"
    NO_CAPACITY = "no-capacity"
    NO_WAY = "no-way"
    TOO_FAR = "too-far"
    BEYOND_A_SERVICE = "beyond-a-service"


@dataclass(frozen=True, slots=True)
class Unserved:
    """Why no line can be proposed; with its length where it would be too long."""

    name: str
    reason: Unreached
    length_m: float | None = None


@dataclass(frozen=True, slots=True)
class Slot:
    """A line's place in the common trench: sideways from its axis (left negative) and its cover."""

    name: str
    offset_m: float
    cover_m: float


@dataclass(frozen=True, slots=True)
class CommonTrench:
    """One tree of trenches for several lines: its length, the sum of the separate ones, and who lies where in it."""

    shape: MultiLineString
    length_m: float
    separate_m: float
    width_m: float
    slots: tuple[Slot, ...]
    lines: tuple[ServiceLine, ...]

    @property
    def saved_m(self) -> float:
        """Metres of trench not dug."""
        return self.separate_m - self.length_m


@dataclass(frozen=True, slots=True)
class Design:
    """The lines one by one, why others cannot be, and the common trench when it saves at least a metre."""

    lines: tuple[ServiceLine, ...]
    unserved: tuple[Unserved, ...]
    trench: CommonTrench | None
