"""The base of every refusal: the vocabulary of errors starts here."""

from __future__ import annotations

from typing import ClassVar

Param = str | int | float | bool | None | list[str] | list[int] | list[float]


class PanjerehError(Exception):
    """Something was refused."""

    code: ClassVar[str] = "refused"

    def __init__(self, **params: Param) -> None:
        self.params: dict[str, Param] = params
        super().__init__(self.message)

    @property
    def message(self) -> str:
        """The docstring's first line, with the parameters: for logs; people read the catalogue's words by `code`."""
        first = (type(self).__doc__ or self.code).strip().split("\n", 1)[0]
        details = ", ".join(f"{key}={value!r}" for key, value in self.params.items())
        return f"{first} ({details})" if details else first
