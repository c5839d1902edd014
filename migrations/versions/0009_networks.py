"""Networks: how devices stand now, and looks at a network's sensitive parts that follow the pipe, not an area."""

from __future__ import annotations

from alembic import op

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None

# What a crew has reported since the layer was delivered: laid over the network at each question, never built into it.
STATE = """
CREATE TABLE layers.device_state (
    city_id text NOT NULL,
    layer_id text NOT NULL,
    feature_id text NOT NULL,
    state text CONSTRAINT ck_device_state_state CHECK (state IN ('open', 'closed')),
    is_operable boolean,
    at timestamptz NOT NULL DEFAULT now(),
    by_actor text NOT NULL,
    incident_id uuid,
    CONSTRAINT pk_device_state PRIMARY KEY (city_id, layer_id, feature_id)
);
COMMENT ON TABLE layers.device_state IS 'how a valve or switch stands now; NULL: as delivered';
"""

# A trace has no area of its own: it follows the network. Who may ask is decided before; here it is written down.
NOTE = """
CREATE FUNCTION layers.note_look(p_city text, p_layers text[], p_area geometry, p_features integer)
RETURNS void LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, layers, {postgis} AS $$
DECLARE
    v_actor text := nullif(current_setting('panjereh.actor', true), '');
    v_purpose text := nullif(current_setting('panjereh.purpose', true), '');
BEGIN
    IF v_actor IS NULL OR v_purpose IS NULL OR p_city IS DISTINCT FROM current_setting('panjereh.city', true) THEN
        PERFORM layers.refuse_access('unidentified', 0, 0);
    END IF;
    INSERT INTO layers.asset_view (
        actor_id, actor_role, organisation, city_id, purpose, case_id, layer_ids, area, area_m2, features
    ) VALUES (
        v_actor, coalesce(current_setting('panjereh.role', true), ''),
        nullif(current_setting('panjereh.organisation', true), ''), p_city, v_purpose, NULL, p_layers, p_area,
        ST_Area(p_area), p_features
    );
END
$$;
REVOKE ALL ON FUNCTION layers.note_look(text, text[], geometry, integer) FROM PUBLIC;
"""


def upgrade() -> None:
    op.execute(STATE)
    found = op.get_bind().exec_driver_sql(
        "SELECT quote_ident(n.nspname) FROM pg_extension e JOIN pg_namespace n ON n.oid = e.extnamespace "
        "WHERE e.extname = 'postgis'"
    )
    op.execute(NOTE.replace("{postgis}", found.scalar_one()))


def downgrade() -> None:
    op.execute("DROP FUNCTION layers.note_look(text, text[], geometry, integer)")
    op.execute("DROP TABLE layers.device_state")
