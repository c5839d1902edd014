"""A first large delivery fills a partition that is not yet shown, and takes its place."""

from __future__ import annotations

from alembic import op

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None

# Rows go into a table without indexes, and the indexes are made once over all of them. Readers see nothing of it:
# the partition of the parent is exchanged at the very end, in the transaction that publishes.
UP = """
CREATE FUNCTION layers.new_partition(kind text, city text) RETURNS text LANGUAGE plpgsql AS $body$
DECLARE
    old text := kind || '_' || city;
    made text := old || '_new';
BEGIN
    EXECUTE format('CREATE TABLE layers.%I (LIKE layers.%I INCLUDING ALL EXCLUDING INDEXES, CHECK (city_id = %L))',
        made, old, city);
    RETURN format('layers.%I', made);
END
$body$;

CREATE FUNCTION layers.index_partition(kind text, city text) RETURNS void LANGUAGE plpgsql AS $body$
DECLARE
    old text := kind || '_' || city;
    made text := old || '_new';
    thing record;
BEGIN
    FOR thing IN
        SELECT regexp_replace(
            pg_get_indexdef(i.indexrelid), 'INDEX \\S+ ON \\S+', format('INDEX ON layers.%I', made)) AS said
        FROM pg_index i WHERE i.indrelid = format('layers.%I', old)::regclass AND NOT i.indisprimary
    LOOP
        EXECUTE thing.said;
    END LOOP;
    FOR thing IN
        SELECT conname AS name, pg_get_constraintdef(oid) AS said FROM pg_constraint
        WHERE conrelid = format('layers.%I', old)::regclass AND contype IN ('p', 'f')
    LOOP
        EXECUTE format('ALTER TABLE layers.%I ADD CONSTRAINT %I %s', made,
            CASE WHEN thing.said LIKE 'PRIMARY%' THEN made || '_pkey' ELSE thing.name END, thing.said);
    END LOOP;
END
$body$;

CREATE FUNCTION layers.show_partition(kind text, city text) RETURNS void LANGUAGE plpgsql AS $body$
DECLARE
    old text := kind || '_' || city;
    made text := old || '_new';
    thing record;
BEGIN
    EXECUTE format('ALTER TABLE layers.%I DETACH PARTITION layers.%I', kind, old);
    EXECUTE format('DROP TABLE layers.%I', old);
    EXECUTE format('ALTER TABLE layers.%I ATTACH PARTITION layers.%I FOR VALUES IN (%L)', kind, made, city);
    EXECUTE format('ALTER TABLE layers.%I DROP CONSTRAINT %I', made, made || '_city_id_check');
    EXECUTE format('ALTER TABLE layers.%I RENAME TO %I', made, old);
    FOR thing IN
        SELECT c.relname AS name FROM pg_index i JOIN pg_class c ON c.oid = i.indexrelid
        WHERE i.indrelid = format('layers.%I', old)::regclass
    LOOP
        IF starts_with(thing.name, made) THEN  -- a very long city's name may have been cut
            EXECUTE format('ALTER INDEX layers.%I RENAME TO %I', thing.name, replace(thing.name, made, old));
        END IF;
    END LOOP;
END
$body$;
"""

NAMES = ("new_partition", "index_partition", "show_partition")


def upgrade() -> None:
    """Add the three steps; only the owner of the tables can take them."""
    op.execute(UP)


def downgrade() -> None:
    """Take them away."""
    for name in NAMES:
        op.execute(f"DROP FUNCTION layers.{name}(text, text)")
