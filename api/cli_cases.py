"""`panjereh case …`: cases from the terminal, over the REST API."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Annotated, Any

import typer

case = typer.Typer(no_args_is_help=True, help="Cases, over the REST API.")

Url = Annotated[str | None, typer.Option(help="address of the API; default: the running one")]
Token = Annotated[str | None, typer.Option(help="bearer token; default: the demonstration's officer")]
CityId = Annotated[str, typer.Option("--city", help="city id")]
CaseId = Annotated[str, typer.Argument(help="case id")]


def open_client(url: str | None, bearer: str | None) -> Any:
    """A client of the running API, with the demonstration officer's token unless another is given."""
    from api.client import Client
    from api.home import Home
    from api.settings import Settings

    home = Home(Settings())
    port = home.state().get("ports", {}).get("api", home.settings.port)
    return Client(url or f"http://{home.settings.host}:{port}", bearer or home.tokens()["officer-1"])


def _show(value: Any) -> None:
    typer.echo(json.dumps(value, indent=2, ensure_ascii=False))


@case.command("submit")
def case_submit(
    file: Annotated[Path, typer.Argument(help="JSON file with the body of POST …/cases, or - for stdin")],
    city_id: CityId = "schutterwald",
    key: Annotated[str | None, typer.Option(help="Idempotency-Key; default: a fresh one")] = None,
    url: Url = None,
    bearer: Token = None,
) -> None:
    """Submit a request and show the case with its findings."""
    text = sys.stdin.read() if str(file) == "-" else file.read_text(encoding="utf-8")
    with open_client(url, bearer) as client:
        _show(client.post(f"/v1/cities/{city_id}/cases", json.loads(text), key))


@case.command("show")
def case_show(
    case_id: CaseId, city_id: CityId = "schutterwald", url: Url = None, bearer: Token = None
) -> None:
    """Show the whole case."""
    with open_client(url, bearer) as client:
        _show(client.get(f"/v1/cities/{city_id}/cases/{case_id}"))


@case.command("list")
def case_list(
    city_id: CityId = "schutterwald",
    status: Annotated[str | None, typer.Option(help="only cases of this status")] = None,
    url: Url = None,
    bearer: Token = None,
) -> None:
    """List the newest cases."""
    with open_client(url, bearer) as client:
        found = client.get(f"/v1/cities/{city_id}/cases", **({"status": status} if status else {}))
    for each in found["cases"]:
        typer.echo(f"{each['case_id']}  {each['case_no']:14} {each['status']:18} {each['parcel_id']}")


@case.command("approve")
def case_approve(
    case_id: CaseId,
    note: Annotated[
        str | None, typer.Option(help="why violations are accepted: a protective-measures condition for all")
    ] = None,
    city_id: CityId = "schutterwald",
    url: Url = None,
    bearer: Token = None,
) -> None:
    """Approve the case as it stands now."""
    path = f"/v1/cities/{city_id}/cases/{case_id}"
    conditions = (
        [{"code": "protective-measures", "params": {"findings": ["*"]}, "note": note}] if note else []
    )
    with open_client(url, bearer) as client:
        version = client.get(path)["version"]
        _show(client.post(f"{path}/approve", {"expected_version": version, "conditions": conditions}))


@case.command("complete")
def case_complete(
    case_id: CaseId,
    certificate: Annotated[str, typer.Option(help="number of the completion certificate")],
    permanent_class: Annotated[str, typer.Option(help="the tariff class to return to")] = "residential",
    city_id: CityId = "schutterwald",
    url: Url = None,
    bearer: Token = None,
) -> None:
    """Complete the case: the tariffs return to their permanent class."""
    path = f"/v1/cities/{city_id}/cases/{case_id}"
    with open_client(url, bearer) as client:
        body = {
            "expected_version": client.get(path)["version"],
            "certificate_no": certificate,
            "permanent_class": permanent_class,
        }
        _show(client.post(f"{path}/complete", body))


@case.command("history")
def case_history(
    case_id: CaseId, city_id: CityId = "schutterwald", url: Url = None, bearer: Token = None
) -> None:
    """Show the chained history."""
    with open_client(url, bearer) as client:
        for entry in client.get(f"/v1/cities/{city_id}/cases/{case_id}/history"):
            typer.echo(
                f"{entry['n']:4} {entry['at']} {entry['actor']:12} {entry['event']:28} {entry['hash'][:16]}"
            )
