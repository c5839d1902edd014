"""The gate of every change: 100 permits, 30 % faults, kill -9 of worker, API and PostgreSQL; nothing lost."""

from __future__ import annotations

import pytest

from tests.torture.harness import Plan, running
from tests.torture.invariants import check


@pytest.mark.torture
def test_exactly_once(seed: int) -> None:
    """A11, T16, T17: see `invariants` for what is compared."""
    plan = Plan(permits=100, kills=5, db_kills=1, seed=seed)
    with running(plan) as harness:
        harness.run()
        print(harness.report())
        assert check(harness) == [], f"seed {plan.seed}"
        assert harness.tally.kills.get("database") == 1
        assert sum(harness.tally.kills.values()) == 6
