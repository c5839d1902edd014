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
    made: queue.Queue[Any] = queue.Queue(depth)
    is_over = threading.Event()

    def put(part: Any) -> bool:
        while not is_over.is_set():
            try:
                made.put(part, timeout=_WAIT_S)
            except queue.Full:
                continue
            return True
        return False

    def work() -> None:
        try:
            with closing(parts):
                for part in parts:
                    if not put((part, None)):
                        return
            put((_END, None))
        except BaseException as error:  # noqa: BLE001 - it is raised again where the part is asked for
            put((_END, error))

    def taken() -> Iterator[_Part]:
        while True:
            part, error = made.get()
            if error is not None:
                raise error
            if part is _END:
                return
            yield part

    thread = threading.Thread(target=work, name="reading-ahead", daemon=True)
    thread.start()
    try:
        yield taken()
    finally:
        is_over.set()
        thread.join()
