"""Real processes that can be killed without warning and started again, and that end with this one."""

from __future__ import annotations

import ctypes
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Mapping, Sequence
from pathlib import Path

import httpx2

from layers.cluster import Cluster

_LIBC = ctypes.CDLL(None)
_PR_SET_PDEATHSIG = 1


def _end_with_parent() -> None:
    _LIBC.prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)


class Process:
    """One program; `kill` is SIGKILL, with nothing said before."""

    def __init__(
        self, name: str, arguments: Sequence[str], environment: Mapping[str, str], log: Path
    ) -> None:
        self.name = name
        self.kills = 0
        self._arguments = [sys.executable, *arguments]
        self._environment = {**os.environ, **environment, "PYTHONUNBUFFERED": "1"}  # noqa: TID251 - child's own
        self._log = log
        self._process: subprocess.Popen[bytes] | None = None
        self._lock = threading.Lock()

    def start(self) -> None:
        with self._lock, self._log.open("ab") as log:
            self._process = subprocess.Popen(
                self._arguments, env=self._environment, stdin=subprocess.DEVNULL, stdout=log, stderr=log,
                preexec_fn=_end_with_parent, cwd=Path(__file__).resolve().parent.parent.parent,
            )  # fmt: skip

    def kill(self) -> None:
        self.kills += 1
        self.end()

    def end(self) -> None:
        with self._lock:
            if self._process is not None:
                self._process.kill()
                self._process.wait()

    def died(self) -> bool:
        return self._process is not None and self._process.poll() is not None

    def tail(self) -> str:
        return self._log.read_text(errors="replace")[-3000:]


def wait_healthy(process: Process, url: str, timeout_s: float = 60.0) -> None:
    """The address answers 200; otherwise the end of the process's log is in the error."""
    deadline = time.monotonic() + timeout_s
    while time.monotonic() < deadline:
        if process.died():
            break
        try:
            if httpx2.get(url, timeout=1.0, trust_env=False).status_code == 200:
                return
        except httpx2.HTTPError:
            pass
        time.sleep(0.1)
    raise RuntimeError(f"{process.name} did not start:\n{process.tail()}")


def kill_database(cluster: Cluster) -> float:
    """SIGKILL to the postmaster; the server is started again at once. Returns the seconds it was away."""
    begun = time.monotonic()
    pid = cluster.server_pid()
    assert pid is not None
    os.kill(pid, signal.SIGKILL)
    # A killed server that nobody has waited for still holds its lock file.
    process = cluster._process
    if process is not None and process.pid == pid:
        process.wait()
    cluster._process = None
    cluster.ensure_running()
    return time.monotonic() - begun
