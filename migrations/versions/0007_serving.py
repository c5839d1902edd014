"""Published geometry ready to serve, the reach of every network feature, and versions that may be remembered."""

from __future__ import annotations

from alembic import op

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None

AREAS = ("parcel", "building", "landuse")
# An uncertainty that is none (zero, negative, not a number) is read as by the clearance check: not known, level D.
UNSURE = """CASE WHEN horizontal_uncertainty_m > 0 AND horizontal_uncertainty_m < 'Infinity'
    THEN horizontal_uncertainty_m ELSE 2 END"""
NETWORK = {
    "network_line": f"least({UNSURE} + greatest(coalesce(diameter_mm, 0), 0) / 2000, 25)",
    "network_node": f"least({UNSURE}, 25)",
    "network_device": f"least({UNSURE}, 25)",
}

# ST_AsMVTGeom repairs every polygon before it knows whether it must. At which zooms (bit 0: 14, … bit 3: 17)
# rounding alone leaves a valid polygon is known when the row is written: the grid of a zoom is the same in all
# its tiles.
PLAIN_ZOOMS = """
CREATE FUNCTION layers.plain_zooms(p_shape geometry) RETURNS smallint
LANGUAGE plpgsql IMMUTABLE STRICT PARALLEL SAFE SET search_path = pg_catalog, {postgis} AS $$
DECLARE
    v_half CONSTANT double precision := 20037508.342789244;
    v_scale double precision;
    v_rounded geometry;
    v_bits integer := 0;
BEGIN
    FOR v_bit IN 0..3 LOOP
        v_scale := (67108864 << v_bit) / (2 * v_half);
        v_rounded := ST_SnapToGrid(ST_TransScale(p_shape, v_half, -v_half, v_scale, -v_scale), 1);
        IF NOT ST_IsEmpty(v_rounded) AND ST_IsPolygonCCW(v_rounded) AND ST_IsValid(v_rounded) THEN
            v_bits := v_bits | (1 << v_bit);
        END IF;
    END LOOP;
    RETURN v_bits;
END
$$;
"""
PLAIN_COLUMN = """
ALTER TABLE layers.{table} ADD COLUMN plain_zooms smallint NOT NULL
    GENERATED ALWAYS AS (layers.plain_zooms(ST_ForcePolygonCW(ST_Transform(geom, 3857)))) STORED;
"""

# From the axis to where the thing may still be: half its width and how well its place is known. An index of each
# one's own box answers "what may be within x metres" without looking as far around as the worst-known line. The box
# is a column, kept as its diagonal: in an expression ST_Expand would have to be leakproof for row-level security.
REACH = """
ALTER TABLE layers.{table}
    ADD COLUMN reach_m double precision NOT NULL GENERATED ALWAYS AS ({reach}) STORED,
    ADD COLUMN reach_box geometry NOT NULL GENERATED ALWAYS AS (ST_BoundingDiagonal(ST_Expand(geom, {reach}))) STORED;
CREATE INDEX ix_{table}_reach_live ON layers.{table} USING gist (reach_box) WHERE retired_by IS NULL;
"""

# Web processes remember for 0.2 s which delivery each layer of a city shows (layers.served), unless one is about
# to change: a change waits, under the lock that forbids remembering, until all that was remembered before is
# forgotten. So no answer that is begun after a commit is older than it, whoever listens to whom.
SHOWN = """
CREATE FUNCTION layers.shown(p_city text, OUT may_remember boolean, OUT register json)
LANGUAGE plpgsql VOLATILE AS $$
BEGIN
    -- First the lock, then a new snapshot: the other way round an old register could be taken for a quiet one.
    may_remember := pg_try_advisory_xact_lock_shared(1347045978, hashtext(p_city));
    SELECT json_agg(json_build_array(l.layer_id, l.target, l.min_zoom, l.delivery_id)) INTO register
    FROM layers.layer l WHERE l.city_id = p_city;
END
$$;
CREATE FUNCTION layers.layer_changes() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM pg_advisory_xact_lock(1347045978, hashtext(NEW.city_id));
    IF EXISTS (
        SELECT FROM pg_stat_activity a
        WHERE a.datname = current_database() AND a.application_name = 'panjereh-ogc'
    ) THEN
        PERFORM pg_sleep(0.25);
    END IF;
    RETURN NEW;
END
$$;
CREATE TRIGGER layer_changes BEFORE UPDATE ON layers.layer FOR EACH ROW
WHEN ((OLD.delivery_id, OLD.min_zoom, OLD.target) IS DISTINCT FROM (NEW.delivery_id, NEW.min_zoom, NEW.target))
EXECUTE FUNCTION layers.layer_changes();
"""


def upgrade() -> None:
    found = op.get_bind().exec_driver_sql(
        "SELECT quote_ident(n.nspname) FROM pg_extension e JOIN pg_namespace n ON n.oid = e.extnamespace "
        "WHERE e.extname = 'postgis'"
    )
    op.execute(PLAIN_ZOOMS.replace("{postgis}", found.scalar_one()))
    for table in AREAS:
        op.execute(PLAIN_COLUMN.format(table=table))
    for table, reach in NETWORK.items():
        op.execute(REACH.format(table=table, reach=reach))
    op.execute(SHOWN)


def downgrade() -> None:
    op.execute("DROP TRIGGER layer_changes ON layers.layer")
    op.execute("DROP FUNCTION layers.layer_changes()")
    op.execute("DROP FUNCTION layers.shown(text)")
    for table in NETWORK:
        op.execute(f"ALTER TABLE layers.{table} DROP COLUMN reach_box, DROP COLUMN reach_m")
    for table in AREAS:
        op.execute(f"ALTER TABLE layers.{table} DROP COLUMN plain_zooms")
    op.execute("DROP FUNCTION layers.plain_zooms(geometry)")
