"""Threads that answer for the event loop, by the shortest way there and back.

`loop.run_in_executor` makes two futures for each call and links them; here is one, and the threads wait at one queue.
"""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable
from contextlib import suppress
from queue import SimpleQueue
from typing import Any, TypeVar

Asked = TypeVar("Asked")
Answer = TypeVar("Answer")


class Hands:
    """At most so many daemon threads, each started when all others are busy."""

    def __init__(self, most: int, name: str) -> None:
        self._most = most
        self._name = name
        self._waiting: SimpleQueue[tuple[asyncio.Future[Any], Callable[[Any], Any], Any]] = SimpleQueue()
        self._guard = threading.Lock()
        self._started = 0
        self._idle = 0

    async def call(self, work: Callable[[Asked], Answer], asked: Asked) -> Answer:
        """Return what `work` makes of `asked` in one of the threads, or raise what it raises."""
        self._have_one()
        answer: asyncio.Future[Answer] = asyncio.get_running_loop().create_future()
        self._waiting.put((answer, work, asked))
        return await answer

    def _have_one(self) -> None:
        with self._guard:
            if self._idle:
                self._idle -= 1
            elif self._started < self._most:
                self._started += 1
                name = f"{self._name}-{self._started}"
                threading.Thread(target=self._work, name=name, daemon=True).start()

    def _work(self) -> None:
        while True:
            answer, work, asked = self._waiting.get()
            try:
                tell, told = _give, work(asked)
            except BaseException as error:  # it belongs to who asked; the thread goes on
                tell, told = _raise, error
            with self._guard:
                self._idle += 1
            with suppress(RuntimeError):  # the loop has ended meanwhile: nobody waits
                answer.get_loop().call_soon_threadsafe(tell, answer, told)
            del answer, work, asked, tell, told


def _give(answer: asyncio.Future[Any], told: Any) -> None:
    if not answer.done():
        answer.set_result(told)


def _raise(answer: asyncio.Future[Any], told: BaseException) -> None:
    if not answer.done():
        answer.set_exception(told)
