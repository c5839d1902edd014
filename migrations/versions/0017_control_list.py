"""The control list of each city: who gets no new excavation permit, since when, until when and why."""

from __future__ import annotations

from alembic import op

revision = "0017"
down_revision = "0016"
branch_labels = None
depends_on = None

UP = """
CREATE TABLE permits.dig_bar (
    bar_id uuid CONSTRAINT pk_dig_bar PRIMARY KEY,
    city_id text NOT NULL,
    party text NOT NULL CONSTRAINT ck_dig_bar_party CHECK (party IN ('agency', 'contractor')),
    agency_id text,
    name text NOT NULL,
    licence_no text,
    -- Letters and digits alone, Persian ones made one: what two spellings of a name or number are compared by.
    name_key text NOT NULL,
    licence_key text NOT NULL,
    reason text NOT NULL,
    from_on date NOT NULL,
    until_on date,
    entered_by text NOT NULL,
    entered_at timestamptz NOT NULL,
    lifted_by text,
    lifted_at timestamptz,
    lifted_why text,
    CONSTRAINT ck_dig_bar_agency CHECK ((party = 'agency') = (agency_id IS NOT NULL)),
    CONSTRAINT ck_dig_bar_dates CHECK (until_on IS NULL OR from_on <= until_on),
    CONSTRAINT ck_dig_bar_lifted CHECK ((lifted_at IS NULL) = (lifted_by IS NULL))
);
CREATE INDEX ix_dig_bar_city_id ON permits.dig_bar (city_id, bar_id DESC);
"""


def upgrade() -> None:
    """The list, empty."""
    op.execute(UP)


def downgrade() -> None:
    """No list."""
    op.execute("DROP TABLE permits.dig_bar")
