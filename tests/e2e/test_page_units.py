"""The page's own checks, run with everything else: words in both languages, pure functions, types."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Iterator
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

Running = dict[str, tuple["subprocess.Popen[bytes]", Path]]


@pytest.fixture(scope="module")
def running(
    root: Path, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[dict[str, tuple[subprocess.Popen[bytes], Path]]]:
    """All checks at once: they have nothing in common."""
    if shutil.which("node") is None:
        pytest.skip("no Node.js on the path")
    if not (root / "web/node_modules/vitest").is_dir():
        pytest.skip("the page's tools are not installed (cd web && npm ci)")
    folder = tmp_path_factory.mktemp("checks")
    made = {}
    for name, command in CHECKS.items():
        with (folder / name).open("wb") as told:
            process = subprocess.Popen(
                ["node", *command], cwd=root / "web", stdout=told, stderr=subprocess.STDOUT
            )
        made[name] = (process, folder / name)
    yield made
    for process, _ in made.values():
        process.kill()
        process.wait()


@pytest.mark.parametrize("check", CHECKS)
def test_page(running: Running, check: str) -> None:
    """Words exist in both languages with the same variables, styles are logical, functions and types hold."""
    process, told = running[check]
    assert process.wait(300) == 0, told.read_text(errors="replace")[-6000:]
