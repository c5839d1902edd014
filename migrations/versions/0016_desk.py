"""The desk: what waits there by company; on what a tariff rests; checkpoints over all histories.

Revision ID: 0019
Revises: 0018
"""

from __future__ import annotations

from alembic import op

revision = "0016"
down_revision = "0015"
branch_labels = None
depends_on = None

UP = """
CREATE INDEX ix_consultation_open ON permits.consultation (agency_id, due_at) WHERE status <> 'answered';

ALTER TABLE permits.tariff_change
    ADD COLUMN from_basis text NOT NULL DEFAULT 'assumed'
        CONSTRAINT ck_tariff_change_from_basis CHECK (from_basis IN ('confirmed', 'recorded', 'assumed'));
ALTER TABLE permits.tariff_change ALTER COLUMN from_basis DROP DEFAULT;
CREATE INDEX ix_tariff_change_city ON permits.tariff_change (city_id, case_id, agency_id);

CREATE TABLE permits.audit_checkpoint (
    n bigint CONSTRAINT pk_audit_checkpoint PRIMARY KEY,
    at timestamptz NOT NULL,
    chains bigint NOT NULL,
    entries bigint NOT NULL,
    root bytea NOT NULL,
    prev bytea NOT NULL,
    hash bytea NOT NULL,
    heads bytea NOT NULL,
    CONSTRAINT ck_audit_checkpoint_hashes CHECK (
        octet_length(root) = 32 AND octet_length(prev) = 32 AND octet_length(hash) = 32)
);
COMMENT ON TABLE permits.audit_checkpoint IS 'one value over the heads of all histories, each linked to the one before';
COMMENT ON COLUMN permits.audit_checkpoint.heads IS 'zlib of (chain uuid, count int8, hash) 56 bytes each, by chain';
CREATE TRIGGER audit_checkpoint_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON permits.audit_checkpoint
    FOR EACH STATEMENT EXECUTE FUNCTION permits.audit_is_append_only();
"""


# Only the owner makes checkpoints: what the application's role gets is said in one place.
GRANTS = """
DO $do$ BEGIN
    EXECUTE replace(pg_get_functiondef('layers.grant_app()'::regprocedure), $a${was}$a$, $b${now}$b$);
END $do$
"""
HEADS = "('permits', 'audit_head')"
BOTH = f"{HEADS}, ('permits', 'audit_checkpoint')"


def upgrade() -> None:
    op.execute(UP)
    op.execute(GRANTS.format(was=HEADS, now=BOTH))
    op.execute("SELECT layers.grant_app()")


def downgrade() -> None:
    op.execute(GRANTS.format(was=BOTH, now=HEADS))
    op.execute("DROP TABLE permits.audit_checkpoint")
    op.execute("DROP INDEX permits.ix_tariff_change_city")
    op.execute("ALTER TABLE permits.tariff_change DROP COLUMN from_basis")
    op.execute("DROP INDEX permits.ix_consultation_open")
