"""Compiled loops over zones: what hangs together, the tree by which supply comes, and what a cut takes from it."""

from __future__ import annotations

from typing import Any

import numpy as np

from geo.kernels import Flags, Ints, Offsets, compiled

# What the walk of `cut_off` has found of a zone.
_SECTION, _DOUBTFUL, _ALIVE = 1, 2, 3


@compiled
def components(size: int, a: Ints, b: Ints) -> tuple[Ints, int]:
    """The connected part of each vertex over the edges (a, b), numbered by first vertex; how many there are."""
    root = np.arange(size).astype(np.int32)
    for k in range(a.size):
        u, v = a[k], b[k]
        while root[u] != u:
            root[u] = root[root[u]]
            u = root[u]
        while root[v] != v:
            root[v] = root[root[v]]
            v = root[v]
        if u < v:
            root[v] = u
        else:
            root[u] = v
    count = 0
    label = np.empty(size, np.int32)
    for v in range(size):
        if root[v] == v:
            label[v] = count
            count += 1
        else:  # every vertex points to a smaller one, which has its label by now
            label[v] = label[root[v]]
    return label, count


@compiled
def supply_tree(  # noqa: C901, PLR0915 - one compiled walk
    start: Offsets, target: Ints, device: Ints, closed: Flags, sources: Ints, hollow: Flags
) -> tuple[Ints, Ints, Ints, int]:
    """A breadth-first tree from the sources over open devices, its vertices numbered in preorder.

    Returns each vertex's rank; then, by rank, where its subtree ends and the device of the arc to its parent
    (-1: a source's zone, or no supply); and how many vertices have supply. Those without supply come after
    them in walking order, the hollow ones last.
    """
    size = start.size - 1
    parent = np.full(size, -1, np.int32)
    by = np.full(size, -1, np.int32)
    seen = np.zeros(size, np.bool_)
    queue = np.empty(size, np.int32)
    tail = 0
    for k in range(sources.size):
        v = sources[k]
        if not seen[v]:
            seen[v] = True
            queue[tail] = v
            tail += 1
    head = 0
    while head < tail:
        u = queue[head]
        head += 1
        for arc in range(start[u], start[u + 1]):
            v = target[arc]
            if seen[v] or closed[device[arc]]:
                continue
            seen[v] = True
            parent[v] = u
            by[v] = device[arc]
            queue[tail] = v
            tail += 1
    fed = tail
    below = np.ones(size, np.int32)
    for k in range(fed - 1, -1, -1):
        v = queue[k]
        if parent[v] >= 0:
            below[parent[v]] += below[v]
    rank = np.full(size, -1, np.int32)
    free = np.empty(size, np.int32)  # the next rank for a child
    last = np.empty(size, np.int32)
    held = np.full(size, -1, np.int32)
    next_root = 0
    for k in range(fed):
        v = queue[k]
        if parent[v] < 0:
            rank[v] = next_root
            next_root += below[v]
        else:
            rank[v] = free[parent[v]]
            free[parent[v]] += below[v]
        free[v] = rank[v] + 1
        last[rank[v]] = rank[v] + below[v]
        held[rank[v]] = by[v]
    for wanted in (False, True):
        for first in range(size):
            if seen[first] or hollow[first] != wanted:
                continue
            seen[first] = True
            queue[tail] = first
            head = tail
            tail += 1
            while head < tail:
                u = queue[head]
                rank[u] = head
                last[head] = head + 1
                head += 1
                for arc in range(start[u], start[u + 1]):
                    v = target[arc]
                    if not seen[v]:
                        seen[v] = True
                        queue[tail] = v
                        tail += 1
    return rank, last, held, fed


# --- a cut


@compiled
def _merged(start: Offsets, target: Ints, device: Ints, stuck: Flags, seeds: Ints, mark: Any) -> Ints:
    """The zones that cannot be told apart from the seeds because what stands between them is stuck; marked."""
    found = np.empty(mark.size, np.int32)
    tail = 0
    for k in range(seeds.size):
        if mark[seeds[k]] != _SECTION:
            mark[seeds[k]] = _SECTION
            found[tail] = seeds[k]
            tail += 1
    head = 0
    while head < tail:
        u = found[head]
        head += 1
        for arc in range(start[u], start[u + 1]):
            v = target[arc]
            if stuck[device[arc]] and mark[v] != _SECTION:
                mark[v] = _SECTION
                found[tail] = v
                tail += 1
    return np.sort(found[:tail])


@compiled
def _below(inside: Ints, last: Ints, held: Ints, fed: int, barred: Flags, is_changed: bool) -> Ints:
    """The first zones of the subtrees whose way to a source leads over the section or a device closed since."""
    tops = np.empty(inside.size, np.int32)
    count = 0
    for k in range(inside.size):
        if inside[k] < fed:
            tops[count] = inside[k]
            count += 1
    tops = tops[:count]
    if is_changed:
        shut = np.empty(fed, np.int32)
        more = 0
        for v in range(fed):
            if held[v] >= 0 and barred[held[v]]:
                shut[more] = v
                more += 1
        tops = np.sort(np.concatenate((tops, shut[:more])))
    outer = np.empty(tops.size, np.int32)
    count, end = 0, 0
    for k in range(tops.size):
        if tops[k] >= end:  # subtrees lie within each other or apart
            outer[count] = tops[k]
            count += 1
            end = last[tops[k]]
    return outer[:count]


@compiled
def _lost(  # noqa: C901 - one compiled walk
    arcs: tuple[Offsets, Ints, Ints], barred: Flags, tops: Ints, last: Ints, fed: int, mark: Any
) -> Ints:
    """The zones of these subtrees that no way round supplies, ascending; what is alive there is marked so.

    Outside the subtrees the tree's own way to a source is whole, so all is alive there.
    """
    start, target, device = arcs
    total = 0
    for k in range(tops.size):
        total += last[tops[k]] - tops[k]
        for v in range(tops[k], last[tops[k]]):
            if mark[v] != _SECTION:
                mark[v] = _DOUBTFUL
    queue = np.empty(total, np.int32)
    tail = 0
    for k in range(tops.size):
        for v in range(tops[k], last[tops[k]]):
            if mark[v] != _DOUBTFUL:
                continue
            for arc in range(start[v], start[v + 1]):
                w = target[arc]
                if w < fed and mark[w] == 0 and not barred[device[arc]]:
                    mark[v] = _ALIVE
                    queue[tail] = v
                    tail += 1
                    break
    head = 0
    while head < tail:
        u = queue[head]
        head += 1
        for arc in range(start[u], start[u + 1]):
            v = target[arc]
            if mark[v] == _DOUBTFUL and not barred[device[arc]]:
                mark[v] = _ALIVE
                queue[tail] = v
                tail += 1
    count = 0
    for k in range(tops.size):
        for v in range(tops[k], last[tops[k]]):
            if mark[v] == _DOUBTFUL:
                queue[count] = v
                count += 1
    return queue[:count].copy()


@compiled
def _lost_by_walk(  # noqa: C901 - one compiled walk
    start: Offsets, target: Ints, device: Ints, barred: Flags, sources: Ints, fed: int, mark: Any
) -> Ints:
    """As `_lost`, by a walk from the sources over everything: for when a device is open that was closed."""
    queue = np.empty(mark.size, np.int32)
    tail = 0
    for k in range(sources.size):
        if mark[sources[k]] == 0:
            mark[sources[k]] = _ALIVE
            queue[tail] = sources[k]
            tail += 1
    head = 0
    while head < tail:
        u = queue[head]
        head += 1
        for arc in range(start[u], start[u + 1]):
            v = target[arc]
            if mark[v] == 0 and not barred[device[arc]]:
                mark[v] = _ALIVE
                queue[tail] = v
                tail += 1
    count = 0
    for v in range(fed):
        if mark[v] == 0:
            mark[v] = _DOUBTFUL
            queue[count] = v
            count += 1
    for v in range(fed, mark.size):
        if mark[v] == 0:
            mark[v] = _DOUBTFUL
    return queue[:count].copy()


@compiled
def _sorted_once(items: Ints) -> Ints:
    items = np.sort(items)
    count = 0
    for k in range(items.size):
        if k == 0 or items[k] != items[k - 1]:
            items[count] = items[k]
            count += 1
    return items[:count].copy()


@compiled
def _around(start: Offsets, target: Ints, device: Ints, inside: Ints, mark: Any) -> tuple[Ints, Ints]:
    """The devices between the section and what is not of it; those with the section on both sides only."""
    size = 0
    for k in range(inside.size):
        size += start[inside[k] + 1] - start[inside[k]]
    outer, inner = np.empty(size, np.int32), np.empty(size, np.int32)
    outers = inners = 0
    for k in range(inside.size):
        for arc in range(start[inside[k]], start[inside[k] + 1]):
            if mark[target[arc]] == _SECTION:
                inner[inners] = device[arc]
                inners += 1
            else:
                outer[outers] = device[arc]
                outers += 1
    bounding = _sorted_once(outer[:outers])
    within = _sorted_once(inner[:inners])
    count = 0
    for k in range(within.size):
        at = np.searchsorted(bounding, within[k])
        if at == bounding.size or bounding[at] != within[k]:
            within[count] = within[k]
            count += 1
    return bounding, within[:count].copy()


@compiled
def _restoring(
    start: Offsets, target: Ints, device: Ints, dry: Ints, able: Flags, fed: int, mark: Any
) -> Ints:
    """The devices in `able` between a dry zone and a living one."""
    size = 0
    for k in range(dry.size):
        size += start[dry[k] + 1] - start[dry[k]]
    found = np.empty(size, np.int32)
    count = 0
    for k in range(dry.size):
        for arc in range(start[dry[k]], start[dry[k] + 1]):
            w = target[arc]
            if able[device[arc]] and (mark[w] == _ALIVE or (mark[w] == 0 and w < fed)):
                found[count] = device[arc]
                count += 1
    return _sorted_once(found[:count])


@compiled
def _split(zones: Ints, link_start: Offsets, links: Ints, role: Any, service: int) -> tuple[Ints, Ints]:
    """The links in some zones: those that are no services, and those that are."""
    total = services = 0
    for k in range(zones.size):
        for at in range(link_start[zones[k]], link_start[zones[k] + 1]):
            total += 1
            services += role[links[at]] == service
    mains, others = np.empty(total - services, np.int32), np.empty(services, np.int32)
    i = j = 0
    for k in range(zones.size):
        for at in range(link_start[zones[k]], link_start[zones[k] + 1]):
            if role[links[at]] == service:
                others[j] = links[at]
                j += 1
            else:
                mains[i] = links[at]
                i += 1
    return mains, others


@compiled
def cut_off(
    arcs: tuple[Offsets, Ints, Ints],
    tree: tuple[Ints, Ints, int],
    held: tuple[Offsets, Ints, Any, int],
    state: tuple[Flags, Flags, Flags],
    sources: Ints,
    seeds: Ints,
    changed: int,
) -> Any:
    """What the section around `seeds` is, what bounds it and what loses supply by it.

    `arcs` is the zone graph as compressed rows; `tree` is what `supply_tree` gave; `held` are the links zone by
    zone, each link's role and the role of a service; `state` says which devices are stuck, barred and able to
    be moved. `changed`: 0, all devices bar as they did when the tree was grown; 1, some more do; 2, some do no
    longer. Returns zones inside, zones dry, bounding devices, devices with the section on both sides,
    devices that could restore supply, then links: mains and services inside, mains and services dry; and
    which sources' zones are inside.
    """
    start, target, device = arcs
    last, by, fed = tree
    stuck, barred, able = state
    mark = np.zeros(start.size - 1, np.uint8)
    inside = _merged(start, target, device, stuck, seeds, mark)
    if changed == 2:
        dry = _lost_by_walk(start, target, device, barred, sources, fed, mark)
    else:
        tops = _below(inside, last, by, fed, barred, changed == 1)
        dry = _lost(arcs, barred, tops, last, fed, mark)
    bounding, within = _around(start, target, device, inside, mark)
    restoring = _restoring(start, target, device, dry, able, fed, mark)
    mains, services = _split(inside, held[0], held[1], held[2], held[3])
    dry_mains, dry_services = _split(dry, held[0], held[1], held[2], held[3])
    at_source = np.empty(sources.size, np.bool_)
    for k in range(sources.size):
        at_source[k] = mark[sources[k]] == _SECTION
    return inside, dry, bounding, within, restoring, mains, services, dry_mains, dry_services, at_source
