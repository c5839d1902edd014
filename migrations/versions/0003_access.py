"""Who may ask: tokens and browser sessions, both kept as hashes only."""

from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

UP = """
CREATE SCHEMA access;

CREATE TABLE access.token (
  token_id    uuid        NOT NULL CONSTRAINT pk_token PRIMARY KEY,
  token_hash  bytea       NOT NULL CONSTRAINT uq_token_token_hash UNIQUE,
  actor_id    text        NOT NULL,
  name        text        NOT NULL,
  role        text        NOT NULL,
  agency      text,
  city_id     text,
  created_at  timestamptz NOT NULL DEFAULT now(),
  expires_at  timestamptz,
  revoked_at  timestamptz,
  CONSTRAINT ck_token_hash_length CHECK (octet_length(token_hash) = 32),
  CONSTRAINT ck_token_agency_role CHECK ((role = 'agency') = (agency IS NOT NULL))
);
COMMENT ON TABLE access.token IS 'Opaque bearer tokens; SHA-256 of 256 random bits, the token itself is shown once';

CREATE TABLE access.browser_session (
  session_hash bytea       NOT NULL CONSTRAINT pk_browser_session PRIMARY KEY,
  token_id     uuid        NOT NULL
               CONSTRAINT fk_browser_session_token_id_token REFERENCES access.token ON DELETE CASCADE,
  created_at   timestamptz NOT NULL DEFAULT now(),
  expires_at   timestamptz NOT NULL,
  CONSTRAINT ck_browser_session_hash_length CHECK (octet_length(session_hash) = 32)
);
CREATE INDEX ix_browser_session_token_id ON access.browser_session (token_id);
CREATE INDEX ix_browser_session_expires_at ON access.browser_session (expires_at);
"""


def upgrade() -> None:
    op.execute(UP)


def downgrade() -> None:
    op.execute("DROP SCHEMA access CASCADE")
