"""What elapsed time means: warnings before a deadline, lapse after it. Silence is never a yes (T21)."""

from __future__ import annotations

from datetime import datetime

from permits.vocabulary import TaskKind

WARNINGS: tuple[tuple[float, TaskKind], ...] = (
    (0.5, TaskKind.CONSULTATION_HALF_TIME),
    (0.2, TaskKind.CONSULTATION_NEARLY_DUE),
)
"""(share of the time left, the warning that is then due)."""


def share_left(asked_at: datetime, due_at: datetime, now: datetime) -> float:
    """The share of the time allowed that is left, 1 at the start, 0 at and after the deadline."""
    whole = (due_at - asked_at).total_seconds()
    if whole <= 0:
        return 0.0
    return min(1.0, max(0.0, (due_at - now).total_seconds() / whole))


def warning_due(asked_at: datetime, due_at: datetime, now: datetime) -> TaskKind | None:
    """The most pressing warning for a question still open at `now`; overdue once nothing is left."""
    left = share_left(asked_at, due_at, now)
    if left <= 0.0:
        return TaskKind.CONSULTATION_OVERDUE
    due = [kind for share, kind in WARNINGS if left <= share]
    return due[-1] if due else None
