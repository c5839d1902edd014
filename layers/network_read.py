"""A utility's published lines, nodes and devices as columns, by COPY: never a Python object per record.

All is read from one snapshot of the database, with the version of the network that it belongs to.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import numpy.typing as npt
import pyarrow as pa
from sqlalchemy import Connection

from geo.ids import Ids
from layers.catalog import Target
from layers.network_copy import LINES, WORDS, Columns, column, copied
from layers.network_layers import SourceLayer
from layers.network_rules import NetworkRules

_LIVE: Final = "t.city_id = %(city)s AND t.layer_id = %(layer)s AND t.retired_by IS NULL"
_LINES: Final = """SELECT t.feature_id, t.role, t.from_node, t.to_node, t.main_id, t.material, t.diameter_mm,
    t.pressure_bar, t.voltage_kv, t.quality_level, t.surveyed_on - DATE '1970-01-01' AS surveyed, t.geom AS xy
    FROM layers.network_line t
    WHERE {live} AND t.status NOT IN ('abandoned', 'planned', 'out_of_service')"""
_NODES: Final = """SELECT t.feature_id, t.kind, ST_X(t.geom) AS x, ST_Y(t.geom) AS y, {names} AS names
    FROM layers.network_node t WHERE {live}"""
_DEVICES: Final = """SELECT t.feature_id, t.kind, t.node_id, t.normal_state,
    (coalesce(t.attributes ->> 'operable', 'true') NOT IN ('false', '0', 'f', 'no'))::text AS operable,
    t.attributes ->> %(link_attribute)s AS link, t.attributes ->> 'name' AS name,
    t.quality_level, t.surveyed_on - DATE '1970-01-01' AS surveyed, ST_X(t.geom) AS x, ST_Y(t.geom) AS y
    FROM layers.network_device t WHERE {live} ORDER BY t.feature_id"""
_STRING, _INT, _FLOAT = pa.string(), pa.int32(), pa.float64()
_TYPES: Final[Mapping[Target, Mapping[str, Any]]] = {
    Target.NETWORK_LINE: {
        "feature_id": _STRING, "role": WORDS, "from_node": _STRING, "to_node": _STRING, "main_id": _STRING,
        "material": WORDS, "diameter_mm": _FLOAT, "pressure_bar": _FLOAT, "voltage_kv": _FLOAT,
        "quality_level": WORDS, "surveyed": _INT, "xy": LINES,
    },
    Target.NETWORK_NODE: {"feature_id": _STRING, "kind": WORDS, "x": _FLOAT, "y": _FLOAT, "names": _STRING},
    Target.NETWORK_DEVICE: {
        "feature_id": _STRING, "kind": _STRING, "node_id": _STRING, "normal_state": _STRING, "operable": _STRING,
        "link": _STRING, "name": _STRING, "quality_level": _STRING, "surveyed": _INT, "x": _FLOAT, "y": _FLOAT,
    },
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class LayerQuery:
    """How the live rows of one layer are read; `{where}` in the statement may narrow it to some of the table."""

    target: Target
    statement: str
    values: Mapping[str, Any]
    types: Mapping[str, Any]


def layer_query(city_id: str, layer: SourceLayer, rules: NetworkRules) -> LayerQuery:
    """What of a layer a network is made of, by the rules of its utility."""
    values = {"city": city_id, "layer": layer.layer_id}
    live = f"{_LIVE}{{where}}"
    match layer.target:
        case Target.NETWORK_LINE:
            statement = _LINES.format(live=live)
        case Target.NETWORK_NODE:
            # looking into the attributes of every node costs more than all else about them
            names = "t.attributes ->> %(node_attribute)s" if rules.transformer_node else "NULL::text"
            statement = _NODES.format(live=live, names=names)
            values["node_attribute"] = rules.transformer_node.get("attribute", "-")
        case _:
            statement = _DEVICES.format(live=live)
            values["link_attribute"] = rules.device_link.get("attribute", "-")
    return LayerQuery(layer.target, statement, values, _TYPES[layer.target])


def read_rows(
    connection: Connection,
    query: LayerQuery,
    blocks: tuple[int, int] | None = None,
    made_by: Sequence[int] = (),
) -> Any:
    """The live rows of a layer as this transaction sees them, by COPY; only of some blocks, or of some deliveries.

    Lines have, beside their columns, `part` of `parts` and their vertices as `xy`.
    """
    where, values = "", dict(query.values)
    if blocks is not None:
        where = " AND t.ctid >= %(first)s::tid AND t.ctid < %(end)s::tid"
        values |= {"first": f"({blocks[0]},0)", "end": f"({blocks[1]},0)"}
    if made_by:
        where += " AND t.published_by = ANY(%(made_by)s)"
        values["made_by"] = list(made_by)
    return copied(connection, query.statement.format(where=where), values, query.types)


@dataclass(frozen=True, slots=True, eq=False)
class Delivered:
    """A utility's records as columns (pyarrow tables), coordinates in the city's CRS.

    `coords` holds the lines' vertices one after the other, line k from `vertices[k]` to `vertices[k + 1]`.
    """

    layers: tuple[SourceLayer, ...]
    lines: Columns
    nodes: Columns
    devices: Columns
    coords: npt.NDArray[np.float64]
    vertices: npt.NDArray[np.int64]


def delivered(layers: tuple[SourceLayer, ...], tables: Sequence[Columns]) -> Delivered:
    """The layers' columns put together by what they are; `layer` says which of `layers` a row is of."""
    found: dict[Target, list[Columns]] = {target: [] for target in _TYPES}
    for number, (layer, table) in enumerate(zip(layers, tables, strict=True)):
        of_layer = pa.array(np.full(table.num_rows, number, dtype=np.int32))
        found[layer.target].append(table.append_column("layer", of_layer))
    lines, nodes, devices = (_together(found[target], types) for target, types in _TYPES.items())
    xy = column(lines, "xy")
    # copies: as `flat` does
    coords = xy.flatten().flatten().to_numpy().reshape(-1, 2).copy()
    vertices = xy.offsets.to_numpy().astype(np.int64)
    return Delivered(layers, lines, nodes, devices, coords, vertices - vertices[0])


def _together(tables: Sequence[Columns], types: Mapping[str, Any]) -> Columns:
    if not tables:
        return pa.table({name: pa.array([], kind) for name, kind in {**types, "layer": _INT}.items()})
    return pa.concat_tables(tables).unify_dictionaries().combine_chunks()


def flat(array: Any) -> tuple[npt.NDArray[np.uint8], npt.NDArray[np.int64]]:
    """The bytes and offsets of an array of text; a null is as long as the empty word."""
    if not len(array):
        return np.zeros(0, dtype=np.uint8), np.zeros(1, dtype=np.int64)
    _, place, data = array.buffers()
    offsets = np.frombuffer(place, dtype=np.int32)[array.offset : array.offset + len(array) + 1]
    blob = np.frombuffer(data, dtype=np.uint8)[offsets[0] : offsets[-1]] if data else np.zeros(0, np.uint8)
    # copies: writable, as arrays of files are, so that compiled code is compiled once for both
    return blob.copy(), offsets.astype(np.int64) - int(offsets[0])


def ids_of(column: Any) -> Ids:
    """A column of ids without nulls."""
    return Ids.of_bytes(*flat(column))
