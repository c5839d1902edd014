"""Numbers of deliveries are no order: one that was received early, or held, may be published after a younger one."""

from __future__ import annotations

from alembic import op

revision = "0027"
down_revision = "0026"
branch_labels = None
depends_on = None

TABLES = (
    "parcel",
    "building",
    "street",
    "landuse",
    "address",
    "tree",
    "network_line",
    "network_node",
    "network_device",
)

# NOT VALID: what is there keeps the narrower rule already, and need not be read again.
CHANGE = """
ALTER TABLE layers.{table} DROP CONSTRAINT ck_{table}_lifespan;
ALTER TABLE layers.{table} ADD CONSTRAINT ck_{table}_lifespan
    CHECK (retired_by IS NULL OR retired_by {order} published_by){validity};
"""


def upgrade() -> None:
    """A feature is retired by another delivery than the one that published it."""
    for table in TABLES:
        op.execute(CHANGE.format(table=table, order="<>", validity=" NOT VALID"))


def downgrade() -> None:
    """By one with a higher number; rows that were retired by a lower one stay."""
    for table in TABLES:
        op.execute(CHANGE.format(table=table, order=">", validity=" NOT VALID"))
