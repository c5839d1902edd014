"""The `panjereh` command. Heavy modules are imported by the command that needs them: help is quick."""

from __future__ import annotations

import sys
from contextlib import suppress
from pathlib import Path
from typing import Annotated, Any

import typer

from api import cli_checkpoint, i18n
from api.cli_audit import CityFirst, audit_city, renew
from api.cli_cases import Token, Url, case
from api.cli_crisis import isolate
from api.cli_deliveries import delivery, scorecard
from api.cli_digs import digs
from api.cli_layers import register as register_layers
from api.settings import Settings, database_url
from api.teller import Teller
from geo.errors import PanjerehError
from permits.vocabulary import Role

app = typer.Typer(
    no_args_is_help=True,
    help="Panjereh: one window for permits and utilities.",
    pretty_exceptions_enable=False,
)
db = typer.Typer(no_args_is_help=True, help="The database.")
city = typer.Typer(no_args_is_help=True, help="Cities and their layers.")
audit = typer.Typer(
    no_args_is_help=True,
    cls=CityFirst,
    help="CITY --out DIR: a city's lines against the rules; verify, checkpoint, key: the tamper-evident history.",
)
token = typer.Typer(no_args_is_help=True, help="Access tokens.")
for name, group in (
    ("db", db),
    ("city", city),
    ("case", case),
    ("delivery", delivery),
    ("audit", audit),
    ("token", token),
    ("digs", digs),
):
    app.add_typer(group, name=name)
register_layers(city)
city.command("scorecard")(scorecard)
app.command("isolate")(isolate)
audit.command("city")(audit_city)
audit.command("renew")(renew)
audit.command("verify")(cli_checkpoint.verify)
audit.command("checkpoint")(cli_checkpoint.checkpoint)
audit.command("key")(cli_checkpoint.make_key)
app.command("reconcile")(cli_checkpoint.reconcile)


def main() -> None:
    """Run the command; a refusal is told in words and ends with 1, a database that is away ends with 2."""
    try:
        app()
    except PanjerehError as error:
        typer.echo(f"{error.code}: {_worded(error)}", err=True)
        sys.exit(1)
    except Exception as error:
        from api import cli_errors

        said = cli_errors.told(error)
        if not said:
            raise
        for line in said:
            typer.echo(line, err=True)
        sys.exit(cli_errors.DATABASE)


def _worded(error: PanjerehError) -> str:
    message_id = f"error-{error.code}"
    if i18n.knows("en", message_id):
        return f"{i18n.plain('en', message_id, error.params)}\n{_details(error)}".rstrip()
    return error.message


def _details(error: PanjerehError) -> str:
    return "\n".join(f"  {name}: {value}" for name, value in error.params.items())


def _home() -> Any:
    from api.home import Home

    return Home(Settings())


@db.command("up")
def db_up() -> None:
    """Start the private cluster and leave it running; make and migrate the database."""
    from layers.cluster import Cluster
    from layers.database import migrate

    settings = Settings()
    cluster = Cluster(settings.data_dir.resolve(), keep_running=True)
    cluster.ensure_running()
    migrate(cluster.ensure_database(settings.database_name))
    typer.echo(cluster.url(settings.database_name))


@db.command("down")
def db_down() -> None:
    """Stop the private cluster; no error when it does not run."""
    from layers.cluster import Cluster

    Cluster(Settings().data_dir.resolve()).stop()
    typer.echo("stopped")


@db.command("status")
def db_status() -> None:
    """Say whether the private cluster answers; exit code 1 when it does not."""
    from layers.cluster import Cluster

    running = Cluster(Settings().data_dir.resolve()).is_running()
    typer.echo("running" if running else "stopped")
    raise typer.Exit(0 if running else 1)


@db.command("url")
def db_url() -> None:
    """Print the address of the database, as SQLAlchemy writes it."""
    typer.echo(database_url(Settings()))


@db.command("ping")
def db_ping() -> None:
    """Say whether the configured database answers; exit code 1 when it does not."""
    from sqlalchemy import text
    from sqlalchemy.exc import DBAPIError

    from layers.database import make_engine

    engine = make_engine(database_url(Settings()), pool_size=1)
    try:
        with engine.connect() as connection:
            connection.execute(text("SELECT 1"))
    except DBAPIError as error:
        typer.echo(str(error.orig).strip(), err=True)
        raise typer.Exit(1) from None
    finally:
        engine.dispose()
    typer.echo("ok")


@app.command()
def health(
    url: Annotated[str | None, typer.Option(help="health address; default: this machine's API")] = None,
) -> None:
    """Ask a health address; exit code 1 when it does not answer 200."""
    import httpx2

    settings = Settings()
    address = url or f"http://127.0.0.1:{settings.port}/v1/health"
    try:
        response = httpx2.get(address, timeout=4.0, trust_env=False)
    except httpx2.HTTPError as error:
        typer.echo(f"{address}: {error}", err=True)
        raise typer.Exit(1) from None
    typer.echo(response.text)
    raise typer.Exit(0 if response.status_code == 200 else 1)


@app.command()
def setup(
    company_addresses: Annotated[
        list[str] | None, typer.Option("--company", help="city/agency=address of a company; repeatable")
    ] = None,
) -> None:
    """Migrate, import the cities, make tokens and the agencies file; for installations without `run`."""
    from api import setup as steps
    from layers.city import load_city
    from layers.database import make_engine
    from layers.database import migrate as upgrade

    home = _home()
    url = database_url(home.settings)
    upgrade(url)
    steps.connect_companies(home, steps.parse_companies(company_addresses or []))
    engine = make_engine(url, application_name="panjereh-setup", pool_size=2)
    places = [load_city(home.settings.cities_dir, city_id) for city_id in home.settings.cities]
    steps.import_cities(engine, home, places, typer.echo)
    steps.store_tokens(engine, home)
    engine.dispose()


@app.command()
def address(
    person: Annotated[
        str,
        typer.Option(
            "--as", help="officer-1, officer-2, front-1, crisis-1, auditor-1, water-1, power-1, gas-1"
        ),
    ] = "officer-1",
) -> None:
    """Print the page's address with the token of one of the demonstration's people."""
    home = _home()
    port = home.state().get("ports", {}).get("api", home.settings.port)
    known = home.tokens()
    if person not in known:
        raise typer.BadParameter(f"known: {', '.join(known)}")
    typer.echo(f"http://127.0.0.1:{port}/#token={known[person]}")


@app.command()
def migrate() -> None:
    """Bring the schema to its newest revision."""
    from layers.database import migrate as upgrade

    upgrade(database_url(Settings()))
    typer.echo("migrated")


@city.command("list")
def city_list() -> None:
    """List the cities that there are files for; a star marks those that are served."""
    from layers.city import city_ids, load_city

    settings = Settings()
    for city_id in city_ids(settings.cities_dir):
        place = load_city(settings.cities_dir, city_id)
        mark = "*" if city_id in settings.cities else " "
        typer.echo(f"{mark} {city_id:16} {place.crs:12} {place.name.en}")


@city.command("import")
def city_import(
    city_ids: Annotated[
        list[str] | None, typer.Argument(help="city ids; default: those that are served")
    ] = None,
) -> None:
    """Read a city's deliveries and publish them; what was delivered before is left as it is."""
    from layers.city import load_city
    from layers.database import make_engine
    from layers.ingest import import_city

    settings = Settings()
    engine = make_engine(database_url(settings), application_name="panjereh-import", pool_size=2)
    for city_id in city_ids or settings.cities:
        for report in import_city(engine, load_city(settings.cities_dir, city_id), settings.cities_dir):
            typer.echo(
                f"{report.city_id:14} {report.layer_id:24} {report.outcome:12} read {report.read:6}"
                f" repaired {report.repaired:4} refused {report.refused:4} added {report.diff.added:6}"
            )
    engine.dispose()


@city.command("report")
def city_report(city_id: Annotated[str, typer.Argument(help="city id")]) -> None:
    """Show how fresh each layer of a city is."""
    from datetime import UTC, datetime

    from layers import query
    from layers.city import load_city
    from layers.database import make_engine

    settings = Settings()
    place = load_city(settings.cities_dir, city_id)
    engine = make_engine(database_url(settings), pool_size=1)
    with engine.connect() as connection:
        found = query.freshness(connection, place, datetime.now(UTC).date())
    engine.dispose()
    for each in found:
        typer.echo(f"{each.layer_id:24} {each.state}")


@token.command("create")
def token_create(
    actor: Annotated[str, typer.Argument(help="actor id")],
    role: Annotated[Role, typer.Option(help="what the actor may do")],
    actor_name: Annotated[str | None, typer.Option("--name", help="the actor's name")] = None,
    agency: Annotated[str | None, typer.Option(help="agency id, for the role agency")] = None,
    city_id: Annotated[str | None, typer.Option("--city", help="only in this city")] = None,
) -> None:
    """Make a token and print it: it is not shown again."""
    from api import tokens
    from layers.database import make_engine, make_sessions

    if (role is Role.AGENCY) != (agency is not None):
        raise typer.BadParameter("--agency goes with the role agency, and only with it")
    engine = make_engine(database_url(Settings()), pool_size=1)
    with make_sessions(engine).begin() as session:
        typer.echo(tokens.create_token(session, actor, role, name=actor_name, agency=agency, city_id=city_id))
    engine.dispose()


@token.command("revoke")
def token_revoke(actor: Annotated[str, typer.Argument(help="actor id")]) -> None:
    """Revoke every token of an actor, and the sessions opened with them."""
    from api import tokens
    from layers.database import make_engine, make_sessions

    engine = make_engine(database_url(Settings()), pool_size=1)
    with make_sessions(engine).begin() as session:
        typer.echo(f"{tokens.revoke_tokens(session, actor)} revoked")
    engine.dispose()


@app.command()
def serve() -> None:
    """Serve the API and the page (host and port by PANJEREH_HOST and PANJEREH_PORT)."""
    import uvicorn

    from api.app import create_app
    from api.http1 import server_config

    settings = Settings()
    config = server_config(create_app(settings), settings.host, settings.port, timeout_graceful_shutdown=3)
    server = uvicorn.Server(config)
    with suppress(KeyboardInterrupt):
        server.run()
    if not server.started:
        raise typer.Exit(3)


@app.command()
def worker() -> None:
    """Deliver what the cases owe the agencies, until stopped."""
    from api.worker import main as work

    work(Settings())


@app.command(
    context_settings={"allow_extra_args": True, "ignore_unknown_options": True, "help_option_names": []}
)
def company(context: typer.Context) -> None:
    """Run a sandbox company; the options are those of `python -m integrations.sandbox`."""
    from integrations.sandbox.serving import run as serve_company
    from integrations.sandbox.settings import parse

    serve_company(parse(context.args))


@app.command()
def run(
    once: Annotated[bool, typer.Option("--once", help="end with 0 after the demonstration's table")] = False,
    show: Annotated[bool, typer.Option("--open", help="open the page in the browser")] = False,
    port: Annotated[int | None, typer.Option(help="the API's port")] = None,
    data_dir: Annotated[Path | None, typer.Option(help="where everything is kept")] = None,
) -> None:
    """Start the database, the API, the worker and the companies; play a first case; stay until Ctrl-C."""
    from api.run import run as start

    settings = Settings()
    changes: dict[str, object] = {}
    if port is not None:
        changes["port"] = port
    if data_dir is not None:
        changes["data_dir"] = data_dir
    raise typer.Exit(start(settings.with_(**changes), Teller(), once=once, show=show))


@app.command()
def stop() -> None:
    """Stop an earlier `panjereh run`, and a private cluster that was left running."""
    from api.stop import stop as end

    end(Settings(), Teller())


@app.command()
def demo(url: Url = None, bearer: Token = None) -> None:
    """Play the demonstration's case again against the running system; at a company's desk its person acts."""
    from api import demo as script
    from api.demo_desk import desk_people
    from layers.city import load_city

    home = _home()
    settings = home.settings
    port = home.state().get("ports", {}).get("api", settings.port)
    place = load_city(settings.cities_dir, settings.cities[0])
    teller = Teller()
    story = script.play(
        url or f"http://{settings.host}:{port}",
        bearer or home.tokens()["officer-1"],
        place,
        database_url(settings),
        teller,
        desk_people(home.tokens()) if url is None else {},  # nobody here works for another system
    )
    script.tell(story, place, teller)
