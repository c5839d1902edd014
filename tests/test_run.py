"""`panjereh run` as a person meets it: started, broken, killed, started again. Real processes, real ports."""

from __future__ import annotations

import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

import httpx2
import pytest

from api.home import Home
from api.settings import Settings
from tests.waiting import wait_until

PATIENCE_S = 240.0


@dataclass(slots=True)
class Started:
    """One start of the command, with what it has printed so far."""

    process: subprocess.Popen[str]
    printed: list[str] = field(default_factory=list)

    def read_until(self, pattern: str) -> re.Match[str]:
        """The first line that matches; fails with all that was printed when the command ends before."""
        assert self.process.stdout is not None
        for line in self.process.stdout:
            self.printed.append(line)
            if found := re.search(pattern, line):
                return found
        raise AssertionError("ended early:\n" + "".join(self.printed))

    def end(self, seconds: float = 60) -> tuple[int, str]:
        """The exit code and everything printed."""
        assert self.process.stdout is not None
        self.printed += self.process.stdout.readlines()
        self.process.stdout.close()
        return self.process.wait(seconds), "".join(self.printed)


@pytest.fixture(scope="module")
def home() -> Iterator[Home]:
    """A data directory that the database's user can enter."""
    folder = Path(tempfile.mkdtemp(prefix="pjr-", dir="/tmp"))
    folder.chmod(0o755)
    yield Home(Settings(data_dir=folder))
    shutil.rmtree(folder, ignore_errors=True)


Start = Callable[..., Started]


@pytest.fixture
def start(home: Home, root: Path) -> Iterator[Start]:
    """Starts the command; whatever a failed test left running is killed."""
    made: list[Started] = []

    def begin(*options: str) -> Started:
        environment = home.settings.for_child(
            data_dir=str(home.root), cities='["schutterwald"]', port="18200", cities_dir=str(root / "cities")
        )
        made.append(
            Started(
                subprocess.Popen(
                    [sys.executable, "-m", "api", "run", *options],
                    cwd=root,
                    env=environment,
                    stdout=subprocess.PIPE,
                    stderr=subprocess.STDOUT,
                    text=True,
                )
            )
        )
        return made[-1]

    yield begin
    for each in made:
        each.process.kill()
        each.process.wait()
        if each.process.stdout is not None:
            each.process.stdout.close()
    wait_until(lambda: not processes_of(home), 20)


def processes_of(home: Home) -> dict[int, str]:
    """Every living process whose command line or environment names this data directory."""
    found = {}
    needle = str(home.root).encode()
    for entry in Path("/proc").iterdir():
        if not entry.name.isdigit() or int(entry.name) == os.getpid():
            continue
        try:
            said = (entry / "cmdline").read_bytes() + (entry / "environ").read_bytes()
            is_zombie = (entry / "stat").read_text().rsplit(")", 1)[1].split()[0] == "Z"
        except OSError:
            continue
        if needle in said and not is_zombie:
            found[int(entry.name)] = (entry / "cmdline").read_bytes().replace(b"\0", b" ").decode()
    return found


def is_healthy(address: str) -> bool:
    try:
        return httpx2.get(f"{address}/v1/health", timeout=2, trust_env=False).status_code == 200
    except httpx2.HTTPError:
        return False


def child(home: Home, words: str) -> int:
    return next(pid for pid, command in processes_of(home).items() if words in command)


def test_first_start_breakdowns_and_second_start(home: Home, start: Start) -> None:
    """One story, because each part needs what the one before left behind."""
    first = start()
    permit = first.read_until(r"^Permit (\S+), case (\S+), parcel (\S+): active")
    page = first.read_until(r"(http://127\.0\.0\.1:\d+)/#token=(\S+)")
    address, token = page.groups()
    text = "".join(first.printed)
    assert re.search(
        r"^Orders confirmed; every tariff changes at 20\d\d-\d\d-\d\d 00:00 Europe/Berlin$", text, re.M
    )
    for company in ("water", "power", "gas"):
        assert re.search(rf"^{company}\t[A-Z]-\S+\t\w+\tconstruction\tT-\S+$", text, re.MULTILINE)

    # The printed address works, and the secrets are readable by the owner alone.
    with httpx2.Client(
        base_url=address, headers={"Authorization": f"Bearer {token}"}, trust_env=False
    ) as client:
        assert client.get("/v1/me").json()["role"] == "officer"
        listed = client.get("/v1/cities/schutterwald/cases").json()["cases"]
        assert [each["status"] for each in listed] == ["active"]
        assert client.get("/").status_code == 200
    for path in (home.tokens_path, home.settings.agencies_path, home.state_path):
        assert path.stat().st_mode & 0o077 == 0, path

    # A second start on the same directory is refused with the process to look for.
    other = start()
    code, said = other.end()
    assert code == 1
    assert "already-running" in said
    assert str(first.process.pid) in said

    # A child that is killed comes back.
    for words in ("api serve", "api worker", "--kind gas"):
        pid = child(home, words)
        os.kill(pid, signal.SIGKILL)
        first.read_until(r"had ended; started again")
    assert wait_until(lambda: is_healthy(address))

    # So does the database, without a restart of anything else.
    api = child(home, "api serve")
    postmaster = int((home.root / "pg" / "postmaster.pid").read_text().split("\n")[0])
    os.kill(postmaster, signal.SIGQUIT)
    first.read_until(r"database had ended; started again")
    assert wait_until(lambda: is_healthy(address))
    assert child(home, "api serve") == api

    # Killed without a chance to clean up, the supervisor leaves nothing behind.
    first.process.kill()
    first.end()
    assert wait_until(lambda: not processes_of(home), 20), processes_of(home)

    # The second start reuses everything and shows the same case.
    began = time.monotonic()
    again = start("--once")
    code, said = again.end(PATIENCE_S)
    took = time.monotonic() - began
    assert code == 0, said
    assert f"Permit {permit[1]}, case {permit[2]}, parcel {permit[3]}: active" in said
    assert f"{address}/#token={token}" in said
    assert "0 new" in said
    assert not processes_of(home)
    sys.stdout.write(f"second start, shown and stopped: {took:.1f} s\n")


def test_asked_to_stop_it_stops_everything_in_order(home: Home, start: Start) -> None:
    started = start()
    started.read_until(r"#token=")
    assert len(processes_of(home)) > 6
    started.process.send_signal(signal.SIGTERM)
    code, said = started.end()
    assert code == 0
    assert said.rstrip().endswith("stopped")
    assert not processes_of(home)
    assert not (home.root / "pg" / "postmaster.pid").exists()


def test_stop_command_from_another_terminal(home: Home, root: Path, start: Start) -> None:
    started = start()
    started.read_until(r"#token=")
    environment = home.settings.for_child(data_dir=str(home.root))
    said = subprocess.run(
        [sys.executable, "-m", "api", "stop"],
        cwd=root,
        env=environment,
        capture_output=True,
        text=True,
        check=True,
    )
    assert f"process {started.process.pid}" in said.stdout
    assert started.end()[0] == 0
    assert not processes_of(home)
