"""`python -m integrations.contract.publish`: the document says what the reference company really offers."""

from __future__ import annotations

import json
from pathlib import Path

from integrations.sandbox.app import build_app

DOCUMENT = Path(__file__).parent / "company.openapi.json"


def document() -> str:
    """Return the contract as it is published."""
    return json.dumps(build_app(None).openapi(), indent=2, ensure_ascii=False, sort_keys=True) + "\n"


if __name__ == "__main__":
    DOCUMENT.write_text(document(), encoding="utf-8")
