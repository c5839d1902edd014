"""`panjereh delivery …` and `panjereh city scorecard`: layers delivered from the terminal, straight to the database."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path
from typing import Annotated, Any

import typer

from api import i18n
from layers.deliveries import Choice

delivery = typer.Typer(no_args_is_help=True, help="Deliveries of layers.")

CityId = Annotated[str, typer.Option("--city", help="city id")]
LayerId = Annotated[str, typer.Argument(help="layer id")]
Number = Annotated[int, typer.Argument(help="number of the delivery")]


@dataclass(frozen=True, slots=True)
class _Desk:
    engine: Any
    place: Any


@contextmanager
def _desk(city_id: str) -> Iterator[_Desk]:
    from api.settings import Settings, database_url
    from layers.city import load_city
    from layers.database import make_engine

    settings = Settings()
    engine = make_engine(database_url(settings), application_name="panjereh-deliver", pool_size=3)
    try:
        yield _Desk(engine, load_city(settings.cities_dir, city_id))
    finally:
        engine.dispose()


def _tell(desk: _Desk, layer_id: str, delivery_id: int) -> dict[str, Any]:
    from api.words_of_deliveries import as_json
    from layers import deliveries as stored

    with desk.engine.connect() as connection:
        row = stored.one(connection, desk.place.city_id, layer_id, delivery_id)
        current = stored.shown(connection, desk.place.city_id, layer_id)
    return as_json(row, desk.place, current, "en")


def _line(made: dict[str, Any]) -> str:
    counts = made["counts"] or {}
    said = " ".join(f"{name} {count}" for name, count in counts.items() if count)
    mark = "*" if made["current"] else " "
    state = i18n.plain("en", f"delivery-{made['state']}")
    return f"{mark}{made['delivery_id']:>6} {made['updated_at'][:19]} {state:28} {made['file_name'] or '-'}  {said}"


def _show(made: dict[str, Any]) -> None:
    typer.echo(_line(made))
    if made["problem"]:
        typer.echo(f"  {made['problem']['detail']}")
    report = made["report"] or {}
    for code, count in report.get("counts", {}).items():
        severity, _, slug = code.partition(":")
        typer.echo(f"  {severity}: {i18n.plain('en', f'issue-{slug}')} x{count}")
    if grid := (report.get("facts") or {}).get("local_grid"):
        typer.echo(f"  local grid: {grid['model']} by {grid['points']} points, rms {grid['rms_m']:.3f} m")
        for number, (east, north) in enumerate(grid["residuals_m"]):
            aside = "  set aside" if number in grid["rejected"] else ""
            typer.echo(f"    point {number + 1}: {east:+.3f} m east, {north:+.3f} m north{aside}")
    for each in (report.get("agreement") or {}).get("compared", []):
        typer.echo(f"  {each['layer_id']} ({each['how']}): {_agreement(each)}")


def _agreement(each: dict[str, Any]) -> str:
    if each["verdict"] == "off":
        east, north = each["offset_m"]
        names = ", ".join(known["name"] for known in each["looks_like"])
        errors = [error for error in each.get("offset_error_m") or [] if error is not None]
        sure = f" (± {max(errors):.2f} m)" if errors else ""
        return (
            f"off by {east:+.2f} m east, {north:+.2f} m north{sure}{f'; looks like {names}' if names else ''}"
        )
    if each["verdict"] == "agrees":
        within = each["within_m"]
        return (
            f"agrees within {within:.2f} m"
            if within is not None
            else f"agrees ({each['share']:.0%} in place)"
        )
    return f"nothing to be said ({each['reason']})"


@delivery.command("send")
def send(
    layer_id: LayerId,
    file: Annotated[Path, typer.Argument(help="the file, as the agency has it")],
    city_id: CityId = "schutterwald",
    as_of: Annotated[datetime | None, typer.Option(formats=["%Y-%m-%d"], help="the day it shows")] = None,
    preview: Annotated[bool, typer.Option("--preview", help="everything but publishing")] = False,
    incremental: Annotated[bool, typer.Option("--incremental", help="what came or changed only")] = False,
    table: Annotated[str | None, typer.Option(help="which table of the file")] = None,
) -> None:
    """Deliver a file; exit code 1 unless it is published, unchanged or previewed."""
    from layers import deliveries as stored
    from layers.handling import Handling

    with _desk(city_id) as desk:
        spec = desk.place.layer(layer_id)
        how = Handling(as_of=as_of.date() if as_of else None, preview=preview, incremental=incremental)
        size = file.stat().st_size if file.is_file() else 0
        receipt = stored.Receipt(file.name, size, "cli", how)
        number = stored.receive(desk.engine, desk.place, layer_id, receipt)
        alive = stored.Alive(desk.engine)
        chosen = replace(spec, table=table) if table else spec
        with alive.holding(number):
            stored.run(desk.engine, desk.place, chosen, file, replace(how, delivery_id=number))
        alive.close()
        made = _tell(desk, layer_id, number)
    _show(made)
    raise typer.Exit(0 if made["state"] in {"published", "unchanged", "previewed"} else 1)


@delivery.command("list")
def listed(layer_id: LayerId, city_id: CityId = "schutterwald", limit: int = 20) -> None:
    """List a layer's deliveries, newest first; a star marks the one that is shown."""
    from api.words_of_deliveries import as_json
    from layers import deliveries as stored

    with _desk(city_id) as desk, desk.engine.connect() as connection:
        current = stored.shown(connection, city_id, layer_id)
        for row in stored.listed(connection, city_id, layer_id, limit=limit):
            typer.echo(_line(as_json(row, desk.place, current, "en", is_brief=True)))


@delivery.command("show")
def show(
    layer_id: LayerId,
    number: Number,
    city_id: CityId = "schutterwald",
    full: Annotated[bool, typer.Option("--json", help="everything, as JSON")] = False,
) -> None:
    """Show a delivery with what was found in it."""
    with _desk(city_id) as desk:
        made = _tell(desk, layer_id, number)
    if full:
        typer.echo(json.dumps(made, indent=2, ensure_ascii=False))
    else:
        _show(made)


@delivery.command("decide")
def decide(
    layer_id: LayerId,
    number: Number,
    choice: Choice,
    city_id: CityId = "schutterwald",
    note: Annotated[str | None, typer.Option(help="why")] = None,
) -> None:
    """Decide about a held delivery: accept it, correct it by the offered movement, or refuse it."""
    from layers import deliveries as stored

    with _desk(city_id) as desk:
        made = stored.decide(desk.engine, desk.place, layer_id, number, choice, by="cli", note=note)
        _show(_tell(desk, layer_id, made))


@delivery.command("rollback")
def rollback(layer_id: LayerId, city_id: CityId = "schutterwald") -> None:
    """Show again what was shown before the current delivery."""
    from layers.ingest import roll_back

    with _desk(city_id) as desk:
        report = roll_back(desk.engine, desk.place, layer_id)
        _show(_tell(desk, layer_id, report.delivery_id or 0))


@delivery.command("repairs")
def repairs(layer_id: LayerId, number: Number, city_id: CityId = "schutterwald", limit: int = 1000) -> None:
    """List what the checks changed in a delivery; a star marks what the layer still shows so."""
    from layers import repairs as repaired

    with _desk(city_id) as desk, desk.engine.connect() as connection:
        spec = desk.place.layer(layer_id)
        for each in repaired.repairs(connection, desk.place, spec, number, limit=limit):
            words = ", ".join(i18n.plain("en", f"issue-{code}") for code in each.codes)
            typer.echo(f"{'*' if each.is_shown else ' '} {each.feature_id:20} {words}  {each.params}")


@delivery.command("undo-repair")
def undo_repair(
    layer_id: LayerId,
    number: Number,
    features: Annotated[list[str] | None, typer.Argument(help="ids; none: all that are shown")] = None,
    city_id: CityId = "schutterwald",
    note: Annotated[str | None, typer.Option(help="why")] = None,
) -> None:
    """Take repairs of a delivery back: the features as they were delivered, as a new delivery."""
    from layers import repairs as repaired

    with _desk(city_id) as desk:
        made = repaired.undo(desk.engine, desk.place, layer_id, number, features or None, by="cli", note=note)
        _show(_tell(desk, layer_id, made))


@delivery.command("diff")
def diff(
    layer_id: LayerId,
    number: Number,
    origin: Annotated[int | None, typer.Option("--from", help="default: the one before")] = None,
    city_id: CityId = "schutterwald",
) -> None:
    """Show, as JSON, how a delivery differs from another one."""
    from layers import versions

    with _desk(city_id) as desk, desk.engine.connect() as connection:
        found = versions.difference(connection, desk.place, desk.place.layer(layer_id), number, origin)
    typer.echo(json.dumps(found.as_dict(), indent=2, ensure_ascii=False))


@delivery.command("as-of")
def as_of(
    layer_id: LayerId,
    instant: Annotated[
        datetime, typer.Argument(formats=["%Y-%m-%dT%H:%M:%S%z"], help="2026-11-22T10:00:00Z")
    ],
    city_id: CityId = "schutterwald",
) -> None:
    """Print, as GeoJSON lines in the city's CRS, what a layer showed at an instant."""
    from shapely.geometry import mapping

    from layers import versions

    after: str | None = None
    with _desk(city_id) as desk, desk.engine.connect() as connection:
        spec = desk.place.layer(layer_id)
        while page := versions.as_of(connection, desk.place, spec, instant, after=after):
            for each in page:
                said = {"type": "Feature", "id": each.feature_id, "geometry": mapping(each.shape_m)}
                typer.echo(
                    json.dumps({**said, "properties": each.properties}, default=str, ensure_ascii=False)
                )
            after = page[-1].feature_id


def scorecard(
    city_id: Annotated[str, typer.Argument(help="city id")] = "schutterwald",
    full: Annotated[bool, typer.Option("--json", help="as JSON")] = False,
) -> None:
    """Show how good each owner's data is: levels 1 to 5 by measure."""
    from layers.scorecard import scorecard as score

    with _desk(city_id) as desk, desk.engine.connect() as connection:
        cards = score(connection, desk.place)
    if full:
        typer.echo(json.dumps([card.as_dict() for card in cards], indent=2))
        return
    for card in cards:
        typer.echo(f"{card.agency:16} level {card.level}  {card.features} features")
        for each in card.scores:
            words = i18n.plain("en", f"measure-{each.measure}")
            typer.echo(f"  {words:32} {each.share:7.1%}  level {each.level}")
