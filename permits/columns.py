"""The columns of which every table of the schema `permits` is made: one way to write each kind."""

from __future__ import annotations

from typing import Any

from geoalchemy2 import Geometry
from sqlalchemy import Column, Date, DateTime, Integer, Table, Text, Uuid
from sqlalchemy.dialects.postgresql import JSONB

from layers.database import Base

SCHEMA = "permits"


def text(name: str, *, nullable: bool = False, primary_key: bool = False) -> Column[Any]:
    """A text."""
    return Column(name, Text, nullable=nullable, primary_key=primary_key)


def identifier(name: str, *, nullable: bool = False, primary_key: bool = False) -> Column[Any]:
    """A UUID."""
    return Column(name, Uuid, nullable=nullable, primary_key=primary_key)


def number(name: str, *, nullable: bool = False) -> Column[Any]:
    """A whole number."""
    return Column(name, Integer, nullable=nullable)


def instant(name: str, *, nullable: bool = False) -> Column[Any]:
    """An instant with its time zone."""
    return Column(name, DateTime(timezone=True), nullable=nullable)


def day(name: str, *, nullable: bool = False) -> Column[Any]:
    """A date."""
    return Column(name, Date, nullable=nullable)


def json(name: str, *, nullable: bool = False) -> Column[Any]:
    """A JSON value; None is SQL's NULL, never JSON's null."""
    return Column(name, JSONB(none_as_null=True), nullable=nullable)


def shape(kind: str, *, nullable: bool = False) -> Column[Any]:
    """The geometry of the row, in the CRS of its city."""
    return Column("geom", Geometry(geometry_type=kind, srid=-1, spatial_index=False), nullable=nullable)


def table(name: str, *columns: Column[Any]) -> Table:
    """A table of the schema."""
    return Table(name, Base.metadata, *columns, schema=SCHEMA)
