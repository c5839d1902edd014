"""A parcel by the numbers people know it by: renovation code, registration plate, postal code."""

from __future__ import annotations

from alembic import op

revision = "0018"
down_revision = "0017"
branch_labels = None
depends_on = None

# As agencies write it: Persian or Arabic digits, parts joined by a slash or a dash, blanks.
PLAIN = """
CREATE FUNCTION layers.plain_number(p_text text) RETURNS text
LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
RETURN translate(p_text, '۰۱۲۳۴۵۶۷۸۹٠١٢٣٤٥٦٧٨٩/ ', '01234567890123456789-')
"""
COLUMNS = """
ALTER TABLE layers.parcel ADD COLUMN postal_code text, ADD COLUMN plate_main integer, ADD COLUMN plate_sub integer,
    ADD COLUMN plate_section integer
"""
# Columns, not expressions in an index: under row-level security only a leakproof comparison of a column may use one.
KEYS = """
ALTER TABLE layers.parcel
    ADD COLUMN renovation_key text GENERATED ALWAYS AS (layers.plain_number(renovation_code)) STORED,
    ADD COLUMN postal_key text GENERATED ALWAYS AS (replace(layers.plain_number(postal_code), '-', '')) STORED
"""
# As they are taken away again: what is made of others first.
NEW = ("renovation_key", "postal_key", "postal_code", "plate_main", "plate_sub", "plate_section")
INDEXES = {
    "renovation": "(renovation_key) WHERE renovation_key IS NOT NULL",
    "postal": "(postal_key) WHERE postal_key IS NOT NULL",
    "plate": "(plate_main, plate_sub) WHERE plate_main IS NOT NULL",
}


def upgrade() -> None:
    """Columns, and an index for each number that some parcel has."""
    op.execute(PLAIN)
    op.execute(COLUMNS)
    op.execute(KEYS)
    for name, what in INDEXES.items():
        op.execute(f"CREATE INDEX ix_parcel_{name}_live ON layers.parcel {what} AND retired_by IS NULL")


def downgrade() -> None:
    """Without them; what was delivered in these columns is lost with them."""
    for name in INDEXES:
        op.execute(f"DROP INDEX layers.ix_parcel_{name}_live")
    dropped = ", ".join(f"DROP COLUMN {name}" for name in NEW)
    op.execute(f"ALTER TABLE layers.parcel {dropped}")
    op.execute("DROP FUNCTION layers.plain_number(text)")
