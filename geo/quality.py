"""Position quality: what each scheme's levels are worth in metres, and the three-way verdict that follows.

Real deliveries rarely state an accuracy. Each scheme's level is therefore turned into one number, the half
width within which the true position lies in 95 of 100 cases; the position is then taken as normally
distributed with `sd = half width / 1.96`. The schemes themselves avoid such a reading where they can (ASCE
38-22 calls its levels judged and non-quantified): `status` says which numbers are published and which are
our working assumption.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

# Two-sided 95 % of the normal distribution.
Z95: Final = 1.959963984540054
VIOLATES_AT: Final = 0.95
CLEAR_AT: Final = 0.05


class QualityLevel(StrEnum):
    """ASCE 38-22: A exposed and surveyed, B geophysics, C surface features and records, D records only."""

    A = "A"
    B = "B"
    C = "C"
    D = "D"


class Verdict(StrEnum):
    """What a check found out; `undecidable` asks for a trial pit, `no_information` for data."""

    VIOLATES = "violates"
    UNDECIDABLE = "undecidable"
    NO_INFORMATION = "no_information"
    CLEAR = "clear"

    @property
    def severity(self) -> int:
        """Higher is worse; only `clear` lets a permit pass without a word."""
        return _SEVERITY[self]


_SEVERITY: Final = {
    Verdict.VIOLATES: 3,
    Verdict.UNDECIDABLE: 2,
    Verdict.NO_INFORMATION: 1,
    Verdict.CLEAR: 0,
}


class Scheme(StrEnum):
    """Who defined a quality level."""

    ASCE_38 = "asce38"
    PAS_128 = "pas128"
    IMKL = "imkl"
    LER = "ler"


@dataclass(frozen=True, slots=True)
class Accuracy:
    """95 % half widths in metres; `vertical_m` None = the scheme promises nothing about depth.

    `vertical_share`: the scheme states the vertical width as this share of the depth; `vertical_m` is its
    value at 1 m, and what lies shallower is not taken to be known better.
    """

    horizontal_m: float
    vertical_m: float | None
    status: str
    source: str
    vertical_share: float | None = None

    def vertical_at(self, depth_m: float | None) -> float | None:
        """The vertical half width (m) at a depth (m); None = nothing is promised.

        >>> accuracy("pas128:B1").vertical_at(3.0), accuracy("pas128:B1").vertical_at(0.5)
        (0.45, 0.15)
        """
        if self.vertical_m is None or self.vertical_share is None or depth_m is None:
            return self.vertical_m
        return max(self.vertical_m, round(self.vertical_share * depth_m, 6))


_PUBLISHED: Final = "published"
_RECALLED: Final = "recalled"
_ASSUMED: Final = "assumed"

_AS5488: Final = "AS 5488 numbers read into the same letter"
_DELIVERED: Final = (
    "records as delivered are about +/-1 m or worse (IMKL statutory minimum; NUAR is QL-D data)"
)

ACCURACIES: Final[dict[tuple[Scheme, str], Accuracy]] = {
    (Scheme.ASCE_38, "A"): Accuracy(0.05, 0.05, _RECALLED, _AS5488),
    (Scheme.ASCE_38, "B"): Accuracy(0.30, 0.50, _RECALLED, _AS5488),
    (Scheme.ASCE_38, "C"): Accuracy(1.00, None, _ASSUMED, _DELIVERED),
    (Scheme.ASCE_38, "D"): Accuracy(2.00, None, _ASSUMED, _DELIVERED),
    (Scheme.PAS_128, "A"): Accuracy(0.05, 0.025, _RECALLED, "PAS 128:2022"),
    (Scheme.PAS_128, "B1"): Accuracy(
        0.15, 0.15, _RECALLED, "PAS 128:2022; vertical 15 % of depth, at least that of 1 m", 0.15
    ),
    (Scheme.PAS_128, "B1P"): Accuracy(0.15, 0.15, _RECALLED, "PAS 128:2022", 0.15),
    (Scheme.PAS_128, "B2"): Accuracy(
        0.25, 0.40, _RECALLED, "PAS 128:2022; vertical 40 % of depth, at least that of 1 m", 0.40
    ),
    (Scheme.PAS_128, "B2P"): Accuracy(0.25, 0.40, _RECALLED, "PAS 128:2022", 0.40),
    (Scheme.PAS_128, "B3"): Accuracy(0.50, None, _RECALLED, "PAS 128:2022"),
    (Scheme.PAS_128, "B3P"): Accuracy(0.50, None, _RECALLED, "PAS 128:2022"),
    (Scheme.PAS_128, "B4"): Accuracy(1.00, None, _ASSUMED, "PAS 128:2022 leaves B4 undefined"),
    (Scheme.PAS_128, "B4P"): Accuracy(1.00, None, _ASSUMED, "PAS 128:2022 leaves B4 undefined"),
    (Scheme.PAS_128, "C"): Accuracy(1.00, None, _ASSUMED, "PAS 128:2022 leaves C undefined"),
    (Scheme.PAS_128, "D"): Accuracy(2.00, None, _ASSUMED, "PAS 128:2022 leaves D undefined"),
    (Scheme.IMKL, "tot30cm"): Accuracy(0.30, 0.30, _PUBLISHED, "IMKL 3.0 NauwkeurigheidXYvalue"),
    (Scheme.IMKL, "tot50cm"): Accuracy(0.50, 0.50, _PUBLISHED, "IMKL 3.0 NauwkeurigheidXYvalue"),
    (Scheme.IMKL, "tot100cm"): Accuracy(1.00, 1.00, _PUBLISHED, "IMKL 3.0 NauwkeurigheidXYvalue"),
    (Scheme.IMKL, "onbekend"): Accuracy(2.00, None, _ASSUMED, "IMKL 3.0: unknown"),
    (Scheme.IMKL, "fictiefIngetekend"): Accuracy(10.0, None, _ASSUMED, "IMKL 3.0: drawn fictitiously"),
    (Scheme.LER, "0.25"): Accuracy(0.25, None, _PUBLISHED, "LER 2.0 s28"),
    (Scheme.LER, "0.50"): Accuracy(0.50, None, _PUBLISHED, "LER 2.0 s28"),
    (Scheme.LER, "1.00"): Accuracy(1.00, None, _PUBLISHED, "LER 2.0 s28"),
    (Scheme.LER, "2.00"): Accuracy(2.00, None, _PUBLISHED, "LER 2.0 s28"),
    (Scheme.LER, ">2.00"): Accuracy(5.00, None, _ASSUMED, "LER 2.0 s28 gives no upper bound"),
    (Scheme.LER, "unknown"): Accuracy(5.00, None, _ASSUMED, "LER 2.0: only if buried before 1 Jul 2023"),
}
UNKNOWN: Final = ACCURACIES[(Scheme.ASCE_38, "D")]
# What a trial pit gives: the line exposed and measured (PAS 128 and ASCE 38 level A).
EXPOSED: Final = ACCURACIES[(Scheme.ASCE_38, "A")]
_SCHEMES: Final = frozenset(str(scheme) for scheme in Scheme)
# When a depth is stated but nothing about its accuracy: ground is re-levelled more often than lines are
# re-measured.
UNKNOWN_VERTICAL_M: Final = 0.50


def accuracy(level: str | None, scheme: Scheme = Scheme.ASCE_38) -> Accuracy:
    """The 95 % half widths of a level; an absent or unknown level is worth what records alone are worth (D).

    A level may name its scheme itself, as `scheme:level`.

    >>> accuracy("A").horizontal_m, accuracy(None).horizontal_m, accuracy("imkl:tot30cm").horizontal_m
    (0.05, 2.0, 0.3)
    """
    if level is None:
        return UNKNOWN
    named, colon, rest = level.partition(":")
    if colon:
        return ACCURACIES.get((Scheme(named), rest), UNKNOWN) if named in _SCHEMES else UNKNOWN
    return ACCURACIES.get((scheme, level), UNKNOWN)


def standard_deviation(*half_widths_m: float) -> float:
    """The standard deviation (m) of a difference whose independent parts have these 95 % half widths (m).

    >>> round(standard_deviation(1.0, 1.0), 4)
    0.7216
    """
    return math.hypot(*half_widths_m) / Z95


def probability_below(required: float, measured: float, sd: float) -> float:
    """P(true value < required), all in metres, when the true value is normal about `measured` with `sd`.

    With `sd` 0 the answer is certain, and a value that just equals what is required is not below it.

    >>> round(probability_below(0.3, 0.5, 0.722), 2)
    0.39
    """
    if not sd > 0:
        return 1.0 if measured < required else 0.0
    return 0.5 * math.erfc((measured - required) / (sd * math.sqrt(2.0)))


def verdict(p_violation: float) -> Verdict:
    """Three-way: violates from 0.95 up, clear from 0.05 down, otherwise a trial pit must decide.

    >>> [verdict(p).value for p in (0.99, 0.5, 0.01)]
    ['violates', 'undecidable', 'clear']
    """
    if p_violation >= VIOLATES_AT:
        return Verdict.VIOLATES
    return Verdict.CLEAR if p_violation <= CLEAR_AT else Verdict.UNDECIDABLE


def worst(verdicts: list[Verdict]) -> Verdict:
    """The worst of several verdicts; `clear` when there is none."""
    return max(verdicts, key=lambda found: found.severity, default=Verdict.CLEAR)
