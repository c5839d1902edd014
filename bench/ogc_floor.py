"""The floor of the OGC bench: FastAPI, a psycopg2 pool, one statement per answer, and nothing else.

No parameters are checked, no rights, no versions, no links: what cannot be undercut without other storage.
"""

from __future__ import annotations

import sys
from typing import Any

import psycopg2.pool
import uvicorn
from fastapi import FastAPI, Response

PROPERTIES = (
    "(SELECT p FROM (SELECT t.area_m2, t.land_use, t.renovation_code, t.owner_agency, t.origin) AS p)"
)
FEATURE = (
    '\'{"type":"Feature","id":\' || to_json(t.feature_id)::text || \',"geometry":\' || '
    "ST_AsGeoJSON(ST_Transform(t.geom, 4326), 7) || ',\"properties\":' || "
    f"row_to_json({PROPERTIES})::text || '}}'"
)
ITEMS = (
    f"SELECT string_agg(f, ',') FROM (SELECT {FEATURE} AS f FROM bench.parcels t WHERE t.geom && "
    "ST_Transform(ST_MakeEnvelope(%s, %s, %s, %s, 4326), %s) LIMIT %s) AS q"
)
ITEM = f"SELECT {FEATURE} FROM bench.parcels t WHERE t.feature_id = %s"
TILE = (
    "SELECT ST_AsMVT(m, 'parcels') FROM (SELECT {columns}, "
    "ST_AsMVTGeom(ST_Transform(t.geom, 3857), ST_TileEnvelope(%(z)s, %(x)s, %(y)s)) AS geom FROM bench.parcels t "
    "WHERE t.geom && ST_Transform(ST_TileEnvelope(%(z)s, %(x)s, %(y)s), %(srid)s)) AS m WHERE geom IS NOT NULL"
)


def make_app(dsn: str, srid: int) -> FastAPI:
    """The three answers."""
    pool = psycopg2.pool.ThreadedConnectionPool(1, 10, dsn)
    app = FastAPI(openapi_url=None)

    def one(statement: str, values: Any) -> Any:
        connection = pool.getconn()
        connection.autocommit = True
        try:
            with connection.cursor() as cursor:
                cursor.execute(statement, values)
                return cursor.fetchone()[0]
        finally:
            pool.putconn(connection)

    @app.get("/items")
    def items(bbox: str, limit: int) -> Response:
        features = one(ITEMS, (*map(float, bbox.split(",")), srid, limit))
        body = f'{{"type":"FeatureCollection","features":[{features or ""}]}}'
        return Response(body, media_type="application/geo+json")

    @app.get("/items/{feature_id}")
    def item(feature_id: str) -> Response:
        return Response(one(ITEM, (feature_id,)), media_type="application/geo+json")

    @app.get("/tiles/{z}/{x}/{y}")
    def tile(z: int, x: int, y: int) -> Response:
        # The same attributes as ours: below zoom 15 without an id.
        columns = "t.feature_id, t.land_use" if z >= 15 else "t.land_use"
        made = one(TILE.replace("{columns}", columns), {"z": z, "x": x, "y": y, "srid": srid})
        return Response(bytes(made), media_type="application/vnd.mapbox-vector-tile")

    return app


if __name__ == "__main__":
    uvicorn.run(
        make_app(sys.argv[1], int(sys.argv[2])), host="127.0.0.1", port=int(sys.argv[3]), log_level="error"
    )
