"""A local grid fitted from control points: how a map without a known reference system comes into the city's.

Four common points at least, because two determine a similarity exactly and then hide every mistake. One
blundered point (a swapped digit, the wrong manhole) must neither spoil the fit nor pass unseen: each smallest
subset of points proposes a transform, the one that most points agree with wins, the points that do not agree
are named with their distances, and the rest is adjusted by least squares. The residuals stay with the layer.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

import numpy as np
import numpy.typing as npt

from geo.errors import PanjerehError
from geo.planar import Affine, Points, fit_affine, fit_similarity

# Points surveyed by RTK agree to a few centimetres, manhole covers read off a 1:500 sheet to some decimetres.
DEFAULT_TOLERANCE_M: Final = 0.5
# Beyond so many proposals a seeded sample is drawn; 12 points make 66 pairs or 220 triples.
_MOST_PROPOSALS: Final = 2_000
# A triangle or a pair of control points that is flatter than this part of the whole extent proposes nothing.
_FLAT: Final = 0.02
_CHECK: Final = "check-control-points"
Mask = npt.NDArray[np.bool_]
PointList = Sequence[tuple[float, float]] | Points


class ControlPointError(PanjerehError):
    """The control points cannot fix a local grid."""

    code = "control-points-invalid"


class TooFewControlPoints(ControlPointError):
    """There are `count` control points; `needed` are needed so that a blunder can be found."""

    code = "control-points-too-few"


class ControlPointsFlat(ControlPointError):
    """The control points coincide or lie on one line, so that they fix nothing across it."""

    code = "control-points-flat"


class ControlPointNotFinite(ControlPointError):
    """A coordinate of control point `index` is not a finite number."""

    code = "control-points-not-finite"


class ControlPointsDisagree(ControlPointError):
    """No transform suits most control points: the best suits `agreeing` of `count` within `tolerance_m`."""

    code = "control-points-disagree"


class GridModel(StrEnum):
    """How the local grid may differ from the city's: a similarity keeps angles, an affine does not."""

    SIMILARITY = "similarity"
    AFFINE = "affine"


@dataclass(frozen=True, slots=True)
class _Model:
    least: int
    needed: int
    unknowns: int
    fit: Callable[[Points, Points], Affine]


_MODELS: Final = {
    GridModel.SIMILARITY: _Model(2, 4, 4, lambda a, b: fit_similarity(a, b).affine()),
    GridModel.AFFINE: _Model(3, 5, 6, fit_affine),
}


@dataclass(frozen=True, slots=True)
class ControlPointFit:
    """A local grid brought into the city's CRS.

    `transform` moves local coordinates (any unit) to city metres. `residuals_m` holds, for every point given,
    the way east and north from where the transform puts it to where it was measured; `rejected` are the indexes
    of the blundered points, which took no part. `rms_m` is over the points kept, per coordinate, with the
    unknowns taken off. `predicted_m` is the distance at a point that was not used (leave one out, root mean
    square): nearer to what a user of the map meets.
    """

    model: GridModel
    transform: Affine
    residuals_m: tuple[tuple[float, float], ...]
    rejected: tuple[int, ...]
    rms_m: float
    predicted_m: float
    tolerance_m: float

    @property
    def worst_m(self) -> float:
        """The largest residual among the points kept."""
        kept = (math.hypot(*r) for i, r in enumerate(self.residuals_m) if i not in self.rejected)
        return max(kept)


def fit_control_points(
    local: PointList,
    city_m: PointList,
    model: GridModel = GridModel.SIMILARITY,
    tolerance_m: float = DEFAULT_TOLERANCE_M,
) -> ControlPointFit:
    """The transform from local coordinates to city metres, robust to blundered points.

    `tolerance_m` is how well the points can be expected to agree: farther off is a blunder. Most points must
    agree. Raises `TooFewControlPoints` (4 for a similarity, 5 for an affine), `ControlPointNotFinite`,
    `ControlPointsFlat`, or `ControlPointsDisagree`.

    >>> local = [(0.0, 0.0), (1000.0, 0.0), (1000.0, 800.0), (0.0, 800.0), (500.0, 450.0)]
    >>> city = [(278000.0, 3467000.0), (279000.0, 3467000.0), (279000.0, 3467800.0), (278000.0, 3467800.0),
    ...         (278500.0, 3467540.0)]
    >>> fit = fit_control_points(local, city)
    >>> fit.rejected, round(fit.rms_m, 3), [round(v) for v in fit.residuals_m[4]]
    ((4,), 0.0, [0, 90])
    """
    chosen = _MODELS[model]
    source, target = _checked(local, city_m, chosen)
    agreeing = _consensus(source, target, chosen, tolerance_m)
    if 2 * agreeing.sum() <= len(source) or agreeing.sum() < chosen.needed - 1:
        raise ControlPointsDisagree(
            agreeing=int(agreeing.sum()),
            count=len(source),
            tolerance_m=tolerance_m,
            hint="check-control-points",
        )
    transform = chosen.fit(source[agreeing], target[agreeing])
    residuals = target - transform.apply(source)
    kept = residuals[agreeing]
    freedom = 2 * len(kept) - chosen.unknowns
    return ControlPointFit(
        model=model,
        transform=transform,
        residuals_m=tuple((float(dx), float(dy)) for dx, dy in residuals),
        rejected=tuple(int(index) for index in np.flatnonzero(~agreeing)),
        rms_m=math.sqrt(float((kept**2).sum()) / freedom),
        predicted_m=_left_out(source[agreeing], target[agreeing], chosen),
        tolerance_m=tolerance_m,
    )


def _checked(
    local: PointList,
    city_m: PointList,
    model: _Model,
) -> tuple[Points, Points]:
    source = np.asarray(local, dtype=np.float64).reshape(-1, 2)
    target = np.asarray(city_m, dtype=np.float64).reshape(-1, 2)
    count = min(len(source), len(target))
    if len(source) != len(target) or count < model.needed:
        raise TooFewControlPoints(count=count, needed=model.needed, hint="add-control-points")
    broken = ~np.isfinite(np.hstack((source, target))).all(axis=1)
    if broken.any():
        raise ControlPointNotFinite(index=int(np.flatnonzero(broken)[0]), hint=_CHECK)
    if _flatness(source, model) < _FLAT or _flatness(target, model) < _FLAT:
        raise ControlPointsFlat(count=count, hint="spread-control-points")
    return source, target


def _flatness(points: Points, model: _Model) -> float:
    """How much the points spread in the direction that the model needs: 0 when they fix nothing."""
    centred = points - points.mean(axis=0)
    values = np.linalg.svd(centred, compute_uv=False)
    if values[0] == 0.0 or not values[0] > 1e-9 * np.abs(points).max():
        return 0.0
    return 1.0 if model.least == 2 else float(values[1] / values[0])


def _consensus(source: Points, target: Points, model: _Model, tolerance_m: float) -> Mask:
    """Which points agree with the proposal that most points agree with; ties go to the smaller residuals."""
    extent = float(np.linalg.norm(np.ptp(target, axis=0)))
    best: tuple[int, float] = (0, 0.0)
    agreeing = np.zeros(len(source), dtype=bool)
    for subset in _proposals(len(source), model.least):
        if not _spread(source[subset], target[subset], extent, model):
            continue
        off = np.linalg.norm(model.fit(source[subset], target[subset]).apply(source) - target, axis=1)
        near = off <= tolerance_m
        score = (int(near.sum()), -float(off[near].sum()))
        if score > best:
            best, agreeing = score, near
    return _settled(source, target, model, tolerance_m, agreeing)


def _settled(source: Points, target: Points, model: _Model, tolerance_m: float, agreeing: Mask) -> Mask:
    """The agreeing points once the least-squares fit over them has its say: a subset's own noise falls away."""
    for _ in range(10):
        if agreeing.sum() < model.least:
            return agreeing
        off = np.linalg.norm(model.fit(source[agreeing], target[agreeing]).apply(source) - target, axis=1)
        if np.array_equal(off <= tolerance_m, agreeing):
            return agreeing
        agreeing = off <= tolerance_m
    return agreeing


def _proposals(count: int, least: int) -> Iterator[list[int]]:
    if math.comb(count, least) <= _MOST_PROPOSALS:
        yield from (list(subset) for subset in itertools.combinations(range(count), least))
        return
    random = np.random.default_rng(count)
    for _ in range(_MOST_PROPOSALS):
        yield [int(index) for index in random.choice(count, least, replace=False)]


def _spread(source: Points, target: Points, extent: float, model: _Model) -> bool:
    """Whether a smallest subset is wide enough to propose anything for the whole extent."""
    values = np.linalg.svd(target - target.mean(axis=0), compute_uv=False)
    width = values[0] if model.least == 2 else values[1]
    return bool(width > _FLAT * extent) and _flatness(source, model) > 0.0


def _left_out(source: Points, target: Points, model: _Model) -> float:
    """Root mean square distance (m, 2D) of each point from the fit that all the others make."""
    squares = []
    for index in range(len(source)):
        others = np.arange(len(source)) != index
        if _flatness(source[others], model) < _FLAT:
            continue
        there = model.fit(source[others], target[others]).apply(source[index : index + 1])
        squares.append(float(((there - target[index]) ** 2).sum()))
    return math.sqrt(sum(squares) / len(squares)) if squares else math.nan
