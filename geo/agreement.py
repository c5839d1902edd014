"""Do two layers agree? Buildings with parcels, service ends with buildings, a delivery with the last one.

Two sets of points that should coincide (anchors) are laid upon each other. The answer is one of three: they
agree within so many metres; the delivered one is off by a shift, perhaps with a rotation and a scale, and
looks like a known misreading where the evidence parts it from all others; or they do not match, and nothing
is claimed. What is missing on one side or spurious on the other pulls at nothing.

How: `geo.agreement_search` proposes, `geo.agreement_fit` refines and weighs, `geo.agreement_signatures`
names.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Final

import numpy as np
import numpy.typing as npt
import shapely
from shapely.geometry.base import BaseGeometry

from geo.agreement_fit import BIAS, SIGNIFICANT, Cloud, Fit, refine
from geo.agreement_readings import Reading, overlaps, readings
from geo.agreement_search import proposals
from geo.agreement_signatures import Signature, looks_like
from geo.errors import PanjerehError, Param
from geo.planar import Points, Similarity
from geo.shapes import Bounds

# Fewer anchors than this say nothing either way.
LEAST_ANCHORS: Final = 30
# A shift that neither a digger nor a dispute would notice; below it, layers agree.
TOLERANCE_M: Final = 0.3
# The widest datum misreading in use here moves a layer by 520 m.
SEARCH_RADIUS_M: Final = 600.0
# An answer that cannot promise this much is no answer.
_LEAST_PROMISE_M: Final = 2.0
_LEAST_SHARE: Final = 0.20
_LEAST_EXCESS: Final = 0.12
_LEAST_PARTNERS: Final = 20
# Evenly spread over the reach, a quarter of the partners would lie in its inner half: a ring, not a heap.
_LEAST_CROWDING: Final = 0.3
_MOST_RIVAL: Final = 0.65
# So clear a fit ends the search for others.
_CLEAR_EXCESS: Final = 0.5
_CLEAR_RIVAL: Final = 0.5


class AnchorsInvalid(PanjerehError):
    """The anchors cannot be compared: they must be rows of two finite numbers."""

    code = "anchors-invalid"


class AgreementVerdict(StrEnum):
    """What is known about two layers that should coincide."""

    AGREES = "agrees"
    OFF = "off"
    NO_MATCH = "no-match"


class NoMatchReason(StrEnum):
    """Why nothing is claimed."""

    TOO_FEW_ANCHORS = "too-few-anchors"
    ELSEWHERE = "elsewhere"  # the layers do not lie at the same place, however they are read
    NOTHING_IN_COMMON = "nothing-in-common"  # no movement brings more points together than chance does
    AMBIGUOUS = "ambiguous"  # several movements do so equally well, as on a regular lattice
    TOO_UNCERTAIN = "too-uncertain"  # a movement was found, but not well enough to promise anything


@dataclass(frozen=True, slots=True)
class Agreement:
    """The answer, with its evidence. Lengths in metres in the city's CRS.

    `offset_m` is delivered minus reference, east and north, in the middle of the delivered anchors;
    `correction` moves the delivered layer onto the reference (after `reading` has been undone) and can be
    taken back by its `inverse()`. `within_m` is what 95 of 100 places of the layer are off by at most, two
    standard errors included. `rotation_deg` and `scale_ppm` are the correction's; they are zero unless they
    stand out from their errors. `inlier_share` is the part of the smaller set that found its partner,
    `chance_share` what chance would have found.
    """

    verdict: AgreementVerdict
    reason: NoMatchReason | None
    anchors: tuple[int, int]
    reading: Reading = Reading.AS_DELIVERED
    reading_detail: str = ""
    correction: Similarity | None = None
    offset_m: tuple[float, float] = (0.0, 0.0)
    offset_se_m: tuple[float, float] = (math.nan, math.nan)
    rotation_deg: float = 0.0
    rotation_se_deg: float = math.nan
    scale_ppm: float = 0.0
    scale_se_ppm: float = math.nan
    within_m: float = math.nan
    partners: int = 0
    inlier_share: float = 0.0
    chance_share: float = 0.0
    rival: float = 0.0
    residual_rms_m: float = math.nan
    residual_p95_m: float = math.nan
    signatures: tuple[Signature, ...] = ()

    @property
    def code(self) -> str:
        """The slug of the sentence to be shown: `agreement-agrees`, `agreement-off`, `agreement-no-match`."""
        return f"agreement-{self.verdict.value}"

    @property
    def params(self) -> dict[str, Param]:
        """The values of that sentence, rounded to what the evidence carries."""
        return {
            "within_m": _ceiled(self.within_m),
            "dx_m": round(self.offset_m[0], 2),
            "dy_m": round(self.offset_m[1], 2),
            "rotation_deg": round(self.rotation_deg, 4),
            "scale_ppm": round(self.scale_ppm),
            "inlier_share": round(self.inlier_share, 2),
            "partners": self.partners,
            "reason": self.reason.value if self.reason else None,
            "reading": self.reading.value,
            "looks_like": [f"{known.source_name} ({known.operation})" for known in self.signatures],
        }


def compare(
    delivered: Points,
    reference: Points,
    city_code: str,
    tolerance_m: float = TOLERANCE_M,
    radius_m: float = SEARCH_RADIUS_M,
    usual_m: tuple[float, float] = (0.0, 0.0),
) -> Agreement:
    """Whether the delivered anchors lie on the reference ones; both (n, 2), metres in the city's CRS as read.

    `usual_m` is what the two kinds of anchors are apart (east, north) when all is well, as accepted
    deliveries show it: building centroids stand north of their parcels' where yards lie to the south.

    Raises `AnchorsInvalid`. The city's CRS is needed to name datum misreadings, never to move anything.

    >>> random = np.random.default_rng(7)
    >>> doors = np.array([278_000.0, 3_467_000.0]) + random.uniform(0.0, 900.0, (400, 2))
    >>> answer = compare(doors[:350] + (1.5, -0.8) + random.normal(0.0, 0.3, (350, 2)), doors, "EPSG:32639")
    >>> answer.verdict.value, [round(v, 1) for v in answer.offset_m], answer.signatures
    ('off', [1.5, -0.8], ())
    """
    moving, fixed = _checked(delivered), _checked(reference + np.asarray(usual_m))
    counts = (len(moving), len(fixed))
    if min(counts) < LEAST_ANCHORS:
        return Agreement(AgreementVerdict.NO_MATCH, NoMatchReason.TOO_FEW_ANCHORS, counts)
    fixed = _distinct(fixed)
    answer = _laid(_distinct(moving), fixed, city_code, tolerance_m, radius_m)
    if answer.verdict is not AgreementVerdict.NO_MATCH:
        return answer
    for reading, detail, moved in readings(moving, fixed, city_code):
        again = _laid(_distinct(moved), fixed, city_code, tolerance_m, radius_m)
        if again.verdict is not AgreementVerdict.NO_MATCH:
            return _reread(again, reading, detail)
    return answer


def centroids(shapes: Sequence[BaseGeometry] | npt.NDArray[np.object_]) -> Points:
    """The centroids of the shapes as (n, 2) anchors; empty shapes are left out."""
    return _coordinates(shapely.centroid(np.asarray(shapes, dtype=object)))


def corners(shapes: Sequence[BaseGeometry] | npt.NDArray[np.object_], least_turn_deg: float = 30.0) -> Points:
    """The corners of polygons as anchors: better than centroids where buildings stand on their parcel's edge.

    A vertex is a corner when the outline turns there by at least `least_turn_deg`.
    """
    rings = shapely.get_exterior_ring(shapely.get_parts(np.asarray(shapes, dtype=object)))
    rings = rings[~(shapely.is_missing(rings) | shapely.is_empty(rings))]
    xy, ring = shapely.get_coordinates(rings, return_index=True)
    first = np.r_[True, ring[1:] != ring[:-1]]
    last = np.r_[ring[1:] != ring[:-1], True]
    before, after = np.roll(xy, 1, axis=0), np.roll(xy, -1, axis=0)
    before[first] = xy[np.flatnonzero(last) - 1]  # a ring's last vertex repeats its first
    into, out = xy - before, after - xy
    cross = into[:, 0] * out[:, 1] - into[:, 1] * out[:, 0]
    turn = np.degrees(np.abs(np.arctan2(cross, (into * out).sum(axis=1))))
    return np.unique(np.round(xy[~last & (turn >= least_turn_deg)], 3), axis=0)


def dead_ends(lines: Sequence[BaseGeometry] | npt.NDArray[np.object_], snap_m: float = 0.01) -> Points:
    """The ends of lines that no other line touches: the doors that a network serves, as anchors."""
    parts = shapely.get_parts(np.asarray(lines, dtype=object))
    parts = parts[~(shapely.is_missing(parts) | shapely.is_empty(parts))]
    ends = np.concatenate((shapely.get_point(parts, 0), shapely.get_point(parts, -1)))
    # A service leaves its main in mid-span as often as at an end, so whole lines are asked, not ends alone.
    touched, _ = shapely.STRtree(parts).query(ends, predicate="dwithin", distance=snap_m)
    return _coordinates(ends[np.bincount(touched, minlength=len(ends)) == 1])


def _coordinates(points: npt.NDArray[np.object_]) -> Points:
    return np.asarray(shapely.get_coordinates(points[~shapely.is_empty(points)]), dtype=np.float64)


def _checked(points: Points) -> Points:
    xy = np.asarray(points, dtype=np.float64)
    if xy.ndim != 2 or xy.shape[1] != 2 or not np.isfinite(xy).all():
        raise AnchorsInvalid(shape=str(xy.shape), hint="check-the-geometry")
    return xy


def _distinct(points_m: Points) -> Points:
    """The same door twice must not count twice, nor be its own rival."""
    return np.unique(np.round(points_m, 4), axis=0)


def _laid(moving: Points, fixed: Points, city_code: str, tolerance_m: float, radius_m: float) -> Agreement:
    counts = (len(moving), len(fixed))
    if not overlaps(moving, fixed, radius_m):
        return Agreement(AgreementVerdict.NO_MATCH, NoMatchReason.ELSEWHERE, counts)
    fit = _best(moving, fixed, radius_m)
    if fit is None:
        return Agreement(AgreementVerdict.NO_MATCH, NoMatchReason.NOTHING_IN_COMMON, counts)
    return _answer(moving, counts, fit, city_code, tolerance_m)


def _best(moving: Points, fixed: Points, radius_m: float) -> Fit | None:
    mine, theirs = Cloud.of(moving), Cloud.of(fixed)
    best: Fit | None = None
    # The far proposal first: when it is clear, nothing near needs to be looked at.
    for start in proposals(moving, fixed, radius_m):
        fit = refine(mine, theirs, start)
        if fit is None or not _more_than_chance(fit):
            continue
        if best is None or fit.excess > best.excess:
            best = fit
        if fit.excess >= _CLEAR_EXCESS and fit.rival <= _CLEAR_RIVAL:
            break
    return best


def _more_than_chance(fit: Fit) -> bool:
    count = fit.partners / max(fit.share, 1e-9)
    noise = math.sqrt(max(fit.chance * (1.0 - fit.chance), 1e-4) / count)
    return (
        fit.share >= _LEAST_SHARE
        and fit.excess >= max(_LEAST_EXCESS, SIGNIFICANT * noise)
        and fit.partners >= _LEAST_PARTNERS
        and fit.crowding >= _LEAST_CROWDING
    )


def _answer(
    moving: Points, counts: tuple[int, int], fit: Fit, city_code: str, tolerance_m: float
) -> Agreement:
    middle = moving.mean(axis=0)
    movement = fit.movement.about(middle)
    moved = np.linalg.norm(movement.apply(moving) - moving, axis=1)
    typical = float(np.percentile(moved, 95.0))
    error = _edge_error(moving, fit)
    verdict, reason = _verdict(fit, movement, typical, error, tolerance_m)
    residuals = np.linalg.norm(fit.residuals_m, axis=1)
    off = verdict is AgreementVerdict.OFF
    return Agreement(
        verdict=verdict,
        reason=reason,
        anchors=counts,
        correction=None if verdict is AgreementVerdict.NO_MATCH else movement,
        offset_m=(-movement.dx_m, -movement.dy_m),
        offset_se_m=fit.shift_se_m,
        rotation_deg=movement.rotation_deg,
        rotation_se_deg=fit.rotation_se_deg,
        scale_ppm=movement.scale_ppm,
        scale_se_ppm=fit.scale_se * 1e6,
        within_m=typical + 2.0 * error,
        partners=fit.partners,
        inlier_share=fit.share,
        chance_share=fit.chance,
        rival=fit.rival,
        residual_rms_m=float(np.sqrt((residuals**2).mean())),
        residual_p95_m=float(np.percentile(residuals, 95.0)),
        signatures=_named(movement, city_code, moving, error, fit) if off else (),
    )


def _verdict(
    fit: Fit, movement: Similarity, typical: float, error: float, tolerance_m: float
) -> tuple[AgreementVerdict, NoMatchReason | None]:
    if fit.rival > _MOST_RIVAL:
        return AgreementVerdict.NO_MATCH, NoMatchReason.AMBIGUOUS
    shifted = math.hypot(movement.dx_m / fit.shift_se_m[0], movement.dy_m / fit.shift_se_m[1]) > SIGNIFICANT
    # Anchors that are not the same thing (a centroid for a door) have a bias of their own, in proportion.
    noise = BIAS * float(np.sqrt((fit.residuals_m**2).sum(axis=1).mean()))
    if typical > max(tolerance_m, noise) and (shifted or fit.turns or fit.stretches):
        return AgreementVerdict.OFF, None
    if typical + 2.0 * error > max(_LEAST_PROMISE_M, tolerance_m):
        return AgreementVerdict.NO_MATCH, NoMatchReason.TOO_UNCERTAIN
    return AgreementVerdict.AGREES, None


def _edge_error(moving: Points, fit: Fit) -> float:
    """The standard error (m) of the movement at the layer's edge."""
    radius = float(np.percentile(np.linalg.norm(moving - moving.mean(axis=0), axis=1), 95.0))
    turn = math.hypot(math.radians(fit.rotation_se_deg), fit.scale_se) if fit.turns or fit.stretches else 0.0
    return math.hypot(*fit.shift_se_m, radius * turn)


def _reread(answer: Agreement, reading: Reading, detail: str) -> Agreement:
    """The answer to the re-read layer, told of the layer as it was delivered: it is off, whatever is left."""
    return replace(answer, verdict=AgreementVerdict.OFF, reading=reading, reading_detail=detail)


def _named(
    movement: Similarity, city_code: str, moving: Points, error: float, fit: Fit
) -> tuple[Signature, ...]:
    low, high = moving.min(axis=0), moving.max(axis=0)
    box: Bounds = (float(low[0]), float(low[1]), float(high[0]), float(high[1]))
    return looks_like(movement, city_code, box, error, fit.scale_se if fit.stretches else None)


def _ceiled(metres: float) -> float | None:
    """Upward to the centimetre: a promise is not rounded down."""
    return None if math.isnan(metres) else math.ceil(metres * 100.0) / 100.0
