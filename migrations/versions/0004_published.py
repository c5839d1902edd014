"""The public layers' GeoJSON, made once per feature instead of at every request."""

from __future__ import annotations

from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None

# The ground: what anyone may read, and what is read most. The networks are many times larger and read by few;
# their GeoJSON is made when somebody asks.
GROUND = ("parcel", "building", "street", "landuse", "address")


def upgrade() -> None:
    for name in GROUND:
        op.execute(
            f"ALTER TABLE layers.{name} ADD COLUMN geojson text NOT NULL "
            "GENERATED ALWAYS AS (ST_AsGeoJSON(ST_ForcePolygonCCW(ST_Transform(geom, 4326)), 7, 0)) STORED"
        )


def downgrade() -> None:
    for name in GROUND:
        op.execute(f"ALTER TABLE layers.{name} DROP COLUMN geojson")
