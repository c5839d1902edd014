"""What is known of one existing line, and what of that knowledge can be counted on.

Zero, negative and not-a-number are how sources write "unknown"; unknown never counts in a line's favour.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Final

from geo.quality import UNKNOWN_VERTICAL_M, accuracy
from geo.rules import Subject
from geo.vocabulary import NETWORKS, OBSTACLES, Kind, size_class

# Outer radius (m) of an ordinary large line of each network. Used where the record gives no diameter: not
# as a radius, which would be invented, but as a further uncertainty of the edge. Our assumption.
ORDINARY_RADIUS_M: Final[dict[Kind, float]] = {
    Kind.WATER: 0.15,
    Kind.SEWER: 0.30,
    Kind.STORMWATER: 0.40,
    Kind.ELECTRICITY: 0.05,
    Kind.GAS: 0.15,
    Kind.TELECOM: 0.10,
    Kind.HEATING: 0.30,
}
_KNOWN: Final = frozenset(str(kind) for kind in NETWORKS | OBSTACLES)
# The widest line that the search must still find by its axis (m).
WIDEST_RADIUS_M: Final = 1.0
# Depths that were never measured at the line itself: without a stated uncertainty they are no better than a
# guess.
GUESSED_COVER: Final = frozenset({"assumed", "default", "design", "estimated", "standard", "unknown"})


@dataclass(frozen=True, slots=True)
class Placed:
    """What is known of one existing line; None = unknown, which never counts in its favour.

    `radius_m` is the outer radius, `cover_m` the depth of the top below the surface; the uncertainties are
    95 % half widths (m). `classes` are any of pressure or voltage class, role, laying ("MP", "main",
    "duct"). `quality_level` is an ASCE 38-22 letter, or another scheme's level as "scheme:level".
    """

    layer_id: str
    feature_id: str
    utility: str
    classes: tuple[str | None, ...] = ()
    owner: str | None = None
    radius_m: float | None = None
    cover_m: float | None = None
    cover_source: str | None = None
    horizontal_uncertainty_m: float | None = None
    vertical_uncertainty_m: float | None = None
    quality_level: str | None = None

    @property
    def kind(self) -> Kind | None:
        """The network or obstacle as the rules know it; None for a word outside the vocabulary."""
        return Kind(self.utility) if self.utility in _KNOWN else None

    @property
    def ref(self) -> str:
        """`layer_id/feature_id`, as permit conditions name a line."""
        return f"{self.layer_id}/{self.feature_id}"

    def subject(self, kind: Kind) -> Subject:
        """The line as the rules ask for it, with its size where the diameter is known."""
        return subject_of(kind, self.classes, self.known_radius_m)

    @property
    def known_radius_m(self) -> float | None:
        """The outer radius (m) if it is a length at all."""
        return positive(self.radius_m)

    @property
    def known_cover_m(self) -> float | None:
        """A cover (m), or None; zero is a line that lies open, less than zero is nonsense."""
        value = self.cover_m
        return value if value is not None and value >= 0 and math.isfinite(value) else None

    def horizontal_parts(self) -> tuple[float, float]:
        """95 % half widths (m) of the axis, and of the outside where the diameter is unknown."""
        stated = positive(self.horizontal_uncertainty_m)
        axis = stated if stated is not None else accuracy(self.quality_level).horizontal_m
        kind = self.kind
        edge = 0.0 if kind is None or self.known_radius_m is not None else ORDINARY_RADIUS_M.get(kind, 0.0)
        return axis, edge

    def vertical_width_m(self) -> float:
        """95 % half width (m) of the cover, where there is one."""
        width = positive(self.vertical_uncertainty_m)
        if width is None and self.cover_source not in GUESSED_COVER:
            width = accuracy(self.quality_level).vertical_at(self.known_cover_m)
        return UNKNOWN_VERTICAL_M if width is None else width

    def assumptions(self) -> tuple[str, ...]:
        """Slugs of what had to be assumed for want of a record."""
        cover = self.known_cover_m
        told = (
            ("radius-assumed", self.known_radius_m is None),
            ("accuracy-assumed", positive(self.horizontal_uncertainty_m) is None),
            ("cover-unknown", cover is None),
            ("cover-guessed", cover is not None and self.cover_source in GUESSED_COVER),
        )
        return tuple(name for name, holds in told if holds)


def subject_of(kind: Kind, classes: tuple[str | None, ...], radius_m: float | None) -> Subject:
    """A line as the rules ask for it: its kind, its classes, and the size that its outer radius (m) tells."""
    return Subject.of(kind, (*classes, size_class(None if radius_m is None else radius_m * 2000)))


def positive(value: float | None) -> float | None:
    """A length, or None: zero, negative and not-a-number are how sources write "unknown"."""
    return value if value is not None and value > 0 and math.isfinite(value) else None
