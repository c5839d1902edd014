"""From a proposal to the best similarity: mutual nearest neighbours, Huber weights, honest errors.

Two points are partners when each is the other's nearest: a missing or a spurious point then pulls at nothing.
The reach shrinks with the residuals, the weights tame what remains. Errors come from leaving out one part of
the ground after another, because neighbouring residuals are alike (one crew, one sheet) and the textbook
formula would promise too much.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt
from scipy.ndimage import gaussian_filter
from scipy.spatial import KDTree

from geo.agreement_search import Start, pair_vectors, plausible, thinned
from geo.planar import Points, Similarity, fit_shift, fit_similarity

Indexes = npt.NDArray[np.int64]

_SAMPLE: Final = 4_000
_ROUNDS: Final = 12
_FULL_ROUNDS: Final = 3
_SETTLING: Final = 10
_HUBER: Final = 1.345
_LEAST_REACH_M: Final = 0.02
_WRITTEN_M: Final = 0.0003
# Partners farther apart than this say nothing about a common shift.
MOST_REACH_M: Final = 4.0
_BLOCKS_ACROSS: Final = 4
# How many standard errors a shift, a turn or a stretch must stand from nothing before it is called one.
SIGNIFICANT: Final = 4.0
# The part of the residuals' size that may be a bias between unlike anchors (a centroid for a door).
BIAS: Final = 0.33
_RIVAL_RADIUS_M: Final = 60.0
_RIVAL_CELL_M: Final = 0.5
_RIVAL_SAMPLE: Final = 3_000


@dataclass(frozen=True, slots=True)
class Cloud:
    """Points with their search tree."""

    points: Points
    tree: KDTree

    @classmethod
    def of(cls, points: Points) -> Cloud:
        """The points (n, 2) in metres, made ready to be searched."""
        return cls(points, KDTree(points))


@dataclass(frozen=True, slots=True)
class Fit:
    """A movement and its evidence; lengths in metres, angles in degrees.

    `share` is the part of the smaller set (where the two overlap) that found a partner within `reach_m`;
    `chance` is the same for the movement shifted aside; `rival` is how high the best other shift within 60 m
    stands, as a part of this one. The standard errors are of the shift in the middle of the partners.
    """

    movement: Similarity
    partners: int
    share: float
    chance: float
    rival: float
    reach_m: float
    shift_se_m: tuple[float, float]
    rotation_se_deg: float
    scale_se: float
    residuals_m: Points
    turns: bool
    stretches: bool

    @property
    def excess(self) -> float:
        """The share of partners that chance does not explain."""
        return self.share - self.chance

    @property
    def crowding(self) -> float:
        """The part of the partners within half the reach: a quarter where residuals spread evenly."""
        near = np.hypot(self.residuals_m[:, 0], self.residuals_m[:, 1]) <= self.reach_m / 2.0
        return float(near.mean())


def refine(moving: Cloud, fixed: Cloud, start: Start) -> Fit | None:
    """The best similarity near `start` with its evidence; None when it loses its partners on the way."""
    sample = Cloud.of(thinned(moving.points, _SAMPLE))
    full = len(sample.points) == len(moving.points)
    movement, reach = start.movement, start.reach_m
    for cloud, rounds in ((sample, _ROUNDS), (moving, 0 if full else _FULL_ROUNDS)):
        for _ in range(rounds):
            step = _step(cloud, moving, fixed, movement, reach)
            if step is None:
                return None
            movement, reach = step
    return _judged(moving, fixed, movement, reach)


def _step(
    cloud: Cloud, moving: Cloud, fixed: Cloud, movement: Similarity, reach: float
) -> tuple[Similarity, float] | None:
    source, target = partners(cloud.points, moving, fixed, movement, reach)
    if len(source) < 6:
        return None
    off = np.linalg.norm(movement.apply(source) - target, axis=1)
    spread = _spread(off)
    weights = _huber(off, spread)
    fitted = fit_similarity(source, target, weights)
    if not plausible(fitted):
        fitted = fit_shift(source, target, weights)
    return fitted, float(np.clip(4.0 * spread, max(_LEAST_REACH_M, reach / 3.0), min(reach, MOST_REACH_M)))


def partners(
    points: Points, moving: Cloud, fixed: Cloud, movement: Similarity, reach_m: float
) -> tuple[Points, Points]:
    """The mutual nearest neighbours within `reach_m` after the movement: (delivered, reference)."""
    off, near = fixed.tree.query(movement.apply(points), distance_upper_bound=reach_m)
    has = np.flatnonzero(np.isfinite(off))
    candidates = fixed.points[near[has]]
    # A similarity keeps the order of distances, so the way back is asked in the delivery's own coordinates.
    _, back = moving.tree.query(movement.inverse().apply(candidates))
    mutual = (moving.points[back] == points[has]).all(axis=1)
    return points[has[mutual]], candidates[mutual]


def _spread(off: npt.NDArray[np.float64]) -> float:
    """The per-coordinate standard deviation behind 2D distances, from their median (Rayleigh)."""
    return max(float(np.median(off)) / 1.17741, 1e-6)


def _huber(off: npt.NDArray[np.float64], spread: float) -> npt.NDArray[np.float64]:
    weights: npt.NDArray[np.float64] = np.minimum(
        1.0, _HUBER * spread * np.sqrt(2.0) / np.maximum(off, 1e-12)
    )
    return weights


def _judged(moving: Cloud, fixed: Cloud, movement: Similarity, reach: float) -> Fit | None:
    source, target = partners(moving.points, moving, fixed, movement, reach)
    if len(source) < 6:
        return None
    movement, weights = _weights(movement, source, target, reach)
    source, target = partners(moving.points, moving, fixed, movement, reach)
    movement, weights = _weights(movement, source, target, reach)
    similar = fit_similarity(source, target, weights)
    errors = _jackknife(similar, source, target, weights)
    turn, stretch = abs(similar.rotation_deg), abs(similar.scale - 1.0)
    # Anchors that are not the same thing have a bias that changes over the city: a turn has to outdo it at
    # the edge.
    least = BIAS * _rms(target - similar.apply(source)) / _radius(source)
    turns = turn > SIGNIFICANT * errors[2] and math.radians(turn) > least
    stretches = stretch > SIGNIFICANT * errors[3] and stretch > least
    # Without evidence of a turn or a stretch the shift alone extrapolates better.
    if not (turns or stretches):
        similar = fit_shift(source, target, weights)
    residuals = target - similar.apply(source)
    smaller = _smaller(moving, fixed, similar)
    return Fit(
        movement=similar,
        partners=len(source),
        share=min(1.0, len(source) / smaller),
        chance=_chance(moving, fixed, similar, reach, smaller),
        rival=rival(moving, fixed, similar, _spread(np.linalg.norm(residuals, axis=1))),
        reach_m=reach,
        shift_se_m=(errors[0], errors[1]),
        rotation_se_deg=errors[2],
        scale_se=errors[3],
        residuals_m=residuals,
        turns=turns,
        stretches=stretches,
    )


def _rms(off: Points) -> float:
    return float(np.sqrt((off**2).sum(axis=1).mean()))


def _radius(points: Points) -> float:
    """How far the points reach from their middle (m): the 95th percentile."""
    return max(float(np.percentile(np.linalg.norm(points - points.mean(axis=0), axis=1), 95.0)), 1e-6)


def _weights(
    movement: Similarity, source: Points, target: Points, reach: float
) -> tuple[Similarity, npt.NDArray[np.float64]]:
    """The movement, settled, and each partner's probability of being one.

    True partners scatter normally, false ones evenly over the reach; which is which is worked out together
    with the movement (expectation maximisation). This wastes less of noisy evidence than bounded weights do.
    """
    share, spread = 0.8, _spread(np.linalg.norm(movement.apply(source) - target, axis=1))
    weights = np.ones(len(source))
    for _ in range(_SETTLING):
        off = np.linalg.norm(movement.apply(source) - target, axis=1)
        true = share / (2.0 * np.pi * spread**2) * np.exp(-0.5 * (off / spread) ** 2)
        false = (1.0 - share) / (np.pi * reach**2)
        weights = true / (true + false)
        total = float(weights.sum())
        if total < 6.0:
            return movement, np.ones(len(source))
        share = float(np.clip(total / len(source), 0.05, 0.99))
        before, spread = spread, max(float(np.sqrt(weights @ off**2 / total / 2.0)), 1e-6)
        fitted = fit_similarity(source, target, weights)
        movement = fitted if plausible(fitted) else fit_shift(source, target, weights)
        if abs(spread - before) < 1e-3 * before:
            break
    return movement, weights


def _jackknife(
    fitted: Similarity, source: Points, target: Points, weights: npt.NDArray[np.float64]
) -> tuple[float, float, float, float]:
    """Standard errors of shift x, shift y, rotation (degrees) and scale, never below the textbook's.

    The fit is repeated without each of up to 16 parts of the ground in turn (delete-a-group jackknife).
    """
    origin = np.array([fitted.origin_x_m, fitted.origin_y_m])
    textbook = _textbook(fitted, source, target, weights)
    table = _left_out(origin, source, target, weights)
    if len(table) < 4:
        return textbook
    errors = np.sqrt((len(table) - 1) / len(table) * ((table - table.mean(axis=0)) ** 2).sum(axis=0))
    first, second, third, fourth = np.maximum(errors, textbook).tolist()
    return first, second, third, fourth


def _left_out(
    origin: Points, source: Points, target: Points, weights: npt.NDArray[np.float64]
) -> npt.NDArray[np.float64]:
    """Shift x, shift y (at the origin), rotation (degrees) and scale, fitted without each part in turn.

    The sums of each part are taken from the sums of all, so that no part is gone through twice.
    """
    p, q, w = source - origin, target - origin, weights
    columns = (w, w * p[:, 0], w * p[:, 1], w * q[:, 0], w * q[:, 1], w * (p * p).sum(axis=1),
               w * (p * q).sum(axis=1), w * (p[:, 0] * q[:, 1] - p[:, 1] * q[:, 0]))  # fmt: skip
    block = _blocks(source)
    sums = np.array([np.bincount(block, column, _BLOCKS_ACROSS**2) for column in columns])
    total, px, py, qx, qy, pp, along, across = sums.sum(axis=1, keepdims=True) - sums[:, sums[0] > 0.0]
    spread = pp - (px * px + py * py) / total
    cos = (along - (px * qx + py * qy) / total) / spread
    sin = (across - (px * qy - py * qx) / total) / spread
    dx, dy = (qx - cos * px + sin * py) / total, (qy - sin * px - cos * py) / total
    return np.column_stack((dx, dy, np.degrees(np.arctan2(sin, cos)), np.hypot(cos, sin)))


def _textbook(
    fitted: Similarity, source: Points, target: Points, weights: npt.NDArray[np.float64]
) -> tuple[float, float, float, float]:
    residuals = target - fitted.apply(source)
    total = float(weights.sum())
    # Coordinates are written to the millimetre, so not even equal ones agree better than that.
    variance = max(float((weights**2) @ (residuals**2).sum(axis=1)) / 2.0 / total, _WRITTEN_M**2)
    radius = np.hypot(*(source - np.array([fitted.origin_x_m, fitted.origin_y_m])).T)
    spread = max(float(weights @ radius**2), 1e-12)
    shift = float(np.sqrt(variance / total))
    turn = float(np.sqrt(variance / spread))
    return shift, shift, float(np.degrees(turn)), turn


def _blocks(points: Points) -> Indexes:
    low, span = points.min(axis=0), np.maximum(np.ptp(points, axis=0), 1e-9)
    cell = np.minimum(((points - low) / span * _BLOCKS_ACROSS).astype(np.int64), _BLOCKS_ACROSS - 1)
    numbers: Indexes = cell[:, 0] * _BLOCKS_ACROSS + cell[:, 1]
    return numbers


def _smaller(moving: Cloud, fixed: Cloud, movement: Similarity) -> int:
    """The size of the smaller set, counted only where both sets are (each in the other's box)."""
    moved = movement.apply(moving.points)
    mine = _inside(moved, fixed.points)
    theirs = _inside(fixed.points, moved)
    return max(1, min(int(mine.sum()), int(theirs.sum())))


def _inside(points: Points, box: Points) -> npt.NDArray[np.bool_]:
    low, high = box.min(axis=0) - MOST_REACH_M, box.max(axis=0) + MOST_REACH_M
    inside: npt.NDArray[np.bool_] = ((points >= low) & (points <= high)).all(axis=1)
    return inside


def _chance(moving: Cloud, fixed: Cloud, movement: Similarity, reach: float, smaller: int) -> float:
    """The share of partners that the movement finds when it is shifted aside: the median of eight tries."""
    sample = thinned(moving.points, _RIVAL_SAMPLE)
    part = len(sample) / len(moving.points)
    shares = []
    for number in range(8):
        away, angle = 23.0 + 4.3 * number, 2.4 * number
        aside = Similarity(
            movement.origin_x_m,
            movement.origin_y_m,
            movement.dx_m + away * np.cos(angle),
            movement.dy_m + away * np.sin(angle),
            movement.rotation_deg,
            movement.scale,
        )
        source, _ = partners(sample, moving, fixed, aside, reach)
        shares.append(len(source) / part / smaller)
    return float(min(1.0, np.median(shares)))


def rival(moving: Cloud, fixed: Cloud, movement: Similarity, spread_m: float) -> float:
    """How high the best other shift within 60 m stands beside this one: 1 is a tie, as on a lattice."""
    vectors = pair_vectors(movement.apply(thinned(moving.points, _RIVAL_SAMPLE)), fixed.tree, _RIVAL_RADIUS_M)
    half = int(_RIVAL_RADIUS_M / _RIVAL_CELL_M) + 1
    cells = np.rint(vectors / _RIVAL_CELL_M).astype(np.int64) + half
    size = 2 * half + 1
    counts = np.bincount(cells[:, 0] * size + cells[:, 1], minlength=size * size).reshape(size, size)
    width = max(spread_m, _RIVAL_CELL_M) / _RIVAL_CELL_M
    smooth = gaussian_filter(counts.astype(np.float64), width, mode="constant")
    level = float(np.median(smooth))
    guard = int(np.ceil(4.0 * width)) + 1
    here = float(
        smooth[half - guard // 2 : half + guard // 2 + 1, half - guard // 2 : half + guard // 2 + 1].max()
    )
    smooth[half - guard : half + guard + 1, half - guard : half + guard + 1] = 0.0
    other = float(smooth.max())
    return max(0.0, other - level) / max(here - level, 1e-9)
