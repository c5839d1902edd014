"""The exchange's decision table: try, confirm, cancel. Pure; every row is a test.

Three independent companies cannot commit together. They are first asked to *hold* (try); only when all hold
are they asked to *confirm*; otherwise what is or may be held is *cancelled*. All share one effective
instant, so the tariff switch is simultaneous although the calls are not.

A company that cannot hold (capability L1) makes its order at its confirm, and cannot take it back. Such confirms
go first, one at a time, while the others still hold: a refusal of the first of them releases everybody.

`settle` looks at one exchange and says what follows. It is idempotent: applied to its own result it says
nothing more.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from datetime import datetime

from permits.vocabulary import Action, ExchangeState, StepOp, StepState, TaskKind


@dataclass(frozen=True, slots=True)
class StepView:
    """One call as the table sees it. `attempts` counts claims: zero means it was certainly never sent.

    `is_held` is False of a try that is done and holds nothing at the company.
    """

    agency: str
    op: StepOp
    state: StepState
    attempts: int = 0
    is_held: bool = True


@dataclass(frozen=True, slots=True)
class ExchangeFacts:
    """One exchange as the table sees it; `tasks` are the (kind, agency) already raised."""

    state: ExchangeState
    decide_by: datetime
    hold_until: datetime
    steps: tuple[StepView, ...]
    tasks: frozenset[tuple[TaskKind, str | None]] = field(default_factory=frozenset)

    def of(self, op: StepOp) -> list[StepView]:
        """The calls of one kind."""
        return [step for step in self.steps if step.op is op]


@dataclass(frozen=True, slots=True)
class AddStep:
    """A call must be made."""

    agency: str
    op: StepOp


@dataclass(frozen=True, slots=True)
class Supersede:
    """A call must not be made (again); a result still on its way is fenced off."""

    agency: str
    op: StepOp


@dataclass(frozen=True, slots=True)
class SetState:
    """The exchange moves."""

    state: ExchangeState


@dataclass(frozen=True, slots=True)
class OpenTask:
    """A person must look."""

    kind: TaskKind
    agency: str | None


@dataclass(frozen=True, slots=True)
class MoveCase:
    """The case moves, by the system."""

    action: Action


Effect = AddStep | Supersede | SetState | OpenTask | MoveCase

_FAILED = frozenset({StepState.REFUSED, StepState.PARKED, StepState.UNKNOWN})
_OPEN = frozenset({StepState.PENDING, StepState.SENDING})


def settle(view: ExchangeFacts, now: datetime) -> list[Effect]:
    """What follows from the state of the calls at `now` (database time)."""
    if view.state is ExchangeState.TRYING:
        return _settle_trying(view, now)
    if view.state is ExchangeState.CONFIRMING:
        return _settle_confirming(view, now)
    if view.state is ExchangeState.CANCELLING:
        return _settle_cancelling(view, now)
    return []


def _settle_trying(view: ExchangeFacts, now: datetime) -> list[Effect]:
    tries = view.of(StepOp.TRY)
    if tries and all(step.state is StepState.DONE for step in tries):
        return [SetState(ExchangeState.CONFIRMING), *_due_confirms(view)]
    if any(step.state in _FAILED for step in tries) or now > view.decide_by:
        effects: list[Effect] = [SetState(ExchangeState.CANCELLING)]
        for step in tries:
            effects += _give_up(step)
        return effects
    return []


def _give_up(step: StepView) -> Iterator[Effect]:
    """Cancel what is held or may be held; what was never sent is dropped; what was refused holds nothing."""
    if step.state in (StepState.PENDING, StepState.SENDING):
        yield Supersede(step.agency, step.op)
    if step.state is StepState.DONE or (step.attempts > 0 and step.state is not StepState.REFUSED):
        yield AddStep(step.agency, StepOp.CANCEL)


def _due_confirms(view: ExchangeFacts) -> list[Effect]:
    """The confirms that may be sent now: of companies that hold nothing one after another, then all the others."""
    tries, asked = view.of(StepOp.TRY), {step.agency: step for step in view.of(StepOp.CONFIRM)}
    for step in tries:
        if step.is_held:
            continue
        if step.agency not in asked:
            return [AddStep(step.agency, StepOp.CONFIRM)]
        if asked[step.agency].state is not StepState.DONE:
            return []
    return [AddStep(step.agency, StepOp.CONFIRM) for step in tries if step.agency not in asked]


def _may_turn_back(view: ExchangeFacts) -> bool:
    """Whether the only confirm that was ever sent was refused by a company that holds nothing: nothing is final."""
    asked = view.of(StepOp.CONFIRM)
    unheld = {step.agency for step in view.of(StepOp.TRY) if not step.is_held}
    return len(asked) == 1 and asked[0].state is StepState.REFUSED and asked[0].agency in unheld


def _settle_confirming(view: ExchangeFacts, now: datetime) -> list[Effect]:
    if _may_turn_back(view):
        cancels: list[Effect] = [AddStep(step.agency, StepOp.CANCEL) for step in view.of(StepOp.TRY)]
        return [SetState(ExchangeState.CANCELLING), *cancels]
    if due := _due_confirms(view):
        return due
    confirms = view.of(StepOp.CONFIRM)
    if confirms and all(step.state is StepState.DONE for step in confirms):
        return [SetState(ExchangeState.CONFIRMED), MoveCase(Action.EXCHANGE_CONFIRMED)]
    return _tasks(view, confirms, now, TaskKind.CONFIRM_REFUSED, TaskKind.CONFIRM_OVERDUE)


def _settle_cancelling(view: ExchangeFacts, now: datetime) -> list[Effect]:
    cancels = view.of(StepOp.CANCEL)
    if all(step.state is StepState.DONE for step in cancels):
        return [SetState(ExchangeState.CANCELLED), MoveCase(Action.EXCHANGE_CANCELLED)]
    return _tasks(view, cancels, now, TaskKind.CANCEL_REFUSED, TaskKind.CANCEL_OVERDUE)


def _tasks(
    view: ExchangeFacts, steps: list[StepView], now: datetime, refused: TaskKind, overdue: TaskKind
) -> list[Effect]:
    """Confirm and cancel are never given up: a person is told when one is refused or the hold runs out."""
    wanted: list[tuple[TaskKind, str | None]] = []
    for step in steps:
        if step.state in _FAILED:
            wanted.append((refused, step.agency))
        elif step.state in _OPEN and now > view.hold_until:
            wanted.append((overdue, step.agency))
    return [OpenTask(kind, agency) for kind, agency in wanted if (kind, agency) not in view.tasks]


def apply(view: ExchangeFacts, effects: list[Effect]) -> ExchangeFacts:
    """The exchange after `effects`, without a database: for simulation; `saga` does the same in rows."""
    for effect in effects:
        view = _apply_one(view, effect)
    return view


def _apply_one(view: ExchangeFacts, effect: Effect) -> ExchangeFacts:
    if isinstance(effect, SetState):
        return replace(view, state=effect.state)
    if isinstance(effect, AddStep):
        if any(step.agency == effect.agency and step.op is effect.op for step in view.steps):
            return view
        return replace(view, steps=(*view.steps, StepView(effect.agency, effect.op, StepState.PENDING)))
    if isinstance(effect, Supersede):
        steps = tuple(
            replace(step, state=StepState.SUPERSEDED)
            if (step.agency, step.op) == (effect.agency, effect.op)
            else step
            for step in view.steps
        )
        return replace(view, steps=steps)
    if isinstance(effect, OpenTask):
        return replace(view, tasks=view.tasks | {(effect.kind, effect.agency)})
    return view
