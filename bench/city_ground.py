"""The ground of a made-up city: streets, blocks, parcels, buildings, drawn on a plan and then bent.

Everything is laid out on a plan with straight streets, and every vertex is moved by one smooth map (bend,
turn, shift), so that what touches on the plan touches in the city. Arrays throughout: a million segments take
seconds.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt
import shapely

Floats = npt.NDArray[np.float64]
Indexes = npt.NDArray[np.int64]
Shapes = npt.NDArray[np.object_]

CRS: Final = "EPSG:32639"
# A place north of Ahvaz where the made-up city lies: easting, northing of its middle.
MIDDLE: Final = (284_000.0, 3_474_000.0)
_BLOCK: Final = (150.0, 81.0)
_LOTS: Final = (8, 12)
_ROAD: Final = {"primary": 15.0, "secondary": 9.0, "residential": 5.5}  # half widths


def as_lines(xy: Floats, owner: Indexes | None = None) -> Shapes:
    """Lines from (n, k, 2) coordinates, or from (n, 2) ones and the number of each one's line."""
    return np.asarray(shapely.linestrings(xy) if owner is None else shapely.linestrings(xy, indices=owner))


def as_points(xy: Floats) -> Shapes:
    """Points from (n, 2) coordinates."""
    return np.asarray(shapely.points(xy))


@dataclass(frozen=True, slots=True)
class Plan:
    """What is to be generated: blocks across and up, and the share of parcels that are built on."""

    seed: int
    columns: int
    rows: int
    built: float = 250_000 / 300_000


@dataclass(frozen=True, slots=True)
class Parcels:
    """Rectangles on the plan, and where they belong; `north` tells the row that faces the northern street."""

    column: Indexes
    row: Indexes
    north: npt.NDArray[np.bool_]
    lot: Indexes
    x0: Floats
    x1: Floats
    y0: Floats
    y1: Floats


@dataclass(frozen=True, slots=True)
class Buildings:
    """Rectangles on the plan; services enter at `door_x`, `wall_y`; `street` is the row that they face."""

    parcel: Indexes
    x0: Floats
    x1: Floats
    y0: Floats
    y1: Floats
    door_x: Floats
    wall_y: Floats
    street: Indexes
    column: Indexes


@dataclass(frozen=True, slots=True)
class Ground:
    """The plan's streets (axes), parcels and buildings, and the bend that makes a city of them."""

    plan: Plan
    street_x: Floats
    street_y: Floats
    kind_x: tuple[str, ...]
    kind_y: tuple[str, ...]
    parcels: Parcels
    buildings: Buildings

    def bent(self, x: Floats, y: Floats) -> Floats:
        """Plan metres to city metres (EPSG:32639), to the millimetre."""
        wide = max(float(self.street_x[-1]), float(self.street_y[-1]), 1.0)
        wave, height = max(wide / 2.7, 900.0), max(wide / 2.7, 900.0) / 55.0
        u = x + height * np.sin(2.0 * np.pi * y / wave + 0.7)
        v = y + height * np.sin(2.0 * np.pi * x / wave + 2.1)
        u, v = u - self.street_x[-1] / 2.0, v - self.street_y[-1] / 2.0
        turn = np.radians(11.0)
        east = MIDDLE[0] + u * np.cos(turn) - v * np.sin(turn)
        north = MIDDLE[1] + u * np.sin(turn) + v * np.cos(turn)
        return np.round(np.column_stack((east, north)), 3)

    def rectangles(self, x0: Floats, y0: Floats, x1: Floats, y1: Floats) -> Shapes:
        """Rectangles of the plan as polygons of the city."""
        x = np.column_stack((x0, x1, x1, x0, x0)).ravel()
        y = np.column_stack((y0, y0, y1, y1, y0)).ravel()
        return np.asarray(shapely.polygons(self.bent(x, y).reshape(-1, 5, 2)))


def lay_out(plan: Plan) -> Ground:
    """The ground of a plan; the same seed gives the same ground."""
    random = np.random.default_rng([plan.seed, 1])
    street_x = np.r_[0.0, np.cumsum(_BLOCK[0] * random.uniform(0.85, 1.15, plan.columns))]
    street_y = np.r_[0.0, np.cumsum(_BLOCK[1] * random.uniform(0.9, 1.1, plan.rows))]
    kind_x, kind_y = _kinds(plan.columns + 1, 8), _kinds(plan.rows + 1, 6)
    parcels = _parcels(plan, random, street_x, street_y, kind_x, kind_y)
    return Ground(plan, street_x, street_y, kind_x, kind_y, parcels, _buildings(plan, random, parcels))


def _kinds(count: int, every: int) -> tuple[str, ...]:
    small = max(2, min(every, count // 2))
    return tuple(
        "primary" if i % (2 * small) == small else "secondary" if i % small == 0 else "residential"
        for i in range(count)
    )


def _parcels(
    plan: Plan,
    random: np.random.Generator,
    street_x: Floats,
    street_y: Floats,
    kind_x: tuple[str, ...],
    kind_y: tuple[str, ...],
) -> Parcels:
    half_x, half_y = np.array([_ROAD[k] for k in kind_x]), np.array([_ROAD[k] for k in kind_y])
    column, row = (part.ravel() for part in np.meshgrid(np.arange(plan.columns), np.arange(plan.rows)))
    west, east = street_x[column] + half_x[column], street_x[column + 1] - half_x[column + 1]
    south, north = street_y[row] + half_y[row], street_y[row + 1] - half_y[row + 1]
    lots = random.integers(_LOTS[0], _LOTS[1] + 1, len(column))
    width = random.uniform(0.8, 1.2, (len(column), _LOTS[1])) * (np.arange(_LOTS[1]) < lots[:, None])
    edge = np.cumsum(width, axis=1) / width.sum(axis=1, keepdims=True)
    edge = np.column_stack((np.zeros(len(column)), edge))
    block, lot = np.nonzero(np.arange(_LOTS[1]) < lots[:, None])
    span, back = (east - west)[block], ((south + north) / 2.0)[block]
    x0, x1 = west[block] + edge[block, lot] * span, west[block] + edge[block, lot + 1] * span
    number = np.r_[2 * lot, 2 * lot + 1]
    return Parcels(
        column=np.tile(column[block], 2),
        row=np.tile(row[block], 2),
        north=np.repeat([False, True], len(block)),
        lot=number.astype(np.int64),
        x0=np.tile(x0, 2),
        x1=np.tile(x1, 2),
        y0=np.r_[south[block], back],
        y1=np.r_[back, north[block]],
    )


def _buildings(plan: Plan, random: np.random.Generator, parcels: Parcels) -> Buildings:
    """Houses on the northern 60 % of their parcels, wall to wall, as most cities' rules have it."""
    count = round(plan.built * len(parcels.lot))
    parcel = np.sort(random.permutation(len(parcels.lot))[:count])
    gap = 0.15
    depth = (parcels.y1 - parcels.y0)[parcel] * random.uniform(0.52, 0.62, count)
    x0, x1, y1 = parcels.x0[parcel] + gap, parcels.x1[parcel] - gap, parcels.y1[parcel] - gap
    north = parcels.north[parcel]
    door = x0 + (x1 - x0) * random.uniform(0.25, 0.75, count)
    return Buildings(
        parcel=parcel,
        x0=x0,
        x1=x1,
        y0=y1 - depth,
        y1=y1,
        door_x=door,
        # Services end 0.4 m inside the wall that faces the street.
        wall_y=np.where(north, y1 - 0.4, y1 - depth + 0.4),
        street=parcels.row[parcel] + north,
        column=parcels.column[parcel],
    )
