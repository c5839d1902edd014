"""How the lines of a delivery hang together: the rules of `layers.topology`, asked of all tiles and answered as one.

What is kept of a line beside its tile is one byte; the rest grows with what is found only.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from geo.planar import Points
from layers import topology
from layers.line_ends import Ground, Lines, Mask, Whole
from layers.line_tiles import Gathering, Tile
from layers.report import KEPT_ISSUES, Severity
from layers.topology import Near, Told, Turned

# What is known of a line: its free ends, whether it is a service, names a main, and has an end there.
_FREE_FIRST: Final = 1
_FREE_LAST: Final = 2
_SERVICE: Final = 4
_NAMES_MAIN: Final = 8
_AT_MAIN: Final = 16
# More anchors than these make no answer better, only later.
MOST_ANCHORS: Final = 20_000
_PART: Final = 50_000


@dataclass(frozen=True, slots=True)
class Found:
    """What a rule found in the whole: how often, and of the first ones of the file what is to be told of them.

    Their rows and places, the rows of the other lines, and numbers; `own` is as in `Told`.
    """

    code: str
    count: int
    row: npt.NDArray[Any]
    place: Points
    other: npt.NDArray[Any] | None = None
    own: tuple[str, str] | None = None
    numbers: dict[str, npt.NDArray[Any]] = field(default_factory=dict)
    texts: dict[str, str] = field(default_factory=dict)
    severity: Severity = Severity.WARNING


class Tally:
    """What the tiles tell of one fault; the lines by their numbers."""

    def __init__(self, keeps_all: bool = False) -> None:
        self._keeps_all = keeps_all
        self._parts: list[dict[str, npt.NDArray[Any]]] = []
        self._kept = 0
        self.count = 0

    def add(self, number: Whole, told: Told) -> None:
        """Take what a tile told; `number` is that of each of its lines."""
        size = len(told.at)
        if not size:
            return
        part = {"at": number[told.at], **told.numbers}
        part["last"] = np.zeros(size, dtype=bool) if told.is_last is None else told.is_last
        part["other"] = np.full(size, -1) if told.other is None else number[told.other]
        self._parts.append(part)
        self.count += size
        self._kept += size
        if not self._keeps_all and self._kept > 4 * KEPT_ISSUES:
            self._parts = [self.kept()]
            self._kept = len(self._parts[0]["at"])

    def kept(self) -> dict[str, npt.NDArray[Any]]:
        """What is kept, in the order of the file; where all of it is, in that of the ends."""
        if not self._parts:
            return {name: np.empty(0, dtype=np.int64) for name in ("at", "last", "other", "gap_m")}
        whole = {name: np.concatenate([part[name] for part in self._parts]) for name in self._parts[0]}
        if self._keeps_all:
            order = np.lexsort((whole["other"], whole["at"], whole["last"]))
        else:
            order = np.lexsort((whole["other"], whole["last"], whole["at"]))[:KEPT_ISSUES]
        return {name: values[order] for name, values in whole.items()}


@dataclass(frozen=True, slots=True)
class Gaps:
    """Gaps between an end and the line that it just misses, in the order of the ends; lines by their numbers."""

    at: Whole
    other: Whole
    last: Mask
    gap_m: npt.NDArray[np.float64]

    def some(self, which: Mask | Whole) -> Gaps:
        """Some of them."""
        return Gaps(self.at[which], self.other[which], self.last[which], self.gap_m[which])


class Network:
    """The lines of a whole delivery, asked how they hang together.

    `alone`: these are services whose mains are another layer: they leave those, and touch no line here.
    """

    def __init__(self, gathered: Gathering, *, alone: bool) -> None:
        self._gathered = gathered
        self._alone = alone
        self._known = np.zeros(len(gathered), dtype=np.uint8)
        self._tallies = {
            "undershoot": Tally(keeps_all=True),
            "overshoot": Tally(),
            "duplicate-link": Tally(),
        }
        self._reversed = Tally()
        self._turned: list[Turned] = []
        with np.errstate(over="ignore", invalid="ignore"):  # a damaged file may hold any number
            for tile in gathered.tiles(with_parts=False):
                self._look(tile)
            self._count_turned()
        self.closed, self._open = self._gaps()

    def _look(self, tile: Tile) -> None:
        near = Near.of(tile)
        for rule in topology.RULES:
            if not (self._alone and rule in topology.MEETING_RULES):
                for told in rule(near):
                    self._tallies[told.code].add(tile.number, told)
        here, elsewhere = topology.turned(near)
        self._tell_reversed(here)
        if len(elsewhere.number):
            self._turned.append(elsewhere)
        if not self._alone:
            self._learn(near)

    def _learn(self, near: Near) -> None:
        lines, number, size = near.lines, near.tile.number, len(near.lines)
        names_main = lines.is_service & (lines.codes["main_id"] != 0)
        self._known[number[near.free[:size]]] |= _FREE_FIRST
        self._known[number[near.free[size:]]] |= _FREE_LAST
        self._known[number[lines.is_service]] |= _SERVICE
        self._known[number[names_main]] |= _NAMES_MAIN
        self._known[number[topology.services_at_mains(near)]] |= _AT_MAIN

    def _tell_reversed(self, turned: Turned) -> None:
        numbers = turned.number[turned.is_reversed]
        self._reversed.add(numbers, Told("reversed-link", np.arange(len(numbers))))

    def _count_turned(self) -> None:
        """Of lines that leave their tile, count what is at their other end."""
        if not self._turned:
            return
        number, *pairs = (
            np.concatenate(
                [getattr(part, name)[side] if name != "number" else part.number for part in self._turned]
            )
            for name, side in (("number", 0), ("stops", 0), ("stops", 1), ("spots", 0), ("spots", 1))
        )
        stops, keys = (pairs[0], pairs[1]), (pairs[2], pairs[3])
        begins = np.zeros((2, len(number)), dtype=np.int64)
        for lines in self._gathered.blocks():
            there = _ends_at_spots(lines)
            begins += [topology.how_often(each, there) for each in keys]
        self._tell_reversed(Turned(number, stops, (begins[0], begins[1]), keys))

    def _gaps(self) -> tuple[Gaps, Gaps]:
        """The gaps to be closed, and those to be told."""
        kept = self._tallies["undershoot"].kept()
        gaps = Gaps(kept["at"], kept["other"], kept["last"], kept["gap_m"])
        gaps = gaps.some(_each_gap_once(gaps, len(self._gathered)))
        is_small = gaps.gap_m <= topology.SNAP_M
        return gaps.some(is_small), gaps.some(~is_small)

    def found(self) -> Iterator[Found]:
        """What was found by the meeting rules, but for gaps that are to be closed and services off their mains."""
        gaps = self._open
        first = gaps.some(np.argsort(gaps.at, kind="stable")[:KEPT_ISSUES])
        yield self._located("undershoot", len(gaps.at), first.at, first.other, gap_m=first.gap_m)
        kept = self._tallies["overshoot"].kept()
        past = {"past_m": kept["past_m"]} if "past_m" in kept else {}
        yield self._located("overshoot", self._tallies["overshoot"].count, kept["at"], kept["other"], **past)
        dangling = _FREE_FIRST | _FREE_LAST | _SERVICE
        at = np.flatnonzero((self._known & dangling) == dangling)
        yield self._located("dangling-service", len(at), at[:KEPT_ISSUES])

    def links(self) -> Iterator[Found]:
        """What was found of links and their nodes."""
        tally = self._tallies["duplicate-link"]
        yield self._located("duplicate-link", tally.count, tally.kept()["at"], tally.kept()["other"])
        yield self._located("reversed-link", self._reversed.count, self._reversed.kept()["at"])

    def off_main(self) -> Iterator[npt.NDArray[Any]]:
        """The rows of the services that name a main and have no end there, some at a time."""
        at = np.flatnonzero((self._known & (_NAMES_MAIN | _AT_MAIN)) == _NAMES_MAIN)
        for first in range(0, len(at), _PART):
            yield self._gathered.of(at[first : first + _PART]).row

    def _located(
        self, code: str, count: int, at: Whole, other: Whole | None = None, **numbers: npt.NDArray[Any]
    ) -> Found:
        every = np.unique(at if other is None else np.concatenate((at, other)))
        lines = self._gathered.of(every)
        place = np.searchsorted(every, at)
        others = None if other is None else lines.row[np.searchsorted(every, other)]
        return Found(code, count, lines.row[place], lines.xy[lines.offsets[place]], others, numbers=numbers)

    def snapped(self) -> tuple[Found, dict[int, tuple[Any, Any]]]:
        """Close the small gaps; return what was closed, and for each row that changed its shape before and after."""
        gaps = self.closed
        every = np.unique(np.concatenate((gaps.at, gaps.other)))
        lines = self._gathered.of(every)
        before = lines.shapes(np.arange(len(every))) if len(every) else np.empty(0, dtype=object)
        shape = before.copy()
        at, other = np.searchsorted(every, gaps.at), np.searchsorted(every, gaps.other)
        closed = np.zeros(len(at), dtype=bool)
        changed: dict[int, None] = {}
        for number, (own, target, last) in enumerate(
            zip(at.tolist(), other.tolist(), gaps.last.tolist(), strict=True)
        ):
            made = topology.snap(shape[own], shape[target], is_last=last)
            if made.length > 0:
                shape[own] = made
                changed[own] = None
                closed[number] = True
        small = gaps.some(closed)
        found = self._located("snapped-end", int(closed.sum()), small.at, small.other, gap_m=small.gap_m)
        found = replace(found, severity=Severity.NOTICE)
        return found, {int(lines.row[own]): (before[own], shape[own]) for own in changed}


def _ends_at_spots(lines: Lines) -> npt.NDArray[np.uint64]:
    """For each end of a whole line a number of its node and its place, in order."""
    whole = ~lines.is_part
    made = []
    for name, at in (("from_node", lines.offsets[:-1]), ("to_node", lines.offsets[1:] - 1)):
        nodes = lines.codes[name]
        named = whole & (nodes != 0)
        made.append(topology.mixed(nodes[named], topology.spots(lines.xy[at[named]])))
    there = np.concatenate(made)
    there.sort()
    return there


def _each_gap_once(gaps: Gaps, size: int) -> Mask:
    """Two ends that miss each other are one gap."""
    own, line = gaps.at, gaps.other
    keep = np.ones(len(own), dtype=bool)
    told: set[tuple[int, int]] = set()
    for at in np.flatnonzero(np.isin(own * size + line, line * size + own)).tolist():
        pair = int(own[at]), int(line[at])
        keep[at] = pair[::-1] not in told
        if keep[at]:
            told.add(pair)
    return keep


def loose_ends(gathered: Gathering, reach_m: float, most: int | None = None) -> Points:
    """The ends of lines that no other line touches within `reach_m`: the doors that a network serves, as anchors.

    First points before last ones, in the order of the delivery; every n-th where there are more than `most`.
    """
    known = np.zeros(len(gathered), dtype=np.uint8)
    for tile in gathered.tiles(with_parts=True):
        size, here = len(tile.lines), np.flatnonzero(tile.here)
        own = (here % size).astype(np.int32)
        free = here[~Ground(tile.lines).touched(tile.lines.ends[here], own, reach_m)]
        known[tile.number[free[free < size]]] |= _FREE_FIRST
        known[tile.number[free[free >= size] - size]] |= _FREE_LAST
    firsts, lasts = (int(np.count_nonzero(known & bit)) for bit in (_FREE_FIRST, _FREE_LAST))
    step = 1 if most is None else 1 + (firsts + lasts) // most
    made: list[list[Points]] = [[np.empty((0, 2))], []]
    seen, done = [0, firsts], 0
    for lines in gathered.blocks():
        part = known[done : done + len(lines)]
        done += len(lines)
        sides = ((_FREE_FIRST, lines.offsets[:-1]), (_FREE_LAST, lines.offsets[1:] - 1))
        for side, (bit, at) in enumerate(sides):
            free = np.flatnonzero(part & bit)
            made[side].append(lines.xy[at[free[-seen[side] % step :: step]]])
            seen[side] += len(free)
    return np.concatenate([*made[0], *made[1]])
