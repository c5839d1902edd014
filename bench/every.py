"""Every benchmark with its peers, at several sizes, and how each figure grows: what `make bench` runs.

    python -m bench.every --peers VENV [--sizes 10000 100000 1000000] [--only conflict trace]

Each bench runs as a program of its own and prints its ratios; a missing peer is named by it and left out. At the end
the growth of each method from size to size is printed, which is all that is compared across runs.
"""

from __future__ import annotations

import argparse
import re
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
Job = tuple[str, list[str]]
# A line that ends the name of a method with its median in milliseconds; a heading that says what it is about.
MEDIAN = re.compile(r"^ *(?P<name>\S.*?)(?: {2,}| +p50 +)(?P<ms>\d+\.\d+)(?: ms)?\b")
SCALED = ("conflict", "trace")
HEADING = re.compile(r"^(?P<what>\w[^:]*): ")


def jobs(sizes: Sequence[int], peers: Path) -> Iterator[Job]:
    """What is run, in order: name and arguments. Benches that scale within one run get the largest size only."""
    most = max(sizes)
    yield "agreement", []
    yield "audit", ["--million"] if most >= 1_000_000 else []
    for size in sizes:
        yield "conflict", ["--segments", str(size)]
    for size in sizes:
        yield "trace", ["--segments", str(size), "--stored", "--peers", str(peers)]
    for size in sizes:
        yield "bulk", ["--lines", str(size), *(["--repeats", "1"] if size >= 1_000_000 else [])]
    for size in sizes:
        if size <= 100_000:
            yield "ogc", ["--parcels", str(size), "--peers", str(peers)]


def run(name: str, arguments: list[str]) -> tuple[int, dict[str, float]]:
    """Run one bench, showing what it prints; its exit code and its medians (ms) by method."""
    medians: dict[str, float] = {}
    heading = ""
    command = [sys.executable, "-u", str(ROOT / f"bench/bench_{name}.py"), *arguments]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        for line in process.stdout:
            print(line, end="", flush=True)
            if said := HEADING.match(line):
                heading = said["what"]
            elif name in SCALED and (found := MEDIAN.match(line)):
                medians.setdefault(f"{heading}: {found['name']}", float(found["ms"]))
    return process.returncode, medians


def tell(grown: dict[tuple[str, str], list[tuple[str, float]]]) -> None:
    """Print the medians of each method from size to size."""
    print("\nmedian ms by size, and the growth from the smallest to the largest")
    for (name, what), figures in grown.items():
        if len(figures) > 1:
            sizes = "  ".join(f"{size}: {ms:.3f}" for size, ms in figures)
            print(f"  {name:9} {what:60} {sizes}  {figures[-1][1] / max(figures[0][1], 1e-6):.1f}x")


def main() -> int:
    """Run them; the exit code is 1 when one of them failed."""
    ask = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    ask.add_argument("--peers", type=Path, default=ROOT / ".peers")
    ask.add_argument("--sizes", type=int, nargs="+", default=[10_000, 100_000, 1_000_000])
    ask.add_argument("--only", nargs="+", help="agreement, audit, conflict, trace, bulk, ogc")
    options = ask.parse_args()
    failed = []
    grown: dict[tuple[str, str], list[tuple[str, float]]] = {}
    for name, arguments in jobs(sorted(options.sizes), options.peers.resolve()):
        if options.only and name not in options.only:
            continue
        print(f"\n== bench_{name} {' '.join(arguments)}", flush=True)
        start = time.monotonic()
        code, medians = run(name, arguments)
        print(f"-- {time.monotonic() - start:.0f} s", flush=True)
        for what, ms in medians.items():
            grown.setdefault((name, what), []).append((arguments[1], ms))
        if code:
            failed.append(f"{name} {' '.join(arguments)}")
    tell(grown)
    for each in failed:
        print(f"FAILED: bench_{each}")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
