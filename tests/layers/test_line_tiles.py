"""A network looked at tile by tile is the network: the same is found, and memory does not grow with it."""

from __future__ import annotations

import tracemalloc
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pytest
import shapely

from layers import coverage, hanging, line_tiles, spilling
from layers.columns import Column
from layers.coverage import Covering
from layers.hanging import Found, Network, loose_ends
from layers.line_ends import Ground
from layers.line_tiles import HALO_M, Gathering
from layers.readers.records import repeated
from layers.spilling import Digests, Repeated, Spill

PLOT = 30.0
X, Y = 501000.0, 3901000.0


@dataclass
class Town:
    """Mains along a grid of streets and a service to every door, with every fault that a network may have."""

    random: np.random.Generator
    shapes: list[Any] = field(default_factory=list)
    rows: list[tuple[str, str | None, str | None, str | None]] = field(default_factory=list)

    def draw(self, name: str, points: Any, nodes: tuple[str, str] | None, main: str | None = None) -> None:
        xy, chance = np.array(points, dtype=float) + (X, Y), self.random.random
        if chance() < 0.15:  # too short or too long by some of what the rules know
            at = self.random.choice([0, -1])
            xy[at] += (
                (xy[at] - xy[1 if at == 0 else -2]) * self.random.choice([-0.03, -0.4, 0.03, 0.4]) / PLOT
            )
        shape: Any = shapely.LineString(xy)
        if chance() < 0.03:
            shape = shapely.MultiLineString([shape])
        elif chance() < 0.05:
            shape = shapely.reverse(shape)
        start, end = nodes if nodes is not None and chance() < 0.8 else (None, None)
        for _ in range(2 if chance() < 0.03 else 1):
            self.shapes.append(shape)
            self.rows.append((f"{name}-{len(self.rows)}", start, end, main))

    def plot(self, a: int, b: int) -> None:
        x, y = a * PLOT, b * PLOT
        main = len(self.rows)
        if self.random.random() < 0.05 and main:
            main = int(self.random.integers(main))
        self.draw(f"east{a}/{b}", [(x, y), (x + PLOT, y)], (f"{a}/{b}", f"{a + 1}/{b}"))
        self.draw(f"north{a}/{b}", [(x, y), (x + 2, y + 15), (x, y + PLOT)], (f"{a}/{b}", f"{a}/{b + 1}"))
        doors = f"tap{a}/{b}", f"door{a}/{b}"
        self.draw(f"to{a}/{b}", [(x + 9, y), (x + 9, y + 8)], doors, self.rows[main][0])


def gathered(side: int, seed: int) -> Gathering:
    random = np.random.default_rng(seed)
    town = Town(random)
    for a in range(side):
        for b in range(side):
            town.plot(a, b)
    for number in range(3):  # some run right across
        town.draw(f"far{number}", random.uniform(0, side * PLOT, (4, 2)), None)
    made = Gathering((X, Y, X + 1e5, Y + 1e5))
    for number, at in enumerate(np.array_split(random.permutation(len(town.rows)), 5)):
        columns = {
            name: Column.of([town.rows[row][place] for row in at])
            for place, name in enumerate(("feature_id", "from_node", "to_node", "main_id"))
        }
        is_service = columns["main_id"].where(lambda name: name is not None)
        made.add_shapes(np.array(town.shapes)[at], number * 100_000 + np.arange(len(at)), columns, is_service)
    return made


def plainly(found: Found) -> dict[str, Any]:
    told = {name: values.tolist() for name, values in found.numbers.items()}
    others = None if found.other is None else found.other.tolist()
    return {
        "count": found.count,
        "row": found.row.tolist(),
        "place": found.place.tolist(),
        "other": others,
    } | told


def all_of(made: Gathering) -> dict[str, Any]:
    network = Network(made, alone=False)
    found = {each.code: plainly(each) for each in (*network.found(), *network.links())}
    closed, changed = network.snapped()
    found["closed"] = plainly(closed)
    found["changed"] = {str(row): (a.wkt, b.wkt) for row, (a, b) in changed.items()}
    found["off main"] = {"rows": [row for rows in network.off_main() for row in rows.tolist()]}
    found["loose"] = {"all": loose_ends(made, 0.01).tolist(), "some": loose_ends(made, 0.01, 50).tolist()}
    return found


def test_tile_by_tile_the_same_is_found_as_at_once(seed: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """Tiles so small that most lines cross their edges: every fault, its order and its numbers stay the same."""
    at_once = all_of(gathered(10, seed))
    assert {name for name, told in at_once.items() if told.get("count")} == {
        "undershoot", "overshoot", "dangling-service", "duplicate-link", "reversed-link", "closed",
    }  # fmt: skip
    assert at_once["off main"]["rows"]
    monkeypatch.setattr(line_tiles, "TILE_VERTICES", 40)
    monkeypatch.setattr(spilling, "HELD_BYTES", 3_000)
    tiled = gathered(10, seed)
    assert sum(1 for _ in tiled.tiles(with_parts=True)) > 20
    assert all_of(tiled) == at_once


def test_each_end_is_in_one_tile_with_all_that_is_near(seed: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(line_tiles, "TILE_VERTICES", 60)
    made = gathered(8, seed)
    lines = made.lines()
    tree = shapely.STRtree(lines.shapes(np.arange(len(lines))))
    seen = np.zeros(2 * len(lines), dtype=int)
    for tile in made.tiles(with_parts=True):
        here = np.flatnonzero(tile.here)
        _, line = tree.query(
            shapely.points(tile.lines.ends[here]), predicate="dwithin", distance=HALO_M - 1e-6
        )
        assert set(tile.number) >= set(line.tolist())
        size = len(tile.lines)
        np.add.at(seen, tile.number[here % size] + np.where(here < size, 0, len(lines)), 1)
    assert (seen == 1).all()


def test_memory_does_not_grow_with_the_network(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nine times the ground at the same density: the largest tile and the peak of all arrays stay what they are."""
    monkeypatch.setattr(line_tiles, "TILE_VERTICES", 1_500)
    monkeypatch.setattr(line_tiles, "_CELLS", 64)
    monkeypatch.setattr(spilling, "HELD_BYTES", 50_000)
    peaks, tiles = [], []
    for side in (24, 72):
        made = Gathering()
        tracemalloc.start()
        try:
            for a in range(side):
                xy = np.array([(X + a * PLOT, Y + b * PLOT) for b in range(side)])
                east = np.stack([xy, xy + (PLOT, 0)], axis=1)
                north = np.stack([xy, xy + (2, 15), xy + (0, PLOT)], axis=1)
                made.add_shapes(np.concatenate([shapely.linestrings(each) for each in (east, north)]))
            tracemalloc.reset_peak()
            network = Network(made, alone=False)
            assert [each.count for each in network.found()] == [0, 0, 0]
            peaks.append(tracemalloc.get_traced_memory()[1])
        finally:
            tracemalloc.stop()
        tiles.append(made.most_vertices)
    assert max(tiles) < 1.5 * 1_500
    # Nine times as many lines; what grows is a byte for each, and where the pieces of the file begin.
    assert peaks[1] < 1.5 * peaks[0], peaks


def test_parcels_tile_by_tile_overlap_as_at_once(seed: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """Parcels that reach into each other, some across the whole town, against shapely's tree over all of them."""
    random = np.random.default_rng(seed)
    corners = (np.stack(np.meshgrid(np.arange(20), np.arange(20)), axis=-1).reshape(-1, 2) * 20.0) + (X, Y)
    sizes = 20.0 + random.choice([0.0, 0.0, 0.0, 0.01, 1.0, 9.0, 150.0], corners.shape)
    shapes: Any = shapely.box(*corners.T, *(corners + sizes).T)
    rows = np.arange(400) * 3
    a, b = shapely.STRtree(shapes).query(shapes, predicate="intersects")
    areas = shapely.area(shapely.intersection(shapes[a], shapes[b]))
    wrong = (a < b) & (areas > coverage.SLIVER_M2)
    expected = sorted(
        zip(rows[a[wrong]].tolist(), rows[b[wrong]].tolist(), areas[wrong].round(3), strict=True)
    )

    def told(most: int) -> tuple[Found, int]:
        monkeypatch.setattr(coverage, "TILE_PARCELS", most)
        made = Covering((X, Y, X + 1e5, Y + 1e5))
        for part in np.array_split(np.arange(400), 3):
            made.add_shapes(shapes[part], rows[part])
        return made.overlaps(), made.most_parcels

    monkeypatch.setattr(hanging, "KEPT_ISSUES", 10_000)
    at_once, most = told(400)
    assert most == 400
    for found in (at_once, told(25)[0]):
        assert found.other is not None
        pairs = zip(found.row.tolist(), found.other.tolist(), found.numbers["area_m2"], strict=True)
        assert list(pairs) == expected
        assert found.count == len(expected)
        assert found.place.tolist() == at_once.place.tolist()
    assert told(25)[1] < 250
    assert (Covering((0, 0, 1, 1)).overlaps().count, Covering((0, 0, 1, 1)).gaps().count) == (0, 0)


@pytest.mark.parametrize("held", [1 << 20, 200])
def test_what_waits_in_a_file_comes_back_in_order(
    seed: int, held: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(spilling, "HELD_BYTES", held)
    random = np.random.default_rng(seed)
    spill, again, digests = Spill(5, np.int64, "S3"), Repeated(), Digests()
    numbers = random.integers(0, 1 << 63, 400, dtype=np.uint64)
    numbers[::7] = numbers[3]
    numbers[::11] = 0
    where = random.integers(0, 5, 400)
    for rows in np.array_split(np.arange(400), 9):
        spill.add((where[rows], rows), (where[rows[:4]], np.full(4, b"abc")))
        again.add(numbers[rows])
    for bucket in range(5):
        rows, texts = spill.bucket(bucket)
        assert rows.tolist() == np.flatnonzero(where == bucket).tolist()
        assert (texts == b"abc").all()
    assert again.found().tolist() == repeated(numbers).tolist()
    given = [random.bytes(9) for _ in range(300)]
    digests.add(given)
    other = Digests()
    for row in reversed(given):
        other.add([row])
    assert digests.whole() == other.whole()
    other.add([b""])
    assert digests.whole() != other.whole()


def test_an_empty_network_has_no_ends() -> None:
    made = Gathering()
    assert loose_ends(made, 0.01).shape == (0, 2)
    assert list(made.tiles(with_parts=True)) == []
    lines = made.lines()
    assert len(lines) == 0
    assert len(Ground(lines).touched(np.empty((0, 2)), np.empty(0, np.int32), 1.0)) == 0
