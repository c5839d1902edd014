"""Deliveries from their receipt on: state, decision, staged rows, and every repair."""

from __future__ import annotations

from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None

UP = """
ALTER TABLE layers.delivery
    ADD COLUMN state text NOT NULL DEFAULT 'published',
    ADD COLUMN preview boolean NOT NULL DEFAULT false,
    ADD COLUMN incremental boolean NOT NULL DEFAULT false,
    ADD COLUMN file_name text,
    ADD COLUMN size_bytes bigint,
    ADD COLUMN submitted_by text,
    ADD COLUMN received_at timestamptz NOT NULL DEFAULT now(),
    ADD COLUMN updated_at timestamptz NOT NULL DEFAULT now(),
    ADD COLUMN decision jsonb,
    ADD COLUMN problem jsonb,
    ADD COLUMN correction jsonb,
    ADD COLUMN corrects_id bigint CONSTRAINT fk_delivery_corrects_id_delivery REFERENCES layers.delivery,
    ADD CONSTRAINT ck_delivery_state CHECK (state IN (
        'received', 'reading', 'checking', 'staged', 'published', 'unchanged', 'held', 'refused', 'previewed',
        'rolled_back', 'corrected', 'interrupted', 'failed')),
    ALTER COLUMN published_at DROP NOT NULL,
    ALTER COLUMN published_at DROP DEFAULT;
UPDATE layers.delivery SET received_at = published_at, updated_at = published_at,
    state = CASE WHEN reverts_id IS NULL THEN 'published' ELSE 'rolled_back' END;
ALTER TABLE layers.delivery ADD CONSTRAINT ck_delivery_published
    CHECK ((published_at IS NOT NULL) = (state IN ('published', 'rolled_back')));

-- The rows of a held delivery as COPY text, in parts: the layer stays untouched until somebody decides.
CREATE TABLE layers.staged (
    delivery_id bigint NOT NULL CONSTRAINT fk_staged_delivery_id_delivery REFERENCES layers.delivery ON DELETE CASCADE,
    part integer NOT NULL,
    rows text NOT NULL,
    CONSTRAINT pk_staged PRIMARY KEY (delivery_id, part)
);

-- What a delivery's checks changed in its features; `before` is the shape as delivered, in the city's CRS.
CREATE TABLE layers.repair (
    repair_id bigint GENERATED ALWAYS AS IDENTITY CONSTRAINT pk_repair PRIMARY KEY,
    delivery_id bigint NOT NULL CONSTRAINT fk_repair_delivery_id_delivery REFERENCES layers.delivery ON DELETE CASCADE,
    feature_id text NOT NULL,
    code text NOT NULL,
    params jsonb NOT NULL DEFAULT '{}',
    before geometry NOT NULL
);
CREATE INDEX ix_repair_delivery_id ON layers.repair (delivery_id, feature_id);
"""

DOWN = """
DROP TABLE layers.repair;
DROP TABLE layers.staged;
DELETE FROM layers.delivery WHERE published_at IS NULL;
ALTER TABLE layers.delivery
    DROP COLUMN state, DROP COLUMN preview, DROP COLUMN incremental, DROP COLUMN file_name, DROP COLUMN size_bytes,
    DROP COLUMN submitted_by, DROP COLUMN received_at, DROP COLUMN updated_at, DROP COLUMN decision,
    DROP COLUMN problem, DROP COLUMN correction, DROP COLUMN corrects_id,
    ALTER COLUMN published_at SET DEFAULT now(),
    ALTER COLUMN published_at SET NOT NULL;
"""


def upgrade() -> None:
    op.execute(UP)


def downgrade() -> None:
    op.execute(DOWN)
