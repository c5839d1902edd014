"""May the case be approved: each reason, each condition."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from permits.decision import (
    ConsultationFacts,
    DecisionFacts,
    obstacles,
    required_conditions,
    with_corridors,
)
from permits.views import Condition
from permits.vocabulary import ConsultationStatus, Wish

NOW = datetime(2026, 3, 2, 9, tzinfo=UTC)
ANSWERED, PENDING, LAPSED = ConsultationStatus.ANSWERED, ConsultationStatus.PENDING, ConsultationStatus.LAPSED


def facts(**changes: Any) -> DecisionFacts:
    base: dict[str, Any] = {
        "is_routed": True,
        "tariff_agencies": ("water", "gas"),
        "wishes": {"water": Wish.NOW, "gas": Wish.NOT_NEEDED},
        "consultations": [ConsultationFacts("water", ANSWERED, True, NOW + timedelta(days=1))],
        "findings": [],
        "missing_layers": [],
    }
    return DecisionFacts(**(base | changes))


def reasons(given: DecisionFacts, *conditions: Condition) -> list[str]:
    return [str(found) for found in obstacles(given, conditions, NOW)]


def asked(
    status: ConsultationStatus, serviceable: bool | None = True, days: int | None = 1
) -> dict[str, Any]:
    until = None if days is None else NOW + timedelta(days=days)
    return {"consultations": [ConsultationFacts("water", status, serviceable, until)]}


def finding(verdict: str, feature: str = "g7") -> dict[str, Any]:
    return {"verdict": verdict, "layer_id": "gas_main", "feature_id": feature}


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({}, []),
        ({"is_routed": False}, ["not-routed"]),
        ({"tariff_agencies": ()}, ["no-agency-in-exchange"]),
        (asked(PENDING), ["consultation-open:water"]),
        (asked(LAPSED, None), ["consultation-lapsed:water"]),
        (asked(ANSWERED, False), ["not-serviceable:water"]),
        (asked(ANSWERED, True, -1), ["offer-expired:water"]),
        (asked(ANSWERED, True, None), []),
        ({"consultations": []}, ["never-asked:water"]),
        ({**asked(ANSWERED, False), "wishes": {"water": Wish.LATER}}, []),
        ({"findings": [finding("violates")]}, ["violates:gas_main/g7"]),
        ({"findings": [finding("undecidable"), finding("clear"), finding("no_information")]}, []),
        (
            {"findings": [finding("violates", "a"), finding("violates", "b")]},
            ["violates:gas_main/a", "violates:gas_main/b"],
        ),
    ],
)
def test_reasons(changes: dict[str, Any], expected: list[str]) -> None:
    assert reasons(facts(**changes)) == expected


def test_t04_nothing_evaluated_is_a_reason() -> None:
    """T4: a case that nobody routed may not be issued, even though no answer is outstanding."""
    assert reasons(facts(is_routed=False, consultations=[], wishes={})) == ["not-routed"]


def override(*refs: str, note: str | None = "the main is moved first") -> Condition:
    return Condition("relocate-first", {"findings": list(refs)}, note)


@pytest.mark.parametrize(
    ("conditions", "expected"),
    [
        ([override("gas_main/g7")], []),
        ([override("*")], []),
        ([override("gas_main/other")], ["violates:gas_main/g7"]),
        ([override("gas_main/g7", note=None)], ["violates:gas_main/g7"]),
        ([override("gas_main/g7", note="  ")], ["violates:gas_main/g7"]),
        ([Condition("hand-dig", {"findings": ["*"]}, "x")], ["violates:gas_main/g7"]),
    ],
)
def test_a_violation_needs_a_named_answer_with_a_reason(
    conditions: list[Condition], expected: list[str]
) -> None:
    assert reasons(facts(findings=[finding("violates")]), *conditions) == expected


def test_silence_is_accepted_only_by_name_and_with_a_reason() -> None:
    """T21, T22: an officer takes the silence upon themselves, in writing."""
    silent = facts(**asked(LAPSED, None))
    assert reasons(silent, Condition("accept-silence", {"agency": "water"}, "called, no objection")) == []
    assert reasons(silent, Condition("accept-silence", {"agency": "gas"}, "x")) == [
        "consultation-lapsed:water"
    ]
    assert reasons(silent, Condition("accept-silence", {"agency": "water"})) == ["consultation-lapsed:water"]


def test_what_cannot_be_decided_becomes_a_trial_pit_and_silence_a_question() -> None:
    given = facts(
        findings=[finding("undecidable", "a"), finding("undecidable", "b"), finding("no_information", "c")],
        missing_layers=["telecom_line"],
    )
    pit, question = required_conditions(given)
    assert (pit.code, pit.params) == ("trial-pit", {"findings": ["gas_main/a", "gas_main/b"]})
    assert question.code == "ask-owner"
    assert question.params == {"findings": ["gas_main/c"], "layers": ["telecom_line"]}
    assert required_conditions(facts(findings=[finding("clear")])) == []


def pit(x: float) -> dict[str, Any]:
    return {"point": {"type": "Point", "coordinates": [x, 48.4]}, "why": "depth-unknown"}


def test_the_permit_says_where_to_dig_the_pits() -> None:
    """Also for what counts as violated only because nobody knows its depth; a shared pit is named once."""
    given = facts(
        findings=[
            {**finding("violates", "a"), "trial_pits": [pit(7.9)]},
            {**finding("undecidable", "b"), "trial_pits": [pit(7.9), pit(7.8)]},
            {**finding("violates", "c"), "trial_pits": []},
        ]
    )
    (asked,) = required_conditions(given)
    assert asked.params == {"findings": ["gas_main/a", "gas_main/b"]}
    assert asked.corridor == {"type": "MultiPoint", "coordinates": [[7.9, 48.4], [7.8, 48.4]]}


def test_what_was_proposed_keeps_its_ground_whatever_came_back() -> None:
    ground = {"type": "Point", "coordinates": [7.9, 48.4]}
    proposed = [{"code": "hand-dig", "params": {"findings": ["a/1", "a/2"]}, "corridor": ground}]
    asked = [
        Condition("hand-dig", {"findings": ["a/2", "a/1"]}, "as agreed"),
        Condition("hand-dig", {"findings": ["a/1"]}, None, {"type": "Point", "coordinates": [0, 0]}),
        Condition("other", {}, "in words"),
    ]
    kept = with_corridors(asked, proposed)
    assert [each.corridor for each in kept] == [ground, {"type": "Point", "coordinates": [0, 0]}, None]
    assert [each.note for each in kept] == ["as agreed", None, "in words"]
