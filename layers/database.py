"""The engine, the sessions, the declarative base and the migrations: the one way to the database."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from geoalchemy2.elements import WKBElement
from geoalchemy2.shape import from_shape  # noqa: TID251 - the one place
from shapely.geometry.base import BaseGeometry
from sqlalchemy import Engine, MetaData, NullPool, create_engine, text
from sqlalchemy.orm import DeclarativeBase, Session, sessionmaker

MIGRATIONS = Path(__file__).resolve().parent.parent / "migrations"

NAMING = {
    "ix": "ix_%(table_name)s_%(column_0_N_name)s",
    "uq": "uq_%(table_name)s_%(column_0_N_name)s",
    "ck": "ck_%(table_name)s_%(constraint_name)s",
    "fk": "fk_%(table_name)s_%(column_0_N_name)s_%(referred_table_name)s",
    "pk": "pk_%(table_name)s",
}


class Base(DeclarativeBase):
    """The base of every mapped table; constraints are named by one rule, so that migrations can name them too."""

    metadata = MetaData(naming_convention=NAMING)


def make_engine(url: str, *, application_name: str = "panjereh", **options: Any) -> Engine:
    """Return an engine whose connections are tested before use, so that a database restart costs one retry."""
    settings: dict[str, Any] = {"pool_pre_ping": True, "pool_size": 10, "max_overflow": 20, **options}
    return create_engine(url, connect_args={"application_name": application_name}, **settings)


def as_element(shape: BaseGeometry, srid: int) -> WKBElement:
    """Return a shape as a bound value that carries its own SRID.

    Of a plain WKB, GeoAlchemy2 writes the SRID into the statement's text, and SQLAlchemy keeps that text for every
    later value: the next city would be asked for in the first one's system.
    """
    return from_shape(shape, srid=srid, extended=True)


def make_sessions(engine: Engine) -> sessionmaker[Session]:
    """Return the session factory; objects stay readable after commit, because only the edge commits."""
    return sessionmaker(engine, expire_on_commit=False)


def migrate(url: str, revision: str = "head") -> None:
    """Bring the schema of the database at `url` to `revision`; a database that is there already is left as it is."""
    # Who serves does not migrate, and need not have Alembic in memory.
    from alembic import command
    from alembic.config import Config

    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS))
    config.attributes["url"] = url
    command.upgrade(config, revision)
    if revision == "head":
        _grant(url)


def _grant(url: str) -> None:
    """Give the application's role what the migrations made; where there is no such role, nothing."""
    engine = create_engine(url, poolclass=NullPool)
    with engine.begin() as connection:
        connection.execute(text("SELECT pg_advisory_xact_lock(7203201)"))
        connection.execute(text("SELECT layers.grant_app()"))
    engine.dispose()
