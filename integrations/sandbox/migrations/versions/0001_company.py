"""The company's books: network, parcels, inquiries, orders, tariffs, bills, ledger, keys, webhooks."""

from __future__ import annotations

from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

TABLES = """
CREATE EXTENSION IF NOT EXISTS postgis;

CREATE TABLE setting (name text PRIMARY KEY, value jsonb NOT NULL);

CREATE TABLE main (
  main_id text PRIMARY KEY,
  diameter_mm double precision,
  pressure_bar double precision,
  voltage_kv double precision,
  material text,
  cable text,
  capacity double precision NOT NULL,          -- in the utility's unit
  existing double precision NOT NULL DEFAULT 0, -- taken by services that were there at the start
  geom geometry(LineString) NOT NULL
);
CREATE INDEX ix_main_geom ON main USING gist (geom);

CREATE TABLE service (
  service_id text PRIMARY KEY,
  main_id text REFERENCES main,
  geom geometry(LineString) NOT NULL
);
CREATE INDEX ix_service_geom ON service USING gist (geom);

CREATE TABLE parcel (
  parcel_id text PRIMARY KEY,
  source text NOT NULL CHECK (source IN ('city', 'inquiry')),
  services int NOT NULL DEFAULT 0,
  initial_class text NOT NULL,
  debt bigint NOT NULL DEFAULT 0,
  geom geometry NOT NULL
);
CREATE INDEX ix_parcel_geom ON parcel USING gist (geom);

CREATE TABLE inquiry (
  our_ref text PRIMARY KEY,
  inquiry_id text NOT NULL UNIQUE,
  case_ref text NOT NULL,
  parcel_id text NOT NULL,
  form jsonb NOT NULL,
  site geometry NOT NULL,
  pit geometry,
  received_at timestamptz NOT NULL DEFAULT clock_timestamp(),
  due_at timestamptz NOT NULL,
  answered_at timestamptz,
  answer jsonb
);
CREATE INDEX ix_inquiry_due ON inquiry (due_at) WHERE answered_at IS NULL;
CREATE INDEX ix_inquiry_case_ref ON inquiry (case_ref);

CREATE SEQUENCE order_no;
CREATE TABLE orders (
  our_ref text PRIMARY KEY,
  order_number text NOT NULL UNIQUE,
  case_ref text NOT NULL,
  permit_no text NOT NULL,
  parcel_id text NOT NULL,
  fingerprint text NOT NULL,
  state text NOT NULL CHECK (state IN ('held', 'confirmed', 'cancelled', 'expired')),
  connection jsonb,
  main_id text REFERENCES main,
  demand double precision NOT NULL DEFAULT 0,
  tariff_from text,
  tariff_to text,
  tariff_code text,                            -- the company's own code of tariff_to
  tariff_before text,
  effective_at timestamptz NOT NULL,
  hold_until timestamptz NOT NULL,
  changed_at timestamptz NOT NULL DEFAULT clock_timestamp(),
  tariff_receipt text,
  bill_no text
);
CREATE INDEX ix_orders_main ON orders (main_id) WHERE main_id IS NOT NULL AND state IN ('held', 'confirmed');
CREATE INDEX ix_orders_hold ON orders (hold_until) WHERE state = 'held';
CREATE INDEX ix_orders_changed_at ON orders (changed_at, our_ref);

CREATE TABLE tombstone (our_ref text PRIMARY KEY, at timestamptz NOT NULL DEFAULT clock_timestamp());

CREATE TABLE ledger (
  seq bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  our_ref text NOT NULL,
  op text NOT NULL CHECK (op IN ('try', 'confirm', 'cancel', 'expire')),
  at timestamptz NOT NULL DEFAULT clock_timestamp()
);

CREATE TABLE tariff_entry (
  entry_no bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  parcel_id text NOT NULL,
  class text NOT NULL,
  code text,
  effective_at timestamptz NOT NULL,
  order_number text NOT NULL UNIQUE,
  receipt text NOT NULL,
  recorded_at timestamptz NOT NULL DEFAULT clock_timestamp()
);
CREATE INDEX ix_tariff_entry_parcel ON tariff_entry (parcel_id, effective_at);

CREATE TABLE bill (
  bill_no text PRIMARY KEY,
  file_no bigint GENERATED ALWAYS AS IDENTITY (START WITH 10000001) UNIQUE,
  parcel_id text NOT NULL,
  order_number text NOT NULL UNIQUE,
  amount bigint NOT NULL,
  currency text NOT NULL,
  items jsonb NOT NULL,
  bill_id text,
  payment_id text,
  issued_at timestamptz NOT NULL DEFAULT clock_timestamp()
);
CREATE INDEX ix_bill_parcel ON bill (parcel_id);

CREATE TABLE idempotency (
  key text PRIMARY KEY,
  fingerprint text NOT NULL,
  status int NOT NULL,
  body text NOT NULL,
  at timestamptz NOT NULL DEFAULT clock_timestamp()
);

CREATE TABLE webhook (
  webhook_id text PRIMARY KEY,
  our_ref text NOT NULL,
  url text NOT NULL,
  body text NOT NULL,
  copies int NOT NULL DEFAULT 1,
  attempts int NOT NULL DEFAULT 0,
  next_at timestamptz NOT NULL DEFAULT clock_timestamp(),
  delivered_at timestamptz,
  last_error text
);
CREATE INDEX ix_webhook_due ON webhook (next_at) WHERE delivered_at IS NULL;
"""


def upgrade() -> None:
    op.execute(TABLES)


def downgrade() -> None:
    op.execute(
        "DROP TABLE webhook, idempotency, bill, tariff_entry, ledger, tombstone, orders, inquiry, parcel, "
        "service, main, setting; DROP SEQUENCE order_no"
    )
