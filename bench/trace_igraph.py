"""igraph's side of bench_trace, run by its own environment: load from PostgreSQL, then the full answer to each break.

    python bench/trace_igraph.py DSN WANTED OUT

Loaded twice, the faster way counts: rows through `Graph.TupleList`, as its tutorial does; and columns by COPY through
pyarrow, the best that can be done for it. Both read the same tables as ours, names included.
"""

from __future__ import annotations

import io
import json
import sys
import time
from pathlib import Path

import igraph  # type: ignore[import-not-found]
import numpy as np
import psycopg2
import pyarrow as pa
from pyarrow import csv

AGAIN = 3
LINES = (
    "SELECT from_node, to_node, feature_id FROM layers.network_line "
    "WHERE city_id = 'nemuneh' AND retired_by IS NULL"
)
VALVES = (
    "SELECT node_id FROM layers.network_device WHERE city_id = 'nemuneh' AND retired_by IS NULL AND kind = 'valve' "
    "AND coalesce(attributes ->> 'operable', 'true') NOT IN ('false', '0')"
)
SOURCES = (
    "SELECT node_id FROM layers.network_device WHERE city_id = 'nemuneh' AND retired_by IS NULL "
    "AND kind = 'reservoir'"
)


def by_rows(cursor):
    cursor.execute(LINES)
    graph = igraph.Graph.TupleList(cursor.fetchall(), edge_attrs=["name"])
    return graph, graph.vs["name"], graph.es["name"]


def by_columns(cursor):
    sink = io.BytesIO()
    cursor.copy_expert(f"COPY ({LINES}) TO STDOUT (FORMAT csv)", sink)
    reading = csv.ReadOptions(column_names=["a", "b", "name"], use_threads=False, block_size=1 << 28)
    table = csv.read_csv(pa.BufferReader(sink.getbuffer()), read_options=reading).combine_chunks()
    ends = pa.concat_arrays([table["a"].chunk(0), table["b"].chunk(0)]).dictionary_encode()
    both = ends.indices.to_numpy().reshape(2, -1).T
    return igraph.Graph(n=len(ends.dictionary), edges=both), ends.dictionary, table["name"]


def made_ready(cursor, load):
    """The graph with what its questions need: valves, sources, and itself without the valves."""
    start = time.perf_counter()
    graph, nodes, lines = load(cursor)
    number = {name: k for k, name in enumerate(nodes if isinstance(nodes, list) else nodes.to_pylist())}
    cursor.execute(VALVES)
    valves = np.array([number[name] for (name,) in cursor.fetchall() if name in number])
    cursor.execute(SOURCES)
    sources = np.array([number[name] for (name,) in cursor.fetchall() if name in number])
    a, b = np.array(graph.get_edgelist(), dtype=np.int32).T
    holds = np.zeros(graph.vcount(), bool)
    holds[valves] = True
    inner = graph.subgraph_edges(np.flatnonzero(~(holds[a] | holds[b])).tolist(), delete_vertices=False)
    took = time.perf_counter() - start
    names = lines if isinstance(lines, list) else lines.to_pylist()
    return took, (graph, inner, a, b, holds, sources, list(number), names)


def main() -> None:
    cursor = psycopg2.connect(sys.argv[1]).cursor()
    loads = {}
    for load in (by_rows, by_columns):
        times = []
        for _ in range(2):
            took, ready = made_ready(cursor, load)
            times.append(took)
        loads[load.__name__] = min(times)
    graph, inner, a, b, holds, source, node_names, names = ready
    number = {name: k for k, name in enumerate(names)}

    def fed(rest):
        label = np.array(rest.connected_components().membership)
        ok = np.zeros(label.max() + 1, bool)
        ok[label[source]] = True
        return ok[label]

    supplied = fed(graph)

    def answer(k):
        ends = [n for n in (int(a[k]), int(b[k])) if not holds[n]]
        nodes = sorted({m for n in ends for m in inner.subcomponent(n)})
        inside = sorted({e for n in nodes for e in graph.incident(n)} | {k})
        rest = graph.copy()
        rest.delete_edges(inside)
        live = fed(rest)
        gone = supplied[a].copy()
        gone[inside] = False
        lost = np.flatnonzero(gone & ~live[a])
        return sorted({int(n) for e in inside for n in (a[e], b[e]) if holds[n]}), inside, lost

    took, out = [], []
    for one in json.loads(Path(sys.argv[2]).read_text()):
        times = []
        for _ in range(AGAIN):
            start = time.perf_counter()
            valves, inside, lost = answer(number[one])
            times.append(time.perf_counter() - start)
        took.append(min(times))
        told = [node_names[n] for n in valves], [names[e] for e in inside], [names[e] for e in lost.tolist()]
        out.append(told)
    peak = next(
        line for line in Path("/proc/self/status").read_text().splitlines() if line.startswith("VmHWM")
    )
    said = {
        "load": loads,
        "took": took,
        "answers": out,
        "version": igraph.__version__,
        "mb": int(peak.split()[1]) / 1024,
    }
    Path(sys.argv[3]).write_text(json.dumps(said))


if __name__ == "__main__":
    main()
