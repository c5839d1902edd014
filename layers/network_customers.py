"""Whom a network serves, read from parcels, buildings and devices as they are published."""

from __future__ import annotations

# ruff: noqa: S608 - names spliced into SQL come from the catalogue, never from data
from typing import Any, Final

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc
import shapely
from sqlalchemy import Connection

from geo.ids import Ids
from geo.network import NOWHERE, SERVICE_CODE, Indices, Metres, Network
from layers.network_built import Shapes
from layers.network_columns import coded, numbers
from layers.network_copy import Columns, column, copied
from layers.network_read import flat, ids_of
from layers.network_served import Asked, Served

# A connection ends just inside its building; positions of two agencies differ by a metre or two.
_BESIDE_M: Final = 3.0


def connections(network: Network, coords: Metres, vertices: npt.NDArray[np.int64]) -> tuple[Indices, Metres]:
    """The service links and the place of each one's customer: the end at which nothing else ends."""
    links = np.flatnonzero(network.link_role == SERVICE_CODE).astype(np.int32)
    joined = np.concatenate([network.link_start, network.link_end, network.tap_node])
    degree = np.bincount(joined[joined != NOWHERE], minlength=network.node_count)
    start, end = network.link_start[links], network.link_end[links]
    at_start = (degree[end] > 1) & (degree[start] == 1)
    place = np.where(at_start, vertices[:-1][links], vertices[1:][links] - 1)
    return links, coords[place]


_PLACES: Final = f"""SELECT (u.n - 1)::int AS n, p.feature_id AS parcel, b.feature_id AS building, b.use, b.name,
    b.units::float8 AS units, ST_X(b.centre) AS x, ST_Y(b.centre) AS y
    FROM unnest(%(x)s::float8[], %(y)s::float8[]) WITH ORDINALITY AS u(x, y, n)
    CROSS JOIN LATERAL (SELECT ST_SetSRID(ST_MakePoint(u.x, u.y), %(srid)s) AS place) q
    LEFT JOIN LATERAL (
        SELECT t.feature_id FROM layers.parcel t
        WHERE t.city_id = %(city)s AND t.retired_by IS NULL AND t.geom && q.place AND ST_Intersects(t.geom, q.place)
        ORDER BY t.feature_id LIMIT 1) p ON true
    LEFT JOIN LATERAL (
        SELECT t.feature_id, t.use, t.name, ST_PointOnSurface(t.geom) AS centre, CASE
            WHEN t.attributes ->> 'units' ~ '^[0-9]{{1,6}}$' THEN (t.attributes ->> 'units')::int
            WHEN t.attributes ->> 'dwellings' ~ '^[0-9]{{1,6}}$' THEN (t.attributes ->> 'dwellings')::int
            END AS units
        FROM layers.building t
        WHERE t.city_id = %(city)s AND t.retired_by IS NULL AND t.geom && ST_Expand(q.place, {_BESIDE_M})
            AND ST_DWithin(t.geom, q.place, {_BESIDE_M})
        ORDER BY ST_Distance(t.geom, q.place), t.feature_id LIMIT 1) b ON true
    ORDER BY n"""
_PLACE_TYPES: Final = {
    "n": pa.int32(), "parcel": pa.string(), "building": pa.string(), "use": pa.string(), "name": pa.string(),
    "units": pa.float64(), "x": pa.float64(), "y": pa.float64(),
}  # fmt: skip
_DEPENDANTS: Final = """SELECT t.feature_id, t.attributes ->> 'name' AS name, t.kind,
    array_position(%(layers)s::text[], t.layer_id) - 1 AS layer, ST_X(t.geom) AS x, ST_Y(t.geom) AS y
    FROM layers.network_device t
    WHERE t.city_id = %(city)s AND t.retired_by IS NULL AND t.layer_id = ANY(%(layers)s) AND t.utility <> %(utility)s
        AND t.kind = ANY(%(kinds)s) AND t.status NOT IN ('abandoned', 'planned')
    ORDER BY t.layer_id, t.feature_id"""
_DEPENDANT_TYPES: Final = {
    "feature_id": pa.string(), "name": pa.string(), "kind": pa.string(), "layer": pa.int32(),
    "x": pa.float64(), "y": pa.float64(),
}  # fmt: skip


def read_served(
    connection: Connection, asked: Asked, network: Network, coords: Metres, vertices: npt.NDArray[np.int64]
) -> Served:
    """Whom the network serves, as this transaction sees parcels, buildings and devices."""
    links, ends = connections(network, coords, vertices)
    of_link = np.full(network.link_count, NOWHERE, dtype=np.int32)
    of_link[links] = np.arange(len(links), dtype=np.int32)
    values = {
        "city": asked.city_id, "srid": asked.srid, "x": ends[:, 0].tolist(), "y": ends[:, 1].tolist(),
        "utility": asked.utility, "kinds": list(asked.kinds), "layers": [each.layer_id for each in asked.layers],
    }  # fmt: skip
    places = copied(connection, _PLACES, values, _PLACE_TYPES)
    parcel, parcel_ids = _numbered(column(places, "parcel"))
    building, building_ids = _numbered(column(places, "building"))
    first = _first(building, len(building_ids))
    rows = places.take(pa.array(first))
    others = copied(connection, _DEPENDANTS, values, _DEPENDANT_TYPES)
    place = np.column_stack([numbers(others, "x", np.float64), numbers(others, "y", np.float64)])
    link, apart = _nearest_links(place, Shapes(coords, vertices), asked.reach_m)
    return Served(
        version=asked.version,
        of_link=of_link,
        end_xy=ends,
        parcel=parcel,
        parcel_ids=parcel_ids,
        building=building,
        building_ids=building_ids,
        building_use=coded(rows, "use"),
        building_name=_names(rows),
        building_units=numbers(rows, "units", np.float32),
        building_xy=np.column_stack([numbers(rows, "x", np.float64), numbers(rows, "y", np.float64)]),
        dependant_ids=ids_of(column(others, "feature_id")),
        dependant_name=_names(others),
        dependant_kind=coded(others, "kind"),
        dependant_layer=numbers(others, "layer", np.int16),
        dependant_link=link,
        dependant_apart_m=apart.astype(np.float32),
        dependant_xy=place,
        layers=asked.layers,
    )


def _names(table: Columns) -> Ids:
    return Ids.unsought(*flat(pc.fill_null(column(table, "name"), "")))


def _numbered(words: Any) -> tuple[Indices, Ids]:
    found = words.dictionary_encode()
    codes = pc.fill_null(found.indices, NOWHERE).to_numpy(zero_copy_only=False).astype(np.int32)
    return codes, ids_of(found.dictionary)


def _first(codes: Indices, count: int) -> Indices:
    """The first row that has each number."""
    found = np.zeros(count, dtype=np.int32)
    rows = np.flatnonzero(codes != NOWHERE)[::-1]
    found[codes[rows]] = rows
    return found


def _nearest_links(places: Metres, shapes: Shapes, reach_m: float) -> tuple[Indices, npt.NDArray[np.float64]]:
    """The nearest link of each place within reach (-1: none), and how far it is."""
    link = np.full(len(places), NOWHERE, dtype=np.int32)
    apart = np.full(len(places), np.nan)
    if len(places) and len(shapes):
        tree = shapely.STRtree(shapes.all())
        (at, found), gap = tree.query_nearest(
            shapely.points(places), max_distance=reach_m, return_distance=True, all_matches=False
        )
        link[at], apart[at] = found, gap
    return link, apart
