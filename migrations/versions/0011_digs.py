"""Excavation permits, planned works and reports from the trench."""

from __future__ import annotations

from alembic import op

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None

UP = """
CREATE SEQUENCE permits.dig_no_seq;

CREATE TABLE permits.dig (
    dig_id uuid CONSTRAINT pk_dig PRIMARY KEY,
    dig_no text NOT NULL CONSTRAINT uq_dig_dig_no UNIQUE,
    city_id text NOT NULL,
    kind text NOT NULL CONSTRAINT ck_dig_kind CHECK (kind IN ('connection', 'development', 'incident')),
    status text NOT NULL,
    version integer NOT NULL,
    title text NOT NULL,
    agency_id text,
    case_id uuid CONSTRAINT fk_dig_case_id_case_ REFERENCES permits.case_,
    cycle integer,
    parcel_id text,
    applicant jsonb NOT NULL,
    applicant_actor text NOT NULL,
    handler text,
    works jsonb NOT NULL,
    contractor jsonb,
    supervisor jsonb,
    excavation jsonb,
    geom geometry(Polygon),
    starts_on date,
    ends_on date,
    allowed_delay_days integer NOT NULL,
    renewals integer NOT NULL DEFAULT 0,
    ground jsonb,
    moratorium jsonb,
    earlier_digs integer NOT NULL DEFAULT 0,
    costs jsonb,
    payment jsonb,
    permit jsonb,
    reason text,
    started_on date,
    restored_on date,
    regularise_by timestamptz,
    warned smallint NOT NULL DEFAULT 0,
    valid_until timestamptz,
    guarantee_until date,
    prefilled_at timestamptz,
    asked_at timestamptz,
    submitted_at timestamptz,
    created_at timestamptz NOT NULL,
    updated_at timestamptz NOT NULL,
    CONSTRAINT uq_dig_case_id_agency_id_cycle UNIQUE (case_id, agency_id, cycle),
    CONSTRAINT ck_dig_dates CHECK (starts_on <= ends_on)
);
CREATE INDEX ix_dig_city_id ON permits.dig (city_id, dig_id DESC);
CREATE INDEX ix_dig_city_id_status ON permits.dig (city_id, status, dig_id DESC);
CREATE INDEX ix_dig_geom ON permits.dig USING gist (geom);
CREATE INDEX ix_dig_dates ON permits.dig (city_id, starts_on, ends_on);
CREATE INDEX ix_dig_regularise_by ON permits.dig (regularise_by) WHERE status = 'emergency';
CREATE INDEX ix_dig_valid_until ON permits.dig (valid_until) WHERE status IN ('permitted', 'working');
CREATE INDEX ix_dig_prefill ON permits.dig (created_at)
    WHERE status = 'draft' AND geom IS NULL AND prefilled_at IS NULL;

CREATE TABLE permits.dig_inquiry (
    dig_id uuid NOT NULL CONSTRAINT fk_dig_inquiry_dig_id_dig REFERENCES permits.dig,
    agency_id text NOT NULL,
    round integer NOT NULL,
    status text NOT NULL
        CONSTRAINT ck_dig_inquiry_status CHECK (status IN ('pending', 'answered', 'silent', 'revoked')),
    asked_at timestamptz NOT NULL,
    due_at timestamptz NOT NULL,
    handler text NOT NULL,
    warned smallint NOT NULL DEFAULT 0,
    answered_at timestamptz,
    answered_by text,
    answer text,
    conditions jsonb NOT NULL DEFAULT '[]',
    note text,
    valid_until timestamptz,
    CONSTRAINT pk_dig_inquiry PRIMARY KEY (dig_id, agency_id, round),
    CONSTRAINT ck_dig_inquiry_answered CHECK ((status = 'answered') = (answer IS NOT NULL))
);
CREATE INDEX ix_dig_inquiry_due_at ON permits.dig_inquiry (due_at) WHERE status = 'pending';
CREATE INDEX ix_dig_inquiry_agency_id ON permits.dig_inquiry (agency_id) WHERE status = 'pending';

CREATE TABLE permits.dig_record (
    record_id uuid CONSTRAINT pk_dig_record PRIMARY KEY,
    dig_id uuid NOT NULL CONSTRAINT fk_dig_record_dig_id_dig REFERENCES permits.dig,
    kind text NOT NULL,
    agency_id text,
    at timestamptz NOT NULL,
    by_actor text NOT NULL,
    body jsonb NOT NULL,
    closed_at timestamptz,
    closed_by text
);
CREATE INDEX ix_dig_record_dig_id ON permits.dig_record (dig_id, at);

CREATE TABLE permits.planned_work (
    plan_id uuid CONSTRAINT pk_planned_work PRIMARY KEY,
    city_id text NOT NULL,
    agency_id text NOT NULL,
    agency_ref text NOT NULL,
    title text NOT NULL,
    status text NOT NULL CONSTRAINT ck_planned_work_status CHECK (status IN ('planned', 'done', 'cancelled')),
    version integer NOT NULL,
    works jsonb NOT NULL,
    geometry jsonb NOT NULL,
    geom geometry(Polygon) NOT NULL,
    starts_on date NOT NULL,
    ends_on date NOT NULL,
    created_by text NOT NULL,
    created_at timestamptz NOT NULL,
    updated_at timestamptz NOT NULL,
    CONSTRAINT uq_planned_work_agency_ref UNIQUE (city_id, agency_id, agency_ref),
    CONSTRAINT ck_planned_work_dates CHECK (starts_on <= ends_on)
);
CREATE INDEX ix_planned_work_geom ON permits.planned_work USING gist (geom);
CREATE INDEX ix_planned_work_dates ON permits.planned_work (city_id, starts_on, ends_on);

-- Two works that overlap, each named "dig:<id>" or "plan:<id>", the smaller name first.
CREATE TABLE permits.dig_join (
    join_id uuid CONSTRAINT pk_dig_join PRIMARY KEY,
    city_id text NOT NULL,
    a_ref text NOT NULL,
    b_ref text NOT NULL,
    state text NOT NULL CONSTRAINT ck_dig_join_state CHECK (
        state IN ('offered', 'half_accepted', 'agreed', 'declined', 'gone')),
    overlap jsonb NOT NULL,
    a_accepted_by text,
    b_accepted_by text,
    reason text,
    created_at timestamptz NOT NULL,
    updated_at timestamptz NOT NULL,
    CONSTRAINT uq_dig_join_refs UNIQUE (a_ref, b_ref),
    CONSTRAINT ck_dig_join_order CHECK (a_ref < b_ref)
);
CREATE INDEX ix_dig_join_b_ref ON permits.dig_join (b_ref);

CREATE TABLE permits.paving (
    paving_id uuid CONSTRAINT pk_paving PRIMARY KEY,
    city_id text NOT NULL,
    title text NOT NULL,
    pavement text NOT NULL,
    paved_on date NOT NULL,
    years integer,
    source text NOT NULL,
    geometry jsonb NOT NULL,
    geom geometry(Polygon) NOT NULL,
    created_by text NOT NULL,
    created_at timestamptz NOT NULL
);
CREATE INDEX ix_paving_geom ON permits.paving USING gist (geom);

CREATE TABLE permits.trench_report (
    report_id uuid CONSTRAINT pk_trench_report PRIMARY KEY,
    report_no text NOT NULL CONSTRAINT uq_trench_report_report_no UNIQUE,
    city_id text NOT NULL,
    kind text NOT NULL,
    status text NOT NULL
        CONSTRAINT ck_trench_report_status CHECK (status IN ('open', 'accepted', 'rejected')),
    dig_id uuid CONSTRAINT fk_trench_report_dig_id_dig REFERENCES permits.dig,
    case_id uuid CONSTRAINT fk_trench_report_case_id_case_ REFERENCES permits.case_,
    agency_id text,
    utility text,
    layer_id text,
    feature_id text,
    depth_m double precision,
    note text,
    geometry jsonb NOT NULL,
    geom geometry(Point) NOT NULL,
    photo jsonb,
    damage jsonb,
    reported_by text NOT NULL,
    reported_at timestamptz NOT NULL,
    answer jsonb,
    answered_by text,
    answered_at timestamptz,
    CONSTRAINT ck_trench_report_answered CHECK ((status = 'open') = (answered_at IS NULL))
);
CREATE SEQUENCE permits.trench_report_no_seq;
CREATE INDEX ix_trench_report_city_id ON permits.trench_report (city_id, report_id DESC);
CREATE INDEX ix_trench_report_dig_id ON permits.trench_report (dig_id);
CREATE INDEX ix_trench_report_feature ON permits.trench_report (city_id, layer_id, feature_id)
    WHERE status = 'accepted';
CREATE INDEX ix_trench_report_geom ON permits.trench_report USING gist (geom);
"""

DOWN = """
DROP TABLE permits.trench_report;
DROP SEQUENCE permits.trench_report_no_seq;
DROP TABLE permits.paving;
DROP TABLE permits.dig_join;
DROP TABLE permits.planned_work;
DROP TABLE permits.dig_record;
DROP TABLE permits.dig_inquiry;
DROP TABLE permits.dig;
DROP SEQUENCE permits.dig_no_seq;
"""


def upgrade() -> None:
    op.execute(UP)


def downgrade() -> None:
    op.execute(DOWN)
