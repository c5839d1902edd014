"""A task may be of a city and of no case: an order in a company's books that nothing here explains."""

from __future__ import annotations

from alembic import op

revision = "0025"
down_revision = "0024"
branch_labels = None
depends_on = None

UP = """
ALTER TABLE permits.human_task ALTER COLUMN case_id DROP NOT NULL, ADD COLUMN city_id text,
    ADD CONSTRAINT ck_human_task_of_case_or_city CHECK (case_id IS NOT NULL OR city_id IS NOT NULL);
COMMENT ON COLUMN permits.human_task.city_id IS 'of tasks that the city''s officers see together, of a case or of none';
CREATE UNIQUE INDEX uq_human_task_open_city ON permits.human_task (city_id, kind, agency_id, ref)
    WHERE closed_at IS NULL AND city_id IS NOT NULL;
"""
DOWN = """
DROP INDEX permits.uq_human_task_open_city;
DELETE FROM permits.human_task WHERE case_id IS NULL;
ALTER TABLE permits.human_task DROP CONSTRAINT ck_human_task_of_case_or_city, DROP COLUMN city_id,
    ALTER COLUMN case_id SET NOT NULL;
"""


def upgrade() -> None:
    op.execute(UP)


def downgrade() -> None:
    """Tasks of no case go with the column; their histories stay."""
    op.execute(DOWN)
