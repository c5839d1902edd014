"""What the person at the terminal reads: tables and progress on a terminal, plain lines elsewhere."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from rich.console import Console
from rich.table import Table


class Teller:
    """Tells on standard output; rich only where a person is looking."""

    def __init__(self, console: Console | None = None) -> None:
        self._console = console or Console(file=sys.stdout, highlight=False, markup=False)

    @property
    def is_terminal(self) -> bool:
        """True when a person is looking."""
        return self._console.is_terminal

    def say(self, text: str = "") -> None:
        """One line."""
        if self.is_terminal:
            self._console.print(text, soft_wrap=True)
            return
        self._console.file.write(f"{text}\n")
        self._console.file.flush()

    @contextmanager
    def working(self, what: str) -> Iterator[None]:
        """A spinner while it lasts, or one line at its start."""
        if self.is_terminal:
            with self._console.status(what):
                yield
            return
        self.say(what)
        yield

    def table(self, title: str, columns: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
        """A table on a terminal; a title and tab-separated lines elsewhere."""
        if not self.is_terminal:
            self.say(title)
            self.say("\t".join(columns))
            for row in rows:
                self.say("\t".join(row))
            return
        table = Table(title=title, title_justify="left", show_lines=False)
        for column in columns:
            table.add_column(column, overflow="fold")
        for row in rows:
            table.add_row(*row)
        self._console.print(table)
