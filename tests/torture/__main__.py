"""`python -m tests.torture --permits 1000 --kills 50 --db-kills 5`: the long run, before a release."""

from __future__ import annotations

import argparse
import random
import signal
import sys

from tests.torture.harness import Plan, running
from tests.torture.invariants import check


def main() -> int:
    parser = argparse.ArgumentParser("python -m tests.torture", description=__doc__)
    parser.add_argument("--permits", type=int, default=1000)
    parser.add_argument("--kills", type=int, default=50, help="SIGKILLs of worker and API")
    parser.add_argument("--db-kills", type=int, default=5, help="SIGKILLs of PostgreSQL")
    parser.add_argument(
        "--faults", type=float, default=0.30, help="share of calls to companies that go wrong"
    )
    parser.add_argument("--seed", type=int, default=None)
    parser.add_argument("--workers", type=int, default=1)
    parser.add_argument("--clients", type=int, default=8)
    given = parser.parse_args()
    seed = random.SystemRandom().randrange(10**6) if given.seed is None else given.seed
    plan = Plan(
        given.permits, given.kills, given.db_kills, given.faults, seed, given.clients, given.workers, 600.0
    )
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))  # so that everything is cleaned up
    with running(plan) as harness:
        harness.run()
        wrong = check(harness)
        print(harness.report())
    for line in wrong[:50]:
        print("WRONG", line)
    print(
        f"{len(wrong)} invariants broken (seed {seed})"
        if wrong
        else "0 lost, 0 doubled, 0 wrong; all chains verify"
    )
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
