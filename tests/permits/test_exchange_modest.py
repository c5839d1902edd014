"""The exchange among companies of which one cannot hold and one keeps no keys, as a seeded simulation.

Each create makes an order more: a duplicate is seen as two. Creates arrive late, up to the quiet time, also after their
sender died or gave up; answers are lost. Water holds (L3), power creates and cancels (L2), gas creates alone (L1).
"""

from __future__ import annotations

import os
import random
from collections import Counter
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

from permits.exchange import ExchangeFacts, MoveCase, StepView, Supersede, apply, settle
from permits.vocabulary import Action, ExchangeState, StepOp, StepState
from tests.permits.test_exchange import NOW, TRYING, view

QUIET = timedelta(minutes=8)
"""A create is acted on within this time, or never."""

OPEN = (StepState.PENDING, StepState.SENDING)
SEEDS = int(os.environ.get("PANJEREH_SIMULATION_SEEDS", "4000")) // 8  # noqa: TID251 - a test's size, not a setting


@dataclass
class Modest:
    """Every create that arrives makes an order; a cancel takes all of them back."""

    refuses: bool
    orders: list[str] = field(default_factory=list)

    def create(self) -> str:
        if self.refuses:
            return "refused"
        self.orders.append("stands")
        return "done"


@dataclass
class Holding:
    """Keys, holds and tombstones."""

    refuses: bool
    orders: list[str] = field(default_factory=list)
    is_barred: bool = False

    def act(self, op: StepOp) -> str:
        if op is StepOp.TRY and (self.refuses or self.is_barred):
            return "refused"
        if op is StepOp.CANCEL:
            assert self.orders != ["stands"], "cancel after confirm"
            self.is_barred = True
            self.orders = []
            return "done"
        assert op is StepOp.TRY or self.orders, "confirm of nothing"
        self.orders = ["stands" if op is StepOp.CONFIRM or self.orders == ["stands"] else "held"]
        return "done"


@dataclass(frozen=True)
class Create:
    """A create on its way: acted on at its time, whoever still waits for it."""

    agency: str
    op: StepOp
    fence: int
    at: datetime


class Simulation:
    """One exchange, one seed; the gateways' own rules are those of `integrations/modest.py`."""

    def __init__(self, seed: int, quiet: timedelta = QUIET) -> None:
        self.random = random.Random(seed)
        draw = self.random.random
        self.water, self.power, self.gas = (
            Holding(draw() < 0.12),
            Modest(draw() < 0.12),
            Modest(draw() < 0.12),
        )
        agencies = self.random.sample(["water", "power", "gas"], 3)
        self.facts: ExchangeFacts = view(
            TRYING, *(StepView(a, StepOp.TRY, StepState.PENDING) for a in agencies)
        )
        self.quiet = quiet
        self.fences: Counter[tuple[str, StepOp]] = Counter()
        self.due: dict[tuple[str, StepOp], datetime] = {}
        self.absent_since: datetime | None = None
        self.wire: list[Create] = []
        self.now = NOW
        self.pace = 40 if draw() < 0.2 else 3  # a run in which the deadline passes before all is held
        self.moved: list[Action] = []

    def run(self) -> None:
        ended = (ExchangeState.CONFIRMED, ExchangeState.CANCELLED)
        for _ in range(3000):
            if self.facts.state in ended and not self.wire:
                return
            self.now += timedelta(minutes=self.random.random() * self.pace)
            for create in [one for one in self.wire if one.at <= self.now]:
                self._arrive(create)
            self._call()
            self._settle()
        raise AssertionError(f"did not come to rest: {self.facts}")

    def _call(self) -> None:
        """A due call is made; one whose worker died is made again when its lease is over."""
        due = [
            s for s in self.facts.steps if s.state in OPEN and self.due.get((s.agency, s.op), NOW) <= self.now
        ]
        if not due:
            return
        step = self.random.choice(due)
        key = step.agency, step.op
        self.fences[key] += 1
        self.due[key] = self.now + 2 * QUIET  # the lease
        step = self._store(step, StepState.SENDING, step.attempts + 1)
        if self.random.random() < 0.1:
            return  # the worker died before it sent anything
        if step.agency == "water":
            answer = self.water.act(step.op)
            self._record(step.agency, step.op, self.fences[key], answer, lost=0.3)
        else:
            self._ask(step)

    def _ask(self, step: StepView) -> None:
        """What the gateway of L2 and L1 does; a query is answered at once, or not."""
        if self.random.random() < 0.2:
            self._later(step)
            return
        company = self.power if step.agency == "power" else self.gas
        makes = StepOp.TRY if company is self.power else StepOp.CONFIRM
        if step.op is makes and not company.orders:
            sent = self.random.random() * QUIET if self.random.random() < 0.5 else timedelta()
            self.wire.append(Create(step.agency, step.op, self.fences[step.agency, step.op], self.now + sent))
        elif step.op is StepOp.CANCEL and company is self.power and not company.orders:
            self._absent(step)
        elif step.op is StepOp.CANCEL:
            assert company is self.power or not company.orders, "what cannot be taken back stands"
            company.orders = ["cancelled"] * len(company.orders)
            self._record(step.agency, step.op, self.fences[step.agency, step.op], "done", lost=0.3)
        elif step.op is StepOp.TRY and company is self.gas:
            assert not company.orders
            self._record(step.agency, step.op, self.fences[step.agency, step.op], "looked", lost=0.3)
        else:
            assert company.orders, "confirm of nothing"
            self._record(step.agency, step.op, self.fences[step.agency, step.op], "done", lost=0.3)

    def _absent(self, step: StepView) -> None:
        self.absent_since = self.absent_since or self.now
        if self.now - self.absent_since > self.quiet:
            self._record(step.agency, step.op, self.fences[step.agency, step.op], "done", lost=0.3)
        else:
            self._later(step)

    def _arrive(self, create: Create) -> None:
        self.wire.remove(create)
        company = self.power if create.agency == "power" else self.gas
        answer = company.create()
        self._record(create.agency, create.op, create.fence, answer, lost=0.4)

    def _later(self, step: StepView) -> None:
        self._store(step, StepState.PENDING, step.attempts)
        self.due[step.agency, step.op] = self.now + self.quiet

    def _record(self, agency: str, op: StepOp, fence: int, answer: str, *, lost: float) -> None:
        step = next(s for s in self.facts.steps if (s.agency, s.op) == (agency, op))
        if self.fences[agency, op] != fence or step.state is not StepState.SENDING:
            return  # fenced off
        if self.random.random() < lost:
            self._later(step)
            return
        step = self._store(step, StepState.REFUSED if answer == "refused" else StepState.DONE, step.attempts)
        if answer == "looked":
            self._swap(step, replace(step, is_held=False))

    def _settle(self) -> None:
        for _ in range(6):
            effects = settle(self.facts, self.now)
            self.moved += [e.action for e in effects if isinstance(e, MoveCase)]
            for effect in effects:
                if isinstance(effect, Supersede):
                    self.fences[effect.agency, effect.op] += 1
            self.facts = apply(self.facts, effects)

    def _store(self, step: StepView, state: StepState, attempts: int) -> StepView:
        return self._swap(step, replace(step, state=state, attempts=attempts))

    def _swap(self, old: StepView, new: StepView) -> StepView:
        self.facts = replace(self.facts, steps=tuple(new if s == old else s for s in self.facts.steps))
        return new


def failures(seeds: int, quiet: timedelta = QUIET) -> tuple[list[str], Counter[ExchangeState]]:
    wrong: list[str] = []
    ends: Counter[ExchangeState] = Counter()
    for seed in range(seeds):
        made = Simulation(seed, quiet)
        try:
            made.run()
            books = made.water.orders, made.power.orders, made.gas.orders
            if made.facts.state is ExchangeState.CONFIRMED:
                assert books == (["stands"], ["stands"], ["stands"]), books
                assert made.moved == [Action.EXCHANGE_CONFIRMED]
            else:
                assert (books[0], books[2]) == ([], []), books
                assert books[1] in ([], ["cancelled"]), books
                assert made.moved == [Action.EXCHANGE_CANCELLED]
        except AssertionError as error:
            wrong.append(f"seed {seed}: {error}")
        ends[made.facts.state] += 1
    return wrong, ends


def test_simulation_with_one_that_cannot_hold_and_one_without_keys() -> None:
    """T16, T2, T8: one order everywhere, or none anywhere, although creates are lost, late and never keyed."""
    wrong, ends = failures(SEEDS)
    print(f"simulated {SEEDS} exchanges: {dict(ends)}")
    assert wrong == []
    assert set(ends) == {ExchangeState.CONFIRMED, ExchangeState.CANCELLED}
    assert min(ends.values()) > SEEDS // 10


def test_without_the_quiet_time_the_simulation_finds_doubles() -> None:
    """The simulation can fail: asked again at once, creates that are still under way are made twice."""
    wrong, _ = failures(SEEDS // 5, quiet=timedelta())
    assert wrong
