"""The case: tables, outbox, inbox and the chained history.

Revision ID: 0002
Revises: 0001
"""

from __future__ import annotations

from collections.abc import Sequence

from alembic import op

revision: str = "0002"
down_revision: str | None = "0001"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None

TABLES = """
CREATE TABLE permits.case_ (
    case_id uuid CONSTRAINT pk_case_ PRIMARY KEY,
    case_no text NOT NULL CONSTRAINT uq_case__case_no UNIQUE,
    city_id text NOT NULL,
    parcel_id text NOT NULL,
    status text NOT NULL CONSTRAINT ck_case__status CHECK (status IN (
        'consulting', 'awaiting_decision', 'refused', 'exchanging', 'active', 'needs_decision',
        'completing', 'completed', 'withdrawn', 'revoked')),
    version integer NOT NULL CONSTRAINT ck_case__version CHECK (version > 0),
    works text NOT NULL,
    storeys smallint NOT NULL CONSTRAINT ck_case__storeys CHECK (storeys >= 0),
    units jsonb NOT NULL,
    wishes jsonb NOT NULL,
    applicant jsonb NOT NULL,
    excavation jsonb NOT NULL,
    geom geometry(Polygon) NOT NULL CONSTRAINT ck_case__geom_has_crs CHECK (ST_SRID(geom) > 0),
    dossier jsonb NOT NULL,
    verdict text NOT NULL,
    missing jsonb NOT NULL,
    routing jsonb,
    applicant_actor text NOT NULL,
    submitted_at timestamptz NOT NULL,
    updated_at timestamptz NOT NULL,
    certificate_no text,
    permanent_class text
);
CREATE INDEX ix_case__city_id_case_id ON permits.case_ (city_id, case_id DESC);
CREATE INDEX ix_case__city_id_status ON permits.case_ (city_id, status, case_id DESC);
CREATE INDEX ix_case__city_id_parcel_id ON permits.case_ (city_id, parcel_id);

CREATE TABLE permits.finding (
    case_id uuid NOT NULL CONSTRAINT fk_finding_case_id_case_ REFERENCES permits.case_,
    n integer NOT NULL,
    verdict text NOT NULL,
    layer_id text NOT NULL,
    feature_id text NOT NULL,
    body jsonb NOT NULL,
    CONSTRAINT pk_finding PRIMARY KEY (case_id, n)
);

CREATE TABLE permits.consultation (
    case_id uuid NOT NULL CONSTRAINT fk_consultation_case_id_case_ REFERENCES permits.case_,
    agency_id text NOT NULL,
    round integer NOT NULL,
    our_ref text NOT NULL CONSTRAINT uq_consultation_our_ref UNIQUE,
    status text NOT NULL CONSTRAINT ck_consultation_status CHECK (status IN ('pending', 'answered', 'lapsed')),
    asked_at timestamptz NOT NULL,
    due_at timestamptz NOT NULL,
    answered_at timestamptz,
    answer jsonb,
    CONSTRAINT pk_consultation PRIMARY KEY (case_id, agency_id, round),
    CONSTRAINT ck_consultation_answered CHECK ((status = 'answered') = (answer IS NOT NULL))
);
CREATE INDEX ix_consultation_due_at ON permits.consultation (due_at) WHERE status = 'pending';

CREATE TABLE permits.response (
    response_id uuid CONSTRAINT pk_response PRIMARY KEY,
    case_id uuid NOT NULL CONSTRAINT fk_response_case_id_case_ REFERENCES permits.case_,
    agency_id text NOT NULL,
    our_ref text NOT NULL,
    received_at timestamptz NOT NULL,
    is_late boolean NOT NULL,
    body jsonb NOT NULL
);
CREATE INDEX ix_response_case_id ON permits.response (case_id);

CREATE TABLE permits.decision (
    decision_id uuid CONSTRAINT pk_decision PRIMARY KEY,
    case_id uuid NOT NULL CONSTRAINT fk_decision_case_id_case_ REFERENCES permits.case_,
    outcome text NOT NULL,
    by_actor text NOT NULL,
    at timestamptz NOT NULL,
    conditions jsonb NOT NULL,
    reason text
);
CREATE INDEX ix_decision_case_id ON permits.decision (case_id, at DESC);

CREATE TABLE permits.permit (
    case_id uuid CONSTRAINT pk_permit PRIMARY KEY
        CONSTRAINT fk_permit_case_id_case_ REFERENCES permits.case_,
    permit_no text NOT NULL CONSTRAINT uq_permit_permit_no UNIQUE,
    issued_at timestamptz NOT NULL,
    valid_until timestamptz NOT NULL,
    revoked_at timestamptz
);

CREATE TABLE permits.connection_order (
    case_id uuid NOT NULL CONSTRAINT fk_connection_order_case_id_case_ REFERENCES permits.case_,
    agency_id text NOT NULL,
    utility text NOT NULL,
    wish text NOT NULL,
    capacity jsonb NOT NULL,
    offer jsonb,
    state text NOT NULL,
    order_number text,
    CONSTRAINT pk_connection_order PRIMARY KEY (case_id, agency_id)
);

CREATE TABLE permits.exchange (
    exchange_id uuid CONSTRAINT pk_exchange PRIMARY KEY,
    case_id uuid NOT NULL CONSTRAINT fk_exchange_case_id_case_ REFERENCES permits.case_,
    city_id text NOT NULL,
    purpose text NOT NULL CONSTRAINT ck_exchange_purpose CHECK (purpose IN ('construction', 'permanent')),
    revision integer NOT NULL,
    state text NOT NULL CONSTRAINT ck_exchange_state CHECK (state IN (
        'trying', 'confirming', 'cancelling', 'confirmed', 'cancelled')),
    effective_at timestamptz NOT NULL,
    decide_by timestamptz NOT NULL,
    hold_until timestamptz NOT NULL,
    opened_at timestamptz NOT NULL,
    closed_at timestamptz,
    CONSTRAINT uq_exchange_case_id_purpose_revision UNIQUE (case_id, purpose, revision),
    CONSTRAINT ck_exchange_times CHECK (decide_by <= effective_at AND effective_at < hold_until)
);
CREATE UNIQUE INDEX uq_exchange_case_id_open ON permits.exchange (case_id)
    WHERE state IN ('trying', 'confirming', 'cancelling');
CREATE INDEX ix_exchange_decide_by ON permits.exchange (decide_by) WHERE state = 'trying';
CREATE INDEX ix_exchange_hold_until ON permits.exchange (hold_until) WHERE state IN ('confirming', 'cancelling');

CREATE TABLE permits.tariff_change (
    exchange_id uuid NOT NULL CONSTRAINT fk_tariff_change_exchange_id_exchange REFERENCES permits.exchange,
    agency_id text NOT NULL,
    case_id uuid NOT NULL,
    city_id text NOT NULL,
    parcel_id text NOT NULL,
    from_class text NOT NULL,
    to_class text NOT NULL,
    effective_at timestamptz NOT NULL,
    state text NOT NULL,
    receipt text,
    confirmed_at timestamptz,
    CONSTRAINT pk_tariff_change PRIMARY KEY (exchange_id, agency_id)
);
CREATE INDEX ix_tariff_change_parcel ON permits.tariff_change (city_id, parcel_id, agency_id, effective_at DESC)
    WHERE state = 'confirmed';
CREATE INDEX ix_tariff_change_case_id ON permits.tariff_change (case_id);

CREATE TABLE permits.step (
    step_id uuid CONSTRAINT pk_step PRIMARY KEY,
    case_id uuid NOT NULL CONSTRAINT fk_step_case_id_case_ REFERENCES permits.case_,
    exchange_id uuid CONSTRAINT fk_step_exchange_id_exchange REFERENCES permits.exchange,
    city_id text NOT NULL,
    agency_id text NOT NULL,
    op text NOT NULL CONSTRAINT ck_step_op CHECK (op IN ('inquire', 'query', 'try', 'confirm', 'cancel')),
    state text NOT NULL CONSTRAINT ck_step_state CHECK (state IN (
        'pending', 'sending', 'done', 'refused', 'unknown', 'parked', 'superseded')),
    our_ref text NOT NULL,
    idem_key text NOT NULL CONSTRAINT uq_step_idem_key UNIQUE,
    body jsonb NOT NULL,
    attempts integer NOT NULL DEFAULT 0,
    fence bigint NOT NULL DEFAULT 0,
    next_at timestamptz NOT NULL DEFAULT now(),
    deadline_at timestamptz,
    created_at timestamptz NOT NULL DEFAULT now(),
    ended_at timestamptz,
    result jsonb,
    refusal text,
    last_error text
) WITH (fillfactor = 80);
CREATE INDEX ix_step_due ON permits.step (city_id, agency_id, next_at) WHERE state IN ('pending', 'sending');
CREATE INDEX ix_step_case_id ON permits.step (case_id);
CREATE INDEX ix_step_our_ref ON permits.step (our_ref);

CREATE TABLE permits.idem (
    actor_id text NOT NULL,
    key text NOT NULL,
    fingerprint bytea NOT NULL,
    response jsonb,
    at timestamptz NOT NULL,
    CONSTRAINT pk_idem PRIMARY KEY (actor_id, key)
);

CREATE TABLE permits.inbox (
    city_id text NOT NULL,
    agency_id text NOT NULL,
    webhook_id text NOT NULL,
    received_at timestamptz NOT NULL,
    type text NOT NULL,
    outcome text NOT NULL,
    body text NOT NULL,
    case_id uuid,
    CONSTRAINT pk_inbox PRIMARY KEY (city_id, agency_id, webhook_id)
);

CREATE TABLE permits.human_task (
    task_id uuid CONSTRAINT pk_human_task PRIMARY KEY,
    case_id uuid NOT NULL CONSTRAINT fk_human_task_case_id_case_ REFERENCES permits.case_,
    kind text NOT NULL,
    agency_id text,
    ref text NOT NULL,
    opened_at timestamptz NOT NULL,
    closed_at timestamptz,
    closed_by text,
    detail jsonb NOT NULL
);
CREATE UNIQUE INDEX uq_human_task_open ON permits.human_task (case_id, kind, COALESCE(agency_id, ''), ref)
    WHERE closed_at IS NULL;

CREATE TABLE permits.audit (
    case_id uuid NOT NULL,
    n bigint NOT NULL,
    at timestamptz NOT NULL,
    actor text NOT NULL,
    on_behalf_of text NOT NULL,
    event text NOT NULL,
    body text NOT NULL,
    prev bytea NOT NULL,
    hash bytea NOT NULL,
    CONSTRAINT pk_audit PRIMARY KEY (case_id, n)
);
CREATE TABLE permits.audit_head (
    case_id uuid CONSTRAINT pk_audit_head PRIMARY KEY,
    n bigint NOT NULL,
    hash bytea NOT NULL
) WITH (fillfactor = 70);
"""

# The same bytes as permits.audit.entry_hash: every field behind its length (4 bytes, big-endian).
AUDIT_FUNCTIONS = """
CREATE FUNCTION permits.audit_field(value text) RETURNS bytea LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE AS $$
    SELECT int4send(octet_length(convert_to(value, 'UTF8'))) || convert_to(value, 'UTF8')
$$;

CREATE FUNCTION permits.audit_add(
    p_case uuid, p_actor text, p_on_behalf_of text, p_events text[], p_bodies text[]
) RETURNS bytea LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, permits AS $$
DECLARE
    v_n bigint;
    v_prev bytea;
    v_hash bytea;
    v_at timestamptz;
    i integer;
BEGIN
    SELECT n, hash INTO v_n, v_prev FROM permits.audit_head WHERE case_id = p_case FOR UPDATE;
    IF NOT FOUND THEN
        v_n := 0;
        v_prev := decode(repeat('00', 32), 'hex');
        INSERT INTO permits.audit_head (case_id, n, hash) VALUES (p_case, 0, v_prev);
    END IF;
    FOR i IN 1 .. COALESCE(array_length(p_events, 1), 0) LOOP
        v_n := v_n + 1;
        v_at := clock_timestamp();
        v_hash := sha256(
            permits.audit_field('panjereh-audit-1') || permits.audit_field(p_case::text)
            || permits.audit_field(v_n::text)
            || permits.audit_field(to_char(v_at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"'))
            || permits.audit_field(p_actor) || permits.audit_field(p_on_behalf_of)
            || permits.audit_field(p_events[i]) || permits.audit_field(p_bodies[i])
            || int4send(32) || v_prev);
        INSERT INTO permits.audit (case_id, n, at, actor, on_behalf_of, event, body, prev, hash)
        VALUES (p_case, v_n, v_at, p_actor, p_on_behalf_of, p_events[i], p_bodies[i], v_prev, v_hash);
        v_prev := v_hash;
    END LOOP;
    UPDATE permits.audit_head SET n = v_n, hash = v_prev WHERE case_id = p_case;
    RETURN v_prev;
END
$$;

CREATE FUNCTION permits.audit_is_append_only() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'the history of a case is append-only' USING ERRCODE = 'insufficient_privilege';
END
$$;
CREATE TRIGGER audit_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON permits.audit
    FOR EACH STATEMENT EXECUTE FUNCTION permits.audit_is_append_only();
REVOKE ALL ON permits.audit, permits.audit_head FROM PUBLIC;
REVOKE ALL ON FUNCTION permits.audit_add(uuid, text, text, text[], text[]) FROM PUBLIC;
"""


def upgrade() -> None:
    op.execute("CREATE SCHEMA IF NOT EXISTS permits")
    op.execute("CREATE SEQUENCE permits.case_no_seq")
    op.execute(TABLES)
    op.execute(AUDIT_FUNCTIONS)


def downgrade() -> None:
    op.execute("DROP SCHEMA permits CASCADE")
