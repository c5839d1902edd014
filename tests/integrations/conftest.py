"""Companies that answer over HTTP, and gateways that are closed after each test."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack

import pytest

from tests.integrations.stub_company import StubCompany
from tests.integrations.working import Companies, opened
from tests.permits.town import AGENCIES


@pytest.fixture(autouse=True)
def _close_gateways() -> Iterator[None]:
    yield
    while opened:
        opened.pop().close()


@pytest.fixture
def companies() -> Iterator[Companies]:
    with ExitStack() as stack:
        yield {a: stack.enter_context(StubCompany(a)) for a in AGENCIES}
