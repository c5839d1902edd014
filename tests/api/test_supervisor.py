"""Children: started again when they die, stopped in order, logged within limits, gone with their owner."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from api.logs import RollingLog
from api.settings import Settings
from api.supervisor import ChildFailed, Program, Supervisor
from tests.waiting import wait_until

ENVIRONMENT = Settings().for_child()
SLEEP = (sys.executable, "-c", "import time; print('up', flush=True); time.sleep(600)")


def is_alive(pid: int) -> bool:
    try:
        state = Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0]
    except FileNotFoundError:
        return False
    return state != "Z"


def test_a_killed_child_is_started_again(tmp_path: Path) -> None:
    supervisor = Supervisor(tmp_path)
    child = supervisor.add(Program("sleeper", SLEEP, ENVIRONMENT))
    first = child.pid
    assert first is not None
    os.kill(first, signal.SIGKILL)
    assert wait_until(lambda: bool(supervisor.tick()))
    assert child.pid not in {None, first}
    assert child.restarts == 1
    supervisor.stop()


def test_stop_ends_children_last_first_even_stubborn_ones(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("api.supervisor.STOP_S", 0.5)
    stubborn = (
        sys.executable,
        "-c",
        "import signal, time; signal.signal(15, signal.SIG_IGN); print('up', flush=True); time.sleep(600)",
    )
    supervisor = Supervisor(tmp_path)
    pids = [
        supervisor.add(Program(name, command, ENVIRONMENT)).pid
        for name, command in (("a", SLEEP), ("b", stubborn))
    ]
    assert wait_until(lambda: "up" in (tmp_path / "b.log").read_text())
    supervisor.stop()
    assert not any(is_alive(pid or 0) for pid in pids)


def test_a_child_that_never_becomes_healthy_is_told_with_its_log(tmp_path: Path) -> None:
    supervisor = Supervisor(tmp_path)
    noisy = (sys.executable, "-c", "print('cannot open the thing'); raise SystemExit(3)")
    supervisor.add(Program("noisy", noisy, ENVIRONMENT, "http://127.0.0.1:9/v1/health"))
    with pytest.raises(ChildFailed) as refused:
        supervisor.wait_healthy(1.0)
    supervisor.stop()
    assert "cannot open the thing" in str(refused.value.params["tail"])


def test_nothing_survives_a_killed_supervisor(tmp_path: Path) -> None:
    script = (
        "import os, sys, time\n"
        "from pathlib import Path\n"
        "from api.supervisor import Program, Supervisor\n"
        f"made = Supervisor(Path({str(tmp_path)!r}))\n"
        f"child = made.add(Program('sleeper', {SLEEP!r}, dict(os.environ)))\n"
        "print(child.pid, flush=True)\n"
        "time.sleep(600)\n"
    )
    parent = subprocess.Popen([sys.executable, "-c", script], stdout=subprocess.PIPE, text=True)
    assert parent.stdout is not None
    pid = int(parent.stdout.readline())
    assert is_alive(pid)
    parent.kill()
    parent.wait()
    parent.stdout.close()
    assert wait_until(lambda: not is_alive(pid))


def test_log_is_limited_in_size_and_speed(tmp_path: Path) -> None:
    log = RollingLog(tmp_path / "x.log", limit_bytes=1000, kept=2, lines_per_s=10_000)
    for number in range(500):
        log.line(b"line %d" % number)
    assert "line 499" in log.tail()
    log.close()
    files = sorted(tmp_path.iterdir())
    assert len(files) == 3
    assert all(path.stat().st_size <= 1000 for path in files)
    fast = RollingLog(tmp_path / "y.log", lines_per_s=5)
    for number in range(10_000):
        fast.line(b"flood %d" % number)
    fast.close()
    assert (tmp_path / "y.log").stat().st_size < 1000
