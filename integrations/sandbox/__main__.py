"""`python -m integrations.sandbox --kind water --city schutterwald --database-url … --token-file …`."""

from __future__ import annotations

import logging

from integrations.sandbox.serving import run
from integrations.sandbox.settings import parse_branches

if __name__ == "__main__":
    logging.basicConfig(level=logging.WARNING, format="%(asctime)s %(name)s %(message)s")
    run(*parse_branches())
