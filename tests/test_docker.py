"""The containers say what the program really takes: commands, options, ports, variables, health checks.

No container is started here; each name in the files is checked against the thing it names.
"""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest
import typer.main
import yaml

from api.cli import app
from api.settings import Settings, database_url
from api.setup import parse_companies
from integrations.sandbox.settings import Settings as CompanySettings
from integrations.sandbox.settings import parse
from layers.city import load_city

COMPANIES = ("water", "power", "gas")


@pytest.fixture(scope="module")
def compose(root: Path) -> dict[str, Any]:
    text = (root / "docker" / "compose.yaml").read_text()
    loaded: dict[str, Any] = yaml.safe_load(re.sub(r"\$\{\w+:-(\w*)\}", r"\1", text))
    return loaded


@pytest.fixture(scope="module")
def dockerfile(root: Path) -> str:
    return (root / "docker" / "Dockerfile").read_text()


def ours(compose: dict[str, Any]) -> dict[str, dict[str, Any]]:
    return {name: each for name, each in compose["services"].items() if each["image"] == "panjereh"}


def run_help(words: list[str]) -> None:
    """The command line knows this command with these options (parsed, not run)."""
    command: Any = typer.main.get_command(app)
    rest = list(words)
    while hasattr(command, "commands"):
        command = command.commands[rest.pop(0)]
    command.make_context(command.name, rest, resilient_parsing=False)


def test_services_are_the_whole_system(compose: dict[str, Any]) -> None:
    assert set(compose["services"]) == {"db", "setup", "api", "worker", *COMPANIES}


def test_every_command_is_one_of_ours(compose: dict[str, Any]) -> None:
    for service in ours(compose).values():
        run_help(service["command"])


def test_companies_are_started_with_real_options(
    compose: dict[str, Any], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    for kind in COMPANIES:
        service = compose["services"][kind]
        for name, value in service["environment"].items():
            assert name.removeprefix("COMPANY_").lower() in CompanySettings.model_fields
            monkeypatch.setenv(name, value)
        secrets = []
        for word in service["command"][1:]:
            option, _, value = word.partition("=")
            if option.endswith("-file"):
                assert (
                    value
                    == f"/data/companies/schutterwald-{kind}.{'token' if 'token' in option else 'webhook'}"
                )
                (tmp_path / "secret").write_text("whsec_c2VjcmV0")
                word = f"{option}={tmp_path / 'secret'}"
            secrets.append(word)
        settings = parse(secrets)
        assert settings.kind == kind
        assert settings.host == "0.0.0.0"


def test_environment_is_read_by_the_settings(
    compose: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("setup", "api", "worker"):
        environment = compose["services"][name]["environment"]
        for variable, value in environment.items():
            assert variable.removeprefix("PANJEREH_").lower() in Settings.model_fields, variable
            monkeypatch.setenv(variable, value)
    settings = Settings()
    assert settings.cities == ["schutterwald"]
    assert settings.address == "http://api:8080"
    assert "@db:5432/panjereh" in database_url(settings)


def test_addresses_ports_and_companies_agree(compose: dict[str, Any], root: Path) -> None:
    services = compose["services"]
    given = [word.removeprefix("--company=") for word in services["setup"]["command"][1:]]
    addresses = parse_companies(given)
    city = load_city(root / "cities", "schutterwald")
    assert set(addresses) == {f"schutterwald/{agency.agency_id}" for agency in city.consulted_agencies}
    for name, address in addresses.items():
        host, port = re.fullmatch(r"http://(\w+):(\d+)", address).groups()  # type: ignore[union-attr]
        assert host == name.split("/")[1]
        assert f"--port={port}" in services[host]["command"]
        assert f"--url=http://127.0.0.1:{port}/v1/health" in services[host]["healthcheck"]["test"]
    published = services["api"]["ports"]
    assert published == ["127.0.0.1:8080:8080"]
    assert services["api"]["environment"]["PANJEREH_PORT"] == "8080"


def test_every_service_has_a_health_check_that_exists(compose: dict[str, Any]) -> None:
    for name, service in compose["services"].items():
        check = service["healthcheck"]
        if name == "setup":
            assert check == {"disable": True}
            continue
        assert check["test"][0] == "CMD"
        if name == "db":
            assert check["test"][1] == "pg_isready"
            continue
        assert check["test"][1] == "panjereh"
        run_help(check["test"][2:])


def test_nothing_starts_before_what_it_needs(compose: dict[str, Any]) -> None:
    for name, service in ours(compose).items():
        needs = service["depends_on"]
        assert needs["db"] == {"condition": "service_healthy"}
        if name != "setup":
            assert needs["setup"] == {"condition": "service_completed_successfully"}


def test_dockerfile_copies_what_is_there_and_runs_what_we_have(dockerfile: str, root: Path) -> None:
    for line in re.findall(r"^COPY (?!--from)(.+)$", dockerfile, re.MULTILINE):
        for source in line.split()[:-1]:
            assert (root / source).exists(), source
    packages = {path.name for path in root.iterdir() if (path / "__init__.py").is_file()} - {"tests", "bench"}
    copied = set(re.findall(r"^COPY (\w+) \1$", dockerfile, re.MULTILINE))
    assert packages <= copied
    assert {"cities", "locales", "migrations"} <= copied
    command = json.loads(re.search(r"^CMD (\[.+\])$", dockerfile, re.MULTILINE)[1])  # type: ignore[index]
    entry = json.loads(re.search(r"^ENTRYPOINT (\[.+\])$", dockerfile, re.MULTILINE)[1])  # type: ignore[index]
    assert entry == ["panjereh"]
    run_help(command)
    health = json.loads(re.search(r"HEALTHCHECK .*CMD (\[.+\])$", dockerfile, re.MULTILINE)[1])  # type: ignore[index]
    run_help(health[1:])


def test_image_is_not_root_and_speaks_on_the_published_port(
    dockerfile: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert re.search(r"^USER panjereh$", dockerfile, re.MULTILINE)
    for name, value in re.findall(r"(PANJEREH_\w+)=(\S+)", dockerfile):
        assert name.removeprefix("PANJEREH_").lower() in Settings.model_fields
        monkeypatch.setenv(name, value)
    settings = Settings()
    assert f"EXPOSE {settings.port}" in dockerfile
    assert settings.host == "0.0.0.0"
    assert str(settings.data_dir) == "/data"


def test_lock_is_installed_with_hashes(dockerfile: str, root: Path) -> None:
    assert "--require-hashes -r requirements.lock" in dockerfile
    assert "--hash=sha256:" in (root / "requirements.lock").read_text()
