"""Proposed and as-built service lines."""

from __future__ import annotations

from alembic import op

revision = "0012"
down_revision = "0011"
branch_labels = None
depends_on = None

UP = """
CREATE TABLE permits.service_line (
    case_id uuid NOT NULL CONSTRAINT fk_service_line_case_id_case_ REFERENCES permits.case_,
    agency_id text NOT NULL,
    city_id text NOT NULL,
    state text NOT NULL CONSTRAINT ck_service_line_state CHECK (state IN (
        'proposed', 'unserved', 'built', 'recorded', 'unrecorded')),
    main_layer_id text,
    main_feature_id text,
    demand double precision,
    geom geometry(LineString),
    body jsonb NOT NULL,
    as_built jsonb,
    updated_at timestamptz NOT NULL DEFAULT now(),
    CONSTRAINT pk_service_line PRIMARY KEY (case_id, agency_id),
    CONSTRAINT ck_service_line_proposed CHECK ((geom IS NOT NULL) = (main_feature_id IS NOT NULL)),
    CONSTRAINT ck_service_line_built CHECK (state NOT IN ('built', 'recorded') OR as_built IS NOT NULL)
);
COMMENT ON COLUMN permits.service_line.geom IS 'the route from the frontage to the main, in the CRS of the city';
CREATE INDEX ix_service_line_geom ON permits.service_line USING gist (geom);
CREATE INDEX ix_service_line_main ON permits.service_line (city_id, main_layer_id, main_feature_id)
    WHERE state = 'proposed';
CREATE INDEX ix_service_line_built ON permits.service_line (city_id, updated_at) WHERE state = 'built';
"""


def upgrade() -> None:
    op.execute(UP)


def downgrade() -> None:
    op.execute("DROP TABLE permits.service_line")
