"""Compiled loops over graphs: reachability, breadth-first numbering, blocks.

Numba costs a second to import, so only those who run a kernel import this module. Compiled code is cached
beside the source, or not at all where the disk is read-only. All kernels release the interpreter's lock.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar, cast

import numba
import numpy as np
import numpy.typing as npt

Kernel = TypeVar("Kernel", bound=Callable[..., Any])
Ints = npt.NDArray[np.int32]
Offsets = npt.NDArray[np.int64]
Flags = npt.NDArray[np.bool_]
Floats = npt.NDArray[np.float64]


def compiled(function: Kernel) -> Kernel:
    """The function, compiled at its first call; cached on disk if the disk lets us."""
    try:
        return cast(Kernel, numba.njit(cache=True, nogil=True)(function))
    except RuntimeError:  # numba finds no place to write its cache
        return cast(Kernel, numba.njit(nogil=True)(function))


# --- ids --------------------------------------------------------------------------------------------------


@compiled
def hashed(blob: Any, first: int, end: int) -> Any:
    """The 64-bit FNV-1a hash of `blob[first:end]`, its bits mixed so that the low ones depend on all."""
    value = np.uint64(14695981039346656037)
    for at in range(first, end):
        value = (value ^ np.uint64(blob[at])) * np.uint64(1099511628211)
    value ^= value >> np.uint64(32)
    value *= np.uint64(0x9E3779B97F4A7C15)
    return value ^ (value >> np.uint64(29))


@compiled
def same_bytes(blob: Any, first: int, end: int, other: Any, start: int) -> bool:
    """Whether `blob[first:end]` is what `other` has from `start` on."""
    for k in range(end - first):  # noqa: SIM110 - compiled
        if blob[first + k] != other[start + k]:
            return False
    return True


@compiled
def slot_table(blob: Any, offsets: Offsets) -> Ints:
    """A table by which ids are found: an id's number stands at its hash or in the next free slot (-1: free)."""
    size = 8
    while size < 2 * offsets.size:
        size *= 2
    slots = np.full(size, -1, np.int32)
    for k in range(offsets.size - 1):
        at = np.int64(hashed(blob, offsets[k], offsets[k + 1]) & np.uint64(size - 1))
        while slots[at] >= 0:
            at = (at + 1) & (size - 1)
        slots[at] = k
    return slots


@compiled
def find_slots(blob: Any, offsets: Offsets, slots: Ints, wanted: Any) -> Ints:
    """The numbers of all ids that are the bytes `wanted`, ascending."""
    found = np.empty(4, np.int32)
    count = 0
    last = slots.size - 1
    at = np.int64(hashed(wanted, 0, wanted.size) & np.uint64(last))
    while slots[at] >= 0:
        k = slots[at]
        length = offsets[k + 1] - offsets[k]
        if length == wanted.size and same_bytes(blob, offsets[k], offsets[k + 1], wanted, 0):
            if count == found.size:
                found = np.concatenate((found, np.empty(count, np.int32)))
            found[count] = k
            count += 1
        at = (at + 1) & last
    return found[:count]


@compiled
def first_slots(blob: Any, offsets: Offsets, slots: Ints, wanted: Any, ends: Offsets) -> Ints:
    """The lowest number of the id that is each piece of `wanted` between two `ends`; -1 for none."""
    made = np.full(ends.size - 1, -1, np.int32)
    last = slots.size - 1
    for j in range(made.size):
        size = ends[j + 1] - ends[j]
        at = np.int64(hashed(wanted, ends[j], ends[j + 1]) & np.uint64(last))
        while slots[at] >= 0:
            k = slots[at]
            if offsets[k + 1] - offsets[k] == size and same_bytes(
                wanted, ends[j], ends[j + 1], blob, offsets[k]
            ):
                made[j] = k
                break
            at = (at + 1) & last
    return made


@compiled
def numbered(blob: Any, offsets: Offsets, is_null: Flags) -> tuple[Ints, Ints]:
    """Each word's number (-1: null), equal words the same one, in the order in which they first come; and where."""
    size = 8
    while size < 2 * offsets.size:
        size *= 2
    slots = np.full(size, -1, np.int32)
    made = np.full(offsets.size - 1, -1, np.int32)
    first = np.empty(made.size, np.int32)
    count = 0
    for j in range(made.size):
        if is_null[j]:
            continue
        length = offsets[j + 1] - offsets[j]
        at = np.int64(hashed(blob, offsets[j], offsets[j + 1]) & np.uint64(size - 1))
        while slots[at] >= 0:
            k = first[slots[at]]
            if offsets[k + 1] - offsets[k] == length and same_bytes(
                blob, offsets[j], offsets[j + 1], blob, offsets[k]
            ):
                break
            at = (at + 1) & (size - 1)
        if slots[at] < 0:
            slots[at] = count
            first[count] = j
            count += 1
        made[j] = slots[at]
    return made, first[:count].copy()


@compiled
def in_a_row(blob: Any, offsets: Offsets, numbers: Ints) -> Any:
    """The bytes of these ids one after the other, each followed by a zero byte."""
    total = numbers.size
    for k in range(numbers.size):
        total += offsets[numbers[k] + 1] - offsets[numbers[k]]
    made = np.zeros(total, np.uint8)
    at = 0
    for k in range(numbers.size):
        for byte in range(offsets[numbers[k]], offsets[numbers[k] + 1]):
            made[at] = blob[byte]
            at += 1
        at += 1
    return made


# --- graphs -----------------------------------------------------------------------------------------------


@compiled
def adjacency(size: int, a: Ints, b: Ints, label: Ints) -> tuple[Offsets, Ints, Ints, Ints]:
    """The undirected edges (a, b) as compressed rows: offsets, targets, each arc's label and its edge."""
    start = np.zeros(size + 1, np.int64)
    for k in range(a.size):
        start[a[k] + 1] += 1
        start[b[k] + 1] += 1
    for v in range(size):
        start[v + 1] += start[v]
    fill = start[:-1].copy()
    target = np.empty(2 * a.size, np.int32)
    labels = np.empty(2 * a.size, np.int32)
    edge = np.empty(2 * a.size, np.int32)
    for k in range(a.size):
        for side in range(2):
            u, v = (a[k], b[k]) if side == 0 else (b[k], a[k])
            at = fill[u]
            fill[u] += 1
            target[at] = v
            labels[at] = label[k]
            edge[at] = k
    return start, target, labels, edge


@compiled
def grouped(group: Ints, count: int) -> tuple[Offsets, Ints]:
    """The positions of each of `count` groups, ascending, one group after the other; and where each begins."""
    start = np.zeros(count + 1, np.int64)
    for k in range(group.size):
        start[group[k] + 1] += 1
    for v in range(count):
        start[v + 1] += start[v]
    fill = start[:-1].copy()
    made = np.empty(group.size, np.int32)
    for k in range(group.size):
        made[fill[group[k]]] = k
        fill[group[k]] += 1
    return start, made


@compiled
def devices_on(nodes: int, a: Ints, b: Ints, at_node: Ints, only_link: Ints) -> tuple[Ints, Ints]:
    """The (edge, device) pairs, by edge and then by device: a device bars the edges at its node, or its one link's.

    The vertices below `nodes` are nodes, link k is vertex `nodes + k`; `only_link` -1: all of them.
    """
    first, held = grouped(at_node, nodes)
    edges = np.empty(at_node.size + 8, np.int32)
    devices = np.empty(edges.size, np.int32)
    count = 0
    for k in range(a.size):
        begin = count
        for side in range(2):
            node = a[k] if side == 0 else b[k]
            if node >= nodes or (side == 1 and node == a[k]):
                continue
            for at in range(first[node], first[node + 1]):
                device = held[at]
                if only_link[device] >= 0 and b[k] != only_link[device] + nodes:
                    continue
                if count == edges.size:
                    edges = np.concatenate((edges, np.empty(count, np.int32)))
                    devices = np.concatenate((devices, np.empty(count, np.int32)))
                # those of the second node are put among those of the first
                place = count
                while place > begin and devices[place - 1] > device:
                    devices[place] = devices[place - 1]
                    place -= 1
                edges[count] = k
                devices[place] = device
                count += 1
    return edges[:count].copy(), devices[:count].copy()


@compiled
def reach(start: Offsets, target: Ints, device: Ints, barred: Flags, blocked: Flags, seeds: Ints) -> Flags:
    """The vertices that a walk from `seeds` finds: over no barred device's arc, onto no blocked vertex."""
    seen = np.zeros(start.size - 1, np.bool_)
    queue = np.empty(start.size - 1, np.int32)
    tail = 0
    for k in range(seeds.size):
        v = seeds[k]
        if not seen[v] and not blocked[v]:
            seen[v] = True
            queue[tail] = v
            tail += 1
    head = 0
    while head < tail:
        u = queue[head]
        head += 1
        for arc in range(start[u], start[u + 1]):
            v = target[arc]
            if seen[v] or blocked[v] or (device[arc] >= 0 and barred[device[arc]]):
                continue
            seen[v] = True
            queue[tail] = v
            tail += 1
    return seen


@compiled
def block_of_edge(  # noqa: C901, PLR0915 - one compiled loop
    start: Offsets, target: Ints, edge: Ints, use: Flags, root: int, wanted: int
) -> Flags:
    """The vertices that share a block (biconnected component) with edge `wanted`, over the edges in `use`.

    Tarjan's depth-first search without recursion. An edge that the search from `root` never meets gives no
    vertex.
    """
    size = start.size - 1
    found = np.zeros(size, np.bool_)
    number = np.zeros(size, np.int32)
    low = np.zeros(size, np.int32)
    cursor = start[:-1].copy()
    entered = np.full(size, -1, np.int32)
    path = np.empty(size, np.int32)
    pending_u = np.empty(target.size, np.int32)
    pending_v = np.empty(target.size, np.int32)
    pending_edge = np.empty(target.size, np.int32)
    depth, top, clock = 1, 0, 1
    path[0] = root
    number[root] = 1
    low[root] = 1
    while depth > 0:
        u = path[depth - 1]
        if cursor[u] < start[u + 1]:
            arc = cursor[u]
            cursor[u] += 1
            v = target[arc]
            if not use[edge[arc]] or edge[arc] == entered[u]:
                continue
            if number[v] == 0:
                pending_u[top], pending_v[top], pending_edge[top] = u, v, edge[arc]
                top += 1
                clock += 1
                number[v] = clock
                low[v] = clock
                entered[v] = edge[arc]
                path[depth] = v
                depth += 1
            elif number[v] < number[u]:
                pending_u[top], pending_v[top], pending_edge[top] = u, v, edge[arc]
                top += 1
                low[u] = min(low[u], number[v])
            continue
        depth -= 1
        if depth == 0:
            break
        parent = path[depth - 1]
        low[parent] = min(low[parent], low[u])
        if low[u] < number[parent]:
            continue
        bottom = top
        holds = False
        while True:
            bottom -= 1
            holds = holds or pending_edge[bottom] == wanted
            if pending_edge[bottom] == entered[u]:
                break
        if holds:
            for k in range(bottom, top):
                found[pending_u[k]] = True
                found[pending_v[k]] = True
            return found
        top = bottom
    return found
