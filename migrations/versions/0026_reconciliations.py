"""When our books were compared with the companies': any number of workers, one comparison a night."""

from __future__ import annotations

from alembic import op

revision = "0026"
down_revision = "0025"
branch_labels = None
depends_on = None

UP = """
CREATE TABLE permits.reconciliation (
    began_at timestamptz CONSTRAINT pk_reconciliation PRIMARY KEY,
    ended_at timestamptz,
    said jsonb
);
COMMENT ON TABLE permits.reconciliation IS
    'comparisons with the companies'' books; the first row: from when on they are counted';
"""


def upgrade() -> None:
    op.execute(UP)
    op.execute("SELECT layers.grant_app()")


def downgrade() -> None:
    op.execute("DROP TABLE permits.reconciliation")
