"""What a column's name says: its words, the unit among them, and how well it is a field's name."""

from __future__ import annotations

import re
from collections.abc import Sequence

from layers.field_words import FIELD_WORDS, UNIT_WORDS, WRITERS_IDS
from layers.readers.text import fold_digits, normal_letters

_SPLIT = re.compile(r"[^\w]+|_+|(?<=[a-zäöüß])(?=[A-ZÄÖÜ])|(?<=[A-Za-z])(?=\d{2,})")
_LANGUAGES = ("en", "fa", "de")


def words_of(name: str) -> list[str]:
    """Return the parts of a name in lower case: "PipeDia_mm" is pipe, dia, mm."""
    return [part.lower() for part in _SPLIT.split(normal_letters(fold_digits(name))) if part]


def unit_in(words: Sequence[str]) -> tuple[str | None, str]:
    """Return the unit in a name's words, and the name without it."""
    found = [word for word in words[1:] if word in UNIT_WORDS]
    left = [word for word in words if word not in found[-1:]]
    return (UNIT_WORDS[found[-1]] if found else None), " ".join(left)


def score_of(name: str, field_name: str) -> tuple[float, str]:
    """Return how well a column's name is one of a field's, and in which language; 0: not at all."""
    best = (0.0, "")
    for language in _LANGUAGES:
        for known in FIELD_WORDS.get(field_name, {}).get(language, ()):
            if name == known:
                # A number that the writing program gave is the id only where the agency has none of its own.
                score = 0.99 if known in WRITERS_IDS else 1.0 + 0.01 * len(known.split())
            elif len(known) > 3 and (name.startswith(f"{known} ") or name.endswith(f" {known}")):
                score = 0.6
            else:
                continue
            best = max(best, (score, language), key=lambda pair: pair[0])
    return best
