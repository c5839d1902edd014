"""The kit certifies the reference company, and finds a company that does not keep the contract."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path
from typing import Any

import pytest
from starlette.types import Receive, Scope, Send

from integrations.contract.bench import Bench, Site
from integrations.contract.certify import certify, main
from integrations.contract.checks import CHECKS
from integrations.contract.listener import Listener
from integrations.sandbox import idempotency, orders, serving

INDEX = {"water": 400, "power": 401, "gas": 402}


@pytest.mark.parametrize("kind", ["water", "power", "gas"])
def test_the_reference_company_is_certified(kind: str, start: Callable[..., Any]) -> None:
    company = start(kind, capacity_factor=50, max_service_length_m=400)
    with Listener() as listener:
        company.bench.listener = listener
        results = certify(company.bench)
    assert [each for each in results if each.result != "passed"] == []
    assert len(results) == len(CHECKS)


def test_without_a_listener_the_webhook_is_not_tried(company: Any) -> None:
    [check] = [each for each in CHECKS if each.__name__.startswith("webhook")]
    assert [each.result for each in certify(company.bench, [check])] == ["not tried"]


def test_the_command_line(company: Any, site: Callable[..., Site], tmp_path: Path, capsys: Any) -> None:
    (tmp_path / "site.json").write_text(json.dumps(asdict(site())))
    out = tmp_path / "result.json"
    arguments = ["--base-url", company.url, "--site", str(tmp_path / "site.json"), "--json", str(out)]
    assert main([*arguments, "--token", company.bench.token]) == 0
    assert "0 failed, 1 not tried" in capsys.readouterr().out
    assert main([*arguments, "--token", "wrong"]) == 1
    assert {each["result"] for each in json.loads(out.read_text())} == {"passed", "failed", "not tried"}


def failing(bench: Bench) -> set[str]:
    return {each.check for each in certify(bench) if each.result == "failed"}


def test_a_company_that_forgets_keys_fails(start: Callable[..., Any], monkeypatch: Any) -> None:
    def forgetful(engine: Any, key: str, mark: str, our_ref: str, effect: Any) -> Any:
        with engine.begin() as connection:
            try:
                return effect(connection)
            except idempotency.Refused as problem:
                return idempotency.refusal(problem)

    from integrations.sandbox import app

    monkeypatch.setattr(app, "once", forgetful)
    assert "other-request-under-the-key" in failing(start().bench)


def test_a_company_without_tombstones_fails(start: Callable[..., Any], monkeypatch: Any) -> None:
    def careless(_connection: Any, our_ref: str) -> Any:
        return idempotency.reply(200, {"our_ref": our_ref, "status": "cancelled"})

    monkeypatch.setattr(orders, "cancel", careless)
    found = failing(start().bench)
    assert {"empty-cancel-bars-a-late-try", "cancel-releases"} <= found


def test_a_company_that_answers_pages_instead_of_json_fails(
    start: Callable[..., Any], monkeypatch: Any
) -> None:
    class Page:
        def __init__(self, _app: Any, _faults: Any) -> None:
            pass

        async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
            if scope["type"] != "http":
                return
            await send({"type": "http.response.start", "status": 200, "headers": [(b"content-length", b"6")]})
            await send({"type": "http.response.body", "body": b"<html>"})

    class NoLifespan(serving.uvicorn.Config):
        def __init__(self, *args: Any, **options: Any) -> None:
            super().__init__(*args, **(options | {"lifespan": "off"}))

    monkeypatch.setattr(serving, "FaultGate", Page)
    monkeypatch.setattr(serving.uvicorn, "Config", NoLifespan)
    company = start()
    company.bench.patience_s = 1
    results = certify(company.bench)
    assert not [each.check for each in results if each.result == "passed"]
