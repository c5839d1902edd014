"""The case's tables, schema `permits`; the migration `0002_permits` makes them."""

from __future__ import annotations

from typing import Any

from geoalchemy2 import Geometry
from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    DateTime,
    Float,
    Integer,
    LargeBinary,
    SmallInteger,
    Table,
    Text,
    Uuid,
)
from sqlalchemy.dialects.postgresql import JSONB

from layers.database import Base

SCHEMA = "permits"


def _text(name: str, *, nullable: bool = False, primary_key: bool = False) -> Column[Any]:
    return Column(name, Text, nullable=nullable, primary_key=primary_key)


def _at(name: str, *, nullable: bool = False) -> Column[Any]:
    return Column(name, DateTime(timezone=True), nullable=nullable)


def _json(name: str, *, nullable: bool = False) -> Column[Any]:
    return Column(name, JSONB(none_as_null=True), nullable=nullable)


def _id(name: str, *, nullable: bool = False, primary_key: bool = False) -> Column[Any]:
    return Column(name, Uuid, nullable=nullable, primary_key=primary_key)


def _table(name: str, *columns: Column[Any]) -> Table:
    return Table(name, Base.metadata, *columns, schema=SCHEMA)


case_ = _table(
    "case_",
    _id("case_id", primary_key=True),
    _text("case_no"),
    _text("city_id"),
    _text("parcel_id"),
    _text("status"),
    Column("version", Integer, nullable=False),
    _text("works"),
    Column("storeys", SmallInteger, nullable=False),
    _json("units"),
    _json("wishes"),
    _json("applicant"),
    _json("excavation"),
    Column("geom", Geometry(geometry_type="POLYGON", srid=-1, spatial_index=False), nullable=False),
    _json("dossier"),
    _text("verdict"),
    _json("missing"),
    _json("routing", nullable=True),
    _text("applicant_actor"),
    _at("submitted_at"),
    _at("updated_at"),
    _text("certificate_no", nullable=True),
    _text("permanent_class", nullable=True),
)

finding = _table(
    "finding",
    _id("case_id", primary_key=True),
    Column("n", Integer, primary_key=True),
    _text("verdict"),
    _text("layer_id"),
    _text("feature_id"),
    _json("body"),
)

consultation = _table(
    "consultation",
    _id("case_id", primary_key=True),
    _text("agency_id", primary_key=True),
    Column("round", Integer, primary_key=True),
    _text("our_ref"),
    _text("status"),
    _at("asked_at"),
    _at("due_at"),
    _at("answered_at", nullable=True),
    _json("answer", nullable=True),
)

response = _table(
    "response",
    _id("response_id", primary_key=True),
    _id("case_id"),
    _text("agency_id"),
    _text("our_ref"),
    _at("received_at"),
    Column("is_late", Boolean, nullable=False),
    _json("body"),
)

decision = _table(
    "decision",
    _id("decision_id", primary_key=True),
    _id("case_id"),
    _text("outcome"),
    _text("by_actor"),
    _at("at"),
    _json("conditions"),
    _text("reason", nullable=True),
)

permit = _table(
    "permit",
    _id("case_id", primary_key=True),
    _text("permit_no"),
    _at("issued_at"),
    _at("valid_until"),
    _at("revoked_at", nullable=True),
)

connection_order = _table(
    "connection_order",
    _id("case_id", primary_key=True),
    _text("agency_id", primary_key=True),
    _text("utility"),
    _text("wish"),
    _json("capacity"),
    _json("offer", nullable=True),
    _text("state"),
    _text("order_number", nullable=True),
)

exchange = _table(
    "exchange",
    _id("exchange_id", primary_key=True),
    _id("case_id"),
    _text("city_id"),
    _text("purpose"),
    Column("revision", Integer, nullable=False),
    _text("state"),
    _at("effective_at"),
    _at("decide_by"),
    _at("hold_until"),
    _at("opened_at"),
    _at("closed_at", nullable=True),
)

tariff_change = _table(
    "tariff_change",
    _id("exchange_id", primary_key=True),
    _text("agency_id", primary_key=True),
    _id("case_id"),
    _text("city_id"),
    _text("parcel_id"),
    _text("from_class"),
    _text("to_class"),
    _at("effective_at"),
    _text("state"),
    _text("receipt", nullable=True),
    _at("confirmed_at", nullable=True),
)

step = _table(
    "step",
    _id("step_id", primary_key=True),
    _id("case_id"),
    _id("exchange_id", nullable=True),
    _text("city_id"),
    _text("agency_id"),
    _text("op"),
    _text("state"),
    _text("our_ref"),
    _text("idem_key"),
    _json("body"),
    Column("attempts", Integer, nullable=False),
    Column("fence", BigInteger, nullable=False),
    _at("next_at"),
    _at("deadline_at", nullable=True),
    _at("created_at"),
    _at("ended_at", nullable=True),
    _json("result", nullable=True),
    _text("refusal", nullable=True),
    _text("last_error", nullable=True),
)

idem = _table(
    "idem",
    _text("actor_id", primary_key=True),
    _text("key", primary_key=True),
    Column("fingerprint", LargeBinary, nullable=False),
    _json("response", nullable=True),
    _at("at"),
)

inbox = _table(
    "inbox",
    _text("city_id", primary_key=True),
    _text("agency_id", primary_key=True),
    _text("webhook_id", primary_key=True),
    _at("received_at"),
    _text("type"),
    _text("outcome"),
    _text("body"),
    _id("case_id", nullable=True),
)

human_task = _table(
    "human_task",
    _id("task_id", primary_key=True),
    _id("case_id"),
    _text("kind"),
    _text("agency_id", nullable=True),
    _text("ref"),
    _at("opened_at"),
    _at("closed_at", nullable=True),
    _text("closed_by", nullable=True),
    _json("detail"),
)

audit = _table(
    "audit",
    _id("case_id", primary_key=True),
    Column("n", BigInteger, primary_key=True),
    _at("at"),
    _text("actor"),
    _text("on_behalf_of"),
    _text("event"),
    _text("body"),
    Column("prev", LargeBinary, nullable=False),
    Column("hash", LargeBinary, nullable=False),
)

audit_head = _table(
    "audit_head",
    _id("case_id", primary_key=True),
    Column("n", BigInteger, nullable=False),
    Column("hash", LargeBinary, nullable=False),
)

service_line = _table(
    "service_line",
    _id("case_id", primary_key=True),
    _text("agency_id", primary_key=True),
    _text("city_id"),
    _text("state"),
    _text("main_layer_id", nullable=True),
    _text("main_feature_id", nullable=True),
    Column("demand", Float, nullable=True),
    Column("geom", Geometry(geometry_type="LINESTRING", srid=-1, spatial_index=False), nullable=True),
    _json("body"),
    _json("as_built", nullable=True),
    _at("updated_at"),
)
