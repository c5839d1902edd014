"""Reading a city's TOML files: every value is asked for by name, every refusal names the file and the key."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from pathlib import Path
from typing import Any, NoReturn, TypeVar

from geo.errors import PanjerehError

Choice = TypeVar("Choice", bound=StrEnum)
_ABSENT: Any = object()


class CityConfigError(PanjerehError):
    """A city's configuration has a missing, unknown or wrong value."""

    code = "city-config"


class UnknownCity(PanjerehError):
    """There is no city with this id."""

    code = "unknown-city"


@dataclass(frozen=True, slots=True)
class Words:
    """One text in the two languages of the product."""

    en: str
    fa: str

    def as_dict(self) -> dict[str, str]:
        """The text by language tag, as it goes on the wire."""
        return {"en": self.en, "fa": self.fa}


def _named(kind: str, wanted: type[object] | tuple[type[object], ...], value: object) -> str | None:
    """Return what is wrong with `value`, or None; a bool is never a number."""
    if isinstance(value, bool) and wanted is not bool:
        return f"expected {kind}, found true/false"
    return None if isinstance(value, wanted) else f"expected {kind}, found {type(value).__name__}"


class Section:
    """One table of a TOML file that knows where it stands; `done()` refuses keys nobody asked for."""

    def __init__(self, file: Path, path: str, values: Mapping[str, Any]) -> None:
        self.file = file
        self.path = path
        self._values = values
        self._asked: set[str] = set()

    @classmethod
    def read(cls, file: Path) -> Section:
        """Return the whole file as one section; raises CityConfigError if it is missing or is not TOML."""
        try:
            return cls(file, "", tomllib.loads(file.read_text(encoding="utf-8")))
        except FileNotFoundError:
            raise CityConfigError(file=str(file), key="", problem="the file does not exist") from None
        except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
            raise CityConfigError(file=str(file), key="", problem=f"not a TOML file: {error}") from error

    def refuse(self, key: str, problem: str) -> NoReturn:
        """Raise CityConfigError for one key of this section."""
        where = f"{self.path}.{key}" if self.path and key else key or self.path
        raise CityConfigError(file=str(self.file), key=where, problem=problem)

    def __contains__(self, key: str) -> bool:
        return key in self._values

    def keys(self) -> Iterator[str]:
        """The keys that are there, in file order."""
        return iter(self._values)

    def _take(self, key: str, kind: str, wanted: Any, default: Any) -> Any:
        self._asked.add(key)
        if key not in self._values:
            if default is _ABSENT:
                self.refuse(key, f"missing; expected {kind}")
            return default
        value = self._values[key]
        if problem := _named(kind, wanted, value):
            self.refuse(key, problem)
        return value

    def text(self, key: str, default: str = _ABSENT) -> str:
        """Return a text."""
        return str(self._take(key, "a text", str, default))

    def maybe_text(self, key: str) -> str | None:
        """Return a text, or None where the key is left out."""
        return self.text(key) if key in self else self._take(key, "a text", str, None)

    def integer(self, key: str, default: int = _ABSENT) -> int:
        """Return a whole number."""
        return int(self._take(key, "a whole number", int, default))

    def number(self, key: str, default: float = _ABSENT) -> float:
        """Return a number."""
        return float(self._take(key, "a number", (int, float), default))

    def maybe_number(self, key: str) -> float | None:
        """Return a number, or None where the key is left out."""
        return self.number(key) if key in self else self._take(key, "a number", float, None)

    def boolean(self, key: str, default: bool = _ABSENT) -> bool:
        """Return true or false."""
        return bool(self._take(key, "true or false", bool, default))

    def day(self, key: str) -> date | None:
        """Return a date, or None where the key is left out."""
        return self._take(key, "a date (YYYY-MM-DD)", date, None)  # type: ignore[no-any-return]

    def words(self, key: str) -> Words:
        """Return a text in English and Persian."""
        inner = self.section(key)
        made = Words(inner.text("en"), inner.text("fa"))
        inner.done()
        return made

    def texts(self, key: str) -> tuple[str, ...]:
        """Return a list of texts."""
        values = self._take(key, "a list of texts", list, ())
        if not all(isinstance(value, str) for value in values):
            self.refuse(key, "expected a list of texts")
        return tuple(values)

    def numbers(self, key: str, count: int) -> tuple[float, ...]:
        """Return a list of exactly `count` numbers."""
        values = self._take(key, f"a list of {count} numbers", list, _ABSENT)
        if len(values) != count or not all(isinstance(value, (int, float)) for value in values):
            self.refuse(key, f"expected a list of {count} numbers")
        return tuple(float(value) for value in values)

    def choice(self, key: str, options: type[Choice], default: Choice = _ABSENT) -> Choice:
        """Return a member of a vocabulary."""
        value = self.text(key, default)
        try:
            return options(value)
        except ValueError:
            self.refuse(key, f"{value!r} is none of {', '.join(options)}")

    def section(self, key: str) -> Section:
        """Return an inner table; an absent one is empty: its required keys are named when asked for."""
        values = self._take(key, "a table", dict, {})
        return Section(self.file, f"{self.path}.{key}" if self.path else key, values)

    def sections(self, key: str) -> list[Section]:
        """Return an array of tables; each names itself by its `id`."""
        values = self._take(key, "an array of tables", list, [])
        made = []
        for number, inner in enumerate(values):
            if problem := _named("a table", dict, inner):
                self.refuse(f"{key}[{number}]", problem)
            made.append(Section(self.file, f"{key}[{inner.get('id', number)}]", inner))
        return made

    def mapping(self, key: str) -> dict[str, Any]:
        """Return an inner table as it is, for tables whose keys are the city's own."""
        return dict(self._take(key, "a table", dict, {}))

    def done(self) -> None:
        """Refuse keys that nothing reads: a misspelt key must not be silently ignored."""
        if extra := sorted(set(self._values) - self._asked):
            self.refuse(extra[0], f"unknown key; known here: {', '.join(sorted(self._asked))}")


def read_operations(section: Section) -> dict[str, str]:
    """Return which operation leads from which reference system: `operations` of a city or of one of its layers."""
    made = section.mapping("operations")
    for source, operation in made.items():
        if not all(isinstance(code, str) and re.fullmatch(r"EPSG:\d+", code) for code in (source, operation)):
            section.refuse(f"operations.{source}", 'expected "EPSG:<source CRS>" = "EPSG:<operation>"')
    return made
