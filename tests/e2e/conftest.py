"""One running system and one Chromium for every scene: starting them costs more than most scenes."""

from __future__ import annotations

import json
import re
import shutil
import signal
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from api.settings import Settings
from layers.cluster import Cluster
from tests.api.conftest import free_port

CHROMIUM = Path("/usr/bin/chromium")
CITY = "schutterwald"
# A scene that hangs is ended; a slow machine is no failure.
PATIENCE_S = 480
Scene = Callable[..., dict[str, Any]]


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


@pytest.fixture(scope="session")
def chromium(root: Path) -> Iterator[str]:
    """The address of a Chromium that stays for all scenes; each has windows and cookies of its own."""
    if (reason := _reason_to_skip(root)) is not None:
        pytest.skip(reason)
    host = subprocess.Popen(
        ["node", "e2e/host.mjs"], cwd=root / "web", stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    assert host.stdin is not None
    assert host.stdout is not None
    try:
        address = host.stdout.readline().strip()
        assert address.startswith("ws://"), "Chromium did not start"
        yield address
    finally:
        host.stdin.close()
        try:
            host.wait(60)
        except subprocess.TimeoutExpired:
            host.kill()
            host.wait()
        host.stdout.close()


@pytest.fixture(scope="session")
def scene(root: Path, chromium: str) -> Scene:
    """Plays `web/e2e/<script>.mjs`; what it saw, and that the page complained of nothing."""

    def play(script: str, address: str, token: str, lang: str, *more: str) -> dict[str, Any]:
        environment = Settings().for_child() | {"CHROMIUM_ENDPOINT": chromium}
        done = subprocess.run(
            ["node", f"e2e/{script}.mjs", address, token, lang, *more],
            cwd=root / "web",
            env=environment,
            capture_output=True,
            text=True,
            timeout=PATIENCE_S,
            check=False,
        )
        assert done.stdout.strip(), done.stderr
        seen: dict[str, Any] = json.loads(done.stdout.strip().splitlines()[-1])
        assert seen["complaints"] == []
        assert seen["dir"] == ("rtl" if lang == "fa" else "ltr")
        return seen

    return play


@dataclass(frozen=True, slots=True)
class System:
    """A running system: its address, its people's tokens, and its folder."""

    address: str
    tokens: dict[str, str]
    folder: Path

    @property
    def token(self) -> str:
        """The officer's."""
        return self.tokens["officer-1"]


@pytest.fixture(scope="session")
def system(root: Path, cluster: Cluster, schutterwald_template: str) -> Iterator[System]:
    """`panjereh run` where Schutterwald is imported already; stopped as a person would stop it."""
    if (reason := _reason_to_skip(root)) is not None:
        pytest.skip(reason)
    folder = Path(tempfile.mkdtemp(prefix="pje-", dir="/tmp"))
    cities = folder / "cities"  # accepted mappings are written beside a city's data
    shutil.copytree(root / "cities", cities)
    url = cluster.create_database("pages", template=schutterwald_template)
    process = subprocess.Popen(
        [sys.executable, "-m", "api", "run"],
        cwd=root,
        env=Settings().for_child(
            data_dir=str(folder),
            database_url=url,
            database_name="pages",
            port=str(free_port()),
            cities=json.dumps([CITY]),
            cities_dir=str(cities),
        ),
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
                tokens = json.loads((folder / "tokens.json").read_text(encoding="utf-8"))
                yield System(found[1], tokens, folder)
                break
        else:
            pytest.fail("the system did not start:\n" + "".join(printed[-30:]))
    finally:
        process.send_signal(signal.SIGINT)
        try:
            process.wait(120)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
        process.stdout.close()
        shutil.rmtree(folder, ignore_errors=True)
