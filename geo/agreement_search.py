"""Where could one set of points lie on another? Proposals from the histogram of their pair vectors.

Every vector from a point of the one set to a near point of the other is counted. Chance spreads these vectors
evenly; a common shift heaps them up. A rotation or a scale smears the heap, so the sets are also looked at
tile by tile, where the smear is small, and the tiles' shifts are put together by a similarity that most of
them agree with (all pairs of tiles are tried: RANSAC without the dice).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt
from scipy.ndimage import gaussian_filter, uniform_filter
from scipy.spatial import KDTree

from geo.planar import Points, Similarity, fit_similarity

# A rotation or scale beyond these is not a shifted map but another drawing.
MOST_ROTATION_DEG: Final = 3.0
MOST_SCALE: Final = 0.005
# Near search: constant offsets between utilities' own layers (a few metres).
NEAR_RADIUS_M: Final = 20.0
NEAR_CELL_M: Final = 0.25
NEAR_SMOOTHING_M: Final = (0.5, 1.0)
# Far search: datum shifts (up to 520 m in Iran) and shifted local grids.
FAR_CELL_M: Final = 2.0
FAR_SMOOTHING_M: Final = (2.0, 5.0)
TILE_ANCHORS: Final = 250
_TILES_ACROSS: Final = 5
_FEW_ACROSS: Final = 3
_ONE_VOICE: Final = 0.7
_PEAKS_PER_TILE: Final = 3
_LEAST_Z: Final = 5.0
_NEAR_SAMPLE: Final = 6_000


@dataclass(frozen=True, slots=True)
class Peak:
    """A heap of pair vectors: the shift it speaks for (m), its height above chance (standard deviations)."""

    dx_m: float
    dy_m: float
    z: float


@dataclass(frozen=True, slots=True)
class Start:
    """A proposal to be refined: a similarity and how far it may still be off (m)."""

    movement: Similarity
    reach_m: float


@dataclass(frozen=True, slots=True)
class _Tile:
    middle: npt.NDArray[np.float64]
    peaks: tuple[Peak, ...]


def proposals(moving: Points, fixed: Points, radius_m: float) -> Iterator[Start]:
    """What could move `moving` onto `fixed` (both (n, 2), metres), one by one, the far proposal first.

    `radius_m` bounds the shift of the far search. Nothing is proposed where no heap stands out from chance.
    """
    far = _far(moving, fixed, radius_m)
    if far is not None:
        yield Start(far, 8.0)
    middle = moving.mean(axis=0)
    for peak in near_peaks(moving, fixed)[:2]:
        yield Start(Similarity(float(middle[0]), float(middle[1]), peak.dx_m, peak.dy_m), 3.0)


def near_peaks(moving: Points, fixed: Points, radius_m: float = NEAR_RADIUS_M) -> tuple[Peak, ...]:
    """The shifts of at most `radius_m` that stand out over all points at once, the strongest first."""
    sample = thinned(moving, _NEAR_SAMPLE)
    vectors = pair_vectors(sample, KDTree(fixed), radius_m)
    return heaps(vectors, radius_m, NEAR_CELL_M, NEAR_SMOOTHING_M, _PEAKS_PER_TILE)


def thinned(points: Points, most: int) -> Points:
    """At most `most` of the points, the same ones every time, spread over the whole."""
    if len(points) <= most:
        return points
    chosen = np.random.default_rng(len(points)).choice(len(points), most, replace=False)
    return points[np.sort(chosen)]


def pair_vectors(moving: Points, fixed: KDTree, radius_m: float) -> Points:
    """Every vector (m) of at most `radius_m` from a moving point to a fixed one."""
    pairs = KDTree(moving).sparse_distance_matrix(fixed, radius_m, output_type="ndarray")
    vectors: Points = fixed.data[pairs["j"]] - moving[pairs["i"]]
    return vectors


def heaps(
    vectors: Points, radius_m: float, cell_m: float, smoothing_m: Sequence[float], most: int
) -> tuple[Peak, ...]:
    """The heaps of pair vectors that stand out from chance, at any of the smoothings, the strongest first."""
    if len(vectors) < 3:
        return ()
    counts = _histogram(vectors, radius_m, cell_m)
    found = [peak for width in smoothing_m for peak in _peaks(counts, radius_m, cell_m, width, most)]
    found.sort(key=lambda peak: -peak.z)
    return tuple(_apart(found, 2.0 * max(smoothing_m)))[:most]


def _histogram(vectors: Points, radius_m: float, cell_m: float) -> npt.NDArray[np.float64]:
    size = 2 * int(np.ceil(radius_m / cell_m)) + 1
    cells = np.rint(vectors / cell_m).astype(np.int64) + size // 2
    flat = np.bincount(cells[:, 0] * size + cells[:, 1], minlength=size * size)
    return flat.reshape(size, size).astype(np.float64)


def _peaks(
    counts: npt.NDArray[np.float64], radius_m: float, cell_m: float, width_m: float, most: int
) -> list[Peak]:
    """Local maxima of the smoothed counts, weighed against the chance level around them."""
    width = width_m / cell_m
    smooth = gaussian_filter(counts, width, mode="constant")
    around = uniform_filter(counts, 2 * int(10 * width) + 1, mode="constant")
    # A Gaussian window over Poisson counts keeps 1 / (4 pi width^2) of their variance; the floor keeps an
    # empty neighbourhood from making a single pair significant.
    floor = max(float(counts.mean()), 0.25 / (4.0 * np.pi * width * width))
    z = (smooth - around) / np.sqrt(np.maximum(around, floor) / (4.0 * np.pi * width * width))
    half, reach = counts.shape[0] // 2, int(2 * width) + 1
    found: list[Peak] = []
    while len(found) < most:
        row, column = divmod(int(z.argmax()), z.shape[1])
        height = float(z[row, column])
        if height <= _LEAST_Z:
            break
        dx = (row - half + _vertex(smooth[:, column], row)) * cell_m
        dy = (column - half + _vertex(smooth[row], column)) * cell_m
        found.append(Peak(dx, dy, height))
        z[max(0, row - reach) : row + reach + 1, max(0, column - reach) : column + reach + 1] = 0.0
    return found


def _vertex(line: npt.NDArray[np.float64], at: int) -> float:
    """The sub-cell offset of the maximum, from the parabola through it and its two neighbours."""
    if not 0 < at < len(line) - 1:
        return 0.0
    left, top, right = line[at - 1], line[at], line[at + 1]
    bend = left - 2.0 * top + right
    return 0.0 if bend == 0.0 else float(0.5 * (left - right) / bend)


def _apart(peaks: list[Peak], distance_m: float) -> list[Peak]:
    kept: list[Peak] = []
    for peak in peaks:
        if all(np.hypot(peak.dx_m - k.dx_m, peak.dy_m - k.dy_m) > distance_m for k in kept):
            kept.append(peak)
    return kept


def _far(moving: Points, fixed: Points, radius_m: float) -> Similarity | None:
    """A few tiles first; more of them where the few do not speak with one voice."""
    most = int(np.clip(np.sqrt(len(moving) / (TILE_ANCHORS / 2)), 1, _TILES_ACROSS))
    found: Similarity | None = None
    for across in sorted({min(most, _FEW_ACROSS), most}):
        tiles = _tiles(moving, fixed, radius_m, across)
        if len(tiles) == 1:
            peak, (x, y) = tiles[0].peaks[0], tiles[0].middle
            found = Similarity(float(x), float(y), peak.dx_m, peak.dy_m)
        elif tiles:
            found, agreeing = _common(tiles)
            if agreeing >= max(3.0, _ONE_VOICE * len(tiles)):
                break
    return found


def _tiles(moving: Points, fixed: Points, radius_m: float, across: int) -> list[_Tile]:
    """Groups of neighbouring points, spread over the whole, each with the shifts that it speaks for."""
    tree, fixed_tree = KDTree(moving), KDTree(fixed)
    made = []
    for middle in _middles(moving, across):
        _, near = tree.query(middle, k=min(TILE_ANCHORS, len(moving)))
        group = moving[near]
        vectors = pair_vectors(group, fixed_tree, radius_m)
        peaks = heaps(vectors, radius_m, FAR_CELL_M, FAR_SMOOTHING_M, _PEAKS_PER_TILE)
        if peaks:
            made.append(_Tile(group.mean(axis=0), peaks))
    return made


def _middles(points: Points, across: int) -> list[npt.NDArray[np.float64]]:
    """The median point of each cell of an `across` by `across` grid that holds a fair share of the points."""
    low, span = points.min(axis=0), np.maximum(np.ptp(points, axis=0), 1e-9)
    cell = np.minimum(((points - low) / span * across).astype(np.int64), across - 1)
    number = cell[:, 0] * across + cell[:, 1]
    fair = 0.2 * len(points) / across**2
    groups = (points[number == index] for index in range(across**2))
    return [np.median(group, axis=0) for group in groups if len(group) and len(group) >= fair]


def _common(tiles: list[_Tile]) -> tuple[Similarity | None, int]:
    """The similarity that most tiles' peaks agree with, and how many do; None when no two tiles do."""
    owner = np.array([index for index, tile in enumerate(tiles) for _ in tile.peaks])
    at = np.array([tile.middle for tile in tiles for _ in tile.peaks])
    shift = np.array([(peak.dx_m, peak.dy_m) for tile in tiles for peak in tile.peaks])
    z = np.array([peak.z for tile in tiles for peak in tile.peaks])
    best, chosen = 0.0, np.zeros(len(at), dtype=bool)
    for movement in _pairwise(owner, at, shift):
        off = np.linalg.norm(movement.apply(at) - at - shift, axis=1)
        near = off <= 2.0 * FAR_SMOOTHING_M[0] + 2.0
        score = float(np.log(z[near]).sum()) if len(np.unique(owner[near])) > 1 else 0.0
        if score > best:
            best, chosen = score, near
    if best == 0.0:
        return None, 0
    agreeing = len(np.unique(owner[chosen]))
    fitted = fit_similarity(at[chosen], at[chosen] + shift[chosen], z[chosen])
    if agreeing < 3 or not plausible(fitted):
        fitted = _shift_only(at[chosen], shift[chosen])
    return fitted, agreeing


def _pairwise(owner: npt.NDArray[np.int64], at: Points, shift: Points) -> list[Similarity]:
    made = [_shift_only(at[k : k + 1], shift[k : k + 1]) for k in range(len(at))]
    for first in range(len(at)):
        for second in range(first + 1, len(at)):
            if owner[first] == owner[second]:
                continue
            pick = [first, second]
            fitted = fit_similarity(at[pick], at[pick] + shift[pick])
            if plausible(fitted):
                made.append(fitted)
    return made


def _shift_only(at: Points, shift: Points) -> Similarity:
    middle, mean = at.mean(axis=0), shift.mean(axis=0)
    return Similarity(float(middle[0]), float(middle[1]), float(mean[0]), float(mean[1]))


def plausible(movement: Similarity) -> bool:
    """Whether the rotation and the scale are those of a shifted map."""
    return abs(movement.rotation_deg) <= MOST_ROTATION_DEG and abs(movement.scale - 1.0) <= MOST_SCALE
