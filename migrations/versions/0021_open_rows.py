"""Each row says whether its layer is open to the application: row-level security asks no other table any more."""

from __future__ import annotations

from alembic import op

revision = "0021"
down_revision = "0020"
branch_labels = None
depends_on = None

TABLES = (
    "parcel",
    "building",
    "street",
    "landuse",
    "address",
    "network_line",
    "network_node",
    "network_device",
)

# What the policy asked the register for, at each statement: all layers of all cities. Who writes rows says it; a row
# of which it was not said stays closed. For which city a transaction works is asked once per statement, not per row.
COLUMN = """
ALTER TABLE layers.{table} ADD COLUMN is_open boolean NOT NULL DEFAULT false;
UPDATE layers.{table} t SET is_open = true FROM layers.layer l
    WHERE l.city_id = t.city_id AND l.layer_id = t.layer_id AND l.sensitivity IN ('public', 'shared');
ALTER POLICY open_layers_of_the_city ON layers.{table} USING (
    CASE WHEN is_open THEN coalesce(city_id = (SELECT nullif(current_setting('panjereh.city', true), '')), true)
    ELSE false END
);
"""
# A layer whose class changes takes its rows with it, old ones too, in the transaction that changes it.
FOLLOW = """
CREATE FUNCTION layers.follow_sensitivity() RETURNS trigger LANGUAGE plpgsql AS $body$
BEGIN
    EXECUTE format(
        'UPDATE layers.%I SET is_open = $1 WHERE city_id = $2 AND layer_id = $3 AND is_open IS DISTINCT FROM $1',
        NEW.target)
    USING NEW.sensitivity IN ('public', 'shared'), NEW.city_id, NEW.layer_id;
    RETURN NULL;
END
$body$;
CREATE TRIGGER layer_sensitivity AFTER UPDATE ON layers.layer FOR EACH ROW
    WHEN (OLD.sensitivity IS DISTINCT FROM NEW.sensitivity) EXECUTE FUNCTION layers.follow_sensitivity();
"""
# As 0005 has it.
BEFORE = """
ALTER POLICY open_layers_of_the_city ON layers.{table} USING (
    CASE WHEN city_id = coalesce(nullif(current_setting('panjereh.city', true), ''), city_id)
    THEN (city_id, layer_id) IN (
        SELECT l.city_id, l.layer_id FROM layers.layer l WHERE l.sensitivity IN ('public', 'shared'))
    ELSE false END
);
ALTER TABLE layers.{table} DROP COLUMN is_open;
"""


def upgrade() -> None:
    """The column, filled; the policy by it; the trigger that keeps it true."""
    for table in TABLES:
        op.execute(COLUMN.format(table=table))
    op.execute(FOLLOW)


def downgrade() -> None:
    """The policy asks the register again."""
    op.execute("DROP TRIGGER layer_sensitivity ON layers.layer")
    op.execute("DROP FUNCTION layers.follow_sensitivity()")
    for table in TABLES:
        op.execute(BEFORE.format(table=table))
