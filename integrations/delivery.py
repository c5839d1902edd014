"""The delivery worker: claims due calls, makes them outside any transaction, records their outcome in one.

Any number of workers may run. A worker that dies leaves a lease that ends; the next one makes the call again
under the same idempotency key, so that the agency sees at-least-once and acts once. A worker that stalls past
its lease loses the fence and its result is dropped. Each agency has its own few slots: an outage of one delays
no other.
"""

from __future__ import annotations

import logging
import random
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor, wait
from dataclasses import dataclass, field

from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm import Session, sessionmaker

from permits.errors import CaseNotFound
from permits.outbox import ClaimedStep, claim
from permits.ports import AgencyGateway, GatewayKey, Json, Outcome
from permits.results import is_answered, record_outcome, sweep, sweep_one
from permits.vocabulary import OutcomeKind, StepOp

log = logging.getLogger("panjereh.delivery")


@dataclass(frozen=True, slots=True)
class DeliveryConfig:
    """How the worker behaves; all times in seconds. `lease_s` must exceed the longest a call may take."""

    lease_s: float = 45.0
    idle_s: float = 0.3
    backoff_s: float = 1.0
    backoff_cap_s: float = 900.0
    slots_per_agency: int = 4
    threads: int = 16
    poll_after_s: float = 30.0
    poll_every_s: float = 60.0
    sweep_every_s: float = 5.0
    breaker_after: int = 5
    doubtful_attempts: int = 8
    """After so many answers that look like a fault of ours (4xx without a refusal) a person must look."""

    log_every_s: float = 10.0


@dataclass(slots=True)
class _Lane:
    """One agency's share of the worker."""

    in_flight: int = 0
    failures: int = 0

    def free(self, config: DeliveryConfig) -> int:
        """Free slots; an agency that keeps failing is probed one call at a time."""
        most = 1 if self.failures >= config.breaker_after else config.slots_per_agency
        return max(0, most - self.in_flight)


@dataclass(slots=True)
class _QuietLog:
    """Says the same thing at most once in a while: an outage must not fill the disk."""

    every_s: float
    _next: dict[str, float] = field(default_factory=dict)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def warn(self, key: str, message: str, *values: object) -> None:
        with self._lock:
            now = time.monotonic()
            if now < self._next.get(key, 0.0):
                return
            self._next[key] = now + self.every_s
        log.warning(message, *values)


class Worker:
    """Delivers the calls of the agencies it has gateways for."""

    def __init__(
        self,
        sessions: sessionmaker[Session],
        gateways: Mapping[GatewayKey, AgencyGateway],
        config: DeliveryConfig | None = None,
        seed: int | None = None,
        chores: Sequence[Callable[[], object]] = (),
    ) -> None:
        """`chores` are run with every sweep; one that fails is logged and left for the next."""
        self._sessions = sessions
        self._chores = chores
        self._gateways = gateways
        self._config = config or DeliveryConfig()
        self._random = random.Random(seed)
        self._lanes: dict[GatewayKey, _Lane] = {key: _Lane() for key in gateways}
        self._lock = threading.Lock()
        self._free = threading.Event()
        self._quiet = _QuietLog(self._config.log_every_s)
        self._next_sweep = 0.0

    def run_once(self, limit: int | None = None) -> int:
        """Deliver what is due now, at most `limit` calls, and wait for it; returns how many were made."""
        with self._pool() as pool:
            started = self._start_due(pool, limit)
            wait(started)
            for future in started:
                future.result()
        return len(started)

    def run_until_idle(self, rounds: int = 100) -> int:
        """Deliver until nothing is due; returns how many calls were made."""
        total = 0
        for _ in range(rounds):
            made = self.run_once()
            if made == 0:
                break
            total += made
        return total

    def run_forever(self, stop: threading.Event) -> None:
        """Deliver and sweep until `stop`; outages of the database are waited out."""
        with self._pool() as pool:
            while not stop.is_set():
                try:
                    self._sweep_if_due()
                    idle = not self._start_due(pool, None)
                except DBAPIError as error:
                    self._quiet.warn("database", "the database does not answer: %s", _short(error))
                    stop.wait(1.0)
                    continue
                if idle:
                    self._pause()

    def _pause(self) -> None:
        """Wait for a call to end or for the idle time, whichever is first."""
        self._free.wait(self._config.idle_s)
        self._free.clear()

    def _pool(self) -> ThreadPoolExecutor:
        return ThreadPoolExecutor(self._config.threads, thread_name_prefix="delivery")

    def _start_due(self, pool: ThreadPoolExecutor, limit: int | None) -> list[Future[None]]:
        slots = self._slots(limit)
        if not slots:
            return []
        with self._sessions.begin() as session:
            claimed = claim(session, slots, self._config.lease_s)
        futures = []
        for step in claimed:
            with self._lock:
                self._lanes[step.city_id, step.agency_id].in_flight += 1
            futures.append(pool.submit(self._deliver, step))
        return futures

    def _slots(self, limit: int | None) -> dict[GatewayKey, int]:
        """Free slots per agency, in all at most one per thread: what is claimed must be sent at once."""
        with self._lock:
            room = self._config.threads - sum(lane.in_flight for lane in self._lanes.values())
            free = {key: lane.free(self._config) for key, lane in self._lanes.items()}
        room = room if limit is None else min(room, limit)
        slots: dict[GatewayKey, int] = {}
        keys = [key for key, count in free.items() if count > 0]
        self._random.shuffle(keys)
        while keys and room > 0:
            for key in list(keys):
                if room <= 0:
                    break
                slots[key] = slots.get(key, 0) + 1
                room -= 1
                if slots[key] >= free[key]:
                    keys.remove(key)
        return slots

    def _deliver(self, step: ClaimedStep) -> None:
        key = (step.city_id, step.agency_id)
        gateway = self._gateways[key]
        answered = False
        try:
            outcome = _call(gateway, step)
            answered = outcome.kind in (OutcomeKind.DONE, OutcomeKind.REFUSED)
            self._record(step, outcome, self._retry_in(gateway, step, outcome))
        except Exception:
            log.exception("call %s could not be recorded; its lease hands it on", step.idem_key)
        finally:
            with self._lock:
                lane = self._lanes[key]
                lane.in_flight -= 1
                lane.failures = 0 if answered else lane.failures + 1
            self._free.set()

    def _record(self, step: ClaimedStep, outcome: Outcome, retry_in_s: float | None) -> None:
        """Record the outcome; a database that is restarting is waited for while the lease lasts."""
        deadline = time.monotonic() + self._config.lease_s
        pause = 0.1
        while True:
            try:
                with self._sessions.begin() as session:
                    record_outcome(
                        session,
                        step,
                        outcome,
                        retry_in_s=retry_in_s,
                        poll_after_s=self._config.poll_after_s,
                    )
            except DBAPIError as error:
                self._quiet.warn("record", "an outcome waits for the database: %s", _short(error))
                if time.monotonic() + pause > deadline:
                    return
                time.sleep(pause)
                pause = min(2.0, pause * 2)
            else:
                return

    def _retry_in(self, gateway: AgencyGateway, step: ClaimedStep, outcome: Outcome) -> float | None:
        """Seconds until the next attempt; None when the outcome is final."""
        if outcome.kind is OutcomeKind.DONE:
            return None if is_answered(step, outcome) else self._config.poll_every_s
        if outcome.kind is OutcomeKind.REFUSED:
            return None
        if outcome.kind is OutcomeKind.UNKNOWN and not self._may_repeat(gateway, step, outcome):
            return None
        return max(self._backoff(step.attempts), outcome.retry_after_s or 0.0)

    def _may_repeat(self, gateway: AgencyGateway, step: ClaimedStep, outcome: Outcome) -> bool:
        """Whether a call with an unknown effect may be made again: only where that cannot have a second effect."""
        if outcome.is_final:
            return False
        if not gateway.is_idempotent and step.op is not StepOp.QUERY:
            return False
        is_ours = outcome.status is not None and outcome.status < 500
        return not is_ours or step.attempts < self._config.doubtful_attempts

    def _backoff(self, attempts: int) -> float:
        """Exponential with full jitter in its upper half, so that retries of many cases spread."""
        top = min(self._config.backoff_cap_s, self._config.backoff_s * 2.0 ** min(attempts - 1, 30))
        return float(top * (0.5 + self._random.random() / 2))

    def _sweep_if_due(self) -> None:
        if time.monotonic() >= self._next_sweep:
            self._next_sweep = time.monotonic() + self._config.sweep_every_s
            self.sweep()

    def sweep(self) -> int:
        """Act on passed deadlines: reminders, silence, exchanges out of time; returns how many were due."""
        with self._sessions() as session:
            due = sweep(session)
        for case_id, ref in due:
            try:
                with self._sessions.begin() as session:
                    sweep_one(session, case_id, ref)
            except CaseNotFound:
                continue  # another process holds the case; the next sweep sees what it left
        for chore in self._chores:
            self._run(chore)
        return len(due)

    def _run(self, chore: Callable[[], object]) -> None:
        try:
            chore()
        except DBAPIError:
            raise  # waited out like every outage of the database
        except Exception:
            log.exception("a chore of the sweep failed")


def _call(gateway: AgencyGateway, step: ClaimedStep) -> Outcome:
    """Make one call; a fault of an adapter is an unknown outcome, never the end of the worker."""
    calls: dict[StepOp, Callable[[Json, str], Outcome]] = {
        StepOp.INQUIRE: gateway.inquire,
        StepOp.QUERY: gateway.query,
        StepOp.TRY: gateway.try_order,
        StepOp.CONFIRM: gateway.confirm,
        StepOp.CANCEL: gateway.cancel,
    }
    try:
        return calls[step.op](step.body, step.idem_key)
    except Exception as error:
        log.exception("the adapter of %s failed on %s", step.agency_id, step.idem_key)
        return Outcome(OutcomeKind.UNKNOWN, None, {}, f"adapter: {type(error).__name__}: {error}")


def _short(error: BaseException) -> str:
    return str(error).strip().split("\n", 1)[0][:200]
