"""Zones, trial pits and conditions of findings: kept in the body of each finding, so no column is added."""

from __future__ import annotations

revision = "0013"
down_revision = "0012"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """No table changes: `permits.finding.body` and `permits.case_.dossier` hold them."""


def downgrade() -> None:
    """No table changes."""
