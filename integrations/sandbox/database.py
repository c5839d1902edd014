"""The company's own database: made if missing, migrated by its own tree."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from alembic import command
from alembic.config import Config
from sqlalchemy import Engine, create_engine, make_url, pool, text

MIGRATIONS = Path(__file__).resolve().parent / "migrations"


def make_engine(url: str, threads: int) -> Engine:
    """Return an engine with one connection for each request thread and a few for the desk and the courier."""
    options: dict[str, Any] = {
        "pool_pre_ping": True,
        "pool_size": threads,
        "max_overflow": 3,
        "pool_timeout": 10,
    }
    return create_engine(url, connect_args={"application_name": "company", "connect_timeout": 5}, **options)


def ensure_database(url: str) -> None:
    """Make the database unless it is there; its server must be running."""
    target = make_url(url)
    engine = create_engine(
        target.set(database="postgres"), poolclass=pool.NullPool, isolation_level="AUTOCOMMIT"
    )
    with engine.connect() as connection:
        found = connection.execute(
            text("SELECT 1 FROM pg_database WHERE datname = :n"), {"n": target.database}
        )
        if found.first() is None:
            name = str(target.database).replace('"', '""')
            connection.execute(text(f'CREATE DATABASE "{name}"'))
    engine.dispose()


def migrate(url: str) -> None:
    """Bring the company's schema to its newest revision."""
    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS))
    config.attributes["url"] = url
    command.upgrade(config, "head")
