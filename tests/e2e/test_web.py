"""The page in a real browser, against the whole system: one officer's afternoon in Persian and in English.

The steps are in `web/e2e/flow.mjs`; here the system is started and what the browser saw is judged.
"""

from __future__ import annotations

import json
import re
import shutil
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from api.home import free_port
from api.settings import Settings

CHROMIUM = Path("/usr/bin/chromium")
PATIENCE_S = 300
PARCELS = {"fa": "08-5440-00437", "en": "08-5440-00540"}

pytestmark = pytest.mark.e2e


def _reason_to_skip(root: Path) -> str | None:
    if not CHROMIUM.exists():
        return f"no browser: {CHROMIUM} is missing (apt-get install chromium)"
    if shutil.which("node") is None:
        return "no Node.js on the path"
    if not (root / "web/node_modules/playwright-core").is_dir():
        return "the page's tools are not installed (cd web && npm ci)"
    if not (root / "web/dist/index.html").is_file():
        return "the page is not built (cd web && npm run build)"
    return None


@dataclass(frozen=True, slots=True)
class System:
    """A running system: its address, and the officer's token."""

    address: str
    token: str


@pytest.fixture(scope="module")
def system(root: Path) -> Iterator[System]:
    """`panjereh run` on a data directory of its own; stopped as a person would stop it."""
    reason = _reason_to_skip(root)
    if reason is not None:
        pytest.skip(reason)
    folder = Path(tempfile.mkdtemp(prefix="pje-", dir="/tmp"))  # short: it holds a Unix socket
    folder.chmod(0o755)
    port = free_port("127.0.0.1", 18300, set())
    process = subprocess.Popen(
        [sys.executable, "-m", "api", "run"],
        cwd=root,
        env=Settings().for_child(data_dir=str(folder), port=str(port), cities='["schutterwald"]'),
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    assert process.stdout is not None
    try:
        printed: list[str] = []
        for line in process.stdout:
            printed.append(line)
            if found := re.search(r"(http://\S+)/#token=(\S+)", line):
                yield System(found[1], found[2])
                break
        else:
            pytest.fail("the system did not start:\n" + "".join(printed[-30:]))
    finally:
        process.send_signal(signal.SIGINT)
        try:
            process.wait(60)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
        process.stdout.close()
        shutil.rmtree(folder, ignore_errors=True)


def _afternoon(root: Path, system: System, lang: str) -> dict[str, Any]:
    done = subprocess.run(
        ["node", "e2e/flow.mjs", system.address, system.token, lang, PARCELS[lang]],
        cwd=root / "web",
        capture_output=True,
        text=True,
        timeout=PATIENCE_S,
        check=False,
    )
    assert done.stdout.strip(), done.stderr
    seen: dict[str, Any] = json.loads(done.stdout.strip().splitlines()[-1])
    return seen


@pytest.mark.parametrize("lang", ["fa", "en"])
def test_officers_afternoon(root: Path, system: System, lang: str) -> None:
    """A11, A14: sign in, request, findings, answers, approval, orders with all three companies; both languages."""
    seen = _afternoon(root, system, lang)
    assert seen["complaints"] == []
    assert seen["refusedToken"] == "not-authenticated"
    assert "token" not in seen["addressAfterLogin"], "the token must not stay in the address"
    start, end = ("right", "left") if lang == "fa" else ("left", "right")
    assert (seen["htmlLang"], seen["dir"]) == (lang, "rtl" if lang == "fa" else "ltr")
    assert (seen["panelSide"], seen["controlsSide"]) == (start, end)
    assert seen["parcelSide"] == end, "the map's padding follows the panel"
    assert seen["problemsWhenEmpty"] >= 3
    assert seen["corners"] >= 3, "the dig begins as the building's footprint"
    assert re.fullmatch(r"\d{4}-\d{6}", seen["caseNo"]), "an identifier keeps its stored digits and order"
    assert seen["caseNoDir"] == "ltr"
    assert seen["findings"] > 0
    assert (seen["offers"], seen["orders"]) == (3, 3)
    assert seen["history"] > 10
    assert (seen["switchedDir"], seen["stillThere"]) == ("ltr" if lang == "fa" else "rtl", True)
