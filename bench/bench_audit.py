"""The city-wide clearance audit: ours beside shapely's and geopandas' `dwithin`, same city, same rules, one run.

    python bench/bench_audit.py [--million] [--repeats 3]

The peers look for everything within each line's widest rule and then apply the rules; one peer, as good as shapely
gets, takes the boxes from the tree, applies the rules, and measures last. Loading is left out for all. Every result
is compared, pair by pair; the figures that hold are the ratios, those of CPU time on a shared machine.
"""

from __future__ import annotations

import argparse
import resource
import statistics
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import geopandas as gpd
import numpy as np
import shapely

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from bench.city import generate
from geo.audit import AuditedLines, Requirements, audit, exploded, near_segments

SEED = 7
UTILITIES = ("water", "gas", "power_lv", "sewer", "telecom")
Pairs = tuple[Any, Any, Any]


def rules() -> Requirements:
    """Made-up rules between ten classes (five utilities, main and service): 0.3 to 1.5 m aside, 0.2 to 0.5 m above."""
    random = np.random.default_rng(SEED)
    size = 2 * len(UTILITIES)
    horizontal, vertical = random.uniform(0.3, 1.5, (size, size)), random.uniform(0.2, 0.5, (size, size))
    horizontal, vertical = np.maximum(horizontal, horizontal.T), np.maximum(vertical, vertical.T)
    same = np.arange(size)[:, None] // 2 == np.arange(size) // 2
    return Requirements(np.where(same, 0.0, horizontal), vertical)


def city_lines(segments: int) -> AuditedLines:
    city = generate(segments, SEED, with_z=False)
    layers = [city.layers[f"{name}_lines"] for name in UTILITIES]
    tops = np.concatenate([layer.columns["depth_m"] for layer in layers]).astype(np.float64)
    diameters = np.concatenate([layer.columns["diameter_mm"] for layer in layers]) / 1000.0
    classes = [2 * k + (layer.columns["kind"] == "service") for k, layer in enumerate(layers)]
    ids = np.concatenate([layer.columns["line_id"] for layer in layers])
    order = np.random.default_rng(SEED).permutation(len(ids))  # as delivered: in no order
    return AuditedLines(
        ids[order],
        np.concatenate([layer.shapes for layer in layers])[order],
        np.concatenate(classes).astype(np.int32)[order],
        tops[order],
        (tops + diameters)[order],
        np.concatenate([layer.columns["accuracy_m"] for layer in layers])[order],
    )


def ruled(lines: AuditedLines, need: Requirements, i: Any, j: Any) -> tuple[Any, Any]:
    """Of these candidate pairs those that the classes and the depths leave."""
    once = i < j
    i, j = i[once], j[once]
    one, other = lines.classes[i], lines.classes[j]
    gap = np.maximum(np.maximum(lines.top_m[i] - lines.bottom_m[j], lines.top_m[j] - lines.bottom_m[i]), 0.0)
    keep = (need.horizontal_m[one, other] > 0) & (gap < need.vertical_m[one, other])
    return i[keep], j[keep]


def measured(lines: AuditedLines, need: Requirements, i: Any, j: Any) -> Pairs:
    apart = shapely.distance(lines.shapes[i], lines.shapes[j])
    close = apart < need.horizontal_m[lines.classes[i], lines.classes[j]]
    return i[close], j[close], apart[close]


def by_dwithin(lines: AuditedLines, need: Requirements) -> Pairs:
    reach = need.horizontal_m.max(axis=1)[lines.classes]
    i, j = shapely.STRtree(lines.shapes).query(lines.shapes, predicate="dwithin", distance=reach)
    return measured(lines, need, *ruled(lines, need, i, j))


def by_boxes(lines: AuditedLines, need: Requirements) -> Pairs:
    """Rules first, distance last, in chunks that fit the memory."""
    tree = shapely.STRtree(lines.shapes)
    bounds = shapely.bounds(lines.shapes)
    reach = need.horizontal_m.max(axis=1)[lines.classes]
    grown = shapely.box(*(bounds + np.stack([-reach, -reach, reach, reach], axis=1)).T)
    found = []
    for first in range(0, len(grown), 50_000):
        i, j = tree.query(grown[first : first + 50_000])
        i, j = ruled(lines, need, i + first, j)
        radius = need.horizontal_m[lines.classes[i], lines.classes[j]]
        a, b = bounds[i], bounds[j]
        near = (np.maximum(a[:, :2], b[:, :2]) - np.minimum(a[:, 2:], b[:, 2:]) < radius[:, None]).all(axis=1)
        found.append(measured(lines, need, i[near], j[near]))
    return tuple(np.concatenate(column) for column in zip(*found, strict=True))  # type: ignore[return-value]


def by_geopandas(lines: AuditedLines, need: Requirements) -> Pairs:
    frame = gpd.GeoDataFrame(geometry=lines.shapes)
    reach = need.horizontal_m.max(axis=1)[lines.classes]
    joined = frame.sjoin(frame, predicate="dwithin", distance=reach)
    return measured(
        lines, need, *ruled(lines, need, joined.index.to_numpy(), joined["index_right"].to_numpy())
    )


def by_ours(threads: int) -> Callable[[AuditedLines, Requirements], Pairs]:
    def run(lines: AuditedLines, need: Requirements) -> Pairs:
        found = audit(lines, need, threads)
        return found.a, found.b, found.separation_m

    return run


METHODS: dict[str, Callable[[AuditedLines, Requirements], Pairs]] = {
    "ours, 1 thread": by_ours(1),
    "ours, 2 threads": by_ours(2),
    "shapely boxes, rules first": by_boxes,
    "shapely STRtree dwithin": by_dwithin,
    "geopandas sjoin dwithin": by_geopandas,
}


def compare(segments: int, repeats: int) -> None:
    lines, need = city_lines(segments), rules()
    took: dict[str, list[float]] = {name: [] for name in METHODS}
    spent: dict[str, list[float]] = {name: [] for name in METHODS}
    truth: Pairs | None = None
    for _ in range(repeats):
        for name, method in METHODS.items():
            start, cpu = time.perf_counter(), time.process_time()
            i, j, apart = method(lines, need)
            took[name].append(time.perf_counter() - start)
            spent[name].append(time.process_time() - cpu)
            order = np.lexsort((j, i))
            i, j, apart = i[order], j[order], apart[order]
            truth = truth or (i, j, apart)
            assert np.array_equal(i, truth[0]), f"{name} finds other pairs"
            assert np.array_equal(j, truth[1]), f"{name} finds other pairs"
            assert np.allclose(apart, truth[2], rtol=0, atol=1e-9), f"{name} finds other distances"
    assert truth is not None
    core = statistics.median(core_seconds(lines, need) for _ in range(repeats))
    base, base_cpu = (statistics.median(times["ours, 1 thread"]) for times in (took, spent))
    print(
        f"\n{len(lines.ids):,} lines: {len(truth[0]):,} pairs, {truth[2].sum():,.3f} m in all; all methods equal"
    )
    print(f"  {'':30} {'wall s':>9} {'ratio':>8} {'CPU s':>9} {'ratio':>8}")
    for name in METHODS:
        wall, cpu = statistics.median(took[name]), statistics.median(spent[name])
        print(f"  {name:30} {wall:9.3f} {wall / base:7.2f}x {cpu:9.3f} {cpu / base_cpu:7.2f}x")
    print(f"  {'ours, segments to pairs only':30} {'':9} {'':8} {core:9.3f} {core / base_cpu:7.2f}x")


def core_seconds(lines: AuditedLines, need: Requirements) -> float:
    """CPU seconds of the join alone: without taking the shapes apart and without ranking."""
    segments, owner = exploded(lines)
    start = time.process_time()
    near_segments(segments, lines.classes[owner], lines.top_m[owner], lines.bottom_m[owner], need)
    return time.process_time() - start


def main() -> None:
    ask = argparse.ArgumentParser(description=__doc__)
    ask.add_argument("--million", action="store_true", help="also 1,000,000 lines (minutes)")
    ask.add_argument("--repeats", type=int, default=3)
    options = ask.parse_args()
    print(f"seed {SEED}")
    tiny = city_lines(10_000)
    for threads in (1, 2):
        audit(tiny, rules(), threads)  # compile
    for segments in (10_000, 100_000, *([1_000_000] if options.million else [])):
        compare(segments, options.repeats)
    print(
        f"\npeak memory of the whole process {resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20:.2f} GB"
    )


if __name__ == "__main__":
    main()
