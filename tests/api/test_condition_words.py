"""A condition is told with everything it holds, in both languages, by server and browser alike (A13, A15).

`conditions_in_words.json` is read here and by `web/tests/conditions.test.ts`: the same values, the same words.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from api import i18n
from api.condition_words import condition_text, line_name
from layers.city import load_city

ROOT = Path(__file__).resolve().parents[2]
SHARED: dict[str, Any] = json.loads(
    (Path(__file__).parent / "conditions_in_words.json").read_text(encoding="utf-8")
)
CITY = load_city(ROOT / "cities", "schutterwald")


@pytest.mark.parametrize("language", i18n.LANGUAGES)
@pytest.mark.parametrize("told", SHARED["told"], ids=lambda told: told["code"])
def test_a_condition_is_told_in_full(language: i18n.Language, told: dict[str, Any]) -> None:
    assert condition_text(language, CITY, told["code"], told["params"]) == told[language]


def test_the_names_are_the_citys() -> None:
    """What the browser's half of the test takes as names is what the city says."""
    agencies = {each.agency_id: each.name.as_dict() for each in CITY.agencies}
    layers = {each.layer_id: each.name.as_dict() for each in CITY.layers}
    assert SHARED["names"]["agencies"].items() <= agencies.items()
    assert SHARED["names"]["layers"].items() <= layers.items()


def test_a_line_goes_by_its_layers_name() -> None:
    assert line_name("fa", CITY, "gas_lines/GP/02") == (CITY.layer("gas_lines").name.fa, "GP/02")
    assert line_name("en", CITY, "no_such/1") == ("no_such", "1")
