"""`panjereh digs …`: excavations from the terminal, over the REST API."""

from __future__ import annotations

import json
from typing import Annotated, Any

import typer

from api.cli_cases import CityId, Token, Url, open_client

digs = typer.Typer(no_args_is_help=True, help="Excavations, over the REST API.")


@digs.command("list")
def digs_list(
    city_id: CityId = "schutterwald",
    status: Annotated[str | None, typer.Option(help="only excavations of this status")] = None,
    waits_for: Annotated[str | None, typer.Option(help="what this agency must still answer")] = None,
    url: Url = None,
    bearer: Token = None,
) -> None:
    """List the newest excavations."""
    asked = {name: value for name, value in (("status", status), ("waits_for", waits_for)) if value}
    with open_client(url, bearer) as client:
        found = client.get(f"/v1/cities/{city_id}/digs", **asked)
    for each in found["digs"]:
        typer.echo(
            f"{each['dig_id']}  {each['dig_no']:14} {each['kind']:12} {each['status']:20} "
            f"{each['agency'] or '-':14} {each['starts_on'] or '-':10}  {each['title']}"
        )


@digs.command("show")
def digs_show(
    dig_id: Annotated[str, typer.Argument(help="excavation id")],
    city_id: CityId = "schutterwald",
    url: Url = None,
    bearer: Token = None,
) -> None:
    """Show the whole excavation."""
    with open_client(url, bearer) as client:
        view: dict[str, Any] = client.get(f"/v1/cities/{city_id}/digs/{dig_id}")
    typer.echo(json.dumps(view, indent=2, ensure_ascii=False))
