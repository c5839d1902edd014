"""A kept audit says what it was made of; a try to make it again is written down before it is made."""

from __future__ import annotations

from alembic import op

revision = "0022"
down_revision = "0021"
branch_labels = None
depends_on = None

TABLES = """
ALTER TABLE layers.survey_run ADD COLUMN made_of jsonb;
COMMENT ON COLUMN layers.survey_run.made_of IS
    'the deliveries of the network lines and the hash of the city''s rules; NULL: from before it was kept';

CREATE TABLE layers.survey_try (
    city_id text CONSTRAINT pk_survey_try PRIMARY KEY
        CONSTRAINT fk_survey_try_city_id_city REFERENCES layers.city ON DELETE CASCADE,
    tries integer NOT NULL,
    began_at timestamptz NOT NULL,
    ended_at timestamptz,
    next_at timestamptz NOT NULL,
    problem text
);
COMMENT ON TABLE layers.survey_try IS 'tries to make a city''s survey list since the last that succeeded';
-- The application tells of them and writes none.
ALTER TABLE layers.survey_try ENABLE ROW LEVEL SECURITY;
CREATE POLICY all_may_know ON layers.survey_try FOR SELECT USING (true);
"""


def upgrade() -> None:
    """The column, empty for runs that are there; the table and its rights."""
    op.execute(TABLES)
    op.execute("SELECT layers.grant_app()")


def downgrade() -> None:
    """Runs forget what they were made of."""
    op.execute("DROP TABLE layers.survey_try")
    op.execute("ALTER TABLE layers.survey_run DROP COLUMN made_of")
