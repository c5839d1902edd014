"""The columns of a network layer as it was published, kept beside its rows: what puts networks together reads these."""

from __future__ import annotations

from alembic import op

revision = "0019"
down_revision = "0018"
branch_labels = None
depends_on = None

# Valid for what they were made of (`mark`: the delivery that the layer showed) and for how they are read (`form`).
# They hold sensitive features: row-level security without a policy leaves them to the owner of the tables alone.
UP = """
CREATE TABLE layers.kept_columns (
    city_id text NOT NULL,
    layer_id text NOT NULL,
    part integer NOT NULL,
    mark text NOT NULL,
    form text NOT NULL,
    columns bytea NOT NULL,
    CONSTRAINT pk_kept_columns PRIMARY KEY (city_id, layer_id, part),
    CONSTRAINT fk_kept_columns_layer FOREIGN KEY (city_id, layer_id)
        REFERENCES layers.layer (city_id, layer_id) ON DELETE CASCADE
);
ALTER TABLE layers.kept_columns ALTER columns SET STORAGE EXTERNAL;
ALTER TABLE layers.kept_columns ENABLE ROW LEVEL SECURITY;
COMMENT ON TABLE layers.kept_columns IS 'a network layer''s live rows as Arrow columns, in parts; may be emptied';
"""


def upgrade() -> None:
    """The table, empty: it fills with the next deliveries."""
    op.execute(UP)


def downgrade() -> None:
    """Without it networks are put together from the rows."""
    op.execute("DROP TABLE layers.kept_columns")
