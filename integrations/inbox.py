"""What agencies send us: signed, kept, acted on once; what cannot be understood is kept, never dropped."""

from __future__ import annotations

import json
import logging
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from sqlalchemy import select, update
from sqlalchemy.dialects.postgresql import insert as pg_insert
from sqlalchemy.orm import Session
from standardwebhooks.webhooks import Webhook, WebhookVerificationError

from permits import as_built
from permits import tables as t
from permits.errors import AnswerUnreadable, CaseNotFound, SignatureInvalid
from permits.outbox import late_accept
from permits.ports import Json
from permits.requests import answer_from
from permits.service import Context, record_response
from permits.store import chain, change_case, lock_case
from permits.views import as_json
from permits.vocabulary import ExchangeState, InboxOutcome, StepOp

log = logging.getLogger("panjereh.inbox")

_ACCEPTS = frozenset({"order.held", "order.executed"})
_GIVEN_UP = frozenset({ExchangeState.CANCELLING.value, ExchangeState.CANCELLED.value})


@dataclass(frozen=True, slots=True)
class _Message:
    """One verified message."""

    webhook_id: str
    kind: str
    data: Json


def receive(
    session: Session,
    ctx: Context,
    agency_id: str,
    headers: Mapping[str, str],
    raw_body: bytes,
    secret: str,
) -> InboxOutcome:
    """Verify, keep and act on one message; raises `SignatureInvalid`.

    Repeats are recognised by (agency, webhook-id). Types nobody knows and messages about nothing we asked are
    kept with outcome `unknown` or `quarantined`: they are acknowledged, because sending them again would not
    help, and they hold up no other message (T15).
    """
    lowered = {name.lower(): value for name, value in headers.items()}
    text = _verified(lowered, raw_body, secret)
    message = _parsed(lowered["webhook-id"], text)
    row = {
        "city_id": ctx.city.city_id,
        "agency_id": agency_id,
        "webhook_id": message.webhook_id,
        "received_at": ctx.now,
        "type": message.kind,
        "outcome": InboxOutcome.ACCEPTED.value,
        "body": as_json(text),
    }
    kept = session.execute(
        pg_insert(t.inbox).values(row).on_conflict_do_nothing().returning(t.inbox.c.webhook_id)
    )
    if kept.one_or_none() is None:
        return InboxOutcome.DUPLICATE
    outcome, case_id = _act(session, ctx, agency_id, message)
    session.execute(
        update(t.inbox)
        .where(
            t.inbox.c.city_id == ctx.city.city_id,
            t.inbox.c.agency_id == agency_id,
            t.inbox.c.webhook_id == message.webhook_id,
        )
        .values(outcome=outcome.value, case_id=case_id)
    )
    return outcome


def _verified(headers: Mapping[str, str], raw_body: bytes, secret: str) -> str:
    """The body as text once its signature and its age hold."""
    try:
        text = raw_body.decode()
        Webhook(secret).verify(text, dict(headers))
    except json.JSONDecodeError:
        return text  # the signature held; what it signs is kept all the same
    except (WebhookVerificationError, UnicodeDecodeError, ValueError) as error:
        raise SignatureInvalid(hint="sign-standard-webhooks") from error
    return text


def _parsed(webhook_id: str, text: str) -> _Message:
    try:
        value: Any = json.loads(text)
    except ValueError:
        value = None
    if not isinstance(value, dict):
        return _Message(webhook_id, "unreadable", {})
    data = value.get("data")
    kind = str(as_json(str(value.get("type") or "unreadable")))[:100]
    return _Message(webhook_id, kind, data if isinstance(data, dict) else {})


def _act(
    session: Session, ctx: Context, agency_id: str, message: _Message
) -> tuple[InboxOutcome, UUID | None]:
    if message.kind == "inquiry.answered":
        return _answered(session, ctx, message)
    if message.kind in _ACCEPTS:
        return _order_news(session, ctx, agency_id, message)
    log.warning("agency %s sent a message of unknown type %s", agency_id, message.kind)
    return InboxOutcome.UNKNOWN, None


def _answered(session: Session, ctx: Context, message: _Message) -> tuple[InboxOutcome, UUID | None]:
    try:
        case_id = record_response(session, ctx.actor, answer_from(message.data), ctx.now)
    except (AnswerUnreadable, CaseNotFound) as error:
        log.warning("message %s quarantined: %s", message.webhook_id, error.message)
        return InboxOutcome.QUARANTINED, None
    return InboxOutcome.ACCEPTED, case_id


def _order_news(
    session: Session, ctx: Context, agency_id: str, message: _Message
) -> tuple[InboxOutcome, UUID | None]:
    """News about an order: chained; an acceptance of an order we gave up is cancelled at once."""
    our_ref = str(message.data.get("our_ref"))
    row = session.execute(
        select(t.step.c.case_id, t.step.c.exchange_id).where(
            t.step.c.our_ref == our_ref,
            t.step.c.op == StepOp.TRY.value,
            t.step.c.agency_id == agency_id,
            t.step.c.city_id == ctx.city.city_id,
        )
    ).one_or_none()
    if row is None:
        return InboxOutcome.QUARANTINED, None
    case = lock_case(session, row.case_id)
    state = session.execute(
        select(t.exchange.c.state).where(t.exchange.c.exchange_id == row.exchange_id)
    ).scalar_one()
    said: Json = {"agency": agency_id, "our_ref": our_ref, "data": as_json(message.data)}
    chain(session, case.case_id, ctx.actor, [(message.kind, said)])
    if state in _GIVEN_UP:
        late_accept(session, case, our_ref)
    elif isinstance(built := message.data.get("as_built"), dict):
        as_built.keep(session, ctx.city, case.case_id, agency_id, built)
    change_case(session, case)
    return InboxOutcome.ACCEPTED, case.case_id
