"""The networks of a made-up city: mains in the streets, services to the doors, cut where a network is cut.

Water and gas are meshed; power and telecom are trees of small zones, sewers are trees that fall to a
collector. Every utility lies at its own distance from the street's axis and ends at the same doors as the
others.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Final

import numpy as np
import numpy.typing as npt
import shapely

from bench.city_ground import Floats, Ground, Indexes, Shapes, as_lines, as_points

END, TAP, VALVE, FITTING, SHAPE = range(5)
ACCURACY_M: Final = (0.1, 0.3, 1.0, 2.0)
_ACCURACY_SHARE: Final = (0.15, 0.25, 0.4, 0.2)
_SHAPE_EVERY_M: Final = 50.0
_DOOR_SPREAD_M: Final = 0.4


@dataclass(frozen=True, slots=True)
class Trade:
    """How a utility builds: distance from the street's axis, cover (mean, spread), diameters, materials."""

    name: str
    prefix: str
    offset_m: float
    cover_m: tuple[float, float]
    mains_mm: tuple[int, ...]
    service_mm: int
    materials: tuple[str, ...]
    service_material: str
    layout: str  # "mesh", "zones" or "fall"
    zone: tuple[int, int] = (1, 1)
    valves: float = 0.0  # per street edge
    fittings: float = 0.0  # per street edge: hydrants, manholes, chambers
    fitting: str = ""
    source: str = ""
    junction: str = "junction"


TRADES: Final = (
    Trade("water", "W", 1.8, (1.2, 0.1), (110, 160, 200, 315), 32, ("PE", "GG", "AC"), "PE", "mesh",
          valves=1.0, fittings=0.0, fitting="hydrant", source="reservoir"),
    Trade("gas", "G", -1.6, (0.9, 0.08), (63, 90, 125, 180), 25, ("PE80", "PE100", "ST"), "PE80", "mesh",
          valves=1.0, fitting="siphon", source="source"),
    Trade("power_lv", "E", 3.0, (0.8, 0.06), (45,), 25, ("NYY 4x95", "NYY 4x70"), "NYY 4x16", "zones", (4, 3),
          source="transformer_lv_bus", junction="node"),
    Trade("sewer", "K", 0.0, (1.3, 0.0), (200, 250, 315, 400), 160, ("PE", "GRP", "CON"), "PVC", "fall",
          (6, 10**6), fitting="manhole", source="outlet", junction="manhole"),
    Trade("telecom", "T", -3.1, (0.7, 0.05), (110,), 20, ("HDPE duct",), "HDPE duct", "zones", (8, 6),
          fitting="chamber", source="exchange", junction="chamber"),
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Edges:
    """Street edges with a main: node numbers and plan coordinates of both ends, and along which axis."""

    a: Indexes
    b: Indexes
    ax: Floats
    ay: Floats
    bx: Floats
    by: Floats
    street: Indexes  # street row of a horizontal edge, -1 of a vertical one
    column: Indexes

    @property
    def length(self) -> Floats:
        return np.abs(self.bx - self.ax) + np.abs(self.by - self.ay)


@dataclass(slots=True)
class Nodes:
    """Nodes on the plan, numbered in the order in which they are added."""

    x: list[Floats] = field(default_factory=list)
    y: list[Floats] = field(default_factory=list)
    kind: list[npt.NDArray[np.object_]] = field(default_factory=list)
    count: int = 0

    def add(self, x: Floats, y: Floats, kind: str) -> Indexes:
        self.x.append(x)
        self.y.append(y)
        self.kind.append(np.full(len(x), kind, dtype=object))
        numbers = np.arange(self.count, self.count + len(x))
        self.count += len(x)
        return numbers


@dataclass(frozen=True, slots=True)
class Network:
    """One utility's network in the city; numbers are positions in these arrays, -1 is none."""

    trade: Trade
    lines: Shapes
    is_service: npt.NDArray[np.bool_]
    from_node: Indexes
    to_node: Indexes
    main: Indexes  # the main that a service leaves
    building: Indexes
    diameter_mm: Indexes
    material: npt.NDArray[np.object_]
    cover_m: Floats
    accuracy_m: Floats
    year: Indexes
    node_points: Shapes
    node_kind: npt.NDArray[np.object_]
    node_cover_m: Floats
    operable: npt.NDArray[np.bool_]


def lay(ground: Ground, trade: Trade, services: int, split: bool, sources: int, with_z: bool) -> Network:
    """The network of a trade with so many services; `split` cuts mains at every tap as well."""
    random = np.random.default_rng([ground.plan.seed, 2, ord(trade.prefix)])
    nodes = Nodes()
    edges = street_edges(ground, trade, nodes)
    _sources(random, trade, nodes, sources)
    building = np.sort(random.permutation(len(ground.buildings.parcel))[:services])
    edge, t, kind, node = _points_on_mains(ground, trade, random, edges, nodes, building)
    order = np.lexsort((t, edge))
    edge, t, kind, node = edge[order], t[order], kind[order], node[order]
    cut = (kind != SHAPE) & ((kind != TAP) | split)
    first = np.flatnonzero(edge[:-1] == edge[1:])
    segment = np.cumsum(cut[first]) - 1
    x, y = _along(edges, edge, t)
    mains, owner = _strings(first, segment, cut)
    main_lines = as_lines(ground.bent(x[mains], y[mains]), owner)
    starts, ends = first[cut[first]], first[cut[first + 1]] + 1
    taps = np.flatnonzero(kind == TAP)
    place = np.full(len(edge), -1)
    place[first] = segment
    which = np.argsort(node[taps])
    tap_main, tap_node = place[taps][which], node[taps][which]
    b = ground.buildings
    end_x = _inside(
        b.door_x[building] + random.normal(0.0, _DOOR_SPREAD_M, services), b.x0[building], b.x1[building]
    )
    door = nodes.add(end_x, b.wall_y[building], "service_end")
    node_x, node_y = np.concatenate(nodes.x), np.concatenate(nodes.y)
    ends_xy = np.stack(
        (ground.bent(node_x[tap_node], node_y[tap_node]), ground.bent(end_x, b.wall_y[building])), axis=1
    )
    lines = np.concatenate((main_lines, as_lines(ends_xy)))
    main_edge = edge[starts]
    cover = _covers(ground, trade, random, edges, main_edge, tap_main)
    count = len(main_lines)
    year = random.integers(1975, 2024, len(edges.a))[main_edge]
    points = as_points(ground.bent(node_x, node_y))
    node_cover = np.round(random.normal(trade.cover_m[0], trade.cover_m[1], nodes.count), 2)
    return Network(
        trade=trade,
        lines=_with_depth(lines, cover) if with_z else lines,
        is_service=np.arange(len(lines)) >= count,
        from_node=np.r_[node[starts], tap_node],
        to_node=np.r_[node[ends], door],
        main=np.r_[np.full(count, -1), tap_main],
        building=np.r_[np.full(count, -1), building],
        diameter_mm=np.r_[_diameters(ground, trade, edges)[main_edge], np.full(services, trade.service_mm)],
        material=np.r_[_choice(random, trade.materials, len(edges.a))[main_edge],
                       np.full(services, trade.service_material, dtype=object)],
        cover_m=cover,
        accuracy_m=_accuracies(random, len(edges.a), main_edge, tap_main),
        year=np.r_[year, np.maximum(year[tap_main], random.integers(1985, 2026, services))],
        node_points=points,
        node_kind=np.concatenate(nodes.kind),
        node_cover_m=node_cover,
        operable=random.random(nodes.count) < 0.93,
    )  # fmt: skip


def street_edges(ground: Ground, trade: Trade, nodes: Nodes) -> Edges:
    """The street edges that the main runs in, with their end nodes; trees leave some out or end short."""
    x, y = ground.street_x + trade.offset_m, ground.street_y + trade.offset_m
    across, up = len(x), len(y)
    i, j = (part.ravel() for part in np.meshgrid(np.arange(across), np.arange(up)))
    numbers = nodes.add(x[i], y[j], trade.junction).reshape(up, across)
    hi, hj = (part.ravel() for part in np.meshgrid(np.arange(across - 1), np.arange(up)))
    vi, vj = (part.ravel() for part in np.meshgrid(np.arange(across), np.arange(up - 1)))
    if trade.layout != "mesh":
        keep = _in_tree(trade, vi, vj, across)
        vi, vj = vi[keep], vj[keep]
    # Trees are drawn from the outside in, as sewage runs: from the higher number to the lower.
    a, b = numbers[hj, hi + 1].copy(), numbers[hj, hi]
    start = x[hi + 1].copy()
    if trade.layout != "mesh":
        border = (hi + 1) % trade.zone[0] == 0
        start[border] -= 2.0
        a[border] = nodes.add(start[border], y[hj[border]], "manhole" if trade.layout == "fall" else "end")
    return Edges(
        a=np.r_[a, numbers[vj + 1, vi]],
        b=np.r_[b, numbers[vj, vi]],
        ax=np.r_[start, x[vi]],
        ay=np.r_[y[hj], y[vj + 1]],
        bx=np.r_[x[hi], x[vi]],
        by=np.r_[y[hj], y[vj]],
        street=np.r_[hj, np.full(len(vi), -1)],
        column=np.r_[hi, vi],
    )


def _in_tree(trade: Trade, vi: Indexes, vj: Indexes, across: int) -> npt.NDArray[np.bool_]:
    """Vertical edges of the zone's feeder column, within the zone."""
    wide, high = trade.zone
    start = vi // wide * wide
    feeder = start if trade.layout == "fall" else np.minimum(start + wide // 2, across - 1)
    within: npt.NDArray[np.bool_] = (vi == feeder) & (vj // high == (vj + 1) // high)
    return within


def _sources(random: np.random.Generator, trade: Trade, nodes: Nodes, count: int) -> None:
    """Some junctions become sources: anywhere in a mesh, at the zones' feet in a tree."""
    kind, x, y = nodes.kind[0], nodes.x[0], nodes.y[0]
    if trade.layout == "mesh":
        kind[random.permutation(len(kind))[:count]] = trade.source
        return
    column = np.searchsorted(np.unique(x), x)
    row = np.searchsorted(np.unique(y), y)
    wide, high = trade.zone
    foot = column // wide * wide
    if trade.layout != "fall":
        foot = np.minimum(foot + wide // 2, column.max())
    kind[(column == foot) & (row % high == 0)] = trade.source


def _points_on_mains(
    ground: Ground, trade: Trade, random: np.random.Generator, edges: Edges, nodes: Nodes, building: Indexes
) -> tuple[Indexes, Floats, Indexes, Indexes]:
    """Everything that a main passes: (edge, distance from its start, kind, node number or -1)."""
    count, length = len(edges.a), edges.length
    every = np.arange(count)
    taps = _taps(ground, trade, random, edges, building)
    valves = _spots(random, every, trade.valves, np.where(every % 2 == 0, 6.0, length - 6.0))
    fittings = _spots(random, every, trade.fittings, length * random.uniform(0.45, 0.55, count))
    pieces = np.maximum(1, np.ceil(length / _SHAPE_EVERY_M)).astype(np.int64)
    bends = np.repeat(every, pieces - 1)
    nth = np.arange(len(bends)) - np.repeat(np.cumsum(pieces - 1) - (pieces - 1), pieces - 1) + 1
    bend_t = length[bends] * nth / pieces[bends] + 0.137
    parts = [
        (every, np.zeros(count), END, edges.a),
        (every, length, END, edges.b),
        (bends, bend_t, SHAPE, np.full(len(bends), -1)),
    ]
    for (edge, t), kind, name in (
        (taps, TAP, "tap"),
        (valves, VALVE, "valve"),
        (fittings, FITTING, trade.fitting),
    ):
        x, y = _along(edges, edge, t)
        parts.append((edge, t, kind, nodes.add(x, y, name)))
    return (
        np.concatenate([edge for edge, _, _, _ in parts]),
        np.concatenate([t for _, t, _, _ in parts]),
        np.concatenate([np.full(len(edge), kind) for edge, _, kind, _ in parts]),
        np.concatenate([node for _, _, _, node in parts]),
    )


def _taps(
    ground: Ground, trade: Trade, random: np.random.Generator, edges: Edges, building: Indexes
) -> tuple[Indexes, Floats]:
    b = ground.buildings
    lookup = np.full((len(ground.street_y), len(ground.street_x)), -1)
    flat = edges.street >= 0
    lookup[edges.street[flat], edges.column[flat]] = np.flatnonzero(flat)
    edge = lookup[b.street[building], b.column[building]]
    x = b.door_x[building] + random.normal(0.0, 0.3, len(building))
    # Never at a valve, where a main has other things to do, and never two at one place.
    return edge, _apart(edge, np.clip(np.abs(x - edges.ax[edge]), 7.0, edges.length[edge] - 7.0))


def _apart(edge: Indexes, t: Floats) -> Floats:
    """Distances along the edges, pushed on so that two on one edge are at least 2 cm apart."""
    order = np.lexsort((t, edge))
    rank = 0.02 * np.arange(len(t))
    base = 1e4 * edge[order]
    pushed = np.empty_like(t)
    pushed[order] = np.maximum.accumulate(base + t[order] - rank) - base + rank
    return pushed


def _spots(
    random: np.random.Generator, every: Indexes, per_edge: float, at: Floats
) -> tuple[Indexes, Floats]:
    chosen = every[random.permutation(len(every))[: round(min(per_edge, 1.0) * len(every))]]
    edge = np.sort(chosen)
    return edge, at[edge]


def _along(edges: Edges, edge: Indexes, t: Floats) -> tuple[Floats, Floats]:
    part = t / edges.length[edge]
    x = edges.ax[edge] + part * (edges.bx - edges.ax)[edge]
    y = edges.ay[edge] + part * (edges.by - edges.ay)[edge]
    return x, y


def _strings(first: Indexes, segment: Indexes, cut: npt.NDArray[np.bool_]) -> tuple[Indexes, Indexes]:
    """Every segment's vertices in order: (vertex, segment); a cut vertex ends one and begins the next."""
    begins = cut[first]
    vertex = np.r_[first[begins], first + 1]
    owner = np.r_[segment[begins], segment]
    order = np.lexsort((vertex, owner))
    return vertex[order], owner[order]


def _covers(
    ground: Ground,
    trade: Trade,
    random: np.random.Generator,
    edges: Edges,
    main_edge: Indexes,
    tap_main: Indexes,
) -> Floats:
    mean, spread = trade.cover_m
    if trade.layout == "fall":
        run = trade.zone[0] * 150.0 - (edges.ax % (trade.zone[0] * 150.0))
        deep = mean + 0.0035 * np.where(edges.street >= 0, run, 600.0 + ground.street_y[-1] - edges.ay)
        mains = np.minimum(deep, 6.0)[main_edge]
    else:
        mains = np.clip(random.normal(mean, spread, len(edges.a)), mean - 2.5 * spread, mean + 2.5 * spread)[
            main_edge
        ]
    services = np.maximum(
        0.4, np.minimum(mains[tap_main], mean) - 0.1 + random.uniform(-0.1, 0.1, len(tap_main))
    )
    both: Floats = np.concatenate((mains, services)).round(2)
    return both


def _diameters(ground: Ground, trade: Trade, edges: Edges) -> Indexes:
    """The wider the street, the wider the main."""
    rank = {"residential": 0, "secondary": 1, "primary": 2}
    by_row = np.array([rank[kind] for kind in ground.kind_y])
    by_column = np.array([rank[kind] for kind in ground.kind_x])
    level = np.where(
        edges.street >= 0, by_row[edges.street], by_column[np.minimum(edges.column, len(by_column) - 1)]
    )
    sizes = np.array(trade.mains_mm)
    chosen: Indexes = sizes[np.minimum(level, len(sizes) - 1)]
    return chosen


def _accuracies(random: np.random.Generator, edges: int, main_edge: Indexes, tap_main: Indexes) -> Floats:
    mains = random.choice(ACCURACY_M, edges, p=_ACCURACY_SHARE)[main_edge]
    both: Floats = np.r_[mains, mains[tap_main]]
    return both


def _choice(random: np.random.Generator, words: tuple[str, ...], count: int) -> npt.NDArray[np.object_]:
    return np.array(words, dtype=object)[random.integers(0, len(words), count)]


def _inside(x: Floats, low: Floats, high: Floats) -> Floats:
    return np.minimum(np.maximum(x, low + 0.3), high - 0.3)


def _with_depth(lines: Shapes, cover_m: Floats) -> Shapes:
    """Lines with z = minus cover: below the ground, not above the sea."""
    xy, line = shapely.get_coordinates(lines, return_index=True)
    return as_lines(np.column_stack((xy, -cover_m[line])), line)
