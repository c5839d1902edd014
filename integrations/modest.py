"""Companies with a modest API: no hold, no idempotency keys, no webhooks (capability L2 and L1, docs/exchange.md).

Nothing is created that was not asked for by our reference just before, and a create whose answer was lost is asked for
only after a quiet time in which it has arrived or never will. L2 can cancel: its order is made by TRY and taken back by
CANCEL. L1 cannot: TRY only looks, CONFIRM makes the order.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import UTC, datetime

from integrations.company import (
    ContractCompany,
    Measures,
    NotTranslatable,
    TariffCodes,
    path_ref,
    untranslatable,
)
from integrations.transport import Endpoint
from permits.ports import Json, Outcome
from permits.vocabulary import OutcomeKind

STANDS = "confirmed"
RELEASED = frozenset({"cancelled", "tombstoned"})
NOT_FOUND = 404
QUIET_TIMEOUTS = 2.0
"""How long, in time-outs of a call, a create whose answer was lost may still be under way."""

Judge = Callable[[Mapping[str, object], Json], bool]
"""Whether what the company has under our reference is what was asked for."""


class AskingCompany(ContractCompany):
    """What L2 and L1 have in common: every call asks how things stand before it sends anything."""

    def __init__(
        self, endpoint: Endpoint, measures: Measures, tariff_codes: TariffCodes | None = None
    ) -> None:
        super().__init__(replace(endpoint, reply_to=None), measures, tariff_codes)
        self.fresh_s = endpoint.timeout_s
        self.quiet_s = QUIET_TIMEOUTS * endpoint.timeout_s

    def inquire(self, body: Json, idem_key: str) -> Outcome:
        """Ask whether and how the parcel can be served, unless it was asked; the answer comes by `query`."""
        try:
            form = {**body, "capacity": self._measures.to_company(body.get("capacity") or {})}
        except NotTranslatable as error:
            return untranslatable(error)
        return self._create("/v1/inquiries", {**form, "reply_to": None}, idem_key, is_ours)

    def _create(self, path: str, form: Json, idem_key: str, judge: Judge) -> Outcome:
        """Send a form once: what is there under our reference is taken as its effect, if it is the same."""
        asked_at = time.monotonic()
        seen = self._transport.get(f"{path}/{path_ref(form)}")
        if is_absent(seen):
            if time.monotonic() - asked_at > self.fresh_s:
                return Outcome(OutcomeKind.RETRY, None, detail="that there is none was said too long ago")
            seen = self._waited(self._transport.post(path, form, idem_key))
        return self._judged(form, seen, judge)

    def _judged(self, form: Json, seen: Outcome, judge: Judge) -> Outcome:
        if seen.kind is OutcomeKind.DONE and not judge(form, seen.body):
            return contradiction(seen, "something else is there under our reference")
        return seen

    def _waited(self, outcome: Outcome) -> Outcome:
        """The outcome of a create; unless it is clear, nobody asks before it has arrived or never will."""
        is_clear = outcome.kind in (OutcomeKind.DONE, OutcomeKind.REFUSED)
        is_unsent = outcome.kind is OutcomeKind.RETRY and outcome.status is None
        if is_clear or is_unsent:
            return outcome
        return replace(outcome, retry_after_s=max(outcome.retry_after_s or 0.0, self.quiet_s))

    def _order(self, body: Json) -> Outcome:
        return self._transport.get(f"/v1/orders/{path_ref(body)}")


class CancellingCompany(AskingCompany):
    """L2: create, cancel, query. The order is final at once, takes effect later, and costs nothing until then."""

    def __init__(
        self, endpoint: Endpoint, measures: Measures, tariff_codes: TariffCodes | None = None
    ) -> None:
        super().__init__(endpoint, measures, tariff_codes)
        self._absent_since: dict[str, float] = {}
        self._lock = threading.Lock()

    @property
    def capability(self) -> str:
        """L2: create, cancel and query by our reference."""
        return "L2"

    def try_order(self, body: Json, idem_key: str) -> Outcome:
        """Have the order made, once; never after its instant, when a cancel would not undo it."""
        try:
            form = self.order_form(body)
        except NotTranslatable as error:
            return untranslatable(error)
        if is_due(body):
            return Outcome(OutcomeKind.RETRY, None, detail="too late to be taken back: nothing is sent")
        return self._create("/v1/orders", form, idem_key, is_standing)

    def confirm(self, body: Json, idem_key: str) -> Outcome:
        """See that the order stands; nothing is sent."""
        del idem_key
        seen = self._order(body)
        if is_absent(seen) or (seen.kind is OutcomeKind.DONE and not is_standing(body, seen.body)):
            return contradiction(
                seen, f"the order does not stand: {seen.body.get('status') or 'unknown there'}"
            )
        return seen

    def cancel(self, body: Json, idem_key: str) -> Outcome:
        """Take the order back and see that it is; one that is not there is waited for before that is believed."""
        seen = self._order(body)
        if is_absent(seen):
            return self._still_absent(str(body["our_ref"]))
        self._forget(str(body["our_ref"]))
        if seen.kind is not OutcomeKind.DONE or seen.body.get("status") in RELEASED:
            return seen
        said = self._transport.post(f"/v1/orders/{path_ref(body)}:cancel", None, idem_key)
        if said.kind is not OutcomeKind.DONE:
            return said
        seen = self._order(body)
        if seen.kind is OutcomeKind.DONE and seen.body.get("status") not in RELEASED:
            return Outcome(OutcomeKind.UNKNOWN, seen.status, seen.body, "said to be cancelled, and stands")
        return seen

    def _still_absent(self, our_ref: str) -> Outcome:
        """Done when it was not there for as long as a try may still make its create and that be under way."""
        now, wait_s = time.monotonic(), self.fresh_s + self.quiet_s
        with self._lock:
            since = self._absent_since.setdefault(our_ref, now)
        if now - since < wait_s:
            return Outcome(
                OutcomeKind.RETRY, NOT_FOUND, detail="not there yet, or never", retry_after_s=wait_s
            )
        self._forget(our_ref)
        return Outcome(OutcomeKind.DONE, NOT_FOUND, {"our_ref": our_ref, "status": "absent"})

    def _forget(self, our_ref: str) -> None:
        with self._lock:
            self._absent_since.pop(our_ref, None)


class FinalCompany(AskingCompany):
    """L1: create and query. What is made there cannot be taken back, so nothing is made before the others hold."""

    @property
    def capability(self) -> str:
        """L1: create and query by our reference."""
        return "L1"

    def try_order(self, body: Json, idem_key: str) -> Outcome:
        """See that the company answers, has nothing under our reference, and has words for the order."""
        del idem_key
        try:
            self.order_form(body)
        except NotTranslatable as error:
            return untranslatable(error)
        seen = self._order(body)
        if is_absent(seen):
            return Outcome(OutcomeKind.DONE, NOT_FOUND, {"our_ref": body["our_ref"], "is_held": False})
        return contradiction(seen, "an order is there already") if seen.kind is OutcomeKind.DONE else seen

    def confirm(self, body: Json, idem_key: str) -> Outcome:
        """Have the order made, once (`body` is the whole form); after its instant only see whether it was."""
        try:
            form = self.order_form(body)
        except NotTranslatable as error:
            return untranslatable(error)
        if is_due(body):
            seen = self._order(body)
            # Nothing stands there, and nothing will: the others, who still hold, are released.
            if is_absent(seen):
                return Outcome(OutcomeKind.REFUSED, NOT_FOUND, {}, "hold-expired")
            return self._judged(form, seen, is_standing)
        return self._create("/v1/orders", form, idem_key, is_standing)

    def cancel(self, body: Json, idem_key: str) -> Outcome:
        """See that nothing stands there; what does can be taken back by the company's people alone."""
        del idem_key
        seen = self._order(body)
        if is_absent(seen):
            return Outcome(OutcomeKind.DONE, NOT_FOUND, {"our_ref": body["our_ref"], "status": "absent"})
        if seen.kind is OutcomeKind.DONE and seen.body.get("status") not in RELEASED:
            return contradiction(seen, "an order stands there that cannot be cancelled from here")
        return seen


def is_absent(seen: Outcome) -> bool:
    """Whether the company itself says that it has nothing under the reference (another 404 is not its word)."""
    return (
        seen.kind is OutcomeKind.UNKNOWN and seen.status == NOT_FOUND and seen.body.get("code") == "not-found"
    )


def is_due(form: Json) -> bool:
    """Whether the order's instant has come: what is made from then on is not taken back for nothing."""
    return datetime.fromisoformat(str(form["effective_at"])) <= datetime.now(UTC)


def is_ours(form: Mapping[str, object], seen: Json) -> bool:
    """Whether an answer is about the reference that was asked for."""
    return seen.get("our_ref") == form["our_ref"]


def is_standing(form: Mapping[str, object], seen: Json) -> bool:
    """Whether it is our order, stands, has a number, and, where the answer names them, is for parcel and instant."""
    if not is_ours(form, seen) or seen.get("status") != STANDS or not seen.get("order_number"):
        return False
    if "parcel_id" in form and seen.get("parcel_id", form["parcel_id"]) != form["parcel_id"]:
        return False
    return "effective_at" not in form or _is_same_instant(form["effective_at"], seen.get("effective_at"))


def _is_same_instant(ours: object, theirs: object) -> bool:
    if theirs is None:
        return True
    try:
        return datetime.fromisoformat(str(ours)) == datetime.fromisoformat(str(theirs))
    except (TypeError, ValueError):
        return False


def contradiction(seen: Outcome, why: str) -> Outcome:
    """The company's answer stands against what we know: a person must look, and nothing is sent."""
    return Outcome(OutcomeKind.UNKNOWN, seen.status, seen.body, why, is_final=True)
