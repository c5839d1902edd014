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
INDEXES = {
    "renovation": "(layers.plain_number(renovation_code)) WHERE renovation_code IS NOT NULL",
    "postal": "(replace(layers.plain_number(postal_code), '-', '')) WHERE postal_code IS NOT NULL",
    "plate": "(plate_main, plate_sub) WHERE plate_main IS NOT NULL",
}


def upgrade() -> None:
    """Columns, and an index for each number that some parcel has."""
    op.execute(PLAIN)
    op.execute(COLUMNS)
    for name, what in INDEXES.items():
        op.execute(f"CREATE INDEX ix_parcel_{name}_live ON layers.parcel {what} AND retired_by IS NULL")


def downgrade() -> None:
    """Without them; what was delivered in these columns is lost with them."""
    for name in INDEXES:
        op.execute(f"DROP INDEX layers.ix_parcel_{name}_live")
    op.execute(
        "ALTER TABLE layers.parcel DROP COLUMN postal_code, DROP COLUMN plate_main, DROP COLUMN plate_sub, "
        "DROP COLUMN plate_section"
    )
    op.execute("DROP FUNCTION layers.plain_number(text)")
