"""Alembic's entry: one tree of migrations for the layers, the permits and the access tables."""

from __future__ import annotations

from alembic import context
from sqlalchemy import create_engine, pool, text

config = context.config


def run() -> None:
    url = config.attributes.get("url") or config.get_main_option("sqlalchemy.url")
    engine = create_engine(url, poolclass=pool.NullPool)
    with engine.begin() as connection:
        # Two processes that start at once must not both migrate.
        connection.execute(text("SELECT pg_advisory_xact_lock(7203201)"))
        context.configure(connection=connection, transaction_per_migration=False)
        with context.begin_transaction():
            context.run_migrations()
    engine.dispose()


run()
