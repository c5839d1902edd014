"""The stored GIS layers: deliveries, and features partitioned by city."""

from __future__ import annotations

from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

POLYGONS = "'POLYGON', 'MULTIPOLYGON'"
LINES = "'LINESTRING', 'MULTILINESTRING'"
POINTS = "'POINT'"

BURIED = """
    utility text NOT NULL,
    cover_m double precision,
    cover_source text NOT NULL,
    horizontal_uncertainty_m double precision NOT NULL,
    vertical_uncertainty_m double precision,
    quality_level text NOT NULL,
    status text NOT NULL,
    surveyed_on date,
"""

# Table, geometry types, its own columns.
FEATURES = (
    ("parcel", POLYGONS, "area_m2 double precision, land_use text, renovation_code text,"),
    (
        "building",
        POLYGONS,
        "area_m2 double precision, use text, storeys integer, name text, parcel_ref text,",
    ),
    ("street", LINES, "name text, street_class text, width_m double precision,"),
    ("landuse", POLYGONS, "land_use text, name text,"),
    ("address", POINTS, "street text, number text, building_ref text,"),
    (
        "network_line",
        LINES,
        BURIED
        + """
    role text NOT NULL,
    class_code text,
    pressure_bar double precision,
    voltage_kv double precision,
    diameter_mm double precision,
    material text,
    installed_year integer,
    from_node text,
    to_node text,
    main_id text,
""",
    ),
    ("network_node", POINTS, BURIED + "kind text NOT NULL,"),
    (
        "network_device",
        POINTS,
        BURIED + "kind text NOT NULL, node_id text, normal_state text, rating_kva double precision,",
    ),
)

REGISTERS = """
CREATE TABLE layers.city (
    city_id text CONSTRAINT pk_city PRIMARY KEY,
    srid integer NOT NULL
);
CREATE TABLE layers.delivery (
    delivery_id bigint GENERATED ALWAYS AS IDENTITY CONSTRAINT pk_delivery PRIMARY KEY,
    city_id text NOT NULL CONSTRAINT fk_delivery_city_id_city REFERENCES layers.city,
    layer_id text NOT NULL,
    file_hash text,
    content_hash text,
    as_of date,
    source_name text NOT NULL,
    source_crs text NOT NULL,
    source_operation text NOT NULL,
    row_count integer NOT NULL,
    added integer NOT NULL,
    changed integer NOT NULL,
    removed integer NOT NULL,
    report jsonb NOT NULL,
    previous_id bigint CONSTRAINT fk_delivery_previous_id_delivery REFERENCES layers.delivery,
    reverts_id bigint CONSTRAINT fk_delivery_reverts_id_delivery REFERENCES layers.delivery,
    published_at timestamptz NOT NULL DEFAULT now()
);
CREATE INDEX ix_delivery_city_id_layer_id ON layers.delivery (city_id, layer_id, delivery_id);
CREATE TABLE layers.layer (
    city_id text NOT NULL CONSTRAINT fk_layer_city_id_city REFERENCES layers.city,
    layer_id text NOT NULL,
    target text NOT NULL,
    owner_agency text NOT NULL,
    utility text,
    sensitivity text NOT NULL,
    freshness_days integer NOT NULL,
    min_zoom integer NOT NULL,
    delivery_id bigint CONSTRAINT fk_layer_delivery_id_delivery REFERENCES layers.delivery,
    CONSTRAINT pk_layer PRIMARY KEY (city_id, layer_id)
);
"""

# The partial indexes hold live rows only, so that history never slows the map or the conflict check.
# geom_3857 is what the tiles are cut from: PROJ's pipeline alone costs 20-50 ms per request and layer.
FEATURE = """
CREATE TABLE layers.{name} (
    row_id bigserial NOT NULL,
    city_id text NOT NULL,
    layer_id text NOT NULL,
    feature_id text NOT NULL,
    owner_agency text NOT NULL,
    origin text,
    source_crs text NOT NULL,
    source_operation text NOT NULL,
    {columns}
    attributes jsonb NOT NULL DEFAULT '{{}}'::jsonb,
    published_by bigint NOT NULL CONSTRAINT fk_{name}_published_by_delivery REFERENCES layers.delivery,
    retired_by bigint CONSTRAINT fk_{name}_retired_by_delivery REFERENCES layers.delivery,
    geom geometry NOT NULL,
    geom_3857 geometry NOT NULL GENERATED ALWAYS AS (ST_ForcePolygonCW(ST_Transform(geom, 3857))) STORED,
    CONSTRAINT pk_{name} PRIMARY KEY (row_id, city_id),
    CONSTRAINT ck_{name}_geom_type CHECK (GeometryType(geom) IN ({types})),
    CONSTRAINT ck_{name}_lifespan CHECK (retired_by IS NULL OR retired_by > published_by)
) PARTITION BY LIST (city_id);
CREATE INDEX ix_{name}_geom_live ON layers.{name} USING gist (geom) WHERE retired_by IS NULL;
CREATE INDEX ix_{name}_geom_3857_live ON layers.{name} USING gist (geom_3857) WHERE retired_by IS NULL;
CREATE UNIQUE INDEX uq_{name}_live ON layers.{name} (city_id, layer_id, feature_id) WHERE retired_by IS NULL;
CREATE INDEX ix_{name}_published_by ON layers.{name} (published_by);
CREATE INDEX ix_{name}_retired_by ON layers.{name} (retired_by) WHERE retired_by IS NOT NULL;
"""

# One partition per city and kind; each refuses a geometry in any CRS but the city's.
ADD_CITY = """
CREATE FUNCTION layers.add_city(new_city text, new_srid integer) RETURNS void LANGUAGE plpgsql AS $body$
DECLARE
    kind text;
    known integer;
BEGIN
    PERFORM pg_advisory_xact_lock(hashtextextended('layers.city', 0));
    SELECT srid INTO known FROM layers.city WHERE city_id = new_city;
    IF known = new_srid THEN
        RETURN;
    ELSIF known IS NOT NULL THEN
        RAISE EXCEPTION 'city % is stored in EPSG:%, not EPSG:%', new_city, known, new_srid;
    END IF;
    INSERT INTO layers.city (city_id, srid) VALUES (new_city, new_srid);
    FOREACH kind IN ARRAY ARRAY[{names}] LOOP
        EXECUTE format(
            'CREATE TABLE layers.%I PARTITION OF layers.%I (CONSTRAINT %I CHECK (ST_SRID(geom) = %s)) '
            'FOR VALUES IN (%L)',
            kind || '_' || new_city, kind, 'ck_' || kind || '_' || new_city || '_srid', new_srid, new_city
        );
    END LOOP;
END
$body$;
"""


def upgrade() -> None:
    op.execute("CREATE EXTENSION IF NOT EXISTS postgis")
    op.execute("CREATE SCHEMA layers")
    op.execute(REGISTERS)
    for name, types, columns in FEATURES:
        op.execute(FEATURE.format(name=name, types=types, columns=columns))
    op.execute(ADD_CITY.format(names=", ".join(f"'{name}'" for name, _, _ in FEATURES)))


def downgrade() -> None:
    op.execute("DROP SCHEMA layers CASCADE")
