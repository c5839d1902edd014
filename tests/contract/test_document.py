"""The published documents: valid, and equal to what the reference company does."""

from __future__ import annotations

import json
from typing import Any

import pytest
import yaml
from openapi_spec_validator import validate

from integrations.contract.publish import DOCUMENT, document
from integrations.sandbox.problems import CompanyProblem
from integrations.sandbox.texts import catalogue

EVENTS = DOCUMENT.parent / "webhooks.asyncapi.yaml"


def test_the_document_is_valid_openapi() -> None:
    validate(json.loads(DOCUMENT.read_text(encoding="utf-8")))


def test_the_document_is_what_the_reference_company_says() -> None:
    """`python -m integrations.contract.publish` writes it."""
    assert DOCUMENT.read_text(encoding="utf-8") == document()


def operations() -> list[tuple[str, str, dict[str, Any]]]:
    paths = json.loads(document())["paths"]
    return [(path, method, found) for path, item in paths.items() for method, found in item.items()]


@pytest.mark.parametrize(
    ("path", "method", "operation"), operations(), ids=lambda v: v if isinstance(v, str) else ""
)
def test_every_operation_is_described(path: str, method: str, operation: dict[str, Any]) -> None:
    assert operation["operationId"]
    assert operation["description"]
    if path != "/v1/health":
        assert operation["security"] == [{"HTTPBearer": []}]
    if method == "post":
        [key] = [p for p in operation["parameters"] if p["name"] == "Idempotency-Key"]
        assert key["required"]
        assert set(operation["responses"]) >= {"400", "401", "409", "422", "503"}


def test_the_sandbox_switches_are_no_part_of_the_contract() -> None:
    assert all(path.startswith("/v1/") for path, _, _ in operations())


def test_the_event_document_names_the_same_answer() -> None:
    events = yaml.safe_load(EVENTS.read_text(encoding="utf-8"))
    assert events["asyncapi"].startswith("3.")
    assert {"inquiryAnswered", "orderExecuted"} <= set(events["components"]["messages"])
    schemas = json.loads(document())["components"]["schemas"]
    answer = events["components"]["schemas"]["Answer"]
    assert set(answer["required"]) == set(schemas["Answer"]["required"])
    assert set(answer["properties"]) == set(schemas["Answer"]["properties"])


def test_every_code_has_words_in_both_languages() -> None:
    for section in catalogue().values():
        for code, text in section.items():
            assert sorted(text) == ["en", "fa"], code


def test_every_problem_has_its_own_code() -> None:
    kinds = CompanyProblem.__subclasses__()
    assert len({kind.code for kind in kinds}) == len(kinds)
