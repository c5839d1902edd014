"""The case's tables, schema `permits`; the migration `0002_permits` makes them."""

from __future__ import annotations

from sqlalchemy import BigInteger, Boolean, Column, DateTime, Float, Integer, LargeBinary, SmallInteger

from permits.columns import identifier, instant, json, number, shape, table, text

case_ = table(
    "case_",
    identifier("case_id", primary_key=True),
    text("case_no"),
    text("city_id"),
    text("parcel_id"),
    text("status"),
    number("version"),
    text("works"),
    Column("storeys", SmallInteger, nullable=False),
    json("units"),
    json("wishes"),
    json("applicant"),
    json("excavation"),
    shape("POLYGON"),
    json("dossier"),
    text("verdict"),
    json("missing"),
    json("routing", nullable=True),
    text("applicant_actor"),
    instant("submitted_at"),
    instant("updated_at"),
    text("certificate_no", nullable=True),
    text("permanent_class", nullable=True),
)

finding = table(
    "finding",
    identifier("case_id", primary_key=True),
    Column("n", Integer, primary_key=True),
    text("verdict"),
    text("layer_id"),
    text("feature_id"),
    json("body"),
)

consultation = table(
    "consultation",
    identifier("case_id", primary_key=True),
    text("agency_id", primary_key=True),
    Column("round", Integer, primary_key=True),
    text("our_ref"),
    text("status"),
    instant("asked_at"),
    instant("due_at"),
    instant("answered_at", nullable=True),
    json("answer", nullable=True),
)

response = table(
    "response",
    identifier("response_id", primary_key=True),
    identifier("case_id"),
    text("agency_id"),
    text("our_ref"),
    instant("received_at"),
    Column("is_late", Boolean, nullable=False),
    json("body"),
)

decision = table(
    "decision",
    identifier("decision_id", primary_key=True),
    identifier("case_id"),
    text("outcome"),
    text("by_actor"),
    instant("at"),
    json("conditions"),
    text("reason", nullable=True),
)

permit = table(
    "permit",
    identifier("case_id", primary_key=True),
    text("permit_no"),
    instant("issued_at"),
    instant("valid_until"),
    instant("revoked_at", nullable=True),
)

connection_order = table(
    "connection_order",
    identifier("case_id", primary_key=True),
    text("agency_id", primary_key=True),
    text("utility"),
    text("wish"),
    json("capacity"),
    json("offer", nullable=True),
    text("state"),
    text("order_number", nullable=True),
)

exchange = table(
    "exchange",
    identifier("exchange_id", primary_key=True),
    identifier("case_id"),
    text("city_id"),
    text("purpose"),
    number("revision"),
    text("state"),
    instant("effective_at"),
    instant("decide_by"),
    instant("hold_until"),
    instant("opened_at"),
    instant("closed_at", nullable=True),
)

tariff_change = table(
    "tariff_change",
    identifier("exchange_id", primary_key=True),
    text("agency_id", primary_key=True),
    identifier("case_id"),
    text("city_id"),
    text("parcel_id"),
    text("from_class"),
    text("to_class"),
    text("from_basis"),
    instant("effective_at"),
    text("state"),
    text("receipt", nullable=True),
    instant("confirmed_at", nullable=True),
)

step = table(
    "step",
    identifier("step_id", primary_key=True),
    identifier("case_id"),
    identifier("exchange_id", nullable=True),
    text("city_id"),
    text("agency_id"),
    text("op"),
    text("state"),
    text("our_ref"),
    text("idem_key"),
    json("body"),
    number("attempts"),
    Column("fence", BigInteger, nullable=False),
    instant("next_at"),
    instant("deadline_at", nullable=True),
    instant("created_at"),
    instant("ended_at", nullable=True),
    json("result", nullable=True),
    text("refusal", nullable=True),
    text("last_error", nullable=True),
)

idem = table(
    "idem",
    text("actor_id", primary_key=True),
    text("key", primary_key=True),
    Column("fingerprint", LargeBinary, nullable=False),
    json("response", nullable=True),
    instant("at"),
)

inbox = table(
    "inbox",
    text("city_id", primary_key=True),
    text("agency_id", primary_key=True),
    text("webhook_id", primary_key=True),
    instant("received_at"),
    text("type"),
    text("outcome"),
    text("body"),
    identifier("case_id", nullable=True),
)

human_task = table(
    "human_task",
    identifier("task_id", primary_key=True),
    identifier("case_id", nullable=True),
    text("city_id", nullable=True),
    text("kind"),
    text("agency_id", nullable=True),
    text("ref"),
    instant("opened_at"),
    instant("closed_at", nullable=True),
    text("closed_by", nullable=True),
    json("detail"),
)

audit = table(
    "audit",
    identifier("case_id", primary_key=True),
    Column("n", BigInteger, primary_key=True),
    instant("at"),
    text("actor"),
    text("on_behalf_of"),
    text("event"),
    text("body"),
    Column("prev", LargeBinary, nullable=False),
    Column("hash", LargeBinary, nullable=False),
)

audit_head = table(
    "audit_head",
    identifier("case_id", primary_key=True),
    Column("n", BigInteger, nullable=False),
    Column("hash", LargeBinary, nullable=False),
)

reconciliation = table(
    "reconciliation",
    Column("began_at", DateTime(timezone=True), primary_key=True),
    instant("ended_at", nullable=True),
    json("said", nullable=True),
)

audit_checkpoint = table(
    "audit_checkpoint",
    Column("n", BigInteger, primary_key=True, autoincrement=False),
    instant("at"),
    Column("chains", BigInteger, nullable=False),
    Column("entries", BigInteger, nullable=False),
    Column("root", LargeBinary, nullable=False),
    Column("prev", LargeBinary, nullable=False),
    Column("hash", LargeBinary, nullable=False),
    Column("heads", LargeBinary, nullable=False),
)

service_line = table(
    "service_line",
    identifier("case_id", primary_key=True),
    text("agency_id", primary_key=True),
    text("city_id"),
    text("state"),
    text("main_layer_id", nullable=True),
    text("main_feature_id", nullable=True),
    Column("demand", Float, nullable=True),
    shape("LINESTRING", nullable=True),
    json("body"),
    json("as_built", nullable=True),
    instant("updated_at"),
)
