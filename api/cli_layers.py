"""`panjereh city preview`, `accept` and `pull`: from an agency's file or service to a mapping that is accepted."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Annotated, Any

import typer

from api.settings import Settings

_CITY = typer.Argument(help="city id")
_LAYER = typer.Argument(help="layer id: one of the city's, or a new one")


def register(city: typer.Typer) -> None:
    """Add this file's commands to the `city` group."""
    for name, command in (("preview", preview), ("accept", accept), ("pull", pull)):
        city.command(name)(command)


def preview(  # noqa: PLR0913 - each is an option of the command
    city_id: Annotated[str, _CITY],
    layer_id: Annotated[str, _LAYER],
    file: Annotated[Path, typer.Argument(help="the delivered file", exists=True)],
    table: Annotated[str | None, typer.Option(help="table, folder or DXF layer")] = None,
    crs: Annotated[str | None, typer.Option(help="EPSG:n, for a file that states none")] = None,
    encoding: Annotated[str | None, typer.Option(help="of text, where the file does not tell")] = None,
    target: Annotated[str | None, typer.Option(help="network_line, parcel, ... of a new layer")] = None,
    utility: Annotated[str | None, typer.Option(help="water, gas, ... of a new layer")] = None,
    write: Annotated[bool, typer.Option("--write", help="keep the proposal beside the city")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="the whole preview as JSON")] = False,
) -> None:
    """Show how a file would be read as a layer: its mapping, its first rows, every conversion and question."""
    from geo.vocabulary import Utility
    from layers import preview as previews
    from layers.catalog import Target
    from layers.city import load_city

    place = load_city(Settings().cities_dir, city_id)
    wishes = previews.Wishes(
        table=table,
        crs=crs,
        encoding=encoding,
        target=_choice(Target, target, "--target"),
        utility=_choice(Utility, utility, "--utility"),
    )
    made = previews.preview(file, place, layer_id, wishes)
    if as_json:
        typer.echo(json.dumps(made.as_dict(), ensure_ascii=False, indent=2, default=str))
    else:
        _tell(made.as_dict(), made.toml)
    if write:
        typer.echo(f"kept: {previews.write(made, place)}")


def accept(city_id: Annotated[str, _CITY], layer_id: Annotated[str, _LAYER]) -> None:
    """Put the kept (and corrected) proposal of a layer into the city's layers.toml."""
    from layers import preview as previews
    from layers.city import load_city

    root = Settings().cities_dir
    spec = previews.accept(root, load_city(root, city_id), layer_id)
    typer.echo(f"{city_id}/{spec.layer_id}: {spec.target}, {len(spec.fields)} fields")


def pull(
    service: Annotated[str, typer.Argument(help="ogcapi, wfs or arcgis")],
    address: Annotated[str, typer.Argument(help="landing page, WFS address or FeatureServer")],
    collection: Annotated[str, typer.Argument(help="collection id, type name or layer number")],
    file: Annotated[Path, typer.Argument(help="GeoJSON file to write")],
) -> None:
    """Pull a collection whole into a file, which is then delivered as any other."""
    from layers.readers.pulling import Service
    from layers.readers.pulling import pull as pulled

    kind = _choice(Service, service, "service")
    typer.echo(pulled(kind, address, collection, file))


def _choice(options: Any, said: str | None, name: str) -> Any:
    if said is None:
        return None
    try:
        return options(said)
    except ValueError:
        raise typer.BadParameter(f"{name}: one of {', '.join(options)}") from None


def _tell(made: Mapping[str, Any], toml: str) -> None:
    typer.echo(
        f"{made['layer_id']}: {made['target']}, {made['read']} rows, {made['refused']} refused, {made['crs']}"
    )
    _section(
        "fields", (f"{p['field']} <- {p['column']} {p['unit'] or ''} ({p['why']})" for p in made["fields"])
    )
    _section("conversions", (_plain(each) for each in made["conversions"]))
    _section("asked", (_plain(each) for each in made["questions"]))
    _section("found", (f"{code} x{count}" for code, count in made["counts"].items()))
    _section("stay as delivered", made["unused"])
    _section("first rows", (_plain(each) for each in made["rows"]))
    typer.echo(f"\n{toml}")


def _section(title: str, lines: Iterable[str]) -> None:
    shown = list(lines)
    if shown:
        typer.echo(f"\n{title}")
        for line in shown:
            typer.echo(f"  {line}")


def _plain(value: Mapping[str, Any]) -> str:
    return ", ".join(f"{name}={inner}" for name, inner in value.items() if inner not in (None, [], {}))
