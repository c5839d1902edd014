"""The next parts are made while the last one is sent: one thread reads ahead of whoever uses what it reads."""

from __future__ import annotations

import queue
import threading
from collections.abc import Generator, Iterator
from contextlib import closing, contextmanager
from typing import Any, Final, TypeVar

_WAIT_S: Final = 0.2
_END: Final = object()
_Part = TypeVar("_Part")


@contextmanager
def ahead(parts: Generator[_Part, None, None], depth: int = 2) -> Iterator[Iterator[_Part]]:
    """Give the parts in their order, made by a thread that is at most `depth` of them ahead.

    What goes wrong while a part is made is raised where that part is asked for. When the block is left, the thread has
    ended, whether or not all was used.
    """
    reader = _Reader(parts, depth)
    reader.start()
    try:
        yield reader.taken()
    finally:
        reader.is_over.set()
        reader.join()


class _Reader(threading.Thread):
    def __init__(self, parts: Generator[Any, None, None], depth: int) -> None:
        super().__init__(name="reading-ahead", daemon=True)
        self._parts = parts
        self._made: queue.Queue[tuple[Any, BaseException | None]] = queue.Queue(depth)
        self.is_over = threading.Event()

    def run(self) -> None:
        """Make the parts until they end, or nobody wants them any more."""
        try:
            with closing(self._parts):
                for part in self._parts:
                    self._put(part)
                    if self.is_over.is_set():
                        return
            self._put(_END)
        except BaseException as error:  # it is raised again where the part is asked for
            self._put(_END, error)

    def _put(self, part: Any, error: BaseException | None = None) -> None:
        while not self.is_over.is_set():
            try:
                self._made.put((part, error), timeout=_WAIT_S)
            except queue.Full:
                continue
            return

    def taken(self) -> Iterator[Any]:
        """Give what was made."""
        while True:
            part, error = self._made.get()
            if error is not None:
                raise error
            if part is _END:
                return
            yield part
