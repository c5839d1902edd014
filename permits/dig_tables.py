"""The tables of the excavation permits, schema `permits`; the migration `0011_digs` makes them."""

from __future__ import annotations

from typing import Any

from geoalchemy2 import Geometry
from sqlalchemy import Column, Date, DateTime, Float, Integer, SmallInteger, Table, Text, Uuid
from sqlalchemy.dialects.postgresql import JSONB

from layers.database import Base


def _text(name: str, *, nullable: bool = False, primary_key: bool = False) -> Column[Any]:
    return Column(name, Text, nullable=nullable, primary_key=primary_key)


def _id(name: str, *, nullable: bool = False, primary_key: bool = False) -> Column[Any]:
    return Column(name, Uuid, nullable=nullable, primary_key=primary_key)


def _at(name: str, *, nullable: bool = False) -> Column[Any]:
    return Column(name, DateTime(timezone=True), nullable=nullable)


def _on(name: str, *, nullable: bool = True) -> Column[Any]:
    return Column(name, Date, nullable=nullable)


def _json(name: str, *, nullable: bool = True) -> Column[Any]:
    return Column(name, JSONB(none_as_null=True), nullable=nullable)


def _geom(kind: str, *, nullable: bool = False) -> Column[Any]:
    return Column("geom", Geometry(geometry_type=kind, srid=-1, spatial_index=False), nullable=nullable)


def _number(name: str, *, nullable: bool = False) -> Column[Any]:
    return Column(name, Integer, nullable=nullable)


def _table(name: str, *columns: Column[Any]) -> Table:
    return Table(name, Base.metadata, *columns, schema="permits")


dig = _table(
    "dig",
    _id("dig_id", primary_key=True),
    _text("dig_no"),
    _text("city_id"),
    _text("kind"),
    _text("status"),
    _number("version"),
    _text("title"),
    _text("agency_id", nullable=True),
    _id("case_id", nullable=True),
    _number("cycle", nullable=True),
    _text("parcel_id", nullable=True),
    _json("applicant", nullable=False),
    _text("applicant_actor"),
    _text("handler", nullable=True),
    _json("works", nullable=False),
    _json("contractor"),
    _json("supervisor"),
    _json("excavation"),
    _geom("POLYGON", nullable=True),
    _on("starts_on"),
    _on("ends_on"),
    _number("allowed_delay_days"),
    _number("renewals"),
    _json("ground"),
    _json("moratorium"),
    _number("earlier_digs"),
    _json("costs"),
    _json("payment"),
    _json("permit"),
    _text("reason", nullable=True),
    _on("started_on"),
    _on("restored_on"),
    _at("regularise_by", nullable=True),
    Column("warned", SmallInteger, nullable=False),
    _at("valid_until", nullable=True),
    _on("guarantee_until"),
    _at("prefilled_at", nullable=True),
    _at("asked_at", nullable=True),
    _at("submitted_at", nullable=True),
    _at("created_at"),
    _at("updated_at"),
)

dig_inquiry = _table(
    "dig_inquiry",
    _id("dig_id", primary_key=True),
    _text("agency_id", primary_key=True),
    Column("round", Integer, primary_key=True),
    _text("status"),
    _at("asked_at"),
    _at("due_at"),
    _text("handler"),
    Column("warned", SmallInteger, nullable=False),
    _at("answered_at", nullable=True),
    _text("answered_by", nullable=True),
    _text("answer", nullable=True),
    _json("conditions", nullable=False),
    _text("note", nullable=True),
    _at("valid_until", nullable=True),
)

dig_record = _table(
    "dig_record",
    _id("record_id", primary_key=True),
    _id("dig_id"),
    _text("kind"),
    _text("agency_id", nullable=True),
    _at("at"),
    _text("by_actor"),
    _json("body", nullable=False),
    _at("closed_at", nullable=True),
    _text("closed_by", nullable=True),
)

planned_work = _table(
    "planned_work",
    _id("plan_id", primary_key=True),
    _text("city_id"),
    _text("agency_id"),
    _text("agency_ref"),
    _text("title"),
    _text("status"),
    _number("version"),
    _json("works", nullable=False),
    _json("geometry", nullable=False),
    _geom("POLYGON"),
    _on("starts_on", nullable=False),
    _on("ends_on", nullable=False),
    _text("created_by"),
    _at("created_at"),
    _at("updated_at"),
)

dig_join = _table(
    "dig_join",
    _id("join_id", primary_key=True),
    _text("city_id"),
    _text("a_ref"),
    _text("b_ref"),
    _text("state"),
    _json("overlap", nullable=False),
    _text("a_accepted_by", nullable=True),
    _text("b_accepted_by", nullable=True),
    _text("reason", nullable=True),
    _at("created_at"),
    _at("updated_at"),
)

paving = _table(
    "paving",
    _id("paving_id", primary_key=True),
    _text("city_id"),
    _text("title"),
    _text("pavement"),
    _on("paved_on", nullable=False),
    _number("years", nullable=True),
    _text("source"),
    _json("geometry", nullable=False),
    _geom("POLYGON"),
    _text("created_by"),
    _at("created_at"),
)

trench_report = _table(
    "trench_report",
    _id("report_id", primary_key=True),
    _text("report_no"),
    _text("city_id"),
    _text("kind"),
    _text("status"),
    _id("dig_id", nullable=True),
    _id("case_id", nullable=True),
    _text("agency_id", nullable=True),
    _text("utility", nullable=True),
    _text("layer_id", nullable=True),
    _text("feature_id", nullable=True),
    Column("depth_m", Float, nullable=True),
    _text("note", nullable=True),
    _json("geometry", nullable=False),
    _geom("POINT"),
    _json("photo"),
    _json("damage"),
    _text("reported_by"),
    _at("reported_at"),
    _json("answer"),
    _text("answered_by", nullable=True),
    _at("answered_at", nullable=True),
)
