"""The page's own checks, run with everything else: words in both languages, pure functions, types."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest

CHECKS = {
    "units": ["node_modules/vitest/vitest.mjs", "run"],
    "types": [
        "node_modules/svelte-check/bin/svelte-check",
        "--tsconfig",
        "./tsconfig.json",
        "--fail-on-warnings",
    ],
}


@pytest.mark.parametrize("check", CHECKS)
def test_page(root: Path, check: str) -> None:
    """Words exist in both languages with the same variables, styles are logical, functions and types hold."""
    if shutil.which("node") is None:
        pytest.skip("no Node.js on the path")
    if not (root / "web/node_modules/vitest").is_dir():
        pytest.skip("the page's tools are not installed (cd web && npm ci)")
    done = subprocess.run(
        ["node", *CHECKS[check]], cwd=root / "web", capture_output=True, text=True, timeout=180, check=False
    )
    assert done.returncode == 0, done.stdout[-4000:] + done.stderr[-2000:]
