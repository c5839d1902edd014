"""The city-wide audit from the command line and over HTTP: a list of where to survey first, never of offences."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import httpx2
import pytest
from typer.testing import CliRunner

from api import i18n
from api.cli import app
from permits.vocabulary import Role
from tests.api.conftest import Served

Problem = Callable[[httpx2.Response], str]
LIST = "/v1/cities/schutterwald/survey-list"


@pytest.fixture
def run(api: Served, monkeypatch: pytest.MonkeyPatch) -> Callable[..., str]:
    monkeypatch.setenv("PANJEREH_DATABASE_URL", api.settings.database_url or "")
    monkeypatch.setenv("PANJEREH_DATA_DIR", str(api.settings.data_dir))

    def invoke(*words: str, code: int = 0) -> str:
        done = CliRunner().invoke(app, list(words), catch_exceptions=False)
        assert done.exit_code == code, done.output
        return done.output

    return invoke


def test_audit_of_a_city(run: Callable[..., str], api: Served, tmp_path: Path, problem_of: Problem) -> None:
    """Files, page and table; then the kept list, to each by what one may see, within a window of the map (A13)."""
    with api.client() as officer:
        assert problem_of(officer.get(LIST)) == "survey-list-missing"
    out = tmp_path / "audit"
    told = run("audit", "schutterwald", "--out", str(out), "--top", "5", "--limit", "200", "--lang", "fa")
    assert i18n.plain("fa", "survey-note") in told
    assert "تخلف نیست" in told
    assert {path.name for path in out.iterdir()} == {
        "audit.parquet", "audit.gpkg", "audit.geojson", "audit.html",
    }  # fmt: skip
    _check_page(out / "audit.html")
    with api.client() as officer:
        answer = officer.get(LIST, params={"limit": 30})
        assert (answer.status_code, answer.headers["cache-control"]) == (200, "private, no-store")
        said = answer.json()
        assert "Not a list of offences" in said["note"]["en"]
        assert "تخلف نیست" in said["note"]["fa"]
        assert [each["id"] for each in said["features"]] == list(range(1, 31))
        assert said["counts"]["pairs"] > 1000
        west, south = said["features"][0]["geometry"]["coordinates"][0]
        window = f"{west - 0.001},{south - 0.001},{west + 0.001},{south + 0.001}"
        near = officer.get(LIST, params={"bbox": window}).json()["features"]
        assert said["features"][0]["id"] in {each["id"] for each in near}
        assert officer.get(LIST, params={"bbox": "1,1,2,2"}).json()["features"] == []
        for wrong in ("1,2,3", "9,9,8,8", "a,b,c,d"):
            assert problem_of(officer.get(LIST, params={"bbox": wrong})) == "parameter-invalid"
        assert officer.get(LIST, params={"limit": 5000}).status_code == 422
        assert problem_of(officer.get(LIST, params={"limits": 5})) == "unknown-parameter"
    for role, status in (
        (Role.AGENCY, 200),
        (Role.AUDITOR, 200),
        (Role.FRONT_OFFICE, 403),
        (Role.APPLICANT, 403),
    ):
        with api.client(role) as client:
            assert client.get(LIST).status_code == status
    with api.client(None) as nobody:
        assert nobody.get(LIST).status_code == 401


def _check_page(path: Path) -> None:
    """One file that asks no other host for anything, with both languages in it."""
    page = path.read_text(encoding="utf-8")
    assert not re.search(
        r"""(?:src|href)\s*=\s*["']?(?!data:)|https?://|@import|fetch\(|XMLHttpRequest""", _script(page)
    )
    found = re.search(r"const data = (\{.*\});\n", page)
    assert found is not None
    assert "<" not in found.group(1)
    data: dict[str, Any] = json.loads(found.group(1))
    assert data["words"]["en"]["note"].startswith(
        "A ranked list of where to survey first. Not a list of offences"
    )
    assert "فهرست تخلف نیست" in data["words"]["fa"]["note"]
    assert data["words"]["en"].keys() == data["words"]["fa"].keys()
    assert [pair[0] for pair in data["pairs"]] == list(range(1, len(data["pairs"]) + 1))
    for pair in data["pairs"]:
        for line in pair[4:6]:
            assert data["lines"][line][5], "the line is drawn"


def _script(page: str) -> str:
    """The page without its data, in which a rule's source may name an address."""
    return re.sub(r"const data = \{.*\};\n", "", page)


def test_a_city_before_the_commands(run: Callable[..., str]) -> None:
    assert "chains verified" in run("audit", "verify")
    assert "--processes" in run("audit", "city", "--help")
    run("audit", "schutterwald", code=2)  # no folder was named
