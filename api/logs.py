"""Logs that cannot fill the disk: limited in size per file and in lines per second."""

from __future__ import annotations

import threading
import time
from pathlib import Path
from typing import IO, Final

LIMIT_BYTES: Final = 2_000_000
KEPT: Final = 3
LINES_PER_S: Final = 100
LINE_BYTES: Final = 4_000


class RollingLog:
    """A log file rolled at `limit_bytes`, `kept` old ones stay; above `lines_per_s` lines are counted."""

    def __init__(
        self, path: Path, limit_bytes: int = LIMIT_BYTES, kept: int = KEPT, lines_per_s: int = LINES_PER_S
    ) -> None:
        self.path = path
        self._limit = limit_bytes
        self._kept = kept
        self._per_s = lines_per_s
        self._second = 0
        self._in_second = 0
        self._dropped = 0
        self._lock = threading.Lock()
        path.parent.mkdir(parents=True, exist_ok=True)
        self._stream = path.open("ab")

    def line(self, raw: bytes) -> None:
        """One line is kept, or counted when too many came in this second."""
        with self._lock:
            if self._stream.closed:
                return
            second = int(time.monotonic())
            if second != self._second:
                self._second, self._in_second = second, 0
                self._tell_dropped()
            self._in_second += 1
            if self._in_second > self._per_s:
                self._dropped += 1
                return
            self._write(raw[:LINE_BYTES].rstrip(b"\r\n") + b"\n")

    def pump(self, stream: IO[bytes]) -> None:
        """Every line of `stream` until it ends; run in a thread."""
        with stream:
            for raw in stream:
                self.line(raw)

    def close(self) -> None:
        """Nothing is written any more."""
        with self._lock:
            if not self._stream.closed:
                self._tell_dropped()
                self._stream.close()

    def follow(self, stream: IO[bytes], name: str) -> threading.Thread:
        """A daemon thread that pumps `stream`."""
        thread = threading.Thread(target=self.pump, args=(stream,), name=f"log-{name}", daemon=True)
        thread.start()
        return thread

    def tail(self, lines: int = 12) -> str:
        """The last lines, for a message to the person at the terminal."""
        return "\n".join(self.path.read_text(errors="replace").splitlines()[-lines:])

    def _tell_dropped(self) -> None:
        if self._dropped:
            self._write(b"... %d more lines in one second were not kept\n" % self._dropped)
            self._dropped = 0

    def _write(self, data: bytes) -> None:
        if self._stream.tell() + len(data) > self._limit:
            self._roll()
        self._stream.write(data)
        self._stream.flush()

    def _roll(self) -> None:
        self._stream.close()
        for number in range(self._kept, 0, -1):
            older = self.path.with_suffix(f".log.{number}")
            newer = self.path if number == 1 else self.path.with_suffix(f".log.{number - 1}")
            if newer.exists():
                newer.replace(older)
        self._stream = self.path.open("ab")
