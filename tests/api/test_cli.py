"""The command line against a real API and a real database."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from sqlalchemy import text
from typer.testing import CliRunner

from api import demo
from api.cli import app, main
from layers.city import load_city
from layers.cluster import Cluster
from layers.database import make_engine
from permits.vocabulary import Role
from tests.api.conftest import Served


@pytest.fixture
def run(api: Served, monkeypatch: pytest.MonkeyPatch) -> Any:
    """Runs the command with the settings of the served API; returns its output after a check of its exit code."""
    monkeypatch.setenv("PANJEREH_DATABASE_URL", api.settings.database_url or "")
    monkeypatch.setenv("PANJEREH_DATA_DIR", str(api.settings.data_dir))
    monkeypatch.setenv("PANJEREH_CITIES", '["schutterwald"]')
    monkeypatch.setenv("PANJEREH_PORT", str(api.settings.port))

    def invoke(*words: str, code: int = 0) -> str:
        done = CliRunner().invoke(app, list(words), catch_exceptions=False)
        assert done.exit_code == code, done.output
        return done.output

    return invoke


def test_operators_commands(run: Any, api: Served) -> None:
    assert run("db", "ping").strip() == "ok"
    assert "database" in run("health")
    assert run("migrate").strip() == "migrated"
    assert run("db", "url").startswith("postgresql+psycopg2://")
    listed = run("city", "list")
    assert "* schutterwald" in listed
    assert "  karhula" in listed
    assert "unchanged" in run("city", "import")
    assert "parcels" in run("city", "report", "schutterwald")
    assert f"http://127.0.0.1:{api.settings.port}/#token=" in run("address")
    assert run("address", "--as", "gas-1") != run("address")
    assert "gas-1" in run("address", "--as", "nobody", code=2)


def test_token_is_shown_once_works_and_can_be_revoked(run: Any, api: Served) -> None:
    token = run("token", "create", "clerk-7", "--role", "front_office", "--name", "Clerk Seven").strip()
    with api.client(None, Authorization=f"Bearer {token}") as client:
        assert client.get("/v1/me").json()["name"] == "Clerk Seven"
        assert run("token", "revoke", "clerk-7").strip() == "1 revoked"
        assert client.get("/v1/me").status_code == 401
    assert "--agency" in run("token", "create", "x", "--role", "agency", code=2)
    engine = make_engine(api.settings.database_url or "", pool_size=1)
    with engine.connect() as connection:
        kept = connection.execute(text("SELECT token::text FROM access.token")).scalars().all()
    engine.dispose()
    assert not any(token in row for row in kept)


def test_a_case_from_the_terminal(run: Any, api: Served, tmp_path: Path) -> None:
    city = load_city(api.settings.cities_dir, "schutterwald")
    engine = make_engine(api.settings.database_url or "", pool_size=1)
    with engine.connect() as connection:
        body = demo.request_body(demo.candidates(connection, city, 1)[0], city)
    engine.dispose()
    file = tmp_path / "request.json"
    file.write_text(json.dumps(body))
    who = ("--url", api.url, "--bearer", api.tokens[Role.OFFICER])
    view = json.loads(run("case", "submit", str(file), *who))
    assert view["status"] == "consulting"
    assert view["case_no"] in run("case", "list", *who)
    assert json.loads(run("case", "show", view["case_id"], *who))["case_no"] == view["case_no"]
    assert "case.submitted" in run("case", "history", view["case_id"], *who)
    assert "1 chains verified, 0 broken" in run("audit", "verify")
    assert "1 chains verified, 0 broken" in run("audit", "verify", "--case", view["case_id"])


@pytest.mark.parametrize("words", [["audit", "verify"], ["city", "report", "schutterwald"], ["migrate"]])
def test_a_database_that_is_away_is_one_line_in_each_language(
    words: list[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """T7: no traceback at the terminal; exit code 2, and what to do."""
    monkeypatch.setenv("PANJEREH_DATABASE_URL", f"postgresql+psycopg2://x@/none?host={tmp_path}")
    monkeypatch.setattr("sys.argv", ["panjereh", *words])
    with pytest.raises(SystemExit) as ended:
        main()
    said = capsys.readouterr().err.strip().splitlines()
    assert (ended.value.code, len(said)) == (2, 2)
    assert said[0].startswith("The database does not answer (")
    assert said[1].startswith("پایگاه داده پاسخ نمی‌دهد (")


def test_a_database_without_the_schema_says_so(
    cluster: Cluster, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """T7: a database that was never brought up to date is told apart from one that is away."""
    name = f"bare_{uuid4().hex[:10]}"
    monkeypatch.setenv("PANJEREH_DATABASE_URL", cluster.create_database(name))
    monkeypatch.setattr("sys.argv", ["panjereh", "audit", "verify"])
    with pytest.raises(SystemExit) as ended:
        main()
    cluster.drop_database(name)
    assert ended.value.code == 2
    assert "panjereh migrate" in capsys.readouterr().err


def test_a_tampered_history_is_named(run: Any, api: Served, tmp_path: Path) -> None:
    test_a_case_from_the_terminal(run, api, tmp_path)
    engine = make_engine(api.settings.database_url or "", pool_size=1)
    with engine.begin() as connection:
        connection.execute(text("SET LOCAL session_replication_role = replica"))
        connection.execute(text("UPDATE permits.audit SET body = replace(body, 'a', 'b') WHERE n = 2"))
    engine.dispose()
    said = run("audit", "verify", code=1)
    assert "entry 2" in said
    assert "1 broken" in said
