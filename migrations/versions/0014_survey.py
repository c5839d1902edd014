"""The last audit of each city: the survey list's worst pairs, behind a door of their own."""

from __future__ import annotations

from alembic import op

revision = "0014"
down_revision = "0013"
branch_labels = None
depends_on = None

TABLES = """
CREATE TABLE layers.survey_run (
    city_id text CONSTRAINT pk_survey_run PRIMARY KEY
        CONSTRAINT fk_survey_run_city_id_city REFERENCES layers.city ON DELETE CASCADE,
    made_at timestamptz NOT NULL,
    rule_pack text NOT NULL,
    lines integer NOT NULL,
    pairs integer NOT NULL,
    unconfirmed integer NOT NULL,
    unruled text[] NOT NULL
);
COMMENT ON TABLE layers.survey_run IS 'existing lines against the rules: where to survey first, not a list of offences';

CREATE TABLE layers.survey_pair (
    city_id text NOT NULL CONSTRAINT fk_survey_pair_city_id_survey_run REFERENCES layers.survey_run ON DELETE CASCADE,
    rank integer NOT NULL,
    a_layer text NOT NULL,
    b_layer text NOT NULL,
    said jsonb NOT NULL,
    geom geometry NOT NULL,
    CONSTRAINT pk_survey_pair PRIMARY KEY (city_id, rank)
);
CREATE INDEX ix_survey_pair_geom ON layers.survey_pair USING gist (geom);
-- The place of a pair is the place of two lines: nobody but the owner of the table reads it directly.
ALTER TABLE layers.survey_pair ENABLE ROW LEVEL SECURITY;
"""

# As layers.assets_in_area: who asks was said in this transaction, and the look is written down.
DOOR = """
CREATE FUNCTION layers.survey_list(p_city text, p_layers text[], p_box geometry, p_limit integer)
RETURNS TABLE (rank integer, said jsonb, geom geometry)
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, layers, {postgis} AS $$
#variable_conflict use_column
DECLARE
    v_actor text := nullif(current_setting('panjereh.actor', true), '');
    v_count integer;
BEGIN
    IF v_actor IS NULL OR p_city IS DISTINCT FROM current_setting('panjereh.city', true) THEN
        PERFORM layers.refuse_access('unidentified', 0, 0);
    END IF;
    RETURN QUERY SELECT s.rank, s.said, s.geom FROM layers.survey_pair s
        WHERE s.city_id = p_city AND s.a_layer = ANY (p_layers) AND s.b_layer = ANY (p_layers)
            AND (p_box IS NULL OR s.geom && p_box)
        ORDER BY s.rank LIMIT p_limit;
    GET DIAGNOSTICS v_count = ROW_COUNT;
    INSERT INTO layers.asset_view (
        actor_id, actor_role, organisation, city_id, purpose, layer_ids, area, area_m2, features
    ) VALUES (
        v_actor, coalesce(current_setting('panjereh.role', true), ''),
        nullif(current_setting('panjereh.organisation', true), ''), p_city,
        coalesce(nullif(current_setting('panjereh.purpose', true), ''), 'overview'), p_layers,
        coalesce(p_box, 'POLYGON EMPTY'::geometry), coalesce(ST_Area(p_box), 0), v_count
    );
END
$$;
REVOKE ALL ON FUNCTION layers.survey_list(text, text[], geometry, integer) FROM PUBLIC;
"""


def upgrade() -> None:
    op.execute(TABLES)
    found = op.get_bind().exec_driver_sql(
        "SELECT quote_ident(n.nspname) FROM pg_extension e JOIN pg_namespace n ON n.oid = e.extnamespace "
        "WHERE e.extname = 'postgis'"
    )
    op.execute(DOOR.replace("{postgis}", found.scalar_one()))
    op.execute("SELECT layers.grant_app()")


def downgrade() -> None:
    op.execute("DROP FUNCTION layers.survey_list(text, text[], geometry, integer)")
    op.execute("DROP TABLE layers.survey_pair, layers.survey_run")
