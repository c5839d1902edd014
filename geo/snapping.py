"""The repair of a network's gaps by logged snaps, and how far a network can be trusted to be one.

Delivered lines are rarely a routable network: of one published low-pressure gas layer 52 % of the length
hangs together by equal end points, 93 % once ends within 0.2 m of another end or line count as joined. So the
joins are assumed, but openly: each snap is listed with its distance, can be dropped again
(`Network.without_snaps`), and `connectivity` says how much of the network rests on them.

All coordinates and distances are metres in the city CRS.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Final

import numpy as np
import numpy.typing as npt
import shapely
from scipy.spatial import cKDTree

from geo.network import (
    NOWHERE,
    Indices,
    Metres,
    Network,
    NetworkError,
    Snap,
    SnapKind,
)
from geo.zones import joins_of


class NoShapes(NetworkError):
    """The links carry no geometry, so no end can be compared with another; `links` have none."""

    code = "network-no-shapes"


@dataclass(frozen=True, slots=True)
class Connectivity:
    """How far a network can be trusted to be one: shares are of 1.

    `largest_share`: length in the largest connected part; `supplied_share`: length in parts that hold a
    source; `snapped_share`: joins that were assumed; `widest_snap_m`: the longest gap among them (0: none).
    """

    parts: int
    length_m: float
    largest_share: float
    supplied_share: float
    joins: int
    snapped: int
    widest_snap_m: float

    @property
    def snapped_share(self) -> float:
        """Assumed joins among all joins; 0 when nothing joins."""
        return self.snapped / self.joins if self.joins else 0.0


@dataclass(frozen=True, slots=True, eq=False)
class Among:
    """Ends (their nodes) that are looked at for lines beside them, and the links that may be beside them."""

    nodes: Indices
    links: Indices


def snapped(network: Network, tolerance_m: float, among: Among | None = None) -> Network:
    """The network with every end within `tolerance_m` metres of another end or line taken as joined to it.

    An end joins the ends near it, and the one nearest line when that is nearer still. Two ends of one link,
    and two full nodes that already meet at a neighbour (the pieces around a valve), are never joined: that
    would bypass what stands between them. With `among`, only its ends are joined to lines, and only to its links.
    Raises `NoShapes`.
    """
    links = np.arange(network.link_count, dtype=np.int32) if among is None else among.links
    every = network.link_shapes if among is None else [network.link_shapes[k] for k in links.tolist()]
    bare = sum(shape is None for shape in every)
    if bare:
        raise NoShapes(links=bare)
    if not network.link_count:
        return network
    ends = _End.of(network)
    joined = _end_snaps(ends, network, tolerance_m)
    if among is not None:
        ends = ends.only(among.nodes)
    nearest: dict[int, float] = {}
    for snap in joined:
        for node in (snap.node, snap.other_node):
            nearest[node] = min(snap.distance_m, nearest.get(node, snap.distance_m))
    onto = [
        snap
        for snap in _line_snaps(ends, network, tolerance_m, (links, np.array(every, dtype=object)))
        if snap.distance_m < nearest.get(snap.node, float("inf"))
    ]
    return replace(network, snaps=(*(s for s in network.snaps if not s.is_join), *joined, *onto))


def connectivity(network: Network) -> Connectivity:
    """How much of the network hangs together, and how many joins were assumed; every valve counts as open."""
    labels = parts_of(network)
    count = network.node_count
    lengths = network.link_length_m if network.link_length_m.sum() > 0 else np.ones(network.link_count)
    by_part = np.bincount(labels[count:], weights=lengths, minlength=1)
    fed = np.unique(labels[network.source_node])
    total = float(lengths.sum()) or 1.0
    ends = np.concatenate([network.link_start, network.link_end])
    at_node = np.bincount(ends[ends != NOWHERE], minlength=1)
    snaps = [snap for snap in network.snaps if snap.is_join]
    return Connectivity(
        parts=len(np.unique(labels[count:])),
        length_m=float(network.link_length_m.sum()),
        largest_share=float(by_part.max()) / total,
        supplied_share=float(by_part[fed[fed < len(by_part)]].sum()) / total,
        joins=int(np.maximum(at_node - 1, 0).sum()) + len(network.tap_node) + len(snaps),
        snapped=len(snaps),
        widest_snap_m=max((snap.distance_m for snap in snaps), default=0.0),
    )


def parts_of(network: Network) -> Indices:
    """The connected part of each node and then each link, with every valve open; numbers carry no meaning."""
    from geo.zone_kernels import components

    labels: Indices = components(network.node_count + network.link_count, *joins_of(network))[0]
    return labels


# --- joining ends -----------------------------------------------------------------------------------------

_TOUCHING: Final = 1e-12


@dataclass(frozen=True, slots=True)
class _End:
    """Where links end: node, x, y; and, as compressed rows, the nodes each node is one link away from."""

    node: Indices
    xy: npt.NDArray[np.float64]
    start: npt.NDArray[np.int64]
    target: Indices

    @classmethod
    def of(cls, network: Network) -> _End:
        """The ends by geometry; a node without a place takes the place of the first end there."""
        from geo.kernels import adjacency

        xy = network.node_xy.copy()
        ends = np.concatenate([network.link_start, network.link_end])
        # all ends in the order of the links: of several that could place a node, the first does
        order = np.arange(len(ends)).reshape(2, -1).T.ravel()
        order = order[ends[order] != NOWHERE]
        used, first = np.unique(ends[order], return_index=True)
        bare = np.isnan(xy[used, 0])
        if bare.any():
            shapes = np.array(network.link_shapes, dtype=object)
            tips = shapely.get_coordinates([*shapely.get_point(shapes, 0), *shapely.get_point(shapes, -1)])
            xy[used[bare]] = tips[order[first[bare]]]
        whole = (network.link_start != NOWHERE) & (network.link_end != NOWHERE)
        a, b = network.link_start[whole], network.link_end[whole]
        start, target, _, _ = adjacency(network.node_count, a, b, a)
        used = used.astype(np.int32)
        return cls(used, xy[used], start, target)

    def only(self, nodes: Indices) -> _End:
        """Some of them."""
        kept = np.isin(self.node, nodes)
        return replace(self, node=self.node[kept], xy=self.xy[kept])

    def beside(self, node: int) -> set[int]:
        """The nodes one link away."""
        return set(self.target[self.start[node] : self.start[node + 1]].tolist())


def _dots(xy: Metres) -> npt.NDArray[np.object_]:
    made: npt.NDArray[np.object_] = shapely.points(xy.reshape(-1, 2))  # type: ignore[assignment]
    return made


def _end_snaps(ends: _End, network: Network, tolerance_m: float) -> list[Snap]:
    pairs = cKDTree(ends.xy).query_pairs(max(tolerance_m, _TOUCHING), output_type="ndarray")
    degree = np.bincount(
        np.concatenate([network.link_start, network.link_end, network.tap_node]) + 1,
        minlength=network.node_count + 1,
    )[1:]
    snaps = []
    for i, j in sorted(map(tuple, pairs.tolist())):
        a, b = int(ends.node[i]), int(ends.node[j])
        if _bypasses(ends, degree, a, b):
            continue
        apart = float(np.hypot(*(ends.xy[i] - ends.xy[j])))
        x, y = ((ends.xy[i] + ends.xy[j]) / 2).tolist()
        snaps.append(Snap(SnapKind.END_TO_END, network.node_ids[a], network.node_ids[b], apart, x, y, a, b))
    return snaps


def _bypasses(ends: _End, degree: npt.NDArray[np.int64], a: int, b: int) -> bool:
    near_a = ends.beside(a)
    full = degree[a] > 1 and degree[b] > 1
    return b in near_a or (full and bool(near_a & ends.beside(b)))


def _line_snaps(
    ends: _End,
    network: Network,
    tolerance_m: float,
    lines: tuple[Indices, npt.NDArray[np.object_]],
) -> list[Snap]:
    links, shapes = lines
    dots = _dots(ends.xy)
    end, at = shapely.STRtree(shapes).query(dots, predicate="dwithin", distance=max(tolerance_m, _TOUCHING))
    node, link = ends.node[end], links[at]
    stride = np.int64(max(network.link_count, 1))
    tapped = network.tap_node.astype(np.int64) * stride + network.tap_link
    own = (network.link_start[link] == node) | (network.link_end[link] == node)
    known = np.isin(node.astype(np.int64) * stride + link, tapped)
    end, at = end[~own & ~known], at[~own & ~known]
    # an end near the other line's end is an end-to-end matter
    first_tip = shapely.distance(dots[end], shapely.get_point(shapes[at], 0))
    tips = np.minimum(first_tip, shapely.distance(dots[end], shapely.get_point(shapes[at], -1)))
    end, at = end[tips > tolerance_m], at[tips > tolerance_m]
    apart = shapely.distance(dots[end], shapes[at])
    order = np.lexsort((_ranks(network, links[at]), apart, end))
    first = order[np.unique(end[order], return_index=True)[1]]
    return [
        Snap(
            SnapKind.END_TO_LINE,
            network.node_ids[ends.node[end[k]]],
            network.link_ids[links[at[k]]],
            float(apart[k]),
            float(ends.xy[end[k], 0]),
            float(ends.xy[end[k], 1]),
            int(ends.node[end[k]]),
            other_link=int(links[at[k]]),
        )
        for k in first
    ]


def _ranks(network: Network, links: Indices) -> npt.NDArray[np.intp]:
    """Where each link comes by its id: ties go by id, not by the order of delivery."""
    found, back = np.unique(links, return_inverse=True)
    names = np.array([network.link_ids[k] for k in found.tolist()], dtype=object)
    made: npt.NDArray[np.intp] = np.argsort(np.argsort(names, kind="stable"))[back]
    return made
