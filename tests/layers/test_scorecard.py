"""Levels by threshold, and the cards of a city whose data is known."""

from __future__ import annotations

import pytest

from layers.scorecard import THRESHOLDS, Measure, level, scorecard
from tests.layers.conftest import Town


@pytest.mark.parametrize("measure", Measure)
def test_levels_rise_at_the_thresholds(measure: Measure) -> None:
    limits = THRESHOLDS[measure]
    assert level(measure, 0.0) == 1
    for number, limit in enumerate(limits):
        assert level(measure, limit - 1e-9) == number + 1
        assert level(measure, limit) == number + 2
    assert level(measure, 1.0) == 5


def test_schutterwalds_owners(schutterwald: Town) -> None:
    with schutterwald.engine.connect() as connection:
        cards = {card.agency: card for card in scorecard(connection, schutterwald.city)}
    assert set(cards) == {"gas", "municipality", "power", "telecom", "water"}
    shares = {name: {each.measure: each.share for each in card.scores} for name, card in cards.items()}
    assert (shares["gas"][Measure.DEPTH], shares["water"][Measure.DEPTH]) == (0.0, 1.0)
    assert shares["water"][Measure.DATES] == 1.0
    assert shares["water"][Measure.ACCURACY] == 0.0  # only the layer's default is known
    assert all(card[Measure.VALID_GEOMETRY] == 1.0 for card in shares.values())
    assert cards["gas"].level == 1
    assert cards["water"].features > 2279
