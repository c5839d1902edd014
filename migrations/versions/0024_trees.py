"""Trees, each by the point of its trunk's axis: a table like those of the other layers, with the trunk's reach."""

from __future__ import annotations

from alembic import op

revision = "0024"
down_revision = "0022"
branch_labels = None
depends_on = None

# As 0007 has it for the networks: an uncertainty that is none is read as not known.
REACH = """least(CASE WHEN horizontal_uncertainty_m > 0 AND horizontal_uncertainty_m < 'Infinity'
    THEN horizontal_uncertainty_m ELSE 2 END + trunk_diameter_mm / 2000, 25)"""
TABLE = f"""
CREATE TABLE layers.tree (
    row_id bigserial NOT NULL,
    city_id text NOT NULL,
    layer_id text NOT NULL,
    feature_id text NOT NULL,
    owner_agency text NOT NULL,
    origin text,
    source_crs text NOT NULL,
    source_operation text NOT NULL,
    species text,
    trunk_diameter_mm double precision NOT NULL,
    trunk_source text NOT NULL,
    crown_diameter_m double precision,
    horizontal_uncertainty_m double precision NOT NULL,
    attributes jsonb NOT NULL DEFAULT '{{}}'::jsonb,
    published_by bigint NOT NULL CONSTRAINT fk_tree_published_by_delivery REFERENCES layers.delivery,
    retired_by bigint CONSTRAINT fk_tree_retired_by_delivery REFERENCES layers.delivery,
    geom geometry NOT NULL,
    geom_3857 geometry NOT NULL GENERATED ALWAYS AS (ST_ForcePolygonCW(ST_Transform(geom, 3857))) STORED,
    geojson text NOT NULL
        GENERATED ALWAYS AS (ST_AsGeoJSON(ST_ForcePolygonCCW(ST_Transform(geom, 4326)), 7, 0)) STORED,
    reach_m double precision NOT NULL GENERATED ALWAYS AS ({REACH}) STORED,
    reach_box geometry NOT NULL GENERATED ALWAYS AS (ST_BoundingDiagonal(ST_Expand(geom, {REACH}))) STORED,
    is_open boolean NOT NULL DEFAULT false,
    CONSTRAINT pk_tree PRIMARY KEY (row_id, city_id),
    CONSTRAINT ck_tree_geom_type CHECK (GeometryType(geom) IN ('POINT')),
    CONSTRAINT ck_tree_lifespan CHECK (retired_by IS NULL OR retired_by > published_by)
) PARTITION BY LIST (city_id);
CREATE INDEX ix_tree_geom_live ON layers.tree USING gist (geom) WHERE retired_by IS NULL;
CREATE INDEX ix_tree_geom_3857_live ON layers.tree USING gist (geom_3857) WHERE retired_by IS NULL;
CREATE INDEX ix_tree_reach_live ON layers.tree USING gist (reach_box) WHERE retired_by IS NULL;
CREATE UNIQUE INDEX uq_tree_live ON layers.tree (city_id, layer_id, feature_id) WHERE retired_by IS NULL;
CREATE INDEX ix_tree_published_by ON layers.tree (published_by);
CREATE INDEX ix_tree_retired_by ON layers.tree (retired_by) WHERE retired_by IS NOT NULL;
ALTER TABLE layers.tree ENABLE ROW LEVEL SECURITY;
CREATE POLICY open_layers_of_the_city ON layers.tree FOR SELECT USING (
    CASE WHEN is_open THEN coalesce(city_id = (SELECT nullif(current_setting('panjereh.city', true), '')), true)
    ELSE false END
);
"""
# Cities that are there already get their partition as `layers.add_city` makes it for new ones.
PARTITIONS = """
DO $do$
DECLARE
    known record;
BEGIN
    FOR known IN SELECT city_id, srid FROM layers.city LOOP
        EXECUTE format(
            'CREATE TABLE layers.%I PARTITION OF layers.tree (CONSTRAINT %I CHECK (ST_SRID(geom) = %s)) '
            'FOR VALUES IN (%L)',
            'tree_' || known.city_id, 'ck_tree_' || known.city_id || '_srid', known.srid, known.city_id
        );
    END LOOP;
END
$do$;
"""
ADD_CITY = "layers.add_city(text, integer)"
DOOR = "layers.assets_in_area(text, text, text[], geometry, double precision, uuid)"
# What is written into the two functions: the kind, and the trees among what the door shows.
KINDS = ("'network_device']", "'network_device', 'tree']")
BRANCH = """ UNION ALL
    SELECT t.row_id, 'tree'::text, t.layer_id, t.feature_id, t.owner_agency, ST_Distance(t.geom, p_shape),
        NULL::text, t.species, NULL::text, NULL::float8, NULL::float8, t.trunk_diameter_mm, NULL::text, NULL::float8,
        NULL::text, t.horizontal_uncertainty_m, NULL::float8, NULL::text, NULL::text, NULL::date, NULL::int,
        NULL::text, t.published_by,
        CASE WHEN ST_CoveredBy(t.geom, v_area) THEN t.geom
        ELSE ST_CollectionExtract(ST_Intersection(t.geom, v_area), ST_Dimension(t.geom) + 1) END
    FROM layers.tree t
    WHERE t.city_id = p_city AND t.retired_by IS NULL AND t.layer_id = ANY (p_layers)
        AND t.geom && v_box AND ST_DWithin(t.geom, p_shape, p_radius_m)"""
END = ";\n    GET DIAGNOSTICS v_count"


def _replace(function: str, old: str, new: str) -> None:
    op.execute(
        "DO $do$ BEGIN EXECUTE replace("
        f"pg_get_functiondef('{function}'::regprocedure), $old${old}$old$, $new${new}$new$); END $do$"
    )


def upgrade() -> None:
    """The table, its partitions, and the two functions that know every kind of layer."""
    op.execute(TABLE)
    op.execute(PARTITIONS)
    _replace(ADD_CITY, *KINDS)
    _replace(DOOR, END, BRANCH + END)


def downgrade() -> None:
    """Layers of trees are forgotten: no other table can hold them."""
    _replace(DOOR, BRANCH + END, END)
    _replace(ADD_CITY, *reversed(KINDS))
    op.execute("DELETE FROM layers.layer WHERE target = 'tree'")
    op.execute("DROP TABLE layers.tree")
