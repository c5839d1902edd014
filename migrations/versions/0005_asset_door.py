"""Who may see what of the layers: the application's role, the one door to sensitive features, row-level security."""

from __future__ import annotations

from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None

GROUND = {
    "parcel": "t.land_use",
    "building": "t.use",
    "street": "t.street_class",
    "landuse": "t.land_use",
    "address": "NULL::text",
}
NETWORK = ("network_line", "network_node", "network_device")

# What the door asks for, and what each purpose may look at: a database administrator may change the numbers.
TABLES = """
CREATE TABLE layers.access_purpose (
    purpose text CONSTRAINT pk_access_purpose PRIMARY KEY,
    needs_case boolean NOT NULL,
    daily_area_m2 double precision
);
COMMENT ON COLUMN layers.access_purpose.daily_area_m2 IS 'new ground one person may look at in a day; NULL: any';
INSERT INTO layers.access_purpose VALUES
    ('permit', false, NULL), ('review', true, 2000000), ('overview', false, 5000000),
    ('emergency', false, 50000000), ('own_assets', false, NULL);

CREATE TABLE layers.asset_view (
    view_id bigint GENERATED ALWAYS AS IDENTITY CONSTRAINT pk_asset_view PRIMARY KEY,
    at timestamptz NOT NULL DEFAULT clock_timestamp(),
    actor_id text NOT NULL,
    actor_role text NOT NULL,
    organisation text,
    city_id text NOT NULL,
    purpose text NOT NULL,
    case_id uuid,
    layer_ids text[] NOT NULL,
    area geometry NOT NULL,
    area_m2 double precision NOT NULL,
    features integer NOT NULL
);
CREATE INDEX ix_asset_view_actor_id_at ON layers.asset_view (actor_id, at);
CREATE INDEX ix_asset_view_case_id ON layers.asset_view (case_id) WHERE case_id IS NOT NULL;
CREATE FUNCTION layers.asset_view_is_append_only() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'the record of what was looked at is append-only' USING ERRCODE = 'insufficient_privilege';
END
$$;
CREATE TRIGGER asset_view_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON layers.asset_view
    FOR EACH STATEMENT EXECUTE FUNCTION layers.asset_view_is_append_only();

CREATE TABLE layers.area_seen (
    actor_id text NOT NULL,
    city_id text NOT NULL,
    purpose text NOT NULL,
    day date NOT NULL,
    seen geometry NOT NULL,
    CONSTRAINT pk_area_seen PRIMARY KEY (actor_id, city_id, purpose, day)
);
"""

# Every refusal is one of these words: `layers.access` knows them. SQLSTATE PJ403 is ours alone.
CHECKS = """
CREATE FUNCTION layers.refuse_access(p_reason text, p_found double precision, p_allowed double precision)
RETURNS void LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION '%', p_reason USING ERRCODE = 'PJ403', DETAIL = format('%s %s', p_found, p_allowed);
END
$$;

CREATE FUNCTION layers.check_access(p_actor text, p_purpose text, p_city text, p_area geometry, p_case uuid)
RETURNS void LANGUAGE plpgsql AS $$
DECLARE
    rule layers.access_purpose;
    v_site geometry;
    v_status text;
    v_seen geometry;
    v_today date := (clock_timestamp() AT TIME ZONE 'UTC')::date;
BEGIN
    SELECT * INTO rule FROM layers.access_purpose a WHERE a.purpose = p_purpose;
    IF p_actor IS NULL OR rule.purpose IS NULL THEN
        PERFORM layers.refuse_access('unidentified', 0, 0);
    END IF;
    IF NOT ST_IsValid(p_area) OR ST_Area(p_area) > 250000 THEN
        PERFORM layers.refuse_access('area-too-large', ST_Area(p_area), 250000);
    END IF;
    IF p_case IS NOT NULL THEN
        SELECT c.geom, c.status INTO v_site, v_status
        FROM permits.case_ c WHERE c.case_id = p_case AND c.city_id = p_city;
        IF v_status IS NULL OR v_status IN ('refused', 'withdrawn', 'revoked', 'completed') THEN
            PERFORM layers.refuse_access('case-not-open', 0, 0);
        ELSIF rule.needs_case AND NOT ST_CoveredBy(p_area, ST_Buffer(v_site, 100.5, 16)) THEN
            PERFORM layers.refuse_access('outside-case-site', ST_MaxDistance(p_area, v_site), 100);
        END IF;
    ELSIF rule.needs_case THEN
        PERFORM layers.refuse_access('case-not-open', 0, 0);
    END IF;
    IF rule.daily_area_m2 IS NULL THEN
        RETURN;
    END IF;
    INSERT INTO layers.area_seen
    VALUES (p_actor, p_city, p_purpose, v_today, ST_SetSRID('POLYGON EMPTY'::geometry, ST_SRID(p_area)))
    ON CONFLICT DO NOTHING;
    SELECT a.seen INTO v_seen FROM layers.area_seen a
    WHERE (a.actor_id, a.city_id, a.purpose, a.day) = (p_actor, p_city, p_purpose, v_today) FOR UPDATE;
    IF ST_CoveredBy(p_area, v_seen) THEN
        RETURN;
    END IF;
    v_seen := ST_Union(v_seen, p_area, 0.01);
    IF ST_Area(v_seen) > rule.daily_area_m2 THEN
        PERFORM layers.refuse_access('area-budget-spent', ST_Area(v_seen), rule.daily_area_m2);
    END IF;
    UPDATE layers.area_seen a SET seen = v_seen
    WHERE (a.actor_id, a.city_id, a.purpose, a.day) = (p_actor, p_city, p_purpose, v_today);
END
$$;
"""

LINE = "t.class_code, t.pressure_bar, t.voltage_kv, t.diameter_mm, t.material"
NO_LINE = "NULL::text, NULL::float8, NULL::float8, NULL::float8, NULL::text"
NO_GROUND = (
    f"NULL::text, {{kind}}, {NO_LINE}, NULL::float8, NULL::text, NULL::float8, NULL::float8, NULL::text, "
    "NULL::text, NULL::date, NULL::int"
)
BURIED = (
    "t.utility, {kind}, {line}, t.cover_m, t.cover_source, t.horizontal_uncertainty_m, "
    "t.vertical_uncertainty_m, t.quality_level, t.status, t.surveyed_on, {year}"
)
BRANCH = """
    SELECT t.row_id, '{table}'::text, t.layer_id, t.feature_id, t.owner_agency, ST_Distance(t.geom, p_shape),
        {columns}, {state}, t.published_by,
        CASE WHEN ST_CoveredBy(t.geom, v_area) THEN t.geom
        ELSE ST_CollectionExtract(ST_Intersection(t.geom, v_area), ST_Dimension(t.geom) + 1) END
    FROM layers.{table} t
    WHERE t.city_id = p_city AND t.retired_by IS NULL AND t.layer_id = ANY (p_layers)
        AND t.geom && v_box AND ST_DWithin(t.geom, p_shape, p_radius_m)"""

# SECURITY DEFINER: the application cannot read these rows itself. Who asks was said in this transaction.
DOOR = """
CREATE FUNCTION layers.assets_in_area(
    p_purpose text, p_city text, p_layers text[], p_shape geometry, p_radius_m double precision DEFAULT 0,
    p_case uuid DEFAULT NULL
) RETURNS TABLE (
    row_id bigint, target text, layer_id text, feature_id text, owner_agency text, distance_m double precision,
    utility text, kind text, class_code text, pressure_bar double precision, voltage_kv double precision,
    diameter_mm double precision, material text, cover_m double precision, cover_source text,
    horizontal_uncertainty_m double precision, vertical_uncertainty_m double precision, quality_level text,
    status text, surveyed_on date, installed_year integer, normal_state text, delivery_id bigint, geom geometry
) LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, layers, {postgis} AS $$
#variable_conflict use_column
DECLARE
    v_actor text := nullif(current_setting('panjereh.actor', true), '');
    v_area geometry := CASE WHEN p_radius_m > 0 THEN ST_Buffer(p_shape, p_radius_m, 16) ELSE p_shape END;
    v_box geometry := ST_Expand(p_shape, p_radius_m);
    v_count integer;
BEGIN
    IF p_city IS DISTINCT FROM current_setting('panjereh.city', true) THEN
        PERFORM layers.refuse_access('unidentified', 0, 0);
    END IF;
    PERFORM layers.check_access(v_actor, p_purpose, p_city, v_area, p_case);
    RETURN QUERY {branches};
    GET DIAGNOSTICS v_count = ROW_COUNT;
    INSERT INTO layers.asset_view (
        actor_id, actor_role, organisation, city_id, purpose, case_id, layer_ids, area, area_m2, features
    ) VALUES (
        v_actor, coalesce(current_setting('panjereh.role', true), ''),
        nullif(current_setting('panjereh.organisation', true), ''), p_city, p_purpose, p_case, p_layers, v_area,
        ST_Area(v_area), v_count
    );
END
$$;
REVOKE ALL ON FUNCTION layers.assets_in_area(text, text, text[], geometry, double precision, uuid) FROM PUBLIC;
"""

# The second wall. Rows of a sensitive layer are there for nobody but the owner of the tables; once a transaction
# has said for which city it works, neither are those of any other city.
# As a CASE because of the planner: it takes a plain "city_id = expression" for one row in two hundred, twice,
# and then prefers reading a whole layer and sorting it to walking along the index until the page is full.
POLICY = """
ALTER TABLE layers.{table} ENABLE ROW LEVEL SECURITY;
CREATE POLICY open_layers_of_the_city ON layers.{table} FOR SELECT USING (
    CASE WHEN city_id = coalesce(nullif(current_setting('panjereh.city', true), ''), city_id)
    THEN (city_id, layer_id) IN (
        SELECT l.city_id, l.layer_id FROM layers.layer l WHERE l.sensitivity IN ('public', 'shared'))
    ELSE false END
);
"""

# A role belongs to the whole server, so another database of it may have made it already. Without the right to make
# one, or to mark && as leakproof (without which no policy lets an index be used), the application goes on as the
# owner: `layers.access.app_role` says so.
ROLE = """
DO $$
BEGIN
    BEGIN
        CREATE ROLE panjereh_app NOLOGIN;
    EXCEPTION
        WHEN duplicate_object OR unique_violation THEN NULL;
        WHEN insufficient_privilege THEN
            RAISE WARNING 'panjereh: this user may not create the role panjereh_app; see docs/access.md';
    END;
    BEGIN
        IF EXISTS (SELECT FROM pg_roles WHERE rolname = 'panjereh_app')
            AND NOT pg_has_role(current_user, 'panjereh_app', 'MEMBER') THEN
            EXECUTE 'GRANT panjereh_app TO CURRENT_USER';
        END IF;
    EXCEPTION
        WHEN insufficient_privilege THEN NULL;
    END;
    BEGIN
        ALTER FUNCTION geometry_overlaps(geometry, geometry) LEAKPROOF;
    EXCEPTION
        WHEN insufficient_privilege THEN
            RAISE WARNING 'panjereh: only a superuser can mark geometry_overlaps LEAKPROOF; see docs/access.md';
    END;
END
$$;
"""

# Run after every migration: tables that later ones add are the application's too, unless they are named here.
GRANTS = """
CREATE FUNCTION layers.grant_app() RETURNS boolean LANGUAGE plpgsql AS $body$
DECLARE
    place text;
    thing record;
BEGIN
    IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = 'panjereh_app') THEN
        RETURN false;
    END IF;
    FOR place IN
        SELECT nspname FROM pg_namespace
        WHERE nspowner = (SELECT oid FROM pg_roles WHERE rolname = current_user)
            AND nspname !~ '^pg_' AND nspname NOT IN ('information_schema', 'public')
    LOOP
        EXECUTE format('GRANT USAGE ON SCHEMA %I TO panjereh_app', place);
        EXECUTE format('GRANT USAGE ON ALL SEQUENCES IN SCHEMA %I TO panjereh_app', place);
        EXECUTE format('GRANT EXECUTE ON ALL FUNCTIONS IN SCHEMA %I TO panjereh_app', place);
    END LOOP;
    FOR thing IN
        SELECT n.nspname AS place, c.relname AS name, c.relrowsecurity AS guarded
        FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
        WHERE has_schema_privilege('panjereh_app', n.oid, 'USAGE') AND c.relkind IN ('r', 'p', 'v', 'm')
            AND NOT c.relispartition AND n.nspname !~ '^pg_'
            AND n.nspname NOT IN ('information_schema', 'public')
    LOOP
        EXECUTE format('GRANT SELECT ON %I.%I TO panjereh_app', thing.place, thing.name);
        IF thing.guarded OR (thing.place, thing.name) IN (
            ('layers', 'city'), ('layers', 'layer'), ('layers', 'delivery'), ('layers', 'access_purpose'),
            ('layers', 'asset_view'), ('layers', 'area_seen'), ('permits', 'audit'), ('permits', 'audit_head')
        ) THEN
            EXECUTE format(
                'REVOKE INSERT, UPDATE, DELETE, TRUNCATE ON %I.%I FROM panjereh_app', thing.place, thing.name);
        ELSE
            EXECUTE format('GRANT INSERT, UPDATE, DELETE ON %I.%I TO panjereh_app', thing.place, thing.name);
        END IF;
    END LOOP;
    REVOKE SELECT ON layers.area_seen FROM panjereh_app;
    IF to_regclass('layers.staged') IS NOT NULL THEN  -- they hold the shapes of any layer, sensitive ones too
        REVOKE ALL ON layers.staged, layers.repair FROM panjereh_app;
    END IF;
    REVOKE EXECUTE ON FUNCTION layers.add_city(text, integer) FROM PUBLIC, panjereh_app;
    RETURN true;
END
$body$;
"""


def _columns(table: str) -> tuple[str, str]:
    if table in GROUND:
        return NO_GROUND.format(kind=GROUND[table]), "NULL::text"
    is_line = table == "network_line"
    made = BURIED.format(
        kind="t.role" if is_line else "t.kind",
        line=LINE if is_line else NO_LINE,
        year="t.installed_year" if is_line else "NULL::int",
    )
    return made, "t.normal_state" if table == "network_device" else "NULL::text"


def upgrade() -> None:
    op.execute(TABLES)
    op.execute(CHECKS)
    tables = (*GROUND, *NETWORK)
    branches = " UNION ALL ".join(
        BRANCH.format(table=table, columns=columns, state=state)
        for table in tables
        for columns, state in [_columns(table)]
    )
    found = op.get_bind().exec_driver_sql(
        "SELECT quote_ident(n.nspname) FROM pg_extension e JOIN pg_namespace n ON n.oid = e.extnamespace "
        "WHERE e.extname = 'postgis'"
    )
    postgis = found.scalar_one()
    op.execute(DOOR.replace("{branches}", branches).replace("{postgis}", postgis))
    for table in tables:
        op.execute(POLICY.format(table=table))
    op.execute(ROLE)
    op.execute(GRANTS)
    op.execute("SELECT layers.grant_app()")


def downgrade() -> None:
    for table in (*GROUND, *NETWORK):
        op.execute(f"DROP POLICY open_layers_of_the_city ON layers.{table}")
        op.execute(f"ALTER TABLE layers.{table} DISABLE ROW LEVEL SECURITY")
    op.execute("DROP FUNCTION layers.grant_app()")
    op.execute("DROP FUNCTION layers.assets_in_area(text, text, text[], geometry, double precision, uuid)")
    op.execute("DROP FUNCTION layers.check_access(text, text, text, geometry, uuid)")
    op.execute("DROP FUNCTION layers.refuse_access(text, double precision, double precision)")
    op.execute("DROP TABLE layers.area_seen, layers.asset_view, layers.access_purpose")
    op.execute("DROP FUNCTION layers.asset_view_is_append_only()")
