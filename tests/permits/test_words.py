"""Every value that is shown has its words in both languages."""

from __future__ import annotations

import inspect
import re
from enum import StrEnum

import pytest

from geo.errors import PanjerehError
from permits import errors
from permits.vocabulary import (
    Action,
    CaseStatus,
    ConsultationStatus,
    DecisionOutcome,
    DigMethod,
    ExchangeState,
    OrderState,
    Purpose,
    Role,
    StepOp,
    StepState,
    TariffClass,
    TaskKind,
    Wish,
    Works,
)
from tests.permits.town import ROOT

PREFIXES: dict[str, type[StrEnum]] = {
    "action": Action,
    "consultation": ConsultationStatus,
    "decision": DecisionOutcome,
    "exchange": ExchangeState,
    "method": DigMethod,
    "op": StepOp,
    "order": OrderState,
    "purpose": Purpose,
    "role": Role,
    "status": CaseStatus,
    "step": StepState,
    "tariff": TariffClass,
    "task": TaskKind,
    "wish": Wish,
    "works": Works,
}


@pytest.mark.parametrize("language", ["en", "fa"])
def test_every_value_and_refusal_has_its_words(language: str) -> None:
    known = set(
        re.findall(r"^([a-z][a-z0-9-]*) =", (ROOT / "locales" / f"{language}.ftl").read_text("utf-8"), re.M)
    )
    wanted = {f"{prefix}-{value.replace('_', '-')}" for prefix, enum in PREFIXES.items() for value in enum}
    classes = [c for _, c in inspect.getmembers(errors, inspect.isclass) if issubclass(c, PanjerehError)]
    wanted |= {f"error-{c.code}" for c in classes}
    assert wanted - known == set()
