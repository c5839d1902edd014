"""Two works in one street: do they overlap in place and time, what would one trench save, who bears what. Pure.

Split of the joint trench, formula `joint-trench-1`:

    shared length L = the shorter of both lengths that run within the buffer of the other work
    joint width W   = the wider of both widths
    each work bears w_i / (w_1 + w_2) of L x W, and all of what it digs alone
    saved: L metres of trench that are not dug twice, L x (w_1 + w_2 - W) square metres of pavement

Works that cross rather than run side by side cannot share a trench; they can share the closure of the street.
More than two works in one trench: `permits.dig_split`.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from enum import StrEnum

import shapely
from shapely.geometry import LineString, Polygon
from shapely.geometry.base import BaseGeometry

from permits.dig_shares import parts_of

SPLIT_FORMULA = "joint-trench-1"
_ALONG_DEG = 30.0
# A pit less than twice as long as wide has no direction.
_SLENDER = 2.0
_SHARE_PARTS = 10_000


class Relation(StrEnum):
    """How two works lie to each other."""

    ALONG = "along"
    CROSSING = "crossing"


@dataclass(frozen=True, slots=True)
class Work:
    """One planned work: its outline in the city's CRS, its dates (inclusive) and its dimensions in metres."""

    ref: str
    shape_m: BaseGeometry
    starts_on: date
    ends_on: date
    length_m: float
    width_m: float


@dataclass(frozen=True, slots=True)
class Overlap:
    """What two works have in common; `shares` are the parts of the joint trench's cost by work."""

    distance_m: float
    gap_days: int
    relation: Relation
    shared_m: float
    joint_width_m: float
    saved_m: float
    saved_m2: float
    shares: dict[str, float]


def gap_days(a: Work, b: Work) -> int:
    """Whole days between the end of the earlier work and the start of the later; 0 when they overlap."""
    return max(0, (a.starts_on - b.ends_on).days, (b.starts_on - a.ends_on).days)


def overlap(a: Work, b: Work, buffer_m: float, window_days: int) -> Overlap | None:
    """What `a` and `b` have in common, or None when they are too far apart in place or time. Symmetric."""
    days = gap_days(a, b)
    distance_m = float(a.shape_m.distance(b.shape_m))
    if days > window_days or distance_m > buffer_m:
        return None
    relation = _relation(a, b)
    shared_m = 0.0
    if relation is Relation.ALONG:
        shared_m = min(_within(a, b, buffer_m), _within(b, a, buffer_m))
    joint_m = max(a.width_m, b.width_m)
    both_m = a.width_m + b.width_m
    return Overlap(
        distance_m=round(distance_m, 2),
        gap_days=days,
        relation=relation,
        shared_m=round(shared_m, 2),
        joint_width_m=joint_m,
        saved_m=round(shared_m, 2),
        saved_m2=round(shared_m * (both_m - joint_m), 2),
        shares=shares_of({each.ref: each.width_m for each in (a, b)}),
    )


def shares_of(widths: Mapping[str, float]) -> dict[str, float]:
    """What each work bears of a joint trench, by its width: four decimals that sum to 1."""
    return {ref: part / _SHARE_PARTS for ref, part in parts_of(_SHARE_PARTS, widths).items()}


def _within(a: Work, b: Work, buffer_m: float) -> float:
    """The length of `a` that runs within the buffer of `b`."""
    near = a.shape_m.intersection(b.shape_m.buffer(max(buffer_m, 0.001)))
    return part_within(a, near) * a.length_m


def part_within(work: Work, piece_m: BaseGeometry) -> float:
    """Which part of the work this piece of its outline is, 0 to 1."""
    if work.shape_m.area > 0:
        part = piece_m.area / work.shape_m.area
    else:
        part = piece_m.length / work.shape_m.length if work.shape_m.length > 0 else 1.0
    return min(1.0, float(part))


def _relation(a: Work, b: Work) -> Relation:
    first, second = _direction(a.shape_m), _direction(b.shape_m)
    if first is None or second is None:
        return Relation.ALONG
    turn = abs(first - second) % 180.0
    return Relation.ALONG if min(turn, 180.0 - turn) <= _ALONG_DEG else Relation.CROSSING


def _direction(shape_m: BaseGeometry) -> float | None:
    """The direction of a slender shape in degrees; None for one without a direction."""
    box = shapely.oriented_envelope(shape_m)
    if isinstance(box, LineString):
        sides = [list(box.coords)[:2]]
    elif isinstance(box, Polygon):
        corners = list(box.exterior.coords)
        sides = [corners[0:2], corners[1:3]]
    else:
        return None
    lengths = [math.dist(*side) for side in sides]
    longest = max(range(len(sides)), key=lambda i: lengths[i])
    if len(sides) == 2 and lengths[longest] < _SLENDER * min(lengths):
        return None
    (x0, y0), (x1, y1) = sides[longest]
    return math.degrees(math.atan2(y1 - y0, x1 - x0))


def dimensions_m(shape_m: Polygon) -> tuple[float, float]:
    """Length and width of a trench's outline, by its area and half of its perimeter, whatever its bends.

    A rectangle gives its sides; a bent trench of even width gives its axis' length and its width.
    """
    half, area = shape_m.length / 2.0, shape_m.area
    root = math.sqrt(max(0.0, half * half / 4.0 - area))
    length = half / 2.0 + root
    return length, area / length
