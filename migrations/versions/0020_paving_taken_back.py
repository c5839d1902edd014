"""A repaving that was entered wrongly is taken back: by whom, when and why; the entry stays."""

from __future__ import annotations

from alembic import op

revision = "0020"
down_revision = "0019"
branch_labels = None
depends_on = None

UP = """
ALTER TABLE permits.paving
    ADD COLUMN taken_back_by text,
    ADD COLUMN taken_back_at timestamptz,
    ADD COLUMN taken_back_why text,
    ADD CONSTRAINT ck_paving_taken_back CHECK (
        (taken_back_at IS NULL) = (taken_back_by IS NULL) AND (taken_back_at IS NULL) = (taken_back_why IS NULL)
    )
"""
DOWN = "ALTER TABLE permits.paving DROP COLUMN taken_back_by, DROP COLUMN taken_back_at, DROP COLUMN taken_back_why"


def upgrade() -> None:
    """Three columns, empty."""
    op.execute(UP)


def downgrade() -> None:
    """Entries that were taken back count again."""
    op.execute(DOWN)
