"""Child processes: started, watched, started again when they die, and never left behind."""

from __future__ import annotations

import ctypes
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

import httpx2

from api.logs import RollingLog
from geo.errors import PanjerehError

_PR_SET_PDEATHSIG: Final = 1
_LIBC: Final = ctypes.CDLL(None)  # loaded before any fork
BACKOFF_S: Final = (0.2, 0.5, 1.0, 2.0, 5.0, 10.0)
STEADY_S: Final = 30.0
STOP_S: Final = 10.0


class ChildFailed(PanjerehError):
    """A part of the system did not start."""

    code = "child-failed"


@dataclass(frozen=True, slots=True)
class Program:
    """What to run: its name, command and environment, and the address that answers 200 once it is ready."""

    name: str
    command: Sequence[str]
    environment: dict[str, str]
    health_url: str | None = None


def _die_with(parent: int) -> Callable[[], None]:
    """For the child, between fork and exec: it is killed when its supervisor dies, however that dies.

    The signal follows the *thread* that forked, so children are only ever started from the main thread.
    """

    def prepare() -> None:
        _LIBC.prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
        if os.getppid() != parent:  # it died in between
            os._exit(1)

    return prepare


@dataclass(slots=True)
class Child:
    """One program and its present process."""

    program: Program
    log: RollingLog
    restarts: int = 0
    _process: subprocess.Popen[bytes] | None = field(default=None, repr=False)
    _pump: threading.Thread | None = field(default=None, repr=False)
    _started_at: float = 0.0
    _failures: int = 0
    _next_at: float = 0.0

    @property
    def pid(self) -> int | None:
        """The present process, if it runs."""
        return self._process.pid if self._process is not None and self._process.poll() is None else None

    def start(self) -> None:
        """The process runs; its own session, so that Ctrl-C reaches the supervisor alone."""
        self._process = subprocess.Popen(
            list(self.program.command),
            env=self.program.environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            start_new_session=True,
            preexec_fn=_die_with(os.getpid()),  # noqa: PLW1509 - one prctl, no allocation, no lock
        )
        self._started_at = time.monotonic()
        if self._process.stdout is not None:
            self._pump = self.log.follow(self._process.stdout, self.program.name)

    def revive(self) -> bool:
        """Start again if it died and its pause is over; True when it was started."""
        if self.pid is not None:
            return False
        now = time.monotonic()
        if self._process is not None:
            self._failures = 0 if now - self._started_at > STEADY_S else self._failures + 1
            pause = BACKOFF_S[min(self._failures, len(BACKOFF_S) - 1)]
            self.log.line(f"--- ended with {self._process.returncode}, again in {pause} s".encode())
            self._process, self._next_at = None, now + pause
        if now < self._next_at:
            return False
        self.restarts += 1
        self.start()
        return True

    def stop(self) -> None:
        """The process has ended and its log is closed."""
        self.stop_process()
        if self._pump is not None:
            self._pump.join(timeout=2)
        self.log.close()

    def stop_process(self) -> None:
        """The process is asked to end, and killed if it has not after ten seconds; it may be started again."""
        process, self._process = self._process, None
        if process is not None and process.poll() is None:
            process.terminate()
            try:
                process.wait(STOP_S)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()

    def is_healthy(self) -> bool:
        """True when the process runs and its health address (if it has one) answers 200."""
        if self.pid is None:
            return False
        if self.program.health_url is None:
            return True
        try:
            return httpx2.get(self.program.health_url, timeout=2.0, trust_env=False).status_code == 200
        except httpx2.HTTPError:
            return False


class Supervisor:
    """Children in order: started first to last, stopped last to first."""

    def __init__(self, logs_dir: Path) -> None:
        self._logs_dir = logs_dir
        self.children: list[Child] = []

    def add(self, program: Program) -> Child:
        """The program runs as a child from now on."""
        log = RollingLog(self._logs_dir / f"{program.name}.log")
        child = Child(program, log)
        self.children.append(child)
        child.start()
        return child

    def tick(self) -> list[Child]:
        """Children that died are started again after their pause; returns those started now."""
        return [child for child in self.children if child.revive()]

    def wait_healthy(self, timeout_s: float, told: Callable[[Child], None] = lambda _child: None) -> None:
        """Every child is healthy; ChildFailed with the end of its log when one is not in time."""
        deadline = time.monotonic() + timeout_s
        waiting = list(self.children)
        while waiting:
            self.tick()
            ready = [child for child in waiting if child.is_healthy()]
            for child in ready:
                told(child)
                waiting.remove(child)
            if waiting and time.monotonic() > deadline:
                child = waiting[0]
                raise ChildFailed(name=child.program.name, log=str(child.log.path), tail=child.log.tail())
            if waiting:
                time.sleep(0.1)

    def stop(self) -> None:
        """Every child has ended, the last started first."""
        for child in reversed(self.children):
            child.stop()
        self.children.clear()


def python(*arguments: str) -> list[str]:
    """The command that runs this same interpreter."""
    return [sys.executable, *arguments]
