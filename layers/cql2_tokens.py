"""The words of a CQL2 text."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from layers.cql2 import FilterSyntax

_TOKEN = re.compile(
    r"""\s*(?:
      (?P<text>'(?:[^'\\]|''|\\'|\\)*+')
    | (?P<quoted>"(?:[^"]|"")*+")
    | (?P<number>[+-]?(?:\d+(?:\.\d*)?|\.\d+)(?:[eE][+-]?\d+)?)(?![\w.])
    | (?P<name>[^\W\d][\w.:]*)
    | (?P<operator><>|<=|>=|[=<>(),+*/%^-])
    )""",
    re.VERBOSE,
)


WORDS = frozenset({"AND", "OR", "NOT", "LIKE", "BETWEEN", "IN", "IS", "NULL"})
"""Words that are no property's name unless they stand in quotes."""


@dataclass(frozen=True, slots=True)
class Token:
    """One word, number, text or operator, and where it stands."""

    kind: str
    text: str
    start: int
    end: int

    @property
    def word(self) -> str:
        """A name in capitals; empty for anything else."""
        return self.text.upper() if self.kind == "name" else ""


def tokens(text: str) -> list[Token]:
    """Return the words, and an end; raises FilterSyntax at what is none."""
    made: list[Token] = []
    position, end = 0, len(text.rstrip())
    while position < end:
        matched = _TOKEN.match(text, position)
        if matched is None or matched.lastgroup is None:
            at = end - len(text[position:end].lstrip())
            found = text[at : at + 20]
            raise FilterSyntax(position=at, expected="a name, a number, a text or an operator", found=found)
        kind = matched.lastgroup
        token = Token(kind, matched.group(kind), matched.start(kind), matched.end())
        made += _parted(token) if made and _is_operand(made[-1]) else [token]
        position = matched.end()
    made.append(Token("end", "", len(text), len(text)))
    return made


def _is_operand(token: Token) -> bool:
    """Whether a sign after this is an operator, as in `a -5`, and no part of a number."""
    if token.kind == "name":
        return token.word not in WORDS | {"DIV"}
    return token.kind in {"number", "quoted", "text"} or token.text == ")"


def _parted(token: Token) -> list[Token]:
    if token.kind != "number" or token.text[0] not in "+-":
        return [token]
    sign = Token("operator", token.text[0], token.start, token.start + 1)
    return [sign, Token("number", token.text[1:], token.start + 1, token.end)]


def closing(found: Sequence[Token]) -> dict[int, int]:
    """Return, for the place of each opening bracket, that of the one that closes it."""
    pairs, opened = {}, []
    for place, token in enumerate(found):
        if token.kind != "operator":
            continue
        if token.text == "(":
            opened.append(place)
        elif token.text == ")" and opened:
            pairs[opened.pop()] = place
    return pairs
