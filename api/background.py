"""Work beside the worker: one process that gives way to all others, ends with the worker, and never holds it up."""

from __future__ import annotations

import ctypes
import logging
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Collection, Sequence
from datetime import timedelta
from typing import Final

from sqlalchemy import Engine

from geo.errors import PanjerehError
from layers import survey_state
from layers.city import City

log = logging.getLogger("panjereh.background")

NICE: Final = 15
STOP_S: Final = 5.0
_PR_SET_PDEATHSIG: Final = 1

Start = Callable[[str], "subprocess.Popen[bytes]"]


def stay_behind(parent: int) -> None:
    """Called by the process itself: it gives way to all others, and is killed when its parent dies."""
    os.nice(NICE)
    ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
    if os.getppid() != parent:  # it died in between
        sys.exit(1)


def starter(environment: dict[str, str]) -> Start:
    """Starts the making of a city's list in a process of its own, with this environment; its words go to ours.

    The parent's death is told by the thread that started the process: start it from the main thread.
    """

    def start(city_id: str) -> subprocess.Popen[bytes]:
        command: Sequence[str] = [
            sys.executable, "-m", "api", "audit", "renew", city_id, "--parent", str(os.getpid()),
        ]  # fmt: skip
        return subprocess.Popen(command, env=environment, stdin=subprocess.DEVNULL, stdout=sys.stderr)

    return start


class SurveyRenewal:
    """A chore of the worker: a city's survey list that is behind is made again, one at a time over all workers."""

    def __init__(self, engine: Engine, cities: Collection[City], start: Start, quiet: timedelta) -> None:
        """`quiet`: after the last delivery of a city, and after the start of this worker, so much time must pass."""
        self._engine = engine
        self._cities = cities
        self._start = start
        self._quiet = quiet
        self._not_before = time.monotonic() + quiet.total_seconds()
        self._running: tuple[str, subprocess.Popen[bytes]] | None = None
        self._unreadable: dict[str, str] = {}

    def __call__(self) -> str | None:
        """See to what runs, or begin what is due; the city whose list is begun, None otherwise. Never waits."""
        if self._running is not None and self._seen_to(*self._running):
            return None
        if time.monotonic() < self._not_before:
            return None
        return next((city.city_id for city in self._cities if self._begun(city)), None)

    def close(self) -> None:
        """What runs is ended, and its try does not count."""
        if self._running is None:
            return
        city_id, process = self._running
        self._running = None
        if process.poll() is None:
            process.terminate()
            try:
                process.wait(STOP_S)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
        try:
            survey_state.give_back(self._engine, city_id)
        except Exception as error:  # the database may be gone already: the try then counts
            log.info("the survey list of %s was not given back: %s", city_id, str(error).split("\n", 1)[0])

    def _seen_to(self, city_id: str, process: subprocess.Popen[bytes]) -> bool:
        """True while it runs. One that failed is written down, with when it is tried again."""
        code = process.poll()
        if code is None:
            return True
        if code == 0:
            survey_state.give_back(
                self._engine, city_id
            )  # no trace of it is left, also if nothing was newer any more
        else:
            ended = f"ended with {code}"
            again = survey_state.failed(self._engine, city_id, ended)
            log.error("the survey list of %s was not made: %s; again after %s", city_id, ended, again)
        self._running = None
        return False

    def _begun(self, city: City) -> bool:
        try:
            is_ours = survey_state.begin(self._engine, city, self._quiet)
        except PanjerehError as error:  # its rules cannot be read: said once
            if self._unreadable.get(city.city_id) != str(error):
                log.warning("the survey list of %s waits: %s %s", city.city_id, error.code, error.params)
            self._unreadable[city.city_id] = str(error)
            return False
        if not is_ours:
            return False
        try:
            self._running = (city.city_id, self._start(city.city_id))
        except OSError as error:
            survey_state.failed(self._engine, city.city_id, f"not started: {error}")
            log.exception("the survey list of %s could not be begun", city.city_id)
            return False
        log.info("the survey list of %s is made again", city.city_id)
        return True
