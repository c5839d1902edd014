"""The area seen in a day stays an area: a union on a grid may leave lines, and the next union refused those."""

from __future__ import annotations

from alembic import op

revision = "0015"
down_revision = "0014"
branch_labels = None
depends_on = None

CHECK = "layers.check_access(text, text, text, geometry, uuid)"
BEFORE = "v_seen := ST_Union(v_seen, p_area, 0.01);"
AFTER = "v_seen := ST_CollectionExtract(ST_Union(ST_CollectionExtract(v_seen, 3), p_area, 0.01), 3);"


def _replace(old: str, new: str) -> None:
    op.execute(
        f"DO $do$ BEGIN EXECUTE replace(pg_get_functiondef('{CHECK}'::regprocedure), '{old}', '{new}'); END $do$"
    )


def upgrade() -> None:
    """What is left of the grid's lines is dropped before and after the union."""
    _replace(BEFORE, AFTER)


def downgrade() -> None:
    """The plain union again."""
    _replace(AFTER, BEFORE)
