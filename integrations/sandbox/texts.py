"""The company's own words for its codes, in English and Persian."""

from __future__ import annotations

import tomllib
from functools import cache
from pathlib import Path

Words = dict[str, str]
"""{"en": …, "fa": …}"""


@cache
def catalogue() -> dict[str, dict[str, Words]]:
    """Every text by section (`reason`, `condition`, `refusal`) and code."""
    return tomllib.loads((Path(__file__).parent / "texts.toml").read_text(encoding="utf-8"))


def words(section: str, code: str, **values: object) -> Words:
    """The text of a code in both languages, with its values filled in.

    Raises KeyError for a code that has no text: a company does not answer in bare codes.
    """
    return {language: text.format(**values) for language, text in catalogue()[section][code].items()}
