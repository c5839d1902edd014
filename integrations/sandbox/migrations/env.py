"""Alembic's entry to the company's own tree of migrations."""

from __future__ import annotations

from alembic import context
from sqlalchemy import create_engine, pool, text

config = context.config


def run() -> None:
    engine = create_engine(config.attributes["url"], poolclass=pool.NullPool)
    with engine.begin() as connection:
        # Two processes that start at once must not both migrate.
        connection.execute(text("SELECT pg_advisory_xact_lock(7203301)"))
        context.configure(connection=connection, transaction_per_migration=False)
        with context.begin_transaction():
            context.run_migrations()
    engine.dispose()


run()
