"""Incidents: what happened, where, who has done what about it. Their history is chained like a case's."""

from __future__ import annotations

from alembic import op

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None

TABLES = """
CREATE SEQUENCE permits.incident_no_seq;
CREATE TABLE permits.incident (
    incident_id uuid CONSTRAINT pk_incident PRIMARY KEY,
    incident_no text NOT NULL CONSTRAINT uq_incident_incident_no UNIQUE,
    city_id text NOT NULL,
    kind text NOT NULL,
    utility text,
    title text NOT NULL,
    status text NOT NULL CONSTRAINT ck_incident_status CHECK (status IN ('open', 'closed')),
    version integer NOT NULL CONSTRAINT ck_incident_version CHECK (version > 0),
    area geometry NOT NULL CONSTRAINT ck_incident_area_has_crs CHECK (ST_SRID(area) > 0),
    geometry jsonb NOT NULL,
    start jsonb,
    opened_by text NOT NULL,
    opened_at timestamptz NOT NULL,
    closed_by text,
    closed_at timestamptz,
    outcome text,
    CONSTRAINT ck_incident_closed CHECK ((status = 'closed') = (closed_at IS NOT NULL))
);
CREATE INDEX ix_incident_city_id ON permits.incident (city_id, status, opened_at DESC);
CREATE INDEX ix_incident_area ON permits.incident USING gist (area);
CREATE INDEX ix_case__geom ON permits.case_ USING gist (geom);
"""


def upgrade() -> None:
    op.execute(TABLES)


def downgrade() -> None:
    op.execute("DROP INDEX permits.ix_case__geom")
    op.execute("DROP TABLE permits.incident")
    op.execute("DROP SEQUENCE permits.incident_no_seq")
