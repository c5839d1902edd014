"""The trees of the made-up city: rows along its wider streets, as a green-space office lists them."""

from __future__ import annotations

from typing import Any, Final

import numpy as np
import numpy.typing as npt

from bench.city_ground import Ground, Shapes, as_points

# From the plots' edge to the axis of a trunk, along a row, from a crossing's middle and from any service (m).
_FROM_PLOTS_M: Final = 0.9
_APART_M: Final = 13.0
_FROM_CORNERS_M: Final = 24.0
_FROM_DOORS_M: Final = 2.0
_HALF_M: Final = {"primary": 15.0, "secondary": 9.0}
# Species that stand in the streets of Khuzestan; no tree here does.
_SPECIES: Final = ("کنار", "نخل خرما", "اکالیپتوس", "برهان", "کهور", "زیتون تلخ")
_SHARES: Final = (0.28, 0.18, 0.12, 0.18, 0.12, 0.12)


def planted(ground: Ground) -> tuple[Shapes, dict[str, npt.NDArray[Any]]]:
    """The points of the trunks' axes, and what the office says: girth (cm, some unknown), crown (m), accuracy (cm)."""
    random = np.random.default_rng([ground.plan.seed, 6])
    found = [
        row
        for number, kind in enumerate(ground.kind_y)
        if kind in _HALF_M
        for side in (-1.0, 1.0)
        for row in _row(ground, random, (number, kind, side))
    ]
    places = np.array(found)
    count = len(places)
    girth = np.round(random.lognormal(4.3, 0.45, count)).astype(object)
    girth[random.random(count) < 0.06] = None
    columns: dict[str, npt.NDArray[Any]] = {
        "tree_no": np.array([f"D{number:05d}" for number in range(1, count + 1)], dtype=object),
        "species": random.choice(np.array(_SPECIES, dtype=object), count, p=_SHARES),
        "girth_cm": girth.astype(float),
        "crown_m": np.round(random.uniform(2.0, 8.0, count), 1),
        "accuracy_cm": random.choice([10.0, 30.0, 50.0], count, p=[0.5, 0.4, 0.1]),
        "planted_year": random.integers(1350, 1400, count),
    }
    return as_points(ground.bent(places[:, 0], places[:, 1])), columns


def _row(
    ground: Ground, random: np.random.Generator, street: tuple[int, str, float]
) -> list[tuple[float, float]]:
    """One side of a street that runs west to east: nowhere at a crossing, nowhere before a door."""
    number, kind, side = street
    y = float(ground.street_y[number]) + side * (_HALF_M[kind] - _FROM_PLOTS_M)
    x = np.arange(ground.street_x[0] + 8.0, ground.street_x[-1] - 8.0, _APART_M)
    x = x + random.uniform(-2.0, 2.0, len(x))
    buildings = ground.buildings
    # A plot south of a street faces it with its northern wall.
    faces_here = ground.parcels.north[buildings.parcel] == (side < 0)
    doors = buildings.door_x[(buildings.street == number) & faces_here]
    to_corner = np.abs(x[:, None] - ground.street_x[None, :]).min(axis=1)
    to_door = np.abs(x[:, None] - doors[None, :]).min(axis=1) if len(doors) else np.full(len(x), np.inf)
    kept = x[(to_corner >= _FROM_CORNERS_M) & (to_door >= _FROM_DOORS_M)]
    return [(float(each), y) for each in kept]
