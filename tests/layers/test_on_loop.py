"""One row without a thread: the same answer as by the ordinary way, and None whenever anything is unusual."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable, Iterator
from typing import Any

import pytest
from sqlalchemy import Engine, Integer, cast, func, literal, select, text
from sqlalchemy.sql import Select

from layers.access import ROLE, RoleMode, run_as_app
from layers.on_loop import Lines
from layers.reads import READER, Statement, compiled, fetch, reading_engine

WHO: Select[Any] = select(
    func.current_setting("role"), func.current_setting("application_name"),
    func.current_setting("plan_cache_mode"), func.current_setting("statement_timeout"),
)  # fmt: skip
SEVEN: Select[Any] = select(cast(literal(7), Integer))
DIVIDED: Select[Any] = select(cast(literal(7), Integer) / cast(literal(0), Integer))
PATIENCE_S = 60.0


@pytest.fixture
def reads(database_url: str) -> Iterator[Engine]:
    engine = run_as_app(reading_engine(database_url, pool_size=2), RoleMode.REQUIRE)
    yield engine
    engine.dispose()


def on_loop(engine: Engine, work: Callable[[Lines], Awaitable[None]]) -> None:
    async def run() -> None:
        lines = Lines(engine)
        try:
            await work(lines)
        finally:
            lines.close()

    asyncio.run(run())


async def answered(lines: Lines, statement: Statement) -> tuple[Any, ...]:
    """The answer as soon as there is a connection."""
    until = time.monotonic() + PATIENCE_S
    while time.monotonic() < until:
        row = await lines.fetch(statement, {})
        if row is not None:
            return row
        await asyncio.sleep(0.01)
    raise AssertionError("no connection")


def test_a_connection_is_like_those_of_the_ordinary_way(reads: Engine) -> None:
    """The same role, so the same rights; the same limits and plans."""
    statement = compiled(WHO)

    async def work(lines: Lines) -> None:
        row = await answered(lines, statement)
        assert row == fetch(reads, statement)
        assert row[:2] == (ROLE, READER)
        assert await lines.fetch(statement, {}) == row  # prepared by now

    on_loop(reads, work)


def test_what_fails_is_left_to_the_ordinary_way_and_the_next_is_answered(reads: Engine) -> None:
    good, bad = compiled(SEVEN), compiled(DIVIDED)

    async def work(lines: Lines) -> None:
        assert await lines.fetch(good, {}) is None  # there is none yet
        assert await answered(lines, good) == (7,)
        assert await lines.fetch(bad, {}) is None
        assert await answered(lines, good) == (7,)

    on_loop(reads, work)


def test_connections_that_the_database_ended_are_replaced(reads: Engine, engine: Engine) -> None:
    """The database restarts; nobody is refused for it."""
    good = compiled(SEVEN)
    ended = text(
        "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity WHERE application_name = :who"
    )

    async def work(lines: Lines) -> None:
        assert await answered(lines, good) == (7,)
        with engine.begin() as connection:
            assert connection.execute(ended, {"who": READER}).scalar_one() >= 1
        reads.dispose()
        assert await answered(lines, good) == (7,)

    on_loop(reads, work)


def test_whoever_gives_up_takes_the_connection_with_him_and_many_at_once_are_answered(reads: Engine) -> None:
    slow, good = compiled(select(func.pg_sleep(30))), compiled(SEVEN)

    async def work(lines: Lines) -> None:
        assert await answered(lines, good) == (7,)
        asking = asyncio.ensure_future(lines.fetch(slow, {}))
        await asyncio.sleep(0)
        asking.cancel()
        with pytest.raises(asyncio.CancelledError):
            await asking
        rows = await asyncio.gather(*(answered(lines, good) for _ in range(20)))
        assert rows == [(7,)] * 20

    on_loop(reads, work)
